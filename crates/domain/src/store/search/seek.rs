//! Conditions that an index answers: which runs meet them can be read without looking at any other.

use crate::store::Sql;
use model::{
    ExperimentId, RunId,
    experiment::Lifecycle,
    filter::{
        DatasetField, Key, KeyTest, ListTest, MetricFigure, NumberOp, RunCondition, RunText, RunTime, Text,
        TextTest,
    },
};

/// How much of a text an index holds, in characters; as the migrations say.
pub(super) const INDEXED: usize = 64;

/// The way to the runs that meet a condition, or at least to all that could.
pub(super) struct Seek<'a> {
    /// The condition's number, if the way leads to no others; a number that no condition has if it does.
    pub condition: usize,
    experiment: ExperimentId,
    lifecycle: Lifecycle,
    by: By<'a>,
}

enum By<'a> {
    /// A metric compared with a number, or only there.
    Metric(&'a Key, Option<(NumberOp, f64)>),
    Text(&'static str, &'a Key, Option<TextIs<'a>>),
    Ids(Vec<RunId>),
    Start(NumberOp, i64),
    /// The start of a text of the run, the whole of it, and what it must be.
    Attribute(&'static str, &'static str, TextIs<'a>),
    Dataset(&'static str, &'a str),
}

#[derive(Clone, Copy)]
enum TextIs<'a> {
    Equal(&'a str),
    StartsWith(&'a str),
}

impl<'a> TextIs<'a> {
    fn of(test: &'a TextTest) -> Option<Self> {
        match test {
            TextTest::Eq(text) => Some(Self::Equal(text.as_str())),
            TextTest::Like(pattern) => {
                let start = pattern.as_str().split(['%', '_']).next().unwrap_or_default();
                (!start.is_empty()).then_some(Self::StartsWith(start))
            }
            TextTest::Ne(_) | TextTest::Ilike(_) => None,
        }
    }

    /// A condition on the start of a text, as the index holds it, and on the whole text where that says more.
    fn push(self, select: &mut Sql, start: &'static str, whole: &'static str) {
        select.push(" AND ").push(start);
        match self {
            Self::Equal(text) => {
                select.push(" = ").push_bind(indexed(text));
                if !is_indexed_whole(text) {
                    select.push(" AND ").push(whole).push(" = ").push_bind(text);
                }
            }
            Self::StartsWith(text) => push_start_range(select, start, text),
        }
    }
}

/// The condition that a text starts with another one, as far as the index goes that holds the start of texts in this column.
pub(in crate::store) fn push_starts_with(select: &mut Sql, start: &'static str, text: &str) {
    select.push(start);
    push_start_range(select, start, text);
}

/// The rest of that condition, behind the column.
fn push_start_range(select: &mut Sql, start: &'static str, text: &str) {
    let text = indexed(text);
    select.push(" >= ").push_bind(text);
    if let Some(end) = behind(text) {
        select.push(" AND ").push(start).push(" < ").push_bind(end);
    }
}

/// As much of a text as an index holds.
pub(super) fn indexed(text: &str) -> &str {
    text.char_indices().nth(INDEXED).map_or(text, |(end, _)| &text[..end])
}

/// Whether an index holds the whole of a text.
pub(in crate::store) fn is_indexed_whole(text: &str) -> bool {
    text.chars().count() < INDEXED
}

/// The first text behind all that start with this one; `None` if there is none.
fn behind(text: &str) -> Option<String> {
    let mut start = text.to_owned();
    while let Some(last) = start.pop() {
        // The characters behind D7FF and E000 lie next to each other: what is between them is no character.
        let next = if last == '\u{D7FF}' { Some('\u{E000}') } else { char::from_u32(last as u32 + 1) };
        if let Some(next) = next {
            start.push(next);
            return Some(start);
        }
    }
    None
}

impl<'a> Seek<'a> {
    /// The way to the runs that meet this condition, if an index leads there.
    pub fn of(
        index: usize,
        condition: &'a RunCondition,
        experiment: ExperimentId,
        lifecycle: Lifecycle,
    ) -> Option<Self> {
        let text = |table, key, test: &'a KeyTest| match test {
            KeyTest::IsNull => None,
            KeyTest::IsNotNull => Some((By::Text(table, key, None), true)),
            KeyTest::Text(test) => {
                let is = TextIs::of(test);
                Some((By::Text(table, key, is), matches!(is, Some(TextIs::Equal(_)))))
            }
        };
        let ids = |texts: &[Text]| texts.iter().filter_map(|text| text.as_str().parse().ok()).collect();
        let (by, is_exact) = match condition {
            RunCondition::Metric { figure: MetricFigure::Last, key, op, value } if *op != NumberOp::Ne => {
                (By::Metric(key, Some((*op, *value))), true)
            }
            RunCondition::Metric { key, .. } => (By::Metric(key, None), false),
            RunCondition::Param { key, test } => text("params", key, test)?,
            RunCondition::Tag { key, test } => text("tags", key, test)?,
            RunCondition::Id(ListTest::Text(TextTest::Eq(text))) => {
                (By::Ids(ids(std::slice::from_ref(text))), true)
            }
            RunCondition::Id(ListTest::In(texts)) => (By::Ids(ids(texts.as_slice())), true),
            RunCondition::Time(RunTime::Start, op, millis) if *op != NumberOp::Ne => {
                (By::Start(*op, *millis), true)
            }
            RunCondition::Text(text, test) => {
                let is = TextIs::of(test)?;
                let (start, whole) = match text {
                    RunText::Name => ("substr(c.name, 1, 64)", "c.name"),
                    RunText::UserId => ("substr(c.user_name, 1, 64)", "c.user_name"),
                    RunText::Status => ("c.status", "c.status"),
                    RunText::ArtifactUri => return None,
                };
                (By::Attribute(start, whole, is), matches!(is, TextIs::Equal(_)))
            }
            RunCondition::Dataset(field, ListTest::Text(TextTest::Eq(text))) => match field {
                DatasetField::Name => (By::Dataset("d.name = ", text.as_str()), true),
                DatasetField::Digest => (By::Dataset("d.digest = ", text.as_str()), true),
                DatasetField::Context => return None,
            },
            _ => return None,
        };
        let condition = if is_exact { index } else { usize::MAX };
        Some(Self { condition, experiment, lifecycle, by })
    }

    /// The column with their ids in the SELECT of [`Seek::push`].
    pub fn id(&self) -> &'static str {
        match self.by {
            By::Metric(..) | By::Text(..) | By::Dataset(..) => "c.run_id",
            By::Ids(_) | By::Start(..) | By::Attribute(..) => "c.id",
        }
    }

    /// A SELECT of their ids, in a column `id`, each once. More conditions, or a LIMIT, can follow.
    pub fn push(&self, select: &mut Sql) {
        match &self.by {
            By::Metric(key, test) => {
                select
                    .push("SELECT c.run_id AS id FROM metrics c WHERE c.experiment_id = ")
                    .push_bind(self.experiment);
                select.push(" AND c.key = ").push_bind(key.as_str());
                if let Some((op, value)) = test {
                    select.push(" AND c.last_is_nan = FALSE AND c.last_value ").push(op.as_str()).push(" ");
                    select.push_bind(*value);
                }
            }
            By::Text(table, key, is) => {
                select.push("SELECT c.run_id AS id FROM ").push(table).push(" c WHERE c.experiment_id = ");
                select.push_bind(self.experiment).push(" AND c.key = ").push_bind(key.as_str());
                if let Some(is) = is {
                    is.push(select, "substr(c.value, 1, 64)", "c.value");
                }
            }
            By::Ids(ids) => {
                select.push("SELECT c.id FROM runs c WHERE c.id IN ").push_list(ids.iter().copied());
            }
            By::Start(op, millis) => {
                self.push_runs(select);
                select.push(" AND c.start_time ").push(op.as_str()).push(" ").push_bind(*millis);
            }
            By::Attribute(start, whole, is) => {
                self.push_runs(select);
                is.push(select, start, whole);
            }
            By::Dataset(column, text) => {
                select.push(
                    "SELECT DISTINCT c.run_id AS id FROM datasets d JOIN run_datasets c ON c.dataset_id = d.id
                     WHERE d.experiment_id = ",
                );
                select.push_bind(self.experiment).push(" AND ").push(column).push_bind(*text);
            }
        }
    }

    fn push_runs(&self, select: &mut Sql) {
        select.push("SELECT c.id FROM runs c WHERE c.experiment_id = ").push_bind(self.experiment);
        select.push(match self.lifecycle {
            Lifecycle::Active => " AND c.lifecycle = 'active'",
            Lifecycle::Deleted => " AND c.lifecycle = 'deleted'",
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_starts_with_a_text_lies_before_the_text_behind_it() {
        let check = |text, expected: Option<&str>| assert_eq!(behind(text).as_deref(), expected, "{text:?}");
        check("a", Some("b"));
        check("v3", Some("v4"));
        check("\u{D7FF}", Some("\u{E000}"));
        check("a\u{10FFFF}", Some("b"));
        check("\u{10FFFF}", None);
    }
}
