//! Sign-in with the names and passwords of an LDAP server (RFC 4511): whoever is found by their name is bound as with the password
//! that was typed, and the groups that have them as a member are theirs.
//!
//! Owns: the talk with the server, and what its entries mean. What becomes of the person is the domain's: see
//! `domain::account::External`.

use domain::account::{Admission, Directory, External, MOST_GROUPS};
use futures::{FutureExt as _, future::BoxFuture};
use ldap3::{
    Ldap, LdapConnAsync, LdapConnSettings, LdapError, Scope, SearchEntry, SearchOptions, SearchResult,
    ldap_escape,
};
use std::time::Duration;
use tokio::{sync::Semaphore, time::timeout};

/// How long it may take to answer, with the wait for a turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// Questions at once; others wait.
const AT_ONCE: usize = 16;
/// Result code (RFC 4511, appendix A.1): there is more than was asked for.
const SIZE_LIMIT_EXCEEDED: u32 = 4;
/// Of an entry that isn't there; nobody has its password.
const NOBODY: &str = "cn=nobody-has-this-name";
/// With these a bind says that the password isn't theirs, or that they may not come in: inappropriateAuthentication,
/// invalidCredentials, insufficientAccessRights, unwillingToPerform.
const NOT_THEM: [u32; 4] = [48, 49, 50, 53];

/// How the server is found and asked.
#[derive(Clone)]
pub struct Settings {
    /// `ldaps://host` or `ldap://host`, each with a port if it isn't the usual one.
    pub url: String,
    /// Whether what goes to an `ldap://` address is left as it is, rather than secured by StartTLS.
    pub plain_text: bool,
    /// Who searches for people, with which password; nobody: anonymously.
    pub reader: Option<(String, String)>,
    /// Below which entry people are.
    pub base: String,
    /// Finds somebody by `{name}`.
    pub filter: String,
    /// The attribute with the name of their account.
    pub name_attribute: String,
    /// The attribute that stays theirs for good.
    pub id_attribute: String,
    /// Groups, if they are asked for.
    pub groups: Option<Groups>,
    /// What becomes of people who were never here.
    pub admission: Admission,
}

/// How groups are found.
#[derive(Clone)]
pub struct Groups {
    /// Below which entry they are.
    pub base: String,
    /// Finds those of somebody by `{dn}` or `{name}`.
    pub filter: String,
    /// The attribute with a group's name.
    pub name_attribute: String,
    /// The group whose members are admins, by its name or its entry; without one the server says nothing about it.
    pub admin_group: Option<String>,
}

/// A group of somebody.
struct Group {
    dn: String,
    names: Vec<String>,
}

/// An LDAP server.
pub struct LdapDirectory {
    settings: Settings,
    turns: Semaphore,
}

/// Somebody's entry.
struct Person {
    dn: String,
    name: String,
    id: String,
}

impl LdapDirectory {
    /// Nothing is asked of the server yet: it may start later.
    ///
    /// # Errors
    /// In words, if the address or a filter can't be one.
    pub fn new(settings: Settings) -> Result<Self, String> {
        if !["ldap://", "ldaps://"].iter().any(|scheme| settings.url.starts_with(scheme)) {
            return Err(format!(
                "'{}' is no address of an LDAP server: it begins with ldaps:// or ldap://",
                settings.url
            ));
        }
        if !settings.filter.contains("{name}") {
            return Err(format!(
                "the filter '{}' finds everybody: it must have {{name}} in it",
                settings.filter
            ));
        }
        let of_groups = settings.groups.as_ref().map(|groups| groups.filter.as_str());
        if let Some(filter) =
            of_groups.filter(|filter| !filter.contains("{dn}") && !filter.contains("{name}"))
        {
            return Err(format!(
                "the filter '{filter}' finds all groups: it must have {{dn}} or {{name}} in it"
            ));
        }
        for filter in of_groups.into_iter().chain([settings.filter.as_str()]) {
            let tried = filter.replace("{name}", "x").replace("{dn}", "cn=x");
            ldap3::parse_filter(tried).map_err(|_| format!("'{filter}' is no filter: see RFC 4515"))?;
        }
        Ok(Self { settings, turns: Semaphore::new(AT_ONCE) })
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.settings.url
    }

    async fn asked(&self, name: &str, password: &str) -> Result<Option<External>, String> {
        let _turn = self.turns.acquire().await.map_err(|error| error.to_string())?;
        let mut ldap = self.connect().await.map_err(|error| error.to_string())?;
        let found = self.find(&mut ldap, name, password).await;
        // Whatever it says: the connection ends.
        let _ = ldap.unbind().await;
        found
    }

    async fn connect(&self) -> Result<Ldap, LdapError> {
        let settings =
            LdapConnSettings::new().set_conn_timeout(PATIENCE).set_starttls(!self.settings.plain_text);
        let (connection, ldap) = LdapConnAsync::with_settings(settings, &self.settings.url).await?;
        tokio::spawn(async move {
            if let Err(error) = connection.drive().await {
                tracing::warn!(%error, "a connection to the LDAP server broke");
            }
        });
        Ok(ldap)
    }

    async fn find(&self, ldap: &mut Ldap, name: &str, password: &str) -> Result<Option<External>, String> {
        self.bind_reader(ldap).await?;
        let Some(person) = self.person(ldap, name).await? else {
            // It takes as long as for somebody.
            let nobody = format!("{NOBODY},{}", self.settings.base);
            let _ = ldap.simple_bind(&nobody, password).await;
            return Ok(None);
        };
        let bound = ldap.simple_bind(&person.dn, password).await.map_err(|error| error.to_string())?;
        if NOT_THEM.contains(&bound.rc) {
            return Ok(None);
        }
        bound.success().map_err(|error| error.to_string())?;
        let groups = match &self.settings.groups {
            None => None,
            Some(groups) => {
                // Who may read groups is the reader.
                self.bind_reader(ldap).await?;
                Some(of_person(ldap, groups, &person).await?)
            }
        };
        Ok(Some(self.settings.understood(person, groups)))
    }

    async fn bind_reader(&self, ldap: &mut Ldap) -> Result<(), String> {
        let (dn, password) = match &self.settings.reader {
            Some((dn, password)) => (dn.as_str(), password.as_str()),
            None => ("", ""),
        };
        let bound = ldap.simple_bind(dn, password).await.and_then(ldap3::LdapResult::success);
        bound.map(drop).map_err(|error| format!("it doesn't let '{dn}' in: {error}"))
    }

    /// The only entry that the filter finds.
    async fn person(&self, ldap: &mut Ldap, name: &str) -> Result<Option<Person>, String> {
        let settings = &self.settings;
        let filter = settings.filter.replace("{name}", &ldap_escape(name));
        let attributes = [settings.name_attribute.as_str(), settings.id_attribute.as_str()];
        let mut found = search(ldap, &settings.base, &filter, &attributes, 2).await?;
        let Some(entry) = found.pop() else { return Ok(None) };
        if !found.is_empty() {
            tracing::warn!("more than one entry of the LDAP server has the name that somebody typed");
            return Ok(None);
        }
        let names = texts(&entry, &settings.name_attribute);
        let typed = names.iter().find(|one| one.eq_ignore_ascii_case(name)).or(names.first());
        let id = texts(&entry, &settings.id_attribute).into_iter().next();
        let (Some(called), Some(id)) = (typed.cloned(), id) else {
            let (name, id) = (&settings.name_attribute, &settings.id_attribute);
            tracing::error!(entry = entry.dn, "an entry of the LDAP server has no {name} or no {id}");
            return Ok(None);
        };
        Ok(Some(Person { dn: entry.dn, name: called, id }))
    }
}

impl Directory for LdapDirectory {
    fn verify<'a>(
        &'a self,
        name: &'a str,
        password: &'a str,
    ) -> BoxFuture<'a, Result<Option<External>, String>> {
        async move {
            // A bind without a password succeeds, as nobody (RFC 4513, 5.1.2).
            if name.is_empty() || password.is_empty() {
                return Ok(None);
            }
            let asked = timeout(PATIENCE, self.asked(name, password)).await;
            let answer = asked.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())));
            answer.map_err(|reason| format!("{}: {reason}", self.settings.url))
        }
        .boxed()
    }

    fn admission(&self) -> Admission {
        self.settings.admission
    }
}

/// Groups that somebody is a member of. All or none: what isn't said would be taken from them.
async fn of_person(ldap: &mut Ldap, groups: &Groups, person: &Person) -> Result<Vec<Group>, String> {
    let filter = groups.filter.replace("{dn}", &ldap_escape(person.dn.as_str()));
    let filter = filter.replace("{name}", &ldap_escape(person.name.as_str()));
    let attributes = [groups.name_attribute.as_str()];
    let most = i32::try_from(MOST_GROUPS).unwrap_or(i32::MAX);
    let found = search(ldap, &groups.base, &filter, &attributes, most + 1).await?;
    if found.len() > MOST_GROUPS {
        return Err(format!("{} is in more than {MOST_GROUPS} groups", person.dn));
    }
    let group = |entry: SearchEntry| Group { names: texts(&entry, &groups.name_attribute), dn: entry.dn };
    Ok(found.into_iter().map(group).collect())
}

/// At most so many entries.
async fn search(
    ldap: &mut Ldap,
    base: &str,
    filter: &str,
    attributes: &[&str],
    most: i32,
) -> Result<Vec<SearchEntry>, String> {
    let options = SearchOptions::new().sizelimit(most);
    let answer = ldap.with_search_options(options).search(base, Scope::Subtree, filter, attributes).await;
    let SearchResult(entries, result) = answer.map_err(|error| error.to_string())?;
    if result.rc != SIZE_LIMIT_EXCEEDED {
        result.success().map_err(|error| format!("it doesn't search below '{base}': {error}"))?;
    }
    let entries = entries.into_iter().filter(|entry| !entry.is_ref() && !entry.is_intermediate());
    Ok(entries.map(SearchEntry::construct).collect())
}

/// The values of an attribute, in hexadecimal where they are no text. Names of attributes have no case (RFC 4512, 2.5).
fn texts(entry: &SearchEntry, attribute: &str) -> Vec<String> {
    let texts = entry.attrs.iter().filter(|(name, _)| name.eq_ignore_ascii_case(attribute));
    let bytes = entry.bin_attrs.iter().filter(|(name, _)| name.eq_ignore_ascii_case(attribute));
    let hex = |value: &Vec<u8>| value.iter().map(|byte| format!("{byte:02x}")).collect();
    texts
        .flat_map(|(_, values)| values.iter().cloned())
        .chain(bytes.flat_map(|(_, values)| values.iter().map(hex)))
        .collect()
}

impl Settings {
    /// The person that an entry speaks of.
    fn understood(&self, person: Person, groups: Option<Vec<Group>>) -> External {
        let admins = self.groups.as_ref().and_then(|groups| groups.admin_group.as_deref());
        let is_of = |group: &Group, admins: &str| match admins.contains('=') {
            true => group.dn.eq_ignore_ascii_case(admins),
            false => group.names.iter().any(|name| name == admins),
        };
        let is_admin = admins.map(|admins| groups.iter().flatten().any(|group| is_of(group, admins)));
        let names = groups.map(|groups| groups.into_iter().flat_map(|group| group.names).collect());
        // Not by its address: the same people may be found at another one.
        let issuer = format!("ldap:{}", self.base);
        External { issuer, subject: person.id, name: person.name, groups: names, is_admin }
    }
}
