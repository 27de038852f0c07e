//! A step of a trace in full: what it was given, what it made, what is known of it and what happened meanwhile.

use super::{took, type_class, type_word};
use crate::part::{
    copy::CodeBlock,
    number::{count, counted},
};
use leptos::prelude::*;
use model::{
    page::trace::{ChatMessage, ShownEvent, ShownValue, SpanShown},
    trace::span::{Nanos, SpanStatus},
};

/// With more lines, or more bytes, a value comes folded.
const LINES: usize = 30;
const BYTES: usize = 4_000;
/// With more bytes an attribute comes folded.
const SHORT: usize = 300;

/// A step of a trace that began at `from`.
pub fn step(span: SpanShown, from: Nanos) -> AnyView {
    let after = took(span.start.saturating_sub(from));
    let long =
        span.end.map_or_else(|| "still running".to_owned(), |end| took(end.saturating_sub(span.start)));
    let failed = span.status == SpanStatus::Error;
    let message = Some(span.message).filter(|message| !message.is_empty());
    let attributes = span.attributes;
    let class = type_class(&span.span_type);
    view! {
        <div class="step">
            <h2 class="step-name">{span.name}</h2>
            <p class="step-facts">
                <span class="step-type">
                    <span class=format!("step-dot {class}") aria-hidden="true"></span>
                    {type_word(&span.span_type)}
                </span>
                {failed.then(|| view! { <span class="chip bad">"Error"</span> })}
                <span>{long}</span>
                <span class="muted">{format!("after {after}")}</span>
            </p>
            {message.map(|message| view! { <p class="banner step-message" class:danger=failed>{message}</p> })}
            {span.events.into_iter().map(|happened| event(happened, from)).collect_view()}
            {span.inputs.map(|value| section("Inputs", "inputs", value))}
            {span.outputs.map(|value| section("Outputs", "outputs", value))}
            {(!attributes.is_empty()).then(|| view! {
                <section>
                    <h3>"Attributes"</h3>
                    {pairs("Attributes", attributes)}
                </section>
            })}
            {(!span.links.is_empty()).then(|| view! {
                <section>
                    <h3>"Links"</h3>
                    <ul class="plain">
                        {span.links.into_iter().map(|(trace, span)| view! {
                            <li><code>{format!("{trace} / {span}")}</code></li>
                        }).collect_view()}
                    </ul>
                </section>
            })}
        </div>
    }
    .into_any()
}

fn section(title: &'static str, what: &'static str, value: ShownValue) -> AnyView {
    let ShownValue { text, is_cut, messages } = value;
    let body = if messages.is_empty() {
        block(text, what)
    } else {
        view! {
            <ol class="chat">{messages.into_iter().map(said).collect_view()}</ol>
            <details class="fold">
                <summary>"As it is written"</summary>
                <CodeBlock code=text what/>
            </details>
        }
        .into_any()
    };
    view! {
        <section>
            <h3>{title}</h3>
            {body}
            {is_cut.then(|| view! { <p class="muted">"Only its start is shown."</p> })}
        </section>
    }
    .into_any()
}

/// A text with a button to copy it, folded when it is long.
fn block(text: String, what: &'static str) -> AnyView {
    let lines = text.lines().count();
    if lines <= LINES && text.len() <= BYTES {
        return view! { <CodeBlock code=text what/> }.into_any();
    }
    let size =
        format!("{}, {}", counted(lines as u64, "line"), counted(text.chars().count() as u64, "character"));
    view! {
        <details class="fold">
            <summary>{size}</summary>
            <CodeBlock code=text what/>
        </details>
    }
    .into_any()
}

/// A message of a conversation.
fn said(message: ChatMessage) -> AnyView {
    let ChatMessage { role, text, calls } = message;
    let class = match role.as_str() {
        "user" => "chat-user",
        "assistant" => "chat-assistant",
        "tool" | "function" => "chat-tool",
        _ => "chat-system",
    };
    let call = |(name, arguments): (String, String)| {
        view! { <p class="chat-call">"Calls " <strong>{name}</strong> " " <code>{arguments}</code></p> }
    };
    view! {
        <li class=class>
            <span class="chat-role">{role}</span>
            {(!text.is_empty()).then(|| view! { <p class="chat-text">{text}</p> })}
            {calls.into_iter().map(call).collect_view()}
        </li>
    }
    .into_any()
}

fn pairs(label: &'static str, pairs: Vec<(String, ShownValue)>) -> AnyView {
    let row = |(key, value): (String, ShownValue)| {
        let ShownValue { text, is_cut, .. } = value;
        let text = if is_cut { format!("{text}…") } else { text };
        let shown = if text.len() <= SHORT {
            text.into_any()
        } else {
            let size = format!("{} characters", count(text.chars().count() as u64));
            view! { <details><summary>{size}</summary>{text}</details> }.into_any()
        };
        view! {
            <tr>
                <th scope="row" title=key.clone()>{key.clone()}</th>
                <td class="value">{shown}</td>
            </tr>
        }
    };
    view! {
        <table class="grid pairs step-pairs" aria-label=label>
            <tbody>{pairs.into_iter().map(row).collect_view()}</tbody>
        </table>
    }
    .into_any()
}

fn event(happened: ShownEvent, from: Nanos) -> AnyView {
    let ShownEvent { name, time, message, stack, attributes } = happened;
    let after = format!("after {}", took(time.saturating_sub(from)));
    let failed = message.is_some() || stack.is_some();
    view! {
        <section class="step-event" class:failed=failed>
            <h3>{name} " " <span class="muted">{after}</span></h3>
            {message.map(|message| view! { <p class="step-said">{message}</p> })}
            {stack.map(|stack| view! {
                <details class="fold">
                    <summary>"Stack"</summary>
                    <CodeBlock code=stack what="stack"/>
                </details>
            })}
            {(!attributes.is_empty()).then(|| pairs("Attributes of the event", attributes))}
        </section>
    }
    .into_any()
}
