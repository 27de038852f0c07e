//! What a run comes from, what came of it, and how it may be done again.

use crate::{
    api::{fetch, run_lineage},
    part::{
        address::Query,
        answered::Answered,
        copy::CodeBlock,
        empty::origin,
        live::Live,
        model_link::model_link,
        model_register::register_button,
        number::{count, counted},
        run_table::{info_address, info_name},
        status::StatusDot,
        time::{Ago, Took},
    },
};
use leptos::{prelude::*, task::spawn_local};
use model::{
    ExperimentId, ModelId, RunId,
    page::{ArtifactRoot, ModelLink, RunLineage, RunPage, Total, VersionLink, children_filter},
    reproduce::{Command, Reproduction, quote},
    run::{DatasetInput, ModelOutput, RunInfo, RunStatus, tag},
};
use std::time::Duration;

/// How often what changes around a run is asked for anew, at most.
const REFRESH: Duration = Duration::from_secs(5);

/// The runs around a run, the way from its datasets to versions of models, and lines that may do it again; each as far as
/// there is any.
#[component]
pub fn Lineage(
    /// The run, as it is now.
    page: Signal<RunPage>,
) -> AnyView {
    let id = page.with_untracked(|page| page.run.info.id);
    let lineage = fetch(move || id, run_lineage);
    let here = origin();
    view! {
        <Answered answer=lineage bars=3 show={move |lineage: RunLineage| followed(page, lineage, here.clone())}/>
    }
    .into_any()
}

/// What is around a run, as it is now; `here` is where this server is.
fn followed(page: Signal<RunPage>, lineage: RunLineage, here: String) -> AnyView {
    let lineage = RwSignal::new(lineage);
    // Going from run to run, the page of the one before may be gone already.
    let links = Memo::new(move |_| page.try_with(Links::of));
    let tagged = Memo::new(move |_| page.try_with(Tagged::of));
    // It grows when the run ends, when it makes a model, and with the runs around it: these tell of themselves, and the first
    // word of a new one reaches its parent.
    let state = |page: &RunPage| (page.run.info.status, page.run.model_outputs.len());
    let state = Memo::new(move |_| page.try_with(state));
    let around = Memo::new(move |_| {
        let own = tagged.read().as_ref().map(|tagged| tagged.run);
        let lineage = lineage.read();
        let others = lineage.parent.iter().chain(&lineage.children).map(|run| run.id);
        let words: Vec<String> = own.into_iter().chain(others).map(|run| format!("r{run}")).collect();
        words
    });
    let news = Live::pulse(around.into(), REFRESH);
    Effect::watch(
        move || {
            news.track();
            state.try_get()
        },
        move |_, _, _| {
            let Some(run) = tagged.try_get_untracked().flatten().map(|tagged| tagged.run) else { return };
            spawn_local(async move {
                // What is shown stays while the server is out of reach.
                if let Ok(now) = run_lineage(run).await
                    && lineage.try_with_untracked(|lineage| *lineage != now) == Some(true)
                {
                    lineage.set(now);
                }
            });
        },
        false,
    );
    let reproduction = Memo::new(move |_| lineage.try_with(|lineage| lineage.reproduction.clone()));
    let family = move || {
        let tagged = tagged.try_get().flatten()?;
        lineage.try_with(|lineage| family(&tagged, lineage)).flatten()
    };
    let way = move || {
        let links = links.try_get().flatten()?;
        lineage.try_with(|lineage| way(&links, &lineage.versions)).flatten()
    };
    let again = move || reproduction.try_get().flatten().flatten().map(|found| again(&found, &here));
    view! {
        {family}
        {way}
        {again}
    }
    .into_any()
}

/// What a run says of itself and of its parent.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tagged {
    run: RunId,
    experiment: ExperimentId,
    /// The id of its parent, as it was tagged.
    parent: Option<String>,
}

impl Tagged {
    fn of(page: &RunPage) -> Self {
        let parent = page.run.tag(tag::PARENT_RUN).filter(|parent| !parent.is_empty());
        Self {
            run: page.run.info.id,
            experiment: page.run.info.experiment,
            parent: parent.map(ToOwned::to_owned),
        }
    }
}

/// The parent of a run and the runs nested in it.
fn family(of: &Tagged, lineage: &RunLineage) -> Option<AnyView> {
    if of.parent.is_none() && lineage.children.is_empty() {
        return None;
    }
    let parent = match (&lineage.parent, &of.parent) {
        (Some(parent), _) => Some(
            view! {
                <a href=info_address(parent)>{info_name(parent)}</a>
                <StatusDot status=parent.status/>
            }
            .into_any(),
        ),
        (None, Some(id)) => {
            let start: String = id.chars().take(8).collect();
            Some(view! { <code>{start}</code> <span class="muted">"isn't there, or isn't for you to see"</span> }.into_any())
        }
        (None, None) => None,
    };
    let parent = parent
        .map(|parent| view! { <p class="parent-run"><span class="muted">"Nested in "</span> {parent}</p> });
    let children = (!lineage.children.is_empty()).then(|| {
        let all = match lineage.children_total {
            Total::Exactly(1) => "Show it in the table".to_owned(),
            Total::Exactly(all) => format!("All {} in the table", count(all)),
            Total::AtLeast(all) => format!("All {}+ in the table", count(all)),
        };
        let filter = Query::default().with("filter", &children_filter(of.run));
        let href = format!("/experiments/{}{filter}", of.experiment);
        view! {
            <div class="table-frame short" role="region" aria-label="Child runs" tabindex="0">
                <table class="grid" aria-label="Child runs">
                    <thead>
                        <tr>
                            <th scope="col">"Child run"</th>
                            <th scope="col">"Started"</th>
                            <th scope="col" class="num">"Duration"</th>
                        </tr>
                    </thead>
                    <tbody>{lineage.children.iter().map(child).collect_view()}</tbody>
                </table>
            </div>
            <p class="more"><a href=href>{all}</a></p>
        }
    });
    Some(
        view! {
            <section class="card" aria-labelledby="family-title">
                <h2 id="family-title">"Nested runs"</h2>
                {parent}
                {children}
            </section>
        }
        .into_any(),
    )
}

fn child(run: &RunInfo) -> impl IntoView + use<> {
    let (start, end, running) = (run.start_time, run.end_time, run.status == RunStatus::Running);
    view! {
        <tr>
            <th scope="row"><StatusDot status=run.status/> <a href=info_address(run)>{info_name(run)}</a></th>
            <td><Ago at=start/></td>
            <td class="num"><Took start end running/></td>
        </tr>
    }
}

/// What a run was made of and what it made.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Links {
    name: String,
    datasets: Vec<DatasetInput>,
    used: Vec<ModelId>,
    made: Vec<ModelLink>,
    outputs: Vec<ModelOutput>,
}

impl Links {
    fn of(page: &RunPage) -> Self {
        Self {
            name: info_name(&page.run.info),
            datasets: page.run.datasets.clone(),
            used: page.run.model_inputs.clone(),
            made: page.models.clone(),
            outputs: page.run.model_outputs.clone(),
        }
    }
}

/// The way from datasets over the run and its models to registered versions.
fn way(links: &Links, versions: &[VersionLink]) -> Option<AnyView> {
    let Links { name, datasets, used, made, outputs } = links;
    if datasets.is_empty() && used.is_empty() && made.is_empty() && versions.is_empty() {
        return None;
    }
    let stage = |title: &'static str, things: Vec<AnyView>| {
        (!things.is_empty()).then(|| view! { <li><h3>{title}</h3> <ul class="plain">{things}</ul></li> })
    };
    let datasets: Vec<AnyView> = datasets.iter().map(dataset).collect();
    let used_one = |id: &ModelId| view! { <li><code>{id.to_string()}</code></li> }.into_any();
    let used: Vec<AnyView> = used.iter().map(used_one).collect();
    let made: Vec<AnyView> = made.iter().map(|model| logged_model(model, outputs)).collect();
    let versions: Vec<AnyView> = versions.iter().map(version).collect();
    Some(
        view! {
            <section class="card" aria-labelledby="lineage-title">
                <h2 id="lineage-title">"Lineage"</h2>
                <ol class="lineage">
                    {stage("Datasets", datasets)}
                    {stage("Models used", used)}
                    <li class="lineage-here"><h3>"This run"</h3> <p>{name.clone()}</p></li>
                    {stage("Logged models", made)}
                    {stage("Registered versions", versions)}
                </ol>
            </section>
        }
        .into_any(),
    )
}

/// A dataset, and what it was for.
pub fn dataset(input: &DatasetInput) -> AnyView {
    let context = input.tags.iter().find(|tag| tag.key == tag::DATA_CONTEXT).map(|tag| tag.value.clone());
    let dataset = &input.dataset;
    view! {
        <li title=dataset.source.clone()>
            {dataset.name.clone()}
            <code class="muted">{dataset.digest.clone()}</code>
            {context.map(|context| view! { <span class="chip">{context}</span> })}
        </li>
    }
    .into_any()
}

fn logged_model(model: &ModelLink, outputs: &[ModelOutput]) -> AnyView {
    let step = outputs.iter().find(|output| output.model == model.id).map(|output| output.step);
    let href = format!("?tab=artifacts&of={}", model.id);
    let name = model.name.clone();
    let name = match model.files {
        ArtifactRoot::Model(..) => view! { <a href=href>{name}</a> }.into_any(),
        ArtifactRoot::Run(..) => view! { <span>{name}</span> }.into_any(),
    };
    let step = step.filter(|step| *step != 0);
    view! {
        <li>
            {name}
            {step.map(|step| view! { <span class="chip">{format!("step {step}")}</span> })}
            {register_button(model.id, &model.name)}
        </li>
    }
    .into_any()
}

fn version(version: &VersionLink) -> AnyView {
    let aliases = version.aliases.iter().map(|alias| view! { <span class="chip">{alias.clone()}</span> });
    view! {
        <li>
            {model_link(&version.name, Some(version.version), "", format!("{} version {}", version.name, version.version))}
            {aliases.collect_view()}
        </li>
    }
    .into_any()
}

/// Lines that may do the run again.
fn again(found: &Reproduction, here: &str) -> AnyView {
    // The address is as the person's browser has it.
    let server =
        quote(here).filter(|_| found.fetches).map(|here| format!("export MLFLOW_TRACKING_URI={here}\n"));
    let lines = format!("{}{}", server.unwrap_or_default(), found.shell);
    let hint = match found.command {
        Command::Guessed => {
            "Made of what the run's client said. The command is a guess: whether the script takes its params as options, nobody knows."
        }
        Command::Project => {
            "Made of what the run's client said. Params that the project doesn't know are handed on."
        }
        Command::Unknown => "Made of what the run's client said. Which command it was isn't known.",
    };
    let left_out =
        (found.left_out > 0).then(|| format!(" {} left out.", counted(found.left_out as u64, "param")));
    view! {
        <section class="card" aria-labelledby="reproduce-title">
            <h2 id="reproduce-title">"Reproduce"</h2>
            <CodeBlock code=Signal::stored(lines) what="shell lines"/>
            <p class="more muted">{hint} {left_out}</p>
        </section>
    }
    .into_any()
}
