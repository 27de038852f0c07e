//! Mixed load on Runmark for a long time, and its memory meanwhile.
//!
//! Load comes in beats that a small team makes, well below what the server can do: the question is not how fast it is,
//! but whether its memory stays where it is.

use crate::client::Connection;
use crate::load::median;
use crate::server::{Kind, Peer, Programs, Server};
use crate::visit::say;
use crate::workload::{Case, Plan, Work, Workload, prepare};
use anyhow::{Context, Result, bail};
use futures::future::{join_all, select};
use serde::Serialize;
use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::pin::pin;
use std::time::{Duration, Instant};
use tokio::time::{Instant as Moment, interval, sleep_until};

/// How the memory stood at a time.
#[derive(Clone, Copy, Debug, Serialize)]
struct Sample {
    /// Minutes since the load began.
    minute: f64,
    /// Bytes of the server, and of its database.
    memory: u64,
    disk: u64,
}

/// What happened so far.
#[derive(Default)]
struct Tally {
    requests: u64,
    points: u64,
    errors: u64,
    first_error: Option<String>,
}

/// The parts of the mix, and how often each of a part's connections asks.
const MIX: [(Workload, Duration); 7] = [
    (Workload::BatchWide, Duration::from_millis(500)),
    (Workload::BatchLong, Duration::from_millis(500)),
    (Workload::BatchOne, Duration::from_millis(250)),
    (Workload::LogMetric, Duration::from_millis(250)),
    (Workload::CreateRun, Duration::from_millis(1000)),
    (Workload::Search1k, Duration::from_millis(500)),
    (Workload::Chart, Duration::from_millis(2000)),
];

/// What the server may take, and how much more in the last third of the time than in the second.
const LIMIT: u64 = 100_000_000;
const GROWTH: f64 = 1.1;

/// Runs the mix (`only` some of it, if any is named) on each kind of database for so many minutes, and prints the memory
/// over time.
///
/// # Errors
/// When a request fails, or memory doesn't stay below its limit and flat.
pub async fn run(
    programs: &Programs,
    kinds: &[Kind],
    only: &[Workload],
    minutes: f64,
    output: &Path,
) -> Result<()> {
    let mut complaints = Vec::new();
    for &kind in kinds {
        say(format!("\nmixed load on {}, {minutes} minutes", kind.title()));
        let server = Server::start(Peer::Runmark, kind, programs).await?;
        let (samples, tally) = soak(&server, only, Duration::from_secs_f64(minutes * 60.0)).await?;
        fs::create_dir_all(output).with_context(|| format!("can't make {}", output.display()))?;
        let file = output.join(format!("soak-{}.json", kind.title().to_lowercase()));
        fs::write(&file, serde_json::to_vec_pretty(&samples)?)
            .with_context(|| format!("can't write {}", file.display()))?;
        say(format!("{} requests, {} points, {} errors", tally.requests, tally.points, tally.errors));
        let found = tally.first_error.map(|error| format!("requests failed: {error}"));
        complaints
            .extend(found.into_iter().chain(judge(&samples)).map(|text| format!("{}: {text}", kind.title())));
    }
    if complaints.is_empty() {
        say("memory stayed below its limit and flat".to_owned());
        return Ok(());
    }
    bail!("{}", complaints.join("\n"))
}

async fn soak(server: &Server, only: &[Workload], length: Duration) -> Result<(Vec<Sample>, Tally)> {
    let plan = Plan { rounds: 1, seconds: 1.0, fleet_seconds: 1.0, scale: 1.0, everyone: false };
    let mut beating = Vec::new();
    for (workload, every) in
        MIX.into_iter().filter(|(workload, _)| only.is_empty() || only.contains(workload))
    {
        for Case { works, .. } in prepare(workload, server, &plan).await? {
            for work in works {
                beating.push((work, server.connect().await?, every));
            }
        }
    }
    let (began, tally) = (Instant::now(), RefCell::new(Tally::default()));
    let count = beating.len();
    let load = join_all(beating.into_iter().enumerate().map(|(place, (work, connection, every))| {
        let first = Moment::from_std(began) + every.mul_f64(place as f64 / count as f64);
        beat(work, connection, first, every, &tally)
    }));
    let mut samples = Vec::new();
    let watch = async {
        let mut tick = interval(Duration::from_secs_f64(length.as_secs_f64().clamp(10.0, 600.0) / 60.0));
        while began.elapsed() < length {
            tick.tick().await;
            let minute = began.elapsed().as_secs_f64() / 60.0;
            let sample = Sample { minute, memory: server.tree().memory(), disk: server.size()? };
            say(format!(
                "{minute:>7.1} min  memory {:>6.1} MB  disk {:>8.1} MB  {} requests",
                sample.memory as f64 / 1e6,
                sample.disk as f64 / 1e6,
                tally.borrow().requests
            ));
            samples.push(sample);
        }
        anyhow::Ok(())
    };
    // The load never ends by itself.
    if let futures::future::Either::Left((outcome, _)) = select(pin!(watch), pin!(load)).await {
        outcome?;
    }
    Ok((samples, tally.into_inner()))
}

/// One connection's part of the mix.
async fn beat(
    mut work: Work,
    mut connection: Connection,
    first: Moment,
    every: Duration,
    tally: &RefCell<Tally>,
) {
    let mut due = first;
    loop {
        sleep_until(due).await;
        let outcome = work.once(&mut connection).await;
        let mut tally = tally.borrow_mut();
        match outcome {
            Ok(points) => {
                tally.requests += 1;
                tally.points += points;
            }
            Err(error) => {
                tally.errors += 1;
                tally.first_error.get_or_insert_with(|| format!("{error:#}"));
            }
        }
        // Who comes late doesn't make up for it: the mix has a steady beat.
        due = (due + every).max(Moment::now());
    }
}

/// What is wrong with the memory: too much, or still growing.
fn judge(samples: &[Sample]) -> Vec<String> {
    let mut complaints = Vec::new();
    let peak = samples.iter().map(|sample| sample.memory).max().unwrap_or_default();
    if peak >= LIMIT {
        complaints.push(format!("memory reached {:.1} MB", peak as f64 / 1e6));
    }
    let third = samples.len() / 3;
    let middle = |part: &[Sample]| median(part.iter().map(|sample| sample.memory as f64));
    let (second, last) = (middle(&samples[third..2 * third]), middle(&samples[2 * third..]));
    if last > second * GROWTH {
        complaints.push(format!("memory grew from {:.1} to {:.1} MB", second / 1e6, last / 1e6));
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(megabytes: impl Fn(u64) -> u64, complaints: &[&str]) {
        let sample = |n: u64| Sample { minute: n as f64, memory: megabytes(n) * 1_000_000, disk: 0 };
        let found = judge(&(0..60).map(sample).collect::<Vec<_>>());
        assert_eq!(found, complaints);
    }

    #[test]
    fn memory_must_stay_low_and_flat() {
        check(|n| 60 + n % 3, &[]);
        check(|n| if n == 30 { 120 } else { 60 }, &["memory reached 120.0 MB"]);
        check(|n| 30 + n, &["memory grew from 59.5 to 79.5 MB"]);
    }
}
