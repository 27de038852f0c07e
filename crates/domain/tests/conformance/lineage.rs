//! What a run comes from and what came of it, its pictures and tables, and whether somebody asks it to stop.

use crate::world::*;
use model::{
    Permission::Read,
    page::{ArtifactRoot, RunsChange, Total},
    registry::NewVersion,
    reproduce::Command,
    run::{ModelOutput, RunStatus, RunUpdate, tag as key},
    stop::read_stop_request,
};

on_both_databases! {
    runs_know_their_parent_and_their_children,
    versions_that_were_made_of_a_run_are_listed,
    what_the_caller_may_not_see_is_left_out,
    a_run_tells_how_it_may_be_done_again,
    pictures_are_found_by_key_and_step,
    a_logged_table_is_shown_as_one,
    a_run_is_asked_to_stop_and_not_any_more,
}

/// A run with these tags.
async fn tagged(user: &User, experiment: ExperimentId, name: &str, tags: &[(&str, &str)]) -> RunId {
    let run = user.run_named(experiment, name).await;
    let batch = tags.iter().fold(batch(), |batch, (key, value)| batch.tag(key, value));
    user.logs(run, batch).await;
    run
}

async fn nested(user: &User, experiment: ExperimentId, parent: RunId, name: &str) -> RunId {
    let parent = parent.to_string();
    tagged(user, experiment, name, &[(key::PARENT_RUN, parent.as_str())]).await
}

fn of_model(name: &str, model: ModelId) -> NewVersion {
    NewVersion { model: Some(model), ..new_version(name, &format!("models:/{model}")) }
}

async fn runs_know_their_parent_and_their_children(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("sweep").await;
    let parent = alice.run_named(experiment, "sweep").await;
    let alone = alice.run_lineage(parent).await.unwrap();
    assert_eq!((alone.parent, alone.children, alone.children_total), (None, vec![], Total::Exactly(0)));
    let mut children = Vec::new();
    for number in 0..3 {
        children.push(nested(&alice, experiment, parent, &format!("trial {number}")).await);
    }
    alice.delete_run(children.pop().unwrap()).await.unwrap();
    let lineage = alice.run_lineage(parent).await.unwrap();
    let mut found: Vec<RunId> = lineage.children.iter().map(|child| child.id).collect();
    found.sort();
    children.sort();
    assert_eq!((found, lineage.children_total), (children.clone(), Total::Exactly(2)));
    let lineage = alice.run_lineage(children[0]).await.unwrap();
    assert_eq!(lineage.parent.map(|parent| parent.name).as_deref(), Some("sweep"));
    for odd in ["", "no id", &no_run().to_string()] {
        let run = tagged(&alice, experiment, "odd", &[(key::PARENT_RUN, odd)]).await;
        assert_eq!(alice.run_lineage(run).await.unwrap().parent, None, "{odd}");
    }
    check_code(alice.run_lineage(no_run()).await, Code::ResourceDoesNotExist);
}

async fn versions_that_were_made_of_a_run_are_listed(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let (run, other) = (alice.run_in(experiment).await, alice.run_in(experiment).await);
    alice.create_registered_model("resnet", &[], "").await.unwrap();
    for of in [run, other, run] {
        let new = model::logged_model::NewModel { source_run: Some(of), ..new_model(experiment, "resnet") };
        let model = alice.create_model(new).await.unwrap().id;
        alice.create_version(NewVersion { run: Some(of), ..of_model("resnet", model) }).await.unwrap();
    }
    alice.set_alias("resnet", "champion", 3).await.unwrap();
    let versions = alice.run_lineage(run).await.unwrap().versions;
    let mut found: Vec<_> =
        versions.into_iter().map(|version| (version.name, version.version, version.aliases)).collect();
    found.sort();
    assert_eq!(
        found,
        [("resnet".to_owned(), 1, vec![]), ("resnet".to_owned(), 3, vec!["champion".to_owned()]),]
    );
}

async fn what_the_caller_may_not_see_is_left_out(world: &World) {
    let closed = world.closed().await;
    let (alice, bob) = (world.user("alice").await.on(&closed), world.user("bob").await.on(&closed));
    let (hidden, shown) = (alice.experiment("hidden").await, alice.experiment("shown").await);
    let parent = alice.run_in(hidden).await;
    let run = nested(&alice, shown, parent, "child").await;
    let elsewhere = nested(&alice, hidden, run, "of another experiment").await;
    alice.create_registered_model("secret", &[], "").await.unwrap();
    let model = alice.model_in(shown, "model").await.id;
    alice.create_version(NewVersion { run: Some(run), ..of_model("secret", model) }).await.unwrap();
    check_code(bob.run_lineage(run).await, Code::ResourceDoesNotExist);
    alice.grant_experiment(shown, "bob", Read).await.unwrap();
    let seen = bob.run_lineage(run).await.unwrap();
    assert_eq!((seen.parent, seen.versions, seen.children), (None, vec![], vec![]));
    let all = alice.run_lineage(run).await.unwrap();
    assert_eq!(all.parent.map(|parent| parent.id), Some(parent));
    assert_eq!(all.versions.len(), 1);
    assert_eq!(alice.run_lineage(elsewhere).await.unwrap().parent.map(|parent| parent.id), Some(run));
    closed.close().await;
}

async fn a_run_tells_how_it_may_be_done_again(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let nothing = alice.run_in(experiment).await;
    assert_eq!(alice.run_lineage(nothing).await.unwrap().reproduction, None);
    let tags = [(key::SOURCE_NAME, "train.py"), (key::GIT_REPO, "https://example.org/a/b")];
    let run = tagged(&alice, experiment, "run", &tags).await;
    alice.logs(run, batch().param("lr", "0.1")).await;
    let lines = async || alice.run_lineage(run).await.unwrap().reproduction.unwrap();
    let found = lines().await;
    assert_eq!(found.shell, "git clone -- https://example.org/a/b b\ncd b\npython train.py --lr 0.1");
    assert_eq!((found.command, found.fetches), (Command::Guessed, false));

    let model = alice.model_in(experiment, "model").await;
    let root = ArtifactRoot::Model(experiment, model.id);
    let path = alice.artifact_path(root, "requirements.txt").await.unwrap();
    alice.uploads(&path, b"torch").await;
    alice.log_outputs(run, &[ModelOutput { model: model.id, step: 0 }]).await.unwrap();
    assert!(lines().await.shell.contains(&format!("--artifact-uri=models:/{}/requirements.txt", model.id)));
    alice.uploads(&format!("{experiment}/{run}/artifacts/model/conda.yaml"), b"name: x").await;
    assert!(lines().await.shell.contains("--artifact-path=model/conda.yaml"));
    alice.uploads(&format!("{experiment}/{run}/artifacts/requirements.txt"), b"torch").await;
    assert!(lines().await.shell.contains("--artifact-path=requirements.txt"));
}

async fn pictures_are_found_by_key_and_step(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let run = alice.run_in(experiment).await;
    assert_eq!(alice.logged_images(run).await.unwrap().series, []);
    assert!(!alice.run_page(run).await.unwrap().has_images);
    for name in [
        "cat+step+2+timestamp+1+g1.png",
        "cat+step+10+timestamp+2+g2.png",
        "notes.txt",
        "deep/cat+step+3+timestamp+1+g3.png",
    ] {
        alice.uploads(&format!("{experiment}/{run}/artifacts/images/{name}"), b"picture").await;
    }
    let found = alice.logged_images(run).await.unwrap();
    assert_eq!((found.series.len(), found.is_more), (1, false));
    let steps: Vec<i64> = found.series[0].images.iter().map(|image| image.step).collect();
    assert_eq!((found.series[0].key.as_str(), steps), ("cat", vec![2, 10]));
    assert!(alice.run_page(run).await.unwrap().has_images);
    let told = tagged(&alice, experiment, "told", &[(key::LOGGED_IMAGES, "True")]).await;
    assert!(alice.run_page(told).await.unwrap().has_images);
    check_code(alice.logged_images(no_run()).await, Code::ResourceDoesNotExist);
}

async fn a_logged_table_is_shown_as_one(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let run = alice.run_in(experiment).await;
    let root = ArtifactRoot::Run(experiment, run);
    let uploaded = async |name: &str, text: &str| {
        alice.uploads(&format!("{experiment}/{run}/artifacts/{name}"), text.as_bytes()).await;
        alice.artifact_text(root, name).await.unwrap()
    };
    let text = r#"{"columns": ["a", "b"], "data": [[1, "x"]]}"#;
    let shown = uploaded("table.json", text).await;
    let table = shown.table.unwrap();
    assert_eq!((table.columns, table.size), (vec!["a".to_owned(), "b".to_owned()], (1, 2)));
    assert_eq!(table.rows, [["1", "x"]]);
    assert_eq!(shown.text, "");
    let plain = uploaded("table.txt", text).await;
    assert_eq!((plain.table, plain.text.as_str()), (None, text));
    assert_eq!(uploaded("other.json", "[1]").await.text, "[1]");
}

async fn a_run_is_asked_to_stop_and_not_any_more(world: &World) {
    let closed = world.closed().await;
    let (alice, bob) = (world.user("alice").await.on(&closed), world.user("bob").await.on(&closed));
    let experiment = alice.experiment("vision").await;
    alice.grant_experiment(experiment, "bob", Read).await.unwrap();
    let run = alice.run_in(experiment).await;
    let change = async |user: &User, change: RunsChange| {
        let done = user.change_runs(&[run], &change).await.unwrap();
        done.refused.into_iter().map(|(_, problem)| problem.code).next()
    };
    let asked = async || alice.sees(run).await.tag(key::STOP_REQUESTED).map(str::to_owned);
    assert_eq!(change(&bob, RunsChange::AskToStop).await, Some(Code::PermissionDenied));
    assert_eq!(change(&alice, RunsChange::AskToStop).await, None);
    let value = asked().await.unwrap();
    let (who, when) = read_stop_request(&value);
    assert_eq!((who, when.len()), ("alice", "2026-11-22T06:30:00Z".len()));
    assert_eq!(change(&bob, RunsChange::LetRun).await, Some(Code::PermissionDenied));
    for _ in 0..2 {
        assert_eq!(change(&alice, RunsChange::LetRun).await, None);
        assert_eq!(asked().await, None);
    }
    let ended = RunUpdate { status: Some(RunStatus::Finished), ..RunUpdate::default() };
    alice.update_run(run, &ended).await.unwrap();
    assert_eq!(change(&alice, RunsChange::AskToStop).await, Some(Code::InvalidParameterValue));
    closed.close().await;
}
