//! The model registry of a database.

use super::{
    Arg, Database, places,
    schema::{ALIASES, STORAGE_LOCATION, WORKSPACES},
};
use crate::{Page, Result};
use model::{
    import::RegisteredRecord,
    registry::{Alias, ModelVersion, RegisteredModel},
    run::Tag,
};
use sqlx::FromRow;
use std::collections::HashMap;

/// Registered models of a page.
const PAGE: usize = 50;
/// The stage of versions that are deleted, whose rows stay for their numbers.
const DELETED: &str = "Deleted_Internal";

/// Name, when it was made and changed, description.
type ModelRow = (String, Option<i64>, Option<i64>, Option<String>);

#[derive(FromRow)]
struct VersionRow {
    name: String,
    version: i64,
    created: Option<i64>,
    updated: Option<i64>,
    description: Option<String>,
    user_id: Option<String>,
    stage: Option<String>,
    source: Option<String>,
    storage_location: Option<String>,
    run_id: Option<String>,
    run_link: Option<String>,
}

impl VersionRow {
    fn into_version(self, tags: Vec<Tag>) -> ModelVersion {
        let source = self.source.unwrap_or_default();
        ModelVersion {
            storage_location: self
                .storage_location
                .filter(|location| !location.is_empty())
                .unwrap_or_else(|| source.clone()),
            name: self.name,
            version: self.version,
            created: self.created.unwrap_or_default(),
            updated: self.updated.or(self.created).unwrap_or_default(),
            user: self.user_id.unwrap_or_default(),
            stage: self.stage.filter(|stage| !stage.is_empty()).unwrap_or_else(|| "None".to_owned()),
            description: self.description.unwrap_or_default(),
            run: self.run_id.and_then(|run| run.parse().ok()),
            model: source.strip_prefix("models:/").and_then(|model| model.parse().ok()),
            source,
            run_link: self.run_link.unwrap_or_default(),
            tags,
            aliases: Vec::new(),
        }
    }
}

impl Database {
    pub(super) async fn registered_page(&self, after: Option<&str>) -> Result<Page<RegisteredRecord>> {
        let (place, here) = self.of_workspace(1);
        let mut args = vec![Arg::Text(after.unwrap_or_default().to_owned())];
        args.extend(here);
        let text = format!(
            "SELECT name, creation_time, last_updated_time, description FROM registered_models
             WHERE name > $1{place} ORDER BY name LIMIT {PAGE}"
        );
        let rows: Vec<ModelRow> = self.on.all(text, args).await?;
        let next = rows.last().filter(|_| rows.len() == PAGE).map(|row| row.0.clone());
        let names: Vec<String> = rows.iter().map(|row| row.0.clone()).collect();
        if names.is_empty() {
            return Ok(Page { items: Vec::new(), skipped: Vec::new(), next });
        }
        let mut tags = {
            let (text, args) = self.of_names("SELECT name, key, value FROM registered_model_tags", &names);
            self.pairs(text, args).await?
        };
        let mut versions = self.versions_of(&names).await?;
        let mut aliases = self.aliases_of(&names).await?;
        let items = rows.into_iter().map(|(name, created, updated, description)| {
            let (last_version, versions) = versions.remove(&name).unwrap_or_default();
            let mut aliases = aliases.remove(&name).unwrap_or_default();
            // One whose version is deleted names nothing.
            aliases.retain(|alias: &Alias| versions.iter().any(|version| version.version == alias.version));
            RegisteredRecord {
                model: RegisteredModel {
                    created: created.unwrap_or_default(),
                    updated: updated.or(created).unwrap_or_default(),
                    description: description.unwrap_or_default(),
                    tags: tags.remove(&name).unwrap_or_default(),
                    aliases,
                    latest: Vec::new(),
                    name,
                },
                last_version,
                versions,
            }
        });
        Ok(Page { items: items.collect(), skipped: Vec::new(), next })
    }

    /// What limits a statement to the workspace, with the value of its placeholder, behind so many others.
    fn of_workspace(&self, others: usize) -> (String, Option<Arg>) {
        if !self.schema.has(WORKSPACES) {
            return (String::new(), None);
        }
        (format!(" AND workspace = ${}", others + 1), Some(Arg::Text(self.workspace.clone())))
    }

    /// A statement about registered models of these names.
    fn of_names(&self, select: &str, names: &[String]) -> (String, Vec<Arg>) {
        let (place, here) = self.of_workspace(names.len());
        let mut args = super::texts(names);
        args.extend(here);
        (format!("{select} WHERE name IN {}{place}", places(names.len())), args)
    }

    /// The versions by name, in their order, and the highest number there ever was.
    async fn versions_of(&self, names: &[String]) -> Result<HashMap<String, (i64, Vec<ModelVersion>)>> {
        let mut tags: HashMap<(String, i64), Vec<Tag>> = HashMap::new();
        let (text, args) =
            self.of_names("SELECT name, CAST(version AS BIGINT), key, value FROM model_version_tags", names);
        for (name, version, key, value) in
            self.on.all::<(String, i64, String, Option<String>)>(text, args).await?
        {
            tags.entry((name, version)).or_default().push(Tag { key, value: value.unwrap_or_default() });
        }
        let storage = if self.schema.has(STORAGE_LOCATION) { "storage_location" } else { "source" };
        let select = format!(
            "SELECT name, CAST(version AS BIGINT) AS version, creation_time AS created, last_updated_time AS updated,
                 description, user_id, current_stage AS stage, source, {storage} AS storage_location, run_id, run_link
             FROM model_versions"
        );
        let (text, args) = self.of_names(&select, names);
        let mut rows: Vec<VersionRow> = self.on.all(text, args).await?;
        rows.sort_by_key(|row| row.version);
        let mut found: HashMap<String, (i64, Vec<ModelVersion>)> = HashMap::new();
        for row in rows {
            let (last, versions) = found.entry(row.name.clone()).or_default();
            *last = (*last).max(row.version);
            if row.stage.as_deref() != Some(DELETED) {
                let mut tags = tags.remove(&(row.name.clone(), row.version)).unwrap_or_default();
                tags.sort_by(|a, b| a.key.cmp(&b.key));
                versions.push(row.into_version(tags));
            }
        }
        Ok(found)
    }

    async fn aliases_of(&self, names: &[String]) -> Result<HashMap<String, Vec<Alias>>> {
        let mut found: HashMap<String, Vec<Alias>> = HashMap::new();
        if !self.schema.has(ALIASES) {
            return Ok(found);
        }
        let (text, args) =
            self.of_names("SELECT name, alias, CAST(version AS BIGINT) FROM registered_model_aliases", names);
        for (name, alias, version) in self.on.all::<(String, String, i64)>(text, args).await? {
            found.entry(name).or_default().push(Alias { alias, version });
        }
        Ok(found)
    }
}
