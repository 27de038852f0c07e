//! MLflow's database, SQLite or Postgres: opened to be read only, and only if its schema is one that is known.
//!
//! Lists go on by key. Points come as a stream, sorted by metric, so that the longest history needs no memory.
//! Start reading: [`schema`]. When MLflow changes its schema: a line in [`schema::REVISIONS`], and what differs in `read.rs`,
//! `registry.rs` or `trace.rs`.

mod read;
mod registry;
pub mod schema;
mod trace;

use crate::{Error, Page, PointCounts, Result, Source, Steps};
use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use model::{
    ExperimentId, RunId, TraceId,
    experiment::Experiment,
    import::{ModelRecord, RegisteredRecord, TraceRecord},
    metric::Point,
    run::Run,
};
pub(crate) use read::status_of;
use schema::Schema;
use sqlx::{
    Arguments as _, AssertSqlSafe, FromRow, PgPool, Postgres, Sqlite, SqlitePool,
    postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow},
    sqlite::{SqliteArguments, SqliteConnectOptions, SqlitePoolOptions, SqliteRow},
};
use std::{path::Path, str::FromStr as _, time::Duration};

/// Connections that read at the same time.
const READERS: u32 = 8;

/// An open MLflow database.
pub struct Database {
    on: Connections,
    schema: Schema,
    workspace: String,
}

/// A database that is only read.
pub(crate) enum Connections {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// A value bound to a placeholder.
#[derive(Debug, Clone)]
pub(crate) enum Arg {
    Int(i64),
    Text(String),
}

/// A row of either database.
pub(crate) trait Row:
    Send + Unpin + 'static + for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow>
{
}
impl<T: Send + Unpin + 'static + for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow>> Row for T {}

/// Placeholders in parentheses.
pub(crate) fn places(count: usize) -> String {
    let places: Vec<String> = (1..=count).map(|place| format!("${place}")).collect();
    format!("({})", places.join(", "))
}

/// Ids as they are bound.
pub(crate) fn texts<T: ToString>(ids: &[T]) -> Vec<Arg> {
    ids.iter().map(|id| Arg::Text(id.to_string())).collect()
}

impl Connections {
    /// Opens what an address in MLflow's way names; what it says of a driver doesn't matter here.
    pub async fn open(address: &str) -> Result<Self> {
        let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
        match scheme.split('+').next().unwrap_or_default() {
            "sqlite" => {
                let file = rest.strip_prefix('/').unwrap_or(rest);
                let file = file.split('?').next().unwrap_or(file);
                if !Path::new(file).is_file() {
                    return Err(Error::Said(format!("there is no database {file}")));
                }
                let options = SqliteConnectOptions::new()
                    .filename(file)
                    .read_only(true)
                    .busy_timeout(Duration::from_secs(30))
                    .row_buffer_size(4096);
                let pool = SqlitePoolOptions::new().max_connections(READERS).connect_with(options).await?;
                Ok(Self::Sqlite(pool))
            }
            "postgresql" | "postgres" => {
                let options = PgConnectOptions::from_str(&format!("postgresql://{rest}"))?
                    .application_name("runmark import")
                    .options([("default_transaction_read_only", "on")]);
                let pool = PgPoolOptions::new().max_connections(READERS).connect_with(options).await?;
                Ok(Self::Postgres(pool))
            }
            other => Err(Error::Said(format!(
                "'{other}' is no database that can be read; use sqlite:///file or postgresql://…"
            ))),
        }
    }

    /// All rows.
    pub async fn all<T: Row>(&self, text: impl Into<String>, args: Vec<Arg>) -> Result<Vec<T>> {
        self.stream(text, args).try_collect().await
    }

    /// A number; 0 if there is no row.
    pub async fn number(&self, text: impl Into<String>, args: Vec<Arg>) -> Result<u64> {
        let rows: Vec<(i64,)> = self.all(text, args).await?;
        Ok(rows.first().map_or(0, |(number,)| number.unsigned_abs()))
    }

    /// Rows as they come.
    pub fn stream<T: Row>(&self, text: impl Into<String>, args: Vec<Arg>) -> BoxStream<'_, Result<T>> {
        let text = AssertSqlSafe(text.into());
        match self {
            Self::Sqlite(pool) => {
                let mut bound = SqliteArguments::default();
                for arg in args {
                    let added = match arg {
                        Arg::Int(value) => bound.add(value),
                        Arg::Text(value) => bound.add(value),
                    };
                    if let Err(error) = added {
                        return failed(error);
                    }
                }
                sqlx::query_as_with::<Sqlite, T, _>(text, bound).fetch(pool).map_err(Error::from).boxed()
            }
            Self::Postgres(pool) => {
                let mut bound = PgArguments::default();
                for arg in args {
                    let added = match arg {
                        Arg::Int(value) => bound.add(value),
                        Arg::Text(value) => bound.add(value),
                    };
                    if let Err(error) = added {
                        return failed(error);
                    }
                }
                sqlx::query_as_with::<Postgres, T, _>(text, bound).fetch(pool).map_err(Error::from).boxed()
            }
        }
    }
}

fn failed<'a, T: Send + 'a>(error: sqlx::error::BoxDynError) -> BoxStream<'a, Result<T>> {
    futures::stream::once(async move { Err(Error::from(sqlx::Error::Encode(error))) }).boxed()
}

impl Database {
    /// Opens a database of a known schema. Of its workspaces, if it has any, this one is read.
    ///
    /// # Errors
    /// If it isn't there, isn't MLflow's, or its schema isn't known.
    pub async fn open(address: &str, workspace: &str) -> Result<Self> {
        let on = Connections::open(address).await?;
        let versions = on.all::<(String,)>("SELECT version_num FROM alembic_version", Vec::new()).await;
        let versions = versions.map_err(|error| {
            Error::Said(format!("this is not a database of MLflow's tracking server ({error})"))
        })?;
        let schema = Schema::of(versions.first().map_or("", |(version,)| version.as_str()))?;
        Ok(Self { on, schema, workspace: workspace.to_owned() })
    }
}

#[async_trait]
impl Source for Database {
    async fn runs_in_all(&self) -> Result<Option<u64>> {
        Ok(Some(self.on.number("SELECT COUNT(*) FROM runs", Vec::new()).await?))
    }

    async fn left_out(&self) -> Result<Vec<(String, u64)>> {
        let mut left = Vec::new();
        for (kind, since, count) in schema::LEFT_OUT {
            if self.schema.has(since) {
                left.push((kind.to_owned(), self.on.number(count, Vec::new()).await?));
            }
        }
        if self.schema.has(schema::WORKSPACES) {
            for (kind, count) in schema::ELSEWHERE {
                let args = vec![Arg::Text(self.workspace.clone())];
                left.push((kind.to_owned(), self.on.number(count, args).await?));
            }
        }
        left.retain(|(_, count)| *count > 0);
        Ok(left)
    }

    async fn experiments(&self, after: Option<&str>) -> Result<Page<Experiment>> {
        self.experiment_page(after).await
    }

    async fn models(&self, of: &[ExperimentId], after: Option<&str>) -> Result<Page<ModelRecord>> {
        self.model_page(of, after).await
    }

    async fn runs(&self, of: &[ExperimentId], after: Option<&str>) -> Result<Page<Run>> {
        self.run_page(of, after).await
    }

    async fn point_counts(&self, runs: &[RunId]) -> Result<Option<PointCounts>> {
        self.counted(runs).await.map(Some)
    }

    fn points<'a>(&'a self, run: &'a Run) -> BoxStream<'a, Result<(String, Vec<Point>)>> {
        self.point_parts(run.info.id)
    }

    async fn registered(&self, after: Option<&str>) -> Result<Page<RegisteredRecord>> {
        self.registered_page(after).await
    }

    async fn traces(&self, of: &[ExperimentId], after: Option<&str>) -> Result<Page<TraceRecord>> {
        self.trace_page(of, after).await
    }

    async fn steps(&self, trace: &TraceRecord) -> Result<Steps> {
        self.steps_of(trace).await
    }

    async fn trace_runs(&self, of: &[ExperimentId], after: Option<&str>) -> Result<Page<(TraceId, RunId)>> {
        self.trace_run_page(of, after).await
    }
}
