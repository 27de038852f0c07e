//! Runs: create, find, change, delete, restore, and link to datasets and models. What they log is in [`crate::log`].

use crate::{
    Acting,
    audit::Told,
    clock,
    error::{Error, Result},
    experiment::{Page, check_max_results, join},
    gate::{Edit, Manage, Read, RunGrant},
    store::{
        self,
        run::{Direction, InfoRow},
        search::{order::Order, runs::RunSearch},
    },
};
use futures::{Stream, StreamExt as _};
use model::{
    ExperimentId, ModelId, RunId,
    audit::{Action, Object},
    experiment::{Lifecycle, ViewType},
    filter::{self, RunFilter},
    name::{self, limit},
    page::RunColumns,
    run::{DatasetInput, DatasetSummary, ModelOutput, NewRun, Run, RunInfo, RunStatus, RunUpdate, Tag, tag},
};
use serde_json::json;
use std::collections::HashSet;

/// What a search for runs asks for.
#[derive(Debug, Clone)]
pub struct SearchRuns<'a> {
    /// Where to look; others are passed over.
    pub experiments: &'a [ExperimentId],
    /// The search language.
    pub filter: &'a str,
    /// Active ones, deleted ones, or both.
    pub view: ViewType,
    /// 1 to 50,000.
    pub max_results: i64,
    /// Clauses of order.
    pub order_by: &'a [String],
    /// From the page before; empty for the first.
    pub page_token: &'a str,
}

impl Acting {
    /// Creates a run. Needs EDIT on the experiment.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`, `INVALID_PARAMETER_VALUE` for a tag, a deleted experiment, or two different names.
    pub async fn create_run(&self, new: NewRun) -> Result<Run> {
        let grant = self.experiment::<Edit>(new.experiment).await?.active()?;
        let mut tags = checked_tags(new.tags)?;
        let tagged = tags.iter().find(|tag| tag.key == tag::RUN_NAME).map(|tag| tag.value.clone());
        let name = match (new.name.as_str(), tagged) {
            ("", Some(tagged)) if !tagged.is_empty() => tagged,
            ("", _) => clock::new_name()?,
            (name, Some(tagged)) if !tagged.is_empty() && tagged != name => {
                return Err(Error::invalid(format!(
                    "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='{name}', mlflow.runName='{tagged}')."
                )));
            }
            (name, _) => name.to_owned(),
        };
        tags.retain(|tag| tag.key != tag::RUN_NAME);
        tags.push(Tag { key: tag::RUN_NAME.to_owned(), value: name.clone() });
        tags.sort_by(|a, b| a.key.cmp(&b.key));
        let id = RunId(clock::new_uuid()?);
        let info = RunInfo {
            id,
            experiment: new.experiment,
            name,
            user: new.user,
            status: RunStatus::Running,
            start_time: new.start_time,
            end_time: None,
            artifact_uri: join(&grant.artifact_location, &format!("{id}/artifacts")),
            lifecycle: Lifecycle::Active,
        };
        let mut change = self.change().await?;
        store::run::insert(&mut change, &info, self.caller.user(), &tags).await?;
        change
            .commit(Told::new(Action::RunCreate, Object::Run(id)).with(json!({
                "experiment": info.experiment,
                "name": info.name,
                "user": info.user,
                "source": told_tag(&tags, tag::SOURCE_NAME),
                "commit": told_tag(&tags, tag::GIT_COMMIT),
            })))
            .await?;
        self.domain.live.touch(info.experiment, id);
        // The page of its parent shows it from now on.
        let parent = tags.iter().find(|tag| tag.key == tag::PARENT_RUN);
        if let Some(parent) = parent.and_then(|tag| tag.value.parse().ok()) {
            self.domain.live.touch(info.experiment, parent);
        }
        Ok(Run {
            info,
            metrics: Vec::new(),
            params: Vec::new(),
            tags,
            datasets: Vec::new(),
            model_inputs: Vec::new(),
            model_outputs: Vec::new(),
        })
    }

    /// A run, also a deleted one.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`.
    pub async fn get_run(&self, id: RunId) -> Result<Run> {
        let grant = self.run::<Read>(id).await?;
        let found = self.whole_runs(&[grant]).await?;
        found.into_iter().next().ok_or_else(|| missing(id))
    }

    /// Runs, also deleted ones, in the order in which they are named; one that is named twice comes once.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` if one of them isn't there.
    pub async fn get_runs(&self, ids: &[RunId]) -> Result<Vec<Run>> {
        let grants = self.readable_runs(ids).await?;
        let readable: HashSet<RunId> = grants.iter().map(RunGrant::id).collect();
        if let Some(id) = ids.iter().find(|id| !readable.contains(*id)) {
            return Err(missing(*id));
        }
        self.whole_runs(&grants).await
    }

    /// Runs with all that belongs to them, in the order of the grants. All that shows runs by their ids comes here.
    pub(crate) async fn whole_runs(&self, grants: &[RunGrant<Read>]) -> Result<Vec<Run>> {
        let ids: Vec<RunId> = grants.iter().map(RunGrant::id).collect();
        self.up_to_date(&ids).await?;
        store::run::get_all(&self.domain.db, grants, &RunColumns::All).await
    }

    /// The runs as pages tell them: without what datasets say of their columns.
    pub(crate) async fn told_runs(&self, grants: &[RunGrant<Read>]) -> Result<Vec<Run>> {
        let ids: Vec<RunId> = grants.iter().map(RunGrant::id).collect();
        self.up_to_date(&ids).await?;
        store::run::get_all(&self.domain.db, grants, &RunColumns::Told).await
    }

    /// Runs that match a filter, in an order, a page at a time. Runs that come or go meanwhile don't shift the pages.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` for the filter, the order, the token or the size of the page.
    pub async fn search_runs(&self, search: SearchRuns<'_>) -> Result<Page<Run>> {
        let (rows, next) = self.search_rows(&search).await?;
        let items = store::run::complete(&self.domain.db, rows, &RunColumns::All).await?;
        Ok(Page { items, next })
    }

    /// What [`Acting::search_runs`] finds, a hundred runs at a time, and the token of the next page: for pages of many
    /// thousand runs, which nobody should hold whole.
    ///
    /// # Errors
    /// As there; the stream ends with the first error of the database.
    pub async fn search_runs_stream(
        &self,
        search: SearchRuns<'_>,
    ) -> Result<(impl Stream<Item = Result<Vec<Run>>> + Send + use<>, Option<String>)> {
        let (mut rows, next) = self.search_rows(&search).await?;
        rows.reverse();
        let db = self.domain.db.clone();
        let chunks = futures::stream::unfold(rows, move |mut rows| {
            let db = db.clone();
            async move {
                let mut chunk = rows.split_off(rows.len().saturating_sub(store::run::CHUNK));
                chunk.reverse();
                if chunk.is_empty() {
                    return None;
                }
                let runs = store::run::complete(&db, chunk, &RunColumns::All).await;
                let rest = if runs.is_ok() { rows } else { Vec::new() };
                Some((runs, rest))
            }
        });
        Ok((chunks.fuse(), next))
    }

    async fn search_rows(&self, search: &SearchRuns<'_>) -> Result<(Vec<InfoRow>, Option<String>)> {
        let wanted = check_max_results(search.max_results, limit::PAGE_RUNS.into())?;
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        check_searched(search.experiments)?;
        let filter: RunFilter = filter::parse(search.filter)?;
        let order = Order::of(filter::parse_order_list(search.order_by)?);
        let after = order.place(search.page_token)?;
        let runs = RunSearch {
            visible: self.visible(),
            experiments: search.experiments,
            filter: &filter,
            view: search.view,
            only_top: false,
        };
        self.experiments_up_to_date(search.experiments).await?;
        let mut found = runs.find(&self.domain.db, &order, after.as_ref(), wanted + 1).await?;
        let more = found.len() > wanted;
        found.truncate(wanted);
        let next = match found.last() {
            Some(last) if more => Some(order.token(order.place_of(last))?),
            _ => None,
        };
        Ok((found.into_iter().map(|found| found.row).collect(), next))
    }

    /// Changes status, end or name. Needs EDIT.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`, `INVALID_PARAMETER_VALUE` if it's deleted.
    pub async fn update_run(&self, id: RunId, change: &RunUpdate) -> Result<RunInfo> {
        let grant = self.run::<Edit>(id).await?.active()?;
        let mut transaction = self.change().await?;
        let grant = store::run::held(&mut transaction, grant).await?;
        store::run::update(&mut transaction, &grant, change).await?;
        transaction
            .commit(
                Told::new(Action::RunUpdate, Object::Run(id))
                    .with(json!({ "status": change.status.map(RunStatus::name), "name": change.name })),
            )
            .await?;
        self.domain.live.touch(grant.experiment, id);
        store::run::get_info(&self.domain.db, &grant).await
    }

    /// Moves a run to the trash; doing it again is fine. Needs MANAGE.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`.
    pub async fn delete_run(&self, id: RunId) -> Result<()> {
        self.set_run_lifecycle(id, Lifecycle::Deleted).await
    }

    /// Takes a run out of the trash; doing it again is fine. Needs MANAGE.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`.
    pub async fn restore_run(&self, id: RunId) -> Result<()> {
        self.set_run_lifecycle(id, Lifecycle::Active).await
    }

    async fn set_run_lifecycle(&self, id: RunId, to: Lifecycle) -> Result<()> {
        let grant = self.run::<Manage>(id).await?;
        let action = match to {
            Lifecycle::Active => Action::RunRestore,
            Lifecycle::Deleted => Action::RunDelete,
        };
        let mut change = self.change().await?;
        store::run::set_lifecycle(&mut change, &grant, to).await?;
        change.commit(Told::new(action, Object::Run(id))).await?;
        self.domain.live.touch(grant.experiment, id);
        Ok(())
    }

    /// Deletes a tag. Needs EDIT.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` if there is no such tag.
    pub async fn delete_run_tag(&self, id: RunId, key: &str) -> Result<()> {
        let grant = self.run::<Edit>(id).await?.active()?;
        let mut change = self.change().await?;
        if !store::run::delete_tag(&mut change, &grant, key).await? {
            return Err(Error::missing(format!("No tag with name: {key} in run with id {id}")));
        }
        change.commit(Told::new(Action::RunTagDelete, Object::Run(id)).with(json!({ "key": key }))).await?;
        self.domain.live.touch(grant.experiment, id);
        Ok(())
    }

    /// Links datasets and models that the run used. Needs EDIT on the run, READ on the models.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`, `INVALID_PARAMETER_VALUE` for a limit.
    pub async fn log_inputs(&self, id: RunId, datasets: &[DatasetInput], models: &[ModelId]) -> Result<()> {
        let grant = self.run::<Edit>(id).await?.active()?;
        if datasets.len() > limit::BATCH_DATASETS {
            return Err(Error::invalid(format!(
                "A run takes at most {} datasets at once. Got {}.",
                limit::BATCH_DATASETS,
                datasets.len()
            )));
        }
        datasets.iter().try_for_each(check_dataset)?;
        for model in models {
            self.model::<Read>(*model).await?;
        }
        let mut tx = self.domain.db.begin().await?;
        if datasets.len() > 1 {
            // In whichever order they come, two transactions don't wait for each other's new datasets in a circle.
            tx.lock(grant.experiment.0).await?;
        }
        let grant = store::run::held(&mut tx, grant).await?;
        for dataset in datasets {
            store::run::add_dataset(&mut tx, &grant, dataset).await?;
        }
        for model in models {
            store::run::add_model(&mut tx, &grant, Direction::Input, *model, 0).await?;
        }
        tx.commit().await
    }

    /// The datasets that runs of some experiments used, also deleted runs, and what for: by experiment and name, the first
    /// thousand. Experiments that the caller may not read are passed over.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` for no experiment, or too many.
    pub async fn search_datasets(&self, experiments: &[ExperimentId]) -> Result<Vec<DatasetSummary>> {
        if experiments.is_empty() {
            return Err(Error::invalid("SearchDatasets request must specify at least one experiment_id."));
        }
        if experiments.len() > limit::DATASET_EXPERIMENTS {
            return Err(Error::invalid(format!(
                "SearchDatasets request cannot specify more than {} experiment_ids. Received {} experiment_ids.",
                limit::DATASET_EXPERIMENTS,
                experiments.len()
            )));
        }
        store::run::datasets_in(&self.domain.db, &self.visible(), experiments, limit::FOUND_DATASETS).await
    }

    /// Links models that the run made. Needs EDIT on the run, READ on the models.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`.
    pub async fn log_outputs(&self, id: RunId, models: &[ModelOutput]) -> Result<()> {
        let grant = self.run::<Edit>(id).await?.active()?;
        for output in models {
            self.model::<Read>(output.model).await?;
        }
        let mut tx = self.domain.db.begin().await?;
        for output in models {
            store::run::add_model(&mut tx, &grant, Direction::Output, output.model, output.step).await?;
        }
        tx.commit().await
    }
}

fn missing(id: RunId) -> Error {
    Error::missing(format!("Run with id={id} not found"))
}

/// What the audit log says of a tag: enough to recognise it by.
fn told_tag(tags: &[Tag], key: &str) -> Option<String> {
    let tag = tags.iter().find(|tag| tag.key == key)?;
    Some(tag.value.chars().take(250).collect())
}

/// A database takes only so many values in a statement.
pub(crate) fn check_searched(experiments: &[ExperimentId]) -> Result<()> {
    if experiments.len() <= limit::SEARCHED_EXPERIMENTS {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "A search looks into at most {} experiments, and this names {}.",
        limit::SEARCHED_EXPERIMENTS,
        experiments.len()
    )))
}

/// Checked, cut to their limit, and of each key the last. As with MLflow any key does here, other than where tags are set later.
fn checked_tags(tags: Vec<Tag>) -> Result<Vec<Tag>> {
    if tags.len() > limit::BATCH_ITEMS {
        return Err(Error::invalid(format!(
            "A run takes at most {} tags at once. Got {}.",
            limit::BATCH_ITEMS,
            tags.len()
        )));
    }
    let mut checked: Vec<Tag> = Vec::with_capacity(tags.len());
    for mut tag in tags {
        if tag.key.is_empty() {
            return Err(name::missing("key").into());
        }
        name::check_length(&tag.key, limit::KEY, "key")?;
        tag.value.truncate(name::cut_run_tag_value(&tag.value).len());
        checked.retain(|known| known.key != tag.key);
        checked.push(tag);
    }
    Ok(checked)
}

fn check_dataset(input: &DatasetInput) -> Result<()> {
    let dataset = &input.dataset;
    name::check_length(&dataset.name, limit::DATASET_NAME, "dataset.name")?;
    name::check_length(&dataset.digest, limit::DATASET_DIGEST, "dataset.digest")?;
    name::check_length(&dataset.source, limit::DATASET_SOURCE, "dataset.source")?;
    name::check_length(
        dataset.schema.as_deref().unwrap_or_default(),
        limit::DATASET_SCHEMA,
        "dataset.schema",
    )?;
    name::check_length(
        dataset.profile.as_deref().unwrap_or_default(),
        limit::DATASET_PROFILE,
        "dataset.profile",
    )?;
    for tag in &input.tags {
        name::check_length(&tag.key, limit::INPUT_TAG_KEY, "dataset tag key")?;
        name::check_length(&tag.value, limit::INPUT_TAG_VALUE, "dataset tag value")?;
    }
    Ok(())
}
