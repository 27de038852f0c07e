//! The model registry. Here: registered models, their tags and aliases. In [`version`]: what stands behind the names. In
//! [`page`]: the list that people see.

pub(crate) mod page;
pub(crate) mod version;

use super::{
    Arg, Db, Query, Sql, Tx,
    permission::push_visible_registered,
    search::{Slice, push_list_test, push_text_test},
    sql,
};
use crate::{
    error::{Error, Result},
    gate::{Edit, Manage, Read, RegisteredGrant, VisibleTo},
};
use model::{
    Millis,
    filter::{Key, OrderBy, RegisteredModelCondition, RegisteredModelFilter, RegisteredModelOrder, TextTest},
    registry::{Alias, ModelVersion, RegisteredModel},
    run::Tag,
};
use sqlx::FromRow;
use std::collections::HashMap;

/// What a prompt is told by: prompts live in the registry beside models, under this tag with the value `true`.
pub(crate) const IS_PROMPT: &str = "mlflow.prompt.is_prompt";
/// What kind of prompt it is: text or chat.
pub(crate) const PROMPT_TYPE: &str = "_mlflow_prompt_type";
/// What a version of a prompt says.
pub(crate) const PROMPT_TEXT: &str = "mlflow.prompt.text";

const COLUMNS: &str = "SELECT m.name, m.description, m.created, m.updated FROM registered_models m";

#[derive(FromRow)]
struct Row {
    name: String,
    description: String,
    created: Millis,
    updated: Millis,
}

/// Writes a new registered model with its tags. Everybody may make one.
///
/// # Errors
/// [`Error::is_duplicate`] if the name is taken.
pub(crate) async fn insert(tx: &mut Tx, model: &RegisteredModel) -> Result<()> {
    tx.execute(
        sql("INSERT INTO registered_models (name, description, last_version, created, updated)
             VALUES ($1, $2, 0, $3, $4)")
        .bind(&model.name)
        .bind(&model.description)
        .bind(model.created)
        .bind(model.updated),
    )
    .await?;
    insert_tags(tx, &model.name, &model.tags).await
}

/// The registered model of this grant, with its latest versions.
///
/// # Errors
/// `RESOURCE_DOES_NOT_EXIST` if its row went away after the gate saw it.
pub(crate) async fn get<L>(on: &mut impl Query, grant: &RegisteredGrant<L>) -> Result<RegisteredModel> {
    let mut select = sql(COLUMNS);
    select.push(" WHERE m.name = ").push_bind(grant.name());
    let rows: Vec<Row> = on.all(select).await?;
    fill(on, rows).await?.pop().ok_or_else(|| missing(grant.name()))
}

/// The answer about a registered model that isn't there.
pub(crate) fn missing(name: &str) -> Error {
    Error::missing(format!("Registered Model with name={name} not found"))
}

/// Adds tags, aliases and latest versions to rows that were just read.
async fn fill(on: &mut impl Query, rows: Vec<Row>) -> Result<Vec<RegisteredModel>> {
    // A page has 1,000 at most, so that all names fit into a statement.
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let mut select = sql("SELECT name, key, value FROM registered_model_tags WHERE name IN ");
    select.push_list(names.iter().copied()).push(" ORDER BY name, key");
    let mut tags: HashMap<String, Vec<Tag>> = HashMap::new();
    for (name, key, value) in on.all::<(String, String, String)>(select).await? {
        tags.entry(name).or_default().push(Tag { key, value });
    }
    let mut aliases = aliases_of(on, &names).await?;
    let mut latest: HashMap<String, Vec<ModelVersion>> = HashMap::new();
    for version in version::latest(on, &names).await? {
        latest.entry(version.name.clone()).or_default().push(version);
    }
    Ok(rows
        .into_iter()
        .map(|row| RegisteredModel {
            tags: tags.remove(&row.name).unwrap_or_default(),
            aliases: aliases.remove(&row.name).unwrap_or_default(),
            latest: latest.remove(&row.name).unwrap_or_default(),
            name: row.name,
            created: row.created,
            updated: row.updated,
            description: row.description,
        })
        .collect())
}

/// The aliases of these registered models.
async fn aliases_of(on: &mut impl Query, names: &[&str]) -> Result<HashMap<String, Vec<Alias>>> {
    let mut select = sql("SELECT name, alias, version FROM registered_model_aliases WHERE name IN ");
    select.push_list(names.iter().copied()).push(" ORDER BY name, alias");
    let mut aliases: HashMap<String, Vec<Alias>> = HashMap::new();
    for (name, alias, version) in on.all::<(String, String, i64)>(select).await? {
        aliases.entry(name).or_default().push(Alias { alias, version });
    }
    Ok(aliases)
}

/// Adds `AND …`: the registered model `m` is no prompt.
fn push_no_prompts(select: &mut Sql) {
    select.push(" AND NOT EXISTS (SELECT 1 FROM registered_model_tags t WHERE t.name = m.name AND t.key = ");
    select.push_bind(IS_PROMPT).push(" AND t.value = 'true')");
}

/// Whether the registered model is a prompt.
pub(crate) async fn is_prompt<L>(on: &mut impl Query, grant: &RegisteredGrant<L>) -> Result<bool> {
    let row: Option<(String,)> = on
        .first(
            sql("SELECT value FROM registered_model_tags WHERE name = $1 AND key = $2")
                .bind(grant.name())
                .bind(IS_PROMPT),
        )
        .await?;
    Ok(row.is_some_and(|(value,)| value.eq_ignore_ascii_case("true")))
}

/// Changes the description.
pub(crate) async fn set_description(
    tx: &mut Tx,
    grant: &RegisteredGrant<Edit>,
    description: &str,
    now: Millis,
) -> Result<()> {
    tx.execute(
        sql("UPDATE registered_models SET description = $1, updated = $2 WHERE name = $3")
            .bind(description)
            .bind(now)
            .bind(grant.name()),
    )
    .await?;
    Ok(())
}

/// Changes the name; versions, tags, aliases and permissions follow. Returns the model under its new name.
///
/// # Errors
/// [`Error::is_duplicate`] if the name is taken.
pub(crate) async fn rename(
    tx: &mut Tx,
    grant: &RegisteredGrant<Edit>,
    new_name: &str,
    now: Millis,
) -> Result<RegisteredModel> {
    tx.execute(
        sql("UPDATE registered_models SET name = $1, updated = $2 WHERE name = $3")
            .bind(new_name)
            .bind(now)
            .bind(grant.name()),
    )
    .await?;
    tx.execute(sql("UPDATE model_versions SET updated = $1 WHERE name = $2").bind(now).bind(new_name))
        .await?;
    let mut select = sql(COLUMNS);
    select.push(" WHERE m.name = ").push_bind(new_name);
    let rows: Vec<Row> = tx.all(select).await?;
    fill(tx, rows).await?.pop().ok_or_else(|| missing(grant.name()))
}

/// Deletes the registered model and all its versions for good.
pub(crate) async fn delete(tx: &mut Tx, grant: &RegisteredGrant<Manage>) -> Result<()> {
    tx.execute(sql("DELETE FROM registered_models WHERE name = $1").bind(grant.name())).await?;
    Ok(())
}

/// Sets a tag.
pub(crate) async fn set_tag(tx: &mut Tx, grant: &RegisteredGrant<Edit>, tag: &Tag) -> Result<()> {
    insert_tags(tx, grant.name(), std::slice::from_ref(tag)).await
}

async fn insert_tags(tx: &mut Tx, name: &str, tags: &[Tag]) -> Result<()> {
    // The last of a key wins; Postgres refuses to set a key twice in one statement.
    let last: HashMap<&str, &str> = tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())).collect();
    let rows = last.into_iter().map(|(key, value)| vec![Arg::from(name), key.into(), value.into()]).collect();
    tx.insert_all(
        "INSERT INTO registered_model_tags (name, key, value) VALUES ",
        rows,
        " ON CONFLICT (name, key) DO UPDATE SET value = excluded.value",
    )
    .await
}

/// Deletes a tag, if it is there.
pub(crate) async fn delete_tag(tx: &mut Tx, grant: &RegisteredGrant<Edit>, key: &str) -> Result<()> {
    tx.execute(
        sql("DELETE FROM registered_model_tags WHERE name = $1 AND key = $2").bind(grant.name()).bind(key),
    )
    .await?;
    Ok(())
}

/// Gives a version a name, which another version may have had before. The version must be there.
pub(crate) async fn set_alias(
    tx: &mut Tx,
    grant: &RegisteredGrant<Edit>,
    alias: &str,
    version: i64,
) -> Result<()> {
    tx.execute(
        sql("INSERT INTO registered_model_aliases (name, alias, version) VALUES ($1, $2, $3)
             ON CONFLICT (name, alias) DO UPDATE SET version = excluded.version")
        .bind(grant.name())
        .bind(alias)
        .bind(version),
    )
    .await?;
    Ok(())
}

/// Deletes an alias, if it is there.
pub(crate) async fn delete_alias(tx: &mut Tx, grant: &RegisteredGrant<Edit>, alias: &str) -> Result<()> {
    tx.execute(
        sql("DELETE FROM registered_model_aliases WHERE name = $1 AND alias = $2")
            .bind(grant.name())
            .bind(alias),
    )
    .await?;
    Ok(())
}

/// The version that an alias names.
pub(crate) async fn find_alias(
    on: &mut impl Query,
    grant: &RegisteredGrant<Read>,
    alias: &str,
) -> Result<Option<i64>> {
    let row: Option<(i64,)> = on
        .first(
            sql("SELECT version FROM registered_model_aliases WHERE name = $1 AND alias = $2")
                .bind(grant.name())
                .bind(alias),
        )
        .await?;
    Ok(row.map(|(version,)| version))
}

/// Registered models that the caller may read. Prompts are not among them unless the filter asks for prompts, and then
/// they alone are.
pub(crate) async fn search(
    mut db: &Db,
    visible: &VisibleTo,
    filter: &RegisteredModelFilter,
    order: &[OrderBy<RegisteredModelOrder>],
    slice: Slice,
) -> Result<Vec<RegisteredModel>> {
    let mut select = sql(COLUMNS);
    select.push(" WHERE ");
    push_visible_registered(&mut select, visible, "m.name");
    let prompts = asks_for_prompts(filter.conditions().filter_map(|condition| match condition {
        RegisteredModelCondition::Tag { key, test } => Some((key, test)),
        RegisteredModelCondition::Name(_) => None,
    }));
    if !prompts {
        push_no_prompts(&mut select);
    }
    for condition in filter.conditions() {
        match condition {
            RegisteredModelCondition::Name(test) => {
                select.push(" AND ");
                push_list_test(&mut select, "m.name", test);
            }
            // Said above: most models lack this tag, so that a test of its value would find nothing.
            RegisteredModelCondition::Tag { key, .. } if !prompts && key.as_str() == IS_PROMPT => {}
            RegisteredModelCondition::Tag { key, test } => {
                select.push(
                    " AND EXISTS (SELECT 1 FROM registered_model_tags t WHERE t.name = m.name AND t.key = ",
                );
                push_tag_test(&mut select, key, test);
            }
        }
    }
    select.push(" ORDER BY ");
    for order in order {
        select.push(match order.key {
            RegisteredModelOrder::Name => "m.name",
            RegisteredModelOrder::LastUpdate => "m.updated",
        });
        select.push(if order.descending { " DESC, " } else { ", " });
    }
    select.push("m.name");
    slice.push(&mut select);
    let rows: Vec<Row> = db.all(select).await?;
    fill(&mut db, rows).await
}

/// Ends an EXISTS on a table of tags `t`, where the key is compared.
fn push_tag_test(select: &mut Sql, key: &Key, test: &TextTest) {
    select.push_bind(key.as_str()).push(" AND ");
    push_text_test(select, "t.value", test);
    select.push(")");
}

/// Whether a filter with these tests of tags is about prompts, as MLflow tells it.
fn asks_for_prompts<'a>(mut tests: impl Iterator<Item = (&'a Key, &'a TextTest)>) -> bool {
    tests.find(|(key, _)| key.as_str() == IS_PROMPT).is_some_and(|(_, test)| match test {
        TextTest::Eq(value) => value.as_str().eq_ignore_ascii_case("true"),
        TextTest::Ne(value) => value.as_str().eq_ignore_ascii_case("false"),
        TextTest::Like(_) | TextTest::Ilike(_) => false,
    })
}
