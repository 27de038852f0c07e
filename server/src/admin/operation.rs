//! The server as a whole: what takes how much, how it is, what is set.

use super::AdminDesk;
use crate::{
    Wiring,
    desk::{Pairs, one, shown},
};
use axum::{Extension, Form, response::Response};
use domain::Error;
use model::operation::Settings;
use plain::admin::{server, storage};

pub async fn storage(AdminDesk(desk): AdminDesk) -> Response {
    let used = desk.acting.storage_use().await;
    shown(used.map(|used| storage::page(desk.frame, &used)))
}

pub async fn server(AdminDesk(desk): AdminDesk, Extension(wiring): Extension<Wiring>) -> Response {
    let page = async {
        let (health, settings) = (desk.acting.health().await?, desk.acting.get_settings().await?);
        let now = crate::time_text::now();
        let flags = flags(&wiring, desk.acting.default_permission().name());
        Ok::<_, Error>(server::page(desk.frame, &server::Server { health, settings, flags, now }))
    };
    shown(page.await)
}

/// What was said when the server was started, as pairs.
fn flags(wiring: &Wiring, default_permission: &str) -> Vec<(&'static str, String)> {
    let yes = |is: bool, yes: &str, no: &str| if is { yes } else { no }.to_owned();
    let elsewhere = |admission: domain::account::Admission| {
        let new =
            if admission.new_accounts { "get an account at their first sign-in" } else { "are refused" };
        let known = if admission.by_name { ", or get the one with their name" } else { "" };
        format!("new people {new}{known}")
    };
    let oidc = wiring
        .oidc
        .as_ref()
        .map_or("off".to_owned(), |oidc| format!("{}; {}", oidc.issuer(), elsewhere(oidc.admission())));
    let ldap = wiring.ldap.as_ref().map_or("off".to_owned(), |ldap| {
        format!("{}; {}", ldap.url(), elsewhere(domain::account::Directory::admission(&**ldap)))
    });
    let proxies = wiring.trusted_proxies.to_string();
    vec![
        ("Version", env!("CARGO_PKG_VERSION").to_owned()),
        ("Default permission", default_permission.to_owned()),
        ("Single sign-on (OpenID Connect)", oidc),
        ("LDAP", ldap),
        ("TLS", yes(wiring.has_tls, "by this server", "not by this server")),
        ("Trusted proxies", if proxies.is_empty() { "none".to_owned() } else { proxies }),
    ]
}

pub async fn set(AdminDesk(desk): AdminDesk, Form(form): Form<Pairs>) -> Response {
    let settings = Settings { public_links: one(&form, "public_links") == "on" };
    let set = desk.acting.set_settings(settings).await;
    desk.lead("/admin/server", set.map(|()| "It is set.".to_owned())).await
}
