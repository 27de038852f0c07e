//! Commands that read the audit log.

use super::Failure;
use crate::audit_text::{self, Format};
use clap::{Args, Subcommand};
use domain::Acting;
use futures::TryStreamExt as _;
use model::audit::EventFilter;
use std::{io::Write as _, pin::pin};

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Print what the audit log tells, newest first.
    Export {
        #[command(flatten)]
        which: Which,
        #[arg(long, value_enum, default_value_t = Format::Csv)]
        format: Format,
    },
    /// Look whether rows were changed or taken out since they were written. Prints the length and the head of the chain: kept
    /// elsewhere and given to a later call, they show whether rows were taken from the end, too.
    Verify {
        /// Length and head from an earlier call: LENGTH:HEAD.
        #[arg(long, value_name = "LENGTH:HEAD", value_parser = known)]
        since: Option<(i64, String)>,
    },
}

#[derive(Debug, Args)]
pub(super) struct Which {
    /// Only what this account did.
    #[arg(long, default_value = "")]
    actor: String,
    /// Only this action, or all of its kind: run.delete, run.
    #[arg(long, default_value = "")]
    action: String,
    /// Only what was done to this kind of thing: run, experiment, user …
    #[arg(long, default_value = "")]
    kind: String,
    /// Only what was done to this thing: its number, id or name.
    #[arg(long, default_value = "", requires = "kind")]
    object: String,
    /// Only what was refused.
    #[arg(long)]
    refused: bool,
}

fn known(text: &str) -> Result<(i64, String), String> {
    let read = text.split_once(':').and_then(|(length, head)| Some((length.parse().ok()?, head.to_owned())));
    read.ok_or_else(|| "this is not LENGTH:HEAD, as `runmark audit verify` prints it".to_owned())
}

impl AuditCommand {
    pub(super) async fn run(self, operator: &Acting) -> Result<String, Failure> {
        match self {
            Self::Export { which, format } => {
                let Which { actor, action, kind, object, refused } = which;
                let done = refused.then_some(false);
                let filter = EventFilter { actor, action, kind, object, done, ..EventFilter::default() };
                let mut parts = pin!(audit_text::export(operator.clone(), filter, format));
                while let Some(part) = parts.try_next().await? {
                    std::io::stdout().lock().write_all(&part)?;
                }
                Ok(String::new())
            }
            Self::Verify { since } => {
                let since = since.as_ref().map(|(length, head)| (*length, head.as_str()));
                let chain = operator.verify_audit(since).await?;
                match chain.broken {
                    Some((place, how)) => {
                        Err(format!("the audit log is broken at row {place}: {how}").into())
                    }
                    None => Ok(format!("{}:{}\n", chain.length, chain.head)),
                }
            }
        }
    }
}
