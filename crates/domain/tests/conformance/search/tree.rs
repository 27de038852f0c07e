//! The table of runs as a tree: its top runs, and what is nested in each.

use crate::world::*;
use model::{
    page::{Level, RunsQuery, Total},
    run::tag as key,
};

on_both_databases! {
    a_tree_begins_with_the_runs_that_are_not_nested,
    what_a_table_does_not_show_has_nothing_beneath_it,
    only_an_id_as_it_is_written_names_a_parent,
    very_many_nested_runs_are_counted_up_to_a_bound,
}

/// A run that says what it is nested in.
async fn nested(user: &User, experiment: ExperimentId, parent: &str, name: &str) -> RunId {
    let run = user.run_named(experiment, name).await;
    user.logs(run, batch().tag(key::PARENT_RUN, parent)).await;
    run
}

/// A level of a table, sorted by name.
fn level(level: Level) -> RunsQuery {
    RunsQuery { level, order_by: "run_name".to_owned(), ..RunsQuery::default() }
}

/// The rows of a table with the number of runs in each, as `name` or `name: number`, and how many rows there are.
async fn rows(user: &User, experiment: ExperimentId, query: &RunsQuery) -> (Vec<String>, Total) {
    let page = user.list_runs(experiment, query).await.unwrap();
    assert_eq!(page.children.len(), if query.level == Level::All { 0 } else { page.runs.len() });
    let told = page.runs.iter().enumerate().map(|(row, run)| match page.children.get(row) {
        None | Some(Total::Exactly(0)) => run.info.name.clone(),
        Some(Total::Exactly(count)) => format!("{}: {count}", run.info.name),
        Some(Total::AtLeast(count)) => format!("{}: {count}+", run.info.name),
    });
    (told.collect(), page.total)
}

/// The table has these rows.
async fn check(user: &User, experiment: ExperimentId, query: RunsQuery, expected: &[&str]) {
    let (found, total) = rows(user, experiment, &query).await;
    assert_eq!(found, expected, "{query:?}");
    assert_eq!(total, Total::Exactly(expected.len() as u64), "{query:?}");
}

async fn a_tree_begins_with_the_runs_that_are_not_nested(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("sweep").await;
    let mut sweeps = Vec::new();
    for number in 0..7 {
        let sweep = alice.run_named(experiment, &format!("sweep {number}")).await;
        alice.logs(sweep, batch().metric("loss", 1, f64::from(number))).await;
        for trial in 0..number {
            let trial = nested(&alice, experiment, &sweep.to_string(), &format!("trial {trial}")).await;
            alice.logs(trial, batch().metric("loss", 1, 10.0 - f64::from(number))).await;
        }
        sweeps.push(sweep);
    }
    let deepest = alice.list_runs(experiment, &level(Level::In(sweeps[1]))).await.unwrap().runs[0].info.id;
    nested(&alice, experiment, &deepest.to_string(), "fold").await;
    let tops =
        ["sweep 0", "sweep 1: 1", "sweep 2: 2", "sweep 3: 3", "sweep 4: 4", "sweep 5: 5", "sweep 6: 6"];
    check(&alice, experiment, level(Level::Top), &tops).await;
    check(&alice, experiment, level(Level::In(sweeps[1])), &["trial 0: 1"]).await;
    check(&alice, experiment, level(Level::In(deepest)), &["fold"]).await;
    check(&alice, experiment, level(Level::In(sweeps[0])), &[]).await;

    // In any order, and wherever it begins.
    let down = RunsQuery { order_by: "metrics.loss DESC".to_owned(), ..level(Level::Top) };
    let reversed: Vec<&str> = tops.iter().rev().copied().collect();
    check(&alice, experiment, down.clone(), &reversed).await;
    let children = RunsQuery { level: Level::In(sweeps[3]), ..down.clone() };
    assert_eq!(rows(&alice, experiment, &children).await.0.len(), 3);
    for order in
        ["", "metrics.loss", "end_time", "min_metrics.loss", "params.none", "tags.mlflow.parentRunId"]
    {
        let query = RunsQuery { order_by: order.to_owned(), ..level(Level::Top) };
        let (mut found, total) = rows(&alice, experiment, &query).await;
        found.sort();
        assert_eq!((found, total), (tops.map(str::to_owned).to_vec(), Total::Exactly(7)), "{order}");
    }
    for offset in [2, 5, 6, 7] {
        let (found, total) = rows(&alice, experiment, &RunsQuery { offset, ..level(Level::Top) }).await;
        assert_eq!(
            (found.as_slice(), total),
            (&tops.map(str::to_owned)[offset as usize..], Total::Exactly(7))
        );
    }

    // The filter is about top runs.
    let filtered = |filter: &str| RunsQuery { filter: filter.to_owned(), ..level(Level::Top) };
    check(&alice, experiment, filtered("metrics.loss >= 5"), &["sweep 5: 5", "sweep 6: 6"]).await;
    check(&alice, experiment, filtered("run_name LIKE '%trial%'"), &[]).await;
    check(&alice, experiment, filtered("metrics.loss < 1 AND run_name LIKE 'sweep%'"), &["sweep 0"]).await;
    let children = RunsQuery { level: Level::In(sweeps[2]), ..filtered("metrics.loss >= 100") };
    check(&alice, experiment, children, &["trial 0", "trial 1"]).await;

    let chosen = alice.matching_runs(experiment, &filtered("metrics.loss >= 5")).await.unwrap();
    assert_eq!(chosen, [sweeps[5], sweeps[6]]);
    let chosen = alice.matching_runs(experiment, &level(Level::In(sweeps[2]))).await.unwrap();
    assert_eq!(chosen.len(), 2);
    let (flat, total) = rows(&alice, experiment, &RunsQuery::default()).await;
    assert_eq!((flat.len(), total), (29, Total::Exactly(29)));
}

async fn what_a_table_does_not_show_has_nothing_beneath_it(world: &World) {
    let alice = world.user("alice").await;
    let (here, there) = (alice.experiment("here").await, alice.experiment("there").await);
    let elsewhere = alice.run_named(there, "elsewhere").await.to_string();
    let parent = alice.run_named(here, "parent").await;
    let lost = nested(&alice, here, &parent.to_string(), "lost").await;
    nested(&alice, here, &parent.to_string(), "kept").await;
    nested(&alice, here, &elsewhere, "of another experiment").await;
    check(&alice, here, level(Level::Top), &["of another experiment", "parent: 2"]).await;
    check(&alice, there, level(Level::Top), &["elsewhere"]).await;
    alice.delete_run(lost).await.unwrap();
    check(&alice, here, level(Level::Top), &["of another experiment", "parent: 1"]).await;
    check(&alice, here, level(Level::In(parent)), &["kept"]).await;
    let trash = |of: Level| RunsQuery { deleted: true, ..level(of) };
    check(&alice, here, trash(Level::Top), &["lost"]).await;
    alice.delete_run(parent).await.unwrap();
    check(&alice, here, level(Level::Top), &["kept", "of another experiment"]).await;
    check(&alice, here, trash(Level::Top), &["parent: 1"]).await;
    check(&alice, here, trash(Level::In(parent)), &["lost"]).await;
}

async fn only_an_id_as_it_is_written_names_a_parent(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("odd").await;
    let parent = alice.run_named(experiment, "parent").await;
    let id = parent.to_string();
    let odd = ["", "no id", "ä", &id.to_uppercase(), &format!("{id} "), &id[..30], &no_run().to_string()];
    let mut expected = Vec::new();
    for (number, text) in odd.iter().enumerate() {
        nested(&alice, experiment, text, &format!("odd {number}")).await;
        expected.push(format!("odd {number}"));
    }
    nested(&alice, experiment, &id, "child").await;
    let itself = alice.run_named(experiment, "itself").await;
    alice.logs(itself, batch().tag(key::PARENT_RUN, &itself.to_string())).await;
    expected.insert(0, "itself".to_owned());
    expected.push("parent: 1".to_owned());
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check(&alice, experiment, level(Level::Top), &expected).await;
}

async fn very_many_nested_runs_are_counted_up_to_a_bound(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let parent = alice.run_named(experiment, "parent").await;
    nested(&alice, experiment, &parent.to_string(), "child").await;
    world
        .execute(if world.is_postgres() {
            "INSERT INTO runs (id, experiment_id, name, user_name, status, start_time, lifecycle, artifact_uri)
             SELECT gen_random_uuid(), experiment_id, 'made', user_name, status, i, lifecycle, artifact_uri
             FROM runs, generate_series(1, 1000) i WHERE name = 'child';
             INSERT INTO tags (run_id, experiment_id, key, value)
             SELECT r.id, r.experiment_id, t.key, t.value FROM runs r, tags t
             WHERE r.name = 'made' AND t.key = 'mlflow.parentRunId'"
        } else {
            "INSERT INTO runs (id, experiment_id, name, user_name, status, start_time, lifecycle, artifact_uri)
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
             SELECT randomblob(16), experiment_id, 'made', user_name, status, i, lifecycle, artifact_uri
             FROM runs, n WHERE name = 'child';
             INSERT INTO tags (run_id, experiment_id, key, value)
             SELECT r.id, r.experiment_id, t.key, t.value FROM runs r, tags t
             WHERE r.name = 'made' AND t.key = 'mlflow.parentRunId'"
        })
        .await;
    check(&alice, experiment, level(Level::Top), &["parent: 1000+"]).await;
    let page = alice.list_runs(experiment, &level(Level::In(parent))).await.unwrap();
    assert_eq!((page.runs.len(), page.total), (100, Total::Exactly(1001)));
}
