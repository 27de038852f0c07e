//! The charts of an experiment: of the runs that are chosen, else of the first ones of its table.

use crate::{
    api::{compare_runs, fetch, list_runs, search_keys},
    part::{
        address::Address,
        answered::Answered,
        chart::ChartRun,
        chart_board::ChartBoard,
        chart_options::{group_of, read_grouping},
        chart_settings::GroupKeys,
        column::{Column, named_columns},
        later::{Loaded, with_page},
        number::counted,
        run_chips::RunChips,
        run_color::{Ink, Swatches},
        run_table::{Selection, run_name},
    },
};
use leptos::{prelude::*, task::spawn_local, wasm_split::wasm_split};
use model::{
    ExperimentId, RunId,
    page::{COMPARISON_LIMIT, KeyKind, KeysFound, Level, NamedColumns, RunsPage, RunsQuery},
    run::Run,
};
use std::collections::{HashMap, HashSet};

/// Runs of the table that are drawn while none is chosen.
const DRAWN: usize = 10;

/// Charts of all metrics of an experiment, found by what is typed.
#[component]
pub fn ExperimentCharts(
    /// Of which experiment.
    experiment: ExperimentId,
    /// What the table shows.
    asked: Memo<RunsQuery>,
    /// What is chosen in it.
    selection: Selection,
    /// Whether the caller may choose colours of runs.
    may_color: bool,
) -> AnyView {
    let waiting = || view! { <p class="muted" role="status">"Loading…"</p> }.into_any();
    with_page(load_charts, Of { experiment, asked, selection, may_color }, waiting)
}

/// What is shown.
#[derive(Clone, Copy)]
pub(crate) struct Of {
    experiment: ExperimentId,
    asked: Memo<RunsQuery>,
    selection: Selection,
    may_color: bool,
}

/// The code of these charts.
#[wasm_split(charts, wasm_split_path = leptos::wasm_split, fallible)]
pub(crate) fn load_charts() -> Loaded<Of> {
    Ok(drawn)
}

fn drawn(Of { experiment, asked, selection, may_color }: Of) -> AnyView {
    let address = Address::here();
    let by = Memo::new(move |_| read_grouping(address));
    // What another grouping needs is asked for beside: the board stays.
    let query = move || RunsQuery {
        offset: 0,
        columns: Some(named_columns(by.read_untracked().iter())),
        level: Level::All,
        ..asked.get()
    };
    let rows = fetch(query, move |query: RunsQuery| async move {
        let columns = query.columns.clone().unwrap_or_default();
        list_runs(experiment, query).await.map(|page| (page, columns))
    });
    let typed = untrack(|| address.text("q"));
    let wanted = Memo::new(move |_| address.text("q"));
    let keys = {
        let typed = typed.clone();
        fetch(move || typed.clone(), move |text| search_keys(experiment, text))
    };
    view! {
        <Answered answer=rows bars=6 show={move |(page, columns): (RunsPage, NamedColumns)| {
            let typed = typed.clone();
            let first: Vec<RunId> = page.runs.iter().map(|run| run.info.id).collect();
            let known = RwSignal::new(page.runs.into_iter().map(|run| (run.info.id, run)).collect::<HashMap<_, _>>());
            learn_chosen(selection, known);
            let grouped = known_grouping(Known { experiment, asked, by, runs: known }, columns);
            let runs = Memo::new(move |_| {
                let (chosen, by) = (selection.runs(), grouped.read());
                let line = |(place, id): (usize, &RunId)| match known.read().get(id) {
                    Some(run) => ChartRun {
                        group: group_of(&run.params, &run.tags, &by),
                        ..ChartRun::new(experiment, *id, run_name(run), Ink::of(run, place))
                    },
                    None => {
                        let name = id.to_string().chars().take(8).collect();
                        ChartRun::new(experiment, *id, name, Ink::Place(place))
                    }
                };
                // The mean of ten runs says little: groups are made of all that are here.
                let most = if by.is_empty() { DRAWN } else { first.len() };
                match chosen.is_empty() {
                    true => first.iter().take(most).enumerate().map(line).collect::<Vec<_>>(),
                    false => chosen.iter().take(COMPARISON_LIMIT).enumerate().map(line).collect(),
                }
            });
            let runs: Signal<Vec<ChartRun>> = runs.into();
            let swatches = Swatches::new(move |run, color| known.update(|known| {
                if let Some(run) = known.get_mut(&run) {
                    run.set_color(color);
                }
            }));
            let caption = move || match selection.len() {
                0 => format!("The first {} of the table. Choose runs there to see others.", counted(runs.read().len() as u64, "run")),
                _ => counted(runs.read().len() as u64, "chosen run"),
            };
            view! {
                <p class="muted">{caption}</p>
                <RunChips runs label="Runs that are drawn" swatches=may_color.then_some(swatches)/>
                {swatches.panel()}
                <Answered answer=keys bars=6 show={move |keys: KeysFound| {
                    let typed = typed.clone();
                    let (metrics, more) = (RwSignal::new(keys.metrics), RwSignal::new(keys.more.contains(&KeyKind::Metric)));
                    // The board stays while one types; what there is to choose from is asked for anew.
                    Effect::watch(
                        move || wanted.get(),
                        move |text, before, _| {
                            // What is here was found by what was typed when the charts were opened.
                            if before.is_none() && *text == typed {
                                return;
                            }
                            let text = text.clone();
                            spawn_local(async move {
                                let found = search_keys(experiment, text.clone()).await;
                                if let (Ok(found), true) = (found, wanted.try_get_untracked() == Some(text)) {
                                    _ = metrics.try_set(found.metrics);
                                    _ = more.try_set(found.more.contains(&KeyKind::Metric));
                                }
                            });
                        },
                        true,
                    );
                    view! {
                        <ChartBoard runs metrics=metrics.into() keys=Some(GroupKeys::Of(experiment)) more/>
                        {move || more.get().then(|| view! { <p class="faint">"There are more metrics: type a part of their names to find them."</p> })}
                    }
                }}/>
            }
        }}/>
    }
    .into_any()
}

/// What is known of runs, and what they are to be grouped by.
#[derive(Clone, Copy)]
struct Known {
    experiment: ExperimentId,
    asked: Memo<RunsQuery>,
    by: Memo<Vec<Column>>,
    runs: RwSignal<HashMap<RunId, Run>>,
}

/// What the runs are grouped by, as soon as it is known of them; `columns` are what was read. What isn't is asked for, and until
/// then the groups stay.
fn known_grouping(known: Known, columns: NamedColumns) -> RwSignal<Vec<Column>> {
    let Known { experiment, asked, by, runs } = known;
    let grouped = RwSignal::new(by.get_untracked());
    let columns = StoredValue::new(columns);
    Effect::watch(
        move || by.get(),
        move |now, _, _| {
            let (now, wanted) = (now.clone(), named_columns(now));
            let has_all = columns.with_value(|columns| {
                let has = |wanted: &[String], here: &[String]| wanted.iter().all(|key| here.contains(key));
                has(&wanted.params, &columns.params) && has(&wanted.tags, &columns.tags)
            });
            if has_all {
                grouped.set(now);
                return;
            }
            let query = RunsQuery { offset: 0, columns: Some(wanted.clone()), ..asked.get_untracked() };
            spawn_local(async move {
                let Ok(page) = list_runs(experiment, query).await else { return };
                // Something else may have been chosen meanwhile, or the board be gone.
                if by.try_get_untracked().as_ref() != Some(&now) {
                    return;
                }
                let learnt = runs.try_update(|runs| page.runs.into_iter().for_each(|run| learn(runs, run)));
                if learnt.is_some() {
                    columns.update_value(|columns| {
                        columns.params.extend(wanted.params);
                        columns.tags.extend(wanted.tags);
                    });
                    grouped.set(now);
                }
            });
        },
        true,
    );
    grouped
}

/// Adds what was read of a run to what is known of it.
fn learn(runs: &mut HashMap<RunId, Run>, read: Run) {
    let Some(run) = runs.get_mut(&read.info.id) else {
        runs.insert(read.info.id, read);
        return;
    };
    for (known, more) in [(&mut run.params, read.params), (&mut run.tags, read.tags)] {
        let new: Vec<_> =
            more.into_iter().filter(|tag| known.iter().all(|other| other.key != tag.key)).collect();
        known.extend(new);
        known.sort_by(|a, b| a.key.cmp(&b.key));
    }
}

/// Runs that were chosen elsewhere in the table are asked for, once each, for their names and groups.
fn learn_chosen(selection: Selection, known: RwSignal<HashMap<RunId, Run>>) {
    let asked = StoredValue::new(HashSet::new());
    Effect::new(move || {
        let unknown: Vec<String> = selection
            .runs()
            .iter()
            .take(COMPARISON_LIMIT)
            .filter(|id| !known.read_untracked().contains_key(id))
            .filter(|id| asked.try_update_value(|asked| asked.insert(**id)).unwrap_or(false))
            .map(RunId::to_string)
            .collect();
        if unknown.is_empty() {
            return;
        }
        spawn_local(async move {
            if let Ok(found) = compare_runs(unknown).await {
                _ = known.try_update(|known| {
                    known.extend(found.runs.into_iter().map(|compared| (compared.run.info.id, compared.run)));
                });
            }
        });
    });
}
