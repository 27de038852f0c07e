//! A directory that knows names and passwords of its own, such as an LDAP server.
//!
//! It is asked where a password isn't the one that is kept here, so that whoever has both may use either, and admins get in while
//! it doesn't answer. What becomes of whom it knows is in [`super::external`].

use super::{Admission, External, LONGEST_CREDENTIAL, Verified, external::LONGEST_TOLD};
use crate::{
    Domain,
    audit::Who,
    error::{Error, Result},
};
use futures::future::BoxFuture;
use model::{Code, Problem, audit::Object};
use serde_json::json;
use std::sync::Arc;

/// Somebody else who knows names and passwords.
pub trait Directory: Send + Sync {
    /// Who has this name and this password; nobody, if they don't belong together.
    ///
    /// # Errors
    /// In words for the log, if it can't be asked.
    fn verify<'a>(
        &'a self,
        name: &'a str,
        password: &'a str,
    ) -> BoxFuture<'a, std::result::Result<Option<External>, String>>;

    /// What becomes of people who were never here.
    fn admission(&self) -> Admission;
}

impl Domain {
    /// The domain that asks this directory about names and passwords which it doesn't know.
    #[must_use]
    pub fn with_directory(mut self, directory: Arc<dyn Directory>) -> Self {
        self.directory = Some(directory);
        self
    }

    /// Whose name and password these are, as the directory says; their groups follow it.
    pub(super) async fn verified_elsewhere(&self, name: &str, password: &str) -> Result<Option<Verified>> {
        let Some(directory) = &self.directory else { return Ok(None) };
        // As long as the longest that would be looked at here: nobody sends a directory megabytes.
        if name.len() > LONGEST_CREDENTIAL || password.len() > LONGEST_CREDENTIAL {
            return Ok(None);
        }
        match directory.verify(name, password).await {
            Ok(None) => Ok(None),
            Ok(Some(person)) => {
                let admitted = self.admit(&person, directory.admission()).await;
                let account = admitted.inspect_err(|_| {
                    let detail = json!({ "by": person.issuer, "name": person.name.chars().take(LONGEST_TOLD).collect::<String>() });
                    self.note_refusal(Who::default(), Object::None, detail);
                })?;
                Ok(Some(Verified { account: Arc::new(account), by: Some(person.issuer) }))
            }
            Err(reason) => {
                tracing::error!(reason, "the directory can't be asked");
                let message = "The directory of names and passwords can't be asked. Try again in a moment.";
                Err(Error::from(Problem::new(Code::TemporarilyUnavailable, message)))
            }
        }
    }
}
