//! Where registered models and their versions are, and links there.

use crate::part::address::encode_path;
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

/// The router decodes what it shows as the address of a link that was followed, which makes another address of these names.
/// Their links are left to the browser.
fn is_odd(name: &str) -> bool {
    name.contains(['%', '\\']) || name.contains(char::is_control) || name.trim() != name
}

/// A link to a registered model, or to a version of it.
pub fn model_link(name: &str, version: Option<i64>, class: &'static str, words: String) -> AnyView {
    let rel = is_odd(name).then_some("external");
    view! { <a class=class href=model_address(name, version) rel=rel>{words}</a> }.into_any()
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

    #[test]
    fn links_that_the_router_would_change_are_left_to_the_browser() {
        for odd in ["50%", "a\\b", "a\nb", " a"] {
            assert!(is_odd(odd), "{odd:?}");
        }
        assert!(!is_odd("Blüten a?b#c"));
    }
}
