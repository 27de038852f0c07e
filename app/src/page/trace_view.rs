use crate::{
    api::{Answer, Fault, fetch, read_span, trace_page},
    part::{
        address::{Address, Query},
        answered::Answered,
        copy::CopyButton,
        empty::Empty,
        icon::Icon,
        number::{count, counted},
        run_overview::entry,
        search_box::SearchBox,
        time::{Ago, duration},
        toast::Toasts,
        trace::{
            state_badge,
            step::step,
            table::FILTER,
            thoughts::{Card, form, thoughts},
            waterfall::{Waterfall, focus_again, focused, legend, waterfall},
        },
    },
};
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use model::{
    ExperimentId, Permission, Problem, TraceId,
    filter::{Key, Text},
    page::trace::{SPANS_SHOWN, SpanShown, Tokens, TracePage, TraceQuestion},
    run::Tag,
    trace::{TraceState, key, span::SpanId},
};
use std::{collections::HashSet, time::Duration};

/// How often a trace that isn't answered yet is asked for anew.
const REFRESH: Duration = Duration::from_secs(5);

/// Which steps are asked for: those with this text, so many rows.
type Asked = (String, u32);

/// A trace that is looked at.
#[derive(Clone, Copy)]
struct Seen {
    /// As the server last told of it.
    page: RwSignal<TracePage>,
    asked: Memo<Asked>,
    chosen: Memo<Option<SpanId>>,
    /// The chosen step in full.
    shown: Answer<Option<SpanShown>>,
}

/// One trace.
#[component]
pub fn TraceView() -> AnyView {
    let params = use_params_map();
    let address = Address::here();
    let trace = Memo::new(move |_| params.read().get_str("trace").and_then(|id| id.parse::<TraceId>().ok()));
    let first = trace.get_untracked();
    // As from run to run: parts of the one before would outlive what they read.
    Effect::new(move || {
        if trace.get().is_some_and(|trace| Some(trace) != first) {
            _ = window().location().assign(&untrack(|| address.whole()));
        }
    });
    let here = StoredValue::new(untrack(|| address.path()));
    // Whoever leaves asks for nothing more.
    let is_here = Memo::new(move |_| here.with_value(|here| address.is_at(here)));
    let asked = Memo::new(move |before: Option<&Asked>| match before {
        Some(before) if !is_here.get() => before.clone(),
        _ => {
            let rows = address.get("rows").and_then(|rows| rows.parse().ok());
            (address.text("q").trim().to_owned(), rows.unwrap_or(SPANS_SHOWN))
        }
    });
    let chosen = Memo::new(move |before: Option<&Option<SpanId>>| match before {
        Some(before) if !is_here.get() => *before,
        _ => address.get("span").and_then(|span| span.parse().ok()),
    });
    let page = fetch(
        || (),
        move |()| {
            let asked = asked.get_untracked();
            async move {
                match first {
                    Some(trace) => ask(trace, asked).await,
                    None => Err(Fault(Problem::missing("There is no trace with this id."))),
                }
            }
        },
    );
    let shown = fetch(
        move || chosen.get(),
        move |span| async move {
            match first {
                Some(trace) => read_span(trace, span).await,
                None => Ok(None),
            }
        },
    );
    view! {
        <div class="page">
            <Answered answer=page bars=8 show={move |page: TracePage| {
                let seen = Seen { page: RwSignal::new(page), asked, chosen, shown };
                keep_fresh(seen);
                loaded(seen, address)
            }}/>
        </div>
    }
    .into_any()
}

async fn ask(trace: TraceId, (text, rows): Asked) -> Result<TracePage, Fault> {
    trace_page(TraceQuestion { trace, text, rows }).await
}

/// Asks for the trace as it is now.
fn refresh(seen: Seen) {
    let Seen { page, asked, chosen, shown } = seen;
    let Some(id) = page.try_with_untracked(|page| page.id) else { return };
    let Some(question) = asked.try_get_untracked() else { return };
    spawn_local(async move {
        // What is shown stays while the server is out of reach. The answer to an older question is dropped.
        let Ok(now) = ask(id, question.clone()).await else { return };
        if asked.try_get_untracked() != Some(question) {
            return;
        }
        if page.try_with_untracked(|page| *page != now) == Some(true) {
            let at = focused();
            let chosen = chosen.try_get_untracked().flatten();
            let goes_on = page.with_untracked(|page| may_go_on(page, chosen));
            page.set(now);
            if goes_on {
                shown.refetch();
            }
            if let Some(at) = at {
                request_animation_frame(move || focus_again(at));
            }
        }
    });
}

/// Whether there may be more to the chosen step by now. One that is ended stays as it is; without a choice it is the first, which
/// another one may have become.
fn may_go_on(before: &TracePage, chosen: Option<SpanId>) -> bool {
    let is_ended = |id: SpanId| before.spans.iter().any(|row| row.id == id && row.end.is_some());
    before.state == TraceState::InProgress && !chosen.is_some_and(is_ended)
}

/// Asks again when other steps are asked for, and while the trace isn't answered yet and somebody looks.
fn keep_fresh(seen: Seen) {
    let Seen { page, asked, .. } = seen;
    Effect::watch(move || asked.get(), move |_, _, _| refresh(seen), false);
    let is_underway = Memo::new(move |_| page.read().state == TraceState::InProgress);
    Effect::new(move || {
        if !is_underway.get() {
            return;
        }
        let again = move || {
            if !document().hidden() {
                refresh(seen);
            }
        };
        let tick = set_interval_with_handle(again, REFRESH);
        on_cleanup(move || {
            if let Ok(tick) = tick {
                tick.clear();
            }
        });
    });
}

fn loaded(seen: Seen, address: Address) -> AnyView {
    let Seen { page, asked, chosen, shown } = seen;
    let of = Waterfall { address, chosen, folded: RwSignal::new(HashSet::new()) };
    let first = page.read_untracked();
    let (id, may_edit) = (first.id, first.permission >= Permission::Edit);
    let (experiment, experiment_name) = (first.experiment, first.experiment_name.clone());
    drop(first);
    let name = Memo::new(move |_| page.read().name.clone());
    let title = move || {
        let name = name.try_get().unwrap_or_default();
        if name.is_empty() { "Trace".to_owned() } else { name }
    };
    let said = Memo::new(move |_| page.read().thoughts.clone());
    let steps = Memo::new(move |_| {
        let page = page.read();
        (page.spans.clone(), page.window, page.trouble.clone())
    });
    let is_searched = Memo::new(move |_| !asked.read().0.is_empty());
    let rows = move || {
        let steps = steps.read();
        let (spans, window, trouble) = &*steps;
        match trouble {
            Some(why) => view! { <p class="banner">{why.clone()}</p> }.into_any(),
            None if spans.is_empty() && is_searched.get() => {
                view! { <p class="none-found">"No step has this in it."</p> }.into_any()
            }
            None if spans.is_empty() => view! {
                <Empty icon=Icon::Tree title="No steps">
                    <p class="muted">"None came, or they are not here yet."</p>
                </Empty>
            }
            .into_any(),
            None => view! { {legend(spans)} {waterfall(of, spans, *window)} }.into_any(),
        }
    };
    let card = Card {
        trace: id,
        may_edit,
        step: chosen,
        changed: Callback::new(move |()| refresh(seen)),
        toasts: Toasts::here(),
    };
    let panel = move |span: Option<SpanShown>| match span {
        // Of a trace whose first step came late, it is known only by now when it begins.
        Some(span) => step(span, page.try_with_untracked(|page| page.window.0).unwrap_or_default()),
        None => view! { <p class="none-yet">"There is no such step."</p> }.into_any(),
    };
    view! {
        <Title text=title/>
        <header class="page-head">
            <nav class="crumbs" aria-label="Breadcrumb">
                <a href="/experiments">"Experiments"</a>
                <span aria-hidden="true">"/"</span>
                <a href=format!("/experiments/{experiment}")>{experiment_name}</a>
                <span aria-hidden="true">"/"</span>
                <a href=format!("/experiments/{experiment}?tab=traces")>"Traces"</a>
            </nav>
            <div class="page-title">
                <h1>{title}</h1>
                {move || state_badge(page.read().state)}
                <span class="run-id">
                    <code>{id.to_string()}</code>
                    <CopyButton text=Signal::stored(id.to_string()) what="trace id"/>
                </span>
            </div>
        </header>
        <div class="trace-head">
            <section class="card" aria-label="Details">{move || details(&page.read())}</section>
            <section class="card" aria-labelledby="thoughts-title">
                <h2 id="thoughts-title">"Assessments"</h2>
                {move || thoughts(card, said.get())}
                {may_edit.then(|| view! {
                    <details class="fold">
                        <summary>"Say what you think"</summary>
                        {form(card)}
                    </details>
                })}
            </section>
        </div>
        <div class="trace-body">
            <div class="trace-steps">
                <form class="trace-find" method="get" role="search" on:submit=|event| event.prevent_default()>
                    <SearchBox
                        label="Find in steps"
                        text=Signal::derive(move || address.text("q"))
                        on_change=move |text: String| address.set(&[("q", text.as_str()), ("rows", "")])
                    />
                    <span class="muted" role="status">{move || summary(&page.read(), is_searched.get())}</span>
                </form>
                {rows}
                {move || more(address, &page.read())}
            </div>
            <section class="card trace-panel" aria-label="Chosen step">
                <Answered answer=shown bars=6 show=panel/>
            </section>
        </div>
    }
    .into_any()
}

/// How many steps there are, or how many were found.
fn summary(page: &TracePage, is_searched: bool) -> String {
    match is_searched {
        true => format!("in {}", counted(page.found, "step")),
        false => counted(page.rows, "step"),
    }
}

/// The way to more rows, if there are any.
fn more(address: Address, page: &TracePage) -> Option<AnyView> {
    let shown = page.spans.len() as u64;
    let left = page.rows.saturating_sub(shown);
    (left > 0).then(|| {
        let next = (shown + u64::from(SPANS_SHOWN)).to_string();
        let href = move || address.with(&[("rows", &next)]);
        let words = format!("Show more: {} of {} are here", count(shown), count(page.rows));
        view! { <p><a class="button" href=href data-noscroll="">{words}</a></p> }.into_any()
    })
}

fn details(page: &TracePage) -> AnyView {
    let run = page.run.as_ref().map(|run| {
        let href = format!("/experiments/{}/runs/{}", run.experiment, run.id);
        entry("Run", view! { <a href=href>{run.name.clone()}</a> })
    });
    let alike = |word: &'static str, key: &'static str, value: &Option<String>| {
        let value = value.clone()?;
        let shown = match with_metadata(page.experiment, key, &value) {
            Some(href) => view! { <a href=href>{value}</a> }.into_any(),
            None => value.into_any(),
        };
        Some(entry(word, shown))
    };
    let pairs = page.tags.len() + page.metadata.len();
    let request = page.client_request_id.clone();
    view! {
        <dl class="details">
            {entry("Time", view! { <Ago at=page.time/> })}
            {entry("Duration", page.duration.map_or_else(|| "–".to_owned(), duration))}
            {page.tokens.map(|tokens| entry("Tokens", token_words(tokens)))}
            {run}
            {alike("Session", key::SESSION, &page.session)}
            {alike("User", key::USER, &page.user)}
            {request.map(|request| entry("Request id", view! { <code>{request}</code> }))}
        </dl>
        {(pairs > 0).then(|| view! {
            <details class="fold">
                <summary>{format!("{} and {} of metadata", counted(page.tags.len() as u64, "tag"), counted(page.metadata.len() as u64, "pair"))}</summary>
                {pair_table("Tags", &page.tags)}
                {pair_table("Metadata", &page.metadata)}
            </details>
        })}
    }
    .into_any()
}

fn pair_table(label: &'static str, pairs: &[Tag]) -> Option<AnyView> {
    let row = |pair: &Tag| {
        view! {
            <tr>
                <th scope="row" title=pair.key.clone()>{pair.key.clone()}</th>
                <td class="value">{pair.value.clone()}</td>
            </tr>
        }
    };
    (!pairs.is_empty()).then(|| {
        view! {
            <table class="grid pairs step-pairs" aria-label=label>
                <tbody>{pairs.iter().map(row).collect_view()}</tbody>
            </table>
        }
        .into_any()
    })
}

/// The table of the traces that have this in their metadata, if a filter can say it.
fn with_metadata(experiment: ExperimentId, key: &str, value: &str) -> Option<String> {
    let filter = format!("metadata.{} = {}", Key::new(key)?, Text::new(value)?);
    let query = Query::default().with("tab", "traces").with(FILTER, &filter);
    Some(format!("/experiments/{experiment}{query}"))
}

fn token_words(tokens: Tokens) -> String {
    let all = count(tokens.total);
    match (tokens.input, tokens.output) {
        (Some(input), Some(output)) => format!("{all}: {} in, {} out", count(input), count(output)),
        _ => all,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_told_in_words() {
        let check = |input, output, expected: &str| {
            assert_eq!(token_words(Tokens { input, output, total: 1_234 }), expected);
        };
        check(Some(1_000), Some(234), "1,234: 1,000 in, 234 out");
        check(None, Some(234), "1,234");
    }

    #[test]
    fn traces_with_the_same_metadata_are_found() {
        let check = |value: &str| with_metadata(ExperimentId(3), key::SESSION, value);
        let address = check("s-1").unwrap();
        assert!(
            address.starts_with("/experiments/3?tab=traces&where=metadata.mlflow.trace.session+"),
            "{address}"
        );
        assert_eq!(check("'\""), None);
    }
}
