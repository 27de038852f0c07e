//! What is found comes a page or a part at a time, and nothing is lost or twice there in between.

use super::search;
use crate::world::*;
use domain::run::SearchRuns;
use futures::TryStreamExt as _;
use model::{
    experiment::ViewType,
    run::{NewRun, Run},
};

on_both_databases! {
    a_search_comes_a_page_at_a_time,
    pages_hold_still_while_runs_come_and_go,
    a_token_goes_with_its_order,
    a_stream_brings_what_a_search_finds,
}

async fn a_search_comes_a_page_at_a_time(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    for _ in 0..5 {
        alice.run_in(experiment).await;
    }
    let all = search(&alice, &[experiment], "", &[], ViewType::ActiveOnly, 1000).await;
    for page in [1, 2, 5, 6] {
        assert_eq!(
            search(&alice, &[experiment], "", &[], ViewType::ActiveOnly, page).await,
            all,
            "{page} a page"
        );
    }
    assert_eq!(search(&alice, &[], "", &[], ViewType::ActiveOnly, 10).await, [], "nowhere is nothing");
}

async fn pages_hold_still_while_runs_come_and_go(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let log = async |number: i64| {
        let new = NewRun { name: format!("r{}", number % 4), start_time: number % 5, ..new_run(experiment) };
        let run = alice.create_run(new).await.unwrap().info.id;
        let mut logged = batch().param("model", ["cnn", "mlp"][usize::from(number % 3 == 0)]);
        if number % 4 > 0 {
            let value = if number % 4 == 1 { f64::NAN } else { (number % 7) as f64 };
            logged = logged.metric("loss", 1, value);
        }
        alice.logs(run, logged).await;
        run
    };
    for order in [
        "",
        "start_time",
        "run_name DESC",
        "metrics.loss",
        "metrics.loss DESC",
        "max_metrics.loss",
        "params.model DESC",
        "end_time",
    ] {
        let order_by: Vec<String> = (!order.is_empty()).then(|| order.to_owned()).into_iter().collect();
        let mut there = Vec::new();
        for number in 0..24 {
            there.push(log(number).await);
        }
        let expected: Vec<RunId> = search(&alice, &[experiment], "", &order_by, ViewType::ActiveOnly, 1000)
            .await
            .into_iter()
            .map(|run| run.info.id)
            .collect();
        let (mut found, mut page_token, mut number, mut guests) = (Vec::new(), String::new(), 0, Vec::new());
        loop {
            let asked = SearchRuns {
                experiments: &[experiment],
                filter: "",
                view: ViewType::ActiveOnly,
                max_results: 5,
                order_by: &order_by,
                page_token: &page_token,
            };
            let page = alice.search_runs(asked).await.unwrap();
            found.extend(page.items.iter().map(|run| run.info.id).filter(|id| expected.contains(id)));
            let Some(next) = page.next else { break };
            page_token = next;
            // Some come, and one of them goes.
            for _ in 0..3 {
                guests.push(log(number).await);
                number += 5;
            }
            alice.delete_run(guests.remove(0)).await.unwrap();
            assert!(number < 1000, "the pages come to an end");
        }
        assert_eq!(found, expected, "ORDER BY {order}");
        for run in expected.into_iter().chain(guests) {
            alice.delete_run(run).await.unwrap();
        }
    }
}

async fn a_token_goes_with_its_order(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    for _ in 0..3 {
        alice.run_in(experiment).await;
    }
    let page = async |order_by: &str, page_token: &str| {
        let order_by: Vec<String> = (!order_by.is_empty()).then(|| order_by.to_owned()).into_iter().collect();
        let asked = SearchRuns {
            experiments: &[experiment],
            filter: "",
            view: ViewType::All,
            max_results: 1,
            order_by: &order_by,
            page_token,
        };
        alice.search_runs(asked).await
    };
    let by_loss = page("metrics.loss DESC", "").await.unwrap().next.unwrap();
    assert_eq!(page("metrics.loss DESC", &by_loss).await.unwrap().items.len(), 1);
    // The others: no base64, base64 of nothing, of MLflow's token, and of what looks like ours.
    for bad in [by_loss.as_str(), "?", "aGV5", "eyJvZmZzZXQiOiAyfQ==", "eyJvcmRlciI6IiIsImFmdGVyIjpbXX0="] {
        for order in ["", "metrics.loss", "metrics.acc DESC", "run_id"] {
            check_code(page(order, bad).await, Code::InvalidParameterValue);
        }
    }
}

async fn a_stream_brings_what_a_search_finds(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    // More than are read at once.
    let runs = 260;
    for number in 0..runs {
        let run = alice.run_in(experiment).await;
        if number % 100 == 0 {
            alice.logs(run, batch().param("number", &number.to_string())).await;
        }
    }
    for max_results in [1000, runs, 7] {
        let asked = SearchRuns {
            experiments: &[experiment],
            filter: "",
            view: ViewType::All,
            max_results,
            order_by: &["params.number".to_owned()],
            page_token: "",
        };
        let page = alice.search_runs(asked.clone()).await.unwrap();
        let (stream, next) = alice.search_runs_stream(asked).await.unwrap();
        let chunks: Vec<Vec<Run>> = stream.try_collect().await.unwrap();
        assert_eq!((chunks.concat(), next), (page.items, page.next), "{max_results}");
        assert!(chunks.iter().all(|chunk| chunk.len() <= 250));
    }
}
