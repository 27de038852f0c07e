//! What the table of an experiment's runs asks for.

use super::{Case, Work, seed};
use crate::server::Server;
use anyhow::{Context, Result, bail};
use model::ExperimentId;
use model::page::{RUNS_PAGE, RunsPage, RunsQuery};

const RUNS: usize = 1000;
const CONNECTIONS: usize = 8;

/// Seeds runs, then asks for the first page of their table.
pub async fn cases(server: &Server) -> Result<Vec<Case>> {
    let mut connection = server.connect().await?;
    let experiment = seed::experiment(server, &mut connection, "table").await?;
    seed::spread(server, RUNS, async |connection, number| {
        seed::run(server, connection, &experiment, &format!("run-{number:04}")).await.map(drop)
    })
    .await?;
    let id: ExperimentId =
        experiment.parse().map_err(|_| anyhow::anyhow!("an experiment without a number"))?;
    let body = postcard::to_allocvec(&(id, RunsQuery::default())).context("a request for a table")?;
    let mut request = server.post_head("/ui/list_runs", "application/x-postcard", body.len());
    request.extend_from_slice(&body);
    let page: RunsPage =
        postcard::from_bytes(connection.succeed(&request).await?).context("the answer holds no table")?;
    if page.runs.len() != RUNS_PAGE as usize {
        bail!("the table has {} rows", page.runs.len());
    }
    let works = (0..CONNECTIONS).map(|_| Work::Same(request.clone(), 0)).collect();
    Ok(vec![Case::new(format!("table of {RUNS} runs, {CONNECTIONS} connections"), works)])
}
