//! The world of one test: an empty database, an empty artifact folder, a domain on them, and people who use it.
//!
//! Every test is written once, as `async fn name(world: &World)`, and runs on both databases as `sqlite::name` and
//! `postgres::name`. To add one: write the function, and name it in its file's [`on_both_databases!`]. To add a file:
//! `mod noun;` in `main.rs`, and start it with
//!
//! ```ignore
//! use crate::world::*;
//!
//! on_both_databases! { a_model_has_a_name }
//!
//! async fn a_model_has_a_name(world: &World) {
//!     let alice = world.user("alice").await;
//!     let experiment = alice.experiment("vision").await;
//!     let run = alice.run_in(experiment).await;
//!     alice.logs(run, batch().metric("loss", 1, 0.5)).await;
//!     check_refused(alice.get_run(no_run()).await, Code::ResourceDoesNotExist, "…");
//! }
//! ```
//!
//! A [`User`] has all use cases of the domain as methods, and a few that make things with one word and panic where the
//! use case fails. Whoever is new may READ what others made (the default permission); [`World::closed`] is the same
//! database served with NO_PERMISSIONS by default. Postgres is where `RUNMARK_TEST_POSTGRES` says; every test makes its
//! own schema there and drops it at its end.

use bytes::Bytes;
use domain::{Acting, Caller, Config, Domain, artifact::ByteRange, run::SearchRuns};
use futures::{FutureExt as _, TryStreamExt as _};
pub use model::{Code, ExperimentId, ModelId, Permission, Problem, RunId, run::Tag};
use model::{
    curve::{Along, CurveRequest},
    experiment::ViewType,
    logged_model::{LoggedModel, NewModel},
    metric::{MetricSummary, Point},
    registry::NewVersion,
    run::{LogBatch, MetricInput, NewRun, Param, Run},
};
use proptest::{
    strategy::Strategy,
    test_runner::{Config as PropertyConfig, TestRunner},
};
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqliteConnection,
    sqlite::SqliteConnectOptions,
};
use std::{
    fmt::Debug,
    future::Future,
    hash::{BuildHasher as _, RandomState},
    ops::Deref,
    panic::AssertUnwindSafe,
    path::PathBuf,
    time::Duration,
};
use tempfile::TempDir;
use uuid::Uuid;

/// Makes of each function two tests: `sqlite::name` and `postgres::name`.
macro_rules! on_both_databases {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                $crate::world::on_sqlite(super::$name);
            })*
        }
        mod postgres {
            $(#[test]
            fn $name() {
                $crate::world::on_postgres(super::$name);
            })*
        }
    };
}
pub(crate) use on_both_databases;

/// The password of everybody.
pub const PASSWORD: &str = "correct horse battery";

pub struct World {
    pub domain: Domain,
    pub config: Config,
    pub folder: TempDir,
}

/// Runs a test on a new SQLite file.
pub fn on_sqlite(test: impl AsyncFn(&World)) {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let uri = format!("sqlite:///{}", folder.path().join("runmark.db").display());
        let world = World::open(uri, folder).await;
        in_time(test(&world)).await;
        world.domain.close().await;
    });
}

/// Runs a test in a new schema of the Postgres that the environment names: as good as a database, and made in no time.
pub fn on_postgres(test: impl AsyncFn(&World)) {
    let server = std::env::var("RUNMARK_TEST_POSTGRES").expect(
        "RUNMARK_TEST_POSTGRES isn't set: run `cargo xtask test`, which starts a Postgres, or name one \
         (postgresql://postgres@127.0.0.1:5432/postgres)",
    );
    block_on(async {
        let name = format!("runmark_{}", new_uuid().simple());
        let mut admin = PgConnection::connect(&server).await.expect("the Postgres of RUNMARK_TEST_POSTGRES");
        let run =
            async |admin: &mut PgConnection, sql: String| admin.execute(AssertSqlSafe(sql)).await.unwrap();
        run(&mut admin, format!("CREATE SCHEMA {name}")).await;
        let separator = if server.contains('?') { '&' } else { '?' };
        let uri = format!("{server}{separator}options=-csearch_path%3D{name}");
        let world = World::open(uri, tempfile::tempdir().unwrap()).await;
        let outcome = AssertUnwindSafe(in_time(test(&world))).catch_unwind().await;
        world.domain.close().await;
        run(&mut admin, format!("SET client_min_messages = error; DROP SCHEMA {name} CASCADE")).await;
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
    });
}

/// A test that waits for what never comes fails, rather than nobody knowing which of them it is.
async fn in_time(test: impl Future<Output = ()>) {
    tokio::time::timeout(Duration::from_secs(300), test).await.expect("the test comes to an end");
}

fn block_on(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap().block_on(test);
}

/// Random enough for names that must not meet: hashers are seeded by the system.
fn new_uuid() -> Uuid {
    let half = || RandomState::new().hash_one(std::process::id());
    Uuid::from_u64_pair(half(), half())
}

impl World {
    async fn open(backend_store_uri: String, folder: TempDir) -> Self {
        let config = Config {
            backend_store_uri,
            default_artifact_root: "mlflow-artifacts:/".to_owned(),
            artifacts_destination: folder.path().join("artifacts"),
            default_permission: Permission::Read,
        };
        Self { domain: Domain::open(config.clone()).await.unwrap(), config, folder }
    }

    /// Whether this is Postgres: for the few things that only it does.
    pub fn is_postgres(&self) -> bool {
        self.config.backend_store_uri.starts_with("postgres")
    }

    /// One more process on the same database and the same artifacts.
    pub async fn another(&self) -> Domain {
        Domain::open(self.config.clone()).await.unwrap()
    }

    /// One more process, on which nobody may do anything that they weren't given.
    pub async fn closed(&self) -> Domain {
        let config = Config { default_permission: Permission::NoPermissions, ..self.config.clone() };
        Domain::open(config).await.unwrap()
    }

    /// The same database with nothing in it, not even a schema, and whoever opens it begins anew. The domain of this world
    /// is of no use any more.
    pub async fn emptied(&self) -> Config {
        let mut config = self.config.clone();
        if self.is_postgres() {
            self.execute(
                "DO $$ DECLARE s text := current_schema(); BEGIN EXECUTE format('DROP SCHEMA %I CASCADE', s); EXECUTE format('CREATE SCHEMA %I', s); END $$",
            )
            .await;
        } else {
            config.backend_store_uri =
                format!("sqlite:///{}", self.folder.path().join("new/runmark.db").display());
        }
        config
    }

    /// The one person of a server without accounts.
    pub fn local(&self) -> User {
        User(self.domain.act(Caller::Local))
    }

    /// A new account.
    pub async fn user(&self, name: &str) -> User {
        self.account(name, false).await
    }

    /// A new account that may do everything.
    pub async fn admin(&self, name: &str) -> User {
        self.account(name, true).await
    }

    async fn account(&self, name: &str, is_admin: bool) -> User {
        let user = self.local().create_user(name, PASSWORD, is_admin).await.unwrap();
        User(self.domain.act(Caller::User { id: user.id, name: user.name, is_admin, token: None }))
    }

    /// The folder of the artifacts.
    pub fn artifacts(&self) -> PathBuf {
        self.config.artifacts_destination.clone()
    }

    /// Changes what no use case can: the past.
    pub async fn execute(&self, sql: &'static str) {
        if self.is_postgres() {
            self.postgres().await.execute(sql).await.unwrap();
        } else {
            self.sqlite().await.execute(sql).await.unwrap();
        }
    }

    /// As [`Self::execute`], by somebody whom no trigger stops.
    pub async fn unguarded(&self, sql: &'static str) {
        if self.is_postgres() {
            let mut connection = self.postgres().await;
            connection.execute("SET session_replication_role = replica").await.unwrap();
            connection.execute(sql).await.unwrap();
        } else {
            let mut connection = self.sqlite().await;
            let drop = "DROP TRIGGER IF EXISTS audit_is_kept; DROP TRIGGER IF EXISTS audit_is_sealed_once";
            connection.execute(drop).await.unwrap();
            connection.execute(sql).await.unwrap();
        }
    }

    /// A text that no use case tells.
    pub async fn text(&self, sql: &'static str) -> String {
        if self.is_postgres() {
            sqlx::query_scalar(sql).fetch_one(&mut self.postgres().await).await.unwrap()
        } else {
            sqlx::query_scalar(sql).fetch_one(&mut self.sqlite().await).await.unwrap()
        }
    }

    /// What the database says to a statement that it refuses.
    pub async fn refused(&self, sql: &'static str) -> String {
        let outcome = if self.is_postgres() {
            self.postgres().await.execute(sql).await.map(drop)
        } else {
            self.sqlite().await.execute(sql).await.map(drop)
        };
        outcome.unwrap_err().to_string()
    }

    /// A connection to the test's schema in Postgres, beside the domain's.
    pub async fn postgres(&self) -> PgConnection {
        PgConnection::connect(&self.config.backend_store_uri).await.unwrap()
    }

    /// A connection to the SQLite file, beside the domain's.
    pub async fn sqlite(&self) -> SqliteConnection {
        let file = self.config.backend_store_uri.strip_prefix("sqlite:///").unwrap();
        SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(file)).await.unwrap()
    }
}

/// Somebody at work.
#[derive(Clone)]
pub struct User(pub Acting);

impl Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.caller().fmt(f)
    }
}

impl Deref for User {
    type Target = Acting;
    fn deref(&self) -> &Acting {
        &self.0
    }
}

impl User {
    /// The same person, served by another process.
    pub fn on(&self, domain: &Domain) -> User {
        User(domain.act(self.caller().clone()))
    }

    pub fn name(&self) -> &str {
        self.caller().name()
    }

    pub async fn experiment(&self, name: &str) -> ExperimentId {
        self.create_experiment(name, "", &[]).await.unwrap()
    }

    pub async fn run_in(&self, experiment: ExperimentId) -> RunId {
        self.run_named(experiment, "").await
    }

    pub async fn run_named(&self, experiment: ExperimentId, name: &str) -> RunId {
        let new = NewRun { name: name.to_owned(), ..new_run(experiment) };
        self.create_run(new).await.unwrap().info.id
    }

    pub async fn model_in(&self, experiment: ExperimentId, name: &str) -> LoggedModel {
        self.create_model(new_model(experiment, name)).await.unwrap()
    }

    pub async fn logs(&self, run: RunId, batch: Batch) {
        self.log(run, batch.0).await.unwrap();
    }

    pub async fn sees(&self, run: RunId) -> Run {
        self.get_run(run).await.unwrap()
    }

    /// The first thousand runs of an experiment that a search finds.
    pub async fn finds(&self, experiment: ExperimentId, filter: &str) -> Vec<Run> {
        let asked = SearchRuns {
            experiments: &[experiment],
            filter,
            view: ViewType::ActiveOnly,
            max_results: 1000,
            order_by: &[],
            page_token: "",
        };
        self.search_runs(asked).await.unwrap().items
    }

    /// The whole history of a metric.
    pub async fn history(&self, run: RunId, key: &str) -> Vec<Point> {
        self.metric_history(run, key, None, "").await.unwrap().items
    }

    /// What is known of a metric without its history.
    pub async fn summary(&self, run: RunId, key: &str) -> Option<MetricSummary> {
        self.sees(run).await.metrics.into_iter().find(|metric| metric.key == key)
    }

    pub async fn uploads(&self, path: &str, content: &[u8]) {
        self.write_artifact(path, stream_of(content)).await.unwrap();
    }

    pub async fn downloads(&self, path: &str) -> domain::Result<Vec<u8>> {
        self.downloads_part(path, None).await
    }

    pub async fn downloads_part(&self, path: &str, range: Option<ByteRange>) -> domain::Result<Vec<u8>> {
        let read = self.read_artifact(path, range).await?;
        let length = read.range.end - read.range.start;
        let chunks: Vec<Bytes> = read.stream.try_collect().await?;
        let bytes = chunks.concat();
        assert_eq!(bytes.len() as u64, length, "the range that was told is the one that came");
        Ok(bytes)
    }
}

/// A file as it comes over the network: in pieces.
pub fn stream_of(content: &[u8]) -> impl futures::Stream<Item = Result<Bytes, String>> + Send + use<> {
    let pieces: Vec<_> = content.chunks(1000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    futures::stream::iter(pieces)
}

/// A version of a registered model, of which nothing else is said.
pub fn new_version(name: &str, source: &str) -> NewVersion {
    NewVersion {
        name: name.to_owned(),
        source: source.to_owned(),
        run: None,
        model: None,
        tags: Vec::new(),
        run_link: String::new(),
        description: String::new(),
    }
}

pub fn new_run(experiment: ExperimentId) -> NewRun {
    NewRun {
        experiment,
        name: String::new(),
        user: "somebody".to_owned(),
        start_time: 1_700_000_000_000,
        tags: Vec::new(),
    }
}

pub fn new_model(experiment: ExperimentId, name: &str) -> NewModel {
    NewModel {
        experiment,
        name: name.to_owned(),
        model_type: None,
        source_run: None,
        params: Vec::new(),
        tags: Vec::new(),
    }
}

pub fn tag(key: &str, value: &str) -> Tag {
    Tag { key: key.to_owned(), value: value.to_owned() }
}

pub fn point(step: i64, timestamp: i64, value: f64) -> Point {
    Point { step, timestamp, value }
}

/// What a chart of a metric asks for: all steps, on a hundred pixels.
pub fn chart(runs: &[RunId], key: &str) -> CurveRequest {
    CurveRequest {
        runs: runs.to_vec(),
        keys: vec![key.to_owned()],
        along: Along::Step,
        window: None,
        buckets: 100,
    }
}

/// What is logged with one request.
#[derive(Clone, Default)]
pub struct Batch(pub LogBatch);

pub fn batch() -> Batch {
    Batch::default()
}

impl Batch {
    /// A value at a step, measured a second after the one before.
    pub fn metric(self, key: &str, step: i64, value: f64) -> Self {
        self.point(key, point(step, 1000 * step.clamp(0, 1_000_000), value))
    }

    pub fn point(mut self, key: &str, point: Point) -> Self {
        self.0.metrics.push(MetricInput { key: key.to_owned(), point, model: None, dataset: None });
        self
    }

    pub fn measured(
        mut self,
        key: &str,
        point: Point,
        model: ModelId,
        dataset: Option<(&str, &str)>,
    ) -> Self {
        let dataset = dataset.map(|(name, digest)| (name.to_owned(), digest.to_owned()));
        self.0.metrics.push(MetricInput { key: key.to_owned(), point, model: Some(model), dataset });
        self
    }

    pub fn param(mut self, key: &str, value: &str) -> Self {
        self.0.params.push(Param { key: key.to_owned(), value: value.to_owned() });
        self
    }

    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.0.tags.push(tag(key, value));
        self
    }
}

/// An experiment that isn't there.
pub fn no_experiment() -> ExperimentId {
    ExperimentId(987_654)
}

/// A run that isn't there.
pub fn no_run() -> RunId {
    RunId(Uuid::from_u128(0x0BAD))
}

/// A logged model that isn't there.
pub fn no_model() -> ModelId {
    ModelId(Uuid::from_u128(0x0B0D))
}

/// What holds for so many random values, and is shown with the smallest that it doesn't hold for.
pub fn holds_for<S: Strategy>(cases: u32, values: S, test: impl AsyncFn(S::Value)) {
    let config =
        PropertyConfig { cases, failure_persistence: None, max_shrink_iters: 100, ..Default::default() };
    let runtime = tokio::runtime::Handle::current();
    let outcome = tokio::task::block_in_place(|| {
        TestRunner::new(config).run(&values, |value| {
            runtime.block_on(test(value));
            Ok(())
        })
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

/// What the person sees of a failure.
#[track_caller]
pub fn problem<T: Debug>(outcome: domain::Result<T>) -> Problem {
    match outcome {
        Ok(value) => panic!("should have been refused, and gave {value:?}"),
        Err(error) => error.into(),
    }
}

/// The use case is refused with this code, and says this.
#[track_caller]
pub fn check_refused<T: Debug>(outcome: domain::Result<T>, code: Code, message: &str) {
    let problem = problem(outcome);
    assert_eq!((problem.code, problem.message.as_str()), (code, message));
}

/// The use case is refused with this code.
#[track_caller]
pub fn check_code<T: Debug>(outcome: domain::Result<T>, code: Code) {
    let problem = problem(outcome);
    assert_eq!(problem.code, code, "{}", problem.message);
}
