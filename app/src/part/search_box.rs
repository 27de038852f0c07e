use crate::part::icon::Icon;
use leptos::prelude::*;

/// A box that narrows what is shown while one types.
#[component]
pub fn SearchBox(
    /// What is searched; also the placeholder.
    label: &'static str,
    /// The text.
    text: Signal<String>,
    /// Told every change of it.
    #[prop(into)]
    on_change: Callback<String>,
    /// Its name in the address, for forms without scripts.
    #[prop(default = "q")]
    name: &'static str,
) -> AnyView {
    view! {
        <div class="search-box">
            {Icon::Search.draw()}
            <input
                type="search"
                name=name
                autocomplete="off"
                spellcheck="false"
                aria-label=label
                placeholder=label
                prop:value=text
                value=text.get_untracked()
                on:input=move |event| on_change.run(event_target_value(&event))
            />
        </div>
    }
    .into_any()
}
