//! What is done to the runs that are chosen.

use crate::{
    api::{change_runs, matching_runs},
    part::{
        column::{ShownColumn, write_columns},
        icon::Icon,
        later::{Loaded, later},
        menu::Menu,
        move_runs::{MoveForm, with_their_nested},
        number::{count, counted},
        run_table::Selection,
        toast::{Toast, Toasts, Way},
    },
};
use leptos::{ev, prelude::*, task::spawn_local, wasm_split::wasm_split};
use model::{
    ExperimentId, RunId,
    page::{COMPARISON_LIMIT, Level, RunsChange, RunsQuery},
    run::Tag,
    run_list::write_runs,
};

/// Runs that are sent at once: small enough that the way can be seen.
const PORTION: usize = 25;
/// Runs that the address of a file can name.
const EXPORTED: usize = 200;

/// What the bar needs to know.
#[derive(Clone, Copy)]
pub struct Chosen {
    /// The runs.
    pub selection: Selection,
    /// In which experiment; none if the table has runs of several.
    pub experiment: Option<ExperimentId>,
    /// What the table shows.
    pub asked: Memo<RunsQuery>,
    /// The columns that are shown.
    pub shown: Signal<Vec<ShownColumn>>,
    /// Told when something was done.
    pub changed: Trigger,
    /// Whether the caller may change runs, and whether they may throw them away.
    pub rights: (bool, bool),
}

/// A bar with all that can be done to the chosen runs, as soon as there are any.
#[component]
pub fn RunActions(
    /// Which they are.
    chosen: Chosen,
) -> AnyView {
    let any = Memo::new(move |_| chosen.selection.len() > 0);
    view! {
        <Show when=move || any.get()>
            {later(bar, chosen, || view! { <div class="run-actions" aria-busy="true"></div> }.into_any())}
        </Show>
    }
    .into_any()
}

/// The code of the bar.
#[wasm_split(work, wasm_split_path = leptos::wasm_split, fallible)]
fn bar() -> Loaded<Chosen> {
    Ok(drawn)
}

fn drawn(chosen: Chosen) -> AnyView {
    let Chosen { selection, experiment, asked, rights: (may_edit, may_delete), .. } = chosen;
    let deleted = move || asked.read().deleted;
    let ids = move || selection.runs().iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let compare = move || match selection.len() {
        1 => Err("Select two or more runs to compare them".to_owned()),
        many if many > COMPARISON_LIMIT => Err(format!("At most {COMPARISON_LIMIT} runs can be compared")),
        _ => Ok(format!("/compare?runs={}", write_runs(&selection.runs()))),
    };
    let export = move |file: &'static str, all: bool| {
        move || {
            let columns = if all { "all".to_owned() } else { write_columns(&chosen.shown.read()) };
            let query = crate::Query::default().with("columns", &columns).with("runs", &ids());
            let of = experiment.map_or_else(|| "all".to_owned(), |experiment| experiment.to_string());
            format!("/export/runs/{of}/{file}{query}")
        }
    };
    let toasts = Toasts::here();
    let all = experiment.map(|experiment| {
        let select = move |_| {
            spawn_local(async move {
                match matching_runs(experiment, asked.get_untracked()).await {
                    Ok(ids) => selection.set_all(&ids, true),
                    Err(fault) => toasts.failed(fault.to_string()),
                }
            });
        };
        // Nested runs are looked for among active ones.
        let is_tree = move || asked.read().level == Level::Top && !deleted();
        let nested = move |_| {
            let parents = selection.0.get_untracked();
            spawn_local(async move {
                match with_their_nested(&parents).await {
                    Ok(ids) => selection.set_all(&ids, true),
                    Err(fault) => toasts.failed(fault.to_string()),
                }
            });
        };
        view! {
            <button type="button" class="button quiet" on:click=select>"Select all that match"</button>
            {move || is_tree().then(|| view! {
                <button type="button" class="button quiet" on:click=nested>"Select nested runs too"</button>
            })}
        }
    });
    view! {
        <div class="run-actions" role="toolbar" aria-label="Chosen runs">
            <strong>{move || format!("{} selected", count(selection.len() as u64))}</strong>
            {all}
            <span class="push"></span>
            {move || match compare() {
                Ok(href) => view! { <a class="button primary" href=href>{Icon::Compare.draw()} "Compare"</a> }.into_any(),
                Err(why) => view! { <button type="button" class="button primary" disabled title=why>{Icon::Compare.draw()} "Compare"</button> }.into_any(),
            }}
            {(may_edit).then(|| view! {
                <Menu label="Tag" face=ViewFn::from(|| view! { "Tag" })>
                    <TagForm chosen/>
                </Menu>
            })}
            <Show when=move || may_delete && !deleted()>
                <Menu label="Move to…" face=ViewFn::from(|| view! { "Move to…" })>
                    <MoveForm chosen/>
                </Menu>
            </Show>
            <Show when=move || selection.len() <= EXPORTED>
                <Menu label="Export" face=ViewFn::from(|| view! { {Icon::Download.draw()} "Export" })>
                    <ul class="menu-list">
                        <li><a href=export("runs.csv", false) rel="external" download="">"CSV, columns shown"</a></li>
                        <li><a href=export("runs.csv", true) rel="external" download="">"CSV, all columns"</a></li>
                        <li><a href=export("runs.parquet", false) rel="external" download="">"Parquet, columns shown"</a></li>
                        <li><a href=export("runs.parquet", true) rel="external" download="">"Parquet, all columns"</a></li>
                        <li><a href=export("runs.json", true) rel="external" download="">"JSON, all but the curves"</a></li>
                    </ul>
                </Menu>
            </Show>
            <Show when=move || may_delete>
                {move || if deleted() {
                    view! {
                        <button type="button" class="button" on:click=move |_| change(chosen, toasts, RunsChange::Restore)>"Restore"</button>
                    }.into_any()
                } else {
                    view! {
                        <button type="button" class="button danger" on:click=move |_| change(chosen, toasts, RunsChange::Delete)>
                            {Icon::Trash.draw()}
                            "Delete"
                        </button>
                    }.into_any()
                }}
            </Show>
            <button type="button" class="button quiet" on:click=move |_| selection.clear()>"Clear"</button>
        </div>
    }
    .into_any()
}

/// A tag for all chosen runs; without a value it is taken away.
#[component]
fn TagForm(chosen: Chosen) -> AnyView {
    let (key, value) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let toasts = Toasts::here();
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let (key, value) = (key.get_untracked().trim().to_owned(), value.get_untracked());
        if key.is_empty() {
            return;
        }
        let what = if value.is_empty() {
            RunsChange::DeleteTag(key)
        } else {
            RunsChange::SetTag(Tag { key, value })
        };
        change(chosen, toasts, what);
    };
    view! {
        <form class="small-form" on:submit=submit>
            <label>
                <span>"Key"</span>
                <input class="input" type="text" autocomplete="off" required on:input=move |event| key.set(event_target_value(&event))/>
            </label>
            <label>
                <span>"Value"</span>
                <input class="input" type="text" autocomplete="off" placeholder="none: takes the tag away" on:input=move |event| value.set(event_target_value(&event))/>
            </label>
            <button type="submit" class="button primary">"Apply"</button>
        </form>
    }
    .into_any()
}

/// Does this to the chosen runs.
fn change(chosen: Chosen, toasts: Toasts, what: RunsChange) {
    let ids = chosen.selection.0.get_untracked();
    if matches!(what, RunsChange::Delete | RunsChange::Restore) {
        chosen.selection.clear();
    }
    let undo = match what {
        RunsChange::Delete => Some(RunsChange::Restore),
        RunsChange::Restore => Some(RunsChange::Delete),
        _ => None,
    };
    carry_out(toasts, chosen.changed, ids, Task { undo, ..Task::of(what) });
}

/// What is done to runs, and what follows.
pub(super) struct Task {
    pub what: RunsChange,
    /// What undoes it.
    pub undo: Option<RunsChange>,
    /// Where it leads, and the address.
    pub leads: Option<(String, String)>,
    /// Where those are chosen again for which it was refused.
    pub keeps: Option<Selection>,
}

impl Task {
    /// This, and nothing follows.
    fn of(what: RunsChange) -> Self {
        Self { what, undo: None, leads: None, keeps: None }
    }
}

/// Carries a change out in portions, says how far it is, and offers what follows.
pub(super) fn carry_out(toasts: Toasts, changed: Trigger, ids: Vec<RunId>, task: Task) {
    let Task { what, undo, leads, keeps } = task;
    let cancelled = ArcRwSignal::new(false);
    let cancel = {
        let cancelled = cancelled.clone();
        Way { label: "Cancel", act: Callback::new(move |()| cancelled.set(true)) }
    };
    let (doing, done) = words(&what);
    let all = ids.len() as u64;
    let way = (ids.len() > PORTION).then_some(cancel);
    let toast = toasts.begin(format!("{doing} {}…", counted(all, "run")), way);
    spawn_local(async move {
        let (mut reached, mut refused, mut undoable) = (0, Vec::new(), Vec::new());
        let mut fault = None;
        for portion in ids.chunks(PORTION) {
            if cancelled.get_untracked() {
                break;
            }
            match change_runs(portion.to_vec(), what.clone()).await {
                Ok(some) => {
                    let not: Vec<RunId> = some.refused.iter().map(|(run, _)| *run).collect();
                    undoable.extend(portion.iter().filter(|run| !not.contains(run)).copied());
                    reached += some.changed;
                    refused.extend(some.refused);
                }
                Err(failed) => {
                    fault = Some(failed);
                    break;
                }
            }
            toast.say(format!("{doing} runs: {} of {}…", count(reached), count(all)));
        }
        // The table may be gone meanwhile; then there is nobody to tell.
        changed.notify();
        let mut text = told(done, reached, &refused, fault.map(|fault| fault.to_string()));
        if let Some(selection) = keeps.filter(|_| !refused.is_empty()) {
            let left: Vec<RunId> = refused.iter().map(|(run, _)| *run).collect();
            selection.set_all(&left, true);
            text = text.map_err(|text| format!("{text} Those are selected again."));
        }
        if let Some((name, address)) = leads.filter(|_| reached > 0) {
            toast.lead(name, address);
        }
        let undo = undo.filter(|_| !undoable.is_empty()).map(|undo| Way {
            label: "Undo",
            act: Callback::new(move |()| {
                carry_out(toasts, changed, undoable.clone(), Task::of(undo.clone()));
            }),
        });
        finish(toast, text, undo);
    });
}

fn finish(toast: Toast, text: Result<String, String>, undo: Option<Way>) {
    match text {
        Ok(text) => toast.finish(Some(text), undo),
        Err(text) => toast.fail(Some(text), undo),
    }
}

/// What is said while it is done, and once it is.
fn words(what: &RunsChange) -> (&'static str, &'static str) {
    match what {
        RunsChange::Delete => ("Deleting", "deleted"),
        RunsChange::Restore => ("Restoring", "restored"),
        RunsChange::SetTag(_) | RunsChange::DeleteTag(_) => ("Tagging", "tagged"),
        RunsChange::Rename(_) => ("Renaming", "renamed"),
        RunsChange::AskToStop => ("Asking", "asked to stop"),
        RunsChange::LetRun => ("Telling", "no longer asked to stop"),
        RunsChange::MoveTo(_) => ("Moving", "moved"),
    }
}

/// What came of it: good news, or why not all of it is.
fn told(
    done: &str,
    reached: u64,
    refused: &[(RunId, model::Problem)],
    fault: Option<String>,
) -> Result<String, String> {
    let good = format!("{} {done}.", counted(reached, "run"));
    match (refused.first(), fault) {
        (None, None) => Ok(good),
        (_, Some(fault)) => Err(format!("{good} Then: {fault}")),
        (Some((_, why)), None) => Err(format!("{good} {} not: {}", count(refused.len() as u64), why.message)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_of_a_change_is_told_in_full() {
        let refused =
            [("0af7651916cd43dd8448eb211c80319c".parse().unwrap(), model::Problem::missing("Gone."))];
        assert_eq!(told("deleted", 2, &[], None), Ok("2 runs deleted.".to_owned()));
        assert_eq!(told("deleted", 1, &refused, None), Err("1 run deleted. 1 not: Gone.".to_owned()));
        assert_eq!(
            told("tagged", 25, &refused, Some("The server can't be reached.".to_owned())),
            Err("25 runs tagged. Then: The server can't be reached.".to_owned())
        );
    }
}
