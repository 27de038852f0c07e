//! Two-step sign-in: where a code is asked for, and where somebody sets it up for their account.

use crate::{
    document::{Head, Style, document},
    frame::{Frame, Place},
};
use app::icon::{Icon, Mark};
use leptos::prelude::*;
use qrcodegen::{QrCode, QrCodeEcc};

/// Modules of white around what is scanned (ISO/IEC 18004, 5.3.8).
const QUIET: i32 = 4;

/// What the page of one's own account shows.
pub enum Step {
    /// It is off.
    Off {
        /// Whether they came by a link a short while ago, so that no password is asked for.
        by_link: bool,
    },
    /// It is being set up.
    Begun {
        /// What the app needs, as people type it.
        secret: String,
        /// As it is scanned.
        address: String,
    },
    /// It is on since a moment.
    Done {
        /// Codes for who has lost their app.
        recovery_codes: Vec<String>,
    },
    /// It is on.
    On {
        /// How many recovery codes are left.
        recovery_codes: u64,
    },
}

fn field(label: &'static str) -> AnyView {
    view! {
        <label class="field">
            <span>{label}</span>
            <input
                type="text"
                name="code"
                required
                maxlength="64"
                autocomplete="one-time-code"
                autocapitalize="off"
                spellcheck="false"
                autofocus
            />
        </label>
    }
    .into_any()
}

/// Asks for a code, to sign in.
pub fn ask(style: String, theme: &'static str, problem: Option<String>) -> String {
    let head = Head { title: "Sign in".to_owned(), style: Style::Linked(style), theme };
    document(head, move || {
        view! {
            <main id="main">
                <div class="sign-in">
                    <form class="card sign-in-card" method="post" action=app::CODE_PATH aria-labelledby="title">
                        <div class="sign-in-brand"><Mark/></div>
                        <h1 id="title">"One more step"</h1>
                        {problem.map(|problem| view! {
                            <p class="banner danger" role="alert">{Icon::Alert.draw()} {problem}</p>
                        })}
                        {field("Code that your app shows, or a recovery code")}
                        <button type="submit" class="button primary wide">"Sign in"</button>
                        <a class="button wide" href="/sign-in">"Back"</a>
                    </form>
                </div>
            </main>
        }
        .into_any()
    })
}

/// The page of one's own account.
pub fn page(frame: Frame, step: Step) -> String {
    frame.render(Place::SecondFactor, move || {
        let content = match step {
            Step::Off { by_link } => off(by_link),
            Step::Begun { secret, address } => begun(secret, &address),
            Step::Done { recovery_codes } => done(recovery_codes),
            Step::On { recovery_codes } => on(recovery_codes),
        };
        view! { <section class="card steps" aria-label="Two-step sign-in">{content}</section> }.into_any()
    })
}

fn off(by_link: bool) -> AnyView {
    view! {
        <p>
            "Beside your password, signing in asks for a code that an app on your phone shows, so that a password alone is of no use to whoever finds it out."
        </p>
        <p class="muted">
            "Programs can't show codes: they no longer get in with your password, but with a token. Single sign-on doesn't ask for a code of its own."
        </p>
        <form method="post" action=Place::SecondFactor.path() class="field-line">
            {(!by_link).then(|| view! {
                <label class="field">
                    <span>"Your password"</span>
                    <input type="password" name="password" autocomplete="current-password" required/>
                </label>
            })}
            <button type="submit" class="button primary" name="action" value="begin">"Set it up"</button>
        </form>
    }
    .into_any()
}

fn begun(secret: String, address: &str) -> AnyView {
    let picture = QrCode::encode_text(address, QrCodeEcc::Medium).ok().map(|code| {
        view! { <figure class="qr" role="img" aria-label="What your app scans" inner_html=drawn(&code)></figure> }
    });
    view! {
        <h2>"1. Let your app scan this"</h2>
        {picture}
        <p class="muted">"Or type it there: "<code class="secret-text">{secret}</code></p>
        <h2>"2. Type the code that it shows"</h2>
        <form method="post" action=Place::SecondFactor.path() class="field-line">
            {field("Code")}
            <button type="submit" class="button primary" name="action" value="confirm">"Switch it on"</button>
            <a class="button" href=Place::SecondFactor.path()>"Cancel"</a>
        </form>
    }
    .into_any()
}

/// Drawn into the page itself: nobody else is asked for the picture of a secret.
fn drawn(code: &QrCode) -> String {
    let side = code.size() + 2 * QUIET;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            path.push_str(&format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET));
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/><path d=\"{path}\" fill=\"#000\"/></svg>"
    )
}

fn done(recovery_codes: Vec<String>) -> AnyView {
    let codes = recovery_codes.into_iter().map(|code| view! { <li><code>{code}</code></li> });
    view! {
        <p class="banner good" role="status">{Icon::Check.draw()} "Two-step sign-in is on."</p>
        <h2>"Recovery codes"</h2>
        <p>"Each signs you in once if you lose your app. Keep them where you keep your passwords: they aren't shown again."</p>
        <ul class="recovery-codes">{codes.collect_view()}</ul>
        <p><a class="button" href="/account">"I have kept them"</a></p>
    }
    .into_any()
}

fn on(recovery_codes: u64) -> AnyView {
    view! {
        <p>"Two-step sign-in is on. "{app::counted(recovery_codes, "recovery code")}" left."</p>
        <form method="post" action=Place::SecondFactor.path() class="field-line">
            {field("Code, or a recovery code")}
            <button type="submit" class="button danger" name="action" value="remove">"Switch it off"</button>
        </form>
        <p class="muted">"To get new recovery codes, or to use another app, switch it off and set it up again."</p>
    }
    .into_any()
}
