//! Plots over runs rather than over steps: what they ask for, and the columns of values that answer it.

use crate::{RunId, filter::MetricFigure, page::Total};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, str::FromStr};

/// Runs that a plot shows at most.
pub const EXPLORED_RUNS: usize = 5_000;
/// Fields that are read in one call at most.
pub const EXPLORED_FIELDS: usize = 24;
/// Characters of a text that are kept: enough to tell one from another.
pub const EXPLORED_TEXT: usize = 120;
/// Runs that it takes at least to say which params matter.
pub const IMPORTANCE_FROM: usize = 8;

/// What is read of each run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Field {
    /// When it started, in milliseconds since the epoch; none if the client didn't say.
    Started,
    /// How long it took, in seconds; none while it goes on.
    Duration,
    /// Where it stands.
    Status,
    /// A figure of a metric.
    Metric(String, MetricFigure),
    /// A param.
    Param(String),
    /// A tag.
    Tag(String),
}

impl Field {
    /// The last value of a metric.
    pub fn metric(key: &str) -> Self {
        Self::Metric(key.to_owned(), MetricFigure::Last)
    }

    /// A param.
    pub fn param(key: &str) -> Self {
        Self::Param(key.to_owned())
    }

    /// What an axis says of it.
    pub fn title(&self) -> String {
        match self {
            Self::Started => "Started".to_owned(),
            Self::Duration => "Duration (s)".to_owned(),
            Self::Status => "Status".to_owned(),
            Self::Metric(key, MetricFigure::Last) | Self::Param(key) | Self::Tag(key) => key.clone(),
            Self::Metric(key, MetricFigure::Min) => format!("{key} (min)"),
            Self::Metric(key, MetricFigure::Max) => format!("{key} (max)"),
        }
    }
}

/// As addresses write it.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started => f.write_str("started"),
            Self::Duration => f.write_str("duration"),
            Self::Status => f.write_str("status"),
            Self::Metric(key, figure) => write!(f, "{}.{key}", figure.prefix()),
            Self::Param(key) => write!(f, "params.{key}"),
            Self::Tag(key) => write!(f, "tags.{key}"),
        }
    }
}

impl FromStr for Field {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let metric = |key: &str, figure| Ok(Self::Metric(key.to_owned(), figure));
        match text {
            "started" => Ok(Self::Started),
            "duration" => Ok(Self::Duration),
            "status" => Ok(Self::Status),
            _ => match text.split_once('.').ok_or(())? {
                (_, "") => Err(()),
                ("metrics", key) => metric(key, MetricFigure::Last),
                ("min_metrics", key) => metric(key, MetricFigure::Min),
                ("max_metrics", key) => metric(key, MetricFigure::Max),
                ("params", key) => Ok(Self::Param(key.to_owned())),
                ("tags", key) => Ok(Self::Tag(key.to_owned())),
                _ => Err(()),
            },
        }
    }
}

/// What runs have of a field, in the order of the runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Values {
    /// Numbers, NaN among them where it was logged.
    Numbers(Vec<Option<f64>>),
    /// Texts.
    Words(Words),
}

/// Texts, each different one once.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Words {
    /// The different ones, in the order in which they were first met, long ones cut.
    pub words: Vec<String>,
    /// The same as numbers, if all of them are.
    pub numbers: Option<Vec<f64>>,
    /// Which of them each run has.
    pub of: Vec<Option<u32>>,
}

impl Words {
    /// Of the texts of runs.
    pub fn of<'a>(texts: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let mut gathered = WordsBuilder::default();
        texts.into_iter().for_each(|text| gathered.push(text));
        gathered.finish()
    }
}

/// Texts that come one after the other.
#[derive(Debug, Default)]
pub struct WordsBuilder {
    words: Words,
    known: BTreeMap<String, u32>,
}

impl WordsBuilder {
    /// The text of one more run.
    pub fn push(&mut self, text: Option<&str>) {
        let place = text.map(|text| {
            let text: String = text.chars().take(EXPLORED_TEXT).collect();
            if let Some(place) = self.known.get(&text) {
                return *place;
            }
            let place = u32::try_from(self.words.words.len()).unwrap_or(u32::MAX);
            self.words.words.push(text.clone());
            self.known.insert(text, place);
            place
        });
        self.words.of.push(place);
    }

    /// All of them.
    pub fn finish(mut self) -> Words {
        let numbers: Option<Vec<f64>> =
            self.words.words.iter().map(|word| word.trim().parse::<f64>().ok()).collect();
        self.words.numbers = numbers.filter(|numbers| !numbers.is_empty());
        self.words
    }
}

impl Values {
    /// Whether they are numbers, or all read as such.
    pub fn are_numbers(&self) -> bool {
        match self {
            Self::Numbers(_) => true,
            Self::Words(words) => words.numbers.is_some(),
        }
    }

    /// The number that a run has.
    pub fn number(&self, run: usize) -> Option<f64> {
        match self {
            Self::Numbers(numbers) => numbers.get(run).copied().flatten(),
            Self::Words(words) => {
                let place = words.of.get(run).copied().flatten()?;
                words.numbers.as_ref()?.get(usize::try_from(place).ok()?).copied()
            }
        }
    }

    /// The text that a run has; `None` also where there are numbers only.
    pub fn word(&self, run: usize) -> Option<&str> {
        match self {
            Self::Numbers(_) => None,
            Self::Words(words) => {
                let place = words.of.get(run).copied().flatten()?;
                words.words.get(usize::try_from(place).ok()?).map(String::as_str)
            }
        }
    }
}

/// Runs and what they have of some fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunValues {
    /// The runs, in the order that was asked for.
    pub ids: Vec<RunId>,
    /// What they are called.
    pub names: Vec<String>,
    /// One for each field that was asked for.
    pub columns: Vec<Values>,
    /// How many runs match in all.
    pub total: Total,
}

/// How much the params of runs have to do with a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Importance {
    /// Runs that were looked at: those with a number.
    pub runs: u64,
    /// The most important first.
    pub params: Vec<ParamImportance>,
    /// Params that differ and weren't looked at, because they are too many.
    pub left_out: u64,
}

/// How much a param has to do with a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParamImportance {
    /// The param.
    pub key: String,
    /// Its part of what a random forest explains by params; all parts make 1.
    pub importance: f64,
    /// Pearson's correlation; none for params that aren't numbers.
    pub pearson: Option<f64>,
    /// Spearman's: of the ranks.
    pub spearman: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_reads_back_as_written() {
        for text in [
            "started",
            "duration",
            "status",
            "metrics.val/loss",
            "min_metrics.a.b",
            "max_metrics.x",
            "params.lr",
            "tags.mlflow.user",
        ] {
            assert_eq!(text.parse::<Field>().map(|field| field.to_string()), Ok(text.to_owned()));
        }
        for bad in ["", "loss", "params.", "other.x"] {
            assert_eq!(bad.parse::<Field>(), Err(()), "{bad}");
        }
    }

    #[test]
    fn texts_are_numbers_if_all_of_them_are() {
        let check = |texts: &[Option<&str>], numbers: &[Option<f64>]| {
            let values = Values::Words(Words::of(texts.iter().copied()));
            let found: Vec<_> = (0..texts.len()).map(|run| values.number(run)).collect();
            assert_eq!(found, numbers, "{texts:?}");
        };
        check(&[Some("1e-4"), None, Some(" 2 "), Some("1e-4")], &[Some(1e-4), None, Some(2.0), Some(1e-4)]);
        check(&[Some("1"), Some("auto")], &[None, None]);
        check(&[None, None], &[None, None]);
    }

    #[test]
    fn a_text_is_kept_once_and_cut() {
        let long = "x".repeat(1000);
        let words = Words::of([Some("a"), Some(long.as_str()), None, Some("a")]);
        assert_eq!((words.words.len(), words.words[1].len()), (2, EXPLORED_TEXT));
        assert_eq!(words.of, [Some(0), Some(1), None, Some(0)]);
    }
}
