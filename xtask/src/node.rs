//! Node.js and the few npm packages the repository pins: the optimiser of the browser part and the browser's driver.

use crate::machine::{self, ask, find};
use crate::place;
use crate::stamp::Stamp;
use crate::step::{Note, step};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// The oldest major version whose test runner the journeys are written for.
const OLDEST: u32 = 20;

/// Node.js, with the packages of `end2end/package-lock.json` installed.
pub struct Node {
    program: PathBuf,
}

impl Node {
    /// Makes sure of Node.js, npm and the pinned packages.
    pub fn ensure() -> Result<Node> {
        step("npm packages", Node::ensure_in)
    }

    fn ensure_in(note: &mut Note) -> Result<Node> {
        if find(&["node"]).is_none() || find(&["npm"]).is_none() {
            machine::install(note, "Node.js with npm", &["nodejs", "npm"])?;
        }
        let program = find(&["node"]).context("there is still no `node` on PATH")?;
        let version = ask(Command::new(&program).arg("--version")).unwrap_or_default();
        if major(&version).is_none_or(|major| major < OLDEST) {
            bail!("Node.js is {version}; {OLDEST} or newer is needed (https://nodejs.org/en/download)");
        }
        let node = Node { program };
        let folder = place::end2end();
        let lock =
            fs::read(folder.join("package-lock.json")).context("can't read end2end/package-lock.json")?;
        let stamp = Stamp::of("npm", &[&lock]);
        if stamp.holds() && folder.join("node_modules").is_dir() {
            note.say("already there");
        } else {
            let arguments = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
            stamp.unset()?;
            note.run(Command::new("npm").args(arguments).current_dir(&folder))?;
            stamp.set()?;
        }
        Ok(node)
    }

    /// A run of this Node.js.
    pub fn command(&self) -> Command {
        Command::new(&self.program)
    }

    /// The pinned wasm-opt. A wasm-opt on `PATH` is never used: old ones break the module without a word.
    pub fn wasm_opt(&self) -> Command {
        self.binaryen("wasm-opt")
    }

    /// The pinned wasm-merge.
    pub fn wasm_merge(&self) -> Command {
        self.binaryen("wasm-merge")
    }

    /// The pinned esbuild, which makes scripts and style sheets small. Installing it puts a program in the place of its script.
    pub fn esbuild(&self) -> Command {
        Command::new(place::end2end().join("node_modules/.bin/esbuild"))
    }

    fn binaryen(&self, tool: &str) -> Command {
        let mut command = self.command();
        command.arg(place::end2end().join("node_modules/binaryen/bin").join(tool));
        command
    }
}

/// `v20.1.0` is 20.
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_says_its_version_with_a_v() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major(""), None);
    }
}
