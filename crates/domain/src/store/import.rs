//! Statements that write things as they were elsewhere, where they aren't there yet. What is there stays as it is.

use super::{Arg, Query as _, Tx, run::hold, sql};
use crate::{
    error::{Error, Result},
    gate::Importing,
};
use model::{
    ExperimentId, ModelId, RunId, TraceId,
    experiment::Experiment,
    import::{ModelRecord, RegisteredRecord, Taken},
    registry::ModelVersion,
    run::{Run, Tag},
};
use std::collections::{BTreeSet, HashSet};
use uuid::Uuid;

/// An experiment without its tags and its location, which is set when its number is known.
pub(crate) async fn experiment(tx: &mut Tx, _: &Importing, experiment: &Experiment) -> Result<Taken> {
    let known: Option<(i64,)> =
        tx.first(sql("SELECT id FROM experiments WHERE name = $1").bind(&experiment.name)).await?;
    if let Some((id,)) = known {
        return Ok(Taken::Known(ExperimentId(id)));
    }
    let with_number = tx
        .execute(
            sql("INSERT INTO experiments (id, name, artifact_location, lifecycle, created, updated)
                 VALUES ($1, $2, '', $3, $4, $5) ON CONFLICT (id) DO NOTHING")
            .bind(experiment.id)
            .bind(&experiment.name)
            .bind(experiment.lifecycle.name())
            .bind(experiment.created)
            .bind(experiment.updated),
        )
        .await?;
    if with_number > 0 {
        count_on(tx).await?;
        return Ok(Taken::New(experiment.id));
    }
    let row: Option<(i64,)> = tx
        .first(
            sql("INSERT INTO experiments (name, artifact_location, lifecycle, created, updated)
                 VALUES ($1, '', $2, $3, $4) RETURNING id")
            .bind(&experiment.name)
            .bind(experiment.lifecycle.name())
            .bind(experiment.created)
            .bind(experiment.updated),
        )
        .await?;
    let (id,) = row.ok_or_else(|| Error::Fault("INSERT returned no row".into()))?;
    Ok(Taken::New(ExperimentId(id)))
}

/// New experiments get numbers behind those that were given. SQLite sees to it by itself.
async fn count_on(tx: &mut Tx) -> Result<()> {
    if tx.is_postgres() {
        // Taking one from the counter, others who do so at this moment aren't thrown back.
        let next = "SELECT setval(pg_get_serial_sequence('experiments', 'id'),
            GREATEST((SELECT MAX(id) FROM experiments), nextval(pg_get_serial_sequence('experiments', 'id'))))";
        tx.all::<(i64,)>(sql(next)).await?;
    }
    Ok(())
}

/// Says where the artifacts of a new experiment are.
pub(crate) async fn set_location(tx: &mut Tx, _: &Importing, id: ExperimentId, location: &str) -> Result<()> {
    tx.execute(sql("UPDATE experiments SET artifact_location = $1 WHERE id = $2").bind(location).bind(id))
        .await?;
    Ok(())
}

/// Tags that an experiment lacks.
pub(crate) async fn experiment_tags(
    tx: &mut Tx,
    _: &Importing,
    id: ExperimentId,
    tags: &[Tag],
) -> Result<()> {
    let rows = tags.iter().map(|tag| vec![id.into(), (&tag.key).into(), (&tag.value).into()]).collect();
    tx.insert_all(
        "INSERT INTO experiment_tags (experiment_id, key, value) VALUES ",
        rows,
        " ON CONFLICT (experiment_id, key) DO NOTHING",
    )
    .await
}

/// Logged models with params and tags.
pub(crate) async fn models(tx: &mut Tx, _: &Importing, models: &[ModelRecord], adopt: bool) -> Result<()> {
    let rows = models
        .iter()
        .map(|ModelRecord { model, lifecycle }| {
            vec![
                model.id.into(),
                model.experiment.into(),
                (&model.name).into(),
                (&model.artifact_uri).into(),
                model.status.name().into(),
                model.model_type.clone().into(),
                model.source_run.map(|run| run.0).into(),
                lifecycle.name().into(),
                model.created.into(),
                model.updated.into(),
            ]
        })
        .collect();
    tx.insert_all(
        "INSERT INTO logged_models (id, experiment_id, name, artifact_uri, status, model_type, source_run_id, lifecycle, created, updated) VALUES ",
        rows,
        " ON CONFLICT (id) DO NOTHING",
    )
    .await?;
    let texts = |of: fn(&ModelRecord) -> &[Tag]| -> Vec<Vec<Arg>> {
        let all = models.iter().flat_map(|record| of(record).iter().map(move |text| (record.model.id, text)));
        all.map(|(id, text): (ModelId, &Tag)| vec![id.into(), (&text.key).into(), (&text.value).into()])
            .collect()
    };
    let params = texts(|record| &record.model.params);
    let tags = texts(|record| &record.model.tags);
    tx.insert_all(
        "INSERT INTO logged_model_params (model_id, key, value) VALUES ",
        params,
        " ON CONFLICT (model_id, key) DO NOTHING",
    )
    .await?;
    tx.insert_all(
        "INSERT INTO logged_model_tags (model_id, key, value) VALUES ",
        tags,
        " ON CONFLICT (model_id, key) DO NOTHING",
    )
    .await?;
    if adopt {
        for ModelRecord { model, .. } in models {
            tx.execute(
                sql("UPDATE logged_models SET artifact_uri = $1 WHERE id = $2 AND artifact_uri <> $1")
                    .bind(&model.artifact_uri)
                    .bind(model.id),
            )
            .await?;
        }
    }
    Ok(())
}

/// Runs with params and tags.
pub(crate) async fn runs(tx: &mut Tx, _: &Importing, runs: &[Run], adopt: bool) -> Result<()> {
    let rows = runs
        .iter()
        .map(|Run { info, .. }| {
            vec![
                info.id.into(),
                info.experiment.into(),
                (&info.name).into(),
                (&info.user).into(),
                info.status.name().into(),
                info.start_time.into(),
                info.end_time.into(),
                info.lifecycle.name().into(),
                (&info.artifact_uri).into(),
            ]
        })
        .collect();
    tx.insert_all(
        "INSERT INTO runs (id, experiment_id, name, user_name, status, start_time, end_time, lifecycle, artifact_uri) VALUES ",
        rows,
        " ON CONFLICT (id) DO NOTHING",
    )
    .await?;
    // One that was there may have been moved since.
    let mut ids: Vec<RunId> = runs.iter().map(|run| run.info.id).collect();
    ids.sort_unstable();
    let experiments = hold(tx, &ids).await?;
    let texts = |of: fn(&Run) -> &[Tag]| -> Vec<Vec<Arg>> {
        let all = runs.iter().flat_map(|run| of(run).iter().map(move |text| (&run.info, text)));
        all.map(|(info, text)| {
            let experiment = experiments.get(&info.id).copied().unwrap_or(info.experiment);
            vec![info.id.into(), experiment.into(), (&text.key).into(), (&text.value).into()]
        })
        .collect()
    };
    let params = texts(|run| &run.params);
    let tags = texts(|run| &run.tags);
    tx.insert_all(
        "INSERT INTO params (run_id, experiment_id, key, value) VALUES ",
        params,
        " ON CONFLICT (run_id, key) DO NOTHING",
    )
    .await?;
    tx.insert_all(
        "INSERT INTO tags (run_id, experiment_id, key, value) VALUES ",
        tags,
        " ON CONFLICT (run_id, key) DO NOTHING",
    )
    .await?;
    if adopt {
        for Run { info, .. } in runs {
            tx.execute(
                sql("UPDATE runs SET artifact_uri = $1 WHERE id = $2 AND artifact_uri <> $1")
                    .bind(&info.artifact_uri)
                    .bind(info.id),
            )
            .await?;
        }
    }
    Ok(())
}

/// Says where the files of a trace are.
pub(crate) async fn trace_files(tx: &mut Tx, _: &Importing, id: TraceId, uri: &str) -> Result<()> {
    let update = sql("UPDATE traces SET artifact_uri = $1 WHERE id = $2 AND artifact_uri <> $1");
    tx.execute(update.bind(uri).bind(id)).await?;
    Ok(())
}

/// A registered model with tags, versions and aliases.
pub(crate) async fn registered(
    tx: &mut Tx,
    grant: &Importing,
    record: &RegisteredRecord,
    adopt: bool,
) -> Result<()> {
    let model = &record.model;
    let name = model.name.as_str();
    tx.execute(
        sql("INSERT INTO registered_models (name, description, last_version, created, updated)
             VALUES ($1, $2, 0, $3, $4) ON CONFLICT (name) DO NOTHING")
        .bind(name)
        .bind(&model.description)
        .bind(model.created)
        .bind(model.updated),
    )
    .await?;
    tx.execute(
        sql("UPDATE registered_models SET last_version = $1 WHERE name = $2 AND last_version < $1")
            .bind(record.last_version)
            .bind(name),
    )
    .await?;
    let tags = model.tags.iter();
    let tags = tags.map(|tag| vec![name.into(), (&tag.key).into(), (&tag.value).into()]).collect();
    tx.insert_all(
        "INSERT INTO registered_model_tags (name, key, value) VALUES ",
        tags,
        " ON CONFLICT (name, key) DO NOTHING",
    )
    .await?;
    let same = versions(tx, grant, name, &record.versions, adopt).await?;
    // An alias of a version that isn't there would be refused, and the rest with it.
    let aliases = model.aliases.iter().filter(|alias| same.contains(&alias.version));
    let aliases =
        aliases.map(|alias| vec![name.into(), (&alias.alias).into(), alias.version.into()]).collect();
    tx.insert_all(
        "INSERT INTO registered_model_aliases (name, alias, version) VALUES ",
        aliases,
        " ON CONFLICT (name, alias) DO NOTHING",
    )
    .await
}

/// The numbers that are of the same versions here. Another version may have a number that comes, which stays as it is.
async fn versions(
    tx: &mut Tx,
    _: &Importing,
    name: &str,
    versions: &[ModelVersion],
    adopt: bool,
) -> Result<BTreeSet<i64>> {
    let rows = versions
        .iter()
        .map(|version| {
            vec![
                name.into(),
                version.version.into(),
                (&version.user).into(),
                (&version.stage).into(),
                (&version.description).into(),
                (&version.source).into(),
                (&version.storage_location).into(),
                version.run.map(|run| run.0).into(),
                version.model.map(|model| model.0).into(),
                (&version.run_link).into(),
                version.created.into(),
                version.updated.into(),
            ]
        })
        .collect();
    tx.insert_all(
        "INSERT INTO model_versions (name, version, user_name, stage, description, source, storage_location, run_id, model_id, run_link, created, updated) VALUES ",
        rows,
        " ON CONFLICT (name, version) DO NOTHING",
    )
    .await?;
    let here: Vec<(i64, i64, Option<Uuid>)> =
        tx.all(sql("SELECT version, created, run_id FROM model_versions WHERE name = $1").bind(name)).await?;
    let here: HashSet<(i64, i64, Option<Uuid>)> = here.into_iter().collect();
    let is_same = |version: &&ModelVersion| {
        here.contains(&(version.version, version.created, version.run.map(|run| run.0)))
    };
    let same: Vec<&ModelVersion> = versions.iter().filter(is_same).collect();
    let tags = same.iter().flat_map(|version| version.tags.iter().map(move |tag| (version.version, tag)));
    let tags = tags
        .map(|(version, tag)| vec![name.into(), version.into(), (&tag.key).into(), (&tag.value).into()])
        .collect();
    tx.insert_all(
        "INSERT INTO model_version_tags (name, version, key, value) VALUES ",
        tags,
        " ON CONFLICT (name, version, key) DO NOTHING",
    )
    .await?;
    if adopt {
        for version in &same {
            tx.execute(
                sql("UPDATE model_versions SET source = $1, storage_location = $2 WHERE name = $3 AND version = $4")
                    .bind(&version.source)
                    .bind(&version.storage_location)
                    .bind(name)
                    .bind(version.version),
            )
            .await?;
        }
    }
    Ok(same.iter().map(|version| version.version).collect())
}
