//! Making a link, and the links that there are.

use crate::{
    frame::{Frame, Place},
    option::option,
    table::{
        Column::{self, Unseen, Words},
        table,
    },
    words::{moment, moment_or_never},
};
use leptos::prelude::*;
use model::{
    Millis,
    share::{Audience, Share},
};

/// A page that a link shall be made to.
pub struct Subject {
    /// Its address.
    pub address: String,
    /// What the link is called unless somebody says otherwise.
    pub title: String,
    /// Who it is for: `members`, `anybody` or `snapshot`.
    pub audience: String,
    /// Days until it expires; empty for never.
    pub days: String,
    /// Whether it shows runs, which may have files.
    pub has_runs: bool,
    /// Whether the link shall show these.
    pub with_files: bool,
}

/// The links of a page, and what is needed to show them.
pub struct Links<'a> {
    /// The links.
    pub shares: &'a [Share],
    /// How the site is addressed.
    pub origin: &'a str,
    /// Now.
    pub now: Millis,
}

/// Days until a link expires, and how the choice says it.
const LIVES: [(&str, &str); 5] =
    [("", "Never"), ("1", "In a day"), ("7", "In a week"), ("30", "In 30 days"), ("365", "In a year")];

/// What the table has, after who made the links.
const COLUMNS: [Column; 6] = [
    Words("Title"),
    Words("Link"),
    Words("For"),
    Words("Created (UTC)"),
    Words("Expires (UTC)"),
    Unseen("Delete"),
];

/// The page: a form, if there is something to be shared, and one's own links.
pub fn page(frame: Frame, subject: Option<Subject>, links: &Links<'_>, may_be_for_anybody: bool) -> String {
    let list = list(links, "/share/delete", false);
    frame.render(Place::Links, move || {
        view! {
            {subject.map(|subject| form(subject, may_be_for_anybody))}
            <section aria-labelledby="links-title" class="admin-table">
                <h2 id="links-title">"Your links"</h2>
                {list}
            </section>
        }
        .into_any()
    })
}

/// Everybody's links, for admins.
pub fn all(frame: Frame, links: &Links<'_>) -> String {
    let list = list(links, "/admin/links/delete", true);
    frame.render(Place::AllLinks, move || list)
}

fn form(subject: Subject, may_be_for_anybody: bool) -> AnyView {
    let Subject { address, title, audience, days, has_runs, with_files } = subject;
    let is = |value: &str| audience == value;
    let (for_members, for_anybody, kept) = (is("members"), is("anybody"), is("snapshot"));
    let lives =
        LIVES.map(|(value, words)| view! { <option value=value selected={days == value}>{words}</option> });
    let export = crate::Address::of("/share/export").with("of", &address).into_text();
    let anybody = may_be_for_anybody.then(|| {
        view! {
            {option("radio", ("audience", "anybody"), for_anybody, "Anybody who has the link", "Read-only, and nothing but what is on the page. It shows how things are when it is opened.")}
            {option("radio", ("audience", "snapshot"), kept, "Anybody who has the link, as it is now", "A snapshot: later changes don't show, and what is deleted stays in it.")}
            {has_runs.then(|| option("checkbox", ("files", "yes"), with_files, "With the files of the runs", "For links for anybody that show how things are: they may save them."))}
            <div class="field-line">
                <label class="field">
                    <span>"Password, for links for anybody"</span>
                    <input type="text" name="password" maxlength="250" autocomplete="off" placeholder="None"/>
                </label>
            </div>
        }
    });
    view! {
        <section class="card" aria-labelledby="share-title">
            <h2 id="share-title">"Share a page"</h2>
            <p class="share-page muted">"The page is "<a href=address.clone()>{address.clone()}</a></p>
            <form method="post" action="/share" class="share-form">
                <input type="hidden" name="of" value=address.clone()/>
                <div class="field-line">
                    <label class="field">
                        <span>"Title"</span>
                        <input type="text" name="title" required maxlength="250" value=title autocomplete="off"/>
                    </label>
                    <label class="field">
                        <span>"Expires"</span>
                        <select name="days">{lives.into_view()}</select>
                    </label>
                </div>
                <fieldset class="options">
                    <legend class="visually-hidden">"Who it is for"</legend>
                    {option("radio", ("audience", "members"), for_members, "Members", "A short address of this page. Whoever opens it signs in, and sees what they may see.")}
                    {anybody}
                </fieldset>
                <div class="bulk">
                    <button type="submit" class="button primary">"Create link"</button>
                    <a class="button" href=export>"Download as one HTML file"</a>
                </div>
            </form>
        </section>
    }
    .into_any()
}

fn audience(share: &Share) -> String {
    let who = match share.audience {
        Audience::Members => "Members",
        Audience::Anybody => "Anybody",
    };
    let more = [
        (share.is_snapshot, ", a snapshot"),
        (share.with_files, ", with files"),
        (share.has_password, ", with a password"),
    ];
    more.iter().filter(|(is, _)| *is).fold(who.to_owned(), |text, (_, words)| text + words)
}

fn list(links: &Links<'_>, action: &'static str, with_maker: bool) -> AnyView {
    if links.shares.is_empty() {
        return view! { <p class="none-yet">"There are no links yet. Pages have a button for it: Share."</p> }.into_any();
    }
    let rows: Vec<AnyView> = links.shares.iter().map(|share| row(share, links, with_maker)).collect();
    let columns = with_maker.then_some(Words("Made by")).into_iter().chain(COLUMNS);
    view! {
        <form method="post" action=action class="admin-table">
            {table("Links", "", columns, rows)}
        </form>
    }
    .into_any()
}

fn row(share: &Share, links: &Links<'_>, with_maker: bool) -> AnyView {
    let origin = links.origin;
    let is_over = share.expires.is_some_and(|expires| expires <= links.now);
    let path = format!("/s/{}", share.code);
    let label = format!("Delete the link {}", share.title);
    view! {
        <tr>
            {with_maker.then(|| view! { <td>{share.maker.clone()}</td> })}
            <th scope="row"><a href=share.address.clone()>{share.title.clone()}</a></th>
            <td><a href=path.clone()><code>{format!("{origin}{path}")}</code></a></td>
            <td>{audience(share)}</td>
            <td class="time">{moment(share.created)}</td>
            <td class="time">
                {moment_or_never(share.expires)}
                {is_over.then(|| view! { " " <span class="chip bad">"Expired"</span> })}
            </td>
            <td class="row-actions">
                <button type="submit" class="button quiet" name="code" value=share.code.clone() aria-label=label>"Delete"</button>
            </td>
        </tr>
    }
    .into_any()
}
