//! Folding: what commits brought to runs goes into the summaries of their metrics.
//!
//! It happens a moment after the commit, for all that came in between, or when somebody wants to read summaries, who waits
//! for it. A point logged twice is one point, so that a client may try again: points are compared with stored ones if they
//! reach into the range of both the old steps and the old times. A client that logs forward never pays for it.

use super::{off_the_async_threads, sheet};
use crate::{
    error::Result,
    store::{
        self, Db, Tx,
        block::{Claim, gather},
        segment::Bounds,
    },
};
use model::{
    RunId,
    metric::{MetricSummary, Point},
};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Blocks of one run folded at once, at most.
const BLOCKS: i64 = 256;
/// Summaries written in one transaction, about: others wait for it.
const SUMMARIES: usize = 2000;

/// What the blocks of a run bring to its metrics, in the order of their names: so the rows of summaries lie.
struct Gathered {
    claim: Claim,
    metrics: BTreeMap<String, Vec<Point>>,
}

/// Brings the summaries of these runs up to what was logged when this was called.
///
/// # Errors
/// If the database fails.
pub async fn fold(db: &Db, runs: &[RunId]) -> Result<()> {
    // In the order of ids, as the writer goes, so that nobody waits for another in a circle.
    let mut runs: BTreeSet<RunId> = runs.iter().copied().collect();
    let mut targets = HashMap::new();
    // Another process may take some of a run first, and less than there is now: then the rest is still to be done.
    while !runs.is_empty() {
        runs = fold_once(db, &runs, &mut targets).await?;
    }
    Ok(())
}

/// Folds each run up to its target, which is set when it is first seen. Returns the runs that another process was at too.
async fn fold_once(
    db: &Db,
    runs: &BTreeSet<RunId>,
    targets: &mut HashMap<RunId, i64>,
) -> Result<BTreeSet<RunId>> {
    let mut lost = BTreeSet::new();
    let mut waiting: Vec<Gathered> = Vec::new();
    let mut summaries = 0;
    for &run in runs {
        let Some(progress) = store::block::progress(db, run).await? else { continue };
        let until = *targets.entry(run).or_insert(progress.next_seq - 1);
        let mut from = progress.folded_seq;
        while from < until {
            let blocks = store::block::between(&mut &*db, run, from, until, BLOCKS).await?;
            let Some(to) = blocks.last().map(|block| block.seq) else {
                let now = store::block::progress(db, run).await?;
                if now.is_some_and(|now| now.folded_seq == progress.folded_seq) {
                    // Nothing brings them back, and the others shall not suffer for it.
                    tracing::error!(%run, from, until, "blocks are missing; summaries lack what was in them");
                    break;
                }
                // They were folded and merged since.
                lost.insert(run);
                break;
            };
            let gathered = Gathered {
                claim: Claim { run, from, to },
                metrics: off_the_async_threads(move || gather(&blocks)).await??.into_iter().collect(),
            };
            summaries += gathered.metrics.len();
            waiting.push(gathered);
            from = to;
            // Two parts of one run never share a transaction: the second builds on the first.
            if summaries >= SUMMARIES || from < until {
                lost.extend(write(db, std::mem::take(&mut waiting)).await?);
                summaries = 0;
            }
        }
    }
    lost.extend(write(db, waiting).await?);
    Ok(lost)
}

/// Writes what these runs' blocks bring. Returns those of the runs that another process folded meanwhile; nothing was written
/// for them.
async fn write(db: &Db, gathered: Vec<Gathered>) -> Result<Vec<RunId>> {
    if gathered.is_empty() {
        return Ok(Vec::new());
    }
    let mut tx = db.begin_upkeep().await?;
    let claims: Vec<Claim> = gathered.iter().map(|run| run.claim).collect();
    let ids: Vec<RunId> = claims.iter().map(|claim| claim.run).collect();
    let held = store::run::hold(&mut tx, &ids).await?;
    let claimed: HashSet<RunId> = store::block::claim(&mut tx, &claims).await?.into_iter().collect();
    let (gathered, lost): (Vec<&Gathered>, Vec<&Gathered>) =
        gathered.iter().partition(|run| claimed.contains(&run.claim.run));
    let mut known = known_summaries(&mut tx, &gathered).await?;
    let mut summaries = Vec::new();
    let mut sheets = Vec::new();
    for run in gathered {
        let id = run.claim.run;
        let Some(experiment) = held.get(&id).copied() else { continue };
        let mut of_run = known.remove(&id).unwrap_or_default();
        for (key, points) in fresh_points(&mut tx, run, &of_run.summaries).await? {
            let summary = of_run.summaries.remove(key);
            if let Some(summary) = extended(key, summary.clone(), &points) {
                of_run.summaries.insert(key.to_owned(), summary.clone());
                summaries.push((id, experiment, summary));
            } else if let Some(summary) = summary {
                of_run.summaries.insert(key.to_owned(), summary);
            }
        }
        if of_run.are_all {
            sheets.push((id, sheet::pack(of_run.summaries.values())));
        }
    }
    store::metric::set(&mut tx, &summaries).await?;
    store::sheet::set(&mut tx, sheets).await?;
    tx.commit().await?;
    Ok(lost.iter().map(|run| run.claim.run).collect())
}

/// Summaries of a run's metrics, by name.
#[derive(Default)]
struct Known {
    summaries: BTreeMap<String, MetricSummary>,
    /// Not only those that were asked for.
    are_all: bool,
}

/// What is known of the runs' metrics: of all, where one row says it, or where it isn't known how many there are; else of
/// those that are to be changed.
async fn known_summaries(tx: &mut Tx, gathered: &[&Gathered]) -> Result<HashMap<RunId, Known>> {
    let runs: Vec<RunId> = gathered.iter().map(|run| run.claim.run).collect();
    let by_name = |summaries: Vec<MetricSummary>| -> BTreeMap<String, MetricSummary> {
        summaries.into_iter().map(|summary| (summary.key.clone(), summary)).collect()
    };
    let mut known = HashMap::with_capacity(runs.len());
    let mut wide = Vec::new();
    let mut sheets = store::sheet::find(tx, &runs).await?;
    let without: Vec<RunId> = runs.iter().copied().filter(|run| !sheets.contains_key(run)).collect();
    let mut rows = store::metric::summaries(tx, &without, None).await?;
    for run in gathered {
        let id = run.claim.run;
        let all = match sheets.remove(&id) {
            Some(None) => {
                wide.extend(run.metrics.keys().map(|key| (id, key.as_str())));
                continue;
            }
            Some(Some(summaries)) => summaries,
            None => rows.remove(&id).unwrap_or_default(),
        };
        known.insert(id, Known { summaries: by_name(all), are_all: true });
    }
    for ((run, key), summary) in store::metric::find(tx, &wide).await? {
        known.entry(run).or_default().summaries.insert(key, summary);
    }
    Ok(known)
}

/// The points that the run's metrics don't have yet, each once.
async fn fresh_points<'a>(
    tx: &mut Tx,
    run: &'a Gathered,
    known: &BTreeMap<String, MetricSummary>,
) -> Result<Vec<(&'a str, Vec<Point>)>> {
    let overlapping: Vec<(&str, Bounds)> = run
        .metrics
        .iter()
        .filter_map(|(key, points)| {
            let known = known.get(key)?;
            let bounds = Bounds::of(points);
            let overlaps = bounds.steps.0 <= known.last_step
                && bounds.steps.1 >= known.first_step
                && bounds.times.0 <= known.last_time
                && bounds.times.1 >= known.first_time;
            overlaps.then_some((key.as_str(), bounds))
        })
        .collect();
    let mut stored = stored_points(tx, run, &overlapping).await?;
    Ok(run
        .metrics
        .iter()
        .map(|(key, points)| {
            let mut seen = stored.remove(key.as_str()).unwrap_or_default();
            (key.as_str(), points.iter().copied().filter(|point| seen.insert(*point)).collect())
        })
        .collect())
}

/// Points that some metrics had before, at least those within their bounds.
async fn stored_points<'a>(
    tx: &mut Tx,
    run: &Gathered,
    wanted: &[(&'a str, Bounds)],
) -> Result<HashMap<&'a str, HashSet<Point>>> {
    let mut stored: HashMap<&str, HashSet<Point>> = HashMap::new();
    let Some(whole) = wanted.iter().map(|(_, bounds)| *bounds).reduce(Bounds::and) else { return Ok(stored) };
    let mut points = Vec::new();
    let mut after = 0;
    // Blocks before segments: what is merged in between is then seen twice rather than never.
    loop {
        let blocks = store::block::between(tx, run.claim.run, after, run.claim.from, BLOCKS).await?;
        let Some(last) = blocks.last() else { break };
        after = last.seq;
        for block in &blocks {
            block.read(|block| {
                for (key, _) in wanted {
                    block.points_of(key, &mut points)?;
                    stored.entry(key).or_default().extend(points.drain(..));
                }
                Ok(())
            })?;
        }
    }
    let keys: HashMap<&str, &'a str> = wanted.iter().map(|(key, _)| (*key, *key)).collect();
    let names: Vec<&str> = keys.values().copied().collect();
    for segment in store::segment::within(tx, run.claim.run, &names, whole).await? {
        points.clear();
        segment.unpack(&mut points)?;
        if let Some(key) = keys.get(segment.key.as_str()) {
            stored.entry(key).or_default().extend(points.drain(..));
        }
    }
    Ok(stored)
}

/// The summary with the new points in it; `None` if there are none.
fn extended(key: &str, known: Option<MetricSummary>, points: &[Point]) -> Option<MetricSummary> {
    let (first, rest) = points.split_first()?;
    let mut summary = match known {
        Some(mut summary) => {
            summary.add(*first);
            summary
        }
        None => MetricSummary::of(key, *first),
    };
    for point in rest {
        summary.add(*point);
    }
    Some(summary)
}
