//! The mean of a value over two others, as cells or as filled contours.

use super::{axis::Axis, counted};

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
