//! Crosshair and tooltip: elements above the canvas, which is not painted again for them.

use super::Picture;
use leptos::prelude::*;
use std::sync::Arc;

/// How many runs the tooltip names.
const ROWS: usize = 10;

/// Points closer together than this, in CSS pixels, count as one place: reduced curves rarely share their steps.
const APART: f64 = 3.0;

/// How far from a line, in CSS pixels, a click still means it.
const REACH: f64 = 6.0;

/// What stands under the pointer, in words and pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The place on the axis of the nearest point.
    pub x: String,
    /// Where it is, in CSS pixels from the left of the plot box.
    pub at: f64,
    /// Whether it lies on the right half, so that the tooltip goes to its left.
    pub right: bool,
    /// The runs, nearest first.
    pub rows: Vec<Row>,
    /// How many runs there are beyond those.
    pub more: usize,
}

/// A run in the tooltip.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// As the legend says it.
    pub name: String,
    /// The colour of its line, in CSS.
    pub color: String,
    /// The value as logged.
    pub value: String,
    /// From where to where the lines of a group reach.
    pub band: Option<String>,
    /// What the smoothed line shows.
    pub smoothed: Option<String>,
    /// The place on the axis where it isn't the same as the nearest point's.
    pub x: Option<String>,
    /// The middle of its dot.
    pub dot: (f64, f64),
}

/// Reads the picture at a place of the pointer; nothing outside the plot and far from all lines.
pub fn read(picture: &Picture, (x, y): (f64, f64)) -> Option<Reading> {
    let Picture { figure, layout, .. } = picture;
    let hits = chart::nearest(figure, layout, x, y);
    let nearest = hits.first()?;
    let head = chart::format_x(&figure.x, nearest.point.x);
    let row = |hit: &chart::Hit| {
        let series = figure.series.get(hit.series)?;
        let own = chart::format_x(&figure.x, hit.point.x);
        Some(Row {
            name: series.name.clone(),
            color: series.color.css(),
            value: chart::format_number(hit.point.y),
            band: hit
                .band
                .map(|(lo, hi)| format!("{}–{}", chart::format_number(lo), chart::format_number(hi))),
            smoothed: hit.smoothed.map(chart::format_number),
            x: (own != head && (hit.at.0 - nearest.at.0).abs() > APART).then_some(own),
            dot: hit.at,
        })
    };
    let plot = layout.plot();
    Some(Reading {
        at: nearest.at.0,
        right: nearest.at.0 > (plot.left + plot.right) / 2.0,
        rows: hits.iter().take(ROWS).filter_map(row).collect(),
        more: hits.len().saturating_sub(ROWS),
        x: head,
    })
}

/// The page of the run whose line is at a place of the pointer.
pub fn page(picture: &Picture, (x, y): (f64, f64)) -> Option<String> {
    let hits = chart::nearest(&picture.figure, &picture.layout, x, y);
    let hit = hits.first().filter(|hit| hit.distance <= REACH)?;
    picture.pages.get(hit.series).cloned()
}

/// The line, the dots and the words at what is pointed at.
#[component]
pub fn Tooltip(
    /// What is pointed at.
    reading: Memo<Option<Reading>>,
    /// What is shown.
    picture: Signal<Option<Arc<Picture>>>,
) -> impl IntoView {
    let show = move |reading: Reading| {
        let plot =
            picture.with(|picture| picture.as_ref().map(|picture| picture.layout.plot())).unwrap_or_default();
        let (left, right) = match reading.right {
            false => (px(reading.at + 14.0), "auto".to_owned()),
            true => ("auto".to_owned(), format!("calc(100% - {})", px(reading.at - 14.0))),
        };
        let dot = |row: &Row| {
            view! {
                <div
                    class="chart-dot"
                    style:left=px(row.dot.0)
                    style:top=px(row.dot.1)
                    style:background-color=row.color.clone()
                ></div>
            }
        };
        let words = |row: &Row| {
            view! {
                <li>
                    <span class="chart-swatch" style:background-color=row.color.clone()></span>
                    <span class="chart-run">{row.name.clone()}</span>
                    {row.x.clone().map(|x| view! { <span class="chart-aside">"at " {x}</span> })}
                    {row.band.clone().map(|band| view! { <span class="chart-aside">{band}</span> })}
                    {row.smoothed.clone().map(|smoothed| view! { <span class="chart-value">{smoothed}</span> })}
                    <span class=if row.smoothed.is_some() { "chart-aside" } else { "chart-value" }>
                        {row.value.clone()}
                    </span>
                </li>
            }
        };
        view! {
            <div
                class="chart-crosshair"
                style:left=px(reading.at)
                style:top=px(plot.top)
                style:height=px(plot.height())
            ></div>
            {reading.rows.iter().map(dot).collect_view()}
            <div class="chart-tooltip" style:left=left style:right=right>
                <p class="chart-place">{reading.x.clone()}</p>
                <ul>{reading.rows.iter().map(words).collect_view()}</ul>
                {(reading.more > 0).then(|| view! { <p class="chart-more">{format!("and {} more", reading.more)}</p> })}
            </div>
        }
    };
    move || reading.get().map(show)
}

fn px(length: f64) -> String {
    format!("{length:.1}px")
}

#[cfg(test)]
mod tests {
    use super::*;
    use chart::{Figure, Point, Series, Smoothing};

    /// `count` level lines at y = 0, 1, 2…, the points of each a little further to the right than the last one's.
    fn picture(count: usize, shift: f64) -> Picture {
        let line = |i: usize| {
            let points =
                (0..=10).map(|x| Point { x: f64::from(x) * 10.0 + i as f64 * shift, y: i as f64 }).collect();
            Series::new(format!("run {i}"), chart::series_color(i), points)
        };
        let figure = Figure { series: (0..count).map(line).collect(), ..Figure::default() };
        let pages = (0..count).map(|i| format!("/runs/{i}")).collect();
        Picture::new(figure, pages, (600, 300))
    }

    fn read_at(picture: &Picture, x: f64, y: f64) -> Option<Reading> {
        read(picture, picture.layout.to_pixel(Point { x, y }).unwrap())
    }

    fn names(reading: &Reading) -> String {
        reading.rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn the_nearest_run_comes_first() {
        let reading = read_at(&picture(3, 0.0), 21.0, 1.9).unwrap();
        assert_eq!(names(&reading), "run 2, run 1, run 0");
        assert_eq!((reading.x.as_str(), reading.right, reading.more), ("20", false, 0));
        assert_eq!(reading.rows[0].color, chart::series_color(2).css());
    }

    #[test]
    fn runs_beyond_the_first_ten_are_counted() {
        let reading = read_at(&picture(14, 0.0), 80.0, 0.0).unwrap();
        assert_eq!((reading.rows.len(), reading.more, reading.right), (10, 4, true));
    }

    #[test]
    fn a_run_logged_elsewhere_says_where() {
        let reading = read_at(&picture(2, 4.0), 50.0, 0.0).unwrap();
        let places: Vec<_> = reading.rows.iter().map(|row| row.x.as_deref()).collect();
        assert_eq!((reading.x.as_str(), places), ("50", vec![None, Some("54")]));
    }

    #[test]
    fn a_smoothed_run_shows_both_values() {
        let mut picture = picture(1, 0.0);
        picture.figure.series[0].points[5].y = 8.0;
        picture.figure.smoothing = Smoothing::Ema(0.9);
        let picture = Picture::new(picture.figure, picture.pages, (600, 300));
        let row = read_at(&picture, 50.0, 1.0).unwrap().rows.remove(0);
        assert_eq!(row.value, "8");
        assert!(row.smoothed.unwrap().parse::<f64>().unwrap() < 8.0);
    }

    #[test]
    fn a_line_that_is_pointed_at_leads_to_its_run() {
        let picture = picture(3, 0.0);
        let page_at = |y: f64| page(&picture, picture.layout.to_pixel(Point { x: 40.0, y }).unwrap());
        assert_eq!(page_at(2.0).as_deref(), Some("/runs/2"));
        assert_eq!(page_at(1.5), None, "between two lines");
    }

    #[test]
    fn nothing_is_read_outside_the_plot() {
        assert_eq!(read(&picture(1, 0.0), (0.0, 0.0)), None);
    }
}
