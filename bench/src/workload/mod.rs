//! What is asked of the servers. Each workload starts them with empty databases.
//!
//! Owns: the requests, and the data that is there before the clock runs. Must never: know how a peer is started or
//! what is done with the figures. Start reading at [`Workload`]. To add one: a value of it, an arm in [`prepare`] (or in
//! [`once`], where a workload isn't one request again and again), and a file that makes the [`Work`] of a connection.

mod chart;
mod create;
mod disk;
mod fleet;
mod history;
mod log;
mod search;
pub mod seed;
mod table;

use crate::client::Connection;
use crate::load::Round;
use crate::server::{Peer, Server};
use anyhow::Result;
use clap::ValueEnum;
use serde::Serialize;
use std::time::Duration;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Workload {
    /// log-batch of 1,000 metrics at one step; 8 connections, each with its own run.
    BatchWide,
    /// log-batch of 10 metrics at 100 steps; 8 connections, each with its own run.
    BatchLong,
    /// log-batch of one metric, as MLflow's asynchronous client sends it: 64 connections, 8 to a run; and 8 connections.
    BatchOne,
    /// log-metric; 64 connections, 8 to a run; and 8 connections.
    LogMetric,
    /// Create a run with 5 tags; 8 connections.
    CreateRun,
    /// Search with filter and order among 1,000 runs of 20 params and 20 metrics, and list them; one connection.
    #[value(name = "search-1k")]
    Search1k,
    /// The same among 10,000 runs.
    #[value(name = "search-10k")]
    Search10k,
    /// The same among 100,000 runs.
    #[value(name = "search-100k")]
    Search100k,
    /// Read a history of 100,000 points as the client does, in pages of 25,000; one connection.
    #[value(name = "history-100k")]
    History100k,
    /// The same of 1,000,000 points.
    #[value(name = "history-1m")]
    History1m,
    /// What a chart of 100 runs of 10,000 points asks for; one connection.
    Chart,
    /// What the table of an experiment with 1,000 runs asks for; 8 connections.
    Table,
    /// 1,000 runs that log once a second each.
    Fleet,
    /// Bytes on disk of losses as a program computes them: 64 bits of mantissa and all.
    Disk,
    /// Bytes on disk of losses that were 32-bit numbers, as PyTorch gives them.
    #[value(name = "disk-f32")]
    DiskF32,
}

/// How much is asked for.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// Visits to each server.
    pub rounds: usize,
    /// Length of a visit.
    pub seconds: f64,
    /// Length of the fleet's only visit.
    pub fleet_seconds: f64,
    /// Seeded data is this many times as big as named; below 1 to try the tool itself.
    pub scale: f64,
    /// Also give the peers what takes long to seed.
    pub everyone: bool,
}

impl Plan {
    /// The size of seeded data.
    pub fn scaled(&self, size: usize) -> usize {
        ((size as f64 * self.scale) as usize).max(1)
    }

    /// Length of a visit.
    pub fn visit(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}

impl Workload {
    /// Who takes part.
    pub fn includes(self, peer: Peer, plan: &Plan) -> bool {
        use Workload::*;
        // Accounts are a matter of small and of many requests.
        let takes_part = match peer {
            Peer::RunmarkAccounts => matches!(self, BatchWide | BatchLong | BatchOne | LogMetric),
            Peer::RunmarkBasic => matches!(self, BatchOne | LogMetric),
            Peer::RunmarkSession => self == Table,
            Peer::Runmark => true,
            // Each has pages of its own, which ask for other things.
            Peer::Mlflow | Peer::Fasttrackml => self != Table,
        };
        takes_part && !self.leaves_out(peer, plan)
    }

    /// Who would take part, but takes long to be seeded through its API.
    pub fn leaves_out(self, peer: Peer, plan: &Plan) -> bool {
        matches!(self, Workload::Search100k | Workload::History1m) && !peer.is_ours() && !plan.everyone
    }

    /// Whether it's one thing done once, not a request again and again.
    pub fn is_done_once(self) -> bool {
        matches!(self, Workload::Fleet | Workload::Disk | Workload::DiskF32)
    }

    /// Whether it adds points, so that bytes per point mean something.
    pub fn writes_points(self) -> bool {
        use Workload::*;
        matches!(self, BatchWide | BatchLong | BatchOne | LogMetric | Fleet | Disk | DiskF32)
    }

    /// The name on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// What one connection does again and again.
pub enum Work {
    /// log-batch or log-metric.
    Log(log::Log),
    /// Create a run.
    Create(create::Create),
    /// Search runs.
    Search(search::Search),
    /// The same request again and again.
    Same(Vec<u8>, u64),
    /// Read a history.
    History(history::History),
}

impl Work {
    /// Does it once; returns how many points were written or read.
    ///
    /// # Errors
    /// When the server doesn't answer with success.
    pub async fn once(&mut self, connection: &mut Connection) -> Result<u64> {
        match self {
            Work::Log(log) => log.once(connection).await,
            Work::Create(create) => create.once(connection).await,
            Work::Search(search) => search.once(connection).await,
            Work::Same(request, points) => {
                connection.succeed(request).await?;
                Ok(*points)
            }
            Work::History(history) => history.once(connection).await,
        }
    }
}

/// One row of the report.
pub struct Case {
    /// What the report calls it.
    pub name: String,
    /// One for each connection.
    pub works: Vec<Work>,
}

impl Case {
    fn new(name: impl Into<String>, works: Vec<Work>) -> Case {
        Case { name: name.into(), works }
    }
}

/// Brings a server to where a workload starts.
///
/// # Errors
/// Where the server can't do what the workload asks for, in words for the report.
pub async fn prepare(workload: Workload, server: &Server, plan: &Plan) -> Result<Vec<Case>> {
    match workload {
        Workload::BatchWide => log::batches(server, 1000, 1).await,
        Workload::BatchLong => log::batches(server, 10, 100).await,
        Workload::BatchOne => log::small(server, true).await,
        Workload::LogMetric => log::small(server, false).await,
        Workload::CreateRun => create::cases(server).await,
        Workload::Search1k => search::cases(server, plan.scaled(1_000)).await,
        Workload::Search10k => search::cases(server, plan.scaled(10_000)).await,
        Workload::Search100k => search::cases(server, plan.scaled(100_000)).await,
        Workload::History100k => history::cases(server, plan.scaled(100_000)).await,
        Workload::History1m => history::cases(server, plan.scaled(1_000_000)).await,
        Workload::Table => table::cases(server).await,
        Workload::Chart => chart::cases(server, plan.scaled(10_000)).await,
        Workload::Fleet | Workload::Disk | Workload::DiskF32 => Ok(Vec::new()),
    }
}

/// Does a workload that is done once; returns its name for the report, and how it went.
///
/// # Errors
/// As [`prepare`].
pub async fn once(workload: Workload, server: &Server, plan: &Plan) -> Result<(String, Round)> {
    match workload {
        Workload::Disk => disk::fill(server, plan, disk::Numbers::Double).await,
        Workload::DiskF32 => disk::fill(server, plan, disk::Numbers::Single).await,
        _ => fleet::run(server, plan).await,
    }
}
