//! Artifacts: files that runs and models leave behind, kept below one root and streamed, never held whole in memory.
//!
//! A path starts with the number of the experiment that it was made for (`<experiment>/<run>/artifacts/model.pkl`). Files stay where
//! they lie when their run is moved: the gate asks about the run or the logged model that a path names, wherever that is now, and
//! about the experiment where it names none. An upload is seen by nobody until it is complete.

mod compared;
mod path;

pub(crate) use compared::{ENVIRONMENTS, file_in, if_there};
pub use path::PROXY_SCHEME;
pub(crate) use path::{ArtifactPath, Owner, made_in, served_path};
use path::{LONGEST_STEP, invalid_path};

use crate::{
    Acting, Domain,
    audit::Told,
    error::{Error, Result},
    gate::{ArtifactGrant, Edit, Level, Manage, Read},
    store,
};
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream::BoxStream};
use model::{
    Millis, RunId,
    audit::{Action, Object},
    page::{ArtifactEntry, ArtifactRoot},
};
use object_store::{
    GetOptions, GetRange, ListResult, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutPayload,
    buffered::BufWriter, local::LocalFileSystem, path::Path,
};
use std::{
    io::ErrorKind,
    path::{Path as FilePath, PathBuf},
    sync::Arc,
};

/// Longest name of a file that is written: while it is, the store adds a mark to it.
const LONGEST_WRITTEN: usize = LONGEST_STEP - 5;
/// Bytes of an upload that are gathered before they are written, and how many such parts are on their way at once: what
/// one upload takes of the memory.
const UPLOAD_PART: usize = 4 << 20;
const UPLOAD_PARTS: usize = 2;
/// Files of a run that a link shows, and how many are looked through for them.
const SHARED_FILES: usize = 200;
const LOOKED_THROUGH: usize = 1000;

/// Whether a path is one that files can have.
///
/// # Errors
/// `INVALID_PARAMETER_VALUE` if not.
pub fn check_path(path: &str) -> Result<()> {
    ArtifactPath::parse(path).map(drop)
}

/// Where the files are.
#[derive(Clone)]
pub(crate) struct Artifacts {
    store: Arc<dyn ObjectStore>,
    root: PathBuf,
}

impl Artifacts {
    /// Opens the folder, creating it where needed.
    pub fn open(root: &FilePath) -> Result<Self> {
        let fault = |error: std::io::Error| {
            Error::Fault(format!("can't use the artifact folder {}: {error}", root.display()))
        };
        std::fs::create_dir_all(root).map_err(fault)?;
        let root = root.canonicalize().map_err(fault)?;
        let store = LocalFileSystem::new_with_prefix(&root)?.with_automatic_cleanup(false);
        Ok(Self { store: Arc::new(store), root })
    }

    /// All files that there are.
    pub fn list(&self) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.store.list(None)
    }

    /// Files and folders right below a folder; nothing if there is no such folder.
    async fn below(&self, folder: &Path) -> Result<Option<ListResult>> {
        match self.store.list_with_delimiter(Some(folder)).await {
            Err(error) if leads_nowhere(&error) => Ok(None),
            listed => Ok(Some(listed?)),
        }
    }

    /// So many of all files below a folder, in no order; none if there is no such folder.
    async fn some_below(&self, folder: &Path, most: usize) -> Result<Vec<ObjectMeta>> {
        let listed: object_store::Result<Vec<ObjectMeta>> =
            self.store.list(Some(folder)).take(most).try_collect().await;
        match listed {
            Err(error) if leads_nowhere(&error) => Ok(Vec::new()),
            listed => Ok(listed?),
        }
    }

    /// Refuses paths that a symbolic link leads out of the root.
    fn check_inside(&self, path: &ArtifactPath) -> Result<()> {
        let mut full = self.root.join(path.0.as_ref());
        // What isn't there yet is where its nearest folder is.
        while !full.exists() && full.pop() {}
        match full.canonicalize() {
            Ok(real) if real.starts_with(&self.root) => Ok(()),
            _ => Err(invalid_path()),
        }
    }
}

/// Whether a path leads through a file: nothing can be there. The store has no name for that, the system's error is within.
fn leads_nowhere(error: &object_store::Error) -> bool {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            return error.kind() == ErrorKind::NotADirectory;
        }
        source = error.source();
    }
    false
}

/// Which bytes of a file are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteRange {
    /// From this one on.
    From(u64),
    /// From the first to the last, both included.
    Between(u64, u64),
    /// As many at the end.
    Last(u64),
}

/// A file being read.
pub struct ArtifactRead {
    /// Bytes of the whole file.
    pub size: u64,
    /// Which of them come; the end isn't included.
    pub range: std::ops::Range<u64>,
    /// Changes when the file does.
    pub etag: Option<String>,
    /// When it was written.
    pub modified: Millis,
    /// The bytes.
    pub stream: BoxStream<'static, Result<Bytes>>,
}

/// The start of a file.
pub(crate) struct TextRead {
    pub bytes: Bytes,
    pub truncated: bool,
}

impl Acting {
    async fn artifact<L: Level>(&self, path: &str) -> Result<ArtifactGrant<L>> {
        let grant = self.artifact_grant(ArtifactPath::parse(path)?).await?;
        self.domain.artifacts.check_inside(grant.path())?;
        Ok(grant)
    }

    /// Files and folders in a folder, by name; none if there is no such folder. Needs READ.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` for a bad path, `RESOURCE_DOES_NOT_EXIST` for the experiment.
    pub async fn list_artifacts(&self, path: &str) -> Result<Vec<ArtifactEntry>> {
        let grant = self.artifact::<Read>(path).await?;
        let folder = &grant.path().0;
        let Some(found) = self.domain.artifacts.below(folder).await? else { return Ok(Vec::new()) };
        let mut entries: Vec<ArtifactEntry> = found
            .common_prefixes
            .iter()
            .filter_map(|folder| {
                folder.filename().map(|name| ArtifactEntry { path: name.to_owned(), size: None })
            })
            .chain(found.objects.iter().filter(|object| object.location != *folder).filter_map(|object| {
                let name = object.location.filename()?;
                Some(ArtifactEntry { path: name.to_owned(), size: Some(object.size) })
            }))
            .collect();
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    /// Reads a file, or a part of it. Needs READ.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`; `INVALID_PARAMETER_VALUE` for a bad path, a folder or a range outside the file.
    pub async fn read_artifact(&self, path: &str, range: Option<ByteRange>) -> Result<ArtifactRead> {
        let grant = self.artifact::<Read>(path).await?;
        self.domain.read_file(&grant, range).await
    }

    /// A file of a run whose files a link shows. For guests.
    ///
    /// # Errors
    /// As [`Self::read_artifact`].
    pub async fn read_shared_file(
        &self,
        run: RunId,
        path: &str,
        range: Option<ByteRange>,
    ) -> Result<ArtifactRead> {
        let grant = self.shared_files(run, path).await?;
        self.domain.artifacts.check_inside(grant.path())?;
        self.domain.read_file(&grant, range).await
    }

    /// Files of a run, which a link shows, by their paths below its root, and whether there are more. For guests.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` if the link doesn't show them.
    pub async fn list_shared_files(&self, run: RunId) -> Result<(Vec<ArtifactEntry>, bool)> {
        let grant = self.shared_files(run, "").await?;
        self.domain.files_below(&grant, SHARED_FILES).await
    }

    /// Names of files in a folder, so many at most, and whether there are more. Needs READ.
    pub(crate) async fn some_files(&self, path: &str, most: usize) -> Result<(Vec<String>, bool)> {
        let grant = self.artifact::<Read>(path).await?;
        let folder = &grant.path().0;
        let found = self.domain.artifacts.some_below(folder, most + 1).await?;
        let is_more = found.len() > most;
        let direct = found.iter().filter_map(|file| {
            let mut below = file.location.prefix_match(folder)?;
            let name = below.next()?.as_ref().to_owned();
            below.next().is_none().then_some(name)
        });
        Ok((direct.take(most).collect(), is_more))
    }

    /// Names of files and folders in a folder, so many at most, and which are folders; none if there is no such folder.
    /// Nothing is asked about each of them. Needs READ.
    pub(crate) async fn names_in(&self, path: &str, most: usize) -> Result<Vec<(String, bool)>> {
        let grant = self.artifact::<Read>(path).await?;
        let full = self.domain.artifacts.root.join(grant.path().0.as_ref());
        let read = move || -> Vec<(String, bool)> {
            let Ok(entries) = std::fs::read_dir(full) else { return Vec::new() };
            let named = entries.filter_map(|entry| {
                let entry = entry.ok()?;
                let is_folder = entry.file_type().ok()?.is_dir();
                Some((entry.file_name().into_string().ok()?, is_folder))
            });
            named.take(most).collect()
        };
        let names = tokio::task::spawn_blocking(read).await;
        names.map_err(|error| Error::Fault(format!("listing files: {error}")))
    }

    /// Whether this server keeps such a folder, as far as the caller may know.
    pub(crate) async fn is_kept_folder(&self, path: &str) -> bool {
        let Ok(grant) = self.artifact::<Read>(path).await else { return false };
        let full = self.domain.artifacts.root.join(grant.path().0.as_ref());
        tokio::fs::metadata(full).await.is_ok_and(|found| found.is_dir())
    }

    /// Writes a file from a stream; it takes the place of an older one when it is complete. Needs EDIT.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` for a bad path or a folder in its place; a fault if the stream breaks off, and then
    /// nothing is left of it.
    pub async fn write_artifact<E: std::fmt::Display>(
        &self,
        path: &str,
        stream: impl Stream<Item = Result<Bytes, E>> + Send,
    ) -> Result<()> {
        let grant = self.artifact::<Edit>(path).await?;
        let artifacts = &self.domain.artifacts;
        let in_the_way =
            || Error::invalid(format!("'{path}' can't be a file: a folder or a file is in its way."));
        let full = artifacts.root.join(grant.path().0.as_ref());
        if full.is_dir() || full.ancestors().skip(1).any(FilePath::is_file) {
            return Err(in_the_way());
        }
        if grant.path().0.filename().is_some_and(|name| name.len() > LONGEST_WRITTEN) {
            return Err(Error::invalid(format!("The name of a file has at most {LONGEST_WRITTEN} bytes.")));
        }
        let mut stream = std::pin::pin!(stream);
        // BufWriter makes no file of nothing.
        let Some(first) = stream.next().await else {
            artifacts.store.put(&grant.path().0, PutPayload::new()).await?;
            self.tell_of_file(grant.path()).await;
            return Ok(());
        };
        let mut writer =
            BufWriter::with_capacity(Arc::clone(&artifacts.store), grant.path().0.clone(), UPLOAD_PART)
                .with_max_concurrency(UPLOAD_PARTS);
        let mut next = Some(first);
        while let Some(chunk) = next {
            match chunk {
                Ok(chunk) => writer.put(chunk).await?,
                Err(error) => {
                    // Below the size of a part nothing has been started that could be aborted.
                    let _ = writer.abort().await;
                    return Err(Error::invalid(format!("The upload broke off: {error}")));
                }
            }
            next = stream.next().await;
        }
        tokio::io::AsyncWriteExt::shutdown(&mut writer)
            .await
            .map_err(|error| Error::Fault(format!("writing an artifact: {error}")))?;
        self.tell_of_file(grant.path()).await;
        Ok(())
    }

    /// Whoever looks at the run that a new file is of is told.
    async fn tell_of_file(&self, path: &ArtifactPath) {
        if let Some(Owner::Run(run)) = path.owner()
            && let Ok(grant) = self.run::<Read>(run).await
        {
            self.domain.live.touch(grant.experiment, run);
        }
    }

    /// Deletes a file, or a folder with all that's in it; it's fine if there is none. Needs MANAGE.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` for a bad path, the root of all, or a folder with files of runs that were moved away;
    /// `RESOURCE_DOES_NOT_EXIST` for the experiment.
    pub async fn delete_artifact(&self, path: &str) -> Result<()> {
        let grant = self.artifact::<Manage>(path).await?;
        if grant.path().0.as_ref().is_empty() {
            return Err(invalid_path());
        }
        if grant.path().owner().is_none() && store::moving::has_files_below(&self.domain.db, &grant).await? {
            return Err(Error::invalid(format!(
                "'{path}' holds files of runs or models that are in another experiment."
            )));
        }
        let full = self.domain.artifacts.root.join(grant.path().0.as_ref());
        // Not through the store: its lists follow symbolic links, and it leaves empty folders behind.
        let delete = async move |full: &std::path::Path| match tokio::fs::symlink_metadata(full).await {
            Ok(found) if found.is_dir() => tokio::fs::remove_dir_all(full).await,
            Ok(_) => tokio::fs::remove_file(full).await,
            Err(error) => Err(error),
        };
        let (acting, path) = (self.clone(), path.to_owned());
        // It goes on, and is told of, also when whoever asked has hung up.
        let done = tokio::spawn(async move {
            let deleted = delete(&full).await;
            acting.told_deleted(deleted, &full, path).await
        });
        done.await.map_err(|error| Error::Fault(format!("deleting an artifact: {error}")))?
    }

    async fn told_deleted(
        &self,
        deleted: std::io::Result<()>,
        full: &std::path::Path,
        path: String,
    ) -> Result<()> {
        match deleted.map_err(|error| (error.kind(), error)) {
            Ok(()) => {
                self.domain.tell(self.who(), Told::new(Action::ArtifactDelete, Object::Artifact(path))).await
            }
            Err((ErrorKind::NotFound | ErrorKind::NotADirectory, _)) => Ok(()),
            Err((_, error)) => {
                Err(Error::Fault(format!("deleting the artifact {}: {error}", full.display())))
            }
        }
    }

    /// The start of a file.
    pub(crate) async fn read_artifact_start(&self, path: &str, most: u64) -> Result<TextRead> {
        let mut read = self.read_artifact(path, None).await?;
        let mut bytes = BytesMut::new();
        while let Some(chunk) = read.stream.try_next().await? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() as u64 >= most {
                bytes.truncate(usize::try_from(most).unwrap_or(usize::MAX));
                break;
            }
        }
        Ok(TextRead { truncated: read.size > bytes.len() as u64, bytes: bytes.freeze() })
    }

    /// The path, for this server, of what lies at `path` below a run's or a model's root.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`; `INVALID_PARAMETER_VALUE` if the root isn't kept by this server.
    pub async fn artifact_path(&self, root: ArtifactRoot, path: &str) -> Result<String> {
        let uri = match root {
            ArtifactRoot::Run(_, run) => self.run_artifact_uri(run).await?,
            ArtifactRoot::Model(_, model) => self.get_model(model, true).await?.artifact_uri,
        };
        served_path(&uri, path)
    }

    /// Root URI of a run's artifacts.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`.
    pub async fn run_artifact_uri(&self, run: RunId) -> Result<String> {
        let grant = self.run::<Read>(run).await?;
        Ok(store::run::get_info(&self.domain.db, &grant).await?.artifact_uri)
    }
}

impl Domain {
    /// Deletes the files of traces that are gone, of which these are the roots; those elsewhere are for others to delete. What can't
    /// be deleted stays, and the log tells of it.
    pub(crate) async fn delete_trace_files(&self, roots: &[String]) {
        for root in roots {
            let kept = root.strip_prefix(PROXY_SCHEME).map(|path| path.trim_start_matches('/'));
            let folder = kept.and_then(|path| path.strip_suffix("/artifacts"));
            let path = folder.and_then(|folder| ArtifactPath::parse(folder).ok());
            let Some(path) = path.filter(|path| self.artifacts.check_inside(path).is_ok()) else { continue };
            let folder = self.artifacts.root.join(path.as_str());
            match tokio::fs::remove_dir_all(&folder).await {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    tracing::warn!(%error, folder = %folder.display(), "can't delete the files of a trace");
                }
                _ => {}
            }
        }
    }

    async fn read_file(&self, grant: &ArtifactGrant<Read>, range: Option<ByteRange>) -> Result<ArtifactRead> {
        let store = &self.artifacts.store;
        let location = &grant.path().0;
        let path = location.as_ref();
        let size = match store.head(location).await {
            Ok(meta) => meta.size,
            Err(_) if self.is_folder(location).await? => {
                return Err(Error::invalid(format!(
                    "Artifact path refers to a directory, not a file: '{path}'"
                )));
            }
            Err(error) if matches!(error, object_store::Error::NotFound { .. }) || leads_nowhere(&error) => {
                return Err(Error::missing(format!("No such artifact: '{path}'")));
            }
            Err(error) => return Err(error.into()),
        };
        let wanted = match range {
            None => None,
            Some(ByteRange::From(first)) if first < size => Some(GetRange::Offset(first)),
            Some(ByteRange::Between(first, last)) if first < size && first <= last => {
                Some(GetRange::Bounded(first..last.saturating_add(1).min(size)))
            }
            Some(ByteRange::Last(count)) if count > 0 && size > 0 => Some(GetRange::Suffix(count.min(size))),
            Some(_) => {
                return Err(Error::invalid(format!(
                    "The range holds no byte of the file, which has {size} bytes."
                )));
            }
        };
        let read = store.get_opts(location, GetOptions { range: wanted, ..GetOptions::default() }).await?;
        Ok(ArtifactRead {
            size: read.meta.size,
            range: read.range.clone(),
            etag: read.meta.e_tag.clone(),
            modified: read.meta.last_modified.timestamp_millis(),
            stream: read.into_stream().map_err(Error::from).boxed(),
        })
    }

    /// Files below a folder by their paths from there, so many at most, and whether there are more.
    async fn files_below(
        &self,
        grant: &ArtifactGrant<Read>,
        most: usize,
    ) -> Result<(Vec<ArtifactEntry>, bool)> {
        let artifacts = &self.artifacts;
        let root = &grant.path().0;
        let mut found = artifacts.some_below(root, LOOKED_THROUGH).await?;
        found.sort_by(|a, b| a.location.cmp(&b.location));
        let is_more = found.len() > most;
        found.truncate(most);
        let (artifacts, root) = (artifacts.clone(), root.clone());
        // Each is looked at on the disk.
        let files = tokio::task::spawn_blocking(move || {
            let inside = found
                .into_iter()
                .filter(|file| artifacts.check_inside(&ArtifactPath(file.location.clone())).is_ok());
            let named = inside.filter_map(|file| {
                let below: Vec<String> =
                    file.location.prefix_match(&root)?.map(|step| step.as_ref().to_owned()).collect();
                Some(ArtifactEntry { path: below.join("/"), size: Some(file.size) })
            });
            named.collect()
        });
        let files = files.await.map_err(|error| Error::Fault(format!("listing files: {error}")))?;
        Ok((files, is_more))
    }

    /// Whether there is something below.
    async fn is_folder(&self, location: &Path) -> Result<bool> {
        let Some(found) = self.artifacts.below(location).await? else { return Ok(false) };
        let is_below = found.objects.iter().any(|object| object.location != *location);
        Ok(is_below || !found.common_prefixes.is_empty())
    }
}
