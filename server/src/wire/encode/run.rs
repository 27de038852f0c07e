//! Runs as JSON, written straight from what they are: a search may answer with thousands of them.

use super::Double;
use crate::wire::answer;
use model::{
    metric::{MetricSummary, Point},
    run::{DatasetInput, ModelOutput, Run, RunInfo, Tag},
};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use std::fmt::Display;

/// `{"run": …}`
#[derive(Serialize)]
pub struct OneRun<'a> {
    run: RunJson<'a>,
}

/// `{"run_info": …}`
#[derive(Serialize)]
pub struct OneInfo<'a> {
    run_info: InfoJson<'a>,
}

/// A run.
pub fn one(run: &Run) -> OneRun<'_> {
    OneRun { run: RunJson::of(run) }
}

/// A run that was just made, which says nothing of outputs.
pub fn made(run: &Run) -> OneRun<'_> {
    OneRun { run: RunJson { outputs: None, ..RunJson::of(run) } }
}

/// What is known of a run besides what it logged.
pub fn info(info: &RunInfo) -> OneInfo<'_> {
    OneInfo { run_info: InfoJson::of(info) }
}

/// Appends a run of a list.
pub fn write(run: &Run, out: &mut Vec<u8>) {
    answer::write(&RunJson::of(run), out);
}

#[derive(Serialize)]
struct RunJson<'a> {
    data: Data<'a>,
    info: InfoJson<'a>,
    inputs: Inputs<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outputs: Option<Outputs<'a>>,
}

#[derive(Serialize)]
struct Data<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty", serialize_with = "metrics")]
    metrics: &'a [MetricSummary],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    params: &'a [Tag],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tags: &'a [Tag],
}

#[derive(Serialize)]
struct InfoJson<'a> {
    artifact_uri: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<i64>,
    #[serde(serialize_with = "text")]
    experiment_id: model::ExperimentId,
    lifecycle_stage: &'static str,
    #[serde(serialize_with = "text")]
    run_id: model::RunId,
    run_name: &'a str,
    #[serde(serialize_with = "text")]
    run_uuid: model::RunId,
    start_time: i64,
    status: &'static str,
    user_id: &'a str,
}

#[derive(Serialize)]
struct Inputs<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty", serialize_with = "datasets")]
    dataset_inputs: &'a [DatasetInput],
    #[serde(skip_serializing_if = "<[_]>::is_empty", serialize_with = "models")]
    model_inputs: &'a [model::ModelId],
}

#[derive(Serialize)]
struct Outputs<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty", serialize_with = "outputs")]
    model_outputs: &'a [ModelOutput],
}

impl<'a> RunJson<'a> {
    fn of(run: &'a Run) -> Self {
        Self {
            data: Data { metrics: &run.metrics, params: &run.params, tags: &run.tags },
            info: InfoJson::of(&run.info),
            inputs: Inputs { dataset_inputs: &run.datasets, model_inputs: &run.model_inputs },
            outputs: Some(Outputs { model_outputs: &run.model_outputs }),
        }
    }
}

impl<'a> InfoJson<'a> {
    fn of(info: &'a RunInfo) -> Self {
        Self {
            artifact_uri: &info.artifact_uri,
            end_time: info.end_time,
            experiment_id: info.experiment,
            lifecycle_stage: info.lifecycle.name(),
            run_id: info.id,
            run_name: &info.name,
            run_uuid: info.id,
            start_time: info.start_time,
            status: info.status.name(),
            user_id: &info.user,
        }
    }
}

/// Ids are texts.
fn text<S: Serializer>(id: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

fn metrics<S: Serializer>(summaries: &[MetricSummary], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Last<'a> {
        key: &'a str,
        step: i64,
        timestamp: i64,
        value: Double,
    }
    serializer.collect_seq(summaries.iter().map(|summary| {
        let Point { step, timestamp, value } = summary.last;
        Last { key: &summary.key, step, timestamp, value: Double(value) }
    }))
}

fn datasets<S: Serializer>(inputs: &[DatasetInput], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Dataset<'a> {
        digest: &'a str,
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        profile: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        schema: Option<&'a str>,
        source: &'a str,
        source_type: &'a str,
    }
    #[derive(Serialize)]
    struct Input<'a> {
        dataset: Dataset<'a>,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        tags: &'a [Tag],
    }
    serializer.collect_seq(inputs.iter().map(|DatasetInput { dataset, tags }| Input {
        dataset: Dataset {
            digest: &dataset.digest,
            name: &dataset.name,
            profile: dataset.profile.as_deref(),
            schema: dataset.schema.as_deref(),
            source: &dataset.source,
            source_type: &dataset.source_type,
        },
        tags,
    }))
}

/// `{"model_id": …}`
struct ModelJson(model::ModelId, Option<i64>);

impl Serialize for ModelJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("model_id", &format_args!("{}", self.0))?;
        if let Some(step) = self.1 {
            map.serialize_entry("step", &step)?;
        }
        map.end()
    }
}

fn models<S: Serializer>(models: &[model::ModelId], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(models.iter().map(|model| ModelJson(*model, None)))
}

fn outputs<S: Serializer>(outputs: &[ModelOutput], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(outputs.iter().map(|output| ModelJson(output.model, Some(output.step))))
}

#[cfg(test)]
mod tests;
