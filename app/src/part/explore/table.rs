//! The values of a plot as a table, for those who can't see it, or want to read.

use super::{
    choices::{Choices, Kind},
    draw::parallel_fields,
    values::Held,
};
use crate::part::number::counted;
use leptos::prelude::*;
use model::{ExperimentId, explore::Field};
use std::sync::Arc;

/// Runs in the table.
const ROWS: usize = 200;

/// What is plotted, a row for each run.
#[component]
pub fn ValueTable(
    /// Of which experiment the runs are.
    experiment: ExperimentId,
    /// What was read of them.
    held: Signal<Option<Arc<Held>>>,
    /// What is plotted of that.
    choices: Memo<Choices>,
) -> AnyView {
    let (open, set_open) = signal(false);
    let table = move || {
        held.get().map(|held| {
            let choices = choices.get();
            let fields = match choices.kind {
                Kind::Parallel => parallel_fields(&choices),
                _ => choices.fields(),
            };
            rows(experiment, &held, &fields)
        })
    };
    view! {
        <details class="fold" on:toggle=move |_| set_open.update(|open| *open = !*open)>
            <summary>"Values as a table"</summary>
            <Show when=move || open.get()>{table}</Show>
        </details>
    }
    .into_any()
}

fn rows(experiment: ExperimentId, held: &Held, fields: &[Field]) -> AnyView {
    let all = held.count();
    let row = |run: usize| {
        let href = held.id(run).map(|id| format!("/experiments/{experiment}/runs/{id}"));
        let cells = fields.iter().map(|field| {
            let number = held.column(field).is_some_and(|values| values.are_numbers());
            let said = held.say(field, run).unwrap_or_else(|| "–".to_owned());
            view! { <td class:num=number>{said}</td> }
        });
        view! {
            <tr>
                <th scope="row"><a href=href>{held.name(run)}</a></th>
                {cells.collect_view()}
            </tr>
        }
    };
    let heads = fields.iter().map(|field| view! { <th scope="col">{field.title()}</th> }).collect_view();
    view! {
        <div class="table-frame short" role="region" aria-label="Values" tabindex="0">
            <table class="grid" aria-label="Values">
                <thead><tr><th scope="col">"Run"</th>{heads}</tr></thead>
                <tbody>{(0..all.min(ROWS)).map(row).collect_view()}</tbody>
            </table>
        </div>
        {(all > ROWS).then(|| view! {
            <p class="faint">{format!("The first {ROWS} of {}.", counted(all as u64, "run"))}</p>
        })}
    }
    .into_any()
}
