use crate::{
    api::Answer,
    part::{
        icon::{Icon, Mark},
        palette::{SearchButton, Shown},
        theme_toggle::ThemeToggle,
    },
};
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use model::page::Viewer;

/// Who looks at the page, for every part that asks.
#[derive(Clone, Copy)]
pub struct Session(pub Answer<Option<Viewer>>);

/// The bar above every page.
#[component]
pub fn TopBar(
    /// What the palette shows.
    palette: RwSignal<Option<Shown>>,
) -> AnyView {
    let Session(viewer) = expect_context();
    let path = use_location().pathname;
    let here = move |prefix: &'static str| path.read().starts_with(prefix).then_some("page");
    view! {
        <header class="top-bar">
            <a class="brand" href="/experiments" aria-label="Runmark, all experiments">
                <Mark/>
                <span class="brand-name">"Runmark"</span>
            </a>
            <Suspense>
                {move || Suspend::new(async move {
                    let viewer = viewer.await.ok().flatten();
                    viewer.map(|viewer| view! {
                        <nav class="top-nav" aria-label="Main">
                            <a href="/experiments" aria-current=move || here("/experiments")>"Experiments"</a>
                            <a href="/models" aria-current=move || here("/models")>"Models"</a>
                            // Another document: those pages are no part of the application.
                            {(viewer.is_admin && !viewer.no_auth).then(|| view! {
                                <a href="/admin/people" rel="external">"Admin"</a>
                            })}
                        </nav>
                        <div class="top-end">
                            <SearchButton shown=palette/>
                            <ThemeToggle/>
                            <Who viewer/>
                        </div>
                    })
                })}
            </Suspense>
        </header>
    }
    .into_any()
}

/// The account and the way out; nothing where there are no accounts.
#[component]
fn Who(viewer: Viewer) -> AnyView {
    let label = if viewer.no_auth { "Connect".to_owned() } else { viewer.name.clone() };
    view! {
        <a class="button quiet" href="/account" aria-label=label.clone()>
            {if viewer.no_auth { Icon::Key } else { Icon::User }.draw()}
            <span class="top-label">{label.clone()}</span>
        </a>
        {(!viewer.no_auth).then(|| view! {
            <form method="post" action="/ui/sign_out">
                <button type="submit" class="icon-button" aria-label="Sign out" title="Sign out">
                    {Icon::SignOut.draw()}
                </button>
            </form>
        })}
    }
    .into_any()
}
