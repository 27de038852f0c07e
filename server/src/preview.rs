//! Charts as pictures: what a page shows where no script runs.

use crate::{identity::SignedIn, wire::error::WireError};
use app::Ink;
use axum::{
    extract::Query,
    response::{IntoResponse, Response},
};
use chart::{Figure, Frame, Point, Scale, Series, Smoothing, Theme, XAxis};
use http::header;
use model::{
    Problem, RunId,
    curve::{Along, Curve, CurveRequest},
    page::ComparedRun,
    run_list::read_runs,
};
use std::collections::HashMap;

const WIDTH: u32 = 720;
const HEIGHT: u32 = 320;

/// How curves are drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Look {
    /// What they are drawn along.
    pub along: Along,
    /// Of times: since each run's first point.
    pub relative: bool,
    /// Whether the values are on a log scale.
    pub log: bool,
    /// From 0 to less than 1; 0 for none.
    pub smoothing: f32,
}

impl Look {
    /// As words of an address: `step`, `time` or `relative`; `1`; a number.
    pub fn read(along: &str, log: &str, smooth: &str) -> Self {
        let relative = along == "relative";
        let smoothing: f32 = smooth.parse().unwrap_or_default();
        Self {
            along: if relative || along == "time" { Along::Time } else { Along::Step },
            relative,
            log: log == "1",
            smoothing: if (0.0..=0.99).contains(&smoothing) { smoothing } else { 0.0 },
        }
    }

    /// A metric of some runs, each in the colour that was chosen for it, else in that of its place among the ids.
    pub fn figure(self, key: &str, curves: &[Curve], ids: &[RunId], runs: &[ComparedRun]) -> Figure {
        let x = match self.along {
            Along::Step => XAxis::Step(Scale::Linear),
            Along::Time if self.relative => XAxis::RelativeTime(Scale::Linear),
            Along::Time => XAxis::WallTime,
        };
        let drawn = curves.iter().filter(|curve| curve.key == key);
        Figure {
            title: key.to_owned(),
            series: drawn.map(|curve| series(curve, ids, runs, self)).collect(),
            x,
            y: if self.log { Scale::Log10 } else { Scale::Linear },
            smoothing: if self.smoothing > 0.0 { Smoothing::Ema(self.smoothing) } else { Smoothing::None },
            ..Figure::default()
        }
    }
}

/// One metric of some runs as an SVG: `?runs=a,b&metric=loss&along=step|time|relative`, with `log=1` on a log scale, with
/// `smooth=0.6` smoothed.
pub async fn chart(
    SignedIn(acting): SignedIn,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, WireError> {
    let text = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let ids = read_runs(text("runs"));
    let key = text("metric");
    if key.is_empty() {
        return Err(Problem::invalid("Missing value for required parameter 'metric'.").into());
    }
    let look = Look::read(text("along"), text("log"), text("smooth"));
    let runs = acting.compare_runs(&ids).await?.runs;
    let request = CurveRequest {
        runs: runs.iter().map(|compared| compared.run.info.id).collect(),
        keys: vec![key.to_owned()],
        along: look.along,
        window: None,
        buckets: WIDTH,
    };
    let curves = acting.curves(&request).await?;
    let ids: Vec<RunId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
    let svg =
        chart::svg(&look.figure(key, &curves, &ids, &runs), WIDTH, HEIGHT, Frame::Titled, &Theme::LIGHT);
    Ok(([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "private, no-cache")], svg)
        .into_response())
}

/// A curve in the colour of its run, which may be that of its place in the list.
fn series(curve: &Curve, ids: &[RunId], runs: &[ComparedRun], look: Look) -> Series {
    let place = ids.iter().position(|id| *id == curve.run).unwrap_or_default();
    let run = runs.iter().map(|compared| &compared.run).find(|run| run.info.id == curve.run);
    let name = run.map_or_else(String::new, |run| run.info.name.clone());
    let ink = run.map_or(Ink::Place(place), |run| Ink::of(run, place));
    let start = curve.points.first().map_or(0, |point| point.timestamp);
    let points = curve
        .points
        .iter()
        .map(|point| {
            let position = look.along.position(point);
            let x = if look.relative { (position - start) as f64 / 1000.0 } else { position as f64 };
            Point { x, y: point.value }
        })
        .collect();
    let mut series = Series::new(name, ink.rgb(), points);
    series.total = curve.total;
    series
}
