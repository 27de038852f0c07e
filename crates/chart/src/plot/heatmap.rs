//! The mean of a value over two others, as cells or as filled contours.

use plotters::style::text_anchor::HPos;
use plotters_backend::DrawingBackend;
use std::collections::BTreeMap;

use super::{
    PlotHit,
    axis::{Axis, AxisKind, Ruler},
    contour::{Source, Strip, bands},
    counted,
    grid::Grid,
    legend::{Coloring, Legend},
    notice,
    slots::Slots,
};
use crate::{
    color::{Rgb, Theme, ramp_color},
    layout::{MARGIN, Rect},
    number::format_number,
    paint::{Painted, Pen},
    text::{LABEL, width},
};

/// How far a strip of contours reaches under its neighbours, in pixels.
const OVERLAP: f64 = 1.0;

/// One run of a [`Heatmap`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeatmapPoint {
    /// Its value on the horizontal axis.
    pub x: f64,
    /// Its value on the vertical axis.
    pub y: f64,
    /// What the mean is taken of.
    pub value: f64,
}

/// Cells over two axes, coloured by the mean of their runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Heatmap {
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What the mean is taken of: an axis of numbers.
    pub value: Axis,
    /// The runs. Those without a place on one of the three axes are left out.
    pub points: Vec<HeatmapPoint>,
    /// Bands of what the values are estimated to be between the runs, rather than cells. Only between two axes of
    /// numbers.
    pub contours: bool,
}

impl Heatmap {
    pub(crate) fn shown(&self) -> impl Iterator<Item = (usize, &HeatmapPoint)> {
        self.points.iter().enumerate().filter(move |(_, point)| {
            self.x.has_place(point.x) && self.y.has_place(point.y) && self.value.has_place(point.value)
        })
    }

    pub(crate) fn describe(&self) -> String {
        let runs = counted(self.shown().count(), "run");
        format!("Mean {} by {} and {}: {runs}", self.value.label, self.x.label, self.y.label)
    }
}

/// The places of a [`Heatmap`].
#[derive(Clone, Debug)]
pub(crate) struct HeatmapLayout {
    pub grid: Grid,
    legend: Legend,
    coloring: Coloring,
    body: Body,
}

#[derive(Clone, Debug)]
enum Body {
    Cells(Box<Cells>),
    Contours {
        strips: Vec<Strip>,
        /// The runs, by their index.
        dots: Vec<(usize, f64, f64)>,
    },
}

/// Parts of two axes, and what lies where they cross.
#[derive(Clone, Debug)]
struct Cells {
    x: Slots,
    y: Slots,
    /// The cells with runs, by their column and row.
    filled: BTreeMap<(usize, usize), Cell>,
}

/// The runs that lie together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Cell {
    mean: f64,
    count: usize,
}

impl Cell {
    fn add(&mut self, value: f64) {
        self.count += 1;
        let count = self.count as f64;
        self.mean += value / count - self.mean / count;
    }
}

/// As many different numbers have columns or rows of their own.
const FEW: usize = 12;
/// How near the pointer must come to a run between contours.
const REACH: f64 = 10.0;

impl HeatmapLayout {
    /// The height that rows of words ask for.
    pub fn wanted(heatmap: &Heatmap, wide: u32) -> u32 {
        match &heatmap.y.kind {
            AxisKind::Category(words) => (words.len() as f64 * 22.0 + 96.0).clamp(200.0, 1200.0) as u32,
            AxisKind::Number(_) => wide,
        }
    }

    pub fn new(heatmap: &Heatmap, area: Rect) -> HeatmapLayout {
        let numbers = heatmap.x.is_number() && heatmap.y.is_number();
        if heatmap.contours && numbers && heatmap.shown().count() > 2 {
            Self::contours(heatmap, area)
        } else {
            Self::cells(heatmap, area)
        }
    }

    fn cells(heatmap: &Heatmap, area: Rect) -> HeatmapLayout {
        let side = |sorted: &[f64]| ((sorted.len() as f64).sqrt() as usize).clamp(5, 20);
        let xs: Vec<f64> = heatmap.shown().map(|(_, point)| point.x).collect();
        let ys: Vec<f64> = heatmap.shown().map(|(_, point)| point.y).collect();
        let (x, y) = (Slots::few(&heatmap.x, &xs, FEW, side), Slots::few(&heatmap.y, &ys, FEW, side));
        let mut filled: BTreeMap<(usize, usize), Cell> = BTreeMap::new();
        for (_, point) in heatmap.shown() {
            if let (Some(column), Some(row)) = (x.find(point.x), y.find(point.y)) {
                filled.entry((column, row)).or_default().add(point.value);
            }
        }
        let coloring = Coloring::new(&heatmap.value, filled.values().map(|cell| cell.mean));
        let (legend, below) = head(heatmap, &coloring, area);
        let grid = Grid::new(below, (&x.axis, x.ruler.clone()), (&y.axis, y.ruler.clone()));
        HeatmapLayout { grid, legend, coloring, body: Body::Cells(Box::new(Cells { x, y, filled })) }
    }

    fn contours(heatmap: &Heatmap, area: Rect) -> HeatmapLayout {
        let values = Ruler::new(&heatmap.value, heatmap.shown().map(|(_, point)| point.value), 0.0);
        let coloring = Coloring::new(&heatmap.value, heatmap.shown().map(|(_, point)| point.value));
        let (legend, below) = head(heatmap, &coloring, area);
        let x = Ruler::new(&heatmap.x, heatmap.shown().map(|(_, point)| point.x), 0.0);
        let y = Ruler::new(&heatmap.y, heatmap.shown().map(|(_, point)| point.y), 0.0);
        let grid = Grid::new(below, (&heatmap.x, x), (&heatmap.y, y));
        let source = |point: &HeatmapPoint| Source {
            x: grid.x.pixel(point.x),
            y: grid.y.pixel(point.y),
            share: values.pixel(point.value),
        };
        let sources: Vec<Source> = heatmap.shown().map(|(_, point)| source(point)).collect();
        let dots = heatmap.shown().zip(&sources).map(|((index, _), at)| (index, at.x, at.y)).collect();
        let strips = bands(&sources, grid.plot);
        HeatmapLayout { grid, legend, coloring, body: Body::Contours { strips, dots } }
    }

    pub fn paint<B: DrawingBackend>(&self, pen: &mut Pen<B>, theme: &Theme) -> Painted<B> {
        let plot = self.grid.plot;
        self.legend.paint(pen, theme)?;
        match &self.body {
            Body::Cells(cells) if cells.filled.is_empty() => {
                notice(pen, &plot, "No run has all three values", theme)
            }
            Body::Cells(cells) => {
                for (&(column, row), cell) in &cells.filled {
                    let place = self.place_of(cells, column, row);
                    let color = self.coloring.color(cell.mean, theme);
                    pen.plate(place, color, 1.0)?;
                    let words = format_number(cell.mean);
                    if place.height() >= 18.0 && place.width() >= width(&words, LABEL) + 8.0 {
                        let middle = ((place.left + place.right) / 2.0, (place.top + place.bottom) / 2.0);
                        pen.label(&words, middle, HPos::Center, on(color))?;
                    }
                }
                self.grid.paint(pen, theme, false)
            }
            Body::Contours { strips, dots } => {
                for Strip { place, share } in strips {
                    // Under what comes to the right and beneath, so that nothing shines through between them.
                    let place = Rect {
                        right: (place.right + OVERLAP).min(plot.right),
                        bottom: (place.bottom + OVERLAP).min(plot.bottom),
                        ..*place
                    };
                    pen.plate(place, ramp_color(*share, theme), 1.0)?;
                }
                for &(_, x, y) in dots {
                    pen.dot((x, y), 2.5, theme.background, 0.9)?;
                    pen.dot((x, y), 1.5, theme.text, 0.9)?;
                }
                self.grid.paint(pen, theme, false)
            }
        }
    }

    fn place_of(&self, cells: &Cells, column: usize, row: usize) -> Rect {
        let (left, right) = cells.x.borders(column, self.grid.x.ends());
        let (bottom, top) = cells.y.borders(row, self.grid.y.ends());
        Rect { left, top, right, bottom }
    }

    /// The cell under the pointer, or the run near it where there are contours.
    pub fn hit(&self, x: f64, y: f64) -> Option<PlotHit> {
        let plot = self.grid.plot;
        match &self.body {
            Body::Cells(cells) => {
                if !plot.contains(x, y) || plot.width() <= 0.0 || plot.height() <= 0.0 {
                    return None;
                }
                let column = cells.x.at((x - plot.left) / plot.width())?;
                let row = cells.y.at((plot.bottom - y) / plot.height())?;
                let cell = cells.filled.get(&(column, row))?;
                let (x, y) = (cells.x.ends[column], cells.y.ends[row]);
                Some(PlotHit::Cell { x, y, mean: cell.mean, count: cell.count })
            }
            Body::Contours { dots, .. } => {
                let away = dots.iter().map(|&(index, left, top)| ((left - x).hypot(top - y), index));
                let (away, index) = away.min_by(|a, b| a.0.total_cmp(&b.0))?;
                (away <= REACH).then_some(PlotHit::Item(index))
            }
        }
    }
}

/// The legend, and the area that it leaves.
fn head(heatmap: &Heatmap, coloring: &Coloring, area: Rect) -> (Legend, Rect) {
    let pieces = coloring.pieces(&heatmap.value, false);
    let legend = Legend::new(pieces, area.left + MARGIN, area.right - MARGIN, area.top + 4.0);
    let below = Rect { top: legend.bottom.min(area.bottom), ..area };
    (legend, below)
}

/// Black or white, whichever is legible on a colour.
fn on(color: Rgb) -> Rgb {
    let light = f64::from(color.0) * 0.3 + f64::from(color.1) * 0.59 + f64::from(color.2) * 0.11;
    if light > 128.0 { Rgb(0, 0, 0) } else { Rgb(255, 255, 255) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Scale;

    const AREA: Rect = Rect { left: 0.0, top: 0.0, right: 500.0, bottom: 300.0 };

    fn heatmap(points: &[(f64, f64, f64)]) -> Heatmap {
        Heatmap {
            x: Axis::number("batch", Scale::Linear),
            y: Axis::category("optimizer", vec!["adam".into(), "sgd".into()]),
            value: Axis::number("loss", Scale::Linear),
            points: points.iter().map(|&(x, y, value)| HeatmapPoint { x, y, value }).collect(),
            contours: true,
        }
    }

    #[test]
    fn cells_are_means_of_their_runs() {
        let heatmap = heatmap(&[
            (16.0, 0.0, 1.0),
            (16.0, 0.0, 2.0),
            (64.0, 1.0, 5.0),
            (f64::NAN, 1.0, 9.0),
            (64.0, 1.0, f64::NAN),
        ]);
        let layout = HeatmapLayout::new(&heatmap, AREA);
        let plot = layout.grid.plot;
        let hit = layout.hit(plot.left + 5.0, plot.bottom - 5.0);
        assert_eq!(hit, Some(PlotHit::Cell { x: (16.0, 16.0), y: (0.0, 0.0), mean: 1.5, count: 2 }));
        let hit = layout.hit(plot.right - 5.0, plot.top + 5.0);
        assert_eq!(hit, Some(PlotHit::Cell { x: (64.0, 64.0), y: (1.0, 1.0), mean: 5.0, count: 1 }));
        assert_eq!(layout.hit(plot.right - 5.0, plot.bottom - 5.0), None);
        assert_eq!(heatmap.describe(), "Mean loss by batch and optimizer: 3 runs");
    }

    #[test]
    fn many_numbers_are_put_in_bins() {
        let points: Vec<(f64, f64, f64)> = (0..100).map(|i| (f64::from(i), 0.0, 1.0)).collect();
        let layout = HeatmapLayout::new(&heatmap(&points), AREA);
        let Body::Cells(cells) = &layout.body else { panic!("words have no contours") };
        assert_eq!((cells.x.ends.len(), cells.filled.len()), (10, 10));
        assert_eq!(cells.filled.values().map(|cell| cell.count).sum::<usize>(), 100);
    }

    #[test]
    fn runs_are_found_between_contours() {
        let mut heatmap = heatmap(&[(1.0, 1.0, 0.0), (2.0, 3.0, 1.0), (3.0, 2.0, 0.5)]);
        heatmap.y = Axis::number("depth", Scale::Linear);
        let layout = HeatmapLayout::new(&heatmap, AREA);
        let plot = layout.grid.plot;
        assert_eq!(layout.hit(plot.left + 3.0, plot.bottom - 3.0), Some(PlotHit::Item(0)));
        assert_eq!(layout.hit(plot.left + 3.0, plot.top + 3.0), None);
    }
}
