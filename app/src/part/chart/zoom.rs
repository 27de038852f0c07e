//! Zooming: the part of the axis that someone drags over.

use chart::{Layout, Point, Window};

/// Shorter drags are clicks, in CSS pixels.
const LEAST: f64 = 5.0;

/// A drag over the plot, in CSS pixels from the left of the plot box.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drag {
    from: f64,
    to: f64,
}

impl Drag {
    /// A drag that begins at a place; none outside the plot.
    pub fn begin(layout: &Layout, x: f64, y: f64) -> Option<Self> {
        layout.plot().contains(x, y).then_some(Self { from: x, to: x })
    }

    /// The same drag, gone on to another place; it stops at the borders of the plot.
    pub fn reach(self, layout: &Layout, x: f64) -> Self {
        let plot = layout.plot();
        Self { to: x.clamp(plot.left, plot.right), ..self }
    }

    /// The left border and the width of the selection.
    pub fn selection(self) -> (f64, f64) {
        (self.from.min(self.to), (self.from - self.to).abs())
    }

    /// The part of the axis to zoom to; none if this was a click.
    pub fn window(self, layout: &Layout) -> Option<Window> {
        let at = |x: f64| {
            let Point { x, .. } = layout.to_data(x, layout.plot().top);
            x
        };
        (self.selection().1 >= LEAST).then(|| Window::new(at(self.from), at(self.to))).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chart::{Figure, Frame, Series};

    fn layout() -> Layout {
        let points = [0.0, 100.0].map(|x| Point { x, y: x }).to_vec();
        let series = vec![Series::new("a", chart::series_color(0), points)];
        Layout::new(&Figure { series, ..Figure::default() }, 600, 300, Frame::Bare)
    }

    /// A drag between two places of the axis, and the window it leads to.
    fn check(from: f64, to: f64, expected: Option<(f64, f64)>) {
        let layout = layout();
        let pixel = |x: f64| layout.to_pixel(Point { x, y: 50.0 }).unwrap();
        let (x, y) = pixel(from);
        let drag = Drag::begin(&layout, x, y).unwrap().reach(&layout, pixel(to).0);
        let window = drag.window(&layout).map(|window| (window.lo().round(), window.hi().round()));
        assert_eq!(window, expected);
    }

    #[test]
    fn a_drag_in_either_direction_is_a_window() {
        check(20.0, 60.0, Some((20.0, 60.0)));
        check(60.0, 20.0, Some((20.0, 60.0)));
    }

    #[test]
    fn a_drag_ends_at_the_border_of_the_plot() {
        check(20.0, 900.0, Some((20.0, 100.0)));
    }

    #[test]
    fn a_click_zooms_nowhere() {
        check(20.0, 20.1, None);
    }

    #[test]
    fn no_drag_begins_outside_the_plot() {
        assert_eq!(Drag::begin(&layout(), 0.0, 0.0), None);
    }
}
