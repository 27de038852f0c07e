//! What is too much, too long or too late of traces does no harm to the others.

use super::*;

on_both_databases! {
    odd_times_are_taken_for_the_nearest_that_clients_can_read,
    a_trace_with_a_step_that_is_too_large_is_whole_without_what_it_holds,
    a_trace_that_is_full_of_tags_takes_no_more,
}

/// The first and the last millisecond of the years that clients can read.
const FIRST: i64 = -62_135_596_800_000;
const LAST: i64 = 253_402_300_799_999;

async fn odd_times_are_taken_for_the_nearest_that_clients_can_read(world: &World) {
    let acting = world.local();
    let begun = acting.begin_trace(DEFAULT, i64::MIN, vec![], vec![]).await.unwrap();
    assert_eq!(begun.request_time, FIRST);
    let ended = acting.end_trace(begun.id, i64::MAX, TraceState::Ok, vec![], vec![]).await.unwrap();
    assert_eq!((ended.request_time, ended.duration), (FIRST, Some(LAST - FIRST)));
    let begun = acting.begin_trace(DEFAULT, i64::MAX, vec![], vec![]).await.unwrap();
    let ended = acting.end_trace(begun.id, i64::MIN, TraceState::Ok, vec![], vec![]).await.unwrap();
    assert_eq!((ended.request_time, ended.duration), (LAST, Some(FIRST - LAST)));
    for (number, duration) in [(1, i64::MAX), (2, i64::MIN)] {
        let odd = NewTrace {
            duration: Some(duration),
            assessments: vec![NewAssessment { created: Some(duration), ..feedback("good", "true") }],
            ..new_trace(number, duration)
        };
        let told = acting.start_trace(odd).await.unwrap();
        assert!((FIRST..=LAST).contains(&told.request_time));
        assert!((FIRST..=LAST).contains(&told.assessments[0].created));
    }
    acting.start_trace(new_trace(3, 1000)).await.unwrap();
    let found = acting.search_traces(&search("end_time > 0")).await.unwrap();
    let found: Vec<i64> = found.items.iter().map(|info| info.request_time).collect();
    assert_eq!(found, [LAST, 1000, FIRST]);
}

async fn a_trace_with_a_step_that_is_too_large_is_whole_without_what_it_holds(world: &World) {
    let acting = world.local();
    let metadata = vec![tag("mlflow.trace.sizeStats", "{\"num_spans\": 2}")];
    acting.start_trace(NewTrace { metadata, ..new_trace(1, 1) }).await.unwrap();
    let kind = text("mlflow.spanType", "LLM");
    let large = Span {
        status: SpanStatus::Error,
        message: "too long".into(),
        attributes: vec![text("mlflow.spanInputs", &"x".repeat(9 << 20)), kind.clone()],
        events: vec![SpanEvent { name: "exception".into(), time: 5, attributes: vec![] }],
        links: vec![SpanLink { trace: id(9), span: SpanId(3), attributes: vec![] }],
        ..span(1, None, "large")
    };
    let spans = vec![large.clone(), span(2, Some(1), "small")];
    let new = NewSpans { trace: id(1), spans, tags: Vec::new() };
    let taken = acting.log_spans(DEFAULT, None, vec![new]).await.unwrap();
    let message = "A span takes at most 8 MiB: what a larger one holds isn't kept.";
    assert_eq!((taken.refused, taken.message.as_str()), (0, message));
    let trace = acting.get_trace(id(1), false).await.unwrap();
    let kept = Span { attributes: vec![kind], events: vec![], links: vec![], ..large };
    assert_eq!(trace.spans, [kept, span(2, Some(1), "small")]);
    // What it was given is still told in short.
    assert_eq!(trace.info.request_preview, Some(format!("\"{}...", "x".repeat(996))));
}

async fn a_trace_that_is_full_of_tags_takes_no_more(world: &World) {
    let acting = world.local();
    let all = || (0..1000).map(|number| tag(&format!("t{number:03}"), "1")).collect::<Vec<Tag>>();
    let check_full = async |first: &str| {
        let info = acting.get_trace_info(id(1)).await.unwrap();
        assert_eq!((info.tags.len(), info.metadata.len()), (1000, 1000));
        assert_eq!(value_of(&info.tags, "t000"), Some(first));
        assert_eq!(value_of(&info.metadata, "t000"), Some("1"));
    };
    let full = NewTrace { tags: all(), metadata: all(), ..new_trace(1, 1) };
    acting.start_trace(full.clone()).await.unwrap();
    check_full("1").await;
    let (tags, metadata) =
        ("A trace takes at most 1000 tags.", "A trace takes at most 1000 pairs of metadata.");
    let invalid = Code::InvalidParameterValue;
    let one = || vec![tag("new", "1")];
    let told = |tags, metadata| acting.start_trace(NewTrace { tags, metadata, ..new_trace(1, 1) });
    check_refused(told(one(), vec![]).await, invalid, tags);
    check_refused(told(vec![], one()).await, invalid, metadata);
    let ended = |tags, metadata| acting.end_trace(id(1), 5, TraceState::Ok, tags, metadata);
    check_refused(ended(one(), vec![]).await, invalid, tags);
    check_refused(ended(vec![], one()).await, invalid, metadata);
    check_refused(acting.set_trace_tag(id(1), tag("new", "1")).await, invalid, tags);
    check_full("1").await;
    // What is there changes, and steps come.
    acting.start_trace(full).await.unwrap();
    acting.set_trace_tag(id(1), tag("t000", "2")).await.unwrap();
    let tagging = Span {
        attributes: vec![text("mlflow.traceTag.new", "1"), text("session.id", "s-1")],
        ..span(1, None, "root")
    };
    let new = NewSpans { trace: id(1), spans: vec![tagging], tags: vec![tag("service.name", "shop")] };
    let taken = acting.log_spans(DEFAULT, None, vec![new]).await.unwrap();
    assert_eq!((taken.refused, taken.message.as_str()), (0, ""));
    check_full("2").await;
    assert_eq!(acting.get_trace(id(1), true).await.unwrap().spans.len(), 1);
}
