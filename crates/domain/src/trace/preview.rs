//! What is shown of a request and of its response where a trace is told in short, as MLflow has it: the JSON of what the first step was
//! given and made, or, if that is a conversation, its last message.

use super::dump::{dumped, unwrapped};
use model::{
    name::{self, limit},
    trace::span::{Attribute, AttributeValue},
};
use std::borrow::Cow;

/// What stands for the rest of a longer one.
const MORE: &str = "...";

/// Who says what is looked for in a conversation.
#[derive(Clone, Copy)]
pub(super) enum Role {
    User,
    Assistant,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// What is shown of a step's inputs or outputs.
pub(super) fn preview_of(value: &AttributeValue, role: Role) -> String {
    let held = unwrapped(value);
    if let Some(said) = last_said(&held, role).filter(|said| !said.is_empty()) {
        return shortened(said);
    }
    match (value, &held) {
        // JSON already.
        (AttributeValue::Text(text), Cow::Owned(_)) => shortened(text),
        _ => shortened(&dumped(value)),
    }
}

/// Neither database has a place for NUL.
fn shortened(text: &str) -> String {
    let whole = name::cut(text, limit::TRACE_PREVIEW);
    let shown = match whole.len() < text.len() {
        false => whole.to_owned(),
        true => format!("{}{MORE}", name::cut(text, limit::TRACE_PREVIEW - MORE.len())),
    };
    shown.replace('\0', "\u{FFFD}")
}

type Fields = [Attribute];

fn field<'f>(fields: &'f Fields, key: &str) -> Option<&'f AttributeValue> {
    fields.iter().find(|field| field.key == key).map(|field| &field.value)
}

/// A list that isn't empty.
fn items<'f>(fields: &'f Fields, key: &str) -> Option<&'f [AttributeValue]> {
    match field(fields, key) {
        Some(AttributeValue::List(items)) if !items.is_empty() => Some(items),
        _ => None,
    }
}

fn as_fields(value: &AttributeValue) -> Option<&Fields> {
    match value {
        AttributeValue::Map(fields) => Some(fields),
        _ => None,
    }
}

fn as_message(value: &AttributeValue) -> Option<&Fields> {
    as_fields(value).filter(|fields| field(fields, "role").is_some() && field(fields, "content").is_some())
}

/// The messages of a conversation, in one of the shapes that programs have for it.
fn messages(value: &AttributeValue) -> Vec<&Fields> {
    let Some(fields) = as_fields(value) else { return Vec::new() };
    if let Some(said) = items(fields, "messages") {
        return said.iter().filter_map(as_message).collect();
    }
    let choice = items(fields, "choices").and_then(|choices| as_fields(&choices[0]));
    if let Some(message) = choice.and_then(|choice| field(choice, "message")).and_then(as_message) {
        return vec![message];
    }
    if let Some(said) = items(fields, "input").or_else(|| items(fields, "output")) {
        return said.iter().filter_map(as_message).collect();
    }
    field(fields, "request").map(messages).unwrap_or_default()
}

/// The last message of this role, or else the last one.
fn last_said(value: &AttributeValue, role: Role) -> Option<&str> {
    let all = messages(value);
    let is_of_role = |message: &&&Fields| matches!(field(message, "role"), Some(AttributeValue::Text(said)) if said == role.name());
    let message = all.iter().rev().find(is_of_role).or(all.last())?;
    match field(message, "content")? {
        AttributeValue::Text(said) => Some(said),
        AttributeValue::List(parts) => parts.iter().find_map(said_in),
        _ => None,
    }
}

/// What a part of a message says, if it is a text.
fn said_in(part: &AttributeValue) -> Option<&str> {
    if let AttributeValue::Text(said) = part {
        return Some(said);
    }
    let part = as_fields(part)?;
    let AttributeValue::Text(kind) = field(part, "type")? else { return None };
    match field(part, "text")? {
        AttributeValue::Text(said) if kind == "text" || kind == "output_text" => Some(said),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> AttributeValue {
        AttributeValue::Text(text.to_owned())
    }

    #[test]
    fn a_preview_is_json() {
        let check = |value: AttributeValue, expected: &str| {
            assert_eq!(preview_of(&value, Role::User), expected);
        };
        check(text("what?"), "\"what?\"");
        check(text("5"), "\"5\"");
        check(text(""), "\"\"");
        check(text("{\"q\":  \"hi\"}"), "{\"q\":  \"hi\"}");
        check(text("\"hi\""), "\"hi\"");
        check(AttributeValue::Nothing, "null");
        let number = Attribute { key: "n".to_owned(), value: AttributeValue::Whole(1) };
        check(AttributeValue::Map(vec![number]), "{\"n\": 1}");
        check(text(&"é".repeat(998)), &format!("\"{}\"", "é".repeat(998)));
        check(text(&"é".repeat(999)), &format!("\"{}...", "é".repeat(996)));
    }

    #[test]
    fn of_a_conversation_the_last_message_is_shown() {
        let check = |json: &str, asked: &str, said: &str| {
            assert_eq!(preview_of(&text(json), Role::User), asked);
            assert_eq!(preview_of(&text(json), Role::Assistant), said);
        };
        let both = |json: &str, expected: &str| check(json, expected, expected);
        check(
            r#"{"messages": [{"role": "user", "content": "why?"}, {"role": "assistant", "content": "so"},
                {"role": "tool", "content": "5"}]}"#,
            "why?",
            "so",
        );
        both(r#"{"choices": [{"message": {"role": "assistant", "content": "so"}}]}"#, "so");
        both(
            r#"{"input": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "why?"}]}]}"#,
            "why?",
        );
        both(r#"{"output": [{"type": "x"}, {"role": "x", "content": ["so", "what"]}]}"#, "so");
        both(r#"{"request": {"input": [{"role": "user", "content": "why?"}]}}"#, "why?");
        for whole in [
            r#"{"messages": []}"#,
            r#"{"messages": [{"role": "user"}]}"#,
            r#"{"messages": [{"role": "user", "content": ""}]}"#,
            r#"{"choices": [5]}"#,
            r#"{"input": "why?"}"#,
            r#"[{"role": "user", "content": "why?"}]"#,
        ] {
            both(whole, whole);
        }
    }
}
