//! Where a new version comes from: which sources are taken, and what is known about the version from its source.
//!
//! The rules are MLflow's (`_validate_source_run`, `_validate_source_model` of its server): a version must not lead people
//! to files that whoever registers it has no right to point at.

use super::is_prompt;
use crate::{
    Acting,
    error::{Error, Result},
    gate::{ModelGrant, Read},
    logged_model::active,
    store,
};
use model::{Code, ModelId, RunId, logged_model::LoggedModel, registry::ModelVersion, registry::NewVersion};

/// What MLflow's clients give as the source of a prompt, which has no files.
const PROMPT_SOURCES: [&str; 2] = ["dummy-source", "prompt-template"];

/// What a source tells about a version.
pub(super) struct Lineage {
    pub source: String,
    /// Where the files really are.
    pub storage_location: String,
    pub run: Option<RunId>,
    pub model: Option<ModelId>,
    /// The logged model that is to be told of the version.
    pub told: Option<ModelGrant<Read>>,
}

/// A source as it is written.
#[derive(Debug, PartialEq, Eq)]
enum Source<'a> {
    /// `models:/m-…`
    Model(ModelId),
    /// `models:/name/3` and its like.
    Version(&'a str, Which<'a>),
    /// `runs:/…/path`
    Run(RunId),
    /// A path of this or another machine.
    Local,
    /// Below `mlflow-artifacts:`, by whatever protocol: files that this server keeps.
    Served,
    /// `s3://…` and its like: who may read it is for the other side to say.
    Elsewhere,
}

/// Which version of a registered model.
#[derive(Debug, PartialEq, Eq)]
enum Which<'a> {
    Number(i64),
    Alias(&'a str),
    Stage(&'a str),
}

impl Acting {
    /// Checks the source of a version and follows it.
    pub(super) async fn lineage(&self, new: &NewVersion) -> Result<Lineage> {
        let source = new.source.as_str();
        if is_prompt(&new.tags) {
            if !PROMPT_SOURCES.contains(&source) {
                return Err(Error::invalid(format!(
                    "Invalid prompt source: '{source}'. Prompt sources must use an MLflow placeholder."
                )));
            }
            let source = source.to_owned();
            return Ok(Lineage {
                storage_location: source.clone(),
                source,
                run: self.named_run(new.run).await?,
                model: None,
                told: None,
            });
        }
        check_no_way_up(source)?;
        let parsed = parse(source)?;
        if let Source::Version(name, which) = parsed {
            return self.copied_lineage(new, name, which).await;
        }
        let model = match (&parsed, new.model) {
            (Source::Model(id), Some(given)) if *id != given => return Err(unidentified(source, "model_id")),
            (Source::Model(id), _) => Some(*id),
            (Source::Run(_), Some(_)) => return Err(unidentified(source, "model_id")),
            (_, given) => given,
        };
        let (told, model) = match model {
            Some(id) => {
                let grant = active(self.model::<Read>(id).await?)?;
                let model = store::logged_model::get(&mut &self.domain.db, &grant).await?;
                (Some(grant), Some(model))
            }
            None => (None, None),
        };
        match parsed {
            Source::Run(run) if new.run != Some(run) => return Err(unidentified(source, "run_id")),
            Source::Local | Source::Served => self.check_contained(new, &parsed, model.as_ref()).await?,
            Source::Model(_) | Source::Run(_) | Source::Version(..) | Source::Elsewhere => {}
        }
        let storage_location = match (&parsed, &model) {
            (Source::Model(_), Some(model)) => model.artifact_uri.clone(),
            _ => source.to_owned(),
        };
        let made_by = model.as_ref().and_then(|model| model.source_run);
        let run = if new.run == made_by { made_by } else { self.named_run(new.run).await?.or(made_by) };
        Ok(Lineage {
            source: source.to_owned(),
            storage_location,
            run,
            model: model.map(|model| model.id),
            told,
        })
    }

    /// The run that a request names. One that is there and that the caller may not read is left out: its page would list the version.
    /// One that isn't there may be another server's.
    async fn named_run(&self, run: Option<RunId>) -> Result<Option<RunId>> {
        let Some(run) = run else { return Ok(None) };
        let is_there = !self.found_runs::<Read>(&[run]).await?.is_empty();
        let is_hidden = is_there && self.readable_runs(&[run]).await?.is_empty();
        Ok(Some(run).filter(|_| !is_hidden))
    }

    /// A path, or a file that this server keeps, must lie among the artifacts of the model or the run that the request
    /// names and the caller may read.
    async fn check_contained(
        &self,
        new: &NewVersion,
        parsed: &Source<'_>,
        model: Option<&LoggedModel>,
    ) -> Result<()> {
        let source = new.source.as_str();
        let what = if model.is_some() { "model_id" } else { "run_id" };
        let refused = || {
            if *parsed == Source::Served {
                return unidentified(source, what);
            }
            Error::invalid(format!(
                "Invalid model version source: '{source}'. To use a local path as a model version source, the {what} request parameter has to be specified and the local path has to be contained within the artifact directory of the run specified by the {what}."
            ))
        };
        let root = match (model, new.run) {
            (Some(model), _) => Some(model.artifact_uri.clone()),
            (None, Some(run)) => {
                let uri = self.run_artifact_uri(run).await;
                Some(uri.map_err(|error| instead_of_missing(error, refused))?)
            }
            (None, None) => None,
        };
        if root.is_some_and(|root| is_within(source, &root)) { Ok(()) } else { Err(refused()) }
    }

    async fn copied_lineage(&self, new: &NewVersion, name: &str, which: Which<'_>) -> Result<Lineage> {
        let source = new.source.as_str();
        let grant = self.registered::<Read>(name).await?;
        if store::registry::is_prompt(&mut &self.domain.db, &grant).await? {
            return Err(Error::invalid(format!(
                "Invalid model version source: '{source}'. Prompt versions cannot be used as model version sources."
            )));
        }
        let from = self.followed(name, which).await?;
        if new.run.is_some_and(|run| from.run != Some(run))
            || new.model.is_some_and(|model| from.model != Some(model))
        {
            return Err(Error::invalid(format!(
                "Invalid model version source: '{source}'. The run_id and model_id request parameters must match the referenced model version."
            )));
        }
        // The caller may copy a version of a model that has gone, or that they may not see; nobody is told then.
        let told = match from.model {
            Some(id) => match self.model::<Read>(id).await.and_then(active) {
                Ok(grant) => Some(grant),
                Err(error) if is_missing(&error) => None,
                Err(error) => return Err(error),
            },
            None => None,
        };
        Ok(Lineage {
            source: format!("models:/{}/{}", from.name, from.version),
            storage_location: from.storage_location,
            run: from.run,
            model: from.model,
            told,
        })
    }

    async fn followed(&self, name: &str, which: Which<'_>) -> Result<ModelVersion> {
        match which {
            Which::Number(number) => self.get_version(name, number).await,
            Which::Alias(alias) => self.get_version_by_alias(name, alias).await,
            Which::Stage(stage) => {
                let latest = self.get_latest_versions(name, &[stage.to_owned()]).await?;
                latest.into_iter().next().ok_or_else(|| {
                    Error::missing(format!(
                        "No versions of model with name '{name}' and stage '{stage}' found"
                    ))
                })
            }
        }
    }
}

/// Whether this is the answer about something that isn't there.
fn is_missing(error: &Error) -> bool {
    matches!(error, Error::Problem(problem) if problem.code == Code::ResourceDoesNotExist)
}

/// Puts another answer in the place of "isn't there".
pub(super) fn instead_of_missing(error: Error, other: impl FnOnce() -> Error) -> Error {
    if is_missing(&error) { other() } else { error }
}

fn unidentified(source: &str, what: &str) -> Error {
    Error::invalid(format!(
        "Invalid model version source: '{source}'. The {what} request parameter must identify the resource that contains the source."
    ))
}

fn parse(source: &str) -> Result<Source<'_>> {
    let Some((scheme, rest)) = split_scheme(source) else { return Ok(Source::Local) };
    match scheme.to_ascii_lowercase().as_str() {
        "file" => Ok(Source::Local),
        "models" => {
            if rest.starts_with("//") {
                return Err(Error::invalid(format!(
                    "Invalid model version source: '{source}'. Registered model sources must use the active model registry."
                )));
            }
            rest.strip_prefix('/').and_then(parse_model).ok_or_else(|| unidentified(source, "model_id"))
        }
        "runs" => rest
            .strip_prefix('/')
            .and_then(|path| path.split('/').next())
            .and_then(|id| id.parse().ok())
            .map(Source::Run)
            .ok_or_else(|| unidentified(source, "run_id")),
        "mlflow-artifacts" => Ok(Source::Served),
        "http" | "https" if unquoted(rest).contains("/api/2.0/mlflow-artifacts/artifacts") => {
            Ok(Source::Served)
        }
        _ => Ok(Source::Elsewhere),
    }
}

/// What follows `models:/`.
fn parse_model(path: &str) -> Option<Source<'_>> {
    match path.split_once('/') {
        None => match path.rsplit_once('@') {
            None => path.parse().ok().map(Source::Model),
            Some((name, alias)) if !name.is_empty() && !alias.is_empty() => {
                Some(Source::Version(name, Which::Alias(alias)))
            }
            Some(_) => None,
        },
        Some((name, which)) if !name.is_empty() && !which.is_empty() && !which.contains('/') => {
            let which = match which.parse() {
                Ok(number) => Which::Number(number),
                Err(_) if which.eq_ignore_ascii_case("latest") => Which::Alias("latest"),
                Err(_) => Which::Stage(which),
            };
            Some(Source::Version(name, which))
        }
        Some(_) => None,
    }
}

fn split_scheme(uri: &str) -> Option<(&str, &str)> {
    uri.split_once(':').filter(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-'))
    })
}

/// Refuses `..` and its like, however often it is percent-encoded.
fn check_no_way_up(source: &str) -> Result<()> {
    let plain = unquoted(source);
    let goes_up = plain.split(['/', '\\', '?', '#']).any(|part| matches!(part, "." | ".."));
    if goes_up || plain.contains('\0') {
        return Err(Error::invalid(format!(
            "Invalid model version source: '{source}'. If supplying a source as an http, https, local file path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path references present. Please provide an absolute path."
        )));
    }
    Ok(())
}

/// The text without percent-encoding, also where that was done more than once (MLflow's figure: ten times).
fn unquoted(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..10 {
        let mut plain = Vec::with_capacity(text.len());
        let mut rest = text.as_bytes();
        while let Some((&byte, after)) = rest.split_first() {
            let decoded = (byte == b'%').then(|| after.split_first_chunk::<2>()).flatten();
            match decoded.and_then(|(hex, after)| Some((from_hex(hex)?, after))) {
                Some((decoded, after)) => {
                    plain.push(decoded);
                    rest = after;
                }
                None => {
                    plain.push(byte);
                    rest = after;
                }
            }
        }
        let plain = String::from_utf8_lossy(&plain).into_owned();
        if plain == text {
            break;
        }
        text = plain;
    }
    text
}

fn from_hex(digits: &[u8; 2]) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u8::from_str_radix(digits, 16).ok()
}

/// Whether a URI is another or lies below it.
fn is_within(uri: &str, root: &str) -> bool {
    fn pieces(uri: &str) -> (String, String, Vec<String>) {
        let (scheme, rest) = split_scheme(uri).unwrap_or(("file", uri));
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
            None => ("", rest),
        };
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let parts = path.split('/').filter(|part| !part.is_empty()).map(unquoted).collect();
        (scheme.to_ascii_lowercase(), authority.to_ascii_lowercase(), parts)
    }
    let (scheme, authority, parts) = pieces(uri);
    let (root_scheme, root_authority, root_parts) = pieces(root);
    scheme == root_scheme
        && authority == root_authority
        && !root_parts.is_empty()
        && parts.starts_with(&root_parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "0af7651916cd43dd8448eb211c80319c";

    #[test]
    fn sources_are_told_apart() {
        let check = |source: &str, expected: Source| assert_eq!(parse(source).unwrap(), expected, "{source}");
        check(&format!("models:/m-{HEX}"), Source::Model(format!("m-{HEX}").parse().unwrap()));
        check("models:/bert/3", Source::Version("bert", Which::Number(3)));
        check("models:/bert@champion", Source::Version("bert", Which::Alias("champion")));
        check("models:/bert/Latest", Source::Version("bert", Which::Alias("latest")));
        check("models:/bert/production", Source::Version("bert", Which::Stage("production")));
        check(&format!("runs:/{HEX}/model"), Source::Run(HEX.parse().unwrap()));
        check("/data/model", Source::Local);
        check("file:///data/model", Source::Local);
        check("mlflow-artifacts:/0/x", Source::Served);
        check("https://host/api/2.0/mlflow-artifacts/artifacts/0/x", Source::Served);
        check("s3://bucket/model", Source::Elsewhere);
        check("https://host/model", Source::Elsewhere);
    }

    #[test]
    fn a_source_that_names_nothing_is_refused() {
        for source in
            ["models:/", "models:/x", "models://host/x/1", "models:/a/b/c", "models:/@x", "runs:/x/model"]
        {
            assert!(parse(source).is_err(), "{source}");
        }
    }

    #[test]
    fn no_way_leads_up() {
        for source in [
            "s3://bucket/a/../b",
            "..",
            "/a/..",
            "file:///a/./b",
            "mlflow-artifacts:/0/..%2f..%2fetc",
            "mlflow-artifacts:/0/%252e%252e/etc",
            "http://host/x%00",
            "c:\\a\\..\\b",
        ] {
            assert!(check_no_way_up(source).is_err(), "{source}");
        }
        for source in ["s3://bucket", "s3://bucket/a..b/c%", "models:/x/1", "/data/model/"] {
            assert!(check_no_way_up(source).is_ok(), "{source}");
        }
    }

    #[test]
    fn a_uri_lies_below_its_root_by_whole_steps() {
        let check = |uri: &str, root: &str, expected: bool| {
            assert_eq!(is_within(uri, root), expected, "{uri} in {root}");
        };
        check("mlflow-artifacts:/0/r/artifacts/model", "mlflow-artifacts:/0/r/artifacts", true);
        check("mlflow-artifacts:/0/r/artifacts", "mlflow-artifacts:/0/r/artifacts/", true);
        check("mlflow-artifacts:/0/r/artifacts2", "mlflow-artifacts:/0/r/artifacts", false);
        check("mlflow-artifacts://elsewhere/0/r/artifacts/model", "mlflow-artifacts:/0/r/artifacts", false);
        check("file:///data/r/model", "/data/r", true);
        check("/data/r/model", "file:///data/r", true);
        check("/data/other", "/data/r", false);
        check("/data", "/", false);
        check("s3://Bucket/a", "s3://bucket/a", true);
    }
}
