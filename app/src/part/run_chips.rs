//! The runs whose lines are drawn: their colours and names, and an eye for each that hides its line.

use crate::part::{
    address::Address,
    chart::{ChartRun, group_words, groups},
    chart_options::Hidden,
    icon::Icon,
    run_color::{Ink, Swatches},
};
use leptos::prelude::*;
use model::RunId;

/// Chips at first; the others come when they are asked for.
const FIRST: usize = 24;

/// Hides a run's line, or shows it again.
pub fn eye_button(hidden: Memo<Hidden>, run: RunId, name: String) -> AnyView {
    let address = Address::here();
    let is_hidden = Memo::new(move |_| hidden.read().has(run));
    let what = Signal::derive(move || format!("{} {name}", if is_hidden.get() { "Show" } else { "Hide" }));
    view! {
        <button
            type="button"
            class="icon-button"
            aria-label=what
            title=what
            on:click=move |_| address.set(&[("hide", &hidden.get_untracked().toggled(run))])
        >
            {move || if is_hidden.get() { Icon::EyeOff.draw() } else { Icon::Eye.draw() }}
        </button>
    }
    .into_any()
}

/// Runs by name and colour; groups where they are grouped.
#[component]
pub fn RunChips(
    /// All of them, hidden ones too.
    runs: Signal<Vec<ChartRun>>,
    /// What the list is called.
    label: &'static str,
    /// What chooses colours, for those who may.
    #[prop(default = None)]
    swatches: Option<Swatches>,
) -> AnyView {
    let address = Address::here();
    let hidden = Memo::new(move |_| Hidden::read(address));
    let all = RwSignal::new(false);
    let chip = move |run: &ChartRun| {
        let (id, name) = (run.id, run.name.clone());
        let is_hidden = move || hidden.read().has(id);
        let dot = match swatches {
            Some(swatches) => swatches.button(id, &name, run.ink),
            None => run.ink.dot(),
        };
        view! {
            <li class="run-chip" class:hidden-run=is_hidden>
                {dot}
                <a href=run.address()>{run.name.clone()}</a>
                {eye_button(hidden, id, name)}
            </li>
        }
    };
    let group = |(place, (name, count)): (usize, (&str, usize))| {
        view! {
            <li class="run-chip">
                {Ink::Place(place).dot()}
                <span>{group_words(name, count)}</span>
            </li>
        }
        .into_any()
    };
    let chips = move || {
        let runs = runs.read();
        let most = if all.get() { usize::MAX } else { FIRST };
        match runs.iter().any(|run| run.group.is_some()) {
            true => groups(&runs).into_iter().enumerate().take(most).map(group).collect_view(),
            false => runs.iter().take(most).map(|run| chip(run).into_any()).collect_view(),
        }
    };
    let more = move || {
        let runs = runs.read();
        let grouped = runs.iter().any(|run| run.group.is_some());
        let count = if grouped { groups(&runs).len() } else { runs.len() };
        count.saturating_sub(FIRST)
    };
    view! {
        <ul class="run-chips" aria-label=label>
            {chips}
            <Show when=move || { more() > 0 }>
                <li>
                    <button type="button" class="button quiet" on:click=move |_| all.update(|all| *all = !*all)>
                        {move || if all.get() { "Show fewer".to_owned() } else { format!("{} more", more()) }}
                    </button>
                </li>
            </Show>
        </ul>
    }
    .into_any()
}
