//! `/mlflow/runs/log-…` and `set-tag`: the doors that training programs knock at most.
//!
//! A body is read by [`plain`] if it looks as clients write it, which is fast; if not, by [`Args`], which takes all the
//! spellings that MLflow takes and says what is wrong. Reading ends before the first wait, so a body is gone from memory
//! while its data is on the way to the disk.

mod plain;

use super::{
    Answer,
    answer::Reply,
    args::Args,
    run::{model_id, run_id},
};
use domain::Acting;
use model::{
    Problem, RunId,
    metric::Point,
    run::{LogBatch, MetricInput, Param},
};

/// What a body says, or what is wrong with it.
pub type Logged = Result<(RunId, LogBatch), Problem>;

/// What `log-batch`, `log-metric`, `log-parameter` and `set-tag` read from a body: at once, where it is plain, and patiently. The two
/// must be the same.
pub fn readings(body: &[u8]) -> [(Option<(RunId, LogBatch)>, Logged); 4] {
    let metrics = |metric| LogBatch { metrics: vec![metric], ..LogBatch::default() };
    let params = |param| LogBatch { params: vec![param], ..LogBatch::default() };
    let tags = |tag| LogBatch { tags: vec![tag], ..LogBatch::default() };
    let args = || Args::of_body(body);
    [
        (plain::batch(body), patient_batch(args())),
        (plain::metric(body).map(|(run, metric)| (run, metrics(metric))), patient_metric(&args())),
        (plain::entry(body).map(|(run, param)| (run, params(param))), patient_parameter(&args())),
        (plain::entry(body).map(|(run, tag)| (run, tags(tag))), patient_tag(&args())),
    ]
}

/// `log-metric`.
pub fn metric(acting: Acting, body: &[u8]) -> impl Future<Output = Answer<Reply>> + use<> {
    write(acting, read_metric(body))
}

/// `log-parameter`.
pub fn parameter(acting: Acting, body: &[u8]) -> impl Future<Output = Answer<Reply>> + use<> {
    write(acting, read_parameter(body))
}

/// `set-tag`.
pub fn tag(acting: Acting, body: &[u8]) -> impl Future<Output = Answer<Reply>> + use<> {
    write(acting, read_tag(body))
}

/// `log-batch`.
pub fn batch(acting: Acting, body: &[u8]) -> impl Future<Output = Answer<Reply>> + use<> {
    write(acting, read_batch(body))
}

async fn write(acting: Acting, logged: Logged) -> Answer<Reply> {
    let (run, batch) = logged?;
    acting.log(run, batch).await?;
    Ok(Reply::EMPTY)
}

fn read_metric(body: &[u8]) -> Logged {
    match plain::metric(body) {
        Some((run, metric)) => Ok((run, LogBatch { metrics: vec![metric], ..LogBatch::default() })),
        None => patient_metric(&Args::of_body(body)),
    }
}

fn read_parameter(body: &[u8]) -> Logged {
    match plain::entry(body) {
        Some((run, param)) => Ok((run, LogBatch { params: vec![param], ..LogBatch::default() })),
        None => patient_parameter(&Args::of_body(body)),
    }
}

fn read_tag(body: &[u8]) -> Logged {
    match plain::entry(body) {
        Some((run, tag)) => Ok((run, LogBatch { tags: vec![tag], ..LogBatch::default() })),
        None => patient_tag(&Args::of_body(body)),
    }
}

fn read_batch(body: &[u8]) -> Logged {
    match plain::batch(body) {
        Some(read) => Ok(read),
        None => patient_batch(Args::of_body(body)),
    }
}

fn patient_metric(args: &Args) -> Logged {
    let batch = LogBatch { metrics: vec![metric_of(args)?], ..LogBatch::default() };
    Ok((run_id(args)?, batch))
}

fn patient_parameter(args: &Args) -> Logged {
    let batch = LogBatch { params: vec![param_of(args)?], ..LogBatch::default() };
    Ok((run_id(args)?, batch))
}

fn patient_tag(args: &Args) -> Logged {
    let batch = LogBatch { tags: vec![param_of(args)?], ..LogBatch::default() };
    Ok((run_id(args)?, batch))
}

fn patient_batch(mut args: Args) -> Logged {
    let run = run_id(&args)?;
    let batch = LogBatch {
        metrics: args.items("metrics")?.iter().map(metric_of).collect::<Result<_, _>>()?,
        params: args.items("params")?.iter().map(param_of).collect::<Result<_, _>>()?,
        tags: args.items("tags")?.iter().map(param_of).collect::<Result<_, _>>()?,
    };
    Ok((run, batch))
}

fn metric_of(args: &Args) -> Result<MetricInput, Problem> {
    let key = args.required("key")?.to_owned();
    let value = args.double("value")?;
    let timestamp = args.int("timestamp")?.ok_or_else(|| args.missing("timestamp"))?;
    let step = args.int("step")?.unwrap_or_default();
    let dataset = match (args.text_or_empty("dataset_name")?, args.text_or_empty("dataset_digest")?) {
        ("", _) => None,
        (name, digest) => Some((name.to_owned(), digest.to_owned())),
    };
    let model = if args.text_or_empty("model_id")?.is_empty() { None } else { Some(model_id(args)?) };
    Ok(MetricInput { key, point: Point { step, timestamp, value }, model, dataset })
}

fn param_of(args: &Args) -> Result<Param, Problem> {
    Ok(Param { key: args.required("key")?.to_owned(), value: args.text_or_empty("value")?.to_owned() })
}

#[cfg(test)]
mod tests;
