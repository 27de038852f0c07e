use super::exhibit;
use crate::part::chart::{Screen, paint_on, watch};
use chart::{
    Axis, Bar, Bars, BoxGroup, BoxKind, Boxes, Direction, Emphasis, Figure, Frame, Heatmap, HeatmapPoint,
    Histogram, HistogramGroup, Layout, Parallel, ParallelLine, Plot, PlotLayout, Point, Scale, Scatter,
    ScatterPoint, Series, Smoothing, Window, series_color,
};
use leptos::{
    html::{Canvas, Div},
    prelude::*,
};
use std::sync::Arc;

/// Height of a line chart, in CSS pixels.
const HEIGHT: u32 = 240;

/// What is painted.
enum Painting {
    Lines(Figure),
    Plot(Plot),
}

/// Charts of values that are made up, the same each time.
pub fn room() -> AnyView {
    let lines = |name: &'static str, figure: Figure| exhibit(name, painted(Painting::Lines(figure)));
    let plot = |name: &'static str, plot: Plot| exhibit(name, painted(Painting::Plot(plot)));
    let loss =
        || Figure { title: "loss".to_owned(), series: (0..4).map(line).collect(), ..Figure::default() };
    view! {
        {lines("Lines", loss())}
        {lines("Lines, smoothed and logarithmic", Figure { smoothing: Smoothing::Ema(0.8), y: Scale::Log10, ..loss() })}
        {lines("A mean with its spread", Figure { series: vec![with_band()], ..loss() })}
        {lines("Gaps, where a value is not a number", Figure { series: vec![with_gaps()], ..loss() })}
        {lines("No points", Figure { title: "loss".to_owned(), ..Figure::default() })}
        {plot("Parallel coordinates, brushed", Plot::Parallel(parallel()))}
        {plot("Scatter with a Pareto front", Plot::Scatter(scatter()))}
        {plot("Bars", Plot::Bars(bars()))}
        {plot("Boxes", Plot::Boxes(boxes(BoxKind::Box)))}
        {plot("Violins", Plot::Boxes(boxes(BoxKind::Violin)))}
        {plot("Histogram", Plot::Histogram(histogram()))}
        {plot("Heatmap", Plot::Heatmap(heatmap(false)))}
        {plot("Contours", Plot::Heatmap(heatmap(true)))}
    }
    .into_any()
}

/// A canvas as wide as its place.
fn painted(painting: Painting) -> AnyView {
    let (place, surface) = (NodeRef::<Div>::new(), NodeRef::<Canvas>::new());
    let (size, appearance) = (watch::size(place), watch::appearance(place));
    let width = Memo::new(move |_| size.get().map(|(width, _)| width));
    let label = match &painting {
        Painting::Lines(figure) => chart::describe(figure),
        Painting::Plot(plot) => chart::describe_plot(plot),
    };
    let painting = Arc::new(painting);
    Effect::new(move || {
        appearance.track();
        let (Some(canvas), Some(width)) = (surface.get(), width.get()) else { return };
        let screen = Screen::around(&canvas);
        let outcome = match &*painting {
            Painting::Lines(figure) => {
                let layout = Layout::new(figure, width, HEIGHT, Frame::Titled);
                paint_on(&canvas, (width, HEIGHT), screen, |surface, theme, resolution| {
                    chart::paint(figure, &layout, theme, resolution, surface)
                        .map_err(|error| error.to_string())
                })
            }
            Painting::Plot(plot) => {
                let height = PlotLayout::wanted_height(plot, width);
                let layout = PlotLayout::new(plot, width, height);
                paint_on(&canvas, (width, height), screen, |surface, theme, resolution| {
                    chart::paint_plot(plot, &layout, theme, resolution, surface)
                        .map_err(|error| error.to_string())
                })
            }
        };
        if let Err(error) = outcome {
            leptos::logging::error!("a chart of the gallery can't be painted: {error:?}");
        }
    });
    view! {
        <div class="gallery-chart" node_ref=place>
            <canvas class="chart-canvas" node_ref=surface role="img" aria-label=label></canvas>
        </div>
    }
    .into_any()
}

/// A number between 0 and 1 that looks random and is always the same.
fn noise(seed: usize) -> f64 {
    let seed = (seed as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((seed ^ (seed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as f64 / f64::from(1_u32 << 24)
}

/// The loss of a run, step by step.
fn line(run: usize) -> Series {
    let value = |step: usize| {
        let slope = 0.01 + 0.006 * run as f64;
        (-slope * step as f64).exp() + 0.02 + 0.05 * noise(1000 * run + step)
    };
    let points = (0..300).map(|step| Point { x: step as f64, y: value(step) }).collect();
    Series::new(format!("run {}", run + 1), series_color(run), points)
}

fn with_band() -> Series {
    let mean = line(0);
    Series { band: mean.points.iter().map(|point| (point.y - 0.08, point.y + 0.08)).collect(), ..mean }
}

fn with_gaps() -> Series {
    let mut gaps = line(2);
    for (place, point) in gaps.points.iter_mut().enumerate() {
        if place % 60 > 50 {
            point.y = if place < 150 { f64::NAN } else { f64::INFINITY };
        }
    }
    gaps
}

/// A learning rate, a number of layers, and the loss that they led to.
fn run(index: usize) -> (f64, f64, f64) {
    let rate = 10_f64.powf(-4.0 + 3.0 * noise(index));
    let layers = (2.0 + 6.0 * noise(index + 500)).round();
    (rate, layers, (rate.log10() + 2.5).powi(2) * 0.2 + layers * 0.03 + 0.1 * noise(index + 900))
}

fn rate() -> Axis {
    Axis::number("lr", Scale::Log10)
}

fn loss() -> Axis {
    Axis::number("loss", Scale::Linear)
}

fn parallel() -> Parallel {
    let line = |index: usize| {
        let (rate, layers, loss) = run(index);
        let emphasis = if index == 7 { Emphasis::Highlighted } else { Emphasis::Normal };
        ParallelLine { emphasis, ..ParallelLine::new(vec![rate, layers, (index % 3) as f64, loss]) }
    };
    let solvers = ["adam", "lion", "sgd"].map(str::to_owned).to_vec();
    Parallel {
        axes: vec![rate(), Axis::number("layers", Scale::Linear), Axis::category("solver", solvers), loss()],
        lines: (0..60).map(line).collect(),
        color: Some(3),
        brushes: vec![Window::new(1e-3, 1e-1)],
    }
}

fn scatter() -> Scatter {
    let point = |index: usize| {
        let (rate, layers, loss) = run(index);
        ScatterPoint { color: loss, size: layers, ..ScatterPoint::new(rate, loss) }
    };
    Scatter {
        x: rate(),
        y: loss(),
        color: Some(loss()),
        size: Some(Axis::number("layers", Scale::Linear)),
        points: (0..80).map(point).collect(),
        front: Some((Direction::Less, Direction::Less)),
    }
}

fn bars() -> Bars {
    let bar = |(place, label): (usize, &str)| {
        let (_, _, loss) = run(place);
        Bar { whisker: Some((loss * 0.8, loss * 1.2)), ..Bar::new(label, loss) }
    };
    Bars {
        label: "Mean of loss".to_owned(),
        bars: ["adam", "lion", "sgd"].into_iter().enumerate().map(bar).collect(),
    }
}

fn boxes(kind: BoxKind) -> Boxes {
    let group = |(place, label): (usize, &str)| BoxGroup {
        label: label.to_owned(),
        values: (0..40).map(|index| run(place * 40 + index).2).collect(),
        ink: series_color(place),
    };
    Boxes {
        value: loss(),
        groups: ["adam", "lion", "sgd"].into_iter().enumerate().map(group).collect(),
        kind,
    }
}

fn histogram() -> Histogram {
    let group =
        |(place, label): (usize, &str)| HistogramGroup { label: label.to_owned(), ink: series_color(place) };
    Histogram {
        value: loss(),
        items: (0..200).map(|index| (run(index).2, index % 2)).collect(),
        groups: ["adam", "sgd"].into_iter().enumerate().map(group).collect(),
    }
}

fn heatmap(contours: bool) -> Heatmap {
    let point = |index: usize| {
        let (x, y, value) = run(index);
        HeatmapPoint { x, y, value }
    };
    Heatmap {
        x: rate(),
        y: Axis::number("layers", Scale::Linear),
        value: loss(),
        points: (0..300).map(point).collect(),
        contours,
    }
}
