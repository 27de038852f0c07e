//! Browser sessions, kept for the web server's session layer: it owns what is in them.

use crate::{Domain, clock, error::Result, store};
use model::Millis;

impl Domain {
    /// Keeps a session. `hash` is a hash of the cookie, so that the database gives no session away.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn unchecked_save_session(&self, hash: Vec<u8>, data: &str, expires: Millis) -> Result<()> {
        let mut tx = self.db.begin().await?;
        store::account::unchecked_save_session(&mut tx, hash, data, expires).await?;
        // Old ones leave when a new one comes: there is no need of a clock for it.
        store::account::unchecked_delete_expired_sessions(&mut tx, clock::now()).await?;
        tx.commit().await
    }

    /// A session that hasn't expired: its data and when it will.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn unchecked_load_session(&self, hash: Vec<u8>) -> Result<Option<(String, Millis)>> {
        store::account::unchecked_load_session(&self.db, hash, clock::now()).await
    }

    /// Ends a session.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn unchecked_delete_session(&self, hash: Vec<u8>) -> Result<()> {
        let mut tx = self.db.begin().await?;
        store::account::unchecked_delete_session(&mut tx, hash).await?;
        tx.commit().await
    }
}
