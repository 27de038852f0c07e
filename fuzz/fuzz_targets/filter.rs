//! What people write to find and sort things: whatever it is, it is read or refused in words, with a place that can be marked; what
//! was read reads back; and help is given wherever the cursor stands.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::filter::{
    Condition, ExperimentCondition, ExperimentOrder, FilterError, Language, LoggedModelCondition,
    LoggedModelOrder, ModelVersionCondition, ModelVersionOrder, OrderBy, OrderKey, RUN_LANGUAGE,
    RegisteredModelCondition, RegisteredModelOrder, RunCondition, RunField, RunOrder, TRACE_LANGUAGE,
    TraceCondition, TraceOrder, like, parse, parse_order_by, parse_orders, toggle_condition,
};
use std::fmt::Debug;

fuzz_target!(|text: &str| {
    filters::<RunCondition>(text);
    filters::<ExperimentCondition>(text);
    filters::<RegisteredModelCondition>(text);
    filters::<ModelVersionCondition>(text);
    filters::<LoggedModelCondition>(text);
    filters::<TraceCondition>(text);
    orders::<RunOrder>(text);
    orders::<ExperimentOrder>(text);
    orders::<RegisteredModelOrder>(text);
    orders::<ModelVersionOrder>(text);
    orders::<TraceOrder>(text);
    let _ = LoggedModelOrder::from_field_name(text);
    completes(&RUN_LANGUAGE, text);
    completes(&TRACE_LANGUAGE, text);
    toggles(text);
    let (pattern, searched) = text.split_once('\n').unwrap_or((text, text));
    assert!(like("%", searched, true) && (!like(pattern, searched, true) || like(pattern, searched, false)));
});

/// An error says something, and of a place of the text.
fn refused(text: &str, error: &FilterError) {
    assert!(text.get(error.span.clone()).is_some(), "{text:?}: {error:?}");
    assert!(!error.message.is_empty(), "{text:?}: {error:?}");
}

fn filters<C: Condition + Debug + PartialEq>(text: &str) {
    let filter = match parse::<C>(text) {
        Ok(filter) => filter,
        Err(error) => return refused(text, &error),
    };
    let mut end = 0;
    for clause in &filter.clauses {
        assert!(text.get(clause.span.clone()).is_some(), "{text:?}: {clause:?}");
        assert!(end <= clause.span.start, "{text:?}: {clause:?} begins within the one before");
        end = clause.span.end;
    }
    let canonical = filter.to_string();
    match parse::<C>(&canonical) {
        Ok(again) => {
            assert!(again.conditions().eq(filter.conditions()), "{text:?} became {canonical:?}");
            assert_eq!(again.to_string(), canonical, "{text:?}");
        }
        Err(error) => panic!("{text:?} became {canonical:?}: {error:?}"),
    }
}

fn orders<K: OrderKey + Debug>(text: &str) {
    if let Err(error) = parse_orders::<K>(text) {
        assert!(!error.error.message.is_empty(), "{text:?}: {error:?}");
    }
    let order: OrderBy<K> = match parse_order_by(text) {
        Ok(order) => order,
        Err(error) => return refused(text, &error),
    };
    assert!(text.get(order.span.clone()).is_some(), "{text:?}: {order:?}");
    let canonical = order.to_string();
    let again = parse_order_by::<K>(&canonical).map(|again| (again.key, again.descending));
    assert_eq!(again, Ok((order.key, order.descending)), "{text:?} became {canonical:?}");
}

/// At some places of the text, since each costs reading all that stands before it.
fn completes(language: &Language, text: &str) {
    const PLACES: usize = 24;
    let apart = text.len() / PLACES + 1;
    for cursor in (0..=text.len() + 1).step_by(apart) {
        let completion = language.complete(text, cursor);
        assert!(text.get(completion.span.clone()).is_some(), "{text:?} at {cursor}: {completion:?}");
        assert!(completion.span.start <= cursor, "{text:?} at {cursor}: {completion:?}");
        for choice in completion.words().into_iter().chain(["x", "a b", "it's \"it\"", ""]) {
            if let Some((new, at)) = completion.accept(text, choice) {
                assert!(
                    new.is_char_boundary(at),
                    "{text:?} at {cursor} became {new:?} with the cursor at {at}"
                );
            }
        }
    }
}

/// What is put in with a click is there, and is gone after another one.
fn toggles(text: &str) {
    let Some(condition) = RunField::Tag("team".to_owned()).is("churn") else { return };
    let Ok(once) = toggle_condition(text, &condition) else { return };
    let Ok(twice) = toggle_condition(&once, &condition) else {
        panic!("{text:?} became {once:?}, which is no filter");
    };
    let has = |text: &str| {
        parse::<RunCondition>(text).map(|filter| filter.conditions().any(|one| *one == condition))
    };
    assert_eq!(has(&once).map(|has| !has), has(&twice), "{text:?} became {once:?} and {twice:?}");
}
