//! Saved views of experiments: personal ones, and shared ones for all who may read the experiment.

use crate::{
    Acting,
    audit::Told,
    clock,
    error::{Error, Result},
    gate::{Edit, Read},
    store,
};
use model::{
    ExperimentId, ViewId,
    audit::{Action, Object},
    view::{NewView, SavedView},
};
use serde_json::json;

/// Views one account may have in an experiment.
pub const VIEWS_PER_USER: i64 = 100;
/// Bytes of a view's name.
const LONGEST_NAME: usize = 100;
/// Bytes of a view's state.
const LONGEST_STATE: usize = 16 << 10;

impl Acting {
    /// The views that the caller has in an experiment, own and shared, by name. Needs READ.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`.
    pub async fn list_views(&self, experiment: ExperimentId) -> Result<Vec<SavedView>> {
        let grant = self.experiment::<Read>(experiment).await?;
        store::view::list(&self.domain.db, &grant, self.maker()?).await
    }

    /// Saves a view in the place of an own one with the same name. Needs READ; for a shared one EDIT.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`, `INVALID_PARAMETER_VALUE` for a limit.
    pub async fn save_view(&self, experiment: ExperimentId, new: NewView) -> Result<SavedView> {
        let grant = self.experiment::<Read>(experiment).await?;
        if new.shared {
            self.experiment::<Edit>(experiment).await?;
        }
        let maker = self.maker()?;
        let name = new.name.trim();
        if name.is_empty() || name.len() > LONGEST_NAME {
            return Err(Error::invalid(format!("A view needs a name, of at most {LONGEST_NAME} bytes.")));
        }
        if new.state.len() > LONGEST_STATE {
            return Err(Error::invalid(format!("A view holds at most {LONGEST_STATE} bytes.")));
        }
        if !new.state.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::invalid("A view is the query part of an address, encoded."));
        }
        if new.opens && !new.shared {
            return Err(Error::invalid("An experiment opens with a view that is shared."));
        }
        let view = SavedView {
            id: ViewId(clock::new_uuid()?),
            name: name.to_owned(),
            state: new.state.trim_start_matches('?').to_owned(),
            shared: new.shared,
            opens: new.opens,
            maker: maker.map(|_| self.caller.name().to_owned()).unwrap_or_default(),
            is_own: true,
        };
        let mut change = self.change().await?;
        change.lock(experiment.0).await?;
        store::view::delete_named(&mut change, &grant, maker, name).await?;
        if store::view::count(&mut change, &grant, maker).await? >= VIEWS_PER_USER {
            return Err(Error::invalid(format!(
                "There may be {VIEWS_PER_USER} views. Delete some that are no longer used."
            )));
        }
        store::view::insert(&mut change, &grant, maker, &view, clock::now()).await?;
        let told = json!({ "name": view.name, "shared": view.shared, "opens": view.opens });
        change.commit(Told::new(Action::ViewSave, Object::Experiment(experiment)).with(told)).await?;
        Ok(view)
    }

    /// Deletes an own view; a shared one of somebody else needs EDIT.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`.
    pub async fn delete_view(&self, experiment: ExperimentId, id: ViewId) -> Result<()> {
        let grant = self.experiment::<Read>(experiment).await?;
        let maker = self.maker()?;
        let views = store::view::list(&self.domain.db, &grant, maker).await?;
        let view = views.into_iter().find(|view| view.id == id);
        let view = view.ok_or_else(|| Error::missing("There is no such view."))?;
        if !view.is_own {
            self.experiment::<Edit>(experiment).await?;
        }
        let mut change = self.change().await?;
        store::view::delete(&mut change, &grant, id).await?;
        let told = json!({ "name": view.name, "of": view.maker });
        change.commit(Told::new(Action::ViewDelete, Object::Experiment(experiment)).with(told)).await
    }
}
