//! Keeps renderings from disturbing each other.
//!
//! Leptos keeps the owner of reactive values, and the arena that they lie in, in thread-locals which a rendering sets when
//! it starts. Two things follow where renderings take turns on the threads of the runtime:
//! - One goes on with the other's owner, and loses its values when the other is done. So each gets its own owner back
//!   whenever it goes on.
//! - About one in some hundred finds a value gone that it made a moment ago, and panics ("… already been disposed"; seen
//!   with reactive_graph 0.2.16, the cause isn't known). A page is only read, so it is rendered once more.

use axum::{
    body::{Body, Bytes},
    extract::Request,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use futures::Stream;
use http::{Method, StatusCode};
use leptos::prelude::Owner;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

/// How often a page is rendered before it counts as broken.
const TRIES: usize = 4;

/// As a layer around pages and server functions.
pub async fn apart(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if parts.method != Method::GET {
        return render(Request::from_parts(parts, body), next).await.unwrap_or_else(broken);
    }
    for _ in 1..TRIES {
        let again = Request::from_parts(parts.clone(), Body::empty());
        if let Ok(response) = render(again, next.clone()).await {
            return response;
        }
        tracing::debug!(path = parts.uri.path(), "a rendering lost its values; rendering once more");
    }
    render(Request::from_parts(parts, body), next).await.unwrap_or_else(broken)
}

/// The rendering panicked; the panic's message has been printed.
struct Panicked;

fn broken(_: Panicked) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, "The page can't be shown. The server's log says why.").into_response()
}

async fn render(request: Request, next: Next) -> Result<Response, Panicked> {
    let mut owner = None;
    let mut rendering = Box::pin(next.run(request));
    let turn = |context: &mut Context<'_>| {
        let turn = || resumed(&mut owner, || rendering.as_mut().poll(context));
        match catch_unwind(AssertUnwindSafe(turn)) {
            Ok(poll) => poll.map(Ok),
            Err(_) => Poll::Ready(Err(Panicked)),
        }
    };
    let response = std::future::poll_fn(turn).await?;
    let (parts, body) = response.into_parts();
    Ok(Response::from_parts(
        parts,
        Body::from_stream(Rest { owner, body: Box::pin(body.into_data_stream()) }),
    ))
}

/// What is still being rendered while it is sent.
struct Rest {
    owner: Option<Owner>,
    body: Pin<Box<dyn Stream<Item = Result<Bytes, axum::Error>> + Send>>,
}

impl Stream for Rest {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { owner, body } = &mut *self;
        resumed(owner, || body.as_mut().poll_next(context))
    }
}

/// Takes a turn with the owner of the turn before, and remembers the one it leaves.
fn resumed<T>(owner: &mut Option<Owner>, turn: impl FnOnce() -> T) -> T {
    let others = Owner::current();
    if let Some(owner) = owner {
        owner.set();
    }
    let outcome = turn();
    *owner = Owner::current();
    if let Some(others) = others {
        others.set();
    }
    outcome
}
