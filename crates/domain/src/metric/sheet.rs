//! All summaries of a run in one row, so that a list of runs reads a row a run rather than one a metric.
//!
//! The rows of summaries stay what searches filter and sort by; a sheet holds the same, packed: a format byte, then of each
//! metric its name, what is known of it as whole numbers, and its doubles bit by bit. Runs with very many metrics have an
//! empty sheet, since it would be written anew with each fold; their rows are read instead.

use super::column::{push_doubles, push_number, push_signed, take_doubles, take_number, take_signed};
use model::metric::{MetricSummary, Point};

const FORMAT: u8 = 1;

/// Metrics in a sheet, at most.
pub const MOST_METRICS: usize = 500;

/// Packs summaries; they come back in the same order. Too many make an empty sheet.
pub fn pack<'a>(summaries: impl ExactSizeIterator<Item = &'a MetricSummary>) -> Vec<u8> {
    if summaries.len() > MOST_METRICS {
        return Vec::new();
    }
    let mut data = Vec::with_capacity(2 + summaries.len() * 80);
    data.push(FORMAT);
    push_number(summaries.len() as u64, &mut data);
    for summary in summaries {
        push_number(summary.key.len() as u64, &mut data);
        data.extend_from_slice(summary.key.as_bytes());
        for number in [
            summary.first_step,
            // Mostly the same as others here, which then take a byte.
            summary.last_step.wrapping_sub(summary.first_step),
            summary.last.step.wrapping_sub(summary.last_step),
            summary.first_time,
            summary.last_time.wrapping_sub(summary.first_time),
            summary.last.timestamp.wrapping_sub(summary.last_time),
        ] {
            push_signed(number, &mut data);
        }
        push_number(summary.count, &mut data);
        // As least and greatest, a NaN says: no number yet.
        let number = |value: Option<f64>| value.unwrap_or(f64::NAN);
        push_doubles([summary.last.value, number(summary.min), number(summary.max)].into_iter(), &mut data);
    }
    data
}

/// The summaries of a sheet; `None` if it says that there are too many.
///
/// # Errors
/// If the bytes aren't a sheet.
pub fn unpack(data: &[u8]) -> Result<Option<Vec<MetricSummary>>, SheetError> {
    match data.split_first() {
        None => Ok(None),
        Some((&FORMAT, rest)) => read(rest).map(Some).ok_or(SheetError::Broken),
        Some((format, _)) => Err(SheetError::UnknownFormat(*format)),
    }
}

/// Why bytes aren't a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SheetError {
    /// Written by a newer version.
    #[error("format {0} is not known to this version")]
    UnknownFormat(u8),
    /// They end early, or go on.
    #[error("bytes that are not the summaries they say they are")]
    Broken,
}

fn read(mut rest: &[u8]) -> Option<Vec<MetricSummary>> {
    let count = usize::try_from(take_number(&mut rest)?).ok()?;
    let mut summaries = Vec::with_capacity(count.min(rest.len()));
    for _ in 0..count {
        let length = usize::try_from(take_number(&mut rest)?).ok()?;
        let (key, after) = rest.split_at_checked(length)?;
        rest = after;
        let mut take = || take_signed(&mut rest);
        let first_step = take()?;
        let last_step = first_step.wrapping_add(take()?);
        let step = last_step.wrapping_add(take()?);
        let first_time = take()?;
        let last_time = first_time.wrapping_add(take()?);
        let timestamp = last_time.wrapping_add(take()?);
        let count = take_number(&mut rest)?;
        let &[value, min, max] = take_doubles(3, &mut rest)?.as_slice() else { return None };
        let number = |value: f64| (!value.is_nan()).then_some(value);
        summaries.push(MetricSummary {
            key: std::str::from_utf8(key).ok()?.to_owned(),
            last: Point { step, timestamp, value },
            min: number(min),
            max: number(max),
            count,
            first_time,
            last_time,
            first_step,
            last_step,
        });
    }
    rest.is_empty().then_some(summaries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn summary() -> impl Strategy<Value = MetricSummary> {
        let points = prop::collection::vec((any::<i64>(), any::<i64>(), any::<f64>()), 1..5);
        (".{0,12}", points).prop_map(|(key, points)| {
            let mut points =
                points.into_iter().map(|(step, timestamp, value)| Point { step, timestamp, value });
            let mut summary = MetricSummary::of(&key, points.next().unwrap());
            points.for_each(|point| summary.add(point));
            summary
        })
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(summaries in prop::collection::vec(summary(), 0..20)) {
            let data = pack(summaries.iter());
            // Two NaNs aren't equal.
            let found = unpack(&data).unwrap().unwrap();
            prop_assert_eq!(format!("{found:?}"), format!("{summaries:?}"));
            for cut in 1..data.len() {
                prop_assert!(unpack(&data[..cut]).is_err());
            }
        }

        #[test]
        fn other_bytes_are_refused_without_a_panic(mut data in prop::collection::vec(any::<u8>(), 1..100)) {
            data[0] = FORMAT;
            let _ = unpack(&data);
        }
    }

    #[test]
    fn too_many_make_an_empty_sheet() {
        let summary = MetricSummary::of("loss", Point { step: 1, timestamp: 2, value: 3.0 });
        let full = vec![summary.clone(); MOST_METRICS];
        assert_eq!(unpack(&pack(full.iter())).unwrap().unwrap().len(), MOST_METRICS);
        let more = vec![summary; MOST_METRICS + 1];
        assert_eq!(unpack(&pack(more.iter())), Ok(None));
    }
}
