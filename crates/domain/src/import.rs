//! Taking over what another tracking server had: with the ids, names, times and states that it had there.
//!
//! Owns: how what comes meets what is there. All of it can be done again: what has an id is known by it, experiments and
//! registered models by their names, points by what they are. What is there stays as it is, and only what is missing is added,
//! so an import that was cut off goes on where it was, and later changes here aren't undone by importing once more.
//! Must never: read the other server (the crate `mlflow` does), or check names and limits: what people had they keep.
//! All of it is for admins. Points go the way of all that is logged ([`crate::log`]), traces have a file of their own (`trace/import.rs`).

use crate::{
    Acting,
    audit::{Change, Told},
    error::{Error, Result},
    experiment::join,
    gate::{Edit, Importing, Read},
    store::{self, metric::ModelPoint, run::Direction},
};
use model::{
    Code, ModelId, RunId,
    audit::{Action, Object},
    experiment::Experiment,
    import::{ModelRecord, RegisteredRecord, Taken},
    logged_model::ModelMetric,
    metric::Point,
    run::{LogBatch, MetricInput, Run},
};
use serde_json::json;
use std::collections::BTreeMap;

/// `None` for what isn't there.
pub(crate) fn found<T>(outcome: Result<T>) -> Result<Option<T>> {
    match outcome {
        Ok(thing) => Ok(Some(thing)),
        Err(Error::Problem(problem)) if problem.code == Code::ResourceDoesNotExist => Ok(None),
        Err(error) => Err(error),
    }
}

impl Acting {
    /// A change that takes over what others had, as far as texts can be kept.
    pub(crate) async fn begin_import(&self) -> Result<(Importing, Change)> {
        let importing = self.importing()?;
        let mut change = self.change().await?;
        change.replace_nul(&importing);
        Ok((importing, change))
    }

    /// Takes over an experiment: one of that name is it, also in the trash; otherwise it is made, with its number if that is free.
    /// Without a location, its artifacts go below this server's root. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`; those of the database.
    pub async fn import_experiment(&self, experiment: &Experiment) -> Result<Taken> {
        let (grant, mut change) = self.begin_import().await?;
        let taken = store::import::experiment(&mut change, &grant, experiment).await?;
        if let Taken::New(id) = taken {
            let location = match experiment.artifact_location.as_str() {
                "" => join(&self.domain.config.default_artifact_root, &id.to_string()),
                given => given.to_owned(),
            };
            store::import::set_location(&mut change, &grant, id, &location).await?;
        }
        store::import::experiment_tags(&mut change, &grant, taken.id(), &experiment.tags).await?;
        let detail = json!({ "name": experiment.name, "from": experiment.id });
        change.commit(Told::new(Action::Import, Object::Experiment(taken.id())).with(detail)).await?;
        Ok(taken)
    }

    /// Takes over logged models, but for what was measured on them. With `adopt`, those that are there keep their files where it
    /// says from now on. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`; those of the database, also for an experiment that isn't there.
    pub async fn import_models(&self, models: &[ModelRecord], adopt: bool) -> Result<()> {
        let (grant, mut change) = self.begin_import().await?;
        store::import::models(&mut change, &grant, models, adopt).await?;
        change
            .commit(Told::new(Action::Import, Object::None).with(json!({ "logged_models": models.len() })))
            .await
    }

    /// Takes over runs with their params, tags, datasets and models, but for their metrics. Links to models that aren't there are
    /// left out. With `adopt`, those that are there keep their files where it says from now on. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`; those of the database, also for an experiment that isn't there.
    pub async fn import_runs(&self, runs: &[Run], adopt: bool) -> Result<()> {
        let (grant, mut change) = self.begin_import().await?;
        store::import::runs(&mut change, &grant, runs, adopt).await?;
        change.commit(Told::new(Action::Import, Object::None).with(json!({ "runs": runs.len() }))).await?;
        self.link_imported(runs).await
    }

    async fn link_imported(&self, runs: &[Run]) -> Result<()> {
        let mut links = Vec::new();
        for run in runs {
            let mut models = Vec::new();
            let inputs = run.model_inputs.iter().map(|model| (Direction::Input, *model, 0));
            let outputs = run.model_outputs.iter().map(|made| (Direction::Output, made.model, made.step));
            for (direction, model, step) in inputs.chain(outputs) {
                if found(self.model::<Read>(model).await)?.is_some() {
                    models.push((direction, model, step));
                }
            }
            if !models.is_empty() || !run.datasets.is_empty() {
                links.push((self.run::<Edit>(run.info.id).await?, &run.datasets, models));
            }
        }
        if links.is_empty() {
            return Ok(());
        }
        let (_, mut change) = self.begin_import().await?;
        let linked = links.len();
        for (run, datasets, models) in links {
            // As in `log_inputs`: nobody waits for new datasets in a circle.
            change.lock(run.experiment.0).await?;
            let run = store::run::held(&mut change, run).await?;
            for dataset in datasets {
                store::run::add_dataset(&mut change, &run, dataset).await?;
            }
            for (direction, model, step) in models {
                store::run::add_model(&mut change, &run, direction, model, step).await?;
            }
        }
        change
            .commit(Told::new(Action::Import, Object::None).with(json!({ "runs_with_inputs": linked })))
            .await
    }

    /// Takes over points of a run's metrics. Those that are there are no second ones. For admins.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`; `RESOURCE_EXHAUSTED` when too much waits to be written.
    pub async fn import_points(&self, run: RunId, metrics: Vec<(String, Vec<Point>)>) -> Result<()> {
        self.importing()?;
        let grant = self.run::<Edit>(run).await?;
        let mut batch = LogBatch::default();
        for (key, points) in metrics {
            batch.metrics.extend(points.into_iter().map(|mut point| {
                // One NaN is like another.
                if point.value.is_nan() {
                    point.value = f64::NAN;
                }
                MetricInput { key: key.clone(), point, model: None, dataset: None }
            }));
        }
        if batch.metrics.is_empty() {
            return Ok(());
        }
        self.domain.writer.write(grant, batch).await
    }

    /// Takes over what was measured on logged models. Of each metric, run and dataset the last counts; what a run measured that
    /// isn't there is left out. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`; those of the database.
    pub async fn import_model_metrics(&self, measured: &[(ModelId, ModelMetric)]) -> Result<()> {
        self.importing()?;
        let mut by_run: BTreeMap<RunId, Vec<&(ModelId, ModelMetric)>> = BTreeMap::new();
        for one in measured {
            by_run.entry(one.1.run).or_default().push(one);
        }
        let mut granted = Vec::with_capacity(by_run.len());
        for (run, measured) in by_run {
            if let Some(run) = found(self.run::<Edit>(run).await)? {
                granted.push((run, measured));
            }
        }
        let (_, mut change) = self.begin_import().await?;
        for (run, measured) in granted {
            let run = store::run::held(&mut change, run).await?;
            for (model, metric) in measured {
                let point = ModelPoint {
                    model: *model,
                    key: &metric.key,
                    dataset: metric.dataset.as_ref(),
                    point: metric.point,
                };
                store::metric::add_to_model(&mut change, &run, &point).await?;
            }
        }
        change
            .commit(Told::new(Action::Import, Object::None).with(json!({ "measured": measured.len() })))
            .await
    }

    /// Takes over a registered model with its versions: one of that name gets those that it lacks. With `adopt`, versions that are
    /// there have their files where it says from now on. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`; those of the database.
    pub async fn import_registered(&self, record: &RegisteredRecord, adopt: bool) -> Result<()> {
        let (grant, mut change) = self.begin_import().await?;
        store::import::registered(&mut change, &grant, record, adopt).await?;
        let told = Told::new(Action::Import, Object::Registered(record.model.name.clone()));
        change.commit(told.with(json!({ "versions": record.versions.len() }))).await
    }

    /// Those of the runs that are there and may be read, whole and up to date, for who wants to know what an import brought.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn imported_runs(&self, ids: &[RunId]) -> Result<Vec<Run>> {
        let grants = self.readable_runs(ids).await?;
        self.whole_runs(&grants).await
    }
}
