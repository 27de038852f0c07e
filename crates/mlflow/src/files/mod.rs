//! A folder of runs (`mlruns`): experiments, runs and registered models are folders with a `meta.yaml`, a param or a tag is a file
//! with its value, a metric one with a line for each point. `write` makes such a folder.
//!
//! Start reading: [`Folder`].

mod meta;
mod read;
mod registry;
mod trace;
pub mod write;

use crate::{Error, Page, PointCounts, Result, Source, Steps};
use async_trait::async_trait;
use futures::{StreamExt as _, stream::BoxStream};
use model::{
    ExperimentId, RunId, TraceId,
    experiment::Experiment,
    import::{ModelRecord, RegisteredRecord, TraceRecord},
    metric::Point,
    run::Run,
};
use std::path::{Path, PathBuf};

/// What a thing says of itself.
const META: &str = "meta.yaml";
/// Where experiments go that are deleted.
const TRASH: &str = ".trash";
/// The registry, which lies beside the experiments.
const MODELS: &str = "models";
/// Things of a page.
const PAGE: usize = 100;

/// A folder of runs.
#[derive(Clone)]
pub struct Folder {
    root: PathBuf,
}

/// A failure with a file.
fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Error + '_ {
    move |error| Error::File { path: path.to_owned(), error }
}

/// Reads without keeping others waiting.
async fn off_the_async_threads<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Said(format!("reading files: {error}")))?
}

impl Folder {
    /// Opens a folder.
    ///
    /// # Errors
    /// If it isn't there, or holds no runs.
    pub async fn open(path: &str) -> Result<Self> {
        let folder = Self { root: PathBuf::from(path) };
        let looked = folder.clone();
        let has_any = off_the_async_threads(move || {
            Ok(!looked.experiment_folders()?.is_empty() || looked.root.join(MODELS).is_dir())
        })
        .await?;
        if has_any {
            Ok(folder)
        } else {
            Err(Error::Said(format!("{path} is not a folder of MLflow's runs: nothing in it has a {META}")))
        }
    }

    /// As the others, but for the threads of the runtime.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let folder = self.clone();
        off_the_async_threads(move || work(&folder)).await
    }
}

#[async_trait]
impl Source for Folder {
    async fn runs_in_all(&self) -> Result<Option<u64>> {
        let count = self.read(|folder| {
            let mut count = 0;
            for (_, experiment) in folder.experiment_folders()? {
                count += read::run_names(&experiment)?.len() as u64;
            }
            Ok(count)
        });
        count.await.map(Some)
    }

    async fn left_out(&self) -> Result<Vec<(String, u64)>> {
        Ok(Vec::new())
    }

    async fn experiments(&self, _after: Option<&str>) -> Result<Page<Experiment>> {
        self.read(Self::all_experiments).await
    }

    async fn models(&self, of: &[ExperimentId], after: Option<&str>) -> Result<Page<ModelRecord>> {
        let (of, after) = (of.to_vec(), after.map(str::to_owned));
        self.read(move |folder| folder.model_page(&of, after.as_deref())).await
    }

    async fn runs(&self, of: &[ExperimentId], after: Option<&str>) -> Result<Page<Run>> {
        let (of, after) = (of.to_vec(), after.map(str::to_owned));
        self.read(move |folder| folder.run_page(&of, after.as_deref())).await
    }

    async fn point_counts(&self, _runs: &[RunId]) -> Result<Option<PointCounts>> {
        Ok(None)
    }

    fn points<'a>(&'a self, run: &'a Run) -> BoxStream<'a, Result<(String, Vec<Point>)>> {
        let (experiment, id) = (run.info.experiment, run.info.id);
        let keys: Vec<String> = run.metrics.iter().map(|metric| metric.key.clone()).collect();
        futures::stream::iter(keys)
            .then(move |key| async move {
                self.read(move |folder| {
                    let points = folder.points_of(experiment, id, &key)?;
                    Ok((key, points))
                })
                .await
            })
            .boxed()
    }

    async fn registered(&self, _after: Option<&str>) -> Result<Page<RegisteredRecord>> {
        self.read(Self::all_registered).await
    }

    async fn traces(&self, of: &[ExperimentId], after: Option<&str>) -> Result<Page<TraceRecord>> {
        let (of, after) = (of.to_vec(), after.map(str::to_owned));
        self.read(move |folder| folder.trace_page(&of, after.as_deref())).await
    }

    async fn steps(&self, trace: &TraceRecord) -> Result<Steps> {
        let trace = trace.clone();
        self.read(move |folder| folder.steps_of(&trace)).await
    }

    /// MLflow links none in folders, but by what traces say themselves.
    async fn trace_runs(&self, _of: &[ExperimentId], _after: Option<&str>) -> Result<Page<(TraceId, RunId)>> {
        Ok(Page { items: Vec::new(), skipped: Vec::new(), next: None })
    }
}
