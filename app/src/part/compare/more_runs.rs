//! The runs that don't fit on top of a comparison.

use super::colors::Colors;
use crate::part::{
    address::Address,
    chart_options::Hidden,
    icon::Icon,
    later::{Loaded, later},
    number::count,
    run_chips::eye_button,
    search_box::SearchBox,
};
use leptos::{prelude::*, wasm_split::wasm_split};
use model::{RunId, run_list::write_runs};
use std::sync::Arc;

/// A run of the list.
pub struct ListedRun {
    /// Which.
    pub id: RunId,
    /// What it is called.
    pub name: String,
    /// Its place among all runs of the comparison.
    pub place: usize,
    /// Its page.
    pub href: String,
    /// Its experiment's name.
    pub experiment: String,
}

/// What the list shows.
#[derive(Clone)]
pub struct Listing {
    /// The runs that don't fit.
    pub runs: Arc<Vec<ListedRun>>,
    /// All runs of the comparison.
    pub all: Arc<Vec<RunId>>,
    /// Their colours.
    pub colors: Colors,
}

/// A line that says how many more runs there are, and opens to show them.
#[component]
pub fn MoreRuns(
    /// Which.
    listing: Listing,
) -> AnyView {
    let (opened, set_opened) = signal(false);
    let words = format!("and {} more", count(listing.runs.len() as u64));
    view! {
        <details
            class="fold more-runs"
            prop:open=opened
            on:toggle=move |event| set_opened.set(event_target::<web_sys::Element>(&event).has_attribute("open"))
        >
            <summary>{words}</summary>
            {move || {
                let listing = listing.clone();
                opened.get().then(|| later(run_listing, listing, || view! { <div class="compare-waiting" aria-busy="true"></div> }.into_any()))
            }}
        </details>
    }
    .into_any()
}

/// The code of the list.
#[wasm_split(work, wasm_split_path = leptos::wasm_split, fallible)]
fn run_listing() -> Loaded<Listing> {
    Ok(drawn)
}

fn drawn(Listing { runs, all, colors }: Listing) -> AnyView {
    let address = Address::here();
    let (search, set_search) = signal(String::new());
    let hidden = Memo::new(move |_| Hidden::read(address));
    let entry = move |listed: &ListedRun, all: &Arc<Vec<RunId>>| {
        let (id, all) = (listed.id, all.clone());
        let name = listed.name.clone();
        let remove = format!("Remove {name}");
        let without = move |_| {
            let rest: Vec<RunId> = all.iter().copied().filter(|other| *other != id).collect();
            address.set(&[("runs", &write_runs(&rest))]);
        };
        view! {
            <li class="run-chip">
                {colors.swatch(id, &name, listed.place)}
                <a href=listed.href.clone()>{name.clone()}</a>
                <span class="muted">{listed.experiment.clone()}</span>
                <button
                    type="button"
                    class="set-base"
                    aria-label=format!("Set as baseline: {name}")
                    on:click=move |_| address.set(&[("base", &id.to_string()), ("from", "")])
                >
                    "Set as baseline"
                </button>
                {eye_button(hidden, id, name)}
                <button type="button" class="icon-button" aria-label=remove.clone() title=remove.clone() on:click=without>
                    {Icon::Close.draw()}
                </button>
            </li>
        }
    };
    let list = move || {
        let wanted = search.get().to_lowercase();
        let found = runs.iter().filter(|listed| listed.name.to_lowercase().contains(&wanted));
        found.map(|listed| entry(listed, &all)).collect_view()
    };
    view! {
        <SearchBox label="Find a run" text=search.into() on_change=move |text| set_search.set(text)/>
        <ul class="run-chips" aria-label="More compared runs">{list}</ul>
    }
    .into_any()
}
