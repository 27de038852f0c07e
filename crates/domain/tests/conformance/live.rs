//! Who watches runs or traces is told when they change, in every process, and only of what they may see.

use crate::world::*;
use domain::{News, Watched};
use futures::{Stream, StreamExt as _};
use model::{
    Permission::{NoPermissions, Read},
    run::{NewRun, tag as key},
};
use std::{pin::Pin, time::Duration};
use tokio::time::timeout;

on_both_databases! {
    whoever_watches_is_told_of_changes,
    traces_are_told_to_whoever_watches_traces,
    a_parent_is_told_of_its_child_and_a_run_of_its_files,
    nobody_is_told_of_what_they_may_not_see,
    a_stream_ends_with_the_permission_and_with_the_server,
    other_processes_are_told_on_postgres,
}

type Told = Pin<Box<dyn Stream<Item = News> + Send>>;

async fn watch(user: &User, watched: Watched) -> Told {
    Box::pin(user.watch(watched).await.unwrap())
}

fn of(experiment: ExperimentId) -> Watched {
    Watched { experiments: vec![experiment], ..Watched::default() }
}

/// What is told next; `None` if the stream ends.
async fn next(told: &mut Told) -> Option<News> {
    timeout(Duration::from_secs(10), told.next()).await.expect("nothing is told")
}

async fn nothing(told: &mut Told) {
    assert!(timeout(Duration::from_millis(1500), told.next()).await.is_err(), "something is told");
}

async fn whoever_watches_is_told_of_changes(world: &World) {
    let alice = world.user("alice").await;
    let (vision, sound) = (alice.experiment("vision").await, alice.experiment("sound").await);
    let (first, second) = (alice.run_in(vision).await, alice.run_in(sound).await);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let mut all = watch(&alice, of(vision)).await;
    let mut one = watch(&alice, Watched { runs: vec![second], ..Watched::default() }).await;
    alice.logs(first, batch().metric("loss", 1, 0.5)).await;
    assert_eq!(next(&mut all).await, Some(News::Changed(vec![(vision, Some(first))])));
    alice.change_runs(&[second], &model::page::RunsChange::Delete).await.unwrap();
    assert_eq!(next(&mut one).await, Some(News::Changed(vec![(sound, Some(second))])));
    let new = alice.run_in(vision).await;
    assert_eq!(next(&mut all).await, Some(News::Changed(vec![(vision, Some(new))])));
    nothing(&mut one).await;
    check_code(
        alice.watch(Watched { runs: vec![first; 1001], ..Watched::default() }).await.map(drop),
        Code::InvalidParameterValue,
    );
}

async fn traces_are_told_to_whoever_watches_traces(world: &World) {
    let alice = world.user("alice").await;
    let vision = alice.experiment("vision").await;
    let run = alice.run_in(vision).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let mut runs = watch(&alice, of(vision)).await;
    let mut traces = watch(&alice, Watched { traces: vec![vision], ..Watched::default() }).await;
    alice.begin_trace(vision, 1000, Vec::new(), Vec::new()).await.unwrap();
    assert_eq!(next(&mut traces).await, Some(News::Changed(vec![(vision, None)])));
    alice.logs(run, batch().metric("loss", 1, 0.5)).await;
    assert_eq!(next(&mut runs).await, Some(News::Changed(vec![(vision, Some(run))])));
    nothing(&mut traces).await;
}

async fn a_parent_is_told_of_its_child_and_a_run_of_its_files(world: &World) {
    let alice = world.user("alice").await;
    let vision = alice.experiment("vision").await;
    let run = alice.run_in(vision).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let mut told = watch(&alice, Watched { runs: vec![run], ..Watched::default() }).await;
    let parent = tag(key::PARENT_RUN, &run.to_string());
    alice.create_run(NewRun { tags: vec![parent], ..new_run(vision) }).await.unwrap();
    assert_eq!(next(&mut told).await, Some(News::Changed(vec![(vision, Some(run))])));
    for content in [&b"text"[..], b""] {
        alice.uploads(&format!("{vision}/{run}/artifacts/notes.txt"), content).await;
        assert_eq!(next(&mut told).await, Some(News::Changed(vec![(vision, Some(run))])));
    }
    alice.uploads(&format!("{vision}/elsewhere.txt"), b"text").await;
    nothing(&mut told).await;
}

async fn nobody_is_told_of_what_they_may_not_see(world: &World) {
    let closed = world.closed().await;
    let (alice, bob) = (world.user("alice").await.on(&closed), world.user("bob").await.on(&closed));
    let vision = alice.experiment("vision").await;
    let run = alice.run_in(vision).await;
    check_code(bob.watch(of(vision)).await.map(drop), Code::ResourceDoesNotExist);
    let one = Watched { runs: vec![run], ..Watched::default() };
    check_code(bob.watch(one).await.map(drop), Code::ResourceDoesNotExist);
    // Beside what he may read it might as well not be asked for.
    let own = bob.experiment("own").await;
    let mut told = watch(
        &bob,
        Watched { experiments: vec![vision, own], runs: vec![run, no_run()], traces: vec![vision] },
    )
    .await;
    alice.logs(run, batch().metric("loss", 1, 0.5)).await;
    alice.begin_trace(vision, 1000, Vec::new(), Vec::new()).await.unwrap();
    let his = bob.run_in(own).await;
    assert_eq!(next(&mut told).await, Some(News::Changed(vec![(own, Some(his))])));
}

async fn a_stream_ends_with_the_permission_and_with_the_server(world: &World) {
    let closed = world.closed().await;
    let (alice, bob) = (world.user("alice").await.on(&closed), world.user("bob").await.on(&closed));
    let vision = alice.experiment("vision").await;
    let run = alice.run_in(vision).await;
    alice.grant_experiment(vision, "bob", Read).await.unwrap();
    let (mut his, mut hers) = (watch(&bob, of(vision)).await, watch(&alice, of(vision)).await);
    alice.grant_experiment(vision, "bob", NoPermissions).await.unwrap();
    alice.logs(run, batch().metric("loss", 1, 0.5)).await;
    assert_eq!(next(&mut his).await, None, "he may no longer see it");
    assert!(next(&mut hers).await.is_some());
    closed.end_watches();
    while next(&mut hers).await.is_some() {}
}

async fn other_processes_are_told_on_postgres(world: &World) {
    if !world.is_postgres() {
        return;
    }
    let other = world.closed().await;
    let alice = world.user("alice").await;
    let vision = alice.experiment("vision").await;
    let run = alice.run_in(vision).await;
    let there = world.local().on(&other);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let mut told = watch(&there, of(vision)).await;
    alice.logs(run, batch().metric("loss", 1, 0.5)).await;
    assert_eq!(next(&mut told).await, Some(News::Changed(vec![(vision, Some(run))])));
}
