//! The steps of a trace in the order in which people read them: each before its own ones, and these by their start.

use model::{
    page::trace::SpanRow,
    trace::span::{Nanos, Span, SpanId, SpanStatus},
};
use std::collections::{HashMap, HashSet};

/// A step without what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Brief {
    pub id: SpanId,
    pub parent: Option<SpanId>,
    pub name: String,
    pub span_type: String,
    pub status: SpanStatus,
    pub start: Nanos,
    pub end: Option<Nanos>,
}

impl Brief {
    pub fn of(span: &Span) -> Self {
        Self {
            id: span.id,
            parent: span.parent,
            name: span.name.clone(),
            span_type: span.span_type().to_owned(),
            status: span.status,
            start: span.start,
            end: span.end,
        }
    }
}

/// When the first step begins and the last one ends.
pub(super) fn window(briefs: &[Brief]) -> (Nanos, Nanos) {
    let first = briefs.iter().map(|brief| brief.start).min().unwrap_or_default();
    let last = briefs.iter().map(|brief| brief.end.unwrap_or(brief.start)).max().unwrap_or_default();
    (first, last.max(first))
}

/// All steps in order. What is a part of a step that isn't there stands by itself, and so does a step that is a part of itself.
pub(super) fn in_order(mut briefs: Vec<Brief>) -> Vec<SpanRow> {
    briefs.sort_by_key(|brief| (brief.start, brief.id));
    let places: HashMap<SpanId, usize> =
        briefs.iter().enumerate().map(|(place, brief)| (brief.id, place)).collect();
    let mut own: Vec<Vec<usize>> = vec![Vec::new(); briefs.len()];
    let mut first = Vec::new();
    for (place, brief) in briefs.iter().enumerate() {
        match brief.parent.and_then(|parent| places.get(&parent)) {
            Some(parent) => own[*parent].push(place),
            None => first.push(place),
        }
    }
    // Steps that are parts of each other are reached from none of the first.
    first.extend(0..briefs.len());
    let mut seen = vec![false; briefs.len()];
    let mut order = Vec::with_capacity(briefs.len());
    for root in first {
        let mut ahead = vec![(root, 0_u32)];
        while let Some((place, depth)) = ahead.pop() {
            if std::mem::replace(&mut seen[place], true) {
                continue;
            }
            order.push((place, depth));
            ahead.extend(own[place].iter().rev().map(|place| (*place, depth + 1)));
        }
    }
    let mut briefs: Vec<Option<Brief>> = briefs.into_iter().map(Some).collect();
    let row = |(place, depth): (usize, u32)| {
        let brief = briefs[place].take()?;
        Some(SpanRow {
            id: brief.id,
            depth,
            name: brief.name,
            span_type: brief.span_type,
            status: brief.status,
            start: brief.start,
            end: brief.end,
            is_found: false,
        })
    };
    order.into_iter().filter_map(row).collect()
}

/// Leaves the rows of these steps, and of those that they are parts of.
pub(super) fn keep_found(rows: Vec<SpanRow>, found: &HashSet<SpanId>) -> Vec<SpanRow> {
    let mut kept = Vec::with_capacity(rows.len());
    // The depth of the row below, if what it is a part of is still to come.
    let mut below = 0;
    for mut row in rows.into_iter().rev() {
        row.is_found = found.contains(&row.id);
        if row.is_found || row.depth + 1 == below {
            below = row.depth;
            kept.push(row);
        }
    }
    kept.reverse();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brief(id: u64, parent: Option<u64>, start: Nanos) -> Brief {
        Brief {
            id: SpanId(id),
            parent: parent.map(SpanId),
            name: format!("step {id}"),
            span_type: "UNKNOWN".to_owned(),
            status: SpanStatus::Ok,
            start,
            end: Some(start + 10),
        }
    }

    fn told(rows: &[SpanRow]) -> Vec<(u64, u32)> {
        rows.iter().map(|row| (row.id.0, row.depth)).collect()
    }

    fn tree() -> Vec<Brief> {
        vec![
            brief(5, Some(3), 9),
            brief(4, Some(1), 20),
            brief(3, Some(1), 5),
            brief(1, None, 0),
            brief(2, Some(1), 5),
            brief(6, Some(4), 21),
        ]
    }

    #[test]
    fn each_step_stands_before_its_own() {
        assert_eq!(told(&in_order(tree())), [(1, 0), (2, 1), (3, 1), (5, 2), (4, 1), (6, 2)]);
        assert_eq!(window(&tree()), (0, 31));
        assert_eq!((in_order(Vec::new()), window(&[])), (Vec::new(), (0, 0)));
    }

    #[test]
    fn what_has_no_place_stands_by_itself() {
        let odd = vec![brief(1, None, 5), brief(2, Some(9), 3), brief(3, Some(3), 6)];
        assert_eq!(told(&in_order(odd)), [(2, 0), (1, 0), (3, 0)]);
        let circle = vec![brief(1, Some(2), 1), brief(2, Some(1), 2), brief(3, None, 3)];
        assert_eq!(told(&in_order(circle)), [(3, 0), (1, 0), (2, 1)]);
    }

    #[test]
    fn a_very_deep_trace_is_read() {
        let deep = (0..10_000).map(|id| brief(id, id.checked_sub(1), id as Nanos)).collect();
        assert_eq!(in_order(deep).last().unwrap().depth, 9_999);
    }

    #[test]
    fn what_is_found_keeps_what_it_is_a_part_of() {
        let check = |found: &[u64], expected: &[(u64, u32)]| {
            let found = found.iter().map(|id| SpanId(*id)).collect();
            assert_eq!(told(&keep_found(in_order(tree()), &found)), expected);
        };
        check(&[], &[]);
        check(&[1], &[(1, 0)]);
        check(&[5], &[(1, 0), (3, 1), (5, 2)]);
        check(&[2, 6], &[(1, 0), (2, 1), (4, 1), (6, 2)]);
        check(&[3, 6], &[(1, 0), (3, 1), (4, 1), (6, 2)]);
    }
}
