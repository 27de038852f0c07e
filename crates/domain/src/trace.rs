//! Traces (MLflow 3): use cases. Steps come in `span`, what was thought of traces in `assessment`, what pages show is made in `page`,
//! what helps to write a filter is found in `words`.
//!
//! What programs send, they send twice: each step when it has ended, and the trace as a whole at its end, in any order.
//! What the client tells of the whole counts more than what its steps say. Like what runs log, it is data, which the audit
//! log doesn't tell of; changes and deletions it does.

mod assessment;
mod bounds;
mod correlation;
mod dump;
mod file;
mod import;
mod metrics;
pub(crate) mod outline;
mod page;
mod preview;
pub mod python;
mod shown;
mod span;
pub(crate) mod text;
mod words;

use crate::{
    Acting,
    audit::Told,
    clock,
    error::{Error, Result},
    experiment::{Page, check_max_results, join, offset_of},
    gate::{Edit, ExperimentGrant, Manage, Read},
    store::{
        self, Tx,
        trace::{Place, Which},
    },
};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use bounds::{check_room, checked_pairs, counted, in_duration, in_time, own_out, preview};
pub use correlation::Together;
pub use dump::{dumped, unwrapped};
pub use file::read_step;
pub use metrics::MetricsQuery;
use model::{
    Code, ExperimentId, Millis, Problem, RunId, TraceId,
    audit::{Action, Object},
    filter::{self, OrderBy, TraceFilter, TraceNumber, TraceOrder},
    name::{self, limit},
    page_token::PageToken,
    run::Tag,
    trace::{NewTrace, Trace, TraceInfo, TraceState, key, value_of},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;

/// Versions of prompts that a trace is linked to.
const MOST_PROMPTS: usize = 1_000;
/// Traces that are asked for by their ids at once.
const MOST_ASKED: usize = 1_000;
/// Bytes of steps that one answer holds.
const MOST_BYTES: u64 = 64 << 20;
/// Traces that are deleted at once, so that others may write meanwhile.
const DELETED_AT_ONCE: usize = 500;
/// How long a trace is waited for of which some steps are still on their way.
const PATIENCE: [Duration; 3] =
    [Duration::from_millis(200), Duration::from_millis(800), Duration::from_millis(2000)];

/// A search for traces, as clients write it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TraceSearch {
    /// Where to look.
    pub experiments: Vec<ExperimentId>,
    /// The search language of [`model::filter`].
    pub filter: String,
    /// The most important first. Ties go by the time of the request, newest first.
    pub order_by: Vec<String>,
    /// How many at most.
    pub max_results: i64,
    /// From the page before; empty for the first.
    pub page_token: String,
}

/// Which traces of an experiment are to be deleted: some by their ids, or those up to a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TracesToDelete {
    /// These.
    These(Vec<TraceId>),
    /// Those whose request came until then, the oldest first.
    UpTo(Millis),
}

impl Acting {
    /// Begins a transaction for what programs log.
    async fn data(&self) -> Result<Tx> {
        self.domain.db.begin().await
    }

    /// Takes in what a client tells of a trace. What it told before, and what its steps said, gives way, so that it may tell it
    /// again. Needs EDIT of the experiment.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` for the experiment, `RESOURCE_ALREADY_EXISTS` for a trace of another one,
    /// `INVALID_PARAMETER_VALUE` for a deleted experiment and for keys and values.
    pub async fn start_trace(&self, new: NewTrace) -> Result<TraceInfo> {
        let grant = self.experiment::<Edit>(new.experiment).await?.active()?;
        let new = NewTrace {
            tags: checked_pairs(own_out(new.tags), "tags")?,
            metadata: checked_pairs(counted(new.metadata), "trace_metadata")?,
            request_preview: new.request_preview.as_deref().map(preview),
            response_preview: new.response_preview.as_deref().map(preview),
            client_request_id: new
                .client_request_id
                .as_deref()
                .map(|id| name::cut(id, limit::KEY).to_owned()),
            request_time: in_time(new.request_time),
            duration: new.duration.map(in_duration),
            ..new
        };
        let assessments = assessment::with_ids(&new, clock::now())?;
        let mut tx = self.data().await?;
        let uri = artifact_uri(&grant, new.id);
        let held = store::trace::hold(&mut tx, &grant, new.id, &uri, new.request_time).await?;
        if held.experiment != grant.id() {
            return Err(elsewhere(new.id));
        }
        let before = store::trace::count_pairs(&mut tx, new.id).await?;
        store::trace::tell(&mut tx, &grant, &new).await?;
        check_room(&mut tx, new.id, before).await?;
        store::trace::assessment::put(&mut tx, &grant, &assessments).await?;
        assessment::check_count(&mut tx, new.id).await?;
        tx.commit().await?;
        self.domain.live.touch_traces(grant.id());
        self.get_trace_info(new.id).await
    }

    /// Begins a trace, as clients before MLflow 3 do, and makes its id. Needs EDIT of the experiment.
    ///
    /// # Errors
    /// As [`Self::start_trace`].
    pub async fn begin_trace(
        &self,
        experiment: ExperimentId,
        request_time: Millis,
        tags: Vec<Tag>,
        metadata: Vec<Tag>,
    ) -> Result<TraceInfo> {
        self.start_trace(NewTrace {
            id: TraceId(clock::new_uuid()?),
            experiment,
            client_request_id: None,
            request_preview: None,
            response_preview: None,
            request_time,
            duration: None,
            state: TraceState::InProgress,
            tags,
            metadata,
            assessments: Vec::new(),
        })
        .await
    }

    /// Ends a trace, as clients before MLflow 3 do. Needs EDIT.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`; `INVALID_PARAMETER_VALUE` for keys and values.
    pub async fn end_trace(
        &self,
        id: TraceId,
        at: Millis,
        state: TraceState,
        tags: Vec<Tag>,
        metadata: Vec<Tag>,
    ) -> Result<TraceInfo> {
        let grant = self.trace::<Edit>(id).await?;
        let tags = checked_pairs(own_out(tags), "tags")?;
        let metadata = checked_pairs(counted(metadata), "request_metadata")?;
        let mut tx = self.data().await?;
        let before = store::trace::count_pairs(&mut tx, id).await?;
        store::trace::end(&mut tx, &grant, in_time(at), state, (&tags, &metadata)).await?;
        check_room(&mut tx, id, before).await?;
        tx.commit().await?;
        self.domain.live.touch_traces(grant.experiment);
        store::trace::get(&mut &self.domain.db, &grant).await
    }

    /// What is known of a trace besides its steps. Needs READ.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`.
    pub async fn get_trace_info(&self, id: TraceId) -> Result<TraceInfo> {
        let grant = self.trace::<Read>(id).await?;
        store::trace::get(&mut &self.domain.db, &grant).await
    }

    /// A trace with its steps; unless less will do, all that its client told of, for which it is waited a few seconds. Needs READ.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`, also if steps are missing.
    pub async fn get_trace(&self, id: TraceId, allow_partial: bool) -> Result<Trace> {
        let grant = self.trace::<Read>(id).await?;
        let mut patience = PATIENCE.into_iter();
        loop {
            let info = store::trace::get(&mut &self.domain.db, &grant).await?;
            if allow_partial || is_whole(&info) {
                let spans = store::trace::span::list(&self.domain.db, &grant).await?;
                return Ok(Trace { info, spans });
            }
            let Some(wait) = patience.next() else {
                return Err(Error::missing(format!(
                    "Trace with ID {id} is not fully exported yet, please try again later."
                )));
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// Those of the traces that the caller may read, with their steps, in the order given and without those whose steps aren't
    /// all there.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` if they are too many, or too much at once.
    pub async fn get_traces(
        &self,
        ids: &[TraceId],
        experiments: Option<&[ExperimentId]>,
    ) -> Result<Vec<Trace>> {
        let infos = self.get_trace_infos(ids, experiments).await?;
        let infos: Vec<TraceInfo> = infos.into_iter().filter(is_whole).collect();
        let bytes: u64 = infos.iter().map(|info| info.span_bytes).sum();
        if bytes > MOST_BYTES && infos.len() > 1 {
            return Err(Error::invalid(format!(
                "These traces hold {} MiB, and at most {} MiB are told at once. Please ask for fewer.",
                bytes >> 20,
                MOST_BYTES >> 20
            )));
        }
        let mut traces = Vec::with_capacity(infos.len());
        for info in infos {
            let grant = match self.trace::<Read>(info.id).await {
                Ok(grant) => grant,
                // It was deleted meanwhile.
                Err(Error::Problem(_)) => continue,
                Err(error) => return Err(error),
            };
            let spans = store::trace::span::list(&self.domain.db, &grant).await?;
            traces.push(Trace { info, spans });
        }
        Ok(traces)
    }

    /// As [`Self::get_traces`], without the steps, and also those whose steps aren't all there.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` if they are too many.
    pub async fn get_trace_infos(
        &self,
        ids: &[TraceId],
        experiments: Option<&[ExperimentId]>,
    ) -> Result<Vec<TraceInfo>> {
        if ids.len() > MOST_ASKED {
            return Err(Error::invalid(format!(
                "At most {MOST_ASKED} traces are told of at once, and this asks for {}.",
                ids.len()
            )));
        }
        crate::run::check_searched(experiments.unwrap_or_default())?;
        store::trace::get_all(&self.domain.db, &self.visible(), ids, experiments).await
    }

    /// Finds traces among those that the caller may read, a page at a time. Traces that come or go meanwhile don't shift the pages
    /// of what is sorted by time, as it is if nothing else is asked for.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` for the filter, the order, the token or the size of the page (1 to 500).
    pub async fn search_traces(&self, search: &TraceSearch) -> Result<Page<TraceInfo>> {
        self.find_traces(search, None).await
    }

    /// The same, or among those that a run has to do with, wherever they are.
    async fn find_traces(&self, search: &TraceSearch, run: Option<RunId>) -> Result<Page<TraceInfo>> {
        let wanted = check_max_results(search.max_results, i64::from(limit::PAGE_TRACES))?;
        crate::run::check_searched(&search.experiments)?;
        let filter: TraceFilter = filter::parse(&search.filter)?;
        let order: Vec<OrderBy<TraceOrder>> = filter::parse_order_list(&search.order_by)?;
        let is_by_time = order.iter().all(|order| order.key == TraceOrder::Number(TraceNumber::Timestamp));
        let from = read_place(&search.page_token, is_by_time)?;
        let limit = i64::try_from(wanted).unwrap_or(i64::MAX);
        let asked = store::trace::Search {
            experiments: &search.experiments,
            run,
            filter: &filter,
            order: &order,
            from,
            limit: limit + 1,
        };
        let mut items = store::trace::search(&self.domain.db, &self.visible(), &asked).await?;
        let more = items.len() as u64 > wanted;
        items.truncate(usize::try_from(wanted).unwrap_or(usize::MAX));
        let next = match (items.last().filter(|_| more), from) {
            (None, _) => None,
            (Some(last), _) if is_by_time => Some(After { after: (last.request_time, last.id) }.encode()?),
            (Some(_), Place::Offset(offset)) => {
                Some(PageToken { offset: offset.unsigned_abs() + wanted }.encode())
            }
            (Some(_), Place::After(..)) => None,
        };
        Ok(Page { items, next })
    }

    /// Deletes traces for good, with their files. Returns how many there were. Needs MANAGE of the experiment.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`, `INVALID_PARAMETER_VALUE` for a number that isn't positive.
    pub async fn delete_traces(
        &self,
        experiment: ExperimentId,
        which: &TracesToDelete,
        most: Option<i64>,
    ) -> Result<u64> {
        if let Some(most) = most.filter(|most| *most <= 0) {
            return Err(Error::invalid(format!("`max_traces` must be a positive integer, received {most}.")));
        }
        let grant = self.experiment::<Manage>(experiment).await?;
        let mut deleted: u64 = 0;
        match which {
            TracesToDelete::These(ids) => {
                for ids in ids.chunks(DELETED_AT_ONCE) {
                    deleted += self.delete_some(&grant, Which::These(ids)).await?;
                }
            }
            TracesToDelete::UpTo(time) => loop {
                let left = most.map_or(i64::MAX, |most| most - i64::try_from(deleted).unwrap_or(i64::MAX));
                let at_once = left.min(DELETED_AT_ONCE as i64);
                if at_once <= 0 {
                    break;
                }
                let now = self.delete_some(&grant, Which::UpTo(*time, at_once)).await?;
                deleted += now;
                if now < at_once.unsigned_abs() {
                    break;
                }
            },
        }
        Ok(deleted)
    }

    async fn delete_some(&self, grant: &ExperimentGrant<Manage>, which: Which<'_>) -> Result<u64> {
        let mut change = self.change().await?;
        let (ids, roots) = store::trace::delete(&mut change, grant, which).await?;
        if ids.is_empty() {
            return Ok(0);
        }
        // One that is alone is told by its id.
        let object = match ids.as_slice() {
            [id] => Object::Trace(*id),
            _ => Object::Experiment(grant.id()),
        };
        let named: Vec<String> = ids.iter().map(TraceId::to_string).collect();
        let detail = json!({ "experiment": grant.id(), "traces": named });
        change.commit(Told::new(Action::TraceDelete, object).with(detail)).await?;
        self.domain.live.touch_traces(grant.id());
        self.domain.delete_trace_files(&roots).await;
        Ok(ids.len() as u64)
    }

    /// Sets a tag of a trace. Needs EDIT.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`; `INVALID_PARAMETER_VALUE` for the tag, or for one that is the server's own.
    pub async fn set_trace_tag(&self, id: TraceId, tag: Tag) -> Result<()> {
        if key::SERVERS_OWN.contains(&tag.key.as_str()) {
            return Err(immutable(&tag.key, "set"));
        }
        let grant = self.trace::<Edit>(id).await?;
        name::check_tag_key(&tag.key, "key")?;
        let tag = Tag { value: name::cut(&tag.value, limit::RUN_TAG_VALUE).to_owned(), ..tag };
        let mut tx = self.data().await?;
        let before = store::trace::count_pairs(&mut tx, id).await?;
        store::trace::set_tag(&mut tx, &grant, tag).await?;
        check_room(&mut tx, id, before).await?;
        tx.commit().await?;
        self.domain.live.touch_traces(grant.experiment);
        Ok(())
    }

    /// Deletes a tag of a trace. Needs EDIT.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`, also for the tag; `INVALID_PARAMETER_VALUE` for one that is the server's own.
    pub async fn delete_trace_tag(&self, id: TraceId, tag: &str) -> Result<()> {
        if key::SERVERS_OWN.contains(&tag) && tag != key::ARCHIVAL_FAILURE {
            return Err(immutable(tag, "deleted"));
        }
        let grant = self.trace::<Edit>(id).await?;
        let mut change = self.change().await?;
        if !store::trace::delete_tag(&mut change, &grant, tag).await? {
            return Err(Error::missing(format!("No trace tag with key '{tag}' for trace with ID '{id}'")));
        }
        change
            .commit(Told::new(Action::TraceTagDelete, Object::Trace(id)).with(json!({ "deleted": tag })))
            .await?;
        self.domain.live.touch_traces(grant.experiment);
        Ok(())
    }

    /// Links traces to a run, also such that are still to come; those that the caller may not read are left out. Needs EDIT of the
    /// run.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` for the run; `INVALID_PARAMETER_VALUE` for more than 100 traces.
    pub async fn link_traces_to_run(&self, run: RunId, traces: &[TraceId]) -> Result<()> {
        if traces.len() > limit::TRACE_LINKS {
            return Err(Error::invalid(format!(
                "Cannot link more than {} traces to a run in a single request. Provided {} traces.",
                limit::TRACE_LINKS,
                traces.len()
            )));
        }
        let grant = self.run::<Edit>(run).await?.active()?;
        let hidden = store::trace::hidden(&self.domain.db, &self.visible(), traces).await?;
        let linked: Vec<TraceId> = traces.iter().copied().filter(|id| !hidden.contains(id)).collect();
        let mut tx = self.data().await?;
        store::trace::link_run(&mut tx, &grant, &linked).await?;
        tx.commit().await?;
        // The traces of the run, which are told with those of its experiment.
        self.domain.live.touch_traces(grant.experiment);
        Ok(())
    }

    /// Links versions of prompts, by name and version, to a trace. Needs EDIT.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`; `INVALID_PARAMETER_VALUE` for names that are too long, or too many of them.
    pub async fn link_prompts_to_trace(&self, id: TraceId, versions: &[(String, String)]) -> Result<()> {
        let grant = self.trace::<Edit>(id).await?;
        for (prompt, version) in versions {
            name::check_length(prompt, limit::KEY, "name")?;
            name::check_length(version, limit::KEY, "version")?;
        }
        let mut tx = self.data().await?;
        store::trace::link_prompts(&mut tx, &grant, versions).await?;
        if store::trace::count_prompts(&mut tx, &grant).await? > MOST_PROMPTS as i64 {
            return Err(Error::invalid(format!("A trace takes at most {MOST_PROMPTS} versions of prompts.")));
        }
        tx.commit().await
    }
}

/// Where files of a trace go.
pub(crate) fn artifact_uri<L>(grant: &ExperimentGrant<L>, id: TraceId) -> String {
    join(&grant.artifact_location, &format!("traces/{id}/artifacts"))
}

fn elsewhere(id: TraceId) -> Error {
    let message = format!("A trace with ID '{id}' is there already, in another experiment.");
    Problem::new(Code::ResourceAlreadyExists, message).into()
}

fn immutable(key: &str, what: &str) -> Error {
    Error::invalid(format!("Tag '{key}' is immutable and cannot be {what} on a trace."))
}

/// Whether all steps are there of which the client told, and that the server takes.
fn is_whole(info: &TraceInfo) -> bool {
    let stats = value_of(&info.metadata, key::SIZE_STATS)
        .and_then(|stats| serde_json::from_str::<serde_json::Value>(stats).ok());
    let told = stats.and_then(|stats| stats.get("num_spans")?.as_u64()).unwrap_or_default();
    // To one that is full no more will come.
    let is_full = info.span_count >= span::MOST_SPANS.unsigned_abs()
        || info.span_bytes > (span::MOST_BYTES - span::MOST_SPAN_BYTES).unsigned_abs();
    info.span_count > 0 && (info.span_count >= told || is_full)
}

/// The page token of what is sorted by time: the last trace of the page before.
#[derive(Debug, Serialize, Deserialize)]
struct After {
    after: (Millis, TraceId),
}

impl After {
    fn encode(&self) -> Result<String> {
        let json = serde_json::to_vec(self).map_err(|error| Error::Fault(format!("page token: {error}")))?;
        Ok(BASE64_STANDARD.encode(json))
    }
}

fn read_place(token: &str, is_by_time: bool) -> Result<Place> {
    let after =
        BASE64_STANDARD.decode(token).ok().and_then(|json| serde_json::from_slice::<After>(&json).ok());
    match after {
        Some(After { after: (time, id) }) if is_by_time => Ok(Place::After(time, id)),
        Some(_) => Err(Error::invalid("Invalid page token: it is of a search in another order.")),
        None => Ok(Place::Offset(i64::try_from(offset_of(token)?).unwrap_or(i64::MAX))),
    }
}
