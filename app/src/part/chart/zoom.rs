//! Zooming and moving: the part of the axes that someone drags over, and what is seen as it is dragged along.

use super::{Picture, Zoom};
use chart::{Layout, Rect, Window};

/// Shorter drags are clicks, in CSS pixels.
const LEAST: f64 = 5.0;
/// A drag that is less wide, or less high, is one along the other axis alone.
const BOTH: f64 = 24.0;

/// What a pressed pointer does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Drag {
    /// It chooses what to zoom to.
    Select(Selection),
    /// It moves what is seen.
    Move(Moving),
}

/// A drag over the plot, in CSS pixels from the upper left corner of the plot box.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Selection {
    from: (f64, f64),
    to: (f64, f64),
}

/// A chart that is dragged along. It remembers the scales of the beginning: `Place` of both axes at the borders of the plot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moving {
    from: (f64, f64),
    plot: Rect,
    x: Axis,
    y: Axis,
}

/// The ends of an axis as they were, on its scale.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Axis {
    lo: f64,
    hi: f64,
    is_log: bool,
}

impl Axis {
    fn new(window: Window, is_log: bool) -> Self {
        let place = |at: f64| if is_log { at.log10() } else { at };
        Self { lo: place(window.lo()), hi: place(window.hi()), is_log }
    }

    /// Moved by a share of its length.
    fn moved(self, share: f64) -> Option<Window> {
        let by = (self.hi - self.lo) * share;
        let value = |at: f64| if self.is_log { 10_f64.powf(at) } else { at };
        Window::new(value(self.lo + by), value(self.hi + by))
    }
}

impl Drag {
    /// A drag that begins at a place; none outside the plot.
    pub fn begin(picture: &Picture, from: (f64, f64), moves: bool) -> Option<Self> {
        let layout = &picture.layout;
        let plot = layout.plot();
        if !plot.contains(from.0, from.1) {
            return None;
        }
        if !moves {
            return Some(Self::Select(Selection { from, to: from }));
        }
        let figure = &picture.figure;
        let x = Axis::new(layout.x_window()?, figure.x.is_log());
        let y = Axis::new(layout.y_window()?, figure.y == chart::Scale::Log10);
        Some(Self::Move(Moving { from, plot, x, y }))
    }
}

impl Selection {
    /// The same drag, gone on to another place; it stops at the borders of the plot.
    pub fn reach(self, layout: &Layout, x: f64, y: f64) -> Self {
        let plot = layout.plot();
        Self { to: (x.clamp(plot.left, plot.right), y.clamp(plot.top, plot.bottom)), ..self }
    }

    fn size(self) -> (f64, f64) {
        ((self.from.0 - self.to.0).abs(), (self.from.1 - self.to.1).abs())
    }

    /// Along which axes it goes.
    fn axes(self) -> (bool, bool) {
        match self.size() {
            (width, height) if width >= BOTH && height >= BOTH => (true, true),
            (width, height) => (width >= height, width < height),
        }
    }

    /// What is chosen, in pixels.
    pub fn area(self, layout: &Layout) -> Rect {
        let (plot, (along_x, along_y)) = (layout.plot(), self.axes());
        let (left, right) = match along_x {
            true => (self.from.0.min(self.to.0), self.from.0.max(self.to.0)),
            false => (plot.left, plot.right),
        };
        let (top, bottom) = match along_y {
            true => (self.from.1.min(self.to.1), self.from.1.max(self.to.1)),
            false => (plot.top, plot.bottom),
        };
        Rect { left, top, right, bottom }
    }

    /// What to zoom to from here; none if this was a click.
    pub fn zoom(self, layout: &Layout, now: Zoom) -> Option<Zoom> {
        let (width, height) = self.size();
        if width.max(height) < LEAST {
            return None;
        }
        let (along_x, along_y) = self.axes();
        let (from, to) = (layout.to_data(self.from.0, self.from.1), layout.to_data(self.to.0, self.to.1));
        Some(Zoom {
            x: if along_x { Window::new(from.x, to.x) } else { now.x },
            y: if along_y { Window::new(from.y, to.y) } else { now.y },
        })
    }
}

impl Moving {
    /// What is seen when the pointer is here.
    pub fn zoom(self, x: f64, y: f64) -> Zoom {
        let share = |way: f64, length: f64| if length > 0.0 { way / length } else { 0.0 };
        Zoom {
            x: self.x.moved(share(self.from.0 - x, self.plot.width())),
            y: self.y.moved(share(y - self.from.1, self.plot.height())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chart::{Figure, Point, Scale, Series, XAxis};

    fn picture(x: Scale) -> Picture {
        let points = [1.0, 100.0].map(|x| Point { x, y: x }).to_vec();
        let series = vec![Series::new("a", chart::series_color(0), points)];
        Picture::new(Figure { series, x: XAxis::Step(x), ..Figure::default() }, Vec::new(), (600, 300))
    }

    fn rounded(window: Option<Window>) -> Option<(f64, f64)> {
        window.map(|window| (window.lo().round(), window.hi().round()))
    }

    type Ends = Option<(f64, f64)>;

    /// A drag between two places of the plot, and what it leads to.
    fn check(from: (f64, f64), to: (f64, f64), expected: Option<(Ends, Ends)>) {
        let picture = picture(Scale::Linear);
        let pixel = |(x, y): (f64, f64)| picture.layout.to_pixel(Point { x, y }).unwrap();
        let Some(Drag::Select(selection)) = Drag::begin(&picture, pixel(from), false) else {
            panic!("{from:?}")
        };
        let (x, y) = pixel(to);
        let zoom = selection.reach(&picture.layout, x, y).zoom(&picture.layout, Zoom::default());
        assert_eq!(zoom.map(|zoom| (rounded(zoom.x), rounded(zoom.y))), expected);
    }

    #[test]
    fn a_drag_zooms_along_the_axis_that_it_follows() {
        check((20.0, 50.0), (60.0, 50.0), Some((Some((20.0, 60.0)), None)));
        check((60.0, 50.0), (20.0, 53.0), Some((Some((20.0, 60.0)), None)));
        check((50.0, 20.0), (51.0, 60.0), Some((None, Some((20.0, 60.0)))));
        check((20.0, 30.0), (60.0, 70.0), Some((Some((20.0, 60.0)), Some((30.0, 70.0)))));
    }

    #[test]
    fn a_drag_ends_at_the_border_of_the_plot() {
        check((20.0, 50.0), (900.0, 50.0), Some((Some((20.0, 100.0)), None)));
    }

    #[test]
    fn a_click_zooms_nowhere() {
        check((20.0, 50.0), (20.1, 50.1), None);
    }

    #[test]
    fn no_drag_begins_outside_the_plot() {
        assert_eq!(Drag::begin(&picture(Scale::Linear), (0.0, 0.0), false), None);
    }

    fn check_move(x: Scale, expected: (f64, f64)) {
        let picture = picture(x);
        let plot = picture.layout.plot();
        let middle = ((plot.left + plot.right) / 2.0, (plot.top + plot.bottom) / 2.0);
        let Some(Drag::Move(moving)) = Drag::begin(&picture, middle, true) else { panic!("no move") };
        let zoom = moving.zoom(middle.0 - plot.width() / 2.0, middle.1);
        assert_eq!(rounded(zoom.x), Some(expected));
        assert_eq!(zoom.y, picture.layout.y_window());
    }

    #[test]
    fn what_is_seen_moves_along_with_the_pointer() {
        check_move(Scale::Linear, (51.0, 150.0));
        check_move(Scale::Log10, (10.0, 1000.0));
    }
}
