//! What the pages ask the server for, and what it answers. That of registered models is in [`registry`], that of traces in
//! [`trace`].

pub mod registry;
pub mod trace;

use crate::{
    ExperimentId, Permission, Problem, RunId,
    experiment::Experiment,
    filter::{MetricFigure, RunField, RunOrder, RunText},
    reproduce::Reproduction,
    run::{Run, RunInfo, Tag, tag},
};
use serde::{Deserialize, Serialize};

/// An experiment in the list of experiments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExperimentRow {
    /// The experiment.
    pub experiment: Experiment,
    /// How many runs are in it, without deleted ones.
    pub runs: u64,
    /// When the last of them started.
    pub last_run: Option<crate::Millis>,
}

/// An experiment as its page shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExperimentHead {
    /// The experiment.
    pub experiment: Experiment,
    /// What the caller may do to it.
    pub permission: Permission,
    /// How many runs are in it, without deleted ones.
    pub runs: u64,
    /// Whether any traces are in it.
    pub has_traces: bool,
    /// The state of the saved view that it opens with.
    pub opens_with: Option<String>,
    /// What is noted of it, as harmless HTML; empty for nothing.
    pub note_html: String,
}

/// What the runs table asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct RunsQuery {
    /// The search language of [`crate::filter`]; empty for all.
    pub filter: String,
    /// Clauses of an `order_by`, between commas; empty for newest first.
    pub order_by: String,
    /// How many rows to skip.
    pub offset: u64,
    /// Whether the trash is shown instead.
    pub deleted: bool,
    /// What the table shows of each run; `None` lets the server choose.
    pub columns: Option<NamedColumns>,
    /// Which runs are rows, where the table is a tree. What sums a table up is of all of them.
    #[serde(default)]
    pub level: Level,
}

/// Runs by what they are nested in. A run is nested in the one whose id its tag `mlflow.parentRunId` is, if the table could show
/// that one: it lies in the same experiment, and both or neither in the trash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Level {
    /// All, whatever they are nested in.
    #[default]
    All,
    /// Those that aren't nested.
    Top,
    /// Those that are nested in this one. The filter doesn't count for them.
    In(RunId),
}

/// What is read of each run besides what every run has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RunColumns {
    /// All its metrics, params, tags, datasets and models.
    #[default]
    All,
    /// The same without the columns and figures of its datasets, which can be megabytes and are on no page.
    Told,
    /// These only, and neither datasets nor models.
    Named(NamedColumns),
}

/// Keys of metrics, params and tags.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct NamedColumns {
    /// Of metrics.
    pub metrics: Vec<String>,
    /// Of params.
    pub params: Vec<String>,
    /// Of tags.
    pub tags: Vec<String>,
}

/// Whose keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KeyKind {
    /// Of metrics.
    Metric,
    /// Of params.
    Param,
    /// Of tags.
    Tag,
}

/// Keys that a search for them found, each kind in its order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KeysFound {
    /// Of metrics.
    pub metrics: Vec<String>,
    /// Of params.
    pub params: Vec<String>,
    /// Of tags.
    pub tags: Vec<String>,
    /// The kinds of which there are more.
    pub more: Vec<KeyKind>,
}

/// A text of runs that has few values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facet {
    /// Which.
    pub field: RunField,
    /// Each value with the runs that have it, the most frequent first.
    pub values: Vec<(String, u64)>,
}

/// By what the runs of an experiment can be told apart.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Facets {
    /// Their status, then params and tags by their keys; none if there are no runs.
    pub facets: Vec<Facet>,
    /// Of how many runs values are counted.
    pub runs: u64,
    /// Whether these are the newest of perhaps more.
    pub more: bool,
}

/// Values of a text that a search for them finds at most.
pub const VALUES_FOUND: usize = 20;

/// Keys of each kind that the choice of columns lists at once.
pub const KEYS_LISTED: usize = 100;

/// How many there are, as far as counting them was worth it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Total {
    /// Just so many.
    Exactly(u64),
    /// So many or more.
    AtLeast(u64),
}

impl Total {
    /// How many there are at least.
    pub fn at_least(self) -> u64 {
        match self {
            Self::Exactly(count) | Self::AtLeast(count) => count,
        }
    }
}

/// Tags that the table of runs needs whichever columns it shows.
pub const TABLE_TAGS: [&str; 3] = [tag::SOURCE_NAME, tag::PARENT_RUN, tag::RUN_COLOR];

/// Rows of the runs table at once.
pub const RUNS_PAGE: u32 = 100;

/// A part of the runs table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunsPage {
    /// The rows.
    pub runs: Vec<Run>,
    /// How many runs match in all. Without a filter the number is exact.
    pub total: Total,
    /// How many runs are nested in each of the rows; nothing where the table isn't a tree.
    pub children: Vec<Total>,
}

/// What the table of all experiments' runs asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AllRunsQuery {
    /// The search language of [`crate::filter`]; empty for all.
    pub filter: String,
    /// Comma-separated sort clauses; empty for newest first.
    pub order_by: String,
    /// From the page before, which was sorted alike; empty for the first.
    pub after: String,
    /// Whether the trash is shown instead.
    pub deleted: bool,
    /// What the table shows of each run, besides what every run has.
    pub columns: NamedColumns,
}

impl AllRunsQuery {
    /// Whether runs of all experiments can be sorted by this. The least and the greatest value of a metric, and where files
    /// are, lie in no index: every run would be read.
    pub fn sorts_by(key: &RunOrder) -> bool {
        match key {
            RunOrder::Metric(MetricFigure::Last, _)
            | RunOrder::Param(_)
            | RunOrder::Tag(_)
            | RunOrder::Time(_)
            | RunOrder::Text(RunText::Name | RunText::UserId | RunText::Status) => true,
            RunOrder::Metric(MetricFigure::Min | MetricFigure::Max, _)
            | RunOrder::Text(RunText::ArtifactUri)
            | RunOrder::Id => false,
        }
    }
}

/// Keys of each kind that an experiment's table shows at most: a database takes only so many values in a statement.
pub const TABLE_KEYS: usize = 10_000;

/// Keys of each kind that the table of all experiments' runs shows at most.
pub const ALL_RUNS_KEYS: usize = 50;

/// Experiments whose keys can be chosen from at once.
pub const KEYS_OF: usize = 20;

/// Runs of all experiments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AllRuns {
    /// In the order asked for, with the names of their experiments.
    pub runs: Vec<ComparedRun>,
    /// What leads on to those behind them, if there are any.
    pub next: Option<String>,
    /// Whether there are so many experiments that those not used for the longest were passed over.
    pub is_cut: bool,
    /// The most that the caller may do to one of the runs.
    pub permission: Permission,
}

/// A run as its page shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunPage {
    /// The run.
    pub run: Run,
    /// Its experiment's name.
    pub experiment_name: String,
    /// What the caller may do to it.
    pub permission: Permission,
    /// Names of the models that it made, in the order of its outputs.
    pub models: Vec<ModelLink>,
    /// What is noted of it, as harmless HTML; empty for nothing.
    pub note_html: String,
    /// Whether it logged pictures at steps.
    pub has_images: bool,
    /// Whether it has files that look like console logs.
    pub has_logs: bool,
    /// Whether it has to do with any traces.
    pub has_traces: bool,
}

/// Child runs that the page of their parent lists; the table of runs has the others.
pub const CHILDREN_LISTED: usize = 100;

/// What a run comes from, what came of it, and how it may be done again. All that the caller may not see is left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunLineage {
    /// The run that it is nested in.
    pub parent: Option<RunInfo>,
    /// Runs that are nested in it, the newest first.
    pub children: Vec<RunInfo>,
    /// How many there are.
    pub children_total: Total,
    /// Versions of registered models that were made of it.
    pub versions: Vec<VersionLink>,
    /// Lines that may do it again.
    pub reproduction: Option<Reproduction>,
}

/// A version of a registered model as a run's page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionLink {
    /// The registered model.
    pub name: String,
    /// The version.
    pub version: i64,
    /// The version's names.
    pub aliases: Vec<String>,
}

/// The filter that finds the runs which are nested in a run.
pub fn children_filter(parent: RunId) -> String {
    format!("tags.{} = '{parent}'", tag::PARENT_RUN)
}

/// A logged model as a run's page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelLink {
    /// Its id.
    pub id: crate::ModelId,
    /// Its name.
    pub name: String,
    /// Where its files are, as the artifact browser asks for them.
    pub files: ArtifactRoot,
}

/// Runs side by side. What the caller may not see, or what isn't there, is in `missing`, and nobody can tell which.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// In the order asked for.
    pub runs: Vec<ComparedRun>,
    /// Ids that gave nothing.
    pub missing: Vec<String>,
    /// Those of the runs that the caller may change.
    pub editable: Vec<RunId>,
}

/// A run in a comparison, or in a list of runs of several experiments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparedRun {
    /// The run.
    pub run: Run,
    /// Its experiment's name.
    pub experiment_name: String,
}

/// How many runs a comparison takes.
pub const COMPARISON_LIMIT: usize = 1000;

/// Whose files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ArtifactRoot {
    /// A run's.
    Run(ExperimentId, RunId),
    /// A logged model's.
    Model(ExperimentId, crate::ModelId),
}

/// A file or a folder of artifacts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactEntry {
    /// Relative to the root asked for.
    pub path: String,
    /// Bytes; `None` for a folder.
    pub size: Option<u64>,
}

/// The start of a text file, for preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextPreview {
    /// The text; what isn't UTF-8 is replaced.
    pub text: String,
    /// Whether the file goes on.
    pub truncated: bool,
    /// The table that the text is, if it is one that `mlflow.log_table` wrote.
    pub table: Option<LoggedTable>,
}

/// The start of a table that a run logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedTable {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// The first rows, as text.
    pub rows: Vec<Vec<String>>,
    /// How many rows and columns there are in all.
    pub size: (usize, usize),
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    /// The account's name.
    pub name: String,
    /// May do everything.
    pub is_admin: bool,
    /// Whether the server runs without accounts (`--no-auth`).
    pub no_auth: bool,
}

/// What is done to several runs at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunsChange {
    /// They go to the trash.
    Delete,
    /// They come back from it.
    Restore,
    /// Each gets this tag, or another value of it.
    SetTag(Tag),
    /// Each loses this tag, if it has it.
    DeleteTag(String),
    /// Each is called so.
    Rename(String),
    /// Their scripts are asked to stop: they get the tag that says who asked, and when.
    AskToStop,
    /// They aren't asked any more.
    LetRun,
    /// They go to this experiment. Their files stay where they lie.
    MoveTo(ExperimentId),
}

/// Runs that are changed in one call at most. Pages send more in portions, and show how far they are.
pub const CHANGED_AT_ONCE: usize = 100;

/// Runs whose nested ones are asked for in one call at most.
pub const NESTED_ASKED: usize = 500;

/// Runs that "all that match" means at most.
pub const MATCHING_RUNS: usize = 10_000;

/// What came of a change of several runs. Each stands by itself: what was refused for one is done to the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunsChanged {
    /// How many were changed.
    pub changed: u64,
    /// Why others weren't.
    pub refused: Vec<(RunId, Problem)>,
}

/// What is done to an experiment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExperimentChange {
    /// It is called so.
    Rename(String),
    /// It gets this tag, or another value of it; an empty one takes it away.
    SetTag(Tag),
    /// It goes to the trash with its runs.
    Delete,
    /// It comes back from it.
    Restore,
}
