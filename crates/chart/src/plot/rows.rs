//! Rows with labels at their left over one axis of numbers: what bars and distributions lie in.

use plotters::style::text_anchor::HPos;
use plotters_backend::DrawingBackend;

use super::{
    axis::{Axis, Ruler},
    grid::{UNDER, paint_under, under},
};
use crate::{
    color::Theme,
    layout::{LARGEST, MARGIN, Rect},
    paint::{Painted, Pen},
    text::{LABEL, one_line, width},
    ticks::Ticks,
};

/// Room above the first row.
const ABOVE: f64 = 8.0;
/// No row is higher than this.
const HIGHEST: f64 = 64.0;

/// The places of rows.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    pub plot: Rect,
    pub ruler: Ruler,
    /// The height of a row.
    pub row: f64,
    labels: Vec<String>,
    ticks: Ticks,
    tick_labels: Vec<(f64, String)>,
    name: String,
}

impl Rows {
    /// The height that so many rows of this height take with their axis.
    pub fn wanted(count: usize, row: f64) -> u32 {
        (ABOVE + UNDER + count.max(1) as f64 * row).min(f64::from(LARGEST)) as u32
    }

    /// Places rows within an area, with some room kept free at their right.
    pub fn new<'a>(
        area: Rect,
        labels: impl Iterator<Item = &'a str>,
        axis: &Axis,
        ruler: Ruler,
        beside: f64,
    ) -> Rows {
        let most = area.width() * 0.35;
        let labels: Vec<String> = labels.map(|label| one_line(label, LABEL, most)).collect();
        let widest = labels.iter().map(|label| width(label, LABEL)).fold(0.0, f64::max);
        let left = (area.left + widest + 16.0).min(area.right);
        let right = (area.right - MARGIN - beside).max(left);
        let top = (area.top + ABOVE).min(area.bottom);
        let room = (area.bottom - UNDER - top).max(0.0);
        let row = (room / labels.len().max(1) as f64).min(HIGHEST);
        let bottom = if labels.is_empty() { top + room } else { top + row * labels.len() as f64 };
        let plot = Rect { left, top, right, bottom };
        let ruler = ruler.along(left, right);
        let (ticks, tick_labels) = under(axis, &ruler, &area);
        let name = one_line(&axis.label, LABEL, area.width() - 2.0 * MARGIN);
        Rows { plot, ruler, row, labels, ticks, tick_labels, name }
    }

    /// The middle line of a row.
    pub fn middle(&self, index: usize) -> f64 {
        self.plot.top + (index as f64 + 0.5) * self.row
    }

    /// The row at a height.
    pub fn index(&self, y: f64) -> Option<usize> {
        let index = ((y - self.plot.top) / self.row).floor();
        (index >= 0.0 && index < self.labels.len() as f64).then_some(index as usize)
    }

    /// Paints everything but the data.
    pub fn paint<B: DrawingBackend>(&self, pen: &mut Pen<B>, theme: &Theme) -> Painted<B> {
        let plot = self.plot;
        let faint = theme.grid.mix(theme.background, 0.45);
        for &value in &self.ticks.minor {
            pen.down(self.ruler.pixel(value), plot.top, plot.bottom, faint)?;
        }
        for tick in &self.ticks.major {
            pen.down(self.ruler.pixel(tick.value), plot.top, plot.bottom, theme.grid)?;
        }
        // Where rows are lower than a line of text, only some have labels.
        let stride = (13.0 / self.row).ceil().max(1.0) as usize;
        for (index, label) in self.labels.iter().enumerate().step_by(stride) {
            pen.label(label, (plot.left - 8.0, self.middle(index)), HPos::Right, theme.text)?;
        }
        paint_under(pen, theme, &plot, (&self.ruler, &self.ticks, self.tick_labels.as_slice()), &self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Scale;

    fn rows(labels: &[&str], height: f64) -> Rows {
        let axis = Axis::number("loss", Scale::Linear);
        let ruler = Ruler::new(&axis, [0.0, 1.0].into_iter(), 0.0);
        let area = Rect { left: 0.0, top: 0.0, right: 400.0, bottom: height };
        Rows::new(area, labels.iter().copied(), &axis, ruler, 0.0)
    }

    #[test]
    fn rows_are_found_again() {
        let rows = rows(&["a", "b", "c"], 120.0);
        for index in 0..3 {
            assert_eq!(rows.index(rows.middle(index)), Some(index));
        }
        assert_eq!(rows.index(rows.plot.top - 1.0), None);
        assert_eq!(rows.index(rows.plot.bottom + 1.0), None);
    }

    #[test]
    fn as_high_as_wanted_is_as_high_as_asked() {
        let height = Rows::wanted(5, 22.0);
        assert!((rows(&["a", "b", "c", "d", "e"], f64::from(height)).row - 22.0).abs() < 1e-9);
    }

    #[test]
    fn long_labels_are_cut() {
        let rows = rows(&["a-very-long-name-of-a-run-that-nobody-can-read-in-such-a-narrow-place"], 100.0);
        assert!(rows.labels[0].ends_with('…'));
        assert!(rows.plot.left <= 400.0 * 0.35 + 16.0);
    }
}
