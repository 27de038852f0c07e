//! MLflow's stores from inside: what an MLflow installation has, in Runmark's words, and the folder that MLflow reads.
//!
//! Owns: the three ways to read all of it ([`sql`], [`files`], [`http`]), accounts of its basic-auth database ([`people`]), its
//! artifacts ([`artifact`]), and the layout of a folder of runs for those who want to leave ([`files::write`]). Knows MLflow's
//! schema: the statements here are about other people's databases, which are only ever read. Must never: know Runmark's domain or
//! its database, or write to where it reads.
//! Start reading: [`Source`]. To read another kind of store: a module that implements it, an arm in [`open`].

pub mod artifact;
pub mod files;
pub mod http;
pub mod people;
pub mod sql;
mod trace;

use async_trait::async_trait;
use futures::stream::BoxStream;
use model::{
    ExperimentId, RunId, TraceId,
    experiment::Experiment,
    import::{ModelRecord, RegisteredRecord, TraceRecord},
    logged_model::ModelMetric,
    metric::Point,
    run::{Run, Tag, tag},
};
use std::{collections::HashMap, path::PathBuf};

/// Why something couldn't be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error("the MLflow database: {0}")]
    Database(#[from] sqlx::Error),
    /// The server couldn't be reached, or broke off.
    #[error("the MLflow server: {0}")]
    Server(#[from] reqwest::Error),
    /// A file couldn't be read or written.
    #[error("{}: {error}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// In words.
    #[error("{0}")]
    Said(String),
}

/// Of reading.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A part of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// What can be taken over.
    pub items: Vec<T>,
    /// What can't, in words.
    pub skipped: Vec<String>,
    /// From where the next part goes on; `None` at the end.
    pub next: Option<String>,
}

/// The steps of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Steps {
    /// Texts in JSON as MLflow's clients write them: of one step each, or of a file of them.
    Texts(Vec<String>),
    /// They are in the file [`STEPS_FILE`] among the trace's artifacts.
    Filed,
    /// They can't be read, in words.
    Unreadable(String),
}

/// The name of the file that holds the steps of a trace where they are in no database.
pub const STEPS_FILE: &str = "traces.json";

/// Bytes of the steps of a trace that are read: they are all in memory at once.
pub const MOST_STEP_BYTES: usize = 256 << 20;

/// How many points each metric of some runs has.
pub type PointCounts = HashMap<RunId, HashMap<String, u64>>;

/// All that an MLflow installation has, a part at a time. Each list comes in an order that doesn't change, so that a part goes on
/// where the one before ended.
#[async_trait]
pub trait Source: Send + Sync {
    /// How many runs there are, if that is known without reading them all.
    async fn runs_in_all(&self) -> Result<Option<u64>>;

    /// What is there that can't be taken over, by kind, with how many.
    async fn left_out(&self) -> Result<Vec<(String, u64)>>;

    /// Experiments, deleted ones too.
    async fn experiments(&self, after: Option<&str>) -> Result<Page<Experiment>>;

    /// Logged models of these experiments.
    async fn models(&self, of: &[ExperimentId], after: Option<&str>) -> Result<Page<ModelRecord>>;

    /// Runs of these experiments, deleted ones too, without what is known of their metrics but for, at most, their names.
    async fn runs(&self, of: &[ExperimentId], after: Option<&str>) -> Result<Page<Run>>;

    /// How many points runs have, if that is known without reading them.
    async fn point_counts(&self, runs: &[RunId]) -> Result<Option<PointCounts>>;

    /// The points of a run, none of them twice. Where [`Self::point_counts`] knows nothing, all of a metric come at once.
    fn points<'a>(&'a self, run: &'a Run) -> BoxStream<'a, Result<(String, Vec<Point>)>>;

    /// Registered models, prompts too.
    async fn registered(&self, after: Option<&str>) -> Result<Page<RegisteredRecord>>;

    /// Traces of these experiments, without their steps.
    async fn traces(&self, of: &[ExperimentId], after: Option<&str>) -> Result<Page<TraceRecord>>;

    /// The steps of a trace.
    async fn steps(&self, trace: &TraceRecord) -> Result<Steps>;

    /// Which traces of these experiments were linked to which of their runs.
    async fn trace_runs(&self, of: &[ExperimentId], after: Option<&str>) -> Result<Page<(TraceId, RunId)>>;
}

/// Opens what an address names: `http://…`, `sqlite:///file`, `postgresql://…`, or a folder of runs. Of a database with workspaces,
/// one.
///
/// # Errors
/// If it isn't there, or of a kind or a version that isn't known.
pub async fn open(address: &str, workspace: &str) -> Result<Box<dyn Source>> {
    let scheme = address.split_once("://").map_or("", |(scheme, _)| scheme);
    let database = scheme.split('+').next().unwrap_or_default();
    match database {
        "http" | "https" => Ok(Box::new(http::Server::open(address)?)),
        "sqlite" | "postgresql" | "postgres" => Ok(Box::new(sql::Database::open(address, workspace).await?)),
        "" | "file" => {
            Ok(Box::new(files::Folder::open(address.strip_prefix("file://").unwrap_or(address)).await?))
        }
        other => Err(Error::Said(format!(
            "{other}:// can't be read directly. Start MLflow's server on it and import from its http:// address."
        ))),
    }
}

/// A value as it was logged: MLflow's databases hold the greatest number there is where somebody logged infinity.
fn unclamped(value: f64) -> f64 {
    if value.abs() == f64::MAX { f64::INFINITY.copysign(value) } else { value }
}

/// Makes name and tag of a run the one thing that they are: of two that differ the tag counts, as in MLflow.
fn with_one_name(mut run: Run) -> Run {
    match run.tags.iter().find(|tag| tag.key == tag::RUN_NAME) {
        Some(tag) => run.info.name = tag.value.clone(),
        None if run.info.name.is_empty() => {}
        None => {
            run.tags.push(Tag { key: tag::RUN_NAME.to_owned(), value: run.info.name.clone() });
            run.tags.sort_by(|a, b| a.key.cmp(&b.key));
        }
    }
    run
}

/// What is measured, by which run, on which dataset.
type Measured = (String, RunId, Option<(String, String)>);

/// The last value of each metric, run and dataset.
fn latest(measured: Vec<ModelMetric>) -> Vec<ModelMetric> {
    let mut last: HashMap<Measured, ModelMetric> = HashMap::new();
    for metric in measured {
        let place = (metric.key.clone(), metric.run, metric.dataset.clone());
        let is_older = last.get(&place).is_some_and(|known| !metric.point.is_later_than(&known.point));
        if !is_older {
            last.insert(place, metric);
        }
    }
    last.into_values().collect()
}
