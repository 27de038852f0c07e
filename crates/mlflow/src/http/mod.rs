//! A server that speaks MLflow's protocol: MLflow of any version, behind whatever database, or Runmark. Slower than reading the database.
//!
//! What its lists don't tell stays behind: deleted logged models, and what isn't shown to the account. Who asks is said in the address
//! (`http://name:password@host`) or, as MLflow's client has it, by `MLFLOW_TRACKING_USERNAME` and `…_PASSWORD`, or `…_TOKEN`.
//! Start reading: [`Server`]; [`read`] makes records of answers.

pub(crate) mod read;
mod trace;

use crate::{Error, Page, PointCounts, Result, Source, Steps};
use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use model::{
    ExperimentId, RunId, TraceId,
    experiment::Experiment,
    import::{ModelRecord, RegisteredRecord, TraceRecord},
    metric::Point,
    run::Run,
};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde_json::{Value, json};
use std::{collections::HashSet, time::Duration};

/// Things of a page, and points of a part of a history (what MLflow's client asks for).
const PAGE: usize = 100;
const HISTORY: usize = 25_000;
/// Runs that are asked for at the same time.
const AT_ONCE: usize = 8;
/// How often a question is asked again that the server has no time for.
const TRIES: u32 = 6;

/// A tracking server.
#[derive(Clone)]
pub struct Server {
    client: reqwest::Client,
    url: Url,
    who: Who,
}

#[derive(Clone)]
enum Who {
    Nobody,
    Basic(String, String),
    Token(String),
}

impl Who {
    fn of(url: &Url) -> Self {
        let said = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let decoded =
            |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        if !url.username().is_empty() {
            return Self::Basic(decoded(url.username()), decoded(url.password().unwrap_or_default()));
        }
        match (
            said("MLFLOW_TRACKING_USERNAME"),
            said("MLFLOW_TRACKING_PASSWORD"),
            said("MLFLOW_TRACKING_TOKEN"),
        ) {
            (Some(name), Some(password), _) => Self::Basic(name, password),
            (_, _, Some(token)) => Self::Token(token),
            _ => Self::Nobody,
        }
    }
}

impl Server {
    /// A server at an address.
    ///
    /// # Errors
    /// If it is no address.
    pub fn open(address: &str) -> Result<Self> {
        let mut url = Url::parse(address)
            .map_err(|error| Error::Said(format!("this is not the address of a server: {error}")))?;
        let who = Who::of(&url);
        // What is kept of it is shown in errors.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        let client = reqwest::Client::builder().connect_timeout(Duration::from_secs(30)).build()?;
        Ok(Self { client, url, who })
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.url.as_str().trim_end_matches('/'));
        let request = self.client.request(method, url);
        match &self.who {
            Who::Nobody => request,
            Who::Basic(name, password) => request.basic_auth(name, Some(password)),
            Who::Token(token) => request.bearer_auth(token),
        }
    }

    /// The answer, also if it took several tries.
    async fn answered(&self, request: RequestBuilder) -> Result<Response> {
        let mut tried = 0;
        loop {
            let Some(request) = request.try_clone() else {
                return Err(Error::Said("a request can't be repeated".to_owned()));
            };
            tried += 1;
            let answer = request.send().await;
            let busy = match &answer {
                Ok(answer) => {
                    matches!(answer.status().as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
                }
                Err(error) => error.is_connect() || error.is_timeout(),
            };
            if !busy || tried == TRIES {
                return Ok(answer?);
            }
            tokio::time::sleep(Duration::from_millis(250_u64 << tried)).await;
        }
    }

    async fn json(&self, request: RequestBuilder) -> Result<Value> {
        let answer = self.answered(request).await?;
        let (status, place) = (answer.status(), answer.url().path().to_owned());
        let bytes = answer.bytes().await?;
        if status != StatusCode::OK {
            let said: String = String::from_utf8_lossy(&bytes).chars().take(300).collect();
            return Err(Error::Said(format!("the MLflow server answers {status} to {place}: {said}")));
        }
        serde_json::from_slice(&bytes).map_err(|error| {
            Error::Said(format!("the MLflow server's answer to {place} is no JSON: {error}"))
        })
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.post_to("2.0", path, body).await
    }

    async fn post_to(&self, version: &str, path: &str, body: &Value) -> Result<Value> {
        let request = self.request(Method::POST, &format!("/api/{version}/mlflow/{path}"));
        let request = request.header("content-type", "application/json").body(body.to_string());
        self.json(request).await
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value> {
        self.json(self.request(Method::GET, &format!("/api/2.0/mlflow/{path}")).query(query)).await
    }

    /// What is in a folder of the server's artifacts: names, sizes, and whether it is a folder.
    pub(crate) async fn list_folder(&self, path: &str) -> Result<Vec<(String, Option<u64>, bool)>> {
        let request =
            self.request(Method::GET, "/api/2.0/mlflow-artifacts/artifacts").query(&[("path", path)]);
        Ok(read::files(&self.json(request).await?))
    }

    /// A file of the server's artifacts, as it comes.
    pub(crate) async fn download(&self, path: &str) -> Result<Response> {
        let steps: Vec<String> = path
            .split('/')
            .map(|step| {
                percent_encoding::utf8_percent_encode(step, percent_encoding::NON_ALPHANUMERIC).to_string()
            })
            .collect();
        let path = format!("/api/2.0/mlflow-artifacts/artifacts/{}", steps.join("/"));
        let answer = self.answered(self.request(Method::GET, &path)).await?;
        match answer.status() {
            StatusCode::OK => Ok(answer),
            status => Err(Error::Said(format!("the MLflow server answers {status} to {path}"))),
        }
    }

    async fn history(&self, run: RunId, key: &str) -> Result<Vec<Point>> {
        let (run, most) = (run.to_string(), HISTORY.to_string());
        let (mut known, mut points) = (HashSet::new(), Vec::new());
        let mut token = String::new();
        loop {
            let answer = {
                let mut query =
                    vec![("run_id", run.as_str()), ("metric_key", key), ("max_results", most.as_str())];
                if !token.is_empty() {
                    query.push(("page_token", token.as_str()));
                }
                self.get("metrics/get-history", &query).await?
            };
            points.extend(read::points(&answer)?.into_iter().filter(|point| known.insert(*point)));
            match read::next(&answer) {
                Some(next) => token = next,
                None => return Ok(points),
            }
        }
    }

    /// So many logged models of these experiments.
    async fn search_models(&self, of: &[ExperimentId], most: usize, after: Option<&str>) -> Result<Value> {
        let ids: Vec<String> = of.iter().map(ToString::to_string).collect();
        if ids.is_empty() {
            return Ok(Value::Null);
        }
        let mut body = json!({ "experiment_ids": ids, "max_results": most });
        if let Some(after) = after {
            body["page_token"] = after.into();
        }
        match self.post("logged-models/search", &body).await {
            // Before MLflow 3 there are none.
            Err(Error::Said(said)) if after.is_none() && said.contains(" 404 ") => Ok(Value::Null),
            answer => answer,
        }
    }

    async fn has_models(&self, of: &[ExperimentId]) -> Result<bool> {
        let answer = self.search_models(of, 1, None).await?;
        Ok(read::list(&answer, "models").next().is_some())
    }

    /// A run with the models that it used, which MLflow's lists don't tell.
    async fn with_models(&self, mut run: Run) -> Result<Run> {
        let id = run.info.id.to_string();
        let answer = self.get("runs/get", &[("run_id", id.as_str())]).await?;
        run.model_inputs = read::models_used(&answer["run"]);
        Ok(run)
    }

    /// All versions of a registered model, in their order.
    async fn versions(&self, name: &str, is_prompt: bool) -> Result<Vec<model::registry::ModelVersion>> {
        // There is no escape: a name with one kind of quotes is put into the other.
        let quoted = if name.contains('\'') { format!("\"{name}\"") } else { format!("'{name}'") };
        let prompts = if is_prompt { " AND tags.`mlflow.prompt.is_prompt` = 'true'" } else { "" };
        let filter = format!("name = {quoted}{prompts}");
        let mut found = Vec::new();
        let mut token = String::new();
        loop {
            let answer = {
                let mut query = vec![("filter", filter.as_str()), ("max_results", "1000")];
                if !token.is_empty() {
                    query.push(("page_token", token.as_str()));
                }
                self.get("model-versions/search", &query).await?
            };
            for version in read::list(&answer, "model_versions") {
                found.push(read::version(version)?);
            }
            match read::next(&answer) {
                Some(next) => token = next,
                None => break,
            }
        }
        found.sort_by_key(|version| version.version);
        Ok(found)
    }
}

#[async_trait]
impl Source for Server {
    async fn runs_in_all(&self) -> Result<Option<u64>> {
        Ok(None)
    }

    async fn left_out(&self) -> Result<Vec<(String, u64)>> {
        Ok(Vec::new())
    }

    async fn experiments(&self, after: Option<&str>) -> Result<Page<Experiment>> {
        let body = json!({
            "max_results": PAGE, "view_type": "ALL", "order_by": ["experiment_id ASC"], "page_token": after.unwrap_or_default(),
        });
        let answer = self.post("experiments/search", &body).await?;
        read::page(&answer, "experiments", read::experiment)
    }

    async fn models(&self, of: &[ExperimentId], after: Option<&str>) -> Result<Page<ModelRecord>> {
        read::page(&self.search_models(of, PAGE, after).await?, "models", read::model)
    }

    async fn runs(&self, of: &[ExperimentId], after: Option<&str>) -> Result<Page<Run>> {
        // An experiment at a time: the place in the list, and the server's token.
        let (place, token) = after.and_then(|after| after.split_once(' ')).unwrap_or(("0", ""));
        let place: usize = place.parse().unwrap_or_default();
        let Some(experiment) = of.get(place) else {
            return Ok(Page { items: Vec::new(), skipped: Vec::new(), next: None });
        };
        let body = json!({
            "experiment_ids": [experiment.to_string()], "run_view_type": "ALL", "max_results": PAGE, "page_token": token,
        });
        let answer = self.post("runs/search", &body).await?;
        let mut page = read::page(&answer, "runs", read::run)?;
        // A question for each run takes its time, and is for nothing where there are no models.
        if !page.items.is_empty() && self.has_models(of).await? {
            let asked: Vec<_> = page.items.drain(..).map(|run| self.with_models(run)).collect();
            page.items = futures::stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
        }
        page.next = match page.next {
            Some(token) => Some(format!("{place} {token}")),
            None => (place + 1 < of.len()).then(|| format!("{} ", place + 1)),
        };
        Ok(page)
    }

    async fn point_counts(&self, _runs: &[RunId]) -> Result<Option<PointCounts>> {
        Ok(None)
    }

    fn points<'a>(&'a self, run: &'a Run) -> BoxStream<'a, Result<(String, Vec<Point>)>> {
        let id = run.info.id;
        futures::stream::iter(&run.metrics)
            .then(move |metric| async move {
                Ok::<_, Error>((metric.key.clone(), self.history(id, &metric.key).await?))
            })
            .boxed()
    }

    async fn registered(&self, after: Option<&str>) -> Result<Page<RegisteredRecord>> {
        // Models first, then prompts, which are only found by asking for them.
        let (kind, token) = after.and_then(|after| after.split_once(' ')).unwrap_or(("models", ""));
        let is_prompt = kind == "prompts";
        let filter = if is_prompt { "tags.`mlflow.prompt.is_prompt` = 'true'" } else { "" };
        let most = PAGE.to_string();
        let mut query = vec![("max_results", most.as_str())];
        query.extend(
            [("filter", filter), ("page_token", token)].into_iter().filter(|(_, value)| !value.is_empty()),
        );
        let answer = self.get("registered-models/search", &query).await?;
        let mut items = Vec::new();
        for model in read::list(&answer, "registered_models") {
            let model = read::registered(model)?;
            let versions = self.versions(&model.name, is_prompt).await?;
            let last_version = versions.last().map_or(0, |version| version.version);
            items.push(RegisteredRecord { model, last_version, versions });
        }
        let next = match read::next(&answer) {
            Some(token) => Some(format!("{kind} {token}")),
            None => (!is_prompt).then(|| "prompts ".to_owned()),
        };
        Ok(Page { items, skipped: Vec::new(), next })
    }

    async fn traces(&self, of: &[ExperimentId], after: Option<&str>) -> Result<Page<TraceRecord>> {
        self.trace_page(of, after).await
    }

    async fn steps(&self, trace: &TraceRecord) -> Result<Steps> {
        self.steps_of(trace).await
    }

    async fn trace_runs(&self, of: &[ExperimentId], after: Option<&str>) -> Result<Page<(TraceId, RunId)>> {
        self.trace_run_page(of, after).await
    }
}
