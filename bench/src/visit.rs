//! Visits to the servers in turn: A B C, A B C …, with a rest after each, so that none works while another is measured.

use crate::load::{Round, drive, median};
use crate::process::MemoryWatch;
use crate::server::{Kind, Peer, Programs, Server};
use crate::workload::{Case, Plan, Workload, once, prepare};
use anyhow::Result;
use serde::Serialize;
use std::time::{Duration, Instant};

/// What a workload gave at one server.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// What was asked for.
    pub workload: Workload,
    /// Which of the workload's cases, from 0.
    pub place: usize,
    /// The same in words.
    pub case: String,
    /// Who answered.
    pub peer: Peer,
    /// What it kept its data in.
    pub database: Kind,
    /// The figures, or why there are none.
    pub figures: Result<Figures, String>,
}

/// Medians of the rounds, and what can only be said of all of them.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Figures {
    /// Per second.
    pub requests: f64,
    /// Per second.
    pub points: f64,
    /// Milliseconds.
    pub p50: f64,
    /// Milliseconds.
    pub p99: f64,
    /// Requests that were answered, over all rounds.
    pub answered: u64,
    /// Requests that failed, over all rounds.
    pub errors: u64,
    /// What the first of them said.
    pub first_error: Option<String>,
    /// Points moved, over all rounds.
    pub points_in_all: u64,
    /// Of one processor, how much the load generator used.
    pub own_cpu: f64,
    /// Milliseconds of processor time per request that the server and its database used, the rest after it included.
    pub server_cpu: f64,
    /// Bytes: the greatest seen, and after the last rest. Postgres not counted.
    pub memory_peak: u64,
    /// Bytes.
    pub memory_after: u64,
    /// Bytes on disk per point written: after the last request, and when all background work had ended.
    pub disk_at_once: Option<f64>,
    /// See [`Figures::disk_at_once`].
    pub disk_at_rest: Option<f64>,
    /// Seconds until the server rested, at most.
    pub rest: f64,
    /// Each round by itself.
    pub rounds: Vec<OneRound>,
}

/// One round by itself.
#[derive(Clone, Debug, Serialize)]
pub struct OneRound {
    requests: f64,
    points: f64,
    p50: f64,
    p99: f64,
    errors: u64,
    seconds: f64,
}

/// Measures a workload on servers that keep their data in `kind`.
///
/// # Errors
/// When the load generator itself fails. What a server can't do becomes part of its outcome.
pub async fn measure(
    workload: Workload,
    kind: Kind,
    peers: &[Peer],
    programs: &Programs,
    plan: &Plan,
) -> Result<Vec<Outcome>> {
    let mut visited = Vec::new();
    for &peer in peers.iter().filter(|peer| workload.includes(**peer, plan)) {
        say(format!("{} on {}, {}", workload.name(), kind.title(), peer.title()));
        visited.push((peer, Visited::begin(workload, peer, kind, programs, plan).await));
    }
    if !workload.is_done_once() {
        let most = visited.iter().filter_map(|(_, visited)| Some(visited.as_ref().ok()?.cases.len())).max();
        for case in 0..most.unwrap_or_default() {
            for round in 0..plan.rounds {
                for (peer, visited) in &mut visited {
                    if let Ok(visited) = visited
                        && case < visited.cases.len()
                    {
                        visited.visit(case, plan, round == 0).await?;
                        say(format!("  {} {}: {}", peer.title(), round + 1, visited.last(case)));
                    }
                }
            }
        }
    }
    let mut outcomes = Vec::new();
    let outcome =
        |peer, place, case, figures| Outcome { workload, place, case, peer, database: kind, figures };
    for &peer in peers.iter().filter(|peer| workload.leaves_out(**peer, plan)) {
        let reason = "not run without --everyone".to_owned();
        outcomes.push(outcome(peer, 0, workload.name(), Err(reason)));
    }
    for (peer, visited) in visited {
        match visited {
            Ok(visited) => {
                let cases = visited.end(workload)?;
                let cases = cases.into_iter().enumerate();
                outcomes
                    .extend(cases.map(|(place, (case, figures))| outcome(peer, place, case, Ok(figures))));
            }
            Err(error) => {
                let reason: String = format!("{error:#}").replace('\n', " ").chars().take(300).collect();
                say(format!("  {}: not measured: {reason}", peer.title()));
                outcomes.push(outcome(peer, 0, workload.name(), Err(format!("not supported: {reason}"))));
            }
        }
    }
    Ok(outcomes)
}

/// A line of progress.
pub fn say(text: String) {
    println!("{text}");
}

/// A server with what it has done so far.
struct Visited {
    workload: Workload,
    server: Server,
    cases: Vec<Case>,
    results: Vec<CaseResult>,
}

#[derive(Default)]
struct CaseResult {
    rounds: Vec<Round>,
    memory_peak: u64,
    memory_after: u64,
    server_cpu: Duration,
    /// Bytes that the rounds added to the database, up to the last answers and up to the last rest.
    added_at_once: u64,
    added_at_rest: u64,
    rest: Duration,
}

impl Visited {
    /// Starts a server and seeds it; a workload that is done once is done here, before the next server starts.
    async fn begin(
        workload: Workload,
        peer: Peer,
        kind: Kind,
        programs: &Programs,
        plan: &Plan,
    ) -> Result<Visited> {
        let server = Server::start(peer, kind, programs).await?;
        let began = Instant::now();
        let cases = prepare(workload, &server, plan).await?;
        rest(&server, true).await?;
        let mut visited = Visited { workload, results: Vec::new(), server, cases };
        if workload.is_done_once() {
            let mut result = CaseResult::default();
            let before = Before::look(&visited.server)?;
            let (name, round) = once(workload, &visited.server, plan).await?;
            result.conclude(&visited.server, workload, round, before).await?;
            visited.cases.push(Case { name, works: Vec::new() });
            visited.results.push(result);
            say(format!("  {}: {}", peer.title(), visited.last(0)));
        } else {
            visited.results.resize_with(visited.cases.len(), CaseResult::default);
            say(format!("  ready in {:.0} s", began.elapsed().as_secs_f64()));
        }
        Ok(visited)
    }

    /// One round of a case, after a moment of warming up at the first.
    async fn visit(&mut self, case: usize, plan: &Plan, first: bool) -> Result<()> {
        let works = &mut self.cases[case].works;
        if first {
            drive(&self.server, works, plan.visit() / 10).await?;
            rest(&self.server, self.workload.writes_points()).await?;
        }
        let before = Before::look(&self.server)?;
        let round = drive(&self.server, works, plan.visit()).await?;
        self.results[case].conclude(&self.server, self.workload, round, before).await
    }

    /// The last round of a case in words.
    fn last(&self, case: usize) -> String {
        let Some(round) = self.results[case].rounds.last() else { return String::new() };
        let OneRound { requests, points, p50, p99, errors, .. } = one(round);
        let errors = match &round.first_error {
            Some(error) => format!(", {errors} errors: {error}"),
            None => String::new(),
        };
        let rest = self.results[case].rest.as_secs_f64();
        format!(
            "{requests:.1} requests/s, {points:.0} points/s, p50 {p50:.2} ms, p99 {p99:.2} ms, rest {rest:.1} s{errors}"
        )
    }

    /// Stops the server; returns the figures of each case.
    fn end(self, workload: Workload) -> Result<Vec<(String, Figures)>> {
        let names = self.cases.into_iter().map(|case| case.name);
        let figures = self.results.into_iter().map(|result| {
            let mut figures = result.figures();
            if workload.writes_points() && figures.points_in_all > 0 {
                let each = |added: u64| Some(added as f64 / figures.points_in_all as f64);
                (figures.disk_at_once, figures.disk_at_rest) =
                    (each(result.added_at_once), each(result.added_at_rest));
            }
            figures
        });
        Ok(names.zip(figures).collect())
    }
}

/// How a server stood before a round.
struct Before {
    watch: MemoryWatch,
    cpu: Duration,
    size: u64,
}

impl Before {
    fn look(server: &Server) -> Result<Before> {
        Ok(Before { watch: MemoryWatch::start(server.tree()), cpu: server.cpu(), size: server.size()? })
    }
}

impl CaseResult {
    /// Takes down a round, once the server rests.
    async fn conclude(
        &mut self,
        server: &Server,
        workload: Workload,
        round: Round,
        before: Before,
    ) -> Result<()> {
        let added = |size: u64| size.saturating_sub(before.size);
        self.added_at_once = self.added_at_rest + added(server.size()?);
        self.rest = self.rest.max(rest(server, workload.writes_points()).await?);
        self.added_at_rest += added(server.size()?);
        self.memory_peak = self.memory_peak.max(before.watch.peak());
        self.memory_after = server.tree().memory();
        self.server_cpu += server.cpu().saturating_sub(before.cpu);
        self.rounds.push(round);
        Ok(())
    }

    fn figures(&self) -> Figures {
        let rounds: Vec<OneRound> = self.rounds.iter().map(one).collect();
        let of = |value: fn(&OneRound) -> f64| median(rounds.iter().map(value));
        let answered: u64 = self.rounds.iter().map(|round| round.latencies.len()).sum();
        Figures {
            requests: of(|round| round.requests),
            points: of(|round| round.points),
            p50: of(|round| round.p50),
            p99: of(|round| round.p99),
            answered,
            errors: self.rounds.iter().map(|round| round.errors).sum(),
            first_error: self.rounds.iter().find_map(|round| round.first_error.clone()),
            points_in_all: self.rounds.iter().map(|round| round.points).sum(),
            own_cpu: median(
                self.rounds.iter().map(|round| round.own_cpu.as_secs_f64() / round.elapsed.as_secs_f64()),
            ),
            server_cpu: self.server_cpu.as_secs_f64() * 1000.0 / answered.max(1) as f64,
            memory_peak: self.memory_peak,
            memory_after: self.memory_after,
            disk_at_once: None,
            disk_at_rest: None,
            rest: self.rest.as_secs_f64(),
            rounds,
        }
    }
}

fn one(round: &Round) -> OneRound {
    let seconds = round.elapsed.as_secs_f64().max(1e-9);
    let quantile = |part| round.latencies.value_at_quantile(part) as f64 / 1000.0;
    OneRound {
        requests: round.latencies.len() as f64 / seconds,
        points: round.points as f64 / seconds,
        p50: quantile(0.5),
        p99: quantile(0.99),
        errors: round.errors,
        seconds,
    }
}

/// Waits until a server (and its database) has done what it does on its own after requests: it uses next to no
/// processor time, and its files keep their size. Returns how long that took.
///
/// # Errors
/// When the size can't be read.
async fn rest(server: &Server, has_new_points: bool) -> Result<Duration> {
    const LOOK_EVERY: Duration = Duration::from_millis(500);
    // Runmark merges what was logged once nothing came for fifteen seconds.
    let enough = if server.peer.is_ours() && has_new_points { 36 } else { 3 };
    /// Who isn't done then is measured as it is.
    const AT_MOST: Duration = Duration::from_secs(300);
    /// Of one processor; servers that rest still look at their clocks.
    const IDLE: f64 = 0.05;
    let began = Instant::now();
    let (mut quiet, mut size, mut cpu) = (0, server.size()?, server.cpu());
    while quiet < enough && began.elapsed() < AT_MOST {
        tokio::time::sleep(LOOK_EVERY).await;
        let (size_now, cpu_now) = (server.size()?, server.cpu());
        let busy = cpu_now.saturating_sub(cpu).as_secs_f64() / LOOK_EVERY.as_secs_f64();
        quiet = if busy < IDLE && size_now == size { quiet + 1 } else { 0 };
        (size, cpu) = (size_now, cpu_now);
    }
    Ok(began.elapsed().saturating_sub(LOOK_EVERY * enough))
}
