//! What is seen: pages, the parts they are made of, and the server functions they ask.
//!
//! Owns: markup, the state in the address, how things are said to people.
//! Must never: decide who may see what (that is `domain`'s gate), touch SQL or files, keep data of its own. The one
//! module behind the feature `ssr` fetches the caller and the domain; nothing else differs between server and browser.
//! Start reading at [`App`] (the routes), then `page` (one file per page), `part`, `api`.
//! To add a page: see `page/mod.rs`. To add a question to the server: see `api/mod.rs`.

#![recursion_limit = "256"]

// What the pages that the server alone renders have in common with these.
pub use part::{
    address::Query,
    chart::formula,
    column, comparison, icon,
    number::{count, counted, size},
    run_color::Ink,
    run_table::run_name,
    status::status_word,
    time::{absolute, duration},
};

mod api;
#[cfg(feature = "gallery")]
mod gallery;
#[cfg(feature = "ssr")]
mod half;
mod page;
mod part;
#[cfg(feature = "ssr")]
mod ssr;

#[cfg(feature = "ssr")]
pub use half::{CODE_PATH, HalfSignedIn};
#[cfg(feature = "ssr")]
pub use ssr::{
    Modules, Provider, SESSION_ADDRESS, SESSION_AGENT, SESSION_BY_LINK, SESSION_USER, keep_signed_in,
    local_path, origin_of, shell, theme,
};

use crate::{
    page::{experiment_list::ExperimentList, not_found::NotFound, run_list::RunList, sign_in::SignIn, split},
    part::{
        live::Live,
        palette::Palette,
        time::Clock,
        toast::{ToastPlace, Toasts},
        top_bar::{Session, TopBar},
    },
};
use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    Lazy, SsrMode,
    components::{Route, Router, Routes},
    path,
};

/// Brings the code that the page which the server wrote needs beside that of its route. To be awaited before taking it over.
pub async fn preload() {
    let location = window().location();
    let (path, query) = (location.pathname().unwrap_or_default(), location.search().unwrap_or_default());
    split::preload(&path, &query).await;
}

/// The pages, and those that are given in.
macro_rules! routes {
    ($($more:tt)*) => {
        view! {
            <Routes fallback=NotFound>
                <Route path=path!("/sign-in") view=SignIn ssr=SsrMode::Async/>
                <Route path=path!("/experiments") view=ExperimentList ssr=SsrMode::Async/>
                <Route path=path!("/experiments/:experiment") view=RunList ssr=SsrMode::Async/>
                <Route path=path!("/experiments/:experiment/runs/:run") view={Lazy::<split::Run>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/experiments/:experiment/traces/:trace") view={Lazy::<split::Trace>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/runs") view={Lazy::<split::AllRuns>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/compare") view={Lazy::<split::Compare>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/models") view={Lazy::<split::Models>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/models/:name") view={Lazy::<split::Models>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/models/:name/compare") view={Lazy::<split::Models>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/models/:name/versions/:version") view={Lazy::<split::Models>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/account") view={Lazy::<split::Account>::new()} ssr=SsrMode::Async/>
                $($more)*
            </Routes>
        }
    };
}

/// In builds for development there is one more, see [`gallery`].
#[cfg(feature = "gallery")]
fn routes() -> impl IntoView {
    routes!(<Route path=path!("/gallery") view={gallery::Gallery} ssr=SsrMode::Async/>)
}

#[cfg(not(feature = "gallery"))]
fn routes() -> impl IntoView {
    routes!()
}

/// Everything within `<body>`: the bar above, and the page that the address names. The server renders each page with
/// its data before it answers, so that all of it is there without scripts.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    Clock::provide();
    Toasts::provide();
    Live::provide();
    provide_context(Session(api::fetch(|| (), |()| api::viewer())));
    let palette = RwSignal::new(None);
    let title = |page: String| {
        let title = if page.is_empty() { "Runmark".to_owned() } else { format!("{page} · Runmark") };
        // The server writes it into the document as it stands, and names in it are anybody's; the browser sets it as text.
        if is_browser() { title } else { title.replace('&', "&amp;").replace('<', "&lt;") }
    };
    view! {
        <Title formatter=title/>
        <Router>
            <a class="skip-link" href="#main" rel="external">"Skip to content"</a>
            <TopBar palette/>
            <main id="main" tabindex="-1">
                {routes()}
            </main>
            <ToastPlace/>
            <Palette shown=palette/>
        </Router>
    }
}
