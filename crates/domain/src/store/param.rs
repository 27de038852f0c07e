//! Params: written once, never changed.

use super::{Query, Tx, sql};
use crate::{
    error::Result,
    gate::{Edit, RunGrant},
};
use std::collections::BTreeMap;

/// Values of some params of a run.
pub(crate) async fn values_of(
    on: &mut impl Query,
    run: &RunGrant<Edit>,
    keys: &[&str],
) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for keys in keys.chunks(1000) {
        let mut select = sql("SELECT key, value FROM params WHERE run_id = ");
        select.push_bind(run.id()).push(" AND key IN ").push_list(keys.iter().copied());
        found.extend(on.all::<(String, String)>(select).await?);
    }
    Ok(found)
}

/// Adds params that the run doesn't have yet.
pub(crate) async fn insert(tx: &mut Tx, run: &RunGrant<Edit>, params: &BTreeMap<&str, &str>) -> Result<()> {
    let rows = params
        .iter()
        .map(|(key, value)| vec![run.id().into(), run.experiment.into(), (*key).into(), (*value).into()])
        .collect();
    tx.insert_all("INSERT INTO params (run_id, experiment_id, key, value) VALUES ", rows, "").await
}
