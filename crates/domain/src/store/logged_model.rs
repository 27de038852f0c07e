//! Logged models, their tags, params and metrics. The search for them is in the folder of the same name.

mod search;

use super::{Arg, Query, Tx, parse, sql};
use crate::{
    error::{Error, Result},
    gate::{Edit, ExperimentGrant, Manage, ModelGrant, Read},
};
use model::{
    ExperimentId, Millis, ModelId, RunId,
    logged_model::{LoggedModel, ModelMetric, ModelStatus},
    metric::Point,
    run::{Param, Tag},
};
pub(crate) use search::{Order, Search, search};
use sqlx::FromRow;
use std::collections::HashMap;
use uuid::Uuid;

const COLUMNS: &str =
    "SELECT m.id, m.experiment_id, m.name, m.artifact_uri, m.status, m.model_type, m.source_run_id,
    m.created, m.updated FROM logged_models m";

#[derive(FromRow)]
struct Row {
    id: Uuid,
    experiment_id: i64,
    name: String,
    artifact_uri: String,
    status: String,
    model_type: Option<String>,
    source_run_id: Option<Uuid>,
    created: Millis,
    updated: Millis,
}

impl Row {
    fn into_model(self) -> Result<LoggedModel> {
        let id = ModelId(self.id);
        Ok(LoggedModel {
            id,
            experiment: ExperimentId(self.experiment_id),
            name: self.name,
            created: self.created,
            updated: self.updated,
            artifact_uri: self.artifact_uri,
            status: parse("logged_models", "status", id, ModelStatus::from_name(&self.status))?,
            model_type: self.model_type,
            source_run: self.source_run_id.map(RunId),
            tags: Vec::new(),
            params: Vec::new(),
            metrics: Vec::new(),
        })
    }
}

/// Writes a new model with its tags and params; the grant is to the experiment that it goes to.
///
/// # Errors
/// [`Error::is_duplicate`] if a param comes twice.
pub(crate) async fn insert(tx: &mut Tx, grant: &ExperimentGrant<Edit>, model: &LoggedModel) -> Result<()> {
    tx.execute(
        sql("INSERT INTO logged_models
                 (id, experiment_id, name, artifact_uri, status, model_type, source_run_id, lifecycle, created, updated)
             VALUES ($1, $2, $3, $4, $5, $6, $7, 'active', $8, $9)")
        .bind(model.id)
        .bind(grant.id())
        .bind(&model.name)
        .bind(&model.artifact_uri)
        .bind(model.status.name())
        .bind(model.model_type.clone())
        .bind(model.source_run.map(|run| run.0))
        .bind(model.created)
        .bind(model.updated),
    )
    .await?;
    insert_tags(tx, model.id, &model.tags).await?;
    insert_params(tx, model.id, &model.params).await
}

/// The model of this grant, deleted or not.
///
/// # Errors
/// `RESOURCE_DOES_NOT_EXIST` if its row went away after the gate saw it.
pub(crate) async fn get<L>(on: &mut impl Query, grant: &ModelGrant<L>) -> Result<LoggedModel> {
    let mut select = sql(COLUMNS);
    select.push(" WHERE m.id = ").push_bind(grant.id());
    let row: Row = on.first(select).await?.ok_or_else(|| missing(grant.id()))?;
    let mut models = vec![row.into_model()?];
    fill(on, &mut models).await?;
    models.pop().ok_or_else(|| missing(grant.id()))
}

/// The answer about a logged model that isn't there.
pub(crate) fn missing(id: ModelId) -> Error {
    Error::missing(format!("Logged model with ID '{id}' not found."))
}

/// Adds tags, params and metrics to models that were just read.
async fn fill(on: &mut impl Query, models: &mut [LoggedModel]) -> Result<()> {
    // SQLite takes 32,766 bound values in a statement.
    for models in models.chunks_mut(8192) {
        let ids: Vec<ModelId> = models.iter().map(|model| model.id).collect();
        let mut tags =
            pairs(on, "SELECT model_id, key, value FROM logged_model_tags WHERE model_id IN ", &ids).await?;
        let mut params =
            pairs(on, "SELECT model_id, key, value FROM logged_model_params WHERE model_id IN ", &ids)
                .await?;
        let mut metrics = metrics(on, &ids).await?;
        for model in models {
            model.tags = tags.remove(&model.id).unwrap_or_default();
            model.params = params.remove(&model.id).unwrap_or_default();
            model.metrics = metrics.remove(&model.id).unwrap_or_default();
        }
    }
    Ok(())
}

async fn pairs(
    on: &mut impl Query,
    head: &'static str,
    ids: &[ModelId],
) -> Result<HashMap<ModelId, Vec<Tag>>> {
    let mut select = sql(head);
    select.push_list(ids.iter().copied()).push(" ORDER BY model_id, key");
    let rows: Vec<(Uuid, String, String)> = on.all(select).await?;
    let mut found: HashMap<ModelId, Vec<Tag>> = HashMap::new();
    for (id, key, value) in rows {
        found.entry(ModelId(id)).or_default().push(Tag { key, value });
    }
    Ok(found)
}

/// What was measured by runs of the same experiment: of a run that is in another one, whoever sees the model learns nothing.
async fn metrics(on: &mut impl Query, ids: &[ModelId]) -> Result<HashMap<ModelId, Vec<ModelMetric>>> {
    #[derive(FromRow)]
    struct Row {
        model_id: Uuid,
        key: String,
        run_id: Uuid,
        dataset_name: String,
        dataset_digest: String,
        value: f64,
        is_nan: bool,
        step: i64,
        timestamp: Millis,
    }
    let mut select =
        sql("SELECT x.model_id, x.key, x.run_id, x.dataset_name, x.dataset_digest, x.value, x.is_nan, x.step, x.timestamp
         FROM logged_model_metrics x JOIN runs r ON r.id = x.run_id
         JOIN logged_models m ON m.id = x.model_id AND m.experiment_id = r.experiment_id WHERE x.model_id IN ");
    select
        .push_list(ids.iter().copied())
        .push(" ORDER BY x.model_id, x.key, x.run_id, x.dataset_name, x.dataset_digest");
    let rows: Vec<Row> = on.all(select).await?;
    let mut found: HashMap<ModelId, Vec<ModelMetric>> = HashMap::new();
    for row in rows {
        let has_dataset = !(row.dataset_name.is_empty() && row.dataset_digest.is_empty());
        found.entry(ModelId(row.model_id)).or_default().push(ModelMetric {
            key: row.key,
            point: Point {
                step: row.step,
                timestamp: row.timestamp,
                value: if row.is_nan { f64::NAN } else { row.value },
            },
            run: RunId(row.run_id),
            dataset: has_dataset.then_some((row.dataset_name, row.dataset_digest)),
        });
    }
    Ok(found)
}

/// Says whether the files are there.
pub(crate) async fn set_status(
    tx: &mut Tx,
    grant: &ModelGrant<Edit>,
    status: ModelStatus,
    now: Millis,
) -> Result<()> {
    tx.execute(
        sql("UPDATE logged_models SET status = $1, updated = $2 WHERE id = $3")
            .bind(status.name())
            .bind(now)
            .bind(grant.id()),
    )
    .await?;
    Ok(())
}

/// Puts the model in the trash. One that is there already stays as it is.
pub(crate) async fn delete(tx: &mut Tx, grant: &ModelGrant<Manage>, now: Millis) -> Result<()> {
    tx.execute(
        sql("UPDATE logged_models SET lifecycle = 'deleted', updated = $1 WHERE id = $2 AND lifecycle = 'active'")
            .bind(now)
            .bind(grant.id()),
    )
    .await?;
    Ok(())
}

/// Sets tags; the last of a key wins.
pub(crate) async fn set_tags(tx: &mut Tx, grant: &ModelGrant<Edit>, tags: &[Tag]) -> Result<()> {
    insert_tags(tx, grant.id(), tags).await
}

/// Deletes a tag. Returns whether there was one.
pub(crate) async fn delete_tag(tx: &mut Tx, grant: &ModelGrant<Edit>, key: &str) -> Result<bool> {
    let deleted = tx
        .execute(
            sql("DELETE FROM logged_model_tags WHERE model_id = $1 AND key = $2").bind(grant.id()).bind(key),
        )
        .await?;
    Ok(deleted > 0)
}

/// Adds params.
///
/// # Errors
/// [`Error::is_duplicate`] if one is there already, or comes twice.
pub(crate) async fn add_params(tx: &mut Tx, grant: &ModelGrant<Edit>, params: &[Param]) -> Result<()> {
    insert_params(tx, grant.id(), params).await
}

/// The value of a tag, for a transaction that is about to change it: until it ends, others who ask this wait.
///
/// READ is enough: it's for the tag in which the registry notes where a model is registered, which people who may only
/// read the model do too.
pub(crate) async fn tag_to_change(
    tx: &mut Tx,
    grant: &ModelGrant<Read>,
    key: &str,
) -> Result<Option<String>> {
    // An UPDATE that changes nothing locks the row on both databases.
    tx.execute(sql("UPDATE logged_models SET updated = updated WHERE id = $1").bind(grant.id())).await?;
    let row: Option<(String,)> = tx
        .first(
            sql("SELECT value FROM logged_model_tags WHERE model_id = $1 AND key = $2")
                .bind(grant.id())
                .bind(key),
        )
        .await?;
    Ok(row.map(|(value,)| value))
}

/// Changes the tag that [`tag_to_change`] gave.
pub(crate) async fn change_tag(tx: &mut Tx, grant: &ModelGrant<Read>, tag: Tag) -> Result<()> {
    insert_tags(tx, grant.id(), &[tag]).await
}

async fn insert_tags(tx: &mut Tx, id: ModelId, tags: &[Tag]) -> Result<()> {
    // Postgres refuses to set a key twice in one statement.
    let last: HashMap<&str, &str> = tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())).collect();
    let rows = last.into_iter().map(|(key, value)| vec![Arg::from(id), key.into(), value.into()]).collect();
    tx.insert_all(
        "INSERT INTO logged_model_tags (model_id, key, value) VALUES ",
        rows,
        " ON CONFLICT (model_id, key) DO UPDATE SET value = excluded.value",
    )
    .await
}

async fn insert_params(tx: &mut Tx, id: ModelId, params: &[Param]) -> Result<()> {
    let rows =
        params.iter().map(|param| vec![Arg::from(id), (&param.key).into(), (&param.value).into()]).collect();
    tx.insert_all("INSERT INTO logged_model_params (model_id, key, value) VALUES ", rows, "").await
}
