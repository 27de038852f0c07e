//! Runs: created, changed, deleted, restored.

use crate::world::*;
use model::{
    experiment::Lifecycle,
    run::{NewRun, RunStatus, RunUpdate, tag as key},
};
use serde_json::{Value, json};

on_both_databases! {
    a_run_is_named_by_its_name_or_its_tag_or_made_up,
    two_different_names_are_refused,
    the_name_and_its_tag_stay_one_thing,
    a_new_run_is_running_and_lies_below_its_experiment,
    tags_come_back_by_key_and_the_last_of_a_key_stays,
    a_run_begins_with_tags_of_any_key,
    a_tag_can_be_deleted_once,
    models_of_older_clients_are_noted,
    an_update_changes_what_it_names_and_nothing_else,
    deleting_and_restoring_are_idempotent,
    nothing_is_written_to_a_deleted_run,
    no_run_is_created_in_a_deleted_experiment,
    a_run_that_is_not_there_says_so,
    runs_come_in_the_order_in_which_they_are_named,
    the_page_of_a_run_shows_it_with_its_experiment,
}

async fn a_run_is_named_by_its_name_or_its_tag_or_made_up(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let named = async |name: &str, tags: Vec<Tag>| {
        let new = NewRun { name: name.to_owned(), tags, ..new_run(experiment) };
        let run = alice.create_run(new).await.unwrap();
        let stored = alice.sees(run.info.id).await;
        assert_eq!(run, stored, "what is answered is what is stored");
        assert_eq!(stored.tag(key::RUN_NAME), Some(stored.info.name.as_str()));
        stored.info.name
    };
    assert_eq!(named("first", vec![]).await, "first");
    assert_eq!(named("", vec![tag(key::RUN_NAME, "tagged")]).await, "tagged");
    assert_eq!(named("both", vec![tag(key::RUN_NAME, "both")]).await, "both");
    assert_eq!(named("name", vec![tag(key::RUN_NAME, "")]).await, "name");
    let made_up = named("", vec![]).await;
    assert_eq!(made_up.split('-').count(), 3, "{made_up}");
}

async fn two_different_names_are_refused(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let new = NewRun { name: "a".to_owned(), tags: vec![tag(key::RUN_NAME, "b")], ..new_run(experiment) };
    check_refused(
        alice.create_run(new).await,
        Code::InvalidParameterValue,
        "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='a', mlflow.runName='b').",
    );
}

async fn the_name_and_its_tag_stay_one_thing(world: &World) {
    let alice = world.user("alice").await;
    let run = alice.run_named(alice.experiment("vision").await, "first").await;
    let check = async |expected: &str| {
        let run = alice.sees(run).await;
        assert_eq!((run.info.name.as_str(), run.tag(key::RUN_NAME)), (expected, Some(expected)));
    };
    alice.logs(run, batch().tag(key::RUN_NAME, "by tag")).await;
    check("by tag").await;
    alice.logs(run, batch().tag(key::RUN_NAME, "")).await;
    check("by tag").await;
    alice
        .update_run(run, &RunUpdate { name: Some("by update".to_owned()), ..RunUpdate::default() })
        .await
        .unwrap();
    check("by update").await;
    alice.update_run(run, &RunUpdate { name: Some(String::new()), ..RunUpdate::default() }).await.unwrap();
    check("by update").await;
}

async fn a_new_run_is_running_and_lies_below_its_experiment(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let run = alice.sees(alice.run_in(experiment).await).await;
    assert_eq!(run.info.status, RunStatus::Running);
    assert_eq!((run.info.start_time, run.info.end_time), (1_700_000_000_000, None));
    assert_eq!(run.info.user, "somebody");
    assert_eq!(run.info.artifact_uri, format!("mlflow-artifacts:/{experiment}/{}/artifacts", run.info.id));
    assert_eq!(alice.run_artifact_uri(run.info.id).await.unwrap(), run.info.artifact_uri);
    assert_eq!((run.metrics.len(), run.params.len(), run.datasets.len()), (0, 0, 0));
}

async fn tags_come_back_by_key_and_the_last_of_a_key_stays(world: &World) {
    let alice = world.user("alice").await;
    let tags = vec![tag("b", "1"), tag("a", "2"), tag("b", "3")];
    let new = NewRun { name: "r".to_owned(), tags, ..new_run(alice.experiment("vision").await) };
    let created = alice.create_run(new).await.unwrap();
    let run = created.info.id;
    assert_eq!(created, alice.sees(run).await);
    assert_eq!(created.tags, [tag("a", "2"), tag("b", "3"), tag(key::RUN_NAME, "r")]);
    alice.logs(run, batch().tag("a", "4").tag("a", "5").tag("é", "日本 \u{1F600}")).await;
    let expected = [tag("a", "5"), tag("b", "3"), tag(key::RUN_NAME, "r"), tag("é", "日本 \u{1F600}")];
    assert_eq!(alice.sees(run).await.tags, expected);
}

async fn a_run_begins_with_tags_of_any_key(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let with = |tags: Vec<Tag>| NewRun { name: "r".to_owned(), tags, ..new_run(experiment) };
    let odd = vec![tag("../up", "1"), tag("a//b", "2"), tag(key::RUN_NAME, "r"), tag("what?", "3")];
    let run = alice.create_run(with(odd.clone())).await.unwrap().info.id;
    assert_eq!(alice.sees(run).await.tags, odd);
    alice.delete_run_tag(run, "a//b").await.unwrap();
    check_code(alice.log(run, batch().tag("what?", "4").0).await, Code::InvalidParameterValue);
    for refused in ["", "a\0b", "x".repeat(251).as_str()] {
        check_code(alice.create_run(with(vec![tag(refused, "1")])).await, Code::InvalidParameterValue);
    }
}

async fn a_tag_can_be_deleted_once(world: &World) {
    let alice = world.user("alice").await;
    let run = alice.run_named(alice.experiment("vision").await, "r").await;
    alice.logs(run, batch().tag("a", "1")).await;
    alice.delete_run_tag(run, "a").await.unwrap();
    assert_eq!(alice.sees(run).await.tags, [tag(key::RUN_NAME, "r")]);
    let message = format!("No tag with name: a in run with id {run}");
    check_refused(alice.delete_run_tag(run, "a").await, Code::ResourceDoesNotExist, &message);
}

async fn models_of_older_clients_are_noted(world: &World) {
    let (alice, bob) = (world.user("alice").await, world.user("bob").await);
    let run = alice.run_in(alice.experiment("vision").await).await;
    let described = |path: &str| {
        let flavors = json!({ "sklearn": { "pickled_model": "model.pkl", "config": { "large": true } } });
        json!({ "artifact_path": path, "run_id": "r", "utc_time_created": "2024", "model_uuid": "m", "flavors": flavors,
            "mlflow_version": "2.12.1" })
        .to_string()
    };
    alice.note_model(run, &described("first")).await.unwrap();
    let noted = async || -> Vec<Value> {
        serde_json::from_str(alice.sees(run).await.tag(key::LOGGED_MODELS).unwrap()).unwrap()
    };
    let flavors = json!({ "sklearn": { "pickled_model": "model.pkl" } });
    let first = json!({ "artifact_path": "first", "run_id": "r", "utc_time_created": "2024", "model_uuid": "m",
        "flavors": flavors });
    assert_eq!(noted().await, [first]);
    // None is lost, and together they may be longer than another tag.
    let all: Vec<String> = (0..8_u8).map(|number| described(&number.to_string().repeat(2000))).collect();
    for outcome in futures::future::join_all(all.iter().map(|one| alice.note_model(run, one))).await {
        outcome.unwrap();
    }
    assert_eq!(noted().await.len(), 9);

    let refused = async |described: &str, message: &str| {
        check_refused(alice.note_model(run, described).await, Code::InvalidParameterValue, message);
    };
    for odd in ["{", "[]", "1"] {
        refused(odd, &format!("Malformed model info. \n {odd} \n is not a valid JSON.")).await;
    }
    let missing = "Model json is missing mandatory fields: {'artifact_path', 'utc_time_created'}";
    refused(r#"{"flavors": {}, "run_id": "r"}"#, missing).await;
    let message = "'mlflow.log-model.history' exceeds the maximum length of 1000000 characters";
    refused(&described(&"x".repeat(1_000_000)), message).await;
    check_code(bob.note_model(run, &described("x")).await, Code::PermissionDenied);
    check_code(alice.note_model(no_run(), &described("x")).await, Code::ResourceDoesNotExist);
    alice.logs(run, batch().tag(key::LOGGED_MODELS, "mine")).await;
    refused(&described("x"), "The tag 'mlflow.log-model.history' of the run is no list of models.").await;
    alice.delete_run(run).await.unwrap();
    check_code(alice.note_model(run, &described("x")).await, Code::InvalidParameterValue);
}

async fn an_update_changes_what_it_names_and_nothing_else(world: &World) {
    let alice = world.user("alice").await;
    let run = alice.run_named(alice.experiment("vision").await, "r").await;
    let before = alice.sees(run).await.info;
    let nothing = alice.update_run(run, &RunUpdate::default()).await.unwrap();
    assert_eq!(nothing, before);
    let ended =
        RunUpdate { status: Some(RunStatus::Finished), end_time: Some(1_700_000_000_500), name: None };
    let after = alice.update_run(run, &ended).await.unwrap();
    assert_eq!((after.status, after.end_time), (RunStatus::Finished, Some(1_700_000_000_500)));
    assert_eq!(after, alice.sees(run).await.info);
    for status in RunStatus::ALL {
        let change = RunUpdate { status: Some(status), ..RunUpdate::default() };
        let after = alice.update_run(run, &change).await.unwrap();
        assert_eq!(
            (after.status, after.end_time),
            (status, Some(1_700_000_000_500)),
            "any change is allowed"
        );
    }
}

async fn deleting_and_restoring_are_idempotent(world: &World) {
    let alice = world.user("alice").await;
    let run = alice.run_in(alice.experiment("vision").await).await;
    for _ in 0..2 {
        alice.delete_run(run).await.unwrap();
        assert_eq!(alice.sees(run).await.info.lifecycle, Lifecycle::Deleted);
    }
    for _ in 0..2 {
        alice.restore_run(run).await.unwrap();
        assert_eq!(alice.sees(run).await.info.lifecycle, Lifecycle::Active);
    }
}

async fn nothing_is_written_to_a_deleted_run(world: &World) {
    let alice = world.user("alice").await;
    let run = alice.run_in(alice.experiment("vision").await).await;
    alice.logs(run, batch().tag("a", "1")).await;
    alice.delete_run(run).await.unwrap();
    let before = alice.sees(run).await;
    let message = format!("The run {run} must be in the 'active' state. Current state is deleted.");
    let refused = |outcome| check_refused(outcome, Code::InvalidParameterValue, &message);
    refused(alice.log(run, batch().metric("loss", 1, 1.0).0).await);
    refused(alice.log(run, batch().0).await);
    refused(alice.delete_run_tag(run, "a").await);
    refused(alice.update_run(run, &RunUpdate::default()).await.map(drop));
    refused(alice.log_inputs(run, &[], &[]).await);
    refused(alice.log_outputs(run, &[]).await);
    assert_eq!(alice.sees(run).await, before);
}

async fn no_run_is_created_in_a_deleted_experiment(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    alice.delete_experiment(experiment).await.unwrap();
    let message =
        format!("The experiment {experiment} must be in the 'active' state. Current state is deleted.");
    check_refused(alice.create_run(new_run(experiment)).await, Code::InvalidParameterValue, &message);
}

async fn a_run_that_is_not_there_says_so(world: &World) {
    let alice = world.user("alice").await;
    let message = format!("Run with id={} not found", no_run());
    check_refused(alice.get_run(no_run()).await, Code::ResourceDoesNotExist, &message);
    check_refused(alice.delete_run(no_run()).await, Code::ResourceDoesNotExist, &message);
    let message = format!("No Experiment with id={} exists", no_experiment());
    check_refused(alice.create_run(new_run(no_experiment())).await, Code::ResourceDoesNotExist, &message);
}

async fn runs_come_in_the_order_in_which_they_are_named(world: &World) {
    let (alice, bob) = (world.user("alice").await, world.user("bob").await);
    let (open, secret) = (alice.experiment("open").await, alice.experiment("secret").await);
    let (first, second) = (alice.run_named(open, "first").await, alice.run_named(open, "second").await);
    let hidden = alice.run_in(secret).await;
    alice.grant_experiment(secret, "bob", Permission::NoPermissions).await.unwrap();
    alice.logs(second, batch().metric("loss", 1, 0.5).tag("a", "1")).await;
    alice.delete_run(first).await.unwrap();
    for order in [[first, second, hidden], [hidden, first, second], [second, hidden, first]] {
        let mut expected = Vec::new();
        for run in order {
            expected.push(alice.sees(run).await);
        }
        assert_eq!(alice.get_runs(&order).await.unwrap(), expected);
    }
    assert_eq!(bob.get_runs(&[second, first, second]).await.unwrap().len(), 2, "each of them once");
    assert!(bob.get_runs(&[]).await.unwrap().is_empty());
    let gone = |id: RunId| format!("Run with id={id} not found");
    let missing = Code::ResourceDoesNotExist;
    check_refused(alice.get_runs(&[first, no_run(), second]).await, missing, &gone(no_run()));
    check_refused(bob.get_runs(&[first, hidden]).await, missing, &gone(hidden));
}

async fn the_page_of_a_run_shows_it_with_its_experiment(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let run = alice.run_in(experiment).await;
    let page = alice.run_page(run).await.unwrap();
    assert_eq!(page.run, alice.sees(run).await);
    assert_eq!((page.experiment_name.as_str(), page.permission), ("vision", Permission::Manage));
}
