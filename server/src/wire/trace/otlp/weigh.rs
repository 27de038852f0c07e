//! How much memory a request takes once it is read, told from its bytes before it is. A message of two bytes may be read into hundreds, so
//! that of few bytes, and fewer still where they are packed, a server could lose all its memory.

use super::message::{
    AnyValue, ArrayValue, Event, KeyValue, KeyValueList, Link, ResourceSpans, ScopeSpans, Span, Status,
};
use serde_json::Value;

/// Messages within each other, as far as they are read.
const DEEPEST: usize = 100;

/// A field that holds a message.
struct Part {
    field: u64,
    /// Bytes that it is read into, at least.
    weight: usize,
    parts: &'static [Part],
}

const fn part<T>(field: u64, parts: &'static [Part]) -> Part {
    Part { field, weight: size_of::<T>(), parts }
}

static REQUEST: [Part; 1] = [part::<ResourceSpans>(1, &PROGRAM)];
static PROGRAM: [Part; 2] = [part::<()>(1, &RESOURCE), part::<ScopeSpans>(2, &SCOPE)];
static RESOURCE: [Part; 1] = [part::<KeyValue>(1, &PAIR)];
static SCOPE: [Part; 1] = [part::<Span>(2, &SPAN)];
static SPAN: [Part; 4] =
    [part::<KeyValue>(9, &PAIR), part::<Event>(11, &EVENT), part::<Link>(13, &LINK), part::<Status>(15, &[])];
static EVENT: [Part; 1] = [part::<KeyValue>(3, &PAIR)];
static LINK: [Part; 1] = [part::<KeyValue>(4, &PAIR)];
static PAIR: [Part; 1] = [part::<()>(2, &ANY)];
static ANY: [Part; 2] = [part::<ArrayValue>(5, &LIST), part::<KeyValueList>(6, &MAP)];
static LIST: [Part; 1] = [part::<AnyValue>(1, &ANY)];
static MAP: [Part; 1] = [part::<KeyValue>(1, &PAIR)];

/// Bytes that a request is read into, its texts left out: they take what they do in the request. `None` if they are more than this,
/// or if it is no request.
pub fn protobuf(request: &[u8], most: usize) -> Option<usize> {
    let mut left = most;
    weigh(request, &REQUEST, &mut left, DEEPEST)?;
    Some(most - left)
}

/// What an object of JSON takes: the node of a tree with room for eleven fields, and the message that is made of it.
const OBJECT: usize = 640 + size_of::<Span>();
/// What a list takes, which begins with room for four.
const ARRAY: usize = 4 * size_of::<Value>();
/// What each more in a list or an object takes: a list has room for twice as many, for a moment besides the smaller room that it had;
/// nodes of a tree are half full.
const MORE: usize = 4 * size_of::<Value>();

/// The same of a request in JSON, which is read as JSON before it is read as a request. What is no JSON weighs what is read of it until
/// that is noticed, or more.
pub fn json(request: &[u8], most: usize) -> Option<usize> {
    let (mut weight, mut is_text) = (0, false);
    let mut bytes = request.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => is_text = !is_text,
            b'\\' if is_text => {
                bytes.next();
            }
            _ if is_text => {}
            b'{' => weight += OBJECT,
            b'[' => weight += ARRAY,
            b',' => weight += MORE,
            _ => {}
        }
    }
    (weight <= most).then_some(weight)
}

fn weigh(mut message: &[u8], parts: &[Part], left: &mut usize, deeper: usize) -> Option<()> {
    while !message.is_empty() {
        let key = number(&mut message)?;
        let length = match key & 7 {
            0 => {
                number(&mut message)?;
                continue;
            }
            1 => 8,
            2 => usize::try_from(number(&mut message)?).ok()?,
            5 => 4,
            _ => return None,
        };
        let (content, rest) = message.split_at_checked(length)?;
        message = rest;
        let part = parts.iter().find(|part| key & 7 == 2 && part.field == key >> 3);
        if let Some(part) = part {
            *left = left.checked_sub(part.weight)?;
            weigh(content, part.parts, left, deeper.checked_sub(1)?)?;
        }
    }
    Some(())
}

/// Takes a number off the front, seven bits a byte.
fn number(message: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = message.split_first()?;
        *message = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::message::{ExportRequest, Kind};
    use super::*;
    use prost::Message as _;

    fn fits(request: &[u8], most: usize) -> bool {
        protobuf(request, most).is_some()
    }

    fn request(spans: Vec<Span>) -> Vec<u8> {
        let scope_spans = vec![ScopeSpans { spans }];
        ExportRequest { resource_spans: vec![ResourceSpans { resource: None, scope_spans }] }.encode_to_vec()
    }

    /// A value in so many lists.
    fn nested(lists: usize) -> AnyValue {
        let inner = AnyValue { value: Some(Kind::Whole(1)) };
        (0..lists)
            .fold(inner, |inner, _| AnyValue { value: Some(Kind::List(ArrayValue { values: vec![inner] })) })
    }

    fn with_attribute(value: AnyValue) -> Vec<u8> {
        let attributes = vec![KeyValue { key: "a".to_owned(), value: Some(value) }];
        request(vec![Span { attributes, name: "step".to_owned(), ..Span::default() }])
    }

    #[test]
    fn what_is_empty_weighs_what_it_is_read_into() {
        let check = |spans: usize, most: usize, expected: bool| {
            assert_eq!(fits(&request(vec![Span::default(); spans]), most), expected, "{spans} in {most}");
        };
        let outside = size_of::<ResourceSpans>() + size_of::<ScopeSpans>();
        check(0, outside, true);
        check(0, outside - 1, false);
        check(1000, outside + 1000 * size_of::<Span>(), true);
        check(1001, outside + 1000 * size_of::<Span>(), false);
    }

    #[test]
    fn what_can_not_be_read_does_not_fit() {
        let whole = with_attribute(nested(5));
        assert!(fits(&whole, 10_000));
        assert!(
            (1..whole.len())
                .all(|cut| !fits(&whole[..cut], 10_000) || ExportRequest::decode(&whole[..cut]).is_ok())
        );
        // As deep as is read, and deeper.
        for lists in 0..80 {
            let request = with_attribute(nested(lists));
            assert!(fits(&request, 100_000) || ExportRequest::decode(&*request).is_err(), "{lists} lists");
        }
        assert!(!fits(&with_attribute(nested(200)), 100_000));
        assert!(fits(&[], 0));
        assert!(!fits(&[0x0f], 100));
    }

    #[test]
    fn json_weighs_what_it_is_read_into() {
        let check = |text: &str, expected: usize| {
            assert_eq!(json(text.as_bytes(), 1 << 20), Some(expected), "{text}");
        };
        check("", 0);
        check(r#"{"a": 1}"#, OBJECT);
        check(r#"{"a": [1, {}, "x"]}"#, 2 * OBJECT + ARRAY + 2 * MORE);
        // Within a text nothing is an object, however it is quoted.
        check(r#"["{[,\"{[,\\", ","]"#, ARRAY + MORE);
        check(r#"{"a": "{"#, OBJECT);
        assert_eq!(json(b"[{}, {}]", ARRAY + 2 * OBJECT + MORE - 1), None);
        assert_eq!(json(b"[{}, {}]", ARRAY + 2 * OBJECT + MORE), Some(ARRAY + 2 * OBJECT + MORE));
    }

    #[test]
    fn no_message_takes_more_than_its_object_weighs() {
        for size in [
            size_of::<ResourceSpans>(),
            size_of::<ScopeSpans>(),
            size_of::<Span>(),
            size_of::<Event>(),
            size_of::<Link>(),
            size_of::<KeyValue>() + size_of::<AnyValue>(),
        ] {
            assert!(size <= OBJECT - 640, "{size}");
        }
        // A node of a tree: its fields, and what they are below.
        assert!(11 * (size_of::<String>() + size_of::<Value>()) + 16 <= 640);
    }
}
