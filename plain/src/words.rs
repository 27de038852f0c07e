//! How things are said on these pages.

use app::absolute;
use leptos::prelude::*;
use model::{Millis, Permission, permission::Reason};

/// A time in full, in UTC, without saying so.
pub fn moment_text(at: Millis) -> String {
    absolute(at).trim_end_matches(" UTC").to_owned()
}

/// A time in full, in UTC: these pages don't know the reader's clock.
pub fn moment(at: Millis) -> AnyView {
    let text = moment_text(at);
    let machine = format!("{}Z", text.replace(' ', "T"));
    view! { <time datetime=machine title="UTC">{text}</time> }.into_any()
}

/// A time that there may not have been.
pub fn moment_or_never(at: Option<Millis>) -> AnyView {
    at.map_or_else(|| view! { <span class="faint">"never"</span> }.into_any(), moment)
}

/// How a level is called: "may log" says more than EDIT to whoever doesn't know MLflow, but the word is what the rest says.
pub fn level_meaning(level: Permission) -> &'static str {
    match level {
        Permission::NoPermissions => "doesn't see it",
        Permission::Read => "sees it",
        Permission::Use => "sees and uses it",
        Permission::Edit => "logs to it and changes it",
        Permission::Manage => "deletes it, and says who may do what",
    }
}

/// Why somebody has a level.
pub fn reason(reason: &Reason) -> String {
    match reason {
        Reason::Admin => "admin".to_owned(),
        Reason::Given(subject) => format!("by {subject}"),
        Reason::Default => "by default".to_owned(),
    }
}
