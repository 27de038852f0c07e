//! What people do on pages to several runs, or to an experiment, in one go. Each step is a use case of its own, with its own
//! rights and its own line in the audit log.

use crate::{
    Acting,
    audit::Told,
    clock,
    error::{Error, Result},
    gate::Edit,
    store,
};
use model::{
    Code, ExperimentId, RunId,
    audit::{Action, Object},
    page::{CHANGED_AT_ONCE, ExperimentChange, RunsChange, RunsChanged},
    run::{LogBatch, RunStatus, RunUpdate, Tag, tag},
    stop::stop_request,
};
use serde_json::json;

fn is_missing(error: &Error) -> bool {
    matches!(error, Error::Problem(problem) if problem.code == Code::ResourceDoesNotExist)
}

impl Acting {
    /// Changes runs one after the other; what is refused for one is done to the others. Needs what each change needs.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` if they are too many; those of the database.
    pub async fn change_runs(&self, ids: &[RunId], change: &RunsChange) -> Result<RunsChanged> {
        if ids.len() > CHANGED_AT_ONCE {
            return Err(Error::invalid(format!(
                "At most {CHANGED_AT_ONCE} runs can be changed at once, and these are {}.",
                ids.len()
            )));
        }
        let mut done = RunsChanged { changed: 0, refused: Vec::new() };
        for id in ids {
            match self.change_run(*id, change).await {
                Ok(()) => done.changed += 1,
                Err(error) => done.refused.push((*id, error.into())),
            }
        }
        Ok(done)
    }

    async fn change_run(&self, id: RunId, change: &RunsChange) -> Result<()> {
        match change {
            RunsChange::Delete => self.delete_run(id).await,
            RunsChange::Restore => self.restore_run(id).await,
            RunsChange::SetTag(tag) => {
                self.log(id, LogBatch { tags: vec![tag.clone()], ..LogBatch::default() }).await
            }
            RunsChange::DeleteTag(key) => self.take_tag(id, key).await,
            RunsChange::Rename(name) if name.trim().is_empty() => Err(Error::invalid("A run needs a name.")),
            RunsChange::Rename(name) => {
                let name = Some(name.trim().to_owned());
                self.update_run(id, &RunUpdate { name, ..RunUpdate::default() }).await.map(drop)
            }
            RunsChange::AskToStop => self.ask_to_stop(id).await,
            RunsChange::LetRun => self.take_tag(id, tag::STOP_REQUESTED).await,
            RunsChange::MoveTo(experiment) => self.move_run(id, *experiment).await,
        }
    }

    async fn take_tag(&self, id: RunId, key: &str) -> Result<()> {
        match self.delete_run_tag(id, key).await {
            // Nothing to take away is no failure among several.
            Err(error) if is_missing(&error) && self.get_run(id).await.is_ok() => Ok(()),
            done => done,
        }
    }

    /// Leaves word for the script that made a run: it looks, or doesn't.
    async fn ask_to_stop(&self, id: RunId) -> Result<()> {
        let grant = self.run::<Edit>(id).await?.active()?;
        let info = store::run::get_info(&self.domain.db, &grant).await?;
        if !matches!(info.status, RunStatus::Running | RunStatus::Scheduled) {
            return Err(Error::invalid("The run has ended."));
        }
        let value = stop_request(self.caller.name(), clock::now());
        let mut change = self.change().await?;
        let grant = store::run::held(&mut change, grant).await?;
        store::run::set_tags(&mut change, &grant, &[Tag { key: tag::STOP_REQUESTED.to_owned(), value }])
            .await?;
        let told = Told::new(Action::RunUpdate, Object::Run(id)).with(json!({ "asked_to_stop": true }));
        change.commit(told).await?;
        self.domain.live.touch(grant.experiment, id);
        Ok(())
    }

    /// Changes an experiment. Needs what the change needs.
    ///
    /// # Errors
    /// Those of the change.
    pub async fn change_experiment(&self, id: ExperimentId, change: &ExperimentChange) -> Result<()> {
        match change {
            ExperimentChange::Rename(name) => self.rename_experiment(id, name.trim()).await,
            ExperimentChange::SetTag(tag) if tag.value.is_empty() => {
                match self.delete_experiment_tag(id, &tag.key).await {
                    Err(error) if is_missing(&error) && self.get_experiment(id).await.is_ok() => Ok(()),
                    done => done,
                }
            }
            ExperimentChange::SetTag(tag) => self.set_experiment_tag(id, tag).await,
            ExperimentChange::Delete => self.delete_experiment(id).await,
            ExperimentChange::Restore => self.restore_experiment(id).await,
        }
    }
}
