//! Who is calling: credentials become a [`Caller`], here and nowhere else.
//!
//! Tokens and Basic count for the protocol alone, cookies for the site and its server functions alone. So the protocol
//! can't be called by a foreign page in a signed-in browser, and a leaked token can't change a password.

use crate::{Wiring, session_store, wire::error::WireError};
use app::SESSION_USER;
use axum::{
    extract::{FromRequestParts, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use domain::{Acting, Caller, Domain};
use http::{HeaderMap, Method, header, request::Parts};
use model::{Code, Problem, UserId};
use tower_sessions::Session;

/// A caller of the protocol at work. As an argument of a handler it refuses whoever has no credential.
pub struct Identified(pub Acting);

impl<S: Send + Sync> FromRequestParts<S> for Identified {
    type Rejection = WireError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, WireError> {
        let fault = || Problem::new(Code::InternalError, "The server is put together wrongly.");
        let wiring = parts.extensions.get::<Wiring>().ok_or_else(fault)?;
        let domain = wiring.called_by(parts);
        let caller = if wiring.no_auth { Caller::Local } else { by_header(&domain, &parts.headers).await? };
        Ok(Self(domain.act(caller)))
    }
}

/// Whoever is signed in to the site, at work. As an argument of a handler it refuses whoever isn't.
pub struct SignedIn(pub Acting);

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let refuse = |code, message| {
            let mut response = WireError(Problem::new(code, message)).into_response();
            // A browser would ask for a password of its own, and send it to the protocol.
            response.headers_mut().remove(header::WWW_AUTHENTICATE);
            response
        };
        let caller = parts.extensions.get::<Caller>().cloned();
        let caller = caller.ok_or_else(|| refuse(Code::Unauthenticated, "Sign in to see this."))?;
        let domain = parts.extensions.get::<Domain>();
        let domain =
            domain.ok_or_else(|| refuse(Code::InternalError, "The server is put together wrongly."))?;
        Ok(Self(domain.act(caller)))
    }
}

async fn by_header(domain: &Domain, headers: &HeaderMap) -> Result<Caller, WireError> {
    let refused = || {
        Problem::new(
            Code::Unauthenticated,
            "You are not authenticated. Set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.",
        )
    };
    let credential =
        headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or_else(refused)?;
    let (scheme, value) = credential.split_once(' ').ok_or_else(refused)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Ok(domain.unchecked_token(value.trim()).await?);
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(refused().into());
    }
    let decoded = BASE64_STANDARD.decode(value.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let decoded = decoded.ok_or_else(refused)?;
    let (name, password) = decoded.split_once(':').ok_or_else(refused)?;
    Ok(domain.unchecked_basic(name, password).await?)
}

/// For the site: finds who is signed in by the session.
pub async fn of_session(
    State(wiring): State<Wiring>,
    session: Session,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let domain = wiring.called_by(&parts);
    let domain = session.id().map_or(domain.clone(), |id| domain.called_in(session_store::hash(&id)));
    let caller = if wiring.no_auth {
        Some(Caller::Local)
    } else {
        match session.get::<UserId>(SESSION_USER).await {
            Ok(Some(user)) => match domain.unchecked_user(user).await {
                Ok(caller) => caller,
                Err(error) => return WireError::from(error).into_response(),
            },
            Ok(None) => None,
            Err(error) => {
                tracing::error!(%error, "a session can't be read");
                None
            }
        }
    };
    parts.extensions.insert(domain);
    let provider = wiring.oidc.as_ref().map(|oidc| oidc.label().to_owned());
    parts.extensions.insert(app::Provider(provider));
    if let Some(caller) = caller {
        parts.extensions.insert(caller);
    }
    next.run(Request::from_parts(parts, body)).await
}

/// Whether a request of this method changes nothing.
pub fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Browsers send `Origin` with every request that may change something; it must be this site. A request without one is
/// from no browser, or from one that would have sent `Sec-Fetch-Site`.
pub fn same_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    let host = text(header::HOST.as_str()).unwrap_or_default();
    match text(header::ORIGIN.as_str()) {
        Some(origin) => origin.split_once("://").is_some_and(|(_, authority)| authority == host),
        None => matches!(text("sec-fetch-site"), None | Some("same-origin" | "none")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderName;

    fn check(headers: &[(&'static str, &'static str)], expected: bool) {
        let map = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), http::HeaderValue::from_static(value)))
            .collect();
        assert_eq!(same_origin(&map), expected, "{headers:?}");
    }

    #[test]
    fn only_pages_of_this_site_may_change_things() {
        check(&[("host", "runs.example"), ("origin", "https://runs.example")], true);
        check(&[("host", "runs.example"), ("origin", "https://evil.example")], false);
        check(&[("host", "runs.example"), ("origin", "https://runs.example.evil.example")], false);
        check(&[("host", "runs.example"), ("origin", "null")], false);
        check(&[("host", "runs.example"), ("sec-fetch-site", "cross-site")], false);
        check(&[("host", "runs.example"), ("sec-fetch-site", "same-site")], false);
        check(&[("host", "runs.example")], true);
    }
}
