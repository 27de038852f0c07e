//! What is found by a text, wherever it is. That nobody finds more than they may see is in [`crate::visible`].

use crate::world::*;
use model::{find::Found, run::NewRun};

on_both_databases! {
    experiments_runs_and_models_are_found_by_their_names,
    a_run_is_found_by_the_start_of_its_id,
    what_begins_with_a_text_comes_before_what_contains_it,
    what_is_in_the_trash_is_found_by_its_id_alone,
    a_few_of_each_are_found,
    a_text_has_limits,
}

async fn found(user: &User, text: &str) -> Found {
    user.find_anything(text).await.unwrap()
}

/// Names of runs that are found.
async fn runs(user: &User, text: &str) -> Vec<String> {
    found(user, text).await.runs.into_iter().map(|hit| hit.name).collect()
}

async fn experiments_runs_and_models_are_found_by_their_names(world: &World) {
    let alice = world.user("alice").await;
    let (vision, sound) = (alice.experiment("Vision 50%").await, alice.experiment("sound").await);
    let run = alice.run_named(sound, "after vision").await;
    alice.create_registered_model("churn-vision", &[], "").await.unwrap();
    alice
        .create_registered_model("greet-vision", &[tag("mlflow.prompt.is_prompt", "true")], "")
        .await
        .unwrap();
    let Found { experiments, runs: hits, models } = found(&alice, " VISION ").await;
    assert_eq!(
        experiments.iter().map(|hit| (hit.id, hit.name.as_str())).collect::<Vec<_>>(),
        [(vision, "Vision 50%")]
    );
    assert_eq!(hits.len(), 1);
    assert_eq!((hits[0].id, hits[0].experiment, hits[0].experiment_name.as_str()), (run, sound, "sound"));
    assert_eq!(models, ["churn-vision"], "a prompt is no model");
    let by_number = found(&alice, &sound.to_string()).await.experiments;
    assert!(by_number.iter().any(|hit| hit.id == sound));
    assert_eq!(found(&alice, "50%").await.experiments.len(), 1);
    // These mean nothing but themselves.
    assert!(found(&alice, "V%n").await.is_empty());
    assert!(found(&alice, "s_und").await.is_empty());
    assert!(found(&alice, "  ").await.is_empty());
}

async fn a_run_is_found_by_the_start_of_its_id(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let run = alice.run_named(experiment, "first").await;
    alice.run_named(experiment, "second").await;
    let id = run.to_string();
    let upper = id.to_uppercase();
    for text in [id.as_str(), &id[..31], &id[..12], upper.as_str()] {
        assert_eq!(runs(&alice, text).await, ["first"], "{text}");
    }
    assert!(runs(&alice, &id[1..]).await.is_empty());
}

async fn what_begins_with_a_text_comes_before_what_contains_it(world: &World) {
    let alice = world.user("alice").await;
    let (old, new) = (alice.experiment("old").await, alice.experiment("new").await);
    for (experiment, name, second) in
        [(old, "best", 1), (old, "best of all", 2), (new, "second best", 3), (new, "Best yet", 4)]
    {
        let start_time = 1_700_000_000_000 + 1000 * second;
        let run = NewRun { name: name.to_owned(), start_time, ..new_run(experiment) };
        alice.create_run(run).await.unwrap();
    }
    assert_eq!(runs(&alice, "best").await, ["best", "Best yet", "best of all", "second best"]);
    // Longer than what an index holds of a name.
    let long = "x".repeat(80);
    alice.run_named(old, &format!("{long}a")).await;
    alice.run_named(old, &format!("{long}b")).await;
    assert_eq!(runs(&alice, &format!("{long}b")).await, [format!("{long}b")]);
}

async fn what_is_in_the_trash_is_found_by_its_id_alone(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let run = alice.run_named(experiment, "gone").await;
    alice.delete_run(run).await.unwrap();
    assert!(runs(&alice, "gone").await.is_empty());
    assert_eq!(runs(&alice, &run.to_string()).await, ["gone"]);
    alice.delete_experiment(experiment).await.unwrap();
    assert!(found(&alice, "vision").await.is_empty());
}

async fn a_few_of_each_are_found(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    for number in 0..10 {
        alice.experiment(&format!("try {number}")).await;
        alice.run_named(experiment, &format!("try {number}")).await;
        alice.create_registered_model(&format!("try {number}"), &[], "").await.unwrap();
    }
    let Found { experiments, runs, models } = found(&alice, "try").await;
    assert_eq!((experiments.len(), runs.len(), models.len()), (8, 8, 8));
}

async fn a_text_has_limits(world: &World) {
    let alice = world.user("alice").await;
    assert!(found(&alice, &"x".repeat(200)).await.is_empty());
    check_code(alice.find_anything(&"x".repeat(201)).await, Code::InvalidParameterValue);
    check_code(alice.find_anything("\0").await, Code::InvalidParameterValue);
}
