//! Which params matter for a metric: what a random forest makes of them, and how they go along with it.
//!
//! All params go in as ranks: a forest asks only what is greater, and nothing can be too great to be counted with. How many
//! runs, params and trees there are bounds how long it takes.

use crate::error::{Error, Result};
use model::explore::{Field, IMPORTANCE_FROM, Importance, ParamImportance, Values, Words};
use smartcore::{
    ensemble::random_forest_regressor::{RandomForestRegressor, RandomForestRegressorParameters},
    linalg::basic::matrix::DenseMatrix,
};

/// Params that are looked at.
const PARAMS: usize = 50;
/// Trees of a forest.
const TREES: usize = 64;
/// How often a tree asks on its way to a leaf.
const DEPTH: u16 = 10;
/// The same runs have the same answer.
const SEED: u64 = 7;

/// What is looked at: runs with a number, and what they have of params that differ.
#[derive(Debug)]
pub(super) struct Sample {
    target: Vec<f64>,
    params: Vec<Param>,
    left_out: u64,
}

#[derive(Debug)]
struct Param {
    key: String,
    /// For each run a place among the others; −1 where it has none.
    ranks: Vec<f64>,
    /// For each run its number, if they are numbers.
    numbers: Option<Vec<Option<f64>>>,
}

impl Sample {
    /// Takes those runs that have a number, and those params that tell them apart.
    ///
    /// # Errors
    /// If they are too few, or all the same.
    pub fn new(of: &Field, target: &Values, params: Vec<(String, Words)>) -> Result<Self> {
        let all = match target {
            Values::Numbers(numbers) => numbers.len(),
            Values::Words(words) => words.of.len(),
        };
        let number = |run: usize| target.number(run).filter(|number| number.is_finite());
        let runs: Vec<usize> = (0..all).filter(|run| number(*run).is_some()).collect();
        if runs.len() < IMPORTANCE_FROM {
            return Err(Error::invalid(format!(
                "It takes at least {IMPORTANCE_FROM} runs with a number of '{}' to say which params matter. Here are {}.",
                of.title(),
                runs.len()
            )));
        }
        let target: Vec<f64> = runs.iter().filter_map(|run| number(*run)).collect();
        if target.windows(2).all(|pair| pair[0] == pair[1]) {
            return Err(Error::invalid(format!("All these runs have the same '{}'.", of.title())));
        }
        let told = params.into_iter().filter_map(|(key, words)| Param::new(key, &words, &runs));
        let mut params: Vec<Param> = told.collect();
        let left_out = params.len().saturating_sub(PARAMS) as u64;
        params.truncate(PARAMS);
        Ok(Self { target, params, left_out })
    }
}

impl Param {
    /// `None` for one that is the same in all runs, and for words of which every run has another: those are names.
    fn new(key: String, words: &Words, runs: &[usize]) -> Option<Self> {
        let places: Vec<Option<usize>> = runs
            .iter()
            .map(|run| words.of.get(*run).copied().flatten().and_then(|place| usize::try_from(place).ok()))
            .collect();
        if places.windows(2).all(|pair| pair[0] == pair[1]) {
            return None;
        }
        let numbers = words.numbers.as_ref().map(|numbers| -> Vec<Option<f64>> {
            let number = |place: &Option<usize>| {
                place.and_then(|place| numbers.get(place).copied()).filter(|number| number.is_finite())
            };
            places.iter().map(number).collect()
        });
        let ranks = match &numbers {
            Some(numbers) => ranks(numbers),
            None => {
                let mut different: Vec<usize> = places.iter().copied().flatten().collect();
                different.sort_unstable();
                different.dedup();
                if different.len() == runs.len() {
                    return None;
                }
                different.sort_by(|a, b| words.words.get(*a).cmp(&words.words.get(*b)));
                let mut rank_of = vec![-1.0; words.words.len()];
                for (rank, place) in different.iter().enumerate() {
                    rank_of[*place] = rank as f64;
                }
                places.iter().map(|place| place.map_or(-1.0, |place| rank_of[place])).collect()
            }
        };
        Some(Self { key, ranks, numbers })
    }
}

/// How much each param matters, the most important first.
pub(super) fn importances(sample: &Sample) -> Result<Importance> {
    let (runs, count) = (sample.target.len(), sample.params.len());
    let parts = if count == 0 { Vec::new() } else { forest(sample)? };
    let target: Vec<Option<f64>> = sample.target.iter().copied().map(Some).collect();
    let target_ranks = ranks(&target);
    let mut params: Vec<ParamImportance> = sample
        .params
        .iter()
        .zip(parts)
        .map(|(param, importance)| {
            let along = |other: &[f64], own: &[f64]| {
                let numbers = param.numbers.as_ref()?;
                let pairs = (0..runs).filter(|run| numbers[*run].is_some());
                correlation(&pairs.map(|run| (own[run], other[run])).collect::<Vec<_>>())
            };
            let numbers: Vec<f64> =
                param.numbers.iter().flatten().map(|number| number.unwrap_or_default()).collect();
            ParamImportance {
                key: param.key.clone(),
                importance,
                pearson: along(&sample.target, &numbers),
                spearman: along(&target_ranks, &param.ranks),
            }
        })
        .collect();
    params.sort_by(|a, b| b.importance.total_cmp(&a.importance).then_with(|| a.key.cmp(&b.key)));
    Ok(Importance { runs: runs as u64, params, left_out: sample.left_out })
}

/// Each param's part of what a forest explains: how much its questions take from the variance.
fn forest(sample: &Sample) -> Result<Vec<f64>> {
    let failed = |error: smartcore::error::Failed| Error::Fault(format!("importance of params: {error}"));
    let (runs, count) = (sample.target.len(), sample.params.len());
    let cells: Vec<f64> = sample.params.iter().flat_map(|param| param.ranks.iter().copied()).collect();
    let cells = DenseMatrix::new(runs, count, cells, true).map_err(failed)?;
    // Around zero and no greater than one: squares of what was logged could be infinite.
    let greatest = sample.target.iter().fold(0.0_f64, |greatest, value| greatest.max(value.abs()));
    let scaled: Vec<f64> = sample.target.iter().map(|value| value / greatest).collect();
    let mean = scaled.iter().sum::<f64>() / runs as f64;
    let target: Vec<f64> = scaled.into_iter().map(|value| value - mean).collect();
    let parameters = RandomForestRegressorParameters::default()
        .with_n_trees(TREES)
        .with_max_depth(DEPTH)
        .with_min_samples_leaf(2)
        // Where a tree may ask for few params, it asks for those that don't matter.
        .with_m(count.div_ceil(2))
        .with_seed(SEED);
    let grown = RandomForestRegressor::fit(&cells, &target, parameters).map_err(failed)?;
    let parts = grown.compute_feature_importances().map_err(failed)?;
    Ok(parts.into_iter().map(|part| if part.is_finite() { part } else { 0.0 }).collect())
}

/// The place of each number among the others, the mean place of those that are the same; −1 for none.
fn ranks(numbers: &[Option<f64>]) -> Vec<f64> {
    let mut sorted: Vec<(f64, usize)> =
        numbers.iter().enumerate().filter_map(|(run, number)| number.map(|number| (number, run))).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut ranks = vec![-1.0; numbers.len()];
    let mut rest = 0;
    for same in sorted.chunk_by(|a, b| a.0 == b.0) {
        let rank = rest as f64 + (same.len() - 1) as f64 / 2.0;
        for (_, run) in same {
            ranks[*run] = rank;
        }
        rest += same.len();
    }
    ranks
}

/// Pearson's correlation; `None` where one side is always the same.
fn correlation(pairs: &[(f64, f64)]) -> Option<f64> {
    let count = pairs.len() as f64;
    let greatest = |side: fn(&(f64, f64)) -> f64| {
        pairs.iter().map(|pair| side(pair).abs()).fold(0.0_f64, f64::max).max(f64::MIN_POSITIVE)
    };
    let (a_most, b_most) = (greatest(|pair| pair.0), greatest(|pair| pair.1));
    let scaled: Vec<(f64, f64)> = pairs.iter().map(|(a, b)| (a / a_most, b / b_most)).collect();
    let a_mean = scaled.iter().map(|(a, _)| a).sum::<f64>() / count;
    let b_mean = scaled.iter().map(|(_, b)| b).sum::<f64>() / count;
    let (mut both, mut a_square, mut b_square) = (0.0, 0.0, 0.0);
    for (a, b) in scaled {
        both += (a - a_mean) * (b - b_mean);
        a_square += (a - a_mean) * (a - a_mean);
        b_square += (b - b_mean) * (b - b_mean);
    }
    let correlation = both / (a_square.sqrt() * b_square.sqrt());
    correlation.is_finite().then(|| correlation.clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many runs; what each has of the metric and of params.
    fn told(
        runs: u32,
        metric: impl Fn(u32) -> f64,
        params: &[(&str, &dyn Fn(u32) -> String)],
    ) -> Result<Importance> {
        let target = Values::Numbers((0..runs).map(|run| Some(metric(run))).collect());
        let column = |param: &dyn Fn(u32) -> String| {
            let texts: Vec<String> = (0..runs).map(param).collect();
            Words::of(texts.iter().map(|text| Some(text.as_str())))
        };
        let params = params.iter().map(|(key, param)| ((*key).to_owned(), column(*param))).collect();
        importances(&Sample::new(&Field::metric("loss"), &target, params)?)
    }

    /// Numbers without an order.
    fn noise(run: u32, salt: u32) -> u32 {
        (run.wrapping_mul(2_654_435_761).wrapping_add(salt.wrapping_mul(40_503)) >> 7) % 17
    }

    #[test]
    fn the_param_that_makes_the_metric_matters_most() {
        let found = told(
            60,
            |run| 1.0 / f64::from(run % 10 + 1),
            &[
                ("batch", &|run| noise(run, 1).to_string()),
                ("lr", &|run| format!("1e-{}", 10 - run % 10)),
                ("same", &|_| "1".to_owned()),
                ("seed", &|run| noise(run, 2).to_string()),
            ],
        )
        .unwrap();
        assert_eq!((found.runs, found.params.len(), found.left_out), (60, 3, 0));
        assert_eq!(found.params[0].key, "lr");
        assert!(found.params[0].importance > 0.5, "{found:?}");
        assert!((found.params.iter().map(|param| param.importance).sum::<f64>() - 1.0).abs() < 1e-9);
        assert!(found.params[0].spearman.unwrap() < -0.999, "more of it, less of the metric");
    }

    #[test]
    fn words_matter_too_and_names_do_not() {
        let solver = |run: u32| ["adam", "sgd", "rmsprop"][run as usize % 3].to_owned();
        let found = told(
            30,
            |run| f64::from(run % 3),
            &[
                ("name", &|run| format!("run-{run}")),
                ("noise", &|run| noise(run, 3).to_string()),
                ("solver", &solver),
            ],
        )
        .unwrap();
        let keys: Vec<&str> = found.params.iter().map(|param| param.key.as_str()).collect();
        assert_eq!(keys, ["solver", "noise"]);
        assert_eq!((found.params[0].pearson, found.params[0].spearman), (None, None));
    }

    #[test]
    fn the_same_runs_have_the_same_answer() {
        let tell = || {
            let params: [(&str, &dyn Fn(u32) -> String); 2] =
                [("a", &|run| noise(run, 1).to_string()), ("b", &|run| noise(run, 2).to_string())];
            told(40, |run| f64::from(noise(run, 5)), &params).unwrap()
        };
        assert_eq!(tell(), tell());
    }

    #[test]
    fn too_few_runs_and_equal_ones_are_told() {
        let check = |runs: u32, metric: fn(u32) -> f64, expected: &str| {
            let error = told(runs, metric, &[("a", &|run| run.to_string())]).unwrap_err();
            assert_eq!(error.to_string(), expected);
        };
        check(
            7,
            f64::from,
            "It takes at least 8 runs with a number of 'loss' to say which params matter. Here are 7.",
        );
        check(
            20,
            |run| if run < 15 { f64::NAN } else { 1.0 },
            "It takes at least 8 runs with a number of 'loss' to say which params matter. Here are 5.",
        );
        check(9, |_| 0.5, "All these runs have the same 'loss'.");
    }

    #[test]
    fn nothing_is_too_great() {
        let found = told(
            20,
            |run| if run % 2 == 0 { 1e308 } else { -1e308 },
            &[("a", &|run| if run % 2 == 0 { "1e300".to_owned() } else { "-1e300".to_owned() })],
        )
        .unwrap();
        assert!((found.params[0].importance - 1.0).abs() < 1e-9, "{found:?}");
        assert!(found.params[0].pearson.unwrap() > 0.999, "{found:?}");
    }

    #[test]
    fn params_without_a_difference_tell_nothing() {
        let found = told(10, f64::from, &[("same", &|_| "x".to_owned())]).unwrap();
        assert_eq!(found.params, []);
    }

    #[test]
    fn equal_numbers_share_their_place() {
        assert_eq!(ranks(&[Some(3.0), None, Some(1.0), Some(3.0)]), [1.5, -1.0, 0.0, 1.5]);
    }
}
