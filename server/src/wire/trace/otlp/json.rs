//! The same messages as JSON: names in camel case or snake case, ids in hexadecimal digits, whole numbers as numbers or text.

use super::message::{
    AnyValue, ArrayValue, Event, ExportRequest, KeyValue, KeyValueList, Kind, Link, Resource, ResourceSpans,
    ScopeSpans, Span, Status,
};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;

/// A request; `None` if it is none.
pub fn request(value: &Value) -> Option<ExportRequest> {
    value.as_object()?;
    Some(ExportRequest { resource_spans: list(value, "resourceSpans", "resource_spans", resource_spans)? })
}

fn field<'v>(of: &'v Value, camel: &str, snake: &str) -> Option<&'v Value> {
    of.get(camel).or_else(|| of.get(snake)).filter(|value| !value.is_null())
}

/// A list; empty if there is none.
fn list<T>(of: &Value, camel: &str, snake: &str, read: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    match field(of, camel, snake) {
        None => Some(Vec::new()),
        Some(values) => {
            let values = values.as_array()?;
            // Room for these and no more: it is weighed before (see `super::weigh`).
            let mut all = Vec::with_capacity(values.len());
            for value in values {
                // Of objects alone the weight counts what they become.
                value.as_object()?;
                all.push(read(value)?);
            }
            Some(all)
        }
    }
}

/// A text; empty if there is none.
fn text(of: &Value, name: &str) -> Option<String> {
    field(of, name, name).map_or(Some(String::new()), |value| value.as_str().map(str::to_owned))
}

/// An object, if there is one; `None` if it is something else.
fn object<'v>(of: &'v Value, name: &str) -> Option<Option<&'v Value>> {
    match field(of, name, name) {
        Some(value) if !value.is_object() => None,
        found => Some(found),
    }
}

/// A whole number, as protobuf takes it: as a number or as text, and however it is written.
fn whole(value: &Value) -> Option<i128> {
    // No field takes a greater one.
    let exact = |number: f64| {
        let is_whole = number.fract() == 0.0 && number.abs() <= 2f64.powi(64);
        is_whole.then_some(number as i128)
    };
    match value {
        Value::String(text) => text.parse().ok().or_else(|| exact(text.parse().ok()?)),
        Value::Number(number) => number
            .as_i64()
            .map(i128::from)
            .or(number.as_u64().map(i128::from))
            .or_else(|| exact(number.as_f64()?)),
        _ => None,
    }
}

/// A time; 0 if there is none.
fn number(of: &Value, camel: &str, snake: &str) -> Option<u64> {
    field(of, camel, snake).map_or(Some(0), |value| u64::try_from(whole(value)?).ok())
}

/// One of protobuf's words, or its number; 0 for none, and for one that is newer than this program.
fn word(of: &Value, name: &str, words: &[&str]) -> Option<i32> {
    match field(of, name, name) {
        None => Some(0),
        Some(Value::String(text)) => match words.iter().position(|word| word == text) {
            Some(place) => i32::try_from(place).ok(),
            None => Some(text.parse().unwrap_or_default()),
        },
        Some(value) => i32::try_from(whole(value)?).ok(),
    }
}

/// An id; empty if there is none.
fn id(of: &Value, camel: &str, snake: &str) -> Option<Vec<u8>> {
    let Some(value) = field(of, camel, snake) else { return Some(Vec::new()) };
    let text = value.as_str()?;
    let is_hex = text.len() % 2 == 0 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digits = is_hex.then_some(text)?;
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok()).collect()
}

fn resource_spans(value: &Value) -> Option<ResourceSpans> {
    let resource = match object(value, "resource")? {
        Some(resource) => Some(Resource { attributes: pairs(resource, "attributes")? }),
        None => None,
    };
    Some(ResourceSpans { resource, scope_spans: list(value, "scopeSpans", "scope_spans", scope_spans)? })
}

fn scope_spans(value: &Value) -> Option<ScopeSpans> {
    Some(ScopeSpans { spans: list(value, "spans", "spans", span)? })
}

fn span(value: &Value) -> Option<Span> {
    const KINDS: [&str; 6] = [
        "SPAN_KIND_UNSPECIFIED",
        "SPAN_KIND_INTERNAL",
        "SPAN_KIND_SERVER",
        "SPAN_KIND_CLIENT",
        "SPAN_KIND_PRODUCER",
        "SPAN_KIND_CONSUMER",
    ];
    const CODES: [&str; 3] = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];
    let status = match object(value, "status")? {
        Some(status) => {
            Some(Status { message: text(status, "message")?, code: word(status, "code", &CODES)? })
        }
        None => None,
    };
    Some(Span {
        trace_id: id(value, "traceId", "trace_id")?,
        span_id: id(value, "spanId", "span_id")?,
        parent_span_id: id(value, "parentSpanId", "parent_span_id")?,
        name: text(value, "name")?,
        kind: word(value, "kind", &KINDS)?,
        start_time_unix_nano: number(value, "startTimeUnixNano", "start_time_unix_nano")?,
        end_time_unix_nano: number(value, "endTimeUnixNano", "end_time_unix_nano")?,
        attributes: pairs(value, "attributes")?,
        events: list(value, "events", "events", event)?,
        links: list(value, "links", "links", link)?,
        status,
    })
}

fn event(value: &Value) -> Option<Event> {
    Some(Event {
        time_unix_nano: number(value, "timeUnixNano", "time_unix_nano")?,
        name: text(value, "name")?,
        attributes: pairs(value, "attributes")?,
    })
}

fn link(value: &Value) -> Option<Link> {
    Some(Link {
        trace_id: id(value, "traceId", "trace_id")?,
        span_id: id(value, "spanId", "span_id")?,
        attributes: pairs(value, "attributes")?,
    })
}

fn pairs(of: &Value, name: &str) -> Option<Vec<KeyValue>> {
    list(of, name, name, |pair| {
        let value = match field(pair, "value", "value") {
            Some(value) => Some(any(value)?),
            None => None,
        };
        Some(KeyValue { key: text(pair, "key")?, value })
    })
}

fn any(value: &Value) -> Option<AnyValue> {
    let (name, value) = match value.as_object()?.iter().find(|(_, value)| !value.is_null()) {
        Some((name, value)) => (name.as_str(), value),
        None => return Some(AnyValue::default()),
    };
    let kind = match name {
        "stringValue" | "string_value" => Kind::Text(value.as_str()?.to_owned()),
        "boolValue" | "bool_value" => Kind::Flag(value.as_bool()?),
        "intValue" | "int_value" => Kind::Whole(i64::try_from(whole(value)?).ok()?),
        "doubleValue" | "double_value" => Kind::Real(match value {
            // NaN and Infinity among them.
            Value::String(text) => text.parse().ok()?,
            number => number.as_f64()?,
        }),
        "bytesValue" | "bytes_value" => Kind::Bytes(BASE64_STANDARD.decode(value.as_str()?).ok()?),
        "arrayValue" | "array_value" => {
            value.as_object()?;
            Kind::List(ArrayValue { values: list(value, "values", "values", any)? })
        }
        "kvlistValue" | "kvlist_value" => {
            value.as_object()?;
            Kind::Map(KeyValueList { values: pairs(value, "values")? })
        }
        // A kind that is newer than this program.
        _ => return Some(AnyValue::default()),
    };
    Some(AnyValue { value: Some(kind) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_request_is_read_in_either_spelling() {
        let camel = json!({ "resourceSpans": [{
            "resource": { "attributes": [{ "key": "service.name", "value": { "stringValue": "shop" } }] },
            "scopeSpans": [{ "scope": { "name": "x" }, "spans": [{
                "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "00F067AA0BA902B7", "name": "pay", "kind": 2,
                "startTimeUnixNano": "1700000000000000001", "endTimeUnixNano": 1_700_000_000_000_000_002_u64,
                "attributes": [
                    { "key": "n", "value": { "intValue": "-5" } },
                    { "key": "x", "value": { "doubleValue": "NaN" } },
                    { "key": "l", "value": { "arrayValue": { "values": [{ "boolValue": true }, {}] } } },
                    { "key": "m", "value": { "kvlistValue": { "values": [{ "key": "b", "value": { "bytesValue": "/w==" } }] } } }
                ],
                "status": { "code": "STATUS_CODE_ERROR", "message": "no money" }
            }] }]
        }] });
        let read = request(&camel).unwrap();
        let span = &read.resource_spans[0].scope_spans[0].spans[0];
        assert_eq!((span.span_id.len(), span.trace_id[0], span.kind), (8, 0x0A, 2));
        assert_eq!(span.end_time_unix_nano - span.start_time_unix_nano, 1);
        assert_eq!(span.status, Some(Status { message: "no money".to_owned(), code: 2 }));
        let value = |at: usize| span.attributes[at].value.clone().unwrap().value;
        assert_eq!(value(0), Some(Kind::Whole(-5)));
        assert!(matches!(value(1), Some(Kind::Real(number)) if number.is_nan()));
        let items = vec![AnyValue { value: Some(Kind::Flag(true)) }, AnyValue { value: None }];
        assert_eq!(value(2), Some(Kind::List(ArrayValue { values: items })));
        let snake = json!({ "resource_spans": [{ "scope_spans": [{ "spans": [{ "trace_id": "0a", "kind": "SPAN_KIND_CLIENT" }] }] }] });
        let read = request(&snake).unwrap();
        assert_eq!(read.resource_spans[0].scope_spans[0].spans[0].kind, 3);
        assert_eq!(request(&json!({})).unwrap().resource_spans.len(), 0);
    }

    #[test]
    fn numbers_are_taken_however_they_are_written() {
        let check = |given: Value, expected: Option<i128>| assert_eq!(whole(&given), expected, "{given}");
        check(json!(5), Some(5));
        check(json!(-5), Some(-5));
        check(json!("5"), Some(5));
        check(json!(5.0), Some(5));
        check(json!("1e3"), Some(1000));
        check(json!(u64::MAX), Some(i128::from(u64::MAX)));
        check(json!("9223372036854775807"), Some(i128::from(i64::MAX)));
        for odd in
            [json!(1.5), json!("1.5"), json!(""), json!("x"), json!("NaN"), json!(true), json!([]), json!({})]
        {
            check(odd, None);
        }
        let words = ["ZERO", "ONE"];
        assert_eq!(word(&json!({ "kind": "ONE" }), "kind", &words), Some(1));
        assert_eq!(word(&json!({ "kind": "9" }), "kind", &words), Some(9));
        assert_eq!(word(&json!({ "kind": -1 }), "kind", &words), Some(-1));
        assert_eq!(word(&json!({ "kind": "TWO" }), "kind", &words), Some(0));
        assert_eq!(word(&json!({ "kind": [] }), "kind", &words), None);
        assert_eq!(word(&json!({}), "kind", &words), Some(0));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for odd in [
            json!([]),
            json!({ "resourceSpans": 1 }),
            json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [0, null, ""] }] }] }),
            json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [{ "traceId": "xy" }] }] }] }),
            json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [{ "startTimeUnixNano": "soon" }] }] }] }),
            json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [{ "startTimeUnixNano": -1 }] }] }] }),
            json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [{ "status": 5 }] }] }] }),
            json!({ "resourceSpans": [{ "resource": [] }] }),
            json!({ "resourceSpans": [{ "resource": { "attributes": [{ "value": { "arrayValue": 1 } }] } }] }),
        ] {
            assert!(request(&odd).is_none(), "{odd}");
        }
    }
}
