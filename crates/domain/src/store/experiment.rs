//! Experiments and their tags.

use super::{
    Arg, Db, Query, Sql, Tx, parse,
    permission::push_visible_experiment,
    search::{Slice, push_key_test, push_text_test, push_view},
    sql,
};
use crate::{
    error::{Error, Result},
    gate::{Edit, ExperimentGrant, Manage, VisibleTo},
};
use model::{
    ExperimentId, Millis,
    experiment::{Experiment, Lifecycle, ViewType},
    filter::{ExperimentCondition, ExperimentFilter, ExperimentOrder, ExperimentTime, IdTest, OrderBy},
    page::ExperimentRow,
    run::Tag,
};
use sqlx::FromRow;
use std::collections::HashMap;

#[derive(FromRow)]
struct Row {
    id: i64,
    name: String,
    artifact_location: String,
    lifecycle: String,
    created: Millis,
    updated: Millis,
}

impl Row {
    fn into_experiment(self, tags: Vec<Tag>) -> Result<Experiment> {
        Ok(Experiment {
            id: ExperimentId(self.id),
            name: self.name,
            artifact_location: self.artifact_location,
            lifecycle: parse("experiments", "lifecycle", self.id, self.lifecycle.parse().ok())?,
            created: self.created,
            updated: self.updated,
            tags,
        })
    }
}

/// Creates experiment 0 if it isn't there.
pub(crate) async fn insert_default(tx: &mut Tx, location: &str, now: Millis) -> Result<()> {
    tx.execute(
        sql("INSERT INTO experiments (id, name, artifact_location, lifecycle, created, updated)
             VALUES (0, 'Default', $1, 'active', $2, $2) ON CONFLICT DO NOTHING")
        .bind(location)
        .bind(now),
    )
    .await?;
    Ok(())
}

/// A new experiment, whose location is set next, when its number is known.
pub(crate) async fn insert(tx: &mut Tx, name: &str, now: Millis) -> Result<ExperimentId> {
    let row: Option<(i64,)> = tx
        .first(
            sql("INSERT INTO experiments (name, artifact_location, lifecycle, created, updated)
                 VALUES ($1, '', 'active', $2, $2) RETURNING id")
            .bind(name)
            .bind(now),
        )
        .await?;
    row.map(|(id,)| ExperimentId(id)).ok_or_else(|| Error::Fault("INSERT returned no row".into()))
}

/// Completes an experiment that this transaction inserted.
pub(crate) async fn set_new(tx: &mut Tx, id: ExperimentId, location: &str, tags: &[Tag]) -> Result<()> {
    tx.execute(sql("UPDATE experiments SET artifact_location = $1 WHERE id = $2").bind(location).bind(id))
        .await?;
    for tag in tags {
        insert_tag(tx, id, tag).await?;
    }
    Ok(())
}

pub(crate) async fn get<L>(mut db: &Db, grant: &ExperimentGrant<L>) -> Result<Experiment> {
    let row: Option<Row> = db
        .first(
            sql("SELECT id, name, artifact_location, lifecycle, created, updated FROM experiments WHERE id = $1")
                .bind(grant.id()),
        )
        .await?;
    let row = row.ok_or_else(|| Error::missing(format!("No Experiment with id={} exists", grant.id())))?;
    let tags = tags_of(db, &[grant.id()]).await?.remove(&grant.id()).unwrap_or_default();
    row.into_experiment(tags)
}

pub(crate) async fn find_id(mut db: &Db, visible: &VisibleTo, name: &str) -> Result<Option<ExperimentId>> {
    let mut select = sql("SELECT e.id FROM experiments e WHERE e.name = $1 AND ").bind(name);
    push_visible_experiment(&mut select, visible, "e.id");
    Ok(db.first::<(i64,)>(select).await?.map(|(id,)| ExperimentId(id)))
}

async fn tags_of(mut db: &Db, ids: &[ExperimentId]) -> Result<HashMap<ExperimentId, Vec<Tag>>> {
    let mut select = sql("SELECT experiment_id, key, value FROM experiment_tags WHERE experiment_id IN ");
    select.push_list(ids.iter().copied()).push(" ORDER BY experiment_id, key");
    let mut tags: HashMap<_, Vec<Tag>> = HashMap::new();
    for (id, key, value) in db.all::<(i64, String, String)>(select).await? {
        tags.entry(ExperimentId(id)).or_default().push(Tag { key, value });
    }
    Ok(tags)
}

pub(crate) async fn search(
    mut db: &Db,
    visible: &VisibleTo,
    filter: &ExperimentFilter,
    order: &[OrderBy<ExperimentOrder>],
    view: ViewType,
    slice: Slice,
) -> Result<Vec<Experiment>> {
    let mut select = sql(
        "SELECT e.id, e.name, e.artifact_location, e.lifecycle, e.created, e.updated FROM experiments e WHERE ",
    );
    push_visible_experiment(&mut select, visible, "e.id");
    push_view(&mut select, view, "e.lifecycle");
    for condition in filter.conditions() {
        select.push(" AND ");
        push_condition(&mut select, condition);
    }
    select.push(" ORDER BY ");
    for by in order {
        select.push(match by.key {
            ExperimentOrder::Name => "e.name",
            ExperimentOrder::Id => "e.id",
            ExperimentOrder::Creation => "e.created",
            ExperimentOrder::LastUpdate => "e.updated",
        });
        select.push(if by.descending { " DESC, " } else { ", " });
    }
    select.push(if order.is_empty() { "e.created DESC, e.id ASC" } else { "e.id DESC" });
    slice.push(&mut select);
    let rows: Vec<Row> = db.all(select).await?;
    let mut tags = HashMap::new();
    for chunk in rows.chunks(1000) {
        let ids: Vec<_> = chunk.iter().map(|row| ExperimentId(row.id)).collect();
        tags.extend(tags_of(db, &ids).await?);
    }
    rows.into_iter()
        .map(|row| {
            let tags = tags.remove(&ExperimentId(row.id)).unwrap_or_default();
            row.into_experiment(tags)
        })
        .collect()
}

fn push_condition(select: &mut Sql, condition: &ExperimentCondition) {
    match condition {
        ExperimentCondition::Name(test) => push_text_test(select, "e.name", test),
        ExperimentCondition::Id(test) => push_id_test(select, "e.id", test),
        ExperimentCondition::Time(time, op, millis) => {
            select.push(match time {
                ExperimentTime::Creation => "e.created ",
                ExperimentTime::LastUpdate => "e.updated ",
            });
            select.push(op.as_str()).push(" ").push_bind(*millis);
        }
        ExperimentCondition::Tag { key, test } => push_key_test(
            select,
            "EXISTS (SELECT 1 FROM experiment_tags t WHERE t.experiment_id = e.id AND t.key = ",
            key,
            "t.value",
            test,
        ),
    }
}

fn push_id_test(select: &mut Sql, column: &'static str, test: &IdTest<i64>) {
    select.push(column);
    match test {
        IdTest::Eq(id) => select.push(" = ").push_bind(*id),
        IdTest::Ne(id) => select.push(" <> ").push_bind(*id),
        IdTest::In(ids) => select.push(" IN ").push_list(ids.as_slice().iter().copied()),
        IdTest::NotIn(ids) => select.push(" NOT IN ").push_list(ids.as_slice().iter().copied()),
    };
}

/// Active experiments whose name contains the text in any case, with how many runs each has; those last used come first.
pub(crate) async fn list(
    mut db: &Db,
    visible: &VisibleTo,
    text: &str,
    limit: i64,
) -> Result<Vec<ExperimentRow>> {
    #[derive(FromRow)]
    struct Counted {
        #[sqlx(flatten)]
        row: Row,
        runs: i64,
        last_run: Option<Millis>,
    }
    let mut select = sql("SELECT e.id, e.name, e.artifact_location, e.lifecycle, e.created, e.updated,
             COUNT(r.id) AS runs, MAX(r.start_time) AS last_run
         FROM experiments e LEFT JOIN runs r ON r.experiment_id = e.id AND r.lifecycle = 'active'
         WHERE e.lifecycle = 'active' AND ");
    push_visible_experiment(&mut select, visible, "e.id");
    if !text.is_empty() {
        select.push(" AND ");
        super::search::push_contains(&mut select, "e.name", text);
    }
    select
        .push(" GROUP BY e.id ORDER BY COALESCE(MAX(r.start_time), e.created) DESC, e.id DESC LIMIT ")
        .push_bind(limit);
    let rows: Vec<Counted> = db.all(select).await?;
    let ids: Vec<_> = rows.iter().map(|counted| ExperimentId(counted.row.id)).collect();
    let mut tags = tags_of(db, &ids).await?;
    rows.into_iter()
        .map(|counted| {
            let tags = tags.remove(&ExperimentId(counted.row.id)).unwrap_or_default();
            Ok(ExperimentRow {
                experiment: counted.row.into_experiment(tags)?,
                runs: counted.runs.unsigned_abs(),
                last_run: counted.last_run,
            })
        })
        .collect()
}

/// Active experiments with runs that are active, or in the trash, and when the last of those started; the latest come first.
pub(crate) async fn last_used(
    mut db: &Db,
    visible: &VisibleTo,
    runs: Lifecycle,
    limit: usize,
) -> Result<Vec<(ExperimentId, Millis)>> {
    // One look into the index for each experiment.
    let mut select = sql("SELECT u.id, u.last_start FROM (SELECT e.id, (SELECT r.start_time FROM runs r
             WHERE r.experiment_id = e.id AND r.lifecycle = ");
    select.push(match runs {
        Lifecycle::Active => "'active'",
        Lifecycle::Deleted => "'deleted'",
    });
    select.push(" ORDER BY r.start_time DESC LIMIT 1) AS last_start FROM experiments e WHERE e.lifecycle = 'active' AND ");
    push_visible_experiment(&mut select, visible, "e.id");
    select.push(") u WHERE u.last_start IS NOT NULL ORDER BY u.last_start DESC, u.id DESC LIMIT ");
    select.push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let found: Vec<(i64, Millis)> = db.all(select).await?;
    Ok(found.into_iter().map(|(id, last_start)| (ExperimentId(id), last_start)).collect())
}

/// Names of experiments that the gate has let the caller at.
pub(crate) async fn names(mut db: &Db, ids: &[ExperimentId]) -> Result<HashMap<ExperimentId, String>> {
    let mut select = sql("SELECT id, name FROM experiments WHERE id IN ");
    select.push_list(ids.iter().copied());
    let rows: Vec<(i64, String)> = db.all(select).await?;
    Ok(rows.into_iter().map(|(id, name)| (ExperimentId(id), name)).collect())
}

/// How many runs there are without those in the trash, and whether there is any trace. One question, since every visit asks it.
pub(crate) async fn count_runs<L>(mut db: &Db, grant: &ExperimentGrant<L>) -> Result<(u64, bool)> {
    let row: Option<(i64, i64)> = db
        .first(
            sql("SELECT (SELECT COUNT(*) FROM runs WHERE experiment_id = $1 AND lifecycle = 'active'),
                     (SELECT COUNT(*) FROM (SELECT id FROM traces WHERE experiment_id = $2 LIMIT 1) t)")
            .bind(grant.id())
            .bind(grant.id()),
        )
        .await?;
    Ok(row.map_or((0, false), |(runs, traces)| (runs.unsigned_abs(), traces > 0)))
}

pub(crate) async fn rename(
    tx: &mut Tx,
    grant: &ExperimentGrant<Edit>,
    name: &str,
    now: Millis,
) -> Result<()> {
    tx.execute(
        sql("UPDATE experiments SET name = $1, updated = $2 WHERE id = $3")
            .bind(name)
            .bind(now)
            .bind(grant.id()),
    )
    .await?;
    Ok(())
}

/// The experiment and all its runs.
pub(crate) async fn set_lifecycle(
    tx: &mut Tx,
    grant: &ExperimentGrant<Manage>,
    to: Lifecycle,
    now: Millis,
) -> Result<()> {
    tx.changes_access();
    tx.execute(
        sql("UPDATE experiments SET lifecycle = $1, updated = $2 WHERE id = $3")
            .bind(to.name())
            .bind(now)
            .bind(grant.id()),
    )
    .await?;
    tx.execute(
        sql("UPDATE runs SET lifecycle = $1 WHERE experiment_id = $2").bind(to.name()).bind(grant.id()),
    )
    .await?;
    Ok(())
}

pub(crate) async fn set_tag(tx: &mut Tx, grant: &ExperimentGrant<Edit>, tag: &Tag) -> Result<()> {
    insert_tag(tx, grant.id(), tag).await
}

async fn insert_tag(tx: &mut Tx, id: ExperimentId, tag: &Tag) -> Result<()> {
    let row: Vec<Arg> = vec![id.into(), (&tag.key).into(), (&tag.value).into()];
    tx.insert_all(
        "INSERT INTO experiment_tags (experiment_id, key, value) VALUES ",
        vec![row],
        " ON CONFLICT (experiment_id, key) DO UPDATE SET value = excluded.value",
    )
    .await
}

/// Whether there was such a tag.
pub(crate) async fn delete_tag(tx: &mut Tx, grant: &ExperimentGrant<Edit>, key: &str) -> Result<bool> {
    let deleted = tx
        .execute(
            sql("DELETE FROM experiment_tags WHERE experiment_id = $1 AND key = $2")
                .bind(grant.id())
                .bind(key),
        )
        .await?;
    Ok(deleted > 0)
}
