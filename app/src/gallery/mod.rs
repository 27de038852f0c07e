//! The gallery: what pages are made of, side by side and in all its states, for whoever works on it. It isn't in what is
//! released.
//!
//! Owns: a page that shows the tokens of the style sheet and the parts that stand alone, of made-up values.
//! Must never: be used by another page; ask the server for anything but who is there.
//! Start reading at [`Gallery`]. To show one more part: an [`exhibit`] in the file of its kind.

mod charts;
mod controls;
mod parts;
mod tables;
mod tokens;

use crate::{
    api::Fault,
    part::{
        address::Address,
        answered::{Answered, FaultNote},
        later::{Loaded, later},
        tabs::Tabs,
        top_bar::Session,
    },
};
use leptos::{prelude::*, wasm_split::wasm_split};
use leptos_meta::Title;
use model::{Code, Problem, page::Viewer};

/// The page.
#[component]
pub fn Gallery() -> AnyView {
    let Session(viewer) = expect_context();
    view! {
        <Title text="Gallery"/>
        <div class="page">
            <header class="page-head">
                <div class="page-title"><h1>"Gallery"</h1></div>
            </header>
            <Answered answer=viewer bars=8 show={|viewer: Option<Viewer>| match viewer {
                None => {
                    let problem = Problem::new(Code::Unauthenticated, "Sign in first.");
                    view! { <FaultNote fault=Fault(problem)/> }.into_any()
                }
                Some(_) => {
                    let waiting = || view! { <div class="gallery" aria-busy="true"></div> }.into_any();
                    later(rooms, (), waiting)
                }
            }}/>
        </div>
    }
    .into_any()
}

/// The code of the gallery.
#[wasm_split(gallery, wasm_split_path = leptos::wasm_split, fallible)]
fn rooms() -> Loaded<()> {
    Ok(shown)
}

fn shown((): ()) -> AnyView {
    let address = Address::here();
    let room = Memo::new(move |_| address.text("tab"));
    let tabs = Signal::stored(vec![
        ("", "Tokens", None),
        ("controls", "Controls", None),
        ("parts", "Parts", None),
        ("tables", "Tables", Some(4)),
        ("charts", "Charts", None),
    ]);
    view! {
        <Tabs label="Rooms of the gallery" tabs/>
        <div class="gallery">
            {move || match room.get().as_str() {
                "controls" => controls::room(),
                "parts" => parts::room(),
                "tables" => tables::room(),
                "charts" => charts::room(),
                _ => tokens::room(),
            }}
        </div>
    }
    .into_any()
}

/// A part with its name above it.
fn exhibit(name: &'static str, shown: impl IntoView + 'static) -> AnyView {
    view! {
        <section class="card gallery-exhibit" aria-label=name>
            <h2>{name}</h2>
            <div class="gallery-place">{shown.into_any()}</div>
        </section>
    }
    .into_any()
}
