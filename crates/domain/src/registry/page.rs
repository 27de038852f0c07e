//! What the pages of registered models show, and what people do on them. Each step is a use case of its own, with its own rights
//! and its own line in the audit log.

use super::find_version;
use crate::{
    Acting,
    artifact::PROXY_SCHEME,
    error::{Error, Result},
    gate::{Read, RunGrant},
    logged_model::active,
    markdown,
    store::{self, registry::version, search::Slice},
};
use model::{
    Code, ModelId, RunId,
    logged_model::LoggedModel,
    page::{
        ArtifactRoot, ModelLink,
        registry::{
            REGISTRY_ROWS, RegisteredChange, RegisteredList, RegisteredPage, RegistryPage, RegistryQuestion,
            RunLink, VersionChange, VersionPage, VersionRow,
        },
    },
    registry::{ModelVersion, NewVersion},
    run::RunInfo,
};
use std::collections::HashMap;

/// Characters of a description that a list shows.
const FIRST_LINE: usize = 200;

/// The first line of a note that says something, without the marks of a heading.
fn first_line(note: &str) -> String {
    let mut lines = note.lines().map(|line| line.trim().trim_start_matches('#').trim_start());
    let first = lines.find(|line| !line.is_empty()).unwrap_or_default();
    first.chars().take(FIRST_LINE).collect()
}

fn html_of(note: &str) -> String {
    let note = note.trim();
    if note.is_empty() { String::new() } else { markdown::to_html(note) }
}

/// A part of a list and one row more, which tells whether there are others behind it.
fn slice_of(page: u64) -> Slice {
    let rows = REGISTRY_ROWS as u64;
    Slice { offset: page.saturating_mul(rows), limit: rows + 1 }
}

/// Cuts that one row off.
fn has_more<T>(rows: &mut Vec<T>) -> bool {
    let more = rows.len() > REGISTRY_ROWS;
    rows.truncate(REGISTRY_ROWS);
    more
}

/// The folder below a root at which a URI points, if it does.
fn below(uri: &str, root: &str) -> Option<String> {
    let rest = uri.strip_prefix(root.trim_end_matches('/'))?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_matches('/').to_owned())
}

/// Where the files of a version are, if this server keeps them.
fn files_of(
    version: &ModelVersion,
    model: Option<&LoggedModel>,
    run: Option<&RunInfo>,
) -> Option<(ArtifactRoot, String)> {
    let at = version.storage_location.as_str();
    if let Some(model) = model.filter(|model| model.artifact_uri.starts_with(PROXY_SCHEME))
        && let Some(folder) = below(at, &model.artifact_uri)
    {
        return Some((ArtifactRoot::Model(model.experiment, model.id), folder));
    }
    let run = run.filter(|run| run.artifact_uri.starts_with(PROXY_SCHEME))?;
    let folder = below(at, &format!("runs:/{}", run.id)).or_else(|| below(at, &run.artifact_uri))?;
    Some((ArtifactRoot::Run(run.experiment, run.id), folder))
}

/// What a version comes from, as far as somebody may see it.
pub(super) struct Origin {
    /// The logged model that it is.
    pub model: Option<LoggedModel>,
    /// Where its files are, if this server keeps them.
    pub files: Option<(ArtifactRoot, String)>,
    /// Whether there is something that they may not see.
    pub hides: bool,
}

impl Acting {
    /// What a page of registered models shows. Needs READ of what it is about; lists have what the caller may read.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`, `INVALID_PARAMETER_VALUE` for what can't be a name, or too many versions.
    pub async fn registry_page(&self, asked: &RegistryQuestion) -> Result<RegistryPage> {
        Ok(match asked {
            RegistryQuestion::List { text, by_change, page } => {
                RegistryPage::List(self.registered_list(text.trim(), *by_change, *page).await?)
            }
            RegistryQuestion::Model { name, page } => {
                RegistryPage::Model(Box::new(self.registered_page(name, *page).await?))
            }
            RegistryQuestion::Version { name, version } => {
                RegistryPage::Version(Box::new(self.version_page(name, *version).await?))
            }
            RegistryQuestion::Compare { name, versions } => {
                RegistryPage::Compare(Box::new(self.compare_versions(name, versions).await?))
            }
        })
    }

    async fn registered_list(&self, text: &str, by_change: bool, page: u64) -> Result<RegisteredList> {
        let slice = slice_of(page);
        let found =
            store::registry::page::list(&self.domain.db, &self.visible(), text, by_change, slice).await;
        let mut rows = found?;
        let more = has_more(&mut rows);
        for row in &mut rows {
            row.about = first_line(&row.about);
        }
        Ok(RegisteredList { rows, more })
    }

    async fn registered_page(&self, name: &str, page: u64) -> Result<RegisteredPage> {
        let grant = self.named::<Read>(name).await?;
        let db = &mut &self.domain.db;
        let model = store::registry::get(db, &grant).await?;
        let mut versions = version::list(db, &grant, slice_of(page)).await?;
        let more = has_more(&mut versions);
        let total = version::count(db, &grant).await?;
        let ids: Vec<RunId> = versions.iter().filter_map(|version| version.run).collect();
        let runs = self.run_links(&ids).await?;
        let versions = versions
            .into_iter()
            .map(|version| {
                let run = version.run.and_then(|run| runs.get(&run).cloned());
                VersionRow {
                    version: version.version,
                    stage: version.stage,
                    aliases: version.aliases,
                    user: version.user,
                    created: version.created,
                    description: version.description,
                    run_hidden: version.run.is_some() && run.is_none(),
                    run,
                }
            })
            .collect();
        Ok(RegisteredPage {
            note_html: html_of(&model.description),
            name: model.name,
            description: model.description,
            tags: model.tags,
            aliases: model.aliases,
            permission: grant.permission,
            versions,
            total,
            more,
        })
    }

    /// Those of the runs that the caller may read.
    pub(crate) async fn run_links(&self, ids: &[RunId]) -> Result<HashMap<RunId, RunLink>> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let grants = self.readable_runs(ids).await?;
        let mut names = store::run::names(&self.domain.db, &grants).await?;
        let link = |grant: &RunGrant<Read>| {
            let id = grant.id();
            let name = names.remove(&id).filter(|name| !name.is_empty()).unwrap_or_else(|| short(id));
            (id, RunLink { id, experiment: grant.experiment, name })
        };
        Ok(grants.iter().map(link).collect())
    }

    async fn version_page(&self, name: &str, number: i64) -> Result<VersionPage> {
        let grant = self.numbered::<Read>(name, number).await?;
        let mut version = find_version(&mut &self.domain.db, &grant, number).await?;
        let run = match version.run {
            Some(run) => self.compare_runs(&[run.to_string()]).await?.runs.pop(),
            None => None,
        };
        let Origin { model, files, .. } =
            self.origin_of(&mut version, run.as_ref().map(|run| &run.run.info)).await;
        let model = model.map(|model| ModelLink {
            files: ArtifactRoot::Model(model.experiment, model.id),
            id: model.id,
            name: model.name,
        });
        Ok(VersionPage {
            note_html: html_of(&version.description),
            permission: grant.permission,
            version,
            run,
            model,
            files,
        })
    }

    /// What a version of this run comes from, as far as the caller may see it. What they may not read isn't named in the version
    /// either, nor where it lies.
    pub(super) async fn origin_of(&self, version: &mut ModelVersion, run: Option<&RunInfo>) -> Origin {
        let model = match version.model {
            // It may lie in an experiment that the caller may not read.
            Some(id) => self.get_model(id, true).await.ok(),
            None => None,
        };
        let files = files_of(version, model.as_ref(), run);
        let hides = (version.run.is_some() && run.is_none()) || (version.model.is_some() && model.is_none());
        if hides {
            version.source.clear();
            version.storage_location.clear();
        }
        Origin { model, files, hides }
    }

    /// Changes a registered model or a version of it. Needs what the change needs.
    ///
    /// # Errors
    /// Those of the change.
    pub async fn change_registered(&self, name: &str, change: &RegisteredChange) -> Result<()> {
        match change {
            RegisteredChange::Rename(new) => self.rename_registered_model(name, new.trim()).await.map(drop),
            RegisteredChange::Describe(text) => self.update_registered_model(name, text).await.map(drop),
            RegisteredChange::SetTag(tag) if tag.value.is_empty() => {
                self.delete_registered_model_tag(name, &tag.key).await
            }
            RegisteredChange::SetTag(tag) => self.set_registered_model_tag(name, tag).await,
            RegisteredChange::Delete => self.delete_registered_model(name).await,
            RegisteredChange::Version(version, change) => self.change_version(name, *version, change).await,
        }
    }

    async fn change_version(&self, name: &str, version: i64, change: &VersionChange) -> Result<()> {
        match change {
            VersionChange::Describe(text) => self.update_version(name, version, text).await.map(drop),
            VersionChange::SetTag(tag) if tag.value.is_empty() => {
                self.delete_version_tag(name, version, &tag.key).await
            }
            VersionChange::SetTag(tag) => self.set_version_tag(name, version, tag).await,
            VersionChange::SetAlias(alias) => self.set_alias(name, alias.trim(), version).await,
            VersionChange::DeleteAlias(alias) => self.delete_alias(name, alias).await,
            VersionChange::Stage { stage, archive } => {
                self.transition_stage(name, version, stage, *archive).await.map(drop)
            }
            VersionChange::Delete => self.delete_version(name, version).await,
        }
    }

    /// Registers a logged model as a new version of a registered model, which is made if there is none of that name, and answers
    /// the version's number. Needs READ of the logged model, and EDIT of the registered one.
    ///
    /// # Errors
    /// The logged model isn't there, the name is not allowed, or it is that of a prompt or of something hidden.
    pub async fn register_model(&self, id: ModelId, name: &str) -> Result<i64> {
        // First, so that nothing is made for a model that can't be registered.
        active(self.model::<Read>(id).await?)?;
        let name = name.trim();
        if let Err(error) = self.create_registered_model(name, &[], "").await {
            let goes_on = is_taken(&error)
                && match self.named::<Read>(name).await {
                    Ok(grant) => !store::registry::is_prompt(&mut &self.domain.db, &grant).await?,
                    Err(_) => false,
                };
            if !goes_on {
                return Err(error);
            }
        }
        let new = NewVersion {
            name: name.to_owned(),
            source: format!("models:/{id}"),
            run: None,
            model: Some(id),
            tags: Vec::new(),
            run_link: String::new(),
            description: String::new(),
        };
        Ok(self.create_version(new).await?.version)
    }
}

fn is_taken(error: &Error) -> bool {
    matches!(error, Error::Problem(problem) if problem.code == Code::ResourceAlreadyExists)
}

/// What a run without a name is called.
fn short(id: RunId) -> String {
    id.to_string().chars().take(8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_says_something_is_shown() {
        let check = |note: &str, line: &str| assert_eq!(first_line(note), line, "{note:?}");
        check("", "");
        check("\n \n", "");
        check("# Churn\n\nFor the shop.", "Churn");
        check("  one\ntwo", "one");
        assert_eq!(first_line(&"ä".repeat(999)).chars().count(), FIRST_LINE);
    }

    #[test]
    fn a_folder_below_a_root_is_found_by_whole_steps() {
        let check = |uri: &str, folder: Option<&str>| {
            assert_eq!(below(uri, "mlflow-artifacts:/0/r/artifacts").as_deref(), folder, "{uri}");
        };
        check("mlflow-artifacts:/0/r/artifacts", Some(""));
        check("mlflow-artifacts:/0/r/artifacts/", Some(""));
        check("mlflow-artifacts:/0/r/artifacts/a/model", Some("a/model"));
        check("mlflow-artifacts:/0/r/artifacts2", None);
        check("s3://bucket/0/r/artifacts", None);
    }
}
