//! Single sign-on by OpenID Connect: the authorization code flow with PKCE (OpenID Connect Core 1.0, 3.1; RFC 7636).
//!
//! Owns: the talk with the provider, and what its claims mean. What becomes of the person is the domain's: see
//! `domain::account::External`. A sign-in that was begun is kept in the browser's session: its state, nonce and verifier.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use domain::account::{Admission, External};
use openidconnect::{
    AccessToken, AdditionalClaims, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, Scope, SubjectIdentifier, TokenResponse as _, UserInfoClaims,
    core::{CoreAuthenticationFlow, CoreClient, CoreGenderClaim, CoreProviderMetadata},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{
    collections::HashMap,
    error::Error,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{sync::Mutex, time::timeout};

/// How long what the provider says of itself counts: its keys change from time to time.
const KNOWN_FOR: Duration = Duration::from_secs(10 * 60);
/// How long it counts that it can't be asked.
const FAILED_FOR: Duration = Duration::from_secs(5);
/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A client of a provider that knows where to send people and where to ask.
type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// How the provider is found, and how it is understood.
#[derive(Clone)]
pub struct Settings {
    /// Its address.
    pub issuer: String,
    /// What it knows this server by.
    pub client_id: String,
    /// Proves that; none for a public client.
    pub client_secret: Option<String>,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// The claim with somebody's name.
    pub name_claim: String,
    /// The claim with their groups.
    pub groups_claim: String,
    /// The group whose members are admins; without one the provider says nothing about it.
    pub admin_group: Option<String>,
    /// What becomes of people who were never here.
    pub admission: Admission,
    /// What the button says.
    pub label: String,
}

/// A sign-in that was begun in a browser.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Begun {
    state: String,
    nonce: String,
    verifier: String,
    /// Where to go afterwards.
    pub next: String,
}

/// The provider. Cheap to clone.
#[derive(Clone)]
pub struct Oidc(Arc<Provider>);

struct Provider {
    settings: Settings,
    http: reqwest::Client,
    known: Mutex<Option<Known>>,
}

/// What the provider said of itself, or why it didn't, and how long that counts.
struct Known {
    asked: Instant,
    counts: Duration,
    said: Result<CoreProviderMetadata, String>,
}

/// All claims that have no type of their own.
#[derive(Debug, Serialize, Deserialize)]
struct Others(HashMap<String, Value>);
impl AdditionalClaims for Others {}

/// A failure with all that caused it, for the log.
fn whole(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl Oidc {
    /// Nothing is asked of the provider yet: it may start later.
    ///
    /// # Errors
    /// In words, if the issuer is no address.
    pub fn new(settings: Settings) -> Result<Self, String> {
        IssuerUrl::new(settings.issuer.clone())
            .map_err(|error| format!("'{}' is no issuer: {error}", settings.issuer))?;
        let http = reqwest::Client::builder()
            // Following what an answer says could lead into the network of this server.
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build()
            .map_err(|error| whole(&error))?;
        Ok(Self(Arc::new(Provider { settings, http, known: Mutex::new(None) })))
    }

    /// The provider's address.
    pub fn issuer(&self) -> &str {
        &self.0.settings.issuer
    }

    /// What the button says.
    pub fn label(&self) -> &str {
        &self.0.settings.label
    }

    /// What becomes of people who were never here.
    pub fn admission(&self) -> Admission {
        self.0.settings.admission
    }

    /// What the provider says of itself: asked for once in a while, and by one at a time. Where it can't be had anew, what it said
    /// before goes on to count, and it isn't asked again at once.
    async fn metadata(&self) -> Result<CoreProviderMetadata, String> {
        let Provider { settings, http, known } = &*self.0;
        let mut known = known.lock().await;
        if let Some(known) = known.as_ref().filter(|known| known.asked.elapsed() < known.counts) {
            return known.said.clone();
        }
        let issuer = IssuerUrl::new(settings.issuer.clone()).map_err(|error| whole(&error))?;
        // Noted before it is asked: whoever comes after one that hangs isn't made to wait as long again.
        let before = known.take().and_then(|known| known.said.ok());
        let hangs = || Err("the provider didn't answer".to_owned());
        *known = Some(Known {
            asked: Instant::now(),
            counts: FAILED_FOR,
            said: before.clone().map_or_else(hangs, Ok),
        });
        let found = CoreProviderMetadata::discover_async(issuer, http).await.map_err(|error| whole(&error));
        let counts = if found.is_ok() { KNOWN_FOR } else { FAILED_FOR };
        let said = match (found, before) {
            (Err(reason), Some(before)) => {
                tracing::warn!(reason, "the identity provider can't be asked; what it said before counts");
                Ok(before)
            }
            (found, _) => found,
        };
        *known = Some(Known { asked: Instant::now(), counts, said: said.clone() });
        said
    }

    /// Forgets what the provider said, unless that was a moment ago: its keys may be others now.
    async fn forget(&self) -> bool {
        let mut known = self.0.known.lock().await;
        let is_old = known.as_ref().is_some_and(|known| known.asked.elapsed() > FAILED_FOR);
        if is_old {
            *known = None;
        }
        is_old
    }

    async fn client(&self, redirect: &str) -> Result<Client, String> {
        let Provider { settings, .. } = &*self.0;
        let metadata = timeout(PATIENCE, self.metadata());
        let metadata = metadata.await.map_err(|_| "the provider takes too long")??;
        let redirect = RedirectUrl::new(redirect.to_owned()).map_err(|error| whole(&error))?;
        let secret = settings.client_secret.clone().map(ClientSecret::new);
        let id = ClientId::new(settings.client_id.clone());
        Ok(CoreClient::from_provider_metadata(metadata, id, secret).set_redirect_uri(redirect))
    }

    /// Where to send a browser that shall come back to `redirect`, and what to keep until then.
    ///
    /// # Errors
    /// In words, if the provider can't be reached.
    pub async fn begin(&self, redirect: &str, next: &str) -> Result<(String, Begun), String> {
        let client = self.client(redirect).await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let mut request = client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
        for scope in &self.0.settings.scopes {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        let (address, state, nonce) = request.set_pkce_challenge(challenge).url();
        let begun = Begun {
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
            next: next.to_owned(),
        };
        Ok((address.into(), begun))
    }

    /// Who came back.
    ///
    /// # Errors
    /// In words for the log, if what came back isn't what was begun, or the provider doesn't vouch for it.
    pub async fn finish(
        &self,
        redirect: &str,
        begun: Begun,
        state: &str,
        code: &str,
    ) -> Result<External, String> {
        if begun.state != state {
            return Err("the state is not that of the sign-in that was begun".to_owned());
        }
        let client = self.client(redirect).await?;
        let exchange = client.exchange_code(AuthorizationCode::new(code.to_owned()));
        let exchange = exchange.map_err(|error| whole(&error))?;
        let answer = exchange
            .set_pkce_verifier(PkceCodeVerifier::new(begun.verifier))
            .request_async(&self.0.http)
            .await
            .map_err(|error| whole(&error))?;
        let token = answer.id_token().ok_or("the provider sent no ID token")?;
        let nonce = Nonce::new(begun.nonce);
        let verified = match token.claims(&client.id_token_verifier(), &nonce) {
            Ok(verified) => verified.clone(),
            // It may have been signed with a key that is newer than what is known.
            Err(_) if self.forget().await => {
                let client = self.client(redirect).await?;
                token.claims(&client.id_token_verifier(), &nonce).map_err(|error| whole(&error))?.clone()
            }
            Err(error) => return Err(whole(&error)),
        };
        let (issuer, subject) = (verified.issuer().as_str().to_owned(), verified.subject().clone());
        // It was verified: what it says besides may be read as it stands.
        let mut claims = payload(&token.to_string()).ok_or("the ID token can't be read")?;
        if let Some(more) = self.asked(&client, answer.access_token().clone(), subject.clone()).await? {
            for (name, value) in more {
                claims.entry(name).or_insert(value);
            }
        }
        Ok(self.0.settings.understood(issuer, subject.as_str().to_owned(), &claims))
    }

    /// What the provider says of somebody when it is asked for it, if it can be.
    async fn asked(
        &self,
        client: &Client,
        token: AccessToken,
        subject: SubjectIdentifier,
    ) -> Result<Option<Map<String, Value>>, String> {
        let Ok(request) = client.user_info(token, Some(subject)) else { return Ok(None) };
        let claims: UserInfoClaims<Others, CoreGenderClaim> =
            request.request_async(&self.0.http).await.map_err(|error| whole(&error))?;
        match serde_json::to_value(&claims) {
            Ok(Value::Object(claims)) => Ok(Some(claims)),
            _ => Ok(None),
        }
    }
}

/// The claims of a token that was verified before.
fn payload(token: &str) -> Option<Map<String, Value>> {
    let part = token.split('.').nth(1)?;
    match serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()? {
        Value::Object(claims) => Some(claims),
        _ => None,
    }
}

impl Settings {
    /// The person that the claims speak of.
    fn understood(&self, issuer: String, subject: String, claims: &Map<String, Value>) -> External {
        // Whoever may write any address into their profile isn't who has it.
        let is_verified = claims.get("email_verified") == Some(&Value::Bool(true));
        let text = |name: &str| {
            let text = claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
            text.filter(|_| name != "email" || is_verified)
        };
        let name = text(&self.name_claim).or_else(|| text("email")).unwrap_or(&subject).to_owned();
        let groups = claims.get(&self.groups_claim).map(|groups| match groups {
            Value::Array(groups) => groups.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Value::String(group) => vec![group.clone()],
            _ => Vec::new(),
        });
        // Who isn't said to be in any group isn't in that of the admins.
        let is_admin = self
            .admin_group
            .as_ref()
            .map(|admins| groups.as_ref().is_some_and(|groups: &Vec<String>| groups.contains(admins)));
        External { issuer, subject, name, groups, is_admin }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(admin_group: Option<&str>) -> Settings {
        Settings {
            issuer: "https://id.example".to_owned(),
            client_id: "runmark".to_owned(),
            client_secret: None,
            scopes: Vec::new(),
            name_claim: "preferred_username".to_owned(),
            groups_claim: "groups".to_owned(),
            admin_group: admin_group.map(str::to_owned),
            admission: Admission { new_accounts: true, by_name: false },
            label: String::new(),
        }
    }

    fn check(admin_group: Option<&str>, claims: Value, expected: (&str, Option<&[&str]>, Option<bool>)) {
        let Value::Object(claims) = claims else { panic!("claims are an object") };
        let person = settings(admin_group).understood("issuer".to_owned(), "42".to_owned(), &claims);
        let groups: Option<Vec<&str>> =
            person.groups.as_ref().map(|groups| groups.iter().map(String::as_str).collect());
        assert_eq!((person.name.as_str(), groups.as_deref(), person.is_admin), expected);
    }

    #[test]
    fn claims_say_who_somebody_is() {
        check(None, json!({ "preferred_username": "ada", "email": "ada@x.example" }), ("ada", None, None));
        let email = json!({ "preferred_username": "", "email": "ada@x.example", "email_verified": true });
        check(None, email, ("ada@x.example", None, None));
        check(None, json!({ "email": "ada@x.example" }), ("42", None, None));
        check(None, json!({ "groups": ["a", 7, "b"] }), ("42", Some(&["a", "b"]), None));
        check(Some("ops"), json!({ "groups": "ops" }), ("42", Some(&["ops"]), Some(true)));
        check(Some("ops"), json!({ "groups": ["dev"] }), ("42", Some(&["dev"]), Some(false)));
        check(Some("ops"), json!({}), ("42", None, Some(false)));
    }
}
