//! Flags of single sign-on.

use crate::oidc::{Oidc, Settings};
use clap::Args;
use domain::account::Admission;

#[derive(Debug, Args)]
#[command(next_help_heading = "Single sign-on by OpenID Connect")]
pub struct OidcArgs {
    /// Address of the identity provider, as its discovery document names it. It must send people back to
    /// https://this-server/sign-in/oidc/callback.
    #[arg(long, env = "RUNMARK_OIDC_ISSUER", requires = "oidc_client_id")]
    oidc_issuer: Option<String>,
    /// What the provider knows this server by.
    #[arg(long, env = "RUNMARK_OIDC_CLIENT_ID", requires = "oidc_issuer")]
    oidc_client_id: Option<String>,
    /// Proves that; without one the provider must know a public client. Rather set it in the environment: others on this machine
    /// see the arguments of programs.
    #[arg(long, env = "RUNMARK_OIDC_CLIENT_SECRET", hide_env_values = true)]
    oidc_client_secret: Option<String>,
    /// What is asked for beside openid.
    #[arg(long, value_delimiter = ',', default_value = "profile,email")]
    oidc_scopes: Vec<String>,
    /// Claim with the name of an account.
    #[arg(long, default_value = "preferred_username")]
    oidc_name_claim: String,
    /// Claim with names of groups; those that are groups here, too, take people in and out.
    #[arg(long, default_value = "groups")]
    oidc_groups_claim: String,
    /// Group of the provider whose members are admins. Without it admins are made here.
    #[arg(long)]
    oidc_admin_group: Option<String>,
    /// Whether people get an account when they first sign in.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    oidc_new_accounts: bool,
    /// Whether an account that there is already becomes that of whoever has its name at the provider. Only where nobody can
    /// choose their own name there.
    #[arg(long)]
    oidc_by_name: bool,
    /// What the button on the sign-in page says.
    #[arg(long, default_value = "Single sign-on")]
    oidc_label: String,
}

impl OidcArgs {
    /// The provider, if one is named.
    pub fn read(self) -> Result<Option<Oidc>, String> {
        let (Some(issuer), Some(client_id)) = (self.oidc_issuer, self.oidc_client_id) else {
            return Ok(None);
        };
        let settings = Settings {
            issuer,
            client_id,
            client_secret: self.oidc_client_secret.filter(|secret| !secret.is_empty()),
            scopes: self.oidc_scopes.into_iter().filter(|scope| !scope.is_empty()).collect(),
            name_claim: self.oidc_name_claim,
            groups_claim: self.oidc_groups_claim,
            admin_group: self.oidc_admin_group,
            admission: Admission { new_accounts: self.oidc_new_accounts, by_name: self.oidc_by_name },
            label: self.oidc_label,
        };
        Oidc::new(settings).map(Some)
    }
}
