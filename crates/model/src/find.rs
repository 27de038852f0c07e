//! What is found by its name, wherever it is.

use crate::{ExperimentId, Millis, RunId, experiment::Lifecycle, run::RunStatus};
use serde::{Deserialize, Serialize};

/// How many of each kind are found at most.
pub const FOUND: usize = 8;
/// Bytes of a text that is looked for.
pub const LONGEST_TEXT: usize = 200;

/// What a text was found in, the best first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Found {
    /// Active experiments.
    pub experiments: Vec<ExperimentHit>,
    /// Runs: active ones, and by their id also those in the trash.
    pub runs: Vec<RunHit>,
    /// Names of registered models.
    pub models: Vec<String>,
}

impl Found {
    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.experiments.is_empty() && self.runs.is_empty() && self.models.is_empty()
    }
}

/// An experiment that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExperimentHit {
    /// Its number.
    pub id: ExperimentId,
    /// Its name.
    pub name: String,
}

/// An experiment that runs can be moved to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveTarget {
    /// Its number.
    pub id: ExperimentId,
    /// Its name.
    pub name: String,
    /// Whether the caller may take runs out of it again.
    pub and_back: bool,
}

/// A run that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunHit {
    /// Its id.
    pub id: RunId,
    /// Its name.
    pub name: String,
    /// The experiment that it belongs to.
    pub experiment: ExperimentId,
    /// Its experiment's name.
    pub experiment_name: String,
    /// Where it stands.
    pub status: RunStatus,
    /// When it started.
    pub start_time: Millis,
    /// Active or deleted.
    pub lifecycle: Lifecycle,
}
