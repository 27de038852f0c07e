use crate::part::{
    copy::CopyButton,
    forge::commit_address,
    number::{Number, count, counted},
    search_box::SearchBox,
    status::StatusBadge,
    time::{Ago, Took},
};
use leptos::prelude::*;
use model::{
    metric::MetricSummary,
    page::{ArtifactRoot, ModelLink, RunPage},
    run::{DatasetInput, Run, RunStatus, Tag, tag},
};

/// With more rows than this a table gets a search box.
const SEARCHED_FROM: usize = 20;

/// All that is known of a run but its charts and files.
#[component]
pub fn RunOverview(
    /// The run, as it is now.
    page: Signal<RunPage>,
) -> AnyView {
    let metrics = Memo::new(move |_| page.read().run.metrics.clone());
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
                <section class="card" aria-labelledby="details-title">
                    <h2 id="details-title">"Details"</h2>
                    {move || details(&page.read())}
                </section>
                <section class="card" aria-labelledby="params-title">
                    <PairTable title="Params" id="params-title" pairs=params.into()/>
                </section>
            </div>
            <div class="overview-column">
                <section class="card" aria-labelledby="metrics-title">
                    <MetricTable metrics=metrics.into()/>
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
    let parent = run.tag(tag::PARENT_RUN).map(|parent| {
        let href = format!("/experiments/{}/runs/{parent}", info.experiment);
        view! { <a href=href><code>{short(parent)}</code></a> }
    });
    let uri = info.artifact_uri.clone();
    let models = (!page.models.is_empty()).then(|| models(run, &page.models));
    let datasets = (!run.datasets.is_empty()).then(|| datasets(&run.datasets));
    view! {
        <dl class="details">
            {entry("Status", view! { <StatusBadge status/> })}
            {entry("Started", view! { <Ago at=start/> })}
            {entry("Duration", view! { <Took start end running={status == RunStatus::Running}/> })}
            {text(&info.user).map(|user| entry("User", user))}
            {source.map(|source| entry("Source", source))}
            {commit(run).map(|commit| entry("Commit", commit))}
            {run.tag(tag::GIT_BRANCH).map(|branch| entry("Branch", view! { <code>{branch.to_owned()}</code> }))}
            {parent.map(|parent| entry("Parent run", parent))}
            {datasets.map(|datasets| entry("Datasets", datasets))}
            {models.map(|models| entry("Models", models))}
            {entry("Artifacts", view! {
                <span class="copyable">
                    <code>{uri.clone()}</code>
                    <CopyButton text=Signal::stored(uri) what="artifact location"/>
                </span>
            })}
        </dl>
    }
}

fn entry(name: &'static str, value: impl IntoView + 'static) -> AnyView {
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

fn datasets(inputs: &[DatasetInput]) -> impl IntoView + use<> {
    let one = |input: &DatasetInput| {
        let context =
            input.tags.iter().find(|tag| tag.key == "mlflow.data.context").map(|tag| tag.value.clone());
        let dataset = &input.dataset;
        view! {
            <li title=dataset.source.clone()>
                {dataset.name.clone()}
                <code class="muted">{dataset.digest.clone()}</code>
                {context.map(|context| view! { <span class="chip">{context}</span> })}
            </li>
        }
    };
    view! { <ul class="plain">{inputs.iter().map(one).collect_view()}</ul> }
}

fn models(run: &Run, models: &[ModelLink]) -> impl IntoView + use<> {
    let one = |model: &ModelLink| {
        let step = run.model_outputs.iter().find(|output| output.model == model.id).map(|output| output.step);
        let href = format!("?tab=artifacts&of={}", model.id);
        let own = matches!(model.files, ArtifactRoot::Model(..));
        view! {
            <li>
                {if own {
                    view! { <a href=href>{model.name.clone()}</a> }.into_any()
                } else {
                    view! { <span>{model.name.clone()}</span> }.into_any()
                }}
                {step.filter(|step| *step != 0).map(|step| view! { <span class="chip">{format!("step {step}")}</span> })}
            </li>
        }
    };
    view! { <ul class="plain">{models.iter().map(one).collect_view()}</ul> }
}

#[component]
fn MetricTable(metrics: Signal<Vec<MetricSummary>>) -> AnyView {
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
            <div class="table-frame short" role="region" aria-labelledby="metrics-title" tabindex="0">
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

#[component]
fn PairTable(title: &'static str, id: &'static str, pairs: Signal<Vec<Tag>>) -> AnyView {
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
        <div class="table-frame short" role="region" aria-label=label tabindex="0">
            <table class="grid pairs" aria-label=label>
                <tbody>{pairs.iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}
