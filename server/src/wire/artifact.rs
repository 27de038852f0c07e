//! `/mlflow-artifacts/…`: files pass through as streams.

use super::{
    Answer,
    args::Args,
    encode::{self, Object},
    error::WireError,
};
use crate::identity::Identified;
use axum::{
    Router,
    body::Body,
    extract::{Path, rejection::PathRejection},
    response::{IntoResponse, Response},
    routing::get,
};
use domain::{
    Acting,
    artifact::{ArtifactRead, ByteRange, check_path},
};
use futures::TryStreamExt as _;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use model::{Code, Problem};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

/// Reading and writing of files, for one prefix.
pub fn transfers() -> Router {
    Router::new().route("/2.0/mlflow-artifacts/artifacts/{*path}", get(download).put(upload))
}

/// Files and folders in a folder; their paths are names alone.
pub async fn list(acting: Acting, args: Args) -> Answer {
    let entries = acting.list_artifacts(args.text_or_empty("path")?).await?;
    Ok(Object::default().set_list("files", &entries, encode::artifact).done())
}

/// Deletes a file or a folder.
pub async fn delete(acting: Acting, args: Args) -> Answer {
    acting.delete_artifact(args.required("path")?).await?;
    Ok(json!({}))
}

/// The beginning of an upload in parts, which isn't offered. By these very words a client that was told to try it
/// (`MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD`) knows that it shall send the file as a whole; any other answer fails the upload.
pub async fn begin_parts(_: Acting, args: Args) -> Answer {
    check_path(args.text_or_empty("path")?)?;
    let message = "Multipart upload is not supported for the current artifact repository";
    Err(Problem::new(Code::NotImplemented, message).into())
}

/// The path of a file, unless its bytes are no text.
fn readable(path: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    path.map(|Path(path)| path).map_err(|_| Problem::invalid("Invalid path"))
}

async fn upload(
    Identified(acting): Identified,
    path: Result<Path<String>, PathRejection>,
    body: Body,
) -> Result<StatusCode, WireError> {
    let path = readable(path)?;
    if path.ends_with('/') {
        return Err(Problem::invalid("Artifact path must include a filename (cannot end with '/').").into());
    }
    acting.write_artifact(&path, body.into_data_stream()).await?;
    Ok(StatusCode::OK)
}

async fn download(
    Identified(acting): Identified,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, WireError> {
    let path = readable(path)?;
    let read = acting.read_artifact(&path, range(&headers)).await?;
    Ok(file(&path, read, Disposition::Attachment))
}

/// What a browser should do with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Save it.
    Attachment,
    /// Show it.
    Inline,
}

/// The one range asked for; several at once, or what isn't understood, is the whole file, as RFC 9110 §14.2 allows.
pub fn range(headers: &HeaderMap) -> Option<ByteRange> {
    let text = headers.get(header::RANGE)?.to_str().ok()?.strip_prefix("bytes=")?;
    match text.split_once('-')? {
        ("", last) => last.parse().ok().map(ByteRange::Last),
        (first, "") => first.parse().ok().map(ByteRange::From),
        (first, last) => {
            let (first, last) = (first.parse().ok()?, last.parse().ok()?);
            (first <= last).then_some(ByteRange::Between(first, last))
        }
    }
}

/// Kinds of files by the end of their names, for the few that are shown.
pub fn content_type(path: &str) -> &'static str {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    match extension.as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "pdf" => "application/pdf",
        "json" => "application/json",
        "html" | "htm" => "text/html; charset=utf-8",
        "csv" => "text/csv; charset=utf-8",
        "txt" | "log" | "md" | "yaml" | "yml" | "toml" | "py" | "cfg" | "ini" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// A file as the site answers with it. What it holds was written by somebody's program, so no browser may run it as a part of the
/// site.
pub fn harmless(path: &str, read: ArtifactRead, disposition: Disposition) -> Response {
    let mut response = file(path, read, disposition);
    confine(response.headers_mut());
    response
}

/// Says of an answer that it is no part of the site, and nobody's but the caller's.
pub fn confine(headers: &mut HeaderMap) {
    let policy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
}

/// Says what the file that is answered is called.
pub fn name(headers: &mut HeaderMap, path: &str, disposition: Disposition) {
    if let Ok(value) = HeaderValue::from_str(&content_disposition(path, disposition)) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
}

/// A file as an answer, whole or in part.
pub fn file(path: &str, read: ArtifactRead, disposition: Disposition) -> Response {
    let ArtifactRead { size, range, etag, modified, stream } = read;
    let partial = range.start != 0 || range.end != size;
    let mut response = Body::from_stream(stream.map_err(std::io::Error::other)).into_response();
    if partial {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    let headers = response.headers_mut();
    let mut set = |name: header::HeaderName, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, content_type(path).to_owned());
    set(header::CONTENT_LENGTH, (range.end - range.start).to_string());
    set(header::ACCEPT_RANGES, "bytes".to_owned());
    if partial {
        set(header::CONTENT_RANGE, format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1)));
    }
    if let Some(etag) = etag {
        set(header::ETAG, if etag.starts_with('"') { etag } else { format!("\"{etag}\"") });
    }
    if let Some(date) = http_date(modified) {
        set(header::LAST_MODIFIED, date);
    }
    name(headers, path, disposition);
    response
}

fn http_date(millis: i64) -> Option<String> {
    let time = OffsetDateTime::from_unix_timestamp(millis.div_euclid(1000)).ok()?;
    Some(time.format(&Rfc2822).ok()?.replace("+0000", "GMT"))
}

/// With the file's name: as it is where it can be, else percent-encoded (RFC 5987, RFC 6266).
fn content_disposition(path: &str, disposition: Disposition) -> String {
    const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_');
    let kind = match disposition {
        Disposition::Attachment => "attachment",
        Disposition::Inline => "inline",
    };
    let name = path.rsplit('/').next().unwrap_or(path);
    if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_ ".contains(&byte)) {
        format!("{kind}; filename=\"{name}\"")
    } else {
        format!("{kind}; filename*=UTF-8''{}", utf8_percent_encode(name, ENCODED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &'static str, expected: Option<ByteRange>) {
        let headers = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static(text))]);
        assert_eq!(range(&headers), expected, "{text}");
    }

    #[test]
    fn ranges_are_read_and_what_is_not_understood_is_the_whole_file() {
        check("bytes=0-99", Some(ByteRange::Between(0, 99)));
        check("bytes=100-", Some(ByteRange::From(100)));
        check("bytes=-5", Some(ByteRange::Last(5)));
        for text in ["bytes=9-1", "bytes=0-1,3-4", "lines=1-2", "bytes=", "bytes=a-b"] {
            check(text, None);
        }
    }

    #[test]
    fn names_of_files_can_not_break_out_of_their_header() {
        assert_eq!(content_disposition("a/b c.txt", Disposition::Inline), "inline; filename=\"b c.txt\"");
        assert_eq!(
            content_disposition("a/\"\r\nx: é", Disposition::Attachment),
            "attachment; filename*=UTF-8''%22%0D%0Ax%3A%20%C3%A9"
        );
    }

    #[test]
    fn dates_are_those_of_http() {
        assert_eq!(http_date(784_111_777_000).as_deref(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
    }
}
