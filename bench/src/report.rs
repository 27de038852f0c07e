//! The report: tables for people, JSON for programs.

use crate::server::Kind;
use crate::target::{Outcomes, Verdict, number};
use crate::visit::{Figures, Outcome};
use crate::workload::Plan;
use anyhow::{Context, Result};
use serde::Serialize;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// All that a run gave.
#[derive(Serialize)]
pub struct Report {
    /// When, where and what was measured.
    pub setting: Setting,
    /// How much was asked for.
    pub plan: Plan,
    /// What was seen.
    pub outcomes: Vec<Outcome>,
}

/// When, where and what was measured.
#[derive(Serialize)]
pub struct Setting {
    /// The day, as people write it.
    pub date: String,
    /// Processor, cores, memory, kernel.
    pub machine: String,
    /// Names and versions of what was measured.
    pub versions: Vec<String>,
    /// Processes that waited for a processor before the start, on average: above a tenth, others disturbed.
    pub load_before: f64,
}

/// The file that the figures are written into, between these.
const BEGIN: &str = "<!-- figures: begin -->";
const END: &str = "<!-- figures: end -->";

impl Report {
    /// Everything as Markdown.
    pub fn text(&self) -> String {
        let Setting { date, machine, versions, load_before } = &self.setting;
        let Plan { rounds, seconds, fleet_seconds, scale, .. } = &self.plan;
        let mut text = format!("{date}. {machine}.\n\n{}.\n\n", versions.join("; "));
        let _ = writeln!(
            text,
            "Medians of {rounds} rounds of {seconds} s each, the servers in turn; the fleet once for {fleet_seconds} s."
        );
        if *scale != 1.0 {
            let _ = writeln!(
                text,
                "\n**Seeded data is {scale} times as big as named: no results, only a trial.**"
            );
        }
        if *load_before > 0.3 {
            let _ = writeln!(
                text,
                "\n**The machine was busy with something else ({load_before:.1} processes before the start): these \
                 figures are disturbed.**"
            );
        }
        for kind in [Kind::Sqlite, Kind::Postgres] {
            let of_kind: Vec<&Outcome> =
                self.outcomes.iter().filter(|outcome| outcome.database == kind).collect();
            if !of_kind.is_empty() {
                let _ = writeln!(text, "\n### {}\n", kind.title());
                table(&mut text, &of_kind);
            }
        }
        text.push_str("\n### Promises\n\n");
        verdicts(&mut text, &Outcomes(&self.outcomes).verdicts());
        text
    }

    /// Writes `report.md` and `report.json` into a folder.
    ///
    /// # Errors
    /// When they can't be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
        let json = serde_json::to_vec_pretty(self)?;
        for (name, content) in [("report.md", self.text().into_bytes()), ("report.json", json)] {
            let file = folder.join(name);
            fs::write(&file, content).with_context(|| format!("can't write {}", file.display()))?;
        }
        Ok(())
    }

    /// Puts the tables into a document, in place of those of last time.
    ///
    /// # Errors
    /// When the document can't be read or written, or lacks its marks.
    pub fn write_into(&self, document: &Path) -> Result<()> {
        let old =
            fs::read_to_string(document).with_context(|| format!("can't read {}", document.display()))?;
        let new = between_marks(&old, &self.text())
            .with_context(|| format!("{} has no {BEGIN} and {END}", document.display()))?;
        fs::write(document, new).with_context(|| format!("can't write {}", document.display()))
    }
}

fn between_marks(old: &str, new: &str) -> Option<String> {
    let (before, rest) = old.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", new.trim()))
}

/// A row for each case and peer.
fn table(text: &mut String, outcomes: &[&Outcome]) {
    text.push_str(
        "| workload | server | requests/s | points/s | p50 ms | p99 ms | errors | server CPU ms/request | \
         memory peak, after MB | bytes/point at once, at rest | load generator CPU |\n\
         |---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    let mut last = "";
    for outcome in outcomes {
        let name = if outcome.case == last { "" } else { &outcome.case };
        last = &outcome.case;
        let _ = match &outcome.figures {
            Ok(figures) => {
                writeln!(text, "| {name} | {} | {} |", outcome.peer.title(), cells(figures).join(" | "))
            }
            Err(reason) => {
                let reason = reason.replace('|', "/");
                writeln!(text, "| {name} | {} | {reason} |{}", outcome.peer.title(), " |".repeat(8))
            }
        };
    }
}

fn cells(figures: &Figures) -> [String; 9] {
    let megabytes = |bytes: u64| format!("{:.0}", bytes as f64 / 1e6);
    let each = |bytes: Option<f64>| bytes.map_or_else(|| "-".to_owned(), number);
    let points = if figures.points > 0.0 { number(figures.points) } else { "-".to_owned() };
    [
        number(figures.requests),
        points,
        number(figures.p50),
        number(figures.p99),
        figures.errors.to_string(),
        number(figures.server_cpu),
        format!("{}, {}", megabytes(figures.memory_peak), megabytes(figures.memory_after)),
        format!("{}, {}", each(figures.disk_at_once), each(figures.disk_at_rest)),
        format!("{:.0} %", figures.own_cpu * 100.0),
    ]
}

fn verdicts(text: &mut String, verdicts: &[Verdict]) {
    text.push_str("| promise | seen | |\n|---|--:|---|\n");
    for Verdict { promise, seen, kept } in verdicts {
        let (seen, word) = match (seen, kept) {
            (None, _) => ("-", "not measured"),
            (Some(seen), true) => (seen.as_str(), "reached"),
            (Some(seen), false) => (seen.as_str(), "**not reached**"),
        };
        let _ = writeln!(text, "| {promise} | {seen} | {word} |");
    }
}

/// Orders outcomes as the tables show them.
pub fn order(outcomes: &mut [Outcome]) {
    outcomes.sort_by_key(|outcome| (outcome.database, outcome.workload, outcome.place, outcome.peer));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Peer;
    use crate::workload::Workload;

    #[test]
    fn figures_go_between_their_marks() {
        let old = format!("# Method\n\n{BEGIN}\nold\n{END}\n\nAfterword\n");
        let new = between_marks(&old, "new\n").unwrap();
        assert_eq!(new, format!("# Method\n\n{BEGIN}\n\nnew\n\n{END}\n\nAfterword\n"));
        assert_eq!(between_marks(&new, "new\n").unwrap(), new);
        assert_eq!(between_marks("nothing", "new"), None);
    }

    #[test]
    fn every_row_of_the_table_has_every_column() {
        let outcome = |figures| Outcome {
            workload: Workload::Chart,
            place: 0,
            case: "chart".to_owned(),
            peer: Peer::Mlflow,
            database: Kind::Sqlite,
            figures,
        };
        let (good, bad) = (outcome(Ok(Figures::default())), outcome(Err("a | b".to_owned())));
        let mut text = String::new();
        table(&mut text, &[&good, &bad]);
        let columns: Vec<usize> = text.lines().map(|line| line.matches('|').count()).collect();
        assert_eq!(columns, [12; 4], "{text}");
    }
}
