//! What is drawn, made of what the server answered. Pure: no signals, no browser.

use super::{
    ChartOptions, ChartRun, XAxis, Zoom,
    group::{groups, means},
    held::Held,
    line::{Reader, places},
    measure::Measure,
};
use crate::part::run_color::Ink;
use chart::{Figure, Scale, Series, Window};
use model::{RunId, metric::Point};

fn drawn(axis: &XAxis, log: bool) -> chart::XAxis {
    let scale = if log { Scale::Log10 } else { Scale::Linear };
    match axis {
        XAxis::Step => chart::XAxis::Step(scale),
        XAxis::Time => chart::XAxis::WallTime,
        XAxis::Relative => chart::XAxis::RelativeTime(scale),
        XAxis::Metric(key) => chart::XAxis::Metric(key.clone(), scale),
    }
}

/// The figure of what is measured of runs, and the page of the run of each of its lines; of groups of them, which have no page,
/// where they have groups. Runs whose curve isn't here yet, or has no points, have no line.
pub fn figure(
    runs: &[ChartRun],
    measure: &Measure,
    options: &ChartOptions,
    zoom: Zoom,
    held: &Held,
) -> (Figure, Vec<String>) {
    let line = |(index, run): (usize, &ChartRun)| {
        let (points, total) = points(run.id, measure, &options.along, zoom.x, held)?;
        Some((index, Series { total, ..Series::new(run.name.clone(), run.ink.rgb(), points) }))
    };
    let lines: Vec<(usize, Series)> = runs.iter().enumerate().filter_map(line).collect();
    let (series, pages): (Vec<Series>, Vec<String>) = if runs.iter().any(|run| run.group.is_some()) {
        (means(runs, &lines, options.spread, zoom.x), Vec::new())
    } else {
        lines.into_iter().map(|(index, series)| (series, runs[index].address())).unzip()
    };
    let usual = || if options.without_outliers { usual_range(&series) } else { None };
    let figure = Figure {
        title: measure.name.clone(),
        y_window: zoom.y.or_else(usual),
        series,
        x: drawn(&options.along, options.log_x),
        y: if options.log_y { Scale::Log10 } else { Scale::Linear },
        smoothing: options.smoothing(),
        x_window: zoom.x,
    };
    (figure, pages)
}

/// What is measured of a run, and how many points that is made of; `None` without points.
fn points(
    run: RunId,
    measure: &Measure,
    axis: &XAxis,
    zoom: Option<Window>,
    held: &Held,
) -> Option<(Vec<chart::Point>, u64)> {
    let line = |key: &str| {
        let held = held.find(run, key)?;
        let zoom = zoom.filter(|_| !matches!(axis, XAxis::Metric(_)));
        let curve = held.shown(zoom.map(|zoom| held.window(axis, zoom)));
        let place = |point: &Point| chart::Point { x: held.position(axis, point), y: point.value };
        let mut points: Vec<_> = curve.points.iter().map(place).collect();
        // Reduced along one axis and, until the answer for the other is here, drawn along that.
        if !points.is_sorted_by(|a, b| a.x <= b.x) {
            points.sort_by(|a, b| a.x.total_cmp(&b.x));
        }
        Some((points, curve.total))
    };
    let (points, total) = match measure.plain() {
        Some(key) => line(key)?,
        None => {
            let lines = measure.keys.iter().map(|key| line(key)).collect::<Option<Vec<_>>>()?;
            reckoned(measure, &lines)?
        }
    };
    let XAxis::Metric(key) = axis else { return Some((points, total)) };
    let (across, _) = line(key)?;
    let mut reader = Reader::new(&across);
    let place = |point: chart::Point| Some(chart::Point { x: reader.at(point.x)?, y: point.y });
    let mut points: Vec<_> =
        points.into_iter().filter_map(place).filter(|point| point.x.is_finite()).collect();
    points.sort_by(|a, b| a.x.total_cmp(&b.x));
    (!points.is_empty()).then_some((points, total))
}

/// A formula, at all places where each of its metrics has a value.
fn reckoned(measure: &Measure, lines: &[(Vec<chart::Point>, u64)]) -> Option<(Vec<chart::Point>, u64)> {
    let mut readers: Vec<Reader> = lines.iter().map(|(points, _)| Reader::new(points)).collect();
    let mut values = vec![0.0; readers.len()];
    let mut points = Vec::new();
    for x in places(lines.iter().map(|(points, _)| points.as_slice())) {
        let mut known = true;
        for (reader, value) in readers.iter_mut().zip(&mut values) {
            match reader.at(x) {
                Some(y) => *value = y,
                None => known = false,
            }
        }
        if known {
            points.push(chart::Point { x, y: measure.value(&values) });
        }
    }
    let left_out: u64 = lines
        .iter()
        .map(|(points, total)| total.saturating_sub(points.len() as u64))
        .max()
        .unwrap_or_default();
    let total = points.len() as u64 + left_out;
    (!points.is_empty()).then_some((points, total))
}

/// The range of values without the hundredth part at either end, and some room around it; `None` where there is none.
pub(super) fn usual_range(series: &[Series]) -> Option<Window> {
    let mut values: Vec<f64> = series
        .iter()
        .flat_map(|series| &series.points)
        .map(|point| point.y)
        .filter(|y| y.is_finite())
        .collect();
    values.sort_unstable_by(f64::total_cmp);
    let at = |part: f64| values.get(((values.len().checked_sub(1)?) as f64 * part).round() as usize).copied();
    let (lo, hi) = (at(0.01)?, at(0.99)?);
    let room = (hi - lo) * 0.05;
    Window::new(lo - room, hi + room)
}

/// What the table says of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The run's name.
    pub name: String,
    /// The colour of its line.
    pub ink: Ink,
    /// The value of the latest step.
    pub last: f64,
    /// The least value that is a number.
    pub min: Option<f64>,
    /// The greatest value that is a number.
    pub max: Option<f64>,
    /// How many points were logged.
    pub points: u64,
}

/// The curves in numbers. Reduction loses no extremes, so these are exact. Runs of a group have the colour of its line.
pub fn summaries(runs: &[ChartRun], measure: &Measure, held: &Held) -> Vec<Summary> {
    let groups = groups(runs);
    let ink = |run: &ChartRun| {
        let group = run.group.as_ref().and_then(|group| groups.iter().position(|(name, _)| name == group));
        group.map_or(run.ink, Ink::Place)
    };
    let summary = |run: &ChartRun| {
        let Some(key) = measure.plain() else { return reckoned_summary(run, measure, held) };
        let curve = &held.find(run.id, key)?.whole;
        let last =
            curve.points.iter().reduce(|last, point| if point.is_later_than(last) { point } else { last })?;
        let numbers = || curve.points.iter().map(|point| point.value).filter(|value| !value.is_nan());
        Some(Summary {
            name: run.name.clone(),
            ink: run.ink,
            last: last.value,
            min: numbers().reduce(f64::min),
            max: numbers().reduce(f64::max),
            points: curve.total,
        })
    };
    runs.iter().filter_map(|run| Some(Summary { ink: ink(run), ..summary(run)? })).collect()
}

/// A formula in numbers: of the points that are held.
fn reckoned_summary(run: &ChartRun, measure: &Measure, held: &Held) -> Option<Summary> {
    let (points, total) = points(run.id, measure, &XAxis::Step, None, held)?;
    let numbers = || points.iter().map(|point| point.y).filter(|value| !value.is_nan());
    Some(Summary {
        name: run.name.clone(),
        ink: run.ink,
        last: points.last()?.y,
        min: numbers().reduce(f64::min),
        max: numbers().reduce(f64::max),
        points: total,
    })
}
