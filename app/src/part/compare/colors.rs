//! The colours of the runs of a comparison, which change while it is looked at.

use crate::part::run_color::{Ink, Swatches};
use leptos::prelude::*;
use model::{RunId, page::Comparison, run_color::RunColor};
use std::collections::{HashMap, HashSet};

/// Which colours were chosen, and whose can be changed.
#[derive(Clone, Copy)]
pub struct Colors {
    chosen: RwSignal<HashMap<RunId, RunColor>>,
    editable: StoredValue<HashSet<RunId>>,
    swatches: Swatches,
}

impl Colors {
    /// As the comparison came.
    pub fn new(comparison: &Comparison) -> Self {
        let chosen = comparison.runs.iter().filter_map(|run| Some((run.run.info.id, run.run.color()?)));
        let chosen = RwSignal::new(chosen.collect::<HashMap<_, _>>());
        let swatches = Swatches::new(move |run, color| {
            chosen.update(|chosen| {
                _ = match color {
                    Some(color) => chosen.insert(run, color),
                    None => chosen.remove(&run),
                };
            });
        });
        let editable = StoredValue::new(comparison.editable.iter().copied().collect());
        Self { chosen, editable, swatches }
    }

    /// The colour of a run at this place, tracked.
    pub fn ink(self, run: RunId, place: usize) -> Ink {
        Ink::new(self.chosen.read().get(&run).copied(), place)
    }

    /// The dot of a run, which is a button for whoever may change it.
    pub fn swatch(self, run: RunId, name: &str, place: usize) -> AnyView {
        let may_change = self.editable.with_value(|editable| editable.contains(&run));
        let name = name.to_owned();
        let swatch = move || {
            let ink = self.ink(run, place);
            if may_change { self.swatches.button(run, &name, ink) } else { ink.dot() }
        };
        swatch.into_any()
    }

    /// Where colours are chosen.
    pub fn panel(self) -> AnyView {
        self.swatches.panel()
    }
}
