use super::Fault;
use leptos::prelude::*;
use model::{
    ExperimentId, RunId,
    console::{LogPart, LogPiece},
    curve::{Curve, CurveRequest},
    explore::{self, Field, Importance},
    filter::RunField,
    page::{self, AllRunsQuery, Comparison, KeysFound, RunsChange, RunsChanged, RunsPage, RunsQuery},
};
use server_fn::codec::Postcard;

/// A part of the runs table of an experiment.
#[server(prefix = "/ui", endpoint = "list_runs", input = Postcard, output = Postcard)]
pub async fn list_runs(experiment: ExperimentId, query: RunsQuery) -> Result<RunsPage, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.list_runs(experiment, &query).await.map_err(fault)
}

/// Runs of all experiments.
#[server(prefix = "/ui", endpoint = "list_all_runs", input = Postcard, output = Postcard)]
pub async fn list_all_runs(asked: AllRunsQuery) -> Result<page::AllRuns, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.list_all_runs(&asked).await.map_err(fault)
}

/// Keys of metrics, params and tags in an experiment that contain a text; some of them if there are very many.
#[server(prefix = "/ui", endpoint = "search_keys", input = Postcard, output = Postcard)]
pub async fn search_keys(experiment: ExperimentId, text: String) -> Result<KeysFound, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.find_keys(experiment, &text).await.map_err(fault)
}

/// The same of several experiments.
#[server(prefix = "/ui", endpoint = "search_keys_in", input = Postcard, output = Postcard)]
pub async fn search_keys_in(experiments: Vec<ExperimentId>, text: String) -> Result<KeysFound, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.find_keys_in(&experiments, &text).await.map_err(fault)
}

/// The same of the experiments last used that the caller may read.
#[server(prefix = "/ui", endpoint = "search_keys_of_all", input = Postcard, output = Postcard)]
pub async fn search_keys_of_all(text: String) -> Result<KeysFound, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.find_keys_of_all(&text).await.map_err(fault)
}

/// Values of a text of an experiment's runs that contain a text; some of them if there are very many.
#[server(prefix = "/ui", endpoint = "find_values", input = Postcard, output = Postcard)]
pub async fn find_values(
    experiment: ExperimentId,
    field: RunField,
    text: String,
) -> Result<Vec<String>, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.find_values(experiment, &field, &text).await.map_err(fault)
}

/// The same of the experiments last used that the caller may read.
#[server(prefix = "/ui", endpoint = "find_values_of_all", input = Postcard, output = Postcard)]
pub async fn find_values_of_all(field: RunField, text: String) -> Result<Vec<String>, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.find_values_of_all(&field, &text).await.map_err(fault)
}

/// By what the runs of an experiment can be told apart.
#[server(prefix = "/ui", endpoint = "facets", input = Postcard, output = Postcard)]
pub async fn facets(experiment: ExperimentId) -> Result<page::Facets, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.facets(experiment).await.map_err(fault)
}

/// A run with all it logged but the histories.
#[server(prefix = "/ui", endpoint = "run_page", input = Postcard, output = Postcard)]
pub async fn run_page(run: RunId) -> Result<page::RunPage, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.run_page(run).await.map_err(fault)
}

/// What a run comes from and what came of it.
#[server(prefix = "/ui", endpoint = "run_lineage", input = Postcard, output = Postcard)]
pub async fn run_lineage(run: RunId) -> Result<page::RunLineage, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.run_lineage(run).await.map_err(fault)
}

/// The pictures that a run logged at steps.
#[server(prefix = "/ui", endpoint = "logged_images", input = Postcard, output = Postcard)]
pub async fn logged_images(run: RunId) -> Result<model::logged_image::LoggedImages, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.logged_images(run).await.map_err(fault)
}

/// Files of a run that look like console logs.
#[server(prefix = "/ui", endpoint = "run_logs", input = Postcard, output = Postcard)]
pub async fn run_logs(run: RunId) -> Result<Vec<String>, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.run_logs(run).await.map_err(fault)
}

/// A part of a console log.
#[server(prefix = "/ui", endpoint = "read_log", input = Postcard, output = Postcard)]
pub async fn read_log(run: RunId, path: String, part: LogPart) -> Result<LogPiece, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.read_log(run, &path, part).await.map_err(fault)
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

/// Runs that are nested in these, at any depth.
#[server(prefix = "/ui", endpoint = "nested_runs", input = Postcard, output = Postcard)]
pub async fn nested_runs(runs: Vec<RunId>) -> Result<Vec<RunId>, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.nested_runs(&runs).await.map_err(fault)
}

/// What the runs of a table have of some fields, for plots.
#[server(prefix = "/ui", endpoint = "run_values", input = Postcard, output = Postcard)]
pub async fn run_values(
    experiment: ExperimentId,
    query: RunsQuery,
    fields: Vec<Field>,
) -> Result<explore::RunValues, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.run_values(experiment, &query, &fields).await.map_err(fault)
}

/// How much the params of a table's runs have to do with a metric.
#[server(prefix = "/ui", endpoint = "param_importance", input = Postcard, output = Postcard)]
pub async fn param_importance(
    experiment: ExperimentId,
    query: RunsQuery,
    of: Field,
) -> Result<Importance, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.param_importance(experiment, &query, &of).await.map_err(fault)
}
