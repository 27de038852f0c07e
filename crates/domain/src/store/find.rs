//! Finding things by their names, whichever experiment they are in. Each statement reads a bounded part of an index, so that
//! somebody who types has an answer before the next key.

use super::{
    Db, Query, experiment, parse,
    permission::{push_permitted_experiment, push_visible_experiment, push_visible_registered},
    registry::IS_PROMPT,
    search::{push_begins, push_contains, push_starts_with},
    sql,
};
use crate::{error::Result, gate::VisibleTo};
use model::{
    ExperimentId, Millis, Permission, RunId,
    experiment::Lifecycle,
    find::{ExperimentHit, RunHit},
    run::RunStatus,
};
use sqlx::FromRow;
use std::{cmp::Reverse, collections::HashSet};
use uuid::Uuid;

/// Experiments, those last used first, in which names of runs are looked for that begin with the text.
const BEGIN_IN: usize = 32;
/// Experiments, those last used first, whose newest runs are looked at one by one.
const LOOK_IN: usize = 16;
/// The newest runs that are looked at in each of them.
const NEWEST: i64 = 500;
/// Digits of an id that are few enough runs: of a million, 16.
const ID_DIGITS: usize = 4;
/// Digits that nobody types but for an id. Fewer may be a word or a year.
const SURE_DIGITS: usize = 8;

fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Active experiments with this number or with the text in their names, of which the caller has this level or more; names that
/// begin with it come first.
pub(crate) async fn experiments(
    mut db: &Db,
    visible: &VisibleTo,
    level: Permission,
    text: &str,
    limit: usize,
) -> Result<Vec<ExperimentHit>> {
    let mut select = sql("SELECT e.id, e.name FROM experiments e WHERE e.lifecycle = 'active' AND (");
    push_contains(&mut select, "e.name", text);
    if let Ok(number) = text.parse::<i64>() {
        select.push(" OR e.id = ").push_bind(number);
    }
    select.push(") AND ");
    push_permitted_experiment(&mut select, visible, "e.id", level);
    select.push(" ORDER BY CASE WHEN ");
    push_begins(&mut select, "e.name", text);
    select.push(" THEN 0 ELSE 1 END, e.updated DESC, e.id DESC LIMIT ").push_bind(rows(limit));
    let found: Vec<(i64, String)> = db.all(select).await?;
    Ok(found.into_iter().map(|(id, name)| ExperimentHit { id: ExperimentId(id), name }).collect())
}

/// Registered models, without prompts, that have the text in their names; names that begin with it come first.
pub(crate) async fn models(
    mut db: &Db,
    visible: &VisibleTo,
    text: &str,
    limit: usize,
) -> Result<Vec<String>> {
    let mut select = sql("SELECT m.name FROM registered_models m WHERE ");
    push_contains(&mut select, "m.name", text);
    select.push(" AND ");
    push_visible_registered(&mut select, visible, "m.name");
    select.push(" AND NOT EXISTS (SELECT 1 FROM registered_model_tags t WHERE t.name = m.name AND t.key = ");
    select.push_bind(IS_PROMPT).push(" AND t.value = 'true') ORDER BY CASE WHEN ");
    push_begins(&mut select, "m.name", text);
    select.push(" THEN 0 ELSE 1 END, m.updated DESC, m.name LIMIT ").push_bind(rows(limit));
    let found: Vec<(String,)> = db.all(select).await?;
    Ok(found.into_iter().map(|(name,)| name).collect())
}

#[derive(FromRow)]
struct RunRow {
    id: Uuid,
    experiment_id: i64,
    name: String,
    status: String,
    start_time: Millis,
    lifecycle: String,
}

/// The columns of [`RunRow`].
const RUN: &str = "SELECT r.id, r.experiment_id, r.name, r.status, r.start_time, r.lifecycle FROM ";

impl RunRow {
    /// How well it fits: 0 by its id, 1 if its name is the text, 2 if it begins with it, 3 if it contains it, 4 by what may be
    /// the start of its id.
    fn rank(&self, text: &str, ids: Option<(Uuid, Uuid)>) -> Option<u8> {
        let by_id = ids.is_some_and(|(first, last)| (first..=last).contains(&self.id));
        if by_id && text.len() >= SURE_DIGITS {
            return Some(0);
        }
        match self.name.to_ascii_lowercase().find(&text.to_ascii_lowercase()) {
            Some(0) if self.name.len() == text.len() => Some(1),
            Some(0) => Some(2),
            Some(_) => Some(3),
            None => by_id.then_some(4),
        }
    }
}

/// The first and the last id that begin with these digits, if there are enough of them.
fn ids_from(text: &str) -> Option<(Uuid, Uuid)> {
    let is_id = (ID_DIGITS..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let padded = |with: &str| Uuid::try_parse(&format!("{text}{}", with.repeat(32 - text.len()))).ok();
    if is_id { padded("0").zip(padded("f")) } else { None }
}

/// Runs by the start of their ids, or by their names: such as begin with the text in the experiments last used, and such as
/// contain it, in any case, among the newest runs. No index knows what is in the middle of a name, and of a million names
/// reading all takes longer than anybody waits.
pub(crate) async fn runs(mut db: &Db, visible: &VisibleTo, text: &str, limit: usize) -> Result<Vec<RunHit>> {
    let ids = ids_from(text);
    let mut found: Vec<RunRow> = Vec::new();
    if let Some((first, last)) = ids {
        let mut select = sql(RUN);
        select.push("runs r WHERE r.id >= ").push_bind(first).push(" AND r.id <= ").push_bind(last);
        select.push(" AND ");
        push_visible_experiment(&mut select, visible, "r.experiment_id");
        select.push(" ORDER BY r.id LIMIT ").push_bind(rows(limit));
        found.extend(db.all::<RunRow>(select).await?);
    }
    let experiments = experiment::last_used(db, visible, Lifecycle::Active, BEGIN_IN).await?;
    let mut begin: Vec<RunRow> = Vec::new();
    for (experiment, _) in &experiments {
        if begin.len() >= limit {
            break;
        }
        // What begins with a text is a stretch of the index of names; a name that is the text is the first of it.
        let mut select = sql(RUN);
        select.push("runs r WHERE r.experiment_id = ").push_bind(*experiment);
        select.push(" AND r.lifecycle = 'active' AND ");
        push_starts_with(&mut select, "substr(r.name, 1, 64)", text);
        select.push(" ORDER BY substr(r.name, 1, 64), r.id LIMIT ").push_bind(rows(limit));
        begin.extend(db.all::<RunRow>(select).await?);
    }
    let mut contain: Vec<RunRow> = Vec::new();
    for (experiment, _) in experiments.iter().take(LOOK_IN) {
        if contain.len() >= limit {
            break;
        }
        let mut select = sql(RUN);
        select.push("(SELECT c.id, c.experiment_id, c.name, c.status, c.start_time, c.lifecycle FROM runs c");
        select.push(" WHERE c.experiment_id = ").push_bind(*experiment);
        select.push(" AND c.lifecycle = 'active' ORDER BY c.start_time DESC, c.id LIMIT ").push_bind(NEWEST);
        select.push(") r WHERE ");
        push_contains(&mut select, "r.name", text);
        select.push(" ORDER BY r.start_time DESC, r.id LIMIT ").push_bind(rows(limit));
        contain.extend(db.all::<RunRow>(select).await?);
    }
    found.extend(begin);
    found.extend(contain);
    let mut once = HashSet::new();
    found.retain(|row| row.rank(text, ids).is_some() && once.insert(row.id));
    found.sort_by_key(|row| (row.rank(text, ids), Reverse(row.start_time), row.id));
    found.truncate(limit);
    let inside: Vec<ExperimentId> = found.iter().map(|row| ExperimentId(row.experiment_id)).collect();
    let names = experiment::names(db, &inside).await?;
    let hit = |row: RunRow| {
        let (id, inside) = (RunId(row.id), ExperimentId(row.experiment_id));
        Ok(RunHit {
            id,
            experiment: inside,
            experiment_name: names.get(&inside).cloned().unwrap_or_default(),
            name: row.name,
            status: parse("runs", "status", id, row.status.parse::<RunStatus>().ok())?,
            start_time: row.start_time,
            lifecycle: parse("runs", "lifecycle", id, row.lifecycle.parse::<Lifecycle>().ok())?,
        })
    };
    found.into_iter().map(hit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_of_an_id_is_a_stretch_of_ids() {
        let check = |text: &str, expected: Option<(&str, &str)>| {
            let found =
                ids_from(text).map(|(first, last)| (first.simple().to_string(), last.simple().to_string()));
            let expected = expected.map(|(first, last)| (first.to_owned(), last.to_owned()));
            assert_eq!(found, expected, "{text}");
        };
        let whole = "0af7651916cd43dd8448eb211c80319c";
        check("0af", None);
        check("loss", None);
        check("0AF7", Some(("0af70000000000000000000000000000", "0af7ffffffffffffffffffffffffffff")));
        check(whole, Some((whole, whole)));
        check(&format!("{whole}0"), None);
    }
}
