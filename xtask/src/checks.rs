//! `cargo xtask test`: everything that must hold before a change is taken in, part by part.

use crate::browser_part;
use crate::machine::{cargo, find};
use crate::node::Node;
use crate::place;
use crate::postgres::{self, Postgres, Purpose};
use crate::server::{self, Edition, Profile};
use crate::site;
use crate::step::{clock, step};
use crate::wasm_std::{self, Toolchain};
use crate::{chromium, cxx, fuzz, python, slapd};
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The parts that can be run alone.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub enum Part {
    /// Formatting and clippy.
    Lint,
    /// `cargo test` on the workspace, on SQLite and Postgres.
    Rust,
    /// The MLflow client against the server.
    Wire,
    /// The pages in a browser.
    Journey,
    /// Inputs that nobody would think of, for a bounded time.
    Fuzz,
}

/// What the tests need and the repository doesn't hold.
pub struct Machine {
    toolchain: Toolchain,
    python: PathBuf,
    chromium: PathBuf,
    postgres: PathBuf,
    node: Node,
}

/// Makes sure of everything that the tests need.
pub fn ensure_everything() -> Result<Machine> {
    server::have_make()?;
    cxx::ensure()?;
    slapd::ensure()?;
    Ok(Machine {
        toolchain: wasm_std::ensure()?,
        postgres: postgres::ensure()?,
        chromium: chromium::ensure()?,
        python: python::ensure()?,
        node: Node::ensure()?,
    })
}

/// Runs the given parts, or all of them if none is given. A part that fails doesn't keep the others from running.
/// `kills` is how often the wire tests kill the server under load; without it they decide.
///
/// # Errors
/// When something can't be set up or built, or when a part failed.
pub fn run(only: &[Part], kills: Option<u32>) -> Result<()> {
    let wanted = |part: Part| only.is_empty() || only.contains(&part);
    let mut report = Report::default();
    let outcome = run_parts(&wanted, kills, &mut report);
    print!("\n{report}");
    outcome?;
    report.verdict()
}

fn run_parts(wanted: &dyn Fn(Part) -> bool, kills: Option<u32>, report: &mut Report) -> Result<()> {
    let machine = report.must("setup", ensure_everything)?;
    report.must("browser part", || {
        browser_part::build(&machine.toolchain, Some(&machine.node), Edition::Development)
    })?;
    report.may("size", weigh);
    if wanted(Part::Lint) {
        report.may("lint", lint);
    }
    run_programs(&machine, wanted, kills, report)?;
    // Last: what it builds on is built by then.
    if wanted(Part::Fuzz) {
        report.may("fuzz", || fuzz::run(None, None));
    }
    Ok(())
}

/// The parts whose programs are told where everything is.
fn run_programs(
    machine: &Machine,
    wanted: &dyn Fn(Part) -> bool,
    kills: Option<u32>,
    report: &mut Report,
) -> Result<()> {
    let (rust, wire, journey) = (wanted(Part::Rust), wanted(Part::Wire), wanted(Part::Journey));
    if !(rust || wire || journey) {
        return Ok(());
    }
    let own_postgres = match std::env::var("RUNMARK_TEST_POSTGRES") {
        Ok(_) => None,
        Err(_) => Some(Postgres::start(&machine.postgres, Purpose::Tests)?),
    };
    let environment = Environment::of(machine, own_postgres.as_ref())?;
    if rust {
        report.may("rust", || rust_tests(&environment));
    }
    if wire || journey {
        report.must("server", || server::build(Profile::Dev, Edition::Development))?;
    }
    if wire {
        report.may("wire", || wire_tests(machine, kills, &environment));
    }
    if journey {
        report.may("journey", || journeys(machine, &environment));
    }
    Ok(())
}

/// What every test program is told through its environment.
struct Environment(Vec<(&'static str, PathBuf)>);

impl Environment {
    fn of(machine: &Machine, postgres: Option<&Postgres>) -> Result<Environment> {
        let output = place::root().join("ci-output");
        fs::create_dir_all(&output).with_context(|| format!("can't make {}", output.display()))?;
        let mut variables = vec![
            ("RUNMARK_BIN", server::binary(Profile::Dev)),
            ("RUNMARK_CHROMIUM", machine.chromium.clone()),
            ("RUNMARK_CI_OUTPUT", output),
            ("RUNMARK_PYTHON", machine.python.clone()),
        ];
        variables.extend(postgres.map(|postgres| ("RUNMARK_TEST_POSTGRES", PathBuf::from(postgres.url()))));
        Ok(Environment(variables))
    }

    /// Runs a program that speaks for itself.
    fn show(&self, command: &mut Command) -> Result<()> {
        let program = command.get_program().to_string_lossy().into_owned();
        let variables = self.0.iter().map(|(name, value)| (name, value));
        let status = command
            .envs(variables)
            .current_dir(place::root())
            .status()
            .with_context(|| format!("can't start {program}"))?;
        if !status.success() {
            bail!("{program} ended with {status}");
        }
        Ok(())
    }
}

fn weigh() -> Result<()> {
    step("size of the browser part", |note| {
        note.say(format!("{} kB compressed, of {} kB allowed", site::weigh()? / 1000, site::BUDGET / 1000));
        Ok(())
    })
}

fn lint() -> Result<()> {
    let deny = ["--", "--deny", "warnings"];
    let server = ["clippy", "--workspace", "--exclude", "frontend", "--all-targets"];
    // The browser's half of `app`, which the server's build leaves out.
    let browser = ["clippy", "--package", "frontend"];
    let mut checks = vec![
        ("lint: format", cargo(&["fmt", "--all", "--check", "--", "--color=never"])),
        ("lint: clippy", cargo(&[&server[..], &deny].concat())),
        ("lint: clippy, browser part", cargo(&[&browser[..], &deny].concat())),
    ];
    // Compiling cargo-deny takes longer than all of this; where it's at hand, it's used.
    if find(&["cargo-deny"]).is_some() {
        checks.push(("lint: licences and sources", cargo(&["deny", "check"])));
    }
    let results = checks.into_iter().map(|(name, mut check)| step(name, |note| note.run(&mut check)));
    let failures: Vec<String> = results.filter_map(Result::err).map(|error| crate::told(&error)).collect();
    if failures.is_empty() { Ok(()) } else { bail!("{}", failures.join("\n\n")) }
}

fn rust_tests(environment: &Environment) -> Result<()> {
    let tests = ["test", "--workspace", "--exclude", "frontend", "--no-fail-fast"];
    step("rust: compile", |note| note.run(cargo(&tests).arg("--no-run")))?;
    environment.show(&mut cargo(&tests))
}

/// pytest itself fails where it finds no tests.
fn wire_tests(machine: &Machine, kills: Option<u32>, environment: &Environment) -> Result<()> {
    let mut tests = Command::new(&machine.python);
    tests.args(["-m", "pytest", "end2end/wire"]);
    tests.envs(kills.map(|kills| ("RUNMARK_KILLS", kills.to_string())));
    environment.show(&mut tests)
}

fn journeys(machine: &Machine, environment: &Environment) -> Result<()> {
    let tests = journey_files(&place::end2end().join("journey"))?;
    environment.show(machine.node.command().args(["--test", "--test-reporter=spec"]).args(tests))
}

/// The journeys: Node's runner would take a folder without any for a success.
fn journey_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = fs::read_dir(folder).with_context(|| format!("can't read {}", folder.display()))?;
    let mut files: Vec<PathBuf> = read
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    if files.is_empty() {
        bail!("{} has no *.test.mjs", folder.display());
    }
    files.sort();
    Ok(files)
}

/// How the parts went and how long they took.
#[derive(Default)]
struct Report(Vec<Line>);

struct Line {
    name: &'static str,
    took: Duration,
    passed: bool,
}

impl Report {
    /// Runs a part that others need.
    fn must<T>(&mut self, name: &'static str, part: impl FnOnce() -> Result<T>) -> Result<T> {
        println!("\n{name}");
        let started = Instant::now();
        let outcome = part();
        self.0.push(Line { name, took: started.elapsed(), passed: outcome.is_ok() });
        outcome
    }

    /// Runs a part whose failure the others survive.
    fn may(&mut self, name: &'static str, part: impl FnOnce() -> Result<()>) {
        if let Err(error) = self.must(name, part) {
            println!("{}", crate::told(&error));
        }
    }

    fn verdict(&self) -> Result<()> {
        let failed: Vec<&str> = self.0.iter().filter(|line| !line.passed).map(|line| line.name).collect();
        if failed.is_empty() {
            return Ok(());
        }
        bail!("failed: {}", failed.join(", "))
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for Line { name, took, passed } in &self.0 {
            writeln!(f, "{name:<14}{:>6}{}", clock(*took), if *passed { "" } else { "  FAILED" })?;
        }
        let total = self.0.iter().map(|line| line.took).sum();
        writeln!(f, "{:<14}{:>6}", "in all", clock(total))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_shows_times_and_names_what_failed() {
        let line = |name, seconds, passed| Line { name, took: Duration::from_secs(seconds), passed };
        let mut report = Report(vec![line("lint", 75, true), line("rust", 130, true)]);
        assert!(report.verdict().is_ok());
        report.0.push(line("wire", 9, false));
        assert_eq!(
            report.to_string(),
            "lint            1:15\nrust            2:10\nwire            0:09  FAILED\nin all          3:34\n"
        );
        assert_eq!(report.verdict().unwrap_err().to_string(), "failed: wire");
    }

    #[test]
    fn a_folder_without_journeys_is_a_failure() {
        let folder = tempfile::tempdir().unwrap();
        assert!(journey_files(&folder.path().join("none")).is_err());
        fs::write(folder.path().join("browser.mjs"), "").unwrap();
        assert!(journey_files(folder.path()).is_err());
        fs::write(folder.path().join("sign_in.test.mjs"), "").unwrap();
        assert_eq!(journey_files(folder.path()).unwrap(), [folder.path().join("sign_in.test.mjs")]);
    }
}
