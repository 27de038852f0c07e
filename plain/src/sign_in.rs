//! What a link that signs somebody in shows first. Programs that look at links in chats and mails must not use it up, and no other
//! page may sign somebody in: so a person presses a button.

use crate::document::{Head, Style, document};
use app::icon::Mark;
use leptos::prelude::*;

/// The page: a form that sends the secret of the link back.
pub fn page(style: String, theme: &'static str, secret: String) -> String {
    let head = Head { title: "Sign in".to_owned(), style: Style::Linked(style), theme };
    document(head, move || {
        view! {
            <main id="main">
                <div class="sign-in">
                    <form class="card sign-in-card" method="post" action="/sign-in/link" aria-labelledby="title">
                        <div class="sign-in-brand"><Mark/></div>
                        <h1 id="title">"Sign in to Runmark"</h1>
                        <p class="muted">"This link signs you in once."</p>
                        <input type="hidden" name="token" value=secret/>
                        <button type="submit" class="button primary wide" autofocus>"Sign in"</button>
                    </form>
                </div>
            </main>
        }
        .into_any()
    })
}
