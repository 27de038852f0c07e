//! What can stand in a filter of traces: for whoever writes one.

use crate::{
    Acting,
    error::Result,
    gate::Read,
    store::{
        Db,
        trace::words::{self, Among},
    },
};
use model::{
    filter::{Key, Text, TraceKeys, TraceWords},
    page::trace::{TraceWordsQuery, WORDS_FOUND},
};
use tokio::try_join;

/// Of the names that are found at once, how many of each kind have their place even if there are many of others.
const SHARE: usize = 5;

/// Bytes of a text that is looked for: longer words aren't offered.
const LONGEST_TEXT: usize = 200;

impl Acting {
    /// Keys, values or whole names that contain a text in any case, 50 at most: first those that begin with it. Only the newest
    /// 1,000 traces of the experiment are looked at, or 1,000 of those that the run has to do with and that the caller may see,
    /// and of their tags, steps and assessments no more than 10,000: what a slow search would find besides isn't offered.
    /// Needs READ of the experiment, or of the run.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`.
    pub async fn find_trace_words(&self, query: &TraceWordsQuery) -> Result<Vec<String>> {
        let among = match query.run {
            Some(run) => Among::Run(self.run::<Read>(run).await?, self.visible()),
            None => Among::Experiment(self.experiment::<Read>(query.experiment).await?),
        };
        let (db, text) = (&self.domain.db, query.text.as_str());
        if text.len() > LONGEST_TEXT {
            return Ok(Vec::new());
        }
        match &query.words {
            TraceWords::Names => names(db, &among, text).await,
            TraceWords::Keys(kind) => {
                let start = kind.start();
                let text = text.strip_prefix(start).unwrap_or(text);
                let found = keys(db, &among, *kind, text).await?;
                Ok(found.into_iter().map(|key| format!("{start}{}", key.as_str())).collect())
            }
            TraceWords::Values(field) => {
                let mut found = words::values(db, &among, field, text, WORDS_FOUND).await?;
                // What a filter can't say is of no use in it.
                found.retain(|value| Text::new(value.as_str()).is_some());
                Ok(found)
            }
        }
    }
}

/// Keys that a filter can name.
async fn keys(db: &Db, among: &Among, kind: TraceKeys, text: &str) -> Result<Vec<Key>> {
    let found = words::keys(db, among, kind, text, WORDS_FOUND).await?;
    Ok(found.into_iter().filter_map(Key::new).collect())
}

/// Names with the prefixes of their kinds, quoted where they must be.
async fn names(db: &Db, among: &Among, text: &str) -> Result<Vec<String>> {
    let (tags, feedback, expectations, metadata) = try_join!(
        keys(db, among, TraceKeys::Tag, text),
        keys(db, among, TraceKeys::Feedback, text),
        keys(db, among, TraceKeys::Expectation, text),
        keys(db, among, TraceKeys::Metadata, text),
    )?;
    let kinds = [
        (TraceKeys::Tag, tags),
        (TraceKeys::Feedback, feedback),
        (TraceKeys::Expectation, expectations),
        (TraceKeys::Metadata, metadata),
    ];
    let wanted = text.to_lowercase();
    let begins = |key: &Key| key.as_str().to_lowercase().starts_with(&wanted);
    let (mut first, mut inside) = (Vec::new(), Vec::new());
    let mut room = WORDS_FOUND;
    for (left, (kind, keys)) in (0..kinds.len()).rev().zip(kinds) {
        // Many of one kind leave room for the others.
        let share = room - left * SHARE;
        let keys: Vec<Key> = keys.into_iter().take(share).collect();
        room -= keys.len();
        for key in keys {
            let is_first = begins(&key);
            let name = format!("{}{key}", kind.prefix());
            if is_first { first.push(name) } else { inside.push(name) }
        }
    }
    first.append(&mut inside);
    Ok(first)
}
