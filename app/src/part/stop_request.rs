//! A run is asked to stop: word for its script, which looks for it and decides.

use crate::part::{
    copy::CodeBlock,
    later::{Loaded, later},
};
use leptos::{prelude::*, wasm_split::wasm_split};
use model::{page::RunsChange, stop::read_stop_request};

/// What a script does now and then.
const CHECK: &str = "if client.get_run(run_id).data.tags.get(\"runmark.stop_requested\"):\n    break";

/// What was asked for, if anything was.
#[component]
pub fn StopNote(
    /// Who asked and when, as the run's tag has it.
    #[prop(into)]
    asked: Signal<Option<String>>,
) -> AnyView {
    let note = move || {
        asked.get().map(|value| {
            let (who, when) = read_stop_request(&value);
            let (who, when) = (who.to_owned(), when.to_owned());
            let time =
                (!when.is_empty()).then(|| view! { ", " <time datetime=when.clone()>{when.clone()}</time> });
            view! {
                <div class="banner stop-note" role="status">
                    <p>"Stop asked for by " <strong>{who}</strong> {time} ". The training script decides."</p>
                    <details>
                        <summary>"How a script sees it"</summary>
                        <CodeBlock code=Signal::stored(CHECK.to_owned()) what="check"/>
                    </details>
                </div>
            }
        })
    };
    note.into_any()
}

/// What the button needs.
#[derive(Clone, Copy)]
pub struct Stopping {
    /// Whether the run is asked already.
    pub asked: Signal<bool>,
    /// Carries it out.
    pub change: Callback<RunsChange>,
}

/// The button that asks, or takes it back.
#[component]
pub fn StopButton(
    /// What it needs.
    stopping: Stopping,
) -> AnyView {
    later(button, stopping, || ().into_any())
}

/// The code of the button.
#[wasm_split(run, wasm_split_path = leptos::wasm_split, fallible)]
fn button() -> Loaded<Stopping> {
    Ok(drawn)
}

fn drawn(Stopping { asked, change }: Stopping) -> AnyView {
    let ask = move |_| {
        change.run(if asked.get_untracked() { RunsChange::LetRun } else { RunsChange::AskToStop });
    };
    view! {
        <button type="button" class="button quiet" title="Leaves word for the training script, which decides" on:click=ask>
            {move || if asked.get() { "Take the request back" } else { "Ask to stop" }}
        </button>
    }
    .into_any()
}
