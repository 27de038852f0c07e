//! What is around every page: the document, the bar above, the ways to the other pages, and what was just done.

use app::icon::{Icon, Mark};
use leptos::prelude::*;

/// The pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Accounts.
    People,
    /// Groups of accounts.
    Groups,
    /// Who may do what.
    Permissions,
    /// Everybody's tokens.
    Tokens,
    /// Who did what.
    Audit,
}

impl Place {
    /// In the order of their tabs.
    pub const ALL: [Self; 5] = [Self::People, Self::Groups, Self::Permissions, Self::Tokens, Self::Audit];

    /// What it is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::People => "People",
            Self::Groups => "Groups",
            Self::Permissions => "Permissions",
            Self::Tokens => "Tokens",
            Self::Audit => "Audit log",
        }
    }

    /// Where it is.
    pub fn path(self) -> &'static str {
        match self {
            Self::People => "/admin/people",
            Self::Groups => "/admin/groups",
            Self::Permissions => "/admin/permissions",
            Self::Tokens => "/admin/tokens",
            Self::Audit => "/admin/audit",
        }
    }
}

/// What was just done, or why it wasn't.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done(String),
    /// It wasn't.
    Failed(String),
    /// A secret was made that is shown this once: what it is, and the secret.
    Secret(String, String),
}

/// What every page needs of the request.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Name of who is looking.
    pub viewer: String,
    /// Path of the style sheet.
    pub style: String,
    /// `light`, `dark` or `system`.
    pub theme: &'static str,
    /// What was just done, if anything.
    pub outcome: Option<Outcome>,
}

impl Frame {
    /// The whole document of a page.
    pub fn render(self, place: Place, content: impl FnOnce() -> AnyView) -> String {
        let owner = Owner::new();
        let html = owner.with(|| self.document(place, content()).to_html());
        format!("<!DOCTYPE html>{html}")
    }

    fn document(self, place: Place, content: AnyView) -> impl IntoView {
        let tab = move |other: Place| {
            let current = (other == place).then_some("page");
            view! { <a class="tab" href=other.path() aria-current=current>{other.title()}</a> }
        };
        view! {
            <html lang="en" data-theme=self.theme>
                <head>
                    <meta charset="utf-8"/>
                    <meta name="viewport" content="width=device-width, initial-scale=1"/>
                    <meta name="color-scheme" content="light dark"/>
                    <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                    <link rel="stylesheet" href=self.style/>
                    <title>{format!("{} · Runmark", place.title())}</title>
                </head>
                <body>
                    <a class="skip-link" href="#main">"Skip to content"</a>
                    <header class="top-bar">
                        <a class="brand" href="/experiments" aria-label="Runmark, all experiments">
                            <Mark/>
                            <span class="brand-name">"Runmark"</span>
                        </a>
                        <nav class="top-nav" aria-label="Main">
                            <a href="/experiments">"Experiments"</a>
                            <a href="/admin/people" aria-current="page">"Admin"</a>
                        </nav>
                        <div class="top-end">
                            <a class="button quiet" href="/account">
                                {Icon::User.draw()}
                                <span class="top-label">{self.viewer}</span>
                            </a>
                            <form method="post" action="/ui/sign_out">
                                <button type="submit" class="icon-button" aria-label="Sign out" title="Sign out">
                                    {Icon::SignOut.draw()}
                                </button>
                            </form>
                        </div>
                    </header>
                    <main id="main" tabindex="-1">
                        <div class="page admin">
                            <header class="page-head">
                                <div class="page-title"><h1>{place.title()}</h1></div>
                                <nav class="tabs" aria-label="Admin pages">{Place::ALL.map(tab).into_view()}</nav>
                            </header>
                            {self.outcome.map(said)}
                            {content}
                        </div>
                    </main>
                </body>
            </html>
        }
    }
}

fn said(outcome: Outcome) -> AnyView {
    match outcome {
        Outcome::Done(text) => {
            view! { <p class="banner good" role="status">{Icon::Check.draw()} {text}</p> }.into_any()
        }
        Outcome::Failed(text) => {
            view! { <p class="banner danger" role="alert">{Icon::Alert.draw()} {text}</p> }.into_any()
        }
        Outcome::Secret(what, secret) => view! {
            <div class="banner good secret" role="status">
                <p>{what}</p>
                <div class="secret-line"><code>{secret}</code></div>
            </div>
        }
        .into_any(),
    }
}
