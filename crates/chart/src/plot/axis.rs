//! Axes of plots: numbers or words, and where their values lie.

use crate::{
    figure::Scale,
    layout::{alone, range},
    number::format_number,
    scale::Span,
    ticks::{Tick, Ticks, Unit, ticks},
};

/// What an axis shows.
#[derive(Clone, Debug, PartialEq)]
pub enum AxisKind {
    /// Numbers, spread by their differences or their ratios.
    Number(Scale),
    /// Words, in this order. The value of a run is the index of its word.
    Category(Vec<String>),
}

/// One thing that runs differ in: a parameter, the last value of a metric, a duration. Values are `f64` on every axis
/// (the index of a word where it has words); NaN is a missing one.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What it is called.
    pub label: String,
    /// What its values are.
    pub kind: AxisKind,
}

impl Axis {
    /// An axis of numbers.
    pub fn number(label: impl Into<String>, scale: Scale) -> Axis {
        Axis { label: label.into(), kind: AxisKind::Number(scale) }
    }

    /// An axis of words.
    pub fn category(label: impl Into<String>, words: Vec<String>) -> Axis {
        Axis { label: label.into(), kind: AxisKind::Category(words) }
    }

    /// A value as a tooltip says it: "0.001", "adam"; "none" where it is missing.
    pub fn say(&self, value: f64) -> String {
        match &self.kind {
            AxisKind::Number(_) if value.is_nan() => "none".to_owned(),
            AxisKind::Number(_) => format_number(value),
            AxisKind::Category(words) => {
                word(value, words.len()).map_or_else(|| "none".to_owned(), |index| words[index].clone())
            }
        }
    }

    /// Whether a value can be shown: not missing, not infinite, above zero where the scale is logarithmic.
    pub fn has_place(&self, value: f64) -> bool {
        match &self.kind {
            AxisKind::Number(scale) => !scale.apply(value).is_nan(),
            AxisKind::Category(words) => word(value, words.len()).is_some(),
        }
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self.kind, AxisKind::Number(_))
    }
}

/// The index of a word, from the value that stands for it.
pub(crate) fn word(value: f64, count: usize) -> Option<usize> {
    let index = value.round();
    (index >= 0.0 && index < count as f64).then_some(index as usize)
}

/// Where the values of an axis lie on a line from one pixel to another: for the time being from 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ruler {
    span: Span,
    /// How many words there are, where there are words.
    words: Option<usize>,
    from: f64,
    to: f64,
    /// Its numbers are counts: no tick between 3 and 4.
    counts: bool,
    /// No value has a place.
    pub empty: bool,
}

impl Ruler {
    /// The ruler that these values need, with a share of its length added at both ends of numbers.
    pub fn new(axis: &Axis, values: impl Iterator<Item = f64>, padding: f64) -> Ruler {
        let (span, words, empty) = match &axis.kind {
            AxisKind::Number(scale) => {
                let ends = range(values.map(|value| scale.apply(value)));
                let (lo, hi) = ends.unwrap_or((0.0, 1.0));
                let span = Span::new(*scale, lo, hi, alone(lo));
                (if padding > 0.0 { span.padded(padding) } else { span }, None, ends.is_none())
            }
            AxisKind::Category(words) => {
                let last = words.len().max(1) as f64 - 0.5;
                (Span { scale: Scale::Linear, lo: -0.5, hi: last }, Some(words.len()), words.is_empty())
            }
        };
        Ruler { span, words, from: 0.0, to: 1.0, counts: false, empty }
    }

    /// A ruler of counts from zero.
    pub fn counts(axis: &Axis, most: usize) -> Ruler {
        Ruler { counts: true, ..Ruler::new(axis, [0.0, most.max(1) as f64].into_iter(), 0.05) }
    }

    /// The same ruler along other pixels.
    pub fn along(mut self, from: f64, to: f64) -> Ruler {
        (self.from, self.to) = (from, to);
        self
    }

    /// The pixel of a value; NaN where it has no place.
    pub fn pixel(&self, value: f64) -> f64 {
        match self.words {
            Some(count) => word(value, count).map_or(f64::NAN, |index| self.edge(index as f64)),
            None => self.edge(value),
        }
    }

    /// The pixel of the end of an interval, which may lie between two words.
    pub fn edge(&self, value: f64) -> f64 {
        self.span.pixel(value, self.from, self.to)
    }

    /// The pixel of a place on the scale: of an exponent where it is logarithmic.
    pub fn pixel_of_place(&self, place: f64) -> f64 {
        self.from + self.span.share(place) * (self.to - self.from)
    }

    /// The value at a pixel; between two words it is no whole number.
    pub fn value(&self, pixel: f64) -> f64 {
        self.span.value(pixel, self.from, self.to)
    }

    /// The two ends, in pixels.
    pub fn ends(&self) -> (f64, f64) {
        (self.from, self.to)
    }

    /// The ticks of its axis, about `most` of them. Words are left out evenly.
    pub fn ticks(&self, axis: &Axis, most: usize) -> Ticks {
        match &axis.kind {
            _ if self.empty => Ticks::default(),
            AxisKind::Number(_) if self.counts => ticks(&self.span, Unit::Step, most),
            AxisKind::Number(_) => ticks(&self.span, Unit::Number, most),
            AxisKind::Category(words) => {
                let stride = words.len().div_ceil(most.max(1)).max(1);
                let kept = words.iter().enumerate().step_by(stride);
                let major = kept.map(|(i, word)| Tick { value: i as f64, label: word.clone() }).collect();
                Ticks { major, minor: Vec::new() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn optimizers() -> Axis {
        Axis::category("optimizer", vec!["adam".into(), "sgd".into(), "lion".into()])
    }

    #[test]
    fn values_have_words() {
        let rate = Axis::number("lr", Scale::Log10);
        assert_eq!(rate.say(0.001), "0.001");
        assert_eq!(rate.say(f64::NAN), "none");
        assert_eq!(optimizers().say(1.0), "sgd");
        assert_eq!(optimizers().say(3.0), "none");
        assert_eq!(optimizers().say(f64::NAN), "none");
    }

    #[test]
    fn a_place_needs_a_value() {
        let rate = Axis::number("lr", Scale::Log10);
        assert!(rate.has_place(1e-5) && optimizers().has_place(2.0));
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(!rate.has_place(value), "{value}");
        }
        assert!(!optimizers().has_place(-1.0) && !optimizers().has_place(f64::NAN));
    }

    #[test]
    fn words_stand_in_the_middle_of_their_slots() {
        let ruler = Ruler::new(&optimizers(), std::iter::empty(), 0.0).along(0.0, 300.0);
        assert_eq!([0.0, 1.0, 2.0].map(|value| ruler.pixel(value)), [50.0, 150.0, 250.0]);
        assert!(ruler.pixel(3.0).is_nan());
        assert!((ruler.value(200.0) - 1.5).abs() < 1e-9);
        let said: Vec<_> = ruler.ticks(&optimizers(), 2).major.into_iter().map(|t| t.label).collect();
        assert_eq!(said, ["adam", "lion"]);
    }

    #[test]
    fn numbers_lie_between_their_ends() {
        let rate = Axis::number("lr", Scale::Log10);
        let ruler = Ruler::new(&rate, [1e-4, 1e-2, f64::NAN, 0.0].into_iter(), 0.0).along(100.0, 0.0);
        assert!((ruler.pixel(1e-3) - 50.0).abs() < 1e-9);
        assert!((ruler.value(50.0) - 1e-3).abs() < 1e-9);
        assert!(Ruler::new(&rate, [f64::NAN].into_iter(), 0.0).empty);
    }
}
