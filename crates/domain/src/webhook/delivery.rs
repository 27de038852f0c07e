//! Deliveries: what waits in the outbox is sent, and again if it doesn't arrive.
//!
//! A delivery arrives at least once, in no particular order: its id stays the same, so that receivers know one that comes twice.
//! Any number of processes may send: who takes a delivery has it for [`LEASE`]; if they die, somebody else takes it then.
//! One that doesn't arrive is tried again after a second, three, nine and so on, an hour at most, [`MOST_TRIES`] times in all,
//! which takes four hours; then it is given up. So is one whose receiver says that it is wrong, and the oldest of more than
//! [`MOST_WAITING`] of a webhook.

use crate::{
    Domain, clock,
    store::{
        self, Db,
        webhook::{Fate, Taken},
    },
};
use futures::future::BoxFuture;
use model::{Millis, WebhookId};
use std::{
    collections::HashMap,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{task::JoinSet, time::timeout};
use uuid::Uuid;

/// How often it is looked for what is due.
const EVERY: Duration = Duration::from_millis(500);
/// How often it is looked for what is too much.
const TRIM_EVERY: Duration = Duration::from_secs(60);
/// How long a delivery belongs to whoever took it: longer than a [`Sender`] may take.
const LEASE: Millis = 60_000;
/// Deliveries that a process sends at a time, in all and to one webhook: who answers slowly doesn't keep the others waiting.
const AT_ONCE: usize = 10;
const AT_ONCE_TO_ONE: usize = 2;
/// How often a delivery is tried.
const MOST_TRIES: i64 = 12;
/// How long is waited before the second try, and before the last.
const FIRST_WAIT: Millis = 1_000;
const LONGEST_WAIT: Millis = 3_600_000;
/// Deliveries that wait for a webhook.
const MOST_WAITING: i64 = 10_000;
/// How long what is being sent may take when the server stops.
const FAREWELL: Duration = Duration::from_secs(5);
/// Characters of a reason that are kept.
const LONGEST_REASON: usize = 500;

/// What is to be sent. Not to be printed: it holds a secret.
pub struct Delivery {
    /// The same for all tries.
    pub id: Uuid,
    /// Where to.
    pub url: String,
    /// What it is signed with; empty: it isn't.
    pub secret: String,
    /// JSON.
    pub body: String,
}

/// What a receiver answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The status.
    pub status: u16,
    /// How the body begins.
    pub body: String,
    /// How long it asks to be left alone.
    pub retry_after: Option<Duration>,
}

/// Why nothing was answered, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unsent {
    /// Nothing is sent to such an address.
    Refused(String),
    /// It couldn't be sent; another time it may be.
    Failed(String),
}

/// Who sends deliveries. It takes less than a minute for each.
pub trait Sender: Send + Sync {
    /// Whether something may be sent to this address.
    ///
    /// # Errors
    /// In words, if not.
    fn check<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<(), String>>;

    /// Sends a delivery.
    ///
    /// # Errors
    /// Nothing was answered.
    fn send<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Result<Received, Unsent>>;
}

/// Why an answer says that a delivery didn't arrive, if it does.
pub(super) fn failure(received: &Received) -> Option<String> {
    match received.status {
        200..=299 => None,
        status @ 300..=399 => Some(format!("The answer was {status}: redirects are not followed.")),
        status => Some(format!("The answer was {status}.")),
    }
}

/// Whether whoever answers so may answer otherwise another time.
fn may_pass(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}

/// How long to wait after so many tries: three times as long each time, and up to a half less, so that what failed at the same time
/// doesn't come back at the same time. The id is as good as a die.
fn wait(id: Uuid, tries: i64) -> Millis {
    let tries = u32::try_from(tries.clamp(1, MOST_TRIES)).unwrap_or(1);
    let whole = 3_i64.saturating_pow(tries - 1).saturating_mul(FIRST_WAIT).min(LONGEST_WAIT);
    let [die, ..] = id.as_u128().rotate_left(8 * tries).to_be_bytes();
    whole - whole / 2 * i64::from(die) / 255
}

/// What becomes of a delivery after this try.
fn fate_of(taken: &Taken, outcome: Result<Received, Unsent>, now: Millis) -> Fate {
    let (reason, passes, asked) = match outcome {
        Ok(received) => match failure(&received) {
            None => return Fate::Arrived,
            Some(reason) => (reason, may_pass(received.status), received.retry_after),
        },
        Err(Unsent::Refused(reason)) => (reason, false, None),
        Err(Unsent::Failed(reason)) => (reason, true, None),
    };
    // The database takes no NUL, and nobody reads pages.
    let reason: String = reason.chars().filter(|c| *c != '\0').take(LONGEST_REASON).collect();
    if !passes || taken.attempts >= MOST_TRIES {
        return Fate::GivenUp(reason);
    }
    let asked = asked.map_or(0, |asked| Millis::try_from(asked.as_millis()).unwrap_or(Millis::MAX));
    Fate::Again(reason, now + wait(taken.id, taken.attempts).max(asked.min(LONGEST_WAIT)))
}

async fn deliver(db: Db, sender: Arc<dyn Sender>, taken: Taken) {
    let delivery = Delivery {
        id: taken.id,
        url: taken.url.clone(),
        secret: taken.secret.clone(),
        body: taken.body.clone(),
    };
    let outcome = sender.send(&delivery).await;
    let now = clock::now();
    let fate = fate_of(&taken, outcome, now);
    if let Fate::GivenUp(reason) = &fate {
        let (webhook, event, tries) = (taken.webhook, &taken.event, taken.attempts);
        tracing::warn!(%webhook, event, tries, reason, "a delivery of a webhook is given up");
    }
    if let Err(error) = store::webhook::settle(&db, &taken, fate, now).await {
        tracing::warn!(%error, "can't note what became of a webhook's delivery; it will be sent once more");
    }
}

/// What is being sent now.
#[derive(Default)]
struct Sending {
    tasks: JoinSet<()>,
    /// Each task to a webhook holds one more of its `Arc`.
    webhooks: HashMap<WebhookId, Arc<()>>,
}

impl Sending {
    /// Webhooks to which enough is being sent.
    fn busy(&mut self) -> Vec<WebhookId> {
        self.webhooks.retain(|_, held| Arc::strong_count(held) > 1);
        let is_busy = |held: &Arc<()>| Arc::strong_count(held) > AT_ONCE_TO_ONE;
        self.webhooks.iter().filter(|(_, held)| is_busy(held)).map(|(webhook, _)| *webhook).collect()
    }

    fn send(&mut self, db: &Db, sender: &Arc<dyn Sender>, taken: Taken) {
        let held = self.webhooks.entry(taken.webhook).or_default().clone();
        let (db, sender) = (db.clone(), sender.clone());
        self.tasks.spawn(async move {
            deliver(db, sender, taken).await;
            drop(held);
        });
    }
}

impl Domain {
    /// The domain whose webhooks are told by this sender.
    #[must_use]
    pub fn with_sender(mut self, sender: Arc<dyn Sender>) -> Self {
        self.sender = Some(sender);
        self
    }

    /// Sends what waits in the outbox until told to stop, and then waits a moment for what is being sent.
    pub async fn keep_delivering(self, stop: impl Future<Output = ()> + Send) {
        let Some(sender) = self.sender.clone() else { return };
        let mut stop = pin!(stop);
        let mut sending = Sending::default();
        let mut trimmed = Instant::now();
        loop {
            if let Err(error) = self.send_due(&mut sending, &sender).await {
                tracing::warn!(%error, "can't look what webhooks are to be told; trying again");
            }
            if trimmed.elapsed() >= TRIM_EVERY {
                self.trim_outbox().await;
                trimmed = Instant::now();
            }
            tokio::select! {
                () = &mut stop => break,
                // A place became free.
                Some(_) = sending.tasks.join_next() => {}
                () = tokio::time::sleep(EVERY) => {}
            }
        }
        let rest = async { while sending.tasks.join_next().await.is_some() {} };
        if timeout(FAREWELL, rest).await.is_err() {
            tracing::warn!("some deliveries of webhooks took too long; they will be sent again");
        }
    }

    async fn send_due(&self, sending: &mut Sending, sender: &Arc<dyn Sender>) -> crate::Result<()> {
        while sending.tasks.try_join_next().is_some() {}
        while sending.tasks.len() < AT_ONCE {
            let (busy, now) = (sending.busy(), clock::now());
            match store::webhook::take(&self.db, &busy, now, now + LEASE).await? {
                Some(taken) => sending.send(&self.db, sender, taken),
                None => break,
            }
        }
        Ok(())
    }

    async fn trim_outbox(&self) {
        match store::webhook::trim(&self.db, MOST_WAITING).await {
            Ok(dropped) => {
                for (webhook, count) in dropped {
                    tracing::warn!(%webhook, count, "too much waits for a webhook; the oldest is dropped");
                }
            }
            Err(error) => tracing::warn!(%error, "can't look how much waits for webhooks"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(attempts: i64) -> Taken {
        Taken {
            id: Uuid::from_u128(7),
            webhook: WebhookId(Uuid::nil()),
            event: String::new(),
            body: String::new(),
            attempts,
            url: String::new(),
            secret: String::new(),
        }
    }

    fn answer(status: u16) -> Result<Received, Unsent> {
        Ok(Received { status, body: String::new(), retry_after: None })
    }

    #[test]
    fn waits_grow_and_differ() {
        for tries in 1..=MOST_TRIES {
            let whole = (FIRST_WAIT * 3_i64.pow(u32::try_from(tries).unwrap() - 1)).min(LONGEST_WAIT);
            for id in [0, 7, u128::MAX, u128::MAX / 3] {
                let wait = wait(Uuid::from_u128(id), tries);
                assert!(whole / 2 <= wait && wait <= whole, "{tries}: {wait}");
            }
        }
        assert_ne!(wait(Uuid::nil(), 5), wait(Uuid::from_u128(u128::MAX), 5));
    }

    #[test]
    fn what_may_pass_is_tried_again() {
        let check = |attempts, outcome, expected: &str| {
            let found = match fate_of(&taken(attempts), outcome, 0) {
                Fate::Arrived => "arrived",
                Fate::Again(..) => "again",
                Fate::GivenUp(_) => "given up",
            };
            assert_eq!(found, expected);
        };
        check(1, answer(200), "arrived");
        check(1, answer(204), "arrived");
        check(1, answer(302), "given up");
        check(1, answer(404), "given up");
        check(1, answer(429), "again");
        check(1, answer(500), "again");
        check(1, Err(Unsent::Failed("timeout".to_owned())), "again");
        check(1, Err(Unsent::Refused("private".to_owned())), "given up");
        check(MOST_TRIES - 1, answer(503), "again");
        check(MOST_TRIES, answer(503), "given up");
    }

    #[test]
    fn receivers_may_ask_for_time() {
        let outcome = |seconds| {
            Ok(Received { status: 429, body: String::new(), retry_after: Some(Duration::from_secs(seconds)) })
        };
        let due = |outcome| match fate_of(&taken(1), outcome, 0) {
            Fate::Again(_, due) => due,
            _ => panic!("it is tried again"),
        };
        assert_eq!(due(outcome(120)), 120_000);
        assert_eq!(due(outcome(u64::MAX)), LONGEST_WAIT);
        assert!(due(outcome(0)) >= FIRST_WAIT / 2);
    }
}
