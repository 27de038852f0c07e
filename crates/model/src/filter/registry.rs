//! What registered model and model version filters can ask.

use std::fmt;

use super::FilterError;
use super::experiment::is_tag;
use super::field::{in_list, only_lists, unknown_attribute, whole};
use super::syntax::{Comparison, Condition, Operator, Value};
use super::term::{Key, ListTest, NumberOp, TextTest};

/// One question about a registered model.
#[derive(Clone, Debug, PartialEq)]
pub enum RegisteredModelCondition {
    /// `name ILIKE '%bert%'`
    Name(ListTest),
    /// `tags.team = 'vision'`
    Tag {
        /// The tag's key.
        key: Key,
        /// What must hold of its value.
        test: TextTest,
    },
}

/// One question about a model version.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelVersionCondition {
    /// `name = 'bert'`: the registered model.
    Name(ListTest),
    /// `run_id IN ('…')`: the run it came from.
    RunId(ListTest),
    /// `source_path LIKE 's3://%'`
    SourcePath(TextTest),
    /// `version_number > 3`
    Version(NumberOp, i64),
    /// `tags.stage = 'candidate'`
    Tag {
        /// The tag's key.
        key: Key,
        /// What must hold of its value.
        test: TextTest,
    },
}

impl Condition for RegisteredModelCondition {
    fn read(comparison: &Comparison<'_>) -> Result<Self, FilterError> {
        let name = comparison.name;
        if is_tag(&name)? {
            return Ok(RegisteredModelCondition::Tag { key: name.to_key()?, test: tag_test(comparison)? });
        }
        match name.key {
            "name" => Ok(RegisteredModelCondition::Name(list_test(comparison)?)),
            key => Err(name.error(unknown_attribute(key, &["name"]))),
        }
    }
}

impl Condition for ModelVersionCondition {
    fn read(comparison: &Comparison<'_>) -> Result<Self, FilterError> {
        let name = comparison.name;
        if is_tag(&name)? {
            return Ok(ModelVersionCondition::Tag { key: name.to_key()?, test: tag_test(comparison)? });
        }
        match name.key {
            "name" => Ok(ModelVersionCondition::Name(list_test(comparison)?)),
            "run_id" => Ok(ModelVersionCondition::RunId(list_test(comparison)?)),
            "source_path" => {
                let (operator, value) = not_null(comparison)?;
                if value.list()?.is_some() {
                    return Err(value.error(only_lists(&["name", "run_id"])));
                }
                let test = operator.text_test(value.text(EXPECTED)?);
                Ok(ModelVersionCondition::SourcePath(
                    test.ok_or_else(|| invalid_comparator(operator, "attribute"))?,
                ))
            }
            "version_number" => {
                let (operator, value) = not_null(comparison)?;
                let op = operator
                    .number_op()
                    .ok_or_else(|| invalid_comparator(operator, "attribute version_number"))?;
                Ok(ModelVersionCondition::Version(op, whole(value, "version_number")?))
            }
            key => {
                let known = ["name", "run_id", "source_path", "version_number"];
                Err(name.error(unknown_attribute(key, &known)))
            }
        }
    }
}

const EXPECTED: &str = "Expected a quoted string value or a list of quoted string values for attributes";

fn not_null<'c, 'a>(comparison: &'c Comparison<'a>) -> Result<(&'c Operator, &'c Value<'a>), FilterError> {
    comparison.value(|| {
        let name = comparison.name.raw;
        format!("IS NULL / IS NOT NULL is not supported in searches of the model registry, found at '{name}'")
    })
}

fn tag_test(comparison: &Comparison<'_>) -> Result<TextTest, FilterError> {
    let (operator, value) = not_null(comparison)?;
    let text = value.text("Expected a quoted string value for tag (e.g. 'my-value')")?;
    operator.text_test(text).ok_or_else(|| invalid_comparator(operator, "tag"))
}

fn list_test(comparison: &Comparison<'_>) -> Result<ListTest, FilterError> {
    let (operator, value) = not_null(comparison)?;
    let test = match value.list()? {
        Some(list) => in_list(operator, list, ListTest::In, ListTest::NotIn),
        None => operator.text_test(value.text(EXPECTED)?).map(ListTest::Text),
    };
    test.ok_or_else(|| invalid_comparator(operator, "attribute"))
}

fn invalid_comparator(operator: &Operator, what: &str) -> FilterError {
    operator.error(format!("Invalid comparator for {what}: {}", operator.word))
}

impl fmt::Display for RegisteredModelCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RegisteredModelCondition::Name(test) => write!(f, "name {test}"),
            RegisteredModelCondition::Tag { key, test } => write!(f, "tags.{key} {test}"),
        }
    }
}

impl fmt::Display for ModelVersionCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ModelVersionCondition::Name(test) => write!(f, "name {test}"),
            ModelVersionCondition::RunId(test) => write!(f, "run_id {test}"),
            ModelVersionCondition::SourcePath(test) => write!(f, "source_path {test}"),
            ModelVersionCondition::Version(op, number) => write!(f, "version_number {op} {number}"),
            ModelVersionCondition::Tag { key, test } => write!(f, "tags.{key} {test}"),
        }
    }
}
