//! The parts of an axis that values are counted in: words, few numbers as they are, or bins of many.

use super::{
    axis::{Axis, AxisKind, Ruler, word},
    stats::sorted,
};
use crate::figure::Scale;

/// The parts of an axis, all of the same width.
#[derive(Clone, Debug)]
pub(crate) struct Slots {
    /// The axis as it is shown: few numbers have become words.
    pub axis: Axis,
    /// The parts side by side, from 0 to 1.
    pub ruler: Ruler,
    /// The first and the last value of each part.
    pub ends: Vec<(f64, f64)>,
    parts: Parts,
}

#[derive(Clone, Debug)]
enum Parts {
    Words,
    Numbers(Vec<f64>),
    Bins,
}

impl Slots {
    /// One part for each word, or as many bins of numbers as `count` says for the sorted places of the values on their
    /// scale.
    pub fn new(axis: &Axis, values: &[f64], count: impl Fn(&[f64]) -> usize) -> Slots {
        match &axis.kind {
            AxisKind::Category(words) => Slots {
                axis: axis.clone(),
                ruler: Ruler::new(axis, std::iter::empty(), 0.0),
                ends: (0..words.len()).map(|i| (i as f64, i as f64)).collect(),
                parts: Parts::Words,
            },
            AxisKind::Number(scale) => {
                let count = count(&places(*scale, values)).max(1);
                let ruler = Ruler::new(axis, values.iter().copied(), 0.0);
                let edge = |i: usize| ruler.value(i as f64 / count as f64);
                let ends = (0..count).map(|i| (edge(i), edge(i + 1))).collect();
                Slots { axis: axis.clone(), ruler, ends, parts: Parts::Bins }
            }
        }
    }

    /// The same, but where there are at most `few` different numbers, each has a part of its own.
    pub fn few(axis: &Axis, values: &[f64], few: usize, count: impl Fn(&[f64]) -> usize) -> Slots {
        if let AxisKind::Number(scale) = &axis.kind {
            let shown = values.iter().copied().filter(|&value| !scale.apply(value).is_nan());
            // Adding zero makes -0.0 and 0.0 alike.
            let mut numbers = sorted(shown.map(|value| value + 0.0));
            numbers.dedup();
            if numbers.len() <= few {
                let words = numbers.iter().map(|&number| axis.say(number)).collect();
                let axis = Axis::category(axis.label.clone(), words);
                let ruler = Ruler::new(&axis, std::iter::empty(), 0.0);
                let ends = numbers.iter().map(|&number| (number, number)).collect();
                return Slots { axis, ruler, ends, parts: Parts::Numbers(numbers) };
            }
        }
        Slots::new(axis, values, count)
    }

    /// The part in which a value lies.
    pub fn find(&self, value: f64) -> Option<usize> {
        match &self.parts {
            Parts::Words => word(value, self.ends.len()),
            Parts::Numbers(numbers) => numbers.binary_search_by(|n| n.total_cmp(&(value + 0.0))).ok(),
            Parts::Bins => self.at(self.ruler.pixel(value)),
        }
    }

    /// The part at a share of the axis, both ends included.
    pub fn at(&self, share: f64) -> Option<usize> {
        let count = self.ends.len();
        // Rounding may put the highest value a little beyond the end.
        let within = (-1e-9..=1.0 + 1e-9).contains(&share) && count > 0;
        within.then(|| ((share * count as f64) as usize).min(count - 1))
    }

    /// The borders of a part on an axis between two pixels.
    pub fn borders(&self, index: usize, (from, to): (f64, f64)) -> (f64, f64) {
        let border = |i: usize| from + (to - from) * i as f64 / self.ends.len().max(1) as f64;
        (border(index), border(index + 1))
    }
}

/// The places of values on a scale, from the lowest.
fn places(scale: Scale, values: &[f64]) -> Vec<f64> {
    sorted(values.iter().map(|&value| scale.apply(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(slots: &Slots, value: f64, expected: Option<usize>) {
        assert_eq!(slots.find(value), expected, "{value}");
    }

    #[test]
    fn bins_are_equal_on_their_scale() {
        let axis = Axis::number("lr", Scale::Log10);
        let slots = Slots::new(&axis, &[1e-4, 1.0], |_| 4);
        for (value, bin) in [(1e-4, 0), (5e-4, 0), (2e-3, 1), (0.5, 3), (1.0, 3)] {
            check(&slots, value, Some(bin));
        }
        for value in [0.0, f64::NAN, 1e-9, 10.0] {
            check(&slots, value, None);
        }
        assert!((slots.ends[1].0 / 1e-3 - 1.0).abs() < 1e-9);
        assert_eq!(slots.borders(1, (100.0, 500.0)), (200.0, 300.0));
    }

    #[test]
    fn few_numbers_keep_their_names() {
        let axis = Axis::number("batch", Scale::Linear);
        let slots = Slots::few(&axis, &[64.0, 16.0, 64.0, f64::NAN, 256.0], 3, |_| 9);
        assert_eq!(slots.axis.kind, AxisKind::Category(vec!["16".into(), "64".into(), "256".into()]));
        check(&slots, 64.0, Some(1));
        check(&slots, 65.0, None);
        let slots = Slots::few(&axis, &[64.0, 16.0, 64.0, f64::NAN, 256.0], 2, |_| 9);
        assert_eq!((slots.axis, slots.ends.len()), (axis, 9));
    }

    #[test]
    fn words_are_parts() {
        let axis = Axis::category("optimizer", vec!["adam".into(), "sgd".into()]);
        let slots = Slots::few(&axis, &[0.0, 1.0], 0, |_| 9);
        check(&slots, 1.0, Some(1));
        check(&slots, 2.0, None);
        assert_eq!(slots.at(0.6), Some(1));
        assert_eq!(slots.at(1.5), None);
    }
}
