//! Completion by example: `|` is the cursor.

use super::*;
use crate::filter::run::ATTRIBUTES;

fn cut(text: &str) -> (String, usize) {
    let cursor = text.find('|').unwrap();
    (text.replacen('|', "", 1), cursor)
}

/// What is expected at the cursor, and the part of the text that a choice replaces.
#[track_caller]
fn check(text: &str, expected: Expected, replaced: &str) {
    let (text, cursor) = cut(text);
    let completion = RUN_LANGUAGE.complete(&text, cursor);
    assert_eq!((&completion.expected, &text[completion.span.clone()]), (&expected, replaced), "{text}");
}

/// What is typed so far.
#[track_caller]
fn check_part(text: &str, part: &str) {
    let (text, cursor) = cut(text);
    assert_eq!(RUN_LANGUAGE.complete(&text, cursor).part, part, "{text}");
}

/// The words to choose from.
#[track_caller]
fn check_words(text: &str, words: &[&str]) {
    let (text, cursor) = cut(text);
    assert_eq!(RUN_LANGUAGE.complete(&text, cursor).words(), words, "{text}");
}

/// The text once something was chosen.
#[track_caller]
fn check_chosen(text: &str, choice: &str, expected: &str) {
    let (text, cursor) = cut(text);
    let (mut chosen, at) = RUN_LANGUAGE.complete(&text, cursor).accept(&text, choice).unwrap();
    chosen.insert(at, '|');
    assert_eq!(chosen, expected);
}

fn keys(kind: KeyKind) -> Expected {
    Expected::Key(KeysOf::Run(kind))
}

fn param(key: &str) -> Subject {
    Subject::Field(FieldOf::Run(RunField::Param(key.to_owned())))
}

fn status() -> Subject {
    Subject::Field(FieldOf::Run(RunField::Status))
}

fn value(subject: Subject) -> Expected {
    Expected::Value(subject, Place::Alone)
}

#[test]
fn a_condition_starts_with_a_name() {
    check("|", Expected::Name, "");
    check("  |", Expected::Name, "");
    check("par|", Expected::Name, "par");
    check("metrics.a > 1 AND |", Expected::Name, "");
    check("metrics.a > 1 AND sta|", Expected::Name, "sta");
    check("tags.a = 'x' tag|", Expected::Name, "tag");
    check("pa|rams.lr = '1'", Expected::Name, "params.");
    check("sta|tus = 'FAILED'", Expected::Name, "status");
    check("|params.lr = '1'", Expected::Name, "");
    check_words("m|", &["metrics.", "min_metrics.", "max_metrics."]);
    check_words("METRICS|", &["metrics."]);
    check_words("nothing|", &[]);
}

#[test]
fn a_key_follows_its_table() {
    check("params.|", keys(KeyKind::Param), "");
    check("params.l|", keys(KeyKind::Param), "l");
    check("metric.val/l|", keys(KeyKind::Metric), "val/l");
    check("max_metrics.l|", keys(KeyKind::Metric), "l");
    check("metrics.a > 1 AND tag.mlflow.u|", keys(KeyKind::Tag), "mlflow.u");
    check("params.l|r = '1'", keys(KeyKind::Param), "lr");
    check("params.|lr = '1'", keys(KeyKind::Param), "lr");
    check("params.`val l|", keys(KeyKind::Param), "`val l");
    check("params.\"val l|oss\" = '1'", keys(KeyKind::Param), "\"val loss\"");
    check("params.`val loss`|", keys(KeyKind::Param), "`val loss`");
    check("params.`val| AND tags.a = 'x'", keys(KeyKind::Param), "`val");
    check("attributes.st|", Expected::Word(&ATTRIBUTES), "st");
    check("dataset.|", Expected::Word(&["name", "digest", "context"]), "");
    check("foo.|", Expected::Nothing, "");
    check_part("params.`val l|", "val l");
    check_part("params.`val loss`|", "val loss");
    check_words("datasets.|", &["name", "digest", "context"]);
    check_words("attributes.start|", &["start_time"]);
}

#[test]
fn an_operator_fits_its_field() {
    check("params.lr |", Expected::Operator(param("lr")), "");
    check("params.lr LI|", Expected::Operator(param("lr")), "LI");
    check("params.lr is  no|", Expected::Operator(param("lr")), "is  no");
    check("params.lr |= '1'", Expected::Operator(param("lr")), "=");
    check("metrics.loss <|", Expected::Operator(Subject::Number), "<");
    check("metrics.loss <|= 1", Expected::Operator(Subject::Number), "<=");
    check("metrics.loss=|", value(Subject::Number), "");
    check("foo |", Expected::Nothing, "");
    check("params.lr IS 'x' |", Expected::Nothing, "");
    check_part("params.lr is  no|", "is no");
    check_words("params.lr i|", &["ILIKE", "IS NULL", "IS NOT NULL"]);
    check_words("params.lr is |", &["IS NULL", "IS NOT NULL"]);
    check_words("params.lr is not |", &["IS NOT NULL"]);
    check_words("run_id no|", &["NOT IN"]);
    check_words("metrics.loss <|", &["<", "<="]);
    check_words("status |", &["=", "!=", "LIKE", "ILIKE"]);
}

#[test]
fn a_value_fits_its_operator() {
    check("status = |", value(status()), "");
    check("status = F|", value(status()), "F");
    check("status = 'F|", value(status()), "'F");
    check("status = 'F|AILED'", value(status()), "'FAILED'");
    check("status = |'FAILED'", value(status()), "'FAILED'");
    check("status = 'F| AND tags.a = 'x'", value(status()), "'F");
    check("params.lr LIKE \"0|", value(param("lr")), "\"0");
    check("params.lr = 0.|", value(param("lr")), "0.");
    check("params.`a b` != |", value(param("a b")), "");
    check("metrics.loss < 0|", value(Subject::Number), "0");
    check("created > |", value(Subject::Number), "");
    check("run_id IN |", Expected::Value(Subject::Text(&LIST_OPS), Place::FirstOfList), "");
    check("run_id IN (|", Expected::Value(Subject::Text(&LIST_OPS), Place::InList), "");
    check("run_id NOT IN ('a', 'b|", Expected::Value(Subject::Text(&LIST_OPS), Place::InList), "'b");
    check("run_id IN ('a' |", Expected::Nothing, "");
    check_part("status = 'F|AILED'", "F");
    check_part("params.a = 'a b|", "a b");
}

#[test]
fn a_condition_is_followed_by_another() {
    check("status = 'FAILED'|", Expected::And, "");
    check("status = 'FAILED' |", Expected::And, "");
    check("status = 'FAILED' an|", Expected::And, "an");
    check("status = 'FAILED' AND|", Expected::And, "AND");
    check("metrics.loss < 1 |", Expected::And, "");
    check("params.lr IS NULL |", Expected::And, "");
    check("run_id IN ('a')|", Expected::And, "");
    check("metrics.loss < 1 OR |", Expected::Nothing, "");
    check("metrics.loss < 1; |", Expected::Nothing, "");
}

#[test]
fn what_is_chosen_is_quoted_where_it_must_be() {
    check_chosen("|", "params.", "params.|");
    check_chosen("sta|", "status", "status |");
    check_chosen("lo|", "metrics.`val/loss`", "metrics.`val/loss` |");
    check_chosen("pa|rams.lr = '1'", "tags.", "tags.|lr = '1'");
    check_chosen("params.l|", "lr", "params.lr |");
    check_chosen("params.l|", "learning rate", "params.`learning rate` |");
    check_chosen("params.l|", "opt/lr", "params.`opt/lr` |");
    check_chosen("params.l|", "opt.lr", "params.opt.lr |");
    check_chosen("params.\"l|", "lr", "params.lr |");
    check_chosen("params.l| = '1'", "lr", "params.lr |= '1'");
    check_chosen("params.lr|= '1'", "lr", "params.lr |= '1'");
    check_chosen("metrics.loss<|", "<=", "metrics.loss <= |");
    check_chosen("params.lr is n|", "IS NOT NULL", "params.lr IS NOT NULL |");
    check_chosen("status =|", "FAILED", "status = 'FAILED'|");
    check_chosen("status = 'F|AILED' AND ", "KILLED", "status = 'KILLED'| AND ");
    check_chosen("params.a = |", "it's", "params.a = \"it's\"|");
    check_chosen("run_id IN |", "a", "run_id IN ('a')|");
    check_chosen("run_id IN ('a',|", "b", "run_id IN ('a','b')|");
    check_chosen("run_id IN ('a', |)", "b", "run_id IN ('a', 'b'|)");
    check_chosen("status = 'FAILED'|", "AND", "status = 'FAILED' AND |");
    check_chosen("status = 'FAILED' a|", "AND", "status = 'FAILED' AND |");
}

#[test]
fn what_the_language_cannot_say_is_not_chosen() {
    let choose = |text: &str, choice: &str| RUN_LANGUAGE.complete(text, text.len()).accept(text, choice);
    assert_eq!(choose("params.a = ", "it's \"it\""), None);
    assert_eq!(choose("params.", ""), None);
    assert_eq!(choose("foo.", "x"), None);
}
