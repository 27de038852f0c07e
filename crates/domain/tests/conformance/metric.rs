//! Reading metrics: histories a page at a time, curves for charts.

use crate::world::*;
use model::{
    curve::{Along, CurveRequest},
    page::COMPARISON_LIMIT,
};

on_both_databases! {
    a_history_comes_a_page_at_a_time,
    a_metric_that_is_not_there_has_no_points,
    curves_come_in_the_order_asked_for,
    a_curve_keeps_its_peaks_and_its_gaps,
    a_window_keeps_a_neighbour_on_each_side,
    a_chart_has_limits,
}

async fn a_history_comes_a_page_at_a_time(world: &World) {
    let alice = world.user("alice").await;
    let run = alice.run_in(alice.experiment("vision").await).await;
    for step in 0..7 {
        alice.logs(run, batch().metric("loss", step, 1.0)).await;
    }
    let (mut steps, mut sizes, mut token) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page = alice.metric_history(run, "loss", Some(3), &token).await.unwrap();
        sizes.push(page.items.len());
        steps.extend(page.items.iter().map(|point| point.step));
        let Some(next) = page.next else { break };
        token = next;
    }
    assert_eq!((steps, sizes), ((0..7).collect(), vec![3, 3, 1]));
    let exact = alice.metric_history(run, "loss", Some(7), "").await.unwrap();
    assert_eq!((exact.items.len(), exact.next), (7, None));
    check_code(alice.metric_history(run, "loss", Some(3), "nonsense").await, Code::InvalidParameterValue);
}

async fn a_metric_that_is_not_there_has_no_points(world: &World) {
    let alice = world.user("alice").await;
    let run = alice.run_in(alice.experiment("vision").await).await;
    for key in ["loss", "", "'; DROP TABLE runs --"] {
        let page = alice.metric_history(run, key, None, "").await.unwrap();
        assert_eq!((page.items.len(), page.next), (0, None));
    }
}

async fn curves_come_in_the_order_asked_for(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let (a, b, without) =
        (alice.run_in(experiment).await, alice.run_in(experiment).await, alice.run_in(experiment).await);
    alice.logs(a, batch().metric("loss", 2, 1.0).metric("loss", 1, 2.0)).await;
    alice.logs(b, batch().metric("loss", 1, 3.0)).await;
    for order in [[a, b, without, no_run()], [no_run(), without, b, a]] {
        let curves = alice.curves(&chart(&order, "loss")).await.unwrap();
        let expected: Vec<RunId> = order.into_iter().filter(|run| [a, b].contains(run)).collect();
        assert_eq!(curves.iter().map(|curve| curve.run).collect::<Vec<_>>(), expected);
        let of_a = curves.iter().find(|curve| curve.run == a).unwrap();
        assert_eq!((of_a.total, of_a.points.clone()), (2, vec![point(1, 1000, 2.0), point(2, 2000, 1.0)]));
    }
    assert_eq!(alice.curves(&chart(&[], "loss")).await.unwrap(), []);
}

async fn a_curve_keeps_its_peaks_and_its_gaps(world: &World) {
    let alice = world.user("alice").await;
    let run = alice.run_in(alice.experiment("vision").await).await;
    for part in 0..4 {
        let steps = part * 500..(part + 1) * 500;
        alice
            .logs(
                run,
                steps.fold(batch(), |batch, step| {
                    let value = match step {
                        777 => 1e9,
                        1333 => f64::NAN,
                        _ => (step as f64).sin(),
                    };
                    batch.metric("loss", step, value)
                }),
            )
            .await;
    }
    let curves = alice.curves(&CurveRequest { buckets: 10, ..chart(&[run], "loss") }).await.unwrap();
    let points = &curves[0].points;
    assert_eq!(curves[0].total, 2000);
    assert!(points.len() <= 48, "{}", points.len());
    assert!(points.iter().any(|point| point.value == 1e9));
    assert!(points.iter().any(|point| point.step == 1333 && point.value.is_nan()));
    assert_eq!((points[0].step, points[points.len() - 1].step), (0, 1999));
}

async fn a_window_keeps_a_neighbour_on_each_side(world: &World) {
    let alice = world.user("alice").await;
    let run = alice.run_in(alice.experiment("vision").await).await;
    alice.logs(run, (0..10).fold(batch(), |batch, step| batch.metric("loss", step, 1.0))).await;
    let check = async |along: Along, window: (i64, i64), expected: &[i64]| {
        let request = CurveRequest { along, window: Some(window), ..chart(&[run], "loss") };
        let curves = alice.curves(&request).await.unwrap();
        let steps: Vec<i64> = curves[0].points.iter().map(|point| point.step).collect();
        assert_eq!(steps, expected, "{along:?} {window:?}");
    };
    check(Along::Step, (4, 5), &[3, 4, 5, 6]).await;
    check(Along::Time, (4000, 5000), &[3, 4, 5, 6]).await;
    check(Along::Step, (9, i64::MAX), &[8, 9]).await;
    check(Along::Step, (i64::MIN, 0), &[0, 1]).await;
}

async fn a_chart_has_limits(world: &World) {
    let alice = world.user("alice").await;
    let run = alice.run_in(alice.experiment("vision").await).await;
    let many: Vec<RunId> = vec![run; COMPARISON_LIMIT + 1];
    let outcome = alice.curves(&chart(&many, "loss")).await;
    check_refused(outcome, Code::InvalidParameterValue, "A chart shows at most 1000 runs.");
    for buckets in [0, 8193, u32::MAX] {
        let outcome = alice.curves(&CurveRequest { buckets, ..chart(&[run], "loss") }).await;
        check_refused(outcome, Code::InvalidParameterValue, "A chart has 1 to 8192 buckets.");
    }
}
