//! Two axes at right angles: their names, ticks and labels around a rectangle.

use plotters::style::text_anchor::HPos;
use plotters_backend::DrawingBackend;

use super::axis::{Axis, Ruler};
use crate::{
    color::Theme,
    layout::{MARGIN, Rect},
    paint::{Painted, Pen},
    text::{LABEL, one_line, width},
    ticks::{Tick, Ticks},
};

/// Room above the plot for the name of y.
const ABOVE: f64 = 24.0;
/// Room under the plot for a row of labels, and for the name of x under them.
pub(crate) const UNDER: f64 = 42.0;

/// The places of two axes.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    pub plot: Rect,
    pub x: Ruler,
    pub y: Ruler,
    x_ticks: Ticks,
    y_ticks: Ticks,
    /// The middles of the labels under the plot.
    x_labels: Vec<(f64, String)>,
    y_labels: Vec<(f64, String)>,
    x_name: String,
    y_name: String,
    /// Where the picture ends.
    left: f64,
}

impl Grid {
    /// Places the axes within an area; the rulers say what they show.
    pub fn new(area: Rect, x: (&Axis, Ruler), y: (&Axis, Ruler)) -> Grid {
        let top = (area.top + ABOVE).min(area.bottom);
        let bottom = (area.bottom - UNDER).max(top);
        let y_ruler = y.1.along(bottom, top);
        let most = if y.0.is_number() { ((bottom - top) / 34.0).min(8.0) } else { (bottom - top) / 15.0 };
        let y_ticks = y_ruler.ticks(y.0, most as usize);
        let room = area.width() * 0.3;
        let label = |tick: &Tick| (y_ruler.pixel(tick.value), one_line(&tick.label, LABEL, room));
        let y_labels: Vec<(f64, String)> = y_ticks.major.iter().map(label).collect();
        let widest = y_labels.iter().map(|(_, label)| width(label, LABEL)).fold(0.0, f64::max);
        let left = (area.left + if widest > 0.0 { widest + 12.0 } else { MARGIN }).min(area.right);
        let right = (area.right - MARGIN).max(left);
        let plot = Rect { left, top, right, bottom };
        let x_ruler = x.1.along(left, right);
        let (x_ticks, x_labels) = under(x.0, &x_ruler, &area);
        Grid {
            plot,
            x: x_ruler,
            y: y_ruler,
            x_ticks,
            y_ticks,
            x_labels,
            y_labels,
            x_name: one_line(&x.0.label, LABEL, area.width() - 2.0 * MARGIN),
            y_name: one_line(&y.0.label, LABEL, area.width() - 2.0 * MARGIN),
            left: area.left,
        }
    }

    /// Paints everything but the data; `lines` are the hairlines behind it.
    pub fn paint<B: DrawingBackend>(&self, pen: &mut Pen<B>, theme: &Theme, lines: bool) -> Painted<B> {
        let plot = self.plot;
        let faint = theme.grid.mix(theme.background, 0.45);
        if lines {
            for &value in &self.y_ticks.minor {
                pen.across(self.y.pixel(value), plot.left, plot.right, faint)?;
            }
            for &value in &self.x_ticks.minor {
                pen.down(self.x.pixel(value), plot.top, plot.bottom, faint)?;
            }
            for tick in &self.y_ticks.major {
                pen.across(self.y.pixel(tick.value), plot.left, plot.right, theme.grid)?;
            }
            for tick in &self.x_ticks.major {
                pen.down(self.x.pixel(tick.value), plot.top, plot.bottom, theme.grid)?;
            }
        }
        for (middle, label) in &self.y_labels {
            pen.label(label, (plot.left - 8.0, *middle), HPos::Right, theme.muted)?;
        }
        pen.label(&self.y_name, (self.left + MARGIN, plot.top - 13.0), HPos::Left, theme.text)?;
        paint_under(pen, theme, &plot, (&self.x, &self.x_ticks, self.x_labels.as_slice()), &self.x_name)
    }
}

/// The ticks of an axis under a plot, and the middles of their labels: the most that don't touch.
pub(crate) fn under(axis: &Axis, ruler: &Ruler, area: &Rect) -> (Ticks, Vec<(f64, String)>) {
    let (left, right) = ruler.ends();
    let half = |text: &str| width(text, LABEL) / 2.0;
    let at = |tick: &Tick| ruler.pixel(tick.value);
    let (found, room) = if axis.is_number() {
        let apart = |a: &Tick, b: &Tick| (at(b) - at(a)).abs() >= half(&a.label) + half(&b.label) + 14.0;
        let fits = |found: &Ticks| found.major.windows(2).all(|pair| apart(&pair[0], &pair[1]));
        let most = ((right - left) / 64.0) as usize;
        let found = (1..=most.clamp(1, 40)).rev().map(|n| ruler.ticks(axis, n)).find(fits);
        (found.unwrap_or_default(), f64::INFINITY)
    } else {
        let found = ruler.ticks(axis, ((right - left) / 44.0) as usize);
        let between = found.major.windows(2).map(|pair| at(&pair[1]) - at(&pair[0])).next();
        (found, between.unwrap_or(right - left) - 8.0)
    };
    let labels = found.major.iter().map(|tick| {
        let label = one_line(&tick.label, LABEL, room);
        let most = area.right - half(&label);
        (at(tick).max(area.left + half(&label)).min(most), label)
    });
    let labels = labels.collect();
    (found, labels)
}

/// Paints the line under a plot, its ticks, their labels and the name of the axis.
pub(crate) fn paint_under<B: DrawingBackend>(
    pen: &mut Pen<B>,
    theme: &Theme,
    plot: &Rect,
    (ruler, ticks, labels): (&Ruler, &Ticks, &[(f64, String)]),
    name: &str,
) -> Painted<B> {
    pen.across(plot.bottom, plot.left, plot.right, theme.axis)?;
    for tick in &ticks.major {
        pen.down(ruler.pixel(tick.value), plot.bottom, plot.bottom + 4.0, theme.axis)?;
    }
    for (middle, label) in labels {
        pen.label(label, (*middle, plot.bottom + 14.0), HPos::Center, theme.muted)?;
    }
    pen.label(name, (plot.right, plot.bottom + 31.0), HPos::Right, theme.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Scale;

    const AREA: Rect = Rect { left: 0.0, top: 0.0, right: 400.0, bottom: 300.0 };

    fn labels(grid: &Grid) -> (Vec<&str>, Vec<&str>) {
        let x = grid.x_labels.iter().map(|(_, label)| label.as_str()).collect();
        let y = grid.y_labels.iter().map(|(_, label)| label.as_str()).collect();
        (x, y)
    }

    fn grid(x: &Axis, y: &Axis, xs: &[f64], ys: &[f64]) -> Grid {
        let ruler = |axis: &Axis, values: &[f64]| Ruler::new(axis, values.iter().copied(), 0.05);
        Grid::new(AREA, (x, ruler(x, xs)), (y, ruler(y, ys)))
    }

    #[test]
    fn both_axes_have_labels() {
        let (x, y) = (Axis::number("lr", Scale::Log10), Axis::number("loss", Scale::Linear));
        let grid = grid(&x, &y, &[1e-4, 1e-1], &[0.0, 4.0]);
        assert_eq!(labels(&grid), (vec!["1e-4", "0.001", "0.01", "0.1"], vec!["0", "1", "2", "3", "4"]));
        assert!(grid.plot.left > 12.0 && grid.plot.bottom == 300.0 - UNDER);
    }

    #[test]
    fn words_are_cut_to_their_slots() {
        let x = Axis::category("model", (0..4).map(|i| format!("resnet-{i}-with-a-long-name")).collect());
        let y = Axis::category("optimizer", vec!["adam".into(), "a-very-long-name-of-an-optimizer".into()]);
        let grid = grid(&x, &y, &[], &[]);
        let (x, y) = labels(&grid);
        assert_eq!(x.len(), 4);
        assert!(x[0].ends_with('…') && y[1].ends_with('…') && y[0] == "adam");
        assert!(grid.plot.left < 400.0 * 0.3 + 14.0);
    }
}
