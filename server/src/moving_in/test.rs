//! An import of a place where people go on working.

use super::{Import, Wanted, tally::Kind};
use async_trait::async_trait;
use domain::{Caller, Config, Domain};
use futures::{StreamExt as _, stream::BoxStream};
use mlflow::{Page, PointCounts, Result, Source, Steps};
use model::{
    ExperimentId, Permission, RunId, TraceId,
    experiment::{Experiment, Lifecycle},
    import::{ModelRecord, RegisteredRecord, TraceRecord},
    logged_model::{LoggedModel, ModelStatus},
    metric::Point,
    run::Run,
};
use std::sync::atomic::{AtomicU64, Ordering};

/// A server on which there is one more logged model each time that somebody asks.
#[derive(Default)]
struct Busy(AtomicU64);

fn whole<T>(items: Vec<T>) -> Result<Page<T>> {
    Ok(Page { items, skipped: Vec::new(), next: None })
}

fn model(number: u64) -> ModelRecord {
    ModelRecord {
        model: LoggedModel {
            id: format!("m-{number:032x}").parse().unwrap(),
            experiment: ExperimentId(5),
            name: "bert".to_owned(),
            created: 1,
            updated: 1,
            artifact_uri: format!("s3://bucket/{number}"),
            status: ModelStatus::Ready,
            model_type: None,
            source_run: None,
            tags: Vec::new(),
            params: Vec::new(),
            metrics: Vec::new(),
        },
        lifecycle: Lifecycle::Active,
    }
}

#[async_trait]
impl Source for Busy {
    async fn runs_in_all(&self) -> Result<Option<u64>> {
        Ok(None)
    }

    async fn left_out(&self) -> Result<Vec<(String, u64)>> {
        Ok(Vec::new())
    }

    async fn experiments(&self, _after: Option<&str>) -> Result<Page<Experiment>> {
        whole(vec![Experiment {
            id: ExperimentId(5),
            name: "theirs".to_owned(),
            artifact_location: "s3://bucket".to_owned(),
            lifecycle: Lifecycle::Active,
            created: 1,
            updated: 1,
            tags: Vec::new(),
        }])
    }

    async fn models(&self, _of: &[ExperimentId], _after: Option<&str>) -> Result<Page<ModelRecord>> {
        whole((0..=self.0.fetch_add(1, Ordering::Relaxed)).map(model).collect())
    }

    async fn runs(&self, _of: &[ExperimentId], _after: Option<&str>) -> Result<Page<Run>> {
        whole(Vec::new())
    }

    async fn point_counts(&self, _runs: &[RunId]) -> Result<Option<PointCounts>> {
        Ok(None)
    }

    fn points<'a>(&'a self, _run: &'a Run) -> BoxStream<'a, Result<(String, Vec<Point>)>> {
        futures::stream::empty().boxed()
    }

    async fn registered(&self, _after: Option<&str>) -> Result<Page<RegisteredRecord>> {
        whole(Vec::new())
    }

    async fn traces(&self, _of: &[ExperimentId], _after: Option<&str>) -> Result<Page<TraceRecord>> {
        whole(Vec::new())
    }

    async fn steps(&self, _trace: &TraceRecord) -> Result<Steps> {
        Ok(Steps::Texts(Vec::new()))
    }

    async fn trace_runs(&self, _of: &[ExperimentId], _after: Option<&str>) -> Result<Page<(TraceId, RunId)>> {
        whole(Vec::new())
    }
}

#[tokio::test]
async fn a_model_that_is_made_meanwhile_is_left_to_the_next_import() {
    let folder = tempfile::tempdir().unwrap();
    let domain = Domain::open(Config {
        backend_store_uri: format!("sqlite:///{}", folder.path().join("runmark.db").display()),
        default_artifact_root: "mlflow-artifacts:/".to_owned(),
        artifacts_destination: folder.path().join("artifacts"),
        default_permission: Permission::NoPermissions,
    })
    .await
    .unwrap();
    let operator = domain.act(Caller::Local);
    let source = Busy::default();
    // The second import asks for models a third and a fourth time.
    for expected in [1, 3] {
        let tally = Import::new(&source, Some(&operator), Wanted::default()).run().await.unwrap();
        assert!(tally.is_whole(), "{}", tally.text(false));
        assert_eq!(tally.count(Kind::Models), expected);
    }
}
