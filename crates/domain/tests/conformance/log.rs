//! Logging: what a request stores, whole or not at all, and what is known of metrics afterwards.

use crate::world::*;
use futures::future::join_all;
use model::{
    metric::{MetricSummary, Point},
    name::limit,
};
use proptest::{prelude::*, sample::select};
use std::collections::HashSet;

on_both_databases! {
    a_batch_brings_metrics_params_and_tags,
    a_changed_param_stores_nothing_of_the_batch,
    the_same_param_again_is_fine,
    a_batch_has_limits,
    keys_have_rules,
    a_negative_time_is_refused,
    a_param_twice_in_a_batch_is_refused,
    long_values_are_cut,
    a_batch_twice_is_a_batch_once,
    not_a_number_and_the_infinities_survive,
    the_last_value_goes_by_step_then_time_then_value,
    steps_may_be_negative_and_out_of_order_and_as_great_as_they_come,
    a_late_point_finds_its_place,
    a_model_keeps_the_last_value_of_each_run_and_dataset,
    a_nul_character_is_refused_and_its_neighbours_are_not,
    many_at_once_to_one_run_lose_nothing,
    many_at_once_to_many_runs_lose_nothing,
    of_conflicting_params_at_once_one_wins,
    several_processes_may_write_to_the_same_run,
    any_sequence_of_batches_gives_the_set_of_their_points,
}

async fn world_with_a_run(world: &World) -> (User, RunId) {
    let alice = world.user("alice").await;
    let run = alice.run_named(alice.experiment("vision").await, "r").await;
    (alice, run)
}

async fn a_batch_brings_metrics_params_and_tags(world: &World) {
    let (alice, run) = world_with_a_run(world).await;
    alice
        .logs(run, batch().metric("loss", 1, 0.5).metric("acc", 1, 0.25).param("lr", "0.1").tag("a", "1"))
        .await;
    let stored = alice.sees(run).await;
    let keys: Vec<&str> = stored.metrics.iter().map(|metric| metric.key.as_str()).collect();
    assert_eq!(keys, ["acc", "loss"]);
    assert_eq!(stored.params, [tag("lr", "0.1")]);
    assert_eq!(stored.tag("a"), Some("1"));
    assert_eq!(alice.history(run, "loss").await, [point(1, 1000, 0.5)]);
    alice.logs(run, batch()).await;
    assert_eq!(alice.sees(run).await, stored, "an empty batch is fine and changes nothing");
}

async fn a_changed_param_stores_nothing_of_the_batch(world: &World) {
    let (alice, run) = world_with_a_run(world).await;
    alice.logs(run, batch().param("lr", "0.1").param("depth", "3")).await;
    let before = alice.sees(run).await;
    let changed =
        batch().metric("loss", 1, 0.5).tag("a", "1").param("new", "1").param("lr", "0.2").param("depth", "4");
    let message = format!(
        "Changing param values is not allowed. Params were already logged='[{{'key': 'lr', 'old_value': '0.1', 'new_value': '0.2'}}, {{'key': 'depth', 'old_value': '3', 'new_value': '4'}}]' for run ID='{run}'."
    );
    check_refused(alice.log(run, changed.0).await, Code::InvalidParameterValue, &message);
    let message = format!(
        "Changing param values is not allowed. Param with key='lr' was already logged with value='0.1' for run ID='{run}'. Attempted logging new value '0.2'."
    );
    check_refused(alice.log(run, batch().param("lr", "0.2").0).await, Code::InvalidParameterValue, &message);
    assert_eq!(alice.sees(run).await, before);
    assert_eq!(alice.history(run, "loss").await, []);
}

async fn the_same_param_again_is_fine(world: &World) {
    let (alice, run) = world_with_a_run(world).await;
    for _ in 0..2 {
        alice.logs(run, batch().param("lr", "0.1").metric("loss", 1, 0.5)).await;
    }
    assert_eq!(alice.sees(run).await.params, [tag("lr", "0.1")]);
}

async fn a_batch_has_limits(world: &World) {
    let (alice, run) = world_with_a_run(world).await;
    let metrics = |count: usize| (0..count).fold(batch(), |batch, i| batch.metric(&format!("m{i}"), 1, 1.0));
    let params = |count: usize| (0..count).fold(batch(), |batch, i| batch.param(&format!("p{i}"), "1"));
    let tags = |count: usize| (0..count).fold(batch(), |batch, i| batch.tag(&format!("t{i}"), "1"));
    let check = async |batch: Batch, what: &str, most: usize, got: usize| {
        let message = format!(
            "A batch logging request can contain at most {most} {what}. Got {got} {what}. Please split up {what} across multiple requests and try again."
        );
        check_refused(alice.log(run, batch.0).await, Code::InvalidParameterValue, &message);
    };
    check(metrics(1001), "metrics", 1000, 1001).await;
    check(params(101), "params", 100, 101).await;
    check(tags(101), "tags", 100, 101).await;
    check(metrics(1000).param("p", "1"), "metrics, params, and tags", 1000, 1001).await;
    assert_eq!(alice.sees(run).await.metrics.len(), 0);
    alice.logs(run, metrics(1000)).await;
    alice.logs(run, params(100)).await;
    alice.logs(run, tags(100)).await;
    let stored = alice.sees(run).await;
    assert_eq!((stored.metrics.len(), stored.params.len(), stored.tags.len()), (1000, 100, 101));
}

async fn keys_have_rules(world: &World) {
    let (alice, run) = world_with_a_run(world).await;
    for key in ["", "a\"b", "a//b", "../a", "/a", "a\0b", "a\nb", &"k".repeat(251)] {
        for bad in [batch().metric(key, 1, 1.0), batch().param(key, "1"), batch().tag(key, "1")] {
            check_code(alice.log(run, bad.metric("good", 1, 1.0).0).await, Code::InvalidParameterValue);
        }
    }
    assert_eq!(alice.sees(run).await.metrics.len(), 0);
    for key in ["a/b", "a.b-c d:e_f", "é日", &"k".repeat(250)] {
        alice.logs(run, batch().metric(key, 1, 1.0).param(key, "1").tag(key, "1")).await;
        assert_eq!(alice.history(run, key).await.len(), 1);
    }
}

async fn a_negative_time_is_refused(world: &World) {
    let (alice, run) = world_with_a_run(world).await;
    let outcome = alice.log(run, batch().point("loss", point(1, -1, 0.5)).0).await;
    check_refused(
        outcome,
        Code::InvalidParameterValue,
        "Got invalid timestamp -1 for metric 'loss' (value=0.5). Timestamp must be a nonnegative long integer (64-bit signed).",
    );
}

async fn a_param_twice_in_a_batch_is_refused(world: &World) {
    let (alice, run) = world_with_a_run(world).await;
    let twice = batch().param("b", "1").param("a", "1").param("b", "1").param("a", "2").param("c", "1");
    check_refused(
        alice.log(run, twice.0).await,
        Code::InvalidParameterValue,
        "Duplicate parameter keys have been submitted: ['a', 'b']. Please ensure the request contains only one param value per param key.",
    );
}

async fn long_values_are_cut(world: &World) {
    let (alice, run) = world_with_a_run(world).await;
    let long = "é".repeat(10_000);
    for _ in 0..2 {
        // The second time too: what is cut alike is the same param.
        alice.logs(run, batch().param("p", &long).tag("t", &long)).await;
    }
    let stored = alice.sees(run).await;
    assert_eq!(stored.params, [tag("p", &"é".repeat(limit::PARAM_VALUE))]);
    assert_eq!(stored.tag("t"), Some("é".repeat(limit::RUN_TAG_VALUE).as_str()));
}

async fn a_batch_twice_is_a_batch_once(world: &World) {
    let (alice, run) = world_with_a_run(world).await;
    let logged = (0..50)
        .fold(batch().param("lr", "0.1").point("loss", point(0, 0, f64::NAN)), |batch, step| {
            batch.metric("loss", step, 0.5).metric("loss", step, 0.5)
        });
    alice.logs(run, logged.clone()).await;
    let (before, history) = (alice.sees(run).await, alice.history(run, "loss").await);
    assert_eq!((before.metrics[0].count, history.len()), (51, 51));
    alice.logs(run, logged).await;
    assert_eq!((alice.sees(run).await, alice.history(run, "loss").await), (before, history));
}

async fn not_a_number_and_the_infinities_survive(world: &World) {
    let (alice, run) = world_with_a_run(world).await;
    let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e-308, f64::MAX, f64::MIN_POSITIVE, 0.1 + 0.2];
    for (step, value) in (0..).zip(values) {
        alice.logs(run, batch().metric("loss", step, value)).await;
        let summary = alice.summary(run, "loss").await.unwrap();
        assert_eq!(summary.last, point(step, 1000 * step, value), "as the last value");
    }
    let read: Vec<u64> = alice.history(run, "loss").await.iter().map(|point| point.value.to_bits()).collect();
    assert_eq!(read, values.map(f64::to_bits), "in the history, bit by bit");
    let summary = alice.summary(run, "loss").await.unwrap();
    assert_eq!((summary.min, summary.max), (Some(f64::NEG_INFINITY), Some(f64::INFINITY)));

    alice.logs(run, batch().metric("nan", 1, f64::NAN).metric("inf", 1, f64::INFINITY)).await;
    let nan = alice.summary(run, "nan").await.unwrap();
    assert!(nan.last.value.is_nan());
    assert_eq!((nan.min, nan.max, nan.count), (None, None, 1));
    let inf = alice.summary(run, "inf").await.unwrap();
    assert_eq!((inf.min, inf.max), (Some(f64::INFINITY), Some(f64::INFINITY)));
}

async fn the_last_value_goes_by_step_then_time_then_value(world: &World) {
    let (alice, run) = world_with_a_run(world).await;
    let check = async |added: Point, expected: Point| {
        alice.logs(run, batch().point("loss", added)).await;
        assert_eq!(alice.summary(run, "loss").await.unwrap().last, expected, "after {added:?}");
    };
    let first = point(5, 500, 1.0);
    check(first, first).await;
    check(point(4, 900, 9.0), first).await;
    check(point(5, 400, 9.0), first).await;
    check(point(5, 500, 0.5), first).await;
    check(point(5, 500, f64::NAN), first).await;
    check(point(5, 500, 2.0), point(5, 500, 2.0)).await;
    check(point(5, 501, -1.0), point(5, 501, -1.0)).await;
    check(point(6, 0, f64::NAN), point(6, 0, f64::NAN)).await;
    let summary = alice.summary(run, "loss").await.unwrap();
    assert_eq!((summary.count, summary.min, summary.max), (8, Some(-1.0), Some(9.0)));
    assert_eq!((summary.first_step, summary.last_step), (4, 6));
    assert_eq!((summary.first_time, summary.last_time), (0, 900));
}

async fn steps_may_be_negative_and_out_of_order_and_as_great_as_they_come(world: &World) {
    let (alice, run) = world_with_a_run(world).await;
    let points = [
        point(i64::MAX, i64::MAX, 1.0),
        point(i64::MIN, 0, 2.0),
        point(-1, 5, 3.0),
        point(0, 5, 4.0),
        point(7, 3, 5.0),
    ];
    for point in points {
        alice.logs(run, batch().point("loss", point)).await;
    }
    alice.logs(run, points.into_iter().fold(batch(), |batch, point| batch.point("loss", point))).await;
    let expected = [points[1], points[4], points[2], points[3], points[0]];
    assert_eq!(alice.history(run, "loss").await, expected);
    let summary = alice.summary(run, "loss").await.unwrap();
    assert_eq!((summary.count, summary.last), (5, points[0]));
    assert_eq!((summary.first_step, summary.last_step), (i64::MIN, i64::MAX));
}

async fn a_late_point_finds_its_place(world: &World) {
    let (alice, run) = world_with_a_run(world).await;
    alice.logs(run, batch().metric("loss", 1, 1.0).metric("loss", 3, 3.0)).await;
    alice.logs(run, batch().metric("loss", 2, 2.0)).await;
    let steps: Vec<i64> = alice.history(run, "loss").await.iter().map(|point| point.step).collect();
    assert_eq!(steps, [1, 2, 3]);
    assert_eq!(alice.summary(run, "loss").await.unwrap().last.value, 3.0);
}

async fn a_model_keeps_the_last_value_of_each_run_and_dataset(world: &World) {
    let (alice, run) = world_with_a_run(world).await;
    let experiment = alice.sees(run).await.info.experiment;
    let model = alice.model_in(experiment, "resnet").await.id;
    let elsewhere = alice.model_in(alice.experiment("elsewhere").await, "other").await.id;
    let data = Some(("mnist", "abc"));
    alice
        .logs(
            run,
            batch()
                .measured("acc", point(2, 20, 0.8), model, data)
                .measured("acc", point(1, 30, 0.9), model, data)
                .measured("acc", point(1, 10, 0.1), model, None)
                .measured("nan", point(1, 10, f64::NAN), model, None)
                .measured("acc", point(1, 10, 0.5), elsewhere, None)
                .measured("acc", point(1, 10, 0.6), no_model(), None),
        )
        .await;
    let measured = alice.get_model(model, false).await.unwrap().metrics;
    let mut seen: Vec<_> = measured
        .into_iter()
        .map(|metric| (metric.key, metric.dataset.is_some(), metric.point, metric.run))
        .collect();
    seen.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    let expected = [
        ("acc".to_owned(), false, point(1, 10, 0.1), run),
        ("acc".to_owned(), true, point(2, 20, 0.8), run),
        ("nan".to_owned(), false, point(1, 10, f64::NAN), run),
    ];
    assert_eq!(seen, expected);
    assert_eq!(alice.get_model(elsewhere, false).await.unwrap().metrics, [], "of another experiment");
    assert_eq!(alice.history(run, "acc").await.len(), 5, "to the run they're points like others");
}

async fn a_nul_character_is_refused_and_its_neighbours_are_not(world: &World) {
    let (alice, run) = world_with_a_run(world).await;
    let outcomes = join_all((0..20).map(|i| {
        let value = if i % 7 == 3 { "a\0b" } else { "good" };
        alice.log(run, batch().tag(&format!("t{i:02}"), value).metric("loss", i, 1.0).0)
    }))
    .await;
    for (i, outcome) in outcomes.into_iter().enumerate() {
        if i % 7 == 3 {
            check_refused(outcome, Code::InvalidParameterValue, "Text must not contain the NUL character.");
        } else {
            outcome.unwrap();
        }
    }
    assert_eq!(alice.history(run, "loss").await.len(), 17);
    assert_eq!(alice.sees(run).await.tags.len(), 18);
    check_code(alice.log(run, batch().param("p", "\0").0).await, Code::InvalidParameterValue);
}

async fn many_at_once_to_one_run_lose_nothing(world: &World) {
    let (alice, run) = world_with_a_run(world).await;
    let outcomes = join_all((0..64).map(|step| {
        let alice = alice.clone();
        tokio::spawn(async move { alice.logs(run, batch().metric("loss", step, step as f64)).await })
    }))
    .await;
    assert!(outcomes.iter().all(Result::is_ok));
    let history = alice.history(run, "loss").await;
    assert_eq!(history, (0..64).map(|step| point(step, 1000 * step, step as f64)).collect::<Vec<_>>());
    check_summary(alice.summary(run, "loss").await.unwrap(), &history);
}

async fn many_at_once_to_many_runs_lose_nothing(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let mut runs = Vec::new();
    for _ in 0..16 {
        runs.push(alice.run_in(experiment).await);
    }
    let outcomes = join_all((0..64).map(|i| {
        let (alice, run) = (alice.clone(), runs[i % 16]);
        tokio::spawn(async move {
            alice.logs(run, batch().metric("loss", i as i64, 1.0).param(&format!("p{i}"), "1")).await;
        })
    }))
    .await;
    assert!(outcomes.iter().all(Result::is_ok));
    for (index, run) in runs.into_iter().enumerate() {
        let steps: Vec<i64> = alice.history(run, "loss").await.iter().map(|point| point.step).collect();
        assert_eq!(steps, (0..4).map(|i| (index + 16 * i) as i64).collect::<Vec<_>>());
        let stored = alice.sees(run).await;
        assert_eq!((stored.metrics[0].count, stored.params.len()), (4, 4));
    }
}

async fn of_conflicting_params_at_once_one_wins(world: &World) {
    let (alice, run) = world_with_a_run(world).await;
    let outcomes = join_all(
        (0..16).map(|i| alice.log(run, batch().param("lr", &i.to_string()).metric("loss", i, i as f64).0)),
    )
    .await;
    let winners: Vec<usize> = (0..16).filter(|i| outcomes[*i].is_ok()).collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(alice.sees(run).await.params, [tag("lr", &winners[0].to_string())]);
    let steps: Vec<i64> = alice.history(run, "loss").await.iter().map(|point| point.step).collect();
    assert_eq!(steps, [winners[0] as i64], "of the others nothing is stored");
}

async fn several_processes_may_write_to_the_same_run(world: &World) {
    let (alice, run) = world_with_a_run(world).await;
    let elsewhere = join_all((0..3).map(|_| world.another())).await;
    let people = elsewhere.iter().map(|domain| alice.on(domain)).chain([alice.clone()]);
    // Each logs what its neighbour does too, as a client does that tries again elsewhere.
    let logging = people.enumerate().map(|(place, alice)| {
        tokio::spawn(async move {
            for step in 0..40 {
                let step = step + 20 * place as i64;
                alice.logs(run, batch().metric("loss", step, 1.0).param("lr", "0.1").tag("t", "1")).await;
            }
        })
    });
    for logged in join_all(logging).await {
        logged.unwrap();
    }
    join_all(elsewhere.iter().map(|domain| domain.close())).await;
    let history = alice.history(run, "loss").await;
    assert_eq!(history, (0..100).map(|step| point(step, 1000 * step, 1.0)).collect::<Vec<_>>());
    check_summary(alice.summary(run, "loss").await.unwrap(), &history);
}

/// Slowly, from all points.
fn check_summary(summary: MetricSummary, history: &[Point]) {
    let numbers = || history.iter().map(|point| point.value).filter(|value| !value.is_nan());
    assert!(history.contains(&summary.last), "{summary:?}");
    assert!(!history.iter().any(|point| point.is_later_than(&summary.last)), "{summary:?} {history:?}");
    assert_eq!(summary.min, numbers().reduce(f64::min));
    assert_eq!(summary.max, numbers().reduce(f64::max));
    assert_eq!(summary.count, history.len() as u64);
    assert_eq!(Some(summary.first_time), history.iter().map(|point| point.timestamp).min());
    assert_eq!(Some(summary.last_time), history.iter().map(|point| point.timestamp).max());
    assert_eq!(Some(summary.first_step), history.iter().map(|point| point.step).min());
    assert_eq!(Some(summary.last_step), history.iter().map(|point| point.step).max());
}

/// Points that often meet.
fn any_point() -> impl Strategy<Value = Point> {
    let step = prop_oneof![8 => -2..4i64, 1 => select(vec![i64::MIN, i64::MAX])];
    let timestamp = prop_oneof![8 => 0..3i64, 1 => Just(i64::MAX)];
    let value = select(vec![0.0, -0.0, 1.0, -1.5, 1e300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
    (step, timestamp, value).prop_map(|(step, timestamp, value)| point(step, timestamp, value))
}

async fn any_sequence_of_batches_gives_the_set_of_their_points(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let one_batch = prop::collection::vec((select(vec!["a", "b"]), any_point()), 0..12);
    // Batches of a group are on their way at once, groups come one after the other.
    let groups = prop::collection::vec(prop::collection::vec(one_batch, 1..4), 1..5);
    holds_for(24, groups, async |groups| {
        let run = alice.run_in(experiment).await;
        for group in &groups {
            join_all(group.iter().map(|points| {
                let filled = points.iter().fold(batch(), |batch, (key, point)| batch.point(key, *point));
                alice.logs(run, filled)
            }))
            .await;
        }
        for key in ["a", "b"] {
            let logged =
                groups.iter().flatten().flatten().filter(|(of, _)| *of == key).map(|(_, point)| *point);
            let mut expected: Vec<Point> = logged.collect::<HashSet<_>>().into_iter().collect();
            expected.sort_by(Point::history_order);
            assert_eq!(alice.history(run, key).await, expected);
            match alice.summary(run, key).await {
                Some(summary) => check_summary(summary, &expected),
                None => assert_eq!(expected, []),
            }
        }
    });
}
