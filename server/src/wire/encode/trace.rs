//! Traces as MLflow's JSON. Their steps are in the shape of OpenTelemetry's protobuf, with names in snake case and ids in base64.

use super::{Double, Object, tag};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use domain::trace::unwrapped;
use model::{
    TraceId,
    run::Tag,
    time::rfc3339_millis,
    trace::{
        Trace, TraceInfo, TraceState,
        assessment::{Assessment, AssessmentError, AssessmentKind},
        key,
        metric::MetricPoint,
        span::{Attribute, AttributeValue, Span, SpanEvent, SpanId, SpanKind, SpanLink, SpanStatus},
    },
};
use serde_json::{Map, Value, json};

/// What is known of a trace besides its steps.
pub fn info(info: &TraceInfo) -> Value {
    let experiment = json!({ "experiment_id": info.experiment.to_string() });
    Object::default()
        .set("trace_id", info.id.to_string())
        .set_some("client_request_id", info.client_request_id.as_deref())
        .set("trace_location", json!({ "type": "MLFLOW_EXPERIMENT", "mlflow_experiment": experiment }))
        .set_some("request_preview", info.request_preview.as_deref())
        .set_some("response_preview", info.response_preview.as_deref())
        .set("request_time", rfc3339_millis(info.request_time))
        .set_some("execution_duration", info.duration.map(duration))
        .set("state", info.state.name())
        .set_some("trace_metadata", map(&info.metadata))
        .set_some("tags", map(&all_tags(info)))
        .set_list("assessments", &info.assessments, assessment)
        .done()
}

/// As clients before MLflow 3 know it.
pub fn info_v2(info: &TraceInfo) -> Value {
    let status = match info.state {
        TraceState::Unspecified => "TRACE_STATUS_UNSPECIFIED",
        state => state.name(),
    };
    Object::default()
        .set("request_id", info.id.to_string())
        .set("experiment_id", info.experiment.to_string())
        .set("timestamp_ms", info.request_time)
        // Of what goes on it is 0.
        .set("execution_time_ms", info.duration.unwrap_or_default())
        .set("status", status)
        .set_list("request_metadata", &info.metadata, tag)
        .set_list("tags", &all_tags(info), tag)
        .done()
}

/// A trace with its steps.
pub fn trace(trace: &Trace) -> Value {
    let span = |one: &Span| span(trace.info.id, one);
    Object::default().set("trace_info", info(&trace.info)).set_list("spans", &trace.spans, span).done()
}

/// With those that say where its files and its steps are.
fn all_tags(info: &TraceInfo) -> Vec<Tag> {
    let own = |key: &str, value: &str| Tag { key: key.to_owned(), value: value.to_owned() };
    let mut tags = info.tags.clone();
    tags.push(own(key::ARTIFACT_LOCATION, &info.artifact_uri));
    if info.span_count > 0 {
        tags.push(own(key::SPANS_LOCATION, "TRACKING_STORE"));
    }
    tags
}

fn map(pairs: &[Tag]) -> Option<Value> {
    let fields: Map<String, Value> =
        pairs.iter().map(|pair| (pair.key.clone(), Value::from(pair.value.as_str()))).collect();
    (!fields.is_empty()).then_some(Value::Object(fields))
}

/// A duration as protobuf writes it.
fn duration(millis: i64) -> String {
    let sign = if millis < 0 { "-" } else { "" };
    let millis = millis.unsigned_abs();
    match (millis / 1000, millis % 1000) {
        (seconds, 0) => format!("{sign}{seconds}s"),
        (seconds, rest) => format!("{sign}{seconds}.{rest:03}s"),
    }
}

/// What was thought of a trace.
pub fn assessment(assessment: &Assessment) -> Value {
    let source = Object::default()
        .set("source_type", assessment.source_type.name())
        .set_some("source_id", Some(assessment.source_id.as_str()).filter(|id| !id.is_empty()))
        .done();
    let value: Value = serde_json::from_str(&assessment.value).unwrap_or_default();
    let value = match assessment.kind {
        AssessmentKind::Feedback => Object::default()
            .set("value", value)
            .set_some("error", assessment.error.as_ref().map(assessment_error))
            .done(),
        // Lists and objects come as text.
        AssessmentKind::Expectation if value.is_array() || value.is_object() => json!({
            "serialized_value": { "serialization_format": "JSON_FORMAT", "value": assessment.value.as_str() }
        }),
        AssessmentKind::Expectation => json!({ "value": value }),
        AssessmentKind::Issue => json!({ "issue_name": value }),
    };
    Object::default()
        .set("assessment_id", assessment.id.to_string())
        .set("assessment_name", assessment.name.as_str())
        .set("trace_id", assessment.trace.to_string())
        .set_some("span_id", assessment.span.as_deref())
        .set("source", source)
        .set("create_time", rfc3339_millis(assessment.created))
        .set("last_update_time", rfc3339_millis(assessment.updated))
        .set(assessment.kind.name(), value)
        .set_some("rationale", assessment.rationale.as_deref())
        .set_some("metadata", map(&assessment.metadata))
        .set_some("overrides", assessment.overrides.map(|id| id.to_string()))
        .set("valid", assessment.valid)
        .done()
}

fn assessment_error(error: &AssessmentError) -> Value {
    Object::default()
        .set_some("error_code", error.code.as_deref())
        .set_some("error_message", error.message.as_deref())
        .set_some("stack_trace", error.stack_trace.as_deref())
        .done()
}

fn span(trace: TraceId, span: &Span) -> Value {
    let status = match span.status {
        SpanStatus::Unset => None,
        SpanStatus::Ok => Some("STATUS_CODE_OK"),
        SpanStatus::Error => Some("STATUS_CODE_ERROR"),
    };
    let message = Some(span.message.as_str()).filter(|message| !message.is_empty());
    Object::default()
        .set("trace_id", trace_bytes(trace))
        .set("span_id", span_bytes(span.id))
        .set_some("parent_span_id", span.parent.map(span_bytes))
        .set_some("name", Some(span.name.as_str()).filter(|name| !name.is_empty()))
        .set_some("kind", kind(span.kind))
        .set_some("start_time_unix_nano", Some(span.start).filter(|time| *time != 0))
        .set_some("end_time_unix_nano", span.end)
        .set_list("attributes", &span.attributes, |one| pair(&one.key, &unwrapped(&one.value)))
        .set_list("events", &span.events, event)
        .set_list("links", &span.links, link)
        .set("status", Object::default().set_some("code", status).set_some("message", message).done())
        .done()
}

pub(super) fn trace_bytes(trace: TraceId) -> String {
    BASE64_STANDARD.encode(trace.to_bytes())
}

pub(super) fn span_bytes(span: SpanId) -> String {
    BASE64_STANDARD.encode(span.0.to_be_bytes())
}

fn kind(kind: SpanKind) -> Option<&'static str> {
    match kind {
        SpanKind::Unspecified => None,
        SpanKind::Internal => Some("SPAN_KIND_INTERNAL"),
        SpanKind::Server => Some("SPAN_KIND_SERVER"),
        SpanKind::Client => Some("SPAN_KIND_CLIENT"),
        SpanKind::Producer => Some("SPAN_KIND_PRODUCER"),
        SpanKind::Consumer => Some("SPAN_KIND_CONSUMER"),
    }
}

fn event(event: &SpanEvent) -> Value {
    Object::default()
        .set_some("time_unix_nano", Some(event.time).filter(|time| *time != 0))
        .set_some("name", Some(event.name.as_str()).filter(|name| !name.is_empty()))
        .set_list("attributes", &event.attributes, attribute)
        .done()
}

fn link(link: &SpanLink) -> Value {
    Object::default()
        .set("trace_id", trace_bytes(link.trace))
        .set("span_id", span_bytes(link.span))
        .set_list("attributes", &link.attributes, attribute)
        .done()
}

fn attribute(attribute: &Attribute) -> Value {
    pair(&attribute.key, &attribute.value)
}

fn pair(key: &str, any: &AttributeValue) -> Value {
    let is_something = *any != AttributeValue::Nothing;
    Object::default()
        .set_some("key", Some(key).filter(|key| !key.is_empty()))
        .set_some("value", is_something.then(|| value(any)))
        .done()
}

fn value(any: &AttributeValue) -> Value {
    match any {
        AttributeValue::Nothing => json!({}),
        AttributeValue::Text(text) => json!({ "string_value": text }),
        AttributeValue::Flag(flag) => json!({ "bool_value": flag }),
        AttributeValue::Whole(number) => json!({ "int_value": number }),
        AttributeValue::Real(number) => json!({ "double_value": Double(*number) }),
        AttributeValue::Bytes(bytes) => json!({ "bytes_value": BASE64_STANDARD.encode(bytes) }),
        AttributeValue::List(values) => {
            json!({ "array_value": Object::default().set_list("values", values, value).done() })
        }
        AttributeValue::Map(values) => {
            json!({ "kvlist_value": Object::default().set_list("values", values, attribute).done() })
        }
    }
}

/// What a metric of traces is for one value of each dimension.
pub fn metric_point(metric: &str, point: &MetricPoint) -> Value {
    let dimensions: Map<String, Value> = point
        .dimensions
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str())))
        .collect();
    let values: Map<String, Value> =
        point.values.iter().map(|(label, value)| (label.clone(), json!(Double(*value)))).collect();
    Object::default()
        .set("metric_name", metric)
        .set_some("dimensions", Some(dimensions).filter(|dimensions| !dimensions.is_empty()))
        .set("values", values)
        .done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_protobuf() {
        let check = |millis, text: &str| assert_eq!(duration(millis), text);
        check(0, "0s");
        check(1, "0.001s");
        check(61_500, "61.500s");
        check(2000, "2s");
        check(-1500, "-1.500s");
    }

    #[test]
    fn values_are_those_of_opentelemetry() {
        let list = AttributeValue::List(vec![
            AttributeValue::Whole(1),
            AttributeValue::Real(f64::NAN),
            AttributeValue::Bytes(vec![255]),
            AttributeValue::Nothing,
        ]);
        let expected = json!({ "array_value": { "values": [
            { "int_value": 1 }, { "double_value": "NaN" }, { "bytes_value": "/w==" }, {},
        ] } });
        assert_eq!(value(&list), expected);
        assert_eq!(value(&AttributeValue::Map(Vec::new())), json!({ "kvlist_value": {} }));
    }

    #[test]
    fn attributes_are_told_as_clients_read_them() {
        let check = |key: &str, given: AttributeValue, expected: Value| {
            let one = Attribute { key: key.to_owned(), value: given };
            assert_eq!(pair(&one.key, &unwrapped(&one.value)), expected);
        };
        let text = |text: &str| AttributeValue::Text(text.to_owned());
        check("a", text("hi"), json!({ "key": "a", "value": { "string_value": "hi" } }));
        check("a", text("\"hi\""), json!({ "key": "a", "value": { "string_value": "hi" } }));
        check("a", text("5"), json!({ "key": "a", "value": { "string_value": "5" } }));
        let list = json!({ "values": [{ "int_value": 1 }, {}] });
        check("a", text("[1, null]"), json!({ "key": "a", "value": { "array_value": list } }));
        check("", text(""), json!({ "value": { "string_value": "" } }));
        check("a", AttributeValue::Nothing, json!({ "key": "a" }));
    }

    #[test]
    fn what_is_empty_or_0_is_left_out_as_protobuf_does() {
        let trace = TraceId::from_bytes([1; 16]);
        let empty = Span {
            id: SpanId(1),
            parent: None,
            name: String::new(),
            kind: SpanKind::Unspecified,
            start: 0,
            end: None,
            status: SpanStatus::Unset,
            message: String::new(),
            attributes: Vec::new(),
            events: vec![SpanEvent { name: String::new(), time: 0, attributes: Vec::new() }],
            links: Vec::new(),
        };
        let expected = json!({
            "trace_id": trace_bytes(trace), "span_id": "AAAAAAAAAAE=", "events": [{}], "status": {},
        });
        assert_eq!(span(trace, &empty), expected);
    }
}
