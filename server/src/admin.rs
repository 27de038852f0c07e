//! Doors to the pages for admins: each asks the domain, which refuses whoever is no admin, and hands what it says to `plain`.

mod operation;
mod permissions;
mod webhook;

use crate::{
    audit_text::{self, Format},
    desk::{Desk, Pairs, all, one, shown},
};
use axum::{
    Form, Router,
    body::Body,
    extract::{FromRequestParts, Query},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use domain::{Acting, Error};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use model::{Problem, TokenId, audit::EventFilter};
use plain::{Frame, admin, frame::Outcome, share};
use std::collections::HashMap;

/// All of them.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/admin", get(|| async { Redirect::to("/admin/people") }))
        .route("/admin/people", get(people).post(act_on_people))
        .route("/admin/people/add", post(add_person))
        .route("/admin/people/rename", get(ask_name).post(rename_person))
        .route("/admin/groups", get(groups))
        .route("/admin/groups/add", post(add_group))
        .route("/admin/groups/delete", post(delete_group))
        .route("/admin/groups/take", post(take_into_group))
        .route("/admin/groups/remove", post(take_out_of_group))
        .route("/admin/permissions", get(permissions::page).post(permissions::change))
        .route("/admin/tokens", get(tokens))
        .route("/admin/tokens/delete", post(delete_token))
        .route("/admin/links", get(links))
        .route("/admin/links/delete", post(delete_link))
        .route("/admin/webhooks", get(webhook::page).post(webhook::act))
        .route("/admin/webhooks/add", post(webhook::add))
        .route("/admin/storage", get(operation::storage))
        .route("/admin/server", get(operation::server).post(operation::set))
        .route("/admin/audit", get(audit))
        .route("/admin/audit/export.csv", get(export_csv))
        .route("/admin/audit/export.json", get(export_json))
}

/// Paths of the doors, for the table of access.
pub const DOORS: [(&str, &str); 26] = [
    ("GET", "/admin/audit"),
    ("GET", "/admin/audit/export.csv"),
    ("GET", "/admin/audit/export.json"),
    ("GET", "/admin/groups"),
    ("GET", "/admin/links"),
    ("GET", "/admin/people"),
    ("GET", "/admin/people/rename"),
    ("GET", "/admin/permissions"),
    ("GET", "/admin/server"),
    ("GET", "/admin/storage"),
    ("GET", "/admin/tokens"),
    ("GET", "/admin/webhooks"),
    ("GET", "/admin"),
    ("POST", "/admin/groups/add"),
    ("POST", "/admin/groups/delete"),
    ("POST", "/admin/groups/remove"),
    ("POST", "/admin/groups/take"),
    ("POST", "/admin/links/delete"),
    ("POST", "/admin/people"),
    ("POST", "/admin/people/add"),
    ("POST", "/admin/people/rename"),
    ("POST", "/admin/permissions"),
    ("POST", "/admin/server"),
    ("POST", "/admin/tokens/delete"),
    ("POST", "/admin/webhooks"),
    ("POST", "/admin/webhooks/add"),
];

/// An admin at work. Others are refused, or sent to sign in.
struct AdminDesk(Desk);

impl<S: Send + Sync> FromRequestParts<S> for AdminDesk {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let desk = Desk::from_request_parts(parts, state).await?;
        desk.acting.check_admin().map_err(|error| shown(Err(error)))?;
        Ok(Self(desk))
    }
}

async fn people_page(acting: &Acting, frame: Frame) -> Result<String, Error> {
    Ok(admin::people::page(frame, &acting.list_users().await?, &acting.list_groups().await?))
}

async fn people(AdminDesk(desk): AdminDesk) -> Response {
    shown(people_page(&desk.acting, desk.frame).await)
}

async fn add_person(AdminDesk(desk): AdminDesk, headers: HeaderMap, Form(form): Form<Pairs>) -> Response {
    let (name, kind) = (one(&form, "name").trim(), one(&form, "kind"));
    if kind == "service" {
        let made = desk.acting.create_service(name).await.map(|_| format!("The service {name} is there."));
        return desk.lead("/admin/people", made).await;
    }
    match desk.acting.create_user_without_password(name, kind == "admin").await {
        Ok(_) => link_page(desk, &headers, name).await,
        Err(error) => desk.lead("/admin/people", Err(error)).await,
    }
}

/// Makes a link and shows it, this once.
async fn link_page(mut desk: Desk, headers: &HeaderMap, name: &str) -> Response {
    match desk.acting.create_sign_in_link(name).await {
        Ok(secret) => {
            let link = format!("{}/sign-in/link?token={secret}", app::origin_of(headers));
            let what = format!(
                "Send {name} this link. It signs them in once, within a day, and is not shown again."
            );
            desk.frame.outcome = Some(Outcome::Secret(what, link));
            shown(people_page(&desk.acting, desk.frame).await)
        }
        Err(error) => desk.lead("/admin/people", Err(error)).await,
    }
}

async fn act_on_people(AdminDesk(desk): AdminDesk, headers: HeaderMap, Form(form): Form<Pairs>) -> Response {
    let names = all(&form, "name");
    let action = one(&form, "action");
    match (action, names.as_slice()) {
        (_, []) => {
            let nobody = Error::from(Problem::invalid("Choose somebody first."));
            return desk.lead("/admin/people", Err(nobody)).await;
        }
        ("link", [name]) => return link_page(desk, &headers, name).await,
        ("delete", _) => {
            let names = names.into_iter().map(str::to_owned).collect();
            return shown(Ok(admin::people::ask_delete(desk.frame, names)));
        }
        _ => {}
    }
    let mut done = Ok(());
    for name in &names {
        done = act_on_person(&desk.acting, action, name, one(&form, "group")).await;
        if done.is_err() {
            break;
        }
    }
    let said = format!("Done for {}.", names.join(", "));
    desk.lead("/admin/people", done.map(|()| said)).await
}

async fn act_on_person(acting: &Acting, action: &str, name: &str, group: &str) -> Result<(), Error> {
    match action {
        "sign-out" => acting.sign_out_user(name).await,
        "forget-codes" => acting.reset_second_factor(name).await.map(drop),
        "disable" => acting.disable_user(name).await,
        "enable" => acting.enable_user(name).await,
        "make-admin" => acting.set_admin(name, true).await,
        "revoke-admin" => acting.set_admin(name, false).await,
        "add-to-group" => acting.add_to_group(group, name).await,
        "delete-for-good" => acting.delete_user(name).await,
        "link" => Err(Problem::invalid("A link is for one account: choose one.").into()),
        _ => Err(Problem::invalid("There is no such action.").into()),
    }
}

async fn ask_name(AdminDesk(desk): AdminDesk, Query(query): Query<HashMap<String, String>>) -> Response {
    let name = query.get("name").cloned().unwrap_or_default();
    shown(Ok(admin::people::ask_name(desk.frame, name)))
}

async fn rename_person(AdminDesk(desk): AdminDesk, Form(form): Form<Pairs>) -> Response {
    let (name, to) = (one(&form, "name"), one(&form, "to").trim());
    let done = desk.acting.rename_user(name, to).await;
    desk.lead("/admin/people", done.map(|()| format!("{name} is called {to} now."))).await
}

async fn groups(AdminDesk(desk): AdminDesk) -> Response {
    let page = async {
        let (groups, users) = (desk.acting.list_groups().await?, desk.acting.list_users().await?);
        Ok(admin::groups::page(desk.frame, &groups, &users))
    };
    shown(page.await)
}

async fn add_group(AdminDesk(desk): AdminDesk, Form(form): Form<Pairs>) -> Response {
    let name = one(&form, "name").trim();
    let made = desk.acting.create_group(name).await;
    desk.lead("/admin/groups", made.map(|_| format!("The group {name} is there."))).await
}

async fn delete_group(AdminDesk(desk): AdminDesk, Form(form): Form<Pairs>) -> Response {
    let name = one(&form, "name");
    if one(&form, "sure") != "yes" {
        let found =
            desk.acting.list_groups().await.map(|groups| groups.into_iter().find(|group| group.name == name));
        let missing = || Error::from(Problem::missing("There is no such group."));
        let page = found.and_then(|group| group.ok_or_else(missing));
        return shown(page.map(|group| admin::groups::ask_delete(desk.frame, &group)));
    }
    let done = desk.acting.delete_group(name).await;
    desk.lead("/admin/groups", done.map(|()| format!("The group {name} is deleted."))).await
}

async fn take_into_group(AdminDesk(desk): AdminDesk, Form(form): Form<Pairs>) -> Response {
    let (name, user) = (one(&form, "name"), one(&form, "user").trim());
    let done = desk.acting.add_to_group(name, user).await;
    desk.lead("/admin/groups", done.map(|()| format!("{user} is in {name} now."))).await
}

async fn take_out_of_group(AdminDesk(desk): AdminDesk, Form(form): Form<Pairs>) -> Response {
    let (name, user) = (one(&form, "name"), one(&form, "user"));
    let done = desk.acting.remove_from_group(name, user).await;
    desk.lead("/admin/groups", done.map(|()| format!("{user} is no longer in {name}."))).await
}

async fn tokens(AdminDesk(desk): AdminDesk) -> Response {
    let tokens = desk.acting.list_all_tokens().await;
    shown(tokens.map(|tokens| admin::tokens::page(desk.frame, &tokens)))
}

async fn delete_token(AdminDesk(desk): AdminDesk, Form(form): Form<Pairs>) -> Response {
    let done = match one(&form, "id").parse::<TokenId>() {
        Ok(id) => desk.acting.delete_any_token(id).await,
        Err(_) => Err(Problem::missing("There is no such token.").into()),
    };
    desk.lead("/admin/tokens", done.map(|()| "The token no longer works.".to_owned())).await
}

async fn links(AdminDesk(desk): AdminDesk, headers: HeaderMap) -> Response {
    let shares = desk.acting.list_all_shares().await;
    let (origin, now) = (app::origin_of(&headers), crate::time_text::now());
    let page = |shares: Vec<_>| {
        share::form::all(desk.frame, &share::form::Links { shares: &shares, origin: &origin, now })
    };
    shown(shares.map(page))
}

async fn delete_link(AdminDesk(desk): AdminDesk, Form(form): Form<Pairs>) -> Response {
    let done = desk.acting.delete_any_share(one(&form, "code")).await;
    desk.lead("/admin/links", done.map(|()| "The link no longer works.".to_owned())).await
}

fn filter_of(query: &HashMap<String, String>) -> EventFilter {
    let text = |name: &str| query.get(name).map(|value| value.trim().to_owned()).unwrap_or_default();
    EventFilter {
        actor: text("actor"),
        action: text("action"),
        kind: text("kind").replace(' ', "_"),
        object: text("object"),
        done: match text("done").as_str() {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        },
        from: None,
        until: None,
    }
}

async fn audit(AdminDesk(desk): AdminDesk, Query(query): Query<HashMap<String, String>>) -> Response {
    let filter = filter_of(&query);
    let after = query.get("after").map(String::as_str).unwrap_or_default();
    let page = desk.acting.list_events(&filter, after).await;
    shown(page.map(|page| admin::audit::page(desk.frame, &filter, &page.items, page.next)))
}

async fn export_csv(AdminDesk(desk): AdminDesk, query: Query<HashMap<String, String>>) -> Response {
    export(desk, &query, Format::Csv, "text/csv; charset=utf-8")
}

async fn export_json(AdminDesk(desk): AdminDesk, query: Query<HashMap<String, String>>) -> Response {
    export(desk, &query, Format::Json, "application/x-ndjson")
}

fn export(desk: Desk, query: &HashMap<String, String>, format: Format, kind: &'static str) -> Response {
    let body = Body::from_stream(audit_text::export(desk.acting, filter_of(query), format));
    let mut response = (StatusCode::OK, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    response
}
