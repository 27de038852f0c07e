//! What the pages of traces show: use cases.

use super::{
    TraceSearch,
    file::Filed,
    outline::{self, Brief},
    shown,
};
use crate::{Acting, Caller, error::Result, gate::Read, store};
use model::{
    RunId, TraceId,
    name::{self, limit},
    page::trace::{
        NewThought, Says, SpanShown, Thought, Tokens, TracePage, TraceQuestion, TraceRow, TracesPage,
        TracesQuery,
    },
    trace::{
        TraceInfo,
        assessment::{Assessment, AssessmentKind, NewAssessment, SourceType},
        key,
        span::{Span, SpanId},
        value_of,
    },
};
use serde_json::Value;
use std::collections::HashSet;

/// Characters of a request and of a response that a row shows.
const PREVIEW: usize = 200;
/// Tags that a row shows.
const TAGS: usize = 20;
/// Rows of the page of a trace, however many are asked for: as many as a trace has steps.
const MOST_ROWS: usize = 10_000;
/// What is assessed where nobody says what.
const GOOD: &str = "good";
/// Who somebody is where nobody signs in: MLflow's word.
const NOBODY: &str = "default";

impl Acting {
    /// Traces of an experiment or of a run, newest first, a page at a time. Needs READ.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`, `INVALID_PARAMETER_VALUE` with the place of the mistake in the filter.
    pub async fn list_traces(&self, query: &TracesQuery) -> Result<TracesPage> {
        let permission = match query.run {
            Some(run) => self.run::<Read>(run).await?.permission,
            None => self.experiment::<Read>(query.experiment).await?.permission,
        };
        let search = TraceSearch {
            experiments: vec![query.experiment],
            filter: query.filter.trim().to_owned(),
            order_by: Vec::new(),
            max_results: i64::from(model::page::trace::TRACES_PAGE),
            page_token: query.after.clone(),
        };
        let found = self.find_traces(&search, query.run).await?;
        Ok(TracesPage { rows: found.items.into_iter().map(row).collect(), next: found.next, permission })
    }

    /// A trace with its steps in the order of reading, so many at most and without what they hold. Needs READ.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`.
    pub async fn trace_page(&self, asked: &TraceQuestion) -> Result<TracePage> {
        let grant = self.trace::<Read>(asked.trace).await?;
        let mut info = store::trace::get(&mut &self.domain.db, &grant).await?;
        let mut names = store::experiment::names(&self.domain.db, &[grant.experiment]).await?;
        let text = asked.text.trim();
        let (mut briefs, mut found, mut trouble) = (Vec::new(), HashSet::new(), None);
        if info.span_count > 0 {
            briefs = store::trace::span::outline(&self.domain.db, &grant).await?;
            if !text.is_empty() {
                found = store::trace::span::containing(&self.domain.db, &grant, text).await?;
            }
        } else {
            match self.filed_steps(&info).await? {
                Filed::Steps(spans) => {
                    let wanted = text.to_lowercase();
                    let has = |span: &&Span| !wanted.is_empty() && contains(span, &wanted);
                    found = spans.iter().filter(has).map(|span| span.id).collect();
                    briefs = spans.iter().map(Brief::of).collect();
                }
                Filed::Trouble(why) => trouble = Some(why),
            }
        }
        let window = outline::window(&briefs);
        let mut spans = outline::in_order(briefs);
        if !text.is_empty() {
            spans = outline::keep_found(spans, &found);
        }
        let rows = spans.len() as u64;
        spans.truncate(usize::try_from(asked.rows).unwrap_or(usize::MAX).min(MOST_ROWS));
        let source = value_of(&info.metadata, key::SOURCE_RUN).and_then(|run| run.parse::<RunId>().ok());
        let ids: Vec<RunId> = source.into_iter().collect();
        let run = self.run_links(&ids).await?.into_values().next();
        let known = |key: &str| value_of(&info.metadata, key).map(str::to_owned);
        Ok(TracePage {
            id: info.id,
            experiment: info.experiment,
            experiment_name: names.remove(&grant.experiment).unwrap_or_default(),
            permission: grant.permission,
            name: info.name().unwrap_or_default().to_owned(),
            state: info.state,
            time: info.request_time,
            duration: info.duration,
            tokens: tokens(&info),
            run,
            session: known(key::SESSION),
            user: known(key::USER),
            thoughts: std::mem::take(&mut info.assessments).into_iter().map(thought).collect(),
            client_request_id: info.client_request_id,
            tags: info.tags,
            metadata: info.metadata,
            spans,
            rows,
            found: found.len() as u64,
            window,
            trouble,
        })
    }

    /// A step of a trace in full, or the first one; nothing if it isn't there. Needs READ.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` for the trace.
    pub async fn read_span(&self, trace: TraceId, span: Option<SpanId>) -> Result<Option<SpanShown>> {
        let grant = self.trace::<Read>(trace).await?;
        let found = store::trace::span::find(&self.domain.db, &grant, span).await?;
        if found.is_some() {
            return Ok(found.map(shown::span));
        }
        let info = store::trace::get(&mut &self.domain.db, &grant).await?;
        // The file counts only where no steps came by themselves.
        if info.span_count > 0 {
            return Ok(None);
        }
        let Filed::Steps(spans) = self.filed_steps(&info).await? else { return Ok(None) };
        let first = || {
            let briefs = spans.iter().map(Brief::of).collect();
            outline::in_order(briefs).first().map(|row| row.id)
        };
        let wanted = span.or_else(first);
        let found = spans.into_iter().find(|span| Some(span.id) == wanted);
        Ok(found.map(shown::span))
    }

    /// Says what the caller thinks of a trace. Needs EDIT.
    ///
    /// # Errors
    /// As [`Self::create_assessment`].
    pub async fn assess_trace(&self, trace: TraceId, new: NewThought) -> Result<()> {
        let source = match self.caller() {
            Caller::User { name, .. } => name.clone(),
            Caller::Local | Caller::Guest(_) => NOBODY.to_owned(),
        };
        let (kind, value) = match new.says {
            Says::Good(good) => (AssessmentKind::Feedback, Value::from(good).to_string()),
            Says::Expected(text) => {
                let text = text.trim().to_owned();
                let is_json = serde_json::from_str::<Value>(&text).is_ok();
                (AssessmentKind::Expectation, if is_json { text } else { Value::from(text).to_string() })
            }
        };
        let name = new.name.trim();
        let rationale = new.rationale.trim();
        let assessment = NewAssessment {
            id: None,
            span: new.span.map(|span| span.to_string()),
            name: if name.is_empty() && kind == AssessmentKind::Feedback { GOOD } else { name }.to_owned(),
            kind,
            value,
            error: None,
            source_type: SourceType::Human,
            source_id: source,
            rationale: (!rationale.is_empty()).then(|| rationale.to_owned()),
            metadata: Vec::new(),
            overrides: None,
            created: None,
            updated: None,
        };
        self.create_assessment(trace, assessment).await.map(drop)
    }
}

fn row(info: TraceInfo) -> TraceRow {
    let preview = |text: Option<&str>| {
        // Of what is a text in JSON, people read the text.
        let plain = text.and_then(|text| serde_json::from_str::<String>(text).ok());
        let text = plain.as_deref().or(text).unwrap_or_default();
        let start = name::cut(text, PREVIEW);
        if start.len() < text.len() { format!("{start}…") } else { start.to_owned() }
    };
    TraceRow {
        id: info.id,
        experiment: info.experiment,
        time: info.request_time,
        name: info.name().unwrap_or_default().to_owned(),
        state: info.state,
        duration: info.duration,
        request: preview(info.request_preview.as_deref()),
        response: preview(info.response_preview.as_deref()),
        tokens: tokens(&info),
        tags: info.tags.iter().filter(|tag| !tag.key.starts_with("mlflow.")).take(TAGS).cloned().collect(),
        thoughts: info.assessments.into_iter().filter(|said| said.valid).map(thought).collect(),
    }
}

/// What the client counted.
fn tokens(info: &TraceInfo) -> Option<Tokens> {
    let told: Value = serde_json::from_str(value_of(&info.metadata, key::TOKEN_USAGE)?).ok()?;
    let count = |name: &str| told.get(name).and_then(Value::as_u64);
    let (input, output) = (count("input_tokens"), count("output_tokens"));
    let sum = || Some(input?.saturating_add(output?));
    Some(Tokens { input, output, total: count("total_tokens").or_else(sum)? })
}

/// An assessment in words.
fn thought(said: Assessment) -> Thought {
    let value: Value = serde_json::from_str(&said.value).unwrap_or_default();
    let error = said.error.map(|error| {
        let parts = [error.code, error.message].into_iter().flatten().filter(|part| !part.is_empty());
        let words = parts.collect::<Vec<_>>().join(": ");
        if words.is_empty() { "failed".to_owned() } else { words }
    });
    Thought {
        id: said.id,
        name: said.name,
        kind: said.kind,
        verdict: match &value {
            Value::Bool(verdict) => Some(*verdict),
            Value::String(text) => match text.to_ascii_lowercase().as_str() {
                "yes" | "true" => Some(true),
                "no" | "false" => Some(false),
                _ => None,
            },
            _ => None,
        },
        value: match value {
            Value::Null => String::new(),
            Value::String(text) => text,
            Value::Array(_) | Value::Object(_) => shown::pretty(&said.value, limit::RUN_TAG_VALUE).0,
            other => other.to_string(),
        },
        error,
        source_type: said.source_type,
        source: said.source_id,
        rationale: said.rationale.filter(|rationale| !rationale.is_empty()),
        at: said.updated,
        span: said.span,
        valid: said.valid,
    }
}

/// Whether a text, in lower case, is in what is known of a step.
fn contains(span: &Span, wanted: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(wanted);
    let has_pair =
        |known: &model::trace::span::Attribute| has(&known.key) || has(&super::text::of_value(&known.value));
    has(&span.name)
        || has(&span.message)
        || span.attributes.iter().any(has_pair)
        || span.events.iter().any(|event| has(&event.name) || event.attributes.iter().any(has_pair))
}
