//! Chunks: the code that several modules of the browser part share. The splitter writes a file for each set of modules, a
//! hundred small ones, of which a page waits for most. Here those that many share, and the small, become two files, which
//! compress to less than half of what they did: what pages begin with, and what only their parts need that come later.
//!
//! Owns: which chunks are one, the script that loads them, and the list of files by module, by which documents name them early.
//! Must never: change what a function does. Start reading: [`join`].

use crate::node::Node;
use crate::step::Note;
use anyhow::{Context, Result, bail, ensure};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use wasmparser::{Parser, Payload, TypeRef, ValType};

/// The list of files, without `.wasm`, by the module that needs them: what documents read.
pub const LIST: &str = "modules.json";

/// Modules that pages begin with; the others are parts of pages.
const PAGES: [&str; 5] = ["account", "models", "run", "runs", "trace"];

/// A chunk that only two modules share stays a file of its own from this size on, in bytes before it is shrunk.
const LARGE: u64 = 12_000;

/// What the splitter calls the module that all others import from.
const MAIN: &str = "__wasm_split";

/// Stands for [`MAIN`] while modules are joined, which would otherwise look for what is imported in themselves.
const ELSEWHERE: &str = "__wasm_splot";

/// Joins chunks in the folder `package`, where `script` loads them, and lists what is there by module. `needs` are the chunks by
/// the module that needs them. Returns the files that there are now instead of `files`. Without Node.js they stay apart.
pub fn join(
    (note, node): (&mut Note, Option<&Node>),
    package: &Path,
    script: &str,
    needs: &HashMap<String, Vec<String>>,
    files: Vec<PathBuf>,
) -> Result<Vec<PathBuf>> {
    if let Some(page) = PAGES.iter().find(|page| !needs.contains_key(**page)) {
        bail!("no page begins with a module `{page}`");
    }
    let Some(node) = node else {
        list(package, needs, &HashMap::new())?;
        return Ok(files);
    };
    let mut users = HashMap::<&str, Vec<&str>>::new();
    for (module, chunk) in
        needs.iter().flat_map(|(module, chunks)| chunks.iter().map(move |chunk| (module, chunk)))
    {
        users.entry(chunk).or_default().push(module);
    }
    let (mut groups, mut rest) = (BTreeMap::<&str, Vec<PathBuf>>::new(), Vec::new());
    for file in files {
        let size = fs::metadata(&file).with_context(|| format!("can't read {}", file.display()))?.len();
        let of = users.get(stem(&file)).map(Vec::as_slice).unwrap_or_default();
        match group(of, size) {
            Some(group) => groups.entry(group).or_default().push(file),
            None => rest.push(file),
        }
    }
    let mut joined = HashMap::new();
    for (group, chunks) in &groups {
        let whole = package.join(group).with_extension("wasm");
        merge(note, node, chunks, &whole)?;
        joined.extend(chunks.iter().map(|file| (stem(file), *group)));
        rest.push(whole);
    }
    let script = package.join(script);
    let linked = fs::read_to_string(&script).with_context(|| format!("can't read {}", script.display()))?;
    let linked = relink(&linked, &joined)?;
    fs::write(&script, linked).with_context(|| format!("can't write {}", script.display()))?;
    for file in groups.values().flatten() {
        fs::remove_file(file).with_context(|| format!("can't remove {}", file.display()))?;
    }
    list(package, needs, &joined)?;
    Ok(rest)
}

/// The file that a chunk goes into which these modules share, without `.wasm`; `None` if it stays one of its own.
fn group(users: &[&str], size: u64) -> Option<&'static str> {
    let stays = match users.len() {
        0 | 1 => true,
        2 => size >= LARGE,
        _ => false,
    };
    let group = if users.iter().any(|user| PAGES.contains(user)) { "shared" } else { "shared_parts" };
    (!stays).then_some(group)
}

/// A file's name without its ending.
fn stem(file: &Path) -> &str {
    file.file_stem().and_then(|name| name.to_str()).unwrap_or_default()
}

/// Writes [`LIST`]; `joined` are the files that chunks are in.
fn list(package: &Path, needs: &HashMap<String, Vec<String>>, joined: &HashMap<&str, &str>) -> Result<()> {
    let files = |chunks: &Vec<String>| -> BTreeSet<String> {
        chunks
            .iter()
            .map(|chunk| joined.get(chunk.as_str()).map_or_else(|| chunk.clone(), |&file| file.to_owned()))
            .collect()
    };
    let list: BTreeMap<&String, _> = needs.iter().map(|(module, chunks)| (module, files(chunks))).collect();
    let file = package.join(LIST);
    fs::write(&file, serde_json::to_vec(&list)?).with_context(|| format!("can't write {}", file.display()))
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
        merge.arg(chunk).arg(stem(chunk));
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

/// The script that loads modules, with chunks in the files that they are joined in.
fn relink(script: &str, joined: &HashMap<&str, &str>) -> Result<String> {
    let mut left = script;
    let mut linked = String::new();
    let mut begun = BTreeSet::new();
    while let Some(at) = left.find("const __chunk_") {
        let (before, definition) = left.split_at(at);
        let end = definition.find("\n, []);\n").context("the definition of a chunk has no end")?
            + "\n, []);\n".len();
        let (definition, after) = definition.split_at(end);
        let name = definition["const __".len()..].split(' ').next().unwrap_or_default();
        linked += before;
        match joined.get(name) {
            None => linked += definition,
            Some(group) => {
                if begun.insert(group) {
                    let from = format!("\"./{name}.wasm\"");
                    ensure!(definition.contains(&from), "{name} is not loaded from its file");
                    linked +=
                        &definition.replace(&from, &format!("\"./{group}.wasm\"")).replacen(name, group, 1);
                }
                writeln!(linked, "const __{name} = __{group};")?;
            }
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
        let (shared, parts) = (chunk("shared"), chunk("parts"));
        let link =
            |joined: &[(&'static str, &'static str)]| relink(&script, &joined.iter().copied().collect());
        assert_eq!(
            link(&[("chunk_1", "shared"), ("chunk_3", "shared")]).unwrap(),
            format!(
                "begin\n{shared}const __chunk_1 = __shared;\n/* a, b */\n{}const __chunk_3 = __shared;\nend\n",
                chunk("chunk_2"),
            )
        );
        assert_eq!(
            link(&[("chunk_1", "shared"), ("chunk_2", "parts"), ("chunk_3", "shared")]).unwrap(),
            format!(
                "begin\n{shared}const __chunk_1 = __shared;\n/* a, b */\n\
                 {parts}const __chunk_2 = __parts;\nconst __chunk_3 = __shared;\nend\n"
            )
        );
    }

    #[test]
    fn a_script_that_is_written_otherwise_is_refused() {
        assert!(relink("const __chunk_1 = load();\n", &HashMap::from([("chunk_1", "shared")])).is_err());
    }

    #[test]
    fn chunks_go_by_who_uses_them() {
        let check = |users: &[&str], size, expected| {
            assert_eq!(group(users, size), expected, "{users:?}, {size} bytes");
        };
        check(&["run"], 1, None);
        check(&["run", "work"], LARGE, None);
        check(&["run", "work"], LARGE - 1, Some("shared"));
        check(&["charts", "run", "work"], LARGE, Some("shared"));
        check(&["charts", "explore", "work"], LARGE, Some("shared_parts"));
    }

    #[test]
    fn files_are_listed_by_module() {
        let folder = tempfile::tempdir().unwrap();
        let texts = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let needs = HashMap::from([
            ("run".to_owned(), texts(&["chunk_1", "chunk_2", "chunk_3", "split_run"])),
            ("work".to_owned(), texts(&["chunk_2", "split_work"])),
        ]);
        list(folder.path(), &needs, &HashMap::from([("chunk_1", "shared"), ("chunk_3", "shared")])).unwrap();
        assert_eq!(
            fs::read_to_string(folder.path().join(LIST)).unwrap(),
            r#"{"run":["chunk_2","shared","split_run"],"work":["chunk_2","split_work"]}"#
        );
    }
}
