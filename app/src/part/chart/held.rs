//! The curves that a chart holds, and what to ask the server for next. Pure: no signals, no browser.

use super::{ChartRun, XAxis};
use chart::Window;
use model::{
    RunId,
    curve::{Along, Curve, CurveRequest},
    metric::Point,
};

impl XAxis {
    /// What the server reduces along for this axis.
    pub fn along(&self) -> Along {
        match self {
            XAxis::Step | XAxis::Metric(_) => Along::Step,
            XAxis::Time | XAxis::Relative => Along::Time,
        }
    }
}

/// Points for each pixel of a chart that a growing curve may have before it is reduced anew.
pub(super) const MOST: usize = 8;

/// The curves that a chart holds: each of them whole, and in detail where someone zoomed in.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    request: CurveRequest,
    pub(super) curves: Vec<HeldCurve>,
    /// How often details got too old to be kept for good.
    aged: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct HeldCurve {
    pub(super) whole: Curve,
    /// The earliest timestamp: where relative time is 0.
    start: i64,
    detail: Option<Detail>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Detail {
    window: (i64, i64),
    curve: Curve,
    /// Whether it is to be asked for anew; meanwhile it is better than the whole curve.
    is_stale: bool,
}

impl Held {
    /// What the server answered to a request for whole curves.
    pub fn new(request: CurveRequest, curves: Vec<Curve>) -> Self {
        let hold = |whole: Curve| {
            let start = whole.points.iter().map(|point| point.timestamp).min().unwrap_or_default();
            HeldCurve { whole, start, detail: None }
        };
        Self { request, curves: curves.into_iter().map(hold).collect(), aged: 0 }
    }

    /// How often details got too old: each time [`Held::missing`] may say something else.
    pub fn aged(&self) -> u32 {
        self.aged
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
        let mut fresh = Self::new(request, curves);
        if self.is_alike(&fresh.request) {
            for curve in fresh.curves.iter_mut().filter(|curve| curve.is_reduced()) {
                let before = self.curves.iter_mut().find(|held| held.is_of(&curve.whole));
                let detail = before.and_then(|before| before.detail.take());
                curve.detail = detail.map(|detail| Detail { is_stale: true, ..detail });
            }
            self.aged += 1;
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
    pub fn missing(&self, runs: &[ChartRun], axis: &XAxis, zoom: Window) -> Vec<CurveRequest> {
        let mut requests: Vec<CurveRequest> = Vec::new();
        // Which steps lie between two values of a metric only its whole curve tells.
        if axis.along() != self.request.along || matches!(axis, XAxis::Metric(_)) {
            return requests;
        }
        for curve in runs.iter().flat_map(|run| self.of_run(run.id)) {
            let window = curve.window(axis, zoom);
            if !curve.lacks(window) {
                continue;
            }
            match requests.iter_mut().find(|request| request.window == Some(window)) {
                Some(request) if request.runs.last() == Some(&curve.whole.run) => {}
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
        let along = self.request.along;
        for curve in curves {
            if let Some(held) = self.curves.iter_mut().find(|held| held.is_of(&curve)) {
                let mut detail = Detail { window, curve, is_stale: false };
                // The whole curve may have grown since it was asked for.
                detail.grow(along, &held.whole.points);
                held.detail = Some(detail);
            }
        }
    }

    /// What to ask for to learn what these runs logged since: one request for all, from where the first of them ended.
    /// `None` if none of them is here.
    pub fn tail(&self, runs: &[RunId]) -> Option<CurveRequest> {
        let here: Vec<&HeldCurve> = runs.iter().flat_map(|run| self.of_run(*run)).collect();
        let along = self.request.along;
        // A run without points has no end: all of it is its tail.
        let end = |held: &&HeldCurve| held.whole.points.last().map_or(i64::MIN, |last| along.position(last));
        let from = here.iter().map(end).min()?;
        let mut runs: Vec<RunId> = here.iter().map(|held| held.whole.run).collect();
        runs.dedup();
        Some(CurveRequest { runs, window: Some((from, i64::MAX)), ..self.request.clone() })
    }

    /// Takes in what the server answered to a request of [`Held::tail`]; returns the runs of which it isn't enough: more
    /// came than can be told point by point, or so much in all that they are better reduced anew.
    pub fn extend(&mut self, curves: Vec<Curve>) -> Vec<RunId> {
        let (along, most) = (self.request.along, self.request.buckets as usize * MOST);
        let mut lacking: Vec<RunId> = Vec::new();
        for tail in curves {
            let Some(held) = self.curves.iter_mut().find(|held| held.is_of(&tail)) else {
                // A metric that this run hadn't before.
                lacking.push(tail.run);
                continue;
            };
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
            if let Some(detail) = &mut held.detail {
                detail.grow(along, &new);
                if detail.curve.points.len() > most && !detail.is_stale {
                    detail.is_stale = true;
                    self.aged += 1;
                }
            }
            held.whole.points.extend(new);
        }
        lacking.dedup();
        lacking
    }

    /// Those of the runs that have no curve here: they hadn't the metric yet.
    pub fn unknown(&self, runs: &[RunId]) -> Vec<RunId> {
        runs.iter().copied().filter(|run| self.of_run(*run).next().is_none()).collect()
    }

    /// The curve of a metric of a run, if it has points.
    pub(super) fn find(&self, run: RunId, key: &str) -> Option<&HeldCurve> {
        let is_it = |held: &&HeldCurve| {
            held.whole.run == run && held.whole.key == key && !held.whole.points.is_empty()
        };
        self.curves.iter().find(is_it)
    }

    fn of_run(&self, run: RunId) -> impl Iterator<Item = &HeldCurve> {
        self.curves.iter().filter(move |held| held.whole.run == run)
    }
}

impl Detail {
    /// Takes in those of the points that lie in its window behind its end: it may have been asked for later than the whole curve,
    /// and reach further.
    fn grow(&mut self, along: Along, points: &[Point]) {
        let end = self.curve.points.last().map(|last| along.position(last));
        let (from, to) = self.window;
        let is_new = |point: &&Point| {
            let place = along.position(point);
            (from..=to).contains(&place) && end.is_none_or(|end| place > end)
        };
        let new: Vec<Point> = points.iter().filter(is_new).copied().collect();
        self.curve.total += new.len() as u64;
        self.curve.points.extend(new);
    }
}

impl HeldCurve {
    fn is_of(&self, curve: &Curve) -> bool {
        self.whole.run == curve.run && self.whole.key == curve.key
    }

    /// A part of the axis in the server's unit, ends included.
    pub(super) fn window(&self, axis: &XAxis, zoom: Window) -> (i64, i64) {
        let (scale, start) = match axis {
            XAxis::Step | XAxis::Time | XAxis::Metric(_) => (1.0, 0),
            XAxis::Relative => (1000.0, self.start),
        };
        let end = |at: f64| start.saturating_add(at as i64);
        (end((zoom.lo() * scale).floor()), end((zoom.hi() * scale).ceil()))
    }

    /// The most exact curve that covers a window.
    pub(super) fn shown(&self, window: Option<(i64, i64)>) -> &Curve {
        let covers = |detail: &&Detail| {
            window.is_some_and(|(from, to)| detail.window.0 <= from && to <= detail.window.1)
        };
        self.detail.as_ref().filter(covers).map_or(&self.whole, |detail| &detail.curve)
    }

    fn lacks(&self, window: (i64, i64)) -> bool {
        if self.detail.as_ref().is_some_and(|detail| detail.is_stale) {
            return self.is_reduced();
        }
        let shown = self.shown(Some(window));
        let asked = self.detail.as_ref().is_some_and(|detail| detail.window == window);
        !asked && (shown.points.len() as u64) < shown.total
    }

    /// Whether points were left out of the whole curve.
    fn is_reduced(&self) -> bool {
        (self.whole.points.len() as u64) < self.whole.total
    }

    pub(super) fn position(&self, axis: &XAxis, point: &Point) -> f64 {
        match axis {
            XAxis::Step | XAxis::Metric(_) => point.step as f64,
            XAxis::Time => point.timestamp as f64,
            XAxis::Relative => (i128::from(point.timestamp) - i128::from(self.start)) as f64 / 1000.0,
        }
    }
}
