//! What must be there before the clock runs: experiments, runs and their data, all through the server's own door.

use crate::client::Connection;
use crate::server::Server;
use anyhow::{Context, Result};
use futures::future::join_all;
use serde_json::{Value, json};
use std::cell::Cell;
use std::time::Duration;

/// The beginning of every path of MLflow's protocol.
pub const API: &str = "/api/2.0/mlflow";

/// Connections that seed. A server with four workers has no use for more than that; one that commits what gathers in
/// groups has.
fn connections(server: &Server) -> usize {
    if server.peer.is_ours() { 32 } else { 4 }
}

/// Asks for something and reads the answer.
///
/// # Errors
/// When the server doesn't answer with success and JSON.
pub async fn ask(server: &Server, connection: &mut Connection, path: &str, body: &Value) -> Result<Value> {
    let request = server.post(&format!("{API}{path}"), &body.to_string());
    let answer = connection.succeed(&request).await.with_context(|| path.to_owned())?;
    serde_json::from_slice(answer).with_context(|| format!("{path} doesn't answer JSON"))
}

/// Makes an experiment; returns its id.
pub async fn experiment(server: &Server, connection: &mut Connection, name: &str) -> Result<String> {
    let answer = ask(server, connection, "/experiments/create", &json!({"name": name})).await?;
    text(&answer["experiment_id"])
}

/// Makes a run; returns its id.
pub async fn run(
    server: &Server,
    connection: &mut Connection,
    experiment: &str,
    name: &str,
) -> Result<String> {
    let body = json!({
        "experiment_id": experiment, "run_name": name, "user_id": "bench", "start_time": crate::points::START,
    });
    let answer = ask(server, connection, "/runs/create", &body).await?;
    text(&answer["run"]["info"]["run_id"])
}

/// Makes an experiment with so many runs; returns their ids.
pub async fn runs(server: &Server, name: &str, count: usize) -> Result<Vec<String>> {
    let mut connection = server.connect().await?;
    let experiment = experiment(server, &mut connection, name).await?;
    let mut ids = Vec::with_capacity(count);
    for number in 0..count {
        ids.push(run(server, &mut connection, &experiment, &format!("{name} {number}")).await?);
    }
    Ok(ids)
}

fn text(value: &Value) -> Result<String> {
    value.as_str().map(str::to_owned).context("an answer without an id")
}

/// Sends a request that may be sent again, as MLflow's client does where a database is busy.
pub async fn insist(connection: &mut Connection, request: &[u8]) -> Result<()> {
    let mut tries = 0;
    loop {
        match connection.succeed(request).await {
            Ok(_) => return Ok(()),
            Err(error) if tries == 5 => return Err(error),
            Err(_) => tries += 1,
        }
        tokio::time::sleep(Duration::from_secs(1 << tries.min(3))).await;
    }
}

/// Does `count` jobs, numbered from 0, on a few connections at once.
///
/// # Errors
/// The first of any job.
pub async fn spread(
    server: &Server,
    count: usize,
    job: impl AsyncFn(&mut Connection, usize) -> Result<()>,
) -> Result<()> {
    let next = Cell::new(0);
    let each = (0..connections(server).min(count)).map(async |_| -> Result<()> {
        let mut connection = server.connect().await?;
        while next.get() < count {
            let number = next.replace(next.get() + 1);
            job(&mut connection, number).await?;
        }
        Ok(())
    });
    join_all(each).await.into_iter().collect()
}
