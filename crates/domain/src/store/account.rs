//! Users, tokens, sign-in links, sessions. What is `unchecked_` finds out who is calling, so it has no caller yet.

use super::{Db, Query, Sql, Tx, parse, sql};
use crate::{Caller, error::Result};
use model::{
    Millis, TokenId, UserId,
    account::{Token, User, UserState},
};
use sqlx::FromRow;
use uuid::Uuid;

/// What is locked while admins may become fewer.
const ADMINS: i64 = 0x6164_6d69_6e73;

/// An account with the hash of its password.
pub(crate) struct Account {
    pub user: User,
    pub password_hash: String,
}

impl Account {
    /// Whether its credentials count.
    pub fn may_act(&self) -> bool {
        self.user.state == UserState::Active
    }

    /// Whether somebody may sign in with it.
    pub fn may_sign_in(&self) -> bool {
        self.may_act() && !self.user.is_service
    }

    pub fn caller(&self) -> Caller {
        Caller::User { id: self.user.id, name: self.user.name.clone(), is_admin: self.user.is_admin }
    }
}

#[derive(FromRow)]
struct AccountRow {
    id: Uuid,
    name: String,
    password_hash: String,
    is_admin: bool,
    is_service: bool,
    state: String,
    created: Millis,
}

impl AccountRow {
    fn read(self) -> Result<Account> {
        let user = User {
            id: UserId(self.id),
            state: parse("users", "state", &self.name, self.state.parse().ok())?,
            name: self.name,
            is_admin: self.is_admin,
            is_service: self.is_service,
            created: self.created,
        };
        Ok(Account { user, password_hash: self.password_hash })
    }
}

const COLUMNS: &str = "u.id, u.name, u.password_hash, u.is_admin, u.is_service, u.state, u.created";

/// A SELECT of accounts `u`; conditions follow.
fn select() -> Sql {
    let mut select = sql("SELECT ");
    select.push(COLUMNS).push(" FROM users u WHERE ");
    select
}

pub(crate) async fn unchecked_find(mut db: &Db, id: UserId) -> Result<Option<Account>> {
    let mut select = select();
    select.push("u.id = ").push_bind(id);
    db.first::<AccountRow>(select).await?.map(AccountRow::read).transpose()
}

/// Not a deleted one.
pub(crate) async fn unchecked_find_by_name(mut db: &Db, name: &str) -> Result<Option<Account>> {
    let mut select = select();
    select.push("u.state <> 'deleted' AND u.name = ").push_bind(name);
    db.first::<AccountRow>(select).await?.map(AccountRow::read).transpose()
}

/// All but deleted ones, by name.
pub(crate) async fn list(mut db: &Db) -> Result<Vec<User>> {
    let mut select = select();
    select.push("u.state <> 'deleted' ORDER BY u.name");
    db.all::<AccountRow>(select).await?.into_iter().map(|row| Ok(row.read()?.user)).collect()
}

pub(crate) async fn unchecked_find_by_token(
    mut db: &Db,
    hash: &[u8; 32],
) -> Result<Option<(Account, TokenId)>> {
    #[derive(FromRow)]
    struct Row {
        #[sqlx(flatten)]
        account: AccountRow,
        token: Uuid,
    }
    let mut select = sql("SELECT ");
    select
        .push(COLUMNS)
        .push(", t.id AS token FROM tokens t JOIN users u ON u.id = t.user_id WHERE t.hash = ");
    select.push_bind(hash.to_vec());
    let row: Option<Row> = db.first(select).await?;
    row.map(|row| Ok((row.account.read()?, TokenId(row.token)))).transpose()
}

/// Notes when a token was used, unless another process knows of a later time.
pub(crate) async fn unchecked_touch_token(tx: &mut Tx, id: TokenId, at: Millis) -> Result<()> {
    tx.execute(
        sql("UPDATE tokens SET last_used = $1 WHERE id = $2 AND (last_used IS NULL OR last_used < $1)")
            .bind(at)
            .bind(id),
    )
    .await?;
    Ok(())
}

pub(crate) async fn unchecked_any(mut db: &Db) -> Result<bool> {
    Ok(db.first::<(Uuid,)>(sql("SELECT id FROM users LIMIT 1")).await?.is_some())
}

pub(crate) async fn unchecked_first_admin(mut db: &Db) -> Result<Option<UserId>> {
    let row: Option<(Uuid,)> = db
        .first(sql("SELECT id FROM users WHERE is_admin AND state = 'active' ORDER BY created, id LIMIT 1"))
        .await?;
    Ok(row.map(|(id,)| UserId(id)))
}

pub(crate) async fn unchecked_insert_link(
    tx: &mut Tx,
    hash: Vec<u8>,
    user: UserId,
    expires: Millis,
    now: Millis,
) -> Result<()> {
    tx.execute(sql("DELETE FROM sign_in_links WHERE expires <= $1").bind(now)).await?;
    tx.execute(
        sql("INSERT INTO sign_in_links (hash, user_id, expires) VALUES ($1, $2, $3)")
            .bind(hash)
            .bind(user)
            .bind(expires),
    )
    .await?;
    Ok(())
}

/// Uses the link up and says whose it was, if it was still good.
pub(crate) async fn unchecked_take_link(tx: &mut Tx, hash: Vec<u8>, now: Millis) -> Result<Option<UserId>> {
    let row: Option<(Uuid, Millis)> = tx
        .first(sql("DELETE FROM sign_in_links WHERE hash = $1 RETURNING user_id, expires").bind(hash))
        .await?;
    Ok(row.filter(|(_, expires)| *expires > now).map(|(user, _)| UserId(user)))
}

pub(crate) async fn insert(tx: &mut Tx, user: &User, password_hash: &str) -> Result<()> {
    tx.execute(
        sql("INSERT INTO users (id, name, password_hash, is_admin, is_service, state, created)
             VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(user.id)
        .bind(&user.name)
        .bind(password_hash)
        .bind(user.is_admin)
        .bind(user.is_service)
        .bind(user.state.name())
        .bind(user.created),
    )
    .await?;
    Ok(())
}

/// Gives an account another name.
pub(crate) async fn rename(tx: &mut Tx, user: UserId, name: &str) -> Result<()> {
    tx.changes_access();
    tx.execute(sql("UPDATE users SET name = $1 WHERE id = $2").bind(name).bind(user)).await?;
    Ok(())
}

pub(crate) async fn set_state(tx: &mut Tx, user: UserId, state: UserState) -> Result<()> {
    tx.changes_access();
    tx.execute(sql("UPDATE users SET state = $1 WHERE id = $2").bind(state.name()).bind(user)).await?;
    Ok(())
}

pub(crate) async fn set_admin(tx: &mut Tx, user: UserId, is_admin: bool) -> Result<()> {
    tx.changes_access();
    tx.execute(sql("UPDATE users SET is_admin = $1 WHERE id = $2").bind(is_admin).bind(user)).await?;
    Ok(())
}

/// Whether it is an admin. Until the transaction ends no other makes admins fewer.
pub(crate) async fn is_admin(tx: &mut Tx, user: UserId) -> Result<bool> {
    tx.lock(ADMINS).await?;
    let found: Option<(bool,)> = tx.first(sql("SELECT is_admin FROM users WHERE id = $1").bind(user)).await?;
    Ok(found.is_some_and(|(is_admin,)| is_admin))
}

/// Whether somebody else is an admin who may act.
pub(crate) async fn has_other_admin(tx: &mut Tx, user: UserId) -> Result<bool> {
    let select = sql(
        "SELECT id FROM users WHERE is_admin AND state = 'active' AND NOT is_service AND id <> $1 LIMIT 1",
    );
    Ok(tx.first::<(Uuid,)>(select.bind(user)).await?.is_some())
}

/// Takes away all that an account could act with, and all that it was given. What it made stays.
pub(crate) async fn strip(tx: &mut Tx, user: UserId) -> Result<()> {
    tx.changes_access();
    tx.execute(sql("UPDATE users SET password_hash = '', is_admin = FALSE WHERE id = $1").bind(user)).await?;
    tx.execute(sql("DELETE FROM tokens WHERE user_id = $1").bind(user)).await?;
    tx.execute(sql("DELETE FROM sign_in_links WHERE user_id = $1").bind(user)).await?;
    tx.execute(sql("DELETE FROM group_members WHERE user_id = $1").bind(user)).await?;
    tx.execute(sql("DELETE FROM experiment_permissions WHERE user_id = $1").bind(user)).await?;
    tx.execute(sql("DELETE FROM registered_model_permissions WHERE user_id = $1").bind(user)).await?;
    Ok(())
}

pub(crate) async fn set_password(tx: &mut Tx, user: UserId, password_hash: &str) -> Result<()> {
    tx.changes_access();
    tx.execute(sql("UPDATE users SET password_hash = $1 WHERE id = $2").bind(password_hash).bind(user))
        .await?;
    Ok(())
}

pub(crate) async fn list_tokens(mut db: &Db, user: UserId) -> Result<Vec<Token>> {
    #[derive(FromRow)]
    struct Row {
        id: Uuid,
        name: String,
        created: Millis,
        last_used: Option<Millis>,
    }
    let rows: Vec<Row> = db
        .all(
            sql("SELECT id, name, created, last_used FROM tokens WHERE user_id = $1 ORDER BY created DESC, id")
                .bind(user),
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| Token {
            id: TokenId(row.id),
            name: row.name,
            created: row.created,
            last_used: row.last_used,
        })
        .collect())
}

pub(crate) async fn insert_token(tx: &mut Tx, user: UserId, token: &Token, hash: Vec<u8>) -> Result<()> {
    tx.execute(
        sql("INSERT INTO tokens (id, user_id, name, hash, created) VALUES ($1, $2, $3, $4, $5)")
            .bind(token.id)
            .bind(user)
            .bind(&token.name)
            .bind(hash)
            .bind(token.created),
    )
    .await?;
    Ok(())
}

/// Whether the user had such a token.
pub(crate) async fn delete_token(tx: &mut Tx, user: UserId, id: TokenId) -> Result<bool> {
    tx.changes_access();
    let deleted =
        tx.execute(sql("DELETE FROM tokens WHERE id = $1 AND user_id = $2").bind(id).bind(user)).await?;
    Ok(deleted > 0)
}

pub(crate) async fn unchecked_save_session(
    tx: &mut Tx,
    hash: Vec<u8>,
    data: &str,
    expires: Millis,
) -> Result<()> {
    tx.execute(
        sql("INSERT INTO sessions (hash, data, expires) VALUES ($1, $2, $3)
             ON CONFLICT (hash) DO UPDATE SET data = excluded.data, expires = excluded.expires")
        .bind(hash)
        .bind(data)
        .bind(expires),
    )
    .await?;
    Ok(())
}

pub(crate) async fn unchecked_load_session(
    mut db: &Db,
    hash: Vec<u8>,
    now: Millis,
) -> Result<Option<(String, Millis)>> {
    db.first(sql("SELECT data, expires FROM sessions WHERE hash = $1 AND expires > $2").bind(hash).bind(now))
        .await
}

pub(crate) async fn unchecked_delete_session(tx: &mut Tx, hash: Vec<u8>) -> Result<()> {
    tx.execute(sql("DELETE FROM sessions WHERE hash = $1").bind(hash)).await?;
    Ok(())
}

pub(crate) async fn unchecked_delete_expired_sessions(tx: &mut Tx, now: Millis) -> Result<()> {
    tx.execute(sql("DELETE FROM sessions WHERE expires <= $1").bind(now)).await?;
    Ok(())
}
