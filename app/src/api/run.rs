use super::Fault;
use leptos::prelude::*;
use model::{
    ExperimentId, RunId,
    curve::{Curve, CurveRequest},
    page::{self, Comparison, KeysFound, RunsChange, RunsChanged, RunsPage, RunsQuery},
};
use server_fn::codec::Postcard;

/// A part of the runs table of an experiment.
#[server(prefix = "/ui", endpoint = "list_runs", input = Postcard, output = Postcard)]
pub async fn list_runs(experiment: ExperimentId, query: RunsQuery) -> Result<RunsPage, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.list_runs(experiment, &query).await.map_err(fault)
}

/// Runs of all experiments, newest first; `after` is from the page before.
#[server(prefix = "/ui", endpoint = "list_all_runs", input = Postcard, output = Postcard)]
pub async fn list_all_runs(filter: String, after: String) -> Result<page::AllRuns, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.list_all_runs(&filter, &after).await.map_err(fault)
}

/// Keys of metrics, params and tags in an experiment that contain a text; some of them if there are very many.
#[server(prefix = "/ui", endpoint = "search_keys", input = Postcard, output = Postcard)]
pub async fn search_keys(experiment: ExperimentId, text: String) -> Result<KeysFound, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.find_keys(experiment, &text).await.map_err(fault)
}

/// A run with all it logged but the histories.
#[server(prefix = "/ui", endpoint = "run_page", input = Postcard, output = Postcard)]
pub async fn run_page(run: RunId) -> Result<page::RunPage, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.run_page(run).await.map_err(fault)
}

/// Runs side by side.
#[server(prefix = "/ui", endpoint = "compare_runs", input = Postcard, output = Postcard)]
pub async fn compare_runs(runs: Vec<String>) -> Result<Comparison, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.compare_runs(&runs).await.map_err(fault)
}

/// The curves of one metric.
#[server(prefix = "/ui", endpoint = "curves", input = Postcard, output = Postcard)]
pub async fn curves(request: CurveRequest) -> Result<Vec<Curve>, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.curves(&request).await.map_err(fault)
}

/// The runs of a table, in its order, up to a bound.
#[server(prefix = "/ui", endpoint = "matching_runs", input = Postcard, output = Postcard)]
pub async fn matching_runs(experiment: ExperimentId, query: RunsQuery) -> Result<Vec<RunId>, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.matching_runs(experiment, &query).await.map_err(fault)
}

/// Does something to runs; what is refused for one is done to the others.
#[server(prefix = "/ui", endpoint = "change_runs", input = Postcard, output = Postcard)]
pub async fn change_runs(runs: Vec<RunId>, change: RunsChange) -> Result<RunsChanged, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.change_runs(&runs, &change).await.map_err(fault)
}
