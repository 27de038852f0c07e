//! People whom an identity provider vouches for.
//!
//! Which account is theirs is kept by what the provider calls them for good (issuer and subject): names change, and may be
//! somebody else's one day. With each sign-in their groups here follow what the provider says, and whether they are an admin, if it
//! says so. Memberships that an admin gave stay.

use super::{check_name, manage::keep_an_admin};
use crate::{
    Caller, Domain,
    audit::{Change, Told, Who},
    clock,
    error::{Error, Result},
    store::{self, account::Account, external::Membership},
};
use model::{
    Code, Problem, UserId,
    account::{User, UserState},
    audit::{Action, Object},
};
use serde_json::json;
use std::collections::BTreeSet;

/// Groups that a provider may name; more of them are left out.
pub const MOST_GROUPS: usize = 500;
/// Characters of a name that nobody has here, in the audit log.
pub(super) const LONGEST_TOLD: usize = 100;

/// Somebody, as an identity provider says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct External {
    /// Who says so.
    pub issuer: String,
    /// What it calls them for good.
    pub subject: String,
    /// What they are called now.
    pub name: String,
    /// Their groups, if it says: those that are groups here, too, count.
    pub groups: Option<Vec<String>>,
    /// Whether they are an admin, if it says.
    pub is_admin: Option<bool>,
}

/// What becomes of people who sign in for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admission {
    /// They get an account.
    pub new_accounts: bool,
    /// An account with their name is theirs. Only where nobody can choose their own name at the provider.
    pub by_name: bool,
}

/// The account as it is told of: what the provider calls them now may be somebody else's name here.
fn who(account: &Account) -> Who {
    Who { user: Some(account.user.id), name: account.user.name.clone(), ..Who::default() }
}

fn refused(message: impl Into<String>) -> Error {
    Problem::new(Code::PermissionDenied, message.into()).into()
}

impl Domain {
    /// The caller who is this person. What they are in changes with what the provider says.
    ///
    /// # Errors
    /// `PERMISSION_DENIED` if they have no account and get none, or may not act; `INVALID_PARAMETER_VALUE` for a name that no
    /// account may have.
    pub async fn unchecked_sign_in_external(
        &self,
        person: &External,
        admission: Admission,
    ) -> Result<Caller> {
        let signed_in = self.admit(person, admission).await;
        let told = Told::new(Action::SignIn, Object::None).with(json!({ "by": person.issuer }));
        match signed_in {
            Ok(account) => {
                self.tell(who(&account), told).await?;
                Ok(account.caller())
            }
            Err(Error::Problem(problem)) => {
                // Whoever it is, they aren't who has that name here.
                let name: String = person.name.chars().take(LONGEST_TOLD).collect();
                let detail = json!({ "by": person.issuer, "name": name });
                self.tell(Who::default(), told.with(detail).refused()).await?;
                Err(problem.into())
            }
            Err(error) => Err(error),
        }
    }

    /// The account of this person. What they are in changes with what the provider says.
    pub(super) async fn admit(&self, person: &External, admission: Admission) -> Result<Account> {
        let known = store::external::unchecked_find(&self.db, &person.issuer, &person.subject).await?;
        let user = match known {
            Some(user) => user,
            None => self.first_time(person, admission).await?,
        };
        let account = self.admitted(user).await?;
        self.follow(person, &account).await?;
        self.admitted(user).await
    }

    async fn admitted(&self, user: UserId) -> Result<Account> {
        let found = store::account::unchecked_find(&self.db, user).await?;
        found.filter(Account::may_sign_in).ok_or_else(|| refused("Your account is disabled."))
    }

    /// Finds or makes the account of somebody who was never here.
    async fn first_time(&self, person: &External, admission: Admission) -> Result<UserId> {
        let name = person.name.as_str();
        check_name(name, "user")?;
        let found = store::account::unchecked_find_by_name(&self.db, name).await?;
        let mut change = self.change(Who { name: name.to_owned(), ..Who::default() }).await?;
        let (user, action) = match found {
            Some(account) if admission.by_name && account.may_sign_in() => {
                (account.user.id, Action::UserIdentity)
            }
            Some(account) if admission.by_name && !account.may_act() => {
                return Err(refused("Your account is disabled."));
            }
            Some(_) => return Err(refused(format!("Another account is called {name}. Ask an admin."))),
            None if !admission.new_accounts => {
                return Err(refused("You have no account here. Ask an admin for one."));
            }
            None => {
                let user = User {
                    id: UserId(clock::new_uuid()?),
                    name: name.to_owned(),
                    is_admin: false,
                    is_service: false,
                    state: UserState::Active,
                    created: clock::now(),
                };
                // No password has this hash.
                store::account::insert(&mut change, &user, "").await?;
                (user.id, Action::UserCreate)
            }
        };
        let (issuer, subject) = (person.issuer.as_str(), person.subject.as_str());
        store::external::insert(&mut change, issuer, subject, user, clock::now()).await?;
        let detail = json!({ "issuer": issuer, "subject": subject });
        change.commit(Told::new(action, Object::User(name.to_owned())).with(detail)).await?;
        Ok(user)
    }

    /// Brings groups and admin rights to what the provider says.
    async fn follow(&self, person: &External, account: &Account) -> Result<()> {
        let who = who(account);
        if let Some(groups) = &person.groups {
            let wanted: BTreeSet<&str> = groups.iter().take(MOST_GROUPS).map(String::as_str).collect();
            let all = store::external::memberships(&self.db, account.user.id).await?;
            let (come, gone): (Vec<_>, Vec<_>) = (
                all.iter().filter(|group| !group.is_member && wanted.contains(group.name.as_str())).collect(),
                all.iter()
                    .filter(|group| group.is_external && !wanted.contains(group.name.as_str()))
                    .collect(),
            );
            self.move_between(who.clone(), account, &come, &gone).await?;
        }
        if let Some(is_admin) = person.is_admin.filter(|is_admin| *is_admin != account.user.is_admin) {
            self.make_admin(who, account, is_admin).await?;
        }
        Ok(())
    }

    async fn move_between(
        &self,
        who: Who,
        account: &Account,
        come: &[&Membership],
        gone: &[&Membership],
    ) -> Result<()> {
        let User { id, name, .. } = &account.user;
        let joined = come.iter().map(|group| member_told(Action::GroupAdd, group, name));
        let left = gone.iter().map(|group| member_told(Action::GroupRemove, group, name));
        let mut told: Vec<Told> = joined.chain(left).collect();
        let Some(last) = told.pop() else { return Ok(()) };
        let mut change = self.change(who).await?;
        for group in come {
            store::external::join(&mut change, group.id, *id).await?;
        }
        for group in gone {
            store::group::remove(&mut change, group.id, *id).await?;
        }
        for told in told {
            change.tell(told).await?;
        }
        change.commit(last).await
    }

    async fn make_admin(&self, who: Who, account: &Account, is_admin: bool) -> Result<()> {
        let User { id, name, .. } = &account.user;
        let mut change: Change = self.change(who).await?;
        if !is_admin {
            match keep_an_admin(&mut change, *id).await {
                Ok(()) => {}
                // Whoever is the only one stays one: otherwise nobody could be made one again.
                Err(Error::Problem(_)) => {
                    tracing::warn!(name, "the identity provider says that the last admin isn't one");
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        store::account::set_admin(&mut change, *id, is_admin).await?;
        let detail = json!({ "before": !is_admin, "after": is_admin });
        change.commit(Told::new(Action::UserAdmin, Object::User(name.clone())).with(detail)).await
    }
}

fn member_told(action: Action, group: &Membership, name: &str) -> Told {
    Told::new(action, Object::Group(group.name.clone()))
        .with(json!({ "user": name, "by": "identity provider" }))
}
