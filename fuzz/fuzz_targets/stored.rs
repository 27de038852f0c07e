//! What the metric store packs: any points come back to the last bit, and bytes that are none, as a damaged disk may give them, are
//! an error and no more.
#![no_main]

use domain::metric::{
    block::{Block, Builder},
    segment::{self, Packing},
    sheet,
};
use libfuzzer_sys::fuzz_target;
use model::metric::{MetricSummary, Point};
use std::collections::HashMap;

fuzz_target!(|bytes: &[u8]| {
    // The first byte says what the others are.
    let Some((kind, data)) = bytes.split_first() else { return };
    match kind {
        b'b' => block(data),
        b's' => segments(data),
        b'h' => sheets(data),
        b'p' => points(data),
        _ => {}
    }
});

fn block(data: &[u8]) {
    let Ok(block) = Block::open(data) else { return };
    let mut metrics = HashMap::new();
    if block.add_to(&mut metrics).is_err() {
        return;
    }
    for (key, points) in metrics {
        let mut alone = Vec::new();
        assert!(block.points_of(&key, &mut alone).is_ok(), "{key:?}");
        assert_eq!(bits(&alone), bits(&points), "{key:?}");
    }
}

fn segments(data: &[u8]) {
    let mut points = Vec::new();
    if segment::unpack(data, &mut points).is_err() {
        assert!(points.is_empty());
    }
}

fn sheets(data: &[u8]) {
    let Ok(Some(summaries)) = sheet::unpack(data) else { return };
    if summaries.len() > sheet::MOST_METRICS {
        return;
    }
    let again = sheet::unpack(&sheet::pack(summaries.iter())).ok().flatten();
    // Two NaNs aren't equal.
    assert_eq!(format!("{again:?}"), format!("{:?}", Some(summaries)));
}

/// Points made of the bytes, each of a metric that its first byte names.
fn points(data: &[u8]) {
    let (pieces, _) = data.as_chunks::<25>();
    let number = |piece: &[u8; 25], at: usize| {
        let mut number = [0; 8];
        number.copy_from_slice(&piece[at..at + 8]);
        i64::from_le_bytes(number)
    };
    let logged: Vec<(String, Point)> = pieces
        .iter()
        .map(|piece| {
            let value = f64::from_bits(number(piece, 17).cast_unsigned());
            let point = Point { step: number(piece, 1), timestamp: number(piece, 9), value };
            (format!("m{}", piece[0] % 8), point)
        })
        .collect();
    let all: Vec<Point> = logged.iter().map(|(_, point)| *point).collect();
    for packing in [Packing::Quick, Packing::Small] {
        let mut back = Vec::new();
        assert!(segment::unpack(&segment::pack(&all, packing), &mut back).is_ok());
        assert_eq!(bits(&back), bits(&all));
    }
    let mut builder = Builder::default();
    for (key, point) in &logged {
        builder.push(key, *point);
    }
    let packed = builder.pack();
    let mut metrics = HashMap::new();
    assert!(Block::open(&packed).is_ok_and(|block| block.add_to(&mut metrics).is_ok()));
    let mut summaries = Vec::new();
    for (key, points) in &metrics {
        let of_key: Vec<Point> =
            logged.iter().filter(|(name, _)| name == key).map(|(_, point)| *point).collect();
        assert_eq!(bits(points), bits(&of_key), "{key}");
        if let Some((first, others)) = points.split_first() {
            let mut summary = MetricSummary::of(key, *first);
            others.iter().for_each(|point| summary.add(*point));
            summaries.push(summary);
        }
    }
    let back = sheet::unpack(&sheet::pack(summaries.iter())).ok().flatten();
    assert_eq!(format!("{back:?}"), format!("{:?}", Some(summaries)));
}

fn bits(points: &[Point]) -> Vec<(i64, i64, u64)> {
    points.iter().map(|point| (point.step, point.timestamp, point.value.to_bits())).collect()
}
