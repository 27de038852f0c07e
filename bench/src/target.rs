//! What Runmark promises of itself and against its peers, and whether a run's outcomes keep it.

use crate::server::{Kind, Peer};
use crate::visit::{Figures, Outcome};
use crate::workload::Workload;
use serde::Serialize;

/// A promise, and how it stands.
#[derive(Debug, Serialize)]
pub struct Verdict {
    /// What is promised.
    pub promise: String,
    /// What was seen; `None` where the run didn't measure it.
    pub seen: Option<String>,
    /// Whether it is kept.
    pub kept: bool,
}

/// A figure where more is better or less is better.
#[derive(Clone, Copy)]
enum Measure {
    Points,
    Requests,
    P50,
}

impl Measure {
    /// How many times as good `ours` is as `theirs`.
    fn ratio(self, ours: &Figures, theirs: &Figures) -> f64 {
        match self {
            Measure::Points => ours.points / theirs.points,
            Measure::Requests => ours.requests / theirs.requests,
            Measure::P50 => theirs.p50 / ours.p50,
        }
    }
}

/// What was measured, to be looked up.
pub struct Outcomes<'a>(pub &'a [Outcome]);

impl Outcomes<'_> {
    /// The figures of a workload's cases, in their order.
    fn all(&self, workload: Workload, peer: Peer, kind: Kind) -> impl Iterator<Item = &Figures> {
        let of = self.0.iter().filter(move |o| (o.workload, o.peer, o.database) == (workload, peer, kind));
        of.filter_map(|outcome| outcome.figures.as_ref().ok()).filter(|figures| figures.answered > 0)
    }

    /// The figures of a workload's first case.
    fn find(&self, workload: Workload, peer: Peer, kind: Kind) -> Option<&Figures> {
        self.all(workload, peer, kind).next()
    }

    /// The figures of the case with the most requests a second.
    fn best(&self, workload: Workload, peer: Peer, kind: Kind) -> Option<&Figures> {
        self.all(workload, peer, kind).max_by(|a, b| a.requests.total_cmp(&b.requests))
    }

    /// All promises, on each database that was measured.
    pub fn verdicts(&self) -> Vec<Verdict> {
        let mut kinds: Vec<Kind> = self.0.iter().map(|outcome| outcome.database).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds.into_iter().flat_map(|kind| self.verdicts_on(kind)).collect()
    }

    fn verdicts_on(&self, kind: Kind) -> Vec<Verdict> {
        use Measure::*;
        use Workload::*;
        let ours = |workload| self.find(workload, Peer::Runmark, kind);
        let mut all = Vec::new();
        for workload in [BatchWide, BatchLong] {
            all.push(self.against(kind, workload, Points, Peer::Mlflow, 50.0));
            all.push(self.against(kind, workload, Points, Peer::Fasttrackml, 20.0));
            let seen = ours(workload).map(|figures| figures.points);
            all.push(at_least(kind, &format!("{}, points/s", workload.name()), seen, 500_000.0));
        }
        for workload in [BatchOne, LogMetric] {
            all.push(self.against(kind, workload, Requests, Peer::Mlflow, 20.0));
            all.push(self.against(kind, workload, Requests, Peer::Fasttrackml, 8.0));
        }
        all.push(self.against(kind, Search10k, P50, Peer::Mlflow, 20.0));
        let p50 = |workload| ours(workload).map(|figures| figures.p50);
        all.push(below(kind, "search-100k, p50 in ms", p50(Search100k), 50.0));
        let growth = p50(Search100k).zip(p50(Search10k)).map(|(big, small)| big / small);
        all.push(below(kind, "search, p50 at 100k runs / at 10k runs", growth, 10.0));
        all.push(self.against(kind, History100k, P50, Peer::Mlflow, 20.0));
        all.push(below(kind, "chart, p50 in ms", p50(Chart), 150.0));
        let disk = |workload| ours(workload).and_then(|figures| figures.disk_at_rest);
        all.push(below(kind, "disk, bytes/point", disk(Disk), 8.0));
        all.push(below(kind, "disk-f32, bytes/point", disk(DiskF32), 8.0));
        let fleet = ours(Fleet).map(|figures| figures.errors as f64);
        all.push(below(kind, "fleet, errors", fleet, 1.0));
        for (peer, by, workloads) in [
            (Peer::RunmarkAccounts, "token", &[BatchWide, BatchLong, BatchOne, LogMetric][..]),
            (Peer::RunmarkBasic, "password", &[BatchOne, LogMetric]),
            (Peer::RunmarkSession, "session", &[Table]),
        ] {
            for workload in workloads {
                let accounts = self.find(*workload, peer, kind);
                let share = ours(*workload).zip(accounts).map(|(off, on)| on.requests / off.requests);
                all.push(at_least(
                    kind,
                    &format!("{}, by {by} / without accounts", workload.name()),
                    share,
                    0.9,
                ));
            }
        }
        all
    }

    fn against(&self, kind: Kind, workload: Workload, measure: Measure, peer: Peer, times: f64) -> Verdict {
        let ours = self.find(workload, Peer::Runmark, kind);
        // Small calls come in two cases: ours is the one promised, theirs the one they do best.
        let theirs = match measure {
            Measure::Requests => self.best(workload, peer, kind),
            _ => self.find(workload, peer, kind),
        };
        let ratio = ours.zip(theirs).map(|(ours, theirs)| measure.ratio(ours, theirs));
        let what = match measure {
            Measure::Points => "points/s",
            Measure::Requests => "requests/s",
            Measure::P50 => "p50",
        };
        let promise = format!("{}, {}, {what}: {times:.0} x {}", kind.title(), workload.name(), peer.title());
        let seen = ratio.map(|ratio| format!("{} x", number(ratio)));
        Verdict { promise, seen, kept: ratio.is_some_and(|ratio| ratio >= times) }
    }
}

fn at_least(kind: Kind, what: &str, seen: Option<f64>, least: f64) -> Verdict {
    let promise = format!("{}, {what}: at least {}", kind.title(), number(least));
    Verdict { promise, seen: seen.map(number), kept: seen.is_some_and(|seen| seen >= least) }
}

fn below(kind: Kind, what: &str, seen: Option<f64>, most: f64) -> Verdict {
    let promise = format!("{}, {what}: below {}", kind.title(), number(most));
    Verdict { promise, seen: seen.map(number), kept: seen.is_some_and(|seen| seen < most) }
}

/// Three digits that matter, or a whole number with its thousands apart.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    if value.abs() < 1000.0 {
        let decimals = if value.abs() >= 100.0 || value == value.trunc() {
            0
        } else if value.abs() >= 10.0 {
            1
        } else {
            2
        };
        return format!("{value:.decimals$}");
    }
    let digits = format!("{value:.0}");
    let (sign, digits) = digits.strip_prefix('-').map_or(("", &digits[..]), |rest| ("-", rest));
    let mut text = String::from(sign);
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_easily() {
        for (value, text) in [
            (0.0, "0"),
            (0.123, "0.12"),
            (12.345, "12.3"),
            (345.6, "346"),
            (1234.5, "1,234"),
            (-1_234_567.0, "-1,234,567"),
            (f64::INFINITY, "-"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    fn outcome(workload: Workload, peer: Peer, figures: Figures) -> Outcome {
        Outcome {
            workload,
            place: 0,
            case: String::new(),
            peer,
            database: Kind::Sqlite,
            figures: Ok(figures),
        }
    }

    fn verdict<'a>(verdicts: &'a [Verdict], promise: &str) -> &'a Verdict {
        verdicts.iter().find(|verdict| verdict.promise.contains(promise)).unwrap()
    }

    #[test]
    fn promises_are_kept_by_ratio() {
        let with = |points, p50| Figures { points, p50, answered: 1, ..Figures::default() };
        let outcomes = [
            outcome(Workload::BatchWide, Peer::Runmark, with(600_000.0, 1.0)),
            outcome(Workload::BatchWide, Peer::Mlflow, with(10_000.0, 1.0)),
            outcome(Workload::BatchWide, Peer::Fasttrackml, with(40_000.0, 1.0)),
            outcome(Workload::History100k, Peer::Runmark, with(0.0, 10.0)),
            outcome(Workload::History100k, Peer::Mlflow, with(0.0, 300.0)),
        ];
        let verdicts = Outcomes(&outcomes).verdicts();
        let check = |promise: &str, seen: Option<&str>, kept: bool| {
            let verdict = verdict(&verdicts, promise);
            assert_eq!((verdict.seen.as_deref(), verdict.kept), (seen, kept), "{promise}");
        };
        check("batch-wide, points/s: 50 x MLflow", Some("60 x"), true);
        check("batch-wide, points/s: 20 x FastTrackML", Some("15 x"), false);
        check("batch-wide, points/s: at least 500,000", Some("600,000"), true);
        check("history-100k, p50: 20 x MLflow", Some("30 x"), true);
        check("batch-long, points/s: 50 x MLflow", None, false);
    }

    #[test]
    fn small_calls_are_compared_with_the_better_case_of_a_peer() {
        let with = |requests| Figures { requests, answered: 1, ..Figures::default() };
        let outcomes = [
            outcome(Workload::LogMetric, Peer::Runmark, with(4000.0)),
            outcome(Workload::LogMetric, Peer::Runmark, with(9000.0)),
            outcome(Workload::LogMetric, Peer::Mlflow, with(2.0)),
            outcome(Workload::LogMetric, Peer::Mlflow, with(100.0)),
        ];
        let verdicts = Outcomes(&outcomes).verdicts();
        assert_eq!(verdict(&verdicts, "log-metric, requests/s: 20 x MLflow").seen.as_deref(), Some("40 x"));
    }
}
