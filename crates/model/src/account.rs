//! People with an account and the tokens their programs use.

use crate::{Millis, TokenId, UserId};
use serde::{Deserialize, Serialize};

/// Somebody with an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Never changes.
    pub id: UserId,
    /// What they sign in with; unique.
    pub name: String,
    /// May do everything.
    pub is_admin: bool,
    /// When the account was made.
    pub created: Millis,
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
