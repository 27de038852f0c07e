//! Requests, whatever they are, at all doors of a real server: it never panics, never says that it failed, and what it calls JSON is JSON.
//!
//! An input is one request or several, with a line `---` between them: `GET /path?query`, headers below, an empty line, the body.
//! `@RUN`, `@MODEL` and `@LINK` in it are the ids that there are, `@run` and `@model` the bytes of them. An admin asks, by token at the
//! doors of the protocol and by cookie at all others, unless the request says otherwise.
#![no_main]

mod world;

use axum::{body::Body, response::Response};
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use std::cell::RefCell;
use tokio::runtime::Runtime;
use world::World;

/// Requests of one input.
const MOST_REQUESTS: usize = 8;
/// Requests that a world sees: then there is so much in it, or so little, that a new one is better.
const LIFE: usize = 300;

thread_local! {
    static GROUND: RefCell<Option<Ground>> = const { RefCell::new(None) };
}

/// What stays from input to input.
struct Ground {
    runtime: Runtime,
    world: World,
    asked: usize,
}

impl Ground {
    fn new() -> anyhow::Result<Ground> {
        // The answer says that something failed, the log says what.
        let _ = tracing_subscriber::fmt()
            .with_writer(std::io::stderr)
            .with_max_level(tracing::Level::ERROR)
            .try_init();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let world = runtime.block_on(World::open())?;
        Ok(Ground { runtime, world, asked: 0 })
    }

    fn ask(&mut self, input: &[u8]) -> anyhow::Result<()> {
        for request in requests(&self.world.fill_in(input)).into_iter().take(MOST_REQUESTS) {
            if self.asked == LIFE {
                let new = self.runtime.block_on(World::open())?;
                self.runtime.block_on(std::mem::replace(&mut self.world, new).close());
                self.asked = 0;
            }
            self.asked += 1;
            let Some(request) = self.world.request(&request) else { continue };
            self.runtime.block_on(check(&self.world, request));
        }
        Ok(())
    }
}

fuzz_target!(|input: &[u8]| {
    GROUND.with_borrow_mut(|ground| {
        let outcome = match ground {
            Some(ground) => ground.ask(input),
            None => Ground::new().and_then(|new| ground.insert(new).ask(input)),
        };
        if let Err(error) = outcome {
            panic!("there is no server to ask: {error:#}");
        }
    });
});

/// A request as it is written in an input.
struct Written<'a> {
    method: Method,
    target: &'a str,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: &'a [u8],
}

/// The requests of an input; what is none is passed over.
fn requests(input: &[u8]) -> Vec<Written<'_>> {
    const BETWEEN: &[u8] = b"\n---\n";
    let mut written = Vec::new();
    let mut rest = input;
    while let Some(at) = rest.windows(BETWEEN.len()).position(|bytes| bytes == BETWEEN) {
        written.extend(read(&rest[..at]));
        rest = &rest[at + BETWEEN.len()..];
    }
    written.extend(read(rest));
    written
}

fn read(request: &[u8]) -> Option<Written<'_>> {
    const END: &[u8] = b"\n\n";
    let end = request.windows(END.len()).position(|bytes| bytes == END);
    let (head, body) = match end {
        Some(end) => (&request[..end], &request[end + END.len()..]),
        None => (request, &[][..]),
    };
    let mut lines = std::str::from_utf8(head).ok()?.lines();
    let (method, target) = lines.next()?.split_once(' ')?;
    let method: Method = method.parse().ok()?;
    let field = |line: &str| -> Option<(HeaderName, HeaderValue)> {
        let (name, value) = line.split_once(':')?;
        Some((name.trim().parse().ok()?, HeaderValue::from_str(value.trim()).ok()?))
    };
    Some(Written { method, target, headers: lines.filter_map(field).collect(), body })
}

async fn check(world: &World, request: Request<Body>) {
    let (method, address) = (request.method().clone(), request.uri().clone());
    let response: Response = world.answer(request).await;
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    // News has no end: that it begins is enough.
    if kind == "text/event-stream" {
        return;
    }
    let body = match response.into_body().collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => panic!("{method} {address}: {status}, and then it broke off: {error}"),
    };
    let text = String::from_utf8_lossy(&body);
    // MLflow answers this to what contradicts the state of a thing, too.
    let is_meant = text.contains("\"INVALID_STATE\"");
    assert!(status != StatusCode::INTERNAL_SERVER_ERROR || is_meant, "{method} {address}: {status} {text}");
    // Bare, as MLflow's own pages are answered; and a file may hold anything.
    let is_odd = text.contains("NaN") || text.contains("Infinity") || address.path().contains("artifacts/");
    if kind.starts_with("application/json") && !body.is_empty() && !is_odd {
        let read = serde_json::from_slice::<IgnoredAny>(&body);
        assert!(read.is_ok(), "{method} {address}: {status} {text}");
    }
}
