//! What steps of traces hold, as people read it: JSON on lines of its own, conversations as such, and no more than a page can bear.

use super::span::{REQUESTS, RESPONSES};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use model::{
    page::trace::{ChatMessage, ShownEvent, ShownValue, SpanShown},
    trace::span::{Attribute, AttributeValue, Span, SpanEvent, TYPE},
};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::Value;

/// Bytes that are shown of what a step was given, and of what it made.
const MOST: usize = 256 << 10;
/// Bytes that are shown of another attribute, and how many of these are shown.
const MOST_OF_ATTRIBUTE: usize = 16 << 10;
const MOST_ATTRIBUTES: usize = 200;
/// Events that are shown of a step, and what it is linked to.
const MOST_EVENTS: usize = 200;
/// Messages of a conversation.
const MOST_MESSAGES: usize = 200;
/// Other names of what a model was asked and what it said.
const QUESTIONS: [&str; 2] = ["gen_ai.input.messages", "gen_ai.prompt"];
const ANSWERS: [&str; 2] = ["gen_ai.output.messages", "gen_ai.completion"];

/// A step as its page shows it.
pub(super) fn span(span: Span) -> SpanShown {
    let first = |keys: [&[&'static str]; 2]| {
        let mut keys = keys.into_iter().flatten().copied();
        keys.find(|key| span.attribute(key).is_some())
    };
    let (given, made) = (first([&REQUESTS, &QUESTIONS]), first([&RESPONSES, &ANSWERS]));
    let whole =
        |key: Option<&str>| key.and_then(|key| span.attribute(key)).map(|value| value_of(value, MOST));
    let (inputs, outputs) = (whole(given), whole(made));
    let span_type = span.span_type().to_owned();
    let is_other = |key: &str| key != TYPE && Some(key) != given && Some(key) != made;
    SpanShown {
        inputs,
        outputs,
        attributes: pairs(&span.attributes, is_other),
        events: span.events.iter().take(MOST_EVENTS).map(event).collect(),
        links: span.links.iter().take(MOST_EVENTS).map(|link| (link.trace, link.span)).collect(),
        id: span.id,
        name: span.name,
        span_type,
        status: span.status,
        message: cut(&span.message, MOST_OF_ATTRIBUTE).0,
        start: span.start,
        end: span.end,
    }
}

fn pairs(attributes: &[Attribute], is_shown: impl Fn(&str) -> bool) -> Vec<(String, ShownValue)> {
    let shown = attributes.iter().filter(|attribute| is_shown(&attribute.key));
    let pair = |attribute: &Attribute| {
        let value = ShownValue { messages: Vec::new(), ..value_of(&attribute.value, MOST_OF_ATTRIBUTE) };
        (attribute.key.clone(), value)
    };
    shown.take(MOST_ATTRIBUTES).map(pair).collect()
}

fn event(event: &SpanEvent) -> ShownEvent {
    const STACK: &str = "exception.stacktrace";
    const SAID: [&str; 2] = ["exception.type", "exception.message"];
    let text = |key: &str| {
        event.attributes.iter().find(|attribute| attribute.key == key).and_then(|found| match &found.value {
            AttributeValue::Text(text) if !text.is_empty() => Some(cut(text, MOST_OF_ATTRIBUTE).0),
            _ => None,
        })
    };
    let said: Vec<String> = SAID.into_iter().filter_map(text).collect();
    ShownEvent {
        name: event.name.clone(),
        time: event.time,
        message: (!said.is_empty()).then(|| said.join(": ")),
        stack: text(STACK),
        attributes: pairs(&event.attributes, |key| key != STACK && !SAID.contains(&key)),
    }
}

/// A value as people read it, so many bytes of it.
fn value_of(value: &AttributeValue, most: usize) -> ShownValue {
    let written;
    // Programs often write JSON into a text.
    let (json, read) = match value {
        AttributeValue::Text(text) => (text.as_str(), structure_in(text)),
        other => {
            written = serde_json::to_string(&Plain(other)).unwrap_or_default();
            (written.as_str(), serde_json::from_str(&written).ok())
        }
    };
    let (text, is_cut) = if read.is_some() { pretty(json, most) } else { cut(json, most) };
    let messages = read.as_ref().map(messages_in).unwrap_or_default();
    ShownValue { text, is_cut, messages: bounded(messages, most) }
}

/// The JSON that a text is, if it is a list or an object.
fn structure_in(text: &str) -> Option<Value> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// So many bytes of a text at most, and whether there are more.
fn cut(text: &str, most: usize) -> (String, bool) {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (text[..end].to_owned(), end < text.len())
}

/// JSON with each thing on a line of its own, in the order in which it was written, so many bytes of it.
pub(super) fn pretty(json: &str, most: usize) -> (String, bool) {
    let mut text = String::new();
    let (mut depth, mut in_text, mut is_escaped) = (0_usize, false, false);
    for character in json.chars() {
        if text.len() >= most {
            return (text, true);
        }
        if in_text {
            text.push(character);
            in_text = is_escaped || character != '"';
            is_escaped = !is_escaped && character == '\\';
            continue;
        }
        // Right behind what opens a list or an object, unless it is empty.
        if text.ends_with(['{', '[']) && !character.is_ascii_whitespace() && !matches!(character, '}' | ']') {
            depth += 1;
            break_line(&mut text, depth);
        }
        match character {
            '}' | ']' => {
                if !text.ends_with(['{', '[']) {
                    depth = depth.saturating_sub(1);
                    break_line(&mut text, depth);
                }
                text.push(character);
            }
            ',' => {
                text.push(',');
                break_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            space if space.is_ascii_whitespace() => {}
            other => {
                in_text = other == '"';
                text.push(other);
            }
        }
    }
    (text, false)
}

fn break_line(text: &mut String, depth: usize) {
    text.push('\n');
    for _ in 0..depth {
        text.push_str("  ");
    }
}

/// A value as JSON for people: what JSON doesn't have is text.
struct Plain<'a>(&'a AttributeValue);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            AttributeValue::Nothing => serializer.serialize_unit(),
            AttributeValue::Text(text) => serializer.serialize_str(text),
            AttributeValue::Flag(flag) => serializer.serialize_bool(*flag),
            AttributeValue::Whole(number) => serializer.serialize_i64(*number),
            AttributeValue::Real(number) if number.is_finite() => serializer.serialize_f64(*number),
            AttributeValue::Real(number) => serializer.serialize_str(&number.to_string()),
            AttributeValue::Bytes(bytes) => serializer.serialize_str(&BASE64_STANDARD.encode(bytes)),
            AttributeValue::List(values) => serializer.collect_seq(values.iter().map(Plain)),
            AttributeValue::Map(values) => {
                let mut map = serializer.serialize_map(Some(values.len()))?;
                for Attribute { key, value } in values {
                    map.serialize_entry(key, &Plain(value))?;
                }
                map.end()
            }
        }
    }
}

/// The conversation that a value is, as libraries of models write it; nothing if it is none.
fn messages_in(value: &Value) -> Vec<ChatMessage> {
    let within = |name: &str| value.get(name).and_then(Value::as_array).map(Vec::as_slice);
    let list = match value {
        Value::Array(items) => items.as_slice(),
        Value::Object(_) => {
            let Some(list) = ["messages", "choices", "input", "output"].into_iter().find_map(within) else {
                return message(value).into_iter().collect();
            };
            list
        }
        _ => return Vec::new(),
    };
    // Some write a list of conversations, of which there is one.
    let list = match list {
        [Value::Array(inner)] => inner.as_slice(),
        list => list,
    };
    let read = |item: &Value| message(item.get("message").unwrap_or(item));
    let messages: Option<Vec<ChatMessage>> = list.iter().map(read).collect();
    messages.unwrap_or_default()
}

fn message(value: &Value) -> Option<ChatMessage> {
    let role = match value.get("role").and_then(Value::as_str) {
        Some(role) => role,
        None => match value.get("type").and_then(Value::as_str)? {
            "human" => "user",
            "ai" => "assistant",
            known @ ("system" | "tool") => known,
            _ => return None,
        },
    };
    let calls = value.get("tool_calls").and_then(Value::as_array);
    let content = value.get("content").or_else(|| value.get("parts"));
    if content.is_none() && calls.is_none() {
        return None;
    }
    Some(ChatMessage {
        role: role.to_owned(),
        text: content.map(words).unwrap_or_default(),
        calls: calls.into_iter().flatten().map(call).collect(),
    })
}

/// What a message says; of what is no text, what it is.
fn words(content: &Value) -> String {
    match content {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let part = |part: &Value| match (part.get("text").or_else(|| part.get("content")), part) {
                (Some(Value::String(text)), _) | (_, Value::String(text)) => text.clone(),
                _ => format!("[{}]", part.get("type").and_then(Value::as_str).unwrap_or("something")),
            };
            parts.iter().map(part).collect::<Vec<_>>().join("\n")
        }
        other => other.to_string(),
    }
}

fn call(value: &Value) -> (String, String) {
    let function = value.get("function").unwrap_or(value);
    let name = function.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let arguments = match function.get("arguments").or_else(|| function.get("args")) {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    (name, arguments)
}

/// The first messages, of so many bytes in all.
fn bounded(mut messages: Vec<ChatMessage>, most: usize) -> Vec<ChatMessage> {
    messages.truncate(MOST_MESSAGES);
    let mut left = most;
    for message in &mut messages {
        let mut fit = |text: &mut String| {
            let (kept, is_cut) = cut(text, left);
            left -= kept.len();
            if is_cut {
                *text = format!("{kept}…");
            }
        };
        fit(&mut message.text);
        message.calls.iter_mut().for_each(|(_, arguments)| fit(arguments));
    }
    messages
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(text: &str) -> AttributeValue {
        AttributeValue::Text(text.to_owned())
    }

    #[test]
    fn json_is_written_on_lines_of_its_own() {
        let check = |json: &str, expected: &str| assert_eq!(pretty(json, 1000), (expected.to_owned(), false));
        check("{}", "{}");
        check("[ ]", "[]");
        check("\"a, {b}: \\\" c\"", "\"a, {b}: \\\" c\"");
        check("{\"z\":1, \"a\" : [true,{}]}", "{\n  \"z\": 1,\n  \"a\": [\n    true,\n    {}\n  ]\n}");
        check("[\"{\",\"[\"]", "[\n  \"{\",\n  \"[\"\n]");
        assert_eq!(pretty("[1,2,3]", 5), ("[\n  1".to_owned(), true));
    }

    #[test]
    fn values_are_shown_as_people_read_them() {
        let check = |value: &AttributeValue, expected: &str| assert_eq!(value_of(value, 100).text, expected);
        check(&text("plain {"), "plain {");
        check(&text("{not json"), "{not json");
        check(&text("[1]"), "[\n  1\n]");
        check(&AttributeValue::Whole(-5), "-5");
        check(&AttributeValue::Real(f64::NAN), "\"NaN\"");
        check(&AttributeValue::Bytes(vec![255]), "\"/w==\"");
        let map = vec![Attribute { key: "$k".to_owned(), value: AttributeValue::Nothing }];
        check(&AttributeValue::Map(map), "{\n  \"$k\": null\n}");
        let long = value_of(&text(&"ö".repeat(60)), 99);
        assert_eq!((long.text.len(), long.is_cut), (98, true));
    }

    fn told(value: &Value) -> Vec<(String, String)> {
        messages_in(value).into_iter().map(|message| (message.role, message.text)).collect()
    }

    fn said(role: &str, text: &str) -> (String, String) {
        (role.to_owned(), text.to_owned())
    }

    #[test]
    fn conversations_are_known() {
        let messages = json!([
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": [{ "type": "text", "text": "What is it?" }, { "type": "image_url" }] },
        ]);
        let expected = [said("system", "Be brief."), said("user", "What is it?\n[image_url]")];
        assert_eq!(told(&messages), expected);
        assert_eq!(told(&json!({ "model": "m", "messages": messages })), expected);
        assert_eq!(told(&json!([messages])), expected);
        let answer =
            json!({ "choices": [{ "index": 0, "message": { "role": "assistant", "content": "A cat." } }] });
        assert_eq!(told(&answer), [said("assistant", "A cat.")]);
        assert_eq!(told(&json!({ "type": "human", "content": "Hello" })), [said("user", "Hello")]);
        assert_eq!(
            told(&json!([{ "role": "user", "parts": [{ "type": "text", "content": "Hi" }] }])),
            [said("user", "Hi")]
        );
        for other in
            [json!([1]), json!({}), json!({ "messages": "none" }), json!({ "role": "user" }), json!(null)]
        {
            assert!(messages_in(&other).is_empty(), "{other}");
        }
    }

    #[test]
    fn calls_of_tools_are_told() {
        let call = json!({ "function": { "name": "search", "arguments": "{\"q\": 1}" } });
        let value = json!({ "role": "assistant", "content": null, "tool_calls": [call] });
        let messages = messages_in(&value);
        assert_eq!(messages[0].calls, [said("search", "{\"q\": 1}")]);
        let long = ChatMessage { role: "user".to_owned(), text: "abcdef".to_owned(), calls: Vec::new() };
        let bounded = bounded(vec![long.clone(), long], 8);
        assert_eq!(
            bounded.iter().map(|message| message.text.as_str()).collect::<Vec<_>>(),
            ["abcdef", "ab…"]
        );
    }
}
