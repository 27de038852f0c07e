//! Traces of a server. It doesn't list which runs they were linked to, so it is asked of each run.

use super::{AT_ONCE, PAGE, Server, read};
use crate::{Error, MOST_STEP_BYTES, Page, Result, Steps, trace::record};
use futures::{StreamExt as _, TryStreamExt as _};
use model::{ExperimentId, RunId, TraceId, import::TraceRecord};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Experiments that one search looks into.
const SEARCHED: usize = 100;

/// Which of the experiments is gone through, and the server's token of the part that comes next.
fn place_in(after: Option<&str>) -> (usize, &str) {
    let (place, token) = after.and_then(|after| after.split_once(' ')).unwrap_or(("0", ""));
    (place.parse().unwrap_or_default(), token)
}

/// From where the next part goes on, which may be in the next of so many experiments.
fn next_place(place: usize, token: Option<String>, all: usize) -> Option<String> {
    match token {
        Some(token) => Some(format!("{place} {token}")),
        None => (place + 1 < all).then(|| format!("{} ", place + 1)),
    }
}

impl Server {
    /// A part of the traces of experiments, the oldest first.
    async fn search_traces(&self, of: &[ExperimentId], filter: &str, token: &str) -> Result<Value> {
        let place = |experiment: &ExperimentId| {
            let experiment = json!({ "experiment_id": experiment.to_string() });
            json!({ "type": "MLFLOW_EXPERIMENT", "mlflow_experiment": experiment })
        };
        let places: Vec<Value> = of.iter().map(place).collect();
        let mut body = json!({ "locations": places, "max_results": PAGE, "order_by": ["timestamp_ms ASC"] });
        for (name, value) in [("filter", filter), ("page_token", token)] {
            if !value.is_empty() {
                body[name] = value.into();
            }
        }
        match self.post_to("3.0", "traces/search", &body).await {
            Err(Error::Said(said)) if said.contains(" 404 ") => self.older_traces(of, filter, token).await,
            answer => answer,
        }
    }

    /// The same of a server before MLflow 3; none of one that knows no traces yet.
    async fn older_traces(&self, of: &[ExperimentId], filter: &str, token: &str) -> Result<Value> {
        let (ids, most): (Vec<String>, String) =
            (of.iter().map(ToString::to_string).collect(), PAGE.to_string());
        let mut query = vec![("max_results", most.as_str()), ("order_by", "timestamp_ms ASC")];
        query.extend(ids.iter().map(|id| ("experiment_ids", id.as_str())));
        let said = [("filter", filter), ("page_token", token)];
        query.extend(said.into_iter().filter(|(_, value)| !value.is_empty()));
        match self.get("traces", &query).await {
            Err(Error::Said(said)) if said.contains(" 404 ") => Ok(Value::Null),
            answer => answer,
        }
    }

    pub(super) async fn trace_page(
        &self,
        of: &[ExperimentId],
        after: Option<&str>,
    ) -> Result<Page<TraceRecord>> {
        // As with runs, an experiment at a time.
        let (place, token) = place_in(after);
        let Some(experiment) = of.get(place) else {
            return Ok(Page { items: Vec::new(), skipped: Vec::new(), next: None });
        };
        let answer = self.search_traces(std::slice::from_ref(experiment), "", token).await?;
        let mut page = read::page(&answer, "traces", record)?;
        page.next = next_place(place, page.next, of.len());
        Ok(page)
    }

    /// The steps of a trace, wherever the server has them.
    pub(super) async fn steps_of(&self, trace: &TraceRecord) -> Result<Steps> {
        let request = self
            .request(Method::GET, "/ajax-api/2.0/mlflow/get-trace-artifact")
            .query(&[("request_id", trace.there.as_str())]);
        let mut answer = self.answered(request).await?;
        let status = answer.status();
        let mut bytes = Vec::new();
        while let Some(part) = answer.chunk().await? {
            bytes.extend_from_slice(&part);
            if bytes.len() > MOST_STEP_BYTES {
                let most = MOST_STEP_BYTES >> 20;
                return Ok(Steps::Unreadable(format!(
                    "the server answers more than {most} MiB for its spans"
                )));
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        Ok(match status {
            StatusCode::OK => Steps::Texts(vec![text.into_owned()]),
            StatusCode::NOT_FOUND => Steps::Texts(Vec::new()),
            status => {
                let said: String = text.chars().take(300).collect();
                Steps::Unreadable(format!("the server answers {status} for its spans: {said}"))
            }
        })
    }

    pub(super) async fn trace_run_page(
        &self,
        of: &[ExperimentId],
        after: Option<&str>,
    ) -> Result<Page<(TraceId, RunId)>> {
        let (place, token) = place_in(after);
        let Some(experiment) = of.get(place) else {
            return Ok(Page { items: Vec::new(), skipped: Vec::new(), next: None });
        };
        let body = json!({
            "experiment_ids": [experiment.to_string()], "run_view_type": "ALL", "max_results": PAGE, "page_token": token,
        });
        let answer = self.post("runs/search", &body).await?;
        let runs: Vec<RunId> = read::list(&answer, "runs")
            .filter_map(|run| run["info"]["run_id"].as_str()?.parse().ok())
            .collect();
        let asked: Vec<_> = runs.into_iter().map(|run| self.linked_to(run, of)).collect();
        let linked: Vec<Vec<(TraceId, RunId)>> =
            futures::stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
        let next = next_place(place, read::next(&answer), of.len());
        Ok(Page { items: linked.concat(), skipped: Vec::new(), next })
    }

    /// The traces of these experiments that a run has to do with.
    async fn linked_to(&self, run: RunId, of: &[ExperimentId]) -> Result<Vec<(TraceId, RunId)>> {
        let filter = format!("attribute.run_id = '{run}'");
        let mut found = Vec::new();
        for of in of.chunks(SEARCHED) {
            let mut token = String::new();
            loop {
                let answer = self.search_traces(of, &filter, &token).await?;
                let page = read::page(&answer, "traces", record)?;
                found.extend(page.items.into_iter().map(|trace| (trace.info.id, run)));
                match page.next {
                    Some(next) => token = next,
                    None => break,
                }
            }
        }
        Ok(found)
    }
}
