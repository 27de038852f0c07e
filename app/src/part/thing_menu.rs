//! What is done to a run or an experiment on its own page: it is renamed, noted, tagged, thrown away, taken back.

use crate::part::{
    icon::Icon,
    later::{Loaded, later},
    menu::Menu,
};
use leptos::{ev, prelude::*, wasm_split::wasm_split};
use model::run::Tag;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ThingChange {
    /// Another name.
    Rename(String),
    /// Another note; an empty one takes it away.
    Note(String),
    /// A tag; without a value it is taken away.
    Tag(Tag),
    /// Into the trash.
    Delete,
    /// Out of it.
    Restore,
}

/// What the menu is about.
#[derive(Clone, Copy)]
pub struct Thing {
    /// What it is: "run", "experiment".
    pub word: &'static str,
    /// What it is called.
    pub name: Signal<String>,
    /// What is noted of it.
    pub note: Signal<String>,
    /// Whether it is in the trash.
    pub deleted: Signal<bool>,
    /// Whether it takes tags by this menu.
    pub has_tags: bool,
    /// Whether the caller may change it, and whether they may throw it away.
    pub rights: (bool, bool),
    /// Carries a change out.
    pub change: Callback<ThingChange>,
}

/// The menu behind three dots; nothing for those who may change nothing.
#[component]
pub fn ThingMenu(
    /// What it is about.
    thing: Thing,
) -> AnyView {
    if thing.rights == (false, false) {
        return ().into_any();
    }
    view! {
        <Menu label=format!("Change this {}", thing.word) class="icon-button" face=ViewFn::from(|| Icon::More.draw())>
            {later(menu, thing, || view! { <div class="thing-menu" aria-busy="true"></div> }.into_any())}
        </Menu>
    }
    .into_any()
}

/// The code of the menu.
#[wasm_split(work, wasm_split_path = leptos::wasm_split, fallible)]
fn menu() -> Loaded<Thing> {
    Ok(drawn)
}

/// What is being typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Name,
    Note,
    Tag,
}

fn drawn(thing: Thing) -> AnyView {
    let field = RwSignal::new(None::<Field>);
    let (may_edit, may_delete) = thing.rights;
    let choice = move |name: &'static str, which: Field| {
        view! { <li><button type="button" on:click=move |_| field.set(Some(which))>{name}</button></li> }
    };
    let body = move || {
        match field.get() {
        Some(field) => view! { <FieldForm thing field/> }.into_any(),
        None => view! {
            <ul class="menu-list">
                {may_edit.then(|| view! {
                    {choice("Rename", Field::Name)}
                    {choice("Edit the note", Field::Note)}
                    {thing.has_tags.then(|| choice("Set a tag", Field::Tag))}
                })}
                {may_delete.then(|| {
                    let (what, change) = match thing.deleted.get() {
                        true => ("Restore", ThingChange::Restore),
                        false => ("Move to the trash", ThingChange::Delete),
                    };
                    view! { <li><button type="button" on:click=move |_| thing.change.run(change.clone())>{what}</button></li> }
                })}
            </ul>
        }
        .into_any(),
    }
    };
    view! { <div class="thing-menu">{body}</div> }.into_any()
}

#[component]
fn FieldForm(thing: Thing, field: Field) -> AnyView {
    let first = match field {
        Field::Name => thing.name.get_untracked(),
        Field::Note => thing.note.get_untracked(),
        Field::Tag => String::new(),
    };
    let (text, key) = (RwSignal::new(first.clone()), RwSignal::new(String::new()));
    let typed = move |event: ev::Event| text.set(event_target_value(&event));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let text = text.get_untracked();
        thing.change.run(match field {
            Field::Name => ThingChange::Rename(text),
            Field::Note => ThingChange::Note(text),
            Field::Tag => ThingChange::Tag(Tag { key: key.get_untracked().trim().to_owned(), value: text }),
        });
    };
    let inputs = match field {
        Field::Name => view! {
            <label><span>"Name"</span><input class="input" type="text" required autofocus maxlength="500" value=first on:input=typed/></label>
        }
        .into_any(),
        Field::Note => view! {
            <label>
                <span>"Note, in Markdown"</span>
                <textarea class="input" rows="10" maxlength="5000" on:input=typed>{first}</textarea>
            </label>
        }
        .into_any(),
        Field::Tag => view! {
            <label>
                <span>"Key"</span>
                <input class="input" type="text" required autofocus maxlength="250" on:input=move |event| key.set(event_target_value(&event))/>
            </label>
            <label><span>"Value"</span><input class="input" type="text" placeholder="none: takes the tag away" on:input=typed/></label>
        }
        .into_any(),
    };
    view! {
        <form class="small-form" class:wide=field == Field::Note on:submit=submit>
            {inputs}
            <button type="submit" class="button primary">"Save"</button>
        </form>
    }
    .into_any()
}
