use crate::{
    api::{compare_runs, fetch},
    part::{
        address::Address,
        answered::Answered,
        chart::ChartRun,
        chart_board::ChartBoard,
        comparison_table::ComparisonTable,
        empty::Empty,
        icon::Icon,
        number::counted,
        run_table::{run_address, run_name},
        share_link::ShareLink,
        status::series_class,
    },
};
use leptos::prelude::*;
use leptos_meta::Title;
use model::page::{ComparedRun, Comparison};
use std::collections::BTreeSet;

/// The ids in the address, each once.
fn read_ids(text: &str) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for id in text.split(',').map(str::trim).filter(|id| !id.is_empty()) {
        if !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    ids
}

/// Runs over and beside each other. All of what is shown is in the address.
#[component]
pub fn RunCompare() -> AnyView {
    let address = Address::here();
    let ids = Memo::new(move |_| read_ids(&address.text("runs")));
    let comparison = fetch(
        move || ids.get(),
        |ids| async move {
            match ids.is_empty() {
                true => Ok(Comparison { runs: Vec::new(), missing: Vec::new() }),
                false => compare_runs(ids).await,
            }
        },
    );
    view! {
        <Title text="Compare runs"/>
        <div class="page">
            <Answered answer=comparison bars=8 show={move |comparison: Comparison| view! {
                <Compared comparison ids=ids.get_untracked()/>
            }}/>
        </div>
    }
    .into_any()
}

#[component]
fn Compared(comparison: Comparison, ids: Vec<String>) -> AnyView {
    let address = Address::here();
    let Comparison { runs, missing } = comparison;
    let without = move |id: String| {
        let rest: Vec<String> = ids.iter().filter(|other| **other != id).cloned().collect();
        move || address.with(&[("runs", &rest.join(","))])
    };
    let chip = |index: usize, run: &ComparedRun| {
        let name = run_name(&run.run);
        let remove = format!("Remove {name}");
        view! {
            <li class="run-chip">
                <span class=format!("series-dot {}", series_class(index)) aria-hidden="true"></span>
                <a href=run_address(&run.run)>{name.clone()}</a>
                <span class="muted">{run.experiment_name.clone()}</span>
                <a
                    class="icon-button"
                    href=without(run.run.info.id.to_string())
                    data-noscroll=""
                    aria-label=remove.clone()
                    title=remove.clone()
                >
                    {Icon::Close.draw()}
                </a>
            </li>
        }
    };
    let chips = runs.iter().enumerate().map(|(index, run)| chip(index, run)).collect_view();
    let gone = (!missing.is_empty()).then(|| {
        view! {
            <div class="banner" role="status">
                {Icon::Alert.draw()}
                <span>
                    {counted(missing.len() as u64, "run")}
                    " not found or not visible to you: "
                    {missing.iter().map(|id| view! { <code>{id.clone()}</code> " " }).collect_view()}
                </span>
            </div>
        }
    });
    let back = runs.first().map(|run| {
        let href = format!("/experiments/{}", run.run.info.experiment);
        view! {
            <span aria-hidden="true">"/"</span>
            <a href=href>{run.experiment_name.clone()}</a>
        }
    });
    let metrics: BTreeSet<String> =
        runs.iter().flat_map(|run| run.run.metrics.iter().map(|metric| metric.key.clone())).collect();
    let chart_runs: Vec<ChartRun> = runs
        .iter()
        .enumerate()
        .map(|(color, run)| {
            ChartRun::new(run.run.info.experiment, run.run.info.id, run_name(&run.run), color)
        })
        .collect();
    let title = counted(runs.len() as u64, "run");
    let nothing = runs.is_empty();
    view! {
        <header class="page-head">
            <nav class="crumbs" aria-label="Breadcrumb">
                <a href="/experiments">"Experiments"</a>
                {back}
            </nav>
            <div class="page-title">
                <h1>"Comparison"</h1>
                <span class="muted">{title}</span>
                {(!nothing).then(|| view! { <span class="push"><ShareLink/></span> })}
            </div>
            <ul class="run-chips" aria-label="Compared runs">{chips}</ul>
        </header>
        {gone}
        {if nothing {
            view! {
                <Empty icon=Icon::Compare title="Nothing to compare">
                    <p class="muted">"Open an experiment, select two or more runs and choose Compare."</p>
                    <p><a class="button" href="/experiments">"All experiments"</a></p>
                </Empty>
            }.into_any()
        } else {
            view! {
                <ChartBoard runs=Signal::stored(chart_runs) metrics=Signal::stored(metrics.into_iter().collect())/>
                <ComparisonTable runs/>
            }.into_any()
        }}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_the_address_count_once() {
        assert_eq!(read_ids("a,b,,a, c"), ["a", "b", "c"]);
        assert!(read_ids("").is_empty());
    }
}
