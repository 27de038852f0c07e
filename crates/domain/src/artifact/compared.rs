//! Files of several runs beside each other: which packages they name, which of them are the same, what two texts differ in.
//! All of it is bounded; what isn't looked at is said to be so.

use crate::{
    Acting,
    error::{Error, Result},
    gate::Read,
    page::PREVIEW_BYTES,
};
use bytes::Bytes;
use model::{
    RunId,
    compared::{
        ComparedFiles, EnvironmentLine, Environments, FILES_OF_RUNS, FileCell, FileLine, FilePlace, Likeness,
        TextDifference,
    },
    page::{ArtifactEntry, ArtifactRoot},
    requirements::{self, Packages},
    run::Run,
    text_diff,
};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Bytes of a file that is read for packages.
const LARGEST_ENVIRONMENT: u64 = 1 << 20;
/// Bytes of all such files of a call, and packages that one of them may name.
pub(crate) const ENVIRONMENTS: u64 = 8 << 20;
const PACKAGES: usize = 2_000;
/// Folders of a run that are looked into for such files.
const FOLDERS: usize = 20;
/// Models of a run whose files count: those made last.
const MODELS: usize = 5;
/// Files of a run or a model that are listed, and files that are compared.
const LISTED: usize = 500;
const COMPARED: usize = 500;
/// Bytes of a file that is looked at to tell whether it is the same, and of all such files.
const LARGEST_LOOKED_AT: u64 = 1 << 20;
const LOOKED_AT: u64 = 32 << 20;
/// What a smaller file counts as.
const SMALLEST_COUNTED: u64 = 16 << 10;

/// What reads a kind of file that names packages.
type ReadPackages = fn(&str) -> Packages;

/// The files that name packages, the most exact first: what one of them says of a package, the next ones don't change.
const ENVIRONMENT_FILES: [(&str, ReadPackages); 3] = [
    ("requirements.txt", requirements::read_requirements),
    ("python_env.yaml", requirements::read_python_env),
    ("conda.yaml", requirements::read_conda),
];

/// A place with files of a run: the name of the model that they belong to, empty for its own.
struct Place {
    model: String,
    root: ArtifactRoot,
}

/// `None` for what isn't there, isn't kept by this server or may not be read.
pub(crate) fn if_there<T>(outcome: Result<T>) -> Result<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(Error::Problem(_)) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// What tags say of where a run came from.
fn tells_origin(key: &str) -> bool {
    const PREFIXES: [&str; 4] =
        ["mlflow.source.", "mlflow.project.", "mlflow.docker.", "mlflow.databricks.cluster"];
    let has_word = || {
        let key = key.to_ascii_lowercase();
        ["python", "cuda", "hostname"].iter().any(|word| key.contains(word))
    };
    PREFIXES.iter().any(|prefix| key.starts_with(prefix)) || has_word()
}

impl Acting {
    /// The packages that runs ran with, as the files of theirs and of their models say, and what their tags say. Needs READ.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` for too many runs.
    pub async fn environments(&self, runs: &[RunId]) -> Result<Environments> {
        let runs = self.few_runs(runs).await?;
        let (mut files, mut found) = (Vec::new(), Vec::new());
        let mut left = ENVIRONMENTS;
        for run in &runs {
            let (names, packages) = self.packages_of(run, &mut left).await?;
            files.push(names);
            found.push(packages);
        }
        let tags = |run: &Run| -> Packages {
            let told = run.tags.iter().filter(|tag| tells_origin(&tag.key));
            told.map(|tag| (tag.key.clone(), tag.value.clone())).collect()
        };
        let tags: Vec<Packages> = runs.iter().map(tags).collect();
        Ok(Environments {
            runs: runs.iter().map(|run| run.info.id).collect(),
            files,
            packages: requirements::side_by_side(&found),
            tags: with_their_say(requirements::side_by_side(&tags)),
        })
    }

    /// The files of runs and of their models, each compared to the first run's. Needs READ.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` for too many runs.
    pub async fn compare_files(&self, runs: &[RunId]) -> Result<ComparedFiles> {
        let runs = self.few_runs(runs).await?;
        let mut cells: BTreeMap<(String, String), Vec<Option<FileCell>>> = BTreeMap::new();
        let mut is_more = false;
        for (column, run) in runs.iter().enumerate() {
            for Place { model, root } in self.places_of(run).await? {
                let Some((files, more)) = if_there(self.files_of(root).await)? else { continue };
                is_more |= more;
                for file in files {
                    let line = cells.entry((model.clone(), file.path)).or_default();
                    line.resize(runs.len(), None);
                    let size = file.size.unwrap_or_default();
                    line[column] = Some(FileCell { root, size, likeness: None });
                }
            }
        }
        is_more |= cells.len() > COMPARED;
        let mut lines: Vec<FileLine> = cells
            .into_iter()
            .take(COMPARED)
            .map(|((model, path), cells)| FileLine { model, path, cells })
            .collect();
        let mut left = LOOKED_AT;
        for line in &mut lines {
            self.compare_line(line, &mut left).await?;
        }
        Ok(ComparedFiles { runs: runs.iter().map(|run| run.info.id).collect(), lines, is_more })
    }

    /// What differs between the starts of two text files. Needs READ.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`, `INVALID_PARAMETER_VALUE` for a bad path or what is no text.
    pub async fn compare_texts(&self, before: &FilePlace, after: &FilePlace) -> Result<TextDifference> {
        let (before, one_cut) = self.text_of(before).await?;
        let (after, other_cut) = self.text_of(after).await?;
        if before.contains('\0') || after.contains('\0') {
            return Err(Error::invalid("These files hold no text."));
        }
        let is_cut = one_cut || other_cut;
        // Long texts take a while.
        let diff = tokio::task::spawn_blocking(move || text_diff::diff(&before, &after)).await;
        let diff = diff.map_err(|error| Error::Fault(format!("comparing texts: {error}")))?;
        Ok(TextDifference { diff, is_cut })
    }

    /// The start of a file as text, tables of JSON too, and whether it goes on.
    async fn text_of(&self, file: &FilePlace) -> Result<(String, bool)> {
        let path = self.artifact_path(file.root, &file.path).await?;
        let read = self.read_artifact_start(&path, PREVIEW_BYTES).await?;
        Ok((String::from_utf8_lossy(&read.bytes).into_owned(), read.truncated))
    }

    /// The runs that may be read, if they are few enough for their files to be looked at.
    async fn few_runs(&self, runs: &[RunId]) -> Result<Vec<Run>> {
        if runs.len() > FILES_OF_RUNS {
            return Err(Error::invalid(format!(
                "Files of at most {FILES_OF_RUNS} runs are compared, and these are {}.",
                runs.len()
            )));
        }
        let grants = self.readable_runs(runs).await?;
        self.told_runs(&grants).await
    }

    /// Where files of a run are: its own, and those of the models that it made, the last of each name.
    async fn places_of(&self, run: &Run) -> Result<Vec<Place>> {
        let own = ArtifactRoot::Run(run.info.experiment, run.info.id);
        let mut places = vec![Place { model: String::new(), root: own }];
        let mut outputs = run.model_outputs.clone();
        outputs.sort_by_key(|output| std::cmp::Reverse(output.step));
        for output in outputs.into_iter().take(MODELS) {
            // A model may lie in an experiment that the caller may not read, or be deleted.
            let Some(model) = if_there(self.get_model(output.model, false).await)? else { continue };
            if places.iter().all(|place| place.model != model.name) {
                let root = ArtifactRoot::Model(model.experiment, model.id);
                places.push(Place { model: model.name, root });
            }
        }
        Ok(places)
    }

    async fn files_of(&self, root: ArtifactRoot) -> Result<(Vec<ArtifactEntry>, bool)> {
        let path = self.artifact_path(root, "").await?;
        let grant = self.artifact::<Read>(&path).await?;
        self.domain.files_below(&grant, LISTED).await
    }

    /// The packages that a run ran with, and the names of the files that say so.
    async fn packages_of(&self, run: &Run, left: &mut u64) -> Result<(Vec<String>, Packages)> {
        let (mut names, mut packages) = (Vec::new(), Packages::new());
        for place in self.places_of(run).await? {
            for folder in self.folders_of(&place).await? {
                for (file, read) in ENVIRONMENT_FILES {
                    if !folder.files.iter().any(|name| name == file) {
                        continue;
                    }
                    let path = format!("{}{file}", folder.path);
                    let text = self.start_of(place.root, &path, LARGEST_ENVIRONMENT.min(*left)).await?;
                    if !add_packages(text, read, left, &mut packages) {
                        continue;
                    }
                    names.push(if place.model.is_empty() {
                        path
                    } else {
                        format!("{}: {path}", place.model)
                    });
                }
            }
        }
        Ok((names, packages))
    }

    /// The packages that files directly in a folder name, and the names of those files. What may not be read names nothing. The
    /// folder is one as [`Self::artifact_path`] names it.
    pub(crate) async fn packages_in(&self, folder: &str, left: &mut u64) -> Result<(Vec<String>, Packages)> {
        let (mut names, mut packages) = (Vec::new(), Packages::new());
        for (file, read) in ENVIRONMENT_FILES {
            let text = self.start_at(&file_in(folder, file), LARGEST_ENVIRONMENT.min(*left)).await?;
            if add_packages(text, read, left, &mut packages) {
                names.push(file.to_owned());
            }
        }
        Ok((names, packages))
    }

    /// The folders that may hold files which name packages: the place itself, and of a run's own files what is directly in it.
    async fn folders_of(&self, place: &Place) -> Result<Vec<Folder>> {
        let Some(top) = if_there(self.artifact_entries(place.root, "").await)? else { return Ok(Vec::new()) };
        let (files, inner): (Vec<_>, Vec<_>) = top.into_iter().partition(|entry| entry.size.is_some());
        let names = files.into_iter().map(|file| file.path).collect();
        let mut folders = vec![Folder { path: String::new(), files: names }];
        if place.model.is_empty() {
            for folder in inner.into_iter().take(FOLDERS) {
                let entries = if_there(self.artifact_entries(place.root, &folder.path).await)?;
                let inside = entries.unwrap_or_default().into_iter();
                let name = |path: String| path.rsplit('/').next().unwrap_or_default().to_owned();
                let names = inside.map(|entry| name(entry.path)).collect();
                folders.push(Folder { path: format!("{}/", folder.path), files: names });
            }
        }
        Ok(folders)
    }

    /// Says of each file of a line how it compares to the first run's.
    async fn compare_line(&self, line: &mut FileLine, left: &mut u64) -> Result<()> {
        let Some((Some(base), others)) = line.cells.split_first_mut() else { return Ok(()) };
        let mut known: Option<Option<[u8; 32]>> = None;
        for other in others.iter_mut().flatten() {
            other.likeness = Some(if other.size != base.size {
                Likeness::Different
            } else if base.size == 0 {
                Likeness::Same
            } else {
                let of_base = match known {
                    Some(digest) => digest,
                    None => *known.insert(self.digest(base, &line.path, left).await?),
                };
                let digest =
                    if of_base.is_some() { self.digest(other, &line.path, left).await? } else { None };
                match (of_base, digest) {
                    (Some(one), Some(other)) if one == other => Likeness::Same,
                    (Some(_), Some(_)) => Likeness::Different,
                    _ => Likeness::SameSize,
                }
            });
        }
        Ok(())
    }

    /// What stands for a file's bytes; `None` if it is too large, or too many were looked at already.
    async fn digest(&self, file: &FileCell, path: &str, left: &mut u64) -> Result<Option<[u8; 32]>> {
        if file.size > LARGEST_LOOKED_AT.min(*left) {
            return Ok(None);
        }
        // Looking for a small file costs as much as reading a larger one.
        *left = left.saturating_sub(file.size.max(SMALLEST_COUNTED));
        let bytes = self.start_of(file.root, path, LARGEST_LOOKED_AT).await?;
        Ok(bytes.map(|bytes| Sha256::digest(&bytes).into()))
    }

    /// The start of a file below a root, if it is there.
    async fn start_of(&self, root: ArtifactRoot, path: &str, most: u64) -> Result<Option<Bytes>> {
        match if_there(self.artifact_path(root, path).await)? {
            Some(path) => self.start_at(&path, most).await,
            None => Ok(None),
        }
    }

    /// The start of a file, if it is there: one as [`Self::artifact_path`] names it. Needs READ.
    pub(crate) async fn start_at(&self, path: &str, most: u64) -> Result<Option<Bytes>> {
        Ok(if_there(self.read_artifact_start(path, most).await)?.map(|read| read.bytes))
    }
}

/// The path of a file in a folder.
pub(crate) fn file_in(folder: &str, file: &str) -> String {
    format!("{}/{file}", folder.trim_end_matches('/'))
}

/// Adds the packages that a file names and no other one did. Returns whether anything is in it.
fn add_packages(text: Option<Bytes>, read: ReadPackages, left: &mut u64, packages: &mut Packages) -> bool {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return false };
    *left = left.saturating_sub(text.len() as u64);
    for (name, wanted) in read(&String::from_utf8_lossy(&text)).into_iter().take(PACKAGES) {
        packages.entry(name).or_insert(wanted);
    }
    true
}

/// A folder of artifacts: its path with a slash at its end, and the names of what is in it.
struct Folder {
    path: String,
    files: Vec<String>,
}

/// Of tags nothing stands for "unknown": a run without one differs from a run with it.
fn with_their_say(mut lines: Vec<EnvironmentLine>) -> Vec<EnvironmentLine> {
    for line in &mut lines {
        line.differs = line.values.windows(2).any(|pair| pair[0] != pair[1]);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_that_tell_where_a_run_came_from_are_known_by_their_names() {
        for key in ["mlflow.source.git.commit", "mlflow.project.entryPoint", "Python_Version", "env.cuda"] {
            assert!(tells_origin(key), "{key}");
        }
        for key in ["team", "mlflow.runName", "mlflow.user"] {
            assert!(!tells_origin(key), "{key}");
        }
    }
}
