//! What is told of a trace whose steps come without a word of its client.

use super::*;

on_both_databases! {
    a_trace_goes_on_until_its_first_step_has_ended,
    of_several_first_steps_the_first_says_how_it_went_and_the_last_what_it_was_about,
    whose_request_it_was_any_step_may_say,
    programs_are_told_of_as_they_come,
}

async fn log_from(acting: &User, number: u128, spans: Vec<Span>, program: &str) {
    let new = NewSpans { trace: id(number), spans, tags: vec![tag("service.name", program)] };
    acting.log_spans(DEFAULT, None, vec![new]).await.unwrap();
}

async fn a_trace_goes_on_until_its_first_step_has_ended(world: &World) {
    let acting = world.local();
    log(&acting, 1, vec![Span { status: SpanStatus::Error, ..span(2, Some(1), "child") }]).await;
    let info = acting.get_trace_info(id(1)).await.unwrap();
    assert_eq!((info.state, info.request_time, info.duration), (TraceState::InProgress, 1002, Some(1000)));
    // One that has no end doesn't say yet how it went.
    log(&acting, 2, vec![Span { end: None, status: SpanStatus::Unset, ..span(1, None, "root") }]).await;
    let info = acting.get_trace_info(id(2)).await.unwrap();
    assert_eq!((info.state, info.request_time, info.duration), (TraceState::InProgress, 1001, None));
    log(&acting, 2, vec![Span { status: SpanStatus::Error, ..span(1, None, "root") }]).await;
    let info = acting.get_trace_info(id(2)).await.unwrap();
    assert_eq!((info.state, info.duration), (TraceState::Error, Some(1000)));
    // It stays as it was said first.
    log(&acting, 2, vec![Span { status: SpanStatus::Ok, ..span(1, None, "root") }]).await;
    assert_eq!(acting.get_trace_info(id(2)).await.unwrap().state, TraceState::Error);
}

async fn of_several_first_steps_the_first_says_how_it_went_and_the_last_what_it_was_about(world: &World) {
    let acting = world.local();
    let asked = |number, status, question: &str, team: &str| Span {
        status,
        attributes: vec![text("mlflow.spanInputs", question), text("mlflow.traceTag.team", team)],
        ..span(number, None, question)
    };
    let first = asked(9, SpanStatus::Error, "why?", "vision");
    let chat = r#"{"messages": [{"role": "user", "content": "how?"}]}"#;
    let last = asked(3, SpanStatus::Ok, chat, "speech");
    log(&acting, 1, vec![first, last]).await;
    let info = acting.get_trace_info(id(1)).await.unwrap();
    assert_eq!((info.state, info.name()), (TraceState::Error, Some("why?")));
    assert_eq!((info.request_preview.as_deref(), info.response_preview), (Some("how?"), None));
    assert_eq!(value_of(&info.tags, "team"), Some("speech"));
}

async fn whose_request_it_was_any_step_may_say(world: &World) {
    let acting = world.local();
    let said = |number, attributes| Span { attributes, ..span(number, Some(1), "child") };
    let metadata = async |number| acting.get_trace_info(id(number)).await.unwrap().metadata;
    let (session, user) = ("mlflow.trace.session", "mlflow.trace.user");
    let steps = vec![
        said(2, vec![text("user.id", "\"u-1\"")]),
        said(3, vec![text("gen_ai.conversation.id", "c-1"), text("user.id", "u-2")]),
        said(4, vec![attribute("session.id", AttributeValue::Whole(5))]),
    ];
    log(&acting, 1, steps).await;
    assert_eq!(metadata(1).await, [tag(session, "c-1"), tag(user, "u-1")]);
    log(&acting, 1, vec![said(5, vec![text("session.id", "s-1")])]).await;
    assert_eq!(metadata(1).await, [tag(session, "c-1"), tag(user, "u-1")]);
    // What says nothing isn't told, and who comes later may say it.
    log(&acting, 2, vec![said(2, vec![text("session.id", "")])]).await;
    assert!(metadata(2).await.is_empty());
    log(&acting, 2, vec![said(3, vec![attribute("session.id", AttributeValue::Whole(5))])]).await;
    assert_eq!(metadata(2).await, [tag(session, "5")]);
}

async fn programs_are_told_of_as_they_come(world: &World) {
    let acting = world.local();
    let program = async || {
        let tags = acting.get_trace_info(id(1)).await.unwrap().tags;
        value_of(&tags, "service.name").unwrap().to_owned()
    };
    log_from(&acting, 1, vec![span(2, Some(1), "child")], "shop").await;
    assert_eq!(program().await, "shop");
    log_from(&acting, 1, vec![span(1, None, "root")], "bank").await;
    assert_eq!(program().await, "bank");
    // Of those that come together the first, unless a step says otherwise.
    let from = |number, program: &str| NewSpans {
        trace: id(1),
        spans: vec![span(number, Some(1), "child")],
        tags: vec![tag("service.name", program)],
    };
    acting.log_spans(DEFAULT, None, vec![from(3, "shop"), from(4, "mail")]).await.unwrap();
    assert_eq!(program().await, "shop");
    let own = Span { attributes: vec![text("mlflow.traceTag.service.name", "own")], ..span(1, None, "root") };
    log_from(&acting, 1, vec![own], "bank").await;
    assert_eq!(program().await, "own");
    // However much is known of a program, what it says itself has its place.
    let team = Span { attributes: vec![text("mlflow.traceTag.team", "search")], ..span(1, None, "root") };
    let tags = (0..100).map(|number| tag(&format!("known.{number}"), "1")).collect();
    acting.log_spans(DEFAULT, None, vec![NewSpans { trace: id(2), spans: vec![team], tags }]).await.unwrap();
    let tags = acting.get_trace_info(id(2)).await.unwrap().tags;
    assert_eq!(value_of(&tags, "team"), Some("search"));
}
