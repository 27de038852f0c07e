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
        column::named_columns,
        number::counted,
        run_chips::RunChips,
        run_color::{Ink, Swatches},
        run_table::{Selection, run_name},
    },
};
use leptos::{prelude::*, task::spawn_local};
use model::{
    ExperimentId, RunId,
    page::{COMPARISON_LIMIT, KeyKind, KeysFound, Level, RunsPage, RunsQuery},
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
    let address = Address::here();
    let by = Memo::new(move |_| read_grouping(address));
    let query = move || RunsQuery {
        offset: 0,
        columns: Some(named_columns(by.read().iter())),
        level: Level::All,
        ..asked.get()
    };
    let rows = fetch(query, move |query| list_runs(experiment, query));
    let typed = untrack(|| address.text("q"));
    let wanted = Memo::new(move |_| address.text("q"));
    let keys = fetch(move || typed.clone(), move |text| search_keys(experiment, text));
    view! {
        <Answered answer=rows bars=6 show={move |page: RunsPage| {
            let first: Vec<RunId> = page.runs.iter().map(|run| run.info.id).collect();
            let known = RwSignal::new(page.runs.into_iter().map(|run| (run.info.id, run)).collect::<HashMap<_, _>>());
            learn_chosen(selection, known);
            let runs = Memo::new(move |_| {
                let (chosen, by) = (selection.runs(), by.read());
                let drawn = |(place, id): (usize, &RunId)| match known.read().get(id) {
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
                    true => first.iter().take(most).enumerate().map(drawn).collect::<Vec<_>>(),
                    false => chosen.iter().take(COMPARISON_LIMIT).enumerate().map(drawn).collect(),
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
                    let (metrics, more) = (RwSignal::new(keys.metrics), RwSignal::new(keys.more.contains(&KeyKind::Metric)));
                    // The board stays while one types; what there is to choose from is asked for anew.
                    Effect::watch(
                        move || wanted.get(),
                        move |text, _, _| {
                            let text = text.clone();
                            spawn_local(async move {
                                let found = search_keys(experiment, text.clone()).await;
                                if let (Ok(found), true) = (found, wanted.try_get_untracked() == Some(text)) {
                                    _ = metrics.try_set(found.metrics);
                                    _ = more.try_set(found.more.contains(&KeyKind::Metric));
                                }
                            });
                        },
                        false,
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
