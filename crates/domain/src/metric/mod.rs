//! The metric store: from what a commit brought to summaries, histories and charts.
//!
//! Owns: how points lie in the database and in which form they are read. Must never: answer before a commit, or keep
//! anything in memory alone. The way of a point:
//!
//! 1. [`crate::log`] writes what a commit brings to a run as one block ([`block`]), whichever the metrics.
//! 2. [`fold`] takes it into the summaries of its metrics ([`sheet`] holds them once more, a run in a row), a moment later or
//!    when somebody asks for summaries.
//! 3. [`merge`] makes segments ([`segment`]) of blocks, one metric each, and big segments of small ones. [`upkeep`] says when.
//! 4. [`read`] arranges segments and what is still in blocks; [`history`] and [`curve`] give it out.
//!
//! A point that was logged twice may lie there twice, and is one point wherever points are read or counted.
//! Start reading: [`read`]. To change how points are packed: a new format byte in [`segment`] or [`block`].

pub mod block;
mod column;
mod curve;
mod fold;
mod history;
mod merge;
mod read;
mod sample;
pub mod segment;
pub mod sheet;
pub(crate) mod upkeep;

pub use sample::Keep;

use crate::error::{Error, Result};

/// Carries out what takes long and waits for nothing.
async fn off_the_async_threads<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Fault(format!("metric store: {error}")))
}
