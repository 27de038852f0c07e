use crate::{
    api::{fetch, list_all_runs},
    part::{
        address::Address,
        answered::Answered,
        empty::{Empty, FirstRun},
        icon::Icon,
        run_color::Ink,
        run_table::{run_address, run_name},
        status::StatusDot,
        time::{Ago, Took},
    },
};
use leptos::{ev, prelude::*};
use leptos_meta::Title;
use model::{
    page::{AllRuns, ComparedRun},
    run::RunStatus,
};

/// The runs of all experiments that the person may see, newest first.
#[component]
pub fn AllRunList() -> AnyView {
    let address = Address::here();
    let asked = Memo::new(move |before: Option<&(String, String)>| match before {
        // Whoever leaves the page asks for nothing more.
        Some(before) if !address.is_at("/runs") => before.clone(),
        _ => (address.text("filter"), address.text("after")),
    });
    let runs = fetch(move || asked.get(), |(filter, after)| list_all_runs(filter, after));
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
            <FilterForm/>
            <Answered answer=runs bars=12 show={move |page: AllRuns| shown(address, page)}/>
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
        </form>
    }
    .into_any()
}

/// Where there are very many, or it would take long.
const NOT_ALL: &str = "Not all experiments were looked into: narrow the filter, or open an experiment.";

fn shown(address: Address, page: AllRuns) -> AnyView {
    let AllRuns { runs, next, is_cut } = page;
    let is_first = untrack(|| address.get("after").is_none());
    if runs.is_empty() && is_first {
        let is_filtered = untrack(|| address.get("filter").is_some());
        return none(address, is_filtered, is_cut);
    }
    let rows = runs.into_iter().map(row).collect_view();
    view! {
        <div class="table-frame" role="region" aria-label="Runs" tabindex="0">
            <table class="grid all-runs" aria-label="Runs">
                <thead>
                    <tr>
                        <th scope="col" class="name">"Run"</th>
                        <th scope="col">"Experiment"</th>
                        <th scope="col">"Started"</th>
                        <th scope="col">"Duration"</th>
                        <th scope="col">"User"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
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

fn row(row: ComparedRun) -> AnyView {
    let ComparedRun { run, experiment_name } = row;
    let (name, info) = (run_name(&run), &run.info);
    let (start, end) = (info.start_time, info.end_time);
    let running = info.status == RunStatus::Running;
    view! {
        <tr>
            <th scope="row" class="name">
                <div class="run-name">
                    <StatusDot status=info.status/>
                    {run.color().map(|color| Ink::Chosen(color).dot())}
                    <a href=run_address(&run) title=name.clone()>{name.clone()}</a>
                </div>
            </th>
            <td class="text">
                <a href=format!("/experiments/{}", info.experiment) title=experiment_name.clone()>{experiment_name.clone()}</a>
            </td>
            <td class="time"><Ago at=start/></td>
            <td class="time"><Took start end running/></td>
            <td class="text">{info.user.clone()}</td>
        </tr>
    }
    .into_any()
}

fn none(address: Address, is_filtered: bool, is_cut: bool) -> AnyView {
    if is_filtered {
        return view! {
            <Empty icon=Icon::Search title="No run matches the filter">
                {is_cut.then(|| view! { <p class="muted">{NOT_ALL}</p> })}
                <p><a class="button" href=move || address.with(&[("filter", ""), ("after", "")])>"Clear the filter"</a></p>
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
