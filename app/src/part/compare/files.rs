//! The files of runs beside each other, and what two of them differ in.

use super::{
    Beside,
    difference::{Pair, difference},
    waiting,
};
use crate::{
    api::{compare_files, fetch},
    part::{
        address::Address,
        answered::Answered,
        artifact_browser::Kind,
        later::{Loaded, later},
        number::size,
    },
};
use leptos::{ev, prelude::*, wasm_split::wasm_split};
use model::{
    RunId,
    compared::{ComparedFiles, FileCell, FileLine, FilePlace, Likeness},
};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// The section's content, once its code is here.
pub fn part(beside: Beside) -> AnyView {
    later(file_table, beside, waiting)
}

/// The code of the section.
#[wasm_split(work, wasm_split_path = leptos::wasm_split, fallible)]
fn file_table() -> Loaded<Beside> {
    Ok(drawn)
}

/// Which file of which run is compared to the baseline's, as the address has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Choice {
    model: String,
    path: String,
    run: RunId,
}

impl Choice {
    fn read(address: Address) -> Option<Self> {
        let run = address.text("with").parse().ok()?;
        Some(Self { model: address.text("of"), path: address.get("file")?, run })
    }
}

/// What somebody pressed to compare two files.
#[derive(Clone, Copy)]
struct Pressed {
    /// Whether what they asked for isn't in sight yet.
    wanted: RwSignal<bool>,
    /// Where they come back to.
    button: StoredValue<Option<HtmlElement>, LocalStorage>,
}

impl Pressed {
    fn go_on(self, event: &ev::MouseEvent) {
        self.wanted.set(true);
        self.button.set_value(event.current_target().and_then(|target| target.dyn_into().ok()));
    }

    fn go_back(self) {
        if let Some(button) = self.button.try_get_value().flatten() {
            _ = button.focus();
        }
    }
}

fn drawn(beside: Beside) -> AnyView {
    let address = Address::here();
    let found = fetch(move || beside.ids(), compare_files);
    let only = Memo::new(move |_| address.get("diff").is_some());
    let choice = Memo::new(move |_| Choice::read(address));
    let pressed = Pressed { wanted: RwSignal::new(false), button: StoredValue::new_local(None) };
    let back = Callback::new(move |()| pressed.go_back());
    view! {
        {beside.note()}
        <Answered answer=found bars=6 show={move |found: ComparedFiles| {
            if found.lines.is_empty() {
                return view! { <p class="none-found">"These runs have no files that this server keeps."</p> }.into_any();
            }
            let found = StoredValue::new(found);
            let pair = Memo::new(move |_| found.with_value(|found| pair_of(beside, found, choice.get()?)));
            view! {
                {move || found.with_value(|found| table(beside, address, pressed, found, only.get()))}
                {move || pair.get().map(|pair| difference(address, pair, pressed.wanted, back))}
            }
            .into_any()
        }}/>
    }
    .into_any()
}

/// Whether the runs disagree about a file: one lacks it, or has another, as far as that is known.
fn differs(line: &FileLine) -> bool {
    let is_other = |cell: &Option<FileCell>| match cell {
        Some(cell) => !matches!(cell.likeness, None | Some(Likeness::Same)),
        None => true,
    };
    line.cells.iter().any(is_other)
}

/// The two files that somebody chose.
fn pair_of(beside: Beside, found: &ComparedFiles, choice: Choice) -> Option<Pair> {
    let line = found.lines.iter().find(|line| line.model == choice.model && line.path == choice.path)?;
    let column = found.runs.iter().position(|run| *run == choice.run).filter(|column| *column > 0)?;
    let place = |cell: &FileCell| FilePlace { root: cell.root, path: line.path.clone() };
    let before = line.cells.first()?.as_ref().map(place)?;
    let after = line.cells.get(column)?.as_ref().map(place)?;
    Some(Pair {
        before,
        after,
        names: (beside.find(*found.runs.first()?)?.name, beside.find(choice.run)?.name),
    })
}

fn table(beside: Beside, address: Address, pressed: Pressed, found: &ComparedFiles, only: bool) -> AnyView {
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
    let lines = found.lines.iter().filter(|line| !only || found.runs.len() < 2 || differs(line));
    let rows: Vec<AnyView> = lines.map(|line| row(beside, address, pressed, &found.runs, line)).collect();
    if rows.is_empty() {
        return view! { <p class="none-found">"These runs have the same files."</p> }.into_any();
    }
    view! {
        <div class="table-frame compare-files" role="region" aria-label="Files of the runs" tabindex="0">
            <table class="grid comparison-table" aria-label="Files of the runs">
                <thead><tr><td class="name"></td>{heads}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        {found.is_more.then(|| view! { <p class="muted">"There are more files than are listed here."</p> })}
    }
    .into_any()
}

fn row(beside: Beside, address: Address, pressed: Pressed, runs: &[RunId], line: &FileLine) -> AnyView {
    let name = match line.model.as_str() {
        "" => line.path.clone(),
        model => format!("{model}: {}", line.path),
    };
    let can_be_shown = Kind::of(&line.path) != Kind::Other;
    let cell = |(run, cell): (&RunId, &Option<FileCell>)| {
        let Some(FileCell { size: bytes, likeness, .. }) = *cell else {
            return view! { <td><span class="faint">"–"</span></td> }.into_any();
        };
        let word = match likeness {
            None => "",
            Some(Likeness::Same) => "same",
            Some(Likeness::SameSize) => "same size",
            Some(Likeness::Different) => "differs",
        };
        let differs = likeness == Some(Likeness::Different);
        let can_be_compared =
            can_be_shown && matches!(likeness, Some(Likeness::Different | Likeness::SameSize));
        let says = if can_be_compared {
            let (id, model, path) = (*run, line.model.clone(), line.path.clone());
            let of = beside.find(id).map(|run| run.name).unwrap_or_default();
            let label = format!("{word}: compare {path} of {of} with the baseline's");
            let choose = move |event: ev::MouseEvent| {
                pressed.go_on(&event);
                address.set(&[("of", &model), ("file", &path), ("with", &id.to_string())]);
            };
            view! { <button type="button" class="set-base" aria-label=label on:click=choose>{word}</button> }
                .into_any()
        } else {
            view! { <span class="muted">{word}</span> }.into_any()
        };
        view! { <td class:differs=differs>{size(bytes)} " " {says}</td> }.into_any()
    };
    view! {
        <tr>
            <th class="name" scope="row" title=name.clone()>{name.clone()}</th>
            {runs.iter().zip(&line.cells).map(cell).collect_view()}
        </tr>
    }
    .into_any()
}
