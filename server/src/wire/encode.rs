//! Entities as MLflow's JSON: snake case, whole numbers as numbers, what is unset or empty left out, and doubles that are
//! no numbers as text (protobuf's JSON mapping). What comes by the thousand is written without values between.

pub mod run;
pub mod trace;
pub mod trace_file;

use model::{
    experiment::Experiment,
    logged_model::{LoggedModel, ModelMetric, ModelStatus},
    page::ArtifactEntry,
    registry::{ModelVersion, RegisteredModel},
    run::{DatasetSummary, Tag},
    webhook::{Webhook, WebhookEvent},
};
use serde::{Serialize, Serializer};
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
#[derive(Debug, Clone, Copy)]
pub struct Double(pub f64);

impl Double {
    /// The word for what is no number.
    pub fn word(self) -> Option<&'static str> {
        match self.0 {
            value if value.is_nan() => Some("NaN"),
            f64::INFINITY => Some("Infinity"),
            f64::NEG_INFINITY => Some("-Infinity"),
            _ => None,
        }
    }
}

impl Serialize for Double {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.word() {
            Some(word) => serializer.serialize_str(word),
            None => serializer.serialize_f64(self.0),
        }
    }
}

fn double(value: f64) -> Value {
    Double(value).word().map_or_else(|| json!(value), Value::from)
}

/// A tag or a param.
pub fn tag(tag: &Tag) -> Value {
    json!({ "key": tag.key, "value": tag.value })
}

/// A dataset that runs of an experiment used; a purpose that is empty says nothing.
pub fn dataset_summary(summary: &DatasetSummary) -> Value {
    Object::default()
        .set("experiment_id", summary.experiment.to_string())
        .set("name", summary.name.as_str())
        .set("digest", summary.digest.as_str())
        .set_some("context", summary.context.as_deref().filter(|context| !context.is_empty()))
        .done()
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
        .set("model_type", model.model_type.as_deref().unwrap_or_default())
        .set("source_run_id", model.source_run.map(|run| run.to_string()).unwrap_or_default())
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

/// A text that says something.
fn said(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// A registered model.
pub fn registered_model(model: &RegisteredModel) -> Value {
    Object::default()
        .set("name", model.name.as_str())
        .set("creation_timestamp", model.created)
        .set("last_updated_timestamp", model.updated)
        .set_some("description", said(&model.description))
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
        .set_some("user_id", said(&version.user))
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

/// A webhook; its secret is for nobody.
pub fn webhook(webhook: &Webhook) -> Value {
    let event = |event: &WebhookEvent| {
        let (entity, action) = (event.entity().to_ascii_uppercase(), event.action().to_ascii_uppercase());
        json!({ "entity": entity, "action": action })
    };
    Object::default()
        .set("webhook_id", webhook.id.to_string())
        .set("name", webhook.name.as_str())
        .set_some("description", Some(webhook.description.as_str()).filter(|text| !text.is_empty()))
        .set("url", webhook.url.as_str())
        .set_list("events", &webhook.events, event)
        .set("status", if webhook.active { "ACTIVE" } else { "DISABLED" })
        .set("creation_timestamp", webhook.created)
        .set("last_updated_timestamp", webhook.updated)
        .done()
}
