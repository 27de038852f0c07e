//! Attributes of steps as MLflow's server keeps and tells them.

use super::text;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use model::trace::span::AttributeValue;
use serde_json::Value;
use std::borrow::Cow;

/// Bytes of a text that is looked into: read, it takes many times as much.
const LONGEST: usize = 1 << 20;

/// What clients read of an attribute. Programs write lists and objects as JSON in a text, for want of a place for them, and MLflow
/// tells what such a text holds; numbers and words in a text stay a text.
pub fn unwrapped(value: &AttributeValue) -> Cow<'_, AttributeValue> {
    let AttributeValue::Text(json) = value else { return Cow::Borrowed(value) };
    let begins = json.trim_start().starts_with(['{', '[', '"']);
    let held = if begins && json.len() <= LONGEST { text::of_json(json) } else { None };
    held.map_or(Cow::Borrowed(value), Cow::Owned)
}

/// A value as Python writes it in JSON, which has words for what is no number.
pub fn dumped(value: &AttributeValue) -> String {
    let mut text = String::new();
    dump(value, &mut text);
    text
}

fn dump(value: &AttributeValue, text: &mut String) {
    match value {
        AttributeValue::Nothing => text.push_str("null"),
        AttributeValue::Text(plain) => text.push_str(&Value::from(plain.as_str()).to_string()),
        AttributeValue::Flag(flag) => text.push_str(if *flag { "true" } else { "false" }),
        AttributeValue::Whole(number) => text.push_str(&number.to_string()),
        AttributeValue::Real(number) if number.is_nan() => text.push_str("NaN"),
        AttributeValue::Real(f64::INFINITY) => text.push_str("Infinity"),
        AttributeValue::Real(f64::NEG_INFINITY) => text.push_str("-Infinity"),
        AttributeValue::Real(number) => text.push_str(&exponent(Value::from(*number).to_string())),
        AttributeValue::Bytes(bytes) => {
            text.push_str(&Value::from(BASE64_STANDARD.encode(bytes)).to_string());
        }
        AttributeValue::List(values) => {
            text.push('[');
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    text.push_str(", ");
                }
                dump(value, text);
            }
            text.push(']');
        }
        AttributeValue::Map(values) => {
            text.push('{');
            for (at, one) in values.iter().enumerate() {
                if at > 0 {
                    text.push_str(", ");
                }
                text.push_str(&Value::from(one.key.as_str()).to_string());
                text.push_str(": ");
                dump(&one.value, text);
            }
            text.push('}');
        }
    }
}

/// A number with its exponent as Python writes it: with a sign, and two digits at least.
fn exponent(number: String) -> String {
    match number.split_once('e') {
        None => number,
        Some((digits, power)) => match power.strip_prefix('-') {
            Some(power) => format!("{digits}e-{power:0>2}"),
            None => format!("{digits}e+{:0>2}", power.trim_start_matches('+')),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::trace::span::Attribute;

    fn text(text: &str) -> AttributeValue {
        AttributeValue::Text(text.to_owned())
    }

    fn pair(key: &str, value: AttributeValue) -> Attribute {
        Attribute { key: key.to_owned(), value }
    }

    #[test]
    fn attributes_are_json_as_python_writes_it() {
        let check = |value: AttributeValue, expected: &str| assert_eq!(dumped(&value), expected);
        check(AttributeValue::Nothing, "null");
        check(text("say \"ä\""), r#""say \"ä\"""#);
        check(AttributeValue::Flag(true), "true");
        check(AttributeValue::Whole(-5), "-5");
        check(AttributeValue::Real(0.5), "0.5");
        check(AttributeValue::Real(5.0), "5.0");
        check(AttributeValue::Real(1e300), "1e+300");
        check(AttributeValue::Real(-1.5e-7), "-1.5e-07");
        check(AttributeValue::Real(f64::INFINITY), "Infinity");
        check(AttributeValue::Real(f64::NEG_INFINITY), "-Infinity");
        check(AttributeValue::Bytes(vec![255]), r#""/w==""#);
        check(AttributeValue::List(Vec::new()), "[]");
        let list = AttributeValue::List(vec![AttributeValue::Whole(1), AttributeValue::Real(f64::NAN)]);
        check(AttributeValue::Map(vec![pair("a", list), pair("b", text(""))]), r#"{"a": [1, NaN], "b": ""}"#);
    }

    #[test]
    fn a_list_or_an_object_or_a_text_in_a_text_is_read() {
        let check = |held: &str, expected: AttributeValue| {
            assert_eq!(*unwrapped(&text(held)), expected, "{held}");
        };
        check("[1, \"a\"]", AttributeValue::List(vec![AttributeValue::Whole(1), text("a")]));
        check(r#" {"z": null, "$a": {}}"#, {
            let empty = AttributeValue::Map(Vec::new());
            AttributeValue::Map(vec![pair("z", AttributeValue::Nothing), pair("$a", empty)])
        });
        check(r#""hi""#, text("hi"));
        // Once, not again and again.
        check(r#""\"hi\"""#, text("\"hi\""));
        for plain in ["", "hi", "5", "null", "true", "{\"a\": ", "[1] [2]"] {
            check(plain, text(plain));
        }
        let long = format!("[\"{}\"]", "x".repeat(LONGEST));
        check(&long, text(&long));
        assert_eq!(*unwrapped(&AttributeValue::Whole(5)), AttributeValue::Whole(5));
    }
}
