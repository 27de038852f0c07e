//! Readers of the kinds of fields that several languages have, and the messages they share.

use super::FilterError;
use super::syntax::{Comparison, Operator, Test, Value, ValueKind};
use super::term::{KeyTest, ListTest, NumberOp, OneOf};

/// What texts are compared by.
pub const TEXT_OPS: [&str; 4] = ["=", "!=", "LIKE", "ILIKE"];
/// What texts are compared by that can be missing.
pub const KEY_OPS: [&str; 6] = ["=", "!=", "LIKE", "ILIKE", "IS NULL", "IS NOT NULL"];
/// What texts are compared by that can be in a list.
pub const LIST_OPS: [&str; 6] = ["=", "!=", "LIKE", "ILIKE", "IN", "NOT IN"];
/// What is compared by a part of it alone.
pub const LIKE_OPS: [&str; 2] = ["LIKE", "ILIKE"];

/// A comparator of numbers.
pub fn number_op(operator: &Operator) -> Result<NumberOp, FilterError> {
    operator.number_op().ok_or_else(|| not_one_of(operator, &NumberOp::ALL.map(NumberOp::as_str)))
}

/// The test of a key that can be missing. `kind` is the message's word for what is tested.
pub fn key_test(comparison: &Comparison<'_>, kind: &str) -> Result<KeyTest, FilterError> {
    match &comparison.test {
        Test::Null { negated: false, .. } => Ok(KeyTest::IsNull),
        Test::Null { negated: true, .. } => Ok(KeyTest::IsNotNull),
        Test::Value { operator, value } => {
            let text = value.text(&format!("Expected a quoted string value for {kind} (e.g. 'my-value')"))?;
            operator.text_test(text).map(KeyTest::Text).ok_or_else(|| not_one_of(operator, &KEY_OPS))
        }
    }
}

/// A comparison with a text or with a list of texts.
pub fn list_test(operator: &Operator, value: &Value<'_>, expected: &str) -> Result<ListTest, FilterError> {
    match value.list()? {
        Some(list) => in_list(operator, list, ListTest::In, ListTest::NotIn)
            .ok_or_else(|| value.error(format!("{expected}. Got value {}", value.raw))),
        None => operator
            .text_test(value.text(expected)?)
            .map(ListTest::Text)
            .ok_or_else(|| not_one_of(operator, &LIST_OPS)),
    }
}

/// The test that `IN` or `NOT IN` makes of a list; `None` for other comparators.
pub fn in_list<T, U>(
    operator: &Operator,
    list: OneOf<U>,
    is_in: fn(OneOf<U>) -> T,
    not_in: fn(OneOf<U>) -> T,
) -> Option<T> {
    match operator.word.as_str() {
        "IN" => Some(is_in(list)),
        "NOT IN" => Some(not_in(list)),
        _ => None,
    }
}

/// The error about a comparator that the field doesn't have.
pub fn not_one_of(operator: &Operator, known: &[&str]) -> FilterError {
    operator.error(format!("Invalid comparator '{}' not one of {}", operator.word, quoted_list(known)))
}

/// The message about a list where only some fields take one.
pub fn only_lists(fields: &[&str]) -> String {
    format!(
        "Only [{}] attributes support comparison with a list of quoted string values.",
        quoted_list(fields)
    )
}

/// The message about an attribute that isn't there.
pub fn unknown_attribute(key: &str, known: &[&str]) -> String {
    format!("Invalid attribute key '{key}' specified. Valid keys are {}", quoted_list(known))
}

/// `'a', 'b'`
pub fn quoted_list(words: &[&str]) -> String {
    words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ")
}

/// A whole number, in quotes or without. A fraction is refused, even where it would make sense.
pub fn whole(value: &Value<'_>, key: &str) -> Result<i64, FilterError> {
    let written = match value.kind {
        ValueKind::Text { inner, .. } => inner,
        _ => value.raw,
    };
    written.parse().map_err(|_| invalid_number(value, key))
}

/// The whole number that compares as this one does.
pub fn rounded(value: &Value<'_>, op: NumberOp, key: &str) -> Result<i64, FilterError> {
    value.whole(op).ok_or_else(|| invalid_number(value, key))
}

fn invalid_number(value: &Value<'_>, key: &str) -> FilterError {
    let written = value.raw.trim_matches(['\'', '"']);
    value.error(format!("Invalid value for numeric attribute '{key}': '{written}'"))
}
