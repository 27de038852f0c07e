//! Experiments: created, found, changed, deleted, restored.

use crate::world::*;
use model::experiment::{Experiment, Lifecycle, ViewType};

on_both_databases! {
    experiment_0_is_there_from_the_start,
    a_created_experiment_comes_back_by_id_and_by_name,
    a_name_is_taken_also_by_a_deleted_experiment,
    names_and_locations_and_tags_have_rules,
    a_rename_keeps_everything_else,
    deleting_takes_the_runs_along_and_restoring_brings_them_back,
    tags_are_set_replaced_and_deleted,
    the_search_filters,
    the_search_orders_and_pages,
    the_list_shows_what_was_used_last_first,
    the_head_counts_active_runs,
}

async fn experiment_0_is_there_from_the_start(world: &World) {
    let default = world.local().get_experiment(ExperimentId(0)).await.unwrap();
    assert_eq!((default.name.as_str(), default.lifecycle), ("Default", Lifecycle::Active));
    assert_eq!(default.artifact_location, "mlflow-artifacts:/0");
    // A second start leaves it alone, and the next number isn't its.
    let elsewhere = world.another().await;
    assert_eq!(world.local().on(&elsewhere).get_experiment(ExperimentId(0)).await.unwrap(), default);
    assert_ne!(world.local().on(&elsewhere).experiment("next").await, ExperimentId(0));
    elsewhere.close().await;
}

async fn a_created_experiment_comes_back_by_id_and_by_name(world: &World) {
    let alice = world.user("alice").await;
    let id = alice.create_experiment("vision 日本", "", &[tag("b", "2"), tag("a", "1")]).await.unwrap();
    let found = alice.get_experiment(id).await.unwrap();
    assert_eq!(found.name, "vision 日本");
    assert_eq!(found.artifact_location, format!("mlflow-artifacts:/{id}"));
    assert_eq!(found.tags, [tag("a", "1"), tag("b", "2")]);
    assert!(found.created > 1_600_000_000_000 && found.updated == found.created);
    assert_eq!(alice.get_experiment_by_name("vision 日本").await.unwrap(), found);
    let elsewhere = alice.create_experiment("elsewhere", "s3://bucket/folder/", &[]).await.unwrap();
    assert_eq!(alice.get_experiment(elsewhere).await.unwrap().artifact_location, "s3://bucket/folder");
    let run = alice.sees(alice.run_in(elsewhere).await).await.info;
    assert_eq!(run.artifact_uri, format!("s3://bucket/folder/{}/artifacts", run.id));
}

async fn a_name_is_taken_also_by_a_deleted_experiment(world: &World) {
    let alice = world.user("alice").await;
    let id = alice.experiment("vision").await;
    let taken = "Experiment(name=vision) already exists.";
    check_refused(alice.create_experiment("vision", "", &[]).await, Code::ResourceAlreadyExists, taken);
    alice.delete_experiment(id).await.unwrap();
    check_refused(alice.create_experiment("vision", "", &[]).await, Code::ResourceAlreadyExists, taken);
    let other = alice.experiment("Vision").await;
    check_refused(alice.rename_experiment(other, "vision").await, Code::ResourceAlreadyExists, taken);
    assert_eq!(alice.get_experiment(other).await.unwrap().name, "Vision");
    assert_eq!(alice.get_experiment_by_name("vision").await.unwrap().lifecycle, Lifecycle::Deleted);
}

async fn names_and_locations_and_tags_have_rules(world: &World) {
    let alice = world.user("alice").await;
    for name in ["", "  ", &"x".repeat(501)] {
        check_code(alice.create_experiment(name, "", &[]).await, Code::InvalidParameterValue);
    }
    for location in [
        "s3://b/../c",
        "s3://b#c",
        "http://example.org/x",
        "runs:/abc",
        "mlflow-artifacts://host/x",
        &"x".repeat(2049),
    ] {
        check_code(alice.create_experiment("vision", location, &[]).await, Code::InvalidParameterValue);
    }
    for bad in [tag("", "v"), tag("a\"b", "v"), tag(&"k".repeat(251), "v"), tag("k", &"v".repeat(20_001))] {
        check_code(alice.create_experiment("vision", "", &[bad]).await, Code::InvalidParameterValue);
    }
    let longest = tag(&"k".repeat(250), &"é".repeat(20_000));
    let id = alice.create_experiment(&"é".repeat(500), "", std::slice::from_ref(&longest)).await.unwrap();
    assert_eq!(alice.get_experiment(id).await.unwrap().tags, [longest]);
}

async fn a_rename_keeps_everything_else(world: &World) {
    let alice = world.user("alice").await;
    let id = alice.create_experiment("vision", "", &[tag("a", "1")]).await.unwrap();
    let before = alice.get_experiment(id).await.unwrap();
    alice.rename_experiment(id, "language").await.unwrap();
    let after = alice.get_experiment(id).await.unwrap();
    assert!(after.updated >= before.updated);
    assert_eq!(after, Experiment { name: "language".to_owned(), updated: after.updated, ..before });
    let message = "Could not find experiment with name 'vision'";
    check_refused(alice.get_experiment_by_name("vision").await, Code::ResourceDoesNotExist, message);
    alice.delete_experiment(id).await.unwrap();
    let outcome = alice.rename_experiment(id, "speech").await;
    check_refused(outcome, Code::InvalidState, "Cannot rename a non-active experiment.");
}

async fn deleting_takes_the_runs_along_and_restoring_brings_them_back(world: &World) {
    let alice = world.user("alice").await;
    let id = alice.experiment("vision").await;
    let run = alice.run_in(id).await;
    let missing = format!("No Experiment with id={id} exists");
    check_refused(alice.restore_experiment(id).await, Code::ResourceDoesNotExist, &missing);
    alice.delete_experiment(id).await.unwrap();
    assert_eq!(alice.get_experiment(id).await.unwrap().lifecycle, Lifecycle::Deleted);
    assert_eq!(alice.sees(run).await.info.lifecycle, Lifecycle::Deleted);
    check_refused(alice.delete_experiment(id).await, Code::ResourceDoesNotExist, &missing);
    alice.restore_experiment(id).await.unwrap();
    assert_eq!(alice.get_experiment(id).await.unwrap().lifecycle, Lifecycle::Active);
    assert_eq!(alice.sees(run).await.info.lifecycle, Lifecycle::Active);
}

async fn tags_are_set_replaced_and_deleted(world: &World) {
    let alice = world.user("alice").await;
    let id = alice.experiment("vision").await;
    for value in ["1", "2", ""] {
        alice.set_experiment_tag(id, &tag("a", value)).await.unwrap();
        assert_eq!(alice.get_experiment(id).await.unwrap().tags, [tag("a", value)]);
    }
    alice.delete_experiment_tag(id, "a").await.unwrap();
    assert_eq!(alice.get_experiment(id).await.unwrap().tags, []);
    let message = format!("No tag with name: a in experiment with id {id}");
    check_refused(alice.delete_experiment_tag(id, "a").await, Code::ResourceDoesNotExist, &message);
    alice.delete_experiment(id).await.unwrap();
    check_code(alice.set_experiment_tag(id, &tag("a", "1")).await, Code::InvalidParameterValue);
    check_code(alice.delete_experiment_tag(id, "a").await, Code::InvalidParameterValue);
}

/// The names that a search finds, in its order.
async fn names(user: &User, filter: &str, order: &[&str], view: ViewType) -> Vec<String> {
    let order: Vec<String> = order.iter().map(|clause| (*clause).to_owned()).collect();
    let found = user.search_experiments(filter, &order, view, 1000, "").await.unwrap();
    assert_eq!(found.next, None);
    found.items.into_iter().map(|experiment| experiment.name).collect()
}

async fn the_search_filters(world: &World) {
    let alice = world.user("alice").await;
    let vision =
        alice.create_experiment("Vision", "", &[tag("team", "a"), tag("my key", "x")]).await.unwrap();
    let speech = alice.create_experiment("speech_1", "", &[tag("team", "b")]).await.unwrap();
    let gone = alice.experiment("gone%").await;
    alice.delete_experiment(gone).await.unwrap();
    let check = async |filter: &str, view: ViewType, expected: &[&str]| {
        assert_eq!(names(&alice, filter, &["experiment_id"], view).await, expected, "{filter} {view:?}");
    };
    use ViewType::{ActiveOnly, All, DeletedOnly};
    check("", ActiveOnly, &["Default", "Vision", "speech_1"]).await;
    check("", DeletedOnly, &["gone%"]).await;
    check("", All, &["Default", "Vision", "speech_1", "gone%"]).await;
    check("name = 'Vision'", ActiveOnly, &["Vision"]).await;
    check("name = 'vision'", ActiveOnly, &[]).await;
    check("name != 'Vision'", ActiveOnly, &["Default", "speech_1"]).await;
    check("name LIKE 'V%'", All, &["Vision"]).await;
    check("name LIKE 'v%'", All, &[]).await;
    check("name ILIKE 'v%'", All, &["Vision"]).await;
    check("name LIKE '%\\%'", All, &[]).await;
    check("name LIKE 'speech__'", All, &["speech_1"]).await;
    check("tags.team = 'a'", All, &["Vision"]).await;
    check("tags.team != 'a'", All, &["speech_1"]).await;
    check("tags.team IS NULL", All, &["Default", "gone%"]).await;
    check("tags.team IS NOT NULL AND name ILIKE '%S%' AND tags.team LIKE '_'", All, &["Vision", "speech_1"])
        .await;
    check("tags.`my key` = 'x'", All, &["Vision"]).await;
    check(&format!("experiment_id = '{vision}'"), All, &["Vision"]).await;
    check(&format!("experiment_id NOT IN ('{vision}', '{speech}')"), All, &["Default", "gone%"]).await;
    check("creation_time > 4000000000000", All, &[]).await;
    check("last_update_time <= 4000000000000 AND name = 'Vision'", All, &["Vision"]).await;

    let problem = problem(alice.search_experiments("nam = 'x'", &[], All, 10, "").await);
    assert_eq!((problem.code, problem.span), (Code::InvalidParameterValue, Some(0..3)));
}

async fn the_search_orders_and_pages(world: &World) {
    let alice = world.user("alice").await;
    for name in ["b", "a", "C", "_", "é"] {
        alice.experiment(name).await;
    }
    // By code point, on every database.
    let expected = ["C", "Default", "_", "a", "b", "é"];
    assert_eq!(names(&alice, "", &["name ASC"], ViewType::ActiveOnly).await, expected);
    let backwards: Vec<&str> = expected.iter().rev().copied().collect();
    assert_eq!(names(&alice, "", &["name DESC"], ViewType::ActiveOnly).await, backwards);

    let order = ["name".to_owned()];
    let (mut paged, mut token, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = alice.search_experiments("", &order, ViewType::ActiveOnly, 2, &token).await.unwrap();
        paged.extend(page.items.into_iter().map(|experiment| experiment.name));
        pages += 1;
        let Some(next) = page.next else { break };
        token = next;
    }
    assert_eq!((paged, pages), (expected.map(str::to_owned).to_vec(), 3));

    let search =
        async |max, token: &str| alice.search_experiments("", &order, ViewType::All, max, token).await;
    for max in [0, -1, 50_001, i64::MAX, i64::MIN] {
        check_code(search(max, "").await, Code::InvalidParameterValue);
    }
    check_code(search(10, "never a token").await, Code::InvalidParameterValue);
    check_code(
        alice
            .search_experiments("", &["name".to_owned(), "name DESC".to_owned()], ViewType::All, 10, "")
            .await,
        Code::InvalidParameterValue,
    );
}

async fn the_list_shows_what_was_used_last_first(world: &World) {
    let alice = world.user("alice").await;
    let (old, new) = (alice.experiment("old 100%").await, alice.experiment("new").await);
    let later = model::run::NewRun { start_time: 4_000_000_000_000, ..new_run(old) };
    let run = alice.create_run(later).await.unwrap().info.id;
    let deleted = alice.run_in(old).await;
    alice.delete_run(deleted).await.unwrap();
    let list = async |text: &str| {
        let rows = alice.list_experiments(text).await.unwrap();
        rows.into_iter().map(|row| (row.experiment.name, row.runs, row.last_run)).collect::<Vec<_>>()
    };
    assert_eq!(list("old").await, [("old 100%".to_owned(), 1, Some(4_000_000_000_000))]);
    assert_eq!(list("").await[0].0, "old 100%");
    assert_eq!(list(" NEW ").await, [("new".to_owned(), 0, None)]);
    assert_eq!(list("0%").await.len(), 1, "a percent sign stands for itself");
    assert_eq!(list("_").await.len(), 0, "so does an underscore");
    alice.delete_run(run).await.unwrap();
    assert_eq!(list("old").await, [("old 100%".to_owned(), 0, None)]);
    alice.delete_experiment(new).await.unwrap();
    assert_eq!(list("new").await, []);
}

async fn the_head_counts_active_runs(world: &World) {
    let alice = world.user("alice").await;
    let id = alice.experiment("vision").await;
    alice.run_in(id).await;
    let deleted = alice.run_in(id).await;
    alice.delete_run(deleted).await.unwrap();
    let head = alice.experiment_head(id).await.unwrap();
    assert_eq!((head.runs, head.permission), (1, Permission::Manage));
    assert_eq!(head.experiment, alice.get_experiment(id).await.unwrap());
}
