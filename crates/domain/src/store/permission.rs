//! Who may do what, as stored. Only the gate calls the finders.

use super::{Arg, Db, Query, Sql, Tx, parse, sql};
use crate::{
    error::Result,
    gate::{ExperimentGrant, Manage, RegisteredGrant, VisibleTo},
};
use model::{
    ExperimentId, GroupId, ModelId, Permission, RunId, TraceId, UserId,
    audit::Object,
    experiment::Lifecycle,
    permission::{Given, Held, Resource, Subject},
};
use sqlx::FromRow;
use std::sync::Arc;
use uuid::Uuid;

/// A thing and the level that was given to an account, if any was.
#[derive(Debug, Clone)]
pub(crate) struct Found<T> {
    pub thing: T,
    pub level: Option<Permission>,
}

#[derive(Debug, Clone)]
pub(crate) struct FoundExperiment {
    pub artifact_location: Arc<str>,
    pub lifecycle: Lifecycle,
}

#[derive(Debug, Clone)]
pub(crate) struct FoundRun {
    pub id: RunId,
    pub experiment: ExperimentId,
    pub lifecycle: Lifecycle,
}

pub(crate) struct FoundModel {
    pub experiment: ExperimentId,
    pub lifecycle: Lifecycle,
}

fn level_of(table: &'static str, row: impl ToString, rank: Option<i64>) -> Result<Option<Permission>> {
    rank.map(|rank| parse(table, "level", row, Permission::from_rank(rank))).transpose()
}

/// What permissions are given to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Experiment,
    Registered,
}

impl Kind {
    /// The table of what is given to accounts, that of groups, that of the things, and the things' key in the first two and
    /// in the third.
    fn tables(self) -> (&'static str, &'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Experiment => (
                "experiment_permissions",
                "experiment_group_permissions",
                "experiments",
                "experiment_id",
                "id",
            ),
            Self::Registered => (
                "registered_model_permissions",
                "registered_model_group_permissions",
                "registered_models",
                "name",
                "name",
            ),
        }
    }

    /// Adds an expression: the level that counts for an account of all that was given of the thing in `column`, NULL if
    /// nothing was. The rule is that of [`model::permission::effective`].
    fn push_given(self, select: &mut Sql, column: &'static str, user: Option<UserId>) {
        let user = user.map(|user| user.0);
        let (to_users, to_groups, things, thing, id) = self.tables();
        select.push("COALESCE((SELECT gp.level FROM ").push(to_users).push(" gp WHERE gp.").push(thing);
        select.push(" = ").push(column).push(" AND gp.user_id = ").push_bind(user);
        select.push("), (SELECT MAX(gp.level) FROM ").push(to_groups);
        select.push(" gp JOIN group_members gm ON gm.group_id = gp.group_id WHERE gp.").push(thing);
        select.push(" = ").push(column).push(" AND gm.user_id = ").push_bind(user);
        select.push("), (SELECT gt.everyone_level FROM ").push(things).push(" gt WHERE gt.").push(id);
        select.push(" = ").push(column).push("))");
    }

    /// Adds the condition that the caller has this level, or more, of the thing in `column`.
    fn push_has(self, select: &mut Sql, visible: &VisibleTo, column: &'static str, level: Permission) {
        match (&visible.only, self) {
            (None, _) => {}
            (Some(only), Self::Experiment) if !only.is_empty() => {
                select.push(column).push(" IN ").push_list(only.iter().copied()).push(" AND ");
            }
            (Some(_), _) => {
                select.push("FALSE AND ");
            }
        }
        let Some((user, default)) = visible.account else {
            select.push("TRUE");
            return;
        };
        select.push("COALESCE(");
        self.push_given(select, column, Some(user));
        select.push(", ").push_bind(default.rank()).push(") >= ").push_bind(level.rank());
    }
}

pub(crate) async fn of_experiment(
    db: &Db,
    id: ExperimentId,
    user: Option<UserId>,
) -> Result<Option<Found<FoundExperiment>>> {
    #[derive(FromRow)]
    struct Row {
        artifact_location: String,
        lifecycle: String,
        level: Option<i64>,
    }
    let mut db = db;
    let mut select = sql("SELECT e.artifact_location, e.lifecycle, ");
    Kind::Experiment.push_given(&mut select, "e.id", user);
    select.push(" AS level FROM experiments e WHERE e.id = ").push_bind(id);
    let row: Option<Row> = db.first(select).await?;
    row.map(|row| {
        Ok(Found {
            level: level_of("experiment_permissions", id, row.level)?,
            thing: FoundExperiment {
                artifact_location: row.artifact_location.into(),
                lifecycle: parse("experiments", "lifecycle", id, row.lifecycle.parse().ok())?,
            },
        })
    })
    .transpose()
}

pub(crate) async fn of_runs(db: &Db, ids: &[RunId], user: Option<UserId>) -> Result<Vec<Found<FoundRun>>> {
    #[derive(FromRow)]
    struct Row {
        id: Uuid,
        experiment_id: i64,
        lifecycle: String,
        level: Option<i64>,
    }
    let mut db = db;
    let mut select = sql("SELECT r.id, r.experiment_id, r.lifecycle, ");
    Kind::Experiment.push_given(&mut select, "r.experiment_id", user);
    select.push(" AS level FROM runs r WHERE r.id IN ").push_list(ids.iter().copied());
    let rows: Vec<Row> = db.all(select).await?;
    rows.into_iter()
        .map(|row| {
            let id = RunId(row.id);
            Ok(Found {
                level: level_of("experiment_permissions", row.experiment_id, row.level)?,
                thing: FoundRun {
                    id,
                    experiment: ExperimentId(row.experiment_id),
                    lifecycle: parse("runs", "lifecycle", id, row.lifecycle.parse().ok())?,
                },
            })
        })
        .collect()
}

pub(crate) async fn of_model(
    db: &Db,
    id: ModelId,
    user: Option<UserId>,
) -> Result<Option<Found<FoundModel>>> {
    let mut db = db;
    let mut select = sql("SELECT m.experiment_id, m.lifecycle, ");
    Kind::Experiment.push_given(&mut select, "m.experiment_id", user);
    select.push(" AS level FROM logged_models m WHERE m.id = ").push_bind(id);
    let row: Option<(i64, String, Option<i64>)> = db.first(select).await?;
    row.map(|(experiment, lifecycle, level)| {
        Ok(Found {
            level: level_of("experiment_permissions", experiment, level)?,
            thing: FoundModel {
                experiment: ExperimentId(experiment),
                lifecycle: parse("logged_models", "lifecycle", id, lifecycle.parse().ok())?,
            },
        })
    })
    .transpose()
}

/// The experiment of a trace.
pub(crate) async fn of_trace(
    mut db: &Db,
    id: TraceId,
    user: Option<UserId>,
) -> Result<Option<Found<ExperimentId>>> {
    let mut select = sql("SELECT t.experiment_id, ");
    Kind::Experiment.push_given(&mut select, "t.experiment_id", user);
    select.push(" AS level FROM traces t WHERE t.id = ").push_bind(id);
    let row: Option<(i64, Option<i64>)> = db.first(select).await?;
    row.map(|(experiment, level)| {
        let level = level_of("experiment_permissions", experiment, level)?;
        Ok(Found { thing: ExperimentId(experiment), level })
    })
    .transpose()
}

pub(crate) async fn of_registered(db: &Db, name: &str, user: Option<UserId>) -> Result<Option<Found<()>>> {
    let mut db = db;
    let mut select = sql("SELECT ");
    Kind::Registered.push_given(&mut select, "m.name", user);
    select.push(" AS level FROM registered_models m WHERE m.name = ").push_bind(name);
    let row: Option<(Option<i64>,)> = db.first(select).await?;
    row.map(|(level,)| Ok(Found { thing: (), level: level_of("registered_model_permissions", name, level)? }))
        .transpose()
}

/// Adds the condition that the experiment in `column` is visible. The statement goes on with whatever comes next.
pub(crate) fn push_visible_experiment(select: &mut Sql, visible: &VisibleTo, column: &'static str) {
    Kind::Experiment.push_has(select, visible, column, Permission::Read);
}

/// Adds the condition that the caller has this level, or more, of the experiment in `column`.
pub(crate) fn push_permitted_experiment(
    select: &mut Sql,
    visible: &VisibleTo,
    column: &'static str,
    level: Permission,
) {
    Kind::Experiment.push_has(select, visible, column, level);
}

/// Adds the condition that the registered model named in `column` is visible.
pub(crate) fn push_visible_registered(select: &mut Sql, visible: &VisibleTo, column: &'static str) {
    Kind::Registered.push_has(select, visible, column, Permission::Read);
}

/// A thing whose manager says who may do what to it.
#[derive(Clone, Copy)]
pub(crate) enum Managed<'a> {
    Experiment(&'a ExperimentGrant<Manage>),
    Registered(&'a RegisteredGrant<Manage>),
}

impl Managed<'_> {
    fn kind(self) -> Kind {
        match self {
            Self::Experiment(_) => Kind::Experiment,
            Self::Registered(_) => Kind::Registered,
        }
    }

    /// As the audit log names it.
    pub fn object(self) -> Object {
        match self {
            Self::Experiment(grant) => Object::Experiment(grant.id()),
            Self::Registered(grant) => Object::Registered(grant.name().to_owned()),
        }
    }

    fn key(self) -> Arg {
        match self {
            Self::Experiment(grant) => grant.id().into(),
            Self::Registered(grant) => grant.name().into(),
        }
    }
}

/// To whom something is given, by id.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SubjectId {
    User(UserId),
    Group(GroupId),
    Everyone,
}

/// Says what somebody may do to a thing; what was said before no longer counts.
pub(crate) async fn give(tx: &mut Tx, managed: Managed<'_>, to: SubjectId, level: Permission) -> Result<()> {
    set(tx, managed.kind(), managed.key(), to, level).await
}

/// Who makes a thing may manage it.
pub(crate) async fn give_maker(tx: &mut Tx, made: Made<'_>, user: UserId) -> Result<()> {
    let (kind, key) = match made {
        Made::Experiment(id) => (Kind::Experiment, id.into()),
        Made::Registered(name) => (Kind::Registered, name.into()),
    };
    set(tx, kind, key, SubjectId::User(user), Permission::Manage).await
}

/// A thing that is made in this transaction.
#[derive(Clone, Copy)]
pub(crate) enum Made<'a> {
    Experiment(ExperimentId),
    Registered(&'a str),
}

async fn set(tx: &mut Tx, kind: Kind, key: Arg, to: SubjectId, level: Permission) -> Result<()> {
    tx.changes_access();
    let (to_users, to_groups, things, thing, id) = kind.tables();
    let (table, column, subject): (_, _, Uuid) = match to {
        SubjectId::User(user) => (to_users, "user_id", user.0),
        SubjectId::Group(group) => (to_groups, "group_id", group.0),
        SubjectId::Everyone => {
            let mut update = sql("UPDATE ");
            update.push(things).push(" SET everyone_level = ").push_bind(level.rank());
            update.push(" WHERE ").push(id).push(" = ").push_bind(key);
            tx.execute(update).await?;
            return Ok(());
        }
    };
    let mut insert = sql("INSERT INTO ");
    insert.push(table).push(" (").push(thing).push(", ").push(column).push(", level) VALUES ");
    insert.push_list([key, subject.into(), level.rank().into()]);
    insert.push(" ON CONFLICT (").push(thing).push(", ").push(column);
    insert.push(") DO UPDATE SET level = excluded.level");
    tx.execute(insert).await?;
    Ok(())
}

/// Takes back what was said of somebody, who then has what their groups, everyone or nobody has. Whether something was.
pub(crate) async fn take(tx: &mut Tx, managed: Managed<'_>, from: SubjectId) -> Result<bool> {
    tx.changes_access();
    let (to_users, to_groups, things, thing, id) = managed.kind().tables();
    let mut change = match from {
        SubjectId::User(user) => {
            let mut delete = sql("DELETE FROM ");
            delete.push(to_users).push(" WHERE user_id = ").push_bind(user).push(" AND ").push(thing);
            delete
        }
        SubjectId::Group(group) => {
            let mut delete = sql("DELETE FROM ");
            delete.push(to_groups).push(" WHERE group_id = ").push_bind(group).push(" AND ").push(thing);
            delete
        }
        SubjectId::Everyone => {
            let mut update = sql("UPDATE ");
            update
                .push(things)
                .push(" SET everyone_level = NULL WHERE everyone_level IS NOT NULL AND ")
                .push(id);
            update
        }
    };
    change.push(" = ").push_bind(managed.key());
    Ok(tx.execute(change).await? > 0)
}

/// All that was given of a thing, sorted by subject.
pub(crate) async fn list(on: &mut impl Query, managed: Managed<'_>) -> Result<Vec<Given>> {
    let (to_users, to_groups, things, thing, id) = managed.kind().tables();
    let mut select = sql("SELECT 'user', u.name, p.level FROM ");
    select.push(to_users).push(" p JOIN users u ON u.id = p.user_id WHERE p.").push(thing);
    select.push(" = ").push_bind(managed.key());
    select.push(" UNION ALL SELECT 'group', g.name, p.level FROM ").push(to_groups);
    select.push(" p JOIN user_groups g ON g.id = p.group_id WHERE p.").push(thing);
    select.push(" = ").push_bind(managed.key());
    select.push(" UNION ALL SELECT 'everyone', '', t.everyone_level FROM ").push(things);
    select.push(" t WHERE t.everyone_level IS NOT NULL AND t.").push(id);
    select.push(" = ").push_bind(managed.key());
    let rows: Vec<(String, String, i64)> = on.all(select).await?;
    let mut given = rows
        .into_iter()
        .map(|(kind, name, rank)| {
            let level = parse(to_users, "level", &name, Permission::from_rank(rank))?;
            let to = match kind.as_str() {
                "user" => Subject::User(name),
                "group" => Subject::Group(name),
                _ => Subject::Everyone,
            };
            Ok(Given { to, level })
        })
        .collect::<Result<Vec<_>>>()?;
    given.sort();
    Ok(given)
}

#[derive(FromRow)]
struct HeldRow {
    experiment_id: Option<i64>,
    name: Option<String>,
    team: Option<String>,
    team_id: Option<Uuid>,
    level: i64,
}

/// All that was given to an account and to its groups.
pub(crate) async fn held(mut db: &Db, user: UserId) -> Result<Vec<Held>> {
    let select = sql("SELECT p.experiment_id, NULL AS name, NULL AS team, NULL AS team_id, p.level FROM experiment_permissions p WHERE p.user_id = $1
         UNION ALL SELECT p.experiment_id, NULL, g.name, g.id, p.level FROM experiment_group_permissions p
         JOIN group_members m ON m.group_id = p.group_id AND m.user_id = $1 JOIN user_groups g ON g.id = p.group_id
         UNION ALL SELECT NULL, p.name, NULL, NULL, p.level FROM registered_model_permissions p WHERE p.user_id = $1
         UNION ALL SELECT NULL, p.name, g.name, g.id, p.level FROM registered_model_group_permissions p
         JOIN group_members m ON m.group_id = p.group_id AND m.user_id = $1 JOIN user_groups g ON g.id = p.group_id");
    let read = |row: HeldRow| {
        let level =
            parse("experiment_permissions", "level", user.to_string(), Permission::from_rank(row.level))?;
        let of = match row.experiment_id {
            Some(id) => Resource::Experiment(ExperimentId(id)),
            None => Resource::Registered(row.name.unwrap_or_default()),
        };
        let group = row.team.zip(row.team_id.map(GroupId));
        Ok(Held { of, group, level })
    };
    let rows: Vec<HeldRow> = db.all(select.bind(user)).await?;
    let mut held = rows.into_iter().map(read).collect::<Result<Vec<_>>>()?;
    held.sort();
    Ok(held)
}
