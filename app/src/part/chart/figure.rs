//! What is drawn, made of what the server answered. Pure: no signals, no browser.

use super::{ChartOptions, ChartRun, XAxis};
use chart::{Figure, Scale, Series, Window};
use model::{
    RunId,
    curve::{Along, Curve, CurveRequest},
    metric::Point,
};

impl XAxis {
    /// What the server reduces along for this axis.
    pub fn along(self) -> Along {
        match self {
            XAxis::Step => Along::Step,
            XAxis::Time | XAxis::Relative => Along::Time,
        }
    }

    fn drawn(self, log: bool) -> chart::XAxis {
        let scale = if log { Scale::Log10 } else { Scale::Linear };
        match self {
            XAxis::Step => chart::XAxis::Step(scale),
            XAxis::Time => chart::XAxis::WallTime,
            XAxis::Relative => chart::XAxis::RelativeTime(scale),
        }
    }
}

/// Points for each pixel of a chart that a growing curve may have before it is reduced anew.
const MOST: usize = 8;

/// The curves that a chart holds: each of them whole, and in detail where someone zoomed in.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    request: CurveRequest,
    curves: Vec<HeldCurve>,
}

#[derive(Debug, Clone, PartialEq)]
struct HeldCurve {
    whole: Curve,
    /// The earliest timestamp: where relative time is 0.
    start: i64,
    detail: Option<Detail>,
}

#[derive(Debug, Clone, PartialEq)]
struct Detail {
    window: (i64, i64),
    curve: Curve,
}

impl Held {
    /// What the server answered to a request for whole curves.
    pub fn new(request: CurveRequest, curves: Vec<Curve>) -> Self {
        let hold = |whole: Curve| {
            let start = whole.points.iter().map(|point| point.timestamp).min().unwrap_or_default();
            HeldCurve { whole, start, detail: None }
        };
        Self { request, curves: curves.into_iter().map(hold).collect() }
    }

    /// What these curves answer.
    pub fn request(&self) -> &CurveRequest {
        &self.request
    }

    /// What to ask for to answer this request too: the runs that aren't here; nothing where all are.
    pub fn lacking(&self, request: &CurveRequest) -> Option<CurveRequest> {
        if !self.is_alike(request) {
            return Some(request.clone());
        }
        let mut runs = request.runs.clone();
        runs.retain(|run| !self.request.runs.contains(run));
        (!runs.is_empty()).then(|| CurveRequest { runs, ..self.request.clone() })
    }

    /// Takes in what the server answered to a request of [`Held::lacking`].
    pub fn add(&mut self, request: CurveRequest, curves: Vec<Curve>) {
        let fresh = Self::new(request, curves);
        if self.is_alike(&fresh.request) {
            let known = |run: RunId| fresh.request.runs.contains(&run);
            self.request.runs.retain(|run| !known(*run));
            self.curves.retain(|held| !known(held.whole.run));
            self.request.runs.extend(fresh.request.runs);
            self.curves.extend(fresh.curves);
        } else {
            *self = fresh;
        }
    }

    /// Whether a request differs in its runs at most; that the curves here are finer than it needs does no harm.
    fn is_alike(&self, request: &CurveRequest) -> bool {
        self.request.keys == request.keys
            && self.request.along == request.along
            && self.request.buckets >= request.buckets
    }

    /// What to ask for to show this part of the axis exactly; nothing where all points of the runs are here. Relative
    /// time has another window for each run, and so another request.
    pub fn missing(&self, runs: &[ChartRun], axis: XAxis, zoom: Window) -> Vec<CurveRequest> {
        let mut requests: Vec<CurveRequest> = Vec::new();
        if axis.along() != self.request.along {
            return requests;
        }
        for curve in runs.iter().filter_map(|run| self.find(run.id)) {
            let window = curve.window(axis, zoom);
            if !curve.lacks(window) {
                continue;
            }
            match requests.iter_mut().find(|request| request.window == Some(window)) {
                Some(request) => request.runs.push(curve.whole.run),
                None => requests.push(CurveRequest {
                    runs: vec![curve.whole.run],
                    window: Some(window),
                    ..self.request.clone()
                }),
            }
        }
        requests
    }

    /// Takes in what the server answered to one of the requests of [`Held::missing`].
    pub fn refine(&mut self, request: &CurveRequest, curves: Vec<Curve>) {
        let Some(window) = request.window else { return };
        for curve in curves {
            if let Some(held) = self.curves.iter_mut().find(|held| held.whole.run == curve.run) {
                held.detail = Some(Detail { window, curve });
            }
        }
    }

    /// What to ask for to learn what these runs logged since: one request for all, from where the first of them ended.
    /// `None` if none of them is here.
    pub fn tail(&self, runs: &[RunId]) -> Option<CurveRequest> {
        let here: Vec<&HeldCurve> = runs.iter().filter_map(|run| self.find(*run)).collect();
        let along = self.request.along;
        // A run without points has no end: all of it is its tail.
        let end = |held: &&HeldCurve| held.whole.points.last().map_or(i64::MIN, |last| along.position(last));
        let from = here.iter().map(end).min()?;
        let runs = here.iter().map(|held| held.whole.run).collect();
        Some(CurveRequest { runs, window: Some((from, i64::MAX)), ..self.request.clone() })
    }

    /// Takes in what the server answered to a request of [`Held::tail`]; returns the runs of which it isn't enough: more
    /// came than can be told point by point, or so much in all that they are better reduced anew.
    pub fn extend(&mut self, curves: Vec<Curve>) -> Vec<RunId> {
        let (along, most) = (self.request.along, self.request.buckets as usize * MOST);
        let mut lacking = Vec::new();
        for tail in curves {
            let Some(held) = self.curves.iter_mut().find(|held| held.whole.run == tail.run) else { continue };
            let whole = &mut held.whole;
            let end = whole.points.last().map(|last| along.position(last));
            // What isn't further on than the end, or came at its very place, is there already.
            let new: Vec<Point> = tail
                .points
                .iter()
                .filter(|point| end.is_none_or(|end| along.position(point) > end))
                .copied()
                .collect();
            // Without steps all points lie at one place: there, too, more may have come.
            let at_end =
                |points: &[Point]| points.iter().filter(|point| end == Some(along.position(point))).count();
            if at_end(&tail.points) > at_end(&whole.points) {
                lacking.push(tail.run);
                continue;
            }
            if (tail.points.len() as u64) < tail.total || whole.points.len() + new.len() > most {
                lacking.push(tail.run);
                continue;
            }
            whole.total += new.len() as u64;
            if whole.points.is_empty() {
                held.start = new.iter().map(|point| point.timestamp).min().unwrap_or_default();
            }
            held.whole.points.extend(new);
        }
        lacking
    }

    fn find(&self, run: RunId) -> Option<&HeldCurve> {
        self.curves.iter().find(|held| held.whole.run == run)
    }
}

impl HeldCurve {
    /// A part of the axis in the server's unit, ends included.
    fn window(&self, axis: XAxis, zoom: Window) -> (i64, i64) {
        let (scale, start) = match axis {
            XAxis::Step | XAxis::Time => (1.0, 0),
            XAxis::Relative => (1000.0, self.start),
        };
        let end = |at: f64| start.saturating_add(at as i64);
        (end((zoom.lo() * scale).floor()), end((zoom.hi() * scale).ceil()))
    }

    /// The most exact curve that covers a window.
    fn shown(&self, window: Option<(i64, i64)>) -> &Curve {
        let covers = |detail: &&Detail| {
            window.is_some_and(|(from, to)| detail.window.0 <= from && to <= detail.window.1)
        };
        self.detail.as_ref().filter(covers).map_or(&self.whole, |detail| &detail.curve)
    }

    fn lacks(&self, window: (i64, i64)) -> bool {
        let shown = self.shown(Some(window));
        let asked = self.detail.as_ref().is_some_and(|detail| detail.window == window);
        !asked && (shown.points.len() as u64) < shown.total
    }

    fn position(&self, axis: XAxis, point: &Point) -> f64 {
        match axis {
            XAxis::Step => point.step as f64,
            XAxis::Time => point.timestamp as f64,
            XAxis::Relative => (i128::from(point.timestamp) - i128::from(self.start)) as f64 / 1000.0,
        }
    }
}

/// The figure of one metric. Runs whose curve isn't here yet, or has no points, have no line.
pub fn figure(
    runs: &[ChartRun],
    metric: &str,
    options: ChartOptions,
    zoom: Option<Window>,
    held: &Held,
) -> Figure {
    let axis = options.along;
    let line = |run: &ChartRun| {
        let held = held.find(run.id).filter(|held| !held.whole.points.is_empty())?;
        let curve = held.shown(zoom.map(|zoom| held.window(axis, zoom)));
        let place = |point: &Point| chart::Point { x: held.position(axis, point), y: point.value };
        let mut points: Vec<_> = curve.points.iter().map(place).collect();
        // Reduced along one axis and, until the answer for the other is here, drawn along that.
        if !points.is_sorted_by(|a, b| a.x <= b.x) {
            points.sort_by(|a, b| a.x.total_cmp(&b.x));
        }
        let color = chart::series_color(run.color);
        Some(Series { total: curve.total, ..Series::new(run.name.clone(), color, points) })
    };
    let series: Vec<Series> = runs.iter().filter_map(line).collect();
    Figure {
        title: metric.to_owned(),
        y_window: if options.without_outliers { usual_range(&series) } else { None },
        series,
        x: axis.drawn(options.log_x),
        y: if options.log_y { Scale::Log10 } else { Scale::Linear },
        smoothing: options.smoothing(),
        x_window: zoom,
    }
}

/// The range of values without the hundredth part at either end, and some room around it; `None` where there is none.
fn usual_range(series: &[Series]) -> Option<Window> {
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
    pub color: usize,
    /// The value of the latest step.
    pub last: f64,
    /// The least value that is a number.
    pub min: Option<f64>,
    /// The greatest value that is a number.
    pub max: Option<f64>,
    /// How many points were logged.
    pub points: u64,
}

/// The curves in numbers. Reduction loses no extremes, so these are exact.
pub fn summaries(runs: &[ChartRun], held: &Held) -> Vec<Summary> {
    let summary = |run: &ChartRun| {
        let curve = &held.find(run.id)?.whole;
        let last =
            curve.points.iter().reduce(|last, point| if point.is_later_than(last) { point } else { last })?;
        let numbers = || curve.points.iter().map(|point| point.value).filter(|value| !value.is_nan());
        Some(Summary {
            name: run.name.clone(),
            color: run.color,
            last: last.value,
            min: numbers().reduce(f64::min),
            max: numbers().reduce(f64::max),
            points: curve.total,
        })
    };
    runs.iter().filter_map(summary).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "0000000000000000000000000000000a";
    const B: &str = "0000000000000000000000000000000b";

    fn id(text: &str) -> RunId {
        text.parse().unwrap()
    }

    fn runs() -> Vec<ChartRun> {
        let run = |text, name: &str, color| ChartRun { id: id(text), name: name.into(), color };
        vec![run(A, "a", 0), run(B, "b", 1)]
    }

    /// Points with steps 0, 10, 20… logged each second from `start`, of which the server left out all but these.
    fn curve(run: &str, start: i64, values: &[f64], total: u64) -> Curve {
        let point = |(i, &value): (usize, &f64)| {
            let i = i as i64;
            Point { step: i * 10, timestamp: start + i * 1000, value }
        };
        Curve {
            run: id(run),
            key: "loss".into(),
            total,
            points: values.iter().enumerate().map(point).collect(),
        }
    }

    fn held(along: Along) -> Held {
        let runs = vec![id(A), id(B)];
        let request = CurveRequest { runs, keys: vec!["loss".into()], along, window: None, buckets: 512 };
        let curves = vec![curve(A, 5_000, &[3.0, 2.0, 1.0], 300), curve(B, 9_000, &[4.0, 5.0], 200)];
        Held::new(request, curves)
    }

    /// The lines as "name: x=y x=y".
    fn lines(figure: &Figure) -> Vec<String> {
        let points =
            |series: &Series| series.points.iter().map(|p| format!(" {}={}", p.x, p.y)).collect::<String>();
        figure.series.iter().map(|series| format!("{}:{}", series.name, points(series))).collect()
    }

    fn check_axis(axis: XAxis, expected: [&str; 2]) {
        let options = ChartOptions { along: axis, ..ChartOptions::default() };
        assert_eq!(lines(&figure(&runs(), "loss", options, None, &held(axis.along()))), expected);
    }

    #[test]
    fn each_axis_places_points_in_its_unit() {
        check_axis(XAxis::Step, ["a: 0=3 10=2 20=1", "b: 0=4 10=5"]);
        check_axis(XAxis::Time, ["a: 5000=3 6000=2 7000=1", "b: 9000=4 10000=5"]);
        check_axis(XAxis::Relative, ["a: 0=3 1=2 2=1", "b: 0=4 1=5"]);
    }

    #[test]
    fn options_reach_the_figure() {
        let options =
            ChartOptions { along: XAxis::Time, log_y: true, smoothing: 0.5, ..ChartOptions::default() };
        let figure = figure(&runs(), "loss", options, Window::new(1.0, 2.0), &held(Along::Time));
        assert_eq!((figure.x, figure.y), (chart::XAxis::WallTime, Scale::Log10));
        assert_eq!((figure.smoothing, figure.x_window), (chart::Smoothing::Ema(0.5), Window::new(1.0, 2.0)));
        assert_eq!(figure.series[1].color, chart::series_color(1));
    }

    #[test]
    fn outliers_are_left_out_of_the_range() {
        let points = (0..1000)
            .map(|i| chart::Point { x: f64::from(i), y: if i == 7 { 1e9 } else { 1.0 + f64::from(i % 10) } });
        let series = [Series::new("a", chart::series_color(0), points.collect())];
        let range = usual_range(&series).unwrap();
        assert!((range.lo() - 0.55).abs() < 1e-9 && (range.hi() - 10.45).abs() < 1e-9, "{range:?}");
        assert_eq!(usual_range(&[]), None);
    }

    #[test]
    fn a_run_without_points_has_no_line() {
        let mut held = held(Along::Step);
        held.curves[0].whole.points.clear();
        let figure = figure(&runs(), "loss", ChartOptions::default(), None, &held);
        assert_eq!(lines(&figure), ["b: 0=4 10=5"]);
    }

    #[test]
    fn points_of_another_axis_are_joined_in_the_order_of_this_one() {
        let mut held = held(Along::Time);
        held.curves[0].whole.points.iter_mut().for_each(|point| point.step = -point.step);
        let figure = figure(&runs(), "loss", ChartOptions::default(), None, &held);
        assert_eq!(lines(&figure)[0], "a: -20=1 -10=2 0=3");
    }

    /// The requests for a zoom as "runs from..to".
    fn check_missing(held: &Held, axis: XAxis, zoom: (f64, f64), expected: &[&str]) {
        let requests = held.missing(&runs(), axis, Window::new(zoom.0, zoom.1).unwrap());
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
        let request = held.missing(&runs(), XAxis::Step, Window::new(0.0, 10.0).unwrap()).remove(0);
        held.refine(&request, vec![curve(A, 0, &[7.0, 8.0], 2), curve(B, 0, &[9.0], 150)]);
        let check = |zoom, expected: &str| {
            let figure = figure(&runs(), "loss", ChartOptions::default(), zoom, &held);
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
        let figure = figure(&runs(), "loss", ChartOptions::default(), None, &held);
        assert_eq!(lines(&figure)[0], "a: 0=3 10=2 20=1 30=0.5");
        assert_eq!(figure.series[0].total, 301);
        assert!(held.extend(vec![curve(A, 5_000, &[3.0, 2.0, 1.0, 0.5], 4)]).is_empty());
        assert_eq!(held.curves[0].whole.points.len(), 4, "told twice it is there once");
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
        let summaries = summaries(&runs(), &held);
        let a =
            Summary { name: "a".into(), color: 0, last: 1.0, min: Some(1.0), max: Some(3.0), points: 300 };
        assert_eq!(summaries, [a]);
    }
}
