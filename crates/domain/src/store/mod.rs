//! The memory: every SQL statement of Runmark is in this folder, and nowhere else.
//!
//! Owns: the two databases, the schema, the statements. Must never: decide who may do what (it takes grants, see
//! [`crate::gate`]), or hold rules that aren't about storing.
//! Start reading: [`sql`], then [`run`]. To add a table: the same file name in `migrations/sqlite` and
//! `migrations/postgres`, a file here with its statements. What must differ between the databases is in this file.

pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod block;
pub(crate) mod changes;
pub(crate) mod experiment;
pub(crate) mod external;
pub(crate) mod facet;
pub(crate) mod find;
pub(crate) mod group;
pub(crate) mod import;
pub(crate) mod key;
pub(crate) mod live;
pub(crate) mod logged_model;
pub(crate) mod metric;
pub(crate) mod moving;
pub(crate) mod operation;
mod packed;
pub(crate) mod param;
pub(crate) mod permission;
pub(crate) mod registry;
pub(crate) mod run;
pub(crate) mod search;
pub(crate) mod second_factor;
pub(crate) mod segment;
pub(crate) mod session;
pub(crate) mod share;
pub(crate) mod sheet;
pub(crate) mod sql;
pub(crate) mod trace;
pub(crate) mod view;
pub(crate) mod webhook;

use crate::{
    error::{Error, Result},
    gate::Importing,
};
use changes::Changes;
pub(crate) use sql::{Arg, Query, Sql, sql};
use sqlx::{
    Database, PgPool, Postgres, Sqlite, SqlitePool, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{
        SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
    },
};
use std::{
    fs::File,
    ops::{Deref, DerefMut},
    path::Path,
    str::FromStr,
    sync::Arc,
    time::Duration,
};

/// Statements that each of SQLite's readers keeps prepared: those that come again and again are fewer.
const READY: usize = 48;
/// Free pages (4 KiB) that new data will soon fill again anyway.
const FREE_PAGES_KEPT: i64 = 256;

/// Where everything but artifacts is kept.
#[derive(Debug, Clone)]
pub(crate) enum Db {
    Sqlite(SqliteDb),
    Postgres(PostgresDb),
}

/// One writer, as SQLite allows, and readers that it never blocks (write-ahead log).
#[derive(Debug, Clone)]
pub(crate) struct SqliteDb {
    writer: SqlitePool,
    pub(in crate::store) readers: SqlitePool,
    changes: Arc<Changes>,
}

/// Connections, as many as write and read at a time.
#[derive(Debug, Clone)]
pub(crate) struct PostgresDb {
    pool: PgPool,
    changes: Arc<Changes>,
}

impl Deref for PostgresDb {
    type Target = PgPool;
    fn deref(&self) -> &PgPool {
        &self.pool
    }
}

/// A transaction that writes.
pub(crate) enum Tx {
    Sqlite(Open<Sqlite>),
    Postgres(Open<Postgres>),
}

/// A transaction on one of the databases: its connection, and what is to be told when it is committed.
pub(crate) struct Open<D: Database> {
    transaction: Transaction<'static, D>,
    changes: Arc<Changes>,
    /// See [`Tx::changes_access`].
    changes_access: bool,
    /// See [`Tx::replace_nul`].
    replaces_nul: bool,
}

impl<D: Database> Open<D> {
    fn new(transaction: Transaction<'static, D>, changes: &Arc<Changes>) -> Self {
        Self { transaction, changes: changes.clone(), changes_access: false, replaces_nul: false }
    }
}

impl<D: Database> Deref for Open<D> {
    type Target = D::Connection;
    fn deref(&self) -> &D::Connection {
        &self.transaction
    }
}

impl<D: Database> DerefMut for Open<D> {
    fn deref_mut(&mut self) -> &mut D::Connection {
        &mut self.transaction
    }
}

impl Db {
    /// Opens the database of this URI (`sqlite:///path`, `sqlite:////absolute/path`, `postgresql://…`), creates it if it
    /// is a file that isn't there, and brings its schema up to date.
    pub async fn open(uri: &str) -> Result<Self> {
        if let Some(path) = uri.strip_prefix("sqlite:///") {
            Self::open_sqlite(Path::new(path)).await
        } else if uri.starts_with("postgresql://") || uri.starts_with("postgres://") {
            Self::open_postgres(uri).await
        } else {
            // The URI may hold a password: name its scheme only.
            let scheme = uri.split(':').next().unwrap_or_default();
            Err(Error::Fault(format!(
                "backend store URI with scheme '{scheme}' is not supported; use sqlite:///path/to/file.db or postgresql://user@host/database"
            )))
        }
    }

    async fn open_sqlite(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|error| {
                Error::Fault(format!("can't create the folder {}: {error}", folder.display()))
            })?;
        }
        // Until this is dropped no other process opens the database: SQLite's migrations have no lock of their own.
        let _opening = lock_beside(path).await?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            // An acknowledged write survives the loss of power.
            .synchronous(SqliteSynchronous::Full)
            // For new files: pages that are free can be given back, bit by bit.
            .auto_vacuum(SqliteAutoVacuum::Incremental)
            .busy_timeout(Duration::from_secs(10))
            // MLflow's LIKE tells upper from lower case; ILIKE is written with LOWER.
            .pragma("case_sensitive_like", "ON")
            // Rows come through a channel from the thread that reads them: few, large loads rather than a change of threads for
            // every few rows.
            .row_buffer_size(4096);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options.clone().pragma("cache_size", "-4096"))
            .await?;
        sqlx::migrate!("../../migrations/sqlite").run(&writer).await?;
        let readers = SqlitePoolOptions::new()
            // Each has a cache of its own; more of them than cores don't read faster.
            .max_connections(
                std::thread::available_parallelism().map_or(4, |cores| cores.get().clamp(4, 16)) as u32
            )
            .connect_with(
                options
                    .pragma("cache_size", "-2048")
                    .pragma("query_only", "ON")
                    .statement_cache_capacity(READY),
            )
            .await?;
        Ok(Self::Sqlite(SqliteDb { writer, readers, changes: Changes::new() }))
    }

    async fn open_postgres(uri: &str) -> Result<Self> {
        let options = PgConnectOptions::from_str(uri)?
            .application_name("runmark")
            // Compiling a statement takes longer than any of ours.
            .options([("jit", "off")]);
        let pool = PgPoolOptions::new()
            .max_connections(16)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options)
            .await?;
        sqlx::migrate!("../../migrations/postgres").run(&pool).await?;
        Ok(Self::Postgres(PostgresDb { pool, changes: Changes::new() }))
    }

    /// Begins a transaction that may write. What it commits survives the loss of power.
    pub async fn begin(&self) -> Result<Tx> {
        Ok(match self {
            Self::Sqlite(sqlite) => {
                let tx = sqlite.writer.begin_with("PRAGMA synchronous = FULL; BEGIN IMMEDIATE").await?;
                Tx::Sqlite(Open::new(tx, &sqlite.changes))
            }
            Self::Postgres(postgres) => {
                Tx::Postgres(Open::new(postgres.pool.begin().await?, &postgres.changes))
            }
        })
    }

    /// Begins a transaction for upkeep that can be done again. It happens whole or not at all, but the disk isn't waited for:
    /// the loss of power may undo it. What is committed later never survives without it.
    pub async fn begin_upkeep(&self) -> Result<Tx> {
        Ok(match self {
            Self::Sqlite(sqlite) => {
                let tx = sqlite.writer.begin_with("PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE").await?;
                Tx::Sqlite(Open::new(tx, &sqlite.changes))
            }
            Self::Postgres(postgres) => {
                let tx = postgres.pool.begin_with("BEGIN; SET LOCAL synchronous_commit = off").await?;
                Tx::Postgres(Open::new(tx, &postgres.changes))
            }
        })
    }

    /// Gives some free pages back to the disk, if there are many. Returns whether there may be more. Only SQLite needs to be
    /// told, and a file of an earlier version keeps its pages.
    pub async fn give_back_pages(&self) -> Result<bool> {
        let Self::Sqlite(sqlite) = self else { return Ok(false) };
        let number = async |pragma: &'static str| -> Result<i64> {
            Ok(sqlx::query_scalar(pragma).fetch_one(&sqlite.readers).await?)
        };
        let free = number("PRAGMA freelist_count").await?;
        if free < FREE_PAGES_KEPT || free < number("PRAGMA page_count").await? / 8 {
            return Ok(false);
        }
        sqlx::query("PRAGMA incremental_vacuum(512)").execute(&sqlite.writer).await?;
        Ok(number("PRAGMA freelist_count").await? < free)
    }

    /// Which database it is, and its version.
    pub async fn version(&self) -> Result<String> {
        Ok(match self {
            Self::Sqlite(sqlite) => {
                let version: String =
                    sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&sqlite.readers).await?;
                format!("SQLite {version}")
            }
            Self::Postgres(postgres) => {
                let version: String =
                    sqlx::query_scalar("SHOW server_version").fetch_one(&postgres.pool).await?;
                format!("PostgreSQL {version}")
            }
        })
    }

    /// Bytes that it takes of its disk.
    pub async fn bytes(&self) -> Result<u64> {
        let bytes: i64 = match self {
            Self::Sqlite(sqlite) => {
                let pages = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
                sqlx::query_scalar(pages).fetch_one(&sqlite.readers).await?
            }
            Self::Postgres(postgres) => {
                let size = "SELECT pg_database_size(current_database())";
                sqlx::query_scalar(size).fetch_one(&postgres.pool).await?
            }
        };
        Ok(u64::try_from(bytes).unwrap_or_default())
    }

    /// What this process knows of changes of access.
    pub fn changes(&self) -> &Arc<Changes> {
        match self {
            Self::Sqlite(sqlite) => &sqlite.changes,
            Self::Postgres(postgres) => &postgres.changes,
        }
    }

    /// Waits for open statements and closes.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(sqlite) => {
                sqlite.readers.close().await;
                sqlite.writer.close().await;
            }
            Self::Postgres(postgres) => postgres.pool.close().await,
        }
    }
}

impl Tx {
    /// Makes the changes last. Without it they are undone.
    pub async fn commit(self) -> Result<()> {
        let (changes, changes_access) = match &self {
            Self::Sqlite(tx) => (&tx.changes, tx.changes_access),
            Self::Postgres(tx) => (&tx.changes, tx.changes_access),
        };
        if changes_access {
            let changes = changes.clone();
            return self.commit_change(changes).await;
        }
        self.commit_as_it_is().await
    }

    async fn commit_as_it_is(self) -> Result<()> {
        match self {
            Self::Sqlite(tx) => tx.transaction.commit().await?,
            Self::Postgres(tx) => tx.transaction.commit().await?,
        }
        Ok(())
    }

    /// From now on U+FFFD is written for NUL, which another database may have had. Neither of ours has a place for it, and else
    /// refuses the text.
    pub fn replace_nul(&mut self, _: &Importing) {
        match self {
            Self::Sqlite(tx) => tx.replaces_nul = true,
            Self::Postgres(tx) => tx.replaces_nul = true,
        }
    }

    /// Keeps other processes from writing to what `key` stands for until the transaction ends. SQLite has one writer, so
    /// there is nothing to do.
    pub async fn lock(&mut self, key: i64) -> Result<()> {
        if let Self::Postgres(tx) = self {
            sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(key).execute(&mut **tx).await?;
        }
        Ok(())
    }
}

/// Waits for, and holds, the lock on opening this database file. It is a file of its own, because closing a second handle
/// to the database would take SQLite's own locks away.
async fn lock_beside(path: &Path) -> Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock = move || {
        let file = File::create(&name)?;
        file.lock()?;
        Ok(file)
    };
    let fault =
        |error: &dyn std::fmt::Display| Error::Fault(format!("can't lock {}: {error}", path.display()));
    let locked: std::io::Result<File> =
        tokio::task::spawn_blocking(lock).await.map_err(|error| fault(&error))?;
    locked.map_err(|error| fault(&error))
}

/// A stored word or rank that must be one of a few.
pub(crate) fn parse<T>(
    table: &'static str,
    column: &'static str,
    row: impl ToString,
    value: impl Into<Option<T>>,
) -> Result<T> {
    value.into().ok_or_else(|| Error::BrokenRow {
        table,
        column,
        row: row.to_string(),
        reason: "not a known value".to_owned(),
    })
}
