//! The words of Runmark: what an experiment, a run, a metric are, how they are named and limited, how they are searched for.
//!
//! Owns: ids, entities, permission levels, limits, the search language, [`Problem`]. Both the server and the browser compile it.
//! Must never: do I/O, read a clock, draw random numbers, know HTTP or SQL.
//! Start reading: [`run`] (what people log), then [`filter`] (how they find it again).
//! To add an entity: one file with its types, `pub mod` here; names and limits of its fields go to [`name`].

pub mod account;
pub mod audit;
pub mod chart_layout;
pub mod compared;
pub mod console;
pub mod curve;
pub mod experiment;
pub mod explore;
pub mod filter;
pub mod find;
pub mod id;
pub mod logged_image;
pub mod logged_model;
pub mod metric;
pub mod name;
pub mod operation;
pub mod page;
pub mod page_token;
pub mod permission;
pub mod problem;
pub mod registry;
pub mod reproduce;
pub mod requirements;
pub mod run;
pub mod run_color;
pub mod run_list;
pub mod share;
pub mod stop;
pub mod text_diff;
pub mod time;
pub mod trace;
pub mod view;
pub mod webhook;

pub use id::{
    AssessmentId, ExperimentId, GroupId, ModelId, RunId, TokenId, TraceId, UserId, ViewId, WebhookId,
};
pub use permission::Permission;
pub use problem::{Code, Problem};

/// Milliseconds since the Unix epoch, UTC. The only way time is written down.
pub type Millis = i64;
