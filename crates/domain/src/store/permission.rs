//! Who may do what, as stored. Only the gate calls the finders.

use super::{Db, Query, Sql, Tx, parse, sql};
use crate::{error::Result, gate::VisibleTo};
use model::{ExperimentId, ModelId, Permission, RunId, UserId, experiment::Lifecycle};
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
    pub lifecycle: Lifecycle,
}

fn level_of(table: &'static str, row: impl ToString, rank: Option<i64>) -> Result<Option<Permission>> {
    rank.map(|rank| parse(table, "level", row, Permission::from_rank(rank))).transpose()
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
    let row: Option<Row> = db
        .first(
            sql("SELECT e.artifact_location, e.lifecycle, p.level FROM experiments e
                 LEFT JOIN experiment_permissions p ON p.experiment_id = e.id AND p.user_id = $1 WHERE e.id = $2")
            .bind(user.map(|user| user.0))
            .bind(id),
        )
        .await?;
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
    let mut select = sql("SELECT r.id, r.experiment_id, r.lifecycle, p.level FROM runs r
         LEFT JOIN experiment_permissions p ON p.experiment_id = r.experiment_id AND p.user_id = $1 WHERE r.id IN ")
    .bind(user.map(|user| user.0));
    select.push_list(ids.iter().copied());
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
    #[derive(FromRow)]
    struct Row {
        experiment_id: i64,
        lifecycle: String,
        level: Option<i64>,
    }
    let mut db = db;
    let row: Option<Row> = db
        .first(
            sql("SELECT m.experiment_id, m.lifecycle, p.level FROM logged_models m
                 LEFT JOIN experiment_permissions p ON p.experiment_id = m.experiment_id AND p.user_id = $1 WHERE m.id = $2")
            .bind(user.map(|user| user.0))
            .bind(id),
        )
        .await?;
    row.map(|row| {
        Ok(Found {
            level: level_of("experiment_permissions", row.experiment_id, row.level)?,
            thing: FoundModel {
                lifecycle: parse("logged_models", "lifecycle", id, row.lifecycle.parse().ok())?,
            },
        })
    })
    .transpose()
}

pub(crate) async fn of_registered(db: &Db, name: &str, user: Option<UserId>) -> Result<Option<Found<()>>> {
    let mut db = db;
    let row: Option<(Option<i64>,)> = db
        .first(
            sql("SELECT p.level FROM registered_models m
                 LEFT JOIN registered_model_permissions p ON p.name = m.name AND p.user_id = $1 WHERE m.name = $2")
            .bind(user.map(|user| user.0))
            .bind(name),
        )
        .await?;
    row.map(|(level,)| Ok(Found { thing: (), level: level_of("registered_model_permissions", name, level)? }))
        .transpose()
}

/// Adds the condition that the experiment in `column` is visible. The statement goes on with whatever comes next.
pub(crate) fn push_visible_experiment(select: &mut Sql, visible: VisibleTo, column: &'static str) {
    let VisibleTo::User { user, by_default } = visible else {
        select.push("TRUE");
        return;
    };
    select.push("(EXISTS (SELECT 1 FROM experiment_permissions vp WHERE vp.experiment_id = ").push(column);
    select.push(" AND vp.level >= 1 AND vp.user_id = ").push_bind(user).push(")");
    if by_default {
        select
            .push(" OR NOT EXISTS (SELECT 1 FROM experiment_permissions vp WHERE vp.experiment_id = ")
            .push(column);
        select.push(" AND vp.user_id = ").push_bind(user).push(")");
    }
    select.push(")");
}

/// Adds the condition that the registered model named in `column` is visible.
pub(crate) fn push_visible_registered(select: &mut Sql, visible: VisibleTo, column: &'static str) {
    let VisibleTo::User { user, by_default } = visible else {
        select.push("TRUE");
        return;
    };
    select.push("(EXISTS (SELECT 1 FROM registered_model_permissions vp WHERE vp.name = ").push(column);
    select.push(" AND vp.level >= 1 AND vp.user_id = ").push_bind(user).push(")");
    if by_default {
        select
            .push(" OR NOT EXISTS (SELECT 1 FROM registered_model_permissions vp WHERE vp.name = ")
            .push(column);
        select.push(" AND vp.user_id = ").push_bind(user).push(")");
    }
    select.push(")");
}

/// Says what somebody may do to an experiment; what was said before no longer counts.
pub(crate) async fn set_experiment(
    tx: &mut Tx,
    id: ExperimentId,
    user: UserId,
    level: Permission,
) -> Result<()> {
    tx.changes_access();
    tx.execute(
        sql("INSERT INTO experiment_permissions (experiment_id, user_id, level) VALUES ($1, $2, $3)
             ON CONFLICT (experiment_id, user_id) DO UPDATE SET level = excluded.level")
        .bind(id)
        .bind(user)
        .bind(level.rank()),
    )
    .await?;
    Ok(())
}

/// Says what somebody may do to a registered model; what was said before no longer counts.
pub(crate) async fn set_registered(tx: &mut Tx, name: &str, user: UserId, level: Permission) -> Result<()> {
    tx.changes_access();
    tx.execute(
        sql("INSERT INTO registered_model_permissions (name, user_id, level) VALUES ($1, $2, $3)
             ON CONFLICT (name, user_id) DO UPDATE SET level = excluded.level")
        .bind(name)
        .bind(user)
        .bind(level.rank()),
    )
    .await?;
    Ok(())
}
