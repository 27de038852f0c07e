//! Saved views of an experiment: the state of its page under a name.

use crate::{
    api::{Answer, delete_view, list_views, save_view},
    part::{
        address::{Address, Query},
        answered::Answered,
        icon::Icon,
        later::{Loaded, later},
        menu::Menu,
        toast::Toasts,
    },
};
use leptos::{ev, prelude::*, task::spawn_local, wasm_split::wasm_split};
use model::{
    ExperimentId, Permission,
    view::{NewView, SavedView},
};

/// What the menu is about.
#[derive(Clone, Copy)]
struct Of {
    experiment: ExperimentId,
    may_share: bool,
}

/// The menu of views, and the way to save one.
#[component]
pub fn SavedViews(
    /// Of which experiment.
    experiment: ExperimentId,
    /// What the caller may do to it.
    permission: Permission,
) -> AnyView {
    let of = Of { experiment, may_share: permission >= Permission::Edit };
    view! {
        <Menu
            label="Views"
            end=true
            class="button quiet"
            face=ViewFn::from(|| view! { {Icon::View.draw()} <span class="button-label">"Views"</span> })
        >
            {later(menu, of, || view! { <div class="view-menu" aria-busy="true"></div> }.into_any())}
        </Menu>
    }
    .into_any()
}

/// The code of the menu.
#[wasm_split(work, wasm_split_path = leptos::wasm_split, fallible)]
fn menu() -> Loaded<Of> {
    Ok(drawn)
}

/// What of the address is a view: all but the place in the table.
fn state_of(query: Query) -> String {
    let query = query.with("page", "").with("__path", "").with("__err", "").with("plain", "");
    query.to_string().trim_start_matches('?').to_owned()
}

fn drawn(of: Of) -> AnyView {
    let address = Address::here();
    let again = RwSignal::new(0_u32);
    let views: Answer<Vec<SavedView>> =
        crate::api::fetch(move || again.get(), move |_| list_views(of.experiment));
    let now = Memo::new(move |_| state_of(address.query()));
    view! {
        <div class="view-menu">
            <Answered answer=views bars=3 show={move |views: Vec<SavedView>| {
                let none = views.is_empty();
                let rows = views.into_iter().map(|view| view! { <ViewRow of view now again/> }).collect_view();
                view! {
                    <ul class="menu-list view-list">
                        {rows}
                        <li><a href=format!("/experiments/{}?plain=1", of.experiment)>"As it comes"</a></li>
                    </ul>
                    {none.then(|| view! { <p class="faint">"Columns, filter and order can be kept under a name."</p> })}
                }
            }}/>
            <SaveForm of now again/>
        </div>
    }
    .into_any()
}

#[component]
fn ViewRow(of: Of, view: SavedView, now: Memo<String>, again: RwSignal<u32>) -> AnyView {
    let toasts = Toasts::here();
    let href = format!(
        "/experiments/{}?{}",
        of.experiment,
        if view.state.is_empty() { "plain=1" } else { &view.state }
    );
    let is_now = {
        let state = view.state.clone();
        move || (*now.read() == state).then_some("true")
    };
    let hint = match (view.shared, view.is_own) {
        (true, true) => "shared by you".to_owned(),
        (true, false) => format!("shared by {}", view.maker),
        (false, _) => "yours alone".to_owned(),
    };
    let (id, name) = (view.id, view.name.clone());
    let delete = move |_| {
        spawn_local(async move {
            match delete_view(of.experiment, id).await {
                Ok(()) => again.update(|again| *again += 1),
                Err(fault) => toasts.failed(fault.to_string()),
            }
        });
    };
    view! {
        <li class="view-row">
            <a href=href aria-current=is_now>
                <span class="view-name">{view.name.clone()}</span>
                <span class="faint">{hint}{view.opens.then_some(", opens")}</span>
            </a>
            {(view.is_own || of.may_share).then(|| view! {
                <button type="button" class="icon-button" aria-label=format!("Delete view {name}") title="Delete" on:click=delete>
                    {Icon::Trash.draw()}
                </button>
            })}
        </li>
    }
    .into_any()
}

#[component]
fn SaveForm(of: Of, now: Memo<String>, again: RwSignal<u32>) -> AnyView {
    let toasts = Toasts::here();
    let name = RwSignal::new(String::new());
    let (shared, opens) = (RwSignal::new(false), RwSignal::new(false));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let view = NewView {
            name: name.get_untracked(),
            state: now.get_untracked(),
            shared: shared.get_untracked(),
            opens: shared.get_untracked() && opens.get_untracked(),
        };
        spawn_local(async move {
            match save_view(of.experiment, view).await {
                Ok(view) => {
                    toasts.done(format!("View “{}” saved.", view.name), None);
                    name.set(String::new());
                    again.update(|again| *again += 1);
                }
                Err(fault) => toasts.failed(fault.to_string()),
            }
        });
    };
    view! {
        <form class="small-form" on:submit=submit>
            <label>
                <span>"Save what is shown as"</span>
                <input
                    class="input"
                    type="text"
                    required
                    maxlength="100"
                    autocomplete="off"
                    prop:value=name
                    on:input=move |event| name.set(event_target_value(&event))
                />
            </label>
            {of.may_share.then(|| view! {
                <label class="check">
                    <input type="checkbox" on:change=move |event| shared.set(event_target_checked(&event))/>
                    <span>"For everybody here"</span>
                </label>
                <label class="check">
                    <input
                        type="checkbox"
                        disabled=move || !shared.get()
                        on:change=move |event| opens.set(event_target_checked(&event))
                    />
                    <span>"The experiment opens with it"</span>
                </label>
            })}
            <button type="submit" class="button primary">"Save view"</button>
        </form>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_the_address_without_the_place_in_the_table() {
        let state = state_of(Query::parse("?columns=user&page=3&filter=metrics.a+%3C+1&plain=1"));
        assert_eq!(state, "columns=user&filter=metrics.a+%3C+1");
    }
}
