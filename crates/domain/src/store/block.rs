//! Blocks: what commits brought to runs, and how far they are folded into summaries.
//!
//! Besides [`append`], these are for the metric store's own upkeep, which works for no caller and gives nothing out.

use super::{Arg, Db, Query, Sql, Tx, sql};
use crate::{
    error::{Error, Result},
    gate::{Edit, RunGrant},
    metric::block::{Block, BlockError},
};
use model::{ExperimentId, RunId, metric::Point};
use std::collections::HashMap;
use uuid::Uuid;

/// The number of a run's first block.
const FIRST: i64 = 1;
/// A run with nothing but a first block of so many points stays as it is: rows of their own for its metrics would take more.
pub(crate) const SMALL: u64 = 256;

/// What one commit brings to a run.
pub(crate) struct NewBlock<'a> {
    pub run: &'a RunGrant<Edit>,
    pub count: usize,
    pub data: Vec<u8>,
}

/// Appends a block to each of these runs, which must differ and be in the order of their ids, so that processes that
/// write to the same runs wait for each other in that order and never in a circle. Until the transaction ends nobody else
/// writes to these runs' blocks.
pub(crate) async fn append(tx: &mut Tx, blocks: Vec<NewBlock<'_>>) -> Result<()> {
    let journals =
        blocks.iter().map(|block| vec![block.run.id().into(), (FIRST + 1).into(), 0.into(), true.into()]);
    let places: Vec<(Uuid, i64)> = tx
        .insert_returning(
            "INSERT INTO journals (run_id, next_seq, folded_seq, is_behind) VALUES ",
            journals.collect(),
            " ON CONFLICT (run_id) DO UPDATE SET next_seq = journals.next_seq + 1, is_behind = TRUE RETURNING run_id, next_seq",
        )
        .await?;
    let places: HashMap<Uuid, i64> = places.into_iter().collect();
    let place = |run: RunId| {
        let next = places.get(&run.0).ok_or_else(|| Error::Fault("a journal just written is gone".into()))?;
        Ok::<_, Error>(next - 1)
    };
    let rows = blocks
        .into_iter()
        .map(|NewBlock { run, count, data }| {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            Ok(vec![run.id().into(), place(run.id())?.into(), count.into(), Arg::Bytes(data)])
        })
        .collect::<Result<Vec<_>>>()?;
    tx.insert_all("INSERT INTO blocks (run_id, seq, count, data) VALUES ", rows, "").await
}

/// Those of the runs whose summaries lack something.
pub(crate) async fn behind_of(mut db: &Db, runs: &[RunId]) -> Result<Vec<RunId>> {
    let mut behind = Vec::new();
    for runs in runs.chunks(1000) {
        let mut select = sql("SELECT run_id FROM journals WHERE is_behind AND run_id IN ");
        select.push_list(runs.iter().copied());
        behind.extend(ids(db.all(select).await?));
    }
    Ok(behind)
}

/// The runs in these experiments whose summaries lack something.
pub(crate) async fn behind_in(mut db: &Db, experiments: &[ExperimentId]) -> Result<Vec<RunId>> {
    // Two steps, since a planner might begin with all runs of the experiments. Mostly the first finds nothing.
    let all = ids(db.all(sql("SELECT run_id FROM journals WHERE is_behind")).await?);
    let mut behind = Vec::new();
    for runs in all.chunks(1000) {
        let mut select = sql("SELECT id FROM runs WHERE id IN ");
        select.push_list(runs.iter().copied());
        select.push(" AND experiment_id IN ").push_list(experiments.iter().copied());
        behind.extend(ids(db.all(select).await?));
    }
    Ok(behind)
}

/// All runs whose summaries lack something, `most` at most.
pub(crate) async fn behind(mut db: &Db, most: i64) -> Result<Vec<RunId>> {
    Ok(ids(db.all(sql("SELECT run_id FROM journals WHERE is_behind LIMIT $1").bind(most)).await?))
}

fn ids(rows: Vec<(Uuid,)>) -> Vec<RunId> {
    rows.into_iter().map(|(id,)| RunId(id)).collect()
}

/// How far a run is written and folded.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub(crate) struct Progress {
    pub next_seq: i64,
    pub folded_seq: i64,
}

impl Progress {
    /// Whether this block is all that there is in blocks, and small.
    pub fn is_only(&self, block: &StoredBlock) -> bool {
        block.seq == FIRST && self.next_seq == FIRST + 1 && block.count.unsigned_abs() <= SMALL
    }
}

/// How far a run is; `None` if nothing was logged to it.
pub(crate) async fn progress(mut db: &Db, run: RunId) -> Result<Option<Progress>> {
    db.first(sql("SELECT next_seq, folded_seq FROM journals WHERE run_id = $1").bind(run)).await
}

/// A block as it lies there.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct StoredBlock {
    pub run_id: Uuid,
    pub seq: i64,
    pub count: i64,
    pub data: Vec<u8>,
}

impl StoredBlock {
    /// Reads from it.
    pub fn read<T>(&self, read: impl FnOnce(Block<'_>) -> Result<T, BlockError>) -> Result<T> {
        Block::open(&self.data).and_then(read).map_err(|error| self.broken(error))
    }

    fn broken(&self, error: BlockError) -> Error {
        Error::BrokenRow {
            table: "blocks",
            column: "data",
            row: format!("{} {}", RunId(self.run_id), self.seq),
            reason: error.to_string(),
        }
    }
}

const COLUMNS: &str = "SELECT run_id, seq, count, data FROM blocks WHERE ";

/// Some of a run's blocks, in order, after one number and up to another.
pub(crate) async fn between(
    on: &mut impl Query,
    run: RunId,
    after: i64,
    until: i64,
    most: i64,
) -> Result<Vec<StoredBlock>> {
    let mut select = sql(COLUMNS);
    select.push("run_id = ").push_bind(run).push(" AND seq > ").push_bind(after).push(" AND seq <= ");
    select.push_bind(until).push(" ORDER BY seq LIMIT ").push_bind(most);
    on.all(select).await
}

/// All blocks of some runs.
pub(crate) async fn of_runs<L>(mut db: &Db, runs: &[RunGrant<L>]) -> Result<Vec<StoredBlock>> {
    let mut select: Sql = sql(COLUMNS);
    select.push("run_id IN ").push_list(runs.iter().map(RunGrant::id));
    db.all(select).await
}

/// All points of these blocks, by metric.
pub(crate) fn gather(blocks: &[StoredBlock]) -> Result<HashMap<String, Vec<Point>>> {
    let mut metrics = HashMap::new();
    blocks.iter().try_for_each(|block| block.read(|block| block.add_to(&mut metrics)))?;
    Ok(metrics)
}

/// How far a run gets by a fold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claim {
    pub run: RunId,
    pub from: i64,
    pub to: i64,
}

/// Says of runs, in the order of their ids, that they are folded up to there. Returns those of them that nobody else folded
/// meanwhile.
pub(crate) async fn claim(tx: &mut Tx, claims: &[Claim]) -> Result<Vec<RunId>> {
    // What an insertion would bring carries the old number, to be compared, in `next_seq`.
    let rows = claims
        .iter()
        .map(|claim| vec![claim.run.into(), claim.from.into(), claim.to.into(), false.into()])
        .collect();
    let claimed = tx
        .insert_returning(
            "INSERT INTO journals (run_id, next_seq, folded_seq, is_behind) VALUES ",
            rows,
            " ON CONFLICT (run_id) DO UPDATE SET folded_seq = excluded.folded_seq, is_behind = journals.next_seq > excluded.folded_seq + 1
              WHERE journals.folded_seq = excluded.next_seq RETURNING run_id",
        )
        .await?;
    Ok(ids(claimed))
}

/// Removes a run's blocks up to a number. Returns how many there were.
pub(crate) async fn remove(tx: &mut Tx, run: RunId, until: i64) -> Result<u64> {
    tx.execute(sql("DELETE FROM blocks WHERE run_id = $1 AND seq <= $2").bind(run).bind(until)).await
}

/// Those of the runs that have blocks which are worth merging when the run rests.
pub(crate) async fn waiting_of(mut db: &Db, runs: &[RunId]) -> Result<Vec<RunId>> {
    let mut select = sql("SELECT DISTINCT run_id FROM blocks WHERE (seq > 1 OR count > 256) AND run_id IN ");
    select.push_list(runs.iter().copied());
    Ok(ids(db.all(select).await?))
}

/// All runs with blocks that are worth merging when the run rests, with how many such blocks and points.
pub(crate) async fn waiting(mut db: &Db) -> Result<Vec<(RunId, u64, u64)>> {
    // The condition of the index, to the letter: FIRST and SMALL.
    let rows: Vec<(Uuid, i64, i64)> = db
        .all(sql("SELECT run_id, COUNT(*), CAST(SUM(count) AS BIGINT) FROM blocks WHERE seq > 1 OR count > 256 GROUP BY run_id"))
        .await?;
    Ok(rows
        .into_iter()
        .map(|(run, blocks, points)| (RunId(run), blocks.unsigned_abs(), points.unsigned_abs()))
        .collect())
}
