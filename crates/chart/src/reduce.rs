//! Fewer points, same picture: of the points that follow one another in one column of pixels only the first, the
//! lowest, the highest and the last are kept, in their order. No peak is lost, both ends are kept.

/// A place on the canvas in CSS pixels, finite. y grows downwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pixel {
    pub x: f64,
    pub y: f64,
}

#[derive(Clone, Copy)]
struct Kept {
    order: u32,
    pixel: Pixel,
}

/// The points of the column that is being filled.
struct Column {
    number: i64,
    count: u32,
    first: Kept,
    lowest: Kept,
    highest: Kept,
    last: Kept,
}

/// Takes pixels one by one and hands on those that matter.
pub(crate) struct Reducer {
    columns_per_pixel: f64,
    edges: (i64, i64),
    open: Option<Column>,
}

impl Reducer {
    /// A reducer for pixels between `left` and `right`; what lies further out counts as one column on each side.
    pub fn new(left: f64, right: f64, columns_per_pixel: f64) -> Reducer {
        let edges =
            ((left * columns_per_pixel).floor() as i64 - 1, (right * columns_per_pixel).ceil() as i64 + 1);
        Reducer { columns_per_pixel, edges, open: None }
    }

    /// One more pixel of the line.
    pub fn push(&mut self, pixel: Pixel, keep: &mut impl FnMut(Pixel)) {
        let number = ((pixel.x * self.columns_per_pixel).floor() as i64).clamp(self.edges.0, self.edges.1);
        if let Some(column) = &mut self.open
            && column.number == number
        {
            let kept = Kept { order: column.count, pixel };
            column.count = column.count.saturating_add(1);
            if pixel.y < column.lowest.pixel.y {
                column.lowest = kept;
            }
            if pixel.y > column.highest.pixel.y {
                column.highest = kept;
            }
            column.last = kept;
            return;
        }
        self.finish(keep);
        let kept = Kept { order: 0, pixel };
        self.open = Some(Column { number, count: 1, first: kept, lowest: kept, highest: kept, last: kept });
    }

    /// The line ends or breaks here.
    pub fn finish(&mut self, keep: &mut impl FnMut(Pixel)) {
        let Some(Column { first, lowest, highest, last, .. }) = self.open.take() else { return };
        let (a, b) = if lowest.order < highest.order { (lowest, highest) } else { (highest, lowest) };
        let mut before = None;
        for kept in [first, a, b, last] {
            if before != Some(kept.order) {
                keep(kept.pixel);
            }
            before = Some(kept.order);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reduce(pixels: &[Pixel]) -> Vec<Pixel> {
        let (mut reducer, mut kept) = (Reducer::new(0.0, 100.0, 1.0), Vec::new());
        for &pixel in pixels {
            reducer.push(pixel, &mut |p| kept.push(p));
        }
        reducer.finish(&mut |p| kept.push(p));
        kept
    }

    fn check(before: &[(f64, f64)], after: &[(f64, f64)]) {
        let pixels = |points: &[(f64, f64)]| points.iter().map(|&(x, y)| Pixel { x, y }).collect::<Vec<_>>();
        assert_eq!(reduce(&pixels(before)), pixels(after));
    }

    #[test]
    fn a_column_keeps_first_lowest_highest_last() {
        check(
            &[(1.0, 5.0), (1.1, 6.0), (1.2, 9.0), (1.3, 5.0), (1.4, 1.0), (1.5, 2.0), (1.6, 4.0)],
            &[(1.0, 5.0), (1.2, 9.0), (1.4, 1.0), (1.6, 4.0)],
        );
    }

    #[test]
    fn sparse_points_stay_as_they_are() {
        check(&[(0.0, 1.0), (1.0, 2.0), (2.0, 0.0)], &[(0.0, 1.0), (1.0, 2.0), (2.0, 0.0)]);
    }

    proptest! {
        #[test]
        fn no_peak_is_lost(mut points in prop::collection::vec((0.0..100.0f64, -50.0..50.0f64), 1..400)) {
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            let pixels: Vec<Pixel> = points.iter().map(|&(x, y)| Pixel { x, y }).collect();
            let kept = reduce(&pixels);
            prop_assert_eq!(kept.first(), pixels.first());
            prop_assert_eq!(kept.last(), pixels.last());
            let mut rest = pixels.iter();
            prop_assert!(kept.iter().all(|k| rest.any(|p| p == k)), "the order is not kept");
            for column in 0..100 {
                let ends = |all: &[Pixel]| {
                    let ys = all.iter().filter(|p| p.x.floor() as i64 == column).map(|p| p.y);
                    ys.fold((f64::MAX, f64::MIN, 0), |(lo, hi, n), y| (lo.min(y), hi.max(y), n + 1))
                };
                let ((lo, hi, _), (kept_lo, kept_hi, n)) = (ends(&pixels), ends(&kept));
                prop_assert_eq!((lo, hi), (kept_lo, kept_hi));
                prop_assert!(n <= 4);
            }
        }
    }
}
