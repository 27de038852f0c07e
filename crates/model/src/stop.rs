//! Somebody's wish that a run ends. It is a tag of the run: nothing here can reach into a training script, which looks for the tag
//! and decides.

use crate::{Millis, time::rfc3339};

/// The value of the tag: who asked, and when.
pub fn stop_request(by: &str, at: Millis) -> String {
    format!("{by} {}", rfc3339(at))
}

/// Who asked and when, as the tag has it. Any client may have written it: what isn't a time at its end belongs to the name.
pub fn read_stop_request(value: &str) -> (&str, &str) {
    let is_time = |text: &str| text.ends_with('Z') && text.starts_with(|c: char| c.is_ascii_digit());
    value.rsplit_once(' ').filter(|(_, at)| is_time(at)).unwrap_or((value, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_says_who_and_when() {
        let value = stop_request("Alice B.", 1_795_239_012_345);
        assert_eq!(value, "Alice B. 2026-11-21T05:30:12Z");
        assert_eq!(read_stop_request(&value), ("Alice B.", "2026-11-21T05:30:12Z"));
        assert_eq!(read_stop_request("please stop"), ("please stop", ""));
        assert_eq!(read_stop_request(""), ("", ""));
    }
}
