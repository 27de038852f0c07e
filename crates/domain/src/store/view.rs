//! Saved views.

use super::{Db, Query, Tx, sql};
use crate::{
    error::Result,
    gate::{ExperimentGrant, Read},
};
use model::{Millis, UserId, ViewId, view::SavedView};
use sqlx::FromRow;
use uuid::Uuid;

#[derive(FromRow)]
struct Row {
    id: Uuid,
    user_id: Option<Uuid>,
    maker: Option<String>,
    name: String,
    state: String,
    shared: bool,
    opens: bool,
}

/// The views of an experiment that are shared or of this account, by name.
pub(crate) async fn list(
    mut db: &Db,
    grant: &ExperimentGrant<Read>,
    of: Option<UserId>,
) -> Result<Vec<SavedView>> {
    let mut select = sql("SELECT v.id, v.user_id, u.name AS maker, v.name, v.state, v.shared, v.opens
         FROM views v LEFT JOIN users u ON u.id = v.user_id WHERE v.experiment_id = ");
    select.push_bind(grant.id()).push(" AND (v.shared = TRUE OR v.user_id ");
    match of {
        Some(user) => select.push("= ").push_bind(user),
        None => select.push("IS NULL"),
    };
    select.push(") ORDER BY v.name, v.created, v.id");
    let rows: Vec<Row> = db.all(select).await?;
    let view = |row: Row| SavedView {
        id: ViewId(row.id),
        name: row.name,
        state: row.state,
        shared: row.shared,
        opens: row.opens,
        maker: row.maker.unwrap_or_default(),
        is_own: row.user_id.map(UserId) == of,
    };
    Ok(rows.into_iter().map(view).collect())
}

/// The state of the view that an experiment opens with.
pub(crate) async fn opening(mut db: &Db, grant: &ExperimentGrant<Read>) -> Result<Option<String>> {
    let select = sql("SELECT state FROM views WHERE experiment_id = $1 AND opens = TRUE").bind(grant.id());
    Ok(db.first::<(String,)>(select).await?.map(|(state,)| state))
}

/// How many views an account has in an experiment.
pub(crate) async fn count(tx: &mut Tx, grant: &ExperimentGrant<Read>, of: Option<UserId>) -> Result<i64> {
    let mut select = sql("SELECT COUNT(*) FROM views WHERE experiment_id = ");
    select.push_bind(grant.id()).push(" AND user_id ");
    match of {
        Some(user) => select.push("= ").push_bind(user),
        None => select.push("IS NULL"),
    };
    Ok(tx.first::<(i64,)>(select).await?.map_or(0, |(count,)| count))
}

/// An experiment opens with one view at most.
pub(crate) async fn insert(
    tx: &mut Tx,
    grant: &ExperimentGrant<Read>,
    of: Option<UserId>,
    view: &SavedView,
    now: Millis,
) -> Result<()> {
    if view.opens {
        tx.execute(
            sql("UPDATE views SET opens = FALSE WHERE experiment_id = $1 AND opens = TRUE").bind(grant.id()),
        )
        .await?;
    }
    tx.execute(
        sql("INSERT INTO views (id, experiment_id, user_id, name, state, shared, opens, created)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(view.id)
        .bind(grant.id())
        .bind(of.map(|user| user.0))
        .bind(&view.name)
        .bind(&view.state)
        .bind(view.shared)
        .bind(view.opens)
        .bind(now),
    )
    .await?;
    Ok(())
}

pub(crate) async fn delete_named(
    tx: &mut Tx,
    grant: &ExperimentGrant<Read>,
    of: Option<UserId>,
    name: &str,
) -> Result<()> {
    let mut delete = sql("DELETE FROM views WHERE experiment_id = ");
    delete.push_bind(grant.id()).push(" AND name = ").push_bind(name).push(" AND user_id ");
    match of {
        Some(user) => delete.push("= ").push_bind(user),
        None => delete.push("IS NULL"),
    };
    tx.execute(delete).await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut Tx, grant: &ExperimentGrant<Read>, id: ViewId) -> Result<()> {
    tx.execute(sql("DELETE FROM views WHERE experiment_id = $1 AND id = $2").bind(grant.id()).bind(id))
        .await?;
    Ok(())
}
