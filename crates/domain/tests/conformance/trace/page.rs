//! What the pages of traces show.

use super::*;
use model::page::trace::{NewThought, Says, TracePage, TraceQuestion, TracesQuery};

on_both_databases! {
    a_table_lists_the_traces_of_an_experiment_and_of_a_run,
    an_experiment_and_a_run_say_whether_there_are_traces,
    a_page_has_the_steps_in_the_order_of_reading,
    a_text_is_found_in_steps,
    a_step_is_shown_in_full,
    steps_in_a_file_are_shown,
    people_say_what_they_think,
    pages_of_what_may_not_be_read_are_missing,
}

fn list(filter: &str) -> TracesQuery {
    TracesQuery { experiment: DEFAULT, run: None, filter: filter.to_owned(), after: String::new() }
}

fn whole(number: u128) -> TraceQuestion {
    TraceQuestion { trace: id(number), text: String::new(), rows: 100 }
}

/// Names of the steps that a page shows, with how deep they are.
fn told(page: &TracePage) -> Vec<(&str, u32)> {
    page.spans.iter().map(|row| (row.name.as_str(), row.depth)).collect()
}

async fn a_table_lists_the_traces_of_an_experiment_and_of_a_run(world: &World) {
    let acting = world.local();
    let run = acting.run_in(DEFAULT).await;
    let first = NewTrace {
        request_preview: Some("q".repeat(500)),
        response_preview: Some("\"say \\\"yes\\\"\"".to_owned()),
        tags: vec![tag("mlflow.traceName", "chat"), tag("team", "vision"), tag("mlflow.user", "x")],
        metadata: vec![
            tag("mlflow.sourceRun", &run.to_string()),
            tag("mlflow.trace.tokenUsage", "{\"input_tokens\": 3, \"output_tokens\": 4}"),
        ],
        assessments: vec![feedback("good", "true"), feedback("tone", "{\"a\":1}")],
        ..new_trace(1, 1000)
    };
    acting.start_trace(first).await.unwrap();
    for number in 2..=60 {
        acting.start_trace(new_trace(number, 1000 + number as i64)).await.unwrap();
    }
    let page = acting.list_traces(&list("")).await.unwrap();
    assert_eq!((page.rows.len(), page.rows[0].id, page.permission), (50, id(60), Permission::Manage));
    let older = acting.list_traces(&TracesQuery { after: page.next.unwrap(), ..list("") }).await.unwrap();
    assert_eq!((older.rows.len(), older.next), (10, None));
    let row = older.rows.last().unwrap();
    assert_eq!((row.name.as_str(), row.duration, row.state), ("chat", Some(10), TraceState::Ok));
    assert_eq!((row.request.chars().count(), row.response.as_str()), (201, "say \"yes\""));
    assert_eq!((row.tokens.unwrap().total, row.tags.as_slice()), (7, [tag("team", "vision")].as_slice()));
    let said: Vec<_> = row.thoughts.iter().map(|said| (said.name.as_str(), said.value.as_str())).collect();
    assert!(said.contains(&("good", "true")) && said.contains(&("tone", "{\n  \"a\": 1\n}")), "{said:?}");
    assert_eq!(acting.list_traces(&list(" name = 'chat' ")).await.unwrap().rows.len(), 1);
    let mistake = acting.list_traces(&list("nonsense = 1")).await.unwrap_err();
    assert!(matches!(mistake, domain::Error::Problem(problem) if problem.span.is_some()));

    let of_run = |filter: &str| TracesQuery { run: Some(run), ..list(filter) };
    let ids = async |query: TracesQuery| {
        let page = acting.list_traces(&query).await.unwrap();
        page.rows.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(of_run("")).await, [id(1)]);
    // Wherever a linked trace is.
    let other = acting.experiment("other").await;
    acting.start_trace(NewTrace { experiment: other, ..new_trace(99, 5) }).await.unwrap();
    acting.link_traces_to_run(run, &[id(2), id(99)]).await.unwrap();
    assert_eq!(ids(of_run("")).await, [id(2), id(1), id(99)]);
    assert_eq!(ids(of_run("name = 'chat'")).await, [id(1)]);
    let nobodys = TracesQuery { run: Some(no_run()), ..list("") };
    check_code(acting.list_traces(&nobodys).await, Code::ResourceDoesNotExist);
    let nowhere = TracesQuery { experiment: no_experiment(), ..list("") };
    check_code(acting.list_traces(&nowhere).await, Code::ResourceDoesNotExist);
}

async fn an_experiment_and_a_run_say_whether_there_are_traces(world: &World) {
    let acting = world.local();
    let run = acting.run_in(DEFAULT).await;
    let check = async |expected: bool| {
        let head = acting.experiment_head(DEFAULT).await.unwrap();
        assert_eq!((head.has_traces, head.runs), (expected, 1));
        assert_eq!(acting.run_page(run).await.unwrap().has_traces, expected);
    };
    check(false).await;
    let metadata = vec![tag("mlflow.sourceRun", &run.to_string())];
    acting.start_trace(NewTrace { metadata, ..new_trace(1, 1) }).await.unwrap();
    check(true).await;
    // A run of another experiment isn't linked by what a trace says.
    let elsewhere = acting.run_in(acting.experiment("other").await).await;
    let metadata = vec![tag("mlflow.sourceRun", &elsewhere.to_string())];
    acting.start_trace(NewTrace { metadata, ..new_trace(2, 1) }).await.unwrap();
    assert!(!acting.run_page(elsewhere).await.unwrap().has_traces);
}

async fn a_page_has_the_steps_in_the_order_of_reading(world: &World) {
    let acting = world.local();
    let run = acting.run_named(DEFAULT, "eval").await;
    let metadata = vec![
        tag("mlflow.sourceRun", &run.to_string()),
        tag("mlflow.trace.session", "s-1"),
        tag("mlflow.trace.user", "u-1"),
    ];
    let tags = vec![tag("mlflow.traceName", "chat")];
    acting.start_trace(NewTrace { metadata, tags, ..new_trace(1, 7) }).await.unwrap();
    let spans = vec![
        span(1, None, "root"),
        span(4, Some(1), "late"),
        span(2, Some(1), "early"),
        Span { attributes: vec![text("mlflow.spanType", "TOOL")], ..span(3, Some(2), "inner") },
    ];
    log(&acting, 1, spans).await;
    let page = acting.trace_page(&whole(1)).await.unwrap();
    assert_eq!(told(&page), [("root", 0), ("early", 1), ("inner", 2), ("late", 1)]);
    assert_eq!((page.rows, page.found, page.trouble.as_deref()), (4, 0, None));
    assert_eq!(page.window, (1_001_000_000, 2_004_000_000));
    assert_eq!(page.spans[2].span_type, "TOOL");
    assert_eq!((page.name.as_str(), page.experiment_name.as_str()), ("chat", "Default"));
    assert_eq!((page.session.as_deref(), page.user.as_deref()), (Some("s-1"), Some("u-1")));
    assert_eq!(page.run.map(|run| (run.id, run.name)), Some((run, "eval".to_owned())));
    let some = acting.trace_page(&TraceQuestion { rows: 2, ..whole(1) }).await.unwrap();
    assert_eq!((told(&some), some.rows), (vec![("root", 0), ("early", 1)], 4));
    check_code(acting.trace_page(&whole(2)).await, Code::ResourceDoesNotExist);
}

async fn a_text_is_found_in_steps(world: &World) {
    let acting = world.local();
    let inner =
        Span { attributes: vec![text("question", "50% of \"all\" Größen")], ..span(3, Some(2), "inner") };
    let failed = SpanEvent { name: "exception".into(), time: 1, attributes: vec![text("why", "Timeout")] };
    let late = Span { events: vec![failed], ..span(4, Some(1), "late") };
    log(&acting, 1, vec![span(1, None, "root"), span(2, Some(1), "early"), inner, late]).await;
    let check = async |wanted: &str, expected: &[(&str, u32)]| {
        let page = acting.trace_page(&TraceQuestion { text: wanted.to_owned(), ..whole(1) }).await.unwrap();
        assert_eq!(told(&page), expected, "{wanted}");
        assert_eq!(page.rows, expected.len() as u64);
    };
    let with_inner = [("root", 0), ("early", 1), ("inner", 2)];
    check("INNER", &with_inner).await;
    check("50%", &with_inner).await;
    check("of \"all\"", &with_inner).await;
    check("60%", &[]).await;
    check("timeout", &[("root", 0), ("late", 1)]).await;
    let page = acting.trace_page(&TraceQuestion { text: "early".into(), ..whole(1) }).await.unwrap();
    assert_eq!(page.spans.iter().map(|row| row.is_found).collect::<Vec<_>>(), [false, true]);
    assert_eq!(page.found, 1);
}

async fn a_step_is_shown_in_full(world: &World) {
    let acting = world.local();
    let stack = "Traceback:\n  line 1";
    let failed = SpanEvent {
        name: "exception".into(),
        time: 1_500_000_000,
        attributes: vec![
            text("exception.type", "ValueError"),
            text("exception.message", "no such page"),
            text("exception.stacktrace", stack),
            text("exception.escaped", "False"),
        ],
    };
    let asked = "{\"messages\": [{\"role\": \"user\", \"content\": \"why?\"}]}";
    let known = vec![
        text("mlflow.spanType", "LLM"),
        text("mlflow.spanInputs", asked),
        text("mlflow.spanOutputs", "because"),
        attribute("tokens", AttributeValue::Whole(17)),
    ];
    let child = Span { attributes: known, events: vec![failed], ..span(2, Some(1), "think") };
    log(&acting, 1, vec![span(1, None, "root"), child]).await;
    let first = acting.read_span(id(1), None).await.unwrap().unwrap();
    assert_eq!((first.name.as_str(), first.span_type.as_str(), first.inputs), ("root", "UNKNOWN", None));
    let shown = acting.read_span(id(1), Some(SpanId(2))).await.unwrap().unwrap();
    assert_eq!((shown.name.as_str(), shown.span_type.as_str()), ("think", "LLM"));
    let inputs = shown.inputs.unwrap();
    assert_eq!((inputs.messages[0].role.as_str(), inputs.messages[0].text.as_str()), ("user", "why?"));
    assert!(inputs.text.contains("\n      \"role\": \"user\""), "{}", inputs.text);
    assert_eq!(shown.outputs.unwrap().text, "because");
    let [(key, value)] = shown.attributes.as_slice() else { panic!("{:?}", shown.attributes) };
    assert_eq!((key.as_str(), value.text.as_str()), ("tokens", "17"));
    let [event] = shown.events.as_slice() else { panic!("{:?}", shown.events) };
    assert_eq!(event.message.as_deref(), Some("ValueError: no such page"));
    assert_eq!((event.stack.as_deref(), event.attributes.len()), (Some(stack), 1));
    assert_eq!(acting.read_span(id(1), Some(SpanId(3))).await.unwrap(), None);
    check_code(acting.read_span(id(2), None).await, Code::ResourceDoesNotExist);
}

async fn steps_in_a_file_are_shown(world: &World) {
    let acting = world.local();
    acting.start_trace(new_trace(1, 1)).await.unwrap();
    let page = acting.trace_page(&whole(1)).await.unwrap();
    assert_eq!((page.spans.len(), page.trouble), (0, None));
    assert_eq!(acting.read_span(id(1), None).await.unwrap(), None);
    let file = r#"{"spans": [
        {"span_id": "AAAAAAAAAAI=", "parent_span_id": "AAAAAAAAAAE=", "name": "think", "start_time_unix_nano": 2000,
         "end_time_unix_nano": 5000, "status": {"code": "STATUS_CODE_ERROR"},
         "attributes": {"mlflow.spanInputs": "{\"question\": \"why?\"}"}},
        {"span_id": "AAAAAAAAAAE=", "parent_span_id": null, "name": "root", "start_time_unix_nano": 1000,
         "end_time_unix_nano": 6000, "attributes": {"mlflow.spanType": "\"CHAIN\""}}
    ]}"#;
    let path = format!("0/traces/{}/artifacts/traces.json", id(1));
    acting.uploads(&path, file.as_bytes()).await;
    let page = acting.trace_page(&whole(1)).await.unwrap();
    assert_eq!((told(&page), page.window), (vec![("root", 0), ("think", 1)], (1000, 6000)));
    assert_eq!((page.spans[0].span_type.as_str(), page.spans[1].status), ("CHAIN", SpanStatus::Error));
    let found = acting.trace_page(&TraceQuestion { text: "WHY".into(), ..whole(1) }).await.unwrap();
    assert_eq!((found.found, found.spans[1].is_found), (1, true));
    assert_eq!(acting.read_span(id(1), None).await.unwrap().unwrap().name, "root");
    let shown = acting.read_span(id(1), Some(SpanId(2))).await.unwrap().unwrap();
    assert_eq!(shown.inputs.unwrap().text, "{\n  \"question\": \"why?\"\n}");
    acting.uploads(&path, b"nonsense").await;
    let page = acting.trace_page(&whole(1)).await.unwrap();
    assert!(page.spans.is_empty() && page.trouble.unwrap().contains("traces.json"));
}

async fn people_say_what_they_think(world: &World) {
    let (alice, bob) = (world.user("alice").await, world.user("bob").await);
    let experiment = alice.experiment("vision").await;
    alice.start_trace(NewTrace { experiment, ..new_trace(1, 1) }).await.unwrap();
    let says = |name: &str, says: Says, rationale: &str| NewThought {
        span: None,
        name: name.to_owned(),
        says,
        rationale: rationale.to_owned(),
    };
    alice.assess_trace(id(1), says("", Says::Good(false), " too long ")).await.unwrap();
    alice.assess_trace(id(1), says("answer", Says::Expected("42".into()), "")).await.unwrap();
    let on_step =
        NewThought { span: Some(SpanId(1)), ..says("answer", Says::Expected("forty two".into()), "") };
    alice.assess_trace(id(1), on_step).await.unwrap();
    let page = alice.trace_page(&whole(1)).await.unwrap();
    let mut said: Vec<_> = page
        .thoughts
        .iter()
        .map(|said| (said.name.as_str(), said.value.as_str(), said.verdict, said.rationale.as_deref()))
        .collect();
    said.sort_unstable();
    let expected = [
        ("answer", "42", None, None),
        ("answer", "forty two", None, None),
        ("good", "false", Some(false), Some("too long")),
    ];
    assert_eq!(said, expected);
    assert!(page.thoughts.iter().all(|said| said.source == "alice" && said.source_type == SourceType::Human));
    let nameless = says(" ", Says::Expected("x".into()), "");
    check_code(alice.assess_trace(id(1), nameless).await, Code::InvalidParameterValue);
    check_code(bob.assess_trace(id(1), says("", Says::Good(true), "")).await, Code::PermissionDenied);
    check_code(alice.assess_trace(id(2), says("", Says::Good(true), "")).await, Code::ResourceDoesNotExist);
}

async fn pages_of_what_may_not_be_read_are_missing(world: &World) {
    let (alice, bob) = (world.user("alice").await, world.user("bob").await);
    let experiment = alice.experiment("secret").await;
    alice.start_trace(NewTrace { experiment, ..new_trace(1, 1) }).await.unwrap();
    let bobs = bob.experiment("open").await;
    let run = bob.run_in(bobs).await;
    bob.link_traces_to_run(run, &[id(1)]).await.unwrap();
    let domain = world.closed().await;
    let bob = bob.on(&domain);
    let missing = Code::ResourceDoesNotExist;
    check_code(bob.list_traces(&TracesQuery { experiment, ..list("") }).await, missing);
    check_code(bob.trace_page(&whole(1)).await, missing);
    check_code(bob.read_span(id(1), None).await, missing);
    let of_run = TracesQuery { experiment: bobs, run: Some(run), ..list("") };
    assert!(bob.list_traces(&of_run).await.unwrap().rows.is_empty());
    domain.close().await;
}
