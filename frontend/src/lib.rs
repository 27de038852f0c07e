//! The browser's entry: takes over the page that the server rendered. Nothing else belongs here.

use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the page's script once the module is loaded. A panic tells its message in the browser's console.
#[wasm_bindgen]
pub fn hydrate() {
    std::panic::set_hook(Box::new(|panic| leptos::logging::error!("{panic}")));
    leptos::mount::hydrate_body(app::App);
    // Says to style sheets and tests that the page reacts.
    if let Some(root) = leptos::prelude::document().document_element() {
        _ = root.set_attribute("data-alive", "");
    }
}
