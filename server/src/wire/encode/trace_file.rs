//! Steps of a trace as MLflow's clients keep them in files (`traces.json`): ids in base64, each attribute as JSON in a text.

use super::{
    double,
    trace::{span_bytes, trace_bytes},
};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use domain::trace::{dumped, unwrapped};
use model::{
    TraceId,
    trace::{
        Trace,
        span::{Attribute, AttributeValue, Span, SpanEvent, SpanLink, SpanStatus},
    },
};
use serde_json::{Map, Value, json};

/// Where clients look up which trace a step is of.
const TRACE: &str = "mlflow.traceRequestId";

/// What the file of a trace holds.
pub fn steps(trace: &Trace) -> Value {
    let steps: Vec<Value> = trace.spans.iter().map(|span| step(trace.info.id, span)).collect();
    json!({ "spans": steps })
}

fn step(trace: TraceId, span: &Span) -> Value {
    let code = match span.status {
        SpanStatus::Unset => "STATUS_CODE_UNSET",
        SpanStatus::Ok => "STATUS_CODE_OK",
        SpanStatus::Error => "STATUS_CODE_ERROR",
    };
    let read = |one: &Attribute| (one.key.clone(), Value::from(dumped(&unwrapped(&one.value))));
    let mut attributes: Map<String, Value> = span.attributes.iter().map(read).collect();
    attributes.insert(TRACE.to_owned(), Value::from(Value::from(trace.to_string()).to_string()));
    let events: Vec<Value> = span.events.iter().map(event).collect();
    let links: Vec<Value> = span.links.iter().map(link).collect();
    json!({
        "trace_id": trace_bytes(trace),
        "span_id": span_bytes(span.id),
        "parent_span_id": span.parent.map(span_bytes),
        "name": span.name.as_str(),
        "start_time_unix_nano": span.start,
        "end_time_unix_nano": span.end,
        "events": events,
        "status": { "code": code, "message": span.message.as_str() },
        "attributes": attributes,
        "links": links,
    })
}

fn event(event: &SpanEvent) -> Value {
    json!({
        "name": event.name.as_str(),
        "time_unix_nano": event.time,
        "attributes": fields(&event.attributes),
    })
}

fn link(link: &SpanLink) -> Value {
    json!({
        "trace_id": link.trace.to_string(),
        "span_id": link.span.to_string(),
        "attributes": fields(&link.attributes),
    })
}

fn fields(attributes: &[Attribute]) -> Value {
    let fields: Map<String, Value> =
        attributes.iter().map(|one| (one.key.clone(), plain(&one.value))).collect();
    Value::Object(fields)
}

/// As JSON can have it.
fn plain(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::Nothing => Value::Null,
        AttributeValue::Text(text) => Value::from(text.as_str()),
        AttributeValue::Flag(flag) => Value::from(*flag),
        AttributeValue::Whole(number) => Value::from(*number),
        AttributeValue::Real(number) => double(*number),
        AttributeValue::Bytes(bytes) => Value::from(BASE64_STANDARD.encode(bytes)),
        AttributeValue::List(values) => Value::from(values.iter().map(plain).collect::<Vec<_>>()),
        AttributeValue::Map(values) => fields(values),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_beside_attributes_is_json_itself() {
        let odd = Attribute { key: "loss".to_owned(), value: AttributeValue::Real(f64::NAN) };
        assert_eq!(fields(&[odd]), json!({ "loss": "NaN" }));
    }
}
