//! Webhooks: addresses that are told by a POST of what happens in the registry, as MLflow's are.

use crate::{
    Millis, WebhookId,
    name::{self, NameError, python_repr},
};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Webhooks that a server has, at most.
pub const MOST_WEBHOOKS: usize = 100;
/// Characters of a name.
const LONGEST_NAME: usize = 63;
/// Characters of an address.
const LONGEST_URL: usize = 2_048;
/// Characters of a description or a secret.
const LONGEST_TEXT: usize = 1_000;

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident = $entity:literal $action:literal),* $(,)?) => {
        /// What a webhook may be told of, in MLflow's words.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum WebhookEvent {
            $($(#[$doc])* $variant),*
        }

        impl WebhookEvent {
            /// All there are.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// To what it happens.
            pub fn entity(self) -> &'static str {
                match self {
                    $(Self::$variant => $entity),*
                }
            }

            /// What happens.
            pub fn action(self) -> &'static str {
                match self {
                    $(Self::$variant => $action),*
                }
            }
        }
    };
}

events! {
    /// A registered model was made.
    RegisteredModelCreated = "registered_model" "created",
    /// A version of one was made.
    ModelVersionCreated = "model_version" "created",
    /// A tag of a version was set.
    ModelVersionTagSet = "model_version_tag" "set",
    /// A tag of a version was deleted.
    ModelVersionTagDeleted = "model_version_tag" "deleted",
    /// A version got an alias.
    ModelVersionAliasCreated = "model_version_alias" "created",
    /// An alias was deleted.
    ModelVersionAliasDeleted = "model_version_alias" "deleted",
    /// A prompt was made.
    PromptCreated = "prompt" "created",
    /// A version of one was made.
    PromptVersionCreated = "prompt_version" "created",
    /// A tag of a prompt was set.
    PromptTagSet = "prompt_tag" "set",
    /// A tag of a prompt was deleted.
    PromptTagDeleted = "prompt_tag" "deleted",
    /// A tag of a prompt's version was set.
    PromptVersionTagSet = "prompt_version_tag" "set",
    /// A tag of a prompt's version was deleted.
    PromptVersionTagDeleted = "prompt_version_tag" "deleted",
    /// A prompt's version got an alias.
    PromptAliasCreated = "prompt_alias" "created",
    /// An alias of a prompt was deleted.
    PromptAliasDeleted = "prompt_alias" "deleted",
    /// More was spent than a budget allows. There are no budgets here: it can be asked for, and never happens.
    BudgetPolicyExceeded = "budget_policy" "exceeded",
}

impl WebhookEvent {
    /// The event of this action on this entity.
    ///
    /// # Errors
    /// There is none, in MLflow's words.
    pub fn of(entity: &str, action: &str) -> Result<Self, NameError> {
        let of_entity = || Self::ALL.iter().filter(move |event| event.entity() == entity);
        of_entity().find(|event| event.action() == action).copied().ok_or_else(|| {
            let mut valid: Vec<String> = of_entity().map(|event| python_repr(event.action())).collect();
            valid.sort();
            refused(format!(
                "Invalid action '{action}' for entity '{entity}'. Valid actions are: [{}]",
                valid.join(", ")
            ))
        })
    }
}

/// `model_version.created`
impl fmt::Display for WebhookEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.entity(), self.action())
    }
}

impl FromStr for WebhookEvent {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.split_once('.') {
            Some((entity, action)) => Self::of(entity, action),
            None => Err(refused(format!("'{text}' is no event of a webhook."))),
        }
    }
}

/// A webhook, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Which.
    pub id: WebhookId,
    /// What people call it; others may be called so, too.
    pub name: String,
    /// Where it is told.
    pub url: String,
    /// Notes.
    pub description: String,
    /// Of what.
    pub events: Vec<WebhookEvent>,
    /// Whether it is told at all.
    pub active: bool,
    /// When it was made.
    pub created: Millis,
    /// When it was last changed.
    pub updated: Millis,
}

/// A webhook to be made. Not to be printed: it holds a secret.
#[derive(Clone)]
pub struct NewWebhook {
    /// What people call it.
    pub name: String,
    /// Where it is told.
    pub url: String,
    /// Notes.
    pub description: String,
    /// Of what.
    pub events: Vec<WebhookEvent>,
    /// What deliveries are signed with; empty: they aren't.
    pub secret: String,
    /// Whether it is told at all.
    pub active: bool,
}

/// What becomes different of a webhook. Not to be printed: it may hold a secret.
#[derive(Clone, Default)]
pub struct WebhookChange {
    /// Another name.
    pub name: Option<String>,
    /// Another address.
    pub url: Option<String>,
    /// Other notes.
    pub description: Option<String>,
    /// Other events.
    pub events: Option<Vec<WebhookEvent>>,
    /// Another secret; empty: deliveries are no longer signed.
    pub secret: Option<String>,
    /// Whether it is told at all.
    pub active: Option<bool>,
}

/// How a webhook does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookState {
    /// Which.
    pub webhook: Webhook,
    /// Whether deliveries are signed.
    pub is_signed: bool,
    /// Deliveries that wait to be sent, or sent again.
    pub waiting: u64,
    /// When it was last tried to deliver something, and why that failed, if it did.
    pub last: Option<(Millis, Option<String>)>,
}

/// What came of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookTest {
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// How the answer's body begins.
    pub body: String,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

fn refused(message: String) -> NameError {
    NameError { message }
}

/// Checks the name of a webhook.
///
/// # Errors
/// More than 63 characters, others than letters, digits, `.`, `_` and `-`, or one of these at an end.
pub fn check_name(name: &str) -> Result<(), NameError> {
    let is_outer = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    let is_right = bytes.len() <= LONGEST_NAME
        && is_outer(bytes.first())
        && is_outer(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    if is_right {
        return Ok(());
    }
    Err(refused(format!(
        "Webhook name {} is invalid. It must start and end with a letter or digit, be less than 63 characters long, and contain only letters, digits, dots (.), underscores (_), and hyphens (-).",
        python_repr(name)
    )))
}

/// Checks how the address of a webhook is written; where it leads isn't known here.
///
/// # Errors
/// No HTTP address, no host, a user or password in it, or more than 2,048 characters.
pub fn check_url(url: &str) -> Result<(), NameError> {
    let shown = || python_repr(url);
    if url.trim().is_empty() {
        return Err(refused(format!("Webhook URL cannot be empty or just whitespace: {}", shown())));
    }
    name::check_length(url, LONGEST_URL, "url")?;
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    if !["https", "http"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return Err(refused(format!(
            "Invalid webhook URL scheme: {}. Allowed schemes are: https, http.",
            python_repr(scheme)
        )));
    }
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(refused(format!("Invalid webhook URL {}: encode what is no ASCII.", shown())));
    }
    let authority = authority_of(rest);
    if authority.is_empty() {
        return Err(refused(format!("Webhook URL must include a hostname: {}", shown())));
    }
    if authority.contains('@') {
        // It would be shown to all admins, and stand in answers.
        let message = "A webhook URL must not hold a user or a password: use a secret.";
        return Err(refused(message.to_owned()));
    }
    Ok(())
}

fn authority_of(rest: &str) -> &str {
    rest.split(['/', '\\', '?', '#']).next().unwrap_or_default()
}

/// The host of an address, with its port: what follows may be known to few.
pub fn host_of(url: &str) -> &str {
    authority_of(url.split_once("://").map_or(url, |(_, rest)| rest))
}

/// Checks that a webhook is told of something, and makes each event stand there once.
///
/// # Errors
/// It is told of nothing.
pub fn check_events(events: Vec<WebhookEvent>) -> Result<Vec<WebhookEvent>, NameError> {
    let mut once: Vec<WebhookEvent> = Vec::new();
    for event in events {
        if !once.contains(&event) {
            once.push(event);
        }
    }
    if once.is_empty() {
        let message = "Webhook events must be a non-empty list of WebhookEvent objects: [].";
        return Err(refused(message.to_owned()));
    }
    Ok(once)
}

/// Checks the notes on a webhook.
///
/// # Errors
/// More than 1,000 characters.
pub fn check_description(description: &str) -> Result<(), NameError> {
    name::check_length(description, LONGEST_TEXT, "description")
}

/// Checks the secret of a webhook.
///
/// # Errors
/// More than 1,000 characters.
pub fn check_secret(secret: &str) -> Result<(), NameError> {
    name::check_length(secret, LONGEST_TEXT, "secret")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn events_are_read_as_they_are_written() {
        let names: HashSet<String> = WebhookEvent::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(names.len(), 15);
        for event in WebhookEvent::ALL {
            assert_eq!(event.to_string().parse::<WebhookEvent>(), Ok(*event));
        }
        let check = |text: &str, message: &str| {
            assert_eq!(text.parse::<WebhookEvent>().unwrap_err().message, message);
        };
        check(
            "prompt_tag.created",
            "Invalid action 'created' for entity 'prompt_tag'. Valid actions are: ['deleted', 'set']",
        );
        check("x.y", "Invalid action 'y' for entity 'x'. Valid actions are: []");
        check("prompt", "'prompt' is no event of a webhook.");
    }

    #[test]
    fn names_are_those_of_mlflow() {
        for name in ["a", "7", "My-hook_2.0", &"x".repeat(63)] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in ["", "-a", "a.", "a b", "ä", "a/b", &"x".repeat(64)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn addresses_lead_to_a_host_by_http() {
        for url in ["https://example.com", "HTTP://10.0.0.7:8080/a?b=c@d", "https://[2001:db8::1]/x"] {
            assert_eq!(check_url(url), Ok(()), "{url}");
        }
        let check = |url: &str, words: &str| {
            let message = check_url(url).unwrap_err().message;
            assert!(message.contains(words), "{message}");
        };
        check("  ", "cannot be empty");
        check("ftp://example.com", "Invalid webhook URL scheme: 'ftp'");
        check("example.com/hook", "Invalid webhook URL scheme: ''");
        check("https:///path", "must include a hostname");
        check("https://ada:secret@example.com/", "must not hold a user");
        check("https://exämple.com/", "encode");
        check(&format!("https://example.com/{}", "x".repeat(3000)), "exceeds the maximum length");
    }

    #[test]
    fn only_the_host_of_an_address_is_told() {
        assert_eq!(host_of("https://hooks.example.com:8443/T0/secret?x"), "hooks.example.com:8443");
    }

    #[test]
    fn each_event_counts_once() {
        use WebhookEvent::{PromptCreated, PromptTagSet};
        let once = check_events(vec![PromptTagSet, PromptCreated, PromptTagSet]);
        assert_eq!(once, Ok(vec![PromptTagSet, PromptCreated]));
        assert!(check_events(Vec::new()).is_err());
    }
}
