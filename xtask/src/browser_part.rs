//! The browser part: the crate `frontend` compiled to WASM, its JavaScript glue, made small, and put into the site.

use crate::chunks;
use crate::node::Node;
use crate::place;
use crate::server::Edition;
use crate::site;
use crate::stamp::Stamp;
use crate::step::{Note, step};
use crate::wasm_std::Toolchain;
use anyhow::{Context, Result, anyhow, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use wasm_bindgen_cli_support::{Bindgen, Output};

/// What the pages ask for: `/pkg/runmark.js`, `/pkg/runmark_bg.wasm`, `/pkg/runmark.css`.
const NAME: &str = "runmark";

/// The script that loads the other modules.
const LATER: &str = "later.js";

/// The cargo profile, and the folder it builds into.
const PROFILE: &str = "wasm-release";

/// Builds whatever is out of date of `target/site`. Without Node.js the module stays twice as big.
pub fn build(toolchain: &Toolchain, node: Option<&Node>, edition: Edition) -> Result<()> {
    let module = step("browser part: compile", |note| {
        // A target folder of its own: two toolchains in one would undo each other's work.
        let target = place::target().join("wasm");
        let arguments = ["--package", "frontend", "--profile", PROFILE, "--target-dir"];
        // What the module is split by must know which code uses which.
        let relocations = ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", "-Clink-args=--emit-relocs");
        let mut build = toolchain.build();
        build.args(arguments).arg(&target).args(edition.arguments()).env(relocations.0, relocations.1);
        note.run(&mut build)?;
        Ok(target.join("wasm32-unknown-unknown").join(PROFILE).join("frontend.wasm"))
    })?;
    let package = step("browser part: bind and shrink", |note| bind(note, &module, node))?;
    step("browser part: site", |note| {
        let style = package.join(NAME).with_extension("css");
        fs::write(&style, site::style_sheet()?)
            .with_context(|| format!("can't write {}", style.display()))?;
        shrink_text((note, node), &style)?;
        let changed = site::lay_out(&package)?;
        note.say(if changed == 0 { "unchanged".to_owned() } else { format!("{changed} files changed") });
        Ok(())
    })
}

/// Splits off what pages load later, makes the glue and the final modules; returns the folder they are in.
fn bind(note: &mut Note, module: &Path, node: Option<&Node>) -> Result<PathBuf> {
    let package = place::own().join("package");
    let input = fs::read(module).with_context(|| format!("can't read {}", module.display()))?;
    let how = if node.is_some() { "shrunk" } else { "as compiled" };
    // Of the tools that make it small, too.
    let tools = place::end2end().join("package-lock.json");
    let tools = fs::read(&tools).with_context(|| format!("can't read {}", tools.display()))?;
    let stamp = Stamp::of(
        "browser-part",
        &[
            &input,
            &tools,
            how.as_bytes(),
            FEATURES.concat().as_bytes(),
            include_bytes!("browser_part.rs"),
            include_bytes!("chunks.rs"),
        ],
    );
    if stamp.holds() && package.join(format!("{NAME}.js")).is_file() {
        note.say("unchanged");
        return Ok(package);
    }
    stamp.unset()?;
    if package.exists() {
        fs::remove_dir_all(&package).with_context(|| format!("can't clear {}", package.display()))?;
    }
    let main = place::own().join("main.wasm");
    let mut modules = split((note, node), &input, &main, &package)?;
    let mut bound = Bindgen::new()
        .input_path(&main)
        .web(true)?
        .typescript(false)
        // The other modules use what this one exports, by its names as they are.
        .keep_lld_exports(true)
        .demangle(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .out_name(NAME)
        .generate_output()
        .context("wasm-bindgen can't read the compiled module")?;
    let names = shorten_names(&mut bound);
    bound.emit(&package).context("the bound module can't be written")?;
    let glue = package.join(NAME).with_extension("js");
    let shortened = with_short_names(fs::read_to_string(&glue)?, &names)?;
    fs::write(&glue, shortened).with_context(|| format!("can't write {}", glue.display()))?;
    shrink_text((note, node), &glue)?;
    shrink_text((note, node), &package.join(LATER))?;
    modules.push(package.join(format!("{NAME}_bg.wasm")));
    let mut size = 0;
    for module in &modules {
        if let Some(node) = node {
            let shrunk = place::own().join("shrunk.wasm");
            note.run(node.wasm_opt().arg("-Oz").args(FEATURES).arg(module).arg("--output").arg(&shrunk))?;
            fs::rename(&shrunk, module)?;
        }
        size += fs::metadata(module)?.len();
    }
    note.say(format!("{} kB of WASM before compression, in {} files", size / 1000, modules.len()));
    stamp.set()?;
    Ok(package)
}

/// Leaves out of a script or a style sheet what is there for people.
fn shrink_text((note, node): (&mut Note, Option<&Node>), file: &Path) -> Result<()> {
    let Some(node) = node else { return Ok(()) };
    let mut shrink = node.esbuild();
    shrink.args(["--minify", "--log-level=error", "--allow-overwrite"]).arg(file);
    if file.extension().is_some_and(|extension| extension == "js") {
        shrink.arg("--format=esm");
    }
    let mut outfile = std::ffi::OsString::from("--outfile=");
    outfile.push(file);
    note.run(shrink.arg(outfile))
}

/// Gives each function that the glue offers to the module a short name, and returns the long ones in the order of their numbers:
/// some three hundred, each with a checksum, which stand in both files.
fn shorten_names(bound: &mut Output) -> Vec<String> {
    let offered = format!("./{NAME}_bg.js");
    let mut names = Vec::new();
    for import in bound.wasm_mut().imports.iter_mut().filter(|import| import.module == offered) {
        let number = names.iter().position(|name| *name == import.name).unwrap_or(names.len());
        let long = std::mem::replace(&mut import.name, short_name(number));
        if number == names.len() {
            names.push(long);
        }
    }
    names
}

fn short_name(number: usize) -> String {
    format!("f{number}")
}

/// The glue with the names that [`shorten_names`] gave.
fn with_short_names(mut glue: String, names: &[String]) -> Result<String> {
    for (number, name) in names.iter().enumerate() {
        let offered = format!(" {name}: ");
        ensure!(glue.matches(&offered).count() == 1, "the glue doesn't offer {name} once");
        glue = glue.replace(&offered, &format!(" {}: ", short_name(number)));
    }
    Ok(glue)
}

/// Writes what everybody loads first to `main`, and each part that comes later into the folder `package`, with the script
/// that loads them; returns where those parts are.
fn split(
    (note, node): (&mut Note, Option<&Node>),
    module: &[u8],
    main: &Path,
    package: &Path,
) -> Result<Vec<PathBuf>> {
    let mut options = wasm_split_cli_support::Options::new(module);
    let glue = format!("./{NAME}.js");
    options.output_dir = package;
    options.main_out_path = main;
    let later = format!("./{LATER}");
    options.link_name = &later;
    options.main_module = &glue;
    let split = wasm_split_cli_support::transform(options);
    let split = split.map_err(|report| anyhow!("the compiled module can't be split: {report:#}"))?;
    chunks::join((note, node), package, LATER, &split.prefetch_map, split.split_modules)
}

/// What every browser of the last years understands; the optimiser must not go beyond it.
pub const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_glue_offers_short_names() {
        let names = ["__wbg_get_1a".to_owned(), "__wbg_get_2b".to_owned()];
        let glue = "{\n __wbg_get_1a: function(a) {},\n __wbg_get_2b: function() {},\n}";
        assert_eq!(
            with_short_names(glue.to_owned(), &names).unwrap(),
            "{\n f0: function(a) {},\n f1: function() {},\n}"
        );
        assert!(with_short_names("{}".to_owned(), &names).is_err(), "it must offer what the module asks for");
    }
}
