//! The Postgres that the servers keep their data in: started by `cargo xtask bench`, stopped and deleted by this program.

use crate::process::Tree;
use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A running server of our own.
pub struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    main: Tree,
}

impl Postgres {
    /// Takes over the server on `port` whose data is in `folder`/data. Both go when the value is dropped.
    ///
    /// # Errors
    /// When there is none.
    pub fn take_over(programs: PathBuf, folder: PathBuf, port: u16) -> Result<Postgres> {
        let file = folder.join("data/postmaster.pid");
        let text = fs::read_to_string(&file).with_context(|| format!("can't read {}", file.display()))?;
        let id =
            text.lines().next().and_then(|line| line.parse().ok()).context("no process in postmaster.pid")?;
        Ok(Postgres { programs, folder, port, main: Tree(id) })
    }

    /// The address of a database for a client that knows it by this scheme.
    pub fn url(&self, scheme: &str, database: &str) -> String {
        format!("{scheme}://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Its processes.
    pub fn tree(&self) -> Tree {
        self.main
    }

    /// Makes an empty database.
    pub fn create(&self, database: &str) -> Result<()> {
        self.sql("postgres", &format!("CREATE DATABASE {database}")).map(drop)
    }

    /// Removes a database, whoever is connected to it.
    pub fn remove(&self, database: &str) -> Result<()> {
        self.sql("postgres", &format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)")).map(drop)
    }

    /// Bytes of a database with all its indexes. The write-ahead log belongs to no database and isn't counted.
    pub fn size(&self, database: &str) -> Result<u64> {
        let size = self.sql("postgres", &format!("SELECT pg_database_size('{database}')"))?;
        size.trim().parse().context("the size of a database is no number")
    }

    /// What Postgres calls itself.
    pub fn version(&self) -> Result<String> {
        self.sql("postgres", "SHOW server_version").map(|version| version.trim().to_owned())
    }

    /// Runs statements; returns what they print.
    pub fn sql(&self, database: &str, text: &str) -> Result<String> {
        let output = Command::new(self.programs.join("psql"))
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"])
            .args(["--command", text])
            .arg(self.url("postgresql", database))
            .stdin(Stdio::null())
            .output()
            .context("can't start psql")?;
        if !output.status.success() {
            bail!("psql: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // The data goes with it: the fastest way to stop is right. Asking the main process alone, as it asks for.
        if let Some(id) = rustix::process::Pid::from_raw(self.main.0.cast_signed()) {
            let _ = rustix::process::kill_process(id, Signal::QUIT);
        }
        let asked = Instant::now();
        while !self.main.processes().is_empty() && asked.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}
