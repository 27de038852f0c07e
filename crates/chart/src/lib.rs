//! The drawing of line charts of metrics, and of [`Plot`]s of runs: one pure pipeline for the browser's canvas, for SVG
//! previews and for tests.
//!
//! `scale -> reduce -> clip -> break at non-finite -> layout -> paint`
//!
//! **Owns** everything between points and pixels: scales, ticks and their labels, smoothing, colours, the hit test.
//!
//! **Must never** touch the DOM, a clock, a file or another crate of ours; measure text (in the browser plotters does so
//! through the DOM: [`layout`](Layout) works from constants); let plotters see a point outside the plot (it moves such
//! points to the edge, so lines are cut before); average a non-finite value; lose a peak.
//!
//! **Start reading** at [`Figure`] (what is shown), then `layout.rs` (where it goes), `trace.rs` (the pipeline of one
//! line), `paint.rs` (the strokes). The order of use:
//!
//! ```
//! use chart::{Figure, Frame, Layout, Point, Series, Theme};
//!
//! let points = (0..100).map(|step| Point { x: step as f64, y: (-0.03 * step as f64).exp() }).collect();
//! let figure = Figure {
//!     title: "loss".into(),
//!     series: vec![Series::new("bold-fox", chart::series_color(0), points)],
//!     ..Figure::default()
//! };
//! let layout = Layout::new(&figure, 600, 300, Frame::Bare);
//! let (x, y) = layout.to_pixel(Point { x: 50.2, y: 0.5 }).unwrap_or_default();
//! assert_eq!(chart::nearest(&figure, &layout, x, y)[0].point.x, 50.0);
//! assert!(chart::svg(&figure, 600, 300, Frame::Titled, &Theme::LIGHT).starts_with("<svg"));
//! ```
//!
//! **One more** kind of x axis is a variant of [`XAxis`], its ticks in `ticks.rs` and its text in `text.rs`; the
//! compiler shows the rest. **One more** kind of plot is a file in `plot/` and a variant of [`Plot`] beside
//! [`Scatter`], [`Bars`], [`Parallel`], [`Boxes`], [`Histogram`] and [`Heatmap`]. **One more** surface is a `plotters_backend::DrawingBackend` handed to [`paint`].

mod calendar;
mod clip;
mod color;
mod figure;
mod hit;
mod layout;
mod number;
mod paint;
mod plot;
#[cfg(feature = "png")]
mod png;
mod reduce;
mod scale;
mod smooth;
mod svg;
mod text;
mod ticks;
mod trace;

pub use color::{PALETTE, Rgb, Theme, ramp_color, series_color};
pub use figure::{Emphasis, Figure, Point, Scale, Series, Smoothing, Window, XAxis, badge, describe};
pub use hit::{Hit, nearest};
pub use layout::{Frame, Layout, Notice, Omitted, Rect};
pub use number::format_number;
pub use paint::{Resolution, paint};
pub use plot::{
    Axis, AxisKind, Bar, Bars, BoxGroup, BoxKind, Boxes, Direction, Heatmap, HeatmapPoint, Histogram,
    HistogramGroup, Parallel, ParallelLine, Plot, PlotHit, PlotLayout, Scatter, ScatterPoint, Summary,
    describe_plot, paint_plot, pareto_front, plot_svg, summary,
};
#[cfg(feature = "png")]
pub use png::png;
pub use svg::svg;
pub use text::format_x;
pub use ticks::Tick;
