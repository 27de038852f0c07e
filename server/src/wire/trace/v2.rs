//! Traces as clients before MLflow 3 know them: they tell of a trace when it begins, and again when it ends.

use super::{read_search, trace_id};
use crate::wire::{
    Answer,
    args::Args,
    encode::{self, Object},
    experiment::{experiment_id, experiment_ids},
    read_tags,
};
use domain::Acting;
use model::{Problem, run::Tag, trace::TraceState};
use serde_json::json;

/// Pairs that come as a list, which may be absent, but not null.
fn listed(args: &mut Args, name: &str) -> Result<Vec<Tag>, Problem> {
    args.not_null(name)?;
    read_tags(args, name)
}

pub async fn start(acting: Acting, mut args: Args) -> Answer {
    let metadata = listed(&mut args, "request_metadata")?;
    let tags = listed(&mut args, "tags")?;
    let time = args.int("timestamp_ms")?.unwrap_or_default();
    let info = acting.begin_trace(experiment_id(&args)?, time, tags, metadata).await?;
    Ok(json!({ "trace_info": encode::trace::info_v2(&info) }))
}

pub async fn end(acting: Acting, mut args: Args) -> Answer {
    let words = [
        ("TRACE_STATUS_UNSPECIFIED", TraceState::Unspecified),
        ("OK", TraceState::Ok),
        ("ERROR", TraceState::Error),
        ("IN_PROGRESS", TraceState::InProgress),
    ];
    let state = args.word("status", &words, 0)?.unwrap_or(TraceState::Unspecified);
    let metadata = listed(&mut args, "request_metadata")?;
    let tags = listed(&mut args, "tags")?;
    let time = args.int("timestamp_ms")?.unwrap_or_default();
    let info = acting.end_trace(trace_id(&args)?, time, state, tags, metadata).await?;
    Ok(json!({ "trace_info": encode::trace::info_v2(&info) }))
}

pub async fn get_info(acting: Acting, args: Args) -> Answer {
    let info = acting.get_trace_info(trace_id(&args)?).await?;
    Ok(json!({ "trace_info": encode::trace::info_v2(&info) }))
}

pub async fn search(acting: Acting, args: Args) -> Answer {
    if !args.has("experiment_ids") {
        return Err(args.missing("experiment_ids").into());
    }
    let page = acting.search_traces(&read_search(&args, experiment_ids(&args)?)?).await?;
    Ok(Object::default()
        .set_list("traces", &page.items, encode::trace::info_v2)
        .set_some("next_page_token", page.next)
        .done())
}
