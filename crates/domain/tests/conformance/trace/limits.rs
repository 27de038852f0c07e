//! What is too much, too long or too late of traces does no harm to the others.

use super::*;

on_both_databases! {
    odd_times_are_taken_for_the_nearest_that_clients_can_read,
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
