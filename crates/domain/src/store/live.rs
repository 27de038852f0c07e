//! Telling other processes which runs changed, and whose traces. On Postgres by NOTIFY; on SQLite there are none worth telling.

use super::{Db, Query, sql};
use crate::{error::Result, live::Touched};
use model::{ExperimentId, RunId};
use sqlx::postgres::PgListener;
use std::time::Duration;
use tokio::time::sleep;

/// What channels are called, followed by the schema: others in the same database are others' affair.
const CHANNEL: &str = "runmark_touched_";
/// How long after a failure to try again.
const AGAIN: Duration = Duration::from_secs(5);
/// Things told in one notification: Postgres takes less than 8,000 bytes.
const TOLD: usize = 120;

/// Tells the other processes. `own` is what this one signs with, to know its own notifications.
pub(crate) async fn notify(mut db: &Db, own: &str, touched: &Touched) -> Result<()> {
    if matches!(db, Db::Sqlite(_)) {
        return Ok(());
    }
    for some in touched.chunks(TOLD) {
        let word = |(experiment, run): &(ExperimentId, Option<RunId>)| {
            format!("{experiment}/{}", run.map(|run| run.to_string()).unwrap_or_default())
        };
        let words: Vec<String> = some.iter().map(word).collect();
        let payload = format!("{own}:{}", words.join(","));
        let select = sql("SELECT pg_notify($1 || current_schema(), $2) IS NULL").bind(CHANNEL).bind(payload);
        db.first::<(bool,)>(select).await?;
    }
    Ok(())
}

/// Hears what other processes tell, for as long as it is awaited.
pub(crate) async fn listen(db: Db, own: &str, hear: impl Fn(Touched)) {
    if matches!(db, Db::Sqlite(_)) {
        return;
    }
    loop {
        if let Err(error) = listen_once(&db, own, &hear).await {
            tracing::debug!(%error, "can't listen to what other processes change");
        }
        sleep(AGAIN).await;
    }
}

async fn listen_once(mut db: &Db, own: &str, hear: &impl Fn(Touched)) -> Result<()> {
    let Db::Postgres(postgres) = db else { return Ok(()) };
    let mut listener = PgListener::connect_with(&postgres.pool).await?;
    let schema = db.first::<(String,)>(sql("SELECT CAST(current_schema() AS TEXT)")).await?;
    let schema = schema.map(|(schema,)| schema).unwrap_or_default();
    listener.listen(&format!("{CHANNEL}{schema}")).await?;
    loop {
        if let Some(touched) = read(listener.recv().await?.payload(), own) {
            hear(touched);
        }
    }
}

/// What was told; `None` if it was told by this process, or can't be read.
fn read(payload: &str, own: &str) -> Option<Touched> {
    let (from, words) = payload.split_once(':')?;
    let word = |word: &str| {
        let (experiment, run) = word.split_once('/')?;
        let run = if run.is_empty() { None } else { Some(run.parse::<RunId>().ok()?) };
        Some((experiment.parse::<ExperimentId>().ok()?, run))
    };
    (from != own).then(|| words.split(',').filter_map(word).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_tell_is_read_and_ones_own_is_not() {
        let run = "0af7651916cd43dd8448eb211c80319c";
        let payload = format!("other:7/{run},8/nonsense,9/");
        let told = vec![(ExperimentId(7), Some(run.parse().unwrap())), (ExperimentId(9), None)];
        assert_eq!(read(&payload, "own"), Some(told));
        assert_eq!(read(&payload, "other"), None);
        assert_eq!(read("nonsense", "own"), None);
    }
}
