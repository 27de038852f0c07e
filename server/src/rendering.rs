//! Keeps renderings apart that take turns on one thread.
//!
//! Leptos keeps the owner of reactive values in a thread-local that a rendering sets once. When two renderings take turns
//! on a thread of the runtime, one creates values that belong to the other, and loses them when the other is done ("you
//! tried to access a reactive value … already disposed"). So each rendering gets its own owner back whenever it goes on.

use axum::{
    body::{Body, Bytes},
    extract::Request,
    middleware::Next,
    response::Response,
};
use futures::Stream;
use leptos::prelude::Owner;
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// As a layer around pages and server functions.
pub async fn apart(request: Request, next: Next) -> Response {
    let mut owner = None;
    let mut rendering = Box::pin(next.run(request));
    let response =
        std::future::poll_fn(|context| resumed(&mut owner, || rendering.as_mut().poll(context))).await;
    let (parts, body) = response.into_parts();
    Response::from_parts(parts, Body::from_stream(Rest { owner, body: Box::pin(body.into_data_stream()) }))
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
