//! Groups of accounts.

use super::{Db, Query, Sql, Tx, parse, sql};
use crate::error::Result;
use model::{
    ExperimentId, GroupId, Millis, Permission, UserId,
    account::Group,
    permission::{GroupPermissions, Resource},
};
use sqlx::FromRow;
use std::collections::HashMap;
use uuid::Uuid;

/// Which groups are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which {
    All,
    One(GroupId),
    /// Those that an account is in.
    Of(UserId),
}

impl Which {
    /// Adds the condition that the group in `column` is one of them.
    fn push(self, select: &mut Sql, column: &'static str) {
        match self {
            Self::All => {
                select.push("TRUE");
            }
            Self::One(id) => {
                select.push(column).push(" = ").push_bind(id);
            }
            Self::Of(user) => {
                select.push(column).push(" IN (SELECT gm.group_id FROM group_members gm WHERE gm.user_id = ");
                select.push_bind(user).push(")");
            }
        }
    }
}

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

/// The accounts in a group, by name.
pub(crate) async fn members(mut db: &Db, id: GroupId) -> Result<Vec<UserId>> {
    let select = sql(
        "SELECT u.id FROM group_members m JOIN users u ON u.id = m.user_id WHERE m.group_id = $1 ORDER BY u.name",
    );
    let rows: Vec<(Uuid,)> = db.all(select.bind(id)).await?;
    Ok(rows.into_iter().map(|(id,)| UserId(id)).collect())
}

#[derive(FromRow)]
struct GivenRow {
    group_id: Uuid,
    experiment_id: Option<i64>,
    name: Option<String>,
    level: i64,
}

/// Groups by name, each with all that was given to it.
pub(crate) async fn with_permissions(mut db: &Db, which: Which) -> Result<Vec<GroupPermissions>> {
    let mut select = sql("SELECT g.id, g.name FROM user_groups g WHERE ");
    which.push(&mut select, "g.id");
    select.push(" ORDER BY g.name");
    let groups: Vec<(Uuid, String)> = db.all(select).await?;
    let mut select = sql(
        "SELECT p.group_id, p.experiment_id, NULL AS name, p.level FROM experiment_group_permissions p WHERE ",
    );
    which.push(&mut select, "p.group_id");
    select.push(
        " UNION ALL SELECT p.group_id, NULL, p.name, p.level FROM registered_model_group_permissions p WHERE ",
    );
    which.push(&mut select, "p.group_id");
    let rows: Vec<GivenRow> = db.all(select).await?;
    let mut of_group: HashMap<Uuid, Vec<(Resource, Permission)>> = HashMap::new();
    for row in rows {
        let level =
            parse("experiment_group_permissions", "level", row.group_id, Permission::from_rank(row.level))?;
        let of = match row.experiment_id {
            Some(id) => Resource::Experiment(ExperimentId(id)),
            None => Resource::Registered(row.name.unwrap_or_default()),
        };
        of_group.entry(row.group_id).or_default().push((of, level));
    }
    Ok(groups
        .into_iter()
        .map(|(id, name)| {
            let mut given = of_group.remove(&id).unwrap_or_default();
            given.sort();
            GroupPermissions { id: GroupId(id), name, given }
        })
        .collect())
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
