//! Searching an experiment's runs, and listing them.

use super::seed::{self, API};
use super::{Case, Work};
use crate::client::Connection;
use crate::points::{Noise, START};
use crate::server::Server;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// Params and metrics of a run.
const WIDTH: u64 = 20;

/// Values that a param takes; a filter for one of them leaves a tenth of the runs.
const VALUES: u64 = 10;

/// A connection that searches: every request has another filter and another order.
pub struct Search {
    path: Vec<u8>,
    experiment: String,
    noise: Noise,
}

impl Search {
    /// The next request's body: a tenth of the runs by a param, about half of those by a metric, the best 100 by another.
    fn body(&mut self) -> Value {
        let mut below = |limit: u64| self.noise.next() % limit;
        let (metric, param, order) = (below(WIDTH), below(WIDTH), below(WIDTH));
        let (bound, value) = (400 + below(200), below(VALUES));
        json!({
            "experiment_ids": [self.experiment],
            "filter": format!("metrics.metric_{metric:02} < 0.{bound} and params.param_{param:02} = 'value-{value}'"),
            "order_by": [format!("metrics.metric_{order:02} ASC")],
            "max_results": 100,
        })
    }

    /// Searches once.
    pub async fn once(&mut self, connection: &mut Connection) -> Result<u64> {
        let body = self.body().to_string();
        let mut request = self.path.clone();
        request.extend_from_slice(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
        connection.succeed(&request).await?;
        Ok(0)
    }
}

/// Seeds so many runs, then searches and lists them.
pub async fn cases(server: &Server, count: usize) -> Result<Vec<Case>> {
    let mut connection = server.connect().await?;
    let experiment = seed::experiment(server, &mut connection, "searched").await?;
    seed::spread(server, count, async |connection, number| {
        let name = format!("run-{number:06}");
        let run = seed::run(server, connection, &experiment, &name).await?;
        let batch = content(&run, number as u64).to_string();
        seed::insist(connection, &server.post(&format!("{API}/runs/log-batch"), &batch)).await
    })
    .await?;

    let listing = json!({"experiment_ids": [experiment], "max_results": 1000});
    check_listing(server, &mut connection, &listing, count.min(1000)).await?;
    let mut search = Search { path: Vec::new(), experiment, noise: Noise(1) };
    let found = seed::ask(server, &mut connection, "/runs/search", &search.body()).await?;
    let found = found["runs"].as_array().map_or(0, Vec::len);
    if found < (count / 100).min(100) {
        bail!("a search finds {found} of {count} runs");
    }
    // The head without its last two fields' lines, which depend on the body.
    let head = server.post_head(&format!("{API}/runs/search"), "application/json", 0);
    let head = String::from_utf8(head).context("a head is text")?;
    let head = head.replace("Content-Length: 0\r\n", "");
    search.path = head.trim_end_matches("\r\n").as_bytes().to_vec();
    search.path.extend_from_slice(b"\r\n");

    let list = Work::Same(server.post(&format!("{API}/runs/search"), &listing.to_string()), 0);
    Ok(vec![
        Case::new(format!("search among {count} runs, filter and order"), vec![Work::Search(search)]),
        Case::new(format!("list {} of {count} runs", count.min(1000)), vec![list]),
    ])
}

async fn check_listing(
    server: &Server,
    connection: &mut Connection,
    body: &Value,
    count: usize,
) -> Result<()> {
    let answer = seed::ask(server, connection, "/runs/search", body).await?;
    let runs = answer["runs"].as_array().map_or(0, Vec::len);
    let metrics = answer["runs"][0]["data"]["metrics"].as_array().map_or(0, Vec::len);
    if runs != count || metrics as u64 != WIDTH {
        bail!("lists {runs} runs with {metrics} metrics, not {count} with {WIDTH}");
    }
    Ok(())
}

/// The params and metrics of the run with this number.
fn content(run: &str, number: u64) -> Value {
    let mut noise = Noise(number);
    let metrics: Vec<Value> = (0..WIDTH)
        .map(|index| {
            let value = noise.fraction();
            json!({"key": format!("metric_{index:02}"), "value": value, "timestamp": START + number, "step": 0})
        })
        .collect();
    let params: Vec<Value> = (0..WIDTH)
        .map(|index| {
            let value = noise.next() % VALUES;
            json!({"key": format!("param_{index:02}"), "value": format!("value-{value}")})
        })
        .collect();
    json!({"run_id": run, "metrics": metrics, "params": params})
}
