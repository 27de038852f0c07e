//! The chart of one metric: a card of fixed proportions with a canvas in it.
//!
//! Owns: fetching curves when the card comes on screen, drawing, crosshair, tooltip and zoom.
//! Must never: change the size of its card (nothing on a page may jump), draw what isn't on screen, paint the canvas
//! again because the pointer moved.
//! Start reading at [`MetricChart`]; `held` (curves that came), `figure` (curves to lines), `group` (means of them), `formula`,
//! `tooltip` and `zoom` hold what can be tested without a browser, `load` asks the server, `watch` and `canvas` speak to the
//! browser, `turn` says which chart is next. Where a chart stands on its page, and how large it is, is in `board`; `grip`,
//! `corner`, `large` and `tools` change it. To add an axis: a variant of [`XAxis`], the compiler shows the rest.

mod board;
mod canvas;
mod corner;
mod figure;
pub mod formula;
mod grip;
mod group;
mod held;
mod large;
mod line;
mod load;
mod measure;
mod preview;
mod show;
mod table;
mod takeaway;
#[cfg(test)]
mod tests;
mod tools;
mod tooltip;
mod turn;
pub mod watch;
mod zoom;

use crate::part::{
    address::{Address, Query},
    icon::Icon,
    later::{Loaded, later},
    menu::Menu,
    run_color::Ink,
};
pub use board::{Board, Folding, section_title};
use board::{columns_word, height_word};
pub use canvas::{Screen, paint_on};
use chart::{Figure, Frame, Layout, Window};
use corner::{Corner, Shape};
use grip::Grip;
pub use group::{group_words, groups};
use large::LargeButton;
use leptos::{
    html::{Canvas, Div},
    leptos_dom::helpers::TimeoutHandle,
    prelude::*,
    wasm_split::wasm_split,
};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use load::Source;
pub use measure::Measure;
use model::{Code, ExperimentId, Problem, RunId};
use show::show;
use std::{sync::Arc, time::Duration};
use table::ChartTable;
use takeaway::Takeaway;
pub use takeaway::{file_name, save, save_text};
pub use tools::{BoardTools, SectionMoves};
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
    /// The colour of its lines.
    pub ink: Ink,
    /// The experiment that it belongs to, where its page is.
    pub experiment: ExperimentId,
    /// What it is drawn together with, as one mean; nothing where each run is a line of its own.
    pub group: Option<String>,
}

impl ChartRun {
    /// A run with a line of its own.
    pub fn new(experiment: ExperimentId, id: RunId, name: String, ink: Ink) -> Self {
        Self { id, name, ink, experiment, group: None }
    }

    /// Its page.
    pub fn address(&self) -> String {
        format!("/experiments/{}/runs/{}", self.experiment, self.id)
    }
}

/// What the horizontal axis shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum XAxis {
    /// Training steps.
    #[default]
    Step,
    /// The time of day.
    Time,
    /// Time since the start of each run.
    Relative,
    /// What another metric was at the same step.
    Metric(String),
}

/// What is shown around the mean of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spread {
    /// The standard deviation.
    #[default]
    Deviation,
    /// The standard error of the mean.
    Error,
    /// Where the mean is with 95 % confidence.
    Confidence,
    /// From the least to the greatest.
    Range,
    /// Nothing.
    None,
}

/// The part of both axes that somebody zoomed to.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Zoom {
    /// Of the horizontal axis; all of it where absent.
    pub x: Option<Window>,
    /// Of the vertical axis; what is seen needs it where absent.
    pub y: Option<Window>,
}

/// How a chart is drawn. All of it is part of the page's address.
#[derive(Debug, Clone, PartialEq, Default)]
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
    /// What is shown around the means of groups.
    pub spread: Spread,
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
    fn smoothing(&self) -> chart::Smoothing {
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

/// How long after a click a second one may come.
const SECOND_CLICK: Duration = Duration::from_millis(250);

/// What is on the canvas.
#[derive(Debug)]
struct Picture {
    figure: Figure,
    /// The page of the run of each line; none where lines are of groups.
    pages: Vec<String>,
    layout: Layout,
    /// Width and height in CSS pixels.
    size: (u32, u32),
}

impl Picture {
    fn new(figure: Figure, pages: Vec<String>, size: (u32, u32)) -> Self {
        Self { layout: Layout::new(&figure, size.0, size.1, Frame::Bare), figure, pages, size }
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
    measure: Signal<Measure>,
    options: Signal<ChartOptions>,
    movable: bool,
}

/// A metric, or a formula, of some runs over each other. A drag zooms in, a double click out; with Shift it moves what is seen. A
/// click on a line leads to its run.
#[component]
pub fn MetricChart(
    /// Whose curves.
    #[prop(into)]
    runs: Signal<Vec<ChartRun>>,
    /// What is measured.
    #[prop(into)]
    measure: Signal<Measure>,
    /// How.
    #[prop(into)]
    options: Signal<ChartOptions>,
    /// Whether it can be moved on its board, and pinned.
    #[prop(optional)]
    movable: bool,
) -> AnyView {
    let subject = Subject { runs, measure, options, movable };
    let size = Board::here().size(Signal::derive(move || measure.read().name.clone()));
    let no_script = move || {
        let measure = measure.read_untracked();
        let metric = measure.plain()?;
        Some(preview::preview(&runs.read_untracked(), metric, &options.read_untracked()))
    };
    let waiting = move || {
        view! {
            <figure
                class="chart"
                data-columns=move || columns_word(size.get())
                data-height=move || height_word(size.get())
            >
                <figcaption class="chart-head"><h3 class="chart-title">{measure.read_untracked().name.clone()}</h3></figcaption>
                <div class="chart-box" aria-busy="true">
                    <div class="chart-cover chart-waiting"></div>
                    <noscript inner_html=no_script().unwrap_or_default()></noscript>
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

fn drawn(Subject { runs, measure, options, movable }: Subject) -> AnyView {
    let board = Board::here();
    let (plot_box, surface) = (NodeRef::<Div>::new(), NodeRef::<Canvas>::new());
    let (on_screen, size) = (watch::on_screen(plot_box), watch::size(plot_box));
    let zoom = RwSignal::new(Zoom::default());
    let keys = Memo::new(move |_| {
        let mut keys = measure.read().keys.clone();
        if let XAxis::Metric(key) = &options.read().along
            && !keys.contains(key)
        {
            keys.push(key.clone());
        }
        keys
    });
    let metric = Signal::derive(move || measure.read().name.clone());
    let source = Source::new(runs, keys, options, zoom, size, on_screen, plot_box);
    // Another axis, another unit: the old window means nothing there.
    let unit = Memo::new(move |_| (metric.get(), options.read().along.clone()));
    Effect::watch(move || unit.get(), move |_, _, _| zoom.set(Zoom::default()), false);

    let drawn = Memo::new_with_compare(
        move |_| {
            let (size, measure) = (size.get()?, measure.read());
            let held = source.held.read();
            let held = held.as_ref().filter(|held| held.request().keys == *keys.read())?;
            let (figure, pages) = figure::figure(&runs.read(), &measure, &options.read(), zoom.get(), held);
            Some(Arc::new(Picture::new(figure, pages, size)))
        },
        |_, _| true,
    );
    // To track the picture itself would make it at once, before its turn.
    let inputs = move || {
        source.held.track();
        runs.track();
        measure.track();
        keys.track();
        options.track();
        zoom.track();
        size.track();
    };
    let picture = show(drawn, inputs, surface, on_screen, watch::appearance(plot_box));
    let summaries = Memo::new(move |_| {
        let held = source.held.read();
        held.as_ref().map(|held| figure::summaries(&runs.read(), &measure.read(), held)).unwrap_or_default()
    });

    let name = metric;
    let chart_size = board.size(name);
    // A formula may read like the name of a metric.
    let key = Signal::derive(move || format!("{}{}", if movable { "" } else { "=" }, name.get()));
    let is_large = move || board.large.read().as_deref() == Some(key.read().as_str());
    let (as_table, set_as_table) = signal(false);
    let note = move || picture.read().as_ref().map(|picture| picture.note()).unwrap_or_default();
    let label = move || match &*picture.read() {
        Some(picture) => chart::describe(&picture.figure),
        None => metric.get(),
    };
    let move_label = Signal::derive(move || format!("More of {}", metric.get()));
    let waiting = Memo::new(move |_| picture.read().is_none() && source.fault.read().is_none());
    let chosen = Memo::new(move |_| !runs.read().is_empty());
    // Far down a page nothing is painted: browsers load this when they print it, and not before.
    let on_paper = move || {
        if !waiting.get() {
            return None;
        }
        let source = preview::source(&runs.read(), measure.read().plain()?, &options.read())?;
        Some(view! { <img class="chart-print" loading="lazy" alt="" src=source/> })
    };
    view! {
        <figure
            class="chart"
            data-chart=move || key.get()
            data-columns=move || columns_word(chart_size.get())
            data-height=move || height_word(chart_size.get())
            data-large=move || is_large().then_some("")
        >
            <figcaption class="chart-head">
                {movable.then(|| view! { <Grip board name/> })}
                <h3 class="chart-title" title=move || metric.get()>{move || metric.get()}</h3>
                <span class="chart-note" title=note>{note}</span>
                <Show when=move || zoom.get() != Zoom::default()>
                    <button type="button" class="chart-button" on:click=move |_| zoom.set(Zoom::default())>"Reset zoom"</button>
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
                <LargeButton board key/>
                <Menu label=move_label class="icon-button chart-switch" end=true face=ViewFn::from(|| Icon::More.draw())>
                    <Shape board name size=chart_size movable/>
                    <Takeaway picture surface/>
                </Menu>
            </figcaption>
            <div
                class="chart-box"
                node_ref=plot_box
                aria-busy=move || (waiting.get() && chosen.get()).to_string()
            >
                <canvas class="chart-canvas" node_ref=surface role="img" aria-label=label></canvas>
                <Pointed picture zoom/>
                {on_paper}
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
            <Corner board name size=chart_size/>
        </figure>
    }
    .into_any()
}

/// All that follows the pointer: crosshair, tooltip and the selection of a zoom.
#[component]
fn Pointed(picture: Signal<Option<Arc<Picture>>>, zoom: RwSignal<Zoom>) -> impl IntoView {
    let navigate = StoredValue::new_local(use_navigate());
    let leaving = StoredValue::new(None::<TimeoutHandle>);
    let pointer = RwSignal::new(None::<(f64, f64)>);
    let drag = RwSignal::new(None::<Drag>);
    let hovered = use_context::<Hovered>().map(|Hovered(place)| place);
    let reading = Memo::new(move |_| {
        let place = pointer.get().filter(|_| drag.read().is_none())?;
        tooltip::read(picture.read().as_deref()?, place)
    });
    // A picture that changes under the pointer makes no sense of an old selection.
    Effect::new(move |_| {
        picture.track();
        if drag.with_untracked(|drag| matches!(drag, Some(Drag::Select(_)))) {
            drag.set(None);
        }
    });

    let place = |event: &PointerEvent| (f64::from(event.offset_x()), f64::from(event.offset_y()));
    let press = move |event: PointerEvent| {
        let (x, y) = place(&event);
        if event.button() == 0
            && let Some(picture) = &*picture.read_untracked()
            && let Some(begun) = Drag::begin(picture, (x, y), event.shift_key())
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
        match drag.get_untracked() {
            Some(Drag::Select(selection)) => {
                if let Some(picture) = &*picture.read_untracked() {
                    drag.set(Some(Drag::Select(selection.reach(&picture.layout, x, y))));
                }
            }
            Some(Drag::Move(moving)) => zoom.set(moving.zoom(x, y)),
            None => {}
        }
    };
    let release = move |_: PointerEvent| {
        let ended = drag.get_untracked();
        drag.set(None);
        let (Some(Drag::Select(selection)), Some(picture)) = (ended, picture.get_untracked()) else { return };
        if let Some(chosen) = selection.zoom(&picture.layout, zoom.get_untracked()) {
            pointer.set(None);
            zoom.set(chosen);
        } else if let Some(page) = pointer.get_untracked().and_then(|place| tooltip::page(&picture, place)) {
            // A second click means the zoom.
            let go = move || {
                _ = navigate.try_with_value(|navigate| navigate(&page, NavigateOptions::default()));
            };
            leaving.set_value(set_timeout_with_handle(go, SECOND_CLICK).ok());
        }
    };
    let on_line = Memo::new(move |_| {
        let place = pointer.get().filter(|_| drag.read().is_none())?;
        tooltip::page(picture.read().as_deref()?, place)
    });
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
        let Drag::Select(selection) = drag else { return None };
        let picture = picture.read();
        let chosen = selection.area(&picture.as_ref()?.layout);
        Some(view! {
            <div
                class="chart-selection"
                style:left=format!("{:.1}px", chosen.left)
                style:width=format!("{:.1}px", chosen.width())
                style:top=format!("{:.1}px", chosen.top)
                style:height=format!("{:.1}px", chosen.height())
            ></div>
        })
    };
    view! {
        <div
            class="chart-pointer"
            class:on-line=move || on_line.read().is_some()
            tabindex="-1"
            on:pointerdown=press
            on:pointermove=follow
            on:pointerup=release
            on:pointerleave=leave
            on:pointercancel=leave
            on:dblclick=move |_| {
                if let Some(leaving) = leaving.try_update_value(Option::take).flatten() {
                    leaving.clear();
                }
                zoom.set(Zoom::default());
            }
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
