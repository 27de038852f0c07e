//! The rules and the memory of Runmark.
//!
//! Owns: use cases (methods of [`Acting`]), the permission gate ([`gate`]), ingest and the metric store, SQL (the private
//! module `store`), artifacts, accounts. Must never: know HTTP, a web framework or the browser.
//! Start reading: [`Domain`], [`gate`], then [`log`] for the way of a metric to the disk.
//! To add a use case: a method on [`Acting`] in the file of its noun, that asks the gate for a grant first and gives the
//! grant to a function of `store`. The few functions without a caller (sign-in, sessions) are named `unchecked_`.

mod access;
pub mod account;
mod all_runs;
pub mod artifact;
mod audit;
mod bulk;
mod clock;
mod console;
pub mod error;
pub mod experiment;
mod explore;
mod facet;
mod find;
pub mod gate;
mod group;
mod import;
mod lineage;
mod live;
mod log;
mod logged_image;
pub mod logged_model;
mod logged_table;
pub mod markdown;
pub mod metric;
mod model_note;
mod moving;
mod operation;
mod page;
mod permission;
pub mod registry;
pub mod run;
pub mod session;
pub mod share;
mod store;
pub mod trace;
mod view;
pub mod webhook;

pub use error::{Error, Result};
pub use gate::{Caller, Guest, UsedToken};
pub use live::{News, Watched};

use access::Access;
use artifact::Artifacts;
use live::Live;
use log::Writer;
use metric::upkeep::Upkeep;
use model::{Millis, Permission, TokenId};
use session::SessionHash;
use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};
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
    live: Live,
    artifacts: Artifacts,
    access: Arc<Access>,
    passwords: account::Passwords,
    throttle: account::Throttle,
    tokens_used: account::LastUse<TokenId>,
    sessions_used: account::LastUse<SessionHash>,
    refusals: audit::Refusals,
    /// Who is asked about names and passwords that aren't known here.
    directory: Option<Arc<dyn account::Directory>>,
    /// Who tells webhooks.
    sender: Option<Arc<dyn webhook::Sender>>,
    storage: operation::Storage,
    /// When this process began to serve.
    started: Millis,
    origin: Origin,
    /// What goes on by itself, until the domain is closed or the last of its clones is gone.
    background: Arc<Mutex<JoinSet<()>>>,
    config: Arc<Config>,
}

/// Where a call comes from.
#[derive(Debug, Clone, Copy, Default)]
struct Origin {
    /// `None`: from the machine itself.
    address: Option<IpAddr>,
    /// The browser session that it is made in.
    session: Option<SessionHash>,
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
        let (tokens_used, sessions_used) = <(account::LastUse<_>, account::LastUse<_>)>::default();
        let refusals = audit::Refusals::default();
        let mut background = JoinSet::new();
        background.spawn(db.changes().clone().watch(db.clone()));
        background.spawn(tokens_used.clone().keep_writing(db.clone()));
        background.spawn(sessions_used.clone().keep_writing(db.clone()));
        background.spawn(audit::keep_sealing(db.clone(), refusals.clone()));
        background.spawn(upkeep.clone().keep_folding());
        let live = Live::new()?;
        background.spawn(live.clone().keep_telling(db.clone()));
        background.spawn(upkeep.clone().keep_merging());
        let domain = Self {
            writer: Writer::start(db.clone(), upkeep.clone(), live.clone()),
            live,
            upkeep,
            access: Arc::new(Access::new(&db)),
            db,
            artifacts,
            passwords: account::Passwords::new()?,
            throttle: account::Throttle::default(),
            tokens_used,
            sessions_used,
            refusals,
            directory: None,
            sender: None,
            storage: operation::Storage::default(),
            started: clock::now(),
            origin: Origin::default(),
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
        let written =
            futures::try_join!(self.tokens_used.write(&self.db), self.sessions_used.write(&self.db));
        if let Err(error) = written {
            tracing::warn!(%error, "can't write when tokens and sessions were used");
        }
        if let Err(error) = self.refusals.write(&self.db).await {
            tracing::warn!(%error, "can't write to the audit log what was refused");
        }
        self.db.close().await;
    }

    /// Ends what tells open pages of changes: a server that stops waits for all that it still answers.
    pub fn end_watches(&self) {
        self.live.end();
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
    /// What somebody may do to what nobody gave them a permission for.
    pub fn default_permission(&self) -> Permission {
        self.domain.default_permission()
    }

    /// Who is calling.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
}
