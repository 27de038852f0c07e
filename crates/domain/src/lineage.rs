//! What a run comes from and what came of it: the run that it is nested in, those nested in it, versions of registered models.

use crate::{
    Acting,
    error::{Error, Result},
    gate::{Read, RunGrant},
    page::COUNTED,
    store::{
        self,
        search::{order::Order, runs::RunSearch},
    },
};
use model::{
    RunId,
    experiment::ViewType,
    filter::{self, RunFilter},
    page::{
        ArtifactRoot, CHILDREN_LISTED, NamedColumns, RunColumns, RunLineage, Total, VersionLink,
        children_filter,
    },
    reproduce::{Environment, reproduce},
    run::{Run, RunInfo, tag},
};
use tokio::try_join;

/// Versions that the page of a run lists.
const VERSIONS_LISTED: i64 = 100;
/// The folder that clients log a model into, unless told another.
const MODEL_FOLDER: &str = "model";

impl Acting {
    /// What a run comes from, what came of it, and how it may be done again. Needs READ; what the caller may not read is left
    /// out.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`.
    pub async fn run_lineage(&self, id: RunId) -> Result<RunLineage> {
        let grant = self.run::<Read>(id).await?;
        let found = self.told_runs(std::slice::from_ref(&grant)).await?;
        let run =
            found.into_iter().next().ok_or_else(|| Error::missing(format!("Run with id={id} not found")))?;
        let of_run = format!("run_id = '{id}'");
        let (parent, (children, children_total), versions) = try_join!(
            self.parent_of(&run),
            self.children_of(&grant),
            self.search_versions(&of_run, VERSIONS_LISTED, &[], ""),
        )?;
        let environment = self.environment_of(&run).await;
        let link = |version: model::registry::ModelVersion| VersionLink {
            name: version.name,
            version: version.version,
            aliases: version.aliases,
        };
        Ok(RunLineage {
            parent,
            children,
            children_total,
            versions: versions.items.into_iter().map(link).collect(),
            reproduction: reproduce(&run, environment.as_ref()),
        })
    }

    async fn parent_of(&self, run: &Run) -> Result<Option<RunInfo>> {
        let Some(parent) = run.tag(tag::PARENT_RUN).and_then(|id| id.parse::<RunId>().ok()) else {
            return Ok(None);
        };
        match self.readable_runs(&[parent]).await?.first() {
            Some(grant) => store::run::get_info(&self.domain.db, grant).await.map(Some),
            None => Ok(None),
        }
    }

    /// Runs of the same experiment that are nested in this one, the newest first, and how many there are.
    async fn children_of(&self, grant: &RunGrant<Read>) -> Result<(Vec<RunInfo>, Total)> {
        let filter: RunFilter = filter::parse(&children_filter(grant.id()))?;
        let search = RunSearch {
            visible: self.visible(),
            experiments: &[grant.experiment],
            filter: &filter,
            view: ViewType::ActiveOnly,
            only_top: false,
        };
        let order = Order::of(Vec::new());
        let (found, count) = try_join!(
            search.find_at(&self.domain.db, &order, 0, CHILDREN_LISTED),
            search.count(&self.domain.db, COUNTED + 1),
        )?;
        let rows = found.into_iter().map(|found| found.row).collect();
        let nothing_else = RunColumns::Named(NamedColumns::default());
        let runs = store::run::complete(&self.domain.db, rows, &nothing_else).await?;
        let total = if count > COUNTED { Total::AtLeast(COUNTED) } else { Total::Exactly(count) };
        Ok((runs.into_iter().map(|run| run.info).collect(), total))
    }

    /// The file that says what must be installed: the run's own, else a model's that it made. Files that are kept elsewhere, or
    /// can't be read, say nothing.
    async fn environment_of(&self, run: &Run) -> Option<Environment> {
        let root = ArtifactRoot::Run(run.info.experiment, run.info.id);
        // Asked for by their names: a folder may hold very many files.
        for folder in ["", MODEL_FOLDER] {
            if let Some(path) = self.environment_in(root, folder).await {
                return Some(Environment { model: None, path });
            }
        }
        let made = run.model_outputs.first()?.model;
        let model = self.get_model(made, false).await.ok()?;
        let path = self.environment_in(ArtifactRoot::Model(model.experiment, made), "").await?;
        Some(Environment { model: Some(made), path })
    }

    async fn environment_in(&self, root: ArtifactRoot, folder: &str) -> Option<String> {
        for name in Environment::NAMES {
            let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            let file = self.artifact_path(root, &path).await.ok()?;
            if self.read_artifact_start(&file, 1).await.is_ok() {
                return Some(path);
            }
        }
        None
    }
}
