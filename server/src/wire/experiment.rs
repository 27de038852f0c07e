//! `/mlflow/experiments/…`

use super::{Answer, args::Args, encode, encode::Object, read_tags, view_type};
use domain::Acting;
use model::{ExperimentId, Problem, run::Tag};
use serde_json::json;

/// An experiment's number. Of an id that isn't a number MLflow says so; an empty one is missing.
pub fn experiment_id(args: &Args) -> Result<ExperimentId, Problem> {
    args.id("experiment_id", bad_id)
}

/// What is said of a number that is none.
pub fn bad_id(text: &str) -> Problem {
    Problem::invalid(format!("Invalid experiment ID '{text}'. Experiment ID must be a valid integer."))
}

/// Several of them.
pub fn experiment_ids(args: &Args) -> Result<Vec<ExperimentId>, Problem> {
    args.texts("experiment_ids")?.iter().map(|text| text.parse().map_err(|_| bad_id(text))).collect()
}

pub async fn create(acting: Acting, mut args: Args) -> Answer {
    let tags = read_tags(&mut args, "tags")?;
    let id = acting
        .create_experiment(args.required("name")?, args.text_or_empty("artifact_location")?, &tags)
        .await?;
    Ok(json!({ "experiment_id": id.to_string() }))
}

pub async fn get(acting: Acting, args: Args) -> Answer {
    let experiment = acting.get_experiment(experiment_id(&args)?).await?;
    Ok(json!({ "experiment": encode::experiment(&experiment) }))
}

pub async fn get_by_name(acting: Acting, args: Args) -> Answer {
    let experiment = acting.get_experiment_by_name(args.required("experiment_name")?).await?;
    Ok(json!({ "experiment": encode::experiment(&experiment) }))
}

pub async fn search(acting: Acting, args: Args) -> Answer {
    let page = acting
        .search_experiments(
            args.text_or_empty("filter")?,
            &args.texts("order_by")?,
            view_type(&args, "view_type")?,
            args.int("max_results")?.unwrap_or_default(),
            args.text_or_empty("page_token")?,
        )
        .await?;
    Ok(Object::default()
        .set_list("experiments", &page.items, encode::experiment)
        .set_some("next_page_token", page.next)
        .done())
}

pub async fn search_datasets(acting: Acting, args: Args) -> Answer {
    let found = acting.search_datasets(&experiment_ids(&args)?).await?;
    Ok(Object::default().set_list("dataset_summaries", &found, encode::dataset_summary).done())
}

pub async fn update(acting: Acting, args: Args) -> Answer {
    acting.rename_experiment(experiment_id(&args)?, args.required("new_name")?).await?;
    Ok(json!({}))
}

pub async fn delete(acting: Acting, args: Args) -> Answer {
    acting.delete_experiment(experiment_id(&args)?).await?;
    Ok(json!({}))
}

pub async fn restore(acting: Acting, args: Args) -> Answer {
    acting.restore_experiment(experiment_id(&args)?).await?;
    Ok(json!({}))
}

pub async fn set_tag(acting: Acting, args: Args) -> Answer {
    let tag = Tag { key: args.required("key")?.to_owned(), value: args.text_or_empty("value")?.to_owned() };
    acting.set_experiment_tag(experiment_id(&args)?, &tag).await?;
    Ok(json!({}))
}

pub async fn delete_tag(acting: Acting, args: Args) -> Answer {
    acting.delete_experiment_tag(experiment_id(&args)?, args.required("key")?).await?;
    Ok(json!({}))
}
