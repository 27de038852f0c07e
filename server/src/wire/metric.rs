//! `/mlflow/metrics/…`: histories.

use super::{
    Answer,
    answer::{self, Reply},
    args::Args,
    encode::Double,
    run::run_id,
};
use domain::{Acting, metric::Keep};
use futures::stream;
use model::{Code, Problem, RunId, metric::Point, name::limit};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};

/// Runs of one call.
const MOST_RUNS: usize = 100;
/// Points of one run that `get-history-bulk-interval` answers.
const MOST_SAMPLES: usize = 2500;
/// Points of all runs together that `get-history-bulk` answers.
const MOST_POINTS: usize = 25_000;
/// Runs whose histories `get-history-bulk` reads at once: the points of the first ones are often enough.
const RUNS_AT_ONCE: usize = 8;

/// How a double that is no number is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Words {
    /// As text, as protobuf's JSON has it.
    Quoted,
    /// As Python's JSON has it.
    Bare,
}

/// Writes the points of one history; what is the same in all of them is written once.
struct Points {
    head: String,
    words: Words,
}

impl Points {
    fn of(key: &str, run: Option<RunId>, words: Words) -> Self {
        let run = run.map(|run| format!("\"run_id\":\"{run}\",")).unwrap_or_default();
        Self { head: format!("{{\"key\":{},{run}\"step\":", Value::from(key)), words }
    }

    fn write(&self, point: &Point, out: &mut Vec<u8>) {
        out.extend_from_slice(self.head.as_bytes());
        answer::write(&point.step, out);
        out.extend_from_slice(b",\"timestamp\":");
        answer::write(&point.timestamp, out);
        out.extend_from_slice(b",\"value\":");
        let value = Double(point.value);
        match value.word() {
            Some(word) if self.words == Words::Bare => out.extend_from_slice(word.as_bytes()),
            _ => answer::write(&value, out),
        }
        out.push(b'}');
    }
}

/// `get-history`: all of it while it is read, or a page.
pub async fn history(acting: Acting, args: Args) -> Answer<Reply> {
    match find_history(&acting, &args).await {
        // MLflow's rule: a run that isn't there has no history.
        Err(error) if error.0.code == Code::ResourceDoesNotExist => Ok(Reply::EMPTY),
        answer => answer,
    }
}

async fn find_history(acting: &Acting, args: &Args) -> Answer<Reply> {
    let key = args.required("metric_key")?;
    let most = i64::from(limit::PAGE_RUNS);
    let wanted = match args.int("max_results")? {
        None => None,
        Some(wanted) if wanted > 0 => Some(wanted.min(most).unsigned_abs()),
        Some(wanted) => {
            return Err(Problem::invalid(format!(
                "Invalid value {wanted} for parameter 'max_results' supplied. It must be a positive integer"
            ))
            .into());
        }
    };
    let run = run_id(args)?;
    let token = args.text_or_empty("page_token")?;
    let points = Points::of(key, None, Words::Quoted);
    if wanted.is_none() && token.is_empty() {
        let parts = acting.metric_history_stream(run, key).await?;
        return answer::list("metrics", parts, None, move |point, out| points.write(point, out)).await;
    }
    let page = acting.metric_history(run, key, wanted, token).await?;
    Ok(answer::page("metrics", &page.items, page.next, |point, out| points.write(point, out)))
}

/// `get-history-bulk-interval`: of each run points that stand for the rest, in the order of the runs, then by step.
pub async fn bulk_interval(acting: Acting, args: Args) -> Answer<Reply> {
    let named = args.texts("run_ids")?;
    if named.is_empty() {
        return Err(args.missing("run_ids").into());
    }
    if named.len() > MOST_RUNS {
        return Err(args.hinted(format!(
            "GetMetricHistoryBulkInterval request must specify at most {MOST_RUNS} run_ids. Received {} run_ids.",
            named.len()
        )).into());
    }
    let key = args.required("metric_key")?;
    let (start, end) = (args.int("start_step")?, args.int("end_step")?);
    let most = match args.int("max_results")? {
        None => MOST_SAMPLES,
        Some(wanted) => usize::try_from(wanted)
            .ok()
            .filter(|wanted| (1..=MOST_SAMPLES).contains(wanted))
            .ok_or_else(|| args.hinted(format!("max_results must be between 1 and {MOST_SAMPLES}.")))?,
    };
    let steps = match (start, end) {
        (None, None) => None,
        (Some(start), Some(end)) if start <= end => Some((start, end)),
        (Some(start), Some(end)) => {
            return Err(Problem::invalid(format!(
                "end_step must be greater than start_step. Found start_step={start} and end_step={end}."
            ))
            .into());
        }
        _ => {
            let message = "If either start step or end step are specified, both must be specified.";
            return Err(Problem::invalid(message).into());
        }
    };
    let runs: Vec<RunId> = named.iter().filter_map(|run| run.parse().ok()).collect();
    let wanted: Vec<RunId> = runs.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let histories: HashMap<RunId, Vec<Point>> =
        acting.metric_histories(&wanted, key, steps, Keep::Evenly(most)).await?.into_iter().collect();
    // A run that is named twice is answered twice.
    let parts = runs.into_iter().filter_map(move |run| Some((run, histories.get(&run)?.clone())));
    let parts = parts.filter(|(_, points)| !points.is_empty()).map(|part| Ok(vec![part]));
    let key = key.to_owned();
    // All of it as text is many times as large as the points.
    answer::list("metrics", stream::iter(parts), None, move |(run, history), out| {
        let points = Points::of(&key, Some(*run), Words::Quoted);
        for (place, point) in history.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            points.write(point, out);
        }
    })
    .await
}

/// `get-history-bulk`, which MLflow's own pages ask: the first points of all runs together, by run, then in the order of
/// a history.
pub async fn bulk(acting: Acting, args: Args) -> Answer<Reply> {
    let named = args.texts("run_id")?;
    if named.is_empty() {
        let message = "GetMetricHistoryBulk request must specify at least one run_id.";
        return Err(Problem::invalid(message).into());
    }
    if named.len() > MOST_RUNS {
        return Err(Problem::invalid(format!(
            "GetMetricHistoryBulk request cannot specify more than {MOST_RUNS} run_ids. Received {} run_ids.",
            named.len()
        ))
        .into());
    }
    let key = args
        .text("metric_key")?
        .ok_or_else(|| Problem::invalid("GetMetricHistoryBulk request must specify a metric_key."))?;
    let most = match args.int("max_results")? {
        None => MOST_POINTS,
        Some(wanted) => usize::try_from(wanted)
            .map_err(|_| {
                Problem::invalid(format!(
                    "Invalid value {wanted} for parameter 'max_results' supplied. It must not be negative"
                ))
            })?
            .min(MOST_POINTS),
    };
    // Ids sort as their texts do.
    let runs: BTreeSet<RunId> = named.iter().filter_map(|run| run.parse().ok()).collect();
    let runs: Vec<RunId> = runs.into_iter().collect();
    let mut list = answer::Items::of("metrics");
    let mut left = most;
    for some in runs.chunks(RUNS_AT_ONCE) {
        if left == 0 {
            break;
        }
        for (run, history) in acting.metric_histories(some, key, None, Keep::First(left)).await? {
            let points = Points::of(key, Some(run), Words::Bare);
            for point in history.iter().take(left) {
                list.add(point, |point, out| points.write(point, out));
            }
            left -= history.len().min(left);
        }
    }
    // Alone of all lists this one is there even if it is empty.
    Ok(if left == most { Reply::from(json!({ "metrics": [] })) } else { list.done(None) })
}
