//! Moving a run to another experiment: every row that carries its experiment follows. Rows that are known by the run alone
//! (points, summaries packed into sheets, links to models) stay as they are, and so do files.

use super::{Db, Query, Tx, sql};
use crate::{
    artifact::PROXY_SCHEME,
    error::{Error, Result},
    gate::{ArtifactGrant, Edit, ExperimentGrant, Manage, RunGrant},
};
use model::{ExperimentId, ModelId};
use uuid::Uuid;

/// What a run logged says in which experiment it is, for searches.
const LOGGED: [&str; 3] = [
    "UPDATE params SET experiment_id = $1 WHERE run_id = $2",
    "UPDATE tags SET experiment_id = $1 WHERE run_id = $2",
    "UPDATE metrics SET experiment_id = $1 WHERE run_id = $2",
];

/// Datasets belong to an experiment: those of the run ($2) are made known in the other one ($1), and the run is linked to them.
const DATASETS: [&str; 4] = [
    "INSERT INTO datasets (experiment_id, name, digest, source_type, source, schema, profile)
     SELECT $1, d.name, d.digest, d.source_type, d.source, d.schema, d.profile
     FROM run_datasets l JOIN datasets d ON d.id = l.dataset_id WHERE l.run_id = $2 ORDER BY d.id
     ON CONFLICT (experiment_id, name, digest) DO NOTHING",
    "INSERT INTO run_datasets (run_id, dataset_id)
     SELECT l.run_id, n.id FROM run_datasets l JOIN datasets d ON d.id = l.dataset_id
     JOIN datasets n ON n.experiment_id = $1 AND n.name = d.name AND n.digest = d.digest
     WHERE l.run_id = $2 AND d.experiment_id <> $1 ON CONFLICT DO NOTHING",
    "INSERT INTO run_dataset_tags (run_id, dataset_id, key, value)
     SELECT t.run_id, n.id, t.key, t.value FROM run_dataset_tags t JOIN datasets d ON d.id = t.dataset_id
     JOIN datasets n ON n.experiment_id = $1 AND n.name = d.name AND n.digest = d.digest
     WHERE t.run_id = $2 AND d.experiment_id <> $1 ON CONFLICT DO NOTHING",
    // With their tags.
    "DELETE FROM run_datasets WHERE run_id = $2 AND EXISTS
     (SELECT 1 FROM datasets d WHERE d.id = run_datasets.dataset_id AND d.experiment_id <> $1)",
];

/// Moves a run with the logged models that it made where it is; says which those are.
///
/// # Errors
/// `INVALID_PARAMETER_VALUE` if it is no longer where the gate saw it.
pub(crate) async fn move_run(
    tx: &mut Tx,
    run: &RunGrant<Manage>,
    to: &ExperimentGrant<Edit>,
) -> Result<Vec<ModelId>> {
    tx.changes_access();
    // As whoever logs several datasets there, and before the run, as they do.
    tx.lock(to.id().0).await?;
    // Whoever writes rows that carry its experiment is done, or waits (see `store::run::hold`).
    let mut select = sql("SELECT experiment_id FROM runs WHERE id = ");
    select.push_bind(run.id());
    if tx.is_postgres() {
        select.push(" FOR UPDATE");
    }
    let now: Option<(i64,)> = tx.first(select).await?;
    if now.map(|(experiment,)| ExperimentId(experiment)) != Some(run.experiment) {
        return Err(Error::invalid("The run was moved by somebody else just now."));
    }
    let made = "SELECT id FROM logged_models WHERE experiment_id = $1 AND source_run_id = $2 ORDER BY id";
    let models: Vec<(Uuid,)> = tx.all(sql(made).bind(run.experiment).bind(run.id())).await?;
    tx.execute(sql("UPDATE runs SET experiment_id = $1 WHERE id = $2").bind(to.id()).bind(run.id())).await?;
    for follow in LOGGED.into_iter().chain(DATASETS) {
        tx.execute(sql(follow).bind(to.id()).bind(run.id())).await?;
    }
    let follow =
        "UPDATE logged_models SET experiment_id = $1 WHERE source_run_id = $2 AND experiment_id = $3";
    tx.execute(sql(follow).bind(to.id()).bind(run.id()).bind(run.experiment)).await?;
    Ok(models.into_iter().map(|(id,)| ModelId(id)).collect())
}

/// Whether runs or logged models of other experiments have their files below this folder of an experiment.
pub(crate) async fn has_files_below(mut db: &Db, grant: &ArtifactGrant<Manage>) -> Result<bool> {
    let Some(experiment) = grant.path().experiment() else { return Ok(false) };
    let below = format!("{PROXY_SCHEME}{}/", grant.path().as_str());
    let length = i64::try_from(below.chars().count()).unwrap_or(i64::MAX);
    // Nobody deletes folders so often that an index would be worth it.
    let select = sql("SELECT CAST(1 AS BIGINT) WHERE
             EXISTS (SELECT 1 FROM runs r
                 WHERE r.experiment_id <> $1 AND substr(r.artifact_uri, 1, CAST($2 AS INTEGER)) = $3)
             OR EXISTS (SELECT 1 FROM logged_models m
                 WHERE m.experiment_id <> $1 AND substr(m.artifact_uri, 1, CAST($2 AS INTEGER)) = $3)");
    let found: Option<(i64,)> = db.first(select.bind(experiment).bind(length).bind(below)).await?;
    Ok(found.is_some())
}
