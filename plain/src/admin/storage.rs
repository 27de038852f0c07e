//! What takes how much of the disk, by experiment and by who made it.

use crate::{
    frame::{Frame, Place},
    table::{
        Column::{Numbers, Words},
        table,
    },
    words::moment,
};
use app::{count, size};
use leptos::prelude::*;
use model::operation::{ExperimentUse, StorageUse, Used};

/// Rows of each table.
const MOST: usize = 100;

/// The page.
pub fn page(frame: Frame, used: &StorageUse) -> String {
    let experiments: Vec<AnyView> = used.experiments.iter().take(MOST).map(experiment).collect();
    let users: Vec<AnyView> = used.users.iter().take(MOST).map(|(name, used)| user(name, *used)).collect();
    let more = |all: usize| {
        (all > MOST)
            .then(|| view! { <p class="muted">{format!("The {MOST} largest of {}.", count(all as u64))}</p> })
    };
    let (more_experiments, more_users) = (more(used.experiments.len()), more(used.users.len()));
    let (all, at, is_whole) = (used.all, used.at, used.is_whole);
    frame.render(Place::Storage, move || {
        view! {
            <p class="muted">
                {format!("{} runs, {} of metrics and {} of files, counted at ", count(all.runs), size(all.point_bytes), size(all.file_bytes))}
                {moment(at)}
                " UTC and counted anew after a minute. Params, tags and indexes are not in it, nor files that clients keep elsewhere. What is in the trash is."
            </p>
            {(!is_whole).then(|| view! {
                <p class="banner" role="status">"There are too many files to count them all in time: there are more than it says."</p>
            })}
            <section class="admin-table" aria-labelledby="experiments-title">
                <h2 id="experiments-title">"By experiment"</h2>
                {table("By experiment", "", columns("Experiment"), experiments)}
                {more_experiments}
            </section>
            <section class="admin-table" aria-labelledby="users-title">
                <h2 id="users-title">"By who made the runs"</h2>
                {table("By who made the runs", "", columns("Account"), users)}
                {more_users}
            </section>
        }
        .into_any()
    })
}

fn columns(of: &'static str) -> [crate::table::Column; 7] {
    [
        Words(of),
        Numbers("In all"),
        Numbers("Metrics"),
        Numbers("Files"),
        Numbers("Runs"),
        Numbers("Points"),
        Numbers("Number of files"),
    ]
}

fn figures(used: Used) -> AnyView {
    view! {
        <td class="num">{size(used.bytes())}</td>
        <td class="num">{size(used.point_bytes)}</td>
        <td class="num">{size(used.file_bytes)}</td>
        <td class="num">{count(used.runs)}</td>
        <td class="num">{count(used.points)}</td>
        <td class="num">{count(used.files)}</td>
    }
    .into_any()
}

fn experiment(of: &ExperimentUse) -> AnyView {
    let trash = of.is_deleted.then(|| view! { <span class="muted">" in the trash"</span> });
    view! {
        <tr>
            <th scope="row" class="strong"><a href=format!("/experiments/{}", of.id)>{of.name.clone()}</a>{trash}</th>
            {figures(of.used)}
        </tr>
    }
    .into_any()
}

fn user(name: &str, used: Used) -> AnyView {
    let name = match name {
        "" => view! { <span class="muted">"Nobody: made without accounts"</span> }.into_any(),
        name => name.to_owned().into_any(),
    };
    view! { <tr><th scope="row" class="strong">{name}</th>{figures(used)}</tr> }.into_any()
}
