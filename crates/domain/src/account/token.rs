//! API tokens: what programs act with. They may be good for less than their account, and for a time.
//!
//! What the limits of a token mean is decided by the gate; that it has expired, where it is presented.

use super::{check_name, hash_secret};
use crate::{
    Acting,
    audit::Told,
    clock,
    error::{Error, Result},
    gate::Read,
    store,
};
use model::{
    Millis, TokenId, UserId,
    account::{Limits, NewToken, OwnedToken, Token},
    audit::{Action, Object},
};
use serde_json::json;

/// Tokens one account may have.
pub const TOKENS_PER_USER: usize = 100;
/// Experiments one token may be limited to.
pub const EXPERIMENTS_PER_TOKEN: usize = 100;
const DAY: Millis = 24 * 60 * 60 * 1000;

impl Acting {
    /// One's own tokens, newest first. What other processes know of their last use comes up to a minute late.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn list_tokens(&self) -> Result<Vec<Token>> {
        let owned = store::account::list_tokens(&self.domain.db, Some(self.account()?)).await?;
        Ok(self.with_last_use(owned).map(|owned| owned.token).collect())
    }

    /// Everybody's tokens, newest first. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`.
    pub async fn list_all_tokens(&self) -> Result<Vec<OwnedToken>> {
        self.must_be_admin()?;
        let owned = store::account::list_tokens(&self.domain.db, None).await?;
        Ok(self.with_last_use(owned).collect())
    }

    fn with_last_use(&self, owned: Vec<OwnedToken>) -> impl Iterator<Item = OwnedToken> {
        owned.into_iter().map(|OwnedToken { owner, mut token }| {
            token.last_used = token.last_used.max(self.domain.tokens_used.of(&token.id));
            OwnedToken { owner, token }
        })
    }

    /// Makes a token for one's programs. Its secret is returned here and never again.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` for a bad name, too many tokens or experiments; `RESOURCE_DOES_NOT_EXIST` for an experiment of
    /// its limits.
    pub async fn create_token(&self, new: impl Into<NewToken>) -> Result<(Token, String)> {
        self.create_token_of((self.account()?, self.caller.name()), new.into()).await
    }

    /// Makes a token for somebody else's programs. For admins.
    ///
    /// # Errors
    /// As [`Self::create_token`], and `PERMISSION_DENIED`, `RESOURCE_DOES_NOT_EXIST`.
    pub async fn create_token_for(&self, user: &str, new: impl Into<NewToken>) -> Result<(Token, String)> {
        self.must_be_admin()?;
        self.create_token_of((self.user_named(user).await?, user), new.into()).await
    }

    async fn create_token_of(&self, (user, owner): (UserId, &str), new: NewToken) -> Result<(Token, String)> {
        let NewToken { name, limits, days } = new;
        check_name(&name, "token")?;
        self.check_limits(&limits).await?;
        if store::account::list_tokens(&self.domain.db, Some(user)).await?.len() >= TOKENS_PER_USER {
            return Err(Error::invalid(format!(
                "An account may have {TOKENS_PER_USER} tokens. Delete one that is no longer used."
            )));
        }
        let secret = format!("rmk_{}", clock::new_secret()?);
        let now = clock::now();
        let token = Token {
            id: TokenId(clock::new_uuid()?),
            name,
            created: now,
            last_used: None,
            limits,
            expires: days.map(|days| now.saturating_add(DAY * Millis::from(days.get()))),
        };
        let detail = json!({
            "of": owner,
            "scope": token.limits.scope.name(),
            "experiments": token.limits.experiments,
            "expires": token.expires,
        });
        let mut change = self.change().await?;
        store::account::insert_token(&mut change, user, &token, hash_secret(&secret).to_vec()).await?;
        change.commit(Told::new(Action::TokenCreate, Object::Token(token.name.clone())).with(detail)).await?;
        Ok((token, secret))
    }

    async fn check_limits(&self, limits: &Limits) -> Result<()> {
        let Some(experiments) = &limits.experiments else { return Ok(()) };
        if experiments.is_empty() || experiments.len() > EXPERIMENTS_PER_TOKEN {
            return Err(Error::invalid(format!(
                "A token may be limited to 1 to {EXPERIMENTS_PER_TOKEN} experiments."
            )));
        }
        for id in experiments {
            self.experiment::<Read>(*id).await?;
        }
        Ok(())
    }

    /// Deletes one of one's own tokens; it stops working at once.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`.
    pub async fn delete_token(&self, id: TokenId) -> Result<()> {
        self.take_token(Some(self.account()?), id).await
    }

    /// Deletes anybody's token; it stops working at once. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, `RESOURCE_DOES_NOT_EXIST`.
    pub async fn delete_any_token(&self, id: TokenId) -> Result<()> {
        self.must_be_admin()?;
        self.take_token(None, id).await
    }

    async fn take_token(&self, of: Option<UserId>, id: TokenId) -> Result<()> {
        let mut change = self.change().await?;
        let Some((name, owner)) = store::account::delete_token(&mut change, of, id).await? else {
            return Err(Error::missing("There is no such token."));
        };
        let told = Told::new(Action::TokenDelete, Object::Token(name)).with(json!({ "of": owner }));
        change.commit(told).await
    }
}
