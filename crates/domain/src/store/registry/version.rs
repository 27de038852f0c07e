//! Model versions and their tags.

use super::{IS_PROMPT, asks_for_prompts, push_tag_test};
use crate::{
    error::{Error, Result},
    gate::{Edit, Manage, RegisteredGrant, VisibleTo},
    store::{
        Arg, Db, Query, Sql, Tx,
        permission::push_visible_registered,
        search::{Slice, push_list_test, push_text_test},
        sql,
    },
};
use model::{
    Millis, ModelId, RunId,
    filter::{ListTest, ModelVersionCondition, ModelVersionFilter, ModelVersionOrder, OrderBy, TextTest},
    registry::ModelVersion,
    run::Tag,
};
use sqlx::FromRow;
use std::collections::HashMap;
use uuid::Uuid;

const COLUMNS: &str =
    "SELECT v.name, v.version, v.user_name, v.stage, v.description, v.source, v.storage_location,
    v.run_id, v.model_id, v.run_link, v.created, v.updated FROM model_versions v";

#[derive(FromRow)]
struct Row {
    name: String,
    version: i64,
    user_name: String,
    stage: String,
    description: String,
    source: String,
    storage_location: String,
    run_id: Option<Uuid>,
    model_id: Option<Uuid>,
    run_link: String,
    created: Millis,
    updated: Millis,
}

/// The answer about a version that isn't there.
pub(crate) fn missing(name: &str, version: i64) -> Error {
    Error::missing(format!("Model Version (name={name}, version={version}) not found"))
}

/// The number of a version to come, which no other will have; also notes that the registered model changes now. Until
/// the transaction ends, others who ask this wait.
pub(crate) async fn next_number(tx: &mut Tx, grant: &RegisteredGrant<Edit>, now: Millis) -> Result<i64> {
    let row: Option<(i64,)> = tx
        .first(
            sql("UPDATE registered_models SET last_version = last_version + 1, updated = $1 WHERE name = $2
                 RETURNING last_version")
            .bind(now)
            .bind(grant.name()),
        )
        .await?;
    row.map(|(number,)| number).ok_or_else(|| super::missing(grant.name()))
}

/// Writes a new version with its tags.
pub(crate) async fn insert(tx: &mut Tx, grant: &RegisteredGrant<Edit>, version: &ModelVersion) -> Result<()> {
    tx.execute(
        sql("INSERT INTO model_versions (name, version, user_name, stage, description, source, storage_location,
                 run_id, model_id, run_link, created, updated)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)")
        .bind(grant.name())
        .bind(version.version)
        .bind(&version.user)
        .bind(&version.stage)
        .bind(&version.description)
        .bind(&version.source)
        .bind(&version.storage_location)
        .bind(version.run.map(|run| run.0))
        .bind(version.model.map(|model| model.0))
        .bind(&version.run_link)
        .bind(version.created)
        .bind(version.updated),
    )
    .await?;
    insert_tags(tx, grant.name(), version.version, &version.tags).await
}

/// The version, if it is there.
pub(crate) async fn find<L>(
    on: &mut impl Query,
    grant: &RegisteredGrant<L>,
    version: i64,
) -> Result<Option<ModelVersion>> {
    let mut select = sql(COLUMNS);
    select.push(" WHERE v.name = ").push_bind(grant.name()).push(" AND v.version = ").push_bind(version);
    let rows: Vec<Row> = on.all(select).await?;
    Ok(fill(on, rows).await?.pop())
}

/// Versions of a registered model, the newest first.
pub(crate) async fn list<L>(
    on: &mut impl Query,
    grant: &RegisteredGrant<L>,
    slice: Slice,
) -> Result<Vec<ModelVersion>> {
    let mut select = sql(COLUMNS);
    select.push(" WHERE v.name = ").push_bind(grant.name()).push(" ORDER BY v.version DESC");
    slice.push(&mut select);
    let rows: Vec<Row> = on.all(select).await?;
    fill(on, rows).await
}

/// Those of the versions with these numbers that are there.
pub(crate) async fn some<L>(
    on: &mut impl Query,
    grant: &RegisteredGrant<L>,
    numbers: &[i64],
) -> Result<Vec<ModelVersion>> {
    let mut select = sql(COLUMNS);
    select.push(" WHERE v.name = ").push_bind(grant.name()).push(" AND v.version IN ");
    select.push_list(numbers.iter().copied());
    let rows: Vec<Row> = on.all(select).await?;
    fill(on, rows).await
}

/// How many versions a registered model has.
pub(crate) async fn count<L>(on: &mut impl Query, grant: &RegisteredGrant<L>) -> Result<u64> {
    let row: Option<(i64,)> =
        on.first(sql("SELECT COUNT(*) FROM model_versions WHERE name = $1").bind(grant.name())).await?;
    Ok(row.and_then(|(count,)| u64::try_from(count).ok()).unwrap_or_default())
}

/// The highest version of each stage of these registered models.
pub(super) async fn latest(on: &mut impl Query, names: &[&str]) -> Result<Vec<ModelVersion>> {
    let mut select = sql(COLUMNS);
    select.push(
        " WHERE (v.name, v.version) IN (SELECT w.name, MAX(w.version) FROM model_versions w WHERE w.name IN ",
    );
    select.push_list(names.iter().copied()).push(" GROUP BY w.name, w.stage) ORDER BY v.name, v.version");
    let rows: Vec<Row> = on.all(select).await?;
    fill(on, rows).await
}

/// Adds tags and aliases to rows that were just read.
async fn fill(on: &mut impl Query, rows: Vec<Row>) -> Result<Vec<ModelVersion>> {
    let mut tags: HashMap<(String, i64), Vec<Tag>> = HashMap::new();
    let mut aliases: HashMap<(String, i64), Vec<String>> = HashMap::new();
    // SQLite takes 32,766 bound values in a statement.
    for rows in rows.chunks(4096) {
        let mut select =
            sql("SELECT name, version, key, value FROM model_version_tags WHERE (name, version) IN ");
        push_keys(&mut select, rows);
        select.push(" ORDER BY name, version, key");
        for (name, version, key, value) in on.all::<(String, i64, String, String)>(select).await? {
            tags.entry((name, version)).or_default().push(Tag { key, value });
        }
        let mut select =
            sql("SELECT name, version, alias FROM registered_model_aliases WHERE (name, version) IN ");
        push_keys(&mut select, rows);
        select.push(" ORDER BY name, version, alias");
        for (name, version, alias) in on.all::<(String, i64, String)>(select).await? {
            aliases.entry((name, version)).or_default().push(alias);
        }
    }
    Ok(rows
        .into_iter()
        .map(|row| {
            let key = (row.name, row.version);
            let (tags, aliases) =
                (tags.remove(&key).unwrap_or_default(), aliases.remove(&key).unwrap_or_default());
            let (name, version) = key;
            ModelVersion {
                name,
                version,
                created: row.created,
                updated: row.updated,
                user: row.user_name,
                stage: row.stage,
                description: row.description,
                source: row.source,
                storage_location: row.storage_location,
                run: row.run_id.map(RunId),
                model: row.model_id.map(ModelId),
                run_link: row.run_link,
                tags,
                aliases,
            }
        })
        .collect())
}

fn push_keys(select: &mut Sql, rows: &[Row]) {
    for (index, row) in rows.iter().enumerate() {
        select.push(if index == 0 { "(VALUES (" } else { "), (" });
        select.push_bind(&row.name).push(", ").push_bind(row.version);
    }
    select.push("))");
}

/// Changes the description. Returns whether the version is there.
pub(crate) async fn set_description(
    tx: &mut Tx,
    grant: &RegisteredGrant<Edit>,
    version: i64,
    description: &str,
    now: Millis,
) -> Result<bool> {
    let changed = tx
        .execute(
            sql("UPDATE model_versions SET description = $1, updated = $2 WHERE name = $3 AND version = $4")
                .bind(description)
                .bind(now)
                .bind(grant.name())
                .bind(version),
        )
        .await?;
    Ok(changed > 0)
}

/// Moves a version to a stage. Returns whether the version is there.
pub(crate) async fn set_stage(
    tx: &mut Tx,
    grant: &RegisteredGrant<Edit>,
    version: i64,
    stage: &str,
    now: Millis,
) -> Result<bool> {
    touch_registered(tx, grant, now).await?;
    let changed = tx
        .execute(
            sql("UPDATE model_versions SET stage = $1, updated = $2 WHERE name = $3 AND version = $4")
                .bind(stage)
                .bind(now)
                .bind(grant.name())
                .bind(version),
        )
        .await?;
    Ok(changed > 0)
}

/// Moves all versions of a stage but one to `Archived`.
pub(crate) async fn archive_others(
    tx: &mut Tx,
    grant: &RegisteredGrant<Edit>,
    version: i64,
    stage: &str,
    now: Millis,
) -> Result<()> {
    tx.execute(
        sql("UPDATE model_versions SET stage = 'Archived', updated = $1
             WHERE name = $2 AND stage = $3 AND version <> $4")
        .bind(now)
        .bind(grant.name())
        .bind(stage)
        .bind(version),
    )
    .await?;
    Ok(())
}

async fn touch_registered<L>(tx: &mut Tx, grant: &RegisteredGrant<L>, now: Millis) -> Result<()> {
    tx.execute(sql("UPDATE registered_models SET updated = $1 WHERE name = $2").bind(now).bind(grant.name()))
        .await?;
    Ok(())
}

/// Deletes a version for good, with its aliases; its number stays taken. Returns whether it was there.
pub(crate) async fn delete(
    tx: &mut Tx,
    grant: &RegisteredGrant<Manage>,
    version: i64,
    now: Millis,
) -> Result<bool> {
    touch_registered(tx, grant, now).await?;
    let deleted = tx
        .execute(
            sql("DELETE FROM model_versions WHERE name = $1 AND version = $2")
                .bind(grant.name())
                .bind(version),
        )
        .await?;
    Ok(deleted > 0)
}

/// Sets a tag. The version must be there.
pub(crate) async fn set_tag(
    tx: &mut Tx,
    grant: &RegisteredGrant<Edit>,
    version: i64,
    tag: &Tag,
) -> Result<()> {
    insert_tags(tx, grant.name(), version, std::slice::from_ref(tag)).await
}

async fn insert_tags(tx: &mut Tx, name: &str, version: i64, tags: &[Tag]) -> Result<()> {
    // The last of a key wins; Postgres refuses to set a key twice in one statement.
    let last: HashMap<&str, &str> = tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())).collect();
    let rows = last
        .into_iter()
        .map(|(key, value)| vec![Arg::from(name), version.into(), key.into(), value.into()])
        .collect();
    tx.insert_all(
        "INSERT INTO model_version_tags (name, version, key, value) VALUES ",
        rows,
        " ON CONFLICT (name, version, key) DO UPDATE SET value = excluded.value",
    )
    .await
}

/// Deletes a tag, if it is there.
pub(crate) async fn delete_tag(
    tx: &mut Tx,
    grant: &RegisteredGrant<Edit>,
    version: i64,
    key: &str,
) -> Result<()> {
    tx.execute(
        sql("DELETE FROM model_version_tags WHERE name = $1 AND version = $2 AND key = $3")
            .bind(grant.name())
            .bind(version)
            .bind(key),
    )
    .await?;
    Ok(())
}

/// Versions of registered models that the caller may read; of prompts only if the filter asks for prompts.
pub(crate) async fn search(
    mut db: &Db,
    visible: &VisibleTo,
    filter: &ModelVersionFilter,
    order: &[OrderBy<ModelVersionOrder>],
    slice: Slice,
) -> Result<Vec<ModelVersion>> {
    let mut select = sql(COLUMNS);
    select.push(" WHERE ");
    push_visible_registered(&mut select, visible, "v.name");
    let prompts = asks_for_prompts(filter.conditions().filter_map(|condition| match condition {
        ModelVersionCondition::Tag { key, test } => Some((key, test)),
        _ => None,
    }));
    if !prompts {
        select.push(
            " AND NOT EXISTS (SELECT 1 FROM model_version_tags t
                WHERE t.name = v.name AND t.version = v.version AND t.key = ",
        );
        select.push_bind(IS_PROMPT).push(" AND t.value = 'true')");
    }
    for condition in filter.conditions() {
        match condition {
            // Said above: most versions lack this tag, so that a test of its value would find nothing.
            ModelVersionCondition::Tag { key, .. } if !prompts && key.as_str() == IS_PROMPT => continue,
            _ => select.push(" AND "),
        };
        push_condition(&mut select, db, condition);
    }
    select.push(" ORDER BY ");
    for order in order {
        select.push(match order.key {
            ModelVersionOrder::Name => "v.name",
            ModelVersionOrder::Version => "v.version",
            ModelVersionOrder::Creation => "v.created",
            ModelVersionOrder::LastUpdate => "v.updated",
        });
        select.push(if order.descending { " DESC, " } else { ", " });
    }
    if order.is_empty() {
        select.push("v.updated DESC, ");
    }
    select.push("v.name, v.version DESC");
    slice.push(&mut select);
    let rows: Vec<Row> = db.all(select).await?;
    fill(&mut db, rows).await
}

fn push_condition(select: &mut Sql, db: &Db, condition: &ModelVersionCondition) {
    match condition {
        ModelVersionCondition::Name(test) => push_list_test(select, "v.name", test),
        ModelVersionCondition::RunId(test) => {
            // The one run that a page asks for is found by an index.
            if let ListTest::Text(TextTest::Eq(text)) = test
                && let Ok(run) = text.as_str().parse::<RunId>()
                && run.to_string() == text.as_str()
            {
                select.push("v.run_id = ").push_bind(run);
                return;
            }
            // Ids are stored as bytes, which each database spells out in its own way. No run is an empty text, as in MLflow's
            // answers; HEX makes that of NULL.
            let text = match db {
                Db::Sqlite(_) => "LOWER(HEX(v.run_id))",
                Db::Postgres(_) => "COALESCE(REPLACE(CAST(v.run_id AS TEXT), '-', ''), '')",
            };
            push_list_test(select, text, test);
        }
        ModelVersionCondition::SourcePath(test) => push_text_test(select, "v.source", test),
        ModelVersionCondition::Version(op, number) => {
            select.push("v.version ").push(op.as_str()).push(" ").push_bind(*number);
        }
        ModelVersionCondition::Tag { key, test } => {
            select.push(
                "EXISTS (SELECT 1 FROM model_version_tags t
                    WHERE t.name = v.name AND t.version = v.version AND t.key = ",
            );
            push_tag_test(select, key, test);
        }
    }
}
