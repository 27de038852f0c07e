use crate::{
    api::{Fault, change_runs, fetch, run_page},
    part::{
        address::Address,
        answered::Answered,
        artifact_browser::ArtifactBrowser,
        chart::ChartRun,
        chart_board::ChartBoard,
        copy::CopyButton,
        live::Live,
        media::Media,
        run_color::{Ink, Swatches},
        run_log::RunLog,
        run_overview::RunOverview,
        run_table::run_name,
        share_link::ShareLink,
        status::StatusBadge,
        stop_request::{StopButton, StopNote, Stopping},
        tabs::Tabs,
        thing_menu::{Thing, ThingChange, ThingMenu},
        toast::Toasts,
        trace::table::Traces,
    },
};
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use model::{
    Permission, RunId,
    experiment::Lifecycle,
    metric::SYSTEM,
    page::{RunPage, RunsChange},
    run::{RunStatus, Tag, tag},
};
use std::time::Duration;

/// How often a run that changes is asked for anew, at most.
const REFRESH: Duration = Duration::from_secs(2);

/// One run.
#[component]
pub fn RunView() -> AnyView {
    let params = use_params_map();
    let run = Memo::new(move |_| params.read().get_str("run").and_then(|id| id.parse::<RunId>().ok()));
    let first = run.get_untracked();
    // From one run to another the page is loaded anew: parts of the one before would outlive what they read. The browser's own
    // address is still the one before.
    let address = Address::here();
    Effect::new(move || {
        if run.get().is_some_and(|run| Some(run) != first) {
            _ = window().location().assign(&untrack(|| address.whole()));
        }
    });
    let page = fetch(
        move || first,
        |run| async move {
            match run {
                Some(run) => run_page(run).await,
                None => Err(Fault(model::Problem::missing("There is no run with this id."))),
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
    let keys = move |of_system: bool| {
        Memo::new(move |_| {
            let page = page.read();
            let keys = page.run.metrics.iter().map(|metric| &metric.key);
            keys.filter(|key| key.starts_with(SYSTEM) == of_system).cloned().collect::<Vec<_>>()
        })
    };
    let (metrics, machine) = (keys(false), keys(true));
    let has_images = Memo::new(move |_| page.read().has_images);
    let has_logs = Memo::new(move |_| page.read().has_logs);
    let has_traces = Memo::new(move |_| page.read().has_traces);
    let tabs = Signal::derive(move || {
        let system = machine.read().len();
        let tabs = [
            Some(("", "Overview", None)),
            Some(("charts", "Charts", Some(metrics.read().len()))),
            (system > 0).then_some(("system", "System metrics", Some(system))),
            has_images.get().then_some(("media", "Media", None)),
            has_logs.get().then_some(("log", "Log", None)),
            has_traces.get().then_some(("traces", "Traces", None)),
            Some(("artifacts", "Artifacts", None)),
        ];
        tabs.into_iter().flatten().collect::<Vec<_>>()
    });
    let runs_on = Memo::new(move |_| {
        let page = page.read();
        let info = &page.run.info;
        matches!(info.status, RunStatus::Running | RunStatus::Scheduled)
            && info.lifecycle == Lifecycle::Active
    });
    let tab = Memo::new(move |_| address.text("tab"));
    let color = Memo::new(move |_| page.read().run.color());
    let chart_runs =
        Signal::derive(move || vec![ChartRun::new(experiment, id, name.get(), Ink::new(color.get(), 0))]);
    let body = move || match tab.read().as_str() {
        "charts" => view! { <ChartBoard runs=chart_runs metrics=metrics.into()/> }.into_any(),
        "system" => view! {
            <div class="system-metrics"><ChartBoard runs=chart_runs metrics=machine.into()/></div>
        }
        .into_any(),
        "media" => view! { <Media experiment run=id/> }.into_any(),
        "log" => view! { <RunLog experiment run=id grows=runs_on.into()/> }.into_any(),
        "traces" => view! { <Traces experiment run=Some(id)/> }.into_any(),
        "artifacts" => {
            let page = page.read_untracked();
            view! { <ArtifactBrowser run=page.run.info.clone() models=page.models.clone()/> }.into_any()
        }
        _ => view! { <RunOverview page=page.into()/> }.into_any(),
    };
    let permission = page.read_untracked().permission;
    let deleted = Signal::derive(move || page.read().run.info.lifecycle == Lifecycle::Deleted);
    let swatches = Swatches::new(move |_, color| page.update(|page| page.run.set_color(color)));
    let swatch = move || {
        let ink = Ink::new(color.get(), 0);
        match permission >= Permission::Edit && !deleted.get() {
            true => swatches.button(id, &name.read(), ink),
            false => ink.dot(),
        }
    };
    let note = Signal::derive(move || page.read().run.tag(tag::NOTE).unwrap_or_default().to_owned());
    let change = changing(page, Toasts::here());
    let stop = Memo::new(move |_| {
        let page = page.read();
        page.run.tag(tag::STOP_REQUESTED).filter(|_| runs_on.get()).map(str::to_owned)
    });
    let stopping = Stopping { asked: Signal::derive(move || stop.read().is_some()), change };
    let may_stop = move || runs_on.get() && permission >= Permission::Edit;
    let thing = Thing {
        word: "run",
        name: name.into(),
        note,
        deleted,
        has_tags: true,
        rights: (
            permission >= Permission::Edit && !deleted.get_untracked(),
            permission >= Permission::Manage,
        ),
        change: Callback::new(move |what: ThingChange| change.run(as_change(what))),
    };
    view! {
        <Title text=move || name.try_get().unwrap_or_default()/>
        <header class="page-head">
            <nav class="crumbs" aria-label="Breadcrumb">
                <a href="/experiments">"Experiments"</a>
                <span aria-hidden="true">"/"</span>
                <a href=format!("/experiments/{experiment}")>{move || page.read().experiment_name.clone()}</a>
            </nav>
            <div class="page-title">
                {swatch}
                <h1>{name}</h1>
                {move || view! { <StatusBadge status=page.read().run.info.status/> }}
                {move || (page.read().run.info.lifecycle == Lifecycle::Deleted).then(|| view! { <span class="chip">"Deleted"</span> })}
                <ThingMenu thing/>
                <span class="run-id">
                    <code>{id.to_string()}</code>
                    <CopyButton text=Signal::stored(id.to_string()) what="run id"/>
                </span>
                <span class="push head-end">
                    <Show when=may_stop>
                        <StopButton stopping/>
                    </Show>
                    <Show when=move || page.read().run.info.lifecycle == Lifecycle::Active>
                        <ShareLink/>
                    </Show>
                </span>
            </div>
            {swatches.panel()}
            <StopNote asked=stop/>
            <Tabs label="Run" tabs/>
        </header>
        {body}
    }
    .into_any()
}

/// What the menu asks for, as it is done to runs.
fn as_change(change: ThingChange) -> RunsChange {
    let tagged = |tag: Tag| match tag.value.is_empty() {
        true => RunsChange::DeleteTag(tag.key),
        false => RunsChange::SetTag(tag),
    };
    match change {
        ThingChange::Rename(name) => RunsChange::Rename(name),
        ThingChange::Note(value) => tagged(Tag { key: tag::NOTE.to_owned(), value }),
        ThingChange::Tag(tag) => tagged(tag),
        ThingChange::Delete => RunsChange::Delete,
        ThingChange::Restore => RunsChange::Restore,
    }
}

/// Carries out what is asked for, and shows the run as it is then.
fn changing(page: RwSignal<RunPage>, toasts: Toasts) -> Callback<RunsChange> {
    let id = page.read_untracked().run.info.id;
    Callback::new(move |change: RunsChange| {
        spawn_local(async move {
            let done =
                change_runs(vec![id], change).await.and_then(|done| match done.refused.into_iter().next() {
                    Some((_, problem)) => Err(Fault(problem)),
                    None => Ok(()),
                });
            let fresh = match done {
                Ok(()) => run_page(id).await,
                Err(fault) => Err(fault),
            };
            match fresh {
                Ok(fresh) => _ = page.try_update(|page| *page = fresh),
                Err(fault) => toasts.failed(fault.to_string()),
            }
        });
    })
}

/// Asks again when something about the run is new, now and then.
fn keep_fresh(page: RwSignal<RunPage>) {
    let id = page.read_untracked().run.info.id;
    let ask = move || {
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
    let news = Live::pulse(Signal::stored(vec![format!("r{id}")]), REFRESH);
    Effect::watch(move || news.track(), move |(), _, _| ask(), false);
}
