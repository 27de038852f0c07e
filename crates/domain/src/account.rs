//! Accounts: passwords, tokens, sign-in links; and how a credential becomes a [`Caller`].
//!
//! What is kept of a password is its argon2id hash, of tokens and links their SHA-256: the database gives nobody's
//! credential away. Failed credentials all answer alike, so that nobody learns which accounts exist.
//! Here are the use cases; [`password`] hashes, [`last_use`] notes when tokens are used, and what is known of accounts
//! without asking the database is in [`crate::access`].

mod directory;
mod external;
mod last_use;
mod manage;
mod password;
mod second_factor;
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

pub use directory::Directory;
pub use external::{Admission, External, MOST_GROUPS};
pub(crate) use last_use::LastUse;
pub(crate) use password::Passwords;
use password::{Fingerprint, Known};
pub use second_factor::{FirstFactor, NewSecondFactor, SignedIn};
pub(crate) use throttle::{Throttle, Tried, network};
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

/// An account whose password was verified.
struct Verified {
    account: Arc<Account>,
    /// Who verified it, if that wasn't done here.
    by: Option<String>,
}

/// What is known here of a name and a password.
enum Here {
    /// They are this account's.
    Right(Arc<Account>),
    /// The account has another password.
    Wrong,
    /// No account of this name that may sign in has a password here.
    Unknown,
}

impl Domain {
    /// Who has this name and password. Meant for signing in, which the audit log tells of; SDKs use
    /// [`Self::unchecked_basic`].
    ///
    /// # Errors
    /// `UNAUTHENTICATED`, the same whether the name or the password is wrong; `RESOURCE_EXHAUSTED` after too many wrong ones;
    /// `PERMISSION_DENIED` for whom the directory knows but who has no account that may act; `TEMPORARILY_UNAVAILABLE` if it
    /// can't be asked.
    pub async fn unchecked_sign_in(&self, name: &str, password: &str) -> Result<SignedIn> {
        let verified = self.verified(name, password).await;
        let told = Told::new(Action::SignIn, Object::None);
        let who = |user: &User| Who { user: Some(user.id), name: user.name.clone(), ..Who::default() };
        match verified {
            Ok(Verified { account, by }) => {
                let told = match by {
                    Some(by) => told.with(json!({ "by": by })),
                    None => told,
                };
                let signed_in = Self::signed_in(&account);
                // Who must show a code isn't signed in yet.
                let told = match signed_in {
                    SignedIn::Whole(_) => told,
                    SignedIn::NeedsCode(_) => Told { action: Action::FirstFactor, ..told },
                };
                self.tell(who(&account.user), told).await?;
                Ok(signed_in)
            }
            Err(Error::Problem(problem)) if problem.code == Code::Unauthenticated => {
                // Whatever was typed may be a password in the wrong field: only names of accounts are told.
                let known = self.account_named(name).await?;
                let who = known.map(|account| who(&account.user)).unwrap_or_default();
                self.tell(who, told.refused()).await?;
                Err(problem.into())
            }
            Err(error) => {
                // Whoever must wait may try a thousand times a second, and who has no account too: the database isn't asked.
                self.note_refusal(Who::default(), Object::None, json!({ "credential": "password" }));
                Err(error)
            }
        }
    }

    async fn verified(&self, name: &str, password: &str) -> Result<Verified> {
        let attempt = self.throttle.begin(Tried::Password(name), self.origin.address)?;
        let here = match self.verified_here(name, password).await {
            Ok(here) => here,
            Err(error) => {
                attempt.succeeded();
                return Err(error);
            }
        };
        let verified = match here {
            Here::Right(account) => Verified { account, by: None },
            Here::Wrong | Here::Unknown => {
                let elsewhere = self.verified_elsewhere(name, password).await;
                match elsewhere {
                    Ok(Some(verified)) => verified,
                    Ok(None) => return Err(refused()),
                    Err(error) => {
                        // Compared with a password of here it was wrong. Else nobody has guessed who can't be asked about now, or
                        // has no account here: many programs may try again at once.
                        if matches!(here, Here::Unknown) {
                            attempt.succeeded();
                        }
                        return Err(error);
                    }
                }
            }
        };
        attempt.succeeded();
        Ok(verified)
    }

    /// Whether this is the password that the account with this name has here.
    async fn verified_here(&self, name: &str, password: &str) -> Result<Here> {
        let found = self.account_named_now(name).await?;
        let found = found.filter(|account| account.may_sign_in() && !account.password_hash.is_empty());
        // An unknown name takes as long as a wrong password: both verify a hash.
        const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$Cw8tLdJAmPzbbYdQTDDZIVtbCNhJM8kMEmYrCmqMpuE";
        let hash = found.as_ref().map_or(NOBODY, |account| account.password_hash.as_str());
        let good = password.len() <= LONGEST_CREDENTIAL && self.passwords.verify(password, hash).await?;
        let account = match found {
            Some(account) if good => account,
            Some(_) => return Ok(Here::Wrong),
            None => return Ok(Here::Unknown),
        };
        if self.passwords.is_outdated(&account.password_hash) {
            self.hash_anew(&account, password).await?;
        }
        Ok(Here::Right(account))
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
        if let Some(caller) = self.verified_before(&fingerprint).await? {
            return Ok(caller);
        }
        let _turn = self.passwords.turn(fingerprint).await?;
        // Somebody before may have verified it while this one waited.
        if let Some(caller) = self.verified_before(&fingerprint).await? {
            return Ok(caller);
        }
        let verified = self.verified(name, password).await.inspect_err(|_| {
            self.note_refusal(Who::default(), Object::None, json!({ "credential": "password" }));
        })?;
        let account = verified.account;
        if account.has_second_factor {
            let User { id, name, .. } = &account.user;
            let who = Who { user: Some(*id), name: name.clone(), ..Who::default() };
            self.note_refusal(who, Object::None, json!({ "credential": "password without a code" }));
            let message = "This account has two-step sign-in, which programs can't do: use a token.";
            return Err(Problem::new(Code::Unauthenticated, message).into());
        }
        self.passwords.remember(
            fingerprint,
            Known {
                user: account.user.id,
                name: account.user.name.clone(),
                hash: account.password_hash.clone(),
            },
        );
        Ok(account.caller())
    }

    async fn verified_before(&self, fingerprint: &Fingerprint) -> Result<Option<Caller>> {
        let Some(known) = self.passwords.verified(fingerprint) else { return Ok(None) };
        // A directory may know somebody by other names than their account has: it is found by its id.
        let account = self.account_with(known.user).await?;
        let is_as_then = |account: &Arc<Account>| {
            account.may_sign_in()
                && !account.has_second_factor
                && account.password_hash == known.hash
                && account.user.name == known.name
        };
        Ok(account.filter(is_as_then).map(|account| account.caller()))
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

    /// For whom this sign-in link was made. It works once.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` if it was used, is too old, or never existed.
    pub async fn unchecked_use_sign_in_link(&self, secret: &str) -> Result<SignedIn> {
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
        let account = match user {
            Some(user) => self.account_with(user).await?.filter(|account| account.may_sign_in()),
            None => None,
        };
        let told = Told::new(Action::SignInByLink, Object::None);
        let Some(account) = account else {
            self.tell(Who { user, ..Who::default() }, told.refused()).await?;
            return Err(gone().into());
        };
        let signed_in = Self::signed_in(&account);
        let told = match signed_in {
            SignedIn::Whole(_) => told,
            SignedIn::NeedsCode(_) => {
                Told { action: Action::FirstFactor, ..told }.with(json!({ "by": "link" }))
            }
        };
        self.tell(Who { user, name: account.user.name.clone(), ..Who::default() }, told).await?;
        Ok(signed_in)
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
    /// `PERMISSION_DENIED`, `RESOURCE_DOES_NOT_EXIST`; `INVALID_PARAMETER_VALUE` for who may not sign in.
    pub async fn create_sign_in_link(&self, name: &str) -> Result<String> {
        self.must_be_admin()?;
        let account = store::account::unchecked_find_by_name(&self.domain.db, name).await?;
        let account = account.ok_or_else(|| no_user(name))?;
        if !account.may_sign_in() {
            let why = if account.user.is_service { "is a service, which has tokens" } else { "is disabled" };
            return Err(Error::invalid(format!("{name} {why}: a link wouldn't let anybody in.")));
        }
        let life = Millis::try_from(SIGN_IN_LINK_LIFE.as_millis()).unwrap_or(Millis::MAX);
        self.domain.create_link(self.who(), account.user.id, life).await
    }

    pub(crate) async fn user_named(&self, name: &str) -> Result<UserId> {
        let found = store::account::unchecked_find_by_name(&self.domain.db, name).await?;
        found.map(|account| account.user.id).ok_or_else(|| no_user(name))
    }

    /// A directory's password doesn't count: with one of here somebody could go on when the directory no longer knows them.
    async fn verify_own(&self, password: &str) -> Result<()> {
        let name = self.caller.name();
        let attempt = self.domain.throttle.begin(Tried::Password(name), self.domain.origin.address)?;
        match self.domain.verified_here(name, password).await? {
            Here::Right(account) if Some(account.user.id) == self.caller.user() => {
                attempt.succeeded();
                Ok(())
            }
            _ => Err(Error::invalid("The old password is wrong.")),
        }
    }

    /// Changes one's own password, and signs out everywhere but here: somebody else may know the old one.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` if the old one is wrong, or missing though one didn't come by a link, or if the new one is too
    /// short.
    pub async fn set_password(&self, old: Option<&str>, new: &str) -> Result<()> {
        let id = self.account()?;
        match old {
            Some(old) => self.verify_own(old).await?,
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
