//! What helps to write a filter: values that there are, and by what runs can be told apart.

use crate::world::*;
use model::{filter::RunField, page::Facets};

on_both_databases! {
    values_are_found_by_a_part_of_them,
    values_of_runs_are_found,
    what_has_few_values_is_a_facet,
    facets_are_few,
    facets_count_the_newest_runs,
    facets_and_values_are_for_those_who_may_read,
}

fn param(key: &str) -> RunField {
    RunField::Param(key.to_owned())
}

fn tagged(key: &str) -> RunField {
    RunField::Tag(key.to_owned())
}

async fn values_are_found_by_a_part_of_them(world: &World) {
    let alice = world.user("alice").await;
    let (vision, sound) = (alice.experiment("vision").await, alice.experiment("sound").await);
    let long = "x".repeat(100);
    for value in ["adam", "sgd", "Adagrad", "adam", "100%", "it's", "it's \"it\"", long.as_str()] {
        let run = alice.run_in(vision).await;
        alice.logs(run, batch().param("opt", value).param("other", "adamant").tag("opt", "tag")).await;
    }
    let run = alice.run_in(sound).await;
    alice.logs(run, batch().param("opt", "adam in sound")).await;
    let check = async |field: RunField, text: &str, expected: &[&str]| {
        let found = alice.find_values(vision, &field, text).await.unwrap();
        assert_eq!(found, expected, "{field:?} {text:?}");
    };
    // What no filter can say and what the index doesn't hold are left out.
    check(param("opt"), "", &["100%", "Adagrad", "adam", "it's", "sgd"]).await;
    check(param("opt"), "ad", &["adam", "Adagrad"]).await;
    check(param("opt"), "DAM", &["adam"]).await;
    check(param("opt"), "%", &["100%"]).await;
    check(param("opt"), "_", &[]).await;
    check(param("none"), "", &[]).await;
    check(tagged("opt"), "t", &["tag"]).await;

    let run = alice.run_in(vision).await;
    for number in 0..30 {
        let run = if number == 0 { run } else { alice.run_in(vision).await };
        alice.logs(run, batch().param("seed", &format!("{number:02}"))).await;
    }
    let found = alice.find_values(vision, &param("seed"), "").await.unwrap();
    assert_eq!((found.len(), found[19].as_str()), (20, "19"));
    check(param("seed"), "9", &["09", "19", "29"]).await;
    check(param("seed"), "29", &["29"]).await;
}

async fn values_of_runs_are_found(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    for name in ["swift-fox", "calm-fox", "late-owl"] {
        alice.run_named(experiment, name).await;
    }
    let gone = alice.run_named(experiment, "gone-fox").await;
    alice.delete_run(gone).await.unwrap();
    let check = async |field: RunField, text: &str, expected: &[&str]| {
        let found = alice.find_values(experiment, &field, text).await.unwrap();
        assert_eq!(found, expected, "{field:?} {text:?}");
    };
    check(RunField::Name, "fox", &["calm-fox", "swift-fox"]).await;
    check(RunField::User, "s", &["somebody"]).await;
    check(RunField::Status, "run", &["RUNNING"]).await;
    check(RunField::Status, "fail", &[]).await;
}

/// The facets as lines.
fn lines(facets: &Facets) -> Vec<String> {
    let line = |facet: &model::page::Facet| {
        let values: Vec<String> =
            facet.values.iter().map(|(value, runs)| format!("{value} {runs}")).collect();
        format!("{:?}: {}", facet.field, values.join(", "))
    };
    facets.facets.iter().map(line).collect()
}

async fn what_has_few_values_is_a_facet(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    assert_eq!(alice.facets(experiment).await.unwrap(), Facets::default());
    let mut runs = Vec::new();
    for number in 0..13 {
        let run = alice.run_in(experiment).await;
        let opt = if number % 3 == 0 { "sgd" } else { "adam" };
        let logged = batch().param("opt", opt).param("seed", &number.to_string()).param("same", "x");
        let logged = logged.param("dozen", &(number % 12).to_string());
        let logged = logged.param("long", &format!("{number}{}", "x".repeat(70)));
        let logged = logged.tag("mlflow.source.git.branch", opt);
        alice.logs(run, if number < 2 { logged.tag("team", ["red", "blue"][number]) } else { logged }).await;
        runs.push(run);
    }
    let facets = alice.facets(experiment).await.unwrap();
    assert_eq!((facets.runs, facets.more), (13, false));
    assert_eq!(
        lines(&facets),
        [
            "Status: RUNNING 13",
            "Param(\"dozen\"): 0 2, 1 1, 10 1, 11 1, 2 1, 3 1, 4 1, 5 1, 6 1, 7 1, 8 1, 9 1",
            "Param(\"opt\"): adam 8, sgd 5",
            "Tag(\"team\"): blue 1, red 1",
        ]
    );
    // Runs in the trash don't count, and a value that is left alone tells nothing apart.
    alice.delete_run(runs[1]).await.unwrap();
    let facets = alice.facets(experiment).await.unwrap();
    assert_eq!(facets.runs, 12);
    assert_eq!(lines(&facets).last().map(String::as_str), Some("Param(\"opt\"): adam 7, sgd 5"));
}

async fn facets_are_few(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    for value in ["x", "y"] {
        let run = alice.run_in(experiment).await;
        let logged = (0..9).fold(batch(), |logged, number| {
            logged.param(&format!("p{number}"), value).tag(&format!("t{number}"), value)
        });
        alice.logs(run, logged).await;
    }
    let facets = alice.facets(experiment).await.unwrap();
    let fields: Vec<RunField> = facets.facets.into_iter().map(|facet| facet.field).collect();
    let expected = ["p0", "p1", "p2", "p3", "p4", "p5"].map(param).into_iter();
    let expected: Vec<RunField> =
        [RunField::Status].into_iter().chain(expected).chain(["t0", "t1"].map(tagged)).collect();
    assert_eq!(fields, expected);
}

async fn facets_count_the_newest_runs(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    alice.run_named(experiment, "newest").await;
    world
        .execute(if world.is_postgres() {
            "INSERT INTO runs (id, experiment_id, name, user_name, status, start_time, lifecycle, artifact_uri)
             SELECT gen_random_uuid(), experiment_id, name || i, user_name, 'FAILED', i, lifecycle, artifact_uri
             FROM runs, generate_series(1, 10049) i"
        } else {
            "INSERT INTO runs (id, experiment_id, name, user_name, status, start_time, lifecycle, artifact_uri)
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10049)
             SELECT randomblob(16), experiment_id, name || i, user_name, 'FAILED', i, lifecycle, artifact_uri FROM runs, n"
        })
        .await;
    let facets = alice.facets(experiment).await.unwrap();
    assert_eq!((facets.runs, facets.more), (10_000, true));
    assert_eq!(lines(&facets), ["Status: FAILED 9999, RUNNING 1"]);
}

async fn facets_and_values_are_for_those_who_may_read(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    alice.run_in(experiment).await;
    let stranger = world.user("stranger").await.on(&world.closed().await);
    check_code(stranger.facets(experiment).await, Code::ResourceDoesNotExist);
    check_code(stranger.find_values(experiment, &RunField::Name, "").await, Code::ResourceDoesNotExist);
    check_code(alice.facets(no_experiment()).await, Code::ResourceDoesNotExist);
    alice.grant_experiment(experiment, "stranger", Permission::Read).await.unwrap();
    assert_eq!(stranger.find_values(experiment, &RunField::Status, "").await.unwrap(), ["RUNNING"]);
    assert_eq!(stranger.facets(experiment).await.unwrap().runs, 1);
}
