//! Traces of a folder of runs. What is told of them comes as the JSON in which servers tell it, which these files are made of.

use super::{Writer, folder, write};
use crate::{
    Result, STEPS_FILE,
    files::{
        meta::Flow,
        trace::{INFO, TRACES},
    },
};
use model::{
    AssessmentId, TraceId,
    experiment::Experiment,
    run::Tag,
    trace::{TraceInfo, key},
};
use serde_json::Value;
use std::path::PathBuf;

/// A trace, with what there is to write of it.
#[derive(Debug)]
pub struct TraceToWrite<'a> {
    /// The trace.
    pub info: &'a TraceInfo,
    /// What is told of it.
    pub told: Value,
    /// What was thought of it.
    pub assessments: Vec<(AssessmentId, Value)>,
    /// The file of its steps; `None`: it is where the trace's files are.
    pub steps: Option<Value>,
    /// Whether its files are in the folder.
    pub has_files: bool,
}

impl Writer {
    fn of_trace(&self, experiment: &Experiment, id: TraceId) -> PathBuf {
        self.of_experiment(experiment).join(TRACES).join(id.to_string())
    }

    /// Where the files of a trace go.
    pub fn artifacts_of_trace(&self, experiment: &Experiment, id: TraceId) -> PathBuf {
        self.of_trace(experiment, id).join("artifacts")
    }

    /// Writes a trace but for files that were beside it.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn trace(&mut self, experiment: &Experiment, trace: &TraceToWrite<'_>) -> Result<()> {
        let TraceToWrite { info, told, assessments, steps, has_files } = trace;
        let path = self.of_trace(experiment, info.id);
        let mut told = told.clone();
        if let Some(fields) = told.as_object_mut() {
            // These are in files of their own, and a duration is a number of milliseconds.
            for part in ["tags", "trace_metadata", "assessments", "execution_duration"] {
                fields.remove(part);
            }
            if let Some(duration) = info.duration {
                fields.insert("execution_duration_ms".to_owned(), duration.into());
            }
        }
        write(&path.join(INFO), &format!("{}\n", Flow(&told)))?;
        for part in ["tags", "request_metadata"] {
            folder(&path.join(part))?;
        }
        let of = format!("trace {}", info.id);
        let kept = self.uri(experiment.id, &format!("{TRACES}/{}/artifacts", info.id));
        let is_here = *has_files || steps.is_some();
        let place = if is_here { kept } else { info.artifact_uri.clone() };
        let place = Tag { key: key::ARTIFACT_LOCATION.to_owned(), value: place };
        self.texts(&path.join("tags"), &info.tags, &of)?;
        self.texts(&path.join("tags"), &[place], &of)?;
        self.texts(&path.join("request_metadata"), &info.metadata, &of)?;
        for (id, told) in assessments {
            write(&path.join("assessments").join(format!("{id}.yaml")), &format!("{}\n", Flow(told)))?;
        }
        if let Some(steps) = steps {
            let place = self.artifacts_of_trace(experiment, info.id).join(STEPS_FILE);
            write(&place, &steps.to_string())?;
        }
        Ok(())
    }
}
