//! Searching along an index that lies in the order asked for, piece by piece, until the page is full.
//!
//! First come the runs with a value, then NaN, then those without. Each piece is one statement that sorts a bounded number
//! of runs, so that what it costs depends on no planner's guess.

use super::{
    order::{Found, Order, Place, Value},
    runs::{ALL, FEW, Few, NOT_MANY, RunSearch, Scope, bound, push_limit, push_select},
    seek::{indexed, is_indexed_whole},
};
use crate::{
    error::Result,
    store::{Db, Query as _, Sql, sql},
};
use model::{
    ExperimentId,
    experiment::Lifecycle,
    filter::{Key, KeyTest, MetricFigure, NumberOp, RunCondition, RunOrder, RunText, RunTime, TextTest},
};
use std::collections::HashSet;
use uuid::Uuid;

/// Entries of an index that a walk takes first; each next piece is twice as long.
const PIECE: u64 = bound(256);
/// Entries of the same value that aren't worth sorting any more where the start of the runs gives the order.
const MANY_EQUAL: u64 = bound(4096);

/// An index that lies in an order.
#[derive(Clone, Copy)]
pub(super) enum Entries<'a> {
    Metric(&'a Key),
    Param(&'a Key),
    Tag(&'a Key),
    Time(RunTime),
    Text(RunText),
}

impl<'a> Entries<'a> {
    /// The index in whose order runs lie that are sorted by this key, if there is one.
    pub fn of(key: &'a RunOrder) -> Option<Self> {
        match key {
            RunOrder::Metric(MetricFigure::Last, key) => Some(Self::Metric(key)),
            RunOrder::Param(key) => Some(Self::Param(key)),
            RunOrder::Tag(key) => Some(Self::Tag(key)),
            RunOrder::Time(time) => Some(Self::Time(*time)),
            RunOrder::Text(text @ (RunText::Name | RunText::UserId | RunText::Status)) => {
                Some(Self::Text(*text))
            }
            RunOrder::Metric(MetricFigure::Min | MetricFigure::Max, _)
            | RunOrder::Text(RunText::ArtifactUri)
            | RunOrder::Id => None,
        }
    }

    /// What the index is ordered by: the number, or the start of the text.
    fn value(self) -> &'static str {
        match self {
            Self::Metric(_) => "o0.last_value",
            Self::Param(_) | Self::Tag(_) => "substr(o0.value, 1, 64)",
            Self::Time(time) => super::time_column(time),
            Self::Text(RunText::Name) => "substr(r.name, 1, 64)",
            Self::Text(RunText::UserId) => "substr(r.user_name, 1, 64)",
            Self::Text(text) => super::text_column(text),
        }
    }

    /// The table of the key, if it isn't that of the runs.
    fn table(self) -> Option<(&'static str, &'a Key)> {
        match self {
            Self::Metric(key) => Some(("metrics", key)),
            Self::Param(key) => Some(("params", key)),
            Self::Tag(key) => Some(("tags", key)),
            Self::Time(_) | Self::Text(_) => None,
        }
    }

    /// The column in which the runs' ids are met first.
    fn id(self) -> &'static str {
        if self.table().is_some() { "o0.run_id" } else { "r.id" }
    }

    /// Whether the condition is about the key walked along, so that no run without it can match.
    fn needs(self, condition: &RunCondition) -> bool {
        match (self, condition) {
            (Self::Metric(walked), RunCondition::Metric { key, .. }) => walked == key,
            (Self::Param(walked), RunCondition::Param { key, test })
            | (Self::Tag(walked), RunCondition::Tag { key, test }) => {
                walked == key && *test != KeyTest::IsNull
            }
            (Self::Time(walked), RunCondition::Time(time, ..)) => walked == *time,
            _ => false,
        }
    }
}

/// A piece of an index: from a value, itself included or not, to another that isn't.
#[derive(Default, Clone)]
struct Piece {
    from: Option<(Value, bool)>,
    to: Option<Value>,
}

/// How a walk ended.
pub(super) enum Walked<'a> {
    Found(Vec<Found>),
    /// It would find too little on too long a way, and there is a better one.
    Better(Few<'a>),
}

pub(super) struct Walk<'a> {
    pub search: &'a RunSearch<'a>,
    pub db: &'a Db,
    pub place: (ExperimentId, Lifecycle),
    pub scope: Scope<'a>,
    pub order: &'a Order,
    pub entries: Entries<'a>,
    pub limit: usize,
}

impl Walk<'_> {
    /// The first runs behind a place; or, if they would be found too slowly, a better way to them.
    pub async fn find(&self, after: Option<&Place>) -> Result<Walked<'_>> {
        let mut found = Page { runs: Vec::new(), seen: HashSet::new() };
        let class = after.and_then(|place| place.first());
        if !matches!(class, Some(Value::NaN | Value::Nothing))
            && let Some(few) = self.values(after, &mut found).await?
        {
            return Ok(Walked::Better(few));
        }
        // Further on, a place among the values is no place any more.
        let rest = |wanted: fn(&Value) -> bool| after.filter(|place| place.first().is_some_and(wanted));
        if found.runs.len() < self.limit
            && matches!(self.entries, Entries::Metric(_))
            && class != Some(&Value::Nothing)
        {
            self.not_a_number(rest(|value| *value == Value::NaN), &mut found).await?;
        }
        let conditions = || self.search.filter.conditions();
        if found.runs.len() < self.limit && !conditions().any(|condition| self.entries.needs(condition)) {
            self.nothing(rest(|value| *value == Value::Nothing), &mut found).await?;
        }
        Ok(Walked::Found(found.runs))
    }

    fn is_descending(&self) -> bool {
        self.order.first().is_some_and(|by| by.descending)
    }

    /// The runs with a value, piece by piece; or, if the walk finds too little, what is better.
    async fn values(&self, after: Option<&Place>, found: &mut Page) -> Result<Option<Few<'_>>> {
        let (mut walked, mut may_turn) = (0, !self.search.filter.is_everything());
        let mut after = after;
        let mut from = after.and_then(|place| place.first()).map(|value| (head(value), true));
        let mut size = if cfg!(debug_assertions) { PIECE } else { PIECE.max(2 * self.limit as u64) };
        while found.runs.len() < self.limit {
            let Some(first) = self.probe(from.as_ref(), 0).await? else { break };
            let mut next = self.probe(from.as_ref(), size).await?;
            if next.as_ref() == Some(&first) && size < MANY_EQUAL {
                size = MANY_EQUAL;
                next = self.probe(from.as_ref(), size).await?;
            }
            let equal = next.as_ref() == Some(&first);
            if equal && self.order.goes_on_by_start() && is_whole(&first) {
                self.equal(&first, after.filter(|place| place.first() == Some(&first)), found).await?;
                from = Some((first, false));
            } else if equal {
                let piece = Piece { from: Some((first.clone(), true)), to: None };
                self.piece(&piece, Some(&first), after, found).await?;
                from = Some((first, false));
            } else {
                self.piece(&Piece { from, to: next.clone() }, None, after, found).await?;
                let Some(next) = next else { break };
                from = Some((next, true));
            }
            // Only the first piece can hold the place where the page before ended.
            after = None;
            walked += size;
            // As far as the walk would go if it went on as it began.
            let whole_way = walked.saturating_mul(self.limit as u64) / (found.runs.len() as u64).max(1);
            if may_turn && walked >= 4 * PIECE && whole_way > 2 * walked.max(4 * FEW) {
                let few = self.search.few(self.db, self.place, NOT_MANY.min(whole_way)).await?;
                if !few.is_empty() {
                    return Ok(Some(few));
                }
                may_turn = false;
            }
            size = size.saturating_mul(2);
        }
        Ok(None)
    }

    /// The value so many entries on.
    async fn probe(&self, from: Option<&(Value, bool)>, skip: u64) -> Result<Option<Value>> {
        let mut db = self.db;
        let mut select = sql("SELECT ");
        select.push(self.entries.value()).push(" FROM ");
        self.push_entries(&mut select, false);
        self.push_piece(&mut select, &Piece { from: from.cloned(), to: None });
        select.push(" ORDER BY ").push(self.entries.value());
        select.push(if self.is_descending() { " DESC" } else { "" });
        push_limit(&mut select, 1);
        select.push(" OFFSET ").push_bind(i64::try_from(skip).unwrap_or(i64::MAX));
        Ok(match self.entries {
            Entries::Metric(_) => db.first::<(f64,)>(select).await?.map(|(number,)| Value::Number(number)),
            Entries::Time(_) => db.first::<(i64,)>(select).await?.map(|(number,)| Value::Whole(number)),
            Entries::Param(_) | Entries::Tag(_) | Entries::Text(_) => {
                db.first::<(String,)>(select).await?.map(|(text,)| Value::Text(text))
            }
        })
    }

    /// The entries with a value: a table and its conditions, which more can follow.
    fn push_entries(&self, select: &mut Sql, with_runs: bool) {
        if let Some((table, key)) = self.entries.table() {
            select.push(table).push(" o0");
            if with_runs {
                select.push(" CROSS JOIN runs r");
                self.order.push_joins(select, 1);
                select.push(" WHERE r.id = o0.run_id AND ");
                self.scope.push(select);
                select.push(" AND ");
            } else {
                select.push(" WHERE ");
            }
            select.push("o0.experiment_id = ").push_bind(self.place.0);
            select.push(" AND o0.key = ").push_bind(key.as_str());
            if matches!(self.entries, Entries::Metric(_)) {
                select.push(" AND o0.last_is_nan = FALSE");
            }
        } else {
            select.push("runs r");
            if with_runs {
                self.order.push_joins(select, 1);
            }
            select.push(" WHERE ");
            self.scope.push(select);
            if matches!(self.entries, Entries::Time(RunTime::End)) {
                select.push(" AND r.end_time IS NOT NULL");
            }
        }
        // What is asked of the value walked along narrows the walk.
        for condition in self.search.filter.conditions().filter(|condition| self.entries.needs(condition)) {
            match condition {
                RunCondition::Metric { figure: MetricFigure::Last, op, value, .. } if *op != NumberOp::Ne => {
                    select.push(" AND o0.last_value ").push(op.as_str()).push(" ").push_bind(*value);
                }
                RunCondition::Param { test: KeyTest::Text(TextTest::Eq(text)), .. }
                | RunCondition::Tag { test: KeyTest::Text(TextTest::Eq(text)), .. } => {
                    select.push(" AND substr(o0.value, 1, 64) = ").push_bind(indexed(text.as_str()));
                }
                RunCondition::Time(time, op, millis) => {
                    select
                        .push(" AND ")
                        .push(super::time_column(*time))
                        .push(" ")
                        .push(op.as_str())
                        .push(" ");
                    select.push_bind(*millis);
                }
                _ => {}
            }
        }
    }

    fn push_piece(&self, select: &mut Sql, piece: &Piece) {
        let descending = self.is_descending();
        if let Some((from, included)) = &piece.from {
            select.push(" AND ").push(self.entries.value()).push(match (descending, included) {
                (false, true) => " >= ",
                (false, false) => " > ",
                (true, true) => " <= ",
                (true, false) => " < ",
            });
            from.push_to(select);
        }
        if let Some(to) = &piece.to {
            select.push(" AND ").push(self.entries.value()).push(if descending { " > " } else { " < " });
            to.push_to(select);
        }
    }

    /// The runs of a piece, or of one value, sorted.
    async fn piece(
        &self,
        piece: &Piece,
        equal: Option<&Value>,
        after: Option<&Place>,
        found: &mut Page,
    ) -> Result<()> {
        let mut select = sql("");
        push_select(&mut select, self.order);
        self.push_entries(&mut select, true);
        match equal {
            Some(value) => {
                select.push(" AND ").push(self.entries.value()).push(" = ");
                value.push_to(&mut select);
            }
            None => self.push_piece(&mut select, piece),
        }
        self.finish(select, self.entries.id(), after, 0, true, found).await
    }

    /// A SELECT of all runs of the place, with the joins of the order; more conditions can follow.
    fn all_runs(&self) -> Sql {
        let mut select = sql("");
        push_select(&mut select, self.order);
        select.push("runs r");
        self.order.push_joins(&mut select, 0);
        select.push(" WHERE ");
        self.scope.push(&mut select);
        select
    }

    /// Very many runs of one value: they are taken by their start, and those of other values passed over.
    async fn equal(&self, value: &Value, after: Option<&Place>, found: &mut Page) -> Result<()> {
        let mut select = self.all_runs();
        select.push(" AND ");
        if let Some((table, key)) = self.entries.table() {
            select.push("EXISTS (SELECT 1 FROM ").push(table).push(" c WHERE c.run_id = r.id AND c.key = ");
            select.push_bind(key.as_str()).push(match self.entries {
                Entries::Metric(_) => " AND c.last_is_nan = FALSE AND c.last_value = ",
                _ => " AND c.value = ",
            });
            value.push_to(&mut select);
            select.push(super::ONE_BY_ONE);
        } else {
            select.push(self.entries.value()).push(" = ");
            value.push_to(&mut select);
        }
        self.finish(select, "r.id", after, 1, false, found).await
    }

    async fn not_a_number(&self, after: Option<&Place>, found: &mut Page) -> Result<()> {
        let Entries::Metric(key) = self.entries else { return Ok(()) };
        let mut select = sql("");
        push_select(&mut select, self.order);
        select.push("metrics o0 CROSS JOIN runs r");
        self.order.push_joins(&mut select, 1);
        select.push(" WHERE r.id = o0.run_id AND ");
        self.scope.push(&mut select);
        select.push(" AND o0.last_is_nan = TRUE AND o0.experiment_id = ").push_bind(self.place.0);
        select.push(" AND o0.key = ").push_bind(key.as_str());
        self.finish(select, "o0.run_id", after, 1, false, found).await
    }

    async fn nothing(&self, after: Option<&Place>, found: &mut Page) -> Result<()> {
        let mut select = self.all_runs();
        match (self.entries, self.entries.table()) {
            (_, Some((table, key))) => {
                select.push(" AND NOT EXISTS (SELECT 1 FROM ").push(table);
                select
                    .push(" c WHERE c.run_id = r.id AND c.key = ")
                    .push_bind(key.as_str())
                    .push(super::ONE_BY_ONE);
            }
            (Entries::Time(RunTime::End), _) => {
                select.push(" AND r.end_time IS NULL");
            }
            _ => return Ok(()),
        }
        self.finish(select, "r.id", after, 1, false, found).await
    }

    /// What follows the tables and their own conditions. All runs have the same of the keys before `from`.
    async fn finish(
        &self,
        mut select: Sql,
        id: &'static str,
        after: Option<&Place>,
        from: usize,
        only_values: bool,
        found: &mut Page,
    ) -> Result<()> {
        self.order.push_after(&mut select, after, from);
        self.search.push_conditions(self.db, &mut select, &self.scope, id, &ALL);
        self.order.push_order(&mut select, from, only_values);
        push_limit(&mut select, (self.limit - found.runs.len()) as u64);
        let mut db = self.db;
        found.add(db.all(select).await?);
        Ok(())
    }
}

/// What was found so far. A run whose value changes while it is searched for could be met twice.
struct Page {
    runs: Vec<Found>,
    seen: HashSet<Uuid>,
}

impl Page {
    fn add(&mut self, found: Vec<Found>) {
        self.runs.extend(found.into_iter().filter(|found| self.seen.insert(found.row.id)));
    }
}

/// As much of a value as the index holds.
fn head(value: &Value) -> Value {
    match value {
        Value::Text(text) => Value::Text(indexed(text).to_owned()),
        other => other.clone(),
    }
}

/// Whether the index holds the whole value.
fn is_whole(value: &Value) -> bool {
    match value {
        Value::Text(text) => is_indexed_whole(text),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{filter::parse_orders, page::AllRunsQuery};

    #[test]
    fn runs_of_all_experiments_are_sorted_by_what_lies_in_an_index() {
        let all = "metrics.a,min_metrics.a,max_metrics.a,params.a,tags.a,attributes.start_time,attributes.end_time,\
                   attributes.run_name,attributes.status,attributes.user_id,attributes.artifact_uri,attributes.run_id";
        let orders = parse_orders::<RunOrder>(all).unwrap();
        assert_eq!(orders.len(), 12);
        for by in orders {
            assert_eq!(AllRunsQuery::sorts_by(&by.key), Entries::of(&by.key).is_some(), "{by}");
        }
    }
}
