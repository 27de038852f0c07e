//! The server as a whole: what admins set while it runs, and how it is. What takes how much of the disk is in [`storage`].

mod storage;

use crate::{
    Acting, Domain,
    audit::Told,
    error::{Error, Result},
    store,
};
use model::{
    audit::{Action, Object},
    operation::{Health, Settings},
};
use serde_json::json;
use std::{path::Path, time::Instant};

pub(crate) use storage::Storage;

impl Domain {
    /// What admins set.
    pub(crate) async fn settings(&self) -> Result<Settings> {
        store::operation::settings(&mut &self.db).await
    }
}

impl Acting {
    /// What admins set: everybody may know it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn get_settings(&self) -> Result<Settings> {
        self.domain.settings().await
    }

    /// Sets it; it counts at once, in every process. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`.
    pub async fn set_settings(&self, settings: Settings) -> Result<()> {
        self.must_be_admin()?;
        let mut change = self.change().await?;
        let before = store::operation::settings(&mut *change).await?;
        store::operation::set_settings(&mut change, settings).await?;
        let detail = json!({ "before": before, "after": settings });
        change.commit(Told::new(Action::SettingChange, Object::None).with(detail)).await
    }

    /// How the server is. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`.
    pub async fn health(&self) -> Result<Health> {
        self.must_be_admin()?;
        let domain = &self.domain;
        let asked = Instant::now();
        let database = domain.db.version().await?;
        let took = asked.elapsed();
        let folder = domain.config.backend_store_uri.strip_prefix("sqlite:///").map(|file| {
            let folder = Path::new(file).parent().filter(|folder| !folder.as_os_str().is_empty());
            folder.unwrap_or(Path::new(".")).to_path_buf()
        });
        let files = domain.config.artifacts_destination.clone();
        let (database_free, files_free, memory) = tokio::task::spawn_blocking(move || {
            (folder.as_deref().and_then(free_bytes), free_bytes(&files), memory())
        })
        .await
        .map_err(|error| Error::Fault(format!("health: {error}")))?;
        Ok(Health {
            started: domain.started,
            database,
            database_took: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            database_bytes: domain.db.bytes().await?,
            database_free,
            files_free,
            memory,
            waiting: domain.writer.waiting(),
            unmerged: domain.upkeep.waiting(),
        })
    }
}

/// Bytes that may still be written to the disk of a folder.
fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Bytes of memory that this process has, where the system tells (Linux).
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
