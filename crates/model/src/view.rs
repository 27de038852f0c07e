//! Saved views: what somebody looks at in an experiment, kept under a name.

use crate::ViewId;
use serde::{Deserialize, Serialize};

/// A view that was saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedView {
    /// Its id.
    pub id: ViewId,
    /// What it is called.
    pub name: String,
    /// The query part of the page's address, without `?`.
    pub state: String,
    /// Whether all who may read the experiment have it.
    pub shared: bool,
    /// Whether the experiment opens with it.
    pub opens: bool,
    /// Name of the account that made it; empty for a server without accounts.
    pub maker: String,
    /// Whether it is the caller's own.
    pub is_own: bool,
}

/// A view about to be saved. One of the same name that the caller made is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewView {
    /// What it is called.
    pub name: String,
    /// The query part of the page's address, without `?`.
    pub state: String,
    /// Whether all who may read the experiment have it.
    pub shared: bool,
    /// Whether the experiment opens with it, for everybody; only a shared one can.
    pub opens: bool,
}
