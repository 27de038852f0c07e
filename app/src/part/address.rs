use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate},
};
use std::{fmt, sync::Arc};

/// The query part of an address, in the order of its keys. The router's own map decodes values twice, which breaks
/// filters such as `LIKE '%25'`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads what stands behind the `?`.
    pub fn parse(search: &str) -> Self {
        let pairs = search.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(key, value)| (decode(key), decode(value)))
                .collect(),
        )
    }

    /// The first value of a key; an empty one counts as none.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(k, v)| k == key && !v.is_empty()).map(|(_, value)| value.as_str())
    }

    /// All keys with their values.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The same with one key set, or removed if the value is empty.
    pub fn with(mut self, key: &str, value: &str) -> Self {
        let place = self.0.iter().position(|(k, _)| k == key);
        self.0.retain(|(k, _)| k != key);
        if !value.is_empty() {
            let place = place.unwrap_or(self.0.len()).min(self.0.len());
            self.0.insert(place, (key.to_owned(), value.to_owned()));
        }
        self
    }
}

/// With the `?`, and without anything if there are no pairs.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (key, value)) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "?" } else { "&" })?;
            write!(f, "{}={}", encode(key), encode(value))?;
        }
        Ok(())
    }
}

/// Encodes a text for the query part, where `,:/` and the like may stay readable.
fn encode(text: &str) -> String {
    percent(text, |byte| byte.is_ascii_alphanumeric() || b"-_.~,:/@!*()".contains(&byte)).replace("%20", "+")
}

/// Encodes the path of a file for an address; its slashes stay.
pub fn encode_path(path: &str) -> String {
    percent(path, |byte| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte))
}

fn percent(text: &str, stays: impl Fn(u8) -> bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if stays(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Whether the router would make another path of this one: it decodes what it shows as the address of a link that was followed.
/// Such links are left to the browser.
pub fn is_changed_by_router(path: &str) -> bool {
    let path = path.to_ascii_uppercase();
    // Percent signs, backslashes, control characters; a space at the end.
    ["%25", "%5C", "%0", "%1", "%7F"].iter().any(|odd| path.contains(odd)) || path.ends_with("%20")
}

/// What a step of a path means. The router's params are decoded twice, which breaks names such as `50%25`.
pub fn decode_path(step: &str) -> String {
    unpercent(step, b'+')
}

fn decode(text: &str) -> String {
    unpercent(text, b' ')
}

fn unpercent(text: &str, plus: u8) -> String {
    let hex = |digit: u8| char::from(digit).to_digit(16).map(|value| value as u8);
    let mut rest = text.bytes();
    let mut bytes = Vec::with_capacity(text.len());
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        match byte {
            b'+' => bytes.push(plus),
            b'%' => match (ahead.next().and_then(hex), ahead.next().and_then(hex)) {
                (Some(high), Some(low)) => {
                    bytes.push(high << 4 | low);
                    rest = ahead;
                }
                _ => bytes.push(b'%'),
            },
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

type Navigate = Arc<dyn Fn(&str, NavigateOptions) + Send + Sync>;

/// The address of the page that is shown. All state of a page that is worth sharing is in it.
#[derive(Clone, Copy)]
pub struct Address {
    path: Memo<String>,
    query: Memo<Query>,
    navigate: StoredValue<Navigate>,
}

impl Address {
    /// Of the page whose component calls this.
    pub fn here() -> Self {
        let location = use_location();
        let search = location.search;
        Self {
            path: location.pathname,
            query: Memo::new(move |_| Query::parse(&search.read())),
            navigate: StoredValue::new(Arc::new(use_navigate())),
        }
    }

    /// Whether the person is still at this path, tracked. A page that is being left sees the next one's query.
    pub fn is_at(self, path: &str) -> bool {
        *self.path.read() == path
    }

    /// The path, tracked.
    pub fn path(self) -> String {
        self.path.get()
    }

    /// The value of a key, tracked.
    pub fn get(self, key: &str) -> Option<String> {
        self.query.read().get(key).map(ToOwned::to_owned)
    }

    /// The value of a key or nothing, tracked.
    pub fn text(self, key: &str) -> String {
        self.get(key).unwrap_or_default()
    }

    /// The query, tracked.
    pub fn query(self) -> Query {
        self.query.get()
    }

    /// This address with some keys set, or removed where the value is empty; tracked.
    pub fn with(self, changes: &[(&str, &str)]) -> String {
        let query = changes.iter().fold(self.query.get(), |query, (key, value)| query.with(key, value));
        format!("{}{query}", self.path.read())
    }

    /// What links to this address with other keys need, so that the path stays as it is; tracked.
    pub fn rel(self) -> Option<&'static str> {
        is_changed_by_router(&self.path.read()).then_some("external")
    }

    /// The path and the query, to come back to; tracked.
    pub fn whole(self) -> String {
        self.with(&[("__path", ""), ("__err", "")])
    }

    /// Changes some keys in place: the person stays where they are, and "back" leaves the page.
    pub fn set(self, changes: &[(&str, &str)]) {
        let target = untrack(|| self.with(changes));
        let options = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
        self.navigate.with_value(|navigate| navigate(&target, options));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_reads_back_as_written() {
        let check = |value: &str, encoded: &str| {
            let query = Query::default().with("filter", value);
            assert_eq!(query.to_string(), format!("?filter={encoded}"));
            assert_eq!(Query::parse(&query.to_string()).get("filter"), Some(value));
        };
        check("metrics.loss < 0.5", "metrics.loss+%3C+0.5");
        check("params.a LIKE '%25'", "params.a+LIKE+%27%2525%27");
        check("a+b&c=d", "a%2Bb%26c%3Dd");
        check("größe", "gr%C3%B6%C3%9Fe");
    }

    #[test]
    fn a_key_keeps_its_place_when_it_changes_and_goes_when_it_is_empty() {
        let query = Query::parse("?a=1&b=2&c=3");
        assert_eq!(query.clone().with("b", "9").to_string(), "?a=1&b=9&c=3");
        assert_eq!(query.clone().with("b", "").to_string(), "?a=1&c=3");
        assert_eq!(query.with("d", "4").to_string(), "?a=1&b=2&c=3&d=4");
    }

    #[test]
    fn a_step_of_a_path_reads_back_as_written() {
        let check = |name: &str, encoded: &str| {
            assert_eq!(encode_path(name), encoded);
            assert_eq!(decode_path(encoded), name);
        };
        check("churn", "churn");
        check("a+b c", "a%2Bb%20c");
        check("50%25", "50%2525");
        check("größe?#", "gr%C3%B6%C3%9Fe%3F%23");
        assert_eq!(decode_path("a+b"), "a+b");
    }

    #[test]
    fn paths_that_the_router_would_change_are_known() {
        for odd in [
            "/models/50%25",
            "/models/50%25/compare",
            "/models/a%5Cb",
            "/models/a%5cb",
            "/models/a%0Ab",
            "/models/a%20",
        ] {
            assert!(is_changed_by_router(odd), "{odd:?}");
        }
        for plain in ["/models/Bl%C3%BCten%20a%3Fb%23c", "/models/a%20/compare", "/experiments/10"] {
            assert!(!is_changed_by_router(plain), "{plain:?}");
        }
    }

    #[test]
    fn what_is_not_an_encoding_stays() {
        let query = Query::parse("a=100%&b=%zz&c");
        assert_eq!((query.get("a"), query.get("b"), query.get("c")), (Some("100%"), Some("%zz"), None));
    }
}
