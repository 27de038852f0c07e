//! The console log of a run: its last lines, as a terminal would show them, and what is added while it runs.
//!
//! Owns: which log is shown, which of its lines are here ([`held`]), following its end.
//! Must never: ask for a whole file; be part of what browsers load first; make markup of what a program printed.
//! Start reading at [`RunLog`].

mod held;

use crate::{
    api::{Fault, fetch, read_log, run_logs},
    part::{
        address::Address,
        answered::{Answered, FaultNote},
        artifact_browser::file_address,
        empty::Empty,
        icon::Icon,
        later::{Loaded, later},
        live::Live,
        number::{count, counted, size},
        search_box::SearchBox,
    },
};
use held::{Held, with_text};
use leptos::{html::Div, prelude::*, task::spawn_local, wasm_split::wasm_split};
use model::{
    ExperimentId, RunId,
    console::{LogPart, LogPiece, terminal::Line},
    page::ArtifactRoot,
};
use std::{sync::Arc, time::Duration};

/// How often a log that changes is read on, at most.
const REFRESH: Duration = Duration::from_secs(3);
/// How often the log of a run that goes on is looked at without any news: what writes it may not tell.
const POLL: Duration = Duration::from_secs(5);
/// So near to its end, in CSS pixels, one is at it.
const NEAR: i32 = 8;

/// Whose log.
#[derive(Clone, Copy)]
struct Of {
    experiment: ExperimentId,
    run: RunId,
    grows: Signal<bool>,
}

/// What a run's program printed. Which file and which lines is part of the address.
#[component]
pub fn RunLog(
    /// The experiment of the run.
    experiment: ExperimentId,
    /// The run.
    run: RunId,
    /// Whether it goes on.
    grows: Signal<bool>,
) -> AnyView {
    let waiting = || {
        let words = "<p>Logs need JavaScript here. They are among the artifacts, too.</p>";
        view! { <div class="log-waiting" aria-busy="true"><noscript inner_html=words></noscript></div> }
            .into_any()
    };
    later(tab, Of { experiment, run, grows }, waiting)
}

/// The code of the tab.
#[wasm_split(files, wasm_split_path = leptos::wasm_split, fallible)]
fn tab() -> Loaded<Of> {
    Ok(drawn)
}

fn drawn(of: Of) -> AnyView {
    let files = fetch(move || of.run, run_logs);
    view! { <Answered answer=files bars=8 show={move |files: Vec<String>| logs(of, files)}/> }.into_any()
}

/// The log that is chosen, of all that there are.
fn logs(of: Of, files: Vec<String>) -> AnyView {
    let address = Address::here();
    let files = RwSignal::new(files);
    let news = Live::pulse(Signal::stored(vec![format!("r{}", of.run)]), REFRESH);
    Effect::watch(
        move || news.track(),
        move |(), _, _| {
            spawn_local(async move {
                if let Ok(now) = run_logs(of.run).await
                    && files.try_with_untracked(|files| *files != now) == Some(true)
                {
                    files.set(now);
                }
            });
        },
        false,
    );
    let chosen = Memo::new(move |_| {
        let (wanted, files) = (address.text("log"), files.read());
        files.iter().find(|file| **file == wanted).or(files.first()).cloned()
    });
    let shown = move || match chosen.get() {
        Some(path) => view! { <Log of path files news/> }.into_any(),
        None => view! {
            <Empty icon=Icon::File title="No log">
                <p class="muted"><code>"mlflow.log_artifact(\"output.log\")"</code> " puts one here."</p>
            </Empty>
        }
        .into_any(),
    };
    shown.into_any()
}

/// A log that is being read.
#[derive(Clone, Copy)]
struct Reader {
    run: RunId,
    path: StoredValue<String>,
    held: RwSignal<Option<Held>>,
    /// Why there is nothing.
    fault: RwSignal<Option<Fault>>,
    asking: StoredValue<bool>,
    /// What somebody asked for meanwhile.
    then: StoredValue<Option<LogPart>>,
    /// Whether its end is looked at.
    at_end: RwSignal<bool>,
}

impl Reader {
    fn of(run: RunId, path: String) -> Self {
        Self {
            run,
            path: StoredValue::new(path),
            held: RwSignal::new(None),
            fault: RwSignal::new(None),
            asking: StoredValue::new(false),
            then: StoredValue::new(None),
            at_end: RwSignal::new(true),
        }
    }

    /// Asks for a part of it, one at a time.
    fn ask(self, part: LogPart) {
        let Some(asking) = self.asking.try_get_value() else { return };
        if asking {
            self.then.update_value(|then| {
                if !matches!(then, Some(LogPart::Before(_))) {
                    *then = Some(part);
                }
            });
            return;
        }
        self.asking.set_value(true);
        let (run, path) = (self.run, self.path.get_value());
        spawn_local(async move {
            let answer = read_log(run, path, part).await;
            // The person may have left meanwhile, or chosen another log.
            if self.asking.try_set_value(false).is_some() {
                return;
            }
            match answer {
                Ok(piece) => self.take(part, &piece),
                Err(fault) if self.held.with_untracked(Option::is_none) => self.fault.set(Some(fault)),
                // What is here stays while the server is out of reach.
                Err(_) => {}
            }
            match self.then.try_update_value(Option::take).flatten() {
                Some(part @ LogPart::Before(_)) => self.ask(part),
                // Its end is elsewhere by now.
                Some(_) => self.follow(),
                None => {}
            }
        });
    }

    fn take(self, part: LogPart, piece: &LogPiece) {
        match part {
            LogPart::Last => {
                self.fault.set(None);
                self.held.set(Some(Held::of(piece)));
            }
            LogPart::Before(_) => self.held.update(|held| {
                if let Some(held) = held {
                    held.begin_earlier(piece);
                }
            }),
            LogPart::From(_) => {
                let news = self.held.with_untracked(|held| held.as_ref()?.news(piece).map(<[u8]>::to_vec));
                match news {
                    // It was begun anew, or grew by very much.
                    None => self.ask(LogPart::Last),
                    Some(news) if news.is_empty() => {}
                    Some(news) => self.held.update(|held| {
                        if let Some(held) = held {
                            held.grow(&news, piece.size);
                            if self.at_end.get_untracked() {
                                held.shorten();
                            }
                        }
                    }),
                }
            }
        }
    }

    /// Goes on at its end. Where there are too many lines the first go, but not while somebody reads them.
    fn follow(self) {
        let next =
            self.held.try_with_untracked(|held| held.as_ref().map(|held| (held.next(), held.is_full())));
        match next {
            Some(Some((_, true))) if self.at_end.try_get_untracked() != Some(true) => {}
            Some(Some((next, _))) => self.ask(next),
            Some(None) => self.ask(LogPart::Last),
            None => {}
        }
    }

    /// The lines before those that are here.
    fn begin_earlier(self) {
        if let Some(start) = self.held.with_untracked(|held| held.as_ref().map(Held::start)) {
            self.ask(LogPart::Before(start));
        }
    }
}

/// One log.
#[component]
fn Log(of: Of, path: String, files: RwSignal<Vec<String>>, news: Trigger) -> AnyView {
    let address = Address::here();
    let reader = Reader::of(of.run, path.clone());
    let held = reader.held;
    Effect::new(move || {
        news.track();
        reader.follow();
    });
    let poll = set_interval_with_handle(
        move || {
            if of.grows.try_get_untracked() == Some(true) && !document().hidden() {
                reader.follow();
            }
        },
        POLL,
    );
    on_cleanup(move || {
        if let Ok(poll) = poll {
            poll.clear();
        }
    });
    let all = Memo::new(move |_| held.read().as_ref().map(Held::lines));
    let found = Memo::new(move |_| with_text(all.get().unwrap_or_default(), address.text("lines").trim()));
    let caption = move || {
        let places = held.with(|held| held.as_ref().map(|held| (held.start(), held.size())));
        let (start, whole) = places?;
        let (found, here) = (found.with(Vec::len), all.with(|all| all.as_ref().map_or(0, Vec::len)));
        let lines = match found < here {
            true => format!("{} of {}", count(found as u64), counted(here as u64, "line")),
            false => counted(here as u64, "line"),
        };
        Some(match start {
            0 => format!("{lines}, {}", size(whole)),
            start => format!("{lines}, from {} on of {}", size(start), size(whole)),
        })
    };
    let arrived = Memo::new(move |_| held.read().as_ref().map(Held::is_text));
    let file = file_address(ArtifactRoot::Run(of.experiment, of.run), &path);
    let download = format!("{file}?download=1");
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    let option = {
        let path = path.clone();
        move |file: String| {
            let selected = file == path;
            view! { <option value=file.clone() selected=selected>{file.clone()}</option> }
        }
    };
    let several = Memo::new(move |_| files.read().len() > 1);
    let choose = move |event| address.set(&[("log", &event_target_value(&event))]);
    let frame = move || match (arrived.get(), reader.fault.get()) {
        (Some(true), _) => view! { <Lines reader found/> }.into_any(),
        (Some(false), _) => view! {
            <Empty icon=Icon::File title="This isn't text">
                <p class="muted">"Download it to open it."</p>
            </Empty>
        }
        .into_any(),
        (None, Some(fault)) => view! { <FaultNote fault/> }.into_any(),
        (None, None) => view! { <div class="waiting" role="status" aria-label="Loading"></div> }.into_any(),
    };
    view! {
        <section class="log-view" aria-label="Log">
            <div class="toolbar">
                <Show
                    when=move || several.get()
                    fallback={
                        let path = path.clone();
                        move || view! { <h2 class="log-name">{path.clone()}</h2> }
                    }
                >
                    <select class="input" aria-label="Log" on:change=choose>
                        {
                            let option = option.clone();
                            move || files.get().into_iter().map(&option).collect_view()
                        }
                    </select>
                </Show>
                <SearchBox
                    label="Lines with…"
                    name="lines"
                    text=Signal::derive(move || address.text("lines"))
                    on_change=move |text: String| address.set(&[("lines", &text)])
                />
                <span class="muted">{caption}</span>
                <span class="toolbar-end">
                    <a class="button" href=download rel="external" download=name aria-label="Download">
                        {Icon::Download.draw()}
                        <span class="button-label">"Download"</span>
                    </a>
                </span>
            </div>
            {frame}
        </section>
    }
    .into_any()
}

/// The lines, in a frame that stays at their end until somebody scrolls up.
#[component]
fn Lines(reader: Reader, found: Memo<Vec<Arc<Line>>>) -> AnyView {
    let frame = NodeRef::<Div>::new();
    let (held, at_end) = (reader.held, reader.at_end);
    let top = StoredValue::new(0);
    // What was seen when lines before it were asked for: its distance from the end, and what was the first line.
    let kept = StoredValue::new(None::<(i32, u64)>);
    let start = Memo::new(move |_| held.read().as_ref().map(Held::start));
    let scrolled = move |_| {
        if let Some(frame) = frame.get_untracked() {
            let now = frame.scroll_top();
            if now + frame.client_height() + NEAR >= frame.scroll_height() {
                let was_elsewhere = !at_end.get_untracked();
                at_end.set(true);
                kept.set_value(None);
                // What came meanwhile may not be here, and there may be no more news.
                if was_elsewhere {
                    reader.follow();
                }
            } else if now < top.get_value() {
                at_end.set(false);
            }
            top.set_value(now);
        }
    };
    let settle = move || {
        let Some(frame) = frame.try_get_untracked().flatten() else { return };
        let kept_at =
            kept.try_get_value().flatten().filter(|(_, first)| start.get_untracked() != Some(*first));
        if let Some((from_end, _)) = kept_at {
            kept.set_value(None);
            frame.set_scroll_top(frame.scroll_height() - from_end);
            // The button that was pressed may be gone.
            if start.get_untracked() == Some(0) {
                _ = frame.focus();
            }
        } else if at_end.get_untracked() {
            frame.set_scroll_top(frame.scroll_height());
        }
    };
    Effect::new(move || {
        found.track();
        // When the lines are on the page.
        request_animation_frame(settle);
    });
    let to_end = move |_| {
        at_end.set(true);
        kept.set_value(None);
        reader.follow();
        request_animation_frame(settle);
    };
    let earlier = move |_| {
        if let (Some(frame), Some(start)) = (frame.get_untracked(), start.get_untracked()) {
            at_end.set(false);
            kept.set_value(Some((frame.scroll_height() - frame.scroll_top(), start)));
            reader.begin_earlier();
        }
    };
    let has_earlier = Memo::new(move |_| held.read().as_ref().is_some_and(Held::has_earlier));
    let is_cut =
        Memo::new(move |_| held.read().as_ref().is_some_and(|held| held.is_full() && held.start() > 0));
    let nothing = move || match held.read().as_ref().map(Held::size) {
        Some(0) => "Nothing was printed yet.",
        _ => "None of the lines that are loaded has this.",
    };
    view! {
        <div class="log-frame">
            <div class="log" role="region" aria-label="Lines of the log" tabindex="0" node_ref=frame on:scroll=scrolled>
                <Show when=move || has_earlier.get()>
                    <button type="button" class="button" on:click=earlier>"Show earlier"</button>
                </Show>
                <Show when=move || is_cut.get()>
                    <p class="faint">"Download the file to see what is before."</p>
                </Show>
                <For each=move || found.get() key=|line| line.clone() children=|line| drawn_line(&line)/>
                <Show when=move || found.read().is_empty()>
                    <p class="faint">{nothing}</p>
                </Show>
            </div>
            <Show when=move || !at_end.get()>
                <button type="button" class="button log-end" on:click=to_end>
                    {Icon::ArrowDown.draw()}
                    "To the end"
                </button>
            </Show>
        </div>
    }
    .into_any()
}

fn drawn_line(line: &Line) -> AnyView {
    let spans = line.spans.iter().map(|span| match span.style.is_plain() {
        true => span.text.clone().into_any(),
        false => view! { <span class=span.style.to_string()>{span.text.clone()}</span> }.into_any(),
    });
    view! { <div class="log-line">{spans.collect_view()}</div> }.into_any()
}
