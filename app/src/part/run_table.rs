use crate::part::{
    address::Address,
    column::Column,
    icon::Icon,
    number::Number,
    status::{StatusDot, series_class},
    time::{Ago, Took},
};
use leptos::prelude::*;
use model::{
    RunId,
    filter::{RunOrder, RunText, parse_order_by},
    run::{Run, RunStatus, tag},
};

/// The runs chosen for comparison, in the order they were chosen: it gives them their colours.
#[derive(Clone, Copy)]
pub struct Selection(RwSignal<Vec<RunId>>);

impl Selection {
    /// Nothing chosen yet.
    pub fn empty() -> Self {
        Self(RwSignal::new(Vec::new()))
    }

    /// All that are chosen, tracked.
    pub fn runs(self) -> Vec<RunId> {
        self.0.get()
    }

    /// How many are chosen, tracked.
    pub fn len(self) -> usize {
        self.0.read().len()
    }

    /// Takes everything out.
    pub fn clear(self) {
        self.0.write().clear();
    }

    fn place(self, run: RunId) -> Option<usize> {
        self.0.read().iter().position(|chosen| *chosen == run)
    }

    fn set(self, run: RunId, chosen: bool) {
        let mut runs = self.0.write();
        runs.retain(|other| *other != run);
        if chosen {
            runs.push(run);
        }
    }
}

/// The name people gave a run, else the start of its id.
pub fn run_name(run: &Run) -> String {
    if run.info.name.is_empty() {
        run.info.id.to_string().chars().take(8).collect()
    } else {
        run.info.name.clone()
    }
}

/// The page of a run.
pub fn run_address(run: &Run) -> String {
    format!("/experiments/{}/runs/{}", run.info.experiment, run.info.id)
}

/// The runs, one per row. Head and first columns stay in sight; only the table scrolls sideways.
#[component]
pub fn RunTable(
    /// The rows.
    runs: Vec<Run>,
    /// The columns after the name.
    columns: Signal<Vec<Column>>,
    /// What is chosen for comparison.
    selection: Selection,
) -> AnyView {
    let ids: Vec<RunId> = runs.iter().map(|run| run.info.id).collect();
    let all_ids = ids.clone();
    let all_chosen = move || !ids.is_empty() && ids.iter().all(|id| selection.place(*id).is_some());
    let choose_all = move |event| {
        let chosen = event_target_checked(&event);
        for id in &all_ids {
            // Those that were chosen before keep their places, and so their colours.
            if selection.place(*id).is_some() != chosen {
                selection.set(*id, chosen);
            }
        }
    };
    view! {
        <div class="table-frame" role="region" aria-label="Runs" tabindex="0">
            <table class="grid run-table" aria-label="Runs">
                <thead>
                    <tr class="group-row">
                        <td class="pick"></td>
                        <td class="name"></td>
                        {move || group_heads(&columns.read())}
                    </tr>
                    <tr>
                        <th class="pick" scope="col">
                            <input
                                type="checkbox"
                                aria-label="Select all runs on this page"
                                prop:checked=all_chosen
                                on:change=choose_all
                            />
                        </th>
                        <Head class="name" title="Run".to_owned() order=Some(RunOrder::Text(RunText::Name))/>
                        {move || {
                            columns
                                .get()
                                .into_iter()
                                .map(|column| {
                                    let class = if matches!(column, Column::Metric(_)) { "num" } else { "" };
                                    view! { <Head class title=column.title().to_owned() order=column.order()/> }
                                })
                                .collect_view()
                        }}
                    </tr>
                </thead>
                <tbody>
                    {runs.into_iter().map(|run| view! { <Row run columns selection/> }).collect_view()}
                </tbody>
            </table>
        </div>
    }
    .into_any()
}

/// The kinds of columns over the columns.
fn group_heads(columns: &[Column]) -> impl IntoView + use<> {
    columns
        .chunk_by(|a, b| a.group() == b.group())
        .map(|group| {
            let name = group.first().map_or("", Column::group);
            let shown = if name == "Run" { "" } else { name };
            view! { <td class="group" colspan=group.len().to_string()><span>{shown}</span></td> }
        })
        .collect_view()
}

/// The head of a column: a link that sorts by it upwards, then downwards, then not.
#[component]
fn Head(class: &'static str, title: String, order: Option<RunOrder>) -> AnyView {
    let address = Address::here();
    let hint = title.clone();
    let Some(order) = order else {
        return view! { <th class=class scope="col" title=hint><span class="head">{title}</span></th> }
            .into_any();
    };
    let key = order.to_string();
    let descending = Memo::new(move |_| {
        let sorted = parse_order_by::<RunOrder>(&address.text("order")).ok()?;
        (sorted.key == order).then_some(sorted.descending)
    });
    let next = move || {
        let order = match descending.get() {
            None => format!("{key} ASC"),
            Some(false) => format!("{key} DESC"),
            Some(true) => String::new(),
        };
        address.with(&[("order", &order), ("page", "")])
    };
    let sort = move || match descending.get() {
        None => "none",
        Some(false) => "ascending",
        Some(true) => "descending",
    };
    let arrow = move || match descending.get() {
        None => None,
        Some(false) => Some(Icon::ArrowUp.draw()),
        Some(true) => Some(Icon::ArrowDown.draw()),
    };
    view! {
        <th class=class scope="col" aria-sort=sort title=hint>
            <a class="head" href=next data-noscroll="">
                <span class="head-title">{title}</span>
                {arrow}
            </a>
        </th>
    }
    .into_any()
}

#[component]
fn Row(run: Run, columns: Signal<Vec<Column>>, selection: Selection) -> AnyView {
    let id = run.info.id;
    let name = run_name(&run);
    let address = run_address(&run);
    let nested = run.tag(tag::PARENT_RUN).is_some();
    let place = Memo::new(move |_| selection.place(id));
    // The chosen box has the colour that the run's lines will have.
    let color = move || place.get().map(series_class).unwrap_or_default();
    let label = format!("Select {name}");
    let status = run.info.status;
    let cells = move || columns.read().iter().map(|column| cell(&run, column)).collect_view();
    view! {
        <tr class:chosen=move || place.get().is_some()>
            <td class="pick">
                <input
                    type="checkbox"
                    class=color
                    aria-label=label
                    prop:checked=move || place.get().is_some()
                    on:change=move |event| selection.set(id, event_target_checked(&event))
                />
            </td>
            <th class="name" scope="row">
                <div class="run-name">
                    <StatusDot status/>
                    {nested.then(|| view! { <span class="nested" title="Part of another run">"↳"</span> })}
                    <a href=address title=name.clone()>{name.clone()}</a>
                </div>
            </th>
            {cells}
        </tr>
    }
    .into_any()
}

fn cell(run: &Run, column: &Column) -> AnyView {
    let text = |text: Option<&str>| {
        let text = text.unwrap_or_default().to_owned();
        view! { <td class="text" title=text.clone()>{text.clone()}</td> }.into_any()
    };
    match column {
        Column::Started => view! { <td class="time"><Ago at=run.info.start_time/></td> }.into_any(),
        Column::Duration => {
            let (start, end) = (run.info.start_time, run.info.end_time);
            let running = run.info.status == RunStatus::Running;
            view! { <td class="time"><Took start end running/></td> }.into_any()
        }
        Column::User => text(Some(&run.info.user)),
        Column::Source => text(run.tag(tag::SOURCE_NAME)),
        Column::Metric(key) => {
            let value = run.metrics.iter().find(|metric| metric.key == *key).map(|metric| metric.last.value);
            view! { <td class="num">{value.map(|value| view! { <Number value/> })}</td> }.into_any()
        }
        Column::Param(key) => {
            text(run.params.iter().find(|param| param.key == *key).map(|param| param.value.as_str()))
        }
        Column::Tag(key) => text(run.tag(key)),
    }
}
