//! Users, tokens, sign-in links, sessions. What is `unchecked_` finds out who is calling, so it has no caller yet.

use super::{Db, Query, Sql, Tx, parse, sql};
use crate::{Caller, error::Result, gate::UsedToken};
use model::{
    Millis, TokenId, UserId,
    account::{Limits, OwnedToken, Scope, Token, User, UserState},
};
use sqlx::FromRow;
use std::sync::Arc;
use uuid::Uuid;

/// What is locked while admins may become fewer.
const ADMINS: i64 = 0x6164_6d69_6e73;

/// An account with the hash of its password.
pub(crate) struct Account {
    pub user: User,
    pub password_hash: String,
    /// Whether a code is asked for beside the password.
    pub has_second_factor: bool,
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
        self.caller_with(None)
    }

    fn caller_with(&self, token: Option<Arc<UsedToken>>) -> Caller {
        let User { id, name, is_admin, .. } = &self.user;
        Caller::User { id: *id, name: name.clone(), is_admin: *is_admin, token }
    }
}

/// A token and its account.
pub(crate) struct FoundToken {
    pub account: Account,
    pub token: Arc<UsedToken>,
    pub expires: Option<Millis>,
}

impl FoundToken {
    pub fn caller(&self) -> Caller {
        self.account.caller_with(Some(self.token.clone()))
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
    has_second_factor: bool,
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
        Ok(Account { user, password_hash: self.password_hash, has_second_factor: self.has_second_factor })
    }
}

const COLUMNS: &str = "u.id, u.name, u.password_hash, u.is_admin, u.is_service, u.state, u.created, \
    EXISTS (SELECT 1 FROM second_factors f WHERE f.user_id = u.id AND f.confirmed) AS has_second_factor";

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

pub(crate) async fn unchecked_find_by_token(mut db: &Db, hash: &[u8; 32]) -> Result<Option<FoundToken>> {
    #[derive(FromRow)]
    struct Row {
        #[sqlx(flatten)]
        account: AccountRow,
        token: Uuid,
        token_name: String,
        scope: String,
        experiments: Option<String>,
        expires: Option<Millis>,
    }
    let mut select = sql("SELECT ");
    select.push(COLUMNS).push(", t.id AS token, t.name AS token_name, t.scope, t.experiments, t.expires");
    select.push(" FROM tokens t JOIN users u ON u.id = t.user_id WHERE t.hash = ");
    select.push_bind(hash.to_vec());
    let Some(row) = db.first::<Row>(select).await? else { return Ok(None) };
    let limits = limits_of(row.token, &row.scope, row.experiments.as_deref())?;
    Ok(Some(FoundToken {
        account: row.account.read()?,
        token: Arc::new(UsedToken { id: TokenId(row.token), name: row.token_name, limits }),
        expires: row.expires,
    }))
}

fn limits_of(token: Uuid, scope: &str, experiments: Option<&str>) -> Result<Limits> {
    let read = |ids| parse("tokens", "experiments", token, serde_json::from_str(ids).ok());
    Ok(Limits {
        scope: parse("tokens", "scope", token, scope.parse::<Scope>().ok())?,
        experiments: experiments.map(read).transpose()?,
    })
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

/// Whether there is such a link.
pub(crate) async fn unchecked_has_link(mut db: &Db, hash: Vec<u8>) -> Result<bool> {
    let select = sql("SELECT expires FROM sign_in_links WHERE hash = $1").bind(hash);
    Ok(db.first::<(Millis,)>(select).await?.is_some())
}

/// Makes all links of a user void.
pub(crate) async fn delete_links(tx: &mut Tx, user: UserId) -> Result<()> {
    tx.execute(sql("DELETE FROM sign_in_links WHERE user_id = $1").bind(user)).await?;
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
    // Who is deleted stays so.
    let update = sql("UPDATE users SET state = $1 WHERE id = $2 AND state <> 'deleted'");
    tx.execute(update.bind(state.name()).bind(user)).await?;
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
    tx.execute(sql("DELETE FROM sessions WHERE user_id = $1").bind(user)).await?;
    delete_links(tx, user).await?;
    tx.execute(sql("DELETE FROM second_factors WHERE user_id = $1").bind(user)).await?;
    tx.execute(sql("DELETE FROM recovery_codes WHERE user_id = $1").bind(user)).await?;
    tx.execute(sql("DELETE FROM identities WHERE user_id = $1").bind(user)).await?;
    tx.execute(sql("DELETE FROM group_members WHERE user_id = $1").bind(user)).await?;
    tx.execute(sql("DELETE FROM experiment_permissions WHERE user_id = $1").bind(user)).await?;
    tx.execute(sql("DELETE FROM registered_model_permissions WHERE user_id = $1").bind(user)).await?;
    Ok(())
}

/// Replaces the hash of a password by another one of the same password, unless there is a new password meanwhile.
pub(crate) async fn renew_hash(tx: &mut Tx, user: UserId, hash: &str, renewed: &str) -> Result<()> {
    tx.changes_access();
    let update = sql("UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3");
    tx.execute(update.bind(renewed).bind(user).bind(hash)).await?;
    Ok(())
}

pub(crate) async fn set_password(tx: &mut Tx, user: UserId, password_hash: &str) -> Result<()> {
    tx.changes_access();
    tx.execute(sql("UPDATE users SET password_hash = $1 WHERE id = $2").bind(password_hash).bind(user))
        .await?;
    Ok(())
}

/// Tokens of a user, or of everybody, newest first.
pub(crate) async fn list_tokens(mut db: &Db, of: Option<UserId>) -> Result<Vec<OwnedToken>> {
    #[derive(FromRow)]
    struct Row {
        owner: String,
        id: Uuid,
        name: String,
        created: Millis,
        last_used: Option<Millis>,
        scope: String,
        experiments: Option<String>,
        expires: Option<Millis>,
    }
    let mut select =
        sql("SELECT u.name AS owner, t.id, t.name, t.created, t.last_used, t.scope, t.experiments, t.expires
         FROM tokens t JOIN users u ON u.id = t.user_id");
    if let Some(user) = of {
        select.push(" WHERE t.user_id = ").push_bind(user);
    }
    select.push(" ORDER BY t.created DESC, t.id");
    let rows: Vec<Row> = db.all(select).await?;
    let read = |row: Row| {
        let limits = limits_of(row.id, &row.scope, row.experiments.as_deref())?;
        let Row { owner, id, name, created, last_used, expires, .. } = row;
        Ok(OwnedToken { owner, token: Token { id: TokenId(id), name, created, last_used, limits, expires } })
    };
    rows.into_iter().map(read).collect()
}

pub(crate) async fn insert_token(tx: &mut Tx, user: UserId, token: &Token, hash: Vec<u8>) -> Result<()> {
    let experiments = token.limits.experiments.as_ref().map(|ids| serde_json::json!(ids).to_string());
    tx.execute(
        sql("INSERT INTO tokens (id, user_id, name, hash, created, scope, experiments, expires)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(token.id)
        .bind(user)
        .bind(&token.name)
        .bind(hash)
        .bind(token.created)
        .bind(token.limits.scope.name())
        .bind(experiments)
        .bind(token.expires),
    )
    .await?;
    Ok(())
}

/// The name and the owner's name of the token, if the user, or anybody, had it.
pub(crate) async fn delete_token(
    tx: &mut Tx,
    of: Option<UserId>,
    id: TokenId,
) -> Result<Option<(String, String)>> {
    tx.changes_access();
    let mut delete = sql("DELETE FROM tokens WHERE id = ");
    delete.push_bind(id);
    if let Some(user) = of {
        delete.push(" AND user_id = ").push_bind(user);
    }
    delete.push(" RETURNING name, (SELECT u.name FROM users u WHERE u.id = tokens.user_id)");
    tx.first(delete).await
}
