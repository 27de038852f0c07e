//! Runs as lines of CSV, and as JSON.

use super::field::{Cell, Field, Row};
use model::{
    Code, Problem,
    filter::MetricFigure,
    metric::MetricSummary,
    run::{Run, Tag},
};
use serde_json::{Map, Value, json};

/// The first line of a table.
///
/// # Errors
/// None that can be met: the line is written into memory.
pub fn head_line(fields: &[Field]) -> Result<Vec<u8>, Problem> {
    let heads: Vec<String> = fields.iter().map(ToString::to_string).collect();
    csv_line(&heads)
}

/// The line of a run.
///
/// # Errors
/// None that can be met: the line is written into memory.
pub fn line(fields: &[Field], run: &Run) -> Result<Vec<u8>, Problem> {
    let row = Row::new(run);
    let cell = |field: &Field| match field.cell(&row) {
        None => String::new(),
        Some(Cell::Text(text)) => harmless(text),
        Some(Cell::Number(number)) => number.to_string(),
        Some(Cell::Whole(number)) => number.to_string(),
    };
    let cells: Vec<String> = fields.iter().map(cell).collect();
    csv_line(&cells)
}

/// A text that spreadsheets take as text: what somebody logged must not become a formula (OWASP, CSV injection).
fn harmless(text: String) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    if is_formula { format!("'{text}") } else { text }
}

fn csv_line(cells: &[String]) -> Result<Vec<u8>, Problem> {
    let fault = || Problem::new(Code::InternalError, "A line of the table can't be written.");
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells).map_err(|_| fault())?;
    writer.into_inner().map_err(|_| fault())
}

/// A run as JSON. Numbers that JSON doesn't have are texts: "NaN", "inf".
pub fn object(run: &Run) -> Value {
    let number = |value: f64| if value.is_finite() { json!(value) } else { json!(value.to_string()) };
    let figure = |metric: &MetricSummary, figure: MetricFigure| match figure {
        MetricFigure::Last => number(metric.last.value),
        MetricFigure::Min => metric.min.map_or(Value::Null, number),
        MetricFigure::Max => metric.max.map_or(Value::Null, number),
    };
    let metrics: Map<String, Value> = run
        .metrics
        .iter()
        .map(|metric| {
            let value = json!({
                "last": figure(metric, MetricFigure::Last),
                "min": figure(metric, MetricFigure::Min),
                "max": figure(metric, MetricFigure::Max),
                "step": metric.last.step,
                "points": metric.count,
            });
            (metric.key.clone(), value)
        })
        .collect();
    let texts = |pairs: &[Tag]| -> Map<String, Value> {
        pairs.iter().map(|pair| (pair.key.clone(), json!(pair.value))).collect()
    };
    json!({
        "run_id": run.info.id.to_string(),
        "name": run.info.name,
        "experiment_id": run.info.experiment.to_string(),
        "status": run.info.status.name(),
        "user": run.info.user,
        "start_time": run.info.start_time,
        "end_time": run.info.end_time,
        "metrics": metrics,
        "params": texts(&run.params),
        "tags": texts(&run.tags),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_logged_is_no_formula() {
        let check = |text: &str, expected: &str| assert_eq!(harmless(text.to_owned()), expected);
        check("=HYPERLINK(\"http://evil\")", "'=HYPERLINK(\"http://evil\")");
        check("@SUM(A1)", "'@SUM(A1)");
        check("-1.5e3", "-1.5e3");
        check("-inf", "-inf");
        check("-x", "'-x");
        check("plain", "plain");
    }

    #[test]
    fn lines_are_quoted_where_they_must_be() {
        let line = csv_line(&["a,b".to_owned(), "say \"x\"".to_owned(), "plain".to_owned()]).unwrap();
        assert_eq!(line, b"\"a,b\",\"say \"\"x\"\"\",plain\n");
    }
}
