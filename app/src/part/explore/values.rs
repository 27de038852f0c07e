//! What was read of the runs, as plots need it: a number for each run, and what it stands for.

use crate::part::time::{absolute, duration};
use chart::{Axis, Scale, format_number};
use model::{
    RunId,
    explore::{Field, RunValues, Values},
};

/// Groups that are told apart; what is in none of them is put together.
const GROUPS: usize = 24;
/// Groups that are made of numbers that nearly all runs have another of.
const BANDS: usize = 8;
/// What runs without a value are called where they are put together.
const NOTHING: &str = "none";
/// What rare values are called where they are put together.
const OTHERS: &str = "others";

/// What was read of the runs of a table.
#[derive(Debug, PartialEq)]
pub struct Held {
    /// Which fields.
    pub fields: Vec<Field>,
    /// What they have.
    pub values: RunValues,
}

impl Held {
    /// What the runs have of a field, if it was read.
    pub fn column(&self, field: &Field) -> Option<&Values> {
        self.values.columns.get(self.fields.iter().position(|held| held == field)?)
    }

    /// How many runs there are.
    pub fn count(&self) -> usize {
        self.values.ids.len()
    }

    /// A run's id.
    pub fn id(&self, run: usize) -> Option<RunId> {
        self.values.ids.get(run).copied()
    }

    /// What a run is called.
    pub fn name(&self, run: usize) -> String {
        match self.values.names.get(run) {
            Some(name) if !name.is_empty() => name.clone(),
            _ => self.id(run).map(|id| id.to_string().chars().take(8).collect()).unwrap_or_default(),
        }
    }

    /// What a run has of a field, in words; nothing if it has none.
    pub fn say(&self, field: &Field, run: usize) -> Option<String> {
        let values = self.column(field)?;
        if let Some(word) = values.word(run) {
            return Some(word.to_owned());
        }
        let number = values.number(run)?;
        Some(match field {
            Field::Started => absolute(number as i64),
            Field::Duration => duration((number * 1000.0) as i64),
            _ => format_number(number),
        })
    }
}

/// A field as an axis, and where each run is on it: NaN where it isn't.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// What the numbers mean.
    pub axis: Axis,
    /// One for each run.
    pub values: Vec<f64>,
}

impl Column {
    /// Of what the runs have.
    pub fn new(field: &Field, values: &Values, scale: Scale) -> Self {
        let count = match values {
            Values::Numbers(numbers) => numbers.len(),
            Values::Words(words) => words.of.len(),
        };
        if values.are_numbers() {
            let numbers = (0..count).map(|run| values.number(run).unwrap_or(f64::NAN)).collect();
            return match field {
                Field::Started => since_the_first(numbers),
                _ => Self { axis: Axis::number(field.title(), scale), values: numbers },
            };
        }
        let mut words: Vec<&str> = match values {
            Values::Words(words) => words.words.iter().map(String::as_str).collect(),
            Values::Numbers(_) => Vec::new(),
        };
        words.sort_unstable();
        let place = |run: usize| {
            let place = values.word(run).and_then(|word| words.binary_search(&word).ok());
            place.map_or(f64::NAN, |place| place as f64)
        };
        let places = (0..count).map(place).collect();
        let words = words.into_iter().map(str::to_owned).collect();
        Self { axis: Axis::category(field.title(), words), values: places }
    }
}

/// Times as a span since the first of them, in a unit that fits: an axis has no dates.
fn since_the_first(times: Vec<f64>) -> Column {
    let first = times.iter().copied().fold(f64::INFINITY, f64::min);
    let last = times.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (unit, word) = match last - first {
        span if span > 3.0 * 86_400_000.0 => (86_400_000.0, "days"),
        span if span > 3.0 * 3_600_000.0 => (3_600_000.0, "hours"),
        _ => (60_000.0, "minutes"),
    };
    let axis = Axis::number(format!("Started ({word} after the first)"), Scale::Linear);
    Column { axis, values: times.into_iter().map(|time| (time - first) / unit).collect() }
}

/// Runs that have the same, or about the same.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Groups {
    /// What each has in common.
    pub labels: Vec<String>,
    /// Which one each run is in.
    pub of: Vec<usize>,
}

impl Groups {
    /// By what the runs have.
    pub fn new(values: &Values) -> Self {
        match values {
            Values::Numbers(numbers) => {
                let numbers: Vec<f64> = numbers.iter().map(|number| number.unwrap_or(f64::NAN)).collect();
                Self::of_numbers(&numbers)
            }
            Values::Words(words) if words.numbers.is_some() => {
                let number = |run| values.number(run).unwrap_or(f64::NAN);
                Self::of_numbers(&(0..words.of.len()).map(number).collect::<Vec<_>>())
            }
            Values::Words(words) => {
                let mut counts = vec![0_usize; words.words.len()];
                let place = |place: &Option<u32>| place.and_then(|place| usize::try_from(place).ok());
                words.of.iter().filter_map(place).for_each(|place| counts[place] += 1);
                let mut kept: Vec<usize> = (0..counts.len()).collect();
                kept.sort_by_key(|word| std::cmp::Reverse(counts[*word]));
                kept.truncate(GROUPS);
                kept.sort_by(|a, b| words.words[*a].cmp(&words.words[*b]));
                let labels = kept.iter().map(|word| words.words[*word].clone()).collect();
                let group = |word: usize| kept.iter().position(|kept| *kept == word);
                Self::finish(labels, words.of.iter().map(|word| place(word).map(group)))
            }
        }
    }

    /// All runs as one.
    pub fn one(label: String, count: usize) -> Self {
        Self { labels: vec![label], of: vec![0; count] }
    }

    fn of_numbers(numbers: &[f64]) -> Self {
        let mut different: Vec<f64> = numbers.iter().copied().filter(|number| !number.is_nan()).collect();
        different.sort_by(f64::total_cmp);
        different.dedup();
        let each = if different.len() <= GROUPS { 1 } else { different.len().div_ceil(BANDS) };
        let bands: Vec<&[f64]> = different.chunks(each).collect();
        let label = |band: &&[f64]| match **band {
            [only] => format_number(only),
            [first, .., last] => format!("{} – {}", format_number(first), format_number(last)),
            [] => String::new(),
        };
        let labels = bands.iter().map(label).collect();
        let band = |number: f64| {
            let last = |band: &&[f64]| band.last().is_some_and(|last| *last < number);
            (!number.is_nan()).then(|| Some(bands.partition_point(last)))
        };
        Self::finish(labels, numbers.iter().map(|number| band(*number)))
    }

    /// Of each run: nothing, something rare, or the group.
    fn finish(mut labels: Vec<String>, runs: impl Iterator<Item = Option<Option<usize>>>) -> Self {
        let runs: Vec<_> = runs.collect();
        let mut rest = |label: &str, any: bool| {
            if any {
                labels.push(label.to_owned());
            }
            labels.len().saturating_sub(1)
        };
        let others = rest(OTHERS, runs.contains(&Some(None)));
        let nothing = rest(NOTHING, runs.contains(&None));
        let of = runs
            .into_iter()
            .map(|run| match run {
                None => nothing,
                Some(None) => others,
                Some(Some(group)) => group,
            })
            .collect();
        Self { labels, of }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::explore::Words;

    fn words(texts: &[Option<&str>]) -> Values {
        Values::Words(Words::of(texts.iter().copied()))
    }

    #[test]
    fn words_stand_in_their_order_and_numbers_for_themselves() {
        let solver = Field::param("solver");
        let column = Column::new(&solver, &words(&[Some("sgd"), None, Some("adam")]), Scale::Linear);
        assert_eq!(column.axis, Axis::category("solver", vec!["adam".to_owned(), "sgd".to_owned()]));
        assert_eq!((column.values[0], column.values[1].is_nan(), column.values[2]), (1.0, true, 0.0));
        let rate = Column::new(&Field::param("lr"), &words(&[Some("1e-3"), Some("10")]), Scale::Log10);
        assert_eq!(rate, Column { axis: Axis::number("lr", Scale::Log10), values: vec![0.001, 10.0] });
    }

    #[test]
    fn starts_are_told_from_the_first() {
        let check = |millis: f64, label: &str, expected: f64| {
            let values = Values::Numbers(vec![Some(1e12), Some(1e12 + millis), None]);
            let column = Column::new(&Field::Started, &values, Scale::Log10);
            assert_eq!(column.axis.label, label);
            assert_eq!((column.values[0], column.values[1]), (0.0, expected));
            assert!(column.values[2].is_nan());
        };
        check(120_000.0, "Started (minutes after the first)", 2.0);
        check(86_400_000.0, "Started (hours after the first)", 24.0);
        check(864_000_000.0, "Started (days after the first)", 10.0);
    }

    fn check(values: &Values, labels: &[&str], of: &[usize]) {
        let groups = Groups::new(values);
        assert_eq!(
            (groups.labels.as_slice(), groups.of.as_slice()),
            (&labels.iter().map(|label| (*label).to_owned()).collect::<Vec<_>>()[..], of)
        );
    }

    #[test]
    fn runs_are_grouped_by_words_and_by_numbers() {
        check(&words(&[Some("b"), Some("a"), None, Some("b")]), &["a", "b", "none"], &[1, 0, 2, 1]);
        check(&words(&[Some("64"), Some("8"), Some("64")]), &["8", "64"], &[1, 0, 1]);
        check(&Values::Numbers(vec![Some(2.0), None, Some(1.0)]), &["1", "2", "none"], &[1, 2, 0]);
    }

    #[test]
    fn many_words_leave_the_rare_ones_together() {
        let texts: Vec<String> = (0..30).map(|word| format!("w{word:02}")).collect();
        let twice: Vec<Option<&str>> =
            texts.iter().chain(&texts[..20]).map(|text| Some(text.as_str())).collect();
        let groups = Groups::new(&words(&twice));
        assert_eq!((groups.labels.len(), groups.labels[24].as_str()), (25, "others"));
        assert_eq!((groups.of[0], groups.of[29]), (0, 24));
    }

    #[test]
    fn many_numbers_make_bands() {
        let numbers: Vec<Option<f64>> = (0..80).map(|number| Some(f64::from(number))).collect();
        let groups = Groups::new(&Values::Numbers(numbers));
        assert_eq!((groups.labels.len(), groups.labels[0].as_str()), (8, "0 – 9"));
        assert_eq!((groups.of[9], groups.of[10], groups.of[79]), (0, 1, 7));
    }
}
