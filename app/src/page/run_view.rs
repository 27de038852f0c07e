use crate::{
    api::{fetch, run_page},
    part::{
        address::Address, answered::Answered, artifact_browser::ArtifactBrowser, chart::ChartRun,
        chart_board::ChartBoard, copy::CopyButton, run_overview::RunOverview, run_table::run_name,
        share_link::ShareLink, status::StatusBadge, tabs::Tabs,
    },
};
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use model::{RunId, experiment::Lifecycle, page::RunPage, run::RunStatus};
use std::time::Duration;

/// How often a run that still runs is asked for anew.
const REFRESH: Duration = Duration::from_secs(5);

/// One run.
#[component]
pub fn RunView() -> AnyView {
    let params = use_params_map();
    let run = Memo::new(move |_| params.read().get_str("run").and_then(|id| id.parse::<RunId>().ok()));
    let page = fetch(
        move || run.get(),
        |run| async move {
            match run {
                Some(run) => run_page(run).await,
                None => Err(crate::api::Fault(model::Problem::missing("There is no run with this id."))),
            }
        },
    );
    view! {
        <div class="page">
            <Answered answer=page bars=8 show={|page: RunPage| view! { <Loaded page/> }}/>
        </div>
    }
    .into_any()
}

#[component]
fn Loaded(page: RunPage) -> AnyView {
    let address = Address::here();
    let page = RwSignal::new(page);
    keep_fresh(page);
    let id = page.read_untracked().run.info.id;
    let experiment = page.read_untracked().run.info.experiment;
    let name = Memo::new(move |_| run_name(&page.read().run));
    let metrics = Memo::new(move |_| {
        page.read().run.metrics.iter().map(|metric| metric.key.clone()).collect::<Vec<_>>()
    });
    let tabs = Signal::derive(move || {
        vec![
            ("", "Overview", None),
            ("charts", "Charts", Some(metrics.read().len())),
            ("artifacts", "Artifacts", None),
        ]
    });
    let tab = Memo::new(move |_| address.text("tab"));
    let chart_runs = Signal::derive(move || vec![ChartRun { id, name: name.get(), color: 0 }]);
    let body = move || match tab.read().as_str() {
        "charts" => view! { <ChartBoard runs=chart_runs metrics=metrics.into()/> }.into_any(),
        "artifacts" => {
            let page = page.read_untracked();
            view! { <ArtifactBrowser run=page.run.info.clone() models=page.models.clone()/> }.into_any()
        }
        _ => view! { <RunOverview page=page.into()/> }.into_any(),
    };
    view! {
        <Title text=move || name.get()/>
        <header class="page-head">
            <nav class="crumbs" aria-label="Breadcrumb">
                <a href="/experiments">"Experiments"</a>
                <span aria-hidden="true">"/"</span>
                <a href=format!("/experiments/{experiment}")>{move || page.read().experiment_name.clone()}</a>
            </nav>
            <div class="page-title">
                <h1>{name}</h1>
                {move || view! { <StatusBadge status=page.read().run.info.status/> }}
                {move || (page.read().run.info.lifecycle == Lifecycle::Deleted).then(|| view! { <span class="chip">"Deleted"</span> })}
                <span class="run-id">
                    <code>{id.to_string()}</code>
                    <CopyButton text=Signal::stored(id.to_string()) what="run id"/>
                </span>
                {move || (page.read().run.info.lifecycle == Lifecycle::Active).then(|| view! { <span class="push"><ShareLink/></span> })}
            </div>
            <Tabs label="Run" tabs/>
        </header>
        {body}
    }
    .into_any()
}

/// Asks again every few seconds while the run goes on and somebody looks.
fn keep_fresh(page: RwSignal<RunPage>) {
    let running = Memo::new(move |_| page.read().run.info.status == RunStatus::Running);
    let id = page.read_untracked().run.info.id;
    Effect::new(move || {
        if !running.get() {
            return;
        }
        let ask = move || {
            if document().hidden() {
                return;
            }
            spawn_local(async move {
                if let Ok(fresh) = run_page(id).await {
                    // The person may have left meanwhile.
                    let _gone = page.try_update(|page| {
                        if *page != fresh {
                            *page = fresh;
                        }
                    });
                }
            });
        };
        let ticking = set_interval_with_handle(ask, REFRESH);
        on_cleanup(move || {
            if let Ok(ticking) = ticking {
                ticking.clear();
            }
        });
    });
}
