//! The plot: a canvas, what follows the pointer above it, and the same values as a table beneath.

use super::{
    REFRESH, Subject, ask,
    brush::{Drag, LEAST, conditions},
    choices::Choices,
    draw::{Brush, draw},
    news_of,
    rail::{Rails, set_brush},
    reading::{Reading, read},
    table::ValueTable,
    values::Held,
};
use crate::{
    api::run_values,
    part::{
        address::Address,
        answered::FaultNote,
        chart::{Screen, file_name, paint_on, save, save_text, watch},
        icon::Icon,
        menu::Menu,
        number::{count, counted},
        toast::{Toasts, Way},
    },
};
use chart::{Plot, PlotHit, PlotLayout, Theme};
use leptos::{
    html::{Canvas, Div},
    prelude::*,
};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use model::{
    RunId,
    explore::{Field, RunValues},
    page::{RunsQuery, Total},
};
use std::{collections::HashSet, sync::Arc};
use web_sys::PointerEvent;

/// Width of a drawing that is taken along, in CSS pixels.
const TAKEN: u32 = 1200;

/// What is on the canvas.
#[derive(Debug)]
pub struct Picture {
    /// The plot.
    pub plot: Plot,
    /// Where its parts are.
    pub layout: PlotLayout,
    /// What was chosen when it was made.
    pub choices: Choices,
    /// What it was made of.
    pub held: Arc<Held>,
    /// Width and height in CSS pixels.
    size: (u32, u32),
}

/// What is on the canvas, while there is something.
type Shown = Signal<Option<Arc<Picture>>>;

/// A plot of the runs of a query.
#[component]
pub fn Board(
    /// Whose runs.
    subject: Subject,
    /// Which of them.
    query: Memo<RunsQuery>,
    /// As what.
    choices: Memo<Choices>,
) -> AnyView {
    let again = news_of(subject.experiment, REFRESH);
    // What was read is enough while fewer fields are asked for.
    let question = Memo::new(move |before: Option<&Option<(RunsQuery, Vec<Field>)>>| {
        let (query, fields) = (query.get(), choices.read().fields());
        match before {
            Some(Some((asked, read)))
                if *asked == query && fields.iter().all(|field| read.contains(field)) =>
            {
                Some((query, read.clone()))
            }
            _ => Some((query, fields)),
        }
    });
    let experiment = subject.experiment;
    let answer = ask(question, again, move |(query, fields): (RunsQuery, Vec<Field>)| async move {
        let values = run_values(experiment, query, fields.clone()).await?;
        Ok(Held { fields, values })
    });
    let held = Signal::derive(move || match &*answer.read() {
        Some((_, Ok(held))) => Some(held.clone()),
        _ => None,
    });
    let fault =
        Memo::new(move |_| answer.read().as_ref().and_then(|(_, answer)| answer.as_ref().err().cloned()));
    let waiting = Memo::new(move |_| match (&*answer.read(), &*question.read()) {
        (Some((answered, _)), Some(asked)) => answered != asked,
        _ => true,
    });
    let brushes = RwSignal::new(Vec::<Brush>::new());
    Effect::watch(move || query.get(), move |_, _, _| brushes.set(Vec::new()), false);

    let (plot_box, surface) = (NodeRef::<Div>::new(), NodeRef::<Canvas>::new());
    let size = watch::size(plot_box);
    let width = Memo::new(move |_| size.get().map(|(width, _)| width));
    let selection = subject.selection;
    let picture = Memo::new_with_compare(
        move |before: Option<&Option<Arc<Picture>>>| {
            let (width, held) = (width.get()?, held.get()?);
            let (choices, chosen) = (choices.get(), selection.runs().into_iter().collect::<HashSet<RunId>>());
            // While more is read, the picture of before stays.
            let Some(plot) = draw(&choices, &held, &brushes.read(), &chosen) else {
                return before.cloned().flatten();
            };
            let height = PlotLayout::wanted_height(&plot, width);
            let layout = PlotLayout::new(&plot, width, height);
            Some(Arc::new(Picture { plot, layout, choices, held, size: (width, height) }))
        },
        |_, _| true,
    );
    let appearance = watch::appearance(plot_box);
    Effect::new(move || {
        appearance.track();
        if let (Some(canvas), Some(picture)) = (surface.get(), picture.get()) {
            let screen = Screen::around(&canvas);
            let painted = paint_on(&canvas, picture.size, screen, |surface, theme, resolution| {
                chart::paint_plot(&picture.plot, &picture.layout, theme, resolution, surface)
                    .map_err(|error| error.to_string())
            });
            if let Err(error) = painted {
                leptos::logging::error!("a plot can't be painted: {error:?}");
            }
        }
    });
    let shown: Shown = picture.into();
    let label = move || match &*shown.read() {
        Some(picture) => chart::describe_plot(&picture.plot),
        None => "Plot".to_owned(),
    };
    let caption = move || held.get().map(|held| told(&held.values)).unwrap_or_default();
    let height = move || match &*shown.read() {
        Some(picture) => format!("{}px", picture.size.1),
        None => "auto".to_owned(),
    };
    let retry = move |_| again.notify();
    view! {
        <div class="explore-bar">
            <p class="muted">{caption}</p>
            <Brushed subject brushes shown/>
            <span class="push"></span>
            <Menu label="Take the plot along" class="icon-button" end=true face=ViewFn::from(|| Icon::Download.draw())>
                <Takeaway shown surface/>
            </Menu>
        </div>
        <div
            class="explore-box"
            class:pending=waiting
            node_ref=plot_box
            style:height=height
            aria-busy=move || waiting.get().to_string()
        >
            <canvas class="chart-canvas" node_ref=surface role="img" aria-label=label></canvas>
            <Pointed subject shown brushes/>
            <Rails shown brushes/>
            <Show when=move || waiting.get() && shown.read().is_none()>
                <div class="chart-cover chart-waiting"></div>
            </Show>
        </div>
        {move || fault.get().map(|fault| view! {
            <FaultNote fault/>
            <p class="explore-retry"><button type="button" class="button" on:click=retry>"Retry"</button></p>
        })}
        <ValueTable experiment=subject.experiment held choices/>
    }
    .into_any()
}

/// How many runs are plotted, of how many.
fn told(values: &RunValues) -> String {
    let shown = values.ids.len() as u64;
    match values.total {
        Total::Exactly(total) if total <= shown => counted(shown, "run"),
        Total::Exactly(total) => format!("The first {} of {}", count(shown), counted(total, "run")),
        Total::AtLeast(total) => format!("The first {} of more than {} runs", count(shown), count(total)),
    }
}

/// How many runs pass the brushes, and the way to see them alone.
#[component]
fn Brushed(subject: Subject, brushes: RwSignal<Vec<Brush>>, shown: Shown) -> AnyView {
    let address = Address::here();
    let toasts = Toasts::here();
    let passing = move || match shown.read().as_ref().map(|picture| (&picture.plot, picture.held.clone())) {
        Some((Plot::Parallel(parallel), held)) => {
            let passing = parallel.passing();
            let runs = passing.iter().enumerate().filter(|(_, passes)| **passes);
            runs.filter_map(|(run, _)| held.id(run)).collect::<Vec<_>>()
        }
        _ => Vec::new(),
    };
    let is_parallel =
        move || matches!(shown.read().as_ref().map(|picture| &picture.plot), Some(Plot::Parallel(_)));
    // What the filter can say goes there; other runs are chosen one by one.
    let show = move |_| {
        let held = shown.read_untracked().as_ref().map(|picture| picture.held.clone());
        // An axis that was taken out has a brush no more.
        let fields =
            shown.read_untracked().as_ref().map(|picture| super::draw::parallel_fields(&picture.choices));
        let mut brushes = brushes.get_untracked();
        brushes.retain(|(field, _)| fields.as_ref().is_some_and(|fields| fields.contains(field)));
        let said = held.and_then(|held| conditions(&brushes, &held));
        let runs = untrack(passing);
        match said {
            Some(said) => {
                let before = untrack(|| address.text("filter"));
                let before = before.trim();
                let filter = if before.is_empty() { said } else { format!("{before} AND {said}") };
                // A tree would look at top runs alone.
                address.set(&[("tab", ""), ("page", ""), ("tree", ""), ("filter", &filter)]);
            }
            None => {
                let chosen = counted(runs.len() as u64, "run");
                let before = subject.selection.replace(runs);
                let text = match before.len() as u64 {
                    0 => format!("{chosen} chosen: a filter can't say what was brushed."),
                    others => format!("{chosen} chosen, in place of the {} before.", count(others)),
                };
                let here = format!("/experiments/{}", subject.experiment);
                // Another experiment's table has nothing to do with these runs.
                let back = move |()| {
                    if window().location().pathname().is_ok_and(|path| path == here) {
                        subject.selection.replace(before.clone());
                    }
                };
                toasts.done(text, Some(Way { label: "Undo", act: Callback::new(back) }));
                address.set(&[("tab", "")]);
            }
        }
    };
    let told = move || {
        let some = is_parallel() && !brushes.read().is_empty();
        some.then(|| format!("{} selected", counted(passing().len() as u64, "run")))
    };
    view! {
        <span class="visually-hidden" role="status">{told}</span>
        <Show when=move || is_parallel() && !brushes.read().is_empty()>
            <button type="button" class="button" on:click=show>
                {move || format!("Show these {} in the table", count(passing().len() as u64))}
            </button>
            <button type="button" class="button quiet" on:click=move |_| brushes.set(Vec::new())>
                "Clear brushes"
            </button>
        </Show>
        <Show when=move || is_parallel() && brushes.read().is_empty()>
            <span class="faint">
                "Drag along an axis, or move its ends with the arrow keys, to see only the runs that pass there."
            </span>
        </Show>
    }
    .into_any()
}

/// All that follows the pointer: the tooltip, the brush that is dragged, and the click that leads to a run.
#[component]
fn Pointed(subject: Subject, shown: Shown, brushes: RwSignal<Vec<Brush>>) -> AnyView {
    let pointer = RwSignal::new(None::<(f64, f64)>);
    let drag = RwSignal::new(None::<Drag>);
    let pressed = RwSignal::new(None::<(f64, f64)>);
    let reading = Memo::new(move |_| {
        let place = pointer.get().filter(|_| drag.read().is_none())?;
        read(shown.read().as_deref()?, place)
    });
    let navigate = use_navigate();
    let go = Callback::new(move |path: String| navigate(&path, NavigateOptions::default()));
    let place = |event: &PointerEvent| (f64::from(event.offset_x()), f64::from(event.offset_y()));
    let hit = move |(x, y): (f64, f64)| {
        let picture = shown.read_untracked();
        let picture = picture.as_ref()?;
        picture.layout.hit(&picture.plot, x, y)
    };
    let press = move |event: PointerEvent| {
        let at = place(&event);
        pressed.set(Some(at));
        if let (0, Some(PlotHit::Axis { axis, .. })) = (event.button(), hit(at)) {
            // Without the capture a drag that leaves the plot would never end.
            _ = event_target::<web_sys::Element>(&event).set_pointer_capture(event.pointer_id());
            drag.set(Some(Drag::begin(axis, at)));
        }
    };
    let follow = move |event: PointerEvent| {
        let at = place(&event);
        pointer.set(Some(at));
        if let Some(begun) = drag.get_untracked() {
            drag.set(Some(Drag { to: at.1, ..begun }));
        }
    };
    let release = move |event: PointerEvent| {
        let (ended, from, at) = (drag.get_untracked(), pressed.get_untracked(), place(&event));
        drag.set(None);
        pressed.set(None);
        let is_click = from.is_some_and(|from| (from.0 - at.0).hypot(from.1 - at.1) < LEAST);
        let picture = shown.get_untracked();
        match (ended, picture) {
            (Some(ended), Some(picture)) => {
                let fields = super::draw::parallel_fields(&picture.choices);
                if let Some(field) = fields.get(ended.axis) {
                    // A click takes the brush away.
                    set_brush(brushes, field, ended.window(&picture.layout));
                }
            }
            (None, Some(picture)) if is_click && event.button() == 0 => {
                if let Some(run) = read(&picture, at).and_then(|reading| reading.run) {
                    go.run(format!("/experiments/{}/runs/{run}", subject.experiment));
                }
            }
            _ => {}
        }
    };
    let leave = move |_: PointerEvent| {
        pointer.set(None);
        drag.set(None);
        pressed.set(None);
    };
    let leads = move || reading.read().as_ref().is_some_and(|reading| reading.run.is_some());
    let brush = move |drag: Drag| {
        let (top, height) = drag.span();
        view! {
            <div
                class="explore-brush"
                style:left=format!("{:.1}px", drag.at.0)
                style:top=format!("{top:.1}px")
                style:height=format!("{height:.1}px")
            ></div>
        }
    };
    view! {
        <div
            class="chart-pointer"
            class:leads=leads
            on:pointerdown=press
            on:pointermove=follow
            on:pointerup=release
            on:pointerleave=leave
            on:pointercancel=leave
        >
            {move || reading.get().map(|reading| {
                let size = shown.read().as_ref().map(|picture| picture.size).unwrap_or_default();
                tooltip(reading, size)
            })}
            {move || drag.get().map(brush)}
        </div>
    }
    .into_any()
}

/// What is told of a place, beside it: to the side and the half where there is room.
fn tooltip(reading: Reading, (width, height): (u32, u32)) -> AnyView {
    let (x, y) = reading.at;
    let (width, height) = (f64::from(width), f64::from(height));
    let auto = || "auto".to_owned();
    let (left, right) = if x < width / 2.0 {
        (format!("{:.1}px", x + 14.0), auto())
    } else {
        (auto(), format!("{:.1}px", width - x + 14.0))
    };
    let (top, bottom) = if y < height / 2.0 {
        (format!("{:.1}px", y + 8.0), auto())
    } else {
        (auto(), format!("{:.1}px", height - y + 8.0))
    };
    let row = |(name, said): (String, String)| {
        view! {
            <div><dt>{name}</dt><dd>{said}</dd></div>
        }
    };
    view! {
        <div
            class="chart-tooltip explore-tooltip"
            style:left=left
            style:right=right
            style:top=top
            style:bottom=bottom
        >
            <p class="explore-title">{reading.title}</p>
            <dl>{reading.rows.into_iter().map(row).collect_view()}</dl>
        </div>
    }
    .into_any()
}

/// The plot as a picture or a drawing.
#[component]
fn Takeaway(shown: Shown, surface: NodeRef<Canvas>) -> AnyView {
    let name = |picture: &Picture| {
        file_name(&chart::describe_plot(&picture.plot).chars().take(80).collect::<String>())
    };
    let as_picture = move |_| {
        if let (Some(canvas), Some(picture)) = (surface.get_untracked(), shown.get_untracked())
            && let Ok(address) = canvas.to_data_url()
        {
            save(&address, &format!("{}.png", name(&picture)));
        }
    };
    let as_drawing = move |_| {
        if let Some(picture) = shown.get_untracked() {
            let height = PlotLayout::wanted_height(&picture.plot, TAKEN);
            let drawing = chart::plot_svg(&picture.plot, TAKEN, height, &Theme::LIGHT);
            save_text(&drawing, "image/svg+xml", &format!("{}.svg", name(&picture)));
        }
    };
    view! {
        <ul class="menu-list">
            <li><button type="button" on:click=as_picture>"Save as PNG"</button></li>
            <li><button type="button" on:click=as_drawing>"Save as SVG"</button></li>
        </ul>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_when_there_are_more_runs() {
        let check = |shown: usize, total: Total, expected: &str| {
            let ids = (0..shown).map(|number| format!("{number:032x}").parse().unwrap()).collect();
            let values = RunValues { ids, names: Vec::new(), columns: Vec::new(), total };
            assert_eq!(told(&values), expected);
        };
        check(1, Total::Exactly(1), "1 run");
        check(2, Total::Exactly(12_345), "The first 2 of 12,345 runs");
        check(2, Total::AtLeast(10_000), "The first 2 of more than 10,000 runs");
    }
}
