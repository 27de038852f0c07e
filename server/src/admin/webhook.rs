//! Webhooks: who is told of what happens in the registry.

use super::AdminDesk;
use crate::desk::{Pairs, all, one, shown};
use axum::{Form, response::Response};
use domain::{Acting, Error};
use model::{
    Problem, WebhookId,
    webhook::{NewWebhook, Webhook, WebhookChange, WebhookEvent},
};
use plain::{Place, admin::webhooks};

pub async fn page(AdminDesk(desk): AdminDesk) -> Response {
    let states = desk.acting.list_webhook_states().await;
    shown(states.map(|states| webhooks::page(desk.frame, &states)))
}

pub async fn add(AdminDesk(desk): AdminDesk, Form(form): Form<Pairs>) -> Response {
    let made = make(&desk.acting, &form).await;
    desk.lead(Place::Webhooks.path(), made.map(|made| format!("The webhook {} is there.", made.name))).await
}

async fn make(acting: &Acting, form: &Pairs) -> Result<Webhook, Error> {
    let event = |name: &&str| {
        name.parse::<WebhookEvent>().map_err(|error| Error::from(Problem::invalid(error.message)))
    };
    let events = all(form, "event").iter().map(event).collect::<Result<Vec<_>, Error>>()?;
    if events.is_empty() {
        return Err(Problem::invalid("Choose what the webhook is told of.").into());
    }
    let new = NewWebhook {
        name: one(form, "name").trim().to_owned(),
        url: one(form, "url").trim().to_owned(),
        description: one(form, "description").trim().to_owned(),
        events,
        secret: one(form, "secret").to_owned(),
        active: true,
    };
    acting.create_webhook(new).await
}

pub async fn act(AdminDesk(desk): AdminDesk, Form(form): Form<Pairs>) -> Response {
    let Ok(id) = one(&form, "id").parse::<WebhookId>() else {
        let missing = Problem::missing("There is no such webhook.");
        return desk.lead(Place::Webhooks.path(), Err(missing.into())).await;
    };
    let action = one(&form, "action");
    if action == "delete" && one(&form, "sure") != "yes" {
        let found = desk.acting.get_webhook(id).await;
        return shown(found.map(|webhook| webhooks::ask_delete(desk.frame, &webhook)));
    }
    let done = change(&desk.acting, id, action).await;
    desk.lead(Place::Webhooks.path(), done).await
}

async fn change(acting: &Acting, id: WebhookId, action: &str) -> Result<String, Error> {
    match action {
        "test" => {
            let outcome = acting.test_webhook(id, None).await?;
            match (outcome.error, outcome.status) {
                (None, Some(status)) => Ok(format!("The test arrived. The answer was {status}.")),
                (error, _) => {
                    let reason = error.unwrap_or_else(|| "Nothing was answered.".to_owned());
                    Err(Problem::invalid(format!("The test didn't arrive. {reason}")).into())
                }
            }
        }
        "enable" | "disable" => {
            let active = action == "enable";
            let change = WebhookChange { active: Some(active), ..WebhookChange::default() };
            let changed = acting.update_webhook(id, change).await?;
            let told = if active { "is told again" } else { "is told nothing any more" };
            Ok(format!("{} {told}.", changed.name))
        }
        "delete" => acting.delete_webhook(id).await.map(|()| "The webhook is deleted.".to_owned()),
        _ => Err(Problem::invalid("There is no such action.").into()),
    }
}
