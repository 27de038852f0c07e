//! Runs as lines across many axes, which tell what the good ones have in common.

use plotters::style::text_anchor::HPos;
use plotters_backend::DrawingBackend;

use super::{
    PlotHit,
    axis::{Axis, Ruler},
    counted,
    legend::{Coloring, Legend},
    notice,
};
use crate::{
    color::{Rgb, Theme, series_color},
    figure::{Emphasis, Window},
    layout::{MARGIN, Rect},
    paint::{Painted, Pen},
    text::{LABEL, one_line, width},
    ticks::Tick,
};

/// One run of a [`Parallel`].
#[derive(Clone, Debug, PartialEq)]
pub struct ParallelLine {
    /// Its value on each axis, in the axes' order; what is absent at the end is missing.
    pub values: Vec<f64>,
    /// Its colour where no axis gives it.
    pub ink: Rgb,
    /// How much it asks for attention.
    pub emphasis: Emphasis,
}

impl ParallelLine {
    /// A line of the first colour, among equals.
    pub fn new(values: Vec<f64>) -> ParallelLine {
        ParallelLine { values, ink: series_color(0), emphasis: Emphasis::Normal }
    }

    /// Its value on an axis; NaN where it has none.
    pub fn value(&self, axis: usize) -> f64 {
        self.values.get(axis).copied().unwrap_or(f64::NAN)
    }
}

/// Parallel coordinates: axes side by side, a line across them for each run.
#[derive(Clone, Debug, PartialEq)]
pub struct Parallel {
    /// From left to right.
    pub axes: Vec<Axis>,
    /// The runs.
    pub lines: Vec<ParallelLine>,
    /// The index of the axis whose values colour the lines.
    pub color: Option<usize>,
    /// For each axis the values that someone is after, the ends included; what is absent at the end is none. On an axis
    /// of words these are indices: 0.5 to 2.4 are the second and the third word.
    pub brushes: Vec<Option<Window>>,
}

impl Parallel {
    /// For each line whether it passes all brushes. Where a value is missing, a brush lets nothing pass.
    pub fn passing(&self) -> Vec<bool> {
        self.lines.iter().map(|line| self.passes(line)).collect()
    }

    fn passes(&self, line: &ParallelLine) -> bool {
        self.brushes.iter().enumerate().all(|(axis, brush)| {
            let value = line.value(axis);
            brush.is_none_or(|brush| (brush.lo()..=brush.hi()).contains(&value))
        })
    }

    pub(crate) fn describe(&self) -> String {
        let lines = counted(self.lines.len(), "line");
        let names: Vec<&str> = self.axes.iter().map(|axis| axis.label.as_str()).collect();
        let passing = if self.brushes.iter().any(Option::is_some) {
            format!(", {} selected", self.lines.iter().filter(|line| self.passes(line)).count())
        } else {
            String::new()
        };
        format!("Parallel coordinates: {lines} across {}{passing}", names.join(", "))
    }
}

/// The places of a [`Parallel`].
#[derive(Clone, Debug)]
pub(crate) struct ParallelLayout {
    pub plot: Rect,
    legend: Legend,
    coloring: Option<Coloring>,
    columns: Vec<Column>,
    /// Where lines pass that have no value on an axis; `None` where all have all.
    none: Option<f64>,
    /// The heights of each line on all axes, line by line.
    heights: Vec<f64>,
}

/// One axis.
#[derive(Clone, Debug)]
struct Column {
    x: f64,
    ruler: Ruler,
    /// The middle of the name, and the name.
    name: ((f64, f64), String),
    labels: Vec<(f64, String)>,
}

/// Room for a row of names above the axes.
const NAMES: f64 = 16.0;
/// How far under the axes lines without a value pass.
const BENEATH: f64 = 22.0;
/// How near the pointer must come to an axis and to a line.
const REACH: f64 = 8.0;
/// Half the width of a brush.
const BRUSH: f64 = 7.0;

impl ParallelLayout {
    pub fn new(parallel: &Parallel, area: Rect) -> ParallelLayout {
        let Parallel { axes, lines, .. } = parallel;
        let values = |axis: usize| lines.iter().map(move |line| line.value(axis));
        let colored = parallel.color.and_then(|index| Some((index, axes.get(index)?)));
        let coloring = colored.map(|(index, axis)| Coloring::new(axis, values(index)));
        let pieces = match (colored, &coloring) {
            (Some((index, axis)), Some(coloring)) => {
                coloring.pieces(axis, values(index).any(|value| !axis.has_place(value)))
            }
            _ => Vec::new(),
        };
        let legend = Legend::new(pieces, area.left + MARGIN, area.right - MARGIN, area.top + 4.0);
        let missing = axes.iter().enumerate().any(|(i, axis)| values(i).any(|value| !axis.has_place(value)));

        let between = (area.width() - 2.0 * MARGIN) / axes.len().max(2) as f64;
        // Names that are too wide for one row take turns in two.
        let rows = if axes.iter().any(|axis| width(&axis.label, LABEL) > between - 12.0) { 2 } else { 1 };
        let names = legend.bottom + 4.0;
        let top = (names + NAMES * f64::from(rows) + 8.0).min(area.bottom);
        let bottom = (area.bottom - if missing { BENEATH + 12.0 } else { 12.0 }).max(top);

        let mut columns: Vec<Column> = Vec::with_capacity(axes.len());
        for (i, axis) in axes.iter().enumerate() {
            let ruler = Ruler::new(axis, values(i), 0.0).along(bottom, top);
            let every = if axis.is_number() { 36.0 } else { 15.0 };
            let ticks = ruler.ticks(axis, ((bottom - top) / every) as usize);
            let room = (between * 0.6).max(24.0);
            let label = |tick: &Tick| (ruler.pixel(tick.value), one_line(&tick.label, LABEL, room));
            let labels = ticks.major.iter().map(label).collect();
            columns.push(Column { x: 0.0, ruler, name: Default::default(), labels });
        }
        let gutter = columns.first().map_or(0.0, |column| {
            column.labels.iter().map(|(_, label)| width(label, LABEL)).fold(0.0, f64::max) + 12.0
        });
        let gutter = if missing { gutter.max(width("none", LABEL) + 12.0) } else { gutter };
        let left = (area.left + gutter.max(MARGIN)).min(area.right);
        let right = (area.right - MARGIN - BRUSH).max(left);
        let last = columns.len().saturating_sub(1);
        let step = (right - left) / last.max(1) as f64;
        for (i, (column, axis)) in columns.iter_mut().zip(axes).enumerate() {
            column.x = if last == 0 { (left + right) / 2.0 } else { left + step * i as f64 };
            // A name has the room half way to its neighbours in its row, the outer ones that to the borders.
            let half = step * f64::from(rows) / 2.0 - 6.0;
            let from = if i == 0 { area.left + 4.0 } else { column.x - half };
            let to = if i == last { area.right - 4.0 } else { column.x + half };
            let name = one_line(&axis.label, LABEL, to - from);
            let taken = width(&name, LABEL) / 2.0;
            let row = if rows == 2 && i % 2 == 1 { 1.5 } else { 0.5 };
            column.name = ((column.x.min(to - taken).max(from + taken), names + NAMES * row), name);
        }

        let none = missing.then_some(bottom + BENEATH);
        let mut heights = Vec::with_capacity(lines.len() * columns.len());
        for line in lines {
            for (i, column) in columns.iter().enumerate() {
                let y = column.ruler.pixel(line.value(i));
                heights.push(if y.is_nan() { bottom + BENEATH } else { y });
            }
        }
        ParallelLayout { plot: Rect { left, top, right, bottom }, legend, coloring, columns, none, heights }
    }

    /// The heights of one line on all axes.
    fn line(&self, index: usize) -> &[f64] {
        let count = self.columns.len();
        self.heights.get(index * count..(index + 1) * count).unwrap_or_default()
    }

    pub fn paint<B: DrawingBackend>(
        &self,
        parallel: &Parallel,
        pen: &mut Pen<B>,
        theme: &Theme,
    ) -> Painted<B> {
        if self.columns.is_empty() {
            return notice(pen, &self.plot, "No axes", theme);
        }
        self.legend.paint(pen, theme)?;
        // What is dimmed lies beneath; the rest is sorted by colour, so a canvas rarely changes its pen.
        let (mut dimmed, mut normal, mut highlighted) = (Vec::new(), Vec::new(), Vec::new());
        for (index, line) in parallel.lines.iter().enumerate() {
            match line.emphasis {
                _ if !parallel.passes(line) => dimmed.push(index),
                Emphasis::Dimmed => dimmed.push(index),
                Emphasis::Normal => normal.push((self.shade(parallel, line), index)),
                Emphasis::Highlighted => highlighted.push(index),
            }
        }
        normal.sort_unstable();
        let opacity = |count: usize| match count {
            ..100 => 0.85,
            100..1000 => 0.55,
            _ => 0.35,
        };
        let mut path = Vec::with_capacity(self.columns.len());
        let faint = opacity(dimmed.len()) * 0.6;
        for index in dimmed {
            self.follow(index, &mut path);
            pen.path(&path, 1.0, theme.axis, faint)?;
        }
        let strong = opacity(normal.len());
        for (_, index) in normal {
            self.follow(index, &mut path);
            pen.path(&path, 1.25, self.color(parallel, index, theme), strong)?;
        }
        self.paint_axes(parallel, pen, theme)?;
        for index in highlighted {
            self.follow(index, &mut path);
            pen.path(&path, 4.5, theme.background, 1.0)?;
            pen.path(&path, 2.5, self.color(parallel, index, theme), 1.0)?;
        }
        if parallel.lines.is_empty() {
            return notice(pen, &self.plot, "No runs", theme);
        }
        Ok(())
    }

    fn shade(&self, parallel: &Parallel, line: &ParallelLine) -> u16 {
        match (&self.coloring, parallel.color) {
            (Some(coloring), Some(axis)) => coloring.shade(line.value(axis)),
            _ => 0,
        }
    }

    fn color(&self, parallel: &Parallel, index: usize, theme: &Theme) -> Rgb {
        let Some(line) = parallel.lines.get(index) else { return theme.muted };
        match (&self.coloring, parallel.color) {
            (Some(coloring), Some(axis)) => coloring.color(line.value(axis), theme),
            _ => line.ink,
        }
    }

    /// The pixels of a line. On a single axis it is a dash.
    fn follow(&self, index: usize, path: &mut Vec<(f64, f64)>) {
        path.clear();
        path.extend(self.columns.iter().zip(self.line(index)).map(|(column, &y)| (column.x, y)));
        if let [(x, y)] = path[..] {
            path.clear();
            path.extend([(x - 10.0, y), (x + 10.0, y)]);
        }
    }

    fn paint_axes<B: DrawingBackend>(
        &self,
        parallel: &Parallel,
        pen: &mut Pen<B>,
        theme: &Theme,
    ) -> Painted<B> {
        let (top, bottom) = (self.plot.top, self.plot.bottom);
        for (i, column) in self.columns.iter().enumerate() {
            let x = column.x;
            pen.down(x, top, bottom, theme.muted)?;
            for (y, label) in &column.labels {
                // Labels lie on lines: a veil keeps them legible.
                let veil = Rect {
                    left: x - 8.0 - width(label, LABEL),
                    top: y - 7.0,
                    right: x - 4.0,
                    bottom: y + 7.0,
                };
                pen.plate(veil, theme.background, 0.7)?;
                pen.across(*y, x - 3.0, x, theme.muted)?;
                pen.label(label, (x - 6.0, *y), HPos::Right, theme.text)?;
            }
            if let Some(none) = self.none {
                pen.dot((x, none), 2.0, theme.muted, 1.0)?;
            }
            if let Some(brush) = parallel.brushes.get(i).copied().flatten() {
                // An end without a place (zero on a log scale) is that of the axis.
                let a = column.ruler.edge(brush.hi()).max(top).min(bottom);
                let b = column.ruler.edge(brush.lo()).min(bottom).max(top);
                if a < b {
                    let place = Rect { left: x - BRUSH, top: a, right: x + BRUSH, bottom: b };
                    pen.plate(place, theme.text, 0.18)?;
                    pen.across(a, x - BRUSH, x + BRUSH, theme.text)?;
                    pen.across(b, x - BRUSH, x + BRUSH, theme.text)?;
                }
            }
            let (middle, name) = &column.name;
            pen.label(name, *middle, HPos::Center, theme.text)?;
        }
        if let (Some(none), Some(first)) = (self.none, self.columns.first()) {
            pen.label("none", (first.x - 6.0, none), HPos::Right, theme.muted)?;
        }
        Ok(())
    }

    /// The value of an axis at a height, within its ends.
    pub fn value(&self, axis: usize, y: f64) -> Option<f64> {
        let column = self.columns.get(axis)?;
        Some(column.ruler.value(y.clamp(self.plot.top, self.plot.bottom)))
    }

    /// How far to the right an axis stands.
    pub fn x(&self, axis: usize) -> Option<f64> {
        self.columns.get(axis).map(|column| column.x)
    }

    /// The height of a value of an axis, within its ends; at its foot where the value has no place.
    pub fn height(&self, axis: usize, value: f64) -> Option<f64> {
        let edge = self.columns.get(axis)?.ruler.edge(value);
        Some(edge.min(self.plot.bottom).max(self.plot.top))
    }

    /// The axis near the pointer, or the nearest line that passes all brushes.
    pub fn hit(&self, parallel: &Parallel, x: f64, y: f64) -> Option<PlotHit> {
        let Rect { top, bottom, .. } = self.plot;
        let near = |column: &Column| (column.x - x).abs() <= REACH && y >= top - REACH && y <= bottom + REACH;
        if let Some(axis) = self.columns.iter().position(near) {
            return self.value(axis, y).map(|value| PlotHit::Axis { axis, value });
        }
        let after = self.columns.iter().position(|column| column.x > x).filter(|&after| after > 0)?;
        let (a, b) = (self.columns[after - 1].x, self.columns[after].x);
        let share = (x - a) / (b - a);
        let mut best: Option<(f64, usize)> = None;
        for (index, line) in parallel.lines.iter().enumerate() {
            let [from, to] = self.line(index).get(after - 1..=after).unwrap_or_default() else { continue };
            // The distance to the line itself, not the one straight down: lines may be steep.
            let slope = (to - from) / (b - a);
            let away = (from + share * (to - from) - y).abs() / 1f64.hypot(slope);
            if away <= REACH && best.is_none_or(|(least, _)| away <= least) && parallel.passes(line) {
                best = Some((away, index));
            }
        }
        best.map(|(_, index)| PlotHit::Item(index))
    }

    /// Where a line starts.
    pub fn place(&self, index: usize) -> Option<(f64, f64)> {
        Some((self.columns.first()?.x, *self.line(index).first()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Scale;

    const AREA: Rect = Rect { left: 0.0, top: 0.0, right: 620.0, bottom: 400.0 };

    fn parallel() -> Parallel {
        let axes = vec![
            Axis::number("lr", Scale::Log10),
            Axis::category("optimizer", vec!["adam".into(), "sgd".into()]),
            Axis::number("loss", Scale::Linear),
        ];
        let lines = [vec![1e-4, 0.0, 0.5], vec![1e-2, 1.0, 0.9], vec![1e-3, f64::NAN, 0.1], vec![1e-3, 1.0]];
        let lines = lines.into_iter().map(ParallelLine::new).collect();
        Parallel { axes, lines, color: Some(2), brushes: Vec::new() }
    }

    fn check_passing(brushes: Vec<Option<Window>>, expected: [bool; 4]) {
        assert_eq!(Parallel { brushes, ..parallel() }.passing(), expected);
    }

    #[test]
    fn lines_pass_all_brushes() {
        check_passing(vec![], [true; 4]);
        check_passing(vec![Window::new(5e-4, 1e-2)], [false, true, true, true]);
        check_passing(vec![None, Window::new(0.5, 1.5)], [false, true, false, true]);
        check_passing(vec![None, Window::new(0.5, 1.5), Window::new(0.0, 2.0)], [false, true, false, false]);
    }

    #[test]
    fn missing_values_lie_beneath_the_axes() {
        let layout = ParallelLayout::new(&parallel(), AREA);
        let none = layout.none.unwrap();
        assert!(none > layout.plot.bottom);
        assert_eq!(layout.line(2)[1], none);
        assert_eq!(layout.line(3)[2], none);
        assert!(layout.line(0).iter().all(|y| *y <= layout.plot.bottom));
        assert_eq!(layout.line(4), [0.0; 0]);
    }

    #[test]
    fn axes_and_lines_are_hit() {
        let mut parallel = parallel();
        let layout = ParallelLayout::new(&parallel, AREA);
        let (first, second) = (layout.columns[0].x, layout.columns[1].x);
        let Some(PlotHit::Axis { axis, value }) = layout.hit(&parallel, first + 3.0, layout.plot.top) else {
            panic!("no axis")
        };
        assert_eq!(axis, 0);
        assert!((value / 1e-2 - 1.0).abs() < 1e-9);
        assert_eq!(layout.value(2, layout.plot.bottom + 500.0), Some(0.1));
        assert_eq!((layout.x(0), layout.x(3)), (Some(first), None));
        assert_eq!(layout.height(2, 0.1), Some(layout.plot.bottom));
        assert_eq!(layout.height(0, 0.0), Some(layout.plot.bottom));

        let middle = (layout.line(1)[0] + layout.line(1)[1]) / 2.0;
        assert_eq!(layout.hit(&parallel, (first + second) / 2.0, middle), Some(PlotHit::Item(1)));
        parallel.brushes = vec![Window::new(1e-4, 2e-4)];
        assert_eq!(layout.hit(&parallel, (first + second) / 2.0, middle), None);
        assert_eq!(layout.hit(&parallel, 2.0, 200.0), None);
    }

    #[test]
    fn the_sentence_counts_what_is_selected() {
        let parallel = Parallel { brushes: vec![Window::new(5e-4, 1e-2)], ..parallel() };
        let said = "Parallel coordinates: 4 lines across lr, optimizer, loss, 3 selected";
        assert_eq!(parallel.describe(), said);
    }
}
