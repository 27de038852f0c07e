//! Steps of traces in a file: clients that know no door for them put them beside the trace, as `traces.json`.

use super::python;
use crate::{
    Acting,
    artifact::{PROXY_SCHEME, served_path},
    error::{Error, Result},
};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use model::{
    TraceId,
    trace::{
        TraceInfo,
        span::{Attribute, AttributeValue, Nanos, Span, SpanEvent, SpanId, SpanKind, SpanLink, SpanStatus},
    },
};
use serde_json::{Map, Value};

/// The name of the file.
const NAME: &str = "traces.json";
/// Bytes of a file that is read; what is made of it takes a few times as many.
const MOST: u64 = 16 << 20;
/// Steps that are read of it.
const MOST_SPANS: usize = 10_000;

/// What there is in the file of a trace.
pub(super) enum Filed {
    /// These steps; none if there is no file that this server keeps.
    Steps(Vec<Span>),
    /// More than can be read, or something else.
    Trouble(String),
}

impl Acting {
    /// The path, for this server, of a file that a client put beside a trace. Needs READ.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`; `INVALID_PARAMETER_VALUE` for a bad path, or if this server doesn't keep the files.
    pub async fn trace_file_path(&self, id: TraceId, path: &str) -> Result<String> {
        served_path(&self.get_trace_info(id).await?.artifact_uri, path)
    }

    /// Reads the steps of a trace that are in a file, of one that the caller may read.
    pub(super) async fn filed_steps(&self, info: &TraceInfo) -> Result<Filed> {
        let none = Ok(Filed::Steps(Vec::new()));
        let Some(folder) = info.artifact_uri.strip_prefix(PROXY_SCHEME) else { return none };
        let path = format!("{}/{NAME}", folder.trim_matches('/'));
        let read = match self.read_artifact_start(&path, MOST).await {
            Ok(read) => read,
            Err(Error::Problem(_)) => return none,
            Err(error) => return Err(error),
        };
        if read.truncated {
            let message =
                format!("{NAME} has more than {} MiB, which is too much for this page.", MOST >> 20);
            return Ok(Filed::Trouble(message));
        }
        let steps = tokio::task::spawn_blocking(move || steps_in(&read.bytes)).await;
        let steps = steps.map_err(|error| Error::Fault(format!("reading the steps of a trace: {error}")))?;
        Ok(steps
            .map_or_else(|| Filed::Trouble(format!("{NAME} holds no steps that can be read.")), Filed::Steps))
    }
}

/// The steps that a file holds, as MLflow's clients of all ages write them; `None` if it is no such file.
fn steps_in(json: &[u8]) -> Option<Vec<Span>> {
    let file = python::read(std::str::from_utf8(json).ok()?)?;
    let spans = file.get("spans")?.as_array()?;
    Some(spans.iter().take(MOST_SPANS).filter_map(read_step).collect())
}

/// A step as MLflow's clients of all ages write it; `None` if it is none.
pub fn read_step(value: &Value) -> Option<Span> {
    let id = |value: Option<&Value>| value.and_then(Value::as_str).and_then(span_id);
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let either =
        |new: &str, old: &str| value.get(new).or_else(|| value.get(old)).filter(|value| !value.is_null());
    let status = value.get("status");
    let code = text(status.and_then(|status| status.get("code")).or_else(|| value.get("status_code")));
    Some(Span {
        id: id(value.get("span_id").or_else(|| value.get("context")?.get("span_id")))?,
        parent: id(either("parent_span_id", "parent_id")),
        name: text(value.get("name")),
        kind: SpanKind::Internal,
        start: either("start_time_unix_nano", "start_time").and_then(nanos)?,
        end: either("end_time_unix_nano", "end_time").and_then(nanos),
        status: match code {
            code if code.ends_with("ERROR") => SpanStatus::Error,
            code if code.ends_with("OK") => SpanStatus::Ok,
            _ => SpanStatus::Unset,
        },
        message: text(
            status.and_then(|status| status.get("message")).or_else(|| value.get("status_message")),
        ),
        attributes: value.get("attributes").and_then(Value::as_object).map(dumped).unwrap_or_default(),
        events: value.get("events").and_then(Value::as_array).into_iter().flatten().map(event).collect(),
        links: value.get("links").and_then(Value::as_array).into_iter().flatten().filter_map(link).collect(),
    })
}

/// Base64 of the eight bytes; before MLflow 3 it was `0x` and hexadecimal digits.
fn span_id(text: &str) -> Option<SpanId> {
    if let Ok(id) = text.strip_prefix("0x").unwrap_or(text).parse() {
        return Some(id);
    }
    let bytes: [u8; 8] = BASE64_STANDARD.decode(text).ok()?.try_into().ok()?;
    Some(SpanId(u64::from_be_bytes(bytes)))
}

/// As OpenTelemetry has it, none is before 1970.
fn nanos(value: &Value) -> Option<Nanos> {
    let nanos: Nanos = value.as_i64().or_else(|| value.as_str()?.parse().ok())?;
    Some(nanos.max(0))
}

/// Levels of an attribute that is kept as more than a text: what is written a little deeper must be read again.
const DEEPEST: usize = 100;

/// Whether lists and objects lie within each other on more levels than so many.
fn is_deeper(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(_) | Value::Object(_) if levels == 0 => true,
        Value::Array(items) => items.iter().any(|item| is_deeper(item, levels - 1)),
        Value::Object(fields) => fields.values().any(|field| is_deeper(field, levels - 1)),
        _ => false,
    }
}

/// Attributes of a step, each of which is JSON in a text.
fn dumped(attributes: &Map<String, Value>) -> Vec<Attribute> {
    let read = |(key, value): (&String, &Value)| {
        let inner = value.as_str().and_then(python::read).filter(|inner| !is_deeper(inner, DEEPEST));
        Attribute { key: key.clone(), value: attribute(&inner.unwrap_or_else(|| value.clone())) }
    };
    attributes.iter().map(read).collect()
}

fn event(value: &Value) -> SpanEvent {
    let time = value.get("time_unix_nano").or_else(|| value.get("timestamp"));
    let known = value.get("attributes").and_then(Value::as_object);
    let read = |(key, value): (&String, &Value)| Attribute { key: key.clone(), value: attribute(value) };
    SpanEvent {
        name: value.get("name").and_then(Value::as_str).unwrap_or_default().to_owned(),
        time: time.and_then(nanos).unwrap_or_default(),
        attributes: known.into_iter().flatten().map(read).collect(),
    }
}

/// A link names ids as people see them.
fn link(value: &Value) -> Option<SpanLink> {
    let trace = value.get("trace_id")?.as_str()?;
    let known = value.get("attributes").and_then(Value::as_object);
    let read = |(key, value): (&String, &Value)| Attribute { key: key.clone(), value: attribute(value) };
    Some(SpanLink {
        trace: trace.parse().or_else(|_| format!("tr-{trace}").parse()).ok()?,
        span: value.get("span_id").and_then(Value::as_str).and_then(span_id)?,
        attributes: known.into_iter().flatten().map(read).collect(),
    })
}

fn attribute(value: &Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Nothing,
        Value::Bool(flag) => AttributeValue::Flag(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => AttributeValue::Whole(whole),
            None => AttributeValue::Real(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => match python::number(text) {
            Some(number) => AttributeValue::Real(number),
            None => AttributeValue::Text(text.clone()),
        },
        Value::Array(items) => AttributeValue::List(items.iter().map(attribute).collect()),
        Value::Object(fields) => {
            let read =
                |(key, value): (&String, &Value)| Attribute { key: key.clone(), value: attribute(value) };
            AttributeValue::Map(fields.iter().map(read).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_lies_too_deep_stays_a_text() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let read = |text: &str| {
            let span = json!({
                "name": "a", "span_id": "AAAAAAAAAAI=", "start_time_unix_nano": -5, "attributes": { "odd": text },
            });
            steps_in(json!({ "spans": [span] }).to_string().as_bytes()).unwrap().remove(0)
        };
        assert_eq!(read("[]").start, 0, "no step is before 1970");
        assert!(matches!(read(&nested(100)).attribute("odd"), Some(AttributeValue::List(_))));
        for deep in [nested(101), nested(127), nested(500)] {
            assert_eq!(read(&deep).attribute("odd"), Some(&AttributeValue::Text(deep)));
        }
    }

    #[test]
    fn files_of_clients_of_all_ages_are_read() {
        let new = json!({ "spans": [{
            "trace_id": "AAAAAAAAAAAAAAAAAAAAAQ==", "span_id": "AAAAAAAAAAI=", "parent_span_id": "AAAAAAAAAAE=",
            "name": "think", "start_time_unix_nano": 5, "end_time_unix_nano": 9,
            "status": { "code": "STATUS_CODE_ERROR", "message": "too long" },
            "attributes": { "mlflow.spanType": "\"LLM\"", "mlflow.spanInputs": "{\"question\": \"why?\"}", "odd": "x" },
            "events": [{ "name": "exception", "time_unix_nano": 8, "attributes": { "exception.type": "ValueError" } }],
        }] });
        let old = json!({ "spans": [{
            "name": "think", "context": { "span_id": "0x0000000000000002", "trace_id": "0x1" },
            "parent_id": "0x0000000000000001", "start_time": 5, "end_time": 9,
            "status_code": "ERROR", "status_message": "too long",
            "attributes": { "mlflow.spanType": "\"LLM\"", "mlflow.spanInputs": "{\"question\": \"why?\"}", "odd": "x" },
            "events": [{ "name": "exception", "timestamp": 8, "attributes": { "exception.type": "ValueError" } }],
        }], "request": "{}" });
        let read = |file: &Value| steps_in(file.to_string().as_bytes()).unwrap();
        let spans = read(&new);
        assert_eq!(spans, read(&old));
        let [span] = spans.as_slice() else { panic!("{spans:?}") };
        assert_eq!((span.id, span.parent), (SpanId(2), Some(SpanId(1))));
        assert_eq!((span.start, span.end, span.status), (5, Some(9), SpanStatus::Error));
        assert_eq!((span.span_type(), span.message.as_str()), ("LLM", "too long"));
        let question =
            Attribute { key: "question".to_owned(), value: AttributeValue::Text("why?".to_owned()) };
        assert_eq!(span.attribute("mlflow.spanInputs"), Some(&AttributeValue::Map(vec![question])));
        assert_eq!(span.attribute("odd"), Some(&AttributeValue::Text("x".to_owned())));
        assert_eq!((span.events[0].time, span.events[0].attributes.len()), (8, 1));
    }

    #[test]
    fn links_name_traces_with_and_without_their_prefix() {
        let hex = "0af7651916cd43dd8448eb211c80319c";
        let links = json!([
            { "trace_id": format!("tr-{hex}"), "span_id": "0000000000000002", "attributes": { "a": 1 } },
            { "trace_id": hex, "span_id": "0000000000000003", "attributes": null },
            { "trace_id": "x", "span_id": "0000000000000003" },
        ]);
        let span = json!({ "span_id": "AAAAAAAAAAE=", "start_time_unix_nano": 5, "links": links });
        let links = read_step(&span).unwrap().links;
        let read: Vec<(SpanId, usize)> =
            links.iter().map(|link| (link.span, link.attributes.len())).collect();
        assert_eq!(read, [(SpanId(2), 1), (SpanId(3), 0)]);
        assert_eq!(links[0].trace, links[1].trace);
    }

    #[test]
    fn other_files_are_none() {
        for text in ["", "[]", "{}", "{\"spans\": 1}"] {
            assert!(steps_in(text.as_bytes()).is_none(), "{text}");
        }
        let odd =
            json!({ "spans": [1, {}, { "span_id": "x" }, { "span_id": "AAAAAAAAAAI=", "start_time": "7" }] });
        assert_eq!(steps_in(odd.to_string().as_bytes()).unwrap().len(), 1);
    }
}
