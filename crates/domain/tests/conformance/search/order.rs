//! The order of what is found, where values are missing, equal, or longer than an index holds.

use super::search;
use crate::world::*;
use model::{experiment::ViewType, run::NewRun};

on_both_databases! {
    values_then_nan_then_nothing_in_both_directions,
    ties_go_by_start_then_id,
    long_values_are_compared_whole,
}

async fn values_then_nan_then_nothing_in_both_directions(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    for (name, value) in [
        ("none", None),
        ("nan", Some(f64::NAN)),
        ("inf", Some(f64::INFINITY)),
        ("one", Some(1.0)),
        ("-inf", Some(f64::NEG_INFINITY)),
    ] {
        let run = alice.run_named(experiment, name).await;
        if let Some(value) = value {
            alice.logs(run, batch().metric("loss", 1, value)).await;
        }
    }
    let check = async |filter: &str, order: &str, expected: &[&str]| {
        let found = search(&alice, &[experiment], filter, &[order.to_owned()], ViewType::All, 100).await;
        let names: Vec<&str> = found.iter().map(|run| run.info.name.as_str()).collect();
        assert_eq!(names, expected, "{filter} {order}");
    };
    check("", "metrics.loss ASC", &["-inf", "one", "inf", "nan", "none"]).await;
    check("", "metrics.loss DESC", &["inf", "one", "-inf", "nan", "none"]).await;
    check("metrics.loss != 1", "metrics.loss", &["-inf", "inf", "nan"]).await;
    check("metrics.loss != 0", "metrics.loss", &["-inf", "one", "inf", "nan"]).await;
    check("metrics.loss = 0", "metrics.loss", &[]).await;
    check("metrics.loss >= 0", "metrics.loss", &["one", "inf"]).await;
    check("metrics.loss > 1", "metrics.loss", &["inf"]).await;
    check("metrics.loss <= 1", "metrics.loss", &["-inf", "one"]).await;
}

async fn ties_go_by_start_then_id(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let mut runs = Vec::new();
    for start_time in [5, 7, 5, 7] {
        let run = alice.create_run(NewRun { start_time, ..new_run(experiment) }).await.unwrap();
        runs.push((start_time, run.info.id));
    }
    let check = async |order: &[&str], expected: &[(i64, RunId)]| {
        let order: Vec<String> = order.iter().map(|clause| (*clause).to_owned()).collect();
        let found = search(&alice, &[experiment], "", &order, ViewType::ActiveOnly, 100).await;
        let found: Vec<_> = found.iter().map(|run| (run.info.start_time, run.info.id)).collect();
        assert_eq!(found, expected, "{order:?}");
    };
    runs.sort_by_key(|(start, id)| (-start, *id));
    check(&[], &runs).await;
    check(&["metrics.loss DESC", "params.lr"], &runs).await;
    runs.sort_by_key(|(start, id)| (*start, *id));
    check(&["start_time"], &runs).await;
}

async fn long_values_are_compared_whole(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    // They differ behind what an index holds, and at its very end.
    let start = "é".repeat(63);
    let values = [
        start.clone(),
        format!("{start}x"),
        format!("{start}xa"),
        format!("{start}xb"),
        format!("{start}xb{}", "y".repeat(5000)),
        format!("{start}xb{}z", "y".repeat(5000)),
        format!("{start}日"),
    ];
    for (place, value) in values.iter().enumerate().rev() {
        for copy in 0..6 {
            let run = alice.run_named(experiment, &format!("{place}{copy}")).await;
            alice.logs(run, batch().param("p", value).tag("t", value)).await;
        }
    }
    let check = async |filter: &str, order: &str, expected: &[usize]| {
        for page in [2, 1000] {
            let found =
                search(&alice, &[experiment], filter, &[order.to_owned()], ViewType::ActiveOnly, page).await;
            let mut places: Vec<usize> =
                found.iter().map(|run| run.info.name[..1].parse().unwrap()).collect();
            assert_eq!(places.len(), 6 * expected.len(), "{filter} {order}, {page} a page");
            places.dedup();
            assert_eq!(places, expected, "{filter} {order}, {page} a page");
        }
    };
    for table in ["params.p", "tags.t"] {
        check("", table, &[0, 1, 2, 3, 4, 5, 6]).await;
        check("", &format!("{table} DESC"), &[6, 5, 4, 3, 2, 1, 0]).await;
        for (place, value) in values.iter().enumerate() {
            check(&format!("{table} = '{value}'"), table, &[place]).await;
        }
        check(&format!("{table} LIKE '{start}xb%'"), table, &[3, 4, 5]).await;
        check(&format!("{table} != '{start}x'"), &format!("{table} DESC"), &[6, 5, 4, 3, 2, 0]).await;
    }
}
