//! Logged models: use cases, and the page tokens of their search.

use crate::{
    Acting,
    artifact::made_in,
    audit::Told,
    clock,
    error::{Error, Result},
    experiment::{Page, join},
    gate::{Edit, Level, Manage, ModelGrant, Read},
    store::{self, search::Slice},
};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use model::{
    Code, ExperimentId, ModelId, Problem,
    audit::{Action, Object},
    experiment::Lifecycle,
    filter::{self, LoggedModelFilter, LoggedModelOrder},
    logged_model::{LoggedModel, ModelStatus, NewModel},
    name::{self, limit},
    run::{Param, Tag},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Models of one page if the request doesn't say, and the most whatever it says. MLflow has no such limit; a client that
/// asks for more gets a token to go on with.
const PAGE: u64 = 50;
const PAGE_LIMIT: u64 = 10_000;

/// One order of a search, as clients write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelOrder {
    /// An attribute, or `metrics.` and a key.
    pub field_name: String,
    /// Whether the smallest comes first.
    pub ascending: bool,
    /// Of a metric: only values on this dataset count.
    pub dataset_name: Option<String>,
    /// Of a metric: only values on datasets with this digest count.
    pub dataset_digest: Option<String>,
}

/// A search for logged models, as clients write it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelSearch {
    /// Where to look.
    pub experiments: Vec<ExperimentId>,
    /// The search language of [`model::filter`].
    pub filter: String,
    /// Name, and digest if it matters, of datasets: conditions on metrics count values on these only; without such
    /// conditions, models that were measured on one of them are found.
    pub datasets: Vec<(String, Option<String>)>,
    /// The most important first. Ties go by time of creation, newest first.
    pub order_by: Vec<ModelOrder>,
    /// How many at most; 0 is for the default, 50.
    pub max_results: i64,
    /// From the page before; empty for the first.
    pub page_token: String,
}

impl Acting {
    /// Creates a logged model, whose files are still to come. Needs EDIT of the experiment.
    ///
    /// # Errors
    /// The experiment or the source run is not there or in the trash, the name is not allowed, or a param comes twice.
    pub async fn create_model(&self, new: NewModel) -> Result<LoggedModel> {
        let (place, run_in) = self.place_of_model(&new).await?;
        let grant = self.experiment::<Edit>(place).await?.active()?;
        let name = if new.name.is_empty() { clock::new_name()? } else { new.name };
        name::check_logged_model_name(&name)?;
        check_params(&new.params)?;
        check_tags(&new.tags)?;
        if let Some(run) = new.source_run {
            self.run::<Read>(run).await?;
        }
        let id = ModelId(clock::new_uuid()?);
        let now = clock::now();
        let model = LoggedModel {
            id,
            experiment: grant.id(),
            name,
            created: now,
            updated: now,
            artifact_uri: join(&grant.artifact_location, &format!("models/{id}/artifacts")),
            status: ModelStatus::Pending,
            model_type: new.model_type,
            source_run: new.source_run,
            tags: new.tags,
            params: new.params.into_iter().map(cut).collect(),
            metrics: Vec::new(),
        };
        let mut change = self.change().await?;
        if let Some(run) = model.source_run
            && store::run::hold(&mut change, &[run]).await?.get(&run).copied() != run_in
        {
            let message = "The run is being moved to another experiment. Try again.";
            return Err(Problem::new(Code::TemporarilyUnavailable, message).into());
        }
        store::logged_model::insert(&mut change, &grant, &model)
            .await
            .map_err(|error| params_are_fixed(error, id))?;
        change.commit(Told::new(Action::ModelCreate, Object::Model(id)).with(json!({ "experiment": grant.id(), "name": model.name, "run": model.source_run.map(|run| run.to_string()) }))).await?;
        // Read again: tags and params come back in order, and a tag that came twice comes once.
        self.get_model(id, false).await
    }

    /// Where a new model goes, and where the run is that makes it: scripts name the experiment that their run was launched in,
    /// and it may have been moved since.
    async fn place_of_model(&self, new: &NewModel) -> Result<(ExperimentId, Option<ExperimentId>)> {
        let Some(run) = new.source_run else { return Ok((new.experiment, None)) };
        let Some(grant) = self.readable_runs(&[run]).await?.pop() else { return Ok((new.experiment, None)) };
        if grant.experiment == new.experiment {
            return Ok((new.experiment, Some(grant.experiment)));
        }
        let uri = store::run::get_info(&self.domain.db, &grant).await?.artifact_uri;
        let was_moved = made_in(&uri, run) == Some(new.experiment);
        Ok((if was_moved { grant.experiment } else { new.experiment }, Some(grant.experiment)))
    }

    /// A logged model. One in the trash is there for those who say `allow_deleted`. Needs READ.
    ///
    /// # Errors
    /// It isn't there.
    pub async fn get_model(&self, id: ModelId, allow_deleted: bool) -> Result<LoggedModel> {
        let mut grant = self.model::<Read>(id).await?;
        if !allow_deleted {
            grant = active(grant)?;
        }
        store::logged_model::get(&mut &self.domain.db, &grant).await
    }

    /// Says that a model's files are there, or that their upload failed. Needs EDIT.
    ///
    /// # Errors
    /// The model isn't there.
    pub async fn finalize_model(&self, id: ModelId, status: ModelStatus) -> Result<LoggedModel> {
        let grant = active(self.model::<Edit>(id).await?)?;
        let mut change = self.change().await?;
        store::logged_model::set_status(&mut change, &grant, status, clock::now()).await?;
        let model = store::logged_model::get(&mut *change, &grant).await?;
        change
            .commit(
                Told::new(Action::ModelUpdate, Object::Model(id)).with(json!({ "status": status.name() })),
            )
            .await?;
        Ok(model)
    }

    /// Puts a logged model in the trash. One that is there already stays there, so that a retry does no harm. Needs MANAGE.
    ///
    /// # Errors
    /// There is no such model.
    pub async fn delete_model(&self, id: ModelId) -> Result<()> {
        let grant = self.model::<Manage>(id).await?;
        let mut change = self.change().await?;
        store::logged_model::delete(&mut change, &grant, clock::now()).await?;
        change.commit(Told::new(Action::ModelDelete, Object::Model(id))).await
    }

    /// Sets tags of a logged model; the last of a key wins. Needs EDIT.
    ///
    /// # Errors
    /// The model isn't there, or a tag is not allowed.
    pub async fn set_model_tags(&self, id: ModelId, tags: &[Tag]) -> Result<()> {
        let grant = active(self.model::<Edit>(id).await?)?;
        check_tags(tags)?;
        let mut change = self.change().await?;
        store::logged_model::set_tags(&mut change, &grant, tags).await?;
        change
            .commit(
                Told::new(Action::ModelUpdate, Object::Model(id))
                    .with(json!({ "tags": tags.iter().map(|tag| &tag.key).collect::<Vec<_>>() })),
            )
            .await
    }

    /// Deletes a tag of a logged model. Needs EDIT.
    ///
    /// # Errors
    /// The model or the tag isn't there.
    pub async fn delete_model_tag(&self, id: ModelId, key: &str) -> Result<()> {
        let grant = active(self.model::<Edit>(id).await?)?;
        let mut change = self.change().await?;
        if !store::logged_model::delete_tag(&mut change, &grant, key).await? {
            return Err(Error::missing(format!("No tag with key '{key}' found for model with ID '{id}'.")));
        }
        change
            .commit(Told::new(Action::ModelUpdate, Object::Model(id)).with(json!({ "deleted_tag": key })))
            .await
    }

    /// Adds params to a logged model. Needs EDIT.
    ///
    /// # Errors
    /// The model isn't there, a key is not allowed, or one is there already: then none is added.
    pub async fn log_model_params(&self, id: ModelId, params: Vec<Param>) -> Result<()> {
        let grant = active(self.model::<Edit>(id).await?)?;
        check_params(&params)?;
        let params: Vec<Param> = params.into_iter().map(cut).collect();
        let mut change = self.change().await?;
        store::logged_model::add_params(&mut change, &grant, &params)
            .await
            .map_err(|error| params_are_fixed(error, id))?;
        change
            .commit(
                Told::new(Action::ModelUpdate, Object::Model(id))
                    .with(json!({ "params": params.iter().map(|param| &param.key).collect::<Vec<_>>() })),
            )
            .await
    }

    /// Finds logged models among those that the caller may read, without the trash.
    ///
    /// # Errors
    /// The filter, an order or the page token can't be read, or the token is of another search.
    pub async fn search_models(&self, search: &ModelSearch) -> Result<Page<LoggedModel>> {
        if search.datasets.iter().any(|(name, _)| name.is_empty()) {
            return Err(Error::invalid("`dataset_name` in the `datasets` clause must be specified."));
        }
        crate::run::check_searched(&search.experiments)?;
        let (datasets, orders) = (search.datasets.len(), search.order_by.len());
        for (count, most, what) in [
            (datasets, limit::SEARCHED_DATASETS, "datasets"),
            (orders, limit::ORDER_CLAUSES, "order_by clauses"),
        ] {
            if count > most {
                return Err(Error::invalid(format!("At most {most} {what} are taken.")));
            }
        }
        let filter: LoggedModelFilter = filter::parse(&search.filter)?;
        let order = search.order_by.iter().map(read_order).collect::<Result<Vec<_>>>()?;
        let wanted = match u64::try_from(search.max_results) {
            Ok(0) => PAGE,
            Ok(wanted) => wanted.min(PAGE_LIMIT),
            Err(_) => {
                return Err(Error::invalid(format!(
                    "Invalid value {} for parameter 'max_results' supplied. It must be a positive integer",
                    search.max_results
                )));
            }
        };
        let offset = Token::offset_of(search)?;
        let slice = Slice { offset, limit: wanted + 1 };
        let asked = store::logged_model::Search {
            experiments: &search.experiments,
            filter: &filter,
            datasets: &search.datasets,
            order: &order,
        };
        let mut items = store::logged_model::search(&self.domain.db, &self.visible(), &asked, slice).await?;
        let more = items.len() as u64 > wanted;
        items.truncate(usize::try_from(wanted).unwrap_or(usize::MAX));
        let next = if more { Some(Token::of(search, offset + wanted).encode()?) } else { None };
        Ok(Page { items, next })
    }
}

/// The grant, if the model is not in the trash: there, it answers as if it weren't.
pub(crate) fn active<L: Level>(grant: ModelGrant<L>) -> Result<ModelGrant<L>> {
    match grant.lifecycle {
        Lifecycle::Active => Ok(grant),
        Lifecycle::Deleted => Err(store::logged_model::missing(grant.id())),
    }
}

fn read_order(order: &ModelOrder) -> Result<store::logged_model::Order> {
    Ok(store::logged_model::Order {
        by: LoggedModelOrder::from_field_name(&order.field_name)?,
        descending: !order.ascending,
        dataset_name: order.dataset_name.clone().filter(|name| !name.is_empty()),
        dataset_digest: order.dataset_digest.clone().filter(|digest| !digest.is_empty()),
    })
}

/// MLflow takes any key here, so only emptiness and length are looked at.
fn check_params(params: &[Param]) -> Result<()> {
    for (index, param) in params.iter().enumerate() {
        check_key(&param.key, &format!("params[{index}].key"))?;
    }
    Ok(())
}

fn check_tags(tags: &[Tag]) -> Result<()> {
    for (index, tag) in tags.iter().enumerate() {
        check_key(&tag.key, &format!("tags[{index}].key"))?;
        name::check_length(&tag.value, limit::REGISTRY_TAG_VALUE, &format!("tags[{index}].value"))?;
    }
    Ok(())
}

fn check_key(key: &str, path: &str) -> Result<()> {
    if key.is_empty() {
        return Err(name::missing(path).into());
    }
    Ok(name::check_length(key, limit::KEY, path)?)
}

fn cut(param: Param) -> Param {
    Param { value: name::cut_param_value(&param.value).to_owned(), ..param }
}

fn params_are_fixed(error: Error, id: ModelId) -> Error {
    if !error.is_duplicate() {
        return error;
    }
    let message = format!(
        "Changing param values is not allowed. One of these params was logged already for the model with ID '{id}', or comes twice."
    );
    Problem::new(Code::BadRequest, message).into()
}

/// The page token of this search holds the search, as MLflow's does: with another search it is refused.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Token {
    experiment_ids: Vec<String>,
    filter_string: Option<String>,
    order_by: Option<Vec<ModelOrder>>,
    offset: u64,
}

impl Token {
    fn of(search: &ModelSearch, offset: u64) -> Self {
        Self {
            experiment_ids: search.experiments.iter().map(ExperimentId::to_string).collect(),
            filter_string: (!search.filter.is_empty()).then(|| search.filter.clone()),
            order_by: (!search.order_by.is_empty()).then(|| search.order_by.clone()),
            offset,
        }
    }

    fn encode(&self) -> Result<String> {
        let json = serde_json::to_vec(self).map_err(|error| Error::Fault(format!("page token: {error}")))?;
        Ok(BASE64_STANDARD.encode(json))
    }

    /// How many models come before the page that a search asks for.
    fn offset_of(search: &ModelSearch) -> Result<u64> {
        if search.page_token.is_empty() {
            return Ok(0);
        }
        let bytes = BASE64_STANDARD
            .decode(&search.page_token)
            .map_err(|_| Error::invalid("Invalid page token, could not base64-decode"))?;
        let token: Self = serde_json::from_slice(&bytes)
            .map_err(|error| Error::invalid(format!("Invalid page token: {}. {error}", search.page_token)))?;
        let asked = Self::of(search, token.offset);
        if token.experiment_ids != asked.experiment_ids {
            return Err(Error::invalid(format!(
                "Experiment IDs in the page token do not match the requested experiment IDs. Expected: {:?}. Found: {:?}",
                asked.experiment_ids, token.experiment_ids
            )));
        }
        if token.filter_string != asked.filter_string {
            return Err(Error::invalid(format!(
                "Filter string in the page token does not match the requested filter string. Expected: {}. Found: {}",
                asked.filter_string.unwrap_or_default(),
                token.filter_string.unwrap_or_default()
            )));
        }
        if token.order_by != asked.order_by {
            return Err(Error::invalid("Order by in the page token does not match the requested order by."));
        }
        Ok(token.offset)
    }
}
