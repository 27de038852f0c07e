//! Files of runs and models, where MLflow left them: in a folder of this machine, in the folder of a server that kept them, or
//! behind that server.

use crate::{Error, Result, http::Server};
use bytes::Bytes;
use futures::{StreamExt as _, stream::BoxStream};
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};
use tokio::io::AsyncReadExt as _;

/// What URIs of files begin with that a server keeps.
pub const PROXY: &str = "mlflow-artifacts:";
/// Bytes read at a time.
const CHUNK: usize = 256 << 10;

/// Where files can be read.
#[derive(Clone, Default)]
pub struct Files {
    /// The folder in which a server kept its artifacts (its `--artifacts-destination`).
    pub folder: Option<PathBuf>,
    /// A server that gives its artifacts out. Whoever may log there chooses what its URIs say, so they open no folder of this
    /// machine but what is in [`Self::folder`].
    pub server: Option<Server>,
}

/// A folder of files that can be read.
#[derive(Clone)]
pub struct Root(At);

#[derive(Clone)]
enum At {
    Disk(PathBuf),
    Server(Server, String),
}

/// A file, by its path below a root, with its size if that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// Its path.
    pub path: String,
    /// Bytes.
    pub size: Option<u64>,
}

/// The path in a server's artifacts that a URI names.
pub fn kept_path(uri: &str) -> Option<&str> {
    let rest = uri.strip_prefix(PROXY)?;
    // With the name of a server in it.
    let path = match rest.strip_prefix("//") {
        Some(rest) if !rest.starts_with('/') => rest.split_once('/').map_or("", |(_, path)| path),
        _ => rest,
    };
    Some(path.trim_matches('/'))
}

/// The folder of this machine that a URI names.
pub fn local_path(uri: &str) -> Option<PathBuf> {
    let decoded = |path: &str| percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned();
    if let Some(path) = uri.strip_prefix("file://") {
        return Some(PathBuf::from(decoded(path)));
    }
    if let Some(path) = uri.strip_prefix("file:") {
        return Some(PathBuf::from(decoded(path)));
    }
    (!uri.is_empty() && !uri.contains(":/")).then(|| PathBuf::from(uri))
}

impl Files {
    /// Where files of this URI can be read, if anywhere.
    pub fn locate(&self, uri: &str) -> Option<Root> {
        if let Some(path) = kept_path(uri) {
            let steps = path.split('/').all(|step| step != "..");
            let disk = self.folder.as_ref().filter(|_| steps).map(|folder| At::Disk(folder.join(path)));
            return disk.or_else(|| Some(At::Server(self.server.clone()?, path.to_owned()))).map(Root);
        }
        let path = local_path(uri)?;
        (self.server.is_none() || self.is_in_folder(&path)).then_some(Root(At::Disk(path)))
    }

    /// Whether the folder holds this path, wherever links and `..` lead.
    fn is_in_folder(&self, path: &Path) -> bool {
        let Some(folder) = self.folder.as_ref().and_then(|folder| folder.canonicalize().ok()) else {
            return false;
        };
        path.canonicalize().is_ok_and(|path| path.starts_with(folder))
    }
}

impl Root {
    /// Whether it is a folder of this machine, and isn't there.
    pub fn is_missing(&self) -> bool {
        matches!(&self.0, At::Disk(path) if !path.is_dir())
    }

    /// All files, by path.
    ///
    /// # Errors
    /// If they can't be listed. A folder that isn't there has none.
    pub async fn files(&self) -> Result<Vec<FileEntry>> {
        let mut found = Vec::new();
        let mut folders = vec![String::new()];
        while let Some(below) = folders.pop() {
            for (name, size, is_folder) in self.entries(&below).await? {
                let path = if below.is_empty() { name } else { format!("{below}/{name}") };
                if is_folder {
                    folders.push(path);
                } else {
                    found.push(FileEntry { path, size });
                }
            }
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    /// What is in a folder: names, sizes, and whether it is a folder.
    async fn entries(&self, below: &str) -> Result<Vec<(String, Option<u64>, bool)>> {
        match &self.0 {
            At::Disk(root) => disk_entries(&root.join(below)).await,
            At::Server(server, root) => {
                let path = if below.is_empty() { root.clone() } else { format!("{root}/{below}") };
                server.list_folder(&path).await
            }
        }
    }

    /// A file, a part at a time.
    ///
    /// # Errors
    /// If it can't be opened.
    pub async fn read(&self, path: &str) -> Result<BoxStream<'static, Result<Bytes>>> {
        match &self.0 {
            At::Disk(root) => {
                let path = root.join(path);
                let opened = tokio::fs::File::open(&path).await.map_err(|error| failed(&path, error))?;
                let parts = futures::stream::try_unfold((opened, path), |(mut file, path)| async move {
                    let mut part = vec![0; CHUNK];
                    let read = file.read(&mut part).await.map_err(|error| failed(&path, error))?;
                    part.truncate(read);
                    Ok::<_, Error>((read > 0).then(|| (Bytes::from(part), (file, path))))
                });
                Ok(parts.boxed())
            }
            At::Server(server, root) => {
                let answer = server.download(&format!("{root}/{path}")).await?;
                let parts = futures::stream::try_unfold(answer, |mut answer| async move {
                    Ok::<_, Error>(answer.chunk().await?.map(|part| (part, answer)))
                });
                Ok(parts.boxed())
            }
        }
    }
}

fn failed(path: &Path, error: std::io::Error) -> Error {
    Error::File { path: path.to_owned(), error }
}

/// Links to folders are passed over: they may lead in a circle.
async fn disk_entries(folder: &Path) -> Result<Vec<(String, Option<u64>, bool)>> {
    let mut entries = match tokio::fs::read_dir(folder).await {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(failed(folder, error)),
    };
    let mut found = Vec::new();
    while let Some(entry) = entries.next_entry().await.map_err(|error| failed(folder, error))? {
        let path = entry.path();
        let Ok(name) = entry.file_name().into_string() else {
            return Err(Error::Said(format!("{}: its name is no text", path.display())));
        };
        let kind = entry.file_type().await.map_err(|error| failed(&path, error))?;
        if kind.is_dir() {
            found.push((name, None, true));
        } else {
            // Of a link, what it leads to.
            let meta = tokio::fs::metadata(&path).await.map_err(|error| failed(&path, error))?;
            if meta.is_file() {
                found.push((name, Some(meta.len()), false));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_say_where_files_are() {
        let check = |uri: &str, kept: Option<&str>, local: Option<&str>| {
            assert_eq!((kept_path(uri), local_path(uri)), (kept, local.map(PathBuf::from)), "{uri}");
        };
        check("mlflow-artifacts:/1/r/artifacts", Some("1/r/artifacts"), None);
        check("mlflow-artifacts:///1/r", Some("1/r"), None);
        check("mlflow-artifacts://host:80/1/r", Some("1/r"), None);
        check("file:///srv/a%20b", None, Some("/srv/a b"));
        check("/srv/mlruns/1", None, Some("/srv/mlruns/1"));
        check("./mlruns/1", None, Some("./mlruns/1"));
        check("s3://bucket/1", None, None);
        check("", None, None);
    }

    #[test]
    fn what_a_server_says_opens_only_the_folder_that_was_named() {
        let machine = tempfile::tempdir().unwrap();
        let path = |name: &str| machine.path().join(name).display().to_string();
        for folder in ["kept/5/run/artifacts", ".ssh"] {
            std::fs::create_dir_all(path(folder)).unwrap();
        }
        let server = Some(Server::open("http://127.0.0.1:9").unwrap());
        let named = Files { folder: Some(path("kept").into()), server: server.clone() };
        let check = |files: &Files, uri: &str, expected: bool| {
            assert_eq!(files.locate(uri).is_some(), expected, "{uri}");
        };
        let inside = path("kept/5/run/artifacts");
        check(&named, &inside, true);
        check(&named, &format!("file://{inside}"), true);
        for outside in [path(".ssh"), path("kept/../.ssh"), path("kept/gone"), "mlruns/5".to_owned()] {
            check(&named, &outside, false);
            check(&named, &format!("file://{outside}"), false);
        }
        check(&Files { folder: None, server }, &inside, false);
        check(&Files::default(), &path(".ssh"), true);
    }

    #[test]
    fn a_folder_may_be_missing() {
        let machine = tempfile::tempdir().unwrap();
        let check = |uri: &str, expected: bool| {
            let found = Files::default().locate(uri).unwrap();
            assert_eq!(found.is_missing(), expected, "{uri}");
        };
        let path = machine.path().display();
        check(&format!("file://{path}"), false);
        check(&format!("{path}/gone"), true);
    }
}
