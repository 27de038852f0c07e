//! Versions of a registered model side by side.

use crate::world::*;
use model::{
    Permission::Read,
    compared::EnvironmentLine,
    logged_model::NewModel,
    page::registry::{RegistryPage, RegistryQuestion, VERSIONS_COMPARED, VersionComparison},
    registry::NewVersion,
};

on_both_databases! {
    versions_are_compared_with_their_runs_and_files,
    versions_are_named_once_and_in_order,
    few_versions_are_compared,
    whoever_may_not_see_a_run_compares_what_the_registry_knows,
    what_is_hidden_is_compared_with_nothing,
}

async fn ask(user: &User, name: &str, versions: &[i64]) -> domain::Result<RegistryPage> {
    let asked = RegistryQuestion::Compare { name: name.to_owned(), versions: versions.to_vec() };
    user.registry_page(&asked).await
}

async fn compared(user: &User, name: &str, versions: &[i64]) -> VersionComparison {
    match ask(user, name, versions).await.unwrap() {
        RegistryPage::Compare(page) => *page,
        other => panic!("{other:?}"),
    }
}

fn lines(lines: &[EnvironmentLine]) -> Vec<String> {
    let text = |line: &EnvironmentLine| {
        let values: Vec<&str> = line.values.iter().map(|value| value.as_deref().unwrap_or("-")).collect();
        format!("{}: {}{}", line.name, values.join(" | "), if line.differs { " !" } else { "" })
    };
    lines.iter().map(text).collect()
}

/// A version of a model that a run made, with these files.
async fn version_of(user: &User, experiment: ExperimentId, run: RunId, files: &[(&str, &str)]) {
    let new = NewModel { source_run: Some(run), ..new_model(experiment, "forest") };
    let id = user.create_model(new).await.unwrap().id;
    for (path, content) in files {
        user.uploads(&format!("{experiment}/models/{id}/artifacts/{path}"), content.as_bytes()).await;
    }
    user.create_version(new_version("churn", &format!("models:/{id}"))).await.unwrap();
}

fn mlmodel(inputs: &str) -> String {
    format!(
        "flavors:\n  sklearn:\n    code: null\nsignature:\n  inputs: '{inputs}'\n  outputs: null\n  params: null\n"
    )
}

async fn versions_are_compared_with_their_runs_and_files(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let (one, two) = (alice.run_named(experiment, "one").await, alice.run_named(experiment, "two").await);
    alice.logs(one, batch().metric("loss", 1, 0.5).param("depth", "3")).await;
    alice.logs(two, batch().metric("loss", 1, 0.4).param("depth", "4")).await;
    alice.create_registered_model("churn", &[], "").await.unwrap();
    let age = mlmodel(r#"[{"type": "long", "name": "age", "required": true}]"#);
    let both = mlmodel(r#"[{"type": "double", "name": "age"}, {"type": "string", "name": "city"}]"#);
    version_of(
        &alice,
        experiment,
        one,
        &[("MLmodel", age.as_str()), ("requirements.txt", "numpy==1\nsix==1\n")],
    )
    .await;
    version_of(
        &alice,
        experiment,
        two,
        &[("MLmodel", both.as_str()), ("requirements.txt", "numpy==2\nsix==1\n")],
    )
    .await;
    alice.create_version(new_version("churn", "s3://bucket/model")).await.unwrap();
    alice.set_alias("churn", "champion", 2).await.unwrap();
    alice.set_version_tag("churn", 1, &tag("checked", "yes")).await.unwrap();

    let page = compared(&alice, "churn", &[2, 1, 3]).await;
    assert_eq!((page.name.as_str(), page.missing), ("churn", vec![]));
    let numbers: Vec<i64> = page.versions.iter().map(|version| version.version.version).collect();
    assert_eq!(numbers, [2, 1, 3]);
    assert_eq!(page.versions[0].version.aliases, ["champion"]);
    assert_eq!(page.versions[1].version.tags, [tag("checked", "yes")]);
    let runs: Vec<_> = page.runs.iter().map(|run| (run.run.info.id, run.run.metrics[0].last.value)).collect();
    assert_eq!(runs, [(two, 0.4), (one, 0.5)]);
    assert_eq!(lines(&page.inputs), ["age: double | long | - !", "city: string | - | - !"]);
    assert!(page.outputs.is_empty() && page.params.is_empty());
    assert_eq!(lines(&page.packages), ["numpy: 2 | 1 | - !", "six: 1 | 1 | -"]);
    let told: Vec<_> =
        page.versions.iter().map(|of| (of.has_signature, of.files.len(), of.run_hidden)).collect();
    assert_eq!(told, [(true, 1, false), (true, 1, false), (false, 0, false)]);
}

async fn versions_are_named_once_and_in_order(world: &World) {
    let alice = world.user("alice").await;
    let name = "50% of that";
    alice.create_registered_model(name, &[], "").await.unwrap();
    let run = alice.run_in(alice.experiment("vision").await).await;
    for number in 1..=3 {
        let new = NewVersion { run: Some(run), ..new_version(name, &format!("s3://b/{number}")) };
        alice.create_version(new).await.unwrap();
    }
    let page = compared(&alice, name, &[3, 9, 1, 3]).await;
    let numbers: Vec<i64> = page.versions.iter().map(|version| version.version.version).collect();
    assert_eq!((numbers, page.missing), (vec![3, 1], vec![9]));
    assert_eq!(page.runs.len(), 1, "two versions of one run");
    let nothing = compared(&alice, name, &[]).await;
    assert!(nothing.versions.is_empty() && nothing.runs.is_empty());
}

async fn few_versions_are_compared(world: &World) {
    let alice = world.user("alice").await;
    alice.create_registered_model("churn", &[], "").await.unwrap();
    let most = i64::try_from(VERSIONS_COMPARED).unwrap();
    let numbers: Vec<i64> = (1..=most + 1).collect();
    let message = "At most 20 versions are compared, and these are 21.";
    check_refused(ask(&alice, "churn", &numbers).await, Code::InvalidParameterValue, message);
    assert_eq!(compared(&alice, "churn", &numbers[1..]).await.missing.len(), VERSIONS_COMPARED);
}

async fn whoever_may_not_see_a_run_compares_what_the_registry_knows(world: &World) {
    let closed = world.closed().await;
    let (alice, bob) = (world.user("alice").await.on(&closed), world.user("bob").await.on(&closed));
    let (hidden, shown) = (alice.experiment("hidden").await, alice.experiment("shown").await);
    let (secret, open) = (alice.run_in(hidden).await, alice.run_in(shown).await);
    alice.create_registered_model("churn", &[], "").await.unwrap();
    let age = mlmodel(r#"[{"type": "long", "name": "age"}]"#);
    version_of(&alice, hidden, secret, &[("MLmodel", age.as_str()), ("requirements.txt", "six==1")]).await;
    version_of(&alice, shown, open, &[("MLmodel", age.as_str()), ("requirements.txt", "six==2")]).await;
    alice.set_version_tag("churn", 1, &tag("checked", "yes")).await.unwrap();
    alice.grant_registered_model("churn", "bob", Read).await.unwrap();
    alice.grant_experiment(shown, "bob", Read).await.unwrap();

    let page = compared(&bob, "churn", &[1, 2]).await;
    let first = &page.versions[0];
    assert!(first.run_hidden && !first.has_signature && first.files.is_empty());
    assert_eq!(
        (first.version.user.as_str(), first.version.tags.as_slice()),
        ("alice", [tag("checked", "yes")].as_slice())
    );
    assert_eq!((first.version.source.as_str(), first.version.storage_location.as_str()), ("", ""));
    let runs: Vec<RunId> = page.runs.iter().map(|run| run.run.info.id).collect();
    assert_eq!(runs, [open]);
    assert_eq!(lines(&page.packages), ["six: - | 2"]);
    assert_eq!(lines(&page.inputs), ["age: - | long"]);
    assert_eq!(compared(&alice, "churn", &[1, 2]).await.runs.len(), 2);
}

async fn what_is_hidden_is_compared_with_nothing(world: &World) {
    let closed = world.closed().await;
    let (alice, bob) = (world.user("alice").await.on(&closed), world.user("bob").await.on(&closed));
    alice.create_registered_model("churn", &[], "").await.unwrap();
    alice.create_version(new_version("churn", "s3://b/1")).await.unwrap();
    let message = "Registered Model with name=churn not found";
    check_refused(ask(&bob, "churn", &[1]).await, Code::ResourceDoesNotExist, message);
    check_code(ask(&bob, "a/b", &[1]).await, Code::InvalidParameterValue);
    closed.close().await;
}
