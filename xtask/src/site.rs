//! `target/site`: the files that the server carries inside itself and serves as they are.
//!
//! `pkg/` holds the browser part and the style sheet, the rest is `public/`. Beside each file of a kind that compresses lies
//! the same file compressed, `.br`. Only files that changed are written, since a write makes cargo build the server
//! anew.

use crate::place;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The bytes a browser may have to download before a page comes alive: the module, its glue and the style sheet, compressed.
/// What it loads later isn't among them.
pub const BUDGET: u64 = 500_000;

/// The files of a site by their path inside it.
type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Brings `target/site` up to date with the browser part in `package`, its style sheet and `public/`; returns how many files that
/// changed.
pub fn lay_out(package: &Path) -> Result<usize> {
    let root = place::root();
    let mut files = Files::new();
    gather(&root.join("public"), Path::new(""), &mut files)?;
    gather(package, Path::new("pkg"), &mut files)?;
    write(&place::site(), &files)
}

/// Fails when the browser part is over its budget; returns its compressed size in bytes.
pub fn weigh() -> Result<u64> {
    let package = place::site().join("pkg");
    let mut size = 0;
    for name in ["runmark_bg.wasm.br", "runmark.js.br", "later.js.br", "runmark.css.br"] {
        let file = package.join(name);
        size += fs::metadata(&file).with_context(|| format!("can't read {}", file.display()))?.len();
    }
    if size > BUDGET {
        bail!("the browser part is {} kB compressed; its budget is {} kB", size / 1000, BUDGET / 1000);
    }
    Ok(size)
}

/// Adds the files below `folder`, hidden ones left out, to the site's folder `to`.
fn gather(folder: &Path, to: &Path, files: &mut Files) -> Result<()> {
    for (name, path) in entries(folder)? {
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            gather(&path, &to.join(&name), files)?;
        } else {
            let content = fs::read(&path).with_context(|| format!("can't read {}", path.display()))?;
            files.insert(to.join(&name), content);
        }
    }
    Ok(())
}

/// The style sheets of `style/` as one.
pub fn style_sheet() -> Result<Vec<u8>> {
    joined(&place::root().join("style"))
}

/// The style sheets of a folder as one, in the order of their names.
fn joined(folder: &Path) -> Result<Vec<u8>> {
    let mut sheets = entries(folder)?;
    sheets.retain(|(_, path)| path.extension().is_some_and(|extension| extension == "css"));
    sheets.sort();
    let mut whole = Vec::new();
    for (_, path) in sheets {
        whole.extend(fs::read(&path).with_context(|| format!("can't read {}", path.display()))?);
        whole.push(b'\n');
    }
    Ok(whole)
}

/// The names and paths in a folder; none where there is no such folder.
fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let read = fs::read_dir(folder).with_context(|| format!("can't read {}", folder.display()))?;
    read.map(|entry| {
        let entry = entry?;
        Ok((entry.file_name().to_string_lossy().into_owned(), entry.path()))
    })
    .collect()
}

/// Makes `site` hold these files, what compresses of them, and nothing else; returns how many files that changed.
fn write(site: &Path, files: &Files) -> Result<usize> {
    let mut changed = 0;
    let mut kept = Vec::new();
    for (path, content) in files {
        let file = site.join(path);
        let compressed = with_br(&file);
        let compresses = compresses(path);
        kept.extend(compresses.then(|| compressed.clone()));
        kept.push(file.clone());
        let unchanged = fs::read(&file).is_ok_and(|old| old == *content);
        if unchanged && (!compresses || compressed.is_file()) {
            continue;
        }
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
        }
        // The compressed one first: if this stops half-way, the difference is still seen the next time.
        if compresses {
            fs::write(&compressed, brotli(content)?)?;
        }
        fs::write(&file, content).with_context(|| format!("can't write {}", file.display()))?;
        changed += 1;
    }
    Ok(changed + remove_others(site, &kept)?)
}

fn remove_others(folder: &Path, kept: &[PathBuf]) -> Result<usize> {
    let mut removed = 0;
    for (_, path) in entries(folder)? {
        if path.is_dir() {
            removed += remove_others(&path, kept)?;
        } else if !kept.contains(&path) {
            fs::remove_file(&path).with_context(|| format!("can't remove {}", path.display()))?;
            removed += 1;
        }
    }
    Ok(removed)
}

fn with_br(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".br");
    PathBuf::from(name)
}

/// Pictures and fonts are compressed already.
fn compresses(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    ["css", "html", "js", "json", "svg", "txt", "wasm", "webmanifest"].contains(&extension)
}

fn brotli(content: &[u8]) -> Result<Vec<u8>> {
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        size_hint: content.len(),
        ..Default::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &content[..], &mut compressed, &parameters).context("can't compress")?;
    Ok(compressed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> Files {
        list.iter().map(|(path, content)| (PathBuf::from(path), content.as_bytes().to_vec())).collect()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut found = Files::new();
        gather(folder, Path::new(""), &mut found).unwrap();
        found.into_keys().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn only_what_changed_is_written_and_what_went_is_removed() {
        let site = tempfile::tempdir().unwrap();
        let first = files(&[("pkg/runmark.js", "let a;"), ("icon.png", "png"), ("robots.txt", "all")]);
        assert_eq!(write(site.path(), &first).unwrap(), 3);
        assert_eq!(
            names(site.path()),
            ["icon.png", "pkg/runmark.js", "pkg/runmark.js.br", "robots.txt", "robots.txt.br"]
        );
        assert_eq!(write(site.path(), &first).unwrap(), 0);
        fs::remove_file(site.path().join("robots.txt.br")).unwrap();
        assert_eq!(write(site.path(), &first).unwrap(), 1, "a lost compressed file is made again");
        let second = files(&[("pkg/runmark.js", "let b;"), ("icon.png", "png")]);
        assert_eq!(write(site.path(), &second).unwrap(), 1 + 2);
        assert_eq!(names(site.path()), ["icon.png", "pkg/runmark.js", "pkg/runmark.js.br"]);
    }

    #[test]
    fn style_sheets_follow_the_order_of_their_names() {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in [("20-page.css", "b{}"), ("10-base.css", "a{}"), ("notes.md", "no")] {
            fs::write(folder.path().join(name), content).unwrap();
        }
        assert_eq!(joined(folder.path()).unwrap(), b"a{}\nb{}\n");
        assert_eq!(joined(&folder.path().join("none")).unwrap(), b"");
    }

    #[test]
    fn hidden_files_stay_out() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".gitignore"), "*").unwrap();
        fs::write(folder.path().join("favicon.svg"), "<svg/>").unwrap();
        assert_eq!(names(folder.path()), ["favicon.svg"]);
    }

    #[test]
    fn compressed_files_unpack_to_the_same() {
        let content = "hydrate ".repeat(1000);
        let compressed = brotli(content.as_bytes()).unwrap();
        assert!(compressed.len() < content.len() / 20);
        let mut unpacked = Vec::new();
        brotli::BrotliDecompress(&mut &compressed[..], &mut unpacked).unwrap();
        assert_eq!(unpacked, content.as_bytes());
    }
}
