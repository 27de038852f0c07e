//! Entities as MLflow's JSON: snake case, whole numbers as numbers, what is unset or empty left out, and doubles that are
//! no numbers as text (protobuf's JSON mapping).

use model::{
    experiment::Experiment,
    logged_model::{LoggedModel, ModelMetric, ModelStatus},
    metric::{MetricSummary, Point},
    page::ArtifactEntry,
    registry::{ModelVersion, RegisteredModel},
    run::{DatasetInput, Run, RunInfo, Tag},
};
use serde_json::{Map, Value, json};

/// An object from which empty parts are left out.
#[derive(Default)]
pub struct Object(Map<String, Value>);

impl Object {
    /// Sets a field.
    pub fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Sets a field if there is a value.
    pub fn set_some(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    /// Sets a list if it has items.
    pub fn set_list<T>(self, name: &str, items: &[T], encode: impl Fn(&T) -> Value) -> Self {
        if items.is_empty() { self } else { self.set(name, items.iter().map(encode).collect::<Vec<_>>()) }
    }

    /// The object.
    pub fn done(self) -> Value {
        Value::Object(self.0)
    }
}

/// A double.
pub fn double(value: f64) -> Value {
    match value {
        value if value.is_nan() => json!("NaN"),
        f64::INFINITY => json!("Infinity"),
        f64::NEG_INFINITY => json!("-Infinity"),
        value => json!(value),
    }
}

/// A tag or a param.
pub fn tag(tag: &Tag) -> Value {
    json!({ "key": tag.key, "value": tag.value })
}

/// A point of a history.
pub fn point(key: &str, point: &Point) -> Value {
    json!({ "key": key, "value": double(point.value), "timestamp": point.timestamp, "step": point.step })
}

fn summary(summary: &MetricSummary) -> Value {
    point(&summary.key, &summary.last)
}

/// An experiment.
pub fn experiment(experiment: &Experiment) -> Value {
    Object::default()
        .set("experiment_id", experiment.id.to_string())
        .set("name", experiment.name.as_str())
        .set("artifact_location", experiment.artifact_location.as_str())
        .set("lifecycle_stage", experiment.lifecycle.name())
        .set("last_update_time", experiment.updated)
        .set("creation_time", experiment.created)
        .set_list("tags", &experiment.tags, tag)
        .set("workspace", "default")
        .done()
}

/// A run's info.
pub fn run_info(info: &RunInfo) -> Value {
    Object::default()
        .set("run_id", info.id.to_string())
        .set("run_uuid", info.id.to_string())
        .set("run_name", info.name.as_str())
        .set("experiment_id", info.experiment.to_string())
        .set("user_id", info.user.as_str())
        .set("status", info.status.name())
        .set("start_time", info.start_time)
        .set_some("end_time", info.end_time)
        .set("artifact_uri", info.artifact_uri.as_str())
        .set("lifecycle_stage", info.lifecycle.name())
        .done()
}

/// A run.
pub fn run(run: &Run) -> Value {
    let data = Object::default()
        .set_list("metrics", &run.metrics, summary)
        .set_list("params", &run.params, tag)
        .set_list("tags", &run.tags, tag)
        .done();
    let inputs = Object::default()
        .set_list("dataset_inputs", &run.datasets, dataset_input)
        .set_list("model_inputs", &run.model_inputs, |model| json!({ "model_id": model.to_string() }))
        .done();
    let outputs = Object::default()
        .set_list(
            "model_outputs",
            &run.model_outputs,
            |output| json!({ "model_id": output.model.to_string(), "step": output.step }),
        )
        .done();
    json!({ "info": run_info(&run.info), "data": data, "inputs": inputs, "outputs": outputs })
}

fn dataset_input(input: &DatasetInput) -> Value {
    let dataset = Object::default()
        .set("name", input.dataset.name.as_str())
        .set("digest", input.dataset.digest.as_str())
        .set("source_type", input.dataset.source_type.as_str())
        .set("source", input.dataset.source.as_str())
        .set_some("schema", input.dataset.schema.as_deref())
        .set_some("profile", input.dataset.profile.as_deref())
        .done();
    Object::default().set_list("tags", &input.tags, tag).set("dataset", dataset).done()
}

/// A file or folder; `path` as the operation wants it.
pub fn artifact(entry: &ArtifactEntry) -> Value {
    Object::default()
        .set("path", entry.path.as_str())
        .set("is_dir", entry.size.is_none())
        .set_some("file_size", entry.size)
        .done()
}

/// A logged model.
pub fn logged_model(model: &LoggedModel) -> Value {
    let status = match model.status {
        ModelStatus::Pending => "LOGGED_MODEL_PENDING",
        ModelStatus::Ready => "LOGGED_MODEL_READY",
        ModelStatus::Failed => "LOGGED_MODEL_UPLOAD_FAILED",
    };
    let info = Object::default()
        .set("model_id", model.id.to_string())
        .set("experiment_id", model.experiment.to_string())
        .set("name", model.name.as_str())
        .set("creation_timestamp_ms", model.created)
        .set("last_updated_timestamp_ms", model.updated)
        .set("artifact_uri", model.artifact_uri.as_str())
        .set("status", status)
        .set_some("model_type", model.model_type.as_deref())
        .set_some("source_run_id", model.source_run.map(|run| run.to_string()))
        .set_list("tags", &model.tags, tag)
        .done();
    let data = Object::default()
        .set_list("params", &model.params, tag)
        .set_list("metrics", &model.metrics, |metric| model_metric(model, metric))
        .done();
    json!({ "info": info, "data": data })
}

fn model_metric(model: &LoggedModel, metric: &ModelMetric) -> Value {
    let dataset = metric.dataset.as_ref();
    Object::default()
        .set("key", metric.key.as_str())
        .set("value", double(metric.point.value))
        .set("timestamp", metric.point.timestamp)
        .set("step", metric.point.step)
        .set_some("dataset_name", dataset.map(|(name, _)| name.as_str()))
        .set_some("dataset_digest", dataset.map(|(_, digest)| digest.as_str()))
        .set("model_id", model.id.to_string())
        .set("run_id", metric.run.to_string())
        .done()
}

/// A registered model.
pub fn registered_model(model: &RegisteredModel) -> Value {
    Object::default()
        .set("name", model.name.as_str())
        .set("creation_timestamp", model.created)
        .set("last_updated_timestamp", model.updated)
        .set("description", model.description.as_str())
        .set_list("latest_versions", &model.latest, model_version)
        .set_list("tags", &model.tags, tag)
        .set_list(
            "aliases",
            &model.aliases,
            |alias| json!({ "alias": alias.alias, "version": alias.version.to_string() }),
        )
        .done()
}

/// A version of a registered model.
pub fn model_version(version: &ModelVersion) -> Value {
    Object::default()
        .set("name", version.name.as_str())
        .set("version", version.version.to_string())
        .set("creation_timestamp", version.created)
        .set("last_updated_timestamp", version.updated)
        .set("user_id", version.user.as_str())
        .set("current_stage", version.stage.as_str())
        .set("description", version.description.as_str())
        .set("source", version.source.as_str())
        .set("run_id", version.run.map(|run| run.to_string()).unwrap_or_default())
        .set("status", "READY")
        .set_list("tags", &version.tags, tag)
        .set("run_link", version.run_link.as_str())
        .set_list("aliases", &version.aliases, |alias| Value::from(alias.as_str()))
        .set_some("model_id", version.model.map(|model| model.to_string()))
        .done()
}
