//! Curves for charts: the points of many runs, reduced to the pixels of a chart.

use super::{
    off_the_async_threads,
    read::{self, Span},
};
use crate::{
    Acting,
    error::{Error, Result},
    gate::{Read, RunGrant},
    store::Db,
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use model::{
    RunId,
    curve::{Along, Curve, CurveRequest, Reducer},
    metric::Point,
    page::COMPARISON_LIMIT,
};

/// Buckets that a chart may ask for: the pixels of a wide screen.
const MOST_BUCKETS: u32 = 8192;
/// Curves that one call may ask for.
const MOST_CURVES: usize = 2000;
/// Buckets of all curves that one call asks for: with more curves each gets fewer.
const BUCKETS_IN_ALL: usize = 288 << 10;
/// Points unpacked at once, at most, but for a span that has more: 24 bytes each.
const POINTS: usize = 100_000;
/// Reads of different metrics or runs at the same time.
const AT_ONCE: usize = 2;
/// Runs whose spans are looked up at once.
const RUNS_AT_ONCE: usize = 50;

impl Acting {
    /// The curves of metrics for those of the runs that the caller may read, reduced to what a chart can show: by metric
    /// and run in the order asked for. Runs without the metric have no curve.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` if too many runs, metrics or buckets are asked for.
    pub async fn curves(&self, request: &CurveRequest) -> Result<Vec<Curve>> {
        if request.runs.len() > COMPARISON_LIMIT {
            return Err(Error::invalid(format!("A chart shows at most {COMPARISON_LIMIT} runs.")));
        }
        if request.keys.len() * request.runs.len() > MOST_CURVES {
            return Err(Error::invalid(format!("At most {MOST_CURVES} curves are drawn at once.")));
        }
        if request.buckets == 0 || request.buckets > MOST_BUCKETS {
            return Err(Error::invalid(format!("A chart has 1 to {MOST_BUCKETS} buckets.")));
        }
        let grants = self.readable_runs(&request.runs).await?;
        let curves = (grants.len() * request.keys.len()).max(1);
        let buckets = request.buckets.min((BUCKETS_IN_ALL / curves) as u32).max(1);
        let request = &CurveRequest { buckets, ..request.clone() };
        let mut parts = Vec::new();
        for key in &request.keys {
            for grants in grants.chunks(RUNS_AT_ONCE) {
                parts.push(curves_of(&self.domain.db, grants, key, request));
            }
        }
        let curves: Vec<Vec<Curve>> = stream::iter(parts).buffered(AT_ONCE).try_collect().await?;
        Ok(curves.into_iter().flatten().collect())
    }
}

async fn curves_of(
    db: &Db,
    grants: &[RunGrant<Read>],
    key: &str,
    request: &CurveRequest,
) -> Result<Vec<Curve>> {
    for _ in 0..read::ATTEMPTS {
        if let Some(curves) = try_curves(db, grants, key, request).await? {
            return Ok(curves);
        }
    }
    Err(Error::Fault("metrics are merged faster than they can be read".into()))
}

/// `None` if segments were merged meanwhile.
async fn try_curves(
    db: &Db,
    grants: &[RunGrant<Read>],
    key: &str,
    request: &CurveRequest,
) -> Result<Option<Vec<Curve>>> {
    let mut found = read::arranged(db, grants, key, request.along).await?;
    let mut drawings: Vec<Drawing> = Vec::new();
    let mut waiting: Vec<(usize, Span)> = Vec::new();
    for grant in grants {
        let Some(spans) = found.remove(&grant.id()) else { continue };
        let spans = within(spans, request);
        drawings.push(Drawing::new(grant.id(), &spans, request));
        waiting.extend(spans.into_iter().map(|span| (drawings.len() - 1, span)));
    }
    let mut waiting = waiting.into_iter().peekable();
    while waiting.peek().is_some() {
        let (mut spans, mut size) = (Vec::new(), 0);
        while let Some((drawing, span)) =
            waiting.next_if(|(_, span)| spans.is_empty() || size + span.count() <= POINTS)
        {
            size += span.count();
            spans.push((drawing, span));
        }
        let heads: Vec<_> = spans.iter().flat_map(|(_, span)| span.heads()).collect();
        let Some(mut segments) = read::segments(db, &heads).await? else { return Ok(None) };
        let along = request.along;
        drawings = off_the_async_threads(move || -> Result<Vec<Drawing>> {
            for (index, span) in spans {
                let drawing = &mut drawings[index];
                let packed = segments.entry(drawing.run).or_default();
                drawing.add(&span.points(packed, along)?);
            }
            Ok(drawings)
        })
        .await??;
    }
    Ok(Some(drawings.into_iter().map(|drawing| drawing.done(key)).collect()))
}

/// The spans that reach into the window, and the nearest on each side.
fn within(spans: Vec<Span>, request: &CurveRequest) -> Vec<Span> {
    let Some((from, to)) = request.window else { return spans };
    let start = spans.partition_point(|span| span.range(request.along).1 < from).saturating_sub(1);
    let end = spans.partition_point(|span| span.range(request.along).0 <= to).saturating_add(1);
    spans.into_iter().take(end).skip(start).collect()
}

/// A curve while it is read.
struct Drawing {
    run: RunId,
    along: Along,
    window: (i64, i64),
    /// The last point before the window, while none in it was seen.
    before: Option<Point>,
    /// A point behind the window was seen.
    is_over: bool,
    total: u64,
    reducer: Reducer,
}

impl Drawing {
    fn new(run: RunId, spans: &[Span], request: &CurveRequest) -> Self {
        let along = request.along;
        let window = request.window.unwrap_or((i64::MIN, i64::MAX));
        let first = spans.first().map_or(0, |span| span.range(along).0).max(window.0);
        let last = spans.last().map_or(0, |span| span.range(along).1).min(window.1);
        let most: usize = spans.iter().map(Span::count).sum();
        let reducer = Reducer::new(along, (first, last), request.buckets, most as u64);
        Self { run, along, window, before: None, is_over: false, total: 0, reducer }
    }

    /// Takes points further along the axis than all before.
    fn add(&mut self, points: &[Point]) {
        let at = |point: &Point| self.along.position(point);
        let start = points.partition_point(|point| at(point) < self.window.0);
        let end = points.partition_point(|point| at(point) <= self.window.1);
        if let Some(before) = points[..start].last() {
            self.before = Some(*before);
        }
        let has_behind = end < points.len() && !self.is_over;
        let inside = &points[start..(end + usize::from(has_behind)).max(start)];
        if inside.is_empty() {
            return;
        }
        if let Some(before) = self.before.take() {
            self.push(&[before]);
        }
        self.push(inside);
        self.is_over |= has_behind;
    }

    fn push(&mut self, points: &[Point]) {
        self.total += points.len() as u64;
        self.reducer.push(points);
    }

    fn done(mut self, key: &str) -> Curve {
        if let Some(before) = self.before.take() {
            self.push(&[before]);
        }
        let points = self.reducer.finish();
        Curve { run: self.run, key: key.to_owned(), total: self.total, points }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(window: (i64, i64), expected: &[i64]) {
        let request = CurveRequest {
            runs: Vec::new(),
            keys: Vec::new(),
            along: Along::Step,
            window: Some(window),
            buckets: 100,
        };
        let points = |steps: &[i64]| -> Vec<Point> {
            steps.iter().map(|step| Point { step: *step, timestamp: 0, value: 0.0 }).collect()
        };
        for parts in [&[&[1, 3, 5, 7, 9][..]][..], &[&[1], &[3, 5], &[7], &[9]]] {
            let loose: Vec<Point> = parts.iter().flat_map(|part| points(part)).collect();
            let spans = read::spans(Vec::new(), loose, Along::Step);
            let mut drawing = Drawing::new(RunId(uuid::Uuid::nil()), &spans, &request);
            parts.iter().for_each(|part| drawing.add(&points(part)));
            let curve = drawing.done("loss");
            let steps: Vec<i64> = curve.points.iter().map(|point| point.step).collect();
            assert_eq!((steps.as_slice(), curve.total), (expected, expected.len() as u64), "{window:?}");
        }
    }

    #[test]
    fn a_window_keeps_a_neighbour_on_each_side() {
        check((3, 5), &[1, 3, 5, 7]);
        check((4, 4), &[3, 5]);
        check((0, 100), &[1, 3, 5, 7, 9]);
        check((20, 30), &[9]);
        check((-5, 0), &[1]);
        check((7, 7), &[5, 7, 9]);
    }
}
