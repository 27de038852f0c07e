//! `/mlflow/traces/…/assessments…`

use super::{optional, pairs, time, trace_id};
use crate::wire::{Answer, args::Args, encode};
use domain::Acting;
use model::{
    AssessmentId, Problem,
    trace::assessment::{AssessmentChange, AssessmentError, AssessmentKind, NewAssessment, SourceType},
};
use serde_json::{Value, json};

/// What an assessment says: its kind, its value as JSON, and why it has none.
type Said = (AssessmentKind, String, Option<AssessmentError>);

fn assessment_id(args: &Args) -> Result<AssessmentId, Problem> {
    args.id("assessment_id", |text| Problem::missing(format!("Assessment with ID '{text}' not found")))
}

fn raw_value(args: &Args) -> String {
    args.raw("value").map_or_else(|| "null".to_owned(), Value::to_string)
}

fn error(mut of: Args) -> Result<Option<AssessmentError>, Problem> {
    if !of.has("error") {
        return Ok(None);
    }
    let error = of.object("error")?;
    Ok(Some(AssessmentError {
        code: Some(error.text_or_empty("error_code")?.to_owned()),
        message: optional(&error, "error_message")?.filter(|text| !text.is_empty()),
        stack_trace: optional(&error, "stack_trace")?.filter(|text| !text.is_empty()),
    }))
}

fn no_value() -> Problem {
    Problem::invalid("The `value` field must be specified.")
}

/// What is said, if something is.
fn said(args: &mut Args) -> Result<Option<Said>, Problem> {
    if args.has("feedback") {
        let feedback = args.object("feedback")?;
        return Ok(Some((AssessmentKind::Feedback, raw_value(&feedback), error(feedback)?)));
    }
    if args.has("expectation") {
        let mut expectation = args.object("expectation")?;
        if !expectation.has("serialized_value") {
            if !expectation.has("value") {
                return Err(no_value());
            }
            return Ok(Some((AssessmentKind::Expectation, raw_value(&expectation), None)));
        }
        let serialized = expectation.object("serialized_value")?;
        let format = serialized.text_or_empty("serialization_format")?;
        let text = serialized.required("value")?;
        if format != "JSON_FORMAT" || serde_json::from_str::<Value>(text).is_err() {
            return Err(Problem::invalid(format!(
                "Unknown serialization format: {format}. Only JSON_FORMAT is supported."
            )));
        }
        if text.trim() == "null" {
            return Err(no_value());
        }
        return Ok(Some((AssessmentKind::Expectation, text.to_owned(), None)));
    }
    if args.has("issue") {
        let issue = args.object("issue")?;
        let name = Value::from(issue.text_or_empty("issue_name")?).to_string();
        return Ok(Some((AssessmentKind::Issue, name, None)));
    }
    Ok(None)
}

/// An assessment that comes with a trace, or alone.
pub fn read(mut args: Args) -> Result<NewAssessment, Problem> {
    let (kind, value, error) = said(&mut args)?.ok_or_else(|| {
        Problem::invalid("Assessment must have either feedback, expectation, or issue value")
    })?;
    let source = args.object("source")?;
    let words = SourceType::ALL.map(|source| (source.name(), source));
    Ok(NewAssessment {
        id: args.text("assessment_id")?.and_then(|text| text.parse().ok()),
        span: optional(&args, "span_id")?.filter(|span| !span.is_empty()),
        name: args.required("assessment_name")?.to_owned(),
        kind,
        value,
        error,
        source_type: source.word("source_type", &words, 0)?.unwrap_or(SourceType::Unspecified),
        source_id: source.text_or_empty("source_id")?.to_owned(),
        rationale: optional(&args, "rationale")?.filter(|text| !text.is_empty()),
        metadata: pairs(&args, "metadata")?,
        overrides: args.text("overrides")?.and_then(|text| text.parse().ok()),
        created: time(&args, "create_time")?,
        updated: time(&args, "last_update_time")?,
    })
}

pub async fn create(acting: Acting, mut args: Args) -> Answer {
    if !args.has("assessment") {
        return Err(args.missing("assessment").into());
    }
    let trace = trace_id(&args)?;
    let assessment = args.object("assessment")?;
    // What can't be an id is an assessment that isn't there.
    if let Some(text) = assessment.text("overrides")?.filter(|text| !text.is_empty())
        && text.parse::<AssessmentId>().is_err()
    {
        let message = format!("Assessment with ID '{text}' not found for trace '{trace}'");
        return Err(Problem::missing(message).into());
    }
    let assessment = acting.create_assessment(trace, read(assessment)?).await?;
    Ok(json!({ "assessment": encode::trace::assessment(&assessment) }))
}

pub async fn get(acting: Acting, args: Args) -> Answer {
    let assessment = acting.get_assessment(trace_id(&args)?, assessment_id(&args)?).await?;
    Ok(json!({ "assessment": encode::trace::assessment(&assessment) }))
}

/// What is to be changed. Protobuf writes a mask as one text, with names in camel case.
fn mask(args: &Args) -> Result<Vec<String>, Problem> {
    let text = args.required("update_mask")?;
    if text.contains('_') {
        return Err(args.hinted(format!(
            "Invalid value \"{text}\" for parameter 'update_mask' supplied: its names are in camel case, as 'assessmentName'."
        )));
    }
    Ok(text.split(',').map(|path| path.trim().to_owned()).collect())
}

pub async fn update(acting: Acting, mut args: Args) -> Answer {
    let (trace, id) = (trace_id(&args)?, assessment_id(&args)?);
    if !args.has("assessment") {
        return Err(args.missing("assessment").into());
    }
    let mask = mask(&args)?;
    let is_asked = |name: &str| mask.iter().any(|path| path == name);
    let mut assessment = args.object("assessment")?;
    let mut change = AssessmentChange::default();
    if is_asked("assessmentName") {
        change.name = Some(assessment.required("assessment_name")?.to_owned());
    }
    if is_asked("rationale") {
        change.rationale = Some(assessment.text_or_empty("rationale")?.to_owned());
    }
    if is_asked("metadata") {
        change.metadata = pairs(&assessment, "metadata")?;
    }
    if is_asked("valid") && assessment.has("valid") {
        change.valid = Some(assessment.flag("valid")?);
    }
    // What is asked to change and isn't there is nothing, which an expectation can't be.
    let (feedback, expectation) = (is_asked("feedback"), is_asked("expectation"));
    if expectation && !assessment.has("expectation") {
        return Err(no_value().into());
    }
    if feedback && expectation {
        let message = "Cannot specify both `expectation` and `feedback` parameters.";
        return Err(Problem::invalid(message).into());
    }
    // What isn't asked for isn't looked at, but must be of the right types, too.
    if !feedback && assessment.has("feedback") {
        error(assessment.object("feedback")?)?;
    }
    if !expectation {
        assessment.object("expectation")?;
    }
    if feedback && !assessment.has("feedback") {
        change.value = Some((AssessmentKind::Feedback, "null".to_owned(), None));
    } else if feedback || expectation {
        change.value = said(&mut assessment)?;
    }
    let assessment = acting.update_assessment(trace, id, change).await?;
    Ok(json!({ "assessment": encode::trace::assessment(&assessment) }))
}

pub async fn delete(acting: Acting, args: Args) -> Answer {
    acting.delete_assessment(trace_id(&args)?, assessment_id(&args)?).await?;
    Ok(json!({}))
}
