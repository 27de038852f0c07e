//! Traces (MLflow 3, OpenTelemetry): what a model or an agent did for one request, step by step, and what was thought of it.
//!
//! Start reading: [`TraceInfo`], then [`span`] (the steps) and [`assessment`] (what was thought of it).

pub mod assessment;
pub mod metric;
pub mod span;

use crate::{ExperimentId, Millis, TraceId, run::Tag};
use assessment::{Assessment, NewAssessment};
use serde::{Deserialize, Serialize};
use span::Span;

/// Keys of tags and metadata that mean something.
pub mod key {
    /// Tag: the trace's name.
    pub const NAME: &str = "mlflow.traceName";
    /// Tag, made by the server: where files of the trace are.
    pub const ARTIFACT_LOCATION: &str = "mlflow.artifactLocation";
    /// Tag, made by the server: where the spans are.
    pub const SPANS_LOCATION: &str = "mlflow.trace.spansLocation";
    /// Tag that only a server may set: where an archived trace is.
    pub const ARCHIVE_LOCATION: &str = "mlflow.trace.archiveLocation";
    /// Tag that only a server may set: why a trace couldn't be archived.
    pub const ARCHIVAL_FAILURE: &str = "mlflow.trace.archivalFailure";
    /// Metadata: the run in which the trace was made.
    pub const SOURCE_RUN: &str = "mlflow.sourceRun";
    /// Metadata: the conversation that the trace is a part of.
    pub const SESSION: &str = "mlflow.trace.session";
    /// Metadata: whose request it was.
    pub const USER: &str = "mlflow.trace.user";
    /// Metadata: how many tokens models read and wrote for it, in JSON.
    pub const TOKEN_USAGE: &str = "mlflow.trace.tokenUsage";
    /// Metadata: what it cost, in JSON.
    pub const COST: &str = "mlflow.trace.cost";
    /// Metadata: how large the trace is, as its client says, in JSON.
    pub const SIZE_STATS: &str = "mlflow.trace.sizeStats";
    /// How keys of attributes of a root span begin that are tags of the trace.
    pub const TAG_PREFIX: &str = "mlflow.traceTag.";

    /// Tags that say what the server knows, so that nobody else may set them.
    pub const SERVERS_OWN: [&str; 4] =
        [ARTIFACT_LOCATION, SPANS_LOCATION, ARCHIVE_LOCATION, ARCHIVAL_FAILURE];
}

/// How a request went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TraceState {
    /// Nobody said.
    Unspecified,
    /// It was answered.
    Ok,
    /// It failed.
    Error,
    /// It isn't answered yet.
    InProgress,
}

impl TraceState {
    /// In the order of MLflow's numbers, which start at 0.
    pub const ALL: [Self; 4] = [Self::Unspecified, Self::Ok, Self::Error, Self::InProgress];

    /// MLflow's word in filters, also the stored one.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "STATE_UNSPECIFIED",
            Self::Ok => "OK",
            Self::Error => "ERROR",
            Self::InProgress => "IN_PROGRESS",
        }
    }

    /// The state of a stored word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// What is known of a trace besides its steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraceInfo {
    /// Its id.
    pub id: TraceId,
    /// Where it belongs.
    pub experiment: ExperimentId,
    /// What the client calls it.
    pub client_request_id: Option<String>,
    /// The start of the request.
    pub request_preview: Option<String>,
    /// The start of the response.
    pub response_preview: Option<String>,
    /// When the request came.
    pub request_time: Millis,
    /// Milliseconds from then to the response.
    pub duration: Option<i64>,
    /// How it went.
    pub state: TraceState,
    /// By key. They can be changed.
    pub tags: Vec<Tag>,
    /// By key. It stays as it was logged.
    pub metadata: Vec<Tag>,
    /// The oldest first.
    pub assessments: Vec<Assessment>,
    /// Root URI of its files.
    pub artifact_uri: String,
    /// Steps that the server has.
    pub span_count: u64,
    /// About how many bytes these take.
    pub span_bytes: u64,
}

impl TraceInfo {
    /// Its name, if it has one.
    pub fn name(&self) -> Option<&str> {
        value_of(&self.tags, key::NAME)
    }
}

/// The value behind a key.
pub fn value_of<'a>(pairs: &'a [Tag], key: &str) -> Option<&'a str> {
    pairs.iter().find(|pair| pair.key == key).map(|pair| pair.value.as_str())
}

/// A trace with its steps: those without a parent first, then by their start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// What is known of it besides.
    pub info: TraceInfo,
    /// Its steps.
    pub spans: Vec<Span>,
}

/// A trace as its client tells of it, when it has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTrace {
    /// Its id, made by the client.
    pub id: TraceId,
    /// Where it goes.
    pub experiment: ExperimentId,
    /// What the client calls it.
    pub client_request_id: Option<String>,
    /// The start of the request.
    pub request_preview: Option<String>,
    /// The start of the response.
    pub response_preview: Option<String>,
    /// When the request came.
    pub request_time: Millis,
    /// Milliseconds from then to the response.
    pub duration: Option<i64>,
    /// How it went.
    pub state: TraceState,
    /// First tags.
    pub tags: Vec<Tag>,
    /// Its metadata.
    pub metadata: Vec<Tag>,
    /// What was thought of it so far.
    pub assessments: Vec<NewAssessment>,
}

/// Steps of a trace that came together.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSpans {
    /// Whose.
    pub trace: TraceId,
    /// The steps.
    pub spans: Vec<Span>,
    /// Tags of the trace: what is known of the program.
    pub tags: Vec<Tag>,
}

/// What became of steps that were sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// How many were not stored.
    pub refused: u64,
    /// Why the first of them wasn't, or what else the sender should know. Empty: all is well.
    pub message: String,
}
