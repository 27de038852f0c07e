//! The server as a whole: how it is, what admins set, and what was said when it was started.

use crate::{
    frame::{Frame, Place},
    option::option,
    words::moment,
};
use app::{counted, duration, size};
use leptos::prelude::*;
use model::{
    Millis,
    operation::{Health, Settings},
};

/// What the page shows.
pub struct Server {
    /// How it is.
    pub health: Health,
    /// What is set.
    pub settings: Settings,
    /// What was said at its start: what it is about, and what was said.
    pub flags: Vec<(&'static str, String)>,
    /// Now.
    pub now: Millis,
}

/// The page.
pub fn page(frame: Frame, server: &Server) -> String {
    let health = health(&server.health, server.now);
    let (settings, flags) = (server.settings, server.flags.clone());
    frame.render(Place::Server, move || {
        let said: Vec<(&'static str, AnyView)> =
            flags.into_iter().map(|(what, said)| (what, said.into_any())).collect();
        view! {
            <section class="card" aria-labelledby="health-title">
                <h2 id="health-title">"Health"</h2>
                {facts(health)}
            </section>
            <section class="card" aria-labelledby="links-title">
                <h2 id="links-title">"Share links"</h2>
                <form method="post" action=Place::Server.path() class="steps">
                    {option("checkbox", ("public_links", "on"), settings.public_links, "Links for anybody", "Members may make links that show a page to whoever has them, without an account. Switched off, those that there are no longer work, until it is switched on again.")}
                    <div class="bulk"><button type="submit" class="button primary">"Save"</button></div>
                </form>
            </section>
            <section class="card" aria-labelledby="flags-title">
                <h2 id="flags-title">"Sign-in and network"</h2>
                <p class="muted">"Set by flags when the server is started."</p>
                {facts(said)}
            </section>
        }
        .into_any()
    })
}

fn facts(facts: Vec<(&'static str, AnyView)>) -> AnyView {
    let fact = |(what, said): (&'static str, AnyView)| view! { <dt>{what}</dt><dd>{said}</dd> };
    view! { <dl class="server-facts">{facts.into_iter().map(fact).collect_view()}</dl> }.into_any()
}

fn health(health: &Health, now: Millis) -> Vec<(&'static str, AnyView)> {
    let unknown = || "this system doesn't tell".to_owned();
    let free = |bytes: u64| format!("{} free", size(bytes));
    let database = match health.database_free {
        Some(bytes) => format!("{}, {}", size(health.database_bytes), free(bytes)),
        None => size(health.database_bytes),
    };
    let (waiting, most) = health.waiting;
    let (runs, blocks) = health.unmerged;
    let started = health.started;
    vec![
        ("Started", view! { {moment(started)}" UTC, "{duration(now - started)}" ago" }.into_any()),
        ("Memory", health.memory.map_or_else(unknown, size).into_any()),
        (
            "Database",
            format!("{}, answered in {:.1} ms", health.database, health.database_took as f64 / 1000.0)
                .into_any(),
        ),
        ("Size of the database", database.into_any()),
        ("Disk of the files", health.files_free.map_or_else(unknown, free).into_any()),
        ("Waiting to be written", format!("{} of at most {}", size(waiting), size(most)).into_any()),
        (
            "Waiting to be merged",
            format!("{} of points, of {}", counted(blocks, "block"), counted(runs, "run")).into_any(),
        ),
    ]
}
