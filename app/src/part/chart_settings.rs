//! What charts can be besides the usual: other axes, groups with means, formulas. It comes with the code of charts.

use crate::{
    api::search_keys,
    part::{
        address::Address,
        chart::{ChartOptions, ChartRun, Measure, MetricChart, XAxis, formula},
        chart_options::{KINDS, METRIC, SPREADS, groupings, read_options},
        icon::Icon,
        later::{Loaded, later},
        menu::Menu,
        pause::after_pause,
        search_box::SearchBox,
    },
};
use leptos::{ev, html, prelude::*, task::spawn_local, wasm_split::wasm_split};
use model::{ExperimentId, page::KeyKind};
use std::time::Duration;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// Names in a list to choose from; more are typed.
const OFFERED: usize = 300;

/// How long nothing is typed before what was typed is asked for.
const PAUSE: Duration = Duration::from_millis(150);

/// What runs can be grouped by, as addresses write it: `params.lr`.
#[derive(Debug, Clone, Copy)]
pub enum GroupKeys {
    /// These.
    Listed(Signal<Vec<String>>),
    /// All that the runs of an experiment have: they are searched for.
    Of(ExperimentId),
}

/// What there is to choose from.
#[derive(Clone, Copy)]
struct Known {
    metrics: Signal<Vec<String>>,
    keys: Option<GroupKeys>,
}

/// Opens the settings of all charts of a page.
#[component]
pub fn ChartSettings(
    /// The metrics there are.
    metrics: Signal<Vec<String>>,
    /// What runs can be grouped by, where there are several.
    keys: Option<GroupKeys>,
) -> AnyView {
    let face = ViewFn::from(|| view! { {Icon::Sliders.draw()} <span class="button-label">"More"</span> });
    view! {
        <Menu label="More chart settings" class="button quiet" end=true face>
            {later(settings, Known { metrics, keys }, || view! { <div class="chart-settings" aria-busy="true"></div> }.into_any())}
        </Menu>
    }
    .into_any()
}

/// The code of the settings.
#[wasm_split(charts, wasm_split_path = leptos::wasm_split, fallible)]
fn settings() -> Loaded<Known> {
    Ok(drawn)
}

fn drawn(Known { metrics, keys }: Known) -> AnyView {
    let address = Address::here();
    let options = read_options(address);
    let check = move |name: &'static str, key: &'static str, is_on: Signal<bool>| {
        view! {
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=is_on
                    on:change=move |event| address.set(&[(key, if event_target_checked(&event) { "1" } else { "" })])
                />
                <span>{name}</span>
            </label>
        }
    };
    let choice = move |label: &'static str, key: &'static str, words: Vec<(&'static str, &'static str)>| {
        let option = move |(word, name): (&'static str, &'static str)| {
            view! { <option value=word selected=move || address.text(key) == word>{name}</option> }
        };
        view! {
            <label class="field">
                <span>{label}</span>
                <select class="input" on:change=move |event| address.set(&[(key, &event_target_value(&event))])>
                    {words.into_iter().map(option).collect_view()}
                </select>
            </label>
        }
    };
    let along = move || match &options.read().along {
        XAxis::Metric(key) => key.clone(),
        _ => String::new(),
    };
    let set_along = move |event: ev::Event| {
        let key = event_target_value(&event);
        address.set(&[("x", &if key.is_empty() { key } else { format!("{METRIC}{key}") })]);
    };
    let names = |names: Vec<String>| {
        names.into_iter().take(OFFERED).map(|name| view! { <option value=name></option> }).collect_view()
    };
    view! {
        <div class="chart-settings">
            <label class="field">
                <span>"Along another metric"</span>
                <input class="input" list="chart-metrics" placeholder="Step, time…" prop:value=along on:change=set_along/>
            </label>
            <datalist id="chart-metrics">{move || names(metrics.get())}</datalist>
            {check("Log horizontal axis", "logx", Signal::derive(move || options.read().log_x))}
            {check("Without outliers", "outliers", Signal::derive(move || options.read().without_outliers))}
            {choice("Smoothing", "kind", KINDS.iter().map(|(_, word, name)| (*word, *name)).collect())}
            {keys.map(|keys| view! {
                <Grouping keys/>
                {choice("Around the mean of a group", "spread", SPREADS.iter().map(|(_, word, name)| (*word, *name)).collect())}
            })}
            <FormulaForm/>
            <button
                type="button"
                class="button"
                disabled=move || address.get("layout").is_none()
                on:click=move |_| address.set(&[("layout", "")])
            >
                "Reset layout"
            </button>
        </div>
    }
    .into_any()
}

/// What was found to group by, and whether there is more.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Offered {
    keys: Vec<String>,
    more: bool,
}

/// Those of a list that have a text in their name.
fn listed(keys: &[String], text: &str) -> Offered {
    let text = text.trim().to_lowercase();
    let mut found = keys.iter().filter(|key| key.to_lowercase().contains(&text));
    let keys = found.by_ref().take(OFFERED).cloned().collect();
    Offered { keys, more: found.next().is_some() }
}

/// Those of an experiment that have a text in their name; asked for at once, and whenever something was typed.
fn searched(experiment: ExperimentId, typed: RwSignal<String>) -> RwSignal<Offered> {
    let offered = RwSignal::new(Offered::default());
    let ask = move |text: String| {
        spawn_local(async move {
            let Ok(found) = search_keys(experiment, text.clone()).await else { return };
            // Something else may be typed by now, or nobody be there.
            if typed.try_with_untracked(|typed| typed.trim() == text) == Some(true) {
                let more = found.more.iter().any(|kind| matches!(kind, KeyKind::Param | KeyKind::Tag));
                _ = offered.try_set(Offered { keys: groupings(&found), more });
            }
        });
    };
    Effect::new(move |before: Option<()>| {
        let text = typed.with(|typed| typed.trim().to_owned());
        if before.is_none() {
            ask(text);
            return;
        }
        after_pause(PAUSE, move || ask(text));
    });
    offered
}

/// What the runs are grouped by.
#[component]
pub fn Grouping(
    /// What there is to choose from.
    keys: GroupKeys,
) -> AnyView {
    let address = Address::here();
    let chosen = Memo::new(move |_| split(&address.text("group"), ','));
    let typed = RwSignal::new(String::new());
    let offered: Signal<Offered> = match keys {
        GroupKeys::Listed(keys) => Signal::derive(move || listed(&keys.read(), &typed.read())),
        GroupKeys::Of(experiment) => searched(experiment, typed).into(),
    };
    let place = NodeRef::<html::Fieldset>::new();
    let add = move |key: &str| {
        let mut chosen = chosen.get_untracked();
        chosen.push(key.to_owned());
        typed.set(String::new());
        address.set(&[("group", &chosen.join(","))]);
        // What was pressed is gone from the list: one goes on in the box above it.
        let input = place.get_untracked().and_then(|place| place.query_selector("input").ok().flatten());
        if let Some(input) = input.and_then(|input| input.dyn_into::<HtmlElement>().ok()) {
            _ = input.focus();
        }
    };
    let entry = move |key: String| {
        let label = format!("Group by {key}");
        let name = key.clone();
        view! {
            <li><button type="button" aria-label=label on:click=move |_| add(&key)>{name}</button></li>
        }
    };
    let others = Memo::new(move |_| {
        let (offered, chosen) = (offered.read(), chosen.read());
        offered.keys.iter().filter(|key| !chosen.contains(key)).cloned().collect::<Vec<_>>()
    });
    let note = move || match (others.read().is_empty(), offered.read().more) {
        (_, true) => "There are more: type to find them.",
        (true, false) if !typed.read().trim().is_empty() => "No param or tag has this in its name.",
        _ => "",
    };
    view! {
        <fieldset class="field" node_ref=place>
            <legend>"Group by"</legend>
            <Removable items=chosen.into() key="group" separator=","/>
            <SearchBox
                label="Find a param or tag"
                text=typed.into()
                on_change=move |text: String| typed.set(text)
            />
            <ul class="menu-list group-keys">{move || others.get().into_iter().map(entry).collect_view()}</ul>
            <p class="faint" role="status">{note}</p>
        </fieldset>
    }
    .into_any()
}

/// Adds formulas, and takes them away.
#[component]
fn FormulaForm() -> AnyView {
    let address = Address::here();
    let chosen = Memo::new(move |_| split(&address.text("expr"), ';'));
    let typed = RwSignal::new(String::new());
    let mistake = RwSignal::new(None::<String>);
    let add = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let text = typed.get_untracked().trim().to_owned();
        match formula::parse(&text) {
            Err(problem) => mistake.set(Some(problem)),
            Ok(_) => {
                let mut all = chosen.get_untracked();
                if !all.contains(&text) {
                    all.push(text);
                }
                mistake.set(None);
                typed.set(String::new());
                address.set(&[("expr", &all.join(";"))]);
            }
        }
    };
    view! {
        <form class="field" on:submit=add>
            <label for="chart-formula">"Formula"</label>
            <Removable items=chosen.into() key="expr" separator=";"/>
            <div class="field-row">
                <input
                    id="chart-formula"
                    class="input"
                    placeholder="train/loss - val/loss"
                    autocomplete="off"
                    spellcheck="false"
                    prop:value=typed
                    aria-invalid=move || mistake.read().is_some().to_string()
                    aria-describedby="chart-formula-hint"
                    on:input=move |event| {
                        typed.set(event_target_value(&event));
                        mistake.set(None);
                    }
                />
                <button type="submit" class="button">"Add"</button>
            </div>
            <p id="chart-formula-hint" class="faint" role="status">
                {move || mistake.get().unwrap_or_else(|| "A ratio has spaces: a / b. Other names stand in `…`.".to_owned())}
            </p>
        </form>
    }
    .into_any()
}

/// What is chosen, each with a way to take it out of the address.
#[component]
fn Removable(items: Signal<Vec<String>>, key: &'static str, separator: &'static str) -> AnyView {
    let address = Address::here();
    let item = move |item: String| {
        let label = format!("Remove {item}");
        let text = item.clone();
        let remove = move |_| {
            let mut rest = items.get_untracked();
            rest.retain(|other| *other != item);
            address.set(&[(key, &rest.join(separator))]);
        };
        view! {
            <li class="chip">
                <span>{text}</span>
                <button type="button" class="icon-button" aria-label=label.clone() title=label on:click=remove>
                    {Icon::Close.draw()}
                </button>
            </li>
        }
    };
    view! { <ul class="chart-chosen">{move || items.get().into_iter().map(item).collect_view()}</ul> }
        .into_any()
}

/// The charts of formulas, above all others.
#[component]
pub fn Formulas(
    /// Whose curves.
    runs: Signal<Vec<ChartRun>>,
    /// How.
    options: Signal<ChartOptions>,
) -> AnyView {
    let address = Address::here();
    let any = Memo::new(move |_| address.get("expr").is_some());
    (move || any.get().then(|| later(formulas, Drawn { runs, options }, || ().into_any()))).into_any()
}

/// What the charts of formulas are given.
#[derive(Clone, Copy)]
struct Drawn {
    runs: Signal<Vec<ChartRun>>,
    options: Signal<ChartOptions>,
}

/// The code of formulas.
#[wasm_split(charts, wasm_split_path = leptos::wasm_split, fallible)]
fn formulas() -> Loaded<Drawn> {
    Ok(formula_section)
}

fn formula_section(Drawn { runs, options }: Drawn) -> AnyView {
    let address = Address::here();
    let texts = Memo::new(move |_| split(&address.text("expr"), ';'));
    let chart = move |text: String| match formula::parse(&text) {
        Ok(measure) => {
            let measure: Signal<Measure> = Signal::stored(measure);
            view! { <MetricChart runs measure options/> }.into_any()
        }
        Err(problem) => {
            view! { <p class="none-found" role="alert"><code>{text}</code> " " {problem}</p> }.into_any()
        }
    };
    view! {
        <section class="chart-section" aria-label="Formulas">
            <h2>"Formulas"</h2>
            <div class="chart-grid">
                <For each=move || texts.get() key=|text| text.clone() children=chart/>
            </div>
        </section>
    }
    .into_any()
}

fn split(text: &str, separator: char) -> Vec<String> {
    text.split(separator).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_a_list_are_found_by_a_part_of_their_names() {
        let keys: Vec<String> = (0..OFFERED + 1).map(|key| format!("params.Layer{key}")).collect();
        let check = |text: &str, count: usize, more: bool| {
            let found = listed(&keys, text);
            assert_eq!((found.keys.len(), found.more), (count, more), "{text}");
        };
        check("", OFFERED, true);
        check(" layer300 ", 1, false);
        check("tags", 0, false);
    }
}
