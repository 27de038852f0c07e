//! Moving runs to another experiment. From then on they are governed by the permissions there: what they logged, the logged
//! models that they made, and all their files, which stay where they lie and are asked for as before.

use crate::{
    Acting,
    audit::Told,
    error::{Error, Result},
    gate::{Edit, Manage},
    store,
};
use model::{
    ExperimentId, ModelId, RunId,
    audit::{Action, Object},
    experiment::Lifecycle,
    page::{MATCHING_RUNS, NESTED_ASKED},
};
use serde_json::json;
use std::collections::HashSet;

impl Acting {
    /// Moves a run, and the logged models that it made, to another experiment. Needs MANAGE of the run, since those who see it may
    /// no longer do so, and EDIT of the other experiment.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`; `INVALID_PARAMETER_VALUE` if either is in the trash, or the run is there already.
    pub async fn move_run(&self, id: RunId, to: ExperimentId) -> Result<()> {
        let run = self.run::<Manage>(id).await?;
        let target = self.experiment::<Edit>(to).await?.active()?;
        if run.lifecycle == Lifecycle::Deleted {
            return Err(Error::invalid("The run is in the trash. Restore it first."));
        }
        let from = run.experiment;
        if from == to {
            return Err(Error::invalid("The run is in this experiment already."));
        }
        let mut change = self.change().await?;
        let models = store::moving::move_run(&mut change, &run, &target).await?;
        let models: Vec<String> = models.iter().map(ModelId::to_string).collect();
        let detail = json!({ "from": from, "to": to, "models": models });
        change.commit(Told::new(Action::RunMove, Object::Run(id)).with(detail)).await?;
        self.domain.live.touch(from, id);
        self.domain.live.touch(to, id);
        Ok(())
    }

    /// Active runs that are nested in these, at any depth, within their experiments. Without these themselves, and without what
    /// the caller may not read.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` if these are too many, or those nested in them.
    pub async fn nested_runs(&self, ids: &[RunId]) -> Result<Vec<RunId>> {
        if ids.len() > NESTED_ASKED {
            return Err(Error::invalid(format!(
                "At most {NESTED_ASKED} runs can be asked about at once, and these are {}.",
                ids.len()
            )));
        }
        let mut known: HashSet<RunId> = ids.iter().copied().collect();
        let mut level = self.readable_runs(ids).await?;
        let mut nested = Vec::new();
        while !level.is_empty() {
            let mut found = store::run::children(&self.domain.db, &level).await?;
            found.retain(|run| known.insert(*run));
            nested.extend(&found);
            if nested.len() > MATCHING_RUNS {
                return Err(Error::invalid(format!(
                    "More than {MATCHING_RUNS} runs are nested in these. Choose fewer of them."
                )));
            }
            level = self.readable_runs(&found).await?;
        }
        Ok(nested)
    }
}
