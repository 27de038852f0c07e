//! What was thought of traces: use cases.

use super::bounds::{checked_pairs, in_time};
use crate::{
    Acting,
    audit::Told,
    clock,
    error::{Error, Result},
    gate::{Edit, Read},
    store::{self, Tx},
};
use model::{
    AssessmentId, Code, Millis, Problem, TraceId,
    audit::{Action, Object},
    name::{self, limit},
    trace::{
        NewTrace,
        assessment::{Assessment, AssessmentChange, AssessmentError, AssessmentKind, NewAssessment},
    },
};
use serde_json::json;

/// Assessments of a trace.
const MOST: i64 = 1_000;
/// Characters of a value, as JSON, of a rationale, of an error's message.
const LONGEST: usize = 65_535;

/// What came with a trace, each with an id.
pub(super) fn with_ids(new: &NewTrace, now: Millis) -> Result<Vec<Assessment>> {
    if new.assessments.len() > MOST as usize {
        return Err(too_many());
    }
    new.assessments.iter().map(|assessment| made(new.id, assessment.clone(), now)).collect()
}

/// Whether a trace has not too many of them now.
pub(super) async fn check_count(tx: &mut Tx, trace: TraceId) -> Result<()> {
    if store::trace::assessment::count(tx, trace).await? > MOST {
        return Err(too_many());
    }
    Ok(())
}

fn too_many() -> Error {
    Error::invalid(format!("A trace takes at most {MOST} assessments."))
}

fn made(trace: TraceId, new: NewAssessment, now: Millis) -> Result<Assessment> {
    let assessment = Assessment {
        id: match new.id {
            Some(id) => id,
            None => AssessmentId(clock::new_uuid()?),
        },
        trace,
        span: new.span,
        name: new.name,
        kind: new.kind,
        value: new.value,
        error: new.error,
        source_type: new.source_type,
        source_id: new.source_id,
        rationale: new.rationale,
        metadata: checked_pairs(new.metadata, "metadata")?,
        overrides: new.overrides,
        valid: true,
        created: in_time(new.created.unwrap_or(now)),
        updated: in_time(new.updated.unwrap_or(now)),
    };
    check(&assessment)?;
    Ok(assessment)
}

fn check(assessment: &Assessment) -> Result<()> {
    if assessment.name.is_empty() {
        return Err(name::missing("assessment.assessment_name").into());
    }
    name::check_length(&assessment.name, limit::KEY, "assessment_name")?;
    name::check_length(&assessment.source_id, limit::KEY, "source_id")?;
    name::check_length(assessment.span.as_deref().unwrap_or_default(), limit::KEY, "span_id")?;
    name::check_length(&assessment.value, LONGEST, "value")?;
    name::check_length(assessment.rationale.as_deref().unwrap_or_default(), LONGEST, "rationale")?;
    let Some(AssessmentError { code, message, stack_trace }) = &assessment.error else { return Ok(()) };
    for (text, what) in [(code, "error_code"), (message, "error_message"), (stack_trace, "stack_trace")] {
        name::check_length(text.as_deref().unwrap_or_default(), LONGEST, what)?;
    }
    Ok(())
}

fn missing(trace: TraceId, id: AssessmentId) -> Error {
    Error::missing(format!("Assessment with ID '{id}' not found for trace '{trace}'"))
}

impl Acting {
    /// Says what is thought of a trace. Needs EDIT.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`, also for an assessment that it takes the place of; `RESOURCE_ALREADY_EXISTS` for its id;
    /// `INVALID_PARAMETER_VALUE` for what is too long, or too many.
    pub async fn create_assessment(&self, trace: TraceId, new: NewAssessment) -> Result<Assessment> {
        let grant = self.trace::<Edit>(trace).await?;
        let assessment = made(trace, new, clock::now())?;
        let mut tx = self.data().await?;
        if let Some(id) = assessment.overrides
            && !store::trace::assessment::set_valid(&mut tx, &grant, id, false).await?
        {
            return Err(missing(trace, id));
        }
        store::trace::assessment::insert(&mut tx, &grant, &assessment).await.map_err(|error| {
            if !error.is_duplicate() {
                return error;
            }
            let message = format!("Assessment with ID '{}' exists already.", assessment.id);
            Problem::new(Code::ResourceAlreadyExists, message).into()
        })?;
        check_count(&mut tx, trace).await?;
        tx.commit().await?;
        self.domain.live.touch_traces(grant.experiment);
        Ok(assessment)
    }

    /// An assessment of a trace. Needs READ.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`.
    pub async fn get_assessment(&self, trace: TraceId, id: AssessmentId) -> Result<Assessment> {
        let grant = self.trace::<Read>(trace).await?;
        let found = store::trace::assessment::find(&mut &self.domain.db, &grant, id).await?;
        found.ok_or_else(|| missing(trace, id))
    }

    /// Changes an assessment. Needs EDIT.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`; `INVALID_PARAMETER_VALUE` for a value of another kind and for what is too long.
    pub async fn update_assessment(
        &self,
        trace: TraceId,
        id: AssessmentId,
        change: AssessmentChange,
    ) -> Result<Assessment> {
        let grant = self.trace::<Edit>(trace).await?;
        let mut tx = self.change().await?;
        let found = store::trace::assessment::hold(&mut tx, &grant, id).await?;
        let mut assessment = found.ok_or_else(|| missing(trace, id))?;
        if let Some((kind, value, error)) = change.value {
            if kind != assessment.kind {
                return Err(Error::invalid(format!(
                    "Cannot update {} value on {} assessment.",
                    kind.name(),
                    with_article(assessment.kind)
                )));
            }
            (assessment.value, assessment.error) = (value, error);
        }
        if let Some(name) = change.name {
            assessment.name = name;
        }
        if change.rationale.is_some() {
            assessment.rationale = change.rationale;
        }
        for pair in checked_pairs(change.metadata, "metadata")? {
            assessment.metadata.retain(|known| known.key != pair.key);
            assessment.metadata.push(pair);
        }
        assessment.metadata = checked_pairs(assessment.metadata, "metadata")?;
        assessment.valid = change.valid.unwrap_or(assessment.valid);
        assessment.updated = clock::now();
        check(&assessment)?;
        store::trace::assessment::update(&mut tx, &grant, &assessment).await?;
        tx.commit(
            Told::new(Action::AssessmentUpdate, Object::Trace(trace))
                .with(json!({ "assessment": id.to_string(), "name": assessment.name })),
        )
        .await?;
        self.domain.live.touch_traces(grant.experiment);
        Ok(assessment)
    }

    /// Deletes an assessment; it's fine if there is none. One that it took the place of counts again. Needs EDIT.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` for the trace.
    pub async fn delete_assessment(&self, trace: TraceId, id: AssessmentId) -> Result<()> {
        let grant = self.trace::<Edit>(trace).await?;
        let mut change = self.change().await?;
        let found = store::trace::assessment::hold(&mut change, &grant, id).await?;
        let Some(assessment) = found else { return Ok(()) };
        if let Some(overridden) = assessment.overrides {
            store::trace::assessment::set_valid(&mut change, &grant, overridden, true).await?;
        }
        store::trace::assessment::delete(&mut change, &grant, id).await?;
        change
            .commit(
                Told::new(Action::AssessmentDelete, Object::Trace(trace))
                    .with(json!({ "assessment": id.to_string(), "name": assessment.name })),
            )
            .await?;
        self.domain.live.touch_traces(grant.experiment);
        Ok(())
    }
}

fn with_article(kind: AssessmentKind) -> &'static str {
    match kind {
        AssessmentKind::Feedback => "a Feedback",
        AssessmentKind::Expectation => "an Expectation",
        AssessmentKind::Issue => "an Issue",
    }
}
