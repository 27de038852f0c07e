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

/// As [`rfc3339`], with milliseconds where there are any.
pub fn rfc3339_millis(at: Millis) -> String {
    let seconds = rfc3339(at);
    match at.rem_euclid(1000) {
        0 => seconds,
        millis => format!("{}.{millis:03}Z", seconds.trim_end_matches('Z')),
    }
}

/// Reads a time of RFC 3339. What is finer than milliseconds is dropped.
pub fn parse_rfc3339(text: &str) -> Option<Millis> {
    let (date, rest) = text.split_once(['T', 't', ' '])?;
    let (time, offset) = split_offset(rest)?;
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [year, month, day] = three_numbers(date, '-')?;
    let [hour, minute, second] = three_numbers(clock, ':')?;
    let fits = year <= 9999
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(3);
    let millis = digits.fold(0, |sum, digit| sum * 10 + i64::from(digit.wrapping_sub(b'0')));
    let seconds = (hour * 60 + minute - offset) * 60 + second;
    fits.then(|| days(year, month, day) * DAY + seconds * 1000 + millis)
}

/// The time of day, and by how many minutes its clock is before UTC.
fn split_offset(text: &str) -> Option<(&str, i64)> {
    if let Some(time) = text.strip_suffix(['Z', 'z']) {
        return Some((time, 0));
    }
    let at = text.rfind(['+', '-'])?;
    let (hours, minutes) = text[at + 1..].split_once(':')?;
    let offset = i64::from(hours.parse::<u8>().ok()?) * 60 + i64::from(minutes.parse::<u8>().ok()?);
    Some((&text[..at], if text[at..].starts_with('-') { -offset } else { offset }))
}

fn three_numbers(text: &str, between: char) -> Option<[i64; 3]> {
    let is_number = |part: &&str| part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts =
        text.split(between).map(|part| Some(part).filter(is_number).and_then(|part| part.parse().ok()));
    let found = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(found)
}

/// Days from 1970-01-01 to this one: the reverse of [`civil`].
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
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

    #[test]
    fn what_is_written_to_the_millisecond_reads_back() {
        let check = |at, text: &str| {
            assert_eq!(rfc3339_millis(at), text);
            assert_eq!(parse_rfc3339(text), Some(at));
        };
        check(0, "1970-01-01T00:00:00Z");
        check(951_782_400_007, "2000-02-29T00:00:00.007Z");
        check(1_795_239_012_345, "2026-11-21T05:30:12.345Z");
        check(-1, "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn times_come_in_many_spellings() {
        let check = |text, expected| assert_eq!(parse_rfc3339(text), expected, "{text}");
        check("2026-11-21T05:30:12.345678901Z", Some(1_795_239_012_345));
        check("2026-11-21T06:30:12.3+01:00", Some(1_795_239_012_300));
        check("2026-11-21 00:30:12-05:00", Some(1_795_239_012_000));
        for bad in
            ["", "now", "2026-11-21", "2026-13-01T00:00:00Z", "2026-11-21T05:30:12", "2026-11-21T05:30Z"]
        {
            check(bad, None);
        }
        check("2026-11-21T05:30:12.Z", None);
        check("2026-11-21T05:30:12+99999:00", None);
    }
}
