//! What is compared of runs, line by line; how it looks is for whoever shows it.

use model::{
    page::ComparedRun,
    run::{Run, RunStatus, tag},
};
use std::collections::BTreeMap;

/// A line of the table: a name and what each run has for it.
pub struct Line {
    /// The name.
    pub key: String,
    /// In the order of the runs.
    pub values: Vec<Value>,
}

/// What a run has for something.
#[derive(Clone)]
pub enum Value {
    /// Nothing.
    Missing,
    /// A text.
    Text(String),
    /// A number.
    Number(f64),
    /// A commit of the code.
    Commit {
        /// Its hash.
        id: String,
        /// Where the code's repository is, as a client wrote it.
        repository: String,
    },
    /// Where it stands.
    Status(RunStatus),
    /// When it started, in milliseconds.
    Started(i64),
    /// How long it took, or takes until now.
    Took {
        /// When it started, in milliseconds.
        start: i64,
        /// When it ended, if it did.
        end: Option<i64>,
        /// Whether it goes on.
        running: bool,
    },
}

impl Value {
    /// What it is compared by. NaN is like NaN.
    pub fn text(&self) -> String {
        match self {
            Value::Missing => String::new(),
            Value::Text(text) | Value::Commit { id: text, .. } => text.clone(),
            Value::Number(value) => value.to_string(),
            Value::Status(status) => status.to_string(),
            Value::Started(at) => at.to_string(),
            Value::Took { start, end, .. } => {
                end.map_or_else(String::new, |end| end.saturating_sub(*start).to_string())
            }
        }
    }
}

impl Value {
    /// Whether it is the same for whoever compares. NaN is like NaN.
    pub fn is_like(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Number(one), Value::Number(other)) => one == other || one.is_nan() && other.is_nan(),
            (Value::Text(one), Value::Text(other)) => one == other,
            _ => self.text() == other.text(),
        }
    }
}

impl Line {
    /// Whether the runs disagree. When a run started always differs, so it says nothing.
    pub fn differs(&self) -> bool {
        let compared = !matches!(self.values.first(), Some(Value::Started(_) | Value::Took { .. }));
        compared && self.values.windows(2).any(|pair| !pair[0].is_like(&pair[1]))
    }
}

fn attributes(runs: &[ComparedRun]) -> Vec<Line> {
    let line = |key: &str, value: &dyn Fn(&ComparedRun) -> Value| Line {
        key: key.to_owned(),
        values: runs.iter().map(value).collect(),
    };
    vec![
        line("Status", &|run| Value::Status(run.run.info.status)),
        line("Started", &|run| Value::Started(run.run.info.start_time)),
        line("Duration", &|run| Value::Took {
            start: run.run.info.start_time,
            end: run.run.info.end_time,
            running: run.run.info.status == RunStatus::Running,
        }),
        line("User", &|run| match run.run.info.user.as_str() {
            "" => Value::Missing,
            user => Value::Text(user.to_owned()),
        }),
        line("Experiment", &|run| Value::Text(run.experiment_name.clone())),
        line("Source", &|run| {
            run.run.tag(tag::SOURCE_NAME).map_or(Value::Missing, |value| Value::Text(value.to_owned()))
        }),
        line("Commit", &|run| match run.run.tag(tag::GIT_COMMIT) {
            Some(id) => Value::Commit {
                id: id.to_owned(),
                repository: run.run.tag(tag::GIT_REPO).unwrap_or_default().to_owned(),
            },
            None => Value::Missing,
        }),
    ]
}

/// A line for each key that one of the columns has.
pub fn keyed<'a, T, I>(columns: &'a [T], pairs: impl Fn(&'a T) -> I) -> Vec<Line>
where
    I: Iterator<Item = (&'a str, Value)>,
{
    let mut lines: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for (place, column) in columns.iter().enumerate() {
        for (key, value) in pairs(column) {
            let values = lines.entry(key).or_insert_with(|| vec![Value::Missing; columns.len()]);
            values[place] = value;
        }
    }
    lines.into_iter().map(|(key, values)| Line { key: key.to_owned(), values }).collect()
}

/// Params of a run, to be compared.
pub fn params(run: &Run) -> impl Iterator<Item = (&str, Value)> {
    run.params.iter().map(|pair| (pair.key.as_str(), Value::Text(pair.value.clone())))
}

/// The last values of a run's metrics, to be compared.
pub fn last_values(run: &Run) -> impl Iterator<Item = (&str, Value)> {
    run.metrics.iter().map(|metric| (metric.key.as_str(), Value::Number(metric.last.value)))
}

/// All that is known of runs, by kind, what nobody has left out.
pub fn groups(runs: &[ComparedRun]) -> [(&'static str, Vec<Line>); 4] {
    let tags = keyed(runs, |run| {
        let own = run.run.tags.iter().filter(|tag| !tag.key.starts_with("mlflow."));
        own.map(|tag| (tag.key.as_str(), Value::Text(tag.value.clone())))
    });
    [
        ("Run", attributes(runs)),
        ("Params", keyed(runs, |run| params(&run.run))),
        ("Metrics, last value", keyed(runs, |run| last_values(&run.run))),
        ("Tags", tags),
    ]
}

/// How far a number is from the first run's, in percent; where that says something.
pub fn change(base: &Value, value: &Value) -> Option<String> {
    let (Value::Number(base), Value::Number(value)) = (base, value) else { return None };
    let percent = (value - base) / base.abs() * 100.0;
    match percent.abs() {
        0.0 => None,
        ..0.05 => Some(format!("{}0.1 %", if percent < 0.0 { "> −" } else { "< +" })),
        ..10.0 => Some(format!("{percent:+.1} %").replace('-', "−")),
        ..1000.0 => Some(format!("{percent:+.0} %").replace('-', "−")),
        // Ten times as much and more, or not finite: the number speaks for itself.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_in_percent_where_that_says_something() {
        let check = |base: f64, value: f64, text: Option<&str>| {
            assert_eq!(
                change(&Value::Number(base), &Value::Number(value)).as_deref(),
                text,
                "{base} to {value}"
            );
        };
        check(2.0, 3.0, Some("+50 %"));
        check(2.0, 1.9, Some("−5.0 %"));
        check(-2.0, -1.0, Some("+50 %"));
        check(1.0, 1.000_01, Some("< +0.1 %"));
        check(1.0, 0.999_99, Some("> −0.1 %"));
        check(1.0, 1.0, None);
        check(0.0, 1.0, None);
        check(0.0, 0.0, None);
        check(1.0, f64::NAN, None);
        check(f64::NAN, 1.0, None);
        check(1.0, 100.0, None);
    }
}
