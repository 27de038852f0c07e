//! How much is taken of what clients tell of a trace, and of what it is.

use crate::{
    error::{Error, Result},
    store::{self, Tx},
};
use model::{
    Millis, TraceId,
    name::{self, limit},
    run::Tag,
    trace::key,
};
use serde_json::Value;

/// Tags of a trace, and as many pairs of metadata.
pub(super) const MOST_TAGS: usize = 1_000;
/// Times that clients can read: protobuf's years 1 to 9999. Of others they are taken for the nearest.
const TIMES: (Millis, Millis) = (-62_135_596_800_000, 253_402_300_799_999);
/// The longest time that a trace may take, in milliseconds: protobuf's.
const LONGEST: i64 = 315_576_000_000_000;
/// What is counted of tokens, and what of costs.
const COUNTS: [&str; 6] = [
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_creation_input_tokens_above_1hr",
];
const COSTS: [&str; 3] = ["input_cost", "output_cost", "total_cost"];

/// Without the tags that say what the server knows: clients send back what they were answered.
pub(super) fn own_out(mut tags: Vec<Tag>) -> Vec<Tag> {
    tags.retain(|tag| !key::SERVERS_OWN.contains(&tag.key.as_str()));
    tags
}

/// Tags or metadata as they are stored: values are cut to their limit.
pub(super) fn checked_pairs(mut pairs: Vec<Tag>, what: &str) -> Result<Vec<Tag>> {
    if pairs.len() > MOST_TAGS {
        return Err(Error::invalid(format!(
            "A trace takes at most {MOST_TAGS} pairs of '{what}'. Got {}.",
            pairs.len()
        )));
    }
    for pair in &mut pairs {
        if pair.key.is_empty() {
            return Err(name::missing(&format!("{what}.key")).into());
        }
        name::check_length(&pair.key, limit::KEY, what)?;
        pair.value.truncate(name::cut(&pair.value, limit::RUN_TAG_VALUE).len());
    }
    Ok(pairs)
}

/// With what was counted of tokens and costs as numbers alone, as MLflow keeps it: what is none is left out.
pub(super) fn counted(metadata: Vec<Tag>) -> Vec<Tag> {
    metadata
        .into_iter()
        .filter_map(|pair| {
            let value = match pair.key.as_str() {
                key::TOKEN_USAGE => figures(&pair.value, &COUNTS, |told| whole(told).map(Value::from))?,
                key::COST => figures(&pair.value, &COSTS, |told| real(told).map(Value::from))?,
                _ => return Some(pair),
            };
            Some(Tag { value, ..pair })
        })
        .collect()
}

/// Those of the names that have a number, written as Python writes JSON; `None` if none has.
fn figures(text: &str, names: &[&str], number: impl Fn(&Value) -> Option<Value>) -> Option<String> {
    let told: Value = serde_json::from_str(text).ok()?;
    let figures: Vec<String> =
        names.iter().filter_map(|name| Some(format!("\"{name}\": {}", number(told.get(name)?)?))).collect();
    (!figures.is_empty()).then(|| format!("{{{}}}", figures.join(", ")))
}

fn whole(told: &Value) -> Option<i64> {
    // From 2^63 on they don't fit.
    let exact = |number: f64| (number.fract() == 0.0 && number.abs() < 9.2e18).then_some(number as i64);
    told.as_i64().or_else(|| told.as_str()?.trim().parse().ok()).or_else(|| real(told).and_then(exact))
}

fn real(told: &Value) -> Option<f64> {
    told.as_f64().or_else(|| told.as_str()?.trim().parse().ok()).filter(|number| number.is_finite())
}

/// The time, or the nearest that clients can read.
pub(super) fn in_time(at: Millis) -> Millis {
    at.clamp(TIMES.0, TIMES.1)
}

/// The duration, or the nearest that clients can read.
pub(super) fn in_duration(duration: i64) -> i64 {
    duration.clamp(-LONGEST, LONGEST)
}

/// Whether a trace, which had so many tags and pairs of metadata, has not too many now. Those of one that is full may be changed.
pub(super) async fn check_room(tx: &mut Tx, id: TraceId, before: (i64, i64)) -> Result<()> {
    let now = store::trace::count_pairs(tx, id).await?;
    for (before, now, what) in [(before.0, now.0, "tags"), (before.1, now.1, "pairs of metadata")] {
        if now > before && now > MOST_TAGS as i64 {
            return Err(Error::invalid(format!("A trace takes at most {MOST_TAGS} {what}.")));
        }
    }
    Ok(())
}

/// What is shown of a request or a response.
pub(super) fn preview(text: &str) -> String {
    name::cut(text, limit::TRACE_PREVIEW).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_numbers_under_the_names_that_mlflow_knows() {
        let check = |key: &str, told: &str, kept: Option<&str>| {
            let pair = |value: &str| Tag { key: key.to_owned(), value: value.to_owned() };
            let expected: Vec<Tag> = kept.map(pair).into_iter().collect();
            assert_eq!(counted(vec![pair(told)]), expected, "{told}");
        };
        let usage = r#"{"input_tokens": 3, "output_tokens": 4}"#;
        check(key::TOKEN_USAGE, usage, Some(usage));
        check(
            key::TOKEN_USAGE,
            r#"{"total_tokens":"7","words":9,"input_tokens":3.0,"output_tokens":1.5}"#,
            Some(r#"{"input_tokens": 3, "total_tokens": 7}"#),
        );
        for none in ["", "alice", "1.0", "null", "{}", "[1]", r#"{"input_tokens": true}"#, r#"{"words": 9}"#]
        {
            check(key::TOKEN_USAGE, none, None);
            check(key::COST, none, None);
        }
        check(key::TOKEN_USAGE, r#"{"input_tokens": 9223372036854775808}"#, None);
        check(
            key::COST,
            r#"{"total_cost": "0.5", "input_cost": 1, "output_cost": "NaN"}"#,
            Some(r#"{"input_cost": 1.0, "total_cost": 0.5}"#),
        );
        check("k", "alice", Some("alice"));
    }
}
