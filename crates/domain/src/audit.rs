//! The audit log: every change, every sign-in and what was refused, told in the transaction of the change itself.
//!
//! Owns: what is told ([`Told`]), who is told of ([`Who`]), the chain. Must never: lose what was done, or let a change wait
//! for another one's row: rows get their place in the chain a moment later ([`keep_sealing`]), many at once.
//! A [`Change`] can't be committed without saying what it did; the tidy test knows the few transactions that are none
//! (points, sessions, upkeep). What jobs log to their runs (metrics, params, tags, inputs) isn't told of: it is the data.
//!
//! The chain: `hash` of a row is the SHA-256 of the hash before it and of the row's fields, each preceded by its length. Who
//! changes or takes out a row must write all that follow anew; who keeps a head of the chain elsewhere sees that, too.
//! What isn't sealed yet, a second's worth, isn't protected.
//! Start reading: [`Change`]. To tell of a new kind of change: a line in [`Action`].

use crate::{
    Acting, Caller, Domain, Origin, account, clock,
    error::Result,
    experiment::Page,
    session::SessionHash,
    share,
    store::{self, Db, Tx},
};
use model::{
    Millis, UserId,
    audit::{Action, Chain, Event, EventFilter, Object},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::{
    collections::HashMap,
    net::IpAddr,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use uuid::Uuid;

/// How often rows are sealed and refusals written.
const EVERY: Duration = Duration::from_secs(1);
/// Refusals of different kinds that are counted between two writings; more of them aren't told one by one.
const MOST_REFUSALS: usize = 1000;
/// Rows on a page.
const PAGE: usize = 200;
/// Rows of an export that are read at a time.
const PART: usize = 1000;

/// Who does something, as it will be told.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Who {
    pub user: Option<UserId>,
    pub name: String,
    pub token: Option<String>,
    pub address: Option<IpAddr>,
}

/// What was done.
pub(crate) struct Told {
    pub action: Action,
    pub object: Object,
    pub done: bool,
    pub detail: Value,
}

impl Told {
    /// An action on a thing.
    pub fn new(action: Action, object: Object) -> Self {
        Self { action, object, done: true, detail: json!({}) }
    }

    /// What there is to say about it: an object of JSON. Never a secret.
    pub fn with(self, detail: Value) -> Self {
        Self { detail, ..self }
    }

    /// It wasn't done.
    pub fn refused(self) -> Self {
        Self { done: false, ..self }
    }
}

/// A row before it has its place in the chain.
pub(crate) struct Row {
    pub id: Uuid,
    pub at: Millis,
    pub who: Who,
    pub told: Told,
}

/// A transaction that will be told of.
pub(crate) struct Change {
    tx: Tx,
    who: Who,
}

impl Deref for Change {
    type Target = Tx;
    fn deref(&self) -> &Tx {
        &self.tx
    }
}

impl DerefMut for Change {
    fn deref_mut(&mut self) -> &mut Tx {
        &mut self.tx
    }
}

impl Change {
    /// Makes the change last, and tells of it.
    pub async fn commit(mut self, told: Told) -> Result<()> {
        self.tell(told).await?;
        self.tx.commit().await
    }

    /// Tells of one more thing that this transaction does.
    pub async fn tell(&mut self, told: Told) -> Result<()> {
        let row = Row { id: clock::new_uuid()?, at: clock::now(), who: self.who.clone(), told };
        store::audit::insert(&mut self.tx, &row).await
    }
}

impl Domain {
    /// The same domain, called from this address: the audit log says so.
    #[must_use]
    pub fn called_from(&self, address: IpAddr) -> Self {
        Self { origin: Origin { address: Some(address), ..self.origin }, ..self.clone() }
    }

    /// The same domain, called in this session: it can be told from the caller's other ones.
    #[must_use]
    pub fn called_in(&self, session: SessionHash) -> Self {
        Self { origin: Origin { session: Some(session), ..self.origin }, ..self.clone() }
    }

    /// The address that it is called from.
    pub fn called_by(&self) -> Option<IpAddr> {
        self.origin.address
    }

    pub(crate) async fn change(&self, who: Who) -> Result<Change> {
        Ok(Change { tx: self.db.begin().await?, who: Who { address: self.origin.address, ..who } })
    }

    /// Notes that somebody was refused. It is written a moment later, once for all refusals of the same thing till then.
    pub(crate) fn note_refusal(&self, who: Who, object: Object, detail: Value) {
        // Of somebody unknown, who may have as many addresses as they like, the network is told.
        let address = match who.user {
            Some(_) => self.origin.address,
            None => self.origin.address.map(account::network),
        };
        self.refusals.note(Who { address, ..who }, object, detail);
    }

    /// Tells of something that changes nothing, in a transaction of its own.
    pub(crate) async fn tell(&self, who: Who, told: Told) -> Result<()> {
        self.change(who).await?.commit(told).await
    }
}

impl Acting {
    /// Begins a change.
    pub(crate) async fn change(&self) -> Result<Change> {
        self.domain.change(self.who()).await
    }

    pub(crate) fn who(&self) -> Who {
        match &self.caller {
            Caller::Local => Who::default(),
            Caller::Guest(guest) => {
                Who { token: Some(format!("link {}", share::begin_of(&guest.code))), ..Who::default() }
            }
            Caller::User { id, name, token, .. } => Who {
                user: Some(*id),
                name: name.clone(),
                token: token.as_ref().map(|token| token.name.clone()),
                address: None,
            },
        }
    }

    /// Notes that the caller was refused.
    pub(crate) fn note_refusal(&self, object: Object, detail: Value) {
        self.domain.note_refusal(self.who(), object, detail);
    }

    /// A page of the audit log, newest first, and from where the next goes on. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`; `INVALID_PARAMETER_VALUE` for `after`.
    pub async fn list_events(&self, filter: &EventFilter, after: &str) -> Result<Page<Event>> {
        self.must_be_admin()?;
        self.events_page(filter, after, PAGE).await
    }

    /// As [`Self::list_events`], more at a time: for exports.
    ///
    /// # Errors
    /// As there.
    pub async fn export_events(&self, filter: &EventFilter, after: &str) -> Result<Page<Event>> {
        self.must_be_admin()?;
        self.events_page(filter, after, PART).await
    }

    async fn events_page(&self, filter: &EventFilter, after: &str, wanted: usize) -> Result<Page<Event>> {
        let after = match after {
            "" => None,
            text => Some(read_place(text)?),
        };
        let mut found = store::audit::list(&self.domain.db, filter, after, wanted + 1).await?;
        let more = found.len() > wanted;
        found.truncate(wanted);
        let next = found.last().filter(|_| more).map(|(id, event)| format!("{}-{id}", event.at));
        Ok(Page { items: found.into_iter().map(|(_, event)| event).collect(), next })
    }

    /// Seals what waits, and looks whether the chain holds and, if a length and a head of it from before are given, whether it
    /// still begins like that. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`.
    pub async fn verify_audit(&self, known: Option<(i64, &str)>) -> Result<Chain> {
        self.must_be_admin()?;
        seal(&self.domain.db).await?;
        verify(&self.domain.db, known).await
    }
}

fn read_place(text: &str) -> Result<(Millis, Uuid)> {
    let read = text.split_once('-').and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
    read.ok_or_else(|| crate::Error::invalid("This is not a page of the audit log."))
}

/// Refusals that aren't written yet, and how often each happened.
#[derive(Clone, Default)]
pub(crate) struct Refusals(Arc<Mutex<Noted>>);

#[derive(Default)]
struct Noted {
    times: HashMap<Refusal, u64>,
    /// Those that there was no place for.
    more: u64,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Refusal {
    who: Who,
    kind: &'static str,
    object: String,
    detail: String,
}

impl Refusals {
    fn note(&self, who: Who, object: Object, detail: Value) {
        let refusal =
            Refusal { who, kind: object.kind(), object: object.to_string(), detail: detail.to_string() };
        self.add(refusal, 1);
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, refusal: Refusal, times: u64) {
        let mut noted = self.noted();
        if noted.times.len() < MOST_REFUSALS || noted.times.contains_key(&refusal) {
            *noted.times.entry(refusal).or_default() += times;
        } else {
            noted.more += times;
        }
    }

    /// Writes them, and forgets what is written.
    pub async fn write(&self, db: &Db) -> Result<()> {
        let (times, more) = {
            let noted = self.noted();
            (noted.times.clone(), noted.more)
        };
        if times.is_empty() {
            return Ok(());
        }
        let mut tx = db.begin().await?;
        for (refusal, times) in &times {
            let object = (refusal.kind, refusal.object.as_str());
            insert_refusal(&mut tx, &refusal.who, object, &with_times(&refusal.detail, *times)).await?;
        }
        if more > 0 {
            let detail = json!({ "more": more }).to_string();
            insert_refusal(&mut tx, &Who::default(), ("", ""), &detail).await?;
        }
        tx.commit().await?;
        // What happened meanwhile stays noted.
        let mut noted = self.noted();
        for (refusal, written) in times {
            match noted.times.get_mut(&refusal) {
                Some(times) if *times > written => *times -= written,
                _ => {
                    noted.times.remove(&refusal);
                }
            }
        }
        noted.more = noted.more.saturating_sub(more);
        Ok(())
    }
}

async fn insert_refusal(tx: &mut Tx, who: &Who, object: (&'static str, &str), detail: &str) -> Result<()> {
    store::audit::insert_refusal(tx, clock::new_uuid()?, clock::now(), who, object, detail).await
}

fn with_times(detail: &str, times: u64) -> String {
    match serde_json::from_str::<Value>(detail) {
        Ok(mut detail) if times > 1 => {
            detail["times"] = times.into();
            detail.to_string()
        }
        _ => detail.to_owned(),
    }
}

/// Seals rows and writes refusals, again and again. Never ends by itself.
pub(crate) async fn keep_sealing(db: Db, refusals: Refusals) {
    loop {
        tokio::time::sleep(EVERY).await;
        if let Err(error) = refusals.write(&db).await {
            tracing::warn!(%error, "can't write to the audit log what was refused");
        }
        if let Err(error) = seal(&db).await {
            tracing::warn!(%error, "can't seal the audit log; trying again");
        }
    }
}

/// Gives all rows that wait their places in the chain.
async fn seal(db: &Db) -> Result<()> {
    while store::audit::seal(db, link).await? {}
    Ok(())
}

/// A sealed row as its hash covers it.
pub(crate) struct Sealed {
    pub seq: i64,
    pub id: Uuid,
    pub at: Millis,
    pub user: Option<Uuid>,
    pub texts: [String; 5],
    pub optional: [Option<String>; 2],
    pub done: bool,
}

/// The hash of a row that comes after one with this hash.
fn link(before: &[u8], row: &Sealed) -> Vec<u8> {
    let mut hash = Sha256::new();
    let mut add = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    add(before);
    add(&row.seq.to_le_bytes());
    add(row.id.as_bytes());
    add(&row.at.to_le_bytes());
    add(row.user.as_ref().map_or(&[][..], |user| user.as_bytes()));
    for text in &row.texts {
        add(text.as_bytes());
    }
    for text in &row.optional {
        // What is missing differs from what is empty.
        add(&[u8::from(text.is_some())]);
        add(text.as_deref().unwrap_or_default().as_bytes());
    }
    add(&[u8::from(row.done)]);
    hash.finalize().to_vec()
}

async fn verify(db: &Db, known: Option<(i64, &str)>) -> Result<Chain> {
    let mut chain = Chain { length: 0, head: String::new(), broken: None };
    let mut before = Vec::new();
    loop {
        let rows = store::audit::sealed_after(db, chain.length, PART).await?;
        if rows.is_empty() {
            break;
        }
        for (row, hash) in rows {
            let place = chain.length + 1;
            let wrong = if row.seq != place {
                Some("rows are missing")
            } else if link(&before, &row) != hash {
                Some("the row is not as it was written")
            } else if known.is_some_and(|(length, head)| length == place && head != hex::encode(&hash)) {
                Some("the chain was written anew up to here")
            } else {
                None
            };
            if let Some(wrong) = wrong {
                chain.broken = Some((place, wrong.to_owned()));
                return Ok(chain);
            }
            chain.length = place;
            before = hash;
        }
    }
    chain.head = hex::encode(before);
    if known.is_some_and(|(length, _)| length > chain.length) {
        chain.broken = Some((chain.length + 1, "rows are missing from the end".to_owned()));
    }
    Ok(chain)
}
