//! Traces that come along, page by page: what is known of them first, then the steps of each, then which runs they have to do with.

use super::{
    Failure, Import, present,
    progress::Progress,
    tally::{Kind, Tally},
};
use domain::{
    Acting,
    trace::{python, read_step},
};
use futures::TryStreamExt as _;
use mlflow::{Error, MOST_STEP_BYTES, STEPS_FILE, Steps};
use model::{
    TraceId,
    import::TraceRecord,
    trace::{
        TraceInfo, key,
        span::{Span, SpanId},
        value_of,
    },
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    io::ErrorKind,
};

/// The steps of a trace, and why others can't be read.
type Read = (BTreeMap<SpanId, Span>, Vec<String>);

impl Import<'_> {
    pub(super) async fn go_through_traces(&mut self, progress: &mut Progress) -> Result<(), Failure> {
        let mut after: Option<String> = None;
        loop {
            let page = self.source.traces(&self.experiments, after.as_deref()).await?;
            self.tally.skipped(Kind::Traces, page.skipped);
            self.take_traces(page.items, progress).await?;
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        // A server is asked of each run, which is for nothing where there are none.
        if self.tally.count(Kind::Traces) == 0 {
            return Ok(());
        }
        let mut after: Option<String> = None;
        loop {
            let page = self.source.trace_runs(&self.experiments, after.as_deref()).await?;
            self.tally.found(Kind::TraceLinks, page.items.len());
            if let Some(target) = self.target {
                let linked = target.import_trace_runs(&page.items).await?;
                self.tally.arrived_many(Kind::TraceLinks, linked);
            }
            progress.show(&self.tally);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    async fn take_traces(
        &mut self,
        theirs: Vec<TraceRecord>,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        for record in &theirs {
            self.tally.found(Kind::Traces, 1);
            self.tally.found(Kind::Tags, record.info.tags.len());
            self.tally.found(Kind::Metadata, record.info.metadata.len());
            self.tally.found(Kind::Assessments, record.info.assessments.len());
            self.tally.found(Kind::TraceLinks, record.prompts.len());
            self.tally.skipped(Kind::Assessments, record.unreadable.clone());
        }
        let Some(target) = self.target else {
            for record in &theirs {
                self.take_steps(record, None).await?;
                progress.show(&self.tally);
            }
            return Ok(());
        };
        let (mut copies, mut moved, mut stayed) = (Vec::new(), Vec::new(), Vec::new());
        for mut record in theirs.clone() {
            let info = &mut record.info;
            info.experiment = self.number(info.experiment);
            let place = format!("{}/traces/{}/artifacts", info.experiment, info.id);
            // Most traces have no files, so that nothing is said of those that stay where they are.
            let planned = self.copies.as_ref().and_then(|copies| copies.plan_at(&info.artifact_uri, place));
            match planned {
                Some((copy, here)) => {
                    info.artifact_uri = here;
                    copies.push(copy);
                    moved.push(record);
                }
                None => stayed.push(record),
            }
        }
        // As with models.
        for (records, adopt) in [(moved, true), (stayed, false)] {
            if !records.is_empty() {
                target.import_traces(&records, adopt).await?;
            }
        }
        let ids: Vec<TraceId> = theirs.iter().map(|record| record.info.id).collect();
        let here = target.get_trace_infos(&ids, None).await?.into_iter();
        let here: HashMap<TraceId, TraceInfo> = here.map(|info| (info.id, info)).collect();
        for record in &theirs {
            let Some(here) = here.get(&record.info.id) else { continue };
            check(&mut self.tally, record, here);
            self.take_steps(record, Some((target, here.span_count))).await?;
            progress.show(&self.tally);
        }
        for copy in copies {
            copy.carry_out(target, &mut self.tally).await?;
        }
        Ok(())
    }

    /// Counts the steps of a trace, and adds those that it lacks here, where so many are. Where they are as many as there, they
    /// aren't read.
    async fn take_steps(
        &mut self,
        record: &TraceRecord,
        here: Option<(&Acting, u64)>,
    ) -> Result<(), Failure> {
        if let Some(count) = record.steps
            && here.is_none_or(|(_, known)| known == count)
        {
            self.tally.found_many(Kind::Spans, count);
            if here.is_some() {
                self.tally.arrived_many(Kind::Spans, count);
            }
            return Ok(());
        }
        let (steps, unreadable) = self.read_steps(record).await?;
        self.tally.found(Kind::Spans, steps.len());
        let unreadable = unreadable.into_iter().map(|why| format!("trace {}: {why}", record.there));
        self.tally.skipped(Kind::Spans, unreadable.collect());
        let Some((target, _)) = here.filter(|_| !steps.is_empty()) else { return Ok(()) };
        let count = steps.len() as u64;
        let taken = target.import_steps(record.info.id, steps.into_values().collect()).await?;
        self.tally.arrived_many(Kind::Spans, count.saturating_sub(taken.refused));
        if !taken.message.is_empty() {
            self.tally.note(format!("trace {}: {}", record.there, taken.message));
        }
        Ok(())
    }

    async fn read_steps(&self, record: &TraceRecord) -> Result<Read, Failure> {
        let texts = match self.source.steps(record).await? {
            Steps::Texts(texts) => texts,
            Steps::Unreadable(why) => return Ok((BTreeMap::new(), vec![why])),
            Steps::Filed => match self.filed_steps(&record.info.artifact_uri).await {
                Ok(text) => text.into_iter().collect(),
                Err(why) => return Ok((BTreeMap::new(), vec![why])),
            },
        };
        let (mut steps, mut unreadable) = (BTreeMap::new(), Vec::new());
        for text in &texts {
            let json = python::read(text).unwrap_or_default();
            let all = match json.get("spans") {
                Some(Value::Array(all)) => all.as_slice(),
                _ => std::slice::from_ref(&json),
            };
            for step in all {
                match read_step(step) {
                    Some(step) => {
                        steps.insert(step.id, step);
                    }
                    None => unreadable.push("a span is none that can be read".to_owned()),
                }
            }
        }
        if steps.is_empty() && unreadable.is_empty() && told_steps(record) > 0 {
            unreadable.push("its spans aren't there".to_owned());
        }
        Ok((steps, unreadable))
    }

    /// What is in the file of steps below a URI; `None` if there is no such file.
    async fn filed_steps(&self, uri: &str) -> Result<Option<String>, String> {
        let root = self.steps.locate(uri).ok_or_else(|| match uri {
            "" => "nobody knows where its spans are".to_owned(),
            uri => format!("its spans are in {uri}, which can't be read from here"),
        })?;
        let failed = |error: Error| format!("its spans can't be read: {error}");
        let mut parts = match root.read(STEPS_FILE).await {
            Ok(parts) => parts,
            Err(Error::File { error, .. })
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(failed(error)),
        };
        let mut bytes = Vec::new();
        while let Some(part) = parts.try_next().await.map_err(failed)? {
            bytes.extend_from_slice(&part);
            if bytes.len() > MOST_STEP_BYTES {
                return Err(format!("its {STEPS_FILE} has more than {} MiB", MOST_STEP_BYTES >> 20));
            }
        }
        String::from_utf8(bytes).map(Some).map_err(|_| format!("its {STEPS_FILE} is no text"))
    }
}

/// How many steps the client told of.
fn told_steps(record: &TraceRecord) -> u64 {
    let stats = value_of(&record.info.metadata, key::SIZE_STATS);
    let stats = stats.and_then(|stats| serde_json::from_str::<Value>(stats).ok());
    stats.and_then(|stats| stats.get("num_spans")?.as_u64()).unwrap_or_default()
}

/// Counts what arrived of a trace, but for its steps.
fn check(tally: &mut Tally, record: &TraceRecord, here: &TraceInfo) {
    let known: HashSet<_> = here.assessments.iter().map(|assessment| assessment.id).collect();
    let assessments = record.info.assessments.iter();
    tally.arrived(Kind::Traces, 1);
    tally.arrived(Kind::Tags, present(&record.info.tags, &here.tags));
    tally.arrived(Kind::Metadata, present(&record.info.metadata, &here.metadata));
    tally.arrived(Kind::Assessments, assessments.filter(|assessment| known.contains(&assessment.id)).count());
    // They were written, or the import had ended there.
    tally.arrived(Kind::TraceLinks, record.prompts.len());
}
