//! Second factors. What is `unchecked_` finds out who is calling.

use super::{Db, Query, Tx, sql};
use crate::error::Result;
use model::UserId;

/// What an account's codes are made of.
pub(crate) struct SecondFactor {
    pub secret: Vec<u8>,
    /// Whether it is asked for.
    pub is_confirmed: bool,
}

pub(crate) async fn unchecked_find(mut db: &Db, user: UserId) -> Result<Option<SecondFactor>> {
    let select = sql("SELECT secret, confirmed FROM second_factors WHERE user_id = $1").bind(user);
    let row: Option<(Vec<u8>, bool)> = db.first(select).await?;
    Ok(row.map(|(secret, is_confirmed)| SecondFactor { secret, is_confirmed }))
}

/// Keeps what codes will be made of, unless there is one that is in use already.
pub(crate) async fn begin(tx: &mut Tx, user: UserId, secret: &[u8]) -> Result<bool> {
    let upsert = sql("INSERT INTO second_factors (user_id, secret, confirmed, last_step) VALUES ($1, $2, FALSE, 0)
                      ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret WHERE NOT second_factors.confirmed");
    Ok(tx.execute(upsert.bind(user).bind(secret.to_vec())).await? > 0)
}

/// From now on it is asked for, unless another secret was begun with meanwhile.
pub(crate) async fn confirm(tx: &mut Tx, user: UserId, secret: &[u8], step: i64) -> Result<bool> {
    tx.changes_access();
    let update = sql("UPDATE second_factors SET confirmed = TRUE, last_step = $1
                      WHERE user_id = $2 AND secret = $3 AND NOT confirmed");
    Ok(tx.execute(update.bind(step).bind(user).bind(secret.to_vec())).await? > 0)
}

/// Uses up the code of a step, if neither it nor a later one was used before.
pub(crate) async fn unchecked_use_step(tx: &mut Tx, user: UserId, step: i64) -> Result<bool> {
    let update =
        sql("UPDATE second_factors SET last_step = $1 WHERE user_id = $2 AND confirmed AND last_step < $1");
    Ok(tx.execute(update.bind(step).bind(user)).await? > 0)
}

/// Uses up a recovery code, if it is one.
pub(crate) async fn unchecked_use_recovery(tx: &mut Tx, user: UserId, hash: Vec<u8>) -> Result<bool> {
    let delete = sql("DELETE FROM recovery_codes WHERE user_id = $1 AND hash = $2");
    Ok(tx.execute(delete.bind(user).bind(hash)).await? > 0)
}

/// Replaces the recovery codes.
pub(crate) async fn set_recovery(tx: &mut Tx, user: UserId, hashes: Vec<Vec<u8>>) -> Result<()> {
    tx.execute(sql("DELETE FROM recovery_codes WHERE user_id = $1").bind(user)).await?;
    for hash in hashes {
        let insert = sql("INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2)");
        tx.execute(insert.bind(user).bind(hash)).await?;
    }
    Ok(())
}

/// How many recovery codes are left.
pub(crate) async fn count_recovery(mut db: &Db, user: UserId) -> Result<i64> {
    let select = sql("SELECT COUNT(*) FROM recovery_codes WHERE user_id = $1").bind(user);
    Ok(db.first::<(i64,)>(select).await?.map_or(0, |(count,)| count))
}

/// Nothing but the password is asked for then. Whether there was more.
pub(crate) async fn delete(tx: &mut Tx, user: UserId) -> Result<bool> {
    tx.changes_access();
    tx.execute(sql("DELETE FROM recovery_codes WHERE user_id = $1").bind(user)).await?;
    Ok(tx.execute(sql("DELETE FROM second_factors WHERE user_id = $1").bind(user)).await? > 0)
}
