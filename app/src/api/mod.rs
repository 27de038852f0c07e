//! What the pages ask the server for. Each function is a door: one line into `domain`, which decides who may.
//!
//! Owns: the server functions under `/ui`, how their values travel, [`Fault`].
//! Must never: decide anything about rights or data; hold state.
//! Start reading at [`run`]. To add one: a function in the file of its subject, with `input = Postcard, output = Postcard`
//! (JSON has no NaN), and a row for it in the server's table of access.

mod artifact;
mod compare;
mod experiment;
mod fault;
mod find;
mod packed;
mod registry;
mod run;
mod session;
mod token;
mod trace;
mod view;

pub use artifact::{artifact_text, list_artifacts};
pub use compare::{compare_files, compare_texts, environments};
pub use experiment::{change_experiment, experiment_head, list_experiments};
pub use fault::Fault;
pub use find::{find_anything, find_targets};
pub use packed::{Answer, fetch};
pub use registry::{change_registered, register_model, registry_page};
pub use run::{
    change_runs, compare_runs, curves, facets, find_values, find_values_of_all, list_all_runs, list_runs,
    logged_images, matching_runs, nested_runs, param_importance, read_log, run_lineage, run_logs, run_page,
    run_values, search_keys, search_keys_in, search_keys_of_all,
};
pub use session::{
    SignIn, came_by_link, list_devices, provider, set_password, sign_out_device, sign_out_elsewhere, viewer,
};
pub use token::{create_token, delete_token, list_tokens};
pub use trace::{
    assess_trace, delete_assessment, delete_traces, find_trace_words, list_traces, read_span, trace_page,
};
pub use view::{delete_view, list_views, save_view};
