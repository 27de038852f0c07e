//! A bar for each run or group.

use plotters::style::text_anchor::HPos;
use plotters_backend::DrawingBackend;

use super::{
    PlotHit,
    axis::{Axis, Ruler},
    counted, notice,
    rows::Rows,
};
use crate::{
    color::{Rgb, Theme, series_color},
    figure::{Emphasis, Scale},
    layout::Rect,
    number::format_number,
    paint::{Painted, Pen},
    text::{LABEL, width},
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

/// The places of [`Bars`].
#[derive(Clone, Debug)]
pub(crate) struct BarsLayout {
    pub rows: Rows,
    /// The ends of the bars; NaN where there is none.
    ends: Vec<f64>,
}

/// The height of a row.
const ROW: f64 = 22.0;

impl BarsLayout {
    pub fn wanted(bars: &Bars) -> u32 {
        Rows::wanted(bars.bars.len(), ROW)
    }

    pub fn new(bars: &Bars, area: Rect) -> BarsLayout {
        let axis = Axis::number(bars.label.clone(), Scale::Linear);
        let values = bars.bars.iter().flat_map(|bar| {
            let (lo, hi) = bar.whisker.unwrap_or((bar.value, bar.value));
            [bar.value, lo, hi]
        });
        // Bars are as long as their values only if they start at zero.
        let ruler = Ruler::new(&axis, values.chain([0.0]), 0.05);
        let beside = bars.bars.iter().map(|bar| width(&said(bar), LABEL)).fold(0.0, f64::max) + 8.0;
        let rows = Rows::new(area, bars.bars.iter().map(|bar| bar.label.as_str()), &axis, ruler, beside);
        let ends = bars.bars.iter().map(|bar| rows.ruler.pixel(bar.value)).collect();
        BarsLayout { rows, ends }
    }

    pub fn paint<B: DrawingBackend>(&self, bars: &Bars, pen: &mut Pen<B>, theme: &Theme) -> Painted<B> {
        let plot = self.rows.plot;
        if bars.bars.is_empty() {
            return notice(pen, &plot, "No runs", theme);
        }
        self.rows.paint(pen, theme)?;
        let zero = self.rows.ruler.pixel(0.0);
        let half = (self.rows.row * 0.34).clamp(0.5, 12.0);
        let labelled = self.rows.row >= 11.0;
        for (index, (bar, &end)) in bars.bars.iter().zip(&self.ends).enumerate() {
            let middle = self.rows.middle(index);
            let opacity = match bar.emphasis {
                Emphasis::Dimmed => 0.25,
                Emphasis::Normal => 0.85,
                Emphasis::Highlighted => 1.0,
            };
            if !end.is_nan() {
                let (left, right) = (zero.min(end), zero.max(end));
                let place = Rect { left, top: middle - half, right, bottom: middle + half };
                pen.plate(place, bar.ink, opacity)?;
            }
            if let Some((lo, hi)) = bar.whisker {
                let (lo, hi) = (self.rows.ruler.pixel(lo), self.rows.ruler.pixel(hi));
                if !lo.is_nan() && !hi.is_nan() {
                    let cap = half * 0.6;
                    pen.path(&[(lo, middle), (hi, middle)], 1.25, theme.text, opacity)?;
                    for end in [lo, hi] {
                        pen.path(&[(end, middle - cap), (end, middle + cap)], 1.25, theme.text, opacity)?;
                    }
                }
            }
            if labelled {
                let color = if bar.emphasis == Emphasis::Highlighted { theme.text } else { theme.muted };
                pen.label(&said(bar), (plot.right + 8.0, middle), HPos::Left, color)?;
            }
        }
        pen.down(zero, plot.top, plot.bottom, theme.muted)
    }

    /// The bar in whose row the pointer is.
    pub fn hit(&self, y: f64) -> Option<PlotHit> {
        self.rows.index(y).map(PlotHit::Item)
    }

    /// The end of a bar.
    pub fn place(&self, index: usize) -> Option<(f64, f64)> {
        let end = self.ends.get(index).copied().filter(|end| !end.is_nan())?;
        Some((end, self.rows.middle(index)))
    }
}

/// The value as it stands beside the bar.
fn said(bar: &Bar) -> String {
    if bar.value.is_nan() { "none".to_owned() } else { format_number(bar.value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Rect = Rect { left: 0.0, top: 0.0, right: 500.0, bottom: 200.0 };

    fn bars(values: &[f64]) -> Bars {
        let bars = values.iter().enumerate().map(|(i, &value)| Bar::new(format!("run-{i}"), value));
        Bars { label: "val/loss".into(), bars: bars.collect() }
    }

    #[test]
    fn bars_start_at_zero() {
        let layout = BarsLayout::new(&bars(&[10.0, 11.0]), AREA);
        assert_eq!(layout.rows.ruler.pixel(0.0), layout.rows.plot.left);
        let layout = BarsLayout::new(&bars(&[-3.0, 5.0]), AREA);
        let zero = layout.rows.ruler.pixel(0.0);
        assert!(layout.ends[0] < zero && zero < layout.ends[1]);
        let layout = BarsLayout::new(&bars(&[-3.0, -5.0]), AREA);
        assert!((layout.rows.ruler.pixel(0.0) - layout.rows.plot.right).abs() < 1e-9);
    }

    #[test]
    fn whiskers_have_room() {
        let mut bars = bars(&[10.0]);
        bars.bars[0].whisker = Some((8.0, 20.0));
        let layout = BarsLayout::new(&bars, AREA);
        assert!(layout.rows.ruler.pixel(20.0) < layout.rows.plot.right);
    }

    #[test]
    fn a_run_without_a_value_has_a_row_without_a_bar() {
        let layout = BarsLayout::new(&bars(&[1.0, f64::NAN, f64::INFINITY]), AREA);
        assert!(layout.place(0).is_some() && layout.place(1).is_none() && layout.place(2).is_none());
        assert_eq!(layout.hit(layout.rows.middle(1)), Some(PlotHit::Item(1)));
        assert_eq!(layout.hit(199.0), None);
    }

    #[test]
    fn the_sentence_names_the_ends() {
        let said = "val/loss: 3 bars, least 0.1 (run-1), most 0.5 (run-0)";
        assert_eq!(bars(&[0.5, 0.1, f64::NAN]).describe(), said);
        assert_eq!(bars(&[f64::NAN]).describe(), "val/loss: no values");
    }
}
