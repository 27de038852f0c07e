//! The colours of runs: that of their place, or the one that somebody chose, which is a tag of the run.

use crate::{
    api::{Fault, change_runs},
    part::{
        later::{Loaded, later},
        menu::{FloatingMenu, under},
        status::series_class,
        toast::Toasts,
    },
};
use leptos::{ev, prelude::*, task::spawn_local, wasm_split::wasm_split};
use model::{
    RunId,
    page::RunsChange,
    run::{Run, Tag, tag},
    run_color::RunColor,
};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// What the colours of [`chart::PALETTE`] are called.
const NAMES: [&str; 12] = [
    "Blue", "Brick", "Green", "Magenta", "Plum", "Orange", "Coral", "Pink", "Olive", "Sky", "Teal", "Cobalt",
];

/// The colour of a run's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// That of its place among the others, see [`chart::series_color`].
    Place(usize),
    /// The one that somebody chose for it.
    Chosen(RunColor),
}

impl Ink {
    /// Of a run at a place among others.
    pub fn of(run: &Run, place: usize) -> Self {
        Self::new(run.color(), place)
    }

    /// The colour that was chosen, else that of a place.
    pub fn new(chosen: Option<RunColor>, place: usize) -> Self {
        chosen.map_or(Self::Place(place), Self::Chosen)
    }

    /// As charts paint it.
    pub fn rgb(self) -> chart::Rgb {
        match self {
            Self::Place(place) => chart::series_color(place),
            Self::Chosen(RunColor(red, green, blue)) => chart::Rgb(red, green, blue),
        }
    }

    /// What somebody chose, if anybody did.
    fn chosen(self) -> Option<RunColor> {
        match self {
            Self::Place(_) => None,
            Self::Chosen(color) => Some(color),
        }
    }

    /// The dot beside a run's name.
    pub fn dot(self) -> AnyView {
        match self {
            Self::Place(place) => {
                view! { <span class=format!("series-dot {}", series_class(place)) aria-hidden="true"></span> }
                    .into_any()
            }
            // No class has this colour, and the site's policy forbids `style` attributes.
            Self::Chosen(color) => view! {
                <svg class="series-dot own" viewBox="0 0 8 8" aria-hidden="true" focusable="false">
                    <circle cx="4" cy="4" r="4" fill=color.to_string()></circle>
                </svg>
            }
            .into_any(),
        }
    }
}

/// Dots that are buttons, and the panel that each of them opens to choose another colour for its run.
#[derive(Clone, Copy)]
pub struct Swatches {
    open: RwSignal<Option<Asked>>,
    done: Callback<(RunId, Option<RunColor>)>,
}

/// Whose colour is being chosen, and where on the window.
#[derive(Debug, Clone)]
struct Asked {
    run: RunId,
    name: String,
    now: Option<RunColor>,
    at: (f64, f64),
}

impl Swatches {
    /// `done` hears of each run that got another colour.
    pub fn new(done: impl Fn(RunId, Option<RunColor>) + Send + Sync + 'static) -> Self {
        Self { open: RwSignal::new(None), done: Callback::new(move |(run, color)| done(run, color)) }
    }

    /// The button of a run.
    pub fn button(self, run: RunId, name: &str, ink: Ink) -> AnyView {
        let label = format!("Colour of {name}");
        let name = name.to_owned();
        let press = move |event: ev::MouseEvent| {
            let button = event.current_target().and_then(|target| target.dyn_into::<Element>().ok());
            let at = button.as_ref().map(under).unwrap_or_default();
            self.open.set(Some(Asked { run, name: name.clone(), now: ink.chosen(), at }));
        };
        view! {
            <button
                type="button"
                class="icon-button swatch"
                data-swatch=run.to_string()
                aria-label=label.clone()
                title=label
                aria-haspopup="dialog"
                on:click=press
            >
                {ink.dot()}
            </button>
        }
        .into_any()
    }

    /// The panel, wherever on the page: it lies over it.
    pub fn panel(self) -> AnyView {
        let panel = move || {
            self.open.get().map(|asked| {
                let (label, at) = (format!("Colour of {}", asked.name), asked.at);
                let choice = Choice { swatches: self, asked };
                view! {
                    <FloatingMenu label at on_close=move || self.open.set(None)>
                        {later(run_colors, choice.clone(), || view! { <div class="color-menu" aria-busy="true"></div> }.into_any())}
                    </FloatingMenu>
                }
            })
        };
        panel.into_any()
    }
}

/// What the panel needs to know.
#[derive(Clone)]
struct Choice {
    swatches: Swatches,
    asked: Asked,
}

/// The code of the panel.
#[wasm_split(work, wasm_split_path = leptos::wasm_split, fallible)]
fn run_colors() -> Loaded<Choice> {
    Ok(drawn)
}

fn drawn(Choice { swatches, asked }: Choice) -> AnyView {
    let Asked { run, now, .. } = asked;
    let toasts = Toasts::here();
    let choose = move |color: Option<RunColor>| {
        swatches.open.set(None);
        if color == now {
            focus_on(run);
            return;
        }
        spawn_local(async move {
            match set(run, color).await {
                Ok(()) => {
                    // Whoever chose it may have left the page.
                    _ = swatches.done.try_run((run, color));
                    focus_on(run);
                }
                Err(fault) => toasts.failed(fault.to_string()),
            }
        });
    };
    let palette = chart::PALETTE.map(|chart::Rgb(red, green, blue)| RunColor(red, green, blue));
    let entry = move |(place, (color, name)): (usize, (RunColor, &'static str))| {
        let is_now = now == Some(color);
        view! {
            <li>
                <button
                    type="button"
                    class="color-choice"
                    aria-label=name
                    title=name
                    aria-pressed=is_now.to_string()
                    on:click=move |_| choose(Some(color))
                >
                    {Ink::Place(place).dot()}
                </button>
            </li>
        }
    };
    let entries = palette.into_iter().zip(NAMES).enumerate().map(entry).collect_view();
    // From another program, perhaps.
    let other = now.filter(|now| !palette.contains(now)).map(|now| {
        view! { <p class="muted">"Now " {Ink::Chosen(now).dot()} " " <code>{now.to_string()}</code></p> }
    });
    view! {
        <div class="color-menu">
            <ul>{entries}</ul>
            {other}
            <button
                type="button"
                class="button"
                title="The colour of its place among the runs that are shown"
                aria-pressed=now.is_none().to_string()
                on:click=move |_| choose(None)
            >
                "Automatic"
            </button>
        </div>
    }
    .into_any()
}

async fn set(run: RunId, color: Option<RunColor>) -> Result<(), Fault> {
    let key = tag::RUN_COLOR.to_owned();
    let change = match color {
        Some(color) => RunsChange::SetTag(Tag { key, value: color.to_string() }),
        None => RunsChange::DeleteTag(key),
    };
    match change_runs(vec![run], change).await?.refused.into_iter().next() {
        Some((_, problem)) => Err(Fault(problem)),
        None => Ok(()),
    }
}

/// Back to the button that was pressed, or what stands in its place by then, unless something else has the focus.
fn focus_on(run: RunId) {
    request_animation_frame(move || {
        let is_free = document().active_element().is_none_or(|active| active.tag_name() == "BODY");
        let button = document().query_selector(&format!("[data-swatch=\"{run}\"]")).ok().flatten();
        if let Some(button) =
            button.filter(|_| is_free).and_then(|button| button.dyn_into::<HtmlElement>().ok())
        {
            _ = button.focus();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_without_a_colour_has_that_of_its_place() {
        assert_eq!(Ink::new(None, 2).rgb(), chart::series_color(2));
        assert_eq!(Ink::new(Some(RunColor(1, 2, 3)), 2).rgb(), chart::Rgb(1, 2, 3));
    }
}
