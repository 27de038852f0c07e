//! Conditions that are put in and taken out with a click: some text of a run is just this.

use serde::{Deserialize, Serialize};

use super::{Filter, FilterError, Key, KeyTest, RunCondition, RunText, Text, TextTest, parse};

/// A text of runs of which the values that there are can be found.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RunField {
    /// The param of this key.
    Param(String),
    /// The tag of this key.
    Tag(String),
    /// The run's name.
    Name,
    /// Who started it.
    User,
    /// Where it stands.
    Status,
}

impl RunField {
    /// The condition that it is this text; `None` for what the language can't say.
    pub fn is(&self, text: &str) -> Option<RunCondition> {
        let test = TextTest::Eq(Text::new(text)?);
        Some(match self {
            Self::Param(key) => {
                RunCondition::Param { key: Key::new(key.as_str())?, test: KeyTest::Text(test) }
            }
            Self::Tag(key) => RunCondition::Tag { key: Key::new(key.as_str())?, test: KeyTest::Text(test) },
            Self::Name => RunCondition::Text(RunText::Name, test),
            Self::User => RunCondition::Text(RunText::UserId, test),
            Self::Status => RunCondition::Text(RunText::Status, test),
        })
    }
}

/// The filter without this condition if it has it, else with it: in the place of one that says that the same thing is
/// another text, since nothing is both. What else is written stays as it is.
///
/// # Errors
/// The first mistake of the filter, which is then left alone.
pub fn toggle_condition(filter: &str, condition: &RunCondition) -> Result<String, FilterError> {
    let text = filter.trim();
    let filter = parse::<RunCondition>(text)?;
    if filter.conditions().any(|other| other == condition) {
        return Ok(without(text, &filter, |other| other == condition));
    }
    let mut kept = without(text, &filter, |other| rules_out(other, condition));
    if !kept.is_empty() {
        kept.push_str(" AND ");
    }
    kept.push_str(&condition.to_string());
    Ok(kept)
}

/// The text of a filter without some of its clauses.
fn without(text: &str, filter: &Filter<RunCondition>, goes: impl Fn(&RunCondition) -> bool) -> String {
    let mut kept = String::new();
    // Where the clause before ended, if it stays.
    let mut end = None;
    for clause in &filter.clauses {
        if goes(&clause.condition) {
            end = None;
            continue;
        }
        match end {
            Some(end) => kept.push_str(&text[end..clause.span.start]),
            None if kept.is_empty() => {}
            None => kept.push_str(" AND "),
        }
        kept.push_str(&text[clause.span.clone()]);
        end = Some(clause.span.end);
    }
    kept
}

/// Whether both say of the same thing that it equals some text.
fn rules_out(one: &RunCondition, other: &RunCondition) -> bool {
    let is = |test: &KeyTest| matches!(test, KeyTest::Text(TextTest::Eq(_)));
    match (one, other) {
        (RunCondition::Param { key, test }, RunCondition::Param { key: other, test: with })
        | (RunCondition::Tag { key, test }, RunCondition::Tag { key: other, test: with }) => {
            key == other && is(test) && is(with)
        }
        (RunCondition::Text(text, TextTest::Eq(_)), RunCondition::Text(other, TextTest::Eq(_))) => {
            text == other
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Toggles `params.lr = '0.1'`.
    fn check(filter: &str, expected: &str) {
        let condition = RunField::Param("lr".to_owned()).is("0.1").unwrap();
        assert_eq!(toggle_condition(filter, &condition).as_deref(), Ok(expected), "{filter}");
    }

    #[test]
    fn a_condition_is_put_in_and_taken_out() {
        check("", "params.lr = '0.1'");
        check("  ", "params.lr = '0.1'");
        check("params.lr = '0.1'", "");
        check(" parameter.`lr`=\"0.1\" ", "");
        check("metrics.loss<.5", "metrics.loss<.5 AND params.lr = '0.1'");
        check("metrics.loss<.5 and", "metrics.loss<.5 AND params.lr = '0.1'");
        check("params.lr = '0.1' AND tags.a = 'x'", "tags.a = 'x'");
        check("tags.a = 'x'  and  params.lr = '0.1'", "tags.a = 'x'");
        check(
            "tags.a='x' and params.lr = '0.1' AND tags.b  = 'y' and tags.c='z'",
            "tags.a='x' AND tags.b  = 'y' and tags.c='z'",
        );
        check("params.lr = '0.1' AND tags.a = 'x' AND params.lr = '0.1'", "tags.a = 'x'");
    }

    #[test]
    fn another_value_takes_its_place() {
        check("params.lr = '1' AND tags.lr = '1'", "tags.lr = '1' AND params.lr = '0.1'");
        check(
            "params.lr != '1' AND params.lr LIKE '0%'",
            "params.lr != '1' AND params.lr LIKE '0%' AND params.lr = '0.1'",
        );
    }

    #[test]
    fn what_is_odd_is_quoted() {
        let check = |field: RunField, text: &str, expected: Option<&str>| {
            let condition = field.is(text).map(|condition| toggle_condition("", &condition).unwrap());
            assert_eq!(condition.as_deref(), expected);
        };
        check(RunField::Param("a b".to_owned()), "it's", Some("params.`a b` = \"it's\""));
        check(RunField::Tag("mlflow.user".to_owned()), "", Some("tags.mlflow.user = ''"));
        check(RunField::Status, "FAILED", Some("status = 'FAILED'"));
        check(RunField::User, "ada", Some("user_id = 'ada'"));
        check(RunField::Name, "it's \"it\"", None);
        check(RunField::Tag(String::new()), "x", None);
    }

    #[test]
    fn a_filter_with_a_mistake_is_left_alone() {
        let condition = RunField::Status.is("FAILED").unwrap();
        assert_eq!(toggle_condition("metrics.loss <", &condition).unwrap_err().span, 0..14);
    }
}
