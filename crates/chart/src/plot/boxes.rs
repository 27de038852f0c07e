//! How values are distributed within groups: box plots and violins.

use plotters::style::text_anchor::HPos;
use plotters_backend::DrawingBackend;

use super::{
    PlotHit,
    axis::{Axis, AxisKind, Ruler},
    counted, notice,
    rows::Rows,
    stats::{Summary, bandwidth, density, sorted, summary},
};
use crate::{
    color::{Rgb, Theme},
    figure::Scale,
    layout::Rect,
    paint::{Painted, Pen},
};

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

/// The places of [`Boxes`].
#[derive(Clone, Debug)]
pub(crate) struct BoxesLayout {
    pub rows: Rows,
    groups: Vec<Placed>,
}

/// One group.
#[derive(Clone, Debug)]
struct Placed {
    summary: Option<Summary>,
    /// The upper half of the violin: pixels along the axis and shares of the greatest density.
    outline: Vec<(f64, f64)>,
}

/// The places along a violin.
const STEPS: usize = 64;

impl BoxesLayout {
    pub fn wanted(boxes: &Boxes) -> u32 {
        Rows::wanted(boxes.groups.len(), if boxes.kind == BoxKind::Box { 34.0 } else { 48.0 })
    }

    pub fn new(boxes: &Boxes, area: Rect) -> BoxesLayout {
        let Boxes { value: axis, groups, kind } = boxes;
        let shown = |group: &BoxGroup| -> Vec<f64> {
            group.values.iter().copied().filter(|&value| axis.has_place(value)).collect()
        };
        let shown: Vec<Vec<f64>> = groups.iter().map(shown).collect();
        let ruler = Ruler::new(axis, shown.iter().flatten().copied(), 0.04);
        let rows = Rows::new(area, groups.iter().map(|group| group.label.as_str()), axis, ruler, 0.0);
        let scale = match &axis.kind {
            AxisKind::Number(scale) => *scale,
            AxisKind::Category(_) => Scale::Linear,
        };
        let placed = shown.iter().map(|values| Placed {
            summary: summary(values),
            outline: if *kind == BoxKind::Violin { outline(values, scale, &rows.ruler) } else { Vec::new() },
        });
        let groups = placed.collect();
        BoxesLayout { rows, groups }
    }

    pub fn paint<B: DrawingBackend>(&self, boxes: &Boxes, pen: &mut Pen<B>, theme: &Theme) -> Painted<B> {
        if self.groups.iter().all(|group| group.summary.is_none()) {
            return notice(pen, &self.rows.plot, "No values", theme);
        }
        self.rows.paint(pen, theme)?;
        for (index, (group, placed)) in boxes.groups.iter().zip(&self.groups).enumerate() {
            let middle = self.rows.middle(index);
            let Some(summary) = &placed.summary else {
                let place = (self.rows.plot.left + 8.0, middle);
                pen.label("no values", place, HPos::Left, theme.muted)?;
                continue;
            };
            match boxes.kind {
                BoxKind::Box => self.paint_box(summary, middle, group.ink, pen, theme)?,
                BoxKind::Violin => {
                    self.paint_violin(summary, &placed.outline, middle, group.ink, pen, theme)?;
                }
            }
        }
        Ok(())
    }

    fn paint_box<B: DrawingBackend>(
        &self,
        summary: &Summary,
        middle: f64,
        ink: Rgb,
        pen: &mut Pen<B>,
        theme: &Theme,
    ) -> Painted<B> {
        let half = (self.rows.row * 0.3).min(14.0);
        let at = |value: f64| self.rows.ruler.pixel(value);
        let (q1, median, q3) = (at(summary.q1), at(summary.median), at(summary.q3));
        for (end, quartile) in [(at(summary.low), q1), (at(summary.high), q3)] {
            pen.path(&[(end, middle), (quartile, middle)], 1.25, ink, 1.0)?;
            pen.path(&[(end, middle - half * 0.5), (end, middle + half * 0.5)], 1.25, ink, 1.0)?;
        }
        let place = Rect { left: q1, top: middle - half, right: q3, bottom: middle + half };
        pen.plate(place, theme.background, 1.0)?;
        pen.plate(place, ink, 0.35)?;
        let corners = [
            (q1, middle - half),
            (q3, middle - half),
            (q3, middle + half),
            (q1, middle + half),
            (q1, middle - half),
        ];
        pen.path(&corners, 1.25, ink, 1.0)?;
        pen.path(&[(median, middle - half), (median, middle + half)], 2.5, theme.text, 1.0)?;
        for &outlier in &summary.outliers {
            pen.dot((at(outlier), middle), 2.5, ink, 0.6)?;
        }
        Ok(())
    }

    fn paint_violin<B: DrawingBackend>(
        &self,
        summary: &Summary,
        outline: &[(f64, f64)],
        middle: f64,
        ink: Rgb,
        pen: &mut Pen<B>,
        theme: &Theme,
    ) -> Painted<B> {
        let half = (self.rows.row * 0.44).min(28.0);
        let at = |value: f64| self.rows.ruler.pixel(value);
        if outline.len() > 2 {
            let above = outline.iter().map(|&(x, share)| (x, middle - share * half));
            let below = outline.iter().rev().map(|&(x, share)| (x, middle + share * half));
            let mut around: Vec<(f64, f64)> = above.chain(below).collect();
            pen.area(&around, ink, 0.35)?;
            around.extend(around.first().copied());
            pen.path(&around, 1.0, ink, 1.0)?;
        } else {
            let x = at(summary.median);
            pen.path(&[(x, middle - half), (x, middle + half)], 2.0, ink, 1.0)?;
        }
        pen.path(&[(at(summary.q1), middle), (at(summary.q3), middle)], 5.0, ink, 1.0)?;
        pen.dot((at(summary.median), middle), 4.0, theme.text, 1.0)?;
        pen.dot((at(summary.median), middle), 2.5, theme.background, 1.0)
    }

    /// The group in whose row the pointer is.
    pub fn hit(&self, y: f64) -> Option<PlotHit> {
        self.rows.index(y).map(PlotHit::Group)
    }

    /// The median of a group.
    pub fn place(&self, index: usize) -> Option<(f64, f64)> {
        let summary = self.groups.get(index)?.summary.as_ref()?;
        Some((self.rows.ruler.pixel(summary.median), self.rows.middle(index)))
    }
}

/// The density of values between the lowest and the highest; empty where they are all alike.
fn outline(values: &[f64], scale: Scale, ruler: &Ruler) -> Vec<(f64, f64)> {
    let values = sorted(values.iter().map(|&value| scale.apply(value)));
    let (Some(&lo), Some(&hi)) = (values.first(), values.last()) else { return Vec::new() };
    let Some(bandwidth) = bandwidth(&values).filter(|_| lo < hi) else { return Vec::new() };
    let share = |step: usize| step as f64 / (STEPS - 1) as f64;
    let place = |step: usize| lo * (1.0 - share(step)) + hi * share(step);
    let heights = density(&values, bandwidth, (0..STEPS).map(place));
    let most = heights.iter().copied().fold(0.0, f64::max);
    if most <= 0.0 {
        return Vec::new();
    }
    let (from, to) = (ruler.pixel_of_place(lo), ruler.pixel_of_place(hi));
    heights
        .iter()
        .enumerate()
        .map(|(step, height)| (from + (to - from) * share(step), height / most))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::series_color;

    const AREA: Rect = Rect { left: 0.0, top: 0.0, right: 500.0, bottom: 300.0 };

    fn boxes(kind: BoxKind, scale: Scale) -> Boxes {
        let group = |label: &str, values: &[f64]| BoxGroup {
            label: label.into(),
            values: values.to_vec(),
            ink: series_color(0),
        };
        let groups = vec![
            group("adam", &[1.0, 2.0, 3.0, 4.0, 100.0, 0.0]),
            group("sgd", &[5.0]),
            group("lion", &[f64::NAN]),
        ];
        Boxes { value: Axis::number("loss", scale), groups, kind }
    }

    #[test]
    fn groups_without_values_have_a_row() {
        let layout = BoxesLayout::new(&boxes(BoxKind::Box, Scale::Linear), AREA);
        assert!(layout.place(0).is_some() && layout.place(1).is_some() && layout.place(2).is_none());
        assert_eq!(layout.hit(layout.rows.middle(2)), Some(PlotHit::Group(2)));
        assert_eq!(layout.hit(2.0), None);
    }

    #[test]
    fn a_log_scale_leaves_zero_out() {
        let layout = BoxesLayout::new(&boxes(BoxKind::Violin, Scale::Log10), AREA);
        assert_eq!(layout.groups[0].summary.as_ref().unwrap().count, 5);
        let outline = &layout.groups[0].outline;
        assert_eq!(outline.len(), STEPS);
        assert!((outline[0].0 - layout.rows.ruler.pixel(1.0)).abs() < 1e-6);
        assert!((outline[STEPS - 1].0 - layout.rows.ruler.pixel(100.0)).abs() < 1e-6);
        assert!(outline.iter().any(|(_, share)| *share == 1.0));
        assert!(layout.groups[1].outline.is_empty());
    }
}
