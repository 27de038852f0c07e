//! Sheets: all summaries of a run in one row (see [`crate::metric::sheet`]).

use super::{
    Arg, Query, Tx,
    packed::{self, Packing, Rest},
};
use crate::{
    error::{Error, Result},
    metric::sheet,
};
use model::{RunId, metric::MetricSummary};
use std::collections::HashMap;

/// The summaries of those of the runs that have a sheet; `None` for a run that has too many metrics for one.
pub(crate) async fn find(
    on: &mut impl Query,
    runs: &[RunId],
) -> Result<HashMap<RunId, Option<Vec<MetricSummary>>>> {
    let each = match on.is_postgres() {
        true => "(2 * octet_length(data)) || ':' || encode(data, 'hex')",
        false => "(2 * octet_length(data)) || ':' || hex(data)",
    };
    let packing = Packing { table: "metric_sheets", column: "data", each };
    let mut found = HashMap::with_capacity(runs.len());
    for runs in runs.chunks(super::run::CHUNK) {
        let unhex = |rest: &mut Rest<'_>| hex::decode(rest.text()?).ok();
        for (run, sheets) in packed::of_runs(on, packing, runs, None, unhex).await? {
            for data in sheets {
                let summaries = sheet::unpack(&data).map_err(|error| Error::BrokenRow {
                    table: "metric_sheets",
                    column: "data",
                    row: run.to_string(),
                    reason: error.to_string(),
                })?;
                found.insert(run, summaries);
            }
        }
    }
    Ok(found)
}

/// Writes sheets, in the place of those that are there.
pub(crate) async fn set(tx: &mut Tx, sheets: Vec<(RunId, Vec<u8>)>) -> Result<()> {
    let rows = sheets.into_iter().map(|(run, data)| vec![run.into(), Arg::Bytes(data)]).collect();
    tx.insert_all(
        "INSERT INTO metric_sheets (run_id, data) VALUES ",
        rows,
        " ON CONFLICT (run_id) DO UPDATE SET data = excluded.data",
    )
    .await
}
