//! A run: one execution of training code, and what it logged.

use crate::{
    ExperimentId, Millis, ModelId, RunId,
    experiment::Lifecycle,
    metric::{MetricSummary, Point},
};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Where a run stands. Clients set it; any change is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RunStatus {
    /// Has started and not reported its end.
    Running,
    /// Will start later.
    Scheduled,
    /// Ended well.
    Finished,
    /// Ended with an error.
    Failed,
    /// Was stopped.
    Killed,
}

impl RunStatus {
    /// In the order of MLflow's numbers, which start at 1.
    pub const ALL: [Self; 5] = [Self::Running, Self::Scheduled, Self::Finished, Self::Failed, Self::Killed];

    /// MLflow's word, also the stored one.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Scheduled => "SCHEDULED",
            Self::Finished => "FINISHED",
            Self::Failed => "FAILED",
            Self::Killed => "KILLED",
        }
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for RunStatus {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|status| status.name() == text)
            .ok_or_else(|| format!("'{text}' is not a run status"))
    }
}

/// A key and its text. Of a run, an experiment, a model.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tag {
    /// Unique within its owner.
    pub key: String,
    /// Any text.
    pub value: String,
}

/// A parameter: a key and its text, written once.
pub type Param = Tag;

/// Tags with a meaning (MLflow's "system tags").
pub mod tag {
    /// The run's name, mirrored.
    pub const RUN_NAME: &str = "mlflow.runName";
    /// The colour that somebody chose for it: see [`crate::run_color`].
    pub const RUN_COLOR: &str = "mlflow.runColor";
    /// Notes in Markdown, of runs and experiments.
    pub const NOTE: &str = "mlflow.note.content";
    /// Id of the run that this one is nested in.
    pub const PARENT_RUN: &str = "mlflow.parentRunId";
    /// Who the client says started it.
    pub const USER: &str = "mlflow.user";
    /// The script or notebook.
    pub const SOURCE_NAME: &str = "mlflow.source.name";
    /// LOCAL, NOTEBOOK, JOB, PROJECT.
    pub const SOURCE_TYPE: &str = "mlflow.source.type";
    /// Commit of the code.
    pub const GIT_COMMIT: &str = "mlflow.source.git.commit";
    /// Branch of the code.
    pub const GIT_BRANCH: &str = "mlflow.source.git.branch";
    /// Where the code's repository is.
    pub const GIT_REPO: &str = "mlflow.source.git.repoURL";
    /// Which command of an MLflow project it was.
    pub const ENTRY_POINT: &str = "mlflow.project.entryPoint";
    /// What ran an MLflow project: `local`, `databricks`, `kubernetes`.
    pub const PROJECT_BACKEND: &str = "mlflow.project.backend";
    /// Whether pictures were logged at steps.
    pub const LOGGED_IMAGES: &str = "mlflow.loggedImages";
    /// The models that clients before MLflow 3 logged as files of the run: a list, as JSON.
    pub const LOGGED_MODELS: &str = "mlflow.log-model.history";
    /// What a dataset was used for, as a tag of the input.
    pub const DATA_CONTEXT: &str = "mlflow.data.context";
    /// Who asked it to stop, and when: see [`crate::stop`].
    pub const STOP_REQUESTED: &str = "runmark.stop_requested";
}

/// What is known of a run besides what it logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunInfo {
    /// Its id.
    pub id: RunId,
    /// The experiment that it belongs to.
    pub experiment: ExperimentId,
    /// Its name; not unique.
    pub name: String,
    /// Who the client says launched it; not checked (see `mlflow.user`).
    pub user: String,
    /// Where it stands.
    pub status: RunStatus,
    /// When it started; 0 if the client didn't say.
    pub start_time: Millis,
    /// When it ended, as the client says.
    pub end_time: Option<Millis>,
    /// Root URI of its artifacts.
    pub artifact_uri: String,
    /// Active or deleted.
    pub lifecycle: Lifecycle,
}

/// A run and all it logged, but for the histories of its metrics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The run itself.
    pub info: RunInfo,
    /// One per metric key, by key.
    pub metrics: Vec<MetricSummary>,
    /// By key.
    pub params: Vec<Param>,
    /// By key.
    pub tags: Vec<Tag>,
    /// Datasets it read.
    pub datasets: Vec<DatasetInput>,
    /// Models it used.
    pub model_inputs: Vec<ModelId>,
    /// Models it made.
    pub model_outputs: Vec<ModelOutput>,
}

impl Run {
    /// The value of a tag.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str())
    }
}

/// A run about to be created.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// Where it goes.
    pub experiment: ExperimentId,
    /// Empty: named by the tag `mlflow.runName`, else a name is made up.
    pub name: String,
    /// Who the client says launches it.
    pub user: String,
    /// When it starts.
    pub start_time: Millis,
    /// First tags.
    pub tags: Vec<Tag>,
}

/// A change to a run; what is `None` stays.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunUpdate {
    /// New status.
    pub status: Option<RunStatus>,
    /// New end.
    pub end_time: Option<Millis>,
    /// New name; an empty one is ignored, as MLflow does.
    pub name: Option<String>,
}

/// A metric value that a client sends.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricInput {
    /// Name of the metric.
    pub key: String,
    /// The value and its place.
    pub point: Point,
    /// The logged model that was measured.
    pub model: Option<ModelId>,
    /// Name and digest of the dataset that it was measured on.
    pub dataset: Option<(String, String)>,
}

/// What one request logs to one run; all of it is stored, or none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LogBatch {
    /// Points, in any order.
    pub metrics: Vec<MetricInput>,
    /// Parameters: the same value again is fine, another is not.
    pub params: Vec<Param>,
    /// Tags: the last of a key wins.
    pub tags: Vec<Tag>,
}

/// A dataset, known within its experiment by name and digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dataset {
    /// What people call it.
    pub name: String,
    /// Fingerprint of its content.
    pub digest: String,
    /// Kind of source.
    pub source_type: String,
    /// Where it comes from, as the client wrote it.
    pub source: String,
    /// Columns, as the client wrote them.
    pub schema: Option<String>,
    /// Statistics, as the client wrote them.
    pub profile: Option<String>,
}

/// A dataset as a run used it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetInput {
    /// The dataset.
    pub dataset: Dataset,
    /// Such as `mlflow.data.context` = `train`.
    pub tags: Vec<Tag>,
}

/// A dataset that runs of an experiment used, and what for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetSummary {
    /// Where it is known.
    pub experiment: ExperimentId,
    /// What people call it.
    pub name: String,
    /// Fingerprint of its content.
    pub digest: String,
    /// What it was used for, if that was said: such as `train`.
    pub context: Option<String>,
}

/// A model that a run made, and at which step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelOutput {
    /// The logged model.
    pub model: ModelId,
    /// Step of training.
    pub step: i64,
}
