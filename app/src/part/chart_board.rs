use crate::part::{
    address::Address,
    chart::{ChartOptions, ChartRun, Hovered, Measure, MetricChart},
    chart_options::{AXES, Hidden, read_options},
    chart_settings::{ChartSettings, Formulas, GroupKeys},
    number::counted,
    search_box::SearchBox,
};
use leptos::prelude::*;

/// How many charts of a section are on the page until the person asks for more.
const SHOWN: usize = 60;

/// Up to this many metrics stand together: a section for each prefix would be mostly empty.
const TOGETHER: usize = 12;

/// With more metrics than this, only the first section starts open.
const OPEN_ALL: usize = 60;

/// Charts of metrics, grouped by what their names begin with. How they are drawn is part of the address.
#[component]
pub fn ChartBoard(
    /// Whose curves.
    runs: Signal<Vec<ChartRun>>,
    /// Which metrics, sorted.
    metrics: Signal<Vec<String>>,
    /// What the runs can be grouped by, where there may be several.
    #[prop(optional_no_strip)]
    keys: Option<GroupKeys>,
) -> AnyView {
    let address = Address::here();
    let found = Memo::new(move |_| {
        let wanted = address.text("q").to_lowercase();
        let mut metrics = metrics.get();
        metrics.retain(|metric| metric.to_lowercase().contains(&wanted));
        metrics
    });
    let sections = Memo::new(move |_| sections(&found.read()));
    let all_open = Memo::new(move |_| found.read().len() <= OPEN_ALL);
    let first = Memo::new(move |_| sections.read().first().map(|section| section.0.clone()));
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
    let section = move |(prefix, metrics): (String, Vec<String>)| {
        let open = all_open.get_untracked() || first.get_untracked().as_ref() == Some(&prefix);
        view! { <Section prefix metrics open runs options/> }
    };
    view! {
        <ChartControls metrics keys/>
        <div class="chart-sections">
            <Formulas runs options/>
            <For each=move || sections.get() key=|section| section.clone() children=section/>
            <Show when=move || found.read().is_empty()>
                <p class="none-found">
                    {move || if metrics.read().is_empty() { "No metrics were logged." } else { "No metric has this in its name." }}
                </p>
            </Show>
        </div>
    }
    .into_any()
}

#[component]
fn Section(
    prefix: String,
    metrics: Vec<String>,
    open: bool,
    runs: Signal<Vec<ChartRun>>,
    options: Signal<ChartOptions>,
) -> AnyView {
    let all = metrics.len();
    let (shown, set_shown) = signal(SHOWN);
    let charts = move || metrics.iter().take(shown.get()).cloned().collect::<Vec<_>>();
    let name = if prefix.is_empty() { "Metrics".to_owned() } else { prefix };
    view! {
        <details class="chart-section" open=open>
            <summary>
                <h2>{name}</h2>
                <span class="muted">{counted(all as u64, "chart")}</span>
            </summary>
            <div class="chart-grid">
                <For each=charts key=|metric| metric.clone() let:metric>
                    <MetricChart runs measure=Signal::stored(Measure::metric(metric)) options/>
                </For>
            </div>
            <Show when=move || shown.get() < all>
                <button type="button" class="button" on:click=move |_| set_shown.update(|shown| *shown += SHOWN)>
                    {move || format!("Show {} more", SHOWN.min(all - shown.get().min(all)))}
                </button>
            </Show>
        </details>
    }
    .into_any()
}

/// Metrics by what stands before the last `/` of their names; those without one come first. A few stay together, but for
/// the machine's own.
fn sections(metrics: &[String]) -> Vec<(String, Vec<String>)> {
    let mut sections: Vec<(String, Vec<String>)> = Vec::new();
    for metric in metrics {
        let prefix = metric.rsplit_once('/').map_or("", |(prefix, _)| prefix);
        let prefix = if metrics.len() > TOGETHER || prefix.starts_with("system") { prefix } else { "" };
        match sections.iter_mut().find(|section| section.0 == prefix) {
            Some((_, metrics)) => metrics.push(metric.clone()),
            None => sections.push((prefix.to_owned(), vec![metric.clone()])),
        }
    }
    // The machine's own metrics are the last that people look for.
    sections.sort_by(|a, b| (a.0.starts_with("system"), &a.0).cmp(&(b.0.starts_with("system"), &b.0)));
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
        let text: Vec<String> = sections.iter().map(|(p, m)| format!("{p}: {}", m.join(" "))).collect();
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
