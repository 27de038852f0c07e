//! A Postgres for tests and benchmarks: started empty in a temporary folder, gone afterwards.

use crate::machine::{self, ask, highest_numbered};
use crate::step::{Note, step};
use anyhow::{Context, Result, bail};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The user whom Debian's package makes; Postgres refuses to run as root.
const ORDINARY_USER: &str = "postgres";

const START_WITHIN: Duration = Duration::from_secs(30);

/// Makes sure of Postgres's server programs; returns their folder.
pub fn ensure() -> Result<PathBuf> {
    step("Postgres", |note| {
        if let Some(programs) = installed() {
            note.say("already there");
            return Ok(programs);
        }
        machine::install(note, "Postgres", &["postgresql"])?;
        installed().context("there is still no `initdb`; `pg_config --bindir` should say where it is")
    })
}

fn installed() -> Option<PathBuf> {
    let said = ask(Command::new("pg_config").arg("--bindir")).map(PathBuf::from);
    let debian = highest_numbered(Path::new("/usr/lib/postgresql")).map(|version| version.join("bin"));
    let on_path = machine::find(&["initdb"]).and_then(|initdb| initdb.parent().map(Path::to_path_buf));
    [said, debian, on_path].into_iter().flatten().find(|folder| folder.join("initdb").is_file())
}

/// What a server is for.
#[derive(Clone, Copy, PartialEq)]
pub enum Purpose {
    /// Durability costs time and a test's data needs none.
    Tests,
    /// With the settings it is shipped with, and as durable.
    Measuring,
}

/// A running server with no data in it; stopped and deleted when dropped.
pub struct Postgres {
    programs: PathBuf,
    folder: TempDir,
    server: Child,
    port: u16,
}

impl Postgres {
    /// Starts a server on a free port of this machine.
    pub fn start(programs: &Path, purpose: Purpose) -> Result<Postgres> {
        step("Postgres: start", |note| {
            let folder = tempfile::Builder::new().prefix("runmark-postgres-").tempdir()?;
            if machine::is_root() {
                note.run(Command::new("chown").arg(ORDINARY_USER).arg(folder.path()))?;
            }
            let data = folder.path().join("data");
            note.run(
                as_ordinary_user(&programs.join("initdb"))
                    .args([
                        "--auth=trust",
                        "--username=postgres",
                        "--encoding=UTF8",
                        "--locale=C",
                        "--no-sync",
                    ])
                    .arg(&data)
                    .current_dir(folder.path()),
            )?;
            let port = free_port()?;
            let mut server = as_ordinary_user(&programs.join("postgres"));
            server.arg("-D").arg(&data).current_dir(folder.path());
            for setting in settings(folder.path(), port, purpose) {
                server.args(["-c", &setting]);
            }
            let log = std::fs::File::create(folder.path().join("log"))?;
            let server = server
                .stdin(Stdio::null())
                .stdout(log.try_clone()?)
                .stderr(log)
                .spawn()
                .context("can't start Postgres")?;
            let mut postgres = Postgres { programs: programs.to_path_buf(), folder, server, port };
            postgres.wait(note)?;
            Ok(postgres)
        })
    }

    /// Where the server is, as sqlx and psql understand it.
    pub fn url(&self) -> String {
        format!("postgresql://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Leaves the server running for who stops it and removes its folder; returns that folder and the port.
    pub fn hand_over(self) -> (PathBuf, u16) {
        let given = (self.folder.path().to_path_buf(), self.port);
        std::mem::forget(self);
        given
    }

    fn wait(&mut self, note: &mut Note) -> Result<()> {
        let asked = Instant::now();
        let port = self.port.to_string();
        let mut is_ready = Command::new(self.programs.join("pg_isready"));
        is_ready.args(["--quiet", "--host=127.0.0.1", "--port", &port]);
        while ask(&mut is_ready).is_none() {
            let gone = self.server.try_wait()?;
            if gone.is_some() || asked.elapsed() > START_WITHIN {
                let said = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                bail!("Postgres doesn't start:\n{said}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        note.say(self.url());
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Nothing here is worth keeping, so the fastest way to stop it is right; a server that is gone already is too.
        let stopped = as_ordinary_user(&self.programs.join("pg_ctl"))
            .args(["stop", "--silent", "--mode=immediate", "-D"])
            .arg(self.folder.path().join("data"))
            .current_dir(self.folder.path())
            .stderr(Stdio::null())
            .status();
        if stopped.is_ok_and(|status| status.success()) {
            let _ = self.server.wait();
        } else {
            let _ = self.server.kill();
        }
    }
}

fn settings(folder: &Path, port: u16, purpose: Purpose) -> Vec<String> {
    let mut settings = vec![
        format!("port={port}"),
        format!("unix_socket_directories={}", folder.display()),
        "listen_addresses=127.0.0.1".to_owned(),
        "max_connections=300".to_owned(),
        "log_min_messages=fatal".to_owned(),
    ];
    if purpose == Purpose::Tests {
        settings.extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off"].map(str::to_owned));
    }
    settings
}

fn as_ordinary_user(program: &Path) -> Command {
    if !machine::is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", ORDINARY_USER, "--"]).arg(program);
    command
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
    fn two_servers_get_two_ports() {
        let (one, other) = (TcpListener::bind(("127.0.0.1", 0)).unwrap(), free_port().unwrap());
        assert_ne!(one.local_addr().unwrap().port(), other);
    }

    #[test]
    fn the_server_listens_on_this_machine_alone() {
        let settings = settings(Path::new("/folder"), 5433, Purpose::Tests);
        assert!(settings.contains(&"port=5433".to_owned()));
        assert!(settings.contains(&"listen_addresses=127.0.0.1".to_owned()));
        assert!(settings.contains(&"unix_socket_directories=/folder".to_owned()));
    }

    #[test]
    fn what_is_measured_is_durable() {
        let has = |purpose| settings(Path::new("/folder"), 5433, purpose).contains(&"fsync=off".to_owned());
        assert!(has(Purpose::Tests) && !has(Purpose::Measuring));
    }
}
