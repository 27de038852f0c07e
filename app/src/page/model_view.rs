use crate::{
    api::{fetch, registry_page},
    part::{
        address::Address,
        answered::Answered,
        model_list::{list_head, list_view},
        model_versions::model_page,
        pager::page_number,
        version_sheet::version_page,
    },
};
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_params_map};
use model::page::registry::{RegistryPage, RegistryQuestion};

/// Registered models: all of them, one of them, or a version. One component and one question, so that browsers download the way
/// from a question to its answer once.
#[component]
pub fn ModelView() -> AnyView {
    let address = Address::here();
    let path = use_location().pathname;
    let params = use_params_map();
    let is_list = params.read_untracked().get_str("name").is_none();
    let asked = Memo::new(move |before: Option<&RegistryQuestion>| {
        let params = params.read();
        let page = page_number(address) - 1;
        let (steps, now) = match (params.get_str("name"), params.get_str("version")) {
            (Some(name), Some(version)) => {
                let (name, version) = (name.to_owned(), version.parse().unwrap_or_default());
                (4, RegistryQuestion::Version { name, version })
            }
            (Some(name), None) => (2, RegistryQuestion::Model { name: name.to_owned(), page }),
            (None, _) => {
                let text = address.text("q").trim().to_owned();
                (1, RegistryQuestion::List { text, by_change: address.text("order") == "updated", page })
            }
        };
        match before {
            // A page that is being left sees the next one's query.
            Some(before) if !is_here(&path.read(), steps) => before.clone(),
            _ => now,
        }
    });
    let again = RwSignal::new(0_u32);
    let page = fetch(move || (asked.get(), again.get()), |(asked, _)| registry_page(asked));
    view! {
        <div class="page">
            {is_list.then(|| list_head(address))}
            <Answered answer=page bars=8 show={move |page: RegistryPage| match page {
                RegistryPage::List(list) => list_view(list, address),
                RegistryPage::Model(page) => model_page(*page, address, again),
                RegistryPage::Version(page) => version_page(*page, again),
            }}/>
        </div>
    }
    .into_any()
}

/// Whether a path is one of registered models, with so many steps.
fn is_here(path: &str, steps: usize) -> bool {
    let mut words = path.split('/').filter(|word| !word.is_empty());
    words.next() == Some("models") && words.count() + 1 == steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_models_are_told_apart_by_their_paths() {
        assert!(is_here("/models", 1) && is_here("/models/churn/", 2));
        assert!(is_here("/models/churn/versions/3", 4));
        assert!(!is_here("/models/churn", 1) && !is_here("/experiments/3", 2) && !is_here("/", 1));
    }
}
