//! The search for traces.

use super::*;

on_both_databases! {
    filters_find,
    orders_sort,
    pages_follow_each_other,
    filters_are_counted_together,
}

async fn filters_find(world: &World) {
    let acting = world.local();
    let run = acting.run_in(DEFAULT).await;
    let first = NewTrace {
        client_request_id: Some("client-1".into()),
        tags: vec![tag("mlflow.traceName", "chat"), tag("team", "vision")],
        metadata: vec![tag("mlflow.sourceRun", &run.to_string()), tag("model", "m-1")],
        ..new_trace(1, 1000)
    };
    acting.start_trace(first).await.unwrap();
    let second = NewTrace { state: TraceState::Error, duration: Some(500), ..new_trace(2, 2000) };
    acting.start_trace(second).await.unwrap();
    acting.start_trace(NewTrace { duration: None, ..new_trace(3, 3000) }).await.unwrap();
    let known = vec![
        text("mlflow.spanType", "LLM"),
        text("model", "gpt \"4\""),
        attribute("tokens", AttributeValue::Whole(17)),
        text("prompt", "100% sure_"),
    ];
    let failed = SpanEvent { name: "exception".into(), time: 1, attributes: vec![text("type", "Timeout")] };
    log(&acting, 1, vec![Span { attributes: known, ..span(1, None, "ask") }]).await;
    let broken = Span { status: SpanStatus::Error, events: vec![failed], ..span(1, None, "search") };
    log(&acting, 2, vec![broken]).await;
    acting.create_assessment(id(1), feedback("good", "\"yes\"")).await.unwrap();
    acting.create_assessment(id(1), feedback("score", "0.75")).await.unwrap();
    acting.create_assessment(id(2), feedback("good", "true")).await.unwrap();
    let expected = NewAssessment { kind: AssessmentKind::Expectation, ..feedback("answer", "\"42\"") };
    acting.create_assessment(id(2), expected).await.unwrap();
    let issue = NewAssessment { kind: AssessmentKind::Issue, ..feedback("iss-1", "\"too slow\"") };
    acting.create_assessment(id(3), issue).await.unwrap();

    let check = async |filter: &str, expected: &[u128]| {
        let mut found = numbers(&acting, search(filter)).await;
        found.sort_unstable();
        assert_eq!(found, expected, "{filter}");
    };
    check("", &[1, 2, 3]).await;
    check("status = 'ERROR'", &[2]).await;
    check("attributes.status IN ('OK')", &[1, 3]).await;
    check("name = 'chat'", &[1]).await;
    check("name LIKE 'c%'", &[1]).await;
    check("name IS NULL", &[3]).await;
    check("trace.run_id IS NOT NULL", &[1]).await;
    check("name = 'search' AND timestamp > 1500", &[2]).await;
    check("client_request_id ILIKE 'CLIENT%'", &[1]).await;
    check(&format!("request_id = '{}'", id(3)), &[3]).await;
    check(&format!("trace.request_id NOT IN ('{}')", id(3)), &[1, 2]).await;
    check("request_id LIKE 'tr-%1'", &[1]).await;
    check(&format!("run_id = '{run}'"), &[1]).await;
    check(&format!("run_id != '{run}'"), &[]).await;
    check("timestamp >= 2000 AND timestamp_ms < 3000", &[2]).await;
    check("execution_time > 100", &[2]).await;
    check("end_time = 1010", &[1]).await;
    check("tags.team = 'vision'", &[1]).await;
    check("tag.team IS NULL", &[2, 3]).await;
    check("metadata.model LIKE 'm-%'", &[1]).await;
    check("request_metadata.model IS NOT NULL", &[1]).await;
    check("span.name = 'ask'", &[1]).await;
    check("span.type = 'LLM'", &[1]).await;
    check("span.type = 'UNKNOWN'", &[2]).await;
    check("span.status = 'ERROR'", &[2]).await;
    check("span.content LIKE '%Timeout%'", &[2]).await;
    check("trace.text ILIKE '%TIMEOUT%'", &[2]).await;
    check("span.attributes.model = 'gpt \"4\"'", &[1]).await;
    check("span.attributes.model LIKE 'gpt%'", &[1]).await;
    check("span.attributes.model ILIKE 'GPT%'", &[1]).await;
    check("span.attributes.model LIKE 'g%sure%'", &[]).await;
    check("span.attributes.model != 'x'", &[1]).await;
    check("span.attributes.model NOT IN ('x', 'gpt \"4\"')", &[]).await;
    check("span.attributes.tokens = '17'", &[1]).await;
    check("span.attributes.tokens IN ('16', '17')", &[1]).await;
    check("span.attributes.toke = '17'", &[]).await;
    check("span.attributes.prompt = '100% sure_'", &[1]).await;
    check("feedback.good = 'yes'", &[1]).await;
    check("feedback.good = 'true'", &[2]).await;
    check("feedback.good != 'yes'", &[2]).await;
    check("feedback.good IS NULL", &[3]).await;
    check("feedback.score > 0.5", &[1]).await;
    check("feedback.score > 0.8", &[]).await;
    check("expectation.answer LIKE '4%'", &[2]).await;
    check("feedback.answer = '42'", &[]).await;
    check("issue.id = 'iss-1'", &[3]).await;
    for odd in ["nonsense", "status RLIKE 'x'", "metrics.m > 1"] {
        check_code(acting.search_traces(&search(odd)).await, Code::InvalidParameterValue);
    }
}

async fn orders_sort(world: &World) {
    let acting = world.local();
    let one = NewTrace {
        duration: Some(30),
        tags: vec![tag("mlflow.traceName", "b"), tag("t", "2")],
        metadata: vec![tag("mlflow.sourceRun", "r1")],
        ..new_trace(1, 100)
    };
    let two = NewTrace {
        duration: None,
        state: TraceState::Error,
        tags: vec![tag("mlflow.traceName", "a")],
        ..new_trace(2, 300)
    };
    let three = NewTrace { duration: Some(20), tags: vec![tag("t", "1")], ..new_trace(3, 200) };
    for new in [one, two, three] {
        acting.start_trace(new).await.unwrap();
    }
    let check = async |order_by: &[&str], expected: &[u128]| {
        let order_by = order_by.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(numbers(&acting, TraceSearch { order_by, ..search("") }).await, expected);
    };
    check(&[], &[2, 3, 1]).await;
    check(&["timestamp ASC"], &[1, 3, 2]).await;
    check(&["execution_time"], &[3, 1, 2]).await;
    check(&["execution_time DESC"], &[1, 3, 2]).await;
    check(&["end_time DESC"], &[2, 3, 1]).await;
    check(&["status", "request_id DESC"], &[2, 3, 1]).await;
    check(&["name"], &[2, 1, 3]).await;
    check(&["name DESC"], &[1, 2, 3]).await;
    check(&["run_id"], &[1, 2, 3]).await;
    check(&["tags.t"], &[3, 1, 2]).await;
    check(&["metadata.mlflow.sourceRun", "experiment_id"], &[1, 2, 3]).await;
    let twice = TraceSearch { order_by: vec!["name".into(), "name DESC".into()], ..search("") };
    check_code(acting.search_traces(&twice).await, Code::InvalidParameterValue);
}

async fn pages_follow_each_other(world: &World) {
    let acting = world.local();
    for number in 1..=7 {
        // Some at the same time.
        acting.start_trace(new_trace(number, 100 * (number as i64 / 3))).await.unwrap();
    }
    for (order_by, expected) in [
        (vec![], vec![6_u128, 7, 3, 4, 5, 1, 2]),
        (vec!["timestamp ASC".to_owned()], vec![1, 2, 3, 4, 5, 6, 7]),
        (vec!["request_id DESC".to_owned()], vec![7, 6, 5, 4, 3, 2, 1]),
    ] {
        let mut found = Vec::new();
        let mut asked = TraceSearch { order_by, max_results: 3, ..search("") };
        loop {
            let page = acting.search_traces(&asked).await.unwrap();
            found.extend(page.items.iter().map(number_of));
            match page.next {
                Some(next) => asked.page_token = next,
                None => break,
            }
        }
        assert_eq!(found, expected, "{:?}", asked.order_by);
    }
    let first = acting.search_traces(&TraceSearch { max_results: 2, ..search("") }).await.unwrap();
    // What comes meanwhile shifts nothing.
    acting.start_trace(new_trace(8, 900)).await.unwrap();
    let next = TraceSearch { max_results: 2, page_token: first.next.clone().unwrap(), ..search("") };
    assert_eq!(numbers(&acting, next.clone()).await, [3, 4]);
    let other = TraceSearch { order_by: vec!["name".into()], ..next };
    check_code(acting.search_traces(&other).await, Code::InvalidParameterValue);
    for max_results in [0, 501] {
        let odd = TraceSearch { max_results, ..search("") };
        check_code(acting.search_traces(&odd).await, Code::InvalidParameterValue);
    }
    let odd = TraceSearch { page_token: "x".into(), ..search("") };
    check_code(acting.search_traces(&odd).await, Code::InvalidParameterValue);
}

async fn filters_are_counted_together(world: &World) {
    let (alice, bob) = (world.user("alice").await, world.user("bob").await);
    let (seen, secret) = (alice.experiment("seen").await, alice.experiment("secret").await);
    for (number, state, team) in [
        (1, TraceState::Ok, "vision"),
        (2, TraceState::Error, "vision"),
        (3, TraceState::Error, "text"),
        (4, TraceState::Ok, "text"),
        (5, TraceState::Error, "vision"),
    ] {
        let experiment = if number == 5 { secret } else { seen };
        let new = NewTrace { experiment, state, tags: vec![tag("team", team)], ..new_trace(number, 1000) };
        alice.start_trace(new).await.unwrap();
    }
    let spans = vec![span(1, None, "ask"), span(2, None, "ask")];
    let steps = NewSpans { trace: id(2), spans, tags: Vec::new() };
    alice.log_spans(seen, None, vec![steps]).await.unwrap();
    alice.grant_experiment(secret, "bob", Permission::NoPermissions).await.unwrap();

    let count = async |user: &User, among: &str, one: &str, other: &str| {
        let found = user.correlate_traces(&[seen, secret], among, one, other).await.unwrap();
        (found.both, found.one, found.other, found.total)
    };
    let (failed, vision) = ("status = 'ERROR'", "tags.team = 'vision'");
    assert_eq!(count(&alice, "", failed, vision).await, (2, 3, 3, 5));
    assert_eq!(count(&bob, "", failed, vision).await, (1, 2, 2, 4));
    assert_eq!(count(&alice, "tags.team = 'text'", failed, vision).await, (0, 1, 0, 2));
    assert_eq!(count(&alice, "", "span.name = 'ask'", "").await, (1, 1, 5, 5));
    let wrong = Code::InvalidParameterValue;
    for (among, one, other) in [("x = 1", "", ""), ("", "x = 1", ""), ("", "", "x = 1")] {
        check_code(alice.correlate_traces(&[seen], among, one, other).await, wrong);
    }
    let nowhere = alice.correlate_traces(&[], "", failed, vision).await.unwrap();
    assert_eq!((nowhere.total, nowhere.npmi().is_nan()), (0, true));
}
