//! How often values occur among runs.

use plotters_backend::DrawingBackend;

use super::{
    PlotHit,
    axis::{Axis, Ruler},
    counted,
    grid::Grid,
    legend::{Legend, Piece, Sign},
    notice,
    slots::Slots,
    stats::bin_count,
};
use crate::{
    color::{Rgb, Theme, series_color},
    figure::Scale,
    layout::{MARGIN, Rect},
    paint::{Painted, Pen},
};

/// What the parts of a stacked [`Histogram`] have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct HistogramGroup {
    /// As the legend says it.
    pub label: String,
    /// Its colour.
    pub ink: Rgb,
}

/// Counts of values in bins.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// What is counted: numbers are put in bins, words each have their own.
    pub value: Axis,
    /// The value of each run, with the index of its group. Values that the axis can't show are left out.
    pub items: Vec<(f64, usize)>,
    /// What is stacked, from below. Where there is one group or none, there is no legend.
    pub groups: Vec<HistogramGroup>,
}

impl Histogram {
    pub(crate) fn describe(&self) -> String {
        let shown = self.items.iter().filter(|(value, _)| self.value.has_place(*value)).count();
        let values = counted(shown, "value");
        let groups = match self.groups.len() {
            ..2 => String::new(),
            n => format!(" in {n} groups"),
        };
        format!("Histogram of {}: {values}{groups}", self.value.label)
    }
}

/// The places of a [`Histogram`].
#[derive(Clone, Debug)]
pub(crate) struct HistogramLayout {
    pub grid: Grid,
    legend: Legend,
    slots: Slots,
    /// For each slot how many values of each group lie in it.
    counts: Vec<Vec<usize>>,
}

impl HistogramLayout {
    pub fn new(histogram: &Histogram, area: Rect) -> HistogramLayout {
        let Histogram { value: axis, items, groups } = histogram;
        let values: Vec<f64> = items.iter().map(|(value, _)| *value).collect();
        let slots = Slots::new(axis, &values, bin_count);
        let mut counts = vec![vec![0; groups.len().max(1)]; slots.ends.len()];
        for &(value, group) in items {
            let group = group.min(groups.len().saturating_sub(1));
            if let Some(slot) = slots.find(value).filter(|_| axis.has_place(value)) {
                counts[slot][group] += 1;
            }
        }
        let pieces = if groups.len() > 1 {
            groups.iter().map(|g| Piece { sign: Sign::Swatch(g.ink), text: g.label.clone() }).collect()
        } else {
            Vec::new()
        };
        let legend = Legend::new(pieces, area.left + MARGIN, area.right - MARGIN, area.top + 4.0);
        let below = Rect { top: legend.bottom.min(area.bottom), ..area };
        let highest = counts.iter().map(|groups| groups.iter().sum::<usize>()).max().unwrap_or(0);
        let runs = Axis::number("Runs", Scale::Linear);
        let y = Ruler::counts(&runs, highest);
        let grid = Grid::new(below, (axis, slots.ruler.clone()), (&runs, y));
        HistogramLayout { grid, legend, slots, counts }
    }

    /// The parts of a column from below: the group, its count, and its lower and upper border.
    fn stack(&self, slot: usize) -> impl Iterator<Item = (usize, usize, f64, f64)> {
        let mut below = 0usize;
        let groups = self.counts.get(slot).map(Vec::as_slice).unwrap_or_default();
        groups.iter().enumerate().filter(|(_, count)| **count > 0).map(move |(group, &count)| {
            let bottom = self.grid.y.pixel(below as f64);
            below += count;
            (group, count, bottom, self.grid.y.pixel(below as f64))
        })
    }

    pub fn paint<B: DrawingBackend>(
        &self,
        histogram: &Histogram,
        pen: &mut Pen<B>,
        theme: &Theme,
    ) -> Painted<B> {
        if self.counts.iter().flatten().all(|count| *count == 0) {
            return notice(pen, &self.grid.plot, "No values", theme);
        }
        self.legend.paint(pen, theme)?;
        self.grid.paint(pen, theme, true)?;
        for slot in 0..self.counts.len() {
            let (left, right) = self.slots.borders(slot, self.grid.x.ends());
            let gap = if histogram.value.is_number() { 0.5 } else { (right - left) * 0.1 };
            for (group, _, bottom, top) in self.stack(slot) {
                let ink = histogram.groups.get(group).map_or_else(|| series_color(0), |group| group.ink);
                pen.plate(Rect { left: left + gap, top, right: right - gap, bottom }, ink, 0.85)?;
            }
        }
        // The line under the columns lies above their feet.
        pen.across(self.grid.plot.bottom, self.grid.plot.left, self.grid.plot.right, theme.axis)
    }

    /// The part of the column under the pointer; above a column it is the part on top.
    pub fn hit(&self, x: f64, y: f64) -> Option<PlotHit> {
        let plot = self.grid.plot;
        if !plot.contains(x, y) || plot.width() <= 0.0 {
            return None;
        }
        let bin = self.slots.at((x - plot.left) / plot.width())?;
        let found = self.stack(bin).find(|&(_, _, _, top)| y >= top).or_else(|| self.stack(bin).last());
        let (group, count, ..) = found?;
        let (from, to) = self.slots.ends[bin];
        Some(PlotHit::Bin { bin, group, from, to, count, total: self.counts[bin].iter().sum() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Rect = Rect { left: 0.0, top: 0.0, right: 500.0, bottom: 300.0 };

    fn groups(count: usize) -> Vec<HistogramGroup> {
        let group = |i: usize| HistogramGroup { label: format!("group {i}"), ink: series_color(i) };
        (0..count).map(group).collect()
    }

    fn in_bin(layout: &HistogramLayout, bin: usize, y: f64) -> Option<PlotHit> {
        let (left, right) = layout.slots.borders(bin, layout.grid.x.ends());
        layout.hit((left + right) / 2.0, y)
    }

    #[test]
    fn all_values_are_counted_once() {
        let items: Vec<(f64, usize)> = (0..100).map(|i| (f64::from(i), 0)).chain([(f64::NAN, 0)]).collect();
        let value = Axis::number("loss", Scale::Linear);
        let histogram = Histogram { value, items, groups: Vec::new() };
        let layout = HistogramLayout::new(&histogram, AREA);
        assert_eq!(layout.counts.iter().flatten().sum::<usize>(), 100);
        assert_eq!(histogram.describe(), "Histogram of loss: 100 values");
    }

    #[test]
    fn groups_lie_one_above_the_other() {
        let value = Axis::category("optimizer", vec!["adam".into(), "sgd".into(), "lion".into()]);
        let items = vec![(0.0, 0), (0.0, 1), (0.0, 1), (1.0, 1), (7.0, 0)];
        let layout = HistogramLayout::new(&Histogram { value, items, groups: groups(2) }, AREA);
        let (bottom, top) = (layout.grid.plot.bottom, layout.grid.plot.top);
        let bin = |bin: usize, group: usize, count: usize, total: usize| {
            let at = bin as f64;
            Some(PlotHit::Bin { bin, group, from: at, to: at, count, total })
        };
        assert_eq!(in_bin(&layout, 0, bottom - 1.0), bin(0, 0, 1, 3));
        assert_eq!(in_bin(&layout, 0, top + 30.0), bin(0, 1, 2, 3));
        assert_eq!(in_bin(&layout, 1, top + 1.0), bin(1, 1, 1, 1));
        assert_eq!(in_bin(&layout, 2, bottom - 1.0), None);
        assert_eq!(in_bin(&layout, 0, bottom + 10.0), None);
    }
}
