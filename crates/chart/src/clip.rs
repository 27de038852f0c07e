//! Lines are cut exactly at the border of the plot. plotters would move the points outside to the edge, which bends the
//! line. Cutting happens in pixels, so it is exact on a logarithmic scale too: lines are straight in pixels.

use crate::{layout::Rect, reduce::Pixel};

/// The part of the line from `a` to `b` that lies within the plot (Liang and Barsky); `None` where it lies outside.
pub(crate) fn clip(a: Pixel, b: Pixel, plot: &Rect) -> Option<(Pixel, Pixel)> {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    // For each border: how fast the line leaves the plot across it, and how far inside it starts.
    for (speed, inside) in
        [(-dx, a.x - plot.left), (dx, plot.right - a.x), (-dy, a.y - plot.top), (dy, plot.bottom - a.y)]
    {
        if speed == 0.0 {
            if inside < 0.0 {
                return None;
            }
        } else if speed < 0.0 {
            enter = enter.max(inside / speed);
        } else {
            leave = leave.min(inside / speed);
        }
    }
    if enter > leave {
        return None;
    }
    // Rounding must not push a cut end over the border.
    let at = |t: f64| Pixel {
        x: (a.x + t * dx).clamp(plot.left, plot.right),
        y: (a.y + t * dy).clamp(plot.top, plot.bottom),
    };
    Some((if enter > 0.0 { at(enter) } else { a }, if leave < 1.0 { at(leave) } else { b }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLOT: Rect = Rect { left: 0.0, top: 0.0, right: 100.0, bottom: 50.0 };

    type Line = ((f64, f64), (f64, f64));

    fn cut(((ax, ay), (bx, by)): Line) -> Option<Line> {
        clip(Pixel { x: ax, y: ay }, Pixel { x: bx, y: by }, &PLOT).map(|(a, b)| ((a.x, a.y), (b.x, b.y)))
    }

    fn check(line: Line, expected: Option<Line>) {
        assert_eq!(cut(line), expected);
    }

    #[test]
    fn lines_are_cut_at_the_border() {
        check(((10.0, 10.0), (20.0, 20.0)), Some(((10.0, 10.0), (20.0, 20.0))));
        check(((50.0, 25.0), (50.0, 100.0)), Some(((50.0, 25.0), (50.0, 50.0))));
        check(((-50.0, 0.0), (50.0, 50.0)), Some(((0.0, 25.0), (50.0, 50.0))));
        check(((-10.0, 25.0), (110.0, 25.0)), Some(((0.0, 25.0), (100.0, 25.0))));
        check(((-10.0, -10.0), (110.0, -5.0)), None);
        check(((-10.0, 45.0), (10.0, 65.0)), None);
    }

    proptest! {
        #[test]
        fn what_is_left_lies_on_the_line_and_within_the_plot(
            ax in -1e3..1e3f64, ay in -1e3..1e3f64, bx in -1e3..1e3f64, by in -1e3..1e3f64,
        ) {
            let Some(((cx, cy), (dx, dy))) = cut(((ax, ay), (bx, by))) else { return Ok(()) };
            for (x, y) in [(cx, cy), (dx, dy)] {
                prop_assert!((0.0..=100.0).contains(&x) && (0.0..=50.0).contains(&y));
                let off_the_line = (bx - ax) * (y - ay) - (by - ay) * (x - ax);
                prop_assert!(off_the_line.abs() < 1e-6 * (1.0 + (bx - ax).hypot(by - ay)) * 1e3);
            }
        }
    }
}
