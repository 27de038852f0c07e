//! The server as a whole: settings, and what takes how much.

use super::{Db, Query, Tx, parse, sql};
use crate::error::Result;
use model::{ExperimentId, RunId, UserId, experiment::Lifecycle, operation::Settings};
use sqlx::FromRow;
use std::collections::HashMap;
use uuid::Uuid;

const PUBLIC_LINKS: &str = "public_links";

fn word(is_on: bool) -> &'static str {
    if is_on { "on" } else { "off" }
}

pub(crate) async fn settings(db: &mut impl Query) -> Result<Settings> {
    let mut settings = Settings::default();
    for (name, value) in db.all::<(String, String)>(sql("SELECT name, value FROM settings")).await? {
        let is_on = match value.as_str() {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        };
        // What a later version knows is left alone.
        if name == PUBLIC_LINKS {
            settings.public_links = parse("settings", "value", &name, is_on)?;
        }
    }
    Ok(settings)
}

pub(crate) async fn set_settings(tx: &mut Tx, settings: Settings) -> Result<()> {
    let upsert = sql("INSERT INTO settings (name, value) VALUES ($1, $2)
                      ON CONFLICT (name) DO UPDATE SET value = excluded.value");
    tx.execute(upsert.bind(PUBLIC_LINKS).bind(word(settings.public_links))).await?;
    Ok(())
}

/// Runs of one account in one experiment, and their points.
#[derive(FromRow)]
pub(crate) struct Share {
    pub experiment_id: i64,
    pub created_by: Option<Uuid>,
    pub runs: i64,
    pub points: i64,
    pub bytes: i64,
}

/// All runs, by experiment and by who made them.
pub(crate) async fn shares(mut db: &Db) -> Result<Vec<Share>> {
    // Neither database reads a value to tell its length.
    db.all(sql("SELECT r.experiment_id, r.created_by, COUNT(*) AS runs,
                CAST(SUM(COALESCE(s.points, 0) + COALESCE(b.points, 0)) AS BIGINT) AS points,
                CAST(SUM(COALESCE(s.bytes, 0) + COALESCE(b.bytes, 0)) AS BIGINT) AS bytes
         FROM runs r
         LEFT JOIN (SELECT run_id, CAST(SUM(count) AS BIGINT) AS points, CAST(SUM(LENGTH(data)) AS BIGINT) AS bytes
                    FROM segments GROUP BY run_id) s ON s.run_id = r.id
         LEFT JOIN (SELECT run_id, CAST(SUM(count) AS BIGINT) AS points, CAST(SUM(LENGTH(data)) AS BIGINT) AS bytes
                    FROM blocks GROUP BY run_id) b ON b.run_id = r.id
         GROUP BY r.experiment_id, r.created_by"))
        .await
}

/// Names of all experiments, and whether they are in the trash.
pub(crate) async fn experiments(mut db: &Db) -> Result<Vec<(ExperimentId, String, bool)>> {
    let rows: Vec<(i64, String, String)> =
        db.all(sql("SELECT id, name, lifecycle FROM experiments ORDER BY id")).await?;
    let read = |(id, name, lifecycle): (i64, String, String)| {
        let lifecycle: Lifecycle = parse("experiments", "lifecycle", id, lifecycle.parse().ok())?;
        Ok((ExperimentId(id), name, lifecycle == Lifecycle::Deleted))
    };
    rows.into_iter().map(read).collect()
}

/// Names of all accounts, of deleted ones too.
pub(crate) async fn names(mut db: &Db) -> Result<HashMap<UserId, String>> {
    let rows: Vec<(Uuid, String)> = db.all(sql("SELECT id, name FROM users")).await?;
    Ok(rows.into_iter().map(|(id, name)| (UserId(id), name)).collect())
}

/// Where these runs are and who made them: those that are there.
pub(crate) async fn makers(
    mut db: &Db,
    runs: &[RunId],
) -> Result<Vec<(RunId, ExperimentId, Option<UserId>)>> {
    let mut select = sql("SELECT id, experiment_id, created_by FROM runs WHERE id IN ");
    select.push_list(runs.iter().copied());
    let rows: Vec<(Uuid, i64, Option<Uuid>)> = db.all(select).await?;
    let read = |(run, experiment, user): (Uuid, i64, Option<Uuid>)| {
        (RunId(run), ExperimentId(experiment), user.map(UserId))
    };
    Ok(rows.into_iter().map(read).collect())
}
