//! Pages whose code browsers load when they first open one; the server renders them as any other, and names their modules in the
//! document, so that they come along with the first. What stays in the first module is what most visits begin with: experiments
//! and their runs. (With their table in a module of its own the first is half as big, and both together a third bigger: each is
//! shrunk and compressed by itself.)

use super::{
    account_view::AccountView, all_run_list::AllRunList, model_view::ModelView, run_compare::RunCompare,
    run_view::RunView, trace_view::TraceView,
};
use crate::part::later::{self, Loaded};
use leptos::{prelude::*, wasm_split::wasm_split};
use leptos_router::LazyRoute;

/// Whether a page with this query shows traces.
pub fn has_traces(query: &str) -> bool {
    query.contains("tab=traces")
}

/// Whether the page at a path, with its query, shows charts.
pub fn has_charts(path: &str, query: &str) -> bool {
    path == "/compare" || ["tab=charts", "tab=system"].iter().any(|tab| query.contains(tab))
}

/// Whether the page at a path, with its query, shows files: those of a run, of what it printed and drew, or of a version.
pub fn has_files(path: &str, query: &str) -> bool {
    path.contains("/versions/")
        || ["tab=artifacts", "tab=log", "tab=media"].iter().any(|tab| query.contains(tab))
}

/// Brings what is part of pages beside their own code ([`later::with_page`]), before a page at this address is taken over.
pub async fn preload(path: &str, query: &str) {
    if has_charts(path, query) {
        // If it can't be had, the page stays as the server wrote it. Each function is loaded by itself, though their file is one.
        _ = crate::part::chart_board::load_board().await;
        _ = crate::part::experiment_charts::load_charts().await;
    }
    if has_files(path, query) {
        _ = crate::part::artifact_browser::load_browser().await;
    }
    if has_traces(query) {
        _ = crate::part::trace::table::load_table().await;
    }
}

/// A route and the function that its module begins with.
macro_rules! split {
    ($(#[$doc:meta])* $route:ident, $module:ident, $load:ident, $page:ident) => {
        $(#[$doc])*
        pub struct $route;

        #[wasm_split($module, wasm_split_path = leptos::wasm_split, fallible)]
        fn $load() -> Loaded<()> {
            Ok(|()| view! { <$page/> }.into_any())
        }

        impl LazyRoute for $route {
            fn data() -> Self {
                Self
            }

            async fn view(_: Self) -> AnyView {
                later::page($load()).await
            }

            // Taking over a page, the router waits for this; the view must then be there at once.
            async fn preload() {
                _ = $load().await;
            }
        }
    };
}

split!(
    /// The account.
    Account, account, load_account, AccountView
);
split!(
    /// Runs of all experiments.
    AllRuns, runs, load_all_runs, AllRunList
);
split!(
    /// Registered models.
    Models, models, load_models, ModelView
);
split!(
    /// Runs side by side: in the module of charts, which it begins with.
    Compare, charts, load_compare, RunCompare
);
split!(
    /// A run.
    Run, run, load_run, RunView
);
split!(
    /// A trace.
    Trace, trace, load_trace, TraceView
);
