//! Experiments: create, find, change, delete, restore.

use crate::{
    Acting, Domain,
    audit::Told,
    clock,
    error::{Error, Result},
    gate::{Edit, Manage, Read},
    store::{self, permission::Made},
};
use model::{
    Code, ExperimentId, Problem,
    audit::{Action, Object},
    experiment::{Experiment, Lifecycle, ViewType},
    filter::{self, ExperimentFilter, ExperimentOrder, OrderBy},
    name,
    page_token::PageToken,
    run::Tag,
};
use serde_json::json;

impl Domain {
    /// Experiment 0, "Default", is there from the first start.
    pub(crate) async fn create_default_experiment(&self) -> Result<()> {
        let now = clock::now();
        let location = join(&self.config.default_artifact_root, "0");
        let mut tx = self.db.begin().await?;
        store::experiment::insert_default(&mut tx, &location, now).await?;
        tx.commit().await
    }
}

/// A URI one step further, as MLflow's clients make it: what stands behind `?` or `#` stays behind. In a path these are
/// letters like others.
pub(crate) fn join(root: &str, step: &str) -> String {
    let is_uri = root.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.chars().all(|one| one.is_ascii_alphanumeric() || matches!(one, '+' | '-' | '.'))
    });
    let end = if is_uri { root.find(['?', '#']) } else { None };
    let (path, rest) = root.split_at(end.unwrap_or(root.len()));
    let slash = if path.ends_with('/') { "" } else { "/" };
    format!("{path}{slash}{step}{rest}")
}

/// One page of a list, and the token that leads on if there is more.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The things.
    pub items: Vec<T>,
    /// Leads to the next page.
    pub next: Option<String>,
}

/// Cuts the extra item off a list that was read one longer than wanted, and makes the token of the next page.
pub(crate) fn page_of<T>(mut items: Vec<T>, offset: u64, wanted: u64) -> Page<T> {
    let more = items.len() as u64 > wanted;
    items.truncate(usize::try_from(wanted).unwrap_or(usize::MAX));
    let next = more.then(|| PageToken { offset: offset + wanted }.encode());
    Page { items, next }
}

/// The offset in a page token; 0 for none.
pub(crate) fn offset_of(page_token: &str) -> Result<u64> {
    let token = PageToken::decode(page_token).map_err(|error| Error::invalid(error.message))?;
    Ok(token.offset)
}

pub(crate) fn check_max_results(max_results: i64, most: i64) -> Result<u64> {
    match u64::try_from(max_results) {
        Ok(wanted) if wanted > 0 && max_results <= most => Ok(wanted),
        Ok(wanted) if wanted > 0 => Err(Error::invalid(format!(
            "Invalid value {max_results} for parameter 'max_results' supplied. It must be at most {most}"
        ))),
        _ => Err(Error::invalid(format!(
            "Invalid value {max_results} for parameter 'max_results' supplied. It must be a positive integer"
        ))),
    }
}

impl From<filter::FilterError> for Error {
    fn from(error: filter::FilterError) -> Self {
        Problem { code: Code::InvalidParameterValue, message: error.message, span: Some(error.span) }.into()
    }
}

impl From<name::NameError> for Error {
    fn from(error: name::NameError) -> Self {
        Self::invalid(error.message)
    }
}

impl From<filter::OrderListError> for Error {
    fn from(error: filter::OrderListError) -> Self {
        error.error.into()
    }
}

impl Acting {
    /// Creates an experiment; its creator may MANAGE it. Without a location, its artifacts go below the server's root.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` for the name, the location or a tag; `RESOURCE_ALREADY_EXISTS`, also for the name of a deleted one.
    pub async fn create_experiment(&self, name: &str, location: &str, tags: &[Tag]) -> Result<ExperimentId> {
        self.may_make()?;
        name::check_experiment_name(name)?;
        check_location(location)?;
        for tag in tags {
            name::check_experiment_tag(&tag.key, &tag.value)?;
        }
        let mut change = self.change().await?;
        let id = store::experiment::insert(&mut change, name, clock::now()).await.map_err(|error| {
            if error.is_duplicate() {
                return already_exists(name);
            }
            error
        })?;
        let location = match location {
            "" => join(&self.domain.config.default_artifact_root, &id.to_string()),
            given => given.trim_end_matches('/').to_owned(),
        };
        store::experiment::set_new(&mut change, id, &location, tags).await?;
        if let Some(user) = self.caller.user() {
            store::permission::give_maker(&mut change, Made::Experiment(id), user).await?;
        }
        change
            .commit(Told::new(Action::ExperimentCreate, Object::Experiment(id)).with(json!({ "name": name })))
            .await?;
        Ok(id)
    }

    /// An experiment, also a deleted one.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`.
    pub async fn get_experiment(&self, id: ExperimentId) -> Result<Experiment> {
        let grant = self.experiment::<Read>(id).await?;
        store::experiment::get(&self.domain.db, &grant).await
    }

    /// An experiment by its name, also a deleted one.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`.
    pub async fn get_experiment_by_name(&self, name: &str) -> Result<Experiment> {
        let missing = || Error::missing(format!("Could not find experiment with name '{name}'"));
        let id =
            store::experiment::find_id(&self.domain.db, &self.visible(), name).await?.ok_or_else(missing)?;
        self.get_experiment(id).await
    }

    /// Experiments that match a filter, in an order, a page at a time.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` for the filter, the order, the token or the size of the page (1 to 50,000).
    pub async fn search_experiments(
        &self,
        filter: &str,
        order_by: &[String],
        view: ViewType,
        max_results: i64,
        page_token: &str,
    ) -> Result<Page<Experiment>> {
        let wanted = check_max_results(max_results, name::limit::PAGE_EXPERIMENTS as i64)?;
        let filter: ExperimentFilter = filter::parse(filter)?;
        let order: Vec<OrderBy<ExperimentOrder>> = filter::parse_order_list(order_by)?;
        let offset = offset_of(page_token)?;
        let found = store::experiment::search(
            &self.domain.db,
            &self.visible(),
            &filter,
            &order,
            view,
            store::search::Slice { offset, limit: wanted + 1 },
        )
        .await?;
        Ok(page_of(found, offset, wanted))
    }

    /// Renames an experiment. Needs EDIT.
    ///
    /// # Errors
    /// `INVALID_STATE` if it's deleted, `RESOURCE_ALREADY_EXISTS` if the name is taken.
    pub async fn rename_experiment(&self, id: ExperimentId, new_name: &str) -> Result<()> {
        let grant = self.experiment::<Edit>(id).await?;
        name::check_experiment_name(new_name)?;
        if grant.lifecycle == Lifecycle::Deleted {
            return Err(Problem::new(Code::InvalidState, "Cannot rename a non-active experiment.").into());
        }
        let before = store::experiment::get(&self.domain.db, &grant).await?.name;
        let mut change = self.change().await?;
        store::experiment::rename(&mut change, &grant, new_name, clock::now()).await.map_err(|error| {
            if error.is_duplicate() {
                return already_exists(new_name);
            }
            error
        })?;
        change
            .commit(
                Told::new(Action::ExperimentRename, Object::Experiment(id))
                    .with(json!({ "before": before, "after": new_name })),
            )
            .await
    }

    /// Moves an experiment and its runs to the trash. Needs MANAGE.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`, also if it's there already.
    pub async fn delete_experiment(&self, id: ExperimentId) -> Result<()> {
        self.set_lifecycle(id, Lifecycle::Active, Lifecycle::Deleted).await
    }

    /// Takes an experiment and all its runs out of the trash. Needs MANAGE.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`, also if it isn't in the trash.
    pub async fn restore_experiment(&self, id: ExperimentId) -> Result<()> {
        self.set_lifecycle(id, Lifecycle::Deleted, Lifecycle::Active).await
    }

    async fn set_lifecycle(&self, id: ExperimentId, from: Lifecycle, to: Lifecycle) -> Result<()> {
        let grant = self.experiment::<Manage>(id).await?;
        if grant.lifecycle != from {
            return Err(Error::missing(format!("No Experiment with id={id} exists")));
        }
        let action = match to {
            Lifecycle::Active => Action::ExperimentRestore,
            Lifecycle::Deleted => Action::ExperimentDelete,
        };
        let mut change = self.change().await?;
        store::experiment::set_lifecycle(&mut change, &grant, to, clock::now()).await?;
        change.commit(Told::new(action, Object::Experiment(id))).await
    }

    /// Sets a tag. Needs EDIT.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` for the tag or a deleted experiment.
    pub async fn set_experiment_tag(&self, id: ExperimentId, tag: &Tag) -> Result<()> {
        let grant = self.experiment::<Edit>(id).await?.active()?;
        name::check_experiment_tag(&tag.key, &tag.value)?;
        let mut change = self.change().await?;
        store::experiment::set_tag(&mut change, &grant, tag).await?;
        change
            .commit(Told::new(Action::ExperimentTag, Object::Experiment(id)).with(json!({ "set": tag.key })))
            .await
    }

    /// Deletes a tag. Needs EDIT.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` if there is no such tag.
    pub async fn delete_experiment_tag(&self, id: ExperimentId, key: &str) -> Result<()> {
        let grant = self.experiment::<Edit>(id).await?.active()?;
        let mut change = self.change().await?;
        if !store::experiment::delete_tag(&mut change, &grant, key).await? {
            return Err(Error::missing(format!("No tag with name: {key} in experiment with id {id}")));
        }
        change
            .commit(Told::new(Action::ExperimentTag, Object::Experiment(id)).with(json!({ "deleted": key })))
            .await
    }
}

fn already_exists(name: &str) -> Error {
    Problem::new(Code::ResourceAlreadyExists, format!("Experiment(name={name}) already exists.")).into()
}

/// MLflow's rules for a location that a client names (its `validate_artifact_location`): no fragment, no way up, and not a
/// host for the server to talk to.
fn check_location(location: &str) -> Result<()> {
    const HOST_SCHEMES: [&str; 9] = ["ftp", "sftp", "hdfs", "viewfs", "http", "https", "r2", "b2", "abfss"];
    let scheme = location.split_once(':').map_or("", |(scheme, _)| scheme);
    let bad = location.chars().count() > name::limit::ARTIFACT_LOCATION
        || location.contains('#')
        || location.contains(";")
        || location.split(['/', '?', '&', '=']).any(|part| part == "..")
        || scheme == "runs"
        || location.starts_with("mlflow-artifacts://")
        || HOST_SCHEMES.contains(&scheme);
    if bad {
        return Err(Error::invalid(format!(
            "Invalid artifact location: '{location}'. It must have no fragment, parameters or '..', and no scheme that names another server."
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn a_location_is_joined_as_clients_join_it() {
        let check = |root: &str, joined: &str| assert_eq!(join(root, "r/artifacts"), joined, "{root}");
        check("mlflow-artifacts:/1", "mlflow-artifacts:/1/r/artifacts");
        check("s3://b/x/", "s3://b/x/r/artifacts");
        check("s3://b/x?a=b", "s3://b/x/r/artifacts?a=b");
        check("s3://b/x/?a=b#c", "s3://b/x/r/artifacts?a=b#c");
        check("/srv/a?b", "/srv/a?b/r/artifacts");
        check("/a:b?c", "/a:b?c/r/artifacts");
    }
}
