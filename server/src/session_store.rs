//! The session layer's storage: sessions lie in the same database as everything else.

use app::{SESSION_ADDRESS, SESSION_AGENT, SESSION_BY_LINK, SESSION_USER};
use async_trait::async_trait;
use domain::{
    Domain,
    session::{Holder, SessionHash},
};
use sha2::{Digest as _, Sha256};
use std::fmt;
use time::OffsetDateTime;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

/// Keeps sessions under a hash of their id, so that the database gives no session away.
#[derive(Clone)]
pub struct Sessions(pub Domain);

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions")
    }
}

/// What the domain knows a session by.
pub fn hash(id: &Id) -> SessionHash {
    Sha256::digest(id.0.to_le_bytes()).into()
}

fn holder(record: &Record) -> Option<Holder> {
    let user = serde_json::from_value(record.data.get(SESSION_USER)?.clone()).ok()?;
    let text = |key| record.data.get(key).and_then(|value| value.as_str()).map(str::to_owned);
    let (address, agent) = (text(SESSION_ADDRESS), text(SESSION_AGENT).unwrap_or_default());
    let by_link = record.data.get(SESSION_BY_LINK).and_then(|value| value.as_bool()).unwrap_or_default();
    Some(Holder { user, address, agent, by_link })
}

/// What is in a session, and its end.
fn stored(record: &Record) -> Result<(String, i64)> {
    let data = serde_json::to_string(&record.data).map_err(|error| Error::Encode(error.to_string()))?;
    Ok((data, record.expiry_date.unix_timestamp().saturating_mul(1000)))
}

fn backend(error: domain::Error) -> Error {
    Error::Backend(error.to_string())
}

#[async_trait]
impl SessionStore for Sessions {
    /// An id has 128 random bits: two alike are not to be feared.
    async fn create(&self, record: &mut Record) -> Result<()> {
        let (data, expires) = stored(record)?;
        self.0
            .unchecked_create_session(hash(&record.id), &data, expires, holder(record))
            .await
            .map_err(backend)
    }

    /// Never makes a session: one that was ended while a request was on its way must not come back.
    async fn save(&self, record: &Record) -> Result<()> {
        let (data, expires) = stored(record)?;
        self.0.unchecked_update_session(hash(&record.id), &data, expires).await.map_err(backend)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let Some((data, expires)) = self.0.unchecked_load_session(hash(id)).await.map_err(backend)? else {
            return Ok(None);
        };
        Ok(Some(Record {
            id: *id,
            data: serde_json::from_str(&data).map_err(|error| Error::Decode(error.to_string()))?,
            expiry_date: OffsetDateTime::from_unix_timestamp(expires / 1000)
                .map_err(|error| Error::Decode(error.to_string()))?,
        }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.0.unchecked_delete_session(hash(id)).await.map_err(backend)
    }
}
