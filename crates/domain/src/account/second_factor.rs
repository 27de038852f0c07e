//! The second factor: beside the password, a code that an app makes of the time and a secret that it shares with this server
//! (TOTP, RFC 6238). Whoever wants it sets it up for their own account.
//!
//! A code counts once, and so do the recovery codes for who has lost their app. Programs can't show codes, so the account's
//! password alone is no credential for them any more: they have tokens. Who comes from an identity provider isn't asked: that is
//! the provider's to do.

use super::{
    hash_secret,
    throttle::{Tried, Try},
};
use crate::{
    Acting, Caller, Domain,
    audit::{Told, Who},
    clock,
    error::{Error, Result},
    store::{self, account::Account, second_factor::SecondFactor},
};
use model::{
    Code, Problem, UserId,
    account::SecondFactorState,
    audit::{Action, Object},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use totp_rs::{Builder, Totp};

/// Recovery codes that are made at a time.
const RECOVERY_CODES: usize = 10;
/// What apps call this server.
const ISSUER: &str = "Runmark";
/// Longest code that is looked at.
const LONGEST_CODE: usize = 64;

/// How far somebody has come in signing in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedIn {
    /// They are signed in.
    Whole(Caller),
    /// They must show a code, too: see [`Domain::unchecked_show_code`].
    NeedsCode(FirstFactor),
}

impl SignedIn {
    /// Who it is, if nothing more is needed.
    pub fn whole(self) -> Option<Caller> {
        match self {
            Self::Whole(caller) => Some(caller),
            Self::NeedsCode(_) => None,
        }
    }
}

/// Whose first factor was right. It counts while they have the password that they had then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstFactor {
    user: UserId,
    /// SHA-256 of the hash of their password.
    mark: String,
}

impl FirstFactor {
    fn of(account: &Account) -> Self {
        Self { user: account.user.id, mark: hex::encode(hash_secret(&account.password_hash)) }
    }
}

/// What an app needs to make codes. Shown once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSecondFactor {
    /// As people type it.
    pub secret: String,
    /// As it is scanned: an `otpauth:` address.
    pub address: String,
}

fn wrong() -> Error {
    Problem::new(Code::Unauthenticated, "This code is not right, or was used before.").into()
}

/// What makes codes of a secret: six digits, every 30 seconds, as all apps can; clocks may differ by a step.
fn codes_of(secret: &[u8], name: &str) -> Result<Totp> {
    let built = Builder::new()
        .with_secret(secret.to_vec())
        .with_digits(6)
        .with_step_duration(30)
        .with_skew(1)
        .with_issuer(Some(ISSUER))
        .with_account_name(name)
        .build();
    built.map_err(|error| Error::Fault(format!("second factor: {error}")))
}

/// The step whose code this is.
fn step_of(secret: &[u8], name: &str, code: &str) -> Result<Option<i64>> {
    let now = u64::try_from(clock::now() / 1000).unwrap_or_default();
    let step = codes_of(secret, name)?.check(code, now);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

fn new_second_factor(secret: &[u8], name: &str) -> Result<NewSecondFactor> {
    let codes = codes_of(secret, name)?;
    let address = codes.to_url().map_err(|error| Error::Fault(format!("second factor: {error}")))?;
    Ok(NewSecondFactor { secret: codes.secret().to_base32(), address })
}

/// A code as it is compared: people leave out or add what divides it.
fn bare(code: &str) -> String {
    code.chars().filter(|char| !char.is_whitespace() && *char != '-').flat_map(char::to_lowercase).collect()
}

impl Domain {
    /// What is still to be done by somebody whose first factor was right.
    pub(super) fn signed_in(account: &Account) -> SignedIn {
        match account.has_second_factor {
            true => SignedIn::NeedsCode(FirstFactor::of(account)),
            false => SignedIn::Whole(account.caller()),
        }
    }

    /// The caller whose first factor was right, and who shows this code of their app or for recovery.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` for a wrong code; `RESOURCE_EXHAUSTED` after too many.
    pub async fn unchecked_show_code(&self, first: &FirstFactor, code: &str) -> Result<Caller> {
        let found = store::account::unchecked_find(&self.db, first.user).await?;
        let account = found.filter(Account::may_sign_in).filter(|account| FirstFactor::of(account) == *first);
        let account = account.ok_or_else(wrong)?;
        let who = Who { user: Some(first.user), name: account.user.name.clone(), ..Who::default() };
        // Whoever tries knows the password: from wherever they do, they have few tries.
        let attempt = self.throttle.begin(Tried::Code(first.user), None).inspect_err(|_| {
            self.note_refusal(who.clone(), Object::None, json!({ "credential": "code" }));
        })?;
        let told = Told::new(Action::SignIn, Object::None);
        match self.use_code(&account, code).await? {
            Some(by) => {
                attempt.succeeded();
                self.tell(who, told.with(json!({ "second_factor": by }))).await?;
                Ok(account.caller())
            }
            None => {
                self.tell(who, told.with(json!({ "second_factor": "wrong" })).refused()).await?;
                Err(wrong())
            }
        }
    }

    /// Uses a code up and says what it was, if it is right.
    async fn use_code(&self, account: &Account, code: &str) -> Result<Option<&'static str>> {
        let user = account.user.id;
        let found = store::second_factor::unchecked_find(&self.db, user).await?;
        let Some(factor) = found.filter(|factor| factor.is_confirmed && code.len() <= LONGEST_CODE) else {
            return Ok(None);
        };
        let code = bare(code);
        let step = step_of(&factor.secret, &account.user.name, &code)?;
        let mut tx = self.db.begin().await?;
        let used = match step {
            Some(step) => {
                store::second_factor::unchecked_use_step(&mut tx, user, step).await?.then_some("app")
            }
            None => {
                let hash = hash_secret(&code).to_vec();
                let used = store::second_factor::unchecked_use_recovery(&mut tx, user, hash).await?;
                used.then_some("recovery code")
            }
        };
        tx.commit().await?;
        Ok(used)
    }
}

impl Acting {
    /// How the caller's own second factor is.
    ///
    /// # Errors
    /// Without an account.
    pub async fn second_factor(&self) -> Result<SecondFactorState> {
        let user = self.account()?;
        let found = store::second_factor::unchecked_find(&self.domain.db, user).await?;
        match found.is_some_and(|factor| factor.is_confirmed) {
            false => Ok(SecondFactorState::Off),
            true => {
                let left = store::second_factor::count_recovery(&self.domain.db, user).await?;
                Ok(SecondFactorState::On { recovery_codes: u64::try_from(left).unwrap_or_default() })
            }
        }
    }

    /// Makes what an app needs. It isn't asked for until a code of it was shown. Needs the password, of the directory if it is
    /// there, unless one came by a link: whoever finds a browser open must not lock its owner out.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` for a wrong password; `INVALID_STATE` if there is a second factor.
    pub async fn begin_second_factor(&self, password: &str) -> Result<NewSecondFactor> {
        let user = self.account()?;
        if !self.came_by_link().await? {
            let verified = self.domain.verified(self.caller.name(), password).await;
            let is_own =
                verified.map(|verified| verified.account.user.id == user).or_else(|error| match error {
                    Error::Problem(problem) if problem.code == Code::Unauthenticated => Ok(false),
                    error => Err(error),
                })?;
            if !is_own {
                self.note_refusal(self.own_account(), json!({ "credential": "password" }));
                return Err(Error::invalid("This is not your password."));
            }
        }
        let secret = clock::new_code_secret()?;
        let new = new_second_factor(&secret, self.caller.name())?;
        // Nothing is told of: nothing is asked for yet.
        let mut tx = self.domain.db.begin().await?;
        if !store::second_factor::begin(&mut tx, user, &secret).await? {
            return Err(is_on());
        }
        tx.commit().await?;
        Ok(new)
    }

    async fn begun(&self, user: UserId) -> Result<SecondFactor> {
        match store::second_factor::unchecked_find(&self.domain.db, user).await? {
            Some(factor) if factor.is_confirmed => Err(is_on()),
            Some(factor) => Ok(factor),
            None => Err(Problem::new(Code::InvalidState, "Begin anew: scan a code first.").into()),
        }
    }

    /// What was made for an app and isn't confirmed yet, once more.
    ///
    /// # Errors
    /// `INVALID_STATE` if nothing was begun, or there is a second factor.
    pub async fn begun_second_factor(&self) -> Result<NewSecondFactor> {
        let factor = self.begun(self.account()?).await?;
        new_second_factor(&factor.secret, self.caller.name())
    }

    /// From now on a code is asked for; one is signed out everywhere else. Returns recovery codes, shown once.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` for a wrong code; `INVALID_STATE` if nothing was begun.
    pub async fn confirm_second_factor(&self, code: &str) -> Result<Vec<String>> {
        let user = self.account()?;
        let attempt = self.begin_try(user)?;
        let factor = self.begun(user).await?;
        let step = match code.len() <= LONGEST_CODE {
            true => step_of(&factor.secret, self.caller.name(), &bare(code))?,
            false => None,
        };
        let step = step.ok_or_else(|| {
            self.note_refusal(self.own_account(), json!({ "credential": "code" }));
            Error::invalid("This is not the code that your app shows now.")
        })?;
        attempt.succeeded();
        let codes =
            (0..RECOVERY_CODES).map(|_| clock::new_recovery_code()).collect::<Result<Vec<String>>>()?;
        let hashes = codes.iter().map(|code| hash_secret(&bare(code)).to_vec()).collect();
        let mut change = self.change().await?;
        if !store::second_factor::confirm(&mut change, user, &factor.secret, step).await? {
            return Err(is_on());
        }
        store::second_factor::set_recovery(&mut change, user, hashes).await?;
        store::session::delete_others(&mut change, user, self.domain.origin.session).await?;
        change.commit(Told::new(Action::SecondFactorOn, self.own_account())).await?;
        Ok(codes)
    }

    /// No code is asked for any more. Needs one, of the app or for recovery.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` for a wrong code.
    pub async fn remove_second_factor(&self, code: &str) -> Result<()> {
        let user = self.account()?;
        let attempt = self.begin_try(user)?;
        let account = store::account::unchecked_find(&self.domain.db, user).await?;
        let account = account.ok_or_else(|| Error::missing("The account is gone."))?;
        if self.domain.use_code(&account, code).await?.is_none() {
            self.note_refusal(self.own_account(), json!({ "credential": "code" }));
            return Err(Error::invalid("This code is not right, or was used before."));
        }
        attempt.succeeded();
        self.forget_second_factor(user, self.own_account()).await.map(drop)
    }

    /// No code is asked of somebody any more, who has lost their app. Whether one was. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, `RESOURCE_DOES_NOT_EXIST`.
    pub async fn reset_second_factor(&self, name: &str) -> Result<bool> {
        self.must_be_admin()?;
        let user = self.user_named(name).await?;
        self.forget_second_factor(user, Object::User(name.to_owned())).await
    }

    fn begin_try(&self, user: UserId) -> Result<Try> {
        let begun = self.domain.throttle.begin(Tried::Code(user), None);
        begun.inspect_err(|_| self.note_refusal(self.own_account(), json!({ "credential": "code" })))
    }

    async fn forget_second_factor(&self, user: UserId, of: Object) -> Result<bool> {
        let mut change = self.change().await?;
        if !store::second_factor::delete(&mut change, user).await? {
            return Ok(false);
        }
        change.commit(Told::new(Action::SecondFactorOff, of)).await?;
        Ok(true)
    }
}

fn is_on() -> Error {
    Problem::new(Code::InvalidState, "Two-step sign-in is on already.").into()
}
