//! Files by what they are of: a run, a logged model, a version, a trace. MLflow's pages and notebooks ask for them so; clients go by
//! their paths (see [`super::artifact`]). They come as attachments, so that no browser shows them as a part of the site.

use super::{
    Answer,
    args::Args,
    artifact::{self, Disposition},
    encode,
    intake::{Intake, Refusal},
    registry, run,
    trace::read_id,
};
use crate::identity::Identified;
use axum::{
    Router,
    body::Body,
    extract::{Path, RawQuery, Request, rejection::PathRejection},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use domain::Acting;
use futures::stream;
use http::{HeaderMap, HeaderValue, header};
use model::{Code, ExperimentId, Problem, RunId, page::ArtifactRoot};
use std::{convert::Infallible, sync::Arc};

/// All of them.
pub const DOORS: [(&str, &str); 6] = [
    ("GET", "/ajax-api/2.0/mlflow/get-trace-artifact"),
    ("GET", "/ajax-api/2.0/mlflow/logged-models/{model_id}/artifacts/files"),
    ("GET", "/ajax-api/3.0/mlflow/get-trace-artifact"),
    ("GET", "/get-artifact"),
    ("GET", "/model-versions/get-artifact"),
    ("POST", "/ajax-api/2.0/mlflow/upload-artifact"),
];

/// Bytes of a file that comes this way (MLflow's figure).
const LARGEST: usize = 10 << 20;
/// The file with the steps of a trace.
const STEPS: &str = "traces.json";
/// Ends of names of files that are plain text to MLflow, and whole names without an end.
const TEXT: &[&str] = &[
    "txt",
    "log",
    "err",
    "cfg",
    "conf",
    "cnf",
    "cf",
    "ini",
    "properties",
    "prop",
    "hocon",
    "toml",
    "yaml",
    "yml",
    "xml",
    "json",
    "js",
    "py",
    "py3",
    "csv",
    "tsv",
    "md",
    "rst",
    "ipynb",
    "MLmodel",
    "MLproject",
];

/// Those below the prefix of MLflow's pages.
pub fn of_pages(intake: Arc<Intake>) -> Router {
    let take =
        async move |identified: Identified, request: Request| upload(&intake, identified, request).await;
    Router::new()
        .route("/2.0/mlflow/upload-artifact", post(take))
        .route("/2.0/mlflow/get-trace-artifact", get(of_trace))
        .route("/3.0/mlflow/get-trace-artifact", get(of_trace))
        .route("/2.0/mlflow/logged-models/{model_id}/artifacts/files", get(of_model))
}

/// Those without a prefix.
pub fn without_prefix() -> Router {
    Router::new().route("/get-artifact", get(of_run)).route("/model-versions/get-artifact", get(of_version))
}

fn args_of(query: Option<&str>) -> Args {
    Args::of_query(query.unwrap_or_default())
}

/// A value that must be there, in MLflow's words for some of these doors.
fn included<'a>(args: &'a Args, name: &str) -> Result<&'a str, Problem> {
    let text = args.text(name)?.filter(|text| !text.is_empty());
    text.ok_or_else(|| {
        Problem::new(Code::BadRequest, format!("Request must include the \"{name}\" query parameter."))
    })
}

/// The same, in its words for uploads.
fn specified<'a>(args: &'a Args, name: &str) -> Result<&'a str, Problem> {
    let text = args.text(name)?.filter(|text| !text.is_empty());
    text.ok_or_else(|| Problem::invalid(format!("Request must specify {name}.")))
}

/// The path of a file of a run.
async fn path_in(acting: &Acting, run: RunId, path: &str) -> Answer<String> {
    // Only the run's id counts for a run's root.
    Ok(acting.artifact_path(ArtifactRoot::Run(ExperimentId(0), run), path).await?)
}

async fn of_run(
    Identified(acting): Identified,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer<Response> {
    let args = args_of(query.as_deref());
    let (path, run) = (args.required("path")?, run::run_id(&args)?);
    let file = path_in(&acting, run, path).await?;
    send(&acting, &file, &headers).await
}

async fn of_model(
    Identified(acting): Identified,
    path: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer<Response> {
    let Path(id) = path.map_err(|_| Problem::invalid("The address holds bytes that are no text."))?;
    let args = args_of(query.as_deref()).with("model_id", id);
    let (path, id) = (included(&args, "artifact_file_path")?, run::model_id(&args)?);
    // One that was deleted is not there.
    let found = acting.get_model(id, false).await?;
    let file = acting.artifact_path(ArtifactRoot::Model(found.experiment, id), path).await?;
    send(&acting, &file, &headers).await
}

async fn of_version(
    Identified(acting): Identified,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer<Response> {
    let args = args_of(query.as_deref());
    let (path, name, number) = (args.required("path")?, args.required("name")?, registry::version(&args)?);
    let file = acting.version_file_path(name, number, path).await?;
    send(&acting, &file, &headers).await
}

/// The steps of a trace, or something that is attached to one of them.
async fn of_trace(
    Identified(acting): Identified,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer<Response> {
    let args = args_of(query.as_deref());
    let text = included(&args, "request_id")?;
    let id = read_id(text).ok_or_else(|| Problem::missing(format!("Trace with ID '{text}' not found.")))?;
    let attached = args.text("path")?.filter(|name| !name.is_empty());
    if let Some(name) = attached {
        if !is_attachment(name) {
            let message = "Attachment path must be a valid UUID.";
            return Err(Problem::invalid(format!("Invalid attachment path: '{name}'. {message}")).into());
        }
        let file = acting.trace_file_path(id, &format!("attachments/{name}")).await?;
        return send(&acting, &file, &headers).await;
    }
    let trace = acting.get_trace(id, true).await?;
    if trace.spans.is_empty() {
        // Clients that know no door for steps put them beside the trace.
        let file = acting.trace_file_path(id, STEPS).await?;
        return send(&acting, &file, &headers).await;
    }
    let mut response = encode::trace_file::steps(&trace).to_string().into_response();
    artifact::name(response.headers_mut(), STEPS, Disposition::Attachment);
    artifact::confine(response.headers_mut());
    Ok(response)
}

/// Attachments are called by a UUID, as Python writes it.
fn is_attachment(name: &str) -> bool {
    let fits = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    };
    name.len() == 36 && name.bytes().enumerate().all(fits)
}

async fn upload(intake: &Intake, Identified(acting): Identified, request: Request) -> Answer<Response> {
    let (parts, body) = request.into_parts();
    // First, whatever is said of it: otherwise the client would see a broken connection in place of the answer.
    let received = intake.read(body, LARGEST).await;
    let args = args_of(parts.uri.query());
    if !args.has("run_id") {
        specified(&args, "run_uuid")?;
    }
    let (run, path) = (run::run_id(&args)?, specified(&args, "path")?);
    if path.ends_with('/') {
        return Err(Problem::invalid("Artifact path must include a filename (cannot end with '/').").into());
    }
    let received = match received {
        Ok(received) => received,
        Err(Refusal::TooLong(_)) => {
            return Err(Problem::invalid("Artifact size is too large. Max size is 10MB.").into());
        }
        Err(refusal) => return Ok(refusal.into_response()),
    };
    if received.bytes.is_empty() {
        return Err(Problem::invalid("Request must specify data.").into());
    }
    let file = path_in(&acting, run, path).await?;
    // A slash may be written in another way.
    if file == path_in(&acting, run, "").await? {
        return Err(Problem::invalid("Invalid path").into());
    }
    let content = stream::iter([Ok::<_, Infallible>(received.bytes.clone())]);
    acting.write_artifact(&file, content).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], Body::empty()).into_response())
}

/// A file, with the kind that MLflow says it is of.
async fn send(acting: &Acting, path: &str, headers: &HeaderMap) -> Answer<Response> {
    let read = acting.read_artifact(path, artifact::range(headers)).await?;
    let mut response = artifact::harmless(path, read, Disposition::Attachment);
    if is_text(path) {
        let kind = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    Ok(response)
}

fn is_text(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    TEXT.contains(&name.rsplit_once('.').map_or(name, |(_, end)| end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_what_mlflow_takes_for_text() {
        for path in ["a/b.txt", "conf.d/x.json", "model/MLmodel", "x.tar.csv", "MLproject"] {
            assert!(is_text(path), "{path}");
        }
        for path in ["a.txt/b.png", "page.html", "json.bin", "weights", "a.TXT", ""] {
            assert!(!is_text(path), "{path}");
        }
    }

    #[test]
    fn attachments_are_called_by_a_uuid() {
        assert!(is_attachment("0af76519-16cd-43dd-8448-eb211c80319c"));
        for name in [
            "",
            "0af7651916cd43dd8448eb211c80319c",
            "0AF76519-16cd-43dd-8448-eb211c80319c",
            "0af76519-16cd-43dd-8448-eb211c80319/",
            "../76519-16cd-43dd-8448-eb211c80319c",
            "{0af76519-16cd-43dd-8448-eb211c80319c}",
        ] {
            assert!(!is_attachment(name), "{name}");
        }
    }
}
