//! The model registry of a folder: `models/<name>/meta.yaml`, and below it `version-<number>`, `tags` and `aliases`.

use super::{
    Folder, META, MODELS,
    meta::{self, RegisteredMeta, VersionMeta},
    read::{names, texts},
};
use crate::{Page, Result};
use model::{
    import::RegisteredRecord,
    registry::{Alias, ModelVersion, RegisteredModel},
};
use std::path::Path;

/// What the folder of a version begins with.
pub(super) const VERSION: &str = "version-";

impl Folder {
    pub(super) fn all_registered(&self) -> Result<Page<RegisteredRecord>> {
        let root = self.root.join(MODELS);
        let mut items = Vec::new();
        for name in names(&root)? {
            let folder = root.join(name);
            if folder.join(META).is_file() {
                items.push(read_registered(&folder)?);
            }
        }
        Ok(Page { items, skipped: Vec::new(), next: None })
    }
}

fn read_registered(folder: &Path) -> Result<RegisteredRecord> {
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
        let version = read_version(&folder.join(format!("{VERSION}{number}")), &meta.name, number)?;
        // One that is deleted leaves its number.
        versions.extend((version.stage != "Deleted_Internal").then_some(version));
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
