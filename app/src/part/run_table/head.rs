use super::{
    Table,
    columns::{Columns, pin_class},
    grip::{Grip, size},
    row::side_gap,
};
use crate::part::{
    address::Address,
    column::{Column, ShownColumn, move_column, toggle_column, toggle_pin},
    icon::Icon,
    later::{Loaded, later},
    menu::{FloatingMenu, under},
};
use leptos::{ev, html, prelude::*, wasm_split::wasm_split};
use model::filter::{MetricFigure, RunOrder, parse_orders};
use wasm_bindgen::JsCast;
use web_sys::{DragEvent, Element, EventTarget};

/// The kinds of columns over the columns.
#[component]
pub fn GroupHeads(table: Table) -> AnyView {
    let heads = move || {
        let made = table.made.read();
        let pins = made.columns.iter().filter(|shown| shown.pinned).count();
        let (pinned, others) = made.columns.split_at(pins);
        let mut next = pins;
        let groups = others.chunk_by(|a, b| a.column.group() == b.column.group()).map(|group| {
            let name = group.first().map_or("", |shown| shown.column.group());
            let shown = if name == "Run" { "" } else { name };
            let index = made.aria_index(next);
            next += group.len();
            view! {
                <td class="group" colspan=group.len().to_string() aria-colindex=index><span>{shown}</span></td>
            }
        });
        let groups = groups.collect_view();
        let pin =
            |index| view! { <td class=pin_class(index, pins) aria-colindex=made.aria_index(index)></td> };
        view! {
            {(0..pinned.len()).map(pin).collect_view()}
            {side_gap(made.before)}
            {groups}
            {side_gap(made.behind)}
            <td class="rest" aria-hidden="true"></td>
        }
    };
    heads.into_any()
}

/// The heads of the columns that are made.
#[component]
pub fn Heads(table: Table) -> AnyView {
    let heads = move || {
        let made = table.made.read();
        let pins = made.columns.iter().filter(|shown| shown.pinned).count();
        let head = |(index, shown): (usize, &ShownColumn)| {
            let (pin, place) = (pin_class(index, pins), made.aria_index(index));
            view! { <ColumnHead columns=table.columns shown=shown.clone() pin place/> }
        };
        let (pinned, others) = made.columns.split_at(pins);
        view! {
            {pinned.iter().enumerate().map(head).collect_view()}
            {side_gap(made.before)}
            {(pins..).zip(others).map(head).collect_view()}
            {side_gap(made.behind)}
            <th class="rest" aria-hidden="true"></th>
        }
    };
    heads.into_any()
}

/// How the table is sorted: the place of a key in the order, counted from 1, and whether downwards.
fn sorted(address: Address, order: &RunOrder) -> Option<(usize, bool)> {
    let orders = parse_orders::<RunOrder>(&address.text("order")).ok()?;
    let place = orders.iter().position(|by| by.key == *order)?;
    Some((place + 1, orders[place].descending))
}

/// The order once a key was chosen: upwards, then downwards, then not. `also` keeps the others.
fn next_order(now: &str, key: &RunOrder, also: bool) -> String {
    let mut orders = parse_orders::<RunOrder>(now).unwrap_or_default();
    let place = orders.iter().position(|by| by.key == *key);
    let next = match place.map(|place| orders[place].descending) {
        None => Some(format!("{key} ASC")),
        Some(false) => Some(format!("{key} DESC")),
        Some(true) => None,
    };
    if !also {
        return next.unwrap_or_default();
    }
    let mut words: Vec<String> = Vec::new();
    for by in orders.drain(..) {
        if by.key == *key { words.extend(next.clone()) } else { words.push(by.to_string()) }
    }
    if place.is_none() {
        words.extend(next);
    }
    words.join(",")
}

/// The head of a column: a link that sorts by it upwards, then downwards, then not; with Shift beside what it is sorted by
/// already.
#[component]
pub fn Head(
    /// The kind of the column.
    class: &'static str,
    /// What it is called.
    title: String,
    /// What it sorts by.
    order: Option<RunOrder>,
) -> AnyView {
    let sort = aria_sort(order.clone());
    view! { <th class=class scope="col" aria-sort=sort aria-colindex="2"><Sorter title figure=None order/></th> }
        .into_any()
}

fn aria_sort(order: Option<RunOrder>) -> impl Fn() -> &'static str + Clone + Send + 'static {
    let address = Address::here();
    move || match order.as_ref().and_then(|order| sorted(address, order)) {
        None => "none",
        Some((_, false)) => "ascending",
        Some((_, true)) => "descending",
    }
}

#[component]
fn Sorter(title: String, figure: Option<&'static str>, order: Option<RunOrder>) -> AnyView {
    let address = Address::here();
    let text = view! {
        <span class="head-title">{title.clone()}</span>
        {figure.map(|figure| view! { <span class="head-figure">{figure}</span> })}
    };
    let Some(order) = order else {
        return view! { <span class="head" title=title>{text}</span> }.into_any();
    };
    let state = {
        let order = order.clone();
        Memo::new(move |_| sorted(address, &order))
    };
    let href = {
        let order = order.clone();
        move || {
            let next = next_order(&address.text("order"), &order, false);
            address.with(&[("order", &next), ("page", ""), ("after", "")])
        }
    };
    let beside = move |event: ev::MouseEvent| {
        if event.shift_key() {
            event.prevent_default();
            event.stop_propagation();
            let next = next_order(&untrack(|| address.text("order")), &order, true);
            address.set(&[("order", &next), ("page", ""), ("after", "")]);
        }
    };
    let arrow = move || {
        state.get().map(|(place, descending)| {
            let arrow = if descending { Icon::ArrowDown } else { Icon::ArrowUp }.draw();
            let several = address.text("order").contains(',');
            view! { {arrow} {several.then(|| view! { <span class="head-place">{place}</span> })} }
        })
    };
    view! {
        <a class="head" href=href data-noscroll="" draggable="false" title=format!("Sort by {title}; with Shift beside the others") on:click=beside>
            {text}
            {arrow}
        </a>
    }
    .into_any()
}

/// The head of a column that can be moved, pinned, sized and taken out.
#[component]
pub fn ColumnHead(
    /// All of the table.
    columns: Columns,
    /// Which.
    shown: ShownColumn,
    /// Classes that keep it in its place.
    pin: String,
    /// Which column it is, where others are left out.
    place: Option<String>,
) -> AnyView {
    let address = Address::here();
    let column = shown.column.clone();
    let order = column.order().filter(|key| (columns.sorts_by)(key));
    let (sort, sortable) = (aria_sort(order.clone()), order.is_some());
    let head = NodeRef::<html::Th>::new();
    let width = shown.pixels();
    Effect::new(move || {
        if let Some(head) = head.get() {
            size(&head, width);
        }
    });
    let over = RwSignal::new(false);
    let drag = {
        let column = column.clone();
        move |event: DragEvent| {
            if let Some(data) = event.data_transfer() {
                data.set_effect_allowed("move");
                _ = data.set_data("text/plain", &column.to_string());
            }
        }
    };
    let drop = {
        let column = column.clone();
        move |event: DragEvent| {
            event.prevent_default();
            over.set(false);
            let word = event.data_transfer().and_then(|data| data.get_data("text/plain").ok());
            let moved = columns.shown.with_untracked(|columns| {
                let moved = columns.iter().find(|shown| Some(shown.column.to_string()) == word);
                moved.map(|shown| shown.column.clone())
            });
            if let Some(moved) = moved.filter(|moved| *moved != column) {
                columns.change(address, |columns| move_column(columns, &moved, &column));
            }
        }
    };
    let open = {
        let column = column.clone();
        move |from: Option<EventTarget>| {
            let from = from.and_then(|from| from.dyn_into::<Element>().ok());
            columns.menu.set(Some((column.clone(), from.as_ref().map(under).unwrap_or_default())));
        }
    };
    let arrow = {
        let open = open.clone();
        move |event: ev::KeyboardEvent| {
            if event.key() == "ArrowDown" {
                event.prevent_default();
                open(event.current_target());
            }
        }
    };
    let kind = match column {
        Column::Metric(..) => "num",
        Column::Started | Column::Duration => "time",
        _ => "text",
    };
    let title = column.title().to_owned();
    let figure = column.figure();
    view! {
        <th
            class=format!("{kind}{pin}")
            scope="col"
            node_ref=head
            aria-sort=sort
            aria-colindex=place
            draggable="true"
            class:over=over
            on:dragstart=drag
            on:dragover=move |event: DragEvent| {
                event.prevent_default();
                over.set(true);
            }
            on:dragleave=move |_| over.set(false)
            on:drop=drop
            on:keydown=arrow
        >
            <div class="column-head">
                <Sorter title=title.clone() figure order/>
                <button
                    type="button"
                    class="icon-button head-menu"
                    aria-label=format!("Column {title}")
                    aria-haspopup="dialog"
                    // From the keyboard the arrow down in the head opens it: one stop for each column is enough.
                    tabindex=if sortable { "-1" } else { "0" }
                    on:click=move |event: ev::MouseEvent| open(event.current_target())
                >
                    {Icon::ChevronDown.draw()}
                </button>
            </div>
            <Grip columns head shown/>
        </th>
    }
    .into_any()
}

/// What can be done to the column whose menu is open.
#[component]
pub fn ColumnMenu(
    /// All of the table.
    columns: Columns,
) -> AnyView {
    let menu = move || {
        columns.menu.get().map(|(column, at)| {
            let label = format!("Column {}", column.title());
            view! {
                <FloatingMenu label at on_close=move || columns.menu.set(None)>
                    {later(choices, Of { columns, column: column.clone() }, || view! { <div class="thing-menu"></div> }.into_any())}
                </FloatingMenu>
            }
        })
    };
    menu.into_any()
}

/// Whose menu it is.
#[derive(Clone)]
struct Of {
    columns: Columns,
    column: Column,
}

/// The code of the menu.
#[wasm_split(work, wasm_split_path = leptos::wasm_split, fallible)]
fn choices() -> Loaded<Of> {
    Ok(drawn)
}

fn drawn(Of { columns, column }: Of) -> AnyView {
    let address = Address::here();
    let shown = columns.shown;
    let change = move |change: &dyn Fn(&mut Vec<ShownColumn>)| {
        columns.menu.set(None);
        columns.change(address, change);
    };
    let neighbour = {
        let column = column.clone();
        move |step: isize| {
            let columns = shown.read_untracked();
            let place = columns.iter().position(|shown| shown.column == column)?;
            columns.get(place.checked_add_signed(step)?).map(|shown| shown.column.clone())
        }
    };
    let is_pinned =
        shown.with_untracked(|columns| columns.iter().any(|shown| shown.pinned && shown.column == column));
    let figures = match &column {
        Column::Metric(key, now) => [
            (MetricFigure::Last, "Last value"),
            (MetricFigure::Min, "Least value"),
            (MetricFigure::Max, "Greatest value"),
        ]
        .into_iter()
        .map(|(figure, name)| (Column::Metric(key.clone(), figure), name, figure == *now))
        .collect(),
        _ => Vec::new(),
    };
    let figures = figures
        .into_iter()
        .map(|(other, name, is_now)| {
            let toggle = move |_| change(&|columns| toggle_column(columns, other.clone()));
            view! { <li><button type="button" disabled=is_now on:click=toggle>{if is_now { "Shown: " } else { "Show or hide: " }} {name}</button></li> }
        })
        .collect_view();
    let item = |name: &'static str, act: Box<dyn Fn() + Send + Sync>| {
        view! { <li><button type="button" on:click=move |_| act()>{name}</button></li> }
    };
    let moving = |name: &'static str, step: isize| {
        let (column, neighbour) = (column.clone(), neighbour.clone());
        item(
            name,
            Box::new(move || {
                if let Some(other) = neighbour(step) {
                    change(&|columns| move_column(columns, &column, &other));
                }
            }),
        )
    };
    let (pinned, hidden) = (column.clone(), column.clone());
    view! {
        <ul class="menu-list">
            {figures}
            {item(if is_pinned { "Unpin" } else { "Pin" }, Box::new(move || change(&|columns| toggle_pin(columns, &pinned))))}
            {moving("Move left", -1)}
            {moving("Move right", 1)}
            {item("Hide", Box::new(move || change(&|columns| toggle_column(columns, hidden.clone()))))}
        </ul>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_sorts_upwards_then_downwards_then_not() {
        let key = Column::metric("loss").order().unwrap();
        let check = |now: &str, alone: &str, beside: &str| {
            assert_eq!(next_order(now, &key, false), alone, "{now}");
            assert_eq!(next_order(now, &key, true), beside, "{now} beside");
        };
        check("", "metrics.loss ASC", "metrics.loss ASC");
        check("metrics.loss ASC", "metrics.loss DESC", "metrics.loss DESC");
        check("metrics.loss DESC", "", "");
        check("start_time DESC", "metrics.loss ASC", "start_time DESC,metrics.loss ASC");
        check("metrics.loss ASC,start_time DESC", "metrics.loss DESC", "metrics.loss DESC,start_time DESC");
        check("metrics.loss DESC,start_time DESC", "", "start_time DESC");
    }
}
