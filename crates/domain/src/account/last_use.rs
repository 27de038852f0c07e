//! When tokens were last used: noted in memory with each call, written about once a minute.
//!
//! Must never: make a call wait for it. A process that is killed forgets the last minute.

use crate::{
    clock,
    error::Result,
    store::{self, Db},
};
use model::{Millis, TokenId};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How often it is written.
const EVERY: Duration = Duration::from_secs(60);
/// Tokens noted between two writings. The use of more than these is noted a minute later.
const MOST: usize = 10_000;

/// Uses that aren't written yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct LastUse(Arc<Mutex<BTreeMap<TokenId, Millis>>>);

impl LastUse {
    fn noted(&self) -> MutexGuard<'_, BTreeMap<TokenId, Millis>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token is used now.
    pub fn note(&self, token: TokenId) {
        let mut noted = self.noted();
        if noted.len() < MOST || noted.contains_key(&token) {
            noted.insert(token, clock::now());
        }
    }

    /// When the token was used, if that isn't written yet.
    pub fn of(&self, token: TokenId) -> Option<Millis> {
        self.noted().get(&token).copied()
    }

    /// Writes what is noted, as one transaction, and forgets it.
    pub async fn write(&self, db: &Db) -> Result<()> {
        let noted = self.noted().clone();
        if noted.is_empty() {
            return Ok(());
        }
        let mut tx = db.begin().await?;
        // In the order of their ids, so that two processes never wait for each other in a circle.
        for (token, at) in &noted {
            store::account::unchecked_touch_token(&mut tx, *token, *at).await?;
        }
        tx.commit().await?;
        // What was used meanwhile stays noted.
        self.noted().retain(|token, at| noted.get(token) != Some(at));
        Ok(())
    }

    /// Writes again and again. Never ends by itself.
    pub async fn keep_writing(self, db: Db) {
        loop {
            tokio::time::sleep(EVERY).await;
            if let Err(error) = self.write(&db).await {
                tracing::warn!(%error, "can't write when tokens were used; trying again in a minute");
            }
        }
    }
}
