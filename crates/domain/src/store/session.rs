//! Browser sessions. What is `unchecked_` serves the session layer, which has no caller.

use super::{Db, Query, Tx, sql};
use crate::{
    error::Result,
    session::{Holder, SessionHash},
};
use model::{Millis, UserId, account::Device};
use sqlx::FromRow;

/// Data and end of a session.
pub(crate) type Stored = (String, Millis);

pub(crate) async fn unchecked_insert(
    tx: &mut Tx,
    hash: SessionHash,
    stored: &Stored,
    holder: Option<&Holder>,
    now: Millis,
) -> Result<()> {
    tx.execute(
        sql("INSERT INTO sessions (hash, data, expires, user_id, created, address, agent, by_link)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(hash.to_vec())
        .bind(&stored.0)
        .bind(stored.1)
        .bind(holder.map(|holder| holder.user.0))
        .bind(now)
        .bind(holder.and_then(|holder| holder.address.clone()))
        .bind(holder.map_or("", |holder| holder.agent.as_str()))
        .bind(holder.is_some_and(|holder| holder.by_link)),
    )
    .await?;
    Ok(())
}

/// Changes what is in a session. One that was ended meanwhile stays so.
pub(crate) async fn unchecked_update(tx: &mut Tx, hash: SessionHash, stored: &Stored) -> Result<()> {
    tx.changes_access();
    let update = sql("UPDATE sessions SET data = $1, expires = $2 WHERE hash = $3");
    tx.execute(update.bind(&stored.0).bind(stored.1).bind(hash.to_vec())).await?;
    Ok(())
}

pub(crate) async fn unchecked_load(mut db: &Db, hash: SessionHash) -> Result<Option<Stored>> {
    db.first(sql("SELECT data, expires FROM sessions WHERE hash = $1").bind(hash.to_vec())).await
}

pub(crate) async fn unchecked_delete(tx: &mut Tx, hash: SessionHash) -> Result<()> {
    tx.changes_access();
    tx.execute(sql("DELETE FROM sessions WHERE hash = $1").bind(hash.to_vec())).await?;
    Ok(())
}

pub(crate) async fn unchecked_delete_expired(tx: &mut Tx, now: Millis) -> Result<()> {
    tx.execute(sql("DELETE FROM sessions WHERE expires <= $1").bind(now)).await?;
    Ok(())
}

/// Notes when a session was used, unless another process knows of a later time.
pub(crate) async fn unchecked_touch(tx: &mut Tx, hash: SessionHash, at: Millis) -> Result<()> {
    tx.execute(
        sql("UPDATE sessions SET seen = $1 WHERE hash = $2 AND (seen IS NULL OR seen < $1)")
            .bind(at)
            .bind(hash.to_vec()),
    )
    .await?;
    Ok(())
}

/// A user's sessions that haven't ended, newest first.
pub(crate) async fn list(mut db: &Db, user: UserId, now: Millis) -> Result<Vec<Device>> {
    #[derive(FromRow)]
    struct Row {
        hash: Vec<u8>,
        created: Millis,
        seen: Option<Millis>,
        address: Option<String>,
        agent: String,
    }
    let select = sql("SELECT hash, created, seen, address, agent FROM sessions
                      WHERE user_id = $1 AND expires > $2 ORDER BY created DESC, hash");
    let rows: Vec<Row> = db.all(select.bind(user).bind(now)).await?;
    Ok(rows
        .into_iter()
        .map(|row| Device {
            id: hex::encode(row.hash),
            created: row.created,
            seen: row.seen,
            address: row.address,
            agent: row.agent,
            is_this: false,
        })
        .collect())
}

/// Whether a user's session was begun by a link, after this time.
pub(crate) async fn was_begun_by_link(
    mut db: &Db,
    user: UserId,
    hash: SessionHash,
    after: Millis,
) -> Result<bool> {
    let select =
        sql("SELECT created FROM sessions WHERE hash = $1 AND user_id = $2 AND by_link AND created > $3");
    Ok(db.first::<(Millis,)>(select.bind(hash.to_vec()).bind(user).bind(after)).await?.is_some())
}

/// From now on the old password is needed in this session, too.
pub(crate) async fn forget_link(tx: &mut Tx, hash: SessionHash) -> Result<()> {
    tx.execute(sql("UPDATE sessions SET by_link = FALSE WHERE hash = $1").bind(hash.to_vec())).await?;
    Ok(())
}

/// Ends a session of a user. Whether there was one.
pub(crate) async fn delete(tx: &mut Tx, user: UserId, hash: Vec<u8>) -> Result<bool> {
    tx.changes_access();
    let delete = sql("DELETE FROM sessions WHERE user_id = $1 AND hash = $2").bind(user).bind(hash);
    Ok(tx.execute(delete).await? > 0)
}

/// Ends all sessions of a user but one. How many there were.
pub(crate) async fn delete_others(tx: &mut Tx, user: UserId, kept: Option<SessionHash>) -> Result<u64> {
    tx.changes_access();
    let mut delete = sql("DELETE FROM sessions WHERE user_id = ");
    delete.push_bind(user);
    if let Some(kept) = kept {
        delete.push(" AND hash <> ").push_bind(kept.to_vec());
    }
    tx.execute(delete).await
}
