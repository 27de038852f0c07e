//! What a logged model filter can ask. MLflow reads these with a parser of its own: the prefixes have no aliases,
//! texts stand in single quotes, and a number or a word may stand for a text without any.

use std::fmt;

use super::FilterError;
use super::field::{in_list, quoted_list, rounded, unknown_attribute};
use super::syntax::{Comparison, Condition, Operator, Value, ValueKind};
use super::term::{IdTest, Key, ListTest, Number, NumberOp, OneOf, Text, can_quote};
use crate::name::python_repr;

/// One question about a logged model.
#[derive(Clone, Debug, PartialEq)]
pub enum LoggedModelCondition {
    /// `metrics.loss < 0.5`: about the latest value, on the datasets of the search if it names some.
    Metric {
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
        /// What must hold of its value.
        test: ListTest,
    },
    /// `tags.team = 'vision'`
    Tag {
        /// The tag's key.
        key: Key,
        /// What must hold of its value.
        test: ListTest,
    },
    /// `name LIKE 'bert%'`
    Text(LoggedModelText, ListTest),
    /// `status = 'READY'`
    Status(IdTest<LoggedModelStatus>),
    /// `creation_time > 1700000000000`: milliseconds since the epoch.
    Time(LoggedModelTime, NumberOp, i64),
}

/// The texts of a logged model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoggedModelText {
    /// Its name.
    Name,
    /// Its id.
    ModelId,
    /// What kind of model it is, such as `Agent`.
    ModelType,
    /// The run that logged it.
    SourceRunId,
}

/// The words for a logged model's status in a filter, which are shorter than those on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoggedModelStatus {
    /// `UNSPECIFIED`
    Unspecified,
    /// `PENDING`: its files are still being uploaded.
    Pending,
    /// `READY`
    Ready,
    /// `FAILED`: the upload failed.
    Failed,
}

/// The times of a logged model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoggedModelTime {
    /// When it was created.
    Creation,
    /// When it was last changed.
    LastUpdate,
}

impl LoggedModelText {
    const ALL: [LoggedModelText; 4] = [
        LoggedModelText::Name,
        LoggedModelText::ModelId,
        LoggedModelText::ModelType,
        LoggedModelText::SourceRunId,
    ];

    /// The word of the language and the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            LoggedModelText::Name => "name",
            LoggedModelText::ModelId => "model_id",
            LoggedModelText::ModelType => "model_type",
            LoggedModelText::SourceRunId => "source_run_id",
        }
    }

    /// The field with this name.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == word)
    }
}

impl LoggedModelStatus {
    const ALL: [LoggedModelStatus; 4] = [
        LoggedModelStatus::Unspecified,
        LoggedModelStatus::Pending,
        LoggedModelStatus::Ready,
        LoggedModelStatus::Failed,
    ];

    /// The word of the language.
    pub fn as_str(self) -> &'static str {
        match self {
            LoggedModelStatus::Unspecified => "UNSPECIFIED",
            LoggedModelStatus::Pending => "PENDING",
            LoggedModelStatus::Ready => "READY",
            LoggedModelStatus::Failed => "FAILED",
        }
    }
}

impl fmt::Display for LoggedModelStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl LoggedModelTime {
    /// The word of the language and the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            LoggedModelTime::Creation => "creation_timestamp",
            LoggedModelTime::LastUpdate => "last_updated_timestamp",
        }
    }

    /// The field with this name, of which each has two.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "creation_timestamp" | "creation_time" => Some(LoggedModelTime::Creation),
            "last_updated_timestamp" | "last_updated_time" => Some(LoggedModelTime::LastUpdate),
            _ => None,
        }
    }
}

/// What the attributes of logged models are called.
pub const ATTRIBUTES: [&str; 9] = [
    "creation_time",
    "creation_timestamp",
    "last_updated_time",
    "last_updated_timestamp",
    "model_id",
    "model_type",
    "name",
    "source_run_id",
    "status",
];

impl Condition for LoggedModelCondition {
    fn read(comparison: &Comparison<'_>) -> Result<Self, FilterError> {
        let name = comparison.name;
        let field = |prefix: &str| format!("{prefix}.{}", name.key);
        match name.prefix {
            Some("metrics") => {
                let (key, field) = (name.to_key()?, field("metrics"));
                let (operator, value) = not_null(comparison)?;
                let op = number_op(operator, &field)?;
                let number = value.number().ok_or_else(|| not_a_number(value, &field))?;
                Ok(LoggedModelCondition::Metric { key, op, value: number })
            }
            Some("params") => {
                let test = list_test(comparison, &field("params"))?;
                Ok(LoggedModelCondition::Param { key: name.to_key()?, test })
            }
            Some("tags") => Ok(LoggedModelCondition::Tag {
                key: name.to_key()?,
                test: list_test(comparison, &field("tags"))?,
            }),
            None | Some("attributes") => attribute(comparison, &field("attributes")),
            Some(other) => Err(name.error(format!(
                "Invalid entity type: {}. Expected one of ['attributes', 'metrics', 'params', 'tags'].",
                python_repr(other)
            ))),
        }
    }

    fn refuse(filter: &str, _found: &str) -> String {
        let filter = python_repr(filter);
        format!(
            "Invalid filter string: {filter}. Expected a list of comparisons separated by 'AND' \
             (e.g. 'metrics.loss > 0.1 AND params.lr = 0.01')."
        )
    }
}

fn attribute(comparison: &Comparison<'_>, field: &str) -> Result<LoggedModelCondition, FilterError> {
    let name = comparison.name;
    if let Some(text) = LoggedModelText::from_word(name.key) {
        return Ok(LoggedModelCondition::Text(text, list_test(comparison, field)?));
    }
    if let Some(time) = LoggedModelTime::from_word(name.key) {
        let (operator, value) = not_null(comparison)?;
        let op = number_op(operator, field)?;
        if value.number().is_none() {
            return Err(not_a_number(value, field));
        }
        return Ok(LoggedModelCondition::Time(time, op, rounded(value, op, name.key)?));
    }
    if name.key == "status" {
        return Ok(LoggedModelCondition::Status(status_test(comparison, field)?));
    }
    Err(name.error(unknown_attribute(name.key, &ATTRIBUTES)))
}

fn not_null<'c, 'a>(comparison: &'c Comparison<'a>) -> Result<(&'c Operator, &'c Value<'a>), FilterError> {
    comparison.value(|| {
        format!("Invalid comparison: {}. Expected a comparison with 3 tokens.", comparison.name.raw)
    })
}

fn number_op(operator: &Operator, field: &str) -> Result<NumberOp, FilterError> {
    let known = ["<", "<=", ">", ">=", "=", "!="];
    operator.number_op().ok_or_else(|| invalid_operator(operator, field, &known))
}

fn invalid_operator(operator: &Operator, field: &str, known: &[&str]) -> FilterError {
    operator.error(format!(
        "Invalid comparison operator for {field}: {}. Expected one of ({}).",
        python_repr(&operator.word),
        quoted_list(known)
    ))
}

fn not_a_number(value: &Value<'_>, field: &str) -> FilterError {
    value.error(format!("Expected numeric value type for {field}. Found {}", value.raw))
}

fn list_test(comparison: &Comparison<'_>, field: &str) -> Result<ListTest, FilterError> {
    let (operator, value) = not_null(comparison)?;
    let test = match value.list()? {
        Some(list) => in_list(operator, list, ListTest::In, ListTest::NotIn),
        None => operator.text_test(text(value, field)?).map(ListTest::Text),
    };
    test.ok_or_else(|| invalid_operator(operator, field, &["=", "!=", "LIKE", "ILIKE", "IN", "NOT IN"]))
}

/// A text as this language writes it. MLflow takes double quotes for part of the text and silently finds nothing, so
/// they are refused, unless the text has a single quote and can't be written otherwise.
fn text(value: &Value<'_>, field: &str) -> Result<Text, FilterError> {
    let written = match value.kind {
        ValueKind::Text { quote: '"', inner } if can_quote(inner, '\'') => {
            return Err(value.error(format!(
                "Expected a text in single quotes for {field}. Write '{inner}' instead of \"{inner}\"."
            )));
        }
        ValueKind::Text { inner, .. } => Text::new(inner),
        ValueKind::Number | ValueKind::Word => Text::new(value.raw),
        ValueKind::List(_) => None,
    };
    written.ok_or_else(|| {
        value.error(format!("Expected a text in single quotes for {field}. Got {}", value.raw))
    })
}

fn status_test(comparison: &Comparison<'_>, field: &str) -> Result<IdTest<LoggedModelStatus>, FilterError> {
    let (operator, value) = not_null(comparison)?;
    let status = |text: &Text| {
        let word = text.as_str();
        LoggedModelStatus::ALL.into_iter().find(|status| status.as_str() == word).ok_or_else(|| {
            let known = LoggedModelStatus::ALL.map(LoggedModelStatus::as_str).join(", ");
            value.error(format!(
                "Unknown model status in filter: {}. Expected one of {known}.",
                python_repr(word)
            ))
        })
    };
    let unknown = || invalid_operator(operator, field, &["=", "!=", "IN", "NOT IN"]);
    if let Some(list) = value.list()? {
        let list: OneOf<LoggedModelStatus> = list.try_map(status)?;
        return in_list(operator, list, IdTest::In, IdTest::NotIn).ok_or_else(unknown);
    }
    let text = text(value, field)?;
    match operator.word.as_str() {
        "=" => Ok(IdTest::Eq(status(&text)?)),
        "!=" => Ok(IdTest::Ne(status(&text)?)),
        _ => Err(unknown()),
    }
}

impl fmt::Display for LoggedModelCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoggedModelCondition::Metric { key, op, value } => {
                write!(f, "metrics.{key} {op} {}", Number(*value))
            }
            LoggedModelCondition::Param { key, test } => write!(f, "params.{key} {test}"),
            LoggedModelCondition::Tag { key, test } => write!(f, "tags.{key} {test}"),
            LoggedModelCondition::Text(field, test) => write!(f, "{} {test}", field.as_str()),
            LoggedModelCondition::Status(test) => write!(f, "status {test}"),
            LoggedModelCondition::Time(time, op, value) => write!(f, "{} {op} {value}", time.as_str()),
        }
    }
}
