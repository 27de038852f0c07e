//! The site: pages, the files that they are made of, and what they show of artifacts.

use crate::{
    Wiring, admin, export,
    identity::{self, SignedIn},
    live, preview, rendering, second_factor,
    session_store::Sessions,
    share, sign_in,
    wire::{artifact, error::WireError},
};
use axum::{
    Router,
    extract::{Path, Query, Request},
    middleware::{self, Next},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use domain::Acting;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use leptos::{config::LeptosOptions, server_fn::error::SERVER_FN_ERROR_HEADER};
use leptos_axum::{AxumRouteListing, LeptosRoutes as _, generate_route_list};
use model::{Code, ExperimentId, Problem, page::ArtifactRoot};
use rust_embed::{EmbeddedFile, RustEmbed};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeSet, HashMap},
    sync::LazyLock,
    time::Duration,
};
use tokio::time::timeout;
use tower_sessions::{Expiry, SessionManagerLayer, cookie::SameSite};

/// What the browser downloads, inside the binary.
#[derive(RustEmbed)]
#[folder = "../target/site"]
#[allow_missing = true]
struct Files;

/// Name of the cookie that a browser is known by.
pub const SESSION_COOKIE: &str = "runmark_session";
/// The same where TLS ends here: no other host, and no page without TLS, can set a cookie of such a name (RFC 6265bis, 4.1.3).
const SECURE_SESSION_COOKIE: &str = "__Host-runmark_session";
/// How long a browser stays signed in.
const SESSION_LIFE: time::Duration = time::Duration::days(14);

/// Where the files of the browser part are: a name that changes with their content, so that browsers keep them for good.
static PACKAGE: LazyLock<String> = LazyLock::new(|| {
    let names: BTreeSet<_> =
        Files::iter().filter(|name| name.starts_with("pkg/") && !name.ends_with(".br")).collect();
    let mut hash = Sha256::new();
    for file in names.iter().filter_map(|name| Files::get(name)) {
        hash.update(file.metadata.sha256_hash());
    }
    let mark: String = hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("pkg/{mark}")
});

/// Path of the style sheet.
pub fn style_path() -> String {
    format!("/{}/runmark.css", PACKAGE.as_str())
}

/// All pages, found once in a process and before any of them can be rendered: while Leptos looks for them, whatever a page asks
/// for in any thread is never answered (leptos-rs/leptos#4773).
static PAGES: LazyLock<Vec<AxumRouteListing>> = LazyLock::new(|| generate_route_list(app::App));

/// Which files each module of the browser part needs. Where it isn't built, documents name none.
static MODULES: LazyLock<app::Modules> = LazyLock::new(|| {
    let file = Files::get("pkg/modules.json");
    file.and_then(|file| serde_json::from_slice(&file.data).ok()).unwrap_or_default()
});

/// The rules of style themselves, for documents that are kept elsewhere.
pub fn style() -> String {
    let file = Files::get("pkg/runmark.css");
    file.map(|file| String::from_utf8_lossy(&file.data).into_owned()).unwrap_or_default()
}

/// Paths of all pages.
pub fn pages() -> Vec<String> {
    PAGES.iter().map(|page| page.path().to_owned()).collect()
}

/// Pages, server functions, files.
pub fn router(wiring: &Wiring) -> Router {
    let options = LeptosOptions::builder().output_name("runmark").site_pkg_dir(PACKAGE.as_str()).build();
    let document = {
        let options = options.clone();
        move || app::shell(options.clone(), &MODULES)
    };
    let not_found = {
        let render = leptos_axum::render_app_async(document.clone());
        move |request: Request| lost(request, render.clone())
    };
    let sessions = SessionManagerLayer::new(Sessions(wiring.domain.clone()))
        .with_name(if wiring.has_tls { SECURE_SESSION_COOKIE } else { SESSION_COOKIE })
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        // Where TLS ends elsewhere, `guard` says so; without any, a browser would not send a secure cookie back.
        .with_secure(wiring.has_tls)
        .with_expiry(Expiry::OnInactivity(SESSION_LIFE));
    Router::new()
        .leptos_routes(&options, PAGES.clone(), document)
        .fallback(not_found)
        .layer(middleware::from_fn(rendering::apart))
        .layer(middleware::from_fn(blamed))
        .merge(admin::router())
        .merge(share::router())
        .merge(second_factor::router())
        .merge(sign_in::router())
        .route("/files/run/{experiment}/{run}/{*path}", get(run_file))
        .route("/files/model/{experiment}/{model}/{*path}", get(model_file))
        .route("/preview/chart.svg", get(preview::chart))
        .route("/export/runs/{experiment}/{file}", get(export::runs))
        .route("/live", get(live::news))
        .layer(middleware::from_fn_with_state(wiring.clone(), identity::of_session))
        .layer(sessions)
        .layer(middleware::from_fn(whole))
        // Neither looks at who is calling.
        .route("/", get(root))
        .route("/pkg/{mark}/{name}", get(package_file))
        .with_state(options)
}

/// Bytes of a form or of what a page sends.
const LARGEST: usize = 2 << 20;
/// How long they may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for all of what is sent before anybody looks at who sent it: otherwise somebody who is about to lose a right could hold
/// the last byte back, and use the right later.
async fn whole(request: Request, next: Next) -> Response {
    if identity::is_safe(request.method()) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    match timeout(PATIENCE, axum::body::to_bytes(body, LARGEST)).await {
        Ok(Ok(bytes)) => next.run(Request::from_parts(parts, bytes.into())).await,
        Ok(Err(_)) => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
    }
}

/// What a page sends and can't be read is a mistake of whoever sent it. Leptos says it were one of the server.
async fn blamed(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let is_fault = response.status() == StatusCode::INTERNAL_SERVER_ERROR;
    if !is_fault || !response.headers().contains_key(SERVER_FN_ERROR_HEADER) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(told) = axum::body::to_bytes(body, LARGEST).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let problem = serde_json::from_slice::<Problem>(&told);
    if problem.is_ok_and(|problem| problem.code == Code::InvalidParameterValue) {
        parts.status = StatusCode::BAD_REQUEST;
    }
    Response::from_parts(parts, told.into())
}

/// MLflow's clients print addresses such as `/#/experiments/1/runs/<id>`. What follows `#` never reaches a server, so the
/// browser itself must go there.
async fn root() -> Response {
    const FORWARD: &str =
        "location.replace(location.hash.startsWith('#/')?location.hash.slice(1):'/experiments')";
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Runmark</title><script>{FORWARD}</script>\
         <noscript><meta http-equiv=\"refresh\" content=\"0;url=/experiments\"></noscript></head>\
         <body><a href=\"/experiments\">Experiments</a></body></html>"
    );
    let policy = "default-src 'none'; script-src 'sha256-";
    let hash = {
        use base64::prelude::{BASE64_STANDARD, Engine as _};
        use sha2::{Digest as _, Sha256};
        BASE64_STANDARD.encode(Sha256::digest(FORWARD))
    };
    let mut response = Html(page).into_response();
    if let Ok(policy) = HeaderValue::from_str(&format!("{policy}{hash}'")) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// A file of the browser part. Its address names its content, so it never changes.
async fn package_file(Path((mark, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    // A page that was opened before an upgrade must not get parts that don't fit to what it has.
    if format!("pkg/{mark}") != *PACKAGE {
        return StatusCode::NOT_FOUND.into_response();
    }
    embedded(&format!("pkg/{name}"), &headers, "public, max-age=31536000, immutable")
        .unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
}

/// A file of the site, smaller where the browser takes it smaller.
fn embedded(path: &str, headers: &HeaderMap, cache: &'static str) -> Option<Response> {
    let accepts =
        headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let brotli =
        accepts.split(',').any(|coding| coding.split(';').next().is_some_and(|name| name.trim() == "br"));
    let small = if brotli { Files::get(&format!("{path}.br")) } else { None };
    let compressed = small.is_some();
    let EmbeddedFile { data, .. } = small.or_else(|| Files::get(path))?;
    let kind = match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "wasm" => "application/wasm",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        _ => artifact::content_type(path),
    };
    let mut response = data.into_response();
    let set = response.headers_mut();
    set.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    set.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    set.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if compressed {
        set.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    Some(response)
}

/// What no route leads to: a file of the site, or the page that says so.
async fn lost<F, A>(request: Request, render: F) -> Response
where
    F: FnOnce(Request) -> A,
    A: Future<Output = Response>,
{
    if request.method() != Method::GET {
        return WireError(Problem::new(Code::EndpointNotFound, "There is nothing here.")).into_response();
    }
    // `GET host HTTP/1.1`, as proxies are asked to connect (RFC 9112, section 3.2.3): pages have a path.
    if request.uri().path_and_query().is_none() {
        return WireError(Problem::invalid("The request names no path.")).into_response();
    }
    let path = request.uri().path().trim_start_matches('/').to_owned();
    let is_file = !path.is_empty() && !path.starts_with("pkg/");
    match embedded(&path, request.headers(), "public, max-age=3600").filter(|_| is_file) {
        Some(file) => file,
        None => {
            let mut response = render(request).await;
            // A page that asks to sign in first leads elsewhere.
            if response.status() == StatusCode::OK {
                *response.status_mut() = StatusCode::NOT_FOUND;
            }
            response
        }
    }
}

async fn run_file(
    SignedIn(acting): SignedIn,
    Path((experiment, run, path)): Path<(i64, String, String)>,
    query: Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Result<Response, WireError> {
    let run = run.parse().map_err(|_| Problem::missing("There is no such run."))?;
    show_file(acting, ArtifactRoot::Run(ExperimentId(experiment), run), path, query, headers).await
}

async fn model_file(
    SignedIn(acting): SignedIn,
    Path((experiment, model, path)): Path<(i64, String, String)>,
    query: Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Result<Response, WireError> {
    let model = model.parse().map_err(|_| Problem::missing("There is no such model."))?;
    show_file(acting, ArtifactRoot::Model(ExperimentId(experiment), model), path, query, headers).await
}

/// A file as the site shows it: pictures and plain text in place, the rest to save.
async fn show_file(
    acting: Acting,
    root: ArtifactRoot,
    path: String,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Result<Response, WireError> {
    let path = acting.artifact_path(root, &path).await?;
    let read = acting.read_artifact(&path, artifact::range(&headers)).await?;
    let kind = artifact::content_type(&path);
    let shown = kind.starts_with("image/") || kind.starts_with("text/plain");
    let disposition = if shown && !query.contains_key("download") {
        artifact::Disposition::Inline
    } else {
        artifact::Disposition::Attachment
    };
    Ok(artifact::harmless(&path, read, disposition))
}
