//! Webhooks, and the outbox of what they are to be told.

use super::{Arg, Db, Query, Sql, Tx, search::Slice, sql};
use crate::error::Result;
use model::{
    Millis, WebhookId,
    webhook::{Webhook, WebhookEvent, WebhookState},
};
use sqlx::FromRow;
use uuid::Uuid;

/// What is locked while deliveries are taken, or webhooks counted or changed.
const WEBHOOKS: i64 = 0x0077_6562_686f_6f6b;

#[derive(FromRow)]
struct Row {
    id: Uuid,
    name: String,
    url: String,
    description: String,
    events: String,
    active: bool,
    created: Millis,
    updated: Millis,
}

fn select() -> Sql {
    sql("SELECT id, name, url, description, events, active, created, updated FROM webhooks")
}

fn written(events: &[WebhookEvent]) -> String {
    let names: Vec<String> = events.iter().map(ToString::to_string).collect();
    names.join(" ")
}

impl From<Row> for Webhook {
    fn from(row: Row) -> Self {
        Self {
            id: WebhookId(row.id),
            name: row.name,
            url: row.url,
            description: row.description,
            // What a later version knows is left alone.
            events: row.events.split(' ').filter_map(|name| name.parse().ok()).collect(),
            active: row.active,
            created: row.created,
            updated: row.updated,
        }
    }
}

pub(crate) async fn find(on: &mut impl Query, id: WebhookId) -> Result<Option<Webhook>> {
    let mut select = select();
    select.push(" WHERE id = ").push_bind(id);
    Ok(on.first::<Row>(select).await?.map(Webhook::from))
}

/// The newest first.
pub(crate) async fn list(mut db: &Db, slice: Slice) -> Result<Vec<Webhook>> {
    let mut select = select();
    select.push(" ORDER BY created DESC, id");
    slice.push(&mut select);
    let rows: Vec<Row> = db.all(select).await?;
    Ok(rows.into_iter().map(Webhook::from).collect())
}

#[derive(FromRow)]
struct StateRow {
    id: Uuid,
    is_signed: bool,
    waiting: i64,
    tried: Option<Millis>,
    failure: Option<String>,
}

/// How all of them do, by name.
pub(crate) async fn states(mut db: &Db) -> Result<Vec<WebhookState>> {
    let mut all = select();
    all.push(" ORDER BY name, created, id");
    let webhooks: Vec<Row> = db.all(all).await?;
    let states: Vec<StateRow> = db
        .all(sql("SELECT w.id, w.secret <> '' AS is_signed, w.tried, w.failure,
             (SELECT COUNT(*) FROM webhook_deliveries d WHERE d.webhook_id = w.id) AS waiting FROM webhooks w"))
        .await?;
    let state = |row: Row| {
        let state = states.iter().find(|state| state.id == row.id)?;
        Some(WebhookState {
            webhook: Webhook::from(row),
            is_signed: state.is_signed,
            waiting: u64::try_from(state.waiting).unwrap_or_default(),
            last: state.tried.map(|at| (at, state.failure.clone())),
        })
    };
    Ok(webhooks.into_iter().filter_map(state).collect())
}

/// How many there are. Nobody adds one until the transaction ends.
pub(crate) async fn count(tx: &mut Tx) -> Result<i64> {
    tx.lock(WEBHOOKS).await?;
    Ok(tx.first::<(i64,)>(sql("SELECT COUNT(*) FROM webhooks")).await?.map_or(0, |(count,)| count))
}

/// A webhook as it stays until the transaction ends, unless it changes it.
pub(crate) async fn hold(tx: &mut Tx, id: WebhookId) -> Result<Option<Webhook>> {
    tx.lock(WEBHOOKS).await?;
    find(tx, id).await
}

pub(crate) async fn insert(tx: &mut Tx, webhook: &Webhook, secret: &str) -> Result<()> {
    tx.execute(
        sql("INSERT INTO webhooks (id, name, url, description, events, secret, active, created, updated)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
        .bind(webhook.id)
        .bind(&webhook.name)
        .bind(&webhook.url)
        .bind(&webhook.description)
        .bind(written(&webhook.events))
        .bind(secret)
        .bind(webhook.active)
        .bind(webhook.created)
        .bind(webhook.updated),
    )
    .await?;
    Ok(())
}

/// Makes a webhook what it is here, and gives it another secret if there is one. One that isn't active is told nothing of what waits.
pub(crate) async fn update(tx: &mut Tx, webhook: &Webhook, secret: Option<&str>) -> Result<()> {
    let mut update = sql("UPDATE webhooks SET name = ");
    update.push_bind(&webhook.name).push(", url = ").push_bind(&webhook.url);
    update.push(", description = ").push_bind(&webhook.description);
    update.push(", events = ").push_bind(written(&webhook.events));
    update.push(", active = ").push_bind(webhook.active).push(", updated = ").push_bind(webhook.updated);
    if let Some(secret) = secret {
        update.push(", secret = ").push_bind(secret);
    }
    update.push(" WHERE id = ").push_bind(webhook.id);
    tx.execute(update).await?;
    if !webhook.active {
        tx.execute(sql("DELETE FROM webhook_deliveries WHERE webhook_id = $1").bind(webhook.id)).await?;
    }
    Ok(())
}

/// Deletes a webhook with all that waits for it.
pub(crate) async fn delete(tx: &mut Tx, id: WebhookId) -> Result<()> {
    tx.execute(sql("DELETE FROM webhooks WHERE id = $1").bind(id)).await?;
    Ok(())
}

/// Where a webhook is told, and what that is signed with.
pub(crate) async fn target(on: &mut impl Query, id: WebhookId) -> Result<Option<(String, String)>> {
    on.first(sql("SELECT url, secret FROM webhooks WHERE id = $1").bind(id)).await
}

/// The active webhooks that are told of such events. None of them is deleted until the transaction ends.
pub(crate) async fn listeners(tx: &mut Tx, event: WebhookEvent) -> Result<Vec<WebhookId>> {
    // There are few webhooks, so that all can be read.
    let mut select = sql("SELECT id, events FROM webhooks WHERE active = TRUE ORDER BY id");
    // SQLite has one writer.
    if tx.is_postgres() {
        select.push(" FOR KEY SHARE");
    }
    let rows: Vec<(Uuid, String)> = tx.all(select).await?;
    let name = event.to_string();
    let listens =
        |(id, events): (Uuid, String)| events.split(' ').any(|event| event == name).then_some(WebhookId(id));
    Ok(rows.into_iter().filter_map(listens).collect())
}

/// Puts deliveries with this body into the outbox, each with its id and its webhook.
pub(crate) async fn put(
    tx: &mut Tx,
    deliveries: &[(Uuid, WebhookId)],
    event: WebhookEvent,
    body: &str,
    now: Millis,
) -> Result<()> {
    let name = event.to_string();
    let row = |(id, webhook): &(Uuid, WebhookId)| {
        vec![
            Arg::from(*id),
            (*webhook).into(),
            (&name).into(),
            body.into(),
            now.into(),
            0_i64.into(),
            now.into(),
        ]
    };
    tx.insert_all(
        "INSERT INTO webhook_deliveries (id, webhook_id, event, body, created, attempts, due) VALUES ",
        deliveries.iter().map(row).collect(),
        "",
    )
    .await
}

/// A delivery that somebody took.
#[derive(FromRow)]
struct TakenRow {
    id: Uuid,
    webhook_id: Uuid,
    event: String,
    body: String,
    attempts: i64,
}

/// A delivery that was taken: until it is due again, nobody else takes it.
pub(crate) struct Taken {
    pub id: Uuid,
    pub webhook: WebhookId,
    pub event: String,
    pub body: String,
    /// How often it was tried, this time included.
    pub attempts: i64,
    pub url: String,
    pub secret: String,
}

/// Takes the delivery that has been due the longest, if one is, of webhooks other than these. It is due again at `until`.
pub(crate) async fn take(db: &Db, busy: &[WebhookId], now: Millis, until: Millis) -> Result<Option<Taken>> {
    let mut reader = db;
    if reader.first::<(Uuid,)>(due(busy, now)).await?.is_none() {
        return Ok(None);
    }
    let mut tx = db.begin_upkeep().await?;
    // Two that take at the same time would else wait for each other's rows.
    tx.lock(WEBHOOKS).await?;
    let Some((id,)) = tx.first::<(Uuid,)>(due(busy, now)).await? else { return Ok(None) };
    let take = sql("UPDATE webhook_deliveries SET due = $1, attempts = attempts + 1 WHERE id = $2
         RETURNING id, webhook_id, event, body, attempts");
    let Some(row) = tx.first::<TakenRow>(take.bind(until).bind(id)).await? else { return Ok(None) };
    let webhook = WebhookId(row.webhook_id);
    let Some((url, secret)) = target(&mut tx, webhook).await? else { return Ok(None) };
    tx.commit().await?;
    Ok(Some(Taken {
        id: row.id,
        webhook,
        event: row.event,
        body: row.body,
        attempts: row.attempts,
        url,
        secret,
    }))
}

fn due(busy: &[WebhookId], now: Millis) -> Sql {
    let mut select = sql("SELECT id FROM webhook_deliveries WHERE due <= ");
    select.push_bind(now);
    if !busy.is_empty() {
        select.push(" AND webhook_id NOT IN ").push_list(busy.iter().copied());
    }
    select.push(" ORDER BY due, id LIMIT 1");
    select
}

/// What became of a delivery that was taken.
pub(crate) enum Fate {
    /// It arrived.
    Arrived,
    /// It failed for this reason, and is due again then.
    Again(String, Millis),
    /// It failed for this reason, and isn't tried again.
    GivenUp(String),
}

/// Notes what became of a delivery.
pub(crate) async fn settle(db: &Db, taken: &Taken, fate: Fate, now: Millis) -> Result<()> {
    let mut tx = db.begin_upkeep().await?;
    let (failure, due) = match fate {
        Fate::Arrived => (None, None),
        Fate::Again(reason, due) => (Some(reason), Some(due)),
        Fate::GivenUp(reason) => (Some(reason), None),
    };
    // First the webhook, as whoever deletes it does: else each could wait for the other.
    let tried = sql("UPDATE webhooks SET tried = $1, failure = $2 WHERE id = $3");
    tx.execute(tried.bind(now).bind(failure.clone()).bind(taken.webhook)).await?;
    let outbox = match due {
        Some(due) => {
            sql("UPDATE webhook_deliveries SET due = $1, failure = $2 WHERE id = $3").bind(due).bind(failure)
        }
        None => sql("DELETE FROM webhook_deliveries WHERE id = $1"),
    };
    tx.execute(outbox.bind(taken.id)).await?;
    tx.commit().await
}

/// Drops the oldest of what waits for a webhook, where it is more than `most`. Returns for whom how many were dropped.
pub(crate) async fn trim(db: &Db, most: i64) -> Result<Vec<(WebhookId, u64)>> {
    let mut reader = db;
    let crowded: Vec<(Uuid, i64)> = reader
        .all(sql("SELECT webhook_id, COUNT(*) FROM webhook_deliveries GROUP BY webhook_id HAVING COUNT(*) > $1").bind(most))
        .await?;
    let mut dropped = Vec::new();
    for (webhook, count) in crowded {
        let mut tx = db.begin_upkeep().await?;
        let drop = sql("DELETE FROM webhook_deliveries WHERE id IN
             (SELECT id FROM webhook_deliveries WHERE webhook_id = $1 ORDER BY created, id LIMIT $2)");
        let gone = tx.execute(drop.bind(webhook).bind(count - most)).await?;
        tx.commit().await?;
        dropped.push((WebhookId(webhook), gone));
    }
    Ok(dropped)
}
