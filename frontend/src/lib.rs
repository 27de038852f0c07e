//! The browser's entry: takes over the page that the server rendered. Nothing else belongs here.

use leptos::{
    mount::hydrate_from_async,
    tachys::dom::{body, document},
};
use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the page's script once the module is loaded. A panic tells its message in the browser's console.
#[wasm_bindgen]
pub async fn hydrate() {
    std::panic::set_hook(Box::new(|panic| leptos::logging::error!("{panic}")));
    // The code of some pages comes in modules of their own, for which this waits.
    app::preload().await;
    hydrate_from_async(body(), app::App).await.forget();
    // Says to style sheets and tests that the page reacts.
    if let Some(root) = document().document_element() {
        _ = root.set_attribute("data-alive", "");
    }
}
