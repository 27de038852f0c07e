//! Which way a metric gets better: guessed by its name, and turned by people, which the address remembers.

use crate::part::address::Address;
use leptos::prelude::*;

/// Which values of a metric are the better ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The smaller ones.
    Less,
    /// The greater ones.
    More,
    /// Nobody said.
    Unknown,
}

/// Words of names that say it.
const LESS: &[&str] = &[
    "cer",
    "duration",
    "err",
    "error",
    "errors",
    "fid",
    "latency",
    "losses",
    "mae",
    "mape",
    "mse",
    "nll",
    "perplexity",
    "ppl",
    "rmse",
    "time",
    "wer",
];
const MORE: &[&str] = &[
    "acc",
    "accuracy",
    "auc",
    "auprc",
    "auroc",
    "bleu",
    "dice",
    "f1",
    "iou",
    "map",
    "miou",
    "precision",
    "r2",
    "recall",
    "reward",
    "score",
    "throughput",
];

fn of_word(word: &str) -> Option<Direction> {
    // `map50`, `acc1`, but `f1` and `r2` as they are.
    let bare = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_in = |words: &[&str]| words.contains(&word) || words.contains(&bare);
    if is_in(LESS) || bare.ends_with("loss") {
        Some(Direction::Less)
    } else if is_in(MORE) || bare.starts_with("rouge") {
        Some(Direction::More)
    } else {
        None
    }
}

impl Direction {
    /// What the name of a metric says; its last word counts most: `score_time` is a time.
    pub fn guess(key: &str) -> Self {
        let mut found = Self::Unknown;
        for word in key.split(|c: char| !c.is_alphanumeric()) {
            let whole = of_word(&word.to_lowercase());
            // `valLoss` is two words.
            let last = word.rfind(char::is_uppercase).map(|at| word[at..].to_lowercase());
            if let Some(direction) = whole.or_else(|| of_word(&last?)) {
                found = direction;
            }
        }
        found
    }

    /// Whether a value is better than another; `None` where that can't be said.
    pub fn is_better(self, base: f64, value: f64) -> Option<bool> {
        let is_less = match base.partial_cmp(&value)? {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => return None,
        };
        match self {
            Self::Less => Some(is_less),
            Self::More => Some(!is_less),
            Self::Unknown => None,
        }
    }

    /// What it becomes when it is turned.
    fn turned(self) -> Self {
        match self {
            Self::More => Self::Less,
            Self::Less | Self::Unknown => Self::More,
        }
    }
}

/// What people said of metrics, in the address: `less=a,b&more=c`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Directions {
    less: Vec<String>,
    more: Vec<String>,
}

impl Directions {
    /// As the address has it, tracked.
    pub fn read(address: Address) -> Self {
        let list = |name: &str| {
            let text = address.text(name);
            text.split(',').filter(|key| !key.is_empty()).map(str::to_owned).collect()
        };
        Self { less: list("less"), more: list("more") }
    }

    /// Of a metric: as somebody said, else as its name says.
    pub fn of(&self, key: &str) -> Direction {
        let is_in = |keys: &[String]| keys.iter().any(|known| known == key);
        if is_in(&self.less) {
            Direction::Less
        } else if is_in(&self.more) {
            Direction::More
        } else {
            Direction::guess(key)
        }
    }

    /// The same with one metric turned.
    fn turned(mut self, key: &str) -> Self {
        let direction = self.of(key).turned();
        self.less.retain(|known| known != key);
        self.more.retain(|known| known != key);
        if direction != Direction::guess(key) {
            let keys = if direction == Direction::Less { &mut self.less } else { &mut self.more };
            keys.push(key.to_owned());
        }
        self
    }
}

/// Turns the direction of a metric, in the address.
pub fn turn(address: Address, key: &str) {
    let turned = untrack(|| Directions::read(address)).turned(key);
    address.set(&[("less", &turned.less.join(",")), ("more", &turned.more.join(","))]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_which_way_is_better() {
        let check = |direction, keys: &[&str]| {
            for key in keys {
                assert_eq!(Direction::guess(key), direction, "{key}");
            }
        };
        check(
            Direction::Less,
            &[
                "loss",
                "val_loss",
                "trainLoss",
                "logloss",
                "test/RMSE",
                "mean_squared_error",
                "wer",
                "score_time",
                "epoch time",
                "perplexity",
                "eval.ppl",
                "latency_ms",
            ],
        );
        check(
            Direction::More,
            &[
                "acc",
                "val/accuracy",
                "top5_acc1",
                "roc_auc",
                "f1_score",
                "F1",
                "rougeL",
                "mAP50",
                "r2",
                "valAcc",
            ],
        );
        check(Direction::Unknown, &["learning_rate", "epoch", "system/cpu", "accumulated", "timestamp", ""]);
    }

    #[test]
    fn what_is_better_depends_on_the_direction() {
        assert_eq!(Direction::Less.is_better(1.0, 0.5), Some(true));
        assert_eq!(Direction::More.is_better(1.0, 0.5), Some(false));
        assert_eq!(Direction::Unknown.is_better(1.0, 0.5), None);
        assert_eq!(Direction::Less.is_better(1.0, 1.0), None);
        assert_eq!(Direction::Less.is_better(1.0, f64::NAN), None);
    }

    #[test]
    fn people_turn_it_and_turn_it_back() {
        let check = |key: &str, ways: &[Direction]| {
            let mut directions = Directions::default();
            for way in ways {
                directions = directions.turned(key);
                assert_eq!(directions.of(key), *way, "{key}");
            }
        };
        check("loss", &[Direction::More, Direction::Less, Direction::More]);
        check("epoch", &[Direction::More, Direction::Less, Direction::More]);
        let back = Directions::default().turned("loss").turned("loss");
        assert_eq!(back, Directions::default());
    }
}
