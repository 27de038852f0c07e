//! Doors that sign somebody in without a password here: a link that was sent, and the identity provider.

use crate::{
    Wiring,
    desk::{Pairs, one, shown},
    oidc::{Begun, Oidc},
    site::style_path,
};
use app::{CODE_PATH, HalfSignedIn};
use axum::{
    Extension, Form, Router,
    extract::Query,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use domain::{Caller, Domain, account::SignedIn};
use http::{HeaderMap, StatusCode, header};
use model::UserId;
use std::collections::HashMap;
use tower_sessions::{Expiry, Session};

/// Under which key a session keeps a sign-in at the provider that was begun.
const BEGUN: &str = "oidc";
/// How long people may take at the provider.
const BEGUN_FOR: time::Duration = time::Duration::minutes(15);

/// All of them.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/sign-in/link", get(ask).post(by_link))
        .route("/sign-in/oidc", get(begin))
        .route("/sign-in/oidc/callback", get(finish))
}

/// What a link that was printed or sent shows: looking at it doesn't use it up.
async fn ask(headers: HeaderMap, Query(query): Query<HashMap<String, String>>) -> Response {
    let secret = query.get("token").cloned().unwrap_or_default();
    shown(Ok(plain::sign_in::page(style_path(), app::theme(&headers), secret)))
}

/// Signs in by a link that was printed or sent, which works once.
async fn by_link(
    Extension(domain): Extension<Domain>,
    session: Session,
    headers: HeaderMap,
    Form(form): Form<Pairs>,
) -> Response {
    let secret = one(&form, "token");
    let signed_in = match domain.unchecked_use_sign_in_link(secret).await {
        Ok(signed_in) => {
            keep_by_link(&session, &domain, signed_in, &headers).await.map_err(|error| error.to_string())
        }
        Err(error) => Err(error.to_string()),
    };
    match signed_in {
        Ok(to) => Redirect::to(to).into_response(),
        Err(reason) => {
            tracing::info!(reason, "a sign-in link was refused");
            Redirect::to("/sign-in?error=link").into_response()
        }
    }
}

/// Keeps in the session who came by a link, and says where to go.
async fn keep_by_link(
    session: &Session,
    domain: &Domain,
    signed_in: SignedIn,
    headers: &HeaderMap,
) -> Result<&'static str, tower_sessions::session::Error> {
    match signed_in {
        SignedIn::NeedsCode(first) => {
            HalfSignedIn::begin(session, first, "/experiments", true).await?;
            Ok(CODE_PATH)
        }
        SignedIn::Whole(caller) => {
            app::keep_signed_in(session, domain, &caller, headers).await?;
            session.insert(app::SESSION_BY_LINK, true).await?;
            Ok("/experiments")
        }
    }
}

/// Where the provider sends people back to.
fn callback(headers: &HeaderMap) -> String {
    format!("{}/sign-in/oidc/callback", app::origin_of(headers))
}

fn elsewhere(address: &str) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, address.to_owned())]).into_response()
}

/// Leads to the provider.
async fn begin(
    Extension(wiring): Extension<Wiring>,
    session: Session,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let Some(oidc) = wiring.oidc else { return StatusCode::NOT_FOUND.into_response() };
    let next = query.get("next").map(String::as_str).unwrap_or_default();
    let begun = async {
        let (address, begun) = oidc.begin(&callback(&headers), next).await?;
        // Anybody may begin: what isn't finished is soon forgotten.
        if session.get::<UserId>(app::SESSION_USER).await.map_err(|error| error.to_string())?.is_none() {
            session.set_expiry(Some(Expiry::OnInactivity(BEGUN_FOR)));
        }
        session.insert(BEGUN, begun).await.map_err(|error| error.to_string())?;
        Ok::<_, String>(address)
    };
    match begun.await {
        Ok(address) => elsewhere(&address),
        Err(reason) => {
            tracing::error!(reason, "the identity provider can't be asked");
            elsewhere("/sign-in?error=provider")
        }
    }
}

/// Signs in whoever comes back from the provider.
async fn finish(
    Extension(wiring): Extension<Wiring>,
    Extension(domain): Extension<Domain>,
    session: Session,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let Some(oidc) = wiring.oidc else { return StatusCode::NOT_FOUND.into_response() };
    // Taken out before it is looked at: it counts once.
    let Ok(Some(begun)) = session.remove::<Begun>(BEGUN).await else {
        return elsewhere("/sign-in?error=provider");
    };
    let response = come_back(oidc, &domain, &session, &headers, &query, begun).await;
    if session.get::<UserId>(app::SESSION_USER).await.is_ok_and(|user| user.is_none()) {
        // Of a sign-in that failed nothing stays.
        let _ = session.flush().await;
    }
    response
}

async fn come_back(
    oidc: Oidc,
    domain: &Domain,
    session: &Session,
    headers: &HeaderMap,
    query: &HashMap<String, String>,
    begun: Begun,
) -> Response {
    let text = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let next = begun.next.clone();
    let person = match (text("error"), text("code")) {
        ("", code) => oidc.finish(&callback(headers), begun, text("state"), code).await,
        (error, _) => Err(format!("it says {:?}", error.chars().take(100).collect::<String>())),
    };
    let person = match person {
        Ok(person) => person,
        Err(reason) => {
            tracing::error!(reason, "the identity provider vouches for nobody");
            return elsewhere("/sign-in?error=provider");
        }
    };
    match domain.unchecked_sign_in_external(&person, oidc.admission()).await {
        Ok(caller) => keep(session, domain, &caller, headers, &next).await,
        Err(domain::Error::Problem(problem)) => {
            tracing::info!(reason = problem.message, "somebody from the identity provider was refused");
            elsewhere("/sign-in?error=account")
        }
        Err(error) => {
            tracing::error!(%error, "somebody from the identity provider can't be signed in");
            elsewhere("/sign-in?error=provider")
        }
    }
}

async fn keep(
    session: &Session,
    domain: &Domain,
    caller: &Caller,
    headers: &HeaderMap,
    next: &str,
) -> Response {
    match app::keep_signed_in(session, domain, caller, headers).await {
        Ok(()) => elsewhere(app::local_path(next)),
        Err(error) => {
            tracing::error!(%error, "a session can't be kept");
            elsewhere("/sign-in?error=provider")
        }
    }
}
