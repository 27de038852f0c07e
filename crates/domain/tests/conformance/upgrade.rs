//! What the first release wrote is read, and logged to, by this one.

use crate::world::*;
use domain::{Caller, Config, Domain, run::SearchRuns};
use model::{
    UserId,
    experiment::ViewType,
    metric::{MetricSummary, Point},
    page::RunsQuery,
    run::{Param, Run, RunStatus},
};
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, SqliteConnection,
    migrate::{Migration, Migrator},
    sqlite::SqliteConnectOptions,
};
use std::{fmt::Write as _, path::Path};
use uuid::Uuid;

on_both_databases! { a_database_of_the_first_release_is_read_and_logged_to }

const ALICE: Uuid = Uuid::from_u128(0xA11CE);
const RUN: RunId = RunId(Uuid::from_u128(0x01D));
/// Of the same time, and nobody logs to it any more.
const RESTING: RunId = RunId(Uuid::from_u128(0x02E57));

/// The points of a metric, by time.
type History = (&'static str, Vec<Point>);

fn loss(steps: std::ops::Range<i64>) -> Vec<Point> {
    steps.map(|step| point(step, 1000 * step, 1.0 / (1 + step) as f64)).collect()
}

fn gradients() -> Vec<Point> {
    vec![point(-1, 5, f64::NEG_INFINITY), point(0, 6, 2.5), point(1, 7, f64::NAN)]
}

/// Makes a database as the first release left it: Alice may edit an experiment, in which there are two runs.
async fn make_first_release(world: &World) -> Config {
    let config = world.emptied().await;
    let mut rows = Rows { is_postgres: world.is_postgres(), sql: String::new() };
    let (alice, run, resting) = (rows.id(ALICE), rows.id(RUN.0), rows.id(RESTING.0));
    let vision = "(SELECT id FROM experiments WHERE name = 'vision')";
    let mut insert = |table: &str, values: String| rows.insert(table, &values);
    insert("users", format!("{alice}, 'alice', 'a hash', FALSE, 1"));
    insert("experiments", "0, 'Default', 'mlflow-artifacts:/0', 'active', 1, 1".to_owned());
    insert("experiments", "1, 'vision', 'mlflow-artifacts:/1', 'active', 2, 2".to_owned());
    insert("experiment_permissions", format!("{vision}, {alice}, 3"));
    for (id, name, start) in [(&run, "old", 10), (&resting, "resting", 20)] {
        let uri = format!("mlflow-artifacts:/1/{name}/artifacts");
        let course = format!("'FINISHED', {start}, {}", start + 5);
        insert("runs", format!("{id}, {vision}, '{name}', 'al', {course}, 'active', '{uri}', {alice}"));
        insert("params", format!("{id}, 'lr', '0.1'"));
        insert("tags", format!("{id}, 'mlflow.runName', '{name}'"));
    }
    insert("params", format!("{run}, 'wide', '{}'", "w".repeat(3000)));
    insert("tags", format!("{run}, 'stage', 'first'"));
    // Each commit brought a segment of its own.
    rows.metric(RUN, "loss", &[loss(0..40), loss(40..41), loss(41..100)]);
    rows.metric(RUN, "grad", &[gradients()]);
    rows.metric(RESTING, "loss", &[vec![point(0, 3, 0.75)]]);

    let statements = sqlx::raw_sql(AssertSqlSafe(rows.sql));
    if world.is_postgres() {
        let mut postgres = PgConnection::connect(&config.backend_store_uri).await.unwrap();
        first_of(&sqlx::migrate!("../../migrations/postgres")).run(&mut postgres).await.unwrap();
        statements.execute(&mut postgres).await.unwrap();
    } else {
        let file = Path::new(config.backend_store_uri.strip_prefix("sqlite:///").unwrap());
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
        let mut sqlite = SqliteConnection::connect_with(&options).await.unwrap();
        first_of(&sqlx::migrate!("../../migrations/sqlite")).run(&mut sqlite).await.unwrap();
        statements.execute(&mut sqlite).await.unwrap();
        sqlite.close().await.unwrap();
    }
    Config { default_permission: Permission::NoPermissions, ..config }
}

fn first_of(migrations: &Migrator) -> Migrator {
    let first: Migration = migrations.iter().next().unwrap().clone();
    assert_eq!((first.version, first.description.as_ref()), (1, "start"));
    Migrator::with_migrations(vec![first])
}

/// Statements that write rows, in the words of one of the databases.
struct Rows {
    is_postgres: bool,
    sql: String,
}

impl Rows {
    fn id(&self, id: Uuid) -> String {
        if self.is_postgres { format!("'{id}'") } else { format!("x'{}'", id.simple()) }
    }

    fn bytes(&self, bytes: &[u8]) -> String {
        let hex = bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        if self.is_postgres { format!("'\\x{hex}'") } else { format!("x'{hex}'") }
    }

    fn insert(&mut self, table: &str, values: &str) {
        writeln!(self.sql, "INSERT INTO {table} VALUES ({values});").unwrap();
    }

    /// A metric with its summary, and the segments that hold its points.
    fn metric(&mut self, run: RunId, key: &str, segments: &[Vec<Point>]) {
        let run = self.id(run.0);
        let MetricSummary { last, min, max, count, first_time, last_time, first_step, last_step, .. } =
            summary_of(key, &segments.concat());
        let (value, is_nan) = if last.value.is_nan() { (0.0, true) } else { (last.value, false) };
        let Point { step, timestamp, .. } = last;
        let (value, min, max) = (self.double(value), self.double(min.unwrap()), self.double(max.unwrap()));
        let ranges = format!("{first_step}, {last_step}, {first_time}, {last_time}");
        let known = format!("{value}, {is_nan}, {step}, {timestamp}, {min}, {max}, {count}, {ranges}");
        self.insert("metrics", &format!("{run}, '{key}', {known}"));
        for (seq, points) in (1..).zip(segments) {
            let MetricSummary { count, first_time, last_time, first_step, last_step, .. } =
                summary_of(key, points);
            let ranges = format!("{first_step}, {last_step}, {first_time}, {last_time}");
            let data = self.bytes(&plain_segment(points));
            self.insert("segments", &format!("{run}, '{key}', {seq}, {count}, {ranges}, {data}"));
        }
    }

    fn double(&self, value: f64) -> String {
        match (value.is_infinite(), self.is_postgres) {
            (false, _) => format!("{value:e}"),
            (true, true) => format!("'{value}'"),
            (true, false) => format!("{}9e999", if value < 0.0 { "-" } else { "" }),
        }
    }
}

/// The format 1 of segments: the number of points, then all steps, all times, all values, in eight bytes each.
fn plain_segment(points: &[Point]) -> Vec<u8> {
    let mut data = vec![1];
    data.extend(u32::try_from(points.len()).unwrap().to_le_bytes());
    data.extend(points.iter().flat_map(|point| point.step.to_le_bytes()));
    data.extend(points.iter().flat_map(|point| point.timestamp.to_le_bytes()));
    data.extend(points.iter().flat_map(|point| point.value.to_bits().to_le_bytes()));
    data
}

fn summary_of(key: &str, points: &[Point]) -> MetricSummary {
    let mut summary = MetricSummary::of(key, points[0]);
    points[1..].iter().for_each(|point| summary.add(*point));
    summary
}

async fn a_database_of_the_first_release_is_read_and_logged_to(world: &World) {
    let config = make_first_release(world).await;
    let domain = Domain::open(config.clone()).await.unwrap();
    let alice = User(domain.act(Caller::User {
        id: UserId(ALICE),
        name: "alice".to_owned(),
        is_admin: false,
        token: None,
    }));
    let old = || vec![("grad", gradients()), ("loss", loss(0..100))];
    check_reads(&alice, &old()).await;

    // Somebody tries again what was logged long ago, in other parts.
    for (key, points) in old() {
        for part in points.chunks(30) {
            alice.logs(RUN, part.iter().fold(batch(), |batch, point| batch.point(key, *point))).await;
            check_reads(&alice, &old()).await;
        }
    }

    // The run goes on: behind its points, between them, with another metric, and with one point that it has.
    let (between, again) = (point(50, 50_001, 0.5), point(99, 99_000, 0.01));
    let more = loss(100..140).into_iter().chain([between, again]);
    let more = more.fold(batch(), |batch, point| batch.point("loss", point));
    alice.logs(RUN, more.metric("acc", 1, 0.9).param("new", "1").tag("stage", "second")).await;
    let mut longer = loss(0..140);
    longer.insert(51, between);
    let all: [History; 3] = [("acc", vec![point(1, 1000, 0.9)]), ("grad", gradients()), ("loss", longer)];
    check_reads(&alice, &all).await;
    let run = alice.sees(RUN).await;
    assert_eq!((run.tag("stage"), run.params.len()), (Some("second"), 3));

    domain.compact().await.unwrap();
    check_reads(&alice, &all).await;
    let closed = domain.act(Caller::User {
        id: UserId(no_run().0),
        name: "bob".to_owned(),
        is_admin: false,
        token: None,
    });
    check_code(closed.get_run(RUN).await, Code::ResourceDoesNotExist);
    domain.close().await;
    let next = Domain::open(config).await.unwrap();
    check_reads(&alice.on(&next), &all).await;
    next.close().await;
}

/// The run has these metrics, by name, wherever one looks; and the other run is as it was.
async fn check_reads(alice: &User, metrics: &[History]) {
    let run = alice.sees(RUN).await;
    let expected: Vec<MetricSummary> = metrics.iter().map(|(key, points)| summary_of(key, points)).collect();
    assert_eq!(run.metrics, expected);
    assert_eq!(
        (run.info.name.as_str(), run.info.status, run.info.end_time),
        ("old", RunStatus::Finished, Some(15))
    );
    let lr = Param { key: "lr".to_owned(), value: "0.1".to_owned() };
    assert!(run.params.contains(&lr) && run.params.iter().any(|param| param.value.len() == 3000));
    assert_eq!(run.tag("mlflow.runName"), Some("old"));
    for (key, points) in metrics {
        assert_eq!(alice.history(RUN, key).await, *points, "history of {key}");
        let curves = alice.curves(&chart(&[RUN], key)).await.unwrap();
        assert_eq!((curves[0].total, &curves[0].points), (points.len() as u64, points), "curve of {key}");
    }
    let resting = alice.sees(RESTING).await;
    assert_eq!(resting.metrics, [summary_of("loss", &[point(0, 3, 0.75)])]);

    let vision = run.info.experiment;
    let check_found = async |filter: &str, expected: &[&Run]| {
        let asked = SearchRuns {
            experiments: &[vision],
            filter,
            view: ViewType::ActiveOnly,
            max_results: 10,
            order_by: &["metrics.loss DESC".to_owned()],
            page_token: "",
        };
        let found = alice.search_runs(asked).await.unwrap().items;
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{filter}");
    };
    check_found("metrics.loss < 0.8 AND params.lr = '0.1'", &[&resting, &run]).await;
    check_found("metrics.loss <= 0.01 AND params.lr LIKE '0%' AND max_metrics.grad = 2.5", &[&run]).await;
    check_found(&format!("tags.stage = '{}'", run.tag("stage").unwrap()), &[&run]).await;
    check_found("metrics.loss > 0.01 AND tags.mlflow.runName = 'old'", &[]).await;
    let page = alice.list_runs(vision, &RunsQuery::default()).await.unwrap();
    let shown: Vec<&Vec<MetricSummary>> = page.runs.iter().map(|run| &run.metrics).collect();
    assert_eq!(shown, [&resting.metrics, &run.metrics], "the latest run first");
}
