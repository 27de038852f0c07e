//! How much somebody may do to an experiment or a registered model.

use crate::{ExperimentId, GroupId};
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

/// To whom a permission is given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Subject {
    /// The account with this name.
    User(String),
    /// All members of the group with this name.
    Group(String),
    /// Everybody with an account.
    Everyone,
}

impl From<&str> for Subject {
    fn from(user: &str) -> Self {
        Self::User(user.to_owned())
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(f, "user {name}"),
            Self::Group(name) => write!(f, "group {name}"),
            Self::Everyone => f.write_str("everyone"),
        }
    }
}

/// A permission that was given to a subject.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Given {
    /// To whom.
    pub to: Subject,
    /// How much.
    pub level: Permission,
}

/// A thing that permissions are given of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Resource {
    /// An experiment.
    Experiment(ExperimentId),
    /// A registered model, by name.
    Registered(String),
}

/// A permission that somebody was given, themselves or a group of theirs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Held {
    /// Of what.
    pub of: Resource,
    /// The group that it was given to, its name first; `None`: to themselves.
    pub group: Option<(String, GroupId)>,
    /// How much.
    pub level: Permission,
}

/// A group, and all that was given to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupPermissions {
    /// The group.
    pub id: GroupId,
    /// What it is called.
    pub name: String,
    /// Of what it was given how much, sorted.
    pub given: Vec<(Resource, Permission)>,
}

/// What somebody may do, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effective {
    /// How much.
    pub level: Permission,
    /// Where it comes from.
    pub reason: Reason,
}

/// Why somebody has a permission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// They are an admin.
    Admin,
    /// It was given to this subject.
    Given(Subject),
    /// Nothing was given: the server's default.
    Default,
}

/// What counts for somebody of all that was given: what was given to them; else the most that was given to one of their
/// groups; else what was given to everyone; else the default. So the nearer word counts, also where it is the lesser one.
pub fn effective(
    is_admin: bool,
    user: &str,
    groups: &[String],
    given: &[Given],
    default: Permission,
) -> Effective {
    if is_admin {
        return Effective { level: Permission::Manage, reason: Reason::Admin };
    }
    let to_user = given.iter().find(|given| matches!(&given.to, Subject::User(name) if name == user));
    let to_groups =
        given.iter().filter(|given| matches!(&given.to, Subject::Group(name) if groups.contains(name)));
    let to_everyone = given.iter().find(|given| given.to == Subject::Everyone);
    // Of groups that give the same, the first by name is named.
    let most = to_groups.min_by_key(|given| (std::cmp::Reverse(given.level), &given.to));
    match to_user.or(most).or(to_everyone) {
        Some(Given { to, level }) => Effective { level: *level, reason: Reason::Given(to.clone()) },
        None => Effective { level: default, reason: Reason::Default },
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

    fn check(given: &[(Subject, Permission)], level: Permission, reason: Reason) {
        let given: Vec<Given> =
            given.iter().map(|(to, level)| Given { to: to.clone(), level: *level }).collect();
        let groups = ["speech".to_owned(), "vision".to_owned()];
        assert_eq!(effective(false, "ada", &groups, &given, Permission::Read), Effective { level, reason });
    }

    #[test]
    fn the_nearer_word_counts() {
        use Permission::{Edit, Manage, NoPermissions, Read};
        let (ada, bob, everyone) = (Subject::from("ada"), Subject::from("bob"), Subject::Everyone);
        let group = |name: &str| Subject::Group(name.to_owned());
        check(&[], Read, Reason::Default);
        check(&[(bob, Manage), (group("other"), Manage)], Read, Reason::Default);
        check(&[(everyone.clone(), Edit)], Edit, Reason::Given(everyone.clone()));
        check(&[(everyone.clone(), Edit), (group("vision"), Read)], Read, Reason::Given(group("vision")));
        check(&[(group("vision"), Read), (group("speech"), Edit)], Edit, Reason::Given(group("speech")));
        check(&[(group("vision"), Edit), (group("speech"), Edit)], Edit, Reason::Given(group("speech")));
        check(&[(group("vision"), Edit), (ada.clone(), NoPermissions)], NoPermissions, Reason::Given(ada));
    }

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
