//! Reading the whole history of a metric.

use super::log::Log;
use super::seed::{self, API};
use super::{Case, Work};
use crate::client::Connection;
use crate::points::Points;
use crate::server::Server;
use anyhow::{Context, Result, bail};

/// What MLflow's client asks for.
const PAGE: usize = 25_000;

/// A connection that reads a history, page by page.
pub struct History {
    first: String,
    /// A GET without its path.
    fields: Vec<u8>,
    points: u64,
}

impl History {
    /// Reads it once.
    pub async fn once(&mut self, connection: &mut Connection) -> Result<u64> {
        let mut token = String::new();
        loop {
            let page = connection.succeed(&self.request(&token)).await?;
            match token_in(page) {
                Some(next) if next != token => token = next,
                Some(_) => bail!("the same page again and again"),
                None => return Ok(self.points),
            }
        }
    }

    fn request(&self, token: &str) -> Vec<u8> {
        let mut request = format!("GET {}", self.first).into_bytes();
        if !token.is_empty() {
            // Base64 has characters that mean something in a query.
            let token = token.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
            request.extend_from_slice(format!("&page_token={token}").as_bytes());
        }
        request.extend_from_slice(&self.fields);
        request
    }
}

/// The token of the next page, which stands at an end of the answer: no need to parse megabytes for it.
fn token_in(page: &[u8]) -> Option<String> {
    let (start, end) = (&page[..page.len().min(1000)], &page[page.len().saturating_sub(1000)..]);
    [start, end].into_iter().find_map(|part| {
        let part = String::from_utf8_lossy(part).into_owned();
        let (_, rest) = part.split_once("\"next_page_token\"")?;
        let token = rest.split('"').nth(1)?;
        Some(token.to_owned()).filter(|token| !token.is_empty())
    })
}

/// Logs so many points to one metric.
///
/// # Errors
/// When the server doesn't take them.
pub async fn fill(server: &Server, run: &str, points: usize, seed: u64) -> Result<()> {
    let mut connection = server.connect().await?;
    for (steps, times) in [(1000, points / 1000), (points % 1000, 1)] {
        if steps == 0 {
            continue;
        }
        // What is left follows on the rest's last step.
        let first = if steps == 1000 { 0 } else { points - steps };
        let batch = Points::batch(run, 1, steps, seed).share(first as u64, 1);
        let mut log = Log::new(server, "/runs/log-batch", batch);
        for _ in 0..times {
            log.insist(&mut connection).await?;
        }
    }
    Ok(())
}

/// Seeds a history of so many points, then reads it.
pub async fn cases(server: &Server, points: usize) -> Result<Vec<Case>> {
    let run = seed::runs(server, "history", 1).await?.remove(0);
    fill(server, &run, points, 1).await?;
    let path = format!("{API}/metrics/get-history?run_id={run}&metric_key=metric_0000&max_results={PAGE}");
    let request = server.get(&path);
    let fields = request[4 + path.len()..].to_vec();
    let mut history = History { first: path, fields, points: points as u64 };
    check(server, &mut history).await?;
    let name = format!("history of {points} points, pages of {PAGE}");
    Ok(vec![Case::new(name, vec![Work::History(history)])])
}

/// Counts the points of all pages.
async fn check(server: &Server, history: &mut History) -> Result<()> {
    let mut connection = server.connect().await?;
    let (mut token, mut read) = (String::new(), 0);
    loop {
        let page = connection.succeed(&history.request(&token)).await?;
        let parsed: serde_json::Value = serde_json::from_slice(page).context("a page of no JSON")?;
        read += parsed["metrics"].as_array().map_or(0, Vec::len) as u64;
        match token_in(page) {
            Some(next) if parsed["next_page_token"].as_str() == Some(&next) => token = next,
            Some(_) => bail!("the token of the next page stands at an unexpected place"),
            None => break,
        }
    }
    if read != history.points {
        bail!("the history has {read} of {} points", history.points);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_at_both_ends() {
        let filler = "x".repeat(3000);
        let check =
            |page: String, token: Option<&str>| assert_eq!(token_in(page.as_bytes()).as_deref(), token);
        check(format!("{{\"metrics\": [\"{filler}\"], \"next_page_token\": \"a=\"}}"), Some("a="));
        check(format!("{{\"next_page_token\":\"b\",\"metrics\":[\"{filler}\"]}}"), Some("b"));
        check(format!("{{\"metrics\": [\"{filler}\"]}}"), None);
        check("{}".to_owned(), None);
        check("{\"next_page_token\": \"\"}".to_owned(), None);
    }
}
