//! Runs beside each other beyond what they logged: the packages that they ran with, their files, and what differs between
//! two texts.

use crate::{RunId, page::ArtifactRoot, text_diff::TextDiff};
use serde::{Deserialize, Serialize};

/// Runs whose files are compared at once; the baseline is the first of them.
pub const FILES_OF_RUNS: usize = 20;

/// What several runs ran with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environments {
    /// The runs, in the order asked for; those that can't be seen are left out.
    pub runs: Vec<RunId>,
    /// The files that were read of each.
    pub files: Vec<Vec<String>>,
    /// Packages by name, Python itself first.
    pub packages: Vec<EnvironmentLine>,
    /// What tags say of where the runs came from.
    pub tags: Vec<EnvironmentLine>,
}

/// A package or a tag, and what each run has for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentLine {
    /// Its name.
    pub name: String,
    /// In the order of the runs.
    pub values: Vec<Option<String>>,
    /// Whether the runs disagree. Those of which nothing is known say nothing.
    pub differs: bool,
}

/// The files of several runs, and of the models they made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedFiles {
    /// The runs, in the order asked for; those that can't be seen are left out.
    pub runs: Vec<RunId>,
    /// By model and path, the runs' own files first.
    pub lines: Vec<FileLine>,
    /// Whether there are more files.
    pub is_more: bool,
}

/// A file that some of the runs have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileLine {
    /// Name of the model that it belongs to; empty for the run's own files.
    pub model: String,
    /// Where it lies below that.
    pub path: String,
    /// In the order of the runs.
    pub cells: Vec<Option<FileCell>>,
}

/// A run's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCell {
    /// Whose it is.
    pub root: ArtifactRoot,
    /// Bytes.
    pub size: u64,
    /// How it compares to the first run's; `None` where that is this one, or has none.
    pub likeness: Option<Likeness>,
}

/// How a file compares to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Likeness {
    /// The same bytes.
    Same,
    /// As many bytes, which were too many to be looked at.
    SameSize,
    /// Other bytes.
    Different,
}

/// Where a file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePlace {
    /// Whose it is.
    pub root: ArtifactRoot,
    /// Where it lies below that.
    pub path: String,
}

/// What differs between two texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextDifference {
    /// The lines.
    pub diff: TextDiff,
    /// Whether the files go on beyond what was compared.
    pub is_cut: bool,
}
