//! How far an import is: a line that changes on a terminal, and now and then a line of its own elsewhere.

use super::tally::{Kind, Tally};
use std::{
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

/// How often a terminal's line changes, and how often a log gets one.
const ON_TERMINAL: Duration = Duration::from_millis(100);
const IN_LOGS: Duration = Duration::from_secs(10);
/// Characters of the bar.
const WIDTH: u64 = 24;

/// What is shown of an import that is going on.
pub struct Progress {
    is_terminal: bool,
    /// How many runs there are, if that is known.
    runs: Option<u64>,
    shown: Instant,
}

impl Progress {
    /// Nothing is shown yet.
    pub fn new(runs: Option<u64>) -> Self {
        Self { is_terminal: io::stderr().is_terminal(), runs, shown: Instant::now() }
    }

    /// Says how far it is, unless it did so just before.
    pub fn show(&mut self, tally: &Tally) {
        let every = if self.is_terminal { ON_TERMINAL } else { IN_LOGS };
        if self.shown.elapsed() < every {
            return;
        }
        self.shown = Instant::now();
        let [runs, points, traces, bytes] =
            [Kind::Runs, Kind::Points, Kind::Traces, Kind::Bytes].map(|kind| tally.count(kind));
        let of = self.runs.map(|all| format!(" of {all}")).unwrap_or_default();
        let traces = if traces > 0 { format!(", {traces} traces") } else { String::new() };
        let files = if bytes > 0 { format!(", {} MB of files", bytes / 1_000_000) } else { String::new() };
        let text = format!("{runs}{of} runs, {points} points{traces}{files}");
        let mut out = io::stderr().lock();
        let _ = match self.is_terminal {
            true => write!(out, "\r\x1b[2K{}{text}", bar(runs, self.runs)),
            false => writeln!(out, "{text}"),
        };
        let _ = out.flush();
    }

    /// Takes the line away.
    pub fn end(&mut self) {
        if self.is_terminal {
            let _ = write!(io::stderr().lock(), "\r\x1b[2K");
        }
    }
}

fn bar(done: u64, all: Option<u64>) -> String {
    let Some(all) = all.filter(|all| *all > 0) else { return String::new() };
    let full = usize::try_from((done.min(all) * WIDTH) / all).unwrap_or_default();
    let width = usize::try_from(WIDTH).unwrap_or_default();
    format!("[{}{}] ", "#".repeat(full), " ".repeat(width - full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fills() {
        assert_eq!(bar(5, None), "");
        assert_eq!(bar(0, Some(0)), "");
        assert_eq!(bar(50, Some(100)), format!("[{}{}] ", "#".repeat(12), " ".repeat(12)));
        assert_eq!(bar(200, Some(100)), format!("[{}] ", "#".repeat(24)));
    }
}
