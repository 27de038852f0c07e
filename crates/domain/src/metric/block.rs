//! How the points that one commit brought to a run are packed into the bytes of a block, whichever their metrics.
//!
//! A format byte; the number of metrics; of each its name and how many points it has; then three columns over all points:
//! steps and times as differences (each column with its number of bytes before it), values as they are. A name is kept as
//! what differs from the name before it, since runs name their metrics alike. One metric can be read without unpacking the
//! values of the others.

use super::column;
use model::metric::Point;
use std::collections::HashMap;

const FORMAT: u8 = 1;
/// Bytes of all names, at most, so that a broken block doesn't make us allocate: a commit takes 512 requests of 1,000
/// metrics, and names may have 250 characters.
const MOST_NAMES: usize = 512 * 1000 * 1000;

/// Why bytes aren't a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// Written by a newer version.
    #[error("format {0} is not known to this version")]
    UnknownFormat(u8),
    /// They end early, or go on.
    #[error("bytes that are not the points they say they are")]
    Broken,
}

/// Points on their way into a block, by metric, in the order in which metrics first appeared.
#[derive(Default)]
pub struct Builder<'a> {
    places: HashMap<&'a str, usize>,
    metrics: Vec<(&'a str, Vec<Point>)>,
    count: usize,
}

impl<'a> Builder<'a> {
    /// Adds a point.
    pub fn push(&mut self, key: &'a str, point: Point) {
        // Clients log the same metrics in the same order, or one metric many times.
        let place = match self.metrics.last() {
            Some((last, _)) if *last == key => self.metrics.len() - 1,
            _ => *self.places.entry(key).or_insert_with(|| {
                self.metrics.push((key, Vec::new()));
                self.metrics.len() - 1
            }),
        };
        self.metrics[place].1.push(point);
        self.count += 1;
    }

    /// How many points were added.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The block.
    pub fn pack(&self) -> Vec<u8> {
        let mut data = Vec::with_capacity(16 + self.metrics.len() * 12 + self.count * 10);
        data.push(FORMAT);
        column::push_number(self.metrics.len() as u64, &mut data);
        let mut before: &[u8] = &[];
        for (key, points) in &self.metrics {
            let key = key.as_bytes();
            let shared = key.iter().zip(before).take_while(|(a, b)| a == b).count();
            column::push_number(shared as u64, &mut data);
            column::push_number((key.len() - shared) as u64, &mut data);
            data.extend_from_slice(&key[shared..]);
            column::push_number(points.len() as u64, &mut data);
            before = key;
        }
        let points = || self.metrics.iter().flat_map(|(_, points)| points);
        let mut packed = Vec::with_capacity(self.count * 2);
        for of in [|point: &Point| point.step, |point: &Point| point.timestamp] {
            packed.clear();
            column::push_differences(points().map(of), &mut packed);
            column::push_number(packed.len() as u64, &mut data);
            data.extend_from_slice(&packed);
        }
        column::push_doubles(points().map(|point| point.value), &mut data);
        data
    }
}

/// A block whose names are read, and whose points aren't yet.
pub struct Block<'a> {
    /// All names, one after the other.
    names: String,
    /// Of each metric, where its name ends in `names`, and how many points it has.
    metrics: Vec<(usize, usize)>,
    steps: &'a [u8],
    times: &'a [u8],
    values: &'a [u8],
}

impl<'a> Block<'a> {
    /// Reads what the block has.
    ///
    /// # Errors
    /// If the bytes aren't a block.
    pub fn open(data: &'a [u8]) -> Result<Self, BlockError> {
        let (&format, mut rest) = data.split_first().ok_or(BlockError::Broken)?;
        if format != FORMAT {
            return Err(BlockError::UnknownFormat(format));
        }
        Self::read(&mut rest).ok_or(BlockError::Broken)
    }

    fn read(rest: &mut &'a [u8]) -> Option<Self> {
        let take_length =
            |rest: &mut &[u8]| column::take_number(rest).and_then(|length| usize::try_from(length).ok());
        let count = take_length(rest)?;
        let mut metrics = Vec::with_capacity(count.min(rest.len()));
        let mut names: Vec<u8> = Vec::with_capacity(rest.len());
        let (mut before, mut points) = (0, 0usize);
        for _ in 0..count {
            let (shared, own) = (take_length(rest)?, take_length(rest)?);
            let (own, after) = rest.split_at_checked(own)?;
            *rest = after;
            let start = names.len();
            if shared > start - before || start > MOST_NAMES {
                return None;
            }
            names.extend_from_within(before..before + shared);
            names.extend_from_slice(own);
            before = start;
            let has = take_length(rest)?;
            points = points.checked_add(has)?;
            metrics.push((names.len(), has));
        }
        let mut take_column = || {
            let length = take_length(rest)?;
            let (column, after) = rest.split_at_checked(length)?;
            *rest = after;
            Some(column)
        };
        let (steps, times) = (take_column()?, take_column()?);
        let (values, names) = (*rest, String::from_utf8(names).ok()?);
        let fits = values.len() == points.checked_mul(8)?
            && metrics.iter().all(|(end, _)| names.is_char_boundary(*end));
        fits.then_some(Self { names, metrics, steps, times, values })
    }

    /// The metrics, each with the number of its first point and how many it has.
    fn metrics(&self) -> impl Iterator<Item = (&str, usize, usize)> {
        self.metrics.iter().scan((0, 0), |(start, before), (end, count)| {
            let found = (&self.names[*start..*end], *before, *count);
            (*start, *before) = (*end, *before + count);
            Some(found)
        })
    }

    /// The points of one metric, appended to `points`.
    ///
    /// # Errors
    /// If the bytes aren't a block.
    pub fn points_of(&self, key: &str, points: &mut Vec<Point>) -> Result<(), BlockError> {
        for (name, before, count) in self.metrics() {
            if name == key {
                points.extend(self.slice(before, count).ok_or(BlockError::Broken)?);
            }
        }
        Ok(())
    }

    /// Adds all points to those of their metrics.
    ///
    /// # Errors
    /// If the bytes aren't a block.
    pub fn add_to(&self, metrics: &mut HashMap<String, Vec<Point>>) -> Result<(), BlockError> {
        let points = self.slice(0, self.values.len() / 8).ok_or(BlockError::Broken)?;
        for (name, before, count) in self.metrics() {
            let points = &points[before..before + count];
            match metrics.get_mut(name) {
                Some(known) => known.extend_from_slice(points),
                None => {
                    metrics.insert(name.to_owned(), points.to_vec());
                }
            }
        }
        Ok(())
    }

    fn slice(&self, from: usize, count: usize) -> Option<Vec<Point>> {
        let until = from + count;
        let steps = column::take_differences(until, &mut &*self.steps)?;
        let times = column::take_differences(until, &mut &*self.times)?;
        let values = column::take_doubles(count, &mut self.values.get(from * 8..)?)?;
        let points = steps.into_iter().zip(times).skip(from).zip(values);
        Some(points.map(|((step, timestamp), value)| Point { step, timestamp, value }).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(logged: &[(String, Point)]) {
        let mut builder = Builder::default();
        for (key, point) in logged {
            builder.push(key, *point);
        }
        assert_eq!(builder.count(), logged.len());
        let data = builder.pack();
        let mut found = 0;
        let mut metrics = HashMap::new();
        Block::open(&data).unwrap().add_to(&mut metrics).unwrap();
        for (key, points) in metrics {
            let expected: Vec<Point> =
                logged.iter().filter(|(name, _)| *name == key).map(|(_, point)| *point).collect();
            let mut alone = Vec::new();
            Block::open(&data).unwrap().points_of(&key, &mut alone).unwrap();
            assert_eq!((&points, &alone), (&expected, &expected), "{key}");
            found += points.len();
        }
        assert_eq!(found, logged.len());
        let mut none = Vec::new();
        Block::open(&data).unwrap().points_of("no such metric", &mut none).unwrap();
        assert_eq!(none, []);
        for cut in 0..data.len() {
            assert!(Block::open(&data[..cut]).is_err(), "cut at {cut}");
        }
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(raw in prop::collection::vec(("[a-c]{1,3}|é[xyz]?", any::<i64>(), 0i64.., any::<f64>()), 0..60)) {
            let logged: Vec<_> = raw.into_iter().map(|(key, step, timestamp, value)| (key, Point { step, timestamp, value })).collect();
            check(&logged);
        }

        #[test]
        fn other_bytes_are_refused_without_a_panic(mut data in prop::collection::vec(any::<u8>(), 1..200)) {
            data[0] = FORMAT;
            if let Ok(block) = Block::open(&data) {
                let _ = block.points_of("a", &mut Vec::new());
                let _ = block.add_to(&mut HashMap::new());
            }
        }
    }

    #[test]
    fn a_thousand_metrics_of_one_step_take_little_more_than_their_values() {
        let keys: Vec<String> =
            (0..1000).map(|i| format!("layers.{:02}.weight.grad_norm.{i:03}", i / 20)).collect();
        let mut builder = Builder::default();
        for key in &keys {
            builder.push(key, Point { step: 123_456, timestamp: 1_700_000_000_000, value: 0.1 });
        }
        let bytes = builder.pack().len();
        assert!(bytes < 16_000, "{bytes}");
    }
}
