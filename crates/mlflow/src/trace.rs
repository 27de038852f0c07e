//! Traces as MLflow tells of them in JSON, which its files of YAML say in other letters: those of clients of all ages.

use crate::http::read::{maybe, text, whole};
use model::{
    AssessmentId, ExperimentId, Millis, TraceId,
    import::TraceRecord,
    run::Tag,
    time::parse_rfc3339,
    trace::{
        TraceInfo, TraceState,
        assessment::{Assessment, AssessmentError, AssessmentKind, SourceType},
        key, value_of,
    },
};
use serde_json::Value;

/// Tag: versions of prompts that a trace was made with, in JSON.
const PROMPTS: &str = "mlflow.linkedPrompts";

/// The id in a text. Those of clients before MLflow 3 have no `tr-`.
pub(crate) fn trace_id(text: &str) -> Option<TraceId> {
    text.parse().or_else(|_| format!("tr-{text}").parse()).ok()
}

/// A state's word.
pub(crate) fn state(word: &str) -> TraceState {
    TraceState::from_name(word).unwrap_or(TraceState::Unspecified)
}

/// Keys and values, which come as an object or, from older servers, as a list.
fn pairs(of: &Value) -> Vec<Tag> {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match of {
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| Tag { key: key.clone(), value: plain(value) }).collect()
        }
        Value::Array(items) => {
            items.iter().map(|item| Tag { key: text(item, "key"), value: text(item, "value") }).collect()
        }
        _ => Vec::new(),
    }
}

/// Milliseconds of a duration as protobuf writes it.
fn duration(text: &str) -> Option<i64> {
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    seconds.is_finite().then(|| (seconds * 1000.0).round() as i64)
}

fn time(of: &Value, name: &str) -> Option<Millis> {
    of[name].as_str().and_then(parse_rfc3339)
}

/// What is known of a trace.
pub(crate) fn record(of: &Value) -> Result<TraceRecord, String> {
    let there = maybe(of, "trace_id").unwrap_or_else(|| text(of, "request_id"));
    let id = trace_id(&there).ok_or_else(|| format!("trace '{there}': its id is not of the usual form"))?;
    let experiment = maybe(&of["trace_location"]["mlflow_experiment"], "experiment_id")
        .unwrap_or_else(|| text(of, "experiment_id"));
    let experiment: ExperimentId =
        experiment.parse().map_err(|_| format!("trace '{there}': it is in no experiment"))?;
    let word = maybe(of, "state").unwrap_or_else(|| text(of, "status"));
    let told = |new: &str, old: &str| if of[new].is_null() { pairs(&of[old]) } else { pairs(&of[new]) };
    let info = TraceInfo {
        id,
        experiment,
        client_request_id: maybe(of, "client_request_id"),
        request_preview: of["request_preview"].as_str().map(str::to_owned),
        response_preview: of["response_preview"].as_str().map(str::to_owned),
        request_time: time(of, "request_time").or_else(|| whole(of, "timestamp_ms")).unwrap_or_default(),
        duration: of["execution_duration"]
            .as_str()
            .and_then(duration)
            .or_else(|| whole(of, "execution_duration_ms"))
            .or_else(|| whole(of, "execution_time_ms")),
        state: state(&word),
        tags: Vec::new(),
        metadata: told("trace_metadata", "request_metadata"),
        assessments: Vec::new(),
        artifact_uri: String::new(),
        span_count: 0,
        span_bytes: 0,
    };
    let record = TraceRecord { info, there, prompts: Vec::new(), steps: None, unreadable: Vec::new() };
    let mut record = with_tags(record, pairs(&of["tags"]));
    for told in of["assessments"].as_array().into_iter().flatten() {
        add_assessment(&mut record, told);
    }
    Ok(record)
}

/// The record with its tags, of which some say where its files are and what it was made with.
pub(crate) fn with_tags(mut record: TraceRecord, tags: Vec<Tag>) -> TraceRecord {
    // Whoever may set tags could have it name other people's files.
    let own = format!("/traces/{}/artifacts", record.there);
    let place = value_of(&tags, key::ARTIFACT_LOCATION).filter(|place| place.ends_with(&own));
    record.info.artifact_uri = place.unwrap_or_default().to_owned();
    let prompts = value_of(&tags, PROMPTS).and_then(|json| serde_json::from_str::<Value>(json).ok());
    for prompt in prompts.iter().filter_map(Value::as_array).flatten() {
        let version = prompt["version"].as_str().map_or_else(|| prompt["version"].to_string(), str::to_owned);
        record.prompts.extend(maybe(prompt, "name").map(|name| (name, version)));
    }
    record.info.tags = tags;
    record.info.tags.retain(|tag| !key::SERVERS_OWN.contains(&tag.key.as_str()));
    record.info.tags.sort_by(|a, b| a.key.cmp(&b.key));
    record
}

/// Adds what was thought of a trace, or why that can't be read.
pub(crate) fn add_assessment(record: &mut TraceRecord, of: &Value) {
    match assessment(record.info.id, of) {
        Ok(assessment) => record.info.assessments.push(assessment),
        Err(why) => record.unreadable.push(format!("trace {}: {why}", record.there)),
    }
}

/// What an assessment says: its kind, its value as JSON, and why it has none.
fn said(of: &Value) -> Option<(AssessmentKind, String, Option<AssessmentError>)> {
    let feedback = &of["feedback"];
    if feedback.is_object() {
        let error = Some(&feedback["error"]).filter(|error| error.is_object()).map(assessment_error);
        return Some((AssessmentKind::Feedback, feedback["value"].to_string(), error));
    }
    let expectation = &of["expectation"];
    if expectation.is_object() {
        // Lists and objects come as text.
        let serialized = expectation["serialized_value"]["value"].as_str().map(str::to_owned);
        let value = serialized.unwrap_or_else(|| expectation["value"].to_string());
        return Some((AssessmentKind::Expectation, value, None));
    }
    let issue = of["issue"].as_object()?;
    let name = issue.get("issue_name").cloned().unwrap_or_default();
    Some((AssessmentKind::Issue, name.to_string(), None))
}

/// Why there is no value.
pub(crate) fn assessment_error(of: &Value) -> AssessmentError {
    AssessmentError {
        code: Some(text(of, "error_code")),
        message: maybe(of, "error_message"),
        stack_trace: maybe(of, "stack_trace"),
    }
}

/// Who assesses, by MLflow's word of any age.
pub(crate) fn source_type(word: &str) -> SourceType {
    match word {
        "AI_JUDGE" => SourceType::LlmJudge,
        word => SourceType::from_name(word).unwrap_or(SourceType::Unspecified),
    }
}

/// The id of an assessment, without which importing again would add it again.
pub(crate) fn assessment_id(text: &str) -> Result<AssessmentId, String> {
    text.parse().map_err(|_| format!("an assessment's id, '{text}', is not of the usual form"))
}

fn assessment(trace: TraceId, of: &Value) -> Result<Assessment, String> {
    let id = assessment_id(&text(of, "assessment_id"))?;
    let (kind, value, error) = said(of).ok_or_else(|| format!("assessment {id} says nothing"))?;
    let created = time(of, "create_time").unwrap_or_default();
    Ok(Assessment {
        id,
        trace,
        span: maybe(of, "span_id"),
        name: text(of, "assessment_name"),
        kind,
        value,
        error,
        source_type: source_type(&text(&of["source"], "source_type")),
        source_id: text(&of["source"], "source_id"),
        rationale: maybe(of, "rationale"),
        metadata: pairs(&of["metadata"]),
        overrides: of["overrides"].as_str().and_then(|id| id.parse().ok()),
        valid: of["valid"].as_bool().unwrap_or(true),
        created,
        updated: time(of, "last_update_time").unwrap_or(created),
    })
}

/// What metadata of an assessment says, in JSON.
pub(crate) fn pairs_in(json: &str) -> Vec<Tag> {
    serde_json::from_str(json).map(|value: Value| pairs(&value)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_trace_is_read_as_servers_of_all_ages_tell_it() {
        let hex = "0af7651916cd43dd8448eb211c80319c";
        let new = json!({
            "trace_id": format!("tr-{hex}"),
            "trace_location": { "type": "MLFLOW_EXPERIMENT", "mlflow_experiment": { "experiment_id": "7" } },
            "request_time": "2026-11-21T05:30:12.345Z", "execution_duration": "1.500s", "state": "OK",
            "trace_metadata": { "mlflow.sourceRun": "r" },
            "tags": {
                "mlflow.artifactLocation": format!("s3://bucket/traces/tr-{hex}/artifacts"), "mlflow.trace.spansLocation": "TRACKING_STORE",
                "mlflow.linkedPrompts": "[{\"name\": \"p\", \"version\": \"2\"}]",
            },
        });
        let old = json!({
            "request_id": hex, "experiment_id": "7", "timestamp_ms": 1_795_239_012_345_i64,
            "execution_time_ms": 1500, "status": "OK",
            "request_metadata": [{ "key": "mlflow.sourceRun", "value": "r" }],
            "tags": [
                { "key": "mlflow.artifactLocation", "value": format!("s3://bucket/traces/{hex}/artifacts") },
                { "key": "mlflow.linkedPrompts", "value": "[{\"name\": \"p\", \"version\": \"2\"}]" },
            ],
        });
        let (new, old) = (record(&new).unwrap(), record(&old).unwrap());
        assert_eq!((new.info.request_time, new.info.duration), (1_795_239_012_345, Some(1500)));
        assert_eq!(new.info.artifact_uri, format!("s3://bucket/traces/tr-{hex}/artifacts"));
        assert_eq!(new.prompts, [("p".to_owned(), "2".to_owned())]);
        assert_eq!(new.info.tags.len(), 1);
        assert_eq!(old.there, hex);
        assert_eq!(old.info.artifact_uri, format!("s3://bucket/traces/{hex}/artifacts"));
        let same = TraceInfo { artifact_uri: new.info.artifact_uri.clone(), ..old.info };
        assert_eq!(TraceRecord { info: same, there: new.there.clone(), ..old }, new);
        assert!(record(&json!({ "trace_id": "trace:/a/b" })).is_err());
    }

    #[test]
    fn a_trace_names_no_files_but_its_own() {
        let id = "tr-0af7651916cd43dd8448eb211c80319c";
        let check = |place: &str, is_kept: bool| {
            let told = json!({
                "trace_id": id, "experiment_id": "7", "tags": { "mlflow.artifactLocation": place },
            });
            let kept = record(&told).unwrap().info.artifact_uri;
            assert_eq!(kept, if is_kept { place } else { "" });
        };
        check(&format!("mlflow-artifacts:/7/traces/{id}/artifacts"), true);
        check(&format!("/srv/mlruns/7/traces/{id}/artifacts"), true);
        check("mlflow-artifacts:/7/models/artifacts", false);
        check("/home/alice", false);
        check("", false);
    }

    #[test]
    fn what_was_thought_of_a_trace_is_read() {
        let trace = trace_id("0af7651916cd43dd8448eb211c80319c").unwrap();
        let check = |said: Value, kind: AssessmentKind, value: &str| {
            let mut of = json!({
                "assessment_id": "a-0af7651916cd43dd8448eb211c80319c", "assessment_name": "good",
                "source": { "source_type": "AI_JUDGE", "source_id": "gpt" },
                "create_time": "2026-11-21T05:30:12Z", "metadata": { "a": "1" }, "valid": false,
            });
            for (key, value) in said.as_object().unwrap() {
                of[key] = value.clone();
            }
            let read = assessment(trace, &of).unwrap();
            assert_eq!((read.kind, read.value.as_str(), read.valid), (kind, value, false));
            assert_eq!((read.source_type, read.metadata.len()), (SourceType::LlmJudge, 1));
            assert_eq!(read.updated, read.created);
        };
        check(json!({ "feedback": { "value": 0.5 } }), AssessmentKind::Feedback, "0.5");
        check(json!({ "feedback": { "error": {} } }), AssessmentKind::Feedback, "null");
        check(json!({ "expectation": { "value": "x" } }), AssessmentKind::Expectation, "\"x\"");
        let listed = json!({ "serialized_value": { "serialization_format": "JSON_FORMAT", "value": "[1]" } });
        check(json!({ "expectation": listed }), AssessmentKind::Expectation, "[1]");
        check(json!({ "issue": { "issue_name": "slow" } }), AssessmentKind::Issue, "\"slow\"");
        assert!(assessment(trace, &json!({ "assessment_id": "1" })).is_err());
    }
}
