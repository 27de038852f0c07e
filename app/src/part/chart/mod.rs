//! The chart of one metric: a card of fixed proportions with a canvas in it.
//!
//! Owns: fetching curves when the card comes on screen, drawing, crosshair, tooltip and zoom.
//! Must never: change the size of its card (nothing on a page may jump), draw what isn't on screen, paint the canvas
//! again because the pointer moved.
//! Start reading at [`MetricChart`]; `figure` (curves to lines), `tooltip` and `zoom` hold what can be tested without a
//! browser, `load` asks the server, `watch` and `canvas` speak to the browser. To add an axis: a variant of [`XAxis`],
//! the compiler shows the rest.

mod canvas;
mod figure;
mod load;
mod preview;
mod table;
mod takeaway;
mod tooltip;
pub mod watch;
mod zoom;

use crate::part::{
    address::{Address, Query},
    icon::Icon,
    later::{Loaded, later},
    menu::Menu,
};
pub use canvas::{Screen, paint_on};
use chart::{Figure, Frame, Layout};
use leptos::{
    html::{Canvas, Div, Figure as Figure_},
    prelude::*,
    wasm_split::wasm_split,
};
use load::Source;
use model::{Code, Problem, RunId};
use std::sync::Arc;
use table::ChartTable;
use takeaway::Takeaway;
pub use takeaway::{file_name, save, save_text};
use tooltip::Tooltip;
use web_sys::{KeyboardEvent, PointerEvent};
use zoom::Drag;

/// A run whose curve is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChartRun {
    /// Whose points.
    pub id: RunId,
    /// As the legend says it.
    pub name: String,
    /// Index of its colour, see [`chart::series_color`].
    pub color: usize,
}

/// What the horizontal axis shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum XAxis {
    /// Training steps.
    #[default]
    Step,
    /// The time of day.
    Time,
    /// Time since the start of each run.
    Relative,
}

/// How a chart is drawn. All of it is part of the page's address.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ChartOptions {
    /// The horizontal axis.
    pub along: XAxis,
    /// Whether the vertical axis is logarithmic.
    pub log_y: bool,
    /// Whether the horizontal axis is; only of steps and durations.
    pub log_x: bool,
    /// 0 for the values as logged, towards 1 for smoother lines.
    pub smoothing: f32,
    /// How lines are smoothed.
    pub kind: SmoothingKind,
    /// Whether the vertical axis leaves out the hundredth part of the values at either end.
    pub without_outliers: bool,
}

/// How lines are smoothed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SmoothingKind {
    /// The time-weighted exponential moving average.
    #[default]
    Ema,
    /// A Gaussian kernel.
    Gaussian,
    /// A running mean.
    Mean,
}

impl ChartOptions {
    fn smoothing(self) -> chart::Smoothing {
        match (self.kind, self.smoothing) {
            (_, strength) if strength <= 0.0 => chart::Smoothing::None,
            (SmoothingKind::Ema, strength) => chart::Smoothing::Ema(strength),
            // The slider is as fine where little is smoothed as the eye is.
            (SmoothingKind::Gaussian, strength) => chart::Smoothing::Gaussian(strength * strength * 0.1),
            (SmoothingKind::Mean, strength) => chart::Smoothing::Mean(strength * strength * 0.4),
        }
    }
}

/// Where on the horizontal axis somebody points, for all charts of a page.
#[derive(Debug, Clone, Copy)]
pub struct Hovered(RwSignal<Option<f64>>);

impl Hovered {
    /// Makes the one there is for the charts below.
    pub fn provide() {
        provide_context(Self(RwSignal::new(None)));
    }
}

/// What is on the canvas.
#[derive(Debug)]
struct Picture {
    figure: Figure,
    layout: Layout,
    /// Width and height in CSS pixels.
    size: (u32, u32),
}

impl Picture {
    fn new(figure: Figure, size: (u32, u32)) -> Self {
        Self { layout: Layout::new(&figure, size.0, size.1, Frame::Bare), figure, size }
    }

    /// What the lines don't say: that points were left out.
    fn note(&self) -> String {
        let notes: Vec<_> =
            chart::badge(&self.figure).into_iter().chain(self.layout.omitted().text()).collect();
        notes.join(" · ")
    }
}

/// Whose curves of which metric a chart shows, and how.
#[derive(Debug, Clone, Copy)]
struct Subject {
    runs: Signal<Vec<ChartRun>>,
    metric: Signal<String>,
    options: Signal<ChartOptions>,
}

/// One metric of some runs over each other. A drag zooms in, a double click out.
#[component]
pub fn MetricChart(
    /// Whose curves.
    #[prop(into)]
    runs: Signal<Vec<ChartRun>>,
    /// Which metric.
    #[prop(into)]
    metric: Signal<String>,
    /// How.
    #[prop(into)]
    options: Signal<ChartOptions>,
) -> AnyView {
    let subject = Subject { runs, metric, options };
    let no_script =
        move || preview::preview(&runs.read_untracked(), &metric.read_untracked(), options.get_untracked());
    let waiting = move || {
        view! {
            <figure class="chart">
                <figcaption class="chart-head"><h3 class="chart-title">{metric.get_untracked()}</h3></figcaption>
                <div class="chart-box" aria-busy="true">
                    <div class="chart-cover chart-waiting"></div>
                    <noscript inner_html=no_script()></noscript>
                </div>
            </figure>
        }
        .into_any()
    };
    later(charts, subject, waiting)
}

/// The code of charts.
#[wasm_split(charts, wasm_split_path = leptos::wasm_split, fallible)]
fn charts() -> Loaded<Subject> {
    Ok(drawn)
}

fn drawn(Subject { runs, metric, options }: Subject) -> AnyView {
    let (plot_box, surface) = (NodeRef::<Div>::new(), NodeRef::<Canvas>::new());
    let (on_screen, size) = (watch::on_screen(plot_box), watch::size(plot_box));
    let zoom = RwSignal::new(None);
    let source = Source::new(runs, metric, options, zoom, size, on_screen);
    // Another axis, another unit: the old window means nothing there.
    let unit = move || (metric.get(), options.read().along);
    Effect::watch(unit, move |_, _, _| zoom.set(None), false);

    let drawn = Memo::new_with_compare(
        move |_| {
            let (size, metric) = (size.get()?, metric.get());
            let held = source.held.read();
            let held = held.as_ref().filter(|held| held.request().keys == [metric.as_str()])?;
            let figure = figure::figure(&runs.read(), &metric, options.get(), zoom.get(), held);
            Some(Arc::new(Picture::new(figure, size)))
        },
        |_, _| true,
    );
    let picture = show(drawn, surface, on_screen, watch::appearance(plot_box));
    let summaries = Memo::new(move |_| {
        let held = source.held.read();
        held.as_ref().map(|held| figure::summaries(&runs.read(), held)).unwrap_or_default()
    });

    let figure_box = NodeRef::<Figure_>::new();
    let (as_table, set_as_table) = signal(false);
    let note = move || picture.read().as_ref().map(|picture| picture.note()).unwrap_or_default();
    let label = move || match &*picture.read() {
        Some(picture) => chart::describe(&picture.figure),
        None => metric.get(),
    };
    let move_label = Signal::derive(move || format!("More of {}", metric.get()));
    let waiting = Memo::new(move |_| picture.read().is_none() && source.fault.read().is_none());
    let chosen = Memo::new(move |_| !runs.read().is_empty());
    view! {
        <figure class="chart" node_ref=figure_box>
            <figcaption class="chart-head">
                <h3 class="chart-title" title=move || metric.get()>{move || metric.get()}</h3>
                <span class="chart-note" title=note>{note}</span>
                <Show when=move || zoom.get().is_some()>
                    <button type="button" class="chart-button" on:click=move |_| zoom.set(None)>"Reset zoom"</button>
                </Show>
                <button
                    type="button"
                    class="icon-button chart-switch"
                    aria-label="Show as table"
                    title="Show as table"
                    aria-pressed=move || as_table.get().to_string()
                    on:click=move |_| set_as_table.update(|shown| *shown = !*shown)
                >
                    {Icon::Columns.draw()}
                </button>
                <Menu label=move_label class="icon-button chart-switch" end=true face=ViewFn::from(|| Icon::More.draw())>
                    <Takeaway picture figure_box surface/>
                </Menu>
            </figcaption>
            <div
                class="chart-box"
                node_ref=plot_box
                aria-busy=move || (waiting.get() && chosen.get()).to_string()
            >
                <canvas class="chart-canvas" node_ref=surface role="img" aria-label=label></canvas>
                <Pointed picture zoom/>
                <Show when=move || waiting.get() && chosen.get()>
                    <div class="chart-cover chart-waiting"></div>
                </Show>
                <Show when=move || !chosen.get()>
                    <p class="chart-cover chart-nothing">"No runs are shown. Choose some to see their curves."</p>
                </Show>
                <Show when=move || as_table.get()>
                    <ChartTable metric summaries/>
                </Show>
                {move || source.fault.get().map(|problem| view! { <Failed problem over=picture source/> })}
            </div>
        </figure>
    }
    .into_any()
}

/// Paints what is drawn while it is on screen, and says what is on the canvas.
fn show(
    drawn: Memo<Option<Arc<Picture>>>,
    surface: NodeRef<Canvas>,
    on_screen: ReadSignal<bool>,
    appearance: Trigger,
) -> Signal<Option<Arc<Picture>>> {
    let (picture, set_picture) = signal(None::<Arc<Picture>>);
    Effect::new(move |painted: Option<Option<Screen>>| {
        let painted = painted.flatten();
        let Some(canvas) = surface.get().filter(|_| on_screen.get()) else { return painted };
        appearance.track();
        let now = drawn.get();
        let screen = Screen::around(&canvas);
        let same = match (&now, &*picture.read_untracked()) {
            (Some(now), Some(shown)) => Arc::ptr_eq(now, shown),
            (None, None) => true,
            _ => false,
        };
        if same && painted == Some(screen) {
            return painted;
        }
        if let Some(now) = &now
            && let Err(error) = canvas::paint(&canvas, now, screen)
        {
            leptos::logging::error!("a chart can't be painted: {error:?}");
        }
        if !same {
            set_picture.set(now);
        }
        Some(screen)
    });
    picture.into()
}

/// All that follows the pointer: crosshair, tooltip and the selection of a zoom.
#[component]
fn Pointed(picture: Signal<Option<Arc<Picture>>>, zoom: RwSignal<Option<chart::Window>>) -> impl IntoView {
    let pointer = RwSignal::new(None::<(f64, f64)>);
    let drag = RwSignal::new(None::<Drag>);
    let hovered = use_context::<Hovered>().map(|Hovered(place)| place);
    let reading = Memo::new(move |_| {
        let place = pointer.get().filter(|_| drag.read().is_none())?;
        tooltip::read(picture.read().as_deref()?, place)
    });
    // A picture that changes under the pointer makes no sense of an old drag.
    Effect::new(move |_| {
        picture.track();
        drag.set(None);
    });

    let place = |event: &PointerEvent| (f64::from(event.offset_x()), f64::from(event.offset_y()));
    let press = move |event: PointerEvent| {
        let (x, y) = place(&event);
        if event.button() == 0
            && let Some(picture) = &*picture.read_untracked()
            && let Some(begun) = Drag::begin(&picture.layout, x, y)
        {
            // Without the capture a drag that leaves the plot would never end.
            _ = event_target::<web_sys::Element>(&event).set_pointer_capture(event.pointer_id());
            drag.set(Some(begun));
        }
    };
    let follow = move |event: PointerEvent| {
        let (x, y) = place(&event);
        pointer.set(Some((x, y)));
        if let (Some(hovered), Some(picture)) = (hovered, &*picture.read_untracked()) {
            let plot = picture.layout.plot();
            let there = plot.contains(x, y).then(|| picture.layout.to_data(x, y).x);
            hovered.set(there);
        }
        if let (Some(begun), Some(picture)) = (drag.get_untracked(), &*picture.read_untracked()) {
            drag.set(Some(begun.reach(&picture.layout, x)));
        }
    };
    let release = move |_: PointerEvent| {
        let ended = drag.get_untracked();
        drag.set(None);
        if let (Some(ended), Some(picture)) = (ended, &*picture.read_untracked())
            && let Some(window) = ended.window(&picture.layout)
        {
            pointer.set(None);
            zoom.set(Some(window));
        }
    };
    let leave = move |_: PointerEvent| {
        pointer.set(None);
        if let Some(hovered) = hovered {
            hovered.set(None);
        }
        drag.set(None);
    };
    let cancel = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            pointer.set(None);
            drag.set(None);
        }
    };
    // Where somebody points in another chart, a line shows the same place in this one.
    let elsewhere = Memo::new(move |_| {
        let x = hovered?.get().filter(|_| pointer.get().is_none())?;
        let picture = picture.read();
        let layout = &picture.as_ref()?.layout;
        let plot = layout.plot();
        let at = layout.x_to_pixel(x)?;
        (plot.left..=plot.right).contains(&at).then_some((at, plot.top, plot.height()))
    });
    let selection = move |drag: Drag| {
        let picture = picture.read();
        let plot = picture.as_ref().map(|picture| picture.layout.plot()).unwrap_or_default();
        let (left, width) = drag.selection();
        view! {
            <div
                class="chart-selection"
                style:left=format!("{left:.1}px")
                style:width=format!("{width:.1}px")
                style:top=format!("{:.1}px", plot.top)
                style:height=format!("{:.1}px", plot.height())
            ></div>
        }
    };
    view! {
        <div
            class="chart-pointer"
            tabindex="-1"
            on:pointerdown=press
            on:pointermove=follow
            on:pointerup=release
            on:pointerleave=leave
            on:pointercancel=leave
            on:dblclick=move |_| zoom.set(None)
            on:keydown=cancel
        >
            <Tooltip reading picture/>
            {move || elsewhere.get().map(|(at, top, height)| view! {
                <div
                    class="chart-crosshair elsewhere"
                    style:left=format!("{at:.1}px")
                    style:top=format!("{top:.1}px")
                    style:height=format!("{height:.1}px")
                ></div>
            })}
            {move || drag.get().map(selection)}
        </div>
    }
    .into_any()
}

/// Why there are no curves and what to do; a strip where an older picture is still to be seen.
#[component]
fn Failed(problem: Problem, over: Signal<Option<Arc<Picture>>>, source: Source) -> impl IntoView {
    let action = if problem.code == Code::Unauthenticated {
        let sign_in = format!("/sign-in{}", Query::default().with("next", &Address::here().whole()));
        view! { <a class="button" href=sign_in>"Sign in"</a> }.into_any()
    } else {
        view! { <button type="button" class="button" on:click=move |_| source.retry()>"Retry"</button> }
            .into_any()
    };
    let hint = match problem.code {
        Code::TemporarilyUnavailable | Code::ResourceExhausted => "Try again in a moment.",
        Code::ResourceDoesNotExist => "A run may have been deleted. Reload the page to see what is there.",
        Code::InternalError => "The server's log has the details.",
        _ => "",
    };
    view! {
        <div
            class=move || if over.read().is_some() { "chart-strip" } else { "chart-cover chart-failed" }
            role="status"
        >
            <p>{problem.message} " " <span class="muted">{hint}</span></p>
            {action}
        </div>
    }
}
