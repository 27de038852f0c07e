//! Registered models as pages list them.

use super::{aliases_of, push_no_prompts};
use crate::{
    error::Result,
    gate::VisibleTo,
    store::{
        Db, Query,
        permission::push_visible_registered,
        search::{Slice, push_contains},
        sql,
    },
};
use model::{Millis, page::registry::RegisteredRow};
use sqlx::FromRow;
use std::collections::HashMap;

#[derive(FromRow)]
struct Row {
    name: String,
    description: String,
    updated: Millis,
}

/// Registered models that the caller may read and whose names contain a text, without prompts. What is said about each is its
/// whole description.
pub(crate) async fn list(
    mut db: &Db,
    visible: &VisibleTo,
    text: &str,
    by_change: bool,
    slice: Slice,
) -> Result<Vec<RegisteredRow>> {
    let mut select = sql("SELECT m.name, m.description, m.updated FROM registered_models m WHERE ");
    push_visible_registered(&mut select, visible, "m.name");
    push_no_prompts(&mut select);
    if !text.is_empty() {
        select.push(" AND ");
        push_contains(&mut select, "m.name", text);
    }
    select.push(if by_change { " ORDER BY m.updated DESC, m.name" } else { " ORDER BY m.name" });
    slice.push(&mut select);
    let rows: Vec<Row> = db.all(select).await?;
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    let mut aliases = aliases_of(&mut db, &names).await?;
    let versions = versions_of(db, &names).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let (count, latest) = versions.get(&row.name).copied().unzip();
            RegisteredRow {
                aliases: aliases.remove(&row.name).unwrap_or_default(),
                name: row.name,
                about: row.description,
                versions: count.unwrap_or_default(),
                latest,
                updated: row.updated,
            }
        })
        .collect())
}

/// How many versions each of these registered models has, and the highest of them. Asked of those that a page shows alone: counting
/// goes through all versions of a model.
async fn versions_of(mut db: &Db, names: &[&str]) -> Result<HashMap<String, (u64, i64)>> {
    let mut select = sql("SELECT name, COUNT(*), MAX(version) FROM model_versions WHERE name IN ");
    select.push_list(names.iter().copied()).push(" GROUP BY name");
    let found: Vec<(String, i64, i64)> = db.all(select).await?;
    Ok(found.into_iter().map(|(name, count, latest)| (name, (count.unsigned_abs(), latest))).collect())
}
