use super::{
    Of,
    command::{Way, commands},
    is_there, press,
    sheet::caps,
};
use crate::{
    api::find_anything,
    part::{
        address::{Address, encode_path},
        copy::copy_to_clipboard,
        icon::Icon,
        later::Loaded,
        pause::after_pause,
        status::StatusDot,
        toast::Toasts,
    },
};
use leptos::{ev, html, prelude::*, task::spawn_local, wasm_split::wasm_split};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use model::{experiment::Lifecycle, find::Found, run::RunStatus};
use std::time::Duration;
use web_sys::{ScrollIntoViewOptions, ScrollLogicalPosition};

/// How long nothing is typed before the server is asked.
const PAUSE: Duration = Duration::from_millis(120);

/// The code of the search.
#[wasm_split(work, wasm_split_path = leptos::wasm_split, fallible)]
pub(super) fn search() -> Loaded<Of> {
    Ok(drawn)
}

/// Something to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    /// What it is one of.
    group: &'static str,
    icon: Icon,
    /// Of a run, where it stands.
    status: Option<RunStatus>,
    title: String,
    /// What tells it from others of the same title.
    hint: String,
    way: Way,
}

/// The commands whose words hold all that is typed.
fn command_lines(commands: Vec<(&'static str, Way)>, text: &str) -> Vec<Line> {
    let text = text.to_lowercase();
    let matches = |words: &str| text.split_whitespace().all(|part| words.to_lowercase().contains(part));
    let line = |(words, way): (&'static str, Way)| Line {
        group: "Commands",
        icon: Icon::ChevronRight,
        status: None,
        title: words.to_owned(),
        hint: String::new(),
        way,
    };
    commands.into_iter().filter(|(words, _)| matches(words)).map(line).collect()
}

fn found_lines(found: Found) -> Vec<Line> {
    let experiments = found.experiments.into_iter().map(|hit| Line {
        group: "Experiments",
        icon: Icon::Flask,
        status: None,
        title: hit.name,
        hint: String::new(),
        way: Way::Go(format!("/experiments/{}", hit.id)),
    });
    let runs = found.runs.into_iter().map(|hit| {
        let id: String = hit.id.to_string().chars().take(8).collect();
        let trash = if hit.lifecycle == Lifecycle::Deleted { ", in the trash" } else { "" };
        Line {
            group: "Runs",
            icon: Icon::View,
            status: Some(hit.status),
            hint: format!("{} · {id}{trash}", hit.experiment_name),
            title: if hit.name.is_empty() { id } else { hit.name },
            way: Way::Go(format!("/experiments/{}/runs/{}", hit.experiment, hit.id)),
        }
    });
    let models = found.models.into_iter().map(|name| Line {
        group: "Models",
        icon: Icon::Box,
        status: None,
        hint: String::new(),
        way: Way::Go(format!("/models/{}", encode_path(&name))),
        title: name,
    });
    experiments.chain(runs).chain(models).collect()
}

/// The place of the next line, up or down, and from one end to the other.
fn moved(place: usize, step: isize, lines: usize) -> usize {
    let last = lines.saturating_sub(1);
    match place.min(last).checked_add_signed(step) {
        Some(next) if next <= last => next,
        Some(_) => 0,
        None => last,
    }
}

fn id_of(place: usize) -> String {
    format!("palette-line-{place}")
}

/// What the server was asked for, and answered.
#[derive(Clone, Copy)]
struct Asked {
    text: RwSignal<String>,
    found: RwSignal<Found>,
    waiting: RwSignal<bool>,
    fault: RwSignal<Option<String>>,
}

impl Asked {
    fn new() -> Self {
        Self {
            text: RwSignal::new(String::new()),
            found: RwSignal::new(Found::default()),
            waiting: RwSignal::new(false),
            fault: RwSignal::new(None),
        }
    }

    /// Asks once a pause is made, not with each key.
    fn keep_asking(self) {
        Effect::new(move || {
            let wanted = self.text.get().trim().to_owned();
            self.waiting.set(!wanted.is_empty());
            if wanted.is_empty() {
                self.found.set(Found::default());
                self.fault.set(None);
                return;
            }
            after_pause(PAUSE, move || self.ask(wanted));
        });
    }

    fn ask(self, wanted: String) {
        spawn_local(async move {
            let answer = find_anything(wanted.clone()).await;
            // Something else may be typed by now, or nobody be there.
            if self.text.try_with_untracked(|text| text.trim() == wanted) != Some(true) {
                return;
            }
            let (found, fault) = match answer {
                Ok(found) => (found, None),
                Err(fault) => (Found::default(), Some(fault.to_string())),
            };
            _ = self.found.try_set(found);
            _ = self.fault.try_set(fault);
            _ = self.waiting.try_set(false);
        });
    }
}

fn drawn(of: Of) -> AnyView {
    let asked = Asked::new();
    asked.keep_asking();
    let address = Address::here();
    let toasts = Toasts::here();
    let navigate = StoredValue::new(use_navigate());
    let place = RwSignal::new(0_usize);
    let lines = Memo::new(move |_| {
        let query = address.query().with("__path", "").with("__err", "");
        let commands = commands(&address.path(), &query, is_there);
        let mut lines = command_lines(commands, &asked.text.read());
        lines.extend(found_lines(asked.found.get()));
        lines
    });
    let current = move || place.get().min(lines.read().len().saturating_sub(1));

    let choose = move |place: usize| {
        let Some(line) = lines.with_untracked(|lines| lines.get(place).cloned()) else { return };
        if line.way == Way::Sheet {
            return of.sheet.run(());
        }
        // The page takes nothing before the dialog over it is closed.
        of.close.run(());
        match line.way {
            Way::Go(path) => navigate.with_value(|navigate| navigate(&path, NavigateOptions::default())),
            Way::Press(button) => _ = press(button),
            Way::CopyLink => {
                copy_to_clipboard(&window().location().href().unwrap_or_default());
                toasts.done("Link copied.", None);
            }
            Way::Sheet => {}
        }
    };
    let step = move |step: isize| {
        let count = lines.read_untracked().len();
        let next = moved(place.get_untracked(), step, count);
        place.set(next);
        if let Some(line) = document().get_element_by_id(&id_of(next)) {
            let options = ScrollIntoViewOptions::new();
            options.set_block(ScrollLogicalPosition::Nearest);
            line.scroll_into_view_with_scroll_into_view_options(&options);
        }
    };
    let key = move |event: ev::KeyboardEvent| {
        if event.is_composing() {
            return;
        }
        match event.key().as_str() {
            "ArrowDown" => step(1),
            "ArrowUp" => step(-1),
            "Enter" => {
                // What was found may answer an older text until the answer to this one is there; commands are found at once.
                let place = untrack(current);
                let line = lines.with_untracked(|lines| lines.get(place).map(|line| line.group));
                if line == Some("Commands") || !asked.waiting.get_untracked() {
                    choose(place);
                }
            }
            _ => return,
        }
        event.prevent_default();
    };

    let input = NodeRef::<html::Input>::new();
    Effect::new(move || {
        if let Some(input) = input.get() {
            _ = input.focus();
        }
    });
    let groups = move || {
        let lines = lines.get();
        let mut first = 0;
        let groups = lines.chunk_by(|a, b| a.group == b.group).map(|group| {
            let rows = group.iter().zip(first..).map(|(line, number)| {
                view! { <Row line=line.clone() number current=Signal::derive(current) place choose=Callback::new(choose)/> }
            });
            let rows = rows.collect_view();
            first += group.len();
            let name = group.first().map_or("", |line| line.group);
            view! {
                <div role="group" aria-label=name>
                    <div class="palette-group" aria-hidden="true">{name}</div>
                    {rows}
                </div>
            }
        });
        groups.collect_view()
    };
    let said = move || match (asked.fault.get(), lines.read().len()) {
        (Some(fault), _) => fault,
        _ if asked.waiting.get() => "Searching…".to_owned(),
        (None, 0) => "Nothing found".to_owned(),
        (None, _) => String::new(),
    };
    view! {
        <div class="palette-box">
            <div class="palette-head">
                {Icon::Search.draw()}
                <input
                    type="text"
                    role="combobox"
                    aria-label="Search"
                    aria-expanded="true"
                    aria-controls="palette-list"
                    aria-autocomplete="list"
                    aria-activedescendant=move || (!lines.read().is_empty()).then(|| id_of(current()))
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    maxlength="200"
                    placeholder="Experiments, runs, models, commands"
                    node_ref=input
                    on:input=move |event| {
                        place.set(0);
                        asked.text.set(event_target_value(&event));
                    }
                    on:keydown=key
                />
            </div>
            <div class="palette-list" id="palette-list" role="listbox" aria-label="Found" aria-busy=move || asked.waiting.get().to_string()>
                {groups}
            </div>
            <p class="palette-said" role="status">{said}</p>
        </div>
    }
    .into_any()
}

#[component]
fn Row(
    line: Line,
    number: usize,
    current: Signal<usize>,
    place: RwSignal<usize>,
    choose: Callback<usize>,
) -> AnyView {
    let mark = match line.status {
        Some(status) => view! { <StatusDot status/> }.into_any(),
        None => line.icon.draw(),
    };
    // The cursor stays in the field: what is pressed here takes no focus.
    view! {
        <div
            class="palette-line"
            role="option"
            id=id_of(number)
            aria-selected=move || (current.get() == number).to_string()
            on:pointerdown=|event| event.prevent_default()
            on:mousedown=|event| event.prevent_default()
            on:pointermove=move |_| {
                if place.get_untracked() != number {
                    place.set(number);
                }
            }
            on:click=move |_| choose.run(number)
        >
            {mark}
            <span class="palette-title">{line.title}</span>
            <span class="palette-hint">{line.hint}</span>
            {line.way.keys().map(caps)}
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arrows_go_from_one_end_to_the_other() {
        let check = |place, step, lines, expected| assert_eq!(moved(place, step, lines), expected);
        check(0, 1, 3, 1);
        check(2, 1, 3, 0);
        check(0, -1, 3, 2);
        check(9, -1, 3, 1);
        check(0, 1, 0, 0);
        check(0, -1, 0, 0);
    }

    #[test]
    fn a_command_is_found_by_parts_of_its_words() {
        let commands = || vec![("Go to models", Way::Sheet), ("Switch the theme", Way::CopyLink)];
        let titles = |text: &str| -> Vec<String> {
            command_lines(commands(), text).into_iter().map(|line| line.title).collect()
        };
        assert_eq!(titles("MOD go"), ["Go to models"]);
        assert_eq!(titles(""), ["Go to models", "Switch the theme"]);
        assert!(titles("churn").is_empty());
    }

    #[test]
    fn what_is_found_leads_to_its_page() {
        let found = Found { models: vec!["a b".to_owned()], ..Found::default() };
        let lines = found_lines(found);
        assert_eq!(lines[0].way, Way::Go("/models/a%20b".to_owned()));
    }
}
