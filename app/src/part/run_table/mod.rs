//! The table of runs: as many as there are, of which only those in sight are made.
//!
//! Owns: what is in sight (`window`), the rows that are here and those still to come (`rows`), heads that sort, move and pin
//! columns (`head`) and size them (`grip`), what heads share (`columns`), rows and cells (`row`), runs beneath those that they
//! are nested in (`tree`, `branches`). The table of all experiments' runs has the same columns, heads and cells.
//! Must never: hold which columns are shown, or in which order (the address has that); make what isn't in sight.
//! Start reading at [`RunTable`]. To add a kind of column: a variant of [`Column`](super::column::Column), the compiler shows
//! the rest.

mod branches;
mod columns;
mod grip;
mod head;
mod row;
mod rows;
mod tree;
mod window;

use crate::part::{
    answered::ProblemNote,
    chart::watch,
    column::{ShownColumn, named_columns},
    number::count,
    pager::Pager,
    run_color::Swatches,
};
pub use columns::{Columns, pin_class, pins};
use head::GroupHeads;
pub use head::{ColumnHead, ColumnMenu, Head};
use leptos::{ev, html::Div, prelude::*};
use model::{
    ExperimentId, RunId,
    filter::{RunOrder, RunText},
    page::{Level, NamedColumns, RunsPage, RunsQuery, Total},
    run::{Run, RunInfo},
};
use row::Row;
pub use row::cell;
use rows::Rows;
use std::{collections::HashSet, ops::Range};
use tree::Tree;
use web_sys::HtmlDivElement;
use window::View;

/// Height of the two lines of heads, in CSS pixels at the usual size of text.
const HEADS: f64 = 56.0;
/// Height of a row in CSS pixels at the usual size of text.
const USUAL_ROW: f64 = 32.0;
/// Columns are asked for in portions of so many, that a table with hundreds isn't read whole.
const PORTION: usize = 24;

/// The runs chosen for comparison and what else is done to several, in the order they were chosen: it gives them their
/// colours.
#[derive(Clone, Copy)]
pub struct Selection(pub(super) RwSignal<Vec<RunId>>);

impl Selection {
    /// Nothing chosen yet.
    pub fn empty() -> Self {
        Self(RwSignal::new(Vec::new()))
    }

    /// All that are chosen, tracked.
    pub fn runs(self) -> Vec<RunId> {
        self.0.get()
    }

    /// How many are chosen, tracked.
    pub fn len(self) -> usize {
        self.0.read().len()
    }

    /// Chooses these and no others; returns what was chosen before.
    pub fn replace(self, runs: Vec<RunId>) -> Vec<RunId> {
        self.0.try_update(|chosen| std::mem::replace(chosen, runs)).unwrap_or_default()
    }

    /// Takes everything out.
    pub fn clear(self) {
        self.0.write().clear();
    }

    /// The place of a run among the chosen ones, tracked.
    pub fn place(self, run: RunId) -> Option<usize> {
        self.0.read().iter().position(|chosen| *chosen == run)
    }

    fn set(self, run: RunId, chosen: bool) {
        self.set_all(&[run], chosen);
    }

    /// Takes runs in or out. Those that were chosen before keep their places, and so their colours.
    pub fn set_all(self, ids: &[RunId], chosen: bool) {
        // Whoever asked for them may have left.
        _ = self.0.try_update(|runs| {
            if chosen {
                let known: HashSet<RunId> = runs.iter().copied().collect();
                runs.extend(ids.iter().filter(|id| !known.contains(id)));
            } else {
                let gone: HashSet<RunId> = ids.iter().copied().collect();
                runs.retain(|run| !gone.contains(run));
            }
        });
    }
}

/// The name people gave a run, else the start of its id.
pub fn run_name(run: &Run) -> String {
    info_name(&run.info)
}

/// The same, of what is known of a run without what it logged.
pub fn info_name(info: &RunInfo) -> String {
    if info.name.is_empty() { info.id.to_string().chars().take(8).collect() } else { info.name.clone() }
}

/// The page of a run.
pub fn run_address(run: &Run) -> String {
    info_address(&run.info)
}

/// The same, of what is known of a run without what it logged.
pub fn info_address(info: &RunInfo) -> String {
    format!("/experiments/{}/runs/{}", info.experiment, info.id)
}

/// What the parts of a table share.
#[derive(Clone, Copy)]
struct Table {
    rows: Rows,
    tree: Tree,
    columns: Columns,
    /// Those of them that are made: all pinned ones come first and are among them.
    made: Memo<Made>,
    selection: Selection,
    /// The run that was chosen or let go of last.
    last_chosen: StoredValue<Option<RunId>>,
    /// What chooses the colours of runs.
    swatches: Swatches,
    /// Whether the caller may do that.
    may_color: bool,
}

/// What is needed to show what is nested in runs.
#[derive(Clone)]
struct Nested {
    table: Table,
    experiment: ExperimentId,
    /// What the top runs were asked for with.
    query: RunsQuery,
    frame: NodeRef<Div>,
    /// The rows that are made.
    in_sight: Memo<Range<u64>>,
    /// What is read of them.
    asked: Memo<NamedColumns>,
    changed: Trigger,
}

/// The columns that are made, and how wide what is left out on both sides is, in CSS pixels.
#[derive(Debug, Clone, PartialEq, Default)]
struct Made {
    columns: Vec<ShownColumn>,
    before: f64,
    behind: f64,
    /// How many of them are pinned.
    pins: usize,
    /// How many columns are left out behind the pinned ones.
    skipped: usize,
}

impl Made {
    fn new(columns: &[ShownColumn], view: Option<View>) -> Self {
        let pins = pins(columns);
        let (pinned, others) = columns.split_at(pins);
        let Some(view) = view else { return Self { columns: columns.to_vec(), pins, ..Self::default() } };
        let widths: Vec<f64> = others.iter().map(|shown| f64::from(shown.pixels())).collect();
        let fixed = pinned.iter().map(|shown| f64::from(shown.pixels())).sum::<f64>();
        let range = view.columns(fixed, &widths);
        Self {
            before: widths[..range.start].iter().sum(),
            behind: widths[range.end..].iter().sum(),
            pins,
            skipped: range.start,
            columns: pinned.iter().chain(&others[range]).cloned().collect(),
        }
    }

    /// Which column of the whole table one of these is, counted from 1; nothing while all of them are made, and so speak for
    /// themselves.
    fn aria_index(&self, index: usize) -> Option<String> {
        if self.before <= 0.0 && self.behind <= 0.0 {
            return None;
        }
        let place = if index < self.pins { index } else { index + self.skipped };
        // Behind the box that chooses a run, and its name.
        Some((place + 3).to_string())
    }
}

/// The runs, one per row. Heads and pinned columns stay in sight; only the table scrolls.
#[component]
pub fn RunTable(
    /// Of which experiment.
    experiment: ExperimentId,
    /// What was asked for.
    query: RunsQuery,
    /// What came first.
    page: RunsPage,
    /// The columns after the name.
    columns: Signal<Vec<ShownColumn>>,
    /// What is chosen.
    selection: Selection,
    /// Tells that rows may have changed.
    changed: Trigger,
    /// Whether the caller may choose colours of runs.
    may_color: bool,
) -> AnyView {
    let first = page.clone();
    let read = query.columns.clone().unwrap_or_else(|| {
        columns.with_untracked(|columns| named_columns(columns.iter().map(|shown| &shown.column)))
    });
    let filtered = !query.filter.is_empty();
    let tree = Tree::new(query.level == Level::Top);
    let rows = Rows::new(experiment, query.clone(), page, read);
    Effect::watch(move || changed.track(), move |(), _, _| rows.refresh(), false);

    let frame = NodeRef::<Div>::new();
    let view = RwSignal::new(None::<View>);
    watch_view(frame, rows, view);
    let made = Memo::new(move |_| Made::new(&columns.read(), view.get()));
    let table = Table {
        rows,
        tree,
        // By what is in no index, too: it is one experiment.
        columns: Columns::new(columns, |_| true),
        made,
        selection,
        last_chosen: StoredValue::new(None),
        swatches: Swatches::new(move |run, color| {
            rows.recolor(run, color);
            tree.recolor(run, color);
        }),
        may_color,
    };
    let in_sight = Memo::new(move |_| match view.get() {
        Some(view) => view.rows(window::at_most(table.count(), view.row)),
        // As the server writes it.
        None => rows.first(),
    });
    let asked = Memo::new(move |_| {
        let (all, made) = (columns.read(), made.read());
        let place =
            |shown: Option<&ShownColumn>| shown.and_then(|shown| all.iter().position(|other| other == shown));
        let pins = all.iter().filter(|shown| shown.pinned).count();
        let from = place(made.columns.get(pins)).unwrap_or_default() / PORTION * PORTION;
        let to = place(made.columns.last()).map_or(0, |last| (last + 1).next_multiple_of(PORTION));
        let within = |index: usize| index < pins || (from..to).contains(&index);
        named_columns(
            all.iter().enumerate().filter(|(index, _)| within(*index)).map(|(_, shown)| &shown.column),
        )
    });
    rows.keep_filled(Memo::new(move |_| Some(tree.tops(in_sight.get()))), asked);
    table.columns.place_pins(frame);

    let gap = move |height: f64| {
        (height > 0.0).then(|| {
            view! { <tr class="gap" aria-hidden="true"><td style:height=format!("{height}px")></td></tr> }
        })
    };
    let above = move || view.get().map(|view| gap(in_sight.read().start as f64 * view.row));
    let below = move || {
        view.get().map(|view| {
            let rest = window::at_most(table.count(), view.row).saturating_sub(in_sight.read().end);
            gap(rest as f64 * view.row)
        })
    };
    view! {
        <div
            class="table-frame run-frame"
            role="region"
            aria-label="Runs"
            tabindex="0"
            node_ref=frame
            on:scroll=move |_| follow(frame, view)
        >
            <table
                class="grid run-table"
                aria-label="Runs"
                role=tree.is_on.then_some("treegrid")
                aria-rowcount=move || (table.count() + 2).to_string()
                aria-colcount=move || (columns.read().len() + 2).to_string()
            >
                <thead>
                    <tr class="group-row" aria-rowindex="1">
                        <td class="pick" aria-colindex="1"></td>
                        <td class="name" aria-colindex="2"></td>
                        <GroupHeads table/>
                    </tr>
                    <tr aria-rowindex="2">
                        <th class="pick" scope="col" aria-colindex="1"><ChooseAll table in_sight/></th>
                        <Head class="name" title="Run".to_owned() order=Some(RunOrder::Text(RunText::Name))/>
                        <head::Heads table/>
                    </tr>
                </thead>
                <tbody on:keydown=move |event| tree.press(event)>
                    {above}
                    <For each=move || in_sight.get() key=|row| *row let:row>
                        <Row table row/>
                    </For>
                    {below}
                </tbody>
            </table>
        </div>
        <ColumnMenu columns=table.columns/>
        {table.swatches.panel()}
        <footer class="table-foot">
            {move || rows.fault.get().map(|problem| view! { <ProblemNote problem/> })}
            {(tree.is_on && filtered).then(|| view! { <span class="faint tree-hint">"The filter looks at top runs alone, not at what is nested in them."</span> })}
            <Foot table view first/>
        </footer>
        {tree.is_on.then(|| {
            branches::beneath(Nested { table, experiment, query, frame, in_sight, asked, changed })
        })}
    }
    .into_any()
}

/// Which rows are seen, of how many; ways to the other pages until the table scrolls.
#[component]
fn Foot(table: Table, view: RwSignal<Option<View>>, first: RunsPage) -> AnyView {
    let Table { rows, tree, .. } = table;
    // Of a tree the top runs are counted.
    let seen = Memo::new(move |_| {
        let seen = view.get().map(|view| view.seen(table.count(), HEADS));
        seen.map(|seen| seen.map(|(from, to)| tree.tops(from - 1..to)).map(|tops| (tops.start + 1, tops.end)))
    });
    let all = move || match rows.total() {
        Total::Exactly(total) => count(total),
        Total::AtLeast(total) => format!("{}+", count(total.max(rows.count()))),
    };
    let kind = if tree.is_on { " top runs" } else { "" };
    let (total, here) = (first.total, first.runs.len() as u64);
    (move || match seen.get() {
        None => view! { <Pager total rows=here/> }.into_any(),
        Some(None) => view! { <span class="pager">"No runs"</span> }.into_any(),
        Some(Some((from, to))) => view! {
            <span class="pager">{format!("{}–{} of ", count(from), count(to))}{all}{kind}</span>
        }
        .into_any(),
    })
    .into_any()
}

/// Chooses all rows that are here, or lets go of them.
#[component]
fn ChooseAll(table: Table, in_sight: Memo<Range<u64>>) -> AnyView {
    let all = move || table.ids(in_sight.get());
    let all_chosen = move || {
        let all = all();
        !all.is_empty() && all.iter().all(|run| table.selection.place(*run).is_some())
    };
    let choose_all = move |event: ev::Event| {
        let ids = untrack(|| table.ids(0..table.count()));
        table.selection.set_all(&ids, event_target_checked(&event));
    };
    view! {
        <input
            type="checkbox"
            aria-label="Select all runs that are loaded"
            title="Select all runs that are loaded"
            prop:checked=all_chosen
            on:change=choose_all
        />
    }
    .into_any()
}

/// What the frame shows now, with rows of this height.
fn look(frame: &HtmlDivElement, row: f64) -> View {
    View {
        top: f64::from(frame.scroll_top()),
        left: f64::from(frame.scroll_left()),
        width: f64::from(frame.client_width()),
        height: f64::from(frame.client_height()),
        row,
    }
}

/// Follows the frame as soon as there is a browser. It begins where the address' page does.
fn watch_view(frame: NodeRef<Div>, rows: Rows, view: RwSignal<Option<View>>) {
    Effect::new(move || {
        let Some(element) = frame.get() else { return };
        let row = element.query_selector("tbody tr").ok().flatten();
        let row = row.map(|row| row.get_bounding_client_rect().height()).filter(|height| *height > 0.0);
        let row = row.unwrap_or(USUAL_ROW);
        let begin = rows.first().start as f64 * row;
        view.set(Some(View { top: begin, ..look(&element, row) }));
        if begin > 0.0 {
            // Once the rows above it have their place.
            request_animation_frame(move || element.set_scroll_top(begin as i32));
        }
    });
    let size = watch::size(frame);
    Effect::new(move || {
        size.track();
        follow(frame, view);
    });
}

/// Looks again, once there was a first look.
fn follow(frame: NodeRef<Div>, view: RwSignal<Option<View>>) {
    if let (Some(element), Some(before)) = (frame.get_untracked(), view.get_untracked()) {
        let now = look(&element, before.row);
        if now != before {
            view.set(Some(now));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::part::column::Column;

    #[test]
    fn columns_that_are_left_out_count() {
        let metric = |pinned: bool, index: usize| ShownColumn {
            pinned,
            width: Some(100),
            ..ShownColumn::plain(Column::metric(&format!("m{index}")))
        };
        let columns: Vec<ShownColumn> = (0..50).map(|index| metric(index < 2, index)).collect();
        assert_eq!(Made::new(&columns, None).aria_index(5), None);
        let view = View { top: 0.0, left: 2000.0, width: 1000.0, height: 320.0, row: 32.0 };
        let made = Made::new(&columns, Some(view));
        for index in [0, 1, 2, made.columns.len() - 1] {
            let place = columns.iter().position(|shown| *shown == made.columns[index]).unwrap();
            assert_eq!(made.aria_index(index), Some((place + 3).to_string()), "{index}");
        }
        assert!(made.skipped > 0);
    }
}
