//! What is nested in the open runs of a tree: asked for as it comes in sight, laid out beneath its run, and reached by keys.

use super::{
    Nested, Table,
    row::{indent_class, number_of},
    rows::{BLOCK, Rows},
    tree::{Beneath, Code, Line, Shows},
};
use crate::part::{
    later::{Loaded, later},
    number::count,
};
use leptos::{ev, html::Div, prelude::*, wasm_split::wasm_split};
use model::{
    RunId,
    page::{Level, RunsQuery, Total},
};
use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
    time::Duration,
};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlDivElement, HtmlElement};

/// Runs nested in runs that are nested in runs, and so on: deeper ones aren't opened.
const DEEPEST: usize = 20;
/// How long rows take to be made that came in sight.
const MADE: Duration = Duration::from_millis(100);

/// Keeps what is nested in the open runs beneath them; shows nothing itself.
pub fn beneath(nested: Nested) -> AnyView {
    later(branches, nested, || ().into_any())
}

/// The code of the tree.
#[wasm_split(work, wasm_split_path = leptos::wasm_split, fallible)]
fn branches() -> Loaded<Nested> {
    Ok(kept)
}

fn kept(nested: Nested) -> AnyView {
    let Nested { table, experiment, query, frame, in_sight, asked, changed } = nested;
    let tree = table.tree;
    // Of each parent those of its runs that are in sight.
    let seen = Memo::new(move |_| {
        let mut seen: HashMap<RunId, Range<u64>> = HashMap::new();
        for line in in_sight.get().map(|row| table.line(row)) {
            if let (Some((parent, place)), Shows::Run(_) | Shows::Waiting) = (line.within, &line.shows) {
                let range = seen.entry(parent).or_insert(place..place + 1);
                *range = range.start.min(place)..range.end.max(place + 1);
            }
        }
        seen
    });
    let begin = move |parent: RunId| {
        let line = untrack(|| table.row_of(parent).map(|row| table.line(row)));
        let total = line.and_then(|line| line.children).unwrap_or(Total::AtLeast(1));
        let query = RunsQuery { level: Level::In(parent), filter: String::new(), offset: 0, ..query.clone() };
        let rows = Rows::coming(experiment, query, total);
        rows.keep_filled(Memo::new(move |_| seen.read().get(&parent).cloned()), asked);
        Effect::watch(move || changed.track(), move |(), _, _| rows.refresh(), false);
        rows
    };
    // What was opened once is kept, and asks for nothing while it isn't in sight.
    let known = tree.known;
    let scope = Owner::current().unwrap_or_default();
    Effect::new(move || {
        let open: Vec<RunId> = tree.open.read().keys().copied().collect();
        for id in open {
            match known.with_untracked(|known| known.get(&id).copied()) {
                Some(rows) if rows.fault.with_untracked(Option::is_some) => rows.refresh(),
                Some(_) => {}
                None => {
                    let rows = scope.with(|| begin(id));
                    known.update(|known| _ = known.insert(id, rows));
                }
            }
        }
    });
    // The rows of open top runs, also while those around them aren't here.
    let tops = StoredValue::new(HashMap::<RunId, u64>::new());
    Effect::new(move || {
        let beneath: Vec<Beneath> = {
            let (open, known) = (tree.open.read(), known.read());
            let layout = Layout { open: &open, known: &known };
            let mut places = tops.get_value();
            places.extend(open.keys().filter_map(|id| Some((*id, table.rows.row_of(*id)?))));
            places.retain(|id, row| {
                open.contains_key(id) && table.rows.run(*row).is_none_or(|run| run.info.id == *id)
            });
            let in_order: BTreeMap<u64, RunId> = places.iter().map(|(id, row)| (*row, *id)).collect();
            tops.set_value(places);
            let lines = |(top, id): (u64, RunId)| Beneath { top, lines: layout.beneath(id) };
            in_order.into_iter().map(lines).filter(|beneath| !beneath.lines.is_empty()).collect()
        };
        tree.beneath.set(beneath);
    });
    let press = Callback::new(move |event: ev::KeyboardEvent| press(table, frame, &event));
    tree.code.set_value(Some(Code { press, instead }));
    ().into_any()
}

/// What is open, and the rows of each.
struct Layout<'a> {
    open: &'a HashMap<RunId, u64>,
    known: &'a HashMap<RunId, Rows>,
}

impl Layout<'_> {
    /// The lines beneath a top run; tracked.
    fn beneath(&self, id: RunId) -> Vec<Line> {
        let mut lines = Vec::new();
        self.push(&mut vec![id], &mut lines);
        lines
    }

    /// Adds the lines beneath the last one of some runs that are nested in each other.
    fn push(&self, path: &mut Vec<RunId>, lines: &mut Vec<Line>) {
        let Some(parent) = path.last().copied() else { return };
        let (Some(portions), Some(rows)) = (self.open.get(&parent), self.known.get(&parent)) else { return };
        let depth = path.len();
        let line = |place: u64, children: Option<Total>, shows: Shows| Line {
            within: Some((parent, place)),
            depth,
            children,
            shows,
        };
        let all = rows.count();
        let shown = all.min(portions * BLOCK);
        for place in 0..shown {
            let Some(run) = rows.run(place) else {
                lines.push(line(place, None, Shows::Waiting));
                continue;
            };
            let id = run.info.id;
            // Runs can say that they are nested in each other.
            if path.contains(&id) {
                continue;
            }
            lines.push(line(place, rows.children(place), Shows::Run(run)));
            if path.len() < DEEPEST {
                path.push(id);
                self.push(path, lines);
                path.pop();
            }
        }
        if let Some(problem) = rows.fault.get() {
            lines.push(line(shown, None, Shows::Failed(problem.message)));
        } else if shown < all {
            lines.push(line(shown, None, Shows::More(rows.total())));
        }
    }
}

/// The cells of a row that leads to more runs, or says why some aren't here.
fn instead(table: Table, line: Line) -> AnyView {
    let Some((parent, here)) = line.within else { return ().into_any() };
    let ask = move |more: u64| table.tree.more(parent, more);
    let what = match line.shows {
        Shows::More(total) => view! {
            <button type="button" class="button quiet nested-more" on:click=move |_| ask(1)>"Show more"</button>
            <span class="faint">{format!("{} of {}", count(here), number_of(total))}</span>
        }
        .into_any(),
        Shows::Failed(why) => view! {
            <button type="button" class="button quiet nested-more" on:click=move |_| ask(0)>"Try again"</button>
            <span class="odd nested-fault" role="alert" title=why.clone()>{why.clone()}</span>
        }
        .into_any(),
        Shows::Run(_) | Shows::Waiting => ().into_any(),
    };
    view! {
        <td class="pick"></td>
        <th class="name" scope="row"><div class=format!("run-name {}", indent_class(line.depth))>{what}</div></th>
        <td class="rest" colspan=(table.made.read().columns.len() + 2).to_string()></td>
    }
    .into_any()
}

/// Arrows to the right lead into what is nested, arrows to the left out of it.
fn press(table: Table, frame: NodeRef<Div>, event: &ev::KeyboardEvent) {
    if event.alt_key() || event.ctrl_key() || event.meta_key() || event.shift_key() {
        return;
    }
    let Some((row, element)) = row_of(event) else { return };
    let line = untrack(|| table.line(row));
    let Some(id) = line.run().map(|run| run.info.id) else { return };
    let any = line.children.is_some_and(|number| number.at_least() > 0);
    let is_open = any && table.tree.open.with_untracked(|open| open.contains_key(&id));
    let parent = || line.within.and_then(|(parent, _)| untrack(|| table.row_of(parent)));
    let Some(frame) = frame.get_untracked() else { return };
    match event.key().as_str() {
        "ArrowRight" if is_open => _ = focus(&frame, row + 1),
        "ArrowLeft" if is_open => table.tree.toggle(id),
        "ArrowRight" if any => table.tree.toggle(id),
        "ArrowLeft" => match parent() {
            Some(parent) => {
                if !focus(&frame, parent) {
                    // It is out of sight, and made once it is in sight.
                    frame
                        .set_scroll_top((parent as f64 * element.get_bounding_client_rect().height()) as i32);
                    set_timeout(move || _ = focus(&frame, parent), MADE);
                }
            }
            None => return,
        },
        _ => return,
    }
    event.prevent_default();
}

/// In which row a key was pressed.
fn row_of(event: &ev::KeyboardEvent) -> Option<(u64, Element)> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    let element = target.closest("tr[aria-rowindex]").ok()??;
    let number: u64 = element.get_attribute("aria-rowindex")?.parse().ok()?;
    // Heads are the first two lines.
    Some((number.checked_sub(3)?, element))
}

/// Gives the focus to what can have it in a row, if that is made.
fn focus(frame: &HtmlDivElement, row: u64) -> bool {
    let place = format!("tr[aria-rowindex='{}'] .run-name :is(button, a)", row + 3);
    let element = frame.query_selector(&place).ok().flatten();
    let element = element.and_then(|element| element.dyn_into::<HtmlElement>().ok());
    element.is_some_and(|element| element.focus().is_ok())
}
