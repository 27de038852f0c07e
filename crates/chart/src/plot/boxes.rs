//! How values are distributed within groups: box plots and violins.

use super::{axis::Axis, counted};
use crate::color::Rgb;

/// One group of [`Boxes`].
#[derive(Clone, Debug, PartialEq)]
pub struct BoxGroup {
    /// What the group has in common.
    pub label: String,
    /// The values of its runs, in any order; those that the axis can't show are left out.
    pub values: Vec<f64>,
    /// The colour of the group.
    pub ink: Rgb,
}

/// What is drawn for a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BoxKind {
    /// Quartiles, Tukey's whiskers and outliers.
    #[default]
    Box,
    /// The density, with the quartiles within.
    Violin,
}

/// Distributions of groups, one above the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Boxes {
    /// What the values are: an axis of numbers.
    pub value: Axis,
    /// From above.
    pub groups: Vec<BoxGroup>,
    /// What is drawn for each.
    pub kind: BoxKind,
}

impl Boxes {
    pub(crate) fn describe(&self) -> String {
        let values = counted(self.groups.iter().map(|group| group.values.len()).sum(), "value");
        let groups = counted(self.groups.len(), "group");
        format!("Distribution of {}: {values} in {groups}", self.value.label)
    }
}
