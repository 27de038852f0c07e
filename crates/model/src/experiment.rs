//! An experiment: a named collection of runs.

use crate::{ExperimentId, Millis, run::Tag};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Deleting is soft: a deleted thing can be restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Lifecycle {
    /// In use.
    Active,
    /// In the trash.
    Deleted,
}

impl Lifecycle {
    /// MLflow's word, also the stored one.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deleted => "deleted",
        }
    }
}

impl FromStr for Lifecycle {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "active" => Ok(Self::Active),
            "deleted" => Ok(Self::Deleted),
            other => Err(format!("'{other}' is not a lifecycle stage")),
        }
    }
}

/// Which of active and deleted things a list shows (MLflow's `ViewType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ViewType {
    /// What is in use.
    #[default]
    ActiveOnly,
    /// What is in the trash.
    DeletedOnly,
    /// Both.
    All,
}

/// An experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Experiment {
    /// Its number.
    pub id: ExperimentId,
    /// Unique, also among deleted ones.
    pub name: String,
    /// Root URI of its runs' artifacts.
    pub artifact_location: String,
    /// Active or deleted.
    pub lifecycle: Lifecycle,
    /// When it was created.
    pub created: Millis,
    /// When it was last renamed, deleted or restored.
    pub updated: Millis,
    /// Tags, by key.
    pub tags: Vec<Tag>,
}
