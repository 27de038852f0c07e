use crate::{
    api::{came_by_link, fetch, set_password},
    part::{
        answered::{Answered, FaultNote},
        copy::CodeBlock,
        devices::Devices,
        empty::{FirstRun, origin},
        icon::Icon,
        tokens::Tokens,
        top_bar::Session,
    },
};
use leptos::{ev, prelude::*};
use leptos_meta::Title;
use model::{Code, Problem, page::Viewer};

/// The person's own account: tokens, password, how to connect.
#[component]
pub fn AccountView() -> AnyView {
    let Session(viewer) = expect_context();
    view! {
        <Title text="Account"/>
        <div class="page narrow">
            <Answered answer=viewer bars=4 show={|viewer: Option<Viewer>| match viewer {
                None => {
                    let problem = Problem::new(Code::Unauthenticated, "Sign in first.");
                    view! { <FaultNote fault=crate::api::Fault(problem)/> }.into_any()
                }
                Some(viewer) if viewer.no_auth => view! { <Open/> }.into_any(),
                Some(viewer) => view! { <Personal viewer/> }.into_any(),
            }}/>
        </div>
    }
    .into_any()
}

/// The page of a server without accounts.
#[component]
fn Open() -> AnyView {
    view! {
        <header class="page-head">
            <div class="page-title"><h1>"Connect"</h1></div>
        </header>
        <p class="banner">
            {Icon::Alert.draw()}
            "This server runs without accounts: whoever reaches it may read and change everything."
        </p>
        <section class="card" aria-labelledby="connect-title">
            <h2 id="connect-title">"Log from your code"</h2>
            <FirstRun/>
        </section>
    }
    .into_any()
}

#[component]
fn Personal(viewer: Viewer) -> AnyView {
    let by_link = fetch(|| (), |()| came_by_link());
    let title = viewer.name.clone();
    let is_admin = viewer.is_admin;
    let code = format!("export MLFLOW_TRACKING_URI={}\nexport MLFLOW_TRACKING_TOKEN=<your token>", origin());
    view! {
        <header class="page-head">
            <div class="page-title">
                <h1>{title}</h1>
                {is_admin.then(|| view! { <span class="chip">"Administrator"</span> })}
            </div>
        </header>
        <Tokens/>
        <Devices/>
        <section class="card" aria-labelledby="connect-title">
            <h2 id="connect-title">"Log from your code"</h2>
            <p class="muted">"The MLflow client reads these from its environment."</p>
            <CodeBlock code what="shell lines"/>
        </section>
        <Answered answer=by_link bars=3 show={move |by_link: bool| {
            view! { <Password name=viewer.name.clone() by_link/> }.into_any()
        }}/>
    }
    .into_any()
}

#[component]
fn Password(name: String, by_link: bool) -> AnyView {
    let old = RwSignal::new(String::new());
    let new = RwSignal::new(String::new());
    let change = Action::new(move |(old, new): &(String, String)| {
        set_password(Some(old.clone()).filter(|_| !by_link), new.clone())
    });
    let done = change.value();
    Effect::new(move || {
        if let Some(Ok(())) = done.get() {
            old.set(String::new());
            new.set(String::new());
        }
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        change.dispatch((old.get_untracked(), new.get_untracked()));
    };
    let outcome = move || {
        done.get().map(|done| match done {
            Ok(()) => view! { <p class="banner good">{Icon::Check.draw()} "Your password is changed."</p> }
                .into_any(),
            Err(fault) => {
                view! { <p class="banner danger">{Icon::Alert.draw()} {fault.0.message}</p> }.into_any()
            }
        })
    };
    view! {
        <section class="card" aria-labelledby="password-title">
            <h2 id="password-title">"Password"</h2>
            <p class="muted">
                {if by_link {
                    "You signed in by a link: within an hour you can choose a password without the old one. "
                } else {
                    ""
                }}
                "A new password signs you out everywhere else."
            </p>
            <form class="field-stack" on:submit=submit>
                // Lets password managers know whose password this is.
                <input type="text" name="name" autocomplete="username" value=name hidden readonly/>
                {(!by_link).then(|| view! {
                    <label class="field">
                        <span>"Current password"</span>
                        <input
                            type="password"
                            autocomplete="current-password"
                            required
                            prop:value=old
                            on:input=move |event| old.set(event_target_value(&event))
                        />
                    </label>
                })}
                <label class="field">
                    <span>"New password"</span>
                    <input
                        type="password"
                        autocomplete="new-password"
                        required
                        prop:value=new
                        on:input=move |event| new.set(event_target_value(&event))
                    />
                </label>
                <div aria-live="polite">{outcome}</div>
                <button type="submit" class="button" disabled=change.pending()>"Change password"</button>
            </form>
            <p class="card-foot">
                <a class="button quiet" href="/account/second-factor" rel="external">"Two-step sign-in"</a>
            </p>
        </section>
    }
    .into_any()
}
