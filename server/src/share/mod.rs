//! Doors of share links: where links are made, and what they open.
//!
//! Owns: how an address becomes what it shows ([`target`]), what is read for it ([`sheet`]), whoever knocks with a link
//! ([`open`]). Must never: decide what a link lets somebody see; that is the domain's gate, and a guest is a caller.
//! Start reading: [`target::Target`], then [`open`].

mod open;
mod sheet;
mod target;
mod turn;

use crate::{
    desk::{Desk, Pairs, one, shown},
    wire::error::WireError,
};
use axum::{
    Form, Router,
    extract::Query,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use domain::Error;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use model::{
    Problem,
    share::{Audience, NewShare, Reach},
};
use plain::{
    Frame, Style,
    frame::Outcome,
    share::{
        form::{self, Links, Subject},
        page::Document,
    },
};
use std::{collections::HashMap, num::NonZeroU16};
use target::Target;
use turn::Turn;

/// All of them.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/share", get(links).post(create))
        .route("/share/delete", post(delete))
        .route("/share/export", get(export))
        .route("/s/{code}", get(open::page).post(open::unlock))
        .route("/s/{code}/chart", get(open::chart))
        .route("/s/{code}/picture.png", get(open::picture))
        .route("/s/{code}/files/{run}/{*path}", get(open::file))
}

/// Paths of the doors, for the table of access.
pub const DOORS: [(&str, &str); 9] = [
    ("GET", "/s/{code}"),
    ("GET", "/s/{code}/chart"),
    ("GET", "/s/{code}/files/{run}/{*path}"),
    ("GET", "/s/{code}/picture.png"),
    ("GET", "/share"),
    ("GET", "/share/export"),
    ("POST", "/s/{code}"),
    ("POST", "/share"),
    ("POST", "/share/delete"),
];

fn not_a_page() -> Error {
    Problem::invalid("There is no link to this page. Runs, comparisons and tables of runs can be shared.")
        .into()
}

/// The page of links: with the form, if there is something to be shared.
async fn links_page(
    desk: Desk,
    frame: Frame,
    subject: Option<Subject>,
    headers: &HeaderMap,
) -> Result<String, Error> {
    let shares = desk.acting.list_shares().await?;
    let has_accounts = desk.acting.caller().user().is_some();
    let for_anybody = has_accounts && desk.acting.get_settings().await?.public_links;
    let links = Links { shares: &shares, origin: &app::origin_of(headers), now: crate::time_text::now() };
    Ok(form::page(frame, subject, &links, for_anybody))
}

/// What the form of a page says at first.
async fn subject_of(desk: &Desk, of: &str) -> Result<Option<Subject>, Error> {
    if of.is_empty() {
        return Ok(None);
    }
    let target = Target::read(of).ok_or_else(not_a_page)?;
    let title = sheet::title(&desk.acting, &target.reach).await?;
    let (address, audience, days) = (of.to_owned(), "members".to_owned(), String::new());
    let has_runs = matches!(target.reach, Reach::Runs(_));
    Ok(Some(Subject { address, title, audience, days, has_runs, with_files: false }))
}

async fn links(desk: Desk, headers: HeaderMap, Query(query): Query<HashMap<String, String>>) -> Response {
    let of = query.get("of").map(String::as_str).unwrap_or_default();
    let page = async {
        let (subject, frame) = (subject_of(&desk, of).await?, desk.frame.clone());
        links_page(desk, frame, subject, &headers).await
    };
    shown(page.await)
}

async fn create(desk: Desk, headers: HeaderMap, Form(form): Form<Pairs>) -> Response {
    let made = make(&desk, &form).await;
    let mut frame = desk.frame.clone();
    match made {
        Ok(code) => {
            let what = "The link is there. Copy it:".to_owned();
            let link = format!("{}/s/{code}", app::origin_of(&headers));
            frame.outcome = Some(Outcome::Secret(what, link));
            shown(links_page(desk, frame, None, &headers).await)
        }
        Err(error) => {
            // The form stays, with what was wrong above it.
            let problem = Problem::from(error);
            frame.outcome = Some(Outcome::Failed(problem.message.clone()));
            let text = |name: &str| one(&form, name).to_owned();
            let subject = Target::read(one(&form, "of")).map(|target| Subject {
                has_runs: matches!(target.reach, Reach::Runs(_)),
                with_files: !one(&form, "files").is_empty(),
                address: text("of"),
                title: text("title"),
                audience: text("audience"),
                days: text("days"),
            });
            let mut response = shown(links_page(desk, frame, subject, &headers).await);
            if response.status() == StatusCode::OK {
                *response.status_mut() = WireError(problem).into_response().status();
            }
            response
        }
    }
}

async fn make(desk: &Desk, form: &Pairs) -> Result<String, Error> {
    let of = one(form, "of");
    let target = Target::read(of).ok_or_else(not_a_page)?;
    let (audience, is_snapshot) = match one(form, "audience") {
        "members" => (Audience::Members, false),
        "anybody" => (Audience::Anybody, false),
        "snapshot" => (Audience::Anybody, true),
        _ => return Err(Problem::invalid("Choose who the link is for.").into()),
    };
    let days = match one(form, "days") {
        "" => None,
        days => Some(
            days.parse::<NonZeroU16>()
                .map_err(|_| Error::from(Problem::invalid("This is no number of days.")))?,
        ),
    };
    let snapshot = match is_snapshot {
        true => {
            let turn = turn_of(desk).await?;
            let sheet = sheet::of(&desk.acting, &target, 0).await?;
            Some(turn.make(move || sheet.render()).await?)
        }
        false => None,
    };
    let share = desk
        .acting
        .create_share(NewShare {
            address: of.to_owned(),
            reach: target.reach,
            title: one(form, "title").trim().to_owned(),
            audience,
            password: one(form, "password").to_owned(),
            days,
            snapshot,
            with_files: !one(form, "files").is_empty(),
        })
        .await?;
    Ok(share.code)
}

/// The turn to write a page for whoever asks.
async fn turn_of(desk: &Desk) -> Result<Turn, Error> {
    Turn::of(&format!("account {}", desk.acting.caller().name())).await
}

async fn delete(desk: Desk, Form(form): Form<Pairs>) -> Response {
    let done = desk.acting.delete_share(one(&form, "code")).await;
    desk.lead("/share", done.map(|()| "The link no longer works.".to_owned())).await
}

/// A page as one file that needs no server.
async fn export(desk: Desk, headers: HeaderMap, Query(query): Query<HashMap<String, String>>) -> Response {
    let of = query.get("of").map(String::as_str).unwrap_or_default();
    let document = async {
        let target = Target::read(of).ok_or_else(not_a_page)?;
        let turn = turn_of(&desk).await?;
        let sheet = sheet::of(&desk.acting, &target, 0).await?;
        let document = Document {
            title: sheet::title(&desk.acting, &target.reach).await?,
            note: format!("As it was on {}", app::absolute(crate::time_text::now())),
            style: Style::Within(crate::site::style()),
            card: None,
            original: Some(format!("{}{of}", app::origin_of(&headers))),
            parts: Vec::new(),
        };
        turn.make(move || document.render(sheet.render())).await
    };
    match document.await {
        Ok(html) => {
            let name = "attachment; filename=\"runmark.html\"";
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
                (header::CONTENT_DISPOSITION, HeaderValue::from_static(name)),
                (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            ];
            (headers, html).into_response()
        }
        Err(error) => WireError::from(error).into_response(),
    }
}
