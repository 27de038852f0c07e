//! The commands that move in and out: `import` takes over what another tracking server has, `export` writes what is here.

use super::{Failure, say};
use crate::{
    moving_in::{Import, Wanted},
    moving_out,
};
use clap::{Args, Subcommand, ValueEnum};
use domain::Acting;
use mlflow::{artifact::Files, http::Server, people};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(super) enum ImportCommand {
    /// Take over what an MLflow installation has: from its database, its server or its folder of runs. Ids are kept. Can be
    /// done again: what is here is passed by.
    Mlflow(MlflowArgs),
}

#[derive(Debug, Args)]
pub(super) struct MlflowArgs {
    /// Where from: sqlite:///mlflow.db, postgresql://user@host/database, http://host:5000 or ./mlruns.
    #[arg(long)]
    from: String,
    /// What becomes of artifacts: their URIs stay as they are, or their files are copied.
    #[arg(long, value_enum, default_value_t = Artifacts::Leave)]
    artifacts: Artifacts,
    /// Folder in which the MLflow server kept artifacts (its --artifacts-destination), to copy from. Of a source at http://, no
    /// other folder of this machine is read.
    #[arg(long, value_name = "FOLDER")]
    artifacts_folder: Option<PathBuf>,
    /// Database of MLflow's basic-auth app: accounts and permissions come along, passwords can't.
    #[arg(long, value_name = "URI")]
    auth_database: Option<String>,
    /// Of a database with workspaces, the one to take over.
    #[arg(long, default_value = "default")]
    workspace: String,
    /// Only count what is there.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Artifacts {
    /// URIs stay as they are.
    Leave,
    /// Files are copied to this server.
    Copy,
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// New folder that MLflow's client reads with MLFLOW_TRACKING_URI set to it.
    #[arg(long)]
    to: PathBuf,
    /// Leave the files of artifacts out: their URIs stay as they are.
    #[arg(long)]
    without_artifacts: bool,
}

impl ImportCommand {
    pub(super) async fn run(self, operator: &Acting) -> Result<String, Failure> {
        let Self::Mlflow(args) = self;
        if let Some(folder) = args.artifacts_folder.as_ref().filter(|folder| !folder.is_dir()) {
            return Err(format!("--artifacts-folder: there is no folder {}", folder.display()).into());
        }
        let source = mlflow::open(&args.from, &args.workspace).await?;
        let server = match args.from.split_once("://") {
            Some(("http" | "https", _)) => Some(Server::open(&args.from)?),
            _ => None,
        };
        let files = Files { folder: args.artifacts_folder, server };
        let people = match &args.auth_database {
            Some(address) => Some(people::read(address, &args.workspace).await?),
            None => None,
        };
        let copied = (args.artifacts == Artifacts::Copy).then(|| files.clone());
        let wanted = Wanted { files: copied, steps: files, people };
        let target = (!args.dry_run).then_some(operator);
        let tally = Import::new(&*source, target, wanted).run().await?;
        let text = tally.text(args.dry_run);
        if args.dry_run || tally.is_whole() {
            return Ok(text);
        }
        say(&text)?;
        Err("not all that was there is here: see above. Importing again goes on from here.".into())
    }
}

impl ExportArgs {
    pub(super) async fn run(self, operator: &Acting) -> Result<String, Failure> {
        moving_out::export(operator, &self.to, !self.without_artifacts).await
    }
}
