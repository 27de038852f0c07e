//! Parts of histories, for clients that don't want all of it.

use model::metric::Point;

/// Which points of a history are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The first ones, at most so many.
    First(usize),
    /// At most so many that stand for all, in the order of steps: MLflow's `get-history-bulk-interval`. The points are
    /// dealt into as many buckets as even as can be, and the first of each is kept; the last point takes the place of
    /// the last one kept. Of one point wanted that is the last.
    Evenly(usize),
}

impl Keep {
    /// Whether more points than these would all be left out.
    pub(crate) fn is_full(self, points: usize) -> bool {
        match self {
            Self::First(most) => points >= most,
            Self::Evenly(_) => false,
        }
    }

    pub(crate) fn of(self, mut points: Vec<Point>) -> Vec<Point> {
        match self {
            Self::First(most) => points.truncate(most),
            Self::Evenly(most) => {
                points.sort_unstable_by(Point::step_order);
                keep_evenly(&mut points, most);
            }
        }
        // Many are held at once, each made of many more.
        points.shrink_to_fit();
        points
    }
}

fn keep_evenly(points: &mut Vec<Point>, most: usize) {
    let Some(last) = points.last().copied().filter(|_| points.len() > most) else { return };
    if most == 0 {
        points.clear();
        return;
    }
    // The first buckets are one point longer if it doesn't come out even, as SQL's NTILE does it.
    let (size, longer) = (points.len() / most, points.len() % most);
    for bucket in 0..most - 1 {
        points[bucket] = points[bucket * size + bucket.min(longer)];
    }
    points[most - 1] = last;
    points.truncate(most);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn steps(keep: Keep, steps: impl IntoIterator<Item = i64>) -> Vec<i64> {
        let points = steps.into_iter().map(|step| Point { step, timestamp: 0, value: 0.0 });
        keep.of(points.collect()).iter().map(|point| point.step).collect()
    }

    /// What MLflow 3.17.2 answers for points with these steps.
    #[test]
    fn samples_are_those_of_mlflow() {
        let check = |most, count: i64, expected: &[i64]| {
            assert_eq!(steps(Keep::Evenly(most), (0..count).rev()), expected, "{most} of {count}");
        };
        check(4, 0, &[]);
        check(4, 3, &[0, 1, 2]);
        check(4, 4, &[0, 1, 2, 3]);
        check(4, 10, &[0, 3, 6, 9]);
        check(3, 10, &[0, 4, 9]);
        check(4, 11, &[0, 3, 6, 10]);
        check(1, 10, &[9]);
        check(2, 10, &[0, 9]);
        check(7, 10, &[0, 2, 4, 6, 7, 8, 9]);
    }

    #[test]
    fn points_of_one_step_are_ordered_by_time_then_value_and_nan_counts_as_zero() {
        let point = |step, timestamp, value| Point { step, timestamp, value };
        let ordered =
            [point(-1, 9, 5.0), point(0, 1, 7.0), point(0, 2, -1.0), point(0, 2, f64::NAN), point(0, 2, 1.0)];
        let mut mixed = ordered;
        mixed.reverse();
        assert_eq!(Keep::Evenly(5).of(mixed.to_vec()), ordered);
    }

    proptest! {
        #[test]
        fn a_sample_is_even_and_keeps_both_ends(count in 1_i64..3000, most in 2_usize..400) {
            let kept = steps(Keep::Evenly(most), 0..count);
            prop_assert_eq!(kept.len() as i64, count.min(most as i64));
            prop_assert_eq!((kept.first(), kept.last()), (Some(&0), Some(&(count - 1))));
            let widest = count / most as i64 + 1;
            // The last one was moved to the end of its bucket.
            let gaps: Vec<i64> = kept.windows(2).map(|pair| pair[1] - pair[0]).collect();
            let (end, inner) = gaps.split_last().map_or((0, &[][..]), |(end, inner)| (*end, inner));
            prop_assert!(inner.iter().all(|gap| (1..=widest).contains(gap)) && end < 2 * widest, "{:?}", gaps);
        }
    }
}
