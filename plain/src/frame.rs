//! What is around every page: the document, the bar above, the ways to the other pages, and what was just done.

use crate::document::{Head, Style, document};
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
    /// Who is told of what happens in the registry.
    Webhooks,
    /// Who did what.
    Audit,
    /// What takes how much.
    Storage,
    /// The server as a whole.
    Server,
    /// Everybody's share links.
    AllLinks,
    /// One's own share links: for everybody.
    Links,
    /// One's own second factor: for everybody.
    SecondFactor,
}

impl Place {
    /// Those for admins, in the order of their tabs.
    pub const FOR_ADMINS: [Self; 9] = [
        Self::People,
        Self::Groups,
        Self::Permissions,
        Self::Tokens,
        Self::AllLinks,
        Self::Webhooks,
        Self::Audit,
        Self::Storage,
        Self::Server,
    ];

    /// What it is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::People => "People",
            Self::Groups => "Groups",
            Self::Permissions => "Permissions",
            Self::Tokens => "Tokens",
            Self::Webhooks => "Webhooks",
            Self::Audit => "Audit log",
            Self::Storage => "Storage",
            Self::Server => "Server",
            Self::AllLinks => "Links",
            Self::Links => "Share",
            Self::SecondFactor => "Two-step sign-in",
        }
    }

    /// Where it is.
    pub fn path(self) -> &'static str {
        match self {
            Self::People => "/admin/people",
            Self::Groups => "/admin/groups",
            Self::Permissions => "/admin/permissions",
            Self::Tokens => "/admin/tokens",
            Self::Webhooks => "/admin/webhooks",
            Self::Audit => "/admin/audit",
            Self::Storage => "/admin/storage",
            Self::Server => "/admin/server",
            Self::AllLinks => "/admin/links",
            Self::Links => "/share",
            Self::SecondFactor => "/account/second-factor",
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
    /// Name of who is looking; `None` without accounts.
    pub viewer: Option<String>,
    /// Whether they are an admin.
    pub is_admin: bool,
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
        let head = Head {
            title: place.title().to_owned(),
            style: Style::Linked(self.style.clone()),
            theme: self.theme,
        };
        document(head, || self.body(place, content()))
    }

    fn body(self, place: Place, content: AnyView) -> AnyView {
        let tab = move |other: Place| {
            let current = (other == place).then_some("page");
            view! { <a class="tab" href=other.path() aria-current=current>{other.title()}</a> }
        };
        let is_for_admins = Place::FOR_ADMINS.contains(&place);
        let tabs = is_for_admins.then(|| {
            view! { <nav class="tabs" aria-label="Admin pages">{Place::FOR_ADMINS.map(tab).into_view()}</nav> }
        });
        let admin = (self.is_admin && self.viewer.is_some()).then(|| {
            let current = is_for_admins.then_some("page");
            view! { <a href="/admin/people" aria-current=current>"Admin"</a> }
        });
        let account = self.viewer.map(|viewer| {
            view! {
                <a class="button quiet" href="/account">
                    {Icon::User.draw()}
                    <span class="top-label">{viewer}</span>
                </a>
                <form method="post" action="/ui/sign_out">
                    <button type="submit" class="icon-button" aria-label="Sign out" title="Sign out">
                        {Icon::SignOut.draw()}
                    </button>
                </form>
            }
        });
        view! {
                    <a class="skip-link" href="#main">"Skip to content"</a>
                    <header class="top-bar">
                        <a class="brand" href="/experiments" aria-label="Runmark, all experiments">
                            <Mark/>
                            <span class="brand-name">"Runmark"</span>
                        </a>
                        <nav class="top-nav" aria-label="Main">
                            <a href="/experiments">"Experiments"</a>
                            <a href="/models">"Models"</a>
                            {admin}
                        </nav>
                        <div class="top-end">{account}</div>
                    </header>
                    <main id="main" tabindex="-1">
                        <div class="page admin">
                            <header class="page-head">
                                <div class="page-title"><h1>{place.title()}</h1></div>
                                {tabs}
                            </header>
                            {self.outcome.map(said)}
                            {content}
                        </div>
                    </main>
        }
        .into_any()
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

/// A page that says why there is none.
pub fn failure(style: String, message: String) -> String {
    let head = Head { title: "This can't be shown".to_owned(), style: Style::Linked(style), theme: "system" };
    document(head, move || {
        view! {
            <main id="main">
                <div class="page">
                    <div class="empty" role="alert">
                        <div class="empty-icon danger">{Icon::Alert.draw()}</div>
                        <h1>"This can't be shown"</h1>
                        <p>{message}</p>
                        <p><a class="button" href="/experiments">"All experiments"</a></p>
                    </div>
                </div>
            </main>
        }
        .into_any()
    })
}
