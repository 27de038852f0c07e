//! What the pages of registered models show, and what is done on them.

use crate::world::*;
use model::{
    Permission::{Edit, Manage, NoPermissions, Read},
    logged_model::NewModel,
    page::{
        ArtifactRoot,
        registry::{
            RegisteredChange, RegisteredList, RegisteredPage, RegistryPage, RegistryQuestion, VersionChange,
            VersionPage,
        },
    },
    registry::NewVersion,
};

on_both_databases! {
    models_are_listed_with_their_versions,
    a_list_comes_in_pages,
    a_model_shows_its_versions_newest_first,
    a_version_tells_where_it_comes_from,
    files_are_found_where_they_are,
    whoever_may_not_see_a_run_sees_the_version,
    what_is_hidden_answers_as_what_is_not_there,
    a_model_is_changed,
    a_version_is_changed,
    a_logged_model_is_registered,
}

async fn list(user: &User, text: &str, by_change: bool, page: u64) -> RegisteredList {
    let asked = RegistryQuestion::List { text: text.to_owned(), by_change, page };
    match user.registry_page(&asked).await.unwrap() {
        RegistryPage::List(list) => list,
        other => panic!("{other:?}"),
    }
}

async fn names(user: &User, text: &str) -> Vec<String> {
    list(user, text, false, 0).await.rows.into_iter().map(|row| row.name).collect()
}

async fn ask_model(user: &User, name: &str) -> domain::Result<RegistryPage> {
    user.registry_page(&RegistryQuestion::Model { name: name.to_owned(), page: 0 }).await
}

async fn model_page(user: &User, name: &str) -> RegisteredPage {
    match ask_model(user, name).await.unwrap() {
        RegistryPage::Model(page) => *page,
        other => panic!("{other:?}"),
    }
}

async fn ask_version(user: &User, name: &str, version: i64) -> domain::Result<RegistryPage> {
    user.registry_page(&RegistryQuestion::Version { name: name.to_owned(), version }).await
}

async fn version_page(user: &User, name: &str, version: i64) -> VersionPage {
    match ask_version(user, name, version).await.unwrap() {
        RegistryPage::Version(page) => *page,
        other => panic!("{other:?}"),
    }
}

async fn models_are_listed_with_their_versions(world: &World) {
    let alice = world.user("alice").await;
    alice.create_registered_model("churn", &[], "# About churn\n\nAnd more.").await.unwrap();
    alice.create_registered_model("Elmo 50%", &[], "").await.unwrap();
    let prompt = [tag("mlflow.prompt.is_prompt", "true")];
    alice.create_registered_model("greeting", &prompt, "").await.unwrap();
    for number in 1..=3 {
        alice.create_version(new_version("churn", &format!("s3://b/{number}"))).await.unwrap();
    }
    alice.delete_version("churn", 2).await.unwrap();
    alice.set_alias("churn", "champion", 1).await.unwrap();
    let found = list(&alice, "", false, 0).await;
    assert!(!found.more);
    assert_eq!(names(&alice, "").await, ["Elmo 50%", "churn"]);
    let churn = &found.rows[1];
    assert_eq!((churn.about.as_str(), churn.versions, churn.latest), ("About churn", 2, Some(3)));
    assert_eq!(
        churn.aliases.iter().map(|a| (a.alias.as_str(), a.version)).collect::<Vec<_>>(),
        [("champion", 1)]
    );
    assert_eq!((found.rows[0].versions, found.rows[0].latest), (0, None));
    assert_eq!(names(&alice, "CHU").await, ["churn"]);
    assert_eq!(names(&alice, " 50% ").await, ["Elmo 50%"]);
    assert_eq!(names(&alice, "%").await, ["Elmo 50%"]);
    assert_eq!(names(&alice, "greet").await, Vec::<String>::new());
}

async fn a_list_comes_in_pages(world: &World) {
    let alice = world.user("alice").await;
    for number in 0..51 {
        alice.create_registered_model(&format!("m{number:02}"), &[], "").await.unwrap();
    }
    let first = list(&alice, "", false, 0).await;
    assert_eq!((first.rows.len(), first.more, first.rows[0].name.as_str()), (50, true, "m00"));
    let second = list(&alice, "", false, 1).await;
    assert_eq!((second.rows.len(), second.more, second.rows[0].name.as_str()), (1, false, "m50"));
    assert_eq!(list(&alice, "", false, u64::MAX).await.rows, []);
    // A later millisecond, so that it changed last.
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    alice.update_registered_model("m07", "new").await.unwrap();
    assert_eq!(list(&alice, "", true, 0).await.rows[0].name, "m07");
}

async fn a_model_shows_its_versions_newest_first(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let run = alice.run_named(experiment, "best").await;
    alice.create_registered_model("churn", &[tag("team", "shop")], "It **works**.").await.unwrap();
    let with_run =
        NewVersion { run: Some(run), description: "first".to_owned(), ..new_version("churn", "s3://b/1") };
    alice.create_version(with_run.clone()).await.unwrap();
    alice.create_version(new_version("churn", "s3://b/2")).await.unwrap();
    alice.create_version(with_run).await.unwrap();
    alice.set_alias("churn", "champion", 1).await.unwrap();
    let page = model_page(&alice, "churn").await;
    assert_eq!((page.name.as_str(), page.total, page.more), ("churn", 3, false));
    assert_eq!(page.note_html.trim(), "<p>It <strong>works</strong>.</p>");
    assert_eq!((page.permission, page.tags), (Manage, vec![tag("team", "shop")]));
    let numbers: Vec<_> = page.versions.iter().map(|row| row.version).collect();
    assert_eq!(numbers, [3, 2, 1]);
    let first = &page.versions[2];
    assert_eq!((first.user.as_str(), first.description.as_str()), ("alice", "first"));
    assert_eq!(
        (first.stage.as_str(), first.aliases.as_slice()),
        ("None", ["champion".to_owned()].as_slice())
    );
    let link = first.run.clone().unwrap();
    assert_eq!((link.id, link.experiment, link.name.as_str()), (run, experiment, "best"));
    assert_eq!(page.versions[0].run, first.run, "two versions may come from one run");
    assert!(page.versions[1].run.is_none() && !page.versions[1].run_hidden);
    for number in 4..=51 {
        alice.create_version(new_version("churn", &format!("s3://b/{number}"))).await.unwrap();
    }
    let page = model_page(&alice, "churn").await;
    assert_eq!((page.versions.len(), page.total, page.more), (50, 51, true));
}

async fn a_version_tells_where_it_comes_from(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let run = alice.run_named(experiment, "best").await;
    alice.logs(run, batch().metric("loss", 1, 0.5).param("depth", "3")).await;
    let new = NewModel { source_run: Some(run), ..new_model(experiment, "forest") };
    let logged = alice.create_model(new).await.unwrap();
    alice.create_registered_model("churn", &[], "").await.unwrap();
    alice.create_version(new_version("churn", &format!("models:/{}", logged.id))).await.unwrap();
    let page = version_page(&alice, "churn", 1).await;
    assert_eq!((page.version.version, page.version.run, page.permission), (1, Some(run), Manage));
    let from = page.run.unwrap();
    assert_eq!((from.experiment_name.as_str(), from.run.info.name.as_str()), ("vision", "best"));
    assert_eq!((from.run.metrics[0].last.value, from.run.params[0].value.as_str()), (0.5, "3"));
    let root = ArtifactRoot::Model(experiment, logged.id);
    let model = page.model.unwrap();
    assert_eq!((model.id, model.name.as_str(), model.files), (logged.id, "forest", root));
    assert_eq!(page.files, Some((root, String::new())));
    check_code(ask_version(&alice, "churn", 2).await, Code::ResourceDoesNotExist);
}

async fn files_are_found_where_they_are(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let run = alice.run_in(experiment).await;
    alice.create_registered_model("churn", &[], "").await.unwrap();
    let root = ArtifactRoot::Run(experiment, run);
    for (number, source, files) in [
        (1, format!("runs:/{run}/out/model"), Some((root, "out/model".to_owned()))),
        (
            2,
            format!("mlflow-artifacts:/{experiment}/{run}/artifacts/model"),
            Some((root, "model".to_owned())),
        ),
        (3, "s3://bucket/model".to_owned(), None),
    ] {
        alice.create_version(NewVersion { run: Some(run), ..new_version("churn", &source) }).await.unwrap();
        assert_eq!(version_page(&alice, "churn", number).await.files, files, "{source}");
    }
}

async fn whoever_may_not_see_a_run_sees_the_version(world: &World) {
    let closed = world.closed().await;
    let (alice, bob) = (world.user("alice").await.on(&closed), world.user("bob").await.on(&closed));
    let experiment = alice.experiment("vision").await;
    let run = alice.run_in(experiment).await;
    let new = NewModel { source_run: Some(run), ..new_model(experiment, "forest") };
    let logged = alice.create_model(new).await.unwrap();
    alice.create_registered_model("churn", &[], "").await.unwrap();
    alice.create_version(new_version("churn", &format!("models:/{}", logged.id))).await.unwrap();
    alice.grant_registered_model("churn", "bob", Read).await.unwrap();
    let row = model_page(&bob, "churn").await.versions.remove(0);
    assert!(row.run.is_none() && row.run_hidden);
    let page = version_page(&bob, "churn", 1).await;
    assert_eq!(page.version.run, Some(run));
    assert!(page.run.is_none() && page.model.is_none() && page.files.is_none());
    assert_eq!(page.permission, Read);
}

async fn what_is_hidden_answers_as_what_is_not_there(world: &World) {
    let closed = world.closed().await;
    let (alice, bob) = (world.user("alice").await.on(&closed), world.user("bob").await.on(&closed));
    alice.create_registered_model("churn", &[], "").await.unwrap();
    alice.create_version(new_version("churn", "s3://b/1")).await.unwrap();
    let hidden = problem(ask_model(&bob, "churn").await);
    assert_eq!(
        (hidden.code, hidden.message.as_str()),
        (Code::ResourceDoesNotExist, "Registered Model with name=churn not found")
    );
    check_refused(
        ask_version(&bob, "churn", 1).await,
        Code::ResourceDoesNotExist,
        "Model Version (name=churn, version=1) not found",
    );
    assert_eq!(names(&bob, "").await, Vec::<String>::new());
    check_code(bob.change_registered("churn", &RegisteredChange::Delete).await, Code::ResourceDoesNotExist);
    alice.grant_registered_model("churn", "bob", Read).await.unwrap();
    assert_eq!(names(&bob, "").await, ["churn"]);
    let describe = RegisteredChange::Describe("mine".to_owned());
    check_code(bob.change_registered("churn", &describe).await, Code::PermissionDenied);
    alice.grant_registered_model("churn", "bob", Edit).await.unwrap();
    bob.change_registered("churn", &describe).await.unwrap();
    let delete = RegisteredChange::Version(1, VersionChange::Delete);
    check_code(bob.change_registered("churn", &delete).await, Code::PermissionDenied);
    alice.grant_registered_model("churn", "bob", NoPermissions).await.unwrap();
    check_code(ask_model(&bob, "churn").await, Code::ResourceDoesNotExist);
}

async fn a_model_is_changed(world: &World) {
    let alice = world.user("alice").await;
    alice.create_registered_model("churn", &[], "").await.unwrap();
    let change = async |name: &str, change: RegisteredChange| {
        alice.change_registered(name, &change).await.unwrap();
    };
    change("churn", RegisteredChange::Describe("About".to_owned())).await;
    change("churn", RegisteredChange::SetTag(tag("team", "shop"))).await;
    change("churn", RegisteredChange::Rename(" churn 2 ".to_owned())).await;
    let page = model_page(&alice, "churn 2").await;
    assert_eq!(
        (page.description.as_str(), page.tags.as_slice()),
        ("About", [tag("team", "shop")].as_slice())
    );
    for _ in 0..2 {
        change("churn 2", RegisteredChange::SetTag(tag("team", ""))).await;
        assert_eq!(model_page(&alice, "churn 2").await.tags, []);
    }
    change("churn 2", RegisteredChange::Delete).await;
    check_code(ask_model(&alice, "churn 2").await, Code::ResourceDoesNotExist);
}

async fn a_version_is_changed(world: &World) {
    let alice = world.user("alice").await;
    alice.create_registered_model("churn", &[], "").await.unwrap();
    for number in 1..=2 {
        alice.create_version(new_version("churn", &format!("s3://b/{number}"))).await.unwrap();
    }
    let change = async |number: i64, change: VersionChange| {
        alice.change_registered("churn", &RegisteredChange::Version(number, change)).await.unwrap();
    };
    let stage = |archive: bool| VersionChange::Stage { stage: "Production".to_owned(), archive };
    change(1, stage(false)).await;
    change(2, stage(true)).await;
    change(2, VersionChange::SetAlias(" champion ".to_owned())).await;
    change(2, VersionChange::Describe("best".to_owned())).await;
    change(2, VersionChange::SetTag(tag("checked", "yes"))).await;
    let version = version_page(&alice, "churn", 2).await.version;
    assert_eq!((version.stage.as_str(), version.description.as_str()), ("Production", "best"));
    assert_eq!((version.aliases, version.tags), (vec!["champion".to_owned()], vec![tag("checked", "yes")]));
    assert_eq!(version_page(&alice, "churn", 1).await.version.stage, "Archived");
    change(2, VersionChange::DeleteAlias("champion".to_owned())).await;
    change(2, VersionChange::SetTag(tag("checked", ""))).await;
    let version = version_page(&alice, "churn", 2).await.version;
    assert!(version.aliases.is_empty() && version.tags.is_empty());
    change(2, VersionChange::Delete).await;
    check_code(ask_version(&alice, "churn", 2).await, Code::ResourceDoesNotExist);
}

async fn a_logged_model_is_registered(world: &World) {
    let closed = world.closed().await;
    let (alice, bob) = (world.user("alice").await.on(&closed), world.user("bob").await.on(&closed));
    let experiment = alice.experiment("vision").await;
    let run = alice.run_in(experiment).await;
    let new = NewModel { source_run: Some(run), ..new_model(experiment, "forest") };
    let logged = alice.create_model(new).await.unwrap();
    assert_eq!(alice.register_model(logged.id, " churn ").await.unwrap(), 1);
    assert_eq!(alice.register_model(logged.id, "churn").await.unwrap(), 2);
    let version = alice.get_version("churn", 2).await.unwrap();
    assert_eq!((version.run, version.model), (Some(run), Some(logged.id)));
    assert_eq!(version.source, format!("models:/{}", logged.id));
    // What can't be registered leaves no empty model behind.
    check_code(bob.register_model(logged.id, "his").await, Code::ResourceDoesNotExist);
    assert_eq!(names(&bob, "").await, Vec::<String>::new());
    alice.grant_experiment(experiment, "bob", Read).await.unwrap();
    check_refused(
        bob.register_model(logged.id, "churn").await,
        Code::ResourceAlreadyExists,
        "Registered Model (name=churn) already exists.",
    );
    alice.grant_registered_model("churn", "bob", Read).await.unwrap();
    check_code(bob.register_model(logged.id, "churn").await, Code::PermissionDenied);
    assert_eq!(bob.register_model(logged.id, "his").await.unwrap(), 1);
    let prompt = [tag("mlflow.prompt.is_prompt", "true")];
    alice.create_registered_model("greeting", &prompt, "").await.unwrap();
    check_code(alice.register_model(logged.id, "greeting").await, Code::ResourceAlreadyExists);
    check_code(alice.register_model(logged.id, "a/b").await, Code::InvalidParameterValue);
    check_code(alice.register_model(no_model(), "new").await, Code::ResourceDoesNotExist);
    check_code(ask_model(&alice, "new").await, Code::ResourceDoesNotExist);
}
