//! The rules and the memory of Runmark.
//!
//! Owns: use cases (methods of [`Acting`]), the permission gate ([`gate`]), ingest and the metric store, SQL (the private
//! module `store`), artifacts, accounts. Must never: know HTTP, a web framework or the browser.
//! Start reading: [`Domain`], [`gate`], then [`log`] for the way of a metric to the disk.
//! To add a use case: a method on [`Acting`] in the file of its noun, that asks the gate for a grant first and gives the
//! grant to a function of `store`. The few functions without a caller (sign-in, sessions) are named `unchecked_`.

mod access;
pub mod account;
pub mod artifact;
mod clock;
pub mod error;
pub mod experiment;
pub mod gate;
mod group;
mod log;
pub mod logged_model;
pub mod metric;
mod page;
mod permission;
pub mod registry;
pub mod run;
pub mod session;
mod store;

pub use error::{Error, Result};
pub use gate::Caller;

use access::Access;
use artifact::Artifacts;
use log::Writer;
use metric::upkeep::Upkeep;
use model::Permission;
use std::sync::{Arc, Mutex, PoisonError};
use store::Db;
use tokio::task::JoinSet;

/// How a server is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// `sqlite:///path/to/file.db` or `postgresql://user@host/database`.
    pub backend_store_uri: String,
    /// Root URI of the artifacts of new experiments; `mlflow-artifacts:/` when the server keeps them.
    pub default_artifact_root: String,
    /// Folder where the server keeps artifacts.
    pub artifacts_destination: std::path::PathBuf,
    /// What somebody may do to what nobody gave them a permission for.
    pub default_permission: Permission,
}

/// A running Runmark: its database, its artifacts, its writer. Cheap to clone.
#[derive(Clone)]
pub struct Domain {
    db: Db,
    writer: Writer,
    upkeep: Upkeep,
    artifacts: Artifacts,
    access: Arc<Access>,
    passwords: account::Passwords,
    last_use: account::LastUse,
    /// What goes on by itself, until the domain is closed or the last of its clones is gone.
    background: Arc<Mutex<JoinSet<()>>>,
    config: Arc<Config>,
}

/// Somebody at work: a caller bound to the domain. All use cases are its methods.
#[derive(Clone)]
pub struct Acting {
    domain: Domain,
    caller: Caller,
}

impl Domain {
    /// Opens the database (creating and upgrading it where needed) and the artifact store, and starts the writer.
    ///
    /// # Errors
    /// If either can't be opened, or the URI is of a kind that isn't supported.
    pub async fn open(config: Config) -> Result<Self> {
        let db = Db::open(&config.backend_store_uri).await?;
        let artifacts = Artifacts::open(&config.artifacts_destination)?;
        let upkeep = Upkeep::new(db.clone());
        let last_use = account::LastUse::default();
        let mut background = JoinSet::new();
        background.spawn(db.changes().clone().watch(db.clone()));
        background.spawn(last_use.clone().keep_writing(db.clone()));
        background.spawn(upkeep.clone().keep_folding());
        background.spawn(upkeep.clone().keep_merging());
        let domain = Self {
            writer: Writer::start(db.clone(), upkeep.clone()),
            upkeep,
            access: Arc::new(Access::new(&db)),
            db,
            artifacts,
            passwords: account::Passwords::new()?,
            last_use,
            background: Arc::new(Mutex::new(background)),
            config: Arc::new(config),
        };
        domain.create_default_experiment().await?;
        Ok(domain)
    }

    /// Binds a caller, for their use cases.
    pub fn act(&self, caller: Caller) -> Acting {
        Acting { domain: self.clone(), caller }
    }

    /// Waits until everything acknowledged is written, and closes.
    pub async fn close(&self) {
        self.writer.drain().await;
        let mut background =
            std::mem::take(&mut *self.background.lock().unwrap_or_else(PoisonError::into_inner));
        background.shutdown().await;
        if let Err(error) = self.last_use.write(&self.db).await {
            tracing::warn!(%error, "can't write when tokens were used");
        }
        self.db.close().await;
    }

    /// Does now what would be done for metrics in the background if nothing were logged for a while: the database is
    /// smaller then, and reads are faster.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn compact(&self) -> Result<()> {
        self.upkeep.finish().await
    }

    pub(crate) fn default_permission(&self) -> Permission {
        self.config.default_permission
    }
}

impl Acting {
    /// Who is calling.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
}
