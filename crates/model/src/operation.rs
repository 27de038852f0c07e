//! What admins see and set of a server as a whole.

use crate::{ExperimentId, Millis};
use serde::{Deserialize, Serialize};

/// What admins set while the server runs; all processes on a database have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Whether there may be links that show a page to whoever has them, without an account.
    pub public_links: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { public_links: true }
    }
}

/// How a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// When this process was started.
    pub started: Millis,
    /// The database and its version.
    pub database: String,
    /// Microseconds that it took to answer.
    pub database_took: u64,
    /// Bytes that it takes of its disk.
    pub database_bytes: u64,
    /// Bytes that are free on the disk of the database, if that is a file.
    pub database_free: Option<u64>,
    /// Bytes that are free on the disk of the files.
    pub files_free: Option<u64>,
    /// Bytes of memory that this process has, where the system tells.
    pub memory: Option<u64>,
    /// Bytes of what clients logged that waits to be written, and how many may wait before they are asked to come again.
    pub waiting: (u64, u64),
    /// Runs and blocks of points that wait to be merged.
    pub unmerged: (u64, u64),
}

/// What something takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used {
    /// Runs, in the trash too.
    pub runs: u64,
    /// Points of metrics; those that were logged twice may count twice.
    pub points: u64,
    /// Bytes of their packed values.
    pub point_bytes: u64,
    /// Files that this server keeps.
    pub files: u64,
    /// Bytes of these files.
    pub file_bytes: u64,
}

impl Used {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            runs: self.runs + other.runs,
            points: self.points + other.points,
            point_bytes: self.point_bytes + other.point_bytes,
            files: self.files + other.files,
            file_bytes: self.file_bytes + other.file_bytes,
        }
    }

    /// Bytes in all.
    pub fn bytes(self) -> u64 {
        self.point_bytes + self.file_bytes
    }
}

/// Who and what takes how much of the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageUse {
    /// When it was counted.
    pub at: Millis,
    /// Whether all files were counted; otherwise there were too many for the time.
    pub is_whole: bool,
    /// Each experiment, the largest first.
    pub experiments: Vec<ExperimentUse>,
    /// Each account with runs by its name, the largest first; an empty name for runs that were made without accounts.
    pub users: Vec<(String, Used)>,
    /// All together.
    pub all: Used,
}

/// What an experiment takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExperimentUse {
    /// Which.
    pub id: ExperimentId,
    /// What it is called.
    pub name: String,
    /// Whether it is in the trash.
    pub is_deleted: bool,
    /// What it takes.
    pub used: Used,
}
