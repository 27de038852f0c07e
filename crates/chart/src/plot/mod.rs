//! Charts of runs rather than of curves: each run gives a few numbers or words (its parameters, the last values of its
//! metrics), and a [`Plot`] shows how they belong together.
//!
//! Every kind has a file of its own with what is shown, its layout, its painting and its hit test. They share
//! [`Axis`] (numbers or words), `legend.rs` (what colours mean), `grid.rs` (two axes at right angles) and `rows.rs`
//! (labels at the left of rows).
//!
//! ```
//! use chart::{Axis, Direction, Plot, PlotHit, PlotLayout, Scale, Scatter, ScatterPoint, Theme};
//!
//! let plot = Plot::Scatter(Scatter {
//!     x: Axis::number("lr", Scale::Log10),
//!     y: Axis::number("val/loss", Scale::Linear),
//!     color: None,
//!     size: None,
//!     points: vec![ScatterPoint::new(1e-3, 0.4), ScatterPoint::new(1e-2, 0.3)],
//!     front: Some((Direction::More, Direction::Less)),
//! });
//! let layout = PlotLayout::new(&plot, 600, PlotLayout::wanted_height(&plot, 600));
//! let (x, y) = layout.place(1).unwrap_or_default();
//! assert_eq!(layout.hit(&plot, x, y), Some(PlotHit::Item(1)));
//! assert!(chart::plot_svg(&plot, 600, 300, &Theme::LIGHT).starts_with("<svg"));
//! ```

mod axis;
mod bars;
mod boxes;
mod contour;
mod grid;
mod heatmap;
mod histogram;
mod legend;
mod parallel;
mod pareto;
mod rows;
mod scatter;
mod slots;
mod stats;

use plotters::style::text_anchor::HPos;
use plotters_backend::DrawingBackend;
use plotters_svg::SVGBackend;

pub use axis::{Axis, AxisKind};
pub use bars::{Bar, Bars};
pub use boxes::{BoxGroup, BoxKind, Boxes};
pub use heatmap::{Heatmap, HeatmapPoint};
pub use histogram::{Histogram, HistogramGroup};
pub use parallel::{Parallel, ParallelLine};
pub use pareto::{Direction, pareto_front};
pub use scatter::{Scatter, ScatterPoint};
pub use stats::{Summary, summary};

use crate::{
    color::Theme,
    layout::{LARGEST, Rect},
    number::group,
    paint::{Painted, Pen, Resolution},
    svg::document,
    text::{LABEL, one_line},
};
use bars::BarsLayout;
use boxes::BoxesLayout;
use heatmap::HeatmapLayout;
use histogram::HistogramLayout;
use parallel::ParallelLayout;
use scatter::ScatterLayout;

/// A chart of runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Plot {
    /// Points between two axes.
    Scatter(Scatter),
    /// A bar for each run or group.
    Bars(Bars),
    /// Lines across many axes.
    Parallel(Parallel),
    /// Distributions of groups.
    Boxes(Boxes),
    /// Counts of values.
    Histogram(Histogram),
    /// Means over two axes.
    Heatmap(Heatmap),
}

/// What lies under the pointer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PlotHit {
    /// A point, a bar or a line, by its index as given in.
    Item(usize),
    /// A group of [`Boxes`], by its index.
    Group(usize),
    /// A part of a column of a [`Histogram`].
    Bin {
        /// Which column, from the left.
        bin: usize,
        /// Which group's part of it, where there are groups.
        group: usize,
        /// Where the bin starts; the word's index on an axis of words.
        from: f64,
        /// Where the bin ends; equal to its start for one word.
        to: f64,
        /// How many values of the group lie in it.
        count: usize,
        /// How many values lie in it.
        total: usize,
    },
    /// A cell of a [`Heatmap`].
    Cell {
        /// The values of x in it, first and last: equal for one value or one word.
        x: (f64, f64),
        /// The values of y in it, first and last.
        y: (f64, f64),
        /// The mean of its runs.
        mean: f64,
        /// How many runs lie in it.
        count: usize,
    },
    /// An axis of a [`Parallel`], and the value on it.
    Axis {
        /// The index of the axis.
        axis: usize,
        /// The value at the pointer; on an axis of words, anything around the index of a word.
        value: f64,
    },
}

/// The places of one plot on one canvas. Build it when the values, the axes or the size change (emphasis and brushes may
/// change without); ask it on every move of the pointer.
#[derive(Clone, Debug)]
pub struct PlotLayout {
    width: f64,
    height: f64,
    places: Places,
}

/// What each kind knows of its places.
#[derive(Clone, Debug)]
enum Places {
    Scatter(ScatterLayout),
    Bars(BarsLayout),
    Parallel(ParallelLayout),
    Boxes(BoxesLayout),
    Histogram(HistogramLayout),
    Heatmap(HeatmapLayout),
}

impl PlotLayout {
    /// Lays the plot out on a canvas of this many CSS pixels. Any plot and any size will do, even none.
    pub fn new(plot: &Plot, width: u32, height: u32) -> PlotLayout {
        let (width, height) = (f64::from(width.min(LARGEST)), f64::from(height.min(LARGEST)));
        let area = Rect { left: 0.0, top: 0.0, right: width, bottom: height };
        let places = match plot {
            Plot::Scatter(scatter) => Places::Scatter(ScatterLayout::new(scatter, area)),
            Plot::Parallel(parallel) => Places::Parallel(ParallelLayout::new(parallel, area)),
            Plot::Bars(bars) => Places::Bars(BarsLayout::new(bars, area)),
            Plot::Boxes(boxes) => Places::Boxes(BoxesLayout::new(boxes, area)),
            Plot::Histogram(histogram) => Places::Histogram(HistogramLayout::new(histogram, area)),
            Plot::Heatmap(heatmap) => Places::Heatmap(HeatmapLayout::new(heatmap, area)),
        };
        PlotLayout { width, height, places }
    }

    /// The height in CSS pixels that a plot asks for at this width.
    pub fn wanted_height(plot: &Plot, width: u32) -> u32 {
        match plot {
            Plot::Scatter(_) => wide(width),
            Plot::Parallel(_) => wide(width).max(320),
            Plot::Bars(bars) => BarsLayout::wanted(bars),
            Plot::Boxes(boxes) => BoxesLayout::wanted(boxes),
            Plot::Histogram(_) => wide(width).min(360),
            Plot::Heatmap(heatmap) => HeatmapLayout::wanted(heatmap, wide(width)),
        }
    }

    /// What lies under the pointer.
    pub fn hit(&self, plot: &Plot, x: f64, y: f64) -> Option<PlotHit> {
        match (&self.places, plot) {
            (Places::Scatter(places), Plot::Scatter(_)) => places.hit(x, y),
            (Places::Parallel(places), Plot::Parallel(parallel)) => places.hit(parallel, x, y),
            (Places::Bars(places), Plot::Bars(_)) => places.hit(y),
            (Places::Boxes(places), Plot::Boxes(_)) => places.hit(y),
            (Places::Histogram(places), Plot::Histogram(_)) => places.hit(x, y),
            (Places::Heatmap(places), Plot::Heatmap(_)) => places.hit(x, y),
            _ => None,
        }
    }

    /// Where an item (a point, a bar, the start of a line, the median of a group) has its mark; `None` where it is not
    /// shown, and for bins and cells.
    pub fn place(&self, item: usize) -> Option<(f64, f64)> {
        match &self.places {
            Places::Scatter(places) => places.place(item),
            Places::Parallel(places) => places.place(item),
            Places::Bars(places) => places.place(item),
            Places::Boxes(places) => places.place(item),
            Places::Histogram(_) | Places::Heatmap(_) => None,
        }
    }

    /// The value of an axis of a [`Parallel`] at this height, however far to the side: for dragging a brush.
    pub fn axis_value(&self, axis: usize, y: f64) -> Option<f64> {
        match &self.places {
            Places::Parallel(places) => places.value(axis, y),
            _ => None,
        }
    }

    /// How far to the right an axis of a [`Parallel`] stands.
    pub fn axis_x(&self, axis: usize) -> Option<f64> {
        match &self.places {
            Places::Parallel(places) => places.x(axis),
            _ => None,
        }
    }

    /// The height of a value of an axis of a [`Parallel`], or of what lies between two words; at the axis' foot where the
    /// value has no place.
    pub fn axis_height(&self, axis: usize, value: f64) -> Option<f64> {
        match &self.places {
            Places::Parallel(places) => places.height(axis, value),
            _ => None,
        }
    }

    /// The rectangle in which the data is drawn.
    pub fn plot(&self) -> Rect {
        match &self.places {
            Places::Scatter(places) => places.grid.plot,
            Places::Parallel(places) => places.plot,
            Places::Bars(places) => places.rows.plot,
            Places::Boxes(places) => places.rows.plot,
            Places::Histogram(places) => places.grid.plot,
            Places::Heatmap(places) => places.grid.plot,
        }
    }
}

/// The height of a plot that has no rows: three fifths of its width, within reason.
fn wide(width: u32) -> u32 {
    (width / 5 * 3).clamp(260, 480)
}

/// Paints the plot, background first, onto any surface of plotters. `layout` must be of the same plot.
///
/// # Errors
/// Only those of the surface; a canvas and an SVG in memory have none.
pub fn paint_plot<B: DrawingBackend>(
    plot: &Plot,
    layout: &PlotLayout,
    theme: &Theme,
    resolution: Resolution,
    surface: &mut B,
) -> Painted<B> {
    let mut pen = Pen { surface, resolution };
    pen.fill((0.0, 0.0), (layout.width, layout.height), theme.background)?;
    // Where labels leave no room for a plot, none is drawn.
    let room = layout.plot();
    if room.width() < 8.0 || room.height() < 8.0 {
        return Ok(());
    }
    match (&layout.places, plot) {
        (Places::Scatter(places), Plot::Scatter(scatter)) => places.paint(scatter, &mut pen, theme),
        (Places::Parallel(places), Plot::Parallel(parallel)) => places.paint(parallel, &mut pen, theme),
        (Places::Bars(places), Plot::Bars(bars)) => places.paint(bars, &mut pen, theme),
        (Places::Boxes(places), Plot::Boxes(boxes)) => places.paint(boxes, &mut pen, theme),
        (Places::Histogram(places), Plot::Histogram(histogram)) => places.paint(histogram, &mut pen, theme),
        (Places::Heatmap(places), Plot::Heatmap(_)) => places.paint(&mut pen, theme),
        _ => Ok(()),
    }
}

/// Words in the middle of a plot that has nothing to show.
fn notice<B: DrawingBackend>(pen: &mut Pen<B>, plot: &Rect, words: &str, theme: &Theme) -> Painted<B> {
    let middle = ((plot.left + plot.right) / 2.0, (plot.top + plot.bottom) / 2.0);
    pen.label(&one_line(words, LABEL, plot.width()), middle, HPos::Center, theme.muted)
}

/// "1 run", "1,204 runs".
fn counted(count: usize, one: &str) -> String {
    format!("{} {one}{}", group(count as u64), if count == 1 { "" } else { "s" })
}

/// The plot as an SVG of this many CSS pixels, with a `<title>` for those who can't see it.
pub fn plot_svg(plot: &Plot, width: u32, height: u32, theme: &Theme) -> String {
    let layout = PlotLayout::new(plot, width, height);
    let (width, height) = (layout.width as u32, layout.height as u32);
    let units = (width * Resolution::SUBPIXELS, height * Resolution::SUBPIXELS);
    let mut drawing = String::new();
    let mut surface = SVGBackend::with_string(&mut drawing, units);
    let painted =
        paint_plot(plot, &layout, theme, Resolution::SVG, &mut surface).and_then(|()| surface.present());
    debug_assert!(painted.is_ok(), "writing to memory does not fail");
    drop(surface);
    document(width, height, &describe_plot(plot), &drawing)
}

/// The plot in one sentence, for those who can't see it: `<title>` of the SVG, `aria-label` of the canvas.
pub fn describe_plot(plot: &Plot) -> String {
    match plot {
        Plot::Scatter(scatter) => scatter.describe(),
        Plot::Bars(bars) => bars.describe(),
        Plot::Parallel(parallel) => parallel.describe(),
        Plot::Boxes(boxes) => boxes.describe(),
        Plot::Histogram(histogram) => histogram.describe(),
        Plot::Heatmap(heatmap) => heatmap.describe(),
    }
}
