//! Stamps: a step whose inputs haven't changed since it last succeeded is skipped.

use crate::place;
use anyhow::{Context, Result};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::ErrorKind;
use std::path::PathBuf;

/// What a step was made from, and where that is remembered.
pub struct Stamp {
    file: PathBuf,
    digest: String,
}

impl Stamp {
    /// The stamp of the step called `name`, made from `inputs`. A digest that collides or changes with the toolchain
    /// costs a step that runs once more, no worse: this isn't a security measure.
    pub fn of(name: &str, inputs: &[&[u8]]) -> Stamp {
        let mut hasher = DefaultHasher::new();
        inputs.hash(&mut hasher);
        Stamp { file: place::own().join("stamp").join(name), digest: format!("{:016x}", hasher.finish()) }
    }

    /// Whether the step last succeeded with these inputs. What it made may still be gone: the caller looks.
    pub fn holds(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|last| last == self.digest)
    }

    /// Forgets that the step ever succeeded: what it made is about to be changed.
    pub fn unset(&self) -> Result<()> {
        match fs::remove_file(&self.file) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("can't remove {}", self.file.display()))
            }
            _ => Ok(()),
        }
    }

    /// Remembers that the step succeeded.
    pub fn set(&self) -> Result<()> {
        let folder = self.file.parent().context("a stamp is in a folder")?;
        fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
        fs::write(&self.file, &self.digest).with_context(|| format!("can't write {}", self.file.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_holds_until_an_input_changes() {
        let name = "test-of-stamps";
        Stamp::of(name, &[b"one", b"two"]).set().unwrap();
        assert!(Stamp::of(name, &[b"one", b"two"]).holds());
        assert!(!Stamp::of(name, &[b"one", b"other"]).holds());
        assert!(!Stamp::of(name, &[b"onet", b"wo"]).holds(), "where one input ends matters");
        assert!(!Stamp::of("never-set", &[b"one", b"two"]).holds());
        Stamp::of(name, &[b"other"]).unset().unwrap();
        assert!(!Stamp::of(name, &[b"one", b"two"]).holds(), "a step that broke off has nothing to show");
        Stamp::of("never-set", &[]).unset().unwrap();
    }
}
