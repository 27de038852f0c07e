//! The search language: what people and MLflow's clients write to find and sort runs, experiments and models.
//!
//! Owns: one tokenizer, one grammar (`clause (AND clause)*`), and for each kind of thing the list of fields that can be
//! asked for, with the comparators each allows. A parsed [`Filter`] holds only what a search can answer.
//! Never: looks anything up, or builds SQL. The browser parses while the user types and marks [`FilterError::span`];
//! the server parses the same text and answers [`FilterError::message`], in MLflow's words.
//!
//! Start reading at [`parse`], then `syntax` (the grammar), then `run` (the richest language). What helps to write a
//! filter of runs or traces is in `complete` (what may come at the cursor) and `facet` (conditions by click).
//! To make one more kind of thing searchable: add a file with its condition enum, implement [`Condition`] and
//! `Display` for it, and add a table of examples to the tests.

mod complete;
mod experiment;
mod facet;
mod field;
mod like;
mod logged_model;
mod order;
mod registry;
mod run;
mod syntax;
mod term;
mod token;
mod trace;
mod trace_metric;

#[cfg(test)]
mod property_test;
#[cfg(test)]
mod test;

use crate::name::limit;
use std::fmt;
use std::ops::Range;

pub use self::complete::{
    Completion, Expected, FieldOf, KeysOf, Language, Place, RUN_LANGUAGE, Subject, TRACE_LANGUAGE,
    TraceField, TraceKeys, TraceWords,
};
pub use self::experiment::{ExperimentCondition, ExperimentTime};
pub use self::facet::{RunField, toggle_condition};
pub use self::like::like;
pub use self::logged_model::{LoggedModelCondition, LoggedModelStatus, LoggedModelText, LoggedModelTime};
pub use self::order::{
    ExperimentOrder, LoggedModelOrder, ModelVersionOrder, OrderBy, OrderKey, OrderListError,
    RegisteredModelOrder, RunOrder, parse_order_by, parse_order_list, parse_orders,
};
pub use self::registry::{ModelVersionCondition, RegisteredModelCondition};
pub use self::run::{DatasetField, MetricFigure, RunCondition, RunText, RunTime};
pub use self::syntax::Condition;
pub use self::term::{IdTest, Key, KeyTest, ListTest, NumberOp, OneOf, Text, TextTest};
pub use self::trace::{
    AssessmentField, AssessmentTest, SpanField, TraceCondition, TraceNumber, TraceOrder, TraceText,
};
pub use self::trace_metric::{MetricCondition, parse_metric_condition};

/// A parsed filter: everything it finds meets all its clauses. Without clauses it finds everything.
///
/// `Display` writes the canonical text, which parses to the same conditions.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter<C> {
    /// The clauses in the order they were written.
    pub clauses: Vec<Clause<C>>,
}

/// One comparison of a filter, and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Clause<C> {
    /// What is asked for.
    pub condition: C,
    /// The bytes of the filter text that say it.
    pub span: Range<usize>,
}

/// Why a text is not a filter or an order, and where the mistake is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FilterError {
    /// What is wrong, in MLflow's words where MLflow has any. On the wire it is INVALID_PARAMETER_VALUE.
    pub message: String,
    /// The bytes of the text to mark: always within the text and on character boundaries.
    pub span: Range<usize>,
}

/// What a run filter parses to.
pub type RunFilter = Filter<RunCondition>;
/// What an experiment filter parses to.
pub type ExperimentFilter = Filter<ExperimentCondition>;
/// What a registered model filter parses to.
pub type RegisteredModelFilter = Filter<RegisteredModelCondition>;
/// What a model version filter parses to.
pub type ModelVersionFilter = Filter<ModelVersionCondition>;
/// What a logged model filter parses to.
pub type LoggedModelFilter = Filter<LoggedModelCondition>;
/// What a trace filter parses to.
pub type TraceFilter = Filter<TraceCondition>;

/// Reads a filter for the kind of thing that `C` describes.
///
/// The empty text is a filter that finds everything.
///
/// # Errors
/// The first mistake of the text. A text of blanks only is a mistake, as in MLflow.
pub fn parse<C: Condition>(text: &str) -> Result<Filter<C>, FilterError> {
    if text.is_empty() {
        return Ok(Filter::everything());
    }
    if text.len() > limit::FILTER {
        let message = format!(
            "Invalid filter string: it has {} bytes, and at most {} are taken.",
            text.len(),
            limit::FILTER
        );
        return Err(FilterError { message, span: 0..text.len() });
    }
    if text.trim().is_empty() {
        return Err(FilterError {
            message: format!("Invalid filter '{text}'. Could not be parsed."),
            span: 0..text.len(),
        });
    }
    let comparisons = syntax::comparisons::<C>(text)?;
    if let Some(first_too_many) = comparisons.get(limit::FILTER_CLAUSES) {
        let message =
            format!("Invalid filter string: at most {} comparisons are taken.", limit::FILTER_CLAUSES);
        return Err(FilterError { message, span: first_too_many.span() });
    }
    let clauses = comparisons
        .iter()
        .map(|comparison| Ok(Clause { condition: C::read(comparison)?, span: comparison.span() }))
        .collect::<Result<_, _>>()?;
    Ok(Filter { clauses })
}

impl<C> Filter<C> {
    /// The filter without clauses, which finds everything.
    pub fn everything() -> Self {
        Filter { clauses: Vec::new() }
    }

    /// What is asked for, without where it was written.
    pub fn conditions(&self) -> impl ExactSizeIterator<Item = &C> {
        self.clauses.iter().map(|clause| &clause.condition)
    }

    /// Whether this filter finds everything.
    pub fn is_everything(&self) -> bool {
        self.clauses.is_empty()
    }
}

impl<C> Default for Filter<C> {
    fn default() -> Self {
        Filter::everything()
    }
}

impl<C: fmt::Display> fmt::Display for Filter<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, condition) in self.conditions().enumerate() {
            if index > 0 {
                f.write_str(" AND ")?;
            }
            condition.fmt(f)?;
        }
        Ok(())
    }
}
