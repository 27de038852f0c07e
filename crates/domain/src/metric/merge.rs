//! Merging: blocks of a run become segments of its metrics, and small segments big ones.
//!
//! It's a log-structured merge tree whose files are rows. Nothing is changed in place: a transaction puts new segments where
//! old ones were, and it fails if somebody else took those away, so that any number of processes may merge. Readers look at
//! blocks before segments; should they see the same points twice, they are still one point.
//! While a run is logged to, segments wait until there are enough of a size (so that each point is rewritten a few times in
//! its life, however long the run is); when it rests, all that is small is merged and compressed.

use super::{
    off_the_async_threads,
    segment::{self, MOST_POINTS, Packing},
};
use crate::{
    error::Result,
    store::{
        self, Db,
        block::gather,
        segment::{Bounds, Head, NewSegment, StoredSegment},
    },
};
use model::{RunId, metric::Point};
use std::collections::HashMap;

/// Points of blocks merged at once, at most: 24 bytes each in memory.
const POINTS: usize = 250_000;
/// Blocks merged at once, at most.
const BLOCKS: i64 = 1024;
/// Metrics and points that one transaction writes, about: others wait for it.
const METRICS_A_TIME: usize = 500;
const POINTS_A_TIME: usize = 200_000;
/// Segments of a size that make one of the next.
const TIER: u32 = 8;
/// Segments above it stay as they are.
const LARGE: usize = MOST_POINTS / 2;

/// How thoroughly to merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// The run goes on: as little as keeps reading fast.
    Running,
    /// Nothing comes for a while: as small as it gets.
    Resting,
}

/// What merging one metric takes and gives.
struct Plan {
    key: String,
    points: Vec<Point>,
    joined: Vec<Head>,
    next_seq: i64,
}

/// The blocks that are merged: all of the run's up to a number.
#[derive(Clone, Copy)]
struct Taken {
    until: i64,
    blocks: u64,
}

/// Merges a run's folded blocks into segments, and small segments. Returns how many blocks and points are no longer waiting;
/// nothing if another process is at the same.
///
/// # Errors
/// If the database fails, or a row can't be read.
pub async fn merge(db: &Db, run: RunId, effort: Effort) -> Result<(u64, u64)> {
    let Some(progress) = store::block::progress(db, run).await? else { return Ok((0, 0)) };
    let mut blocks = store::block::between(&mut &*db, run, 0, progress.folded_seq, BLOCKS).await?;
    let mut total = 0;
    let fitting = blocks.iter().take_while(|block| {
        total += usize::try_from(block.count).unwrap_or_default();
        total <= POINTS
    });
    let fitting = fitting.count().max(1);
    blocks.truncate(fitting);
    let tails = store::segment::tails(db, run, LARGE).await?;
    if let [block] = blocks.as_slice()
        && progress.is_only(block)
        && tails.is_empty()
    {
        return Ok((0, 0));
    }
    let merged_blocks = blocks.len() as u64;
    let taken = blocks.last().map(|block| Taken { until: block.seq, blocks: merged_blocks });
    let points: u64 = blocks.iter().map(|block| block.count.unsigned_abs()).sum();
    let metrics = off_the_async_threads(move || gather(&blocks)).await??;
    let mut plans = plan(run, metrics, tails, effort).into_iter().peekable();
    if plans.peek().is_none() {
        return Ok((0, 0));
    }
    while plans.peek().is_some() {
        let (mut some, mut size) = (Vec::new(), 0);
        while let Some(plan) =
            plans.next_if(|_| some.len() < METRICS_A_TIME && (size < POINTS_A_TIME || some.is_empty()))
        {
            size += plan.points.len() + count_of(&plan.joined);
            some.push(plan);
        }
        // Blocks go with the last of their points: until then these are twice there, which does no harm.
        let remove = taken.filter(|_| plans.peek().is_none());
        match write(db, run, some, effort, remove).await {
            Ok(true) => {}
            Ok(false) => return Ok((0, 0)),
            Err(error) if error.is_duplicate() => return Ok((0, 0)),
            Err(error) => return Err(error),
        }
    }
    Ok((merged_blocks, points))
}

/// What to do for each metric. `tails` are in the order of keys and numbers.
fn plan(run: RunId, metrics: HashMap<String, Vec<Point>>, tails: Vec<Head>, effort: Effort) -> Vec<Plan> {
    let mut of_key: HashMap<String, Vec<Head>> = HashMap::new();
    for head in tails {
        of_key.entry(head.key.clone()).or_default().push(head);
    }
    let mut plans: Vec<Plan> = metrics
        .into_iter()
        .map(|(key, points)| {
            let tails = of_key.remove(&key).unwrap_or_default();
            plan_metric(key, points, tails, effort)
        })
        .collect();
    // A resting run's other metrics, whose segments were left small.
    plans.extend(of_key.into_iter().map(|(key, tails)| plan_metric(key, Vec::new(), tails, effort)));
    plans.retain(|plan| !plan.points.is_empty() || plan.joined.len() > 1);
    plans.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    tracing::debug!(%run, metrics = plans.len(), "merging");
    plans
}

fn plan_metric(key: String, points: Vec<Point>, mut tails: Vec<Head>, effort: Effort) -> Plan {
    let next_seq = tails.iter().map(|head| head.seq).max().unwrap_or(0) + 1;
    tails.retain(|head| size(head) < LARGE);
    let joined = match effort {
        Effort::Resting => tails,
        Effort::Running => {
            let mut joined: Vec<Head> = Vec::new();
            let mut size_so_far = points.len();
            while size_so_far > 0 {
                let alike =
                    tails.iter().rev().take_while(|head| tier(size(head)) <= tier(size_so_far)).count();
                if alike + 1 < TIER as usize {
                    break;
                }
                let more = tails.split_off(tails.len() - alike);
                size_so_far += count_of(&more);
                joined.extend(more);
            }
            joined
        }
    };
    Plan { key, points, joined, next_seq }
}

fn size(head: &Head) -> usize {
    usize::try_from(head.count).unwrap_or_default()
}

fn count_of(heads: &[Head]) -> usize {
    heads.iter().map(size).sum()
}

fn tier(points: usize) -> u32 {
    points.max(1).ilog(TIER as usize)
}

async fn write(db: &Db, run: RunId, plans: Vec<Plan>, effort: Effort, remove: Option<Taken>) -> Result<bool> {
    let joined: Vec<Head> = plans.iter().flat_map(|plan| plan.joined.iter().cloned()).collect();
    let joined: Vec<&Head> = joined.iter().collect();
    let old = store::segment::get(&mut &*db, &joined).await?;
    if old.len() != joined.len() {
        return Ok(false);
    }
    let new = off_the_async_threads(move || merged(run, plans, &old, effort)).await??;
    let mut tx = db.begin_upkeep().await?;
    if !store::segment::replace(&mut tx, &joined, new).await? {
        return Ok(false);
    }
    if let Some(Taken { until, blocks }) = remove
        && store::block::remove(&mut tx, run, until).await? != blocks
    {
        return Ok(false);
    }
    tx.commit().await?;
    Ok(true)
}

fn merged(run: RunId, plans: Vec<Plan>, old: &[StoredSegment], effort: Effort) -> Result<Vec<NewSegment>> {
    let mut of_key: HashMap<&str, Vec<&StoredSegment>> = HashMap::new();
    for segment in old {
        of_key.entry(&segment.key).or_default().push(segment);
    }
    let mut new = Vec::new();
    for Plan { key, mut points, next_seq, .. } in plans {
        for segment in of_key.remove(key.as_str()).unwrap_or_default() {
            segment.unpack(&mut points)?;
        }
        points.sort_unstable_by(Point::history_order);
        points.dedup();
        // Parts of one size rather than a full one and a rest.
        let parts = points.len().div_ceil(MOST_POINTS).max(1);
        let packing = match effort {
            Effort::Running if points.len() < MOST_POINTS / 4 => Packing::Quick,
            _ => Packing::Small,
        };
        for (seq, part) in (next_seq..).zip(points.chunks(points.len().div_ceil(parts).max(1))) {
            let data = segment::pack(part, packing);
            new.push(NewSegment { head: head(run, &key, seq, part), data });
        }
    }
    Ok(new)
}

fn head(run: RunId, key: &str, seq: i64, points: &[Point]) -> Head {
    let Bounds { steps: (min_step, max_step), times: (min_time, max_time) } = Bounds::of(points);
    Head {
        run_id: run.0,
        key: key.to_owned(),
        seq,
        count: i64::try_from(points.len()).unwrap_or(i64::MAX),
        min_step,
        max_step,
        min_time,
        max_time,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run that logs without end: each merge brings so many points.
    fn check_running(brought: usize, merges: usize, most_segments: usize, most_rewrites: f64) {
        let (mut tails, mut rewritten, mut most): (Vec<Head>, usize, usize) = (Vec::new(), 0, 0);
        for at in 0..merges {
            let point = |i: usize| Point { step: (at * brought + i) as i64, timestamp: 0, value: 0.0 };
            let points: Vec<Point> = (0..brought).map(point).collect();
            let plan = plan_metric("loss".to_owned(), points, tails.clone(), Effort::Running);
            tails.retain(|head| !plan.joined.contains(head));
            let size = brought + count_of(&plan.joined);
            rewritten += size;
            let all: Vec<Point> = (0..size).map(point).collect();
            tails.push(head(RunId(uuid::Uuid::nil()), "loss", plan.next_seq, &all));
            most = most.max(tails.iter().filter(|head| super::size(head) < LARGE).count());
        }
        assert!(most <= most_segments, "{most} small segments");
        let rewrites = rewritten as f64 / (brought * merges) as f64;
        assert!(rewrites <= most_rewrites, "each point is written {rewrites} times");
    }

    #[test]
    fn a_long_run_has_few_small_segments_and_rewrites_each_point_seldom() {
        check_running(1, 20_000, 40, 6.0);
        check_running(128, 1000, 20, 4.0);
        check_running(10_000, 20, 1, 1.0);
    }

    #[test]
    fn a_resting_run_leaves_nothing_small() {
        let small = |seq| {
            head(RunId(uuid::Uuid::nil()), "loss", seq, &[Point { step: seq, timestamp: 0, value: 0.0 }])
        };
        let plan =
            plan_metric("loss".to_owned(), Vec::new(), vec![small(1), small(2), small(5)], Effort::Resting);
        assert_eq!((plan.joined.len(), plan.next_seq), (3, 6));
    }
}
