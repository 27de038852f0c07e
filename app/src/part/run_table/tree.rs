//! The table as a tree: which runs are open, and what each row of the table shows then.
//!
//! Rows are counted as if no run were open; what is nested lies in between. What is asked for, and where it comes to lie, is
//! in [`super::branches`], whose code comes when the table is a tree.

use super::{Table, rows::Rows};
use leptos::{ev, prelude::*};
use model::{RunId, page::Total, run::Run, run_color::RunColor};
use std::{collections::HashMap, ops::Range, sync::Arc};

/// What a row of the table shows.
#[derive(Debug, Clone)]
pub struct Line {
    /// The run that it is nested in, and which of those in it this is, counted from 0.
    pub within: Option<(RunId, u64)>,
    /// In how many runs it is nested.
    pub depth: usize,
    /// How many runs are nested in it; `None` where nothing can be.
    pub children: Option<Total>,
    /// What there is to be seen.
    pub shows: Shows,
}

/// What there is to be seen.
#[derive(Debug, Clone)]
pub enum Shows {
    /// A run.
    Run(Arc<Run>),
    /// A run that isn't here yet.
    Waiting,
    /// A way to more runs of the same parent, of which there are so many.
    More(Total),
    /// Why runs of the same parent aren't here.
    Failed(String),
}

impl Line {
    /// The run, if it is one that is here.
    pub fn run(&self) -> Option<&Arc<Run>> {
        match &self.shows {
            Shows::Run(run) => Some(run),
            _ => None,
        }
    }

    /// Whether it looks the same, but for the number of its children.
    pub fn is_like(&self, other: &Self) -> bool {
        let shows = match (&self.shows, &other.shows) {
            (Shows::Run(run), Shows::Run(other)) => Arc::ptr_eq(run, other),
            (Shows::Waiting, Shows::Waiting) => true,
            (Shows::More(total), Shows::More(other)) => total == other,
            (Shows::Failed(why), Shows::Failed(other)) => why == other,
            _ => false,
        };
        shows && self.is_where(other)
    }

    /// Whether it says in the same way which run it is, whatever that logged.
    pub fn is_named_like(&self, other: &Self) -> bool {
        match (self.run(), other.run()) {
            (Some(run), Some(now)) => run.info == now.info && run.tags == now.tags && self.is_where(other),
            _ => self.is_like(other),
        }
    }

    fn is_where(&self, other: &Self) -> bool {
        (self.within, self.depth) == (other.within, other.depth)
    }
}

/// What lies beneath one of the top runs.
#[derive(Debug, Clone)]
pub struct Beneath {
    /// The row of the top run among top runs.
    pub top: u64,
    /// Never none.
    pub lines: Vec<Line>,
}

/// Where a row of the table is.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// It is this one of the top runs.
    Top(u64),
    /// It is this line beneath the top run of this place in the list.
    Inside(usize, usize),
}

/// Finds a row. What lies beneath top runs is in their order.
fn place_of(beneath: &[Beneath], row: u64) -> Place {
    let mut before = 0;
    for (index, group) in beneath.iter().enumerate() {
        let first = group.top + 1 + before;
        if row < first {
            break;
        }
        let lines = group.lines.len() as u64;
        if row < first + lines {
            return Place::Inside(index, (row - first) as usize);
        }
        before += lines;
    }
    Place::Top(row - before)
}

/// The row of a top run.
fn row_of_top(beneath: &[Beneath], top: u64) -> u64 {
    top + beneath
        .iter()
        .take_while(|group| group.top < top)
        .map(|group| group.lines.len() as u64)
        .sum::<u64>()
}

/// Which runs are open, and what lies beneath them.
#[derive(Clone, Copy)]
pub struct Tree {
    /// Whether the table is one.
    pub is_on: bool,
    /// The open runs, with how many portions of what is nested in each are wanted.
    pub open: RwSignal<HashMap<RunId, u64>>,
    /// The runs nested in each that was opened once.
    pub known: RwSignal<HashMap<RunId, Rows>>,
    /// What is among the top runs, in their order.
    pub beneath: RwSignal<Vec<Beneath>>,
    /// As soon as it is here.
    pub code: StoredValue<Option<Code>>,
}

/// What is done by code that comes when the table is a tree.
#[derive(Clone, Copy)]
pub struct Code {
    /// What a key does in a row.
    pub press: Callback<ev::KeyboardEvent>,
    /// The cells of a row that shows no run and waits for none.
    pub instead: fn(Table, Line) -> AnyView,
}

impl Tree {
    /// With no run open.
    pub fn new(is_on: bool) -> Self {
        Self {
            is_on,
            open: RwSignal::new(HashMap::new()),
            known: RwSignal::new(HashMap::new()),
            beneath: RwSignal::new(Vec::new()),
            code: StoredValue::new(None),
        }
    }

    /// Whether a run is open; tracked.
    pub fn is_open(self, id: RunId) -> bool {
        self.open.read().contains_key(&id)
    }

    /// Opens a run, or closes it.
    pub fn toggle(self, id: RunId) {
        self.open.update(|open| {
            if open.remove(&id).is_none() {
                open.insert(id, 1);
            }
        });
    }

    /// Shows the colour that a nested run just got.
    pub fn recolor(self, id: RunId, color: Option<RunColor>) {
        self.known.with_untracked(|known| known.values().for_each(|rows| rows.recolor(id, color)));
    }

    /// A key was pressed in a row.
    pub fn press(self, event: ev::KeyboardEvent) {
        if let Some(code) = self.code.get_value() {
            code.press.run(event);
        }
    }

    /// Shows so many more portions of what is nested in a run; what didn't come is asked for once more.
    pub fn more(self, id: RunId, more: u64) {
        self.open.update(|open| {
            if let Some(portions) = open.get_mut(&id) {
                *portions += more;
            }
        });
    }

    /// The top runs among some rows of the table, and those that what is among them is nested in; tracked.
    pub fn tops(self, rows: Range<u64>) -> Range<u64> {
        let beneath = self.beneath.read();
        let top = |row: u64| match place_of(&beneath, row) {
            Place::Top(top) => top,
            Place::Inside(index, _) => beneath.get(index).map_or(0, |group| group.top),
        };
        if rows.is_empty() {
            top(rows.start)..top(rows.start)
        } else {
            top(rows.start)..top(rows.end - 1) + 1
        }
    }
}

impl Table {
    /// How many rows there are as far as is known; tracked.
    pub fn count(self) -> u64 {
        let beneath = self.tree.beneath.read();
        self.rows.count() + beneath.iter().map(|group| group.lines.len() as u64).sum::<u64>()
    }

    /// What a row shows; tracked.
    pub fn line(self, row: u64) -> Line {
        let beneath = self.tree.beneath.read();
        match place_of(&beneath, row) {
            Place::Inside(index, line) => beneath[index].lines[line].clone(),
            Place::Top(top) => Line {
                within: None,
                depth: 0,
                children: self.rows.children(top),
                shows: self.rows.run(top).map_or(Shows::Waiting, Shows::Run),
            },
        }
    }

    /// The row of a run, if it is here; tracked.
    pub fn row_of(self, id: RunId) -> Option<u64> {
        let beneath = self.tree.beneath.read();
        if let Some(top) = self.rows.row_of(id) {
            return Some(row_of_top(&beneath, top));
        }
        beneath.iter().find_map(|group| {
            let is_it = |line: &Line| line.run().is_some_and(|run| run.info.id == id);
            let line = group.lines.iter().position(is_it)?;
            Some(row_of_top(&beneath, group.top) + 1 + line as u64)
        })
    }

    /// The runs of some rows that are here; tracked.
    pub fn ids(self, rows: Range<u64>) -> Vec<RunId> {
        rows.filter_map(|row| self.line(row).run().map(|run| run.info.id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Place::{Inside, Top},
        *,
    };

    fn group(top: u64, lines: usize) -> Beneath {
        let line = Line { within: None, depth: 1, children: None, shows: Shows::Waiting };
        Beneath { top, lines: vec![line; lines] }
    }

    #[test]
    fn what_is_nested_lies_beneath_its_run() {
        let beneath = [group(0, 2), group(3, 1), group(4, 3)];
        let places: Vec<Place> = (0..12).map(|row| place_of(&beneath, row)).collect();
        assert_eq!(
            places,
            [
                Top(0),
                Inside(0, 0),
                Inside(0, 1),
                Top(1),
                Top(2),
                Top(3),
                Inside(1, 0),
                Top(4),
                Inside(2, 0),
                Inside(2, 1),
                Inside(2, 2),
                Top(5),
            ]
        );
        for top in 0..100_000 {
            assert_eq!(place_of(&beneath, row_of_top(&beneath, top)), Top(top));
        }
        assert_eq!(place_of(&[], 99_999), Top(99_999));
    }
}
