//! What an experiment filter can ask.

use std::fmt;

use super::FilterError;
use super::field::{
    TEXT_OPS, in_list, key_test, not_one_of, number_op, only_lists, unknown_attribute, whole,
};
use super::syntax::{Comparison, Condition, Name, Operator, Value};
use super::term::{IdTest, Key, KeyTest, NumberOp, Text, TextTest};

/// One question about an experiment.
#[derive(Clone, Debug, PartialEq)]
pub enum ExperimentCondition {
    /// `name LIKE 'vision%'`
    Name(TextTest),
    /// `experiment_id IN ('1', '2')`: the number is written in quotes.
    Id(IdTest<i64>),
    /// `creation_time > 1700000000000`: milliseconds since the epoch.
    Time(ExperimentTime, NumberOp, i64),
    /// `tags.team = 'vision'`
    Tag {
        /// The tag's key.
        key: Key,
        /// What must hold.
        test: KeyTest,
    },
}

/// The times of an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExperimentTime {
    /// When it was created.
    Creation,
    /// When it was last renamed, deleted or restored.
    LastUpdate,
}

impl ExperimentTime {
    /// The word of the language and the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            ExperimentTime::Creation => "creation_time",
            ExperimentTime::LastUpdate => "last_update_time",
        }
    }
}

/// What the attributes of experiments are called.
pub const ATTRIBUTES: [&str; 4] = ["creation_time", "experiment_id", "last_update_time", "name"];

/// Whether the name is a tag's; experiments and the registry have tags and attributes only.
pub fn is_tag(name: &Name<'_>) -> Result<bool, FilterError> {
    match name.prefix {
        None | Some("attribute") => Ok(false),
        Some("tag" | "tags") => Ok(true),
        Some(other) => Err(name.error(format!(
            "Invalid entity type '{other}'. Valid entity types are ('attribute', 'tag', 'tags')"
        ))),
    }
}

impl Condition for ExperimentCondition {
    fn read(comparison: &Comparison<'_>) -> Result<Self, FilterError> {
        let name = comparison.name;
        if is_tag(&name)? {
            return Ok(ExperimentCondition::Tag { key: name.to_key()?, test: key_test(comparison, "tag")? });
        }
        match name.key {
            "name" => {
                let (operator, value) = not_null(comparison)?;
                if value.list()?.is_some() {
                    return Err(value.error(only_lists(&["experiment_id"])));
                }
                let test = operator.text_test(value.text(EXPECTED)?);
                Ok(ExperimentCondition::Name(test.ok_or_else(|| not_one_of(operator, &TEXT_OPS))?))
            }
            "experiment_id" => Ok(ExperimentCondition::Id(id_test(comparison)?)),
            "creation_time" => time(comparison, ExperimentTime::Creation),
            "last_update_time" => time(comparison, ExperimentTime::LastUpdate),
            key => Err(name.error(unknown_attribute(key, &ATTRIBUTES))),
        }
    }
}

const EXPECTED: &str = "Expected a quoted string value for attributes";

fn not_null<'c, 'a>(comparison: &'c Comparison<'a>) -> Result<(&'c Operator, &'c Value<'a>), FilterError> {
    comparison.value(|| {
        let key = comparison.name.key;
        format!("IS NULL / IS NOT NULL is only supported for tags, not for attribute '{key}'")
    })
}

fn id_test(comparison: &Comparison<'_>) -> Result<IdTest<i64>, FilterError> {
    let (operator, value) = not_null(comparison)?;
    let invalid = || operator.error(format!("Invalid comparator for experiment_id: {}", operator.word));
    let id = |text: &Text| {
        text.as_str().parse::<i64>().map_err(|_| {
            let text = text.as_str();
            value.error(format!("Invalid experiment ID '{text}'. Experiment ID must be a valid integer."))
        })
    };
    if let Some(list) = value.list()? {
        return in_list(operator, list.try_map(id)?, IdTest::In, IdTest::NotIn).ok_or_else(invalid);
    }
    let text = value.text(EXPECTED)?;
    match operator.word.as_str() {
        "=" => Ok(IdTest::Eq(id(&text)?)),
        "!=" => Ok(IdTest::Ne(id(&text)?)),
        _ => Err(invalid()),
    }
}

fn time(comparison: &Comparison<'_>, field: ExperimentTime) -> Result<ExperimentCondition, FilterError> {
    let (operator, value) = not_null(comparison)?;
    if value.number().is_none() {
        let (key, found) = (field.as_str(), value.raw);
        return Err(
            value.error(format!("Expected numeric value type for numeric attribute: {key}. Found {found}"))
        );
    }
    Ok(ExperimentCondition::Time(field, number_op(operator)?, whole(value, field.as_str())?))
}

impl fmt::Display for ExperimentCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExperimentCondition::Name(test) => write!(f, "name {test}"),
            ExperimentCondition::Id(test) => write!(f, "experiment_id {test}"),
            ExperimentCondition::Time(time, op, value) => write!(f, "{} {op} {value}", time.as_str()),
            ExperimentCondition::Tag { key, test } => write!(f, "tags.{key} {test}"),
        }
    }
}
