//! Accounts: passwords, tokens, sign-in links; and how a credential becomes a [`Caller`].
//!
//! What is kept of a password is its argon2id hash, of tokens and links their SHA-256: the database gives nobody's
//! credential away. Failed credentials all answer alike, so that nobody learns which accounts exist.
//! Here are the use cases; [`password`] hashes, [`last_use`] notes when tokens are used, and what is known of accounts
//! without asking the database is in [`crate::access`].

mod external;
mod last_use;
mod manage;
mod password;
mod throttle;
mod token;

use crate::{
    Acting, Caller, Domain,
    audit::{Told, Who},
    clock,
    error::{Error, Result},
    store::{self, account::Account},
};
use model::{
    Code, Millis, Problem, UserId,
    account::{User, UserState},
    audit::{Action, Object},
};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::{sync::Arc, time::Duration};

pub use external::{Admission, External};
pub(crate) use last_use::LastUse;
use password::Fingerprint;
pub(crate) use password::Passwords;
pub(crate) use throttle::{Throttle, network};
pub use token::{EXPERIMENTS_PER_TOKEN, TOKENS_PER_USER};

/// Shortest password (MLflow's rule).
pub const SHORTEST_PASSWORD: usize = 12;
/// Longest password and name, so that hashing has a bound.
pub const LONGEST_CREDENTIAL: usize = 1024;
/// How long a printed sign-in link is good for.
pub const SIGN_IN_LINK_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

fn refused() -> Error {
    Problem::new(Code::Unauthenticated, "Wrong name or password.").into()
}

fn name_taken(name: &str) -> Error {
    Problem::new(Code::ResourceAlreadyExists, format!("User (username={name}) already exists.")).into()
}

pub(crate) fn no_user(name: &str) -> Error {
    Error::missing(format!("User with username={name} not found"))
}

fn hash_secret(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

fn check_password(password: &str) -> Result<()> {
    match password.chars().count() {
        count if count < SHORTEST_PASSWORD => {
            Err(Error::invalid(format!("Password must be at least {SHORTEST_PASSWORD} characters.")))
        }
        _ if password.len() > LONGEST_CREDENTIAL => {
            Err(Error::invalid(format!("Password must be at most {LONGEST_CREDENTIAL} bytes.")))
        }
        _ => Ok(()),
    }
}

pub(crate) fn check_name(name: &str, what: &str) -> Result<()> {
    if name.trim().is_empty() || name.len() > 250 || name.chars().any(char::is_control) || name.contains(':')
    {
        return Err(Error::invalid(format!(
            "A {what} name must have 1 to 250 characters, without colons and control characters."
        )));
    }
    Ok(())
}

impl Domain {
    /// The caller with this name and password. Meant for signing in, which the audit log tells of; SDKs use
    /// [`Self::unchecked_basic`].
    ///
    /// # Errors
    /// `UNAUTHENTICATED`, the same whether the name or the password is wrong; `RESOURCE_EXHAUSTED` after too many wrong ones.
    pub async fn unchecked_sign_in(&self, name: &str, password: &str) -> Result<Caller> {
        let verified = self.verified(name, password).await;
        let told = Told::new(Action::SignIn, Object::None);
        let who = |user: &User| Who { user: Some(user.id), name: user.name.clone(), ..Who::default() };
        match verified {
            Ok(account) => {
                self.tell(who(&account.user), told).await?;
                Ok(account.caller())
            }
            Err(Error::Problem(problem)) if problem.code == Code::Unauthenticated => {
                // Whatever was typed may be a password in the wrong field: only names of accounts are told.
                let known = self.account_named(name).await?;
                let who = known.map(|account| who(&account.user)).unwrap_or_default();
                self.tell(who, told.refused()).await?;
                Err(problem.into())
            }
            Err(error) => {
                // Whoever must wait may try a thousand times a second: the database isn't asked.
                self.note_refusal(Who::default(), Object::None, json!({ "credential": "password" }));
                Err(error)
            }
        }
    }

    async fn verified(&self, name: &str, password: &str) -> Result<Arc<Account>> {
        let attempt = self.throttle.begin(name, self.origin.address)?;
        let found = self.account_named_now(name).await?.filter(|account| account.may_sign_in());
        // An unknown name takes as long as a wrong password: both verify a hash.
        const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$Cw8tLdJAmPzbbYdQTDDZIVtbCNhJM8kMEmYrCmqMpuE";
        let hash = found.as_ref().map_or(NOBODY, |account| account.password_hash.as_str());
        let good = password.len() <= LONGEST_CREDENTIAL
            && match self.passwords.verify(password, hash).await {
                Ok(good) => good,
                Err(error) => {
                    attempt.succeeded();
                    return Err(error);
                }
            };
        let Some(account) = found.filter(|_| good) else {
            return Err(refused());
        };
        attempt.succeeded();
        if self.passwords.is_outdated(&account.password_hash) {
            self.hash_anew(&account, password).await?;
        }
        Ok(account)
    }

    /// Hashes a password that was just verified with the parameters of today.
    async fn hash_anew(&self, account: &Account, password: &str) -> Result<()> {
        let hash = self.passwords.hash(password).await?;
        let mut tx = self.db.begin().await?;
        store::account::renew_hash(&mut tx, account.user.id, &account.password_hash, &hash).await?;
        tx.commit().await
    }

    /// The caller with this name and password, which is remembered for minutes: for credentials sent with every call.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`; `RESOURCE_EXHAUSTED` when too many passwords wait to be verified.
    pub async fn unchecked_basic(&self, name: &str, password: &str) -> Result<Caller> {
        let fingerprint = self.passwords.fingerprint(name, password);
        if let Some(caller) = self.verified_before(name, &fingerprint).await? {
            return Ok(caller);
        }
        let _turn = self.passwords.turn(fingerprint).await?;
        // Somebody before may have verified it while this one waited.
        if let Some(caller) = self.verified_before(name, &fingerprint).await? {
            return Ok(caller);
        }
        let account = self.verified(name, password).await.inspect_err(|_| {
            self.note_refusal(Who::default(), Object::None, json!({ "credential": "password" }));
        })?;
        self.passwords.remember(fingerprint, &account.password_hash);
        Ok(account.caller())
    }

    async fn verified_before(&self, name: &str, fingerprint: &Fingerprint) -> Result<Option<Caller>> {
        let Some(verified_against) = self.passwords.verified_against(fingerprint) else { return Ok(None) };
        let account = self.account_named(name).await?;
        Ok(account
            .filter(|account| account.may_sign_in() && *account.password_hash == *verified_against)
            .map(|account| account.caller()))
    }

    /// The caller whose API token this is.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` if it's nobody's, or has expired.
    pub async fn unchecked_token(&self, secret: &str) -> Result<Caller> {
        let refused = |message| {
            self.note_refusal(Who::default(), Object::None, json!({ "credential": "token" }));
            Problem::new(Code::Unauthenticated, message)
        };
        let found = self.token_with(hash_secret(secret)).await?.filter(|token| token.account.may_act());
        let token = found.ok_or_else(|| refused("The token is not valid."))?;
        if token.expires.is_some_and(|expires| expires <= clock::now()) {
            return Err(refused("The token has expired.").into());
        }
        self.tokens_used.note(token.token.id);
        Ok(token.caller())
    }

    /// The caller with this account, for a session that names it; `None` if it's gone.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn unchecked_user(&self, id: UserId) -> Result<Option<Caller>> {
        let found = self.account_with(id).await?.filter(|account| account.may_sign_in());
        Ok(found.map(|account| account.caller()))
    }

    /// The caller for whom this sign-in link was made. It works once.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` if it was used, is too old, or never existed.
    pub async fn unchecked_use_sign_in_link(&self, secret: &str) -> Result<Caller> {
        let gone = || Problem::new(Code::Unauthenticated, "The sign-in link is no longer valid.");
        let hash = hash_secret(secret).to_vec();
        if !store::account::unchecked_has_link(&self.db, hash.clone()).await? {
            // Anybody may try any secret, as often as they like.
            self.note_refusal(Who::default(), Object::None, json!({ "credential": "link" }));
            return Err(gone().into());
        }
        let mut tx = self.db.begin().await?;
        let user = store::account::unchecked_take_link(&mut tx, hash, clock::now()).await?;
        if let Some(user) = user {
            // Another one that was sent may be in somebody else's hands.
            store::account::delete_links(&mut tx, user).await?;
        }
        tx.commit().await?;
        let caller = match user {
            Some(user) => self.unchecked_user(user).await?,
            None => None,
        };
        let told = Told::new(Action::SignInByLink, Object::None);
        let Some(caller) = caller else {
            self.tell(Who { user, ..Who::default() }, told.refused()).await?;
            return Err(gone().into());
        };
        self.tell(Who { user, name: caller.name().to_owned(), ..Who::default() }, told).await?;
        Ok(caller)
    }

    /// Makes the first account, an admin, if there is none. Returns its name and, if the password was made up, that.
    ///
    /// # Errors
    /// If the given password is too short, or the database fails.
    pub async fn unchecked_create_first_admin(
        &self,
        name: &str,
        password: Option<&str>,
    ) -> Result<Option<(String, Option<String>)>> {
        if store::account::unchecked_any(&self.db).await? {
            return Ok(None);
        }
        let made_up = match password {
            Some(_) => None,
            None => Some(clock::new_secret()?),
        };
        let given = password.or(made_up.as_deref()).unwrap_or_default();
        self.act(Caller::Local).create_user(name, given, true).await?;
        Ok(Some((name.to_owned(), made_up)))
    }

    /// A link's secret that signs in the first admin once, for printing at the server's start. `None` without an admin.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn unchecked_create_admin_link(&self) -> Result<Option<String>> {
        let Some(admin) = store::account::unchecked_first_admin(&self.db).await? else { return Ok(None) };
        let life = Millis::try_from(SIGN_IN_LINK_LIFE.as_millis()).unwrap_or(Millis::MAX);
        self.create_link(Who::default(), admin, life).await.map(Some)
    }

    async fn create_link(&self, by: Who, user: UserId, life: Millis) -> Result<String> {
        let secret = clock::new_secret()?;
        let now = clock::now();
        let name = store::account::unchecked_find(&self.db, user).await?.map(|account| account.user.name);
        let mut change = self.change(by).await?;
        store::account::unchecked_insert_link(
            &mut change,
            hash_secret(&secret).to_vec(),
            user,
            now.saturating_add(life),
            now,
        )
        .await?;
        change.commit(Told::new(Action::UserLink, Object::User(name.unwrap_or_default()))).await?;
        Ok(secret)
    }
}

impl Acting {
    /// Refuses whoever is no admin.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`.
    pub fn check_admin(&self) -> Result<()> {
        self.must_be_admin()
    }

    pub(crate) fn must_be_admin(&self) -> Result<()> {
        if self.caller.is_admin() {
            return Ok(());
        }
        self.note_refusal(Object::None, json!({ "needs": "admin" }));
        Err(Problem::new(Code::PermissionDenied, "Permission denied: this is for admins.").into())
    }

    /// The account of whoever is calling with a credential that isn't limited.
    pub(crate) fn account(&self) -> Result<UserId> {
        if self.caller.limits().is_some() {
            let message = "Permission denied: this token can't be used for the account itself.";
            return Err(Problem::new(Code::PermissionDenied, message).into());
        }
        if matches!(self.caller, Caller::Guest(_)) {
            return Err(
                Problem::new(Code::PermissionDenied, "Permission denied: a link shows, no more.").into()
            );
        }
        self.caller.user().ok_or_else(|| Error::invalid("This server runs without accounts."))
    }

    /// Makes an account. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, `INVALID_PARAMETER_VALUE` for the name or a short password, `RESOURCE_ALREADY_EXISTS`.
    pub async fn create_user(&self, name: &str, password: &str, is_admin: bool) -> Result<User> {
        self.must_be_admin()?;
        check_name(name, "user")?;
        check_password(password)?;
        let hash = self.domain.passwords.hash(password).await?;
        self.insert_user(name, &hash, is_admin, false).await
    }

    async fn insert_user(&self, name: &str, hash: &str, is_admin: bool, is_service: bool) -> Result<User> {
        let user = User {
            id: UserId(clock::new_uuid()?),
            name: name.to_owned(),
            is_admin,
            is_service,
            state: UserState::Active,
            created: clock::now(),
        };
        let mut change = self.change().await?;
        let taken = |error: Error| if error.is_duplicate() { name_taken(name) } else { error };
        store::account::insert(&mut change, &user, hash).await.map_err(taken)?;
        change
            .commit(
                Told::new(Action::UserCreate, Object::User(name.to_owned()))
                    .with(json!({ "admin": is_admin, "service": is_service })),
            )
            .await?;
        Ok(user)
    }

    /// Makes an account whose password nobody knows: a sign-in link or a token leads in. For admins.
    ///
    /// # Errors
    /// As [`Self::create_user`].
    pub async fn create_user_without_password(&self, name: &str, is_admin: bool) -> Result<User> {
        self.create_user(name, &clock::new_secret()?, is_admin).await
    }

    /// A link's secret that signs this user in once. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, `RESOURCE_DOES_NOT_EXIST`.
    pub async fn create_sign_in_link(&self, name: &str) -> Result<String> {
        self.must_be_admin()?;
        let life = Millis::try_from(SIGN_IN_LINK_LIFE.as_millis()).unwrap_or(Millis::MAX);
        self.domain.create_link(self.who(), self.user_named(name).await?, life).await
    }

    pub(crate) async fn user_named(&self, name: &str) -> Result<UserId> {
        let found = store::account::unchecked_find_by_name(&self.domain.db, name).await?;
        found.map(|account| account.user.id).ok_or_else(|| no_user(name))
    }

    /// Changes one's own password, and signs out everywhere but here: somebody else may know the old one.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` if the old one is wrong, or missing though one didn't come by a link, or if the new one is too
    /// short.
    pub async fn set_password(&self, old: Option<&str>, new: &str) -> Result<()> {
        let id = self.account()?;
        match old {
            Some(old) => {
                let verified = self.domain.verified(self.caller.name(), old).await;
                verified.map_err(|error| match error {
                    Error::Problem(problem) if problem.code == Code::Unauthenticated => {
                        Error::invalid("The old password is wrong.")
                    }
                    other => other,
                })?;
            }
            None if self.came_by_link().await? => {}
            None => return Err(Error::invalid("The old password is needed.")),
        }
        check_password(new)?;
        let hash = self.domain.passwords.hash(new).await?;
        let mut change = self.change().await?;
        store::account::set_password(&mut change, id, &hash).await?;
        store::session::delete_others(&mut change, id, self.domain.origin.session).await?;
        store::account::delete_links(&mut change, id).await?;
        if let Some(session) = self.domain.origin.session {
            store::session::forget_link(&mut change, session).await?;
        }
        change.commit(Told::new(Action::UserPassword, self.own_account())).await
    }
}
