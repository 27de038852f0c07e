use crate::part::icon::Icon;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlDocument;

const YEAR: u32 = 31_536_000;

/// Changes between the system's theme, light and dark, and remembers it in the cookie `theme`. The server writes the
/// remembered one into the page as `data-theme`; which of the three drawings is seen is the style sheet's business, so
/// server and browser render the same.
#[component]
pub fn ThemeToggle() -> AnyView {
    let theme = RwSignal::new(String::new());
    Effect::new(move || theme.set(shown_theme()));
    let next = move || match theme.get().as_str() {
        "light" => "dark",
        "dark" => "system",
        _ => "light",
    };
    let change = move |_| {
        let next = untrack(next);
        remember(next);
        theme.set(next.to_owned());
    };
    view! {
        <button
            type="button"
            class="icon-button theme-toggle"
            aria-label=move || format!("Switch to {} theme", next())
            title=move || format!("Switch to {} theme", next())
            on:click=change
        >
            <span class="theme-light">{Icon::Sun.draw()}</span>
            <span class="theme-dark">{Icon::Moon.draw()}</span>
            <span class="theme-system">{Icon::Screen.draw()}</span>
        </button>
    }
    .into_any()
}

fn shown_theme() -> String {
    document().document_element().and_then(|root| root.get_attribute("data-theme")).unwrap_or_default()
}

fn remember(theme: &str) {
    let document: HtmlDocument = document().unchecked_into();
    if let Some(root) = document.document_element() {
        _ = root.set_attribute("data-theme", theme);
    }
    _ = document.set_cookie(&format!("theme={theme}; Path=/; Max-Age={YEAR}; SameSite=Lax"));
}
