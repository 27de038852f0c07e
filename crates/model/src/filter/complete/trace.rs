//! What can be written in filters of traces.

use super::{Expected, FieldOf, KeysOf, Language, Subject};
use crate::filter::{
    TraceNumber, TraceText,
    field::{KEY_OPS, LIKE_OPS, LIST_OPS},
    syntax::Name,
    trace::ATTRIBUTES,
};
use serde::{Deserialize, Serialize};

/// Filters of traces.
pub static TRACE_LANGUAGE: Language = Language { names: &NAMES, behind, subject };

const NAMES: [&str; 16] = [
    "status",
    "name",
    "tags.",
    "feedback.",
    "span.",
    "execution_time",
    "timestamp",
    "metadata.",
    "expectation.",
    "text",
    "end_time",
    "run_id",
    "request_id",
    "client_request_id",
    "prompt",
    "issue.",
];
const SPAN: [&str; 5] = ["name", "type", "status", "content", ATTRIBUTE];
const ISSUE: [&str; 1] = ["id"];
const STATES: [&str; 4] = ["OK", "ERROR", "IN_PROGRESS", "STATE_UNSPECIFIED"];
const SPAN_STATUSES: [&str; 3] = ["OK", "ERROR", "UNSET"];
const EQUAL: [&str; 1] = ["="];
/// An assessment is compared as a text or as a number.
const ASSESSMENT_OPS: [&str; 10] =
    ["=", "!=", "<", "<=", ">", ">=", "LIKE", "ILIKE", "IS NULL", "IS NOT NULL"];

/// How the key of a step begins that is one of its attributes.
const ATTRIBUTE: &str = "attributes.";

/// Whose keys can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TraceKeys {
    /// Of tags.
    Tag,
    /// Of metadata.
    Metadata,
    /// What feedback is about.
    Feedback,
    /// What expectations are about.
    Expectation,
    /// Of what is known of steps. As keys of steps they begin with `attributes.`
    SpanAttribute,
}

impl TraceKeys {
    /// What stands before the key.
    pub fn prefix(self) -> &'static str {
        match self {
            TraceKeys::Tag => "tags.",
            TraceKeys::Metadata => "metadata.",
            TraceKeys::Feedback => "feedback.",
            TraceKeys::Expectation => "expectation.",
            TraceKeys::SpanAttribute => "span.",
        }
    }

    /// What all of them begin with.
    pub fn start(self) -> &'static str {
        match self {
            TraceKeys::SpanAttribute => ATTRIBUTE,
            TraceKeys::Tag | TraceKeys::Metadata | TraceKeys::Feedback | TraceKeys::Expectation => "",
        }
    }
}

/// A text of traces of which the values that there are can be found.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TraceField {
    /// The tag of this key.
    Tag(String),
    /// The metadata of this key.
    Metadata(String),
    /// The trace's name.
    Name,
    /// Feedback about this.
    Feedback(String),
    /// The expectation about this.
    Expectation(String),
    /// The name of a step.
    SpanName,
    /// What kind of step it is.
    SpanType,
    /// A version of a prompt, as `name/version`.
    Prompt,
}

/// What can be looked for to stand in a filter of traces.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TraceWords {
    /// Whole names, of tags, metadata and assessments: `tags.team`.
    Names,
    /// Keys.
    Keys(TraceKeys),
    /// Values.
    Values(TraceField),
}

fn behind(name: &Name<'_>) -> Option<Expected> {
    let keys = |keys| Expected::Key(KeysOf::Trace(keys));
    Some(match name.prefix? {
        "attribute" | "attributes" | "trace" => Expected::Word(&ATTRIBUTES),
        "tag" | "tags" => keys(TraceKeys::Tag),
        "metadata" | "request_metadata" => keys(TraceKeys::Metadata),
        "feedback" => keys(TraceKeys::Feedback),
        "expectation" => keys(TraceKeys::Expectation),
        "span" if name.key.starts_with(ATTRIBUTE) => keys(TraceKeys::SpanAttribute),
        "span" => Expected::Word(&SPAN),
        "issue" => Expected::Word(&ISSUE),
        _ => return None,
    })
}

fn subject(name: &Name<'_>) -> Option<Subject> {
    let key = || (!name.key.is_empty()).then(|| name.key.to_owned());
    let field = |field| Subject::Field(FieldOf::Trace(field));
    Some(match name.prefix {
        None | Some("attribute" | "attributes" | "trace") => return of_attribute(name.key),
        Some("tag" | "tags") => field(TraceField::Tag(key()?)),
        Some("metadata" | "request_metadata") => field(TraceField::Metadata(key()?)),
        Some("feedback") => field(TraceField::Feedback(key()?)),
        Some("expectation") => field(TraceField::Expectation(key()?)),
        Some("span") => match name.key {
            "name" => field(TraceField::SpanName),
            "type" => field(TraceField::SpanType),
            "status" => Subject::OneOf(&SPAN_STATUSES),
            "content" => Subject::Text(&LIKE_OPS),
            key if key.len() > ATTRIBUTE.len() && key.starts_with(ATTRIBUTE) => Subject::Text(&LIST_OPS),
            _ => return None,
        },
        Some("issue") if name.key == "id" => Subject::Text(&EQUAL),
        Some(_) => return None,
    })
}

fn of_attribute(key: &str) -> Option<Subject> {
    if TraceNumber::from_word(key).is_some() {
        return Some(Subject::Number);
    }
    Some(match TraceText::from_word(key) {
        Some(TraceText::Name) => Subject::Field(FieldOf::Trace(TraceField::Name)),
        Some(TraceText::Status) => Subject::OneOf(&STATES),
        Some(TraceText::RequestId | TraceText::ClientRequestId | TraceText::RunId) => {
            Subject::Text(&LIST_OPS)
        }
        None => match key {
            "prompt" => Subject::Field(FieldOf::Trace(TraceField::Prompt)),
            "text" => Subject::Text(&LIKE_OPS),
            _ => return None,
        },
    })
}

/// What a text of traces is compared by.
pub fn operators(field: &TraceField) -> &'static [&'static str] {
    match field {
        TraceField::Tag(_) | TraceField::Metadata(_) => &KEY_OPS,
        TraceField::Feedback(_) | TraceField::Expectation(_) => &ASSESSMENT_OPS,
        TraceField::Name | TraceField::SpanName | TraceField::SpanType => &LIST_OPS,
        TraceField::Prompt => &EQUAL,
    }
}

#[cfg(test)]
mod tests {
    //! By example: `|` is the cursor.

    use super::*;
    use crate::{
        filter::{Completion, Place, TraceCondition, parse},
        trace::{TraceState, span::SpanStatus},
    };

    fn completed(text: &str) -> (String, Completion) {
        let cursor = text.find('|').unwrap();
        let text = text.replacen('|', "", 1);
        let completion = TRACE_LANGUAGE.complete(&text, cursor);
        (text, completion)
    }

    #[track_caller]
    fn check(text: &str, expected: Expected, replaced: &str) {
        let (text, completion) = completed(text);
        assert_eq!((&completion.expected, &text[completion.span.clone()]), (&expected, replaced), "{text}");
    }

    #[track_caller]
    fn check_words(text: &str, words: &[&str]) {
        assert_eq!(completed(text).1.words(), words, "{text}");
    }

    #[track_caller]
    fn check_chosen(text: &str, choice: &str, expected: &str) {
        let (text, completion) = completed(text);
        let (mut chosen, at) = completion.accept(&text, choice).unwrap();
        chosen.insert(at, '|');
        assert_eq!(chosen, expected);
    }

    fn keys(keys: TraceKeys) -> Expected {
        Expected::Key(KeysOf::Trace(keys))
    }

    fn field(field: TraceField) -> Subject {
        Subject::Field(FieldOf::Trace(field))
    }

    fn feedback() -> TraceField {
        TraceField::Feedback("good".to_owned())
    }

    fn value(subject: Subject) -> Expected {
        Expected::Value(subject, Place::Alone)
    }

    #[test]
    fn a_condition_starts_with_a_name() {
        check("|", Expected::Name, "");
        check("status = 'OK' AND ta|", Expected::Name, "ta");
        check("sta|tus = 'OK'", Expected::Name, "status");
        check_words("t|", &["tags.", "timestamp", "text"]);
        check_words("m|", &["metadata."]);
        check_words("metrics|", &[]);
    }

    #[test]
    fn a_key_follows_its_prefix() {
        check("tags.|", keys(TraceKeys::Tag), "");
        check("tag.te|am = 'x'", keys(TraceKeys::Tag), "team");
        check("metadata.mlflow.tr|", keys(TraceKeys::Metadata), "mlflow.tr");
        check("request_metadata.`a b|", keys(TraceKeys::Metadata), "`a b");
        check("feedback.|", keys(TraceKeys::Feedback), "");
        check("expectation.a|", keys(TraceKeys::Expectation), "a");
        check("span.t|", Expected::Word(&SPAN), "t");
        check("span.attributes.mo|", keys(TraceKeys::SpanAttribute), "attributes.mo");
        check("span.`attributes.a b`|", keys(TraceKeys::SpanAttribute), "`attributes.a b`");
        check("trace.st|", Expected::Word(&ATTRIBUTES), "st");
        check("metrics.|", Expected::Nothing, "");
        check_words("span.|", &SPAN);
        check_words("span.s|", &["status"]);
        check_words("issue.|", &["id"]);
        check_words("attributes.e|", &["end_time", "execution_time"]);
    }

    #[test]
    fn an_operator_fits_its_field() {
        check("status |", Expected::Operator(Subject::OneOf(&STATES)), "");
        check("feedback.good >|", Expected::Operator(field(feedback())), ">");
        check("span.content |", Expected::Operator(Subject::Text(&LIKE_OPS)), "");
        check("nothing |", Expected::Nothing, "");
        check_words("execution_time_ms >|", &[">", ">="]);
        check_words("name no|", &["NOT IN"]);
        check_words("tags.team is |", &["IS NULL", "IS NOT NULL"]);
        check_words("text |", &["LIKE", "ILIKE"]);
        check_words("prompt |", &["="]);
        check_words("issue.id |", &["="]);
        check_words("feedback.good |", &ASSESSMENT_OPS);
        check_words("span.attributes.model i|", &["ILIKE", "IN"]);
        check_words("span.attributes. |", &[]);
    }

    #[test]
    fn a_value_fits_its_operator() {
        check("name = 'ch|", value(field(TraceField::Name)), "'ch");
        check("tags.team != |", value(field(TraceField::Tag("team".to_owned()))), "");
        check("span.type = |", value(field(TraceField::SpanType)), "");
        check("prompt=|", value(field(TraceField::Prompt)), "");
        check("span.type IN (|", Expected::Value(field(TraceField::SpanType), Place::InList), "");
        check("timestamp > 1|", value(Subject::Number), "1");
        check("feedback.good = |", value(field(feedback())), "");
        check("feedback.good >= |", value(Subject::Number), "");
        check("nothing > |", Expected::Nothing, "");
        check_words("status = |", &STATES);
        check_words("trace.status = 'in|", &["IN_PROGRESS"]);
        check_words("span.status NOT IN ('OK', |", &SPAN_STATUSES);
        check_words("tags.team = |", &[]);
        check("status = 'OK' |", Expected::And, "");
        check("feedback.good > 0.5 |", Expected::And, "");
    }

    #[test]
    fn what_is_chosen_is_quoted_where_it_must_be() {
        check_chosen("|", "tags.", "tags.|");
        check_chosen("te|", "tags.`a b`", "tags.`a b` |");
        check_chosen("span.|", "attributes.", "span.attributes.|");
        check_chosen("span.ty|", "type", "span.type |");
        check_chosen("span.attributes.m|", "attributes.model", "span.attributes.model |");
        check_chosen("span.attributes.|", "attributes.a b", "span.`attributes.a b` |");
        check_chosen("status =|", "ERROR", "status = 'ERROR'|");
        check_chosen("status IN |", "OK", "status IN ('OK')|");
        check_chosen("feedback.good = |", "it's", "feedback.good = \"it's\"|");
    }

    #[test]
    fn all_that_is_offered_is_taken() {
        let read = |text: &str| parse::<TraceCondition>(text);
        let value_of = |operator: &str, subject: &Subject| match operator {
            "IS NULL" | "IS NOT NULL" => String::new(),
            "IN" | "NOT IN" => " ('a')".to_owned(),
            "<" | "<=" | ">" | ">=" => " 1".to_owned(),
            _ if *subject == Subject::Number => " 1".to_owned(),
            _ => " 'a/1'".to_owned(),
        };
        let mut names: Vec<String> =
            NAMES.iter().filter(|name| **name != "span.").map(|name| name.to_string()).collect();
        names.extend(SPAN.iter().map(|word| format!("span.{word}")));
        names.extend(ATTRIBUTES.iter().map(|word| format!("attributes.{word}")));
        for name in names {
            let name = if name.ends_with('.') { format!("{name}id") } else { name };
            let completion = TRACE_LANGUAGE.complete(&format!("{name} "), name.len() + 1);
            let Expected::Operator(subject) = &completion.expected else { panic!("{name}: {completion:?}") };
            for operator in subject.operators().iter().copied() {
                let text = format!("{name} {operator}{}", value_of(operator, subject));
                assert!(read(&text).is_ok(), "{text}: {:?}", read(&text));
            }
        }
    }

    #[test]
    fn states_are_those_that_there_are() {
        assert!(TraceState::ALL.into_iter().all(|state| STATES.contains(&state.name())));
        assert!(SpanStatus::ALL.into_iter().all(|status| SPAN_STATUSES.contains(&status.name())));
    }
}
