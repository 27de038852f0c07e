//! Who gets what answer at which door: every door must have a row in `access.txt`, and every row must be true.
//!
//! A row is a door and the outcome for each kind of caller: an HTTP status, and `nothing` where the answer to a question
//! holds nothing. With `UPDATE_SNAPSHOTS=1` the file is written anew; read the difference before you commit it.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod doors;
mod world;

use doors::Door;
use http::StatusCode;
use std::{collections::BTreeMap, fmt::Write as _};
use world::{CALLERS, World};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/access.txt");

const HEAD: &str = "\
# Who gets what answer at which door. Checked by tests/access; UPDATE_SNAPSHOTS=1 writes it anew.
# anonymous: no credential. stranger: an account that was given nothing, on a server whose default is NO_PERMISSIONS.
# reader, editor, manager: given READ, EDIT, MANAGE of the experiment and the registered model. admin: a site admin.
# 404 is what a thing that isn't there answers. nothing: the answer is empty.
";

async fn outcomes() -> BTreeMap<String, Vec<String>> {
    let world = World::open().await;
    let mut table = BTreeMap::new();
    for door in doors::all() {
        let mut row = Vec::new();
        for caller in CALLERS {
            // Each try has things of its own, so that what one deletes another still finds.
            let things = world.things(&door).await;
            row.push(world.knock(&door, caller, &things).await);
        }
        table.insert(door.name(), row);
    }
    world.close().await;
    table
}

fn render(table: &BTreeMap<String, Vec<String>>) -> String {
    let width = table.keys().map(String::len).max().unwrap_or_default();
    let mut text = HEAD.to_owned();
    let mut line = |name: &str, cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| format!("{cell:<11}")).collect();
        let _ = writeln!(text, "{}", format!("{name:<width$}  {}", cells.join(" ")).trim_end());
    };
    line("# door", &CALLERS.map(|caller| caller.name().to_owned()));
    for (door, row) in table {
        line(door, row);
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn every_door_has_a_row_and_every_row_is_true() {
    let found = render(&outcomes().await);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(FILE, &found).unwrap();
    }
    let expected = std::fs::read_to_string(FILE).unwrap_or_default();
    let difference: Vec<String> = diff(&expected, &found);
    assert!(difference.is_empty(), "access.txt says otherwise:\n{}", difference.join("\n"));
}

fn diff(expected: &str, found: &str) -> Vec<String> {
    let (expected, found): (Vec<_>, Vec<_>) = (expected.lines().collect(), found.lines().collect());
    let gone = expected.iter().filter(|line| !found.contains(line)).map(|line| format!("- {line}"));
    let new = found.iter().filter(|line| !expected.contains(line)).map(|line| format!("+ {line}"));
    gone.chain(new).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_read_is_a_mistake_of_whoever_sent_it() {
    let world = World::open().await;
    for door in doors::all().iter().filter(|door| door.route.starts_with("/ui/")) {
        let status = world.sends_nonsense(door).await;
        assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{}", door.name());
    }
    let list = doors::all().into_iter().find(|door| door.route == "/ui/list_runs").unwrap();
    assert_eq!(world.sends_nonsense(&list).await, StatusCode::BAD_REQUEST);
    world.close().await;
}

#[tokio::test]
async fn no_door_is_listed_twice() {
    let mut names: Vec<String> = doors::all().iter().map(Door::name).collect();
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all);
}

/// Found by load: renderings that took turns on a thread lost their values to each other.
#[tokio::test(flavor = "multi_thread")]
async fn pages_rendered_at_the_same_time_do_not_disturb_each_other() {
    let world = std::sync::Arc::new(World::open().await);
    let pages = || doors::all().into_iter().filter(|door| door.route.starts_with("/experiments"));
    let things = std::sync::Arc::new(world.things(&pages().next().unwrap()).await);
    let mut renderings = tokio::task::JoinSet::new();
    for _ in 0..60 {
        for door in pages() {
            let (world, things) = (world.clone(), things.clone());
            renderings.spawn(async move { world.knock(&door, world::Kind::Admin, &things).await });
        }
    }
    while let Some(outcome) = renderings.join_next().await {
        assert_eq!(outcome.unwrap(), "200");
    }
}

/// Found by this test: one page in some hundred lost a value that it had just made.
#[tokio::test(flavor = "multi_thread")]
async fn pages_rendered_one_after_the_other_do_not_disturb_each_other() {
    let world = World::open().await;
    let pages: Vec<Door> = doors::all()
        .into_iter()
        .filter(|door| {
            door.route.starts_with("/experiments") || door.route == "/compare" || door.route == "/account"
        })
        .collect();
    let things = world.things(&pages[0]).await;
    for _ in 0..40 {
        for door in &pages {
            for (caller, expected) in [(world::Kind::Anonymous, "302"), (world::Kind::Reader, "200")] {
                assert_eq!(world.knock(door, caller, &things).await, expected, "{}", door.name());
            }
        }
    }
}
