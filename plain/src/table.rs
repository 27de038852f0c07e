//! Tables of the pages: in a frame that scrolls by itself, by keyboard too.

use leptos::prelude::*;

/// What stands above a column.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Column {
    /// Of words.
    Words(&'static str),
    /// Of numbers.
    Numbers(&'static str),
    /// Of buttons or boxes, which say themselves what they are: for screen readers.
    Unseen(&'static str),
}
use Column::{Numbers, Unseen, Words};

/// A table of rows. `kind` is a class of its own, or nothing.
pub(crate) fn table(
    label: &'static str,
    kind: &'static str,
    columns: impl IntoIterator<Item = Column>,
    rows: Vec<AnyView>,
) -> AnyView {
    let head = |column: Column| match column {
        Words(words) => view! { <th scope="col">{words}</th> }.into_any(),
        Numbers(words) => view! { <th scope="col" class="num">{words}</th> }.into_any(),
        Unseen(words) => {
            view! { <th scope="col"><span class="visually-hidden">{words}</span></th> }.into_any()
        }
    };
    let heads: Vec<AnyView> = columns.into_iter().map(head).collect();
    view! {
        <div class="table-frame" role="region" aria-label=label tabindex="0">
            <table class=format!("grid {kind}") aria-label=label>
                <thead><tr>{heads}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}
