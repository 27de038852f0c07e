//! What is plotted, and how: read from the address, and chosen sensibly where that says nothing.

use crate::part::{address::Query, direction};
use chart::{Direction, Scale};
use model::{explore::Field, run::Run};

/// Axes that stand side by side until somebody chooses, besides the metric.
const AXES_AT_FIRST: usize = 6;
/// Axes that can stand side by side.
pub const MOST_AXES: usize = 20;
/// What the address says where somebody wants none of what would be chosen.
pub const NONE: &str = "none";

/// A kind of plot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// A line for each run across axes side by side.
    #[default]
    Parallel,
    /// A point for each run.
    Scatter,
    /// A bar for each group of runs.
    Bars,
    /// Quartiles of groups.
    Boxes,
    /// Quartiles of groups, and where their runs lie.
    Violins,
    /// How many runs have about the same number.
    Histogram,
    /// The mean of a third field in cells of two others.
    Heatmap,
    /// The same with lines of equal height.
    Contours,
    /// Which params matter.
    Importance,
}

impl Kind {
    /// All of them: as the address says it, and as people do.
    pub const ALL: [(Self, &'static str, &'static str); 9] = [
        (Self::Parallel, "", "Parallel coordinates"),
        (Self::Scatter, "scatter", "Scatter"),
        (Self::Bars, "bars", "Bars"),
        (Self::Boxes, "box", "Box"),
        (Self::Violins, "violin", "Violin"),
        (Self::Histogram, "histogram", "Histogram"),
        (Self::Heatmap, "heatmap", "Heatmap"),
        (Self::Contours, "contour", "Contour"),
        (Self::Importance, "importance", "Importance of params"),
    ];

    /// Whether it shows this part.
    pub fn has(self, part: Part) -> bool {
        let parts: &[Part] = match self {
            Self::Parallel => &[Part::Color],
            Self::Scatter => &[Part::X, Part::Y, Part::Color, Part::Size],
            Self::Bars | Self::Boxes | Self::Violins => &[Part::Group, Part::Y],
            Self::Histogram => &[Part::X, Part::Group],
            Self::Heatmap | Self::Contours => &[Part::X, Part::Y, Part::Color],
            Self::Importance => &[Part::Y],
        };
        parts.contains(&part)
    }
}

/// What a field is chosen for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The horizontal axis.
    X,
    /// The vertical axis.
    Y,
    /// Colours.
    Color,
    /// Sizes of points.
    Size,
    /// Groups of runs.
    Group,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::X, Self::Y, Self::Group, Self::Color, Self::Size];

    /// Its key in the address.
    pub fn key(self) -> &'static str {
        match self {
            Self::X => "px",
            Self::Y => "py",
            Self::Color => "pc",
            Self::Size => "ps",
            Self::Group => "by",
        }
    }

    /// What it is called in a kind of plot.
    pub fn label(self, kind: Kind) -> &'static str {
        match (self, kind) {
            (Self::X, Kind::Histogram) | (Self::Y, Kind::Bars | Kind::Boxes | Kind::Violins) => "Values",
            (Self::Y, Kind::Importance) => "Of what",
            (Self::X, _) => "X axis",
            (Self::Y, _) => "Y axis",
            (Self::Color, Kind::Heatmap | Kind::Contours) => "Mean of",
            (Self::Color, _) => "Colour",
            (Self::Size, _) => "Size",
            (Self::Group, _) => "Group by",
        }
    }

    /// Whether a plot of this kind can do without it.
    pub fn may_be_none(self, kind: Kind) -> bool {
        match self {
            Self::X | Self::Y => false,
            Self::Color => matches!(kind, Kind::Parallel | Kind::Scatter),
            Self::Size => true,
            Self::Group => matches!(kind, Kind::Histogram),
        }
    }
}

/// What is known of the runs before any plot is read: the first of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Known {
    /// Metrics, of the model before those of the machine.
    metrics: Vec<String>,
    /// Params that differ: numbers first, then words that several runs share.
    params: Vec<String>,
    /// How many of those are numbers.
    numbers: usize,
}

impl Known {
    /// Whether there is nothing that a plot could be of.
    pub fn is_bare(&self) -> bool {
        self.metrics.is_empty()
    }

    /// Of the first runs.
    pub fn of(runs: &[Run]) -> Self {
        let mut known = Self::default();
        for metric in runs.iter().flat_map(|run| &run.metrics) {
            if !known.metrics.contains(&metric.key) {
                known.metrics.push(metric.key.clone());
            }
        }
        known.metrics.sort();
        known.metrics.sort_by_key(|key| key.starts_with("system/"));
        let mut keys: Vec<&str> =
            runs.iter().flat_map(|run| &run.params).map(|param| param.key.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        let (mut numbers, mut words, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for key in keys {
            let value = |run: &&Run| run.params.iter().any(|param| param.key == key);
            let having = runs.iter().filter(value).count();
            let mut values: Vec<&str> = runs
                .iter()
                .flat_map(|run| &run.params)
                .filter(|param| param.key == key)
                .map(|param| param.value.as_str())
                .collect();
            values.sort_unstable();
            values.dedup();
            let list = match values.len() {
                _ if values.iter().all(|value| value.trim().parse::<f64>().is_ok()) => &mut numbers,
                // Of which each run has another: paths and names.
                different if different == having && having > 8 => &mut names,
                _ => &mut words,
            };
            if values.len() > 1 {
                list.push(key.to_owned());
            }
        }
        known.numbers = numbers.len();
        known.params = [numbers, words, names].concat();
        known
    }

    fn metric(&self, place: usize) -> Option<Field> {
        self.metrics.get(place).map(|key| Field::metric(key))
    }

    fn number(&self, place: usize) -> Option<Field> {
        self.params.iter().take(self.numbers).nth(place).map(|key| Field::param(key))
    }

    fn word(&self) -> Option<Field> {
        self.params.get(self.numbers).map(|key| Field::param(key))
    }

    /// What stands there until somebody chooses.
    fn at_first(&self, part: Part, kind: Kind) -> Option<Field> {
        let metric = || self.metric(0).unwrap_or(Field::Duration);
        match (part, kind) {
            (Part::X, Kind::Histogram)
            | (Part::Y, Kind::Bars | Kind::Boxes | Kind::Violins | Kind::Importance) => Some(metric()),
            (Part::X, _) => Some(
                self.number(0).or_else(|| self.metric(1)).or_else(|| self.word()).unwrap_or(Field::Started),
            ),
            (Part::Y, Kind::Heatmap | Kind::Contours) => {
                Some(self.number(1).or_else(|| self.word()).unwrap_or(Field::Duration))
            }
            (Part::Y, _) => Some(metric()),
            (Part::Color, Kind::Scatter) => self.word().or_else(|| self.number(1)),
            (Part::Color, _) => Some(metric()),
            (Part::Group, Kind::Histogram) | (Part::Size, _) => None,
            (Part::Group, _) => Some(self.word().or_else(|| self.number(0)).unwrap_or(Field::Status)),
        }
    }

    fn axes_at_first(&self) -> Vec<Field> {
        let params = self.params.iter().take(AXES_AT_FIRST).map(|key| Field::param(key));
        let axes: Vec<Field> = params.chain(self.metric(0)).collect();
        match axes.len() {
            0 | 1 => [axes, vec![Field::Duration, Field::Status]].concat(),
            _ => axes,
        }
    }
}

/// What is plotted, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Choices {
    /// As what.
    pub kind: Kind,
    /// Side by side.
    pub axes: Vec<Field>,
    chosen: [Option<Field>; Part::ALL.len()],
    /// Which values of the two axes of a scatter are better, if the front is shown.
    pub front: Option<(Direction, Direction)>,
    /// Whether x and y are logarithmic.
    pub log: (bool, bool),
}

impl Choices {
    /// From the address.
    pub fn read(query: &Query, known: &Known) -> Self {
        let word = query.get("plot").unwrap_or_default();
        let kind =
            Kind::ALL.iter().find(|(_, name, _)| *name == word).map_or(Kind::default(), |(kind, ..)| *kind);
        let chosen = Part::ALL.map(|part| match query.get(part.key()) {
            _ if !kind.has(part) => None,
            Some(NONE) if part.may_be_none(kind) => None,
            Some(text) => text.parse().ok().or_else(|| known.at_first(part, kind)),
            None => known.at_first(part, kind),
        });
        let axes = match query.get("axes") {
            _ if kind != Kind::Parallel => Vec::new(),
            Some(text) => read_axes(text),
            None => known.axes_at_first(),
        };
        let logs = query.get("plog").unwrap_or_default();
        Self {
            kind,
            axes,
            chosen,
            front: query.get("front").filter(|_| kind == Kind::Scatter).and_then(read_front),
            log: (logs.contains('x'), logs.contains('y')),
        }
    }

    /// What was chosen for a part.
    pub fn field(&self, part: Part) -> Option<&Field> {
        let place = Part::ALL.iter().position(|other| *other == part)?;
        self.chosen[place].as_ref()
    }

    /// All that must be read of the runs, each once. What matters is told by the server from more than that.
    pub fn fields(&self) -> Vec<Field> {
        if self.kind == Kind::Importance {
            return Vec::new();
        }
        let mut fields: Vec<Field> = Vec::new();
        for field in self.axes.iter().chain(self.chosen.iter().flatten()) {
            if !fields.contains(field) {
                fields.push(field.clone());
            }
        }
        fields
    }

    /// The scale of an axis.
    pub fn scale(&self, part: Part) -> Scale {
        let is_log = match part {
            Part::X => self.log.0,
            Part::Y => self.log.1,
            Part::Color | Part::Size | Part::Group => false,
        };
        if is_log { Scale::Log10 } else { Scale::Linear }
    }
}

/// Axes in the address. Keys hold no commas (MLflow's rule).
fn read_axes(text: &str) -> Vec<Field> {
    let mut axes: Vec<Field> = Vec::new();
    for field in text.split(',').filter_map(|word| word.parse().ok()) {
        if !axes.contains(&field) {
            axes.push(field);
        }
    }
    axes.truncate(MOST_AXES);
    axes
}

/// Axes for the address; no axes at all are a word that is none.
pub fn write_axes(axes: &[Field]) -> String {
    let words: Vec<String> = axes.iter().map(ToString::to_string).collect();
    if words.is_empty() { NONE.to_owned() } else { words.join(",") }
}

fn read_front(text: &str) -> Option<(Direction, Direction)> {
    let direction = |word: &str| match word {
        "less" => Some(Direction::Less),
        "more" => Some(Direction::More),
        _ => None,
    };
    let (x, y) = text.split_once(',')?;
    Some((direction(x)?, direction(y)?))
}

/// The directions of a front for the address.
pub fn write_front((x, y): (Direction, Direction)) -> String {
    let word = |direction| match direction {
        Direction::Less => "less",
        Direction::More => "more",
    };
    format!("{},{}", word(x), word(y))
}

/// Which way a field is better, by its name.
pub fn better(field: &Field) -> Direction {
    match field {
        Field::Metric(key, _) if direction::Direction::guess(key) == direction::Direction::More => {
            Direction::More
        }
        _ => Direction::Less,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{
        ExperimentId, RunId,
        experiment::Lifecycle,
        metric::{MetricSummary, Point},
        run::{RunInfo, RunStatus, Tag},
    };

    fn run(number: usize, metrics: &[&str], params: &[(&str, &str)]) -> Run {
        let point = Point { step: 1, timestamp: 1, value: 0.5 };
        let id: RunId = format!("{number:032x}").parse().unwrap();
        Run {
            info: RunInfo {
                id,
                experiment: ExperimentId(1),
                name: String::new(),
                user: String::new(),
                status: RunStatus::Finished,
                start_time: 0,
                end_time: None,
                artifact_uri: String::new(),
                lifecycle: Lifecycle::Active,
            },
            metrics: metrics.iter().map(|key| MetricSummary::of(key, point)).collect(),
            params: params
                .iter()
                .map(|(key, value)| Tag { key: (*key).to_owned(), value: (*value).to_owned() })
                .collect(),
            tags: Vec::new(),
            datasets: Vec::new(),
            model_inputs: Vec::new(),
            model_outputs: Vec::new(),
        }
    }

    fn known() -> Known {
        let metrics = ["loss", "system/cpu", "val/acc"];
        Known::of(&[
            run(1, &metrics, &[("data", "x"), ("lr", "0.1"), ("opt", "adam")]),
            run(2, &metrics, &[("data", "x"), ("lr", "0.2"), ("opt", "sgd")]),
        ])
    }

    /// What is read of the runs for a query.
    fn check(query: &str, expected: &str) {
        let choices = Choices::read(&Query::parse(query), &known());
        let fields: Vec<String> = choices.fields().iter().map(ToString::to_string).collect();
        assert_eq!(fields.join(" "), expected, "{query}");
    }

    #[test]
    fn params_that_differ_and_the_first_metric_come_first() {
        check("", "params.lr params.opt metrics.loss");
        check("plot=scatter", "params.lr metrics.loss params.opt");
        check("plot=box", "metrics.loss params.opt");
        check("plot=histogram", "metrics.loss");
        check("plot=heatmap", "params.lr params.opt metrics.loss");
        check("plot=importance", "");
    }

    #[test]
    fn the_address_has_the_last_word() {
        check("axes=params.a,metrics.b,params.a&pc=none", "params.a metrics.b");
        check("axes=none&pc=none", "");
        check(
            "plot=scatter&px=started&py=max_metrics.val/acc&pc=none&ps=duration",
            "started max_metrics.val/acc duration",
        );
        check("plot=scatter&px=none&pc=none", "params.lr metrics.loss");
        check("plot=bars&px=params.a&by=tags.team", "metrics.loss tags.team");
    }

    #[test]
    fn runs_without_anything_have_a_plot_too() {
        let choices = Choices::read(&Query::default(), &Known::of(&[run(1, &[], &[])]));
        assert_eq!(choices.axes, [Field::Duration, Field::Status]);
        let scatter = Choices::read(&Query::parse("plot=scatter"), &Known::default());
        assert_eq!(scatter.fields(), [Field::Started, Field::Duration]);
    }

    #[test]
    fn axes_and_fronts_read_back_as_written() {
        let axes = [Field::param("a"), Field::metric("val/loss")];
        assert_eq!(read_axes(&write_axes(&axes)), axes);
        assert_eq!(read_axes(&write_axes(&[])), []);
        for front in [(Direction::Less, Direction::More), (Direction::More, Direction::Less)] {
            assert_eq!(read_front(&write_front(front)), Some(front));
        }
        assert_eq!(read_front("less"), None);
    }

    #[test]
    fn what_is_better_is_told_by_the_name() {
        assert_eq!(better(&Field::metric("val/Accuracy")), Direction::More);
        assert_eq!(better(&Field::metric("loss")), Direction::Less);
        assert_eq!(better(&Field::Duration), Direction::Less);
    }
}
