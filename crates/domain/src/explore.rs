//! Values of many runs side by side: what plots over runs show, and which params matter.
//!
//! Owns: reading a few fields of thousands of runs, a portion at a time; `importance` looks what they have to do with each
//! other. Must never: hold all that these runs logged at once.

mod importance;

use crate::{
    Acting,
    error::{Error, Result},
    gate::Read,
    page::{COUNTED, order_of, view_of},
    store::{
        self,
        run::{CHUNK, InfoRow},
        search::runs::RunSearch,
    },
};
use importance::{Sample, importances};
use model::{
    Code, ExperimentId, Problem,
    explore::{EXPLORED_FIELDS, EXPLORED_RUNS, Field, Importance, RunValues, Values, WordsBuilder},
    filter::{self, MetricFigure, RunFilter},
    page::{KeyKind, NamedColumns, RunColumns, RunsQuery, Total},
    run::Run,
};
use tokio::{sync::Semaphore, task::spawn_blocking, try_join};

/// Runs that the importance of params is told of.
const WEIGHED_RUNS: usize = 2_000;
/// Params that are read for it; of those that differ, only some are looked at.
const WEIGHED_PARAMS: usize = 200;
/// Forests that grow at the same time: each takes a processor for a second or two.
static FORESTS: Semaphore = Semaphore::const_new(2);
/// Who may have asked at the same time, those at work among them.
static WAITING: Semaphore = Semaphore::const_new(10);

impl Acting {
    /// What the runs of a table have of some fields, in the table's order, for so many runs as a plot shows.
    ///
    /// # Errors
    /// Those of [`Acting::list_runs`]; `INVALID_PARAMETER_VALUE` for too many fields.
    pub async fn run_values(
        &self,
        experiment: ExperimentId,
        query: &RunsQuery,
        fields: &[Field],
    ) -> Result<RunValues> {
        if fields.len() > EXPLORED_FIELDS {
            return Err(Error::invalid(format!(
                "At most {EXPLORED_FIELDS} fields are read at once, and these are {}.",
                fields.len()
            )));
        }
        self.values_of(experiment, query, fields, EXPLORED_RUNS).await
    }

    /// How much the params of a table's runs have to do with a metric, or with how long they took.
    ///
    /// # Errors
    /// Those of [`Acting::list_runs`]; `INVALID_PARAMETER_VALUE` for what isn't a number, and if too few runs have one.
    pub async fn param_importance(
        &self,
        experiment: ExperimentId,
        query: &RunsQuery,
        of: &Field,
    ) -> Result<Importance> {
        if !matches!(of, Field::Metric(..) | Field::Duration) {
            return Err(Error::invalid("Params matter for a metric or for the duration."));
        }
        // What is read for it is large: who waits for a turn holds nothing yet, and not everybody may wait.
        let _waiting = WAITING.try_acquire().map_err(|_| {
            Problem::new(Code::ResourceExhausted, "Others ask for this, too. Try again in a moment.")
        })?;
        let turn = FORESTS.acquire().await.map_err(|error| Error::Fault(error.to_string()))?;
        let keys = self.search_keys(experiment, KeyKind::Param, "", WEIGHED_PARAMS).await?;
        let fields: Vec<Field> =
            std::iter::once(of.clone()).chain(keys.into_iter().map(Field::Param)).collect();
        let found = self.values_of(experiment, query, &fields, WEIGHED_RUNS).await?;
        let mut columns = found.columns.into_iter();
        let target = columns.next().unwrap_or_else(|| Values::Numbers(Vec::new()));
        let params =
            fields.into_iter().skip(1).zip(columns).filter_map(|(field, values)| match (field, values) {
                (Field::Param(key), Values::Words(words)) => Some((key, words)),
                _ => None,
            });
        let sample = Sample::new(of, &target, params.collect())?;
        // The turn is the work's, which goes on also when whoever asked for it has gone.
        let told = spawn_blocking(move || {
            let _turn = turn;
            importances(&sample)
        })
        .await;
        told.map_err(|error| Error::Fault(format!("importance of params: {error}")))?
    }

    async fn values_of(
        &self,
        experiment: ExperimentId,
        query: &RunsQuery,
        fields: &[Field],
        most: usize,
    ) -> Result<RunValues> {
        let grant = self.experiment::<Read>(experiment).await?;
        let filter: RunFilter = filter::parse(query.filter.trim())?;
        let order = order_of(query)?;
        let experiments = [grant.id()];
        let search = RunSearch {
            visible: self.visible(),
            experiments: &experiments,
            filter: &filter,
            view: view_of(query),
            only_top: false,
        };
        self.experiments_up_to_date(&experiments).await?;
        let db = &self.domain.db;
        let counted = if filter.is_everything() { u64::MAX } else { COUNTED };
        let (found, count) =
            try_join!(search.find_at(db, &order, 0, most), search.count(db, counted.saturating_add(1)))?;
        let named = RunColumns::Named(named(fields));
        let mut gathered: Vec<Gathered> = fields.iter().map(Gathered::new).collect();
        let (mut ids, mut names) = (Vec::with_capacity(found.len()), Vec::with_capacity(found.len()));
        let mut rows = found.into_iter().map(|found| found.row).peekable();
        while rows.peek().is_some() {
            let portion: Vec<InfoRow> = rows.by_ref().take(CHUNK).collect();
            for run in store::run::complete(db, portion, &named).await? {
                for (field, gathered) in fields.iter().zip(&mut gathered) {
                    gathered.push(field, &run);
                }
                ids.push(run.info.id);
                names.push(run.info.name);
            }
        }
        Ok(RunValues {
            ids,
            names,
            columns: gathered.into_iter().map(Gathered::finish).collect(),
            total: if count > counted { Total::AtLeast(counted) } else { Total::Exactly(count) },
        })
    }
}

/// What must be read of each run for these fields.
fn named(fields: &[Field]) -> NamedColumns {
    let mut named = NamedColumns::default();
    for field in fields {
        let (keys, key) = match field {
            Field::Metric(key, _) => (&mut named.metrics, key),
            Field::Param(key) => (&mut named.params, key),
            Field::Tag(key) => (&mut named.tags, key),
            Field::Started | Field::Duration | Field::Status => continue,
        };
        if !keys.contains(key) {
            keys.push(key.clone());
        }
    }
    named
}

/// A column that grows with each run.
enum Gathered {
    Numbers(Vec<Option<f64>>),
    Words(WordsBuilder),
}

impl Gathered {
    fn new(field: &Field) -> Self {
        match field {
            Field::Started | Field::Duration | Field::Metric(..) => Self::Numbers(Vec::new()),
            Field::Status | Field::Param(_) | Field::Tag(_) => Self::Words(WordsBuilder::default()),
        }
    }

    fn push(&mut self, field: &Field, run: &Run) {
        match self {
            Self::Numbers(numbers) => numbers.push(number(field, run)),
            Self::Words(words) => words.push(word(field, run)),
        }
    }

    fn finish(self) -> Values {
        match self {
            Self::Numbers(numbers) => Values::Numbers(numbers),
            Self::Words(words) => Values::Words(words.finish()),
        }
    }
}

fn number(field: &Field, run: &Run) -> Option<f64> {
    let start = run.info.start_time;
    match field {
        Field::Started => (start != 0).then_some(start as f64),
        Field::Duration => {
            let end = run.info.end_time.filter(|_| start != 0)?;
            Some(end.saturating_sub(start) as f64 / 1000.0)
        }
        Field::Metric(key, figure) => {
            let metric = run.metrics.iter().find(|metric| metric.key == *key)?;
            match figure {
                MetricFigure::Last => Some(metric.last.value),
                MetricFigure::Min => metric.min,
                MetricFigure::Max => metric.max,
            }
        }
        Field::Status | Field::Param(_) | Field::Tag(_) => None,
    }
}

fn word<'a>(field: &Field, run: &'a Run) -> Option<&'a str> {
    match field {
        Field::Status => Some(run.info.status.name()),
        Field::Param(key) => {
            run.params.iter().find(|param| param.key == *key).map(|param| param.value.as_str())
        }
        Field::Tag(key) => run.tag(key),
        Field::Started | Field::Duration | Field::Metric(..) => None,
    }
}
