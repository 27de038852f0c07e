//! The permission gate: the only place where a grant can be made.
//!
//! A store function that touches an experiment, a run, a model takes a grant to it, not its id; this module alone makes
//! grants, after it looked at who is calling. Lists take [`VisibleTo`], which becomes part of the query.
//! What the caller may not read answers exactly as what isn't there. What they may read, but not do this to, says which
//! level is missing.
//! To gate a new kind of thing: a grant type here, one store function in `store/permission.rs` that finds its level.

use crate::{
    Acting,
    artifact::ArtifactPath,
    error::{Error, Result},
    store::{
        self,
        permission::{Found, FoundRun},
    },
};
use model::{Code, ExperimentId, ModelId, Permission, Problem, RunId, UserId, experiment::Lifecycle};
use std::{
    collections::{HashMap, HashSet},
    marker::PhantomData,
    sync::Arc,
};

/// Who is calling. Made by `unchecked_` functions of [`crate::Domain`], which look at a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// The one person of a server without accounts; may do everything.
    Local,
    /// Somebody with an account.
    User {
        /// The account.
        id: UserId,
        /// Its name.
        name: String,
        /// May do everything.
        is_admin: bool,
    },
}

impl Caller {
    /// The account, if there is one.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::Local => None,
            Self::User { id, .. } => Some(*id),
        }
    }

    /// What to call them.
    pub fn name(&self) -> &str {
        match self {
            Self::Local => "you",
            Self::User { name, .. } => name,
        }
    }

    /// Whether no permission is asked for.
    pub fn is_admin(&self) -> bool {
        matches!(self, Self::Local | Self::User { is_admin: true, .. })
    }
}

mod level {
    use model::Permission;

    /// A level of permission as a type: what a grant of it may be used for.
    pub trait Level: Send + Sync + 'static {
        const NEEDED: Permission;
    }
    macro_rules! level {
        ($($(#[$doc:meta])* $name:ident),*) => {$(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $name;
            impl Level for $name {
                const NEEDED: Permission = Permission::$name;
            }
        )*};
    }
    level! {
        /// May be seen.
        Read,
        /// May be logged to and changed.
        Edit,
        /// May be deleted and restored.
        Manage
    }
}
pub(crate) use level::{Edit, Level, Manage, Read};

/// What the gate knows of an experiment that it let somebody at.
#[derive(Debug, Clone)]
pub(crate) struct ExperimentGrant<L> {
    id: ExperimentId,
    /// Root URI of its artifacts.
    pub artifact_location: Arc<str>,
    /// Active or deleted.
    pub lifecycle: Lifecycle,
    /// What the caller may do to it.
    pub permission: Permission,
    level: PhantomData<L>,
}

impl<L> ExperimentGrant<L> {
    pub fn id(&self) -> ExperimentId {
        self.id
    }
}

/// What the gate knows of a run that it let somebody at.
#[derive(Debug, Clone)]
pub(crate) struct RunGrant<L> {
    id: RunId,
    /// The experiment that the run is in.
    pub experiment: ExperimentId,
    /// Active or deleted.
    pub lifecycle: Lifecycle,
    /// What the caller may do to it.
    pub permission: Permission,
    level: PhantomData<L>,
}

impl<L> RunGrant<L> {
    pub fn id(&self) -> RunId {
        self.id
    }
}

impl RunGrant<Edit> {
    /// The grant, if the run is not in the trash.
    pub fn active(self) -> Result<Self> {
        match self.lifecycle {
            Lifecycle::Active => Ok(self),
            Lifecycle::Deleted => Err(Error::invalid(format!(
                "The run {} must be in the 'active' state. Current state is deleted.",
                self.id
            ))),
        }
    }
}

impl ExperimentGrant<Edit> {
    /// The grant, if the experiment is not in the trash.
    pub fn active(self) -> Result<Self> {
        match self.lifecycle {
            Lifecycle::Active => Ok(self),
            Lifecycle::Deleted => Err(Error::invalid(format!(
                "The experiment {} must be in the 'active' state. Current state is deleted.",
                self.id
            ))),
        }
    }
}

/// A logged model that the caller was let at.
#[derive(Debug, Clone)]
pub(crate) struct ModelGrant<L> {
    id: ModelId,
    /// Active or deleted.
    pub lifecycle: Lifecycle,
    level: PhantomData<L>,
}

impl<L> ModelGrant<L> {
    pub fn id(&self) -> ModelId {
        self.id
    }
}

/// A registered model that the caller was let at.
#[derive(Debug, Clone)]
pub(crate) struct RegisteredGrant<L> {
    name: String,
    level: PhantomData<L>,
}

impl<L> RegisteredGrant<L> {
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Artifacts below a path that the caller was let at.
#[derive(Debug, Clone)]
pub(crate) struct ArtifactGrant<L> {
    path: ArtifactPath,
    level: PhantomData<L>,
}

impl<L> ArtifactGrant<L> {
    pub fn path(&self) -> &ArtifactPath {
        &self.path
    }
}

/// Which experiments and registered models the caller may read, for lists: a part of their query.
#[derive(Debug, Clone, Copy)]
pub(crate) enum VisibleTo {
    /// All there are.
    Everything,
    /// What this account may read.
    User {
        /// The account.
        user: UserId,
        /// What it may do to what nobody said anything about.
        default: Permission,
    },
}

impl Acting {
    /// What the caller may do to what they were given this level of, if any.
    pub(crate) fn level_of(&self, given: Option<Permission>) -> Permission {
        if self.caller.is_admin() {
            Permission::Manage
        } else {
            given.unwrap_or(self.domain.default_permission())
        }
    }

    fn visible_level<L: Level>(
        &self,
        given: Option<Permission>,
        missing: impl FnOnce() -> Error,
    ) -> Result<Permission> {
        let level = self.level_of(given);
        if level < Permission::Read {
            return Err(missing());
        }
        if level < L::NEEDED {
            let message = format!(
                "Permission denied: this needs {}, and {} has {level}.",
                L::NEEDED,
                self.caller.name()
            );
            return Err(Problem::new(Code::PermissionDenied, message).into());
        }
        Ok(level)
    }

    /// Lets the caller at an experiment.
    pub(crate) async fn experiment<L: Level>(&self, id: ExperimentId) -> Result<ExperimentGrant<L>> {
        let missing = || Error::missing(format!("No Experiment with id={id} exists"));
        let found = self.found_experiment::<L>(id).await?;
        let Found { thing, level } = found.ok_or_else(missing)?;
        let permission = self.visible_level::<L>(level, missing)?;
        Ok(ExperimentGrant {
            id,
            artifact_location: thing.artifact_location,
            lifecycle: thing.lifecycle,
            permission,
            level: PhantomData,
        })
    }

    fn run_grant<L: Level>(
        &self,
        found: Found<FoundRun>,
        missing: impl FnOnce() -> Error,
    ) -> Result<RunGrant<L>> {
        let Found { thing, level } = found;
        Ok(RunGrant {
            id: thing.id,
            permission: self.visible_level::<L>(level, missing)?,
            experiment: thing.experiment,
            lifecycle: thing.lifecycle,
            level: PhantomData,
        })
    }

    /// Lets the caller at a run.
    pub(crate) async fn run<L: Level>(&self, id: RunId) -> Result<RunGrant<L>> {
        let missing = || Error::missing(format!("Run with id={id} not found"));
        let found = self.found_runs::<L>(&[id]).await?.pop().ok_or_else(missing)?;
        self.run_grant(found, missing)
    }

    /// Lets the caller at those of the runs that they may read, in the order given. The others might as well not exist.
    pub(crate) async fn readable_runs(&self, ids: &[RunId]) -> Result<Vec<RunGrant<Read>>> {
        let mut once = HashSet::with_capacity(ids.len());
        let ids: Vec<RunId> = ids.iter().copied().filter(|id| once.insert(*id)).collect();
        let found = self.found_runs::<Read>(&ids).await?;
        let mut found: HashMap<RunId, _> = found.into_iter().map(|found| (found.thing.id, found)).collect();
        let found = ids.iter().filter_map(|id| found.remove(id));
        Ok(found.filter_map(|found| self.run_grant(found, || Error::missing("")).ok()).collect())
    }

    /// Lets the caller at a logged model, deleted ones too.
    pub(crate) async fn model<L: Level>(&self, id: ModelId) -> Result<ModelGrant<L>> {
        let missing = || Error::missing(format!("Logged model with ID '{id}' not found."));
        let found = store::permission::of_model(&self.domain.db, id, self.caller.user()).await?;
        let Found { thing, level } = found.ok_or_else(missing)?;
        self.visible_level::<L>(level, missing)?;
        Ok(ModelGrant { id, lifecycle: thing.lifecycle, level: PhantomData })
    }

    /// Lets the caller at a registered model.
    pub(crate) async fn registered<L: Level>(&self, name: &str) -> Result<RegisteredGrant<L>> {
        let missing = || Error::missing(format!("Registered Model with name={name} not found"));
        let found = store::permission::of_registered(&self.domain.db, name, self.caller.user()).await?;
        let Found { thing: (), level } = found.ok_or_else(missing)?;
        self.visible_level::<L>(level, missing)?;
        Ok(RegisteredGrant { name: name.to_owned(), level: PhantomData })
    }

    /// Lets the caller at artifacts. Their path starts with their experiment; what lies elsewhere is for admins.
    pub(crate) async fn artifact_grant<L: Level>(&self, path: ArtifactPath) -> Result<ArtifactGrant<L>> {
        match path.experiment() {
            Some(experiment) => {
                self.experiment::<L>(experiment).await?;
            }
            None if self.caller.is_admin() => {}
            None => return Err(Error::missing("No such artifact.")),
        }
        Ok(ArtifactGrant { path, level: PhantomData })
    }

    /// What lists may show the caller.
    pub(crate) fn visible(&self) -> VisibleTo {
        match &self.caller {
            caller if caller.is_admin() => VisibleTo::Everything,
            Caller::User { id, .. } => {
                VisibleTo::User { user: *id, default: self.domain.default_permission() }
            }
            Caller::Local => VisibleTo::Everything,
        }
    }
}
