//! Use cases at the same time don't fail each other: no two transactions wait for each other in a circle.

use crate::world::*;
use model::run::{Dataset, DatasetInput, RunUpdate};

on_both_databases! {
    a_run_is_renamed_while_it_logs_its_name,
    the_same_datasets_are_logged_in_different_orders,
    whoever_logged_sees_it_whoever_else_logs,
}

async fn a_run_is_renamed_while_it_logs_its_name(world: &World) {
    let alice = world.user("alice").await;
    let run = alice.run_in(alice.experiment("vision").await).await;
    let rename = async |worker: usize| {
        for turn in 0..40 {
            let name = format!("{worker} {turn}");
            let change = RunUpdate { name: Some(name.clone()), end_time: Some(turn), ..Default::default() };
            alice.update_run(run, &change).await.unwrap();
        }
    };
    let log = async |worker: usize| {
        for turn in 0..40 {
            alice.logs(run, batch().tag("mlflow.runName", &format!("{worker} {turn}"))).await;
        }
    };
    let renaming = futures::future::join_all((0..4).map(rename));
    let logging = futures::future::join_all((4..8).map(log));
    futures::future::join(renaming, logging).await;
    let run = alice.sees(run).await;
    let tagged = run.tags.iter().find(|tag| tag.key == "mlflow.runName");
    assert_eq!(tagged.map(|tag| &tag.value), Some(&run.info.name), "the name and its tag are one thing");
}

async fn the_same_datasets_are_logged_in_different_orders(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let log = async |worker: usize| {
        for turn in 0..10 {
            let run = alice.run_in(experiment).await;
            let mut datasets: Vec<DatasetInput> = (0..20)
                .map(|index| DatasetInput {
                    dataset: Dataset {
                        name: format!("dataset {index}"),
                        digest: turn.to_string(),
                        source_type: "local".to_owned(),
                        source: "{}".to_owned(),
                        schema: None,
                        profile: None,
                    },
                    tags: Vec::new(),
                })
                .collect();
            if worker.is_multiple_of(2) {
                datasets.reverse();
            }
            alice.log_inputs(run, &datasets, &[]).await.unwrap();
            assert_eq!(alice.sees(run).await.datasets.len(), 20);
        }
    };
    futures::future::join_all((0..8).map(log)).await;
}

async fn whoever_logged_sees_it_whoever_else_logs(world: &World) {
    let other = world.another().await;
    let alice = world.user("alice").await;
    let run = alice.run_in(alice.experiment("vision").await).await;
    // Two in each process; each has a metric of its own, and asks its own process.
    let work = async |worker: usize| {
        let user = alice.on([&world.domain, &other][worker % 2]);
        let key = format!("metric {worker}");
        for step in 0..100 {
            user.logs(run, batch().metric(&key, step, 1.0)).await;
            let count = user.summary(run, &key).await.map_or(0, |summary| summary.count);
            assert_eq!(count, step as u64 + 1, "{key}: what was logged is there");
        }
    };
    futures::future::join_all((0..4).map(work)).await;
    for domain in [&world.domain, &other] {
        let counts: Vec<u64> =
            alice.on(domain).sees(run).await.metrics.iter().map(|metric| metric.count).collect();
        assert_eq!(counts, [100; 4]);
    }
    other.close().await;
}
