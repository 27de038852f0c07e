//! Getting the curves: whole ones when the chart comes on screen, details when someone zooms in.

use super::{ChartOptions, ChartRun, figure::Held};
use crate::api::curves;
use chart::Window;
use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};
use model::{Problem, curve::CurveRequest};
use std::time::Duration;

/// How long a zoom must last before its detail is asked for.
const SETTLED: Duration = Duration::from_millis(150);

/// Widths are rounded up to these, in pixels, so that a chart isn't fetched again for each pixel of a resize.
const WIDTH_STEP: u32 = 256;

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
        metric: Signal<String>,
        options: Signal<ChartOptions>,
        zoom: RwSignal<Option<Window>>,
        size: ReadSignal<Option<(u32, u32)>>,
        on_screen: ReadSignal<bool>,
    ) -> Self {
        let buckets = Memo::new(move |_| size.get().map(|(width, _)| width.next_multiple_of(WIDTH_STEP)));
        let request = Memo::new(move |_| {
            let mut runs = runs.with(|runs| runs.iter().map(|run| run.id).collect::<Vec<_>>());
            // Their order is for the eye, and so none of the server's business.
            runs.sort_unstable();
            runs.dedup();
            let along = options.with(|options| options.along.along());
            let buckets = buckets.get().filter(|_| !runs.is_empty())?;
            Some(CurveRequest { runs, keys: vec![metric.get()], along, window: None, buckets })
        });
        let source =
            Self { held: RwSignal::new(None), fault: RwSignal::new(None), request, tries: RwSignal::new(0) };
        source.fetch_whole(on_screen);
        source.fetch_detail(runs, options, zoom, on_screen);
        source
    }

    /// Asks again for what failed.
    pub fn retry(self) {
        self.fault.set(None);
        self.tries.update(|tries| *tries += 1);
    }

    fn fetch_whole(self, on_screen: ReadSignal<bool>) {
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
            if let Some(lacking) = lacking {
                spawn_local(async move {
                    let answer = curves(lacking.clone()).await;
                    // The person may have gone on meanwhile, or left.
                    if self.request.try_get_untracked().flatten().as_ref() != Some(&request) {
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
        zoom: RwSignal<Option<Window>>,
        on_screen: ReadSignal<bool>,
    ) {
        let whole =
            Memo::new(move |_| self.held.with(|held| held.as_ref().map(|held| held.request().clone())));
        Effect::new(move |waiting: Option<Option<TimeoutHandle>>| {
            if let Some(waiting) = waiting.flatten() {
                waiting.clear();
            }
            self.tries.track();
            whole.track();
            let window = zoom.get().filter(|_| on_screen.get())?;
            let axis = options.read().along;
            let requests = self
                .held
                .with_untracked(|held| Some(held.as_ref()?.missing(&runs.read_untracked(), axis, window)))?;
            let ask = move || {
                for request in requests {
                    spawn_local(async move {
                        let answer = curves(request.clone()).await;
                        if zoom.try_get_untracked().flatten() != Some(window) {
                            return;
                        }
                        match answer {
                            Ok(curves) => self.held.update(|held| {
                                if let Some(held) = held {
                                    held.refine(&request, curves);
                                }
                            }),
                            Err(fault) => self.fault.set(Some(fault.0)),
                        }
                    });
                }
            };
            set_timeout_with_handle(ask, SETTLED).ok()
        });
    }
}
