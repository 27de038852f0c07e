//! What results can be sorted by: `<identifier> [ASC|DESC]`, one clause to a text.

use crate::name::limit;
use std::fmt;
use std::ops::Range;

use super::FilterError;
use super::experiment::{ATTRIBUTES as EXPERIMENT_ATTRIBUTES, is_tag};
use super::field::{quoted_list, unknown_attribute};
use super::logged_model::{ATTRIBUTES as LOGGED_MODEL_ATTRIBUTES, LoggedModelText, LoggedModelTime};
use super::run::{MetricFigure, RunText, RunTime, Table};
use super::syntax::{Cursor, Name};
use super::term::{Key, stands_bare};
use super::token::Kind;
use crate::name::python_repr;

/// One order of a search. `Display` writes the canonical text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderBy<K> {
    /// What is sorted by.
    pub key: K,
    /// Whether the greatest comes first. What lacks the key comes last either way.
    pub descending: bool,
    /// The bytes of the text that say it.
    pub span: Range<usize>,
}

/// Why a list of orders can't be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct OrderListError {
    /// Which order of the list is wrong, counted from 0.
    pub index: usize,
    /// What is wrong, and where in that order.
    pub error: FilterError,
}

/// What one kind of thing can be sorted by. Implemented in this module only.
pub trait OrderKey: Sized + PartialEq + fmt::Display {
    /// The key that a name means.
    #[doc(hidden)]
    fn read(name: &Name<'_>) -> Result<Self, FilterError>;
}

/// What runs can be sorted by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RunOrder {
    /// A value of a metric.
    Metric(MetricFigure, Key),
    /// A param's value, as text.
    Param(Key),
    /// A tag's value, as text.
    Tag(Key),
    /// The run's id.
    Id,
    /// A time of the run.
    Time(RunTime),
    /// A text of the run.
    Text(RunText),
}

/// What experiments can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExperimentOrder {
    /// `name`
    Name,
    /// `experiment_id`
    Id,
    /// `creation_time`
    Creation,
    /// `last_update_time`
    LastUpdate,
}

/// What registered models can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RegisteredModelOrder {
    /// `name`
    Name,
    /// `last_updated_timestamp`, or `timestamp` for short.
    LastUpdate,
}

/// What model versions can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ModelVersionOrder {
    /// `name`: the registered model's.
    Name,
    /// `version_number`
    Version,
    /// `creation_timestamp`
    Creation,
    /// `last_updated_timestamp`
    LastUpdate,
}

/// What logged models can be sorted by. It comes as a field name beside its direction, not as a clause.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LoggedModelOrder {
    /// A metric's latest value, on one dataset if the order names one.
    Metric(Key),
    /// A text of the model.
    Text(LoggedModelText),
    /// A time of the model.
    Time(LoggedModelTime),
    /// Its status.
    Status,
}

/// Reads one order.
///
/// # Errors
/// The first mistake of the text.
pub fn parse_order_by<K: OrderKey>(text: &str) -> Result<OrderBy<K>, FilterError> {
    let unparsed = |span| FilterError {
        message: format!("Invalid order_by clause '{text}'. Could not be parsed."),
        span,
    };
    let mut cursor = Cursor::new(text, |_, found| found.to_owned());
    let Some(first) = cursor.peek() else { return Err(unparsed(0..text.len())) };
    let Some(name) = cursor.name() else { return Err(unparsed(first.span())) };
    if first.is("ASC") || first.is("DESC") || !(name.quoted || name.key.chars().all(stands_bare)) {
        return Err(unparsed(name.span()));
    }
    let direction = cursor.take(|token| token.kind == Kind::Word);
    if let Some(stray) = cursor.peek() {
        return Err(unparsed(stray.span()));
    }
    let descending = match direction {
        None => false,
        Some(word) if word.is("ASC") => false,
        Some(word) if word.is("DESC") => true,
        Some(word) => {
            let message = format!("Invalid ordering key in order_by clause '{text}'.");
            return Err(FilterError { message, span: word.span() });
        }
    };
    let end = direction.map_or(name.span().end, |word| word.end());
    Ok(OrderBy { key: K::read(&name)?, descending, span: name.start..end })
}

/// Reads the orders of a search, the most important first.
///
/// # Errors
/// The first mistake, or the first key that comes twice.
pub fn parse_order_list<K: OrderKey>(texts: &[impl AsRef<str>]) -> Result<Vec<OrderBy<K>>, OrderListError> {
    let mut orders: Vec<OrderBy<K>> = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        if index >= limit::ORDER_CLAUSES {
            let message = format!("At most {} order_by clauses are taken.", limit::ORDER_CLAUSES);
            return Err(OrderListError {
                index,
                error: FilterError { message, span: 0..text.as_ref().len() },
            });
        }
        let order = parse_order_by(text.as_ref()).map_err(|error| OrderListError { index, error })?;
        if orders.iter().any(|earlier| earlier.key == order.key) {
            let texts: Vec<String> = texts.iter().map(|text| python_repr(text.as_ref())).collect();
            let message = format!("`order_by` contains duplicate fields: [{}]", texts.join(", "));
            return Err(OrderListError { index, error: FilterError { message, span: order.span } });
        }
        orders.push(order);
    }
    Ok(orders)
}

/// Reads the orders of a search that stand in one text, between commas: keys have none. An empty text is no order.
///
/// # Errors
/// Those of [`parse_order_list`].
pub fn parse_orders<K: OrderKey>(text: &str) -> Result<Vec<OrderBy<K>>, OrderListError> {
    match text.trim() {
        "" => Ok(Vec::new()),
        text => parse_order_list(&text.split(',').map(str::trim).collect::<Vec<_>>()),
    }
}

impl OrderKey for RunOrder {
    fn read(name: &Name<'_>) -> Result<Self, FilterError> {
        let table = Table::of(name)?;
        match table {
            Table::Metric(figure) => Ok(RunOrder::Metric(figure, name.to_key()?)),
            Table::Param => Ok(RunOrder::Param(name.to_key()?)),
            Table::Tag => Ok(RunOrder::Tag(name.to_key()?)),
            Table::Dataset => Err(name.error(format!("Invalid identifier type '{}'", table.word()))),
            Table::Attribute => match name.key {
                "run_id" => Ok(RunOrder::Id),
                "start_time" | "created" | "Created" => Ok(RunOrder::Time(RunTime::Start)),
                "end_time" => Ok(RunOrder::Time(RunTime::End)),
                "run_name" => Ok(RunOrder::Text(RunText::Name)),
                "status" => Ok(RunOrder::Text(RunText::Status)),
                "user_id" => Ok(RunOrder::Text(RunText::UserId)),
                "artifact_uri" => Ok(RunOrder::Text(RunText::ArtifactUri)),
                key => Err(name.error(unknown_attribute(key, &super::run::ATTRIBUTES))),
            },
        }
    }
}

impl OrderKey for ExperimentOrder {
    fn read(name: &Name<'_>) -> Result<Self, FilterError> {
        if is_tag(name)? {
            return Err(name.error("Invalid order_by entity: tag"));
        }
        match name.key {
            "name" => Ok(ExperimentOrder::Name),
            "experiment_id" => Ok(ExperimentOrder::Id),
            "creation_time" => Ok(ExperimentOrder::Creation),
            "last_update_time" => Ok(ExperimentOrder::LastUpdate),
            key => Err(name.error(unknown_attribute(key, &EXPERIMENT_ATTRIBUTES))),
        }
    }
}

impl OrderKey for RegisteredModelOrder {
    fn read(name: &Name<'_>) -> Result<Self, FilterError> {
        match (name.prefix, name.key) {
            (None, "name") => Ok(RegisteredModelOrder::Name),
            (None, "timestamp" | "last_updated_timestamp") => Ok(RegisteredModelOrder::LastUpdate),
            _ => Err(unknown_order(name, name.raw, &["name", "timestamp"])),
        }
    }
}

impl OrderKey for ModelVersionOrder {
    fn read(name: &Name<'_>) -> Result<Self, FilterError> {
        let known = ["creation_timestamp", "last_updated_timestamp", "name", "version_number"];
        if is_tag(name)? {
            return Err(unknown_order(name, name.key, &known));
        }
        match name.key {
            "name" => Ok(ModelVersionOrder::Name),
            "version_number" => Ok(ModelVersionOrder::Version),
            "creation_timestamp" => Ok(ModelVersionOrder::Creation),
            "last_updated_timestamp" => Ok(ModelVersionOrder::LastUpdate),
            key => Err(name.error(unknown_attribute(key, &known))),
        }
    }
}

fn unknown_order(name: &Name<'_>, key: &str, known: &[&str]) -> FilterError {
    name.error(format!("Invalid order by key '{key}' specified. Valid keys are {}", quoted_list(known)))
}

impl LoggedModelOrder {
    /// Reads the field name of an order: an attribute, or `metrics.` and a key as it is, without quotes.
    ///
    /// # Errors
    /// No such field; params and tags are none.
    pub fn from_field_name(field_name: &str) -> Result<Self, FilterError> {
        let refuse = |reason: String| FilterError {
            message: format!("Invalid order by field name: {field_name}{reason}"),
            span: 0..field_name.len(),
        };
        if let Some((table, key)) = field_name.split_once('.') {
            if table != "metrics" {
                return Err(refuse(". Only metrics are supported.".to_owned()));
            }
            return Key::new(key).map(LoggedModelOrder::Metric).ok_or_else(|| refuse(String::new()));
        }
        LoggedModelText::from_word(field_name)
            .map(LoggedModelOrder::Text)
            .or_else(|| LoggedModelTime::from_word(field_name).map(LoggedModelOrder::Time))
            .or_else(|| (field_name == "status").then_some(LoggedModelOrder::Status))
            .ok_or_else(|| {
                refuse(format!(". Valid names are metrics.* and {}", quoted_list(&LOGGED_MODEL_ATTRIBUTES)))
            })
    }
}

impl<K: fmt::Display> fmt::Display for OrderBy<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.key, if self.descending { "DESC" } else { "ASC" })
    }
}

impl fmt::Display for RunOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunOrder::Metric(figure, key) => write!(f, "{}.{key}", figure.prefix()),
            RunOrder::Param(key) => write!(f, "params.{key}"),
            RunOrder::Tag(key) => write!(f, "tags.{key}"),
            RunOrder::Id => f.write_str("run_id"),
            RunOrder::Time(time) => f.write_str(time.as_str()),
            RunOrder::Text(text) => f.write_str(text.as_str()),
        }
    }
}

impl fmt::Display for ExperimentOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ExperimentOrder::Name => "name",
            ExperimentOrder::Id => "experiment_id",
            ExperimentOrder::Creation => "creation_time",
            ExperimentOrder::LastUpdate => "last_update_time",
        })
    }
}

impl fmt::Display for RegisteredModelOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RegisteredModelOrder::Name => "name",
            RegisteredModelOrder::LastUpdate => "last_updated_timestamp",
        })
    }
}

impl fmt::Display for ModelVersionOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ModelVersionOrder::Name => "name",
            ModelVersionOrder::Version => "version_number",
            ModelVersionOrder::Creation => "creation_timestamp",
            ModelVersionOrder::LastUpdate => "last_updated_timestamp",
        })
    }
}

/// The field name of the wire.
impl fmt::Display for LoggedModelOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoggedModelOrder::Metric(key) => write!(f, "metrics.{}", key.as_str()),
            LoggedModelOrder::Text(text) => f.write_str(text.as_str()),
            LoggedModelOrder::Time(time) => f.write_str(time.as_str()),
            LoggedModelOrder::Status => f.write_str("status"),
        }
    }
}
