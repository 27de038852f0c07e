//! Which rows and columns of a large table are in sight. Pure: numbers in, numbers out.

use std::ops::Range;

/// Rows that are made beyond each edge of what is seen, so that scrolling a little shows no gap.
const SPARE_ROWS: u64 = 12;

/// CSS pixels beyond each edge within which columns are made.
const SPARE_PIXELS: f64 = 400.0;

/// The highest table that browsers scroll exactly, in CSS pixels.
const HIGHEST: f64 = 15_000_000.0;

/// What a frame shows of its content, in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct View {
    /// How far it is scrolled down.
    pub top: f64,
    /// How far it is scrolled to the right.
    pub left: f64,
    /// Its inner width.
    pub width: f64,
    /// Its inner height.
    pub height: f64,
    /// Height of a row.
    pub row: f64,
}

impl View {
    /// The rows to make, of so many.
    pub fn rows(&self, count: u64) -> Range<u64> {
        if self.row <= 0.0 {
            return 0..0;
        }
        let first = (self.top / self.row).max(0.0) as u64;
        let shown = (self.height / self.row).ceil().max(0.0) as u64 + 1;
        let first = first.min(count.saturating_sub(shown));
        first.saturating_sub(SPARE_ROWS)..(first + shown + SPARE_ROWS).min(count)
    }

    /// The rows that are seen themselves, counted from 1, ends included; `None` without any. `head` is the height of what
    /// stays in sight above them.
    pub fn seen(&self, count: u64, head: f64) -> Option<(u64, u64)> {
        if count == 0 || self.row <= 0.0 {
            return None;
        }
        let first = (self.top / self.row + 0.5) as u64;
        let last = ((self.top + self.height - head) / self.row - 0.5).max(0.0) as u64;
        Some((first.min(count - 1) + 1, last.min(count - 1) + 1))
    }

    /// The columns to make, of those that aren't pinned, by their widths.
    pub fn columns(&self, pinned: f64, widths: &[f64]) -> Range<usize> {
        let (from, to) = (self.left - SPARE_PIXELS, self.left + self.width - pinned + SPARE_PIXELS);
        let mut right = 0.0;
        let mut range = None::<Range<usize>>;
        for (index, width) in widths.iter().enumerate() {
            let left = right;
            right += width;
            if right > from && left < to {
                range = Some(range.map_or(index, |range| range.start)..index + 1);
            }
        }
        range.unwrap_or(0..0)
    }
}

/// As many rows of this height as can be scrolled through.
pub fn at_most(count: u64, row: f64) -> u64 {
    if row <= 0.0 { count } else { count.min((HIGHEST / row) as u64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(top: f64) -> View {
        View { top, left: 0.0, width: 1000.0, height: 320.0, row: 32.0 }
    }

    #[test]
    fn rows_in_sight_and_some_beyond_are_made() {
        assert_eq!(view(0.0).rows(1000), 0..23);
        assert_eq!(view(3200.0).rows(1000), 88..123);
        assert_eq!(view(31_700.0).rows(1000), 977..1000);
        assert_eq!(view(0.0).rows(3), 0..3);
        assert_eq!(view(99_999.0).rows(3), 0..3, "scrolled beyond what is left after a filter");
        assert_eq!(View::default().rows(1000), 0..0);
    }

    #[test]
    fn rows_that_are_seen_are_counted_from_one() {
        assert_eq!(view(0.0).seen(1000, 64.0), Some((1, 8)));
        assert_eq!(view(320.0).seen(1000, 64.0), Some((11, 18)));
        assert_eq!(view(0.0).seen(3, 64.0), Some((1, 3)));
        assert_eq!(view(0.0).seen(0, 64.0), None);
    }

    #[test]
    fn columns_in_sight_and_some_beyond_are_made() {
        let widths = [100.0; 50];
        let at = |left: f64| View { left, ..view(0.0) }.columns(300.0, &widths);
        assert_eq!(at(0.0), 0..11);
        assert_eq!(at(2000.0), 16..31);
        assert_eq!(at(4300.0), 39..50);
        assert_eq!(view(0.0).columns(0.0, &[]), 0..0);
    }

    #[test]
    fn a_table_is_no_higher_than_browsers_can_scroll() {
        assert_eq!(at_most(100_000, 32.0), 100_000);
        assert_eq!(at_most(10_000_000, 32.0), 468_750);
    }
}
