//! What is compared of runs beyond their values: the packages that they ran with, and their files.
//!
//! Owns: sections that ask the server when they are opened, and the list of the runs that don't fit on top. But for the
//! frames of the sections it is a part that browsers load when they need it.
//! Must never: be needed to read the page without scripts.
//! Start reading at [`CompareSections`]. To add a section: its code in a file here, marked with `wasm_split(work, …)`, and
//! a line in [`CompareSections`]; its word in the address opens it.

pub mod colors;
mod difference;
mod environment;
mod files;
pub mod more_runs;

use crate::part::{address::Address, chart::ChartRun, number::counted};
use leptos::{ev, prelude::*};
use model::{RunId, compared::FILES_OF_RUNS};

/// The runs whose files are compared.
#[derive(Clone, Copy)]
pub struct Beside {
    /// The first of all runs, of which the first is the baseline.
    pub runs: Memo<Vec<ChartRun>>,
    /// How many runs there are in all.
    pub all: usize,
}

impl Beside {
    /// Their ids, tracked.
    fn ids(self) -> Vec<RunId> {
        self.runs.with(|runs| runs.iter().map(|run| run.id).collect())
    }

    /// A run by its id; nothing if it is none of these.
    fn find(self, id: RunId) -> Option<ChartRun> {
        self.runs.with_untracked(|runs| runs.iter().find(|run| run.id == id).cloned())
    }

    /// The dot of a run's colour, tracked.
    fn dot(self, id: RunId) -> Option<AnyView> {
        self.runs.with(|runs| runs.iter().find(|run| run.id == id).map(|run| run.ink.dot()))
    }

    /// That others are left out.
    fn note(self) -> Option<AnyView> {
        (self.all > FILES_OF_RUNS).then(|| {
            let text = format!(
                "The baseline and the next {} of {} are looked at.",
                FILES_OF_RUNS - 1,
                counted(self.all as u64, "run")
            );
            view! { <p class="muted">{text}</p> }.into_any()
        })
    }
}

/// A list of words between commas with one word put in, or taken out if it was there.
pub fn switched(list: &str, word: &str) -> String {
    let words = || list.split(',').filter(|known| !known.is_empty());
    match words().any(|known| known == word) {
        true => words().filter(|known| *known != word).collect::<Vec<_>>().join(","),
        false => words().chain([word]).collect::<Vec<_>>().join(","),
    }
}

/// The sections below the values, each closed until somebody opens it.
#[component]
pub fn CompareSections(
    /// Whose files.
    beside: Beside,
) -> AnyView {
    let address = Address::here();
    view! {
        {section(address, "environment", "Environment", move || environment::part(beside))}
        {section(address, "artifacts", "Artifacts", move || files::part(beside))}
    }
    .into_any()
}

fn waiting() -> AnyView {
    view! { <div class="compare-waiting" aria-busy="true"></div> }.into_any()
}

/// A section that is made while it is open. Which ones are is in the address.
fn section(
    address: Address,
    key: &'static str,
    title: &'static str,
    content: impl Fn() -> AnyView + Send + Sync + 'static,
) -> AnyView {
    let is_open = Memo::new(move |_| address.text("open").split(',').any(|word| word == key));
    let toggle = move |event: ev::MouseEvent| {
        // The address opens and closes it.
        event.prevent_default();
        let open = untrack(|| address.text("open"));
        address.set(&[("open", &switched(&open, key))]);
    };
    view! {
        <details class="chart-section compare-section" open=move || is_open.get()>
            <summary on:click=toggle><h2>{title}</h2></summary>
            {move || is_open.get().then(&content)}
        </details>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_list_are_switched() {
        assert_eq!(switched("", "a"), "a");
        assert_eq!(switched("a", "b"), "a,b");
        assert_eq!(switched("a,b", "a"), "b");
        assert_eq!(switched("a", "a"), "");
    }
}
