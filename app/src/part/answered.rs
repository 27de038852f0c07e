use crate::{
    api::{Answer, Fault},
    part::{
        address::{Address, Query},
        icon::Icon,
    },
};
use leptos::{prelude::*, tachys::reactive_graph::OwnedView};
use leptos_router::components::Redirect;
use model::{Code, Problem};
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// What the server answered: grey bars until it does, the problem if that's the answer. While it is asked again, the
/// last answer stays, faded.
#[component]
pub fn Answered<T, V>(
    /// The answer.
    answer: Answer<T>,
    /// How many grey bars stand for it.
    #[prop(default = 6)]
    bars: usize,
    /// How it is shown.
    show: impl Fn(T) -> V + Send + Sync + 'static,
) -> AnyView
where
    T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let (pending, set_pending) = signal(false);
    let show = Arc::new(show);
    let scope = Owner::current().unwrap_or_default();
    let shown = move || {
        let (show, scope) = (show.clone(), scope.clone());
        Suspend::new(async move {
            let answer = answer.await;
            // What the view made lives until the next view stands in its place, not only until the server is asked
            // again: meanwhile it is still seen, and reacts.
            let life = scope.child();
            let view = life.with(|| match answer {
                Ok(value) => show(value).into_any(),
                Err(fault) => view! { <FaultNote fault/> }.into_any(),
            });
            OwnedView::new_with_owner(view, life)
        })
    };
    let fallback = move || view! { <Waiting bars/> };
    // On the server nothing is asked twice, and another thread would set the signal while the page is written: reading a
    // value at that moment fails there ("already disposed").
    let transition = if is_browser() {
        view! { <Transition set_pending fallback>{shown}</Transition> }.into_any()
    } else {
        view! { <Transition fallback>{shown}</Transition> }.into_any()
    };
    view! {
        <div class="answered" class:pending=pending aria-busy=move || pending.get().to_string()>
            {transition}
        </div>
    }
    .into_any()
}

/// Grey bars where rows will be.
#[component]
pub fn Waiting(
    /// How many.
    bars: usize,
) -> AnyView {
    view! {
        <div class="waiting" role="status">
            <span class="visually-hidden">"Loading"</span>
            {(0..bars).map(|_| view! { <div class="waiting-bar"></div> }).collect_view()}
        </div>
    }
    .into_any()
}

/// Why there is no answer, and what to do. Whoever must sign in first is sent there and comes back.
#[component]
pub fn FaultNote(
    /// The reason.
    fault: Fault,
) -> AnyView {
    if fault.is_unauthenticated() {
        let address = Address::here();
        let here = untrack(|| address.whole());
        let path = format!("/sign-in{}", Query::default().with("next", &here));
        return view! { <Redirect path/> }.into_any();
    }
    view! { <ProblemNote problem=fault.0/> }.into_any()
}

/// A problem in the place of what it kept away.
#[component]
pub fn ProblemNote(
    /// What went wrong.
    problem: Problem,
) -> AnyView {
    let title = match problem.code {
        _ if problem.span.is_some() => "The filter has a mistake",
        Code::ResourceDoesNotExist | Code::EndpointNotFound => "Not found",
        Code::PermissionDenied => "Not allowed",
        Code::InvalidParameterValue | Code::BadRequest => "This can't be shown",
        Code::TemporarilyUnavailable | Code::ResourceExhausted => "Try again in a moment",
        _ => "Something went wrong",
    };
    let hint = match problem.code {
        Code::ResourceDoesNotExist => "It may have been deleted, or you may not have permission to see it.",
        Code::TemporarilyUnavailable => "The server is starting, stopping or out of reach.",
        Code::InternalError => "The server's log has the details.",
        _ => "",
    };
    view! {
        <div class="empty" role="alert">
            <div class="empty-icon danger">{Icon::Alert.draw()}</div>
            <h2>{title}</h2>
            <p>{problem.message}</p>
            <p class="muted">{hint}</p>
        </div>
    }
    .into_any()
}
