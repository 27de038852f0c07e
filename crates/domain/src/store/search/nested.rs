//! Runs that are nested in others of their experiment: their tag `mlflow.parentRunId` is the id of the other one.
//!
//! Active runs are nested in active ones, deleted ones in deleted ones: what a list doesn't show has nothing beneath it.
//! A run that says it is nested in itself isn't.

use super::runs::push_limit;
use crate::{
    error::Result,
    gate::ExperimentGrant,
    store::{Db, Query as _, Sql, sql},
};
use model::{ExperimentId, RunId, experiment::Lifecycle, page::Total, run::tag};
use std::collections::HashMap;
use uuid::Uuid;

/// Runs nested in one that are counted.
const COUNTED: u64 = 1000;

/// That the tag `t` is the id of the run `x`, and of no other than the one that has the tag. What is no id, as they are
/// written, is nobody's.
fn names_parent(db: &Db) -> &'static str {
    match db {
        Db::Sqlite(_) => {
            "x.id = UNHEX(substr(t.value, 1, 64)) AND LOWER(HEX(x.id)) = substr(t.value, 1, 64) AND x.id <> t.run_id"
        }
        Db::Postgres(_) => {
            "x.id = CASE WHEN substr(t.value, 1, 64) ~ '^[0-9a-f]{32}$' THEN CAST(substr(t.value, 1, 64) AS UUID) END
             AND x.id <> t.run_id"
        }
    }
}

/// That the run `r` isn't nested. It is asked of one run after the other.
pub(super) fn push_is_top(db: &Db, select: &mut Sql) {
    select.push("NOT EXISTS (SELECT 1 FROM tags t CROSS JOIN runs x WHERE t.run_id = r.id AND t.key = ");
    select.push_bind(tag::PARENT_RUN).push(" AND ").push(names_parent(db));
    select.push(" AND x.experiment_id = r.experiment_id AND x.lifecycle = r.lifecycle LIMIT 1 OFFSET 0)");
}

/// How many runs of an experiment aren't nested: all but those that are, which lie side by side in the index of tags.
pub(super) async fn count_top(mut db: &Db, experiment: ExperimentId, lifecycle: Lifecycle) -> Result<u64> {
    let mut select = sql("SELECT (SELECT COUNT(*) FROM runs r WHERE r.experiment_id = ");
    select.push_bind(experiment).push(" AND r.lifecycle = ").push_bind(lifecycle.name());
    select.push(") - (SELECT COUNT(*) FROM tags t WHERE t.experiment_id = ");
    select.push_bind(experiment).push(" AND t.key = ").push_bind(tag::PARENT_RUN);
    // Two look-ups for each tag: joined, Postgres may compare all runs with all tags.
    for is_it in ["x.id = t.run_id", names_parent(db)] {
        select.push(" AND EXISTS (SELECT 1 FROM runs x WHERE ").push(is_it).push(" AND x.experiment_id = ");
        select.push_bind(experiment).push(" AND x.lifecycle = ").push_bind(lifecycle.name());
        select.push(" LIMIT 1 OFFSET 0)");
    }
    select.push(")");
    Ok(db.first::<(i64,)>(select).await?.map_or(0, |(count,)| count.unsigned_abs()))
}

/// How many runs are nested in each of these, up to a bound.
pub(crate) async fn count_children<L>(
    mut db: &Db,
    grant: &ExperimentGrant<L>,
    lifecycle: Lifecycle,
    parents: &[RunId],
) -> Result<Vec<Total>> {
    if parents.is_empty() {
        return Ok(Vec::new());
    }
    // As clients write the id of a parent: the databases keep UUIDs in ways of their own.
    let hex = match db {
        Db::Sqlite(_) => "LOWER(HEX(p.id))",
        Db::Postgres(_) => "REPLACE(CAST(p.id AS TEXT), '-', '')",
    };
    let mut select = sql("SELECT p.id, (SELECT COUNT(*) FROM (SELECT 1 FROM tags t CROSS JOIN runs r
        WHERE t.experiment_id = ");
    select.push_bind(grant.id()).push(" AND t.key = ").push_bind(tag::PARENT_RUN);
    select.push(" AND substr(t.value, 1, 64) = ").push(hex);
    select.push(" AND r.id = t.run_id AND r.id <> p.id AND r.lifecycle = ").push_bind(lifecycle.name());
    push_limit(&mut select, COUNTED + 1);
    select.push(") n) FROM runs p WHERE p.id IN ").push_list(parents.iter().copied());
    let counts: HashMap<Uuid, i64> = db.all::<(Uuid, i64)>(select).await?.into_iter().collect();
    let total = |parent: &RunId| match counts.get(&parent.0).map_or(0, |count| count.unsigned_abs()) {
        many if many > COUNTED => Total::AtLeast(COUNTED),
        count => Total::Exactly(count),
    };
    Ok(parents.iter().map(total).collect())
}
