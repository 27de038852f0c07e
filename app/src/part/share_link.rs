use crate::part::{
    address::{Address, Query},
    icon::Icon,
};
use leptos::prelude::*;

/// The way to a link that shows this page, as it is, to others.
#[component]
pub fn ShareLink() -> AnyView {
    let address = Address::here();
    let href = move || format!("/share{}", Query::default().with("of", &address.whole()));
    // Another document: that page is no part of the application.
    view! {
        <a class="button quiet" href=href rel="external" aria-label="Share" title="Share this page as it is">
            {Icon::Share.draw()}
            <span class="button-label">"Share"</span>
        </a>
    }
    .into_any()
}
