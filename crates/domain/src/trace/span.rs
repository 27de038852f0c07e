//! Steps of traces, as OpenTelemetry sends them: use cases.

use super::{
    artifact_uri,
    bounds::{MOST_TAGS, checked_pairs},
    dump::{dumped, unwrapped},
    preview::{Role, preview_of},
};
use crate::{
    Acting,
    error::{Error, Result},
    gate::{Edit, ExperimentGrant},
    store::{
        self, Tx,
        trace::{Held, Seen, span::Stored},
    },
};
use model::{
    ExperimentId, Millis, RunId, TraceId,
    name::{self, limit},
    run::Tag,
    trace::{
        NewSpans, Taken, TraceState, key,
        span::{self, Attribute, AttributeValue, Span, SpanId, SpanStatus},
    },
};
use std::collections::{BTreeMap, HashMap, hash_map::Entry};

/// Steps of one trace.
pub(super) const MOST_SPANS: i64 = 10_000;
/// Steps of one request.
const MOST_AT_ONCE: usize = 10_000;
/// Bytes of one step.
pub(super) const MOST_SPAN_BYTES: i64 = 8 << 20;
/// Bytes of all steps of a trace.
pub(super) const MOST_BYTES: i64 = 32 << 20;
/// What programs of others call what a step was given, and what it made.
pub(super) const REQUESTS: [&str; 3] = [span::INPUTS, "input.value", "traceloop.entity.input"];
pub(super) const RESPONSES: [&str; 3] = [span::OUTPUTS, "output.value", "traceloop.entity.output"];
/// What programs call the conversation that a step is a part of.
const SESSIONS: [&str; 2] = ["session.id", "gen_ai.conversation.id"];

/// Steps of one trace that came together, in the order in which they came.
#[derive(Default)]
struct Gathered {
    spans: Vec<Span>,
    places: HashMap<SpanId, usize>,
    tags: Vec<Tag>,
}

impl Gathered {
    /// Of steps with the same id the last counts.
    fn add(&mut self, span: Span) {
        match self.places.entry(span.id) {
            Entry::Occupied(place) => self.spans[*place.get()] = span,
            Entry::Vacant(place) => {
                place.insert(self.spans.len());
                self.spans.push(span);
            }
        }
    }
}

impl Acting {
    /// Whether [`Self::log_spans`] takes steps from the caller at all: asked before they are read, which takes memory and time. Needs
    /// EDIT of the experiment.
    ///
    /// # Errors
    /// As [`Self::log_spans`].
    pub async fn may_log_spans(&self, experiment: ExperimentId) -> Result<()> {
        self.experiment::<Edit>(experiment).await?.active().map(drop)
    }

    /// Takes in steps of traces, of which each may come again. A trace that isn't there yet is made. Steps that can't be taken are
    /// counted and told of; the others are stored all or none, too large ones without what they hold. Tags for which a trace has
    /// no room are left out. Needs EDIT of the experiment; for the run, EDIT of it.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` for the experiment, `INVALID_PARAMETER_VALUE` for a deleted one.
    pub async fn log_spans(
        &self,
        experiment: ExperimentId,
        run: Option<RunId>,
        new: Vec<NewSpans>,
    ) -> Result<Taken> {
        let grant = self.experiment::<Edit>(experiment).await?.active()?;
        let mut taken = Taken::default();
        let gathered = gather(new, &mut taken);
        let mut ended = Vec::new();
        let mut tx = self.data().await?;
        // In the order of ids, so that no two transactions wait for each other in a circle.
        for (trace, gathered) in gathered {
            if gathered.spans.iter().any(|span| span.parent.is_none()) {
                ended.push(trace);
            }
            log_trace(&mut tx, &grant, trace, gathered, &mut taken).await?;
        }
        tx.commit().await?;
        self.domain.live.touch_traces(grant.id());
        if let Some(run) = run {
            for traces in ended.chunks(limit::TRACE_LINKS) {
                // The steps are stored: what can't be linked is no reason for sending them again.
                match self.link_traces_to_run(run, traces).await {
                    Ok(()) => {}
                    Err(Error::Problem(problem)) => note(&mut taken, 0, problem.message),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(taken)
    }
}

/// Counts steps that aren't taken. What is said is why the first of them weren't.
fn note(taken: &mut Taken, refused: usize, message: String) {
    taken.refused += refused as u64;
    if taken.message.is_empty() {
        taken.message = message;
    }
}

/// The steps by trace, and what is known of the first program that says something of itself.
fn gather(new: Vec<NewSpans>, taken: &mut Taken) -> BTreeMap<TraceId, Gathered> {
    let mut gathered: BTreeMap<TraceId, Gathered> = BTreeMap::new();
    let mut room = MOST_AT_ONCE;
    for NewSpans { trace, mut spans, tags } in new {
        if spans.len() > room {
            let message = format!("At most {MOST_AT_ONCE} spans are taken at once.");
            note(taken, spans.len() - room, message);
            spans.truncate(room);
        }
        room -= spans.len();
        if spans.is_empty() {
            continue;
        }
        let of_trace = gathered.entry(trace).or_default();
        spans.into_iter().for_each(|span| of_trace.add(span));
        if of_trace.tags.is_empty() {
            of_trace.tags = tags;
        }
    }
    gathered
}

async fn log_trace(
    tx: &mut Tx,
    grant: &ExperimentGrant<Edit>,
    trace: TraceId,
    gathered: Gathered,
    taken: &mut Taken,
) -> Result<()> {
    let (mut spans, stored) = as_stored(trace, gathered.spans.into_iter(), taken);
    let Some(first) = spans.iter().map(|span| span.start).min() else { return Ok(()) };
    let uri = artifact_uri(grant, trace);
    let held = store::trace::hold(tx, grant, trace, &uri, millis(first)).await?;
    if held.experiment != grant.id() {
        let message = format!("A trace with ID '{trace}' is there already, in another experiment.");
        note(taken, spans.len(), message);
        return Ok(());
    }
    let ids: Vec<SpanId> = spans.iter().map(|span| span.id).collect();
    let known = store::trace::span::sizes(tx, trace, &ids).await?;
    let size = put_fitting(tx, (grant, &held), (&mut spans, stored), &known, taken).await?;
    let mut seen = seen(&held, &spans, gathered.tags, size);
    // The steps count more than what there is no room for.
    let (tags, metadata) = store::trace::count_pairs(tx, trace).await?;
    let room = |taken: i64| usize::try_from(MOST_TAGS as i64 - taken).unwrap_or_default();
    seen.tags.truncate(room(tags));
    seen.first_tags.truncate(room(tags) - seen.tags.len());
    seen.first_metadata.truncate(room(metadata));
    store::trace::see(tx, grant, trace, &seen).await
}

/// Writes those of the steps that a trace lacks, which say nothing of the trace itself.
pub(super) async fn add_missing(
    tx: &mut Tx,
    grant: &ExperimentGrant<Edit>,
    trace: TraceId,
    spans: Vec<Span>,
    taken: &mut Taken,
) -> Result<()> {
    let Some(first) = spans.iter().map(|span| span.start).min() else { return Ok(()) };
    let uri = artifact_uri(grant, trace);
    let held = store::trace::hold(tx, grant, trace, &uri, millis(first)).await?;
    let ids: Vec<SpanId> = spans.iter().map(|span| span.id).collect();
    let known = store::trace::span::sizes(tx, trace, &ids).await?;
    let lacking: BTreeMap<SpanId, Span> =
        spans.into_iter().filter(|span| !known.contains_key(&span.id)).map(|span| (span.id, span)).collect();
    let (mut spans, stored) = as_stored(trace, lacking.into_values(), taken);
    let size = put_fitting(tx, (grant, &held), (&mut spans, stored), &known, taken).await?;
    store::trace::see(tx, grant, trace, &as_held(&held, size)).await
}

/// Steps, and how they are stored: too large ones without what they hold.
fn as_stored(
    trace: TraceId,
    all: impl Iterator<Item = Span>,
    taken: &mut Taken,
) -> (Vec<Span>, HashMap<SpanId, Stored>) {
    let (mut spans, mut stored) = (Vec::new(), HashMap::new());
    for span in all {
        let mut row = Stored::of(trace, &span);
        if row.bytes > MOST_SPAN_BYTES {
            row = Stored::of(trace, &bare(&span));
            let most = format!("A span takes at most {} MiB", MOST_SPAN_BYTES >> 20);
            if row.bytes > MOST_SPAN_BYTES {
                note(taken, 1, format!("{most}."));
                continue;
            }
            note(taken, 0, format!("{most}: what a larger one holds isn't kept."));
        }
        stored.insert(row.id(), row);
        spans.push(span);
    }
    (spans, stored)
}

/// Writes those of the steps that there is room for, and leaves these. Returns how many the trace has then, and of how many bytes.
async fn put_fitting(
    tx: &mut Tx,
    (grant, held): (&ExperimentGrant<Edit>, &Held),
    (spans, mut stored): (&mut Vec<Span>, HashMap<SpanId, Stored>),
    known: &HashMap<SpanId, i64>,
    taken: &mut Taken,
) -> Result<(i64, i64)> {
    let (mut count, mut bytes) = (held.spans, held.bytes);
    let mut rows = Vec::with_capacity(spans.len());
    let all = spans.len();
    let mut fits = |span: &Span| {
        let Some(row) = stored.remove(&span.id) else { return false };
        let (more, larger) = match known.get(&span.id) {
            Some(before) => (0, row.bytes - before),
            None => (1, row.bytes),
        };
        if count + more > MOST_SPANS || bytes + larger > MOST_BYTES {
            return false;
        }
        count += more;
        bytes += larger;
        rows.push(row);
        true
    };
    spans.retain(&mut fits);
    if spans.len() < all {
        let message =
            format!("A trace takes at most {MOST_SPANS} spans, of {} MiB in all.", MOST_BYTES >> 20);
        note(taken, all - spans.len(), message);
    }
    store::trace::span::put(tx, grant, rows).await?;
    Ok((count, bytes))
}

/// A step without what it holds. Left out altogether, its trace would never be whole.
fn bare(span: &Span) -> Span {
    let is_type = |attribute: &&Attribute| attribute.key == span::TYPE;
    Span {
        name: span.name.clone(),
        message: span.message.clone(),
        attributes: span.attributes.iter().filter(is_type).cloned().collect(),
        events: Vec::new(),
        links: Vec::new(),
        ..*span
    }
}

fn millis(nanos: span::Nanos) -> Millis {
    nanos.div_euclid(1_000_000)
}

/// What is known of a trace already, and how many steps it has now, of how many bytes.
pub(super) fn as_held(held: &Held, (count, bytes): (i64, i64)) -> Seen {
    Seen {
        request_time: held.request_time,
        duration: held.duration,
        state: held.state,
        request_preview: None,
        response_preview: None,
        spans: count,
        bytes,
        tags: Vec::new(),
        first_tags: Vec::new(),
        first_metadata: Vec::new(),
    }
}

/// What steps say of their trace. Where the client told of it, they say nothing of times any more.
fn seen(held: &Held, spans: &[Span], resource: Vec<Tag>, size: (i64, i64)) -> Seen {
    let mut seen = as_held(held, size);
    if !held.is_told {
        let starts = spans.iter().map(|span| millis(span.start));
        seen.request_time = starts.min().map_or(held.request_time, |start| start.min(held.request_time));
        let before = held.duration.map(|duration| held.request_time.saturating_add(duration));
        let end = spans.iter().filter_map(|span| span.end).map(millis).chain(before).max();
        seen.duration = end.map(|end| end.saturating_sub(seen.request_time));
    }
    let mut roots = spans.iter().filter(|span| span.parent.is_none());
    // The first of several says how it went, the last what it was about, as with MLflow.
    if let Some(root) = roots.clone().next() {
        // One without an end goes on.
        if matches!(held.state, TraceState::InProgress | TraceState::Unspecified) && root.end.is_some() {
            seen.state = if root.status == SpanStatus::Error { TraceState::Error } else { TraceState::Ok };
        }
        seen.first_tags = pairs(vec![Tag { key: key::NAME.to_owned(), value: root.name.clone() }]);
    }
    // Tags that programs give their requests count more than what is known of the programs.
    let told = roots.clone().flat_map(|root| &root.attributes).filter_map(|attribute| {
        let key = attribute.key.strip_prefix(key::TAG_PREFIX)?;
        Some(Tag { key: key.to_owned(), value: plain(&attribute.value) })
    });
    let mut tags = pairs(told.collect());
    let known = pairs(resource).into_iter().filter(|known| tags.iter().all(|tag| tag.key != known.key));
    let known: Vec<Tag> = known.collect();
    tags.extend(known);
    seen.tags = tags;
    if let Some(root) = roots.next_back() {
        let told = |keys: &[&str], role| {
            keys.iter().find_map(|key| root.attribute(key)).map(|value| preview_of(value, role))
        };
        if !held.has_request {
            seen.request_preview = told(&REQUESTS, Role::User);
        }
        if !held.has_response {
            seen.response_preview = told(&RESPONSES, Role::Assistant);
        }
    }
    let metadata =
        [(key::SESSION, first_said(spans, &SESSIONS)), (key::USER, first_said(spans, &["user.id"]))];
    let metadata =
        metadata.into_iter().filter_map(|(key, value)| Some(Tag { key: key.to_owned(), value: value? }));
    seen.first_metadata = pairs(metadata.collect());
    seen
}

/// What the first step says that has one of these attributes, unless it says nothing.
fn first_said(spans: &[Span], keys: &[&str]) -> Option<String> {
    let value = spans.iter().find_map(|span| keys.iter().find_map(|key| span.attribute(key)))?;
    Some(plain(value)).filter(|said| !said.is_empty())
}

/// A text as it is, without the quotes that it may come with, and what is none as JSON.
fn plain(value: &AttributeValue) -> String {
    match (value, unwrapped(value).as_ref()) {
        (AttributeValue::Text(_), AttributeValue::Text(said)) => said.clone(),
        (AttributeValue::Text(json), _) => json.clone(),
        (other, _) => dumped(other),
    }
}

/// Those of the pairs that can be tags: programs of others know no limits of ours. Neither database has a place for NUL.
fn pairs(pairs: Vec<Tag>) -> Vec<Tag> {
    let fits = |pair: &Tag| {
        name::check_tag_key(&pair.key, "key").is_ok()
            && !pair.key.is_empty()
            && !key::SERVERS_OWN.contains(&pair.key.as_str())
    };
    let mut pairs: Vec<Tag> = pairs.into_iter().filter(fits).collect();
    pairs.truncate(100);
    for pair in &mut pairs {
        pair.value = pair.value.replace('\0', "\u{FFFD}");
    }
    checked_pairs(pairs, "tags").unwrap_or_default()
}
