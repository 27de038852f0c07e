//! Experiments, runs, points and logged models of a database.

use super::{
    Arg, Database, places,
    schema::{DATASETS, LOGGED_MODELS, STEPS, WORKSPACES},
    texts,
};
use crate::{Error, Page, PointCounts, Result, latest, unclamped, with_one_name};
use futures::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use model::{
    ExperimentId, ModelId, RunId,
    experiment::{Experiment, Lifecycle},
    import::ModelRecord,
    logged_model::{LoggedModel, ModelMetric, ModelStatus},
    metric::Point,
    run::{Dataset, DatasetInput, ModelOutput, Run, RunInfo, RunStatus, Tag},
};
use sqlx::FromRow;
use std::collections::{HashMap, HashSet};

/// Experiments, runs or models of a page.
const PAGE: usize = 100;
/// Points of a part.
const PART: usize = 10_000;

#[derive(FromRow)]
struct RunRow {
    run_uuid: String,
    name: Option<String>,
    user_id: Option<String>,
    status: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    lifecycle_stage: Option<String>,
    artifact_uri: Option<String>,
    experiment: i64,
}

#[derive(FromRow)]
struct ModelRow {
    model_id: String,
    experiment: i64,
    name: String,
    artifact_location: String,
    created: i64,
    updated: i64,
    status: i64,
    lifecycle_stage: Option<String>,
    model_type: Option<String>,
    source_run_id: Option<String>,
}

#[derive(FromRow)]
struct InputRow {
    input: String,
    run: String,
    name: String,
    digest: String,
    source_type: String,
    source: String,
    schema: Option<String>,
    profile: Option<String>,
}

#[derive(FromRow)]
struct MeasuredRow {
    model_id: String,
    key: String,
    timestamp: i64,
    step: i64,
    value: Option<f64>,
    run_id: String,
    dataset_name: Option<String>,
    dataset_digest: Option<String>,
}

pub(super) fn lifecycle(stage: Option<&str>) -> Lifecycle {
    stage.and_then(|stage| stage.parse().ok()).unwrap_or(Lifecycle::Active)
}

type Texts = HashMap<String, Vec<Tag>>;

impl Database {
    /// Keys and values, by whom they belong to.
    pub(super) async fn pairs(&self, text: String, ids: Vec<Arg>) -> Result<Texts> {
        let rows: Vec<(String, String, Option<String>)> = self.on.all(text, ids).await?;
        let mut found = Texts::new();
        for (owner, key, value) in rows {
            found.entry(owner).or_default().push(Tag { key, value: value.unwrap_or_default() });
        }
        // By bytes: databases sort text in their own ways.
        found.values_mut().for_each(|texts| texts.sort_by(|a, b| a.key.cmp(&b.key)));
        Ok(found)
    }

    pub(super) async fn experiment_page(&self, after: Option<&str>) -> Result<Page<Experiment>> {
        let after = after.and_then(|after| after.parse().ok()).unwrap_or(i64::MIN);
        let mut args = vec![Arg::Int(after)];
        let mut text = "SELECT CAST(experiment_id AS BIGINT), name, artifact_location, lifecycle_stage, creation_time, last_update_time
             FROM experiments WHERE experiment_id > $1"
            .to_owned();
        if self.schema.has(WORKSPACES) {
            text.push_str(" AND workspace = $2");
            args.push(Arg::Text(self.workspace.clone()));
        }
        text.push_str(&format!(" ORDER BY experiment_id LIMIT {PAGE}"));
        type Found = (i64, String, Option<String>, Option<String>, Option<i64>, Option<i64>);
        let rows: Vec<Found> = self.on.all(text, args).await?;
        let ids: Vec<Arg> = rows.iter().map(|row| Arg::Int(row.0)).collect();
        let mut tags: HashMap<i64, Vec<Tag>> = HashMap::new();
        if !ids.is_empty() {
            let text = format!(
                "SELECT CAST(experiment_id AS BIGINT), key, value FROM experiment_tags WHERE experiment_id IN {}",
                places(ids.len())
            );
            for (id, key, value) in self.on.all::<(i64, String, Option<String>)>(text, ids).await? {
                tags.entry(id).or_default().push(Tag { key, value: value.unwrap_or_default() });
            }
        }
        let next = rows.last().filter(|_| rows.len() == PAGE).map(|row| row.0.to_string());
        let items = rows
            .into_iter()
            .map(|(id, name, location, stage, created, updated)| {
                let mut tags = tags.remove(&id).unwrap_or_default();
                tags.sort_by(|a, b| a.key.cmp(&b.key));
                Experiment {
                    id: ExperimentId(id),
                    name,
                    artifact_location: location.unwrap_or_default(),
                    lifecycle: lifecycle(stage.as_deref()),
                    created: created.unwrap_or_default(),
                    updated: updated.or(created).unwrap_or_default(),
                    tags,
                }
            })
            .collect();
        Ok(Page { items, skipped: Vec::new(), next })
    }

    pub(super) async fn run_page(&self, of: &[ExperimentId], after: Option<&str>) -> Result<Page<Run>> {
        let text = format!(
            "SELECT run_uuid, name, user_id, status, start_time, end_time, lifecycle_stage, artifact_uri,
                 CAST(experiment_id AS BIGINT) AS experiment
             FROM runs WHERE run_uuid > $1 ORDER BY run_uuid LIMIT {PAGE}"
        );
        let after = Arg::Text(after.unwrap_or_default().to_owned());
        let rows: Vec<RunRow> = self.on.all(text, vec![after]).await?;
        let next = rows.last().filter(|_| rows.len() == PAGE).map(|row| row.run_uuid.clone());
        let of: HashSet<ExperimentId> = of.iter().copied().collect();
        let mut skipped = Vec::new();
        let mut known = Vec::with_capacity(rows.len());
        for row in rows.into_iter().filter(|row| of.contains(&ExperimentId(row.experiment))) {
            match row.run_uuid.parse::<RunId>() {
                Ok(id) => known.push((id, row)),
                Err(error) => skipped.push(format!("run {}: {error}", row.run_uuid)),
            }
        }
        let ids: Vec<RunId> = known.iter().map(|(id, _)| *id).collect();
        if ids.is_empty() {
            return Ok(Page { items: Vec::new(), skipped, next });
        }
        let of_runs = |table: &str| {
            format!("SELECT run_uuid, key, value FROM {table} WHERE run_uuid IN {}", places(ids.len()))
        };
        let mut params = self.pairs(of_runs("params"), texts(&ids)).await?;
        let mut tags = self.pairs(of_runs("tags"), texts(&ids)).await?;
        let mut datasets = self.datasets_of(&ids).await?;
        let mut models = self.models_of(&ids).await?;
        let items = known.into_iter().map(|(id, row)| {
            let (model_inputs, model_outputs) = models.remove(&row.run_uuid).unwrap_or_default();
            with_one_name(Run {
                metrics: Vec::new(),
                params: params.remove(&row.run_uuid).unwrap_or_default(),
                tags: tags.remove(&row.run_uuid).unwrap_or_default(),
                datasets: datasets.remove(&row.run_uuid).unwrap_or_default(),
                model_inputs,
                model_outputs,
                info: RunInfo {
                    id,
                    experiment: ExperimentId(row.experiment),
                    name: row.name.unwrap_or_default(),
                    user: row.user_id.unwrap_or_default(),
                    status: row.status.and_then(|status| status.parse().ok()).unwrap_or(RunStatus::Running),
                    start_time: row.start_time.unwrap_or_default(),
                    end_time: row.end_time,
                    artifact_uri: row.artifact_uri.unwrap_or_default(),
                    lifecycle: lifecycle(row.lifecycle_stage.as_deref()),
                },
            })
        });
        Ok(Page { items: items.collect(), skipped, next })
    }

    async fn datasets_of(&self, runs: &[RunId]) -> Result<HashMap<String, Vec<DatasetInput>>> {
        let mut found: HashMap<String, Vec<DatasetInput>> = HashMap::new();
        if !self.schema.has(DATASETS) {
            return Ok(found);
        }
        let text = format!(
            "SELECT i.input_uuid AS input, i.destination_id AS run, d.name, d.digest,
                 d.dataset_source_type AS source_type, d.dataset_source AS source,
                 d.dataset_schema AS schema, d.dataset_profile AS profile
             FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id
             WHERE i.source_type = 'DATASET' AND i.destination_type = 'RUN' AND i.destination_id IN {}
             ORDER BY i.destination_id, d.name, d.digest",
            places(runs.len())
        );
        let rows: Vec<InputRow> = self.on.all(text, texts(runs)).await?;
        let mut tags = Texts::new();
        let inputs: Vec<&str> = rows.iter().map(|row| row.input.as_str()).collect();
        for inputs in inputs.chunks(1000) {
            let text = format!(
                "SELECT input_uuid, name, value FROM input_tags WHERE input_uuid IN {}",
                places(inputs.len())
            );
            tags.extend(self.pairs(text, texts(inputs)).await?);
        }
        for row in rows {
            let dataset = Dataset {
                name: row.name,
                digest: row.digest,
                source_type: row.source_type,
                source: row.source,
                schema: row.schema,
                profile: row.profile,
            };
            let tags = tags.remove(&row.input).unwrap_or_default();
            found.entry(row.run).or_default().push(DatasetInput { dataset, tags });
        }
        Ok(found)
    }

    async fn models_of(&self, runs: &[RunId]) -> Result<HashMap<String, (Vec<ModelId>, Vec<ModelOutput>)>> {
        let mut found: HashMap<String, (Vec<ModelId>, Vec<ModelOutput>)> = HashMap::new();
        if !self.schema.has(LOGGED_MODELS) {
            return Ok(found);
        }
        let step = if self.schema.has(STEPS) { "step" } else { "CAST(0 AS BIGINT)" };
        let text = format!(
            "SELECT source_id, source_type, destination_id, {step} FROM inputs
             WHERE source_type IN ('RUN_INPUT', 'RUN_OUTPUT') AND source_id IN {} ORDER BY source_id, destination_id",
            places(runs.len())
        );
        let rows: Vec<(String, String, String, Option<i64>)> = self.on.all(text, texts(runs)).await?;
        for (run, kind, model, step) in rows {
            let Ok(model) = model.parse::<ModelId>() else { continue };
            let (inputs, outputs) = found.entry(run).or_default();
            match kind.as_str() {
                "RUN_INPUT" => inputs.push(model),
                _ => outputs.push(ModelOutput { model, step: step.unwrap_or_default() }),
            }
        }
        Ok(found)
    }

    pub(super) async fn counted(&self, runs: &[RunId]) -> Result<PointCounts> {
        let mut found = PointCounts::new();
        if runs.is_empty() {
            return Ok(found);
        }
        let text = format!(
            "SELECT run_uuid, key, COUNT(*) FROM metrics WHERE run_uuid IN {} GROUP BY run_uuid, key",
            places(runs.len())
        );
        for (run, key, count) in self.on.all::<(String, String, i64)>(text, texts(runs)).await? {
            if let Ok(run) = run.parse() {
                found.entry(run).or_default().insert(key, count.unsigned_abs());
            }
        }
        Ok(found)
    }

    pub(super) fn point_parts(&self, run: RunId) -> BoxStream<'_, Result<(String, Vec<Point>)>> {
        let text = "SELECT m.key, m.value, m.is_nan, m.timestamp, m.step FROM metrics m WHERE m.run_uuid = $1
             ORDER BY m.key, m.timestamp, m.step";
        let rows = self.on.stream::<(String, Option<f64>, bool, i64, i64)>(text, texts(&[run]));
        let points = rows.map_ok(|(key, value, is_nan, timestamp, step)| {
            let value = value.filter(|_| !is_nan).map_or(f64::NAN, unclamped);
            (key, Point { step, timestamp, value })
        });
        let points = points.boxed();
        // A part ends with its metric, or when it is long.
        let parts = futures::stream::try_unfold((points, None), |(mut points, first)| async move {
            let first: Option<(String, Point)> = match first {
                Some(first) => Some(first),
                None => points.try_next().await?,
            };
            let Some((key, point)) = first else { return Ok::<_, Error>(None) };
            let mut part = vec![point];
            let mut following = None;
            while part.len() < PART
                && let Some((next, point)) = points.try_next().await?
            {
                if next == key {
                    part.push(point);
                } else {
                    following = Some((next, point));
                    break;
                }
            }
            Ok(Some(((key, part), (points, following))))
        });
        parts.boxed()
    }

    pub(super) async fn model_page(
        &self,
        of: &[ExperimentId],
        after: Option<&str>,
    ) -> Result<Page<ModelRecord>> {
        if !self.schema.has(LOGGED_MODELS) {
            return Ok(Page { items: Vec::new(), skipped: Vec::new(), next: None });
        }
        let text = format!(
            "SELECT model_id, CAST(experiment_id AS BIGINT) AS experiment, name, artifact_location,
                 creation_timestamp_ms AS created, last_updated_timestamp_ms AS updated,
                 CAST(status AS BIGINT) AS status, lifecycle_stage, model_type, source_run_id
             FROM logged_models WHERE model_id > $1 ORDER BY model_id LIMIT {PAGE}"
        );
        let after = Arg::Text(after.unwrap_or_default().to_owned());
        let rows: Vec<ModelRow> = self.on.all(text, vec![after]).await?;
        let next = rows.last().filter(|_| rows.len() == PAGE).map(|row| row.model_id.clone());
        let of: HashSet<ExperimentId> = of.iter().copied().collect();
        let mut skipped = Vec::new();
        let mut known = Vec::with_capacity(rows.len());
        for row in rows.into_iter().filter(|row| of.contains(&ExperimentId(row.experiment))) {
            match row.model_id.parse::<ModelId>() {
                Ok(id) => known.push((id, row)),
                Err(error) => skipped.push(format!("logged model {}: {error}", row.model_id)),
            }
        }
        let ids: Vec<ModelId> = known.iter().map(|(id, _)| *id).collect();
        if ids.is_empty() {
            return Ok(Page { items: Vec::new(), skipped, next });
        }
        let places = places(ids.len());
        let params = format!(
            "SELECT model_id, param_key, param_value FROM logged_model_params WHERE model_id IN {places}"
        );
        let tags =
            format!("SELECT model_id, tag_key, tag_value FROM logged_model_tags WHERE model_id IN {places}");
        let mut params = self.pairs(params, texts(&ids)).await?;
        let mut tags = self.pairs(tags, texts(&ids)).await?;
        let mut measured = self.measured_on(&ids).await?;
        let items = known.into_iter().map(|(id, row)| ModelRecord {
            lifecycle: lifecycle(row.lifecycle_stage.as_deref()),
            model: LoggedModel {
                id,
                experiment: ExperimentId(row.experiment),
                name: row.name,
                created: row.created,
                updated: row.updated,
                artifact_uri: row.artifact_location,
                status: status_of(row.status),
                model_type: row.model_type.filter(|kind| !kind.is_empty()),
                source_run: row.source_run_id.and_then(|run| run.parse().ok()),
                tags: tags.remove(&row.model_id).unwrap_or_default(),
                params: params.remove(&row.model_id).unwrap_or_default(),
                metrics: latest(measured.remove(&row.model_id).unwrap_or_default()),
            },
        });
        Ok(Page { items: items.collect(), skipped, next })
    }

    async fn measured_on(&self, models: &[ModelId]) -> Result<HashMap<String, Vec<ModelMetric>>> {
        let text = format!(
            "SELECT model_id, metric_name AS key, metric_timestamp_ms AS timestamp, metric_step AS step,
                 metric_value AS value, run_id, dataset_name, dataset_digest
             FROM logged_model_metrics WHERE model_id IN {}",
            places(models.len())
        );
        let mut found: HashMap<String, Vec<ModelMetric>> = HashMap::new();
        for row in self.on.all::<MeasuredRow>(text, texts(models)).await? {
            let Ok(run) = row.run_id.parse() else { continue };
            let value = row.value.map_or(f64::NAN, unclamped);
            let dataset = row.dataset_name.filter(|name| !name.is_empty());
            found.entry(row.model_id).or_default().push(ModelMetric {
                key: row.key,
                point: Point { step: row.step, timestamp: row.timestamp, value },
                run,
                dataset: dataset.map(|name| (name, row.dataset_digest.unwrap_or_default())),
            });
        }
        Ok(found)
    }
}

/// The status of MLflow's number.
pub(crate) fn status_of(number: i64) -> ModelStatus {
    let place = usize::try_from(number - 1).unwrap_or(usize::MAX);
    ModelStatus::ALL.get(place).copied().unwrap_or(ModelStatus::Pending)
}
