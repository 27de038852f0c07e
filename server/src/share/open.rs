//! What a link opens, for whoever has it. All that they choose is in the link; what they send is its code, its password, a part of
//! its table, one of its charts.

use super::{sheet, target::Target, turn::Turn};
use crate::{
    desk::{Frames, Pairs, one, page_of},
    site::style_path,
    wire::{
        artifact::{self, Disposition},
        error::WireError,
    },
};
use ::chart::{Figure, Theme};
use axum::{
    Extension, Form,
    extract::{FromRequestParts, Path, Query},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    Acting, Caller, Domain, Error,
    share::{Key, Opened},
};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use model::{
    Code, Problem, RunId,
    page::{RUNS_PAGE, Total},
    share::Share,
};
use plain::{
    Address, Style,
    share::{
        page::{self as document, Document, Notice},
        sheet::{Sheet, svg},
    },
};
use std::collections::HashMap;

/// Parts of a table that are shown: what is further down is found by a filter.
const MOST_PARTS: u64 = 100;

/// Size of a chart in a frame, in CSS pixels.
const EMBEDDED: (u32, u32) = (720, 360);
/// Of a picture for a card: programs cut others to these proportions.
const PICTURE: (u32, u32) = (600, 315);

/// A link that was opened, and as whom what it shows is seen. As an argument of a handler it answers whoever may not see it.
pub struct Shown {
    share: Share,
    guest: Acting,
}

fn cookie_name(code: &str) -> String {
    format!("runmark_link_{code}")
}

/// What this browser got for the password of this link.
fn kept_proof(headers: &HeaderMap, code: &str) -> Option<String> {
    let name = cookie_name(code);
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

fn failed(error: Error) -> Response {
    let problem = Problem::from(error);
    let (status, notice) = match problem.code {
        Code::ResourceDoesNotExist => (StatusCode::NOT_FOUND, Notice::Gone),
        Code::ResourceExhausted => (StatusCode::TOO_MANY_REQUESTS, Notice::Later(problem.message)),
        _ => return WireError(problem).into_response(),
    };
    page_of(status, document::notice(style_path(), notice), Frames::None)
}

/// Asks for the password of a link.
fn ask(code: &str, problem: Option<String>) -> Response {
    let status = if problem.is_some() { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
    let notice = Notice::Asks { action: format!("/s/{code}"), problem };
    page_of(status, document::notice(style_path(), notice), Frames::None)
}

impl<S: Send + Sync> FromRequestParts<S> for Shown {
    type Rejection = Response;

    /// Opens the link of a door's path, or answers what is to be done first.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        // Of a file's door there is more in the path.
        let named = Path::<HashMap<String, String>>::from_request_parts(parts, state).await;
        let Path(mut named) = named.map_err(IntoResponse::into_response)?;
        let code = named.remove("code").unwrap_or_default();
        let domain = Extension::<Domain>::from_request_parts(parts, state).await;
        let Extension(domain) = domain.map_err(IntoResponse::into_response)?;
        let proof = kept_proof(&parts.headers, &code);
        let key = proof.as_deref().map_or(Key::None, Key::Proof);
        match domain.unchecked_open_share(&code, key).await.map_err(failed)? {
            Opened::Leads(share) if parts.extensions.get::<Caller>().is_some() => {
                Err(Redirect::to(&share.address).into_response())
            }
            Opened::Leads(_) => {
                let here = format!("/s/{code}");
                let to = Address::of("/sign-in").with("next", &here).into_text();
                Err((StatusCode::FOUND, [(header::LOCATION, to)]).into_response())
            }
            Opened::Asks => Err(ask(&code, None)),
            Opened::Shows { share, guest, .. } => Ok(Self { share, guest: domain.act(guest) }),
        }
    }
}

/// What the link shows, as its address says.
fn target_of(share: &Share) -> Result<Target, Error> {
    let target = Target::read(&share.address)
        .ok_or_else(|| Error::Fault(format!("the link {} leads to no page", share.title)))?;
    // What it reaches is what counts.
    Ok(Target { reach: share.reach.clone(), ..target })
}

/// The page of a link.
pub async fn page(
    shown: Shown,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let part = query.get("page").and_then(|page| page.parse::<u64>().ok()).unwrap_or(1).max(1);
    match write(shown, part, app::origin_of(&headers)).await {
        Ok(html) => page_of(StatusCode::OK, html, Frames::None),
        Err(error) => failed(error),
    }
}

async fn write(shown: Shown, part: u64, origin: String) -> Result<String, Error> {
    let Shown { share, guest } = shown;
    let turn = Turn::of(&share.code).await?;
    let address = format!("/s/{}", share.code);
    let (kept, sheet) = match share.is_snapshot {
        true => (Some(guest.read_snapshot().await?), None),
        false if part > MOST_PARTS => return Err(Problem::missing("There is no such page.").into()),
        false => {
            let offset = (part - 1).saturating_mul(RUNS_PAGE.into());
            let mut sheet = sheet::of(&guest, &target_of(&share)?, offset).await?;
            if let (true, Sheet::Runs { runs, files, more_files, .. }) = (share.with_files, &mut sheet) {
                (*files, *more_files) = sheet::files(&guest, runs, &address).await?;
            }
            (None, Some(sheet))
        }
    };
    let has_charts = matches!(&sheet, Some(Sheet::Runs { charts, .. }) if !charts.is_empty());
    let has_picture = has_charts && !share.has_password;
    let picture = has_picture.then(|| format!("{origin}{address}/picture.png"));
    let document = Document {
        note: match share.is_snapshot {
            true => format!("As it was on {}", app::absolute(share.created)),
            false => "As it is now".to_owned(),
        },
        title: share.title,
        style: Style::Linked(style_path()),
        card: Some((format!("{origin}{address}"), picture)),
        original: Some(share.address),
        parts: sheet.as_ref().map(|sheet| parts_of(sheet, &address, part)).unwrap_or_default(),
    };
    turn.make(move || {
        let sheet = kept.unwrap_or_else(|| sheet.map(Sheet::render).unwrap_or_default());
        document.render(sheet)
    })
    .await
}

/// The parts before and after this one of a table.
fn parts_of(sheet: &Sheet, address: &str, part: u64) -> Vec<(&'static str, String)> {
    let Sheet::Table { runs, offset, total, .. } = sheet else { return Vec::new() };
    let at = |part: u64| Address::of(address).with("page", &part.to_string()).into_text();
    let shown = offset + runs.len() as u64;
    let more = match total {
        Total::Exactly(count) => shown < *count,
        Total::AtLeast(_) => runs.len() as u64 == u64::from(RUNS_PAGE),
    };
    let mut parts = Vec::new();
    if part > 1 {
        parts.push(("Previous", at(part - 1)));
    }
    if more && !runs.is_empty() {
        parts.push(("Next", at(part + 1)));
    }
    parts
}

/// The password of a link.
pub async fn unlock(
    Extension(domain): Extension<Domain>,
    Path(code): Path<String>,
    Form(form): Form<Pairs>,
) -> Response {
    let opened = domain.unchecked_open_share(&code, Key::Password(one(&form, "password"))).await;
    let proof = match opened {
        Ok(Opened::Shows { proof, .. }) => proof,
        Ok(Opened::Leads(_) | Opened::Asks) => None,
        Err(Error::Problem(problem))
            if matches!(problem.code, Code::Unauthenticated | Code::ResourceExhausted) =>
        {
            return ask(&code, Some(problem.message));
        }
        Err(error) => return failed(error),
    };
    let here = format!("/s/{code}");
    let mut response = Redirect::to(&here).into_response();
    if let Some(proof) = proof {
        let cookie = format!("{}={proof}; Path={here}; HttpOnly; SameSite=Lax", cookie_name(&code));
        if let Ok(cookie) = cookie.parse() {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// One chart of a link's page, for a frame in another page: `?metric=loss`.
pub async fn chart(shown: Shown, Query(query): Query<HashMap<String, String>>) -> Response {
    let title = shown.share.title.clone();
    let metric = query.get("metric").map(String::as_str).unwrap_or_default();
    let drawn = async {
        let (turn, figure) = figure_of(shown, metric).await?;
        turn.make(move || document::embedded(style_path(), title, svg(&figure, EMBEDDED.0, EMBEDDED.1))).await
    };
    match drawn.await {
        Ok(html) => page_of(StatusCode::OK, html, Frames::Anywhere),
        Err(error) => failed(error),
    }
}

/// The first chart of a link's page as a picture, for programs that show a link as a card.
pub async fn picture(shown: Shown) -> Response {
    let painted = async {
        let (turn, figure) = figure_of(shown, "").await?;
        let (width, height) = PICTURE;
        let painted = turn.make(move || ::chart::png(&figure, width, height, &Theme::LIGHT)).await?;
        painted.map_err(Error::Fault)
    };
    match painted.await {
        Ok(png) => {
            let kind = (header::CONTENT_TYPE, HeaderValue::from_static("image/png"));
            let kept = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            ([kind, kept], png).into_response()
        }
        Err(error) => failed(error),
    }
}

/// A file of a run that a link shows, to save.
pub async fn file(
    shown: Shown,
    Path((_, run, path)): Path<(String, RunId, String)>,
    headers: HeaderMap,
) -> Response {
    match shown.guest.read_shared_file(run, &path, artifact::range(&headers)).await {
        Ok(read) => artifact::harmless(&path, read, Disposition::Attachment),
        Err(error) => failed(error),
    }
}

/// A chart of the metric, or of the first there is, and the turn to draw it. A snapshot has none: it is kept as it was written.
async fn figure_of(shown: Shown, metric: &str) -> Result<(Turn, Figure), Error> {
    let Shown { share, guest } = shown;
    let missing = || Error::from(Problem::missing("There is no such chart."));
    if share.is_snapshot {
        return Err(missing());
    }
    let turn = Turn::of(&share.code).await?;
    let figure = sheet::figure(&guest, &target_of(&share)?, metric).await?.ok_or_else(missing)?;
    Ok((turn, figure))
}
