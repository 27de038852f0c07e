//! Where registered models and their versions are, and links there.

use crate::part::address::{encode_path, is_changed_by_router};
use leptos::prelude::*;
use model::registry::Alias;

/// The page of a registered model, or of a version of it.
pub fn model_address(name: &str, version: Option<i64>) -> String {
    let name = encode_path(name);
    match version {
        Some(version) => format!("/models/{name}/versions/{version}"),
        None => format!("/models/{name}"),
    }
}

/// A link to a registered model, or to a version of it.
pub fn model_link(name: &str, version: Option<i64>, class: &'static str, words: String) -> AnyView {
    let href = model_address(name, version);
    let rel = is_changed_by_router(&href).then_some("external");
    view! { <a class=class href=href rel=rel>{words}</a> }.into_any()
}

/// The names of versions, and which they are of.
pub fn alias_links(name: &str, aliases: &[Alias]) -> AnyView {
    let link = |alias: &Alias| {
        model_link(name, Some(alias.version), "chip", format!("{} → {}", alias.alias, alias.version))
    };
    aliases.iter().map(link).collect_view().into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_themselves_in_addresses() {
        let check = |name: &str, address: &str| assert_eq!(model_address(name, None), address);
        check("churn", "/models/churn");
        check("Blüten 2", "/models/Bl%C3%BCten%202");
        check("a?b#c", "/models/a%3Fb%23c");
        check("50%25", "/models/50%2525");
        assert_eq!(model_address("churn", Some(3)), "/models/churn/versions/3");
    }
}
