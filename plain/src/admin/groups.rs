//! Groups and who is in them.

use crate::frame::{Frame, Place};
use app::counted;
use leptos::prelude::*;
use model::account::{Group, User};

/// The page.
pub fn page(frame: Frame, groups: &[Group], users: &[User]) -> String {
    let cards: Vec<AnyView> = groups.iter().map(card).collect();
    let names: Vec<String> = users.iter().map(|user| user.name.clone()).collect();
    frame.render(Place::Groups, move || {
        let options = names.into_iter().map(|name| view! { <option value=name></option> });
        let none = cards.is_empty();
        view! {
            <section class="card" aria-labelledby="new-title">
                <h2 id="new-title">"New group"</h2>
                <p class="muted">"What is given to a group is given to all its members."</p>
                <form method="post" action="/admin/groups/add" class="field-line">
                    <label class="field">
                        <span>"Name"</span>
                        <input type="text" name="name" required maxlength="250" autocomplete="off"/>
                    </label>
                    <button type="submit" class="button primary">"Create group"</button>
                </form>
            </section>
            <datalist id="users">{options.collect_view()}</datalist>
            {none.then(|| view! { <p class="none-yet">"There are no groups."</p> })}
            {cards}
        }
        .into_any()
    })
}

fn card(group: &Group) -> AnyView {
    let name = group.name.clone();
    let label = format!("group-{}", group.id);
    let labelled_by = label.clone();
    let member = |user: &String| {
        let (group, user) = (group.name.clone(), user.clone());
        view! {
            <li class="member">
                <form method="post" action="/admin/groups/remove">
                    <input type="hidden" name="name" value=group/>
                    <input type="hidden" name="user" value=user.clone()/>
                    <span>{user.clone()}</span>
                    <button type="submit" class="button quiet" aria-label=format!("Take {user} out")>"Take out"</button>
                </form>
            </li>
        }
    };
    let members: Vec<AnyView> = group.members.iter().map(|user| member(user).into_any()).collect();
    let count = members.len();
    let none = members.is_empty();
    view! {
        <section class="card" aria-labelledby=labelled_by>
            <div class="card-head">
                <h2 id=label>{name.clone()}<span class="tab-count">{count}</span></h2>
                <form method="post" action="/admin/groups/delete">
                    <input type="hidden" name="name" value=name.clone()/>
                    <button type="submit" class="button danger" aria-label=format!("Delete the group {name}")>"Delete group …"</button>
                </form>
            </div>
            {none.then(|| view! { <p class="muted">"Nobody is in this group."</p> })}
            <ul class="members">{members}</ul>
            <form method="post" action="/admin/groups/take" class="field-line">
                <input type="hidden" name="name" value=name/>
                <label class="field">
                    <span>"User"</span>
                    <input type="text" name="user" list="users" required autocomplete="off"/>
                </label>
                <button type="submit" class="button">"Add to group"</button>
            </form>
        </section>
    }
    .into_any()
}

/// Asks whether this group shall really be deleted.
pub fn ask_delete(frame: Frame, group: &Group) -> String {
    let (name, members) = (group.name.clone(), group.members.len() as u64);
    frame.render(Place::Groups, move || {
        view! {
            <section class="card" aria-labelledby="delete-title">
                <h2 id="delete-title">{format!("Delete the group {name}?")}</h2>
                <p class="muted">
                    {format!("It has {}. They stay, and lose what was given to the group.", counted(members, "member"))}
                </p>
                <form method="post" action="/admin/groups/delete" class="field-line">
                    <input type="hidden" name="name" value=name/>
                    <button type="submit" class="button danger" name="sure" value="yes">"Delete"</button>
                    <a class="button" href=Place::Groups.path()>"Keep it"</a>
                </form>
            </section>
        }
        .into_any()
    })
}
