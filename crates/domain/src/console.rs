//! Console logs of runs: found by their names, read in pieces however long they are.

use crate::{
    Acting,
    artifact::{ByteRange, PROXY_SCHEME},
    error::Result,
    gate::Read,
};
use futures::TryStreamExt as _;
use model::{
    RunId,
    console::{FOLDERS, LogPart, LogPiece, logs_among},
    page::ArtifactRoot,
    run::Run,
};

/// Files of a folder that are looked through for them.
const LOOKED_THROUGH: usize = 20_000;

impl Acting {
    /// Files of a run that look like console logs, what is most likely looked for first. None if its files are kept elsewhere.
    /// Needs READ.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`.
    pub async fn run_logs(&self, run: RunId) -> Result<Vec<String>> {
        let uri = self.run_artifact_uri(run).await?;
        self.logs_below(&uri).await
    }

    /// Whether there are any, as far as the caller may know.
    pub(crate) async fn has_logs(&self, run: &Run) -> bool {
        self.logs_below(&run.info.artifact_uri).await.is_ok_and(|found| !found.is_empty())
    }

    async fn logs_below(&self, uri: &str) -> Result<Vec<String>> {
        let Some(root) = uri.strip_prefix(PROXY_SCHEME) else { return Ok(Vec::new()) };
        let root = root.trim_matches('/');
        let mut files = Vec::new();
        for (name, is_folder) in self.names_in(root, LOOKED_THROUGH).await? {
            if !is_folder {
                files.push(name);
            } else if FOLDERS.contains(&name.as_str()) {
                let below = self.names_in(&format!("{root}/{name}"), LOOKED_THROUGH).await?;
                files.extend(
                    below
                        .iter()
                        .filter(|(_, is_folder)| !is_folder)
                        .map(|(file, _)| format!("{name}/{file}")),
                );
            }
        }
        Ok(logs_among(files))
    }

    /// A part of a log, or of any other file of a run: a few hundred kB, however long it is. Needs READ.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`; `INVALID_PARAMETER_VALUE` for a bad path, a folder, or if the run's files are kept elsewhere.
    pub async fn read_log(&self, run: RunId, path: &str, part: LogPart) -> Result<LogPiece> {
        let experiment = self.run::<Read>(run).await?.experiment;
        let file = self.artifact_path(ArtifactRoot::Run(experiment, run), path).await?;
        let size = self.read_artifact(&file, None).await?.size;
        let (range, is_exact) = part.bytes(size);
        if range.is_empty() {
            return Ok(LogPiece { start: range.start, bytes: Vec::new(), size });
        }
        let range = ByteRange::Between(range.start, range.end - 1);
        let mut read = self.read_artifact(&file, Some(range)).await?;
        // Another file may have taken its place since.
        let (start, size) = (read.range.start, read.size);
        let mut bytes = Vec::new();
        while let Some(chunk) = read.stream.try_next().await? {
            bytes.extend_from_slice(&chunk);
        }
        Ok(match is_exact {
            true => LogPiece { start, bytes, size },
            false => LogPiece::of_last_lines(start, bytes, size),
        })
    }
}
