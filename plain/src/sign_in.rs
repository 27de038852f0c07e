//! What a link that signs somebody in shows first. Programs that look at links in chats and mails must not use it up, and no other
//! page may sign somebody in: so a person presses a button.

use app::icon::Mark;
use leptos::prelude::*;

/// The page: a form that sends the secret of the link back.
pub fn page(style: String, theme: &'static str, secret: String) -> String {
    let owner = Owner::new();
    let html = owner.with(|| {
        view! {
            <html lang="en" data-theme=theme>
                <head>
                    <meta charset="utf-8"/>
                    <meta name="viewport" content="width=device-width, initial-scale=1"/>
                    <meta name="color-scheme" content="light dark"/>
                    <meta name="robots" content="noindex"/>
                    <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                    <link rel="stylesheet" href=style/>
                    <title>"Sign in · Runmark"</title>
                </head>
                <body>
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
                </body>
            </html>
        }
        .to_html()
    });
    format!("<!DOCTYPE html>{html}")
}
