//! What a trace filter can ask, and what traces can be sorted by. MLflow's RLIKE is not taken: databases don't agree on
//! what a regular expression is.

use std::fmt;

use super::FilterError;
use super::field::{
    LIKE_OPS, key_test, list_test, not_one_of, number_op, only_lists, rounded, unknown_attribute,
};
use super::order::OrderKey;
use super::syntax::{Comparison, Condition, Name, Operator, Test, Value};
use super::term::{Key, KeyTest, ListTest, Number, NumberOp, Text, TextTest};
use crate::trace::key;

/// One question about a trace.
#[derive(Clone, Debug, PartialEq)]
pub enum TraceCondition {
    /// `tags.team = 'vision'`
    Tag {
        /// The tag's key.
        key: Key,
        /// What must hold.
        test: KeyTest,
    },
    /// ``metadata.`mlflow.trace.session` = '17'``
    Metadata {
        /// The key.
        key: Key,
        /// What must hold.
        test: KeyTest,
    },
    /// `status = 'ERROR'`
    Text(TraceText, ListTest),
    /// `execution_time > 1000`: milliseconds.
    Number(TraceNumber, NumberOp, i64),
    /// `prompt = 'greeting/3'`: a version of a prompt that it was made with.
    Prompt(Text),
    /// `span.type = 'LLM'`: of one of its steps.
    Span(SpanField, ListTest),
    /// `span.content LIKE '%timeout%'`: somewhere in what is known of one of its steps.
    SpanContent(TextTest),
    /// `feedback.correctness = 'yes'`
    Assessment {
        /// What was assessed.
        key: Key,
        /// Whether it is how good it is, or how it should have been.
        kind: AssessmentField,
        /// What must hold.
        test: AssessmentTest,
    },
    /// `issue.id = 'iss-1'`
    Issue(Text),
}

/// The texts of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TraceText {
    /// Its name.
    Name,
    /// How the request went: `OK`, `ERROR`, `IN_PROGRESS`.
    Status,
    /// Its id.
    RequestId,
    /// What the client calls it.
    ClientRequestId,
    /// A run in which it was made, or that it was linked to.
    RunId,
}

/// The times of a trace, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TraceNumber {
    /// When the request came.
    Timestamp,
    /// How long it took.
    ExecutionTime,
    /// When the response came.
    EndTime,
}

/// What can be asked of a step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SpanField {
    /// Its name.
    Name,
    /// What kind of step it is.
    Type,
    /// How it went: `OK`, `ERROR`, `UNSET`.
    Status,
    /// `span.attributes.model`: something that is known of it.
    Attribute(Key),
}

/// What is asked of assessments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AssessmentField {
    /// How good it is.
    Feedback,
    /// How it should have been.
    Expectation,
}

/// What must hold of an assessment's value.
#[derive(Clone, Debug, PartialEq)]
pub enum AssessmentTest {
    /// As a text; that of other values is their JSON.
    Text(KeyTest),
    /// As a number.
    Number(NumberOp, f64),
}

/// What traces can be sorted by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TraceOrder {
    /// A time.
    Number(TraceNumber),
    /// A text but for what the client calls it.
    Text(TraceText),
    /// `experiment_id`
    ExperimentId,
    /// A tag's value.
    Tag(Key),
    /// A value of the metadata.
    Metadata(Key),
}

impl TraceText {
    const ALL: [TraceText; 5] = [
        TraceText::Name,
        TraceText::Status,
        TraceText::RequestId,
        TraceText::ClientRequestId,
        TraceText::RunId,
    ];

    /// The word of the language.
    pub fn as_str(self) -> &'static str {
        match self {
            TraceText::Name => "name",
            TraceText::Status => "status",
            TraceText::RequestId => "request_id",
            TraceText::ClientRequestId => "client_request_id",
            TraceText::RunId => "run_id",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        // What is called a trace's id elsewhere is its request's in this language.
        let word = if word == "trace_id" { "request_id" } else { word };
        Self::ALL.into_iter().find(|field| field.as_str() == word)
    }
}

impl TraceNumber {
    /// The word of the language.
    pub fn as_str(self) -> &'static str {
        match self {
            TraceNumber::Timestamp => "timestamp",
            TraceNumber::ExecutionTime => "execution_time",
            TraceNumber::EndTime => "end_time",
        }
    }

    /// The field with this name, of which each has two.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        match word {
            "timestamp" | "timestamp_ms" => Some(TraceNumber::Timestamp),
            "execution_time" | "execution_time_ms" => Some(TraceNumber::ExecutionTime),
            "end_time" | "end_time_ms" => Some(TraceNumber::EndTime),
            _ => None,
        }
    }
}

impl AssessmentField {
    /// The word of the language, which is also the stored one.
    pub fn as_str(self) -> &'static str {
        match self {
            AssessmentField::Feedback => "feedback",
            AssessmentField::Expectation => "expectation",
        }
    }
}

/// What the attributes of traces are called.
pub(super) const ATTRIBUTES: [&str; 10] = [
    "client_request_id",
    "end_time",
    "execution_time",
    "name",
    "prompt",
    "request_id",
    "run_id",
    "status",
    "text",
    "timestamp",
];

const EXPECTED: &str = "Expected a quoted string value or a list of quoted string values for attributes";

impl Condition for TraceCondition {
    fn read(comparison: &Comparison<'_>) -> Result<Self, FilterError> {
        let name = comparison.name;
        match name.prefix {
            None | Some("attribute" | "attributes" | "trace") => attribute(comparison),
            Some("tag" | "tags") => {
                Ok(TraceCondition::Tag { key: name.to_key()?, test: key_test(comparison, "tag")? })
            }
            Some("metadata" | "request_metadata") => Ok(TraceCondition::Metadata {
                key: name.to_key()?,
                test: key_test(comparison, "request_metadata")?,
            }),
            Some("span") => span(comparison),
            Some("feedback") => assessment(comparison, AssessmentField::Feedback),
            Some("expectation") => assessment(comparison, AssessmentField::Expectation),
            Some("issue") if name.key == "id" => Ok(TraceCondition::Issue(equal_text(comparison)?)),
            Some("issue") => {
                Err(name.error(format!("Invalid issue attribute '{}'. Supported attributes: id", name.key)))
            }
            Some(other) => Err(unknown_prefix(&name, other)),
        }
    }
}

fn unknown_prefix(name: &Name<'_>, prefix: &str) -> FilterError {
    name.error(format!(
        "Invalid entity type '{prefix}'. Valid values are \
         ['attribute', 'tag', 'metadata', 'span', 'feedback', 'expectation', 'issue']"
    ))
}

fn not_null<'c, 'a>(comparison: &'c Comparison<'a>) -> Result<(&'c Operator, &'c Value<'a>), FilterError> {
    comparison.value(|| {
        let name = comparison.name.raw;
        format!(
            "IS NULL / IS NOT NULL is only supported for tags, metadata and assessments, not for '{name}'"
        )
    })
}

fn attribute(comparison: &Comparison<'_>) -> Result<TraceCondition, FilterError> {
    let name = comparison.name;
    if let Some(number) = TraceNumber::from_word(name.key) {
        let (operator, value) = not_null(comparison)?;
        let op = number_op(operator)?;
        if value.number().is_none() {
            return Err(value.error(format!(
                "Expected numeric value type for numeric attribute: {}. Found {}",
                name.key, value.raw
            )));
        }
        return Ok(TraceCondition::Number(number, op, rounded(value, op, name.key)?));
    }
    if let Some(text) = TraceText::from_word(name.key) {
        if let Test::Null { negated, .. } = &comparison.test
            && let Some(condition) = kept(text, if *negated { KeyTest::IsNotNull } else { KeyTest::IsNull })
        {
            return Ok(condition);
        }
        let (operator, value) = not_null(comparison)?;
        return Ok(TraceCondition::Text(text, list_test(operator, value, EXPECTED)?));
    }
    match name.key {
        "prompt" => Ok(TraceCondition::Prompt(prompt(comparison)?)),
        "text" => Ok(TraceCondition::SpanContent(content(comparison)?)),
        key => Err(name.error(unknown_attribute(key, &ATTRIBUTES))),
    }
}

/// The question whether a trace has a text that is a tag or metadata of its.
fn kept(text: TraceText, test: KeyTest) -> Option<TraceCondition> {
    match text {
        TraceText::Name => Key::new(key::NAME).map(|key| TraceCondition::Tag { key, test }),
        TraceText::RunId => Key::new(key::SOURCE_RUN).map(|key| TraceCondition::Metadata { key, test }),
        TraceText::Status | TraceText::RequestId | TraceText::ClientRequestId => None,
    }
}

/// The text of a comparison that can only be `=`.
fn equal_text(comparison: &Comparison<'_>) -> Result<Text, FilterError> {
    let (operator, value) = not_null(comparison)?;
    if operator.word != "=" {
        return Err(not_one_of(operator, &["="]));
    }
    value.text(EXPECTED)
}

fn prompt(comparison: &Comparison<'_>) -> Result<Text, FilterError> {
    let text = equal_text(comparison)?;
    if text.as_str().matches('/').count() == 1 {
        return Ok(text);
    }
    let (_, value) = not_null(comparison)?;
    Err(value.error(format!(
        "Invalid prompts filter value '{}'. Expected format: prompt = \"name/version\"",
        text.as_str()
    )))
}

fn content(comparison: &Comparison<'_>) -> Result<TextTest, FilterError> {
    let (operator, value) = not_null(comparison)?;
    operator
        .text_test(value.text("Expected a quoted string value for span (e.g. 'my-value')")?)
        .filter(|test| matches!(test, TextTest::Like(_) | TextTest::Ilike(_)))
        .ok_or_else(|| not_one_of(operator, &LIKE_OPS))
}

fn span(comparison: &Comparison<'_>) -> Result<TraceCondition, FilterError> {
    let name = comparison.name;
    let field = match name.key {
        "name" => SpanField::Name,
        "type" => SpanField::Type,
        "status" => SpanField::Status,
        "content" => return Ok(TraceCondition::SpanContent(content(comparison)?)),
        key => {
            let attribute = key.strip_prefix("attributes.").ok_or_else(|| {
                name.error(format!(
                    "Invalid span attribute '{key}'. \
                     Supported attributes: name, status, type, attributes.<attribute_name>."
                ))
            })?;
            let key = Key::new(attribute)
                .ok_or_else(|| name.error("Span attribute name cannot be empty after 'attributes.'"))?;
            SpanField::Attribute(key)
        }
    };
    let (operator, value) = not_null(comparison)?;
    let expected = "Expected a quoted string value for span (e.g. 'my-value')";
    Ok(TraceCondition::Span(field, list_test(operator, value, expected)?))
}

fn assessment(comparison: &Comparison<'_>, kind: AssessmentField) -> Result<TraceCondition, FilterError> {
    let key = comparison.name.to_key()?;
    let word = kind.as_str();
    if let Test::Value { operator, value } = &comparison.test {
        if value.list()?.is_some() {
            return Err(value.error(only_lists(&["name", "status", "request_id", "run_id"])));
        }
        let size = operator.number_op().filter(|op| !matches!(op, NumberOp::Eq | NumberOp::Ne));
        if let Some(op) = size {
            let number = value.number().ok_or_else(|| {
                value.error(format!(
                    "Expected a numeric value for {word} when using comparator '{op}'. Got value {}",
                    value.raw
                ))
            })?;
            return Ok(TraceCondition::Assessment { key, kind, test: AssessmentTest::Number(op, number) });
        }
    }
    Ok(TraceCondition::Assessment { key, kind, test: AssessmentTest::Text(key_test(comparison, word)?) })
}

impl fmt::Display for TraceCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TraceCondition::Tag { key, test } => write!(f, "tags.{key} {test}"),
            TraceCondition::Metadata { key, test } => write!(f, "metadata.{key} {test}"),
            TraceCondition::Text(text, test) => write!(f, "{} {test}", text.as_str()),
            TraceCondition::Number(number, op, value) => write!(f, "{} {op} {value}", number.as_str()),
            TraceCondition::Prompt(text) => write!(f, "prompt = {text}"),
            TraceCondition::Span(field, test) => write!(f, "span.{field} {test}"),
            TraceCondition::SpanContent(test) => write!(f, "span.content {test}"),
            TraceCondition::Assessment { key, kind, test } => write!(f, "{}.{key} {test}", kind.as_str()),
            TraceCondition::Issue(text) => write!(f, "issue.id = {text}"),
        }
    }
}

impl fmt::Display for SpanField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpanField::Name => f.write_str("name"),
            SpanField::Type => f.write_str("type"),
            SpanField::Status => f.write_str("status"),
            // Quotes stand around the whole key or not at all.
            SpanField::Attribute(key) => match Key::new(format!("attributes.{}", key.as_str())) {
                Some(whole) => whole.fmt(f),
                None => write!(f, "attributes.{}", key.as_str()),
            },
        }
    }
}

impl fmt::Display for AssessmentTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AssessmentTest::Text(test) => test.fmt(f),
            AssessmentTest::Number(op, number) => write!(f, "{op} {}", Number(*number)),
        }
    }
}

impl OrderKey for TraceOrder {
    fn read(name: &Name<'_>) -> Result<Self, FilterError> {
        match name.prefix {
            Some("tag" | "tags") => return Ok(TraceOrder::Tag(name.to_key()?)),
            Some("metadata" | "request_metadata") => return Ok(TraceOrder::Metadata(name.to_key()?)),
            None | Some("attribute" | "attributes" | "trace") => {}
            Some(other) => return Err(unknown_prefix(name, other)),
        }
        let known = [
            "end_time",
            "execution_time",
            "experiment_id",
            "name",
            "request_id",
            "run_id",
            "status",
            "timestamp",
        ];
        if name.key == "experiment_id" {
            return Ok(TraceOrder::ExperimentId);
        }
        TraceNumber::from_word(name.key)
            .map(TraceOrder::Number)
            .or_else(|| {
                let text = TraceText::from_word(name.key)?;
                (text != TraceText::ClientRequestId).then_some(TraceOrder::Text(text))
            })
            .ok_or_else(|| name.error(unknown_attribute(name.key, &known)))
    }
}

impl fmt::Display for TraceOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TraceOrder::Number(number) => f.write_str(number.as_str()),
            TraceOrder::Text(text) => f.write_str(text.as_str()),
            TraceOrder::ExperimentId => f.write_str("experiment_id"),
            TraceOrder::Tag(key) => write!(f, "tags.{key}"),
            TraceOrder::Metadata(key) => write!(f, "metadata.{key}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::filter::{TraceFilter, TraceOrder, parse, parse_order_by};

    fn check(text: &str, canonical: &str) {
        let filter: TraceFilter = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(filter.to_string(), canonical, "{text}");
        let again: TraceFilter = parse(canonical).unwrap();
        assert!(filter.conditions().eq(again.conditions()), "{text}");
    }

    fn check_refused(text: &str, message: &str) {
        let error = parse::<super::TraceCondition>(text).unwrap_err();
        assert!(error.message.contains(message), "{text}: {}", error.message);
    }

    #[test]
    fn filters_are_read() {
        check("tags.team = 'a' AND metadata.`x y` IS NULL", "tags.team = 'a' AND metadata.`x y` IS NULL");
        check("trace.status IN ('OK', 'ERROR')", "status IN ('OK', 'ERROR')");
        check("attributes.name ILIKE '%x%'", "name ILIKE '%x%'");
        check("trace_id = 'tr-1'", "request_id = 'tr-1'");
        check(
            "name IS NULL AND trace.run_id IS NOT NULL",
            "tags.mlflow.traceName IS NULL AND metadata.mlflow.sourceRun IS NOT NULL",
        );
        check("timestamp_ms >= 5.5 AND execution_time < 3", "timestamp >= 6 AND execution_time < 3");
        check("prompt = 'greeting/3'", "prompt = 'greeting/3'");
        check(
            "span.type = 'LLM' and span.attributes.model != 'x'",
            "span.type = 'LLM' AND span.attributes.model != 'x'",
        );
        check("span.`attributes.a b` = 'x'", "span.`attributes.a b` = 'x'");
        check("trace.text LIKE '%x%'", "span.content LIKE '%x%'");
        check(
            "feedback.good = 'yes' AND expectation.n >= 0.5",
            "feedback.good = 'yes' AND expectation.n >= 0.5",
        );
        check("feedback.good IS NOT NULL AND issue.id = 'i'", "feedback.good IS NOT NULL AND issue.id = 'i'");
    }

    #[test]
    fn what_can_not_be_asked_is_refused() {
        check_refused("state = 'OK'", "Invalid attribute key 'state'");
        check_refused("metrics.m > 1", "Invalid entity type 'metrics'");
        check_refused("status RLIKE 'O.*'", "Invalid comparator 'RLIKE'");
        check_refused("status IS NULL", "IS NULL / IS NOT NULL");
        check_refused("timestamp = 'now'", "numeric");
        check_refused("prompt = 'greeting'", "name/version");
        check_refused("span.size = '1'", "Invalid span attribute 'size'");
        check_refused("span.content = 'x'", "Invalid comparator '='");
        check_refused("feedback.good > 'x'", "numeric value for feedback");
        check_refused("feedback.good = 1", "quoted string");
        check_refused("feedback.good IN ('x')", "list");
        check_refused("issue.name = 'x'", "Invalid issue attribute");
    }

    #[test]
    fn orders_are_read() {
        let check = |text: &str, canonical: &str| {
            assert_eq!(parse_order_by::<TraceOrder>(text).unwrap().to_string(), canonical);
        };
        check("timestamp_ms DESC", "timestamp DESC");
        check("attributes.status", "status ASC");
        check("tags.`a b` ASC", "tags.`a b` ASC");
        check("metadata.mlflow.sourceRun", "metadata.mlflow.sourceRun ASC");
        check("experiment_id", "experiment_id ASC");
        assert!(parse_order_by::<TraceOrder>("client_request_id").is_err());
        assert!(parse_order_by::<TraceOrder>("span.name").is_err());
    }
}
