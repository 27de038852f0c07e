//! What the pages ask the server for, and what it answers.

use crate::{ExperimentId, Permission, RunId, experiment::Experiment, run::Run};
use serde::{Deserialize, Serialize};

/// An experiment in the list of experiments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExperimentRow {
    /// The experiment.
    pub experiment: Experiment,
    /// How many runs are in it, without deleted ones.
    pub runs: u64,
    /// When the last of them started.
    pub last_run: Option<crate::Millis>,
}

/// An experiment as its page shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExperimentHead {
    /// The experiment.
    pub experiment: Experiment,
    /// What the caller may do to it.
    pub permission: Permission,
    /// How many runs are in it, without deleted ones.
    pub runs: u64,
}

/// What the runs table asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct RunsQuery {
    /// The search language of [`crate::filter`]; empty for all.
    pub filter: String,
    /// One `order_by` clause; empty for newest first.
    pub order_by: String,
    /// How many rows to skip.
    pub offset: u64,
    /// Whether the trash is shown instead.
    pub deleted: bool,
}

/// Rows of the runs table at once.
pub const RUNS_PAGE: u32 = 100;

/// A part of the runs table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunsPage {
    /// The rows.
    pub runs: Vec<Run>,
    /// How many runs match in all.
    pub total: u64,
}

/// A run as its page shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunPage {
    /// The run.
    pub run: Run,
    /// Its experiment's name.
    pub experiment_name: String,
    /// What the caller may do to it.
    pub permission: Permission,
    /// Names of the models that it made, in the order of its outputs.
    pub models: Vec<ModelLink>,
}

/// A logged model as a run's page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelLink {
    /// Its id.
    pub id: crate::ModelId,
    /// Its name.
    pub name: String,
    /// Where its files are, as the artifact browser asks for them.
    pub files: ArtifactRoot,
}

/// Runs side by side. What the caller may not see, or what isn't there, is in `missing`, and nobody can tell which.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// In the order asked for.
    pub runs: Vec<ComparedRun>,
    /// Ids that gave nothing.
    pub missing: Vec<String>,
}

/// A run in a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparedRun {
    /// The run.
    pub run: Run,
    /// Its experiment's name.
    pub experiment_name: String,
}

/// How many runs a comparison takes.
pub const COMPARISON_LIMIT: usize = 100;

/// Whose files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ArtifactRoot {
    /// A run's.
    Run(ExperimentId, RunId),
    /// A logged model's.
    Model(ExperimentId, crate::ModelId),
}

/// A file or a folder of artifacts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactEntry {
    /// Relative to the root asked for.
    pub path: String,
    /// Bytes; `None` for a folder.
    pub size: Option<u64>,
}

/// The start of a text file, for preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextPreview {
    /// The text; what isn't UTF-8 is replaced.
    pub text: String,
    /// Whether the file goes on.
    pub truncated: bool,
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    /// The account's name.
    pub name: String,
    /// May do everything.
    pub is_admin: bool,
    /// Whether the server runs without accounts (`--no-auth`).
    pub no_auth: bool,
}
