//! Values of many runs side by side, and which params matter.

use crate::world::*;
use model::{
    explore::{Field, RunValues, Values},
    filter::MetricFigure,
    page::{RunsQuery, Total},
    run::{RunStatus, RunUpdate},
};

on_both_databases! {
    runs_are_read_as_columns,
    the_columns_are_of_the_runs_that_match_in_their_order,
    more_runs_than_are_read_at_once_come_whole,
    too_many_fields_and_strangers_are_refused,
    the_param_that_makes_the_metric_matters_most,
    it_takes_some_runs_to_say_what_matters,
}

fn by_name() -> RunsQuery {
    RunsQuery { order_by: "run_name".to_owned(), ..RunsQuery::default() }
}

/// What each run has of a column, as text.
fn column(found: &RunValues, column: usize) -> Vec<String> {
    let values = &found.columns[column];
    let word = |run: usize| match (values.word(run), values.number(run)) {
        (Some(word), _) => word.to_owned(),
        (None, Some(number)) => number.to_string(),
        (None, None) => "–".to_owned(),
    };
    (0..found.ids.len()).map(word).collect()
}

async fn runs_are_read_as_columns(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let (a, b) = (alice.run_named(experiment, "a").await, alice.run_named(experiment, "b").await);
    let logged = batch().metric("loss", 1, 0.5).metric("loss", 2, f64::NAN).metric("loss", 3, 0.75);
    alice.logs(a, logged.param("lr", "1e-3").param("solver", "adam").tag("team", "churn")).await;
    alice.logs(b, batch().metric("loss", 1, f64::NAN).param("lr", "0.01")).await;
    let end = RunUpdate {
        status: Some(RunStatus::Finished),
        end_time: Some(1_700_000_002_500),
        ..RunUpdate::default()
    };
    alice.update_run(a, &end).await.unwrap();
    let fields = [
        Field::metric("loss"),
        Field::Metric("loss".to_owned(), MetricFigure::Min),
        Field::Metric("loss".to_owned(), MetricFigure::Max),
        Field::param("lr"),
        Field::param("solver"),
        Field::Tag("team".to_owned()),
        Field::Status,
        Field::Duration,
        Field::Started,
        Field::metric("none"),
    ];
    let found = alice.run_values(experiment, &by_name(), &fields).await.unwrap();
    assert_eq!((found.ids.as_slice(), found.total), (&[a, b][..], Total::Exactly(2)));
    assert_eq!(found.names, ["a", "b"]);
    let expected = [
        ["0.75", "NaN"],
        ["0.5", "–"],
        ["0.75", "–"],
        ["1e-3", "0.01"],
        ["adam", "–"],
        ["churn", "–"],
        ["FINISHED", "RUNNING"],
        ["2.5", "–"],
        ["1700000000000", "1700000000000"],
        ["–", "–"],
    ];
    for (place, expected) in expected.iter().enumerate() {
        assert_eq!(column(&found, place), *expected, "{:?}", fields[place]);
    }
    assert_eq!(found.columns[3].number(0), Some(0.001), "params that are numbers read as such");
    assert!(!found.columns[4].are_numbers());
}

async fn the_columns_are_of_the_runs_that_match_in_their_order(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    for number in 0..5 {
        let run = alice.run_named(experiment, &format!("r{number}")).await;
        alice.logs(run, batch().metric("loss", 1, f64::from(number))).await;
        if number == 4 {
            alice.delete_run(run).await.unwrap();
        }
    }
    let check = async |query: RunsQuery, names: &[&str]| {
        let found = alice.run_values(experiment, &query, &[Field::metric("loss")]).await.unwrap();
        assert_eq!(found.names, names, "{query:?}");
        assert_eq!(found.total, Total::Exactly(names.len() as u64));
    };
    let order_by = "metrics.loss DESC".to_owned();
    check(RunsQuery { order_by, ..RunsQuery::default() }, &["r3", "r2", "r1", "r0"]).await;
    check(RunsQuery { filter: "metrics.loss < 2".to_owned(), ..by_name() }, &["r0", "r1"]).await;
    check(RunsQuery { deleted: true, ..by_name() }, &["r4"]).await;
    check(RunsQuery { offset: 3, ..by_name() }, &["r0", "r1", "r2", "r3"]).await;
    let bad = RunsQuery { filter: "metrics.loss >".to_owned(), ..by_name() };
    assert!(problem(alice.run_values(experiment, &bad, &[]).await).span.is_some());
}

async fn more_runs_than_are_read_at_once_come_whole(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    for number in 0..205 {
        let run = alice.run_named(experiment, &format!("r{number:03}")).await;
        if number % 100 == 4 {
            alice.logs(run, batch().param("lr", &number.to_string())).await;
        }
    }
    let found = alice.run_values(experiment, &by_name(), &[Field::param("lr")]).await.unwrap();
    assert_eq!((found.ids.len(), found.total), (205, Total::Exactly(205)));
    let Values::Words(words) = &found.columns[0] else { panic!("{found:?}") };
    assert_eq!(words.words, ["4", "104", "204"]);
    assert_eq!((words.of[104], words.of[105]), (Some(1), None));
}

async fn too_many_fields_and_strangers_are_refused(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let many: Vec<Field> = (0..25).map(|number| Field::param(&number.to_string())).collect();
    check_refused(
        alice.run_values(experiment, &by_name(), &many).await,
        Code::InvalidParameterValue,
        "At most 24 fields are read at once, and these are 25.",
    );
    let stranger = world.user("stranger").await.on(&world.closed().await);
    check_code(stranger.run_values(experiment, &by_name(), &[]).await, Code::ResourceDoesNotExist);
    let loss = Field::metric("loss");
    check_code(stranger.param_importance(experiment, &by_name(), &loss).await, Code::ResourceDoesNotExist);
}

async fn the_param_that_makes_the_metric_matters_most(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    for number in 0..24 {
        let run = alice.run_in(experiment).await;
        let logged = batch()
            .metric("loss", 1, f64::from(number % 6))
            .param("depth", &(number % 6).to_string())
            .param("seed", &(number * 7 % 5).to_string())
            .param("data", "same");
        alice.logs(run, logged).await;
    }
    let found = alice.param_importance(experiment, &by_name(), &Field::metric("loss")).await.unwrap();
    let keys: Vec<&str> = found.params.iter().map(|param| param.key.as_str()).collect();
    assert_eq!((found.runs, keys.as_slice()), (24, &["depth", "seed"][..]));
    assert!(found.params[0].importance > 0.5 && found.params[0].pearson.unwrap() > 0.999, "{found:?}");
}

async fn it_takes_some_runs_to_say_what_matters(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let run = alice.run_in(experiment).await;
    alice.logs(run, batch().metric("loss", 1, 0.5).param("lr", "1")).await;
    check_refused(
        alice.param_importance(experiment, &by_name(), &Field::metric("loss")).await,
        Code::InvalidParameterValue,
        "It takes at least 8 runs with a number of 'loss' to say which params matter. Here are 1.",
    );
    check_code(
        alice.param_importance(experiment, &by_name(), &Field::Status).await,
        Code::InvalidParameterValue,
    );
}
