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

/// Reads such a database. Of one with workspaces, what was given in this one, as names of roles and models are those of a workspace.
///
/// # Errors
/// If it isn't there, or is none.
pub async fn read(address: &str, workspace: &str) -> Result<People> {
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
        read_roles(&on, workspace, &names, &mut people).await?;
    } else {
        // Before there were roles, each kind of thing had a table.
        let experiments = "SELECT CAST(user_id AS BIGINT), CAST(experiment_id AS BIGINT), permission FROM experiment_permissions";
        for (user, experiment, level) in on.all::<(i64, i64, String)>(experiments, Vec::new()).await? {
            people.give(names.get(&user), Granted::Experiment(experiment), &level);
        }
        let models = "SELECT CAST(user_id AS BIGINT), name, permission FROM registered_model_permissions";
        // And before there were workspaces, the column wasn't there.
        let in_workspace = "SELECT COUNT(*) FROM registered_model_permissions WHERE workspace = ''";
        let (models, args) = if on.number(in_workspace, Vec::new()).await.is_ok() {
            (format!("{models} WHERE workspace = $1"), vec![Arg::Text(workspace.to_owned())])
        } else {
            (models.to_owned(), Vec::new())
        };
        for (user, model, level) in on.all::<(i64, String, String)>(models, args).await? {
            people.give(names.get(&user), Granted::Registered(model), &level);
        }
    }
    Ok(people)
}

async fn read_roles(
    on: &Connections,
    workspace: &str,
    names: &BTreeMap<i64, String>,
    people: &mut People,
) -> Result<()> {
    let roles: Vec<(i64, String)> = on
        .all(
            "SELECT CAST(id AS BIGINT), name FROM roles WHERE workspace = $1 ORDER BY id",
            vec![Arg::Text(workspace.to_owned())],
        )
        .await?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::{Executor as _, sqlite::SqliteConnectOptions};

    /// Who has which level of which model, in a database of these tables.
    async fn models_of(tables: &str, workspace: &str) -> Vec<(Subject, Granted, Permission)> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("basic_auth.db");
        let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
        let made = sqlx::SqlitePool::connect_with(options).await.unwrap();
        let users = "CREATE TABLE users (id INTEGER, username TEXT, is_admin BOOLEAN);
            INSERT INTO users VALUES (1, 'alice', FALSE), (2, 'bob', FALSE);";
        made.execute(sqlx::AssertSqlSafe(format!("{users}{tables}"))).await.unwrap();
        made.close().await;
        let people = read(&format!("sqlite:///{}", path.display()), workspace).await.unwrap();
        people.grants.into_iter().map(|grant| (grant.to, grant.of, grant.level)).collect()
    }

    fn bert() -> Granted {
        Granted::Registered("bert".to_owned())
    }

    #[tokio::test]
    async fn roles_are_those_of_the_workspace() {
        let tables = "CREATE TABLE roles (id INTEGER, name TEXT, workspace TEXT);
            CREATE TABLE user_role_assignments (user_id INTEGER, role_id INTEGER);
            CREATE TABLE role_permissions (id INTEGER, role_id INTEGER, resource_type TEXT, resource_pattern TEXT, permission TEXT);
            INSERT INTO roles VALUES (1, 'team', 'default'), (2, 'team', 'a'), (3, '__user_1__', 'a');
            INSERT INTO role_permissions VALUES (1, 1, 'registered_model', 'bert', 'READ'),
                (2, 2, 'registered_model', 'bert', 'MANAGE'), (3, 3, 'registered_model', 'bert', 'EDIT');";
        let team = || Subject::Group("team".to_owned());
        assert_eq!(models_of(tables, "default").await, [(team(), bert(), Permission::Read)]);
        let expected =
            [(team(), bert(), Permission::Manage), (Subject::from("alice"), bert(), Permission::Edit)];
        assert_eq!(models_of(tables, "a").await, expected);
    }

    #[tokio::test]
    async fn before_there_were_roles_models_were_in_workspaces_too() {
        let experiments =
            "CREATE TABLE experiment_permissions (user_id INTEGER, experiment_id TEXT, permission TEXT);
            CREATE TABLE registered_model_permissions";
        let with = format!(
            "{experiments} (user_id INTEGER, name TEXT, permission TEXT, workspace TEXT);
             INSERT INTO registered_model_permissions VALUES (1, 'bert', 'READ', 'default'), (2, 'bert', 'EDIT', 'a');"
        );
        let bobs = [(Subject::from("bob"), bert(), Permission::Edit)];
        assert_eq!(models_of(&with, "a").await, bobs);
        let without = format!(
            "{experiments} (user_id INTEGER, name TEXT, permission TEXT);
             INSERT INTO registered_model_permissions VALUES (2, 'bert', 'EDIT');"
        );
        assert_eq!(models_of(&without, "default").await, bobs);
    }
}
