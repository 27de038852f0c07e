//! The runs of all experiments, and what a filter of them can say.

use crate::{
    Acting,
    error::{Error, Result},
    page::clauses_of,
    store::{
        self,
        search::{
            order::{Found, Order},
            runs::RunSearch,
        },
    },
};
use model::{
    ExperimentId, Permission, RunId,
    experiment::{Lifecycle, ViewType},
    filter::{self, RunField, RunFilter, RunOrder, RunTime},
    page::{
        ALL_RUNS_KEYS, AllRuns, AllRunsQuery, ComparedRun, KEYS_OF, KeysFound, RUNS_PAGE, RunColumns,
        TABLE_TAGS, VALUES_FOUND,
    },
};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

/// Experiments that are looked into, those last used first: a filter that nothing matches asks each of them, and so does an
/// order in which the newest don't come first. In each one walks along its index in that order, for a page at most; what is equal
/// in the first of several keys is sorted, as in its own table.
const LOOKED_INTO: usize = 500;
/// How long they are looked into. Who asks for what is rare sees what was found until then.
const LONGEST: Duration = Duration::from_secs(2);

impl Acting {
    /// Runs of all active experiments that the caller may read, newest first or in another order, a page at a time.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` for the filter, for an order that would read all runs, for what is no `after`, or for too many
    /// columns.
    pub async fn list_all_runs(&self, asked: &AllRunsQuery) -> Result<AllRuns> {
        let mut columns = asked.columns.clone();
        if [&columns.metrics, &columns.params, &columns.tags].iter().any(|keys| keys.len() > ALL_RUNS_KEYS) {
            return Err(Error::invalid(format!(
                "At most {ALL_RUNS_KEYS} metrics, params and tags each are shown of all runs."
            )));
        }
        let filter: RunFilter = filter::parse(asked.filter.trim())?;
        let clauses = clauses_of(&asked.order_by)?;
        if let Some(by) = clauses.iter().find(|by| !AllRunsQuery::sorts_by(&by.key)) {
            return Err(Error::invalid(format!("Runs of all experiments can't be sorted by {}.", by.key)));
        }
        let by_metric = clauses.iter().any(|by| matches!(by.key, RunOrder::Metric(..)));
        let order = Order::of(clauses);
        let newest_first =
            order.first().is_some_and(|by| by.key == RunOrder::Time(RunTime::Start) && by.descending);
        let after = order.place(&asked.after)?;
        let (lifecycle, view) = match asked.deleted {
            true => (Lifecycle::Deleted, ViewType::DeletedOnly),
            false => (Lifecycle::Active, ViewType::ActiveOnly),
        };
        let (db, visible) = (&self.domain.db, self.visible());
        let mut experiments = store::experiment::last_used(db, &visible, lifecycle, LOOKED_INTO + 1).await?;
        let mut is_cut = experiments.len() > LOOKED_INTO;
        experiments.truncate(LOOKED_INTO);
        if by_metric || !filter.is_everything() {
            let inside: Vec<ExperimentId> = experiments.iter().map(|(experiment, _)| *experiment).collect();
            self.experiments_up_to_date(&inside).await?;
        }
        let begun = Instant::now();
        // One more than a page tells whether there are others.
        let page = RUNS_PAGE as usize;
        let wanted = page + 1;
        let mut found: Vec<Found> = Vec::new();
        for (experiment, last_start) in experiments {
            // From here on all are older than what was found.
            if newest_first && found.get(page).is_some_and(|oldest| oldest.row.start_time > last_start) {
                break;
            }
            let inside = [experiment];
            if begun.elapsed() > LONGEST {
                is_cut = true;
                break;
            }
            let search = RunSearch {
                visible: visible.clone(),
                experiments: &inside,
                filter: &filter,
                view,
                only_top: false,
            };
            found.extend(search.find(db, &order, after.as_ref(), wanted).await?);
            order.sort(&mut found);
            found.truncate(wanted);
        }
        let more = found.len() > page;
        found.truncate(page);
        let next = match found.last() {
            Some(last) if more => Some(order.token(order.place_of(last))?),
            _ => None,
        };
        let ids: Vec<RunId> = found.iter().map(|found| RunId(found.row.id)).collect();
        let rows = found.into_iter().map(|found| found.row).collect();
        if !columns.metrics.is_empty() {
            self.up_to_date(&ids).await?;
        }
        columns.tags.extend(TABLE_TAGS.map(str::to_owned));
        let runs = store::run::complete(db, rows, &RunColumns::Named(columns)).await?;
        let grants = self.readable_runs(&ids).await?;
        let permission =
            grants.iter().map(|grant| grant.permission).max().unwrap_or(Permission::NoPermissions);
        let inside: Vec<ExperimentId> = runs.iter().map(|run| run.info.experiment).collect();
        let names = store::experiment::names(db, &inside).await?;
        let named = |run: model::run::Run| ComparedRun {
            experiment_name: names.get(&run.info.experiment).cloned().unwrap_or_default(),
            run,
        };
        Ok(AllRuns { runs: runs.into_iter().map(named).collect(), next, is_cut, permission })
    }

    /// What [`Acting::find_keys_in`] finds in the experiments last used that the caller may read.
    ///
    /// # Errors
    /// None of its own.
    pub async fn find_keys_of_all(&self, text: &str) -> Result<KeysFound> {
        self.find_keys_in(&self.used_last().await?, text).await
    }

    /// What [`Acting::find_values`] finds in the experiments last used that the caller may read; those that begin with the text
    /// come first.
    ///
    /// # Errors
    /// None of its own.
    pub async fn find_values_of_all(&self, field: &RunField, text: &str) -> Result<Vec<String>> {
        let mut found: BTreeSet<(bool, String)> = BTreeSet::new();
        let begun = Instant::now();
        for experiment in self.used_last().await? {
            let values = self.find_values(experiment, field, text).await?;
            found.extend(values.into_iter().map(|value| (!value.starts_with(text), value)));
            let begin = found.iter().take_while(|(is_inside, _)| !is_inside).count();
            if begin >= VALUES_FOUND || begun.elapsed() > LONGEST {
                break;
            }
        }
        Ok(found.into_iter().map(|(_, value)| value).take(VALUES_FOUND).collect())
    }

    /// The experiments with runs that were used last, as many as keys are looked for in.
    async fn used_last(&self) -> Result<Vec<ExperimentId>> {
        let db = &self.domain.db;
        let used = store::experiment::last_used(db, &self.visible(), Lifecycle::Active, KEYS_OF).await?;
        Ok(used.into_iter().map(|(experiment, _)| experiment).collect())
    }
}
