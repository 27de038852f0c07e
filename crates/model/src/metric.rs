//! Points of metrics and the rules about them. Where MLflow has a rule, it's MLflow's.

use crate::Millis;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// What the keys of metrics begin with that MLflow measures of the machine by itself.
pub const SYSTEM: &str = "system/";

/// One logged value of a metric.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Point {
    /// Step of training; any order, negative too.
    pub step: i64,
    /// When it was measured.
    pub timestamp: Millis,
    /// The value; NaN and infinities are values like others.
    pub value: f64,
}

impl Point {
    /// Order of a history: by time, step, value (MLflow's `metrics/get-history`); NaN after all numbers.
    pub fn history_order(&self, other: &Self) -> Ordering {
        (self.timestamp, self.step)
            .cmp(&(other.timestamp, other.step))
            .then(self.value.total_cmp(&other.value))
    }

    /// Order along the steps: by step, time, value, where NaN counts as 0 and comes after it (MLflow's order in
    /// `metrics/get-history-bulk-interval`).
    pub fn step_order(&self, other: &Self) -> Ordering {
        let number = |value: f64| if value.is_nan() { 0.0 } else { value };
        (self.step, self.timestamp)
            .cmp(&(other.step, other.timestamp))
            .then(number(self.value).total_cmp(&number(other.value)))
            .then(self.value.is_nan().cmp(&other.value.is_nan()))
    }

    /// Whether this point takes the other's place as the metric's last value: greater by step, then timestamp, then
    /// value, where NaN counts as 0 (MLflow's "latest metric" rule), and both zeros are one.
    pub fn is_later_than(&self, other: &Self) -> bool {
        let number = |value: f64| if value.is_nan() || value == 0.0 { 0.0 } else { value };
        (self.step, self.timestamp)
            .cmp(&(other.step, other.timestamp))
            .then(number(self.value).total_cmp(&number(other.value)))
            == Ordering::Greater
    }
}

/// Points are the same if step, time and value are; one NaN is like another. A point logged twice is one point.
impl PartialEq for Point {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}
impl Eq for Point {}
impl std::hash::Hash for Point {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

impl Point {
    fn identity(&self) -> (i64, Millis, u64) {
        // All NaNs are one value, and so are the two zeros, as SQL and MLflow see them.
        let value = if self.value.is_nan() {
            f64::NAN
        } else if self.value == 0.0 {
            0.0
        } else {
            self.value
        };
        (self.step, self.timestamp, value.to_bits())
    }
}

/// What is known of a metric of a run without reading its history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricSummary {
    /// Name of the metric.
    pub key: String,
    /// The last point by MLflow's rule.
    pub last: Point,
    /// Smallest value that is a number, `None` while all are NaN.
    pub min: Option<f64>,
    /// Greatest value that is a number, `None` while all are NaN.
    pub max: Option<f64>,
    /// How many different points.
    pub count: u64,
    /// Earliest timestamp.
    pub first_time: Millis,
    /// Latest timestamp.
    pub last_time: Millis,
    /// Smallest step.
    pub first_step: i64,
    /// Greatest step.
    pub last_step: i64,
}

impl MetricSummary {
    /// Of a metric with this one point.
    pub fn of(key: &str, point: Point) -> Self {
        let number = (!point.value.is_nan()).then_some(point.value);
        Self {
            key: key.to_owned(),
            last: point,
            min: number,
            max: number,
            count: 1,
            first_time: point.timestamp,
            last_time: point.timestamp,
            first_step: point.step,
            last_step: point.step,
        }
    }

    /// Takes in a point that the metric doesn't have yet.
    pub fn add(&mut self, point: Point) {
        if point.is_later_than(&self.last) {
            self.last = point;
        }
        if !point.value.is_nan() {
            self.min = Some(self.min.map_or(point.value, |min| min.min(point.value)));
            self.max = Some(self.max.map_or(point.value, |max| max.max(point.value)));
        }
        self.count += 1;
        self.first_time = self.first_time.min(point.timestamp);
        self.last_time = self.last_time.max(point.timestamp);
        self.first_step = self.first_step.min(point.step);
        self.last_step = self.last_step.max(point.step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(step: i64, timestamp: i64, value: f64) -> Point {
        Point { step, timestamp, value }
    }

    #[test]
    fn the_last_value_goes_by_step_then_time_then_value_with_nan_as_zero() {
        let mut summary = MetricSummary::of("loss", point(1, 10, 5.0));
        let mut check = |added: Point, expected: f64| {
            summary.add(added);
            assert_eq!(summary.last.value.to_bits(), expected.to_bits(), "after {added:?}");
        };
        check(point(1, 10, f64::NAN), 5.0);
        check(point(1, 11, f64::NAN), f64::NAN);
        check(point(0, 99, 2.0), f64::NAN);
        check(point(2, 0, -1.0), -1.0);
        check(point(2, 0, f64::INFINITY), f64::INFINITY);
        assert_eq!((summary.min, summary.max), (Some(-1.0), Some(f64::INFINITY)));
        assert_eq!((summary.count, summary.first_time, summary.last_time), (6, 0, 99));
        assert_eq!((summary.first_step, summary.last_step), (0, 2));
    }

    #[test]
    fn one_nan_is_like_another_and_zero_has_no_sign() {
        assert_eq!(point(1, 1, f64::NAN), point(1, 1, -f64::NAN));
        assert_eq!(point(1, 1, 0.0), point(1, 1, -0.0));
        assert_ne!(point(1, 1, 0.0), point(1, 1, f64::NAN));
        assert_ne!(point(1, 1, 0.0), point(1, 2, 0.0));
    }
}
