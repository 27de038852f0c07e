//! How charts are drawn, as the address says it: `x`, `log`, `logx`, `outliers`, `smooth`, `kind`, `group`, `spread`, `hide`, `expr`.

use crate::part::{
    address::Address,
    chart::{ChartOptions, SmoothingKind, Spread, XAxis},
    column::{Column, ShownColumn, read_columns, write_columns},
};
use leptos::prelude::*;
use model::{
    RunId,
    page::KeysFound,
    run::{Param, Tag},
};

/// What stands before the key of a metric that is the horizontal axis.
pub const METRIC: &str = "metrics.";

/// What is shown around means.
pub const SPREADS: [(Spread, &str, &str); 5] = [
    (Spread::Deviation, "", "Standard deviation"),
    (Spread::Error, "se", "Standard error"),
    (Spread::Confidence, "ci", "95 % confidence"),
    (Spread::Range, "range", "Least to greatest"),
    (Spread::None, "none", "Nothing"),
];

/// The first one where the word isn't known.
fn find<T: Clone + Default>(words: &[(T, &str, &str)], word: &str) -> T {
    words.iter().find(|(_, other, _)| *other == word).map(|(value, _, _)| value.clone()).unwrap_or_default()
}

/// Axes with their words in the address and on the page; but for those that are metrics.
pub const AXES: [(XAxis, &str, &str); 3] =
    [(XAxis::Step, "", "Step"), (XAxis::Time, "time", "Time"), (XAxis::Relative, "relative", "Relative")];

/// Kinds of smoothing.
pub const KINDS: [(SmoothingKind, &str, &str); 3] = [
    (SmoothingKind::Ema, "", "Moving average"),
    (SmoothingKind::Gaussian, "gaussian", "Gaussian"),
    (SmoothingKind::Mean, "mean", "Running mean"),
];

/// How the address asks for charts to be drawn.
pub fn read_options(address: Address) -> Signal<ChartOptions> {
    // Other changes of the address are none of the charts' business.
    let options = Memo::new(move |_| {
        let axis = address.text("x");
        ChartOptions {
            along: match axis.strip_prefix(METRIC) {
                Some(key) => XAxis::Metric(key.to_owned()),
                None => find(&AXES, &axis),
            },
            log_y: address.get("log").is_some(),
            log_x: address.get("logx").is_some(),
            kind: find(&KINDS, &address.text("kind")),
            spread: find(&SPREADS, &address.text("spread")),
            without_outliers: address.get("outliers").is_some(),
            smoothing: address
                .text("smooth")
                .parse()
                .ok()
                .filter(|smoothing: &f32| (0.0..=0.99).contains(smoothing))
                .unwrap_or(0.0),
        }
    });
    options.into()
}

/// What runs are grouped by; nothing where each is a line of its own.
pub fn read_grouping(address: Address) -> Vec<Column> {
    let columns = read_columns(&address.text("group")).unwrap_or_default();
    columns
        .into_iter()
        .map(|shown| shown.column)
        .filter(|column| matches!(column, Column::Param(_) | Column::Tag(_)))
        .collect()
}

/// The group of a run: `lr=0.1, model=cnn`; none without a grouping.
pub fn group_of(params: &[Param], tags: &[Tag], by: &[Column]) -> Option<String> {
    let value = |column: &Column| {
        let (key, value) = match column {
            Column::Param(key) => {
                (key, params.iter().find(|param| param.key == *key).map(|param| &param.value))
            }
            Column::Tag(key) => (key, tags.iter().find(|tag| tag.key == *key).map(|tag| &tag.value)),
            _ => return String::new(),
        };
        format!("{key}={}", value.map_or("none", String::as_str))
    };
    (!by.is_empty()).then(|| by.iter().map(value).collect::<Vec<_>>().join(", "))
}

/// What runs can be grouped by, as addresses write it: params, and tags that people made.
pub fn groupings(keys: &KeysFound) -> Vec<String> {
    let params = keys.params.iter().map(|key| Column::Param(key.clone()));
    let tags = keys.tags.iter().filter(|key| !key.starts_with("mlflow.")).map(|key| Column::Tag(key.clone()));
    params.chain(tags).map(|column| write_columns(&[ShownColumn::plain(column)])).collect()
}

/// The runs whose lines are hidden: the starts of their ids in the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden(Vec<String>);

/// Of a run's id, enough to tell it from all others of a page.
const START: usize = 8;

impl Hidden {
    /// As the address says it, tracked.
    pub fn read(address: Address) -> Self {
        let text = address.text("hide");
        Self(text.split(',').filter(|start| !start.is_empty()).map(str::to_owned).collect())
    }

    fn start(run: RunId) -> String {
        run.to_string().chars().take(START).collect()
    }

    /// Whether a run's line is hidden.
    pub fn has(&self, run: RunId) -> bool {
        !self.0.is_empty() && self.0.contains(&Self::start(run))
    }

    /// Hides a run's line, or shows it again; returns what to say in the address.
    pub fn toggled(mut self, run: RunId) -> String {
        let start = Self::start(run);
        match self.0.iter().position(|other| *other == start) {
            Some(place) => _ = self.0.remove(place),
            None => self.0.push(start),
        }
        self.0.join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_hidden_by_the_starts_of_their_ids() {
        let run: RunId = "0123456789abcdef0123456789abcdef".parse().unwrap();
        let text = Hidden(Vec::new()).toggled(run);
        assert_eq!(text, "01234567");
        let hidden = Hidden(vec![text]);
        assert!(hidden.has(run));
        assert_eq!(hidden.toggled(run), "");
    }
}
