//! The permission gate: the only place where a grant can be made.
//!
//! A store function that touches an experiment, a run, a model takes a grant to it, not its id; this module alone makes
//! grants, after it looked at who is calling. Lists take [`VisibleTo`], which becomes part of the query.
//! What the caller may not read answers exactly as what isn't there. Whoever has a share link is a caller too ([`Guest`]), who is
//! let at nothing but what the link names. What they may read, but not do this to, says which
//! level is missing.
//! Guests are let in by [`guest`].
//! To gate a new kind of thing: a grant type here, one store function in `store/permission.rs` that finds its level.

mod guest;

use crate::{
    Acting,
    artifact::{ArtifactPath, Owner},
    error::{Error, Result},
    store::{
        self,
        permission::{Found, FoundExperiment, FoundRun},
    },
};
use model::{
    Code, ExperimentId, ModelId, Permission, Problem, RunId, TokenId, TraceId, UserId,
    account::{Limits, Scope},
    audit::Object,
    experiment::Lifecycle,
    share::Reach,
};
use serde_json::json;
use std::{
    collections::{HashMap, HashSet},
    fmt,
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
        /// Is an admin, who sees everything and manages accounts.
        is_admin: bool,
        /// The token that they showed, if it was one.
        token: Option<Arc<UsedToken>>,
    },
    /// Whoever has a share link for anybody. Sees what it reaches, as long as who made it may, and nothing else.
    Guest(Arc<Guest>),
}

/// What a share link lets whoever has it see.
#[derive(PartialEq, Eq)]
pub struct Guest {
    /// Its code.
    pub code: String,
    /// Who made it.
    pub maker: UserId,
    /// Whether they are an admin.
    pub maker_is_admin: bool,
    /// What it reaches.
    pub reach: Reach,
    /// Whether the files of its runs are shown, too.
    pub with_files: bool,
}

/// A token that somebody showed.
#[derive(Debug, PartialEq, Eq)]
pub struct UsedToken {
    /// Which.
    pub id: TokenId,
    /// What its owner calls it.
    pub name: String,
    /// What it may be used for.
    pub limits: Limits,
}

/// Without the code, which is all that is needed to see.
impl fmt::Debug for Guest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guest").field("reach", &self.reach).finish_non_exhaustive()
    }
}

impl Caller {
    /// The account, if there is one.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::Local | Self::Guest(_) => None,
            Self::User { id, .. } => Some(*id),
        }
    }

    /// The account whose permissions are looked up.
    pub(crate) fn permitted_as(&self) -> Option<UserId> {
        match self {
            Self::Guest(guest) => Some(guest.maker),
            Self::Local | Self::User { .. } => self.user(),
        }
    }

    /// What to call them.
    pub fn name(&self) -> &str {
        match self {
            Self::Local => "you",
            Self::User { name, .. } => name,
            Self::Guest(_) => "whoever has this link",
        }
    }

    /// Whether they manage accounts, and no permission is asked for: an admin whose credential isn't limited.
    pub fn is_admin(&self) -> bool {
        self.is_admins() && self.limits().is_none()
    }

    /// Whether the account is an admin's, however limited the credential is.
    fn is_admins(&self) -> bool {
        matches!(self, Self::Local | Self::User { is_admin: true, .. })
    }

    /// What the credential may be used for, if that is less than the account may.
    pub fn limits(&self) -> Option<&Limits> {
        match self {
            Self::Local | Self::Guest(_) => None,
            Self::User { token, .. } => {
                token.as_ref().map(|token| &token.limits).filter(|limits| !limits.is_none())
            }
        }
    }

    /// The experiments that the credential is limited to, if it is.
    fn experiments(&self) -> Option<&[ExperimentId]> {
        self.limits().and_then(|limits| limits.experiments.as_deref())
    }

    /// Of what the account may, what may be done with this credential to a thing in this experiment, or in none.
    fn limited(&self, level: Permission, experiment: Option<ExperimentId>) -> Permission {
        // What a link reaches is asked for by name: see `level_of_run` and `table`.
        if matches!(self, Self::Guest(_)) {
            return Permission::NoPermissions;
        }
        let Some(Limits { scope, experiments }) = self.limits() else { return level };
        match experiments {
            Some(only) if !experiment.is_some_and(|experiment| only.contains(&experiment)) => {
                Permission::NoPermissions
            }
            _ => level.min(scope.most()),
        }
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

    /// The same run where it is now: it may have been moved since the gate looked.
    pub fn now_in(self, experiment: ExperimentId) -> Self {
        Self { experiment, ..self }
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

/// A trace that the caller was let at.
#[derive(Debug, Clone)]
pub(crate) struct TraceGrant<L> {
    id: TraceId,
    level: PhantomData<L>,
}

impl<L> TraceGrant<L> {
    pub fn id(&self) -> TraceId {
        self.id
    }
}

/// A registered model that the caller was let at.
#[derive(Debug, Clone)]
pub(crate) struct RegisteredGrant<L> {
    name: String,
    /// What the caller may do to it.
    pub permission: Permission,
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
#[derive(Debug, Clone)]
pub(crate) struct VisibleTo {
    /// Whose permissions count, and what they may do to what nobody said anything about; `None`: no permission is asked for.
    pub account: Option<(UserId, Permission)>,
    /// The experiments that the credential is limited to; then no registered model is seen.
    pub only: Option<Vec<ExperimentId>>,
}

impl VisibleTo {
    /// Whether all there is may be read.
    pub fn everything(&self) -> bool {
        self.account.is_none() && self.only.is_none()
    }
}

impl Acting {
    /// What the caller may do to something in an experiment (or in none) that they were given this level of, if any.
    pub(crate) fn level_of(&self, given: Option<Permission>, experiment: Option<ExperimentId>) -> Permission {
        let level = if self.caller.is_admins() {
            Permission::Manage
        } else {
            given.unwrap_or(self.domain.default_permission())
        };
        self.caller.limited(level, experiment)
    }

    /// What the caller may do to a run in an experiment that they were given this level of.
    fn level_of_run(&self, given: Option<Permission>, run: &FoundRun) -> Permission {
        match &self.caller {
            Caller::Guest(guest) => {
                let reached = matches!(&guest.reach, Reach::Runs(runs) if runs.contains(&run.id));
                if reached && run.lifecycle == Lifecycle::Active {
                    self.level_of_guest(guest, given)
                } else {
                    Permission::NoPermissions
                }
            }
            Caller::Local | Caller::User { .. } => self.level_of(given, Some(run.experiment)),
        }
    }

    fn visible_level<L: Level>(
        &self,
        level: Permission,
        object: Object,
        missing: impl FnOnce() -> Error,
    ) -> Result<Permission> {
        if level < L::NEEDED && L::NEEDED > Permission::Read {
            self.note_refusal(object, json!({ "needs": L::NEEDED.name(), "has": level.name() }));
        }
        if level < Permission::Read {
            return Err(missing());
        }
        if level < L::NEEDED {
            let whose = if self.caller.limits().is_some() { "the token of " } else { "" };
            let message = format!(
                "Permission denied: this needs {}, and {whose}{} has {level}.",
                L::NEEDED,
                self.caller.name()
            );
            return Err(Problem::new(Code::PermissionDenied, message).into());
        }
        Ok(level)
    }

    /// Lets the caller make an experiment or a registered model, which needs no permission but a credential for it.
    pub(crate) fn may_make(&self) -> Result<()> {
        if matches!(self.caller, Caller::Guest(_)) {
            return Err(
                Problem::new(Code::PermissionDenied, "Permission denied: a link shows, no more.").into()
            );
        }
        let Some(limits) = self.caller.limits() else { return Ok(()) };
        let why = match limits {
            Limits { experiments: Some(_), .. } => "is for some experiments only",
            Limits { scope: Scope::Read, .. } => "is for reading only",
            _ => return Ok(()),
        };
        self.note_refusal(Object::None, json!({ "why": why }));
        Err(Problem::new(Code::PermissionDenied, format!("Permission denied: this token {why}.")).into())
    }

    /// Lets the caller at an experiment.
    pub(crate) async fn experiment<L: Level>(&self, id: ExperimentId) -> Result<ExperimentGrant<L>> {
        let missing = || Error::missing(format!("No Experiment with id={id} exists"));
        let found = self.found_experiment::<L>(id).await?;
        let Found { thing, level } = found.ok_or_else(missing)?;
        let level = self.level_of(level, Some(id));
        let permission = self.visible_level::<L>(level, Object::Experiment(id), missing)?;
        Ok(experiment_grant(id, thing, permission))
    }

    fn run_grant<L: Level>(
        &self,
        found: Found<FoundRun>,
        missing: impl FnOnce() -> Error,
    ) -> Result<RunGrant<L>> {
        let Found { thing, level } = found;
        let level = self.level_of_run(level, &thing);
        Ok(RunGrant {
            id: thing.id,
            permission: self.visible_level::<L>(level, Object::Run(thing.id), missing)?,
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
        let found = store::permission::of_model(&self.domain.db, id, self.caller.permitted_as()).await?;
        let Found { thing, level } = found.ok_or_else(missing)?;
        let level = self.level_of(level, Some(thing.experiment));
        self.visible_level::<L>(level, Object::Model(id), missing)?;
        Ok(ModelGrant { id, lifecycle: thing.lifecycle, level: PhantomData })
    }

    /// Lets the caller at a trace.
    pub(crate) async fn trace<L: Level>(&self, id: TraceId) -> Result<TraceGrant<L>> {
        let missing = || store::trace::missing(id);
        let found = store::permission::of_trace(&self.domain.db, id, self.caller.permitted_as()).await?;
        let Found { thing: experiment, level } = found.ok_or_else(missing)?;
        let level = self.level_of(level, Some(experiment));
        self.visible_level::<L>(level, Object::Trace(id), missing)?;
        Ok(TraceGrant { id, level: PhantomData })
    }

    /// Lets the caller at a registered model.
    pub(crate) async fn registered<L: Level>(&self, name: &str) -> Result<RegisteredGrant<L>> {
        let missing = || Error::missing(format!("Registered Model with name={name} not found"));
        let found =
            store::permission::of_registered(&self.domain.db, name, self.caller.permitted_as()).await?;
        let Found { thing: (), level } = found.ok_or_else(missing)?;
        let level = self.level_of(level, None);
        let permission = self.visible_level::<L>(level, Object::Registered(name.to_owned()), missing)?;
        Ok(RegisteredGrant { name: name.to_owned(), permission, level: PhantomData })
    }

    /// What the caller may do to an experiment; nothing to one that isn't there.
    pub(crate) async fn level_at_experiment(&self, id: ExperimentId) -> Result<Permission> {
        let found = self.found_experiment::<Manage>(id).await?;
        Ok(found.map_or(Permission::NoPermissions, |found| self.level_of(found.level, Some(id))))
    }

    /// What the caller may do to a registered model; nothing to one that isn't there.
    pub(crate) async fn level_at_registered(&self, name: &str) -> Result<Permission> {
        let found =
            store::permission::of_registered(&self.domain.db, name, self.caller.permitted_as()).await?;
        Ok(found.map_or(Permission::NoPermissions, |found| self.level_of(found.level, None)))
    }

    /// Lets the caller at artifacts. Those of a run or a logged model go with it: its experiment counts, wherever they lie. Of
    /// others the first step of their path counts, an experiment; what lies elsewhere is for admins.
    pub(crate) async fn artifact_grant<L: Level>(&self, path: ArtifactPath) -> Result<ArtifactGrant<L>> {
        // What a link shows of files is asked for by its run: see `shared_files`.
        if matches!(self.caller, Caller::Guest(_)) {
            return Err(Error::missing("No such artifact."));
        }
        match path.experiment() {
            Some(experiment) => {
                if !self.owner_lets::<L>(&path, experiment).await? {
                    self.experiment::<L>(experiment).await?;
                }
            }
            None if self.caller.is_admin() => {}
            None => return Err(Error::missing("No such artifact.")),
        }
        Ok(artifact_grant(path))
    }

    /// Whether the path names a run or a logged model that is there, and the caller may do this to it; an error if they may not.
    async fn owner_lets<L: Level>(&self, path: &ArtifactPath, experiment: ExperimentId) -> Result<bool> {
        // As if nothing were there at all: nobody learns from it which runs there are.
        let missing = || Error::missing(format!("No Experiment with id={experiment} exists"));
        match path.owner() {
            None => Ok(false),
            Some(Owner::Run(run)) => match self.found_runs::<L>(&[run]).await?.pop() {
                Some(found) => self.run_grant::<L>(found, missing).map(|_| true),
                None => Ok(false),
            },
            Some(Owner::Model(model)) => {
                let user = self.caller.permitted_as();
                match store::permission::of_model(&self.domain.db, model, user).await? {
                    Some(Found { thing, level }) => {
                        let level = self.level_of(level, Some(thing.experiment));
                        self.visible_level::<L>(level, Object::Model(model), missing).map(|_| true)
                    }
                    None => Ok(false),
                }
            }
        }
    }

    /// What lists may show the caller.
    pub(crate) fn visible(&self) -> VisibleTo {
        if matches!(self.caller, Caller::Guest(_)) {
            return VisibleTo { account: None, only: Some(Vec::new()) };
        }
        let user = self.caller.user().filter(|_| !self.caller.is_admins());
        VisibleTo {
            account: user.map(|user| (user, self.domain.default_permission())),
            only: self.caller.experiments().map(<[_]>::to_vec),
        }
    }
}

fn artifact_grant<L: Level>(path: ArtifactPath) -> ArtifactGrant<L> {
    ArtifactGrant { path, level: PhantomData }
}

fn experiment_grant<L: Level>(
    id: ExperimentId,
    found: FoundExperiment,
    permission: Permission,
) -> ExperimentGrant<L> {
    ExperimentGrant {
        id,
        artifact_location: found.artifact_location,
        lifecycle: found.lifecycle,
        permission,
        level: PhantomData,
    }
}
