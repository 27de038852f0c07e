//! Where things are, all of them inside the clone: nothing is written elsewhere but by the system's package manager.

use std::path::{Path, PathBuf};

/// The clone's root.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Everything built; `CARGO_TARGET_DIR` moves it, as it does for cargo.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => std::path::absolute(&folder).unwrap_or_else(|_| folder.into()),
        None => root().join("target"),
    }
}

/// What only this program reads: logs, stamps, a standard library built from source.
pub fn own() -> PathBuf {
    root().join("target/xtask")
}

/// The files the server carries inside itself. The server's source names this folder, so nothing moves it.
pub fn site() -> PathBuf {
    root().join("target/site")
}

/// The browser journeys, the wire tests, and what they need from npm and PyPI.
pub fn end2end() -> PathBuf {
    root().join("end2end")
}
