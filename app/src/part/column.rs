//! The columns of a table of runs: how the address writes them, and which are shown until somebody chooses.

use model::{
    filter::{Key, MetricFigure, RunOrder, RunText, RunTime},
    page::{KeyKind, KeysFound, NamedColumns},
    run::Run,
};
use std::{collections::BTreeSet, fmt};

/// How many metrics, and how many params, a table shows until the person chooses.
const SHOWN_AT_FIRST: usize = 6;

/// The kinds of columns, from left to right.
pub const GROUPS: [&str; 4] = ["Run", "Metrics", "Params", "Tags"];

/// The kind of columns that keys make.
pub fn key_group(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Metric => "Metrics",
        KeyKind::Param => "Params",
        KeyKind::Tag => "Tags",
    }
}

/// A column of the table of runs, besides the name. Ordered as the table shows them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// When it started.
    Started,
    /// How long it took.
    Duration,
    /// Who launched it.
    User,
    /// The program.
    Source,
    /// The last value of a metric.
    Metric(String),
    /// A param.
    Param(String),
    /// A tag.
    Tag(String),
}

impl Column {
    /// Those that every run has.
    pub const ATTRIBUTES: [Self; 4] = [Self::Started, Self::Duration, Self::User, Self::Source];

    /// Reads a column as the address writes it.
    fn parse(text: &str) -> Option<Self> {
        match text {
            "started" => Some(Self::Started),
            "duration" => Some(Self::Duration),
            "user" => Some(Self::User),
            "source" => Some(Self::Source),
            _ => match text.split_once('.')? {
                ("metrics", key) => Some(Self::Metric(key.to_owned())),
                ("params", key) => Some(Self::Param(key.to_owned())),
                ("tags", key) => Some(Self::Tag(key.to_owned())),
                _ => None,
            },
        }
    }

    /// What its head says.
    pub fn title(&self) -> &str {
        match self {
            Self::Started => "Started",
            Self::Duration => "Duration",
            Self::User => "User",
            Self::Source => "Source",
            Self::Metric(key) | Self::Param(key) | Self::Tag(key) => key,
        }
    }

    /// Whether its head contains a text, in any case.
    pub fn matches(&self, text: &str) -> bool {
        self.title().to_lowercase().contains(&text.trim().to_lowercase())
    }

    /// What stands over it and its neighbours of the same kind.
    pub fn group(&self) -> &'static str {
        match self {
            Self::Started | Self::Duration | Self::User | Self::Source => "Run",
            Self::Metric(_) => key_group(KeyKind::Metric),
            Self::Param(_) => key_group(KeyKind::Param),
            Self::Tag(_) => key_group(KeyKind::Tag),
        }
    }

    /// How it is sorted by, if it can be.
    pub fn order(&self) -> Option<RunOrder> {
        match self {
            Self::Started => Some(RunOrder::Time(RunTime::Start)),
            Self::User => Some(RunOrder::Text(RunText::UserId)),
            Self::Duration | Self::Source => None,
            Self::Metric(key) => Key::new(key.as_str()).map(|key| RunOrder::Metric(MetricFigure::Last, key)),
            Self::Param(key) => Key::new(key.as_str()).map(RunOrder::Param),
            Self::Tag(key) => Key::new(key.as_str()).map(RunOrder::Tag),
        }
    }
}

/// As the address writes it.
impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started => f.write_str("started"),
            Self::Duration => f.write_str("duration"),
            Self::User => f.write_str("user"),
            Self::Source => f.write_str("source"),
            Self::Metric(key) => write!(f, "metrics.{key}"),
            Self::Param(key) => write!(f, "params.{key}"),
            Self::Tag(key) => write!(f, "tags.{key}"),
        }
    }
}

/// The columns that the address asks for; `None` if it leaves them to the table. Keys hold no commas (MLflow's rule).
pub fn read_columns(text: &str) -> Option<Vec<Column>> {
    (!text.is_empty()).then(|| text.split(',').filter_map(Column::parse).collect())
}

/// The columns for the address.
pub fn write_columns(columns: &[Column]) -> String {
    let words: Vec<String> = columns.iter().map(ToString::to_string).collect();
    // An empty text would mean "as the table likes"; no columns at all are written as a word that is none.
    if words.is_empty() { "none".to_owned() } else { words.join(",") }
}

/// Takes a column in, behind the others of its group, or out; the others keep their order.
pub fn toggle_column(columns: &mut Vec<Column>, column: Column) {
    if let Some(place) = columns.iter().position(|shown| *shown == column) {
        columns.remove(place);
        return;
    }
    let rank = |column: &Column| GROUPS.iter().position(|group| *group == column.group());
    let place = columns.iter().rposition(|shown| rank(shown) <= rank(&column)).map_or(0, |last| last + 1);
    columns.insert(place, column);
}

/// What the server must read of each run for these columns.
pub fn named_columns(columns: &[Column]) -> NamedColumns {
    let mut named = NamedColumns::default();
    for column in columns {
        match column {
            Column::Metric(key) => named.metrics.push(key.clone()),
            Column::Param(key) => named.params.push(key.clone()),
            Column::Tag(key) => named.tags.push(key.clone()),
            Column::Started | Column::Duration | Column::User | Column::Source => {}
        }
    }
    named
}

/// The columns that a search for keys found, those of every run that contain the text among them.
pub fn found_columns(keys: KeysFound, text: &str) -> BTreeSet<Column> {
    let mut found: BTreeSet<Column> =
        Column::ATTRIBUTES.into_iter().filter(|column| column.matches(text)).collect();
    found.extend(keys.metrics.into_iter().map(Column::Metric));
    found.extend(keys.params.into_iter().map(Column::Param));
    found.extend(keys.tags.into_iter().map(Column::Tag));
    found
}

/// All columns that these runs could fill.
fn known_columns(runs: &[Run]) -> Vec<Column> {
    let mut known: BTreeSet<Column> = Column::ATTRIBUTES.into_iter().collect();
    for run in runs {
        known.extend(run.metrics.iter().map(|metric| Column::Metric(metric.key.clone())));
        known.extend(run.params.iter().map(|param| Column::Param(param.key.clone())));
        known.extend(run.tags.iter().map(|tag| Column::Tag(tag.key.clone())));
    }
    known.into_iter().collect()
}

/// The columns shown until the person chooses: a few metrics, of the model before those of the machine, and a few
/// params, those that differ between the runs first.
pub fn default_columns(runs: &[Run]) -> Vec<Column> {
    let known = known_columns(runs);
    let mut columns = vec![Column::Started, Column::Duration, Column::User];
    let mut metrics: Vec<_> = known.iter().filter(|column| matches!(column, Column::Metric(_))).collect();
    metrics.sort_by_key(|column| column.title().starts_with("system/"));
    let mut params: Vec<_> = known.iter().filter(|column| matches!(column, Column::Param(_))).collect();
    params.sort_by_cached_key(|column| !differs(runs, column.title()));
    columns.extend(metrics.into_iter().take(SHOWN_AT_FIRST).cloned());
    columns.extend(params.into_iter().take(SHOWN_AT_FIRST).cloned());
    columns
}

fn differs(runs: &[Run], param: &str) -> bool {
    let mut values = runs.iter().map(|run| run.params.iter().find(|p| p.key == param).map(|p| &p.value));
    let first = values.next();
    values.any(|value| Some(value) != first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_in_the_address_read_back() {
        let check = |text: &str| assert_eq!(write_columns(&read_columns(text).unwrap()), text);
        check("started,metrics.val/loss.min,params.lr,tags.mlflow.user");
        check("none");
        assert_eq!(read_columns(""), None);
        assert_eq!(read_columns("nonsense,user"), Some(vec![Column::User]));
    }

    #[test]
    fn the_server_is_asked_for_what_is_shown() {
        let named = named_columns(&read_columns("user,metrics.a,params.p,metrics.b").unwrap());
        assert_eq!(
            (named.metrics, named.params),
            (vec!["a".to_owned(), "b".to_owned()], vec!["p".to_owned()])
        );
        assert_eq!(named.tags, Vec::<String>::new());
    }

    #[test]
    fn a_search_finds_columns_of_every_run_too() {
        let keys = KeysFound { params: vec!["use_gpu".to_owned()], ..KeysFound::default() };
        let found: Vec<Column> = found_columns(keys, " USE").into_iter().collect();
        assert_eq!(found, [Column::User, Column::Param("use_gpu".to_owned())]);
    }

    #[test]
    fn a_column_comes_in_behind_its_own_kind() {
        let check = |toggled: &str, expected: &str| {
            let mut columns = read_columns("user,metrics.b,metrics.a,tags.x").unwrap();
            toggle_column(&mut columns, Column::parse(toggled).unwrap());
            assert_eq!(write_columns(&columns), expected);
        };
        check("metrics.c", "user,metrics.b,metrics.a,metrics.c,tags.x");
        check("params.p", "user,metrics.b,metrics.a,params.p,tags.x");
        check("started", "user,started,metrics.b,metrics.a,tags.x");
        check("metrics.b", "user,metrics.a,tags.x");
    }

    #[test]
    fn a_key_with_odd_characters_is_quoted_in_an_order() {
        let order = |key: &str| Column::Metric(key.to_owned()).order().unwrap().to_string();
        assert_eq!(order("val.loss"), "metrics.val.loss");
        assert_eq!(order("val/loss"), "metrics.`val/loss`");
    }
}
