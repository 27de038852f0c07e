//! Drives a server: so many connections, each at work without a pause, for so many seconds.

use crate::process::own_cpu;
use crate::server::Server;
use crate::workload::Work;
use anyhow::{Context, Result};
use futures::future::join_all;
use hdrhistogram::Histogram;
use std::time::{Duration, Instant};

/// What a visit to a server gave.
pub struct Round {
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// Microseconds from sending to the end of the answer.
    pub latencies: Histogram<u64>,
    /// Points (of metrics) that were written or read.
    pub points: u64,
    /// Requests that failed.
    pub errors: u64,
    /// What the first of them said.
    pub first_error: Option<String>,
    /// Processor time of the load generator.
    pub own_cpu: Duration,
}

impl Round {
    /// A round in which nothing has happened yet.
    pub fn empty() -> Result<Round> {
        Ok(Round {
            elapsed: Duration::ZERO,
            latencies: Histogram::new_with_bounds(1, 600_000_000, 3).context("no histogram")?,
            points: 0,
            errors: 0,
            first_error: None,
            own_cpu: Duration::ZERO,
        })
    }

    /// Takes down a request's outcome: how many points it moved, and how long it took.
    pub fn note(&mut self, outcome: Result<u64>, took: Duration) {
        match outcome {
            Ok(points) => {
                self.latencies.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
                self.points += points;
            }
            Err(error) => {
                self.errors += 1;
                self.first_error.get_or_insert_with(|| format!("{error:#}"));
            }
        }
    }

    /// Adds what another connection did at the same time.
    fn add(&mut self, other: Round) -> Result<()> {
        self.latencies.add(&other.latencies).context("histograms differ")?;
        self.points += other.points;
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
        Ok(())
    }

    /// Joins what several connections did at the same time since `began`.
    pub fn join(parts: Vec<Round>, began: Instant, cpu_before: Duration) -> Result<Round> {
        let mut whole = Round::empty()?;
        for part in parts {
            whole.add(part)?;
        }
        whole.elapsed = began.elapsed();
        whole.own_cpu = own_cpu().saturating_sub(cpu_before);
        Ok(whole)
    }
}

/// Lets each piece of work run on a connection of its own until the time is up. What is under way then is finished, and
/// each does at least one request.
///
/// # Errors
/// When a connection can't be opened. Requests that fail are counted.
pub async fn drive(server: &Server, works: &mut [Work], limit: Duration) -> Result<Round> {
    let mut connections = Vec::with_capacity(works.len());
    for _ in 0..works.len() {
        connections.push(server.connect().await?);
    }
    let (cpu_before, began) = (own_cpu(), Instant::now());
    let each = works.iter_mut().zip(connections).map(|(work, mut connection)| async move {
        let mut round = Round::empty()?;
        loop {
            let sent = Instant::now();
            let outcome = work.once(&mut connection).await;
            round.note(outcome, sent.elapsed());
            if began.elapsed() >= limit {
                return Ok(round);
            }
            if round.errors > 0 && round.latencies.is_empty() {
                // A server that refuses everything isn't asked as fast as this machine can.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    });
    let parts: Result<Vec<Round>> = join_all(each).await.into_iter().collect();
    Round::join(parts?, began, cpu_before)
}

/// Half of the values are below it; the mean of the middle two where their number is even. 0 where there is none.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        count if count % 2 == 1 => values[middle],
        _ => (values[middle - 1] + values[middle]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_stand_in_the_middle() {
        for (values, expected) in
            [(vec![], 0.0), (vec![3.0], 3.0), (vec![9.0, 1.0, 2.0], 2.0), (vec![4.0, 1.0, 2.0, 100.0], 3.0)]
        {
            assert_eq!(median(values), expected);
        }
    }

    #[test]
    fn rounds_join_what_their_connections_did() {
        let part = |times: &[u64], errors: &[&str]| {
            let mut round = Round::empty().unwrap();
            times.iter().for_each(|ms| round.note(Ok(10), Duration::from_millis(*ms)));
            errors.iter().for_each(|text| round.note(Err(anyhow::anyhow!("{text}")), Duration::ZERO));
            round
        };
        let fast: Vec<u64> = vec![1; 98];
        let parts = vec![part(&fast, &[]), part(&[50, 80], &["broken", "again"])];
        let whole = Round::join(parts, Instant::now(), Duration::ZERO).unwrap();
        assert_eq!((whole.points, whole.errors), (1000, 2));
        assert_eq!(whole.first_error.as_deref(), Some("broken"));
        let quantile = |part| whole.latencies.value_at_quantile(part) / 1000;
        assert_eq!((quantile(0.5), quantile(0.99), quantile(1.0)), (1, 50, 80));
    }
}
