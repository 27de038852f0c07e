//! Logged models (MLflow 3): a model's files with what is known about them, made by a run but living beside it.

use crate::{ExperimentId, Millis, ModelId, RunId, metric::Point, run::Param, run::Tag};
use serde::{Deserialize, Serialize};

/// Whether the model's files are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ModelStatus {
    /// Being uploaded.
    Pending,
    /// Complete.
    Ready,
    /// The upload failed.
    Failed,
}

impl ModelStatus {
    /// In the order of MLflow's numbers, which start at 1.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Ready, Self::Failed];

    /// MLflow's word in filters, also the stored one.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Ready => "READY",
            Self::Failed => "FAILED",
        }
    }

    /// The status of a stored word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// A logged model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoggedModel {
    /// Its id.
    pub id: ModelId,
    /// Where it belongs.
    pub experiment: ExperimentId,
    /// Its name; not unique.
    pub name: String,
    /// When it was created.
    pub created: Millis,
    /// When it last changed.
    pub updated: Millis,
    /// Root URI of its files.
    pub artifact_uri: String,
    /// Whether its files are there.
    pub status: ModelStatus,
    /// Such as `agent`.
    pub model_type: Option<String>,
    /// The run that made it.
    pub source_run: Option<RunId>,
    /// By key.
    pub tags: Vec<Tag>,
    /// By key.
    pub params: Vec<Param>,
    /// Measured values, latest of each key, run and dataset.
    pub metrics: Vec<ModelMetric>,
}

/// A value measured on a logged model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelMetric {
    /// Name of the metric.
    pub key: String,
    /// Its last point.
    pub point: Point,
    /// The run that measured.
    pub run: RunId,
    /// Name and digest of the dataset that it was measured on.
    pub dataset: Option<(String, String)>,
}

/// A logged model about to be created.
#[derive(Debug, Clone, PartialEq)]
pub struct NewModel {
    /// Where it goes.
    pub experiment: ExperimentId,
    /// Empty: a name is made up.
    pub name: String,
    /// Such as `agent`.
    pub model_type: Option<String>,
    /// The run that makes it.
    pub source_run: Option<RunId>,
    /// First parameters.
    pub params: Vec<Param>,
    /// First tags.
    pub tags: Vec<Tag>,
}
