//! Whatever is logged and however it is looked at: nothing panics, nothing is drawn outside the plot.

#![allow(clippy::unwrap_used)] // a failed test may panic

use chart::*;
use proptest::prelude::*;

/// Numbers as people log them, and as programs that went wrong do.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -1e3..1e3f64,
        2 => any::<f64>(),
        1 => prop::sample::select(vec![
            0.0, -0.0, 1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324,
            1e300, -1e300, 1e-300, 1.7e12, 8.64e15, 9e15,
        ]),
    ]
}

fn series() -> impl Strategy<Value = Series> {
    let points = prop::collection::vec((number(), number()), 0..40);
    let band = prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec((number(), number()), 0..40)];
    (points, band, ".{0,12}", 0..40usize, any::<u64>(), 0..3u8).prop_map(
        |(points, band, name, color, total, emphasis)| Series {
            band,
            name,
            color: series_color(color),
            points: points.into_iter().map(|(x, y)| Point { x, y }).collect(),
            total,
            emphasis: [Emphasis::Normal, Emphasis::Dimmed, Emphasis::Highlighted][usize::from(emphasis)],
        },
    )
}

fn figure() -> impl Strategy<Value = Figure> {
    let scale = || prop::sample::select(vec![Scale::Linear, Scale::Log10]);
    let x = (0..4u8, scale()).prop_map(|(kind, scale)| match kind {
        0 => XAxis::Step(scale),
        1 => XAxis::WallTime,
        2 => XAxis::RelativeTime(scale),
        _ => XAxis::Metric("x".into(), scale),
    });
    let window = || (number(), number()).prop_map(|(a, b)| Window::new(a, b));
    let smoothing = prop_oneof![
        Just(Smoothing::None),
        any::<f32>().prop_map(Smoothing::Ema),
        (0.0..1.0f32).prop_map(Smoothing::Ema)
    ];
    let windows = prop_oneof![3 => Just((None, None)), 2 => (window(), window())];
    (".{0,20}", prop::collection::vec(series(), 0..4), x, scale(), smoothing, windows).prop_map(
        |(title, series, x, y, smoothing, (x_window, y_window))| Figure {
            title,
            series,
            x,
            y,
            smoothing,
            x_window,
            y_window,
        },
    )
}

fn size() -> impl Strategy<Value = u32> {
    prop_oneof![0..50u32, 50..1500u32, Just(u32::MAX)]
}

/// The coordinates of all lines of a drawing, in CSS pixels.
fn line_pixels(svg: &str) -> impl Iterator<Item = (f64, f64)> {
    let lists =
        svg.lines().filter(|l| l.starts_with("<polyline")).filter_map(|l| l.split("points=\"").nth(1));
    lists.flat_map(|l| l.split(['"', ' ']).take_while(|pair| pair.contains(','))).map(|pair| {
        let (x, y) = pair.split_once(',').unwrap();
        (x.parse::<f64>().unwrap() / 4.0, y.parse::<f64>().unwrap() / 4.0)
    })
}

proptest! {
    #[test]
    fn any_figure_can_be_drawn(figure in figure(), width in size(), height in size(), titled: bool) {
        let frame = if titled { Frame::Titled } else { Frame::Bare };
        let drawn = svg(&figure, width, height, frame, &Theme::LIGHT);
        prop_assert!(drawn.ends_with("</svg>\n"));
        prop_assert!(!drawn.contains(|c: char| c.is_control() && c != '\n'), "not XML");

        let plot = Layout::new(&figure, width, height, Frame::Bare).plot();
        for (x, y) in line_pixels(&svg(&figure, width, height, Frame::Bare, &Theme::DARK)) {
            prop_assert!(x >= plot.left - 0.5 && x <= plot.right + 0.5, "x {x} of {plot:?}");
            prop_assert!(y >= plot.top - 0.5 && y <= plot.bottom + 0.5, "y {y} of {plot:?}");
        }
    }

    #[test]
    fn any_figure_can_be_asked(figure in figure(), width in size(), height in size(), x in 0.0..1.0f64, y in 0.0..1.0f64) {
        let layout = Layout::new(&figure, width, height, Frame::Bare);
        let plot = layout.plot();
        let pointer = (plot.left + x * plot.width(), plot.top + y * plot.height());
        let hits = nearest(&figure, &layout, pointer.0, pointer.1);
        prop_assert!(hits.len() <= figure.series.len());
        prop_assert!(hits.is_sorted_by(|a, b| a.distance <= b.distance));
        for hit in hits {
            prop_assert!(figure.series[hit.series].points.iter().any(|p| p.x == hit.point.x));
            prop_assert!((plot.top..=plot.bottom).contains(&hit.at.1));
        }
        let data = layout.to_data(pointer.0, pointer.1);
        prop_assert!(data.x.is_finite() && data.y.is_finite());
        for ticks in [layout.x_ticks(), layout.y_ticks()] {
            prop_assert!(ticks.len() <= 101);
            let mut labels: Vec<_> = ticks.iter().map(|t| &t.label).collect();
            labels.dedup();
            prop_assert_eq!(labels.len(), ticks.len(), "neighbours read the same: {:?}", ticks);
        }
        describe(&figure);
        badge(&figure);
    }
}
