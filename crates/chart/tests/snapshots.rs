//! What charts look like: SVG documents in `snapshots/`, compared to the letter. After a change that is meant, run with
//! `UPDATE_SNAPSHOTS=1`, look at the pictures and commit them.

#![allow(clippy::unwrap_used)] // a failed test may panic

use std::path::Path;

use chart::{
    Emphasis, Figure, Frame, Point, Scale, Series, Smoothing, Theme, Window, XAxis, series_color, svg,
};

fn check(name: &str, figure: &Figure, frame: Frame, theme: &Theme) {
    let (width, height) = if frame == Frame::Titled { (800, 420) } else { (480, 240) };
    let drawn = svg(figure, width, height, frame, theme);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name).with_extension("svg");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &drawn).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(drawn == kept, "{name} has changed: run with UPDATE_SNAPSHOTS=1 and look at the difference");
}

fn line(name: &str, index: usize, points: impl IntoIterator<Item = (f64, f64)>) -> Series {
    Series::new(name, series_color(index), points.into_iter().map(|(x, y)| Point { x, y }).collect())
}

/// The same "random" numbers in 0..1 on every machine.
fn noise(seed: u32) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1u32 << 24)
    }
}

/// A loss that falls with noise, as training runs do.
fn loss(seed: u32, steps: u32, floor: f64) -> Vec<(f64, f64)> {
    let mut noise = noise(seed);
    let n = f64::from(steps);
    (0..=steps)
        .map(|step| {
            let t = f64::from(step) / n;
            (f64::from(step), (floor + 2.0 / (1.0 + 18.0 * t)) * (0.92 + 0.16 * noise()))
        })
        .collect()
}

#[test]
fn two_curves_with_gaps() {
    let mut first = loss(1, 60, 0.2);
    first[20].1 = f64::NAN;
    first[21].1 = f64::NAN;
    first[40].1 = f64::INFINITY;
    let mut second = loss(2, 45, 0.4);
    second[30].1 = f64::NEG_INFINITY;
    let figure = Figure {
        title: "train/loss".into(),
        series: vec![line("bold-fox-12", 0, first), line("calm-otter-7", 1, second)],
        ..Figure::default()
    };
    check("two_curves_with_gaps", &figure, Frame::Bare, &Theme::LIGHT);
    check("two_curves_with_gaps_dark", &figure, Frame::Titled, &Theme::DARK);
}

#[test]
fn means_with_bands() {
    let group = |index: usize, floor: f64| {
        let points = loss(index as u32 + 9, 50, floor);
        let band = points.iter().map(|(step, y)| (y - 0.05 - step / 300.0, y + 0.08)).collect();
        Series { band, ..line(&format!("lr {floor}"), index, points) }
    };
    let figure =
        Figure { title: "val/loss".into(), series: vec![group(0, 0.2), group(1, 0.6)], ..Figure::default() };
    check("bands", &figure, Frame::Titled, &Theme::LIGHT);
}

#[test]
fn many_points_smoothed() {
    let mut figure = Figure {
        title: "train/loss".into(),
        series: (0..4)
            .map(|i| line(&format!("run-{i}"), i as usize, loss(i + 3, 4000, 0.1 + 0.15 * f64::from(i))))
            .collect(),
        smoothing: Smoothing::Ema(0.9),
        ..Figure::default()
    };
    figure.series[0].total = 250_000;
    check("smoothed", &figure, Frame::Titled, &Theme::LIGHT);
    figure.smoothing = Smoothing::None;
    for (i, series) in figure.series.iter_mut().enumerate() {
        series.emphasis = if i == 2 { Emphasis::Highlighted } else { Emphasis::Dimmed };
    }
    check("highlighted", &figure, Frame::Bare, &Theme::DARK);
}

#[test]
fn log_scale() {
    let rate = (0..=200).map(|step| (f64::from(step), 3e-3 * 10f64.powf(-f64::from(step) / 60.0)));
    let zeros = (0..=200).map(|step| (f64::from(step), if step < 40 { 0.0 } else { f64::from(step) * 1e-6 }));
    let figure = Figure {
        title: "learning rate".into(),
        series: vec![line("cosine", 0, rate), line("warm-up", 5, zeros)],
        y: Scale::Log10,
        ..Figure::default()
    };
    check("log_scale", &figure, Frame::Titled, &Theme::LIGHT);
}

#[test]
fn log_steps() {
    let figure = Figure {
        title: "accuracy".into(),
        series: vec![line(
            "run",
            2,
            (0..=5000).map(|step| (f64::from(step), 1.0 - 1.0 / (1.0 + f64::from(step) / 50.0))),
        )],
        x: XAxis::Step(Scale::Log10),
        ..Figure::default()
    };
    check("log_steps", &figure, Frame::Bare, &Theme::LIGHT);
}

#[test]
fn wall_time() {
    let start = 1_772_625_600_000.0;
    let figure = Figure {
        title: "gpu memory (bytes)".into(),
        series: vec![line(
            "node-a",
            9,
            loss(9, 90, 3.0).into_iter().map(|(x, y)| (start + x * 600_000.0, y * 1e10)),
        )],
        x: XAxis::WallTime,
        ..Figure::default()
    };
    check("wall_time", &figure, Frame::Bare, &Theme::LIGHT);
}

#[test]
fn relative_time() {
    let figure = Figure {
        title: "eval/f1".into(),
        series: (0..3)
            .map(|i| {
                line(
                    &format!("seed {i}"),
                    i as usize,
                    loss(i + 20, 12, 0.3).into_iter().map(|(x, y)| (x * 660.0, 1.0 - y / 4.0)),
                )
            })
            .collect(),
        x: XAxis::RelativeTime(Scale::Linear),
        ..Figure::default()
    };
    check("relative_time", &figure, Frame::Bare, &Theme::DARK);
}

#[test]
fn zoomed_in() {
    let figure = Figure {
        title: "train/loss".into(),
        series: vec![line("bold-fox-12", 0, loss(1, 2000, 0.2))],
        x_window: Window::new(400.0, 460.0),
        y_window: Window::new(0.5, 0.65),
        ..Figure::default()
    };
    check("zoomed_in", &figure, Frame::Bare, &Theme::LIGHT);
}

#[test]
fn nothing_to_see() {
    let empty = Figure { title: "loss".into(), ..Figure::default() };
    check("empty", &empty, Frame::Bare, &Theme::LIGHT);
    let figure = Figure {
        title: "loss".into(),
        series: vec![line("diverged", 1, (0..50).map(|x| (f64::from(x), f64::NAN)))],
        ..Figure::default()
    };
    check("all_nan", &figure, Frame::Bare, &Theme::DARK);
}

#[test]
fn one_point_and_a_constant() {
    let figure = Figure {
        title: "test/accuracy".into(),
        series: vec![line("final", 0, [(100.0, 0.9312)])],
        ..Figure::default()
    };
    check("one_point", &figure, Frame::Bare, &Theme::LIGHT);
    let figure = Figure {
        title: "epoch".into(),
        series: vec![line("constant", 0, (0..500).map(|x| (f64::from(x), 3.0)))],
        ..Figure::default()
    };
    check("constant", &figure, Frame::Bare, &Theme::LIGHT);
}

#[test]
fn many_runs_in_the_legend() {
    let series = (0..40)
        .map(|i| line(&format!("sweep-{i:02} <lr & \"wd\">"), i as usize, loss(i, 300, 0.05 * f64::from(i))));
    let figure = Figure { title: "val/loss".into(), series: series.collect(), ..Figure::default() };
    check("many_runs", &figure, Frame::Titled, &Theme::DARK);
}
