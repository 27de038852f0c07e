//! How often values occur among runs.

use super::{axis::Axis, counted};
use crate::color::Rgb;

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
