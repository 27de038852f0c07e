//! What is read for a sheet: the same for whoever makes a link and for whoever opens it, each as far as they may see.

use super::target::Target;
use app::{column::default_columns, counted, run_name};
use chart::Figure;
use domain::{Acting, Error};
use model::{
    Problem, RunId,
    curve::{Curve, CurveRequest},
    page::{ComparedRun, RunsQuery},
    share::Reach,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use plain::share::sheet::{File, RunFiles, Sheet, WIDTH};
use std::collections::BTreeSet;

/// Charts on a sheet, and curves in all of them.
const MOST_CHARTS: usize = 24;
const MOST_CURVES: usize = 480;
/// Runs on a sheet: the first ones that its link names.
const MOST_RUNS: usize = 100;
/// Runs that are looked through for files, and files that are shown of all of them.
const MOST_WITH_FILES: usize = 50;
const MOST_FILES: usize = 500;
/// Names in a title.
const NAMED: usize = 3;

/// What a link to it is called at first.
pub async fn title(acting: &Acting, reach: &Reach) -> Result<String, Error> {
    match reach {
        Reach::Runs(ids) => {
            let runs = compared(acting, ids).await?;
            let mut names: Vec<String> = runs.iter().take(NAMED).map(|run| run_name(&run.run)).collect();
            if names.is_empty() {
                return Err(no_runs());
            }
            let count = runs.len() + ids.len().saturating_sub(MOST_RUNS);
            if count > NAMED {
                names.push(format!("{} more", count - NAMED));
            }
            let mut title = names.join(", ");
            if count > 1 {
                title = format!("{}: {title}", counted(count as u64, "run"));
            }
            Ok(shortened(&title))
        }
        Reach::Table(experiment, query) => {
            let name = acting.experiment_head(*experiment).await?.experiment.name;
            let filter = query.filter.as_str();
            let title = if filter.is_empty() { name } else { format!("{name}: {filter}") };
            Ok(shortened(&title))
        }
    }
}

/// As much of a title as a link takes.
fn shortened(title: &str) -> String {
    title.chars().filter(|character| !character.is_control()).take(60).collect()
}

fn no_runs() -> Error {
    Problem::missing("There are no such runs.").into()
}

async fn compared(acting: &Acting, ids: &[RunId]) -> Result<Vec<ComparedRun>, Error> {
    let ids: Vec<String> = ids.iter().take(MOST_RUNS).map(ToString::to_string).collect();
    Ok(acting.compare_runs(&ids).await?.runs)
}

/// The sheet, of a table from this row on.
pub async fn of(acting: &Acting, target: &Target, offset: u64) -> Result<Sheet, Error> {
    match &target.reach {
        Reach::Runs(ids) => {
            let runs = compared(acting, ids).await?;
            if runs.is_empty() {
                return Err(no_runs());
            }
            let keys = metrics(&runs, &target.metrics_with);
            let most = (MOST_CURVES / runs.len().max(1)).clamp(1, MOST_CHARTS);
            let drawn: Vec<String> = keys.iter().take(most).cloned().collect();
            let curves = curves(acting, target, &runs, drawn.clone()).await?;
            let charts = drawn.iter().map(|key| target.look.figure(key, &curves, ids, &runs)).collect();
            let base = runs.iter().position(|run| Some(run.run.info.id) == target.base).unwrap_or_default();
            Ok(Sheet::Runs {
                gone: ids.len().min(MOST_RUNS) - runs.len(),
                more_runs: ids.len().saturating_sub(MOST_RUNS),
                base,
                charts,
                more_charts: keys.len() - drawn.len(),
                only_differences: target.only_differences,
                files: Vec::new(),
                more_files: false,
                runs,
            })
        }
        Reach::Table(experiment, query) => {
            let page = acting.list_runs(*experiment, &RunsQuery { offset, ..query.clone() }).await?;
            let columns = target.columns.clone().unwrap_or_else(|| {
                default_columns(&page.runs).into_iter().map(|shown| shown.column).collect()
            });
            Ok(Sheet::Table { columns, runs: page.runs, offset, total: page.total })
        }
    }
}

/// Files of the runs of a link that shows them, which is at this address, and whether there may be more runs with files.
pub async fn files(
    guest: &Acting,
    runs: &[ComparedRun],
    address: &str,
) -> Result<(Vec<RunFiles>, bool), Error> {
    let (mut all, mut count) = (Vec::new(), 0);
    for (index, run) in runs.iter().enumerate() {
        if index >= MOST_WITH_FILES || count >= MOST_FILES {
            return Ok((all, true));
        }
        let id = run.run.info.id;
        let (files, is_more) = guest.list_shared_files(id).await?;
        count += files.len();
        let files = files.into_iter().map(|file| File {
            address: format!("{address}/files/{id}/{}", encoded(&file.path)),
            size: file.size.unwrap_or_default(),
            path: file.path,
        });
        let files: Vec<File> = files.collect();
        if !files.is_empty() {
            all.push(RunFiles { run: run_name(&run.run), files, is_more });
        }
    }
    Ok((all, false))
}

/// A path as it stands in an address.
fn encoded(path: &str) -> String {
    let steps = path.split('/').map(|step| utf8_percent_encode(step, NON_ALPHANUMERIC).to_string());
    steps.collect::<Vec<String>>().join("/")
}

/// One chart: of the metric, or of the first there is.
pub async fn figure(acting: &Acting, target: &Target, metric: &str) -> Result<Option<Figure>, Error> {
    let Reach::Runs(ids) = &target.reach else { return Ok(None) };
    let runs = compared(acting, ids).await?;
    let keys = metrics(&runs, &target.metrics_with);
    let key = if metric.is_empty() { keys.first() } else { keys.iter().find(|key| *key == metric) };
    let Some(key) = key else { return Ok(None) };
    let curves = curves(acting, target, &runs, vec![key.clone()]).await?;
    Ok(Some(target.look.figure(key, &curves, ids, &runs)))
}

/// Metrics of the runs with this in their names, those of the machine last.
fn metrics(runs: &[ComparedRun], with: &str) -> Vec<String> {
    let all = runs.iter().flat_map(|run| run.run.metrics.iter().map(|metric| metric.key.as_str()));
    let found: BTreeSet<&str> = all.filter(|key| key.to_lowercase().contains(with)).collect();
    let mut keys: Vec<String> = found.into_iter().map(str::to_owned).collect();
    keys.sort_by_key(|key| key.starts_with("system/"));
    keys
}

async fn curves(
    acting: &Acting,
    target: &Target,
    runs: &[ComparedRun],
    keys: Vec<String>,
) -> Result<Vec<Curve>, Error> {
    let request = CurveRequest {
        runs: runs.iter().map(|compared| compared.run.info.id).collect(),
        keys,
        along: target.look.along,
        window: None,
        buckets: WIDTH,
    };
    acting.curves(&request).await
}
