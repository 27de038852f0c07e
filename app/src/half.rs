//! Somebody whose password was right and who must show a code, too: what a session keeps of them until then.

use domain::account::FirstFactor;
use model::Millis;
use serde::{Deserialize, Serialize};
use std::time::{SystemTime, UNIX_EPOCH};
use tower_sessions::{Expiry, Session, cookie::time::Duration, session::Error};

/// Where a code is asked for.
pub const CODE_PATH: &str = "/sign-in/code";
/// Under which key a session keeps it.
const KEY: &str = "half";
/// How long it may take.
const LASTS: Duration = Duration::minutes(10);

/// Somebody whose first factor was right.
#[derive(Debug, Serialize, Deserialize)]
pub struct HalfSignedIn {
    /// Whose it was.
    pub first: FirstFactor,
    /// Where to go afterwards.
    pub next: String,
    /// Whether it was a link.
    pub by_link: bool,
    since: Millis,
}

fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

impl HalfSignedIn {
    /// Keeps in the session that a code is to be shown.
    ///
    /// # Errors
    /// If the session can't be changed.
    pub async fn begin(
        session: &Session,
        first: FirstFactor,
        next: &str,
        by_link: bool,
    ) -> Result<(), Error> {
        // A new id, so that whoever knew the old one (session fixation) has nothing of what it is now.
        session.cycle_id().await?;
        session.clear().await;
        session.set_expiry(Some(Expiry::OnInactivity(LASTS)));
        session.insert(KEY, Self { first, next: next.to_owned(), by_link, since: now() }).await
    }

    /// Who is to show a code in this session, if that isn't too long ago.
    pub async fn of(session: &Session) -> Option<Self> {
        let half = session.get::<Self>(KEY).await.ok().flatten()?;
        (i128::from(now() - half.since) < LASTS.whole_milliseconds()).then_some(half)
    }

    /// Forgets it.
    ///
    /// # Errors
    /// If the session can't be changed.
    pub async fn end(session: &Session) -> Result<(), Error> {
        session.remove::<Self>(KEY).await.map(drop)
    }
}
