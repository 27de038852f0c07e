//! Everybody's tokens.

use crate::{
    frame::{Frame, Place},
    words::{moment, moment_or_never},
};
use leptos::prelude::*;
use model::account::OwnedToken;

/// The page.
pub fn page(frame: Frame, tokens: &[OwnedToken]) -> String {
    let rows: Vec<AnyView> = tokens.iter().map(row).collect();
    frame.render(Place::Tokens, move || {
        if rows.is_empty() {
            return view! { <p class="none-yet">"Nobody has a token."</p> }.into_any();
        }
        view! {
            <form method="post" action="/admin/tokens/delete" class="admin-table">
                <div class="table-frame" role="region" aria-label="Tokens" tabindex="0">
                    <table class="grid" aria-label="Tokens">
                        <thead>
                            <tr>
                                <th scope="col">"Owner"</th>
                                <th scope="col">"Name"</th>
                                <th scope="col">"May"</th>
                                <th scope="col">"Expires (UTC)"</th>
                                <th scope="col">"Created (UTC)"</th>
                                <th scope="col">"Last used (UTC)"</th>
                                <th scope="col"><span class="visually-hidden">"Revoke"</span></th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
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
