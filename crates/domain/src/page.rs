//! What pages show at once, so that a page asks one question.

use crate::{
    Acting,
    artifact::TextRead,
    error::{Error, Result},
    gate::Read,
    store::{self, run::RunSearch, search::Slice},
};
use model::{
    ExperimentId, RunId,
    experiment::ViewType,
    filter::{self, OrderBy, RunFilter, RunOrder},
    page::{
        ArtifactEntry, ArtifactRoot, COMPARISON_LIMIT, ComparedRun, Comparison, ExperimentHead,
        ExperimentRow, ModelLink, RUNS_PAGE, RunPage, RunsPage, RunsQuery, TextPreview,
    },
};

/// Experiments that the list shows; it is searched, not paged.
const EXPERIMENTS_SHOWN: i64 = 500;
/// Bytes of a text file that the preview shows.
const PREVIEW_BYTES: u64 = 256 * 1024;

impl Acting {
    /// Active experiments whose name contains the text, last used first, 500 at most.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn list_experiments(&self, text: &str) -> Result<Vec<ExperimentRow>> {
        store::experiment::list(&self.domain.db, self.visible(), text.trim(), EXPERIMENTS_SHOWN).await
    }

    /// An experiment with what its page says of it.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`.
    pub async fn experiment_head(&self, id: ExperimentId) -> Result<ExperimentHead> {
        let grant = self.experiment::<Read>(id).await?;
        Ok(ExperimentHead {
            experiment: store::experiment::get(&self.domain.db, &grant).await?,
            permission: grant.permission,
            runs: store::experiment::count_runs(&self.domain.db, &grant).await?,
        })
    }

    /// A part of an experiment's runs table.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`, `INVALID_PARAMETER_VALUE` with the place of the mistake in the filter.
    pub async fn list_runs(&self, experiment: ExperimentId, query: &RunsQuery) -> Result<RunsPage> {
        let grant = self.experiment::<Read>(experiment).await?;
        let filter: RunFilter = filter::parse(query.filter.trim())?;
        let order = match query.order_by.trim() {
            "" => Vec::new(),
            // The mistake isn't in the filter box, so it has no place there.
            clause => vec![
                filter::parse_order_by(clause)
                    .map_err(|error: filter::FilterError| Error::invalid(error.message))?,
            ],
        };
        let order: Vec<OrderBy<RunOrder>> = order;
        let search = RunSearch {
            visible: self.visible(),
            experiments: &[grant.id()],
            filter: &filter,
            view: if query.deleted { ViewType::DeletedOnly } else { ViewType::ActiveOnly },
        };
        self.experiments_up_to_date(&[experiment]).await?;
        let slice = Slice { offset: query.offset, limit: RUNS_PAGE.into() };
        Ok(RunsPage {
            runs: search.find(&self.domain.db, &order, slice).await?,
            total: search.count(&self.domain.db).await?,
        })
    }

    /// A run with what its page says of it.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`.
    pub async fn run_page(&self, id: RunId) -> Result<RunPage> {
        let grant = self.run::<Read>(id).await?;
        let permission = grant.permission;
        self.up_to_date(&[id]).await?;
        let found = store::run::get_all(&self.domain.db, std::slice::from_ref(&grant)).await?;
        let run =
            found.into_iter().next().ok_or_else(|| Error::missing(format!("Run with id={id} not found")))?;
        let mut names = store::experiment::names(&self.domain.db, &[grant.experiment]).await?;
        let mut models = Vec::new();
        for output in &run.model_outputs {
            // A model may lie in an experiment that the caller may not read, or be deleted.
            if let Ok(model) = self.get_model(output.model, false).await {
                let files = ArtifactRoot::Model(model.experiment, model.id);
                models.push(ModelLink { id: model.id, name: model.name, files });
            }
        }
        Ok(RunPage {
            run,
            experiment_name: names.remove(&grant.experiment).unwrap_or_default(),
            permission,
            models,
        })
    }

    /// Runs side by side, in the order asked for.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` if there are too many.
    pub async fn compare_runs(&self, ids: &[String]) -> Result<Comparison> {
        if ids.len() > COMPARISON_LIMIT {
            return Err(Error::invalid(format!(
                "A comparison takes at most {COMPARISON_LIMIT} runs, and this has {}.",
                ids.len()
            )));
        }
        let parsed: Vec<RunId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
        let grants = self.readable_runs(&parsed).await?;
        let mut experiments: Vec<_> = grants.iter().map(|grant| grant.experiment).collect();
        experiments.sort_unstable();
        experiments.dedup();
        let names = store::experiment::names(&self.domain.db, &experiments).await?;
        self.up_to_date(&grants.iter().map(crate::gate::RunGrant::id).collect::<Vec<_>>()).await?;
        let found = store::run::get_all(&self.domain.db, &grants).await?;
        let missing = ids
            .iter()
            .filter(|id| !found.iter().any(|run| run.info.id.to_string() == **id))
            .cloned()
            .collect();
        let runs = found
            .into_iter()
            .map(|run| ComparedRun {
                experiment_name: names.get(&run.info.experiment).cloned().unwrap_or_default(),
                run,
            })
            .collect();
        Ok(Comparison { runs, missing })
    }

    /// Files and folders below a folder of artifacts; paths are relative to the root.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`, `INVALID_PARAMETER_VALUE` for a bad path.
    pub async fn artifact_entries(&self, root: ArtifactRoot, path: &str) -> Result<Vec<ArtifactEntry>> {
        let folder = self.artifact_path(root, path).await?;
        let mut entries = self.list_artifacts(&folder).await?;
        for entry in &mut entries {
            if !path.is_empty() {
                entry.path = format!("{}/{}", path.trim_end_matches('/'), entry.path);
            }
        }
        Ok(entries)
    }

    /// The start of a text file.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`, `INVALID_PARAMETER_VALUE` for a bad path.
    pub async fn artifact_text(&self, root: ArtifactRoot, path: &str) -> Result<TextPreview> {
        let file = self.artifact_path(root, path).await?;
        let TextRead { bytes, truncated } = self.read_artifact_start(&file, PREVIEW_BYTES).await?;
        Ok(TextPreview { text: String::from_utf8_lossy(&bytes).into_owned(), truncated })
    }
}
