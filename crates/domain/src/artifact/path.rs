//! Where artifacts lie: paths below the root as clients write them, and URIs of what this server keeps.

use crate::error::{Error, Result};
use model::{ExperimentId, ModelId, RunId};
use object_store::path::Path;

/// What URIs of artifacts that this server keeps start with (MLflow's scheme for its proxy).
pub const PROXY_SCHEME: &str = "mlflow-artifacts:/";
/// What the folder of all artifacts of a run or a logged model is called.
const FOLDER: &str = "artifacts";
/// Longest path, in bytes.
const LONGEST_PATH: usize = 2048;
/// Longest name of a file or folder, in bytes: what file systems take.
pub(super) const LONGEST_STEP: usize = 255;
/// How often a path may be percent-encoded (MLflow's figure).
const MOST_ENCODINGS: usize = 10;

/// A path below the root, checked: no way up, no way out, one spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArtifactPath(pub(super) Path);

impl ArtifactPath {
    /// Checks a path as a client wrote it. Percent-encoding is undone first, however often it was done.
    pub fn parse(raw: &str) -> Result<Self> {
        let mut text = raw.to_owned();
        for _ in 0..MOST_ENCODINGS {
            match percent_decode(&text) {
                Some(decoded) if decoded != text => text = decoded,
                Some(_) => break,
                None => return Err(invalid_path()),
            }
        }
        let text = text.trim_end_matches('/');
        let bad = text.len() > LONGEST_PATH
            || text.starts_with('/')
            || text.contains(['\\', '#', '\0'])
            || text.split('/').any(|step| step.len() > LONGEST_STEP)
            || text.split('/').any(|step| matches!(step, "." | "..") || (step.is_empty() && !text.is_empty()))
            // A drive letter is absolute elsewhere.
            || text.split('/').next().is_some_and(|first| first.len() == 2 && first.ends_with(':'));
        if bad {
            return Err(invalid_path());
        }
        Path::parse(text).map(Self).map_err(|_| invalid_path())
    }

    /// What lies at `below` in the artifacts of a run, where this server puts them.
    pub fn of_run(experiment: ExperimentId, run: RunId, below: &Self) -> Result<Self> {
        let root = format!("{experiment}/{run}/{FOLDER}");
        match below.0.as_ref() {
            "" => Self::parse(&root),
            below => Path::parse(format!("{root}/{below}")).map(Self).map_err(|_| invalid_path()),
        }
    }

    /// Its first step, if that is a number: the experiment.
    pub fn experiment(&self) -> Option<ExperimentId> {
        self.0.parts().next().and_then(|first| first.as_ref().parse().ok())
    }

    /// Whose it is, if it says so: of what is below a folder of artifacts, the folder's.
    pub fn owner(&self) -> Option<Owner> {
        // Some file systems don't tell upper from lower case.
        let steps = self.0.parts().skip(1).map(|step| step.as_ref().to_ascii_lowercase());
        let mut before = steps.take_while(|step| step != FOLDER);
        before.find_map(|step| {
            let run = step.parse().map(Owner::Run);
            run.or_else(|_| step.parse().map(Owner::Model)).ok()
        })
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        self.0.as_ref()
    }
}

/// What artifacts are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Run(RunId),
    Model(ModelId),
}

/// The experiment that a run was made in, if this is the URI of its artifacts and they lie where this server puts them.
pub(crate) fn made_in(uri: &str, run: RunId) -> Option<ExperimentId> {
    let (experiment, rest) = uri.strip_prefix(PROXY_SCHEME)?.trim_start_matches('/').split_once('/')?;
    if rest == format!("{run}/{FOLDER}") { experiment.parse().ok() } else { None }
}

/// The path, for this server, of what lies at `path` below a root with this URI; an error if it isn't kept by this server.
pub(crate) fn served_path(uri: &str, path: &str) -> Result<String> {
    let kept = uri.strip_prefix(PROXY_SCHEME).map(|root| root.trim_start_matches('/'));
    let root = kept.ok_or_else(|| {
        Error::invalid(format!("These artifacts are at {uri}, which clients open themselves."))
    })?;
    // The part below the root must not lead out of it, so it is checked alone.
    let below = ArtifactPath::parse(path)?;
    Ok(match below.0.as_ref() {
        "" => root.to_owned(),
        below => format!("{}/{below}", root.trim_end_matches('/')),
    })
}

/// `None` if the bytes aren't text. A stray percent sign stands for itself.
fn percent_decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let hex = digits.and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if first == b'%' => {
                decoded.push(byte);
                rest = &after[2..];
            }
            _ => {
                decoded.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8(decoded).ok()
}

pub(super) fn invalid_path() -> Error {
    Error::invalid("Invalid path")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, expected: Option<&str>) {
        let parsed = ArtifactPath::parse(raw).ok();
        assert_eq!(parsed.as_ref().map(|path| path.0.as_ref()), expected, "{raw}");
    }

    #[test]
    fn good_paths_have_one_spelling() {
        check("1/run/artifacts/model.pkl", Some("1/run/artifacts/model.pkl"));
        check("1/a%20b/é.txt", Some("1/a b/é.txt"));
        check("1/a%2520b", Some("1/a b"));
        check("1/100%.txt", Some("1/100%.txt"));
        check("1/growth%+a.csv", Some("1/growth%+a.csv"));
        check("1/dir/", Some("1/dir"));
        check("", Some(""));
    }

    #[test]
    fn a_path_says_whose_it_is() {
        const RUN: &str = "0af7651916cd43dd8448eb211c80319c";
        const OTHER: &str = "1bf7651916cd43dd8448eb211c80319d";
        let run: RunId = RUN.parse().unwrap();
        let model: ModelId = format!("m-{RUN}").parse().unwrap();
        let check = |path: &str, owner: Option<Owner>| {
            assert_eq!(ArtifactPath::parse(path).unwrap().owner(), owner, "{path}");
        };
        check("", None);
        check("1", None);
        check("1/folder/a.txt", None);
        check(RUN, None);
        check(&format!("1/{RUN}"), Some(Owner::Run(run)));
        check(&format!("1/{RUN}/artifacts/a.txt"), Some(Owner::Run(run)));
        check(&format!("1/{}/Artifacts/a.txt", RUN.to_uppercase()), Some(Owner::Run(run)));
        check(&format!("1/team/{RUN}/artifacts"), Some(Owner::Run(run)));
        check(&format!("1/models/m-{RUN}/artifacts/{OTHER}/a.txt"), Some(Owner::Model(model)));
        check(&format!("1/{RUN}/{OTHER}/a.txt"), Some(Owner::Run(run)));
        // A folder that is called like a run is none.
        check(&format!("1/traces/tr-1/artifacts/{RUN}/a.txt"), None);
    }

    #[test]
    fn artifacts_lie_where_their_run_was_made() {
        let run: RunId = "0af7651916cd43dd8448eb211c80319c".parse().unwrap();
        let check = |uri: String, experiment: Option<i64>| {
            assert_eq!(made_in(&uri, run), experiment.map(ExperimentId), "{uri}");
        };
        check(format!("mlflow-artifacts:/7/{run}/artifacts"), Some(7));
        check(format!("mlflow-artifacts:/7/team/{run}/artifacts"), None);
        check(format!("mlflow-artifacts:/x/{run}/artifacts"), None);
        check("mlflow-artifacts:/7/1bf7651916cd43dd8448eb211c80319d/artifacts".to_owned(), None);
        check(format!("s3://bucket/7/{run}/artifacts"), None);
    }

    #[test]
    fn no_path_leads_up_or_out() {
        for raw in [
            "..",
            "1/../2",
            "1/%2e%2e/2",
            "1/%252e%252e/2",
            "1/%25252525252e%2525252e/x/..",
            "/etc/passwd",
            "%2fetc/passwd",
            "1\\..\\2",
            "1/%5c..",
            "C:/x",
            "1//2",
            "1/./2",
            "1/a#b",
            "1/%00",
        ] {
            check(raw, None);
        }
    }
}
