//! Webhooks: what is done with them. They are told of what happens in the whole registry, so they are for admins alone.
//!
//! Owns: the outbox. What happens is written there in the transaction of the change itself ([`announce`]), and is sent later
//! ([`delivery`]), by a [`Sender`] that knows HTTP. So a webhook is told of what was committed, of all of it, and of nothing else;
//! and no change waits for somebody else's server.
//! Must never: tell a secret, or let an address into the log or the audit log: its path may be a secret, too.
//! Secrets lie in the database as they are, since signatures are made of them.
//! Start reading: [`announce`]. To tell of a new kind of change: a line in `model::webhook::WebhookEvent`, what is told of it in
//! `registry/announced.rs`, an example in [`example`].

mod delivery;
mod example;

pub use delivery::{Delivery, Received, Sender, Unsent};

use crate::{
    Acting,
    audit::Told,
    clock,
    error::{Error, Result},
    experiment::{Page, offset_of, page_of},
    store::{self, Tx, search::Slice},
};
use model::{
    Millis, WebhookId,
    audit::{Action, Object},
    webhook::{
        self, MOST_WEBHOOKS, NewWebhook, Webhook, WebhookChange, WebhookEvent, WebhookState, WebhookTest,
    },
};
use serde::Serialize;
use serde_json::{Value, json};

/// Bytes of what is sent. What is longer is sent without its long fields.
const LARGEST_BODY: usize = 1 << 20;
/// Bytes of JSON of a field that is sent also then.
const LONGEST_KEPT: usize = 1 << 10;
/// Webhooks on a page, unless said otherwise, and at most.
const PAGE: i64 = 100;
const LARGEST_PAGE: i64 = 1_000;

/// What is sent, in MLflow's words.
#[derive(Serialize)]
struct Body<'a> {
    entity: &'static str,
    action: &'static str,
    timestamp: String,
    data: &'a Value,
}

fn body_of(event: WebhookEvent, at: Millis, mut data: Value) -> Result<String> {
    let write = |data: &Value| {
        let (entity, action) = (event.entity(), event.action());
        let body = Body { entity, action, timestamp: model::time::isoformat(at), data };
        serde_json::to_string(&body).map_err(|error| Error::Fault(format!("body of a webhook: {error}")))
    };
    let body = write(&data)?;
    if body.len() <= LARGEST_BODY {
        return Ok(body);
    }
    if let Value::Object(fields) = &mut data {
        fields.retain(|_, value| value.to_string().len() <= LONGEST_KEPT);
        fields.insert("truncated".to_owned(), Value::Bool(true));
    }
    write(&data)
}

/// Writes into the outbox that this happens, for each webhook that is told of such events.
pub(crate) async fn announce(tx: &mut Tx, event: WebhookEvent, data: Value) -> Result<()> {
    let listeners = store::webhook::listeners(tx, event).await?;
    if listeners.is_empty() {
        return Ok(());
    }
    let now = clock::now();
    let body = body_of(event, now, data)?;
    let mut deliveries = Vec::with_capacity(listeners.len());
    for webhook in listeners {
        deliveries.push((clock::new_uuid()?, webhook));
    }
    store::webhook::put(tx, &deliveries, event, &body, now).await
}

fn missing(id: WebhookId) -> Error {
    Error::missing(format!("Webhook with ID {id} not found."))
}

/// What is told of a webhook: of its address the host alone.
fn told(webhook: &Webhook) -> Value {
    let events: Vec<String> = webhook.events.iter().map(ToString::to_string).collect();
    json!({
        "name": webhook.name, "host": webhook::host_of(&webhook.url), "events": events, "active": webhook.active,
    })
}

impl Acting {
    /// Makes a webhook. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`; `INVALID_PARAMETER_VALUE` for the name, the address, the events or a limit.
    pub async fn create_webhook(&self, new: NewWebhook) -> Result<Webhook> {
        self.must_be_admin()?;
        webhook::check_name(&new.name)?;
        webhook::check_description(&new.description)?;
        webhook::check_secret(&new.secret)?;
        let events = webhook::check_events(new.events)?;
        self.check_url(&new.url).await?;
        let now = clock::now();
        let webhook = Webhook {
            id: WebhookId(clock::new_uuid()?),
            name: new.name,
            url: new.url,
            description: new.description,
            events,
            active: new.active,
            created: now,
            updated: now,
        };
        let mut change = self.change().await?;
        if store::webhook::count(&mut change).await? >= MOST_WEBHOOKS as i64 {
            return Err(Error::invalid(format!(
                "There may be {MOST_WEBHOOKS} webhooks. Delete some that are no longer used."
            )));
        }
        store::webhook::insert(&mut change, &webhook, &new.secret).await?;
        let told = Told::new(Action::WebhookCreate, Object::Webhook(webhook.id)).with(told(&webhook));
        change.commit(told).await?;
        Ok(webhook)
    }

    /// A webhook. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, `RESOURCE_DOES_NOT_EXIST`.
    pub async fn get_webhook(&self, id: WebhookId) -> Result<Webhook> {
        self.must_be_admin()?;
        store::webhook::find(&mut &self.domain.db, id).await?.ok_or_else(|| missing(id))
    }

    /// A page of webhooks, the newest first. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`; `INVALID_PARAMETER_VALUE` for the page token, or for more than 1,000 at a time.
    pub async fn list_webhooks(&self, max_results: Option<i64>, page_token: &str) -> Result<Page<Webhook>> {
        self.must_be_admin()?;
        let wanted = match max_results.unwrap_or_default() {
            0 => PAGE,
            wanted if (1..=LARGEST_PAGE).contains(&wanted) => wanted,
            _ => return Err(Error::invalid(format!("max_results must be between 1 and {LARGEST_PAGE}."))),
        };
        let wanted = wanted.unsigned_abs();
        let offset = offset_of(page_token)?;
        let found = store::webhook::list(&self.domain.db, Slice { offset, limit: wanted + 1 }).await?;
        Ok(page_of(found, offset, wanted))
    }

    /// All webhooks and how they do, by name. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`.
    pub async fn list_webhook_states(&self) -> Result<Vec<WebhookState>> {
        self.must_be_admin()?;
        store::webhook::states(&self.domain.db).await
    }

    /// Changes a webhook. What waits for one that is switched off is dropped. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, `RESOURCE_DOES_NOT_EXIST`; `INVALID_PARAMETER_VALUE` as for a new one.
    pub async fn update_webhook(&self, id: WebhookId, change: WebhookChange) -> Result<Webhook> {
        self.must_be_admin()?;
        if let Some(name) = &change.name {
            webhook::check_name(name)?;
        }
        if let Some(description) = &change.description {
            webhook::check_description(description)?;
        }
        if let Some(secret) = &change.secret {
            webhook::check_secret(secret)?;
        }
        let events = change.events.map(webhook::check_events).transpose()?;
        if let Some(url) = &change.url {
            self.check_url(url).await?;
        }
        // Where it leads takes a while to find out: what somebody else changed meanwhile stays.
        let mut tx = self.change().await?;
        let before = store::webhook::hold(&mut tx, id).await?.ok_or_else(|| missing(id))?;
        let webhook = Webhook {
            id,
            name: change.name.unwrap_or(before.name),
            url: change.url.unwrap_or(before.url),
            description: change.description.unwrap_or(before.description),
            events: events.unwrap_or(before.events),
            active: change.active.unwrap_or(before.active),
            created: before.created,
            updated: clock::now(),
        };
        let mut detail = told(&webhook);
        detail["secret"] = change.secret.is_some().into();
        store::webhook::update(&mut tx, &webhook, change.secret.as_deref()).await?;
        tx.commit(Told::new(Action::WebhookUpdate, Object::Webhook(id)).with(detail)).await?;
        Ok(webhook)
    }

    /// Deletes a webhook, with all that waits for it. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, `RESOURCE_DOES_NOT_EXIST`.
    pub async fn delete_webhook(&self, id: WebhookId) -> Result<()> {
        self.must_be_admin()?;
        let mut change = self.change().await?;
        let webhook = store::webhook::hold(&mut change, id).await?.ok_or_else(|| missing(id))?;
        store::webhook::delete(&mut change, id).await?;
        change.commit(Told::new(Action::WebhookDelete, Object::Webhook(id)).with(told(&webhook))).await
    }

    /// Sends a webhook an example of an event, the first of its own if none is named, and says what came of it. It is sent at once,
    /// and once. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, `RESOURCE_DOES_NOT_EXIST`.
    pub async fn test_webhook(&self, id: WebhookId, event: Option<WebhookEvent>) -> Result<WebhookTest> {
        let webhook = self.get_webhook(id).await?;
        let event = event.or_else(|| webhook.events.first().copied());
        let event = event.unwrap_or(WebhookEvent::RegisteredModelCreated);
        let (url, secret) =
            store::webhook::target(&mut &self.domain.db, id).await?.ok_or_else(|| missing(id))?;
        let detail = json!({ "name": webhook.name, "event": event.to_string() });
        let told = Told::new(Action::WebhookTest, Object::Webhook(id)).with(detail);
        self.domain.tell(self.who(), told).await?;
        let Some(sender) = &self.domain.sender else {
            let error = Some("This process doesn't send anything.".to_owned());
            return Ok(WebhookTest { status: None, body: String::new(), error });
        };
        let body = body_of(event, clock::now(), example::of(event))?;
        let outcome = sender.send(&Delivery { id: clock::new_uuid()?, url, secret, body }).await;
        Ok(match outcome {
            Ok(received) => {
                let error = delivery::failure(&received);
                WebhookTest { status: Some(received.status), body: received.body, error }
            }
            Err(Unsent::Refused(reason) | Unsent::Failed(reason)) => {
                WebhookTest { status: None, body: String::new(), error: Some(reason) }
            }
        })
    }

    /// Checks the address of a webhook, and where it leads.
    async fn check_url(&self, url: &str) -> Result<()> {
        webhook::check_url(url)?;
        match &self.domain.sender {
            Some(sender) => sender.check(url).await.map_err(Error::invalid),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_has_the_shape_of_mlflow() {
        let data = json!({ "name": "bert", "version": "1" });
        let body = body_of(WebhookEvent::ModelVersionCreated, 1_700_000_000_123, data).unwrap();
        assert_eq!(
            body,
            r#"{"entity":"model_version","action":"created","timestamp":"2023-11-14T22:13:20.123000+00:00","data":{"name":"bert","version":"1"}}"#
        );
    }

    #[test]
    fn what_is_too_long_goes_without_its_long_fields() {
        let data = json!({ "name": "bert", "tags": { "a": "x".repeat(LARGEST_BODY) } });
        let body = body_of(WebhookEvent::RegisteredModelCreated, 0, data).unwrap();
        let read: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(read["data"], json!({ "name": "bert", "truncated": true }));
    }
}
