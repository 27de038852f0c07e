use super::Fault;
use leptos::prelude::*;
use model::{account::Device, page};
use server_fn::codec::Postcard;

/// Who is signed in.
#[server(prefix = "/ui", endpoint = "viewer", input = Postcard, output = Postcard)]
pub async fn viewer() -> Result<Option<page::Viewer>, Fault> {
    crate::ssr::viewer().await
}

/// What the button says that leads to the identity provider, if there is one.
#[server(prefix = "/ui", endpoint = "provider", input = Postcard, output = Postcard)]
pub async fn provider() -> Result<Option<String>, Fault> {
    crate::ssr::provider().await
}

/// Signs in and goes to `next`. Its arguments are a form's fields, so that it works without scripts.
#[server(prefix = "/ui", endpoint = "sign_in")]
pub async fn sign_in(name: String, password: String, next: String) -> Result<(), Fault> {
    crate::ssr::sign_in(&name, &password, &next).await
}

/// Signs out.
#[server(prefix = "/ui", endpoint = "sign_out")]
pub async fn sign_out() -> Result<(), Fault> {
    crate::ssr::sign_out().await
}

/// Changes the caller's password. Whoever came by a link needn't know the old one.
#[server(prefix = "/ui", endpoint = "set_password", input = Postcard, output = Postcard)]
pub async fn set_password(old: Option<String>, new: String) -> Result<(), Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.set_password(old.as_deref(), &new).await.map_err(fault)
}

/// Whether the caller came by a link.
#[server(prefix = "/ui", endpoint = "came_by_link", input = Postcard, output = Postcard)]
pub async fn came_by_link() -> Result<bool, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.came_by_link().await.map_err(fault)
}

/// Where the caller is signed in.
#[server(prefix = "/ui", endpoint = "list_devices", input = Postcard, output = Postcard)]
pub async fn list_devices() -> Result<Vec<Device>, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.list_devices().await.map_err(fault)
}

/// Signs the caller out somewhere.
#[server(prefix = "/ui", endpoint = "sign_out_device", input = Postcard, output = Postcard)]
pub async fn sign_out_device(id: String) -> Result<(), Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.sign_out_device(&id).await.map_err(fault)
}

/// Signs the caller out everywhere but here.
#[server(prefix = "/ui", endpoint = "sign_out_elsewhere", input = Postcard, output = Postcard)]
pub async fn sign_out_elsewhere() -> Result<(), Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.sign_out_elsewhere().await.map_err(fault)
}
