//! A table of runs as a file: CSV with the columns that are shown, or JSON with all that was logged of each run.

use crate::{identity::SignedIn, wire::error::WireError};
use app::column::{Column, read_columns};
use axum::{
    body::Body,
    extract::{Path, Query},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use domain::{Acting, run::SearchRuns};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use http::{StatusCode, header};
use model::{
    ExperimentId, Problem, RunId,
    experiment::ViewType,
    filter::MetricFigure,
    run::{Run, tag},
};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Runs that are looked up at once.
const PORTION: i64 = 100;
/// Runs that an address can name.
const NAMED: usize = 200;
/// How often a table that grows meanwhile is asked for more, at most: a million runs.
const PORTIONS: usize = 10_000;

/// What the file holds.
#[derive(Debug, Clone)]
enum Form {
    Csv(Vec<Column>),
    Json,
}

/// Where runs of several experiments are, which must be named.
const ALL: &str = "all";

/// `GET /export/runs/{experiment}/runs.csv` or `runs.json`, with the query of the table's page; `runs` names some alone, of
/// any experiment if `{experiment}` is `all`.
pub async fn runs(
    SignedIn(acting): SignedIn,
    Path((experiment, file)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, WireError> {
    let text = |key: &str| query.get(key).map(String::as_str).unwrap_or_default();
    let missing = || Problem::missing("There is no such file.");
    let experiment = match experiment.as_str() {
        ALL => None,
        number => Some(ExperimentId(number.parse().map_err(|_| missing())?)),
    };
    let form = match file.as_str() {
        "runs.csv" => Form::Csv(
            read_columns(text("columns")).unwrap_or_default().into_iter().map(|shown| shown.column).collect(),
        ),
        "runs.json" => Form::Json,
        _ => return Err(missing().into()),
    };
    // Whoever may not read it is told so before the file begins.
    let name = match experiment {
        Some(experiment) => acting.get_experiment(experiment).await?.name,
        None => "runs".to_owned(),
    };
    let ids: Vec<RunId> = text("runs").split(',').filter_map(|id| id.trim().parse().ok()).collect();
    if ids.len() > NAMED {
        return Err(Problem::invalid(format!("An address names at most {NAMED} runs.")).into());
    }
    if ids.is_empty() && experiment.is_none() {
        return Err(Problem::invalid("Say which runs the file is to hold.").into());
    }
    let order: Vec<String> =
        text("order").split(',').map(str::trim).filter(|by| !by.is_empty()).map(str::to_owned).collect();
    let walk = Walk {
        acting,
        experiment,
        filter: text("filter").trim().to_owned(),
        order,
        view: if text("view") == "trash" { ViewType::DeletedOnly } else { ViewType::ActiveOnly },
    };
    // Mistakes are told before the file begins, too.
    let first = if ids.is_empty() { walk.portion("").await? } else { (walk.named(&ids).await?, None) };
    let begin = match &form {
        Form::Csv(columns) => csv_line(&heads(columns))?,
        Form::Json => Bytes::from_static(b"[\n"),
    };
    let end = match form {
        Form::Csv(_) => Bytes::new(),
        Form::Json => Bytes::from_static(b"\n]\n"),
    };
    let is_json = matches!(form, Form::Json);
    let portions = stream::try_unfold((Some(first), walk), |(ready, walk)| async move {
        let Some((runs, next)) = ready else { return Ok(None) };
        let following = match next {
            Some(token) => Some(walk.portion(&token).await?),
            None => None,
        };
        Ok::<_, Problem>(Some((runs, (following, walk))))
    });
    let mut is_first = true;
    let lines = portions.take(PORTIONS).map(move |runs| {
        let mut lines = Vec::new();
        for run in runs? {
            match &form {
                Form::Csv(columns) => lines.extend(csv_line(&cells(columns, &run))?),
                Form::Json => {
                    if !std::mem::take(&mut is_first) {
                        lines.extend(b",\n");
                    }
                    lines.extend(object(&run).to_string().into_bytes());
                }
            }
        }
        Ok::<_, Problem>(Bytes::from(lines))
    });
    let whole = stream::once(async { Ok(begin) }).chain(lines).chain(stream::once(async { Ok(end) }));
    let kind = if is_json { "application/json" } else { "text/csv; charset=utf-8" };
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '_' }).collect();
    let disposition = format!("attachment; filename=\"{plain}.{}\"", if is_json { "json" } else { "csv" });
    let body = Body::from_stream(whole.map_err(|problem| std::io::Error::other(problem.message)));
    Ok((
        StatusCode::OK,
        [
            (header::CONTENT_TYPE, kind.to_owned()),
            (header::CONTENT_DISPOSITION, disposition),
            (header::CACHE_CONTROL, "no-store".to_owned()),
        ],
        body,
    )
        .into_response())
}

/// The way through a table.
struct Walk {
    acting: Acting,
    experiment: Option<ExperimentId>,
    filter: String,
    order: Vec<String>,
    view: ViewType,
}

impl Walk {
    async fn portion(&self, token: &str) -> Result<(Vec<Run>, Option<String>), Problem> {
        let search = SearchRuns {
            experiments: self.experiment.as_slice(),
            filter: &self.filter,
            view: self.view,
            max_results: PORTION,
            order_by: &self.order,
            page_token: token,
        };
        let page = self.acting.search_runs(search).await?;
        Ok((page.items, page.next))
    }

    async fn named(&self, ids: &[RunId]) -> Result<Vec<Run>, Problem> {
        let mut runs = Vec::with_capacity(ids.len());
        for id in ids {
            runs.push(self.acting.get_run(*id).await?);
        }
        Ok(runs)
    }
}

fn heads(columns: &[Column]) -> Vec<String> {
    ["run_id", "name", "status"]
        .map(str::to_owned)
        .into_iter()
        .chain(columns.iter().map(ToString::to_string))
        .collect()
}

fn cells(columns: &[Column], run: &Run) -> Vec<String> {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let cell = |column: &Column| match column {
        Column::Started => run.info.start_time.to_string(),
        Column::Duration => match run.info.end_time {
            Some(end) => end.saturating_sub(run.info.start_time).to_string(),
            None => String::new(),
        },
        Column::User => run.info.user.clone(),
        Column::Source => text(run.tag(tag::SOURCE_NAME)),
        Column::Metric(..) => column.number(run).map(|number| number.to_string()).unwrap_or_default(),
        Column::Param(key) => {
            text(run.params.iter().find(|param| param.key == *key).map(|param| param.value.as_str()))
        }
        Column::Tag(key) => text(run.tag(key)),
    };
    let info = [run.info.id.to_string(), run.info.name.clone(), run.info.status.name().to_owned()];
    info.into_iter().chain(columns.iter().map(cell)).map(harmless).collect()
}

/// A text that spreadsheets take as text: what somebody logged must not become a formula (OWASP, CSV injection).
fn harmless(text: String) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    if is_formula { format!("'{text}") } else { text }
}

fn csv_line(cells: &[String]) -> Result<Bytes, Problem> {
    let fault = || Problem::new(model::Code::InternalError, "A line of the table can't be written.");
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells).map_err(|_| fault())?;
    writer.into_inner().map(Bytes::from).map_err(|_| fault())
}

/// A run as JSON. Numbers that JSON doesn't have are texts: "NaN", "inf".
fn object(run: &Run) -> Value {
    let number = |value: f64| if value.is_finite() { json!(value) } else { json!(value.to_string()) };
    let figure = |metric: &model::metric::MetricSummary, figure: MetricFigure| match figure {
        MetricFigure::Last => number(metric.last.value),
        MetricFigure::Min => metric.min.map_or(Value::Null, number),
        MetricFigure::Max => metric.max.map_or(Value::Null, number),
    };
    let metrics: Map<String, Value> = run
        .metrics
        .iter()
        .map(|metric| {
            let value = json!({
                "last": figure(metric, MetricFigure::Last),
                "min": figure(metric, MetricFigure::Min),
                "max": figure(metric, MetricFigure::Max),
                "step": metric.last.step,
                "points": metric.count,
            });
            (metric.key.clone(), value)
        })
        .collect();
    let texts = |pairs: &[model::run::Tag]| -> Map<String, Value> {
        pairs.iter().map(|pair| (pair.key.clone(), json!(pair.value))).collect()
    };
    json!({
        "run_id": run.info.id.to_string(),
        "name": run.info.name,
        "experiment_id": run.info.experiment.to_string(),
        "status": run.info.status.name(),
        "user": run.info.user,
        "start_time": run.info.start_time,
        "end_time": run.info.end_time,
        "metrics": metrics,
        "params": texts(&run.params),
        "tags": texts(&run.tags),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_logged_is_no_formula() {
        let check = |text: &str, expected: &str| assert_eq!(harmless(text.to_owned()), expected);
        check("=HYPERLINK(\"http://evil\")", "'=HYPERLINK(\"http://evil\")");
        check("@SUM(A1)", "'@SUM(A1)");
        check("-1.5e3", "-1.5e3");
        check("-inf", "-inf");
        check("-x", "'-x");
        check("plain", "plain");
    }

    #[test]
    fn lines_are_quoted_where_they_must_be() {
        let line = csv_line(&["a,b".to_owned(), "say \"x\"".to_owned(), "plain".to_owned()]).unwrap();
        assert_eq!(line, "\"a,b\",\"say \"\"x\"\"\",plain\n");
    }
}
