//! The MLflow protocol over HTTP: `/api/…` for clients and the same under `/ajax-api/…`.
//!
//! Owns: how bodies come in ([`intake`]), how arguments are read ([`args`]), how answers ([`answer`], [`encode`]) and
//! problems ([`error`]) are written, the list of operations ([`OPERATIONS`]), and what isn't offered ([`not_offered`]). Must
//! never: decide anything; each operation is a thin door into a use case. Start reading: [`OPERATIONS`], then [`run`]. To add
//! an operation: a function in the file of its noun, a line in the list, a row in `tests/access.txt`. One that is called a
//! thousand times a second is `raw`: it reads the bytes of its body itself, as those of [`log`] do.

pub mod answer;
pub mod args;
pub mod artifact;
pub mod encode;
pub mod error;
mod experiment;
pub mod file;
mod graphql;
pub mod intake;
pub mod log;
mod logged_model;
mod metric;
mod not_offered;
mod permission;
mod registry;
mod role;
mod run;
mod trace;
mod user;
mod webhook;

pub use trace::otlp::read as read_spans;

use crate::identity::Identified;
use answer::Reply;
use args::Args;
use axum::{
    Json, Router,
    extract::{OriginalUri, RawPathParams, Request, rejection::RawPathParamsRejection},
    response::{IntoResponse, Response},
    routing::{MethodFilter, any, get, on, post},
};
use domain::Acting;
use error::WireError;
use futures::future::BoxFuture;
use http::{HeaderMap, Method, header};
use intake::{Intake, Limits};
use model::{Code, Problem, experiment::ViewType, run::Tag};
use serde_json::{Value, json};
use std::sync::Arc;

/// The MLflow whose contract is spoken here; clients ask for it and adapt.
pub const MLFLOW_VERSION: &str = "3.17.2";

/// What an operation answers.
pub(crate) type Answer<T = Value> = Result<T, WireError>;
/// The variable parts of an address, unless their bytes are no text.
type Path = Result<RawPathParams, RawPathParamsRejection>;

/// Bytes of a JSON body: a full batch of metrics, params and tags takes less than 2 MiB.
const BODY: usize = 4 << 20;
/// Bytes of a JSON body that holds datasets, whose schema and profile may be 18 million characters.
const DATASET_BODY: usize = 80 << 20;

/// What MLflow's pages call the protocol below.
const PAGES: &str = "/ajax-api";
/// It is the same below each; clients call it below the first.
const PREFIXES: &[&str] = &["/api", PAGES];

/// One operation of the protocol.
pub struct Operation {
    /// HTTP method.
    pub method: Method,
    /// Path behind the prefix, with names for its variable parts.
    pub path: &'static str,
    handler: Handler,
    terms: Terms,
}

impl Operation {
    /// The prefixes below which it is offered.
    pub fn prefixes(&self) -> &'static [&'static str] {
        self.terms.prefixes
    }
}

/// How an operation gets what was sent.
enum Handler {
    /// As arguments, of a JSON body, a query string or the path.
    Args(fn(Acting, Args) -> BoxFuture<'static, Answer<Reply>>),
    /// As the bytes of a JSON body, which it has read when it returns.
    Raw(fn(Acting, &[u8]) -> BoxFuture<'static, Answer<Reply>>),
}

/// What differs between few operations.
struct Terms {
    prefixes: &'static [&'static str],
    /// Bytes of a body, at most.
    body: usize,
}

impl Terms {
    const USUAL: Self = Self { prefixes: PREFIXES, body: BODY };
}

macro_rules! operations {
    ($($method:ident $path:literal => $(<$kind:ident>)? $door:path $([$($term:ident: $value:expr),*])?;)*) => {
        /// All operations that speak JSON, by path.
        pub static OPERATIONS: &[Operation] = &[$(Operation {
            method: Method::$method,
            path: $path,
            handler: operations!(@handler $($kind)? $door),
            terms: Terms { $($($term: $value,)*)? ..Terms::USUAL },
        }),*];
    };
    (@handler raw $door:path) => { Handler::Raw(|acting, body| Box::pin($door(acting, body))) };
    (@handler $door:path) => {
        Handler::Args(|acting, args| Box::pin(async { $door(acting, args).await.map(Reply::from) }))
    };
}

operations! {
    POST "/2.0/mlflow/experiments/create" => experiment::create;
    GET "/2.0/mlflow/experiments/get" => experiment::get;
    GET "/2.0/mlflow/experiments/get-by-name" => experiment::get_by_name;
    POST "/2.0/mlflow/experiments/search" => experiment::search;
    GET "/2.0/mlflow/experiments/search" => experiment::search;
    POST "/2.0/mlflow/experiments/search-datasets" => experiment::search_datasets [prefixes: &[PAGES]];
    POST "/2.0/mlflow/experiments/update" => experiment::update;
    POST "/2.0/mlflow/experiments/delete" => experiment::delete;
    POST "/2.0/mlflow/experiments/restore" => experiment::restore;
    POST "/2.0/mlflow/experiments/set-experiment-tag" => experiment::set_tag;
    POST "/2.0/mlflow/experiments/delete-experiment-tag" => experiment::delete_tag;
    POST "/2.0/mlflow/runs/create" => run::create;
    GET "/2.0/mlflow/runs/get" => run::get;
    POST "/2.0/mlflow/runs/update" => run::update;
    POST "/2.0/mlflow/runs/delete" => run::delete;
    POST "/2.0/mlflow/runs/restore" => run::restore;
    POST "/2.0/mlflow/runs/search" => run::search;
    POST "/2.0/mlflow/runs/log-metric" => <raw> log::metric;
    POST "/2.0/mlflow/runs/log-parameter" => <raw> log::parameter;
    POST "/2.0/mlflow/runs/log-batch" => <raw> log::batch;
    POST "/2.0/mlflow/runs/set-tag" => <raw> log::tag;
    POST "/2.0/mlflow/runs/delete-tag" => run::delete_tag;
    POST "/2.0/mlflow/runs/log-model" => run::log_model;
    POST "/2.0/mlflow/runs/log-inputs" => run::log_inputs [body: DATASET_BODY];
    POST "/2.0/mlflow/runs/outputs" => run::outputs;
    GET "/2.0/mlflow/metrics/get-history" => metric::history;
    GET "/2.0/mlflow/metrics/get-history-bulk-interval" => metric::bulk_interval;
    GET "/2.0/mlflow/metrics/get-history-bulk" => metric::bulk [prefixes: &[PAGES]];
    GET "/2.0/mlflow/artifacts/list" => run::list_artifacts;
    POST "/2.0/mlflow/logged-models" => logged_model::create;
    POST "/2.0/mlflow/logged-models/search" => logged_model::search;
    GET "/2.0/mlflow/logged-models/{model_id}" => logged_model::get;
    PATCH "/2.0/mlflow/logged-models/{model_id}" => logged_model::finalize;
    DELETE "/2.0/mlflow/logged-models/{model_id}" => logged_model::delete;
    PATCH "/2.0/mlflow/logged-models/{model_id}/tags" => logged_model::set_tags;
    DELETE "/2.0/mlflow/logged-models/{model_id}/tags/{tag_key}" => logged_model::delete_tag;
    POST "/2.0/mlflow/logged-models/{model_id}/params" => logged_model::log_params;
    GET "/2.0/mlflow/logged-models/{model_id}/artifacts/directories" => logged_model::list_files;
    POST "/2.0/mlflow/registered-models/create" => registry::create;
    GET "/2.0/mlflow/registered-models/get" => registry::get;
    GET "/2.0/mlflow/registered-models/search" => registry::search;
    PATCH "/2.0/mlflow/registered-models/update" => registry::update;
    POST "/2.0/mlflow/registered-models/rename" => registry::rename;
    DELETE "/2.0/mlflow/registered-models/delete" => registry::delete;
    POST "/2.0/mlflow/registered-models/get-latest-versions" => registry::latest_versions;
    GET "/2.0/mlflow/registered-models/get-latest-versions" => registry::latest_versions;
    POST "/2.0/mlflow/registered-models/set-tag" => registry::set_tag;
    DELETE "/2.0/mlflow/registered-models/delete-tag" => registry::delete_tag;
    POST "/2.0/mlflow/registered-models/alias" => registry::set_alias;
    DELETE "/2.0/mlflow/registered-models/alias" => registry::delete_alias;
    GET "/2.0/mlflow/registered-models/alias" => registry::get_by_alias;
    POST "/2.0/mlflow/model-versions/create" => registry::create_version;
    GET "/2.0/mlflow/model-versions/get" => registry::get_version;
    GET "/2.0/mlflow/model-versions/search" => registry::search_versions;
    PATCH "/2.0/mlflow/model-versions/update" => registry::update_version;
    DELETE "/2.0/mlflow/model-versions/delete" => registry::delete_version;
    POST "/2.0/mlflow/model-versions/transition-stage" => registry::transition_stage;
    GET "/2.0/mlflow/model-versions/get-download-uri" => registry::download_uri;
    POST "/2.0/mlflow/model-versions/set-tag" => registry::set_version_tag;
    DELETE "/2.0/mlflow/model-versions/delete-tag" => registry::delete_version_tag;
    POST "/2.0/mlflow/webhooks" => webhook::create;
    GET "/2.0/mlflow/webhooks" => webhook::list;
    GET "/2.0/mlflow/webhooks/{webhook_id}" => webhook::get;
    PATCH "/2.0/mlflow/webhooks/{webhook_id}" => webhook::update;
    DELETE "/2.0/mlflow/webhooks/{webhook_id}" => webhook::delete;
    POST "/2.0/mlflow/webhooks/{webhook_id}/test" => webhook::test;
    POST "/2.0/mlflow/users/create" => user::create;
    GET "/2.0/mlflow/users/get" => user::get;
    GET "/2.0/mlflow/users/list" => user::list;
    GET "/2.0/mlflow/users/current" => user::current;
    PATCH "/2.0/mlflow/users/update-password" => user::update_password;
    PATCH "/2.0/mlflow/users/update-admin" => user::update_admin;
    DELETE "/2.0/mlflow/users/delete" => user::delete;
    POST "/3.0/mlflow/users/permissions/grant" => permission::grant;
    POST "/3.0/mlflow/users/permissions/revoke" => permission::revoke;
    GET "/3.0/mlflow/users/permissions/get" => permission::get;
    GET "/3.0/mlflow/users/permissions/list" => permission::list;
    GET "/3.0/mlflow/users/current/permissions" => permission::list_own;
    POST "/2.0/mlflow/experiments/permissions/create" => permission::create_of_experiment;
    GET "/2.0/mlflow/experiments/permissions/get" => permission::get_of_experiment;
    PATCH "/2.0/mlflow/experiments/permissions/update" => permission::update_of_experiment;
    DELETE "/2.0/mlflow/experiments/permissions/delete" => permission::delete_of_experiment;
    POST "/2.0/mlflow/registered-models/permissions/create" => permission::create_of_registered;
    GET "/2.0/mlflow/registered-models/permissions/get" => permission::get_of_registered;
    PATCH "/2.0/mlflow/registered-models/permissions/update" => permission::update_of_registered;
    DELETE "/2.0/mlflow/registered-models/permissions/delete" => permission::delete_of_registered;
    POST "/3.0/mlflow/roles/create" => role::create;
    GET "/3.0/mlflow/roles/get" => role::get;
    GET "/3.0/mlflow/roles/list" => role::list;
    PATCH "/3.0/mlflow/roles/update" => role::update;
    DELETE "/3.0/mlflow/roles/delete" => role::delete;
    POST "/3.0/mlflow/roles/permissions/add" => role::add_permission;
    PATCH "/3.0/mlflow/roles/permissions/update" => role::update_permission;
    DELETE "/3.0/mlflow/roles/permissions/remove" => role::remove_permission;
    GET "/3.0/mlflow/roles/permissions/list" => role::list_permissions;
    POST "/3.0/mlflow/roles/assign" => role::assign;
    DELETE "/3.0/mlflow/roles/unassign" => role::unassign;
    GET "/3.0/mlflow/users/roles/list" => role::list_of_user;
    GET "/3.0/mlflow/roles/users/list" => role::list_users;
    POST "/3.0/mlflow/traces" => trace::start;
    GET "/3.0/mlflow/traces/get" => trace::get;
    GET "/3.0/mlflow/traces/batchGet" => trace::batch_get;
    POST "/3.0/mlflow/traces/batchGetInfos" => trace::batch_get_infos;
    POST "/3.0/mlflow/traces/search" => trace::search;
    POST "/3.0/mlflow/traces/calculate-filter-correlation" => trace::filter_correlation;
    POST "/3.0/mlflow/traces/metrics" => trace::metrics::query;
    POST "/3.0/mlflow/traces/delete-traces" => trace::delete;
    GET "/3.0/mlflow/traces/{trace_id}" => trace::get_info;
    PATCH "/3.0/mlflow/traces/{trace_id}/tags" => trace::set_tag;
    DELETE "/3.0/mlflow/traces/{trace_id}/tags" => trace::delete_tag;
    POST "/3.0/mlflow/traces/{trace_id}/assessments" => trace::assessment::create;
    GET "/3.0/mlflow/traces/{trace_id}/assessments/{assessment_id}" => trace::assessment::get;
    PATCH "/3.0/mlflow/traces/{trace_id}/assessments/{assessment_id}" => trace::assessment::update;
    DELETE "/3.0/mlflow/traces/{trace_id}/assessments/{assessment_id}" => trace::assessment::delete;
    POST "/2.0/mlflow/traces" => trace::v2::start;
    GET "/2.0/mlflow/traces" => trace::v2::search;
    PATCH "/2.0/mlflow/traces/{request_id}" => trace::v2::end;
    GET "/2.0/mlflow/traces/{request_id}/info" => trace::v2::get_info;
    PATCH "/2.0/mlflow/traces/{request_id}/tags" => trace::set_tag;
    DELETE "/2.0/mlflow/traces/{request_id}/tags" => trace::delete_tag;
    POST "/2.0/mlflow/traces/delete-traces" => trace::delete;
    POST "/2.0/mlflow/traces/link-to-run" => trace::link_to_run;
    POST "/2.0/mlflow/traces/link-prompts" => trace::link_prompts;
    GET "/2.0/mlflow-artifacts/artifacts" => artifact::list;
    DELETE "/2.0/mlflow-artifacts/artifacts/{*path}" => artifact::delete;
    POST "/2.0/mlflow-artifacts/mpu/create/{*path}" => artifact::begin_parts;
}

/// Beside the prefixes, and read as an operation is.
static GRAPHQL: Operation = Operation {
    method: Method::POST,
    path: "/graphql",
    handler: Handler::Raw(|acting, body| Box::pin(graphql::query(acting, body))),
    terms: Terms { prefixes: &[], ..Terms::USUAL },
};

/// The doors of the protocol: all operations below their prefixes, transfers of artifacts, files by what they are of, and what
/// is said of the server.
pub fn router(limits: Limits) -> Router {
    let intake = Arc::new(Intake::new(limits));
    let mut router = Router::new();
    for prefix in PREFIXES {
        let mut api = Router::new();
        for operation in OPERATIONS.iter().filter(|operation| operation.prefixes().contains(prefix)) {
            let filter = MethodFilter::try_from(operation.method.clone()).unwrap_or(MethodFilter::GET);
            let intake = intake.clone();
            let door = async move |identified: Identified, path: Path, request: Request| {
                enter(operation, &intake, identified, path, request).await
            };
            api = api.route(operation.path, on(filter, door));
        }
        if *prefix == PAGES {
            api = api.merge(file::of_pages(intake.clone()));
        }
        api = api
            .merge(artifact::transfers())
            .route("/3.0/mlflow/server-info", get(server_info))
            .fallback(no_such_operation)
            .method_not_allowed_fallback(no_such_operation);
        router = router.nest(prefix, api);
    }
    let traces = intake.clone();
    let take_spans = async move |identified: Identified, request: Request| {
        trace::otlp::export(&traces, identified, request).await
    };
    let ask = async move |identified: Identified, path: Path, request: Request| {
        enter(&GRAPHQL, &intake, identified, path, request).await
    };
    router
        .route("/v1/traces", post(take_spans))
        .route(GRAPHQL.path, post(ask))
        .merge(file::without_prefix())
        .route("/health", get(async || "OK"))
        .route("/version", get(async || MLFLOW_VERSION))
        .route("/gateway/{*path}", any(no_such_operation))
}

async fn enter(
    operation: &'static Operation,
    intake: &Intake,
    Identified(acting): Identified,
    path: Path,
    request: Request,
) -> Result<Response, WireError> {
    let path = path.map_err(|_| Problem::invalid("The address holds bytes that are no text."))?;
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().filter(|_| parts.method == Method::GET);
    let answer = match (&operation.handler, query) {
        (Handler::Args(handler), Some(query)) => handler(acting, with_path(Args::of_query(query), &path)),
        (handler, _) => {
            check_content_type(&parts.method, &parts.headers)?;
            let received = match intake.read(body, operation.terms.body).await {
                Ok(received) => received,
                Err(refusal) => return Ok(refusal.into_response()),
            };
            match handler {
                Handler::Raw(handler) => handler(acting, &received.bytes),
                Handler::Args(handler) => handler(acting, with_path(Args::of_body(&received.bytes), &path)),
            }
        }
    };
    answer.await.map(IntoResponse::into_response)
}

/// The variable parts of the path are arguments too.
fn with_path(mut args: Args, path: &RawPathParams) -> Args {
    for (name, value) in path {
        args = args.with(name, value.to_owned());
    }
    args
}

fn check_content_type(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_json =
        given.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    if is_json || !matches!(*method, Method::POST | Method::PUT) {
        return Ok(());
    }
    Err(Problem::invalid("Bad Request. Content-Type must be application/json."))
}

async fn no_such_operation(method: Method, OriginalUri(uri): OriginalUri) -> WireError {
    let path = uri.path();
    let behind = PREFIXES.iter().find_map(|prefix| path.strip_prefix(prefix)).unwrap_or(path);
    WireError(match not_offered::said_of(behind) {
        Some(said) => Problem::new(Code::NotImplemented, said),
        None => Problem::new(
            Code::EndpointNotFound,
            format!("No operation of this server answers to {method} {path}."),
        ),
    })
}

/// What clients ask before the first transfer of an artifact. Public.
async fn server_info() -> Json<Value> {
    Json(json!({
        "store_type": "SqlStore",
        "workspaces_enabled": false,
        "trace_archival_enabled": false,
        "multipart_uploads_enabled": false,
        "multipart_downloads_enabled": false,
        "artifact_serving_enabled": true,
        "presigned_upload_run_id_supported": false,
        "presigned_upload_model_id_supported": false,
        "model_artifact_presigned_downloads_supported": false,
        "artifacts_presigned_only": false,
        "features_enabled": { "gateway": false, "scheduled_issue_detection": false },
    }))
}

/// Tags or params of a call.
fn read_tags(args: &mut Args, name: &str) -> Result<Vec<Tag>, Problem> {
    args.items(name)?
        .iter()
        .map(|tag| {
            Ok(Tag { key: tag.required("key")?.to_owned(), value: tag.text_or_empty("value")?.to_owned() })
        })
        .collect()
}

fn view_type(args: &Args, name: &str) -> Result<ViewType, Problem> {
    let words = [
        ("ACTIVE_ONLY", ViewType::ActiveOnly),
        ("DELETED_ONLY", ViewType::DeletedOnly),
        ("ALL", ViewType::All),
    ];
    Ok(args.word(name, &words, 1)?.unwrap_or_default())
}
