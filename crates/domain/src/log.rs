//! Ingest: how what a client logs becomes durable.
//!
//! All logging goes through one writer task. It takes whatever requests have gathered while the last transaction was on
//! its way to the disk, writes them as one transaction (group commit), and then answers them all: an answer means that
//! the data will survive. A request is stored whole or not at all. When more requests wait than the queue holds, new
//! ones are refused at once with `RESOURCE_EXHAUSTED`, which clients answer by trying again. What becomes of the points then
//! is in [`crate::metric`].

use crate::{
    Acting,
    error::{Error, Result},
    gate::{Edit, RunGrant},
    live::Live,
    metric::{block, upkeep::Upkeep},
    store::{self, Db, Tx, block::NewBlock, metric::ModelPoint},
};
use model::{
    Code, Problem, RunId,
    name::{self, limit},
    run::{LogBatch, MetricInput, Param, Tag, tag::RUN_NAME},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// Requests that may wait for the writer.
const QUEUE: usize = 4096;
/// Memory that requests may take which wait for the writer or are being written.
const QUEUED_BYTES: usize = 66_000_000;
/// Requests written as one transaction, at most.
const GROUP: usize = 512;

struct Request {
    run: RunGrant<Edit>,
    batch: LogBatch,
    reply: oneshot::Sender<Result<()>>,
    /// Makes room in the queue when the request is done.
    _room: OwnedSemaphorePermit,
}

enum Message {
    Write(Box<Request>),
    /// Answered when all before it is written.
    Drain(oneshot::Sender<()>),
}

/// The way to the writer task.
#[derive(Clone)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Message>,
    room: Arc<Semaphore>,
}

impl Writer {
    /// Starts the task. It ends when the last way to it is gone.
    pub fn start(db: Db, upkeep: Upkeep, live: Live) -> Self {
        let (queue, mut incoming) = mpsc::channel(QUEUE);
        tokio::spawn(async move {
            let mut messages = Vec::with_capacity(GROUP);
            while incoming.recv_many(&mut messages, GROUP).await > 0 {
                let mut group = Vec::new();
                let mut drained = Vec::new();
                for message in messages.drain(..) {
                    match message {
                        Message::Write(request) => group.push(*request),
                        Message::Drain(done) => drained.push(done),
                    }
                }
                write_group(Ways { db: &db, upkeep: &upkeep, live: &live }, group).await;
                for done in drained {
                    let _ = done.send(());
                }
            }
        });
        Self { queue, room: Arc::new(Semaphore::new(QUEUED_BYTES)) }
    }

    /// Hands over what is to be logged to a run, and waits until it is durable.
    pub async fn write(&self, run: RunGrant<Edit>, batch: LogBatch) -> Result<()> {
        let full =
            || Problem::new(Code::ResourceExhausted, "The server is busy writing. Try again in a moment.");
        let size = u32::try_from(size_of_batch(&batch)).unwrap_or(u32::MAX);
        let room = self.room.clone().try_acquire_many_owned(size).map_err(|_| full())?;
        let (reply, answer) = oneshot::channel();
        let request = Message::Write(Box::new(Request { run, batch, reply, _room: room }));
        self.queue.try_send(request).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => full(),
            mpsc::error::TrySendError::Closed(_) => {
                Problem::new(Code::TemporarilyUnavailable, "The server is shutting down.")
            }
        })?;
        answer.await.map_err(|_| Error::Fault("the writer stopped before it answered".into()))?
    }

    /// Bytes of requests that wait to be written, and how many may.
    pub fn waiting(&self) -> (u64, u64) {
        let most = QUEUED_BYTES as u64;
        (most.saturating_sub(self.room.available_permits() as u64), most)
    }

    /// Waits until all that was handed over before is written.
    pub async fn drain(&self) {
        let (done, wait) = oneshot::channel();
        if self.queue.send(Message::Drain(done)).await.is_ok() {
            let _ = wait.await;
        }
    }
}

/// Bytes of memory that a batch takes, about.
fn size_of_batch(batch: &LogBatch) -> usize {
    let metrics = batch.metrics.iter().map(|metric| {
        let dataset = metric.dataset.as_ref().map_or(0, |(name, digest)| name.capacity() + digest.capacity());
        metric.key.capacity() + dataset
    });
    let params = batch.params.iter().map(|param| param.key.capacity() + param.value.capacity());
    let tags = batch.tags.iter().map(|tag| tag.key.capacity() + tag.value.capacity());
    let lists = batch.metrics.capacity() * size_of::<MetricInput>()
        + batch.params.capacity() * size_of::<Param>()
        + batch.tags.capacity() * size_of::<Tag>();
    lists + metrics.chain(params).chain(tags).sum::<usize>()
}

/// Where what is written goes, and who hears of it.
#[derive(Clone, Copy)]
struct Ways<'a> {
    db: &'a Db,
    upkeep: &'a Upkeep,
    live: &'a Live,
}

/// Writes requests as one transaction and answers them. If that fails as a whole, each is tried alone, so that one bad
/// request doesn't take the others with it.
async fn write_group(ways: Ways<'_>, group: Vec<Request>) {
    if group.is_empty() {
        return;
    }
    match try_write(ways, &group).await {
        Ok(outcomes) => {
            for (request, outcome) in group.into_iter().zip(outcomes) {
                // Whoever hung up doesn't hear that it worked.
                let _ = request.reply.send(outcome);
            }
        }
        // One of them may have brought something that can't be stored: the others shall not suffer for it. Only where the
        // database is out of reach would trying each alone just keep everybody waiting.
        Err(error) if group.len() > 1 && !error.is_out_of_reach() => {
            tracing::warn!(%error, requests = group.len(), "a group of log requests failed; trying each alone");
            for request in group {
                let alone = try_write(ways, std::slice::from_ref(&request)).await;
                let outcome = alone.and_then(|outcomes| outcomes.into_iter().next().unwrap_or(Ok(())));
                let _ = request.reply.send(outcome);
            }
        }
        Err(error) => {
            let problem = Problem::from(error);
            for request in group {
                let _ = request.reply.send(Err(problem.clone().into()));
            }
        }
    }
}

/// Whether rows that carry the experiment of the run come of it.
fn is_tied(batch: &LogBatch) -> bool {
    let is_measured = || batch.metrics.iter().any(|metric| metric.model.is_some());
    !batch.params.is_empty() || !batch.tags.is_empty() || is_measured()
}

/// One outcome for each request, in order; an error if nothing was written.
async fn try_write(ways: Ways<'_>, group: &[Request]) -> Result<Vec<Result<()>>> {
    // Runs in the order of their ids, so that two processes never wait for each other's locks in a circle.
    let mut by_run: BTreeMap<RunId, Vec<usize>> = BTreeMap::new();
    for (index, request) in group.iter().enumerate() {
        by_run.entry(request.run.id()).or_default().push(index);
    }
    let mut outcomes: Vec<Result<()>> = group.iter().map(|_| Ok(())).collect();
    let mut blocks = Vec::new();
    let mut tx = ways.db.begin().await?;
    // Points alone don't carry the experiment: it comes when they are folded.
    let tied: BTreeSet<RunId> =
        group.iter().filter(|one| is_tied(&one.batch)).map(|one| one.run.id()).collect();
    let held = store::run::hold(&mut tx, &tied.into_iter().collect::<Vec<_>>()).await?;
    let now = |run: &RunGrant<Edit>| held.get(&run.id()).copied().unwrap_or(run.experiment);
    for indexes in by_run.values() {
        let requests: Vec<_> = indexes.iter().map(|index| &group[*index]).collect();
        let Some(granted) = requests.first().map(|request| &request.run) else { continue };
        let run = &granted.clone().now_in(now(granted));
        for (index, outcome) in indexes.iter().zip(write_params(&mut tx, run, &requests).await?) {
            outcomes[*index] = outcome;
        }
        let accepted: Vec<&LogBatch> = indexes
            .iter()
            .filter(|index| outcomes[**index].is_ok())
            .map(|index| &group[*index].batch)
            .collect();
        write_tags(&mut tx, run, &accepted).await?;
        let mut points = block::Builder::default();
        for metric in accepted.iter().flat_map(|batch| &batch.metrics) {
            points.push(&metric.key, metric.point);
            if let Some(model) = metric.model {
                let measured = ModelPoint {
                    model,
                    key: &metric.key,
                    dataset: metric.dataset.as_ref(),
                    point: metric.point,
                };
                store::metric::add_to_model(&mut tx, run, &measured).await?;
            }
        }
        if points.count() > 0 {
            blocks.push(NewBlock { run: granted, count: points.count(), data: points.pack() });
        }
    }
    let written: Vec<(RunId, usize)> = blocks.iter().map(|block| (block.run.id(), block.count)).collect();
    // Last, because from here on other processes that log to these runs wait.
    store::block::append(&mut tx, blocks).await?;
    tx.commit().await?;
    for (run, points) in written {
        ways.upkeep.was_logged_to(run, points);
    }
    for request in group {
        ways.live.touch(now(&request.run), request.run.id());
    }
    Ok(outcomes)
}

/// Writes the params of requests to one run, in order. A request that changes one is refused as a whole.
async fn write_params(tx: &mut Tx, run: &RunGrant<Edit>, requests: &[&Request]) -> Result<Vec<Result<()>>> {
    let keys: HashSet<&str> =
        requests.iter().flat_map(|request| &request.batch.params).map(|param| param.key.as_str()).collect();
    let mut params = Params::default();
    if !keys.is_empty() {
        // Between the look at the old values and the end of the transaction nobody else may add some.
        store::run::lock(tx, run).await?;
        params.stored = store::param::values_of(tx, run, &keys.into_iter().collect::<Vec<_>>()).await?;
    }
    let outcomes = requests.iter().map(|request| params.add(run.id(), &request.batch.params)).collect();
    store::param::insert(tx, run, &params.new).await?;
    Ok(outcomes)
}

/// Of tags with the same key the last one stays. An empty name is none: the run keeps the one it has, as with MLflow.
async fn write_tags(tx: &mut Tx, run: &RunGrant<Edit>, batches: &[&LogBatch]) -> Result<()> {
    let mut tags = BTreeMap::new();
    for tag in batches.iter().flat_map(|batch| &batch.tags) {
        if tag.key != RUN_NAME || !tag.value.is_empty() {
            tags.insert(tag.key.as_str(), tag);
        }
    }
    let tags: Vec<_> = tags.into_values().cloned().collect();
    if tags.is_empty() { Ok(()) } else { store::run::set_tags(tx, run, &tags).await }
}

/// Params are written once: the stored ones, and those that requests of this group add.
#[derive(Default)]
struct Params<'a> {
    stored: BTreeMap<String, String>,
    new: BTreeMap<&'a str, &'a str>,
}

impl<'a> Params<'a> {
    fn add(&mut self, run: RunId, params: &'a [Param]) -> Result<()> {
        let mut changed = Vec::new();
        let mut fresh = Vec::new();
        for param in params {
            let known = self.stored.get(&param.key).map(String::as_str);
            match known.or_else(|| self.new.get(param.key.as_str()).copied()) {
                None => fresh.push((param.key.as_str(), param.value.as_str())),
                Some(value) if value == param.value => {}
                Some(value) => changed.push((param, value.to_owned())),
            }
        }
        if changed.is_empty() {
            self.new.extend(fresh);
            return Ok(());
        }
        Err(Error::invalid(changed_params_message(run, &changed, params.len() == 1)))
    }
}

/// MLflow's words: one message for `log-parameter`, another for batches.
fn changed_params_message(run: RunId, changed: &[(&Param, String)], single: bool) -> String {
    if let ([(param, old)], true) = (changed, single) {
        return format!(
            "Changing param values is not allowed. Param with key='{}' was already logged with value='{old}' for run ID='{run}'. Attempted logging new value '{}'.",
            param.key, param.value
        );
    }
    let list: Vec<String> = changed
        .iter()
        .map(|(param, old)| {
            format!("{{'key': '{}', 'old_value': '{old}', 'new_value': '{}'}}", param.key, param.value)
        })
        .collect();
    format!(
        "Changing param values is not allowed. Params were already logged='[{}]' for run ID='{run}'.",
        list.join(", ")
    )
}

/// Cuts a text to its beginning, and gives back what the rest took.
fn cut(text: &mut String, beginning: fn(&str) -> &str) {
    let length = beginning(text).len();
    if length < text.len() {
        text.truncate(length);
        text.shrink_to_fit();
    }
}

fn check_batch(batch: &mut LogBatch) -> Result<()> {
    let too_many = |what: &str, most: usize, got: usize| {
        Error::invalid(format!(
            "A batch logging request can contain at most {most} {what}. Got {got} {what}. Please split up {what} across multiple requests and try again."
        ))
    };
    let (metrics, params, tags) = (batch.metrics.len(), batch.params.len(), batch.tags.len());
    for (what, most, got) in [
        ("metrics", limit::BATCH_METRICS, metrics),
        ("params", limit::BATCH_PARAMS, params),
        ("tags", limit::BATCH_TAGS, tags),
        ("metrics, params, and tags", limit::BATCH_ITEMS, metrics + params + tags),
    ] {
        if got > most {
            return Err(too_many(what, most, got));
        }
    }
    for (index, metric) in batch.metrics.iter_mut().enumerate() {
        // One NaN is like another; there is no telling them apart later.
        if metric.point.value.is_nan() {
            metric.point.value = f64::NAN;
        }
        name::check_metric_key(&metric.key, &format!("metrics[{index}].name"))?;
        if metric.point.timestamp < 0 {
            return Err(Error::invalid(format!(
                "Got invalid timestamp {} for metric '{}' (value={}). Timestamp must be a nonnegative long integer (64-bit signed).",
                metric.point.timestamp, metric.key, metric.point.value
            )));
        }
    }
    for (index, param) in batch.params.iter_mut().enumerate() {
        name::check_param_key(&param.key, &format!("params[{index}].key"))?;
        cut(&mut param.value, name::cut_param_value);
    }
    for (index, tag) in batch.tags.iter_mut().enumerate() {
        name::check_tag_key(&tag.key, &format!("tags[{index}].key"))?;
        cut(&mut tag.value, name::cut_run_tag_value);
    }
    let mut counts: HashMap<&str, u32> = HashMap::new();
    for param in &batch.params {
        *counts.entry(&param.key).or_default() += 1;
    }
    let mut twice: Vec<String> =
        counts.into_iter().filter(|(_, count)| *count > 1).map(|(key, _)| format!("'{key}'")).collect();
    if !twice.is_empty() {
        twice.sort();
        return Err(Error::invalid(format!(
            "Duplicate parameter keys have been submitted: [{}]. Please ensure the request contains only one param value per param key.",
            twice.join(", ")
        )));
    }
    Ok(())
}

impl Acting {
    /// Logs metrics, params and tags to a run. When this returns, they are durable. Needs EDIT.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` for a name, a limit, a changed param or a deleted run; `RESOURCE_EXHAUSTED` when too
    /// much is waiting to be written. In all of them nothing of the batch is stored.
    pub async fn log(&self, run: RunId, mut batch: LogBatch) -> Result<()> {
        let grant = self.run::<Edit>(run).await?.active()?;
        check_batch(&mut batch)?;
        if batch == LogBatch::default() {
            return Ok(());
        }
        self.domain.writer.write(grant, batch).await
    }
}
