//! Commands that manage API tokens.

use super::Failure;
use crate::time_text::utc;
use clap::Subcommand;
use domain::Acting;
use model::{
    ExperimentId, TokenId,
    account::{Limits, NewToken, OwnedToken, Scope},
};
use std::num::NonZeroU16;

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Make a token and print it. It can't be shown again.
    Create {
        /// Whose programs will use it.
        #[arg(long)]
        user: String,
        /// What to call it.
        #[arg(long, default_value = "command line")]
        name: String,
        /// What it may be used for: read (see and download), write (log, make and change, too) or admin (all that its account
        /// may).
        #[arg(long, default_value_t = Scope::Admin)]
        scope: Scope,
        /// Number of an experiment; the token is good for no other. Can be given several times.
        #[arg(long = "experiment", value_name = "NUMBER")]
        experiments: Vec<i64>,
        /// Days until it stops working. Without it, it works until it is deleted.
        #[arg(long)]
        days: Option<NonZeroU16>,
    },
    /// List tokens: id, owner, name, what it may be used for, when it stops working, when it was last used.
    List,
    /// Delete a token; it stops working at once.
    Delete {
        /// Its id, from the list.
        id: TokenId,
    },
}

impl TokenCommand {
    pub(super) async fn run(self, operator: &Acting) -> Result<String, Failure> {
        match self {
            Self::Create { user, name, scope, experiments, days } => {
                let experiments: Vec<_> = experiments.into_iter().map(ExperimentId).collect();
                let experiments = Some(experiments).filter(|experiments| !experiments.is_empty());
                let new = NewToken { name, limits: Limits { scope, experiments }, days };
                let (_, secret) = operator.create_token_for(&user, new).await?;
                Ok(format!("{secret}\n"))
            }
            Self::List => Ok(operator.list_all_tokens().await?.iter().map(line).collect()),
            Self::Delete { id } => {
                operator.delete_any_token(id).await?;
                Ok(String::new())
            }
        }
    }
}

fn line(owned: &OwnedToken) -> String {
    let OwnedToken { owner, token } = owned;
    let experiments = token.limits.experiments.as_ref().map_or_else(String::new, |ids| {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        format!(" in {}", ids.join(","))
    });
    let scope = token.limits.scope;
    let expires = token.expires.map_or("no end".to_owned(), |at| format!("until {}", utc(at)));
    let used = token.last_used.map_or("never used".to_owned(), |at| format!("used {}", utc(at)));
    format!("{}\t{owner}\t{}\t{scope}{experiments}\t{expires}\t{used}\n", token.id, token.name)
}
