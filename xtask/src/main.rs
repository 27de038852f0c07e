//! `cargo xtask`: the two commands a fresh machine needs, `serve` and `test`, the pieces they are made of, `bench` and `parity`.
//!
//! Owns: what must be on the machine before anything builds, how the browser part and the server are built, and
//! which tests run. Never: anything that Runmark does when it runs; this crate isn't part of the product's binary.
//! Start reading at [`main`]; each module is one thing the machine must have (`wasm_std`, `node`, `python`,
//! `chromium`, `postgres`, `cxx`) or one thing that is made or run (`browser_part`, `site`, `server`, `checks`, `fuzz`). To need one more
//! thing of the machine, write a module with an `ensure` function and call it from the command that needs it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks on its standard streams")]

mod bench;
mod browser_part;
mod checks;
mod chromium;
mod chunks;
mod cxx;
mod fuzz;
mod machine;
mod node;
mod parity;
mod place;
mod postgres;
mod python;
mod server;
mod site;
mod slapd;
mod stamp;
mod step;
mod wasm_std;

use anyhow::Result;
use clap::{Parser, Subcommand};
use server::Edition;
use std::process::ExitCode;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Sets up, builds, serves and tests Runmark."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build what is missing or out of date, then serve it on http://127.0.0.1:5000.
    Serve {
        /// Passed on to `runmark server`, as in `cargo xtask serve --port 8080`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Make sure of everything the tests need, and run all of them.
    Test {
        /// Run one part alone; may be given more than once.
        #[arg(long, value_enum)]
        only: Vec<checks::Part>,
        /// How often the wire tests kill the server under full load, on each database; a few times if not given.
        #[arg(long, value_name = "TIMES", value_parser = clap::value_parser!(u32).range(1..))]
        kills: Option<u32>,
    },
    /// Try inputs that nobody would think of, as the tests do for a minute or two, or for longer.
    Fuzz {
        /// One target alone; all of them if none is given.
        #[arg(value_enum)]
        target: Option<fuzz::Target>,
        /// How long each target is fuzzed, in place of what the tests take.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        seconds: Option<u64>,
    },
    /// Measure Runmark, MLflow's server and FastTrackML with the same requests; --help says what can be chosen.
    #[command(disable_help_flag = true)]
    Bench {
        /// Passed on to the benchmark, as in `cargo xtask bench --only log-metric --databases sqlite`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Send the same calls to MLflow's server and to Runmark, and tell in what they differ; --help says what can be chosen.
    #[command(disable_help_flag = true)]
    Parity {
        /// Passed on, as in `cargo xtask parity --cases 20000 --database postgres`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Build the browser part and the server to be given away, without what `serve` has for development, and stop there.
    Build,
    /// Build the browser part alone, as a server that `cargo build` made shows it.
    Site,
    /// Make sure of everything that building and testing need, and stop there.
    Setup,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Serve { arguments } => serve(&arguments),
        Command::Test { only, kills } => checks::run(&only, kills),
        Command::Fuzz { target, seconds } => fuzz::run(target, seconds),
        Command::Bench { arguments } => bench::run(&arguments),
        Command::Parity { arguments } => parity::run(&arguments),
        Command::Build => build(Edition::Release),
        Command::Site => build_site(Edition::Development),
        Command::Setup => checks::ensure_everything().map(drop),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\n{}", told(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error with its causes, a line or more for each.
fn told(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn build(edition: Edition) -> Result<()> {
    build_site(edition)?;
    server::build(server::Profile::Release, edition)
}

fn build_site(edition: Edition) -> Result<()> {
    let toolchain = wasm_std::ensure()?;
    // Runmark can be tried without Node.js, so the lack of it is no failure here.
    let node = node::Node::ensure().inspect_err(|error| {
        println!("  · going on without wasm-opt, browsers will download twice as much:\n{}", told(error));
    });
    browser_part::build(&toolchain, node.as_ref().ok(), edition)
}

fn serve(arguments: &[String]) -> Result<()> {
    build(Edition::Development)?;
    println!();
    server::run(arguments)
}
