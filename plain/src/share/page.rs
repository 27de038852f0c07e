//! The documents of what a link shows, for whoever has no account and for those who keep a file.

use crate::document::{Head, Style, document, document_with};
use app::icon::Mark;
use leptos::{html::meta, prelude::*};

/// What is around a sheet.
pub struct Document {
    /// What the link is called.
    pub title: String,
    /// What stands below the title: of when it is.
    pub note: String,
    /// The rules of style.
    pub style: Style,
    /// For programs that show a link as a card: the address of the page and of a picture of it, if there is one.
    pub card: Option<(String, Option<String>)>,
    /// Where whoever has an account finds the page itself.
    pub original: Option<String>,
    /// Parts of a long table: how they are called, and where they are.
    pub parts: Vec<(&'static str, String)>,
}

/// What is drawn on white stays on white.
const THEME: &str = "light";

impl Document {
    /// The document, around what [`super::sheet::Sheet::render`] wrote.
    pub fn render(self, sheet: String) -> String {
        let Self { title, note, style, card, original, parts } = self;
        let head = Head { title: title.clone(), style, theme: THEME };
        let (called, of) = (title.clone(), note.clone());
        let card = move || {
            let card = card.map(|(address, picture)| card_of(called, of, address, picture));
            card.into_any()
        };
        document_with(head, card, move || {
            let parts = (!parts.is_empty()).then(|| {
            let links =
                parts.into_iter().map(|(name, address)| view! { <a class="button" href=address>{name}</a> });
            view! { <nav class="sheet-parts" aria-label="Parts of the table">{links.collect_view()}</nav> }
        });
            view! {
                    <main id="main">
                        <div class="page sheet">
                            <header class="sheet-head">
                                <Mark/>
                                <div class="sheet-title">
                                    <h1>{title}</h1>
                                    <p class="muted">{note}</p>
                                </div>
                                {original.map(|address| view! { <a class="button push" href=address>"Open in Runmark"</a> })}
                            </header>
                            <div class="sheet-body" inner_html=sheet></div>
                            {parts}
                        </div>
                    </main>
        }
        .into_any()
        })
    }
}

/// What programs that show a link as a card are told.
fn card_of(title: String, note: String, address: String, picture: Option<String>) -> AnyView {
    let kind = if picture.is_some() { "summary_large_image" } else { "summary" };
    let mut said = vec![
        ("og:site_name", "Runmark".to_owned()),
        ("og:type", "website".to_owned()),
        ("og:title", title),
        ("og:description", note),
        ("og:url", address),
    ];
    if let Some(picture) = picture {
        said.push(("og:image", picture));
        said.push(("og:image:type", "image/png".to_owned()));
        said.push(("og:image:width", "1200".to_owned()));
        said.push(("og:image:height", "630".to_owned()));
    }
    let said = said.into_iter().map(|(property, content)| meta().attr("property", property).content(content));
    view! {
        {said.collect_view()}
        <meta name="twitter:card" content=kind/>
    }
    .into_any()
}

/// One chart, for a frame in another page.
pub fn embedded(style: String, title: String, chart: String) -> String {
    let head = Head { title, style: Style::Linked(style), theme: THEME };
    document(head, move || view! { <figure class="sheet-chart alone" inner_html=chart></figure> }.into_any())
}

/// What stands in the place of what a link shows.
pub enum Notice {
    /// Its password is asked for.
    Asks {
        /// Where to send it.
        action: String,
        /// Why it is asked for again.
        problem: Option<String>,
    },
    /// There is nothing, or nothing any more.
    Gone,
    /// Not now, and why.
    Later(String),
}

/// The document of a notice.
pub fn notice(style: String, notice: Notice) -> String {
    let (title, problem, asked_at) = match notice {
        Notice::Asks { action, problem } => ("This link has a password", problem, Some(action)),
        Notice::Gone => ("There is nothing here", None, None),
        Notice::Later(problem) => ("Not now", Some(problem), None),
    };
    let head = Head { title: title.to_owned(), style: Style::Linked(style), theme: THEME };
    document(head, move || {
        let is_wrong = problem.is_some();
        let hint = if is_wrong { "" } else { "Ask whoever sent you the link for a new one." };
        view! {
                    <main id="main">
                        <div class="sign-in">
                            <div class="card sign-in-card">
                                <div class="sign-in-brand"><Mark/></div>
                                <h1>{title}</h1>
                                {problem.map(|problem| view! { <p id="problem" class="banner danger" role="alert">{problem}</p> })}
                                {if let Some(action) = asked_at {
                                    view! {
                                        <form method="post" action=action class="field-column">
                                            <label class="field">
                                                <span>"Password"</span>
                                                <input
                                                    type="password"
                                                    name="password"
                                                    required
                                                    autocomplete="off"
                                                    autofocus
                                                    aria-invalid=is_wrong.then_some("true")
                                                    aria-describedby=is_wrong.then_some("problem")
                                                />
                                            </label>
                                            <button type="submit" class="button primary wide">"Show"</button>
                                        </form>
                                    }.into_any()
                                } else {
                                    view! { <p class="muted">{hint}</p> }.into_any()
                                }}
                            </div>
                        </div>
                    </main>
        }
        .into_any()
    })
}
