//! What was thought of traces.

use crate::{
    error::{Error, Result},
    gate::{Edit, ExperimentGrant, TraceGrant},
    store::{Arg, Query, Sql, Tx, parse, sql},
};
use model::{
    AssessmentId, Millis, TraceId,
    run::Tag,
    trace::assessment::{Assessment, AssessmentError, AssessmentKind, SourceType},
};
use serde_json::Value;
use sqlx::FromRow;
use std::collections::HashMap;
use uuid::Uuid;

const COLUMNS: &str =
    "SELECT trace_id, id, span_id, name, kind, value, is_text, error, source_type, source_id, rationale,
    metadata, overrides, valid, created, updated FROM assessments";

const INSERT: &str =
    "INSERT INTO assessments (trace_id, id, span_id, name, kind, value, is_text, number, error, source_type,
    source_id, rationale, metadata, overrides, valid, created, updated) VALUES ";

#[derive(FromRow)]
struct Row {
    trace_id: Uuid,
    id: Uuid,
    span_id: Option<String>,
    name: String,
    kind: String,
    value: String,
    is_text: bool,
    error: Option<String>,
    source_type: String,
    source_id: String,
    rationale: Option<String>,
    metadata: String,
    overrides: Option<Uuid>,
    valid: bool,
    created: Millis,
    updated: Millis,
}

impl Row {
    fn into_assessment(self) -> Result<Assessment> {
        let id = AssessmentId(self.id);
        let error = self.error.map(|error| serde_json::from_str::<AssessmentError>(&error).ok());
        Ok(Assessment {
            id,
            trace: TraceId(self.trace_id),
            span: self.span_id,
            name: self.name,
            kind: parse("assessments", "kind", id, AssessmentKind::from_name(&self.kind))?,
            value: if self.is_text { Value::from(self.value).to_string() } else { self.value },
            error: error.map(|error| parse("assessments", "error", id, error)).transpose()?,
            source_type: parse("assessments", "source_type", id, SourceType::from_name(&self.source_type))?,
            source_id: self.source_id,
            rationale: self.rationale,
            metadata: parse(
                "assessments",
                "metadata",
                id,
                serde_json::from_str::<Vec<Tag>>(&self.metadata).ok(),
            )?,
            overrides: self.overrides.map(AssessmentId),
            valid: self.valid,
            created: self.created,
            updated: self.updated,
        })
    }
}

/// A value as it is stored: a text as it is, so that it can be searched for, and what else there is as JSON; whether it is a
/// text; and the number that it is.
fn stored(value: &str) -> (String, bool, Option<f64>) {
    match serde_json::from_str(value) {
        Ok(Value::String(text)) => (text, true, None),
        Ok(Value::Number(number)) => (value.to_owned(), false, number.as_f64()),
        _ => (value.to_owned(), false, None),
    }
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Fault(format!("an assessment: {error}")))
}

fn row(assessment: &Assessment) -> Result<Vec<Arg>> {
    let (value, is_text, number) = stored(&assessment.value);
    Ok(vec![
        assessment.trace.into(),
        assessment.id.into(),
        assessment.span.clone().into(),
        (&assessment.name).into(),
        assessment.kind.name().into(),
        value.into(),
        is_text.into(),
        number.into(),
        assessment.error.as_ref().map(json).transpose()?.into(),
        assessment.source_type.name().into(),
        (&assessment.source_id).into(),
        assessment.rationale.clone().into(),
        json(&assessment.metadata)?.into(),
        assessment.overrides.map(|id| id.0).into(),
        assessment.valid.into(),
        assessment.created.into(),
        assessment.updated.into(),
    ])
}

/// Writes what came with a trace that this transaction holds; what was there already is as it came.
pub(crate) async fn put(
    tx: &mut Tx,
    _grant: &ExperimentGrant<Edit>,
    assessments: &[Assessment],
) -> Result<()> {
    let last: HashMap<AssessmentId, &Assessment> =
        assessments.iter().map(|assessment| (assessment.id, assessment)).collect();
    let rows = last.into_values().map(row).collect::<Result<Vec<_>>>()?;
    tx.insert_all(
        INSERT,
        rows,
        " ON CONFLICT (trace_id, id) DO UPDATE SET span_id = excluded.span_id, name = excluded.name,
             kind = excluded.kind, value = excluded.value, is_text = excluded.is_text, number = excluded.number,
             error = excluded.error, source_type = excluded.source_type, source_id = excluded.source_id,
             rationale = excluded.rationale, metadata = excluded.metadata, overrides = excluded.overrides,
             created = excluded.created, updated = excluded.updated",
    )
    .await
}

/// Writes those that a trace lacks, which this transaction holds.
pub(crate) async fn add(
    tx: &mut Tx,
    _grant: &ExperimentGrant<Edit>,
    assessments: &[Assessment],
) -> Result<()> {
    let rows = assessments.iter().map(row).collect::<Result<Vec<_>>>()?;
    tx.insert_all(INSERT, rows, " ON CONFLICT (trace_id, id) DO NOTHING").await
}

/// Writes a new assessment.
///
/// # Errors
/// [`Error::is_duplicate`] if there is one with its id.
pub(crate) async fn insert(tx: &mut Tx, _grant: &TraceGrant<Edit>, assessment: &Assessment) -> Result<()> {
    tx.insert_all(INSERT, vec![row(assessment)?], "").await
}

/// How many assessments a trace has.
pub(crate) async fn count(tx: &mut Tx, trace: TraceId) -> Result<i64> {
    let count = sql("SELECT COUNT(*) FROM assessments WHERE trace_id = $1").bind(trace);
    Ok(tx.first::<(i64,)>(count).await?.map_or(0, |(count,)| count))
}

/// Changes what can be changed of an assessment.
pub(crate) async fn update(tx: &mut Tx, grant: &TraceGrant<Edit>, assessment: &Assessment) -> Result<()> {
    let (value, is_text, number) = stored(&assessment.value);
    tx.execute(
        sql("UPDATE assessments SET name = $1, value = $2, is_text = $3, number = $4, error = $5, rationale = $6,
                 metadata = $7, valid = $8, updated = $9 WHERE trace_id = $10 AND id = $11")
        .bind(&assessment.name)
        .bind(value)
        .bind(is_text)
        .bind(number)
        .bind(assessment.error.as_ref().map(json).transpose()?)
        .bind(assessment.rationale.clone())
        .bind(json(&assessment.metadata)?)
        .bind(assessment.valid)
        .bind(assessment.updated)
        .bind(grant.id())
        .bind(assessment.id),
    )
    .await?;
    Ok(())
}

/// Says whether an assessment counts. Returns whether there is one.
pub(crate) async fn set_valid(
    tx: &mut Tx,
    grant: &TraceGrant<Edit>,
    id: AssessmentId,
    valid: bool,
) -> Result<bool> {
    let update = sql("UPDATE assessments SET valid = $1 WHERE trace_id = $2 AND id = $3");
    Ok(tx.execute(update.bind(valid).bind(grant.id()).bind(id)).await? > 0)
}

/// Deletes an assessment.
pub(crate) async fn delete(tx: &mut Tx, grant: &TraceGrant<Edit>, id: AssessmentId) -> Result<()> {
    let delete = sql("DELETE FROM assessments WHERE trace_id = $1 AND id = $2");
    tx.execute(delete.bind(grant.id()).bind(id)).await?;
    Ok(())
}

/// An assessment of a trace.
pub(crate) async fn find<L>(
    on: &mut impl Query,
    grant: &TraceGrant<L>,
    id: AssessmentId,
) -> Result<Option<Assessment>> {
    on.first::<Row>(by_id(grant, id)).await?.map(Row::into_assessment).transpose()
}

/// As [`find`], to change it: others that want to wait until the transaction ends.
pub(crate) async fn hold(
    tx: &mut Tx,
    grant: &TraceGrant<Edit>,
    id: AssessmentId,
) -> Result<Option<Assessment>> {
    let mut select = by_id(grant, id);
    // SQLite has one writer.
    if tx.is_postgres() {
        select.push(" FOR UPDATE");
    }
    tx.first::<Row>(select).await?.map(Row::into_assessment).transpose()
}

fn by_id<L>(grant: &TraceGrant<L>, id: AssessmentId) -> Sql {
    let mut select = sql(COLUMNS);
    select.push(" WHERE trace_id = ").push_bind(grant.id()).push(" AND id = ").push_bind(id);
    select
}

/// All assessments of traces, the oldest first.
pub(super) async fn of_traces(
    on: &mut impl Query,
    traces: &[TraceId],
) -> Result<HashMap<TraceId, Vec<Assessment>>> {
    let mut select = sql(COLUMNS);
    select.push(" WHERE trace_id IN ").push_list(traces.iter().copied());
    select.push(" ORDER BY trace_id, created, id");
    let rows: Vec<Row> = on.all(select).await?;
    let mut found: HashMap<TraceId, Vec<Assessment>> = HashMap::new();
    for row in rows {
        let assessment = row.into_assessment()?;
        found.entry(assessment.trace).or_default().push(assessment);
    }
    Ok(found)
}
