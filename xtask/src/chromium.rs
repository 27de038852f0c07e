//! A browser of Chromium's family for the journeys.

use crate::machine::{self, find};
use crate::step::step;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const MAC: &str = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

/// Makes sure of a browser; returns its program. `RUNMARK_CHROMIUM` names one to use instead.
pub fn ensure() -> Result<PathBuf> {
    step("browser", |note| {
        if let Some(named) = std::env::var_os("RUNMARK_CHROMIUM").map(PathBuf::from) {
            if !named.is_file() {
                bail!("RUNMARK_CHROMIUM names {}, which isn't there", named.display());
            }
            note.say(named.display().to_string());
            return Ok(named);
        }
        if let Some(found) = installed() {
            note.say("already there");
            return Ok(found);
        }
        machine::install(note, "a Chromium browser (RUNMARK_CHROMIUM can name one)", &["chromium"])?;
        installed().context("there is still no chromium on PATH; RUNMARK_CHROMIUM can name one")
    })
}

fn installed() -> Option<PathBuf> {
    let mac = PathBuf::from(MAC);
    find(&NAMES).or_else(|| mac.is_file().then_some(mac))
}
