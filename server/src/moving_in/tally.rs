//! What was there, what is here, and what there is to say about it: the report of an import.

use std::{collections::BTreeMap, fmt::Write as _};

/// Remarks that are told one by one.
const MOST_NOTES: usize = 50;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Experiments.
    Experiments,
    /// Runs.
    Runs,
    /// Points of metrics.
    Points,
    /// Params of runs and logged models.
    Params,
    /// Tags of all things.
    Tags,
    /// Datasets that runs used.
    Datasets,
    /// Models that runs used or made.
    Links,
    /// Logged models.
    Models,
    /// What was measured on them.
    Measured,
    /// Traces.
    Traces,
    /// Metadata of traces.
    Metadata,
    /// Steps of traces.
    Spans,
    /// What was thought of traces.
    Assessments,
    /// Runs and prompts that traces have to do with.
    TraceLinks,
    /// Registered models.
    Registered,
    /// Their versions.
    Versions,
    /// Names of versions.
    Aliases,
    /// Files.
    Files,
    /// What is in them.
    Bytes,
    /// Accounts.
    Users,
    /// Groups of them.
    Groups,
    /// What somebody may do.
    Permissions,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Experiments => "experiments",
            Self::Runs => "runs",
            Self::Points => "points of metrics",
            Self::Params => "params",
            Self::Tags => "tags",
            Self::Datasets => "datasets of runs",
            Self::Links => "models of runs",
            Self::Models => "logged models",
            Self::Measured => "metrics of logged models",
            Self::Traces => "traces",
            Self::Metadata => "metadata of traces",
            Self::Spans => "spans of traces",
            Self::Assessments => "assessments",
            Self::TraceLinks => "runs, prompts of traces",
            Self::Registered => "registered models",
            Self::Versions => "versions",
            Self::Aliases => "aliases",
            Self::Files => "artifacts, files",
            Self::Bytes => "artifacts, bytes",
            Self::Users => "accounts",
            Self::Groups => "groups",
            Self::Permissions => "permissions",
        }
    }
}

/// The counts of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    counts: BTreeMap<Kind, (u64, u64)>,
    left_out: Vec<(String, u64)>,
    notes: Vec<String>,
    more_notes: u64,
}

impl Tally {
    /// There were so many there.
    pub fn found(&mut self, kind: Kind, count: usize) {
        self.counts.entry(kind).or_default().0 += count as u64;
    }

    /// So many of those are here.
    pub fn arrived(&mut self, kind: Kind, count: usize) {
        self.counts.entry(kind).or_default().1 += count as u64;
    }

    /// As [`Self::found`].
    pub fn found_many(&mut self, kind: Kind, count: u64) {
        self.counts.entry(kind).or_default().0 += count;
    }

    /// As [`Self::arrived`].
    pub fn arrived_many(&mut self, kind: Kind, count: u64) {
        self.counts.entry(kind).or_default().1 += count;
    }

    /// How many were found so far.
    pub fn count(&self, kind: Kind) -> u64 {
        self.counts.get(&kind).map_or(0, |(found, _)| *found)
    }

    /// Something to say.
    pub fn note(&mut self, note: String) {
        if self.notes.len() < MOST_NOTES {
            self.notes.push(note);
        } else {
            self.more_notes += 1;
        }
    }

    /// Things that can't be taken over, and why. They are missing, and count so.
    pub fn skipped(&mut self, kind: Kind, skipped: Vec<String>) {
        self.found(kind, skipped.len());
        skipped.into_iter().for_each(|why| self.note(why));
    }

    /// What isn't taken over at all.
    pub fn leave_out(&mut self, left_out: Vec<(String, u64)>) {
        self.left_out.extend(left_out);
    }

    /// Whether all is here that was there.
    pub fn is_whole(&self) -> bool {
        self.counts.values().all(|(found, arrived)| found == arrived)
    }

    /// The report; without what is here if nothing was to arrive.
    pub fn text(&self, is_dry: bool) -> String {
        let mut text = String::new();
        let _ = match is_dry {
            true => writeln!(text, "{:<26}{:>16}", "", "found"),
            false => writeln!(text, "{:<26}{:>16}{:>16}", "", "there", "here"),
        };
        for (kind, (found, arrived)) in &self.counts {
            let _ = match (is_dry, found == arrived) {
                (true, _) => writeln!(text, "{:<26}{found:>16}", kind.name()),
                (false, true) => writeln!(text, "{:<26}{found:>16}{arrived:>16}", kind.name()),
                (false, false) => writeln!(text, "{:<26}{found:>16}{arrived:>16}  differ", kind.name()),
            };
        }
        if !self.left_out.is_empty() {
            text.push_str("\nNot taken over:\n");
            for (kind, count) in &self.left_out {
                let _ = writeln!(text, "  {kind}: {count}");
            }
        }
        if !self.notes.is_empty() {
            text.push('\n');
        }
        for note in &self.notes {
            let _ = writeln!(text, "{note}");
        }
        if self.more_notes > 0 {
            let _ = writeln!(text, "… and {} more like these", self.more_notes);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_what_differs() {
        let mut tally = Tally::default();
        tally.found(Kind::Runs, 2);
        tally.arrived(Kind::Runs, 2);
        assert!(tally.is_whole());
        tally.skipped(Kind::Runs, vec!["run abc: why".to_owned()]);
        tally.leave_out(vec![("webhooks".to_owned(), 7)]);
        assert!(!tally.is_whole());
        let text = tally.text(false);
        let line = text.lines().find(|line| line.starts_with("runs")).unwrap();
        assert_eq!(line.split_whitespace().collect::<Vec<_>>(), ["runs", "3", "2", "differ"]);
        assert!(text.contains("webhooks: 7") && text.contains("run abc: why"), "{text}");
        assert!(!tally.text(true).contains("differ"));
    }

    #[test]
    fn many_remarks_are_counted() {
        let mut tally = Tally::default();
        tally.skipped(Kind::Runs, vec!["why".to_owned(); MOST_NOTES + 3]);
        assert!(tally.text(false).contains("and 3 more"));
    }
}
