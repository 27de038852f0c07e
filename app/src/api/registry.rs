use super::Fault;
use leptos::prelude::*;
use model::{
    ModelId,
    page::{
        self,
        registry::{RegisteredChange, RegistryQuestion},
    },
};
use server_fn::codec::Postcard;

/// What a page of registered models shows.
#[server(prefix = "/ui", endpoint = "registry_page", input = Postcard, output = Postcard)]
pub async fn registry_page(asked: RegistryQuestion) -> Result<page::registry::RegistryPage, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.registry_page(&asked).await.map_err(fault)
}

/// Does something to a registered model or a version of it.
#[server(prefix = "/ui", endpoint = "change_registered", input = Postcard, output = Postcard)]
pub async fn change_registered(name: String, change: RegisteredChange) -> Result<(), Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.change_registered(&name, &change).await.map_err(fault)
}

/// Registers a logged model under a name, and answers the number of the new version.
#[server(prefix = "/ui", endpoint = "register_model", input = Postcard, output = Postcard)]
pub async fn register_model(id: ModelId, name: String) -> Result<i64, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.register_model(id, &name).await.map_err(fault)
}
