//! Upkeep: what happens to logged points in the background. A moment after a commit they are folded into summaries; when
//! many blocks have gathered, or nothing comes any more, they are merged.
//!
//! Each process cares for the runs that were logged through it; what a process left behind that is gone, another one finds
//! after a while. All of it can be interrupted at any moment.

use super::{
    fold,
    merge::{self, Effort},
};
use crate::{
    Acting,
    error::Result,
    store::{self, Db},
};
use model::{ExperimentId, RunId};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout},
};

/// How long points wait to be folded, so that many are folded at once.
const FOLD_AFTER: Duration = Duration::from_millis(500);
/// How often runs are looked through for something to merge.
const MERGE_EVERY: Duration = Duration::from_secs(1);
/// Blocks and points of a run that are worth merging.
const BLOCKS: u64 = 128;
const POINTS: u64 = 100_000;
/// A run to which nothing was logged for so long rests.
const RESTS_AFTER: Duration = Duration::from_secs(15);
/// How often the database is asked for what other processes left behind.
const LOOK_AROUND_EVERY: Duration = Duration::from_secs(120);

/// Runs that are asked for at once whose summaries lack something.
const MOST_BEHIND: i64 = 10_000;

/// The background work on one database.
#[derive(Clone)]
pub(crate) struct Upkeep {
    db: Db,
    shared: Arc<Shared>,
}

struct Shared {
    loads: Mutex<HashMap<RunId, Load>>,
    /// Something was logged.
    logged: Notify,
    /// One fold at a time in this process: two would do the same work twice.
    folding: tokio::sync::Mutex<()>,
}

/// What waits for a run.
#[derive(Debug, Clone, Copy)]
struct Load {
    blocks: u64,
    points: u64,
    is_behind: bool,
    last: Instant,
}

impl Upkeep {
    /// For this database. Who makes it also runs [`Self::keep_folding`] and [`Self::keep_merging`].
    pub fn new(db: Db) -> Self {
        let shared =
            Shared { loads: Mutex::default(), logged: Notify::new(), folding: tokio::sync::Mutex::new(()) };
        Self { db, shared: Arc::new(shared) }
    }

    fn loads(&self) -> MutexGuard<'_, HashMap<RunId, Load>> {
        // A panic elsewhere doesn't make counters wrong in a way that matters.
        self.shared.loads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs and blocks that wait to be merged, as far as this process knows.
    pub fn waiting(&self) -> (u64, u64) {
        let loads = self.loads();
        (loads.len() as u64, loads.values().map(|load| load.blocks).sum())
    }

    /// To be told of each block that was written.
    pub fn was_logged_to(&self, run: RunId, points: usize) {
        let now = Instant::now();
        let mut loads = self.loads();
        let load = loads.entry(run).or_insert(Load { blocks: 0, points: 0, is_behind: true, last: now });
        *load =
            Load { blocks: load.blocks + 1, points: load.points + points as u64, is_behind: true, last: now };
        drop(loads);
        self.shared.logged.notify_one();
    }

    /// Brings the summaries of these runs up to what was logged before.
    pub async fn fold(&self, runs: &[RunId]) -> Result<()> {
        if runs.is_empty() {
            return Ok(());
        }
        let _one = self.shared.folding.lock().await;
        fold::fold(&self.db, runs).await
    }

    /// Sums up what is logged, a moment later, without end. It may be ended at any moment.
    pub async fn keep_folding(self) {
        let mut looked = Instant::now();
        loop {
            let _ = timeout(LOOK_AROUND_EVERY, self.shared.logged.notified()).await;
            sleep(FOLD_AFTER).await;
            // There may be something that another process left behind.
            let runs: Result<Vec<RunId>> = if looked.elapsed() < LOOK_AROUND_EVERY {
                Ok(self.take_behind())
            } else {
                looked = Instant::now();
                self.take_behind();
                store::block::behind(&self.db, MOST_BEHIND).await
            };
            let runs = runs.unwrap_or_else(|error| {
                tracing::warn!(%error, "can't look for metrics to sum up");
                Vec::new()
            });
            if self.fold(&runs).await.is_ok() {
                continue;
            }
            // One of them may be broken: the others shall not suffer for it. Whoever reads the summaries tries again too.
            for run in runs {
                if let Err(error) = self.fold(&[run]).await {
                    tracing::warn!(%error, %run, "metrics can't be summed up just now");
                }
            }
            sleep(Duration::from_secs(1)).await;
        }
    }

    fn take_behind(&self) -> Vec<RunId> {
        let mut loads = self.loads();
        let behind = loads.iter_mut().filter(|(_, load)| load.is_behind);
        behind
            .map(|(run, load)| {
                load.is_behind = false;
                *run
            })
            .collect()
    }

    /// Merges what is worth it, without end. It may be ended at any moment.
    pub async fn keep_merging(self) {
        let mut looked = None::<Instant>;
        loop {
            if looked.is_none_or(|looked| looked.elapsed() > LOOK_AROUND_EVERY) {
                looked = Some(Instant::now());
                if let Err(error) = self.look_around().await {
                    tracing::warn!(%error, "can't look for metrics to merge");
                }
            }
            if let Err(error) = self.forget_little().await {
                tracing::warn!(%error, "can't look for metrics to merge");
            }
            for (run, effort) in self.worth_merging() {
                let began = Instant::now();
                if let Err(error) = self.merge(run, effort).await {
                    tracing::warn!(%error, %run, "metrics can't be merged just now");
                }
                // Never more than half of the time, so that requests come first.
                sleep(began.elapsed()).await;
            }
            if let Err(error) = self.db.give_back_pages().await {
                tracing::warn!(%error, "free pages can't be given back");
            }
            sleep(MERGE_EVERY).await;
        }
    }

    /// Takes note of blocks that nobody in this process knows of.
    async fn look_around(&self) -> Result<()> {
        for (run, blocks, points) in store::block::waiting(&self.db).await? {
            let left = Load { blocks, points, is_behind: false, last: Instant::now() };
            self.loads().entry(run).or_insert(left);
        }
        Ok(())
    }

    /// Forgets resting runs with nothing but one small block, many at a time: they stay as they are.
    async fn forget_little(&self) -> Result<()> {
        let is_little = |load: &Load| {
            let is_small = load.blocks <= 1 && load.points <= store::block::SMALL;
            is_small && !load.is_behind && load.last.elapsed() >= RESTS_AFTER
        };
        let little: Vec<RunId> =
            self.loads().iter().filter(|(_, load)| is_little(load)).map(|(run, _)| *run).collect();
        for runs in little.chunks(1000) {
            let waiting: HashSet<RunId> =
                store::block::waiting_of(&self.db, runs).await?.into_iter().collect();
            let mut loads = self.loads();
            for run in runs {
                if !waiting.contains(run) && loads.get(run).is_some_and(is_little) {
                    loads.remove(run);
                }
            }
        }
        Ok(())
    }

    fn worth_merging(&self) -> Vec<(RunId, Effort)> {
        let mut worth: Vec<(RunId, Load)> = self.loads().iter().map(|(run, load)| (*run, *load)).collect();
        // Those that readers feel most first.
        worth.sort_unstable_by_key(|(_, load)| std::cmp::Reverse(load.blocks));
        worth
            .into_iter()
            .filter_map(|(run, load)| {
                if load.last.elapsed() >= RESTS_AFTER {
                    Some((run, Effort::Resting))
                } else if load.blocks >= BLOCKS || load.points >= POINTS {
                    Some((run, Effort::Running))
                } else {
                    None
                }
            })
            .collect()
    }

    /// Returns how many blocks were merged.
    async fn merge(&self, run: RunId, effort: Effort) -> Result<u64> {
        self.fold(&[run]).await?;
        let (blocks, points) = merge::merge(&self.db, run, effort).await?;
        let mut loads = self.loads();
        let Some(load) = loads.get_mut(&run) else { return Ok(blocks) };
        load.blocks = load.blocks.saturating_sub(blocks);
        load.points = load.points.saturating_sub(points);
        // Nothing left, or another process took it over: what is logged from now on makes it known again.
        if effort == Effort::Resting
            && (blocks == 0 || load.blocks == 0)
            && load.last.elapsed() >= RESTS_AFTER
        {
            loads.remove(&run);
        }
        Ok(blocks)
    }

    /// Folds and merges all there is, as would happen in time if nothing more were logged.
    pub async fn finish(&self) -> Result<()> {
        loop {
            self.fold(&store::block::behind(&self.db, MOST_BEHIND).await?).await?;
            let waiting = store::block::waiting(&self.db).await?;
            if waiting.is_empty() {
                while self.db.give_back_pages().await? {}
                return Ok(());
            }
            for (run, ..) in waiting {
                let merged = self.merge(run, Effort::Resting).await?;
                if merged == 0 {
                    // Another process is at this run.
                    sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }
}

impl Acting {
    /// Waits until the summaries of these runs hold all that was logged before. Whoever reads summaries calls it first.
    pub(crate) async fn up_to_date(&self, runs: &[RunId]) -> Result<()> {
        let behind = store::block::behind_of(&self.domain.db, runs).await?;
        self.domain.upkeep.fold(&behind).await
    }

    /// As [`Self::up_to_date`], for all runs of some experiments.
    pub(crate) async fn experiments_up_to_date(&self, experiments: &[ExperimentId]) -> Result<()> {
        let behind = store::block::behind_in(&self.domain.db, experiments).await?;
        self.domain.upkeep.fold(&behind).await
    }
}
