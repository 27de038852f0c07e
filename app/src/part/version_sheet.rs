//! The page of a version of a registered model.

use crate::part::{
    artifact_browser::files_below,
    copy::CopyButton,
    lineage::dataset,
    model_link::model_link,
    model_menu::{Of, What, model_menu},
    model_versions::{rights_of, stage_chip, tag_chips},
    run_overview::{MetricTable, PairTable, entry},
    run_table::{run_address, run_name},
    time::Ago,
};
use leptos::prelude::*;
use leptos_meta::Title;
use model::{
    page::{ComparedRun, ModelLink, registry::VersionPage},
    registry::ModelVersion,
};

/// All that is known of a version: what it is, where it comes from, what its run measured, its files.
pub fn version_page(page: VersionPage, again: RwSignal<u32>) -> AnyView {
    let VersionPage { version, note_html, permission, run, model, files } = page;
    let (name, number) = (version.name.clone(), version.version);
    let of = Of {
        name: name.clone(),
        what: What::Version {
            number,
            stage: version.stage.clone(),
            aliases: version.aliases.clone(),
            alone: true,
        },
        description: version.description.clone(),
        rights: rights_of(permission),
        again,
    };
    let uri = format!("models:/{name}/{number}");
    let aliases = version.aliases.iter().map(|alias| view! { <span class="chip">{alias.clone()}</span> });
    view! {
        <Title text=format!("{name}, version {number}")/>
        <header class="page-head">
            <nav class="crumbs" aria-label="Breadcrumb">
                <a href="/models">"Models"</a>
                <span aria-hidden="true">"/"</span>
                {model_link(&name, None, "", name.clone())}
            </nav>
            <div class="page-title">
                <h1>{format!("Version {number}")}</h1>
                {stage_chip(&version.stage)}
                {aliases.collect_view()}
                {model_menu(of)}
                <span class="run-id">
                    <code>{uri.clone()}</code>
                    <CopyButton text=Signal::stored(uri) what="model address"/>
                </span>
            </div>
            <div class="chips">{tag_chips(&version.tags)}</div>
        </header>
        <div class="overview details-first">
            {(!note_html.is_empty()).then(|| view! {
                <section class="card note" aria-label="Description" inner_html=note_html></section>
            })}
            <div class="overview-column">
                <section class="card" aria-labelledby="details-title">
                    <h2 id="details-title">"Details"</h2>
                    {details(&version)}
                </section>
                <section class="card" aria-labelledby="lineage-title">
                    <h2 id="lineage-title">"Where it comes from"</h2>
                    {lineage(&version, run.as_ref(), model)}
                </section>
            </div>
            <div class="overview-column">{run.map(logged)}</div>
        </div>
        {files.map(|(root, folder)| view! {
            <section class="model-files" aria-labelledby="files-title">
                <h2 id="files-title">"Files"</h2>
                {files_below(root, folder)}
            </section>
        })}
    }
    .into_any()
}

fn details(version: &ModelVersion) -> AnyView {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let place = Some(&version.storage_location).filter(|place| **place != version.source).cloned();
    let source = version.source.clone();
    view! {
        <dl class="details">
            {entry("Stage", version.stage.clone())}
            {entry("Created", view! { <Ago at=version.created/> })}
            {entry("Last change", view! { <Ago at=version.updated/> })}
            {text(&version.user).map(|user| entry("Created by", user))}
            {entry("Source", view! {
                <span class="copyable">
                    <code>{source.clone()}</code>
                    <CopyButton text=Signal::stored(source) what="source"/>
                </span>
            })}
            {place.map(|place| entry("Files are at", view! { <code>{place}</code> }))}
            {text(&version.run_link).map(|link| entry("Run elsewhere", link))}
        </dl>
    }
    .into_any()
}

/// The registered model and the version that a version was copied from.
fn copied_from(source: &str) -> Option<(&str, i64)> {
    let (name, version) = source.strip_prefix("models:/")?.split_once('/')?;
    Some((name, version.parse().ok()?))
}

/// From the data to the version, step by step.
fn lineage(version: &ModelVersion, run: Option<&ComparedRun>, model: Option<ModelLink>) -> AnyView {
    let hidden = || view! { <span class="faint">"not visible to you"</span> }.into_any();
    let data = run.map(|run| &run.run.datasets).filter(|inputs| !inputs.is_empty());
    let from = match run {
        Some(run) => Some(
            view! {
                <a href=run_address(&run.run)>{run_name(&run.run)}</a>
                <span class="muted">{run.experiment_name.clone()}</span>
            }
            .into_any(),
        ),
        None => version.run.map(|_| hidden()),
    };
    let logged = match (model, run) {
        (Some(model), Some(run)) => {
            let href = format!("{}?tab=artifacts&of={}", run_address(&run.run), model.id);
            Some(view! { <a href=href>{model.name}</a> }.into_any())
        }
        (Some(model), None) => Some(view! { <span>{model.name}</span> }.into_any()),
        (None, _) => version.model.map(|_| hidden()),
    };
    let copied = copied_from(&version.source)
        .map(|(name, number)| model_link(name, Some(number), "", format!("{name}, version {number}")));
    let this = format!("{}, version {}", version.name, version.version);
    view! {
        <dl class="details">
            {data.map(|inputs| entry("Datasets", view! { <ul class="plain">{inputs.iter().map(dataset).collect_view()}</ul> }))}
            {from.map(|run| entry("Run", run))}
            {logged.map(|model| entry("Logged model", model))}
            {copied.map(|version| entry("Copied from", version))}
            {entry("Version", this)}
        </dl>
    }
    .into_any()
}

/// What its run was told, and what it measured.
fn logged(run: ComparedRun) -> AnyView {
    view! {
        <section class="card" aria-labelledby="metrics-title">
            <MetricTable metrics=Signal::stored(run.run.metrics)/>
        </section>
        <section class="card" aria-labelledby="params-title">
            <PairTable title="Params" id="params-title" pairs=Signal::stored(run.run.params)/>
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_names_what_it_was_copied_from() {
        let check =
            |source: &str, from: Option<(&str, i64)>| assert_eq!(copied_from(source), from, "{source}");
        check("models:/draft/3", Some(("draft", 3)));
        check("models:/m-0af7651916cd43dd8448eb211c80319c", None);
        check("runs:/0af7651916cd43dd8448eb211c80319c/model", None);
        check("s3://models:/a/1", None);
    }
}
