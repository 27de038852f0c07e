//! What a run filter can ask.

use serde::{Deserialize, Serialize};
use std::fmt;

use super::FilterError;
use super::field::{
    TEXT_OPS, key_test, list_test, not_one_of, number_op, only_lists, rounded, unknown_attribute,
};
use super::syntax::{Comparison, Condition, Name, Operator, Value};
use super::term::{Key, KeyTest, ListTest, Number, NumberOp, TextTest};

/// One question about a run.
#[derive(Clone, Debug, PartialEq)]
pub enum RunCondition {
    /// `metrics.loss < 0.5`: about the latest value, or `min_metrics.loss < 0.5`: about the least that ever was. A latest
    /// value of NaN only meets `!=`; a metric that never had a number has no least and no greatest, and meets nothing.
    Metric {
        /// Which of its values.
        figure: MetricFigure,
        /// The metric's key.
        key: Key,
        /// How it compares.
        op: NumberOp,
        /// A finite number.
        value: f64,
    },
    /// `params.lr = '0.01'`
    Param {
        /// The param's key.
        key: Key,
        /// What must hold.
        test: KeyTest,
    },
    /// `tags.mlflow.user = 'ada'`
    Tag {
        /// The tag's key.
        key: Key,
        /// What must hold.
        test: KeyTest,
    },
    /// `run_id IN ('…')`
    Id(ListTest),
    /// `start_time > 1700000000000`: milliseconds since the epoch.
    Time(RunTime, NumberOp, i64),
    /// `status = 'FINISHED'`
    Text(RunText, TextTest),
    /// `datasets.name = 'mnist'`: some dataset that the run used.
    Dataset(DatasetField, ListTest),
}

/// Which value of a metric. MLflow knows the latest alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MetricFigure {
    /// `metrics.`: the latest.
    Last,
    /// `min_metrics.`: the least, NaN left out.
    Min,
    /// `max_metrics.`: the greatest, NaN left out.
    Max,
}

impl MetricFigure {
    /// What stands before the key.
    pub fn prefix(self) -> &'static str {
        match self {
            MetricFigure::Last => "metrics",
            MetricFigure::Min => "min_metrics",
            MetricFigure::Max => "max_metrics",
        }
    }
}

/// The times of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunTime {
    /// When it began; `created` is another word for it.
    Start,
    /// When it ended.
    End,
}

/// The texts of a run, other than its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunText {
    /// Its name, which is also its tag `mlflow.runName`.
    Name,
    /// RUNNING, SCHEDULED, FINISHED, FAILED or KILLED.
    Status,
    /// Who started it.
    UserId,
    /// Where its files are.
    ArtifactUri,
}

/// What is known of a dataset that a run used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DatasetField {
    /// Its name.
    Name,
    /// The hash of its content.
    Digest,
    /// What it was used for: the tag `mlflow.data.context` of the input.
    Context,
}

impl RunTime {
    /// The word of the language and the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            RunTime::Start => "start_time",
            RunTime::End => "end_time",
        }
    }
}

impl RunText {
    /// The word of the language and the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            RunText::Name => "run_name",
            RunText::Status => "status",
            RunText::UserId => "user_id",
            RunText::ArtifactUri => "artifact_uri",
        }
    }
}

impl DatasetField {
    /// The word of the language and the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            DatasetField::Name => "name",
            DatasetField::Digest => "digest",
            DatasetField::Context => "context",
        }
    }
}

/// What the attributes of runs are called.
pub const ATTRIBUTES: [&str; 8] =
    ["artifact_uri", "created", "end_time", "run_id", "run_name", "start_time", "status", "user_id"];

/// The tables that a prefix can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    Metric(MetricFigure),
    Param,
    Tag,
    Attribute,
    Dataset,
}

impl Table {
    /// The table that a name belongs to, by its prefix; a name without one is an attribute.
    pub fn of(name: &Name<'_>) -> Result<Table, FilterError> {
        match name.prefix {
            Some("metric" | "metrics") => Ok(Table::Metric(MetricFigure::Last)),
            Some("min_metric" | "min_metrics") => Ok(Table::Metric(MetricFigure::Min)),
            Some("max_metric" | "max_metrics") => Ok(Table::Metric(MetricFigure::Max)),
            Some("param" | "params" | "parameter" | "parameters") => Ok(Table::Param),
            Some("tag" | "tags") => Ok(Table::Tag),
            None | Some("attribute" | "attributes" | "attr" | "run") => Ok(Table::Attribute),
            Some("dataset" | "datasets") => Ok(Table::Dataset),
            Some(other) => Err(name.error(format!(
                "Invalid entity type '{other}'. Valid values are \
                 ['metric', 'parameter', 'tag', 'attribute', 'dataset']"
            ))),
        }
    }

    /// The word that messages use.
    pub fn word(self) -> &'static str {
        match self {
            Table::Metric(_) => "metric",
            Table::Param => "parameter",
            Table::Tag => "tag",
            Table::Attribute => "attribute",
            Table::Dataset => "dataset",
        }
    }
}

impl Condition for RunCondition {
    fn read(comparison: &Comparison<'_>) -> Result<Self, FilterError> {
        let name = comparison.name;
        let table = Table::of(&name)?;
        match table {
            Table::Metric(figure) => {
                let key = name.to_key()?;
                let (operator, value) = not_null(comparison, table)?;
                let number = value.number().ok_or_else(|| {
                    value.error(format!("Expected numeric value type for metric. Found {}", value.raw))
                })?;
                Ok(RunCondition::Metric { figure, key, op: number_op(operator)?, value: number })
            }
            Table::Param => {
                Ok(RunCondition::Param { key: name.to_key()?, test: key_test(comparison, "parameter")? })
            }
            Table::Tag => Ok(RunCondition::Tag { key: name.to_key()?, test: key_test(comparison, "tag")? }),
            Table::Attribute => attribute(comparison),
            Table::Dataset => {
                let field = match name.key {
                    "name" => DatasetField::Name,
                    "digest" => DatasetField::Digest,
                    "context" => DatasetField::Context,
                    key => {
                        return Err(name.error(format!(
                            "Invalid dataset key '{key}' specified. Valid keys are 'name', 'digest', 'context'"
                        )));
                    }
                };
                let (operator, value) = not_null(comparison, table)?;
                let expected = "Expected a quoted string value for dataset attributes";
                Ok(RunCondition::Dataset(field, list_test(operator, value, expected)?))
            }
        }
    }
}

fn attribute(comparison: &Comparison<'_>) -> Result<RunCondition, FilterError> {
    let time = |field: RunTime| {
        let (operator, value) = not_null(comparison, Table::Attribute)?;
        if value.number().is_none() {
            return Err(value.error(format!(
                "Expected numeric value type for numeric attribute: {}. Found {}",
                comparison.name.key, value.raw
            )));
        }
        let op = number_op(operator)?;
        Ok(RunCondition::Time(field, op, rounded(value, op, comparison.name.key)?))
    };
    let text = |field: RunText| {
        let (operator, value) = not_null(comparison, Table::Attribute)?;
        if value.list()?.is_some() {
            return Err(value.error(only_lists(&["run_id"])));
        }
        let text = value.text("Expected a quoted string value for attributes")?;
        let test = operator.text_test(text).ok_or_else(|| not_one_of(operator, &TEXT_OPS))?;
        Ok(RunCondition::Text(field, test))
    };
    match comparison.name.key {
        "start_time" | "created" | "Created" => time(RunTime::Start),
        "end_time" => time(RunTime::End),
        "run_id" => {
            let (operator, value) = not_null(comparison, Table::Attribute)?;
            let expected = "Expected a quoted string value for attributes";
            Ok(RunCondition::Id(list_test(operator, value, expected)?))
        }
        "run_name" | "run name" | "Run name" | "Run Name" => text(RunText::Name),
        "status" => text(RunText::Status),
        "user_id" => text(RunText::UserId),
        "artifact_uri" => text(RunText::ArtifactUri),
        key => Err(comparison.name.error(unknown_attribute(key, &ATTRIBUTES))),
    }
}

fn not_null<'c, 'a>(
    comparison: &'c Comparison<'a>,
    table: Table,
) -> Result<(&'c Operator, &'c Value<'a>), FilterError> {
    comparison.value(|| {
        let (table, key) = (table.word(), comparison.name.key);
        format!("IS NULL / IS NOT NULL is only supported for tags and params, not for '{table}' '{key}'")
    })
}

impl fmt::Display for RunCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunCondition::Metric { figure, key, op, value } => {
                write!(f, "{}.{key} {op} {}", figure.prefix(), Number(*value))
            }
            RunCondition::Param { key, test } => write!(f, "params.{key} {test}"),
            RunCondition::Tag { key, test } => write!(f, "tags.{key} {test}"),
            RunCondition::Id(test) => write!(f, "run_id {test}"),
            RunCondition::Time(time, op, value) => write!(f, "{} {op} {value}", time.as_str()),
            RunCondition::Text(field, test) => write!(f, "{} {test}", field.as_str()),
            RunCondition::Dataset(field, test) => write!(f, "datasets.{} {test}", field.as_str()),
        }
    }
}
