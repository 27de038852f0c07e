//! Experiments, runs, points and logged models of a folder.

use super::{
    Folder, META, MODELS, PAGE, TRASH, file,
    meta::{self, DatasetMeta, ExperimentMeta, LinkMeta, ModelMeta, RunMeta},
};
use crate::{Error, Page, Result, latest, sql::status_of, with_one_name};
use model::{
    ExperimentId, ModelId, RunId,
    experiment::{Experiment, Lifecycle},
    import::ModelRecord,
    logged_model::{LoggedModel, ModelMetric},
    metric::{MetricSummary, Point},
    run::{Dataset, DatasetInput, ModelOutput, Run, RunInfo, RunStatus, Tag},
};
use std::{
    collections::HashSet,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// Folders of an experiment that are no runs.
const NO_RUNS: [&str; 5] = ["tags", "datasets", "traces", "models", ".trash"];

/// What is in a folder, sorted; nothing if there is none.
pub(super) fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(file(folder)(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(file(folder))?;
        names.extend(entry.file_name().into_string().ok());
    }
    names.sort();
    Ok(names)
}

/// Names of what may be the runs of an experiment.
fn names_like_runs(experiment: &Path) -> Result<Vec<String>> {
    let mut names = names(experiment)?;
    names.retain(|name| !NO_RUNS.contains(&name.as_str()));
    Ok(names)
}

/// Names of the runs of an experiment.
pub(super) fn run_names(experiment: &Path) -> Result<Vec<String>> {
    let mut names = names_like_runs(experiment)?;
    names.retain(|name| experiment.join(name).join(META).is_file());
    Ok(names)
}

/// Files with their values below a folder, by their paths there: keys with a slash are in folders of their own.
pub(super) fn texts(folder: &Path) -> Result<Vec<Tag>> {
    let mut found = Vec::new();
    for key in keys(folder)? {
        let path = folder.join(&key);
        let bytes = fs::read(&path).map_err(file(&path))?;
        found.push(Tag { key, value: String::from_utf8_lossy(&bytes).into_owned() });
    }
    Ok(found)
}

/// Files below a folder, by their paths there.
fn keys(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(below) = folders.pop() {
        for name in names(&folder.join(&below))? {
            let key = if below.is_empty() { name } else { format!("{below}/{name}") };
            if folder.join(&key).is_dir() {
                folders.push(key);
            } else {
                found.push(key);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn lifecycle(stage: Option<&str>) -> Lifecycle {
    stage.and_then(|stage| stage.parse().ok()).unwrap_or(Lifecycle::Active)
}

/// A number as Python writes it.
fn number(text: &str) -> Option<f64> {
    match text {
        "nan" | "-nan" => Some(f64::NAN),
        "inf" => Some(f64::INFINITY),
        "-inf" => Some(f64::NEG_INFINITY),
        text => text.parse().ok(),
    }
}

/// A line of a metric: time, value, step, and what it was measured on. In files of MLflow before 1.0 there is no step.
fn point(line: &str) -> Option<(Point, Vec<&str>)> {
    let mut words = line.split(' ');
    let (timestamp, value) = (words.next()?.parse().ok()?, number(words.next()?)?);
    let step = words.next().map_or(Some(0), |step| step.parse().ok())?;
    Some((Point { step, timestamp, value }, words.collect()))
}

/// Name and digest of a dataset: of a name with spaces there are more words.
fn dataset(words: &[&str]) -> Option<(String, String)> {
    let (digest, name) = words.split_last()?;
    (!name.is_empty()).then(|| (name.join(" "), (*digest).to_owned()))
}

fn lines(path: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(path).map_err(file(path))?;
    Ok(text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

fn broken(path: &Path, line: &str) -> Error {
    Error::Said(format!("{}: this is no point of a metric: {line}", path.display()))
}

/// The part of a sorted list of things in folders that comes after one of them, and from where the next goes on. What is no
/// thing, having no file that says what it is, is found only among what the part takes: each part would look at all of them
/// otherwise.
pub(super) fn part_after(
    folders: impl Iterator<Item = Result<(PathBuf, Vec<String>)>>,
    after: Option<&str>,
    meta: &str,
) -> Result<(Vec<PathBuf>, Option<String>)> {
    let mut all = Vec::new();
    for folder in folders {
        let (folder, names) = folder?;
        all.extend(names.into_iter().map(|name| folder.join(name)));
    }
    all.sort();
    let from = after.map_or(0, |after| all.partition_point(|path| path.as_path() <= Path::new(after)));
    let taken = &all[from..all.len().min(from + PAGE)];
    let more = from + taken.len() < all.len();
    let next = taken.last().filter(|_| more).map(|path| path.to_string_lossy().into_owned());
    let part = taken.iter().filter(|path| path.join(meta).is_file()).cloned().collect();
    Ok((part, next))
}

/// What can be read of these folders, and of the rest why it can't.
pub(super) fn readable<T>(
    folders: &[PathBuf],
    mut read: impl FnMut(&Path) -> Result<T>,
) -> (Vec<T>, Vec<String>) {
    let (mut items, mut skipped) = (Vec::new(), Vec::new());
    for folder in folders {
        match read(folder) {
            Ok(item) => items.push(item),
            Err(error) => skipped.push(error.to_string()),
        }
    }
    (items, skipped)
}

impl Folder {
    /// The folders of experiments, deleted ones too, with their numbers.
    pub(super) fn experiment_folders(&self) -> Result<Vec<(ExperimentId, PathBuf)>> {
        let mut found = Vec::new();
        for root in [self.root.clone(), self.root.join(TRASH)] {
            for name in names(&root)? {
                let folder = root.join(&name);
                if let Ok(id) = name.parse::<ExperimentId>()
                    && folder.join(META).is_file()
                {
                    found.push((id, folder));
                }
            }
        }
        Ok(found)
    }

    pub(super) fn some_folders(&self, of: &[ExperimentId]) -> Result<Vec<PathBuf>> {
        let of: HashSet<ExperimentId> = of.iter().copied().collect();
        let folders = self.experiment_folders()?.into_iter();
        Ok(folders.filter(|(id, _)| of.contains(id)).map(|(_, folder)| folder).collect())
    }

    pub(super) fn folder_of(&self, id: ExperimentId) -> PathBuf {
        let folder = self.root.join(id.to_string());
        if folder.is_dir() { folder } else { self.root.join(TRASH).join(id.to_string()) }
    }

    pub(super) fn all_experiments(&self) -> Result<Page<Experiment>> {
        let folders: Vec<PathBuf> =
            self.experiment_folders()?.into_iter().map(|(_, folder)| folder).collect();
        let (mut items, skipped) = readable(&folders, read_experiment);
        items.sort_by_key(|experiment| experiment.id);
        Ok(Page { items, skipped, next: None })
    }

    pub(super) fn run_page(&self, of: &[ExperimentId], after: Option<&str>) -> Result<Page<Run>> {
        let folders = self.some_folders(of)?.into_iter().map(|folder| {
            let names = names_like_runs(&folder)?;
            Ok::<_, Error>((folder, names))
        });
        let (part, next) = part_after(folders, after, META)?;
        let (items, skipped) = readable(&part, |folder| read_run(folder).map(with_one_name));
        Ok(Page { items, skipped, next })
    }

    pub(super) fn points_of(&self, experiment: ExperimentId, run: RunId, key: &str) -> Result<Vec<Point>> {
        let path = self.folder_of(experiment).join(run.to_string()).join("metrics").join(key);
        let (mut known, mut points) = (HashSet::new(), Vec::new());
        for line in lines(&path)? {
            let (point, _) = point(&line).ok_or_else(|| broken(&path, &line))?;
            if known.insert(point) {
                points.push(point);
            }
        }
        Ok(points)
    }

    pub(super) fn model_page(&self, of: &[ExperimentId], after: Option<&str>) -> Result<Page<ModelRecord>> {
        let folders = self.some_folders(of)?.into_iter().map(|folder| {
            let folder = folder.join(MODELS);
            let names = names(&folder)?;
            Ok::<_, Error>((folder, names))
        });
        let (part, next) = part_after(folders, after, META)?;
        let (items, skipped) = readable(&part, read_model);
        Ok(Page { items, skipped, next })
    }
}

/// The number of the experiment that a folder is in, so many steps further up.
fn experiment_of(folder: &Path, steps: usize) -> Option<ExperimentId> {
    folder.ancestors().nth(steps)?.file_name()?.to_str()?.parse().ok()
}

fn read_experiment(folder: &Path) -> Result<Experiment> {
    let meta: ExperimentMeta = meta::read(&folder.join(META))?;
    let Ok(id) = meta.experiment_id.parse() else {
        return Err(Error::Said(format!("experiment {}: its id is no number", meta.experiment_id)));
    };
    let is_deleted = folder.parent().is_some_and(|parent| parent.ends_with(TRASH));
    Ok(Experiment {
        id,
        name: meta.name,
        artifact_location: meta.artifact_location.unwrap_or_default(),
        lifecycle: match is_deleted {
            true => Lifecycle::Deleted,
            false => lifecycle(meta.lifecycle_stage.as_deref()),
        },
        created: meta.creation_time.unwrap_or_default(),
        updated: meta.last_update_time.or(meta.creation_time).unwrap_or_default(),
        tags: texts(&folder.join("tags"))?,
    })
}

fn read_run(folder: &Path) -> Result<Run> {
    let meta: RunMeta = meta::read(&folder.join(META))?;
    let id = meta.run_id.or(meta.run_uuid).unwrap_or_default();
    let (Ok(id), Some(experiment)) = (id.parse::<RunId>(), experiment_of(folder, 1)) else {
        let why = format!("run {}: its id '{id}' is not of the usual form", folder.display());
        return Err(Error::Said(why));
    };
    let status = meta.status.and_then(|number| usize::try_from(number - 1).ok());
    let mut run = Run {
        // Of metrics the names are known; their files are read later.
        metrics: keys(&folder.join("metrics"))?
            .iter()
            .map(|key| MetricSummary::of(key, Point { step: 0, timestamp: 0, value: 0.0 }))
            .collect(),
        params: texts(&folder.join("params"))?,
        tags: texts(&folder.join("tags"))?,
        datasets: Vec::new(),
        model_inputs: Vec::new(),
        model_outputs: Vec::new(),
        info: RunInfo {
            id,
            experiment,
            name: meta.run_name.unwrap_or_default(),
            user: meta.user_id.unwrap_or_default(),
            status: status.and_then(|place| RunStatus::ALL.get(place)).copied().unwrap_or(RunStatus::Running),
            start_time: meta.start_time.unwrap_or_default(),
            end_time: meta.end_time,
            artifact_uri: meta.artifact_uri.unwrap_or_default(),
            lifecycle: lifecycle(meta.lifecycle_stage.as_deref()),
        },
    };
    read_links(folder, &mut run)?;
    Ok(run)
}

fn read_links(folder: &Path, run: &mut Run) -> Result<()> {
    for name in names(&folder.join("inputs"))? {
        let link: LinkMeta = meta::read(&folder.join("inputs").join(&name).join(META))?;
        if link.source_type == "DATASET" {
            let experiment = folder.parent().unwrap_or(folder);
            let path = experiment.join("datasets").join(&link.source_id).join(META);
            let dataset: DatasetMeta = meta::read(&path)?;
            let tags = link.tags.unwrap_or_default();
            run.datasets.push(DatasetInput {
                dataset: Dataset {
                    name: dataset.name,
                    digest: dataset.digest,
                    source_type: dataset.source_type.unwrap_or_default(),
                    source: dataset.source.unwrap_or_default(),
                    schema: dataset.schema,
                    profile: dataset.profile,
                },
                tags: tags.into_iter().map(|(key, value)| Tag { key, value }).collect(),
            });
        } else if let Ok(model) = link.source_id.parse::<ModelId>() {
            run.model_inputs.push(model);
        }
    }
    for name in names(&folder.join("outputs"))? {
        let link: LinkMeta = meta::read(&folder.join("outputs").join(&name).join(META))?;
        if let Ok(model) = link.destination_id.parse::<ModelId>() {
            run.model_outputs.push(ModelOutput { model, step: link.step.unwrap_or_default() });
        }
    }
    Ok(())
}

fn read_model(folder: &Path) -> Result<ModelRecord> {
    let meta: ModelMeta = meta::read(&folder.join(META))?;
    let (Ok(id), Some(experiment)) = (meta.model_id.parse::<ModelId>(), experiment_of(folder, 2)) else {
        let why = format!("logged model {}: its id is not of the usual form", folder.display());
        return Err(Error::Said(why));
    };
    let mut measured = Vec::new();
    let metrics = folder.join("metrics");
    for key in keys(&metrics)? {
        let path = metrics.join(&key);
        for line in lines(&path)? {
            let (point, words) = point(&line).ok_or_else(|| broken(&path, &line))?;
            // Time, value, step, the run, and name and digest of a dataset.
            let Some((run, rest)) = words.split_first() else { continue };
            let Ok(run) = run.parse::<RunId>() else { continue };
            measured.push(ModelMetric { key: key.clone(), point, run, dataset: dataset(rest) });
        }
    }
    Ok(ModelRecord {
        lifecycle: lifecycle(meta.lifecycle_stage.as_deref()),
        model: LoggedModel {
            id,
            experiment,
            name: meta.name,
            created: meta.creation_timestamp,
            updated: meta.last_updated_timestamp.unwrap_or(meta.creation_timestamp),
            artifact_uri: meta.artifact_location.unwrap_or_default(),
            status: status_of(meta.status.unwrap_or(1)),
            model_type: meta.model_type.filter(|kind| !kind.is_empty()),
            source_run: meta.source_run_id.and_then(|run| run.parse().ok()),
            tags: texts(&folder.join("tags"))?,
            params: texts(&folder.join("params"))?,
            metrics: latest(measured),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_all_times_are_read() {
        let check = |line: &str, step: i64, value: f64, words: &[&str]| {
            let (found, rest) = point(line).unwrap();
            assert_eq!((found, rest.as_slice()), (Point { step, timestamp: 5, value }, words), "{line}");
        };
        check("5 0.5", 0, 0.5, &[]);
        check("5 nan 1", 1, f64::NAN, &[]);
        check("5 -inf -1", -1, f64::NEG_INFINITY, &[]);
        check("5 1e-05 1 train d1", 1, 1e-5, &["train", "d1"]);
        for line in ["", "5", "x 1 1", "5 one 1", "5 1 one"] {
            assert!(point(line).is_none(), "{line}");
        }
    }

    #[test]
    fn a_dataset_may_have_a_name_with_spaces() {
        assert_eq!(dataset(&["my", "data", "d1"]), Some(("my data".to_owned(), "d1".to_owned())));
        assert_eq!(dataset(&[]), None);
    }

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn check<T>(page: &Page<T>, items: usize, skipped: &[&str]) {
        assert_eq!(page.items.len(), items, "{:?}", page.skipped);
        assert_eq!(page.skipped.len(), skipped.len(), "{:?}", page.skipped);
        for (said, place) in page.skipped.iter().zip(skipped) {
            assert!(said.contains(place), "{said}");
        }
    }

    #[test]
    fn what_is_broken_is_told_of_and_the_rest_is_read() {
        let root = tempfile::tempdir().unwrap();
        let run = "0af7651916cd43dd8448eb211c80319c";
        let add = |path: &str, text: &str| write(root.path(), path, text);
        add("1/meta.yaml", "experiment_id: '1'\nname: one\n");
        add("2/meta.yaml", "");
        add(&format!("1/{run}/meta.yaml"), &format!("run_id: '{run}'\n"));
        add("1/cut-off/meta.yaml", "");
        add("1/no-run/notes.txt", "");
        add(
            &format!("1/models/m-{run}/meta.yaml"),
            &format!("model_id: 'm-{run}'\nname: bert\ncreation_timestamp: 1\n"),
        );
        add("1/models/m-cut-off/meta.yaml", "");
        add("models/bert/meta.yaml", "name: bert\n");
        add("models/bert/version-1/meta.yaml", "source: s3://bucket\n");
        add("models/bert/version-2/meta.yaml", "- no map\n");
        add("models/cut-off/meta.yaml", "");
        let folder = Folder { root: root.path().to_owned() };
        let of = [ExperimentId(1)];
        check(&folder.all_experiments().unwrap(), 1, &["2/meta.yaml"]);
        check(&folder.run_page(&of, None).unwrap(), 1, &["1/cut-off"]);
        check(&folder.model_page(&of, None).unwrap(), 1, &["1/models/m-cut-off/meta.yaml"]);
        let registered = folder.all_registered().unwrap();
        check(&registered, 1, &["bert/version-2/meta.yaml", "cut-off/meta.yaml"]);
        let record = &registered.items[0];
        assert_eq!((record.versions.len(), record.last_version), (1, 2));
    }

    #[test]
    fn a_part_may_hold_nothing_and_the_next_goes_on() {
        let root = tempfile::tempdir().unwrap();
        let runs = ["a".repeat(32), "b".repeat(32)];
        write(root.path(), "1/meta.yaml", "experiment_id: '1'\nname: one\n");
        for number in 0..PAGE {
            fs::create_dir_all(root.path().join(format!("1/-{number}"))).unwrap();
        }
        for id in &runs {
            write(root.path(), &format!("1/{id}/meta.yaml"), &format!("run_id: '{id}'\n"));
        }
        let folder = Folder { root: root.path().to_owned() };
        let mut found = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = folder.run_page(&[ExperimentId(1)], after.as_deref()).unwrap();
            assert!(page.skipped.is_empty(), "{:?}", page.skipped);
            found.extend(page.items.into_iter().map(|run| run.info.id.to_string()));
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        assert_eq!(found, runs);
    }
}
