//! What the pages of registered models ask for and change, and what the server answers.

use super::{ArtifactRoot, ComparedRun, ModelLink};
use crate::{
    ExperimentId, Millis, Permission, RunId,
    compared::EnvironmentLine,
    registry::{Alias, ModelVersion},
    run::Tag,
};
use serde::{Deserialize, Serialize};

/// Registered models, and versions of one, that a page shows at once.
pub const REGISTRY_ROWS: usize = 50;

/// Versions that are compared at once.
pub const VERSIONS_COMPARED: usize = 20;

/// Which page is asked for. Pages of lists are counted from 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RegistryQuestion {
    /// All registered models.
    List {
        /// What their names contain, in any case.
        text: String,
        /// Whether those that changed last come first, rather than the order of names.
        by_change: bool,
        /// Which part of them.
        page: u64,
    },
    /// A registered model and its versions.
    Model {
        /// Its name.
        name: String,
        /// Which part of its versions.
        page: u64,
    },
    /// A version.
    Version {
        /// Of which registered model.
        name: String,
        /// Its number.
        version: i64,
    },
    /// Versions side by side.
    Compare {
        /// Of which registered model.
        name: String,
        /// Their numbers.
        versions: Vec<i64>,
    },
}

/// What the page shows that was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum RegistryPage {
    /// Registered models.
    List(RegisteredList),
    /// One of them.
    Model(Box<RegisteredPage>),
    /// A version.
    Version(Box<VersionPage>),
    /// Versions side by side.
    Compare(Box<VersionComparison>),
}

/// A part of the registered models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredList {
    /// The models.
    pub rows: Vec<RegisteredRow>,
    /// Whether there are more behind them.
    pub more: bool,
}

/// A registered model in the list of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredRow {
    /// Its name.
    pub name: String,
    /// The first line of its description.
    pub about: String,
    /// How many versions it has.
    pub versions: u64,
    /// The highest of them.
    pub latest: Option<i64>,
    /// Names of versions.
    pub aliases: Vec<Alias>,
    /// When it or a version of it last changed.
    pub updated: Millis,
}

/// A registered model as its page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredPage {
    /// Its name.
    pub name: String,
    /// Its notes, as they are written.
    pub description: String,
    /// Its notes, as harmless HTML; empty for nothing.
    pub note_html: String,
    /// By key.
    pub tags: Vec<Tag>,
    /// Names of versions.
    pub aliases: Vec<Alias>,
    /// What the caller may do to it.
    pub permission: Permission,
    /// A part of its versions, the newest first.
    pub versions: Vec<VersionRow>,
    /// How many versions it has.
    pub total: u64,
    /// Whether there are older ones behind this part.
    pub more: bool,
}

/// A version in the table of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRow {
    /// Its number.
    pub version: i64,
    /// `None`, `Staging`, `Production` or `Archived`.
    pub stage: String,
    /// Its names.
    pub aliases: Vec<String>,
    /// Who created it.
    pub user: String,
    /// When it was created.
    pub created: Millis,
    /// Its notes, as they are written.
    pub description: String,
    /// The run that made it, if the caller may see it.
    pub run: Option<RunLink>,
    /// Whether there is one that the caller may not see, or that is gone.
    pub run_hidden: bool,
}

/// A run, as far as a link to it needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLink {
    /// Its id.
    pub id: RunId,
    /// The experiment that it is in.
    pub experiment: ExperimentId,
    /// What it is called.
    pub name: String,
}

/// A version as its page shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VersionPage {
    /// The version.
    pub version: ModelVersion,
    /// Its notes, as harmless HTML; empty for nothing.
    pub note_html: String,
    /// What the caller may do to it.
    pub permission: Permission,
    /// The run that made it, if the caller may see it.
    pub run: Option<ComparedRun>,
    /// The logged model that it is, if the caller may see it.
    pub model: Option<ModelLink>,
    /// Where its files are, if this server keeps them and the caller may see them: a root, and the folder below it.
    pub files: Option<(ArtifactRoot, String)>,
}

/// Versions of a registered model side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VersionComparison {
    /// The registered model.
    pub name: String,
    /// In the order asked for.
    pub versions: Vec<ComparedVersion>,
    /// Numbers that gave nothing.
    pub missing: Vec<i64>,
    /// The runs that made them, as far as the caller may see them, each once.
    pub runs: Vec<ComparedRun>,
    /// What the models take, by the names of the fields.
    pub inputs: Vec<EnvironmentLine>,
    /// What they give.
    pub outputs: Vec<EnvironmentLine>,
    /// Params that can be said when they are asked.
    pub params: Vec<EnvironmentLine>,
    /// The packages that their files name.
    pub packages: Vec<EnvironmentLine>,
}

/// A version in a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedVersion {
    /// The version. Where it comes from isn't said if the caller may not see that.
    pub version: ModelVersion,
    /// Whether there is a run that the caller may not see, or that is gone.
    pub run_hidden: bool,
    /// Whether its model says what it takes and gives.
    pub has_signature: bool,
    /// The files that packages were read from.
    pub files: Vec<String>,
}

/// What is done to a registered model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RegisteredChange {
    /// It is called so.
    Rename(String),
    /// This is noted of it.
    Describe(String),
    /// It gets this tag, or another value of it; an empty one takes it away.
    SetTag(Tag),
    /// It goes for good, with its versions.
    Delete,
    /// This is done to the version with this number.
    Version(i64, VersionChange),
}

/// What is done to a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum VersionChange {
    /// This is noted of it.
    Describe(String),
    /// It gets this tag, or another value of it; an empty one takes it away.
    SetTag(Tag),
    /// It gets this name, which is taken from the version that had it.
    SetAlias(String),
    /// It loses this name.
    DeleteAlias(String),
    /// It moves to a stage.
    Stage {
        /// Which one.
        stage: String,
        /// Whether the others that are there are archived.
        archive: bool,
    },
    /// It goes for good.
    Delete,
}
