use crate::{
    api::{fetch, list_all_runs},
    part::{
        address::Address,
        answered::Answered,
        column::{Column, ShownColumn, named_columns, read_columns},
        column_picker::ColumnPicker,
        empty::{Empty, FirstRun},
        filter_box::{FilterBox, Filtered, OF_RUNS},
        icon::Icon,
        run_actions::{Chosen, RunActions},
        run_color::Ink,
        run_table::{
            ColumnHead, ColumnMenu, Columns, Head, Selection, cell, pin_class, pins, run_address, run_name,
        },
        status::{StatusDot, series_class},
    },
};
use leptos::{ev, html::Div, prelude::*};
use leptos_meta::Title;
use model::{
    ExperimentId, Permission, RunId,
    filter::{RunOrder, RunText},
    page::{AllRuns, AllRunsQuery, ComparedRun, RunsQuery},
};

/// What the table shows until somebody chooses.
const FIRST_COLUMNS: [Column; 3] = [Column::Started, Column::Duration, Column::User];

/// The runs of all experiments that the person may see, newest first until they are sorted, a page at a time.
#[component]
pub fn AllRunList() -> AnyView {
    let address = Address::here();
    let shown = Memo::new(move |_| {
        let first = || FIRST_COLUMNS.into_iter().map(ShownColumn::plain).collect();
        read_columns(&address.text("columns")).unwrap_or_else(first)
    });
    let columns = Columns::new(shown.into(), AllRunsQuery::sorts_by);
    let asked = Memo::new(move |before: Option<&AllRunsQuery>| match before {
        // Whoever leaves the page asks for nothing more.
        Some(before) if !address.is_at("/runs") => before.clone(),
        _ => AllRunsQuery {
            filter: address.text("filter").trim().to_owned(),
            order_by: address.text("order"),
            after: address.text("after"),
            deleted: address.text("view") == "trash",
            columns: shown.with(|columns| named_columns(columns.iter().map(|shown| &shown.column))),
        },
    });
    let (again, changed) = (RwSignal::new(0_u32), Trigger::new());
    Effect::watch(move || changed.track(), move |(), _, _| again.update(|again| *again += 1), false);
    let runs = fetch(move || (asked.get(), again.get()), |(asked, _)| list_all_runs(asked));
    let deleted = Memo::new(move |_| asked.read().deleted);
    let sorted = Memo::new(move |_| !asked.read().order_by.is_empty());
    let selection = Selection::empty();
    // What is done to chosen runs must not be done to some of the trash.
    Effect::watch(
        move || deleted.get(),
        move |now, before, _| {
            if before.is_some_and(|before| before != now) {
                selection.clear();
            }
        },
        false,
    );
    // The experiments of the runs that are shown, for the choice of columns only.
    let experiments = RwSignal::new(Vec::<ExperimentId>::new());
    let table = AllShown { address, columns, deleted, sorted, selection, changed };
    let toggle_trash =
        move || address.with(&[("view", if deleted.get() { "" } else { "trash" }), ("after", "")]);
    let trash_words =
        move || if deleted.get() { "Trash: back to active runs" } else { "Trash: show deleted runs" };
    view! {
        <Title text="All runs"/>
        <div class="page">
            <header class="page-head">
                <nav class="crumbs" aria-label="Breadcrumb"><a href="/experiments">"Experiments"</a></nav>
                <div class="page-title">
                    <h1>"All runs"</h1>
                    <span class="muted">
                        {move || if sorted.get() { "of all experiments" } else { "of all experiments, newest first" }}
                    </span>
                </div>
            </header>
            <div class="toolbar">
                <FilterBox filtered=Filtered::AllRuns wording=&OF_RUNS/>
                <div class="toolbar-end">
                    <a
                        class="button quiet"
                        class:on=move || deleted.get()
                        href=toggle_trash
                        data-noscroll=""
                        aria-label=trash_words
                        title=trash_words
                    >
                        {Icon::Trash.draw()}
                        <span class="button-label">"Trash"</span>
                    </a>
                    <ColumnPicker experiments=experiments.into() shown=columns.shown/>
                </div>
            </div>
            <Answered answer=runs bars=12 show={move |page: AllRuns| {
                let mut inside = Vec::new();
                for row in &page.runs {
                    if !inside.contains(&row.run.info.experiment) {
                        inside.push(row.run.info.experiment);
                    }
                }
                experiments.set(inside);
                table.page(page)
            }}/>
            <ColumnMenu columns/>
        </div>
    }
    .into_any()
}

/// Where there are very many, or it would take long.
const NOT_ALL: &str = "Not all experiments were looked into: narrow the filter, or open an experiment.";

/// What the parts of the page share.
#[derive(Clone, Copy)]
struct AllShown {
    address: Address,
    columns: Columns,
    deleted: Memo<bool>,
    sorted: Memo<bool>,
    selection: Selection,
    changed: Trigger,
}

impl AllShown {
    fn page(self, page: AllRuns) -> AnyView {
        let AllRuns { runs, next, is_cut, permission } = page;
        let address = self.address;
        let is_first = untrack(|| address.get("after").is_none());
        if runs.is_empty() && is_first {
            return untrack(|| none(address, address.get("filter").is_some(), self.deleted.get(), is_cut));
        }
        let deleted = self.deleted;
        let chosen = Chosen {
            selection: self.selection,
            experiment: None,
            asked: Memo::new(move |_| RunsQuery { deleted: deleted.get(), ..RunsQuery::default() }),
            shown: self.columns.shown,
            changed: self.changed,
            rights: (permission >= Permission::Edit, permission >= Permission::Manage),
        };
        let runs = StoredValue::new(runs);
        let (columns, sorted) = (self.columns, self.sorted);
        let rows = move || runs.with_value(|runs| table(runs, columns, self.selection));
        let frame = NodeRef::<Div>::new();
        columns.place_pins(frame);
        let (first, behind) = match sorted.get_untracked() {
            true => ("First runs", "More runs"),
            false => ("Newest runs", "Older runs"),
        };
        view! {
            <RunActions chosen/>
            <div class="table-frame run-frame" role="region" aria-label="Runs" tabindex="0" node_ref=frame>{rows}</div>
            <nav class="all-runs-pages" aria-label="Pages">
                {is_cut.then(|| view! { <span class="muted">{NOT_ALL}</span> })}
                <span class="push"></span>
                {(!is_first).then(|| view! {
                    <a class="button" href=move || address.with(&[("after", "")])>{first}</a>
                })}
                {next.map(|next| view! {
                    <a class="button" href=move || address.with(&[("after", &next)])>{behind}</a>
                })}
            </nav>
        }
        .into_any()
    }
}

fn table(runs: &[ComparedRun], columns: Columns, selection: Selection) -> AnyView {
    let shown = columns.shown.read();
    let pinned = pins(&shown);
    let head = |(index, shown): (usize, &ShownColumn)| {
        let pin = pin_class(index, pinned);
        view! { <ColumnHead columns shown=shown.clone() pin place=None/> }
    };
    let ids: Vec<RunId> = runs.iter().map(|row| row.run.info.id).collect();
    let all_chosen = {
        let ids = ids.clone();
        move || !ids.is_empty() && ids.iter().all(|id| selection.place(*id).is_some())
    };
    let choose_all = move |event: ev::Event| selection.set_all(&ids, event_target_checked(&event));
    view! {
        <table class="grid run-table all-runs" aria-label="Runs">
            <thead>
                <tr>
                    <th scope="col" class="pick">
                        <input
                            type="checkbox"
                            aria-label="Select all runs of this page"
                            title="Select all runs of this page"
                            prop:checked=all_chosen
                            on:change=choose_all
                        />
                    </th>
                    <Head class="name" title="Run".to_owned() order=Some(RunOrder::Text(RunText::Name))/>
                    // No index lies in the order of their names.
                    <th scope="col" class="text"><span class="head">"Experiment"</span></th>
                    {shown.iter().enumerate().map(head).collect_view()}
                    <th class="rest" aria-hidden="true"></th>
                </tr>
            </thead>
            <tbody>{runs.iter().map(|row| line(row, &shown, selection)).collect_view()}</tbody>
        </table>
    }
    .into_any()
}

fn line(row: &ComparedRun, columns: &[ShownColumn], selection: Selection) -> AnyView {
    let ComparedRun { run, experiment_name } = row;
    let pinned = pins(columns);
    let cell =
        |(index, shown): (usize, &ShownColumn)| cell(run, &shown.column, pin_class(index, pinned), None);
    let (name, info) = (run_name(run), &run.info);
    let id = info.id;
    let place = Memo::new(move |_| selection.place(id));
    let is_chosen = move || place.get().is_some();
    // The chosen box has the colour that the run's lines will have.
    let color = move || place.get().map(series_class).unwrap_or_default();
    let choose = move |event: ev::Event| selection.set_all(&[id], event_target_checked(&event));
    view! {
        <tr class:chosen=is_chosen>
            <td class="pick">
                <input
                    type="checkbox"
                    class=color
                    aria-label=format!("Select {name}")
                    prop:checked=is_chosen
                    on:change=choose
                />
            </td>
            <th scope="row" class="name">
                <div class="run-name">
                    <StatusDot status=info.status/>
                    {run.color().map(|color| Ink::Chosen(color).dot())}
                    <a href=run_address(run) title=name.clone()>{name.clone()}</a>
                </div>
            </th>
            <td class="text">
                <a href=format!("/experiments/{}", info.experiment) title=experiment_name.clone()>{experiment_name.clone()}</a>
            </td>
            {columns.iter().enumerate().map(cell).collect_view()}
            <td class="rest" aria-hidden="true"></td>
        </tr>
    }
    .into_any()
}

/// Why there are no rows, and what to do about it.
fn none(address: Address, is_filtered: bool, is_trash: bool, is_cut: bool) -> AnyView {
    if is_filtered {
        return view! {
            <Empty icon=Icon::Search title="No run matches the filter">
                {is_cut.then(|| view! { <p class="muted">{NOT_ALL}</p> })}
                <p><a class="button" href=move || address.with(&[("filter", ""), ("after", "")])>"Clear the filter"</a></p>
            </Empty>
        }
        .into_any();
    }
    if is_trash {
        return view! {
            <Empty icon=Icon::Trash title="The trash is empty">
                <p class="muted">"Deleted runs come here, and can be restored."</p>
                <p><a class="button" href=move || address.with(&[("view", "")])>"Back to active runs"</a></p>
            </Empty>
        }
        .into_any();
    }
    view! {
        <Empty icon=Icon::Flask title="No runs yet">
            <p class="muted">"These lines log a first one."</p>
            <FirstRun/>
        </Empty>
    }
    .into_any()
}
