//! Traces that were elsewhere, taken over as they were there: use cases. As with all that comes so ([`crate::import`]), what is
//! here stays as it is, and only what is missing is added.

use super::{
    artifact_uri,
    bounds::{in_duration, in_time, own_out, preview},
    span,
};
use crate::{
    Acting,
    audit::Told,
    error::Result,
    gate::{Edit, ExperimentGrant, Importing},
    import::found,
    store::{self, Tx},
};
use model::{
    ExperimentId, RunId, TraceId,
    audit::{Action, Object},
    import::TraceRecord,
    trace::{NewTrace, Taken, TraceInfo, assessment::Assessment, span::Span},
};
use serde_json::json;
use std::collections::{BTreeMap, HashMap, hash_map::Entry};

impl Acting {
    /// Takes over traces with tags, metadata, what was thought of them and which prompts they were made with, but for their steps.
    /// With `adopt`, those that are there keep their files where it says from now on. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`; `RESOURCE_DOES_NOT_EXIST` for an experiment; those of the database.
    pub async fn import_traces(&self, traces: &[TraceRecord], adopt: bool) -> Result<()> {
        self.importing()?;
        // In the order of ids, so that no two transactions wait for each other in a circle.
        let mut traces: Vec<&TraceRecord> = traces.iter().collect();
        traces.sort_by_key(|record| record.info.id);
        let ids: Vec<TraceId> = traces.iter().map(|record| record.info.id).collect();
        let known = self.get_trace_infos(&ids, None).await?.into_iter();
        let known: HashMap<TraceId, ExperimentId> = known.map(|info| (info.id, info.experiment)).collect();
        // One that is there is where it is.
        let experiment_of =
            |record: &TraceRecord| known.get(&record.info.id).copied().unwrap_or(record.info.experiment);
        let mut grants: HashMap<ExperimentId, ExperimentGrant<Edit>> = HashMap::new();
        for record in traces.iter().copied() {
            if let Entry::Vacant(place) = grants.entry(experiment_of(record)) {
                let grant = self.experiment::<Edit>(*place.key()).await?;
                place.insert(grant);
            }
        }
        let (importing, mut change) = self.begin_import().await?;
        for record in traces.iter().copied() {
            if let Some(grant) = grants.get(&experiment_of(record)) {
                take(&mut change, (&importing, grant), record, adopt).await?;
            }
        }
        change
            .commit(Told::new(Action::Import, Object::None).with(json!({ "traces": traces.len() })))
            .await?;
        for experiment in grants.keys() {
            self.domain.live.touch_traces(*experiment);
        }
        for record in traces.iter().filter(|record| !record.prompts.is_empty()) {
            let grant = self.trace::<Edit>(record.info.id).await?;
            let mut tx = self.data().await?;
            tx.replace_nul(&importing);
            store::trace::link_prompts(&mut tx, &grant, &record.prompts).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Takes over those steps of a trace that it lacks. As when they are sent, there is a most of what a trace takes. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`; `RESOURCE_DOES_NOT_EXIST` for the trace; those of the database.
    pub async fn import_steps(&self, trace: TraceId, steps: Vec<Span>) -> Result<Taken> {
        self.importing()?;
        let experiment = self.trace::<Edit>(trace).await?.experiment;
        let grant = self.experiment::<Edit>(experiment).await?;
        let mut taken = Taken::default();
        let mut tx = self.data().await?;
        span::add_missing(&mut tx, &grant, trace, steps, &mut taken).await?;
        tx.commit().await?;
        self.domain.live.touch_traces(experiment);
        Ok(taken)
    }

    /// Links traces to runs, also to deleted ones. Returns how many of the links are here: those of runs that aren't there are left
    /// out. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`; those of the database.
    pub async fn import_trace_runs(&self, links: &[(TraceId, RunId)]) -> Result<u64> {
        self.importing()?;
        let mut by_run: BTreeMap<RunId, Vec<TraceId>> = BTreeMap::new();
        for (trace, run) in links {
            by_run.entry(*run).or_default().push(*trace);
        }
        let mut linked = 0;
        for (run, traces) in by_run {
            let Some(grant) = found(self.run::<Edit>(run).await)? else { continue };
            let mut tx = self.data().await?;
            store::trace::link_run(&mut tx, &grant, &traces).await?;
            tx.commit().await?;
            self.domain.live.touch_traces(grant.experiment);
            linked += traces.len() as u64;
        }
        Ok(linked)
    }
}

/// What is stored of a trace as if its client told it, without the limits that clients have: what people had they keep.
fn as_told(info: &TraceInfo) -> NewTrace {
    NewTrace {
        id: info.id,
        experiment: info.experiment,
        client_request_id: info.client_request_id.clone(),
        request_preview: info.request_preview.as_deref().map(preview),
        response_preview: info.response_preview.as_deref().map(preview),
        request_time: in_time(info.request_time),
        duration: info.duration.map(in_duration),
        state: info.state,
        tags: own_out(info.tags.clone()),
        metadata: info.metadata.clone(),
        assessments: Vec::new(),
    }
}

async fn take(
    tx: &mut Tx,
    (importing, grant): (&Importing, &ExperimentGrant<Edit>),
    record: &TraceRecord,
    adopt: bool,
) -> Result<()> {
    let new = as_told(&record.info);
    let uri = match record.info.artifact_uri.as_str() {
        "" => artifact_uri(grant, new.id),
        given => given.to_owned(),
    };
    let held = store::trace::hold(tx, grant, new.id, &uri, new.request_time).await?;
    // It was made elsewhere since it was looked for.
    if held.experiment != grant.id() {
        return Ok(());
    }
    if held.is_told {
        let mut seen = span::as_held(&held, (held.spans, held.bytes));
        (seen.first_tags, seen.first_metadata) = (new.tags, new.metadata);
        store::trace::see(tx, grant, new.id, &seen).await?;
    } else {
        store::trace::tell(tx, grant, &new).await?;
    }
    if adopt {
        store::import::trace_files(tx, importing, new.id, &uri).await?;
    }
    let assessments: Vec<Assessment> = record
        .info
        .assessments
        .iter()
        .map(|assessment| Assessment {
            trace: new.id,
            created: in_time(assessment.created),
            updated: in_time(assessment.updated),
            ..assessment.clone()
        })
        .collect();
    store::trace::assessment::add(tx, grant, &assessments).await
}
