//! The metric store: whatever is merged in the background, and whenever, the same points are read.

use crate::world::*;
use domain::metric::Keep;
use futures::{StreamExt as _, TryStreamExt as _, stream::FuturesUnordered};
use model::{
    curve::{Along, CurveRequest},
    metric::{MetricSummary, Point},
};
use proptest::{prelude::*, sample::select};
use sqlx::Connection as _;
use std::{collections::HashSet, time::Duration};
use tokio::time::timeout;

on_both_databases! {
    merging_changes_nothing_that_is_read,
    a_long_history_is_read_in_parts,
    readers_see_all_points_while_they_are_merged,
    several_processes_may_merge_at_once,
    a_run_with_little_in_it_keeps_its_only_block,
    histories_of_several_runs_come_at_once,
    a_crowd_of_requests_is_refused_rather_than_kept_in_memory,
    a_thousand_metrics_are_summed_up_at_once,
    a_run_outgrows_its_sheet,
    a_list_of_runs_reads_sheets,
    curves_of_several_metrics_come_at_once,
    what_another_process_left_behind_is_read,
    what_merging_frees_is_given_back,
}

/// What somebody does to a run.
#[derive(Debug, Clone)]
enum Action {
    Log(Vec<(&'static str, Point)>),
    Merge,
    Look,
}

fn any_action() -> impl Strategy<Value = Action> {
    let point =
        (-3i64..6, 0i64..6, select(vec![0.0, -0.0, 1.0, -2.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]))
            .prop_map(|(step, timestamp, value)| Point { step, timestamp, value });
    let points = prop::collection::vec((select(vec!["a", "b", "ab"]), point), 1..12);
    prop_oneof![6 => points.prop_map(Action::Log), 2 => Just(Action::Merge), 1 => Just(Action::Look)]
}

async fn merging_changes_nothing_that_is_read(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    holds_for(24, prop::collection::vec(any_action(), 1..14), async |actions| {
        let run = alice.run_in(experiment).await;
        let mut logged: Vec<(&str, Point)> = Vec::new();
        for action in &actions {
            match action {
                Action::Log(points) => {
                    let filled = points.iter().fold(batch(), |batch, (key, point)| batch.point(key, *point));
                    alice.logs(run, filled).await;
                    logged.extend(points);
                }
                Action::Merge => world.domain.compact().await.unwrap(),
                Action::Look => check_metrics(&alice, run, &logged).await,
            }
        }
        check_metrics(&alice, run, &logged).await;
    });
}

/// Everything that can be read of metrics tells of exactly these points.
async fn check_metrics(user: &User, run: RunId, logged: &[(&str, Point)]) {
    for key in ["a", "b", "ab"] {
        let mut seen = HashSet::new();
        let of_key = logged.iter().filter(|(of, _)| *of == key).map(|(_, point)| *point);
        let in_logged_order: Vec<Point> = of_key.filter(|point| seen.insert(*point)).collect();
        let mut expected = in_logged_order.clone();
        expected.sort_by(Point::history_order);
        assert_eq!(user.history(run, key).await, expected, "history of {key}");
        assert_eq!(in_pages(user, run, key, 3).await, expected, "pages of {key}");
        let parts: Vec<Vec<Point>> =
            user.metric_history_stream(run, key).await.unwrap().try_collect().await.unwrap();
        assert_eq!(parts.concat(), expected, "stream of {key}");
        match user.summary(run, key).await {
            Some(summary) => check_summary(summary, &in_logged_order),
            None => assert_eq!(expected, []),
        }
        for along in [Along::Step, Along::Time] {
            let request = CurveRequest { along, ..chart(&[run], key) };
            let curves = user.curves(&request).await.unwrap();
            let found: Vec<Point> = curves.iter().flat_map(|curve| curve.points.clone()).collect();
            let mut sorted = expected.clone();
            sorted.sort_by(|a, b| along.position(a).cmp(&along.position(b)).then(a.history_order(b)));
            assert_eq!(found, sorted, "curve of {key} along {along:?}");
        }
    }
}

fn check_summary(summary: MetricSummary, points: &[Point]) {
    let mut expected = MetricSummary::of(&summary.key, points[0]);
    points[1..].iter().for_each(|point| expected.add(*point));
    // Two NaNs aren't equal, and the bits of a zero's sign are nobody's concern.
    assert_eq!(format!("{summary:?}").replace("-0.0", "0.0"), format!("{expected:?}").replace("-0.0", "0.0"));
}

async fn in_pages(user: &User, run: RunId, key: &str, size: u64) -> Vec<Point> {
    let (mut points, mut token) = (Vec::new(), String::new());
    loop {
        let page = user.metric_history(run, key, Some(size), &token).await.unwrap();
        points.extend(page.items);
        let Some(next) = page.next else { return points };
        token = next;
    }
}

fn value(step: i64) -> f64 {
    (step as f64 * 12.9898).sin()
}

/// Points of one metric from one step to another, a thousand at a time.
async fn logs_steps(user: &User, run: RunId, steps: std::ops::Range<i64>) {
    for start in steps.clone().step_by(1000) {
        let some = start..(start + 1000).min(steps.end);
        user.logs(run, some.fold(batch(), |batch, step| batch.metric("loss", step, value(step)))).await;
    }
}

async fn a_long_history_is_read_in_parts(world: &World) {
    let alice = world.user("alice").await;
    let run = alice.run_in(alice.experiment("vision").await).await;
    logs_steps(&alice, run, 0..40_000).await;
    world.domain.compact().await.unwrap();
    logs_steps(&alice, run, 40_000..41_000).await;
    let parts: Vec<Vec<Point>> =
        alice.metric_history_stream(run, "loss").await.unwrap().try_collect().await.unwrap();
    assert!(
        parts.len() > 3 && parts.iter().all(|part| part.len() < 20_000),
        "{:?}",
        parts.iter().map(Vec::len).collect::<Vec<_>>()
    );
    let expected: Vec<Point> = (0..41_000).map(|step| point(step, 1000 * step, value(step))).collect();
    assert_eq!(parts.concat(), expected);
    assert_eq!(in_pages(&alice, run, "loss", 7000).await, expected);
    let request = CurveRequest { window: Some((20_000, 20_009)), ..chart(&[run], "loss") };
    let curves = alice.curves(&request).await.unwrap();
    assert_eq!(curves[0].points, expected[19_999..=20_010]);
    let whole = alice.curves(&chart(&[run], "loss")).await.unwrap();
    assert_eq!(whole[0].total, 41_000);
    assert!(whole[0].points.len() <= 408, "{}", whole[0].points.len());
}

async fn readers_see_all_points_while_they_are_merged(world: &World) {
    let alice = world.user("alice").await;
    let run = alice.run_in(alice.experiment("vision").await).await;
    let done = std::sync::atomic::AtomicBool::new(false);
    let acknowledged = std::sync::atomic::AtomicUsize::new(0);
    let order = std::sync::atomic::Ordering::SeqCst;
    let logging = async {
        for part in 0..30i64 {
            logs_steps(&alice, run, part * 500..(part + 1) * 500).await;
            acknowledged.fetch_add(500, order);
        }
        done.store(true, order);
    };
    let merging = async {
        while !done.load(order) {
            world.domain.compact().await.unwrap();
        }
    };
    let reading = async {
        while !done.load(order) {
            let before = acknowledged.load(order);
            let history = alice.history(run, "loss").await;
            assert!(history.len() >= before, "{} points of {before}", history.len());
            assert!(
                history.iter().zip(0..).all(|(point, step)| point.step == step),
                "a point is missing or twice there"
            );
            let before = acknowledged.load(order);
            let curves = alice.curves(&chart(&[run], "loss")).await.unwrap();
            assert!(curves.first().map_or(0, |curve| curve.total) >= before as u64);
            let before = acknowledged.load(order);
            let count = alice.summary(run, "loss").await.map_or(0, |summary| summary.count);
            assert!(count >= before as u64);
        }
    };
    tokio::join!(logging, merging, reading);
    assert_eq!(alice.history(run, "loss").await.len(), 15_000);
    assert_eq!(alice.summary(run, "loss").await.unwrap().count, 15_000);
}

/// What the test before hopes to meet, made to happen: a merge between a reader's two looks, whichever comes first.
#[test]
fn a_merge_between_two_looks_of_a_reader_hides_nothing() {
    on_postgres(a_merge_between_two_looks);
}

async fn a_merge_between_two_looks(world: &World) {
    let alice = world.user("alice").await;
    let run = alice.run_in(alice.experiment("vision").await).await;
    logs_steps(&alice, run, 0..5).await;
    logs_steps(&alice, run, 5..10).await;
    world.execute("CREATE TABLE unmerged AS SELECT * FROM blocks").await;
    world.domain.compact().await.unwrap();
    world.execute("CREATE TABLE merged AS SELECT * FROM segments").await;
    let expected = alice.history(run, "loss").await;
    assert_eq!(expected.len(), 10);
    for lock in ["LOCK TABLE blocks", "LOCK TABLE segments"] {
        for reads_curve in [false, true] {
            world.execute("DELETE FROM segments; INSERT INTO blocks SELECT * FROM unmerged").await;
            let mut merge = world.postgres().await;
            for statement in
                ["BEGIN", lock, "DELETE FROM blocks", "INSERT INTO segments SELECT * FROM merged"]
            {
                sqlx::raw_sql(statement).execute(&mut merge).await.unwrap();
            }
            let reader = alice.clone();
            let reading = tokio::spawn(async move {
                match reads_curve {
                    false => reader.history(run, "loss").await,
                    true => reader.curves(&chart(&[run], "loss")).await.unwrap().remove(0).points,
                }
            });
            let waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE relation IN ('blocks'::regclass, 'segments'::regclass) AND NOT granted)";
            while !sqlx::query_scalar::<_, bool>(waits).fetch_one(&mut merge).await.unwrap() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            sqlx::raw_sql("COMMIT").execute(&mut merge).await.unwrap();
            assert_eq!(reading.await.unwrap(), expected, "{lock}, curve: {reads_curve}");
        }
    }
}

async fn a_run_with_little_in_it_keeps_its_only_block(world: &World) {
    let alice = world.user("alice").await;
    let run = alice.run_in(alice.experiment("vision").await).await;
    let rows = async |table: &str| -> i64 {
        let count = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        match world.is_postgres() {
            true => sqlx::query_scalar(count).fetch_one(&mut world.postgres().await).await.unwrap(),
            false => sqlx::query_scalar(count).fetch_one(&mut world.sqlite().await).await.unwrap(),
        }
    };
    logs_steps(&alice, run, 0..10).await;
    world.domain.compact().await.unwrap();
    assert_eq!((rows("blocks").await, rows("segments").await), (1, 0));
    assert_eq!(alice.summary(run, "loss").await.unwrap().count, 10);
    logs_steps(&alice, run, 10..20).await;
    world.domain.compact().await.unwrap();
    assert_eq!((rows("blocks").await, rows("segments").await), (0, 1));
    logs_steps(&alice, run, 20..30).await;
    world.domain.compact().await.unwrap();
    assert_eq!((rows("blocks").await, rows("segments").await), (0, 1));
    assert_eq!(alice.history(run, "loss").await.len(), 30);
}

async fn several_processes_may_merge_at_once(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let run = alice.run_in(experiment).await;
    let others = [world.another().await, world.another().await];
    let part = async |domain: &domain::Domain, start: i64| {
        let user = alice.clone().on(domain);
        for round in 0..5 {
            let start = start + round * 300;
            logs_steps(&user, run, start..start + 300).await;
            domain.compact().await.unwrap();
            user.sees(run).await;
        }
    };
    // The parts reach into each other: what two processes log is one point.
    tokio::join!(part(&world.domain, 0), part(&others[0], 1000), part(&others[1], 2000));
    for domain in &others {
        assert_eq!(alice.clone().on(domain).history(run, "loss").await.len(), 3500);
        domain.close().await;
    }
    world.domain.compact().await.unwrap();
    assert_eq!(alice.history(run, "loss").await.len(), 3500);
    assert_eq!(alice.summary(run, "loss").await.unwrap().count, 3500);
}

async fn histories_of_several_runs_come_at_once(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let (a, b) = (alice.run_in(experiment).await, alice.run_in(experiment).await);
    logs_steps(&alice, a, 0..10).await;
    logs_steps(&alice, b, 5..8).await;
    let check = async |steps: Option<(i64, i64)>, most: usize, expected: &[(RunId, Vec<i64>)]| {
        let runs = [b, no_run(), a];
        let found = alice.metric_histories(&runs, "loss", steps, Keep::First(most)).await.unwrap();
        let found: Vec<(RunId, Vec<i64>)> = found
            .into_iter()
            .map(|(run, points)| (run, points.into_iter().map(|point| point.step).collect()))
            .collect();
        assert_eq!(found, expected);
    };
    check(None, 100, &[(b, vec![5, 6, 7]), (a, (0..10).collect())]).await;
    check(None, 2, &[(b, vec![5, 6]), (a, vec![0, 1])]).await;
    check(Some((6, 8)), 100, &[(b, vec![6, 7]), (a, vec![6, 7, 8])]).await;
}

async fn a_crowd_of_requests_is_refused_rather_than_kept_in_memory(world: &World) {
    let alice = world.user("alice").await;
    let run = alice.run_in(alice.experiment("vision").await).await;
    // 120 kB each, and 800 kB each once they are cut: what counts is what they take.
    let points = |part: i64| {
        (part * 1000..(part + 1) * 1000).fold(batch(), |batch, step| batch.metric("loss", step, 1.0))
    };
    let notes =
        |_: i64| (0..100).fold(batch(), |batch, i| batch.tag(&format!("note {i}"), &"x".repeat(9000)));
    let accepted = logs_while_nothing_can_be_written(world, &alice, run, 700, points).await;
    assert!((450..600).contains(&accepted), "{accepted} accepted");
    assert_eq!(alice.summary(run, "loss").await.unwrap().count, accepted * 1000);
    let accepted = logs_while_nothing_can_be_written(world, &alice, run, 120, notes).await;
    assert!((70..100).contains(&accepted), "{accepted} accepted");
    alice.logs(run, batch().metric("loss", -1, 1.0)).await;
}

/// Logs so many batches at once while somebody has the database for themselves. Returns how many were accepted.
async fn logs_while_nothing_can_be_written(
    world: &World,
    user: &User,
    run: RunId,
    requests: i64,
    part: impl Fn(i64) -> Batch,
) -> u64 {
    let (mut sqlite, mut postgres) = match world.is_postgres() {
        true => (None, Some(world.postgres().await)),
        false => (Some(world.sqlite().await), None),
    };
    if let Some(connection) = &mut sqlite {
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(connection).await.unwrap();
    }
    if let Some(connection) = &mut postgres {
        sqlx::raw_sql("BEGIN; LOCK TABLE blocks, tags IN EXCLUSIVE MODE").execute(connection).await.unwrap();
    }
    let mut requests: FuturesUnordered<_> = (0..requests).map(|index| user.log(run, part(index).0)).collect();
    let check_full = |outcome| {
        let message = "The server is busy writing. Try again in a moment.";
        check_refused(outcome, Code::ResourceExhausted, message);
    };
    // Nothing is done with but what is refused, which is so at once.
    check_full(requests.next().await.unwrap());
    while let Ok(Some(outcome)) = timeout(Duration::from_secs(1), requests.next()).await {
        check_full(outcome);
    }
    if let Some(connection) = sqlite {
        connection.close().await.unwrap();
    }
    if let Some(connection) = postgres {
        connection.close().await.unwrap();
    }
    let mut accepted = 0;
    while let Some(outcome) = requests.next().await {
        match outcome {
            Ok(()) => accepted += 1,
            outcome => check_full(outcome),
        }
    }
    accepted
}

async fn a_thousand_metrics_are_summed_up_at_once(world: &World) {
    let alice = world.user("alice").await;
    let run = alice.run_in(alice.experiment("vision").await).await;
    for step in 0..5 {
        let filled =
            (0..1000).fold(batch(), |batch, i| batch.metric(&format!("layer.{i}.norm"), step, value(step)));
        alice.logs(run, filled).await;
    }
    for _ in 0..2 {
        let metrics = alice.sees(run).await.metrics;
        assert_eq!(metrics.len(), 1000);
        assert!(metrics.iter().all(|metric| metric.count == 5 && metric.last == point(4, 4000, value(4))));
        assert_eq!(alice.history(run, "layer.999.norm").await.len(), 5);
        world.domain.compact().await.unwrap();
    }
}

async fn a_run_outgrows_its_sheet(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let run = alice.run_in(experiment).await;
    let key = |number: i64| format!("m{number:03}");
    let log = async |numbers: std::ops::Range<i64>, step: i64| {
        let filled = numbers
            .fold(batch(), |batch, number| batch.metric(&key(number), step, (1000 * step + number) as f64));
        alice.logs(run, filled).await;
    };
    // Of each metric, the last step that was logged. All steps before were too.
    let check = async |steps: &[i64]| {
        let seen = alice.sees(run).await;
        let found: Vec<_> = seen
            .metrics
            .iter()
            .map(|metric| (metric.key.clone(), metric.last.value, metric.count as i64, metric.first_step))
            .collect();
        let expected: Vec<_> = (0..)
            .zip(steps)
            .map(|(number, step)| (key(number), (1000 * step + number) as f64, *step, 1))
            .collect();
        assert_eq!(found, expected);
        for number in [0, steps.len() as i64 - 1] {
            let value = 1000 * steps[number as usize] + number;
            for (filter, is_found) in [("=", true), ("<", false), (">", false)] {
                let filter = format!("metrics.{} {filter} {value}", key(number));
                let found = alice.finds(experiment, &filter).await;
                assert_eq!(found, if is_found { vec![seen.clone()] } else { vec![] }, "{filter}");
            }
        }
    };
    log(0..400, 1).await;
    check(&[1; 400]).await;
    log(400..600, 1).await;
    check(&[1; 600]).await;
    let mut steps = [1; 600];
    for (number, step) in [(0, 2), (599, 2), (0, 3)] {
        log(number..number + 1, step).await;
        steps[number as usize] = step;
        check(&steps).await;
    }
    world.domain.compact().await.unwrap();
    check(&steps).await;
    log(600..601, 1).await;
    check(&[&steps[..], &[1]].concat()).await;
}

async fn a_list_of_runs_reads_sheets(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let (a, b) = (alice.run_in(experiment).await, alice.run_in(experiment).await);
    for step in 0..3 {
        for run in [a, b] {
            alice.logs(run, batch().metric("loss", step, value(step)).metric("acc", 1, f64::NAN)).await;
            alice.sees(run).await;
        }
    }
    let before = alice.finds(experiment, "").await;
    assert!(
        before.len() == 2 && before.iter().all(|run| run.metrics.len() == 2 && run.metrics[1].count == 3)
    );
    // What nobody could tell from outside: the rows, one a metric, aren't needed.
    world.execute("DELETE FROM metrics").await;
    assert_eq!(alice.finds(experiment, "").await, before);
    assert!(before.contains(&alice.sees(a).await) && before.contains(&alice.sees(b).await));
}

async fn curves_of_several_metrics_come_at_once(world: &World) {
    let alice = world.user("alice").await;
    let experiment = alice.experiment("vision").await;
    let (a, b) = (alice.run_in(experiment).await, alice.run_in(experiment).await);
    alice.logs(a, batch().metric("loss", 1, 0.5).metric("acc", 1, 0.1)).await;
    alice.logs(b, batch().metric("loss", 1, 0.25)).await;
    let keys = ["loss", "acc", "none"].map(str::to_owned).to_vec();
    let request = CurveRequest { keys, ..chart(&[a, b], "") };
    let curves = alice.curves(&request).await.unwrap();
    let found: Vec<(&str, RunId, f64)> =
        curves.iter().map(|curve| (curve.key.as_str(), curve.run, curve.points[0].value)).collect();
    assert_eq!(found, [("loss", a, 0.5), ("loss", b, 0.25), ("acc", a, 0.1)]);
    let keys = (0..1001).map(|i| i.to_string()).collect();
    let outcome = alice.curves(&CurveRequest { keys, ..chart(&[a, b], "") }).await;
    check_refused(outcome, Code::InvalidParameterValue, "At most 2000 curves are drawn at once.");
}

async fn what_another_process_left_behind_is_read(world: &World) {
    let other = world.another().await;
    let alice = world.user("alice").await;
    let run = alice.run_in(alice.experiment("vision").await).await;
    alice.clone().on(&other).logs(run, batch().metric("loss", 1, 0.5)).await;
    // It ends before it could sum up what it wrote.
    drop(other);
    assert_eq!(alice.summary(run, "loss").await.unwrap().count, 1);
    assert_eq!(alice.history(run, "loss").await, [point(1, 1000, 0.5)]);
}

async fn what_merging_frees_is_given_back(world: &World) {
    if world.is_postgres() {
        // Its own vacuum does that.
        return;
    }
    let alice = world.user("alice").await;
    let run = alice.run_in(alice.experiment("vision").await).await;
    logs_steps(&alice, run, 0..300_000).await;
    world.domain.compact().await.unwrap();
    let mut sqlite = world.sqlite().await;
    let free: i64 = sqlx::query_scalar("PRAGMA freelist_count").fetch_one(&mut sqlite).await.unwrap();
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut sqlite).await.unwrap();
    assert!(free < 256 || free < pages / 8, "{free} of {pages} pages are free");
    // Merged they take 11 bytes each, and as they came another 20; how full the last pages are depends on when the merger ran.
    assert!(pages * 4096 < 300_000 * 14, "{pages} pages");
    assert_eq!(alice.summary(run, "loss").await.unwrap().count, 300_000);
}
