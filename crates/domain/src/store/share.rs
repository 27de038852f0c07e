//! Share links. What is `unchecked_` opens them, which asks for nothing but their code.

use super::{Db, Query, Sql, Tx, parse, sql};
use crate::{error::Result, gate::Guest, share::begin_of};
use model::{
    Millis, UserId,
    share::{Audience, Share},
};
use sqlx::FromRow;
use uuid::Uuid;

/// A link with what isn't shown of it.
pub(crate) struct Stored {
    pub share: Share,
    /// `None` on a server without accounts.
    pub maker: Option<UserId>,
    /// Empty without a password.
    pub password_hash: String,
}

#[derive(FromRow)]
struct Row {
    code: String,
    user_id: Option<Uuid>,
    maker: Option<String>,
    address: String,
    reach: String,
    title: String,
    audience: String,
    password_hash: String,
    is_snapshot: bool,
    with_files: bool,
    created: Millis,
    expires: Option<Millis>,
}

impl Row {
    fn read(self) -> Result<Stored> {
        let Self { code, address, title, created, expires, is_snapshot, with_files, .. } = self;
        // The whole code opens the link: a message says where it begins.
        let begins = begin_of(&code);
        let share = Share {
            reach: parse("share_links", "reach", &begins, serde_json::from_str(&self.reach).ok())?,
            audience: parse("share_links", "audience", &begins, Audience::parse(&self.audience))?,
            code,
            address,
            title,
            maker: self.maker.unwrap_or_default(),
            has_password: !self.password_hash.is_empty(),
            is_snapshot,
            with_files,
            created,
            expires,
        };
        Ok(Stored { share, maker: self.user_id.map(UserId), password_hash: self.password_hash })
    }
}

/// A SELECT of links; conditions follow.
fn select() -> Sql {
    sql("SELECT l.code, l.user_id, u.name AS maker, l.address, l.reach, l.title, l.audience, l.password_hash,
         l.snapshot IS NOT NULL AS is_snapshot, l.with_files, l.created, l.expires
         FROM share_links l LEFT JOIN users u ON u.id = l.user_id WHERE ")
}

pub(crate) async fn unchecked_find(mut db: &Db, code: &str) -> Result<Option<Stored>> {
    let mut select = select();
    select.push("l.code = ").push_bind(code);
    db.first::<Row>(select).await?.map(Row::read).transpose()
}

/// What was kept, for whoever was let at it.
pub(crate) async fn snapshot(mut db: &Db, guest: &Guest) -> Result<Option<String>> {
    let select = sql("SELECT snapshot FROM share_links WHERE code = $1 AND snapshot IS NOT NULL");
    Ok(db.first::<(String,)>(select.bind(&guest.code)).await?.map(|(snapshot,)| snapshot))
}

/// Links of a user, or of everybody, newest first.
pub(crate) async fn list(mut db: &Db, of: Option<UserId>) -> Result<Vec<Share>> {
    let mut select = select();
    match of {
        Some(user) => select.push("l.user_id = ").push_bind(user),
        None => select.push("TRUE"),
    };
    select.push(" ORDER BY l.created DESC, l.code");
    db.all::<Row>(select).await?.into_iter().map(|row| Ok(row.read()?.share)).collect()
}

/// How many links somebody has, or without an account nobody has; and how many of them are snapshots.
pub(crate) async fn count(tx: &mut Tx, of: Option<UserId>) -> Result<(i64, i64)> {
    let mut select = sql("SELECT COUNT(*), COUNT(snapshot) FROM share_links WHERE user_id ");
    match of {
        Some(user) => select.push("= ").push_bind(user),
        None => select.push("IS NULL"),
    };
    Ok(tx.first::<(i64, i64)>(select).await?.unwrap_or_default())
}

/// Old ones leave when a new one comes: there is no need of a clock for it.
pub(crate) async fn delete_expired(tx: &mut Tx, now: Millis) -> Result<()> {
    tx.execute(sql("DELETE FROM share_links WHERE expires <= $1").bind(now)).await?;
    Ok(())
}

/// Deletes all links of a user; returns how many there were.
pub(crate) async fn delete_all(tx: &mut Tx, of: UserId) -> Result<u64> {
    tx.execute(sql("DELETE FROM share_links WHERE user_id = $1").bind(of)).await
}

pub(crate) async fn insert(tx: &mut Tx, stored: &Stored, snapshot: Option<&str>) -> Result<()> {
    let Stored { share, maker, password_hash } = stored;
    tx.execute(
        sql("INSERT INTO share_links
             (code, user_id, address, reach, title, audience, password_hash, snapshot, created, expires, with_files)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
        .bind(&share.code)
        .bind(maker.map(|maker| maker.0))
        .bind(&share.address)
        .bind(serde_json::json!(share.reach).to_string())
        .bind(&share.title)
        .bind(share.audience.name())
        .bind(password_hash)
        .bind(snapshot.map(ToOwned::to_owned))
        .bind(share.created)
        .bind(share.expires)
        .bind(share.with_files),
    )
    .await?;
    Ok(())
}

/// The title and the maker's name of the link, if the user, or anybody, had it.
pub(crate) async fn delete(
    tx: &mut Tx,
    of: Option<UserId>,
    code: &str,
) -> Result<Option<(String, Option<String>)>> {
    let mut delete = sql("DELETE FROM share_links WHERE code = ");
    delete.push_bind(code);
    if let Some(user) = of {
        delete.push(" AND user_id = ").push_bind(user);
    }
    delete.push(" RETURNING title, (SELECT u.name FROM users u WHERE u.id = share_links.user_id)");
    tx.first(delete).await
}
