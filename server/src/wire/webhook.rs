//! `/mlflow/webhooks…`: for admins, as with MLflow.

use super::{
    Answer,
    args::Args,
    encode::{self, Object},
};
use domain::Acting;
use model::{
    Problem, WebhookId,
    webhook::{NewWebhook, WebhookChange, WebhookEvent},
};
use serde_json::json;

/// What events happen to, in the order of their numbers, which begin with 1.
const ENTITIES: [(&str, &str); 10] = [
    ("REGISTERED_MODEL", "registered_model"),
    ("MODEL_VERSION", "model_version"),
    ("MODEL_VERSION_TAG", "model_version_tag"),
    ("MODEL_VERSION_ALIAS", "model_version_alias"),
    ("PROMPT", "prompt"),
    ("PROMPT_VERSION", "prompt_version"),
    ("PROMPT_TAG", "prompt_tag"),
    ("PROMPT_VERSION_TAG", "prompt_version_tag"),
    ("PROMPT_ALIAS", "prompt_alias"),
    ("BUDGET_POLICY", "budget_policy"),
];
/// What happens, in the order of their numbers, which begin with 1.
const ACTIONS: [(&str, &str); 5] = [
    ("CREATED", "created"),
    ("UPDATED", "updated"),
    ("DELETED", "deleted"),
    ("SET", "set"),
    ("EXCEEDED", "exceeded"),
];
/// Whether a webhook is told at all.
const STATUSES: [(&str, bool); 2] = [("ACTIVE", true), ("DISABLED", false)];

fn id(args: &Args) -> Result<WebhookId, Problem> {
    args.id("webhook_id", |text| Problem::missing(format!("Webhook with ID {text} not found.")))
}

fn event(args: &Args) -> Result<WebhookEvent, Problem> {
    let entity = args.word("entity", &ENTITIES, 1)?.ok_or_else(|| args.missing("entity"))?;
    let action = args.word("action", &ACTIONS, 1)?.ok_or_else(|| args.missing("action"))?;
    WebhookEvent::of(entity, action).map_err(|error| Problem::invalid(error.message))
}

fn events(args: &mut Args) -> Result<Vec<WebhookEvent>, Problem> {
    args.items("events")?.iter().map(event).collect()
}

pub async fn create(acting: Acting, mut args: Args) -> Answer {
    let events = events(&mut args)?;
    if events.is_empty() {
        return Err(args.missing("events").into());
    }
    let made = acting
        .create_webhook(NewWebhook {
            name: args.required("name")?.to_owned(),
            url: args.required("url")?.to_owned(),
            description: args.text_or_empty("description")?.to_owned(),
            events,
            secret: args.text_or_empty("secret")?.to_owned(),
            active: args.word("status", &STATUSES, 1)?.unwrap_or(true),
        })
        .await?;
    Ok(json!({ "webhook": encode::webhook(&made) }))
}

pub async fn list(acting: Acting, args: Args) -> Answer {
    let page = acting.list_webhooks(args.int("max_results")?, args.text_or_empty("page_token")?).await?;
    Ok(Object::default()
        .set_list("webhooks", &page.items, encode::webhook)
        .set_some("next_page_token", page.next)
        .done())
}

pub async fn get(acting: Acting, args: Args) -> Answer {
    let found = acting.get_webhook(id(&args)?).await?;
    Ok(json!({ "webhook": encode::webhook(&found) }))
}

pub async fn update(acting: Acting, mut args: Args) -> Answer {
    let events = events(&mut args)?;
    // What is empty stays as it is, but for what may be empty.
    let text = |name: &str| Ok::<_, Problem>(args.text(name)?.map(str::to_owned));
    let change = WebhookChange {
        name: text("name")?.filter(|name| !name.is_empty()),
        url: text("url")?.filter(|url| !url.is_empty()),
        description: text("description")?,
        events: Some(events).filter(|events| !events.is_empty()),
        secret: text("secret")?,
        active: args.word("status", &STATUSES, 1)?,
    };
    let changed = acting.update_webhook(id(&args)?, change).await?;
    Ok(json!({ "webhook": encode::webhook(&changed) }))
}

pub async fn delete(acting: Acting, args: Args) -> Answer {
    acting.delete_webhook(id(&args)?).await?;
    Ok(json!({}))
}

pub async fn test(acting: Acting, mut args: Args) -> Answer {
    let event = if args.has("event") { Some(event(&args.object("event")?)?) } else { None };
    let outcome = acting.test_webhook(id(&args)?, event).await?;
    let result = Object::default()
        .set("success", outcome.error.is_none())
        .set_some("response_status", outcome.status)
        .set_some("response_body", outcome.status.map(|_| outcome.body))
        .set_some("error_message", outcome.error)
        .done();
    Ok(json!({ "result": result }))
}
