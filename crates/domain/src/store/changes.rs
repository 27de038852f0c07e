//! How every process learns that what somebody may do has changed.
//!
//! A store function that changes what access depends on marks its transaction ([`Tx::changes_access`]). A marked
//! transaction counts itself in the table `access_changes`, as its last statement, and when it is committed its own
//! process moves its epoch on, before the use case returns. The other processes read the count [`EVERY`] so often, on a
//! connection of their own, and move theirs when it differs. What is remembered carries the epoch from before its query
//! ([`AsOf`]) and is used only while
//!
//! - the epoch is still that one, and
//! - a reading of the count that came to a good end was begun within [`GOOD_FOR`].
//!
//! So what is remembered is never older than the last change made by this process, and never older than one second
//! whoever made the change and whatever goes wrong: a lost or hanging connection just means that nothing remembered is
//! used. What was changed by hand in the tables isn't counted; the age limit of [`crate::access`] is for that.
//!
//! A count in a table, and not `LISTEN`: it works the same on both databases (the command line changes a SQLite file that
//! a server has open), through connection poolers, and silence can be told from a dead connection.
//!
//! Nobody reads the count while nothing is asked: after [`QUIET`] readings that nobody needed the watch sleeps, and the
//! next question wakes it.

use super::{Db, Tx, sql};
use crate::error::Result;
use sqlx::{ConnectOptions as _, PgConnection, SqliteConnection};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

/// How often the count is read.
const EVERY: Duration = Duration::from_millis(200);
/// How long a reading vouches for what is remembered, from its beginning.
const GOOD_FOR: Duration = Duration::from_secs(1);
/// Readings that nobody needed, after which the watch sleeps.
const QUIET: u32 = 25;

/// What this process knows of changes. One for each open database.
#[derive(Debug)]
pub(crate) struct Changes {
    epoch: AtomicU64,
    opened: Instant,
    /// When the last good reading was begun, in nanoseconds since `opened`; 0 before the first.
    vouched: AtomicU64,
    /// Whether anybody asked since the last reading.
    asked: AtomicBool,
    wake: Notify,
}

/// The epoch from before a query: what the query finds may be remembered as of then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AsOf(u64);

impl Changes {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            epoch: AtomicU64::new(0),
            opened: Instant::now(),
            vouched: AtomicU64::new(0),
            asked: AtomicBool::new(false),
            wake: Notify::new(),
        })
    }

    /// To be called before the query.
    pub fn as_of(&self) -> AsOf {
        AsOf(self.epoch.load(Ordering::SeqCst))
    }

    /// Whether what was found then may still be used.
    pub fn holds(&self, then: AsOf) -> bool {
        // In this order: a reading moves the epoch first and vouches afterwards.
        self.is_watched() && self.as_of() == then
    }

    /// What was found before counts no longer.
    fn happened(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }

    fn is_watched(&self) -> bool {
        if !self.asked.load(Ordering::Relaxed) {
            self.asked.store(true, Ordering::Relaxed);
        }
        let vouched = self.vouched.load(Ordering::SeqCst);
        let is_watched =
            vouched > 0 && self.opened.elapsed() < Duration::from_nanos(vouched).saturating_add(GOOD_FOR);
        if !is_watched {
            self.wake.notify_one();
        }
        is_watched
    }

    /// Reads the count again and again. Never ends by itself.
    pub async fn watch(self: Arc<Self>, db: Db) {
        let mut connection = None;
        let mut counted = None;
        let mut quiet = 0;
        loop {
            let begun = u64::try_from(self.opened.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1);
            match timeout(GOOD_FOR, count(&mut connection, &db)).await {
                Ok(Ok(count)) => {
                    if counted != Some(count) {
                        counted = Some(count);
                        self.happened();
                    }
                    self.vouched.store(begun, Ordering::SeqCst);
                }
                failed => {
                    // It may hang, or be cut off in the middle of an answer.
                    if connection.take().is_some() {
                        tracing::warn!(
                            ?failed,
                            "can't read whether permissions changed; asking for each call"
                        );
                    }
                }
            }
            sleep(EVERY).await;
            quiet = if self.asked.swap(false, Ordering::Relaxed) { 0 } else { quiet + 1 };
            if quiet >= QUIET {
                self.wake.notified().await;
                quiet = 0;
            }
        }
    }
}

/// Beside the pools: whoever holds their connections for long must not keep the watch waiting.
enum Watching {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

async fn count(connection: &mut Option<Watching>, db: &Db) -> sqlx::Result<i64> {
    const COUNT: &str = "SELECT count FROM access_changes";
    let watching = match connection {
        Some(watching) => watching,
        None => connection.insert(match db {
            Db::Sqlite(sqlite) => Watching::Sqlite(sqlite.readers.connect_options().connect().await?),
            Db::Postgres(postgres) => Watching::Postgres(postgres.connect_options().connect().await?),
        }),
    };
    match watching {
        Watching::Sqlite(sqlite) => sqlx::query_scalar(COUNT).fetch_one(sqlite).await,
        Watching::Postgres(postgres) => sqlx::query_scalar(COUNT).fetch_one(postgres).await,
    }
}

impl Tx {
    /// Marks that this changes what somebody may do to what is there, or who somebody is: levels, deleting and restoring,
    /// deleting accounts and tokens, passwords. Making something new changes nothing that could be remembered.
    pub fn changes_access(&mut self) {
        match self {
            Self::Sqlite(tx) => tx.changes_access = true,
            Self::Postgres(tx) => tx.changes_access = true,
        }
    }

    /// Commits what is marked.
    pub(super) async fn commit_change(mut self, changes: Arc<Changes>) -> Result<()> {
        // Last, because from here to the end all other changes wait for this one.
        self.execute(sql("UPDATE access_changes SET count = count + 1")).await?;
        // To the end, also if whoever asked for it goes away meanwhile.
        let committed = tokio::spawn(async move {
            let outcome = self.commit_as_it_is().await;
            // Also if it failed: an error may mean that only the answer was lost.
            changes.happened();
            outcome
        });
        committed.await.map_err(|error| crate::Error::Fault(format!("committing: {error}")))?
    }
}
