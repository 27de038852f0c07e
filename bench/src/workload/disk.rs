//! Bytes on disk of what a training really logs: losses that fall smoothly, with a little noise.

use super::seed::{self, API};
use super::{Plan, Work};
use crate::load::Round;
use crate::points::{Noise, START};
use crate::process::own_cpu;
use crate::server::Server;
use anyhow::Result;
use std::cell::RefCell;
use std::fmt::Write;
use std::time::Instant;

/// What the values were before they were written down.
#[derive(Clone, Copy, PartialEq)]
pub enum Numbers {
    /// Numbers of 64 bits.
    Double,
    /// Numbers of 32 bits, widened.
    Single,
}

const RUNS: usize = 100;
const METRICS: usize = 10;
const STEPS: usize = 10_000;

/// Peers take minutes for what Runmark takes seconds. One row per point makes bytes per point nearly the same at any size.
const STEPS_OF_PEERS: usize = 100;

const STEPS_A_REQUEST: usize = 100;

/// Fills a server with whole trainings.
pub async fn fill(server: &Server, plan: &Plan, numbers: Numbers) -> Result<(String, Round)> {
    let runs = seed::runs(server, "disk", RUNS).await?;
    let steps = plan.scaled(if server.peer.is_ours() { STEPS } else { STEPS_OF_PEERS });
    let steps = steps.next_multiple_of(STEPS_A_REQUEST);
    let round = RefCell::new(Round::empty()?);
    let (cpu_before, began) = (own_cpu(), Instant::now());
    seed::spread(server, RUNS, async |connection, number| {
        let mut training = Training::new(number as u64, numbers);
        for _ in 0..steps / STEPS_A_REQUEST {
            let request = server.post(&format!("{API}/runs/log-batch"), &training.body(&runs[number]));
            let sent = Instant::now();
            let outcome = Work::Same(request, (METRICS * STEPS_A_REQUEST) as u64).once(connection).await;
            round.borrow_mut().note(outcome, sent.elapsed());
        }
        Ok(())
    })
    .await?;
    let round = Round::join(vec![round.into_inner()], began, cpu_before)?;
    let kind = if numbers == Numbers::Double { "64-bit" } else { "32-bit" };
    Ok((format!("{kind} losses, runs of {METRICS} metrics, steps a tenth of a second apart"), round))
}

/// One run's numbers.
struct Training {
    noise: Noise,
    numbers: Numbers,
    step: u64,
    time: u64,
}

impl Training {
    fn new(seed: u64, numbers: Numbers) -> Training {
        Training { noise: Noise(seed), numbers, step: 0, time: START }
    }

    /// The next steps. The metrics of a step have one time, and steps take a tenth of a second, more or less.
    fn body(&mut self, run: &str) -> String {
        let mut body = format!("{{\"run_id\": \"{run}\", \"metrics\": [");
        for _ in 0..STEPS_A_REQUEST {
            self.time += 95 + self.noise.next() % 10;
            for metric in 0..METRICS {
                let value = self.value(metric);
                let (time, step) = (self.time, self.step);
                let comma = if body.ends_with('[') { "" } else { ", " };
                // Writing to a string can't fail.
                let _ = write!(
                    body,
                    "{comma}{{\"key\": \"metric_{metric:04}\", \"value\": {value}, \"timestamp\": {time}, \"step\": {step}}}"
                );
            }
            self.step += 1;
        }
        body.push_str("]}");
        body
    }

    /// Falls from about 2 to about 0.1, each metric at its own pace, with noise of a thousandth of it.
    fn value(&mut self, metric: usize) -> f64 {
        let pace = 500.0 * (metric + 1) as f64;
        let smooth = 0.1 + 2.0 * (-(self.step as f64) / pace).exp();
        let value = smooth * (1.0 + 0.001 * (self.noise.fraction() - 0.5));
        match self.numbers {
            Numbers::Double => value,
            Numbers::Single => f64::from(value as f32),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_training_is_json_and_its_values_are_of_their_kind() {
        for (numbers, single) in [(Numbers::Double, false), (Numbers::Single, true)] {
            let mut training = Training::new(3, numbers);
            training.body("r");
            let body: serde_json::Value = serde_json::from_str(&training.body("r")).unwrap();
            let points = body["metrics"].as_array().unwrap();
            assert_eq!(points.len(), METRICS * STEPS_A_REQUEST);
            assert_eq!(points[0]["step"], STEPS_A_REQUEST);
            let is_single = (0..METRICS)
                .map(|metric| training.value(metric))
                .all(|value| f64::from(value as f32) == value);
            assert_eq!(is_single, single);
        }
    }
}
