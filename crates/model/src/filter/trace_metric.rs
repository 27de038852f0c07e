//! What metrics of traces can be limited to: one comparison with `=`, in a language of its own. Unlike in searches, names have a
//! part for what they are of: `trace.tag.team = 'vision'`.

use super::FilterError;
use super::field::quoted_list;
use super::term::{Key, KeyTest, ListTest, Text, TextTest};
use super::token::{Kind, Token, tokens};
use super::trace::{TraceCondition, TraceText};
use crate::name::limit;
use crate::trace::key::SOURCE_RUN;

/// What traces, steps or assessments must be to count.
#[derive(Clone, Debug, PartialEq)]
pub enum MetricCondition {
    /// ``trace.metadata.`mlflow.trace.session` = '17'``
    Trace(TraceCondition),
    /// `span.name = 'search'`
    SpanName(Text),
    /// `span.type = 'LLM'`
    SpanType(Text),
    /// `span.status = 'ERROR'`
    SpanStatus(Text),
    /// `assessment.name = 'correctness'`
    AssessmentName(Text),
    /// `assessment.type = 'feedback'`
    AssessmentType(Text),
}

/// Reads one comparison.
///
/// # Errors
/// What is wrong with it, in MLflow's words where it has any.
pub fn parse_metric_condition(filter: &str) -> Result<MetricCondition, FilterError> {
    let refused = |message: String| FilterError { message, span: 0..filter.len() };
    if filter.len() > limit::FILTER {
        return Err(refused(format!(
            "Invalid filter string: it has {} bytes, and at most {} are taken.",
            filter.len(),
            limit::FILTER
        )));
    }
    let pieces = tokens(filter);
    let Some(first) = pieces.first() else {
        return Err(refused(format!("Invalid filter: '{filter}'. Expected one filter clause.")));
    };
    let goes_on = |pair: &&[Token<'_>]| pair[0].end() == pair[1].start && stands_in_name(&pair[1]);
    let length = 1 + pieces.windows(2).take_while(goes_on).count();
    let (name, rest) = pieces.split_at(length);
    let [operator, value] = rest else {
        return Err(refused(format!("Invalid clause(s) in filter string: {filter}")));
    };
    if !stands_in_name(first) {
        return Err(refused(format!("Invalid clause(s) in filter string: {filter}")));
    }
    let raw = &filter[first.start..name.last().map_or(first.end(), Token::end)];
    let (view, entity, key) = read_name(raw).map_err(refused)?;
    if operator.kind != Kind::Sign || operator.text != "=" {
        return Err(FilterError {
            message: format!("Invalid comparator: '{}', only '=' operator is supported", operator.text),
            span: operator.span(),
        });
    }
    let text = read_value(entity, value)?;
    let equal = TextTest::Eq(text.clone());
    match (view, entity, key) {
        ("span", "name", _) => Ok(MetricCondition::SpanName(text)),
        ("span", "type", _) => Ok(MetricCondition::SpanType(text)),
        ("span", _, _) => Ok(MetricCondition::SpanStatus(text)),
        ("assessment", "name", _) => Ok(MetricCondition::AssessmentName(text)),
        ("assessment", _, _) => Ok(MetricCondition::AssessmentType(text)),
        (_, "tag", Some(key)) => {
            Ok(MetricCondition::Trace(TraceCondition::Tag { key, test: KeyTest::Text(equal) }))
        }
        // A run that a trace was linked to counts as the one in which it was made.
        (_, "metadata", Some(key)) if key.as_str() == SOURCE_RUN => {
            Ok(MetricCondition::Trace(TraceCondition::Text(TraceText::RunId, ListTest::Text(equal))))
        }
        (_, "metadata", Some(key)) => {
            Ok(MetricCondition::Trace(TraceCondition::Metadata { key, test: KeyTest::Text(equal) }))
        }
        _ => Ok(MetricCondition::Trace(TraceCondition::Text(TraceText::Status, ListTest::Text(equal)))),
    }
}

fn stands_in_name(piece: &Token<'_>) -> bool {
    matches!(piece.kind, Kind::Word | Kind::Quoted(_))
}

/// What it is of, what of that, and a key if that has some.
fn read_name(raw: &str) -> Result<(&str, &str, Option<Key>), String> {
    let mut parts = raw.splitn(3, '.');
    let view = parts.next().unwrap_or_default().trim_matches('`');
    let Some(entity) = parts.next() else {
        return Err(format!(
            "Invalid identifier '{raw}'. Columns should be specified as \
             'trace.<key>', 'span.<key>', 'assessment.<key>'."
        ));
    };
    let known: &[&str] = match view {
        "trace" => &["status", "tag", "metadata"],
        "span" => &["name", "status", "type"],
        "assessment" => &["name", "type"],
        _ => {
            let known = quoted_list(&["trace", "span", "assessment"]);
            return Err(format!("Invalid view type '{view}'. Valid values are {known}"));
        }
    };
    if !known.contains(&entity) {
        return Err(format!(
            "Invalid entity '{entity}' specified for view type '{view}'. Valid entities are {}",
            quoted_list(known)
        ));
    }
    let key = parts.next();
    if !matches!(entity, "tag" | "metadata") {
        return match key {
            None => Ok((view, entity, None)),
            Some(_) => {
                Err(format!("Filtering by {entity} does not require a key, use '{view}.{entity}' instead"))
            }
        };
    }
    match key.and_then(|key| Key::new(unquoted(key))) {
        Some(key) => Ok((view, entity, Some(key))),
        None => Err(format!("Filtering by {entity} requires a key, e.g. '{view}.{entity}.<key> = <value>'")),
    }
}

/// Without the quotes around it.
fn unquoted(key: &str) -> &str {
    ['`', '"', '\''].into_iter().find_map(|quote| key.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(key)
}

fn read_value(entity: &str, value: &Token<'_>) -> Result<Text, FilterError> {
    let wrong = |message: String| FilterError { message, span: value.span() };
    match value.kind {
        Kind::Quoted('\'' | '"') => Text::new(value.inner())
            .ok_or_else(|| wrong(format!("The value {} can't be compared with.", value.text))),
        Kind::Word | Kind::Quoted(_) => Err(wrong(format!(
            "Parameter value is either not quoted or unidentified quote types used for string value {}. \
             Use either single or double quotes.",
            value.text
        ))),
        _ => Err(wrong(format!(
            "Expected a quoted string value for {entity} value (e.g. 'my-value'). Got value {}",
            value.text
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(filter: &str, expected: &str) {
        let found = match parse_metric_condition(filter) {
            Ok(MetricCondition::Trace(condition)) => condition.to_string(),
            Ok(other) => format!("{other:?}"),
            Err(error) => error.message,
        };
        assert_eq!(found, expected, "{filter}");
    }

    #[test]
    fn one_thing_is_compared_with_a_text() {
        check("trace.status = \"OK\"", "status = 'OK'");
        check(" trace.tag.team='vision' ", "tags.team = 'vision'");
        check("trace.tag.a.b.c = ''", "tags.a.b.c = ''");
        check("trace.tag.`a b` = 'x'", "tags.`a b` = 'x'");
        check("trace.metadata.\"mlflow.trace.session\" = 's'", "metadata.mlflow.trace.session = 's'");
        check("trace.metadata.mlflow.sourceRun = 'r'", "run_id = 'r'");
        check("`trace`.status = 'OK'", "status = 'OK'");
        check("span.name = 'ask'", "SpanName(Text(\"ask\"))");
        check("span.type = 'LLM'", "SpanType(Text(\"LLM\"))");
        check("span.status = 'ERROR'", "SpanStatus(Text(\"ERROR\"))");
        check("assessment.name = 'good'", "AssessmentName(Text(\"good\"))");
        check("assessment.type = 'feedback'", "AssessmentType(Text(\"feedback\"))");
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (filter, expected) in [
            ("", "Invalid filter: ''. Expected one filter clause."),
            ("trace.status", "Invalid clause(s) in filter string: trace.status"),
            (
                "span.name = 'a' AND span.type = 'b'",
                "Invalid clause(s) in filter string: span.name = 'a' AND span.type = 'b'",
            ),
            ("= = 'a'", "Invalid clause(s) in filter string: = = 'a'"),
            ("trace.status != 'OK'", "Invalid comparator: '!=', only '=' operator is supported"),
            ("trace.status LIKE 'O%'", "Invalid comparator: 'LIKE', only '=' operator is supported"),
            (
                "status = 'OK'",
                "Invalid identifier 'status'. Columns should be specified as \
                 'trace.<key>', 'span.<key>', 'assessment.<key>'.",
            ),
            ("foo.bar = 'x'", "Invalid view type 'foo'. Valid values are 'trace', 'span', 'assessment'"),
            (
                "trace.foo = 'x'",
                "Invalid entity 'foo' specified for view type 'trace'. Valid entities are 'status', 'tag', 'metadata'",
            ),
            ("trace.tag = 'x'", "Filtering by tag requires a key, e.g. 'trace.tag.<key> = <value>'"),
            ("trace.tag. = 'x'", "Filtering by tag requires a key, e.g. 'trace.tag.<key> = <value>'"),
            (
                "trace.status.x = 'a'",
                "Filtering by status does not require a key, use 'trace.status' instead",
            ),
            (
                "trace.status = 5",
                "Expected a quoted string value for status value (e.g. 'my-value'). Got value 5",
            ),
        ] {
            check(filter, expected);
        }
        assert!(parse_metric_condition("trace.status = OK").is_err());
        assert!(parse_metric_condition("trace.tag.`x = 'y'").is_err());
    }
}
