use super::Fault;
use leptos::prelude::*;
use model::{
    AssessmentId, ExperimentId, TraceId,
    page::trace::{self, NewThought, SpanShown, TraceQuestion, TraceWordsQuery, TracesPage, TracesQuery},
    trace::span::SpanId,
};
use server_fn::codec::Postcard;

/// Traces of an experiment or of a run, newest first.
#[server(prefix = "/ui", endpoint = "list_traces", input = Postcard, output = Postcard)]
pub async fn list_traces(query: TracesQuery) -> Result<TracesPage, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.list_traces(&query).await.map_err(fault)
}

/// Keys or values of the newest traces that can stand in a filter of them.
#[server(prefix = "/ui", endpoint = "find_trace_words", input = Postcard, output = Postcard)]
pub async fn find_trace_words(query: TraceWordsQuery) -> Result<Vec<String>, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.find_trace_words(&query).await.map_err(fault)
}

/// A trace with its steps, without what they hold.
#[server(prefix = "/ui", endpoint = "trace_page", input = Postcard, output = Postcard)]
pub async fn trace_page(asked: TraceQuestion) -> Result<trace::TracePage, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.trace_page(&asked).await.map_err(fault)
}

/// A step of a trace in full, or the first one.
#[server(prefix = "/ui", endpoint = "read_span", input = Postcard, output = Postcard)]
pub async fn read_span(trace: TraceId, span: Option<SpanId>) -> Result<Option<SpanShown>, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.read_span(trace, span).await.map_err(fault)
}

/// Deletes traces for good. Answers how many there were.
#[server(prefix = "/ui", endpoint = "delete_traces", input = Postcard, output = Postcard)]
pub async fn delete_traces(experiment: ExperimentId, traces: Vec<TraceId>) -> Result<u64, Fault> {
    use crate::ssr::{acting, fault};
    use domain::trace::TracesToDelete;
    acting().await?.delete_traces(experiment, &TracesToDelete::These(traces), None).await.map_err(fault)
}

/// Says what the caller thinks of a trace.
#[server(prefix = "/ui", endpoint = "assess_trace", input = Postcard, output = Postcard)]
pub async fn assess_trace(trace: TraceId, thought: NewThought) -> Result<(), Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.assess_trace(trace, thought).await.map_err(fault)
}

/// Deletes what was thought of a trace.
#[server(prefix = "/ui", endpoint = "delete_assessment", input = Postcard, output = Postcard)]
pub async fn delete_assessment(trace: TraceId, id: AssessmentId) -> Result<(), Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.delete_assessment(trace, id).await.map_err(fault)
}
