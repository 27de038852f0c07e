//! Ingest: how what a client logs becomes durable.
//!
//! All logging goes through one writer task. It takes whatever requests have gathered while the last transaction was on
//! its way to the disk, writes them as one transaction (group commit), and then answers them all: an answer means that
//! the data will survive. A request is stored whole or not at all. When more requests wait than the queue holds, new
//! ones are refused at once with `RESOURCE_EXHAUSTED`, which clients answer by trying again.

use crate::{
    Acting,
    error::{Error, Result},
    gate::{Edit, RunGrant},
    store::{
        self, Db, Tx,
        metric::{Bounds, ModelPoint, NewPoints},
    },
};
use model::{
    Code, Problem, RunId,
    metric::{MetricSummary, Point},
    name::{self, limit},
    run::{LogBatch, Param},
};
use std::collections::{BTreeMap, HashMap, HashSet};
use tokio::sync::{mpsc, oneshot};

/// Requests that may wait for the writer.
const QUEUE: usize = 4096;
/// Requests written as one transaction, at most.
const GROUP: usize = 512;

struct Request {
    run: RunGrant<Edit>,
    batch: LogBatch,
    reply: oneshot::Sender<Result<()>>,
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
}

impl Writer {
    /// Starts the task. It ends when the last way to it is gone.
    pub fn start(db: Db) -> Self {
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
                write_group(&db, group).await;
                for done in drained {
                    let _ = done.send(());
                }
            }
        });
        Self { queue }
    }

    async fn write(&self, run: RunGrant<Edit>, batch: LogBatch) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        let request = Message::Write(Box::new(Request { run, batch, reply }));
        self.queue.try_send(request).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => {
                Problem::new(Code::ResourceExhausted, "The server is busy writing. Try again in a moment.")
            }
            mpsc::error::TrySendError::Closed(_) => {
                Problem::new(Code::TemporarilyUnavailable, "The server is shutting down.")
            }
        })?;
        answer.await.map_err(|_| Error::Fault("the writer stopped before it answered".into()))?
    }

    /// Waits until all that was handed over before is written.
    pub async fn drain(&self) {
        let (done, wait) = oneshot::channel();
        if self.queue.send(Message::Drain(done)).await.is_ok() {
            let _ = wait.await;
        }
    }
}

/// Writes requests as one transaction and answers them. If that fails as a whole, each is tried alone, so that one bad
/// request doesn't take the others with it.
async fn write_group(db: &Db, group: Vec<Request>) {
    if group.is_empty() {
        return;
    }
    match try_write(db, &group).await {
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
                let alone = try_write(db, std::slice::from_ref(&request)).await;
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

/// One outcome for each request, in order; an error if nothing was written.
async fn try_write(db: &Db, group: &[Request]) -> Result<Vec<Result<()>>> {
    // Runs in the order of their ids, so that two processes never wait for each other's locks in a circle.
    let mut by_run: BTreeMap<RunId, Vec<usize>> = BTreeMap::new();
    for (index, request) in group.iter().enumerate() {
        by_run.entry(request.run.id()).or_default().push(index);
    }
    let mut outcomes: Vec<Result<()>> = group.iter().map(|_| Ok(())).collect();
    let mut tx = db.begin().await?;
    for (run, indexes) in by_run {
        let key = run.0.as_u64_pair();
        tx.lock((key.0 ^ key.1).cast_signed()).await?;
        let requests: Vec<_> = indexes.iter().map(|index| &group[*index]).collect();
        let written = write_run(&mut tx, &requests).await?;
        for (index, outcome) in indexes.into_iter().zip(written) {
            outcomes[index] = outcome;
        }
    }
    tx.commit().await?;
    Ok(outcomes)
}

/// Writes requests to one run, in order. A request that breaks a rule adds nothing and gets its error.
async fn write_run(tx: &mut Tx, requests: &[&Request]) -> Result<Vec<Result<()>>> {
    let Some(run) = requests.first().map(|request| &request.run) else { return Ok(Vec::new()) };

    let keys: HashSet<&str> =
        requests.iter().flat_map(|request| &request.batch.params).map(|param| param.key.as_str()).collect();
    let mut params = Params::default();
    if !keys.is_empty() {
        params.stored = store::param::values_of(tx, run, &keys.into_iter().collect::<Vec<_>>()).await?;
    }
    let outcomes: Vec<Result<()>> =
        requests.iter().map(|request| params.add(run.id(), &request.batch.params)).collect();
    store::param::insert(tx, run, &params.new).await?;

    let accepted: Vec<&LogBatch> = requests
        .iter()
        .zip(&outcomes)
        .filter(|(_, outcome)| outcome.is_ok())
        .map(|(request, _)| &request.batch)
        .collect();
    write_metrics(tx, run, &accepted).await?;

    // Of tags with the same key the last one stays.
    let mut tags = BTreeMap::new();
    for tag in accepted.iter().flat_map(|batch| &batch.tags) {
        tags.insert(tag.key.as_str(), tag);
    }
    let tags: Vec<_> = tags.into_values().cloned().collect();
    if !tags.is_empty() {
        store::run::set_tags(tx, run, &tags).await?;
    }
    Ok(outcomes)
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

async fn write_metrics(tx: &mut Tx, run: &RunGrant<Edit>, batches: &[&LogBatch]) -> Result<()> {
    let mut incoming: BTreeMap<&str, Vec<Point>> = BTreeMap::new();
    for metric in batches.iter().flat_map(|batch| &batch.metrics) {
        incoming.entry(&metric.key).or_default().push(metric.point);
    }
    let keys: Vec<&str> = incoming.keys().copied().collect();
    let mut summaries = store::metric::summaries_of(tx, run, &keys).await?;
    let mut appended = Vec::with_capacity(incoming.len());
    for (key, points) in incoming {
        let known = summaries.remove(key);
        let points = new_points(tx, run, key, points, known.as_ref()).await?;
        if let Some(summary) = extended(key, known, &points) {
            appended.push(NewPoints { summary, points });
        }
    }
    store::metric::append(tx, run, &appended).await?;
    for metric in batches.iter().flat_map(|batch| &batch.metrics) {
        if let Some(model) = metric.model {
            let measured =
                ModelPoint { model, key: &metric.key, dataset: metric.dataset.as_ref(), point: metric.point };
            store::metric::add_to_model(tx, run, &measured).await?;
        }
    }
    Ok(())
}

/// The points that the metric doesn't have yet, each once: a point logged twice is one point, so that a client may try
/// again. Segments are read only if the new points reach into the range of the old ones.
async fn new_points(
    tx: &mut Tx,
    run: &RunGrant<Edit>,
    key: &str,
    points: Vec<Point>,
    known: Option<&MetricSummary>,
) -> Result<Vec<Point>> {
    let range = |of: fn(&Point) -> i64| {
        let values = points.iter().map(of);
        (values.clone().min().unwrap_or_default(), values.max().unwrap_or_default())
    };
    let bounds = Bounds { steps: range(|point| point.step), times: range(|point| point.timestamp) };
    let mut seen: HashSet<Point> = HashSet::with_capacity(points.len());
    let overlaps = known.is_some_and(|known| {
        bounds.steps.0 <= known.last_step
            && bounds.steps.1 >= known.first_step
            && bounds.times.0 <= known.last_time
            && bounds.times.1 >= known.first_time
    });
    if overlaps {
        seen.extend(store::metric::points(tx, run, key, bounds).await?);
    }
    Ok(points.into_iter().filter(|point| seen.insert(*point)).collect())
}

/// The summary with the new points in it; `None` if there are none.
fn extended(key: &str, known: Option<MetricSummary>, points: &[Point]) -> Option<MetricSummary> {
    let (first, rest) = points.split_first()?;
    let mut summary = match known {
        Some(mut summary) => {
            summary.add(*first);
            summary
        }
        None => MetricSummary::of(key, *first),
    };
    for point in rest {
        summary.add(*point);
    }
    Some(summary)
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
    for (index, metric) in batch.metrics.iter().enumerate() {
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
        param.value.truncate(name::cut_param_value(&param.value).len());
    }
    for (index, tag) in batch.tags.iter_mut().enumerate() {
        name::check_tag_key(&tag.key, &format!("tags[{index}].key"))?;
        tag.value.truncate(name::cut_run_tag_value(&tag.value).len());
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
