//! Browser sessions, kept for the web server's session layer: it owns what is in them. Their owners see where they are signed
//! in, and sign out there.

use crate::{
    Acting, Domain,
    audit::Told,
    clock,
    error::{Error, Result},
    store,
};
use model::{
    Millis, UserId,
    account::Device,
    audit::{Action, Object},
};
use serde_json::json;

/// SHA-256 of what a browser's cookie names, so that the database gives no session away.
pub type SessionHash = [u8; 32];

/// How long after signing in by a link a password may be chosen without the old one.
const LINK_COUNTS: Millis = 60 * 60 * 1000;
/// Longest name that a browser's own is cut to.
const LONGEST_AGENT: usize = 300;

/// Whose session it is, and where it was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The account.
    pub user: UserId,
    /// Address that somebody signed in from.
    pub address: Option<String>,
    /// What their browser calls itself.
    pub agent: String,
    /// Whether a link began it, and no password.
    pub by_link: bool,
}

impl Domain {
    /// Begins a session.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn unchecked_create_session(
        &self,
        hash: SessionHash,
        data: &str,
        expires: Millis,
        holder: Option<Holder>,
    ) -> Result<()> {
        let holder = holder.map(|mut holder| {
            holder.agent = holder.agent.chars().take(LONGEST_AGENT).collect();
            holder
        });
        let mut tx = self.db.begin().await?;
        let stored = (data.to_owned(), expires);
        store::session::unchecked_insert(&mut tx, hash, &stored, holder.as_ref(), clock::now()).await?;
        // Old ones leave when a new one comes: there is no need of a clock for it.
        store::session::unchecked_delete_expired(&mut tx, clock::now()).await?;
        tx.commit().await
    }

    /// Changes what is in a session. One that was ended meanwhile doesn't come back.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn unchecked_update_session(
        &self,
        hash: SessionHash,
        data: &str,
        expires: Millis,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        store::session::unchecked_update(&mut tx, hash, &(data.to_owned(), expires)).await?;
        tx.commit().await
    }

    /// A session that hasn't expired: its data and when it will.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn unchecked_load_session(&self, hash: SessionHash) -> Result<Option<(String, Millis)>> {
        let found = self.session_with(hash).await?.filter(|stored| stored.1 > clock::now());
        if found.is_some() {
            self.sessions_used.note(hash);
        }
        Ok(found.map(|stored| (*stored).clone()))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn unchecked_delete_session(&self, hash: SessionHash) -> Result<()> {
        let mut tx = self.db.begin().await?;
        store::session::unchecked_delete(&mut tx, hash).await?;
        tx.commit().await
    }
}

impl Acting {
    /// Ends one's session here, if there is one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn sign_out(&self) -> Result<()> {
        // A guest's link isn't the session that it may be opened in.
        let Some(session) = self.domain.origin.session.filter(|_| self.account().is_ok()) else {
            return Ok(());
        };
        let mut change = self.change().await?;
        store::session::unchecked_delete(&mut change, session).await?;
        change.commit(Told::new(Action::SignOut, self.own_account())).await
    }

    /// Whether one came by a link a short while ago, and so may choose a password without the old one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn came_by_link(&self) -> Result<bool> {
        let Some(session) = self.domain.origin.session else { return Ok(false) };
        let after = clock::now() - LINK_COUNTS;
        store::session::was_begun_by_link(&self.domain.db, self.account()?, session, after).await
    }

    /// Where one is signed in, newest first. What other processes know of their last use comes up to a minute late.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn list_devices(&self) -> Result<Vec<Device>> {
        let mut devices = store::session::list(&self.domain.db, self.account()?, clock::now()).await?;
        let this = self.domain.origin.session.map(hex::encode);
        for device in &mut devices {
            device.is_this = this.as_ref() == Some(&device.id);
            let hash = hex::decode(&device.id).ok().and_then(|hash| SessionHash::try_from(hash).ok());
            device.seen = device.seen.max(hash.and_then(|hash| self.domain.sessions_used.of(&hash)));
        }
        Ok(devices)
    }

    /// Signs out somewhere else, or here.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` if one isn't signed in there.
    pub async fn sign_out_device(&self, id: &str) -> Result<()> {
        let user = self.account()?;
        let missing = || Error::missing("You are no longer signed in there.");
        let hash = hex::decode(id).map_err(|_| missing())?;
        let mut change = self.change().await?;
        if !store::session::delete(&mut change, user, hash).await? {
            return Err(missing());
        }
        change.commit(Told::new(Action::SignOut, self.own_account())).await
    }

    /// Signs out everywhere but here.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn sign_out_elsewhere(&self) -> Result<()> {
        let user = self.account()?;
        let mut change = self.change().await?;
        let ended = store::session::delete_others(&mut change, user, self.domain.origin.session).await?;
        let told = Told::new(Action::SignOut, self.own_account()).with(json!({ "elsewhere": ended }));
        change.commit(told).await
    }

    /// Ends all sessions of somebody, and the links that would begin one. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, `RESOURCE_DOES_NOT_EXIST`.
    pub async fn sign_out_user(&self, name: &str) -> Result<()> {
        self.must_be_admin()?;
        let user = self.user_named(name).await?;
        let mut change = self.change().await?;
        let ended = store::session::delete_others(&mut change, user, None).await?;
        store::account::delete_links(&mut change, user).await?;
        let told =
            Told::new(Action::SignOut, Object::User(name.to_owned())).with(json!({ "everywhere": ended }));
        change.commit(told).await
    }

    pub(crate) fn own_account(&self) -> Object {
        Object::User(self.caller.name().to_owned())
    }
}
