//! Which keys there are in an experiment: found by walking the index from key to key, not from run to run.

use super::{Db, Query as _, search::push_contains, sql};
use crate::error::Result;
use model::{ExperimentId, page::KeyKind};

/// Keys that contain a text in any case, in their order, so many at most.
pub(crate) async fn search(
    mut db: &Db,
    experiment: ExperimentId,
    kind: KeyKind,
    text: &str,
    limit: usize,
) -> Result<Vec<String>> {
    let table = match kind {
        KeyKind::Metric => "metrics",
        KeyKind::Param => "params",
        KeyKind::Tag => "tags",
    };
    // Each step is one look into the index: the first key behind the one before.
    let mut select = sql("WITH RECURSIVE k(key) AS (SELECT (SELECT c.key FROM ");
    select.push(table).push(" c WHERE c.experiment_id = ").push_bind(experiment);
    select.push(" ORDER BY c.key LIMIT 1) UNION ALL SELECT (SELECT c.key FROM ").push(table);
    select.push(" c WHERE c.experiment_id = ").push_bind(experiment);
    select.push(" AND c.key > k.key ORDER BY c.key LIMIT 1) FROM k WHERE k.key IS NOT NULL) SELECT k.key FROM k WHERE k.key IS NOT NULL");
    if !text.is_empty() {
        select.push(" AND ");
        push_contains(&mut select, "k.key", text);
    }
    select.push(" LIMIT ").push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let found: Vec<(String,)> = db.all(select).await?;
    Ok(found.into_iter().map(|(key,)| key).collect())
}
