//! One SQL text for both databases: a statement is text with `$1` placeholders and a list of typed arguments.

use super::{Db, Tx};
use crate::error::{Error, Result};
use futures::TryStreamExt as _;
use sqlx::{
    Arguments, AssertSqlSafe, FromRow, Postgres, Sqlite, postgres::PgArguments, postgres::PgRow,
    sqlite::SqliteArguments, sqlite::SqliteRow,
};
use std::fmt::Write as _;
use uuid::Uuid;

/// A value bound to a placeholder. Typed also where it is null, because Postgres wants to know.
#[derive(Debug, Clone)]
pub(crate) enum Arg {
    Int(Option<i64>),
    Real(Option<f64>),
    Bool(bool),
    Text(Option<String>),
    Bytes(Vec<u8>),
    Uuid(Option<Uuid>),
}

macro_rules! arg_from {
    ($($from:ty => |$value:ident| $arg:expr),* $(,)?) => {
        $(impl From<$from> for Arg {
            fn from($value: $from) -> Self {
                $arg
            }
        })*
    };
}

arg_from! {
    i64 => |value| Self::Int(Some(value)),
    i32 => |value| Self::Int(Some(value.into())),
    Option<i64> => |value| Self::Int(value),
    f64 => |value| Self::Real(Some(value)),
    Option<f64> => |value| Self::Real(value),
    bool => |value| Self::Bool(value),
    &str => |value| Self::Text(Some(value.to_owned())),
    String => |value| Self::Text(Some(value)),
    &String => |value| Self::Text(Some(value.clone())),
    Option<String> => |value| Self::Text(value),
    Vec<u8> => |value| Self::Bytes(value),
    Uuid => |value| Self::Uuid(Some(value)),
    Option<Uuid> => |value| Self::Uuid(value),
    model::ExperimentId => |value| Self::Int(Some(value.0)),
    model::RunId => |value| Self::Uuid(Some(value.0)),
    model::ModelId => |value| Self::Uuid(Some(value.0)),
    model::UserId => |value| Self::Uuid(Some(value.0)),
    model::GroupId => |value| Self::Uuid(Some(value.0)),
    model::TokenId => |value| Self::Uuid(Some(value.0)),
    model::ViewId => |value| Self::Uuid(Some(value.0)),
    model::WebhookId => |value| Self::Uuid(Some(value.0)),
    model::TraceId => |value| Self::Uuid(Some(value.0)),
    model::AssessmentId => |value| Self::Uuid(Some(value.0)),
    model::trace::span::SpanId => |value| Self::Int(Some(value.0.cast_signed())),
}

/// A row that can be read from either database; `#[derive(FromRow)]` makes one.
pub(crate) trait Row:
    Send + Unpin + for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow>
{
}
impl<T: Send + Unpin + for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow>> Row for T {}

/// A statement. Its text comes from literals alone, its values are bound: there is no way to put a value into the text.
#[derive(Debug, Clone)]
pub(crate) struct Sql {
    text: String,
    args: Vec<Arg>,
}

/// A statement of this text; [`Sql::bind`] its placeholders in order.
pub(crate) fn sql(text: &'static str) -> Sql {
    Sql { text: text.to_owned(), args: Vec::new() }
}

impl Sql {
    /// The value of the next placeholder.
    pub fn bind(mut self, arg: impl Into<Arg>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// More text.
    pub fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// A placeholder for this value.
    pub fn push_bind(&mut self, arg: impl Into<Arg>) -> &mut Self {
        self.args.push(arg.into());
        let _ = write!(self.text, "${}", self.args.len());
        self
    }

    /// A number that is ours, such as that of a joined table: not a value.
    pub fn push_number(&mut self, number: usize) -> &mut Self {
        let _ = write!(self.text, "{number}");
        self
    }

    /// Placeholders in parentheses, with commas; `(NULL)`, which contains nothing, for none.
    pub fn push_list(&mut self, args: impl IntoIterator<Item = impl Into<Arg>>) -> &mut Self {
        self.push("(");
        let before = self.args.len();
        for arg in args {
            if self.args.len() > before {
                self.push(", ");
            }
            self.push_bind(arg);
        }
        if self.args.len() == before {
            self.push("NULL");
        }
        self.push(")")
    }

    /// With U+FFFD for NUL if that is asked for.
    fn without_nul(mut self, is_asked_for: bool) -> Self {
        if is_asked_for {
            for arg in &mut self.args {
                if let Arg::Text(Some(text)) = arg
                    && text.contains('\0')
                {
                    *text = text.replace('\0', "\u{FFFD}");
                }
            }
        }
        self
    }

    /// With it, whether the connection should keep it prepared.
    fn for_sqlite(self) -> Result<(AssertSqlSafe<String>, SqliteArguments, bool)> {
        let mut bound = SqliteArguments::default();
        let kept = self.args.len() <= MOST_KEPT;
        let text =
            if self.args.len() >= MANY { unnumbered(&self.text).unwrap_or(self.text) } else { self.text };
        add_all(&mut bound, self.args)?;
        Ok((AssertSqlSafe(text), bound, kept))
    }

    /// With it, whether the connection should keep it prepared.
    fn for_postgres(self) -> Result<(AssertSqlSafe<String>, PgArguments, bool)> {
        let mut bound = PgArguments::default();
        let kept = self.args.len() <= MOST_KEPT;
        add_all(&mut bound, self.args)?;
        Ok((AssertSqlSafe(self.text), bound, kept))
    }
}

/// Statements with more values aren't kept prepared, but by SQLite's only writer: each connection would hold hundreds of
/// kilobytes for each of them, twenty megabytes in all.
const MOST_KEPT: usize = 256;

/// From so many values on, numbered placeholders cost more than the statement itself.
const MANY: usize = 32;

/// The text with `?` for its placeholders, if each occurs once and in order. SQLite keeps numbered ones in a list that it
/// walks along for each value that is bound, which takes the square of their number.
fn unnumbered(text: &str) -> Option<String> {
    let mut pieces = text.split('$');
    let mut plain = String::with_capacity(text.len());
    plain.push_str(pieces.next()?);
    for (number, piece) in (1usize..).zip(pieces) {
        let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
        if piece[..digits].parse() != Ok(number) {
            return None;
        }
        plain.push('?');
        plain.push_str(&piece[digits..]);
    }
    Some(plain)
}

fn add_all<A>(bound: &mut A, args: Vec<Arg>) -> Result<()>
where
    A: Arguments,
    Option<i64>: for<'t> sqlx::Encode<'t, A::Database> + sqlx::Type<A::Database>,
    Option<f64>: for<'t> sqlx::Encode<'t, A::Database> + sqlx::Type<A::Database>,
    bool: for<'t> sqlx::Encode<'t, A::Database> + sqlx::Type<A::Database>,
    Option<String>: for<'t> sqlx::Encode<'t, A::Database> + sqlx::Type<A::Database>,
    Vec<u8>: for<'t> sqlx::Encode<'t, A::Database> + sqlx::Type<A::Database>,
    Option<Uuid>: for<'t> sqlx::Encode<'t, A::Database> + sqlx::Type<A::Database>,
{
    bound.reserve(args.len(), args.len() * 16);
    for arg in args {
        match arg {
            Arg::Int(value) => bound.add(value),
            Arg::Real(value) => bound.add(value),
            Arg::Bool(value) => bound.add(value),
            // Postgres can't hold it, and what one database refuses the other does too.
            Arg::Text(Some(text)) if text.contains('\0') => {
                return Err(Error::invalid("Text must not contain the NUL character."));
            }
            Arg::Text(value) => bound.add(value),
            Arg::Bytes(value) => bound.add(value),
            Arg::Uuid(value) => bound.add(value),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(())
}

/// Something that answers statements: the database, or a transaction on it.
pub(crate) trait Query: Send {
    /// Which of the databases it is, where that makes a difference.
    fn is_postgres(&self) -> bool;

    /// All rows.
    fn all<T: Row>(&mut self, sql: Sql) -> impl Future<Output = Result<Vec<T>>> + Send;

    /// The first row.
    fn first<T: Row>(&mut self, sql: Sql) -> impl Future<Output = Result<Option<T>>> + Send {
        async { Ok(self.all(sql).await?.into_iter().next()) }
    }
}

impl Query for &Db {
    fn is_postgres(&self) -> bool {
        matches!(self, Db::Postgres(_))
    }

    async fn all<T: Row>(&mut self, sql: Sql) -> Result<Vec<T>> {
        Ok(match self {
            Db::Sqlite(sqlite) => {
                let (text, args, kept) = sql.for_sqlite()?;
                let query = sqlx::query_as_with::<Sqlite, T, _>(text, args).persistent(kept);
                query.fetch_all(&sqlite.readers).await?
            }
            Db::Postgres(postgres) => {
                let (text, args, kept) = sql.for_postgres()?;
                let query = sqlx::query_as_with::<Postgres, T, _>(text, args).persistent(kept);
                query.fetch_all(&postgres.pool).await?
            }
        })
    }
}

impl Query for Tx {
    fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    async fn all<T: Row>(&mut self, sql: Sql) -> Result<Vec<T>> {
        Ok(match self {
            Self::Sqlite(tx) => {
                let (text, args, _) = sql.without_nul(tx.replaces_nul).for_sqlite()?;
                sqlx::query_as_with::<Sqlite, T, _>(text, args).fetch_all(&mut **tx).await?
            }
            Self::Postgres(tx) => {
                let (text, args, kept) = sql.without_nul(tx.replaces_nul).for_postgres()?;
                let query = sqlx::query_as_with::<Postgres, T, _>(text, args).persistent(kept);
                query.fetch_all(&mut **tx).await?
            }
        })
    }
}

impl Db {
    /// Hands over one row after the other, for answers that are too large to be held.
    pub async fn each<T: Row>(&self, sql: Sql, mut take: impl FnMut(T) -> Result<()> + Send) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => {
                let (text, args, kept) = sql.for_sqlite()?;
                let query = sqlx::query_as_with::<Sqlite, T, _>(text, args).persistent(kept);
                let mut rows = query.fetch(&sqlite.readers);
                while let Some(row) = rows.try_next().await? {
                    take(row)?;
                }
            }
            Self::Postgres(postgres) => {
                let (text, args, kept) = sql.for_postgres()?;
                let query = sqlx::query_as_with::<Postgres, T, _>(text, args).persistent(kept);
                let mut rows = query.fetch(&postgres.pool);
                while let Some(row) = rows.try_next().await? {
                    take(row)?;
                }
            }
        }
        Ok(())
    }
}

impl Tx {
    /// Carries out a statement. Returns how many rows it changed.
    pub async fn execute(&mut self, sql: Sql) -> Result<u64> {
        Ok(match self {
            Self::Sqlite(tx) => {
                let (text, args, _) = sql.without_nul(tx.replaces_nul).for_sqlite()?;
                sqlx::query_with::<Sqlite, _>(text, args).execute(&mut **tx).await?.rows_affected()
            }
            Self::Postgres(tx) => {
                let (text, args, kept) = sql.without_nul(tx.replaces_nul).for_postgres()?;
                let query = sqlx::query_with::<Postgres, _>(text, args).persistent(kept);
                query.execute(&mut **tx).await?.rows_affected()
            }
        })
    }

    /// Inserts many rows: `head` is `INSERT INTO t (…) VALUES `, `tail` what follows the values, such as `ON CONFLICT …`.
    pub async fn insert_all(
        &mut self,
        head: &'static str,
        rows: Vec<Vec<Arg>>,
        tail: &'static str,
    ) -> Result<()> {
        for statement in insertions(head, rows, tail) {
            self.execute(statement).await?;
        }
        Ok(())
    }

    /// As [`Self::insert_all`], with a `tail` that returns something.
    pub async fn insert_returning<T: Row>(
        &mut self,
        head: &'static str,
        rows: Vec<Vec<Arg>>,
        tail: &'static str,
    ) -> Result<Vec<T>> {
        let mut returned = Vec::with_capacity(rows.len());
        for statement in insertions(head, rows, tail) {
            returned.extend(self.all::<T>(statement).await?);
        }
        Ok(returned)
    }
}

/// Values bound in one statement, at most: SQLite takes 32,766.
const MOST_VALUES: usize = 8192;

/// Insertions of many rows. Each takes a power of two of them, so that there are few different statements, which stay
/// prepared.
fn insertions(head: &'static str, rows: Vec<Vec<Arg>>, tail: &'static str) -> impl Iterator<Item = Sql> {
    let width = rows.first().map_or(1, Vec::len).max(1);
    let most = (MOST_VALUES / width).max(1);
    let mut left = rows.len();
    let mut rows = rows.into_iter();
    std::iter::from_fn(move || {
        let take = 1 << left.min(most).checked_ilog2()?;
        left -= take;
        let mut statement = sql(head);
        for (index, row) in rows.by_ref().take(take).enumerate() {
            if index > 0 {
                statement.push(", ");
            }
            statement.push_list(row);
        }
        statement.push(tail);
        Some(statement)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rows: usize, width: usize, expected: &[usize]) {
        let rows: Vec<Vec<Arg>> = (0..rows).map(|row| vec![Arg::from(row as i64); width]).collect();
        let all: Vec<i64> = (0..rows.len() as i64).flat_map(|row| vec![row; width]).collect();
        let statements: Vec<Sql> = insertions("INSERT INTO t VALUES ", rows, "").collect();
        let sizes: Vec<usize> = statements.iter().map(|statement| statement.args.len() / width).collect();
        assert_eq!(sizes, expected);
        let bound: Vec<i64> = statements
            .into_iter()
            .flat_map(|statement| statement.args)
            .map(|arg| match arg {
                Arg::Int(Some(number)) => number,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(bound, all);
    }

    #[test]
    fn placeholders_in_order_need_no_numbers() {
        assert_eq!(unnumbered("VALUES ($1, $2), ($3, $4) x").as_deref(), Some("VALUES (?, ?), (?, ?) x"));
        assert_eq!(unnumbered("no values").as_deref(), Some("no values"));
        for text in ["$2 $1", "$1 $1", "$1 '$' $2", "$x"] {
            assert_eq!(unnumbered(text), None, "{text}");
        }
    }

    #[test]
    fn rows_are_inserted_in_powers_of_two() {
        check(0, 3, &[]);
        check(1, 3, &[1]);
        check(1000, 4, &[512, 256, 128, 64, 32, 8]);
        check(5000, 4, &[2048, 2048, 512, 256, 128, 8]);
    }
}
