//! Times as text, for terminals and files.

use model::Millis;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Now.
pub fn now() -> Millis {
    let nanos = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000;
    Millis::try_from(nanos).unwrap_or(Millis::MAX)
}

/// A time as RFC 3339 has it, in UTC.
pub fn utc(at: Millis) -> String {
    let date = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000_000).ok();
    date.and_then(|date| date.format(&Rfc3339).ok()).unwrap_or_else(|| at.to_string())
}
