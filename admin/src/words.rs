//! How things are said on these pages.

use leptos::prelude::*;
use model::{Millis, Permission, permission::Reason};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

fn machine(at: Millis) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(at.div_euclid(1000)).ok()?.format(&Rfc3339).ok()
}

/// A time in full, in UTC.
pub fn moment_text(at: Millis) -> Option<String> {
    Some(machine(at)?.replace('T', " ").replace('Z', ""))
}

/// A time in full, in UTC: these pages don't know the reader's clock.
pub fn moment(at: Millis) -> AnyView {
    let (Some(machine), Some(shown)) = (machine(at), moment_text(at)) else {
        return view! { <span class="faint">"–"</span> }.into_any();
    };
    view! { <time datetime=machine title="UTC">{shown}</time> }.into_any()
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
