use crate::part::{
    address::Address,
    filter_options::{FilterOptions, option_id, options_id},
    icon::Icon,
    menu::Menu,
};
use leptos::{ev, html, prelude::*};
use model::{
    ExperimentId, RunId,
    filter::{Condition, FilterError, RunCondition, parse},
};
use std::ops::Range;

/// What is set in the address, or shown: words and what they mean.
type Pairs = &'static [(&'static str, &'static str)];

/// How a box reads and what it says, by what is filtered.
pub struct Wording {
    /// How ids of its parts begin: there may be several boxes in a document, all but one of them hidden.
    pub id: &'static str,
    /// The key of the filter in the address.
    pub key: &'static str,
    /// How the address says that there is no filter. A new one begins at the first page too.
    pub cleared: Pairs,
    /// What it does.
    pub label: &'static str,
    /// A filter that could be.
    pub placeholder: &'static str,
    /// MLflow's function whose language it is.
    pub language: &'static str,
    /// Filters and what they mean.
    pub examples: Pairs,
    /// The mistake of a filter, if it has one.
    pub mistake: fn(&str) -> Option<FilterError>,
}

/// Of runs.
pub static OF_RUNS: Wording = Wording {
    id: "filter",
    key: "filter",
    // An experiment's table has pages by their numbers, that of all runs by what comes before them.
    cleared: &[("filter", ""), ("page", ""), ("after", "")],
    label: "Filter runs",
    placeholder: "metrics.loss < 0.5 and params.model = 'cnn'",
    language: "search_runs",
    examples: &[
        ("metrics.loss < 0.5", "last value of a metric"),
        ("max_metrics.accuracy > 0.9", "the highest it ever was; min_metrics for the lowest"),
        ("params.model = 'cnn' AND metrics.accuracy > 0.9", "several conditions"),
        ("attributes.status = 'FAILED'", "status, run_name, user_id, start_time …"),
        ("tags.mlflow.source.name LIKE '%train%'", "part of a text; ILIKE ignores case"),
        ("metrics.`val/loss` < 1", "quotes around odd keys"),
    ],
    mistake: mistake::<RunCondition>,
};

/// The mistake of a filter, if it has one.
pub fn mistake<C: Condition>(text: &str) -> Option<FilterError> {
    (!text.trim().is_empty()).then(|| parse::<C>(text).err()).flatten()
}

/// What is filtered: keys and values are those that it has.
#[derive(Clone, Copy)]
pub enum Filtered {
    /// Runs of an experiment.
    Runs(Signal<ExperimentId>),
    /// Runs of all experiments; keys and values are those of the ones last used.
    AllRuns,
    /// Traces of an experiment; of this run, if there is one.
    Traces(ExperimentId, Option<RunId>),
}

/// What the box shares with the list below it, whose code comes when the box is first used.
#[derive(Clone, Copy)]
pub struct Typing {
    /// What is filtered.
    pub filtered: Filtered,
    /// How the box reads.
    pub wording: &'static Wording,
    /// The box.
    pub input: NodeRef<html::Input>,
    /// What is typed.
    pub text: RwSignal<String>,
    /// Counts how often something was typed.
    pub typed: RwSignal<u32>,
    /// Whether the list is shown.
    pub open: RwSignal<bool>,
    /// Which of the list would be chosen.
    pub active: RwSignal<Option<usize>>,
    /// What keys mean to the list.
    pub keys: StoredValue<Option<Callback<ev::KeyboardEvent>>>,
}

/// The box for MLflow's search language. It reads along and marks a mistake where it is; what is still being typed at
/// the end is no mistake yet. What can come next is listed below it.
#[component]
pub fn FilterBox(
    /// What is filtered.
    filtered: Filtered,
    /// How the box reads, and what it says.
    wording: &'static Wording,
) -> AnyView {
    let address = Address::here();
    let asked = Memo::new(move |_| address.text(wording.key));
    let text = RwSignal::new(asked.get_untracked());
    Effect::new(move || text.set(asked.get()));
    let input = NodeRef::<html::Input>::new();
    let typing = Typing {
        filtered,
        wording,
        input,
        text,
        typed: RwSignal::new(0),
        open: RwSignal::new(false),
        active: RwSignal::new(None),
        keys: StoredValue::new(None),
    };
    let Typing { typed, open, active, keys, .. } = typing;
    let (used, set_used) = signal(false);

    let shown_mistake = Memo::new(move |_| {
        let text = text.get();
        let settled = text == asked.get();
        (wording.mistake)(&text).filter(|error| settled || error.span.end < text.trim_end().len())
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        open.set(false);
        let text = text.get_untracked();
        let mut set = vec![(wording.key, text.trim())];
        set.extend(wording.cleared.iter().copied().filter(|(key, _)| *key != wording.key));
        address.set(&set);
    };
    let rest = move || {
        let query = address.query().with("__path", "").with("__err", "");
        let query = wording.cleared.iter().fold(query, |query, (key, none)| query.with(key, none));
        let fields = query.pairs().map(|(key, value)| (key.to_owned(), value.to_owned())).collect::<Vec<_>>();
        fields
            .into_iter()
            .map(|(key, value)| view! { <input type="hidden" name=key value=value/> })
            .collect_view()
    };
    let chosen = move || active.get().filter(|_| open.get()).map(|index| option_id(wording, index));
    view! {
        <form class="filter-box" role="search" method="get" aria-label=wording.label on:submit=submit>
            <div class="filter-line" class:bad=move || shown_mistake.read().is_some()>
                {Icon::Search.draw()}
                <input
                    type="text"
                    name=wording.key
                    class="filter-input"
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    aria-label="Filter"
                    placeholder=wording.placeholder
                    node_ref=input
                    value=asked.get_untracked()
                    prop:value=text
                    aria-invalid=move || shown_mistake.read().is_some().to_string()
                    aria-describedby=mistake_id(wording)
                    role="combobox"
                    aria-autocomplete="list"
                    aria-haspopup="listbox"
                    aria-expanded=move || open.get().to_string()
                    aria-controls=move || open.get().then(|| options_id(wording))
                    aria-activedescendant=chosen
                    on:focus=move |_| set_used.set(true)
                    on:blur=move |_| open.set(false)
                    on:keydown=move |event| {
                        if let Some(keys) = keys.get_value() {
                            _ = keys.try_run(event);
                        }
                    }
                    on:input=move |event| {
                        text.set(event_target_value(&event));
                        set_used.set(true);
                        typed.update(|typed| *typed += 1);
                    }
                />
                {filter_end(address, asked, text, input, wording)}
            </div>
            <Show when=move || used.get()>
                <FilterOptions typing/>
            </Show>
            {rest}
            <div class="filter-mistake-place" id=mistake_id(wording) aria-live="polite">
                {move || shown_mistake.get().map(|error| view! { <Mistake text=text.get() error/> })}
            </div>
        </form>
    }
    .into_any()
}

fn mistake_id(wording: &Wording) -> String {
    format!("{}-mistake", wording.id)
}

/// What stands behind a filter's text: the way to no filter, and help with the language. An example that is chosen stands in the
/// box.
fn filter_end(
    address: Address,
    asked: Memo<String>,
    text: RwSignal<String>,
    input: NodeRef<html::Input>,
    wording: &'static Wording,
) -> AnyView {
    let choose = move |example: &str| {
        text.set(example.to_owned());
        if let Some(input) = input.get_untracked() {
            _ = input.focus();
        }
    };
    let line = move |&(example, meaning): &(&'static str, &'static str)| {
        view! {
            <li>
                <button type="button" on:click=move |_| choose(example)>
                    <code>{example}</code>
                    <span class="muted">{meaning}</span>
                </button>
            </li>
        }
    };
    view! {
        <Show when=move || !asked.read().is_empty()>
            <a
                class="icon-button"
                href=move || address.with(wording.cleared)
                aria-label="Clear filter"
                title="Clear filter"
                data-noscroll=""
            >
                {Icon::Close.draw()}
            </a>
        </Show>
        <Menu label="Filter help" class="icon-button" end=true face=ViewFn::from(|| Icon::Help.draw())>
            <div class="filter-help">
                <p>"Filters are written as in MLflow's " <code>{wording.language}</code> ":"</p>
                <ul>{wording.examples.iter().map(line).collect_view()}</ul>
            </div>
        </Menu>
    }
    .into_any()
}

/// The filter with its mistake underlined, and what is wrong with it.
#[component]
fn Mistake(
    /// The filter.
    text: String,
    /// Its mistake.
    error: FilterError,
) -> AnyView {
    // An empty text would be rendered as a blank.
    let part = |range: Range<usize>| text.get(range).filter(|part| !part.is_empty()).map(ToOwned::to_owned);
    let Range { start, end } = error.span;
    let at = part(start..end).unwrap_or_else(|| "\u{a0}".to_owned());
    view! {
        <div class="filter-mistake">
            <code>{part(0..start)}<mark>{at}</mark>{part(end..text.len())}</code>
            <p>{error.message}</p>
        </div>
    }
    .into_any()
}
