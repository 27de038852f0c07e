//! A chart that fills the screen: others come by the arrows, and the focus goes back to the one that was seen last.

use super::board::Board;
use crate::part::icon::Icon;
use leptos::{ev, html::Button, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

/// Where keys write or choose.
const FIELDS: &str = "input, select, textarea";
/// What is open and has keys of its own.
const OPEN: &str = ".menu-panel, dialog[open]";

/// Fills the screen with a chart, or ends that.
#[component]
pub fn LargeButton(
    /// Where it is.
    board: Board,
    /// The chart, as its `data-chart` calls it.
    key: Signal<String>,
) -> AnyView {
    let button = NodeRef::<Button>::new();
    let is_large = Memo::new(move |_| board.large.read().as_deref() == Some(key.read().as_str()));
    Effect::new(move |was: Option<bool>| {
        let (is, button) = (is_large.get(), button.get());
        // Whoever goes on to the next chart takes the focus along.
        let stays = is || board.large.with_untracked(Option::is_none);
        if let Some(button) = button.filter(|_| stays && was.is_some_and(|was| was != is)) {
            request_animation_frame(move || _ = button.focus());
        }
        is
    });
    let press = move |_| {
        if is_large.get_untracked() {
            leave(board);
            return;
        }
        board.large.set(Some(key.get_untracked()));
        let button = button.get_untracked();
        if let Some(charts) = button.and_then(|button| button.closest(".chart-sections").ok().flatten()) {
            // Where browsers have no such thing the chart fills the window.
            _ = charts.request_fullscreen();
        }
    };
    let label = move || if is_large.get() { "Leave full screen" } else { "Full screen" };
    view! {
        <button
            type="button"
            class="icon-button chart-switch chart-large"
            node_ref=button
            aria-label=label
            title=move || format!("{} (f)", label())
            aria-keyshortcuts="f"
            on:click=press
        >
            {move || if is_large.get() { Icon::Close.draw() } else { Icon::Expand.draw() }}
        </button>
    }
    .into_any()
}

fn leave(board: Board) {
    board.large.set(None);
    if document().fullscreen_element().is_some() {
        document().exit_fullscreen();
    }
}

/// Hears the keys while a chart fills the screen, and that the browser ended it.
pub fn listen(board: Board) {
    let hear = move |event: KeyboardEvent| {
        if board.large.with_untracked(Option::is_none) || event.default_prevented() || is_elsewhere(&event) {
            return;
        }
        match event.key().as_str() {
            "Escape" => leave(board),
            "ArrowLeft" => go_on(board, false),
            "ArrowRight" => go_on(board, true),
            _ => return,
        }
        event.prevent_default();
    };
    let keys = window_event_listener(ev::keydown, hear);
    let ended = window_event_listener_untyped("fullscreenchange", move |_| {
        if document().fullscreen_element().is_none() && board.large.with_untracked(Option::is_some) {
            board.large.set(None);
        }
    });
    on_cleanup(move || {
        keys.remove();
        ended.remove();
    });
}

fn is_elsewhere(event: &KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| target.closest(FIELDS).ok().flatten().is_some())
        || document().query_selector(OPEN).ok().flatten().is_some()
}

/// Shows the next chart of the page, or the one before.
fn go_on(board: Board, forward: bool) {
    let Ok(list) = document().query_selector_all(".chart-sections figure.chart[data-chart]") else { return };
    let charts = (0..list.length()).filter_map(|index| list.get(index)?.dyn_into::<Element>().ok());
    let in_sight = charts.filter(|chart| chart.closest("details:not([open])").ok().flatten().is_none());
    let keys: Vec<String> = in_sight.filter_map(|chart| chart.get_attribute("data-chart")).collect();
    let Some(now) =
        board.large.with_untracked(|large| keys.iter().position(|key| Some(key) == large.as_ref()))
    else {
        return;
    };
    let next = if forward { Some(now + 1) } else { now.checked_sub(1) };
    if let Some((next, key)) = next.and_then(|next| Some((next, keys.get(next)?))) {
        board.large.set(Some(key.clone()));
        board.said.set(format!("{}, chart {} of {}", key.trim_start_matches('='), next + 1, keys.len()));
    }
}
