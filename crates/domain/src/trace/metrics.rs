//! Metrics of traces: counts, times, tokens, costs and judgements of many at once, told by name and by time.
//!
//! The database hands over what is alike, once and with how often it is there; what is made of it is made here, so that both
//! databases say the same. Kept are no more groups than are answered, and for percentiles each different number once.

use crate::{
    Acting,
    error::{Error, Result},
    experiment::check_max_results,
    store::{
        self,
        trace::metric::{Alike, Asked},
    },
};
use model::{
    ExperimentId, Millis,
    filter::{MetricCondition, parse_metric_condition},
    name::{self, limit},
    time::rfc3339,
    trace::metric::{Aggregation, Dimension, MetricPoint, MetricView, TIME_BUCKET, TraceMetric},
};
use serde_json::Value;
use std::{
    cmp::Ordering,
    collections::{BTreeMap, btree_map::Entry},
};
use tokio::sync::Semaphore;

/// Points of one answer.
const MOST_POINTS: i64 = 10_000;
/// Figures of one point.
const MOST_FIGURES: usize = 100;
/// Different numbers that are kept for percentiles.
const MOST_NUMBERS: usize = 1_000_000;
/// Characters of the name of a model.
const LONGEST_MODEL: usize = 500;

/// Who measures at the same time: each reads all that is asked about, on a connection that whoever logs may wait for. Pages of
/// metrics ask for a dozen at once, so the others wait for their turn.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// What is asked of metrics, as clients write it.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricsQuery {
    /// Where to look.
    pub experiments: Vec<ExperimentId>,
    /// What is measured.
    pub view: MetricView,
    /// The metric's name.
    pub metric: String,
    /// What is made of it.
    pub aggregations: Vec<Aggregation>,
    /// Names of the dimensions by which it is told.
    pub dimensions: Vec<String>,
    /// All of these must hold; see [`model::filter::MetricCondition`].
    pub filters: Vec<String>,
    /// Seconds of a bucket of time; 0: they aren't told by time.
    pub interval: i64,
    /// The time of the earliest.
    pub from: Option<Millis>,
    /// The time of the latest.
    pub until: Option<Millis>,
    /// How many points at most: those that come first by time and dimensions.
    pub max_results: i64,
}

impl Acting {
    /// Measures traces, their steps or what was thought of them, among what the caller may read, sorted by time and dimensions.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` for a metric, an aggregation, a dimension, a filter or an interval, for more points than are told
    /// at once, and for percentiles of too many different numbers.
    pub async fn trace_metrics(&self, query: &MetricsQuery) -> Result<Vec<MetricPoint>> {
        let metric = TraceMetric::find(query.view, &query.metric)?;
        let dimensions = metric.check(&query.aggregations, &query.dimensions)?;
        if query.aggregations.len() > MOST_FIGURES {
            return Err(Error::invalid(format!("At most {MOST_FIGURES} aggregations are told at once.")));
        }
        let interval = interval(query)?;
        let wanted = check_max_results(query.max_results, MOST_POINTS)?;
        crate::run::check_searched(&query.experiments)?;
        if query.filters.len() > limit::FILTER_CLAUSES {
            return Err(Error::invalid(format!("At most {} filters are taken.", limit::FILTER_CLAUSES)));
        }
        let conditions: Vec<MetricCondition> =
            query.filters.iter().map(|filter| condition(query.view, filter)).collect::<Result<_>>()?;
        let asked = Asked {
            experiments: &query.experiments,
            metric,
            dimensions: &dimensions,
            conditions: &conditions,
            interval,
            from: query.from,
            until: query.until,
        };
        let mut groups = Groups {
            metric,
            dimensions: &dimensions,
            keeps_numbers: query.aggregations.iter().any(|made| matches!(made, Aggregation::Percentile(_))),
            most: usize::try_from(wanted).unwrap_or(usize::MAX),
            groups: BTreeMap::new(),
            numbers: 0,
        };
        let _turn = AT_ONCE.acquire().await.map_err(|error| Error::Fault(error.to_string()))?;
        store::trace::metric::each(&self.domain.db, &self.visible(), &asked, |alike| groups.take(alike))
            .await?;
        let mut groups = groups.groups;
        if groups.is_empty() && interval.is_none() && dimensions.is_empty() {
            // Nothing is a count, too.
            groups.insert((0, Vec::new()), Group::default());
        }
        let point = |((bucket, values), group): (GroupKey, Group)| {
            let names = dimensions.iter().map(|dimension| dimension.name());
            let mut told: Vec<(&'static str, String)> = names.zip(values).collect();
            if interval.is_some() {
                told.push((TIME_BUCKET, format!("{}+00:00", rfc3339(bucket).trim_end_matches('Z'))));
            }
            MetricPoint { dimensions: told, values: group.figures(&query.aggregations) }
        };
        Ok(groups.into_iter().map(point).filter(|point| !point.values.is_empty()).collect())
    }
}

/// Milliseconds of a bucket of time.
fn interval(query: &MetricsQuery) -> Result<Option<i64>> {
    if query.interval == 0 {
        return Ok(None);
    }
    if query.from.is_none() || query.until.is_none() {
        return Err(Error::invalid(
            "start_time_ms and end_time_ms are required if time_interval_seconds is set",
        ));
    }
    match query.interval.checked_mul(1000) {
        Some(interval) if interval > 0 => Ok(Some(interval)),
        _ => Err(Error::invalid(format!(
            "Invalid value {} for parameter 'time_interval_seconds' supplied. It must be a positive integer",
            query.interval
        ))),
    }
}

/// A filter that this view knows.
fn condition(view: MetricView, filter: &str) -> Result<MetricCondition> {
    let condition = parse_metric_condition(filter)?;
    let (of, word) = match condition {
        MetricCondition::Trace(_) => return Ok(condition),
        MetricCondition::SpanName(_) | MetricCondition::SpanType(_) | MetricCondition::SpanStatus(_) => {
            (MetricView::Spans, "span")
        }
        MetricCondition::AssessmentName(_) | MetricCondition::AssessmentType(_) => {
            (MetricView::Assessments, "assessment")
        }
    };
    if of == view {
        return Ok(condition);
    }
    Err(Error::invalid(format!(
        "Filtering by {word} is only supported for {} view type, got {}",
        of.name(),
        view.name()
    )))
}

/// The bucket of time, and values of the dimensions.
type GroupKey = (Millis, Vec<String>);

/// What is gathered.
struct Groups<'a> {
    metric: TraceMetric,
    dimensions: &'a [Dimension],
    keeps_numbers: bool,
    /// Groups that are answered.
    most: usize,
    groups: BTreeMap<GroupKey, Group>,
    /// Numbers that the groups keep.
    numbers: usize,
}

impl Groups<'_> {
    fn take(&mut self, mut alike: Alike) -> Result<()> {
        let Some(number) = number(self.metric, &alike) else { return Ok(()) };
        let values = alike.dimensions().into_iter().zip(self.dimensions);
        let values: Option<Vec<String>> =
            values.map(|(value, dimension)| shown(*dimension, value?)).collect();
        let Some(values) = values else { return Ok(()) };
        let key = (alike.bucket, values);
        // A session is one, however many traces it has.
        let times = if self.metric == TraceMetric::SessionCount { 1 } else { alike.times.unsigned_abs() };
        let is_full = self.groups.len() >= self.most;
        if is_full && self.groups.last_key_value().is_some_and(|(last, _)| *last < key) {
            return Ok(());
        }
        let group = self.groups.entry(key).or_default();
        self.numbers += usize::from(group.take(number, times, self.keeps_numbers));
        if self.groups.len() > self.most
            && let Some((_, group)) = self.groups.pop_last()
        {
            self.numbers -= group.numbers.len();
        }
        if self.numbers > MOST_NUMBERS {
            return Err(Error::invalid(format!(
                "Percentiles are told of at most {MOST_NUMBERS} different values. \
                 Please ask for a shorter time, or fewer traces."
            )));
        }
        Ok(())
    }
}

/// What a row is counted or measured as.
fn number(metric: TraceMetric, alike: &Alike) -> Option<f64> {
    match metric {
        TraceMetric::TraceCount
        | TraceMetric::SessionCount
        | TraceMetric::SpanCount
        | TraceMetric::AssessmentCount => Some(1.0),
        TraceMetric::TraceLatency | TraceMetric::SpanLatency | TraceMetric::AssessmentValue => alike.number,
        TraceMetric::Tokens(key) => read_tokens(alike.said.as_deref()?, key),
        TraceMetric::Cost(key) => read_cost(alike.said.as_deref()?, key),
    }
}

fn read_tokens(said: &str, key: &str) -> Option<f64> {
    let usage: Value = serde_json::from_str(said).ok()?;
    // Half a token, or more of them than there are numbers for, is a mistake.
    as_number(usage.get(key)?).filter(|tokens| tokens.fract() == 0.0 && tokens.abs() < 9.2e18)
}

/// A cost is told as an object, or as a text of its JSON.
fn read_cost(said: &str, key: &str) -> Option<f64> {
    let cost: Value = match serde_json::from_str(said).ok()? {
        Value::String(inner) => serde_json::from_str(&inner).ok()?,
        cost => cost,
    };
    as_number(cost.get(key)?)
}

fn as_number(value: &Value) -> Option<f64> {
    let number: Option<f64> = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

/// A value of a dimension as it is told, if it is one.
fn shown(dimension: Dimension, value: String) -> Option<String> {
    match dimension {
        Dimension::SpanModelName | Dimension::SpanModelProvider => {
            let model: String = serde_json::from_str(&value).ok()?;
            // Some programs tell a text of its JSON.
            let model = serde_json::from_str(&model).unwrap_or(model);
            Some(name::cut(&model, LONGEST_MODEL).to_owned())
        }
        Dimension::AssessmentValue => Some(match value.strip_prefix('t') {
            Some(text) => Value::from(text).to_string(),
            None => as_json(value.strip_prefix('j').unwrap_or(&value)),
        }),
        Dimension::TraceName
        | Dimension::TraceStatus
        | Dimension::SpanName
        | Dimension::SpanType
        | Dimension::SpanStatus
        | Dimension::AssessmentName => Some(value),
    }
}

/// JSON that isn't a text. Whether somebody wrote 1 or 1.0 makes no difference.
fn as_json(json: &str) -> String {
    match serde_json::from_str(json) {
        Ok(Value::Number(number)) => match number.as_f64() {
            Some(number) => format!("{number:?}"),
            None => json.to_owned(),
        },
        _ => json.to_owned(),
    }
}

/// Numbers of one group.
#[derive(Default)]
struct Group {
    count: u64,
    sum: f64,
    least: f64,
    greatest: f64,
    /// How often each is there; empty if no percentile is asked for.
    numbers: BTreeMap<Ordered, u64>,
}

impl Group {
    /// Takes in a number that is there so many times. Returns whether it is kept, and is a new one.
    fn take(&mut self, number: f64, times: u64, keeps: bool) -> bool {
        if self.count == 0 {
            (self.least, self.greatest) = (number, number);
        }
        self.least = self.least.min(number);
        self.greatest = self.greatest.max(number);
        self.count += times;
        self.sum += number * times as f64;
        if !keeps {
            return false;
        }
        match self.numbers.entry(Ordered(number)) {
            Entry::Vacant(entry) => {
                entry.insert(times);
                true
            }
            Entry::Occupied(mut entry) => {
                *entry.get_mut() += times;
                false
            }
        }
    }

    /// The figures that are asked for, each once.
    fn figures(&self, aggregations: &[Aggregation]) -> Vec<(String, f64)> {
        let mut until = 0;
        let sorted = self.numbers.iter().map(|(number, times)| {
            until += times;
            (number.0, until)
        });
        let sorted: Vec<(f64, u64)> = sorted.collect();
        let mut figures: Vec<(String, f64)> = Vec::with_capacity(aggregations.len());
        for aggregation in aggregations {
            let label = aggregation.label();
            if let Some(figure) = self.figure(*aggregation, &sorted)
                && figures.iter().all(|(other, _)| *other != label)
            {
                figures.push((label, figure));
            }
        }
        figures
    }

    /// One of them; `sorted` are the different numbers, each with the place behind its last.
    fn figure(&self, aggregation: Aggregation, sorted: &[(f64, u64)]) -> Option<f64> {
        match aggregation {
            Aggregation::Count => Some(self.count as f64),
            _ if self.count == 0 => None,
            Aggregation::Sum => Some(self.sum),
            Aggregation::Avg => Some(self.sum / self.count as f64),
            Aggregation::Min => Some(self.least),
            Aggregation::Max => Some(self.greatest),
            Aggregation::Percentile(percent) => self.percentile(percent, sorted),
        }
    }

    /// Between the two numbers that are next to its place, on a straight line.
    fn percentile(&self, percent: f64, sorted: &[(f64, u64)]) -> Option<f64> {
        let nth = |place: u64| Some(sorted.get(sorted.partition_point(|(_, until)| *until <= place))?.0);
        let place = percent / 100.0 * (self.count - 1) as f64;
        let lower = nth(place as u64)?;
        let upper = nth((place as u64 + 1).min(self.count - 1))?;
        Some(lower + place.fract() * (upper - lower))
    }
}

/// A number that has its place among all others.
struct Ordered(f64);

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ordered {}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(numbers: &[(f64, u64)]) -> Group {
        let mut group = Group::default();
        for (number, times) in numbers {
            group.take(*number, *times, true);
        }
        group
    }

    #[test]
    fn percentiles_lie_on_a_line_between_two_numbers() {
        let check = |numbers: &[(f64, u64)], percent, expected| {
            let figures = group(numbers).figures(&[Aggregation::Percentile(percent)]);
            assert_eq!(figures.first().map(|(_, figure)| *figure), Some(expected), "{percent}");
        };
        check(&[(7.0, 1)], 50.0, 7.0);
        check(&[(20.0, 1), (10.0, 1)], 50.0, 15.0);
        check(&[(10.0, 1), (20.0, 1), (30.0, 1), (40.0, 1)], 50.0, 25.0);
        check(&[(10.0, 1), (20.0, 1), (30.0, 1), (40.0, 1)], 0.0, 10.0);
        check(&[(10.0, 1), (20.0, 1), (30.0, 1), (40.0, 1)], 100.0, 40.0);
        check(&[(10.0, 3), (20.0, 1)], 75.0, 12.5);
        check(&[(10.0, 2), (10.0, 1), (20.0, 2)], 75.0, 20.0);
    }

    #[test]
    fn figures_are_told_once_and_of_nothing_only_how_many() {
        let all =
            [Aggregation::Count, Aggregation::Sum, Aggregation::Avg, Aggregation::Min, Aggregation::Max];
        let told = |group: Group| {
            let figures = group.figures(&[&all[..], &all[..1]].concat());
            figures
                .into_iter()
                .map(|(label, figure)| format!("{label} {figure}"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        assert_eq!(told(group(&[(-1.0, 2), (5.0, 1)])), "COUNT 3, SUM 3, AVG 1, MIN -1, MAX 5");
        assert_eq!(told(Group::default()), "COUNT 0");
    }

    #[test]
    fn numbers_are_read_from_what_is_said() {
        let usage = r#"{"input_tokens": 5, "output_tokens": "7", "total_tokens": 12.5, "cache": true}"#;
        assert_eq!(read_tokens(usage, "input_tokens"), Some(5.0));
        assert_eq!(read_tokens(usage, "output_tokens"), Some(7.0));
        for none in ["total_tokens", "cache", "missing"] {
            assert_eq!(read_tokens(usage, none), None, "{none}");
        }
        assert_eq!(read_tokens("no JSON", "input_tokens"), None);
        let cost = r#"{"input_cost": 0.25, "total_cost": null}"#;
        assert_eq!(read_cost(cost, "input_cost"), Some(0.25));
        assert_eq!(read_cost(&Value::from(cost).to_string(), "input_cost"), Some(0.25));
        assert_eq!(read_cost(cost, "total_cost"), None);
    }

    #[test]
    fn values_of_assessments_are_json() {
        let check = |stored: &str, expected: &str| {
            assert_eq!(shown(Dimension::AssessmentValue, stored.to_owned()).as_deref(), Some(expected));
        };
        check("tyes", "\"yes\"");
        check("jtrue", "true");
        check("j1", "1.0");
        check("j0.5", "0.5");
        check("t1", "\"1\"");
        assert_eq!(shown(Dimension::SpanModelName, "\"gpt\"".to_owned()).as_deref(), Some("gpt"));
        assert_eq!(shown(Dimension::SpanModelName, "\"\\\"gpt\\\"\"".to_owned()).as_deref(), Some("gpt"));
        assert_eq!(shown(Dimension::SpanModelName, "5".to_owned()), None);
    }
}
