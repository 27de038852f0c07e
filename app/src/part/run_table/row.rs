use super::{
    Made, Table,
    columns::pin_class,
    run_address, run_name,
    tree::{Line, Shows},
};
use crate::part::{
    column::{Column, ShownColumn},
    icon::Icon,
    number::{Number, count},
    run_color::Ink,
    status::{StatusDot, series_class},
    time::{Ago, Took},
};
use leptos::{attr::custom::custom_attribute, ev, prelude::*};
use model::{
    page::Total,
    run::{Run, RunStatus, tag},
};
use std::sync::Arc;

/// One run, or a grey bar until it is here; in a tree also the way to more.
#[component]
pub fn Row(table: Table, row: u64) -> AnyView {
    let line =
        Memo::new_with_compare(move |_| table.line(row), |before, now| differ(before, now, Line::is_like));
    // Runs that go on log every moment. What is read of them is made anew, and not what says which they are.
    let named =
        Memo::new_with_compare(move |_| line.get(), |before, now| differ(before, now, Line::is_named_like));
    let id = Memo::new(move |_| line.read().run().map(|run| run.info.id));
    let place = Memo::new(move |_| table.selection.place(id.get()?));
    // Told of without making the row anew: it may have the focus.
    let nested = Memo::new(move |_| table.line(row).children);
    let is_open = move || {
        let any = nested.get().is_some_and(|number| number.at_least() > 0);
        any.then(|| id.get().is_some_and(|id| table.tree.is_open(id)).to_string())
    };
    let level = move || table.tree.is_on.then(|| (line.read().depth + 1).to_string());
    // Heads are the first two lines.
    let number = (row + 3).to_string();
    view! {
        <tr aria-rowindex=number aria-expanded=is_open class:chosen=move || place.get().is_some()>
            {move || {
                let now = named.get();
                match &now.shows {
                    Shows::Run(run) => view! {
                        <Name table row run=run.clone() place depth=now.depth nested/>
                        {move || line.read().run().map(|run| cells(run, &table.made.read()))}
                    }.into_any(),
                    Shows::Waiting => view! {
                        <td class="pick"></td>
                        <th class="name" scope="row"><div class="waiting-bar" role="status" aria-label="Loading"></div></th>
                        <td class="rest" colspan=(table.made.read().columns.len() + 2).to_string()></td>
                    }.into_any(),
                    Shows::More(_) | Shows::Failed(_) => match table.tree.code.get_value() {
                        Some(code) => (code.instead)(table, now.clone()),
                        None => ().into_any(),
                    },
                }
            }}
        </tr>
    }
    // Of the tags' own attributes, this one can't be written as such.
    .add_any_attr(custom_attribute("aria-level", level))
    .into_any()
}

/// Whether a line is another than before, if there was one.
fn differ(before: Option<&Line>, now: Option<&Line>, alike: fn(&Line, &Line) -> bool) -> bool {
    !before.zip(now).is_some_and(|(before, now)| alike(before, now))
}

/// The class that moves a run to the right of those that it is nested in; deeper ones aren't told apart.
pub(super) fn indent_class(depth: usize) -> &'static str {
    ["", "within-1", "within-2", "within-3", "within-4", "within-5"].get(depth).copied().unwrap_or("within-6")
}

/// A number as it is known.
pub(super) fn number_of(total: Total) -> String {
    match total {
        Total::Exactly(number) => count(number),
        Total::AtLeast(number) => format!("{}+", count(number)),
    }
}

/// Opens a run and closes it, if any are nested in it.
fn expander(table: Table, run: &Run, nested: Memo<Option<Total>>) -> AnyView {
    let (id, name) = (run.info.id, run_name(run));
    let any = Memo::new(move |_| nested.get().is_some_and(|number| number.at_least() > 0));
    let button = move || {
        if !any.get() {
            return view! { <span class="expander"></span> }.into_any();
        }
        let name = name.clone();
        view! {
            <button
                type="button"
                class="expander"
                aria-expanded=move || table.tree.is_open(id).to_string()
                aria-label=move || format!("Runs nested in {name}: {}", nested.get().map(number_of).unwrap_or_default())
                on:click=move |_| table.tree.toggle(id)
            >
                {Icon::ChevronRight.draw()}
            </button>
        }
        .into_any()
    };
    button.into_any()
}

/// What says which run it is, and chooses it.
#[component]
fn Name(
    table: Table,
    row: u64,
    run: Arc<Run>,
    place: Memo<Option<usize>>,
    depth: usize,
    nested: Memo<Option<Total>>,
) -> AnyView {
    let id = run.info.id;
    let name = run_name(&run);
    // Beneath another one it needs no mark.
    let is_marked = depth == 0 && run.tag(tag::PARENT_RUN).is_some();
    let is_tree = table.tree.is_on;
    let own = run.color();
    // The chosen box has the colour that the run's lines will have, unless the run has one of its own.
    let color = move || place.get().filter(|_| own.is_none()).map(series_class).unwrap_or_default();
    let swatch = {
        let name = name.clone();
        move || match (own, place.get()) {
            (None, None) => None,
            (own, place) if table.may_color => {
                Some(table.swatches.button(id, &name, Ink::new(own, place.unwrap_or_default())))
            }
            (own, _) => own.map(|own| Ink::Chosen(own).dot()),
        }
    };
    let choose = move |event: ev::MouseEvent| {
        let chosen = event_target_checked(&event);
        // With Shift everything from the last one to this, wherever it is by now.
        let last = table.last_chosen.get_value().filter(|_| event.shift_key());
        let ids = untrack(|| {
            let last = last.and_then(|last| table.row_of(last));
            last.map_or_else(Vec::new, |last| table.ids(last.min(row)..last.max(row) + 1))
        });
        table.last_chosen.set_value(Some(id));
        table.selection.set_all(&ids, chosen);
        table.selection.set(id, chosen);
    };
    let number = move || {
        let number = nested.get().filter(|number| number.at_least() > 0)?;
        Some(view! { <span class="nested-count" title="Nested runs">{number_of(number)}</span> })
    };
    view! {
        <td class="pick" aria-colindex="1">
            <input
                type="checkbox"
                class=color
                aria-label=format!("Select {name}")
                prop:checked=move || place.get().is_some()
                on:click=choose
            />
        </td>
        <th class="name" scope="row" aria-colindex="2">
            <div class=format!("run-name {}", indent_class(depth))>
                {is_tree.then(|| expander(table, &run, nested))}
                <StatusDot status=run.info.status/>
                {is_marked.then(|| view! { <span class="nested" title="Part of another run">"↳"</span> })}
                <a href=run_address(&run) title=name.clone()>{name.clone()}</a>
                {is_tree.then_some(number)}
                {swatch}
            </div>
        </th>
    }
    .into_any()
}

fn cells(run: &Run, made: &Made) -> impl IntoView + use<> {
    let pins = made.pins;
    let cell = |(index, shown): (usize, &ShownColumn)| {
        cell(run, &shown.column, pin_class(index, pins), made.aria_index(index))
    };
    let (pinned, others) = made.columns.split_at(pins);
    view! {
        {pinned.iter().enumerate().map(cell).collect_view()}
        {side_gap(made.before)}
        {(pins..).zip(others).map(cell).collect_view()}
        {side_gap(made.behind)}
        <td class="rest" aria-hidden="true"></td>
    }
}

/// In the place of columns that aren't made.
pub(super) fn side_gap(width: f64) -> Option<impl IntoView> {
    (width > 0.0)
        .then(|| view! { <td class="side-gap" aria-hidden="true" style:min-width=format!("{width}px")></td> })
}

/// What a run has for a column; `pin` are classes that keep it in its place, `place` says which column it is where others are
/// left out.
pub fn cell(run: &Run, column: &Column, pin: String, place: Option<String>) -> AnyView {
    let text = |text: Option<&str>| {
        let text = text.unwrap_or_default().to_owned();
        view! { <td class=format!("text{pin}") title=text.clone() aria-colindex=place.clone()>{text.clone()}</td> }
            .into_any()
    };
    match column {
        Column::Started => {
            view! { <td class=format!("time{pin}") aria-colindex=place><Ago at=run.info.start_time/></td> }
                .into_any()
        }
        Column::Duration => {
            let (start, end) = (run.info.start_time, run.info.end_time);
            let running = run.info.status == RunStatus::Running;
            view! { <td class=format!("time{pin}") aria-colindex=place><Took start end running/></td> }
                .into_any()
        }
        Column::User => text(Some(&run.info.user)),
        Column::Source => text(run.tag(tag::SOURCE_NAME)),
        Column::Metric(..) => {
            let value = column.number(run);
            view! { <td class=format!("num{pin}") aria-colindex=place>{value.map(|value| view! { <Number value/> })}</td> }
                .into_any()
        }
        Column::Param(key) => {
            text(run.params.iter().find(|param| param.key == *key).map(|param| param.value.as_str()))
        }
        Column::Tag(key) => text(run.tag(key)),
    }
}
