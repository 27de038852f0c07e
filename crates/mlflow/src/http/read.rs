//! What a server answers, as records.

use crate::{Error, Page, Result, latest, unclamped, with_one_name};
use model::{
    ModelId, RunId,
    experiment::{Experiment, Lifecycle},
    import::ModelRecord,
    logged_model::{LoggedModel, ModelMetric, ModelStatus},
    metric::{MetricSummary, Point},
    registry::{Alias, ModelVersion, RegisteredModel},
    run::{Dataset, DatasetInput, ModelOutput, Run, RunInfo, RunStatus, Tag},
};
use serde_json::Value;

/// The list of this name; what is empty isn't said.
pub(super) fn list<'a>(of: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    of[name].as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

/// From where the next page goes on.
pub(super) fn next(answer: &Value) -> Option<String> {
    answer["next_page_token"].as_str().filter(|token| !token.is_empty()).map(str::to_owned)
}

/// A page of what can be read; `Err` in `read` is why something can't be taken over.
pub(super) fn page<T>(answer: &Value, name: &str, read: fn(&Value) -> Result<T, String>) -> Result<Page<T>> {
    let mut page = Page { items: Vec::new(), skipped: Vec::new(), next: next(answer) };
    for item in list(answer, name) {
        match read(item) {
            Ok(item) => page.items.push(item),
            Err(why) => page.skipped.push(why),
        }
    }
    Ok(page)
}

pub(crate) fn text(of: &Value, name: &str) -> String {
    of[name].as_str().unwrap_or_default().to_owned()
}

pub(crate) fn maybe(of: &Value, name: &str) -> Option<String> {
    of[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A whole number, also as a text.
pub(crate) fn whole(of: &Value, name: &str) -> Option<i64> {
    of[name].as_i64().or_else(|| of[name].as_str().and_then(|text| text.parse().ok()))
}

/// A number, also as a text: NaN and infinities are.
fn number(of: &Value, name: &str) -> Option<f64> {
    match &of[name] {
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            text => text.parse().ok(),
        },
        value => value.as_f64(),
    }
    .map(unclamped)
}

fn texts(of: &Value, name: &str) -> Vec<Tag> {
    let mut found: Vec<Tag> =
        list(of, name).map(|tag| Tag { key: text(tag, "key"), value: text(tag, "value") }).collect();
    found.sort_by(|a, b| a.key.cmp(&b.key));
    found
}

fn lifecycle(of: &Value) -> Lifecycle {
    of["lifecycle_stage"].as_str().and_then(|stage| stage.parse().ok()).unwrap_or(Lifecycle::Active)
}

fn point(of: &Value) -> Option<Point> {
    Some(Point {
        step: whole(of, "step").unwrap_or_default(),
        timestamp: whole(of, "timestamp")?,
        value: number(of, "value")?,
    })
}

/// The points of a part of a history.
pub(super) fn points(answer: &Value) -> Result<Vec<Point>> {
    let broken = |of: &Value| Error::Said(format!("the MLflow server tells of a point that is none: {of}"));
    list(answer, "metrics").map(|of| point(of).ok_or_else(|| broken(of))).collect()
}

/// What is in a folder of artifacts: names, sizes, and whether it is a folder.
pub(super) fn files(answer: &Value) -> Vec<(String, Option<u64>, bool)> {
    let files = list(answer, "files").map(|of| {
        let path = text(of, "path");
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        let is_folder = of["is_dir"].as_bool().unwrap_or_default();
        (name, whole(of, "file_size").and_then(|size| u64::try_from(size).ok()), is_folder)
    });
    files.collect()
}

pub(super) fn experiment(of: &Value) -> Result<Experiment, String> {
    let id = text(of, "experiment_id");
    let created = whole(of, "creation_time").unwrap_or_default();
    Ok(Experiment {
        id: id.parse().map_err(|_| format!("experiment '{id}': its id is no number"))?,
        name: text(of, "name"),
        artifact_location: text(of, "artifact_location"),
        lifecycle: lifecycle(of),
        created,
        updated: whole(of, "last_update_time").unwrap_or(created),
        tags: texts(of, "tags"),
    })
}

pub(super) fn run(of: &Value) -> Result<Run, String> {
    let (info, data) = (&of["info"], &of["data"]);
    let id = text(info, "run_id");
    let wrong = |what: &str| format!("run '{id}': {what} is not of the usual form");
    // Of metrics the last points are told; their histories are asked for later.
    let last = list(data, "metrics").filter_map(|of| Some((text(of, "key"), point(of)?)));
    let made = list(&of["outputs"], "model_outputs").filter_map(|of| {
        let model = text(of, "model_id").parse().ok()?;
        Some(ModelOutput { model, step: whole(of, "step").unwrap_or_default() })
    });
    Ok(with_one_name(Run {
        metrics: last.map(|(key, point)| MetricSummary::of(&key, point)).collect(),
        params: texts(data, "params"),
        tags: texts(data, "tags"),
        datasets: list(&of["inputs"], "dataset_inputs").map(dataset).collect(),
        model_inputs: models_used(of),
        model_outputs: made.collect(),
        info: RunInfo {
            id: id.parse().map_err(|_| wrong("its id"))?,
            experiment: text(info, "experiment_id").parse().map_err(|_| wrong("its experiment's id"))?,
            name: text(info, "run_name"),
            user: text(info, "user_id"),
            status: text(info, "status").parse().unwrap_or(RunStatus::Running),
            start_time: whole(info, "start_time").unwrap_or_default(),
            end_time: whole(info, "end_time"),
            artifact_uri: text(info, "artifact_uri"),
            lifecycle: lifecycle(info),
        },
    }))
}

/// The models that a run used.
pub(super) fn models_used(run: &Value) -> Vec<ModelId> {
    list(&run["inputs"], "model_inputs").filter_map(|of| text(of, "model_id").parse().ok()).collect()
}

fn dataset(of: &Value) -> DatasetInput {
    let dataset = &of["dataset"];
    DatasetInput {
        dataset: Dataset {
            name: text(dataset, "name"),
            digest: text(dataset, "digest"),
            source_type: text(dataset, "source_type"),
            source: text(dataset, "source"),
            schema: maybe(dataset, "schema"),
            profile: maybe(dataset, "profile"),
        },
        tags: texts(of, "tags"),
    }
}

pub(super) fn model(of: &Value) -> Result<ModelRecord, String> {
    let (info, data) = (&of["info"], &of["data"]);
    let id = text(info, "model_id");
    let wrong = |what: &str| format!("logged model '{id}': {what} is not of the usual form");
    let created = whole(info, "creation_timestamp_ms").unwrap_or_default();
    let measured = list(data, "metrics").filter_map(|of| {
        let dataset = maybe(of, "dataset_name");
        Some(ModelMetric {
            key: text(of, "key"),
            point: point(of)?,
            run: text(of, "run_id").parse::<RunId>().ok()?,
            dataset: dataset.map(|name| (name, text(of, "dataset_digest"))),
        })
    });
    let status = text(info, "status");
    let word = status.strip_prefix("LOGGED_MODEL_").unwrap_or(&status);
    let word = if word == "UPLOAD_FAILED" { "FAILED" } else { word };
    Ok(ModelRecord {
        lifecycle: lifecycle(info),
        model: LoggedModel {
            id: id.parse().map_err(|_| wrong("its id"))?,
            experiment: text(info, "experiment_id").parse().map_err(|_| wrong("its experiment's id"))?,
            name: text(info, "name"),
            created,
            updated: whole(info, "last_updated_timestamp_ms").unwrap_or(created),
            artifact_uri: text(info, "artifact_uri"),
            status: ModelStatus::from_name(word).unwrap_or(ModelStatus::Pending),
            model_type: maybe(info, "model_type"),
            source_run: maybe(info, "source_run_id").and_then(|run| run.parse().ok()),
            tags: texts(info, "tags"),
            params: texts(data, "params"),
            metrics: latest(measured.collect()),
        },
    })
}

pub(super) fn registered(of: &Value) -> Result<RegisteredModel> {
    let created = whole(of, "creation_timestamp").unwrap_or_default();
    let aliases = list(of, "aliases")
        .filter_map(|alias| Some(Alias { alias: text(alias, "alias"), version: whole(alias, "version")? }));
    Ok(RegisteredModel {
        name: maybe(of, "name")
            .ok_or_else(|| Error::Said(format!("a registered model without a name: {of}")))?,
        created,
        updated: whole(of, "last_updated_timestamp").unwrap_or(created),
        description: text(of, "description"),
        tags: texts(of, "tags"),
        aliases: aliases.collect(),
        latest: Vec::new(),
    })
}

pub(super) fn version(of: &Value) -> Result<ModelVersion> {
    let created = whole(of, "creation_timestamp").unwrap_or_default();
    let source = text(of, "source");
    let model = maybe(of, "model_id").or_else(|| source.strip_prefix("models:/").map(str::to_owned));
    Ok(ModelVersion {
        name: text(of, "name"),
        version: whole(of, "version")
            .ok_or_else(|| Error::Said(format!("a version without a number: {of}")))?,
        created,
        updated: whole(of, "last_updated_timestamp").unwrap_or(created),
        user: text(of, "user_id"),
        stage: maybe(of, "current_stage").unwrap_or_else(|| "None".to_owned()),
        description: text(of, "description"),
        storage_location: source.clone(),
        source,
        run: maybe(of, "run_id").and_then(|run| run.parse().ok()),
        model: model.and_then(|model| model.parse().ok()),
        run_link: text(of, "run_link"),
        tags: texts(of, "tags"),
        aliases: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_run_is_read_as_servers_tell_it() {
        let told = json!({
            "info": {
                "run_id": "0af7651916cd43dd8448eb211c80319c", "experiment_id": "7", "run_name": "bold-ant",
                "status": "FINISHED", "start_time": 5, "lifecycle_stage": "deleted",
                "artifact_uri": "mlflow-artifacts:/7/x/artifacts",
            },
            "data": {
                "metrics": [{ "key": "loss", "value": "NaN", "timestamp": 3, "step": "2" }],
                "tags": [{ "key": "b", "value": "2" }, { "key": "a", "value": "1" }],
            },
            "outputs": { "model_outputs": [{ "model_id": "m-0af7651916cd43dd8448eb211c80319c", "step": 4 }] },
        });
        let run = run(&told).unwrap();
        assert_eq!((run.info.status, run.info.lifecycle), (RunStatus::Finished, Lifecycle::Deleted));
        assert_eq!(run.metrics[0].last, Point { step: 2, timestamp: 3, value: f64::NAN });
        let keys: Vec<&str> = run.tags.iter().map(|tag| tag.key.as_str()).collect();
        assert_eq!(keys, ["a", "b", "mlflow.runName"]);
        assert_eq!(run.model_outputs[0].step, 4);
        assert!(super::run(&json!({ "info": { "run_id": "x" } })).is_err());
    }

    #[test]
    fn infinity_comes_back_where_a_database_held_the_greatest_number() {
        let check = |value: Value, expected: f64| {
            assert_eq!(
                number(&json!({ "value": value }), "value").map(f64::to_bits),
                Some(expected.to_bits())
            );
        };
        check(json!(f64::MAX), f64::INFINITY);
        check(json!(-f64::MAX), f64::NEG_INFINITY);
        check(json!("Infinity"), f64::INFINITY);
        check(json!(0.1), 0.1);
    }
}
