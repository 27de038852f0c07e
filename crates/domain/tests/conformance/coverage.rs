//! No use case is left out: each is called on both databases, which also proves that both take its statements.

use std::path::{Path, PathBuf};

pub fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn every_use_case_is_called_in_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &PathBuf| std::fs::read_to_string(path).unwrap();
    let tests: String = sources(&root.join("tests/conformance")).iter().map(read).collect();
    let code =
        sources(&root.join("src")).into_iter().filter(|path| !path.starts_with(root.join("src/store")));
    let code: String = code.map(|path| read(&path)).collect();
    let uses =
        code.split("\nimpl ").filter(|part| part.starts_with("Acting {") || part.starts_with("Domain {"));
    let use_cases: Vec<&str> = uses
        .flat_map(|part| part.split("    pub async fn ").skip(1))
        .filter_map(|rest| rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next())
        .collect();
    assert!(use_cases.len() > 60, "{use_cases:?}");
    let called = |name: &&&str| {
        [".", "::", "Read ", "Edit ", "Manage "]
            .iter()
            .any(|before| tests.contains(&format!("{before}{name}(")))
    };
    let forgotten: Vec<&&str> = use_cases.iter().filter(|name| !called(name)).collect();
    assert!(forgotten.is_empty(), "no test calls {forgotten:?}");
}
