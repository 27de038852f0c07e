//! Passwords: hashed and verified off the async threads, a few at a time, with a bounded queue; verified ones remembered
//! for minutes, because SDKs send them with every call and argon2 is slow by design.

use crate::{
    clock,
    error::{Error, Result},
};
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use model::{Code, Problem, UserId};
use moka::sync::Cache;
use sha2::{Digest, Sha256};
use std::{sync::Arc, time::Duration};
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

/// Each verification takes 19 MiB and a core: no more at once than this.
const AT_ONCE: usize = 4;
/// How many may wait or be at work. More are refused at once: a queue without end would hold memory without end, and
/// answer nobody in time.
const WAITING: usize = 128;
/// How many may wait for somebody else's verification of the same credential, which costs them nothing but the wait.
const FOLLOWING: usize = 2048;

/// A keyed hash of a name with a password.
pub(super) type Fingerprint = [u8; 32];

/// What was verified, of which account: it counts while the account is the same and has the same name and hash.
#[derive(Clone)]
pub(crate) struct Known {
    pub user: UserId,
    pub name: String,
    /// Empty for one whose password a directory verified.
    pub hash: String,
}

/// The place where passwords are hashed. An entry of what was verified counts only while the account still has the
/// password hash that it was verified against.
#[derive(Clone)]
pub(crate) struct Passwords {
    key: [u8; 32],
    verified: Cache<Fingerprint, Arc<Known>>,
    /// One verification at a time for each credential: a thousand programs that start at once need one.
    turns: Cache<Fingerprint, Arc<Mutex<()>>>,
    following: Arc<Semaphore>,
    slots: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

/// The turn to verify a credential, until it is dropped.
pub(crate) struct Turn {
    _one_at_a_time: OwnedMutexGuard<()>,
    _following: OwnedSemaphorePermit,
}

fn too_many() -> Error {
    Problem::new(Code::ResourceExhausted, "Too many are signing in. Try again in a moment.").into()
}

impl Passwords {
    pub fn new() -> Result<Self> {
        Ok(Self {
            key: clock::new_key()?,
            verified: Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(5 * 60)).build(),
            turns: Cache::builder().max_capacity(1000).time_to_idle(Duration::from_secs(60)).build(),
            following: Arc::new(Semaphore::new(FOLLOWING)),
            slots: Arc::new(Semaphore::new(AT_ONCE)),
            places: Arc::new(Semaphore::new(WAITING)),
        })
    }

    async fn hashing<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let _place = self.places.try_acquire().map_err(|_| too_many())?;
        let slot =
            self.slots.clone().acquire_owned().await.map_err(|error| Error::Fault(error.to_string()))?;
        // The slot is the work's, which goes on also when whoever asked for it has gone.
        let done = tokio::task::spawn_blocking(move || {
            let _slot = slot;
            work()
        });
        done.await.map_err(|error| Error::Fault(format!("password hashing: {error}")))
    }

    pub async fn hash(&self, password: &str) -> Result<String> {
        let password = password.to_owned();
        self.hashing(move || {
            Argon2::default()
                .hash_password(password.as_bytes())
                .map(|hash| hash.to_string())
                .map_err(|error| Error::Fault(format!("password hashing: {error}")))
        })
        .await?
    }

    pub async fn verify(&self, password: &str, hash: &str) -> Result<bool> {
        let (password, hash) = (password.to_owned(), hash.to_owned());
        self.hashing(move || {
            PasswordHash::new(&hash)
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        })
        .await
    }

    /// Whether a hash was made with other parameters than hashes are made with now.
    pub fn is_outdated(&self, hash: &str) -> bool {
        let now = Argon2::default();
        PasswordHash::new(hash).is_ok_and(|hash| {
            let (now, algorithm) = (now.params(), Algorithm::default().ident());
            let then = Params::try_from(&hash);
            hash.algorithm != algorithm
                || then.is_ok_and(|then| {
                    (then.m_cost(), then.t_cost(), then.p_cost())
                        != (now.m_cost(), now.t_cost(), now.p_cost())
                })
        })
    }

    pub fn fingerprint(&self, name: &str, password: &str) -> Fingerprint {
        let mut hasher = Sha256::new();
        hasher.update(self.key);
        hasher.update((name.len() as u64).to_le_bytes());
        hasher.update(name);
        hasher.update(password);
        hasher.finalize().into()
    }

    /// What this credential was verified as, minutes ago.
    pub fn verified(&self, fingerprint: &Fingerprint) -> Option<Arc<Known>> {
        self.verified.get(fingerprint)
    }

    pub fn remember(&self, fingerprint: Fingerprint, known: Known) {
        self.verified.insert(fingerprint, Arc::new(known));
    }

    /// Waits until nobody else verifies this credential.
    pub async fn turn(&self, fingerprint: Fingerprint) -> Result<Turn> {
        let following = self.following.clone().try_acquire_owned().map_err(|_| too_many())?;
        let turn = self.turns.get_with(fingerprint, Arc::default);
        Ok(Turn { _one_at_a_time: turn.lock_owned().await, _following: following })
    }
}
