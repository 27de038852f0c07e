//! The grip in a chart's head: dragged, or with the arrow keys, it moves the chart among those that stand with it.

use super::board::{Board, Carried};
use crate::part::icon::Icon;
use leptos::{html::Button, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, FocusOptions, KeyboardEvent, PointerEvent};

/// So near to the upper or lower end of the window a drag scrolls, in CSS pixels.
const EDGE: f64 = 72.0;
/// So far in a frame.
const SCROLL: f64 = 14.0;

/// Left, top, right and bottom of a chart, in CSS pixels.
type Edges = [f64; 4];

/// A chart, and whether what is dropped comes behind it.
type Gap = (usize, bool);

/// Moves the chart whose head it is in.
#[component]
pub fn Grip(
    /// Where it is.
    board: Board,
    /// Of which chart.
    name: Signal<String>,
) -> AnyView {
    let button = NodeRef::<Button>::new();
    Effect::new(move || {
        if let Some(button) = button.get()
            && board.takes_focus(&name.read_untracked())
        {
            // Whoever pins one chart goes on reading where they are.
            let options = FocusOptions::new();
            options.set_prevent_scroll(true);
            _ = button.focus_with_options(&options);
        }
    });
    let beside = move || button.get_untracked().and_then(|button| Beside::of(&button));
    let put = move |to: usize| {
        board.move_chart(&name.read_untracked(), to);
        // An element that the page moves loses the focus.
        if let Some(button) = button.get_untracked() {
            request_animation_frame(move || _ = button.focus());
        }
    };
    let carry = move |event: &PointerEvent| {
        let at = (f64::from(event.client_x()), f64::from(event.client_y()));
        board.carried.set(Some(Carried { name: name.get_untracked(), at }));
        if let Some(beside) = beside() {
            beside.mark(beside.gap(at));
        }
    };
    let press = move |event: PointerEvent| {
        let Some(button) = button.get_untracked().filter(|_| event.button() == 0) else { return };
        // Else a drag would mark text.
        event.prevent_default();
        _ = button.focus();
        _ = button.set_pointer_capture(event.pointer_id());
        carry(&event);
        scroll_along(board);
    };
    let follow = move |event: PointerEvent| {
        if board.carried.with_untracked(Option::is_some) {
            carry(&event);
        }
    };
    let end = move |is_dropped: bool| {
        let Some(beside) = beside() else { return };
        beside.clear();
        let Some(carried) = board.carried.try_update(Option::take).flatten() else { return };
        let to = beside.gap(carried.at).map(|gap| place_behind(beside.own, gap));
        if let Some(to) = to.filter(|to| is_dropped && *to != beside.own) {
            put(to);
        }
    };
    // A chart that goes while it is carried is let go of.
    on_cleanup(move || {
        if board.carried.try_with_untracked(Option::is_some) == Some(true) {
            board.carried.set(None);
        }
    });
    let key = move |event: KeyboardEvent| {
        let Some(beside) = beside() else { return };
        let last = beside.figures.len().saturating_sub(1);
        let to = match event.key().as_str() {
            "ArrowLeft" | "ArrowUp" => beside.own.saturating_sub(1),
            "ArrowRight" | "ArrowDown" => (beside.own + 1).min(last),
            "Home" => 0,
            "End" => last,
            "Escape" => return end(false),
            _ => return,
        };
        event.prevent_default();
        put(to);
    };
    let label = move || format!("Move {}", name.get());
    view! {
        <button
            type="button"
            class="chart-grip"
            node_ref=button
            aria-label=label
            title="Drag, or move with the arrow keys"
            hidden=move || board.is_searched.get()
            on:pointerdown=press
            on:pointermove=follow
            on:pointerup=move |_| end(true)
            on:pointercancel=move |_| end(false)
            on:keydown=key
        >
            {Icon::Grip.draw()}
        </button>
    }
    .into_any()
}

/// The charts that stand together with one, as they are on the page.
struct Beside {
    figures: Vec<Element>,
    own: usize,
    width: f64,
}

impl Beside {
    fn of(grip: &Element) -> Option<Self> {
        let figure = grip.closest("figure.chart").ok().flatten()?;
        let grid = figure.parent_element()?;
        let list = grid.query_selector_all(":scope > figure.chart").ok()?;
        let figures: Vec<Element> =
            (0..list.length()).filter_map(|index| list.get(index)?.dyn_into::<Element>().ok()).collect();
        let own = figures.iter().position(|other| *other == figure)?;
        Some(Self { figures, own, width: grid.get_bounding_client_rect().width() })
    }

    fn gap(&self, at: (f64, f64)) -> Option<Gap> {
        let edges = self.figures.iter().map(|figure| {
            let edges = figure.get_bounding_client_rect();
            [edges.left(), edges.top(), edges.right(), edges.bottom()]
        });
        nearest_gap(&edges.collect::<Vec<_>>(), self.width, at)
    }

    /// Shows where the chart would be dropped, and which one it is.
    fn mark(&self, gap: Option<Gap>) {
        let gap = gap.filter(|gap| place_behind(self.own, *gap) != self.own);
        for (index, figure) in self.figures.iter().enumerate() {
            if let Some((_, behind)) = gap.filter(|(chart, _)| *chart == index) {
                let is_row = fills_row(figure.get_bounding_client_rect().width(), self.width);
                let word = match (is_row, behind) {
                    (false, false) => "before",
                    (false, true) => "behind",
                    (true, false) => "above",
                    (true, true) => "below",
                };
                _ = figure.set_attribute("data-drop", word);
            } else {
                _ = figure.remove_attribute("data-drop");
            }
        }
        if let Some(own) = self.figures.get(self.own) {
            _ = own.set_attribute("data-carried", "");
        }
    }

    fn clear(&self) {
        for figure in &self.figures {
            _ = figure.remove_attribute("data-drop");
            _ = figure.remove_attribute("data-carried");
        }
    }
}

/// Whether a chart has nothing beside it.
fn fills_row(chart: f64, grid: f64) -> bool {
    chart > grid * 0.75
}

/// The gap between charts that is nearest to a place.
fn nearest_gap(charts: &[Edges], width: f64, (x, y): (f64, f64)) -> Option<Gap> {
    let distance = |chart: usize| {
        let [left, top, right, bottom] = charts[chart];
        let (beside, above) = ((left - x).max(x - right).max(0.0), (top - y).max(y - bottom).max(0.0));
        beside * beside + above * above
    };
    let nearest = (0..charts.len()).min_by(|a, b| distance(*a).total_cmp(&distance(*b)))?;
    let [left, top, right, bottom] = charts[nearest];
    let is_behind = if fills_row(right - left, width) {
        y > f64::midpoint(top, bottom)
    } else {
        x > f64::midpoint(left, right)
    };
    Some((nearest, is_behind))
}

/// The place that a chart has when it was dropped into a gap.
fn place_behind(own: usize, (chart, is_behind): Gap) -> usize {
    let gap = chart + usize::from(is_behind);
    if gap > own { gap - 1 } else { gap }
}

/// Scrolls the page while something is carried to the window's upper or lower end.
fn scroll_along(board: Board) {
    request_animation_frame(move || {
        let Some(Carried { at: (_, y), .. }) = board.carried.try_get_untracked().flatten() else { return };
        let height = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or_default();
        if y < EDGE {
            window().scroll_by_with_x_and_y(0.0, -SCROLL);
        } else if y > height - EDGE {
            window().scroll_by_with_x_and_y(0.0, SCROLL);
        }
        scroll_along(board);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_is_dropped_into_the_gap_that_is_nearest() {
        // Two beside each other, and one below them.
        let charts = [[0.0, 0.0, 100.0, 60.0], [110.0, 0.0, 210.0, 60.0], [0.0, 70.0, 210.0, 130.0]];
        let check = |at: (f64, f64), expected: Gap| {
            assert_eq!(nearest_gap(&charts, 210.0, at), Some(expected), "{at:?}");
        };
        check((20.0, 30.0), (0, false));
        check((80.0, 30.0), (0, true));
        check((130.0, 10.0), (1, false));
        check((900.0, 30.0), (1, true));
        check((200.0, 80.0), (2, false));
        check((10.0, 500.0), (2, true));
        assert_eq!(nearest_gap(&[], 210.0, (0.0, 0.0)), None);
    }

    #[test]
    fn what_is_dropped_beside_itself_stays() {
        let check = |own: usize, gap: Gap, expected: usize| assert_eq!(place_behind(own, gap), expected);
        check(1, (1, false), 1);
        check(1, (1, true), 1);
        check(1, (0, true), 1);
        check(1, (2, false), 1);
        check(1, (2, true), 2);
        check(1, (0, false), 0);
        check(0, (2, true), 2);
    }
}
