//! Segments: the points of one metric, merged from blocks.

use super::{Arg, Db, Query, Tx, sql};
use crate::{
    error::{Error, Result},
    gate::RunGrant,
    metric::segment,
};
use model::{RunId, metric::Point};
use uuid::Uuid;

/// What is known of a segment without unpacking it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Head {
    pub run_id: Uuid,
    pub key: String,
    pub seq: i64,
    pub count: i64,
    pub min_step: i64,
    pub max_step: i64,
    pub min_time: i64,
    pub max_time: i64,
}

const HEAD: &str =
    "SELECT run_id, key, seq, count, min_step, max_step, min_time, max_time FROM segments WHERE ";

/// The segments of a metric in some runs.
pub(crate) async fn heads<L>(mut db: &Db, runs: &[RunGrant<L>], key: &str) -> Result<Vec<Head>> {
    let mut select = sql(HEAD);
    select.push("key = ").push_bind(key).push(" AND run_id IN ").push_list(runs.iter().map(RunGrant::id));
    db.all(select).await
}

/// All segments of a run that have less than so many points, and of each metric the newest.
pub(crate) async fn tails(mut db: &Db, run: RunId, less_than: usize) -> Result<Vec<Head>> {
    let mut select = sql(HEAD);
    select.push("run_id = ").push_bind(run).push(" AND (count < ");
    select.push_bind(i64::try_from(less_than).unwrap_or(i64::MAX));
    select.push(" OR seq = (SELECT MAX(s.seq) FROM segments s WHERE s.run_id = segments.run_id AND s.key = segments.key)) ORDER BY key, seq");
    db.all(select).await
}

/// A segment as it lies there.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct StoredSegment {
    pub run_id: Uuid,
    pub key: String,
    pub seq: i64,
    pub data: Vec<u8>,
}

impl StoredSegment {
    /// Appends its points.
    pub fn unpack(&self, points: &mut Vec<Point>) -> Result<()> {
        segment::unpack(&self.data, points).map_err(|error| Error::BrokenRow {
            table: "segments",
            column: "data",
            row: format!("{} {} {}", RunId(self.run_id), self.key, self.seq),
            reason: error.to_string(),
        })
    }
}

/// These segments with their points. Those that were merged into others since are missing.
pub(crate) async fn get(on: &mut impl Query, heads: &[&Head]) -> Result<Vec<StoredSegment>> {
    let mut found = Vec::with_capacity(heads.len());
    for heads in heads.chunks(512) {
        let mut select = sql("SELECT s.run_id, s.key, s.seq, s.data FROM (VALUES ");
        push_places(&mut select, heads);
        select.push(
            ") AS v JOIN segments s ON s.run_id = v.column1 AND s.key = v.column2 AND s.seq = v.column3",
        );
        found.extend(on.all::<StoredSegment>(select).await?);
    }
    Ok(found)
}

fn push_places(statement: &mut super::Sql, heads: &[&Head]) {
    for (index, head) in heads.iter().enumerate() {
        if index > 0 {
            statement.push(", ");
        }
        statement.push_list([Arg::from(head.run_id), Arg::from(&head.key), Arg::from(head.seq)]);
    }
}

/// The range of steps and times in which points are looked for; ends included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub steps: (i64, i64),
    pub times: (i64, i64),
}

impl Bounds {
    /// The range of these points.
    pub fn of(points: &[Point]) -> Self {
        let range = |of: fn(&Point) -> i64| {
            let values = points.iter().map(of);
            (values.clone().min().unwrap_or_default(), values.max().unwrap_or_default())
        };
        Self { steps: range(|point| point.step), times: range(|point| point.timestamp) }
    }

    /// The range of both.
    pub fn and(self, other: Self) -> Self {
        let wider = |a: (i64, i64), b: (i64, i64)| (a.0.min(b.0), a.1.max(b.1));
        Self { steps: wider(self.steps, other.steps), times: wider(self.times, other.times) }
    }
}

/// Segments of some of a run's metrics that reach into the bounds.
pub(crate) async fn within(
    on: &mut impl Query,
    run: RunId,
    keys: &[&str],
    bounds: Bounds,
) -> Result<Vec<StoredSegment>> {
    let mut found = Vec::new();
    for keys in keys.chunks(512) {
        let mut select = sql("SELECT run_id, key, seq, data FROM segments WHERE run_id = ");
        select.push_bind(run).push(" AND key IN ").push_list(keys.iter().copied());
        select.push(" AND max_step >= ").push_bind(bounds.steps.0);
        select.push(" AND min_step <= ").push_bind(bounds.steps.1);
        select.push(" AND max_time >= ").push_bind(bounds.times.0);
        select.push(" AND min_time <= ").push_bind(bounds.times.1);
        found.extend(on.all::<StoredSegment>(select).await?);
    }
    Ok(found)
}

/// A segment on its way into the database.
pub(crate) struct NewSegment {
    pub head: Head,
    pub data: Vec<u8>,
}

/// Puts segments in the place of others. Returns whether those were still there; if not, the transaction must be undone.
/// An error that `is_duplicate` says the same: somebody else merged them.
pub(crate) async fn replace(tx: &mut Tx, old: &[&Head], new: Vec<NewSegment>) -> Result<bool> {
    for heads in old.chunks(512) {
        let mut delete = sql("DELETE FROM segments WHERE (run_id, key, seq) IN (VALUES ");
        push_places(&mut delete, heads);
        delete.push(")");
        if tx.execute(delete).await? != heads.len() as u64 {
            return Ok(false);
        }
    }
    let rows = new
        .into_iter()
        .map(|NewSegment { head, data }| {
            vec![
                head.run_id.into(),
                head.key.into(),
                head.seq.into(),
                head.count.into(),
                head.min_step.into(),
                head.max_step.into(),
                head.min_time.into(),
                head.max_time.into(),
                Arg::Bytes(data),
            ]
        })
        .collect();
    tx.insert_all(
        "INSERT INTO segments (run_id, key, seq, count, min_step, max_step, min_time, max_time, data) VALUES ",
        rows,
        "",
    )
    .await?;
    Ok(true)
}
