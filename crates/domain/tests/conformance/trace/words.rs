//! What can stand in a filter of traces.

use super::*;
use model::{
    filter::{TraceField, TraceKeys, TraceWords},
    page::trace::TraceWordsQuery,
};

on_both_databases! {
    keys_and_values_of_traces_are_found,
    names_of_all_kinds_have_their_place,
    of_a_run_only_its_traces_are_looked_at,
    only_the_newest_traces_are_looked_at,
    words_are_for_those_who_may_read,
}

fn of(words: TraceWords, text: &str) -> TraceWordsQuery {
    TraceWordsQuery { experiment: DEFAULT, run: None, words, text: text.to_owned() }
}

fn tagged(key: &str) -> TraceWords {
    TraceWords::Values(TraceField::Tag(key.to_owned()))
}

fn of_team(number: u128, team: &str) -> NewTrace {
    NewTrace { tags: vec![tag("team", team)], ..new_trace(number, 1000 + number as i64) }
}

async fn keys_and_values_of_traces_are_found(world: &World) {
    let acting = world.local();
    let first = NewTrace {
        tags: vec![
            tag("mlflow.traceName", "chat"),
            tag("team", "search"),
            tag("a b", "it's \"it\""),
            tag("note", &"x".repeat(101)),
        ],
        metadata: vec![tag("mlflow.trace.user", "ada")],
        assessments: vec![
            feedback("good", "true"),
            feedback("tone", "\"kind\""),
            NewAssessment { kind: AssessmentKind::Expectation, ..feedback("answer", "\"42\"") },
        ],
        ..new_trace(1, 1000)
    };
    acting.start_trace(first).await.unwrap();
    let second = NewTrace { tags: vec![tag("team", "vision"), tag("Steam", "1")], ..new_trace(2, 2000) };
    acting.start_trace(second).await.unwrap();
    let known = vec![text("mlflow.spanType", "LLM"), text("model", "small"), text("x y", "z")];
    let think = Span { attributes: known, ..span(1, None, "think") };
    log(&acting, 1, vec![think, span(2, Some(1), "look up")]).await;
    acting.link_prompts_to_trace(id(1), &[("greeting".to_owned(), "3".to_owned())]).await.unwrap();
    let other = acting.experiment("other").await;
    acting.start_trace(NewTrace { experiment: other, ..of_team(3, "elsewhere") }).await.unwrap();

    let check = async |words: TraceWords, text: &str, expected: &[&str]| {
        let asked = of(words, text);
        let found = acting.find_trace_words(&asked).await.unwrap();
        assert_eq!(found, expected, "{asked:?}");
    };
    // Those first that begin with it.
    check(TraceWords::Keys(TraceKeys::Tag), "TEA", &["team", "Steam"]).await;
    check(TraceWords::Keys(TraceKeys::Tag), "a b", &["a b"]).await;
    check(TraceWords::Keys(TraceKeys::Tag), "%", &[]).await;
    check(TraceWords::Keys(TraceKeys::Metadata), "user", &["mlflow.trace.user"]).await;
    check(TraceWords::Keys(TraceKeys::Feedback), "", &["good", "tone"]).await;
    check(TraceWords::Keys(TraceKeys::Expectation), "", &["answer"]).await;
    check(TraceWords::Keys(TraceKeys::SpanAttribute), "attributes.MO", &["attributes.model"]).await;
    check(TraceWords::Keys(TraceKeys::SpanAttribute), "x y", &["attributes.x y"]).await;
    check(TraceWords::Names, "tea", &["tags.team", "tags.Steam"]).await;
    check(TraceWords::Names, "a b", &["tags.`a b`"]).await;
    check(TraceWords::Names, "good", &["feedback.good"]).await;
    check(TraceWords::Names, "answer", &["expectation.answer"]).await;
    check(tagged("team"), "", &["search", "vision"]).await;
    check(tagged("team"), "VI", &["vision"]).await;
    // What no filter can say, and what is too long to choose from a list.
    check(tagged("a b"), "", &[]).await;
    check(tagged("note"), "", &[]).await;
    let check = async |field: TraceField, expected: &[&str]| {
        check(TraceWords::Values(field), "", expected).await;
    };
    check(TraceField::Name, &["chat"]).await;
    check(TraceField::Metadata("mlflow.trace.user".to_owned()), &["ada"]).await;
    check(TraceField::Feedback("good".to_owned()), &["true"]).await;
    check(TraceField::Feedback("tone".to_owned()), &["kind"]).await;
    check(TraceField::Expectation("answer".to_owned()), &["42"]).await;
    check(TraceField::SpanName, &["look up", "think"]).await;
    check(TraceField::SpanType, &["LLM", "UNKNOWN"]).await;
    check(TraceField::Prompt, &["greeting/3"]).await;
}

async fn names_of_all_kinds_have_their_place(world: &World) {
    let acting = world.local();
    let many = (0..60).map(|number| tag(&format!("a{number:02}"), "1"));
    let tags = many.chain([tag("my_accuracy", "1")]).collect();
    let first = NewTrace {
        tags,
        metadata: vec![tag("data", "1")],
        assessments: vec![feedback("accuracy", "true")],
        ..new_trace(1, 1000)
    };
    acting.start_trace(first).await.unwrap();
    let found = acting.find_trace_words(&of(TraceWords::Names, "a")).await.unwrap();
    assert_eq!(found.len(), 37);
    assert_eq!((found[0].as_str(), found[35].as_str()), ("tags.a00", "feedback.accuracy"));
    assert_eq!(found[36], "metadata.data", "it begins with something else");
    let found = acting.find_trace_words(&of(TraceWords::Names, "accu")).await.unwrap();
    assert_eq!(found, ["feedback.accuracy", "tags.my_accuracy"]);
}

async fn of_a_run_only_its_traces_are_looked_at(world: &World) {
    let acting = world.local();
    let run = acting.run_in(DEFAULT).await;
    for (number, team) in [(1, "search"), (2, "vision")] {
        acting.start_trace(of_team(number, team)).await.unwrap();
    }
    let other = acting.experiment("other").await;
    acting.start_trace(NewTrace { experiment: other, ..of_team(3, "sound") }).await.unwrap();
    acting.link_traces_to_run(run, &[id(1), id(3)]).await.unwrap();
    let asked = TraceWordsQuery { run: Some(run), ..of(tagged("team"), "") };
    assert_eq!(acting.find_trace_words(&asked).await.unwrap(), ["search", "sound"]);
    let nobodys = TraceWordsQuery { run: Some(no_run()), ..asked };
    check_code(acting.find_trace_words(&nobodys).await, Code::ResourceDoesNotExist);
}

async fn only_the_newest_traces_are_looked_at(world: &World) {
    let acting = world.local();
    acting.start_trace(NewTrace { request_time: 1, ..of_team(1, "old") }).await.unwrap();
    world
        .execute(if world.is_postgres() {
            "INSERT INTO traces (id, experiment_id, request_time, state, artifact_uri, is_told, span_count, span_bytes)
             SELECT gen_random_uuid(), 0, i + 10, 'OK', '', TRUE, 0, 0 FROM generate_series(1, 999) i"
        } else {
            "INSERT INTO traces (id, experiment_id, request_time, state, artifact_uri, is_told, span_count, span_bytes)
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999)
             SELECT randomblob(16), 0, i + 10, 'OK', '', TRUE, 0, 0 FROM n"
        })
        .await;
    let asked = of(tagged("team"), "");
    assert_eq!(acting.find_trace_words(&asked).await.unwrap(), ["old"]);
    acting.start_trace(of_team(2, "new")).await.unwrap();
    assert_eq!(acting.find_trace_words(&asked).await.unwrap(), ["new"]);
}

async fn words_are_for_those_who_may_read(world: &World) {
    let alice = world.user("alice").await;
    let (vision, secret) = (alice.experiment("vision").await, alice.experiment("secret").await);
    let run = alice.run_in(vision).await;
    alice.start_trace(NewTrace { experiment: vision, ..of_team(1, "seen") }).await.unwrap();
    alice.start_trace(NewTrace { experiment: secret, ..of_team(2, "hidden") }).await.unwrap();
    alice.link_traces_to_run(run, &[id(1), id(2)]).await.unwrap();
    let stranger = world.user("stranger").await.on(&world.closed().await);
    let here = TraceWordsQuery { experiment: vision, ..of(tagged("team"), "") };
    let of_run = TraceWordsQuery { run: Some(run), ..here.clone() };
    check_code(stranger.find_trace_words(&here).await, Code::ResourceDoesNotExist);
    check_code(stranger.find_trace_words(&of_run).await, Code::ResourceDoesNotExist);
    alice.grant_experiment(vision, "stranger", Permission::Read).await.unwrap();
    assert_eq!(stranger.find_trace_words(&here).await.unwrap(), ["seen"]);
    assert_eq!(stranger.find_trace_words(&of_run).await.unwrap(), ["seen"]);
    assert_eq!(alice.find_trace_words(&of_run).await.unwrap(), ["hidden", "seen"]);
}
