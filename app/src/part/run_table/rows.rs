//! The rows of the table that are here, and how the others get here: block by block, as they come in sight.

use crate::{api::list_runs, part::pause::after_pause};
use leptos::{prelude::*, task::spawn_local};
use model::{
    ExperimentId, Problem, RunId,
    page::{NamedColumns, RUNS_PAGE, RunsPage, RunsQuery, Total},
    run::Run,
    run_color::RunColor,
};
use std::{collections::HashMap, ops::Range, sync::Arc, time::Duration};

/// Rows of a block.
pub const BLOCK: u64 = RUNS_PAGE as u64;
/// Blocks that are kept; of more the furthest away go.
const KEPT: usize = 40;
/// How long the table must rest before it asks for what came in sight.
const SETTLED: Duration = Duration::from_millis(60);

/// So many runs, in their order.
#[derive(Debug, Clone)]
struct Block {
    runs: Vec<Arc<Run>>,
    /// How many runs are nested in each, if the table is a tree.
    children: Vec<Total>,
    /// What was read of them.
    columns: NamedColumns,
    /// Whether they may have changed since.
    is_stale: bool,
}

impl Block {
    fn has(&self, columns: &NamedColumns) -> bool {
        let all = |wanted: &[String], here: &[String]| wanted.iter().all(|key| here.contains(key));
        all(&columns.metrics, &self.columns.metrics)
            && all(&columns.params, &self.columns.params)
            && all(&columns.tags, &self.columns.tags)
    }
}

/// The rows of one filter in one order, or of one level of a tree.
#[derive(Clone, Copy)]
pub struct Rows {
    experiment: ExperimentId,
    query: StoredValue<RunsQuery>,
    blocks: RwSignal<HashMap<u64, Block>>,
    asked: StoredValue<HashMap<u64, NamedColumns>>,
    /// How often everything may have changed.
    refreshed: StoredValue<u64>,
    total: RwSignal<Total>,
    /// Why the last question wasn't answered.
    pub fault: RwSignal<Option<Problem>>,
}

impl Rows {
    /// Beginning with what the page brought along; `columns` are what was read of it.
    pub fn new(experiment: ExperimentId, query: RunsQuery, page: RunsPage, columns: NamedColumns) -> Self {
        let runs = page.runs.into_iter().map(Arc::new).collect();
        let first = Block { runs, children: page.children, columns, is_stale: false };
        let blocks = HashMap::from([(query.offset / BLOCK, first)]);
        Self::of(experiment, query, blocks, page.total)
    }

    /// None of so many is here yet.
    pub fn coming(experiment: ExperimentId, query: RunsQuery, total: Total) -> Self {
        Self::of(experiment, query, HashMap::new(), total)
    }

    fn of(experiment: ExperimentId, query: RunsQuery, blocks: HashMap<u64, Block>, total: Total) -> Self {
        Self {
            experiment,
            blocks: RwSignal::new(blocks),
            query: StoredValue::new(query),
            asked: StoredValue::default(),
            refreshed: StoredValue::new(0),
            total: RwSignal::new(total),
            fault: RwSignal::new(None),
        }
    }

    /// The rows that the page brought along.
    pub fn first(self) -> Range<u64> {
        let offset = self.query.with_value(|query| query.offset) / BLOCK * BLOCK;
        let here = self.blocks.with_untracked(|blocks| blocks.values().map(|block| block.runs.len()).max());
        offset..offset + here.unwrap_or_default() as u64
    }

    /// How many rows there are as far as is known; tracked. Where counting stopped, each block that is full is followed by
    /// one more.
    pub fn count(self) -> u64 {
        match self.total.get() {
            Total::Exactly(count) => count,
            Total::AtLeast(count) => self.blocks.with(|blocks| {
                let end = |(number, block): (&u64, &Block)| number * BLOCK + block.runs.len() as u64;
                let is_full =
                    |number: u64| blocks.get(&number).is_some_and(|block| block.runs.len() as u64 == BLOCK);
                // A block that isn't full is the last one; an empty one is, if a full one is before it.
                let last = blocks.iter().find(|(number, block)| match block.runs.len() as u64 {
                    0 => **number > 0 && is_full(**number - 1),
                    rows => rows < BLOCK,
                });
                match last {
                    Some(last) => end(last),
                    None => blocks
                        .iter()
                        .filter(|(number, _)| is_full(**number))
                        .map(end)
                        .max()
                        .map_or(count, |end| count.max(end + BLOCK)),
                }
            }),
        }
    }

    /// How many rows there are, as the server counted; tracked.
    pub fn total(self) -> Total {
        self.total.get()
    }

    /// The run of a row, if it is here; tracked.
    pub fn run(self, row: u64) -> Option<Arc<Run>> {
        let blocks = self.blocks.read();
        blocks.get(&(row / BLOCK))?.runs.get((row % BLOCK) as usize).cloned()
    }

    /// How many runs are nested in the one of a row, if it is here and the table is a tree; tracked.
    pub fn children(self, row: u64) -> Option<Total> {
        let blocks = self.blocks.read();
        blocks.get(&(row / BLOCK))?.children.get((row % BLOCK) as usize).copied()
    }

    /// The row of a run, if it is here; tracked.
    pub fn row_of(self, id: RunId) -> Option<u64> {
        let blocks = self.blocks.read();
        blocks.iter().find_map(|(number, block)| {
            let place = block.runs.iter().position(|run| run.info.id == id)?;
            Some(number * BLOCK + place as u64)
        })
    }

    /// Everything may have changed: what is in sight is asked for anew, the rest when it comes in sight.
    pub fn refresh(self) {
        self.refreshed.update_value(|refreshed| *refreshed += 1);
        self.blocks.update(|blocks| blocks.values_mut().for_each(|block| block.is_stale = true));
    }

    /// Shows the colour that a run just got.
    pub fn recolor(self, id: RunId, color: Option<RunColor>) {
        self.blocks.update(|blocks| {
            for run in blocks.values_mut().flat_map(|block| block.runs.iter_mut()) {
                if run.info.id == id {
                    let mut colored = Run::clone(run);
                    colored.set_color(color);
                    *run = Arc::new(colored);
                }
            }
        });
    }

    /// Asks for what is in sight, if anything is, and isn't here; now and whenever that changes.
    pub fn keep_filled(self, in_sight: Memo<Option<Range<u64>>>, columns: Memo<NamedColumns>) {
        Effect::new(move || {
            let (Some(rows), columns) = (in_sight.get(), columns.get()) else { return };
            let lacks = |number: &u64| {
                let blocks = self.blocks.read();
                blocks.get(number).is_none_or(|block| block.is_stale || !block.has(&columns))
            };
            // Where there are no rows, some may come.
            let last = rows.end.saturating_sub(1).max(rows.start) / BLOCK;
            let blocks: Vec<u64> = (rows.start / BLOCK..=last).filter(lacks).collect();
            if blocks.is_empty() {
                return;
            }
            let ask = move || {
                for number in blocks {
                    self.ask(number, columns.clone(), rows.start / BLOCK);
                }
            };
            after_pause(SETTLED, ask);
        });
    }

    fn ask(self, number: u64, columns: NamedColumns, middle: u64) {
        let known = self.asked.try_update_value(|asked| asked.insert(number, columns.clone()));
        if known.flatten().as_ref() == Some(&columns) {
            return;
        }
        let query =
            RunsQuery { offset: number * BLOCK, columns: Some(columns.clone()), ..self.query.get_value() };
        let asked_at = self.refreshed.get_value();
        spawn_local(async move {
            let answer = list_runs(self.experiment, query).await;
            // The person may be gone, or something else be wanted meanwhile.
            let asked = self.asked.try_with_value(|asked| asked.get(&number).cloned());
            if asked.flatten().as_ref() != Some(&columns) {
                return;
            }
            self.asked.update_value(|asked| _ = asked.remove(&number));
            match answer {
                Ok(page) => {
                    self.fault.set(None);
                    self.total.set(page.total);
                    // An answer that was on its way when something changed is shown, and asked for once more.
                    let is_stale = self.refreshed.get_value() != asked_at;
                    self.blocks.update(|blocks| {
                        let old = blocks.remove(&number).map(|block| block.runs).unwrap_or_default();
                        let runs = keep_alike(old, page.runs);
                        blocks.insert(number, Block { runs, children: page.children, columns, is_stale });
                        while blocks.len() > KEPT {
                            let furthest = blocks.keys().copied().max_by_key(|other| other.abs_diff(middle));
                            furthest.and_then(|furthest| blocks.remove(&furthest));
                        }
                    });
                }
                Err(fault) => self.fault.set(Some(fault.0)),
            }
        });
    }
}

/// New runs, but where one is as it was, the old one: what shows it needn't be made anew.
fn keep_alike(old: Vec<Arc<Run>>, new: Vec<Run>) -> Vec<Arc<Run>> {
    let mut old: HashMap<RunId, Arc<Run>> = old.into_iter().map(|run| (run.info.id, run)).collect();
    let same = |run: Run| match old.remove(&run.info.id) {
        Some(known) if *known == run => known,
        _ => Arc::new(run),
    };
    new.into_iter().map(same).collect()
}
