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
    /// Which metric.
    pub key: String,
    /// What it is drawn along.
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
    /// How many points the metric has in the window.
    pub total: u64,
    /// The points kept, in order: of each bucket the least, the greatest, the first and last, and all that aren't finite.
    pub points: Vec<Point>,
}

/// Reduces points to `buckets` buckets without losing a peak: the first, least, greatest and last point of each bucket
/// stay, and so does every change to and from a value that isn't finite. Points come back in order along the axis.
pub fn reduce(points: &[Point], along: Along, buckets: u32) -> Vec<Point> {
    let buckets = buckets.max(1);
    let at = |point: &Point| along.position(point);
    let mut sorted: Vec<Point> = points.to_vec();
    sorted.sort_by(|a, b| at(a).cmp(&at(b)).then(a.history_order(b)));
    // Four points per bucket are what a bucket may keep; fewer points than that are all kept.
    if sorted.len() as u64 <= u64::from(buckets) * 4 {
        return sorted;
    }
    let (Some(first), Some(last)) = (sorted.first().map(at), sorted.last().map(at)) else { return sorted };
    let span = (i128::from(last) - i128::from(first)).max(1);
    let bucket_of =
        |point: &Point| (i128::from(at(point)) - i128::from(first)) * i128::from(buckets) / (span + 1);
    let mut kept = Vec::with_capacity(buckets as usize * 4);
    for bucket in sorted.chunk_by(|a, b| bucket_of(a) == bucket_of(b)) {
        for run in bucket.chunk_by(|a, b| a.value.is_finite() == b.value.is_finite()) {
            keep_extremes(run, &mut kept);
        }
    }
    kept
}

/// First, least, greatest and last of points that are all finite or all not, in their order.
fn keep_extremes(run: &[Point], kept: &mut Vec<Point>) {
    let by_value = |&a: &usize, &b: &usize| run[a].value.total_cmp(&run[b].value);
    let mut chosen =
        [Some(0), (0..run.len()).min_by(by_value), (0..run.len()).max_by(by_value), run.len().checked_sub(1)];
    chosen.sort_unstable();
    let mut previous = None;
    for index in chosen.into_iter().flatten() {
        if previous != Some(index) {
            kept.push(run[index]);
            previous = Some(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
