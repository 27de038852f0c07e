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
    /// A figure of a metric.
    Metric(String, MetricFigure),
    /// A param.
    Param(String),
    /// A tag.
    Tag(String),
}

impl Column {
    /// Those that every run has.
    pub const ATTRIBUTES: [Self; 4] = [Self::Started, Self::Duration, Self::User, Self::Source];

    /// The last value of a metric.
    pub fn metric(key: &str) -> Self {
        Self::Metric(key.to_owned(), MetricFigure::Last)
    }

    /// Reads a column as the address writes it.
    fn parse(text: &str) -> Option<Self> {
        let metric = |key: &str, figure| Some(Self::Metric(key.to_owned(), figure));
        match text {
            "started" => Some(Self::Started),
            "duration" => Some(Self::Duration),
            "user" => Some(Self::User),
            "source" => Some(Self::Source),
            _ => match text.split_once('.')? {
                ("metrics", key) => metric(key, MetricFigure::Last),
                ("min_metrics", key) => metric(key, MetricFigure::Min),
                ("max_metrics", key) => metric(key, MetricFigure::Max),
                ("params", key) => Some(Self::Param(key.to_owned())),
                ("tags", key) => Some(Self::Tag(key.to_owned())),
                _ => None,
            },
        }
    }

    /// What it is called: of a metric the key.
    pub fn title(&self) -> &str {
        match self {
            Self::Started => "Started",
            Self::Duration => "Duration",
            Self::User => "User",
            Self::Source => "Source",
            Self::Metric(key, _) | Self::Param(key) | Self::Tag(key) => key,
        }
    }

    /// Which figure of a metric it shows, where that isn't the last value.
    pub fn figure(&self) -> Option<&'static str> {
        match self {
            Self::Metric(_, MetricFigure::Min) => Some("min"),
            Self::Metric(_, MetricFigure::Max) => Some("max"),
            _ => None,
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
            Self::Metric(..) => key_group(KeyKind::Metric),
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
            Self::Metric(key, figure) => Key::new(key.as_str()).map(|key| RunOrder::Metric(*figure, key)),
            Self::Param(key) => Key::new(key.as_str()).map(RunOrder::Param),
            Self::Tag(key) => Key::new(key.as_str()).map(RunOrder::Tag),
        }
    }

    /// The figure of a metric that a run has for this column.
    pub fn number(&self, run: &Run) -> Option<f64> {
        let Self::Metric(key, figure) = self else { return None };
        let metric = run.metrics.iter().find(|metric| metric.key == *key)?;
        match figure {
            MetricFigure::Last => Some(metric.last.value),
            MetricFigure::Min => metric.min,
            MetricFigure::Max => metric.max,
        }
    }

    /// Its width in CSS pixels until somebody drags it.
    pub fn usual_width(&self) -> u16 {
        match self {
            Self::Started | Self::Duration => 108,
            Self::Metric(..) => 132,
            Self::User | Self::Source | Self::Param(_) | Self::Tag(_) => 148,
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
            Self::Metric(key, figure) => write!(f, "{}.{key}", figure.prefix()),
            Self::Param(key) => write!(f, "params.{key}"),
            Self::Tag(key) => write!(f, "tags.{key}"),
        }
    }
}

/// A column as the table shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownColumn {
    /// What it shows.
    pub column: Column,
    /// Whether it stays in sight while the table scrolls sideways.
    pub pinned: bool,
    /// In CSS pixels, where somebody dragged it.
    pub width: Option<u16>,
}

impl ShownColumn {
    /// Not pinned, as wide as it usually is.
    pub fn plain(column: Column) -> Self {
        Self { column, pinned: false, width: None }
    }

    /// Its width in CSS pixels.
    pub fn pixels(&self) -> u16 {
        self.width.unwrap_or_else(|| self.column.usual_width())
    }

    fn parse(text: &str) -> Option<Self> {
        let (pinned, text) = text.strip_prefix('!').map_or((false, text), |text| (true, text));
        let (text, width) = match text.split_once('~') {
            Some((text, width)) => {
                (text, width.parse().ok().map(|width: u16| width.clamp(NARROWEST, WIDEST)))
            }
            None => (text, None),
        };
        Some(Self { column: Column::parse(text)?, pinned, width })
    }
}

impl fmt::Display for ShownColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.pinned { "!" } else { "" }, self.column)?;
        self.width.map_or(Ok(()), |width| write!(f, "~{width}"))
    }
}

/// The least width of a column, in CSS pixels.
pub const NARROWEST: u16 = 56;
/// The greatest width of a column, in CSS pixels.
pub const WIDEST: u16 = 800;

/// The columns that the address asks for, pinned ones first; `None` if it leaves them to the table. Keys hold no commas
/// (MLflow's rule), and neither `!` at their start nor `~`.
pub fn read_columns(text: &str) -> Option<Vec<ShownColumn>> {
    (!text.is_empty()).then(|| {
        let mut columns: Vec<ShownColumn> = Vec::new();
        for shown in text.split(',').filter_map(ShownColumn::parse) {
            if !columns.iter().any(|known| known.column == shown.column) {
                columns.push(shown);
            }
        }
        columns.sort_by_key(|shown| !shown.pinned);
        columns
    })
}

/// The columns for the address.
pub fn write_columns(columns: &[ShownColumn]) -> String {
    let words: Vec<String> = columns.iter().map(ToString::to_string).collect();
    // An empty text would mean "as the table likes"; no columns at all are written as a word that is none.
    if words.is_empty() { "none".to_owned() } else { words.join(",") }
}

/// Takes a column in, behind the others of its group, or out; the others keep their order.
pub fn toggle_column(columns: &mut Vec<ShownColumn>, column: Column) {
    if let Some(place) = columns.iter().position(|shown| shown.column == column) {
        columns.remove(place);
        return;
    }
    let rank = |column: &Column| GROUPS.iter().position(|group| *group == column.group());
    let is_before = |shown: &ShownColumn| shown.pinned || rank(&shown.column) <= rank(&column);
    let place = columns.iter().rposition(is_before).map_or(0, |last| last + 1);
    columns.insert(place, ShownColumn::plain(column));
}

/// Moves a column to the place of another, among the pinned ones if that is.
pub fn move_column(columns: &mut Vec<ShownColumn>, column: &Column, to: &Column) {
    let place = |of: &Column| columns.iter().position(|shown| shown.column == *of);
    if let (Some(from), Some(to)) = (place(column), place(to)) {
        let pinned = columns[to].pinned;
        let moved = columns.remove(from);
        columns.insert(to, ShownColumn { pinned, ..moved });
    }
}

/// Pins a column behind the others that are, or lets go of it.
pub fn toggle_pin(columns: &mut Vec<ShownColumn>, column: &Column) {
    if let Some(from) = columns.iter().position(|shown| shown.column == *column) {
        let moved = columns.remove(from);
        let to = columns.iter().filter(|shown| shown.pinned).count();
        columns.insert(to, ShownColumn { pinned: !moved.pinned, ..moved });
    }
}

/// What the server must read of each run for these columns.
pub fn named_columns<'a>(columns: impl IntoIterator<Item = &'a Column>) -> NamedColumns {
    let mut named = NamedColumns::default();
    for column in columns {
        match column {
            Column::Metric(key, _) if named.metrics.contains(key) => {}
            Column::Metric(key, _) => named.metrics.push(key.clone()),
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
    found.extend(keys.metrics.iter().map(|key| Column::metric(key)));
    found.extend(keys.params.into_iter().map(Column::Param));
    found.extend(keys.tags.into_iter().map(Column::Tag));
    found
}

/// All columns that these runs could fill.
fn known_columns(runs: &[Run]) -> Vec<Column> {
    let mut known: BTreeSet<Column> = Column::ATTRIBUTES.into_iter().collect();
    for run in runs {
        known.extend(run.metrics.iter().map(|metric| Column::metric(&metric.key)));
        known.extend(run.params.iter().map(|param| Column::Param(param.key.clone())));
        known.extend(run.tags.iter().map(|tag| Column::Tag(tag.key.clone())));
    }
    known.into_iter().collect()
}

/// The columns shown until the person chooses: a few metrics, of the model before those of the machine, and a few
/// params, those that differ between the runs first.
pub fn default_columns(runs: &[Run]) -> Vec<ShownColumn> {
    let known = known_columns(runs);
    let mut columns = vec![Column::Started, Column::Duration, Column::User];
    let mut metrics: Vec<_> = known.iter().filter(|column| matches!(column, Column::Metric(..))).collect();
    metrics.sort_by_key(|column| column.title().starts_with("system/"));
    let mut params: Vec<_> = known.iter().filter(|column| matches!(column, Column::Param(_))).collect();
    params.sort_by_cached_key(|column| !differs(runs, column.title()));
    columns.extend(metrics.into_iter().take(SHOWN_AT_FIRST).cloned());
    columns.extend(params.into_iter().take(SHOWN_AT_FIRST).cloned());
    columns.into_iter().map(ShownColumn::plain).collect()
}

fn differs(runs: &[Run], param: &str) -> bool {
    let mut values = runs.iter().map(|run| run.params.iter().find(|p| p.key == param).map(|p| &p.value));
    let first = values.next();
    values.any(|value| Some(value) != first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<ShownColumn> {
        read_columns(text).unwrap()
    }

    #[test]
    fn columns_in_the_address_read_back() {
        let check = |text: &str| assert_eq!(write_columns(&read(text)), text);
        check("started,metrics.val/loss.min,params.lr,tags.mlflow.user");
        check("!max_metrics.val/acc~90,min_metrics.loss,user~200");
        check("none");
        assert_eq!(read_columns(""), None);
        assert_eq!(read("nonsense,user,user"), [ShownColumn::plain(Column::User)]);
    }

    #[test]
    fn pinned_columns_come_first_and_widths_have_bounds() {
        let check = |text: &str, expected: &str| assert_eq!(write_columns(&read(text)), expected);
        check("user,!metrics.a,started", "!metrics.a,user,started");
        check("user~1,started~9999,source~x", "user~56,started~800,source");
        check("metrics.a~b~90,tags.c~~70", "metrics.a,tags.c");
    }

    #[test]
    fn the_server_is_asked_for_what_is_shown() {
        let columns = read("user,metrics.a,params.p,metrics.b,max_metrics.a");
        let named = named_columns(columns.iter().map(|shown| &shown.column));
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
            let mut columns = read("user,metrics.b,metrics.a,tags.x");
            toggle_column(&mut columns, Column::parse(toggled).unwrap());
            assert_eq!(write_columns(&columns), expected);
        };
        check("metrics.c", "user,metrics.b,metrics.a,metrics.c,tags.x");
        check("params.p", "user,metrics.b,metrics.a,params.p,tags.x");
        check("started", "user,started,metrics.b,metrics.a,tags.x");
        check("metrics.b", "user,metrics.a,tags.x");
    }

    #[test]
    fn columns_are_moved_and_pinned() {
        let parse = |text: &str| Column::parse(text).unwrap();
        let mut columns = read("!user,metrics.a,metrics.b,tags.x");
        move_column(&mut columns, &parse("tags.x"), &parse("metrics.a"));
        assert_eq!(write_columns(&columns), "!user,tags.x,metrics.a,metrics.b");
        toggle_pin(&mut columns, &parse("metrics.b"));
        assert_eq!(write_columns(&columns), "!user,!metrics.b,tags.x,metrics.a");
        move_column(&mut columns, &parse("metrics.a"), &parse("user"));
        assert_eq!(write_columns(&columns), "!metrics.a,!user,!metrics.b,tags.x");
        toggle_pin(&mut columns, &parse("metrics.a"));
        assert_eq!(write_columns(&columns), "!user,!metrics.b,metrics.a,tags.x");
        move_column(&mut columns, &parse("started"), &parse("user"));
        assert_eq!(columns.len(), 4, "a column that isn't shown moves nowhere");
    }

    #[test]
    fn a_key_with_odd_characters_is_quoted_in_an_order() {
        let order = |key: &str| Column::metric(key).order().unwrap().to_string();
        assert_eq!(order("val.loss"), "metrics.val.loss");
        assert_eq!(order("val/loss"), "metrics.`val/loss`");
    }
}
