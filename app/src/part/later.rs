//! Parts of a page whose code browsers load when they first show one. What everybody downloads first stays small.

use crate::part::menu::pass_focus_on;
use leptos::{prelude::*, task::spawn_local, wasm_split::SplitLoaderError};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

/// What makes a part's view.
pub type Make<P> = fn(P) -> AnyView;

/// What a function marked with `#[wasm_split(…, fallible)]` gives: the way to the view, or that its code can't be loaded.
pub type Loaded<P> = Result<Make<P>, SplitLoaderError>;

/// A part that browsers alone show, once they have its code. Until then, and on the server, `waiting` stands in its place;
/// it should be as large.
///
/// To split one more part off: a function `#[wasm_split(name, wasm_split_path = leptos::wasm_split, fallible)]` that returns
/// what makes it. Functions with the same name share a file.
pub fn later<P, F>(
    load: impl Fn() -> F + Send + Sync + 'static,
    props: P,
    waiting: impl Fn() -> AnyView + Send + Sync + 'static,
) -> AnyView
where
    P: Clone + Send + Sync + 'static,
    F: Future<Output = Loaded<P>> + 'static,
{
    // What the server wrote is taken over as it is.
    let taken_over = Owner::current_shared_context().is_some_and(|context| context.during_hydration());
    let is_early = !cfg!(feature = "ssr") && !taken_over;
    shown(is_early, loader(load, props), Box::new(waiting))
}

/// As [`later`], and the server shows the part itself. A browser must have the code before it takes such a page over
/// ([`split::preload`](crate::page::split::preload)).
pub fn with_page<P, F>(
    load: impl Fn() -> F + Send + Sync + 'static,
    props: P,
    waiting: impl Fn() -> AnyView + Send + Sync + 'static,
) -> AnyView
where
    P: Clone + Send + Sync + 'static,
    F: Future<Output = Loaded<P>> + 'static,
{
    shown(true, loader(load, props), Box::new(waiting))
}

/// What makes the view; nothing if its code can't be loaded. Parts of any kind share it, so that its code is there once.
type Code = Option<Arc<dyn Fn() -> AnyView + Send + Sync>>;
type Loading = Pin<Box<dyn Future<Output = Code>>>;
type Load = Box<dyn Fn() -> Loading + Send + Sync>;

fn loader<P, F>(load: impl Fn() -> F + Send + Sync + 'static, props: P) -> Load
where
    P: Clone + Send + Sync + 'static,
    F: Future<Output = Loaded<P>> + 'static,
{
    Box::new(move || {
        let (loading, props) = (load(), props.clone());
        Box::pin(async move {
            let make = loading.await.ok()?;
            let code: Arc<dyn Fn() -> AnyView + Send + Sync> = Arc::new(move || make(props.clone()));
            Some(code)
        })
    })
}

/// Shows a part at once if its code is here, and early enough; else as soon as it is.
fn shown(is_early: bool, load: Load, waiting: Box<dyn Fn() -> AnyView + Send + Sync>) -> AnyView {
    if is_early && let Poll::Ready(code) = load().as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Effect::new(|| request_animation_frame(pass_focus_on));
        return made(code);
    }
    let loaded = RwSignal::new(None::<Code>);
    Effect::new(move || {
        let loading = load();
        spawn_local(async move {
            let code = loading.await;
            // Whoever waited may have left the page.
            if loaded.try_update(|loaded| *loaded = Some(code)).is_some() {
                request_animation_frame(pass_focus_on);
            }
        });
    });
    (move || loaded.get().map_or_else(&waiting, made)).into_any()
}

fn made(code: Code) -> AnyView {
    code.map_or_else(failed, |make| make())
}

/// A page, as soon as its code is here.
pub async fn page(loading: impl Future<Output = Loaded<()>>) -> AnyView {
    match loading.await {
        Ok(make) => make(()),
        Err(_) => view! { <div class="page">{failed()}</div> }.into_any(),
    }
}

fn failed() -> AnyView {
    // Trying again wouldn't help a page that is older than the server.
    let reload = |_| _ = window().location().reload();
    view! {
        <div class="later-failed" role="alert">
            <p>"This part of the page couldn't be loaded: the server was updated, or is out of reach."</p>
            <button type="button" class="button" on:click=reload>"Reload the page"</button>
        </div>
    }
    .into_any()
}
