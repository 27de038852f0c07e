//! Runs as lines across many axes, which tell what the good ones have in common.

use super::{axis::Axis, counted};
use crate::{
    color::{Rgb, series_color},
    figure::{Emphasis, Window},
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
