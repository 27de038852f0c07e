//! How much is taken of what clients tell of a trace, and of what it is.

use crate::{
    error::{Error, Result},
    store::{self, Tx},
};
use model::{
    Millis, TraceId,
    name::{self, limit},
    run::Tag,
    trace::key,
};

/// Tags of a trace, and as many pairs of metadata.
pub(super) const MOST_TAGS: usize = 1_000;
/// Times that clients can read: protobuf's years 1 to 9999. Of others they are taken for the nearest.
const TIMES: (Millis, Millis) = (-62_135_596_800_000, 253_402_300_799_999);
/// The longest time that a trace may take, in milliseconds: protobuf's.
const LONGEST: i64 = 315_576_000_000_000;

/// Without the tags that say what the server knows: clients send back what they were answered.
pub(super) fn own_out(mut tags: Vec<Tag>) -> Vec<Tag> {
    tags.retain(|tag| !key::SERVERS_OWN.contains(&tag.key.as_str()));
    tags
}

/// Tags or metadata as they are stored: values are cut to their limit.
pub(super) fn checked_pairs(mut pairs: Vec<Tag>, what: &str) -> Result<Vec<Tag>> {
    if pairs.len() > MOST_TAGS {
        return Err(Error::invalid(format!(
            "A trace takes at most {MOST_TAGS} pairs of '{what}'. Got {}.",
            pairs.len()
        )));
    }
    for pair in &mut pairs {
        if pair.key.is_empty() {
            return Err(name::missing(&format!("{what}.key")).into());
        }
        name::check_length(&pair.key, limit::KEY, what)?;
        pair.value.truncate(name::cut(&pair.value, limit::RUN_TAG_VALUE).len());
    }
    Ok(pairs)
}

/// The time, or the nearest that clients can read.
pub(super) fn in_time(at: Millis) -> Millis {
    at.clamp(TIMES.0, TIMES.1)
}

/// The duration, or the nearest that clients can read.
pub(super) fn in_duration(duration: i64) -> i64 {
    duration.clamp(-LONGEST, LONGEST)
}

/// Whether a trace, which had so many tags and pairs of metadata, has not too many now. Those of one that is full may be changed.
pub(super) async fn check_room(tx: &mut Tx, id: TraceId, before: (i64, i64)) -> Result<()> {
    let now = store::trace::count_pairs(tx, id).await?;
    for (before, now, what) in [(before.0, now.0, "tags"), (before.1, now.1, "pairs of metadata")] {
        if now > before && now > MOST_TAGS as i64 {
            return Err(Error::invalid(format!("A trace takes at most {MOST_TAGS} {what}.")));
        }
    }
    Ok(())
}

/// What is shown of a request or a response.
pub(super) fn preview(text: &str) -> String {
    name::cut(text, limit::TRACE_PREVIEW).to_owned()
}
