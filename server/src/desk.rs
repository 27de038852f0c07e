//! What doors to pages with forms have in common.
//!
//! A form leads back to its page with what was done, kept in the session until it is shown once. A secret that was made is
//! shown in the answer itself and nowhere else.

use crate::{identity::SignedIn, wire::error::WireError};
use app::theme;
use axum::{
    extract::FromRequestParts,
    response::{Html, IntoResponse, Redirect, Response},
};
use domain::{Acting, Error};
use http::{HeaderValue, Method, StatusCode, header, request::Parts};
use model::{Code, Problem};
use plain::{Address, Frame, frame::Outcome};
use tower_sessions::Session;

/// Under which key a session keeps what was just done.
const OUTCOME: &str = "admin_outcome";

/// A form as it is sent: a field may come several times.
pub type Pairs = Vec<(String, String)>;

/// Somebody at work, and what their pages need of the request. Whoever isn't signed in is refused, or sent to sign in.
pub struct Desk {
    pub acting: Acting,
    pub session: Session,
    pub frame: Frame,
}

impl<S: Send + Sync> FromRequestParts<S> for Desk {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let Ok(SignedIn(acting)) = SignedIn::from_request_parts(parts, state).await else {
            return Err(sign_in_first(parts));
        };
        let session = Session::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        // To remove what isn't there would write the session with each look at a page.
        let said = session.get::<(bool, String)>(OUTCOME).await.ok().flatten();
        if said.is_some() {
            let _ = session.remove_value(OUTCOME).await;
        }
        let frame = Frame {
            viewer: acting.caller().user().map(|_| acting.caller().name().to_owned()),
            is_admin: acting.caller().is_admin(),
            style: crate::site::style_path(),
            theme: theme(&parts.headers),
            outcome: said.map(|(done, text)| if done { Outcome::Done(text) } else { Outcome::Failed(text) }),
        };
        Ok(Self { acting, session, frame })
    }
}

/// Whoever wants to see a page signs in and comes back; whoever sends something is refused.
pub fn sign_in_first(parts: &Parts) -> Response {
    if parts.method != Method::GET {
        return WireError(Problem::new(Code::Unauthenticated, "Sign in first.")).into_response();
    }
    let here = parts.uri.path_and_query().map_or("/admin", |here| here.as_str());
    let to = Address::of("/sign-in").with("next", here).into_text();
    (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
}

impl Desk {
    /// Leads to a page that says what was done.
    pub async fn lead(&self, to: &str, outcome: Result<String, Error>) -> Response {
        let said = match outcome {
            Ok(text) => (true, text),
            Err(error) => (false, Problem::from(error).message),
        };
        match self.session.insert(OUTCOME, said).await {
            Ok(()) => Redirect::to(to).into_response(),
            Err(error) => WireError::from(Error::Fault(format!("session: {error}"))).into_response(),
        }
    }
}

/// A page, or a page that says why there is none. Nobody keeps it: it names people, and may show a secret.
pub fn shown(html: Result<String, Error>) -> Response {
    let (status, html) = match html {
        Ok(html) => (StatusCode::OK, html),
        Err(error) => {
            let problem = Problem::from(error);
            let message = problem.message.clone();
            let refused = WireError(problem).into_response();
            // What went wrong within is for the log alone.
            if refused.status().is_server_error() {
                return refused;
            }
            (refused.status(), plain::frame::failure(crate::site::style_path(), message))
        }
    };
    page_of(status, html, Frames::None)
}

/// Which pages may show one in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frames {
    /// None.
    None,
    /// Those of any site.
    Anywhere,
}

/// A page that nobody keeps, and that runs nothing.
pub fn page_of(status: StatusCode, html: String, frames: Frames) -> Response {
    const POLICY: [&str; 2] = [
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors *",
    ];
    let policy = HeaderValue::from_static(POLICY[usize::from(frames == Frames::Anywhere)]);
    let mut response = (status, Html(html)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// The values of a field.
pub fn all<'a>(form: &'a Pairs, name: &str) -> Vec<&'a str> {
    form.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
}

pub fn one<'a>(form: &'a Pairs, name: &str) -> &'a str {
    all(form, name).first().copied().unwrap_or_default()
}
