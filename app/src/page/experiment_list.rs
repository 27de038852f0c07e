use crate::{
    api::{fetch, list_experiments},
    part::{
        address::Address,
        answered::Answered,
        empty::{Empty, FirstRun},
        icon::Icon,
        number::{count, counted},
        search_box::SearchBox,
        time::Ago,
    },
};
use leptos::prelude::*;
use leptos_meta::Title;
use model::{ExperimentId, page::ExperimentRow};

/// All experiments that the person may see.
#[component]
pub fn ExperimentList() -> AnyView {
    let address = Address::here();
    let rows = fetch(|| (), |()| list_experiments(String::new()));
    let wanted = Memo::new(move |_| address.text("q"));
    view! {
        <Title text="Experiments"/>
        <div class="page">
            <Answered answer=rows show={move |rows: Vec<ExperimentRow>| {
                if is_fresh(&rows) {
                    return view! { <Welcome/> }.into_any();
                }
                let runs: u64 = rows.iter().map(|row| row.runs).sum();
                let summary = format!(
                    "{}, {}",
                    counted(rows.len() as u64, "experiment"),
                    counted(runs, "run"),
                );
                view! {
                    <header class="page-head">
                        <div class="page-title">
                            <h1>"Experiments"</h1>
                            <span class="muted">{summary}</span>
                            <a href="/runs">"All runs"</a>
                        </div>
                        <form method="get" role="search" class="page-actions" on:submit=|event| event.prevent_default()>
                            <SearchBox
                                label="Find an experiment"
                                text=wanted.into()
                                on_change=move |text: String| address.set(&[("q", &text)])
                            />
                        </form>
                    </header>
                    <ExperimentTable rows wanted=wanted.into()/>
                }.into_any()
            }}/>
        </div>
    }
    .into_any()
}

/// Whether nobody has logged anything yet: MLflow's "Default" is always there.
fn is_fresh(rows: &[ExperimentRow]) -> bool {
    rows.iter().all(|row| row.experiment.id == ExperimentId(0) && row.runs == 0)
}

#[component]
fn Welcome() -> AnyView {
    view! {
        <div class="welcome">
            <h1 class="visually-hidden">"Experiments"</h1>
            <Empty icon=Icon::Flask title="Log your first run">
                <p class="muted">
                    "Runmark speaks MLflow's protocol: point the MLflow client here, and runs appear on this page."
                </p>
                <FirstRun/>
            </Empty>
        </div>
    }
    .into_any()
}

#[component]
fn ExperimentTable(rows: Vec<ExperimentRow>, wanted: Signal<String>) -> AnyView {
    let found = Memo::new({
        move |_| {
            let wanted = wanted.get().to_lowercase();
            let found = rows.iter().filter(|row| row.experiment.name.to_lowercase().contains(&wanted));
            found.cloned().collect::<Vec<_>>()
        }
    });
    let row = |row: ExperimentRow| {
        let href = format!("/experiments/{}", row.experiment.id);
        let name = row.experiment.name.clone();
        view! {
            <tr>
                <th scope="row" class="name"><a href=href title=name.clone()>{name.clone()}</a></th>
                <td class="num">{count(row.runs)}</td>
                <td class="time"><Ago at=row.last_run.unwrap_or(0)/></td>
                <td class="time"><Ago at=row.experiment.created/></td>
            </tr>
        }
    };
    view! {
        <div class="table-frame" role="region" aria-label="Experiments" tabindex="0">
            <table class="grid experiment-table" aria-label="Experiments">
                <thead>
                    <tr>
                        <th scope="col" class="name">"Name"</th>
                        <th scope="col" class="num">"Runs"</th>
                        <th scope="col">"Last run"</th>
                        <th scope="col">"Created"</th>
                    </tr>
                </thead>
                <tbody>
                    <For each=move || found.get() key=|row| row.experiment.id children=row/>
                </tbody>
            </table>
        </div>
        <Show when=move || found.read().is_empty()>
            <p class="none-found">"No experiment has “" {wanted} "” in its name."</p>
        </Show>
    }
    .into_any()
}
