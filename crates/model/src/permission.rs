//! How much somebody may do to an experiment or a registered model.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// MLflow's levels (its basic-auth documentation, "Permissions"); each contains the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Permission {
    /// Doesn't know that it exists.
    NoPermissions,
    /// Sees it.
    Read,
    /// Uses it (a registered model, in serving).
    Use,
    /// Logs to it and changes it.
    Edit,
    /// Deletes and restores it, and says who may do what.
    Manage,
}

impl Permission {
    /// From weakest to strongest.
    pub const ALL: [Self; 5] = [Self::NoPermissions, Self::Read, Self::Use, Self::Edit, Self::Manage];

    /// MLflow's word.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoPermissions => "NO_PERMISSIONS",
            Self::Read => "READ",
            Self::Use => "USE",
            Self::Edit => "EDIT",
            Self::Manage => "MANAGE",
        }
    }

    /// Rank as stored: 0 for NO_PERMISSIONS to 4 for MANAGE.
    pub fn rank(self) -> i64 {
        self as i64
    }

    /// The level of a stored rank.
    pub fn from_rank(rank: i64) -> Option<Self> {
        usize::try_from(rank).ok().and_then(|rank| Self::ALL.get(rank)).copied()
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Permission {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|level| level.name() == text).ok_or_else(|| {
            format!("'{text}' is not a permission; use one of NO_PERMISSIONS, READ, USE, EDIT, MANAGE")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_ordered_and_their_ranks_and_names_lead_back() {
        assert!(Permission::ALL.is_sorted());
        for level in Permission::ALL {
            assert_eq!(Permission::from_rank(level.rank()), Some(level));
            assert_eq!(level.name().parse(), Ok(level));
        }
        assert_eq!(Permission::from_rank(-1), None);
        assert_eq!(Permission::from_rank(5), None);
    }
}
