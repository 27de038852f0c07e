//! What a chart measures: a metric, or what is reckoned from several.

/// What is measured, and as the chart's head calls it.
#[derive(Debug, Clone)]
pub struct Measure {
    /// A metric's key, or a formula as it was typed.
    pub name: String,
    /// The metrics that it takes, each once.
    pub keys: Vec<String>,
    tree: Tree,
}

/// A formula.
#[derive(Debug, Clone)]
pub enum Tree {
    /// The value of the metric with this index.
    Key(usize),
    /// A constant.
    Number(f64),
    /// Of one value.
    One(fn(f64) -> f64, Box<Tree>),
    /// Of two.
    Two(fn(f64, f64) -> f64, Box<[Tree; 2]>),
}

/// The name says all: a formula is read from it.
impl PartialEq for Measure {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.keys) == (&other.name, &other.keys)
    }
}

impl Measure {
    /// A metric as it was logged.
    pub fn metric(key: String) -> Self {
        Self { name: key.clone(), keys: vec![key], tree: Tree::Key(0) }
    }

    /// What is reckoned from metrics.
    pub fn formula(name: String, keys: Vec<String>, tree: Tree) -> Self {
        Self { name, keys, tree }
    }

    /// The one metric, where nothing is reckoned.
    pub fn plain(&self) -> Option<&str> {
        matches!(self.tree, Tree::Key(_)).then(|| self.keys.first().map(String::as_str)).flatten()
    }

    /// The value, given those of the metrics in the order of `keys`.
    pub fn value(&self, of_keys: &[f64]) -> f64 {
        self.tree.value(of_keys)
    }
}

impl Tree {
    fn value(&self, of_keys: &[f64]) -> f64 {
        match self {
            Tree::Key(index) => of_keys.get(*index).copied().unwrap_or(f64::NAN),
            Tree::Number(number) => *number,
            Tree::One(function, inner) => function(inner.value(of_keys)),
            Tree::Two(function, inner) => function(inner[0].value(of_keys), inner[1].value(of_keys)),
        }
    }
}
