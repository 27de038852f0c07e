//! Which values texts of runs have: found by walking the index from value to value, not from run to run. The index holds the
//! start of a text, so longer ones are passed over.

use super::{
    Db, Query as _, Sql,
    search::{is_indexed_whole, push_contains},
    sql,
};
use crate::{
    error::Result,
    gate::{ExperimentGrant, Read},
};
use model::{ExperimentId, filter::RunField, page::KeyKind};

/// The index that is walked: a table as `c`, what it is ordered by, and the key if it has one.
#[derive(Clone, Copy)]
struct Walked<'a> {
    experiment: ExperimentId,
    table: &'static str,
    value: &'static str,
    key: Option<&'a str>,
}

impl<'a> Walked<'a> {
    fn of(experiment: ExperimentId, field: &'a RunField) -> Self {
        let (table, value, key) = match field {
            RunField::Param(key) => ("params", "substr(c.value, 1, 64)", Some(key.as_str())),
            RunField::Tag(key) => ("tags", "substr(c.value, 1, 64)", Some(key.as_str())),
            RunField::Name => ("runs", "substr(c.name, 1, 64)", None),
            RunField::User => ("runs", "substr(c.user_name, 1, 64)", None),
            RunField::Status => ("runs", "c.status", None),
        };
        Self { experiment, table, value, key }
    }

    /// One look into the index: the first value of those that meet what `narrow` adds.
    fn push_first(self, select: &mut Sql, narrow: impl FnOnce(&mut Sql)) {
        select.push("(SELECT ").push(self.value).push(" FROM ").push(self.table);
        select.push(" c WHERE c.experiment_id = ").push_bind(self.experiment);
        match self.key {
            Some(key) => select.push(" AND c.key = ").push_bind(key),
            None => select.push(" AND c.lifecycle = 'active'"),
        };
        narrow(select);
        select.push(" ORDER BY ").push(self.value).push(" LIMIT 1)");
    }
}

/// Values from a text on, in their order, as far as so many steps lead. If `contains` is given, only those that contain it in
/// any case, so many at most.
pub(crate) async fn values(
    mut db: &Db,
    grant: &ExperimentGrant<Read>,
    field: &RunField,
    from: &str,
    steps: usize,
    contains: Option<(&str, usize)>,
) -> Result<Vec<String>> {
    let walked = Walked::of(grant.id(), field);
    let mut select = sql("WITH RECURSIVE v(value, n) AS (SELECT ");
    walked.push_first(&mut select, |select| {
        select.push(" AND ").push(walked.value).push(" >= ").push_bind(from);
    });
    select.push(", 1 UNION ALL SELECT ");
    walked.push_first(&mut select, |select| {
        select.push(" AND ").push(walked.value).push(" > v.value");
    });
    select.push(", v.n + 1 FROM v WHERE v.value IS NOT NULL AND v.n < ").push_bind(clamped(steps));
    select.push(") SELECT v.value FROM v WHERE v.value IS NOT NULL");
    if let Some((text, limit)) = contains {
        select.push(" AND ");
        push_contains(&mut select, "v.value", text);
        select.push(" LIMIT ").push_bind(clamped(limit));
    }
    let found: Vec<(String,)> = db.all(select).await?;
    Ok(found.into_iter().map(|(value,)| value).filter(|value| is_indexed_whole(value)).collect())
}

/// Keys of params, or else of tags, that have two values or more, and no more than `most`, all of them short. So many keys are
/// looked at, from the first on.
pub(crate) async fn few_valued(
    mut db: &Db,
    grant: &ExperimentGrant<Read>,
    kind: KeyKind,
    keys: usize,
    most: usize,
) -> Result<Vec<String>> {
    let table = if kind == KeyKind::Param { "params" } else { "tags" };
    let experiment = grant.id();
    let push_key = |select: &mut Sql| {
        select
            .push("(SELECT c.key FROM ")
            .push(table)
            .push(" c WHERE c.experiment_id = ")
            .push_bind(experiment);
    };
    let push_value = |select: &mut Sql| {
        select.push("(SELECT substr(c.value, 1, 64) FROM ").push(table).push(" c WHERE c.experiment_id = ");
        select.push_bind(experiment);
    };
    let mut select = sql("WITH RECURSIVE k(key, n) AS (SELECT ");
    push_key(&mut select);
    select.push(" ORDER BY c.key LIMIT 1), 1 UNION ALL SELECT ");
    push_key(&mut select);
    select.push(
        " AND c.key > k.key ORDER BY c.key LIMIT 1), k.n + 1 FROM k WHERE k.key IS NOT NULL AND k.n < ",
    );
    select.push_bind(clamped(keys));
    select.push("), v(key, value, n) AS (SELECT k.key, ");
    push_value(&mut select);
    select.push(
        " AND c.key = k.key ORDER BY substr(c.value, 1, 64) LIMIT 1), 1 FROM k WHERE k.key IS NOT NULL",
    );
    select.push(" UNION ALL SELECT v.key, ");
    push_value(&mut select);
    select.push(
        " AND c.key = v.key AND substr(c.value, 1, 64) > v.value ORDER BY substr(c.value, 1, 64) LIMIT 1)",
    );
    // One step more than wanted tells that there are too many.
    select.push(", v.n + 1 FROM v WHERE v.value IS NOT NULL AND v.n < ").push_bind(clamped(most + 1));
    select.push(") SELECT v.key, v.value FROM v WHERE v.value IS NOT NULL ORDER BY v.key");
    let found: Vec<(String, String)> = db.all(select).await?;
    let few = found.chunk_by(|(one, _), (other, _)| one == other).filter(|values| {
        (2..=most).contains(&values.len()) && values.iter().all(|(_, value)| is_indexed_whole(value))
    });
    Ok(few.filter_map(|values| values.first()).map(|(key, _)| key.clone()).collect())
}

/// A value of a text, and how many of the runs have it.
pub(crate) struct Counted {
    pub field: RunField,
    pub value: String,
    pub runs: u64,
}

/// The statuses, and the values of some params and tags, of the newest active runs, so many at most.
pub(crate) async fn count(
    mut db: &Db,
    grant: &ExperimentGrant<Read>,
    params: &[String],
    tags: &[String],
    newest: usize,
) -> Result<Vec<Counted>> {
    let mut select = sql("WITH newest AS MATERIALIZED (
             SELECT r.id, r.status FROM runs r WHERE r.experiment_id = ");
    select.push_bind(grant.id()).push(" AND r.lifecycle = 'active' ORDER BY r.start_time DESC, r.id LIMIT ");
    select.push_bind(clamped(newest));
    select.push(
        ") SELECT CAST(0 AS BIGINT), n.status, n.status, COUNT(*) FROM newest n GROUP BY n.status
         UNION ALL SELECT CAST(1 AS BIGINT), c.key, c.value, COUNT(*) FROM newest n CROSS JOIN params c
             WHERE c.run_id = n.id AND c.experiment_id = ",
    );
    select.push_bind(grant.id()).push(" AND c.key IN ").push_list(params);
    select.push(
        " GROUP BY c.key, c.value
         UNION ALL SELECT CAST(2 AS BIGINT), c.key, c.value, COUNT(*) FROM newest n CROSS JOIN tags c
             WHERE c.run_id = n.id AND c.experiment_id = ",
    );
    select.push_bind(grant.id()).push(" AND c.key IN ").push_list(tags).push(" GROUP BY c.key, c.value");
    let rows: Vec<(i64, String, String, i64)> = db.all(select).await?;
    let counted = |(table, key, value, runs): (i64, String, String, i64)| Counted {
        field: match table {
            0 => RunField::Status,
            1 => RunField::Param(key),
            _ => RunField::Tag(key),
        },
        value,
        runs: runs.unsigned_abs(),
    };
    Ok(rows.into_iter().map(counted).collect())
}

fn clamped(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
