//! The pipeline of one line: its points placed on the scales, reduced to what the pixels can show, cut at the borders of
//! the plot and broken where a value has no place.

use crate::{
    clip::clip,
    figure::Point,
    layout::{Layout, Rect},
    reduce::{Pixel, Reducer},
};

/// A value that no line can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NonFinite {
    Nan,
    Infinite,
    NegativeInfinite,
}

impl NonFinite {
    fn of(value: f64) -> Option<NonFinite> {
        match value {
            v if v.is_nan() => Some(NonFinite::Nan),
            f64::INFINITY => Some(NonFinite::Infinite),
            f64::NEG_INFINITY => Some(NonFinite::NegativeInfinite),
            _ => None,
        }
    }
}

/// A mark at the border of the plot where a value is not finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Mark {
    pub x: f64,
    pub value: NonFinite,
}

/// What is left of a line to paint; everything lies within the plot. Used again for the next line, so its memory is.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    pixels: Vec<Pixel>,
    /// Where in `pixels` each stroke ends.
    ends: Vec<usize>,
    /// Points without a neighbour to be joined with.
    pub dots: Vec<Pixel>,
    /// At most one of a kind in a column of pixels.
    pub marks: Vec<Mark>,
}

impl Trace {
    /// The unbroken parts of the line, each of two pixels at least.
    pub fn strokes(&self) -> impl Iterator<Item = &[Pixel]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.pixels[start..end])
    }

    /// Follows the points in their order. Columns as wide as the screen's pixels lose nothing that could be seen.
    pub fn follow(&mut self, points: impl Iterator<Item = Point>, layout: &Layout, columns_per_pixel: f64) {
        self.pixels.clear();
        self.ends.clear();
        self.dots.clear();
        self.marks.clear();
        let plot = layout.plot;
        let mut reducer = Reducer::new(plot.left, plot.right, columns_per_pixel);
        let mut cutter = Cutter { plot, before: None, trace: self };
        for point in points {
            let x = layout.x.pixel(point.x, plot.left, plot.right);
            let y = layout.y.pixel(point.y, plot.bottom, plot.top);
            if !x.is_nan() && !y.is_nan() {
                reducer.push(Pixel { x, y }, &mut |pixel| cutter.join(pixel));
                continue;
            }
            reducer.finish(&mut |pixel| cutter.join(pixel));
            cutter.lift();
            if let Some(value) = NonFinite::of(point.y)
                && (plot.left..=plot.right).contains(&x)
            {
                let column = |x: f64| (x * columns_per_pixel).floor();
                let marks = &mut cutter.trace.marks;
                if !marks.iter().rev().take(3).any(|m| m.value == value && column(m.x) == column(x)) {
                    marks.push(Mark { x, value });
                }
            }
        }
        reducer.finish(&mut |pixel| cutter.join(pixel));
        cutter.lift();
    }
}

/// The pen: it draws lines between the pixels it is given, within the plot only.
struct Cutter<'a> {
    plot: Rect,
    before: Option<Pixel>,
    trace: &'a mut Trace,
}

impl Cutter<'_> {
    fn start(&self) -> usize {
        self.trace.ends.last().copied().unwrap_or(0)
    }

    /// On to the next pixel of the line.
    fn join(&mut self, pixel: Pixel) {
        let Some(before) = self.before.replace(pixel) else {
            if self.plot.contains(pixel.x, pixel.y) {
                self.trace.pixels.push(pixel);
            }
            return;
        };
        match clip(before, pixel, &self.plot) {
            // A line that only touches a corner from outside leaves nothing.
            Some((from, to)) if from != to || from == before || to == pixel => {
                if self.trace.pixels[self.start()..].last() != Some(&from) {
                    self.end_stroke();
                    self.trace.pixels.push(from);
                }
                self.trace.pixels.push(to);
                if to != pixel {
                    self.end_stroke();
                }
            }
            _ => self.end_stroke(),
        }
    }

    /// The line breaks here.
    fn lift(&mut self) {
        self.end_stroke();
        self.before = None;
    }

    fn end_stroke(&mut self) {
        let start = self.start();
        let Some(&first) = self.trace.pixels.get(start) else { return };
        let near = |p: &Pixel| (p.x - first.x).abs() < 0.5 && (p.y - first.y).abs() < 0.5;
        if self.trace.pixels[start..].iter().all(near) {
            self.trace.pixels.truncate(start);
            self.trace.dots.push(first);
        } else {
            self.trace.ends.push(self.trace.pixels.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Figure, Frame, Scale, Series, Window, XAxis, series_color};

    /// Draws the values at x = 0, 1, 2… and writes what is left: strokes in data coordinates, then dots, then marks.
    fn check(values: &[f64], change: impl Fn(&mut Figure), expected: &str) {
        let points: Vec<Point> = values.iter().enumerate().map(|(x, &y)| Point { x: x as f64, y }).collect();
        let series = vec![Series::new("a", series_color(0), points.clone())];
        let mut figure = Figure { series, x: XAxis::Metric("x".into(), Scale::Linear), ..Figure::default() };
        change(&mut figure);
        let layout = Layout::new(&figure, 600, 300, Frame::Bare);
        let mut trace = Trace::default();
        trace.follow(points.into_iter(), &layout, 1.0);
        let write = |p: &Pixel| {
            let point = layout.to_data(p.x, p.y);
            format!("{},{}", crate::format_number(point.x), crate::format_number(point.y))
        };
        let strokes = trace.strokes().map(|s| s.iter().map(write).collect::<Vec<_>>().join(" "));
        let dots = trace.dots.iter().map(|p| format!("dot {}", write(p)));
        let marks = trace
            .marks
            .iter()
            .map(|m| format!("{:?} {}", m.value, crate::format_number(layout.to_data(m.x, 0.0).x)));
        assert_eq!(strokes.chain(dots).chain(marks).collect::<Vec<_>>().join("; "), expected);
    }

    #[test]
    fn a_line_is_one_stroke() {
        check(&[1.0, 3.0, 2.0], |_| (), "0,1 1,3 2,2");
    }

    #[test]
    fn a_lone_point_is_a_dot() {
        check(&[5.0], |_| (), "dot 0,5");
        check(
            &[1.0, 2.0, f64::NAN, 3.0, f64::NAN, 1.0, 2.0],
            |_| (),
            "0,1 1,2; 5,1 6,2; dot 3,3; Nan 2; Nan 4",
        );
    }

    #[test]
    fn non_finite_values_break_the_line_and_are_marked() {
        let values = [1.0, 2.0, f64::INFINITY, 2.0, 1.0, f64::NEG_INFINITY, 1.0, 3.0];
        check(&values, |_| (), "0,1 1,2; 3,2 4,1; 6,1 7,3; Infinite 2; NegativeInfinite 5");
    }

    #[test]
    fn lines_are_cut_at_the_windows_border() {
        let zoom = |figure: &mut Figure| {
            figure.x_window = Window::new(0.5, 2.5);
            figure.y_window = Window::new(0.0, 6.0);
        };
        check(&[0.0, 4.0, 8.0, 8.0], zoom, "0.5,2 1,4 1.5,6");
        check(&[9.0, 9.0, 9.0, 9.0], zoom, "");
        check(&[0.0, 8.0, 0.0, 0.0], zoom, "0.5,4 0.75,6; 1.25,6 2,0 2.5,0");
    }

    #[test]
    fn on_a_log_scale_lines_are_straight_in_decades() {
        let zoom = |figure: &mut Figure| {
            figure.y = Scale::Log10;
            figure.y_window = Window::new(1.0, 100.0);
        };
        check(&[1.0, 1e4], zoom, "0,1 0.5,100");
        check(&[1.0, 10.0, 0.0, -1.0, 10.0, 1.0], zoom, "0,1 1,10; 4,10 5,1");
    }
}
