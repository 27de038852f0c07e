//! People as a file declares them: accounts, groups, and who may do what. Of a group, an experiment or a model that it names, exactly what
//! it lists is so afterwards; what it doesn't name is left alone.

use super::Failure;
use domain::{Acting, Error};
use model::{
    Code, Permission, Problem,
    account::{User, UserState},
    permission::{Given, Resource, Subject},
};
use serde::Deserialize;
use std::{collections::BTreeMap, fs, path::Path};

/// What a file says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// Accounts by name.
    #[serde(default)]
    users: BTreeMap<String, DeclaredUser>,
    /// The members of groups by their names.
    #[serde(default)]
    groups: BTreeMap<String, Vec<String>>,
    /// Who may do what to experiments, by their names.
    #[serde(default)]
    experiments: BTreeMap<String, DeclaredGrants>,
    /// Who may do what to registered models, by their names.
    #[serde(default)]
    models: BTreeMap<String, DeclaredGrants>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclaredUser {
    /// For programs. An account that is there must be of this kind.
    #[serde(default)]
    service: bool,
    /// Whether it may do everything; as it is, if the file doesn't say.
    admin: Option<bool>,
    /// Whether it may do nothing; as it is, if the file doesn't say.
    disabled: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclaredGrants {
    everyone: Option<Level>,
    #[serde(default)]
    groups: BTreeMap<String, Level>,
    #[serde(default)]
    users: BTreeMap<String, Level>,
}

/// A permission by its word.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct Level(Permission);

impl TryFrom<String> for Level {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self)
    }
}

impl Declared {
    /// Reads a file.
    ///
    /// # Errors
    /// In words, with the place in the file.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text =
            fs::read_to_string(path).map_err(|error| format!("can't read {}: {error}", path.display()))?;
        Self::parse(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    /// Makes it so, and says what was changed, a line each in `done`. What is so already isn't touched, so that nothing is told of it.
    ///
    /// # Errors
    /// Whatever keeps something from being so, with what it is; what comes before it is done.
    pub async fn apply(&self, operator: &Acting, done: &mut Vec<String>) -> Result<(), Failure> {
        self.apply_users(operator, done).await?;
        self.apply_groups(operator, done).await?;
        for (name, grants) in &self.experiments {
            let what = format!("experiment '{name}'");
            let applied = async {
                let of = made_experiment(operator, name, done).await?;
                grants.apply(operator, &of, &what, done).await
            };
            applied.await.map_err(|error| failed(&what, &error))?;
        }
        for (name, grants) in &self.models {
            let what = format!("model '{name}'");
            let applied = async {
                let of = made_model(operator, name, done).await?;
                grants.apply(operator, &of, &what, done).await
            };
            applied.await.map_err(|error| failed(&what, &error))?;
        }
        Ok(())
    }

    /// Who gets more comes first: the last admin stays one until there is another.
    async fn apply_users(&self, operator: &Acting, done: &mut Vec<String>) -> Result<(), Failure> {
        let there = operator.list_users().await?;
        for (name, declared) in &self.users {
            let known = there.iter().find(|user| user.name == *name);
            let raised = declared.raise(operator, name, known, done).await;
            raised.map_err(|error| failed(&format!("user '{name}'"), &error))?;
        }
        for user in operator.list_users().await? {
            if let Some(declared) = self.users.get(&user.name) {
                let lowered = declared.lower(operator, &user, done).await;
                lowered.map_err(|error| failed(&format!("user '{}'", user.name), &error))?;
            }
        }
        Ok(())
    }

    async fn apply_groups(&self, operator: &Acting, done: &mut Vec<String>) -> Result<(), Failure> {
        let there = operator.list_groups().await?;
        for (name, members) in &self.groups {
            let fails = |error: Error| failed(&format!("group '{name}'"), &error);
            let known = there.iter().find(|group| group.name == *name);
            if known.is_none() {
                operator.create_group(name).await.map_err(fails)?;
                done.push(format!("group '{name}' is made"));
            }
            let now: &[String] = known.map_or(&[], |group| &group.members);
            for member in members.iter().filter(|member| !now.contains(member)) {
                operator.add_to_group(name, member).await.map_err(fails)?;
                done.push(format!("'{member}' is in group '{name}'"));
            }
            for member in now.iter().filter(|member| !members.contains(member)) {
                operator.remove_from_group(name, member).await.map_err(fails)?;
                done.push(format!("'{member}' is no longer in group '{name}'"));
            }
        }
        Ok(())
    }
}

fn failed(what: &str, error: &Error) -> Failure {
    format!("Stopped at {what}: {error} What comes before it was done, the rest of the file was not.").into()
}

impl DeclaredUser {
    /// Makes it, or gives it what it lacks.
    async fn raise(
        &self,
        operator: &Acting,
        name: &str,
        known: Option<&User>,
        done: &mut Vec<String>,
    ) -> Result<(), Error> {
        let user = match known {
            Some(user) if user.is_service != self.service => {
                return Err(Problem::invalid(
                    "An account of a person can't become a service, nor the other way round.",
                )
                .into());
            }
            Some(user) => user.clone(),
            None => {
                let (kind, made) = match self.service {
                    true => ("service", operator.create_service(name).await?),
                    false => ("user", operator.create_user_without_password(name, false).await?),
                };
                done.push(format!("{kind} '{name}' is made"));
                made
            }
        };
        if self.disabled == Some(false) && user.state == UserState::Disabled {
            operator.enable_user(name).await?;
            done.push(format!("user '{name}' is enabled"));
        }
        if self.admin == Some(true) && !user.is_admin {
            operator.set_admin(name, true).await?;
            done.push(format!("user '{name}' is an admin"));
        }
        Ok(())
    }

    /// Takes from it what it shall not have.
    async fn lower(&self, operator: &Acting, user: &User, done: &mut Vec<String>) -> Result<(), Error> {
        let name = user.name.as_str();
        if self.admin == Some(false) && user.is_admin {
            operator.set_admin(name, false).await?;
            done.push(format!("user '{name}' is no longer an admin"));
        }
        if self.disabled == Some(true) && user.state == UserState::Active {
            operator.disable_user(name).await?;
            done.push(format!("user '{name}' is disabled"));
        }
        Ok(())
    }
}

impl DeclaredGrants {
    fn all(&self) -> impl Iterator<Item = Given> {
        let everyone = self.everyone.map(|level| (Subject::Everyone, level));
        let groups = self.groups.iter().map(|(name, level)| (Subject::Group(name.clone()), *level));
        let users = self.users.iter().map(|(name, level)| (Subject::User(name.clone()), *level));
        let all = everyone.into_iter().chain(groups).chain(users);
        all.map(|(to, Level(level))| Given { to, level })
    }

    /// Makes it so that exactly this is given of something, which is called `what`.
    async fn apply(
        &self,
        operator: &Acting,
        of: &Resource,
        what: &str,
        done: &mut Vec<String>,
    ) -> Result<(), Error> {
        let now = operator.permissions(of).await?;
        for Given { to, level } in self.all().filter(|given| !now.contains(given)) {
            operator.grant(of, to.clone(), level).await?;
            done.push(format!("{to} has {level} of {what}"));
        }
        for Given { to, .. } in now.into_iter().filter(|given| !self.all().any(|other| other.to == given.to))
        {
            operator.ungrant(of, to.clone()).await?;
            done.push(format!("what was given to {to} of {what} is taken back"));
        }
        Ok(())
    }
}

/// The experiment of this name, made if it isn't there.
async fn made_experiment(operator: &Acting, name: &str, done: &mut Vec<String>) -> Result<Resource, Error> {
    if let Some(experiment) = missing_is_none(operator.get_experiment_by_name(name).await)? {
        return Ok(Resource::Experiment(experiment.id));
    }
    let id = operator.create_experiment(name, "", &[]).await?;
    done.push(format!("experiment '{name}' is made"));
    Ok(Resource::Experiment(id))
}

/// The registered model of this name, made if it isn't there.
async fn made_model(operator: &Acting, name: &str, done: &mut Vec<String>) -> Result<Resource, Error> {
    if missing_is_none(operator.get_registered_model(name).await)?.is_none() {
        operator.create_registered_model(name, &[], "").await?;
        done.push(format!("model '{name}' is made"));
    }
    Ok(Resource::Registered(name.to_owned()))
}

fn missing_is_none<T>(found: Result<T, Error>) -> Result<Option<T>, Error> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Error::Problem(Problem { code: Code::ResourceDoesNotExist, .. })) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_who_may_do_what() {
        let declared = Declared::parse(
            r#"
            [users]
            ada = { admin = true }
            ci = { service = true }

            [groups]
            vision = ["ada", "bob"]

            [experiments.ImageNet]
            everyone = "NO_PERMISSIONS"
            groups.vision = "EDIT"
            users.ada = "MANAGE"
            "#,
        )
        .unwrap();
        assert_eq!(declared.users["ada"].admin, Some(true));
        assert!(declared.users["ci"].service);
        let given: Vec<String> = declared.experiments["ImageNet"]
            .all()
            .map(|given| format!("{} {}", given.to, given.level))
            .collect();
        assert_eq!(given, ["everyone NO_PERMISSIONS", "group vision EDIT", "user ada MANAGE"]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let check = |text: &str, word: &str| {
            let error = Declared::parse(text).unwrap_err();
            assert!(error.contains(word) && error.contains("line 1"), "{error}");
        };
        check("experiments.a.everyone = \"WRITE\"", "WRITE");
        check("user.ada = {}", "unknown field `user`");
        check("users.ada = { password = \"x\" }", "unknown field `password`");
        check("groups.a = 7", "invalid type");
    }
}
