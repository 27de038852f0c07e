use crate::part::{
    address::Address,
    copy::CopyButton,
    forge::commit_address,
    lineage::Lineage,
    number::{Number, count, counted},
    search_box::SearchBox,
    status::StatusBadge,
    time::{Ago, Took},
};
use leptos::prelude::*;
use model::{
    metric::{MetricSummary, SYSTEM},
    page::RunPage,
    reproduce::without_password,
    run::{Run, RunStatus, Tag, tag},
};

/// With more rows than this a table gets a search box.
const SEARCHED_FROM: usize = 20;

/// All that is known of a run but its charts and files.
#[component]
pub fn RunOverview(
    /// The run, as it is now.
    page: Signal<RunPage>,
) -> AnyView {
    let address = Address::here();
    let metrics = Memo::new(move |_| {
        let page = page.read();
        let own = page.run.metrics.iter().filter(|metric| !metric.key.starts_with(SYSTEM));
        own.cloned().collect::<Vec<_>>()
    });
    let machine = Memo::new(move |_| page.read().run.metrics.len().saturating_sub(metrics.read().len()));
    let params = Memo::new(move |_| page.read().run.params.clone());
    let tags = Memo::new(move |_| {
        let page = page.read();
        page.run.tags.iter().filter(|tag| !tag.key.starts_with("mlflow.")).cloned().collect::<Vec<_>>()
    });
    let system_tags = Memo::new(move |_| {
        let page = page.read();
        page.run.tags.iter().filter(|tag| tag.key.starts_with("mlflow.")).cloned().collect::<Vec<_>>()
    });
    view! {
        <div class="overview">
            {move || Some(page.read().note_html.clone()).filter(|note| !note.is_empty()).map(|note| view! {
                <section class="card note" aria-label="Note" inner_html=note></section>
            })}
            <div class="overview-column">
                <section class="card" aria-labelledby="metrics-title">
                    <MetricTable metrics=metrics.into()/>
                    <Show when=move || { machine.get() > 0 }>
                        <p class="more">
                            <a href=move || address.with(&[("tab", "system")]) data-noscroll="">
                                {move || counted(machine.get() as u64, "system metric")}
                            </a>
                        </p>
                    </Show>
                </section>
                <section class="card" aria-labelledby="params-title">
                    <PairTable title="Params" id="params-title" pairs=params.into()/>
                </section>
            </div>
            <div class="overview-column">
                <section class="card" aria-labelledby="details-title">
                    <h2 id="details-title">"Details"</h2>
                    {move || details(&page.read())}
                </section>
                <section class="card" aria-labelledby="tags-title">
                    <PairTable title="Tags" id="tags-title" pairs=tags.into()/>
                    <Show when=move || !system_tags.read().is_empty()>
                        <details class="fold">
                            <summary>{move || counted(system_tags.read().len() as u64, "system tag")}</summary>
                            {move || pairs_view("System tags", &system_tags.read())}
                        </details>
                    </Show>
                </section>
                <Lineage page/>
            </div>
        </div>
    }
    .into_any()
}

fn details(page: &RunPage) -> impl IntoView + use<> {
    let run = &page.run;
    let info = &run.info;
    let (start, end, status) = (info.start_time, info.end_time, info.status);
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let source = text(run.tag(tag::SOURCE_NAME).unwrap_or_default()).map(|name| {
        let kind = run.tag(tag::SOURCE_TYPE).map(|kind| format!(" · {}", kind.to_lowercase()));
        view! { <code>{name}</code> <span class="muted">{kind}</span> }
    });
    // The client says both; most say the same.
    let user = text(&info.user).or_else(|| text(run.tag(tag::USER).unwrap_or_default()));
    let repository = text(run.tag(tag::GIT_REPO).unwrap_or_default()).map(|url| without_password(&url));
    let uri = info.artifact_uri.clone();
    view! {
        <dl class="details">
            {entry("Status", view! { <StatusBadge status/> })}
            {entry("Started", view! { <Ago at=start/> })}
            {end.map(|end| entry("Ended", view! { <Ago at=end/> }))}
            {entry("Duration", view! { <Took start end running={status == RunStatus::Running}/> })}
            {user.map(|user| entry("User", user))}
            {source.map(|source| entry("Source", source))}
            {run.tag(tag::ENTRY_POINT).map(|name| entry("Entry point", view! { <code>{name.to_owned()}</code> }))}
            {repository.map(|url| entry("Repository", view! { <code>{url}</code> }))}
            {commit(run).map(|commit| entry("Commit", commit))}
            {run.tag(tag::GIT_BRANCH).map(|branch| entry("Branch", view! { <code>{branch.to_owned()}</code> }))}
            {entry("Artifacts", view! {
                <span class="copyable">
                    <code>{uri.clone()}</code>
                    <CopyButton text=Signal::stored(uri) what="artifact location"/>
                </span>
            })}
        </dl>
    }
}

/// A line of a list of details.
pub fn entry(name: &'static str, value: impl IntoView + 'static) -> AnyView {
    view! {
        <div>
            <dt>{name}</dt>
            <dd>{value}</dd>
        </div>
    }
    .into_any()
}

fn short(id: &str) -> String {
    id.chars().take(8).collect()
}

fn commit(run: &Run) -> Option<AnyView> {
    let commit = run.tag(tag::GIT_COMMIT)?.to_owned();
    let shown = short(&commit);
    let address = run.tag(tag::GIT_REPO).and_then(|repository| commit_address(repository, &commit));
    Some(match address {
        Some(href) => {
            view! { <a href=href rel="external noreferrer" title=commit><code>{shown}</code></a> }.into_any()
        }
        None => view! { <code title=commit>{shown}</code> }.into_any(),
    })
}

/// What a run measured, without the histories.
#[component]
pub fn MetricTable(
    /// The metrics.
    metrics: Signal<Vec<MetricSummary>>,
) -> AnyView {
    let (search, set_search) = signal(String::new());
    let row = |metric: &MetricSummary| {
        let number = |value: Option<f64>| value.map(|value| view! { <Number value/> });
        view! {
            <tr>
                <th scope="row" title=metric.key.clone()>{metric.key.clone()}</th>
                <td class="num strong">{number(Some(metric.last.value))}</td>
                <td class="num">{number(metric.min)}</td>
                <td class="num">{number(metric.max)}</td>
                <td class="num">{metric.last_step}</td>
                <td class="num">{count(metric.count)}</td>
            </tr>
        }
    };
    let rows = move || {
        let wanted = search.get().to_lowercase();
        let metrics = metrics.read();
        metrics.iter().filter(|metric| metric.key.to_lowercase().contains(&wanted)).map(row).collect_view()
    };
    view! {
        <div class="card-head">
            <h2 id="metrics-title">"Metrics"</h2>
            <span class="muted">{move || count(metrics.read().len() as u64)}</span>
            <Show when=move || { metrics.read().len() > SEARCHED_FROM }>
                <SearchBox label="Find a metric" text=search.into() on_change=move |text| set_search.set(text)/>
            </Show>
        </div>
        <Show
            when=move || !metrics.read().is_empty()
            fallback=|| view! {
                <p class="none-yet">"None yet. " <code>"mlflow.log_metric(\"loss\", 0.5, step=1)"</code> " logs one."</p>
            }
        >
            <div class="table-frame short" role="group" aria-labelledby="metrics-title" tabindex="0">
                <table class="grid" aria-labelledby="metrics-title">
                    <thead>
                        <tr>
                            <th scope="col">"Metric"</th>
                            <th scope="col" class="num">"Last"</th>
                            <th scope="col" class="num">"Min"</th>
                            <th scope="col" class="num">"Max"</th>
                            <th scope="col" class="num">"Step"</th>
                            <th scope="col" class="num">"Points"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </Show>
    }
    .into_any()
}

/// Keys with their values: params, tags.
#[component]
pub fn PairTable(
    /// What they are: "Params", "Tags".
    title: &'static str,
    /// The id of the heading.
    id: &'static str,
    /// The pairs.
    pairs: Signal<Vec<Tag>>,
) -> AnyView {
    let (search, set_search) = signal(String::new());
    let label = if title == "Params" { "Find a param" } else { "Find a tag" };
    let found = move || {
        let wanted = search.get().to_lowercase();
        let mut found = pairs.get();
        found.retain(|pair| {
            pair.key.to_lowercase().contains(&wanted) || pair.value.to_lowercase().contains(&wanted)
        });
        pairs_view(title, &found)
    };
    view! {
        <div class="card-head">
            <h2 id=id>{title}</h2>
            <span class="muted">{move || count(pairs.read().len() as u64)}</span>
            <Show when=move || { pairs.read().len() > SEARCHED_FROM }>
                <SearchBox label text=search.into() on_change=move |text| set_search.set(text)/>
            </Show>
        </div>
        <Show when=move || !pairs.read().is_empty() fallback=|| view! { <p class="none-yet">"None."</p> }>
            {found}
        </Show>
    }
    .into_any()
}

fn pairs_view(label: &'static str, pairs: &[Tag]) -> impl IntoView + use<> {
    let row = |pair: &Tag| {
        view! {
            <tr>
                <th scope="row" title=pair.key.clone()>{pair.key.clone()}</th>
                <td class="value">{pair.value.clone()}</td>
            </tr>
        }
    };
    view! {
        <div class="table-frame short" role="group" aria-label=label tabindex="0">
            <table class="grid pairs" aria-label=label>
                <tbody>{pairs.iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}
