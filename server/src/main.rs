//! The `runmark` binary: see [`server::cli`].

use clap::Parser as _;
use std::{io::Write as _, process::ExitCode};
use tracing_subscriber::EnvFilter;

/// Linux's own allocator keeps memory in pieces after large requests; this one gives it back (`.cargo/config.toml` says how
/// soon), and is faster.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = server::cli::Cli::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match cli.run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "runmark: {error}");
            ExitCode::FAILURE
        }
    }
}
