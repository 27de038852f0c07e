//! What many runs logged, read as one row.
//!
//! A row costs the driver far more than a byte of it, and a page of runs has thousands of params, tags and metrics. So the
//! database writes them one behind the other into one text: `NUMBER:` for the run, then each text as `LENGTH:TEXT` with the
//! length in bytes. Numbers that were logged can't be read like that: what SQLite writes of a REAL is not always the same
//! number.

use super::{Query, sql};
use crate::error::{Error, Result};
use model::RunId;
use std::collections::HashMap;

/// What isn't read yet of a packed text.
pub(super) struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    /// The text behind its length.
    pub fn text(&mut self) -> Option<&'a str> {
        let length = self.number()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(text)
    }

    fn number(&mut self) -> Option<usize> {
        let (number, rest) = self.0.split_once(':')?;
        self.0 = rest;
        number.parse().ok()
    }
}

/// What of a table is packed, and how.
#[derive(Clone, Copy)]
pub(super) struct Packing {
    pub table: &'static str,
    /// The column that is named if a row can't be read.
    pub column: &'static str,
    /// The SQL that packs a row.
    pub each: &'static str,
}

/// Reads rows of a table by their runs; `unpack` reads what was packed. With `keys` only the rows of these. All is held at
/// once: of as many runs as are named, or of fewer where that is too much for the database.
pub(super) async fn of_runs<T>(
    on: &mut impl Query,
    packing: Packing,
    ids: &[RunId],
    keys: Option<&[String]>,
    unpack: impl Fn(&mut Rest<'_>) -> Option<T>,
) -> Result<HashMap<RunId, Vec<T>>> {
    let mut found: HashMap<RunId, Vec<T>> = HashMap::new();
    if ids.is_empty() || keys.is_some_and(<[String]>::is_empty) {
        return Ok(found);
    }
    let mut waiting = vec![ids];
    while let Some(ids) = waiting.pop() {
        let packed = match packed(on, packing, ids, keys).await {
            Err(error) if error.is_too_large() && ids.len() > 1 => {
                let (first, second) = ids.split_at(ids.len() / 2);
                waiting.extend([second, first]);
                continue;
            }
            packed => packed?,
        };
        let mut rest = Rest(&packed);
        while !rest.0.is_empty() {
            let here = rest.0;
            let run = rest.number().and_then(|number| ids.get(number));
            let thing = run.and_then(|run| Some((*run, unpack(&mut rest)?)));
            let (run, thing) = thing.ok_or_else(|| Error::BrokenRow {
                table: packing.table,
                column: packing.column,
                row: run.map(RunId::to_string).unwrap_or_default(),
                reason: format!("can't be read at '{here:.40}'"),
            })?;
            found.entry(run).or_default().push(thing);
        }
    }
    Ok(found)
}

async fn packed(
    on: &mut impl Query,
    packing: Packing,
    ids: &[RunId],
    keys: Option<&[String]>,
) -> Result<String> {
    // Each run by itself, so that both databases look it up by the index: of a join Postgres would read the whole table.
    let mut select = sql("SELECT string_agg((SELECT string_agg(v.column1 || ':' || ");
    select.push(packing.each).push(", '') FROM ").push(packing.table).push(" WHERE run_id = v.column2");
    if let Some(keys) = keys {
        select.push(" AND key IN ").push_list(keys.iter().map(String::as_str));
    }
    select.push("), '') FROM (VALUES ");
    for (index, id) in ids.iter().enumerate() {
        select.push(if index == 0 { "(" } else { ", (" }).push_number(index).push(", ");
        select.push_bind(*id).push(")");
    }
    select.push(") AS v");
    let packed: Option<(Option<String>,)> = on.first(select).await?;
    Ok(packed.and_then(|(packed,)| packed).unwrap_or_default())
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
