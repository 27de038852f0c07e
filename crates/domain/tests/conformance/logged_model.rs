//! Logged models, as MLflow's clients make and look for them.

use crate::world::*;
use domain::logged_model::{ModelOrder, ModelSearch};
use model::logged_model::{LoggedModel, ModelStatus, NewModel};

on_both_databases! {
    a_model_is_created_and_finalized,
    params_are_written_once,
    tags_are_set_and_deleted,
    a_deleted_model_is_not_there,
    what_is_not_allowed_is_refused,
    whoever_may_not_read_sees_nothing,
    filters_find,
    orders_sort,
    metrics_count_on_the_datasets_asked_for,
    pages_follow_each_other,
}

/// The experiment that is always there.
const DEFAULT: ExperimentId = ExperimentId(0);

async fn names(acting: &User, search: ModelSearch) -> Vec<String> {
    let search = ModelSearch { experiments: vec![DEFAULT], ..search };
    acting.search_models(&search).await.unwrap().items.into_iter().map(|model| model.name).collect()
}

/// Waits a moment, so that the next model is younger.
async fn create(acting: &User, new: NewModel) -> LoggedModel {
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    acting.create_model(new).await.unwrap()
}

async fn measure(acting: &User, run: RunId, model: ModelId, key: &str, value: f64, dataset: Option<&str>) {
    let dataset = dataset.map(|name| (name, "d1"));
    acting.logs(run, batch().measured(key, point(0, 1, value), model, dataset)).await;
}

async fn a_model_is_created_and_finalized(world: &World) {
    let acting = world.local();
    let run = acting.run_in(DEFAULT).await;
    let new = NewModel {
        model_type: Some("agent".into()),
        source_run: Some(run),
        params: vec![tag("lr", "0.1"), tag("depth", &"x".repeat(7000))],
        tags: vec![tag("team", "vision")],
        ..new_model(DEFAULT, "bert")
    };
    let model = acting.create_model(new).await.unwrap();
    assert_eq!(model.artifact_uri, format!("mlflow-artifacts:/0/models/{}/artifacts", model.id));
    assert_eq!((model.status, model.source_run), (ModelStatus::Pending, Some(run)));
    assert_eq!(model.model_type.as_deref(), Some("agent"));
    assert_eq!(model.params, [tag("depth", &"x".repeat(6000)), tag("lr", "0.1")]);
    assert_eq!(model.tags, [tag("team", "vision")]);
    let ready = acting.finalize_model(model.id, ModelStatus::Ready).await.unwrap();
    assert_eq!(ready.status, ModelStatus::Ready);
    assert_eq!(acting.get_model(model.id, false).await.unwrap(), ready);
    measure(&acting, run, model.id, "loss", f64::NAN, None).await;
    measure(&acting, run, model.id, "acc", 0.5, Some("test")).await;
    let metrics = acting.get_model(model.id, false).await.unwrap().metrics;
    assert_eq!((metrics[0].key.as_str(), metrics[0].point.value, metrics[0].run), ("acc", 0.5, run));
    assert_eq!(metrics[0].dataset, Some(("test".into(), "d1".into())));
    assert!(metrics[1].point.value.is_nan() && metrics[1].dataset.is_none());
    assert!(!acting.create_model(new_model(DEFAULT, "")).await.unwrap().name.is_empty());
}

async fn params_are_written_once(world: &World) {
    let acting = world.local();
    let id = acting.model_in(DEFAULT, "m").await.id;
    acting.log_model_params(id, vec![tag("a", "1")]).await.unwrap();
    acting.log_model_params(id, vec![]).await.unwrap();
    let message = format!(
        "Changing param values is not allowed. One of these params was logged already for the model with ID '{id}', or comes twice."
    );
    let again: Vec<Tag> = vec![tag("b", "2"), tag("a", "1")];
    check_refused(acting.log_model_params(id, again).await, Code::BadRequest, &message);
    check_refused(
        acting.log_model_params(id, vec![tag("c", "2"), tag("c", "2")]).await,
        Code::BadRequest,
        &message,
    );
    assert_eq!(acting.get_model(id, false).await.unwrap().params, [tag("a", "1")]);
}

async fn tags_are_set_and_deleted(world: &World) {
    let acting = world.local();
    let id = acting.model_in(DEFAULT, "m").await.id;
    acting.set_model_tags(id, &[tag("a", "1"), tag("b", "1"), tag("a", "2")]).await.unwrap();
    acting.set_model_tags(id, &[tag("b", "3")]).await.unwrap();
    assert_eq!(acting.get_model(id, false).await.unwrap().tags, [tag("a", "2"), tag("b", "3")]);
    acting.delete_model_tag(id, "a").await.unwrap();
    let message = format!("No tag with key 'a' found for model with ID '{id}'.");
    check_refused(acting.delete_model_tag(id, "a").await, Code::ResourceDoesNotExist, &message);
}

async fn a_deleted_model_is_not_there(world: &World) {
    let acting = world.local();
    let id = acting.model_in(DEFAULT, "m").await.id;
    acting.delete_model(id).await.unwrap();
    acting.delete_model(id).await.unwrap();
    let message = format!("Logged model with ID '{id}' not found.");
    let missing = Code::ResourceDoesNotExist;
    check_refused(acting.get_model(id, false).await, missing, &message);
    check_refused(acting.finalize_model(id, ModelStatus::Ready).await, missing, &message);
    check_refused(acting.set_model_tags(id, &[]).await, missing, &message);
    assert_eq!(acting.get_model(id, true).await.unwrap().id, id);
    assert!(names(&acting, ModelSearch::default()).await.is_empty());
    let none = no_model();
    check_refused(
        acting.delete_model(none).await,
        missing,
        &format!("Logged model with ID '{none}' not found."),
    );
}

async fn what_is_not_allowed_is_refused(world: &World) {
    let acting = world.local();
    assert!(acting.create_model(new_model(DEFAULT, "a/b")).await.is_err());
    let elsewhere = NewModel { experiment: ExperimentId(9), ..new_model(DEFAULT, "m") };
    check_refused(
        acting.create_model(elsewhere).await,
        Code::ResourceDoesNotExist,
        "No Experiment with id=9 exists",
    );
    let run = no_run();
    let orphan = NewModel { source_run: Some(run), ..new_model(DEFAULT, "m") };
    check_refused(
        acting.create_model(orphan).await,
        Code::ResourceDoesNotExist,
        &format!("Run with id={run} not found"),
    );
    let by_name = ModelOrder {
        field_name: "name".to_owned(),
        ascending: true,
        dataset_name: None,
        dataset_digest: None,
    };
    for search in [
        ModelSearch { filter: "nonsense".into(), ..ModelSearch::default() },
        ModelSearch { filter: "status = 'DONE'".into(), ..ModelSearch::default() },
        ModelSearch { max_results: -1, ..ModelSearch::default() },
        ModelSearch { page_token: "x".into(), ..ModelSearch::default() },
        ModelSearch { datasets: vec![(String::new(), None)], ..ModelSearch::default() },
        ModelSearch { datasets: vec![("d".to_owned(), None); 2000], ..ModelSearch::default() },
        ModelSearch { order_by: vec![by_name.clone(); 3000], ..ModelSearch::default() },
    ] {
        check_code(acting.search_models(&search).await, Code::InvalidParameterValue);
    }
}

async fn whoever_may_not_read_sees_nothing(world: &World) {
    let owner = world.user("owner").await;
    let other = world.user("other").await;
    let experiment = owner.create_experiment("private", "", &[]).await.unwrap();
    let id = owner.create_model(NewModel { experiment, ..new_model(DEFAULT, "m") }).await.unwrap().id;
    let search = ModelSearch { experiments: vec![experiment], ..ModelSearch::default() };
    assert_eq!(other.search_models(&search).await.unwrap().items.len(), 1);
    let denied = "Permission denied: this needs EDIT, and other has READ.";
    check_refused(other.set_model_tags(id, &[]).await, Code::PermissionDenied, denied);
    owner.grant_experiment(experiment, "other", Permission::Edit).await.unwrap();
    other.set_model_tags(id, &[]).await.unwrap();
    let denied = "Permission denied: this needs MANAGE, and other has EDIT.";
    check_refused(other.delete_model(id).await, Code::PermissionDenied, denied);
    owner.grant_experiment(experiment, "other", Permission::NoPermissions).await.unwrap();
    let message = format!("Logged model with ID '{id}' not found.");
    check_refused(other.get_model(id, true).await, Code::ResourceDoesNotExist, &message);
    assert_eq!(other.search_models(&search).await.unwrap().items, []);
    assert_eq!(owner.search_models(&search).await.unwrap().items.len(), 1);
}

async fn filters_find(world: &World) {
    let acting = world.local();
    let run = acting.run_in(DEFAULT).await;
    let one = create(
        &acting,
        NewModel {
            model_type: Some("agent".into()),
            source_run: Some(run),
            params: vec![tag("lr", "0.1")],
            ..new_model(DEFAULT, "one")
        },
    )
    .await;
    let two =
        create(&acting, NewModel { tags: vec![tag("team", "vision")], ..new_model(DEFAULT, "two") }).await;
    acting.finalize_model(two.id, ModelStatus::Ready).await.unwrap();
    measure(&acting, run, one.id, "loss", 0.5, None).await;
    measure(&acting, run, two.id, "loss", f64::NAN, None).await;
    let check = async |filter: &str, expected: &[&str]| {
        let found = names(&acting, ModelSearch { filter: filter.into(), ..ModelSearch::default() }).await;
        assert_eq!(found, expected, "{filter}");
    };
    check("", &["two", "one"]).await;
    check("name = 'one'", &["one"]).await;
    check("attributes.name LIKE 't%'", &["two"]).await;
    check("name ILIKE 'O%'", &["one"]).await;
    check("name IN ('one', 'two') AND name NOT IN ('one')", &["two"]).await;
    check(&format!("model_id = '{}'", one.id), &["one"]).await;
    check(&format!("model_id LIKE '%{}'", &one.id.to_string()[10..]), &["one"]).await;
    check("model_id LIKE 'm-%'", &["two", "one"]).await;
    check(&format!("source_run_id = '{run}'"), &["one"]).await;
    check("source_run_id != 'x'", &["two", "one"]).await;
    check(&format!("source_run_id != '{run}'"), &["two"]).await;
    check("model_type = 'agent'", &["one"]).await;
    check("model_type != 'agent'", &["two"]).await;
    check("status = 'READY'", &["two"]).await;
    check("status != 'READY'", &["one"]).await;
    check("status IN ('PENDING', 'FAILED')", &["one"]).await;
    check("status = 'UNSPECIFIED'", &[]).await;
    check("metrics.loss < 0.6", &["one"]).await;
    check("metrics.loss >= 0.6", &[]).await;
    check("metrics.loss != 0.5", &["two"]).await;
    check("params.lr = '0.1'", &["one"]).await;
    check("params.lr != '0.1'", &[]).await;
    check("tags.team LIKE 'vis%'", &["two"]).await;
    check(&format!("creation_time >= {}", two.created), &["two"]).await;
    check(&format!("last_updated_timestamp < {}", two.created), &["one"]).await;
    let elsewhere = ModelSearch { experiments: vec![ExperimentId(9)], ..ModelSearch::default() };
    assert_eq!(acting.search_models(&elsewhere).await.unwrap().items, []);
}

fn by(field_name: &str, ascending: bool) -> ModelOrder {
    ModelOrder { field_name: field_name.into(), ascending, dataset_name: None, dataset_digest: None }
}

async fn orders_sort(world: &World) {
    let acting = world.local();
    let run = acting.run_in(DEFAULT).await;
    for (name, loss, kind) in [
        ("a", Some(2.0), None),
        ("b", Some(1.0), Some("x")),
        ("c", None, Some("y")),
        ("d", Some(f64::NAN), None),
        ("e", Some(f64::INFINITY), None),
    ] {
        let new = NewModel { model_type: kind.map(str::to_owned), ..new_model(DEFAULT, name) };
        let id = create(&acting, new).await.id;
        if let Some(loss) = loss {
            measure(&acting, run, id, "loss", loss, None).await;
        }
        if name == "b" {
            acting.finalize_model(id, ModelStatus::Failed).await.unwrap();
        }
    }
    let check = async |orders: &[ModelOrder], expected: &str| {
        let search = ModelSearch { order_by: orders.to_vec(), ..ModelSearch::default() };
        assert_eq!(names(&acting, search).await.concat(), expected, "{orders:?}");
    };
    check(&[], "edcba").await;
    check(&[by("name", true)], "abcde").await;
    check(&[by("creation_time", true)], "abcde").await;
    check(&[by("last_updated_timestamp", false), by("name", true)], "edcba").await;
    check(&[by("metrics.loss", true)], "baedc").await;
    check(&[by("metrics.loss", false)], "eabdc").await;
    check(&[by("model_type", true)], "bceda").await;
    check(&[by("model_type", false)], "cbeda").await;
    check(&[by("source_run_id", false)], "edcba").await;
    check(&[by("status", false), by("name", true)], "bacde").await;
    let order_by = vec![by("model_id", true)];
    let search = ModelSearch { experiments: vec![DEFAULT], order_by, ..ModelSearch::default() };
    assert!(acting.search_models(&search).await.unwrap().items.is_sorted_by_key(|model| model.id));
}

async fn metrics_count_on_the_datasets_asked_for(world: &World) {
    let acting = world.local();
    let run = acting.run_in(DEFAULT).await;
    for (name, on_train, on_test) in [("a", 0.9, 0.1), ("b", 0.5, 0.2)] {
        let id = create(&acting, new_model(DEFAULT, name)).await.id;
        measure(&acting, run, id, "acc", on_train, Some("train")).await;
        measure(&acting, run, id, "acc", on_test, Some("test")).await;
    }
    create(&acting, new_model(DEFAULT, "c")).await;
    let check = async |filter: &str, datasets: &[(&str, Option<&str>)], expected: &str| {
        let datasets =
            datasets.iter().map(|(name, digest)| (name.to_string(), digest.map(str::to_owned))).collect();
        let search = ModelSearch { filter: filter.into(), datasets, ..ModelSearch::default() };
        assert_eq!(names(&acting, search).await.concat(), expected, "{filter}");
    };
    check("metrics.acc > 0.15", &[], "ba").await;
    check("metrics.acc > 0.15", &[("test", None)], "b").await;
    check("metrics.acc > 0.15", &[("test", Some("d1"))], "b").await;
    check("metrics.acc > 0.15", &[("test", Some("d2"))], "").await;
    check("metrics.acc > 0.15", &[("test", None), ("train", None)], "ba").await;
    check("", &[("test", None)], "ba").await;
    check("", &[("other", None)], "").await;
    let order = |dataset: &str| ModelOrder { dataset_name: Some(dataset.into()), ..by("metrics.acc", true) };
    let on_train = ModelSearch { order_by: vec![order("train")], ..ModelSearch::default() };
    assert_eq!(names(&acting, on_train).await.concat(), "bac");
    let on_test = ModelSearch { order_by: vec![order("test")], ..ModelSearch::default() };
    assert_eq!(names(&acting, on_test).await.concat(), "abc");
}

async fn pages_follow_each_other(world: &World) {
    let acting = world.local();
    for name in ["a", "b", "c", "d", "e"] {
        create(&acting, new_model(DEFAULT, name)).await;
    }
    let mut search = ModelSearch {
        experiments: vec![DEFAULT],
        filter: "name != 'd'".into(),
        order_by: vec![by("name", true)],
        max_results: 3,
        ..ModelSearch::default()
    };
    let first = acting.search_models(&search).await.unwrap();
    search.page_token = first.next.unwrap();
    let second = acting.search_models(&search).await.unwrap();
    assert_eq!(second.next, None);
    let both: Vec<String> = first.items.into_iter().chain(second.items).map(|model| model.name).collect();
    assert_eq!(both.concat(), "abce");
    let message = "Filter string in the page token does not match the requested filter string. Expected: name != 'c'. Found: name != 'd'";
    let other = ModelSearch { filter: "name != 'c'".into(), ..search.clone() };
    check_refused(acting.search_models(&other).await, Code::InvalidParameterValue, message);
    let other = ModelSearch { experiments: vec![ExperimentId(1)], ..search.clone() };
    assert!(acting.search_models(&other).await.is_err());
    let other = ModelSearch { order_by: vec![], ..search };
    assert!(acting.search_models(&other).await.is_err());
}
