//! Models that clients before MLflow 3 log as files of a run: they are no logged models, but noted in a tag of the run.

use crate::{
    Acting,
    error::{Error, Result},
    gate::Edit,
    store,
};
use model::{
    RunId, name,
    run::{Tag, tag::LOGGED_MODELS},
};
use serde_json::{Map, Value};

/// Characters of the tag, which grows with each model.
const LONGEST: usize = 1_000_000;
/// Characters of what was sent that are told back.
const TOLD: usize = 1_000;
/// What is noted of a model besides its flavors.
const NOTED: [&str; 4] = ["artifact_path", "model_uuid", "run_id", "utc_time_created"];
/// What a description of a model must have.
const NEEDED: [&str; 4] = ["artifact_path", "flavors", "run_id", "utc_time_created"];

impl Acting {
    /// Notes a model that is among the files of a run, by its description as JSON. Needs EDIT.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`; `INVALID_PARAMETER_VALUE` if the run is deleted, for what describes no model, and if too much is noted.
    pub async fn note_model(&self, run: RunId, described: &str) -> Result<()> {
        let grant = self.run::<Edit>(run).await?.active()?;
        let model = noted(described)?;
        let mut tx = self.domain.db.begin().await?;
        let grant = store::run::held(&mut tx, grant).await?;
        store::run::lock(&mut tx, &grant).await?;
        let mut models: Vec<Value> = match store::run::tag_value(&mut tx, &grant, LOGGED_MODELS).await? {
            None => Vec::new(),
            Some(known) => serde_json::from_str(&known).map_err(|_| {
                Error::invalid(format!("The tag '{LOGGED_MODELS}' of the run is no list of models."))
            })?,
        };
        models.push(model);
        let value = Value::from(models).to_string();
        name::check_length(&value, LONGEST, LOGGED_MODELS)?;
        let all = [Tag { key: LOGGED_MODELS.to_owned(), value }];
        store::run::set_tags(&mut tx, &grant, &all).await?;
        tx.commit().await?;
        self.domain.live.touch(grant.experiment, run);
        Ok(())
    }
}

/// What is noted of a described model: MLflow leaves out the same.
fn noted(described: &str) -> Result<Value> {
    let Ok(Value::Object(mut told)) = serde_json::from_str(described) else {
        let described = name::cut(described, TOLD);
        return Err(Error::invalid(format!("Malformed model info. \n {described} \n is not a valid JSON.")));
    };
    let missing = NEEDED.into_iter().filter(|key| !told.contains_key(*key));
    let missing: Vec<String> = missing.map(|key| format!("'{key}'")).collect();
    if !missing.is_empty() {
        let missing = missing.join(", ");
        return Err(Error::invalid(format!("Model json is missing mandatory fields: {{{missing}}}")));
    }
    let mut model = Map::new();
    for key in NOTED {
        if let Some(value) = told.remove(key) {
            model.insert(key.to_owned(), value);
        }
    }
    let mut flavors = told.remove("flavors").unwrap_or_default();
    if let Some(flavors) = flavors.as_object_mut() {
        for flavor in flavors.values_mut() {
            if let Some(flavor) = flavor.as_object_mut() {
                flavor.remove("config");
            }
        }
    }
    model.insert("flavors".to_owned(), flavors);
    Ok(Value::Object(model))
}
