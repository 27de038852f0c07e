//! The audit log: who did what, when, from where, to what.

use crate::{ExperimentId, Millis, ModelId, RunId, TraceId, WebhookId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A row of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Millis,
    /// Name of the account at that time; empty where nobody was known.
    pub actor: String,
    /// Name of the token that was used, if one was.
    pub token: Option<String>,
    /// Where the call came from; `None`: from the machine itself.
    pub address: Option<String>,
    /// What was done: one of [`Action`]'s names. Text, as a log outlives versions.
    pub action: String,
    /// What kind of thing it was done to; empty for none.
    pub kind: String,
    /// Its number, id or name.
    pub object: String,
    /// Whether it was done; otherwise it was refused.
    pub done: bool,
    /// JSON: what the action is about, with before and after where there is a before.
    pub detail: String,
    /// Its place in the chain, from 1; `None` for the moment until it has one.
    pub place: Option<i64>,
}

/// Which rows of the audit log are asked for. What is empty or `None` doesn't matter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventFilter {
    /// By whom.
    pub actor: String,
    /// An action, or the part before its dot: `run.delete`, `run`.
    pub action: String,
    /// The kind of thing: `run`.
    pub kind: String,
    /// A thing of that kind.
    pub object: String,
    /// Only what was done, or only what was refused.
    pub done: Option<bool>,
    /// Not before.
    pub from: Option<Millis>,
    /// Before.
    pub until: Option<Millis>,
}

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),* $(,)?) => {
        /// What is told of. The names are for good: they are in logs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action {
            $($(#[$doc])* $variant),*
        }

        impl Action {
            /// All there are.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// As it is stored and shown.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),*
                }
            }
        }
    };
}

actions! {
    /// Somebody tried something that they may not do.
    Denied = "access.denied",
    /// Somebody signed in to the site, or tried to.
    SignIn = "session.sign_in",
    /// Somebody who must show a code, too, had the right password.
    FirstFactor = "session.first_factor",
    /// Somebody signed in by a link, or tried to.
    SignInByLink = "session.sign_in_by_link",
    /// A session was ended.
    SignOut = "session.sign_out",
    /// An account was made.
    UserCreate = "user.create",
    /// An account got another name.
    UserRename = "user.rename",
    /// An account may do nothing any more.
    UserDisable = "user.disable",
    /// An account may act again.
    UserEnable = "user.enable",
    /// Somebody became an admin, or no longer is one.
    UserAdmin = "user.admin",
    /// An account was deleted.
    UserDelete = "user.delete",
    /// A password was changed.
    UserPassword = "user.password",
    /// An account became that of somebody whom an identity provider vouches for.
    UserIdentity = "user.identity",
    /// An account asks for a code beside the password.
    SecondFactorOn = "user.second_factor_on",
    /// An account no longer asks for a code.
    SecondFactorOff = "user.second_factor_off",
    /// A link that signs in was made.
    UserLink = "user.link",
    /// A token was made.
    TokenCreate = "token.create",
    /// A token was deleted.
    TokenDelete = "token.delete",
    /// A share link was made.
    ShareCreate = "share.create",
    /// A share link was deleted.
    ShareDelete = "share.delete",
    /// Something was set that concerns the whole server.
    SettingChange = "setting.change",
    /// A group was made.
    GroupCreate = "group.create",
    /// A group got another name.
    GroupRename = "group.rename",
    /// A group was deleted.
    GroupDelete = "group.delete",
    /// Somebody was taken into a group.
    GroupAdd = "group.add",
    /// Somebody was taken out of a group.
    GroupRemove = "group.remove",
    /// A permission was given or changed.
    PermissionGive = "permission.give",
    /// A permission was taken.
    PermissionTake = "permission.take",
    /// An experiment was made.
    ExperimentCreate = "experiment.create",
    /// An experiment got another name.
    ExperimentRename = "experiment.rename",
    /// A view of an experiment was saved.
    ViewSave = "view.save",
    /// A view of an experiment was deleted.
    ViewDelete = "view.delete",
    /// An experiment went to the trash.
    ExperimentDelete = "experiment.delete",
    /// An experiment came out of the trash.
    ExperimentRestore = "experiment.restore",
    /// A tag of an experiment was set or deleted.
    ExperimentTag = "experiment.tag",
    /// A run was launched.
    RunCreate = "run.create",
    /// A run's status, end or name was changed.
    RunUpdate = "run.update",
    /// A run went to the trash.
    RunDelete = "run.delete",
    /// A run came out of the trash.
    RunRestore = "run.restore",
    /// A run was moved to another experiment.
    RunMove = "run.move",
    /// A tag of a run was deleted.
    RunTagDelete = "run.tag_delete",
    /// Files were deleted.
    ArtifactDelete = "artifact.delete",
    /// Traces were deleted.
    TraceDelete = "trace.delete",
    /// A tag of a trace was deleted.
    TraceTagDelete = "trace.tag_delete",
    /// An assessment of a trace was changed.
    AssessmentUpdate = "assessment.update",
    /// An assessment of a trace was deleted.
    AssessmentDelete = "assessment.delete",
    /// A model was logged.
    ModelCreate = "model.create",
    /// A logged model was changed.
    ModelUpdate = "model.update",
    /// A logged model went to the trash.
    ModelDelete = "model.delete",
    /// A registered model was made.
    RegisteredCreate = "registered_model.create",
    /// A registered model, its tags or aliases were changed.
    RegisteredUpdate = "registered_model.update",
    /// A registered model got another name.
    RegisteredRename = "registered_model.rename",
    /// A registered model was deleted.
    RegisteredDelete = "registered_model.delete",
    /// A version was made.
    VersionCreate = "model_version.create",
    /// A version, its tags or its stage were changed.
    VersionUpdate = "model_version.update",
    /// A version was deleted.
    VersionDelete = "model_version.delete",
    /// A webhook was made.
    WebhookCreate = "webhook.create",
    /// A webhook was changed.
    WebhookUpdate = "webhook.update",
    /// A webhook was deleted.
    WebhookDelete = "webhook.delete",
    /// Something was sent to a webhook to see whether it arrives.
    WebhookTest = "webhook.test",
}

/// What something is done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Object {
    /// Nothing in particular.
    None,
    /// An account, by name.
    User(String),
    /// A token, by name.
    Token(String),
    /// A share link, by the first characters of its code.
    Share(String),
    /// A group, by name.
    Group(String),
    /// An experiment.
    Experiment(ExperimentId),
    /// A run.
    Run(RunId),
    /// A trace.
    Trace(TraceId),
    /// A logged model.
    Model(ModelId),
    /// A registered model, by name.
    Registered(String),
    /// A version of a registered model.
    Version(String, i64),
    /// Files below a path.
    Artifact(String),
    /// A webhook.
    Webhook(WebhookId),
}

impl Object {
    /// What kind of thing it is.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "",
            Self::User(_) => "user",
            Self::Token(_) => "token",
            Self::Share(_) => "share",
            Self::Group(_) => "group",
            Self::Experiment(_) => "experiment",
            Self::Run(_) => "run",
            Self::Trace(_) => "trace",
            Self::Model(_) => "model",
            Self::Registered(_) => "registered_model",
            Self::Version(..) => "model_version",
            Self::Artifact(_) => "artifact",
            Self::Webhook(_) => "webhook",
        }
    }
}

/// Its number, id or name.
impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::User(name)
            | Self::Token(name)
            | Self::Share(name)
            | Self::Group(name)
            | Self::Registered(name) => f.write_str(name),
            Self::Artifact(path) => f.write_str(path),
            Self::Experiment(id) => id.fmt(f),
            Self::Run(id) => id.fmt(f),
            Self::Trace(id) => id.fmt(f),
            Self::Model(id) => id.fmt(f),
            Self::Webhook(id) => id.fmt(f),
            Self::Version(name, version) => write!(f, "{name}/{version}"),
        }
    }
}

/// How the chain of the audit log stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// Rows in it.
    pub length: i64,
    /// Hash of the last of them, in hex. Kept elsewhere, it shows later whether rows were taken from the end.
    pub head: String,
    /// The first place where the chain is broken, and how.
    pub broken: Option<(i64, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn actions_have_names_of_their_own_in_two_parts() {
        let names: HashSet<&str> = Action::ALL.iter().map(|action| action.name()).collect();
        assert_eq!(names.len(), Action::ALL.len());
        assert!(names.iter().all(|name| name.split('.').count() == 2), "{names:?}");
    }
}
