//! `/mlflow/logged-models…` (MLflow 3)

use super::{
    Answer,
    args::Args,
    encode::{self, Object},
    experiment::{experiment_id, experiment_ids},
    read_tags,
};
use domain::{
    Acting,
    logged_model::{ModelOrder, ModelSearch},
};
use model::{
    ModelId, Problem,
    logged_model::{ModelStatus, NewModel},
};
use serde_json::json;

const STATUS: [(&str, ModelStatus); 3] = [
    ("LOGGED_MODEL_PENDING", ModelStatus::Pending),
    ("LOGGED_MODEL_READY", ModelStatus::Ready),
    ("LOGGED_MODEL_UPLOAD_FAILED", ModelStatus::Failed),
];

fn model_id(args: &Args) -> Result<ModelId, Problem> {
    args.id("model_id", |text| Problem::missing(format!("Logged model with ID '{text}' not found.")))
}

pub async fn create(acting: Acting, mut args: Args) -> Answer {
    let optional =
        |name| Ok::<_, Problem>(args.text(name)?.filter(|text| !text.is_empty()).map(str::to_owned));
    let source_run = optional("source_run_id")?
        .map(|text| text.parse().map_err(|_| Problem::missing(format!("Run with id={text} not found"))))
        .transpose()?;
    let (experiment, name, model_type) =
        (experiment_id(&args)?, args.text_or_empty("name")?.to_owned(), optional("model_type")?);
    let params = read_tags(&mut args, "params")?;
    let tags = read_tags(&mut args, "tags")?;
    let model =
        acting.create_model(NewModel { experiment, name, model_type, source_run, params, tags }).await?;
    Ok(json!({ "model": encode::logged_model(&model) }))
}

pub async fn get(acting: Acting, args: Args) -> Answer {
    let model = acting.get_model(model_id(&args)?, args.flag("allow_deleted")?).await?;
    Ok(json!({ "model": encode::logged_model(&model) }))
}

pub async fn finalize(acting: Acting, args: Args) -> Answer {
    let status = args.word("status", &STATUS, 1)?.ok_or_else(|| args.missing("status"))?;
    let model = acting.finalize_model(model_id(&args)?, status).await?;
    Ok(json!({ "model": encode::logged_model(&model) }))
}

pub async fn delete(acting: Acting, args: Args) -> Answer {
    acting.delete_model(model_id(&args)?).await?;
    Ok(json!({}))
}

pub async fn set_tags(acting: Acting, mut args: Args) -> Answer {
    let tags = read_tags(&mut args, "tags")?;
    acting.set_model_tags(model_id(&args)?, &tags).await?;
    Ok(json!({}))
}

pub async fn delete_tag(acting: Acting, args: Args) -> Answer {
    acting.delete_model_tag(model_id(&args)?, args.required("tag_key")?).await?;
    Ok(json!({}))
}

pub async fn log_params(acting: Acting, mut args: Args) -> Answer {
    let params = read_tags(&mut args, "params")?;
    acting.log_model_params(model_id(&args)?, params).await?;
    Ok(json!({}))
}

pub async fn search(acting: Acting, mut args: Args) -> Answer {
    if !args.has("experiment_ids") {
        return Err(args.missing("experiment_ids").into());
    }
    let optional = |args: &Args, name: &str| {
        Ok::<_, Problem>(args.text(name)?.filter(|text| !text.is_empty()).map(str::to_owned))
    };
    let datasets = args
        .items("datasets")?
        .iter()
        .map(|dataset| {
            Ok((dataset.text_or_empty("dataset_name")?.to_owned(), optional(dataset, "dataset_digest")?))
        })
        .collect::<Result<Vec<_>, Problem>>()?;
    let order_by = args
        .items("order_by")?
        .iter()
        .map(|order| {
            Ok(ModelOrder {
                field_name: order.required("field_name")?.to_owned(),
                ascending: !order.has("ascending") || order.flag("ascending")?,
                dataset_name: optional(order, "dataset_name")?,
                dataset_digest: optional(order, "dataset_digest")?,
            })
        })
        .collect::<Result<Vec<_>, Problem>>()?;
    let page = acting
        .search_models(&ModelSearch {
            experiments: experiment_ids(&args)?,
            filter: args.text_or_empty("filter")?.to_owned(),
            datasets,
            max_results: args.int("max_results")?.unwrap_or(50),
            order_by,
            page_token: args.text_or_empty("page_token")?.to_owned(),
        })
        .await?;
    Ok(Object::default()
        .set_list("models", &page.items, encode::logged_model)
        .set_some("next_page_token", page.next)
        .done())
}

pub async fn list_files(acting: Acting, args: Args) -> Answer {
    let id = model_id(&args)?;
    let model = acting.get_model(id, false).await?;
    let root = model::page::ArtifactRoot::Model(model.experiment, id);
    let entries = acting.artifact_entries(root, args.text_or_empty("artifact_directory_path")?).await?;
    Ok(Object::default()
        .set("root_uri", model.artifact_uri)
        .set_list("files", &entries, encode::artifact)
        .done())
}
