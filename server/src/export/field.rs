//! The columns of a file, and what a run has in them.

use app::column::Column;
use model::{
    filter::MetricFigure,
    metric::MetricSummary,
    run::{Run, Tag, tag},
};
use std::{
    collections::{BTreeSet, HashMap},
    fmt,
};

/// A column of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// The run's id.
    Id,
    /// Its name.
    Name,
    /// Where it stands.
    Status,
    /// Its experiment's id.
    Experiment,
    /// When it started, by the name that MLflow has for it.
    Started,
    /// When it ended.
    Ended,
    /// Where its artifacts are.
    Artifacts,
    /// A column of the table.
    Shown(Column),
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Texts.
    Text,
    /// Numbers.
    Number,
    /// Numbers without a fraction.
    Whole,
    /// Milliseconds since 1970, UTC.
    Time,
}

/// What a run has in a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// A text.
    Text(String),
    /// A number, NaN perhaps.
    Number(f64),
    /// A number without a fraction, or a time.
    Whole(i64),
}

/// The columns that a table shows, behind those that say which run it is.
pub fn shown(columns: impl IntoIterator<Item = Column>) -> Vec<Field> {
    let first = [Field::Id, Field::Name, Field::Status];
    first.into_iter().chain(columns.into_iter().map(Field::Shown)).collect()
}

/// Keys that some runs have.
#[derive(Debug, Default)]
pub struct Keys {
    metrics: BTreeSet<String>,
    params: BTreeSet<String>,
    tags: BTreeSet<String>,
}

impl Keys {
    /// Takes in those of these runs.
    pub fn learn(&mut self, runs: &[Run]) {
        fn learn<'a>(known: &mut BTreeSet<String>, keys: impl Iterator<Item = &'a String>) {
            for key in keys {
                if !known.contains(key) {
                    known.insert(key.clone());
                }
            }
        }
        for run in runs {
            learn(&mut self.metrics, run.metrics.iter().map(|metric| &metric.key));
            learn(&mut self.params, run.params.iter().map(|param| &param.key));
            learn(&mut self.tags, run.tags.iter().map(|tag| &tag.key));
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.metrics.len() + self.params.len() + self.tags.len()
    }

    /// All columns that the runs could fill, by the names that they have in what `mlflow.search_runs` returns.
    pub fn fields(self) -> Vec<Field> {
        let first = [
            Field::Id,
            Field::Name,
            Field::Status,
            Field::Experiment,
            Field::Shown(Column::User),
            Field::Started,
            Field::Ended,
            Field::Artifacts,
        ];
        let metrics = self.metrics.into_iter().map(|key| Column::Metric(key, MetricFigure::Last));
        let params = self.params.into_iter().map(Column::Param);
        let tags = self.tags.into_iter().map(Column::Tag);
        first.into_iter().chain(metrics.chain(params).chain(tags).map(Field::Shown)).collect()
    }
}

/// The head of the column.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id => f.write_str("run_id"),
            Self::Name => f.write_str("name"),
            Self::Status => f.write_str("status"),
            Self::Experiment => f.write_str("experiment_id"),
            Self::Started => f.write_str("start_time"),
            Self::Ended => f.write_str("end_time"),
            Self::Artifacts => f.write_str("artifact_uri"),
            Self::Shown(column) => write!(f, "{column}"),
        }
    }
}

/// A run whose values are found by their keys: a table may have thousands of columns.
pub struct Row<'a> {
    run: &'a Run,
    metrics: HashMap<&'a str, &'a MetricSummary>,
    params: HashMap<&'a str, &'a str>,
    tags: HashMap<&'a str, &'a str>,
}

impl<'a> Row<'a> {
    /// Of this run.
    pub fn new(run: &'a Run) -> Self {
        fn texts(pairs: &[Tag]) -> HashMap<&str, &str> {
            pairs.iter().map(|pair| (pair.key.as_str(), pair.value.as_str())).collect()
        }
        Self {
            run,
            metrics: run.metrics.iter().map(|metric| (metric.key.as_str(), metric)).collect(),
            params: texts(&run.params),
            tags: texts(&run.tags),
        }
    }
}

impl Field {
    /// What its values are.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Started | Self::Ended | Self::Shown(Column::Started) => Kind::Time,
            Self::Shown(Column::Duration) => Kind::Whole,
            Self::Shown(Column::Metric(..)) => Kind::Number,
            _ => Kind::Text,
        }
    }

    /// What a run has in it; nothing if it has nothing.
    pub fn cell(&self, row: &Row<'_>) -> Option<Cell> {
        let info = &row.run.info;
        let text = |text: &str| Some(Cell::Text(text.to_owned()));
        match self {
            Self::Id => text(&info.id.to_string()),
            Self::Name => text(&info.name),
            Self::Status => text(info.status.name()),
            Self::Experiment => text(&info.experiment.to_string()),
            Self::Artifacts => text(&info.artifact_uri),
            Self::Ended => info.end_time.map(Cell::Whole),
            // The client didn't say when: it wasn't in 1970.
            Self::Started | Self::Shown(Column::Started) => {
                (info.start_time != 0).then_some(Cell::Whole(info.start_time))
            }
            Self::Shown(Column::Duration) => {
                info.end_time.map(|end| Cell::Whole(end.saturating_sub(info.start_time)))
            }
            Self::Shown(Column::User) => text(&info.user),
            Self::Shown(Column::Source) => row.tags.get(tag::SOURCE_NAME).and_then(|name| text(name)),
            Self::Shown(Column::Param(key)) => row.params.get(key.as_str()).and_then(|value| text(value)),
            Self::Shown(Column::Tag(key)) => row.tags.get(key.as_str()).and_then(|value| text(value)),
            Self::Shown(Column::Metric(key, figure)) => {
                let metric = row.metrics.get(key.as_str())?;
                let value = match figure {
                    MetricFigure::Last => Some(metric.last.value),
                    MetricFigure::Min => metric.min,
                    MetricFigure::Max => metric.max,
                };
                value.map(Cell::Number)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_table_shows_comes_behind_what_says_which_run_it_is() {
        let fields = shown([Column::Started, Column::metric("loss"), Column::Param("lr".to_owned())]);
        let heads: Vec<String> = fields.iter().map(ToString::to_string).collect();
        assert_eq!(heads, ["run_id", "name", "status", "started", "metrics.loss", "params.lr"]);
        let kinds: Vec<Kind> = fields.iter().map(Field::kind).collect();
        assert_eq!(kinds, [Kind::Text, Kind::Text, Kind::Text, Kind::Time, Kind::Number, Kind::Text]);
    }
}
