//! What plots of runs look like: SVG documents in `snapshots/`, compared to the letter, as those of `snapshots.rs`; and
//! whatever runs hold and however a plot is looked at, nothing panics.

#![allow(clippy::unwrap_used)] // a failed test may panic

use std::path::Path;

use chart::{
    Axis, Bar, Bars, BoxGroup, BoxKind, Boxes, Direction, Emphasis, Heatmap, HeatmapPoint, Histogram,
    HistogramGroup, Parallel, ParallelLine, Plot, PlotHit, PlotLayout, Scale, Scatter, ScatterPoint, Theme,
    Window, describe_plot, plot_svg, series_color,
};
use proptest::prelude::*;

fn check(name: &str, plot: &Plot, theme: &Theme) {
    let drawn = plot_svg(plot, 640, PlotLayout::wanted_height(plot, 640), theme);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name).with_extension("svg");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &drawn).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(drawn == kept, "{name} has changed: run with UPDATE_SNAPSHOTS=1 and look at the difference");
}

/// What one run of a sweep has.
struct Run {
    rate: f64,
    /// The index of its optimizer.
    optimizer: usize,
    batch: f64,
    seconds: f64,
    loss: f64,
}

/// A sweep that is the same on every machine: the loss is best at a rate of about 0.003, and "sgd" is worse.
fn sweep(count: u32) -> Vec<Run> {
    let mut state = 7u32;
    let mut noise = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1u32 << 24)
    };
    let run = |i: u32| {
        let power = -5.0 + 4.0 * noise();
        let optimizer = (i % 3) as usize;
        let batch = f64::from(16u32 << (i % 5));
        let worse = if optimizer == 1 { 0.4 } else { 0.0 };
        let loss = 0.3 + worse + 0.25 * (power + 2.5).powi(2) + 0.2 * noise();
        let seconds = 40_000.0 / batch + 300.0 * noise();
        // Some runs failed before they had a loss.
        Run {
            rate: 10f64.powf(power),
            optimizer,
            batch,
            seconds,
            loss: if i % 17 == 3 { f64::NAN } else { loss },
        }
    };
    (0..count).map(run).collect()
}

static OPTIMIZERS: [&str; 3] = ["adam", "sgd", "lion"];

fn optimizer() -> Axis {
    Axis::category("optimizer", OPTIMIZERS.map(str::to_owned).to_vec())
}

fn rate() -> Axis {
    Axis::number("optimizer.learning_rate", Scale::Log10)
}

fn batch() -> Axis {
    Axis::number("batch_size", Scale::Log10)
}

fn loss() -> Axis {
    Axis::number("val/loss", Scale::Linear)
}

#[test]
fn scatter() {
    let point = |run: &Run| ScatterPoint { color: run.batch, ..ScatterPoint::new(run.seconds, run.loss) };
    let mut scatter = Scatter {
        x: Axis::number("seconds", Scale::Linear),
        y: loss(),
        color: Some(batch()),
        size: None,
        points: sweep(60).iter().map(point).collect(),
        front: Some((Direction::Less, Direction::Less)),
    };
    check("plot_scatter", &Plot::Scatter(scatter.clone()), &Theme::LIGHT);
    for (i, point) in scatter.points.iter_mut().enumerate() {
        point.emphasis = if i == 12 { Emphasis::Highlighted } else { Emphasis::Dimmed };
    }
    check("plot_scatter_highlighted", &Plot::Scatter(scatter), &Theme::DARK);
}

#[test]
fn scatter_of_words_with_sizes() {
    let point = |run: &Run| ScatterPoint {
        color: run.optimizer as f64,
        size: run.batch,
        ..ScatterPoint::new(run.rate, run.loss)
    };
    let scatter = Scatter {
        x: rate(),
        y: loss(),
        color: Some(optimizer()),
        size: Some(Axis::number("batch_size", Scale::Linear)),
        points: sweep(40).iter().map(point).collect(),
        front: None,
    };
    check("plot_scatter_sizes", &Plot::Scatter(scatter), &Theme::DARK);
}

#[test]
fn parallel() {
    let line =
        |run: &Run| ParallelLine::new(vec![run.rate, run.optimizer as f64, run.batch, run.seconds, run.loss]);
    let mut parallel = Parallel {
        axes: vec![rate(), optimizer(), batch(), Axis::number("seconds", Scale::Linear), loss()],
        lines: sweep(80).iter().map(line).collect(),
        color: Some(4),
        brushes: Vec::new(),
    };
    check("plot_parallel", &Plot::Parallel(parallel.clone()), &Theme::LIGHT);
    parallel.brushes = vec![None, Window::new(-0.5, 0.5), None, None, Window::new(0.0, 0.8)];
    parallel.lines[0].emphasis = Emphasis::Highlighted;
    check("plot_parallel_brushed", &Plot::Parallel(parallel), &Theme::DARK);
}

#[test]
fn bars() {
    let runs = sweep(12);
    let bar = |(i, run): (usize, &Run)| Bar {
        whisker: (i % 2 == 0 && run.loss.is_finite()).then_some((run.loss - 0.1, run.loss + 0.2)),
        ink: series_color(i),
        ..Bar::new(format!("sweep-{i} <lr & \"wd\"> with a name that is much too long for its row"), run.loss)
    };
    let bars = Bars { label: "val/loss".into(), bars: runs.iter().enumerate().map(bar).collect() };
    check("plot_bars", &Plot::Bars(bars), &Theme::LIGHT);
    let bars = [("baseline", 0.0), ("wider", 0.042), ("no warm-up", -0.08), ("diverged", f64::INFINITY)];
    let bars = bars.map(|(label, value)| Bar::new(label, value)).to_vec();
    check("plot_bars_negative", &Plot::Bars(Bars { label: "change of f1".into(), bars }), &Theme::DARK);
}

#[test]
fn boxes() {
    let runs = sweep(90);
    let group = |(i, label): (usize, &&str)| BoxGroup {
        label: (*label).to_owned(),
        values: runs.iter().filter(|run| run.optimizer == i).map(|run| run.loss).collect(),
        ink: series_color(i),
    };
    let mut groups: Vec<BoxGroup> = OPTIMIZERS.iter().enumerate().map(group).collect();
    groups.push(BoxGroup { label: "none yet".into(), values: Vec::new(), ink: series_color(3) });
    let boxes = Boxes { value: loss(), groups, kind: BoxKind::Box };
    check("plot_boxes", &Plot::Boxes(boxes.clone()), &Theme::LIGHT);
    check("plot_violins", &Plot::Boxes(Boxes { kind: BoxKind::Violin, ..boxes }), &Theme::DARK);
}

#[test]
fn histogram() {
    let runs = sweep(300);
    let groups = OPTIMIZERS.iter().enumerate();
    let groups = groups.map(|(i, label)| HistogramGroup { label: (*label).to_owned(), ink: series_color(i) });
    let histogram = Histogram {
        value: loss(),
        items: runs.iter().map(|run| (run.loss, run.optimizer)).collect(),
        groups: groups.collect(),
    };
    check("plot_histogram", &Plot::Histogram(histogram), &Theme::LIGHT);
    let items = runs.iter().map(|run| (run.optimizer as f64, 0)).collect();
    let histogram = Histogram { value: optimizer(), items, groups: Vec::new() };
    check("plot_histogram_words", &Plot::Histogram(histogram), &Theme::DARK);
}

#[test]
fn heatmap() {
    let runs = sweep(200);
    let point = |run: &Run| HeatmapPoint { x: run.batch, y: run.optimizer as f64, value: run.loss };
    let points = runs.iter().map(point).collect();
    let heatmap = Heatmap { x: batch(), y: optimizer(), value: loss(), points, contours: false };
    check("plot_heatmap", &Plot::Heatmap(heatmap), &Theme::LIGHT);
    let point = |run: &Run| HeatmapPoint { x: run.rate, y: run.seconds, value: run.loss };
    let points = runs.iter().map(point).collect();
    let y = Axis::number("seconds", Scale::Linear);
    let heatmap = Heatmap { x: rate(), y, value: loss(), points, contours: false };
    check("plot_heatmap_bins", &Plot::Heatmap(heatmap.clone()), &Theme::DARK);
    check("plot_contours", &Plot::Heatmap(Heatmap { contours: true, ..heatmap }), &Theme::DARK);
}

#[test]
fn nothing_to_see() {
    let empty = Scatter { x: rate(), y: loss(), color: None, size: None, points: Vec::new(), front: None };
    check("plot_empty", &Plot::Scatter(empty), &Theme::LIGHT);
}

/// Numbers as people log them, and as programs that went wrong do; and indices of words.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -1e3..1e3f64,
        3 => (0..6u8).prop_map(f64::from),
        1 => any::<f64>(),
        1 => prop::sample::select(vec![
            0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 5e-324, 1e300, -1e300, 1e-300,
        ]),
    ]
}

fn axis() -> impl Strategy<Value = Axis> {
    let words = prop::collection::vec(".{0,12}", 0..5);
    (".{0,20}", 0..3u8, words).prop_map(|(label, kind, words)| match kind {
        0 => Axis::number(label, Scale::Linear),
        1 => Axis::number(label, Scale::Log10),
        _ => Axis::category(label, words),
    })
}

fn emphasis() -> impl Strategy<Value = Emphasis> {
    prop::sample::select(vec![Emphasis::Normal, Emphasis::Dimmed, Emphasis::Highlighted])
}

/// One plot of each kind of the same runs.
fn plots() -> impl Strategy<Value = Vec<Plot>> {
    let runs = prop::collection::vec((prop::collection::vec(number(), 4), emphasis()), 0..40);
    let axes = prop::collection::vec(axis(), 4);
    let brushes = prop::collection::vec((number(), number()).prop_map(|(a, b)| Window::new(a, b)), 0..5);
    (runs, axes, brushes, any::<bool>(), 0..5usize).prop_map(|(runs, axes, brushes, flag, count)| {
        let [x, y, color, size] = [0, 1, 2, 3].map(|i: usize| axes[i].clone());
        let ink = series_color(count);
        let scatter = Scatter {
            x: x.clone(),
            y: y.clone(),
            color: flag.then(|| color.clone()),
            size: (count > 2).then(|| size.clone()),
            points: runs
                .iter()
                .map(|(v, emphasis)| ScatterPoint {
                    x: v[0],
                    y: v[1],
                    color: v[2],
                    size: v[3],
                    ink,
                    emphasis: *emphasis,
                })
                .collect(),
            front: flag.then_some((Direction::Less, Direction::More)),
        };
        let bar = |(v, emphasis): &(Vec<f64>, Emphasis)| Bar {
            label: y.label.clone(),
            value: v[0],
            whisker: flag.then_some((v[1], v[2])),
            ink,
            emphasis: *emphasis,
        };
        let line = |(v, emphasis): &(Vec<f64>, Emphasis)| ParallelLine {
            values: v[..count.min(4)].to_vec(),
            ink,
            emphasis: *emphasis,
        };
        let group = |i: usize| BoxGroup {
            label: size.label.clone(),
            values: runs.iter().map(|(v, _)| v[i]).collect(),
            ink,
        };
        let heat = |(v, _): &(Vec<f64>, Emphasis)| HeatmapPoint { x: v[0], y: v[1], value: v[2] };
        vec![
            Plot::Scatter(scatter),
            Plot::Bars(Bars { label: x.label.clone(), bars: runs.iter().map(bar).collect() }),
            Plot::Parallel(Parallel {
                axes: axes[..count.min(4)].to_vec(),
                lines: runs.iter().map(line).collect(),
                color: flag.then_some(count),
                brushes: brushes.clone(),
            }),
            Plot::Boxes(Boxes {
                value: x.clone(),
                groups: (0..count.min(4)).map(group).collect(),
                kind: if flag { BoxKind::Box } else { BoxKind::Violin },
            }),
            Plot::Histogram(Histogram {
                value: x.clone(),
                items: runs.iter().enumerate().map(|(i, (v, _))| (v[0], i)).collect(),
                groups: (0..count).map(|_| HistogramGroup { label: y.label.clone(), ink }).collect(),
            }),
            Plot::Heatmap(Heatmap {
                x: x.clone(),
                y: y.clone(),
                value: color.clone(),
                points: runs.iter().map(heat).collect(),
                contours: flag,
            }),
        ]
    })
}

fn size() -> impl Strategy<Value = u32> {
    prop_oneof![0..50u32, 50..900u32]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_plot_can_be_drawn(plots in plots(), width in size(), height in size()) {
        for plot in plots {
            let drawn = plot_svg(&plot, width, height, &Theme::LIGHT);
            prop_assert!(drawn.ends_with("</svg>\n"));
            prop_assert!(!drawn.contains(|c: char| c.is_control() && c != '\n'), "not XML");
            prop_assert!(!describe_plot(&plot).is_empty());
            prop_assert!(PlotLayout::wanted_height(&plot, width) >= 50);
        }
    }

    #[test]
    fn any_plot_can_be_asked(plots in plots(), width in size(), x in 0.0..1.0f64, y in 0.0..1.0f64) {
        for plot in plots {
            let height = PlotLayout::wanted_height(&plot, width);
            let layout = PlotLayout::new(&plot, width, height);
            let hit = layout.hit(&plot, x * f64::from(width), y * f64::from(height));
            match (&plot, hit) {
                (_, None) => {}
                (Plot::Scatter(scatter), Some(PlotHit::Item(index))) => {
                    prop_assert!(index < scatter.points.len());
                    prop_assert!(layout.place(index).is_some());
                }
                (Plot::Bars(bars), Some(PlotHit::Item(index))) => prop_assert!(index < bars.bars.len()),
                (Plot::Parallel(parallel), Some(PlotHit::Item(index))) => {
                    prop_assert!(parallel.passing()[index]);
                }
                (Plot::Parallel(parallel), Some(PlotHit::Axis { axis, value })) => {
                    prop_assert!(axis < parallel.axes.len() && value.is_finite());
                }
                (Plot::Boxes(boxes), Some(PlotHit::Group(index))) => prop_assert!(index < boxes.groups.len()),
                (Plot::Histogram(_), Some(PlotHit::Bin { from, to, count, total, .. })) => {
                    prop_assert!(from <= to && 0 < count && count <= total);
                }
                (Plot::Heatmap(_), Some(PlotHit::Cell { mean, count, .. })) => {
                    prop_assert!(mean.is_finite() && count > 0);
                }
                (Plot::Heatmap(heatmap), Some(PlotHit::Item(index))) => {
                    prop_assert!(heatmap.contours && index < heatmap.points.len());
                }
                (_, Some(hit)) => return Err(TestCaseError::fail(format!("{hit:?}"))),
            }
        }
    }
}
