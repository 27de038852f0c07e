//! Times as text. What time it is, nobody here knows.

use crate::Millis;

const DAY: i64 = 86_400_000;

/// Year, month, day of a day since 1970-01-01 (Howard Hinnant's `civil_from_days`).
pub fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// A time as programs write it, to the second: `2026-11-21T05:30:12Z` (RFC 3339).
pub fn rfc3339(at: Millis) -> String {
    let (year, month, day) = civil(at.div_euclid(DAY));
    let seconds = at.rem_euclid(DAY) / 1000;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// A time as Python's `isoformat` writes one of UTC: `2026-11-21T05:30:12.345000+00:00`.
pub fn isoformat(at: Millis) -> String {
    let text = rfc3339(at);
    format!("{}.{:03}000+00:00", text.trim_end_matches('Z'), at.rem_euclid(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_python_writes_them() {
        assert_eq!(isoformat(1_795_239_012_045), "2026-11-21T05:30:12.045000+00:00");
    }

    #[test]
    fn times_are_written_in_utc() {
        let check = |at, text: &str| assert_eq!(rfc3339(at), text);
        check(0, "1970-01-01T00:00:00Z");
        check(951_782_400_000, "2000-02-29T00:00:00Z");
        check(1_795_239_012_345, "2026-11-21T05:30:12Z");
        check(-1, "1969-12-31T23:59:59Z");
    }
}
