//! The model registry, as people and MLflow's clients use it.

use crate::world::*;
use model::{
    logged_model::NewModel,
    registry::{ModelVersion, NewVersion},
};

on_both_databases! {
    a_registered_model_is_created_found_and_changed,
    a_name_is_taken_once,
    versions_count_up_and_no_number_comes_back,
    stages_and_latest_versions,
    aliases_name_versions,
    a_rename_takes_everything_along,
    files_of_a_version_are_where_its_source_leads,
    a_version_of_a_logged_model_leads_to_its_files,
    a_version_can_be_copied,
    sources_must_lie_where_the_request_says,
    a_run_that_its_maker_may_not_read_is_not_linked,
    models_are_searched,
    versions_are_searched,
    prompts_keep_to_themselves,
    whoever_may_not_read_sees_nothing,
    many_versions_at_once_get_different_numbers,
}

/// The experiment that is always there.
const DEFAULT: ExperimentId = ExperimentId(0);

async fn create_model(acting: &User, source_run: Option<RunId>) -> ModelId {
    acting.create_model(NewModel { source_run, ..new_model(DEFAULT, "m") }).await.unwrap().id
}

async fn a_registered_model_is_created_found_and_changed(world: &World) {
    let acting = world.local();
    let tags = [tag("team", "vision"), tag("a", "1"), tag("a", "2")];
    let created = acting.create_registered_model("bert", &tags, "about").await.unwrap();
    assert_eq!(created.tags, [tag("a", "2"), tag("team", "vision")]);
    assert_eq!(acting.get_registered_model("bert").await.unwrap(), created);
    assert_eq!(acting.update_registered_model("bert", "more").await.unwrap().description, "more");
    acting.set_registered_model_tag("bert", &tag("team", "text")).await.unwrap();
    acting.delete_registered_model_tag("bert", "a").await.unwrap();
    acting.delete_registered_model_tag("bert", "not there").await.unwrap();
    assert_eq!(acting.get_registered_model("bert").await.unwrap().tags, [tag("team", "text")]);
    acting.create_version(new_version("bert", "s3://b/1")).await.unwrap();
    acting.set_version_tag("bert", 1, &tag("a", "b")).await.unwrap();
    acting.set_alias("bert", "champion", 1).await.unwrap();
    acting.delete_registered_model("bert").await.unwrap();
    let message = "Registered Model with name=bert not found";
    check_refused(acting.get_registered_model("bert").await, Code::ResourceDoesNotExist, message);
    check_refused(acting.delete_registered_model("bert").await, Code::ResourceDoesNotExist, message);
}

async fn a_name_is_taken_once(world: &World) {
    let acting = world.local();
    acting.create_registered_model("bert", &[], "").await.unwrap();
    acting.create_registered_model("roberta", &[], "").await.unwrap();
    let prompt = [tag("mlflow.prompt.is_prompt", "true")];
    acting.create_registered_model("greet", &prompt, "").await.unwrap();
    let taken = Code::ResourceAlreadyExists;
    let message = "Registered Model (name=bert) already exists.";
    check_refused(acting.create_registered_model("bert", &[], "").await, taken, message);
    check_refused(acting.rename_registered_model("roberta", "bert").await, taken, message);
    check_refused(
        acting.create_registered_model("greet", &prompt, "").await,
        taken,
        "Prompt (name=greet) already exists.",
    );
    let message = "Tried to create a registered model with name 'greet', but the name is already taken by a prompt. MLflow does not allow creating a model and a prompt with the same name.";
    check_refused(acting.create_registered_model("greet", &[], "").await, taken, message);
    let message = "Invalid model name 'a/b'. Names cannot contain '/' or ':'.";
    check_refused(acting.create_registered_model("a/b", &[], "").await, Code::InvalidParameterValue, message);
}

async fn versions_count_up_and_no_number_comes_back(world: &World) {
    let acting = world.local();
    acting.create_registered_model("bert", &[], "").await.unwrap();
    let first = acting.create_version(new_version("bert", "s3://b/1")).await.unwrap();
    let second = acting
        .create_version(NewVersion {
            tags: vec![tag("a", "1"), tag("a", "2")],
            run_link: "link".into(),
            description: "about".into(),
            ..new_version("bert", "s3://b/2")
        })
        .await
        .unwrap();
    assert_eq!((first.version, second.version), (1, 2));
    assert_eq!((second.stage.as_str(), second.run_link.as_str()), ("None", "link"));
    assert_eq!(second.tags, [tag("a", "2")]);
    assert_eq!(acting.get_version("bert", 2).await.unwrap(), second);
    assert_eq!(acting.download_uri("bert", 2).await.unwrap(), "s3://b/2");
    assert_eq!(acting.update_version("bert", 1, "x").await.unwrap().description, "x");
    acting.set_version_tag("bert", 1, &tag("k", "v")).await.unwrap();
    assert_eq!(acting.get_version("bert", 1).await.unwrap().tags, [tag("k", "v")]);
    acting.delete_version_tag("bert", 1, "k").await.unwrap();
    acting.delete_version_tag("bert", 1, "k").await.unwrap();
    acting.set_alias("bert", "champion", 2).await.unwrap();
    acting.delete_version("bert", 2).await.unwrap();
    assert_eq!(acting.get_registered_model("bert").await.unwrap().aliases, []);
    let message = "Model Version (name=bert, version=2) not found";
    let missing = Code::ResourceDoesNotExist;
    check_refused(acting.get_version("bert", 2).await, missing, message);
    check_refused(acting.delete_version("bert", 2).await, missing, message);
    check_refused(acting.update_version("bert", 2, "").await, missing, message);
    check_refused(acting.set_version_tag("bert", 2, &tag("a", "b")).await, missing, message);
    check_refused(acting.delete_version_tag("bert", 2, "a").await, missing, message);
    check_refused(acting.set_alias("bert", "x", 2).await, missing, message);
    check_refused(acting.transition_stage("bert", 2, "Staging", false).await, missing, message);
    check_refused(
        acting.get_version("none", 9).await,
        missing,
        "Model Version (name=none, version=9) not found",
    );
    assert_eq!(acting.create_version(new_version("bert", "s3://b/3")).await.unwrap().version, 3);
    let message = "Registered Model with name=none not found";
    check_refused(acting.create_version(new_version("none", "s3://b/3")).await, missing, message);
}

async fn stages_and_latest_versions(world: &World) {
    let acting = world.local();
    acting.create_registered_model("bert", &[], "").await.unwrap();
    for _ in 0..4 {
        acting.create_version(new_version("bert", "s3://b/x")).await.unwrap();
    }
    let stages = async |asked: &[&str]| -> Vec<(i64, String)> {
        let asked: Vec<String> = asked.iter().map(|stage| stage.to_string()).collect();
        let latest = acting.get_latest_versions("bert", &asked).await.unwrap();
        latest.into_iter().map(|version| (version.version, version.stage)).collect()
    };
    acting.transition_stage("bert", 1, "production", false).await.unwrap();
    acting.transition_stage("bert", 2, "Production", false).await.unwrap();
    assert_eq!(stages(&[]).await, [(2, "Production".into()), (4, "None".into())]);
    assert_eq!(acting.transition_stage("bert", 3, "PRODUCTION", true).await.unwrap().stage, "Production");
    assert_eq!(stages(&["production", "Archived"]).await, [(2, "Archived".into()), (3, "Production".into())]);
    assert_eq!(stages(&["Staging"]).await, []);
    let message =
        "Invalid Model Version stage: Foo. Value must be one of None, Staging, Production, Archived.";
    check_refused(
        acting.transition_stage("bert", 3, "Foo", false).await,
        Code::InvalidParameterValue,
        message,
    );
    let message = "Model version transition cannot archive existing model versions because 'None' is not an Active stage. Valid stages are ['Staging', 'Production']";
    check_refused(
        acting.transition_stage("bert", 3, "None", true).await,
        Code::InvalidParameterValue,
        message,
    );
}

async fn aliases_name_versions(world: &World) {
    let acting = world.local();
    acting.create_registered_model("bert", &[], "").await.unwrap();
    let message = "Latest version not found for model bert.";
    check_refused(acting.get_version_by_alias("bert", "latest").await, Code::ResourceDoesNotExist, message);
    for _ in 0..2 {
        acting.create_version(new_version("bert", "s3://b/x")).await.unwrap();
    }
    acting.set_alias("bert", "champion", 1).await.unwrap();
    acting.set_alias("bert", "other", 1).await.unwrap();
    assert_eq!(acting.get_version("bert", 1).await.unwrap().aliases, ["champion", "other"]);
    acting.set_alias("bert", "champion", 2).await.unwrap();
    assert_eq!(acting.get_version_by_alias("bert", "champion").await.unwrap().version, 2);
    assert_eq!(acting.get_version_by_alias("bert", "Latest").await.unwrap().version, 2);
    let aliases = acting.get_registered_model("bert").await.unwrap().aliases;
    let aliases: Vec<_> = aliases.iter().map(|alias| (alias.alias.as_str(), alias.version)).collect();
    assert_eq!(aliases, [("champion", 2), ("other", 1)]);
    acting.delete_alias("bert", "champion").await.unwrap();
    acting.delete_alias("bert", "champion").await.unwrap();
    let invalid = Code::InvalidParameterValue;
    check_refused(
        acting.get_version_by_alias("bert", "zz").await,
        invalid,
        "Registered model alias zz not found.",
    );
    let message = "'latest' alias name (case insensitive) is reserved.";
    check_refused(acting.set_alias("bert", "latest", 1).await, invalid, message);
}

async fn a_rename_takes_everything_along(world: &World) {
    let owner = world.user("owner").await;
    let other = world.user("other").await;
    owner.create_registered_model("bert", &[tag("a", "b")], "about").await.unwrap();
    owner.grant_registered_model("bert", "other", Permission::Edit).await.unwrap();
    owner.create_version(new_version("bert", "s3://b/1")).await.unwrap();
    owner.set_version_tag("bert", 1, &tag("k", "v")).await.unwrap();
    owner.set_alias("bert", "champion", 1).await.unwrap();
    let renamed = other.rename_registered_model("bert", "elmo").await.unwrap();
    assert_eq!((renamed.name.as_str(), renamed.description.as_str()), ("elmo", "about"));
    assert_eq!(renamed.tags, [tag("a", "b")]);
    let version = owner.get_version_by_alias("elmo", "champion").await.unwrap();
    assert_eq!((version.name.as_str(), version.tags), ("elmo", vec![tag("k", "v")]));
    assert_eq!(version.user, "owner");
    owner.delete_registered_model("elmo").await.unwrap();
}

async fn files_of_a_version_are_where_its_source_leads(world: &World) {
    let acting = world.local();
    let run = acting.run_in(DEFAULT).await;
    acting.create_registered_model("bert", &[], "").await.unwrap();
    for source in [
        format!("runs:/{run}/model"),
        format!("runs:/{run}"),
        format!("mlflow-artifacts:/0/{run}/artifacts/model"),
        "s3://bucket/model".to_owned(),
    ] {
        let new = NewVersion { run: Some(run), ..new_version("bert", &source) };
        acting.create_version(new).await.unwrap();
    }
    let file = async |version: i64, path: &str| acting.version_file_path("bert", version, path).await;
    let root = format!("0/{run}/artifacts");
    assert_eq!(file(1, "a/b.txt").await.unwrap(), format!("{root}/model/a/b.txt"));
    assert_eq!(file(2, "b.txt").await.unwrap(), format!("{root}/b.txt"));
    assert_eq!(file(3, "b.txt").await.unwrap(), format!("{root}/model/b.txt"));
    let elsewhere = "These artifacts are at s3://bucket/model, which clients open themselves.";
    check_refused(file(4, "b.txt").await, Code::InvalidParameterValue, elsewhere);
    check_refused(file(1, "../b.txt").await, Code::InvalidParameterValue, "Invalid path");
    check_code(file(5, "b.txt").await, Code::ResourceDoesNotExist);
}

async fn a_version_of_a_logged_model_leads_to_its_files(world: &World) {
    let acting = world.local();
    let run = acting.run_in(DEFAULT).await;
    let model = create_model(&acting, Some(run)).await;
    acting.create_registered_model("bert", &[], "").await.unwrap();
    let new = NewVersion { model: Some(model), ..new_version("bert", &format!("models:/{model}")) };
    let version = acting.create_version(new.clone()).await.unwrap();
    assert_eq!((version.run, version.model), (Some(run), Some(model)));
    assert_eq!(version.source, format!("models:/{model}"));
    let uri = format!("mlflow-artifacts:/0/models/{model}/artifacts");
    assert_eq!(acting.download_uri("bert", 1).await.unwrap(), uri);
    let file = format!("0/models/{model}/artifacts/MLmodel");
    assert_eq!(acting.version_file_path("bert", 1, "MLmodel").await.unwrap(), file);
    // The request needn't say the id twice.
    acting.create_version(NewVersion { model: None, ..new.clone() }).await.unwrap();
    let tags = acting.get_model(model, false).await.unwrap().tags;
    let noted = r#"[{"name":"bert","version":1},{"name":"bert","version":2}]"#;
    assert_eq!(tags, [tag("mlflow.modelVersions", noted)]);
    let stranger = create_model(&acting, None).await;
    let message = format!(
        "Invalid model version source: 'models:/{model}'. The model_id request parameter must identify the resource that contains the source."
    );
    let wrong = NewVersion { model: Some(stranger), ..new.clone() };
    check_refused(acting.create_version(wrong).await, Code::InvalidParameterValue, &message);
    acting.delete_model(model).await.unwrap();
    let message = format!("Logged model with ID '{model}' not found.");
    check_refused(acting.create_version(new).await, Code::ResourceDoesNotExist, &message);
    // What failed has taken no number.
    assert_eq!(acting.create_version(new_version("bert", "s3://b/1")).await.unwrap().version, 3);
}

async fn a_version_can_be_copied(world: &World) {
    let acting = world.local();
    let run = acting.run_in(DEFAULT).await;
    let model = create_model(&acting, Some(run)).await;
    acting.create_registered_model("draft", &[], "").await.unwrap();
    acting.create_registered_model("live", &[], "").await.unwrap();
    let new = NewVersion { model: Some(model), ..new_version("draft", &format!("models:/{model}")) };
    let draft = acting.create_version(new).await.unwrap();
    acting.set_alias("draft", "champion", 1).await.unwrap();
    for source in ["models:/draft/1", "models:/draft@champion", "models:/draft/latest", "models:/draft/none"]
    {
        let live = acting.create_version(new_version("live", source)).await.unwrap();
        assert_eq!(live.source, "models:/draft/1", "{source}");
        assert_eq!((live.run, live.model), (draft.run, draft.model));
        assert_eq!(live.storage_location, draft.storage_location);
    }
    let missing = "Model Version (name=draft, version=9) not found";
    let version = acting.create_version(new_version("live", "models:/draft/9")).await;
    check_refused(version, Code::ResourceDoesNotExist, missing);
    let other = acting.run_in(DEFAULT).await;
    let message = "Invalid model version source: 'models:/draft/1'. The run_id and model_id request parameters must match the referenced model version.";
    let new = NewVersion { run: Some(other), ..new_version("live", "models:/draft/1") };
    check_refused(acting.create_version(new).await, Code::InvalidParameterValue, message);
    // A copy outlives the logged model.
    acting.delete_model(model).await.unwrap();
    acting.create_version(new_version("live", "models:/draft/1")).await.unwrap();
}

async fn sources_must_lie_where_the_request_says(world: &World) {
    let acting = world.local();
    let run = acting.run_in(DEFAULT).await;
    let other = acting.run_in(DEFAULT).await;
    acting.create_registered_model("bert", &[], "").await.unwrap();
    let inside = format!("mlflow-artifacts:/0/{run}/artifacts/model");
    let runs = format!("runs:/{run}/model");
    let check = async |source: &str, run: Option<RunId>, allowed: bool| {
        let created = acting.create_version(NewVersion { run, ..new_version("bert", source) }).await;
        if allowed {
            assert_eq!(created.unwrap().run, run, "{source}");
        } else {
            let problem = problem(created);
            assert_eq!(problem.code, Code::InvalidParameterValue, "{source}");
            assert!(problem.message.starts_with(&format!("Invalid model version source: '{source}'.")));
        }
    };
    check(&inside, Some(run), true).await;
    check(&inside, Some(other), false).await;
    check(&inside, None, false).await;
    check(&inside, Some(no_run()), false).await;
    check(&runs, Some(run), true).await;
    check(&runs, Some(other), false).await;
    check(&runs, None, false).await;
    check("/etc", Some(run), false).await;
    check("/etc", None, false).await;
    check("file:///etc", None, false).await;
    check("s3://bucket/a/../b", None, false).await;
    check("s3://bucket/a", None, true).await;
    check("models:/m-0", None, false).await;
}

async fn a_run_that_its_maker_may_not_read_is_not_linked(world: &World) {
    let closed = world.closed().await;
    let (alice, bob) = (world.user("alice").await.on(&closed), world.user("bob").await.on(&closed));
    let experiment = alice.experiment("vision").await;
    let run = alice.run_in(experiment).await;
    bob.create_registered_model("his", &[], "").await.unwrap();
    bob.grant_registered_model("his", "alice", Permission::Read).await.unwrap();
    let names = |run: RunId| NewVersion { run: Some(run), ..new_version("his", "s3://bucket/model") };
    assert_eq!(bob.create_version(names(run)).await.unwrap().run, None);
    let source = format!("runs:/{run}/model");
    let new = NewVersion { run: Some(run), ..new_version("his", &source) };
    let version = bob.create_version(new).await.unwrap();
    assert_eq!((version.run, version.source), (None, source));
    assert_eq!(alice.run_lineage(run).await.unwrap().versions, []);
    // It may be another server's.
    assert_eq!(bob.create_version(names(no_run())).await.unwrap().run, Some(no_run()));
    // Whoever may read it links it, also one in the trash.
    alice.grant_experiment(experiment, "bob", Permission::Read).await.unwrap();
    assert_eq!(bob.create_version(names(run)).await.unwrap().run, Some(run));
    assert_eq!(alice.run_lineage(run).await.unwrap().versions.len(), 1);
    alice.delete_run(run).await.unwrap();
    assert_eq!(bob.create_version(names(run)).await.unwrap().run, Some(run));
    closed.close().await;
}

async fn models_are_searched(world: &World) {
    let acting = world.local();
    for (name, team) in [("Bert", "vision"), ("bert_2", "text"), ("elmo", "text"), ("50%\\x", "é")] {
        acting.create_registered_model(name, &[tag("team", team)], "").await.unwrap();
    }
    acting.create_version(new_version("elmo", "s3://b/1")).await.unwrap();
    let check = async |filter: &str, order: &[&str], expected: &[&str]| {
        let order: Vec<String> = order.iter().map(|order| order.to_string()).collect();
        let mut names = vec![];
        let mut token = String::new();
        loop {
            let page = acting.search_registered_models(filter, 2, &order, &token).await.unwrap();
            assert!(page.items.len() <= 2);
            names.extend(page.items.into_iter().map(|model| model.name));
            match page.next {
                Some(next) => token = next,
                None => break,
            }
        }
        assert_eq!(names, expected, "{filter} {order:?}");
    };
    check("", &[], &["50%\\x", "Bert", "bert_2", "elmo"]).await;
    check("", &["name DESC"], &["elmo", "bert_2", "Bert", "50%\\x"]).await;
    check("name LIKE 'bert%'", &[], &["bert_2"]).await;
    check("name ILIKE 'bert%'", &[], &["Bert", "bert_2"]).await;
    check("name ILIKE 'bert_'", &[], &[]).await;
    check("name LIKE '%\\x'", &[], &["50%\\x"]).await;
    check("name IN ('elmo', 'x')", &[], &["elmo"]).await;
    check("name NOT IN ('elmo', 'x')", &[], &["50%\\x", "Bert", "bert_2"]).await;
    check("tags.team = 'text' AND name != 'elmo'", &[], &["bert_2"]).await;
    check("tags.team ILIKE 'É'", &[], &[]).await;
    check("tags.team ILIKE 'é'", &[], &["50%\\x"]).await;
    check("tags.none != 'x'", &[], &[]).await;
    let newest = acting.search_registered_models("", 1, &["timestamp DESC".into()], "").await.unwrap();
    assert!(newest.next.is_some());
    let many = acting.search_registered_models("", 1001, &[], "").await;
    let message = "Invalid value 1001 for parameter 'max_results' supplied. It must be at most 1000";
    check_refused(many, Code::InvalidParameterValue, message);
    let found = acting.search_registered_models("name = 'elmo'", 10, &[], "").await.unwrap();
    assert_eq!(found.items[0].latest.len(), 1);
}

async fn versions_are_searched(world: &World) {
    let acting = world.local();
    let run = acting.run_in(DEFAULT).await;
    for name in ["a", "b"] {
        acting.create_registered_model(name, &[], "").await.unwrap();
        for number in 1..=3 {
            let new = NewVersion {
                run: (number == 2).then_some(run),
                tags: vec![tag("n", &number.to_string())],
                ..new_version(name, &format!("s3://{name}/{number}"))
            };
            acting.create_version(new).await.unwrap();
        }
    }
    acting.set_alias("a", "champion", 3).await.unwrap();
    let check = async |filter: &str, order: &[&str], expected: &[(&str, i64)]| {
        let order: Vec<String> = order.iter().map(|order| order.to_string()).collect();
        let mut found = vec![];
        let mut token = String::new();
        loop {
            let page = acting.search_versions(filter, 4, &order, &token).await.unwrap();
            found.extend(page.items.into_iter().map(|version| (version.name, version.version)));
            match page.next {
                Some(next) => token = next,
                None => break,
            }
        }
        let found: Vec<_> = found.iter().map(|(name, version)| (name.as_str(), *version)).collect();
        assert_eq!(found, expected, "{filter} {order:?}");
    };
    check("", &["name"], &[("a", 3), ("a", 2), ("a", 1), ("b", 3), ("b", 2), ("b", 1)]).await;
    check(
        "",
        &["version_number", "name DESC"],
        &[("b", 1), ("a", 1), ("b", 2), ("a", 2), ("b", 3), ("a", 3)],
    )
    .await;
    check("name = 'a'", &["name"], &[("a", 3), ("a", 2), ("a", 1)]).await;
    check("name = 'a' AND version_number >= 2", &["version_number"], &[("a", 2), ("a", 3)]).await;
    check(&format!("run_id = '{run}'"), &["name"], &[("a", 2), ("b", 2)]).await;
    check(&format!("run_id IN ('{run}')"), &["name"], &[("a", 2), ("b", 2)]).await;
    check(&format!("run_id != '{run}'"), &["name"], &[("a", 3), ("a", 1), ("b", 3), ("b", 1)]).await;
    check("run_id LIKE '_%'", &["name"], &[("a", 2), ("b", 2)]).await;
    check("source_path LIKE 's3://b%' AND tags.n = '1'", &[], &[("b", 1)]).await;
    let page = acting.search_versions("name = 'a'", 10, &[], "").await.unwrap();
    let champions: Vec<&ModelVersion> =
        page.items.iter().filter(|version| !version.aliases.is_empty()).collect();
    assert_eq!((champions.len(), champions[0].version), (1, 3));
}

async fn prompts_keep_to_themselves(world: &World) {
    let acting = world.local();
    let is_prompt = tag("mlflow.prompt.is_prompt", "true");
    acting.create_registered_model("bert", &[], "").await.unwrap();
    acting.create_registered_model("greet", std::slice::from_ref(&is_prompt), "").await.unwrap();
    acting.create_version(new_version("bert", "s3://b/1")).await.unwrap();
    let text = tag("mlflow.prompt.text", "Hello {{name}}");
    let new = NewVersion { tags: vec![is_prompt, text], ..new_version("greet", "dummy-source") };
    acting.create_version(new.clone()).await.unwrap();
    for (filter, expected) in [
        ("", "bert"),
        ("tags.`mlflow.prompt.is_prompt` = 'true'", "greet"),
        ("tags.`mlflow.prompt.is_prompt` != 'true'", "bert"),
        ("tags.`mlflow.prompt.is_prompt` = 'false'", "bert"),
    ] {
        let models = acting.search_registered_models(filter, 10, &[], "").await.unwrap().items;
        assert_eq!(
            models.iter().map(|model| model.name.as_str()).collect::<Vec<_>>(),
            [expected],
            "{filter}"
        );
        let versions = acting.search_versions(filter, 10, &[], "").await.unwrap().items;
        assert_eq!(
            versions.iter().map(|version| version.name.as_str()).collect::<Vec<_>>(),
            [expected],
            "{filter}"
        );
    }
    let message = "Invalid prompt source: 's3://b/1'. Prompt sources must use an MLflow placeholder.";
    let wrong = NewVersion { source: "s3://b/1".into(), ..new };
    check_refused(acting.create_version(wrong).await, Code::InvalidParameterValue, message);
    let message = "Invalid model version source: 'models:/greet/1'. Prompt versions cannot be used as model version sources.";
    let copy = acting.create_version(new_version("bert", "models:/greet/1")).await;
    check_refused(copy, Code::InvalidParameterValue, message);
}

async fn whoever_may_not_read_sees_nothing(world: &World) {
    let owner = world.user("owner").await;
    let other = world.user("other").await;
    owner.create_registered_model("bert", &[], "").await.unwrap();
    owner.create_registered_model("open", &[], "").await.unwrap();
    owner.create_version(new_version("bert", "s3://b/1")).await.unwrap();
    owner.set_alias("bert", "champion", 1).await.unwrap();
    // READ is the default.
    let denied = Code::PermissionDenied;
    let needs = |level: &str| format!("Permission denied: this needs {level}, and other has READ.");
    check_refused(other.create_version(new_version("bert", "s3://b/2")).await, denied, &needs("EDIT"));
    check_refused(other.set_alias("bert", "x", 1).await, denied, &needs("EDIT"));
    check_refused(other.delete_version("bert", 1).await, denied, &needs("MANAGE"));
    check_refused(other.delete_registered_model("bert").await, denied, &needs("MANAGE"));
    assert_eq!(other.get_version_by_alias("bert", "champion").await.unwrap().version, 1);
    owner.grant_registered_model("bert", "other", Permission::NoPermissions).await.unwrap();
    let missing = Code::ResourceDoesNotExist;
    let not_found = "Registered Model with name=bert not found";
    check_refused(other.get_registered_model("bert").await, missing, not_found);
    check_refused(other.get_version_by_alias("bert", "champion").await, missing, not_found);
    check_refused(other.delete_registered_model("bert").await, missing, not_found);
    check_refused(
        other.get_version("bert", 1).await,
        missing,
        "Model Version (name=bert, version=1) not found",
    );
    let found = other.search_registered_models("", 10, &[], "").await.unwrap().items;
    assert_eq!(found.iter().map(|model| model.name.as_str()).collect::<Vec<_>>(), ["open"]);
    assert_eq!(other.search_versions("", 10, &[], "").await.unwrap().items, []);
    other.create_registered_model("mine", &[], "").await.unwrap();
    let copy = other.create_version(new_version("mine", "models:/bert/1")).await;
    check_refused(copy, missing, not_found);
}

async fn many_versions_at_once_get_different_numbers(world: &World) {
    let acting = world.local();
    let model = create_model(&acting, None).await;
    acting.create_registered_model("bert", &[], "").await.unwrap();
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let acting = acting.clone();
            let new = new_version("bert", &format!("models:/{model}"));
            tokio::spawn(async move { acting.create_version(new).await.unwrap().version })
        })
        .collect();
    let mut numbers = vec![];
    for task in tasks {
        numbers.push(task.await.unwrap());
    }
    numbers.sort();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
    let tags = acting.get_model(model, false).await.unwrap().tags;
    let noted: Vec<serde_json::Value> = serde_json::from_str(&tags[0].value).unwrap();
    assert_eq!(noted.len(), 20);
}
