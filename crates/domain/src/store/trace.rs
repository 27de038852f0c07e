//! Traces, their tags and metadata, and what they are linked to. Steps, assessments, the search and what can stand in one are in
//! the folder of the same name.

pub(crate) mod assessment;
pub(crate) mod metric;
mod search;
pub(crate) mod span;
pub(crate) mod words;

use super::{Arg, Db, Query, Tx, parse, permission::push_visible_experiment, sql};
use crate::{
    error::{Error, Result},
    gate::{Edit, ExperimentGrant, Manage, Read, RunGrant, TraceGrant, VisibleTo},
};
use model::{
    ExperimentId, Millis, RunId, TraceId,
    run::Tag,
    trace::{NewTrace, TraceInfo, TraceState, key, value_of},
};
pub(crate) use search::{Place, Search, count_together, search};
use sqlx::FromRow;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

const COLUMNS: &str =
    "SELECT t.id, t.experiment_id, t.request_time, t.duration, t.state, t.client_request_id,
    t.request_preview, t.response_preview, t.artifact_uri, t.span_count, t.span_bytes FROM traces t";

#[derive(FromRow)]
struct Row {
    id: Uuid,
    experiment_id: i64,
    request_time: Millis,
    duration: Option<i64>,
    state: String,
    client_request_id: Option<String>,
    request_preview: Option<String>,
    response_preview: Option<String>,
    artifact_uri: String,
    span_count: i64,
    span_bytes: i64,
}

impl Row {
    fn into_info(self) -> Result<TraceInfo> {
        let id = TraceId(self.id);
        Ok(TraceInfo {
            id,
            experiment: ExperimentId(self.experiment_id),
            client_request_id: self.client_request_id,
            request_preview: self.request_preview,
            response_preview: self.response_preview,
            request_time: self.request_time,
            duration: self.duration,
            state: parse("traces", "state", id, TraceState::from_name(&self.state))?,
            tags: Vec::new(),
            metadata: Vec::new(),
            assessments: Vec::new(),
            artifact_uri: self.artifact_uri,
            span_count: self.span_count.unsigned_abs(),
            span_bytes: self.span_bytes.unsigned_abs(),
        })
    }
}

/// The answer about a trace that isn't there.
pub(crate) fn missing(id: TraceId) -> Error {
    Error::missing(format!("Trace with ID '{id}' not found."))
}

/// What a transaction that changes a trace must know of it. Others that want to change it wait until the transaction ends.
pub(crate) struct Held {
    pub experiment: ExperimentId,
    pub request_time: Millis,
    pub duration: Option<i64>,
    pub state: TraceState,
    /// Whether its client told of it.
    pub is_told: bool,
    pub has_request: bool,
    pub has_response: bool,
    pub spans: i64,
    pub bytes: i64,
}

/// Takes a trace to change it, and makes it where it isn't there.
pub(crate) async fn hold(
    tx: &mut Tx,
    grant: &ExperimentGrant<Edit>,
    id: TraceId,
    artifact_uri: &str,
    request_time: Millis,
) -> Result<Held> {
    tx.execute(
        sql("INSERT INTO traces
                 (id, experiment_id, request_time, state, artifact_uri, is_told, span_count, span_bytes)
             VALUES ($1, $2, $3, $4, $5, FALSE, 0, 0) ON CONFLICT (id) DO NOTHING")
        .bind(id)
        .bind(grant.id())
        .bind(request_time)
        .bind(TraceState::InProgress.name())
        .bind(artifact_uri),
    )
    .await?;
    held(tx, id).await?.ok_or_else(|| missing(id))
}

async fn held(tx: &mut Tx, id: TraceId) -> Result<Option<Held>> {
    #[derive(FromRow)]
    struct Row {
        experiment_id: i64,
        request_time: Millis,
        duration: Option<i64>,
        state: String,
        is_told: bool,
        request_preview: Option<String>,
        response_preview: Option<String>,
        span_count: i64,
        span_bytes: i64,
    }
    let mut select = sql("SELECT experiment_id, request_time, duration, state, is_told, request_preview,
             response_preview, span_count, span_bytes FROM traces WHERE id = ");
    select.push_bind(id);
    // SQLite has one writer.
    if tx.is_postgres() {
        select.push(" FOR NO KEY UPDATE");
    }
    let row: Option<Row> = tx.first(select).await?;
    row.map(|row| {
        Ok(Held {
            experiment: ExperimentId(row.experiment_id),
            request_time: row.request_time,
            duration: row.duration,
            state: parse("traces", "state", id, TraceState::from_name(&row.state))?,
            is_told: row.is_told,
            has_request: row.request_preview.is_some(),
            has_response: row.response_preview.is_some(),
            spans: row.span_count,
            bytes: row.span_bytes,
        })
    })
    .transpose()
}

/// Writes what the client told of a trace that this transaction holds. A preview that it doesn't tell stays.
pub(crate) async fn tell(tx: &mut Tx, grant: &ExperimentGrant<Edit>, new: &NewTrace) -> Result<()> {
    tx.execute(
        sql("UPDATE traces SET request_time = $1, duration = $2, state = $3, client_request_id = $4,
                 request_preview = COALESCE($5, request_preview),
                 response_preview = COALESCE($6, response_preview), is_told = TRUE
             WHERE id = $7 AND experiment_id = $8")
        .bind(new.request_time)
        .bind(new.duration)
        .bind(new.state.name())
        .bind(new.client_request_id.clone())
        .bind(new.request_preview.clone())
        .bind(new.response_preview.clone())
        .bind(new.id)
        .bind(grant.id()),
    )
    .await?;
    put_tags(tx, new.id, &new.tags).await?;
    // Linked, the traces of a run are found without a look at all others.
    if let Some(run) = value_of(&new.metadata, key::SOURCE_RUN).and_then(|run| run.parse::<RunId>().ok()) {
        tx.execute(
            sql("INSERT INTO trace_runs (trace_id, run_id)
                 SELECT $1, id FROM runs WHERE id = $2 AND experiment_id = $3 ON CONFLICT DO NOTHING")
            .bind(new.id)
            .bind(run)
            .bind(grant.id()),
        )
        .await?;
    }
    put_metadata(tx, new.id, &new.metadata).await
}

/// Says when and how a trace ended.
pub(crate) async fn end(
    tx: &mut Tx,
    grant: &TraceGrant<Edit>,
    at: Millis,
    state: TraceState,
    (tags, metadata): (&[Tag], &[Tag]),
) -> Result<()> {
    tx.execute(
        sql("UPDATE traces SET duration = $1 - request_time, state = $2, is_told = TRUE WHERE id = $3")
            .bind(at)
            .bind(state.name())
            .bind(grant.id()),
    )
    .await?;
    put_tags(tx, grant.id(), tags).await?;
    put_metadata(tx, grant.id(), metadata).await
}

/// What the steps of a trace say of it; what is `None` stays.
pub(crate) struct Seen {
    pub request_time: Millis,
    pub duration: Option<i64>,
    pub state: TraceState,
    pub request_preview: Option<String>,
    pub response_preview: Option<String>,
    pub spans: i64,
    pub bytes: i64,
    /// Tags that take the place of others.
    pub tags: Vec<Tag>,
    /// Tags and metadata where there are none with these keys.
    pub first_tags: Vec<Tag>,
    pub first_metadata: Vec<Tag>,
}

/// Writes what was seen of a trace that this transaction holds.
pub(crate) async fn see(tx: &mut Tx, grant: &ExperimentGrant<Edit>, id: TraceId, seen: &Seen) -> Result<()> {
    tx.execute(
        sql("UPDATE traces SET request_time = $1, duration = $2, state = $3,
                 request_preview = COALESCE(request_preview, $4),
                 response_preview = COALESCE(response_preview, $5), span_count = $6, span_bytes = $7
             WHERE id = $8 AND experiment_id = $9")
        .bind(seen.request_time)
        .bind(seen.duration)
        .bind(seen.state.name())
        .bind(seen.request_preview.clone())
        .bind(seen.response_preview.clone())
        .bind(seen.spans)
        .bind(seen.bytes)
        .bind(id)
        .bind(grant.id()),
    )
    .await?;
    put_tags(tx, id, &seen.tags).await?;
    tx.insert_all(
        "INSERT INTO trace_tags (trace_id, key, value) VALUES ",
        pairs(id, &seen.first_tags),
        " ON CONFLICT (trace_id, key) DO NOTHING",
    )
    .await?;
    tx.insert_all(
        "INSERT INTO trace_metadata (trace_id, key, value) VALUES ",
        pairs(id, &seen.first_metadata),
        " ON CONFLICT (trace_id, key) DO NOTHING",
    )
    .await
}

/// Rows of pairs, of each key the last: Postgres refuses to set a key twice in one statement.
fn pairs(id: TraceId, all: &[Tag]) -> Vec<Vec<Arg>> {
    let last: HashMap<&str, &str> = all.iter().map(|pair| (pair.key.as_str(), pair.value.as_str())).collect();
    let mut last: Vec<(&str, &str)> = last.into_iter().collect();
    // In the same order in every transaction, so that none waits for another in a circle.
    last.sort_unstable();
    last.into_iter().map(|(key, value)| vec![Arg::from(id), key.into(), value.into()]).collect()
}

async fn put_tags(tx: &mut Tx, id: TraceId, tags: &[Tag]) -> Result<()> {
    tx.insert_all(
        "INSERT INTO trace_tags (trace_id, key, value) VALUES ",
        pairs(id, tags),
        " ON CONFLICT (trace_id, key) DO UPDATE SET value = excluded.value",
    )
    .await
}

async fn put_metadata(tx: &mut Tx, id: TraceId, metadata: &[Tag]) -> Result<()> {
    tx.insert_all(
        "INSERT INTO trace_metadata (trace_id, key, value) VALUES ",
        pairs(id, metadata),
        " ON CONFLICT (trace_id, key) DO UPDATE SET value = excluded.value",
    )
    .await
}

/// Sets a tag.
pub(crate) async fn set_tag(tx: &mut Tx, grant: &TraceGrant<Edit>, tag: Tag) -> Result<()> {
    put_tags(tx, grant.id(), &[tag]).await
}

/// Deletes a tag. Returns whether there was one.
pub(crate) async fn delete_tag(tx: &mut Tx, grant: &TraceGrant<Edit>, key: &str) -> Result<bool> {
    let delete = sql("DELETE FROM trace_tags WHERE trace_id = $1 AND key = $2").bind(grant.id()).bind(key);
    Ok(tx.execute(delete).await? > 0)
}

/// How many tags a trace has, and how many pairs of metadata.
pub(crate) async fn count_pairs(tx: &mut Tx, id: TraceId) -> Result<(i64, i64)> {
    let count = sql("SELECT (SELECT COUNT(*) FROM trace_tags WHERE trace_id = $1),
             (SELECT COUNT(*) FROM trace_metadata WHERE trace_id = $2)");
    Ok(tx.first::<(i64, i64)>(count.bind(id).bind(id)).await?.unwrap_or_default())
}

/// Those of the traces that the caller may read, in the order given, with all but their steps.
pub(crate) async fn get_all(
    mut db: &Db,
    visible: &VisibleTo,
    ids: &[TraceId],
    experiments: Option<&[ExperimentId]>,
) -> Result<Vec<TraceInfo>> {
    let mut select = sql(COLUMNS);
    select.push(" WHERE t.id IN ").push_list(ids.iter().copied()).push(" AND ");
    if let Some(experiments) = experiments {
        select.push("t.experiment_id IN ").push_list(experiments.iter().copied()).push(" AND ");
    }
    push_visible_experiment(&mut select, visible, "t.experiment_id");
    let rows: Vec<Row> = db.all(select).await?;
    let mut infos = rows.into_iter().map(Row::into_info).collect::<Result<Vec<_>>>()?;
    fill(&mut db, &mut infos).await?;
    let places: HashMap<TraceId, usize> = ids.iter().enumerate().map(|(place, id)| (*id, place)).collect();
    infos.sort_by_key(|info| places.get(&info.id).copied());
    Ok(infos)
}

/// The trace of this grant, with all but its steps.
///
/// # Errors
/// `RESOURCE_DOES_NOT_EXIST` if its row went away after the gate saw it.
pub(crate) async fn get<L>(on: &mut impl Query, grant: &TraceGrant<L>) -> Result<TraceInfo> {
    let mut select = sql(COLUMNS);
    select.push(" WHERE t.id = ").push_bind(grant.id());
    let row: Row = on.first(select).await?.ok_or_else(|| missing(grant.id()))?;
    let mut infos = vec![row.into_info()?];
    fill(on, &mut infos).await?;
    infos.pop().ok_or_else(|| missing(grant.id()))
}

/// Adds tags, metadata and assessments to traces that were just read, of which there are a thousand at most.
async fn fill(on: &mut impl Query, infos: &mut [TraceInfo]) -> Result<()> {
    let ids: Vec<TraceId> = infos.iter().map(|info| info.id).collect();
    let mut tags =
        pairs_of(on, "SELECT trace_id, key, value FROM trace_tags WHERE trace_id IN ", &ids).await?;
    let mut metadata =
        pairs_of(on, "SELECT trace_id, key, value FROM trace_metadata WHERE trace_id IN ", &ids).await?;
    let mut assessments = assessment::of_traces(on, &ids).await?;
    for info in infos {
        info.tags = tags.remove(&info.id).unwrap_or_default();
        info.metadata = metadata.remove(&info.id).unwrap_or_default();
        info.assessments = assessments.remove(&info.id).unwrap_or_default();
    }
    Ok(())
}

async fn pairs_of(
    on: &mut impl Query,
    head: &'static str,
    ids: &[TraceId],
) -> Result<HashMap<TraceId, Vec<Tag>>> {
    let mut select = sql(head);
    select.push_list(ids.iter().copied()).push(" ORDER BY trace_id, key");
    let rows: Vec<(Uuid, String, String)> = on.all(select).await?;
    let mut found: HashMap<TraceId, Vec<Tag>> = HashMap::new();
    for (id, key, value) in rows {
        found.entry(TraceId(id)).or_default().push(Tag { key, value });
    }
    Ok(found)
}

/// Which traces of an experiment are to be deleted.
pub(crate) enum Which<'a> {
    These(&'a [TraceId]),
    /// Those up to a time, the oldest first, so many at most.
    UpTo(Millis, i64),
}

/// Deletes traces with all that belongs to them. Returns which there were, and the root URIs of their files.
pub(crate) async fn delete(
    tx: &mut Tx,
    grant: &ExperimentGrant<Manage>,
    which: Which<'_>,
) -> Result<(Vec<TraceId>, Vec<String>)> {
    let mut select = sql("SELECT id, artifact_uri FROM traces WHERE experiment_id = ");
    select.push_bind(grant.id());
    match which {
        Which::These(ids) => {
            select.push(" AND id IN ").push_list(ids.iter().copied()).push(" ORDER BY id");
        }
        Which::UpTo(time, most) => {
            select.push(" AND request_time <= ").push_bind(time);
            select.push(" ORDER BY request_time, id LIMIT ").push_bind(most);
        }
    }
    let found: Vec<(Uuid, String)> = tx.all(select).await?;
    let (ids, roots): (Vec<TraceId>, Vec<String>) =
        found.into_iter().map(|(id, root)| (TraceId(id), root)).unzip();
    let mut unlink = sql("DELETE FROM trace_runs WHERE trace_id IN ");
    unlink.push_list(ids.iter().copied());
    tx.execute(unlink).await?;
    let mut delete = sql("DELETE FROM traces WHERE experiment_id = ");
    delete.push_bind(grant.id()).push(" AND id IN ").push_list(ids.iter().copied());
    tx.execute(delete).await?;
    Ok((ids, roots))
}

/// Those of the ids that name traces which the caller may not read.
pub(crate) async fn hidden(mut db: &Db, visible: &VisibleTo, ids: &[TraceId]) -> Result<HashSet<TraceId>> {
    let mut select = sql("SELECT t.id FROM traces t WHERE t.id IN ");
    select.push_list(ids.iter().copied()).push(" AND NOT (");
    push_visible_experiment(&mut select, visible, "t.experiment_id");
    select.push(")");
    let rows: Vec<(Uuid,)> = db.all(select).await?;
    Ok(rows.into_iter().map(|(id,)| TraceId(id)).collect())
}

/// Whether any traces are linked to a run.
pub(crate) async fn is_any_of_run(mut db: &Db, grant: &RunGrant<Read>) -> Result<bool> {
    let find = sql("SELECT trace_id FROM trace_runs WHERE run_id = $1 LIMIT 1").bind(grant.id());
    Ok(db.first::<(Uuid,)>(find).await?.is_some())
}

/// Links traces to a run, whether they are there yet or not.
pub(crate) async fn link_run(tx: &mut Tx, grant: &RunGrant<Edit>, ids: &[TraceId]) -> Result<()> {
    let rows = ids.iter().map(|id| vec![Arg::from(*id), grant.id().into()]).collect();
    tx.insert_all("INSERT INTO trace_runs (trace_id, run_id) VALUES ", rows, " ON CONFLICT DO NOTHING").await
}

/// Links versions of prompts to a trace.
pub(crate) async fn link_prompts(
    tx: &mut Tx,
    grant: &TraceGrant<Edit>,
    versions: &[(String, String)],
) -> Result<()> {
    let rows = versions
        .iter()
        .map(|(name, version)| vec![Arg::from(grant.id()), name.into(), version.into()])
        .collect();
    tx.insert_all(
        "INSERT INTO trace_prompts (trace_id, name, version) VALUES ",
        rows,
        " ON CONFLICT DO NOTHING",
    )
    .await
}

/// How many versions of prompts a trace is linked to.
pub(crate) async fn count_prompts(tx: &mut Tx, grant: &TraceGrant<Edit>) -> Result<i64> {
    let count = sql("SELECT COUNT(*) FROM trace_prompts WHERE trace_id = $1").bind(grant.id());
    Ok(tx.first::<(i64,)>(count).await?.map_or(0, |(count,)| count))
}
