//! What a value is estimated to be between the runs: inverse-distance weighting on a grid, cut into bands.

use crate::layout::Rect;

/// A place with a value; the value is a share of its axis in 0..=1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Source {
    pub x: f64,
    pub y: f64,
    pub share: f64,
}

/// A part of a row of the grid that lies in one band.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Strip {
    pub place: Rect,
    /// The middle of the band, as a share of the axis.
    pub share: f64,
}

/// How many bands there are.
const BANDS: f64 = 10.0;
/// The side of a square of the grid, in pixels.
const SQUARE: f64 = 5.0;
/// With more sources than this, those near to each other are taken together.
const MANY: usize = 400;
/// Into how many parts each side is cut to take sources together.
const TOGETHER: usize = 20;

/// The bands over a rectangle, as strips from above.
pub(crate) fn bands(sources: &[Source], plot: Rect) -> Vec<Strip> {
    let thinned = thin(sources, plot);
    let columns = (plot.width() / SQUARE).ceil().clamp(1.0, 160.0) as usize;
    let rows = (plot.height() / SQUARE).ceil().clamp(1.0, 100.0) as usize;
    let (wide, high) = (plot.width() / columns as f64, plot.height() / rows as f64);
    let mut strips: Vec<Strip> = Vec::new();
    if thinned.is_empty() {
        return strips;
    }
    for row in 0..rows {
        let top = plot.top + high * row as f64;
        for column in 0..columns {
            let left = plot.left + wide * column as f64;
            let share = estimate(&thinned, left + wide / 2.0, top + high / 2.0);
            let band = ((share * BANDS).floor().clamp(0.0, BANDS - 1.0) + 0.5) / BANDS;
            match strips.last_mut() {
                Some(last) if column > 0 && last.share == band => last.place.right = left + wide,
                _ => {
                    let place = Rect { left, top, right: left + wide, bottom: top + high };
                    strips.push(Strip { place, share: band });
                }
            }
        }
    }
    strips
}

/// The mean of all sources, weighted by the inverse of their squared distances.
fn estimate(sources: &[Source], x: f64, y: f64) -> f64 {
    let (mut sum, mut weights) = (0.0, 0.0);
    for source in sources {
        // At least one pixel apart, so a source is met rather than divided by.
        let weight = 1.0 / ((source.x - x).powi(2) + (source.y - y).powi(2)).max(1.0);
        sum += source.share * weight;
        weights += weight;
    }
    sum / weights
}

/// Fewer sources that say about the same: the means of those near to each other.
fn thin(sources: &[Source], plot: Rect) -> Vec<Source> {
    if sources.len() <= MANY {
        return sources.to_vec();
    }
    let part = |from: f64, length: f64, at: f64| {
        (((at - from) / length * TOGETHER as f64).max(0.0) as usize).min(TOGETHER - 1)
    };
    let mut sums = vec![(0.0, 0.0, 0.0, 0.0); TOGETHER * TOGETHER];
    for source in sources {
        let column = part(plot.left, plot.width(), source.x);
        let row = part(plot.top, plot.height(), source.y);
        let (x, y, share, count) = &mut sums[row * TOGETHER + column];
        *x += source.x;
        *y += source.y;
        *share += source.share;
        *count += 1.0;
    }
    let filled = sums.into_iter().filter(|(.., count)| *count > 0.0);
    filled.map(|(x, y, share, n)| Source { x: x / n, y: y / n, share: share / n }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLOT: Rect = Rect { left: 0.0, top: 0.0, right: 100.0, bottom: 50.0 };

    fn at(strips: &[Strip], x: f64, y: f64) -> f64 {
        strips.iter().find(|strip| strip.place.contains(x, y)).unwrap().share
    }

    #[test]
    fn a_band_is_that_of_the_nearest_sources() {
        let sources = [Source { x: 2.5, y: 22.5, share: 0.0 }, Source { x: 97.5, y: 22.5, share: 1.0 }];
        let strips = bands(&sources, PLOT);
        assert_eq!(at(&strips, 2.0, 22.0), 0.05);
        assert_eq!(at(&strips, 98.0, 22.0), 0.95);
        assert!((0.4..0.6).contains(&estimate(&sources, 50.0, 22.5)));
    }

    #[test]
    fn strips_cover_the_plot() {
        let sources = [Source { x: 10.0, y: 10.0, share: 0.3 }, Source { x: 90.0, y: 30.0, share: 0.9 }];
        let covered: f64 = bands(&sources, PLOT).iter().map(|s| s.place.width() * s.place.height()).sum();
        assert!((covered - 5000.0).abs() < 1e-6);
        assert!(bands(&[], PLOT).is_empty());
    }

    #[test]
    fn many_sources_are_taken_together() {
        let source = |i: i32| Source { x: f64::from(i % 100), y: f64::from(i / 100), share: 0.5 };
        let sources: Vec<Source> = (0..5000).map(source).collect();
        let thinned = thin(&sources, PLOT);
        assert!(thinned.len() <= TOGETHER * TOGETHER);
        assert!(thinned.iter().all(|source| (source.share - 0.5).abs() < 1e-9));
    }
}
