//! Traces of a database. Steps that it hasn't are in files.

use super::{
    Arg, Database, places,
    schema::{ASSESSMENTS, ASSOCIATIONS, PREVIEWS, PROMOTED, SPANS, TRACES},
};
use crate::{
    Page, Result, Steps,
    trace::{assessment_error, assessment_id, pairs_in, source_type, state, trace_id, with_tags},
};
use model::{
    ExperimentId, RunId, TraceId,
    import::TraceRecord,
    run::Tag,
    trace::{
        TraceInfo,
        assessment::{Assessment, AssessmentKind},
        key, value_of,
    },
};
use serde_json::Value;
use sqlx::FromRow;
use std::collections::{HashMap, HashSet};

/// Traces of a page.
const PAGE: usize = 100;
/// Links of a page.
const LINKS: usize = 1000;
/// Where the steps of a trace are: in the database, and where MLflow archives them.
const IN_DATABASE: &str = "TRACKING_STORE";
const ARCHIVED: &str = "ARCHIVE_REPO";

#[derive(FromRow)]
struct TraceRow {
    request_id: String,
    experiment: i64,
    timestamp_ms: i64,
    execution_time_ms: Option<i64>,
    status: String,
    client_request_id: Option<String>,
    request_preview: Option<String>,
    response_preview: Option<String>,
}

#[derive(FromRow)]
struct AssessmentRow {
    assessment_id: String,
    trace_id: String,
    name: String,
    kind: String,
    value: String,
    error: Option<String>,
    created_timestamp: i64,
    last_updated_timestamp: i64,
    source_type: String,
    source_id: Option<String>,
    span_id: Option<String>,
    rationale: Option<String>,
    overrides: Option<String>,
    valid: bool,
    metadata: Option<String>,
}

/// What is in columns that clients know as a tag and as metadata.
#[derive(FromRow)]
struct PromotedRow {
    request_id: String,
    trace_name: Option<String>,
    session_id: Option<String>,
    input_tokens: Option<i64>,
    output_tokens: Option<i64>,
    total_tokens: Option<i64>,
    cache_read_input_tokens: Option<i64>,
    cache_creation_input_tokens: Option<i64>,
    cache_creation_input_tokens_above_1hr: Option<i64>,
    input_cost: Option<f64>,
    output_cost: Option<f64>,
    total_cost: Option<f64>,
}

/// Those of the figures that there are, in JSON as Python writes it; `None` if there are none.
fn figures<T: std::fmt::Debug>(named: &[(&str, Option<T>)]) -> Option<String> {
    let named = named.iter().filter_map(|(name, figure)| Some(format!("\"{name}\": {:?}", figure.as_ref()?)));
    let named: Vec<String> = named.collect();
    (!named.is_empty()).then(|| format!("{{{}}}", named.join(", ")))
}

/// Puts a value in the place of what stands behind a key.
fn put(pairs: &mut Vec<Tag>, key: &str, value: Option<String>) {
    pairs.retain(|pair| pair.key != key);
    pairs.extend(value.map(|value| Tag { key: key.to_owned(), value }));
    pairs.sort_by(|a, b| a.key.cmp(&b.key));
}

impl PromotedRow {
    fn put(self, tags: &mut Vec<Tag>, metadata: &mut Vec<Tag>) {
        let tokens = figures(&[
            ("input_tokens", self.input_tokens),
            ("output_tokens", self.output_tokens),
            ("total_tokens", self.total_tokens),
            ("cache_read_input_tokens", self.cache_read_input_tokens),
            ("cache_creation_input_tokens", self.cache_creation_input_tokens),
            ("cache_creation_input_tokens_above_1hr", self.cache_creation_input_tokens_above_1hr),
        ]);
        let cost = figures(&[
            ("input_cost", self.input_cost),
            ("output_cost", self.output_cost),
            ("total_cost", self.total_cost),
        ]);
        put(tags, key::NAME, self.trace_name);
        put(metadata, key::SESSION, self.session_id);
        put(metadata, key::TOKEN_USAGE, tokens);
        put(metadata, key::COST, cost);
    }
}

impl TraceRow {
    fn into_record(self, id: TraceId, metadata: Vec<Tag>) -> TraceRecord {
        let info = TraceInfo {
            id,
            experiment: ExperimentId(self.experiment),
            client_request_id: self.client_request_id,
            request_preview: self.request_preview,
            response_preview: self.response_preview,
            request_time: self.timestamp_ms,
            duration: self.execution_time_ms,
            state: state(&self.status),
            tags: Vec::new(),
            metadata,
            assessments: Vec::new(),
            artifact_uri: String::new(),
            span_count: 0,
            span_bytes: 0,
        };
        TraceRecord { info, there: self.request_id, prompts: Vec::new(), steps: None, unreadable: Vec::new() }
    }
}

impl AssessmentRow {
    fn into_assessment(self, trace: TraceId) -> Result<Assessment, String> {
        let id = assessment_id(&self.assessment_id)?;
        let kind = AssessmentKind::from_name(&self.kind)
            .ok_or_else(|| format!("assessment {id} is of an unknown kind, '{}'", self.kind))?;
        let error = self.error.as_deref().and_then(|json| serde_json::from_str::<Value>(json).ok());
        Ok(Assessment {
            id,
            trace,
            span: self.span_id,
            name: self.name,
            kind,
            value: self.value,
            error: error.filter(Value::is_object).as_ref().map(assessment_error),
            source_type: source_type(&self.source_type),
            source_id: self.source_id.unwrap_or_default(),
            rationale: self.rationale,
            metadata: self.metadata.as_deref().map(pairs_in).unwrap_or_default(),
            overrides: self.overrides.and_then(|id| id.parse().ok()),
            valid: self.valid,
            created: self.created_timestamp,
            updated: self.last_updated_timestamp,
        })
    }
}

fn nothing<T>() -> Page<T> {
    Page { items: Vec::new(), skipped: Vec::new(), next: None }
}

impl Database {
    pub(super) async fn trace_page(
        &self,
        of: &[ExperimentId],
        after: Option<&str>,
    ) -> Result<Page<TraceRecord>> {
        if !self.schema.has(TRACES) {
            return Ok(nothing());
        }
        let told = match self.schema.has(PREVIEWS) {
            true => "client_request_id, request_preview, response_preview",
            false => {
                "CAST(NULL AS TEXT) AS client_request_id, CAST(NULL AS TEXT) AS request_preview,
                 CAST(NULL AS TEXT) AS response_preview"
            }
        };
        let text = format!(
            "SELECT request_id, CAST(experiment_id AS BIGINT) AS experiment, timestamp_ms, execution_time_ms, status, {told}
             FROM trace_info WHERE request_id > $1 ORDER BY request_id LIMIT {PAGE}"
        );
        let after = Arg::Text(after.unwrap_or_default().to_owned());
        let rows: Vec<TraceRow> = self.on.all(text, vec![after]).await?;
        let next = rows.last().filter(|_| rows.len() == PAGE).map(|row| row.request_id.clone());
        let of: HashSet<ExperimentId> = of.iter().copied().collect();
        let mut skipped = Vec::new();
        let mut known = Vec::with_capacity(rows.len());
        for row in rows.into_iter().filter(|row| of.contains(&ExperimentId(row.experiment))) {
            match trace_id(&row.request_id) {
                Some(id) => known.push((id, row)),
                None => skipped.push(format!("trace {}: its id is not of the usual form", row.request_id)),
            }
        }
        if known.is_empty() {
            return Ok(Page { items: Vec::new(), skipped, next });
        }
        let ids: Vec<Arg> = known.iter().map(|(_, row)| Arg::Text(row.request_id.clone())).collect();
        let among = places(ids.len());
        let of_traces =
            |table: &str| format!("SELECT request_id, key, value FROM {table} WHERE request_id IN {among}");
        let mut tags = self.pairs(of_traces("trace_tags"), ids.clone()).await?;
        let mut metadata = self.pairs(of_traces("trace_request_metadata"), ids.clone()).await?;
        let mut assessments = self.assessments_of(&among, ids.clone()).await?;
        let mut prompts = self.prompts_of(&among, ids.clone()).await?;
        let mut promoted = self.promoted_of(&among, ids.clone()).await?;
        let mut steps = self.steps_counted(&among, ids).await?;
        let mut items = Vec::with_capacity(known.len());
        for (id, row) in known {
            let mut tags = tags.remove(&row.request_id).unwrap_or_default();
            let mut metadata = metadata.remove(&row.request_id).unwrap_or_default();
            if let Some(promoted) = promoted.remove(&row.request_id) {
                promoted.put(&mut tags, &mut metadata);
            }
            let in_database = value_of(&tags, key::SPANS_LOCATION) == Some(IN_DATABASE);
            let mut record = with_tags(row.into_record(id, metadata), tags);
            record.steps = in_database.then(|| steps.remove(&record.there).unwrap_or_default());
            // Of both ways in which MLflow keeps these links, the tables count.
            if let Some(linked) = prompts.remove(&record.there) {
                record.prompts = linked;
            }
            for row in assessments.remove(&record.there).unwrap_or_default() {
                match row.into_assessment(id) {
                    Ok(assessment) => record.info.assessments.push(assessment),
                    Err(why) => record.unreadable.push(format!("trace {}: {why}", record.there)),
                }
            }
            items.push(record);
        }
        Ok(Page { items, skipped, next })
    }

    async fn promoted_of(&self, among: &str, ids: Vec<Arg>) -> Result<HashMap<String, PromotedRow>> {
        if !self.schema.has(PROMOTED) {
            return Ok(HashMap::new());
        }
        let text = format!(
            "SELECT request_id, trace_name, session_id, input_tokens, output_tokens, total_tokens,
                 cache_read_input_tokens, cache_creation_input_tokens, cache_creation_input_tokens_above_1hr,
                 input_cost, output_cost, total_cost
             FROM trace_info WHERE request_id IN {among}"
        );
        let rows: Vec<PromotedRow> = self.on.all(text, ids).await?;
        Ok(rows.into_iter().map(|row| (row.request_id.clone(), row)).collect())
    }

    async fn assessments_of(
        &self,
        among: &str,
        ids: Vec<Arg>,
    ) -> Result<HashMap<String, Vec<AssessmentRow>>> {
        let mut found: HashMap<String, Vec<AssessmentRow>> = HashMap::new();
        if !self.schema.has(ASSESSMENTS) {
            return Ok(found);
        }
        let text = format!(
            "SELECT assessment_id, trace_id, name, assessment_type AS kind, value, error, created_timestamp,
                 last_updated_timestamp, source_type, source_id, span_id, rationale, overrides, valid,
                 assessment_metadata AS metadata
             FROM assessments WHERE trace_id IN {among}"
        );
        for row in self.on.all::<AssessmentRow>(text, ids).await? {
            found.entry(row.trace_id.clone()).or_default().push(row);
        }
        Ok(found)
    }

    async fn prompts_of(&self, among: &str, ids: Vec<Arg>) -> Result<HashMap<String, Vec<(String, String)>>> {
        let mut found: HashMap<String, Vec<(String, String)>> = HashMap::new();
        if !self.schema.has(ASSOCIATIONS) {
            return Ok(found);
        }
        let text = format!(
            "SELECT source_id, destination_id FROM entity_associations
             WHERE source_type = 'trace' AND destination_type = 'prompt_version' AND source_id IN {among}"
        );
        for (trace, prompt) in self.on.all::<(String, String)>(text, ids).await? {
            if let Some((name, version)) = prompt.rsplit_once('/') {
                found.entry(trace).or_default().push((name.to_owned(), version.to_owned()));
            }
        }
        Ok(found)
    }

    async fn steps_counted(&self, among: &str, ids: Vec<Arg>) -> Result<HashMap<String, u64>> {
        if !self.schema.has(SPANS) {
            return Ok(HashMap::new());
        }
        let text = format!(
            "SELECT trace_id, COUNT(*) FROM spans WHERE content <> '' AND trace_id IN {among} GROUP BY trace_id"
        );
        let counts: Vec<(String, i64)> = self.on.all(text, ids).await?;
        Ok(counts.into_iter().map(|(trace, count)| (trace, count.unsigned_abs())).collect())
    }

    pub(super) async fn steps_of(&self, trace: &TraceRecord) -> Result<Steps> {
        let id = vec![Arg::Text(trace.there.clone())];
        if trace.steps.is_some() {
            let text = "SELECT content FROM spans WHERE content <> '' AND trace_id = $1";
            let steps: Vec<(String,)> = self.on.all(text, id).await?;
            return Ok(Steps::Texts(steps.into_iter().map(|(content,)| content).collect()));
        }
        let text =
            format!("SELECT value FROM trace_tags WHERE request_id = $1 AND key = '{}'", key::SPANS_LOCATION);
        let place: Vec<(Option<String>,)> = self.on.all(text, id).await?;
        if place.iter().any(|(place,)| place.as_deref() == Some(ARCHIVED)) {
            let way = "import from the http:// address of MLflow's server, which can read them";
            return Ok(Steps::Unreadable(format!("its spans are archived; {way}")));
        }
        Ok(Steps::Filed)
    }

    /// Links of traces and runs that are both there.
    pub(super) async fn trace_run_page(
        &self,
        of: &[ExperimentId],
        after: Option<&str>,
    ) -> Result<Page<(TraceId, RunId)>> {
        if !self.schema.has(ASSOCIATIONS) {
            return Ok(nothing());
        }
        let (trace, run) = after.and_then(|after| after.split_once(' ')).unwrap_or_default();
        let text = format!(
            "SELECT a.source_id, a.destination_id, CAST(t.experiment_id AS BIGINT), CAST(r.experiment_id AS BIGINT)
             FROM entity_associations a JOIN trace_info t ON t.request_id = a.source_id
             JOIN runs r ON r.run_uuid = a.destination_id
             WHERE a.source_type = 'trace' AND a.destination_type = 'run'
                 AND (a.source_id > $1 OR (a.source_id = $2 AND a.destination_id > $3))
             ORDER BY a.source_id, a.destination_id LIMIT {LINKS}"
        );
        let args = [trace, trace, run].map(|id| Arg::Text(id.to_owned())).to_vec();
        let rows: Vec<(String, String, i64, i64)> = self.on.all(text, args).await?;
        let next =
            rows.last().filter(|_| rows.len() == LINKS).map(|(trace, run, _, _)| format!("{trace} {run}"));
        let of: HashSet<ExperimentId> = of.iter().copied().collect();
        let is_taken = |experiment: i64| of.contains(&ExperimentId(experiment));
        let items = rows
            .into_iter()
            .filter(|(_, _, of_trace, of_run)| is_taken(*of_trace) && is_taken(*of_run))
            // What has no id that can be taken over is told of with its kind.
            .filter_map(|(trace, run, _, _)| Some((trace_id(&trace)?, run.parse().ok()?)))
            .collect();
        Ok(Page { items, skipped: Vec::new(), next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_as_python_does() {
        assert_eq!(figures::<i64>(&[("a", None)]), None);
        let written = figures(&[("a", Some(5)), ("b", None), ("c", Some(7))]);
        assert_eq!(written.as_deref(), Some("{\"a\": 5, \"c\": 7}"));
        assert_eq!(figures(&[("a", Some(2.0))]).as_deref(), Some("{\"a\": 2.0}"));
    }

    #[test]
    fn what_is_in_a_column_takes_the_place_of_what_was_a_tag() {
        let tag = |key: &str, value: &str| Tag { key: key.to_owned(), value: value.to_owned() };
        let mut tags = vec![tag("z", "1"), tag("b", "old")];
        put(&mut tags, "b", Some("new".to_owned()));
        put(&mut tags, "c", None);
        assert_eq!(tags, [tag("b", "new"), tag("z", "1")]);
    }
}
