//! Numbers as text. Ticks are whole numbers times a power of ten until the last moment, so no label ever shows
//! 0.30000000000000004.

/// A number for tooltips and tables: up to six significant digits, whole numbers below a billion in full, a power of
/// ten below 0.0001 and from a million on ("1.23457e6"), and "NaN", "∞", "-∞".
pub fn format_number(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞" } else { "-∞" }.to_owned();
    }
    if value.fract() == 0.0 && value.abs() < 1e9 {
        return format!("{}", value as i64);
    }
    // Rust's own rounding to six digits: "-1.23457e-5".
    let text = format!("{value:.5e}");
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |m| ("-", m));
    let digits: i64 = mantissa.replace('.', "").parse().unwrap_or(0);
    let number = if (-4..6).contains(&power) {
        without_zeros(&fixed(digits, power - 5)).to_owned()
    } else {
        format!("{}e{power}", without_zeros(&fixed(digits, -5)))
    };
    format!("{sign}{number}")
}

/// A count with commas: "50,000".
pub(crate) fn group(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `count` times ten to the `power`, as close as a double comes.
pub(crate) fn decimal(count: i64, power: i32) -> f64 {
    format!("{count}e{power}").parse().unwrap_or(0.0)
}

/// `count` times ten to the `power`, written out, with exactly `-power` decimals where that is positive.
pub(crate) fn fixed(count: i64, power: i32) -> String {
    let sign = if count < 0 { "-" } else { "" };
    let digits = count.unsigned_abs().to_string();
    if power >= 0 {
        let zeros = if count == 0 { 0 } else { power as usize };
        return format!("{sign}{digits}{}", "0".repeat(zeros));
    }
    let decimals = power.unsigned_abs() as usize;
    let digits = format!("{digits:0>width$}", width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    format!("{sign}{whole}.{fraction}")
}

fn without_zeros(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

/// The labels of the ticks `counts` times ten to the `power`: as short as exactness allows, all with the same precision
/// and the same unit ("0.00, 0.05, 0.10"; "0, 5k, 10k"; "0.5e-5, 1.0e-5").
pub(crate) fn axis_labels(counts: &[i64], power: i32) -> Vec<String> {
    let (mut counts, mut power) = (counts.to_vec(), power);
    let Some(largest) = counts.iter().map(|n| n.unsigned_abs()).max().filter(|&n| n > 0) else {
        return vec!["0".to_owned(); counts.len()];
    };
    while counts.iter().all(|n| n % 10 == 0) {
        counts.iter_mut().for_each(|n| *n /= 10);
        power += 1;
    }
    // The place of the first digit of the largest label does not change with the zeros taken away.
    let largest = counts.iter().map(|n| n.unsigned_abs()).max().unwrap_or(largest);
    let magnitude = largest.ilog10() as i32 + power;
    let (shift, suffix) = match magnitude {
        4..15 => {
            let units = [(12, "T"), (9, "G"), (6, "M"), (3, "k")];
            let short = |&(shift, _): &(i32, &str)| shift <= magnitude && shift - power <= 2;
            units.into_iter().find(short).map_or((0, String::new()), |(shift, unit)| (shift, unit.to_owned()))
        }
        -4..4 => (0, String::new()),
        _ => (magnitude, format!("e{magnitude}")),
    };
    let label = |&n: &i64| if n == 0 { "0".to_owned() } else { fixed(n, power - shift) + &suffix };
    let zero = |n: &i64| if suffix.is_empty() { fixed(*n, (power - shift).min(0)) } else { "0".to_owned() };
    counts.iter().map(|n| if *n == 0 { zero(n) } else { label(n) }).collect()
}

/// The label of a tick on a logarithmic axis: `count` (1 to 9) times ten to the `power`.
pub(crate) fn log_label(count: i64, power: i32) -> String {
    match power {
        -3..4 => fixed(count, power),
        4..15 => {
            let (unit, shift) = [("k", 3), ("M", 6), ("G", 9), ("T", 12)][(power as usize / 3 - 1).min(3)];
            format!("{}{unit}", fixed(count, power - shift))
        }
        _ => format!("{count}e{power}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(value: f64, text: &str) {
        assert_eq!(format_number(value), text);
    }

    #[test]
    fn numbers_are_short_and_right() {
        check(0.1 + 0.2, "0.3");
        check(0.0, "0");
        check(-0.0, "0");
        check(1.0, "1");
        check(-2.5, "-2.5");
        check(2.0 / 3.0, "0.666667");
        check(0.001, "0.001");
        check(0.00012, "0.00012");
        check(1e-5, "1e-5");
        check(-1.234567e-9, "-1.23457e-9");
        check(123456.7, "123457");
        check(999999.9, "1e6");
        check(123_456_789.0, "123456789");
        check(1234567.8, "1.23457e6");
        check(1e300, "1e300");
        check(f64::NAN, "NaN");
        check(f64::INFINITY, "∞");
        check(f64::NEG_INFINITY, "-∞");
    }

    fn check_axis(counts: &[i64], power: i32, labels: &[&str]) {
        assert_eq!(axis_labels(counts, power), labels);
    }

    #[test]
    fn labels_of_one_axis_have_one_precision() {
        check_axis(&[0, 5, 10], -2, &["0.00", "0.05", "0.10"]);
        check_axis(&[-5, 0, 5], 0, &["-5", "0", "5"]);
        check_axis(&[0, 5, 10, 15], 3, &["0", "5k", "10k", "15k"]);
        check_axis(&[0, 5, 10, 15], 5, &["0", "0.5M", "1.0M", "1.5M"]);
        check_axis(&[0, 2000, 4000], 0, &["0", "2000", "4000"]);
        check_axis(&[123450, 123452], 0, &["123450", "123452"]);
        check_axis(&[5, 10, 15], -6, &["0.5e-5", "1.0e-5", "1.5e-5"]);
        check_axis(&[0, 1, 2], 300, &["0", "1e300", "2e300"]);
        check_axis(&[0], 0, &["0"]);
        check_axis(&[], 0, &[]);
    }

    #[test]
    fn log_labels_are_short() {
        let labels: Vec<String> = [-5, -3, 0, 3, 4, 6, 15].iter().map(|&p| log_label(1, p)).collect();
        assert_eq!(labels, ["1e-5", "0.001", "1", "1000", "10k", "1M", "1e15"]);
        assert_eq!(log_label(2, 5), "200k");
    }

    proptest! {
        #[test]
        fn numbers_read_back_to_six_digits(value in prop::num::f64::NORMAL) {
            let read: f64 = format_number(value).parse().unwrap();
            prop_assert!(((read - value) / value).abs() <= 5.1e-6, "{value} became {read}");
        }
    }
}
