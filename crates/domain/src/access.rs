//! What is remembered of who calls and what they may do, so that a call needn't ask the database for it.
//!
//! Owns: runs and experiments with the level that somebody was given, accounts by token, name and id, sessions. Must never: decide
//! (the gate does, each time anew), or let anybody wait.
//! What it promises:
//!
//! - What this process changed counts at once: when the use case that changed it has returned, nothing from before is used.
//! - What another process changed counts within a second, whatever happens to the connection ([`crate::store::changes`]).
//! - What somebody changed by hand in the tables counts within [`LONGEST`].
//! - A refusal never comes from here: whoever is refused by what is remembered is looked up anew, and what isn't there, or
//!   is in the trash, isn't remembered. So what is new, given or restored may be used at once, in every process.
//! - It is bounded: [`MOST`] of each kind, of which those asked for most often stay.
//!
//! Any change forgets everything; it is then read again, once for each thing in use.
//! Start reading: [`Remembered`]. To remember one more kind of thing: a [`Remembered`] here, and `tx.changes_access()` in
//! every store function that changes what it holds; `tests/conformance/access.rs` knows the tables, so name it there.

use crate::{
    Acting, Domain,
    error::Result,
    gate::Level,
    session::SessionHash,
    store::{
        self, Db,
        account::{Account, FoundToken},
        changes::{AsOf, Changes},
        permission::{Found, FoundExperiment, FoundRun},
        session::Stored,
    },
};
use model::{ExperimentId, RunId, UserId, experiment::Lifecycle};
use std::{borrow::Borrow, hash::Hash, sync::Arc, time::Duration};

/// Things remembered of each kind: a few megabytes.
const MOST: u64 = 20_000;
/// Nothing is remembered for longer.
const LONGEST: Duration = Duration::from_secs(10);
/// Runs asked for with one statement.
const ASKED_AT_ONCE: usize = 900;

/// Things of one kind, each as of an epoch.
struct Remembered<K, V> {
    things: moka::sync::Cache<K, (AsOf, V)>,
    changes: Arc<Changes>,
}

impl<K: Hash + Eq + Send + Sync + 'static, V: Clone + Send + Sync + 'static> Remembered<K, V> {
    fn new(changes: &Arc<Changes>) -> Self {
        let things = moka::sync::Cache::builder().max_capacity(MOST).time_to_live(LONGEST).build();
        Self { things, changes: changes.clone() }
    }

    fn find<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let (then, thing) = self.things.get(key)?;
        self.changes.holds(then).then_some(thing)
    }

    /// `then` is from before the query that found it.
    fn keep(&self, key: K, then: AsOf, thing: V) {
        self.things.insert(key, (then, thing));
    }
}

/// All that is remembered. One for each open database.
pub(crate) struct Access {
    changes: Arc<Changes>,
    runs: Remembered<(RunId, Option<UserId>), Found<FoundRun>>,
    experiments: Remembered<(ExperimentId, Option<UserId>), Found<FoundExperiment>>,
    tokens: Remembered<[u8; 32], Arc<FoundToken>>,
    by_name: Remembered<String, Arc<Account>>,
    by_id: Remembered<UserId, Arc<Account>>,
    sessions: Remembered<SessionHash, Arc<Stored>>,
}

impl Access {
    pub fn new(db: &Db) -> Self {
        let changes = db.changes();
        Self {
            changes: changes.clone(),
            runs: Remembered::new(changes),
            experiments: Remembered::new(changes),
            tokens: Remembered::new(changes),
            by_name: Remembered::new(changes),
            by_id: Remembered::new(changes),
            sessions: Remembered::new(changes),
        }
    }
}

impl Domain {
    /// Whose token has this hash.
    pub(crate) async fn token_with(&self, hash: [u8; 32]) -> Result<Option<Arc<FoundToken>>> {
        if let Some(known) = self.access.tokens.find(&hash) {
            return Ok(Some(known));
        }
        let then = self.access.changes.as_of();
        let Some(found) = store::account::unchecked_find_by_token(&self.db, &hash).await?.map(Arc::new)
        else {
            return Ok(None);
        };
        self.access.tokens.keep(hash, then, found.clone());
        Ok(Some(found))
    }

    /// The session with this hash, also one that has expired.
    pub(crate) async fn session_with(&self, hash: SessionHash) -> Result<Option<Arc<Stored>>> {
        if let Some(known) = self.access.sessions.find(&hash) {
            return Ok(Some(known));
        }
        let then = self.access.changes.as_of();
        let found = store::session::unchecked_load(&self.db, hash).await?.map(Arc::new);
        if let Some(session) = &found {
            self.access.sessions.keep(hash, then, session.clone());
        }
        Ok(found)
    }

    /// The account with this name, as it may have been a moment ago.
    pub(crate) async fn account_named(&self, name: &str) -> Result<Option<Arc<Account>>> {
        match self.access.by_name.find(name) {
            Some(known) => Ok(Some(known)),
            None => self.account_named_now(name).await,
        }
    }

    /// The account with this name, as it is.
    pub(crate) async fn account_named_now(&self, name: &str) -> Result<Option<Arc<Account>>> {
        let then = self.access.changes.as_of();
        let found = store::account::unchecked_find_by_name(&self.db, name).await?.map(Arc::new);
        if let Some(account) = &found {
            self.access.by_name.keep(name.to_owned(), then, account.clone());
        }
        Ok(found)
    }

    /// The account with this id.
    pub(crate) async fn account_with(&self, id: UserId) -> Result<Option<Arc<Account>>> {
        if let Some(known) = self.access.by_id.find(&id) {
            return Ok(Some(known));
        }
        let then = self.access.changes.as_of();
        let found = store::account::unchecked_find(&self.db, id).await?.map(Arc::new);
        if let Some(account) = &found {
            self.access.by_id.keep(id, then, account.clone());
        }
        Ok(found)
    }
}

impl Acting {
    /// The experiment, remembered if that is enough for this level.
    pub(crate) async fn found_experiment<L: Level>(
        &self,
        id: ExperimentId,
    ) -> Result<Option<Found<FoundExperiment>>> {
        let access = &self.domain.access;
        let key = (id, self.caller.permitted_as());
        if let Some(known) = access.experiments.find(&key)
            && self.level_of(known.level, Some(id)) >= L::NEEDED
        {
            return Ok(Some(known));
        }
        let then = access.changes.as_of();
        let found = store::permission::of_experiment(&self.domain.db, id, self.caller.permitted_as()).await?;
        if let Some(found) = found.as_ref().filter(|found| found.thing.lifecycle == Lifecycle::Active) {
            access.experiments.keep(key, then, found.clone());
        }
        Ok(found)
    }

    /// Those of the runs that are there, in no order, each remembered if that is enough for this level.
    pub(crate) async fn found_runs<L: Level>(&self, ids: &[RunId]) -> Result<Vec<Found<FoundRun>>> {
        let (access, user) = (&self.domain.access, self.caller.permitted_as());
        let mut all = Vec::with_capacity(ids.len());
        let mut unknown = Vec::new();
        for id in ids {
            match access.runs.find(&(*id, user)) {
                Some(known) if self.level_of(known.level, Some(known.thing.experiment)) >= L::NEEDED => {
                    all.push(known);
                }
                _ => unknown.push(*id),
            }
        }
        for ids in unknown.chunks(ASKED_AT_ONCE) {
            let then = access.changes.as_of();
            let found = store::permission::of_runs(&self.domain.db, ids, user).await?;
            for found in found.iter().filter(|found| found.thing.lifecycle == Lifecycle::Active) {
                access.runs.keep((found.thing.id, user), then, found.clone());
            }
            all.extend(found);
        }
        Ok(all)
    }
}
