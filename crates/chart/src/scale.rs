//! From values to shares of an axis and back. Everything stays finite, from 5e-324 to 1.8e308.

use crate::figure::Scale;

/// Far outside any canvas, yet small enough to calculate with: where points beyond are put before lines are cut.
const FAR: f64 = 1e12;

/// The log10 of the smallest and the largest positive number.
const LOG_ENDS: (f64, f64) = (-323.0, 308.25);

impl Scale {
    /// Where a value lies on this scale; NaN where it has no place (non-finite, or zero and below on a log scale).
    pub(crate) fn apply(self, value: f64) -> f64 {
        match self {
            _ if !value.is_finite() => f64::NAN,
            Scale::Linear => value,
            Scale::Log10 if value > 0.0 => value.log10(),
            Scale::Log10 => f64::NAN,
        }
    }
}

/// The part of a scale that an axis shows. The ends are on the scale (so they are exponents where it is logarithmic),
/// finite and apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Span {
    pub scale: Scale,
    pub lo: f64,
    pub hi: f64,
}

impl Span {
    /// The span between two places on the scale. Where they are too close to tell apart, they get `alone` of room on
    /// each side (half a decade where the scale is logarithmic).
    pub fn new(scale: Scale, lo: f64, hi: f64, alone: f64) -> Span {
        match scale {
            Scale::Linear => {
                let least = lo.abs().max(hi.abs()) * 1e-10;
                let room = if hi - lo > least { 0.0 } else { alone.max(least) };
                Span { scale, lo: (lo - room).max(-f64::MAX), hi: (hi + room).min(f64::MAX) }
            }
            Scale::Log10 => {
                let room = if hi - lo > 1e-9 { 0.0 } else { 0.5 };
                let (first, last) = LOG_ENDS;
                Span {
                    scale,
                    lo: (lo - room).clamp(first, last - 1.0),
                    hi: (hi + room).clamp(first + 1.0, last),
                }
            }
        }
    }

    /// This span with a share of its length added at both ends. Data on one side of zero stays there.
    pub fn padded(self, share: f64) -> Span {
        let room = self.hi * share - self.lo * share;
        let (mut lo, mut hi) = ((self.lo - room).max(-f64::MAX), (self.hi + room).min(f64::MAX));
        if self.scale == Scale::Linear {
            lo = if self.lo >= 0.0 { lo.max(0.0) } else { lo };
            hi = if self.hi <= 0.0 { hi.min(0.0) } else { hi };
        }
        Span::new(self.scale, lo, hi, 0.0)
    }

    /// Where a place on the scale lies on the axis: 0 at its start, 1 at its end; NaN stays NaN.
    pub fn share(&self, place: f64) -> f64 {
        let length = self.hi - self.lo;
        if length.is_finite() {
            (place - self.lo) / length
        } else {
            (place / 2.0 - self.lo / 2.0) / (self.hi / 2.0 - self.lo / 2.0)
        }
    }

    /// The pixel of a value on an axis that runs from one pixel to another; NaN where it has no place.
    pub fn pixel(&self, value: f64, from: f64, to: f64) -> f64 {
        (from + self.share(self.scale.apply(value)) * (to - from)).clamp(-FAR, FAR)
    }

    /// The value at a pixel: the inverse of [`Span::pixel`].
    pub fn value(&self, pixel: f64, from: f64, to: f64) -> f64 {
        let share = if to == from { 0.0 } else { (pixel - from) / (to - from) };
        let place = self.lo * (1.0 - share) + self.hi * share;
        match self.scale {
            Scale::Linear => place.clamp(-f64::MAX, f64::MAX),
            Scale::Log10 => 10f64.powf(place).clamp(f64::from_bits(1), f64::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(span: Span, value: f64, pixel: f64) {
        assert!(
            (span.pixel(value, 0.0, 100.0) - pixel).abs() < 1e-6,
            "{value} at {}",
            span.pixel(value, 0.0, 100.0)
        );
        assert!((span.value(pixel, 0.0, 100.0) / value - 1.0).abs() < 1e-9);
    }

    #[test]
    fn pixels_and_values_are_inverse() {
        check(Span::new(Scale::Linear, 0.0, 10.0, 1.0), 2.5, 25.0);
        check(Span::new(Scale::Log10, -2.0, 2.0, 1.0), 10.0, 75.0);
        check(Span::new(Scale::Linear, -1.7e308, 1.7e308, 1.0), 0.85e308, 75.0);
    }

    #[test]
    fn equal_ends_get_room() {
        assert_eq!(Span::new(Scale::Linear, 5.0, 5.0, 1.0), Span { scale: Scale::Linear, lo: 4.0, hi: 6.0 });
        assert_eq!(Span::new(Scale::Log10, 2.0, 2.0, 1.0), Span { scale: Scale::Log10, lo: 1.5, hi: 2.5 });
    }

    #[test]
    fn padding_does_not_cross_zero() {
        let padded = Span::new(Scale::Linear, 0.01, 1.0, 1.0).padded(0.05);
        assert_eq!(padded.lo, 0.0);
        assert!(padded.hi > 1.04);
    }

    #[test]
    fn values_without_a_place_have_no_pixel() {
        let log = Span::new(Scale::Log10, 0.0, 1.0, 1.0);
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(log.pixel(value, 0.0, 100.0).is_nan());
        }
    }
}
