use super::Fault;
use leptos::prelude::*;
use model::find::{Found, MoveTarget};
use server_fn::codec::Postcard;

/// What the caller may see and has a text in its name: a few of each kind.
#[server(prefix = "/ui", endpoint = "find_anything", input = Postcard, output = Postcard)]
pub async fn find_anything(text: String) -> Result<Found, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.find_anything(&text).await.map_err(fault)
}

/// Experiments that the caller may move runs to and whose names hold the text: a few.
#[server(prefix = "/ui", endpoint = "find_targets", input = Postcard, output = Postcard)]
pub async fn find_targets(text: String) -> Result<Vec<MoveTarget>, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.find_targets(&text).await.map_err(fault)
}
