//! `/mlflow/registered-models/…` and `/mlflow/model-versions/…`

use super::{
    Answer,
    args::Args,
    encode::{self, Object},
    read_tags,
};
use domain::Acting;
use model::{Problem, name::limit, registry::NewVersion, run::Tag};
use serde_json::json;

/// A version's number, which is text on the wire.
pub fn version(args: &Args) -> Result<i64, Problem> {
    args.id("version", |text| {
        Problem::invalid(format!("Parameter 'version' must be an integer, got '{text}'."))
    })
}

fn tag(args: &Args) -> Result<Tag, Problem> {
    Ok(Tag { key: args.required("key")?.to_owned(), value: args.text_or_empty("value")?.to_owned() })
}

pub async fn create(acting: Acting, mut args: Args) -> Answer {
    let tags = read_tags(&mut args, "tags")?;
    let model = acting
        .create_registered_model(args.required("name")?, &tags, args.text_or_empty("description")?)
        .await?;
    Ok(json!({ "registered_model": encode::registered_model(&model) }))
}

pub async fn get(acting: Acting, args: Args) -> Answer {
    let model = acting.get_registered_model(args.required("name")?).await?;
    Ok(json!({ "registered_model": encode::registered_model(&model) }))
}

pub async fn search(acting: Acting, args: Args) -> Answer {
    let page = acting
        .search_registered_models(
            args.text_or_empty("filter")?,
            args.int("max_results")?.unwrap_or(100),
            &args.texts("order_by")?,
            args.text_or_empty("page_token")?,
        )
        .await?;
    Ok(Object::default()
        .set_list("registered_models", &page.items, encode::registered_model)
        .set_some("next_page_token", page.next)
        .done())
}

pub async fn update(acting: Acting, args: Args) -> Answer {
    let model =
        acting.update_registered_model(args.required("name")?, args.text_or_empty("description")?).await?;
    Ok(json!({ "registered_model": encode::registered_model(&model) }))
}

pub async fn rename(acting: Acting, args: Args) -> Answer {
    let model = acting.rename_registered_model(args.required("name")?, args.required("new_name")?).await?;
    Ok(json!({ "registered_model": encode::registered_model(&model) }))
}

pub async fn delete(acting: Acting, args: Args) -> Answer {
    acting.delete_registered_model(args.required("name")?).await?;
    Ok(json!({}))
}

pub async fn set_tag(acting: Acting, args: Args) -> Answer {
    acting.set_registered_model_tag(args.required("name")?, &tag(&args)?).await?;
    Ok(json!({}))
}

pub async fn delete_tag(acting: Acting, args: Args) -> Answer {
    acting.delete_registered_model_tag(args.required("name")?, args.required("key")?).await?;
    Ok(json!({}))
}

pub async fn latest_versions(acting: Acting, args: Args) -> Answer {
    let versions = acting.get_latest_versions(args.required("name")?, &args.texts("stages")?).await?;
    Ok(Object::default().set_list("model_versions", &versions, encode::model_version).done())
}

pub async fn set_alias(acting: Acting, args: Args) -> Answer {
    acting.set_alias(args.required("name")?, args.required("alias")?, version(&args)?).await?;
    Ok(json!({}))
}

pub async fn delete_alias(acting: Acting, args: Args) -> Answer {
    acting.delete_alias(args.required("name")?, args.required("alias")?).await?;
    Ok(json!({}))
}

pub async fn get_by_alias(acting: Acting, args: Args) -> Answer {
    let version = acting.get_version_by_alias(args.required("name")?, args.required("alias")?).await?;
    Ok(json!({ "model_version": encode::model_version(&version) }))
}

pub async fn create_version(acting: Acting, mut args: Args) -> Answer {
    let id = |name: &str| Ok::<_, Problem>(args.text(name)?.filter(|text| !text.is_empty()));
    let run = id("run_id")?
        .map(|text| text.parse().map_err(|_| Problem::missing(format!("Run with id={text} not found"))))
        .transpose()?;
    let model = id("model_id")?
        .map(|text| {
            text.parse().map_err(|_| Problem::missing(format!("Logged model with ID '{text}' not found.")))
        })
        .transpose()?;
    let tags = read_tags(&mut args, "tags")?;
    let version = acting
        .create_version(NewVersion {
            name: args.required("name")?.to_owned(),
            source: args.required("source")?.to_owned(),
            run,
            model,
            tags,
            run_link: args.text_or_empty("run_link")?.to_owned(),
            description: args.text_or_empty("description")?.to_owned(),
        })
        .await?;
    Ok(json!({ "model_version": encode::model_version(&version) }))
}

pub async fn get_version(acting: Acting, args: Args) -> Answer {
    let found = acting.get_version(args.required("name")?, version(&args)?).await?;
    Ok(json!({ "model_version": encode::model_version(&found) }))
}

pub async fn update_version(acting: Acting, args: Args) -> Answer {
    let changed = acting
        .update_version(args.required("name")?, version(&args)?, args.text_or_empty("description")?)
        .await?;
    Ok(json!({ "model_version": encode::model_version(&changed) }))
}

pub async fn delete_version(acting: Acting, args: Args) -> Answer {
    acting.delete_version(args.required("name")?, version(&args)?).await?;
    Ok(json!({}))
}

pub async fn transition_stage(acting: Acting, args: Args) -> Answer {
    let archive = args.flag("archive_existing_versions")?;
    let moved = acting
        .transition_stage(args.required("name")?, version(&args)?, args.required("stage")?, archive)
        .await?;
    Ok(json!({ "model_version": encode::model_version(&moved) }))
}

pub async fn download_uri(acting: Acting, args: Args) -> Answer {
    let uri = acting.download_uri(args.required("name")?, version(&args)?).await?;
    Ok(json!({ "artifact_uri": uri }))
}

pub async fn search_versions(acting: Acting, args: Args) -> Answer {
    let page = acting
        .search_versions(
            args.text_or_empty("filter")?,
            args.int("max_results")?.unwrap_or(limit::PAGE_MODEL_VERSIONS.into()),
            &args.texts("order_by")?,
            args.text_or_empty("page_token")?,
        )
        .await?;
    Ok(Object::default()
        .set_list("model_versions", &page.items, encode::model_version)
        .set_some("next_page_token", page.next)
        .done())
}

pub async fn set_version_tag(acting: Acting, args: Args) -> Answer {
    acting.set_version_tag(args.required("name")?, version(&args)?, &tag(&args)?).await?;
    Ok(json!({}))
}

pub async fn delete_version_tag(acting: Acting, args: Args) -> Answer {
    acting.delete_version_tag(args.required("name")?, version(&args)?, args.required("key")?).await?;
    Ok(json!({}))
}
