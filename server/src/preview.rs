//! Charts as pictures: what a page shows where no script runs.

use crate::{identity::SignedIn, wire::error::WireError};
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
};
use std::collections::HashMap;

const WIDTH: u32 = 720;
const HEIGHT: u32 = 320;

/// One metric of some runs as an SVG: `?runs=a,b&metric=loss&along=step|time|relative`, with `log=1` on a log scale, with
/// `smooth=0.6` smoothed.
pub async fn chart(
    SignedIn(acting): SignedIn,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, WireError> {
    let text = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let ids: Vec<String> = text("runs").split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect();
    let key = text("metric");
    if key.is_empty() {
        return Err(Problem::invalid("Missing value for required parameter 'metric'.").into());
    }
    let relative = text("along") == "relative";
    let along = if relative || text("along") == "time" { Along::Time } else { Along::Step };
    let runs = acting.compare_runs(&ids).await?.runs;
    let request = CurveRequest {
        runs: runs.iter().map(|compared| compared.run.info.id).collect(),
        keys: vec![key.to_owned()],
        along,
        window: None,
        buckets: WIDTH,
    };
    let curves = acting.curves(&request).await?;
    let x = match along {
        Along::Step => XAxis::Step(Scale::Linear),
        Along::Time if relative => XAxis::RelativeTime(Scale::Linear),
        Along::Time => XAxis::WallTime,
    };
    let figure = Figure {
        title: key.to_owned(),
        series: curves.iter().map(|curve| series(curve, &ids, &runs, along, relative)).collect(),
        x,
        y: if text("log") == "1" { Scale::Log10 } else { Scale::Linear },
        smoothing: text("smooth").parse().map_or(Smoothing::None, Smoothing::Ema),
        ..Figure::default()
    };
    let svg = chart::svg(&figure, WIDTH, HEIGHT, Frame::Titled, &Theme::LIGHT);
    Ok(([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "private, no-cache")], svg)
        .into_response())
}

/// A curve in the colour of its run's place in the list.
fn series(curve: &Curve, ids: &[String], runs: &[ComparedRun], along: Along, relative: bool) -> Series {
    let place =
        ids.iter().position(|id| id.parse::<RunId>().is_ok_and(|id| id == curve.run)).unwrap_or_default();
    let name = runs
        .iter()
        .find(|compared| compared.run.info.id == curve.run)
        .map_or_else(String::new, |compared| compared.run.info.name.clone());
    let start = curve.points.first().map_or(0, |point| point.timestamp);
    let points = curve
        .points
        .iter()
        .map(|point| {
            let position = along.position(point);
            let x = if relative { (position - start) as f64 / 1000.0 } else { position as f64 };
            Point { x, y: point.value }
        })
        .collect();
    let mut series = Series::new(name, chart::series_color(place), points);
    series.total = curve.total;
    series
}
