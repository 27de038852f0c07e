//! Parts of a page whose code browsers load when they first show one. What everybody downloads first stays small.

use crate::part::menu::pass_focus_on;
use leptos::{prelude::*, task::spawn_local, wasm_split::SplitLoaderError};

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
    let loaded = RwSignal::new(None::<Result<Make<P>, ()>>);
    Effect::new(move || {
        let loading = load();
        spawn_local(async move {
            let code = loading.await.map_err(|_| ());
            // Whoever waited may have left the page.
            if loaded.try_update(|loaded| *loaded = Some(code)).is_some() {
                request_animation_frame(pass_focus_on);
            }
        });
    });
    let view = move || match loaded.get() {
        None => waiting(),
        Some(Ok(make)) => make(props.clone()),
        Some(Err(())) => failed(),
    };
    view.into_any()
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
