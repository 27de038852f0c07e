//! The size of a chart: dragged at its corner, or chosen in its menu.

use super::board::{Board, size_words};
use leptos::{ev, html::Span, prelude::*};
use model::chart_layout::{ChartSize, Height, WIDEST};
use web_sys::{Element, PointerEvent};

/// What a chart has above and below its plot, in CSS pixels.
const AROUND: f64 = 44.0;
/// The plot of a small chart.
const SMALL: f64 = 128.0;

/// The columns of the grid that a chart stands in, in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Tracks {
    columns: u8,
    width: f64,
    gap: f64,
}

impl Tracks {
    fn around(figure: &Element) -> Option<Self> {
        let style = window().get_computed_style(&figure.parent_element()?).ok().flatten()?;
        let number = |text: &str| text.trim_end_matches("px").parse::<f64>().ok();
        let columns = style.get_property_value("grid-template-columns").ok()?;
        let columns: Vec<f64> = columns.split_whitespace().filter_map(number).collect();
        let gap =
            style.get_property_value("column-gap").ok().and_then(|gap| number(&gap)).unwrap_or_default();
        Some(Self {
            width: *columns.first()?,
            columns: u8::try_from(columns.len()).unwrap_or(u8::MAX).min(WIDEST),
            gap,
        })
    }

    fn height(self, height: Height) -> f64 {
        let normal = self.width * 9.0 / 16.0 + AROUND;
        match height {
            Height::Small => SMALL + AROUND,
            Height::Normal => normal,
            Height::Tall => 2.0 * normal + self.gap,
        }
    }

    /// In pixels.
    fn pixels(self, size: ChartSize) -> (f64, f64) {
        let columns = f64::from(size.columns);
        (columns * self.width + (columns - 1.0) * self.gap, self.height(size.height))
    }

    /// The size that is nearest to one in pixels. Where the window is so narrow that it has one column, the width stays.
    fn nearest(self, before: ChartSize, (width, height): (f64, f64)) -> ChartSize {
        let columns =
            ((width + self.gap) / (self.width + self.gap)).round().clamp(1.0, f64::from(self.columns));
        let off = |other: Height| (self.height(other) - height).abs();
        let heights = [Height::Small, Height::Normal, Height::Tall];
        let nearest = heights.into_iter().min_by(|a, b| off(*a).total_cmp(&off(*b)));
        ChartSize {
            columns: if self.columns == 1 { before.columns } else { columns as u8 },
            height: nearest.unwrap_or_default(),
        }
    }
}

/// The corner that sizes a chart when it is dragged. From the keyboard the menu does it.
#[component]
pub fn Corner(
    /// Where it is.
    board: Board,
    /// Of which chart.
    name: Signal<String>,
    /// How large it is.
    size: Memo<ChartSize>,
) -> AnyView {
    let corner = NodeRef::<Span>::new();
    let wanted = RwSignal::new(None::<(ChartSize, (f64, f64))>);
    let reach = move |event: &PointerEvent| {
        let figure = corner.get_untracked()?.closest("figure.chart").ok().flatten()?;
        let tracks = Tracks::around(&figure)?;
        let edges = figure.get_bounding_client_rect();
        let pixels = (f64::from(event.client_x()) - edges.left(), f64::from(event.client_y()) - edges.top());
        let size = tracks.nearest(size.get_untracked(), pixels);
        let fitting = ChartSize { columns: size.columns.min(tracks.columns), ..size };
        Some((size, tracks.pixels(fitting)))
    };
    let press = move |event: PointerEvent| {
        let Some(corner) = corner.get_untracked().filter(|_| event.button() == 0) else { return };
        event.prevent_default();
        _ = corner.set_pointer_capture(event.pointer_id());
        wanted.set(reach(&event));
    };
    let follow = move |event: PointerEvent| {
        if wanted.with_untracked(Option::is_some) {
            wanted.set(reach(&event));
        }
    };
    let release = move |_: PointerEvent| {
        let chosen = wanted.try_update(Option::take).flatten();
        if let Some((chosen, _)) = chosen.filter(|(chosen, _)| *chosen != size.get_untracked()) {
            board.resize(&name.read_untracked(), chosen);
        }
    };
    let ghost = move || {
        wanted.get().map(|(size, (width, height))| {
            view! {
                <div class="chart-ghost" style:width=format!("{width:.0}px") style:height=format!("{height:.0}px")>
                    <span>{size_words(size)}</span>
                </div>
            }
        })
    };
    view! {
        <span
            class="chart-corner"
            node_ref=corner
            aria-hidden="true"
            title="Drag to size"
            on:pointerdown=press
            on:pointermove=follow
            on:pointerup=release
            on:pointercancel=move |_| wanted.set(None)
        ></span>
        {ghost}
    }
    .into_any()
}

/// The part of a chart's menu that says where it stands and how large it is.
#[component]
pub fn Shape(
    /// Where it is.
    board: Board,
    /// Which chart.
    name: Signal<String>,
    /// How large it is.
    size: Memo<ChartSize>,
    /// Whether it can be pinned.
    movable: bool,
) -> AnyView {
    let is_pinned = Memo::new(move |_| board.is_pinned(&name.read()));
    let resize = move |size: ChartSize| board.resize(&name.read_untracked(), size);
    let widths = [(1, "1"), (2, "2"), (3, "3")].map(|(columns, word)| {
        let is_it = Signal::derive(move || size.get().columns == columns);
        radio("chart-columns", word, is_it, move |_| resize(ChartSize { columns, ..size.get_untracked() }))
    });
    let heights = [(Height::Small, "Small"), (Height::Normal, "Normal"), (Height::Tall, "Tall")];
    let heights = heights.map(|(height, word)| {
        let is_it = Signal::derive(move || size.get().height == height);
        radio("chart-height", word, is_it, move |_| resize(ChartSize { height, ..size.get_untracked() }))
    });
    let pin = move |_| board.pin(&name.get_untracked(), !is_pinned.get_untracked());
    view! {
        {movable.then(|| view! {
            <ul class="menu-list">
                <li>
                    <button type="button" on:click=pin>
                        {move || if is_pinned.get() { "Unpin" } else { "Pin to the top" }}
                    </button>
                </li>
            </ul>
        })}
        <div class="chart-shape">
            <fieldset class="segments">
                <legend>"Columns"</legend>
                {widths.into_iter().collect_view()}
            </fieldset>
            <fieldset class="segments">
                <legend>"Height"</legend>
                {heights.into_iter().collect_view()}
            </fieldset>
        </div>
    }
    .into_any()
}

fn radio(
    group: &'static str,
    word: &'static str,
    is_it: Signal<bool>,
    choose: impl FnMut(ev::Event) + 'static,
) -> AnyView {
    view! {
        <label>
            <input type="radio" name=group class="visually-hidden" prop:checked=is_it on:change=choose/>
            <span>{word}</span>
        </label>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corner_snaps_to_the_sizes_there_are() {
        let wide = Tracks { columns: 3, width: 320.0, gap: 16.0 };
        let narrow = Tracks { columns: 1, ..wide };
        let before = ChartSize { columns: 2, height: Height::Tall };
        let check = |tracks: Tracks, pixels: (f64, f64), columns: u8, height: Height| {
            assert_eq!(tracks.nearest(before, pixels), ChartSize { columns, height }, "{pixels:?}");
        };
        check(wide, (320.0, 224.0), 1, Height::Normal);
        check(wide, (600.0, 224.0), 2, Height::Normal);
        check(wide, (5000.0, 5000.0), 3, Height::Tall);
        check(wide, (-40.0, -40.0), 1, Height::Small);
        check(narrow, (320.0, 224.0), 2, Height::Normal);
        assert_eq!(wide.pixels(before), (656.0, 2.0 * 224.0 + 16.0));
    }
}
