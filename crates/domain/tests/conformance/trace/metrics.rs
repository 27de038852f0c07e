//! Metrics of traces.

use super::*;
use domain::trace::MetricsQuery;
use model::trace::metric::{Aggregation, MetricPoint, MetricView};

on_both_databases! {
    traces_are_counted_and_measured,
    traces_are_told_by_name_and_time,
    tokens_are_read_from_what_clients_tell,
    steps_are_counted_and_measured,
    assessments_are_counted_and_measured,
    filters_say_what_counts,
    what_may_not_be_read_does_not_count,
    what_can_not_be_measured_is_told,
}

fn of(view: MetricView, metric: &str, aggregations: &[Aggregation]) -> MetricsQuery {
    MetricsQuery {
        experiments: vec![DEFAULT],
        view,
        metric: metric.to_owned(),
        aggregations: aggregations.to_vec(),
        dimensions: Vec::new(),
        filters: Vec::new(),
        interval: 0,
        from: None,
        until: None,
        max_results: 1000,
    }
}

fn by(dimensions: &[&str], query: MetricsQuery) -> MetricsQuery {
    MetricsQuery { dimensions: dimensions.iter().map(|name| (*name).to_owned()).collect(), ..query }
}

fn only(filters: &[&str], query: MetricsQuery) -> MetricsQuery {
    MetricsQuery { filters: filters.iter().map(|filter| (*filter).to_owned()).collect(), ..query }
}

fn every(seconds: i64, query: MetricsQuery) -> MetricsQuery {
    MetricsQuery { interval: seconds, from: Some(-1_000_000), until: Some(10_000_000), ..query }
}

/// The points, a line each: `chat OK: COUNT 2, …`.
async fn told(acting: &User, query: MetricsQuery) -> Vec<String> {
    let points = acting.trace_metrics(&query).await.unwrap();
    points.iter().map(line).collect()
}

fn line(point: &MetricPoint) -> String {
    let dimensions: Vec<&str> = point.dimensions.iter().map(|(_, value)| value.as_str()).collect();
    let values: Vec<String> = point.values.iter().map(|(label, value)| format!("{label} {value}")).collect();
    format!("{}: {}", dimensions.join(" "), values.join(", "))
}

fn named(number: u128, request_time: i64, name: &str) -> NewTrace {
    NewTrace { tags: vec![tag("mlflow.traceName", name)], ..new_trace(number, request_time) }
}

const COUNT: [Aggregation; 1] = [Aggregation::Count];

async fn traces_are_counted_and_measured(world: &World) {
    let acting = world.local();
    let latency = || {
        let all = [Aggregation::Avg, Aggregation::Min, Aggregation::Max, Aggregation::Percentile(75.0)];
        of(MetricView::Traces, "latency", &all)
    };
    assert_eq!(told(&acting, of(MetricView::Traces, "trace_count", &COUNT)).await, [": COUNT 0"]);
    assert!(told(&acting, latency()).await.is_empty());
    for (number, duration) in [(1, Some(10)), (2, Some(20)), (3, Some(20)), (4, Some(40)), (5, None)] {
        acting.start_trace(NewTrace { duration, ..new_trace(number, 1000) }).await.unwrap();
    }
    assert_eq!(told(&acting, of(MetricView::Traces, "trace_count", &COUNT)).await, [": COUNT 5"]);
    assert_eq!(told(&acting, latency()).await, [": AVG 22.5, MIN 10, MAX 40, P75.0 25"]);
    assert!(told(&acting, of(MetricView::Traces, "latency", &[])).await.is_empty());
}

async fn traces_are_told_by_name_and_time(world: &World) {
    let acting = world.local();
    let session = |text: &str| vec![tag("mlflow.trace.session", text)];
    for new in [
        NewTrace { metadata: session("a"), ..named(1, -500, "ask") },
        NewTrace { metadata: session("a"), ..named(2, 1000, "chat") },
        NewTrace { metadata: session("b"), ..named(3, 59_999, "chat") },
        NewTrace { metadata: session("a"), state: TraceState::Error, ..named(4, 60_000, "chat") },
        new_trace(5, 60_001),
    ] {
        acting.start_trace(new).await.unwrap();
    }
    let count = || of(MetricView::Traces, "trace_count", &COUNT);
    assert_eq!(told(&acting, by(&["trace_name"], count())).await, ["ask: COUNT 1", "chat: COUNT 3"]);
    assert_eq!(
        told(&acting, by(&["trace_status", "trace_name"], count())).await,
        ["ERROR chat: COUNT 1", "OK ask: COUNT 1", "OK chat: COUNT 2"]
    );
    let by_time = every(60, count());
    assert_eq!(
        told(&acting, by_time.clone()).await,
        [
            "1969-12-31T23:59:00+00:00: COUNT 1",
            "1970-01-01T00:00:00+00:00: COUNT 2",
            "1970-01-01T00:01:00+00:00: COUNT 2",
        ]
    );
    assert_eq!(
        told(&acting, MetricsQuery { max_results: 2, ..by(&["trace_name"], by_time.clone()) }).await,
        ["ask 1969-12-31T23:59:00+00:00: COUNT 1", "chat 1970-01-01T00:00:00+00:00: COUNT 2"]
    );
    let within = MetricsQuery { from: Some(1000), until: Some(60_000), ..by_time };
    assert_eq!(
        told(&acting, within).await,
        ["1970-01-01T00:00:00+00:00: COUNT 2", "1970-01-01T00:01:00+00:00: COUNT 1"]
    );
    let sessions = every(60, of(MetricView::Traces, "session_count", &COUNT));
    assert_eq!(
        told(&acting, sessions).await,
        [
            "1969-12-31T23:59:00+00:00: COUNT 1",
            "1970-01-01T00:00:00+00:00: COUNT 2",
            "1970-01-01T00:01:00+00:00: COUNT 1",
        ]
    );
}

async fn tokens_are_read_from_what_clients_tell(world: &World) {
    let acting = world.local();
    for (number, usage) in [
        (1, r#"{"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}"#),
        (2, r#"{"input_tokens": 30, "output_tokens": 5, "total_tokens": 35, "cache_read_input_tokens": 8}"#),
        (3, "no JSON"),
        (4, r#"{"input_tokens": null}"#),
    ] {
        let metadata = vec![tag("mlflow.trace.tokenUsage", usage)];
        acting.start_trace(NewTrace { metadata, ..named(number, 1000, "chat") }).await.unwrap();
    }
    acting.start_trace(new_trace(5, 1000)).await.unwrap();
    let all =
        [Aggregation::Sum, Aggregation::Avg, Aggregation::Percentile(50.0), Aggregation::Percentile(50.0)];
    for (metric, expected) in [
        ("input_tokens", "chat: SUM 40, AVG 20, P50.0 20"),
        ("output_tokens", "chat: SUM 10, AVG 5, P50.0 5"),
        ("total_tokens", "chat: SUM 50, AVG 25, P50.0 25"),
        ("cache_read_input_tokens", "chat: SUM 8, AVG 8, P50.0 8"),
    ] {
        let query = by(&["trace_name"], of(MetricView::Traces, metric, &all));
        assert_eq!(told(&acting, query).await, [expected], "{metric}");
    }
    let none = of(MetricView::Traces, "cache_creation_input_tokens", &all);
    assert!(told(&acting, none).await.is_empty());
}

async fn steps_are_counted_and_measured(world: &World) {
    let acting = world.local();
    acting.start_trace(new_trace(1, 1000)).await.unwrap();
    acting.start_trace(new_trace(2, 9000)).await.unwrap();
    let cost = |model: &str, cost: &str| {
        vec![
            text("mlflow.spanType", "LLM"),
            text("mlflow.llm.model", model),
            text("mlflow.llm.provider", "openai"),
            text("mlflow.llm.cost", cost),
        ]
    };
    let object = |total: f64| {
        let total = attribute("total_cost", AttributeValue::Real(total));
        attribute("mlflow.llm.cost", AttributeValue::Map(vec![total]))
    };
    log(
        &acting,
        1,
        vec![
            span(1, None, "chat"),
            Span { attributes: cost("small", r#"{"total_cost": 0.25}"#), ..span(2, Some(1), "think") },
            Span {
                attributes: cost("small", r#"{"total_cost": 0.5}"#),
                status: SpanStatus::Error,
                ..span(3, Some(1), "think")
            },
        ],
    )
    .await;
    let large = vec![text("mlflow.llm.model", "large"), object(2.0)];
    log(&acting, 2, vec![Span { attributes: large, end: None, ..span(1, None, "think") }]).await;

    let count = || of(MetricView::Spans, "span_count", &COUNT);
    assert_eq!(told(&acting, by(&["span_name"], count())).await, ["chat: COUNT 1", "think: COUNT 3"]);
    assert_eq!(
        told(&acting, by(&["span_type", "span_status"], count())).await,
        ["LLM ERROR: COUNT 1", "LLM OK: COUNT 1", "UNKNOWN OK: COUNT 2"]
    );
    assert_eq!(told(&acting, by(&["span_model_name"], count())).await, ["large: COUNT 1", "small: COUNT 2"]);
    assert_eq!(told(&acting, by(&["span_model_provider"], count())).await, ["openai: COUNT 2"]);
    let of_llm = only(&["span.type = 'LLM'", "span.status = 'OK'"], count());
    assert_eq!(told(&acting, of_llm).await, [": COUNT 1"]);
    assert_eq!(told(&acting, only(&["span.name = 'chat'"], count())).await, [": COUNT 1"]);

    let latency = of(MetricView::Spans, "latency", &[Aggregation::Avg]);
    assert_eq!(told(&acting, by(&["span_name"], latency)).await, ["chat: AVG 1000", "think: AVG 1000"]);
    let costs = || of(MetricView::Spans, "total_cost", &[Aggregation::Sum, Aggregation::Max]);
    assert_eq!(
        told(&acting, by(&["span_model_name"], costs())).await,
        ["large: SUM 2, MAX 2", "small: SUM 0.75, MAX 0.5"]
    );
    // The steps of the second trace began long before it did.
    let late = |query: MetricsQuery| MetricsQuery { from: Some(8000), until: Some(10_000), ..query };
    assert_eq!(told(&acting, late(count())).await, [": COUNT 1"]);
    assert!(told(&acting, late(costs())).await.is_empty());
    let by_second = MetricsQuery { interval: 1, ..late(count()) };
    assert_eq!(told(&acting, by_second).await, ["1970-01-01T00:00:01+00:00: COUNT 1"]);
    assert!(told(&acting, of(MetricView::Spans, "input_cost", &[Aggregation::Sum])).await.is_empty());
}

async fn assessments_are_counted_and_measured(world: &World) {
    let acting = world.local();
    acting.start_trace(new_trace(1, 1000)).await.unwrap();
    acting.start_trace(NewTrace { state: TraceState::Error, ..new_trace(2, 2000) }).await.unwrap();
    for (trace, name, value) in [
        (1, "good", "true"),
        (2, "good", "false"),
        (2, "good", "\"Yes\""),
        (1, "score", "0.5"),
        (2, "score", "1"),
        (2, "score", "1.0"),
        (1, "note", "\"fine\""),
    ] {
        acting.create_assessment(id(trace), feedback(name, value)).await.unwrap();
    }
    let expected = NewAssessment { kind: AssessmentKind::Expectation, ..feedback("answer", "42") };
    let before = acting.create_assessment(id(1), expected.clone()).await.unwrap();
    let instead = NewAssessment { overrides: Some(before.id), value: "43".to_owned(), ..expected };
    acting.create_assessment(id(1), instead).await.unwrap();

    let count = || of(MetricView::Assessments, "assessment_count", &COUNT);
    assert_eq!(
        told(&acting, by(&["assessment_name"], count())).await,
        ["answer: COUNT 1", "good: COUNT 3", "note: COUNT 1", "score: COUNT 3"]
    );
    assert_eq!(
        told(&acting, by(&["assessment_name", "assessment_value"], count())).await,
        [
            "answer 43.0: COUNT 1",
            "good \"Yes\": COUNT 1",
            "good false: COUNT 1",
            "good true: COUNT 1",
            "note \"fine\": COUNT 1",
            "score 0.5: COUNT 1",
            "score 1.0: COUNT 2",
        ]
    );
    let value = || of(MetricView::Assessments, "assessment_value", &[Aggregation::Avg, Aggregation::Max]);
    assert_eq!(
        told(&acting, by(&["assessment_name"], only(&["assessment.type = 'feedback'"], value()))).await,
        ["good: AVG 0.6666666666666666, MAX 1", "score: AVG 0.8333333333333334, MAX 1"]
    );
    assert_eq!(told(&acting, only(&["assessment.name = 'answer'"], value())).await, [": AVG 43, MAX 43"]);
    let failed = only(&["trace.status = 'ERROR'", "assessment.name = 'score'"], count());
    assert_eq!(told(&acting, failed).await, [": COUNT 2"]);
    let by_second = every(1, only(&["assessment.name = 'good'"], count()));
    assert_eq!(
        told(&acting, by_second).await,
        ["1970-01-01T00:00:01+00:00: COUNT 1", "1970-01-01T00:00:02+00:00: COUNT 2"]
    );
}

async fn filters_say_what_counts(world: &World) {
    let acting = world.local();
    let run = acting.run_in(DEFAULT).await;
    let metadata = vec![tag("mlflow.trace.session", "s 1"), tag("mlflow.sourceRun", &run.to_string())];
    let mut first = NewTrace { metadata, ..named(1, 1000, "chat") };
    first.tags.push(tag("team name", "vision"));
    acting.start_trace(first).await.unwrap();
    acting.start_trace(NewTrace { state: TraceState::Error, ..named(2, 1000, "chat") }).await.unwrap();
    acting.start_trace(new_trace(3, 1000)).await.unwrap();
    acting.link_traces_to_run(run, &[id(3)]).await.unwrap();
    let check = async |filters: &[&str], expected: u64| {
        let found = told(&acting, only(filters, of(MetricView::Traces, "trace_count", &COUNT))).await;
        assert_eq!(found, [format!(": COUNT {expected}")], "{filters:?}");
    };
    check(&[], 3).await;
    check(&["trace.status = 'OK'"], 2).await;
    check(&["trace.tag.mlflow.traceName = 'chat'"], 2).await;
    check(&["trace.tag.mlflow.traceName = 'chat'", "trace.status = \"OK\""], 1).await;
    check(&["trace.tag.`team name` = 'vision'"], 1).await;
    check(&["trace.metadata.`mlflow.trace.session` = 's 1'"], 1).await;
    check(&[format!("trace.metadata.mlflow.sourceRun = '{run}'").as_str()], 2).await;
    check(&["trace.tag.other = 'x'"], 0).await;
}

async fn what_may_not_be_read_does_not_count(world: &World) {
    let (alice, bob) = (world.user("alice").await, world.user("bob").await);
    let (seen, secret) = (alice.experiment("seen").await, alice.experiment("secret").await);
    for (number, experiment) in [(1, seen), (2, secret), (3, secret)] {
        alice.start_trace(NewTrace { experiment, ..new_trace(number, 1000) }).await.unwrap();
    }
    alice.grant_experiment(secret, "bob", Permission::NoPermissions).await.unwrap();
    let query = |experiments: Vec<ExperimentId>| MetricsQuery {
        experiments,
        ..of(MetricView::Traces, "trace_count", &COUNT)
    };
    assert_eq!(told(&alice, query(vec![seen, secret])).await, [": COUNT 3"]);
    assert_eq!(told(&bob, query(vec![seen, secret])).await, [": COUNT 1"]);
    assert_eq!(told(&bob, query(vec![secret, ExperimentId(999_999)])).await, [": COUNT 0"]);
    assert_eq!(told(&bob, query(Vec::new())).await, [": COUNT 0"]);
}

async fn what_can_not_be_measured_is_told(world: &World) {
    let acting = world.local();
    let count = || of(MetricView::Traces, "trace_count", &COUNT);
    for wrong in [
        of(MetricView::Traces, "span_count", &COUNT),
        of(MetricView::Traces, "latency", &COUNT),
        by(&["span_name"], count()),
        only(&["span.name = 'x'"], count()),
        only(&["assessment.name = 'x'"], count()),
        only(&["trace.status"], count()),
        only(&[""], count()),
        MetricsQuery { interval: 60, ..count() },
        every(-60, count()),
        every(i64::MAX, count()),
        MetricsQuery { max_results: 0, ..count() },
        MetricsQuery { max_results: 10_001, ..count() },
    ] {
        check_code(acting.trace_metrics(&wrong).await, Code::InvalidParameterValue);
    }
}
