//! Where the chosen runs are moved to: an experiment that is found by typing.

use crate::{
    api::{Fault, find_targets, nested_runs},
    part::{
        pause::after_pause,
        run_actions::{Chosen, Task, carry_out},
        search_box::SearchBox,
        toast::Toasts,
    },
};
use leptos::{prelude::*, task::spawn_local};
use model::{
    RunId,
    find::MoveTarget,
    page::{NESTED_ASKED, RunsChange},
};
use std::{collections::HashSet, time::Duration};

/// How long nothing is typed before the server is asked.
const PAUSE: Duration = Duration::from_millis(120);

/// What was found, or why nothing was; `None` before the first answer.
type Found = Option<Result<Vec<MoveTarget>, String>>;

/// Experiments to choose from; whoever presses one moves the chosen runs there.
#[component]
pub fn MoveForm(
    /// Which runs.
    chosen: Chosen,
) -> AnyView {
    let toasts = Toasts::here();
    let (text, nested) = (RwSignal::new(String::new()), RwSignal::new(false));
    let found = RwSignal::new(Found::None);
    Effect::new(move || {
        let wanted = text.get().trim().to_owned();
        after_pause(PAUSE, move || ask(text, found, wanted));
    });
    let line = move |target: MoveTarget| {
        let (name, title) = (target.name.clone(), target.name.clone());
        let press = move |_| begin(chosen, toasts, target.clone(), nested.get_untracked());
        view! {
            <li>
                <button type="button" title=title on:click=press>
                    {name}
                </button>
            </li>
        }
    };
    let list = move || match found.get() {
        None => view! { <p class="muted" role="status">"Searching…"</p> }.into_any(),
        Some(Err(fault)) => view! { <p role="alert">{fault}</p> }.into_any(),
        Some(Ok(mut targets)) => {
            targets.retain(|target| Some(target.id) != chosen.experiment);
            if targets.is_empty() {
                let nothing = "No other experiment is called so where you may add runs.";
                view! { <p class="muted" role="status">{nothing}</p> }.into_any()
            } else {
                let lines = targets.into_iter().map(line).collect_view();
                view! { <ul class="menu-list" aria-label="Move to">{lines}</ul> }.into_any()
            }
        }
    };
    view! {
        <div class="move-form">
            <SearchBox label="Find an experiment" text=text.into() on_change=move |typed| text.set(typed)/>
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=move || nested.get()
                    on:change=move |event| nested.set(event_target_checked(&event))
                />
                <span>"And the runs nested in them"</span>
            </label>
            <div class="move-list">{list}</div>
        </div>
    }
    .into_any()
}

fn ask(text: RwSignal<String>, found: RwSignal<Found>, wanted: String) {
    spawn_local(async move {
        let answer = find_targets(wanted.clone()).await;
        // Something else may be typed by now, or nobody be there.
        if text.try_with_untracked(|text| text.trim() == wanted) == Some(true) {
            _ = found.try_set(Some(answer.map_err(|fault| fault.to_string())));
        }
    });
}

fn begin(chosen: Chosen, toasts: Toasts, target: MoveTarget, with_nested: bool) {
    let ids = chosen.selection.0.get_untracked();
    // The bar goes with the choice, and this form with the bar.
    chosen.selection.clear();
    let MoveTarget { id, name, and_back } = target;
    let task = Task {
        what: RunsChange::MoveTo(id),
        // Runs of several experiments have no one way back.
        undo: chosen.experiment.filter(|_| and_back).map(RunsChange::MoveTo),
        leads: Some((format!("Open {name}"), format!("/experiments/{id}"))),
        keeps: Some(chosen.selection),
    };
    if !with_nested {
        carry_out(toasts, chosen.changed, ids, task);
        return;
    }
    spawn_local(async move {
        match with_their_nested(&ids).await {
            Ok(all) => carry_out(toasts, chosen.changed, all, task),
            Err(fault) => {
                chosen.selection.set_all(&ids, true);
                toasts.failed(fault.to_string());
            }
        }
    });
}

/// These runs, and behind them those that are nested in them.
pub(super) async fn with_their_nested(ids: &[RunId]) -> Result<Vec<RunId>, Fault> {
    let mut known: HashSet<RunId> = ids.iter().copied().collect();
    let mut all = ids.to_vec();
    for portion in ids.chunks(NESTED_ASKED) {
        let nested = nested_runs(portion.to_vec()).await?;
        all.extend(nested.into_iter().filter(|run| known.insert(*run)));
    }
    Ok(all)
}
