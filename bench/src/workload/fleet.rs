//! A thousand runs that log at once, each in its own time.

use super::log::Log;
use super::{Plan, seed};
use crate::load::Round;
use crate::points::Points;
use crate::process::own_cpu;
use crate::server::Server;
use anyhow::Result;
use futures::future::join_all;
use std::time::{Duration, Instant};
use tokio::time::sleep_until;

const RUNS: usize = 1000;

/// What a training loop logs at a time.
const METRICS: usize = 10;

/// Every run has a connection and logs once a second: nine in ten a batch of ten metrics, one in ten a single metric.
/// Times count from when a request was due, so a server that falls behind can't hide it.
pub async fn run(server: &Server, plan: &Plan) -> Result<(String, Round)> {
    let count = plan.scaled(RUNS);
    let runs = seed::runs(server, "fleet", count).await?;
    let name = format!("{count} runs log {METRICS} metrics a second, {:.0} s", plan.fleet_seconds);
    let mut members = Vec::with_capacity(count);
    for (seed, run) in (0..).zip(&runs) {
        let log = if seed % 10 == 9 {
            Log::new(server, "/runs/log-metric", Points::single(run, "metric_0000", seed))
        } else {
            Log::new(server, "/runs/log-batch", Points::batch(run, METRICS, 1, seed))
        };
        members.push((log, server.connect().await?));
    }
    let (cpu_before, began) = (own_cpu(), Instant::now());
    let end = began + Duration::from_secs_f64(plan.fleet_seconds);
    let each = members.into_iter().enumerate().map(|(place, (mut log, mut connection))| async move {
        let mut round = Round::empty()?;
        let mut due = began + Duration::from_secs_f64(place as f64 / count as f64);
        while due < end && Instant::now() < end {
            sleep_until(due.into()).await;
            let outcome = log.once(&mut connection).await;
            round.note(outcome, due.elapsed());
            due += Duration::from_secs(1);
        }
        Ok(round)
    });
    let parts: Result<Vec<Round>> = join_all(each).await.into_iter().collect();
    Ok((name, Round::join(parts?, began, cpu_before)?))
}
