//! `cargo xtask bench`: Runmark and its peers under the same load. What does the measuring is the crate `bench`; here is
//! what it needs before it can start.

use crate::chromium;
use crate::machine::cargo;
use crate::node::Node;
use crate::place;
use crate::postgres::{self, Postgres, Purpose};
use crate::python::{self, Addition};
use crate::server::{self, Edition, Profile, become_program};
use crate::step::step;
use anyhow::Result;
use std::path::PathBuf;
use std::process::Command;

/// Beside mlflow itself, which the tests need too: its driver for Postgres, and FastTrackML, whose package holds a program.
/// It names an mlflow older than ours as its dependency, which its program has no use for.
const PEERS: [Addition; 2] = [
    Addition { packages: &["psycopg2-binary==2.9.13"] },
    Addition { packages: &["--no-deps", "fasttrackml==0.6.0"] },
];

/// Builds Runmark as `serve` does, makes sure of the peers, starts a Postgres and becomes the benchmark, so that signals
/// reach it: it ends and removes everything itself.
///
/// # Errors
/// When something is missing and can't be had, or doesn't build.
pub fn run(arguments: &[String]) -> Result<()> {
    if arguments.iter().any(|argument| argument == "--ui") {
        let others: Vec<&String> = arguments.iter().filter(|argument| *argument != "--ui").collect();
        return run_ui(&others);
    }
    let asks_for_help = arguments.iter().any(|argument| ["--help", "-h"].contains(&argument.as_str()));
    let mut bench = Command::new(compile()?);
    let places = [
        ("--runmark", server::binary(Profile::Release)),
        ("--python", python::programs()),
        ("--output", place::root().join("target/bench")),
        ("--docs", place::root().join("docs/benchmarks.md")),
    ];
    for (name, place) in places {
        bench.arg(name).arg(place);
    }
    bench.args(arguments);
    if !asks_for_help {
        crate::build(Edition::Development)?;
        python::ensure()?;
        add_peers()?;
        let programs = postgres::ensure()?;
        let (folder, port) = Postgres::start(&programs, Purpose::Measuring)?.hand_over();
        bench.arg("--postgres-programs").arg(programs);
        bench.arg("--postgres-folder").arg(folder).arg("--postgres-port").arg(port.to_string());
    }
    println!();
    become_program(bench)
}

/// How fast the pages feel in a browser, beside MLflow's own and FastTrackML's: `end2end/ui/bench.mjs`.
fn run_ui(arguments: &[&String]) -> Result<()> {
    crate::build(Edition::Development)?;
    python::ensure()?;
    add_peers()?;
    let node = Node::ensure()?;
    let mut bench = node.command();
    bench.arg(place::end2end().join("ui/bench.mjs"));
    let places = [
        ("--runmark", server::binary(Profile::Release)),
        ("--python", python::programs()),
        ("--chromium", chromium::ensure()?),
        ("--output", place::root().join("target/bench")),
    ];
    for (name, place) in places {
        bench.arg(name).arg(place);
    }
    bench.args(arguments);
    println!();
    become_program(bench)
}

fn add_peers() -> Result<()> {
    python::add("MLflow's driver for Postgres, FastTrackML", &PEERS, &["fml"])
}

fn compile() -> Result<PathBuf> {
    step("benchmark: compile", |note| note.run(&mut cargo(&["build", "--package", "bench", "--release"])))?;
    Ok(place::target().join("release").join(format!("runmark-bench{}", std::env::consts::EXE_SUFFIX)))
}
