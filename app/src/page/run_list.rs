use crate::{
    api::{Answer, change_experiment, experiment_head, fetch, list_runs},
    part::{
        address::{Address, Query},
        answered::Answered,
        chart_options::read_grouping,
        column::{default_columns, named_columns, read_columns},
        column_picker::ColumnPicker,
        copy::CopyButton,
        empty::{Empty, FirstRun},
        experiment_charts::ExperimentCharts,
        explore::Explore,
        facet_menu::FacetMenu,
        filter_box::{FilterBox, Filtered, OF_RUNS},
        group_table::{GroupMenu, GroupTable, Grouped},
        icon::Icon,
        live::Live,
        number::counted,
        pager::page_number,
        run_actions::{Chosen, RunActions},
        run_table::{RunTable, Selection},
        saved_views::SavedViews,
        share_link::ShareLink,
        tabs::{Tab, Tabs},
        thing_menu::{Thing, ThingChange, ThingMenu},
        toast::Toasts,
        trace::table::Traces,
    },
};
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::{NavigateOptions, components::Redirect, hooks::use_params_map};
use model::{
    ExperimentId, Permission,
    page::{ExperimentChange, ExperimentHead, Level, RUNS_PAGE, RunsPage, RunsQuery, Total},
    run::{Run, Tag, tag},
};

use std::time::Duration;

/// How often a table asks for what is new, at most.
const REFRESH: Duration = Duration::from_secs(2);
/// Columns that the first rows come with; the table asks for the others when they are in sight.
const COLUMNS_AT_FIRST: usize = 24;

/// The id of the experiment in the address; one that can't be is as missing as one that isn't.
pub fn experiment_in_path() -> Memo<ExperimentId> {
    let params = use_params_map();
    Memo::new(move |_| {
        params.read().get_str("experiment").and_then(|id| id.parse().ok()).unwrap_or(ExperimentId(-1))
    })
}

/// Whether the address asks for runs beneath those that they are nested in; groups aren't nested.
fn is_tree(address: Address) -> bool {
    address.text("tree") == "1" && read_grouping(address).is_empty()
}

/// The runs of an experiment.
#[component]
pub fn RunList() -> AnyView {
    let address = Address::here();
    let head_again = RwSignal::new(0_u32);
    let experiment = experiment_in_path();
    let asked = Memo::new(move |before: Option<&RunsQuery>| match before {
        Some(before) if !address.is_at(&format!("/experiments/{}", experiment.get())) => before.clone(),
        _ => RunsQuery {
            filter: address.text("filter").trim().to_owned(),
            order_by: address.text("order"),
            offset: (page_number(address) - 1).saturating_mul(u64::from(RUNS_PAGE)),
            deleted: address.text("view") == "trash",
            level: if is_tree(address) { Level::Top } else { Level::All },
            // The table itself asks for columns that are chosen later.
            columns: untrack(|| read_columns(&address.text("columns"))).map(|columns| {
                named_columns(columns.iter().take(COLUMNS_AT_FIRST).map(|shown| &shown.column))
            }),
        },
    });
    let head =
        fetch(move || (experiment.get(), head_again.get()), |(experiment, _)| experiment_head(experiment));
    // Asking for runs alone must not make the toolbar anew: somebody may type there.
    let runs_again = RwSignal::new(0_u32);
    let runs = fetch(
        move || (experiment.get(), asked.get(), head_again.get(), runs_again.get()),
        |(experiment, asked, ..)| list_runs(experiment, asked),
    );
    let selection = Selection::empty();
    // What is done to chosen runs must not be done to some of another table.
    let table = move || (experiment.get(), asked.read().deleted);
    Effect::watch(
        table,
        move |now, before, _| {
            if before.is_some_and(|before| before != now) {
                selection.clear();
            }
        },
        false,
    );
    view! {
        <div class="page fill">
            <Answered answer=head bars=1 show={move |head: ExperimentHead| {
                let name = head.experiment.name.clone();
                let permission = head.permission;
                let has_traces = head.has_traces;
                // Whoever asks for nothing in particular sees what the experiment opens with.
                let opens = head.opens_with.clone().filter(|state| !state.is_empty());
                let here = format!("/experiments/{}", head.experiment.id);
                let arrived = untrack(|| address.is_at(&here) && address.query() == Query::default());
                let opens = opens.filter(|state| arrived && Query::parse(state) != Query::default());
                // On arrival only: whoever clears a filter later wants it cleared.
                let leads = RwSignal::new(opens.map(|state| format!("{here}?{state}")));
                Effect::new(move || {
                    if address.query() != Query::default() && leads.with_untracked(Option::is_some) {
                        leads.set(None);
                    }
                });
                move || match leads.get() {
                    Some(path) => view! { <Redirect path options=replacing()/> }.into_any(),
                    None => view! {
                        <Title text=name.clone()/>
                        <Header head=head.clone() again=head_again/>
                        <Runs runs asked again=runs_again experiment=experiment.into() selection permission has_traces name=name.clone()/>
                    }.into_any(),
                }
            }}/>
        </div>
    }
    .into_any()
}

fn replacing() -> NavigateOptions {
    NavigateOptions { replace: true, ..NavigateOptions::default() }
}

#[component]
fn Header(head: ExperimentHead, again: RwSignal<u32>) -> AnyView {
    let toasts = Toasts::here();
    let experiment = head.experiment;
    let note = experiment.tags.iter().find(|t| t.key == tag::NOTE).map(|tag| tag.value.clone());
    let location = experiment.artifact_location.clone();
    let deleted = experiment.lifecycle == model::experiment::Lifecycle::Deleted;
    let id = experiment.id;
    let change = Callback::new(move |change: ThingChange| {
        let change = match change {
            ThingChange::Rename(name) => ExperimentChange::Rename(name),
            ThingChange::Note(value) => ExperimentChange::SetTag(Tag { key: tag::NOTE.to_owned(), value }),
            ThingChange::Tag(tag) => ExperimentChange::SetTag(tag),
            ThingChange::Delete => ExperimentChange::Delete,
            ThingChange::Restore => ExperimentChange::Restore,
        };
        spawn_local(async move {
            match change_experiment(id, change).await {
                Ok(()) => again.update(|again| *again += 1),
                Err(fault) => toasts.failed(fault.to_string()),
            }
        });
    });
    let thing = Thing {
        word: "experiment",
        name: Signal::stored(experiment.name.clone()),
        note: Signal::stored(note.clone().unwrap_or_default()),
        deleted: Signal::stored(deleted),
        has_tags: false,
        rights: (head.permission >= Permission::Edit && !deleted, head.permission >= Permission::Manage),
        change,
    };
    view! {
        <header class="page-head">
            <nav class="crumbs" aria-label="Breadcrumb">
                <a href="/experiments">"Experiments"</a>
            </nav>
            <div class="page-title">
                <h1>{experiment.name.clone()}</h1>
                {deleted.then(|| view! { <span class="chip">"Deleted"</span> })}
                <span class="muted">{counted(head.runs, "run")}</span>
                <ThingMenu thing/>
                <details class="inline-details">
                    <summary>"Details"</summary>
                    <dl class="details">
                        <div><dt>"Experiment id"</dt><dd><code>{experiment.id.to_string()}</code></dd></div>
                        <div>
                            <dt>"Artifacts"</dt>
                            <dd>
                                <span class="copyable">
                                    <code>{location.clone()}</code>
                                    <CopyButton text=Signal::stored(location) what="artifact location"/>
                                </span>
                            </dd>
                        </div>
                        <div>
                            <dt>"Created"</dt>
                            <dd>{crate::part::time::absolute(experiment.created)}</dd>
                        </div>
                        <div><dt>"Your permission"</dt><dd>{head.permission.name()}</dd></div>
                    </dl>
                </details>
            </div>
            {(!head.note_html.is_empty()).then(|| view! { <div class="page-note note" inner_html=head.note_html></div> })}
        </header>
    }
    .into_any()
}

#[component]
fn Runs(
    runs: Answer<RunsPage>,
    asked: Memo<RunsQuery>,
    again: RwSignal<u32>,
    experiment: Signal<ExperimentId>,
    selection: Selection,
    permission: Permission,
    has_traces: bool,
    name: String,
) -> AnyView {
    let address = Address::here();
    // The rows last shown, for the choice of columns only. The table must not read them: they are written while it is
    // being replaced.
    let rows = RwSignal::new(Vec::<Run>::new());
    let chosen_columns = Memo::new(move |_| read_columns(&address.text("columns")));
    let shown = Signal::derive(move || {
        chosen_columns.get().unwrap_or_else(|| rows.with(|rows| default_columns(rows)))
    });
    let changed = Trigger::new();
    // Where there is no table that would ask for its rows, the page does.
    let is_empty = StoredValue::new(false);
    Effect::watch(
        move || changed.track(),
        move |(), _, _| {
            if is_empty.get_value() {
                again.update(|again| *again += 1);
            }
        },
        false,
    );
    let of = Signal::derive(move || vec![format!("e{}", experiment.get())]);
    // However much is logged, the table asks now and then.
    let news = Live::pulse(of, REFRESH);
    Effect::watch(move || news.track(), move |(), _, _| changed.notify(), false);
    let keys_of = Signal::derive(move || vec![experiment.get()]);
    let chosen = Chosen {
        selection,
        experiment: Some(experiment.get_untracked()),
        asked,
        shown,
        changed,
        rights: (permission >= Permission::Edit, permission >= Permission::Manage),
    };
    // Beside the table's tab there are others; whatever else an address says is the table.
    let tab = Memo::new(move |_| address.text("tab"));
    let beside = Memo::new(move |_| matches!(tab.get().as_str(), "charts" | "explore" | "traces"));
    // What is said of runs isn't said of traces.
    let of_runs = Memo::new(move |_| tab.get() != "traces");
    let mut tabs: Vec<Tab> =
        vec![("", "Runs", None), ("charts", "Charts", None), ("explore", "Explore", None)];
    if has_traces {
        tabs.push(("traces", "Traces", None));
    }
    let grouped = Memo::new(move |_| !read_grouping(address).is_empty());
    let trash = Memo::new(move |_| address.text("view") == "trash");
    // What is in the trash isn't changed.
    let may_color = move || permission >= Permission::Edit && !trash.get_untracked();
    let trash = move || trash.get();
    let toggle_trash = move || address.with(&[("view", if trash() { "" } else { "trash" }), ("page", "")]);
    view! {
        <Tabs label="Experiment" tabs/>
        <div class="toolbar" hidden=move || !of_runs.get()>
            <FilterBox filtered=Filtered::Runs(experiment) wording=&OF_RUNS/>
            <div class="toolbar-end">
                <a
                    class="button quiet"
                    class:on=trash
                    href=toggle_trash
                    data-noscroll=""
                    aria-label=move || if trash() { "Trash: back to active runs" } else { "Trash: show deleted runs" }
                    title=move || if trash() { "Trash: back to active runs" } else { "Trash: show deleted runs" }
                >
                    {Icon::Trash.draw()}
                    <span class="button-label">"Trash"</span>
                </a>
                // What is in the trash isn't counted.
                {move || (!trash()).then(|| view! { <FacetMenu experiment/> })}
                <SavedViews experiment=experiment.get_untracked() permission/>
                <Show when=move || !beside.get()>
                    <GroupMenu experiment=experiment.get_untracked()/>
                    {move || (!grouped.get()).then(|| view! { <TreeSwitch/> })}
                    <ColumnPicker experiments=keys_of shown/>
                </Show>
                {move || (!trash()).then(|| view! { <ShareLink/> })}
            </div>
        </div>
        <Show when=move || of_runs.get()>
            <RunActions chosen/>
        </Show>
        {move || match tab.get().as_str() {
            "charts" => view! {
                <ExperimentCharts experiment=experiment.get_untracked() asked selection may_color=may_color()/>
            }.into_any(),
            "explore" => view! { <Explore experiment=experiment.get_untracked() asked selection/> }.into_any(),
            "traces" => view! { <Traces experiment=experiment.get_untracked()/> }.into_any(),
            _ => ().into_any(),
        }}
        <div class="runs" hidden=move || beside.get()>
        <Answered answer=runs bars=12 show={move |page: RunsPage| {
            rows.set(page.runs.clone());
            let empty = page.runs.is_empty() && page.total == Total::Exactly(0);
            is_empty.set_value(empty);
            if empty {
                return view! { <NoRuns name=name.clone()/> }.into_any();
            }
            let unchosen = default_columns(&page.runs);
            let columns = Signal::derive(move || chosen_columns.get().unwrap_or_else(|| unchosen.clone()));
            if grouped.get() {
                let of = Grouped { experiment: experiment.get_untracked(), asked, columns };
                return view! { <GroupTable of/> }.into_any();
            }
            view! {
                <RunTable experiment=experiment.get_untracked() query=asked.get_untracked() page columns selection changed may_color=may_color()/>
            }.into_any()
        }}/>
        </div>
    }
    .into_any()
}

/// Puts runs beneath those that they are nested in, or all side by side again.
#[component]
fn TreeSwitch() -> AnyView {
    let address = Address::here();
    let tree = Memo::new(move |_| is_tree(address));
    let label =
        move || if tree.get() { "Tree: back to all runs" } else { "Tree: runs beneath their parents" };
    view! {
        <a
            class="button quiet"
            class:on=move || tree.get()
            href=move || address.with(&[("tree", if tree.get() { "" } else { "1" }), ("page", "")])
            data-noscroll=""
            aria-label=label
            title=label
        >
            {Icon::Tree.draw()}
            <span class="button-label">"Tree"</span>
        </a>
    }
    .into_any()
}

/// Why there are no rows, and what to do about it.
#[component]
fn NoRuns(name: String) -> AnyView {
    let address = Address::here();
    let filtered = untrack(|| address.get("filter").is_some());
    let trash = untrack(|| address.text("view") == "trash");
    let tree = untrack(|| is_tree(address));
    match (filtered, trash) {
        (true, _) => view! {
            <Empty icon=Icon::Search title="No run matches the filter">
                {tree.then(|| view! {
                    <p class="muted">"In the tree it looks at top runs alone, not at what is nested in them."</p>
                    <p><a class="button" href=move || address.with(&[("tree", ""), ("page", "")])>"Look at all runs"</a></p>
                })}
                <p>
                    <a class="button" href=move || address.with(&[("filter", ""), ("page", "")])>"Clear the filter"</a>
                </p>
            </Empty>
        }
        .into_any(),
        (false, true) => view! {
            <Empty icon=Icon::Trash title="The trash is empty">
                <p class="muted">"Deleted runs come here, and can be restored."</p>
                <p><a class="button" href=move || address.with(&[("view", "")])>"Back to active runs"</a></p>
            </Empty>
        }
        .into_any(),
        (false, false) => view! {
            <Empty icon=Icon::Flask title="No runs yet">
                <p class="muted">"These lines log a first one."</p>
                <FirstRun experiment=Some(name)/>
            </Empty>
        }
        .into_any(),
    }
    .into_any()
}
