//! Permissions: who may do what to an experiment or a registered model is said by who may manage it.
//!
//! The rule that makes one level of all that was given is [`model::permission::effective`]; the store has the same rule as
//! SQL, and a test compares the two.

use crate::{
    Acting,
    audit::Told,
    error::{Error, Result},
    gate::Manage,
    store::{
        self, Tx,
        permission::{Managed, SubjectId},
    },
};
use model::{
    ExperimentId, Permission,
    audit::Action,
    permission::{Effective, Given, Held, Resource, Subject, effective},
};
use serde_json::json;

impl Acting {
    /// Says what somebody may do to an experiment; what was said of them before no longer counts. Needs MANAGE.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`, `PERMISSION_DENIED`.
    pub async fn grant_experiment(
        &self,
        id: ExperimentId,
        to: impl Into<Subject>,
        level: Permission,
    ) -> Result<()> {
        let grant = self.experiment::<Manage>(id).await?;
        self.give(Managed::Experiment(&grant), to.into(), level).await
    }

    /// Takes back what was said of somebody: what their groups or everyone may do counts then. Needs MANAGE.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`, also if nothing was said; `PERMISSION_DENIED`.
    pub async fn ungrant_experiment(&self, id: ExperimentId, from: impl Into<Subject>) -> Result<()> {
        let grant = self.experiment::<Manage>(id).await?;
        self.take(Managed::Experiment(&grant), from.into()).await
    }

    /// All that was given of an experiment, sorted by subject. Needs MANAGE.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`, `PERMISSION_DENIED`.
    pub async fn experiment_permissions(&self, id: ExperimentId) -> Result<Vec<Given>> {
        let grant = self.experiment::<Manage>(id).await?;
        store::permission::list(&mut &self.domain.db, Managed::Experiment(&grant)).await
    }

    /// What a user may do to an experiment, and why. Needs MANAGE.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` for the experiment or the user, `PERMISSION_DENIED`.
    pub async fn explain_experiment(&self, id: ExperimentId, user: &str) -> Result<Effective> {
        let given = self.experiment_permissions(id).await?;
        self.explained(&given, user).await
    }

    /// As [`Self::grant_experiment`], for a registered model.
    ///
    /// # Errors
    /// As there.
    pub async fn grant_registered_model(
        &self,
        name: &str,
        to: impl Into<Subject>,
        level: Permission,
    ) -> Result<()> {
        let grant = self.registered::<Manage>(name).await?;
        self.give(Managed::Registered(&grant), to.into(), level).await
    }

    /// As [`Self::ungrant_experiment`], for a registered model.
    ///
    /// # Errors
    /// As there.
    pub async fn ungrant_registered_model(&self, name: &str, from: impl Into<Subject>) -> Result<()> {
        let grant = self.registered::<Manage>(name).await?;
        self.take(Managed::Registered(&grant), from.into()).await
    }

    /// As [`Self::experiment_permissions`], of a registered model.
    ///
    /// # Errors
    /// As there.
    pub async fn registered_model_permissions(&self, name: &str) -> Result<Vec<Given>> {
        let grant = self.registered::<Manage>(name).await?;
        store::permission::list(&mut &self.domain.db, Managed::Registered(&grant)).await
    }

    /// As [`Self::explain_experiment`], of a registered model.
    ///
    /// # Errors
    /// As there.
    pub async fn explain_registered_model(&self, name: &str, user: &str) -> Result<Effective> {
        let given = self.registered_model_permissions(name).await?;
        self.explained(&given, user).await
    }

    /// As [`Self::grant_experiment`], of either kind.
    ///
    /// # Errors
    /// As there.
    pub async fn grant(&self, of: &Resource, to: impl Into<Subject>, level: Permission) -> Result<()> {
        match of {
            Resource::Experiment(id) => self.grant_experiment(*id, to, level).await,
            Resource::Registered(name) => self.grant_registered_model(name, to, level).await,
        }
    }

    /// As [`Self::ungrant_experiment`], of either kind.
    ///
    /// # Errors
    /// As there.
    pub async fn ungrant(&self, of: &Resource, from: impl Into<Subject>) -> Result<()> {
        match of {
            Resource::Experiment(id) => self.ungrant_experiment(*id, from).await,
            Resource::Registered(name) => self.ungrant_registered_model(name, from).await,
        }
    }

    /// As [`Self::experiment_permissions`], of either kind.
    ///
    /// # Errors
    /// As there.
    pub async fn permissions(&self, of: &Resource) -> Result<Vec<Given>> {
        match of {
            Resource::Experiment(id) => self.experiment_permissions(*id).await,
            Resource::Registered(name) => self.registered_model_permissions(name).await,
        }
    }

    /// As [`Self::explain_experiment`], of either kind.
    ///
    /// # Errors
    /// As there.
    pub async fn explain(&self, of: &Resource, user: &str) -> Result<Effective> {
        match of {
            Resource::Experiment(id) => self.explain_experiment(*id, user).await,
            Resource::Registered(name) => self.explain_registered_model(name, user).await,
        }
    }

    /// What the caller may do to it; nothing to what isn't there or isn't theirs to see.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn own_level(&self, of: &Resource) -> Result<Permission> {
        match of {
            Resource::Experiment(id) => self.level_at_experiment(*id).await,
            Resource::Registered(name) => self.level_at_registered(name).await,
        }
    }

    /// All that an account was given, itself or by its groups. For admins, and for its owner.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, `RESOURCE_DOES_NOT_EXIST`.
    pub async fn held_permissions(&self, name: &str) -> Result<Vec<Held>> {
        let user = self.get_user(name).await?;
        store::permission::held(&self.domain.db, user.id).await
    }

    async fn explained(&self, given: &[Given], user: &str) -> Result<Effective> {
        let account = store::account::unchecked_find_by_name(&self.domain.db, user).await?;
        let account = account.ok_or_else(|| crate::account::no_user(user))?.user;
        let groups = store::group::of_user(&self.domain.db, account.id).await?;
        Ok(effective(account.is_admin, user, &groups, given, self.domain.default_permission()))
    }

    async fn give(&self, managed: Managed<'_>, to: Subject, level: Permission) -> Result<()> {
        let subject = self.subject(to.clone()).await?;
        let mut change = self.change().await?;
        let before = given_before(&mut change, managed, &to).await?;
        store::permission::give(&mut change, managed, subject, level).await?;
        let detail = json!({ "to": to.to_string(), "before": before, "after": level.name() });
        change.commit(Told::new(Action::PermissionGive, managed.object()).with(detail)).await
    }

    async fn take(&self, managed: Managed<'_>, from: Subject) -> Result<()> {
        let subject = self.subject(from.clone()).await?;
        let mut change = self.change().await?;
        let before = given_before(&mut change, managed, &from).await?;
        if !store::permission::take(&mut change, managed, subject).await? {
            return Err(Error::missing(format!("Nothing was given to {from}.")));
        }
        let detail = json!({ "from": from.to_string(), "before": before });
        change.commit(Told::new(Action::PermissionTake, managed.object()).with(detail)).await
    }

    async fn subject(&self, subject: Subject) -> Result<SubjectId> {
        Ok(match subject {
            Subject::User(name) => SubjectId::User(self.user_named(&name).await?),
            Subject::Group(name) => {
                let found = store::group::find(&self.domain.db, &name).await?;
                SubjectId::Group(found.ok_or_else(|| crate::group::no_group(&name))?)
            }
            Subject::Everyone => SubjectId::Everyone,
        })
    }
}

/// What the audit log says was given before, as of the transaction that changes it.
async fn given_before(tx: &mut Tx, managed: Managed<'_>, to: &Subject) -> Result<Option<&'static str>> {
    let given = store::permission::list(tx, managed).await?;
    Ok(given.iter().find(|given| given.to == *to).map(|given| given.level.name()))
}
