//! How much memory a request takes once it is read, told from its bytes before it is. A message of two bytes may be read into hundreds, so
//! that of few bytes, and fewer still where they are packed, a server could lose all its memory.

use super::message::{
    AnyValue, ArrayValue, Event, KeyValue, KeyValueList, Link, ResourceSpans, ScopeSpans, Span, Status,
};

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

/// Whether a request takes no more memory than this, its texts left out: they take what they do in the request. What is no request
/// doesn't fit either.
pub fn fits(request: &[u8], most: usize) -> bool {
    let mut left = most;
    weigh(request, &REQUEST, &mut left, DEEPEST).is_some()
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
}
