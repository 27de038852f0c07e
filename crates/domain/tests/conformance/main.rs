//! What the domain promises, tested on both databases.
//!
//! Owns: the tests of every use case, on SQLite and on Postgres. Never: reaches behind the use cases into tables, but
//! for the schema itself (`schema`), databases of the past (`upgrade`), and what others do to a database meanwhile. Start
//! reading: [`world`], then [`run`] for what a test looks like.

// A fixture that can't be made is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod access;
mod account;
mod all_runs;
mod artifact;
mod audit;
mod changes;
mod compared;
mod console;
mod contention;
mod coverage;
mod dataset;
mod device;
mod directory;
mod durability;
mod experiment;
mod explore;
mod external;
mod facet;
mod find;
mod group;
mod lineage;
mod live;
mod log;
mod logged_model;
mod metric;
mod metric_store;
mod moving;
mod operation;
mod people;
mod permission;
mod registry;
mod registry_page;
mod run;
mod schema;
mod search;
mod second_factor;
mod share;
mod token;
mod trace;
mod upgrade;
mod version_compare;
mod view;
mod visible;
mod webhook;
mod world;
