use crate::{
    api::{fetch, search_keys_in},
    part::{
        address::Address,
        answered::Answered,
        column::{Column, GROUPS, ShownColumn, found_columns, key_group, toggle_column, write_columns},
        icon::Icon,
        later::{Loaded, later},
        menu::Menu,
        pause::after_pause,
        search_box::SearchBox,
    },
};
use leptos::{prelude::*, wasm_split::wasm_split};
use model::{ExperimentId, page::KeysFound};
use std::{collections::BTreeSet, time::Duration};

/// How long nothing is typed before the server is asked.
const PAUSE: Duration = Duration::from_millis(150);

/// Whose keys there are to choose from, and what is shown.
#[derive(Clone, Copy)]
struct Choice {
    experiments: Signal<Vec<ExperimentId>>,
    shown: Signal<Vec<ShownColumn>>,
}

/// Chooses the columns of the table of runs. The choice is part of the address.
#[component]
pub fn ColumnPicker(
    /// Whose keys there are to choose from. They are asked for when the panel opens, and while one types.
    experiments: Signal<Vec<ExperimentId>>,
    /// What is shown.
    shown: Signal<Vec<ShownColumn>>,
) -> AnyView {
    let choice = Choice { experiments, shown };
    view! {
        <Menu
            label="Columns"
            class="button quiet"
            end=true
            face=ViewFn::from(|| view! { {Icon::Columns.draw()} <span class="button-label">"Columns"</span> })
        >
            {later(panel, choice, || view! { <div class="column-picker" aria-busy="true"></div> }.into_any())}
        </Menu>
    }
    .into_any()
}

/// The code of the panel.
#[wasm_split(work, wasm_split_path = leptos::wasm_split, fallible)]
fn panel() -> Loaded<Choice> {
    Ok(drawn)
}

fn drawn(Choice { experiments, shown }: Choice) -> AnyView {
    let address = Address::here();
    let (typed, set_typed) = signal(String::new());
    let (search, set_search) = signal(String::new());
    // Asks once a pause is made, not with each key.
    Effect::new(move || {
        let text = typed.get();
        after_pause(PAUSE, move || set_search.set(text));
    });
    let toggle = move |column: Column| {
        let mut columns = shown.get_untracked();
        toggle_column(&mut columns, column);
        address.set(&[("columns", &write_columns(&columns))]);
    };
    let entry = move |column: Column| {
        let is_shown = {
            let column = column.clone();
            move || shown.read().iter().any(|shown| shown.column == column)
        };
        let title = match column.figure() {
            Some(figure) => format!("{} ({figure})", column.title()),
            None => column.title().to_owned(),
        };
        view! {
            <li>
                <label class="check">
                    <input
                        type="checkbox"
                        prop:checked=is_shown
                        on:change=move |_| toggle(column.clone())
                    />
                    <span>{title}</span>
                </label>
            </li>
        }
    };
    let group = move |name: &'static str, columns: &BTreeSet<Column>, more: bool| {
        let found: Vec<Column> = columns.iter().filter(|column| column.group() == name).cloned().collect();
        (!found.is_empty()).then(|| {
            view! {
                <fieldset>
                    <legend>{name}</legend>
                    <ul>{found.into_iter().map(entry).collect_view()}</ul>
                    {more.then(|| view! { <p class="faint">"There are more: type to find them"</p> })}
                </fieldset>
            }
        })
    };
    let list = move |keys: KeysFound| {
        let text = search.get_untracked();
        let more: Vec<&str> = keys.more.iter().map(|kind| key_group(*kind)).collect();
        let mut columns = found_columns(keys, &text);
        // What is shown can be taken out again, however many others there are.
        columns.extend(
            shown
                .get_untracked()
                .into_iter()
                .map(|shown| shown.column)
                .filter(|column| column.matches(&text)),
        );
        if columns.is_empty() {
            return view! { <p class="faint">"No column has this in its name"</p> }.into_any();
        }
        GROUPS.map(|name| group(name, &columns, more.contains(&name))).into_iter().collect_view().into_any()
    };
    view! {
            <div class="column-picker">
                <div class="column-picker-head">
                    <SearchBox label="Find a column" text=typed.into() on_change=move |text| set_typed.set(text)/>
                    <button
                        type="button"
                        class="button quiet"
                        disabled=move || address.get("columns").is_none()
                        on:click=move |_| address.set(&[("columns", "")])
                    >
                        "Reset"
                    </button>
                </div>
                <div class="column-picker-list">
                    {move || {
                        let keys = fetch(
                            move || (experiments.get(), search.get()),
                            |(experiments, text)| search_keys_in(experiments, text),
                        );
                        view! { <Answered answer=keys bars=6 show=list/> }
                    }}
                </div>
            </div>
    }
    .into_any()
}
