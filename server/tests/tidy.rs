//! Holds the plan of the house: which room may know what (ARCHITECTURE.md, "Rooms"), and where things must stay.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What a room's Cargo.toml names in a section, features of dependencies left out.
fn dependencies(room: &str) -> BTreeSet<String> {
    let manifest = fs::read_to_string(root().join(room).join("Cargo.toml")).unwrap();
    let mut section = "";
    let mut names = BTreeSet::new();
    for line in manifest.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        } else if section == "dependencies" && !line.starts_with([' ', '#', '"', ']']) {
            names.extend(
                line.split(['=', '.'])
                    .next()
                    .map(str::trim)
                    .filter(|name| !name.is_empty())
                    .map(str::to_owned),
            );
        }
    }
    assert!(!names.is_empty(), "{room} has no dependencies?");
    names
}

const ROOMS: [&str; 7] = ["model", "chart", "domain", "mlflow", "app", "plain", "server"];

/// A room may know these rooms of ours, and must not know these crates of others.
fn check_room(room: &str, ours: &[&str], never: &[&str]) {
    let names = dependencies(room);
    for known in ROOMS.into_iter().filter(|known| names.contains(*known)) {
        assert!(ours.contains(&known), "{room} must not know {known}");
    }
    for crate_name in &names {
        let forbidden =
            never.iter().find(|never| crate_name == *never || crate_name.starts_with(&format!("{never}_")));
        assert!(forbidden.is_none(), "{room} must not depend on {crate_name}");
    }
}

#[test]
fn every_room_knows_only_what_it_may() {
    let web = ["axum", "tonic", "tower", "http", "hyper", "tower-sessions"];
    let browser = ["leptos", "leptos_axum", "web-sys", "js-sys", "wasm-bindgen", "plotters-canvas"];
    let memory = ["sqlx", "object_store", "tokio"];
    let all = |lists: &[&[&'static str]]| lists.concat();
    check_room(
        "crates/model",
        &[],
        &all(&[&web, &browser, &memory, &["getrandom", "rand", "time", "chrono"]]),
    );
    check_room("crates/chart", &[], &all(&[&web, &browser, &memory]));
    check_room("crates/domain", &["model"], &all(&[&web, &browser]));
    // It reads databases of others, and asks servers.
    check_room("crates/mlflow", &["model"], &all(&[&["axum", "tonic", "tower", "hyper"], &browser]));
    check_room("app", &["model", "chart", "domain"], &["sqlx", "object_store", "axum", "clap"]);
    check_room("plain", &["model", "chart", "app"], &["domain", "sqlx", "object_store", "axum", "http"]);
    check_room(
        "server",
        &["model", "chart", "domain", "mlflow", "app", "plain"],
        &["sqlx", "object_store", "argon2"],
    );
    check_room("frontend", &["app"], &all(&[&web, &memory, &["serde", "plotters"]]));
    // It measures from outside: what it knows of Runmark is how a page asks for a chart.
    check_room("bench", &["model"], &["sqlx", "object_store", "axum", "leptos"]);
}

/// Rust files below a folder, tests left out, with their text.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let text = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has no sources?");
    found
}

#[test]
fn sql_is_in_one_room() {
    let folders =
        ["crates/domain/src", "crates/mlflow/src", "server/src", "app/src", "plain/src", "crates/model/src"];
    for folder in folders {
        for (path, text) in sources(folder) {
            // What is said to databases of MLflow: that crate has no other ones.
            let is_theirs = |part: &std::ffi::OsStr| {
                folder == "crates/mlflow/src" && (part == "sql" || part == "people.rs")
            };
            if path.components().any(|part| part.as_os_str() == "store" || is_theirs(part.as_os_str())) {
                continue;
            }
            for statement in ["\"SELECT ", "\"INSERT ", "\"UPDATE ", "\"DELETE FROM", "sqlx::query"] {
                assert!(!text.contains(statement), "{} holds SQL: {statement}", path.display());
            }
        }
    }
}

#[test]
fn one_module_of_app_differs_between_server_and_browser() {
    let gated: Vec<String> = sources("app/src")
        .into_iter()
        .filter(|(_, text)| text.contains("cfg(feature") || text.contains("cfg(not(feature"))
        .map(|(path, _)| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(gated, ["lib.rs"], "only lib.rs may gate, and only the module ssr and the gallery");
}

/// Functions of domain that nobody's permission guards: sign-in and sessions. The number may only fall without a thought.
#[test]
fn the_unchecked_functions_are_counted() {
    let mut names: Vec<String> = Vec::new();
    for (_, text) in sources("crates/domain/src") {
        for part in text.split("fn unchecked_").skip(1) {
            names.extend(part.split(['(', '<']).next().map(str::to_owned));
        }
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 31, "someone added or removed an unchecked function: {names:#?}");
}

/// Whoever changes something tells the audit log of it, by a `Change`. Other transactions are of nobody (the first experiment,
/// upkeep, when something was used), of sessions, links and codes (told where they are used), or data (what jobs log).
#[test]
fn changes_are_told() {
    let mut silent: Vec<(String, usize)> = sources("crates/domain/src")
        .into_iter()
        .filter(|(path, _)| !path.components().any(|part| part.as_os_str() == "store"))
        .map(|(path, text)| {
            (path.file_name().unwrap().to_string_lossy().into_owned(), text.matches("db.begin()").count())
        })
        .filter(|(_, count)| *count > 0)
        .collect();
    silent.sort();
    let known = [
        ("account.rs", 2),
        ("audit.rs", 2),
        ("experiment.rs", 1),
        ("last_use.rs", 1),
        ("log.rs", 1),
        ("model_note.rs", 1),
        ("run.rs", 2),
        ("second_factor.rs", 2),
        ("session.rs", 3),
        ("trace.rs", 1),
    ];
    assert_eq!(silent, known.map(|(file, count)| (file.to_owned(), count)), "is this change told?");
}

#[test]
fn only_the_gate_makes_grants() {
    for (path, text) in sources("crates/domain/src") {
        let is_gate = path.file_name().is_some_and(|name| name == "gate.rs");
        assert!(is_gate || !text.contains("PhantomData"), "{} makes grants?", path.display());
    }
}

#[test]
fn migrations_are_twins() {
    let names = |folder: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(root().join("migrations").join(folder)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
}
