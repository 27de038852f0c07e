//! Keys and values that traces have. Of a hundred thousand traces reading all takes longer than anybody waits, so a bounded part
//! of them is looked at: the newest, which an index finds.

use crate::{
    error::Result,
    gate::{ExperimentGrant, Read, RunGrant, VisibleTo},
    store::{
        Db, Query, Sql,
        permission::push_visible_experiment,
        search::{push_begins, push_contains},
        sql,
    },
    trace::text::read_attributes,
};
use model::{
    filter::{TraceField, TraceKeys},
    trace::key,
};
use std::collections::BTreeSet;

/// Traces that are looked at.
const TRACES: i64 = 1_000;
/// Rows of theirs that are looked at: one trace may have ten thousand steps.
const ROWS: i64 = 10_000;
/// Characters of what is offered.
const LONGEST: i64 = 100;
/// Steps of which the attributes are read.
const STEPS: i64 = 200;
/// Bytes of a step of which the attributes are read.
const STEP_BYTES: i64 = 20_000;

/// Whose traces.
pub(crate) enum Among {
    /// The newest of an experiment.
    Experiment(ExperimentGrant<Read>),
    /// Of those that are linked to a run, such as this caller may see. They are in the order of their ids, which tells nothing of
    /// their times.
    Run(RunGrant<Read>, VisibleTo),
}

impl Among {
    /// The start of a statement, in which `newest n` are the traces that are looked at.
    fn newest(&self) -> Sql {
        let mut select = sql("WITH newest AS MATERIALIZED (SELECT t.id FROM ");
        match self {
            Among::Experiment(grant) => {
                select.push("traces t WHERE t.experiment_id = ").push_bind(grant.id());
                select.push(" ORDER BY t.request_time DESC, t.id LIMIT ").push_bind(TRACES);
            }
            Among::Run(grant, visible) => {
                select.push("(SELECT l.trace_id FROM trace_runs l WHERE l.run_id = ").push_bind(grant.id());
                select.push(" ORDER BY l.trace_id LIMIT ").push_bind(TRACES);
                select.push(") y CROSS JOIN traces t WHERE t.id = y.trace_id AND ");
                push_visible_experiment(&mut select, visible, "t.experiment_id");
            }
        }
        select.push(") ");
        select
    }
}

/// What is looked through: a table as `x`, what of it, and which of its rows.
struct Rows<'a> {
    table: &'static str,
    word: &'static str,
    narrow: &'static str,
    /// What `narrow` ends with.
    key: Option<&'a str>,
}

/// No index knows the kind, so what is looked at is bounded before it is asked for.
const ASSESSMENTS: &str = "(SELECT q.trace_id, q.name, q.value, q.valid, q.kind
    FROM newest m CROSS JOIN assessments q WHERE q.trace_id = m.id LIMIT 10000)";
const FEEDBACK: &str = " AND x.valid = TRUE AND x.kind = 'feedback'";
const FEEDBACK_ON: &str = " AND x.valid = TRUE AND x.kind = 'feedback' AND x.name = ";
const EXPECTATION: &str = " AND x.valid = TRUE AND x.kind = 'expectation'";
const EXPECTATION_ON: &str = " AND x.valid = TRUE AND x.kind = 'expectation' AND x.name = ";
const OF_KEY: &str = " AND x.key = ";

/// Keys that contain a text in any case, so many at most: first those that begin with it.
pub(crate) async fn keys(
    db: &Db,
    among: &Among,
    kind: TraceKeys,
    text: &str,
    most: usize,
) -> Result<Vec<String>> {
    let (table, word, narrow) = match kind {
        TraceKeys::Tag => ("trace_tags", "x.key", ""),
        TraceKeys::Metadata => ("trace_metadata", "x.key", ""),
        TraceKeys::Feedback => (ASSESSMENTS, "x.name", FEEDBACK),
        TraceKeys::Expectation => (ASSESSMENTS, "x.name", EXPECTATION),
        TraceKeys::SpanAttribute => return attributes(db, among, text, most).await,
    };
    find(db, among, &Rows { table, word, narrow, key: None }, text, most).await
}

/// Values that contain a text in any case, so many at most: first those that begin with it. Long ones are left out.
pub(crate) async fn values(
    db: &Db,
    among: &Among,
    field: &TraceField,
    text: &str,
    most: usize,
) -> Result<Vec<String>> {
    let (table, word, narrow, key) = match field {
        TraceField::Tag(tag) => ("trace_tags", "x.value", OF_KEY, Some(tag.as_str())),
        TraceField::Name => ("trace_tags", "x.value", OF_KEY, Some(key::NAME)),
        TraceField::Metadata(name) => ("trace_metadata", "x.value", OF_KEY, Some(name.as_str())),
        TraceField::Feedback(name) => (ASSESSMENTS, "x.value", FEEDBACK_ON, Some(name.as_str())),
        TraceField::Expectation(name) => (ASSESSMENTS, "x.value", EXPECTATION_ON, Some(name.as_str())),
        TraceField::SpanName => ("spans", "x.name", "", None),
        TraceField::SpanType => ("spans", "x.type", "", None),
        TraceField::Prompt => ("trace_prompts", "x.name || '/' || x.version", "", None),
    };
    find(db, among, &Rows { table, word, narrow, key }, text, most).await
}

async fn find(mut db: &Db, among: &Among, rows: &Rows<'_>, text: &str, most: usize) -> Result<Vec<String>> {
    let mut select = among.newest();
    select.push("SELECT w.word FROM (SELECT ").push(rows.word).push(" AS word FROM newest n CROSS JOIN ");
    select.push(rows.table).push(" x WHERE x.trace_id = n.id").push(rows.narrow);
    if let Some(key) = rows.key {
        select.push_bind(key);
    }
    select.push(" LIMIT ").push_bind(ROWS).push(") w WHERE LENGTH(w.word) <= ").push_bind(LONGEST);
    if !text.is_empty() {
        select.push(" AND ");
        push_contains(&mut select, "w.word", text);
    }
    select.push(" GROUP BY w.word ORDER BY ");
    if !text.is_empty() {
        select.push("CASE WHEN ");
        push_begins(&mut select, "w.word", text);
        select.push(" THEN 0 ELSE 1 END, ");
    }
    select.push("w.word LIMIT ").push_bind(i64::try_from(most).unwrap_or(i64::MAX));
    let found: Vec<(String,)> = db.all(select).await?;
    Ok(found.into_iter().map(|(word,)| word).collect())
}

/// Keys of what is known of steps. They are within texts, which may be large: few steps are looked at, and no large one.
async fn attributes(mut db: &Db, among: &Among, text: &str, most: usize) -> Result<Vec<String>> {
    let mut select = among.newest();
    select.push("SELECT CASE WHEN x.bytes <= ").push_bind(STEP_BYTES);
    select.push(
        " THEN x.attributes ELSE '' END FROM newest n CROSS JOIN spans x WHERE x.trace_id = n.id LIMIT ",
    );
    select.push_bind(STEPS);
    let texts: Vec<(String,)> = db.all(select).await?;
    let wanted = text.to_lowercase();
    // Those that begin with the text come first.
    let mut found = BTreeSet::new();
    for (text,) in texts {
        for attribute in read_attributes(&text).unwrap_or_default() {
            if let Some(place) = attribute.key.to_lowercase().find(&wanted) {
                found.insert((place > 0, attribute.key));
            }
        }
    }
    Ok(found.into_iter().map(|(_, key)| key).take(most).collect())
}
