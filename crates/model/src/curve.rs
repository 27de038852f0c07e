//! What a chart asks for and gets: the points of metrics, reduced to what the eye can tell apart.

use crate::{RunId, metric::Point};
use serde::{Deserialize, Serialize};

/// What the points are reduced along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Along {
    /// By step.
    #[default]
    Step,
    /// By time of logging.
    Time,
}

impl Along {
    /// Where a point lies along it.
    pub fn position(self, point: &Point) -> i64 {
        match self {
            Self::Step => point.step,
            Self::Time => point.timestamp,
        }
    }
}

/// A request for curves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurveRequest {
    /// Which runs.
    pub runs: Vec<RunId>,
    /// Which metrics.
    pub keys: Vec<String>,
    /// What they are drawn along.
    pub along: Along,
    /// Only points between these, ends included; one more on each side is given, so that lines leave the picture.
    pub window: Option<(i64, i64)>,
    /// Into how many buckets at most the points are reduced: the chart's width in pixels.
    pub buckets: u32,
}

/// The curve of one metric of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// The run.
    pub run: RunId,
    /// The metric.
    pub key: String,
    /// How many points the metric has in the window.
    pub total: u64,
    /// The points kept, in order: of each bucket the least, the greatest, the first and last, and all that aren't finite.
    pub points: Vec<Point>,
}

/// Reduces points to buckets without losing a peak: the first, least, greatest and last point of each bucket stay, and so
/// does every change to and from a value that isn't finite. Fewer points than that are all kept.
#[derive(Debug, Clone)]
pub struct Reducer {
    along: Along,
    first: i64,
    span: i128,
    buckets: i128,
    keeps_all: bool,
    /// The stretch of one bucket that is finite throughout, or not at all.
    stretch: Option<Stretch>,
    kept: Vec<Point>,
}

#[derive(Debug, Clone, Copy)]
struct Stretch {
    bucket: i128,
    is_finite: bool,
    first: Point,
    /// Least and greatest, with the number of the point within the stretch.
    least: (u64, Point),
    greatest: (u64, Point),
    last: Point,
    count: u64,
}

impl Reducer {
    /// For points that lie between these places on the axis, about; `most` points at most.
    pub fn new(along: Along, (first, last): (i64, i64), buckets: u32, most: u64) -> Self {
        let buckets = buckets.max(1);
        Self {
            along,
            first,
            span: (i128::from(last) - i128::from(first)).max(1) + 1,
            buckets: buckets.into(),
            // Four points are what a bucket may keep.
            keeps_all: most <= u64::from(buckets) * 4,
            stretch: None,
            kept: Vec::new(),
        }
    }

    /// Takes points in order along the axis, further along than all before.
    pub fn push(&mut self, points: &[Point]) {
        if self.keeps_all {
            self.kept.extend_from_slice(points);
            return;
        }
        for point in points {
            let place = i128::from(self.along.position(point)) - i128::from(self.first);
            let bucket = (place * self.buckets).div_euclid(self.span).clamp(-1, self.buckets);
            let is_finite = point.value.is_finite();
            match &mut self.stretch {
                Some(stretch) if stretch.bucket == bucket && stretch.is_finite == is_finite => {
                    stretch.add(*point);
                }
                other => {
                    if let Some(stretch) = other.replace(Stretch::of(bucket, *point)) {
                        stretch.keep(&mut self.kept);
                    }
                }
            }
        }
    }

    /// What is kept, in order.
    pub fn finish(mut self) -> Vec<Point> {
        if let Some(stretch) = self.stretch.take() {
            stretch.keep(&mut self.kept);
        }
        self.kept.shrink_to_fit();
        self.kept
    }
}

impl Stretch {
    fn of(bucket: i128, point: Point) -> Self {
        let numbered = (0, point);
        Self {
            bucket,
            is_finite: point.value.is_finite(),
            first: point,
            least: numbered,
            greatest: numbered,
            last: point,
            count: 1,
        }
    }

    fn add(&mut self, point: Point) {
        if point.value.total_cmp(&self.least.1.value).is_lt() {
            self.least = (self.count, point);
        }
        if point.value.total_cmp(&self.greatest.1.value).is_ge() {
            self.greatest = (self.count, point);
        }
        self.last = point;
        self.count += 1;
    }

    fn keep(&self, kept: &mut Vec<Point>) {
        let mut chosen = [(0, self.first), self.least, self.greatest, (self.count - 1, self.last)];
        chosen.sort_unstable_by_key(|(number, _)| *number);
        let mut previous = None;
        for (number, point) in chosen {
            if previous != Some(number) {
                kept.push(point);
                previous = Some(number);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Points in any order, reduced.
    fn reduce(points: &[Point], along: Along, buckets: u32) -> Vec<Point> {
        let at = |point: &Point| along.position(point);
        let mut sorted: Vec<Point> = points.to_vec();
        sorted.sort_by(|a, b| at(a).cmp(&at(b)).then(a.history_order(b)));
        let (Some(first), Some(last)) = (sorted.first().map(at), sorted.last().map(at)) else {
            return sorted;
        };
        let mut reducer = Reducer::new(along, (first, last), buckets, sorted.len() as u64);
        reducer.push(&sorted);
        reducer.finish()
    }

    fn points() -> impl Strategy<Value = Vec<Point>> {
        let value = prop_oneof![8 => -1e6..1e6, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)];
        let point = (-500i64..500, 0i64..50, value).prop_map(|(step, timestamp, value)| Point {
            step,
            timestamp,
            value,
        });
        prop::collection::vec(point, 0..2000)
    }

    proptest! {
        #[test]
        fn no_peak_is_lost_and_nothing_is_made_up(points in points(), buckets in 1u32..50) {
            let kept = reduce(&points, Along::Step, buckets);
            prop_assert!(kept.iter().all(|point| points.contains(point)));
            prop_assert!(kept.is_sorted_by_key(|point| point.step));
            let finite = |points: &[Point]| points.iter().map(|p| p.value).filter(|v| v.is_finite()).collect::<Vec<_>>();
            let extremes = |values: Vec<f64>| (values.iter().copied().fold(f64::NAN, f64::min), values.iter().copied().fold(f64::NAN, f64::max));
            prop_assert_eq!(format!("{:?}", extremes(finite(&points))), format!("{:?}", extremes(finite(&kept))));
            prop_assert_eq!(points.iter().map(|p| p.step).min(), kept.first().map(|p| p.step));
            prop_assert_eq!(points.iter().map(|p| p.step).max(), kept.last().map(|p| p.step));
            prop_assert_eq!(points.iter().any(|p| p.value.is_nan()), kept.iter().any(|p| p.value.is_nan()));
        }

        #[test]
        fn what_is_kept_is_bounded_by_the_width_of_the_picture(count in 0usize..20_000, buckets in 1u32..100) {
            let points: Vec<_> = (0..count).map(|i| Point { step: i as i64, timestamp: 0, value: (i as f64).sin() }).collect();
            prop_assert!(reduce(&points, Along::Step, buckets).len() <= buckets as usize * 4);
        }
    }
}
