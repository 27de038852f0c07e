//! Traces of a folder: `<experiment>/traces/<id>/trace_info.yaml`, and beside it `tags`, `request_metadata`, `assessments` and, where
//! the experiment keeps its artifacts there, `artifacts/traces.json` with the steps.

use super::{
    Folder, file, meta,
    read::{names, part_after, readable, texts},
};
use crate::{
    Error, Page, Result, STEPS_FILE, Steps,
    artifact::local_path,
    trace::{add_assessment, record, with_tags},
};
use model::{ExperimentId, import::TraceRecord};
use serde_json::Value;
use std::{fs, io::ErrorKind, path::Path};

/// Where traces are, below their experiment.
pub(super) const TRACES: &str = "traces";
/// What a trace says of itself.
pub(super) const INFO: &str = "trace_info.yaml";

fn read_trace(folder: &Path) -> Result<TraceRecord> {
    let info: Value = meta::read(&folder.join(INFO))?;
    let record =
        record(&info).map_err(|why| Error::Said(format!("{}: {why}", folder.join(INFO).display())))?;
    let mut record = with_tags(record, texts(&folder.join("tags"))?);
    record.info.metadata = texts(&folder.join("request_metadata"))?;
    // The file of the trace may tell of some as they were at first.
    record.info.assessments.clear();
    record.unreadable.clear();
    let assessments = folder.join("assessments");
    for name in names(&assessments)? {
        match meta::read::<Value>(&assessments.join(&name)) {
            Ok(told) => add_assessment(&mut record, &told),
            Err(error) => record.unreadable.push(error.to_string()),
        }
    }
    Ok(record)
}

impl Folder {
    pub(super) fn trace_page(&self, of: &[ExperimentId], after: Option<&str>) -> Result<Page<TraceRecord>> {
        let folders = self.some_folders(of)?.into_iter().map(|folder| {
            let folder = folder.join(TRACES);
            let names = names(&folder)?;
            Ok::<_, Error>((folder, names))
        });
        let (part, next) = part_after(folders, after, INFO)?;
        let (items, skipped) = readable(&part, read_trace);
        Ok(Page { items, skipped, next })
    }

    /// The steps of a trace, if they are below this folder, also if it was somewhere else when they were written.
    pub(super) fn steps_of(&self, trace: &TraceRecord) -> Result<Steps> {
        let beside = self.folder_of(trace.info.experiment).join(TRACES).join(&trace.there).join("artifacts");
        let path = beside.join(STEPS_FILE);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Steps::Texts(vec![text])),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let is_beside = local_path(&trace.info.artifact_uri).is_some_and(|path| path == beside);
                Ok(if is_beside { Steps::Texts(Vec::new()) } else { Steps::Filed })
            }
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                Ok(Steps::Unreadable(format!("{} is no text", path.display())))
            }
            Err(error) => Err(file(&path)(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::trace::assessment::AssessmentKind;

    #[test]
    fn a_trace_is_read_with_what_was_thought_of_it() {
        let root = tempfile::tempdir().unwrap();
        let id = "tr-0af7651916cd43dd8448eb211c80319c";
        let add = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        add("7/meta.yaml", "experiment_id: '7'\nname: seven\n");
        let info = format!(
            "trace_id: {id}\ntrace_location:\n  type: MLFLOW_EXPERIMENT\n  mlflow_experiment:\n    experiment_id: '7'\n\
             request_time: '2026-11-21T05:30:12.345Z'\nexecution_duration_ms: 12\nstate: ERROR\nrequest_preview: '12'\n"
        );
        add(&format!("7/traces/{id}/trace_info.yaml"), &info);
        add(&format!("7/traces/{id}/tags/team"), "vision");
        add(&format!("7/traces/{id}/request_metadata/mlflow.sourceRun"), "r");
        let assessment = "assessment_id: a-0af7651916cd43dd8448eb211c80319c\nassessment_name: good\n\
             create_time: '2026-11-21T05:30:12Z'\nfeedback:\n  value: true\nsource:\n  source_id: alice\n  source_type: HUMAN\n";
        add(&format!("7/traces/{id}/assessments/a-1.yaml"), assessment);
        add(&format!("7/traces/{id}/assessments/a-2.yaml"), "- none\n");
        add(&format!("7/traces/{id}/artifacts/traces.json"), "{\"spans\": []}");
        add("7/traces/tr-cut-off/trace_info.yaml", "- none\n");
        let folder = Folder { root: root.path().to_owned() };
        let page = folder.trace_page(&[ExperimentId(7)], None).unwrap();
        let [trace] = page.items.as_slice() else { panic!("{page:?}") };
        assert_eq!((page.skipped.len(), trace.unreadable.len()), (1, 1));
        assert_eq!((trace.info.duration, trace.info.request_preview.as_deref()), (Some(12), Some("12")));
        assert_eq!((trace.info.tags.len(), trace.info.metadata.len()), (1, 1));
        assert_eq!(trace.info.assessments[0].kind, AssessmentKind::Feedback);
        assert_eq!(folder.steps_of(trace).unwrap(), Steps::Texts(vec!["{\"spans\": []}".to_owned()]));
    }
}
