//! `POST /v1/traces`: steps of traces by OpenTelemetry's protocol over HTTP, as protobuf or JSON, packed or not. The experiment is
//! named in a header. What can't be taken is told as a partial success.

mod json;
mod message;
mod weigh;

use crate::{
    identity::Identified,
    wire::{
        error::WireError,
        experiment::bad_id,
        intake::{Intake, Received},
    },
};
use axum::{
    Json,
    body::Bytes,
    extract::Request,
    response::{IntoResponse, Response},
};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use message::{ExportRequest, ExportResponse, Kind, PartialSuccess};
use model::{
    ExperimentId, Problem, RunId, TraceId,
    run::Tag,
    trace::{
        NewSpans, Taken,
        span::{Attribute, AttributeValue, Span, SpanEvent, SpanId, SpanKind, SpanLink, SpanStatus},
    },
};
use prost::Message as _;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io::{self, Read as _},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
};

/// Bytes of a request.
const BODY: usize = 16 << 20;
/// Bytes of a packed request.
const PACKED: usize = 4 << 20;
/// Bytes of memory that a request may be read into, besides its texts. What programs send takes a few times its length.
const READ: usize = 8 * BODY;
/// KiB of memory that all requests may be read into at a time.
static ROOM: Semaphore = Semaphore::const_new(2 * READ / 1024);

const NO_REQUEST: &str = "Invalid OpenTelemetry format";
const EXPERIMENT: &str = "x-mlflow-experiment-id";
const RUN: &str = "x-mlflow-run-id";
const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

/// Takes in steps of traces.
pub async fn export(
    intake: &Intake,
    Identified(acting): Identified,
    request: Request,
) -> Result<Response, WireError> {
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    let Some(experiment) = text_of(headers, EXPERIMENT) else {
        let missing = json!([{ "type": "missing", "loc": ["header", EXPERIMENT], "msg": "Field required" }]);
        return Ok(refusal(StatusCode::UNPROCESSABLE_ENTITY, missing));
    };
    let experiment: ExperimentId = experiment.parse().map_err(|_| bad_id(experiment))?;
    // The steps are taken whatever they are to be linked to.
    let run = text_of(headers, RUN).filter(|run| !run.is_empty()).map(read_run);
    let (run, no_run) = match run.transpose() {
        Ok(run) => (run, None),
        Err(problem) => (None, Some(problem.message)),
    };
    let kind = text_of(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    let is_json = match kind.split(';').next().unwrap_or_default().trim() {
        PROTOBUF => false,
        JSON => true,
        _ => {
            let detail = format!("Invalid Content-Type: {kind}. Expected: {PROTOBUF} or {JSON}");
            return Ok(bad(&detail));
        }
    };
    let encoding = text_of(headers, header::CONTENT_ENCODING.as_str()).map(str::to_ascii_lowercase);
    let packing = match encoding.as_deref() {
        None | Some("" | "identity") => None,
        Some("gzip") => Some(Packing::Gzip),
        Some("deflate") => Some(Packing::Deflate),
        Some(other) => return Ok(bad(&format!("Unsupported Content-Encoding: {other}"))),
    };
    let longest = if packing.is_some() { PACKED } else { BODY };
    let received = match intake.read(body, longest).await {
        Ok(received) => received,
        Err(refusal) => return Ok(refusal.into_response()),
    };
    // Who may not log gets nothing unpacked or read.
    acting.may_log_spans(experiment).await?;
    let packing = match packing {
        None => None,
        Some(packing) => match intake.room(BODY).await {
            Ok(memory) => Some((packing, memory)),
            Err(refusal) => return Ok(refusal.into_response()),
        },
    };
    let (content, weight) = match aside(move || weighed(received, packing, is_json)).await? {
        Ok(weighed) => weighed,
        Err(detail) => return Ok(bad(&detail)),
    };
    // Both count until the steps are stored, or until they are read if nobody waits for them any more. ROOM is never closed.
    let room = ROOM.acquire_many(kib(weight)).await.ok();
    let (spans, _content, _room) = aside(move || (steps_of(content.bytes(), is_json), content, room)).await?;
    let (spans, odd) = match spans {
        Ok(spans) => spans,
        Err(detail) => return Ok(bad(detail)),
    };
    let mut taken = acting.log_spans(experiment, run, spans).await?;
    // Why some weren't taken counts more than what else there is to say.
    if odd > 0 && taken.refused == 0 {
        taken.message = "Some spans have no trace id of 16 bytes, or no span id of 8.".to_owned();
    }
    taken.refused += odd;
    if taken.message.is_empty() {
        taken.message = no_run.unwrap_or_default();
    }
    Ok(answer(taken, is_json))
}

/// What was sent; its memory counts until this is dropped.
enum Content {
    Plain(Received),
    Unpacked { bytes: Vec<u8>, _memory: OwnedSemaphorePermit },
}

impl Content {
    /// What was sent, unpacked.
    fn of(received: Received, packing: Option<(Packing, OwnedSemaphorePermit)>) -> Option<Self> {
        Some(match packing {
            None => Self::Plain(received),
            Some((packing, memory)) => {
                Self::Unpacked { bytes: packing.unpack(&received.bytes)?, _memory: memory }
            }
        })
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Plain(received) => &received.bytes,
            Self::Unpacked { bytes, .. } => bytes,
        }
    }
}

fn text_of<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

fn read_run(text: &str) -> Result<RunId, Problem> {
    text.parse().map_err(|_| Problem::missing(format!("Run with id={text} not found")))
}

/// A refusal in the shape of MLflow's door.
fn refusal(status: StatusCode, detail: Value) -> Response {
    (status, Json(json!({ "detail": detail }))).into_response()
}

fn bad(detail: &str) -> Response {
    refusal(StatusCode::BAD_REQUEST, Value::from(detail))
}

#[derive(Clone, Copy)]
enum Packing {
    Gzip,
    Deflate,
}

impl Packing {
    /// What was packed, unless it is too much or was packed otherwise.
    fn unpack(self, packed: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Gzip => read_all(MultiGzDecoder::new(packed)).ok(),
            // Some clients leave zlib's envelope out.
            Self::Deflate => {
                read_all(ZlibDecoder::new(packed)).or_else(|_| read_all(DeflateDecoder::new(packed))).ok()
            }
        }
    }
}

fn read_all(from: impl io::Read) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    from.take(BODY as u64 + 1).read_to_end(&mut all)?;
    if all.len() > BODY { Err(io::ErrorKind::InvalidData.into()) } else { Ok(all) }
}

/// Carries out what takes long beside the threads that answer.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> domain::Result<T> {
    let done = spawn_blocking(work).await;
    done.map_err(|error| domain::Error::Fault(format!("reading steps of traces: {error}")))
}

/// What was sent, and how many bytes of memory it will be read into; otherwise what to say of it.
fn weighed(
    received: Received,
    packing: Option<(Packing, OwnedSemaphorePermit)>,
    is_json: bool,
) -> Result<(Content, usize), String> {
    let content = Content::of(received, packing).ok_or_else(|| {
        format!(
            "Failed to decompress the payload, or it holds more than {} MiB. Please split it up.",
            BODY >> 20
        )
    })?;
    let weight = weigh(content.bytes(), is_json)?;
    Ok((content, weight))
}

fn weigh(bytes: &[u8], is_json: bool) -> Result<usize, String> {
    match is_json {
        true => weigh::json(bytes, READ).ok_or_else(|| {
            format!("Read, this would take more than {} MiB of memory. Please split it up.", READ >> 20)
        }),
        false => weigh::protobuf(bytes, READ).ok_or_else(|| NO_REQUEST.to_owned()),
    }
}

fn kib(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX)
}

/// The steps that a request holds, by their trace and by the program that they come from, and how many can't be any; `None` if it is no
/// request, or one that is refused.
pub fn read(request: &[u8], is_json: bool) -> Option<(Vec<NewSpans>, u64)> {
    weigh(request, is_json).ok()?;
    decode(request, is_json).map(convert)
}

/// As [`read`], of a request that was weighed; otherwise what to say of it.
fn steps_of(request: &[u8], is_json: bool) -> Result<(Vec<NewSpans>, u64), &'static str> {
    let message = decode(request, is_json).ok_or(NO_REQUEST)?;
    if message.resource_spans.is_empty() {
        return Err("Invalid OpenTelemetry format - no spans found");
    }
    Ok(convert(message))
}

fn decode(bytes: &[u8], is_json: bool) -> Option<ExportRequest> {
    if is_json {
        json::request(&serde_json::from_slice(bytes).ok()?)
    } else {
        ExportRequest::decode(bytes).ok()
    }
}

/// The answer, in the language of the question. That all is well needs no words.
fn answer(taken: Taken, is_json: bool) -> Response {
    let Taken { refused, message } = taken;
    let is_partial = refused > 0 || !message.is_empty();
    if is_json {
        let partial = json!({ "rejectedSpans": refused.to_string(), "errorMessage": message });
        return Json(if is_partial { json!({ "partialSuccess": partial }) } else { json!({}) })
            .into_response();
    }
    let rejected_spans = i64::try_from(refused).unwrap_or(i64::MAX);
    let partial_success = is_partial.then_some(PartialSuccess { rejected_spans, error_message: message });
    let mut response = Bytes::from(ExportResponse { partial_success }.encode_to_vec()).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROTOBUF));
    response
}

/// The steps, by their trace and by the program that they come from, and how many can't be any.
fn convert(request: ExportRequest) -> (Vec<NewSpans>, u64) {
    let mut odd = 0;
    let mut all = Vec::new();
    for from_program in request.resource_spans {
        let tags = tags_of(from_program.resource.unwrap_or_default().attributes);
        let mut by_trace: BTreeMap<TraceId, Vec<Span>> = BTreeMap::new();
        for span in from_program.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            match read_span(span) {
                Some((trace, span)) => by_trace.entry(trace).or_default().push(span),
                None => odd += 1,
            }
        }
        all.extend(by_trace.into_iter().map(|(trace, spans)| NewSpans { trace, spans, tags: tags.clone() }));
    }
    (all, odd)
}

/// What is known of a program, but for what its libraries say of themselves.
fn tags_of(resource: Vec<message::KeyValue>) -> Vec<Tag> {
    let tag = |Attribute { key, value }| {
        let value = match value {
            AttributeValue::Text(text) => text,
            AttributeValue::Flag(flag) => flag.to_string(),
            AttributeValue::Whole(number) => number.to_string(),
            AttributeValue::Real(number) => number.to_string(),
            _ => return None,
        };
        let is_own = key.starts_with("telemetry.sdk.") || key.starts_with("mlflow.");
        (!is_own).then_some(Tag { key, value })
    };
    attributes(resource).into_iter().filter_map(tag).collect()
}

fn nanos(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}

fn read_span(span: message::Span) -> Option<(TraceId, Span)> {
    let trace = trace_id(&span.trace_id)?;
    let status = span.status.unwrap_or_default();
    let read = Span {
        id: span_id(&span.span_id)?,
        parent: span_id(&span.parent_span_id),
        name: span.name,
        kind: SpanKind::from_number(span.kind.into()).unwrap_or_default(),
        start: nanos(span.start_time_unix_nano),
        end: (span.end_time_unix_nano > 0).then_some(nanos(span.end_time_unix_nano)),
        status: match status.code {
            1 => SpanStatus::Ok,
            2 => SpanStatus::Error,
            _ => SpanStatus::Unset,
        },
        message: status.message,
        attributes: attributes(span.attributes),
        events: span.events.into_iter().map(event).collect(),
        links: span.links.into_iter().filter_map(link).collect(),
    };
    Some((trace, read))
}

fn trace_id(bytes: &[u8]) -> Option<TraceId> {
    let bytes: [u8; 16] = bytes.try_into().ok()?;
    (bytes != [0; 16]).then(|| TraceId::from_bytes(bytes))
}

fn span_id(bytes: &[u8]) -> Option<SpanId> {
    let number = u64::from_be_bytes(bytes.try_into().ok()?);
    (number != 0).then_some(SpanId(number))
}

fn event(event: message::Event) -> SpanEvent {
    SpanEvent {
        name: event.name,
        time: nanos(event.time_unix_nano),
        attributes: attributes(event.attributes),
    }
}

fn link(link: message::Link) -> Option<SpanLink> {
    Some(SpanLink {
        trace: trace_id(&link.trace_id)?,
        span: span_id(&link.span_id)?,
        attributes: attributes(link.attributes),
    })
}

fn attributes(pairs: Vec<message::KeyValue>) -> Vec<Attribute> {
    let attribute =
        |pair: message::KeyValue| Attribute { key: pair.key, value: value(pair.value.unwrap_or_default()) };
    pairs.into_iter().map(attribute).collect()
}

fn value(any: message::AnyValue) -> AttributeValue {
    match any.value {
        None => AttributeValue::Nothing,
        Some(Kind::Text(text)) => AttributeValue::Text(text),
        Some(Kind::Flag(flag)) => AttributeValue::Flag(flag),
        Some(Kind::Whole(number)) => AttributeValue::Whole(number),
        Some(Kind::Real(number)) => AttributeValue::Real(number),
        Some(Kind::Bytes(bytes)) => AttributeValue::Bytes(bytes),
        Some(Kind::List(list)) => AttributeValue::List(list.values.into_iter().map(value).collect()),
        Some(Kind::Map(map)) => AttributeValue::Map(attributes(map.values)),
    }
}
