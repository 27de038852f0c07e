//! A thing to choose, with what it means.

use leptos::prelude::*;

/// A box or a button of a form. `kind` is `checkbox` or `radio`.
pub(crate) fn option(
    kind: &'static str,
    (name, value): (&'static str, &'static str),
    is_chosen: bool,
    title: &'static str,
    meaning: &'static str,
) -> AnyView {
    view! {
        <label class="option">
            <input type=kind name=name value=value checked=is_chosen/>
            <span>
                <strong>{title}</strong>
                <span class="muted">{meaning}</span>
            </span>
        </label>
    }
    .into_any()
}
