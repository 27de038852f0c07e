//! Chunks: the code that several modules of the browser part share. The splitter writes a file for each set of modules, a
//! hundred small ones, of which a page waits for most. Here those that many share, and the small, become one file, which
//! compresses to less than half of what they did and which documents name early.
//!
//! Owns: which chunks are one, and the script that loads them. Must never: change what a function does. Start reading:
//! [`join`].

use crate::node::Node;
use crate::step::Note;
use anyhow::{Context, Result, bail, ensure};
use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use wasmparser::{Parser, Payload, TypeRef, ValType};

/// The file that they become, without `.wasm`. Documents of pages that come in modules ask for it early.
pub const SHARED: &str = "shared";

/// A chunk that only two modules share stays a file of its own from this size on, in bytes before it is shrunk.
const LARGE: u64 = 12_000;

/// What the splitter calls the module that all others import from.
const MAIN: &str = "__wasm_split";

/// Stands for [`MAIN`] while modules are joined, which would otherwise look for what is imported in themselves.
const ELSEWHERE: &str = "__wasm_splot";

/// Joins chunks in the folder `package`, where `script` loads them. `needs` are the chunks by the module that needs them.
/// Returns the files that there are now instead of `files`.
pub fn join(
    (note, node): (&mut Note, &Node),
    package: &Path,
    script: &str,
    needs: &HashMap<String, Vec<String>>,
    files: Vec<PathBuf>,
) -> Result<Vec<PathBuf>> {
    let mut users = HashMap::<&str, usize>::new();
    for chunk in needs.values().flatten() {
        *users.entry(chunk).or_default() += 1;
    }
    let (mut joined, mut rest) = (Vec::new(), Vec::new());
    for file in files {
        let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let is_joined = match users.get(name) {
            None | Some(1) => false,
            Some(2) => fs::metadata(&file)?.len() < LARGE,
            Some(_) => true,
        };
        if is_joined { &mut joined } else { &mut rest }.push(file);
    }
    if joined.is_empty() {
        return Ok(rest);
    }
    let shared = package.join(SHARED).with_extension("wasm");
    merge(note, node, &joined, &shared)?;
    let names: Vec<&str> = joined.iter().filter_map(|file| file.file_stem()?.to_str()).collect();
    let script = package.join(script);
    let linked = relink(&fs::read_to_string(&script)?, &names)?;
    fs::write(&script, linked).with_context(|| format!("can't write {}", script.display()))?;
    for file in &joined {
        fs::remove_file(file).with_context(|| format!("can't remove {}", file.display()))?;
    }
    rest.push(shared);
    Ok(rest)
}

/// Makes one module of several that import from [`MAIN`], and from it alone.
fn merge(note: &mut Note, node: &Node, chunks: &[PathBuf], to: &Path) -> Result<()> {
    // Between them and what they import stands a module that gives it on: each would otherwise import a memory of its own.
    let between = to.with_extension("wat");
    let first = fs::read(&chunks[0]).with_context(|| format!("can't read {}", chunks[0].display()))?;
    fs::write(&between, given_on(&first)?)?;
    let mut merge = node.wasm_merge();
    merge.args(crate::browser_part::FEATURES).arg(&between).arg(MAIN);
    for chunk in chunks {
        merge.arg(chunk).arg(chunk.file_stem().unwrap_or_default());
    }
    note.run(merge.arg("--output").arg(to))?;
    fs::remove_file(&between)?;
    let mut module = fs::read(to)?;
    let places: Vec<usize> =
        (0..module.len()).filter(|at| module[*at..].starts_with(ELSEWHERE.as_bytes())).collect();
    ensure!(!places.is_empty(), "the joined chunks import nothing");
    for at in places {
        module[at..at + MAIN.len()].copy_from_slice(MAIN.as_bytes());
    }
    fs::write(to, module).with_context(|| format!("can't write {}", to.display()))
}

/// A module, as text, that exports what the given one imports, and imports it from [`ELSEWHERE`].
fn given_on(chunk: &[u8]) -> Result<String> {
    let mut text = String::from("(module\n");
    let (mut memories, mut tables, mut globals) = (0, 0, 0);
    let mut exports = String::new();
    for payload in Parser::new(0).parse_all(chunk) {
        let Payload::ImportSection(imports) = payload? else { continue };
        for import in imports.into_imports() {
            let import = import?;
            ensure!(import.module == MAIN, "a chunk imports from {}", import.module);
            let (kind, at, what) = match import.ty {
                TypeRef::Memory(memory) => ("memory", &mut memories, format!("(memory {})", memory.initial)),
                TypeRef::Table(table) => ("table", &mut tables, format!("(table {} funcref)", table.initial)),
                TypeRef::Global(global) if global.mutable && global.content_type == ValType::I32 => {
                    ("global", &mut globals, "(global (mut i32))".to_owned())
                }
                other => bail!("a chunk imports {}, {other:?}", import.name),
            };
            writeln!(text, "(import \"{ELSEWHERE}\" \"{}\" {what})", import.name)?;
            writeln!(exports, "(export \"{}\" ({kind} {at}))", import.name)?;
            *at += 1;
        }
    }
    Ok(text + &exports + ")\n")
}

/// The script that loads modules, with the named chunks in one file.
fn relink(script: &str, names: &[&str]) -> Result<String> {
    let mut left = script;
    let mut linked = String::new();
    let mut is_first = true;
    while let Some(at) = left.find("const __chunk_") {
        let (before, definition) = left.split_at(at);
        let end = definition.find("\n, []);\n").context("the definition of a chunk has no end")?
            + "\n, []);\n".len();
        let (definition, after) = definition.split_at(end);
        let name = definition["const __".len()..].split(' ').next().unwrap_or_default();
        linked += before;
        match (names.contains(&name), is_first) {
            (false, _) => linked += definition,
            (true, true) => {
                let from = format!("\"./{name}.wasm\"");
                ensure!(definition.contains(&from), "{name} is not loaded from its file");
                linked +=
                    &definition.replace(&from, &format!("\"./{SHARED}.wasm\"")).replacen(name, SHARED, 1);
                writeln!(linked, "const __{name} = __{SHARED};")?;
                is_first = false;
            }
            (true, false) => writeln!(linked, "const __{name} = __{SHARED};")?,
        }
        left = after;
    }
    Ok(linked + left)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(name: &str) -> String {
        format!(
            "const __{name} = makeLoad(() => {{\n    const src = fetch(new URL(\"./{name}.wasm\", import.meta.url));\n}}\n, []);\n"
        )
    }

    #[test]
    fn joined_chunks_are_loaded_once() {
        let script =
            format!("begin\n{}/* a, b */\n{}{}end\n", chunk("chunk_1"), chunk("chunk_2"), chunk("chunk_3"));
        let shared = chunk("shared");
        let linked = relink(&script, &["chunk_1", "chunk_3"]).unwrap();
        let wanted = format!(
            "begin\n{shared}const __chunk_1 = __shared;\n/* a, b */\n{}const __chunk_3 = __shared;\nend\n",
            chunk("chunk_2"),
        );
        assert_eq!(linked, wanted);
    }

    #[test]
    fn a_script_that_is_written_otherwise_is_refused() {
        assert!(relink("const __chunk_1 = load();\n", &["chunk_1"]).is_err());
    }
}
