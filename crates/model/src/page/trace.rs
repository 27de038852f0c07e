//! What the pages of traces ask for, and what they are answered.

use crate::{
    AssessmentId, ExperimentId, Millis, Permission, RunId, TraceId,
    filter::TraceWords,
    page::registry::RunLink,
    run::Tag,
    trace::{
        TraceState,
        assessment::{AssessmentKind, SourceType},
        span::{Nanos, SpanId, SpanStatus},
    },
};
use serde::{Deserialize, Serialize};

/// Rows of a table of traces at once.
pub const TRACES_PAGE: u32 = 50;
/// Spans that the page of a trace shows at first, and how many more each time they are asked for.
pub const SPANS_SHOWN: u32 = 500;

/// What a table of traces asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracesQuery {
    /// Whose traces.
    pub experiment: ExperimentId,
    /// Only those that this run has to do with, wherever they are.
    pub run: Option<RunId>,
    /// The search language of [`crate::filter`] for traces; empty for all.
    pub filter: String,
    /// From the page before; empty for the first.
    pub after: String,
}

/// Keys or values that a search for them finds at most.
pub const WORDS_FOUND: usize = 50;

/// Asks what can stand in a filter of traces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceWordsQuery {
    /// Whose traces.
    pub experiment: ExperimentId,
    /// Only those that this run has to do with, wherever they are.
    pub run: Option<RunId>,
    /// What is looked for.
    pub words: TraceWords,
    /// What they contain, in any case.
    pub text: String,
}

/// A part of a table of traces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracesPage {
    /// Newest first.
    pub rows: Vec<TraceRow>,
    /// What leads on to older ones, if there are any.
    pub next: Option<String>,
    /// What the caller may do to them.
    pub permission: Permission,
}

/// A trace in a table.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TraceRow {
    /// Its id.
    pub id: TraceId,
    /// Where it is.
    pub experiment: ExperimentId,
    /// When the request came.
    pub time: Millis,
    /// Its name; empty for none.
    pub name: String,
    /// How it went.
    pub state: TraceState,
    /// Milliseconds that it took.
    pub duration: Option<i64>,
    /// The start of the request; empty for none.
    pub request: String,
    /// The start of the response; empty for none.
    pub response: String,
    /// What models read and wrote for it.
    pub tokens: Option<Tokens>,
    /// Tags that people and programs gave it.
    pub tags: Vec<Tag>,
    /// What counts of what was thought of it.
    pub thoughts: Vec<Thought>,
}

/// What models read and wrote, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tokens {
    /// Read.
    pub input: Option<u64>,
    /// Written.
    pub output: Option<u64>,
    /// In all.
    pub total: u64,
}

/// What somebody thinks of a trace, in words.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Thought {
    /// The assessment's id.
    pub id: AssessmentId,
    /// What is assessed.
    pub name: String,
    /// What it says.
    pub kind: AssessmentKind,
    /// The value as people read it; empty for none.
    pub value: String,
    /// The value, if it is yes or no.
    pub verdict: Option<bool>,
    /// Why there is no value.
    pub error: Option<String>,
    /// Who assesses.
    pub source_type: SourceType,
    /// Their name.
    pub source: String,
    /// Why it is so.
    pub rationale: Option<String>,
    /// When it last changed.
    pub at: Millis,
    /// Of what step, if of one.
    pub span: Option<String>,
    /// Whether no other one is in its place.
    pub valid: bool,
}

/// What somebody thinks of a trace, about to be said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewThought {
    /// Of what step, if of one.
    pub span: Option<SpanId>,
    /// What is assessed.
    pub name: String,
    /// What is said of it.
    pub says: Says,
    /// Why it is so; empty for no reason.
    pub rationale: String,
}

/// What is said of a trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Says {
    /// It is good, or bad.
    Good(bool),
    /// It should have been this: JSON, or a text.
    Expected(String),
}

/// What the page of a trace asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceQuestion {
    /// The trace.
    pub trace: TraceId,
    /// Only steps in which this is, with those that they are parts of; empty for all.
    pub text: String,
    /// So many rows at most.
    pub rows: u32,
}

/// A trace as its page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracePage {
    /// Its id.
    pub id: TraceId,
    /// Where it is.
    pub experiment: ExperimentId,
    /// The experiment's name.
    pub experiment_name: String,
    /// What the caller may do to it.
    pub permission: Permission,
    /// Its name; empty for none.
    pub name: String,
    /// How it went.
    pub state: TraceState,
    /// When the request came.
    pub time: Millis,
    /// Milliseconds that it took.
    pub duration: Option<i64>,
    /// What its client calls it.
    pub client_request_id: Option<String>,
    /// What models read and wrote for it.
    pub tokens: Option<Tokens>,
    /// The run in which it was made, if the caller may see that.
    pub run: Option<RunLink>,
    /// The conversation that it is a part of.
    pub session: Option<String>,
    /// Whose request it was.
    pub user: Option<String>,
    /// By key.
    pub tags: Vec<Tag>,
    /// By key.
    pub metadata: Vec<Tag>,
    /// What was thought of it, the oldest first.
    pub thoughts: Vec<Thought>,
    /// Its steps, each before its own ones.
    pub spans: Vec<SpanRow>,
    /// How many rows there would be if as many were asked for.
    pub rows: u64,
    /// In how many steps the text is.
    pub found: u64,
    /// When the first step begins and the last one ends.
    pub window: (Nanos, Nanos),
    /// Why its steps can't be shown.
    pub trouble: Option<String>,
}

/// A step of a trace as a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpanRow {
    /// Its id.
    pub id: SpanId,
    /// In how many others it is.
    pub depth: u32,
    /// Its name.
    pub name: String,
    /// What kind of step it is: `LLM`, `TOOL`, …
    pub span_type: String,
    /// How it went.
    pub status: SpanStatus,
    /// When it began.
    pub start: Nanos,
    /// When it ended.
    pub end: Option<Nanos>,
    /// Whether the text that was asked for is in it.
    pub is_found: bool,
}

/// A step of a trace in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpanShown {
    /// Its id.
    pub id: SpanId,
    /// Its name.
    pub name: String,
    /// What kind of step it is.
    pub span_type: String,
    /// How it went.
    pub status: SpanStatus,
    /// What there is to say about that.
    pub message: String,
    /// When it began.
    pub start: Nanos,
    /// When it ended.
    pub end: Option<Nanos>,
    /// What it was given.
    pub inputs: Option<ShownValue>,
    /// What it made.
    pub outputs: Option<ShownValue>,
    /// What else is known of it.
    pub attributes: Vec<(String, ShownValue)>,
    /// What happened meanwhile.
    pub events: Vec<ShownEvent>,
    /// Steps elsewhere that it has to do with.
    pub links: Vec<(TraceId, SpanId)>,
}

/// A value as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownValue {
    /// The text, or its start.
    pub text: String,
    /// Whether there is more of it.
    pub is_cut: bool,
    /// The conversation that it is, if it is one.
    pub messages: Vec<ChatMessage>,
}

/// A message of a conversation with a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// Whose: `user`, `assistant`, …
    pub role: String,
    /// What they say.
    pub text: String,
    /// What they want to be done: names of tools, and their arguments.
    pub calls: Vec<(String, String)>,
}

/// Something that happened during a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownEvent {
    /// What.
    pub name: String,
    /// When.
    pub time: Nanos,
    /// What an exception says.
    pub message: Option<String>,
    /// Where in a program it happened.
    pub stack: Option<String>,
    /// What else is known of it.
    pub attributes: Vec<(String, ShownValue)>,
}
