//! A server under measurement: Runmark or one of its peers, started on a free port with an empty database, gone with
//! all it wrote when dropped.
//!
//! To add a peer: a value of [`Peer`] and its arm in [`command`]; the workloads speak MLflow's protocol to all.

use crate::client::Connection;
use crate::postgres::Postgres;
use crate::process::Tree;
use anyhow::{Context, Result, bail};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use clap::ValueEnum;
use rustix::process::Signal;
use serde::Serialize;
use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Peer {
    /// Runmark without accounts, as the peers have none.
    Runmark,
    /// Runmark with accounts, called with a token.
    RunmarkAccounts,
    /// The same, called with a name and a password.
    RunmarkBasic,
    /// The same, asked by a page of somebody who is signed in.
    RunmarkSession,
    /// `mlflow server --workers 4`.
    Mlflow,
    /// `fml server`, a reimplementation of MLflow's server in Go.
    Fasttrackml,
}

impl Peer {
    /// What the report calls it.
    pub fn title(self) -> &'static str {
        match self {
            Peer::Runmark => "Runmark",
            Peer::RunmarkAccounts => "Runmark, accounts on",
            Peer::RunmarkBasic => "Runmark, accounts on, by password",
            Peer::RunmarkSession => "Runmark, accounts on, by session",
            Peer::Mlflow => "MLflow",
            Peer::Fasttrackml => "FastTrackML",
        }
    }

    /// Whether it is Runmark.
    pub fn is_ours(self) -> bool {
        self == Peer::Runmark || self.has_accounts()
    }

    /// Whether it has accounts.
    pub fn has_accounts(self) -> bool {
        matches!(self, Peer::RunmarkAccounts | Peer::RunmarkBasic | Peer::RunmarkSession)
    }
}

/// Where a server keeps its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A file.
    Sqlite,
    /// A Postgres on this machine with its settings as shipped.
    Postgres,
}

impl Kind {
    /// What the report calls it.
    pub fn title(self) -> &'static str {
        match self {
            Kind::Sqlite => "SQLite",
            Kind::Postgres => "Postgres",
        }
    }
}

/// Where the programs are.
pub struct Programs {
    /// Runmark's binary.
    pub runmark: PathBuf,
    /// The `bin` of a virtual environment with `mlflow` and `fml`.
    pub python: PathBuf,
    /// Started when a workload on Postgres needs it.
    pub postgres: Option<Rc<Postgres>>,
}

/// A running server.
pub struct Server {
    /// Who it is.
    pub peer: Peer,
    /// What it keeps its data in.
    pub kind: Kind,
    address: SocketAddr,
    /// The line of each request that says who is calling.
    credential: Option<String>,
    child: Child,
    folder: TempDir,
    postgres: Option<Rc<Postgres>>,
}

/// MLflow's four workers load for long on a busy machine.
const START_WITHIN: Duration = Duration::from_secs(180);

/// The name of the file or database.
const DATABASE: &str = "bench";

impl Server {
    /// Starts a server and waits until it answers.
    ///
    /// # Errors
    /// When it doesn't; the end of its log is part of the message.
    pub async fn start(peer: Peer, kind: Kind, programs: &Programs) -> Result<Server> {
        let folder = tempfile::Builder::new().prefix("runmark-bench-").tempdir()?;
        let port = free_port()?;
        let postgres = match kind {
            Kind::Sqlite => None,
            Kind::Postgres => Some(Rc::clone(programs.postgres.as_ref().context("there is no Postgres")?)),
        };
        let database = database_of(peer);
        if let Some(postgres) = &postgres {
            postgres.remove(&database)?;
            postgres.create(&database)?;
        }
        let mut command = command(peer, programs, folder.path(), port, postgres.as_deref());
        let log = File::create(folder.path().join("log"))?;
        let child = command
            .current_dir(folder.path())
            // A group of its own: Ctrl-C comes to this program alone, which ends the others.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("can't start {}", command.get_program().to_string_lossy()))?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut server = Server { peer, kind, address, credential: None, child, folder, postgres };
        server.wait().await?;
        Ok(server)
    }

    async fn wait(&mut self) -> Result<()> {
        let asked = Instant::now();
        loop {
            // Without a credential the protocol answers 401, and it is tried again.
            if self.peer.has_accounts() && self.credential.is_none() {
                self.credential = token_in(&self.log()).map(|token| format!("Authorization: Bearer {token}"));
            }
            let probe = self.post("/api/2.0/mlflow/experiments/search", "{\"max_results\": 1}");
            if let Ok(mut connection) = self.connect().await
                && connection.succeed(&probe).await.is_ok()
            {
                return self.present_otherwise().await;
            }
            let gone = self.child.try_wait()?;
            if gone.is_some() || asked.elapsed() > START_WITHIN {
                let log = self.log();
                let from = log.char_indices().rev().nth(2000).map_or(0, |(index, _)| index);
                bail!("{} on {} doesn't start:\n{}", self.peer.title(), self.kind.title(), &log[from..]);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Shows what is measured in place of the token.
    async fn present_otherwise(&mut self) -> Result<()> {
        let log = self.log();
        match self.peer {
            Peer::RunmarkBasic => {
                let password = password_in(&log).context("the first start prints no password")?;
                let pair = BASE64_STANDARD.encode(format!("admin:{password}"));
                self.credential = Some(format!("Authorization: Basic {pair}"));
            }
            // The token stays for what is seeded: pages look at cookies alone, the protocol at the other.
            Peer::RunmarkSession => {
                let secret = link_in(&log).context("the first start prints no link")?;
                let cookie = self.cookie_of(&secret).await?;
                let token = self.credential.take().unwrap_or_default();
                self.credential = Some(format!("{token}\r\nCookie: {cookie}"));
            }
            Peer::Runmark | Peer::RunmarkAccounts | Peer::Mlflow | Peer::Fasttrackml => {}
        }
        Ok(())
    }

    /// The cookie of whoever signs in by a link.
    async fn cookie_of(&self, secret: &str) -> Result<String> {
        let mut stream = TcpStream::connect(self.address).await?;
        let form = format!("token={secret}");
        let request = format!(
            "POST /sign-in/link HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{form}",
            self.address,
            form.len()
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let lines = answer.lines().filter_map(|line| line.split_once(": "));
        let mut cookies = lines.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        let (_, cookie) = cookies.next().context("signing in sets no cookie")?;
        Ok(cookie.split(';').next().unwrap_or_default().to_owned())
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Opens a connection to it.
    pub async fn connect(&self) -> Result<Connection> {
        Connection::open(self.address).await
    }

    /// The head of a POST whose body has this many bytes.
    pub fn post_head(&self, path: &str, kind: &str, length: usize) -> Vec<u8> {
        format!(
            "POST {path} HTTP/1.1\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{}",
            self.fields()
        )
        .into_bytes()
    }

    /// A POST with a JSON body.
    pub fn post(&self, path: &str, body: &str) -> Vec<u8> {
        let mut request = self.post_head(path, "application/json", body.len());
        request.extend_from_slice(body.as_bytes());
        request
    }

    /// A GET.
    pub fn get(&self, path: &str) -> Vec<u8> {
        format!("GET {path} HTTP/1.1\r\n{}", self.fields()).into_bytes()
    }

    /// The fields of every request, and the empty line.
    fn fields(&self) -> String {
        let credential = self.credential.as_ref().map(|line| format!("{line}\r\n"));
        format!(
            "Host: {}\r\nAccept: */*\r\nUser-Agent: mlflow-python-client/3.17.2\r\n{}\r\n",
            self.address,
            credential.unwrap_or_default()
        )
    }

    /// Its processes.
    pub fn tree(&self) -> Tree {
        Tree(self.child.id())
    }

    /// Processor time of its processes and of Postgres's, if it has one.
    pub fn cpu(&self) -> Duration {
        let postgres = self.postgres.as_ref().map(|postgres| postgres.tree().cpu());
        self.tree().cpu() + postgres.unwrap_or_default()
    }

    /// Bytes of its database: the file with its write-ahead log, or what Postgres says.
    pub fn size(&self) -> Result<u64> {
        if let Some(postgres) = &self.postgres {
            return postgres.size(&database_of(self.peer));
        }
        let mut size = 0;
        for entry in fs::read_dir(self.folder.path())? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(DATABASE) {
                size += entry.metadata()?.len();
            }
        }
        Ok(size)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let tree = self.tree();
        tree.signal(Signal::TERM);
        let asked = Instant::now();
        while asked.elapsed() < Duration::from_secs(5) && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        tree.signal(Signal::KILL);
        let _ = self.child.wait();
        if let Some(postgres) = &self.postgres {
            let _ = postgres.remove(&database_of(self.peer));
        }
    }
}

fn database_of(peer: Peer) -> String {
    let name = match peer {
        Peer::Runmark => "runmark",
        Peer::RunmarkAccounts => "runmark_accounts",
        Peer::RunmarkBasic => "runmark_basic",
        Peer::RunmarkSession => "runmark_session",
        Peer::Mlflow => "mlflow",
        Peer::Fasttrackml => "fasttrackml",
    };
    format!("{DATABASE}_{name}")
}

/// How each server is started. All of them keep what they write in the folder they are started in.
fn command(
    peer: Peer,
    programs: &Programs,
    folder: &Path,
    port: u16,
    postgres: Option<&Postgres>,
) -> Command {
    let file = folder.join(DATABASE).with_extension("db");
    let url = |scheme: &str, sqlite: &str| {
        postgres.map_or_else(
            || format!("{sqlite}{}", file.display()),
            |postgres| postgres.url(scheme, &database_of(peer)),
        )
    };
    let port = port.to_string();
    let mut command = match peer {
        Peer::Runmark | Peer::RunmarkAccounts | Peer::RunmarkBasic | Peer::RunmarkSession => {
            let mut command = Command::new(&programs.runmark);
            command.args(["server", "--port", &port, "--artifacts-destination", "artifacts"]);
            command.args(["--backend-store-uri", &url("postgresql", "sqlite:///")]);
            if peer == Peer::Runmark {
                command.arg("--no-auth");
            }
            command
        }
        Peer::Mlflow => {
            let mut command = Command::new(programs.python.join("mlflow"));
            command.args(["server", "--workers", "4", "--host", "127.0.0.1", "--port", &port]);
            command.args(["--artifacts-destination", "artifacts"]);
            command.args(["--backend-store-uri", &url("postgresql+psycopg2", "sqlite:///")]);
            // What has nothing to do with tracking is off: it would only take memory from MLflow.
            command.env("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false");
            command.env("MLFLOW_DISABLE_TELEMETRY", "true").env("DO_NOT_TRACK", "true");
            command
        }
        Peer::Fasttrackml => {
            let mut command = Command::new(programs.python.join("fml"));
            command.args(["server", "--listen-address", &format!("127.0.0.1:{port}")]);
            command.args(["--default-artifact-root", "artifacts"]);
            let mut url = url("postgres", "sqlite://");
            if postgres.is_some() {
                url.push_str("?sslmode=disable");
            }
            command.args(["--database-uri", &url]);
            command
        }
    };
    for variable in ["MLFLOW_TRACKING_URI", "MLFLOW_BACKEND_STORE_URI", "MLFLOW_TRACKING_TOKEN"] {
        command.env_remove(variable);
    }
    command
}

/// The token that Runmark prints at its first start.
fn token_in(log: &str) -> Option<String> {
    let (_, rest) = log.split_once("MLFLOW_TRACKING_TOKEN='")?;
    Some(rest.split_once('\'')?.0.to_owned())
}

/// The password of the admin that Runmark prints at its first start.
fn password_in(log: &str) -> Option<String> {
    let (_, rest) = log.split_once("and the password ")?;
    Some(rest.split_once(' ')?.0.to_owned())
}

/// The secret of the link that Runmark prints at its start.
fn link_in(log: &str) -> Option<String> {
    let (_, rest) = log.split_once("/sign-in/link?token=")?;
    Some(rest.split_whitespace().next()?.to_owned())
}

/// A port that was free a moment ago.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_start_says_a_token() {
        assert_eq!(token_in("  export MLFLOW_TRACKING_TOKEN='abc'\n").as_deref(), Some("abc"));
        assert_eq!(token_in("nothing yet"), None);
    }

    #[test]
    fn the_first_start_says_a_password_and_a_link() {
        let log = "    http://127.0.0.1:5000/sign-in/link?token=abc\n\n  Or with the name admin and the password xyz (shown only now).\n";
        assert_eq!(password_in(log).as_deref(), Some("xyz"));
        assert_eq!(link_in(log).as_deref(), Some("abc"));
        assert_eq!((password_in(""), link_in("")), (None, None));
    }
}
