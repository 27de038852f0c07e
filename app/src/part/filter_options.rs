//! What can come next in the filter box: a list below it, of words, keys and values. The box keeps the focus; what is chosen
//! stands in it, and nothing is filtered by it until the box is sent.

use crate::{
    api::{Fault, find_trace_words, find_values, find_values_of_all, search_keys, search_keys_of_all},
    part::{
        filter_box::{Filtered, Typing, Wording},
        later::{Loaded, later},
        number::counted,
        pause::after_pause,
    },
};
use leptos::{ev, html, prelude::*, task::spawn_local, wasm_split::wasm_split};
use model::{
    ExperimentId, RunId,
    filter::{
        Completion, Expected, FieldOf, Key, KeysOf, MetricFigure, RUN_LANGUAGE, Subject, TRACE_LANGUAGE,
        TraceWords,
    },
    page::{KeyKind, KeysFound, trace::TraceWordsQuery},
};
use std::time::Duration;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement};

/// How long nothing is typed before the server is asked.
const PAUSE: Duration = Duration::from_millis(150);
/// How many are listed at most.
const SHOWN: usize = 50;

/// The id of the list.
pub fn options_id(wording: &Wording) -> String {
    format!("{}-options", wording.id)
}

/// The id of one of the list.
pub fn option_id(wording: &Wording, index: usize) -> String {
    format!("{}-option-{index}", wording.id)
}

/// The list below the filter box.
#[component]
pub fn FilterOptions(
    /// What it shares with the box.
    typing: Typing,
) -> AnyView {
    later(list, typing, || ().into_any())
}

/// The code of the list.
#[wasm_split(work, wasm_split_path = leptos::wasm_split, fallible)]
fn list() -> Loaded<Typing> {
    Ok(drawn)
}

/// One of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Choice {
    word: String,
    hint: &'static str,
}

impl Choice {
    fn plain(word: String) -> Self {
        Self { word, hint: "" }
    }
}

/// What a word of the languages says.
fn hint(word: &str, expected: &Expected) -> &'static str {
    match word {
        "metrics." => "last value of a metric",
        "min_metrics." => "the least it ever was",
        "max_metrics." => "the greatest it ever was",
        "start_time" | "end_time" | "created" | "timestamp" => "milliseconds since 1970",
        "datasets." => "name, digest, context",
        "attributes." if *expected == Expected::Name => "what every run has",
        "attributes." => "what is known of a step",
        "execution_time" => "milliseconds that it took",
        "feedback." => "what was thought of it",
        "expectation." => "what it should have been",
        "span." => "name, type, content … of a step",
        "text" | "content" => "somewhere in a step",
        "prompt" => "name/version",
        "user_id" => "who started it",
        "LIKE" => "part of a text: '%net%'",
        "ILIKE" => "the same in any case",
        "IS NULL" => "isn't there",
        "IS NOT NULL" => "is there",
        _ => "",
    }
}

/// What can be chosen without asking the server.
fn words(completion: &Completion) -> Vec<Choice> {
    let choice =
        |word: &'static str| Choice { word: word.to_owned(), hint: hint(word, &completion.expected) };
    completion.words().into_iter().map(choice).collect()
}

/// Whether the server knows more.
fn is_asked(completion: &Completion) -> bool {
    match completion.expected {
        Expected::Key(_) | Expected::Value(Subject::Field(_), _) => true,
        Expected::Name => !completion.part.is_empty(),
        _ => false,
    }
}

/// Whose words the server is asked for.
#[derive(Clone, Copy)]
enum Among {
    /// Those of runs; of all experiments without one.
    Runs(Option<ExperimentId>),
    /// Those of traces; of this run, if there is one.
    Traces(ExperimentId, Option<RunId>),
}

impl Among {
    fn now(filtered: Filtered) -> Self {
        match filtered {
            Filtered::Runs(experiment) => Self::Runs(Some(experiment.get_untracked())),
            Filtered::AllRuns => Self::Runs(None),
            Filtered::Traces(experiment, run) => Self::Traces(experiment, run),
        }
    }
}

/// What the server knows.
async fn ask(among: Among, completion: Completion) -> Result<Vec<Choice>, Fault> {
    let words = match among {
        Among::Runs(experiment) => ask_runs(experiment, completion).await?,
        Among::Traces(experiment, run) => ask_traces(experiment, run, completion).await?,
    };
    Ok(words.into_iter().map(Choice::plain).collect())
}

async fn ask_keys(experiment: Option<ExperimentId>, part: String) -> Result<KeysFound, Fault> {
    match experiment {
        Some(experiment) => search_keys(experiment, part).await,
        None => search_keys_of_all(part).await,
    }
}

async fn ask_runs(experiment: Option<ExperimentId>, completion: Completion) -> Result<Vec<String>, Fault> {
    let part = completion.part;
    Ok(match completion.expected {
        Expected::Key(KeysOf::Run(kind)) => {
            let KeysFound { metrics, params, tags, .. } = ask_keys(experiment, part).await?;
            let keys = match kind {
                KeyKind::Metric => metrics,
                KeyKind::Param => params,
                KeyKind::Tag => tags,
            };
            keys.into_iter().filter(|key| Key::new(key.as_str()).is_some()).collect()
        }
        Expected::Name => {
            let KeysFound { metrics, params, tags, .. } = ask_keys(experiment, part).await?;
            [(MetricFigure::Last.prefix(), metrics), ("params", params), ("tags", tags)]
                .into_iter()
                .flat_map(|(prefix, keys)| {
                    keys.into_iter().filter_map(Key::new).map(move |key| format!("{prefix}.{key}"))
                })
                .collect()
        }
        Expected::Value(Subject::Field(FieldOf::Run(field)), _) => match experiment {
            Some(experiment) => find_values(experiment, field, part).await?,
            None => find_values_of_all(field, part).await?,
        },
        _ => Vec::new(),
    })
}

async fn ask_traces(
    experiment: ExperimentId,
    run: Option<RunId>,
    completion: Completion,
) -> Result<Vec<String>, Fault> {
    let words = match completion.expected {
        Expected::Key(KeysOf::Trace(keys)) => TraceWords::Keys(keys),
        Expected::Name => TraceWords::Names,
        Expected::Value(Subject::Field(FieldOf::Trace(field)), _) => TraceWords::Values(field),
        _ => return Ok(Vec::new()),
    };
    find_trace_words(TraceWordsQuery { experiment, run, words, text: completion.part }).await
}

/// The byte of a text before which so many UTF-16 units lie, as browsers count.
fn byte_at(text: &str, units: usize) -> usize {
    let mut left = units;
    for (at, character) in text.char_indices() {
        if left < character.len_utf16() {
            return at;
        }
        left -= character.len_utf16();
    }
    text.len()
}

fn caret(input: &HtmlInputElement, text: &str) -> usize {
    let units = input.selection_start().ok().flatten();
    byte_at(text, units.map_or(usize::MAX, |units| units as usize))
}

fn drawn(typing: Typing) -> AnyView {
    let Typing { filtered, wording, input, text, typed, open, active, keys } = typing;
    let language = match filtered {
        Filtered::Runs(_) | Filtered::AllRuns => &RUN_LANGUAGE,
        Filtered::Traces(..) => &TRACE_LANGUAGE,
    };
    let list = NodeRef::<html::Ul>::new();
    let found = RwSignal::new(Vec::<Choice>::new());
    let left = RwSignal::new(String::new());
    let place = StoredValue::new(None::<Completion>);
    // Which question is the latest: answers to others are dropped.
    let question = StoredValue::new(0_u32);
    let is_wanted = StoredValue::new(false);

    let close = move || {
        open.set(false);
        question.update_value(|question| *question += 1);
    };
    let show = move |choices: Vec<Choice>, picks: bool| {
        let stays = |index: &usize| found.with_untracked(|found| found.get(*index) == choices.get(*index));
        let kept = active.get_untracked().filter(|index| open.get_untracked() && stays(index));
        let first = (picks && !choices.is_empty()).then_some(0);
        active.set(kept.filter(|index| *index < choices.len()).or(first));
        open.set(!choices.is_empty());
        found.set(choices);
    };
    Effect::new(move || {
        if typed.get() == 0 {
            return;
        }
        let Some(input) = input.get_untracked() else { return };
        let now = text.get_untracked();
        let completion = language.complete(&now, caret(&input, &now));
        question.update_value(|question| *question += 1);
        let asked = question.get_value();
        let wanted = is_wanted.try_update_value(std::mem::take).unwrap_or_default();
        let before = now.get(..completion.span.start).unwrap_or_default();
        // Right behind a value another condition may come, but nobody has begun one.
        let is_whole = completion.expected == Expected::And
            && completion.part.is_empty()
            && before.ends_with(|c: char| !c.is_whitespace());
        if is_whole && !wanted {
            open.set(false);
            return;
        }
        // With Enter a filter that is whole is sent.
        let picks = !completion.part.is_empty() && (wording.mistake)(&now).is_some();
        let mut choices = words(&completion);
        let goes_on = place.with_value(|before| {
            let before = before.as_ref();
            before.is_some_and(|before| {
                before.expected == completion.expected && before.span.start == completion.span.start
            })
        });
        if choices.is_empty() && goes_on {
            let part = completion.part.to_lowercase();
            choices = found.get_untracked();
            choices.retain(|choice| choice.word.to_lowercase().contains(&part));
        }
        let (columns, scrolled) = (before.chars().count(), input.scroll_left());
        left.set(format!(
            "clamp(0px, calc(2rem + {columns}ch - {scrolled}px), max(0px, calc(100% - 18rem)))"
        ));
        place.set_value(Some(completion.clone()));
        show(choices, picks);
        if !is_asked(&completion) {
            return;
        }
        let among = Among::now(filtered);
        let ask = move || {
            spawn_local(async move {
                let Ok(more) = ask(among, completion.clone()).await else { return };
                let is_here = document()
                    .active_element()
                    .is_some_and(|active| active == *input.unchecked_ref::<Element>());
                // The person may have typed on, or left.
                if question.try_get_value() != Some(asked) || !is_here {
                    return;
                }
                let mut choices = words(&completion);
                choices.extend(more);
                choices.truncate(SHOWN);
                show(choices, picks);
            });
        };
        after_pause(PAUSE, ask);
    });

    let accept = move |index: usize| {
        let word = found.with_untracked(|found| found.get(index).map(|choice| choice.word.clone()));
        let (Some(word), Some(completion), Some(input)) = (word, place.get_value(), input.get_untracked())
        else {
            return;
        };
        let Some((new, cursor)) = completion.accept(&text.get_untracked(), &word) else { return };
        let units = new[..cursor].encode_utf16().count();
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        input.set_value(&new);
        _ = input.set_selection_range(units, units);
        text.set(new);
        active.set(None);
        if matches!(completion.expected, Expected::Value(..)) {
            close();
        } else {
            typed.update(|typed| *typed += 1);
        }
    };
    let step = move |down: bool| {
        let count = found.with_untracked(Vec::len).max(1);
        let next = match active.get_untracked() {
            None if down => 0,
            None => count - 1,
            Some(index) => (index + if down { 1 } else { count - 1 }) % count,
        };
        active.set(Some(next));
    };
    keys.set_value(Some(Callback::new(move |event: ev::KeyboardEvent| {
        if event.is_composing() || event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let key = event.key();
        if !open.get_untracked() {
            if key == "ArrowDown" {
                event.prevent_default();
                is_wanted.set_value(true);
                typed.update(|typed| *typed += 1);
            } else if key == "Enter" {
                // What is on its way comes too late.
                close();
            }
            return;
        }
        match key.as_str() {
            "ArrowDown" | "ArrowUp" => {
                event.prevent_default();
                step(key == "ArrowDown");
            }
            "Enter" | "Tab" if !event.shift_key() => match active.get_untracked() {
                Some(index) => {
                    event.prevent_default();
                    accept(index);
                }
                None => close(),
            },
            "Escape" => {
                event.prevent_default();
                close();
            }
            "ArrowLeft" | "ArrowRight" | "Home" | "End" => close(),
            _ => {}
        }
    })));

    // The one that would be chosen is in sight.
    Effect::new(move || {
        let Some(index) = active.get() else { return };
        let option = document().get_element_by_id(&option_id(wording, index));
        let option = option.and_then(|option| option.dyn_into::<HtmlElement>().ok());
        let (Some(list), Some(option)) = (list.get_untracked(), option) else { return };
        let (top, bottom) = (option.offset_top(), option.offset_top() + option.offset_height());
        if top < list.scroll_top() {
            list.set_scroll_top(top);
        } else if bottom > list.scroll_top() + list.client_height() {
            list.set_scroll_top(bottom - list.client_height());
        }
    });

    let options = move || {
        let option = |(index, Choice { word, hint }): (usize, Choice)| {
            let is_active = move || (active.get() == Some(index)).to_string();
            let is_empty = word.is_empty();
            let shown = if is_empty { "(empty)".to_owned() } else { word };
            view! {
                <li
                    role="option"
                    id=option_id(wording, index)
                    aria-selected=is_active
                    on:click=move |_| accept(index)
                >
                    <span class="filter-option" class:faint=is_empty>{shown}</span>
                    {(!hint.is_empty()).then(|| view! { <span class="filter-option-hint">{hint}</span> })}
                </li>
            }
        };
        found.get().into_iter().enumerate().map(option).collect_view()
    };
    let told = move || open.get().then(|| counted(found.read().len() as u64, "suggestion"));
    view! {
        <ul
            id=options_id(wording)
            class="filter-options"
            role="listbox"
            aria-label="What can come next"
            node_ref=list
            hidden=move || !open.get()
            style:left=move || left.get()
            // The box keeps the focus.
            on:mousedown=move |event: ev::MouseEvent| event.prevent_default()
        >
            {options}
        </ul>
        <span class="visually-hidden" role="status">{told}</span>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_count_utf_16() {
        let check =
            |text: &str, units: usize, byte: usize| assert_eq!(byte_at(text, units), byte, "{text} {units}");
        check("", 0, 0);
        check("abc", 2, 2);
        check("abc", 9, 3);
        check("größe", 3, 4);
        check("a🦊b", 3, 5);
        check("a🦊b", 2, 1);
    }
}
