//! Moving out: all that is here, written as a folder that MLflow reads, so that nobody has to stay.
//!
//! What has no place in such a folder isn't in it: accounts, permissions, saved views, share links, the audit log, links of
//! traces to other runs than their own, and logged models that are in the trash.

use crate::{
    moving_in::{
        Failure,
        tally::{Kind, Tally},
    },
    wire::encode::{trace as trace_json, trace_file},
};
use domain::{
    Acting,
    logged_model::{ModelOrder, ModelSearch},
    run::SearchRuns,
    trace::TraceSearch,
};
use futures::TryStreamExt as _;
use mlflow::{
    STEPS_FILE,
    artifact::kept_path,
    files::write::{TraceToWrite, Writer},
};
use model::{
    experiment::{Experiment, ViewType},
    registry::{ModelVersion, RegisteredModel},
    run::Run,
    trace::Trace,
};
use std::path::Path;
use tokio::io::AsyncWriteExt as _;

/// Things that are asked for at a time.
const PAGE: i64 = 100;
/// What finds prompts, which other searches for registered models leave out.
const PROMPTS: &str = "tags.`mlflow.prompt.is_prompt` = 'true'";

/// Writes all that the caller may read into a new folder. Returns what to say about it.
pub async fn export(acting: &Acting, to: &Path, with_files: bool) -> Result<String, Failure> {
    let mut out = Out { acting, writer: Writer::begin(to)?, with_files, tally: Tally::default() };
    let mut token = String::new();
    loop {
        let page = acting.search_experiments("", &[], ViewType::All, PAGE, &token).await?;
        for experiment in &page.items {
            out.experiment(experiment).await?;
        }
        match page.next {
            Some(next) => token = next,
            None => break,
        }
    }
    for filter in ["", PROMPTS] {
        out.registry(filter).await?;
    }
    let skipped = std::mem::take(&mut out.writer.skipped);
    skipped.into_iter().for_each(|why| out.tally.note(format!("Not written: {why}.")));
    Ok(format!("{}\nexport MLFLOW_TRACKING_URI={}\n", out.tally.text(true), to.display()))
}

struct Out<'a> {
    acting: &'a Acting,
    writer: Writer,
    with_files: bool,
    tally: Tally,
}

impl Out<'_> {
    async fn experiment(&mut self, experiment: &Experiment) -> Result<(), Failure> {
        self.writer.experiment(experiment)?;
        self.tally.found(Kind::Experiments, 1);
        self.tally.found(Kind::Tags, experiment.tags.len());
        let mut token = String::new();
        loop {
            let search = SearchRuns {
                experiments: &[experiment.id],
                filter: "",
                view: ViewType::All,
                max_results: PAGE,
                order_by: &[],
                page_token: &token,
            };
            let page = self.acting.search_runs(search).await?;
            for run in &page.items {
                self.run(experiment, run).await?;
            }
            match page.next {
                Some(next) => token = next,
                None => break,
            }
        }
        self.models(experiment).await?;
        self.traces(experiment).await
    }

    async fn run(&mut self, experiment: &Experiment, run: &Run) -> Result<(), Failure> {
        let id = run.info.id;
        let kept = kept_path(&run.info.artifact_uri).filter(|_| self.with_files);
        self.writer.run(experiment, run, kept.is_some())?;
        self.tally.found(Kind::Runs, 1);
        self.tally.found(Kind::Params, run.params.len());
        self.tally.found(Kind::Tags, run.tags.len());
        self.tally.found(Kind::Datasets, run.datasets.len());
        self.tally.found(Kind::Links, run.model_inputs.len() + run.model_outputs.len());
        for metric in &run.metrics {
            let Some(mut file) = self.writer.metric(experiment, id, &metric.key)? else { continue };
            let mut parts = Box::pin(self.acting.metric_history_stream(id, &metric.key).await?);
            while let Some(points) = parts.try_next().await? {
                file.add(&points)?;
                self.tally.found(Kind::Points, points.len());
            }
            file.finish()?;
        }
        if let Some(path) = kept {
            let folder = self.writer.artifacts_of_run(experiment, id);
            self.files(path, &folder).await?;
        }
        Ok(())
    }

    async fn models(&mut self, experiment: &Experiment) -> Result<(), Failure> {
        let mut search = ModelSearch {
            experiments: vec![experiment.id],
            order_by: vec![ModelOrder {
                field_name: "creation_time".to_owned(),
                ascending: true,
                dataset_name: None,
                dataset_digest: None,
            }],
            max_results: PAGE,
            ..ModelSearch::default()
        };
        loop {
            let page = self.acting.search_models(&search).await?;
            for model in &page.items {
                let kept = kept_path(&model.artifact_uri).filter(|_| self.with_files);
                self.writer.model(experiment, model, kept.is_some())?;
                self.tally.found(Kind::Models, 1);
                self.tally.found(Kind::Params, model.params.len());
                self.tally.found(Kind::Tags, model.tags.len());
                self.tally.found(Kind::Measured, model.metrics.len());
                if let Some(path) = kept {
                    let folder = self.writer.artifacts_of_model(experiment, model);
                    self.files(path, &folder).await?;
                }
            }
            match page.next {
                Some(next) => search.page_token = next,
                None => return Ok(()),
            }
        }
    }

    async fn traces(&mut self, experiment: &Experiment) -> Result<(), Failure> {
        let mut search = TraceSearch {
            experiments: vec![experiment.id],
            order_by: vec!["timestamp ASC".to_owned()],
            max_results: PAGE,
            ..TraceSearch::default()
        };
        loop {
            let page = self.acting.search_traces(&search).await?;
            for info in &page.items {
                let trace = self.acting.get_trace(info.id, true).await?;
                self.trace(experiment, &trace).await?;
            }
            match page.next {
                Some(next) => search.page_token = next,
                None => return Ok(()),
            }
        }
    }

    async fn trace(&mut self, experiment: &Experiment, trace: &Trace) -> Result<(), Failure> {
        let info = &trace.info;
        let folder = self.writer.artifacts_of_trace(experiment, info.id);
        let mut has_files = false;
        if let Some(path) = kept_path(&info.artifact_uri).filter(|_| self.with_files) {
            match self.files(path, &folder).await {
                Ok(()) => has_files = true,
                // They may be said to be in an experiment that isn't here.
                Err(error)
                    if matches!(error.downcast_ref::<domain::Error>(), Some(domain::Error::Problem(_))) =>
                {
                    self.tally.note(format!("Not written: files of trace {}: {error}.", info.id));
                }
                Err(error) => return Err(error),
            }
        }
        // Steps that clients put beside the trace were copied with its files.
        let is_filed = trace.spans.is_empty() && (!has_files || folder.join(STEPS_FILE).is_file());
        let assessments = info.assessments.iter();
        let written = TraceToWrite {
            info,
            told: trace_json::info(info),
            assessments: assessments.map(|said| (said.id, trace_json::assessment(said))).collect(),
            steps: (!is_filed).then(|| trace_file::steps(trace)),
            has_files,
        };
        self.writer.trace(experiment, &written)?;
        self.tally.found(Kind::Traces, 1);
        self.tally.found(Kind::Tags, info.tags.len());
        self.tally.found(Kind::Metadata, info.metadata.len());
        self.tally.found(Kind::Assessments, info.assessments.len());
        self.tally.found(Kind::Spans, trace.spans.len());
        Ok(())
    }

    async fn registry(&mut self, filter: &str) -> Result<(), Failure> {
        let mut token = String::new();
        loop {
            let page = self.acting.search_registered_models(filter, PAGE, &[], &token).await?;
            for model in &page.items {
                let versions = self.versions(model).await?;
                self.writer.registered(model, &versions)?;
                self.tally.found(Kind::Registered, 1);
                self.tally.found(Kind::Versions, versions.len());
                self.tally.found(Kind::Aliases, model.aliases.len());
                self.tally.found(Kind::Tags, model.tags.len());
                for version in &versions {
                    self.tally.found(Kind::Tags, version.tags.len());
                }
            }
            match page.next {
                Some(next) => token = next,
                None => return Ok(()),
            }
        }
    }

    /// All versions of a model, one after the other: numbers have gaps, and names may have quotes that a filter can't.
    async fn versions(&self, registered: &RegisteredModel) -> Result<Vec<ModelVersion>, Failure> {
        let highest = registered.latest.iter().map(|version| version.version).max().unwrap_or_default();
        let mut versions = Vec::new();
        for number in 1..=highest {
            match self.acting.get_version(&registered.name, number).await {
                Ok(version) => versions.push(version),
                Err(domain::Error::Problem(problem)) if problem.code == model::Code::ResourceDoesNotExist => {
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(versions)
    }

    /// Copies a folder of artifacts.
    async fn files(&mut self, path: &str, to: &Path) -> Result<(), Failure> {
        let mut folders = vec![(path.to_owned(), to.to_owned())];
        while let Some((path, to)) = folders.pop() {
            tokio::fs::create_dir_all(&to).await?;
            for entry in self.acting.list_artifacts(&path).await? {
                let (from, to) = (format!("{path}/{}", entry.path), to.join(&entry.path));
                if entry.size.is_none() {
                    folders.push((from, to));
                    continue;
                }
                let mut read = self.acting.read_artifact(&from, None).await?;
                let mut file = tokio::fs::File::create(&to).await?;
                while let Some(part) = read.stream.try_next().await? {
                    file.write_all(&part).await?;
                }
                file.flush().await?;
                self.tally.found(Kind::Files, 1);
                self.tally.found_many(Kind::Bytes, read.size);
            }
        }
        Ok(())
    }
}
