//! `cargo xtask fuzz`: the targets of `fuzz/`, built and run.
//!
//! libFuzzer changes the inputs of `fuzz/corpus` at random and keeps what gets further than what it had. What a target finds stays in
//! `target/xtask/fuzz`, where the next run goes on from. The crates of others are those of the server's build: ours alone are compiled once
//! more, by `fuzz/instrumented`.

use crate::cxx;
use crate::machine::cargo;
use crate::place;
use crate::server;
use crate::step::step;
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// What is fuzzed.
#[derive(Clone, Copy, PartialEq, Debug, ValueEnum)]
pub enum Target {
    /// The search language.
    Filter,
    /// What stands in addresses, tags, notes, files and console logs; formulas.
    Words,
    /// What the metric store packs.
    Stored,
    /// Bodies and query strings of the protocol.
    Bodies,
    /// Requests at all doors of a server.
    Doors,
}

impl Target {
    fn name(self) -> &'static str {
        match self {
            Target::Filter => "filter",
            Target::Words => "words",
            Target::Stored => "stored",
            Target::Bodies => "bodies",
            Target::Doors => "doors",
        }
    }

    /// How long the tests fuzz it.
    fn seconds(self) -> u64 {
        match self {
            Target::Filter | Target::Words => 15,
            Target::Stored | Target::Bodies => 10,
            Target::Doors => 40,
        }
    }

    fn program(self) -> PathBuf {
        place::target().join("debug").join(self.name())
    }
}

/// Bytes of an input.
const LONGEST: u32 = 4096;
/// Seconds that an input may take.
const PATIENCE: u32 = 20;
/// As much stack as a thread of the server has, and memory in which nothing sets aside gigabytes because an input says so.
const WITHIN: &str = "ulimit -s 2048; ulimit -v 4194304 2>/dev/null; exec \"$0\" \"$@\"";

/// Builds the targets and fuzzes one of them, or all one after the other: each for so many seconds, or as long as the tests do.
///
/// # Errors
/// When they can't be built, and when an input was found that breaks something.
pub fn run(only: Option<Target>, seconds: Option<u64>) -> Result<()> {
    build()?;
    let targets = Target::value_variants().iter().filter(|target| only.is_none_or(|only| only == **target));
    // Tests begin alike each time, so that what they say is about the change; longer runs go elsewhere each time.
    let seed = u32::from(seconds.is_none());
    let outcomes = targets.map(|target| fuzz(*target, seconds.unwrap_or_else(|| target.seconds()), seed));
    let failures: Vec<String> = outcomes.filter_map(Result::err).map(|error| crate::told(&error)).collect();
    if failures.is_empty() { Ok(()) } else { bail!("{}", failures.join("\n\n")) }
}

fn build() -> Result<()> {
    server::have_make()?;
    cxx::ensure()?;
    step("fuzz: compile", |note| {
        let wrapper = place::root().join("fuzz/instrumented");
        note.run(cargo(&["build", "--package", "fuzz"]).env("RUSTC_WORKSPACE_WRAPPER", wrapper))
    })
}

/// A seed of 0 is another one each time.
fn fuzz(target: Target, seconds: u64, seed: u32) -> Result<()> {
    let source = place::root().join("fuzz");
    let own = place::own().join("fuzz").join(target.name());
    let (found, broken, temporary) = (own.join("corpus"), own.join("broken"), own.join("tmp"));
    step(&format!("fuzz: {}", target.name()), |note| {
        // The databases of last time: a fuzzer ends without clearing up.
        let _ = fs::remove_dir_all(&temporary);
        for folder in [&found, &broken, &temporary] {
            fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
        }
        let mut fuzzer = Command::new("sh");
        fuzzer
            .args(["-c", WITHIN])
            .arg(target.program())
            .arg(&found)
            .arg(source.join("corpus").join(target.name()));
        fuzzer.arg(format!("-max_total_time={seconds}")).arg(format!("-max_len={LONGEST}"));
        fuzzer.arg(format!("-seed={seed}"));
        fuzzer.arg(format!("-timeout={PATIENCE}")).arg("-rss_limit_mb=2048");
        fuzzer.arg(format!("-artifact_prefix={}/", broken.display()));
        fuzzer.arg(format!("-dict={}", source.join("dictionary").join(target.name()).display()));
        fuzzer.env("TMPDIR", &temporary).current_dir(place::root());
        let outcome = note.run(&mut fuzzer);
        let _ = fs::remove_dir_all(&temporary);
        let said = note.last_line();
        note.say(said);
        outcome.with_context(|| {
            format!(
                "an input broke something. It is in {}; to see it again:\n  {} <the input>\n\
                 Once that is mended, keep it in fuzz/corpus/{}.",
                broken.display(),
                target.program().display(),
                target.name()
            )
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_a_source_and_something_to_begin_with() {
        let source = place::root().join("fuzz");
        for target in Target::value_variants() {
            let name = target.name();
            let program = source.join("fuzz_targets").join(name);
            assert!(program.with_extension("rs").is_file() || program.join("main.rs").is_file(), "{name}");
            assert!(source.join("dictionary").join(name).is_file(), "{name}");
            assert!(fs::read_dir(source.join("corpus").join(name)).unwrap().count() > 3, "{name}");
            assert_eq!(target.to_possible_value().unwrap().get_name(), name);
        }
    }
}
