use super::Fault;
use leptos::prelude::*;
use model::{
    ExperimentId, ViewId,
    view::{NewView, SavedView},
};
use server_fn::codec::Postcard;

/// The saved views of an experiment that the caller has.
#[server(prefix = "/ui", endpoint = "list_views", input = Postcard, output = Postcard)]
pub async fn list_views(experiment: ExperimentId) -> Result<Vec<SavedView>, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.list_views(experiment).await.map_err(fault)
}

/// Saves a view in the place of an own one with the same name.
#[server(prefix = "/ui", endpoint = "save_view", input = Postcard, output = Postcard)]
pub async fn save_view(experiment: ExperimentId, view: NewView) -> Result<SavedView, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.save_view(experiment, view).await.map_err(fault)
}

/// Deletes a view.
#[server(prefix = "/ui", endpoint = "delete_view", input = Postcard, output = Postcard)]
pub async fn delete_view(experiment: ExperimentId, id: ViewId) -> Result<(), Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.delete_view(experiment, id).await.map_err(fault)
}
