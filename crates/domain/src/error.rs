//! What can go wrong, and the one place where it becomes what a person sees.

use model::{Code, Problem};

/// A failure of a use case.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller's doing, or something they should know about: shown as it is.
    #[error("{0}")]
    Problem(#[from] Problem),
    /// The database failed.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema couldn't be brought up to date.
    #[error("migration: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The artifact store failed.
    #[error("artifact store: {0}")]
    ArtifactStore(#[from] object_store::Error),
    /// A stored value makes no sense.
    #[error("broken row: {table}.{column} of {row}: {reason}")]
    BrokenRow {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// The row's key.
        row: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A fault outside the database: reading a file, hashing a password.
    #[error("{0}")]
    Fault(String),
}

/// Of a use case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Problem::invalid(message).into()
    }

    pub(crate) fn missing(message: impl Into<String>) -> Self {
        Problem::missing(message).into()
    }

    /// Whether the database itself can't be used now, whatever is asked of it.
    pub(crate) fn is_out_of_reach(&self) -> bool {
        use sqlx::Error::{Io, PoolClosed, PoolTimedOut, WorkerCrashed};
        matches!(self, Self::Database(Io(_) | PoolClosed | PoolTimedOut | WorkerCrashed))
    }

    /// Whether the database can't hold so much in one value, or in memory (SQLITE_TOOBIG, SQLITE_NOMEM, Postgres' classes 53 and
    /// 54, and its "invalid memory alloc request size").
    pub(crate) fn is_too_large(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else { return false };
        matches!(error.code().as_deref(), Some("18" | "7" | "53200" | "54000" | "XX000"))
    }

    /// Whether a unique key refused the row.
    pub(crate) fn is_duplicate(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::Database(error)) if error.is_unique_violation())
    }
}

impl From<Error> for Problem {
    /// Faults are logged in full and shown without detail: a database's message may hold other people's data.
    fn from(error: Error) -> Self {
        match error {
            Error::Problem(problem) => problem,
            Error::Database(sqlx::Error::Database(error)) if error.code().as_deref() == Some("22021") => {
                Self::invalid("Text must not contain the NUL character.")
            }
            // Two transactions waited for each other, and this is the one that was undone.
            Error::Database(sqlx::Error::Database(error)) if error.code().as_deref() == Some("40P01") => {
                Self::new(Code::TemporarilyUnavailable, "The database is busy. Try again in a moment.")
            }
            Error::Database(sqlx::Error::PoolTimedOut) => {
                Self::new(Code::TemporarilyUnavailable, "The database is busy. Try again in a moment.")
            }
            error => {
                tracing::error!(%error, "use case failed");
                Self::new(Code::InternalError, "The server failed to do this. Its log says why.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_shown_without_its_detail() {
        let problem = Problem::from(Error::Fault("secret path /srv/x".into()));
        assert_eq!(problem.code, Code::InternalError);
        assert!(!problem.message.contains("/srv/x"));
    }
}
