//! The audit log. Rows are added and sealed; nothing else happens to them.

use super::{Arg, Db, Query, Sql, Tx, sql};
use crate::{
    audit::{Row, Sealed, Who},
    error::Result,
};
use model::{
    Millis,
    audit::{Action, Event, EventFilter},
};
use sqlx::FromRow;
use uuid::Uuid;

/// What is locked while rows are sealed.
const CHAIN: i64 = 0x0061_7564_6974;
/// Rows sealed with one transaction.
const AT_ONCE: i64 = 500;

pub(crate) async fn insert(tx: &mut Tx, row: &Row) -> Result<()> {
    let told = &row.told;
    let fields = Fields {
        id: row.id,
        at: row.at,
        who: &row.who,
        action: told.action,
        kind: told.object.kind(),
        object: &told.object.to_string(),
        done: told.done,
        detail: &told.detail.to_string(),
    };
    insert_fields(tx, fields).await
}

/// Tells that somebody was refused.
pub(crate) async fn insert_refusal(
    tx: &mut Tx,
    id: Uuid,
    at: Millis,
    who: &Who,
    (kind, object): (&'static str, &str),
    detail: &str,
) -> Result<()> {
    insert_fields(tx, Fields { id, at, who, action: Action::Denied, kind, object, done: false, detail }).await
}

struct Fields<'a> {
    id: Uuid,
    at: Millis,
    who: &'a Who,
    action: Action,
    kind: &'static str,
    object: &'a str,
    done: bool,
    detail: &'a str,
}

async fn insert_fields(tx: &mut Tx, fields: Fields<'_>) -> Result<()> {
    let who = fields.who;
    tx.execute(
        sql("INSERT INTO audit (id, at, user_id, actor, token, address, action, kind, object, done, detail)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
        .bind(fields.id)
        .bind(fields.at)
        .bind(who.user.map(|user| user.0))
        .bind(&who.name)
        .bind(who.token.clone())
        .bind(who.address.map(|address| address.to_string()))
        .bind(fields.action.name())
        .bind(fields.kind)
        .bind(fields.object)
        .bind(fields.done)
        .bind(fields.detail),
    )
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct AuditRow {
    id: Uuid,
    at: Millis,
    user_id: Option<Uuid>,
    actor: String,
    token: Option<String>,
    address: Option<String>,
    action: String,
    kind: String,
    object: String,
    done: bool,
    detail: String,
    seq: Option<i64>,
    hash: Option<Vec<u8>>,
}

const COLUMNS: &str = "id, at, user_id, actor, token, address, action, kind, object, done, detail, seq, hash";

fn select() -> Sql {
    let mut select = sql("SELECT ");
    select.push(COLUMNS).push(" FROM audit WHERE ");
    select
}

impl AuditRow {
    fn seal(self, seq: i64) -> Sealed {
        Sealed {
            seq,
            id: self.id,
            at: self.at,
            user: self.user_id,
            texts: [self.actor, self.action, self.kind, self.object, self.detail],
            optional: [self.token, self.address],
            done: self.done,
        }
    }
}

/// Gives some of the rows that wait their places, oldest first; `link` makes a row's hash of the one before and the row.
/// Whether there may be more.
pub(crate) async fn seal(db: &Db, link: impl Fn(&[u8], &Sealed) -> Vec<u8>) -> Result<bool> {
    let mut reader = db;
    let waits = sql("SELECT id FROM audit WHERE seq IS NULL LIMIT 1");
    if reader.first::<(Uuid,)>(waits).await?.is_none() {
        return Ok(false);
    }
    let mut tx = db.begin_upkeep().await?;
    tx.lock(CHAIN).await?;
    let last = sql("SELECT seq, hash FROM audit WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1");
    let (mut seq, mut hash) = tx.first::<(i64, Vec<u8>)>(last).await?.unwrap_or_default();
    let mut waiting = select();
    waiting.push("seq IS NULL ORDER BY at, id LIMIT ").push_bind(AT_ONCE);
    let rows: Vec<AuditRow> = tx.all(waiting).await?;
    let more = rows.len() as i64 == AT_ONCE;
    for row in rows {
        seq += 1;
        let row = row.seal(seq);
        hash = link(&hash, &row);
        let update = sql("UPDATE audit SET seq = $1, hash = $2 WHERE id = $3");
        tx.execute(update.bind(seq).bind(hash.clone()).bind(row.id)).await?;
    }
    tx.commit().await?;
    Ok(more)
}

/// Sealed rows after a place, in order, with their hashes.
pub(crate) async fn sealed_after(mut db: &Db, seq: i64, limit: usize) -> Result<Vec<(Sealed, Vec<u8>)>> {
    let mut select = select();
    select.push("seq > ").push_bind(seq).push(" ORDER BY seq LIMIT ");
    select.push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let rows: Vec<AuditRow> = db.all(select).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let (seq, hash) = (row.seq.unwrap_or_default(), row.hash.clone().unwrap_or_default());
            (row.seal(seq), hash)
        })
        .collect())
}

/// Rows that match, newest first, after the row of this time and id.
pub(crate) async fn list(
    mut db: &Db,
    filter: &EventFilter,
    after: Option<(Millis, Uuid)>,
    limit: usize,
) -> Result<Vec<(Uuid, Event)>> {
    let mut select = select();
    select.push("TRUE");
    let mut equal = |column: &'static str, value: &str| {
        if !value.is_empty() {
            select.push(" AND ").push(column).push(" = ").push_bind(value);
        }
    };
    equal("actor", &filter.actor);
    equal("kind", &filter.kind);
    equal("object", &filter.object);
    match filter.action.as_str() {
        "" => {}
        whole if whole.contains('.') => equal("action", whole),
        part => {
            let (from, to): (Arg, Arg) = (format!("{part}.").into(), format!("{part}/").into());
            select.push(" AND action >= ").push_bind(from).push(" AND action < ").push_bind(to);
        }
    }
    if let Some(done) = filter.done {
        select.push(" AND done = ").push_bind(done);
    }
    if let Some(from) = filter.from {
        select.push(" AND at >= ").push_bind(from);
    }
    if let Some(until) = filter.until {
        select.push(" AND at < ").push_bind(until);
    }
    if let Some((at, id)) = after {
        select.push(" AND (at, id) < (").push_bind(at).push(", ").push_bind(id).push(")");
    }
    select.push(" ORDER BY at DESC, id DESC LIMIT ").push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let rows: Vec<AuditRow> = db.all(select).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.event())).collect())
}

impl AuditRow {
    fn event(self) -> Event {
        Event {
            at: self.at,
            actor: self.actor,
            token: self.token,
            address: self.address,
            action: self.action,
            kind: self.kind,
            object: self.object,
            done: self.done,
            detail: self.detail,
            place: self.seq,
        }
    }
}
