//! What only the server has: the request, the caller, the domain, and the document around the application.
//!
//! Owns: the way from a request to an [`Acting`], sign-in and sign-out, which HTTP status a failure has, [`shell`].
//! Must never: hold a use case of its own.

use crate::{
    App,
    api::Fault,
    half::{CODE_PATH, HalfSignedIn},
    page::split::{has_charts, has_files, has_traces},
    part::empty::Origin,
};
use domain::{Acting, Caller, Domain, Error, account::SignedIn};
use http::{HeaderMap, StatusCode, header, request::Parts};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::MetaTags;
use model::{Code, Problem, page::Viewer};
use std::collections::{BTreeMap, BTreeSet};
use tower_sessions::Session;

/// Where server functions live.
const SERVER_FUNCTIONS: &str = "/ui/";

/// Under which key a session keeps who signed in.
pub const SESSION_USER: &str = "user";
/// Under which key a session keeps the address that somebody signed in from.
pub const SESSION_ADDRESS: &str = "address";
/// Under which key a session keeps what the browser calls itself.
pub const SESSION_AGENT: &str = "agent";
/// Under which key a session keeps that a link began it.
pub const SESSION_BY_LINK: &str = "by_link";

/// What the button says that leads to the identity provider, if there is one.
#[derive(Debug, Clone, Default)]
pub struct Provider(pub Option<String>);

/// What the server puts into each request's extensions.
fn extension<T: Clone + Send + Sync + 'static>() -> Option<T> {
    use_context::<Parts>()?.extensions.get::<T>().cloned()
}

fn required<T: Clone + Send + Sync + 'static>() -> Result<T, Fault> {
    extension().ok_or_else(|| {
        let name = std::any::type_name::<T>();
        refuse(Problem::new(Code::InternalError, format!("The server is put together wrongly: no {name}.")))
    })
}

/// Whoever is signed in, at work.
///
/// # Errors
/// [`Code::Unauthenticated`] if nobody is.
pub async fn acting() -> Result<Acting, Fault> {
    let caller = extension::<Caller>()
        .ok_or_else(|| refuse(Problem::new(Code::Unauthenticated, "Sign in to see this.")))?;
    Ok(required::<Domain>()?.act(caller))
}

/// Turns a failure of a use case into what the page shows, and says it in the HTTP status too.
pub fn fault(error: Error) -> Fault {
    refuse(error.into())
}

fn refuse(problem: Problem) -> Fault {
    // A page that asks to sign in first becomes a redirect; its status must not be overwritten.
    let is_page = use_context::<Parts>().is_some_and(|parts| !parts.uri.path().starts_with(SERVER_FUNCTIONS));
    if !(is_page && problem.code == Code::Unauthenticated)
        && let Some(response) = use_context::<ResponseOptions>()
    {
        response.set_status(status(problem.code));
    }
    Fault(problem)
}

fn status(code: Code) -> StatusCode {
    match code {
        Code::InvalidParameterValue | Code::BadRequest | Code::InvalidState => StatusCode::BAD_REQUEST,
        Code::ResourceAlreadyExists => StatusCode::CONFLICT,
        Code::ResourceDoesNotExist | Code::EndpointNotFound => StatusCode::NOT_FOUND,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::NotImplemented => StatusCode::NOT_IMPLEMENTED,
        Code::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Who is signed in; nobody is no failure.
///
/// # Errors
/// None at present.
pub async fn viewer() -> Result<Option<Viewer>, Fault> {
    Ok(extension::<Caller>().map(|caller| Viewer {
        name: caller.name().to_owned(),
        is_admin: caller.is_admin(),
        no_auth: caller.user().is_none(),
    }))
}

/// What the button says that leads to the identity provider; nothing without one.
///
/// # Errors
/// None at present.
pub async fn provider() -> Result<Option<String>, Fault> {
    Ok(extension::<Provider>().unwrap_or_default().0)
}

/// Signs in and sends the browser on.
///
/// # Errors
/// If name and password don't belong together. They go back to the form by a redirect, so they set no status.
pub async fn sign_in(name: &str, password: &str, next: &str) -> Result<(), Fault> {
    let signed_in = required::<Domain>()?.unchecked_sign_in(name, password).await;
    let signed_in = signed_in.map_err(|error| if is_form() { Fault(error.into()) } else { fault(error) })?;
    let session = required::<Session>()?;
    let to = match signed_in {
        SignedIn::NeedsCode(first) => {
            HalfSignedIn::begin(&session, first, next, false).await.map_err(session_fault)?;
            CODE_PATH
        }
        SignedIn::Whole(caller) => {
            let headers = use_context::<Parts>().map(|parts| parts.headers).unwrap_or_default();
            let kept = keep_signed_in(&session, &required::<Domain>()?, &caller, &headers).await;
            kept.map_err(session_fault)?;
            local_path(next)
        }
    };
    leptos_axum::redirect(to);
    Ok(())
}

/// Makes the session one of this caller.
///
/// # Errors
/// If the session can't be changed.
pub async fn keep_signed_in(
    session: &Session,
    domain: &Domain,
    caller: &Caller,
    headers: &HeaderMap,
) -> Result<(), tower_sessions::session::Error> {
    // A new id, so that whoever knew the old one (session fixation) has nothing.
    session.cycle_id().await?;
    session.insert(SESSION_USER, caller.user()).await?;
    session.remove::<bool>(SESSION_BY_LINK).await?;
    session.insert(SESSION_ADDRESS, domain.called_by()).await?;
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    session.insert(SESSION_AGENT, agent.unwrap_or_default()).await
}

/// Whether a browser sent a form and waits for a page, rather than a script that reads the answer's status.
fn is_form() -> bool {
    let accept = use_context::<Parts>().and_then(|parts| parts.headers.get(header::ACCEPT).cloned());
    accept.is_some_and(|accept| accept.to_str().is_ok_and(|kinds| kinds.contains("text/html")))
}

/// Ends the session.
///
/// # Errors
/// If the session can't be ended.
pub async fn sign_out() -> Result<(), Fault> {
    if let Some(caller) = extension::<Caller>() {
        required::<Domain>()?.act(caller).sign_out().await.map_err(fault)?;
    }
    required::<Session>()?.flush().await.map_err(session_fault)?;
    leptos_axum::redirect("/sign-in");
    Ok(())
}

fn session_fault(error: tower_sessions::session::Error) -> Fault {
    fault(Error::Fault(format!("session: {error}")))
}

/// Where to go after sign-in: a path of this site, or the first page. Browsers read `\` as `/`, and drop tabs and line
/// breaks, so `/\host` and `/<tab>/host` would lead away.
pub fn local_path(next: &str) -> &str {
    let stays = next.starts_with('/')
        && !next.starts_with("//")
        && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if stays { next } else { "/experiments" }
}

fn origin(headers: &HeaderMap) -> Origin {
    Origin(origin_of(headers))
}

/// How the site is addressed: `https://runmark.example`.
pub fn origin_of(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let scheme = if text("x-forwarded-proto").eq_ignore_ascii_case("https") { "https" } else { "http" };
    format!("{scheme}://{}", text(header::HOST.as_str()))
}

/// The remembered theme: `light`, `dark` or `system`.
pub fn theme(headers: &HeaderMap) -> &'static str {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).map(str::trim);
    match pairs.find_map(|pair| pair.strip_prefix("theme=")) {
        Some("light") => "light",
        Some("dark") => "dark",
        _ => "system",
    }
}

/// What the page may load and run: this site's files, and the scripts that carry this answer's number.
fn set_policy() {
    let (Some(response), Some(nonce)) = (use_context::<ResponseOptions>(), use_nonce()) else {
        return;
    };
    let policy = format!(
        "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; img-src 'self' data: blob:; \
         object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    );
    if let Ok(policy) = policy.parse() {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// Files of the browser part, without `.wasm`, by the module that needs them: what building it wrote down.
#[derive(Default, serde::Deserialize)]
pub struct Modules(BTreeMap<String, Vec<String>>);

impl Modules {
    /// The files of the page at a path, with its query: the document asks for them early. What everybody loads first is not
    /// among them.
    fn files(&self, path: &str, query: &str) -> BTreeSet<&str> {
        let page = match path.trim_matches('/').split('/').collect::<Vec<_>>()[..] {
            ["account"] => Some("account"),
            ["runs"] => Some("runs"),
            ["models", ..] => Some("models"),
            ["experiments", _, "runs", _] => Some("run"),
            ["experiments", _, "traces", _] => Some("trace"),
            _ => None,
        };
        let parts = [
            (has_charts(path, query), "charts"),
            (has_files(path, query), "files"),
            (has_traces(query), "trace"),
        ];
        let parts = parts.into_iter().filter_map(|(is_there, part)| is_there.then_some(part));
        parts.chain(page).filter_map(|module| self.0.get(module)).flatten().map(String::as_str).collect()
    }
}

/// The document around the application.
pub fn shell(options: LeptosOptions, modules: &Modules) -> impl IntoView {
    let headers = use_context::<Parts>().map(|parts| parts.headers).unwrap_or_default();
    provide_context(origin(&headers));
    set_policy();
    let style = format!("/{}/runmark.css", options.site_pkg_dir);
    let later = format!("/{}/later.js", options.site_pkg_dir);
    // The code of pages and of charts comes along with everybody's, not after it.
    let early = use_context::<Parts>().map(|parts| {
        let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
        let files = modules.files(path, query).into_iter();
        files.map(|file| format!("/{}/{file}.wasm", options.site_pkg_dir)).collect::<Vec<_>>()
    });
    let early = early.unwrap_or_default().into_iter().map(|file| {
        view! { <link rel="preload" href=file r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/> }
    });
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme(&headers)>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="stylesheet" href=style/>
                <link rel="modulepreload" href=later/>
                {early.collect_view()}
                <HydrationScripts options/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sign_in_leads_to_pages_of_this_site_only() {
        let check = |next, leads_to| assert_eq!(local_path(next), leads_to, "{next:?}");
        check("/compare?runs=a,b", "/compare?runs=a,b");
        for bad in [
            "",
            "experiments",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
        ] {
            check(bad, "/experiments");
        }
    }

    #[test]
    fn the_theme_is_read_from_the_cookies() {
        let check = |cookies: &str, expected| {
            let headers = HeaderMap::from_iter([(header::COOKIE, cookies.parse().unwrap())]);
            assert_eq!(theme(&headers), expected);
        };
        check("id=1; theme=dark", "dark");
        check("theme=light", "light");
        check("theme=<script>", "system");
        check("mytheme=dark", "system");
    }
}
