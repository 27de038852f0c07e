//! JSON as Python writes it: with constants for what is no finite number.

use serde_json::Value;

/// What texts begin with that are such constants, as JSON writes it and as it is read.
const WRITTEN: &str = "\\u0001";
const MARK: char = '\u{1}';

/// Reads such JSON. Constants become texts that no text is like.
pub fn read(text: &str) -> Option<Value> {
    match serde_json::from_str(text) {
        Ok(value) => Some(value),
        Err(_) => serde_json::from_str(&quote_constants(text, WRITTEN)?).ok(),
    }
}

/// The number that a text of [`read`] stands for, if it is a constant.
pub(super) fn number(text: &str) -> Option<f64> {
    match text.strip_prefix(MARK)? {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// Makes texts of the constants that stand outside of texts, which begin with what is said; `None` if there are none.
pub fn quote_constants(text: &str, begin: &str) -> Option<String> {
    let mut quoted = String::with_capacity(text.len() + 16);
    let mut rest = text;
    let mut changed = false;
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            let mut escaped = false;
            let end = rest[1..]
                .char_indices()
                .find(|(_, character)| {
                    let closes = *character == '"' && !escaped;
                    escaped = *character == '\\' && !escaped;
                    closes
                })
                .map_or(rest.len(), |(index, _)| index + 2);
            quoted.push_str(&rest[..end]);
            rest = &rest[end..];
            continue;
        }
        match ["NaN", "Infinity", "-Infinity"].into_iter().find(|constant| rest.starts_with(constant)) {
            Some(constant) => {
                quoted.push('"');
                quoted.push_str(begin);
                quoted.push_str(constant);
                quoted.push('"');
                rest = &rest[constant.len()..];
                changed = true;
            }
            None => {
                quoted.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    changed.then_some(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn constants_are_known_from_texts() {
        assert_eq!(read("[1, \"NaN\"]"), Some(json!([1, "NaN"])));
        assert_eq!(read("nothing"), None);
        let read = read("{\"a\": NaN, \"b\": [-Infinity, \"NaN, \\\" Infinity\"]}").unwrap();
        let number_at = |place: &str| read.pointer(place).and_then(Value::as_str).and_then(number);
        assert!(number_at("/a").is_some_and(f64::is_nan));
        assert_eq!(number_at("/b/0"), Some(f64::NEG_INFINITY));
        assert_eq!(read["b"][1], "NaN, \" Infinity");
        assert_eq!(number_at("/b/1"), None);
    }
}
