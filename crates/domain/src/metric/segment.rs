//! How the points of a segment are packed into bytes.
//!
//! A format byte, then the number of points, then three columns: all steps, all timestamps, all values; whole numbers and
//! bits of doubles, little endian. A new format gets a new first byte; what was written once can always be read.

use model::metric::Point;

/// Columns as they are, eight bytes a number.
const PLAIN: u8 = 1;

/// Why bytes aren't a segment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SegmentError {
    /// Written by a newer version.
    #[error("format {0} is not known to this version")]
    UnknownFormat(u8),
    /// Shorter or longer than it says it is.
    #[error("{found} bytes where {expected} were expected")]
    Length {
        /// Bytes that there should be.
        expected: usize,
        /// Bytes that there are.
        found: usize,
    },
}

/// Packs points, in the order given.
pub fn pack(points: &[Point]) -> Vec<u8> {
    let count = u32::try_from(points.len()).unwrap_or(u32::MAX);
    let points = &points[..count as usize];
    let mut data = Vec::with_capacity(5 + points.len() * 24);
    data.push(PLAIN);
    data.extend_from_slice(&count.to_le_bytes());
    data.extend(points.iter().flat_map(|point| point.step.to_le_bytes()));
    data.extend(points.iter().flat_map(|point| point.timestamp.to_le_bytes()));
    data.extend(points.iter().flat_map(|point| point.value.to_bits().to_le_bytes()));
    data
}

/// The points of a packed segment, appended to `points`.
///
/// # Errors
/// If the bytes aren't a segment.
pub fn unpack(data: &[u8], points: &mut Vec<Point>) -> Result<(), SegmentError> {
    let short = SegmentError::Length { expected: 5, found: data.len() };
    let (&format, rest) = data.split_first().ok_or(short.clone())?;
    if format != PLAIN {
        return Err(SegmentError::UnknownFormat(format));
    }
    let (count, columns) = rest.split_first_chunk::<4>().ok_or(short)?;
    let count = u32::from_le_bytes(*count) as usize;
    if columns.len() != count * 24 {
        return Err(SegmentError::Length { expected: 5 + count * 24, found: data.len() });
    }
    let (numbers, _) = columns.as_chunks::<8>();
    let (steps, rest) = numbers.split_at(count);
    let (timestamps, values) = rest.split_at(count);
    points.extend(steps.iter().zip(timestamps).zip(values).map(|((step, timestamp), value)| Point {
        step: i64::from_le_bytes(*step),
        timestamp: i64::from_le_bytes(*timestamp),
        value: f64::from_bits(u64::from_le_bytes(*value)),
    }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_packed_comes_back_bit_by_bit(raw in prop::collection::vec((any::<i64>(), any::<i64>(), any::<u64>()), 0..300)) {
            let points: Vec<_> = raw.iter().map(|&(step, timestamp, bits)| Point { step, timestamp, value: f64::from_bits(bits) }).collect();
            let mut back = Vec::new();
            unpack(&pack(&points), &mut back).unwrap();
            let bits = |points: &[Point]| points.iter().map(|p| (p.step, p.timestamp, p.value.to_bits())).collect::<Vec<_>>();
            prop_assert_eq!(bits(&points), bits(&back));
        }

        #[test]
        fn other_bytes_are_refused_without_a_panic(data in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut points = Vec::new();
            if unpack(&data, &mut points).is_ok() {
                prop_assert_eq!(pack(&points), data);
            }
        }
    }

    #[test]
    fn a_cut_segment_says_what_is_missing() {
        let data = pack(&[Point { step: 1, timestamp: 2, value: 3.0 }]);
        let error = unpack(&data[..20], &mut Vec::new()).unwrap_err();
        assert_eq!(error, SegmentError::Length { expected: 29, found: 20 });
    }
}
