//! How bodies of requests come into memory: within limits of length, time and memory, so that no client, slow or greedy,
//! is at the expense of the others.

use super::error::WireError;
use axum::{
    body::{Body, BodyDataStream, Bytes, HttpBody as _},
    response::{IntoResponse, Response},
};
use futures::StreamExt as _;
use http::{HeaderValue, StatusCode, header};
use model::{Code, Problem};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout, timeout_at},
};

/// Bytes of a too long body that are read and thrown away, so that the client gets to read the answer.
const DRAINED: usize = 64 << 20;

/// What reading may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long nothing may come.
    pub idle: Duration,
    /// How long all of it may take.
    pub whole: Duration,
    /// How long a request waits for memory.
    pub wait: Duration,
    /// Bytes of all bodies up to [`Limits::ordinary_body`] that are being read.
    pub ordinary: usize,
    /// A body with more bytes than this is a large one.
    pub ordinary_body: usize,
    /// Bytes of all large bodies that are being read. They have memory of their own: however slow they are, logging goes
    /// on.
    pub large: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(60),
            whole: Duration::from_secs(600),
            wait: Duration::from_secs(10),
            ordinary: 64 << 20,
            ordinary_body: 4 << 20,
            large: 80 << 20,
        }
    }
}

/// The memory for bodies.
pub struct Intake {
    limits: Limits,
    ordinary: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

/// A body in memory. Its memory counts until this is dropped.
pub struct Received {
    /// The body.
    pub bytes: Bytes,
    _memory: OwnedSemaphorePermit,
}

/// Why a body wasn't read.
#[derive(Debug)]
pub enum Refusal {
    /// It has more bytes than this.
    TooLong(usize),
    /// It didn't come in time.
    Slow,
    /// The connection broke.
    Broken(axum::Error),
    /// There is no memory for it now.
    Busy,
}

/// Memory is counted in KiB.
fn kib(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX).max(1)
}

impl Intake {
    /// With these limits.
    pub fn new(limits: Limits) -> Self {
        let memory = |bytes| Arc::new(Semaphore::new(kib(bytes) as usize));
        Self { limits, ordinary: memory(limits.ordinary), large: memory(limits.large) }
    }

    /// A body of at most `longest` bytes.
    ///
    /// # Errors
    /// If it is too long, too slow, or too much at once.
    pub async fn read(&self, body: Body, longest: usize) -> Result<Received, Refusal> {
        let announced = body.size_hint().exact().map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        let mut arrival = Arrival {
            chunks: body.into_data_stream(),
            idle: self.limits.idle,
            end: Instant::now() + self.limits.whole,
        };
        let room = announced.unwrap_or(longest);
        if room > longest {
            return arrival.drain(Refusal::TooLong(longest)).await;
        }
        let Some(memory) = self.memory(room).await else {
            return arrival.drain(Refusal::Busy).await;
        };
        let first = arrival.next().await?.unwrap_or_default();
        // Most bodies come in one piece, which needs no copy.
        if announced == Some(first.len()) {
            return Ok(Received { bytes: first, _memory: memory });
        }
        let mut read = Vec::with_capacity(announced.unwrap_or(first.len() * 2));
        read.extend_from_slice(&first);
        drop(first);
        while let Some(chunk) = arrival.next().await? {
            if read.len() + chunk.len() > longest {
                drop((read, memory));
                return arrival.drain(Refusal::TooLong(longest)).await;
            }
            read.extend_from_slice(&chunk);
        }
        Ok(Received { bytes: read.into(), _memory: memory })
    }

    /// Memory for as much as a packed body may hold. It counts until what is returned is dropped.
    ///
    /// # Errors
    /// If there is none now.
    pub async fn room(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Refusal> {
        self.memory(bytes).await.ok_or(Refusal::Busy)
    }

    async fn memory(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let large = bytes > self.limits.ordinary_body;
        let (memory, all) =
            if large { (&self.large, self.limits.large) } else { (&self.ordinary, self.limits.ordinary) };
        // Who asks for more than all would wait for ever.
        let wanted = memory.clone().acquire_many_owned(kib(bytes.min(all)));
        timeout(self.limits.wait, wanted).await.ok()?.ok()
    }
}

/// A body on its way.
struct Arrival {
    chunks: BodyDataStream,
    idle: Duration,
    end: Instant,
}

impl Arrival {
    async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        let patience = (Instant::now() + self.idle).min(self.end);
        match timeout_at(patience, self.chunks.next()).await {
            Ok(chunk) => chunk.transpose().map_err(Refusal::Broken),
            Err(_) => Err(Refusal::Slow),
        }
    }

    /// Reads what comes and forgets it, or the client would see a broken connection instead of the refusal.
    async fn drain<T>(mut self, refusal: Refusal) -> Result<T, Refusal> {
        let mut length = 0;
        while length < DRAINED {
            match self.next().await {
                Ok(Some(chunk)) => length += chunk.len(),
                Ok(None) | Err(_) => break,
            }
        }
        Err(refusal)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (problem, status) = match self {
            Self::TooLong(most) => (
                Problem::invalid(format!(
                    "The request is too long: at most {most} bytes are taken. Please split it up."
                )),
                Some(StatusCode::PAYLOAD_TOO_LARGE),
            ),
            Self::Slow => (
                Problem::new(Code::BadRequest, "The request didn't arrive in time. Please send it again."),
                Some(StatusCode::REQUEST_TIMEOUT),
            ),
            Self::Broken(error) => {
                (Problem::new(Code::BadRequest, format!("The request broke off: {error}")), None)
            }
            Self::Busy => (
                Problem::new(
                    Code::ResourceExhausted,
                    "The server is busy reading other requests. Try again in a moment.",
                ),
                None,
            ),
        };
        let mut response = WireError(problem).into_response();
        if let Some(status) = status {
            *response.status_mut() = status;
        }
        if response.status() == StatusCode::REQUEST_TIMEOUT {
            // What may still come would be taken for the next request.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

#[cfg(test)]
mod tests;
