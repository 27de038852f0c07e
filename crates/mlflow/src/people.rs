//! Accounts and permissions of MLflow's basic-auth app, which keeps them in a database of their own. Passwords stay behind: their
//! hashes are of another kind.

use crate::{
    Error, Result,
    sql::{Arg, Connections},
};
use model::{Permission, permission::Subject};
use std::collections::{BTreeMap, BTreeSet};

/// What such a database says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People {
    /// Names, and whether they are admins.
    pub users: Vec<(String, bool)>,
    /// Roles that people gave names to, with their members.
    pub groups: BTreeMap<String, BTreeSet<String>>,
    /// Who may do what.
    pub grants: Vec<Grant>,
    /// What can't be taken over, in words.
    pub skipped: Vec<String>,
}

/// A permission that somebody was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// To whom.
    pub to: Subject,
    /// Of an experiment, by its number there, or of a registered model, by its name.
    pub of: Granted,
    /// How much.
    pub level: Permission,
}

/// What a permission is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Granted {
    /// An experiment, by its number in MLflow.
    Experiment(i64),
    /// A registered model, by its name.
    Registered(String),
}

/// Reads such a database.
///
/// # Errors
/// If it isn't there, or is none.
pub async fn read(address: &str) -> Result<People> {
    let on = Connections::open(address).await?;
    let users: Vec<(i64, String, bool)> = on
        .all("SELECT CAST(id AS BIGINT), username, is_admin FROM users ORDER BY id", Vec::new())
        .await
        .map_err(|error| Error::Said(format!("this is no database of MLflow's accounts ({error})")))?;
    let mut people = People {
        users: users.iter().map(|(_, name, is_admin)| (name.clone(), *is_admin)).collect(),
        ..People::default()
    };
    let names: BTreeMap<i64, String> = users.into_iter().map(|(id, name, _)| (id, name)).collect();
    if on.number("SELECT COUNT(*) FROM roles", Vec::new()).await.is_ok() {
        read_roles(&on, &names, &mut people).await?;
    } else {
        // Before there were roles, each kind of thing had a table.
        let experiments = "SELECT CAST(user_id AS BIGINT), CAST(experiment_id AS BIGINT), permission FROM experiment_permissions";
        for (user, experiment, level) in on.all::<(i64, i64, String)>(experiments, Vec::new()).await? {
            people.give(names.get(&user), Granted::Experiment(experiment), &level);
        }
        let models = "SELECT CAST(user_id AS BIGINT), name, permission FROM registered_model_permissions";
        for (user, model, level) in on.all::<(i64, String, String)>(models, Vec::new()).await? {
            people.give(names.get(&user), Granted::Registered(model), &level);
        }
    }
    Ok(people)
}

async fn read_roles(on: &Connections, names: &BTreeMap<i64, String>, people: &mut People) -> Result<()> {
    let roles: Vec<(i64, String)> =
        on.all("SELECT CAST(id AS BIGINT), name FROM roles ORDER BY id", Vec::new()).await?;
    for (id, role) in roles {
        // A permission of one user is a role of one member with such a name.
        let own = role.strip_prefix("__user_").and_then(|rest| rest.strip_suffix("__"));
        let user = own.and_then(|user| user.parse().ok()).and_then(|user: i64| names.get(&user));
        let to = match user {
            Some(user) => Subject::User(user.clone()),
            None => {
                let members: Vec<(i64,)> = on
                    .all(
                        "SELECT CAST(user_id AS BIGINT) FROM user_role_assignments WHERE role_id = $1",
                        vec![Arg::Int(id)],
                    )
                    .await?;
                let members = members.iter().filter_map(|(user,)| names.get(user).cloned());
                people.groups.entry(role.clone()).or_default().extend(members);
                Subject::Group(role.clone())
            }
        };
        let given: Vec<(String, String, String)> = on
            .all(
                "SELECT resource_type, resource_pattern, permission FROM role_permissions WHERE role_id = $1 ORDER BY id",
                vec![Arg::Int(id)],
            )
            .await?;
        for (kind, pattern, level) in given {
            let of = match (kind.as_str(), pattern.parse::<i64>()) {
                ("experiment", Ok(number)) => Some(Granted::Experiment(number)),
                ("registered_model" | "prompt", _) if pattern != "*" => {
                    Some(Granted::Registered(pattern.clone()))
                }
                _ => None,
            };
            match (of, level_of(&level)) {
                (Some(of), Some(level)) => people.grants.push(Grant { to: to.clone(), of, level }),
                _ => people.skipped.push(format!("{level} of {kind} {pattern} for {to}")),
            }
        }
    }
    Ok(())
}

fn level_of(name: &str) -> Option<Permission> {
    match name {
        "DENY" => Some(Permission::NoPermissions),
        name => name.parse().ok(),
    }
}

impl People {
    fn give(&mut self, user: Option<&String>, of: Granted, level: &str) {
        match (user, level_of(level)) {
            (Some(user), Some(level)) => {
                self.grants.push(Grant { to: Subject::User(user.clone()), of, level });
            }
            _ => self.skipped.push(format!("{level} of {of:?}")),
        }
    }
}
