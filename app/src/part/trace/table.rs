//! The table of traces, on the pages of experiments and runs.

use super::{state_badge, token_count};
use crate::{
    api::{delete_traces, fetch, list_traces},
    part::{
        address::Address,
        answered::Answered,
        empty::Empty,
        filter_box::{FilterBox, Filtered, Wording, mistake},
        icon::Icon,
        later::{Loaded, with_page},
        live::Live,
        menu::Menu,
        number::{count, counted},
        time::{Ago, duration},
        toast::Toasts,
    },
};
use leptos::{ev, prelude::*, task::spawn_local, wasm_split::wasm_split};
use model::{
    ExperimentId, Permission, RunId, TraceId,
    filter::TraceCondition,
    page::trace::{Thought, TraceRow, TracesPage, TracesQuery},
};
use std::time::Duration;
use wasm_bindgen::JsCast;

/// The key of the filter in the address: that of the runs has another one.
pub const FILTER: &str = "where";
/// How often a table whose traces change is asked for anew, at most.
const REFRESH: Duration = Duration::from_secs(5);
/// Tags, and assessments, that a row shows.
const CHIPS: usize = 3;

/// The box for the search language of traces.
static WORDING: Wording = Wording {
    id: "trace-filter",
    key: FILTER,
    cleared: &[(FILTER, ""), ("after", "")],
    label: "Filter traces",
    placeholder: "status = 'ERROR' and span.type = 'LLM'",
    language: "search_traces",
    examples: &[
        ("status = 'ERROR'", "OK, ERROR or IN_PROGRESS"),
        ("name LIKE '%chat%'", "part of a text; ILIKE ignores case"),
        ("execution_time > 1000", "milliseconds that it took"),
        ("tags.team = 'search'", "a tag; metadata.… likewise"),
        ("span.type = 'LLM' AND span.status = 'ERROR'", "what a step is"),
        ("span.content ILIKE '%refund%'", "what is in a step"),
        ("feedback.good = 'false'", "what was thought of it; expectation.… likewise"),
    ],
    mistake: mistake::<TraceCondition>,
};

/// Whose traces.
#[derive(Clone, Copy)]
pub struct Of {
    experiment: ExperimentId,
    run: Option<RunId>,
}

/// The traces of an experiment, or those that a run has to do with.
#[component]
pub fn Traces(
    /// The experiment, or that of the run.
    experiment: ExperimentId,
    /// The run.
    #[prop(optional_no_strip)]
    run: Option<RunId>,
) -> AnyView {
    let waiting = || view! { <p class="muted" role="status">"Loading…"</p> }.into_any();
    with_page(load_table, Of { experiment, run }, waiting)
}

/// The code of the table.
#[wasm_split(trace, wasm_split_path = leptos::wasm_split, fallible)]
pub fn load_table() -> Loaded<Of> {
    Ok(drawn)
}

fn drawn(of: Of) -> AnyView {
    let address = Address::here();
    let again = RwSignal::new(0_u32);
    let here = untrack(|| address.path());
    let asked = Memo::new(move |before: Option<&TracesQuery>| {
        let is_here = address.is_at(&here) && address.text("tab") == "traces";
        match before {
            // Whoever leaves asks for nothing more.
            Some(before) if !is_here => before.clone(),
            _ => TracesQuery {
                experiment: of.experiment,
                run: of.run,
                filter: address.text(FILTER).trim().to_owned(),
                after: address.text("after"),
            },
        }
    });
    let page = fetch(move || (asked.get(), again.get()), |(asked, _)| list_traces(asked));
    let chosen = RwSignal::new(Vec::<TraceId>::new());
    // What is deleted must be in sight.
    Effect::watch(move || asked.get(), move |_, _, _| chosen.set(Vec::new()), false);
    let news = Live::pulse(Signal::stored(vec![format!("t{}", of.experiment)]), REFRESH);
    view! {
        <div class="toolbar">
            <FilterBox filtered=Filtered::Traces(of.experiment, of.run) wording=&WORDING/>
        </div>
        <Answered answer=page bars=8 show={move |page: TracesPage| {
            let page = RwSignal::new(page);
            // Whether rows weren't added, since their place wasn't in sight.
            let late = StoredValue::new(false);
            Effect::watch(move || news.track(), move |(), _, _| refresh(page, asked, chosen, late), false);
            Effect::new(move || {
                let scrolled = window_event_listener(ev::scroll, move |_| {
                    if late.try_get_value() == Some(true) && is_beginning_in_sight() {
                        refresh(page, asked, chosen, late);
                    }
                });
                on_cleanup(move || scrolled.remove());
            });
            table(of, address, page, (chosen, again))
        }}/>
    }
    .into_any()
}

/// Asks for the newest traces as they are now. What somebody looks at stays where it is: rows are added only at a beginning that is
/// in sight.
fn refresh(
    page: RwSignal<TracesPage>,
    asked: Memo<TracesQuery>,
    chosen: RwSignal<Vec<TraceId>>,
    late: StoredValue<bool>,
) {
    let Some(question) = asked.try_get_untracked().filter(|asked| asked.after.is_empty()) else { return };
    spawn_local(async move {
        // What is shown stays while the server is out of reach. The answer to an older question is dropped.
        let Ok(now) = list_traces(question.clone()).await else { return };
        if asked.try_get_untracked() != Some(question) {
            return;
        }
        let ids = ids_of(&now);
        let known = page.try_with_untracked(|page| (*page != now, ids_of(page) == ids));
        let Some((true, is_same)) = known else { return };
        let is_whole = is_same || is_beginning_in_sight();
        if late.try_update_value(|late| *late = !is_whole).is_none() {
            return;
        }
        let focus = focused();
        if let Some(focus) = focus {
            request_animation_frame(move || focus_again(&focus));
        }
        if !is_whole {
            page.update(|page| {
                for row in &mut page.rows {
                    if let Some(now) = now.rows.iter().find(|now| now.id == row.id) {
                        row.clone_from(now);
                    }
                }
            });
            return;
        }
        page.set(now);
        let is_gone = |id: &TraceId| !ids.contains(id);
        if chosen.with_untracked(|chosen| chosen.iter().any(is_gone)) {
            chosen.update(|chosen| chosen.retain(|id| ids.contains(id)));
        }
    });
}

/// The link or the box that has the focus: the address of its trace, and whether it is the box.
fn focused() -> Option<(String, bool)> {
    let active = document().active_element()?;
    let row = active.closest(".trace-table tbody tr").ok()??;
    let link = row.query_selector("th a").ok()??;
    Some((link.get_attribute("href")?, active.tag_name() == "INPUT"))
}

/// Gives the focus back to a row that was made anew, since it changed.
fn focus_again((address, is_box): &(String, bool)) {
    if document().active_element().is_some_and(|active| active.tag_name() != "BODY") {
        return;
    }
    let of_row = if *is_box { ".pick input" } else { "th a" };
    let link = document().query_selector(&format!(".trace-table th a[href=\"{address}\"]")).ok().flatten();
    let row = link.and_then(|link| link.closest("tr").ok().flatten());
    let found = row.and_then(|row| row.query_selector(of_row).ok().flatten());
    if let Some(found) = found.and_then(|found| found.dyn_into::<web_sys::HtmlElement>().ok()) {
        _ = found.focus();
    }
}

fn ids_of(page: &TracesPage) -> Vec<TraceId> {
    page.rows.iter().map(|row| row.id).collect()
}

/// Whether the first row is where one sees it, or there is none.
fn is_beginning_in_sight() -> bool {
    let Some(table) = document().query_selector(".trace-table").ok().flatten() else { return true };
    let is_scrolled = table.parent_element().is_some_and(|frame| frame.scroll_top() > 0);
    !is_scrolled && table.get_bounding_client_rect().top() >= 0.0
}

/// The traces that are chosen, and what is counted up to ask for the table again.
type State = (RwSignal<Vec<TraceId>>, RwSignal<u32>);

fn table(of: Of, address: Address, page: RwSignal<TracesPage>, state: State) -> AnyView {
    let is_first = untrack(|| address.get("after").is_none());
    let is_empty = Memo::new(move |_| is_first && page.read().rows.is_empty());
    let shown = move || match is_empty.get() {
        true => none(of, address),
        false => filled(of, address, page, state),
    };
    shown.into_any()
}

/// The table where there are rows.
fn filled(of: Of, address: Address, page: RwSignal<TracesPage>, (chosen, again): State) -> AnyView {
    let is_first = untrack(|| address.get("after").is_none());
    let may_delete = page.with_untracked(|page| page.permission >= Permission::Manage);
    let ids = Memo::new(move |_| ids_of(&page.read()));
    let next = Memo::new(move |_| page.read().next.clone());
    let pick_all = may_delete.then(|| {
        let is_all = move || {
            let (ids, chosen) = (ids.read(), chosen.read());
            !ids.is_empty() && ids.iter().all(|id| chosen.contains(id))
        };
        let choose = move |event: ev::Event| {
            chosen.set(if event_target_checked(&event) { ids.get_untracked() } else { Vec::new() });
        };
        view! {
            <th scope="col" class="pick">
                <input
                    type="checkbox"
                    aria-label="Select all traces of this page"
                    title="Select all traces of this page"
                    prop:checked=is_all
                    on:change=choose
                />
            </th>
        }
    });
    view! {
        {may_delete.then(|| bar(of, chosen, again))}
        <div class="table-frame" role="region" aria-label="Traces" tabindex="0">
            <table class="grid trace-table" aria-label="Traces">
                <thead>
                    <tr>
                        {pick_all}
                        <th scope="col">"Trace"</th>
                        <th scope="col">"Time"</th>
                        <th scope="col">"State"</th>
                        <th scope="col" class="num">"Duration"</th>
                        <th scope="col">"Request"</th>
                        <th scope="col">"Response"</th>
                        <th scope="col" class="num">"Tokens"</th>
                        <th scope="col">"Assessments"</th>
                        <th scope="col">"Tags"</th>
                    </tr>
                </thead>
                <tbody>
                    <For
                        each=move || page.get().rows
                        key=|row| row.clone()
                        children=move |row| line(row, may_delete.then_some(chosen))
                    />
                </tbody>
            </table>
        </div>
        <nav class="all-runs-pages" aria-label="Pages">
            <span class="push"></span>
            {(!is_first).then(|| view! {
                <a class="button" href=move || address.with(&[("after", "")])>"Newest traces"</a>
            })}
            {move || next.get().map(|next| view! {
                <a class="button" href=move || address.with(&[("after", &next)])>"Older traces"</a>
            })}
        </nav>
    }
    .into_any()
}

fn line(row: TraceRow, chosen: Option<RwSignal<Vec<TraceId>>>) -> AnyView {
    let id = row.id;
    let name = if row.name.is_empty() { short(id) } else { row.name };
    let href = trace_address(row.experiment, id);
    let pick = chosen.map(|chosen| {
        let is_chosen = Memo::new(move |_| chosen.read().contains(&id));
        let choose = move |event: ev::Event| {
            let is_wanted = event_target_checked(&event);
            chosen.update(|chosen| {
                chosen.retain(|other| *other != id);
                if is_wanted {
                    chosen.push(id);
                }
            });
        };
        view! {
            <td class="pick">
                <input
                    type="checkbox"
                    aria-label=format!("Select {name}, {}", short(id))
                    prop:checked=move || is_chosen.get()
                    on:change=choose
                />
            </td>
        }
    });
    let tags = row.tags.iter().map(|tag| format!("{}: {}", tag.key, tag.value)).collect();
    let thoughts = row.thoughts.iter().map(thought_words).collect();
    view! {
        <tr>
            {pick}
            <th scope="row" class="name"><a href=href title=id.to_string()>{name}</a></th>
            <td class="time"><Ago at=row.time/></td>
            <td>{state_badge(row.state)}</td>
            <td class="num">{row.duration.map_or_else(|| "–".to_owned(), duration)}</td>
            <td class="excerpt" title=row.request.clone()>{row.request.clone()}</td>
            <td class="excerpt" title=row.response.clone()>{row.response.clone()}</td>
            <td class="num">{token_count(row.tokens)}</td>
            <td>{chips(thoughts)}</td>
            <td>{chips(tags)}</td>
        </tr>
    }
    .into_any()
}

/// The first few words of many, and how many more there are.
fn chips(words: Vec<String>) -> AnyView {
    let more = words.len().saturating_sub(CHIPS);
    let all = words.join("\n");
    let chip =
        |words: String| view! { <span class="chip trace-chip" title=words.clone()>{words.clone()}</span> };
    view! {
        <div class="trace-chips">
            {words.into_iter().take(CHIPS).map(chip).collect_view()}
            {(more > 0).then(|| view! { <span class="muted" title=all>{format!("+{more}")}</span> })}
        </div>
    }
    .into_any()
}

/// What an assessment says, in short.
fn thought_words(said: &Thought) -> String {
    match (said.verdict, &said.error) {
        (_, Some(_)) => format!("{}: failed", said.name),
        (Some(verdict), None) => format!("{}: {}", said.name, if verdict { "yes" } else { "no" }),
        (None, None) => format!("{}: {}", said.name, said.value),
    }
}

fn short(id: TraceId) -> String {
    id.to_string().chars().take(11).collect()
}

/// The address of a trace's page.
pub fn trace_address(experiment: ExperimentId, id: TraceId) -> String {
    format!("/experiments/{experiment}/traces/{id}")
}

/// What is done to the chosen traces.
fn bar(of: Of, chosen: RwSignal<Vec<TraceId>>, again: RwSignal<u32>) -> AnyView {
    let toasts = Toasts::here();
    let any = Memo::new(move |_| !chosen.read().is_empty());
    let many = move || counted(chosen.read().len() as u64, "trace");
    let delete = move |_| {
        let traces = chosen.get_untracked();
        chosen.set(Vec::new());
        spawn_local(async move {
            let all = traces.len() as u64;
            match delete_traces(of.experiment, traces).await {
                Ok(deleted) => {
                    let text = format!("{} deleted.", counted(deleted, "trace"));
                    match all.saturating_sub(deleted) {
                        0 => toasts.done(text, None),
                        left => toasts.failed(format!(
                            "{text} {} not: gone already, or in another experiment.",
                            count(left)
                        )),
                    }
                    // Whoever asked may have left.
                    _ = again.try_update(|again| *again += 1);
                }
                Err(fault) => toasts.failed(fault.to_string()),
            }
        });
    };
    view! {
        <Show when=move || any.get()>
            <div class="run-actions" role="toolbar" aria-label="Chosen traces">
                <strong>{move || format!("{} selected", count(chosen.read().len() as u64))}</strong>
                <span class="push"></span>
                <Menu
                    label="Delete…"
                    class="button danger"
                    end=true
                    face=ViewFn::from(|| view! { {Icon::Trash.draw()} "Delete…" })
                >
                    <div class="small-form">
                        <p>{move || format!("Delete {} for good, with all steps and files?", many())}</p>
                        <button type="button" class="button danger" on:click=delete>"Delete for good"</button>
                    </div>
                </Menu>
                <button type="button" class="button quiet" on:click=move |_| chosen.set(Vec::new())>"Clear"</button>
            </div>
        </Show>
    }
    .into_any()
}

/// Why there are no rows.
fn none(of: Of, address: Address) -> AnyView {
    let is_filtered = untrack(|| address.get(FILTER).is_some());
    if is_filtered {
        return view! {
            <Empty icon=Icon::Search title="No trace matches the filter">
                <p><a class="button" href=move || address.with(&[(FILTER, ""), ("after", "")])>"Clear the filter"</a></p>
            </Empty>
        }
        .into_any();
    }
    let words = match of.run {
        Some(_) => "Traces that are made while a run is active are linked to it.",
        None => "What programs send with MLflow or OpenTelemetry comes here.",
    };
    view! {
        <Empty icon=Icon::Tree title="No traces yet">
            <p class="muted">{words}</p>
            <p class="muted"><code>"@mlflow.trace"</code> " on a function makes one each time it is called."</p>
        </Empty>
    }
    .into_any()
}
