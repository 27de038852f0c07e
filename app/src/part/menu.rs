use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// A button that opens a panel below it. Escape and a click elsewhere close it.
#[component]
pub fn Menu(
    /// What the button is called.
    #[prop(into)]
    label: Signal<String>,
    /// More classes of the button.
    #[prop(default = "button")]
    class: &'static str,
    /// Whether the panel's right edge is under the button's.
    #[prop(optional)]
    end: bool,
    /// What the button shows.
    face: ViewFn,
    /// The panel.
    children: ChildrenFn,
) -> AnyView {
    let (open, set_open) = signal(false);
    let button = NodeRef::<html::Button>::new();
    let panel = NodeRef::<html::Div>::new();
    Effect::new(move || {
        // The panel is there: what can be typed into or pressed first gets the focus.
        let first = panel.get().and_then(|panel| panel.query_selector("input, button, a").ok().flatten());
        if let Some(first) = first.and_then(|first| first.dyn_into::<HtmlElement>().ok()) {
            _ = first.focus();
        }
    });
    let close = move |event: ev::KeyboardEvent| {
        if event.key() == "Escape" && open.get_untracked() {
            set_open.set(false);
            if let Some(button) = button.get_untracked() {
                _ = button.focus();
            }
        }
    };
    view! {
        <div class="menu" on:keydown=close>
            <button
                type="button"
                class=class
                node_ref=button
                aria-label=label
                aria-haspopup="dialog"
                aria-expanded=move || open.get().to_string()
                on:click=move |_| set_open.update(|open| *open = !*open)
            >
                {face.run()}
            </button>
            <Show when=move || open.get()>
                <div class="menu-backdrop" on:click=move |_| set_open.set(false)></div>
                <div class="menu-panel" class:end=end node_ref=panel role="dialog" aria-label=label>
                    {children()}
                </div>
            </Show>
        </div>
    }
    .into_any()
}
