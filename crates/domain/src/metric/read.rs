//! Reading points: where they lie, in which order, and how much of it is unpacked at a time.
//!
//! The segments of a metric are arranged along an axis (time or step) in spans that don't reach into each other; points
//! that still lie in blocks are put where they belong. So a reader goes from span to span, has only one in memory, and
//! passes by those outside of what it wants. Points of a run that logs forward are one segment a span.

use crate::{
    error::{Error, Result},
    gate::{Read, RunGrant},
    store::{
        self, Db,
        block::StoredBlock,
        segment::{Head, StoredSegment},
    },
};
use model::{RunId, curve::Along, metric::Point};
use std::collections::HashMap;

/// How often a reader starts again because segments were merged under it.
pub const ATTEMPTS: usize = 8;

/// Part of a metric's points: no point of another span lies between two of them.
#[derive(Debug, Default)]
pub struct Span {
    heads: Vec<Head>,
    loose: Vec<Point>,
}

impl Span {
    /// Points that it has, at most: some may be there twice.
    pub fn count(&self) -> usize {
        let packed: i64 = self.heads.iter().map(|head| head.count).sum();
        usize::try_from(packed).unwrap_or_default() + self.loose.len()
    }

    /// Where it begins and ends on the axis.
    pub fn range(&self, along: Along) -> (i64, i64) {
        let loose = self.loose.iter().map(|point| along.position(point)).map(|at| (at, at));
        let ranges = self.heads.iter().map(|head| range(head, along)).chain(loose);
        ranges.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or_default()
    }

    /// The segments that [`Self::points`] wants.
    pub fn heads(&self) -> &[Head] {
        &self.heads
    }

    /// Its points, each once, in order along the axis and by [`Point::history_order`] where they are at one place.
    pub fn points(self, segments: &HashMap<i64, StoredSegment>, along: Along) -> Result<Vec<Point>> {
        let mut points = Vec::with_capacity(self.count());
        for head in &self.heads {
            let segment = segments
                .get(&head.seq)
                .ok_or_else(|| Error::Fault("a segment that was just read is gone".into()))?;
            segment.unpack(&mut points)?;
        }
        points.extend(self.loose);
        let order =
            |a: &Point, b: &Point| along.position(a).cmp(&along.position(b)).then_with(|| a.history_order(b));
        // Mostly they are in order already. The two zeros are ordered, and yet one value.
        if !points.is_sorted_by(|a, b| order(a, b).is_lt() && a != b) {
            points.sort_unstable_by(order);
            points.dedup();
        }
        Ok(points)
    }
}

fn range(head: &Head, along: Along) -> (i64, i64) {
    match along {
        Along::Step => (head.min_step, head.max_step),
        Along::Time => (head.min_time, head.max_time),
    }
}

/// Arranges what there is of one metric along an axis.
pub fn spans(mut heads: Vec<Head>, mut loose: Vec<Point>, along: Along) -> Vec<Span> {
    heads.sort_unstable_by_key(|head| range(head, along));
    loose.sort_unstable_by_key(|point| along.position(point));
    let mut spans: Vec<(i64, Span)> = Vec::new();
    let mut loose = loose.into_iter().peekable();
    for head in heads {
        let (from, to) = range(&head, along);
        // Loose points before this segment belong to the span before it, or are one of their own.
        put_loose(&mut spans, &mut loose, |at| at < from, along);
        match spans.last_mut() {
            Some((end, span)) if *end >= from => {
                *end = to.max(*end);
                span.heads.push(head);
            }
            _ => spans.push((to, Span { heads: vec![head], loose: Vec::new() })),
        }
    }
    put_loose(&mut spans, &mut loose, |_| true, along);
    spans.into_iter().map(|(_, span)| span).collect()
}

fn put_loose(
    spans: &mut Vec<(i64, Span)>,
    loose: &mut std::iter::Peekable<std::vec::IntoIter<Point>>,
    belongs: impl Fn(i64) -> bool,
    along: Along,
) {
    while let Some(point) = loose.next_if(|point| belongs(along.position(point))) {
        let at = along.position(&point);
        match spans.last_mut() {
            Some((end, span)) if *end >= at || span.heads.is_empty() => {
                *end = at.max(*end);
                span.loose.push(point);
            }
            _ => spans.push((at, Span { heads: Vec::new(), loose: vec![point] })),
        }
    }
}

/// Where the points of a metric lie in some runs, arranged along an axis.
pub async fn arranged(
    db: &Db,
    runs: &[RunGrant<Read>],
    key: &str,
    along: Along,
) -> Result<HashMap<RunId, Vec<Span>>> {
    // Blocks first: what is merged in between is then seen twice rather than never.
    let mut loose: HashMap<RunId, Vec<Point>> = HashMap::new();
    for runs in runs.chunks(16) {
        let blocks: Vec<StoredBlock> = store::block::of_runs(db, runs).await?;
        for block in &blocks {
            let points = loose.entry(RunId(block.run_id)).or_default();
            block.read(|block| block.points_of(key, points))?;
        }
    }
    let mut heads: HashMap<RunId, Vec<Head>> = HashMap::new();
    for runs in runs.chunks(500) {
        for head in store::segment::heads(db, runs, key).await? {
            heads.entry(RunId(head.run_id)).or_default().push(head);
        }
    }
    let place = |run: &RunGrant<Read>| {
        let id = run.id();
        let (heads, loose) = (heads.remove(&id).unwrap_or_default(), loose.remove(&id).unwrap_or_default());
        (id, spans(heads, loose, along))
    };
    Ok(runs.iter().map(place).filter(|(_, spans)| !spans.is_empty()).collect())
}

/// The segments of these heads, by run and number; `None` if some were merged into others since.
pub async fn segments(
    db: &Db,
    heads: &[&Head],
) -> Result<Option<HashMap<RunId, HashMap<i64, StoredSegment>>>> {
    let found = store::segment::get(&mut &*db, heads).await?;
    if found.len() != heads.len() {
        return Ok(None);
    }
    let mut segments: HashMap<RunId, HashMap<i64, StoredSegment>> = HashMap::new();
    for segment in found {
        segments.entry(RunId(segment.run_id)).or_default().insert(segment.seq, segment);
    }
    Ok(Some(segments))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn head(seq: i64, (from, to): (i64, i64)) -> Head {
        let key = "loss".to_owned();
        Head {
            run_id: uuid::Uuid::nil(),
            key,
            seq,
            count: 1,
            min_step: from,
            max_step: to,
            min_time: 0,
            max_time: 0,
        }
    }

    fn loose(step: i64) -> Point {
        Point { step, timestamp: 0, value: 0.0 }
    }

    fn check(heads: &[(i64, i64)], points: &[i64], expected: &[(usize, usize)]) {
        let heads = (1..).zip(heads).map(|(seq, range)| head(seq, *range)).collect();
        let found = spans(heads, points.iter().map(|step| loose(*step)).collect(), Along::Step);
        let sizes: Vec<_> = found.iter().map(|span| (span.heads.len(), span.loose.len())).collect();
        assert_eq!(sizes, expected);
    }

    #[test]
    fn segments_that_touch_are_read_together() {
        check(&[], &[], &[]);
        check(&[(0, 9), (10, 19), (20, 29)], &[], &[(1, 0), (1, 0), (1, 0)]);
        check(&[(0, 10), (10, 19), (5, 8)], &[], &[(3, 0)]);
        check(&[(0, 9), (10, 19)], &[20, 21], &[(1, 0), (1, 0), (0, 2)]);
        check(&[(0, 9), (20, 29)], &[4, 15, 16, 25, -3], &[(0, 1), (1, 1), (0, 2), (1, 1)]);
    }

    proptest! {
        #[test]
        fn spans_follow_each_other_and_lose_nothing(
            ranges in prop::collection::vec((0i64..60, 0i64..20), 0..8),
            steps in prop::collection::vec(0i64..80, 0..12),
        ) {
            let heads = (1..).zip(&ranges).map(|(seq, (from, length))| head(seq, (*from, from + length))).collect();
            let found = spans(heads, steps.iter().map(|step| loose(*step)).collect(), Along::Step);
            prop_assert_eq!(found.iter().map(|span| span.heads.len()).sum::<usize>(), ranges.len());
            prop_assert_eq!(found.iter().map(|span| span.loose.len()).sum::<usize>(), steps.len());
            let ends: Vec<_> = found.iter().map(|span| span.range(Along::Step)).collect();
            prop_assert!(ends.windows(2).all(|pair| pair[0].1 < pair[1].0), "{ends:?}");
        }
    }
}
