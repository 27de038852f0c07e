//! Traces: what a model or an agent did for one request.
//!
//! Owns: their table ([`table`]), and what the page of one is made of: its steps along time ([`waterfall`]), a step in full
//! ([`step`]), what was thought of it ([`thoughts`]).
//! Must never: be part of what browsers load first; hold a step that isn't shown.
//! Start reading at [`table::Traces`] and [`waterfall`].

pub mod step;
pub mod table;
pub mod thoughts;
pub mod waterfall;

use crate::part::{number::count, time::duration};
use leptos::prelude::*;
use model::{
    page::trace::Tokens,
    trace::{
        TraceState,
        span::{NO_TYPE, Nanos},
    },
};

/// How a request went, as a dot and a word.
pub fn state_badge(state: TraceState) -> AnyView {
    let (class, word) = match state {
        TraceState::Ok => ("status finished", "OK"),
        TraceState::Error => ("status failed", "Error"),
        TraceState::InProgress => ("status running", "In progress"),
        TraceState::Unspecified => ("status", "Unknown"),
    };
    view! {
        <span class=class>
            <span class="status-dot" aria-hidden="true"></span>
            {word}
        </span>
    }
    .into_any()
}

/// How long a step took, or how far from the start something was.
pub fn took(nanos: Nanos) -> String {
    match nanos {
        ..0 => "–".to_owned(),
        0..1_000_000 => format!("{} µs", nanos / 1_000),
        1_000_000..10_000_000 => format!("{:.1} ms", (nanos / 100_000) as f64 / 10.0),
        _ => duration(nanos / 1_000_000),
    }
}

/// Tokens in all.
pub fn token_count(tokens: Option<Tokens>) -> String {
    tokens.map(|tokens| count(tokens.total)).unwrap_or_default()
}

/// The class that carries the colour of a kind of step.
pub fn type_class(span_type: &str) -> &'static str {
    match span_type {
        "LLM" | "CHAT_MODEL" => "step-llm",
        "TOOL" => "step-tool",
        "RETRIEVER" | "EMBEDDING" | "RERANKER" | "MEMORY" => "step-retriever",
        "CHAIN" | "WORKFLOW" | "TASK" => "step-chain",
        "AGENT" => "step-agent",
        "PARSER" | "GUARDRAIL" | "EVALUATOR" => "step-parser",
        _ => "step-other",
    }
}

/// What a kind of step is called.
pub fn type_word(span_type: &str) -> String {
    if span_type == NO_TYPE { "Other".to_owned() } else { span_type.replace('_', " ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_times_are_told_too() {
        let check = |nanos, text: &str| assert_eq!(took(nanos), text);
        check(-1, "–");
        check(0, "0 µs");
        check(999_999, "999 µs");
        check(1_250_000, "1.2 ms");
        check(12_900_000, "12 ms");
        check(2_300_000_000, "2.3 s");
    }

    #[test]
    fn kinds_of_steps_have_words_and_colours() {
        assert_eq!((type_class("LLM"), type_word("CHAT_MODEL").as_str()), ("step-llm", "CHAT MODEL"));
        assert_eq!((type_class("UNKNOWN"), type_word("UNKNOWN").as_str()), ("step-other", "Other"));
    }
}
