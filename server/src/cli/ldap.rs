//! Flags of sign-in by an LDAP server.

use crate::ldap::{Groups, LdapDirectory, Settings};
use clap::Args;
use domain::account::Admission;

#[derive(Debug, Args)]
#[command(next_help_heading = "Sign-in by LDAP")]
pub struct LdapArgs {
    /// Address of an LDAP server, such as ldaps://ldap.example.org: names and passwords that aren't known here are asked of it. It
    /// must have a certificate that this machine trusts (SSL_CERT_FILE names others). What goes to an ldap:// address is secured
    /// by StartTLS.
    #[arg(long, env = "RUNMARK_LDAP_URL", requires = "ldap_base")]
    ldap_url: Option<String>,
    /// Sends names and passwords to an ldap:// address as they are, for everybody on the way to read.
    #[arg(long)]
    ldap_plain_text: bool,
    /// Entry that searches for people; without one it is done anonymously.
    #[arg(long, env = "RUNMARK_LDAP_BIND_DN", requires = "ldap_bind_password")]
    ldap_bind_dn: Option<String>,
    /// Its password. Rather set it in the environment: others on this machine see the arguments of programs.
    #[arg(long, env = "RUNMARK_LDAP_BIND_PASSWORD", requires = "ldap_bind_dn", hide_env_values = true)]
    ldap_bind_password: Option<String>,
    /// Entry below which people are, such as ou=people,dc=example,dc=org.
    #[arg(long, env = "RUNMARK_LDAP_BASE", requires = "ldap_url")]
    ldap_base: Option<String>,
    /// Finds somebody by what they typed as their name. For Active Directory: (sAMAccountName={name})
    #[arg(long, default_value = "(uid={name})")]
    ldap_filter: String,
    /// Attribute with the name of an account. For Active Directory: sAMAccountName
    #[arg(long, default_value = "uid")]
    ldap_name_attribute: String,
    /// Attribute that stays somebody's for good, whatever they are called. For Active Directory: objectGUID
    #[arg(long, default_value = "entryUUID")]
    ldap_id_attribute: String,
    /// Entry below which groups are; those that are groups here, too, take people in and out. Names must be unique below it, and not
    /// for everybody to choose. Without it groups aren't asked for.
    #[arg(long, env = "RUNMARK_LDAP_GROUP_BASE", requires = "ldap_url")]
    ldap_group_base: Option<String>,
    /// Finds the groups of somebody by {dn}, their entry, or {name}, their account.
    #[arg(long, default_value = "(member={dn})")]
    ldap_group_filter: String,
    /// Attribute with the name of a group.
    #[arg(long, default_value = "cn")]
    ldap_group_attribute: String,
    /// Group whose members are admins, by its name or its entry. Without it admins are made here.
    #[arg(long, requires = "ldap_group_base")]
    ldap_admin_group: Option<String>,
    /// Whether people get an account when they first sign in.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    ldap_new_accounts: bool,
    /// Whether an account that there is already becomes that of whoever has its name in the directory. Only where nobody can choose
    /// their own name there.
    #[arg(long)]
    ldap_by_name: bool,
}

impl LdapArgs {
    /// The server, if one is named.
    pub fn read(self) -> Result<Option<LdapDirectory>, String> {
        let (Some(url), Some(base)) = (self.ldap_url, self.ldap_base) else { return Ok(None) };
        if self.ldap_bind_password.as_ref().is_some_and(String::is_empty) {
            return Err(
                "--ldap-bind-password is empty: the LDAP server would be searched by nobody.".to_owned()
            );
        }
        let groups = self.ldap_group_base.map(|base| Groups {
            base,
            filter: self.ldap_group_filter,
            name_attribute: self.ldap_group_attribute,
            admin_group: self.ldap_admin_group,
        });
        let settings = Settings {
            url,
            plain_text: self.ldap_plain_text,
            reader: self.ldap_bind_dn.zip(self.ldap_bind_password),
            base,
            filter: self.ldap_filter,
            name_attribute: self.ldap_name_attribute,
            id_attribute: self.ldap_id_attribute,
            groups,
            admission: Admission { new_accounts: self.ldap_new_accounts, by_name: self.ldap_by_name },
        };
        LdapDirectory::new(settings).map(Some)
    }
}
