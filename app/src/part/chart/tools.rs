//! What a board has besides its charts: what is said of them, what is carried, and the ways to move sections.

use super::{
    board::{Board, section_title},
    large,
};
use crate::part::{
    icon::Icon,
    later::{Loaded, later},
};
use leptos::{ev, prelude::*, wasm_split::wasm_split};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// The parts of a board that are there once.
#[component]
pub fn BoardTools(
    /// Which one.
    board: Board,
) -> AnyView {
    later(board_tools, board, || ().into_any())
}

/// The code of these parts.
#[wasm_split(charts, wasm_split_path = leptos::wasm_split, fallible)]
fn board_tools() -> Loaded<Board> {
    Ok(tools)
}

fn tools(board: Board) -> AnyView {
    large::listen(board);
    Effect::new(move || {
        if let Some(folding) = board.folding.get() {
            board.fold(&folding);
        }
    });
    let name = Memo::new(move |_| board.carried.read().as_ref().map(|carried| carried.name.clone()));
    let place = move || board.carried.read().as_ref().map(|carried| carried.at).unwrap_or_default();
    view! {
        <p class="visually-hidden" role="status">{move || board.said.get()}</p>
        {move || name.get().map(|name| view! {
            <div
                class="chart-carried"
                aria-hidden="true"
                style:left=move || format!("{:.0}px", place().0)
                style:top=move || format!("{:.0}px", place().1)
            >
                {name}
            </div>
        })}
    }
    .into_any()
}

/// What the ways to move a section are given.
#[derive(Clone)]
struct Of {
    board: Board,
    section: String,
}

/// Moves a section up and down.
#[component]
pub fn SectionMoves(
    /// Of which board.
    board: Board,
    /// Which one.
    section: String,
) -> AnyView {
    later(section_moves, Of { board, section }, || ().into_any())
}

/// The code of these buttons.
#[wasm_split(charts, wasm_split_path = leptos::wasm_split, fallible)]
fn section_moves() -> Loaded<Of> {
    Ok(moves)
}

fn moves(Of { board, section }: Of) -> AnyView {
    let title = section_title(&section).to_owned();
    let section = StoredValue::new(section);
    // Its place, and how many there are.
    let place = Memo::new(move |_| {
        let sections = board.sections();
        let at = section.with_value(|section| sections.iter().position(|other| other == section));
        (at.unwrap_or_default(), sections.len())
    });
    let button = |icon: Icon, word: &'static str, down: bool| {
        let is_at_end = move || {
            let (at, of) = place.get();
            if down { at + 1 >= of } else { at == 0 }
        };
        let press = move |event: ev::MouseEvent| {
            if untrack(is_at_end) {
                return;
            }
            let (at, _) = place.get_untracked();
            section.with_value(|section| board.move_section(section, if down { at + 1 } else { at - 1 }));
            // An element that the page moves loses the focus.
            let button = event.current_target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
            if let Some(button) = button {
                request_animation_frame(move || _ = button.focus());
            }
        };
        let label = format!("Move section {title} {word}");
        view! {
            <button
                type="button"
                class="icon-button"
                class:off=is_at_end
                aria-label=label.clone()
                title=label
                aria-disabled=move || is_at_end().to_string()
                on:click=press
            >
                {icon.draw()}
            </button>
        }
    };
    let (up, down) = (button(Icon::ArrowUp, "up", false), button(Icon::ArrowDown, "down", true));
    let is_alone = move || place.get().1 < 2 || board.is_searched.get();
    view! { <div class="section-moves" hidden=is_alone>{up} {down}</div> }.into_any()
}
