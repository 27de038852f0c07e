use super::Fault;
use leptos::prelude::*;
use model::page;
use server_fn::codec::Postcard;

/// Who is signed in.
#[server(prefix = "/ui", endpoint = "viewer", input = Postcard, output = Postcard)]
pub async fn viewer() -> Result<Option<page::Viewer>, Fault> {
    crate::ssr::viewer().await
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

/// Changes the caller's password.
#[server(prefix = "/ui", endpoint = "set_password", input = Postcard, output = Postcard)]
pub async fn set_password(old: String, new: String) -> Result<(), Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.set_password(&old, &new).await.map_err(fault)
}
