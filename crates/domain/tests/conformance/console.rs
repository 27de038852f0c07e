//! Console logs: found by their names, read from the end, piece by piece.

use crate::world::*;
use model::console::{LINES, LogPart, LogPiece, PIECE};

on_both_databases! {
    logs_of_a_run_are_found_by_name,
    a_log_is_read_from_its_end,
    a_log_that_grows_is_read_on,
    nobody_reads_a_log_of_what_they_may_not_see,
}

/// A run and where its files are.
async fn run_with_files(user: &User, name: &str) -> (RunId, String) {
    let experiment = user.experiment(name).await;
    let run = user.run_in(experiment).await;
    (run, format!("{experiment}/{run}/artifacts"))
}

fn lines(of: std::ops::Range<usize>) -> String {
    of.map(|number| format!("line {number:07}\n")).collect()
}

async fn text(user: &User, run: RunId, part: LogPart) -> (u64, String) {
    let piece = user.read_log(run, "output.log", part).await.unwrap();
    (piece.start, String::from_utf8(piece.bytes).unwrap())
}

async fn logs_of_a_run_are_found_by_name(world: &World) {
    let alice = world.user("alice").await;
    let (run, files) = run_with_files(&alice, "vision").await;
    assert_eq!(alice.run_logs(run).await.unwrap(), Vec::<String>::new());
    assert!(!alice.run_page(run).await.unwrap().has_logs);
    for name in
        ["model.pkl", "stderr.txt", "logs/train.log", "logs/deep/x.log", "model/run.log", "output.log"]
    {
        alice.uploads(&format!("{files}/{name}"), b"text").await;
    }
    assert_eq!(alice.run_logs(run).await.unwrap(), ["output.log", "logs/train.log", "stderr.txt"]);
    assert!(alice.run_page(run).await.unwrap().has_logs);
    check_code(alice.run_logs(no_run()).await, Code::ResourceDoesNotExist);
}

async fn a_log_is_read_from_its_end(world: &World) {
    let alice = world.user("alice").await;
    let (run, files) = run_with_files(&alice, "vision").await;
    alice.uploads(&format!("{files}/output.log"), b"").await;
    assert_eq!(text(&alice, run, LogPart::Last).await, (0, String::new()));
    let whole = lines(0..40_000);
    assert!(whole.len() as u64 > PIECE);
    alice.uploads(&format!("{files}/output.log"), whole.as_bytes()).await;
    let piece = alice.read_log(run, "output.log", LogPart::Last).await.unwrap();
    assert_eq!(piece.size, whole.len() as u64);
    let (mut start, last) = text(&alice, run, LogPart::Last).await;
    assert_eq!(last, lines(40_000 - LINES..40_000));
    // What is before joins what is here, up to the beginning.
    let mut joined = last;
    for _ in 0..2 {
        let (earlier, before) = text(&alice, run, LogPart::Before(start)).await;
        start = earlier;
        joined = before + &joined;
    }
    assert_eq!(joined, lines(40_000 - 3 * LINES..40_000));
    assert_eq!(text(&alice, run, LogPart::Before(26)).await, (0, lines(0..2)));
    // A line that is longer than a piece comes in several.
    let long = "x".repeat(PIECE as usize + 10);
    alice.uploads(&format!("{files}/output.log"), long.as_bytes()).await;
    assert_eq!(text(&alice, run, LogPart::Last).await, (10, "x".repeat(PIECE as usize)));
    assert_eq!(text(&alice, run, LogPart::Before(10)).await, (0, "x".repeat(10)));
}

async fn a_log_that_grows_is_read_on(world: &World) {
    let alice = world.user("alice").await;
    let (run, files) = run_with_files(&alice, "vision").await;
    let file = format!("{files}/output.log");
    alice.uploads(&file, b"one\ntw").await;
    assert_eq!(text(&alice, run, LogPart::From(6)).await, (6, String::new()));
    alice.uploads(&file, b"one\ntwo\nthree").await;
    assert_eq!(text(&alice, run, LogPart::From(6)).await, (6, "o\nthree".to_owned()));
    // Begun anew, or grown by more than is read at once: the end of it.
    alice.uploads(&file, b"new\n").await;
    assert_eq!(text(&alice, run, LogPart::From(6)).await, (0, "new\n".to_owned()));
    let much = lines(0..40_000);
    alice.uploads(&file, much.as_bytes()).await;
    let start = (much.len() - lines(0..LINES).len()) as u64;
    assert_eq!(text(&alice, run, LogPart::From(6)).await, (start, lines(40_000 - LINES..40_000)));
}

async fn nobody_reads_a_log_of_what_they_may_not_see(world: &World) {
    let closed = world.closed().await;
    let (alice, bob) = (world.user("alice").await.on(&closed), world.user("bob").await.on(&closed));
    let (run, files) = run_with_files(&alice, "vision").await;
    alice.uploads(&format!("{files}/output.log"), b"secret\n").await;
    let (own, _) = run_with_files(&bob, "own").await;
    check_code(bob.run_logs(run).await, Code::ResourceDoesNotExist);
    check_code(bob.read_log(run, "output.log", LogPart::Last).await, Code::ResourceDoesNotExist);
    check_code(bob.read_log(own, "output.log", LogPart::Last).await, Code::ResourceDoesNotExist);
    let up = format!("../../../{files}/output.log");
    check_refused(bob.read_log(own, &up, LogPart::Last).await, Code::InvalidParameterValue, "Invalid path");
    let read = alice.read_log(run, "output.log", LogPart::Last).await.unwrap();
    assert_eq!(read, LogPiece { start: 0, bytes: b"secret\n".to_vec(), size: 7 });
    check_code(alice.read_log(run, "", LogPart::Last).await, Code::InvalidParameterValue);
    closed.close().await;
}
