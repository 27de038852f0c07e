//! What is shown: the data and the wishes of the person who looks at it. No pixels here.

use crate::{color::Rgb, number::group, text::format_x};

/// One measurement. `x` is in the unit of the figure's [`XAxis`]; both may be non-finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Where: a step, milliseconds since 1970 UTC, or seconds since the start of the run.
    pub x: f64,
    /// What was measured.
    pub y: f64,
}

/// How much a line asks for attention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Emphasis {
    /// One among equals.
    #[default]
    Normal,
    /// Present but in the background, because another line is pointed at.
    Dimmed,
    /// The line that is pointed at: thicker, above all others.
    Highlighted,
}

/// One line: the points of one metric of one run, in the order in which they are joined.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// As the legend says it.
    pub name: String,
    /// The colour of the line, often [`series_color`](crate::series_color).
    pub color: Rgb,
    /// The points to draw, usually sorted by `x`.
    pub points: Vec<Point>,
    /// How many points there were before somebody (the server) reduced them; what [`badge`] compares with.
    pub total: u64,
    /// How much the line asks for attention.
    pub emphasis: Emphasis,
    /// The least and the greatest y of the area around the line, one for each point; none without such an area.
    pub band: Vec<(f64, f64)>,
}

impl Series {
    /// A line of all its points, with normal emphasis and nothing around it.
    pub fn new(name: impl Into<String>, color: Rgb, points: Vec<Point>) -> Series {
        let total = points.len() as u64;
        Series { name: name.into(), color, points, total, emphasis: Emphasis::Normal, band: Vec::new() }
    }
}

/// How values are spread over an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences, equal distances.
    #[default]
    Linear,
    /// Equal ratios, equal distances. Values of zero and below have no place: they break the line and are counted.
    Log10,
}

/// What the horizontal axis shows.
#[derive(Clone, Debug, PartialEq)]
pub enum XAxis {
    /// Training steps: whole numbers.
    Step(Scale),
    /// Milliseconds since 1970-01-01 UTC, shown as dates in UTC.
    WallTime,
    /// Seconds since the start of each run, shown as durations.
    RelativeTime(Scale),
    /// Another metric, by its name.
    Metric(String, Scale),
}

impl Default for XAxis {
    fn default() -> XAxis {
        XAxis::Step(Scale::Linear)
    }
}

impl XAxis {
    /// Whether equal ratios are equal distances.
    pub fn is_log(&self) -> bool {
        self.scale() == Scale::Log10
    }

    pub(crate) fn scale(&self) -> Scale {
        match self {
            XAxis::WallTime => Scale::Linear,
            XAxis::Step(scale) | XAxis::RelativeTime(scale) | XAxis::Metric(_, scale) => *scale,
        }
    }
}

/// A range that someone zoomed to: two finite ends, the first below the second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    lo: f64,
    hi: f64,
}

impl Window {
    /// The range between two ends given in either order (a drag goes both ways); `None` where they are equal or not
    /// finite.
    pub fn new(a: f64, b: f64) -> Option<Window> {
        let (lo, hi) = (a.min(b), a.max(b));
        (lo.is_finite() && hi.is_finite() && lo < hi).then_some(Window { lo, hi })
    }

    /// The lower end.
    pub fn lo(self) -> f64 {
        self.lo
    }

    /// The upper end.
    pub fn hi(self) -> f64 {
        self.hi
    }
}

/// What is done to a line to show its trend.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Smoothing {
    /// The values as logged.
    #[default]
    None,
    /// The time-weighted exponential moving average that W&B draws: older values weigh less the further away they are
    /// in x. The weight lies in 0..1 (values outside are brought in); the raw line stays behind in a faint colour.
    Ema(f32),
    /// A Gaussian kernel whose standard deviation is this part of the range of x, in 0..1. Three running means stand for it, as
    /// image filters do: it is what the eye can tell of one.
    Gaussian(f32),
    /// The mean of all values within this part of the range of x around each, in 0..1.
    Mean(f32),
}

/// A chart: lines over one x axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figure {
    /// What is measured, often the metric's key.
    pub title: String,
    /// The lines; later ones are drawn above earlier ones of the same emphasis.
    pub series: Vec<Series>,
    /// The horizontal axis.
    pub x: XAxis,
    /// The scale of the vertical axis.
    pub y: Scale,
    /// Applied to every line.
    pub smoothing: Smoothing,
    /// The visible part of x; all points where absent.
    pub x_window: Option<Window>,
    /// The visible part of y; what the visible points need where absent.
    pub y_window: Option<Window>,
}

/// "1,204 of 50,000 points" where the figure holds fewer points than were logged; `None` where it holds them all.
pub fn badge(figure: &Figure) -> Option<String> {
    let held: u64 = figure.series.iter().map(|s| s.points.len() as u64).sum();
    let total = figure.series.iter().fold(0u64, |sum, s| sum.saturating_add(s.total));
    (held < total).then(|| format!("{} of {} points", group(held), group(total)))
}

/// The figure in one sentence, for those who can't see it: `<title>` of the SVG, `aria-label` of the canvas.
pub fn describe(figure: &Figure) -> String {
    let title = if figure.title.is_empty() { "Chart" } else { &figure.title };
    let points = figure.series.iter().flat_map(|s| &s.points);
    let ends = points.map(|p| p.x).filter(|x| x.is_finite()).fold(None, |ends: Option<(f64, f64)>, x| {
        Some(ends.map_or((x, x), |(lo, hi)| (lo.min(x), hi.max(x))))
    });
    let Some((lo, hi)) = ends else { return format!("{title}: no points yet") };
    let lines = match figure.series.len() {
        1 => "1 line".to_owned(),
        n => format!("{n} lines"),
    };
    let name = match &figure.x {
        XAxis::Step(_) => "step",
        XAxis::WallTime => "time",
        XAxis::RelativeTime(_) => "relative time",
        XAxis::Metric(name, _) => name,
    };
    let from = format_x(&figure.x, lo);
    let range = if lo == hi { from } else { format!("{from} to {}", format_x(&figure.x, hi)) };
    format!("{title}: {lines}, {name} {range}")
}
