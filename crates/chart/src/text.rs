//! Text without measuring it: widths from what letters usually take in a sans-serif face, a little on the wide side.

use crate::{
    calendar::{Moment, SECOND},
    figure::XAxis,
    number::format_number,
    ticks::duration,
};

/// The size of labels, in CSS pixels.
pub(crate) const LABEL: f64 = 11.0;
/// The size of the title, in CSS pixels.
pub(crate) const TITLE: f64 = 13.0;

/// About how wide a text of this size is, in the size's unit.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    let share = |c: char| match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | 'I' => 0.3,
        ' ' | 'f' | 't' | 'r' | '/' | '-' | '(' | ')' => 0.4,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.9,
        'A'..='Z' | '…' | '∞' => 0.72,
        c if u32::from(c) >= 0x1100 => 1.05,
        _ => 0.6,
    };
    text.chars().map(share).sum::<f64>() * size
}

/// The text on one line, without characters that an XML document can't hold, cut with "…" to a width.
pub(crate) fn one_line(text: &str, size: f64, most: f64) -> String {
    let clean = |c: char| if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') { ' ' } else { c };
    let text: String = text.chars().map(clean).collect();
    if width(&text, size) <= most {
        return text;
    }
    let mut room = most - width("…", size);
    let mut fitting: String = text
        .chars()
        .take_while(|c| {
            room -= width(c.encode_utf8(&mut [0; 4]), size);
            room >= 0.0
        })
        .collect();
    fitting.truncate(fitting.trim_end().len());
    fitting + "…"
}

/// A place on an x axis in words, for the head of a tooltip: "1200", "4 Mar 2026 12:03:04 UTC", "1h 2m 3.5s".
pub fn format_x(axis: &XAxis, x: f64) -> String {
    match axis {
        XAxis::WallTime => match Moment::from_ms(x) {
            Some(moment) => {
                let step = if moment.time % SECOND == 0 { SECOND } else { 1 };
                format!("{} {} UTC", moment.date(), moment.clock(step))
            }
            None => format_number(x),
        },
        XAxis::RelativeTime(_) if x.is_finite() && x.abs() < 1e12 => {
            if x.abs() >= 60.0 || x.fract() == 0.0 {
                // Tenths of a second are noise beside hours.
                let tenths = (x * 10.0).round() as i64;
                if tenths % 10 == 0 || x.abs() >= 3600.0 {
                    duration(tenths / 10, 0)
                } else {
                    duration(tenths, -1)
                }
            } else {
                format!("{}s", format_number(x))
            }
        }
        XAxis::RelativeTime(_) => format!("{}s", format_number(x)),
        // Steps are counted, never rounded.
        XAxis::Step(_) if x.fract() == 0.0 && x.abs() < 1e15 => (x as i64).to_string(),
        XAxis::Step(_) | XAxis::Metric(..) => format_number(x),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Scale;

    fn check(axis: XAxis, x: f64, text: &str) {
        assert_eq!(format_x(&axis, x), text);
    }

    #[test]
    fn places_have_words() {
        check(XAxis::Step(Scale::Linear), 1_234_567_890.0, "1234567890");
        check(XAxis::WallTime, 1_772_582_645_000.0, "4 Mar 2026 00:04:05 UTC");
        check(XAxis::WallTime, 1_772_582_645_250.0, "4 Mar 2026 00:04:05.250 UTC");
        check(XAxis::WallTime, 1e300, "1e300");
        check(XAxis::RelativeTime(Scale::Linear), 0.25, "0.25s");
        check(XAxis::RelativeTime(Scale::Linear), 92.5, "1m 32.5s");
        check(XAxis::RelativeTime(Scale::Linear), 7261.25, "2h 1m 1s");
        check(XAxis::Metric("lr".into(), Scale::Log10), 0.0001, "0.0001");
    }

    #[test]
    fn long_names_are_cut() {
        assert_eq!(one_line("resnet-50-imagenet-seed-17", LABEL, 80.0), "resnet-50-im…");
        assert_eq!(one_line("short", LABEL, 80.0), "short");
        assert_eq!(one_line("two\nlines\u{0}", LABEL, 800.0), "two lines ");
    }
}
