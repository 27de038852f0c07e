use crate::part::address::Address;
use leptos::prelude::*;

/// A tab: its value in the address (the first one's is empty), its words, and how many things are behind it.
pub type Tab = (&'static str, &'static str, Option<usize>);

/// Ways to the parts of a page. They are links: a tab can be bookmarked and opened elsewhere.
#[component]
pub fn Tabs(
    /// What the parts are of.
    label: &'static str,
    /// The parts.
    #[prop(into)]
    tabs: Signal<Vec<Tab>>,
) -> AnyView {
    let address = Address::here();
    let link = move |(value, words, count): Tab| {
        let current = move || (address.text("tab") == value).then_some("page");
        view! {
            <a class="tab" href=move || address.with(&[("tab", value)]) data-noscroll="" aria-current=current>
                {words}
                {count.map(|count| view! { <span class="tab-count">{count}</span> })}
            </a>
        }
    };
    view! {
        <nav class="tabs" aria-label=label>
            {move || tabs.get().into_iter().map(link).collect_view()}
        </nav>
    }
    .into_any()
}
