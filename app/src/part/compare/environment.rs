//! The packages that runs ran with.

use super::{Beside, waiting};
use crate::{
    api::{environments, fetch},
    part::{
        address::Address,
        answered::Answered,
        icon::Icon,
        later::{Loaded, later},
    },
};
use leptos::{prelude::*, wasm_split::wasm_split};
use model::{
    RunId,
    compared::{EnvironmentLine, Environments},
};

/// The section's content, once its code is here.
pub fn part(beside: Beside) -> AnyView {
    later(packages, beside, waiting)
}

/// The code of the section.
#[wasm_split(work, wasm_split_path = leptos::wasm_split, fallible)]
fn packages() -> Loaded<Beside> {
    Ok(drawn)
}

fn drawn(beside: Beside) -> AnyView {
    let address = Address::here();
    let all = Memo::new(move |_| address.get("same").is_some());
    let found = fetch(move || beside.ids(), environments);
    view! {
        <div class="toolbar">
            {beside.note()}
            <label class="check push">
                <input
                    type="checkbox"
                    prop:checked=all
                    on:change=move |event| {
                        address.set(&[("same", if event_target_checked(&event) { "1" } else { "" })]);
                    }
                />
                <span>"Also what is the same"</span>
            </label>
        </div>
        <Answered answer=found bars=6 show={move |found: Environments| {
            let found = StoredValue::new(found);
            move || found.with_value(|found| table(beside, found, all.get()))
        }}/>
    }
    .into_any()
}

fn table(beside: Beside, found: &Environments, all: bool) -> AnyView {
    if found.files.iter().all(Vec::is_empty) && found.tags.is_empty() {
        return view! {
            <p class="none-found">
                "Nothing says what these runs ran with. Models that MLflow logs have a "
                <code>"requirements.txt"</code> "; runs may log one, too."
            </p>
        }
        .into_any();
    }
    let head = |id: &RunId| {
        let id = *id;
        view! {
            <th scope="col">
                {move || beside.dot(id)}
                {beside.find(id).map(|run| run.name)}
            </th>
        }
    };
    let heads = found.runs.iter().map(head).collect_view();
    let width = (found.runs.len() + 1).to_string();
    let read = |files: &Vec<String>| match files.is_empty() {
        true => view! { <td><span class="faint">"Nothing found"</span></td> }.into_any(),
        false => view! { <td title=files.join("\n")><span class="cell-text">{files.join(", ")}</span></td> }
            .into_any(),
    };
    let is_known: Vec<bool> = found.files.iter().map(|files| !files.is_empty()).collect();
    let every = vec![true; found.runs.len()];
    let group = |name: &'static str, lines: &[EnvironmentLine], known: &[bool]| {
        let rows: Vec<AnyView> =
            lines.iter().filter(|line| all || line.differs).map(|line| row(line, known)).collect();
        (!rows.is_empty()).then(|| {
            view! {
                <tbody>
                    <tr class="group-line"><th colspan=width.clone() scope="rowgroup"><span>{name}</span></th></tr>
                    {rows}
                </tbody>
            }
        })
    };
    let same = !all && !found.packages.iter().chain(&found.tags).any(|line| line.differs);
    view! {
        <div class="table-frame" role="region" aria-label="Environment of the runs" tabindex="0">
            <table class="grid comparison-table" aria-label="Environment of the runs">
                <thead><tr><td class="name"></td>{heads}</tr></thead>
                <tbody>
                    <tr><th class="name" scope="row">"Read from"</th>{found.files.iter().map(read).collect_view()}</tr>
                </tbody>
                {group("Packages", &found.packages, &is_known)}
                {group("Origin", &found.tags, &every)}
            </table>
        </div>
        {same.then(|| view! {
            <p class="none-found">{Icon::Check.draw()} " As far as is known these runs ran with the same."</p>
        })}
    }
    .into_any()
}

/// A package or a tag; `known` says of which runs anything is known.
fn row(line: &EnvironmentLine, known: &[bool]) -> AnyView {
    let base = line.values.first().cloned().flatten();
    let base_known = known.first().copied().unwrap_or_default();
    let cell = |(value, known): (&Option<String>, &bool)| {
        let differs = *known && base_known && *value != base;
        let content = match value {
            Some(value) => view! { <span class="cell-text">{value.clone()}</span> }.into_any(),
            None => view! { <span class="faint">"–"</span> }.into_any(),
        };
        view! { <td class:differs=differs class:unlike=differs>{content}</td> }
    };
    view! {
        <tr>
            <th class="name" scope="row" title=line.name.clone()>{line.name.clone()}</th>
            {line.values.iter().zip(known).map(cell).collect_view()}
        </tr>
    }
    .into_any()
}
