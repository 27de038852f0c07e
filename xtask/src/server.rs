//! The server's binary: building it and running it.

use crate::machine::{self, cargo, find};
use crate::place;
use crate::step::step;
use anyhow::Result;
use std::path::PathBuf;
use std::process::Command;

/// How the server is built.
#[derive(Clone, Copy)]
pub enum Profile {
    /// Quick to build, for the tests.
    Dev,
    /// To serve people.
    Release,
}

impl Profile {
    fn folder(self) -> &'static str {
        match self {
            Profile::Dev => "debug",
            Profile::Release => "release",
        }
    }
}

/// What the program is built for.
#[derive(Clone, Copy)]
pub enum Edition {
    /// To work on it: with the page `/gallery`.
    Development,
    /// To give it away.
    Release,
}

impl Edition {
    /// What cargo is told.
    pub fn arguments(self) -> &'static [&'static str] {
        match self {
            Edition::Development => &[],
            Edition::Release => &["--no-default-features"],
        }
    }
}

/// Where the binary of a profile is.
pub fn binary(profile: Profile) -> PathBuf {
    place::target().join(profile.folder()).join(format!("runmark{}", std::env::consts::EXE_SUFFIX))
}

/// Builds the server with the site in it.
pub fn build(profile: Profile, edition: Edition) -> Result<()> {
    have_make()?;
    step("server: compile", |note| {
        let mut build = cargo(&["build", "--package", "server"]);
        build.args(edition.arguments());
        if let Profile::Release = profile {
            build.arg("--release");
        }
        note.run(&mut build)
    })
}

/// Makes sure of `make`, with which the allocator of the server's binary is built.
///
/// # Errors
/// Where it can't be installed.
pub fn have_make() -> Result<()> {
    if find(&["make"]).is_some() {
        return Ok(());
    }
    step("make", |note| machine::install(note, "make", &["make"]))
}

/// Runs the server in place of this program, so that signals reach it and its answer is the shell's.
///
/// # Errors
/// When it can't be started. Where there is no `exec`, also when it fails.
pub fn run(arguments: &[String]) -> Result<()> {
    let mut server = Command::new(binary(Profile::Release));
    server.arg("server").args(arguments);
    become_program(server)
}

/// Runs a program in place of this one.
///
/// # Errors
/// As [`run`].
#[cfg(unix)]
pub fn become_program(mut command: Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    Err(anyhow::Error::new(error).context(format!("can't start {}", command.get_program().to_string_lossy())))
}

/// Runs a program and waits for it, where none can take the place of another.
///
/// # Errors
/// When it can't be started, and when it fails.
#[cfg(not(unix))]
pub fn become_program(mut command: Command) -> Result<()> {
    let status = command.status()?;
    if !status.success() {
        anyhow::bail!("it ended with {status}");
    }
    Ok(())
}
