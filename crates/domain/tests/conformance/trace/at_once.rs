//! What several do to a trace at the same time is all done.

use super::*;

on_both_databases! {
    an_assessment_is_changed_by_several_at_once,
    steps_of_a_trace_come_by_several_requests_at_once,
}

async fn an_assessment_is_changed_by_several_at_once(world: &World) {
    let acting = world.local();
    acting.start_trace(new_trace(1, 1)).await.unwrap();
    let made = acting.create_assessment(id(1), feedback("good", "true")).await.unwrap();
    let change = async |worker: usize| {
        for turn in 0..10 {
            let metadata = vec![tag(&format!("{worker} {turn}"), "1")];
            let change = AssessmentChange { metadata, ..AssessmentChange::default() };
            acting.update_assessment(id(1), made.id, change).await.unwrap();
        }
    };
    futures::future::join_all((0..8).map(change)).await;
    assert_eq!(acting.get_assessment(id(1), made.id).await.unwrap().metadata.len(), 80);
}

async fn steps_of_a_trace_come_by_several_requests_at_once(world: &World) {
    let acting = world.local();
    let send = async |worker: u64| {
        for turn in 0..10 {
            log(&acting, 1, vec![span(1 + 10 * worker + turn, None, "step")]).await;
        }
    };
    futures::future::join_all((0..8).map(send)).await;
    assert_eq!(acting.get_trace_info(id(1)).await.unwrap().span_count, 80);
    assert_eq!(acting.get_trace(id(1), false).await.unwrap().spans.len(), 80);
}
