//! Curves that come, and the figures made of them.

use super::{
    ChartOptions, ChartRun, Spread, XAxis, Zoom,
    figure::{self, Summary, summaries},
    formula,
    held::{Held, MOST},
    measure::Measure,
};
use crate::part::run_color::Ink;
use chart::{Figure, Scale, Series, Window};
use model::{
    ExperimentId, RunId,
    curve::{Along, Curve, CurveRequest},
    metric::Point,
    run_color::RunColor,
};

const A: &str = "0000000000000000000000000000000a";
const B: &str = "0000000000000000000000000000000b";

fn id(text: &str) -> RunId {
    text.parse().unwrap()
}

fn runs() -> Vec<ChartRun> {
    let run =
        |text, name: &str, place| ChartRun::new(ExperimentId(1), id(text), name.into(), Ink::Place(place));
    vec![run(A, "a", 0), run(B, "b", 1)]
}

/// Points with steps 0, 10, 20… logged each second from `start`, of which the server left out all but these.
fn curve(run: &str, start: i64, values: &[f64], total: u64) -> Curve {
    let point = |(i, &value): (usize, &f64)| {
        let i = i as i64;
        Point { step: i * 10, timestamp: start + i * 1000, value }
    };
    Curve { run: id(run), key: "loss".into(), total, points: values.iter().enumerate().map(point).collect() }
}

fn held(along: Along) -> Held {
    let runs = vec![id(A), id(B)];
    let request = CurveRequest { runs, keys: vec!["loss".into()], along, window: None, buckets: 512 };
    let curves = vec![curve(A, 5_000, &[3.0, 2.0, 1.0], 300), curve(B, 9_000, &[4.0, 5.0], 200)];
    Held::new(request, curves)
}

fn loss() -> Measure {
    Measure::metric("loss".to_owned())
}

fn drawn(options: &ChartOptions, zoom: Option<Window>, held: &Held) -> Figure {
    figure::figure(&runs(), &loss(), options, Zoom { x: zoom, y: None }, held).0
}

/// The lines as "name: x=y x=y".
fn lines(figure: &Figure) -> Vec<String> {
    let points =
        |series: &Series| series.points.iter().map(|p| format!(" {}={}", p.x, p.y)).collect::<String>();
    figure.series.iter().map(|series| format!("{}:{}", series.name, points(series))).collect()
}

fn check_axis(axis: XAxis, expected: [&str; 2]) {
    let options = ChartOptions { along: axis, ..ChartOptions::default() };
    assert_eq!(lines(&drawn(&options, None, &held(options.along.along()))), expected);
}

#[test]
fn each_axis_places_points_in_its_unit() {
    check_axis(XAxis::Step, ["a: 0=3 10=2 20=1", "b: 0=4 10=5"]);
    check_axis(XAxis::Time, ["a: 5000=3 6000=2 7000=1", "b: 9000=4 10000=5"]);
    check_axis(XAxis::Relative, ["a: 0=3 1=2 2=1", "b: 0=4 1=5"]);
}

#[test]
fn options_reach_the_figure() {
    let options = ChartOptions { along: XAxis::Time, log_y: true, smoothing: 0.5, ..ChartOptions::default() };
    let figure = drawn(&options, Window::new(1.0, 2.0), &held(Along::Time));
    assert_eq!((figure.x, figure.y), (chart::XAxis::WallTime, Scale::Log10));
    assert_eq!((figure.smoothing, figure.x_window), (chart::Smoothing::Ema(0.5), Window::new(1.0, 2.0)));
    assert_eq!(figure.series[1].color, chart::series_color(1));
}

#[test]
fn a_chosen_colour_is_that_of_the_line() {
    let mut runs = runs();
    runs[1].ink = Ink::Chosen(RunColor(1, 2, 3));
    let held = held(Along::Step);
    let figure = figure::figure(&runs, &loss(), &ChartOptions::default(), Zoom::default(), &held).0;
    let colors: Vec<chart::Rgb> = figure.series.iter().map(|series| series.color).collect();
    assert_eq!(colors, [chart::series_color(0), chart::Rgb(1, 2, 3)]);
}

#[test]
fn outliers_are_left_out_of_the_range() {
    let points = (0..1000)
        .map(|i| chart::Point { x: f64::from(i), y: if i == 7 { 1e9 } else { 1.0 + f64::from(i % 10) } });
    let series = [Series::new("a", chart::series_color(0), points.collect())];
    let range = figure::usual_range(&series).unwrap();
    assert!((range.lo() - 0.55).abs() < 1e-9 && (range.hi() - 10.45).abs() < 1e-9, "{range:?}");
    assert_eq!(figure::usual_range(&[]), None);
}

#[test]
fn a_run_without_points_has_no_line() {
    let mut held = held(Along::Step);
    held.curves[0].whole.points.clear();
    let figure = drawn(&ChartOptions::default(), None, &held);
    assert_eq!(lines(&figure), ["b: 0=4 10=5"]);
}

#[test]
fn points_of_another_axis_are_joined_in_the_order_of_this_one() {
    let mut held = held(Along::Time);
    held.curves[0].whole.points.iter_mut().for_each(|point| point.step = -point.step);
    let figure = drawn(&ChartOptions::default(), None, &held);
    assert_eq!(lines(&figure)[0], "a: -20=1 -10=2 0=3");
}

/// The requests for a zoom as "runs from..to".
fn check_missing(held: &Held, axis: XAxis, zoom: (f64, f64), expected: &[&str]) {
    let requests = held.missing(&runs(), &axis, Window::new(zoom.0, zoom.1).unwrap());
    let name = |run: &RunId| runs().into_iter().find(|r| r.id == *run).unwrap().name;
    let written: Vec<String> = requests
        .iter()
        .map(|request| {
            let (from, to) = request.window.unwrap();
            format!("{} {from}..{to}", request.runs.iter().map(name).collect::<String>())
        })
        .collect();
    assert_eq!(written, expected);
}

#[test]
fn a_zoom_asks_for_the_window_of_each_run() {
    check_missing(&held(Along::Step), XAxis::Step, (2.5, 7.5), &["ab 2..8"]);
    check_missing(&held(Along::Time), XAxis::Time, (5_500.0, 6_500.0), &["ab 5500..6500"]);
    check_missing(&held(Along::Time), XAxis::Relative, (0.5, 1.5), &["a 5500..6500", "b 9500..10500"]);
    // The curves along time are still on their way.
    check_missing(&held(Along::Step), XAxis::Time, (0.0, 1.0), &[]);
}

#[test]
fn only_runs_that_are_not_here_are_asked_for() {
    let c = id("0000000000000000000000000000000c");
    let mut held = held(Along::Step);
    let request = held.request().clone();
    assert_eq!(held.lacking(&CurveRequest { runs: vec![id(B)], ..request.clone() }), None);
    let more = CurveRequest { runs: vec![id(A), c], ..request.clone() };
    let lacking = held.lacking(&more).unwrap();
    assert_eq!(lacking.runs, [c]);
    // A run without points is known all the same.
    held.add(lacking, Vec::new());
    assert_eq!(held.lacking(&more), None);
    assert_eq!(held.curves.len(), 2);
    let narrower = CurveRequest { buckets: 256, ..more.clone() };
    assert_eq!(held.lacking(&narrower), None);
    let wider = CurveRequest { buckets: 1024, ..more };
    assert_eq!(held.lacking(&wider), Some(wider.clone()));
    held.add(wider.clone(), vec![curve(A, 0, &[1.0], 1)]);
    assert_eq!((held.request(), held.curves.len()), (&wider, 1));
}

#[test]
fn a_curve_with_all_its_points_is_not_asked_for_again() {
    let mut held = held(Along::Step);
    held.curves[1].whole.total = 2;
    check_missing(&held, XAxis::Step, (2.0, 8.0), &["a 2..8"]);
}

#[test]
fn detail_is_shown_where_it_covers_the_zoom() {
    let mut held = held(Along::Step);
    let request = held.missing(&runs(), &XAxis::Step, Window::new(0.0, 10.0).unwrap()).remove(0);
    held.refine(&request, vec![curve(A, 0, &[7.0, 8.0], 2), curve(B, 0, &[9.0], 150)]);
    let check = |zoom, expected: &str| {
        let figure = drawn(&ChartOptions::default(), zoom, &held);
        assert_eq!(lines(&figure)[0], expected);
    };
    check(Window::new(0.0, 10.0), "a: 0=7 10=8");
    check(Window::new(2.0, 5.0), "a: 0=7 10=8");
    check(Window::new(2.0, 50.0), "a: 0=3 10=2 20=1");
    check(None, "a: 0=3 10=2 20=1");
    // What is exact is enough further in; what was reduced is asked for again, but not for the same window.
    check_missing(&held, XAxis::Step, (0.0, 10.0), &[]);
    check_missing(&held, XAxis::Step, (2.0, 5.0), &["b 2..5"]);
}

#[test]
fn a_curve_grows_by_what_came_since() {
    let mut held = held(Along::Step);
    let asked = held.tail(&[id(A), id(B)]).unwrap();
    assert_eq!(
        (asked.runs.len(), asked.window),
        (2, Some((10, i64::MAX))),
        "from where the shorter one ends"
    );
    // The server gives one more point before the window, too.
    let lacking = held.extend(vec![curve(A, 5_000, &[3.0, 2.0, 1.0, 0.5], 4)]);
    assert!(lacking.is_empty());
    let figure = drawn(&ChartOptions::default(), None, &held);
    assert_eq!(lines(&figure)[0], "a: 0=3 10=2 20=1 30=0.5");
    assert_eq!(figure.series[0].total, 301);
    assert!(held.extend(vec![curve(A, 5_000, &[3.0, 2.0, 1.0, 0.5], 4)]).is_empty());
    assert_eq!(held.curves[0].whole.points.len(), 4, "told twice it is there once");
}

/// Detail that has these points; asked for later than the whole curve it may reach further.
fn check_growing_detail(points: &[f64]) {
    let mut held = held(Along::Step);
    let request = held.missing(&runs(), &XAxis::Step, Window::new(0.0, 30.0).unwrap()).remove(0);
    held.refine(&request, vec![curve(A, 0, points, points.len() as u64), curve(B, 0, &[4.0], 1)]);
    assert!(held.extend(vec![curve(A, 5_000, &[3.0, 2.0, 1.0, 0.5, 0.25], 5)]).is_empty());
    let check = |held: &Held| {
        let figure = drawn(&ChartOptions::default(), Window::new(0.0, 30.0), held);
        assert_eq!(lines(&figure)[0], "a: 0=7 10=8 20=9 30=0.5");
    };
    check(&held);
    check_missing(&held, XAxis::Step, (0.0, 30.0), &[]);
    let aged = held.aged();
    held.add(held.request().clone(), vec![curve(A, 5_000, &[3.0, 0.25], 300), curve(B, 9_000, &[4.0], 1)]);
    check(&held);
    assert_ne!(held.aged(), aged, "the chart hears of it");
    check_missing(&held, XAxis::Step, (0.0, 30.0), &["a 0..30"]);
}

#[test]
fn detail_grows_with_its_curve_and_is_asked_for_again_when_that_is() {
    check_growing_detail(&[7.0, 8.0, 9.0]);
    check_growing_detail(&[7.0, 8.0, 9.0, 0.5]);
}

#[test]
fn detail_that_comes_late_has_what_its_curve_grew_by() {
    let mut held = held(Along::Step);
    let request = held.missing(&runs(), &XAxis::Step, Window::new(0.0, 30.0).unwrap()).remove(0);
    assert!(held.extend(vec![curve(A, 5_000, &[3.0, 2.0, 1.0, 0.5, 0.25], 5)]).is_empty());
    held.refine(&request, vec![curve(A, 0, &[7.0, 8.0, 9.0], 3)]);
    let figure = drawn(&ChartOptions::default(), Window::new(0.0, 30.0), &held);
    assert_eq!(lines(&figure)[0], "a: 0=7 10=8 20=9 30=0.5");
}

#[test]
fn points_without_steps_are_learnt_of_too() {
    let mut held = held(Along::Step);
    held.curves[0].whole.points.truncate(1);
    let mut tail = curve(A, 5_000, &[3.0, 2.5], 2);
    tail.points.iter_mut().for_each(|point| point.step = 0);
    assert_eq!(held.extend(vec![tail]), [id(A)]);
}

#[test]
fn a_curve_that_grew_much_is_asked_for_whole() {
    let mut held = held(Along::Step);
    let reduced = curve(A, 5_000, &[3.0, 2.0, 1.0, 0.5], 5_000);
    assert_eq!(held.extend(vec![reduced]), [id(A)]);
    let many = vec![1.0; 512 * MOST + 1];
    assert_eq!(held.extend(vec![curve(B, 0, &many, many.len() as u64)]), [id(B)]);
    assert_eq!(held.curves[1].whole.points.len(), 2, "until then it stays as it is");
    assert_eq!(held.tail(&[]), None);
}

#[test]
fn a_summary_goes_by_the_latest_step_and_leaves_nan_out_of_the_extremes() {
    let mut held = held(Along::Step);
    held.curves[0].whole.points[1].value = f64::NAN;
    held.curves[1].whole.points.clear();
    let summaries = summaries(&runs(), &loss(), &held);
    let a = Summary {
        name: "a".into(),
        ink: Ink::Place(0),
        last: 1.0,
        min: Some(1.0),
        max: Some(3.0),
        points: 300,
    };
    assert_eq!(summaries, [a]);
}

#[test]
fn runs_of_a_group_have_its_colour_in_the_table() {
    let group = |(run, group): (ChartRun, &str)| ChartRun { group: Some(group.to_owned()), ..run };
    let runs: Vec<ChartRun> = runs().into_iter().zip(["lr=2", "lr=1"]).map(group).collect();
    let inks: Vec<Ink> =
        summaries(&runs, &loss(), &held(Along::Step)).iter().map(|summary| summary.ink).collect();
    assert_eq!(inks, [Ink::Place(1), Ink::Place(0)]);
}

/// A curve of another metric.
fn of(key: &str, curve: Curve) -> Curve {
    Curve { key: key.to_owned(), ..curve }
}

fn held_of(keys: &[&str], curves: Vec<Curve>) -> Held {
    let keys = keys.iter().map(|key| (*key).to_owned()).collect();
    let request =
        CurveRequest { runs: vec![id(A), id(B)], keys, along: Along::Step, window: None, buckets: 512 };
    Held::new(request, curves)
}

#[test]
fn a_formula_is_drawn_where_all_its_metrics_are() {
    let mut loss = curve(A, 0, &[3.0, 2.0, 1.0], 3);
    loss.points.remove(1);
    let held = held_of(
        &["loss", "best"],
        vec![loss, of("best", curve(A, 0, &[1.0, 1.5], 2)), curve(B, 0, &[1.0], 1)],
    );
    let measure = formula::parse("loss - best").unwrap();
    let figure = figure::figure(&runs(), &measure, &ChartOptions::default(), Zoom::default(), &held).0;
    // b never logged the second one.
    assert_eq!(lines(&figure), ["a: 0=2 10=0.5"]);
    assert_eq!(figure.title, "loss - best");
    assert_eq!(summaries(&runs(), &measure, &held)[0].last, 0.5);
}

#[test]
fn another_metric_can_be_the_axis() {
    let held = held_of(
        &["loss", "epoch"],
        vec![curve(A, 0, &[3.0, 2.0, 1.0], 3), of("epoch", curve(A, 0, &[2.0, 1.0, 1.5], 3))],
    );
    let options = ChartOptions { along: XAxis::Metric("epoch".into()), ..ChartOptions::default() };
    let (figure, pages) = figure::figure(&runs(), &loss(), &options, Zoom::default(), &held);
    assert_eq!(lines(&figure), ["a: 1=2 1.5=1 2=3"]);
    assert_eq!(figure.x, chart::XAxis::Metric("epoch".into(), Scale::Linear));
    assert_eq!(pages, [format!("/experiments/1/runs/{A}")]);
    check_missing(&held, options.along, (1.0, 2.0), &[]);
}

#[test]
fn runs_with_groups_are_drawn_as_means() {
    let runs: Vec<ChartRun> =
        runs().into_iter().map(|run| ChartRun { group: Some("lr=0.1".to_owned()), ..run }).collect();
    let options = ChartOptions { spread: Spread::Range, ..ChartOptions::default() };
    let (figure, pages) = figure::figure(&runs, &loss(), &options, Zoom::default(), &held(Along::Step));
    assert_eq!(lines(&figure), ["lr=0.1 · 2 runs: 0=3.5 10=3.5 20=1"]);
    assert_eq!(figure.series[0].band, [(3.0, 4.0), (2.0, 5.0), (1.0, 1.0)]);
    assert!(pages.is_empty());
}

#[test]
fn a_new_metric_of_a_run_is_asked_for_whole() {
    let mut held = held_of(&["loss", "best"], vec![curve(A, 0, &[3.0], 1)]);
    assert_eq!(held.extend(vec![of("best", curve(A, 0, &[1.0], 1))]), [id(A)]);
}
