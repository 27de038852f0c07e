//! Moving in: taking over what an MLflow installation has, with its ids, so that old links and scripts go on working.
//!
//! Owns: the order of things, what is counted, the report. What is read is the crate `mlflow`'s matter, how it meets what is here
//! the domain's. An import that was cut off is begun anew: what is here is found and passed by.
//! Start reading: [`Import::run`].

mod files;
mod people;
mod progress;
pub mod tally;
#[cfg(test)]
mod test;
mod traces;

use domain::Acting;
use files::{Copies, Copying};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use mlflow::{PointCounts, Source, artifact::Files, people::People};
use model::{
    ExperimentId, ModelId, RunId,
    experiment::Experiment,
    import::{ModelRecord, RegisteredRecord, Taken},
    logged_model::{LoggedModel, ModelMetric},
    metric::Point,
    run::{Run, Tag},
};
use progress::Progress;
use std::collections::{HashMap, HashSet};
use tally::{Kind, Tally};

/// What went wrong, for the person at the terminal.
pub type Failure = Box<dyn std::error::Error>;

/// Runs whose points are read and written at the same time.
const AT_ONCE: usize = 8;
/// Points that are handed over at a time.
const PART: usize = 5_000;

/// Where artifacts are, and what becomes of them.
#[derive(Default)]
pub struct Wanted {
    /// Files are copied; otherwise they stay where they are.
    pub files: Option<Files>,
    /// Where files with the steps of traces are, which are read in any case.
    pub steps: Files,
    /// Accounts that come along.
    pub people: Option<People>,
}

/// An import.
pub struct Import<'a> {
    source: &'a dyn Source,
    /// Who takes over; `None`: all is only counted.
    target: Option<&'a Acting>,
    copies: Option<Copies>,
    steps: Files,
    people: Option<People>,
    /// Numbers of experiments: there, and here.
    numbers: HashMap<ExperimentId, ExperimentId>,
    /// Those of them there, in order.
    experiments: Vec<ExperimentId>,
    /// Models that were taken over: others may be made there meanwhile, by runs that aren't here.
    models: HashSet<ModelId>,
    /// Runs and models whose files stay where they are, by what their URIs begin with.
    stay: HashMap<String, u64>,
    tally: Tally,
}

/// How many points of its metrics a run has.
type Counts = HashMap<String, u64>;

/// The points of a run were gone through.
struct Copied {
    run: RunId,
    counts: Counts,
    wrote: bool,
}

/// Whether two values were measured by the same run on the same dataset.
fn is_same(a: &ModelMetric, b: &ModelMetric) -> bool {
    (&a.key, a.run, &a.dataset) == (&b.key, b.run, &b.dataset)
}

/// How many of these texts have their keys among those.
fn present(texts: &[Tag], among: &[Tag]) -> usize {
    let keys: HashSet<&str> = among.iter().map(|text| text.key.as_str()).collect();
    texts.iter().filter(|text| keys.contains(text.key.as_str())).count()
}

impl<'a> Import<'a> {
    /// Of this source, into what the target may write to.
    pub fn new(source: &'a dyn Source, target: Option<&'a Acting>, wanted: Wanted) -> Self {
        Self {
            source,
            target,
            copies: wanted.files.map(Copies::new),
            steps: wanted.steps,
            people: wanted.people,
            numbers: HashMap::new(),
            experiments: Vec::new(),
            models: HashSet::new(),
            stay: HashMap::new(),
            tally: Tally::default(),
        }
    }

    /// Takes over all there is, and counts it.
    ///
    /// # Errors
    /// If the source or the target fails: what is here by then stays, and a new import goes on from there.
    pub async fn run(mut self) -> Result<Tally, Failure> {
        let mut progress = Progress::new(self.source.runs_in_all().await?);
        let done = self.take_all(&mut progress).await;
        progress.end();
        done?;
        let left_out = self.source.left_out().await?;
        self.tally.leave_out(left_out);
        let mut stay: Vec<(String, u64)> = self.stay.into_iter().collect();
        stay.sort();
        for (place, count) in stay {
            let what = match place.as_str() {
                "mlflow-artifacts" => {
                    "are asked of this server: give it the folder in which the old one kept them (--artifacts-destination), or import with --artifacts copy"
                }
                "folder" => {
                    "are in folders, which clients on that machine open themselves; the pages can't show them"
                }
                _ => "are in a store that clients open themselves; the pages can't show them",
            };
            self.tally.note(format!(
                "Artifacts stay where they are: those of {count} runs and models ({place}) {what}."
            ));
        }
        Ok(self.tally)
    }

    async fn take_all(&mut self, progress: &mut Progress) -> Result<(), Failure> {
        let mut after: Option<String> = None;
        loop {
            let page = self.source.experiments(after.as_deref()).await?;
            self.tally.skipped(Kind::Experiments, page.skipped);
            for experiment in page.items {
                self.take_experiment(experiment).await?;
            }
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        self.experiments.sort_unstable();
        // Runs name models, and what was measured on models names runs.
        self.go_through_models(false).await?;
        let mut after: Option<String> = None;
        loop {
            let page = self.source.runs(&self.experiments, after.as_deref()).await?;
            self.tally.skipped(Kind::Runs, page.skipped);
            self.take_runs(page.items).await?;
            progress.show(&self.tally);
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        self.go_through_models(true).await?;
        self.go_through_traces(progress).await?;
        let mut after: Option<String> = None;
        loop {
            let page = self.source.registered(after.as_deref()).await?;
            self.tally.skipped(Kind::Registered, page.skipped);
            for record in page.items {
                self.take_registered(record).await?;
            }
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        if let Some(people) = &self.people {
            people::count(people, &mut self.tally);
            if let Some(target) = self.target {
                people::take(people, target, &self.numbers, &mut self.tally).await?;
            }
        }
        Ok(())
    }

    /// The number here of an experiment there.
    fn number(&self, there: ExperimentId) -> ExperimentId {
        self.numbers.get(&there).copied().unwrap_or(there)
    }

    async fn take_experiment(&mut self, mut experiment: Experiment) -> Result<(), Failure> {
        let there = experiment.id;
        self.experiments.push(there);
        self.tally.found(Kind::Experiments, 1);
        self.tally.found(Kind::Tags, experiment.tags.len());
        let Some(target) = self.target else { return Ok(()) };
        let copies = self.copies.as_ref();
        if copies.is_some_and(|copies| copies.can_read(&experiment.artifact_location)) {
            // New runs keep their artifacts here.
            experiment.artifact_location.clear();
        }
        let taken = target.import_experiment(&experiment).await?;
        let here = taken.id();
        self.numbers.insert(there, here);
        if here != there {
            let why = match taken {
                Taken::New(_) => "its number was taken",
                Taken::Known(_) => "there was one of that name",
            };
            self.tally.note(format!("Experiment {there} '{}' is {here} here: {why}.", experiment.name));
        }
        let found = target.get_experiment(here).await?;
        self.tally.arrived(Kind::Experiments, 1);
        self.tally.arrived(Kind::Tags, present(&experiment.tags, &found.tags));
        Ok(())
    }

    /// Notes that files stay where they are.
    fn stays(&mut self, uri: &str) {
        let place = match uri.split_once(':') {
            Some((scheme, _)) if scheme.len() > 1 && scheme != "file" => scheme,
            _ => "folder",
        };
        *self.stay.entry(place.to_owned()).or_default() += 1;
    }

    /// What is to be copied of files with this URI, which is what it will be here.
    fn plan_copy(&mut self, uri: &mut String, place: String) -> Option<Copying> {
        let planned = self.copies.as_mut().and_then(|copies| copies.plan(uri, place));
        match planned {
            Some((copy, here)) => {
                *uri = here;
                Some(copy)
            }
            None => {
                let uri = uri.clone();
                self.stays(&uri);
                None
            }
        }
    }

    async fn go_through_models(&mut self, is_second_time: bool) -> Result<(), Failure> {
        let mut after: Option<String> = None;
        loop {
            let page = self.source.models(&self.experiments, after.as_deref()).await?;
            if is_second_time {
                self.check_models(page.items).await?;
            } else {
                self.tally.skipped(Kind::Models, page.skipped);
                self.take_models(page.items).await?;
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    async fn take_models(&mut self, records: Vec<ModelRecord>) -> Result<(), Failure> {
        for ModelRecord { model, .. } in &records {
            self.models.insert(model.id);
            self.tally.found(Kind::Models, 1);
            self.tally.found(Kind::Params, model.params.len());
            self.tally.found(Kind::Tags, model.tags.len());
            self.tally.found(Kind::Measured, model.metrics.len());
        }
        let Some(target) = self.target else { return Ok(()) };
        let (mut copies, mut moved, mut stayed) = (Vec::new(), Vec::new(), Vec::new());
        for mut record in records {
            let model = &mut record.model;
            model.experiment = self.number(model.experiment);
            let place = format!("{}/models/{}/artifacts", model.experiment, model.id);
            match self.plan_copy(&mut model.artifact_uri, place) {
                Some(copy) => {
                    copies.push(copy);
                    moved.push(record);
                }
                None => stayed.push(record),
            }
        }
        // What can't be read now may have been copied by an import before, and is here then.
        for (records, adopt) in [(moved, true), (stayed, false)] {
            if !records.is_empty() {
                target.import_models(&records, adopt).await?;
            }
        }
        for copy in copies {
            copy.carry_out(target, &mut self.tally).await?;
        }
        Ok(())
    }

    /// Adds what was measured on models, now that the runs are there, and counts what arrived of them.
    async fn check_models(&mut self, mut records: Vec<ModelRecord>) -> Result<(), Failure> {
        let Some(target) = self.target else { return Ok(()) };
        records.retain(|record| self.models.contains(&record.model.id));
        let measured: Vec<(ModelId, ModelMetric)> = records
            .iter()
            .flat_map(|record| {
                let metrics = record.model.metrics.iter().cloned();
                metrics.map(move |metric| (record.model.id, metric))
            })
            .collect();
        if !measured.is_empty() {
            target.import_model_metrics(&measured).await?;
        }
        for ModelRecord { model, .. } in &records {
            let found: LoggedModel = target.get_model(model.id, true).await?;
            self.tally.arrived(Kind::Models, 1);
            self.tally.arrived(Kind::Params, present(&model.params, &found.params));
            self.tally.arrived(Kind::Tags, present(&model.tags, &found.tags));
            let metrics = model.metrics.iter();
            let arrived = metrics.filter(|metric| found.metrics.iter().any(|known| is_same(known, metric)));
            self.tally.arrived(Kind::Measured, arrived.count());
        }
        Ok(())
    }

    async fn take_runs(&mut self, theirs: Vec<Run>) -> Result<(), Failure> {
        let ids: Vec<RunId> = theirs.iter().map(|run| run.info.id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        for run in &theirs {
            self.tally.found(Kind::Runs, 1);
            self.tally.found(Kind::Params, run.params.len());
            self.tally.found(Kind::Tags, run.tags.len());
            self.tally.found(Kind::Datasets, run.datasets.len());
            self.tally.found(Kind::Links, run.model_inputs.len() + run.model_outputs.len());
        }
        let counts = self.source.point_counts(&ids).await?;
        let Some(target) = self.target else { return self.count_points(&theirs, counts).await };
        let (mut copies, mut moved, mut stayed) = (Vec::new(), Vec::new(), Vec::new());
        for mut run in theirs.clone() {
            run.metrics.clear();
            run.info.experiment = self.number(run.info.experiment);
            let place = format!("{}/{}/artifacts", run.info.experiment, run.info.id);
            match self.plan_copy(&mut run.info.artifact_uri, place) {
                Some(copy) => {
                    copies.push(copy);
                    moved.push(run);
                }
                None => stayed.push(run),
            }
        }
        // As with models.
        for (runs, adopt) in [(moved, true), (stayed, false)] {
            if !runs.is_empty() {
                target.import_runs(&runs, adopt).await?;
            }
        }
        let before = target.imported_runs(&ids).await?;
        let known = counts_of(&before);
        let copied = copy_all_points(self.source, target, &theirs, counts.as_ref(), &known).await?;
        let found = match copied.iter().any(|copied| copied.wrote) {
            true => target.imported_runs(&ids).await?,
            false => before,
        };
        let mut points = counts.unwrap_or_default();
        points.extend(copied.into_iter().map(|copied| (copied.run, copied.counts)));
        self.check_runs(&theirs, &found, &points);
        for copy in copies {
            copy.carry_out(target, &mut self.tally).await?;
        }
        Ok(())
    }

    /// How many points there are, where nothing is written.
    async fn count_points(&mut self, runs: &[Run], counts: Option<PointCounts>) -> Result<(), Failure> {
        if let Some(counts) = counts {
            self.tally.found_many(Kind::Points, counts.values().flat_map(HashMap::values).sum());
            return Ok(());
        }
        let source = self.source;
        for run in runs {
            let mut parts = source.points(run);
            while let Some((_, points)) = parts.try_next().await? {
                self.tally.found(Kind::Points, points.len());
            }
        }
        Ok(())
    }

    /// Counts what arrived of runs, and of their points.
    fn check_runs(&mut self, theirs: &[Run], found: &[Run], points: &PointCounts) {
        let here: HashMap<RunId, &Run> = found.iter().map(|run| (run.info.id, run)).collect();
        let counted = counts_of(found);
        let tally = &mut self.tally;
        for run in theirs {
            let there = points.get(&run.info.id);
            tally.found_many(Kind::Points, there.map_or(0, |there| there.values().sum()));
            let Some(here) = here.get(&run.info.id) else { continue };
            tally.arrived(Kind::Runs, 1);
            tally.arrived(Kind::Params, present(&run.params, &here.params));
            tally.arrived(Kind::Tags, present(&run.tags, &here.tags));
            let names = |run: &Run| -> HashSet<(String, String)> {
                let datasets = run.datasets.iter().map(|input| &input.dataset);
                datasets.map(|dataset| (dataset.name.clone(), dataset.digest.clone())).collect()
            };
            tally.arrived(Kind::Datasets, names(run).intersection(&names(here)).count());
            let used = run.model_inputs.iter().filter(|model| here.model_inputs.contains(model));
            let made = run.model_outputs.iter();
            let made = made.filter(|made| here.model_outputs.iter().any(|known| known.model == made.model));
            tally.arrived(Kind::Links, used.count() + made.count());
            let known = counted.get(&run.info.id);
            // What was logged here since isn't what came from there.
            let arrived = there.into_iter().flatten().map(|(key, count)| {
                known.and_then(|known| known.get(key)).copied().unwrap_or_default().min(*count)
            });
            tally.arrived_many(Kind::Points, arrived.sum());
        }
    }

    async fn take_registered(&mut self, mut record: RegisteredRecord) -> Result<(), Failure> {
        let (tags, aliases) = (record.model.tags.clone(), record.model.aliases.clone());
        self.tally.found(Kind::Registered, 1);
        self.tally.found(Kind::Tags, tags.len());
        self.tally.found(Kind::Aliases, aliases.len());
        self.tally.found(Kind::Versions, record.versions.len());
        for version in &record.versions {
            self.tally.found(Kind::Tags, version.tags.len());
        }
        let Some(target) = self.target else { return Ok(()) };
        let mut moved = HashSet::new();
        if let Some(copies) = &self.copies {
            for version in &mut record.versions {
                let here = (copies.here(&version.source), copies.here(&version.storage_location));
                if (&here.0, &here.1) != (&version.source, &version.storage_location) {
                    moved.insert(version.version);
                    (version.source, version.storage_location) = here;
                }
            }
        }
        // As with models; what has no versions comes too.
        let versions = record.versions.iter().cloned();
        let (moved, stayed): (Vec<_>, Vec<_>) =
            versions.partition(|version| moved.contains(&version.version));
        target.import_registered(&RegisteredRecord { versions: stayed, ..record.clone() }, false).await?;
        if !moved.is_empty() {
            target.import_registered(&RegisteredRecord { versions: moved, ..record.clone() }, true).await?;
        }
        let found = target.get_registered_model(&record.model.name).await?;
        self.tally.arrived(Kind::Registered, 1);
        self.tally.arrived(Kind::Tags, present(&tags, &found.tags));
        let named = aliases.iter().filter(|alias| found.aliases.contains(alias));
        self.tally.arrived(Kind::Aliases, named.count());
        for version in &record.versions {
            let here = target.get_version(&record.model.name, version.version).await?;
            // Another version may have this number here.
            if (here.created, here.run) == (version.created, version.run) {
                self.tally.arrived(Kind::Versions, 1);
                self.tally.arrived(Kind::Tags, present(&version.tags, &here.tags));
            } else {
                self.tally.note(format!(
                    "Version {} of '{}' is another one here, and stays so.",
                    version.version, record.model.name
                ));
            }
        }
        Ok(())
    }
}

fn counts_of(runs: &[Run]) -> PointCounts {
    let of = |run: &Run| run.metrics.iter().map(|metric| (metric.key.clone(), metric.count)).collect();
    runs.iter().map(|run| (run.info.id, of(run))).collect()
}

/// Reads and writes the points of runs that lack some. Those that lack none aren't told of.
async fn copy_all_points(
    source: &dyn Source,
    target: &Acting,
    runs: &[Run],
    counts: Option<&PointCounts>,
    known: &PointCounts,
) -> Result<Vec<Copied>, Failure> {
    let lacks = |run: &&Run| {
        counts.is_none_or(|counts| {
            let there = counts.get(&run.info.id);
            let here = known.get(&run.info.id);
            there.into_iter().flatten().any(|(key, count)| here.and_then(|here| here.get(key)) != Some(count))
        })
    };
    let copying: Vec<_> = runs
        .iter()
        .filter(lacks)
        .map(|run| {
            let there = counts.and_then(|counts| counts.get(&run.info.id));
            copy_points(source, target, run, there, known.get(&run.info.id))
        })
        .collect();
    stream::iter(copying).buffer_unordered(AT_ONCE).try_collect().await
}

async fn copy_points(
    source: &dyn Source,
    target: &Acting,
    run: &Run,
    there: Option<&Counts>,
    here: Option<&Counts>,
) -> Result<Copied, Failure> {
    let id = run.info.id;
    let mut copied = Copied { run: id, counts: Counts::new(), wrote: false };
    let mut waiting: Vec<(String, Vec<Point>)> = Vec::new();
    let mut size = 0;
    let mut parts = source.points(run);
    while let Some((key, points)) = parts.try_next().await? {
        let whole = there.and_then(|there| there.get(&key)).copied().unwrap_or(points.len() as u64);
        *copied.counts.entry(key.clone()).or_default() += points.len() as u64;
        if here.and_then(|here| here.get(&key)) == Some(&whole) {
            continue;
        }
        for part in points.chunks(PART) {
            size += part.len();
            waiting.push((key.clone(), part.to_vec()));
            if size >= PART {
                target.import_points(id, std::mem::take(&mut waiting)).await?;
                size = 0;
            }
        }
        copied.wrote = true;
    }
    target.import_points(id, waiting).await?;
    Ok(copied)
}
