//! The parts that pages are made of.
//!
//! Owns: everything that more than one page shows, or that is big enough to be understood by itself.
//! Must never: fetch what its page could hand to it (but for what opens later: folders, previews, charts); hold state
//! that belongs into the address; use a `style` attribute (the site's policy forbids it: classes only).
//! Start reading at [`answered`] (waiting, failing, showing) and [`address`] (where state lives).
//! To add one: a file named after the thing, a line here, its rules in a file of `style/` of the same name.

pub mod address;
pub mod answered;
pub mod artifact_browser;
pub mod chart;
pub mod chart_board;
pub mod chart_options;
pub mod chart_settings;
pub mod choice;
pub mod column;
pub mod column_picker;
pub mod compare;
pub mod comparison;
pub mod comparison_table;
pub mod copy;
pub mod devices;
pub mod direction;
pub mod empty;
pub mod experiment_charts;
pub mod explore;
pub mod facet_menu;
pub mod filter_box;
pub mod filter_options;
pub mod forge;
pub mod group_table;
pub mod icon;
pub mod later;
pub mod lineage;
pub mod live;
pub mod media;
pub mod menu;
pub mod model_link;
pub mod model_list;
pub mod model_menu;
pub mod model_register;
pub mod model_versions;
mod move_runs;
pub mod number;
pub mod pager;
pub mod palette;
pub mod pause;
pub mod run_actions;
pub mod run_chips;
pub mod run_color;
pub mod run_log;
pub mod run_overview;
pub mod run_table;
pub mod saved_views;
pub mod search_box;
pub mod share_link;
pub mod status;
pub mod stop_request;
pub mod tabs;
pub mod theme_toggle;
pub mod thing_menu;
pub mod time;
pub mod toast;
pub mod tokens;
pub mod top_bar;
pub mod trace;
pub mod version_comparison;
pub mod version_sheet;
