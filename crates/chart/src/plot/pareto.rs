//! The Pareto front: the points of which no other is at least as good in both ways and better in one.

/// Which values of an objective are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Less is better: a loss, a duration.
    Less,
    /// More is better: an accuracy.
    More,
}

impl Direction {
    /// The value as a cost: less is better.
    fn cost(self, value: f64) -> f64 {
        // Adding zero makes -0.0 and 0.0 alike.
        match self {
            Direction::Less => value + 0.0,
            Direction::More => -value + 0.0,
        }
    }
}

/// The indices of the points on the front, from the best in the first objective to the best in the second. Equal points
/// are all on it; points without two finite values never are.
pub fn pareto_front(points: &[(f64, f64)], directions: (Direction, Direction)) -> Vec<usize> {
    let finite = points.iter().enumerate().filter(|(_, (a, b))| a.is_finite() && b.is_finite());
    let mut costs: Vec<(f64, f64, usize)> =
        finite.map(|(i, &(a, b))| (directions.0.cost(a), directions.1.cost(b), i)).collect();
    costs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
    let mut front = Vec::new();
    let mut last: Option<(f64, f64)> = None;
    for (a, b, index) in costs {
        if last.is_none_or(|best| b < best.1 || (a, b) == best) {
            front.push(index);
            last = Some((a, b));
        }
    }
    front
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{Less, More};
    use proptest::prelude::*;

    fn check(points: &[(f64, f64)], directions: (Direction, Direction), expected: &[usize]) {
        assert_eq!(pareto_front(points, directions), expected);
    }

    #[test]
    fn only_points_that_none_beats_are_on_the_front() {
        let points = [(3.0, 1.0), (1.0, 3.0), (2.0, 2.0), (3.0, 3.0), (2.5, 2.5)];
        check(&points, (Less, Less), &[1, 2, 0]);
        check(&points, (More, More), &[3]);
        check(&points, (Less, More), &[1]);
        check(&points, (More, Less), &[0]);
    }

    #[test]
    fn ties_in_one_objective_are_decided_by_the_other() {
        check(&[(1.0, 2.0), (1.0, 1.0), (2.0, 1.0)], (Less, Less), &[1]);
        check(&[(1.0, 2.0), (1.0, 1.0), (2.0, 1.0)], (Less, More), &[0]);
    }

    #[test]
    fn equal_points_are_all_on_the_front() {
        check(&[(1.0, 1.0), (0.0, 2.0), (1.0, 1.0)], (Less, Less), &[1, 0, 2]);
        check(&[(0.0, 1.0), (-0.0, 1.0)], (More, Less), &[0, 1]);
    }

    #[test]
    fn values_that_are_not_finite_are_never_on_the_front() {
        let points = [(f64::NAN, 0.0), (0.0, f64::NAN), (f64::NEG_INFINITY, 9.0), (1.0, 1.0)];
        check(&points, (Less, Less), &[3]);
        check(&[(f64::NAN, f64::NAN)], (Less, Less), &[]);
        check(&[], (Less, Less), &[]);
    }

    proptest! {
        #[test]
        fn the_front_is_what_nothing_beats(points in prop::collection::vec((0..12i32, 0..12i32), 0..60), a: bool, b: bool) {
            let directions = (if a { Less } else { More }, if b { Less } else { More });
            let points: Vec<(f64, f64)> = points.iter().map(|&(x, y)| (f64::from(x), f64::from(y))).collect();
            let mut front = pareto_front(&points, directions);
            front.sort_unstable();
            let cost = |(x, y): (f64, f64)| (directions.0.cost(x), directions.1.cost(y));
            let beaten = |point: (f64, f64)| {
                let (x, y) = cost(point);
                points.iter().map(|&p| cost(p)).any(|(u, v)| u <= x && v <= y && (u < x || v < y))
            };
            let expected: Vec<usize> = (0..points.len()).filter(|&i| !beaten(points[i])).collect();
            prop_assert_eq!(front, expected);
        }
    }
}
