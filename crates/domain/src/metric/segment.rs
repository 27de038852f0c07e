//! How the points of one metric are packed into the bytes of a segment.
//!
//! A format byte, then the number of points, then three columns: all steps, all timestamps, all values. A new format gets
//! a new first byte; what was written once can always be read. Few points are kept as differences, many are compressed
//! with `pco` (numeric compression, <https://github.com/pcodec/pcodec>).

use super::column;
use model::metric::Point;
use pco::{
    ChunkConfig,
    data_types::Number,
    standalone::{simple_compress, simple_decompress_into},
};

/// Columns as they are, eight bytes a number. Read, no longer written.
const PLAIN: u8 = 1;
/// Steps and times as differences, values as they are.
const DIFFERENCES: u8 = 2;
/// Each column as the number of its bytes and what `pco` made of it.
const PCO: u8 = 3;

/// How much work packing may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Little: it is packed again soon.
    Quick,
    /// As small as it gets.
    Small,
}

/// From so many points on, compression gains more than its own header takes.
const WORTH_COMPRESSING: usize = 256;
/// Above it segments hardly get smaller, and packing takes twice as long.
const COMPRESSION_LEVEL: usize = 8;

/// Points in one segment, at most: what a reader has to unpack to see one of them.
pub const MOST_POINTS: usize = 16_384;
/// Points that a compressed segment may say it has, more than any has. A few bytes can stand for millions of points that are alike,
/// so that of a damaged segment the bytes don't tell how much memory it would take.
const BELIEVED_POINTS: usize = 16 * MOST_POINTS;

/// Why bytes aren't a segment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SegmentError {
    /// Written by a newer version.
    #[error("format {0} is not known to this version")]
    UnknownFormat(u8),
    /// Shorter or longer than it says it is.
    #[error("{found} bytes that are not the points they say they are")]
    Length {
        /// Bytes that there are.
        found: usize,
    },
    /// What compression says.
    #[error("compressed numbers: {0}")]
    Compression(String),
}

/// Packs points, in the order given.
pub fn pack(points: &[Point], packing: Packing) -> Vec<u8> {
    if packing == Packing::Small
        && points.len() >= WORTH_COMPRESSING
        && let Some(data) = compressed(points)
    {
        return data;
    }
    let mut data = Vec::with_capacity(5 + points.len() * 11);
    data.push(DIFFERENCES);
    column::push_number(points.len() as u64, &mut data);
    column::push_differences(points.iter().map(|point| point.step), &mut data);
    column::push_differences(points.iter().map(|point| point.timestamp), &mut data);
    column::push_doubles(points.iter().map(|point| point.value), &mut data);
    data
}

/// `None` if the library refuses, which it has no reason to.
fn compressed(points: &[Point]) -> Option<Vec<u8>> {
    let config = ChunkConfig::default().with_compression_level(COMPRESSION_LEVEL);
    let whole = |of: fn(&Point) -> i64| -> Option<Vec<u8>> {
        simple_compress(&points.iter().map(of).collect::<Vec<i64>>(), &config).ok()
    };
    let values: Vec<f64> = points.iter().map(|point| point.value).collect();
    let columns = [
        whole(|point| point.step)?,
        whole(|point| point.timestamp)?,
        simple_compress(&values, &config).ok()?,
    ];
    let mut data = Vec::with_capacity(16 + columns.iter().map(Vec::len).sum::<usize>());
    data.push(PCO);
    column::push_number(points.len() as u64, &mut data);
    for column in columns {
        column::push_number(column.len() as u64, &mut data);
        data.extend(column);
    }
    Some(data)
}

/// The points of a packed segment, appended to `points`.
///
/// # Errors
/// If the bytes aren't a segment.
pub fn unpack(data: &[u8], points: &mut Vec<Point>) -> Result<(), SegmentError> {
    let length = || SegmentError::Length { found: data.len() };
    let (&format, mut rest) = data.split_first().ok_or_else(length)?;
    let (steps, times, values) = match format {
        PLAIN => plain(rest).ok_or_else(length)?,
        DIFFERENCES => differences(&mut rest).filter(|_| rest.is_empty()).ok_or_else(length)?,
        PCO => decompressed(rest, &length)?,
        format => return Err(SegmentError::UnknownFormat(format)),
    };
    points.extend(steps.into_iter().zip(times).zip(values).map(|((step, timestamp), value)| Point {
        step,
        timestamp,
        value,
    }));
    Ok(())
}

type Columns = (Vec<i64>, Vec<i64>, Vec<f64>);

fn plain(data: &[u8]) -> Option<Columns> {
    let (count, columns) = data.split_first_chunk::<4>()?;
    let count = u32::from_le_bytes(*count) as usize;
    if columns.len() != count.checked_mul(24)? {
        return None;
    }
    let (numbers, mut values) = columns.split_at(count * 16);
    let (numbers, _) = numbers.as_chunks::<8>();
    let whole =
        |numbers: &[[u8; 8]]| numbers.iter().map(|number| i64::from_le_bytes(*number)).collect::<Vec<_>>();
    let (steps, times) = numbers.split_at(count);
    Some((whole(steps), whole(times), column::take_doubles(count, &mut values)?))
}

fn differences(data: &mut &[u8]) -> Option<Columns> {
    let count = usize::try_from(column::take_number(data)?).ok()?;
    Some((
        column::take_differences(count, data)?,
        column::take_differences(count, data)?,
        column::take_doubles(count, data)?,
    ))
}

fn decompressed(mut data: &[u8], length: &impl Fn() -> SegmentError) -> Result<Columns, SegmentError> {
    let count = column::take_number(&mut data).and_then(|count| usize::try_from(count).ok());
    let count = count.filter(|count| *count <= BELIEVED_POINTS).ok_or_else(length)?;
    let mut columns: [&[u8]; 3] = [&[]; 3];
    for column in &mut columns {
        let bytes = column::take_number(&mut data).and_then(|bytes| usize::try_from(bytes).ok());
        (*column, data) = bytes.and_then(|bytes| data.split_at_checked(bytes)).ok_or_else(length)?;
    }
    if !data.is_empty() {
        return Err(length());
    }
    let [steps, times, values] = columns;
    Ok((exactly(steps, count, length)?, exactly(times, count, length)?, exactly(values, count, length)?))
}

/// So many numbers of a compressed column, which has no more.
fn exactly<T: Number + Default>(
    column: &[u8],
    count: usize,
    length: &impl Fn() -> SegmentError,
) -> Result<Vec<T>, SegmentError> {
    let mut numbers = vec![T::default(); count];
    let read = simple_decompress_into(column, &mut numbers)
        .map_err(|error| SegmentError::Compression(error.to_string()))?;
    if read.finished && read.n_processed == count { Ok(numbers) } else { Err(length()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As the first version wrote segments.
    fn pack_plain(points: &[Point]) -> Vec<u8> {
        let mut data = vec![PLAIN];
        data.extend(u32::try_from(points.len()).unwrap().to_le_bytes());
        data.extend(points.iter().flat_map(|point| point.step.to_le_bytes()));
        data.extend(points.iter().flat_map(|point| point.timestamp.to_le_bytes()));
        data.extend(points.iter().flat_map(|point| point.value.to_bits().to_le_bytes()));
        data
    }

    fn check(points: &[Point], data: &[u8]) {
        let mut back = Vec::new();
        unpack(data, &mut back).unwrap();
        let bits = |points: &[Point]| {
            points.iter().map(|p| (p.step, p.timestamp, p.value.to_bits())).collect::<Vec<_>>()
        };
        assert_eq!(bits(points), bits(&back));
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back_bit_by_bit(raw in prop::collection::vec((any::<i64>(), any::<i64>(), any::<u64>()), 0..600)) {
            let points: Vec<_> = raw.iter().map(|&(step, timestamp, bits)| Point { step, timestamp, value: f64::from_bits(bits) }).collect();
            check(&points, &pack(&points, Packing::Small));
            check(&points, &pack(&points, Packing::Quick));
            check(&points, &pack_plain(&points));
        }

        #[test]
        fn other_bytes_are_refused_without_a_panic(data in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = unpack(&data, &mut Vec::new());
        }

        #[test]
        fn a_damaged_segment_is_refused_or_other_points_but_no_panic(at in 0usize..2000, with in any::<u8>()) {
            let mut data = pack(&curve(400), Packing::Small);
            let at = at % data.len();
            data[at] = with;
            let _ = unpack(&data, &mut Vec::new());
        }
    }

    /// A few bytes, each of which says that it stands for a million points.
    #[test]
    fn a_segment_has_as_many_points_as_it_says() {
        let numbers = |count: usize| simple_compress(&vec![7_i64; count], &ChunkConfig::default()).unwrap();
        let values = simple_compress(&[0.5_f64; 300], &ChunkConfig::default()).unwrap();
        let check = |count: u64, steps: Vec<u8>, is_whole: bool| {
            let mut data = vec![PCO];
            column::push_number(count, &mut data);
            for part in [&steps, &numbers(300), &values] {
                column::push_number(part.len() as u64, &mut data);
                data.extend(part);
            }
            assert_eq!(unpack(&data, &mut Vec::new()).is_ok(), is_whole, "{count}");
        };
        check(300, numbers(300), true);
        check(300, numbers(299), false);
        check(300, numbers(301), false);
        check(300, numbers(1_000_000), false);
        check(299, numbers(300), false);
        check(0, numbers(300), false);
        check(u64::MAX, numbers(300), false);
    }

    fn curve(count: i64) -> Vec<Point> {
        let value = |step: i64| (-step as f64 / 5000.0).exp() + (step as f64 * 12.9898).sin() * 0.01;
        (0..count)
            .map(|step| Point { step, timestamp: 1_700_000_000_000 + step * 37, value: value(step) })
            .collect()
    }

    #[test]
    fn a_cut_segment_says_so() {
        let data = pack(&curve(1), Packing::Quick);
        let error = unpack(&data[..data.len() - 1], &mut Vec::new()).unwrap_err();
        assert_eq!(error, SegmentError::Length { found: data.len() - 1 });
        assert_eq!(unpack(&[9], &mut Vec::new()).unwrap_err(), SegmentError::UnknownFormat(9));
    }

    #[test]
    fn a_full_segment_takes_less_than_eight_bytes_a_point() {
        let points = curve(MOST_POINTS as i64);
        let bytes = pack(&points, Packing::Small).len();
        assert!(bytes < points.len() * 8, "{bytes} bytes for {} points", points.len());
    }
}
