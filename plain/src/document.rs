//! What every document has: its head, in one place.

use leptos::prelude::*;

/// Where the rules of style are.
pub enum Style {
    /// In a file of this site.
    Linked(String),
    /// In the document itself, so that it needs no site.
    Within(String),
}

/// What differs between heads.
pub(crate) struct Head {
    /// What the page is called.
    pub title: String,
    /// The rules of style.
    pub style: Style,
    /// `light`, `dark` or `system`.
    pub theme: &'static str,
}

/// A document with this in its body, and this in its head besides.
pub(crate) fn document_with(
    head: Head,
    more: impl FnOnce() -> AnyView,
    body: impl FnOnce() -> AnyView,
) -> String {
    let owner = Owner::new();
    let html = owner.with(|| {
        let Head { title, style, theme } = head;
        let style = match style {
            Style::Linked(path) => view! {
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="stylesheet" href=path/>
            }
            .into_any(),
            Style::Within(rules) => view! { <style inner_html=rules></style> }.into_any(),
        };
        view! {
            <html lang="en" data-theme=theme>
                <head>
                    <meta charset="utf-8"/>
                    <meta name="viewport" content="width=device-width, initial-scale=1"/>
                    <meta name="color-scheme" content="light dark"/>
                    <meta name="generator" content="Runmark"/>
                    // Each is seen with a credential or a secret address.
                    <meta name="robots" content="noindex"/>
                    {style}
                    <title>{format!("{title} · Runmark")}</title>
                    {more()}
                </head>
                <body>{body()}</body>
            </html>
        }
        .to_html()
    });
    format!("<!DOCTYPE html>{html}")
}

/// A document with this in its body.
pub(crate) fn document(head: Head, body: impl FnOnce() -> AnyView) -> String {
    document_with(head, || ().into_any(), body)
}
