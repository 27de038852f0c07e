//! What is done to registered models and their versions on their pages.

use crate::{
    api::change_registered,
    part::{
        icon::Icon,
        later::{Loaded, later},
        menu::FloatingButton,
        model_link::model_address,
        number::counted,
        toast::Toasts,
    },
};
use leptos::{ev, prelude::*, task::spawn_local, wasm_split::wasm_split};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use model::{
    page::registry::{RegisteredChange, VersionChange},
    registry::{ACTIVE_STAGES, STAGES},
    run::Tag,
};

/// What a menu is about.
#[derive(Clone)]
pub struct Of {
    /// The name of the registered model.
    pub name: String,
    /// What of it.
    pub what: What,
    /// What is noted of it.
    pub description: String,
    /// Whether the caller may change it, and whether they may delete it.
    pub rights: (bool, bool),
    /// Counted up when something changed.
    pub again: RwSignal<u32>,
}

/// What of a registered model a menu is about.
#[derive(Clone)]
pub enum What {
    /// The model itself, which has so many versions.
    Model(u64),
    /// A version.
    Version {
        /// Its number.
        number: i64,
        /// Where it stands.
        stage: String,
        /// Its names.
        aliases: Vec<String>,
        /// Whether the page is its own.
        alone: bool,
    },
}

impl Of {
    fn words(&self) -> String {
        match &self.what {
            What::Model(_) => "this model".to_owned(),
            What::Version { number, .. } => format!("version {number}"),
        }
    }
}

/// The menu behind three dots; nothing for those who may change nothing.
pub fn model_menu(of: Of) -> AnyView {
    if of.rights == (false, false) {
        return ().into_any();
    }
    let label = format!("Change {}", of.words());
    view! {
        <FloatingButton label class="icon-button" face=ViewFn::from(|| Icon::More.draw())>
            {later(menu, of.clone(), || view! { <div class="thing-menu" aria-busy="true"></div> }.into_any())}
        </FloatingButton>
    }
    .into_any()
}

/// The code of the menu.
#[wasm_split(work, wasm_split_path = leptos::wasm_split, fallible)]
fn menu() -> Loaded<Of> {
    Ok(drawn)
}

/// What the menu asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Name,
    Description,
    Tag,
    Alias,
    Stage,
    Sure,
}

/// A change of the model or of the version.
type Change = Callback<RegisteredChange>;

fn drawn(of: Of) -> AnyView {
    let (toasts, navigate) = (Toasts::here(), use_navigate());
    let field = RwSignal::new(None::<Field>);
    let change: Change = Callback::new({
        let of = of.clone();
        move |change: RegisteredChange| {
            let (of, navigate) = (of.clone(), navigate.clone());
            spawn_local(async move {
                match change_registered(of.name.clone(), change.clone()).await {
                    Err(fault) => toasts.failed(fault.to_string()),
                    Ok(()) => {
                        toasts.done(told(&of.name, &change), None);
                        match leads_to(&of, &change) {
                            Some(path) => navigate(&path, NavigateOptions::default()),
                            None => _ = of.again.try_update(|again| *again += 1),
                        }
                    }
                }
            });
        }
    });
    let body = move || match field.get() {
        None => choices(&of, field, change),
        Some(Field::Sure) => question(&of, field, change),
        Some(field) => field_form(&of, field, change),
    };
    view! { <div class="thing-menu">{body}</div> }.into_any()
}

/// What is said once it is done.
fn told(name: &str, change: &RegisteredChange) -> String {
    match change {
        RegisteredChange::Rename(new) => format!("Renamed to “{}”.", new.trim()),
        RegisteredChange::Describe(_) => "Description saved.".to_owned(),
        RegisteredChange::SetTag(tag) => tag_told(tag),
        RegisteredChange::Delete => format!("Model “{name}” deleted."),
        RegisteredChange::Version(number, change) => match change {
            VersionChange::Describe(_) => "Description saved.".to_owned(),
            VersionChange::SetTag(tag) => tag_told(tag),
            VersionChange::SetAlias(alias) => format!("“{}” is version {number} now.", alias.trim()),
            VersionChange::DeleteAlias(alias) => format!("Alias “{alias}” removed."),
            VersionChange::Stage { stage, .. } => format!("Version {number} moved to {stage}."),
            VersionChange::Delete => format!("Version {number} deleted."),
        },
    }
}

fn tag_told(tag: &Tag) -> String {
    let what = if tag.value.is_empty() { "removed" } else { "set" };
    format!("Tag “{}” {what}.", tag.key)
}

/// The page to go to once it is done, if the one that is shown is gone.
fn leads_to(of: &Of, change: &RegisteredChange) -> Option<String> {
    match change {
        RegisteredChange::Rename(new) => Some(model_address(new.trim(), None)),
        RegisteredChange::Delete => Some("/models".to_owned()),
        RegisteredChange::Version(_, VersionChange::Delete)
            if matches!(of.what, What::Version { alone: true, .. }) =>
        {
            Some(model_address(&of.name, None))
        }
        _ => None,
    }
}

fn choices(of: &Of, field: RwSignal<Option<Field>>, change: Change) -> AnyView {
    let (may_edit, may_delete) = of.rights;
    let choice = move |name: &'static str, which: Field| {
        view! { <li><button type="button" on:click=move |_| field.set(Some(which))>{name}</button></li> }
    };
    let own = match &of.what {
        What::Model(_) => may_edit.then(|| choice("Rename", Field::Name).into_any()),
        What::Version { number, aliases, .. } => may_edit.then(|| {
            let number = *number;
            let remove = |alias: &String| {
                let (words, alias) = (format!("Remove alias “{alias}”"), alias.clone());
                let act = move |_| {
                    let gone = VersionChange::DeleteAlias(alias.clone());
                    change.run(RegisteredChange::Version(number, gone));
                };
                view! { <li><button type="button" on:click=act>{words}</button></li> }
            };
            view! {
                {choice("Add an alias", Field::Alias)}
                {aliases.iter().map(remove).collect_view()}
                {choice("Change the stage", Field::Stage)}
            }
            .into_any()
        }),
    };
    view! {
        <ul class="menu-list">
            {own}
            {may_edit.then(|| view! {
                {choice("Edit the description", Field::Description)}
                {choice("Set a tag", Field::Tag)}
            })}
            {may_delete.then(|| choice("Delete…", Field::Sure))}
        </ul>
    }
    .into_any()
}

/// What is deleted here doesn't come back.
fn question(of: &Of, field: RwSignal<Option<Field>>, change: Change) -> AnyView {
    let (words, delete) = match &of.what {
        What::Model(versions) => (
            format!(
                "Delete “{}” with {} for good? Their files stay.",
                of.name,
                counted(*versions, "version")
            ),
            RegisteredChange::Delete,
        ),
        What::Version { number, .. } => (
            format!("Delete version {number} for good? Its number is not used again, and its files stay."),
            RegisteredChange::Version(*number, VersionChange::Delete),
        ),
    };
    view! {
        <div class="small-form">
            <p>{words}</p>
            <button type="button" class="button danger" on:click=move |_| change.run(delete.clone())>"Delete for good"</button>
            <button type="button" class="button quiet" on:click=move |_| field.set(None)>"Keep"</button>
        </div>
    }
    .into_any()
}

fn field_form(of: &Of, field: Field, change: Change) -> AnyView {
    let (number, stage) = match &of.what {
        What::Version { number, stage, .. } => (Some(*number), stage.clone()),
        What::Model(_) => (None, String::new()),
    };
    let first = match field {
        Field::Name => of.name.clone(),
        Field::Description => of.description.clone(),
        Field::Stage => stage,
        Field::Tag | Field::Alias | Field::Sure => String::new(),
    };
    let (text, key) = (RwSignal::new(first.clone()), RwSignal::new(String::new()));
    let archive = RwSignal::new(false);
    let typed = move |event: ev::Event| text.set(event_target_value(&event));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let text = text.get_untracked();
        let tag = Tag { key: key.get_untracked().trim().to_owned(), value: text.clone() };
        let asked = match (number, field) {
            (_, Field::Name) => RegisteredChange::Rename(text),
            (None, Field::Tag) => RegisteredChange::SetTag(tag),
            (None, _) => RegisteredChange::Describe(text),
            (Some(number), field) => RegisteredChange::Version(
                number,
                match field {
                    Field::Tag => VersionChange::SetTag(tag),
                    Field::Alias => VersionChange::SetAlias(text),
                    Field::Stage => {
                        let archive = archive.get_untracked() && ACTIVE_STAGES.contains(&text.as_str());
                        VersionChange::Stage { stage: text, archive }
                    }
                    _ => VersionChange::Describe(text),
                },
            ),
        };
        change.run(asked);
    };
    let inputs = match field {
        Field::Name | Field::Alias => {
            let words = if field == Field::Name { "Name" } else { "Alias, such as champion" };
            view! {
                <label>
                    <span>{words}</span>
                    <input class="input" type="text" required autofocus autocomplete="off" value=first on:input=typed/>
                </label>
            }
            .into_any()
        }
        Field::Stage => {
            let option = |stage: &'static str| {
                let is_now = stage == first;
                view! { <option value=stage selected=is_now>{stage}</option> }
            };
            let is_active = move || ACTIVE_STAGES.contains(&text.read().as_str());
            view! {
                <label>
                    <span>"Stage"</span>
                    <select class="input" on:change=typed>{STAGES.into_iter().map(option).collect_view()}</select>
                </label>
                <label class="check">
                    <input
                        type="checkbox"
                        disabled=move || !is_active()
                        on:change=move |event| archive.set(event_target_checked(&event))
                    />
                    <span>"Archive the others of that stage"</span>
                </label>
            }
            .into_any()
        }
        Field::Tag => view! {
            <label>
                <span>"Key"</span>
                <input class="input" type="text" required autofocus maxlength="250" on:input=move |event| key.set(event_target_value(&event))/>
            </label>
            <label><span>"Value"</span><input class="input" type="text" placeholder="none: takes the tag away" on:input=typed/></label>
        }
        .into_any(),
        Field::Description | Field::Sure => view! {
            <label>
                <span>"Description, in Markdown"</span>
                <textarea class="input" rows="10" maxlength="5000" on:input=typed>{first}</textarea>
            </label>
        }
        .into_any(),
    };
    view! {
        <form class="small-form" class:wide=field == Field::Description on:submit=submit>
            {inputs}
            <button type="submit" class="button primary">"Save"</button>
        </form>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_said() {
        let check = |change: RegisteredChange, said: &str| assert_eq!(told("churn", &change), said);
        let version = |change| RegisteredChange::Version(3, change);
        check(RegisteredChange::Rename(" new ".to_owned()), "Renamed to “new”.");
        check(RegisteredChange::Delete, "Model “churn” deleted.");
        let gone = Tag { key: "team".to_owned(), value: String::new() };
        check(RegisteredChange::SetTag(gone), "Tag “team” removed.");
        check(version(VersionChange::SetAlias("champion".to_owned())), "“champion” is version 3 now.");
        check(version(VersionChange::Delete), "Version 3 deleted.");
    }
}
