//! Files of runs and models that come along: where they lie there, where they go here, and copying them.
//!
//! A file that is here in its size isn't copied again.

use super::{
    Failure,
    tally::{Kind, Tally},
};
use domain::Acting;
use futures::TryStreamExt as _;
use mlflow::artifact::{FileEntry, Files, PROXY, Root, kept_path};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Files that are copied, and where from.
pub struct Copies {
    files: Files,
    /// Where roots went that had another URI there.
    moved: HashMap<String, String>,
}

/// A folder that is copied.
pub struct Copying {
    from: Root,
    /// The folder among this server's artifacts.
    to: String,
}

/// A folder is the same with and without its scheme.
fn without_scheme(uri: &str) -> &str {
    uri.strip_prefix("file://").unwrap_or(uri)
}

impl Copies {
    /// Files are read from there.
    pub fn new(files: Files) -> Self {
        Self { files, moved: HashMap::new() }
    }

    /// Whether files of this URI can be read.
    pub fn can_read(&self, uri: &str) -> bool {
        self.files.locate(uri).is_some()
    }

    /// What to copy, and the URI that it has here: its own if the server kept it already, otherwise one at this place. `None`
    /// for what can't be read, such as a folder of another machine.
    pub fn plan(&mut self, uri: &str, place: String) -> Option<(Copying, String)> {
        let from = self.readable(uri)?;
        // Permissions go by the experiment that a path begins with.
        let is_ours = |path: &&str| path.split('/').next().is_some_and(|first| first.parse::<i64>().is_ok());
        let to = kept_path(uri).filter(is_ours).map_or(place, str::to_owned);
        let here = format!("{PROXY}/{to}");
        if here != uri {
            self.moved.insert(without_scheme(uri).trim_end_matches('/').to_owned(), here.clone());
        }
        Some((Copying { from, to }, here))
    }

    /// As [`Self::plan`], of what nothing else names: it goes to this place in any case.
    pub fn plan_at(&self, uri: &str, place: String) -> Option<(Copying, String)> {
        let here = format!("{PROXY}/{place}");
        Some((Copying { from: self.readable(uri)?, to: place }, here))
    }

    fn readable(&self, uri: &str) -> Option<Root> {
        // What a server keeps has no folder until there are files.
        self.files.locate(uri).filter(|from| kept_path(uri).is_some() || !from.is_missing())
    }

    /// What a URI is here: of what lies in a folder that was copied, its new place.
    pub fn here(&self, uri: &str) -> String {
        let path = without_scheme(uri);
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        let mut found = None;
        for end in ends {
            if let Some(root) = self.moved.get(&path[..end]) {
                found = Some(format!("{root}{}", &path[end..]));
            }
        }
        found.unwrap_or_else(|| uri.to_owned())
    }
}

impl Copying {
    /// Copies what isn't here yet. What can't be copied is told of, and the rest goes on.
    pub async fn carry_out(&self, target: &Acting, tally: &mut Tally) -> Result<(), Failure> {
        let files = match self.from.files().await {
            Ok(files) => files,
            Err(error) => {
                tally.found(Kind::Files, 1);
                tally.note(format!("{}: {error}", self.to));
                return Ok(());
            }
        };
        let mut known: HashMap<String, HashMap<String, u64>> = HashMap::new();
        for file in files {
            let path = format!("{}/{}", self.to, file.path);
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path.as_str()));
            tally.found(Kind::Files, 1);
            tally.found_many(Kind::Bytes, file.size.unwrap_or_default());
            if !known.contains_key(folder) {
                // What can't be listed can't be written either, which is told then.
                let listed = target.list_artifacts(folder).await.unwrap_or_default();
                let sizes = listed.into_iter().filter_map(|entry| Some((entry.path, entry.size?)));
                known.insert(folder.to_owned(), sizes.collect());
            }
            let here = known.get(folder).and_then(|sizes| sizes.get(name)).copied();
            let copied = match (here, file.size) {
                (Some(here), Some(there)) if here == there => Ok(here),
                _ => self.copy(target, &file, &path).await,
            };
            match copied {
                Ok(bytes) => {
                    if file.size.is_none() {
                        tally.found_many(Kind::Bytes, bytes);
                    }
                    tally.arrived(Kind::Files, 1);
                    tally.arrived_many(Kind::Bytes, bytes);
                }
                Err(error) => tally.note(format!("{path}: {error}")),
            }
        }
        Ok(())
    }

    async fn copy(&self, target: &Acting, file: &FileEntry, path: &str) -> Result<u64, Failure> {
        let count = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&count);
        let parts = self.from.read(&file.path).await?;
        let parts = parts.inspect_ok(move |part| {
            counted.fetch_add(part.len() as u64, Ordering::Relaxed);
        });
        target.write_artifact(path, parts).await?;
        let bytes = count.load(Ordering::Relaxed);
        match file.size {
            Some(size) if size != bytes => Err(format!("it had {size} bytes, and {bytes} came").into()),
            _ => Ok(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_kept_keeps_its_place_and_the_rest_moves() {
        let machine = tempfile::tempdir().unwrap();
        let mlruns = machine.path().join("mlruns").display().to_string();
        std::fs::create_dir_all(format!("{mlruns}/5/run/artifacts")).unwrap();
        let mut copies = Copies::new(Files { folder: Some("/srv/kept".into()), server: None });
        let mut check = |uri: &str, expected: Option<&str>| {
            let found = copies.plan(uri, "7/run/artifacts".to_owned()).map(|(_, here)| here);
            assert_eq!(found.as_deref(), expected, "{uri}");
        };
        check("mlflow-artifacts:/5/run/artifacts", Some("mlflow-artifacts:/5/run/artifacts"));
        check("mlflow-artifacts:/workspaces/a/5/run/artifacts", Some("mlflow-artifacts:/7/run/artifacts"));
        check(&format!("file://{mlruns}/5/run/artifacts"), Some("mlflow-artifacts:/7/run/artifacts"));
        check(&format!("file://{mlruns}/5/gone/artifacts"), None);
        check("s3://bucket/5/run/artifacts", None);
        assert_eq!(
            copies.here(&format!("file://{mlruns}/5/run/artifacts/model")),
            "mlflow-artifacts:/7/run/artifacts/model"
        );
        assert_eq!(copies.here(&format!("{mlruns}/5/run/artifacts")), "mlflow-artifacts:/7/run/artifacts");
        let like_it = format!("file://{mlruns}/5/run/artifacts2");
        let missing = format!("file://{mlruns}/5/gone/artifacts/model");
        for uri in ["models:/m-1", "s3://bucket/5", like_it.as_str(), missing.as_str()] {
            assert_eq!(copies.here(uri), uri);
        }
    }
}
