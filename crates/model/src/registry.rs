//! The model registry: names that people agree on, and numbered versions behind them.

use crate::{Millis, ModelId, RunId, run::Tag};
use serde::{Deserialize, Serialize};

/// Where a version can stand.
pub const STAGES: [&str; 4] = ["None", "Staging", "Production", "Archived"];
/// The stages in which a version is used.
pub const ACTIVE_STAGES: [&str; 2] = ["Staging", "Production"];

/// A registered model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredModel {
    /// Unique.
    pub name: String,
    /// When it was created.
    pub created: Millis,
    /// When it or a version of it last changed.
    pub updated: Millis,
    /// Notes.
    pub description: String,
    /// By key.
    pub tags: Vec<Tag>,
    /// Names of versions.
    pub aliases: Vec<Alias>,
    /// The highest version of each stage.
    pub latest: Vec<ModelVersion>,
}

/// A name for a version, such as `champion`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// The name.
    pub alias: String,
    /// The version.
    pub version: i64,
}

/// A version of a registered model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelVersion {
    /// The registered model.
    pub name: String,
    /// Counts from 1; a number is never used again.
    pub version: i64,
    /// When it was created.
    pub created: Millis,
    /// When it last changed.
    pub updated: Millis,
    /// Who created it.
    pub user: String,
    /// `None`, `Staging`, `Production` or `Archived`.
    pub stage: String,
    /// Notes.
    pub description: String,
    /// Where the client says the files are (`models:/m-…`, `runs:/…`, a URI).
    pub source: String,
    /// Where the files really are.
    pub storage_location: String,
    /// The run that made it.
    pub run: Option<RunId>,
    /// The logged model that it is.
    pub model: Option<ModelId>,
    /// A link to a run elsewhere.
    pub run_link: String,
    /// By key.
    pub tags: Vec<Tag>,
    /// Its names.
    pub aliases: Vec<String>,
}

/// A version about to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVersion {
    /// The registered model.
    pub name: String,
    /// Where the files are.
    pub source: String,
    /// The run that made it.
    pub run: Option<RunId>,
    /// The logged model that it is.
    pub model: Option<ModelId>,
    /// First tags.
    pub tags: Vec<Tag>,
    /// A link to a run elsewhere.
    pub run_link: String,
    /// Notes.
    pub description: String,
}
