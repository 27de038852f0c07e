//! Accounts: who there is, what they are, and what is done with several of them at once.

use crate::{
    frame::{Frame, Place},
    table::{
        Column::{self, Unseen, Words},
        table,
    },
    words::moment,
};
use leptos::prelude::*;
use model::account::{Group, User, UserState};

/// What is done with chosen accounts: its name in the form, and how the button says it.
pub const ACTIONS: [(&str, &str); 9] = [
    ("link", "New sign-in link"),
    ("sign-out", "Sign out everywhere"),
    ("forget-codes", "Reset two-step sign-in"),
    ("disable", "Disable"),
    ("enable", "Enable"),
    ("make-admin", "Make admin"),
    ("revoke-admin", "No longer admin"),
    ("add-to-group", "Add to group"),
    ("delete", "Delete …"),
];

/// What the table has.
const COLUMNS: [Column; 7] = [
    Unseen("Choose"),
    Words("Name"),
    Words("Kind"),
    Words("State"),
    Words("Groups"),
    Words("Created (UTC)"),
    Unseen("Rename"),
];

/// The page.
pub fn page(frame: Frame, users: &[User], groups: &[Group]) -> String {
    let rows: Vec<AnyView> = users.iter().map(|user| row(user, groups)).collect();
    let names: Vec<String> = groups.iter().map(|group| group.name.clone()).collect();
    frame.render(Place::People, move || {
        view! {
            {invite()}
            <form method="post" action="/admin/people" class="admin-table">
                <div class="bulk" role="toolbar" aria-label="With the chosen accounts">
                    <span class="muted">"With the chosen:"</span>
                    {ACTIONS.map(|(name, words)| action(name, words, &names)).into_view()}
                </div>
                {table("Accounts", "", COLUMNS, rows)}
            </form>
        }
        .into_any()
    })
}

fn invite() -> AnyView {
    view! {
        <section class="card" aria-labelledby="invite-title">
            <h2 id="invite-title">"New account"</h2>
            <p class="muted">"People get a link that signs them in once, within a day; then they choose a password. Services have tokens only."</p>
            <form method="post" action="/admin/people/add" class="field-line">
                <label class="field">
                    <span>"Name"</span>
                    <input type="text" name="name" required maxlength="250" autocomplete="off"/>
                </label>
                <label class="field">
                    <span>"Kind"</span>
                    <select name="kind">
                        <option value="user">"User"</option>
                        <option value="admin">"Admin"</option>
                        <option value="service">"Service"</option>
                    </select>
                </label>
                <button type="submit" class="button primary">"Create account"</button>
            </form>
        </section>
    }
    .into_any()
}

fn action(name: &'static str, words: &'static str, groups: &[String]) -> AnyView {
    let danger = name == "delete";
    let button = view! {
        <button type="submit" class="button" class:danger=danger name="action" value=name>{words}</button>
    };
    if name != "add-to-group" {
        return button.into_any();
    }
    if groups.is_empty() {
        return ().into_any();
    }
    let options = groups.iter().map(|group| view! { <option value=group.clone()>{group.clone()}</option> });
    view! {
        <span class="bulk-pair">
            {button}
            <select name="group" aria-label="Group">{options.collect_view()}</select>
        </span>
    }
    .into_any()
}

fn row(user: &User, groups: &[Group]) -> AnyView {
    let kind = match (user.is_admin, user.is_service) {
        (true, _) => "Admin",
        (_, true) => "Service",
        _ => "User",
    };
    let state = match user.state {
        UserState::Active => view! { "Active" }.into_any(),
        UserState::Disabled => view! { <span class="chip bad">"Disabled"</span> }.into_any(),
        UserState::Deleted => view! { <span class="chip bad">"Deleted"</span> }.into_any(),
    };
    let of: Vec<String> = groups
        .iter()
        .filter(|group| group.members.contains(&user.name))
        .map(|group| group.name.clone())
        .collect();
    let name = user.name.clone();
    let rename = crate::Address::of("/admin/people/rename").with("name", &name).into_text();
    view! {
        <tr>
            <td class="choose">
                <input type="checkbox" name="name" value=name.clone() aria-label=format!("Choose {name}")/>
            </td>
            <th scope="row" class="strong">{name.clone()}</th>
            <td>{kind}</td>
            <td>{state}</td>
            <td>{of.join(", ")}</td>
            <td class="time">{moment(user.created)}</td>
            <td class="row-actions"><a class="button quiet" href=rename aria-label=format!("Rename {name}")>"Rename"</a></td>
        </tr>
    }
    .into_any()
}

/// Asks whether these accounts shall really be deleted.
pub fn ask_delete(frame: Frame, names: Vec<String>) -> String {
    frame.render(Place::People, move || {
        let hidden = names.iter().cloned().map(|name| view! { <input type="hidden" name="name" value=name/> });
        let list = names.iter().cloned().map(|name| view! { <li>{name}</li> });
        view! {
            <section class="card" aria-labelledby="delete-title">
                <h2 id="delete-title">"Delete these accounts?"</h2>
                <ul>{list.collect_view()}</ul>
                <p class="muted">"Their tokens, groups and permissions are gone for good. What they made stays theirs."</p>
                <form method="post" action="/admin/people" class="field-line">
                    {hidden.collect_view()}
                    <button type="submit" class="button danger" name="action" value="delete-for-good">"Delete"</button>
                    <a class="button" href="/admin/people">"Keep them"</a>
                </form>
            </section>
        }
        .into_any()
    })
}

/// Asks for the new name of an account.
pub fn ask_name(frame: Frame, name: String) -> String {
    frame.render(Place::People, move || {
        view! {
            <section class="card" aria-labelledby="rename-title">
                <h2 id="rename-title">{format!("Rename {name}")}</h2>
                <form method="post" action="/admin/people/rename" class="field-line">
                    <input type="hidden" name="name" value=name.clone()/>
                    <label class="field">
                        <span>"New name"</span>
                        <input type="text" name="to" value=name required maxlength="250" autocomplete="off"/>
                    </label>
                    <button type="submit" class="button primary">"Rename"</button>
                    <a class="button" href="/admin/people">"Cancel"</a>
                </form>
            </section>
        }
        .into_any()
    })
}
