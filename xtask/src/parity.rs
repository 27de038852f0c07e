//! `cargo xtask parity`: the same generated calls to MLflow's server and to Runmark. What sends and compares them is
//! `end2end/parity`; here is what it needs before it can start.

use crate::place;
use crate::postgres::{self, Postgres, Purpose};
use crate::python;
use crate::server::{self, Edition, Profile};
use anyhow::{Context, Result, bail};
use std::process::Command;

/// Builds Runmark as `serve` does, starts a Postgres if one is asked for, and compares.
///
/// # Errors
/// When something is missing and can't be had, doesn't build, or when the servers differ.
pub fn run(arguments: &[String]) -> Result<()> {
    crate::build(Edition::Development)?;
    let mut parity = Command::new(python::ensure()?);
    parity.args(["-m", "parity", "--runmark"]).arg(server::binary(Profile::Release));
    parity.args(arguments).current_dir(place::end2end());
    // Stopped when this function is left.
    let postgres = if arguments.iter().any(|argument| argument.contains("postgres")) {
        Some(Postgres::start(&postgres::ensure()?, Purpose::Tests)?)
    } else {
        None
    };
    if let Some(postgres) = &postgres {
        parity.env("RUNMARK_TEST_POSTGRES", postgres.url());
    }
    println!();
    let status = parity.status().context("can't start Python")?;
    if !status.success() {
        bail!("the servers differ, or could not be compared: {status}");
    }
    Ok(())
}
