//! Addresses of the pages with their parameters.

use std::fmt::Write as _;

/// A path with parameters; empty ones are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// A path without parameters.
    pub fn of(path: &str) -> Self {
        Self(path.to_owned())
    }

    /// With one more parameter, if it isn't empty.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if value.is_empty() {
            return self;
        }
        self.0.push(if self.0.contains('?') { '&' } else { '?' });
        self.0.push_str(name);
        self.0.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    self.0.push(byte.into());
                }
                _ => {
                    let _ = write!(self.0, "%{byte:02X}");
                }
            }
        }
        self
    }

    /// As text.
    pub fn into_text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_escaped_and_empty_ones_left_out() {
        let address =
            Address::of("/admin/audit").with("actor", "").with("object", "a b&c=ü").with("kind", "run");
        assert_eq!(address.into_text(), "/admin/audit?object=a%20b%26c%3D%C3%BC&kind=run");
    }
}
