//! The time-weighted exponential moving average.

use crate::figure::{Point, Smoothing};

/// The range of x is taken as this many units, so that a weight smooths a run of 100 steps as much as one of a million.
const UNITS: f64 = 1000.0;

/// The smoothed y of every point; `None` where nothing is smoothed.
///
/// The rule is W&B's: a value's weight fades by `sqrt(weight)` per thousandth of the range of x, and the start is
/// debiased. Non-finite values stay what they are and have no part in the average.
pub(crate) fn smooth(points: &[Point], smoothing: Smoothing) -> Option<Vec<f64>> {
    let Smoothing::Ema(weight) = smoothing else { return None };
    let weight = if weight.is_nan() { 0.0 } else { f64::from(weight).clamp(0.0, 1.0) };
    if weight == 0.0 {
        return None;
    }
    let weight = weight.sqrt().min(0.999);
    let finite = || points.iter().filter(|p| p.x.is_finite() && p.y.is_finite());
    let (lo, hi) = finite().fold((f64::MAX, f64::MIN), |(lo, hi), p| (lo.min(p.x), hi.max(p.x)));
    // Halved, because the range of a double's whole range is infinite.
    let range = (hi / 2.0 - lo / 2.0).max(f64::MIN_POSITIVE);

    let (mut mean, mut weights, mut before) = (0.0, 0.0, None);
    Some(
        points
            .iter()
            .map(|p| {
                if !p.x.is_finite() || !p.y.is_finite() {
                    return p.y;
                }
                let distance = before.map_or(0.0, |x: f64| ((p.x / 2.0 - x / 2.0) / range).max(0.0) * UNITS);
                before = Some(p.x);
                let fade = weight.powf(distance);
                let kept = weights * fade;
                weights = kept + 1.0;
                // A running mean, not a sum divided at the end: the sum of large values would overflow.
                mean = mean * (kept / weights) + p.y / weights;
                mean
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(points: &[(f64, f64)], weight: f32, expected: &[f64]) {
        let points: Vec<Point> = points.iter().map(|&(x, y)| Point { x, y }).collect();
        let smoothed = smooth(&points, Smoothing::Ema(weight)).unwrap();
        for (a, b) in smoothed.iter().zip(expected) {
            assert!((a - b).abs() < 1e-9 || (a.is_nan() && b.is_nan()), "{smoothed:?} is not {expected:?}");
        }
    }

    #[test]
    fn the_average_is_debiased_and_weighted_by_distance() {
        // 0.25 fades by a half per unit; the range of 1000 makes a step of 1 one unit.
        check(&[(0.0, 4.0), (1.0, 0.0), (1000.0, 8.0)], 0.25, &[4.0, 4.0 * 0.5 / 1.5, 8.0]);
    }

    #[test]
    fn non_finite_values_are_not_averaged() {
        check(&[(0.0, 2.0), (500.0, f64::NAN), (1000.0, 2.0)], 0.9, &[2.0, f64::NAN, 2.0]);
    }

    #[test]
    fn nothing_is_smoothed_without_weight() {
        assert_eq!(smooth(&[Point { x: 0.0, y: 1.0 }], Smoothing::Ema(0.0)), None);
        assert_eq!(smooth(&[Point { x: 0.0, y: 1.0 }], Smoothing::None), None);
    }

    #[test]
    fn the_average_of_huge_values_is_finite() {
        check(&[(0.0, 1.7e308), (0.0, 1.7e308), (0.0, 1.7e308)], 1.0, &[1.7e308, 1.7e308, 1.7e308]);
    }
}
