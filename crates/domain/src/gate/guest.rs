//! What the gate lets guests at: what their link names, as long as who made it may read it.

use super::{
    ArtifactGrant, Caller, ExperimentGrant, Guest, Read, VisibleTo, artifact_grant, experiment_grant,
};
use crate::{
    Acting,
    artifact::{ArtifactPath, made_in},
    error::{Error, Result},
    store::{self, permission::Found},
};
use model::{
    ExperimentId, Permission, RunId, audit::Object, experiment::Lifecycle, page::RunsQuery, share::Reach,
};

impl Acting {
    /// What a guest may do to what their link reaches, if who made it was given this level.
    pub(super) fn level_of_guest(&self, guest: &Guest, given: Option<Permission>) -> Permission {
        let default = self.domain.default_permission();
        let makers = if guest.maker_is_admin { Permission::Manage } else { given.unwrap_or(default) };
        makers.min(Permission::Read)
    }

    /// Lets a guest at what was kept of what their link reaches: while its maker may see it, though it may be in the trash.
    pub(crate) async fn kept(&self) -> Result<&Guest> {
        let missing = || Error::missing("There is no such link, or it is no longer valid.");
        let Caller::Guest(guest) = &self.caller else { return Err(missing()) };
        let levels: Vec<Option<Permission>> = match &guest.reach {
            Reach::Runs(ids) => {
                self.found_runs::<Read>(ids).await?.into_iter().map(|found| found.level).collect()
            }
            Reach::Table(id, _) => {
                self.found_experiment::<Read>(*id).await?.into_iter().map(|found| found.level).collect()
            }
        };
        match levels.into_iter().all(|given| self.level_of_guest(guest, given) >= Permission::Read) {
            true => Ok(guest),
            false => Err(missing()),
        }
    }

    /// Lets the caller at a table of an experiment's runs, and says whose rows may be in it. Of a guest's it must be the very
    /// table that their link shows, or another part of it.
    pub(crate) async fn table(
        &self,
        id: ExperimentId,
        query: &RunsQuery,
    ) -> Result<(ExperimentGrant<Read>, VisibleTo)> {
        let Caller::Guest(guest) = &self.caller else {
            return Ok((self.experiment::<Read>(id).await?, self.visible()));
        };
        let missing = || Error::missing(format!("No Experiment with id={id} exists"));
        let asked = Reach::Table(id, RunsQuery { offset: 0, ..query.clone() });
        if guest.reach != asked || query.deleted {
            return Err(missing());
        }
        let found = self.found_experiment::<Read>(id).await?;
        let Found { thing, level } =
            found.filter(|found| found.thing.lifecycle == Lifecycle::Active).ok_or_else(missing)?;
        let level = self.level_of_guest(guest, level);
        let permission = self.visible_level::<Read>(level, Object::Experiment(id), missing)?;
        // The grant says that the maker may see it.
        let visible = VisibleTo { account: None, only: Some(vec![id]) };
        Ok((experiment_grant(id, thing, permission), visible))
    }

    /// Lets a guest at what lies below the root of a run's artifacts, if their link shows files. A run's artifacts are where the
    /// server puts them: that they are said to be elsewhere leads nowhere else.
    pub(crate) async fn shared_files(&self, run: RunId, below: &str) -> Result<ArtifactGrant<Read>> {
        let missing = || Error::missing("There are no such files, or this link doesn't show them.");
        let shows = matches!(&self.caller, Caller::Guest(guest) if guest.with_files);
        if !shows {
            return Err(missing());
        }
        let grant = self.run::<Read>(run).await.map_err(|error| match error {
            Error::Problem(_) => missing(),
            fault => fault,
        })?;
        // What is below must not lead out, so it is checked alone.
        let below = ArtifactPath::parse(below)?;
        let uri = store::run::get_info(&self.domain.db, &grant).await?.artifact_uri;
        // A run that was moved left its files where it was made.
        let made_in = made_in(&uri, run).unwrap_or(grant.experiment);
        Ok(artifact_grant(ArtifactPath::of_run(made_in, run, &below)?))
    }
}
