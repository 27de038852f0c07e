use crate::{
    api::{fetch, registry_page},
    part::{
        address::{Address, decode_path},
        answered::Answered,
        model_list::{list_head, list_view},
        model_versions::model_page,
        pager::page_number,
        version_comparison::versions_compared,
        version_sheet::version_page,
    },
};
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use model::page::registry::{RegistryPage, RegistryQuestion};
use std::mem::discriminant;

/// Registered models: all of them, one of them, a version, or versions side by side. One component and one question, so that browsers download the way
/// from a question to its answer once.
#[component]
pub fn ModelView() -> AnyView {
    let address = Address::here();
    let path = use_location().pathname;
    let asked = Memo::new(move |before: Option<&RegistryQuestion>| {
        let now = question(&path.read(), address);
        match (before, now) {
            (Some(before), Some(now)) if discriminant(before) == discriminant(&now) => now,
            // A page that is being left sees the next one's address.
            (Some(before), _) => before.clone(),
            (None, now) => now.unwrap_or_else(|| list(address)),
        }
    });
    let is_list = asked.with_untracked(|asked| matches!(asked, RegistryQuestion::List { .. }));
    let again = RwSignal::new(0_u32);
    let page = fetch(move || (asked.get(), again.get()), |(asked, _)| registry_page(asked));
    view! {
        <div class="page">
            {is_list.then(|| list_head(address))}
            <Answered answer=page bars=8 show={move |page: RegistryPage| match page {
                RegistryPage::List(list) => list_view(list, address),
                RegistryPage::Model(page) => model_page(*page, address, again),
                RegistryPage::Version(page) => version_page(*page, again),
                RegistryPage::Compare(page) => versions_compared(*page, address),
            }}/>
        </div>
    }
    .into_any()
}

/// What an address asks for, if it is one of registered models.
fn question(path: &str, address: Address) -> Option<RegistryQuestion> {
    match steps(path).as_slice() {
        ["models"] => Some(list(address)),
        ["models", name] => {
            Some(RegistryQuestion::Model { name: decode_path(name), page: page_number(address) - 1 })
        }
        ["models", name, "versions", version] => Some(RegistryQuestion::Version {
            name: decode_path(name),
            // No version has this number.
            version: version.parse().unwrap_or_default(),
        }),
        ["models", name, "compare"] => {
            Some(RegistryQuestion::Compare { name: decode_path(name), versions: chosen_versions(address) })
        }
        _ => None,
    }
}

/// The versions that are compared: numbers between commas, or one by one, as the form on the model's page sends them.
fn chosen_versions(address: Address) -> Vec<i64> {
    let query = address.query();
    let chosen =
        query.pairs().filter(|(key, _)| *key == "versions").flat_map(|(_, numbers)| numbers.split(','));
    chosen.filter_map(|number| number.parse().ok()).collect()
}

fn steps(path: &str) -> Vec<&str> {
    path.split('/').filter(|step| !step.is_empty()).collect()
}

fn list(address: Address) -> RegistryQuestion {
    RegistryQuestion::List {
        text: address.text("q").trim().to_owned(),
        by_change: address.text("order") == "updated",
        page: page_number(address) - 1,
    }
}
