//! Commands that manage people: accounts, groups, permissions.

use super::Failure;
use clap::{Args, Subcommand};
use domain::Acting;
use model::{ExperimentId, Permission, permission::Subject};

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Make an account and print a link that signs in once.
    Add {
        /// What they sign in with.
        name: String,
        /// May do everything.
        #[arg(long)]
        admin: bool,
        /// An account for programs: it gets tokens and can't sign in, so no link is printed.
        #[arg(long, conflicts_with = "admin")]
        service: bool,
        /// The server's address, for the link.
        #[arg(long, default_value = "http://127.0.0.1:5000")]
        url: String,
    },
    /// Print a link that signs somebody in once, within a day.
    Link {
        /// Whose.
        name: String,
        /// The server's address.
        #[arg(long, default_value = "http://127.0.0.1:5000")]
        url: String,
    },
    /// List accounts: name, what it is, whether it may do anything.
    List,
    /// Give an account another name.
    Rename {
        /// Its name.
        name: String,
        /// Its new name.
        to: String,
    },
    /// Keep an account from doing anything, at once, until it is enabled again.
    Disable {
        /// Whose.
        name: String,
    },
    /// Let a disabled account do what it may.
    Enable {
        /// Whose.
        name: String,
    },
    /// End all sessions of somebody; their tokens go on working.
    SignOut {
        /// Whose.
        name: String,
    },
    /// Switch off two-step sign-in of somebody who lost their app and their recovery codes.
    ResetSecondFactor {
        /// Whose.
        name: String,
    },
    /// Make somebody an admin, or no longer one.
    Admin {
        /// Whom.
        name: String,
        /// No longer.
        #[arg(long)]
        revoke: bool,
    },
    /// Delete an account: its tokens and permissions are gone, what it made stays its.
    Delete {
        /// Whose.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum GroupCommand {
    /// Make a group.
    Create {
        /// What to call it.
        name: String,
    },
    /// Delete a group: its members lose what was given to it.
    Delete {
        /// Which.
        name: String,
    },
    /// Take users into a group.
    Add {
        /// Which group.
        name: String,
        /// Whom.
        #[arg(required = true)]
        users: Vec<String>,
    },
    /// Take users out of a group.
    Remove {
        /// Which group.
        name: String,
        /// Whom.
        #[arg(required = true)]
        users: Vec<String>,
    },
    /// List groups and who is in them.
    List,
}

#[derive(Debug, Args)]
#[command(
    group(clap::ArgGroup::new("what").required(true).args(["experiment", "registered_model"])),
    group(clap::ArgGroup::new("to").required(true).args(["user", "group", "everyone"]))
)]
pub(super) struct GrantArgs {
    /// To this user.
    #[arg(long)]
    user: Option<String>,
    /// To the members of this group.
    #[arg(long)]
    group: Option<String>,
    /// To everybody with an account.
    #[arg(long)]
    everyone: bool,
    /// Number of the experiment.
    #[arg(long)]
    experiment: Option<i64>,
    /// Name of the registered model.
    #[arg(long)]
    registered_model: Option<String>,
    /// NO_PERMISSIONS, READ, USE, EDIT or MANAGE.
    permission: Permission,
}

impl UserCommand {
    pub(super) async fn run(self, operator: &Acting) -> Result<String, Failure> {
        let link =
            |url: &str, secret: &str| format!("{}/sign-in/link?token={secret}\n", url.trim_end_matches('/'));
        let mut text = String::new();
        match self {
            Self::Add { name, service: true, .. } => {
                operator.create_service(&name).await?;
            }
            Self::Add { name, admin, url, .. } => {
                operator.create_user_without_password(&name, admin).await?;
                text = link(&url, &operator.create_sign_in_link(&name).await?);
            }
            Self::Link { name, url } => text = link(&url, &operator.create_sign_in_link(&name).await?),
            Self::List => {
                for user in operator.list_users().await? {
                    let kind = match (user.is_admin, user.is_service) {
                        (true, _) => "admin",
                        (_, true) => "service",
                        _ => "user",
                    };
                    text.push_str(&format!("{}\t{kind}\t{}\n", user.name, user.state.name()));
                }
            }
            Self::Rename { name, to } => operator.rename_user(&name, &to).await?,
            Self::Disable { name } => operator.disable_user(&name).await?,
            Self::Enable { name } => operator.enable_user(&name).await?,
            Self::SignOut { name } => operator.sign_out_user(&name).await?,
            Self::ResetSecondFactor { name } => {
                text = match operator.reset_second_factor(&name).await? {
                    true => format!("{name} is no longer asked for a code.\n"),
                    false => format!("{name} has no two-step sign-in.\n"),
                };
            }
            Self::Admin { name, revoke } => operator.set_admin(&name, !revoke).await?,
            Self::Delete { name } => operator.delete_user(&name).await?,
        }
        Ok(text)
    }
}

impl GroupCommand {
    pub(super) async fn run(self, operator: &Acting) -> Result<String, Failure> {
        let mut text = String::new();
        match self {
            Self::Create { name } => {
                operator.create_group(&name).await?;
            }
            Self::Delete { name } => operator.delete_group(&name).await?,
            Self::Add { name, users } => {
                for user in users {
                    operator.add_to_group(&name, &user).await?;
                }
            }
            Self::Remove { name, users } => {
                for user in users {
                    operator.remove_from_group(&name, &user).await?;
                }
            }
            Self::List => {
                for group in operator.list_groups().await? {
                    text.push_str(&format!("{}: {}\n", group.name, group.members.join(", ")));
                }
            }
        }
        Ok(text)
    }
}

impl GrantArgs {
    pub(super) async fn run(self, operator: &Acting) -> Result<String, Failure> {
        let to = match (self.user, self.group) {
            (Some(user), _) => Subject::User(user),
            (None, Some(group)) => Subject::Group(group),
            (None, None) => Subject::Everyone,
        };
        if let Some(id) = self.experiment {
            operator.grant_experiment(ExperimentId(id), to.clone(), self.permission).await?;
        }
        if let Some(name) = self.registered_model {
            operator.grant_registered_model(&name, to, self.permission).await?;
        }
        Ok(String::new())
    }
}
