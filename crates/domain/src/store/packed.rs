//! What many runs logged, read with one row for each run.
//!
//! A row costs the driver far more than a byte of it, and a run has dozens of params and tags. So the database writes those
//! of a run one behind the other into one text, each text in it as `LENGTH:TEXT` with the length in bytes. Numbers can't
//! be read like that: what SQLite writes of a REAL is not always the same number.

use super::{Db, Query as _, sql};
use crate::error::{Error, Result};
use model::RunId;
use std::collections::HashMap;
use uuid::Uuid;

/// What isn't read yet of a packed text.
pub(super) struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    /// The text behind its length.
    pub fn text(&mut self) -> Option<&'a str> {
        let (length, rest) = self.0.split_once(':')?;
        let (text, rest) = rest.split_at_checked(length.parse().ok()?)?;
        self.0 = rest;
        Some(text)
    }
}

/// Reads rows of a table by their runs: `each` is the SQL that packs a row, `unpack` reads what it wrote. With `keys` only
/// the rows of these.
pub(super) async fn of_runs<T>(
    mut db: &Db,
    table: &'static str,
    each: &'static str,
    ids: &[RunId],
    keys: Option<&[String]>,
    unpack: impl Fn(&mut Rest<'_>) -> Option<T>,
) -> Result<HashMap<RunId, Vec<T>>> {
    let mut found = HashMap::new();
    if keys.is_some_and(<[String]>::is_empty) {
        return Ok(found);
    }
    let mut select = sql("SELECT run_id, string_agg(");
    select
        .push(each)
        .push(", '') FROM ")
        .push(table)
        .push(" WHERE run_id IN ")
        .push_list(ids.iter().copied());
    if let Some(keys) = keys {
        select.push(" AND key IN ").push_list(keys.iter().map(String::as_str));
    }
    select.push(" GROUP BY run_id");
    for (id, packed) in db.all::<(Uuid, String)>(select).await? {
        let mut rest = Rest(&packed);
        let mut things = Vec::new();
        while !rest.0.is_empty() {
            things.push(unpack(&mut rest).ok_or_else(|| Error::BrokenRow {
                table,
                column: "key",
                row: id.to_string(),
                reason: format!("can't be read at '{:.40}'", rest.0),
            })?);
        }
        found.insert(RunId(id), things);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_texts_read_back() {
        let mut rest = Rest("3:a:b2:é0:");
        assert_eq!((rest.text(), rest.text(), rest.text()), (Some("a:b"), Some("é"), Some("")));
        assert_eq!((rest.0, rest.text()), ("", None));
    }

    #[test]
    fn a_length_that_is_wrong_is_no_text() {
        for bad in ["9:a", "1:é", "x:a", "-1:a", ":a", "1"] {
            assert_eq!(Rest(bad).text(), None, "{bad}");
        }
    }
}
