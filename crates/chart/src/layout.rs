//! Where everything goes, in CSS pixels: a function of the figure and the size alone. Text is never measured.

use crate::{
    calendar::Moment,
    figure::{Figure, Point, Scale, Series, Window, XAxis, badge},
    number::group,
    scale::Span,
    smooth::smooth,
    text::{LABEL, TITLE, one_line, width},
    ticks::{Tick, Ticks, Unit, ticks},
};

/// A rectangle in CSS pixels; y grows downwards.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    /// The left border.
    pub left: f64,
    /// The upper border.
    pub top: f64,
    /// The right border.
    pub right: f64,
    /// The lower border.
    pub bottom: f64,
}

impl Rect {
    /// From the left to the right border.
    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    /// From the upper to the lower border.
    pub fn height(&self) -> f64 {
        self.bottom - self.top
    }

    /// Whether a place lies within, the borders included.
    pub fn contains(&self, x: f64, y: f64) -> bool {
        (self.left..=self.right).contains(&x) && (self.top..=self.bottom).contains(&y)
    }
}

/// What stands around the plot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Frame {
    /// The axes only: the page around says the title and the names.
    #[default]
    Bare,
    /// Title, legend and the note on left-out points too, for a picture that stands alone.
    Titled,
}

/// Why there is no line to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Nothing was logged.
    NoPoints,
    /// All values are NaN or infinite.
    NoneFinite,
    /// No value has a place on the logarithmic scale.
    NonePositive,
    /// There are points, but none in the chosen window.
    NoneInWindow,
}

impl Notice {
    /// The words for the middle of the plot.
    pub fn text(self) -> &'static str {
        match self {
            Notice::NoPoints => "No points yet",
            Notice::NoneFinite => "All values are NaN or infinite",
            Notice::NonePositive => "No positive values for the log scale",
            Notice::NoneInWindow => "No points in this range",
        }
    }
}

/// How many points have no place on the axes. Non-finite values are not among them: they are marked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Omitted {
    /// Zero or below, in x or y, on a logarithmic scale.
    pub not_positive: u64,
    /// Without a finite x.
    pub without_x: u64,
}

impl Omitted {
    /// What to tell the viewer; `None` where every point has its place.
    pub fn text(self) -> Option<String> {
        let (count, why) = match (self.not_positive, self.without_x) {
            (0, 0) => return None,
            (count, 0) => (count, "zero or below on a log scale"),
            (0, count) => (count, "without a finite x"),
            (a, b) => (a.saturating_add(b), "without a place on the axes"),
        };
        Some(format!("{} {} not drawn: {why}", group(count), if count == 1 { "point" } else { "points" }))
    }
}

/// One entry of the legend: which series, where its swatch starts and its middle line is, its name cut to fit.
#[derive(Clone, Debug)]
pub(crate) struct LegendItem {
    pub series: usize,
    pub x: f64,
    pub y: f64,
    pub name: String,
}

/// Space for the swatch and the gap after it, in pixels.
pub(crate) const SWATCH: f64 = 18.0;

/// The places of one figure on one canvas. Build it when the figure or the size changes; ask it on every move of the
/// pointer.
#[derive(Clone, Debug)]
pub struct Layout {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) plot: Rect,
    pub(crate) x: Span,
    pub(crate) y: Span,
    pub(crate) x_ticks: Ticks,
    pub(crate) y_ticks: Ticks,
    /// The texts under the plot and their middles: tick labels that have room, then the axis's name.
    pub(crate) x_labels: Vec<(f64, String)>,
    pub(crate) title: Option<(f64, f64, String)>,
    /// The note at the right of the title: its right end, its middle line, its words.
    pub(crate) note: Option<(f64, f64, String)>,
    pub(crate) legend: Vec<LegendItem>,
    /// One for each series: its smoothed values where the figure asks for them.
    pub(crate) smoothed: Vec<Option<Vec<f64>>>,
    /// So few points are visible that each gets a dot.
    pub(crate) sparse: bool,
    notice: Option<Notice>,
    omitted: Omitted,
}

/// The largest side of a canvas in CSS pixels; larger ones are cut.
pub(crate) const LARGEST: u32 = 16_384;
/// Room beside the plot where no label stands.
pub(crate) const MARGIN: f64 = 10.0;
/// Room under the plot for a row of labels.
const UNDER: f64 = 24.0;
/// Room around everything that stands alone.
const AROUND: f64 = 14.0;

impl Layout {
    /// Lays the figure out on a canvas of this many CSS pixels. Any figure and any size will do, even none.
    pub fn new(figure: &Figure, width: u32, height: u32, frame: Frame) -> Layout {
        let (width, height) = (f64::from(width.min(LARGEST)), f64::from(height.min(LARGEST)));
        let smoothed: Vec<_> = figure.series.iter().map(|s| smooth(&s.points, figure.smoothing)).collect();
        let x = x_span(figure);
        let seen = Seen::new(figure, &x, &smoothed);
        let around = if frame == Frame::Titled { AROUND } else { 0.0 };
        let mut layout = Layout {
            width,
            height,
            plot: Rect::default(),
            x,
            y: seen.span,
            x_ticks: Ticks::default(),
            y_ticks: Ticks::default(),
            x_labels: Vec::new(),
            title: None,
            note: None,
            legend: Vec::new(),
            smoothed,
            sparse: false,
            notice: seen.notice,
            omitted: seen.omitted,
        };
        let top = match frame {
            Frame::Bare => 8.0,
            Frame::Titled => layout.place_head(figure),
        };
        let bottom = (height - UNDER - around).max(top);
        if seen.range.is_some() {
            layout.y_ticks = ticks(&layout.y, Unit::Number, ((bottom - top) / 34.0).min(8.0) as usize);
        }
        let widest = layout.y_ticks.major.iter().map(|t| self::width(&t.label, LABEL)).fold(0.0, f64::max);
        let left = (around + if widest > 0.0 { widest + 12.0 } else { MARGIN }).min(width);
        let right = (width - around - MARGIN).max(left);
        layout.plot = Rect { left, top, right, bottom: bottom.min(height).max(top) };
        layout.sparse = (seen.visible as f64) * 10.0 < layout.plot.width();
        if layout.notice != Some(Notice::NoPoints) {
            layout.place_x_labels(figure, width - around);
        }
        layout
    }

    /// Places title, note and legend, and says where the plot may begin.
    fn place_head(&mut self, figure: &Figure) -> f64 {
        let (left, right) = (AROUND, (self.width - AROUND).max(AROUND));
        let middle = AROUND + 8.0;
        let note = badge(figure).into_iter().chain(self.omitted.text()).collect::<Vec<_>>().join(" · ");
        let note_width = width(&note, LABEL);
        if !note.is_empty() && note_width < (right - left) * 0.6 {
            self.note = Some((right, middle, note));
        }
        let room = right - left - self.note.as_ref().map_or(0.0, |_| note_width + 16.0);
        self.title = Some((left, middle, one_line(&figure.title, TITLE, room)));

        // At most three rows, and never more than a third of the picture.
        let rows = ((self.height / 3.0 - 30.0) / 18.0).clamp(0.0, 3.0) as usize;
        let (mut x, mut row) = (left, 0);
        let mut left_out = 0;
        for (series, Series { name, .. }) in figure.series.iter().enumerate() {
            let name = one_line(name, LABEL, (right - left - SWATCH).min(220.0));
            let taken = SWATCH + width(&name, LABEL) + 14.0;
            // The last row keeps room for "+12 more".
            let end = if row + 1 >= rows { right - 60.0 } else { right };
            if x > left && x + taken > end {
                (x, row) = (left, row + 1);
            }
            if row >= rows {
                left_out = figure.series.len() - series;
                break;
            }
            self.legend.push(LegendItem { series, x, y: AROUND + 32.0 + row as f64 * 18.0, name });
            x += taken;
        }
        if left_out > 0
            && let Some(last) = self.legend.last_mut()
        {
            last.name = format!("{}   +{} more", last.name, group(left_out as u64));
        }
        let lines = self.legend.last().map_or(0.0, |item| item.y - AROUND - 14.0);
        AROUND + 16.0 + lines + if lines > 0.0 { 12.0 } else { 10.0 }
    }

    /// The most ticks whose labels don't touch; the axis's name takes the right end of their row.
    fn place_x_labels(&mut self, figure: &Figure, end: f64) {
        let (plot, unit) = (self.plot, x_unit(&figure.x));
        let half = |text: &str| width(text, LABEL) / 2.0;
        let at = |tick: &Tick| self.x.pixel(tick.value, plot.left, plot.right);
        let fits = |ticks: &[Tick]| {
            ticks
                .windows(2)
                .all(|pair| at(&pair[1]) - at(&pair[0]) >= half(&pair[0].label) + half(&pair[1].label) + 14.0)
        };
        let most = (plot.width() / 64.0) as usize;
        let found = (1..=most.clamp(1, 40)).rev().map(|n| ticks(&self.x, unit, n)).find(|t| fits(&t.major));
        let Some(found) = found else { return };

        let name = one_line(&x_name(&figure.x, &self.x), LABEL, 160.0);
        let name = Some(name).filter(|name| half(name) * 2.0 < plot.width() / 3.0);
        let name_start = name.as_ref().map_or(end + 14.0, |name| plot.right - half(name) * 2.0);
        for tick in &found.major {
            let middle = at(tick).min(end - half(&tick.label));
            if middle + half(&tick.label) + 14.0 <= name_start {
                self.x_labels.push((middle, tick.label.clone()));
            }
        }
        self.x_labels.extend(name.map(|name| (plot.right - half(&name), name)));
        self.x_ticks = found;
    }

    /// The rectangle in which lines are drawn.
    pub fn plot(&self) -> Rect {
        self.plot
    }

    /// The labelled ticks of x, from left to right.
    pub fn x_ticks(&self) -> &[Tick] {
        &self.x_ticks.major
    }

    /// The labelled ticks of y, from below.
    pub fn y_ticks(&self) -> &[Tick] {
        &self.y_ticks.major
    }

    /// The visible part of x, padding included; `None` where it can't be told apart from a single value.
    pub fn x_window(&self) -> Option<Window> {
        Window::new(self.x.value(0.0, 0.0, 1.0), self.x.value(1.0, 0.0, 1.0))
    }

    /// The visible part of y, padding included; `None` where it can't be told apart from a single value.
    pub fn y_window(&self) -> Option<Window> {
        Window::new(self.y.value(0.0, 0.0, 1.0), self.y.value(1.0, 0.0, 1.0))
    }

    /// Where a place on the horizontal axis lies, in CSS pixels from the left; `None` where it has none.
    pub fn x_to_pixel(&self, x: f64) -> Option<f64> {
        let at = self.x.pixel(x, self.plot.left, self.plot.right);
        at.is_finite().then_some(at)
    }

    /// The pixel of a point, which may lie outside the plot; `None` where the point has no place on the axes.
    pub fn to_pixel(&self, point: Point) -> Option<(f64, f64)> {
        let Rect { left, top, right, bottom } = self.plot;
        let (x, y) = (self.x.pixel(point.x, left, right), self.y.pixel(point.y, bottom, top));
        (!x.is_nan() && !y.is_nan()).then_some((x, y))
    }

    /// What a pixel stands for: the inverse of [`Layout::to_pixel`].
    pub fn to_data(&self, x: f64, y: f64) -> Point {
        let Rect { left, top, right, bottom } = self.plot;
        Point { x: self.x.value(x, left, right), y: self.y.value(y, bottom, top) }
    }

    /// Why there is no line to see, where there is none.
    pub fn notice(&self) -> Option<Notice> {
        self.notice
    }

    /// How many points have no place on the axes.
    pub fn omitted(&self) -> Omitted {
        self.omitted
    }
}

fn x_unit(axis: &XAxis) -> Unit {
    match axis {
        XAxis::Step(_) => Unit::Step,
        XAxis::WallTime => Unit::Date,
        XAxis::RelativeTime(_) => Unit::Duration,
        XAxis::Metric(..) => Unit::Number,
    }
}

/// What the axis is called; for dates the part that the tick labels leave out.
fn x_name(axis: &XAxis, span: &Span) -> String {
    match axis {
        XAxis::Step(_) => "Step".to_owned(),
        XAxis::RelativeTime(_) => "Relative time".to_owned(),
        XAxis::Metric(name, _) => name.clone(),
        XAxis::WallTime => match (Moment::from_ms(span.lo), Moment::from_ms(span.hi)) {
            (Some(a), Some(b)) if a.date() == b.date() => format!("{} UTC", a.date()),
            (Some(a), Some(b)) if a.year == b.year => format!("{} UTC", a.year),
            (Some(_), Some(_)) => "UTC".to_owned(),
            _ => "ms".to_owned(),
        },
    }
}

/// The lowest and highest of some numbers, NaN left out.
pub(crate) fn range(numbers: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    numbers
        .filter(|n| !n.is_nan())
        .fold(None, |ends, n| Some(ends.map_or((n, n), |(lo, hi): (f64, f64)| (lo.min(n), hi.max(n)))))
}

/// The visible part of x: the window, or all points.
fn x_span(figure: &Figure) -> Span {
    let scale = figure.x.scale();
    let data = || range(figure.series.iter().flat_map(|s| &s.points).map(|p| scale.apply(p.x)));
    let window = figure.x_window.filter(|w| scale == Scale::Linear || w.hi() > 0.0).map(|w| {
        let hi = scale.apply(w.hi());
        // A window that starts at or below zero starts at the data on a log scale.
        let lo = scale.apply(w.lo());
        (if lo.is_nan() { data().map_or(hi - 3.0, |(lo, _)| lo.min(hi)) } else { lo }, hi)
    });
    let (lo, hi) = window.or_else(data).unwrap_or((0.0, 1.0));
    let alone = match figure.x {
        XAxis::WallTime => 30_000.0,
        XAxis::Step(_) | XAxis::RelativeTime(_) => 1.0,
        XAxis::Metric(..) => alone(lo),
    };
    Span::new(scale, lo, hi, alone)
}

/// Room on each side of a constant value.
pub(crate) fn alone(value: f64) -> f64 {
    if value == 0.0 { 1.0 } else { value.abs() * 0.1 }
}

/// What one walk over all points tells.
struct Seen {
    /// The visible range of y on its scale, without padding.
    range: Option<(f64, f64)>,
    span: Span,
    /// Points with a place within the window of x.
    visible: usize,
    omitted: Omitted,
    notice: Option<Notice>,
}

impl Seen {
    fn new(figure: &Figure, x: &Span, smoothed: &[Option<Vec<f64>>]) -> Seen {
        let mut omitted = Omitted::default();
        let (mut visible, mut finite, mut placed) = (0, false, false);
        let mut ends: Option<(f64, f64)> = None;
        for (series, smoothed) in figure.series.iter().zip(smoothed) {
            let mut before = (f64::NAN, f64::NAN);
            for point in &series.points {
                let here = (x.scale.apply(point.x), figure.y.apply(point.y));
                finite |= point.y.is_finite();
                placed |= !here.0.is_nan() && !here.1.is_nan();
                if !point.x.is_finite() {
                    omitted.without_x += 1;
                } else if here.0.is_nan() || (here.1.is_nan() && point.y.is_finite()) {
                    omitted.not_positive += 1;
                }
                ends = widen(ends, before, here, x);
                visible += usize::from((x.lo..=x.hi).contains(&here.0) && !here.1.is_nan());
                before = here;
            }
            let mut before = (f64::NAN, f64::NAN);
            for (point, &y) in series.points.iter().zip(smoothed.iter().flatten()) {
                let here = (x.scale.apply(point.x), figure.y.apply(y));
                ends = widen(ends, before, here, x);
                before = here;
            }
        }
        let notice = match (figure.series.iter().all(|s| s.points.is_empty()), finite, placed, ends) {
            (true, ..) => Some(Notice::NoPoints),
            (_, false, ..) => Some(Notice::NoneFinite),
            (_, _, false, _) if omitted.not_positive > 0 => Some(Notice::NonePositive),
            (_, _, _, None) => Some(Notice::NoneInWindow),
            _ => None,
        };
        let window = figure.y_window.filter(|w| figure.y == Scale::Linear || w.hi() > 0.0).map(|w| {
            let (lo, hi) = (figure.y.apply(w.lo()), figure.y.apply(w.hi()));
            (if lo.is_nan() { ends.map_or(hi - 3.0, |(lo, _)| lo.min(hi)) } else { lo }, hi)
        });
        let (lo, hi) = window.or(ends).unwrap_or((0.0, 1.0));
        let span = Span::new(figure.y, lo, hi, alone(lo));
        let span = if window.is_some() { span } else { span.padded(0.05) };
        Seen { range: window.or(ends), span, visible, omitted, notice }
    }
}

/// The range of y with one more point, and with the places where the line to it crosses the borders of x: zoomed in
/// between two points there is still a line to see.
fn widen(ends: Option<(f64, f64)>, before: (f64, f64), here: (f64, f64), x: &Span) -> Option<(f64, f64)> {
    let inside = |at: f64| (x.lo..=x.hi).contains(&at);
    if here.0.is_nan() || here.1.is_nan() {
        return ends;
    }
    let mut ends = ends;
    let mut take = |y: f64| ends = Some(ends.map_or((y, y), |(lo, hi)| (lo.min(y), hi.max(y))));
    if inside(here.0) {
        take(here.1);
    }
    if !before.1.is_nan() && (!inside(here.0) || !inside(before.0)) {
        for border in [x.lo, x.hi] {
            let share = (border / 2.0 - before.0 / 2.0) / (here.0 / 2.0 - before.0 / 2.0);
            if (0.0..=1.0).contains(&share) {
                take(before.1 * (1.0 - share) + here.1 * share);
            }
        }
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::series_color;

    fn figure(points: &[(f64, f64)]) -> Figure {
        let points = points.iter().map(|&(x, y)| Point { x, y }).collect();
        Figure { series: vec![Series::new("a", series_color(0), points)], ..Figure::default() }
    }

    fn labels(ticks: &[Tick]) -> String {
        ticks.iter().map(|t| t.label.as_str()).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn pixels_and_data_are_inverse() {
        let layout = Layout::new(&figure(&[(0.0, 1.0), (100.0, 3.0)]), 600, 300, Frame::Bare);
        let (x, y) = layout.to_pixel(Point { x: 25.0, y: 2.0 }).unwrap();
        let back = layout.to_data(x, y);
        assert!((back.x - 25.0).abs() < 1e-9 && (back.y - 2.0).abs() < 1e-9);
        assert_eq!(layout.to_pixel(Point { x: 1.0, y: f64::NAN }), None);
    }

    #[test]
    fn wider_labels_take_a_wider_gutter() {
        let narrow = Layout::new(&figure(&[(0.0, 1.0), (1.0, 9.0)]), 600, 300, Frame::Bare);
        let wide = Layout::new(&figure(&[(0.0, 1.00001), (1.0, 1.00009)]), 600, 300, Frame::Bare);
        assert!(wide.plot().left > narrow.plot().left + 20.0);
        assert_eq!(labels(narrow.y_ticks()), "2 | 4 | 6 | 8");
    }

    #[test]
    fn a_window_shows_the_line_between_its_points() {
        let mut figure = figure(&[(0.0, 0.0), (100.0, 10.0)]);
        figure.x_window = Window::new(60.0, 40.0);
        let layout = Layout::new(&figure, 600, 300, Frame::Bare);
        assert_eq!(layout.notice(), None);
        let y = layout.y_window().unwrap();
        assert!((y.lo() - 3.9).abs() < 1e-9 && (y.hi() - 6.1).abs() < 1e-9, "{y:?}");
    }

    #[test]
    fn a_log_window_that_starts_at_zero_starts_at_the_data() {
        let mut figure = figure(&[(0.0, 1.0), (10.0, 1.0), (1000.0, 2.0)]);
        figure.x = XAxis::Step(Scale::Log10);
        figure.x_window = Window::new(-5.0, 100.0);
        let layout = Layout::new(&figure, 600, 300, Frame::Bare);
        assert_eq!(layout.x_window(), Window::new(10.0, 100.0));
        assert_eq!(layout.omitted().text().unwrap(), "1 point not drawn: zero or below on a log scale");
    }

    fn check_notice(points: &[(f64, f64)], y: Scale, window: Option<Window>, notice: Option<Notice>) {
        let figure = Figure { y, x_window: window, ..figure(points) };
        assert_eq!(Layout::new(&figure, 600, 300, Frame::Bare).notice(), notice);
    }

    #[test]
    fn an_empty_plot_says_why() {
        let far = Window::new(5.0, 6.0);
        check_notice(&[], Scale::Linear, None, Some(Notice::NoPoints));
        check_notice(&[(0.0, f64::NAN)], Scale::Linear, None, Some(Notice::NoneFinite));
        check_notice(&[(0.0, -1.0)], Scale::Log10, None, Some(Notice::NonePositive));
        check_notice(&[(0.0, 1.0)], Scale::Linear, far, Some(Notice::NoneInWindow));
        check_notice(&[(0.0, 1.0)], Scale::Linear, None, None);
    }
}
