//! What a chart of many runs asks for.

use super::history::fill;
use super::{Case, Work, seed};
use crate::server::{Peer, Server};
use anyhow::{Context, Result, bail};
use model::RunId;
use model::curve::{Along, Curve, CurveRequest};

const RUNS: usize = 100;

/// The width of the chart in pixels.
const WIDTH: u32 = 1000;

const KEY: &str = "metric_0000";

/// Seeds a hundred runs of so many points, then reads them as each server's pages do.
pub async fn cases(server: &Server, points: usize) -> Result<Vec<Case>> {
    let runs = seed::runs(server, "charted", RUNS).await?;
    seed::spread(server, RUNS, async |_, number| fill(server, &runs[number], points, number as u64).await)
        .await?;
    let read = (RUNS * points) as u64;
    let query = |name: &str| {
        runs.iter().map(|run| format!("{name}={run}&")).collect::<String>() + "metric_key=" + KEY
    };
    let interval = server.get(&format!(
        "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?{}&max_results={WIDTH}",
        query("run_ids")
    ));
    let name = format!("chart of {RUNS} runs x {points} points");
    let mut cases = Vec::new();
    let mut connection = server.connect().await?;
    match server.peer {
        Peer::Runmark | Peer::RunmarkAccounts | Peer::RunmarkBasic | Peer::RunmarkSession => {
            let body = own_request(&runs)?;
            let mut request = server.post_head("/ui/curves", "application/x-postcard", body.len());
            request.extend_from_slice(&body);
            check_own(connection.succeed(&request).await?, points as u64)?;
            cases.push(Case::new(name.clone(), vec![Work::Same(request, read)]));
            // The same as MLflow's pages ask, where it is there.
            if connection.succeed(&interval).await.is_ok() {
                cases.push(Case::new(name + ", MLflow's request", vec![Work::Same(interval, read)]));
            }
        }
        Peer::Mlflow => {
            check(connection.succeed(&interval).await?, RUNS * points.min(WIDTH as usize) / 2)?;
            cases.push(Case::new(name, vec![Work::Same(interval, read)]));
        }
        // It has no request that reduces; its own pages read all points.
        Peer::Fasttrackml => {
            let path = format!(
                "/ajax-api/2.0/mlflow/metrics/get-history-bulk?{}&max_results={read}",
                query("run_id")
            );
            let request = server.get(&path);
            check(connection.succeed(&request).await?, RUNS * points)?;
            cases.push(Case::new(name, vec![Work::Same(request, read)]));
        }
    }
    Ok(cases)
}

fn own_request(runs: &[String]) -> Result<Vec<u8>> {
    let runs: Result<Vec<RunId>, _> = runs.iter().map(|run| run.parse()).collect();
    let runs = runs.map_err(|_| anyhow::anyhow!("a run's id that Runmark doesn't know"))?;
    let request =
        CurveRequest { runs, keys: vec![KEY.to_owned()], along: Along::Step, window: None, buckets: WIDTH };
    postcard::to_allocvec(&request).context("a request for curves")
}

fn check_own(answer: &[u8], points: u64) -> Result<()> {
    let curves: Vec<Curve> = postcard::from_bytes(answer).context("the answer holds no curves")?;
    let totals: Vec<u64> = curves.iter().map(|curve| curve.total).collect();
    if totals != vec![points; RUNS] {
        bail!("the chart has {} curves of {:?} points", totals.len(), totals.first());
    }
    Ok(())
}

fn check(answer: &[u8], at_least: usize) -> Result<()> {
    let answer: serde_json::Value = serde_json::from_slice(answer).context("the answer is no JSON")?;
    let points = answer["metrics"].as_array().map_or(0, Vec::len);
    if points < at_least {
        bail!("the chart has {points} points, not {at_least}");
    }
    Ok(())
}
