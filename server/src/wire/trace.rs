//! `/mlflow/traces…` (MLflow 3): see `otlp` for how their steps come.

pub mod assessment;
pub mod metrics;
pub mod otlp;
pub mod v2;

use super::{
    Answer,
    args::Args,
    encode::{self, Object},
    experiment::{experiment_id, experiment_ids},
    run::run_id,
};
use domain::{
    Acting,
    trace::{TraceSearch, TracesToDelete},
};
use model::{
    ExperimentId, Millis, Problem, TraceId,
    run::Tag,
    time::parse_rfc3339,
    trace::{NewTrace, TraceState},
};
use serde_json::json;

/// The id in a text. Those of clients before MLflow 3 have no `tr-`.
pub fn read_id(text: &str) -> Option<TraceId> {
    text.parse().or_else(|_| format!("tr-{text}").parse()).ok()
}

/// A trace's id; `request_id` is its old name. What can't be an id is a trace that isn't there.
fn trace_id(args: &Args) -> Result<TraceId, Problem> {
    let name = if args.has("trace_id") || !args.has("request_id") { "trace_id" } else { "request_id" };
    let text = args.required(name)?;
    read_id(text).ok_or_else(|| Problem::missing(format!("Trace with ID '{text}' not found.")))
}

/// Those of the ids that can be some.
fn trace_ids(args: &Args, name: &str) -> Result<Vec<TraceId>, Problem> {
    Ok(args.texts(name)?.iter().filter_map(|text| read_id(text)).collect())
}

fn time(args: &Args, name: &str) -> Result<Option<Millis>, Problem> {
    let Some(text) = args.text(name)? else { return Ok(None) };
    // Protobuf has one way to write the two letters.
    let time = parse_rfc3339(text).filter(|_| !text.contains(['t', 'z', ' ']));
    time.map(Some).ok_or_else(|| {
        args.hinted(format!("Invalid value \"{text}\" for parameter '{name}' supplied: it is no time."))
    })
}

/// The longest duration of protobuf, in seconds.
const LONGEST: f64 = 315_576_000_000.0;

/// Milliseconds of a duration as protobuf writes it: what is less than one is left out.
fn duration(args: &Args, name: &str) -> Result<Option<i64>, Problem> {
    let Some(text) = args.text(name)? else { return Ok(None) };
    read_duration(text).map(Some).ok_or_else(|| {
        args.hinted(format!("Invalid value \"{text}\" for parameter '{name}' supplied: it is no duration."))
    })
}

fn read_duration(text: &str) -> Option<i64> {
    let number = text.strip_suffix('s')?.trim();
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    // Without an exponent, and with digits before a point.
    let has_digits = whole.parse::<i64>().is_ok() && part.bytes().all(|byte| byte.is_ascii_digit());
    let seconds: f64 = number.parse().ok().filter(|seconds: &f64| has_digits && seconds.abs() <= LONGEST)?;
    let nanos = (seconds.fract() * 1e9).round();
    Some(seconds.trunc() as i64 * 1000 + (nanos / 1e6) as i64)
}

fn optional(args: &Args, name: &str) -> Result<Option<String>, Problem> {
    Ok(args.text(name)?.map(str::to_owned))
}

/// Pairs that come as an object.
fn pairs(args: &Args, name: &str) -> Result<Vec<Tag>, Problem> {
    Ok(args.map(name)?.into_iter().map(|(key, value)| Tag { key, value }).collect())
}

pub async fn start(acting: Acting, mut args: Args) -> Answer {
    if !args.has("trace") {
        return Err(args.missing("trace").into());
    }
    let mut info = args.object("trace")?.object("trace_info")?;
    let text = info.required("trace_id")?;
    let id: TraceId = text.parse().map_err(|_| {
        let what = "A trace ID is 'tr-' and 32 hexadecimal digits in lower case.";
        Problem::invalid(format!("Invalid trace ID '{text}'. {what}"))
    })?;
    let location = info.object("trace_location")?.object("mlflow_experiment")?;
    let words = TraceState::ALL.map(|state| (state.name(), state));
    let assessments = info.items("assessments")?;
    let trace = NewTrace {
        id,
        experiment: experiment_id(&location)?,
        client_request_id: optional(&info, "client_request_id")?,
        request_preview: optional(&info, "request_preview")?,
        response_preview: optional(&info, "response_preview")?,
        request_time: time(&info, "request_time")?.unwrap_or_default(),
        duration: duration(&info, "execution_duration")?,
        state: info.word("state", &words, 0)?.unwrap_or(TraceState::Unspecified),
        tags: pairs(&info, "tags")?,
        metadata: pairs(&info, "trace_metadata")?,
        assessments: assessments.into_iter().map(assessment::read).collect::<Result<_, _>>()?,
    };
    let info = acting.start_trace(trace).await?;
    Ok(json!({ "trace": { "trace_info": encode::trace::info(&info) } }))
}

pub async fn get_info(acting: Acting, args: Args) -> Answer {
    let info = acting.get_trace_info(trace_id(&args)?).await?;
    Ok(json!({ "trace": { "trace_info": encode::trace::info(&info) } }))
}

pub async fn get(acting: Acting, args: Args) -> Answer {
    let trace = acting.get_trace(trace_id(&args)?, args.flag("allow_partial")?).await?;
    Ok(json!({ "trace": encode::trace::trace(&trace) }))
}

/// The experiments to look into, if some are named.
fn asked_experiments(args: &Args) -> Result<Option<Vec<ExperimentId>>, Problem> {
    args.has("experiment_ids").then(|| experiment_ids(args)).transpose()
}

pub async fn batch_get(acting: Acting, args: Args) -> Answer {
    if !args.has("trace_ids") {
        return Err(args.missing("trace_ids").into());
    }
    let (ids, experiments) = (trace_ids(&args, "trace_ids")?, asked_experiments(&args)?);
    let traces = acting.get_traces(&ids, experiments.as_deref()).await?;
    Ok(Object::default().set_list("traces", &traces, encode::trace::trace).done())
}

pub async fn batch_get_infos(acting: Acting, args: Args) -> Answer {
    if !args.has("trace_ids") {
        return Err(args.missing("trace_ids").into());
    }
    let (ids, experiments) = (trace_ids(&args, "trace_ids")?, asked_experiments(&args)?);
    let infos = acting.get_trace_infos(&ids, experiments.as_deref()).await?;
    Ok(Object::default().set_list("trace_infos", &infos, encode::trace::info).done())
}

/// What a search asks; its experiments are told otherwise by each version.
fn read_search(args: &Args, experiments: Vec<ExperimentId>) -> Result<TraceSearch, Problem> {
    Ok(TraceSearch {
        experiments,
        filter: args.text_or_empty("filter")?.to_owned(),
        order_by: args.texts("order_by")?,
        max_results: args.int("max_results")?.unwrap_or(100),
        page_token: args.text_or_empty("page_token")?.to_owned(),
    })
}

pub async fn search(acting: Acting, mut args: Args) -> Answer {
    if !args.has("locations") {
        return Err(args.missing("locations").into());
    }
    let mut experiments = Vec::new();
    for mut location in args.items("locations")? {
        // Other places than experiments are not of this server.
        if location.has("mlflow_experiment") {
            experiments.push(experiment_id(&location.object("mlflow_experiment")?)?);
        }
    }
    let page = acting.search_traces(&read_search(&args, experiments)?).await?;
    Ok(Object::default()
        .set_list("traces", &page.items, encode::trace::info)
        .set_some("next_page_token", page.next)
        .done())
}

pub async fn filter_correlation(acting: Acting, args: Args) -> Answer {
    if !args.has("experiment_ids") {
        return Err(args.missing("experiment_ids").into());
    }
    let experiments = experiment_ids(&args)?;
    let (one, other) = (args.required("filter_string1")?, args.required("filter_string2")?);
    let among = args.text_or_empty("base_filter")?;
    let found = acting.correlate_traces(&experiments, among, one, other).await?;
    let figure = |figure: f64| Some(figure).filter(|figure| !figure.is_nan());
    Ok(Object::default()
        .set_some("npmi", figure(found.npmi()))
        .set_some("npmi_smoothed", figure(found.npmi_smoothed()))
        .set("filter1_count", found.one)
        .set("filter2_count", found.other)
        .set("joint_count", found.both)
        .set("total_count", found.total)
        .done())
}

pub async fn delete(acting: Acting, args: Args) -> Answer {
    let experiment = experiment_id(&args)?;
    let (until, most) = (args.int("max_timestamp_millis")?, args.int("max_traces")?);
    let named = !args.texts("request_ids")?.is_empty();
    let which = match (until, named) {
        (None, false) => {
            return Err(
                Problem::invalid("Either `max_timestamp_millis` or `trace_ids` must be specified.").into()
            );
        }
        (Some(_), true) => {
            return Err(Problem::invalid(
                "Only one of `max_timestamp_millis` and `trace_ids` can be specified.",
            )
            .into());
        }
        (None, true) if most.is_some() => {
            return Err(
                Problem::invalid("`max_traces` can't be specified if `trace_ids` is specified.").into()
            );
        }
        (None, true) => TracesToDelete::These(trace_ids(&args, "request_ids")?),
        (Some(until), false) => TracesToDelete::UpTo(until),
    };
    let deleted = acting.delete_traces(experiment, &which, most).await?;
    Ok(json!({ "traces_deleted": deleted }))
}

pub async fn set_tag(acting: Acting, args: Args) -> Answer {
    let tag = Tag { key: args.required("key")?.to_owned(), value: args.text_or_empty("value")?.to_owned() };
    acting.set_trace_tag(trace_id(&args)?, tag).await?;
    Ok(json!({}))
}

pub async fn delete_tag(acting: Acting, args: Args) -> Answer {
    acting.delete_trace_tag(trace_id(&args)?, args.required("key")?).await?;
    Ok(json!({}))
}

pub async fn link_to_run(acting: Acting, args: Args) -> Answer {
    if !args.has("trace_ids") {
        return Err(args.missing("trace_ids").into());
    }
    acting.link_traces_to_run(run_id(&args)?, &trace_ids(&args, "trace_ids")?).await?;
    Ok(json!({}))
}

pub async fn link_prompts(acting: Acting, mut args: Args) -> Answer {
    let trace = trace_id(&args)?;
    if !args.has("prompt_versions") {
        return Err(args.missing("prompt_versions").into());
    }
    let versions = args
        .items("prompt_versions")?
        .iter()
        .map(|version| Ok((version.required("name")?.to_owned(), version.required("version")?.to_owned())))
        .collect::<Result<Vec<_>, Problem>>()?;
    acting.link_prompts_to_trace(trace, &versions).await?;
    Ok(json!({}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_protobuf() {
        let check = |text, expected| assert_eq!(read_duration(text), expected, "{text:?}");
        check("1.285s", Some(1285));
        check("1.0005s", Some(1000));
        check("-0.5s", Some(-500));
        check("1.s", Some(1000));
        check("315576000000s", Some(315_576_000_000_000));
        for none in ["", "s", "1", ".5s", "1e3s", "1.5.5s", "NaNs", "infs", "315576000001s"] {
            check(none, None);
        }
    }
}
