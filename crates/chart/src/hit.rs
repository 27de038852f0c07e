//! What lies under the pointer.

use crate::{
    figure::{Figure, Point, Series},
    layout::Layout,
};

/// The point of a series that belongs to a place of the pointer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// The index in [`Figure::series`].
    pub series: usize,
    /// The point as it was logged; y may be non-finite.
    pub point: Point,
    /// The band around the line there, where it has one.
    pub band: Option<(f64, f64)>,
    /// What the smoothed line shows there, where the figure is smoothed.
    pub smoothed: Option<f64>,
    /// The pixel for a dot above the canvas, within the plot.
    pub at: (f64, f64),
    /// How far the dot is above or below the pointer, in CSS pixels.
    pub distance: f64,
}

/// How far, in CSS pixels, the pointer may be from the ends of a line to still find it.
const REACH: f64 = 12.0;

/// One hit for each series that has points at the pointer's x (or ends within a few pixels of it): the one nearest in
/// x, of several in the same place the one nearest in y. Sorted by distance in y, so the first is the line that is
/// pointed at. Empty outside the plot.
pub fn nearest(figure: &Figure, layout: &Layout, x: f64, y: f64) -> Vec<Hit> {
    if !layout.plot.contains(x, y) {
        return Vec::new();
    }
    let series = figure.series.iter().zip(&layout.smoothed).enumerate();
    let mut hits: Vec<Hit> = series
        .filter_map(|(index, (series, smoothed))| {
            nearest_of(index, series, smoothed.as_deref(), layout, x, y)
        })
        .collect();
    hits.sort_by(|a, b| a.distance.total_cmp(&b.distance));
    hits
}

fn nearest_of(
    index: usize,
    series: &Series,
    smoothed: Option<&[f64]>,
    layout: &Layout,
    x: f64,
    y: f64,
) -> Option<Hit> {
    let plot = layout.plot;
    // Half a pixel of grace: a point on the border must not be lost to rounding.
    let within = (plot.left - 0.5)..=(plot.right + 0.5);
    let (mut before, mut after) = (false, false);
    let mut best: Option<(f64, Hit)> = None;
    for (i, &point) in series.points.iter().enumerate() {
        let px = layout.x.pixel(point.x, plot.left, plot.right);
        before |= px <= x;
        after |= px >= x;
        let away = (px - x).abs();
        // Points closer together than this are in the same place for the eye.
        if !within.contains(&px) || best.as_ref().is_some_and(|(least, _)| away > least + 0.25) {
            continue;
        }
        let smoothed = smoothed.and_then(|all| all.get(i).copied()).filter(|v| v.is_finite());
        let shown = smoothed.unwrap_or(point.y);
        let Some(py) = height(layout, shown) else { continue };
        let band = series.band.get(i).copied();
        let hit = Hit { series: index, point, band, smoothed, at: (px, py), distance: (py - y).abs() };
        let closer = |(least, other): &(f64, Hit)| away < least - 0.25 || hit.distance < other.distance;
        if best.as_ref().is_none_or(closer) {
            best = Some((away, hit));
        }
    }
    best.filter(|(away, _)| (before && after) || *away <= REACH).map(|(_, hit)| hit)
}

/// Where a value is shown: on its line, or at the border where non-finite values are marked and lines are cut.
fn height(layout: &Layout, value: f64) -> Option<f64> {
    let plot = layout.plot;
    match value {
        f64::INFINITY => Some(plot.top),
        v if v.is_nan() || v == f64::NEG_INFINITY => Some(plot.bottom),
        v => Some(layout.y.pixel(v, plot.bottom, plot.top))
            .filter(|y| !y.is_nan())
            .map(|y| y.clamp(plot.top, plot.bottom)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Frame, Smoothing, series_color};

    /// Two lines over 0..=100, `up` with y = x and `down` with y = 100 - x to x = 50 only. The pointer stands at (x, y)
    /// of the data; the hits are written as "series x y".
    fn check(pointer: (f64, f64), expected: &str) {
        let line = |n: i32, y: fn(f64) -> f64| {
            (0..=n).map(|i| Point { x: f64::from(i * 10), y: y(f64::from(i * 10)) }).collect()
        };
        let mut series = vec![
            Series::new("up", series_color(0), line(10, |x| x)),
            Series::new("down", series_color(1), line(5, |x| 100.0 - x)),
        ];
        series[1].points[2].y = f64::NAN;
        let figure = Figure { series, ..Figure::default() };
        let layout = Layout::new(&figure, 600, 300, Frame::Bare);
        let (x, y) = layout.to_pixel(Point { x: pointer.0, y: pointer.1 }).unwrap();
        let hits = nearest(&figure, &layout, x, y);
        let written: Vec<_> =
            hits.iter().map(|h| format!("{} {} {}", h.series, h.point.x, h.point.y)).collect();
        assert_eq!(written.join(", "), expected);
    }

    #[test]
    fn the_line_that_is_pointed_at_comes_first() {
        check((11.0, 80.0), "1 10 90, 0 10 10");
        check((11.0, 20.0), "0 10 10, 1 10 90");
    }

    #[test]
    fn lines_that_ended_are_not_found() {
        check((90.0, 50.0), "0 90 90");
        check((51.0, 50.0), "0 50 50, 1 50 50");
    }

    #[test]
    fn non_finite_values_are_found() {
        check((20.0, 0.0), "1 20 NaN, 0 20 20");
    }

    #[test]
    fn nothing_is_found_outside_the_plot() {
        check((50.0, 200.0), "");
    }

    #[test]
    fn a_smoothed_line_is_found_where_it_is_drawn() {
        let points = vec![Point { x: 0.0, y: 0.0 }, Point { x: 1.0, y: 10.0 }, Point { x: 2.0, y: 0.0 }];
        let series = vec![Series::new("a", series_color(0), points)];
        let figure = Figure { series, smoothing: Smoothing::Ema(1.0), ..Figure::default() };
        let layout = Layout::new(&figure, 600, 300, Frame::Bare);
        let (x, y) = layout.to_pixel(Point { x: 1.0, y: 5.0 }).unwrap();
        let hit = nearest(&figure, &layout, x, y)[0];
        assert_eq!(hit.point.y, 10.0);
        assert!(hit.smoothed.unwrap() > 5.0 && hit.smoothed.unwrap() < 7.5);
    }
}
