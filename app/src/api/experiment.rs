use super::Fault;
use leptos::prelude::*;
use model::{
    ExperimentId,
    page::{self, ExperimentChange, ExperimentRow},
};
use server_fn::codec::Postcard;

/// The experiments that the caller may see and whose names hold the text.
#[server(prefix = "/ui", endpoint = "list_experiments", input = Postcard, output = Postcard)]
pub async fn list_experiments(filter: String) -> Result<Vec<ExperimentRow>, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.list_experiments(&filter).await.map_err(fault)
}

/// An experiment without its runs.
#[server(prefix = "/ui", endpoint = "experiment_head", input = Postcard, output = Postcard)]
pub async fn experiment_head(id: ExperimentId) -> Result<page::ExperimentHead, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.experiment_head(id).await.map_err(fault)
}

/// Renames an experiment, changes what is noted of it, throws it away or takes it back.
#[server(prefix = "/ui", endpoint = "change_experiment", input = Postcard, output = Postcard)]
pub async fn change_experiment(id: ExperimentId, change: ExperimentChange) -> Result<(), Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.change_experiment(id, &change).await.map_err(fault)
}
