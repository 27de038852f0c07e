//! Histories: the points of a metric by time, step and value, a page or a part at a time.

use super::{
    off_the_async_threads,
    read::{self, Span},
};
use crate::{
    Acting,
    error::{Error, Result},
    experiment::Page,
    gate::{Read, RunGrant},
    metric::sample::Keep,
    store::Db,
};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use futures::{Stream, stream};
use model::{RunId, curve::Along, metric::Point};
use std::{cmp::Ordering, collections::VecDeque};

/// A reader of one history that goes on after a point.
struct Reader {
    db: Db,
    run: RunGrant<Read>,
    key: String,
    after: Option<Point>,
    /// Spans not read yet; none while they must be looked up.
    spans: Option<VecDeque<Span>>,
}

impl Reader {
    fn new(db: &Db, run: RunGrant<Read>, key: &str, after: Option<Point>) -> Self {
        Self { db: db.clone(), run, key: key.to_owned(), after, spans: None }
    }

    /// The next points; `None` at the end.
    async fn next(&mut self) -> Result<Option<Vec<Point>>> {
        for _ in 0..read::ATTEMPTS {
            let mut spans = match self.spans.take() {
                Some(spans) => spans,
                None => self.look_up().await?,
            };
            let Some(span) = spans.pop_front() else { return Ok(None) };
            let heads: Vec<_> = span.heads().iter().collect();
            // If they were merged meanwhile, the points are elsewhere now.
            let Some(mut segments) = read::segments(&self.db, &heads).await? else { continue };
            let segments = segments.remove(&self.run.id()).unwrap_or_default();
            let after = self.after;
            let points = off_the_async_threads(move || -> Result<Vec<Point>> {
                let mut points = span.points(&segments, Along::Time)?;
                let passed = after.map_or(0, |after| {
                    points.partition_point(|point| point.history_order(&after) != Ordering::Greater)
                });
                points.drain(..passed);
                Ok(points)
            })
            .await??;
            self.spans = Some(spans);
            if let Some(last) = points.last() {
                self.after = Some(*last);
                return Ok(Some(points));
            }
            // All of the span was passed already: it doesn't count as an attempt that failed.
            return Box::pin(self.next()).await;
        }
        Err(Error::Fault("metrics are merged faster than they can be read".into()))
    }

    async fn look_up(&self) -> Result<VecDeque<Span>> {
        let mut found =
            read::arranged(&self.db, std::slice::from_ref(&self.run), &self.key, Along::Time).await?;
        let mut spans: VecDeque<Span> = found.remove(&self.run.id()).unwrap_or_default().into();
        if let Some(after) = self.after {
            spans.retain(|span| span.range(Along::Time).1 >= after.timestamp);
        }
        Ok(spans)
    }

    fn into_stream(self) -> impl Stream<Item = Result<Vec<Point>>> + Send {
        stream::try_unfold(self, async |mut reader| Ok(reader.next().await?.map(|points| (points, reader))))
    }
}

/// Where a page of a history begins: after this point.
fn encode(last: Point) -> String {
    let mut bytes = [0; 24];
    bytes[..8].copy_from_slice(&last.timestamp.to_be_bytes());
    bytes[8..16].copy_from_slice(&last.step.to_be_bytes());
    bytes[16..].copy_from_slice(&last.value.to_bits().to_be_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(token: &str) -> Result<Option<Point>> {
    if token.is_empty() {
        return Ok(None);
    }
    let invalid = || Error::invalid("Invalid page token: it is none of a metric's history.");
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).map_err(|_| invalid())?;
    let (numbers, rest) = bytes.as_chunks::<8>();
    match (numbers, rest) {
        ([timestamp, step, value], []) => Ok(Some(Point {
            timestamp: i64::from_be_bytes(*timestamp),
            step: i64::from_be_bytes(*step),
            value: f64::from_bits(u64::from_be_bytes(*value)),
        })),
        _ => Err(invalid()),
    }
}

impl Acting {
    /// The points of a metric by time, step and value: all of them, or `max_results` at a time. A metric that the run
    /// doesn't have has no points.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` for the run, `INVALID_PARAMETER_VALUE` for the token or no results at all.
    pub async fn metric_history(
        &self,
        run: RunId,
        key: &str,
        max_results: Option<u64>,
        page_token: &str,
    ) -> Result<Page<Point>> {
        let grant = self.run::<Read>(run).await?;
        if max_results == Some(0) {
            return Err(Error::invalid("A page of a history has at least one point."));
        }
        let wanted = max_results.map_or(usize::MAX, |wanted| usize::try_from(wanted).unwrap_or(usize::MAX));
        let mut reader = Reader::new(&self.domain.db, grant, key, decode(page_token)?);
        let mut items = Vec::new();
        while items.len() <= wanted
            && let Some(points) = reader.next().await?
        {
            items.extend(points);
        }
        let more = items.len() > wanted;
        items.truncate(wanted);
        let next = items.last().filter(|_| more).map(|last| encode(*last));
        Ok(Page { items, next })
    }

    /// The whole history of a metric, in order, a part at a time: however long it is, little of it is in memory.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` for the run.
    pub async fn metric_history_stream(
        &self,
        run: RunId,
        key: &str,
    ) -> Result<impl Stream<Item = Result<Vec<Point>>> + Send + use<>> {
        let grant = self.run::<Read>(run).await?;
        Ok(Reader::new(&self.domain.db, grant, key, None).into_stream())
    }

    /// The histories of a metric in those of the runs that the caller may read, in the order given, each in order. Only
    /// points between the steps, ends included, and of those what is to be kept.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn metric_histories(
        &self,
        runs: &[RunId],
        key: &str,
        steps: Option<(i64, i64)>,
        keep: Keep,
    ) -> Result<Vec<(RunId, Vec<Point>)>> {
        let (from, to) = steps.unwrap_or((i64::MIN, i64::MAX));
        let mut histories = Vec::new();
        for grant in self.readable_runs(runs).await? {
            let run = grant.id();
            let mut reader = Reader::new(&self.domain.db, grant, key, None);
            let mut points: Vec<Point> = Vec::new();
            while !keep.is_full(points.len())
                && let Some(part) = reader.next().await?
            {
                points.extend(part.into_iter().filter(|point| (from..=to).contains(&point.step)));
            }
            histories.push((run, keep.of(points)));
        }
        Ok(histories)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_token_comes_back(timestamp: i64, step: i64, value: f64) {
            let point = Point { step, timestamp, value };
            let found = decode(&encode(point)).unwrap().unwrap();
            prop_assert_eq!(found.history_order(&point), Ordering::Equal);
        }

        #[test]
        fn other_texts_are_refused(text in "[!-~]{1,31}") {
            prop_assert!(decode(&text).is_err());
        }
    }
}
