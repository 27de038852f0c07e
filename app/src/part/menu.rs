use leptos::{ev, prelude::*};

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
    let button = NodeRef::<leptos::html::Button>::new();
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
                <div class="menu-panel" class:end=end role="dialog" aria-label=label>
                    {children()}
                </div>
            </Show>
        </div>
    }
    .into_any()
}
