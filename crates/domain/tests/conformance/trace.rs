//! Traces, as MLflow's clients and programs with OpenTelemetry send and look for them.

mod at_once;
mod find;
mod limits;
mod metrics;
mod page;
mod seen;
mod words;

use crate::world::*;
use domain::trace::{TraceSearch, TracesToDelete};
use model::{
    AssessmentId, TraceId,
    trace::{
        NewSpans, NewTrace, TraceInfo, TraceState,
        assessment::{
            Assessment, AssessmentChange, AssessmentError, AssessmentKind, NewAssessment, SourceType,
        },
        span::{Attribute, AttributeValue, Span, SpanEvent, SpanId, SpanKind, SpanLink, SpanStatus},
        value_of,
    },
};

on_both_databases! {
    a_trace_is_told_of_and_told_again,
    a_trace_of_an_older_client_begins_and_ends,
    steps_come_back_as_they_were,
    a_trace_is_what_its_steps_say_until_its_client_tells,
    steps_that_can_not_be_taken_are_counted,
    a_trace_is_whole_when_all_its_steps_are_there,
    traces_are_asked_for_by_their_ids,
    tags_are_set_and_deleted,
    assessments_are_made_changed_and_deleted,
    traces_are_linked_to_runs_and_prompts,
    traces_are_deleted_with_all_that_is_theirs,
    whoever_may_not_read_sees_nothing,
    whoever_may_read_changes_nothing,
}

/// The experiment that is always there.
const DEFAULT: ExperimentId = ExperimentId(0);

fn id(number: u128) -> TraceId {
    TraceId::from_bytes(number.to_be_bytes())
}

/// A trace whose request came so many milliseconds after 1970, and was answered within ten.
fn new_trace(number: u128, request_time: i64) -> NewTrace {
    NewTrace {
        id: id(number),
        experiment: DEFAULT,
        client_request_id: None,
        request_preview: None,
        response_preview: None,
        request_time,
        duration: Some(10),
        state: TraceState::Ok,
        tags: Vec::new(),
        metadata: Vec::new(),
        assessments: Vec::new(),
    }
}

fn span(number: u64, parent: Option<u64>, name: &str) -> Span {
    Span {
        id: SpanId(number),
        parent: parent.map(SpanId),
        name: name.to_owned(),
        kind: SpanKind::Internal,
        start: 1_000_000 * (1000 + number as i64),
        end: Some(1_000_000 * (2000 + number as i64)),
        status: SpanStatus::Ok,
        message: String::new(),
        attributes: Vec::new(),
        events: Vec::new(),
        links: Vec::new(),
    }
}

fn attribute(key: &str, value: AttributeValue) -> Attribute {
    Attribute { key: key.to_owned(), value }
}

fn text(key: &str, value: &str) -> Attribute {
    attribute(key, AttributeValue::Text(value.to_owned()))
}

fn feedback(name: &str, value: &str) -> NewAssessment {
    NewAssessment {
        id: None,
        span: None,
        name: name.to_owned(),
        kind: AssessmentKind::Feedback,
        value: value.to_owned(),
        error: None,
        source_type: SourceType::Human,
        source_id: "alice".to_owned(),
        rationale: None,
        metadata: Vec::new(),
        overrides: None,
        created: None,
        updated: None,
    }
}

async fn log(acting: &User, number: u128, spans: Vec<Span>) {
    let new = NewSpans { trace: id(number), spans, tags: Vec::new() };
    let taken = acting.log_spans(DEFAULT, None, vec![new]).await.unwrap();
    assert_eq!((taken.refused, taken.message.as_str()), (0, ""));
}

fn search(filter: &str) -> TraceSearch {
    TraceSearch {
        experiments: vec![DEFAULT],
        filter: filter.to_owned(),
        max_results: 100,
        ..TraceSearch::default()
    }
}

/// Numbers of the traces that a search finds.
async fn numbers(acting: &User, search: TraceSearch) -> Vec<u128> {
    let page = acting.search_traces(&search).await.unwrap();
    page.items.iter().map(number_of).collect()
}

fn number_of(info: &TraceInfo) -> u128 {
    u128::from_be_bytes(info.id.to_bytes())
}

async fn a_trace_is_told_of_and_told_again(world: &World) {
    let acting = world.local();
    let new = NewTrace {
        client_request_id: Some("r-1".into()),
        request_preview: Some("q".repeat(2000)),
        tags: vec![tag("team", "vision"), tag("mlflow.artifactLocation", "file:/etc")],
        metadata: vec![tag("mlflow.sourceRun", &"x".repeat(9000))],
        assessments: vec![feedback("good", "true")],
        ..new_trace(1, 1_700_000_000_007)
    };
    let info = acting.start_trace(new.clone()).await.unwrap();
    assert_eq!((info.id, info.experiment, info.state), (id(1), DEFAULT, TraceState::Ok));
    assert_eq!((info.request_time, info.duration), (1_700_000_000_007, Some(10)));
    assert_eq!(info.client_request_id.as_deref(), Some("r-1"));
    assert_eq!(info.request_preview.as_deref(), Some("q".repeat(1000).as_str()));
    assert_eq!(info.tags, [tag("team", "vision")]);
    assert_eq!(info.metadata, [tag("mlflow.sourceRun", &"x".repeat(8000))]);
    assert_eq!(info.artifact_uri, format!("mlflow-artifacts:/0/traces/{}/artifacts", id(1)));
    assert_eq!((info.assessments[0].name.as_str(), info.assessments[0].valid), ("good", true));
    assert_eq!((info.span_count, info.name()), (0, None));
    let again = NewTrace {
        request_preview: None,
        state: TraceState::Error,
        tags: vec![tag("mlflow.traceName", "chat")],
        assessments: vec![NewAssessment { id: Some(info.assessments[0].id), ..feedback("good", "false") }],
        ..new
    };
    let told = acting.start_trace(again).await.unwrap();
    assert_eq!((told.state, told.name()), (TraceState::Error, Some("chat")));
    assert_eq!((told.request_preview, told.tags.len()), (info.request_preview, 2));
    assert_eq!((told.assessments.len(), told.assessments[0].value.as_str()), (1, "false"));
    assert_eq!(acting.get_trace_info(id(1)).await.unwrap().state, TraceState::Error);

    let other = acting.experiment("other").await;
    let elsewhere = NewTrace { experiment: other, ..new_trace(1, 1) };
    check_code(acting.start_trace(elsewhere).await, Code::ResourceAlreadyExists);
    let nowhere = NewTrace { experiment: no_experiment(), ..new_trace(2, 1) };
    check_code(acting.start_trace(nowhere).await, Code::ResourceDoesNotExist);
    let odd = NewTrace { tags: vec![tag("", "x")], ..new_trace(2, 1) };
    check_code(acting.start_trace(odd).await, Code::InvalidParameterValue);
    acting.delete_experiment(other).await.unwrap();
    let deleted = NewTrace { experiment: other, ..new_trace(2, 1) };
    check_code(acting.start_trace(deleted).await, Code::InvalidParameterValue);
}

async fn a_trace_of_an_older_client_begins_and_ends(world: &World) {
    let acting = world.local();
    let begun = acting.begin_trace(DEFAULT, 1000, vec![tag("a", "1")], vec![tag("m", "1")]).await.unwrap();
    assert_eq!((begun.state, begun.duration), (TraceState::InProgress, None));
    let tags = vec![tag("a", "2"), tag("b", "3")];
    let ended = acting.end_trace(begun.id, 1500, TraceState::Error, tags, vec![tag("n", "2")]).await.unwrap();
    assert_eq!((ended.state, ended.duration), (TraceState::Error, Some(500)));
    assert_eq!(ended.tags, [tag("a", "2"), tag("b", "3")]);
    assert_eq!(ended.metadata, [tag("m", "1"), tag("n", "2")]);
    check_refused(
        acting.end_trace(id(7), 1, TraceState::Ok, vec![], vec![]).await,
        Code::ResourceDoesNotExist,
        &format!("Trace with ID '{}' not found.", id(7)),
    );
}

async fn steps_come_back_as_they_were(world: &World) {
    let acting = world.local();
    let known = vec![
        text("mlflow.spanType", "LLM"),
        text("text", "two\nlines, \"quotes\" and %_"),
        attribute("numbers", AttributeValue::List(vec![AttributeValue::Whole(1), AttributeValue::Real(1.0)])),
        attribute("odd", AttributeValue::Real(f64::INFINITY)),
        attribute("map", AttributeValue::Map(vec![attribute("z", AttributeValue::Bytes(vec![0, 255]))])),
        attribute("none", AttributeValue::Nothing),
    ];
    let root = Span { attributes: known.clone(), message: "fine".into(), ..span(u64::MAX, None, "root") };
    let child = Span {
        kind: SpanKind::Client,
        status: SpanStatus::Error,
        end: None,
        events: vec![SpanEvent { name: "exception".into(), time: 5, attributes: known.clone() }],
        links: vec![SpanLink { trace: id(9), span: SpanId(3), attributes: known }],
        ..span(1, Some(u64::MAX), "child")
    };
    log(&acting, 1, vec![child.clone()]).await;
    log(&acting, 1, vec![root.clone(), child.clone()]).await;
    let trace = acting.get_trace(id(1), false).await.unwrap();
    assert_eq!(trace.spans, [root.clone(), child]);
    assert_eq!(trace.info.span_count, 2);
    // Sent again it takes the place of what was there.
    let renamed = Span { name: "renamed\0".into(), ..root };
    log(&acting, 1, vec![renamed]).await;
    let trace = acting.get_trace(id(1), true).await.unwrap();
    assert_eq!((trace.spans[0].name.as_str(), trace.info.span_count), ("renamed\u{FFFD}", 2));
}

async fn a_trace_is_what_its_steps_say_until_its_client_tells(world: &World) {
    let acting = world.local();
    log(&acting, 1, vec![span(2, Some(1), "child")]).await;
    let info = acting.get_trace_info(id(1)).await.unwrap();
    assert_eq!((info.state, info.request_time, info.duration), (TraceState::InProgress, 1002, Some(1000)));
    let root = Span {
        status: SpanStatus::Error,
        attributes: vec![
            text("mlflow.spanInputs", "what?"),
            attribute(
                "mlflow.spanOutputs",
                AttributeValue::Map(vec![attribute("a", AttributeValue::Whole(1))]),
            ),
            text("mlflow.traceTag.team", "vision"),
            text("mlflow.traceTag.mlflow.artifactLocation", "file:/etc"),
            text("session.id", "s-1"),
            text("user.id", "u-1"),
        ],
        ..span(1, None, "chat")
    };
    let resource = vec![tag("service.name", "shop"), tag("odd\u{1}key", "x")];
    let new = NewSpans { trace: id(1), spans: vec![root.clone()], tags: resource };
    acting.log_spans(DEFAULT, None, vec![new]).await.unwrap();
    let info = acting.get_trace_info(id(1)).await.unwrap();
    assert_eq!((info.state, info.request_time, info.duration), (TraceState::Error, 1001, Some(1001)));
    assert_eq!(info.request_preview.as_deref(), Some("\"what?\""));
    assert_eq!(info.response_preview.as_deref(), Some("{\"a\": 1}"));
    let expected = [tag("mlflow.traceName", "chat"), tag("service.name", "shop"), tag("team", "vision")];
    assert_eq!(info.tags, expected);
    assert_eq!(info.metadata, [tag("mlflow.trace.session", "s-1"), tag("mlflow.trace.user", "u-1")]);
    acting
        .start_trace(NewTrace { tags: vec![tag("mlflow.traceName", "told")], ..new_trace(1, 5) })
        .await
        .unwrap();
    log(&acting, 1, vec![root]).await;
    let info = acting.get_trace_info(id(1)).await.unwrap();
    assert_eq!((info.state, info.request_time, info.duration), (TraceState::Ok, 5, Some(10)));
    assert_eq!((info.name(), info.request_preview.as_deref()), (Some("told"), Some("\"what?\"")));
}

async fn steps_that_can_not_be_taken_are_counted(world: &World) {
    let acting = world.local();
    let other = acting.experiment("other").await;
    log(&acting, 1, vec![span(1, None, "here")]).await;
    let of = |number, spans| NewSpans { trace: id(number), spans, tags: Vec::new() };
    let named = Span { name: "n".repeat(9 << 20), ..span(2, None, "") };
    let new = vec![of(1, vec![span(2, None, "there")]), of(2, vec![named, span(3, None, "small")])];
    let taken = acting.log_spans(other, None, new).await.unwrap();
    assert_eq!(taken.refused, 2);
    assert!(taken.message.contains("another experiment"), "{}", taken.message);
    assert_eq!(acting.get_trace(id(1), true).await.unwrap().spans.len(), 1);
    assert_eq!(acting.get_trace(id(2), true).await.unwrap().spans.len(), 1);
    let many = (1..=10_001).map(|number| span(number, None, "s")).collect();
    let taken = acting.log_spans(DEFAULT, None, vec![of(3, many)]).await.unwrap();
    assert_eq!(taken.refused, 1);
    let taken =
        acting.log_spans(DEFAULT, None, vec![of(3, vec![span(5, None, "known"), span(20_000, None, "new")])]);
    assert_eq!(taken.await.unwrap().refused, 1);
    assert_eq!(acting.get_trace_info(id(3)).await.unwrap().span_count, 10_000);
    check_code(acting.log_spans(no_experiment(), None, vec![]).await, Code::ResourceDoesNotExist);
    check_code(acting.may_log_spans(no_experiment()).await, Code::ResourceDoesNotExist);
    acting.may_log_spans(DEFAULT).await.unwrap();
    acting.delete_experiment(other).await.unwrap();
    check_code(acting.may_log_spans(other).await, Code::InvalidParameterValue);
}

async fn a_trace_is_whole_when_all_its_steps_are_there(world: &World) {
    let acting = world.local();
    let metadata = vec![tag("mlflow.trace.sizeStats", "{\"num_spans\": 2}")];
    acting.start_trace(NewTrace { metadata, ..new_trace(1, 1) }).await.unwrap();
    log(&acting, 1, vec![span(1, None, "root")]).await;
    assert_eq!(acting.get_trace(id(1), true).await.unwrap().spans.len(), 1);
    assert!(acting.get_traces(&[id(1)], None).await.unwrap().is_empty());
    let message = format!("Trace with ID {} is not fully exported yet, please try again later.", id(1));
    check_refused(acting.get_trace(id(1), false).await, Code::ResourceDoesNotExist, &message);
    let ((), whole) = tokio::join!(
        async {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            log(&acting, 1, vec![span(2, Some(1), "late")]).await;
        },
        acting.get_trace(id(1), false)
    );
    assert_eq!(whole.unwrap().spans.len(), 2);
}

async fn traces_are_asked_for_by_their_ids(world: &World) {
    let acting = world.local();
    let other = acting.experiment("other").await;
    for number in [1, 2] {
        acting.start_trace(new_trace(number, 1)).await.unwrap();
        log(&acting, number, vec![span(1, None, "root")]).await;
    }
    acting.start_trace(NewTrace { experiment: other, ..new_trace(3, 1) }).await.unwrap();
    let asked = [id(2), id(9), id(3), id(1)];
    let infos = acting.get_trace_infos(&asked, None).await.unwrap();
    assert_eq!(infos.iter().map(number_of).collect::<Vec<_>>(), [2, 3, 1]);
    let infos = acting.get_trace_infos(&asked, Some(&[other])).await.unwrap();
    assert_eq!(infos.iter().map(number_of).collect::<Vec<_>>(), [3]);
    assert!(acting.get_trace_infos(&asked, Some(&[])).await.unwrap().is_empty());
    let traces = acting.get_traces(&asked, None).await.unwrap();
    assert_eq!(traces.iter().map(|trace| number_of(&trace.info)).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(traces[0].spans, [span(1, None, "root")]);
    let many: Vec<TraceId> = (0..1001).map(id).collect();
    check_code(acting.get_traces(&many, None).await, Code::InvalidParameterValue);
}

async fn tags_are_set_and_deleted(world: &World) {
    let acting = world.local();
    acting.start_trace(new_trace(1, 1)).await.unwrap();
    acting.set_trace_tag(id(1), tag("a", "1")).await.unwrap();
    acting.set_trace_tag(id(1), tag("a", &"x".repeat(9000))).await.unwrap();
    acting.set_trace_tag(id(1), tag("b", "")).await.unwrap();
    assert_eq!(acting.get_trace_info(id(1)).await.unwrap().tags, [tag("a", &"x".repeat(8000)), tag("b", "")]);
    acting.delete_trace_tag(id(1), "a").await.unwrap();
    let message = format!("No trace tag with key 'a' for trace with ID '{}'", id(1));
    check_refused(acting.delete_trace_tag(id(1), "a").await, Code::ResourceDoesNotExist, &message);
    for own in ["mlflow.artifactLocation", "mlflow.trace.spansLocation"] {
        check_code(acting.set_trace_tag(id(1), tag(own, "x")).await, Code::InvalidParameterValue);
        check_code(acting.delete_trace_tag(id(1), own).await, Code::InvalidParameterValue);
    }
    check_code(acting.set_trace_tag(id(2), tag("a", "1")).await, Code::ResourceDoesNotExist);
    check_code(acting.set_trace_tag(id(1), tag("a//b", "1")).await, Code::InvalidParameterValue);
}

async fn assessments_are_made_changed_and_deleted(world: &World) {
    let acting = world.local();
    acting.start_trace(new_trace(1, 1)).await.unwrap();
    let new = NewAssessment {
        span: Some("0000000000000001".into()),
        error: Some(AssessmentError {
            code: Some("E".into()),
            message: None,
            stack_trace: Some("at".into()),
        }),
        source_type: SourceType::LlmJudge,
        rationale: Some("because".into()),
        metadata: vec![tag("k", "1")],
        created: Some(5),
        ..feedback("good", "null")
    };
    let made = acting.create_assessment(id(1), new.clone()).await.unwrap();
    assert_eq!(acting.get_assessment(id(1), made.id).await.unwrap(), made);
    assert_eq!((made.created, made.error.clone(), made.valid), (5, new.error, true));
    let values: Vec<Assessment> = {
        let mut values = Vec::new();
        for value in ["0.5", "\"yes\"", "[1,\"two\"]", "{\"a\":null}", "true"] {
            values.push(acting.create_assessment(id(1), feedback("value", value)).await.unwrap());
        }
        values
    };
    for value in &values {
        assert_eq!(acting.get_assessment(id(1), value.id).await.unwrap().value, value.value);
    }
    assert_eq!(acting.get_trace_info(id(1)).await.unwrap().assessments.len(), 6);

    let change = AssessmentChange {
        name: Some("better".into()),
        value: Some((AssessmentKind::Feedback, "1".into(), None)),
        metadata: vec![tag("k", "2"), tag("l", "3")],
        ..AssessmentChange::default()
    };
    let changed = acting.update_assessment(id(1), made.id, change).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.value.as_str(), &changed.error), ("better", "1", &None));
    assert_eq!((changed.rationale.as_deref(), changed.created), (Some("because"), 5));
    assert_eq!(changed.metadata, [tag("k", "2"), tag("l", "3")]);
    assert_eq!(acting.get_assessment(id(1), made.id).await.unwrap(), changed);
    let other = AssessmentChange {
        value: Some((AssessmentKind::Expectation, "1".into(), None)),
        ..AssessmentChange::default()
    };
    check_refused(
        acting.update_assessment(id(1), made.id, other).await,
        Code::InvalidParameterValue,
        "Cannot update expectation value on a Feedback assessment.",
    );

    let second = NewAssessment { overrides: Some(made.id), ..feedback("better", "2") };
    let second = acting.create_assessment(id(1), second).await.unwrap();
    assert!(!acting.get_assessment(id(1), made.id).await.unwrap().valid);
    acting.delete_assessment(id(1), second.id).await.unwrap();
    acting.delete_assessment(id(1), second.id).await.unwrap();
    assert!(acting.get_assessment(id(1), made.id).await.unwrap().valid);
    let message = format!("Assessment with ID '{}' not found for trace '{}'", second.id, id(1));
    check_refused(acting.get_assessment(id(1), second.id).await, Code::ResourceDoesNotExist, &message);
    let nothing = AssessmentChange::default();
    check_code(acting.update_assessment(id(1), second.id, nothing).await, Code::ResourceDoesNotExist);
    let of_none = NewAssessment { overrides: Some(second.id), ..feedback("x", "1") };
    check_code(acting.create_assessment(id(1), of_none).await, Code::ResourceDoesNotExist);
    let taken = NewAssessment { id: Some(made.id), ..feedback("x", "1") };
    check_code(acting.create_assessment(id(1), taken).await, Code::ResourceAlreadyExists);
    check_code(acting.create_assessment(id(2), feedback("x", "1")).await, Code::ResourceDoesNotExist);
    check_code(acting.create_assessment(id(1), feedback("", "1")).await, Code::InvalidParameterValue);
    let long = feedback("x", &format!("\"{}\"", "x".repeat(70_000)));
    check_code(acting.create_assessment(id(1), long).await, Code::InvalidParameterValue);
}

async fn traces_are_linked_to_runs_and_prompts(world: &World) {
    let acting = world.local();
    let run = acting.run_in(DEFAULT).await;
    acting.start_trace(new_trace(1, 1)).await.unwrap();
    acting.link_traces_to_run(run, &[id(1), id(2)]).await.unwrap();
    acting.link_traces_to_run(run, &[id(1)]).await.unwrap();
    let of_run = format!("run_id = '{run}'");
    assert_eq!(numbers(&acting, search(&of_run)).await, [1]);
    // A link may come before its trace does.
    acting.start_trace(new_trace(2, 2)).await.unwrap();
    assert_eq!(numbers(&acting, search(&of_run)).await, [2, 1]);
    let new = NewSpans { trace: id(3), spans: vec![span(1, None, "root")], tags: Vec::new() };
    let taken = acting.log_spans(DEFAULT, Some(run), vec![new.clone()]).await.unwrap();
    assert_eq!((taken.refused, taken.message.as_str()), (0, ""));
    assert_eq!(numbers(&acting, search(&of_run)).await, [3, 2, 1]);
    let taken = acting.log_spans(DEFAULT, Some(no_run()), vec![new]).await.unwrap();
    assert_eq!((taken.refused, taken.message), (0, format!("Run with id={} not found", no_run())));
    let many: Vec<TraceId> = (0..101).map(id).collect();
    check_refused(
        acting.link_traces_to_run(run, &many).await,
        Code::InvalidParameterValue,
        "Cannot link more than 100 traces to a run in a single request. Provided 101 traces.",
    );
    check_code(acting.link_traces_to_run(no_run(), &[id(1)]).await, Code::ResourceDoesNotExist);

    let versions = [("greeting".to_owned(), "3".to_owned())];
    acting.link_prompts_to_trace(id(1), &versions).await.unwrap();
    acting.link_prompts_to_trace(id(1), &versions).await.unwrap();
    assert_eq!(numbers(&acting, search("prompt = 'greeting/3'")).await, [1]);
    assert!(numbers(&acting, search("prompt = 'greeting/4'")).await.is_empty());
    check_code(acting.link_prompts_to_trace(id(9), &versions).await, Code::ResourceDoesNotExist);
}

async fn traces_are_deleted_with_all_that_is_theirs(world: &World) {
    let acting = world.local();
    let other = acting.experiment("other").await;
    let run = acting.run_in(DEFAULT).await;
    for number in 1..=5 {
        acting.start_trace(new_trace(number, 100 * number as i64)).await.unwrap();
    }
    acting.start_trace(NewTrace { experiment: other, ..new_trace(6, 1) }).await.unwrap();
    log(&acting, 1, vec![span(1, None, "root")]).await;
    acting.create_assessment(id(1), feedback("good", "true")).await.unwrap();
    acting.link_traces_to_run(run, &[id(1)]).await.unwrap();
    let file = format!("0/traces/{}/artifacts/traces.json", id(1));
    assert_eq!(acting.trace_file_path(id(1), "traces.json").await.unwrap(), file);
    acting.uploads(&file, b"{}").await;
    assert_eq!(acting.downloads(&file).await.unwrap(), b"{}");

    let these = TracesToDelete::These(vec![id(1), id(6), id(9)]);
    assert_eq!(acting.delete_traces(DEFAULT, &these, None).await.unwrap(), 1);
    check_code(acting.get_trace_info(id(1)).await, Code::ResourceDoesNotExist);
    check_code(acting.downloads(&file).await, Code::ResourceDoesNotExist);
    assert_eq!(acting.get_trace_info(id(6)).await.unwrap().experiment, other);
    // One of the same id has nothing of the one before.
    acting.start_trace(new_trace(1, 50)).await.unwrap();
    let trace = acting.get_trace(id(1), true).await.unwrap();
    assert_eq!((trace.spans.len(), trace.info.assessments.len()), (0, 0));
    assert!(numbers(&acting, search(&format!("run_id = '{run}'"))).await.is_empty());

    let until = TracesToDelete::UpTo(300);
    assert_eq!(acting.delete_traces(DEFAULT, &until, Some(2)).await.unwrap(), 2);
    assert_eq!(numbers(&acting, search("")).await, [5, 4, 3]);
    assert_eq!(acting.delete_traces(DEFAULT, &until, None).await.unwrap(), 1);
    assert_eq!(acting.delete_traces(DEFAULT, &until, None).await.unwrap(), 0);
    check_code(acting.delete_traces(DEFAULT, &until, Some(0)).await, Code::InvalidParameterValue);
    check_code(acting.delete_traces(no_experiment(), &until, None).await, Code::ResourceDoesNotExist);
}

async fn whoever_may_not_read_sees_nothing(world: &World) {
    let (alice, bob) = (world.user("alice").await, world.user("bob").await);
    let experiment = alice.experiment("secret").await;
    let bobs = bob.experiment("open").await;
    alice.start_trace(NewTrace { experiment, ..new_trace(1, 1) }).await.unwrap();
    let made = alice.create_assessment(id(1), feedback("good", "true")).await.unwrap();
    let domain = world.closed().await;
    let bob = bob.on(&domain);
    let missing = Code::ResourceDoesNotExist;
    let message = format!("Trace with ID '{}' not found.", id(1));
    check_refused(bob.get_trace_info(id(1)).await, missing, &message);
    check_refused(bob.get_trace(id(1), true).await, missing, &message);
    check_refused(bob.trace_file_path(id(1), "traces.json").await, missing, &message);
    check_refused(bob.get_assessment(id(1), made.id).await, missing, &message);
    check_refused(bob.set_trace_tag(id(1), tag("a", "1")).await, missing, &message);
    check_refused(bob.create_assessment(id(1), feedback("x", "1")).await, missing, &message);
    check_code(bob.start_trace(NewTrace { experiment, ..new_trace(2, 1) }).await, missing);
    check_code(bob.log_spans(experiment, None, vec![]).await, missing);
    assert!(bob.get_trace_infos(&[id(1)], None).await.unwrap().is_empty());
    assert!(bob.get_traces(&[id(1)], None).await.unwrap().is_empty());
    let everywhere = TraceSearch { experiments: vec![experiment, bobs], ..search("") };
    assert!(bob.search_traces(&everywhere).await.unwrap().items.is_empty());
    let these = TracesToDelete::These(vec![id(1)]);
    check_code(bob.delete_traces(experiment, &these, None).await, missing);
    assert_eq!(bob.delete_traces(bobs, &these, None).await.unwrap(), 0);
    // A link to it is none.
    let run = bob.run_in(bobs).await;
    bob.link_traces_to_run(run, &[id(1)]).await.unwrap();
    let of_run = TraceSearch { filter: format!("run_id = '{run}'"), ..everywhere };
    assert!(alice.search_traces(&of_run).await.unwrap().items.is_empty());
    domain.close().await;
}

async fn whoever_may_read_changes_nothing(world: &World) {
    let (alice, bob) = (world.user("alice").await, world.user("bob").await);
    let experiment = alice.experiment("vision").await;
    alice.start_trace(NewTrace { experiment, ..new_trace(1, 1) }).await.unwrap();
    let denied = Code::PermissionDenied;
    assert!(value_of(&bob.get_trace_info(id(1)).await.unwrap().tags, "a").is_none());
    check_code(bob.set_trace_tag(id(1), tag("a", "1")).await, denied);
    check_code(bob.delete_trace_tag(id(1), "a").await, denied);
    check_code(bob.create_assessment(id(1), feedback("x", "1")).await, denied);
    let nobodys = AssessmentId(no_run().0);
    check_code(bob.update_assessment(id(1), nobodys, AssessmentChange::default()).await, denied);
    check_code(bob.delete_assessment(id(1), nobodys).await, denied);
    check_code(bob.end_trace(id(1), 5, TraceState::Ok, vec![], vec![]).await, denied);
    check_code(bob.begin_trace(experiment, 5, vec![], vec![]).await, denied);
    check_code(bob.log_spans(experiment, None, vec![]).await, denied);
    check_code(bob.may_log_spans(experiment).await, denied);
    check_code(bob.link_prompts_to_trace(id(1), &[]).await, denied);
    alice.grant_experiment(experiment, "bob", Permission::Edit).await.unwrap();
    bob.set_trace_tag(id(1), tag("a", "1")).await.unwrap();
    let these = TracesToDelete::These(vec![id(1)]);
    check_code(bob.delete_traces(experiment, &these, None).await, denied);
    alice.delete_traces(experiment, &these, None).await.unwrap();
}
