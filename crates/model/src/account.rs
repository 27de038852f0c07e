//! People with an account, their groups, and the tokens their programs use.

use crate::{GroupId, Millis, TokenId, UserId};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

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
}
