//! Getting the curves: whole ones when the chart comes on screen, details when someone zooms in.

use super::{ChartOptions, ChartRun, Zoom, held::Held, turn};
use crate::{api::curves, part::live::Live};
use chart::Window;
use leptos::{html::Div, leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};
use model::{Problem, RunId, curve::CurveRequest};
use std::{collections::HashSet, time::Duration};

/// How long a zoom must last before its detail is asked for.
const SETTLED: Duration = Duration::from_millis(150);

/// How often a chart asks for what was logged since, at most.
const NEXT_TAIL: Duration = Duration::from_secs(3);

/// After so many tails a chart asks for the whole curves again.
const WHOLE_AFTER: u32 = 40;

/// Widths are rounded up to these, in pixels, so that a chart isn't fetched again for each pixel of a resize.
const WIDTH_STEP: u32 = 256;

/// Buckets of all curves of a chart, and the fewest that a curve gets: a thousand lines over each other are read as one
/// picture, not point by point.
const BUCKETS_IN_ALL: usize = 128 << 10;
const FEWEST_BUCKETS: usize = 64;

/// Runs whose news a chart hears. One browser may ask for a thousand, of all its pages.
const HEARD: usize = 400;

/// Requests for the detail of one zoom: with a time of its own for each run there is one for each.
const MOST_DETAILS: usize = 100;

/// The curves of a chart, and how they get here.
#[derive(Clone, Copy)]
pub struct Source {
    /// What is here; of the last answer until the next one comes.
    pub held: RwSignal<Option<Held>>,
    /// Why the last request failed.
    pub fault: RwSignal<Option<Problem>>,
    /// What the chart needs; nothing while it isn't known.
    request: Memo<Option<CurveRequest>>,
    tries: RwSignal<u32>,
}

impl Source {
    /// Fetches while the chart is on screen. What is here stays while more is asked for.
    pub fn new(
        runs: Signal<Vec<ChartRun>>,
        keys: Memo<Vec<String>>,
        options: Signal<ChartOptions>,
        zoom: RwSignal<Zoom>,
        size: ReadSignal<Option<(u32, u32)>>,
        on_screen: ReadSignal<bool>,
        plot_box: NodeRef<Div>,
    ) -> Self {
        let buckets = Memo::new(move |_| size.get().map(|(width, _)| width.next_multiple_of(WIDTH_STEP)));
        let request = Memo::new(move |_| {
            let mut runs = runs.with(|runs| runs.iter().map(|run| run.id).collect::<Vec<_>>());
            // Their order is for the eye, and so none of the server's business.
            runs.sort_unstable();
            runs.dedup();
            let along = options.with(|options| options.along.along());
            // In steps, so that one run more or less doesn't ask for all of them anew.
            let most = (BUCKETS_IN_ALL / runs.len().next_power_of_two()).max(FEWEST_BUCKETS) as u32;
            let buckets = buckets.get().filter(|_| !runs.is_empty())?.min(most);
            Some(CurveRequest { runs, keys: keys.get(), along, window: None, buckets })
        });
        let source =
            Self { held: RwSignal::new(None), fault: RwSignal::new(None), request, tries: RwSignal::new(0) };
        source.fetch_whole(on_screen, plot_box);
        source.fetch_detail(runs, options, Memo::new(move |_| zoom.get().x), on_screen);
        source.follow(on_screen);
        source
    }

    /// Asks again for what failed.
    pub fn retry(self) {
        self.fault.set(None);
        self.tries.update(|tries| *tries += 1);
    }

    fn fetch_whole(self, on_screen: ReadSignal<bool>, plot_box: NodeRef<Div>) {
        Effect::new(move |asked: Option<Option<(CurveRequest, u32)>>| {
            let asked = asked.flatten();
            let tries = self.tries.get();
            let Some(request) = self.request.get().filter(|_| on_screen.get()) else { return asked };
            let asking = Some((request.clone(), tries));
            if asked == asking {
                return asked;
            }
            self.fault.set(None);
            let lacking = self.held.with_untracked(|held| match held {
                Some(held) => held.lacking(&request),
                None => Some(request.clone()),
            });
            if let (Some(lacking), Some(plot)) = (lacking, plot_box.get_untracked()) {
                // The person may have gone on meanwhile, or left.
                let is_wanted = move || self.request.try_get_untracked().flatten().as_ref() == Some(&request);
                turn::request(plot.into(), async move {
                    if !is_wanted() {
                        return;
                    }
                    let answer = curves(lacking.clone()).await;
                    if !is_wanted() {
                        return;
                    }
                    match answer {
                        Ok(curves) => self.held.update(|held| match held {
                            Some(held) => held.add(lacking, curves),
                            None => *held = Some(Held::new(lacking, curves)),
                        }),
                        Err(fault) => self.fault.set(Some(fault.0)),
                    }
                });
            }
            asking
        });
    }

    fn fetch_detail(
        self,
        runs: Signal<Vec<ChartRun>>,
        options: Signal<ChartOptions>,
        zoom: Memo<Option<Window>>,
        on_screen: ReadSignal<bool>,
    ) {
        let whole = Memo::new(move |_| {
            self.held.with(|held| held.as_ref().map(|held| (held.request().clone(), held.aged())))
        });
        Effect::new(move |waiting: Option<Option<TimeoutHandle>>| {
            if let Some(waiting) = waiting.flatten() {
                waiting.clear();
            }
            self.tries.track();
            whole.track();
            let window = zoom.get().filter(|_| on_screen.get())?;
            let axis = options.read().along.clone();
            let requests = self
                .held
                .with_untracked(|held| Some(held.as_ref()?.missing(&runs.read_untracked(), &axis, window)))
                .filter(|requests| requests.len() <= MOST_DETAILS)?;
            let ask = move || {
                for request in requests {
                    spawn_local(async move {
                        let answer = curves(request.clone()).await;
                        if zoom.try_get_untracked().flatten() != Some(window) {
                            return;
                        }
                        match answer {
                            Ok(curves) => {
                                self.fault.set(None);
                                self.held.update(|held| {
                                    if let Some(held) = held {
                                        held.refine(&request, curves);
                                    }
                                });
                            }
                            Err(fault) => self.fault.set(Some(fault.0)),
                        }
                    });
                }
            };
            set_timeout_with_handle(ask, SETTLED).ok()
        });
    }

    /// Asks for what was logged since, while the chart is seen. What is earlier than the end of a curve, or was corrected, is
    /// learnt when it is asked for whole now and then.
    fn follow(self, on_screen: ReadSignal<bool>) {
        let touched = StoredValue::new(HashSet::<RunId>::new());
        let (waiting, tails) = (StoredValue::new(false), StoredValue::new(0_u32));
        let of = Signal::derive(move || {
            let request = self.request.get().filter(|_| on_screen.get());
            request.map_or_else(Vec::new, |request| {
                request.runs.iter().take(HEARD).map(|run| format!("r{run}")).collect()
            })
        });
        let ask = move || {
            let Some(runs) = touched.try_update_value(|touched| touched.drain().collect::<Vec<_>>()) else {
                return;
            };
            waiting.set_value(false);
            tails.update_value(|tails| *tails += 1);
            let is_whole = tails.get_value().is_multiple_of(WHOLE_AFTER);
            let held = self.held.with_untracked(|held| {
                let held = held.as_ref()?;
                Some((held.request().clone(), held.tail(&runs), held.unknown(&runs)))
            });
            let Some((whole, tail, unknown)) = held else { return };
            spawn_local(async move {
                let mut lacking = unknown;
                lacking.extend(if let (true, Some(tail)) = (is_whole, &tail) {
                    tail.runs.clone()
                } else if let Some(tail) = tail {
                    let Ok(curves) = curves(tail.clone()).await else {
                        // They are asked for with the next news.
                        _ = touched.try_update_value(|touched| touched.extend(tail.runs));
                        return;
                    };
                    let grown = self.held.try_update(|held| held.as_mut().map(|held| held.extend(curves)));
                    grown.flatten().unwrap_or_default()
                } else {
                    Vec::new()
                });
                if lacking.is_empty() {
                    return;
                }
                let request = CurveRequest { runs: lacking, ..whole };
                if let Ok(curves) = curves(request.clone()).await {
                    _ = self.held.try_update(|held| {
                        if let Some(held) = held.as_mut().filter(|held| held.lacking(&request).is_none()) {
                            held.add(request, curves);
                        }
                    });
                }
            });
        };
        Live::listen(of, move |news| {
            let mine = self.request.with_untracked(|request| {
                let runs = request.iter().flat_map(|request| &request.runs);
                runs.filter(|run| news.concerns(run)).copied().collect::<Vec<_>>()
            });
            if mine.is_empty() {
                return;
            }
            touched.update_value(|touched| touched.extend(mine));
            if !waiting.get_value() {
                waiting.set_value(true);
                set_timeout(ask, NEXT_TAIL);
            }
        });
    }
}
