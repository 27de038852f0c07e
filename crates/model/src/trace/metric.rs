//! Metrics of traces, in MLflow's words: what is counted and measured of many traces, steps and assessments at once.
//!
//! Start reading: [`TraceMetric::find`] and [`TraceMetric::check`], which say what can be asked for together.

use crate::Problem;

/// The dimension that a time interval adds.
pub const TIME_BUCKET: &str = "time_bucket";

/// What is counted and measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricView {
    /// Traces as a whole.
    Traces,
    /// Their steps.
    Spans,
    /// What was thought of them.
    Assessments,
}

impl MetricView {
    /// In the order of MLflow's numbers, which start at 1.
    pub const ALL: [Self; 3] = [Self::Traces, Self::Spans, Self::Assessments];

    /// MLflow's word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Traces => "TRACES",
            Self::Spans => "SPANS",
            Self::Assessments => "ASSESSMENTS",
        }
    }

    fn metrics(self) -> &'static [TraceMetric] {
        match self {
            Self::Traces => &[
                TraceMetric::TraceCount,
                TraceMetric::SessionCount,
                TraceMetric::TraceLatency,
                TraceMetric::Tokens("input_tokens"),
                TraceMetric::Tokens("output_tokens"),
                TraceMetric::Tokens("total_tokens"),
                TraceMetric::Tokens("cache_read_input_tokens"),
                TraceMetric::Tokens("cache_creation_input_tokens"),
            ],
            Self::Spans => &[
                TraceMetric::SpanCount,
                TraceMetric::SpanLatency,
                TraceMetric::Cost("input_cost"),
                TraceMetric::Cost("output_cost"),
                TraceMetric::Cost("total_cost"),
            ],
            Self::Assessments => &[TraceMetric::AssessmentCount, TraceMetric::AssessmentValue],
        }
    }
}

/// A metric of traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceMetric {
    /// How many traces there are.
    TraceCount,
    /// How many conversations they are a part of.
    SessionCount,
    /// How many milliseconds a trace took.
    TraceLatency,
    /// Tokens that models read or wrote for a trace, under this key of what its client tells of them.
    Tokens(&'static str),
    /// How many steps there are.
    SpanCount,
    /// How many milliseconds a step took.
    SpanLatency,
    /// What a step cost, under this key of what its client tells of that.
    Cost(&'static str),
    /// How many assessments there are that count.
    AssessmentCount,
    /// The number that an assessment says; yes and no are 1 and 0.
    AssessmentValue,
}

impl TraceMetric {
    /// The metric with this name.
    ///
    /// # Errors
    /// There is none in this view.
    pub fn find(view: MetricView, name: &str) -> Result<Self, Problem> {
        let known = view.metrics();
        known.iter().copied().find(|metric| metric.name() == name).ok_or_else(|| {
            let known = listed(known.iter().map(|metric| metric.name()));
            Problem::invalid(format!("metric_name must be one of {known}, got '{name}'"))
        })
    }

    /// MLflow's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::TraceCount => "trace_count",
            Self::SessionCount => "session_count",
            Self::TraceLatency | Self::SpanLatency => "latency",
            Self::SpanCount => "span_count",
            Self::Tokens(key) | Self::Cost(key) => key,
            Self::AssessmentCount => "assessment_count",
            Self::AssessmentValue => "assessment_value",
        }
    }

    /// What it is of.
    pub fn view(self) -> MetricView {
        match self {
            Self::TraceCount | Self::SessionCount | Self::TraceLatency | Self::Tokens(_) => {
                MetricView::Traces
            }
            Self::SpanCount | Self::SpanLatency | Self::Cost(_) => MetricView::Spans,
            Self::AssessmentCount | Self::AssessmentValue => MetricView::Assessments,
        }
    }

    /// Words of what can be made of it, sorted.
    fn aggregations(self) -> &'static [&'static str] {
        match self {
            Self::TraceCount | Self::SessionCount | Self::SpanCount | Self::AssessmentCount => &["COUNT"],
            Self::TraceLatency | Self::SpanLatency | Self::AssessmentValue => {
                &["AVG", "MAX", "MIN", "PERCENTILE"]
            }
            Self::Tokens(_) | Self::Cost(_) => &["AVG", "MAX", "MIN", "PERCENTILE", "SUM"],
        }
    }

    /// What it can be told by, sorted by name.
    fn dimensions(self) -> &'static [Dimension] {
        match self {
            Self::TraceCount => &[Dimension::TraceName, Dimension::TraceStatus],
            Self::SessionCount => &[],
            Self::TraceLatency | Self::Tokens(_) => &[Dimension::TraceName],
            Self::SpanCount => &[
                Dimension::SpanModelName,
                Dimension::SpanModelProvider,
                Dimension::SpanName,
                Dimension::SpanStatus,
                Dimension::SpanType,
            ],
            Self::SpanLatency => &[Dimension::SpanName, Dimension::SpanStatus],
            Self::Cost(_) => &[Dimension::SpanModelName, Dimension::SpanModelProvider],
            Self::AssessmentCount => &[Dimension::AssessmentName, Dimension::AssessmentValue],
            Self::AssessmentValue => &[Dimension::AssessmentName],
        }
    }

    /// Whether it can be told like this. Returns the dimensions, each once.
    ///
    /// # Errors
    /// What can't be made of this metric, or what it can't be told by.
    pub fn check(
        self,
        aggregations: &[Aggregation],
        dimensions: &[String],
    ) -> Result<Vec<Dimension>, Problem> {
        let supported = self.aggregations();
        let wrong = aggregations.iter().map(|aggregation| aggregation.name());
        let wrong: Vec<&str> = wrong.filter(|name| !supported.contains(name)).collect();
        if !wrong.is_empty() {
            return Err(Problem::invalid(format!(
                "Found invalid aggregation_type(s): {}. Supported aggregation types: {}",
                sorted(wrong),
                listed(supported.iter().copied())
            )));
        }
        let supported = self.dimensions();
        let mut found: Vec<Dimension> = Vec::new();
        let mut wrong: Vec<&str> = Vec::new();
        for name in dimensions {
            match supported.iter().find(|dimension| dimension.name() == name) {
                Some(dimension) if found.contains(dimension) => {}
                Some(dimension) => found.push(*dimension),
                None => wrong.push(name),
            }
        }
        if wrong.is_empty() {
            return Ok(found);
        }
        Err(Problem::invalid(format!(
            "Found invalid dimension(s): {}. Supported dimensions: {}",
            sorted(wrong),
            listed(supported.iter().map(|dimension| dimension.name()))
        )))
    }
}

/// By what a metric is told: each of its values has a number of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// The trace's name.
    TraceName,
    /// How the request went.
    TraceStatus,
    /// The step's name.
    SpanName,
    /// What kind of step it is.
    SpanType,
    /// How the step went.
    SpanStatus,
    /// The model that it asked.
    SpanModelName,
    /// Whose model that is.
    SpanModelProvider,
    /// What was assessed.
    AssessmentName,
    /// What was said, as JSON.
    AssessmentValue,
}

impl Dimension {
    /// MLflow's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::TraceName => "trace_name",
            Self::TraceStatus => "trace_status",
            Self::SpanName => "span_name",
            Self::SpanType => "span_type",
            Self::SpanStatus => "span_status",
            Self::SpanModelName => "span_model_name",
            Self::SpanModelProvider => "span_model_provider",
            Self::AssessmentName => "assessment_name",
            Self::AssessmentValue => "assessment_value",
        }
    }
}

/// What is made of many numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Aggregation {
    /// How many there are.
    Count,
    /// All together.
    Sum,
    /// Their mean.
    Avg,
    /// So many percent of them are smaller; between two of them it lies on a straight line.
    Percentile(f64),
    /// The least.
    Min,
    /// The greatest.
    Max,
}

impl Aggregation {
    /// MLflow's words, in the order of its numbers, which start at 1.
    pub const WORDS: [&str; 6] = ["COUNT", "SUM", "AVG", "PERCENTILE", "MIN", "MAX"];

    /// The aggregation of a word, and of what is said of percentiles.
    ///
    /// # Errors
    /// The word isn't known, or the percentile is missing, none, or not wanted.
    pub fn new(word: &str, percentile: Option<f64>) -> Result<Self, Problem> {
        let plain = match word {
            "COUNT" => Self::Count,
            "SUM" => Self::Sum,
            "AVG" => Self::Avg,
            "MIN" => Self::Min,
            "MAX" => Self::Max,
            "PERCENTILE" => {
                let percentile = percentile.ok_or_else(|| {
                    Problem::invalid("Percentile value is required for PERCENTILE aggregation")
                })?;
                if !(0.0..=100.0).contains(&percentile) {
                    return Err(Problem::invalid(format!(
                        "Percentile value must be between 0 and 100, got {percentile:?}"
                    )));
                }
                return Ok(Self::Percentile(percentile));
            }
            _ => {
                let known = listed(Self::WORDS.into_iter());
                return Err(Problem::invalid(format!(
                    "aggregation_type must be one of {known}, got '{word}'"
                )));
            }
        };
        if percentile.is_some() {
            return Err(Problem::invalid(format!(
                "Percentile value is only allowed for PERCENTILE aggregation type, got {word}"
            )));
        }
        Ok(plain)
    }

    /// MLflow's word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "COUNT",
            Self::Sum => "SUM",
            Self::Avg => "AVG",
            Self::Percentile(_) => "PERCENTILE",
            Self::Min => "MIN",
            Self::Max => "MAX",
        }
    }

    /// What its figure is called in an answer: `AVG`, `P99.0`.
    pub fn label(self) -> String {
        match self {
            Self::Percentile(percent) => format!("P{percent:?}"),
            other => other.name().to_owned(),
        }
    }
}

/// What a metric is for one value of each dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricPoint {
    /// Values of the dimensions, by name.
    pub dimensions: Vec<(&'static str, String)>,
    /// The figures, by label.
    pub values: Vec<(String, f64)>,
}

/// As Python writes a list of texts.
fn listed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.map(|word| format!("'{word}'")).collect();
    format!("[{}]", words.join(", "))
}

fn sorted(mut words: Vec<&str>) -> String {
    words.sort_unstable();
    words.dedup();
    listed(words.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_metric_has_its_own_aggregations_and_dimensions() {
        let check = |view, name: &str, aggregations: &[Aggregation], dimensions: &[&str], expected: &str| {
            let dimensions: Vec<String> = dimensions.iter().map(|name| (*name).to_owned()).collect();
            let checked = TraceMetric::find(view, name)
                .and_then(|metric| metric.check(aggregations, &dimensions))
                .map_or_else(|problem| problem.message, |found| format!("{found:?}"));
            assert_eq!(checked, expected, "{name}");
        };
        let twice = ["trace_status", "trace_name", "trace_status"];
        check(MetricView::Traces, "trace_count", &[Aggregation::Count], &twice, "[TraceStatus, TraceName]");
        check(
            MetricView::Spans,
            "latency",
            &[Aggregation::Sum, Aggregation::Count, Aggregation::Sum],
            &[],
            "Found invalid aggregation_type(s): ['COUNT', 'SUM']. \
             Supported aggregation types: ['AVG', 'MAX', 'MIN', 'PERCENTILE']",
        );
        check(
            MetricView::Traces,
            "session_count",
            &[],
            &["x", "trace_name"],
            "Found invalid dimension(s): ['trace_name', 'x']. Supported dimensions: []",
        );
        check(
            MetricView::Assessments,
            "latency",
            &[],
            &[],
            "metric_name must be one of ['assessment_count', 'assessment_value'], got 'latency'",
        );
    }

    #[test]
    fn a_metric_is_found_by_its_name_in_its_view() {
        for view in MetricView::ALL {
            for metric in view.metrics() {
                assert_eq!(metric.view(), view);
                assert_eq!(TraceMetric::find(view, metric.name()), Ok(*metric));
            }
        }
    }

    #[test]
    fn percentiles_say_which() {
        assert_eq!(Aggregation::new("PERCENTILE", Some(99.0)).unwrap().label(), "P99.0");
        assert_eq!(Aggregation::new("PERCENTILE", Some(0.5)).unwrap().label(), "P0.5");
        assert_eq!(Aggregation::new("MIN", None).unwrap().label(), "MIN");
        for (word, percentile) in [
            ("PERCENTILE", None),
            ("PERCENTILE", Some(100.5)),
            ("PERCENTILE", Some(f64::NAN)),
            ("AVG", Some(50.0)),
            ("MEAN", None),
        ] {
            assert!(Aggregation::new(word, percentile).is_err(), "{word}");
        }
    }
}
