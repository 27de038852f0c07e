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

#[derive(FromRow)]
struct Row {
    name: String,
    description: String,
    updated: Millis,
    versions: i64,
    latest: Option<i64>,
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
    let mut select = sql("SELECT m.name, m.description, m.updated,
         (SELECT COUNT(*) FROM model_versions v WHERE v.name = m.name) AS versions,
         (SELECT MAX(v.version) FROM model_versions v WHERE v.name = m.name) AS latest
         FROM registered_models m WHERE ");
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
    Ok(rows
        .into_iter()
        .map(|row| RegisteredRow {
            aliases: aliases.remove(&row.name).unwrap_or_default(),
            name: row.name,
            about: row.description,
            versions: u64::try_from(row.versions).unwrap_or_default(),
            latest: row.latest,
            updated: row.updated,
        })
        .collect())
}
