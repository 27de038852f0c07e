//! What webhooks are told of changes of the registry, in MLflow's words. Prompts are told of as prompts.

use super::is_prompt;
use crate::{
    error::Result,
    gate::{Edit, RegisteredGrant},
    store::{
        self, Tx,
        registry::{IS_PROMPT, PROMPT_TEXT, PROMPT_TYPE},
    },
    webhook::announce,
};
use model::{
    registry::{ModelVersion, RegisteredModel},
    run::Tag,
    webhook::WebhookEvent,
};
use serde_json::{Map, Value, json};

/// Tags as an object, but for these.
fn tags(tags: &[Tag], without: &[&str]) -> Map<String, Value> {
    // The last of a key wins.
    let shown = tags.iter().filter(|tag| !without.contains(&tag.key.as_str()));
    shown.map(|tag| (tag.key.clone(), Value::from(tag.value.as_str()))).collect()
}

pub(super) async fn model_created(tx: &mut Tx, model: &RegisteredModel) -> Result<()> {
    let mut data = json!({ "name": model.name, "description": model.description });
    if is_prompt(&model.tags) {
        data["tags"] = Value::Object(tags(&model.tags, &[IS_PROMPT, PROMPT_TYPE]));
        return announce(tx, WebhookEvent::PromptCreated, data).await;
    }
    data["tags"] = Value::Object(tags(&model.tags, &[]));
    announce(tx, WebhookEvent::RegisteredModelCreated, data).await
}

pub(super) async fn version_created(tx: &mut Tx, version: &ModelVersion) -> Result<()> {
    let mut data = json!({
        "name": version.name,
        "version": version.version.to_string(),
        "description": Some(&version.description).filter(|text| !text.is_empty()),
    });
    if is_prompt(&version.tags) {
        let template = version.tags.iter().rfind(|tag| tag.key == PROMPT_TEXT);
        data["template"] = json!(template.map(|tag| &tag.value));
        data["tags"] = Value::Object(tags(&version.tags, &[IS_PROMPT, PROMPT_TYPE, PROMPT_TEXT]));
        return announce(tx, WebhookEvent::PromptVersionCreated, data).await;
    }
    data["source"] = Value::from(version.source.as_str());
    data["run_id"] = json!(version.run.map(|run| run.to_string()));
    data["tags"] = Value::Object(tags(&version.tags, &[]));
    announce(tx, WebhookEvent::ModelVersionCreated, data).await
}

/// A tag was set to a value, or deleted. Webhooks are told that of prompts alone, as MLflow has it.
pub(super) async fn tag_of_model(
    tx: &mut Tx,
    grant: &RegisteredGrant<Edit>,
    key: &str,
    value: Option<&str>,
) -> Result<()> {
    if !store::registry::is_prompt(tx, grant).await? {
        return Ok(());
    }
    let name = grant.name();
    match value {
        Some(value) => {
            let data = json!({ "name": name, "key": key, "value": value });
            announce(tx, WebhookEvent::PromptTagSet, data).await
        }
        None => announce(tx, WebhookEvent::PromptTagDeleted, json!({ "name": name, "key": key })).await,
    }
}

/// A tag of a version was set to a value, or deleted.
pub(super) async fn tag_of_version(
    tx: &mut Tx,
    grant: &RegisteredGrant<Edit>,
    version: i64,
    key: &str,
    value: Option<&str>,
) -> Result<()> {
    let event = match (store::registry::is_prompt(tx, grant).await?, value) {
        (false, Some(_)) => WebhookEvent::ModelVersionTagSet,
        (false, None) => WebhookEvent::ModelVersionTagDeleted,
        (true, Some(_)) => WebhookEvent::PromptVersionTagSet,
        (true, None) => WebhookEvent::PromptVersionTagDeleted,
    };
    let mut data = json!({ "name": grant.name(), "version": version.to_string(), "key": key });
    if let Some(value) = value {
        data["value"] = Value::from(value);
    }
    announce(tx, event, data).await
}

/// A version got an alias, or an alias was deleted.
pub(super) async fn alias(
    tx: &mut Tx,
    grant: &RegisteredGrant<Edit>,
    alias: &str,
    version: Option<i64>,
) -> Result<()> {
    let event = match (store::registry::is_prompt(tx, grant).await?, version) {
        (false, Some(_)) => WebhookEvent::ModelVersionAliasCreated,
        (false, None) => WebhookEvent::ModelVersionAliasDeleted,
        (true, Some(_)) => WebhookEvent::PromptAliasCreated,
        (true, None) => WebhookEvent::PromptAliasDeleted,
    };
    let mut data = json!({ "name": grant.name(), "alias": alias });
    if let Some(version) = version {
        data["version"] = Value::from(version.to_string());
    }
    announce(tx, event, data).await
}
