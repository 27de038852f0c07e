//! Python with the MLflow client, in a virtual environment of the clone's own.

use crate::machine::{self, ask, find};
use crate::place;
use crate::stamp::Stamp;
use crate::step::{Note, step};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest version that the pinned packages install on.
const OLDEST: (u32, u32) = (3, 11);

const NAMES: [&str; 5] = ["python3", "python3.14", "python3.13", "python3.12", "python3.11"];

/// Makes sure of a virtual environment with `end2end/requirements.txt` installed; returns its interpreter.
pub fn ensure() -> Result<PathBuf> {
    step("Python with mlflow", ensure_in)
}

fn ensure_in(note: &mut Note) -> Result<PathBuf> {
    let requirements = place::end2end().join("requirements.txt");
    let wanted = fs::read(&requirements).context("can't read end2end/requirements.txt")?;
    let environment = environment();
    let python = programs().join("python");
    let stamp = Stamp::of("python", &[&wanted]);
    // The interpreter is a link into the system and may have gone from there.
    if stamp.holds() && version(&python).is_some() {
        note.say("already there");
        return Ok(python);
    }
    if suitable().is_none() {
        machine::install(note, "Python", &["python3", "python3-venv"])?;
    }
    let Some(system) = suitable() else {
        bail!("Python {}.{} or newer with its `venv` module is needed to run the tests", OLDEST.0, OLDEST.1);
    };
    note.run(Command::new(system).args(["-m", "venv", "--clear"]).arg(&environment))?;
    note.run(install().arg("--requirement").arg(&requirements))?;
    stamp.set()?;
    Ok(python)
}

/// Packages beside those of the tests, installed by one call of pip with these arguments.
pub struct Addition {
    /// Names with their versions, and options.
    pub packages: &'static [&'static str],
}

/// Installs more into the environment, unless it was done since the environment was made: then it has these programs.
pub fn add(what: &str, additions: &[Addition], programs: &[&str]) -> Result<()> {
    step(what, |note| {
        let wanted: Vec<&[u8]> =
            additions.iter().flat_map(|one| one.packages).map(|text| text.as_bytes()).collect();
        let stamp = Stamp::of("python-additions", &wanted);
        if stamp.holds() && programs.iter().all(|program| self::programs().join(program).is_file()) {
            note.say("already there");
            return Ok(());
        }
        for Addition { packages } in additions {
            note.run(install().args(*packages))?;
        }
        stamp.set()
    })
}

/// Where the environment's programs are.
pub fn programs() -> PathBuf {
    environment().join("bin")
}

fn environment() -> PathBuf {
    place::root().join("target/venv")
}

fn install() -> Command {
    let mut pip = Command::new(programs().join("python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    pip
}

/// An interpreter that is new enough and can make virtual environments.
fn suitable() -> Option<PathBuf> {
    NAMES.iter().filter_map(|name| find(&[name])).find(|python| {
        version(python).is_some_and(|version| version >= OLDEST)
            && ask(Command::new(python).args(["-c", "import venv, ensurepip"])).is_some()
    })
}

fn version(python: &Path) -> Option<(u32, u32)> {
    parse_version(&ask(Command::new(python).arg("--version"))?)
}

/// `Python 3.12.1` is (3, 12).
fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.strip_prefix("Python ")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_says_its_version() {
        assert_eq!(parse_version("Python 3.11.7"), Some((3, 11)));
        assert_eq!(parse_version("Python 3.13.0rc1"), Some((3, 13)));
        assert_eq!(parse_version("Python"), None);
        assert!((3, 9) < OLDEST, "versions compare as numbers");
    }
}
