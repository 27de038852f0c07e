//! The area around a line: how far the lines that it stands for spread.

use crate::{
    figure::{Point, Series, Smoothing},
    layout::{Layout, Rect},
    smooth::smooth,
};

/// Both borders of a series' band, smoothed like its line, so that the line stays within.
pub(crate) fn borders(series: &Series, smoothing: Smoothing) -> Vec<(f64, f64)> {
    let border = |of: fn(&(f64, f64)) -> f64| {
        let points: Vec<Point> = series
            .points
            .iter()
            .zip(&series.band)
            .map(|(point, ends)| Point { x: point.x, y: of(ends) })
            .collect();
        smooth(&points, smoothing)
    };
    match (border(|ends| ends.0), border(|ends| ends.1)) {
        (Some(lower), Some(upper)) => lower.into_iter().zip(upper).collect(),
        _ => series.band.clone(),
    }
}

/// The unbroken parts of a band in CSS pixels, each the corners of an area within the plot.
pub(crate) fn areas(series: &Series, band: &[(f64, f64)], layout: &Layout) -> Vec<Vec<(f64, f64)>> {
    let plot = layout.plot();
    let mut areas = Vec::new();
    let (mut upper, mut lower) = (Vec::new(), Vec::new());
    let mut end = |upper: &mut Vec<(f64, f64)>, lower: &mut Vec<(f64, f64)>| {
        let corners: Vec<_> = upper.drain(..).chain(lower.drain(..).rev()).collect();
        let within = cut(corners, &plot);
        if within.len() > 2 {
            areas.push(within);
        }
    };
    for (point, &(lo, hi)) in series.points.iter().zip(band) {
        let top = layout.to_pixel(Point { x: point.x, y: hi });
        // What reaches below a logarithmic scale reaches to the border.
        let bottom = layout.to_pixel(Point { x: point.x, y: lo }).or_else(|| Some((top?.0, plot.bottom)));
        match (top, bottom) {
            (Some(top), Some(bottom)) if lo.is_finite() && hi.is_finite() => {
                upper.push(top);
                lower.push(bottom);
            }
            _ => end(&mut upper, &mut lower),
        }
    }
    end(&mut upper, &mut lower);
    areas
}

/// How far within a border of a rectangle a place lies.
type Depth = fn(&Rect, (f64, f64)) -> f64;

/// What of an area lies within a rectangle (Sutherland and Hodgman, Reentrant polygon clipping, 1974).
fn cut(mut corners: Vec<(f64, f64)>, plot: &Rect) -> Vec<(f64, f64)> {
    let inside: [Depth; 4] =
        [|r, p| p.0 - r.left, |r, p| r.right - p.0, |r, p| p.1 - r.top, |r, p| r.bottom - p.1];
    for depth in inside {
        let all = std::mem::take(&mut corners);
        let Some(mut before) = all.last().copied() else { return all };
        for here in all {
            let (from, to) = (depth(plot, before), depth(plot, here));
            if (from < 0.0) != (to < 0.0) {
                let share = from / (from - to);
                let x = before.0 + (here.0 - before.0) * share;
                let y = before.1 + (here.1 - before.1) * share;
                // Rounding must not push a corner over the border.
                corners.push((x.clamp(plot.left, plot.right), y.clamp(plot.top, plot.bottom)));
            }
            if to >= 0.0 {
                corners.push(here);
            }
            before = here;
        }
    }
    // A cut against the first borders clamps to the later ones; what isn't a number has no corner.
    corners.retain(|(x, y)| x.is_finite() && y.is_finite());
    corners
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Figure, Frame, Scale, Window, series_color};

    /// A band around a line at 5, and how many corners its parts have.
    fn check(band: &[(f64, f64)], change: impl Fn(&mut Figure), expected: &[usize]) {
        let points = (0..band.len()).map(|x| Point { x: x as f64, y: 5.0 }).collect();
        let series = Series { band: band.to_vec(), ..Series::new("a", series_color(0), points) };
        let mut figure = Figure { series: vec![series.clone()], ..Figure::default() };
        change(&mut figure);
        let layout = Layout::new(&figure, 600, 300, Frame::Bare);
        let areas = areas(&series, band, &layout);
        assert_eq!(areas.iter().map(Vec::len).collect::<Vec<_>>(), expected);
        for (x, y) in areas.into_iter().flatten() {
            assert!(layout.plot().contains(x, y), "{x}, {y}");
        }
    }

    #[test]
    fn a_band_is_one_area_until_it_breaks() {
        check(&[(4.0, 6.0), (3.0, 7.0), (4.0, 6.0)], |_| (), &[6]);
        check(&[(4.0, 6.0), (3.0, 7.0), (f64::NAN, 1.0), (3.0, 7.0), (4.0, 6.0)], |_| (), &[4, 4]);
        check(&[], |_| (), &[]);
    }

    #[test]
    fn a_band_is_cut_at_the_plot() {
        let narrow = |figure: &mut Figure| figure.y_window = Window::new(4.5, 5.5);
        check(&[(4.0, 6.0), (3.0, 7.0)], narrow, &[4]);
        check(&[(4.0, 6.0), (3.0, 7.0)], |figure| figure.y_window = Window::new(10.0, 11.0), &[]);
    }

    #[test]
    fn a_band_below_a_log_scale_reaches_the_border() {
        check(&[(-1.0, 10.0), (1.0, 10.0)], |figure| figure.y = Scale::Log10, &[4]);
    }

    #[test]
    fn the_axis_has_room_for_the_band() {
        let points = vec![Point { x: 0.0, y: 5.0 }, Point { x: 1.0, y: 5.0 }];
        let series =
            Series { band: vec![(0.0, 10.0), (1.0, 8.0)], ..Series::new("a", series_color(0), points) };
        let layout =
            Layout::new(&Figure { series: vec![series], ..Figure::default() }, 600, 300, Frame::Bare);
        let y = layout.y_window().unwrap();
        assert!(y.lo() <= 0.0 && y.hi() >= 10.0, "{y:?}");
    }
}
