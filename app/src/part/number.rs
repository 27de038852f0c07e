use leptos::prelude::*;
use std::cmp::Ordering;

/// A value in six digits, in full when pointed at.
#[component]
pub fn Number(
    /// The value; NaN and infinities are shown as such.
    value: f64,
) -> AnyView {
    let short = chart::format_number(value);
    let full = value.to_string();
    let title = (full != short).then_some(full);
    let odd = !value.is_finite();
    view! { <span class="number" class:odd=odd title=title>{short}</span> }.into_any()
}

/// A count with thousands apart: `50,000`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A count of things: `1 run`, `2 runs`.
pub fn counted(number: u64, one: &str) -> String {
    format!("{} {one}{}", count(number), if number == 1 { "" } else { "s" })
}

/// Texts as people sort them: numbers first, as numbers.
pub fn by_number(a: &str, b: &str) -> Ordering {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    match (number(a), number(b)) {
        (Some(x), Some(y)) => x.total_cmp(&y).then_with(|| a.cmp(b)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

/// A size of a file.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_sizes_read_easily() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(counted(1, "run"), "1 run");
        assert_eq!(counted(2_000, "run"), "2,000 runs");
        assert_eq!(size(999), "999 B");
        assert_eq!(size(1_500), "1.5 kB");
        assert_eq!(size(999_999), "1.0 MB");
        assert_eq!(size(5_000_000_000_000_000), "5000.0 TB");
    }
}
