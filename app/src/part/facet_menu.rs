//! The runs of an experiment by what tells them apart: a click on a value puts it into the filter, or takes it out again.

use crate::{
    api::{facets, fetch},
    part::{
        address::Address,
        answered::Answered,
        icon::Icon,
        later::{Loaded, later},
        menu::Menu,
        number::{count, counted},
        toast::Toasts,
    },
};
use leptos::{prelude::*, wasm_split::wasm_split};
use model::{
    ExperimentId,
    filter::{RunCondition, RunField, parse, toggle_condition},
    page::{Facet, Facets},
};

/// The menu of facets. They are asked for when it opens.
#[component]
pub fn FacetMenu(
    /// Whose runs.
    experiment: Signal<ExperimentId>,
) -> AnyView {
    view! {
        <Menu
            label="Facets"
            end=true
            class="button quiet"
            face=ViewFn::from(|| view! { {Icon::Filter.draw()} <span class="button-label">"Facets"</span> })
        >
            {later(panel, experiment, || view! { <div class="facets" aria-busy="true"></div> }.into_any())}
        </Menu>
    }
    .into_any()
}

/// The code of the panel.
#[wasm_split(work, wasm_split_path = leptos::wasm_split, fallible)]
fn panel() -> Loaded<Signal<ExperimentId>> {
    Ok(drawn)
}

/// What is called how, and what kind of thing it is.
fn title(field: &RunField) -> (String, &'static str) {
    match field {
        RunField::Param(key) => (key.clone(), "param"),
        RunField::Tag(key) => (key.clone(), "tag"),
        RunField::Name => ("Name".to_owned(), ""),
        RunField::User => ("User".to_owned(), ""),
        RunField::Status => ("Status".to_owned(), ""),
    }
}

/// The conditions of a filter; none while it has a mistake.
fn conditions(filter: &str) -> Vec<RunCondition> {
    let filter = parse::<RunCondition>(filter.trim()).unwrap_or_default();
    filter.clauses.into_iter().map(|clause| clause.condition).collect()
}

fn drawn(experiment: Signal<ExperimentId>) -> AnyView {
    let (address, toasts) = (Address::here(), Toasts::here());
    let asked = Memo::new(move |_| conditions(&address.text("filter")));
    let toggle = move |condition: &RunCondition| {
        let filter = untrack(|| address.text("filter"));
        match toggle_condition(&filter, condition) {
            Ok(filter) => address.set(&[("filter", &filter), ("page", "")]),
            Err(_) => toasts.failed("The filter has a mistake: correct it first."),
        }
    };
    let button = move |field: &RunField, value: String, runs: u64| {
        // What a filter can't say can't be asked for.
        let condition = field.is(&value)?;
        let is_on = {
            let condition = condition.clone();
            move || asked.read().contains(&condition).to_string()
        };
        let is_empty = value.is_empty();
        let shown = if is_empty { "(empty)".to_owned() } else { value };
        Some(view! {
            <li>
                <button type="button" class="facet-value" aria-pressed=is_on on:click=move |_| toggle(&condition)>
                    <span class="facet-text" class:faint=is_empty>{shown}</span>
                    " "
                    <span class="facet-count">{count(runs)}</span>
                </button>
            </li>
        })
    };
    let group = move |Facet { field, values }: Facet| {
        let (name, kind) = title(&field);
        let buttons =
            values.into_iter().filter_map(|(value, runs)| button(&field, value, runs)).collect_view();
        view! {
            <fieldset>
                <legend>{name} {(!kind.is_empty()).then(|| view! { <span class="faint">{format!(" {kind}")}</span> })}</legend>
                <ul>{buttons}</ul>
            </fieldset>
        }
    };
    let show = move |Facets { facets, runs, more }: Facets| {
        if facets.is_empty() {
            return view! { <p class="faint">"There are no runs to tell apart yet."</p> }.into_any();
        }
        let only_status = facets.len() == 1;
        let over = match more {
            true => format!("Counted over the newest {} runs, whatever the filter.", count(runs)),
            false => format!("Counted over {}, whatever the filter.", counted(runs, "run")),
        };
        view! {
            {facets.into_iter().map(group).collect_view()}
            {only_status.then(|| view! { <p class="faint">"Params and tags come here once they have 2 to 12 values."</p> })}
            <p class="faint">{over}</p>
        }
        .into_any()
    };
    let found = fetch(move || experiment.get(), facets);
    view! { <div class="facets"><Answered answer=found bars=6 show/></div> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_with_a_mistake_asks_for_nothing() {
        let failed = RunField::Status.is("FAILED").unwrap();
        assert_eq!(conditions(" status = 'FAILED' "), [failed]);
        assert_eq!(conditions("status = "), []);
        assert_eq!(conditions(" "), []);
    }
}
