use crate::{
    api::{fetch, list_all_runs},
    part::{
        address::Address,
        answered::Answered,
        column::{Column, ShownColumn, named_columns, read_columns},
        column_picker::ColumnPicker,
        empty::{Empty, FirstRun},
        icon::Icon,
        run_actions::{Chosen, RunActions},
        run_color::Ink,
        run_table::{Selection, cell, run_address, run_name},
        status::{StatusDot, series_class},
    },
};
use leptos::{ev, prelude::*};
use leptos_meta::Title;
use model::{
    ExperimentId, Permission, RunId,
    page::{AllRuns, AllRunsQuery, ComparedRun, RunsQuery},
};

/// What the table shows until somebody chooses.
const FIRST_COLUMNS: [Column; 3] = [Column::Started, Column::Duration, Column::User];

/// The runs of all experiments that the person may see, newest first, a page at a time.
#[component]
pub fn AllRunList() -> AnyView {
    let address = Address::here();
    let columns = Memo::new(move |_| {
        let first = || FIRST_COLUMNS.into_iter().map(ShownColumn::plain).collect();
        read_columns(&address.text("columns")).unwrap_or_else(first)
    });
    let asked = Memo::new(move |before: Option<&AllRunsQuery>| match before {
        // Whoever leaves the page asks for nothing more.
        Some(before) if !address.is_at("/runs") => before.clone(),
        _ => AllRunsQuery {
            filter: address.text("filter").trim().to_owned(),
            after: address.text("after"),
            deleted: address.text("view") == "trash",
            columns: columns.with(|columns| named_columns(columns.iter().map(|shown| &shown.column))),
        },
    });
    let (again, changed) = (RwSignal::new(0_u32), Trigger::new());
    Effect::watch(move || changed.track(), move |(), _, _| again.update(|again| *again += 1), false);
    let runs = fetch(move || (asked.get(), again.get()), |(asked, _)| list_all_runs(asked));
    let deleted = Memo::new(move |_| asked.read().deleted);
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
    let shown = AllShown { address, columns, deleted, selection, changed };
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
                    <span class="muted">"of all experiments, newest first"</span>
                </div>
            </header>
            <div class="toolbar">
                <FilterForm/>
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
                    <ColumnPicker experiments=experiments.into() shown=columns.into()/>
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
                shown.page(page)
            }}/>
        </div>
    }
    .into_any()
}

/// MLflow's search language, for all experiments at once.
#[component]
fn FilterForm() -> AnyView {
    let address = Address::here();
    let asked = Memo::new(move |_| address.text("filter"));
    let text = RwSignal::new(asked.get_untracked());
    Effect::new(move || text.set(asked.get()));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        address.set(&[("filter", text.get_untracked().trim()), ("after", "")]);
    };
    // Without scripts the form alone says what the next address is.
    let kept = |name: &'static str| {
        move || address.get(name).map(|value| view! { <input type="hidden" name=name value=value/> })
    };
    view! {
        <form class="filter-box" role="search" method="get" aria-label="Filter runs" on:submit=submit>
            <div class="filter-line">
                {Icon::Search.draw()}
                <input
                    type="text"
                    name="filter"
                    class="filter-input"
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    aria-label="Filter"
                    placeholder="metrics.loss < 0.5 and params.model = 'cnn'"
                    value=asked.get_untracked()
                    prop:value=text
                    on:input=move |event| text.set(event_target_value(&event))
                />
            </div>
            {kept("columns")}
            {kept("view")}
        </form>
    }
    .into_any()
}

/// Where there are very many, or it would take long.
const NOT_ALL: &str = "Not all experiments were looked into: narrow the filter, or open an experiment.";

/// What the parts of the page share.
#[derive(Clone, Copy)]
struct AllShown {
    address: Address,
    columns: Memo<Vec<ShownColumn>>,
    deleted: Memo<bool>,
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
            shown: self.columns.into(),
            changed: self.changed,
            rights: (permission >= Permission::Edit, permission >= Permission::Manage),
        };
        let runs = StoredValue::new(runs);
        let columns = self.columns;
        let rows = move || runs.with_value(|runs| table(runs, &columns.read(), self.selection));
        view! {
            <RunActions chosen/>
            <div class="table-frame" role="region" aria-label="Runs" tabindex="0">{rows}</div>
            <nav class="all-runs-pages" aria-label="Pages">
                {is_cut.then(|| view! { <span class="muted">{NOT_ALL}</span> })}
                <span class="push"></span>
                {(!is_first).then(|| view! {
                    <a class="button" href=move || address.with(&[("after", "")])>"Newest runs"</a>
                })}
                {next.map(|next| view! {
                    <a class="button" href=move || address.with(&[("after", &next)])>"Older runs"</a>
                })}
            </nav>
        }
        .into_any()
    }
}

fn table(runs: &[ComparedRun], columns: &[ShownColumn], selection: Selection) -> AnyView {
    let head = |shown: &ShownColumn| {
        let class = if matches!(shown.column, Column::Metric(..)) { "num" } else { "text" };
        let title = shown.column.title().to_owned();
        let figure = shown.column.figure().map(|figure| view! { <span class="head-figure">{figure}</span> });
        view! { <th scope="col" class=class title=title.clone()>{title.clone()} " " {figure}</th> }
    };
    let ids: Vec<RunId> = runs.iter().map(|row| row.run.info.id).collect();
    let all_chosen = {
        let ids = ids.clone();
        move || !ids.is_empty() && ids.iter().all(|id| selection.place(*id).is_some())
    };
    let choose_all = move |event: ev::Event| selection.set_all(&ids, event_target_checked(&event));
    view! {
        <table class="grid all-runs" aria-label="Runs">
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
                    <th scope="col" class="name">"Run"</th>
                    <th scope="col">"Experiment"</th>
                    {columns.iter().map(head).collect_view()}
                </tr>
            </thead>
            <tbody>{runs.iter().map(|row| line(row, columns, selection)).collect_view()}</tbody>
        </table>
    }
    .into_any()
}

fn line(row: &ComparedRun, columns: &[ShownColumn], selection: Selection) -> AnyView {
    let ComparedRun { run, experiment_name } = row;
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
            {columns.iter().map(|shown| cell(run, &shown.column, String::new(), None)).collect_view()}
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
