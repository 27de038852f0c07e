//! Where ticks stand and what they say.

use crate::{
    calendar::{DAY, HOUR, MINUTE, Moment, SECOND},
    figure::Scale,
    number::{axis_labels, decimal, fixed, log_label},
    scale::Span,
};

/// A mark on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// The value, in the axis's unit.
    pub value: f64,
    /// What is written beside it.
    pub label: String,
}

/// The marks of one axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ticks {
    /// With labels.
    pub major: Vec<Tick>,
    /// Hairlines between decades, without labels.
    pub minor: Vec<f64>,
}

/// What the numbers of an axis are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Unit {
    /// Plain numbers.
    Number,
    /// Whole numbers: no tick between 3 and 4.
    Step,
    /// Milliseconds since 1970 UTC.
    Date,
    /// Seconds.
    Duration,
}

/// The ticks of a span, with at most about `most` steps between them.
pub(crate) fn ticks(span: &Span, unit: Unit, most: usize) -> Ticks {
    let most = most.max(1) as f64;
    if span.scale == Scale::Log10 {
        return logarithmic(span, unit, most);
    }
    let major = match unit {
        Unit::Number => numbers(span.lo, span.hi, most, i32::MIN),
        Unit::Step => numbers(span.lo, span.hi, most, 0),
        Unit::Date => dates(span.lo, span.hi, most),
        Unit::Duration => durations(span.lo, span.hi, most),
    };
    Ticks { major, minor: Vec::new() }
}

/// The smallest of 1, 2 or 5 times a power of ten that is not below `least`, as count and power.
fn nice(least: f64) -> (i64, i32) {
    let power = least.log10().floor() as i32;
    let first = least / decimal(1, power);
    match first {
        ..1.000001 => (1, power),
        ..2.000001 => (2, power),
        ..5.000001 => (5, power),
        _ => (1, power + 1),
    }
}

/// The multiples of `step` from `lo` to `hi`, as counts of it. More than a hundred are a mistake and give none.
fn multiples(lo: f64, hi: f64, step: f64) -> std::ops::Range<i64> {
    let (first, last) = ((lo / step - 1e-6).ceil(), (hi / step + 1e-6).floor());
    if step > 0.0 && last - first <= 100.0 && first.abs() < 1e15 {
        first as i64..last as i64 + 1
    } else {
        0..0
    }
}

/// The least distance of ticks, safe from overflow.
fn least_step(lo: f64, hi: f64, most: f64) -> f64 {
    (hi / most - lo / most).min(f64::MAX)
}

/// Counts and power of ten of nice ticks; no finer than ten to `finest`.
fn nice_counts(lo: f64, hi: f64, most: f64, finest: i32) -> (Vec<i64>, i32) {
    let (count, power) = nice(least_step(lo, hi, most));
    let (count, power) = if power < finest { (1, finest) } else { (count, power) };
    let counts = multiples(lo, hi, decimal(count, power)).map(|i| i.saturating_mul(count)).collect();
    (counts, power)
}

fn numbers(lo: f64, hi: f64, most: f64, finest: i32) -> Vec<Tick> {
    let (counts, power) = nice_counts(lo, hi, most, finest);
    let labels = axis_labels(&counts, power);
    counts.iter().zip(labels).map(|(&n, label)| Tick { value: decimal(n, power), label }).collect()
}

fn logarithmic(span: &Span, unit: Unit, most: f64) -> Ticks {
    let decades = (span.lo - 1e-9).ceil() as i32..=(span.hi + 1e-9).floor() as i32;
    let within = |value: f64| (span.lo - 1e-9..=span.hi + 1e-9).contains(&value.log10());
    let around = *decades.start() - 1..=*decades.end();
    let between = |counts: &'static [i64]| {
        around.clone().flat_map(move |power| counts.iter().map(move |&count| (count, power)))
    };
    let marks = |marks: &mut dyn Iterator<Item = (i64, i32)>| -> Vec<Tick> {
        let mark = |(count, power)| Tick { value: decimal(count, power), label: log_label(count, power) };
        marks.map(mark).filter(|tick| within(tick.value)).collect()
    };

    let length = span.hi - span.lo;
    let mut major = if length > most {
        let stride = (length / most).ceil() as i32;
        marks(&mut decades.clone().filter(|power| power % stride == 0).map(|power| (1, power)))
    } else if length * 3.0 <= most && length < 3.0 {
        marks(&mut between(&[1, 2, 5]))
    } else {
        marks(&mut decades.clone().map(|power| (1, power)))
    };
    if major.len() < 2 && length < 2.0 {
        // Within a decade or so the plain ticks say more.
        let (lo, hi) = (span.value(0.0, 0.0, 1.0), span.value(1.0, 0.0, 1.0));
        major = numbers(lo, hi, most, if unit == Unit::Step { 0 } else { i32::MIN });
        major.retain(|tick| tick.value > 0.0);
    }
    let minor = if length <= most && length <= 10.0 {
        between(&[2, 3, 4, 5, 6, 7, 8, 9])
            .map(|(count, power)| decimal(count, power))
            .filter(|&v| within(v))
            .collect()
    } else {
        Vec::new()
    };
    Ticks { major, minor }
}

/// The steps of clocks and calendars in milliseconds, up to weeks; months and years follow.
const CLOCK_STEPS: [i64; 31] = [
    1,
    2,
    5,
    10,
    20,
    50,
    100,
    200,
    500,
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    3 * DAY,
    7 * DAY,
    14 * DAY,
];

fn dates(lo: f64, hi: f64, most: f64) -> Vec<Tick> {
    let (Some(first), Some(last)) = (Moment::from_ms(lo), Moment::from_ms(hi)) else {
        return numbers(lo, hi, most, i32::MIN);
    };
    let least = least_step(lo, hi, most);
    if let Some(&step) = CLOCK_STEPS.iter().find(|&&step| step as f64 >= least) {
        // Weeks start on Mondays; 1970 began on a Thursday.
        let start = if step >= 7 * DAY { 4 * DAY } else { 0 };
        let from_start = multiples(lo - start as f64, hi - start as f64, step as f64);
        let moments =
            from_start.map(|i| i * step + start).filter_map(|ms| Some((ms, Moment::from_ms(ms as f64)?)));
        let label = |m: Moment| if m.time == 0 { m.day_name() } else { m.clock(step) };
        return moments.map(|(ms, moment)| Tick { value: ms as f64, label: label(moment) }).collect();
    }
    let month = 30.44 * DAY as f64;
    let months = [1, 3, 6].into_iter().find(|&n| n as f64 * month >= least).unwrap_or_else(|| {
        let (count, power) = nice(least / (12.0 * month));
        12 * decimal(count, power.max(0)) as i64
    });
    let (first, last) = (first.year * 12 + first.month - 1, last.year * 12 + last.month - 1);
    let starts =
        (first.div_euclid(months)..=last.div_euclid(months)).map(|i| Moment::month_start(0, i * months + 1));
    starts
        .filter(|&ms| (lo..=hi).contains(&(ms as f64)))
        .filter_map(|ms| {
            let moment = Moment::from_ms(ms as f64)?;
            let label =
                if moment.month == 1 { moment.year.to_string() } else { moment.month_name().to_owned() };
            Some(Tick { value: ms as f64, label })
        })
        .collect()
}

fn durations(lo: f64, hi: f64, most: f64) -> Vec<Tick> {
    let least = least_step(lo, hi, most);
    if least <= 0.5 {
        let (counts, power) = nice_counts(lo, hi, most, i32::MIN);
        return counts
            .iter()
            .map(|&n| Tick { value: decimal(n, power), label: duration(n, power) })
            .collect();
    }
    let steps =
        [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];
    let step = steps.into_iter().find(|&step| step as f64 >= least).map_or_else(
        || {
            let (count, power) = nice(least / 86_400.0);
            decimal(count, power) * 86_400.0
        },
        |step| step as f64,
    );
    if hi.abs().max(lo.abs()) > 1e15 {
        return numbers(lo, hi, most, 0);
    }
    let seconds = multiples(lo, hi, step).map(|i| (i as f64 * step) as i64);
    seconds.map(|s| Tick { value: s as f64, label: duration(s, 0) }).collect()
}

/// A duration of `count` times ten to the `power` seconds (`power` at most 0): "0", "0.25s", "1m 30s", "2d 12h".
pub(crate) fn duration(count: i64, power: i32) -> String {
    let second =
        10i64.checked_pow(power.unsigned_abs()).filter(|s| s.checked_mul(60).is_some() && power <= 0);
    let Some(second) = second else { return format!("{}s", axis_labels(&[count], power).concat()) };
    let (sign, count) = (if count < 0 { "-" } else { "" }, count.saturating_abs());
    let (minutes, seconds) = (count / (60 * second), count % (60 * second));
    let mut parts = Vec::new();
    for (number, unit) in [(minutes / 1440, "d"), (minutes / 60 % 24, "h"), (minutes % 60, "m")] {
        if number > 0 {
            parts.push(format!("{number}{unit}"));
        }
    }
    if seconds > 0 {
        parts.push(format!("{}s", fixed(seconds, power)));
    }
    if parts.is_empty() { "0".to_owned() } else { sign.to_owned() + &parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(scale: Scale, unit: Unit, lo: f64, hi: f64, expected: &str) {
        let (lo, hi) = (scale.apply(lo), scale.apply(hi));
        let labels: Vec<String> =
            ticks(&Span { scale, lo, hi }, unit, 5).major.into_iter().map(|t| t.label).collect();
        assert_eq!(labels.join(" | "), expected);
    }

    #[test]
    fn numbers_are_round() {
        check(Scale::Linear, Unit::Number, 0.0, 1.0, "0.0 | 0.2 | 0.4 | 0.6 | 0.8 | 1.0");
        check(Scale::Linear, Unit::Number, 0.08, 0.32, "0.10 | 0.15 | 0.20 | 0.25 | 0.30");
        check(Scale::Linear, Unit::Number, -1e300, 1e300, "-1.0e300 | -0.5e300 | 0 | 0.5e300 | 1.0e300");
        check(Scale::Linear, Unit::Number, 0.0, 18e3, "0 | 5k | 10k | 15k");
        check(Scale::Linear, Unit::Number, 0.0, 3e-5, "0 | 1e-5 | 2e-5 | 3e-5");
        check(Scale::Linear, Unit::Step, 0.0, 2.0, "0 | 1 | 2");
    }

    #[test]
    fn decades_on_a_log_scale() {
        check(Scale::Log10, Unit::Number, 1e-3, 1e2, "0.001 | 0.01 | 0.1 | 1 | 10 | 100");
        check(Scale::Log10, Unit::Number, 1e-300, 1e300, "1e-240 | 1e-120 | 1 | 1e120 | 1e240");
        check(Scale::Log10, Unit::Number, 1.0, 40.0, "1 | 2 | 5 | 10 | 20");
        check(Scale::Log10, Unit::Number, 2.1, 4.9, "3 | 4");
    }

    #[test]
    fn dates_follow_the_calendar() {
        let noon = 1_772_625_600_000.0;
        check(
            Scale::Linear,
            Unit::Date,
            noon,
            noon + 2e3,
            "12:00:00.000 | 12:00:00.500 | 12:00:01.000 | 12:00:01.500 | 12:00:02.000",
        );
        check(
            Scale::Linear,
            Unit::Date,
            noon,
            noon + 6e4,
            "12:00:00 | 12:00:15 | 12:00:30 | 12:00:45 | 12:01:00",
        );
        check(Scale::Linear, Unit::Date, noon, noon + 7.2e7, "12:00 | 18:00 | 5 Mar | 06:00");
        check(Scale::Linear, Unit::Date, noon, noon + 9e8, "5 Mar | 8 Mar | 11 Mar | 14 Mar");
        check(Scale::Linear, Unit::Date, noon, noon + 3e10, "Apr | Jul | Oct | 2027");
        check(Scale::Linear, Unit::Date, 0.0, 1.5e12, "1970 | 1980 | 1990 | 2000 | 2010");
        check(Scale::Linear, Unit::Date, 0.0, 1e300, "0 | 0.2e300 | 0.4e300 | 0.6e300 | 0.8e300 | 1.0e300");
    }

    #[test]
    fn durations_have_units() {
        check(Scale::Linear, Unit::Duration, 0.0, 1.0, "0 | 0.2s | 0.4s | 0.6s | 0.8s | 1.0s");
        check(Scale::Linear, Unit::Duration, 59.0, 61.0, "59.0s | 59.5s | 1m | 1m 0.5s | 1m 1.0s");
        check(Scale::Linear, Unit::Duration, 0.0, 150.0, "0 | 30s | 1m | 1m 30s | 2m | 2m 30s");
        check(Scale::Linear, Unit::Duration, 0.0, 20_000.0, "0 | 2h | 4h");
        check(Scale::Linear, Unit::Duration, 0.0, 864_000.0, "0 | 2d | 4d | 6d | 8d | 10d");
    }
}
