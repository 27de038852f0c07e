//! What is known of spans as text: JSON from which the very values can be read again, and in which a search finds them.
//!
//! What JSON doesn't have stands in an object with one key that begins with `$`; keys that begin so get one more.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use model::{
    TraceId,
    trace::span::{Attribute, AttributeValue, SpanEvent, SpanId, SpanLink},
};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, SeqAccess, Visitor},
    ser::SerializeMap as _,
};
use std::fmt;

const DOUBLE: &str = "$double";
const BYTES: &str = "$bytes";

/// A value as JSON.
pub(crate) struct Json<'a>(pub &'a AttributeValue);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            AttributeValue::Nothing => serializer.serialize_unit(),
            AttributeValue::Text(text) => serializer.serialize_str(text),
            AttributeValue::Flag(flag) => serializer.serialize_bool(*flag),
            AttributeValue::Whole(number) => serializer.serialize_i64(*number),
            AttributeValue::Real(number) if number.is_finite() => serializer.serialize_f64(*number),
            AttributeValue::Real(number) => special(serializer, DOUBLE, &number.to_string()),
            AttributeValue::Bytes(bytes) => special(serializer, BYTES, &BASE64_STANDARD.encode(bytes)),
            AttributeValue::List(values) => serializer.collect_seq(values.iter().map(Json)),
            AttributeValue::Map(values) => {
                let mut map = serializer.serialize_map(Some(values.len()))?;
                for Attribute { key, value } in values {
                    if key.starts_with('$') {
                        map.serialize_entry(&format!("${key}"), &Json(value))?;
                    } else {
                        map.serialize_entry(key, &Json(value))?;
                    }
                }
                map.end()
            }
        }
    }
}

fn special<S: Serializer>(serializer: S, key: &str, text: &str) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(key, text)?;
    map.end()
}

/// A value that was written as [`Json`], or, if it isn't `ESCAPED`, as JSON by anybody.
struct Read<const ESCAPED: bool = true>(AttributeValue);

impl<'de, const ESCAPED: bool> Deserialize<'de> for Read<ESCAPED> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadValue::<ESCAPED>).map(Self)
    }
}

struct ReadValue<const ESCAPED: bool>;

impl<'de, const ESCAPED: bool> Visitor<'de> for ReadValue<ESCAPED> {
    type Value = AttributeValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of an attribute")
    }

    fn visit_unit<E>(self) -> Result<AttributeValue, E> {
        Ok(AttributeValue::Nothing)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<AttributeValue, E> {
        Ok(AttributeValue::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<AttributeValue, E> {
        Ok(AttributeValue::Whole(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<AttributeValue, E> {
        Ok(i64::try_from(number).map_or(AttributeValue::Real(number as f64), AttributeValue::Whole))
    }

    fn visit_f64<E>(self, number: f64) -> Result<AttributeValue, E> {
        Ok(AttributeValue::Real(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<AttributeValue, E> {
        Ok(AttributeValue::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<AttributeValue, E> {
        Ok(AttributeValue::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<AttributeValue, A::Error> {
        let mut values = Vec::new();
        while let Some(Read(value)) = items.next_element::<Read<ESCAPED>>()? {
            values.push(value);
        }
        Ok(AttributeValue::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<AttributeValue, A::Error> {
        let mut values = Vec::new();
        while let Some((key, Read(value))) = entries.next_entry::<String, Read<ESCAPED>>()? {
            if !ESCAPED {
                values.push(Attribute { key, value });
                continue;
            }
            match (key.as_str(), &value) {
                (DOUBLE, AttributeValue::Text(text)) => {
                    return Ok(AttributeValue::Real(text.parse().unwrap_or(f64::NAN)));
                }
                (BYTES, AttributeValue::Text(text)) => {
                    return Ok(AttributeValue::Bytes(BASE64_STANDARD.decode(text).unwrap_or_default()));
                }
                _ => {}
            }
            let key = match key.strip_prefix('$') {
                Some(rest) => rest.to_owned(),
                None => key,
            };
            values.push(Attribute { key, value });
        }
        Ok(AttributeValue::Map(values))
    }
}

/// A value as JSON text.
pub(crate) fn of_value(value: &AttributeValue) -> String {
    serde_json::to_string(&Json(value)).unwrap_or_default()
}

/// What JSON of a program holds; `None` if it is none.
pub(crate) fn of_json(text: &str) -> Option<AttributeValue> {
    serde_json::from_str::<Read<false>>(text).ok().map(|Read(value)| value)
}

/// Attributes, each on a line of its own between line breaks: JSON holds none.
pub(crate) fn of_attributes(attributes: &[Attribute]) -> String {
    let mut text = String::from("\n");
    for (key, value) in pairs(attributes) {
        text.push_str(&serde_json::to_string(&(key, value)).unwrap_or_default());
        text.push('\n');
    }
    text
}

/// How the line of an attribute begins.
pub(crate) fn begin_of(key: &str) -> String {
    format!("\n[{},", serde_json::Value::from(key))
}

/// What was written by [`of_attributes`].
pub(crate) fn read_attributes(text: &str) -> Option<Vec<Attribute>> {
    let lines = text.split('\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_str::<(String, Read)>(line).ok().map(read_pair)).collect()
}

fn pairs(attributes: &[Attribute]) -> impl Iterator<Item = (&str, Json<'_>)> {
    attributes.iter().map(|attribute| (attribute.key.as_str(), Json(&attribute.value)))
}

fn read_pair((key, Read(value)): (String, Read)) -> Attribute {
    Attribute { key, value }
}

#[derive(Serialize)]
struct EventText<'a> {
    name: &'a str,
    time: i64,
    attributes: Vec<(&'a str, Json<'a>)>,
}

#[derive(Deserialize)]
struct ReadEvent {
    name: String,
    time: i64,
    attributes: Vec<(String, Read)>,
}

/// Events; empty for none.
pub(crate) fn of_events(events: &[SpanEvent]) -> String {
    let events: Vec<EventText<'_>> = events
        .iter()
        .map(|event| EventText {
            name: &event.name,
            time: event.time,
            attributes: pairs(&event.attributes).collect(),
        })
        .collect();
    if events.is_empty() { String::new() } else { serde_json::to_string(&events).unwrap_or_default() }
}

/// What was written by [`of_events`].
pub(crate) fn read_events(text: &str) -> Option<Vec<SpanEvent>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let events: Vec<ReadEvent> = serde_json::from_str(text).ok()?;
    let event = |event: ReadEvent| SpanEvent {
        name: event.name,
        time: event.time,
        attributes: event.attributes.into_iter().map(read_pair).collect(),
    };
    Some(events.into_iter().map(event).collect())
}

#[derive(Serialize)]
struct LinkText<'a> {
    trace: TraceId,
    span: SpanId,
    attributes: Vec<(&'a str, Json<'a>)>,
}

#[derive(Deserialize)]
struct ReadLink {
    trace: TraceId,
    span: SpanId,
    attributes: Vec<(String, Read)>,
}

/// Links; empty for none.
pub(crate) fn of_links(links: &[SpanLink]) -> String {
    let links: Vec<LinkText<'_>> = links
        .iter()
        .map(|link| LinkText {
            trace: link.trace,
            span: link.span,
            attributes: pairs(&link.attributes).collect(),
        })
        .collect();
    if links.is_empty() { String::new() } else { serde_json::to_string(&links).unwrap_or_default() }
}

/// What was written by [`of_links`].
pub(crate) fn read_links(text: &str) -> Option<Vec<SpanLink>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let links: Vec<ReadLink> = serde_json::from_str(text).ok()?;
    let link = |link: ReadLink| SpanLink {
        trace: link.trace,
        span: link.span,
        attributes: link.attributes.into_iter().map(read_pair).collect(),
    };
    Some(links.into_iter().map(link).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(key: &str, value: AttributeValue) -> Attribute {
        Attribute { key: key.to_owned(), value }
    }

    fn text(text: &str) -> AttributeValue {
        AttributeValue::Text(text.to_owned())
    }

    #[test]
    fn attributes_read_back_as_they_were() {
        let attributes = vec![
            attribute("plain", text("two\nlines, a \"quote\" and \0")),
            attribute("$double", text("NaN")),
            attribute("a \"key\"", AttributeValue::Nothing),
            attribute(
                "numbers",
                AttributeValue::List(vec![
                    AttributeValue::Whole(5),
                    AttributeValue::Real(5.0),
                    AttributeValue::Real(f64::INFINITY),
                    AttributeValue::Whole(i64::MIN),
                    AttributeValue::Flag(true),
                ]),
            ),
            attribute(
                "map",
                AttributeValue::Map(vec![
                    attribute("z", AttributeValue::Bytes(vec![0, 255])),
                    attribute("$bytes", text("AA==")),
                    attribute("$$", AttributeValue::Map(Vec::new())),
                ]),
            ),
        ];
        let written = of_attributes(&attributes);
        assert!(
            written.contains("\n[\"plain\",\"two\\nlines, a \\\"quote\\\" and \\u0000\"]\n"),
            "{written}"
        );
        assert!(written.contains(&begin_of("a \"key\"")));
        assert_eq!(read_attributes(&written), Some(attributes));
        assert_eq!(of_attributes(&[]), "\n");
        assert_eq!(read_attributes("\n"), Some(Vec::new()));
        assert_eq!(read_attributes("\n[\"key\"]\n"), None);
    }

    #[test]
    fn events_and_links_read_back_as_they_were() {
        let known = vec![attribute("k", AttributeValue::Real(0.5))];
        let events =
            vec![SpanEvent { name: "exception".to_owned(), time: i64::MAX, attributes: known.clone() }];
        assert_eq!(read_events(&of_events(&events)), Some(events));
        let links = vec![SpanLink {
            trace: TraceId(uuid::Uuid::from_u128(1)),
            span: SpanId(u64::MAX),
            attributes: known,
        }];
        assert_eq!(read_links(&of_links(&links)), Some(links));
        assert_eq!((of_events(&[]), of_links(&[])), (String::new(), String::new()));
        assert_eq!((read_events(""), read_links("")), (Some(Vec::new()), Some(Vec::new())));
    }
}
