//! The chart in numbers, for those who can't see it or want to copy them.

use super::figure::Summary;
use crate::part::number::{Number, count};
use leptos::prelude::*;

/// Last value, extremes and number of points of each run.
#[component]
pub fn ChartTable(
    /// What is measured.
    metric: Signal<String>,
    /// The runs.
    summaries: Memo<Vec<Summary>>,
) -> impl IntoView {
    let number = |value: Option<f64>| value.map(|value| view! { <Number value/> });
    let row = move |summary: Summary| {
        view! {
            <tr>
                <th scope="row">
                    <span class="chart-swatch" style:background-color=summary.ink.rgb().css()></span>
                    <span class="chart-run" title=summary.name.clone()>{summary.name.clone()}</span>
                </th>
                <td>{number(Some(summary.last))}</td>
                <td>{number(summary.min)}</td>
                <td>{number(summary.max)}</td>
                <td class="number">{count(summary.points)}</td>
            </tr>
        }
    };
    view! {
        <div
            class="chart-cover chart-table"
            role="region"
            tabindex="0"
            aria-label=move || format!("{} as a table", metric.get())
        >
            <table>
                <thead>
                    <tr>
                        <th scope="col">"Run"</th>
                        <th scope="col">"Last"</th>
                        <th scope="col">"Min"</th>
                        <th scope="col">"Max"</th>
                        <th scope="col">"Points"</th>
                    </tr>
                </thead>
                <tbody>{move || summaries.get().into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}
