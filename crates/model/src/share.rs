//! Links that show a page of the site to others.

use crate::{ExperimentId, Millis, RunId, page::RunsQuery};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU16;

/// What a link shows, and all that whoever has it may see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reach {
    /// These runs, side by side.
    Runs(Vec<RunId>),
    /// A table of an experiment's runs: those that its filter finds, later ones too.
    Table(ExperimentId, RunsQuery),
}

/// Who a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Audience {
    /// Whoever has an account: the link leads to the page, and their own permissions decide what they see of it.
    Members,
    /// Whoever has the link. They see what it reaches, as long as who made it may.
    Anybody,
}

impl Audience {
    /// As it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::Anybody => "anybody",
        }
    }

    /// Reads what is stored.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Members, Self::Anybody].into_iter().find(|audience| audience.name() == text)
    }
}

/// A link to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewShare {
    /// The page, as a path of this site with its state.
    pub address: String,
    /// What the page shows.
    pub reach: Reach,
    /// What it is called where the link is shown.
    pub title: String,
    /// Who it is for.
    pub audience: Audience,
    /// What whoever opens it must know; empty for nothing. Only for links for anybody.
    pub password: String,
    /// Days until it stops working, if ever.
    pub days: Option<NonZeroU16>,
    /// The page as it is now, which the link shows from then on; `None`: it shows how things are when it is opened. Only for
    /// links for anybody.
    pub snapshot: Option<String>,
    /// Whether the files of its runs are shown, too. Only for links to runs for anybody that show how things are.
    pub with_files: bool,
}

/// A link that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// What its address ends with. Of a link for anybody it is all that is needed to see.
    pub code: String,
    /// The page, as a path of this site with its state.
    pub address: String,
    /// What the page shows.
    pub reach: Reach,
    /// What it is called.
    pub title: String,
    /// Name of the account that made it; empty for a server without accounts.
    pub maker: String,
    /// Who it is for.
    pub audience: Audience,
    /// Whether a password is asked for.
    pub has_password: bool,
    /// Whether it shows how things were when it was made.
    pub is_snapshot: bool,
    /// Whether the files of its runs are shown, too.
    pub with_files: bool,
    /// When it was made.
    pub created: Millis,
    /// When it stops working, if ever.
    pub expires: Option<Millis>,
}
