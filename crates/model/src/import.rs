//! What comes from elsewhere as it was there: with the ids, times and states that it had. Experiments and runs come as
//! [`crate::experiment::Experiment`] and [`crate::run::Run`]; here is what those words don't say.

use crate::{
    ExperimentId,
    experiment::Lifecycle,
    logged_model::LoggedModel,
    registry::{ModelVersion, RegisteredModel},
    trace::TraceInfo,
};

/// A logged model, and whether it is in the trash.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelRecord {
    /// The model; what was measured on it comes later, when the runs are there that did.
    pub model: LoggedModel,
    /// Active or deleted.
    pub lifecycle: Lifecycle,
}

/// A registered model with all its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredRecord {
    /// The model; which of its versions are the latest is found out.
    pub model: RegisteredModel,
    /// The highest number that a version ever had, also one that is deleted.
    pub last_version: i64,
    /// All that there are.
    pub versions: Vec<ModelVersion>,
}

/// A trace but for its steps.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceRecord {
    /// What is known of it, without the tags that only a server sets. Where nobody said where its files are, that is empty.
    pub info: TraceInfo,
    /// What its id is there: of clients before MLflow 3 the digits alone.
    pub there: String,
    /// Versions of prompts that it was made with, by name and version.
    pub prompts: Vec<(String, String)>,
    /// How many steps it has, if that is known without reading them.
    pub steps: Option<u64>,
    /// What was thought of it and can't be taken over, in words.
    pub unreadable: Vec<String>,
}

/// How an experiment was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is new, with this number: its own, if that was free.
    New(ExperimentId),
    /// There is one of that name, with this number: what comes is added to it.
    Known(ExperimentId),
}

impl Taken {
    /// The experiment's number here.
    pub fn id(self) -> ExperimentId {
        match self {
            Self::New(id) | Self::Known(id) => id,
        }
    }
}
