//! Everybody's tokens.

use crate::{
    frame::{Frame, Place},
    table::{
        Column::{self, Unseen, Words},
        table,
    },
    words::{moment, moment_or_never},
};
use leptos::prelude::*;
use model::account::OwnedToken;

/// What the table has.
const COLUMNS: [Column; 7] = [
    Words("Owner"),
    Words("Name"),
    Words("May"),
    Words("Expires (UTC)"),
    Words("Created (UTC)"),
    Words("Last used (UTC)"),
    Unseen("Revoke"),
];

/// The page.
pub fn page(frame: Frame, tokens: &[OwnedToken]) -> String {
    let rows: Vec<AnyView> = tokens.iter().map(row).collect();
    frame.render(Place::Tokens, move || {
        if rows.is_empty() {
            return view! { <p class="none-yet">"Nobody has a token."</p> }.into_any();
        }
        view! {
            <form method="post" action="/admin/tokens/delete" class="admin-table">
                {table("Tokens", "", COLUMNS, rows)}
            </form>
        }
        .into_any()
    })
}

fn row(owned: &OwnedToken) -> AnyView {
    let OwnedToken { owner, token } = owned.clone();
    let only = token.limits.experiments.map(|ids| {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        view! { <span class="muted">" in "{ids.join(", ")}</span> }
    });
    let label = format!("Revoke {} of {owner}", token.name);
    view! {
        <tr>
            <th scope="row" class="strong">{owner}</th>
            <td>{token.name}</td>
            <td>{token.limits.scope.name()}{only}</td>
            <td class="time">{moment_or_never(token.expires)}</td>
            <td class="time">{moment(token.created)}</td>
            <td class="time">{moment_or_never(token.last_used)}</td>
            <td class="row-actions">
                <button type="submit" class="button quiet" name="id" value=token.id.to_string() aria-label=label>"Revoke"</button>
            </td>
        </tr>
    }
    .into_any()
}
