use crate::part::{
    address::Address,
    chart::{
        Board, BoardTools, ChartOptions, ChartRun, Folding, Hovered, Measure, MetricChart, SectionMoves,
        section_title,
    },
    chart_options::{AXES, Hidden, read_options},
    chart_settings::{ChartSettings, Formulas, GroupKeys},
    later::{Loaded, with_page},
    number::counted,
    search_box::SearchBox,
};
use leptos::{ev, prelude::*, wasm_split::wasm_split};
use model::chart_layout::Section;

/// How many charts of a section are on the page until the person asks for more.
const SHOWN: usize = 60;

/// Up to this many metrics stand together: a section for each prefix would be mostly empty.
const TOGETHER: usize = 12;

/// With more metrics than this, only the first section starts open.
const OPEN_ALL: usize = 60;

/// Charts of metrics, grouped by what their names begin with. How they are drawn, and laid out, is part of the address.
#[component]
pub fn ChartBoard(
    /// Whose curves.
    runs: Signal<Vec<ChartRun>>,
    /// Which metrics, sorted.
    metrics: Signal<Vec<String>>,
    /// What the runs can be grouped by, where there may be several.
    #[prop(optional_no_strip)]
    keys: Option<GroupKeys>,
    /// Whether there are more metrics than these.
    #[prop(optional, into)]
    more: Signal<bool>,
) -> AnyView {
    with_page(load_board, Shown { runs, metrics, keys, more }, || {
        view! { <div class="chart-board" aria-busy="true"></div> }.into_any()
    })
}

/// What a board is made of.
#[derive(Clone)]
pub(crate) struct Shown {
    runs: Signal<Vec<ChartRun>>,
    metrics: Signal<Vec<String>>,
    keys: Option<GroupKeys>,
    more: Signal<bool>,
}

/// The code of boards.
#[wasm_split(charts, wasm_split_path = leptos::wasm_split, fallible)]
pub(crate) fn load_board() -> Loaded<Shown> {
    Ok(drawn)
}

fn drawn(Shown { runs, metrics, keys, more }: Shown) -> AnyView {
    let address = Address::here();
    let wanted = Memo::new(move |_| address.text("q").to_lowercase());
    let found = Memo::new(move |_| {
        let wanted = wanted.read();
        let mut metrics = metrics.get();
        metrics.retain(|metric| metric.to_lowercase().contains(wanted.as_str()));
        metrics
    });
    let sections = Memo::new(move |_| sections(&found.read()));
    let has = move |chart: &str| {
        let is_found = found.read().iter().any(|metric| metric == chart);
        is_found || (more.get() && chart.to_lowercase().contains(wanted.read().as_str()))
    };
    let board = Board::provide(sections, has);
    let all_open = Memo::new(move |_| found.read().len() <= OPEN_ALL);
    let names = Memo::new(move |_| board.sections());
    let first = Memo::new(move |_| {
        let (sections, names) = (sections.read(), names.read());
        sections.iter().map(|section| &section.name).find(|name| names.contains(name)).cloned()
    });
    let options = read_options(address);
    let shown = Memo::new(move |_| {
        let hidden = Hidden::read(address);
        let mut runs = runs.get();
        // A group would be another one without some of its runs.
        runs.retain(|run| run.group.is_some() || !hidden.has(run.id));
        runs
    });
    let runs: Signal<Vec<ChartRun>> = shown.into();
    Hovered::provide();
    let section = move |name: String| {
        let comes_open = {
            let name = name.clone();
            Memo::new(move |_| all_open.get() || first.read().as_ref() == Some(&name))
        };
        view! { <ChartSection board name comes_open runs options/> }
    };
    view! {
        <ChartControls metrics keys/>
        <div class="chart-sections">
            <BoardTools board/>
            <Pinned board runs options/>
            <Formulas runs options/>
            <For each=move || names.get() key=|name| name.clone() children=section/>
            <Show when=move || found.read().is_empty()>
                <p class="none-found">
                    {move || if metrics.read().is_empty() { "No metrics were logged." } else { "No metric has this in its name." }}
                </p>
            </Show>
        </div>
    }
    .into_any()
}

/// The charts that somebody put above all others.
#[component]
fn Pinned(board: Board, runs: Signal<Vec<ChartRun>>, options: Signal<ChartOptions>) -> AnyView {
    let charts = Memo::new(move |_| board.pinned());
    let any = Memo::new(move |_| !charts.read().is_empty());
    let section = move || {
        view! {
            <section class="chart-section" aria-label="Pinned">
                <h2>"Pinned"</h2>
                <div class="chart-grid">
                    <For each=move || charts.get() key=|metric| metric.clone() let:metric>
                        <MetricChart runs measure=Signal::stored(Measure::metric(metric)) options movable=true/>
                    </For>
                </div>
            </section>
        }
    };
    (move || any.get().then(section)).into_any()
}

#[component]
fn ChartSection(
    board: Board,
    name: String,
    comes_open: Memo<bool>,
    runs: Signal<Vec<ChartRun>>,
    options: Signal<ChartOptions>,
) -> AnyView {
    let (shown, set_shown) = signal(SHOWN);
    let title = section_title(&name).to_owned();
    let section = name.clone();
    let name = StoredValue::new(name);
    let all = Memo::new(move |_| name.with_value(|name| board.charts(name)));
    let charts = move || all.read().iter().take(shown.get()).cloned().collect::<Vec<_>>();
    let rest = move || all.read().len().saturating_sub(shown.get());
    let is_open =
        Memo::new(move |_| name.with_value(|name| board.is_open(name)).unwrap_or_else(|| comes_open.get()));
    let toggled = move |event: ev::Event| {
        let open = event_target::<web_sys::Element>(&event).has_attribute("open");
        // What a search opens and folds ends with it.
        if open != is_open.get_untracked() && !board.is_searched.get_untracked() {
            let comes = comes_open.get_untracked();
            board.folding.set(Some(Folding { section: name.get_value(), open, comes }));
        }
    };
    view! {
        <div class="chart-block">
            <SectionMoves board section/>
            <details class="chart-section" open=move || is_open.get() on:toggle=toggled>
                <summary>
                    <h2>{title}</h2>
                    <span class="muted">{move || counted(all.read().len() as u64, "chart")}</span>
                </summary>
                <div class="chart-grid">
                    <For each=charts key=|metric| metric.clone() let:metric>
                        <MetricChart runs measure=Signal::stored(Measure::metric(metric)) options movable=true/>
                    </For>
                </div>
                <Show when=move || { rest() > 0 }>
                    <button type="button" class="button" on:click=move |_| set_shown.update(|shown| *shown += SHOWN)>
                        {move || format!("Show {} more", SHOWN.min(rest()))}
                    </button>
                </Show>
            </details>
        </div>
    }
    .into_any()
}

/// Metrics by what stands before the last `/` of their names; those without one come first. A few stay together, but for
/// the machine's own.
fn sections(metrics: &[String]) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for metric in metrics {
        let prefix = metric.rsplit_once('/').map_or("", |(prefix, _)| prefix);
        let prefix = if metrics.len() > TOGETHER || prefix.starts_with("system") { prefix } else { "" };
        match sections.iter_mut().find(|section| section.name == prefix) {
            Some(section) => section.charts.push(metric.clone()),
            None => sections.push(Section { name: prefix.to_owned(), charts: vec![metric.clone()] }),
        }
    }
    // The machine's own metrics are the last that people look for.
    let rank = |section: &Section| (section.name.starts_with("system"), section.name.clone());
    sections.sort_by_key(rank);
    sections
}

/// How all charts of the page are drawn, and which.
#[component]
fn ChartControls(metrics: Signal<Vec<String>>, keys: Option<GroupKeys>) -> AnyView {
    let address = Address::here();
    let options = read_options(address);
    // While the slider moves its number follows; the charts and the address do when it is let go.
    let sliding = RwSignal::new(None::<f32>);
    let smoothing = move || sliding.get().unwrap_or_else(|| options.read().smoothing);
    let slide = move |event| sliding.set(event_target_value(&event).parse().ok());
    let let_go = move |event| {
        let value: f32 = event_target_value(&event).parse().unwrap_or(0.0);
        sliding.set(None);
        address.set(&[("smooth", &if value == 0.0 { String::new() } else { format!("{value:.2}") })]);
    };
    view! {
        <div class="toolbar chart-controls" role="group" aria-label="Charts">
            <SearchBox
                label="Find a metric"
                text=Signal::derive(move || address.text("q"))
                on_change=move |text: String| address.set(&[("q", &text)])
            />
            <fieldset class="segments">
                <legend class="visually-hidden">"Horizontal axis"</legend>
                {AXES.map(|(axis, value, label)| view! {
                    <label>
                        <input
                            type="radio"
                            name="x"
                            class="visually-hidden"
                            value=value
                            checked=options.get_untracked().along == axis
                            prop:checked=move || options.read().along == axis
                            on:change=move |_| address.set(&[("x", value)])
                        />
                        <span>{label}</span>
                    </label>
                }).into_iter().collect_view()}
            </fieldset>
            <label class="check">
                <input
                    type="checkbox"
                    checked=options.get_untracked().log_y
                    prop:checked=move || options.read().log_y
                    on:change=move |event| {
                        address.set(&[("log", if event_target_checked(&event) { "1" } else { "" })]);
                    }
                />
                <span>"Log scale"</span>
            </label>
            <label class="slider">
                <span>"Smoothing"</span>
                <input
                    type="range"
                    min="0"
                    max="0.99"
                    step="0.01"
                    value=options.get_untracked().smoothing.to_string()
                    prop:value=move || smoothing().to_string()
                    on:input=slide
                    on:change=let_go
                />
                <output class="number">{move || format!("{:.2}", smoothing())}</output>
            </label>
            <ChartSettings metrics keys/>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(metrics: &[String], expected: &[&str]) {
        let sections = sections(metrics);
        let text: Vec<String> =
            sections.iter().map(|Section { name, charts }| format!("{name}: {}", charts.join(" "))).collect();
        assert_eq!(text, expected);
    }

    #[test]
    fn many_metrics_are_grouped_by_what_stands_before_the_last_slash() {
        let mut metrics =
            ["loss", "system/cpu", "train/a/x", "train/a/y", "train/b"].map(String::from).to_vec();
        let eval: Vec<String> = (10..20).map(|number| format!("eval/{number}")).collect();
        metrics.splice(0..0, eval.clone());
        check(
            &metrics,
            &[
                ": loss",
                &format!("eval: {}", eval.join(" ")),
                "train: train/b",
                "train/a: train/a/x train/a/y",
                "system: system/cpu",
            ],
        );
    }

    #[test]
    fn a_few_metrics_stay_together_but_for_the_machines_own() {
        let metrics = ["loss", "system/cpu", "train/b"].map(String::from);
        check(&metrics, &[": loss train/b", "system: system/cpu"]);
    }
}
