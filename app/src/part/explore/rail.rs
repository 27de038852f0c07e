//! Brushes from the keyboard: two sliders on each axis, at the ends of what somebody is after.

use super::{
    board::Picture,
    draw::{Brush, parallel_fields},
};
use chart::{AxisKind, Parallel, Plot, PlotLayout, Window};
use leptos::{ev, prelude::*};
use model::explore::Field;
use std::sync::Arc;

/// Steps from one end of an axis of numbers to the other; words have one each.
const STEPS: f64 = 100.0;
/// So near to an end of the axis a place counts as the end, in steps.
const NEAR: f64 = 1e-6;

/// One of the two ends of a brush.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Low,
    High,
}

/// An axis and what is brushed of it; all of it where there is no brush.
#[derive(Debug, Clone, PartialEq)]
struct Rail {
    axis: usize,
    /// What the axis is called.
    name: String,
    /// Where it stands, in CSS pixels.
    x: f64,
    top: f64,
    bottom: f64,
    /// How many steps it has, and how many of them lie below each end of the brush.
    steps: f64,
    ends: (f64, f64),
    /// The least and the greatest value that a run has.
    range: (f64, f64),
    /// The values at the ends, in words.
    said: (String, String),
}

impl Rail {
    fn new(parallel: &Parallel, layout: &PlotLayout, index: usize) -> Option<Self> {
        let axis = parallel.axes.get(index)?;
        let plot = layout.plot();
        let steps = match &axis.kind {
            AxisKind::Number(_) => STEPS,
            AxisKind::Category(words) => words.len().max(1) as f64,
        };
        let brush = parallel.brushes.get(index).copied().flatten();
        let step = |value: f64| {
            let height = layout.axis_height(index, value)?;
            Some(steps * (plot.bottom - height) / (plot.bottom - plot.top).max(1.0))
        };
        let ends = match brush {
            Some(brush) => (step(brush.lo())?, step(brush.hi())?),
            None => (0.0, steps),
        };
        let values = parallel.lines.iter().map(|line| line.value(index));
        let range = values
            .filter(|value| axis.has_place(*value))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), value| (lo.min(value), hi.max(value)));
        let window = brush.map_or(range, |brush| (brush.lo(), brush.hi()));
        // Between two words the end means the next one within.
        let said = match &axis.kind {
            AxisKind::Number(_) => (axis.say(window.0), axis.say(window.1)),
            AxisKind::Category(_) => (axis.say(window.0.ceil()), axis.say(window.1.floor())),
        };
        Some(Self {
            axis: index,
            name: axis.label.clone(),
            x: layout.axis_x(index)?,
            top: plot.top,
            bottom: plot.bottom,
            steps,
            ends,
            range,
            said,
        })
    }

    /// How far down an end is, in CSS pixels.
    fn height(&self, steps: f64) -> f64 {
        self.bottom - (self.bottom - self.top) * steps / self.steps
    }

    /// The brush once a key was pressed at one of its ends: none where it was taken away, or is the whole axis. `None` for
    /// keys that mean nothing here.
    fn moved(&self, end: End, key: &str, layout: &PlotLayout) -> Option<Option<Window>> {
        let page = (self.steps / 10.0).ceil();
        let by = match key {
            "ArrowUp" | "ArrowRight" => 1.0,
            "ArrowDown" | "ArrowLeft" => -1.0,
            "PageUp" => page,
            "PageDown" => -page,
            "Home" => -self.steps,
            "End" => self.steps,
            "Delete" | "Backspace" => return Some(None),
            _ => return None,
        };
        let (low, high) = self.ends;
        // A step stays between the ends.
        let (low, high) = match end {
            End::Low => ((low + by).min(high - 1.0).max(0.0), high),
            End::High => (low, (high + by).max(low + 1.0).min(self.steps)),
        };
        let (from_start, to_end) = (low <= NEAR, high >= self.steps - NEAR);
        if from_start && to_end {
            return Some(None);
        }
        let value = |steps: f64| layout.axis_value(self.axis, self.height(steps));
        let (mut from, mut to) = (value(low)?, value(high)?);
        // What is at the very end of the axis passes, however its place was rounded.
        if from_start {
            from = from.min(self.range.0);
        }
        if to_end {
            to = to.max(self.range.1);
        }
        Some(Window::new(from, to))
    }
}

/// Puts another brush on a field, or takes its brush away.
pub fn set_brush(brushes: RwSignal<Vec<Brush>>, field: &Field, window: Option<Window>) {
    brushes.update(|brushes| {
        brushes.retain(|(brushed, _)| brushed != field);
        brushes.extend(window.map(|window| (field.clone(), window)));
    });
}

/// The sliders of all axes. They are seen when they have the focus.
#[component]
pub fn Rails(
    /// What is on the canvas.
    shown: Signal<Option<Arc<Picture>>>,
    /// The brushes.
    brushes: RwSignal<Vec<Brush>>,
) -> AnyView {
    let rails = Memo::new(move |_| match shown.read().as_deref() {
        Some(Picture { plot: Plot::Parallel(parallel), layout, .. }) => {
            (0..parallel.axes.len()).filter_map(|axis| Rail::new(parallel, layout, axis)).collect::<Vec<_>>()
        }
        _ => Vec::new(),
    });
    let names = move || {
        let rails = rails.read();
        rails.iter().map(|rail| (rail.axis, rail.name.clone())).collect::<Vec<_>>()
    };
    let sliders = move |(axis, name): (usize, String)| {
        let rail = Memo::new(move |_| rails.read().get(axis).cloned());
        view! {
            {slider(shown, brushes, rail, End::Low, format!("{name}, from"))}
            {slider(shown, brushes, rail, End::High, format!("{name}, to"))}
        }
    };
    view! {
        <div class="explore-rails" role="group" aria-label="Brushes" hidden=move || rails.read().is_empty()>
            <For each=names key=|name| name.clone() children=sliders/>
        </div>
    }
    .into_any()
}

fn slider(
    shown: Signal<Option<Arc<Picture>>>,
    brushes: RwSignal<Vec<Brush>>,
    rail: Memo<Option<Rail>>,
    end: End,
    label: String,
) -> AnyView {
    let of = move |(low, high): (f64, f64)| if end == End::Low { low } else { high };
    let steps = move || rail.read().as_ref().map_or(0.0, |rail| of(rail.ends));
    let most = move || rail.read().as_ref().map_or(0.0, |rail| rail.steps);
    let said = move || {
        let rail = rail.read();
        let said = rail.as_ref().map(|rail| if end == End::Low { &rail.said.0 } else { &rail.said.1 });
        said.cloned().unwrap_or_default()
    };
    let left = move || format!("{:.1}px", rail.read().as_ref().map_or(0.0, |rail| rail.x));
    let top = move || format!("{:.1}px", rail.read().as_ref().map_or(0.0, |rail| rail.height(of(rail.ends))));
    let press = move |event: ev::KeyboardEvent| {
        let (Some(rail), Some(picture)) = (rail.get_untracked(), shown.get_untracked()) else { return };
        let Some(window) = rail.moved(end, &event.key(), &picture.layout) else { return };
        // Arrows would scroll the page.
        event.prevent_default();
        if let Some(field) = parallel_fields(&picture.choices).get(rail.axis) {
            set_brush(brushes, field, window);
        }
    };
    view! {
        <div
            class="explore-end"
            role="slider"
            tabindex="0"
            aria-label=label
            aria-orientation="vertical"
            aria-valuemin="0"
            aria-valuemax=move || format!("{:.0}", most())
            aria-valuenow=move || format!("{:.0}", steps())
            aria-valuetext=said
            style:left=left
            style:top=top
            on:keydown=press
        ></div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chart::{Axis, ParallelLine, Scale};

    fn parallel(brushes: Vec<Option<Window>>) -> Parallel {
        let words = ["adam", "lion", "sgd"].map(str::to_owned).to_vec();
        let axes = vec![Axis::number("loss", Scale::Linear), Axis::category("solver", words)];
        let lines = [[0.0, 0.0], [100.0, 2.0]].map(|values| ParallelLine::new(values.to_vec())).to_vec();
        Parallel { axes, lines, color: None, brushes }
    }

    /// What a key makes of the brush of an axis, in whole numbers.
    fn check(
        axis: usize,
        brush: Option<(f64, f64)>,
        end: End,
        key: &str,
        expected: Option<Option<(f64, f64)>>,
    ) {
        let mut brushes = vec![None, None];
        brushes[axis] = brush.and_then(|(lo, hi)| Window::new(lo, hi));
        let plot = Plot::Parallel(parallel(brushes.clone()));
        let layout = PlotLayout::new(&plot, 600, 400);
        let rail = Rail::new(&parallel(brushes), &layout, axis).unwrap();
        let tenth = |value: f64| (value * 10.0).round() / 10.0;
        let moved = rail.moved(end, key, &layout);
        let moved = moved.map(|window| window.map(|window| (tenth(window.lo()), tenth(window.hi()))));
        assert_eq!(moved, expected, "{key}");
    }

    #[test]
    fn keys_move_an_end_of_a_brush() {
        check(0, None, End::Low, "ArrowUp", Some(Some((1.0, 100.0))));
        check(0, None, End::High, "PageDown", Some(Some((0.0, 90.0))));
        check(0, Some((20.0, 50.0)), End::Low, "Home", Some(Some((0.0, 50.0))));
        check(0, Some((20.0, 50.0)), End::High, "Home", Some(Some((20.0, 21.0))));
        check(0, Some((20.0, 50.0)), End::Low, "End", Some(Some((49.0, 50.0))));
    }

    #[test]
    fn words_are_steps() {
        check(1, None, End::Low, "ArrowUp", Some(Some((0.5, 2.5))));
        check(1, Some((0.5, 2.5)), End::High, "ArrowDown", Some(Some((0.5, 1.5))));
        let parallel = parallel(vec![None, Window::new(0.5, 1.5)]);
        let layout = PlotLayout::new(&Plot::Parallel(parallel.clone()), 600, 400);
        let rail = Rail::new(&parallel, &layout, 1).unwrap();
        assert_eq!(rail.said, ("lion".to_owned(), "lion".to_owned()));
    }

    #[test]
    fn a_brush_of_the_whole_axis_is_none() {
        check(0, Some((0.0, 99.0)), End::High, "End", Some(None));
        check(0, Some((20.0, 50.0)), End::Low, "Delete", Some(None));
        check(0, None, End::Low, "a", None);
    }
}
