//! The machine: which programs it has, and its package manager.

use crate::place;
use crate::step::Note;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The first of these programs that is on `PATH`.
pub fn find(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    names
        .iter()
        .find_map(|name| std::env::split_paths(&path).map(|folder| folder.join(name)).find(|f| f.is_file()))
}

/// What a program prints, without the spaces around it; `None` where it can't be run or fails.
pub fn ask(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    if !output.status.success() {
        return None;
    }
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A cargo of the toolchain in use, in the clone's root.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(current("CARGO", "cargo"));
    command.args(arguments).current_dir(place::root());
    without_flags(&mut command);
    command
}

/// The program that cargo says it runs with, or the one on `PATH`.
pub fn current(variable: &str, name: &str) -> PathBuf {
    std::env::var_os(variable).map_or_else(|| name.into(), PathBuf::from)
}

/// Keeps compiler flags of the environment from overriding those of `.cargo/config.toml`.
pub fn without_flags(cargo: &mut Command) {
    cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
}

/// Whether this process is root's.
pub fn is_root() -> bool {
    ask(Command::new("id").arg("-u")).as_deref() == Some("0")
}

/// Installs packages of Debian or Ubuntu, which `what` names for people.
///
/// # Errors
/// Where there is no apt, or no right to use it without a password: the message says what to install by hand.
pub fn install(note: &Note, what: &str, packages: &[&str]) -> Result<()> {
    let by_hand = format!("sudo apt-get install {}", packages.join(" "));
    if find(&["apt-get"]).is_none() {
        bail!(
            "{what} is missing, and this system has no apt-get to install it with.\n\
             Please install it with your system's package manager (on Debian it would be: {by_hand})."
        );
    }
    let mut apt_get: Vec<&str> = vec!["apt-get", "-o", "DPkg::Lock::Timeout=120"];
    if !is_root() {
        if ask(Command::new("sudo").args(["-n", "true"])).is_none() {
            bail!("{what} is missing. Please install it and try again:\n  {by_hand}");
        }
        apt_get.splice(0..0, ["sudo", "-n", "DEBIAN_FRONTEND=noninteractive"]);
    }
    let run = |arguments: &[&str]| {
        note.run(
            Command::new(apt_get[0])
                .args(&apt_get[1..])
                .args(arguments)
                .env("DEBIAN_FRONTEND", "noninteractive"),
        )
    };
    let install = ["install", "--yes", "--no-install-recommends"];
    // A machine's package lists may be absent or old; refreshing them first costs seconds.
    run(&["update"]).and_then(|()| run(&[&install[..], packages].concat())).with_context(|| {
        format!("{what} is missing and couldn't be installed. Please install it and try again:\n  {by_hand}")
    })
}

/// The sub-folder of `folder` with the highest number for a name: `/usr/lib/postgresql/17` before `/usr/lib/postgresql/9`.
pub fn highest_numbered(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    let numbered = entries.flatten().filter_map(|entry| {
        let number: u32 = entry.file_name().to_str()?.parse().ok()?;
        Some((number, entry.path()))
    });
    numbered.max().map(|(_, path)| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_number_wins_as_a_number() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(highest_numbered(folder.path()), None);
        for name in ["9", "17", "15", "common"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        assert_eq!(highest_numbered(folder.path()), Some(folder.path().join("17")));
    }

    #[test]
    fn programs_are_found_by_the_first_name_that_exists() {
        let shell = find(&["no-such-program", "sh"]).unwrap();
        assert!(shell.ends_with("sh"));
        assert_eq!(find(&["no-such-program"]), None);
        assert_eq!(ask(Command::new("sh").args(["-c", "echo ' spaced '"])).as_deref(), Some("spaced"));
        assert_eq!(ask(Command::new("sh").args(["-c", "echo no; exit 1"])), None);
    }
}
