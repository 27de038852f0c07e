//! Searching runs.
//!
//! Start reading: [`reference`], which tries every filter and every order against a slow search in memory. Then what it
//! can't say: [`order`] of values that are hard to order, [`pages`], the [`table`] of runs in the browser and its [`tree`].

mod order;
mod pages;
mod reference;
mod table;
mod tree;

use crate::world::*;
use domain::run::SearchRuns;
use model::{experiment::ViewType, run::Run};
use proptest::{prelude::*, sample::select};

on_both_databases! {
    a_search_tells_every_number_as_it_is,
    a_bad_search_says_where,
}

/// All pages of a search.
async fn search(
    user: &User,
    experiments: &[ExperimentId],
    filter: &str,
    order_by: &[String],
    view: ViewType,
    max_results: i64,
) -> Vec<Run> {
    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let asked = SearchRuns { experiments, filter, view, max_results, order_by, page_token: &page_token };
        let page = user.search_runs(asked).await.unwrap();
        assert!(page.items.len() as i64 <= max_results);
        found.extend(page.items);
        let Some(next) = page.next else { return found };
        page_token = next;
    }
}

async fn a_search_tells_every_number_as_it_is(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let run = alice.run_in(experiment).await;
    let odd = [5e-324, 2e-308, f64::MIN_POSITIVE, f64::MAX, f64::MIN, 0.1 + 0.2, 1.0 / 3.0];
    let numbers = prop::collection::vec(prop_oneof![any::<f64>(), 0.0..1.0, select(odd.to_vec())], 300);
    holds_for(3, numbers, async |numbers: Vec<f64>| {
        let run = alice.run_in(experiment).await;
        let log =
            |logged: Batch, (index, number): (usize, &f64)| logged.metric(&format!("m{index}"), 1, *number);
        alice.logs(run, numbers.iter().enumerate().fold(batch(), log)).await;
        let found = alice.sees(run).await;
        assert_eq!(found.metrics.len(), numbers.len());
        for metric in found.metrics {
            let number = numbers[metric.key[1..].parse::<usize>().unwrap()];
            let as_it_is = |found: f64| found == number || (found.is_nan() && number.is_nan());
            assert!(as_it_is(metric.last.value), "{number:e} became {:e}", metric.last.value);
            let number = (!number.is_nan()).then_some(number);
            assert_eq!((metric.min, metric.max), (number, number));
        }
    });
    assert_eq!(alice.sees(run).await.metrics, []);
}

async fn a_bad_search_says_where(world: &World) {
    let alice = world.user("alice").await;
    let experiments = [alice.experiment("vision").await];
    let asked = SearchRuns {
        experiments: &experiments,
        filter: "",
        view: ViewType::All,
        max_results: 10,
        order_by: &[],
        page_token: "",
    };
    let bad = problem(alice.search_runs(SearchRuns { filter: "metrics.loss < 'a'", ..asked.clone() }).await);
    assert_eq!((bad.code, bad.span), (Code::InvalidParameterValue, Some(15..18)));
    let order = ["metrics.loss SIDEWAYS".to_owned()];
    for bad in [
        SearchRuns { order_by: &order, ..asked.clone() },
        SearchRuns { page_token: "?", ..asked.clone() },
        SearchRuns { max_results: 0, ..asked.clone() },
        SearchRuns { max_results: 50_001, ..asked.clone() },
    ] {
        check_code(alice.search_runs(bad).await, Code::InvalidParameterValue);
    }
}
