//! What is done to a line to show its trend: an exponential moving average, a Gaussian kernel, a running mean.

use crate::figure::{Point, Smoothing};

/// The range of x is taken as this many units, so that a weight smooths a run of 100 steps as much as one of a million.
const UNITS: f64 = 1000.0;

/// The smoothed y of every point; `None` where nothing is smoothed. Non-finite values stay what they are and have no part in
/// it.
pub(crate) fn smooth(points: &[Point], smoothing: Smoothing) -> Option<Vec<f64>> {
    match smoothing {
        Smoothing::None => None,
        Smoothing::Ema(weight) => ema(points, weight),
        Smoothing::Mean(part) => windowed(points, part, 1),
        // Three means over windows of this width have the deviation that is asked for: each adds width^2 / 12.
        Smoothing::Gaussian(part) => windowed(points, part * 2.0, 3),
    }
}

/// Running means, one over the other, over windows of this part of the range of x.
fn windowed(points: &[Point], part: f32, passes: u32) -> Option<Vec<f64>> {
    let part = if part.is_nan() { 0.0 } else { f64::from(part).clamp(0.0, 1.0) };
    if part == 0.0 {
        return None;
    }
    let here: Vec<usize> =
        (0..points.len()).filter(|&i| points[i].x.is_finite() && points[i].y.is_finite()).collect();
    let mut smoothed: Vec<f64> = points.iter().map(|point| point.y).collect();
    let (Some(&first), Some(&last)) = (here.first(), here.last()) else { return Some(smoothed) };
    let half = (points[last].x / 2.0 - points[first].x / 2.0) * part;
    for _ in 0..passes {
        let before = smoothed.clone();
        // Sums over windows whose ends only move on. What is near the ends of the line has less around it, but as much on
        // both sides: else the line would bend there.
        let mut sums = Vec::with_capacity(here.len() + 1);
        sums.push(0.0);
        for &i in &here {
            sums.push(sums.last().copied().unwrap_or(0.0) + before[i] / here.len() as f64);
        }
        let (mut from, mut to) = (0, 0);
        for (place, &i) in here.iter().enumerate() {
            let x = points[i].x;
            let reach = half.min(x - points[first].x).min(points[last].x - x).max(0.0);
            while from < place && points[here[from]].x < x - reach {
                from += 1;
            }
            while from > 0 && points[here[from - 1]].x >= x - reach {
                from -= 1;
            }
            to = to.max(place + 1);
            while to < here.len() && points[here[to]].x <= x + reach {
                to += 1;
            }
            while to > place + 1 && points[here[to - 1]].x > x + reach {
                to -= 1;
            }
            smoothed[i] = (sums[to] - sums[from]) * (here.len() as f64 / (to - from) as f64);
        }
    }
    Some(smoothed)
}

/// The rule is W&B's: a value's weight fades by `sqrt(weight)` per thousandth of the range of x, and the start is
/// debiased.
fn ema(points: &[Point], weight: f32) -> Option<Vec<f64>> {
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
    fn a_running_mean_is_that_of_the_values_around() {
        let points: Vec<Point> = (0..=10).map(|i| Point { x: f64::from(i), y: f64::from(i * i) }).collect();
        let smoothed = smooth(&points, Smoothing::Mean(0.4)).unwrap();
        // Two on each side; at the ends as many as there are on the shorter side.
        assert!((smoothed[5] - (9.0 + 16.0 + 25.0 + 36.0 + 49.0) / 5.0).abs() < 1e-9, "{smoothed:?}");
        assert!(
            (smoothed[1] - 5.0 / 3.0).abs() < 1e-9
                && smoothed[0] == 0.0
                && (smoothed[10] - 100.0).abs() < 1e-9
        );
    }

    #[test]
    fn a_level_line_stays_where_it_is_and_holes_stay_holes() {
        for smoothing in [Smoothing::Mean(0.3), Smoothing::Gaussian(0.1)] {
            let hole = |i: i32| if i == 7 { f64::NAN } else { 2.5 };
            let points: Vec<Point> = (0..50).map(|i| Point { x: f64::from(i), y: hole(i) }).collect();
            for (i, y) in smooth(&points, smoothing).unwrap().into_iter().enumerate() {
                assert!(if i == 7 { y.is_nan() } else { (y - 2.5).abs() < 1e-9 }, "{i}: {y}");
            }
        }
    }

    #[test]
    fn a_gaussian_spreads_a_peak_to_both_sides_alike() {
        let peak = |i: i32| if i == 100 { 1.0 } else { 0.0 };
        let points: Vec<Point> = (0..=200).map(|i| Point { x: f64::from(i), y: peak(i) }).collect();
        let smoothed = smooth(&points, Smoothing::Gaussian(0.05)).unwrap();
        assert!((smoothed.iter().sum::<f64>() - 1.0).abs() < 1e-6);
        assert!((smoothed[90] - smoothed[110]).abs() < 1e-9 && smoothed[100] > smoothed[105]);
        // The standard deviation is a twentieth of the range: 10.
        let spread: f64 = smoothed.iter().enumerate().map(|(i, y)| y * (i as f64 - 100.0).powi(2)).sum();
        assert!((spread.sqrt() - 10.0).abs() < 1.0, "{}", spread.sqrt());
    }

    #[test]
    fn the_average_of_huge_values_is_finite() {
        check(&[(0.0, 1.7e308), (0.0, 1.7e308), (0.0, 1.7e308)], 1.0, &[1.7e308, 1.7e308, 1.7e308]);
    }
}
