//! Runs with their params, tags, inputs and outputs.

use super::{
    Arg, Db, Query, Tx, metric,
    packed::{self, Packing},
    parse,
    permission::push_visible_experiment,
    sql,
};
use crate::{
    error::{Error, Result},
    gate::{Edit, Manage, Read, RunGrant, VisibleTo},
};
use model::{
    ExperimentId, Millis, ModelId, RunId, UserId,
    experiment::Lifecycle,
    filter::RunText,
    page::RunColumns,
    run::{Dataset, DatasetInput, DatasetSummary, ModelOutput, Run, RunInfo, RunStatus, RunUpdate, Tag, tag},
};
use sqlx::FromRow;
use std::collections::{BTreeMap, HashMap};
use tokio::try_join;
use uuid::Uuid;

/// What a run is without what it logged.
#[derive(Debug, FromRow)]
pub(crate) struct InfoRow {
    pub id: Uuid,
    experiment_id: i64,
    name: String,
    user_name: String,
    status: String,
    pub start_time: Millis,
    pub end_time: Option<Millis>,
    lifecycle: String,
    artifact_uri: String,
}

/// The columns of [`InfoRow`].
pub(super) const COLUMNS: &str = "r.id, r.experiment_id, r.name, r.user_name, r.status, r.start_time, r.end_time, r.lifecycle, r.artifact_uri";

impl InfoRow {
    /// How many columns there are.
    pub const COLUMNS: usize = 9;

    pub fn text(&self, text: RunText) -> &str {
        match text {
            RunText::Name => &self.name,
            RunText::Status => &self.status,
            RunText::UserId => &self.user_name,
            RunText::ArtifactUri => &self.artifact_uri,
        }
    }

    fn into_info(self) -> Result<RunInfo> {
        let id = RunId(self.id);
        Ok(RunInfo {
            id,
            experiment: ExperimentId(self.experiment_id),
            name: self.name,
            user: self.user_name,
            status: parse("runs", "status", id, self.status.parse::<RunStatus>().ok())?,
            start_time: self.start_time,
            end_time: self.end_time,
            lifecycle: parse("runs", "lifecycle", id, self.lifecycle.parse::<Lifecycle>().ok())?,
            artifact_uri: self.artifact_uri,
        })
    }
}

pub(crate) async fn insert(
    tx: &mut Tx,
    info: &RunInfo,
    created_by: Option<UserId>,
    tags: &[Tag],
) -> Result<()> {
    tx.execute(
        sql("INSERT INTO runs (id, experiment_id, name, user_name, status, start_time, end_time, lifecycle, artifact_uri, created_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
        .bind(info.id)
        .bind(info.experiment)
        .bind(&info.name)
        .bind(&info.user)
        .bind(info.status.name())
        .bind(info.start_time)
        .bind(info.end_time)
        .bind(info.lifecycle.name())
        .bind(&info.artifact_uri)
        .bind(created_by.map(|user| user.0)),
    )
    .await?;
    insert_tags(tx, info.id, info.experiment, tags).await
}

/// Sets tags; keys must differ.
async fn insert_tags(tx: &mut Tx, id: RunId, experiment: ExperimentId, tags: &[Tag]) -> Result<()> {
    let rows = tags
        .iter()
        .map(|tag| vec![id.into(), experiment.into(), (&tag.key).into(), (&tag.value).into()])
        .collect();
    tx.insert_all(
        "INSERT INTO tags (run_id, experiment_id, key, value) VALUES ",
        rows,
        " ON CONFLICT (run_id, key) DO UPDATE SET value = excluded.value",
    )
    .await?;
    // The name and the tag that mirrors it are one thing.
    if let Some(name) = tags.iter().find(|tag| tag.key == tag::RUN_NAME) {
        tx.execute(sql("UPDATE runs SET name = $1 WHERE id = $2").bind(&name.value).bind(id)).await?;
    }
    Ok(())
}

/// Keeps runs in the experiments that they are in until the transaction ends, and says which these are. Whoever writes rows that
/// carry the experiment of a run asks for it here, and before anything else: when the gate looked, the run may have been elsewhere.
pub(crate) async fn hold(tx: &mut Tx, runs: &[RunId]) -> Result<HashMap<RunId, ExperimentId>> {
    let mut held = HashMap::with_capacity(runs.len());
    for runs in runs.chunks(512) {
        let Some(last) = runs.last() else { continue };
        // A power of two of them, so that there are few different statements, which stay prepared.
        let padded = runs.iter().chain(std::iter::repeat(last)).take(runs.len().next_power_of_two());
        let mut select = sql("SELECT id, experiment_id FROM runs WHERE id IN ");
        select.push_list(padded.copied()).push(" ORDER BY id");
        // SQLite has one writer.
        if tx.is_postgres() {
            select.push(" FOR KEY SHARE");
        }
        let rows: Vec<(Uuid, i64)> = tx.all(select).await?;
        held.extend(rows.into_iter().map(|(id, experiment)| (RunId(id), ExperimentId(experiment))));
    }
    Ok(held)
}

/// As [`hold`], of one run: the grant to it where it is.
pub(crate) async fn held<L>(tx: &mut Tx, grant: RunGrant<L>) -> Result<RunGrant<L>> {
    let id = grant.id();
    match hold(tx, &[id]).await?.remove(&id) {
        Some(experiment) => Ok(grant.now_in(experiment)),
        None => Err(Error::missing(format!("Run with id={id} not found"))),
    }
}

/// Keeps other processes from adding to a run what depends on what is there already, until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, grant: &RunGrant<Edit>) -> Result<()> {
    let key = grant.id().0.as_u64_pair();
    tx.lock((key.0 ^ key.1).cast_signed()).await
}

/// Active runs of the same experiments that are nested in these.
pub(crate) async fn children(mut db: &Db, grants: &[RunGrant<Read>]) -> Result<Vec<RunId>> {
    let mut by_experiment: BTreeMap<ExperimentId, Vec<String>> = BTreeMap::new();
    for grant in grants {
        by_experiment.entry(grant.experiment).or_default().push(grant.id().to_string());
    }
    let mut found = Vec::new();
    for (experiment, parents) in by_experiment {
        for parents in parents.chunks(512) {
            let mut select = sql("SELECT t.run_id FROM tags t JOIN runs r ON r.id = t.run_id
                 WHERE r.lifecycle = 'active' AND t.experiment_id = ");
            select.push_bind(experiment).push(" AND t.key = ").push_bind(tag::PARENT_RUN);
            select.push(" AND substr(t.value, 1, 64) IN ").push_list(parents.iter().map(String::as_str));
            let rows: Vec<(Uuid,)> = db.all(select).await?;
            found.extend(rows.into_iter().map(|(id,)| RunId(id)));
        }
    }
    Ok(found)
}

pub(crate) async fn set_tags(tx: &mut Tx, grant: &RunGrant<Edit>, tags: &[Tag]) -> Result<()> {
    insert_tags(tx, grant.id(), grant.experiment, tags).await
}

/// The value of a tag.
pub(crate) async fn tag_value(tx: &mut Tx, grant: &RunGrant<Edit>, key: &str) -> Result<Option<String>> {
    let select = sql("SELECT value FROM tags WHERE run_id = $1 AND key = $2").bind(grant.id()).bind(key);
    Ok(tx.first::<(String,)>(select).await?.map(|(value,)| value))
}

/// Whether there was such a tag.
pub(crate) async fn delete_tag(tx: &mut Tx, grant: &RunGrant<Edit>, key: &str) -> Result<bool> {
    let deleted =
        tx.execute(sql("DELETE FROM tags WHERE run_id = $1 AND key = $2").bind(grant.id()).bind(key)).await?;
    Ok(deleted > 0)
}

pub(crate) async fn update(tx: &mut Tx, grant: &RunGrant<Edit>, change: &RunUpdate) -> Result<()> {
    // Tags before the run, as when they are logged: in the other order two transactions wait for each other.
    if let Some(name) = change.name.as_ref().filter(|name| !name.is_empty()) {
        set_tags(tx, grant, &[Tag { key: tag::RUN_NAME.to_owned(), value: name.clone() }]).await?;
    }
    tx.execute(
        sql("UPDATE runs SET status = COALESCE($1, status), end_time = COALESCE($2, end_time) WHERE id = $3")
            .bind(change.status.map(|status| status.name().to_owned()))
            .bind(change.end_time)
            .bind(grant.id()),
    )
    .await?;
    Ok(())
}

pub(crate) async fn set_lifecycle(tx: &mut Tx, grant: &RunGrant<Manage>, to: Lifecycle) -> Result<()> {
    tx.changes_access();
    tx.execute(sql("UPDATE runs SET lifecycle = $1 WHERE id = $2").bind(to.name()).bind(grant.id())).await?;
    Ok(())
}

pub(crate) async fn get_info<L>(mut db: &Db, grant: &RunGrant<L>) -> Result<RunInfo> {
    let mut select = sql("SELECT ");
    select.push(COLUMNS).push(" FROM runs r WHERE r.id = ").push_bind(grant.id());
    let row: Option<InfoRow> = db.first(select).await?;
    row.ok_or_else(|| Error::missing(format!("Run with id={} not found", grant.id())))?.into_info()
}

/// What the runs are called.
pub(crate) async fn names<L>(mut db: &Db, grants: &[RunGrant<L>]) -> Result<HashMap<RunId, String>> {
    let mut select = sql("SELECT r.id, r.name FROM runs r WHERE r.id IN ");
    select.push_list(grants.iter().map(RunGrant::id));
    let rows: Vec<(Uuid, String)> = db.all(select).await?;
    Ok(rows.into_iter().map(|(id, name)| (RunId(id), name)).collect())
}

/// The runs, whole, in the order of the grants.
pub(crate) async fn get_all<L>(
    mut db: &Db,
    grants: &[RunGrant<L>],
    columns: &RunColumns,
) -> Result<Vec<Run>> {
    let mut select = sql("SELECT ");
    select.push(COLUMNS).push(" FROM runs r WHERE r.id IN ").push_list(grants.iter().map(RunGrant::id));
    let mut rows: Vec<InfoRow> = db.all(select).await?;
    rows.sort_by_cached_key(|row| grants.iter().position(|grant| grant.id().0 == row.id));
    complete(db, rows, columns).await
}

/// Runs that are read at once: so many ids are in a statement, and what they logged is held whole.
pub(crate) const CHUNK: usize = 100;

/// Adds to the rows what was asked for of all that belongs to them, in a few statements for many runs.
pub(crate) async fn complete(db: &Db, rows: Vec<InfoRow>, columns: &RunColumns) -> Result<Vec<Run>> {
    let mut runs = Vec::with_capacity(rows.len());
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let chunk: Vec<InfoRow> = rows.by_ref().take(CHUNK).collect();
        let ids: Vec<RunId> = chunk.iter().map(|row| RunId(row.id)).collect();
        let (metric_keys, param_keys, tag_keys) = match columns {
            RunColumns::All | RunColumns::Told => (None, None, None),
            RunColumns::Named(named) => {
                (Some(named.metrics.as_slice()), Some(named.params.as_slice()), Some(named.tags.as_slice()))
            }
        };
        let links = async {
            match columns {
                RunColumns::All => try_join!(datasets_of(db, &ids, true), models_of(db, &ids)),
                RunColumns::Told => try_join!(datasets_of(db, &ids, false), models_of(db, &ids)),
                RunColumns::Named(_) => Ok((HashMap::new(), HashMap::new())),
            }
        };
        let (mut params, mut tags, mut metrics, (mut datasets, mut models)) = try_join!(
            texts(db, "params", &ids, param_keys),
            texts(db, "tags", &ids, tag_keys),
            metric::listed(db, &ids, metric_keys),
            links,
        )?;
        for row in chunk {
            let id = RunId(row.id);
            let (model_inputs, model_outputs) = models.remove(&id).unwrap_or_default();
            runs.push(Run {
                metrics: metrics.remove(&id).unwrap_or_default(),
                params: params.remove(&id).unwrap_or_default(),
                tags: tags.remove(&id).unwrap_or_default(),
                datasets: datasets.remove(&id).unwrap_or_default(),
                model_inputs,
                model_outputs,
                info: row.into_info()?,
            });
        }
    }
    Ok(runs)
}

/// The params or the tags of runs.
async fn texts(
    mut db: &Db,
    table: &'static str,
    ids: &[RunId],
    keys: Option<&[String]>,
) -> Result<HashMap<RunId, Vec<Tag>>> {
    let each = "octet_length(key) || ':' || key || octet_length(value) || ':' || value";
    let packing = Packing { table, column: "key", each };
    let found = packed::of_runs(&mut db, packing, ids, keys, |rest| {
        Some(Tag { key: rest.text()?.to_owned(), value: rest.text()?.to_owned() })
    });
    let mut found = found.await?;
    found.values_mut().for_each(|texts| texts.sort_by(|a, b| a.key.cmp(&b.key)));
    Ok(found)
}

async fn datasets_of(
    mut db: &Db,
    ids: &[RunId],
    with_figures: bool,
) -> Result<HashMap<RunId, Vec<DatasetInput>>> {
    #[derive(FromRow)]
    struct Row {
        run_id: Uuid,
        dataset_id: i64,
        name: String,
        digest: String,
        source_type: String,
        source: String,
        schema: Option<String>,
        profile: Option<String>,
    }
    let mut select = sql("SELECT rd.run_id, rd.dataset_id, d.name, d.digest, d.source_type, d.source, ");
    select.push(match with_figures {
        true => "d.schema, d.profile",
        false => "CAST(NULL AS TEXT) AS schema, CAST(NULL AS TEXT) AS profile",
    });
    select.push(" FROM run_datasets rd JOIN datasets d ON d.id = rd.dataset_id WHERE rd.run_id IN ");
    select.push_list(ids.iter().copied()).push(" ORDER BY rd.run_id, rd.dataset_id");
    let rows: Vec<Row> = db.all(select).await?;
    let mut found: HashMap<_, Vec<DatasetInput>> = HashMap::new();
    if rows.is_empty() {
        return Ok(found);
    }
    let mut select = sql("SELECT run_id, dataset_id, key, value FROM run_dataset_tags WHERE run_id IN ");
    select.push_list(ids.iter().copied()).push(" ORDER BY run_id, dataset_id, key");
    let mut tags: HashMap<_, Vec<Tag>> = HashMap::new();
    for (run, dataset, key, value) in db.all::<(Uuid, i64, String, String)>(select).await? {
        tags.entry((run, dataset)).or_default().push(Tag { key, value });
    }
    for row in rows {
        let tags = tags.remove(&(row.run_id, row.dataset_id)).unwrap_or_default();
        let Row { name, digest, source_type, source, schema, profile, .. } = row;
        let dataset = Dataset { name, digest, source_type, source, schema, profile };
        found.entry(RunId(row.run_id)).or_default().push(DatasetInput { dataset, tags });
    }
    Ok(found)
}

async fn models_of(mut db: &Db, ids: &[RunId]) -> Result<HashMap<RunId, (Vec<ModelId>, Vec<ModelOutput>)>> {
    let mut select = sql("SELECT run_id, direction, model_id, step FROM run_models WHERE run_id IN ");
    select.push_list(ids.iter().copied()).push(" ORDER BY run_id, step, model_id");
    let mut found: HashMap<_, (Vec<_>, Vec<_>)> = HashMap::new();
    for (run, direction, model, step) in db.all::<(Uuid, String, Uuid, i64)>(select).await? {
        let (inputs, outputs) = found.entry(RunId(run)).or_default();
        match direction.as_str() {
            "input" => inputs.push(ModelId(model)),
            _ => outputs.push(ModelOutput { model: ModelId(model), step }),
        }
    }
    Ok(found)
}

/// Links a dataset to a run, making it known in the run's experiment. A second link of the same dataset changes nothing.
pub(crate) async fn add_dataset(tx: &mut Tx, grant: &RunGrant<Edit>, input: &DatasetInput) -> Result<()> {
    let dataset = &input.dataset;
    tx.execute(
        sql("INSERT INTO datasets (experiment_id, name, digest, source_type, source, schema, profile)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (experiment_id, name, digest) DO NOTHING")
        .bind(grant.experiment)
        .bind(&dataset.name)
        .bind(&dataset.digest)
        .bind(&dataset.source_type)
        .bind(&dataset.source)
        .bind(dataset.schema.clone())
        .bind(dataset.profile.clone()),
    )
    .await?;
    let row: Option<(i64,)> = tx
        .first(
            sql("SELECT id FROM datasets WHERE experiment_id = $1 AND name = $2 AND digest = $3")
                .bind(grant.experiment)
                .bind(&dataset.name)
                .bind(&dataset.digest),
        )
        .await?;
    let Some((id,)) = row else { return Err(Error::Fault("a dataset just inserted is gone".into())) };
    let linked = tx
        .execute(
            sql("INSERT INTO run_datasets (run_id, dataset_id) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                .bind(grant.id())
                .bind(id),
        )
        .await?;
    if linked > 0 {
        // Of tags with the same key the last one stays.
        let tags: BTreeMap<&str, &str> =
            input.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())).collect();
        let rows: Vec<Vec<Arg>> = tags
            .into_iter()
            .map(|(key, value)| vec![grant.id().into(), id.into(), key.into(), value.into()])
            .collect();
        tx.insert_all("INSERT INTO run_dataset_tags (run_id, dataset_id, key, value) VALUES ", rows, "")
            .await?;
    }
    Ok(())
}

/// The datasets that runs of these experiments used, also deleted runs, once for each purpose; so many at most.
pub(crate) async fn datasets_in(
    mut db: &Db,
    visible: &VisibleTo,
    experiments: &[ExperimentId],
    limit: u32,
) -> Result<Vec<DatasetSummary>> {
    let mut select = sql("SELECT d.experiment_id, d.name, d.digest, t.value
         FROM datasets d JOIN run_datasets l ON l.dataset_id = d.id
         LEFT JOIN run_dataset_tags t ON t.run_id = l.run_id AND t.dataset_id = l.dataset_id AND t.key = ");
    select.push_bind(tag::DATA_CONTEXT).push(" WHERE d.experiment_id IN ");
    select.push_list(experiments.iter().copied()).push(" AND ");
    push_visible_experiment(&mut select, visible, "d.experiment_id");
    // The databases differ in where NULL is in an order.
    select.push(
        " GROUP BY d.experiment_id, d.name, d.digest, t.value
          ORDER BY d.experiment_id, d.name, d.digest, t.value IS NOT NULL, t.value LIMIT ",
    );
    select.push_bind(i64::from(limit));
    let rows: Vec<(i64, String, String, Option<String>)> = db.all(select).await?;
    let summary = |(experiment, name, digest, context)| DatasetSummary {
        experiment: ExperimentId(experiment),
        name,
        digest,
        context,
    };
    Ok(rows.into_iter().map(summary).collect())
}

/// Which side of a run a model is on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Direction {
    Input,
    Output,
}

/// Links a logged model to a run, whose link is replaced if there is one.
pub(crate) async fn add_model(
    tx: &mut Tx,
    grant: &RunGrant<Edit>,
    direction: Direction,
    model: ModelId,
    step: i64,
) -> Result<()> {
    let direction = match direction {
        Direction::Input => "input",
        Direction::Output => "output",
    };
    tx.execute(
        sql("INSERT INTO run_models (run_id, direction, model_id, step) VALUES ($1, $2, $3, $4)
             ON CONFLICT (run_id, direction, model_id) DO UPDATE SET step = excluded.step")
        .bind(grant.id())
        .bind(direction)
        .bind(model)
        .bind(step),
    )
    .await?;
    Ok(())
}
