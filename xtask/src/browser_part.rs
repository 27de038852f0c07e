//! The browser part: the crate `frontend` compiled to WASM, its JavaScript glue, made small, and put into the site.

use crate::node::Node;
use crate::place;
use crate::site;
use crate::stamp::Stamp;
use crate::step::{Note, step};
use crate::wasm_std::Toolchain;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use wasm_bindgen_cli_support::Bindgen;

/// What the pages ask for: `/pkg/runmark.js`, `/pkg/runmark_bg.wasm`, `/pkg/runmark.css`.
const NAME: &str = "runmark";

/// The cargo profile, and the folder it builds into.
const PROFILE: &str = "wasm-release";

/// Builds whatever is out of date of `target/site`. Without Node.js the module stays twice as big.
pub fn build(toolchain: &Toolchain, node: Option<&Node>) -> Result<()> {
    let module = step("browser part: compile", |note| {
        // A target folder of its own: two toolchains in one would undo each other's work.
        let target = place::target().join("wasm");
        let arguments = ["--package", "frontend", "--profile", PROFILE, "--target-dir"];
        note.run(toolchain.build().args(arguments).arg(&target))?;
        Ok(target.join("wasm32-unknown-unknown").join(PROFILE).join("frontend.wasm"))
    })?;
    let package = step("browser part: bind and shrink", |note| bind(note, &module, node))?;
    step("browser part: site", |note| {
        let changed = site::lay_out(&package)?;
        note.say(if changed == 0 { "unchanged".to_owned() } else { format!("{changed} files changed") });
        Ok(())
    })
}

/// Makes the glue and the final module; returns the folder they are in.
fn bind(note: &mut Note, module: &Path, node: Option<&Node>) -> Result<PathBuf> {
    let package = place::own().join("package");
    let input = fs::read(module).with_context(|| format!("can't read {}", module.display()))?;
    let how = if node.is_some() { "shrunk" } else { "as compiled" };
    let stamp = Stamp::of("browser-part", &[&input, how.as_bytes(), OPTIONS.concat().as_bytes()]);
    if stamp.holds() && package.join(format!("{NAME}.js")).is_file() {
        note.say("unchanged");
        return Ok(package);
    }
    if package.exists() {
        fs::remove_dir_all(&package).with_context(|| format!("can't clear {}", package.display()))?;
    }
    Bindgen::new()
        .input_path(module)
        .web(true)?
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .out_name(NAME)
        .generate(&package)
        .context("wasm-bindgen can't read the compiled module")?;
    let bound = package.join(format!("{NAME}_bg.wasm"));
    if let Some(node) = node {
        let shrunk = package.join(format!("{NAME}.shrunk.wasm"));
        note.run(node.wasm_opt().args(OPTIONS).arg(&bound).arg("--output").arg(&shrunk))?;
        fs::rename(&shrunk, &bound)?;
    }
    let size = fs::metadata(&bound)?.len();
    note.say(format!("{} kB of WASM before compression", size / 1000));
    stamp.set()?;
    Ok(package)
}

/// What every browser of the last years understands; the optimiser must not go beyond it.
const OPTIONS: [&str; 7] = [
    "-Oz",
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];
