//! What pages show at once, so that a page asks one question.

use crate::{
    Acting,
    artifact::TextRead,
    error::{Error, Result},
    gate::{Read, RunGrant},
    logged_table, markdown,
    store::{
        self,
        search::{nested::count_children, order::Order, runs::RunSearch},
    },
};
use model::{
    ExperimentId, Permission, RunId,
    experiment::{Lifecycle, ViewType},
    filter::{self, OrderBy, RunFilter, RunOrder},
    metric,
    page::{
        ArtifactEntry, ArtifactRoot, COMPARISON_LIMIT, ComparedRun, Comparison, ExperimentHead,
        ExperimentRow, KEYS_LISTED, KEYS_OF, KeyKind, KeysFound, Level, MATCHING_RUNS, ModelLink,
        NamedColumns, RUNS_PAGE, RunColumns, RunPage, RunsPage, RunsQuery, TABLE_KEYS, TABLE_TAGS,
        TextPreview, Total, children_filter,
    },
    run::{Tag, tag},
};
use std::collections::{BTreeSet, HashSet};
use tokio::try_join;

/// Experiments that the list shows; it is searched, not paged.
const EXPERIMENTS_SHOWN: i64 = 500;
/// Runs that match a filter are counted up to this number.
pub(crate) const COUNTED: u64 = 10_000;
/// Keys of metrics, and of params, that a table reads before anybody chose columns.
const FIRST_KEYS: usize = 24;
/// Keys that a search for them finds at most.
const KEYS_FOUND: usize = 1000;
/// Bytes of a text file that the preview shows.
pub(crate) const PREVIEW_BYTES: u64 = 256 * 1024;

/// What the tags note, as harmless HTML.
fn note_html(tags: &[Tag]) -> String {
    let note = tags.iter().find(|tag| tag.key == tag::NOTE).map(|tag| tag.value.trim());
    note.filter(|note| !note.is_empty()).map(markdown::to_html).unwrap_or_default()
}

pub(crate) fn order_of(query: &RunsQuery) -> Result<Order> {
    Ok(Order::of(clauses_of(&query.order_by)?))
}

/// What a table is sorted by.
pub(crate) fn clauses_of(order_by: &str) -> Result<Vec<OrderBy<RunOrder>>> {
    // A mistake isn't in the filter box, so it has no place there.
    filter::parse_orders(order_by)
        .map_err(|error: filter::OrderListError| Error::invalid(error.error.message))
}

pub(crate) fn view_of(query: &RunsQuery) -> ViewType {
    if query.deleted { ViewType::DeletedOnly } else { ViewType::ActiveOnly }
}

/// What the rows of a table must meet.
fn filter_of(query: &RunsQuery) -> Result<RunFilter> {
    Ok(match query.level {
        Level::In(parent) => filter::parse(&children_filter(parent))?,
        Level::All | Level::Top => filter::parse(query.filter.trim())?,
    })
}

impl Acting {
    /// Active experiments whose name contains the text, last used first, 500 at most.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn list_experiments(&self, text: &str) -> Result<Vec<ExperimentRow>> {
        store::experiment::list(&self.domain.db, &self.visible(), text.trim(), EXPERIMENTS_SHOWN).await
    }

    /// An experiment with what its page says of it.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`.
    pub async fn experiment_head(&self, id: ExperimentId) -> Result<ExperimentHead> {
        let grant = self.experiment::<Read>(id).await?;
        let experiment = store::experiment::get(&self.domain.db, &grant).await?;
        let (runs, has_traces) = store::experiment::count_runs(&self.domain.db, &grant).await?;
        Ok(ExperimentHead {
            note_html: note_html(&experiment.tags),
            experiment,
            permission: grant.permission,
            runs,
            has_traces,
            opens_with: store::view::opening(&self.domain.db, &grant).await?,
        })
    }

    /// A part of an experiment's runs table, or of one level of it.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`, `INVALID_PARAMETER_VALUE` with the place of the mistake in the filter, or for too many columns.
    pub async fn list_runs(&self, experiment: ExperimentId, query: &RunsQuery) -> Result<RunsPage> {
        let columns = query.columns.iter();
        let mut keys = columns.flat_map(|columns| [&columns.metrics, &columns.params, &columns.tags]);
        if keys.any(|keys| keys.len() > TABLE_KEYS) {
            return Err(Error::invalid(format!(
                "A table shows at most {TABLE_KEYS} metrics, params and tags each."
            )));
        }
        let (grant, visible) = self.table(experiment, query).await?;
        let (filter, order) = (filter_of(query)?, order_of(query)?);
        let search = RunSearch {
            visible,
            experiments: &[grant.id()],
            filter: &filter,
            view: view_of(query),
            only_top: query.level == Level::Top,
        };
        self.experiments_up_to_date(search.experiments).await?;
        let columns = async {
            match &query.columns {
                Some(columns) => Ok(columns.clone()),
                None => self.first_columns(grant.id()).await,
            }
        };
        let skipped = usize::try_from(query.offset).unwrap_or(usize::MAX);
        let counted = if filter.is_everything() { u64::MAX } else { COUNTED };
        let (mut columns, found, count) = try_join!(
            columns,
            search.find_at(&self.domain.db, &order, skipped, RUNS_PAGE as usize),
            search.count(&self.domain.db, counted.saturating_add(1)),
        )?;
        columns.tags.extend(TABLE_TAGS.map(str::to_owned));
        let ids: Vec<RunId> = found.iter().map(|found| RunId(found.row.id)).collect();
        let rows = found.into_iter().map(|found| found.row).collect();
        let children = async {
            if query.level == Level::All {
                return Ok(Vec::new());
            }
            let lifecycle = if query.deleted { Lifecycle::Deleted } else { Lifecycle::Active };
            count_children(&self.domain.db, &grant, lifecycle, &ids).await
        };
        let columns = RunColumns::Named(columns);
        let (runs, children) = try_join!(store::run::complete(&self.domain.db, rows, &columns), children)?;
        Ok(RunsPage {
            runs,
            children,
            total: if count > counted { Total::AtLeast(counted) } else { Total::Exactly(count) },
        })
    }

    /// The runs of a table, in its order, up to a bound.
    ///
    /// # Errors
    /// Those of [`Acting::list_runs`].
    pub async fn matching_runs(&self, experiment: ExperimentId, query: &RunsQuery) -> Result<Vec<RunId>> {
        let (grant, visible) = self.table(experiment, query).await?;
        let (filter, order) = (filter_of(query)?, order_of(query)?);
        let search = RunSearch {
            visible,
            experiments: &[grant.id()],
            filter: &filter,
            view: view_of(query),
            only_top: query.level == Level::Top,
        };
        self.experiments_up_to_date(search.experiments).await?;
        let found = search.find_at(&self.domain.db, &order, 0, MATCHING_RUNS).await?;
        Ok(found.into_iter().map(|found| RunId(found.row.id)).collect())
    }

    /// What a table of runs shows before anybody chose: the first few keys there are.
    async fn first_columns(&self, experiment: ExperimentId) -> Result<NamedColumns> {
        let first = |kind| store::key::search(&self.domain.db, experiment, kind, "", 4 * FIRST_KEYS);
        let (mut metrics, mut params) = try_join!(first(KeyKind::Metric), first(KeyKind::Param))?;
        // What the machine did is seldom what one looks for.
        metrics.sort_by_key(|key| key.starts_with(metric::SYSTEM));
        metrics.truncate(FIRST_KEYS);
        params.truncate(FIRST_KEYS);
        Ok(NamedColumns { metrics, params, tags: Vec::new() })
    }

    /// Keys in an experiment that contain a text in any case, in their order, so many at most.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`.
    pub async fn search_keys(
        &self,
        experiment: ExperimentId,
        kind: KeyKind,
        text: &str,
        limit: usize,
    ) -> Result<Vec<String>> {
        let grant = self.experiment::<Read>(experiment).await?;
        if kind == KeyKind::Metric {
            self.experiments_up_to_date(&[grant.id()]).await?;
        }
        store::key::search(&self.domain.db, grant.id(), kind, text.trim(), limit.min(KEYS_FOUND)).await
    }

    /// What the choice of columns lists: the first keys of each kind that contain a text.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`.
    pub async fn find_keys(&self, experiment: ExperimentId, text: &str) -> Result<KeysFound> {
        self.find_keys_in(&[experiment], text).await
    }

    /// The same of several experiments; of very many, of the first ones.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` for any of them.
    pub async fn find_keys_in(&self, experiments: &[ExperimentId], text: &str) -> Result<KeysFound> {
        let (mut metrics, mut params, mut tags) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for experiment in experiments.iter().take(KEYS_OF) {
            let find = |kind| self.search_keys(*experiment, kind, text, KEYS_LISTED + 1);
            let (of_metrics, of_params, of_tags) =
                try_join!(find(KeyKind::Metric), find(KeyKind::Param), find(KeyKind::Tag))?;
            metrics.extend(of_metrics);
            params.extend(of_params);
            tags.extend(of_tags);
        }
        let mut found = KeysFound {
            metrics: metrics.into_iter().collect(),
            params: params.into_iter().collect(),
            tags: tags.into_iter().collect(),
            more: Vec::new(),
        };
        for (kind, keys) in [
            (KeyKind::Metric, &mut found.metrics),
            (KeyKind::Param, &mut found.params),
            (KeyKind::Tag, &mut found.tags),
        ] {
            if keys.len() > KEYS_LISTED {
                found.more.push(kind);
                keys.truncate(KEYS_LISTED);
            }
        }
        Ok(found)
    }

    /// A run with what its page says of it.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`.
    pub async fn run_page(&self, id: RunId) -> Result<RunPage> {
        let grant = self.run::<Read>(id).await?;
        let permission = grant.permission;
        let found = self.told_runs(std::slice::from_ref(&grant)).await?;
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
            note_html: note_html(&run.tags),
            has_images: run.tag(tag::LOGGED_IMAGES).is_some() || self.has_images(&run).await,
            has_logs: self.has_logs(&run).await,
            has_traces: store::trace::is_any_of_run(&self.domain.db, &grant).await?,
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
        let editable = grants
            .iter()
            .filter(|grant| grant.permission >= Permission::Edit && grant.lifecycle == Lifecycle::Active)
            .map(RunGrant::id)
            .collect();
        let found = self.told_runs(&grants).await?;
        let known: HashSet<String> = found.iter().map(|run| run.info.id.to_string()).collect();
        let missing = ids.iter().filter(|id| !known.contains(*id)).cloned().collect();
        let runs = found
            .into_iter()
            .map(|run| ComparedRun {
                experiment_name: names.get(&run.info.experiment).cloned().unwrap_or_default(),
                run,
            })
            .collect();
        Ok(Comparison { runs, missing, editable })
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
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let is_table = path.ends_with(".json") && !truncated;
        let table = if is_table { logged_table::read(&text) } else { None };
        Ok(TextPreview { text: if table.is_some() { String::new() } else { text }, truncated, table })
    }
}
