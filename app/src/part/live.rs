//! News of runs and traces, while a page is looked at: one stream for all pages of a browser (`public/live.js`). Pages that
//! nobody looks at rest, and catch up when they are seen again.

use leptos::{ev, leptos_dom::helpers::TimeoutHandle, prelude::*};
use model::RunId;
use std::{cell::RefCell, collections::HashSet, time::Duration};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{MessageEvent, MessagePort, SharedWorker, Worker};

/// How long a page that isn't seen goes on listening.
const UNSEEN: Duration = Duration::from_secs(20);
/// How soon the first news after a rest is passed on; what comes with it is gathered.
const SOON: Duration = Duration::from_secs(1);
/// How often the worker hears that the page is still there.
const HERE: Duration = Duration::from_secs(30);

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// These runs changed, and traces of these experiments.
    Changed {
        /// Which runs.
        runs: HashSet<RunId>,
        /// The numbers of the experiments.
        traces: HashSet<String>,
    },
    /// Anything may have changed.
    Everything,
}

impl News {
    fn read(text: &str) -> Self {
        if text == "*" {
            return Self::Everything;
        }
        let (mut runs, mut traces) = (HashSet::new(), HashSet::new());
        for (experiment, run) in text.split(',').filter_map(|word| word.split_once('/')) {
            if run.is_empty() {
                traces.insert(experiment.to_owned());
            } else if let Ok(run) = run.parse::<RunId>() {
                runs.insert(run);
            }
        }
        Self::Changed { runs, traces }
    }

    /// Whether anything of what somebody listens to may have changed: one stream tells what all parts of a page ask for.
    fn is_of(&self, words: &[String]) -> bool {
        let Self::Changed { runs, traces } = self else { return !words.is_empty() };
        let is_of = |word: &String| match word.split_at_checked(1) {
            Some(("r", run)) => run.parse::<RunId>().is_ok_and(|run| runs.contains(&run)),
            Some(("t", experiment)) => traces.contains(experiment),
            _ => !runs.is_empty(),
        };
        words.iter().any(is_of)
    }

    /// Whether a run may have changed.
    pub fn concerns(&self, run: &RunId) -> bool {
        match self {
            Self::Changed { runs, .. } => runs.contains(run),
            Self::Everything => true,
        }
    }
}

#[derive(Clone)]
struct Listener {
    number: u32,
    of: Signal<Vec<String>>,
    hear: Callback<News>,
}

/// The way to the worker.
enum Way {
    Shared(MessagePort),
    Own(Worker),
}

impl Way {
    fn say(&self, text: &str) {
        let text = JsValue::from_str(text);
        _ = match self {
            Self::Shared(port) => port.post_message(&text),
            Self::Own(worker) => worker.post_message(&text),
        };
    }
}

/// All that listens in this page. One for the whole application.
#[derive(Clone, Copy)]
pub struct Live {
    listeners: RwSignal<Vec<Listener>>,
    last: StoredValue<u32>,
    seen: RwSignal<bool>,
}

thread_local! {
    /// The browser's one thread has one worker; on the server there is none.
    static WAY: RefCell<Option<Way>> = const { RefCell::new(None) };
}

impl Live {
    /// Makes the one there is, for all parts below. On the server it hears nothing.
    pub fn provide() {
        let live = Self {
            listeners: RwSignal::new(Vec::new()),
            last: StoredValue::new(0),
            seen: RwSignal::new(true),
        };
        provide_context(live);
        Effect::new(move || live.watch_page());
        Effect::new(move |before: Option<String>| {
            let wanted = live.wanted();
            if before.as_ref() != Some(&wanted) && (before.is_some() || !wanted.is_empty()) {
                live.say(&wanted);
            }
            wanted
        });
    }

    /// Hears news of experiments (`e3`), runs (`r0af7…`) and the traces of experiments (`t3`) as long as the part that calls
    /// this is there.
    pub fn listen(of: Signal<Vec<String>>, hear: impl Fn(News) + Send + Sync + 'static) {
        if !is_browser() {
            return;
        }
        let live: Self = expect_context();
        let number = live.last.try_update_value(|last| {
            *last += 1;
            *last
        });
        let listener = Listener { number: number.unwrap_or_default(), of, hear: Callback::new(hear) };
        on_cleanup(move || {
            let others = |other: &Listener| Some(other.number) != number;
            _ = live.listeners.try_update(|listeners| listeners.retain(others));
        });
        live.listeners.update(|listeners| listeners.push(listener));
    }

    /// Notified of news of experiments, runs and traces, at most every so often, as long as the part that calls this is
    /// there.
    pub fn pulse(of: Signal<Vec<String>>, every: Duration) -> Trigger {
        let told = Trigger::new();
        // Nothing while it rests; else whether there was news since it was last told.
        let news = StoredValue::new(None::<bool>);
        Self::listen(of, move |told_of| {
            if !of.try_with_untracked(|of| told_of.is_of(of)).unwrap_or_default() {
                return;
            }
            let before = news.try_update_value(|news| news.replace(true));
            if before == Some(None) {
                set_timeout(move || pass_on(news, told, every), SOON);
            }
        });
        told
    }

    /// What all parts of the page want to hear of; nothing while nobody looks.
    fn wanted(self) -> String {
        if !self.seen.get() {
            return String::new();
        }
        let mut words: Vec<String> =
            self.listeners.get().iter().flat_map(|listener| listener.of.get()).collect();
        words.sort();
        words.dedup();
        words.join(",")
    }

    fn say(self, text: &str) {
        WAY.with_borrow_mut(|way| {
            if way.is_none() {
                *way = self.find_way();
            }
        });
        say_if_begun(text);
    }

    fn find_way(self) -> Option<Way> {
        let hear = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(text) = event.data().as_string() {
                self.tell(&News::read(&text));
            }
        });
        let function = hear.as_ref().unchecked_ref();
        let way = match SharedWorker::new("/live.js") {
            Ok(worker) => {
                let port = worker.port();
                port.set_onmessage(Some(function));
                Some(Way::Shared(port))
            }
            // Some browsers of phones have none.
            Err(_) => Worker::new("/live.js").ok().map(|worker| {
                worker.set_onmessage(Some(function));
                Way::Own(worker)
            }),
        };
        // Lives as long as the page.
        hear.forget();
        way
    }

    fn tell(self, news: &News) {
        for listener in self.listeners.get_untracked() {
            _ = listener.hear.try_run(news.clone());
        }
    }

    /// Rests a while after the page went out of sight, catches up when it is seen again.
    fn watch_page(self) {
        let resting = StoredValue::new(None::<TimeoutHandle>);
        let changed = window_event_listener_untyped("visibilitychange", move |_| {
            if let Some(resting) = resting.try_update_value(Option::take).flatten() {
                resting.clear();
            }
            if document().hidden() {
                let rest = set_timeout_with_handle(move || self.seen.set(false), UNSEEN);
                resting.set_value(rest.ok());
            } else if !self.seen.get_untracked() {
                self.seen.set(true);
                self.tell(&News::Everything);
            }
        });
        let leaving = window_event_listener(ev::pagehide, move |_| say_if_begun(""));
        let again = move || say_if_begun(&untrack(|| self.wanted()));
        let here = set_interval_with_handle(again, HERE);
        // A page that comes back as it was, by "back", says again what it watches.
        let back = window_event_listener(ev::pageshow, move |_| again());
        on_cleanup(move || {
            changed.remove();
            leaving.remove();
            back.remove();
            if let Ok(here) = here {
                here.clear();
            }
        });
    }
}

/// Tells of the news there was, and goes on as long as there is more.
fn pass_on(news: StoredValue<Option<bool>>, told: Trigger, every: Duration) {
    let was = news.try_update_value(|news| {
        let was = *news == Some(true);
        *news = was.then_some(false);
        was
    });
    // The part may be gone by now.
    if was == Some(true) {
        told.notify();
        set_timeout(move || pass_on(news, told, every), every);
    }
}

fn say_if_begun(text: &str) {
    WAY.with_borrow(|way| way.iter().for_each(|way| way.say(text)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_is_read() {
        let run: RunId = "0af7651916cd43dd8448eb211c80319c".parse().unwrap();
        let other: RunId = "1bf7651916cd43dd8448eb211c80319c".parse().unwrap();
        let news = News::read(&format!("3/{run},nonsense,4/x"));
        assert!(news.concerns(&run) && !news.concerns(&other));
        assert_eq!(News::read("*"), News::Everything);
        assert!(News::Everything.concerns(&other));
        let words = |words: &[String]| (news.is_of(words), News::Everything.is_of(words));
        assert_eq!(words(&["e3".to_owned()]), (true, true));
        assert_eq!(words(&[format!("r{run}"), format!("r{other}")]), (true, true));
        assert_eq!(words(&[format!("r{other}")]), (false, true));
        let news = News::read("3/");
        let told = |word: &str| news.is_of(&[word.to_owned()]);
        assert!(told("t3") && !told("t4") && !told("e3"), "of traces only");
    }
}
