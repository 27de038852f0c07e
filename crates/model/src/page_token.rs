//! Where the next page of a search begins, as clients carry it: base64 of `{"offset": N}`, as MLflow writes it.
//!
//! Clients don't look inside, but tokens of MLflow's own SQL store read here as well.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::name::python_repr_bytes;

/// How many results of a search come before a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageToken {
    /// At most `i64::MAX`, the most that a database can skip.
    pub offset: u64,
}

/// Why a text is no page token. On the wire it is INVALID_PARAMETER_VALUE.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PageTokenError {
    /// What is wrong, in MLflow's words.
    pub message: String,
}

impl PageToken {
    /// The text for clients. The first page has none: its text is empty.
    pub fn encode(self) -> String {
        match self.offset {
            0 => String::new(),
            offset => STANDARD.encode(format!("{{\"offset\": {offset}}}")),
        }
    }

    /// Reads what a client sent. An empty text is the first page.
    ///
    /// # Errors
    /// The text is no base64, holds something else than an offset, or an offset that no page begins with.
    pub fn decode(token: &str) -> Result<PageToken, PageTokenError> {
        if token.is_empty() {
            return Ok(PageToken::default());
        }
        let invalid = |reason: String| PageTokenError { message: format!("Invalid page token, {reason}") };
        let bytes = STANDARD.decode(token).map_err(|_| invalid("could not base64-decode".to_owned()))?;
        let digits = std::str::from_utf8(&bytes)
            .ok()
            .and_then(offset_digits)
            .ok_or_else(|| invalid(format!("decoded value={}", python_repr_bytes(&bytes))))?;
        match digits.parse::<i64>() {
            Ok(offset) if offset > 0 => Ok(PageToken { offset: offset.unsigned_abs() }),
            _ => Err(invalid(format!("parsed value={{'offset': {digits}}}"))),
        }
    }
}

/// The number in `{"offset": N}`, with blanks between the pieces or without.
fn offset_digits(json: &str) -> Option<&str> {
    let members = json.trim().strip_prefix('{')?.strip_suffix('}')?.trim();
    let value = members.strip_prefix("\"offset\"")?.trim_start().strip_prefix(':')?.trim();
    let digits = value.strip_prefix('-').unwrap_or(value);
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then_some(value)
}

#[cfg(test)]
mod test {
    use proptest::prelude::*;

    use super::PageToken;

    fn check(token: &str, expected: Result<u64, &str>) {
        let read = PageToken::decode(token).map(|token| token.offset).map_err(|error| error.message);
        assert_eq!(read, expected.map_err(str::to_owned), "{token}");
    }

    #[test]
    fn tokens_are_those_of_mlflow() {
        assert_eq!(PageToken { offset: 2 }.encode(), "eyJvZmZzZXQiOiAyfQ==");
        check("eyJvZmZzZXQiOiAyfQ==", Ok(2));
        // {"offset":2}
        check("eyJvZmZzZXQiOjJ9", Ok(2));
    }

    #[test]
    fn the_first_page_needs_no_token() {
        assert_eq!(PageToken::default().encode(), "");
        check("", Ok(0));
    }

    #[test]
    fn a_bad_token_is_told_as_mlflow_tells_it() {
        check("x", Err("Invalid page token, could not base64-decode"));
        check("aGV5", Err("Invalid page token, decoded value=b'hey'"));
        // it's \ and a line break
        check("aXQncyBcIAo=", Err("Invalid page token, decoded value=b\"it's \\\\ \\n\""));
        check("/w==", Err("Invalid page token, decoded value=b'\\xff'"));
        // {"offset": 0}, {"offset": -1}, {"offset": 99999999999999999999}
        check("eyJvZmZzZXQiOiAwfQ==", Err("Invalid page token, parsed value={'offset': 0}"));
        check("eyJvZmZzZXQiOiAtMX0=", Err("Invalid page token, parsed value={'offset': -1}"));
        check(
            "eyJvZmZzZXQiOiA5OTk5OTk5OTk5OTk5OTk5OTk5OX0=",
            Err("Invalid page token, parsed value={'offset': 99999999999999999999}"),
        );
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(offset in 0..=i64::MAX as u64) {
            let token = PageToken { offset };
            prop_assert_eq!(PageToken::decode(&token.encode()), Ok(token));
        }

        #[test]
        fn no_text_is_too_odd(text in ".*") {
            let _ = PageToken::decode(&text);
        }
    }
}
