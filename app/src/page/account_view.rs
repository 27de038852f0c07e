use crate::{
    api::{create_token, delete_token, fetch, list_tokens, set_password},
    part::{
        answered::{Answered, FaultNote},
        copy::{CodeBlock, CopyButton},
        empty::{FirstRun, origin},
        icon::Icon,
        time::Ago,
        top_bar::Session,
    },
};
use leptos::{ev, prelude::*};
use leptos_meta::Title;
use model::{Code, Problem, account::Token, page::Viewer};

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
    let code = format!("export MLFLOW_TRACKING_URI={}\nexport MLFLOW_TRACKING_TOKEN=<your token>", origin());
    view! {
        <header class="page-head">
            <div class="page-title">
                <h1>{viewer.name.clone()}</h1>
                {viewer.is_admin.then(|| view! { <span class="chip">"Administrator"</span> })}
            </div>
        </header>
        <Tokens/>
        <section class="card" aria-labelledby="connect-title">
            <h2 id="connect-title">"Log from your code"</h2>
            <p class="muted">"The MLflow client reads these from its environment."</p>
            <CodeBlock code what="shell lines"/>
        </section>
        <Password name=viewer.name/>
    }
    .into_any()
}

#[component]
fn Tokens() -> AnyView {
    let (version, set_version) = signal(0);
    let tokens = fetch(move || version.get(), |_| list_tokens());
    let changed = move || set_version.update(|version| *version += 1);
    let name = RwSignal::new(String::new());
    let create = Action::new(move |name: &String| {
        let name = name.clone();
        async move {
            let secret = create_token(name).await;
            changed();
            secret
        }
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let wanted = name.get_untracked().trim().to_owned();
        if !wanted.is_empty() {
            create.dispatch(wanted);
            name.set(String::new());
        }
    };
    let made = create.value();
    view! {
        <section class="card" aria-labelledby="tokens-title">
            <h2 id="tokens-title">"API tokens"</h2>
            <p class="muted">"A token lets a program log as you. It can't sign in here or change your password."</p>
            <form class="field-line" on:submit=submit>
                <label class="field">
                    <span>"Name of the new token"</span>
                    <input
                        type="text"
                        name="name"
                        autocomplete="off"
                        placeholder="laptop, ci, cluster …"
                        prop:value=name
                        on:input=move |event| name.set(event_target_value(&event))
                    />
                </label>
                <button type="submit" class="button primary" disabled=move || create.pending().get() || name.read().trim().is_empty()>
                    "Create token"
                </button>
            </form>
            <div aria-live="polite">
                {move || made.get().map(|made| match made {
                    Ok(secret) => view! {
                        <div class="banner good secret">
                            <p>"Copy the token now. It is not shown again."</p>
                            <div class="secret-line">
                                <code>{secret.clone()}</code>
                                <CopyButton text=Signal::stored(secret) what="token"/>
                            </div>
                        </div>
                    }.into_any(),
                    Err(fault) => view! { <p class="banner danger">{Icon::Alert.draw()} {fault.0.message}</p> }.into_any(),
                })}
            </div>
            <Answered answer=tokens bars=2 show={move |tokens: Vec<Token>| {
                if tokens.is_empty() {
                    return view! { <p class="none-yet">"You have no tokens."</p> }.into_any();
                }
                let row = move |token: Token| view! { <TokenRow token changed=Callback::new(move |()| changed())/> };
                view! {
                    <table class="grid" aria-label="API tokens">
                        <thead>
                            <tr>
                                <th scope="col">"Name"</th>
                                <th scope="col">"Created"</th>
                                <th scope="col">"Last used"</th>
                                <th scope="col"><span class="visually-hidden">"Revoke"</span></th>
                            </tr>
                        </thead>
                        <tbody>{tokens.into_iter().map(row).collect_view()}</tbody>
                    </table>
                }.into_any()
            }}/>
        </section>
    }
    .into_any()
}

#[component]
fn TokenRow(token: Token, changed: Callback<()>) -> AnyView {
    let (asking, set_asking) = signal(false);
    let id = token.id;
    let revoke = Action::new(move |(): &()| async move {
        let done = delete_token(id).await;
        changed.run(());
        done
    });
    let label = format!("Revoke {}", token.name);
    let buttons = move || {
        if asking.get() {
            view! {
                <button type="button" class="button danger" disabled=revoke.pending() on:click=move |_| { revoke.dispatch(()); }>
                    "Revoke for good"
                </button>
                <button type="button" class="button quiet" on:click=move |_| set_asking.set(false)>"Keep"</button>
            }
            .into_any()
        } else {
            let label = label.clone();
            view! {
                <button type="button" class="button quiet" aria-label=label on:click=move |_| set_asking.set(true)>
                    "Revoke"
                </button>
            }
            .into_any()
        }
    };
    view! {
        <tr>
            <th scope="row">{token.name.clone()}</th>
            <td class="time"><Ago at=token.created/></td>
            <td class="time">
                {match token.last_used {
                    Some(at) => view! { <Ago at/> }.into_any(),
                    None => view! { <span class="faint">"never"</span> }.into_any(),
                }}
            </td>
            <td class="row-actions">{buttons}</td>
        </tr>
    }
    .into_any()
}

#[component]
fn Password(name: String) -> AnyView {
    let old = RwSignal::new(String::new());
    let new = RwSignal::new(String::new());
    let change = Action::new(move |(old, new): &(String, String)| set_password(old.clone(), new.clone()));
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
            <form class="field-stack" on:submit=submit>
                // Lets password managers know whose password this is.
                <input type="text" name="name" autocomplete="username" value=name hidden readonly/>
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
        </section>
    }
    .into_any()
}
