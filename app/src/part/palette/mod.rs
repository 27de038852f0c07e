//! The palette: a search over everything, with commands, and the sheet of keys. Here: the button, the dialog and the one
//! listener for keys, which are loaded first. What the dialog shows comes when it is first opened.

mod command;
mod key;
mod search;
mod sheet;

use crate::part::{icon::Icon, later::later};
use key::{Act, Meaning, meaning};
use leptos::{ev, html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use std::time::Duration;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement, KeyboardEvent};

/// How long the second of two keys may come behind the first.
const PAUSE: Duration = Duration::from_millis(1200);
/// Where keys write, rather than do something.
const FIELDS: &str =
    "input:not([type='checkbox']):not([type='radio']), textarea, select, [contenteditable='true']";
/// What is open and has keys of its own.
const OPEN: &str = "dialog[open], .menu-panel";

/// What the dialog shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// The search.
    Search,
    /// The sheet of keys.
    Sheet,
}

/// What the parts of the dialog share.
#[derive(Clone, Copy)]
struct Of {
    /// Shows the sheet in its place.
    sheet: Callback<()>,
    /// Closes the dialog; the focus goes back to where it was.
    close: Callback<()>,
}

/// The button that opens the search.
#[component]
pub fn SearchButton(
    /// What the dialog shows.
    shown: RwSignal<Option<Shown>>,
) -> AnyView {
    view! {
        <button
            type="button"
            class="button quiet"
            aria-label="Search"
            aria-haspopup="dialog"
            aria-keyshortcuts="Control+K Meta+K"
            title="Search (Ctrl or ⌘ K)"
            on:click=move |_| shown.set(Some(Shown::Search))
        >
            {Icon::Search.draw()}
            <span class="top-label">"Search"</span>
        </button>
    }
    .into_any()
}

/// The dialog, closed at first, and the keys of the application.
#[component]
pub fn Palette(
    /// What the dialog shows.
    shown: RwSignal<Option<Shown>>,
) -> AnyView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        if let Some(dialog) = dialog.get()
            && !dialog.open()
        {
            _ = dialog.show_modal();
        }
    });
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let navigate = StoredValue::new(use_navigate());
    let act = move |act: Act| -> bool {
        match act {
            Act::Search if shown.get_untracked() == Some(Shown::Search) => close(),
            Act::Search => shown.set(Some(Shown::Search)),
            Act::Sheet => shown.set(Some(Shown::Sheet)),
            Act::Close => return false,
            Act::Go(path) => navigate.with_value(|navigate| navigate(path, NavigateOptions::default())),
            Act::Type(fields) => return type_into(fields),
            Act::Press(button) => return press(button),
        }
        true
    };
    Effect::new(move || listen(act));
    let of = Of {
        sheet: Callback::new(move |()| shown.set(Some(Shown::Sheet))),
        close: Callback::new(move |()| close()),
    };
    let label = move || if shown.get() == Some(Shown::Sheet) { "Keys" } else { "Search" };
    // All within is in a box of its own, so that a click on the dialog itself is one beside it.
    let beside = move |event: ev::MouseEvent| {
        if event_target::<Element>(&event).tag_name() == "DIALOG" {
            close();
        }
    };
    view! {
        <Show when=move || shown.read().is_some()>
            <dialog class="palette" node_ref=dialog aria-label=label on:close=move |_| shown.set(None) on:click=beside>
                {move || match shown.get() {
                    Some(Shown::Search) => later(search::search, of, waiting),
                    Some(Shown::Sheet) => later(sheet::sheet, of, waiting),
                    None => ().into_any(),
                }}
            </dialog>
        </Show>
    }
    .into_any()
}

fn waiting() -> AnyView {
    view! { <div class="palette-box" aria-busy="true"></div> }.into_any()
}

/// Hears every key that is pressed, and does what it means.
fn listen(act: impl Fn(Act) -> bool + Copy + 'static) {
    let before = StoredValue::new(None::<(String, f64)>);
    let hear = move |event: web_sys::Event| {
        // Browsers that fill in a form tell of keys that are none.
        let Some(event) = event.dyn_ref::<KeyboardEvent>() else { return };
        if event.default_prevented() || event.is_composing() || event.repeat() || event.alt_key() {
            return;
        }
        let with = event.ctrl_key() || event.meta_key();
        let goes_elsewhere =
            if with { event.shift_key() } else { writes(event) || is_there(OPEN) || !has_single_keys() };
        // Who isn't signed in has nothing to search, and no bar.
        if goes_elsewhere || !is_there(".top-end") {
            return;
        }
        let key = if with { format!("Mod+{}", event.key().to_lowercase()) } else { event.key() };
        let now = event.time_stamp();
        let first = before.try_update_value(Option::take).flatten();
        let first = first.filter(|(_, at)| now - at < PAUSE.as_millis() as f64).map(|(key, _)| key);
        match meaning(first.as_deref(), &key) {
            Meaning::Whole(wanted) => {
                if act(wanted) {
                    event.prevent_default();
                }
            }
            Meaning::Beginning => before.set_value(Some((key, now))),
            // Shift by itself comes before what is written with it.
            Meaning::Nothing if key == "Shift" => before.set_value(first.map(|first| (first, now))),
            Meaning::Nothing => {}
        }
    };
    let listener = window_event_listener_untyped("keydown", hear);
    on_cleanup(move || listener.remove());
}

/// Under which name a browser remembers that keys without Ctrl or ⌘ do nothing.
const SINGLE_KEYS: &str = "single-keys";

/// Whether keys without Ctrl or ⌘ do something: whoever speaks to a computer switches them off (WCAG 2.1.4).
fn has_single_keys() -> bool {
    let kept =
        window().local_storage().ok().flatten().and_then(|kept| kept.get_item(SINGLE_KEYS).ok().flatten());
    kept.as_deref() != Some("off")
}

fn set_single_keys(on: bool) {
    if let Ok(Some(kept)) = window().local_storage() {
        _ = if on { kept.remove_item(SINGLE_KEYS) } else { kept.set_item(SINGLE_KEYS, "off") };
    }
}

/// Whether a key goes into a field.
fn writes(event: &KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| target.closest(FIELDS).ok().flatten().is_some())
}

fn first(selector: &str) -> Option<HtmlElement> {
    document().query_selector(selector).ok().flatten()?.dyn_into().ok()
}

fn is_there(selector: &str) -> bool {
    first(selector).is_some()
}

/// Presses what is there, if it is.
fn press(button: &str) -> bool {
    let button = first(button);
    if let Some(button) = &button {
        button.click();
    }
    button.is_some()
}

/// Puts the cursor into a field and marks what is in it.
fn type_into(fields: &str) -> bool {
    let field = first(fields).and_then(|field| field.dyn_into::<HtmlInputElement>().ok());
    if let Some(field) = &field {
        _ = field.focus();
        field.select();
    }
    field.is_some()
}
