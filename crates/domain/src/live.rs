//! Telling open pages that runs have changed, and traces. What is told is which, never what: whoever is told asks again, and
//! the gate answers.
//!
//! Changes of half a second are told at once. On Postgres the other processes are told, too, by NOTIFY; a notification that
//! is lost makes a page late, nothing else, and pages ask by themselves once in a while.

use crate::{
    Acting, clock,
    error::{Error, Result},
    gate::{Read, RunGrant},
    store::{self, Db},
};
use futures::{Stream, stream};
use model::{Code, ExperimentId, Problem, RunId};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, broadcast, watch},
    time::sleep,
};

/// How long changes gather before they are told.
const EVERY: Duration = Duration::from_millis(500);
/// Tellings that a slow listener may be behind; then it is told that anything may have changed.
const BEHIND: usize = 64;
/// Listeners at a time.
const LISTENERS: usize = 2000;
/// Things that are told one by one.
const TOLD: usize = 200;
/// Things that one listener may ask about.
const WATCHED: usize = 1000;

/// A run with its experiment; without one, the traces of the experiment.
type Thing = (ExperimentId, Option<RunId>);

/// What changed, sorted.
pub(crate) type Touched = Vec<Thing>;

/// Who is told, and what is to be told.
#[derive(Clone)]
pub(crate) struct Live {
    touched: Arc<Mutex<BTreeSet<Thing>>>,
    told: broadcast::Sender<Arc<Touched>>,
    room: Arc<Semaphore>,
    ended: watch::Sender<bool>,
    /// What this process signs with.
    own: Arc<str>,
}

impl Live {
    pub fn new() -> Result<Self> {
        Ok(Self {
            own: clock::new_uuid()?.simple().to_string().into(),
            touched: Arc::default(),
            told: broadcast::Sender::new(BEHIND),
            room: Arc::new(Semaphore::new(LISTENERS)),
            ended: watch::Sender::new(false),
        })
    }

    /// Something about a run is committed.
    pub fn touch(&self, experiment: ExperimentId, run: RunId) {
        self.waiting().insert((experiment, Some(run)));
    }

    /// Something about traces of an experiment is committed.
    pub fn touch_traces(&self, experiment: ExperimentId) {
        self.waiting().insert((experiment, None));
    }

    /// All who listen leave.
    pub fn end(&self) {
        self.ended.send_replace(true);
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeSet<Thing>> {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, touched: Touched) {
        // Nobody listening is no failure.
        _ = self.told.send(Arc::new(touched));
    }

    /// Tells what was touched, here and in the other processes, from time to time; and what they tell.
    pub async fn keep_telling(self, db: Db) {
        let from_others = {
            let live = self.clone();
            store::live::listen(db.clone(), &self.own, move |touched| live.tell(touched))
        };
        let own = async {
            loop {
                sleep(EVERY).await;
                let touched: Touched = std::mem::take(&mut *self.waiting()).into_iter().collect();
                if touched.is_empty() {
                    continue;
                }
                if let Err(error) = store::live::notify(&db, &self.own, &touched).await {
                    tracing::debug!(%error, "can't tell other processes what changed");
                }
                self.tell(touched);
            }
        };
        tokio::join!(from_others, own);
    }
}

/// What somebody wants to be told about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watched {
    /// All runs of these.
    pub experiments: Vec<ExperimentId>,
    /// These runs.
    pub runs: Vec<RunId>,
    /// The traces of these.
    pub traces: Vec<ExperimentId>,
}

/// What somebody is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// These runs changed, with their experiments; without a run, traces of the experiment.
    Changed(Touched),
    /// So much changed that it isn't told in detail.
    Everything,
}

struct Listening {
    acting: Acting,
    watched: Watched,
    told: broadcast::Receiver<Arc<Touched>>,
    ended: watch::Receiver<bool>,
    _room: OwnedSemaphorePermit,
}

impl Acting {
    /// Tells of changes to runs and traces, as long as the caller may see them. What they may not read might as well not be
    /// asked for: one stream serves all pages of a browser, of which one may show what is gone.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` if they may read none of it; `RESOURCE_EXHAUSTED` if too many listen; `INVALID_PARAMETER_VALUE` if it is too much.
    pub async fn watch(&self, watched: Watched) -> Result<impl Stream<Item = News> + Send + use<>> {
        if watched.experiments.len() + watched.runs.len() + watched.traces.len() > WATCHED {
            return Err(Error::invalid(format!("At most {WATCHED} things can be watched at once.")));
        }
        let watched = self.readable(watched).await?;
        if watched == Watched::default() {
            return Err(Error::missing("None of this is there, or it is not visible to you."));
        }
        let live = &self.domain.live;
        let room = live.room.clone().try_acquire_owned().map_err(|_| {
            Problem::new(
                Code::ResourceExhausted,
                "Too many pages are open. Reload this one to see what is new.",
            )
        })?;
        let listening = Listening {
            acting: self.clone(),
            watched,
            told: live.told.subscribe(),
            ended: live.ended.subscribe(),
            _room: room,
        };
        Ok(stream::unfold(listening, |mut listening| async move {
            let news = listening.next().await?;
            Some((news, listening))
        }))
    }

    /// What of it the caller may read.
    async fn readable(&self, watched: Watched) -> Result<Watched> {
        let experiments = self.readable_experiments(watched.experiments).await?;
        let runs = self.readable_runs(&watched.runs).await?.iter().map(RunGrant::id).collect();
        let traces = self.readable_experiments(watched.traces).await?;
        Ok(Watched { experiments, runs, traces })
    }

    async fn readable_experiments(&self, wanted: Vec<ExperimentId>) -> Result<Vec<ExperimentId>> {
        let mut readable = Vec::with_capacity(wanted.len());
        for experiment in wanted {
            match self.experiment::<Read>(experiment).await {
                Ok(grant) => readable.push(grant.id()),
                Err(Error::Problem(_)) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(readable)
    }
}

impl Listening {
    async fn next(&mut self) -> Option<News> {
        loop {
            let told = tokio::select! {
                told = self.told.recv() => told,
                _ = self.ended.wait_for(|ended| *ended) => return None,
            };
            let told = match told {
                Ok(touched) => Some(touched),
                Err(broadcast::error::RecvError::Lagged(_)) => None,
                Err(broadcast::error::RecvError::Closed) => return None,
            };
            if told.as_ref().is_some_and(|touched| self.concerned(touched).is_empty()) {
                continue;
            }
            // What somebody may see can change while they listen.
            self.watched = self.acting.readable(std::mem::take(&mut self.watched)).await.ok()?;
            if self.watched == Watched::default() {
                return None;
            }
            match told.map(|touched| self.concerned(&touched)) {
                None => return Some(News::Everything),
                Some(touched) if touched.is_empty() => {}
                Some(touched) if touched.len() > TOLD => return Some(News::Everything),
                Some(touched) => return Some(News::Changed(touched)),
            }
        }
    }

    /// What of these is watched.
    fn concerned(&self, touched: &Touched) -> Touched {
        let Watched { experiments, runs, traces } = &self.watched;
        let is_watched = |(experiment, run): &&Thing| match run {
            Some(run) => experiments.contains(experiment) || runs.contains(run),
            None => traces.contains(experiment),
        };
        touched.iter().filter(is_watched).copied().collect()
    }
}
