//! How long searches take among many runs: makes an experiment of so many runs with 20 params, 20 metrics and 5 tags each,
//! where there is none yet, and times typical searches in it.
//!
//! `cargo run --release -p domain --example search_speed -- sqlite:////tmp/speed/runs.db 100000`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program for one's own eyes"
)]

use domain::{Acting, Caller, Config, Domain, run::SearchRuns};
use model::{
    ExperimentId, Permission,
    experiment::ViewType,
    page::{Level, RunsQuery},
};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqliteConnection};
use std::time::{Duration, Instant};

/// What differs between the databases where rows are made of nothing.
struct Words {
    /// A number in 0..1 that is new for every row.
    random: &'static str,
    uuid: &'static str,
}

const SQLITE: Words =
    Words { random: "((random() & 9007199254740991) / 9007199254740992.0)", uuid: "randomblob(16)" };
const POSTGRES: Words = Words { random: "random()", uuid: "gen_random_uuid()" };

/// Statements that fill an experiment.
fn seeds(words: &Words, experiment: ExperimentId, runs: u64) -> Vec<String> {
    let Words { random, uuid } = words;
    let numbers = |most: u64| {
        format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {most}) ")
    };
    let texts = |table: &str, name: &str, keys: u64| {
        format!(
            "INSERT INTO {table} (run_id, experiment_id, key, value) {} SELECT r.id, r.experiment_id, '{name}' || n.i, CASE n.i
                 WHEN 1 THEN 'v' || CAST({random} * 10 AS INTEGER) WHEN 2 THEN 'v' || CAST({random} * 1000000000 AS INTEGER)
                 WHEN 3 THEN 'the same' WHEN 4 THEN 'v' || CAST({random} * 20000 AS INTEGER)
                 ELSE 'v' || CAST({random} * 100 AS INTEGER) END
             FROM runs r CROSS JOIN n WHERE r.experiment_id = {experiment}",
            numbers(keys)
        )
    };
    vec![
        format!(
            "INSERT INTO runs (id, experiment_id, name, user_name, status, start_time, end_time, lifecycle, artifact_uri)
             {} SELECT {uuid}, {experiment}, 'run-' || CAST({random} * 1000000 AS INTEGER), 'ada', 'FINISHED',
                 1700000000000 + 1000 * i, 1700000000000 + 1000 * i + CAST({random} * 1000000 AS INTEGER), 'active',
                 'mlflow-artifacts:/{experiment}/' || i FROM n",
            numbers(runs)
        ),
        texts("params", "p", 20),
        texts("tags", "t", 5),
        format!(
            "INSERT INTO metrics (run_id, experiment_id, key, last_value, last_is_nan, last_step, last_time, min_value,
                 max_value, count, min_step, max_step, min_time, max_time)
             {} SELECT r.id, r.experiment_id, 'm' || n.i, CASE n.i WHEN 3 THEN 1.0 ELSE {random} END, FALSE, 99,
                 1700000000000, 0.0, 1.0, 100, 0, 99, 1700000000000, 1700000000999
             FROM runs r CROSS JOIN n WHERE r.experiment_id = {experiment}",
            numbers(20)
        ),
    ]
}

async fn seed(uri: &str, experiment: ExperimentId, runs: u64) {
    if let Some(path) = uri.strip_prefix("sqlite:///") {
        let mut db = SqliteConnection::connect(&format!("sqlite://{path}")).await.unwrap();
        for sql in seeds(&SQLITE, experiment, runs) {
            db.execute(AssertSqlSafe(sql)).await.unwrap();
        }
    } else {
        let mut db = PgConnection::connect(uri).await.unwrap();
        for sql in seeds(&POSTGRES, experiment, runs) {
            db.execute(AssertSqlSafe(sql)).await.unwrap();
        }
        // The server does it by itself, within a minute.
        db.execute("VACUUM ANALYZE").await.unwrap();
    }
}

/// How long this process has had a processor, where Linux tells: what other programs do meanwhile doesn't count.
fn cpu_time() -> Duration {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let nanos = threads.filter_map(|thread| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

/// Prints how long something takes at best, in the middle and almost at worst, and the time on a processor in the middle.
async fn time<T>(what: &str, mut act: impl AsyncFnMut() -> T) {
    let mut taken: Vec<Duration> = Vec::new();
    let (begin, cpu) = (Instant::now(), cpu_time());
    while taken.len() < 5 || (taken.len() < 25 && begin.elapsed() < Duration::from_secs(2)) {
        let start = Instant::now();
        act().await;
        taken.push(start.elapsed());
    }
    taken.sort();
    let millis = |time: Duration| time.as_secs_f64() * 1000.0;
    let of = |part: usize| millis(taken[(taken.len() - 1) * part / 100]);
    let cpu = millis(cpu_time().saturating_sub(cpu)) / taken.len() as f64;
    println!("{:>9.2} {:>9.2} {:>9.2} {cpu:>9.2}  {what}", of(0), of(50), of(95));
}

async fn search(acting: &Acting, experiment: ExperimentId, asked: &(&str, &str, i64)) -> Option<String> {
    page(acting, experiment, asked, "").await
}

async fn page(
    acting: &Acting,
    experiment: ExperimentId,
    (filter, order, max_results): &(&str, &str, i64),
    page_token: &str,
) -> Option<String> {
    let order_by: Vec<String> = order.split(',').filter(|by| !by.is_empty()).map(str::to_owned).collect();
    let search = SearchRuns {
        experiments: &[experiment],
        filter,
        view: ViewType::ActiveOnly,
        max_results: *max_results,
        order_by: &order_by,
        page_token,
    };
    acting.search_runs(search).await.unwrap().next
}

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let (uri, runs) = (args.next().expect("a database URI"), args.next().expect("how many runs"));
    let only = args.next().unwrap_or_default();
    let config = Config {
        backend_store_uri: uri.clone(),
        default_artifact_root: "mlflow-artifacts:/".to_owned(),
        artifacts_destination: std::env::temp_dir(),
        default_permission: Permission::Read,
    };
    let domain = Domain::open(config).await.unwrap();
    let acting = domain.act(Caller::Local);
    let name = format!("{runs} runs");
    let experiment = match acting.get_experiment_by_name(&name).await {
        Ok(found) => found.id,
        Err(_) => {
            let made = acting.create_experiment(&name, "", &[]).await.unwrap();
            seed(&uri, made, runs.parse().unwrap()).await;
            made
        }
    };
    println!("     best       p50       p95  this CPU: milliseconds, {name}");
    let searches = [
        ("", "", 100),
        ("metrics.m1 < 0.5 AND params.p1 = 'v3'", "metrics.m2 DESC", 100),
        ("metrics.m1 < 0.5 AND params.p1 = 'v3'", "", 100),
        ("metrics.m1 < 0.5", "metrics.m1 DESC", 100),
        ("tags.t1 = 'v3'", "", 100),
        ("tags.t1 LIKE 'v3%'", "", 100),
        ("tags.t1 LIKE '%3'", "", 100),
        ("params.p4 = 'v77'", "metrics.m2 DESC", 100),
        ("metrics.m1 < 0.0001", "", 100),
        ("metrics.m1 < 0.05 AND metrics.m2 < 0.05 AND metrics.m4 < 0.05", "metrics.m5", 100),
        ("params.p1 = 'v3' AND params.p5 = 'v7' AND tags.t1 = 'v1'", "", 100),
        ("params.none = 'v3'", "metrics.m2 DESC", 100),
        ("", "metrics.m2 DESC", 100),
        ("", "metrics.m3 DESC", 100),
        ("", "metrics.none DESC", 100),
        ("", "params.p1", 100),
        ("", "params.p1 DESC", 100),
        ("", "params.p2 DESC", 100),
        ("", "start_time", 100),
        ("", "end_time DESC", 100),
        ("", "run_name", 100),
        ("run_name LIKE 'run-123%'", "", 100),
        ("run_name LIKE '%123%'", "", 100),
        ("status = 'RUNNING'", "", 100),
        ("", "params.p1,metrics.m2 DESC", 100),
        ("", "", 1000),
        ("", "", 10_000),
    ];
    for asked in searches.iter().filter(|asked| format!("{asked:?}").contains(&only)) {
        let (filter, order, limit) = asked;
        let what = format!("{limit:>5} [{filter}] {order}");
        time(&what, async || search(&acting, experiment, asked).await).await;
        if *limit == 100
            && let Some(token) = search(&acting, experiment, asked).await
        {
            time("      … second page", async || page(&acting, experiment, asked, &token).await).await;
        }
    }
    if !only.is_empty() {
        return;
    }
    for filter in ["", "metrics.m1 < 0.5 AND params.p1 = 'v3'", "metrics.m1 < 0.05 AND metrics.m2 < 0.05"] {
        let query = RunsQuery { filter: filter.to_owned(), ..RunsQuery::default() };
        time(&format!("table [{filter}]"), async || acting.list_runs(experiment, &query).await.unwrap())
            .await;
    }
    let top = RunsQuery { level: Level::Top, ..RunsQuery::default() };
    time("tree", async || acting.list_runs(experiment, &top).await.unwrap()).await;
    domain.close().await;
}
