//! Writes a folder of runs that MLflow reads with `MLFLOW_TRACKING_URI` set to it.
//!
//! Keys become paths, so only those that MLflow itself lets through are written; the others are told of.

mod trace;

use super::{META, MODELS, TRASH, file, meta::Meta, registry::VERSION};
use crate::Result;
use model::{
    ExperimentId, RunId,
    experiment::{Experiment, Lifecycle},
    logged_model::{LoggedModel, ModelStatus},
    metric::Point,
    registry::{ModelVersion, RegisteredModel},
    run::{Dataset, Run, RunStatus, Tag},
};
use std::{
    collections::HashMap,
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};
pub use trace::TraceToWrite;

/// A folder that is being written.
#[derive(Debug)]
pub struct Writer {
    root: PathBuf,
    /// What the folders of datasets are called, by experiment, name and digest.
    datasets: HashMap<(ExperimentId, String, String), String>,
    /// What couldn't be written, in words.
    pub skipped: Vec<String>,
}

/// Whether a key is a path below a folder: no way out, no way up, nothing that a file system can't have.
fn is_path(key: &str) -> bool {
    !key.contains(['\0', '\\'])
        && key.split('/').all(|step| !matches!(step, "" | "." | "..") && step.len() <= 255)
}

/// A number as Python reads it.
fn number(value: f64) -> String {
    if value.is_nan() {
        "nan".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "inf" } else { "-inf" }.to_owned()
    } else {
        format!("{value:?}")
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(file(folder))?;
    }
    fs::write(path, text).map_err(file(path))
}

fn folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(file(path))
}

impl Writer {
    /// Begins in a folder that isn't there, or is empty.
    ///
    /// # Errors
    /// If something is in it, or it can't be made.
    pub fn begin(root: &Path) -> Result<Self> {
        folder(root)?;
        if fs::read_dir(root).map_err(file(root))?.next().is_some() {
            return Err(crate::Error::Said(format!("{} is not empty; name a new folder", root.display())));
        }
        // URIs of artifacts are whole paths.
        let root = root.canonicalize().map_err(file(root))?;
        if root.components().any(|step| step.as_os_str() == "artifacts") {
            return Err(crate::Error::Said(
                "MLflow reads no runs below a folder called 'artifacts'".to_owned(),
            ));
        }
        folder(&root.join(TRASH))?;
        folder(&root.join(MODELS))?;
        Ok(Self { root, datasets: HashMap::new(), skipped: Vec::new() })
    }

    fn of_experiment(&self, experiment: &Experiment) -> PathBuf {
        match experiment.lifecycle {
            Lifecycle::Active => self.root.join(experiment.id.to_string()),
            Lifecycle::Deleted => self.root.join(TRASH).join(experiment.id.to_string()),
        }
    }

    /// Where the artifacts of a run go.
    pub fn artifacts_of_run(&self, experiment: &Experiment, run: RunId) -> PathBuf {
        self.of_experiment(experiment).join(run.to_string()).join("artifacts")
    }

    /// Where the files of a logged model go.
    pub fn artifacts_of_model(&self, experiment: &Experiment, model: &LoggedModel) -> PathBuf {
        self.of_experiment(experiment).join(MODELS).join(model.id.to_string()).join("artifacts")
    }

    /// Where artifacts will be that lie below their experiment, also when that comes out of the trash.
    fn uri(&self, experiment: ExperimentId, rest: &str) -> String {
        self.root.join(experiment.to_string()).join(rest).to_string_lossy().into_owned()
    }

    /// Writes values by their keys, each into a file.
    fn texts(&mut self, folder: &Path, texts: &[Tag], of: &str) -> Result<()> {
        for text in texts {
            let path = folder.join(&text.key);
            // A key that begins with another one would need a folder where there is a file.
            if !is_path(&text.key) || path.is_dir() || path.ancestors().skip(1).any(Path::is_file) {
                self.skipped.push(format!("{} of {of}: files can't be called so", text.key));
                continue;
            }
            write(&path, &text.value)?;
        }
        Ok(())
    }

    /// Writes an experiment.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn experiment(&mut self, experiment: &Experiment) -> Result<()> {
        let path = self.of_experiment(experiment);
        let id = experiment.id.to_string();
        let meta = Meta::default()
            .text("experiment_id", &id)
            .text("name", &experiment.name)
            .text("artifact_location", &self.root.join(&id).to_string_lossy())
            .text("lifecycle_stage", experiment.lifecycle.name())
            .number("creation_time", experiment.created)
            .number("last_update_time", experiment.updated);
        write(&path.join(META), &meta.into_text())?;
        self.texts(&path.join("tags"), &experiment.tags, &format!("experiment {id}"))
    }

    /// Writes a run but for its metrics and artifacts. With files of its own, its artifacts are said to be in the folder.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn run(&mut self, experiment: &Experiment, run: &Run, has_files: bool) -> Result<()> {
        let info = &run.info;
        let id = info.id.to_string();
        let path = self.of_experiment(experiment).join(&id);
        let status = RunStatus::ALL.iter().position(|status| *status == info.status).unwrap_or_default();
        let kept = self.uri(experiment.id, &format!("{id}/artifacts"));
        let meta = Meta::default()
            .text("run_id", &id)
            .text("run_name", &info.name)
            .text("experiment_id", &experiment.id.to_string())
            .text("user_id", &info.user)
            .number("status", i64::try_from(status).unwrap_or_default() + 1)
            .number("start_time", info.start_time);
        let meta = match info.end_time {
            Some(end) => meta.number("end_time", end),
            None => meta.null("end_time"),
        };
        let meta = meta
            .text("lifecycle_stage", info.lifecycle.name())
            .text("artifact_uri", if has_files { &kept } else { &info.artifact_uri })
            .number("source_type", 4)
            .text("source_name", "")
            .text("source_version", "")
            .text("entry_point_name", "")
            .empty_list("tags");
        write(&path.join(META), &meta.into_text())?;
        for part in ["metrics", "params", "tags", "artifacts"] {
            folder(&path.join(part))?;
        }
        let of = format!("run {id}");
        self.texts(&path.join("params"), &run.params, &of)?;
        self.texts(&path.join("tags"), &run.tags, &of)?;
        self.inputs(experiment, run, &path)
    }

    fn inputs(&mut self, experiment: &Experiment, run: &Run, path: &Path) -> Result<()> {
        let id = run.info.id.to_string();
        for input in &run.datasets {
            let dataset_id = self.dataset(experiment, &input.dataset)?;
            let meta = Meta::default()
                .text("source_type", "DATASET")
                .text("source_id", &dataset_id)
                .text("destination_type", "RUN")
                .text("destination_id", &id)
                .texts("tags", input.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())));
            write(&path.join("inputs").join(&dataset_id).join(META), &meta.into_text())?;
        }
        for model in &run.model_inputs {
            let model = model.to_string();
            let meta = Meta::default()
                .text("source_type", "MODEL")
                .text("source_id", &model)
                .text("destination_type", "RUN")
                .text("destination_id", &model)
                .texts("tags", std::iter::empty());
            write(&path.join("inputs").join(&model).join(META), &meta.into_text())?;
        }
        for output in &run.model_outputs {
            let model = output.model.to_string();
            let meta = Meta::default()
                .text("source_type", "RUN_OUTPUT")
                .text("source_id", &model)
                .text("destination_type", "MODEL_OUTPUT")
                .text("destination_id", &model)
                .number("step", output.step)
                .texts("tags", std::iter::empty());
            write(&path.join("outputs").join(&model).join(META), &meta.into_text())?;
        }
        Ok(())
    }

    /// Writes a dataset, once in an experiment. Returns what its folder is called.
    fn dataset(&mut self, experiment: &Experiment, dataset: &Dataset) -> Result<String> {
        let key = (experiment.id, dataset.name.clone(), dataset.digest.clone());
        if let Some(id) = self.datasets.get(&key) {
            return Ok(id.clone());
        }
        let id = format!("{:032x}", self.datasets.len() + 1);
        let meta = Meta::default()
            .text("name", &dataset.name)
            .text("digest", &dataset.digest)
            .text("source_type", &dataset.source_type)
            .text("source", &dataset.source)
            .maybe("schema", dataset.schema.as_deref())
            .maybe("profile", dataset.profile.as_deref());
        write(&self.of_experiment(experiment).join("datasets").join(&id).join(META), &meta.into_text())?;
        self.datasets.insert(key, id.clone());
        Ok(id)
    }

    /// Begins the file of a metric; `None` if no file can be called so.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn metric(&mut self, experiment: &Experiment, run: RunId, key: &str) -> Result<Option<MetricFile>> {
        let folder = self.of_experiment(experiment).join(run.to_string()).join("metrics");
        let path = folder.join(key);
        if !is_path(key) || path.is_dir() || path.ancestors().skip(1).any(Path::is_file) {
            self.skipped.push(format!("{key} of run {run}: files can't be called so"));
            return Ok(None);
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(file(folder))?;
        }
        let to = BufWriter::new(File::create(&path).map_err(file(&path))?);
        Ok(Some(MetricFile { path, to }))
    }

    /// Writes a logged model but for its files.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn model(&mut self, experiment: &Experiment, model: &LoggedModel, has_files: bool) -> Result<()> {
        let id = model.id.to_string();
        let path = self.of_experiment(experiment).join(MODELS).join(&id);
        let status = ModelStatus::ALL.iter().position(|status| *status == model.status).unwrap_or_default();
        let kept = self.uri(experiment.id, &format!("{MODELS}/{id}/artifacts"));
        let run = model.source_run.map(|run| run.to_string());
        let meta = Meta::default()
            .text("model_id", &id)
            .text("experiment_id", &experiment.id.to_string())
            .text("name", &model.name)
            .text("artifact_location", if has_files { &kept } else { &model.artifact_uri })
            .number("creation_timestamp", model.created)
            .number("last_updated_timestamp", model.updated)
            .number("status", i64::try_from(status).unwrap_or_default() + 1)
            .null("status_message")
            .maybe("model_type", model.model_type.as_deref())
            .maybe("source_run_id", run.as_deref());
        write(&path.join(META), &meta.into_text())?;
        for part in ["metrics", "params", "tags", "artifacts"] {
            folder(&path.join(part))?;
        }
        let of = format!("logged model {id}");
        self.texts(&path.join("params"), &model.params, &of)?;
        self.texts(&path.join("tags"), &model.tags, &of)?;
        let mut lines: HashMap<&str, String> = HashMap::new();
        for metric in &model.metrics {
            let Point { step, timestamp, value } = metric.point;
            let on = metric.dataset.as_ref().map(|(name, digest)| format!(" {name} {digest}"));
            let line =
                format!("{timestamp} {} {step} {}{}\n", number(value), metric.run, on.unwrap_or_default());
            lines.entry(&metric.key).or_default().push_str(&line);
        }
        let lines: Vec<Tag> =
            lines.into_iter().map(|(key, value)| Tag { key: key.to_owned(), value }).collect();
        self.texts(&path.join("metrics"), &lines, &of)
    }

    /// Writes a registered model with its versions.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn registered(&mut self, model: &RegisteredModel, versions: &[ModelVersion]) -> Result<()> {
        if !is_path(&model.name) || model.name.contains('/') {
            self.skipped.push(format!("registered model {}: folders can't be called so", model.name));
            return Ok(());
        }
        let path = self.root.join(MODELS).join(&model.name);
        let meta = Meta::default()
            .text("name", &model.name)
            .number("creation_timestamp", model.created)
            .number("last_updated_timestamp", model.updated)
            .text("description", &model.description);
        write(&path.join(META), &meta.into_text())?;
        let of = format!("registered model {}", model.name);
        self.texts(&path.join("tags"), &model.tags, &of)?;
        let aliases: Vec<Tag> = model
            .aliases
            .iter()
            .map(|alias| Tag { key: alias.alias.clone(), value: alias.version.to_string() })
            .collect();
        self.texts(&path.join("aliases"), &aliases, &of)?;
        for version in versions {
            let path = path.join(format!("{VERSION}{}", version.version));
            let (run, logged) =
                (version.run.map(|run| run.to_string()), version.model.map(|id| id.to_string()));
            let meta = Meta::default()
                .text("name", &model.name)
                .number("version", version.version)
                .number("creation_timestamp", version.created)
                .number("last_updated_timestamp", version.updated)
                .text("description", &version.description)
                .text("user_id", &version.user)
                .text("current_stage", &version.stage)
                .text("source", &self.here(&version.source))
                .text("storage_location", &self.here(&version.storage_location))
                .maybe("run_id", run.as_deref())
                .text("run_link", &version.run_link)
                .text("status", "READY")
                .null("status_message")
                .maybe("model_id", logged.as_deref());
            write(&path.join(META), &meta.into_text())?;
            self.texts(&path.join("tags"), &version.tags, &format!("version {} of {of}", version.version))?;
        }
        Ok(())
    }

    /// Where files of runs and logged models lie in this folder that a server kept.
    fn here(&self, uri: &str) -> String {
        match uri.strip_prefix("mlflow-artifacts:/") {
            Some(rest) => self.root.join(rest.trim_start_matches('/')).to_string_lossy().into_owned(),
            None => uri.to_owned(),
        }
    }
}

/// The file of a metric.
#[derive(Debug)]
pub struct MetricFile {
    path: PathBuf,
    to: BufWriter<File>,
}

impl MetricFile {
    /// Adds points.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn add(&mut self, points: &[Point]) -> Result<()> {
        for Point { step, timestamp, value } in points {
            writeln!(self.to, "{timestamp} {} {step}", number(*value)).map_err(file(&self.path))?;
        }
        Ok(())
    }

    /// Makes sure that all is written.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn finish(mut self) -> Result<()> {
        self.to.flush().map_err(file(&self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_python_reads_them() {
        let check = |value: f64, expected: &str| assert_eq!(number(value), expected);
        check(f64::NAN, "nan");
        check(f64::INFINITY, "inf");
        check(f64::NEG_INFINITY, "-inf");
        check(1.0, "1.0");
        check(1e-300, "1e-300");
        check(f64::MAX, "1.7976931348623157e308");
    }

    #[test]
    fn no_key_leads_out_of_its_folder() {
        for key in ["", "/etc", "a//b", "../a", "a/..", ".", "a/./b", "a\\b", "a\0", &"x".repeat(256)] {
            assert!(!is_path(key), "{key}");
        }
        for key in ["a", "a/b c", "é.1", "..a"] {
            assert!(is_path(key), "{key}");
        }
    }
}
