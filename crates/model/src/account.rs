//! People with an account, their groups, and the tokens their programs use.

use crate::{ExperimentId, GroupId, Millis, Permission, TokenId, UserId};
use serde::{Deserialize, Serialize};
use std::{fmt, num::NonZeroU16, str::FromStr};

/// Somebody with an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Never changes.
    pub id: UserId,
    /// What they sign in with; unique.
    pub name: String,
    /// May do everything.
    pub is_admin: bool,
    /// For programs: it has tokens and can't sign in.
    pub is_service: bool,
    /// Whether it may do anything.
    pub state: UserState,
    /// When the account was made.
    pub created: Millis,
}

/// Whether an account may do anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserState {
    /// It may.
    Active,
    /// Not until it is enabled again. What it was given stays.
    Disabled,
    /// Never again. It is kept, so that what it made stays attributed.
    Deleted,
}

impl UserState {
    /// As it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Deleted => "deleted",
        }
    }
}

impl FromStr for UserState {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Active, Self::Disabled, Self::Deleted].into_iter().find(|state| state.name() == text).ok_or(())
    }
}

/// Whether an account asks for a code beside the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondFactorState {
    /// It doesn't.
    Off,
    /// It does.
    On {
        /// How many recovery codes are left.
        recovery_codes: u64,
    },
}

/// People who are given permissions together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Never changes.
    pub id: GroupId,
    /// What it is called; unique.
    pub name: String,
    /// When it was made.
    pub created: Millis,
    /// Names of its members, sorted.
    pub members: Vec<String>,
}

/// Where somebody is signed in to the site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// To name it when signing out there.
    pub id: String,
    /// When they signed in.
    pub created: Millis,
    /// When it was last used, to within a minute.
    pub seen: Option<Millis>,
    /// Address that they signed in from.
    pub address: Option<String>,
    /// What the browser calls itself.
    pub agent: String,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

/// An API token as lists show it: all but the secret, which is shown once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// To name it when revoking.
    pub id: TokenId,
    /// What its owner calls it.
    pub name: String,
    /// When it was made.
    pub created: Millis,
    /// When it was last used, to within a minute.
    pub last_used: Option<Millis>,
    /// What it may be used for.
    pub limits: Limits,
    /// When it stops working, if ever.
    pub expires: Option<Millis>,
}

/// A token to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewToken {
    /// What to call it.
    pub name: String,
    /// What it may be used for.
    pub limits: Limits,
    /// Days until it stops working, if ever.
    pub days: Option<NonZeroU16>,
}

/// As much as the account may, for good.
impl From<&str> for NewToken {
    fn from(name: &str) -> Self {
        Self { name: name.to_owned(), limits: Limits::NONE, days: None }
    }
}

/// A token and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedToken {
    /// Name of the account.
    pub owner: String,
    /// The token.
    pub token: Token,
}

/// What a credential may be used for at most: less than its account may, never more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// How much.
    pub scope: Scope,
    /// These experiments and what is in them, and no registered model; `None`: whatever the account may see.
    pub experiments: Option<Vec<ExperimentId>>,
}

impl Limits {
    /// As much as the account may.
    pub const NONE: Self = Self { scope: Scope::Admin, experiments: None };

    /// Whether it takes nothing from what the account may.
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }
}

/// How much a credential may be used for; each contains the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// To see and to download.
    Read,
    /// To log, to make and to change, too.
    Write,
    /// All that the account may: to delete, to say who may do what, to manage accounts.
    Admin,
}

impl Scope {
    /// From weakest to strongest.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Admin];

    /// As it is stored and written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    /// The highest level that counts.
    pub fn most(self) -> Permission {
        match self {
            Self::Read => Permission::Use,
            Self::Write => Permission::Edit,
            Self::Admin => Permission::Manage,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scope {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|scope| scope.name() == text);
        found.ok_or_else(|| format!("'{text}' is not a scope; use one of read, write, admin"))
    }
}
