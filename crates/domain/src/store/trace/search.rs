//! The search for traces: MLflow's filters and orders as SQL.

use super::{COLUMNS, Row, fill};
use crate::{
    error::Result,
    gate::VisibleTo,
    store::{
        Db, Query, Sql,
        permission::push_visible_experiment,
        search::{push_key_test, push_like, push_list_test, push_text_test},
        sql,
    },
    trace::{Together, text},
};
use model::{
    ExperimentId, Millis, RunId, TraceId,
    filter::{
        AssessmentField, AssessmentTest, Key, ListTest, OrderBy, SpanField, TextTest, TraceCondition,
        TraceFilter, TraceNumber, TraceOrder, TraceText,
    },
    trace::{TraceInfo, key},
};

/// What a search for traces asks.
pub(crate) struct Search<'a> {
    /// Where to look.
    pub experiments: &'a [ExperimentId],
    /// Instead of these: what is linked to this run, wherever it is.
    pub run: Option<RunId>,
    pub filter: &'a TraceFilter,
    /// The most important first. Ties go by the time of the request, newest first, then id.
    pub order: &'a [OrderBy<TraceOrder>],
    pub from: Place,
    /// Traces to read at most.
    pub limit: i64,
}

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Behind so many.
    Offset(i64),
    /// Behind this trace; the order is that of times alone.
    After(Millis, TraceId),
}

/// Traces that the caller may read.
pub(crate) async fn search(mut db: &Db, visible: &VisibleTo, search: &Search<'_>) -> Result<Vec<TraceInfo>> {
    let mut select = sql(COLUMNS);
    match search.run {
        Some(run) => {
            select.push(" WHERE t.id IN (SELECT x.trace_id FROM trace_runs x WHERE x.run_id = ");
            select.push_bind(run).push(") AND ");
        }
        None => {
            select.push(" WHERE t.experiment_id IN ").push_list(search.experiments.iter().copied());
            select.push(" AND ");
        }
    }
    push_visible_experiment(&mut select, visible, "t.experiment_id");
    push_conditions(&mut select, db, search.filter);
    if let Place::After(time, id) = search.from {
        let descending = search.order.first().is_none_or(|order| order.descending);
        let (not_before, behind) = if descending { (" <= ", " < ") } else { (" >= ", " > ") };
        // The index begins there only if a condition of its own says so.
        select.push(" AND t.request_time").push(not_before).push_bind(time);
        select.push(" AND (t.request_time").push(behind).push_bind(time);
        select.push(" OR t.id > ").push_bind(id).push(")");
    }
    select.push(" ORDER BY ");
    let mut by_time = false;
    for order in search.order {
        by_time |= order.key == TraceOrder::Number(TraceNumber::Timestamp);
        push_order(&mut select, order);
    }
    // A column that comes twice would keep the index of an experiment's traces by time from being used.
    select.push(if by_time { "t.id" } else { "t.request_time DESC, t.id" });
    select.push(" LIMIT ").push_bind(search.limit);
    if let Place::Offset(offset) = search.from {
        select.push(" OFFSET ").push_bind(offset);
    }
    let rows: Vec<Row> = db.all(select).await?;
    let mut infos = rows.into_iter().map(Row::into_info).collect::<Result<Vec<_>>>()?;
    fill(&mut db, &mut infos).await?;
    Ok(infos)
}

/// Counts the traces that the caller may read and that a filter finds, and those of them that two more find.
pub(crate) async fn count_together(
    mut db: &Db,
    visible: &VisibleTo,
    experiments: &[ExperimentId],
    among: &TraceFilter,
    (one, other): (&TraceFilter, &TraceFilter),
) -> Result<Together> {
    let mut select = sql(
        "SELECT COUNT(*), COUNT(m.one), COUNT(m.other), COUNT(m.one + m.other) FROM (SELECT CASE WHEN 1 = 1",
    );
    push_conditions(&mut select, db, one);
    select.push(" THEN 1 END AS one, CASE WHEN 1 = 1");
    push_conditions(&mut select, db, other);
    select.push(" THEN 1 END AS other FROM traces t WHERE t.experiment_id IN ");
    select.push_list(experiments.iter().copied()).push(" AND ");
    push_visible_experiment(&mut select, visible, "t.experiment_id");
    push_conditions(&mut select, db, among);
    select.push(") m");
    let (total, one, other, both) = db.first::<(i64, i64, i64, i64)>(select).await?.unwrap_or_default();
    Ok(Together { total, one, other, both })
}

/// Adds all that a filter asks for to what is asked for already.
fn push_conditions(select: &mut Sql, db: &Db, filter: &TraceFilter) {
    for condition in filter.conditions() {
        select.push(" AND ");
        push_condition(select, db, condition);
    }
}

const TAG: &str = "EXISTS (SELECT 1 FROM trace_tags x WHERE x.trace_id = t.id AND x.key = ";
const METADATA: &str = "EXISTS (SELECT 1 FROM trace_metadata x WHERE x.trace_id = t.id AND x.key = ";
const SPAN: &str = "EXISTS (SELECT 1 FROM spans x WHERE x.trace_id = t.id AND ";

/// Adds what must hold of a trace, `t`.
pub(super) fn push_condition(select: &mut Sql, db: &Db, condition: &TraceCondition) {
    match condition {
        TraceCondition::Tag { key, test } => push_key_test(select, TAG, key, "x.value", test),
        TraceCondition::Metadata { key, test } => push_key_test(select, METADATA, key, "x.value", test),
        TraceCondition::Text(text, test) => push_text(select, db, *text, test),
        TraceCondition::Number(number, op, value) => {
            select.push(number_of(*number)).push(" ").push(op.as_str()).push(" ").push_bind(*value);
        }
        TraceCondition::Prompt(text) => {
            let (name, version) = text.as_str().split_once('/').unwrap_or_default();
            select.push("EXISTS (SELECT 1 FROM trace_prompts x WHERE x.trace_id = t.id AND x.name = ");
            select.push_bind(name).push(" AND x.version = ").push_bind(version).push(")");
        }
        TraceCondition::Span(field, test) => push_span(select, db, field, test),
        TraceCondition::SpanContent(test) => {
            select.push(SPAN).push("(");
            for (index, column) in ["x.attributes", "x.name", "x.events"].into_iter().enumerate() {
                if index > 0 {
                    select.push(" OR ");
                }
                push_text_test(select, column, test);
            }
            select.push("))");
        }
        TraceCondition::Assessment { key, kind, test } => push_assessment(select, key, *kind, test),
        TraceCondition::Issue(text) => {
            select.push(
                "EXISTS (SELECT 1 FROM assessments x WHERE x.trace_id = t.id AND x.kind = 'issue' AND x.name = ",
            );
            select.push_bind(text.as_str()).push(")");
        }
    }
}

fn number_of(number: TraceNumber) -> &'static str {
    match number {
        TraceNumber::Timestamp => "t.request_time",
        TraceNumber::ExecutionTime => "t.duration",
        TraceNumber::EndTime => "(t.request_time + COALESCE(t.duration, 0))",
    }
}

/// A trace's id as clients write it: the databases keep UUIDs in ways of their own.
fn id_text(db: &Db) -> &'static str {
    match db {
        Db::Sqlite(_) => "('tr-' || LOWER(HEX(t.id)))",
        Db::Postgres(_) => "('tr-' || REPLACE(CAST(t.id AS TEXT), '-', ''))",
    }
}

fn push_text(select: &mut Sql, db: &Db, text: TraceText, test: &ListTest) {
    match text {
        TraceText::Status => push_list_test(select, "t.state", test),
        TraceText::ClientRequestId => push_list_test(select, "t.client_request_id", test),
        TraceText::RequestId => push_id(select, db, test),
        TraceText::Name => {
            select.push(TAG).push_bind(key::NAME).push(" AND ");
            push_list_test(select, "x.value", test);
            select.push(")");
        }
        TraceText::RunId => push_run(select, test),
    }
}

/// Ids are compared as ids where that can be done, so that the primary key serves.
fn push_id(select: &mut Sql, db: &Db, test: &ListTest) {
    let ids: Vec<TraceId> = match test {
        ListTest::Text(TextTest::Eq(text)) => text.as_str().parse().ok().into_iter().collect(),
        ListTest::In(texts) => {
            texts.as_slice().iter().filter_map(|text| text.as_str().parse().ok()).collect()
        }
        _ => return push_list_test(select, id_text(db), test),
    };
    select.push("t.id IN ").push_list(ids);
}

/// The run in which a trace was made is its metadata; who asks for a run also means traces that were linked to it.
fn push_run(select: &mut Sql, test: &ListTest) {
    let runs: Vec<RunId> = match test {
        ListTest::Text(TextTest::Eq(text)) => text.as_str().parse().ok().into_iter().collect(),
        ListTest::In(texts) => {
            texts.as_slice().iter().filter_map(|text| text.as_str().parse().ok()).collect()
        }
        _ => Vec::new(),
    };
    select.push("(").push(METADATA).push_bind(key::SOURCE_RUN).push(" AND ");
    push_list_test(select, "x.value", test);
    select.push(")");
    if !runs.is_empty() {
        select.push(" OR EXISTS (SELECT 1 FROM trace_runs x WHERE x.trace_id = t.id AND x.run_id IN ");
        select.push_list(runs).push(")");
    }
    select.push(")");
}

fn push_span(select: &mut Sql, db: &Db, field: &SpanField, test: &ListTest) {
    let column = match field {
        SpanField::Name => "x.name",
        SpanField::Type => "x.type",
        SpanField::Status => "x.status",
        SpanField::Attribute(key) => return push_attribute(select, db, key, test),
    };
    select.push(SPAN);
    push_list_test(select, column, test);
    select.push(")");
}

/// What a span knows under a key is on a line of its own (see [`text`]): it is cut out, and compared as the JSON that it is.
fn push_attribute(select: &mut Sql, db: &Db, key: &Key, test: &ListTest) {
    let (found, value) = match db {
        Db::Sqlite(_) => ("INSTR(x.attributes, ", "SUBSTR(y.rest, 1, INSTR(y.rest, ']\n') - 1)"),
        Db::Postgres(_) => ("STRPOS(x.attributes, ", "SUBSTR(y.rest, 1, STRPOS(y.rest, ']\n') - 1)"),
    };
    let begin = text::begin_of(key.as_str());
    let length = i64::try_from(begin.chars().count()).unwrap_or(i64::MAX);
    select.push("EXISTS (SELECT 1 FROM (SELECT SUBSTR(x.attributes, CAST(").push(found);
    select.push_bind(begin.as_str()).push(") + ").push_bind(length);
    select.push(" AS INTEGER)) AS rest FROM spans x WHERE x.trace_id = t.id AND ").push(found);
    select.push_bind(begin).push(") > 0) y WHERE ");
    push_json_test(select, value, test);
    select.push(")");
}

/// A test of a text, of which the JSON is in a column. What is no text is compared with its JSON.
fn push_json_test(select: &mut Sql, column: &'static str, test: &ListTest) {
    let json = |text: &str| serde_json::Value::from(text).to_string();
    let both = |text: &str| [json(text), text.to_owned()];
    let mut push_either = |pattern: &str, any_case| {
        select.push("(");
        push_like(select, column, &json(pattern), any_case);
        select.push(" OR ");
        push_like(select, column, pattern, any_case);
        select.push(")");
    };
    match test {
        ListTest::Text(TextTest::Like(pattern)) => push_either(pattern.as_str(), false),
        ListTest::Text(TextTest::Ilike(pattern)) => push_either(pattern.as_str(), true),
        ListTest::Text(TextTest::Eq(text)) => {
            select.push(column).push(" IN ").push_list(both(text.as_str()));
        }
        ListTest::Text(TextTest::Ne(text)) => {
            select.push(column).push(" NOT IN ").push_list(both(text.as_str()));
        }
        ListTest::In(texts) => {
            let all = texts.as_slice().iter().flat_map(|text| both(text.as_str()));
            select.push(column).push(" IN ").push_list(all);
        }
        ListTest::NotIn(texts) => {
            let all = texts.as_slice().iter().flat_map(|text| both(text.as_str()));
            select.push(column).push(" NOT IN ").push_list(all);
        }
    }
}

fn push_assessment(select: &mut Sql, key: &Key, kind: AssessmentField, test: &AssessmentTest) {
    let exists = match kind {
        AssessmentField::Feedback => {
            "EXISTS (SELECT 1 FROM assessments x
             WHERE x.trace_id = t.id AND x.valid = TRUE AND x.kind = 'feedback' AND x.name = "
        }
        AssessmentField::Expectation => {
            "EXISTS (SELECT 1 FROM assessments x
             WHERE x.trace_id = t.id AND x.valid = TRUE AND x.kind = 'expectation' AND x.name = "
        }
    };
    match test {
        AssessmentTest::Text(test) => push_key_test(select, exists, key, "x.value", test),
        AssessmentTest::Number(op, number) => {
            select.push(exists).push_bind(key.as_str()).push(" AND x.number ").push(op.as_str()).push(" ");
            select.push_bind(*number).push(")");
        }
    }
}

/// Adds an order and a comma. What lacks the value comes last either way.
fn push_order(select: &mut Sql, order: &OrderBy<TraceOrder>) {
    let down = if order.descending { " DESC, " } else { ", " };
    let of_key = |select: &mut Sql, value: &'static str, key: &str| {
        for end in [" IS NULL, ", down] {
            select.push(value).push_bind(key).push(")").push(end);
        }
    };
    let tag = "(SELECT x.value FROM trace_tags x WHERE x.trace_id = t.id AND x.key = ";
    let metadata = "(SELECT x.value FROM trace_metadata x WHERE x.trace_id = t.id AND x.key = ";
    match &order.key {
        TraceOrder::Number(TraceNumber::ExecutionTime) => {
            select.push("t.duration IS NULL, t.duration").push(down);
        }
        TraceOrder::Number(number) => {
            select.push(number_of(*number)).push(down);
        }
        TraceOrder::ExperimentId => {
            select.push("t.experiment_id").push(down);
        }
        TraceOrder::Text(TraceText::Status) => {
            select.push("t.state").push(down);
        }
        TraceOrder::Text(TraceText::RequestId) => {
            select.push("t.id").push(down);
        }
        TraceOrder::Text(TraceText::ClientRequestId) => {
            select.push("t.client_request_id IS NULL, t.client_request_id").push(down);
        }
        TraceOrder::Text(TraceText::Name) => of_key(select, tag, key::NAME),
        TraceOrder::Text(TraceText::RunId) => of_key(select, metadata, key::SOURCE_RUN),
        TraceOrder::Tag(key) => of_key(select, tag, key.as_str()),
        TraceOrder::Metadata(key) => of_key(select, metadata, key.as_str()),
    }
}
