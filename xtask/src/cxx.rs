//! A C++ compiler: libFuzzer is written in it.

use crate::machine::{self, find};
use crate::step::step;
use anyhow::Result;

/// Makes sure of one.
///
/// # Errors
/// Where it can't be installed.
pub fn ensure() -> Result<()> {
    if find(&["c++", "g++", "clang++"]).is_some() {
        return Ok(());
    }
    step("C++ compiler", |note| machine::install(note, "a C++ compiler", &["g++"]))
}
