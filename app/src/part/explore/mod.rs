//! Plots over the runs of an experiment rather than over steps: which params make a metric good.
//!
//! Owns: the choice of a plot (`choices`, from the address; `controls`), what is read of the runs (`values`), the plot made
//! of it (`draw`), the canvas and what follows the pointer (`board`, `reading`, `brush`) and the keyboard (`rail`), the same as a table, and which
//! params matter (`importance`).
//! Must never: be part of what browsers load first; draw (the crate `chart` does); keep a choice outside the address, but
//! for brushes.
//! Start reading at [`Explore`]. To add a kind of plot: a variant of [`choices::Kind`], the compiler shows the rest.

mod board;
mod brush;
mod choices;
mod controls;
mod draw;
mod importance;
mod rail;
mod reading;
mod table;
mod values;

use crate::{
    api::{Fault, list_runs},
    part::{
        address::Address,
        answered::FaultNote,
        empty::Empty,
        icon::Icon,
        later::{Loaded, later},
        live::Live,
        run_table::Selection,
    },
};
use board::Board;
use choices::{Choices, Kind, Known};
use controls::Controls;
use importance::ImportanceTable;
use leptos::{prelude::*, task::spawn_local, wasm_split::wasm_split};
use model::{
    ExperimentId,
    page::{Level, RunsQuery},
};
use std::{sync::Arc, time::Duration};

/// How often runs that change are read anew, at most.
const REFRESH: Duration = Duration::from_secs(5);

/// Whose runs are plotted.
#[derive(Clone, Copy)]
struct Subject {
    experiment: ExperimentId,
    /// What the table shows.
    asked: Memo<RunsQuery>,
    /// What is chosen in it.
    selection: Selection,
}

/// Plots over the runs of a table.
#[component]
pub fn Explore(
    /// Of which experiment.
    experiment: ExperimentId,
    /// What the table shows.
    asked: Memo<RunsQuery>,
    /// What is chosen in it.
    selection: Selection,
) -> AnyView {
    let waiting = || {
        let words = "<p>Plots need JavaScript. The table of runs has what they show.</p>";
        view! {
            <div class="explore explore-waiting" aria-busy="true"><noscript inner_html=words></noscript></div>
        }
        .into_any()
    };
    later(explore, Subject { experiment, asked, selection }, waiting)
}

/// The code of the plots.
#[wasm_split(explore, wasm_split_path = leptos::wasm_split, fallible)]
fn explore() -> Loaded<Subject> {
    Ok(drawn)
}

/// Told of news of an experiment's runs, now and then.
pub(super) fn news_of(experiment: ExperimentId, every: Duration) -> Trigger {
    Live::pulse(Signal::stored(vec![format!("e{experiment}")]), every)
}

/// A question and what the server answered to it.
pub(super) type Answered<Q, T> = RwSignal<Option<(Q, Result<Arc<T>, Fault>)>>;

/// Asks the server whenever the question is another one, and again when that is wanted. The last answer stays until the next
/// is there; one to the same question stays also while the server is out of reach.
pub(super) fn ask<Q, T, F>(
    question: Memo<Option<Q>>,
    again: Trigger,
    ask: impl Fn(Q) -> F + 'static,
) -> Answered<Q, T>
where
    Q: Clone + PartialEq + Send + Sync + 'static,
    T: PartialEq + Send + Sync + 'static,
    F: Future<Output = Result<T, Fault>> + 'static,
{
    let answer: Answered<Q, T> = RwSignal::new(None);
    Effect::new(move || {
        again.track();
        let Some(asked) = question.get() else { return };
        let answering = ask(asked.clone());
        spawn_local(async move {
            let answered = answering.await.map(Arc::new);
            // Somebody may have asked something else meanwhile, or left.
            if question.try_get_untracked().flatten().as_ref() != Some(&asked) {
                return;
            }
            let stays = answer.try_with_untracked(|answer| match (answer, &answered) {
                (Some((of, Ok(before))), Ok(now)) => *of == asked && before == now,
                (Some((of, Ok(_))), Err(_)) => *of == asked,
                _ => false,
            });
            if stays == Some(false) {
                _ = answer.try_set(Some((asked, answered)));
            }
        });
    });
    answer
}

fn drawn(subject: Subject) -> AnyView {
    let Subject { experiment, asked, .. } = subject;
    // Nested runs are plotted, too: they are what a sweep tried.
    let query = Memo::new(move |_| RunsQuery { offset: 0, columns: None, level: Level::All, ..asked.get() });
    let question = Memo::new(move |_| Some(query.get()));
    let again = Trigger::new();
    let first = ask(question, again, move |query| list_runs(experiment, query));
    // While runs of another filter are asked for, the plot stays: it asks for them too.
    let known = Memo::new(move |before: Option<&Option<Known>>| match &*first.read() {
        Some((_, Ok(page))) if page.runs.is_empty() => None,
        Some((_, Ok(page))) => Some(Known::of(&page.runs)),
        _ => before.cloned().flatten(),
    });
    let fault =
        Memo::new(move |_| first.read().as_ref().and_then(|(_, answer)| answer.as_ref().err().cloned()));
    let arrived = Memo::new(move |_| first.read().is_some());
    let any = Memo::new(move |_| known.read().is_some());
    // The first run with a metric brings something to plot. After that what is chosen by itself must not change.
    let news = news_of(experiment, REFRESH);
    Effect::watch(
        move || news.track(),
        move |(), _, _| {
            if known.read_untracked().as_ref().is_none_or(Known::is_bare) {
                again.notify();
            }
        },
        false,
    );
    let shown = move || {
        if let Some(fault) = fault.get() {
            let retry = move |_| again.notify();
            return view! {
                <FaultNote fault/>
                <p class="explore-retry"><button type="button" class="button" on:click=retry>"Retry"</button></p>
            }
            .into_any();
        }
        match (any.get(), arrived.get()) {
            (true, _) => panel(subject, query, known),
            (false, true) => view! {
                <Empty icon=Icon::Search title="No runs to plot">
                    <p class="muted">"No run matches, or none was logged yet."</p>
                </Empty>
            }
            .into_any(),
            (false, false) => view! { <div class="explore-waiting" aria-busy="true"></div> }.into_any(),
        }
    };
    view! { <div class="explore">{shown}</div> }.into_any()
}

fn panel(subject: Subject, query: Memo<RunsQuery>, known: Memo<Option<Known>>) -> AnyView {
    let address = Address::here();
    let here = format!("/experiments/{}", subject.experiment);
    let choices = Memo::new(move |before: Option<&Choices>| match before {
        // A page that is being left sees the next one's query.
        Some(before) if !address.is_at(&here) => before.clone(),
        _ => Choices::read(&address.query(), &known.get().unwrap_or_default()),
    });
    let tells = Memo::new(move |_| choices.read().kind == Kind::Importance);
    view! {
        <Controls experiment=subject.experiment choices/>
        {move || match tells.get() {
            true => view! { <ImportanceTable experiment=subject.experiment query choices/> }.into_any(),
            false => view! { <Board subject query choices/> }.into_any(),
        }}
    }
    .into_any()
}
