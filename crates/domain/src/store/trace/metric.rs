//! Metrics of traces: what they are made of, as much at once as the databases can tell alike. What stands in JSON is read
//! elsewhere, and so is what no database has for the other, such as percentiles.

use super::search::push_condition;
use crate::{
    error::Result,
    gate::VisibleTo,
    store::{Db, Sql, permission::push_visible_experiment, sql},
    trace::text,
};
use model::{
    ExperimentId, Millis,
    filter::{MetricCondition, Text},
    trace::{
        key,
        metric::{Dimension, MetricView, TraceMetric},
        span,
    },
};
use sqlx::FromRow;

const NANOS: i64 = 1_000_000;

/// What is asked of many traces.
pub(crate) struct Asked<'a> {
    pub experiments: &'a [ExperimentId],
    pub metric: TraceMetric,
    pub dimensions: &'a [Dimension],
    pub conditions: &'a [MetricCondition],
    /// Milliseconds of a bucket of time.
    pub interval: Option<i64>,
    /// When they began, from and until.
    pub from: Option<Millis>,
    pub until: Option<Millis>,
}

/// Traces, steps or assessments that are alike.
#[derive(FromRow)]
pub(crate) struct Alike {
    /// The beginning of their bucket of time.
    pub bucket: Millis,
    d0: Option<String>,
    d1: Option<String>,
    d2: Option<String>,
    d3: Option<String>,
    d4: Option<String>,
    /// What is said of them, from which the number is to be read.
    pub said: Option<String>,
    /// The number.
    pub number: Option<f64>,
    /// How many they are.
    pub times: i64,
}

/// The columns of dimensions, and that there must be a value.
const COLUMNS: [(&str, &str); 5] = [
    (" AS d0, ", " AND m.d0 IS NOT NULL"),
    (" AS d1, ", " AND m.d1 IS NOT NULL"),
    (" AS d2, ", " AND m.d2 IS NOT NULL"),
    (" AS d3, ", " AND m.d3 IS NOT NULL"),
    (" AS d4, ", " AND m.d4 IS NOT NULL"),
];

impl Alike {
    /// The values of the dimensions, in the order in which they were asked for.
    pub fn dimensions(&mut self) -> [Option<String>; 5] {
        [self.d0.take(), self.d1.take(), self.d2.take(), self.d3.take(), self.d4.take()]
    }
}

/// Hands over, in no order, what is to be counted and measured of what the caller may read.
pub(crate) async fn each(
    db: &Db,
    visible: &VisibleTo,
    asked: &Asked<'_>,
    take: impl FnMut(Alike) -> Result<()> + Send,
) -> Result<()> {
    let view = asked.metric.view();
    let mut select = sql("SELECT m.bucket, m.d0, m.d1, m.d2, m.d3, m.d4, m.said, m.number, COUNT(*) AS times
         FROM (SELECT ");
    push_bucket(&mut select, view, asked.interval);
    select.push(" AS bucket, ");
    for (place, (column, _)) in COLUMNS.into_iter().enumerate() {
        match asked.dimensions.get(place) {
            Some(dimension) => push_dimension(&mut select, db, *dimension),
            None => {
                select.push("CAST(NULL AS TEXT)");
            }
        }
        select.push(column);
    }
    push_said(&mut select, db, asked.metric);
    select.push(" AS said, ").push(number_of(asked.metric)).push(" AS number FROM traces t");
    select.push(match view {
        MetricView::Traces => "",
        MetricView::Spans => " JOIN spans s ON s.trace_id = t.id",
        MetricView::Assessments => " JOIN assessments a ON a.trace_id = t.id AND a.valid = TRUE",
    });
    select.push(" WHERE t.experiment_id IN ").push_list(asked.experiments.iter().copied()).push(" AND ");
    push_visible_experiment(&mut select, visible, "t.experiment_id");
    push_times(&mut select, asked);
    for condition in asked.conditions {
        select.push(" AND ");
        push_metric_condition(&mut select, db, condition);
    }
    select.push(") m WHERE 1 = 1");
    for (_, is_there) in COLUMNS.into_iter().take(asked.dimensions.len()) {
        select.push(is_there);
    }
    select.push(match asked.metric {
        TraceMetric::TraceCount | TraceMetric::SpanCount | TraceMetric::AssessmentCount => "",
        TraceMetric::SessionCount | TraceMetric::Tokens(_) | TraceMetric::Cost(_) => {
            " AND m.said IS NOT NULL"
        }
        TraceMetric::TraceLatency | TraceMetric::SpanLatency | TraceMetric::AssessmentValue => {
            " AND m.number IS NOT NULL"
        }
    });
    select.push(" GROUP BY m.bucket, m.d0, m.d1, m.d2, m.d3, m.d4, m.said, m.number");
    db.each(select, take).await
}

fn push_bucket(select: &mut Sql, view: MetricView, interval: Option<i64>) {
    let Some(interval) = interval else {
        select.push("CAST(0 AS BIGINT)");
        return;
    };
    let at = match view {
        MetricView::Spans => "(s.start_time / 1000000)",
        MetricView::Traces | MetricView::Assessments => "t.request_time",
    };
    // Both databases divide towards zero, and times before 1970 are negative.
    select.push("(").push(at).push(" / ").push_bind(interval);
    select.push(" - CASE WHEN ").push(at).push(" % ").push_bind(interval);
    select.push(" < 0 THEN 1 ELSE 0 END) * ").push_bind(interval);
}

/// A value of a dimension. Names that people and programs make up are cut, as they are part of every answer.
fn push_dimension(select: &mut Sql, db: &Db, dimension: Dimension) {
    match dimension {
        Dimension::TraceName => {
            select.push(
                "(SELECT SUBSTR(y.value, 1, 1000) FROM trace_tags y WHERE y.trace_id = t.id AND y.key = ",
            );
            select.push_bind(key::NAME).push(")");
        }
        Dimension::TraceStatus => {
            select.push("t.state");
        }
        Dimension::SpanName => {
            select.push("SUBSTR(s.name, 1, 1000)");
        }
        Dimension::SpanType => {
            select.push("SUBSTR(s.type, 1, 1000)");
        }
        Dimension::SpanStatus => {
            select.push("s.status");
        }
        Dimension::SpanModelName => push_attribute(select, db, span::MODEL),
        Dimension::SpanModelProvider => push_attribute(select, db, span::PROVIDER),
        Dimension::AssessmentName => {
            select.push("a.name");
        }
        // What is no text is JSON, which nobody could tell from one.
        Dimension::AssessmentValue => {
            select.push("(CASE WHEN a.is_text = TRUE THEN 't' ELSE 'j' END || SUBSTR(a.value, 1, 1000))");
        }
    }
}

fn push_said(select: &mut Sql, db: &Db, metric: TraceMetric) {
    let metadata = match metric {
        TraceMetric::Cost(_) => return push_attribute(select, db, span::COST),
        TraceMetric::SessionCount => key::SESSION,
        TraceMetric::Tokens(_) => key::TOKEN_USAGE,
        TraceMetric::TraceCount
        | TraceMetric::TraceLatency
        | TraceMetric::SpanCount
        | TraceMetric::SpanLatency
        | TraceMetric::AssessmentCount
        | TraceMetric::AssessmentValue => {
            select.push("CAST(NULL AS TEXT)");
            return;
        }
    };
    select.push("(SELECT y.value FROM trace_metadata y WHERE y.trace_id = t.id AND y.key = ");
    select.push_bind(metadata).push(")");
}

fn number_of(metric: TraceMetric) -> &'static str {
    match metric {
        TraceMetric::TraceLatency => "CAST(t.duration AS DOUBLE PRECISION)",
        TraceMetric::SpanLatency => "CAST((s.end_time - s.start_time) / 1000000 AS DOUBLE PRECISION)",
        TraceMetric::AssessmentValue => {
            "CAST(CASE WHEN a.kind = 'issue' THEN NULL
                 WHEN a.is_text = TRUE AND LOWER(TRIM(a.value)) = 'yes' THEN 1
                 WHEN a.is_text = TRUE AND LOWER(TRIM(a.value)) = 'no' THEN 0
                 WHEN a.is_text = FALSE AND a.value = 'true' THEN 1
                 WHEN a.is_text = FALSE AND a.value = 'false' THEN 0
                 ELSE a.number END AS DOUBLE PRECISION)"
        }
        TraceMetric::TraceCount
        | TraceMetric::SessionCount
        | TraceMetric::Tokens(_)
        | TraceMetric::SpanCount
        | TraceMetric::Cost(_)
        | TraceMetric::AssessmentCount => "CAST(NULL AS DOUBLE PRECISION)",
    }
}

/// What a step knows under a key, which is on a line of its own (see [`text`]), as JSON; NULL if it knows nothing. What is longer
/// than anything that is asked for is cut.
fn push_attribute(select: &mut Sql, db: &Db, key: &str) {
    let (found, value) = match db {
        Db::Sqlite(_) => ("INSTR(s.attributes, ", "SUBSTR(y.rest, 1, INSTR(y.rest, ']\n') - 1)"),
        Db::Postgres(_) => ("STRPOS(s.attributes, ", "SUBSTR(y.rest, 1, STRPOS(y.rest, ']\n') - 1)"),
    };
    let begin = text::begin_of(key);
    let length = i64::try_from(begin.chars().count()).unwrap_or(i64::MAX);
    select.push("(SELECT SUBSTR(").push(value).push(", 1, 4000) FROM (SELECT SUBSTR(s.attributes, CAST(");
    select.push(found).push_bind(begin.as_str()).push(") + ").push_bind(length);
    select.push(" AS INTEGER)) AS rest WHERE ").push(found).push_bind(begin).push(") > 0) y)");
}

/// When what is asked for began: what steps cost counts when the step began, all else when the trace did.
fn push_times(select: &mut Sql, asked: &Asked<'_>) {
    let is_by_step = matches!(asked.metric, TraceMetric::Cost(_));
    if let Some(from) = asked.from {
        if is_by_step {
            select.push(" AND s.start_time >= ").push_bind(from.saturating_mul(NANOS));
        } else {
            select.push(" AND t.request_time >= ").push_bind(from);
        }
    }
    if let Some(until) = asked.until {
        if is_by_step {
            let behind = until.saturating_add(1).saturating_mul(NANOS);
            select.push(" AND s.start_time < ").push_bind(behind);
        } else {
            select.push(" AND t.request_time <= ").push_bind(until);
        }
    }
}

fn push_metric_condition(select: &mut Sql, db: &Db, condition: &MetricCondition) {
    let mut is = |column: &'static str, text: &Text| {
        select.push(column).push(" = ").push_bind(text.as_str());
    };
    match condition {
        MetricCondition::SpanName(text) => is("s.name", text),
        MetricCondition::SpanType(text) => is("s.type", text),
        MetricCondition::SpanStatus(text) => is("s.status", text),
        MetricCondition::AssessmentName(text) => is("a.name", text),
        MetricCondition::AssessmentType(text) => is("a.kind", text),
        MetricCondition::Trace(condition) => push_condition(select, db, condition),
    }
}
