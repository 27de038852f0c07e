use crate::part::{
    address::Address,
    filter_options::{FilterOptions, OPTIONS, option_id},
    icon::Icon,
    menu::Menu,
};
use leptos::{ev, html, prelude::*};
use model::{
    ExperimentId,
    filter::{FilterError, RunCondition, parse},
};
use std::ops::Range;

const EXAMPLES: [(&str, &str); 6] = [
    ("metrics.loss < 0.5", "last value of a metric"),
    ("max_metrics.accuracy > 0.9", "the highest it ever was; min_metrics for the lowest"),
    ("params.model = 'cnn' AND metrics.accuracy > 0.9", "several conditions"),
    ("attributes.status = 'FAILED'", "status, run_name, user_id, start_time …"),
    ("tags.mlflow.source.name LIKE '%train%'", "part of a text; ILIKE ignores case"),
    ("metrics.`val/loss` < 1", "quotes around odd keys"),
];

/// The mistake of a filter, if it has one.
fn mistake(text: &str) -> Option<FilterError> {
    (!text.trim().is_empty()).then(|| parse::<RunCondition>(text).err()).flatten()
}

/// What the box shares with the list below it, whose code comes when the box is first used.
#[derive(Clone, Copy)]
pub struct Typing {
    /// Whose keys and values there are to choose from.
    pub experiment: Signal<ExperimentId>,
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
    /// Whose runs are filtered.
    experiment: Signal<ExperimentId>,
) -> AnyView {
    let address = Address::here();
    let asked = Memo::new(move |_| address.text("filter"));
    let text = RwSignal::new(asked.get_untracked());
    Effect::new(move || text.set(asked.get()));
    let input = NodeRef::<html::Input>::new();
    let typing = Typing {
        experiment,
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
        mistake(&text).filter(|error| settled || error.span.end < text.trim_end().len())
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        open.set(false);
        address.set(&[("filter", text.get_untracked().trim()), ("page", "")]);
    };
    let rest = move || {
        let query = address.query().with("filter", "").with("page", "").with("__path", "").with("__err", "");
        let fields = query.pairs().map(|(key, value)| (key.to_owned(), value.to_owned())).collect::<Vec<_>>();
        fields
            .into_iter()
            .map(|(key, value)| view! { <input type="hidden" name=key value=value/> })
            .collect_view()
    };
    view! {
        <form class="filter-box" role="search" method="get" aria-label="Filter runs" on:submit=submit>
            <div class="filter-line" class:bad=move || shown_mistake.read().is_some()>
                {Icon::Search.draw()}
                <input
                    type="text"
                    name="filter"
                    class="filter-input"
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    aria-label="Filter"
                    placeholder="metrics.loss < 0.5 and params.model = 'cnn'"
                    node_ref=input
                    value=asked.get_untracked()
                    prop:value=text
                    aria-invalid=move || shown_mistake.read().is_some().to_string()
                    aria-describedby="filter-mistake"
                    role="combobox"
                    aria-autocomplete="list"
                    aria-haspopup="listbox"
                    aria-expanded=move || open.get().to_string()
                    aria-controls=move || open.get().then_some(OPTIONS)
                    aria-activedescendant=move || active.get().filter(|_| open.get()).map(option_id)
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
                {filter_end(address, asked, (text, input), &[("filter", ""), ("page", "")], "search_runs", &EXAMPLES)}
            </div>
            <Show when=move || used.get()>
                <FilterOptions typing/>
            </Show>
            {rest}
            <div class="filter-mistake-place" id="filter-mistake" aria-live="polite">
                {move || shown_mistake.get().map(|error| view! { <Mistake text=text.get() error/> })}
            </div>
        </form>
    }
    .into_any()
}

/// What is set in the address, or shown: words and what they mean.
type Pairs = &'static [(&'static str, &'static str)];

/// What stands behind a filter's text: the way to no filter, by which the address is `cleared`, and help with the search language
/// of one of MLflow's functions. An example that is chosen stands in the box.
pub fn filter_end(
    address: Address,
    asked: Memo<String>,
    (text, input): (RwSignal<String>, NodeRef<html::Input>),
    cleared: Pairs,
    language: &'static str,
    examples: Pairs,
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
                href=move || address.with(cleared)
                aria-label="Clear filter"
                title="Clear filter"
                data-noscroll=""
            >
                {Icon::Close.draw()}
            </a>
        </Show>
        <Menu label="Filter help" class="icon-button" end=true face=ViewFn::from(|| Icon::Help.draw())>
            <div class="filter-help">
                <p>"Filters are written as in MLflow's " <code>{language}</code> ":"</p>
                <ul>{examples.iter().map(line).collect_view()}</ul>
            </div>
        </Menu>
    }
    .into_any()
}

/// The filter with its mistake underlined, and what is wrong with it.
#[component]
pub fn Mistake(
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
