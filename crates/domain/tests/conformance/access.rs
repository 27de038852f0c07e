//! What is remembered of access never gives more than the database does: not for a moment in the process that changed
//! it, and for no longer than a second in another.

use crate::world::*;
use Permission::{Edit, Manage, NoPermissions, Read};
use domain::Domain;
use model::run::LogBatch;
use proptest::prelude::*;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

on_both_databases! {
    a_change_counts_at_once_where_it_was_made,
    a_change_by_another_process_counts_within_a_second,
    what_was_allowed_restored_or_made_may_be_used_at_once_everywhere,
    nobody_slips_through_while_a_permission_is_taken,
    nobody_slips_through_while_a_token_is_deleted,
    a_change_counts_also_if_whoever_made_it_hung_up,
    whatever_is_done_the_answer_is_that_of_the_tables,
    a_process_that_nobody_asked_for_long_is_up_to_date,
    many_runs_are_found_at_once_in_the_order_given,
}

/// How long another process may go on with what it knew.
const SECOND: Duration = Duration::from_secs(1);
/// Longer than it takes a process that has just begun, or is asked again, to trust what it remembers.
const MOMENT: Duration = Duration::from_millis(300);

async fn logs(user: &User, run: RunId) -> domain::Result<()> {
    user.log(run, LogBatch::default()).await
}

/// Two who work on a run: Alice, who manages it, and Bob, who may log to it and whose process knows that by heart.
pub struct Team {
    pub alice: User,
    bob: User,
    pub experiment: ExperimentId,
    run: RunId,
    token: (model::TokenId, String),
}

impl Team {
    pub async fn new(world: &World, bob_at: &Domain) -> Team {
        let (alice, bob) = (world.user("alice").await, world.user("bob").await.on(bob_at));
        let experiment = alice.experiment("vision").await;
        let run = alice.run_in(experiment).await;
        alice.grant_experiment(experiment, "bob", Edit).await.unwrap();
        let (token, secret) = bob.create_token("laptop").await.unwrap();
        let team = Team { alice, bob, experiment, run, token: (token.id, secret) };
        team.bob_works(bob_at).await;
        team
    }

    /// Long enough, and often enough, that all of it is remembered.
    async fn bob_works(&self, domain: &Domain) {
        for wait in [MOMENT, MOMENT, Duration::ZERO] {
            self.attempt(domain).await.unwrap();
            domain.unchecked_basic("bob", PASSWORD).await.unwrap();
            tokio::time::sleep(wait).await;
        }
    }

    /// Bob logs through this process.
    pub async fn attempt(&self, domain: &Domain) -> domain::Result<()> {
        let caller = domain.unchecked_token(&self.token.1).await?;
        logs(&User(domain.act(caller)), self.run).await
    }
}

async fn a_change_counts_at_once_where_it_was_made(world: &World) {
    let domain = &world.domain;
    let team = Team::new(world, domain).await;
    let Team { alice, bob, experiment, run, .. } = &team;
    let check = async |works: Result<(), Code>, what: &str| {
        let outcome = team.attempt(domain).await.map_err(|error| Problem::from(error).code);
        assert_eq!(outcome, works, "{what}");
    };
    for (level, expected) in [
        (Read, Err(Code::PermissionDenied)),
        (Edit, Ok(())),
        (NoPermissions, Err(Code::ResourceDoesNotExist)),
        (Manage, Ok(())),
    ] {
        alice.grant_experiment(*experiment, "bob", level).await.unwrap();
        check(expected, &format!("{level}")).await;
    }
    alice.delete_run(*run).await.unwrap();
    check(Err(Code::InvalidParameterValue), "the run is in the trash").await;
    alice.restore_run(*run).await.unwrap();
    check(Ok(()), "the run is back").await;
    alice.delete_experiment(*experiment).await.unwrap();
    check(Err(Code::InvalidParameterValue), "the experiment is in the trash").await;
    check_code(bob.create_run(new_run(*experiment)).await, Code::InvalidParameterValue);
    alice.restore_experiment(*experiment).await.unwrap();
    check(Ok(()), "the experiment is back").await;
    bob.run_in(*experiment).await;

    domain.unchecked_basic("bob", PASSWORD).await.unwrap();
    bob.set_password(Some(PASSWORD), "another good password").await.unwrap();
    check_code(domain.unchecked_basic("bob", PASSWORD).await, Code::Unauthenticated);
    domain.unchecked_basic("bob", "another good password").await.unwrap();

    bob.delete_token(team.token.0).await.unwrap();
    check(Err(Code::Unauthenticated), "the token is gone").await;
}

/// Tries until it is refused. No attempt that was begun later than a second after the change may succeed.
async fn check_refused_within_a_second<T>(what: &str, attempt: impl AsyncFn() -> domain::Result<T>) {
    let changed = Instant::now();
    loop {
        let after = changed.elapsed();
        if attempt().await.is_err() {
            return;
        }
        assert!(after <= SECOND, "{what}: still works after {after:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn a_change_by_another_process_counts_within_a_second(world: &World) {
    let elsewhere = world.another().await;
    let team = Team::new(world, &elsewhere).await;
    let Team { alice, experiment, run, .. } = &team;
    let attempt = async || team.attempt(&elsewhere).await;

    alice.grant_experiment(*experiment, "bob", Read).await.unwrap();
    check_refused_within_a_second("a level that was taken", attempt).await;
    alice.grant_experiment(*experiment, "bob", Edit).await.unwrap();
    team.bob_works(&elsewhere).await;
    alice.delete_run(*run).await.unwrap();
    check_refused_within_a_second("a deleted run", attempt).await;
    alice.restore_run(*run).await.unwrap();
    team.bob_works(&elsewhere).await;
    alice.delete_experiment(*experiment).await.unwrap();
    check_refused_within_a_second("a deleted experiment", attempt).await;
    alice.restore_experiment(*experiment).await.unwrap();
    team.bob_works(&elsewhere).await;

    let bob = team.bob.on(&world.domain);
    bob.set_password(Some(PASSWORD), "another good password").await.unwrap();
    let basic = async || elsewhere.unchecked_basic("bob", PASSWORD).await;
    check_refused_within_a_second("an old password", basic).await;
    bob.delete_token(team.token.0).await.unwrap();
    check_refused_within_a_second("a deleted token", attempt).await;
    elsewhere.close().await;
}

async fn what_was_allowed_restored_or_made_may_be_used_at_once_everywhere(world: &World) {
    let elsewhere = world.another().await;
    let team = Team::new(world, &elsewhere).await;
    let Team { alice, bob, experiment, run, .. } = &team;
    for _ in 0..3 {
        alice.grant_experiment(*experiment, "bob", Read).await.unwrap();
        check_refused_within_a_second("READ", async || team.attempt(&elsewhere).await).await;
        alice.grant_experiment(*experiment, "bob", Edit).await.unwrap();
        team.attempt(&elsewhere).await.unwrap();
        alice.delete_run(*run).await.unwrap();
        check_refused_within_a_second("the trash", async || team.attempt(&elsewhere).await).await;
        alice.restore_run(*run).await.unwrap();
        team.attempt(&elsewhere).await.unwrap();

        // Asked for before it was there.
        check_code(logs(bob, no_run()).await, Code::ResourceDoesNotExist);
        logs(bob, alice.run_in(*experiment).await).await.unwrap();
        let (_, secret) = alice.create_token("laptop").await.unwrap();
        assert_eq!(elsewhere.unchecked_token(&secret).await.unwrap().user(), alice.caller().user());
    }
    elsewhere.close().await;
}

/// While many call, something is taken. No call that begins after that succeeds.
async fn check_nobody_slips_through<T>(
    callers: Vec<impl AsyncFn() -> domain::Result<T> + 'static>,
    take: impl Future<Output = domain::Result<()>>,
) {
    let taken = Arc::new(AtomicBool::new(false));
    let calling = futures::future::join_all(callers.into_iter().map(|call| {
        let taken = taken.clone();
        async move {
            let (mut before, mut after) = (0, 0);
            while after < 20 {
                let is_taken = taken.load(Ordering::SeqCst);
                let outcome = call().await;
                if is_taken {
                    assert!(outcome.is_err(), "a call succeeded after its right was taken");
                    after += 1;
                } else if outcome.is_ok() {
                    before += 1;
                }
                tokio::task::yield_now().await;
            }
            before
        }
    }));
    let taking = async {
        tokio::time::sleep(MOMENT).await;
        take.await.unwrap();
        taken.store(true, Ordering::SeqCst);
    };
    let (worked, ()) = futures::future::join(calling, taking).await;
    assert!(worked.iter().all(|before| *before > 0), "{worked:?}");
}

async fn nobody_slips_through_while_a_permission_is_taken(world: &World) {
    let team = Team::new(world, &world.domain).await;
    for level in [Read, NoPermissions] {
        team.alice.grant_experiment(team.experiment, "bob", Edit).await.unwrap();
        let callers = (0..16)
            .map(|_| {
                let (bob, run) = (team.bob.clone(), team.run);
                async move || logs(&bob, run).await
            })
            .collect();
        check_nobody_slips_through(callers, team.alice.grant_experiment(team.experiment, "bob", level)).await;
    }
}

async fn nobody_slips_through_while_a_token_is_deleted(world: &World) {
    let team = Team::new(world, &world.domain).await;
    let callers = (0..16)
        .map(|_| {
            let (domain, secret) = (world.domain.clone(), team.token.1.clone());
            async move || domain.unchecked_token(&secret).await
        })
        .collect();
    check_nobody_slips_through(callers, team.bob.delete_token(team.token.0)).await;
}

async fn a_change_counts_also_if_whoever_made_it_hung_up(world: &World) {
    let team = Team::new(world, &world.domain).await;
    for delay in [0, 100, 200, 400, 800, 1600, 3200].map(Duration::from_micros) {
        team.alice.grant_experiment(team.experiment, "bob", Edit).await.unwrap();
        team.attempt(&world.domain).await.unwrap();
        let change = team.alice.grant_experiment(team.experiment, "bob", Read);
        let _ = tokio::time::timeout(delay, change).await;
        // Whether it was made or not: the process and the tables come to say the same.
        tokio::time::sleep(SECOND).await;
        let known = team.bob.experiment_head(team.experiment).await.unwrap().permission;
        let other = world.another().await;
        let on_disk = team.bob.on(&other).experiment_head(team.experiment).await.unwrap().permission;
        assert_eq!(known, on_disk, "after {delay:?}");
        assert_eq!(team.attempt(&world.domain).await.is_ok(), on_disk >= Edit, "after {delay:?}");
        other.close().await;
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Level(usize, Permission),
    Delete(usize),
    Restore(usize),
    Elsewhere(usize),
}

async fn whatever_is_done_the_answer_is_that_of_the_tables(world: &World) {
    let alice = world.user("alice").await;
    let people = [world.user("bob").await, world.user("carol").await];
    let elsewhere = world.another().await;
    let experiment = alice.experiment("vision").await;
    let runs = [alice.run_in(experiment).await, alice.run_in(experiment).await];
    let levels = prop::sample::select(Permission::ALL.to_vec());
    let step = prop_oneof![
        3 => (0..2_usize, levels).prop_map(|(person, level)| Step::Level(person, level)),
        2 => (0..2_usize).prop_map(Step::Delete),
        2 => (0..2_usize).prop_map(Step::Restore),
        1 => (0..2_usize).prop_map(Step::Elsewhere),
    ];
    holds_for(12, prop::collection::vec(step, 1..12), async |steps: Vec<Step>| {
        let (mut levels, mut deleted) = ([Edit; 2], [false; 2]);
        for person in &people {
            alice.grant_experiment(experiment, person.name(), Edit).await.unwrap();
        }
        for run in runs {
            alice.restore_run(run).await.unwrap();
        }
        for step in steps {
            match step {
                Step::Level(person, level) => {
                    alice.grant_experiment(experiment, people[person].name(), level).await.unwrap();
                    levels[person] = level;
                }
                Step::Delete(run) => {
                    alice.delete_run(runs[run]).await.unwrap();
                    deleted[run] = true;
                }
                Step::Restore(run) => {
                    alice.restore_run(runs[run]).await.unwrap();
                    deleted[run] = false;
                }
                // The other process reads what this one changes next.
                Step::Elsewhere(run) => {
                    let _ = logs(&people[0].on(&elsewhere), runs[run]).await;
                }
            }
            for (person, level) in people.iter().zip(levels) {
                for (run, deleted) in runs.into_iter().zip(deleted) {
                    let expected = match level {
                        level if level < Read => Err(Code::ResourceDoesNotExist),
                        level if level < Edit => Err(Code::PermissionDenied),
                        _ if deleted => Err(Code::InvalidParameterValue),
                        _ => Ok(()),
                    };
                    let outcome = logs(person, run).await.map_err(|error| Problem::from(error).code);
                    assert_eq!(outcome, expected, "{} with {level}, deleted: {deleted}", person.name());
                    // Elsewhere what is allowed is allowed at once.
                    if expected.is_ok() {
                        logs(&person.on(&elsewhere), run).await.unwrap();
                    }
                }
            }
        }
    });
    elsewhere.close().await;
}

async fn a_process_that_nobody_asked_for_long_is_up_to_date(world: &World) {
    let elsewhere = world.another().await;
    let team = Team::new(world, &elsewhere).await;
    // It sleeps by now, and still remembers.
    tokio::time::sleep(Duration::from_secs(7)).await;
    team.alice.grant_experiment(team.experiment, "bob", Read).await.unwrap();
    check_code(team.attempt(&elsewhere).await, Code::PermissionDenied);
    elsewhere.close().await;
}

async fn many_runs_are_found_at_once_in_the_order_given(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(alice.run_in(experiment).await.to_string());
    }
    let mut asked: Vec<String> = ids.iter().rev().cloned().collect();
    asked.extend((0..90_u128).map(|index| RunId(uuid::Uuid::from_u128(index)).to_string()));
    // Twice: found out, then remembered.
    for _ in 0..2 {
        let found = alice.compare_runs(&asked).await.unwrap();
        let found: Vec<String> = found.runs.iter().map(|found| found.run.info.id.to_string()).collect();
        assert_eq!(found, asked[..6]);
        tokio::time::sleep(MOMENT).await;
    }
}

/// A store function that takes away what may be remembered marks its transaction.
#[test]
fn whatever_changes_access_says_so() {
    let mut changing = Vec::new();
    for path in crate::coverage::sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store"))
    {
        let text = std::fs::read_to_string(&path).unwrap();
        for function in text.split("async fn ").skip(1) {
            let words = function.split_whitespace().collect::<Vec<_>>().join(" ");
            let takes = [
                // The tables of permissions, whose names come from their kind.
                "sql(\"INSERT INTO \")",
                "sql(\"DELETE FROM \")",
                "sql(\"UPDATE \")",
                "INTO group_members",
                "DELETE FROM group_members",
                "DELETE FROM user_groups",
                "UPDATE users",
                "UPDATE second_factors SET confirmed",
                "DELETE FROM second_factors",
                "UPDATE tokens SET user_id",
                "UPDATE runs SET lifecycle",
                "UPDATE runs SET experiment_id",
                "UPDATE experiments SET lifecycle",
                "DELETE FROM users",
                "DELETE FROM tokens",
                "DELETE FROM runs",
                "DELETE FROM experiments",
            ]
            .iter()
            .any(|statement| words.contains(statement));
            if takes {
                let name = words.split('(').next().unwrap_or_default().to_owned();
                assert!(words.contains("tx.changes_access()"), "{} {name} says nothing", path.display());
                changing.push(name);
            }
        }
    }
    assert!(changing.len() >= 6, "where have they gone? {changing:?}");
}
