//! What was thought of a trace, and a form to say what one thinks.

use crate::{
    api::{Fault, assess_trace, delete_assessment},
    part::{icon::Icon, time::Ago, toast::Toasts},
};
use leptos::{ev, prelude::*, task::spawn_local};
use model::{
    AssessmentId, TraceId,
    page::trace::{NewThought, Says, Thought},
    trace::{
        assessment::{AssessmentKind, SourceType},
        span::SpanId,
    },
};

/// What the card needs to know.
#[derive(Clone, Copy)]
pub struct Card {
    /// Whose.
    pub trace: TraceId,
    /// Whether the caller may say something.
    pub may_edit: bool,
    /// The step that is chosen.
    pub step: Memo<Option<SpanId>>,
    /// Told when something was said, or taken back.
    pub changed: Callback<()>,
    /// Where it is said that this failed.
    pub toasts: Toasts,
}

/// What the form says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Good,
    Bad,
    Expected,
}

const KINDS: [(Kind, &str); 3] = [(Kind::Good, "Good"), (Kind::Bad, "Bad"), (Kind::Expected, "Expected")];

/// The list of what was thought.
pub fn thoughts(card: Card, thoughts: Vec<Thought>) -> AnyView {
    if thoughts.is_empty() {
        return view! { <p class="none-yet">"None yet."</p> }.into_any();
    }
    let entry = move |said: Thought| entry(card, said);
    view! { <ul class="thoughts">{thoughts.into_iter().map(entry).collect_view()}</ul> }.into_any()
}

fn entry(card: Card, said: Thought) -> AnyView {
    let Thought { id, name, kind, value, verdict, error, source_type, source, rationale, at, span, valid } =
        said;
    let kind = match kind {
        AssessmentKind::Feedback => None,
        AssessmentKind::Expectation => Some("expected"),
        AssessmentKind::Issue => Some("issue"),
    };
    let mark = verdict.map(|verdict| {
        let (class, icon) =
            if verdict { ("thought-good", Icon::Check) } else { ("thought-bad", Icon::Close) };
        view! { <span class=class>{icon.draw()}</span> }
    });
    let who = match source_type {
        SourceType::Human | SourceType::Unspecified => source,
        SourceType::LlmJudge => format!("{source} (model)"),
        SourceType::Code => format!("{source} (program)"),
    };
    let label = format!("Delete assessment {name}");
    view! {
        <li class:replaced=!valid>
            <div class="thought-line">
                {mark}
                <strong>{name}</strong>
                {kind.map(|kind| view! { <span class="chip">{kind}</span> })}
                <span class="thought-value">{value}</span>
                {(!valid).then(|| view! { <span class="muted">"replaced"</span> })}
                {card.may_edit.then(|| view! {
                    <button
                        type="button"
                        class="icon-button push"
                        aria-label=label.clone()
                        title=label
                        on:click=move |_| take_back(card, id)
                    >
                        {Icon::Trash.draw()}
                    </button>
                })}
            </div>
            {error.map(|error| view! { <p class="thought-error">{error}</p> })}
            {rationale.map(|rationale| view! { <p class="thought-why">{rationale}</p> })}
            <p class="muted">
                {who} " · " <Ago at/>
                {span.map(|span| view! { " · of step " <code>{span}</code> })}
            </p>
        </li>
    }
    .into_any()
}

fn take_back(card: Card, id: AssessmentId) {
    spawn_local(async move { told(card, delete_assessment(card.trace, id).await) });
}

/// Says why it failed, or has the list made anew.
fn told(card: Card, done: Result<(), Fault>) {
    match done {
        Ok(()) => _ = card.changed.try_run(()),
        Err(fault) => card.toasts.failed(fault.to_string()),
    }
}

/// The form, for those who may say something.
pub fn form(card: Card) -> AnyView {
    let kind = RwSignal::new(Kind::Good);
    let (name, value, why) =
        (RwSignal::new(String::new()), RwSignal::new(String::new()), RwSignal::new(String::new()));
    let of_step = RwSignal::new(false);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let says = match kind.get_untracked() {
            Kind::Good => Says::Good(true),
            Kind::Bad => Says::Good(false),
            Kind::Expected => Says::Expected(value.get_untracked()),
        };
        let thought = NewThought {
            span: card.step.get_untracked().filter(|_| of_step.get_untracked()),
            name: name.get_untracked(),
            says,
            rationale: why.get_untracked(),
        };
        spawn_local(async move {
            let done = assess_trace(card.trace, thought).await;
            if done.is_ok() {
                for text in [name, value, why] {
                    _ = text.try_set(String::new());
                }
            }
            told(card, done);
        });
    };
    let is_expected = Memo::new(move |_| kind.get() == Kind::Expected);
    let radio = move |(of, word): (Kind, &'static str)| {
        view! {
            <label>
                <input
                    type="radio"
                    name="kind"
                    class="visually-hidden"
                    prop:checked=move || kind.get() == of
                    on:change=move |_| kind.set(of)
                />
                <span>{word}</span>
            </label>
        }
    };
    let field = move |label: &'static str, text: RwSignal<String>, hint: &'static str| {
        view! {
            <label>
                <span>{label}</span>
                <input
                    class="input"
                    type="text"
                    autocomplete="off"
                    placeholder=hint
                    required=move || is_expected.get() && label != "Comment"
                    prop:value=text
                    on:input=move |event| text.set(event_target_value(&event))
                />
            </label>
        }
    };
    view! {
        <form class="small-form thought-form" aria-label="Assess this trace" on:submit=submit>
            <fieldset class="segments">
                <legend class="visually-hidden">"What you think"</legend>
                {KINDS.into_iter().map(radio).collect_view()}
            </fieldset>
            {field("Name", name, "good")}
            <Show when=move || is_expected.get()>{field("Expected value", value, "a text, or JSON")}</Show>
            {field("Comment", why, "why")}
            <Show when=move || card.step.read().is_some()>
                <label class="check">
                    <input
                        type="checkbox"
                        prop:checked=move || of_step.get()
                        on:change=move |event| of_step.set(event_target_checked(&event))
                    />
                    <span>"Of the chosen step alone"</span>
                </label>
            </Show>
            <button type="submit" class="button primary">"Add"</button>
        </form>
    }
    .into_any()
}
