//! The picture that stands in for the canvas where no script runs, and on paper where nothing was painted yet.

use super::{ChartOptions, ChartRun, XAxis};
use crate::part::address::Query;
use model::{RunId, run_list::write_runs};

/// Runs in such a picture: the first ones. With more it would be as large as a page.
const PICTURED: usize = 100;

/// An `<img>` of the chart as the server draws it; nothing without runs. Browsers read what is in `<noscript>` as text
/// where scripts run, so it can't be markup that the page hydrates.
pub fn preview(runs: &[ChartRun], metric: &str, options: &ChartOptions) -> String {
    let Some(source) = source(runs, metric, options) else { return String::new() };
    let (source, name) = (escape(&source), escape(metric));
    format!(r#"<img src="{source}" alt="{name}" loading="lazy">"#)
}

/// Where the picture is; nowhere without runs.
pub fn source(runs: &[ChartRun], metric: &str, options: &ChartOptions) -> Option<String> {
    if runs.is_empty() {
        return None;
    }
    let ids: Vec<RunId> = runs.iter().take(PICTURED).map(|run| run.id).collect();
    let along = match options.along {
        XAxis::Step | XAxis::Metric(_) => "step",
        XAxis::Time => "time",
        XAxis::Relative => "relative",
    };
    let smoothing = if options.smoothing > 0.0 { options.smoothing.to_string() } else { String::new() };
    let query = Query::default()
        .with("runs", &write_runs(&ids))
        .with("metric", metric)
        .with("along", along)
        .with("log", if options.log_y { "1" } else { "" })
        .with("smooth", &smoothing)
        .to_string();
    Some(format!("/preview/chart.svg{query}"))
}

/// Text within a quoted attribute.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::part::run_color::Ink;
    use model::ExperimentId;

    #[test]
    fn a_picture_is_named_by_what_it_shows() {
        let id = |end: &str| format!("{end:0>32}").parse().unwrap();
        let run = |end: &str| ChartRun::new(ExperimentId(1), id(end), end.to_owned(), Ink::Place(0));
        let check = |runs: &[ChartRun], metric: &str, options: ChartOptions, expected: &str| {
            assert_eq!(preview(runs, metric, &options), expected);
        };
        check(&[], "loss", ChartOptions::default(), "");
        check(
            &[run("a"), run("b")],
            r#"</noscript>"&"#,
            ChartOptions { along: XAxis::Relative, log_y: true, smoothing: 0.6, ..ChartOptions::default() },
            "<img src=\"/preview/chart.svg?runs=0000000000000000000000000000000a,0000000000000000000000000000000b\
             &amp;metric=%3C/noscript%3E%22%26&amp;along=relative&amp;log=1&amp;smooth=0.6\" \
             alt=\"&lt;/noscript&gt;&quot;&amp;\" loading=\"lazy\">",
        );
    }
}
