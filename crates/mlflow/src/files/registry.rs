//! The model registry of a folder: `models/<name>/meta.yaml`, and below it `version-<number>`, `tags` and `aliases`.

use super::{
    Folder, META, MODELS,
    meta::{self, RegisteredMeta, VersionMeta},
    read::{names, readable, texts},
};
use crate::{Page, Result};
use model::{
    import::RegisteredRecord,
    registry::{Alias, ModelVersion, RegisteredModel},
};
use std::path::{Path, PathBuf};

/// What the folder of a version begins with.
pub(super) const VERSION: &str = "version-";

impl Folder {
    pub(super) fn all_registered(&self) -> Result<Page<RegisteredRecord>> {
        let root = self.root.join(MODELS);
        let folders = names(&root)?.into_iter().map(|name| root.join(name));
        let folders: Vec<PathBuf> = folders.filter(|folder| folder.join(META).is_file()).collect();
        let mut versions_skipped = Vec::new();
        let (items, mut skipped) =
            readable(&folders, |folder| read_registered(folder, &mut versions_skipped));
        versions_skipped.append(&mut skipped);
        Ok(Page { items, skipped: versions_skipped, next: None })
    }
}

/// A version that can't be read is left out, and why is added to what was `skipped`.
fn read_registered(folder: &Path, skipped: &mut Vec<String>) -> Result<RegisteredRecord> {
    let meta: RegisteredMeta = meta::read(&folder.join(META))?;
    let mut numbers = Vec::new();
    for name in names(folder)? {
        let number = name.strip_prefix(VERSION).and_then(|number| number.parse::<i64>().ok());
        numbers.extend(number.filter(|_| folder.join(&name).join(META).is_file()));
    }
    numbers.sort_unstable();
    let last_version = numbers.last().copied().unwrap_or_default();
    let mut versions = Vec::with_capacity(numbers.len());
    for number in numbers {
        match read_version(&folder.join(format!("{VERSION}{number}")), &meta.name, number) {
            // One that is deleted leaves its number.
            Ok(version) => versions.extend((version.stage != "Deleted_Internal").then_some(version)),
            Err(error) => skipped.push(error.to_string()),
        }
    }
    let aliases = texts(&folder.join("aliases"))?.into_iter();
    let aliases = aliases.filter_map(|alias| {
        let version = alias.value.trim().parse().ok()?;
        let is_there = versions.iter().any(|known: &ModelVersion| known.version == version);
        is_there.then_some(Alias { alias: alias.key, version })
    });
    Ok(RegisteredRecord {
        model: RegisteredModel {
            aliases: aliases.collect(),
            name: meta.name,
            created: meta.creation_timestamp.unwrap_or_default(),
            updated: meta.last_updated_timestamp.or(meta.creation_timestamp).unwrap_or_default(),
            description: meta.description.unwrap_or_default(),
            tags: texts(&folder.join("tags"))?,
            latest: Vec::new(),
        },
        last_version,
        versions,
    })
}

fn read_version(folder: &Path, name: &str, version: i64) -> Result<ModelVersion> {
    let meta: VersionMeta = meta::read(&folder.join(META))?;
    let source = meta.source.unwrap_or_default();
    Ok(ModelVersion {
        name: name.to_owned(),
        version,
        created: meta.creation_timestamp.unwrap_or_default(),
        updated: meta.last_updated_timestamp.or(meta.creation_timestamp).unwrap_or_default(),
        user: meta.user_id.unwrap_or_default(),
        stage: meta.current_stage.filter(|stage| !stage.is_empty()).unwrap_or_else(|| "None".to_owned()),
        description: meta.description.unwrap_or_default(),
        storage_location: meta
            .storage_location
            .filter(|location| !location.is_empty())
            .unwrap_or_else(|| source.clone()),
        source,
        run: meta.run_id.and_then(|run| run.parse().ok()),
        model: meta.model_id.and_then(|model| model.parse().ok()),
        run_link: meta.run_link.unwrap_or_default(),
        tags: texts(&folder.join("tags"))?,
        aliases: Vec::new(),
    })
}
