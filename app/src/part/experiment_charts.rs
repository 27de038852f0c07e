//! The charts of an experiment: of the runs that are chosen, else of the first ones of its table.

use crate::{
    api::{fetch, list_runs, search_keys},
    part::{
        address::Address,
        answered::Answered,
        chart::ChartRun,
        chart_board::ChartBoard,
        number::counted,
        run_table::{Selection, run_name},
        status::series_class,
    },
};
use leptos::{prelude::*, task::spawn_local};
use model::{
    ExperimentId,
    page::{KeyKind, KeysFound, NamedColumns, RunsPage, RunsQuery},
};

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
) -> AnyView {
    let address = Address::here();
    let query = move || RunsQuery { offset: 0, columns: Some(NamedColumns::default()), ..asked.get() };
    let rows = fetch(query, move |query| list_runs(experiment, query));
    let typed = untrack(|| address.text("q"));
    let wanted = Memo::new(move |_| address.text("q"));
    let keys = fetch(move || typed.clone(), move |text| search_keys(experiment, text));
    view! {
        <Answered answer=rows bars=6 show={move |page: RunsPage| {
            let known = page.runs;
            let runs = Signal::derive(move || {
                let chosen = selection.runs();
                let drawn = |color: usize, run: &model::run::Run| ChartRun { id: run.info.id, name: run_name(run), color };
                if chosen.is_empty() {
                    return known.iter().take(DRAWN).enumerate().map(|(color, run)| drawn(color, run)).collect();
                }
                let named = |(color, id): (usize, &model::RunId)| match known.iter().find(|run| run.info.id == *id) {
                    Some(run) => drawn(color, run),
                    None => ChartRun { id: *id, name: id.to_string().chars().take(8).collect(), color },
                };
                chosen.iter().take(model::page::COMPARISON_LIMIT).enumerate().map(named).collect::<Vec<_>>()
            });
            let caption = move || match selection.len() {
                0 => format!("The first {} of the table. Choose runs there to see others.", counted(runs.read().len() as u64, "run")),
                _ => counted(runs.read().len() as u64, "chosen run"),
            };
            view! {
                <p class="muted">{caption}</p>
                <ul class="run-chips" aria-label="Runs that are drawn">
                    {move || runs.get().into_iter().map(|run| view! {
                        <li class="run-chip">
                            <span class=format!("series-dot {}", series_class(run.color)) aria-hidden="true"></span>
                            <a href=format!("/experiments/{experiment}/runs/{}", run.id)>{run.name}</a>
                        </li>
                    }).collect_view()}
                </ul>
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
                        <ChartBoard runs metrics=metrics.into()/>
                        {move || more.get().then(|| view! { <p class="faint">"There are more metrics: type a part of their names to find them."</p> })}
                    }
                }}/>
            }
        }}/>
    }
    .into_any()
}
