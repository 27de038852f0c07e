use crate::part::{
    address::Address,
    column::{Column, GROUPS, toggle_column, write_columns},
    icon::Icon,
    menu::Menu,
    search_box::SearchBox,
};
use leptos::prelude::*;

/// How many columns of a group are listed at once; the search finds the others.
const LISTED: usize = 100;

/// Chooses the columns of the table of runs. The choice is part of the address.
#[component]
pub fn ColumnPicker(
    /// What could be shown.
    known: Signal<Vec<Column>>,
    /// What is shown.
    shown: Signal<Vec<Column>>,
) -> AnyView {
    let address = Address::here();
    let (search, set_search) = signal(String::new());
    let toggle = move |column: Column| {
        let mut columns = shown.get_untracked();
        toggle_column(&mut columns, column);
        address.set(&[("columns", &write_columns(&columns))]);
    };
    let entry = move |column: Column| {
        let is_shown = {
            let column = column.clone();
            move || shown.read().contains(&column)
        };
        let title = column.title().to_owned();
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
    let group = move |name: &'static str| {
        let wanted = search.get().to_lowercase();
        let (all, found): (usize, Vec<Column>) = {
            let known = known.read();
            let found = || {
                known
                    .iter()
                    .filter(|column| column.group() == name)
                    .filter(|column| column.title().to_lowercase().contains(&wanted))
            };
            (found().count(), found().take(LISTED).cloned().collect())
        };
        (all > 0).then(|| {
            let more = all.saturating_sub(LISTED);
            view! {
                <fieldset>
                    <legend>{name}</legend>
                    <ul>{found.into_iter().map(entry).collect_view()}</ul>
                    {(more > 0).then(|| view! { <p class="faint">{format!("{more} more: search for them")}</p> })}
                </fieldset>
            }
        })
    };
    view! {
        <Menu
            label="Columns"
            end=true
            face=ViewFn::from(|| view! { {Icon::Columns.draw()} <span class="button-label">"Columns"</span> })
        >
            <div class="column-picker">
                <div class="column-picker-head">
                    <SearchBox label="Find a column" text=search.into() on_change=move |text| set_search.set(text)/>
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
                    {move || GROUPS.map(group).into_iter().collect_view()}
                </div>
            </div>
        </Menu>
    }
    .into_any()
}
