//! Groups of accounts.

use super::{Db, Query, Tx, sql};
use crate::error::Result;
use model::{GroupId, Millis, UserId, account::Group};
use std::collections::HashMap;
use uuid::Uuid;

pub(crate) async fn insert(tx: &mut Tx, id: GroupId, name: &str, created: Millis) -> Result<()> {
    tx.execute(
        sql("INSERT INTO user_groups (id, name, created) VALUES ($1, $2, $3)")
            .bind(id)
            .bind(name)
            .bind(created),
    )
    .await?;
    Ok(())
}

/// All groups with their members, by name.
pub(crate) async fn list(mut db: &Db) -> Result<Vec<Group>> {
    let rows: Vec<(Uuid, String, Millis)> =
        db.all(sql("SELECT id, name, created FROM user_groups ORDER BY name")).await?;
    let members: Vec<(Uuid, String)> = db
        .all(sql(
            "SELECT m.group_id, u.name FROM group_members m JOIN users u ON u.id = m.user_id ORDER BY u.name",
        ))
        .await?;
    let mut of_group: HashMap<Uuid, Vec<String>> = HashMap::new();
    for (group, user) in members {
        of_group.entry(group).or_default().push(user);
    }
    Ok(rows
        .into_iter()
        .map(|(id, name, created)| Group {
            id: GroupId(id),
            name,
            created,
            members: of_group.remove(&id).unwrap_or_default(),
        })
        .collect())
}

pub(crate) async fn count(mut db: &Db) -> Result<i64> {
    Ok(db.first::<(i64,)>(sql("SELECT COUNT(*) FROM user_groups")).await?.map_or(0, |(count,)| count))
}

pub(crate) async fn find(mut db: &Db, name: &str) -> Result<Option<GroupId>> {
    let row: Option<(Uuid,)> = db.first(sql("SELECT id FROM user_groups WHERE name = $1").bind(name)).await?;
    Ok(row.map(|(id,)| GroupId(id)))
}

/// Names of the groups that an account is in, sorted.
pub(crate) async fn of_user(mut db: &Db, user: UserId) -> Result<Vec<String>> {
    let rows: Vec<(String,)> = db
        .all(
            sql("SELECT g.name FROM group_members m JOIN user_groups g ON g.id = m.group_id WHERE m.user_id = $1 ORDER BY g.name")
                .bind(user),
        )
        .await?;
    Ok(rows.into_iter().map(|(name,)| name).collect())
}

pub(crate) async fn rename(tx: &mut Tx, id: GroupId, name: &str) -> Result<()> {
    tx.execute(sql("UPDATE user_groups SET name = $1 WHERE id = $2").bind(name).bind(id)).await?;
    Ok(())
}

/// Its members lose what was given to it.
pub(crate) async fn delete(tx: &mut Tx, id: GroupId) -> Result<()> {
    tx.changes_access();
    tx.execute(sql("DELETE FROM user_groups WHERE id = $1").bind(id)).await?;
    Ok(())
}

/// Whether they weren't in it before.
pub(crate) async fn add(tx: &mut Tx, id: GroupId, user: UserId) -> Result<bool> {
    tx.changes_access();
    let insert = sql("INSERT INTO group_members (group_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING");
    let is_new = tx.execute(insert.bind(id).bind(user)).await? > 0;
    // By hand they are in it for good, whatever a provider said before.
    let keep =
        sql("UPDATE group_members SET external = FALSE WHERE group_id = $1 AND user_id = $2 AND external");
    tx.execute(keep.bind(id).bind(user)).await?;
    Ok(is_new)
}

/// Whether they were in it before.
pub(crate) async fn remove(tx: &mut Tx, id: GroupId, user: UserId) -> Result<bool> {
    tx.changes_access();
    let delete = sql("DELETE FROM group_members WHERE group_id = $1 AND user_id = $2");
    Ok(tx.execute(delete.bind(id).bind(user)).await? > 0)
}
