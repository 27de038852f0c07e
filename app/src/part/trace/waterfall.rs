//! The steps of a trace along time: a row each, with a bar, and beneath each step its own ones.
//!
//! Without scripts it is a table whose links lead to the steps. With them, arrows go from row to row, open and close them.

use super::{took, type_class, type_word};
use crate::part::{address::Address, icon::Icon, number::count};
use leptos::{attr::custom::custom_attribute, ev, prelude::*};
use model::{
    page::trace::SpanRow,
    trace::span::{Nanos, SpanId, SpanStatus},
};
use std::collections::HashSet;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// How far a step stands to the right of what it is a part of, in CSS pixels, and how many of these are told apart.
const STEP: u32 = 14;
const DEEPEST: u32 = 16;
/// The least part of the width that a bar takes, in percent.
const THIN: f64 = 0.5;

/// What the rows share.
#[derive(Clone, Copy)]
pub struct Waterfall {
    /// The address, where the chosen step is.
    pub address: Address,
    /// The chosen step.
    pub chosen: Memo<Option<SpanId>>,
    /// Steps whose own ones aren't shown.
    pub folded: RwSignal<HashSet<SpanId>>,
}

/// The table of steps; `window` is when the first begins and the last ends.
pub fn waterfall(of: Waterfall, spans: &[SpanRow], window: (Nanos, Nanos)) -> AnyView {
    let depths: Vec<(SpanId, u32)> = spans.iter().map(|row| (row.id, row.depth)).collect();
    let hidden = Memo::new(move |_| of.folded.with(|folded| hidden_by(folded, &depths)));
    // The links are those of this moment: with scripts nobody follows them.
    let base = untrack(|| of.address.with(&[("span", "")]));
    let link = move |id: SpanId| {
        let sign = if base.contains('?') { '&' } else { '?' };
        format!("{base}{sign}span={id}")
    };
    let rows = spans.iter().enumerate().map(|(place, row)| {
        let is_parent = spans.get(place + 1).is_some_and(|next| next.depth > row.depth);
        line(of, row, link(row.id), is_parent, hidden, window)
    });
    let rows = rows.collect_view();
    let length = took(window.1 - window.0);
    view! {
        <div class="table-frame span-frame" role="region" aria-label="Steps" tabindex="0">
            <table class="grid spans" role="treegrid" aria-label="Steps">
                <thead>
                    <tr>
                        <th scope="col" class="span-name">"Step"</th>
                        <th scope="col" class="span-type">"Type"</th>
                        <th scope="col" class="num">"Duration"</th>
                        <th scope="col" class="span-bar">
                            <span class="span-scale"><span>"0"</span><span>{length}</span></span>
                        </th>
                    </tr>
                </thead>
                <tbody on:click=move |event| click(of, &event) on:keydown=move |event| press(of, &event)>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// The kinds of steps that there are, with their colours.
pub fn legend(spans: &[SpanRow]) -> AnyView {
    let entry = |(word, class, many): (String, &'static str, u64)| {
        view! {
            <li>
                <span class=format!("step-dot {class}") aria-hidden="true"></span>
                {word}
                " "
                <span class="muted">{count(many)}</span>
            </li>
        }
    };
    view! { <ul class="span-legend" aria-label="Types of steps">{kinds(spans).into_iter().map(entry).collect_view()}</ul> }
        .into_any()
}

fn kinds(spans: &[SpanRow]) -> Vec<(String, &'static str, u64)> {
    let mut kinds: Vec<(String, &'static str, u64)> = Vec::new();
    for row in spans {
        let word = type_word(&row.span_type);
        match kinds.iter_mut().find(|kind| kind.0 == word) {
            Some(kind) => kind.2 += 1,
            None => kinds.push((word, type_class(&row.span_type), 1)),
        }
    }
    kinds
}

/// The rows that folded ones hide. Each row stands before its own ones.
fn hidden_by(folded: &HashSet<SpanId>, depths: &[(SpanId, u32)]) -> HashSet<SpanId> {
    let mut hidden = HashSet::new();
    let mut above = None;
    for (id, depth) in depths {
        if above.is_some_and(|above| *depth > above) {
            hidden.insert(*id);
        } else {
            above = folded.contains(id).then_some(*depth);
        }
    }
    hidden
}

/// Where a bar begins and how wide it is, in percent.
fn bar_of(row: &SpanRow, (first, last): (Nanos, Nanos)) -> (f64, f64) {
    let whole = last.saturating_sub(first).max(1) as f64;
    let part = |from: Nanos, to: Nanos| to.saturating_sub(from) as f64 / whole * 100.0;
    let wide = part(row.start, row.end.unwrap_or(last)).clamp(THIN, 100.0);
    let left = part(first, row.start).clamp(0.0, 100.0 - wide);
    (left, wide)
}

fn line(
    of: Waterfall,
    row: &SpanRow,
    href: String,
    is_parent: bool,
    hidden: Memo<HashSet<SpanId>>,
    window: (Nanos, Nanos),
) -> AnyView {
    let id = row.id;
    let name = if row.name.is_empty() { "(no name)".to_owned() } else { row.name.clone() };
    let is_open = move || is_parent.then(|| (!of.folded.read().contains(&id)).to_string());
    let is_chosen = Memo::new(move |_| of.chosen.get() == Some(id));
    let indent = (row.depth.min(DEEPEST) * STEP).to_string();
    let class = type_class(&row.span_type);
    let (left, wide) = bar_of(row, window);
    let long = row.end.map_or_else(|| "running".to_owned(), |end| took(end.saturating_sub(row.start)));
    let expander = match is_parent {
        true => view! {
            <button
                type="button"
                class="expander"
                tabindex="-1"
                aria-expanded=is_open
                aria-label=format!("Steps of {name}")
            >
                {Icon::ChevronRight.draw()}
            </button>
        }
        .into_any(),
        false => view! { <span class="expander"></span> }.into_any(),
    };
    let level = (row.depth + 1).to_string();
    view! {
        <tr
            id=row_id(id)
            aria-expanded=is_open
            class:chosen=move || is_chosen.get()
            class:found=row.is_found
            class:open=row.end.is_none()
            hidden=move || hidden.read().contains(&id)
        >
            <th scope="row" class="span-name">
                <div class="span-line">
                    <svg class="span-indent" width=indent height="1" aria-hidden="true" focusable="false"></svg>
                    {expander}
                    <span class=format!("step-dot {class}") aria-hidden="true"></span>
                    <a href=href aria-current=move || is_chosen.get().then_some("true") title=name.clone()>{name.clone()}</a>
                    {(row.status == SpanStatus::Error).then(|| view! { <span class="chip bad">"Error"</span> })}
                </div>
            </th>
            <td class="span-type">{type_word(&row.span_type)}</td>
            <td class="num">{long}</td>
            <td class="span-bar">
                <svg class=format!("span-drawn {class}") width="100%" height="12" aria-hidden="true" focusable="false">
                    <rect x=format!("{left:.3}%") y="2" width=format!("{wide:.3}%") height="8" rx="2"></rect>
                </svg>
            </td>
        </tr>
    }
    .add_any_attr(custom_attribute("aria-level", level))
    .into_any()
}

fn row_id(id: SpanId) -> String {
    format!("span-{id}")
}

/// The row in which something happened, and the step in it.
fn row_of(event: &ev::Event) -> Option<(Element, SpanId)> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    let row = target.closest("tr[aria-level]").ok()??;
    let id = row.id().strip_prefix("span-")?.parse().ok()?;
    Some((row, id))
}

fn click(of: Waterfall, event: &ev::MouseEvent) {
    let Some((_, id)) = row_of(event) else { return };
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let is_in =
        |what: &str| target.as_ref().is_some_and(|target| target.closest(what).ok().flatten().is_some());
    if is_in("button") {
        return toggle(of, id);
    }
    // Elsewhere on purpose: a new tab, a new window.
    if event.ctrl_key() || event.meta_key() || event.shift_key() {
        return;
    }
    event.prevent_default();
    of.address.set(&[("span", &id.to_string())]);
}

fn toggle(of: Waterfall, id: SpanId) {
    of.folded.update(|folded| {
        if !folded.remove(&id) {
            folded.insert(id);
        }
    });
}

fn press(of: Waterfall, event: &ev::KeyboardEvent) {
    // The browser's own: Alt and an arrow lead back.
    if event.alt_key() || event.ctrl_key() || event.meta_key() || event.shift_key() {
        return;
    }
    let Some((row, id)) = row_of(event) else { return };
    let is_open = row.get_attribute("aria-expanded");
    let done = match event.key().as_str() {
        "ArrowDown" => focus(beside(&row, Element::next_element_sibling)),
        "ArrowUp" => focus(beside(&row, Element::previous_element_sibling)),
        "ArrowRight" if is_open.as_deref() == Some("false") => {
            toggle(of, id);
            true
        }
        "ArrowRight" if is_open.is_some() => focus(beside(&row, Element::next_element_sibling)),
        "ArrowLeft" if is_open.as_deref() == Some("true") => {
            toggle(of, id);
            true
        }
        "ArrowLeft" => focus(parent_of(&row)),
        "Home" => focus(row.parent_element().and_then(|body| body.first_element_child())),
        "End" => focus(last_of(&row)),
        _ => false,
    };
    if done {
        event.prevent_default();
    }
}

/// The next row in a direction that is seen.
fn beside(row: &Element, next: impl Fn(&Element) -> Option<Element>) -> Option<Element> {
    let mut at = next(row)?;
    while at.has_attribute("hidden") {
        at = next(&at)?;
    }
    Some(at)
}

fn level_of(row: &Element) -> Option<u32> {
    row.get_attribute("aria-level")?.parse().ok()
}

fn parent_of(row: &Element) -> Option<Element> {
    let level = level_of(row)?;
    let mut at = row.previous_element_sibling()?;
    while level_of(&at)? >= level {
        at = at.previous_element_sibling()?;
    }
    Some(at)
}

fn last_of(row: &Element) -> Option<Element> {
    let last = row.parent_element()?.last_element_child()?;
    if last.has_attribute("hidden") { beside(&last, Element::previous_element_sibling) } else { Some(last) }
}

/// Gives the focus to the link of a row. Returns whether there is one.
fn focus(row: Option<Element>) -> bool {
    let link = row.and_then(|row| row.query_selector("a").ok().flatten());
    let link = link.and_then(|link| link.dyn_into::<HtmlElement>().ok());
    link.is_some_and(|link| link.focus().is_ok())
}

/// The step whose row has the focus.
pub fn focused() -> Option<SpanId> {
    let active = document().active_element()?;
    let row = active.closest("tr[aria-level]").ok()??;
    row.id().strip_prefix("span-")?.parse().ok()
}

/// Gives the focus back to the row of a step that was made anew.
pub fn focus_again(id: SpanId) {
    focus(document().get_element_by_id(&row_id(id)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(depth: u32, start: Nanos, end: Option<Nanos>) -> SpanRow {
        SpanRow {
            id: SpanId(1),
            depth,
            name: "step".to_owned(),
            span_type: "LLM".to_owned(),
            status: SpanStatus::Ok,
            start,
            end,
            is_found: false,
        }
    }

    #[test]
    fn folded_rows_hide_their_own() {
        let depths: Vec<(SpanId, u32)> = [0, 1, 2, 1, 0, 1]
            .into_iter()
            .enumerate()
            .map(|(id, depth)| (SpanId(id as u64), depth))
            .collect();
        let check = |folded: &[u64], expected: &[u64]| {
            let folded = folded.iter().map(|id| SpanId(*id)).collect();
            let mut hidden: Vec<u64> = hidden_by(&folded, &depths).into_iter().map(|id| id.0).collect();
            hidden.sort_unstable();
            assert_eq!(hidden, expected);
        };
        check(&[], &[]);
        check(&[1], &[2]);
        check(&[0], &[1, 2, 3]);
        check(&[0, 1, 4], &[1, 2, 3, 5]);
        check(&[5], &[]);
    }

    #[test]
    fn bars_stay_within_the_window() {
        let check =
            |start, end, expected: (f64, f64)| assert_eq!(bar_of(&row(0, start, end), (100, 300)), expected);
        check(100, Some(300), (0.0, 100.0));
        check(150, Some(200), (25.0, 25.0));
        check(200, None, (50.0, 50.0));
        check(300, Some(300), (99.5, 0.5));
        check(100, Some(100), (0.0, 0.5));
        assert_eq!(bar_of(&row(0, 5, Some(5)), (5, 5)), (0.0, 0.5));
    }

    #[test]
    fn kinds_are_counted() {
        let mut other = row(0, 0, None);
        other.span_type = "UNKNOWN".to_owned();
        let told = kinds(&[row(0, 0, None), other, row(1, 0, None)]);
        assert_eq!(told, [("LLM".to_owned(), "step-llm", 2), ("Other".to_owned(), "step-other", 1)]);
    }
}
