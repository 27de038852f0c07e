//! The colour that somebody chose for a run. It is a tag of the run, the one that MLflow's own pages keep it in, so any client
//! may have written anything there: only `#rrggbb` is a colour.

use crate::run::{Run, Tag, tag};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Red, green and blue. It is written as `#2879dc`, whatever the tag looked like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RunColor(pub u8, pub u8, pub u8);

impl FromStr for RunColor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix('#').filter(|digits| {
            // A sign would be a number's, but no colour's.
            digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
        });
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let [_, red, green, blue] =
            code.ok_or_else(|| format!("'{text}' is not a colour as #rrggbb"))?.to_be_bytes();
        Ok(Self(red, green, blue))
    }
}

impl fmt::Display for RunColor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

impl Run {
    /// The colour that somebody chose for it; nothing if it has the one of its place.
    pub fn color(&self) -> Option<RunColor> {
        self.tag(tag::RUN_COLOR)?.parse().ok()
    }

    /// The run as it is once somebody chose this colour, or let go of theirs.
    pub fn set_color(&mut self, color: Option<RunColor>) {
        self.tags.retain(|tag| tag.key != tag::RUN_COLOR);
        if let Some(color) = color {
            // Tags are in the order of their keys.
            let place = self.tags.partition_point(|tag| tag.key.as_str() < tag::RUN_COLOR);
            self.tags.insert(place, Tag { key: tag::RUN_COLOR.to_owned(), value: color.to_string() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_six_digits_are_a_colour() {
        let check = |text: &str, expected: Option<&str>| {
            let read = text.parse::<RunColor>().ok().map(|color| color.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        };
        check("#2879dc", Some("#2879dc"));
        check("#ABCDEF", Some("#abcdef"));
        check("#000000", Some("#000000"));
        check("", None);
        check("2879dc", None);
        check("#2879d", None);
        check("#2879dcff", None);
        check("#fff", None);
        check(" #2879dc", None);
        check("#+879dc", None);
        check("#2879dg", None);
        check("#äöü", None);
        check("red", None);
        check("#2879dc\"/><script>", None);
        check("url(#x)", None);
    }
}
