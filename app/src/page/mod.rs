//! The pages, one file each, named noun_verb. A page reads its address, asks the server and lays out parts.
//!
//! Owns: what stands where, titles, empty states.
//! Must never: keep state that belongs into the address; ask for the same thing twice.
//! Start reading at [`run_list`]. To add one: a file here, a route in [`crate::App`], a link that leads to it.

pub mod account_view;
pub mod all_run_list;
pub mod experiment_list;
pub mod model_view;
pub mod not_found;
pub mod run_compare;
pub mod run_list;
pub mod run_view;
pub mod sign_in;
pub mod split;
pub mod trace_view;
