//! Metrics: one summary per run and key. The points are in [`super::block`] and [`super::segment`].

use super::{Arg, Db, Query, Tx, sql};
use crate::{
    error::Result,
    gate::{Edit, RunGrant},
};
use model::{
    ExperimentId, ModelId, RunId,
    metric::{MetricSummary, Point},
};
use sqlx::FromRow;
use std::collections::HashMap;
use uuid::Uuid;

#[derive(FromRow)]
struct SummaryRow {
    run_id: Uuid,
    key: String,
    last_value: f64,
    last_is_nan: bool,
    last_step: i64,
    last_time: i64,
    min_value: Option<f64>,
    max_value: Option<f64>,
    count: i64,
    min_step: i64,
    max_step: i64,
    min_time: i64,
    max_time: i64,
}

impl SummaryRow {
    fn into_summary(self) -> MetricSummary {
        let value = if self.last_is_nan { f64::NAN } else { self.last_value };
        MetricSummary {
            key: self.key,
            last: Point { step: self.last_step, timestamp: self.last_time, value },
            min: self.min_value,
            max: self.max_value,
            count: self.count.unsigned_abs(),
            first_time: self.min_time,
            last_time: self.max_time,
            first_step: self.min_step,
            last_step: self.max_step,
        }
    }
}

const COLUMNS: &str = "run_id, key, last_value, last_is_nan, last_step, last_time, min_value, max_value, count, min_step, max_step, min_time, max_time";

/// A number and whether it was NaN, which SQLite can't store.
fn without_nan(value: f64) -> (f64, bool) {
    if value.is_nan() { (0.0, true) } else { (value, false) }
}

/// The summaries of the metrics of runs: of all, or of those of these keys.
pub(crate) async fn summaries(
    on: &mut impl Query,
    ids: &[RunId],
    keys: Option<&[String]>,
) -> Result<HashMap<RunId, Vec<MetricSummary>>> {
    if ids.is_empty() || keys.is_some_and(<[String]>::is_empty) {
        return Ok(HashMap::new());
    }
    let mut select = sql("SELECT ");
    select.push(COLUMNS).push(" FROM metrics WHERE run_id IN ").push_list(ids.iter().copied());
    if let Some(keys) = keys {
        select.push(" AND key IN ").push_list(keys.iter().map(String::as_str));
    }
    select.push(" ORDER BY run_id, key");
    let mut found: HashMap<_, Vec<_>> = HashMap::new();
    for row in on.all::<SummaryRow>(select).await? {
        found.entry(RunId(row.run_id)).or_default().push(row.into_summary());
    }
    Ok(found)
}

/// The summaries of the metrics of runs, of all or of those of these keys, in the order of keys: from sheets where there
/// are some.
pub(super) async fn listed(
    db: &Db,
    ids: &[RunId],
    keys: Option<&[String]>,
) -> Result<HashMap<RunId, Vec<MetricSummary>>> {
    if keys.is_some_and(<[String]>::is_empty) {
        return Ok(HashMap::new());
    }
    let mut found = HashMap::with_capacity(ids.len());
    let mut sheets = super::sheet::find(&mut &*db, ids).await?;
    let mut without = Vec::new();
    for id in ids {
        match sheets.remove(id) {
            Some(Some(mut summaries)) => {
                if let Some(keys) = keys {
                    summaries.retain(|summary| keys.contains(&summary.key));
                }
                found.insert(*id, summaries);
            }
            Some(None) | None => without.push(*id),
        }
    }
    found.extend(summaries(&mut &*db, &without, keys).await?);
    Ok(found)
}

/// The summaries of some metrics, by run and key.
pub(crate) async fn find(
    on: &mut impl Query,
    metrics: &[(RunId, &str)],
) -> Result<HashMap<(RunId, String), MetricSummary>> {
    let mut found = HashMap::with_capacity(metrics.len());
    for metrics in metrics.chunks(1024) {
        let mut select = sql("SELECT ");
        select.push(COLUMNS).push(" FROM (VALUES ");
        for (index, (run, key)) in metrics.iter().enumerate() {
            if index > 0 {
                select.push(", ");
            }
            select.push_list([Arg::from(*run), Arg::from(*key)]);
        }
        select.push(") AS v JOIN metrics ON run_id = v.column1 AND key = v.column2");
        for row in on.all::<SummaryRow>(select).await? {
            let run = RunId(row.run_id);
            let summary = row.into_summary();
            found.insert((run, summary.key.clone()), summary);
        }
    }
    Ok(found)
}

/// Writes summaries, in the place of those that are there. Each metric may occur once.
pub(crate) async fn set(tx: &mut Tx, summaries: &[(RunId, ExperimentId, MetricSummary)]) -> Result<()> {
    let rows = summaries
        .iter()
        .map(|(run, experiment, summary)| {
            let (last_value, last_is_nan) = without_nan(summary.last.value);
            vec![
                (*run).into(),
                (*experiment).into(),
                (&summary.key).into(),
                last_value.into(),
                last_is_nan.into(),
                summary.last.step.into(),
                summary.last.timestamp.into(),
                summary.min.into(),
                summary.max.into(),
                i64::try_from(summary.count).unwrap_or(i64::MAX).into(),
                summary.first_step.into(),
                summary.last_step.into(),
                summary.first_time.into(),
                summary.last_time.into(),
            ]
        })
        .collect();
    tx.insert_all(
        "INSERT INTO metrics (run_id, experiment_id, key, last_value, last_is_nan, last_step, last_time, min_value, max_value, count, min_step, max_step, min_time, max_time) VALUES ",
        rows,
        " ON CONFLICT (run_id, key) DO UPDATE SET last_value = excluded.last_value, last_is_nan = excluded.last_is_nan,
             last_step = excluded.last_step, last_time = excluded.last_time, min_value = excluded.min_value,
             max_value = excluded.max_value, count = excluded.count, min_step = excluded.min_step,
             max_step = excluded.max_step, min_time = excluded.min_time, max_time = excluded.max_time",
    )
    .await
}

/// A value measured on a logged model.
pub(crate) struct ModelPoint<'a> {
    pub model: ModelId,
    pub key: &'a str,
    pub dataset: Option<&'a (String, String)>,
    pub point: Point,
}

/// Keeps the last value of each metric of a logged model, by the rule of [`Point::is_later_than`]. Models of other
/// experiments, or that aren't there, are passed over, as MLflow does.
pub(crate) async fn add_to_model(tx: &mut Tx, run: &RunGrant<Edit>, measured: &ModelPoint<'_>) -> Result<()> {
    let (value, is_nan) = without_nan(measured.point.value);
    let (name, digest) = measured.dataset.map_or(("", ""), |(name, digest)| (name, digest));
    tx.execute(
        sql("INSERT INTO logged_model_metrics (model_id, key, run_id, dataset_name, dataset_digest, value, is_nan, step, timestamp)
             SELECT m.id, $1, $2, $3, $4, $5, $6, $7, $8 FROM logged_models m WHERE m.id = $9 AND m.experiment_id = $10
             ON CONFLICT (model_id, key, run_id, dataset_name, dataset_digest) DO UPDATE
             SET value = excluded.value, is_nan = excluded.is_nan, step = excluded.step, timestamp = excluded.timestamp
             WHERE (excluded.step, excluded.timestamp, excluded.value)
                 > (logged_model_metrics.step, logged_model_metrics.timestamp, logged_model_metrics.value)")
        .bind(measured.key)
        .bind(run.id())
        .bind(name)
        .bind(digest)
        .bind(value)
        .bind(is_nan)
        .bind(measured.point.step)
        .bind(measured.point.timestamp)
        .bind(measured.model)
        .bind(run.experiment),
    )
    .await?;
    Ok(())
}
