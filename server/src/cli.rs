//! The command line. Flags and environment variables are MLflow's where it has them.

mod audit;
mod declared;
mod ldap;
mod oidc;
mod people;
mod token;
mod webhook;

use crate::{
    Wiring,
    listen::{self, Patience},
    router,
    tls::{Files, Tls},
};
use audit::AuditCommand;
use clap::{Args, Parser, Subcommand};
use declared::Declared;
use domain::{Acting, Caller, Config, Domain};
use ipnet::IpNet;
use ldap::LdapArgs;
use model::Permission;
use oidc::OidcArgs;
use people::{GrantArgs, GroupCommand, UserCommand};
use std::{
    io::{self, Write},
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};
use token::TokenCommand;
use tokio::{net::TcpListener, sync::oneshot};
use webhook::WebhookArgs;

/// Experiment tracking for machine-learning teams: speaks MLflow's protocol, and shows runs in the browser.
#[derive(Debug, Parser)]
#[command(name = "runmark", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve clients and browsers.
    Server(Box<ServerArgs>),
    #[command(flatten)]
    Managing(Managing),
}

/// What manages a server's people, also while it runs. Whoever can open the database may do all of it.
#[derive(Debug, Subcommand)]
enum Managing {
    /// Manage accounts.
    User(Stored<UserCommand>),
    /// Manage API tokens.
    Token(Stored<TokenCommand>),
    /// Manage groups of users.
    Group(Stored<GroupCommand>),
    /// Read the audit log: who did what, when, from where.
    Audit(Stored<AuditCommand>),
    /// Say what a user, a group or everyone may do to an experiment or a registered model.
    Grant {
        #[command(flatten)]
        grant: GrantArgs,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Make accounts, groups and permissions as a TOML file declares them, and print what was changed.
    Apply {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        store: StoreArgs,
    },
}

/// One of several commands, and where everything is kept.
#[derive(Debug, Args)]
struct Stored<C: Subcommand> {
    #[command(subcommand)]
    command: C,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Debug, Clone, Args)]
struct StoreArgs {
    /// Where everything but artifacts is kept: sqlite:///path/to/file.db or postgresql://user@host/database.
    #[arg(
        long,
        env = "MLFLOW_BACKEND_STORE_URI",
        global = true,
        default_value = "sqlite:///runmark-data/runmark.db",
        hide_env_values = true
    )]
    backend_store_uri: String,
    /// Root URI of the artifacts of new experiments. By default this server keeps them.
    #[arg(long, env = "MLFLOW_DEFAULT_ARTIFACT_ROOT", global = true, default_value = "mlflow-artifacts:/")]
    default_artifact_root: String,
    /// Folder where this server keeps artifacts.
    #[arg(
        long,
        env = "MLFLOW_ARTIFACTS_DESTINATION",
        global = true,
        default_value = "./runmark-data/artifacts",
        value_parser = folder
    )]
    artifacts_destination: PathBuf,
    /// What everybody with an account may do to what nobody gave them a permission for.
    #[arg(long, global = true, default_value_t = Permission::Read)]
    default_permission: Permission,
}

/// A folder, also as `file:///path`. A bucket's URI must not become a folder of that name.
fn folder(text: &str) -> Result<PathBuf, String> {
    match text.split_once("://") {
        None => Ok(PathBuf::from(text)),
        Some(("file", path)) if path.starts_with('/') => Ok(PathBuf::from(path)),
        Some((scheme, _)) => Err(format!("{scheme}:// is not supported yet; name a folder")),
    }
}

/// A network, or a single address.
fn network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse::<IpAddr>().map(IpNet::from).ok();
    text.parse().ok().or_else(address).ok_or_else(|| format!("'{text}' is no address and no network"))
}

#[derive(Debug, Args)]
struct ServerArgs {
    /// Address to listen on.
    #[arg(long, short = 'H', env = "MLFLOW_HOST", default_value = "127.0.0.1")]
    host: String,
    /// Port to listen on; 0 takes a free one.
    #[arg(long, short, env = "MLFLOW_PORT", default_value_t = 5000)]
    port: u16,
    #[command(flatten)]
    store: StoreArgs,
    /// No accounts: whoever reaches the server may do everything. For one person, on loopback only.
    #[arg(long)]
    no_auth: bool,
    /// Address or network of a proxy in front of the server, such as 10.0.0.0/8: what it says in X-Forwarded-For of who calls
    /// is believed. Can be given several times.
    #[arg(long = "trusted-proxy", value_name = "NETWORK", value_parser = network)]
    trusted_proxies: Vec<IpNet>,
    /// PEM file of a certificate, with those between it and its authority: the server speaks HTTPS then. Renewed files are taken
    /// up within a minute.
    #[arg(long, requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// PEM file of the certificate's private key.
    #[arg(long, requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// TOML file that declares accounts, groups and permissions: it is made so at the start.
    #[arg(long, value_name = "FILE")]
    people_file: Option<PathBuf>,
    /// Name of the admin made at the first start.
    #[arg(long, env = "MLFLOW_AUTH_ADMIN_USERNAME", default_value = "admin")]
    admin_username: String,
    #[command(flatten)]
    oidc: OidcArgs,
    #[command(flatten)]
    ldap: LdapArgs,
    #[command(flatten)]
    webhook: WebhookArgs,
}

/// What went wrong, for the person at the terminal.
type Failure = Box<dyn std::error::Error>;

impl StoreArgs {
    async fn open(self) -> Result<Domain, domain::Error> {
        Domain::open(Config {
            backend_store_uri: self.backend_store_uri,
            default_artifact_root: self.default_artifact_root,
            artifacts_destination: self.artifacts_destination,
            default_permission: self.default_permission,
        })
        .await
    }

    /// Whoever can open the database may do everything to it.
    async fn operate(self) -> Result<(Domain, Acting), domain::Error> {
        let domain = self.open().await?;
        let operator = domain.act(Caller::Local);
        Ok((domain, operator))
    }
}

impl Cli {
    /// Does what was asked.
    ///
    /// # Errors
    /// Whatever keeps it from being done, to be printed.
    pub async fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::Server(args) => serve(*args).await,
            Command::Managing(managing) => managing.run().await,
        }
    }
}

impl Managing {
    fn store(&self) -> &StoreArgs {
        match self {
            Self::User(stored) => &stored.store,
            Self::Token(stored) => &stored.store,
            Self::Group(stored) => &stored.store,
            Self::Audit(stored) => &stored.store,
            Self::Grant { store, .. } | Self::Apply { store, .. } => store,
        }
    }

    async fn run(self) -> Result<(), Failure> {
        let (domain, operator) = self.store().clone().operate().await?;
        let outcome = match self {
            Self::User(stored) => stored.command.run(&operator).await,
            Self::Token(stored) => stored.command.run(&operator).await,
            Self::Group(stored) => stored.command.run(&operator).await,
            Self::Audit(stored) => stored.command.run(&operator).await,
            Self::Grant { grant, .. } => grant.run(&operator).await,
            Self::Apply { file, .. } => apply(&file, &operator).await,
        };
        domain.close().await;
        say(&outcome?)
    }
}

/// Makes people as a file declares them, and says what was changed, also before a failure.
async fn apply(file: &Path, operator: &Acting) -> Result<String, Failure> {
    let mut done = Vec::new();
    let outcome = Declared::read(file)?.apply(operator, &mut done).await;
    let text: String = done.into_iter().map(|line| format!("{line}\n")).collect();
    match outcome {
        Ok(()) if text.is_empty() => Ok("Nothing to change.\n".to_owned()),
        Ok(()) => Ok(text),
        Err(error) => {
            say(&text)?;
            Err(error)
        }
    }
}

/// To the terminal: what is said here was asked for, so it isn't a matter of logging.
fn say(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

async fn serve(args: ServerArgs) -> Result<(), Failure> {
    let addresses: Vec<SocketAddr> = tokio::net::lookup_host((args.host.as_str(), args.port))
        .await
        .map_err(|error| format!("'{}' is not an address to listen on: {error}", args.host))?
        .collect();
    if args.no_auth && !addresses.iter().all(|address| address.ip().is_loopback()) {
        return Err(
            "--no-auth is for one person on their own machine: it listens on 127.0.0.1 or ::1 only.".into()
        );
    }
    let oidc = args.oidc.read()?;
    let ldap = args.ldap.read()?.map(Arc::new);
    let courier = Arc::new(args.webhook.read()?);
    let declared = args.people_file.as_deref().map(Declared::read).transpose()?;
    if args.no_auth && (oidc.is_some() || ldap.is_some() || declared.is_some()) {
        return Err(
            "--no-auth means that there are no accounts, so nobody signs in: leave out --oidc-issuer, --ldap-url and --people-file."
                .into(),
        );
    }
    let tls = match (args.tls_cert, args.tls_key) {
        (Some(certificate), Some(key)) => Some(Tls::open(Files { certificate, key })?),
        _ => None,
    };
    let listener = TcpListener::bind(addresses.as_slice()).await.map_err(|error| {
        format!(
            "can't listen on {}:{}: {error}. Is another server there? --port chooses another port.",
            args.host, args.port
        )
    })?;
    let url = url_of(tls.is_some(), &args.host, listener.local_addr()?);
    let mut domain = args.store.open().await?;
    if let Some(ldap) = &ldap {
        domain = domain.with_directory(ldap.clone());
    }
    domain = domain.with_sender(courier);
    let welcome = if args.no_auth { Welcome::NoAuth } else { admit(&domain, &args.admin_username).await? };
    let wiring = Wiring {
        domain: domain.clone(),
        no_auth: args.no_auth,
        has_tls: tls.is_some(),
        oidc,
        ldap,
        trusted_proxies: args.trusted_proxies.into(),
    };
    say(&welcome.text(&url))?;
    // Afterwards: what the first start made up is shown only then.
    if let Some(declared) = declared {
        let mut done = Vec::new();
        let outcome = declared.apply(&domain.act(Caller::Local), &mut done).await;
        for done in done {
            tracing::info!("people file: {done}");
        }
        outcome?;
    }
    let renewing = tls.clone().map(|tls| tokio::spawn(tls.keep_renewing()));
    let (stop_delivering, told_to_stop) = oneshot::channel::<()>();
    let delivering = tokio::spawn(domain.clone().keep_delivering(async move {
        // It is never sent: that its other end is gone says it.
        let _ = told_to_stop.await;
    }));
    let stopped = async {
        stop_signal().await;
        // Pages that listen would keep the server waiting.
        domain.end_watches();
    };
    listen::serve(listener, tls, router(wiring), Patience::default(), stopped).await;
    if let Some(renewing) = renewing {
        renewing.abort();
    }
    drop(stop_delivering);
    let _ = delivering.await;
    domain.close().await;
    Ok(())
}

/// Where browsers and clients on this machine find the server.
fn url_of(has_tls: bool, host: &str, address: SocketAddr) -> String {
    let anywhere = host.parse::<IpAddr>().is_ok_and(|ip| ip.is_unspecified());
    let host = if anywhere { "127.0.0.1" } else { host };
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let scheme = if has_tls { "https" } else { "http" };
    format!("{scheme}://{host}:{}", address.port())
}

async fn stop_signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(terminate) => terminate,
            Err(_) => {
                let _ = interrupt.await;
                return;
            }
        };
        tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    let _ = interrupt.await;
}

/// What the terminal shows at the start.
enum Welcome {
    NoAuth,
    /// The secret of a sign-in link for the first admin, and, at the very first start, their name, password (if it was
    /// made up) and a token for programs.
    Accounts {
        link: Option<String>,
        first: Option<FirstStart>,
    },
}

struct FirstStart {
    name: String,
    password: Option<String>,
    token: String,
}

async fn admit(domain: &Domain, name: &str) -> Result<Welcome, Failure> {
    let given = std::env::var("MLFLOW_AUTH_ADMIN_PASSWORD").ok().filter(|password| !password.is_empty());
    let created = domain.unchecked_create_first_admin(name, given.as_deref()).await?;
    let first = match created {
        None => None,
        Some((name, password)) => {
            let (_, token) = domain.act(Caller::Local).create_token_for(&name, "first start").await?;
            Some(FirstStart { name, password, token })
        }
    };
    Ok(Welcome::Accounts { link: domain.unchecked_create_admin_link().await?, first })
}

impl Welcome {
    fn text(&self, url: &str) -> String {
        let mut text = format!("\nRunmark {} is at {url}\n", env!("CARGO_PKG_VERSION"));
        let token = match self {
            Self::NoAuth => {
                text.push_str("\n  No accounts: whoever reaches this address may do everything.\n");
                None
            }
            Self::Accounts { link, first } => {
                if let Some(secret) = link {
                    text.push_str(&format!("\n  Sign in (this link works once, within a day):\n\n    {url}/sign-in/link?token={secret}\n"));
                }
                if let Some(FirstStart { name, password: Some(password), .. }) = first {
                    text.push_str(&format!(
                        "\n  Or with the name {name} and the password {password} (shown only now).\n"
                    ));
                }
                Some(first.as_ref().map_or_else(
                    || "<a token, from the account page>".to_owned(),
                    |first| first.token.clone(),
                ))
            }
        };
        text.push_str(&format!(
            "\n  Log from Python with the MLflow client you have:\n\n    export MLFLOW_TRACKING_URI={url}\n"
        ));
        if let Some(token) = token {
            text.push_str(&format!("    export MLFLOW_TRACKING_TOKEN='{token}'\n"));
        }
        text.push('\n');
        text
    }
}
