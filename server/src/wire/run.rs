//! `/mlflow/runs/…`, but for logging (see [`super::log`]).

use super::{
    Answer,
    answer::{self, Reply},
    args::Args,
    encode::{self, Object},
    experiment::{experiment_id, experiment_ids},
    read_tags, view_type,
};
use domain::{Acting, run::SearchRuns};
use model::{
    ModelId, Problem, RunId,
    run::{Dataset, DatasetInput, ModelOutput, NewRun, RunStatus, RunUpdate, Tag},
};
use serde_json::json;

/// A run's id; `run_uuid` is its old name. What can't be an id is a run that isn't there.
pub fn run_id(args: &Args) -> Result<RunId, Problem> {
    let name = if args.has("run_id") || !args.has("run_uuid") { "run_id" } else { "run_uuid" };
    args.id(name, |text| Problem::missing(format!("Run with id={text} not found")))
}

/// A logged model's id.
pub fn model_id(args: &Args) -> Result<ModelId, Problem> {
    args.id("model_id", |text| Problem::missing(format!("Logged model with ID '{text}' not found.")))
}

pub async fn create(acting: Acting, mut args: Args) -> Answer<Reply> {
    let run = acting
        .create_run(NewRun {
            experiment: experiment_id(&args)?,
            name: args.text_or_empty("run_name")?.to_owned(),
            user: args.text_or_empty("user_id")?.to_owned(),
            start_time: args.int("start_time")?.unwrap_or_default(),
            tags: read_tags(&mut args, "tags")?,
        })
        .await?;
    Ok(Reply::of(&encode::run::made(&run)))
}

pub async fn get(acting: Acting, args: Args) -> Answer<Reply> {
    let run = acting.get_run(run_id(&args)?).await?;
    Ok(Reply::of(&encode::run::one(&run)))
}

pub async fn update(acting: Acting, args: Args) -> Answer<Reply> {
    let words = RunStatus::ALL.map(|status| (status.name(), status));
    let change = RunUpdate {
        status: args.word("status", &words, 1)?,
        end_time: args.int("end_time")?,
        name: args.text("run_name")?.map(str::to_owned),
    };
    let info = acting.update_run(run_id(&args)?, &change).await?;
    Ok(Reply::of(&encode::run::info(&info)))
}

pub async fn delete(acting: Acting, args: Args) -> Answer {
    acting.delete_run(run_id(&args)?).await?;
    Ok(json!({}))
}

pub async fn restore(acting: Acting, args: Args) -> Answer {
    acting.restore_run(run_id(&args)?).await?;
    Ok(json!({}))
}

pub async fn search(acting: Acting, args: Args) -> Answer<Reply> {
    let max_results = args.int("max_results")?.unwrap_or(1000);
    let (runs, next) = acting
        .search_runs_stream(SearchRuns {
            experiments: &experiment_ids(&args)?,
            filter: args.text_or_empty("filter")?,
            view: view_type(&args, "run_view_type")?,
            max_results,
            order_by: &args.texts("order_by")?,
            page_token: args.text_or_empty("page_token")?,
        })
        .await?;
    answer::list("runs", runs, next, encode::run::write).await
}

pub async fn delete_tag(acting: Acting, args: Args) -> Answer {
    acting.delete_run_tag(run_id(&args)?, args.required("key")?).await?;
    Ok(json!({}))
}

pub async fn log_model(acting: Acting, args: Args) -> Answer {
    acting.note_model(run_id(&args)?, args.required("model_json")?).await?;
    Ok(json!({}))
}

pub async fn log_inputs(acting: Acting, mut args: Args) -> Answer {
    let run = run_id(&args)?;
    let mut datasets = Vec::new();
    for mut input in args.items("datasets")? {
        let tags: Vec<Tag> = read_tags(&mut input, "tags")?;
        let dataset = input.object("dataset")?;
        // What is empty says nothing, as with MLflow.
        let optional =
            |name| Ok::<_, Problem>(dataset.text(name)?.filter(|text| !text.is_empty()).map(str::to_owned));
        datasets.push(DatasetInput {
            dataset: Dataset {
                name: dataset.required("name")?.to_owned(),
                digest: dataset.required("digest")?.to_owned(),
                source_type: dataset.required("source_type")?.to_owned(),
                source: dataset.required("source")?.to_owned(),
                schema: optional("schema")?,
                profile: optional("profile")?,
            },
            tags,
        });
    }
    let models = args.items("models")?.iter().map(model_id).collect::<Result<Vec<_>, _>>()?;
    acting.log_inputs(run, &datasets, &models).await?;
    Ok(json!({}))
}

pub async fn outputs(acting: Acting, mut args: Args) -> Answer {
    let run = run_id(&args)?;
    if !args.has("models") {
        return Err(args.missing("models").into());
    }
    let models = args
        .items("models")?
        .iter()
        .map(|output| {
            Ok(ModelOutput { model: model_id(output)?, step: output.int("step")?.unwrap_or_default() })
        })
        .collect::<Result<Vec<_>, Problem>>()?;
    acting.log_outputs(run, &models).await?;
    Ok(json!({}))
}

pub async fn list_artifacts(acting: Acting, args: Args) -> Answer {
    let run = run_id(&args)?;
    let root_uri = acting.run_artifact_uri(run).await?;
    let path = args.text_or_empty("path")?;
    // Only the run's id counts for a run's root.
    let root = model::page::ArtifactRoot::Run(model::ExperimentId(0), run);
    let entries = match root_uri.starts_with(domain::artifact::PROXY_SCHEME) {
        true => acting.artifact_entries(root, path).await?,
        false => Vec::new(),
    };
    Ok(Object::default().set("root_uri", root_uri).set_list("files", &entries, encode::artifact).done())
}
