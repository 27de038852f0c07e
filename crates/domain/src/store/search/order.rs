//! The order of a search for runs: as SQL, as the place of a run in it, and as the token that goes on behind that place.
//!
//! MLflow's rule: values, then NaN, then runs without a value, whichever the direction; ties by start, newest first, then
//! by id. Texts are ordered by bytes.

use super::{text_column, time_column};
use crate::{
    error::{Error, Result},
    store::{Sql, run::InfoRow},
};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use model::filter::{MetricFigure, OrderBy, RunOrder, RunTime};
use serde::{Deserialize, Serialize};
use sqlx::{Column as _, FromRow, Row as _, postgres::PgRow, sqlite::SqliteRow};
use std::cmp::Ordering;
use uuid::Uuid;

/// A whole order: what was asked for, then what breaks ties. The last key is always the id.
#[derive(Debug, Clone)]
pub(crate) struct Order(Vec<OrderBy<RunOrder>>);

/// What a run has of one key of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Value {
    /// No such metric, param or tag; no end.
    #[serde(rename = "0")]
    Nothing,
    #[serde(rename = "nan")]
    NaN,
    /// Not NaN.
    #[serde(rename = "f", with = "bits")]
    Number(f64),
    #[serde(rename = "i")]
    Whole(i64),
    #[serde(rename = "t")]
    Text(String),
    #[serde(rename = "u")]
    Id(Uuid),
}

/// The place of a run in an order: a value for each key.
pub(crate) type Place = Vec<Value>;

/// A number as its bits: JSON has no infinity.
mod bits {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub fn serialize<S: Serializer>(number: &f64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(number.to_bits())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        let number = f64::from_bits(u64::deserialize(from)?);
        if number.is_nan() { Err(D::Error::custom("NaN has its own word")) } else { Ok(number) }
    }
}

/// What a page token holds. The order is in it so that it can't be used with another.
#[derive(Serialize, Deserialize)]
struct Token {
    order: String,
    after: Place,
}

impl Value {
    /// Values, then NaN, then nothing.
    fn class(&self) -> u8 {
        match self {
            Self::Number(_) | Self::Whole(_) | Self::Text(_) | Self::Id(_) => 0,
            Self::NaN => 1,
            Self::Nothing => 2,
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.partial_cmp(b).unwrap_or(Ordering::Equal),
            (Self::Whole(a), Self::Whole(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Id(a), Self::Id(b)) => a.cmp(b),
            _ => Ordering::Equal,
        }
    }

    pub(super) fn push_to(&self, select: &mut Sql) {
        match self {
            Self::Number(number) => select.push_bind(*number),
            Self::Whole(number) => select.push_bind(*number),
            Self::Text(text) => select.push_bind(text),
            Self::Id(id) => select.push_bind(*id),
            Self::NaN | Self::Nothing => select.push("NULL"),
        };
    }
}

/// Whether the key lies in a table of its own, joined as `o0`, `o1`, …
fn is_joined(key: &RunOrder) -> bool {
    matches!(key, RunOrder::Metric(..) | RunOrder::Param(_) | RunOrder::Tag(_))
}

impl Order {
    /// The whole order that these clauses begin.
    pub fn of(mut clauses: Vec<OrderBy<RunOrder>>) -> Self {
        let key = |key, descending| OrderBy { key, descending, span: 0..0 };
        if let Some(id) = clauses.iter().position(|by| by.key == RunOrder::Id) {
            // No two runs have the same id, so nothing behind it matters.
            clauses.truncate(id + 1);
            return Self(clauses);
        }
        if !clauses.iter().any(|by| by.key == RunOrder::Time(RunTime::Start)) {
            clauses.push(key(RunOrder::Time(RunTime::Start), true));
        }
        clauses.push(key(RunOrder::Id, false));
        Self(clauses)
    }

    /// What is sorted by before anything else.
    pub fn first(&self) -> Option<&OrderBy<RunOrder>> {
        self.0.first()
    }

    /// Whether runs with the same first value lie in the order of their start, newest first.
    pub fn goes_on_by_start(&self) -> bool {
        self.0.get(1).is_some_and(|by| by.key == RunOrder::Time(RunTime::Start) && by.descending)
    }

    fn name(&self) -> String {
        let keys: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        keys.join(",")
    }

    /// The token that leads on behind a run.
    pub fn token(&self, after: Place) -> Result<String> {
        let token = serde_json::to_vec(&Token { order: self.name(), after })
            .map_err(|error| Error::Fault(format!("a page token can't be written: {error}")))?;
        Ok(BASE64_STANDARD.encode(token))
    }

    /// The place that a token leads on from; `None` for the empty one of the first page.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` for what is no token, or one of another order.
    pub fn place(&self, token: &str) -> Result<Option<Place>> {
        if token.is_empty() {
            return Ok(None);
        }
        let bytes = BASE64_STANDARD
            .decode(token)
            .map_err(|_| Error::invalid("Invalid page token, could not base64-decode"))?;
        let token: Token = serde_json::from_slice(&bytes).map_err(|_| {
            Error::invalid("Invalid page token: it is not from a search for runs on this server")
        })?;
        let fits = |(by, value): (&OrderBy<RunOrder>, &Value)| match (&by.key, value) {
            (RunOrder::Metric(..), Value::Number(_) | Value::NaN | Value::Nothing)
            | (RunOrder::Param(_) | RunOrder::Tag(_), Value::Text(_) | Value::Nothing)
            | (RunOrder::Id, Value::Id(_))
            | (RunOrder::Time(RunTime::Start), Value::Whole(_))
            | (RunOrder::Time(RunTime::End), Value::Whole(_) | Value::Nothing)
            | (RunOrder::Text(_), Value::Text(_)) => true,
            (RunOrder::Metric(..) | RunOrder::Param(_) | RunOrder::Tag(_), _)
            | (RunOrder::Id | RunOrder::Time(_) | RunOrder::Text(_), _) => false,
        };
        let is_ours = token.order == self.name()
            && token.after.len() == self.0.len()
            && self.0.iter().zip(&token.after).all(fits);
        if is_ours {
            Ok(Some(token.after))
        } else {
            Err(Error::invalid("Invalid page token: it is from a search in another order"))
        }
    }

    /// How two places lie to each other.
    pub fn compare(&self, a: &Place, b: &Place) -> Ordering {
        let keys = self.0.iter().zip(a.iter().zip(b));
        let mut orderings = keys.map(|(by, (a, b))| {
            let values = a.compare(b);
            a.class().cmp(&b.class()).then(if by.descending { values.reverse() } else { values })
        });
        orderings.find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
    }

    /// Sorts runs that were found.
    pub fn sort(&self, found: &mut [Found]) {
        found.sort_by_cached_key(|found| Placed(self, self.place_of(found)));
    }

    /// The columns that tell a run's place, besides those of the run itself.
    pub fn push_columns(&self, select: &mut Sql) {
        for (index, by) in self.0.iter().enumerate() {
            match by.key {
                RunOrder::Metric(MetricFigure::Last, _) => {
                    select.push(", o").push_number(index).push(".last_is_nan AS x, o").push_number(index);
                    select.push(".last_value AS n");
                }
                RunOrder::Metric(figure, _) => {
                    select.push(", o").push_number(index).push(metric_column(figure)).push(" AS n");
                }
                RunOrder::Param(_) | RunOrder::Tag(_) => {
                    select.push(", o").push_number(index).push(".value AS t");
                }
                RunOrder::Id | RunOrder::Time(_) | RunOrder::Text(_) => {}
            }
        }
    }

    /// The joins of the keys, from the one of this number on.
    pub fn push_joins(&self, select: &mut Sql, from: usize) {
        for (index, by) in self.0.iter().enumerate().skip(from) {
            let (table, key) = match &by.key {
                RunOrder::Metric(_, key) => (" LEFT JOIN metrics o", key),
                RunOrder::Param(key) => (" LEFT JOIN params o", key),
                RunOrder::Tag(key) => (" LEFT JOIN tags o", key),
                RunOrder::Id | RunOrder::Time(_) | RunOrder::Text(_) => continue,
            };
            select
                .push(table)
                .push_number(index)
                .push(" ON o")
                .push_number(index)
                .push(".run_id = r.id AND o");
            select.push_number(index).push(".key = ").push_bind(key.as_str());
        }
    }

    /// `ORDER BY …` from the key of this number on. With `only_values` all runs found have a value of the first key.
    pub fn push_order(&self, select: &mut Sql, from: usize, only_values: bool) {
        for (index, by) in self.0.iter().enumerate().skip(from) {
            select.push(if index == from { " ORDER BY " } else { ", " });
            if !(index == 0 && only_values) {
                match by.key {
                    RunOrder::Metric(MetricFigure::Last, _) => {
                        select.push("CASE WHEN o").push_number(index).push(".run_id IS NULL THEN 2 WHEN o");
                        select.push_number(index).push(".last_is_nan THEN 1 ELSE 0 END, ");
                    }
                    RunOrder::Metric(..)
                    | RunOrder::Param(_)
                    | RunOrder::Tag(_)
                    | RunOrder::Time(RunTime::End) => {
                        select.push("CASE WHEN ");
                        push_column(select, index, &by.key);
                        select.push(" IS NULL THEN 1 ELSE 0 END, ");
                    }
                    RunOrder::Id | RunOrder::Time(RunTime::Start) | RunOrder::Text(_) => {}
                }
            }
            push_column(select, index, &by.key);
            if by.descending {
                select.push(" DESC");
            }
        }
    }

    /// `AND …`: that a run comes behind a place, if there is one, by the keys from the one of this number on.
    pub fn push_after(&self, select: &mut Sql, place: Option<&Place>, from: usize) {
        let (Some(place), Some(first)) = (place, self.0.get(from)) else { return };
        select.push(" AND ");
        if !is_joined(&first.key) && first.key != RunOrder::Time(RunTime::End) {
            // What follows says it too, but in words that lead into no index.
            push_column(select, from, &first.key);
            select.push(if first.descending { " <= " } else { " >= " });
            place[from].push_to(select);
            select.push(" AND ");
        }
        self.push_after_from(select, place, from);
    }

    fn push_after_from(&self, select: &mut Sql, place: &Place, index: usize) {
        let (Some(by), Some(value)) = (self.0.get(index), place.get(index)) else {
            select.push("FALSE");
            return;
        };
        let is_last_value = matches!(by.key, RunOrder::Metric(MetricFigure::Last, _));
        let can_lack = is_joined(&by.key) || by.key == RunOrder::Time(RunTime::End);
        select.push("(");
        if value.class() < 2 && can_lack {
            push_column(select, index, &by.key);
            select.push(" IS NULL OR ");
        }
        match value {
            Value::Nothing => {
                push_column(select, index, &by.key);
                select.push(" IS NULL");
            }
            Value::NaN => {
                select.push("o").push_number(index).push(".last_is_nan");
            }
            value => {
                if is_last_value {
                    select.push("o").push_number(index).push(".last_is_nan OR ");
                }
                push_column(select, index, &by.key);
                select.push(if by.descending { " < " } else { " > " });
                value.push_to(select);
                select.push(" OR (");
                push_column(select, index, &by.key);
                select.push(" = ");
                value.push_to(select);
                select.push(")");
            }
        }
        select.push(" AND ");
        self.push_after_from(select, place, index + 1);
        select.push(")");
    }

    /// The place of a run that was found.
    pub fn place_of(&self, found: &Found) -> Place {
        let mut keyed = found.keyed.iter();
        let info = &found.row;
        let of = |by: &OrderBy<RunOrder>| match by.key {
            RunOrder::Metric(..) | RunOrder::Param(_) | RunOrder::Tag(_) => {
                keyed.next().cloned().unwrap_or(Value::Nothing)
            }
            RunOrder::Id => Value::Id(info.id),
            RunOrder::Time(RunTime::Start) => Value::Whole(info.start_time),
            RunOrder::Time(RunTime::End) => info.end_time.map_or(Value::Nothing, Value::Whole),
            RunOrder::Text(text) => Value::Text(info.text(text).to_owned()),
        };
        self.0.iter().map(of).collect()
    }
}

/// A place that sorts.
struct Placed<'a>(&'a Order, Place);

impl Ord for Placed<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.compare(&self.1, &other.1)
    }
}
impl PartialOrd for Placed<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Placed<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Placed<'_> {}

fn metric_column(figure: MetricFigure) -> &'static str {
    match figure {
        MetricFigure::Last => ".last_value",
        MetricFigure::Min => ".min_value",
        MetricFigure::Max => ".max_value",
    }
}

fn push_column(select: &mut Sql, index: usize, key: &RunOrder) {
    match key {
        RunOrder::Metric(figure, _) => select.push("o").push_number(index).push(metric_column(*figure)),
        RunOrder::Param(_) | RunOrder::Tag(_) => select.push("o").push_number(index).push(".value"),
        RunOrder::Id => select.push("r.id"),
        RunOrder::Time(time) => select.push(time_column(*time)),
        RunOrder::Text(text) => select.push(text_column(*text)),
    };
}

/// A run that was found, and its values of the keys that lie in other tables.
#[derive(Debug)]
pub(crate) struct Found {
    pub row: InfoRow,
    keyed: Vec<Value>,
}

/// Reads the columns of [`Order::push_columns`], which stand behind those of the run and say by their names what they are.
macro_rules! found_from {
    ($row:ty) => {
        impl FromRow<'_, $row> for Found {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                let (mut keyed, mut is_nan) = (Vec::new(), false);
                for column in row.columns().iter().skip(InfoRow::COLUMNS) {
                    let at = column.ordinal();
                    keyed.push(match column.name() {
                        "x" => {
                            is_nan = row.try_get::<Option<bool>, _>(at)?.unwrap_or_default();
                            continue;
                        }
                        "n" if std::mem::take(&mut is_nan) => Value::NaN,
                        "n" => row.try_get::<Option<f64>, _>(at)?.map_or(Value::Nothing, Value::Number),
                        _ => row.try_get::<Option<String>, _>(at)?.map_or(Value::Nothing, Value::Text),
                    });
                }
                Ok(Self { row: InfoRow::from_row(row)?, keyed })
            }
        }
    };
}
found_from!(SqliteRow);
found_from!(PgRow);
