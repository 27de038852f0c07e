//! A bar for each run or group.

use super::counted;
use crate::{
    color::{Rgb, series_color},
    figure::Emphasis,
    number::format_number,
};

/// One bar of [`Bars`].
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// The run or the group.
    pub label: String,
    /// How long the bar is; no bar where it is not finite.
    pub value: f64,
    /// What the value is uncertain by, from the lower to the upper end.
    pub whisker: Option<(f64, f64)>,
    /// The colour of the bar.
    pub ink: Rgb,
    /// How much it asks for attention.
    pub emphasis: Emphasis,
}

impl Bar {
    /// A bar of the first colour, among equals, without a whisker.
    pub fn new(label: impl Into<String>, value: f64) -> Bar {
        Bar { label: label.into(), value, whisker: None, ink: series_color(0), emphasis: Emphasis::Normal }
    }
}

/// Horizontal bars from zero, one above the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bars {
    /// What the values are.
    pub label: String,
    /// From above.
    pub bars: Vec<Bar>,
}

impl Bars {
    pub(crate) fn describe(&self) -> String {
        let shown = || self.bars.iter().filter(|bar| bar.value.is_finite());
        let most = shown().max_by(|a, b| a.value.total_cmp(&b.value));
        let least = shown().min_by(|a, b| a.value.total_cmp(&b.value));
        let bars = counted(self.bars.len(), "bar");
        match (least, most) {
            (Some(least), Some(most)) => format!(
                "{}: {bars}, least {} ({}), most {} ({})",
                self.label,
                format_number(least.value),
                least.label,
                format_number(most.value),
                most.label
            ),
            _ => format!("{}: no values", self.label),
        }
    }
}
