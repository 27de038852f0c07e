//! `runmark-bench`, which `cargo xtask bench` builds and runs: Runmark and its peers under the same requests.
//!
//! Owns: the load, the servers it starts, the figures and the report. Must never: be part of the product, or leave
//! anything behind. Start reading at [`run`], then [`visit`]; the requests are in [`workload`], the promises in
//! [`target`]. To add a workload or a peer, see there.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks on its standard streams")]

mod client;
mod load;
mod points;
mod postgres;
mod process;
mod report;
mod server;
mod setting;
mod soak;
mod target;
mod visit;
mod workload;

use crate::postgres::Postgres;
use crate::report::Report;
use crate::server::{Kind, Peer, Programs};
use crate::workload::{Plan, Workload};
use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use tokio::signal::unix::{SignalKind, signal};

/// Measures Runmark and its peers with the same requests.
#[derive(Parser)]
#[command(name = "cargo xtask bench", override_usage = "cargo xtask bench [OPTIONS]")]
struct Arguments {
    /// Workloads to run; all if none is given.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Workload>,
    /// Servers to visit; all if none is given.
    #[arg(long, value_enum, value_delimiter = ',')]
    peers: Vec<Peer>,
    /// What they keep their data in; both if none is given.
    #[arg(long, value_enum, value_delimiter = ',')]
    databases: Vec<Kind>,
    /// Visits to each server.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Length of a visit.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Length of the fleet's only visit.
    #[arg(long, default_value_t = 60.0)]
    fleet_seconds: f64,
    /// Makes seeded data so many times as big; below 1 to try this program, not to measure.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Let the peers do what takes long to seed through their API, too: 100,000 runs, a million points.
    #[arg(long)]
    everyone: bool,
    /// Put the tables into docs/benchmarks.md.
    #[arg(long)]
    write_docs: bool,
    /// Instead of all that: mixed load on Runmark alone for so many minutes, with its memory over time. Of the mix's
    /// workloads only those of --only, if it is given.
    #[arg(long, value_name = "MINUTES")]
    soak: Option<f64>,
    #[command(flatten)]
    place: Place,
}

/// What `cargo xtask bench` has made ready, and says itself.
#[derive(clap::Args)]
struct Place {
    #[arg(long, hide = true)]
    runmark: PathBuf,
    #[arg(long, hide = true)]
    python: PathBuf,
    #[arg(long, hide = true)]
    postgres_programs: Option<PathBuf>,
    #[arg(long, hide = true)]
    postgres_folder: Option<PathBuf>,
    #[arg(long, hide = true)]
    postgres_port: Option<u16>,
    #[arg(long, hide = true)]
    output: PathBuf,
    #[arg(long, hide = true)]
    docs: PathBuf,
}

impl Place {
    fn programs(&self) -> Result<Programs> {
        let postgres = match (&self.postgres_programs, &self.postgres_folder, self.postgres_port) {
            (Some(programs), Some(folder), Some(port)) => {
                Some(Rc::new(Postgres::take_over(programs.clone(), folder.clone(), port)?))
            }
            _ => None,
        };
        Ok(Programs { runmark: self.runmark.clone(), python: self.python.clone(), postgres })
    }
}

// One thread: the load generator leaves the machine to the servers.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let outcome = match stop_signal() {
        // What is dropped on the way out ends the servers and removes what they wrote.
        Ok(stopped) => tokio::select! {
            outcome = run(Arguments::parse()) => outcome,
            () = stopped => Err(anyhow::anyhow!("stopped; the servers are gone, and nothing was written")),
        },
        Err(error) => Err(error),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\n{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Ends when somebody wants this program to end.
fn stop_signal() -> Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    })
}

async fn run(arguments: Arguments) -> Result<()> {
    let programs = arguments.place.programs()?;
    let kinds = all_or(&arguments.databases);
    if let Some(minutes) = arguments.soak {
        return soak::run(&programs, &kinds, &arguments.only, minutes, &arguments.place.output).await;
    }
    let plan = Plan {
        rounds: arguments.rounds.max(1),
        seconds: arguments.seconds,
        fleet_seconds: arguments.fleet_seconds,
        scale: arguments.scale,
        everyone: arguments.everyone,
    };
    let setting = setting::look(&programs)?;
    let (workloads, peers) = (all_or(&arguments.only), all_or(&arguments.peers));
    let mut outcomes = Vec::new();
    for &kind in &kinds {
        for &workload in &workloads {
            outcomes.extend(visit::measure(workload, kind, &peers, &programs, &plan).await?);
        }
    }
    report::order(&mut outcomes);
    let report = Report { setting, plan, outcomes };
    println!("\n{}", report.text());
    report.write(&arguments.place.output)?;
    if arguments.write_docs {
        report.write_into(&arguments.place.docs).context("the figures aren't in the documentation")?;
    }
    Ok(())
}

/// What was chosen, or everything.
fn all_or<T: ValueEnum + Clone>(chosen: &[T]) -> Vec<T> {
    if chosen.is_empty() { T::value_variants().to_vec() } else { chosen.to_vec() }
}
