//! The search for logged models: MLflow's filters and orders as SQL.

use super::{COLUMNS, Row, fill};
use crate::{
    error::Result,
    gate::VisibleTo,
    store::{
        Db, Query, Sql,
        permission::push_visible_experiment,
        search::{Slice, push_list_test},
        sql,
    },
};
use model::{
    ExperimentId,
    filter::{
        IdTest, LoggedModelCondition, LoggedModelFilter, LoggedModelOrder, LoggedModelStatus,
        LoggedModelText, LoggedModelTime, NumberOp,
    },
    logged_model::{LoggedModel, ModelStatus},
};

/// What a search for logged models asks.
pub(crate) struct Search<'a> {
    /// Where to look.
    pub experiments: &'a [ExperimentId],
    pub filter: &'a LoggedModelFilter,
    /// Name, and digest if it matters, of the datasets whose metrics count. Empty: all metrics do.
    pub datasets: &'a [(String, Option<String>)],
    pub order: &'a [Order],
}

/// One order of a search for logged models.
pub(crate) struct Order {
    pub by: LoggedModelOrder,
    pub descending: bool,
    /// Only metrics on this dataset count.
    pub dataset_name: Option<String>,
    /// Only metrics on a dataset of this digest count.
    pub dataset_digest: Option<String>,
}

/// Metrics `x` of the model `m`; more conditions can follow. Only what runs of the same experiment measured counts.
const MEASURED: &str = "logged_model_metrics x JOIN runs xr ON xr.id = x.run_id
     AND xr.experiment_id = m.experiment_id WHERE x.model_id = m.id";

/// Models in use that the caller may read. Ties go by time of creation, newest first, then id.
pub(crate) async fn search(
    mut db: &Db,
    visible: &VisibleTo,
    search: &Search<'_>,
    slice: Slice,
) -> Result<Vec<LoggedModel>> {
    let mut select = sql(COLUMNS);
    select.push(" WHERE m.lifecycle = 'active' AND m.experiment_id IN ");
    select.push_list(search.experiments.iter().copied()).push(" AND ");
    push_visible_experiment(&mut select, visible, "m.experiment_id");
    let mut on_metric = false;
    for condition in search.filter.conditions() {
        on_metric |= matches!(condition, LoggedModelCondition::Metric { .. });
        select.push(" AND ");
        push_condition(&mut select, db, condition, search.datasets);
    }
    if !on_metric && !search.datasets.is_empty() {
        select.push(" AND EXISTS (SELECT 1 FROM ").push(MEASURED);
        push_datasets(&mut select, search.datasets);
        select.push(")");
    }
    select.push(" ORDER BY ");
    for order in search.order {
        push_order(&mut select, order);
    }
    select.push("m.created DESC, m.id ASC");
    slice.push(&mut select);
    let rows: Vec<Row> = db.all(select).await?;
    let mut models = rows.into_iter().map(Row::into_model).collect::<Result<Vec<_>>>()?;
    fill(&mut db, &mut models).await?;
    Ok(models)
}

fn push_condition(
    select: &mut Sql,
    db: &Db,
    condition: &LoggedModelCondition,
    datasets: &[(String, Option<String>)],
) {
    match condition {
        LoggedModelCondition::Metric { key, op, value } => {
            select.push("EXISTS (SELECT 1 FROM ").push(MEASURED).push(" AND x.key = ");
            select.push_bind(key.as_str()).push(" AND ");
            // NaN is unlike every number, and neither greater nor smaller.
            select.push(if *op == NumberOp::Ne { "(x.is_nan OR " } else { "(NOT x.is_nan AND " });
            select.push("x.value ").push(op.as_str()).push(" ").push_bind(*value).push(")");
            push_datasets(select, datasets);
            select.push(")");
        }
        LoggedModelCondition::Param { key, test } => {
            select.push("EXISTS (SELECT 1 FROM logged_model_params x WHERE x.model_id = m.id AND x.key = ");
            select.push_bind(key.as_str()).push(" AND ");
            push_list_test(select, "x.value", test);
            select.push(")");
        }
        LoggedModelCondition::Tag { key, test } => {
            select.push("EXISTS (SELECT 1 FROM logged_model_tags x WHERE x.model_id = m.id AND x.key = ");
            select.push_bind(key.as_str()).push(" AND ");
            push_list_test(select, "x.value", test);
            select.push(")");
        }
        LoggedModelCondition::Text(text, test) => push_list_test(select, text_of(db, *text), test),
        LoggedModelCondition::Status(test) => push_status(select, test),
        LoggedModelCondition::Time(time, op, value) => {
            select.push(column_of_time(*time)).push(" ").push(op.as_str()).push(" ").push_bind(*value);
        }
    }
}

/// The text as people write it: ids are stored as bytes, which each database spells out in its own way. What isn't there is an empty
/// text, as in MLflow's answers.
fn text_of(db: &Db, text: LoggedModelText) -> &'static str {
    match (text, db) {
        (LoggedModelText::Name, _) => "m.name",
        (LoggedModelText::ModelType, _) => "COALESCE(m.model_type, '')",
        (LoggedModelText::ModelId, Db::Sqlite(_)) => "('m-' || LOWER(HEX(m.id)))",
        (LoggedModelText::ModelId, Db::Postgres(_)) => "('m-' || REPLACE(CAST(m.id AS TEXT), '-', ''))",
        // HEX makes an empty text of NULL.
        (LoggedModelText::SourceRunId, Db::Sqlite(_)) => "LOWER(HEX(m.source_run_id))",
        (LoggedModelText::SourceRunId, Db::Postgres(_)) => {
            "COALESCE(REPLACE(CAST(m.source_run_id AS TEXT), '-', ''), '')"
        }
    }
}

fn column_of_time(time: LoggedModelTime) -> &'static str {
    match time {
        LoggedModelTime::Creation => "m.created",
        LoggedModelTime::LastUpdate => "m.updated",
    }
}

fn push_status(select: &mut Sql, test: &IdTest<LoggedModelStatus>) {
    // No model is stored as UNSPECIFIED, so that word is like no row's.
    let stored = |status: &LoggedModelStatus| match status {
        LoggedModelStatus::Unspecified => "UNSPECIFIED",
        LoggedModelStatus::Pending => ModelStatus::Pending.name(),
        LoggedModelStatus::Ready => ModelStatus::Ready.name(),
        LoggedModelStatus::Failed => ModelStatus::Failed.name(),
    };
    match test {
        IdTest::Eq(status) => select.push("m.status = ").push_bind(stored(status)),
        IdTest::Ne(status) => select.push("m.status <> ").push_bind(stored(status)),
        IdTest::In(list) => select.push("m.status IN ").push_list(list.as_slice().iter().map(stored)),
        IdTest::NotIn(list) => select.push("m.status NOT IN ").push_list(list.as_slice().iter().map(stored)),
    };
}

/// Adds that the metric `x` was measured on one of the datasets, if there are any.
fn push_datasets(select: &mut Sql, datasets: &[(String, Option<String>)]) {
    for (index, (name, digest)) in datasets.iter().enumerate() {
        select.push(if index == 0 { " AND (" } else { " OR " });
        select.push("(x.dataset_name = ").push_bind(name);
        if let Some(digest) = digest {
            select.push(" AND x.dataset_digest = ").push_bind(digest);
        }
        select.push(")");
    }
    if !datasets.is_empty() {
        select.push(")");
    }
}

/// Adds an order and a comma. What lacks the value comes last either way, and NaN before that.
fn push_order(select: &mut Sql, order: &Order) {
    match &order.by {
        LoggedModelOrder::Metric(key) => {
            let push_latest = |select: &mut Sql, head: &'static str| {
                select.push(head).push(" FROM ").push(MEASURED).push(" AND x.key = ");
                select.push_bind(key.as_str());
                if let Some(name) = &order.dataset_name {
                    select.push(" AND x.dataset_name = ").push_bind(name);
                }
                if let Some(digest) = &order.dataset_digest {
                    select.push(" AND x.dataset_digest = ").push_bind(digest);
                }
                select.push(
                    " ORDER BY x.timestamp DESC, x.step DESC, x.run_id, x.dataset_name, x.dataset_digest LIMIT 1)",
                );
            };
            push_latest(select, "COALESCE((SELECT CASE WHEN x.is_nan THEN 1 ELSE 0 END");
            select.push(", 2), ");
            push_latest(select, "(SELECT x.value");
        }
        LoggedModelOrder::Text(LoggedModelText::Name) => {
            select.push("m.name");
        }
        LoggedModelOrder::Text(LoggedModelText::ModelId) => {
            select.push("m.id");
        }
        LoggedModelOrder::Text(LoggedModelText::ModelType) => {
            select.push("m.model_type IS NULL, m.model_type");
        }
        LoggedModelOrder::Text(LoggedModelText::SourceRunId) => {
            select.push("m.source_run_id IS NULL, m.source_run_id");
        }
        LoggedModelOrder::Time(time) => {
            select.push(column_of_time(*time));
        }
        LoggedModelOrder::Status => {
            select.push("CASE m.status WHEN 'PENDING' THEN 1 WHEN 'READY' THEN 2 ELSE 3 END");
        }
    }
    select.push(if order.descending { " DESC, " } else { ", " });
}
