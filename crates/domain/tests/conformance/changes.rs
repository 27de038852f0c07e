//! The watch of access changes, where what it asks is not answered: then nothing that is remembered is used.
//!
//! Only on Postgres, whose tables can be locked and whose connections can be cut from outside. Nobody blocks the readers of
//! a SQLite file.

use crate::{access::Team, world::*};
use domain::Domain;
use sqlx::{Connection as _, Executor as _, PgConnection};
use std::time::{Duration, Instant};

#[test]
fn what_is_remembered_is_passed_by_while_the_watch_hangs() {
    on_postgres(while_the_watch_hangs);
}

#[test]
fn the_watch_outlives_its_connection() {
    on_postgres(after_its_connection_was_cut);
}

/// Longer than a reading vouches for what is remembered.
const TOO_LONG: Duration = Duration::from_millis(1200);

async fn while_the_watch_hangs(world: &World) {
    let elsewhere = world.another().await;
    let team = Team::new(world, &elsewhere).await;
    check_comes_to_remember(world, &team, &elsewhere).await;
    let lock = lock_changes(world).await;
    tokio::time::sleep(TOO_LONG).await;
    for _ in 0..3 {
        team.attempt(&elsewhere).await.unwrap();
        take(world).await;
        check_code(team.attempt(&elsewhere).await, Code::PermissionDenied);
        give_back(world).await;
    }
    lock.close().await.unwrap();
    check_comes_to_remember(world, &team, &elsewhere).await;
    elsewhere.close().await;
}

async fn after_its_connection_was_cut(world: &World) {
    let elsewhere = world.another().await;
    let team = Team::new(world, &elsewhere).await;
    check_comes_to_remember(world, &team, &elsewhere).await;
    let mut lock = lock_changes(world).await;
    let began = Instant::now();
    let mut cut = 0;
    // Both processes' watches, and once more what they begin anew.
    while cut < 4 {
        assert!(began.elapsed() < Duration::from_secs(10), "the watches wait for the lock");
        cut += sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation = 'access_changes'::regclass AND NOT granted")
            .fetch_all(&mut lock)
            .await
            .unwrap()
            .len();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    lock.close().await.unwrap();
    check_comes_to_remember(world, &team, &elsewhere).await;
    team.alice.grant_experiment(team.experiment, "bob", Permission::Read).await.unwrap();
    let changed = Instant::now();
    while team.attempt(&elsewhere).await.is_ok() {
        assert!(changed.elapsed() < Duration::from_secs(2), "a change elsewhere is seen again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    elsewhere.close().await;
}

/// Nobody reads or writes the count of changes until the connection is closed.
async fn lock_changes(world: &World) -> PgConnection {
    let mut lock = world.postgres().await;
    lock.execute("BEGIN; LOCK TABLE access_changes IN ACCESS EXCLUSIVE MODE").await.unwrap();
    lock
}

/// By hand, which nobody counts.
async fn take(world: &World) {
    world.execute("UPDATE experiment_permissions SET level = 1 WHERE user_id = (SELECT id FROM users WHERE name = 'bob')").await;
}

async fn give_back(world: &World) {
    world.execute("UPDATE experiment_permissions SET level = 3 WHERE user_id = (SELECT id FROM users WHERE name = 'bob')").await;
}

/// The process uses what it remembers, soon: for a moment it overlooks what was taken by hand.
async fn check_comes_to_remember(world: &World, team: &Team, process: &Domain) {
    let began = Instant::now();
    loop {
        team.attempt(process).await.unwrap();
        take(world).await;
        let remembers = team.attempt(process).await.is_ok();
        give_back(world).await;
        if remembers {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(5), "nothing is remembered any more");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
