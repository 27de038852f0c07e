use crate::part::{
    address::Address,
    comparison::{Line, Value, change, groups},
    icon::Icon,
    number::Number,
    run_table::{run_address, run_name},
    status::{StatusBadge, series_class},
    time::{Ago, Took},
};
use leptos::prelude::*;
use model::page::ComparedRun;
use std::sync::Arc;

/// Runs as columns, what is known of them as rows. What differs from the first run is marked; which value is better is
/// for people to say.
#[component]
pub fn ComparisonTable(
    /// The runs.
    runs: Vec<ComparedRun>,
) -> AnyView {
    let address = Address::here();
    let only_differences = Memo::new(move |_| address.get("diff").is_some());
    let groups = Arc::new(groups(&runs));
    let counted = groups.clone();
    let width = (runs.len() + 1).to_string();
    let heads = runs
        .iter()
        .enumerate()
        .map(|(index, run)| {
            view! {
                <th scope="col">
                    <span class=format!("series-dot {}", series_class(index)) aria-hidden="true"></span>
                    <a href=run_address(&run.run)>{run_name(&run.run)}</a>
                </th>
            }
        })
        .collect_view();
    let group = move |name: &'static str, lines: &[Line], width: &str| {
        let only = only_differences.get();
        let lines: Vec<_> = lines.iter().filter(|line| !only || line.differs()).map(row).collect();
        (!lines.is_empty()).then(|| {
            view! {
                <tbody>
                    <tr class="group-line"><th colspan=width.to_owned() scope="rowgroup"><span>{name}</span></th></tr>
                    {lines}
                </tbody>
            }
        })
    };
    let bodies = move || groups.iter().map(|(name, lines)| group(name, lines, &width)).collect_view();
    let all_same =
        move || only_differences.get() && !counted.iter().any(|(_, lines)| lines.iter().any(Line::differs));
    view! {
        <section class="comparison" aria-labelledby="comparison-title">
            <div class="toolbar">
                <h2 id="comparison-title">"Values"</h2>
                <span class="muted">"What differs from the first run is marked."</span>
                <label class="check push">
                    <input
                        type="checkbox"
                        checked=only_differences.get_untracked()
                        prop:checked=only_differences
                        on:change=move |event| {
                            address.set(&[("diff", if event_target_checked(&event) { "1" } else { "" })]);
                        }
                    />
                    <span>"Only differences"</span>
                </label>
            </div>
            <div class="table-frame" role="region" aria-label="Values of the runs" tabindex="0">
                <table class="grid comparison-table" aria-label="Values of the runs">
                    <thead>
                        <tr>
                            <td class="name"></td>
                            {heads}
                        </tr>
                    </thead>
                    {bodies}
                </table>
            </div>
            <Show when=all_same>
                <p class="none-found">{Icon::Check.draw()} " These runs don't differ in anything listed here."</p>
            </Show>
        </section>
    }
    .into_any()
}

fn show(value: Value) -> AnyView {
    match value {
        Value::Missing => view! { <span class="faint" title="Not logged">"–"</span> }.into_any(),
        Value::Text(text) => view! { <span class="cell-text">{text}</span> }.into_any(),
        Value::Number(value) => view! { <Number value/> }.into_any(),
        Value::Status(status) => view! { <StatusBadge status/> }.into_any(),
        Value::Started(at) => view! { <Ago at/> }.into_any(),
        Value::Took { start, end, running } => view! { <Took start end running/> }.into_any(),
    }
}

fn row(line: &Line) -> impl IntoView + use<> {
    let differs = line.differs();
    let base = line.values.first();
    let first = base.map(Value::text).unwrap_or_default();
    let cells = line
        .values
        .iter()
        .map(|value| {
            let marked = differs && value.text() != first;
            let number = matches!(value, Value::Number(_));
            let change = base.and_then(|base| change(base, value));
            view! {
                <td class:differs=marked class:num=number>
                    {show(value.clone())}
                    {change.map(|change| view! { <span class="change">{change}</span> })}
                </td>
            }
        })
        .collect_view();
    view! {
        <tr>
            <th class="name" scope="row" title=line.key.clone()>{line.key.clone()}</th>
            {cells}
        </tr>
    }
}
