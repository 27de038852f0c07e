//! When tokens and sessions were last used: noted in memory with each call, written about once a minute.
//!
//! Must never: make a call wait for it. A process that is killed forgets the last minute.

use crate::{
    clock,
    error::Result,
    session::SessionHash,
    store::{self, Db, Tx},
};
use model::{Millis, TokenId};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How often it is written.
const EVERY: Duration = Duration::from_secs(60);
/// Uses noted between two writings. The use of more than these is noted a minute later.
const MOST: usize = 10_000;

/// What is used.
pub(crate) trait Used: Ord + Copy + Send + Sync + 'static {
    /// Writes when it was used, unless another process knows of a later time.
    fn touch(self, tx: &mut Tx, at: Millis) -> impl Future<Output = Result<()>> + Send;
}

impl Used for TokenId {
    async fn touch(self, tx: &mut Tx, at: Millis) -> Result<()> {
        store::account::unchecked_touch_token(tx, self, at).await
    }
}

impl Used for SessionHash {
    async fn touch(self, tx: &mut Tx, at: Millis) -> Result<()> {
        store::session::unchecked_touch(tx, self, at).await
    }
}

/// Uses that aren't written yet.
#[derive(Debug, Clone)]
pub(crate) struct LastUse<K>(Arc<Mutex<BTreeMap<K, Millis>>>);

impl<K> Default for LastUse<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Used> LastUse<K> {
    fn noted(&self) -> MutexGuard<'_, BTreeMap<K, Millis>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is used now.
    pub fn note(&self, used: K) {
        let mut noted = self.noted();
        if noted.len() < MOST || noted.contains_key(&used) {
            noted.insert(used, clock::now());
        }
    }

    /// When it was used, if that isn't written yet.
    pub fn of(&self, used: &K) -> Option<Millis> {
        self.noted().get(used).copied()
    }

    /// Writes what is noted, as one transaction, and forgets it.
    pub async fn write(&self, db: &Db) -> Result<()> {
        let noted = self.noted().clone();
        if noted.is_empty() {
            return Ok(());
        }
        let mut tx = db.begin().await?;
        // In the order of their ids, so that two processes never wait for each other in a circle.
        for (used, at) in &noted {
            used.touch(&mut tx, *at).await?;
        }
        tx.commit().await?;
        // What was used meanwhile stays noted.
        self.noted().retain(|used, at| noted.get(used) != Some(at));
        Ok(())
    }

    /// Writes again and again. Never ends by itself.
    pub async fn keep_writing(self, db: Db) {
        loop {
            tokio::time::sleep(EVERY).await;
            if let Err(error) = self.write(&db).await {
                tracing::warn!(%error, "can't write when tokens and sessions were used; trying again in a minute");
            }
        }
    }
}
