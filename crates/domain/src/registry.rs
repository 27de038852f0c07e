//! The model registry: use cases. What a new version may come from is in [`source`], what pages show and do at once in [`page`],
//! versions side by side in [`compare`]; what webhooks are told is in [`announced`].

mod announced;
mod compare;
mod page;
mod signature;
mod source;

use crate::{
    Acting, Caller,
    artifact::served_path,
    audit::Told,
    clock,
    error::{Error, Result},
    experiment::{Page, check_max_results, offset_of, page_of},
    gate::{Edit, Level, Manage, ModelGrant, Read, RegisteredGrant},
    store::{
        self, Tx,
        permission::Made,
        registry::{IS_PROMPT, version},
        search::Slice,
    },
};
use model::{
    Code, Problem, RunId,
    audit::{Action, Object},
    filter::{
        self, ModelVersionFilter, ModelVersionOrder, OrderBy, RegisteredModelFilter, RegisteredModelOrder,
    },
    name::{self, limit},
    registry::{ACTIVE_STAGES, ModelVersion, NewVersion, RegisteredModel, STAGES},
    run::Tag,
};
use serde_json::{Value, json};

/// Where MLflow's clients look up what a logged model is registered as.
const MODEL_VERSIONS: &str = "mlflow.modelVersions";

impl Acting {
    /// Creates a registered model; its creator may MANAGE it.
    ///
    /// # Errors
    /// The name, a tag or the description is not allowed, or the name is taken.
    pub async fn create_registered_model(
        &self,
        name: &str,
        tags: &[Tag],
        description: &str,
    ) -> Result<RegisteredModel> {
        self.may_make()?;
        name::check_registered_model_name(name, "name")?;
        check_tags(tags)?;
        check_description(description)?;
        let now = clock::now();
        let model = RegisteredModel {
            name: name.to_owned(),
            created: now,
            updated: now,
            description: description.to_owned(),
            tags: tags.to_vec(),
            aliases: Vec::new(),
            latest: Vec::new(),
        };
        let mut change = self.change().await?;
        if let Err(error) = store::registry::insert(&mut change, &model).await {
            drop(change);
            return Err(if error.is_duplicate() {
                self.name_taken(name, is_prompt(tags)).await?
            } else {
                error
            });
        }
        if let Some(user) = self.caller.user() {
            store::permission::give_maker(&mut change, Made::Registered(name), user).await?;
        }
        announced::model_created(&mut change, &model).await?;
        change.commit(Told::new(Action::RegisteredCreate, Object::Registered(name.to_owned()))).await?;
        // Read again: a tag that came twice is there once.
        self.get_registered_model(name).await
    }

    /// The answer to somebody who wants a name that is taken: says by what, as far as they may see it.
    async fn name_taken(&self, name: &str, for_prompt: bool) -> Result<Error> {
        let by_prompt = match self.registered::<Read>(name).await {
            Ok(grant) => store::registry::is_prompt(&mut &self.domain.db, &grant).await?,
            Err(_) => for_prompt,
        };
        let noun = |prompt: bool| if prompt { "prompt" } else { "registered model" };
        Ok(match (for_prompt, by_prompt) {
            (false, false) => taken(name),
            (true, true) => already_exists(format!("Prompt (name={name}) already exists.")),
            (wanted, found) => already_exists(format!(
                "Tried to create a {} with name '{name}', but the name is already taken by a {}. MLflow does not allow creating a model and a prompt with the same name.",
                noun(wanted),
                noun(found)
            )),
        })
    }

    /// A registered model. Needs READ.
    ///
    /// # Errors
    /// It isn't there.
    pub async fn get_registered_model(&self, name: &str) -> Result<RegisteredModel> {
        let grant = self.named::<Read>(name).await?;
        store::registry::get(&mut &self.domain.db, &grant).await
    }

    /// Finds registered models among those that the caller may read; prompts only if the filter asks for prompts.
    ///
    /// # Errors
    /// The filter, an order or the page token can't be read, or more than 1,000 are asked for.
    pub async fn search_registered_models(
        &self,
        filter: &str,
        max_results: i64,
        order_by: &[String],
        page_token: &str,
    ) -> Result<Page<RegisteredModel>> {
        let wanted = check_max_results(max_results, limit::PAGE_REGISTERED_MODELS.into())?;
        let filter: RegisteredModelFilter = filter::parse(filter)?;
        let order: Vec<OrderBy<RegisteredModelOrder>> = filter::parse_order_list(order_by)?;
        let offset = offset_of(page_token)?;
        let slice = Slice { offset, limit: wanted + 1 };
        let found = store::registry::search(&self.domain.db, &self.visible(), &filter, &order, slice).await?;
        Ok(page_of(found, offset, wanted))
    }

    /// Changes the description of a registered model. Needs EDIT.
    ///
    /// # Errors
    /// The model isn't there, or the description is too long.
    pub async fn update_registered_model(&self, name: &str, description: &str) -> Result<RegisteredModel> {
        let grant = self.named::<Edit>(name).await?;
        check_description(description)?;
        let mut change = self.change().await?;
        store::registry::set_description(&mut change, &grant, description, clock::now()).await?;
        let model = store::registry::get(&mut *change, &grant).await?;
        change
            .commit(
                Told::new(Action::RegisteredUpdate, Object::Registered(name.to_owned()))
                    .with(json!({ "description": true })),
            )
            .await?;
        Ok(model)
    }

    /// Gives a registered model another name; versions, aliases and permissions go with it. Needs EDIT.
    ///
    /// # Errors
    /// The model isn't there, or the new name is not allowed or taken.
    pub async fn rename_registered_model(&self, name: &str, new_name: &str) -> Result<RegisteredModel> {
        let grant = self.named::<Edit>(name).await?;
        name::check_registered_model_name(new_name, "new_name")?;
        let mut change = self.change().await?;
        let renamed = store::registry::rename(&mut change, &grant, new_name, clock::now())
            .await
            .map_err(|error| if error.is_duplicate() { taken(new_name) } else { error })?;
        change
            .commit(
                Told::new(Action::RegisteredRename, Object::Registered(name.to_owned()))
                    .with(json!({ "after": new_name })),
            )
            .await?;
        Ok(renamed)
    }

    /// Deletes a registered model and its versions for good; files stay where they are. Needs MANAGE.
    ///
    /// # Errors
    /// It isn't there.
    pub async fn delete_registered_model(&self, name: &str) -> Result<()> {
        let grant = self.named::<Manage>(name).await?;
        let mut change = self.change().await?;
        store::registry::delete(&mut change, &grant).await?;
        change.commit(Told::new(Action::RegisteredDelete, Object::Registered(name.to_owned()))).await
    }

    /// Sets a tag of a registered model. Needs EDIT.
    ///
    /// # Errors
    /// The model isn't there, or the tag is not allowed.
    pub async fn set_registered_model_tag(&self, name: &str, tag: &Tag) -> Result<()> {
        let grant = self.named::<Edit>(name).await?;
        name::check_registry_tag(&tag.key, &tag.value)?;
        let mut change = self.change().await?;
        store::registry::set_tag(&mut change, &grant, tag).await?;
        announced::tag_of_model(&mut change, &grant, &tag.key, Some(&tag.value)).await?;
        change
            .commit(
                Told::new(Action::RegisteredUpdate, Object::Registered(name.to_owned()))
                    .with(json!({ "tag": tag.key })),
            )
            .await
    }

    /// Deletes a tag of a registered model; one that isn't there is no mistake. Needs EDIT.
    ///
    /// # Errors
    /// The model isn't there.
    pub async fn delete_registered_model_tag(&self, name: &str, key: &str) -> Result<()> {
        let grant = self.named::<Edit>(name).await?;
        let mut change = self.change().await?;
        store::registry::delete_tag(&mut change, &grant, key).await?;
        announced::tag_of_model(&mut change, &grant, key, None).await?;
        change
            .commit(
                Told::new(Action::RegisteredUpdate, Object::Registered(name.to_owned()))
                    .with(json!({ "deleted_tag": key })),
            )
            .await
    }

    /// The highest version of each of these stages; of all stages, if none is named. Needs READ.
    ///
    /// # Errors
    /// The model isn't there, or a stage is unknown.
    pub async fn get_latest_versions(&self, name: &str, stages: &[String]) -> Result<Vec<ModelVersion>> {
        let stages = stages.iter().map(|stage| known_stage(stage)).collect::<Result<Vec<_>>>()?;
        let mut latest = self.get_registered_model(name).await?.latest;
        latest.retain(|version| stages.is_empty() || stages.contains(&version.stage.as_str()));
        Ok(latest)
    }

    /// Creates a version: the number after the highest that there ever was. Needs EDIT of the registered model, and READ of
    /// the logged model or version that it comes from. A run that it names is kept unless it is there and the caller may not read it.
    ///
    /// # Errors
    /// The registered model isn't there, the source is refused, or a tag or the description is not allowed.
    pub async fn create_version(&self, new: NewVersion) -> Result<ModelVersion> {
        let grant = self.named::<Edit>(&new.name).await?;
        check_tags(&new.tags)?;
        check_description(&new.description)?;
        if new.source.is_empty() {
            return Err(name::missing("source").into());
        }
        let lineage = self.lineage(&new).await?;
        let now = clock::now();
        let mut change = self.change().await?;
        let number = version::next_number(&mut change, &grant, now).await?;
        let version = ModelVersion {
            name: new.name,
            version: number,
            created: now,
            updated: now,
            user: match &self.caller {
                Caller::User { name, .. } => name.clone(),
                Caller::Local | Caller::Guest(_) => String::new(),
            },
            stage: "None".to_owned(),
            description: new.description,
            source: lineage.source,
            storage_location: lineage.storage_location,
            run: lineage.run,
            model: lineage.model,
            run_link: new.run_link,
            tags: new.tags,
            aliases: Vec::new(),
        };
        version::insert(&mut change, &grant, &version).await?;
        if let Some(told) = lineage.told {
            tell_model(&mut change, &told, &version).await?;
        }
        let version = find_version(&mut *change, &grant, number).await?;
        announced::version_created(&mut change, &version).await?;
        change
            .commit(
                Told::new(Action::VersionCreate, Object::Version(grant.name().to_owned(), number))
                    .with(json!({ "source": version.source, "run": version.run.map(|run| run.to_string()) })),
            )
            .await?;
        Ok(version)
    }

    /// A version. Needs READ.
    ///
    /// # Errors
    /// It isn't there.
    pub async fn get_version(&self, name: &str, version: i64) -> Result<ModelVersion> {
        let grant = self.numbered::<Read>(name, version).await?;
        find_version(&mut &self.domain.db, &grant, version).await
    }

    /// Changes the description of a version. Needs EDIT.
    ///
    /// # Errors
    /// The version isn't there, or the description is too long.
    pub async fn update_version(&self, name: &str, version: i64, description: &str) -> Result<ModelVersion> {
        let grant = self.numbered::<Edit>(name, version).await?;
        check_description(description)?;
        let mut change = self.change().await?;
        if !version::set_description(&mut change, &grant, version, description, clock::now()).await? {
            return Err(version::missing(name, version));
        }
        let changed = find_version(&mut *change, &grant, version).await?;
        change
            .commit(
                Told::new(Action::VersionUpdate, Object::Version(name.to_owned(), version))
                    .with(json!({ "description": true })),
            )
            .await?;
        Ok(changed)
    }

    /// Deletes a version for good, with its aliases; its number is never used again, and its files stay. Needs MANAGE.
    ///
    /// # Errors
    /// The version isn't there.
    pub async fn delete_version(&self, name: &str, version: i64) -> Result<()> {
        let grant = self.numbered::<Manage>(name, version).await?;
        let mut change = self.change().await?;
        if !version::delete(&mut change, &grant, version, clock::now()).await? {
            return Err(version::missing(name, version));
        }
        change.commit(Told::new(Action::VersionDelete, Object::Version(name.to_owned(), version))).await
    }

    /// Sets a tag of a version. Needs EDIT.
    ///
    /// # Errors
    /// The version isn't there, or the tag is not allowed.
    pub async fn set_version_tag(&self, name: &str, version: i64, tag: &Tag) -> Result<()> {
        let grant = self.numbered::<Edit>(name, version).await?;
        name::check_registry_tag(&tag.key, &tag.value)?;
        let mut change = self.change().await?;
        find_version(&mut *change, &grant, version).await?;
        version::set_tag(&mut change, &grant, version, tag).await?;
        announced::tag_of_version(&mut change, &grant, version, &tag.key, Some(&tag.value)).await?;
        change
            .commit(
                Told::new(Action::VersionUpdate, Object::Version(name.to_owned(), version))
                    .with(json!({ "tag": tag.key })),
            )
            .await
    }

    /// Deletes a tag of a version; one that isn't there is no mistake. Needs EDIT.
    ///
    /// # Errors
    /// The version isn't there.
    pub async fn delete_version_tag(&self, name: &str, version: i64, key: &str) -> Result<()> {
        let grant = self.numbered::<Edit>(name, version).await?;
        let mut change = self.change().await?;
        find_version(&mut *change, &grant, version).await?;
        version::delete_tag(&mut change, &grant, version, key).await?;
        announced::tag_of_version(&mut change, &grant, version, key, None).await?;
        change
            .commit(
                Told::new(Action::VersionUpdate, Object::Version(name.to_owned(), version))
                    .with(json!({ "deleted_tag": key })),
            )
            .await
    }

    /// Moves a version to a stage; with `archive_existing`, the others of that stage go to `Archived`. Needs EDIT.
    ///
    /// # Errors
    /// The version isn't there, the stage is unknown, or others are to make room in a stage that holds many.
    pub async fn transition_stage(
        &self,
        name: &str,
        version: i64,
        stage: &str,
        archive_existing: bool,
    ) -> Result<ModelVersion> {
        let grant = self.numbered::<Edit>(name, version).await?;
        let known = known_stage(stage)?;
        if archive_existing && !ACTIVE_STAGES.contains(&known) {
            return Err(Error::invalid(format!(
                "Model version transition cannot archive existing model versions because '{stage}' is not an Active stage. Valid stages are ['Staging', 'Production']"
            )));
        }
        let now = clock::now();
        let mut change = self.change().await?;
        if !version::set_stage(&mut change, &grant, version, known, now).await? {
            return Err(version::missing(name, version));
        }
        if archive_existing {
            version::archive_others(&mut change, &grant, version, known, now).await?;
        }
        let moved = find_version(&mut *change, &grant, version).await?;
        change
            .commit(
                Told::new(Action::VersionUpdate, Object::Version(name.to_owned(), version))
                    .with(json!({ "stage": known })),
            )
            .await?;
        Ok(moved)
    }

    /// Where the files of a version are. Needs READ.
    ///
    /// # Errors
    /// The version isn't there.
    pub async fn download_uri(&self, name: &str, version: i64) -> Result<String> {
        Ok(self.get_version(name, version).await?.storage_location)
    }

    /// The path, for this server, of what lies at `path` among the files of a version. Needs READ, and of the run that the version
    /// leads to by name.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`; `INVALID_PARAMETER_VALUE` for a bad path, or if this server doesn't keep the files.
    pub async fn version_file_path(&self, name: &str, version: i64, path: &str) -> Result<String> {
        let place = self.download_uri(name, version).await?;
        let named = place.strip_prefix("runs:/").map(|rest| rest.split_once('/').unwrap_or((rest, "")));
        let of_run = named.and_then(|(run, folder)| Some((run.parse::<RunId>().ok()?, folder)));
        let root = match of_run {
            Some((run, folder)) => format!("{}/{folder}", self.run_artifact_uri(run).await?),
            None => place,
        };
        served_path(&root, path)
    }

    /// Finds versions of the registered models that the caller may read; of prompts only if the filter asks for prompts.
    ///
    /// # Errors
    /// The filter, an order or the page token can't be read, or more than 200,000 are asked for.
    pub async fn search_versions(
        &self,
        filter: &str,
        max_results: i64,
        order_by: &[String],
        page_token: &str,
    ) -> Result<Page<ModelVersion>> {
        let wanted = check_max_results(max_results, limit::PAGE_MODEL_VERSIONS.into())?;
        let filter: ModelVersionFilter = filter::parse(filter)?;
        let order: Vec<OrderBy<ModelVersionOrder>> = filter::parse_order_list(order_by)?;
        let offset = offset_of(page_token)?;
        let slice = Slice { offset, limit: wanted + 1 };
        let found = version::search(&self.domain.db, &self.visible(), &filter, &order, slice).await?;
        Ok(page_of(found, offset, wanted))
    }

    /// Gives a version a name, which is taken from the version that had it. Needs EDIT.
    ///
    /// # Errors
    /// The version isn't there, or the alias is not allowed.
    pub async fn set_alias(&self, name: &str, alias: &str, version: i64) -> Result<()> {
        name::check_new_alias(alias)?;
        let grant = self.numbered::<Edit>(name, version).await?;
        let mut change = self.change().await?;
        find_version(&mut *change, &grant, version).await?;
        store::registry::set_alias(&mut change, &grant, alias, version).await?;
        announced::alias(&mut change, &grant, alias, Some(version)).await?;
        change
            .commit(
                Told::new(Action::RegisteredUpdate, Object::Registered(name.to_owned()))
                    .with(json!({ "alias": alias, "version": version })),
            )
            .await
    }

    /// Deletes an alias; one that isn't there is no mistake. Needs EDIT.
    ///
    /// # Errors
    /// The registered model isn't there, or the text can be no alias.
    pub async fn delete_alias(&self, name: &str, alias: &str) -> Result<()> {
        name::check_alias(alias)?;
        let grant = self.named::<Edit>(name).await?;
        let mut change = self.change().await?;
        store::registry::delete_alias(&mut change, &grant, alias).await?;
        announced::alias(&mut change, &grant, alias, None).await?;
        change
            .commit(
                Told::new(Action::RegisteredUpdate, Object::Registered(name.to_owned()))
                    .with(json!({ "deleted_alias": alias })),
            )
            .await
    }

    /// The version that an alias names; `latest` names the highest. Needs READ.
    ///
    /// # Errors
    /// The registered model isn't there, or has no such alias (as MLflow does: INVALID_PARAMETER_VALUE).
    pub async fn get_version_by_alias(&self, name: &str, alias: &str) -> Result<ModelVersion> {
        name::check_alias(alias)?;
        if alias.eq_ignore_ascii_case("latest") {
            let latest = self.get_registered_model(name).await?.latest;
            return latest
                .into_iter()
                .max_by_key(|version| version.version)
                .ok_or_else(|| Error::missing(format!("Latest version not found for model {name}.")));
        }
        let grant = self.named::<Read>(name).await?;
        let db = &mut &self.domain.db;
        let version = store::registry::find_alias(db, &grant, alias)
            .await?
            .ok_or_else(|| Error::invalid(format!("Registered model alias {alias} not found.")))?;
        find_version(db, &grant, version).await
    }

    /// Lets the caller at a registered model, if the text can be a name.
    async fn named<L: Level>(&self, name: &str) -> Result<RegisteredGrant<L>> {
        name::check_registered_model_name(name, "name")?;
        self.registered(name).await
    }

    /// Lets the caller at the registered model of a version. The answer about one that isn't there speaks of the version.
    async fn numbered<L: Level>(&self, name: &str, number: i64) -> Result<RegisteredGrant<L>> {
        self.named(name)
            .await
            .map_err(|error| source::instead_of_missing(error, || version::missing(name, number)))
    }
}

async fn find_version<L>(
    on: &mut impl store::Query,
    grant: &RegisteredGrant<L>,
    version: i64,
) -> Result<ModelVersion> {
    version::find(on, grant, version).await?.ok_or_else(|| version::missing(grant.name(), version))
}

/// Notes on a logged model that it's registered: a list in a tag, as MLflow keeps it.
async fn tell_model(tx: &mut Tx, told: &ModelGrant<Read>, version: &ModelVersion) -> Result<()> {
    let noted = store::logged_model::tag_to_change(tx, told, MODEL_VERSIONS).await?;
    let mut versions: Vec<Value> =
        noted.and_then(|noted| serde_json::from_str(&noted).ok()).unwrap_or_default();
    versions.push(json!({ "name": version.name, "version": version.version }));
    let tag = Tag { key: MODEL_VERSIONS.to_owned(), value: Value::from(versions).to_string() };
    store::logged_model::change_tag(tx, told, tag).await
}

fn known_stage(stage: &str) -> Result<&'static str> {
    STAGES.into_iter().find(|known| known.eq_ignore_ascii_case(stage)).ok_or_else(|| {
        let known = STAGES.join(", ");
        Error::invalid(format!("Invalid Model Version stage: {stage}. Value must be one of {known}."))
    })
}

fn is_prompt(tags: &[Tag]) -> bool {
    tags.iter().rfind(|tag| tag.key == IS_PROMPT).is_some_and(|tag| tag.value.eq_ignore_ascii_case("true"))
}

fn check_tags(tags: &[Tag]) -> Result<()> {
    tags.iter().try_for_each(|tag| Ok(name::check_registry_tag(&tag.key, &tag.value)?))
}

fn check_description(description: &str) -> Result<()> {
    Ok(name::check_length(description, limit::DESCRIPTION, "description")?)
}

fn already_exists(message: String) -> Error {
    Problem::new(Code::ResourceAlreadyExists, message).into()
}

fn taken(name: &str) -> Error {
    already_exists(format!("Registered Model (name={name}) already exists."))
}
