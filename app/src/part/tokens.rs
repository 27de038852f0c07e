use crate::{
    api::{create_token, delete_token, fetch, list_tokens},
    part::{
        answered::Answered,
        choice::Choice,
        copy::CopyButton,
        icon::Icon,
        time::{Ago, Clock},
    },
};
use leptos::{ev, prelude::*};
use model::{
    ExperimentId,
    account::{Limits, NewToken, Scope, Token},
};
use std::num::NonZeroU16;

/// How a scope is called on pages.
fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "Read",
        Scope::Write => "Read and log",
        Scope::Admin => "Everything you may",
    }
}

const LIVES: [(Option<NonZeroU16>, &str); 4] = [
    (None, "No end"),
    (NonZeroU16::new(30), "30 days"),
    (NonZeroU16::new(90), "90 days"),
    (NonZeroU16::new(365), "1 year"),
];

/// The numbers in what somebody typed, or what isn't one. Nothing typed means no limit.
fn experiments_in(typed: &str) -> Result<Option<Vec<ExperimentId>>, String> {
    let words = typed.split([',', ' ']).filter(|word| !word.is_empty());
    let read = |word: &str| {
        word.parse().map_err(|_| format!("\u{201c}{word}\u{201d} is not the number of an experiment."))
    };
    let ids: Vec<ExperimentId> = words.map(read).collect::<Result<_, _>>()?;
    Ok(Some(ids).filter(|ids| !ids.is_empty()))
}

/// The person's own tokens: a form for a new one, and a table.
#[component]
pub fn Tokens() -> AnyView {
    let (version, set_version) = signal(0);
    let tokens = fetch(move || version.get(), |_| list_tokens());
    let changed = move || set_version.update(|version| *version += 1);
    view! {
        <section class="card" aria-labelledby="tokens-title">
            <h2 id="tokens-title">"API tokens"</h2>
            <p class="muted">"A token lets a program act as you. It can't sign in here or change your password."</p>
            <NewTokenForm made=Callback::new(move |()| changed())/>
            <Answered answer=tokens bars=2 show={move |tokens: Vec<Token>| {
                if tokens.is_empty() {
                    return view! { <p class="none-yet">"You have no tokens."</p> }.into_any();
                }
                let row = move |token: Token| view! { <TokenRow token changed=Callback::new(move |()| changed())/> };
                view! {
                    <div class="table-scroll">
                        <table class="grid" aria-label="API tokens">
                            <thead>
                                <tr>
                                    <th scope="col">"Name"</th>
                                    <th scope="col">"May"</th>
                                    <th scope="col">"Expires"</th>
                                    <th scope="col">"Created"</th>
                                    <th scope="col">"Last used"</th>
                                    <th scope="col"><span class="visually-hidden">"Revoke"</span></th>
                                </tr>
                            </thead>
                            <tbody>{tokens.into_iter().map(row).collect_view()}</tbody>
                        </table>
                    </div>
                }.into_any()
            }}/>
        </section>
    }
    .into_any()
}

#[component]
fn NewTokenForm(made: Callback<()>) -> AnyView {
    let (name, experiments) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let (scope, days) = (RwSignal::new(Scope::Write), RwSignal::new(None));
    let mistake = RwSignal::new(None::<String>);
    let create = Action::new(move |new: &NewToken| {
        let new = new.clone();
        async move {
            let secret = create_token(new).await;
            made.run(());
            secret
        }
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let wanted = name.get_untracked().trim().to_owned();
        if wanted.is_empty() {
            return;
        }
        match experiments_in(&experiments.get_untracked()) {
            Err(wrong) => mistake.set(Some(wrong)),
            Ok(only) => {
                mistake.set(None);
                let limits = Limits { scope: scope.get_untracked(), experiments: only };
                create.dispatch(NewToken { name: wanted, limits, days: days.get_untracked() });
                name.set(String::new());
            }
        }
    };
    let secret = create.value();
    view! {
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
            <Choice label="May" options=Scope::ALL.map(|scope| (scope, scope_name(scope))).to_vec() chosen=scope/>
            <label class="field">
                <span>"In experiments"</span>
                <input
                    type="text"
                    name="experiments"
                    autocomplete="off"
                    placeholder="all, or numbers: 3, 7"
                    prop:value=experiments
                    on:input=move |event| experiments.set(event_target_value(&event))
                />
            </label>
            <Choice label="Expires" options=LIVES.to_vec() chosen=days/>
            <button type="submit" class="button primary" disabled=move || create.pending().get() || name.read().trim().is_empty()>
                "Create token"
            </button>
        </form>
        <div aria-live="polite">
            {move || mistake.get().map(|mistake| view! { <p class="banner danger">{Icon::Alert.draw()} {mistake}</p> })}
            {move || secret.get().map(|secret| match secret {
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
    let limits = token.limits.clone();
    let only = limits.experiments.map(|ids| {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let noun = if ids.len() == 1 { "experiment" } else { "experiments" };
        view! { <span class="muted">" in "{noun}" "{ids.join(", ")}</span> }
    });
    view! {
        <tr>
            <th scope="row">{token.name.clone()}</th>
            <td>{scope_name(limits.scope)}{only}</td>
            <td class="time">
                {move || match token.expires {
                    None => view! { <span class="faint">"never"</span> }.into_any(),
                    Some(at) if at <= Clock::read() => view! { <span class="chip bad">"Expired"</span> }.into_any(),
                    Some(at) => view! { <Ago at/> }.into_any(),
                }}
            </td>
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn experiments_are_read_from_numbers() {
        let check = |typed, expected: Result<Option<Vec<i64>>, &str>| {
            let read = experiments_in(typed).map(|ids| ids.map(|ids| ids.iter().map(|id| id.0).collect()));
            assert_eq!(read, expected.map_err(str::to_owned), "{typed:?}");
        };
        check("", Ok(None));
        check(" , ", Ok(None));
        check("3", Ok(Some(vec![3])));
        check("3, 7,12 4", Ok(Some(vec![3, 7, 12, 4])));
        check("3, vision", Err("\u{201c}vision\u{201d} is not the number of an experiment."));
    }
}
