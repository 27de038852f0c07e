use crate::{
    api::{SignIn as Act, fetch, provider},
    part::{
        address::{Address, Query},
        icon::{Icon, Mark},
        theme_toggle::ThemeToggle,
    },
};
use leptos::prelude::*;
use leptos_meta::Title;
use model::Code;

const NO_ACCOUNT: &str = "You have no account here that you may use. Ask an admin.";

/// What is wrong, never taken from the address itself: anyone can write a link.
fn message(code: Code) -> &'static str {
    match code {
        Code::Unauthenticated | Code::InvalidParameterValue => "Name or password is wrong.",
        Code::PermissionDenied => NO_ACCOUNT,
        Code::ResourceExhausted => "Too many attempts. Wait ten minutes and try again.",
        Code::TemporarilyUnavailable => "Passwords can't be checked now. Try again in a moment.",
        _ => "Signing in failed. Try again in a moment.",
    }
}

/// Signing in. It is a plain form, so that it works before, and without, any script.
#[component]
pub fn SignIn() -> AnyView {
    let address = Address::here();
    // The server reports a failed form in the address; the action reads it from there.
    let failed = ServerAction::<Act>::new().value();
    let problem = move || match failed.get() {
        Some(Err(fault)) => Some(message(fault.0.code)),
        _ => match address.text("error").as_str() {
            "link" => Some(
                "This link has been used or has expired. Sign in with your password, or ask for a new link.",
            ),
            "provider" => Some("Single sign-on failed. Try again; the server's log has the reason."),
            "account" => Some(NO_ACCOUNT),
            _ => None,
        },
    };
    let provider = fetch(|| (), |()| provider());
    let elsewhere = move |label: String| {
        let address = format!("/sign-in/oidc{}", Query::default().with("next", &address.text("next")));
        view! { <a class="button wide" href=address rel="external">{label}</a> }
    };
    view! {
        <Title text="Sign in"/>
        <div class="sign-in">
            <div class="sign-in-theme"><ThemeToggle/></div>
            <form class="card sign-in-card" method="post" action="/ui/sign_in" aria-labelledby="sign-in-title">
                <div class="sign-in-brand"><Mark/></div>
                <h1 id="sign-in-title">"Sign in to Runmark"</h1>
                {move || problem().map(|problem| view! {
                    <p class="banner danger" role="alert">{Icon::Alert.draw()} {problem}</p>
                })}
                <label class="field">
                    <span>"Name"</span>
                    <input type="text" name="name" autocomplete="username" autocapitalize="off" spellcheck="false" required autofocus/>
                </label>
                <label class="field">
                    <span>"Password"</span>
                    <input type="password" name="password" autocomplete="current-password" required/>
                </label>
                <input type="hidden" name="next" value=move || address.text("next")/>
                <button type="submit" class="button primary wide">"Sign in"</button>
                <Suspense>
                    {move || Suspend::new(async move { provider.await.ok().flatten().map(elsewhere) })}
                </Suspense>
            </form>
        </div>
    }
    .into_any()
}
