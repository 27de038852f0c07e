//! Searching runs without looking at all of them.
//!
//! A search takes one of three ways, and all find the same:
//! - *Seek*: if few runs meet one of the conditions, as a bounded count in its index tells, they are looked at and sorted.
//! - *Walk*: else, if an index lies in the order asked for, runs are taken from it piece by piece until the page is full
//!   (see [`super::walk`]).
//! - *Sort*: else all runs in question are sorted.
//!
//! The conditions on one run are subqueries that no planner can turn into joins (`LIMIT 1 OFFSET 0`), because a walk that
//! stops early must not begin with reading everything.

use super::{
    Asked, nested,
    order::{Found, Order, Place},
    push_run_condition,
    seek::Seek,
    walk::{Entries, Walk, Walked},
};
use crate::{
    error::Result,
    gate::VisibleTo,
    store::{Db, Query as _, Sql, permission::push_visible_experiment, run, sql},
};
use model::{
    ExperimentId,
    experiment::{Lifecycle, ViewType},
    filter::{KeyTest, RunCondition, RunFilter, TextTest},
};

/// Tests have few runs; with small bounds, these take all ways.
pub(super) const fn bound(most: u64) -> u64 {
    if cfg!(debug_assertions) { 4 } else { most }
}

/// A condition that fewer runs meet than this is where a search begins.
pub(super) const FEW: u64 = bound(512);
/// What a walk turns to, when it finds too little: a condition that fewer runs meet than this.
pub(super) const NOT_MANY: u64 = 64 * FEW;
/// Rows that are read and passed over rather than sorted.
const NEAR: usize = if cfg!(debug_assertions) { 4 } else { 1000 };
/// Experiments are searched one by one up to this number, and all at once by sorting if there are more.
const ONE_BY_ONE: usize = if cfg!(debug_assertions) { 4 } else { 32 };

/// Which runs a search is about.
pub(crate) struct RunSearch<'a> {
    pub visible: VisibleTo,
    pub experiments: &'a [ExperimentId],
    pub filter: &'a RunFilter,
    pub view: ViewType,
    /// Whether runs that are nested in others are left out (see [`nested`]).
    pub only_top: bool,
}

/// Where runs are looked for.
pub(super) enum Scope<'a> {
    /// What the indexes lead with.
    One(ExperimentId, Lifecycle),
    Many(&'a [ExperimentId], ViewType),
}

impl Scope<'_> {
    fn experiment(&self) -> Option<ExperimentId> {
        match self {
            Self::One(experiment, _) => Some(*experiment),
            Self::Many(..) => None,
        }
    }

    pub fn push(&self, select: &mut Sql) {
        match self {
            Self::One(experiment, lifecycle) => {
                select.push("r.experiment_id = ").push_bind(*experiment);
                select.push(match lifecycle {
                    Lifecycle::Active => " AND r.lifecycle = 'active'",
                    Lifecycle::Deleted => " AND r.lifecycle = 'deleted'",
                });
            }
            Self::Many(experiments, view) => {
                select.push("r.experiment_id IN ").push_list(experiments.iter().copied());
                super::push_view(select, *view, "r.lifecycle");
            }
        }
    }
}

impl RunSearch<'_> {
    /// So many of the runs that match, in order, behind so many others. Far from the first ones all that match are sorted:
    /// which they are would cost a walk as much, and their rows more.
    pub async fn find_at(&self, db: &Db, order: &Order, skip: usize, limit: usize) -> Result<Vec<Found>> {
        if skip <= NEAR {
            let mut found = self.find(db, order, None, skip.saturating_add(limit)).await?;
            found.drain(..skip.min(found.len()));
            return Ok(found);
        }
        let experiments = self.visible_experiments(db).await?;
        let scope = match (&experiments[..], self.lifecycles()) {
            ([experiment], [lifecycle]) => Scope::One(*experiment, *lifecycle),
            _ => Scope::Many(&experiments, self.view),
        };
        let few = match &scope {
            Scope::One(experiment, lifecycle) => self.few(db, (*experiment, *lifecycle), NOT_MANY).await?,
            Scope::Many(..) => ALL,
        };
        self.sort(db, &scope, &few, order, Part { after: None, skip, limit }).await
    }

    /// The first runs that match and come behind a place, in order.
    pub async fn find(
        &self,
        db: &Db,
        order: &Order,
        after: Option<&Place>,
        limit: usize,
    ) -> Result<Vec<Found>> {
        let experiments = self.visible_experiments(db).await?;
        let lifecycles = self.lifecycles();
        if experiments.len() * lifecycles.len() > ONE_BY_ONE {
            let scope = Scope::Many(&experiments, self.view);
            return self.sort(db, &scope, &ALL, order, Part::behind(after, limit)).await;
        }
        let mut found = Vec::new();
        for experiment in &experiments {
            for lifecycle in lifecycles {
                let some = self.find_in(db, (*experiment, *lifecycle), order, after, limit).await?;
                let is_first = found.is_empty();
                found.extend(some);
                if !is_first {
                    order.sort(&mut found);
                    found.truncate(limit);
                }
            }
        }
        Ok(found)
    }

    /// How many match, up to so many.
    pub async fn count(&self, mut db: &Db, most: u64) -> Result<u64> {
        let mut count = 0;
        for experiment in self.visible_experiments(db).await? {
            for lifecycle in self.lifecycles() {
                if self.only_top && self.filter.is_everything() {
                    count += nested::count_top(db, experiment, *lifecycle).await?;
                    continue;
                }
                let scope = Scope::One(experiment, *lifecycle);
                let few = self.few(db, (experiment, *lifecycle), NOT_MANY).await?;
                let mut select = sql("");
                few.push(&mut select);
                select.push("SELECT COUNT(*) FROM (SELECT 1 FROM ").push(few.sources()).push(few.condition());
                scope.push(&mut select);
                self.push_conditions(db, &mut select, &scope, few.id(), &few);
                push_limit(&mut select, most.saturating_sub(count));
                select.push(") n");
                count += db.first::<(i64,)>(select).await?.map_or(0, |(count,)| count.unsigned_abs());
            }
        }
        Ok(count)
    }

    fn lifecycles(&self) -> &'static [Lifecycle] {
        match self.view {
            ViewType::ActiveOnly => &[Lifecycle::Active],
            ViewType::DeletedOnly => &[Lifecycle::Deleted],
            ViewType::All => &[Lifecycle::Active, Lifecycle::Deleted],
        }
    }

    /// Those of the experiments that the caller may read and where there is any run.
    async fn visible_experiments(&self, mut db: &Db) -> Result<Vec<ExperimentId>> {
        if let [one] = self.experiments
            && self.visible.everything()
        {
            return Ok(vec![*one]);
        }
        let mut select = sql("SELECT e.id FROM experiments e WHERE e.id IN ");
        select.push_list(self.experiments.iter().copied());
        select.push(" AND EXISTS (SELECT 1 FROM runs r WHERE r.experiment_id = e.id) AND ");
        push_visible_experiment(&mut select, &self.visible, "e.id");
        let found: Vec<(i64,)> = db.all(select).await?;
        Ok(found.into_iter().map(|(id,)| ExperimentId(id)).collect())
    }

    async fn find_in(
        &self,
        db: &Db,
        place: (ExperimentId, Lifecycle),
        order: &Order,
        after: Option<&Place>,
        limit: usize,
    ) -> Result<Vec<Found>> {
        let scope = Scope::One(place.0, place.1);
        let few = self.few(db, place, FEW).await?;
        if !few.is_empty() {
            return self.sort(db, &scope, &few, order, Part::behind(after, limit)).await;
        }
        let Some(entries) = order.first().and_then(|by| Entries::of(&by.key)) else {
            let few = self.few(db, place, NOT_MANY).await?;
            return self.sort(db, &scope, &few, order, Part::behind(after, limit)).await;
        };
        let walk = Walk { search: self, db, place, scope, order, entries, limit };
        match walk.find(after).await? {
            Walked::Found(found) => Ok(found),
            Walked::Better(few) => self.sort(db, &walk.scope, &few, order, Part::behind(after, limit)).await,
        }
    }

    /// The conditions that fewer runs meet than the bound, the rarest first.
    pub(super) async fn few(
        &self,
        mut db: &Db,
        (experiment, lifecycle): (ExperimentId, Lifecycle),
        bound: u64,
    ) -> Result<Few<'_>> {
        let mut few = Few { seeks: Vec::new(), most: u64::MAX };
        for (index, condition) in self.filter.conditions().enumerate() {
            let Some(seek) = Seek::of(index, condition, experiment, lifecycle) else { continue };
            let mut select = sql("SELECT COUNT(*) FROM (");
            seek.push(&mut select);
            push_limit(&mut select, bound);
            select.push(") n");
            let count = db.first::<(i64,)>(select).await?.map_or(0, |(count,)| count.unsigned_abs());
            if count >= bound {
                continue;
            }
            if count < few.most {
                few.seeks.insert(0, seek);
                few.most = count;
            } else {
                few.seeks.push(seek);
            }
            if count == 0 {
                few.seeks.truncate(1);
                break;
            }
        }
        Ok(few)
    }

    /// `AND …` for every condition that `few` doesn't answer, asked of the run `r` whose id is in this column too.
    pub(super) fn push_conditions(
        &self,
        db: &Db,
        select: &mut Sql,
        scope: &Scope<'_>,
        id: &'static str,
        few: &Few<'_>,
    ) {
        let mut open: Vec<(usize, &RunCondition)> = self.filter.conditions().enumerate().collect();
        open.retain(|(index, _)| !few.seeks.iter().any(|seek| seek.condition == *index));
        // They are asked in this order, and the first that isn't met is the last that costs: a text is seldom the same.
        open.sort_by_key(|(_, condition)| !is_text_equal(condition));
        let run = Asked { id, experiment: scope.experiment() };
        for (_, condition) in open {
            select.push(" AND ");
            push_run_condition(db, select, run, condition);
        }
        if self.only_top {
            select.push(" AND ");
            nested::push_is_top(db, select);
        }
    }

    /// Sorts all runs that match, or those of a few.
    async fn sort(
        &self,
        mut db: &Db,
        scope: &Scope<'_>,
        few: &Few<'_>,
        order: &Order,
        part: Part<'_>,
    ) -> Result<Vec<Found>> {
        let mut select = sql("");
        few.push(&mut select);
        push_select(&mut select, order);
        select.push(few.sources());
        order.push_joins(&mut select, 0);
        select.push(few.condition());
        scope.push(&mut select);
        order.push_after(&mut select, part.after, 0);
        self.push_conditions(db, &mut select, scope, few.id(), few);
        order.push_order(&mut select, 0, false);
        push_limit(&mut select, part.limit as u64);
        if part.skip > 0 {
            select.push(" OFFSET ").push_bind(i64::try_from(part.skip).unwrap_or(i64::MAX));
        }
        db.all(select).await
    }
}

/// Which of the runs that match.
struct Part<'a> {
    after: Option<&'a Place>,
    skip: usize,
    limit: usize,
}

impl<'a> Part<'a> {
    fn behind(after: Option<&'a Place>, limit: usize) -> Self {
        Self { after, skip: 0, limit }
    }
}

/// The runs that meet the rarest conditions; all runs if there are none.
pub(super) struct Few<'a> {
    seeks: Vec<Seek<'a>>,
    /// How many they are at most.
    most: u64,
}

/// Every run.
pub(super) const ALL: Few<'static> = Few { seeks: Vec::new(), most: u64::MAX };

impl Few<'_> {
    pub fn is_empty(&self) -> bool {
        self.seeks.is_empty()
    }

    /// The runs that meet all of the conditions, as a table `few`.
    fn push(&self, select: &mut Sql) {
        let Some((first, others)) = self.seeks.split_first() else { return };
        select.push("WITH few AS MATERIALIZED (");
        first.push(select);
        for other in others {
            select.push(" AND ").push(first.id()).push(" IN (");
            other.push(select);
            select.push(")");
        }
        select.push(") ");
    }

    fn sources(&self) -> &'static str {
        // Where tables are joined by CROSS JOIN, SQLite reads them in the order in which they are written.
        if self.is_empty() { "runs r" } else { "few CROSS JOIN runs r" }
    }

    fn condition(&self) -> &'static str {
        if self.is_empty() { " WHERE " } else { " WHERE r.id = few.id AND " }
    }

    fn id(&self) -> &'static str {
        if self.is_empty() { "r.id" } else { "few.id" }
    }
}

pub(super) fn push_select(select: &mut Sql, order: &Order) {
    select.push("SELECT ").push(run::COLUMNS);
    order.push_columns(select);
    select.push(" FROM ");
}

pub(super) fn push_limit(select: &mut Sql, limit: u64) {
    select.push(" LIMIT ").push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
}

fn is_text_equal(condition: &RunCondition) -> bool {
    matches!(
        condition,
        RunCondition::Param { test: KeyTest::Text(TextTest::Eq(_)), .. }
            | RunCondition::Tag { test: KeyTest::Text(TextTest::Eq(_)), .. }
    )
}
