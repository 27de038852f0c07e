use super::{
    Of, has_single_keys,
    key::{KEYS, Key},
    set_single_keys,
};
use crate::part::{icon::Icon, later::Loaded};
use leptos::{html, prelude::*, wasm_split::wasm_split};

/// The code of the sheet.
#[wasm_split(work, wasm_split_path = leptos::wasm_split, fallible)]
pub(super) fn sheet() -> Loaded<Of> {
    Ok(drawn)
}

/// The keys, each as it is written on the keyboard of this machine.
pub(super) fn caps(keys: &str) -> AnyView {
    let is_mac = window().navigator().platform().is_ok_and(|platform| platform.starts_with("Mac"));
    let cap = |key: &str| match key {
        "Mod" if is_mac => "⌘".to_owned(),
        "Mod" => "Ctrl".to_owned(),
        "Escape" => "Esc".to_owned(),
        key if key.len() == 1 && keys.contains('+') => key.to_uppercase(),
        key => key.to_owned(),
    };
    let caps = keys.split([' ', '+']).map(|key| view! { <kbd>{cap(key)}</kbd> }).collect_view();
    view! { <span class="key-caps">{caps}</span> }.into_any()
}

fn drawn(of: Of) -> AnyView {
    let button = NodeRef::<html::Button>::new();
    Effect::new(move || {
        if let Some(button) = button.get() {
            _ = button.focus();
        }
    });
    let row = |key: &Key| {
        view! {
            <div>
                <dt>{caps(key.keys)}</dt>
                <dd>{key.words}</dd>
            </div>
        }
    };
    let groups = KEYS.chunk_by(|a, b| a.place == b.place).map(|keys| {
        let place = keys.first().map_or("", |key| key.place);
        view! {
            <section>
                <h3>{place}</h3>
                <dl>{keys.iter().map(row).collect_view()}</dl>
            </section>
        }
    });
    view! {
        <div class="palette-box key-sheet">
            <header class="palette-head">
                <h2>"Keys"</h2>
                <button
                    type="button"
                    class="icon-button push"
                    aria-label="Close"
                    node_ref=button
                    on:click=move |_| of.close.run(())
                >
                    {Icon::Close.draw()}
                </button>
            </header>
            {groups.collect_view()}
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=has_single_keys()
                    on:change=move |event| set_single_keys(event_target_checked(&event))
                />
                <span>"Keys without Ctrl or ⌘ work"</span>
            </label>
        </div>
    }
    .into_any()
}
