use crate::part::{empty::Empty, icon::Icon};
use leptos::prelude::*;
use leptos_meta::Title;

/// An address that leads nowhere.
#[component]
pub fn NotFound() -> AnyView {
    view! {
        <Title text="Not found"/>
        <div class="page narrow">
            <h1 class="visually-hidden">"Not found"</h1>
            <Empty icon=Icon::Search title="There is no such page">
                <p class="muted">"The address may be mistyped, or the page may have moved."</p>
                <p><a class="button" href="/experiments">"All experiments"</a></p>
            </Empty>
        </div>
    }
    .into_any()
}
