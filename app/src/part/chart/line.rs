//! Reading a line between its points.

use chart::Point;

/// Reads a line at places that only go on: in all it walks along its points once.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    points: &'a [Point],
    /// The first point that lies further on than where was read last.
    next: usize,
}

impl<'a> Reader<'a> {
    /// Of points that are sorted by x.
    pub fn new(points: &'a [Point]) -> Self {
        Self { points, next: 0 }
    }

    /// The value at a place: of the last point there, else between those around it; none before the first point and behind the
    /// last one. What lies beside a value that is not finite isn't either.
    pub fn at(&mut self, x: f64) -> Option<f64> {
        while self.points.get(self.next).is_some_and(|point| point.x <= x) {
            self.next += 1;
        }
        let before = self.points.get(self.next.checked_sub(1)?)?;
        if before.x == x {
            return Some(before.y);
        }
        let after = self.points.get(self.next)?;
        let share = (x - before.x) / (after.x - before.x);
        Some(before.y + (after.y - before.y) * share)
    }
}

/// All places of several lines, each once, in order.
pub fn places<'a>(lines: impl Iterator<Item = &'a [Point]>) -> Vec<f64> {
    let mut places: Vec<f64> =
        lines.flat_map(|line| line.iter().map(|point| point.x)).filter(|x| x.is_finite()).collect();
    places.sort_unstable_by(f64::total_cmp);
    places.dedup();
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_between_its_points() {
        let points = [(0.0, 1.0), (10.0, 3.0), (10.0, 5.0), (20.0, f64::NAN)].map(|(x, y)| Point { x, y });
        let mut reader = Reader::new(&points);
        let read = [-1.0, 0.0, 5.0, 10.0].map(|x| reader.at(x));
        assert_eq!(read, [None, Some(1.0), Some(2.0), Some(5.0)]);
        assert!(reader.at(15.0).is_some_and(f64::is_nan) && reader.at(20.0).is_some_and(f64::is_nan));
        assert_eq!(reader.at(21.0), None);
        assert_eq!(places([&points[..], &points[1..2]].into_iter()), [0.0, 10.0, 20.0]);
    }
}
