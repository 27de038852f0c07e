use super::exhibit;
use crate::part::{
    answered::{ProblemNote, Waiting},
    chart::ChartRun,
    empty::{Empty, FirstRun},
    icon::Icon,
    number::{Number, count, counted, size},
    run_chips::RunChips,
    run_color::Ink,
    status::{StatusBadge, StatusDot},
    time::{Ago, Clock, Took},
    toast::{Toasts, Way},
};
use leptos::prelude::*;
use model::{Code, ExperimentId, Millis, Problem, RunId, run::RunStatus};
use std::time::Duration;

const STATUSES: [RunStatus; 5] =
    [RunStatus::Running, RunStatus::Scheduled, RunStatus::Finished, RunStatus::Failed, RunStatus::Killed];

/// Values that are hard to write.
const NUMBERS: [f64; 8] =
    [0.0, 1.0, 0.1 + 0.2, -1.234_567_89e-12, 6.022e23, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];

/// How long ago, in milliseconds.
const AGES: [Millis; 5] = [0, 42_000, 5_400_000, 3 * 86_400_000, 400 * 86_400_000];

/// What says something.
pub fn room() -> AnyView {
    view! {
        {exhibit("Status", statuses())}
        {exhibit("Chips", chips())}
        {exhibit("Numbers and times", numbers())}
        {exhibit("Notices", notices())}
        {exhibit("Loading", view! { <Waiting bars=4/> })}
        {exhibit("Nothing there", view! {
            <Empty icon=Icon::Flask title="No runs yet">
                <p class="muted">"Runs appear here as soon as they are logged."</p>
                <p><a class="button" href="/gallery?tab=parts">"A way on"</a></p>
            </Empty>
        })}
        {exhibit("The first run", view! { <FirstRun experiment=Some("Churn \"2\"".to_owned())/> })}
        {problems()}
    }
    .into_any()
}

fn statuses() -> AnyView {
    let badge = |status: RunStatus| view! { <StatusBadge status/> };
    let dot = |status: RunStatus| view! { <StatusDot status/> };
    view! {
        <div class="gallery-row">{STATUSES.map(badge).into_iter().collect_view()}</div>
        <div class="gallery-row">{STATUSES.map(dot).into_iter().collect_view()}</div>
    }
    .into_any()
}

fn chips() -> AnyView {
    let run = |(index, name): (usize, &str)| {
        let id = format!("{:032x}", index + 1).parse::<RunId>().ok()?;
        Some(ChartRun::new(ExperimentId(1), id, name.to_owned(), Ink::Place(index)))
    };
    let names =
        ["bold-fox-1", "a name so long that there is hardly any room for it on a small screen", "calm-owl-3"];
    let runs: Vec<ChartRun> = names.into_iter().enumerate().filter_map(run).collect();
    let grouped = runs.iter().cloned().map(|run| {
        let group = if run.ink == Ink::Place(2) { "solver=sgd" } else { "solver=adam" };
        ChartRun { group: Some(group.to_owned()), ..run }
    });
    let grouped: Vec<ChartRun> = grouped.collect();
    view! {
        <div class="gallery-row">
            <span class="chip">"champion"</span>
            <span class="chip bad">"deleted"</span>
        </div>
        <RunChips runs=Signal::stored(runs) label="Runs"/>
        <RunChips runs=Signal::stored(grouped) label="Groups of runs"/>
    }
    .into_any()
}

fn numbers() -> AnyView {
    let now = untrack(Clock::read);
    let number = |value: f64| view! { <li><Number value/></li> };
    let ago = move |age: Millis| view! { <li><Ago at={now - age}/></li> };
    let counts = [0, 999, 1_234_567].map(|number| view! { <li>{count(number)}</li> });
    let runs = [1, 2_000].map(|number| view! { <li>{counted(number, "run")}</li> });
    let sizes = [999, 1_500, 5_000_000_000].map(|bytes| view! { <li>{size(bytes)}</li> });
    view! {
        <ul class="gallery-row">{NUMBERS.map(number).into_iter().collect_view()}</ul>
        <ul class="gallery-row">
            {counts.into_iter().collect_view()}
            {runs.into_iter().collect_view()}
            {sizes.into_iter().collect_view()}
        </ul>
        <ul class="gallery-row"><li><Ago at=0/></li>{AGES.map(ago).into_iter().collect_view()}</ul>
        <ul class="gallery-row">
            <li><Took start=0 end=None running=false/></li>
            <li><Took start={now - 125_000} end=Some(now) running=false/></li>
            <li><Took start={now - 42_000} end=None running=true/></li>
        </ul>
    }
    .into_any()
}

fn notices() -> AnyView {
    let toasts = Toasts::here();
    let again = Way { label: "Undo", act: Callback::new(move |()| toasts.done("It is as before.", None)) };
    let underway = move |_| {
        let toast = toasts.begin("Moving 3 runs…", None);
        let end = move || toast.finish(Some("3 runs are moved.".to_owned()), None);
        set_timeout(end, Duration::from_secs(3));
    };
    view! {
        <p class="banner">{Icon::Alert.draw()} "This server runs without accounts."</p>
        <p class="banner good">{Icon::Check.draw()} "Your password is changed."</p>
        <p class="banner danger">{Icon::Alert.draw()} "The password is wrong."</p>
        <div class="gallery-row">
            <button type="button" class="button" on:click=move |_| toasts.done("The run is renamed.", None)>"Done"</button>
            <button type="button" class="button" on:click=move |_| toasts.done("2 runs are deleted.", Some(again))>
                "Done, with a way back"
            </button>
            <button type="button" class="button" on:click=underway>"Underway"</button>
            <button type="button" class="button" on:click=move |_| toasts.failed("The server is out of reach.")>
                "Failed"
            </button>
        </div>
    }
    .into_any()
}

fn problems() -> AnyView {
    let problem = |(name, code, message): (&'static str, Code, &'static str)| {
        exhibit(name, view! { <ProblemNote problem=Problem::new(code, message)/> })
    };
    [
        ("Not there", Code::ResourceDoesNotExist, "There is no such run."),
        ("Not allowed", Code::PermissionDenied, "You may read this experiment, not change it."),
        ("Out of reach", Code::TemporarilyUnavailable, "The server can't be reached."),
        ("A fault", Code::InternalError, "Something went wrong in the server."),
    ]
    .map(problem)
    .into_iter()
    .collect_view()
    .into_any()
}
