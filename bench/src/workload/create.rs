//! Creating runs.

use super::seed::{self, API};
use super::{Case, Work};
use crate::client::Connection;
use crate::points::{START, put};
use crate::server::Server;
use anyhow::{Context, Result};

/// A connection that creates runs, each with its own name and start.
pub struct Create {
    request: Vec<u8>,
    /// Where the digits of the run's number and of its start are.
    name: usize,
    start: usize,
    number: u64,
}

const NAME: &str = "000000000000";
const TIME: &str = "0000000000000";

impl Create {
    fn new(server: &Server, experiment: &str, number: u64) -> Result<Create> {
        let tags = [
            ("mlflow.user", "ada"),
            ("mlflow.source.name", "train.py"),
            ("mlflow.source.type", "LOCAL"),
            ("mlflow.source.git.commit", "2b1d3f9c5a7e4b60918273645546372819a0b1c2"),
            ("team", "vision"),
        ];
        let tags =
            tags.map(|(key, value)| format!("{{\"key\": \"{key}\", \"value\": \"{value}\"}}")).join(", ");
        let body = format!(
            "{{\"experiment_id\": \"{experiment}\", \"user_id\": \"ada\", \"start_time\": {TIME}, \
             \"tags\": [{tags}], \"run_name\": \"run-{NAME}\"}}"
        );
        let request = server.post(&format!("{API}/runs/create"), &body);
        let after = |text: &str| {
            let found = request.windows(text.len()).position(|window| window == text.as_bytes());
            found.map(|at| at + text.len()).context("a part of the request is missing")
        };
        let (start, name) = (after("\"start_time\": ")?, after("\"run-")?);
        Ok(Create { request, name, start, number })
    }

    /// Creates the next run.
    pub async fn once(&mut self, connection: &mut Connection) -> Result<u64> {
        self.number += 1;
        put(&mut self.request[self.name..][..NAME.len()], self.number);
        put(&mut self.request[self.start..][..TIME.len()], START + self.number % 1_000_000_000);
        connection.succeed(&self.request).await?;
        Ok(0)
    }
}

/// Eight connections that create runs in one experiment.
pub async fn cases(server: &Server) -> Result<Vec<Case>> {
    let mut connection = server.connect().await?;
    let experiment = seed::experiment(server, &mut connection, "creating").await?;
    let works: Result<Vec<Work>> = (0..8)
        .map(|number| Ok(Work::Create(Create::new(server, &experiment, number * 1_000_000_000)?)))
        .collect();
    Ok(vec![Case::new("create-run with 5 tags, 8 connections", works?)])
}
