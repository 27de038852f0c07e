//! Share links: short addresses that show a page to others.
//!
//! A link for members leads to its page, where their own permissions count. A link for anybody is a credential: whoever has it
//! is a [`Guest`], and the gate lets them at what the link reaches while its maker may see it, and at nothing else. It ends when
//! it expires, is deleted, or its maker may no longer act. A snapshot is kept as it was written; it, too, is shown while its maker may
//! see what is on it, though that may be in the trash.

use crate::{
    Acting, Caller, Domain, Guest, account,
    audit::{Told, Who},
    clock,
    error::{Error, Result},
    gate::Read,
    store::{self, share::Stored},
};
use model::{
    Code, Millis, Problem, UserId,
    audit::{Action, Object},
    filter::{self, RunFilter, RunOrder},
    page::{COMPARISON_LIMIT, RunsQuery},
    share::{Audience, NewShare, Reach, Share},
};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// Share links one account may have, and a server without accounts.
pub const SHARES_PER_USER: i64 = 1000;
/// Of these, snapshots.
pub const SNAPSHOTS_PER_USER: i64 = 50;
/// Bytes of a snapshot.
pub const LONGEST_SNAPSHOT: usize = 4 << 20;
/// What is locked while links are counted.
const SHARES: i64 = 0x7368_6172_6573;
/// Bytes of the address of a page.
const LONGEST_ADDRESS: usize = 36 << 10;
/// Bytes of a title.
const LONGEST_TITLE: usize = 250;
/// Bytes of a link's password.
const LONGEST_PASSWORD: usize = 250;
/// Characters of a code.
const LENGTH: usize = 16;
/// Characters of a code that may be told: too few to open anything.
const TOLD: usize = 6;
const DAY: Millis = 24 * 60 * 60 * 1000;

/// What somebody shows with the code of a link that has a password.
#[derive(Debug, Clone, Copy)]
pub enum Key<'a> {
    /// Nothing.
    None,
    /// The password.
    Password(&'a str),
    /// The proof that they got when they showed the password.
    Proof(&'a str),
}

/// What a link opens.
#[derive(Debug, Clone)]
pub enum Opened {
    /// A page of the site, for whoever is signed in.
    Leads(Share),
    /// What it reaches.
    Shows {
        /// The link.
        share: Share,
        /// As whom it is seen.
        guest: Caller,
        /// What spares whoever showed the password showing it again, until there is another one.
        proof: Option<String>,
    },
    /// Nothing without its password.
    Asks,
}

/// What may be told of a code.
pub(crate) fn begin_of(code: &str) -> String {
    code.chars().take(TOLD).collect()
}

fn told(code: &str) -> Object {
    Object::Share(begin_of(code))
}

fn missing() -> Error {
    Error::missing("There is no such link, or it is no longer valid.")
}

/// That somebody knows the password with this hash. It can't be made without the hash, which nobody is shown.
fn proof_of(share: &Share, password_hash: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(share.code.as_bytes());
    hash.update([0]);
    hash.update(password_hash.as_bytes());
    hex::encode(hash.finalize())
}

/// Whether two texts are the same, without telling by the time it takes where they differ.
fn same(one: &str, other: &str) -> bool {
    Sha256::digest(one) == Sha256::digest(other)
}

impl Domain {
    /// Opens a link.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` if there is none, or it has ended; `UNAUTHENTICATED` for a wrong password; `RESOURCE_EXHAUSTED`
    /// after too many.
    pub async fn unchecked_open_share(&self, code: &str, key: Key<'_>) -> Result<Opened> {
        if code.len() != LENGTH
            || !code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        {
            return Err(missing());
        }
        let found = store::share::unchecked_find(&self.db, code).await?.ok_or_else(missing)?;
        let Stored { share, maker, password_hash } = found;
        if share.expires.is_some_and(|expires| expires <= clock::now()) {
            return Err(missing());
        }
        let maker = match maker {
            Some(maker) => {
                Some(self.account_with(maker).await?.filter(|maker| maker.may_act()).ok_or_else(missing)?)
            }
            None => None,
        };
        let maker = match (share.audience, maker) {
            (Audience::Members, _) => return Ok(Opened::Leads(share)),
            // Without accounts none is made.
            (Audience::Anybody, None) => return Err(missing()),
            (Audience::Anybody, Some(maker)) => maker,
        };
        if !self.settings().await?.public_links {
            return Err(missing());
        }
        let proof = match self.key_fits(&share, &password_hash, key).await? {
            Some(proof) => proof,
            None => return Ok(Opened::Asks),
        };
        let guest = Guest {
            code: share.code.clone(),
            maker: maker.user.id,
            maker_is_admin: maker.user.is_admin,
            reach: share.reach.clone(),
            with_files: share.with_files,
        };
        Ok(Opened::Shows { share, guest: Caller::Guest(Arc::new(guest)), proof })
    }

    /// Whether the key fits: then what proves it later, if there is a password.
    async fn key_fits(
        &self,
        share: &Share,
        password_hash: &str,
        key: Key<'_>,
    ) -> Result<Option<Option<String>>> {
        if !share.has_password {
            return Ok(Some(None));
        }
        let proof = proof_of(share, password_hash);
        match key {
            Key::None => Ok(None),
            Key::Proof(shown) => Ok(same(shown, &proof).then_some(Some(proof))),
            Key::Password(password) => {
                let refuse = || {
                    self.note_refusal(Who::default(), told(&share.code), json!({ "credential": "password" }));
                };
                let tried = account::Tried::Link(&share.code);
                let attempt = self.throttle.begin(tried, self.origin.address).inspect_err(|_| refuse())?;
                let verified = match password.len() <= LONGEST_PASSWORD {
                    true => self.passwords.verify(password, password_hash).await,
                    false => Ok(false),
                };
                let good = match verified {
                    Ok(good) => good,
                    Err(error) => {
                        attempt.succeeded();
                        return Err(error);
                    }
                };
                if !good {
                    refuse();
                    return Err(Problem::new(Code::Unauthenticated, "This is not its password.").into());
                }
                attempt.succeeded();
                Ok(Some(Some(proof)))
            }
        }
    }
}

impl Acting {
    /// Makes a link to what one may see.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` for a bad or too large part, or too many links; `RESOURCE_DOES_NOT_EXIST` for what isn't
    /// visible.
    pub async fn create_share(&self, new: NewShare) -> Result<Share> {
        let maker = match &self.caller {
            Caller::Local => None,
            Caller::User { .. } | Caller::Guest(_) => Some(self.account()?),
        };
        let reach = self.checked_reach(&new).await?;
        let NewShare { address, title, audience, password, days, snapshot, with_files, .. } = new;
        if with_files && (snapshot.is_some() || !matches!(reach, Reach::Runs(_))) {
            return Err(Error::invalid("Files are shown by links to runs that show how things are."));
        }
        if audience == Audience::Anybody {
            // The link ends with its maker's account: there must be one.
            self.account()?;
            if !self.domain.settings().await?.public_links {
                return Err(Error::invalid(
                    "On this server links are for members alone: an admin has switched off those for anybody.",
                ));
            }
        } else if !password.is_empty() || snapshot.is_some() || with_files {
            return Err(Error::invalid(
                "A link for members has no password, shows how things are, and nothing but what they may see.",
            ));
        }
        let password_hash = match password.as_str() {
            "" => String::new(),
            password => self.domain.passwords.hash(password).await?,
        };
        let now = clock::now();
        let share = Share {
            code: clock::new_code()?,
            address,
            reach,
            title,
            maker: maker.map(|_| self.caller.name().to_owned()).unwrap_or_default(),
            audience,
            has_password: !password_hash.is_empty(),
            is_snapshot: snapshot.is_some(),
            with_files,
            created: now,
            expires: days.map(|days| now.saturating_add(DAY * Millis::from(days.get()))),
        };
        let detail = json!({
            "title": share.title,
            "for": share.audience.name(),
            "page": share.address,
            "password": share.has_password,
            "snapshot": share.is_snapshot,
            "files": share.with_files,
            "expires": share.expires,
        });
        let mut change = self.change().await?;
        change.lock(SHARES).await?;
        store::share::delete_expired(&mut change, now).await?;
        let (links, snapshots) = store::share::count(&mut change, maker).await?;
        if links >= SHARES_PER_USER || share.is_snapshot && snapshots >= SNAPSHOTS_PER_USER {
            return Err(Error::invalid(format!(
                "There may be {SHARES_PER_USER} links, of which {SNAPSHOTS_PER_USER} snapshots. Delete some that are no longer \
                 used."
            )));
        }
        let stored = Stored { share, maker, password_hash };
        store::share::insert(&mut change, &stored, snapshot.as_deref()).await?;
        change.commit(Told::new(Action::ShareCreate, told(&stored.share.code)).with(detail)).await?;
        Ok(stored.share)
    }

    /// What a link reaches, if its maker may see all of it.
    async fn checked_reach(&self, new: &NewShare) -> Result<Reach> {
        // Browsers read `\` as `/`, and two of them as another site.
        let address = new.address.as_str();
        let is_path = address.starts_with('/') && !address.starts_with("//");
        let is_plain = address.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if !is_path || !is_plain || address.len() > LONGEST_ADDRESS {
            return Err(Error::invalid("This is not the address of a page."));
        }
        let title = new.title.as_str();
        if title.trim().is_empty() || title.len() > LONGEST_TITLE || title.chars().any(char::is_control) {
            return Err(Error::invalid(format!(
                "A title must have 1 to {LONGEST_TITLE} bytes, without control characters."
            )));
        }
        if new.password.len() > LONGEST_PASSWORD {
            return Err(Error::invalid(format!("A password must have at most {LONGEST_PASSWORD} bytes.")));
        }
        if new.snapshot.as_ref().is_some_and(|snapshot| snapshot.len() > LONGEST_SNAPSHOT) {
            return Err(Error::invalid("This page is too large to be kept as a snapshot."));
        }
        match &new.reach {
            Reach::Runs(ids) if ids.is_empty() || ids.len() > COMPARISON_LIMIT => {
                Err(Error::invalid(format!("A link shows 1 to {COMPARISON_LIMIT} runs.")))
            }
            Reach::Runs(ids) => {
                let visible = self.readable_runs(ids).await?;
                match ids.iter().find(|id| !visible.iter().any(|run| run.id() == **id)) {
                    Some(id) => Err(Error::missing(format!("Run with id={id} not found"))),
                    None => Ok(new.reach.clone()),
                }
            }
            Reach::Table(_, query) if query.deleted => {
                Err(Error::invalid("What is in the trash can't be shared."))
            }
            Reach::Table(experiment, query) => {
                self.experiment::<Read>(*experiment).await?;
                let _: RunFilter = filter::parse(query.filter.trim())?;
                filter::parse_orders::<RunOrder>(&query.order_by)
                    .map_err(|error| Error::invalid(error.error.message))?;
                Ok(Reach::Table(*experiment, RunsQuery { offset: 0, ..query.clone() }))
            }
        }
    }

    /// The page as it was kept, for whoever has the link of a snapshot.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` if there is none, or who made it may no longer see what is on it.
    pub async fn read_snapshot(&self) -> Result<String> {
        let guest = self.kept().await?;
        store::share::snapshot(&self.domain.db, guest).await?.ok_or_else(missing)
    }

    /// One's own links, newest first; of a server without accounts, all.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn list_shares(&self) -> Result<Vec<Share>> {
        let maker = self.maker()?;
        store::share::list(&self.domain.db, maker).await
    }

    /// Everybody's links, newest first. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`.
    pub async fn list_all_shares(&self) -> Result<Vec<Share>> {
        self.must_be_admin()?;
        store::share::list(&self.domain.db, None).await
    }

    /// Deletes one of one's own links; it stops working at once.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`.
    pub async fn delete_share(&self, code: &str) -> Result<()> {
        self.take_share(self.maker()?, code).await
    }

    /// Deletes anybody's link; it stops working at once. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, `RESOURCE_DOES_NOT_EXIST`.
    pub async fn delete_any_share(&self, code: &str) -> Result<()> {
        self.must_be_admin()?;
        self.take_share(None, code).await
    }

    /// Whose links one's own are; `None`: all there are.
    pub(crate) fn maker(&self) -> Result<Option<UserId>> {
        match &self.caller {
            Caller::Local => Ok(None),
            Caller::User { .. } | Caller::Guest(_) => self.account().map(Some),
        }
    }

    async fn take_share(&self, of: Option<UserId>, code: &str) -> Result<()> {
        let mut change = self.change().await?;
        let Some((title, maker)) = store::share::delete(&mut change, of, code).await? else {
            return Err(missing());
        };
        let detail = json!({ "title": title, "of": maker });
        change.commit(Told::new(Action::ShareDelete, told(code)).with(detail)).await
    }
}
