//! `/mlflow/traces/metrics`

use crate::wire::{
    Answer,
    args::Args,
    encode::{self, Object},
    experiment::experiment_ids,
};
use domain::{Acting, trace::MetricsQuery};
use model::{
    Problem,
    trace::metric::{Aggregation, MetricView},
};

/// Points that are answered if nobody says how many.
const USUAL: i64 = 1_000;

fn aggregation(args: &Args) -> Result<Aggregation, Problem> {
    let words = Aggregation::WORDS.map(|word| (word, word));
    let word = match args.word("aggregation_type", &words, 1)? {
        Some(word) => word,
        // What isn't known is told by what it is.
        None => args.required("aggregation_type")?,
    };
    let percentile = if args.has("percentile_value") { Some(args.double("percentile_value")?) } else { None };
    Aggregation::new(word, percentile)
}

fn view(args: &Args) -> Result<MetricView, Problem> {
    let words = MetricView::ALL.map(|view| (view.name(), view));
    match args.word("view_type", &words, 1)? {
        Some(view) => Ok(view),
        None => Err(Problem::invalid(format!(
            "view_type must be one of ['TRACES', 'SPANS', 'ASSESSMENTS'], got '{}'",
            args.required("view_type")?
        ))),
    }
}

pub async fn query(acting: Acting, mut args: Args) -> Answer {
    for name in ["experiment_ids", "view_type", "metric_name", "aggregations"] {
        if !args.has(name) {
            return Err(args.missing(name).into());
        }
    }
    for name in ["dimensions", "filters"] {
        args.not_null(name)?;
    }
    let aggregations = args.items("aggregations")?;
    if aggregations.is_empty() {
        return Err(args.missing("aggregations").into());
    }
    let query = MetricsQuery {
        experiments: experiment_ids(&args)?,
        view: view(&args)?,
        metric: args.required("metric_name")?.to_owned(),
        aggregations: aggregations.iter().map(aggregation).collect::<Result<_, _>>()?,
        dimensions: args.texts("dimensions")?,
        filters: args.texts("filters")?,
        interval: args.int("time_interval_seconds")?.unwrap_or_default(),
        from: args.int("start_time_ms")?,
        until: args.int("end_time_ms")?,
        max_results: args.int("max_results")?.unwrap_or(USUAL),
    };
    let points = acting.trace_metrics(&query).await?;
    Ok(Object::default()
        .set_list("data_points", &points, |point| encode::trace::metric_point(&query.metric, point))
        .done())
}
