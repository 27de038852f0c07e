//! Accounts of people whom an identity provider vouches for. What is `unchecked_` finds out who is calling.

use super::{Db, Query, Tx, sql};
use crate::error::Result;
use model::{GroupId, Millis, UserId};
use sqlx::FromRow;
use uuid::Uuid;

/// A group, and whether somebody is in it.
pub(crate) struct Membership {
    pub id: GroupId,
    pub name: String,
    pub is_member: bool,
    /// Whether it was a provider that took them in.
    pub is_external: bool,
}

pub(crate) async fn unchecked_find(mut db: &Db, issuer: &str, subject: &str) -> Result<Option<UserId>> {
    let select = sql("SELECT user_id FROM identities WHERE issuer = $1 AND subject = $2");
    Ok(db.first::<(Uuid,)>(select.bind(issuer).bind(subject)).await?.map(|(user,)| UserId(user)))
}

pub(crate) async fn insert(
    tx: &mut Tx,
    issuer: &str,
    subject: &str,
    user: UserId,
    created: Millis,
) -> Result<()> {
    tx.execute(
        sql("INSERT INTO identities (issuer, subject, user_id, created) VALUES ($1, $2, $3, $4)")
            .bind(issuer)
            .bind(subject)
            .bind(user)
            .bind(created),
    )
    .await?;
    Ok(())
}

/// All groups, and whether the account is in them.
pub(crate) async fn memberships(mut db: &Db, user: UserId) -> Result<Vec<Membership>> {
    #[derive(FromRow)]
    struct Row {
        id: Uuid,
        name: String,
        external: Option<bool>,
    }
    let rows: Vec<Row> = db
        .all(
            sql("SELECT g.id, g.name, m.external FROM user_groups g
                 LEFT JOIN group_members m ON m.group_id = g.id AND m.user_id = $1 ORDER BY g.name")
            .bind(user),
        )
        .await?;
    let read = |Row { id, name, external }| Membership {
        id: GroupId(id),
        name,
        is_member: external.is_some(),
        is_external: external.unwrap_or_default(),
    };
    Ok(rows.into_iter().map(read).collect())
}

/// Takes somebody into a group because a provider says so.
pub(crate) async fn join(tx: &mut Tx, id: GroupId, user: UserId) -> Result<()> {
    tx.changes_access();
    let insert = sql(
        "INSERT INTO group_members (group_id, user_id, external) VALUES ($1, $2, TRUE) ON CONFLICT DO NOTHING",
    );
    tx.execute(insert.bind(id).bind(user)).await?;
    Ok(())
}
