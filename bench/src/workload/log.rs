//! Logging metrics: big batches, batches of one, and log-metric.

use super::seed::{self, API};
use super::{Case, Work};
use crate::client::Connection;
use crate::points::Points;
use crate::server::Server;
use anyhow::Result;

/// A connection that logs.
pub struct Log {
    request: Vec<u8>,
    head: usize,
    points: Points,
}

impl Log {
    /// Logs what `points` writes.
    pub fn new(server: &Server, path: &str, points: Points) -> Log {
        let request = server.post_head(&format!("{API}{path}"), "application/json", points.len());
        Log { head: request.len(), request, points }
    }

    /// Sends the next points.
    pub async fn once(&mut self, connection: &mut Connection) -> Result<u64> {
        self.points.write(&mut self.request, self.head);
        connection.succeed(&self.request).await?;
        Ok(self.points.count())
    }

    /// Sends the next points, again and again if need be.
    pub async fn insist(&mut self, connection: &mut Connection) -> Result<()> {
        self.points.write(&mut self.request, self.head);
        seed::insist(connection, &self.request).await
    }
}

/// log-batch of so many metrics at so many steps, each connection with its own run.
pub async fn batches(server: &Server, keys: usize, steps: usize) -> Result<Vec<Case>> {
    let runs = seed::runs(server, &format!("{keys} x {steps}"), 8).await?;
    let work = |(seed, run): (u64, &String)| {
        Work::Log(Log::new(server, "/runs/log-batch", Points::batch(run, keys, steps, seed)))
    };
    let name = format!("log-batch, {keys} metrics x {steps} steps, 8 connections");
    Ok(vec![Case::new(name, (0..).zip(&runs).map(work).collect())])
}

/// One metric at a time: many connections of which eight share a run and its series, and few of one run each, which
/// servers with a fixed number of workers are best at.
pub async fn small(server: &Server, batch: bool) -> Result<Vec<Case>> {
    let what = if batch { "log-batch of one metric" } else { "log-metric" };
    let mut cases = Vec::new();
    for to_a_run in [8, 1] {
        let runs = seed::runs(server, &format!("{what}, {to_a_run} to a run"), 8).await?;
        let places =
            (0..).zip(&runs).flat_map(|(number, run)| (0..to_a_run).map(move |place| (number, run, place)));
        let works = places.map(|(number, run, place)| {
            let seed = number * to_a_run + place;
            let (path, points) = if batch {
                ("/runs/log-batch", Points::batch(run, 1, 1, seed))
            } else {
                ("/runs/log-metric", Points::single(run, "metric_0000", seed))
            };
            Work::Log(Log::new(server, path, points.share(place, to_a_run)))
        });
        let works: Vec<Work> = works.collect();
        cases.push(Case::new(format!("{what}, {} connections", works.len()), works));
    }
    Ok(cases)
}
