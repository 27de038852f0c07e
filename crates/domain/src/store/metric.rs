//! Metrics: one summary per run and key, and the points in segments.

use super::{Arg, Db, Query, Tx, sql};
use crate::{
    error::{Error, Result},
    gate::{Edit, RunGrant},
    metric::segment,
};
use model::{
    ModelId, RunId,
    metric::{MetricSummary, Point},
};
use sqlx::FromRow;
use std::collections::{BTreeMap, HashMap};
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
pub(super) async fn summaries(
    mut db: &Db,
    ids: &[RunId],
    keys: Option<&[String]>,
) -> Result<HashMap<RunId, Vec<MetricSummary>>> {
    if keys.is_some_and(<[String]>::is_empty) {
        return Ok(HashMap::new());
    }
    let mut select = sql("SELECT ");
    select.push(COLUMNS).push(" FROM metrics WHERE run_id IN ").push_list(ids.iter().copied());
    if let Some(keys) = keys {
        select.push(" AND key IN ").push_list(keys.iter().map(String::as_str));
    }
    select.push(" ORDER BY run_id, key");
    let mut found: HashMap<_, Vec<_>> = HashMap::new();
    for row in db.all::<SummaryRow>(select).await? {
        found.entry(RunId(row.run_id)).or_default().push(row.into_summary());
    }
    Ok(found)
}

/// The summaries of some metrics of a run, by key.
pub(crate) async fn summaries_of(
    on: &mut impl Query,
    run: &RunGrant<Edit>,
    keys: &[&str],
) -> Result<BTreeMap<String, MetricSummary>> {
    let mut found = BTreeMap::new();
    for keys in keys.chunks(1000) {
        let mut select = sql("SELECT ");
        select.push(COLUMNS).push(" FROM metrics WHERE run_id = ").push_bind(run.id());
        select.push(" AND key IN ").push_list(keys.iter().copied());
        for row in on.all::<SummaryRow>(select).await? {
            let summary = row.into_summary();
            found.insert(summary.key.clone(), summary);
        }
    }
    Ok(found)
}

/// The range of steps and times in which points are looked for; ends included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub steps: (i64, i64),
    pub times: (i64, i64),
}

impl Bounds {
    /// Everything there is.
    pub const ALL: Self = Self { steps: (i64::MIN, i64::MAX), times: (i64::MIN, i64::MAX) };
}

/// The points of the segments that reach into the bounds, in no order; some may lie outside.
pub(crate) async fn points<L>(
    on: &mut impl Query,
    run: &RunGrant<L>,
    key: &str,
    bounds: Bounds,
) -> Result<Vec<Point>> {
    let rows: Vec<(i64, Vec<u8>)> = on
        .all(
            sql("SELECT seq, data FROM segments WHERE run_id = $1 AND key = $2
                   AND max_step >= $3 AND min_step <= $4 AND max_time >= $5 AND min_time <= $6 ORDER BY seq")
            .bind(run.id())
            .bind(key)
            .bind(bounds.steps.0)
            .bind(bounds.steps.1)
            .bind(bounds.times.0)
            .bind(bounds.times.1),
        )
        .await?;
    let mut points = Vec::new();
    for (seq, data) in rows {
        segment::unpack(&data, &mut points).map_err(|error| Error::BrokenRow {
            table: "segments",
            column: "data",
            row: format!("{} {key} {seq}", run.id()),
            reason: error.to_string(),
        })?;
    }
    Ok(points)
}

/// New points of one metric and its summary with them.
pub(crate) struct NewPoints {
    pub summary: MetricSummary,
    pub points: Vec<Point>,
}

/// Appends points to metrics of a run and writes their new summaries. Each metric may occur once.
pub(crate) async fn append(tx: &mut Tx, run: &RunGrant<Edit>, metrics: &[NewPoints]) -> Result<()> {
    let mut segments: Vec<Vec<Arg>> = Vec::with_capacity(metrics.len());
    let mut summaries: Vec<Vec<Arg>> = Vec::with_capacity(metrics.len());
    for NewPoints { summary, points } in metrics {
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let steps = points.iter().map(|point| point.step);
        let times = points.iter().map(|point| point.timestamp);
        segments.push(vec![
            run.id().into(),
            (&summary.key).into(),
            // Every segment adds points, so the number of points before it never repeats.
            count(summary.count - points.len() as u64).into(),
            count(points.len() as u64).into(),
            steps.clone().min().unwrap_or_default().into(),
            steps.max().unwrap_or_default().into(),
            times.clone().min().unwrap_or_default().into(),
            times.max().unwrap_or_default().into(),
            segment::pack(points).into(),
        ]);
        let (last_value, last_is_nan) = without_nan(summary.last.value);
        summaries.push(vec![
            run.id().into(),
            run.experiment.into(),
            (&summary.key).into(),
            last_value.into(),
            last_is_nan.into(),
            summary.last.step.into(),
            summary.last.timestamp.into(),
            summary.min.into(),
            summary.max.into(),
            count(summary.count).into(),
            summary.first_step.into(),
            summary.last_step.into(),
            summary.first_time.into(),
            summary.last_time.into(),
        ]);
    }
    tx.insert_all(
        "INSERT INTO segments (run_id, key, seq, count, min_step, max_step, min_time, max_time, data) VALUES ",
        segments,
        "",
    )
    .await?;
    tx.insert_all(
        "INSERT INTO metrics (run_id, experiment_id, key, last_value, last_is_nan, last_step, last_time, min_value, max_value, count, min_step, max_step, min_time, max_time) VALUES ",
        summaries,
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
