//! Telling other processes which runs changed. On Postgres by NOTIFY; on SQLite there are none worth telling.

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
/// Runs told in one notification: Postgres takes less than 8,000 bytes.
const TOLD: usize = 120;

/// Tells the other processes. `own` is what this one signs with, to know its own notifications.
pub(crate) async fn notify(mut db: &Db, own: &str, touched: &Touched) -> Result<()> {
    if matches!(db, Db::Sqlite(_)) {
        return Ok(());
    }
    for some in touched.chunks(TOLD) {
        let words: Vec<String> = some.iter().map(|(experiment, run)| format!("{experiment}/{run}")).collect();
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
        Some((experiment.parse::<ExperimentId>().ok()?, run.parse::<RunId>().ok()?))
    };
    (from != own).then(|| words.split(',').filter_map(word).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_tell_is_read_and_ones_own_is_not() {
        let run = "0af7651916cd43dd8448eb211c80319c";
        let payload = format!("other:7/{run},8/nonsense");
        assert_eq!(read(&payload, "own"), Some(vec![(ExperimentId(7), run.parse().unwrap())]));
        assert_eq!(read(&payload, "other"), None);
        assert_eq!(read("nonsense", "own"), None);
    }
}
